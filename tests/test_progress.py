"""What is said while a run goes: rate and time left, cells still unsure, the lines of a log, nothing when quiet."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctsim.catalog import Scenario
from ctsim.cli import main
from ctsim.engine import simulate
from ctsim.errors import InputError, Stopped
from ctsim.progress import BETWEEN, Log, Meter, clock_words, logged, plain, progress
from tests.unfinished import COMMAND, DRAWS, broken_off, one

__all__ = ["one"]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("seconds", "words"), [(0, "0:00"), (5.2, "0:06"), (65, "1:05"), (7200, "2:00:00")])
def test_clock(seconds: float, words: str) -> None:
    assert clock_words(seconds) == words


def test_rate_and_time_left() -> None:
    clock = Clock()
    meter = Meter(clock)
    assert meter.words(0, 4000) == "0 of 4,000 draws"
    clock.now += 2
    assert meter.words(1000, 4000) == "1,000 of 4,000 draws, 500 draws/s, 0:06 left"


def test_what_was_done_before_does_not_count_as_speed() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.measure(3000, 4000)
    clock.now += 2
    assert meter.measure(3500, 4000) == (250.0, 2.0)


def test_a_line_every_tenth_and_every_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    say = plain(clock)
    for done in range(0, 1001, 10):
        clock.now += 1
        say(done, 1000)
    assert len(capsys.readouterr().err.splitlines()) == 10
    clock.now += BETWEEN
    say(1000, 10**6, "two cells still unsure")
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_quiet_without_a_log_is_silent_and_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=True) as report:
        assert report is None
    with progress(quiet=True, log=Log()) as report:
        assert report is None
    assert capsys.readouterr() == ("", "")


def events(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_log_tells_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with pytest.raises(Stopped), logged(str(path), "ctsim run") as log:
        log.report(0, 10, "unsure\n")
        log.report(5, 10)
        log.report(6, 10)
        raise Stopped("stopped at 6")
    with pytest.raises(KeyboardInterrupt), logged(str(path), "again"):
        raise KeyboardInterrupt
    found = events(path)
    assert [one["event"] for one in found] == ["begin", "message", "progress", "end", "begin", "end"]
    assert (found[3]["error"], found[3]["exit_status"]) == ("stopped at 6", 3)
    assert found[5]["error"] == "KeyboardInterrupt"
    with pytest.raises(InputError, match=r"--log .*: cannot be written: Is a directory"), logged(str(tmp_path), ""):
        pass


def test_the_command_logs_a_run(one: Scenario, tmp_path: Path) -> None:
    run = [*COMMAND, "run", str(one.file), "--draws", "1e6", "--precision", "2%", "--out", "run", "--log", "log"]
    done = subprocess.run([*run, "--quiet"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    found = events(tmp_path / "log")
    assert found[0]["event"] == "begin" and "--precision" in str(found[0]["command"])
    looks = [str(one["message"]) for one in found if one["event"] == "message"]
    assert looks and all("sure" in words for words in looks)
    going = [one for one in found if one["event"] == "progress"]
    assert going and {"draws", "total", "draws_per_second", "seconds_left", "time"} < going[0].keys()
    card = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert (found[-1]["event"], found[-1]["result_digest"]) == ("end", card["result_digest"])


def test_a_resumed_run_goes_on_in_the_same_log(one: Scenario, tmp_path: Path) -> None:
    broken_off(one, tmp_path / "run")
    resume = [*COMMAND, "resume", "run", "--log", "log"]
    done = subprocess.run(resume, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert f"{DRAWS:,} of {DRAWS:,} draws, " in done.stderr
    assert subprocess.run(resume, cwd=tmp_path, capture_output=True, timeout=120).returncode == 0
    assert [one["event"] for one in events(tmp_path / "log")].count("end") == 2


COMMANDS = {
    "compare": ("compare", "as_published", "framework_2023_11", "--draws", "1024", "--programmes", "offshore_wind"),
    "stress": ("compare", "framework_2023_11", "--stress", "--draws", "1024", "--programmes", "offshore_wind"),
    "sensitivity": ("sensitivity", "framework_2023_11", "--draws", "1024", "--programmes", "offshore_wind"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_analyses_are_logged_from_beginning_to_end(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, [*COMMANDS[name], "--quiet", "--log", "log", "--out", "result"])
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    found = events(tmp_path / "log")
    assert found[0]["event"] == "begin"
    drawn = any(one["event"] == "progress" for one in found)
    assert drawn == (name != "stress")  # nothing moves with this programme: nothing is drawn
    assert (found[-1]["event"], found[-1]["directory"]) == ("end", "result")


def test_reproducing_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = simulate("as_published", draws=1024, programmes=["gtex"], out="run")
    assert CliRunner().invoke(main, ["reproduce", "run", "--quiet", "--log", "log"]).exit_code == 0
    end = events(tmp_path / "log")[-1]
    assert (end["event"], end["result_digest"], end["identical"]) == ("end", made.result_digest, True)


CELLS = ("clean_energy_vehicles.co2_reduction.2030", "insulated_windows.co2_reduction.2030")


def test_a_total_says_how_far_it_is_unless_quiet() -> None:
    command = ["total", "framework_2023_11", *CELLS, "--draws", "1024"]
    loud, quiet = (CliRunner().invoke(main, [*command, *more]) for more in ((), ("--quiet",)))
    assert (quiet.exit_code, quiet.stderr, quiet.stdout) == (0, "", loud.stdout)
    assert " draws" in loud.stderr


def test_every_command_that_draws_can_be_quiet() -> None:
    drawing = {name for name, one in main.commands.items() if {"draws", "workers"} & {p.name for p in one.params}}
    assert {"run", "resume", "total", "yen", "policy", "compare", "sensitivity", "reproduce"} <= drawing
    assert [name for name in drawing if "--quiet" not in {o for p in main.commands[name].params for o in p.opts}] == []
