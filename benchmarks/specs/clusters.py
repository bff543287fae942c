"""Two worker processes beside two threads, and what dask takes for a task that does nothing."""

import atexit
from importlib.util import find_spec
from typing import Any

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import REPORT, W, simulation


def missing() -> str:
    """Why there can be no workers here."""
    return "" if find_spec("distributed") else "dask's cluster is not installed: pip install 'ctsim[cluster]'"


def cluster(workers: int) -> Any:
    """Processes of one thread on loopback, until this process ends; dask is imported where it is used only."""
    from distributed import LocalCluster

    started = LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0",
        worker_dashboard_address=None, silence_logs=50, memory_limit=0,
    )  # fmt: skip
    atexit.register(started.close)
    return started


def _run(point: Point) -> Case:
    if point["place"] == "threads":
        return simulation(point["scenario"], point["draws"], point["workers"])
    return simulation(point["scenario"], point["draws"], 1, cluster=cluster(point["workers"]).scheduler_address)


register(
    Spec(
        name="processes",
        title="Worker processes over TCP beside threads, workers started before",
        build=_run,
        sweep=tuple(
            {"scenario": REPORT, "draws": draws, "workers": 2, "place": place}
            for draws in (4 * 10**6, 16 * 10**6)
            for place in ("threads", "TCP")
        ),
        quick=tuple({"scenario": REPORT, "draws": 10**6, "workers": 2, "place": place} for place in ("threads", "TCP")),
        tiny={"scenario": W, "draws": 2048, "workers": 1, "place": "threads"},
        missing=missing,
        repeats=3,
        seconds=120.0,
    )
)


def _tasks(point: Point) -> Case:
    from distributed import Client

    client = Client(cluster(2), set_as_default=False)
    atexit.register(client.close)

    def run() -> None:
        client.gather([client.submit(float, number, pure=False) for number in range(point["tasks"])])

    return Case(run, point["tasks"])


register(
    Spec(
        name="tasks",
        title="Tasks that do nothing, on two worker processes: what dask takes for each",
        build=_tasks,
        sweep=({"tasks": 2_000},),
        quick=({"tasks": 1_000},),
        tiny={"tasks": 20},
        unit="tasks",
        missing=missing,
        repeats=5,
    )
)
