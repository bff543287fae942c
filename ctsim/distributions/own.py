"""What ctsim computes itself of families of scipy.stats, where scipy is slow, rough or wrong.

Tables made from it are checked like all others, with scipy's functions as witnesses.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from time import monotonic
from typing import Final

import numpy as np

from ctsim.distributions.density import LEGENDRE, Density, integrate
from ctsim.distributions.sampling import FloatArray
from ctsim.distributions.steady import added
from ctsim.distributions.tables import PATIENCE, TableError, Tail

_ROWS: Final = 256
"""Places at a time: each takes up to 100,000 numbers."""


# ------------------------------------------------------------------------------------------------------------ quantiles
def _power_normal(c: float) -> tuple[Tail, Tail]:
    """Survival is the normal one to the power c: in logarithms nothing is lost."""
    from scipy.special import ndtri_exp

    return lambda v: -ndtri_exp(np.log1p(-v) / c), lambda v: -ndtri_exp(np.log(v) / c)


QUANTILES: Final[dict[str, Callable[..., tuple[Tail, Tail]]]] = {"powernorm": _power_normal}
"""By lower and by upper tail probability."""


# ----------------------------------------------------------------------------------------------- distribution functions
def _von_mises(kappa: float) -> Callable[[float], float]:
    """Fourier's series; scipy takes a normal approximation from kappa = 50 on."""
    from scipy.special import ive

    j = np.arange(1, 30 + int(9 * math.sqrt(kappa)))
    shares = ive(j, kappa) / ive(0, kappa) / (np.pi * j)

    def cdf(x: float) -> float:
        inside = min(max(x, -math.pi), math.pi)
        return 0.5 + inside / (2 * math.pi) + float(added(shares * np.sin(j * inside)))

    return cdf


CDFS: Final[dict[str, Callable[..., Callable[[float], float]]]] = {"vonmises": _von_mises, "vonmises_line": _von_mises}


# ------------------------------------------------------------------------------------------------------------ densities
def _stable(alpha: float, beta: float) -> Density:
    """Nolan's integral of g exp(-g) (Stochastic Models 13, 1997), over the whole line by a logistic variable.

    There the trapezoidal rule errs by less than 1e-15 with steps as here.
    """
    if alpha == 1 and beta == 0:
        return lambda x: 1 / (np.pi * (1 + x * x))
    if abs(alpha - 1) < 0.02:
        raise TableError("for alpha within 0.02 of 1 its density is too hard to compute (alpha = 1, beta = 0 is not)")
    right, left = _stable_side(alpha, beta), _stable_side(alpha, -beta)
    start = math.atan(beta * math.tan(math.pi * alpha / 2))
    middle = math.gamma(1 + 1 / alpha) * math.cos(start / alpha) * math.cos(start) ** (1 / alpha) / math.pi

    def density(x: FloatArray) -> FloatArray:
        values = np.full(len(x), middle)
        for side, chosen in ((right, x > 0), (left, x < 0)):
            if chosen.any():
                values[chosen] = side(np.abs(x[chosen]))
        return values

    return density


def _stable_side(alpha: float, beta: float) -> Density:
    """The density at x > 0."""
    start = math.atan(beta * math.tan(math.pi * alpha / 2)) / alpha
    length, over = math.pi / 2 + start, alpha / (alpha - 1)
    if length < 1e-15:
        return np.zeros_like
    ahead, behind = (0.0 if abs(a) < 1e-14 else a for a in (math.pi / 2 - start, math.pi - alpha * length))
    step = 0.2 / max(1.0, max(1.0, alpha) / abs(alpha - 1))

    def density(x: FloatArray) -> FloatArray:
        reach = 45 + float(np.abs(np.log(x)).max()) * max(1.0, alpha)
        t = np.arange(-reach, reach, step)
        way, rest = length / (1 + np.exp(-t)), length / (1 + np.exp(t))
        near = t < 0  # sines of small angles, whichever end is near
        first = np.where(near, np.sin(ahead + way), np.sin(rest))
        second = np.where(near, np.sin(alpha * way), np.sin(behind + alpha * rest))
        third = np.where(near, np.sin(ahead + (1 - alpha) * way), np.sin(behind + (alpha - 1) * rest))
        logs = math.log(math.cos(alpha * start)) / (alpha - 1) + over * np.log(first / second) + np.log(third / first)
        weights = step * way * rest / length
        pieces = []
        for few in np.array_split(x, len(x) // _ROWS + 1):
            u = np.minimum(logs + over * np.log(few)[:, None], 300.0)
            pieces.append(added(np.exp(u - np.exp(u)) * weights) / few)
        return np.concatenate(pieces) * (abs(over) / math.pi)

    return density


def _studentized_range(k: float, df: float) -> Density:
    """The density of a normal range over a standard deviation with `df` degrees of freedom.

    That of the range is put on panels; the trapezoidal rule over the logarithm of the deviation does the rest.
    """
    span = integrate(_normal_range(k), 0.0, math.inf, 1.0 + math.log(k), 1.0, monotonic() + PATIENCE)
    mean, sd = span.moments(0.0, math.inf)
    step = min(0.08, 0.5 / math.sqrt(2 * df), 0.3 * sd / mean)
    u = np.arange(-(70 / df + 10 / math.sqrt(2 * df)), 0.5 * math.log1p(90 / df) + 10 / math.sqrt(2 * df), step)
    logs = -df * (np.expm1(2 * u) - 2 * u) / 2
    weights = np.exp(logs) / added(np.exp(logs))
    u, weights = u[weights > 1e-35], weights[weights > 1e-35]

    def density(q: FloatArray) -> FloatArray:
        pieces = []
        for few in np.array_split(q, len(q) // _ROWS + 1):
            w = few[:, None] * np.exp(u)
            pieces.append(added(span.at(w.ravel()).reshape(w.shape) * (np.exp(u) * weights)))
        return np.concatenate(pieces)

    return density


def _normal_range(k: float) -> Density:
    """The density of the range of k normal numbers."""
    from scipy.special import ndtr

    y = np.arange(0.0, 9.5, 0.05)
    nodes, weights = LEGENDRE

    def density(w: FloatArray) -> FloatArray:
        pieces = []
        for few in np.array_split(w, len(w) // _ROWS + 1):
            half = few[:, None] / 2
            wide = ndtr(half - y) - ndtr(-half - y)
            inner = y[:, None] + half[..., None] * nodes
            narrow = half * added(np.exp(-inner * inner / 2) * weights) / math.sqrt(2 * math.pi)
            between = np.where(half > 1, wide, narrow)
            terms = np.exp(-y * y - half * half) * between ** (k - 2)
            pieces.append(added(terms[:, 1:]) + terms[:, 0] / 2)
        return np.concatenate(pieces) * (k * (k - 1) * 0.05 / math.pi)

    return density


DENSITIES: Final[dict[str, Callable[..., Density]]] = {
    "levy_stable": _stable,
    "studentized_range": _studentized_range,
}
