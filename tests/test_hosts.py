"""A run over two hosts whose cable is cut, and a worker that has too little memory."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctsim import checkpoint
from ctsim.engine import open_run, resume
from tests import hosts
from tests.hosts import Hosts, two_hosts
from tests.runs import study
from tests.unfinished import DRAWS, one, whole

__all__ = ["one", "whole"]

needs_hosts = pytest.mark.skipif(bool(hosts.missing()), reason=hosts.missing() or "there are namespaces")

DRIVER = """
from ctsim import checkpoint, dask_cluster
from ctsim.cli import main
checkpoint.SECONDS_BETWEEN = checkpoint.COSTS_BETWEEN = 0.0
dask_cluster.PATIENCE = {patience}
main()
"""


def drive(net: Hosts, folder: Path, address: str, patience: float = 60.0) -> tuple[subprocess.Popen[Any], Path]:
    """`ctsim run` on the near host, and what it says."""
    scenario = study(folder / "s", ("hydrogen_supply_chain",))
    options = ["--draws", str(DRAWS), "--chunk", "1024", "--out", str(folder / "run"), "--cluster", address]
    said = folder / "said"
    program = DRIVER.format(patience=patience)
    with said.open("wb") as file:
        driver = net.start(
            0, sys.executable, "-c", program, "run", str(scenario), *options, stdout=file, stderr=file, cwd=folder
        )
    return driver, said


def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened for long"
        time.sleep(0.02)


def begun(folder: Path, driver: subprocess.Popen[Any]) -> Callable[[], bool]:
    return lambda: checkpoint.tiles_done(folder / "run/chunks") > 0 or driver.poll() is not None


@needs_hosts
def test_a_cable_that_is_cut_and_put_back(whole: dict[int, str], tmp_path: Path) -> None:
    """The far worker is lost to its scheduler after 8 s; the near one goes on alone."""
    with two_hosts() as net:
        address = net.scheduler()
        net.worker(0), net.worker(1)
        driver, said = drive(net, tmp_path, address)
        wait_for(begun(tmp_path, driver))
        net.cable("down")
        assert driver.poll() is None, said.read_text()
        time.sleep(3.0)
        net.cable("up")
        assert driver.wait(120) == 0, said.read_text()
    assert open_run(tmp_path / "run").result_digest == whole[DRAWS]
    assert "Traceback" not in said.read_text()


@needs_hosts
def test_a_cable_that_stays_cut(whole: dict[int, str], tmp_path: Path) -> None:
    """All workers are behind it: the run ends with one line, keeps what is done, and goes on without them."""
    with two_hosts() as net:
        address = net.scheduler()
        net.worker(1)
        driver, said = drive(net, tmp_path, address, patience=5.0)
        wait_for(begun(tmp_path, driver))
        net.cable("down")
        assert driver.wait(120) == 3, said.read_text()
    last = said.read_text().splitlines()[-1]
    assert re.search(r"lost.*; stopped at [0-9,]+ of 131,072 draws; continue with `ctsim resume", last), last
    assert resume(tmp_path / "run").result_digest == whole[DRAWS]
