"""scipy.stats.qmc.Sobol, scrambled, with the quantile functions of scipy.special, and numpy for the rest."""

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


def made(n: int) -> int:
    """The draws that are made for n: a power of two."""
    return 1 << max(0, n - 1).bit_length()


def points(n: int, seed: int) -> FloatArray:
    """(draw, 60) points for n draws."""
    sobol = qmc.Sobol(len(workload.PARAMETERS), scramble=True, rng=np.random.default_rng(seed))
    return sobol.random_base2(made(n).bit_length() - 1)


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws or the next power of two."""
    u = points(n, seed)
    values = {one.name: quantile(one, u[:, i]) for i, one in enumerate(workload.PARAMETERS)}
    del u
    outputs = workload.evaluate(values)
    del values
    return workload.statistics(outputs)
