"""Start of the whole command, from the shell's point of view."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import environment
from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import REPORT

COMMAND = Path(sys.executable).with_name("ctsim")


def no_command() -> str:
    """Why the command cannot be started, or nothing."""
    return "" if COMMAND.is_file() else "no command ctsim beside this Python"


def _start(point: Point) -> Case:
    """`help`, or a run; with an empty cache folder where the cache is "cold"."""

    def run() -> None:
        with TemporaryDirectory() as folder:
            options = ["--help"]
            if point["command"] == "run":
                options = ["run", REPORT, "--draws", str(point["draws"]), "--quiet", "--out", f"{folder}/run"]
            cold = {"CTSIM_CACHE_DIR": f"{folder}/cache"} if point["cache"] == "cold" else {}
            subprocess.run([COMMAND, *options], env=environment(**cold), capture_output=True, check=True)

    return Case(run)


register(
    Spec(
        name="start",
        title="The whole command as a process",
        build=_start,
        sweep=(
            {"command": "help", "cache": "warm"},
            {"command": "run", "draws": 10**6, "cache": "warm"},
            {"command": "run", "draws": 10**6, "cache": "cold"},
        ),
        quick=({"command": "help", "cache": "warm"}, {"command": "run", "draws": 10**6, "cache": "warm"}),
        tiny={"command": "help", "cache": "warm"},
        unit="starts",
        missing=no_command,
    )
)
