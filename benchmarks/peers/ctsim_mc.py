"""ctsim itself on workload W: `simulate`, with everything that it reports."""

from functools import cache

import numpy as np

from benchmarks import scenarios, workload
from benchmarks.workload import FloatArray
from ctsim.catalog import Scenario
from ctsim.engine import Run

METHOD = "mc"


@cache
def scenario() -> Scenario:
    """Workload W, loaded."""
    return scenarios.scenario(scenarios.W)


def prepare() -> None:
    """Read the files, as other opponents define their models."""
    scenario()


def statistics(run: Run) -> FloatArray:
    """18 rows of statistics from the result tree."""
    figures = [f"{workload.NAME}.other.{name}" for name in workload.OUTPUTS]
    node = run.tree["/other"].dataset.sel(figure=figures)
    quantiles = node["quantiles"].sel(quantile=list(workload.PROBABILITIES)).transpose("figure", "quantile")
    return np.column_stack([node["mean"].values, node["sd"].values, quantiles.values])


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws, raised to what the method takes."""
    return statistics(scenarios.simulated(scenario(), n, 2, METHOD, seed))


def made(n: int) -> int:
    """The draws that are made for n."""
    return scenarios.rounded(n, METHOD)
