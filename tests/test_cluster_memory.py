"""Workers that have too little memory: one is restarted and the run goes on; where all have, one line says so."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Client

from ctsim import dask_cluster
from ctsim.catalog import Scenario
from ctsim.engine import simulate
from ctsim.errors import ClusterError
from tests.source import ROOT
from tests.test_cluster import after, free_port
from tests.unfinished import DRAWS, at_once, one, whole

__all__ = ["at_once", "one", "whole"]

long = pytest.mark.skipif(not os.environ.get("CTSIM_FAULTS"), reason="takes a minute: `make faults`")


@contextmanager
def nannies(limit: str, workers: int = 1) -> Iterator[str]:
    """A scheduler and workers that dask watches: it pauses them at 80 % of their memory and restarts them at 95 %."""
    here = f"tcp://127.0.0.1:{free_port()}"
    worker = [here, "--nthreads=1", "--no-dashboard", "--host=tcp://127.0.0.1", f"--memory-limit={limit}"]
    commands = [("scheduler", [f"--host={here}", "--no-dashboard"]), *[("worker", worker)] * workers]
    started = [
        subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{name}", *options],
                         env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
        for name, options in commands
    ]  # fmt: skip
    try:
        yield here
    finally:
        for process in reversed(started):  # a nanny that is killed would leave its worker behind
            process.terminate()
            process.wait(30)


def hoard() -> None:
    """Take 800 MB and keep them."""
    sys.modules["__main__"].hoarded = bytearray(os.urandom(2**20)) * 800  # type: ignore[attr-defined]


@long
def test_a_worker_out_of_memory_is_restarted(one: Scenario, whole: dict[int, str], tmp_path: Path) -> None:
    with nannies("900MB", workers=2) as here, Client(here, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        worker, number = next(iter(client.run(os.getpid).items()))
        process = psutil.Process(number)

        def fill() -> None:
            client.run(hoard, workers=[worker], on_error="ignore")
            process.wait(60)

        run = simulate(one, draws=DRAWS, chunk=1024, out=tmp_path / "run", cluster=here, progress=after(1, fill))
        assert not process.is_running()
        client.wait_for_workers(2, timeout=60)
    assert run.result_digest == whole[DRAWS]


@long
def test_workers_whose_memory_is_full(one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "PATIENCE", 3.0)
    with nannies("900MB") as here, Client(here, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        client.run(lambda: setattr(sys.modules["__main__"], "hoarded", bytearray(os.urandom(2**20)) * 560))
        said = r"nothing came from the cluster for 3 s; all workers are paused: their memory of 900 MB is nearly full"
        with pytest.raises(ClusterError, match=said):
            simulate(one, draws=DRAWS, out=tmp_path / "run", cluster=here)


def test_a_worker_to_which_the_system_gives_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def result(self, timeout: float) -> bytes:
            raise MemoryError

    client: Any = None
    planned: Any = None
    drawn = dask_cluster._Round(client, "x", planned, lambda *_: None, 1.0, 1.0)
    with pytest.raises(ClusterError, match=r"a worker has too little memory; give it more, or take a smaller --chunk"):
        drawn._take(Full(), [(0, 1)])
