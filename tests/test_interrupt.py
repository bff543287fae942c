"""SIGINT and SIGTERM while the command is loading: one line and status 3, at whatever import they come."""

import os
import signal
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.source import ROOT

TOLD = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job behind `&` has it switched off, and so have the tests
wanted, number = os.environ["SIGNAL_AT"].split()

def told(event, arguments):
    if event == "import" and arguments[0] == wanted:
        os.kill(os.getpid(), int(number))

sys.addaudithook(told)
"""
"""A `sitecustomize`: the signal comes when a module is asked for."""
RUN = ("run", "as_published", "--draws", "1024", "--out", "run", "--quiet")
MOMENTS = {
    "the command itself": ("ctsim.cli", ("--help",)),
    "what reads options": ("click", ("--help",)),
    "numpy": ("numpy", RUN),
    "results": ("xarray", RUN),
}


def stopped(folder: Path, module: str, number: int, *arguments: str) -> tuple[int, str, str]:
    """Status, output and messages of `python -m ctsim` that gets a signal when it imports a module."""
    place = folder / f"{module}-{number}"
    place.mkdir()
    (place / "sitecustomize.py").write_text(TOLD, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{place}:{ROOT}", "SIGNAL_AT": f"{module} {int(number)}"}
    command = [sys.executable, "-m", "ctsim", *arguments]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], tuple[int, str, str]]:
    """All processes, a few at a time."""
    folder = tmp_path_factory.mktemp("stopped")
    cases = [(name, signal.SIGINT) for name in MOMENTS] + [("what reads options", signal.SIGTERM)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda one: stopped(folder, MOMENTS[one[0]][0], one[1], *MOMENTS[one[0]][1]), cases)
        return dict(zip(cases, found, strict=True))


@pytest.mark.parametrize(("moment", "number"), [*((one, signal.SIGINT) for one in MOMENTS), ("what reads options", 15)])
def test_a_command_that_is_stopped_while_it_is_loading(
    outcomes: dict[tuple[str, int], tuple[int, str, str]], moment: str, number: int
) -> None:
    status, out, said = outcomes[moment, number]
    [line] = filter(None, said.splitlines())  # click puts an empty one behind the ^C of a terminal
    assert (status, out) == (3, "")
    assert line.startswith("stopped; nothing was ") and line.endswith("run the same command again")


def test_the_command_begins_where_this_is_caught() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"ctsim": "ctsim.__main__:main"}


def test_a_signal_that_the_shell_has_switched_off_stays_off(tmp_path: Path) -> None:
    """As for a job behind `&` in a script."""
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from ctsim.__main__ import main; main()"
    (tmp_path / "sitecustomize.py").write_text(TOLD, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "SIGNAL_AT": f"click {int(signal.SIGINT)}"}
    done = subprocess.run([sys.executable, "-c", code, "--version"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("ctsim")
