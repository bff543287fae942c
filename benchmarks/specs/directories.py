"""What run directories cost: shards merged, and a run that is stopped and resumed beside one that is not."""

import atexit
import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import REPORT, scenario
from ctsim.engine import resume, simulate
from ctsim.errors import Stopped
from ctsim.shards import merge


def _merge(point: Point) -> Case:
    """Shards of few draws: a state has the same arrays however many draws it counts."""
    folder, number = TemporaryDirectory(prefix="ctsim-bench-"), point["shards"]
    atexit.register(folder.cleanup)
    parts = [Path(folder.name, str(one)) for one in range(1, number + 1)]
    for one in parts:
        simulate(scenario(point["scenario"]), draws=point["draws"], out=one, shard=f"{one.name}/{number}")
    places = (Path(folder.name, f"whole{one}") for one in count())
    size = sum((one / "state.npz").stat().st_size for one in parts) / number

    def run() -> None:
        merge(parts, out=next(places))

    return Case(run, number, {"state_bytes": round(size)})


def stopped_at(draws: int) -> Callable[..., None]:
    """A progress that sends this process SIGTERM, as a scheduler of jobs does, once so many draws are done."""
    left = [draws]

    def progress(done: int, total: int, words: str = "") -> None:
        if left and done >= left[0]:
            left.clear()
            os.kill(os.getpid(), signal.SIGTERM)

    return progress


def _resume(point: Point) -> Case:
    loaded, draws = scenario(point["scenario"]), point["draws"]
    options = {"draws": draws, "chunk": point["chunk"]}

    def run() -> None:
        with TemporaryDirectory() as folder:
            out = Path(folder, "run")
            if point["run"] == "undisturbed":
                simulate(loaded, out=out, **options)
                return
            try:
                simulate(loaded, out=out, progress=stopped_at(draws // 2), **options)
            except Stopped:
                resume(out)
                return
            raise RuntimeError("the run was over before it was stopped")

    return Case(run, draws)


def _pair(draws: int) -> tuple[Point, ...]:
    return tuple(
        {"scenario": REPORT, "draws": draws, "chunk": 2**16, "run": run} for run in ("undisturbed", "stopped, resumed")
    )


register(
    Spec(
        name="merge",
        title="Shards merged, all of them checked before",
        build=_merge,
        sweep=({"scenario": REPORT, "draws": 2**17, "shards": 100},),
        quick=({"scenario": REPORT, "draws": 2**17, "shards": 10},),
        tiny={"scenario": "as_published", "draws": 2048, "shards": 2},
        full=({"scenario": REPORT, "draws": 2**24, "shards": 100},),
        repeats=3,
        unit="shards",
    )
)
register(
    Spec(
        name="resume",
        title="A run that is stopped by SIGTERM half-way and resumed",
        build=_resume,
        sweep=_pair(2**21),
        quick=_pair(2**20),
        tiny={"scenario": "as_published", "draws": 2**17, "chunk": 1024, "run": "stopped, resumed"},
    )
)
