"""Standardised continuous distributions by name, and their quantiles when cut to an interval.

They need only scipy.special, which loads quickly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ctsim import elementary
from ctsim.distributions.record import Interval, nothing_left
from ctsim.distributions.sampling import FloatArray
from ctsim.distributions.steady import exp_less_one, exponentials, steady
from ctsim.distributions.tables import Tail

EVERYTHING: Final[Interval] = (-math.inf, math.inf)


@dataclass(frozen=True)
class Shape:
    """Quantiles by lower (`ppf`) and upper (`isf`) tail probability, CDF and its complement.

    `moments` gives mean and standard deviation, which may be infinite.
    """

    ppf: Tail
    isf: Tail
    cdf: Callable[[float], float]
    sf: Callable[[float], float]
    low: float
    high: float
    moments: Callable[[], tuple[float, float]]


def cut_tails(shape: Shape, cut: Interval) -> tuple[Tail, Tail]:
    """Quantiles of the shape cut to an interval, by lower and by upper tail probability.

    The probability between the ends is taken on the side where it has most digits.
    """
    if cut == EVERYTHING:
        return shape.ppf, shape.isf
    below, above = (float(steady(shape.cdf(end))) for end in cut)
    over, beyond = (float(steady(shape.sf(end))) for end in cut)
    kept = above - below if above <= 0.5 else over - beyond if over <= 0.5 else 1.0 - below - beyond
    if not kept > 0:
        nothing_left(cut, shape.low, shape.high)

    def lower(v: FloatArray) -> FloatArray:
        return shape.ppf(below + kept * v) if below <= 0.5 else shape.isf(over - kept * v)

    def upper(v: FloatArray) -> FloatArray:
        return shape.isf(beyond + kept * v) if beyond <= 0.5 else shape.ppf(above - kept * v)

    return lower, upper


def normal() -> Shape:
    """With mean 0 and standard deviation 1."""
    from scipy.special import ndtr, ndtri

    return Shape(
        ppf=ndtri,
        isf=lambda v: -ndtri(v),
        cdf=lambda x: float(ndtr(x)),
        sf=lambda x: float(ndtr(-x)),
        low=-math.inf,
        high=math.inf,
        moments=lambda: (0.0, 1.0),
    )


def lognormal(sigma: float) -> Shape:
    """With median 1; `sigma` is the standard deviation of the logarithm."""
    from scipy.special import ndtr, ndtri

    def z(x: float) -> float:
        return elementary.log(x) / sigma if x > 0 else -math.inf

    mean = elementary.exp(sigma * sigma / 2)
    sd = mean * math.sqrt(exp_less_one(sigma * sigma))
    return Shape(
        ppf=lambda v: exponentials(sigma * ndtri(v)),
        isf=lambda v: exponentials(-sigma * ndtri(v)),
        cdf=lambda x: float(ndtr(z(x))),
        sf=lambda x: float(ndtr(-z(x))),
        low=0.0,
        high=math.inf,
        moments=lambda: (mean, sd),
    )


def beta(a: float, b: float) -> Shape:
    """On 0 to 1."""
    from scipy.special import betainc, betaincc, betainccinv, betaincinv

    def inside(x: float) -> float:
        return min(max(x, 0.0), 1.0)

    return Shape(
        ppf=lambda v: betaincinv(a, b, v),
        isf=lambda v: betainccinv(a, b, v),
        cdf=lambda x: float(betainc(a, b, inside(x))),
        sf=lambda x: float(betaincc(a, b, inside(x))),
        low=0.0,
        high=1.0,
        moments=lambda: (a / (a + b), math.sqrt(a * b / (a + b + 1)) / (a + b)),
    )
