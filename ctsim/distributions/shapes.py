"""Standardised continuous distributions, cut to an interval where asked, and their tables.

One table serves every shift and scale of a shape. The named shapes need only scipy.special, which loads quickly.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np

from ctsim.distributions.record import NO_ATOMS, Interval, Quantiles, moved, nothing_left, numbers, refuse
from ctsim.distributions.sampling import TABLE, FloatArray
from ctsim.distributions.tables import DyadicTable, TableError, Tail, dyadic_table

EVERYTHING: Final[Interval] = (-math.inf, math.inf)


@dataclass(frozen=True)
class Shape:
    """Quantiles by lower (`ppf`) and upper (`isf`) tail probability, CDF and its complement; moments may be inf."""

    ppf: Tail
    isf: Tail
    cdf: Callable[[float], float]
    sf: Callable[[float], float]
    low: float
    high: float
    mean: float
    sd: float


def tabled(name: str, arguments: tuple[float, ...], shift: float, scale: float, cut: Interval) -> Quantiles:
    """`shift` + `scale` times the shape `name`, cut to an interval."""
    shape = _shape(name, arguments)
    standard = (cut[0] - shift) / scale, (cut[1] - shift) / scale
    if standard[0] <= shape.low and standard[1] >= shape.high:
        standard = EVERYTHING
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy's; what matters is checked on the table
            table = _table(name, arguments, standard)
    except TableError as error:
        refuse(f"{name}: {error}")
    if not math.isfinite(abs(shift) + scale * table.reach):
        refuse("the distribution reaches beyond the largest numbers")
    low, high = max(cut[0], shift + scale * shape.low), min(cut[1], shift + scale * shape.high)
    parameters = numbers(shift, scale, low, high, table.bits, len(table.coefficients) // 12)
    mean, sd = _moments(shape, table, standard)
    return Quantiles(
        TABLE, parameters, table.coefficients, low, high, moved(mean, shift, scale), moved(sd, 0.0, scale), NO_ATOMS
    )


def _moments(shape: Shape, table: DyadicTable, cut: Interval) -> tuple[float | None, float | None]:
    """Of the whole shape as published for it; of a part from the table, unless an infinite tail is left in."""
    if cut == EVERYTHING:
        return shape.mean, shape.sd
    bounded = math.isfinite(max(cut[0], shape.low)) and math.isfinite(min(cut[1], shape.high))
    mean = table.mean if bounded or math.isfinite(shape.mean) else None
    return mean, table.sd if bounded or math.isfinite(shape.sd) else None


@lru_cache(maxsize=256)
def _table(name: str, arguments: tuple[float, ...], cut: Interval) -> DyadicTable:
    return dyadic_table(*_tails(_shape(name, arguments), cut))


def _tails(shape: Shape, cut: Interval) -> tuple[Tail, Tail]:
    """Quantiles of the shape cut to an interval, by lower and by upper tail probability.

    The probability between the ends is taken on the side where it has most digits.
    """
    if cut == EVERYTHING:
        return shape.ppf, shape.isf
    below, above = (shape.cdf(end) for end in cut)
    over, beyond = (shape.sf(end) for end in cut)
    kept = above - below if above <= 0.5 else over - beyond if over <= 0.5 else 1.0 - below - beyond
    if not kept > 0:
        nothing_left(cut, shape.low, shape.high)

    def lower(v: FloatArray) -> FloatArray:
        return shape.ppf(below + kept * v) if below <= 0.5 else shape.isf(over - kept * v)

    def upper(v: FloatArray) -> FloatArray:
        return shape.isf(beyond + kept * v) if beyond <= 0.5 else shape.ppf(above - kept * v)

    return lower, upper


@lru_cache(maxsize=256)
def _shape(name: str, arguments: tuple[float, ...]) -> Shape:
    named: dict[str, Callable[..., Shape]] = {"normal": _normal, "lognormal": _lognormal, "beta": _beta}
    return named[name](*arguments) if name in named else _from_scipy(name, arguments)


def _normal() -> Shape:
    from scipy.special import ndtr, ndtri

    return Shape(
        ppf=ndtri,
        isf=lambda v: -ndtri(v),
        cdf=lambda x: float(ndtr(x)),
        sf=lambda x: float(ndtr(-x)),
        low=-math.inf,
        high=math.inf,
        mean=0.0,
        sd=1.0,
    )


def _lognormal(sigma: float) -> Shape:
    """With median 1; `sigma` is the standard deviation of the logarithm."""
    from scipy.special import ndtr, ndtri

    def z(x: float) -> float:
        return math.log(x) / sigma if x > 0 else -math.inf

    with np.errstate(over="ignore"):
        mean = float(np.exp(sigma**2 / 2))
        sd = mean * float(np.sqrt(np.expm1(sigma**2)))
    return Shape(
        ppf=lambda v: np.exp(sigma * ndtri(v)),
        isf=lambda v: np.exp(-sigma * ndtri(v)),
        cdf=lambda x: float(ndtr(z(x))),
        sf=lambda x: float(ndtr(-z(x))),
        low=0.0,
        high=math.inf,
        mean=mean,
        sd=sd,
    )


def _beta(a: float, b: float) -> Shape:
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
        mean=a / (a + b),
        sd=math.sqrt(a * b / (a + b + 1)) / (a + b),
    )


@cache
def scipy_families() -> dict[str, Any]:
    """Every univariate distribution of scipy.stats by name."""
    from scipy import stats

    kinds = stats.rv_continuous, stats.rv_discrete
    return {name: family for name, family in vars(stats).items() if isinstance(family, kinds)}


def _from_scipy(name: str, arguments: tuple[float, ...]) -> Shape:
    family = scipy_families()[name.removeprefix("scipy.stats.")]
    frozen = family(*arguments)
    low, high = frozen.support()
    return Shape(
        ppf=frozen.ppf,
        isf=_polished(frozen) if is_generic(family, "_isf") else frozen.isf,
        cdf=lambda x: float(frozen.cdf(x)),
        sf=lambda x: float(frozen.sf(x)),
        low=float(low),
        high=float(high),
        mean=float(frozen.mean()),
        sd=float(frozen.std()),
    )


def is_generic(family: Any, method: str) -> bool:
    """Whether a continuous family of scipy leaves `method` to scipy's general way."""
    from scipy import stats

    return getattr(type(family), method) is getattr(stats.rv_continuous, method)


def _polished(frozen: Any) -> Tail:
    """Upper quantiles where scipy only has ppf(1 - v), which keeps few digits of v: Newton's method mends them."""

    def isf(v: FloatArray) -> FloatArray:
        x = np.asarray(frozen.isf(v), dtype=np.float64)
        for _ in range(3):
            better = x + (frozen.sf(x) - v) / frozen.pdf(x)
            x = np.where(np.isfinite(better), better, x)
        return x

    return isf
