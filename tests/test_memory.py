"""Memory before a run: sizes that are understood, forecasts beside what processes really take, and refusals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ctsim import catalog, job, memory
from ctsim.catalog import Scenario
from ctsim.engine import resume, simulate
from ctsim.errors import InputError
from ctsim.kernel import Kernel
from ctsim.memory import Forecast, available, check, parsed
from tests.runs import study
from tests.source import ROOT
from tests.unfinished import COMMAND, at_once, broken_off

__all__ = ["at_once"]

MEASURED = """
import json, sys
from ctsim import engine, memory
options = json.loads(sys.argv[1])
card = engine.simulate(options.pop("scenario"), **options).card
print(card["memory_forecast"], memory.most_resident())
"""
ROOM, ROOM_SELDOM = 1.5, 2.0
"""A forecast is at most so many times the truth. Threads that keep draws, or that are more than the cores, are seldom
all at their most at once: on a busy machine of 2 cores 1.65 and 1.92 were seen."""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """One small programme."""
    return catalog.load(study(tmp_path_factory.mktemp("one"), ("hydrogen_supply_chain",)))


@pytest.mark.parametrize(
    ("said", "size"),
    [("400MB", 400_000_000), ("2GiB", 2**31), ("1.5 GB", 1_500_000_000), ("512kib", 2**19), ("7", 7), (10**9, 10**9),
     (" 3 b ", 3), (None, None)],
)  # fmt: skip
def test_sizes(said: str | int | None, size: int | None) -> None:
    assert parsed(said) == size


@pytest.mark.parametrize("said", ["", "MB", "-1MB", "0", "1XB", "1e9", "9" * 30, "1MBB", "１GB", 2**61])
def test_what_is_no_size(said: str | int) -> None:
    with pytest.raises(InputError, match="--memory"):
        parsed(said)


# ---- forecasts and the truth


def measured(folder: Path, options: dict[str, object], **environment: str) -> tuple[int, int]:
    """The forecast of a run in a process of its own, and the most that the process had resident, in bytes."""
    folder.mkdir()
    asked = json.dumps({"scenario": "framework_2023_11", **options})
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, asked], cwd=folder, capture_output=True, text=True, timeout=600,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said, real = (int(number) for number in done.stdout.split())
    print(f"forecast {said / 1e6:.0f} MB, real {real / 1e6:.0f} MB: {said / real:.2f}")
    return said, real


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
def test_a_forecast_holds_where_machine_code_is_made_first(tmp_path: Path) -> None:
    options = {"draws": 1024, "programmes": ["offshore_wind"]}
    said, real = measured(tmp_path / "run", options, CTSIM_CACHE_DIR=str(tmp_path / "cache"))
    assert real <= said <= ROOM * real


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
@pytest.mark.parametrize(
    "options",
    [
        {"draws": 1024, "programmes": ["offshore_wind"]},
        {"draws": 2**19, "workers": 1},
        {"draws": 2**19, "workers": 8, "chunk": 2**14},
        {"draws": 2**19, "workers": 2, "keep_draws": "cells", "out": "cells"},
        {"draws": 2**18, "workers": 2, "keep_draws": "all", "out": "all"},
    ],
    ids=lambda options: "-".join(str(one) for one in options.values()),
)
def test_a_forecast_is_what_a_process_takes_and_little_more(tmp_path: Path, options: dict[str, object]) -> None:
    """At least the most that a fresh process has resident, at most 1.5 times that, 2 where threads wait for each other.

    A process before it makes the machine code that is not there yet: that takes more, and has a test of its own.
    """
    measured(tmp_path / "first", options)
    said, real = measured(tmp_path / "second", options)
    seldom = "keep_draws" in options or options.get("workers") == 8
    assert real <= said <= (ROOM_SELDOM if seldom else ROOM) * real


# ---- refusals


def test_words_of_a_refusal() -> None:
    found = Forecast(base=200 * 10**6, fixed=100 * 10**6, worker=50 * 10**6)
    assert check(found, 4, 500 * 10**6) == 500 * 10**6
    with pytest.raises(InputError) as caught:
        check(found, 8, 500 * 10**6)
    assert (
        str(caught.value)
        == "--memory 500 MB: the run would take 700 MB; --workers 4 would fit (--chunk changes nothing)"
    )
    with pytest.raises(InputError) as caught:
        check(found, 8, 349 * 10**6)
    said = "no --workers and no --chunk would fit: one thread takes 350 MB; choose fewer programmes or metrics"
    assert str(caught.value) == f"--memory 349 MB: the run would take 700 MB; {said}"


def test_without_a_limit_it_is_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Forecast(base=200 * 10**6, fixed=100 * 10**6, worker=50 * 10**6)
    monkeypatch.setattr(memory, "available", lambda: 260 * 10**6)
    assert check(found, 3, None) == 450 * 10**6
    with pytest.raises(InputError, match=r"take 500 MB of memory, 460 MB are there; --workers 3 would fit"):
        check(found, 4, None)
    assert check(found, 4, 10**9) == 500 * 10**6  # who names a limit is believed
    monkeypatch.setattr(memory, "available", lambda: None)
    assert check(found, 1000, None) > 0


def test_nothing_is_drawn_and_nothing_is_left(one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "plan", lambda *_: pytest.fail("drawn"))
    for options in ({"out": tmp_path / "run"}, {}):
        with pytest.raises(InputError, match="no --workers and no --chunk would fit"):
            simulate(one, draws=1024, memory="50MB", **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_advice_that_is_followed_is_accepted(one: Scenario) -> None:
    with pytest.raises(InputError) as caught:
        simulate(one, draws=1024, workers=1000, memory=memory.resident() + 400 * 10**6)
    workers = int(str(caught.value).split("--workers ")[1].split()[0])
    assert 1 <= workers < 1000
    assert simulate(one, draws=1024, workers=max(1, workers - 10), memory=memory.resident() + 420 * 10**6).card


def test_a_resumed_run_is_forecast_too(one: Scenario, tmp_path: Path) -> None:
    broken_off(one, tmp_path / "run")
    with pytest.raises(InputError, match="--memory 50 MB"):
        resume(tmp_path / "run", memory="50MB")
    assert resume(tmp_path / "run", memory="8GB").card["memory_forecast"] < 8e9


def test_kept_draws_and_threads_take_more(one: Scenario) -> None:
    request = {"scenario_digest": one.digest, "seed": 0, "method": "mc", "draws": 2**20, "years": ["2030", "2050"],
               "shard": "", "thresholds": [], "programmes": ["hydrogen_supply_chain"], "keep_as": "float64",
               "metrics": ["co2_reduction", "economic_effect", "other"], "precision": None}  # fmt: skip
    sizes = []
    for kind in ("", "cells", "all"):
        asked = job.Job(one, {**request, "keep_draws": kind}, 2**18, workers=4)
        sizes.append(job.forecast(asked, asked.kernel(), None)["memory_forecast"])
    assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    asked = job.Job(one, {**request, "keep_draws": "all"}, 2**18, workers=64)
    assert job.forecast(asked, asked.kernel(), None)["memory_forecast"] > sizes[2]


def test_the_command_says_it_in_one_line(one: Scenario, tmp_path: Path) -> None:
    run = [*COMMAND, "run", one.file, "--draws", "1024", "--memory", "90MB", "--out", "o"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith("--memory 90 MB: the run would take ")


# ---- the machine


def test_the_peak_is_that_of_the_process_itself(tmp_path: Path) -> None:
    """Not that of the process it came from, with which `ru_maxrss` begins."""
    (tmp_path / "status").write_text("Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t    12 kB\n", encoding="ascii")
    assert memory.most_resident(tmp_path / "status") == 12 * 1024
    assert memory.most_resident(tmp_path / "none") >= memory.resident() // 2


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="ascii")


MEMINFO = "MemTotal:  2000 kB\nMemFree: 10 kB\nMemAvailable:  1000 kB\n"


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, None),
        ({"proc/meminfo": MEMINFO}, 1_024_000),
        ({"proc/meminfo": MEMINFO, "groups/memory.max": "max", "groups/memory.current": "5"}, 1_024_000),
        ({"proc/meminfo": MEMINFO, "groups/memory.max": "900", "groups/memory.current": "500"}, 400),
        ({"proc/self/cgroup": "0::/a/b\n", "groups/a/memory.max": "70", "groups/a/memory.current": "80"}, 0),
        ({"proc/self/cgroup": "4:memory:/a\n", "groups/memory/a/memory.limit_in_bytes": "900",
          "groups/memory/a/memory.usage_in_bytes": "1"}, 899),
        ({"proc/meminfo": "MemTotal: x\n", "proc/self/cgroup": "nothing\n"}, None),
    ],
)  # fmt: skip
def test_what_the_machine_can_give(tmp_path: Path, files: dict[str, str], free: int | None) -> None:
    write(tmp_path, files)
    assert available(tmp_path / "proc", tmp_path / "groups") == free
