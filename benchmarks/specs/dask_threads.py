"""dask's threaded scheduler beside a plain pool of threads, on the same chunks."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import reduce
from typing import TypeVar
from unittest.mock import patch

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import REPORT, W, simulation

State = TypeVar("State")


def pooled(
    chunks: Sequence[tuple[int, int]],
    compute: Callable[[int, int], State],
    combine: Callable[[State, State], State],
    workers: int,
    done: Callable[[int], None],
) -> State:
    """What `ctsim.cluster.reduce_chunks` does, without dask."""

    def one(chunk: tuple[int, int]) -> State:
        state = compute(*chunk)
        done(chunk[1])
        return state

    with ThreadPoolExecutor(workers) as pool:
        return reduce(combine, pool.map(one, chunks))


@contextmanager
def scheduler(name: str) -> Iterator[None]:
    """ctsim's own way with "dask", a plain pool with "pool"."""
    if name == "dask":
        yield
        return
    with patch("ctsim.job.run_chunks", pooled):
        yield


def _run(point: Point) -> Case:
    case = simulation(point["scenario"], point["draws"], 2)

    def run() -> None:
        with scheduler(point["threads"]):
            case.run()

    return Case(run, case.work, case.facts)


register(
    Spec(
        name="dask_threads",
        title="dask threads beside a plain thread pool, 2 threads",
        build=_run,
        sweep=tuple({"scenario": REPORT, "draws": 10**7, "threads": name} for name in ("dask", "pool")),
        quick=tuple({"scenario": REPORT, "draws": 10**6, "threads": name} for name in ("dask", "pool")),
        tiny={"scenario": W, "draws": 2048, "threads": "pool"},
        repeats=7,
    )
)
