"""OpenTURNS: a JointDistribution, a SymbolicFunction, and the statistics of Sample."""

import math
from functools import cache
from typing import Any

import openturns as ot

from benchmarks import workload
from benchmarks.workload import Parameter


def marginal(parameter: Parameter) -> Any:
    """The distribution of a parameter."""
    family, given = parameter.family, parameter.arguments
    if family == "lognormal":
        return ot.LogNormal(math.log(given[0]), given[1], 0.0)
    if family == "pert":
        return ot.Beta(*parameter.shape, given[0], given[2])
    names = {
        "uniform": "Uniform",
        "triangular": "Triangular",
        "normal": "Normal",
        "truncated_normal": "TruncatedNormal",
    }
    return getattr(ot, names[family])(*given)


@cache
def model() -> tuple[Any, Any]:
    """All parameters together, and all outputs as a function of them."""
    joint = ot.JointDistribution([marginal(one) for one in workload.PARAMETERS])
    return joint, ot.SymbolicFunction(list(workload.NAMES), list(workload.expressions().values()))


def prepare() -> None:
    """Make the model."""
    model()


def run(n: int, seed: int) -> list[list[float]]:
    """18 rows of statistics from n draws."""
    joint, function = model()
    ot.RandomGenerator.SetSeed(seed)
    outputs = function(joint.getSample(n))
    columns = [outputs.computeMean(), outputs.computeStandardDeviation()]
    columns += [outputs.computeQuantilePerComponent(p) for p in workload.PROBABILITIES]
    return [list(row) for row in zip(*columns, strict=True)]
