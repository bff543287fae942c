"""One opponent in a process of its own: `python -m benchmarks.peers.worker NAME DRAWS SEED REPEATS SECONDS`.

Prints one line of JSON. A first small run is not counted: it compiles and imports.
"""

import json
import sys
import warnings
from importlib import import_module
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.measure import peak_megabytes, versions
from benchmarks.peers import peer

SMALL = 1000


def main() -> None:
    """Run, and print what was measured and the statistics of the last run."""
    warnings.filterwarnings("ignore")
    started = perf_counter()
    name, draws, seed, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    module = import_module(f"benchmarks.peers.{name}")
    imported = perf_counter() - started
    getattr(module, "prepare", lambda: None)()
    module.run(draws if peer(name).compiles else min(SMALL, draws), seed + 1_000_000)
    ready = perf_counter() - started
    runs, statistics = timed(module, draws, seed, repeats, float(sys.argv[5]))
    print()
    print(json.dumps({
        "runs": runs, "statistics": statistics, "MB": peak_megabytes(), "import": imported, "ready": ready,
        "draws": getattr(module, "made", int)(draws), "versions": versions(peer(name).packages),
    }))  # fmt: skip


def timed(module: Any, draws: int, seed: int, repeats: int, seconds: float) -> tuple[list[dict[str, float]], Any]:
    """Runs until `repeats` or `seconds` are used up, at least one; the first is left out where there are others."""
    runs: list[dict[str, float]] = []
    started = perf_counter()
    while not runs or (len(runs) <= repeats and perf_counter() - started + runs[-1]["seconds"] <= seconds):
        clock, cpu = perf_counter(), process_time()
        found = module.run(draws, seed + len(runs))
        runs.append({"seconds": perf_counter() - clock, "cpu": process_time() - cpu})
    return runs[1:] or runs, np.asarray(found, dtype=float).tolist()


if __name__ == "__main__":
    main()
