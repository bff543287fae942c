"""squigglepy: each parameter sampled once, formulas on arrays. Its clips pile values up at the ends, so the truncated
normal redraws what lies outside."""

import math

import numpy as np
import squigglepy as sq

from benchmarks import workload
from benchmarks.workload import FloatArray, Parameter


def sample(parameter: Parameter, n: int) -> FloatArray:
    """n values of a parameter."""
    family, given = parameter.family, parameter.arguments
    if family == "truncated_normal":
        return _truncated(*given, n)
    if family == "normal":
        one = sq.norm(mean=given[0], sd=given[1])
    elif family == "lognormal":
        one = sq.lognorm(norm_mean=math.log(given[0]), norm_sd=given[1])
    else:
        one = getattr(sq, family)(*given)
    return np.asarray(sq.sample(one, n=n, verbose=False))


def _truncated(mean: float, sd: float, low: float, high: float, n: int) -> FloatArray:
    one = sq.norm(mean=mean, sd=sd)
    values = np.asarray(sq.sample(one, n=n, verbose=False))
    outside = np.flatnonzero((values < low) | (values > high))
    while outside.size:
        again = np.atleast_1d(sq.sample(one, n=outside.size, verbose=False))
        values[outside] = again
        outside = outside[(again < low) | (again > high)]
    return values


def run(n: int, seed: int) -> list[list[float]]:
    """18 rows of statistics from n draws."""
    sq.set_seed(seed)
    outputs = workload.evaluate({one.name: sample(one, n) for one in workload.PARAMETERS})
    percents = [round(100 * p) for p in workload.PROBABILITIES]
    found = [sq.get_percentiles(y, percentiles=percents) for y in outputs]
    return [[y.mean(), y.std(ddof=1), *(q[p] for p in percents)] for y, q in zip(outputs, found, strict=True)]
