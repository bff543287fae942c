"""As `scipy_qmc`, with the beta quantiles read from a table of 2^17 knots on the scale of the logit."""

from functools import cache

import numpy as np
from scipy import special

from benchmarks import workload
from benchmarks.peers.scipy_qmc import made, points, quantile
from benchmarks.workload import FloatArray, Parameter

__all__ = ["made", "prepare", "run"]

KNOTS = 2**17
REACH = 18.0  # logit of 1.5e-8


@cache
def table(parameter: Parameter) -> tuple[FloatArray, FloatArray]:
    """Logits and the parameter's quantiles there."""
    logits = np.linspace(-REACH, REACH, KNOTS)
    return logits, quantile(parameter, special.expit(logits))


def prepare() -> None:
    """Make the tables."""
    for one in workload.PARAMETERS:
        if one.family == "pert":
            table(one)


def values(parameter: Parameter, u: FloatArray) -> FloatArray:
    """Values of a parameter at probabilities u."""
    if parameter.family != "pert":
        return quantile(parameter, u)
    return np.interp(special.logit(u), *table(parameter))


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws or the next power of two."""
    u = points(n, seed)
    drawn = {one.name: values(one, u[:, i]) for i, one in enumerate(workload.PARAMETERS)}
    del u
    outputs = workload.evaluate(drawn)
    del drawn
    return workload.statistics(outputs)
