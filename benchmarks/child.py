"""A run in a process of its own: `python -m benchmarks.child SCENARIO DRAWS WORKERS METHOD`, JSON on stdout."""

import json
import sys

from benchmarks.measure import once, peak_megabytes
from benchmarks.scenarios import simulation


def main() -> None:
    """Run once; print the seconds and the peak memory of the process, before and after."""
    name, draws, workers, method = sys.argv[1:]
    case = simulation(name, int(draws), int(workers), method)
    before = peak_megabytes()
    print(json.dumps(once(case) | {"MB": peak_megabytes(), "MB before": before}))


if __name__ == "__main__":
    main()
