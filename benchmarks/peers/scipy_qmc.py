"""scipy.stats.qmc.Sobol, scrambled, with the quantile functions of scipy.special, and numpy for the rest."""

import math

import numpy as np
from scipy import special
from scipy.stats import qmc

from benchmarks import workload
from benchmarks.workload import FloatArray, Parameter


def quantile(parameter: Parameter, u: FloatArray) -> FloatArray:
    """Values of a parameter at probabilities u."""
    family, given = parameter.family, parameter.arguments
    if family == "uniform":
        return given[0] + (given[1] - given[0]) * u
    if family == "normal":
        return given[0] + given[1] * special.ndtri(u)
    if family == "lognormal":
        return given[0] * np.exp(given[1] * special.ndtri(u))
    if family == "pert":
        return given[0] + (given[2] - given[0]) * special.betaincinv(*parameter.shape, u)
    if family == "truncated_normal":
        mean, sd, low, high = given
        below, above = special.ndtr((low - mean) / sd), special.ndtr((high - mean) / sd)
        return mean + sd * special.ndtri(below + (above - below) * u)
    low, mode, high = given
    share, width = (mode - low) / (high - low), high - low
    rising, falling = np.sqrt(u * share), np.sqrt((1 - u) * (1 - share))
    return np.where(u < share, low + width * rising, high - width * falling)


def points(n: int, seed: int) -> FloatArray:
    """(power of two at or above n, 60) points."""
    power = max(0, math.ceil(math.log2(n)))
    sobol = qmc.Sobol(len(workload.PARAMETERS), scramble=True, rng=np.random.default_rng(seed))
    return sobol.random_base2(power)


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws or the next power of two."""
    u = points(n, seed)
    values = {one.name: quantile(one, u[:, i]) for i, one in enumerate(workload.PARAMETERS)}
    del u
    outputs = workload.evaluate(values)
    del values
    return workload.statistics(outputs)
