"""Runs over a real Slurm of two nodes, started here: an array with a task that is stopped, and dask workers in jobs."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ctsim import checkpoint
from ctsim.engine import open_run, simulate
from ctsim.shards import merge
from tests import slurm
from tests.runs import study
from tests.source import ROOT
from tests.test_cluster import listening

pytestmark = pytest.mark.skipif(bool(slurm.missing()), reason=slurm.missing() or "there is Slurm")

DRAWS = 2**20

long = pytest.mark.skipif(not os.environ.get("CTSIM_SLURM"), reason="takes three minutes: `make slurm`")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Where Slurm's commands find it, and where jobs find this ctsim."""
    here = tmp_path_factory.mktemp("bin")
    command = f'#!/bin/sh\nexec {sys.executable} -c "from ctsim.cli import main; main()" "$@"\n'
    (here / "ctsim").write_text(command, encoding="utf-8")
    (here / "ctsim").chmod(0o755)
    with slurm.slurm() as found:
        yield {**found, "PATH": f"{here}:{found['PATH']}", "PYTHONPATH": str(ROOT)}


def ask(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def wait_for(condition: Callable[[], object], seconds: float = 180.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened for long"
        time.sleep(0.1)


def test_an_array_of_three(environment: dict[str, str], tmp_path: Path) -> None:
    scenario = study(tmp_path / "s", ("hydrogen_supply_chain",))
    script = [str(ROOT / "docs/slurm-array.sh"), str(scenario), str(DRAWS // 8), str(tmp_path), "3"]
    ask(environment, "sbatch", "--wait", "--mem=0", "--array=1-3", f"--output={tmp_path}/out-%a", *script)
    parts = [tmp_path / f"part-{number}" for number in (3, 1, 2)]
    assert merge(parts, out=tmp_path / "whole").result_digest == simulate(scenario, draws=DRAWS // 8).result_digest


@long
def test_an_array_with_a_task_out_of_time_and_one_cancelled(environment: dict[str, str], tmp_path: Path) -> None:
    """The script of docs/cluster.md. Task 1 gets the signal that comes before its time is over; task 2 is cancelled."""
    scenario = study(tmp_path / "s", ("hydrogen_supply_chain",))
    whole = simulate(scenario, draws=4 * DRAWS).result_digest
    script = [str(ROOT / "docs/slurm-array.sh"), str(scenario), str(4 * DRAWS), str(tmp_path), "3"]
    job = ask(environment, "sbatch", "--parsable", "--mem=0", "--array=1-3", f"--output={tmp_path}/out-%a", *script)
    parts = [tmp_path / f"part-{number}" for number in (1, 2, 3)]

    def begun(number: int) -> bool:
        return checkpoint.tiles_done(parts[number] / "chunks") > 0 or sealed(number)

    def sealed(number: int) -> bool:
        card = parts[number] / "run.json"
        return card.is_file() and bool(json.loads(card.read_text(encoding="utf-8"))["sealed"])

    wait_for(lambda: begun(0))
    ask(environment, "scancel", "--signal=TERM", f"{job}_1")
    wait_for(lambda: begun(1))
    ask(environment, "scancel", f"{job}_2")
    wait_for(lambda: sealed(2) and sealed(0))
    wait_for(lambda: not ask(environment, "squeue", "-h"))
    if not sealed(1):
        ask(environment, "sbatch", "--wait", "--mem=0", "--array=2", f"--output={tmp_path}/again-%a", *script)
    assert merge(parts, out=tmp_path / "whole").result_digest == whole
    assert "stopped at" in (tmp_path / "out-1").read_text(encoding="utf-8")
    assert "continue with `ctsim resume" in (tmp_path / "part-1.log").read_text(encoding="utf-8")


@long
def test_dask_workers_in_jobs_one_of_them_cancelled(environment: dict[str, str], tmp_path: Path) -> None:
    scenario = study(tmp_path / "s", ("hydrogen_supply_chain",))
    whole = simulate(scenario, draws=4 * DRAWS).result_digest
    (tmp_path / "slurm.toml").write_text(
        f'[slurm]\ninterface = "lo"\nmaximum = 2\nminimum = 2\nmemory = "1GB"\nshared_folder = "{tmp_path}"\n'
        'directives = ["--mem=0"]\n',
        encoding="utf-8",
    )
    command = ["ctsim", "run", str(scenario), "--draws", str(4 * DRAWS), "--chunk", "65536", "--out", "run",
               "--cluster", "slurm.toml"]  # fmt: skip
    with (tmp_path / "said").open("wb") as said:
        driver = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=said, stderr=said)
    try:
        wait_for(lambda: checkpoint.tiles_done(tmp_path / "run/chunks") > 0 or driver.poll() is not None)
        assert listening(psutil.Process(driver.pid)) <= {"127.0.0.1"}
        jobs = ask(environment, "squeue", "-h", "-o", "%A").split()
        if jobs:
            ask(environment, "scancel", jobs[0])
        assert driver.wait(180) == 0, (tmp_path / "said").read_text(encoding="utf-8")
    finally:
        driver.kill()
    assert open_run(tmp_path / "run").result_digest == whole
    assert "Traceback" not in (tmp_path / "said").read_text(encoding="utf-8")
    wait_for(lambda: not ask(environment, "squeue", "-h"))
