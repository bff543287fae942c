"""Runs over a real Slurm of two nodes, started here: an array with a task that is stopped, and dask workers in jobs."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client

from ctsim import checkpoint
from ctsim.engine import open_run, simulate
from ctsim.shards import merge
from tests import slurm
from tests.runs import study
from tests.slurm import Slurm
from tests.source import ROOT
from tests.test_cluster import after, listening, processes

pytestmark = pytest.mark.skipif(bool(slurm.missing()), reason=slurm.missing() or "there is Slurm")

DRAWS = 2**17
LONG = 2**28
"""A quarter of a minute of two cores, so that what is stopped on the way is on its way."""

long = pytest.mark.skipif(not os.environ.get("CTSIM_FAULTS"), reason="takes minutes: `make slurm`")


@pytest.fixture(scope="module")
def running() -> Iterator[Slurm]:
    with slurm.slurm() as found:
        yield found


@pytest.fixture(scope="module")
def environment(running: Slurm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where Slurm's commands find it, and where jobs find this ctsim."""
    here = tmp_path_factory.mktemp("bin")
    command = f'#!/bin/sh\nexec {sys.executable} -c "from ctsim.cli import main; main()" "$@"\n'
    (here / "ctsim").write_text(command, encoding="utf-8")
    (here / "ctsim").chmod(0o755)
    return {**running.environment, "PATH": f"{here}:{running.environment['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A scenario, and the digest of a long run of it in threads of this process."""
    scenario = study(tmp_path_factory.mktemp("long"), ("hydrogen_supply_chain",))
    return scenario, simulate(scenario, draws=LONG).result_digest


def ask(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def wait_for(condition: Callable[[], object], seconds: float = 180.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened for long"
        time.sleep(0.1)


def sealed(out: Path) -> bool:
    card = out / "run.json"
    return card.is_file() and bool(json.loads(card.read_text(encoding="utf-8"))["sealed"])


def begun(out: Path) -> bool:
    return checkpoint.tiles_done(out / "chunks") > 0 or sealed(out)


def over_an_array(environment: dict[str, str], scenario: Path, draws: int, folder: Path) -> str:
    """The digest of three tasks of the script of docs/cluster.md."""
    script = [str(ROOT / "docs/slurm-array.sh"), str(scenario), str(draws), str(folder), "3"]
    ask(environment, "sbatch", "--wait", "--mem=0", "--array=1-3", f"--output={folder}/out-%a", *script)
    return merge([folder / f"part-{number}" for number in (3, 1, 2)], out=folder / "whole").result_digest


def test_an_array_of_three(environment: dict[str, str], tmp_path: Path) -> None:
    scenario = study(tmp_path / "s", ("hydrogen_supply_chain",))
    found = over_an_array(environment, scenario, DRAWS, tmp_path)
    assert found == simulate(scenario, draws=DRAWS).result_digest


@long
def test_slurm_a_killed_worker_seven_shards_and_a_plain_run_have_one_digest(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """The same request in four places."""
    scenario, draws = study(tmp_path / "s"), 2 * DRAWS
    found = {"plain": simulate(scenario, draws=draws).result_digest}
    (tmp_path / "slurm").mkdir()
    found["Slurm"] = over_an_array(environment, scenario, draws, tmp_path / "slurm")
    with processes(workers=2) as (here, started):
        with Client(here, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        kill = after(1, started[1].kill)
        found["TCP"] = simulate(scenario, draws=draws, chunk=4096, cluster=here, progress=kill).result_digest
        assert [one.poll() for one in started] == [None, -9, None]
    parts = [tmp_path / str(number) for number in range(1, 8)]
    for part in parts:
        simulate(scenario, draws=draws, out=part, shard=f"{part.name}/7")
    order = random.Random(7).sample(parts, 7)
    assert order != parts
    found["shards"] = merge(order, out=tmp_path / "whole").result_digest
    assert len(found) == 4 and set(found.values()) == {found["plain"]}, found


@long
def test_an_array_with_a_task_out_of_time_and_one_cancelled(
    environment: dict[str, str], whole: tuple[Path, str], tmp_path: Path
) -> None:
    """The script of docs/cluster.md. Task 1 gets the signal that comes before its time is over; task 2 is cancelled."""
    scenario, digest = whole
    script = [str(ROOT / "docs/slurm-array.sh"), str(scenario), str(LONG), str(tmp_path), "3"]
    job = ask(environment, "sbatch", "--parsable", "--mem=0", "--array=1-3", f"--output={tmp_path}/out-%a", *script)
    parts = [tmp_path / f"part-{number}" for number in (1, 2, 3)]
    wait_for(lambda: begun(parts[0]))
    ask(environment, "scancel", "--signal=TERM", f"{job}_1")
    wait_for(lambda: begun(parts[1]))
    ask(environment, "scancel", f"{job}_2")
    wait_for(lambda: sealed(parts[2]) and sealed(parts[0]))
    wait_for(lambda: not ask(environment, "squeue", "-h"))
    if not sealed(parts[1]):
        ask(environment, "sbatch", "--wait", "--mem=0", "--array=2", f"--output={tmp_path}/again-%a", *script)
    assert merge(parts, out=tmp_path / "whole").result_digest == digest
    assert "stopped at" in (tmp_path / "out-1").read_text(encoding="utf-8")
    assert "continue with `ctsim resume" in (tmp_path / "part-1.log").read_text(encoding="utf-8")


@long
def test_an_array_while_the_controller_is_killed(
    running: Slurm, environment: dict[str, str], whole: tuple[Path, str], tmp_path: Path
) -> None:
    """Tasks that run go on without it, and the one that waits is started by the next one."""
    scenario, digest = whole
    script = [str(ROOT / "docs/slurm-array.sh"), str(scenario), str(LONG), str(tmp_path), "3"]
    options = ["--mem=0", "--cpus-per-task=2", "--array=1-3", f"--output={tmp_path}/out-%a"]
    ask(environment, "sbatch", *options, *script)
    parts = [tmp_path / f"part-{number}" for number in (1, 2, 3)]
    wait_for(lambda: len(ask(environment, "squeue", "-h", "-t", "RUNNING", "-o", "%A").split()) == 2)
    started = time.time()
    wait_for(lambda: begun(parts[0]))
    running.restart_controller(started)
    assert not any(sealed(part) for part in parts), "the controller was not needed any more"
    wait_for(lambda: all(sealed(part) for part in parts))
    assert merge(parts, out=tmp_path / "whole").result_digest == digest


@pytest.mark.skipif(os.environ.get("CTSIM_FAULTS") != "long", reason="takes five minutes: `make faults-long`")
def test_a_task_that_runs_into_its_limit(environment: dict[str, str], tmp_path: Path) -> None:
    """A limit of one minute, the least that Slurm knows; the task is told, stops, and is put into the queue again."""
    scenario = study(tmp_path / "s", ("hydrogen_supply_chain",))
    draws = 2**29
    script = [str(ROOT / "docs/slurm-array.sh"), str(scenario), str(draws), str(tmp_path), "1"]
    options = ["--time=1", "--signal=TERM@20", "--mem=0", "--array=1", f"--output={tmp_path}/out-%a"]
    ask(environment, "sbatch", *options, *script)
    part = tmp_path / "part-1"
    wait_for(lambda: (tmp_path / "part-1.log").is_file() and "continue with" in (tmp_path / "part-1.log").read_text())
    done = checkpoint.tiles_done(part / "chunks")
    assert 0 < done < draws // 1024
    wait_for(lambda: checkpoint.tiles_done(part / "chunks") > done, 240.0)
    ask(environment, "scancel", "--user=root")


def over_slurm(environment: dict[str, str], folder: Path, *command: str) -> subprocess.Popen[bytes]:
    """ctsim with workers in jobs of Slurm, in a folder; what it says is in `said`."""
    (folder / "slurm.toml").write_text(
        f'[slurm]\ninterface = "lo"\nmaximum = 2\nminimum = 2\nmemory = "1GB"\nshared_folder = "{folder}"\n'
        'directives = ["--mem=0"]\n',
        encoding="utf-8",
    )
    words = ["ctsim", *command, "--chunk", "65536", "--cluster", "slurm.toml"]
    with (folder / "said").open("ab") as said:
        return subprocess.Popen(words, env=environment, cwd=folder, stdout=said, stderr=said)


@long
def test_dask_workers_in_jobs_one_of_them_cancelled(
    environment: dict[str, str], whole: tuple[Path, str], tmp_path: Path
) -> None:
    scenario, digest = whole
    driver = over_slurm(environment, tmp_path, "run", str(scenario), "--draws", str(LONG), "--out", "run")
    try:
        wait_for(lambda: checkpoint.tiles_done(tmp_path / "run/chunks") > 0 or driver.poll() is not None)
        assert listening(psutil.Process(driver.pid)) <= {"127.0.0.1"}
        ask(environment, "scancel", ask(environment, "squeue", "-h", "-o", "%A").split()[0])
        assert driver.wait(180) == 0, (tmp_path / "said").read_text(encoding="utf-8")
    finally:
        driver.kill()
    assert open_run(tmp_path / "run").result_digest == digest
    assert "Traceback" not in (tmp_path / "said").read_text(encoding="utf-8")
    wait_for(lambda: not ask(environment, "squeue", "-h"))


@long
def test_a_driver_that_is_killed_goes_on(environment: dict[str, str], whole: tuple[Path, str], tmp_path: Path) -> None:
    """Its workers end with it; the run is resumed with others."""
    scenario, digest = whole
    driver = over_slurm(environment, tmp_path, "run", str(scenario), "--draws", str(LONG), "--out", "run")
    wait_for(lambda: begun(tmp_path / "run") or driver.poll() is not None)
    driver.kill()
    assert driver.wait() == -9 and not sealed(tmp_path / "run")
    wait_for(lambda: not ask(environment, "squeue", "-h"))
    again = over_slurm(environment, tmp_path, "resume", "run")
    try:
        assert again.wait(180) == 0, (tmp_path / "said").read_text(encoding="utf-8")
    finally:
        again.kill()
    assert open_run(tmp_path / "run").result_digest == digest
