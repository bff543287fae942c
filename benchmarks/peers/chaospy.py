"""chaospy: J(...).sample, then the formulas on arrays."""

import math
from functools import cache
from typing import Any

import chaospy

from benchmarks import workload
from benchmarks.workload import FloatArray, Parameter


def marginal(parameter: Parameter) -> Any:
    """The distribution of a parameter."""
    family, given = parameter.family, parameter.arguments
    if family == "lognormal":
        return chaospy.LogNormal(math.log(given[0]), given[1])
    if family == "pert":
        return chaospy.Beta(*parameter.shape, given[0], given[2])
    if family == "truncated_normal":
        mean, sd, low, high = given
        return chaospy.TruncNormal(low, high, mean, sd)
    names = {"uniform": chaospy.Uniform, "triangular": chaospy.Triangle, "normal": chaospy.Normal}
    return names[family](*given)


@cache
def joint() -> Any:
    """All parameters together."""
    return chaospy.J(*(marginal(one) for one in workload.PARAMETERS))


def prepare() -> None:
    """Make the distribution."""
    joint()


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    values = joint().sample(n, rule="random", seed=seed)
    outputs = workload.evaluate(dict(zip(workload.NAMES, values, strict=True)))
    del values
    return workload.statistics(outputs)
