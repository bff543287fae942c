"""ctsim itself on workload W with scrambled Sobol' points."""

from benchmarks import scenarios
from benchmarks.peers.ctsim_mc import prepare, scenario, statistics
from benchmarks.workload import FloatArray

__all__ = ["made", "prepare", "run"]

METHOD = "sobol"


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws, raised to what the method takes."""
    return statistics(scenarios.simulated(scenario(), n, 2, METHOD, seed))


def made(n: int) -> int:
    """The draws that are made for n."""
    return scenarios.rounded(n, METHOD)
