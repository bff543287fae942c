"""dask's threaded scheduler beside a plain pool of threads, on the same chunks."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from unittest.mock import patch

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import REPORT, W, simulation


def pooled(chunks: Iterable[tuple[int, int]], compute: Callable[[int, int], None], workers: int, stop: Event) -> None:
    """What `ctsim.cluster.run_chunks` does, without dask, and deaf to `stop`."""
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda chunk: compute(*chunk), chunks))


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
        sweep=tuple({"scenario": REPORT, "draws": 2 * 10**6, "threads": name} for name in ("dask", "pool")),
        quick=tuple({"scenario": REPORT, "draws": 10**6, "threads": name} for name in ("dask", "pool")),
        tiny={"scenario": W, "draws": 2048, "threads": "pool"},
        repeats=5,
    )
)
