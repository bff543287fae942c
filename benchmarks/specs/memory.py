"""Peak memory of a whole process that runs a scenario."""

import json
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.measure import environment
from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import REPORT, W, rounded


def _run(point: Point) -> Case:
    command = [sys.executable, "-m", "benchmarks.child", point["scenario"], str(point["draws"]), "2", "mc"]

    def run() -> Mapping[str, float]:
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
        found: dict[str, float] = json.loads(done.stdout)
        return found

    return Case(run, rounded(point["draws"]))


def _points(*draws: int) -> tuple[Point, ...]:
    return tuple({"scenario": s, "draws": n} for s in (REPORT, W) for n in draws)


register(
    Spec(
        name="memory",
        title="Peak memory of the whole process, 2 threads",
        build=_run,
        sweep=(*_points(10**6, 10**7, 10**8), {"scenario": W, "draws": 10**9}),
        quick=_points(10**6),
        tiny={"scenario": W, "draws": 2048},
        full=({"scenario": REPORT, "draws": 10**9},),
        repeats=1,
        warm=False,
    )
)
