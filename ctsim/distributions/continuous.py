"""Continuous distributions as quantile tables: the named shapes, and every continuous family of scipy.stats.

One table serves every shift and scale of a shape. What scipy computes is believed where two ways to compute it agree:
its quantiles, if they are smooth, with the integral of its density; where they do not, or where it only searches for
quantiles, the inverse of that integral is taken, if it agrees with scipy's distribution function.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import cache, lru_cache
from time import monotonic
from typing import Any, Final

import numpy as np

from ctsim.distributions.density import Panels, integrate
from ctsim.distributions.own import CDFS, DENSITIES, QUANTILES
from ctsim.distributions.pieces import Pieces, pieced, whole
from ctsim.distributions.record import NO_ATOMS, Interval, Quantiles, moved, nothing_left, numbers, refuse
from ctsim.distributions.sampling import PIECES, TABLE, FloatArray
from ctsim.distributions.shapes import EVERYTHING, Shape, beta, cut_tails, lognormal, normal
from ctsim.distributions.steady import steady, steady_moments
from ctsim.distributions.tables import PATIENCE, TOLERANCE, TableError, Tail, dyadic_table

_AGREED: Final = 1e-10
"""Largest difference of probability between a density and a distribution function that count as the same."""
_NAMED: Final[dict[str, Callable[..., Shape]]] = {"normal": normal, "lognormal": lognormal, "beta": beta}
ROUGH: Final = {"kstwo"}
"""Families whose density scipy computes by slow sums or integrals that keep too few digits: they are refused."""
_SYMMETRIC: Final = {"anglit", "rdist", "semicircular", "tukeylambda"}
"""Families symmetric about 0 whose upper quantiles scipy takes from 1 - v, which has few digits in the tail."""
_CIRCLE: Final = {"vonmises"}
"""Families that scipy continues around the circle: here from -pi to pi."""
_POWERS: Final = {"kappa4"}
"""Families whose ends scipy computes by powers, which have other last digits on other CPUs."""

Made = tuple[Pieces, float, float]
"""Tables, mean and standard deviation, infinite where they are or are not known."""


def tabled(name: str, arguments: tuple[float, ...], shift: float, scale: float, cut: Interval) -> Quantiles:
    """`shift` + `scale` times the shape `name`, cut to an interval. Raises InputError where no table is accurate."""
    shape = _shape(name, arguments)
    standard = (cut[0] - shift) / scale, (cut[1] - shift) / scale
    if standard[0] <= shape.low and standard[1] >= shape.high:
        standard = EVERYTHING
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy's; what matters is checked on the table
            pieces, mean, sd = _made(name, arguments, standard)
    except TableError as error:
        refuse(f"{name}: {error}")
    if not math.isfinite(abs(shift) + scale * max(table.reach for table in pieces.tables)):
        refuse("the distribution reaches beyond the largest numbers")
    low, high = max(cut[0], shift + scale * shape.low), min(cut[1], shift + scale * shape.high)
    count = len(pieces.tables)
    parameters = numbers(shift, scale, low, high, pieces.tables[0].bits, pieces.rows, count if count > 1 else 0.0)
    kind = TABLE if count == 1 else PIECES
    return Quantiles(
        kind, parameters, pieces.table, low, high, moved(mean, shift, scale), moved(sd, 0.0, scale), NO_ATOMS
    )


@lru_cache(maxsize=256)
def _made(name: str, arguments: tuple[float, ...], cut: Interval) -> Made:
    shape = _shape(name, arguments)
    return _tabulated(shape, cut) if name in _NAMED else _checked(name, arguments, shape, cut)


def _tabulated(shape: Shape, cut: Interval) -> Made:
    """From the shape's own quantiles; moments as published for a whole, from the table for a part."""
    table = dyadic_table(*cut_tails(shape, cut))
    mean, sd = shape.moments()
    if cut != EVERYTHING:
        bounded = _bounded(shape, cut)
        mean, sd = (part if bounded or math.isfinite(all_) else math.inf
                    for part, all_ in zip(steady_moments(table.mean, table.sd), (mean, sd), strict=True))  # fmt: skip
    return whole(table), mean, sd


def _bounded(shape: Shape, cut: Interval) -> bool:
    return math.isfinite(max(cut[0], shape.low)) and math.isfinite(min(cut[1], shape.high))


@lru_cache(maxsize=256)
def _shape(name: str, arguments: tuple[float, ...]) -> Shape:
    return _NAMED[name](*arguments) if name in _NAMED else _from_scipy(name, arguments)


# -------------------------------------------------------------------------------------------------------------- scipy
@cache
def scipy_families() -> dict[str, Any]:
    """Every univariate distribution of scipy.stats by name."""
    from scipy import stats

    kinds = stats.rv_continuous, stats.rv_discrete
    return {name: family for name, family in vars(stats).items() if isinstance(family, kinds)}


def _family(name: str) -> Any:
    return scipy_families()[name.removeprefix("scipy.stats.")]


def _from_scipy(name: str, arguments: tuple[float, ...]) -> Shape:
    family = _family(name)
    frozen = family(*arguments)
    low, high = (-math.pi, math.pi) if family.name in _CIRCLE else frozen.support()
    if family.name in _POWERS:
        low, high = steady(low), steady(high)
    ppf, isf = frozen.ppf, frozen.isf
    if family.name in QUANTILES:
        ppf, isf = QUANTILES[family.name](*arguments)
    elif family.name in _SYMMETRIC:
        isf = lambda v: -frozen.ppf(v)  # noqa: E731
    elif _is_generic(family, "_isf"):
        isf = _polished(frozen)
    return Shape(
        ppf=ppf,
        isf=isf,
        cdf=CDFS[family.name](*arguments) if family.name in CDFS else lambda x: float(frozen.cdf(x)),
        sf=lambda x: float(frozen.sf(x)),
        low=float(low),
        high=float(high),
        moments=lambda: steady_moments(float(frozen.mean()), float(frozen.std())),
    )


def _is_generic(family: Any, method: str) -> bool:
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


def _checked(name: str, arguments: tuple[float, ...], shape: Shape, cut: Interval) -> Made:
    """From scipy's quantiles, or from its density: see the module."""
    if _family(name).name in ROUGH:
        raise TableError(
            "scipy computes it too slowly and roughly for a table. Use 'empirical' with quantiles of a sample"
        )
    panels, made, why = None, None, TableError("")
    try:
        panels = _integrated(name, arguments, shape, cut)
    except TableError as error:
        why = error
    if not _is_generic(_family(name), "_ppf"):
        try:
            made = _tabulated(shape, cut)
        except (ArithmeticError, ValueError) as error:
            why = why if panels is None else TableError(str(error))
    if made and panels and _agree(made[0], panels):
        return made
    if panels and (cut != EVERYTHING or abs(panels.total - 1) <= _AGREED) and _confirmed(panels, shape):
        return pieced(panels), *steady_moments(*panels.moments(max(cut[0], shape.low), min(cut[1], shape.high)))
    if made and _inverts(made[0], shape, cut):
        return made
    raise why if panels is None else TableError("scipy's density and distribution function contradict each other")


def _integrated(name: str, arguments: tuple[float, ...], shape: Shape, cut: Interval) -> Panels:
    """The density of a family of scipy inside the cut."""
    low, high = max(cut[0], shape.low), min(cut[1], shape.high)
    if not low < high:
        nothing_left(cut, shape.low, shape.high)
    lower, middle, upper = (float(q) for q in shape.ppf(np.array([0.25, 0.5, 0.75])))
    if not 0 < upper - lower < math.inf:
        raise TableError("scipy does not find its quartiles")
    family = _family(name)
    density = DENSITIES[family.name](*arguments) if family.name in DENSITIES else family(*arguments).pdf
    return integrate(density, low, high, middle, upper - lower, monotonic() + PATIENCE)


def _agree(pieces: Pieces, panels: Panels) -> bool:
    """Whether a table has the quantiles that the integral of the density has, at every octave of both sides."""
    [table] = pieces.tables
    values, v = table.octaves()
    scale = values[1, -2] - values[0, -2]
    expected = np.array([tail(v) for tail in panels.tails()])
    return bool((np.abs(values - expected) <= TOLERANCE * np.maximum(np.abs(expected), scale)).all())


def _confirmed(panels: Panels, shape: Shape) -> bool:
    """Whether the distribution function gives the integral of the density, in the middle, where both have digits.

    It may be rougher by itself: some families integrate numerically, to 1e-9.
    """
    p = np.arange(1, 8) / 8
    x = panels.tails()[0](p)
    start = shape.cdf(float(panels.edges[0]))
    return _leads_to(lambda at: shape.cdf(at) - start, x, panels.total * p, float(x[5] - x[1]), 100 * _AGREED)


def _inverts(pieces: Pieces, shape: Shape, cut: Interval) -> bool:
    """Whether the distribution function leads back from the values of a table to their probabilities."""
    [table] = pieces.tables
    (below, above), v = table.octaves()
    scale = float(above[-2] - below[-2])
    least, most = (shape.cdf(end) for end in cut)
    over, beyond = (shape.sf(end) for end in cut)
    return _leads_to(lambda at: shape.cdf(at) - least, below, (most - least) * v, scale) and _leads_to(
        lambda at: beyond - shape.sf(at), above, (beyond - over) * v, scale
    )


def _leads_to(
    rising: Callable[[float], float], x: FloatArray, wanted: FloatArray, scale: float, slack: float = _AGREED
) -> bool:
    """Whether a rising function takes each wanted value within the tolerance of a table around x."""
    way = TOLERANCE * np.maximum(np.abs(x), scale)
    return all(
        rising(float(low)) - slack <= value <= rising(float(high)) + slack
        for low, high, value in zip(x - way, x + way, wanted, strict=True)
    )
