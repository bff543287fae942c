"""`python -m tests.killed FOLDER KILLS`: runs that are killed again and again, and what of them is left each time.

The processes that are killed are forks of one that has everything imported and compiled, so that kills fall on the work
itself: beginning, draws, writing, compaction, seal. Prints one line of JSON for each kill and each finished run.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from ctsim import catalog, checkpoint, dataset, engine, job, summaries
from ctsim.checkpoint import Chunk, chunks_in, tiles_of
from ctsim.job import Job
from ctsim.request import DEFAULT_METHOD, coordinates_of, request_for
from tests.runs import study

DRAWS = 2**20
CHUNK = 2**13
SEED = 20260122


def life(directory: Path, scenario: catalog.Scenario) -> None:
    """What a user does after a kill: go on, or, if it was too early for that, begin again."""
    if (directory / "run.json").exists():
        engine.resume(directory, workers=2)
    else:
        engine.simulate(scenario, draws=DRAWS, chunk=CHUNK, workers=2, out=directory)


def forked(work: Callable[[], None]) -> int:
    """The process id of a fork that does `work` and nothing else."""
    if process := os.fork():
        return process
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def acknowledged(directory: Path) -> tuple[int, int]:
    """Tiles that markers vouch for, and markers that lie."""
    found = list(chunks_in(directory / "chunks"))
    return tiles_of(one for chunk in found if isinstance(chunk, Chunk) for one in chunk.ranges), sum(
        isinstance(chunk, str) for chunk in found
    )


def warm(scenario: catalog.Scenario) -> None:
    """Compile and import all that a run needs, without threads: they would not outlive a fork."""
    for module in ("dask.delayed", "dask.threaded", "h5netcdf"):
        import_module(module)
    request = request_for(scenario, DRAWS, 0, DEFAULT_METHOD, ("2030", "2040", "2050"), "")
    coordinates = coordinates_of(scenario) if request["method"] == "sobol" else None
    one = Job(scenario, request, CHUNK, coordinates=coordinates)
    planned = job.planned(one, one.kernel())
    state = planned.kernel.chunk(planned.plan, 0, 32)
    summary = summaries.finalize(planned.plan, state, None)
    dataset.tree(scenario, planned.kernel, summary, request, request["years"])


def main(folder: Path, kills: int) -> None:
    scenario = catalog.load(study(folder / "s", ("hydrogen_supply_chain",)))
    checkpoint.SECONDS_BETWEEN = checkpoint.COSTS_BETWEEN = 0.0
    checkpoint.MOST_FILES = 8  # type: ignore[misc]
    warm(scenario)
    started = time.monotonic()
    os.waitpid(forked(lambda: life(folder / "undisturbed", scenario)), 0)
    usual = time.monotonic() - started
    chance, run, before = random.Random(SEED), 0, 0
    while kills:
        directory = folder / f"run{run}"
        process = forked(lambda at=directory: life(at, scenario))  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, usual / 1.5 if before < DRAWS // 1024 else usual))
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        if os.WIFSIGNALED(status):
            kills -= 1
            now, lies = acknowledged(directory)
            print(json.dumps({"run": run, "before": before, "after": now, "lies": lies}), flush=True)
            before = now
        else:
            print(json.dumps({"run": run, "status": os.WEXITSTATUS(status)}), flush=True)
            run, before = run + 1, 0
    os.waitpid(forked(lambda: life(folder / f"run{run}", scenario)), 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
