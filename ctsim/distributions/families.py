"""Every distribution a page may name: checks its arguments and makes the record."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ctsim import elementary
from ctsim.distributions.continuous import scipy_families, tabled
from ctsim.distributions.counts import MOST_ATOMS, RULES, counted
from ctsim.distributions.record import (
    NO_ATOMS,
    NO_TABLE,
    Interval,
    Quantiles,
    constant,
    flat,
    nothing_left,
    numbers,
    refuse,
    steps,
)
from ctsim.distributions.sampling import TRIANGULAR, FloatArray
from ctsim.distributions.shapes import EVERYTHING
from ctsim.errors import did_you_mean

_LARGEST: Final = 1e7
"""Largest shape argument passed to scipy, and the inverse of the smallest; `loc` and `scale` may be any number."""


def build(dist: str, arguments: Mapping[str, object], truncate: Interval | None = None) -> Quantiles:
    """The distribution `dist` with `arguments` by name, conditional on `truncate` = (low, high) where given.

    Raises InputError, without place and key, for arguments that no distribution has.
    """
    builder = _BUILDERS.get(dist)
    if builder is None:
        refuse(f"distribution '{dist}' is not known.{did_you_mean(dist, _BUILDERS)}")
    return builder(arguments, _interval(truncate))


# ---------------------------------------------------------------------------------------------------------- arguments
def _interval(truncate: Interval | None) -> Interval:
    if truncate is None:
        return EVERYTHING
    low, high = (float(end) for end in truncate)
    if not low < high:
        refuse(f"'truncate' needs a low end below its high end, got {low:g} and {high:g}")
    return low, high


def _numbers(arguments: Mapping[str, Any], *names: str) -> list[float]:
    """The arguments as finite floats, in the order of `names`."""
    _only(arguments, names)
    for name in names:
        number = arguments[name]
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            refuse(f"'{name}' must be a finite number, got {number}")
    return [float(arguments[name]) for name in names]


def _lists(arguments: Mapping[str, Any], *names: str) -> list[FloatArray]:
    """The arguments as arrays of one length of finite numbers."""
    _only(arguments, names)
    arrays = [np.asarray(arguments[name], dtype=np.float64) for name in names]
    first, second = (array.size for array in arrays)
    if any(array.ndim != 1 for array in arrays) or first != second or not first:
        refuse(f"'{names[0]}' and '{names[1]}' must be lists of one length, got {first} and {second}")
    if first > MOST_ATOMS:
        refuse(f"'{names[0]}' has more than {MOST_ATOMS:,} entries")
    for name, array in zip(names, arrays, strict=True):
        if not np.isfinite(array).all():
            refuse(f"'{name}' must be finite numbers")
    return arrays


def _only(arguments: Mapping[str, Any], names: Sequence[str]) -> None:
    if unknown := [name for name in arguments if name not in names]:
        refuse(f"'{unknown[0]}' is not an argument of this distribution.{did_you_mean(unknown[0], names)}")
    if missing := [name for name in names if arguments.get(name) is None]:
        refuse(f"'{missing[0]}' is missing")


def _positive(name: str, number: float) -> None:
    if not number > 0:
        refuse(f"'{name}' must be above 0, got {number:g}")


def _ordered(low: float, high: float, mode: float | None = None) -> None:
    if not low < high:
        refuse(f"'low' must be below 'high', got {low:g} and {high:g}")
    if mode is not None and not low <= mode <= high:
        refuse(f"'mode' must lie between 'low' and 'high', got {mode:g} outside {low:g} to {high:g}")
    if not math.isfinite(high - low):
        refuse(f"the distance from {low:g} to {high:g} is beyond the largest numbers")


def _overlap(cut: Interval, low: float, high: float) -> Interval:
    kept = max(low, cut[0]), min(high, cut[1])
    if not kept[0] < kept[1]:
        nothing_left(cut, low, high)
    return kept


# ------------------------------------------------------------------------------------------------------- closed forms
def _fixed(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    (value,) = _numbers(arguments, "value")
    if not cut[0] <= value <= cut[1]:
        nothing_left(cut, value, value)
    return constant(value)


def _uniform(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    low, high = _numbers(arguments, "low", "high")
    _ordered(low, high)
    return flat(*_overlap(cut, low, high))


def _triangular(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    low, mode, high = _numbers(arguments, "low", "mode", "high")
    _ordered(low, high, mode)
    kept = _overlap(cut, low, high)
    below = _triangle(low, mode, high, kept[0])
    above = _triangle(-high, -mode, -low, -kept[1])
    if not 1.0 - below - above > 0:
        nothing_left(cut, low, high)
    mean, sd = _triangle_moments(low, mode, high, kept)
    parameters = numbers(low, mode, high, below, above, *kept)
    return Quantiles(TRIANGULAR, parameters, NO_TABLE, *kept, mean, sd, NO_ATOMS)


def _triangle(low: float, mode: float, high: float, x: float) -> float:
    """CDF of a triangle at x; for its complement give everything negated."""
    if x <= low:
        return 0.0
    if x <= mode:
        return (x - low) / (high - low) * ((x - low) / (mode - low))
    return 1.0 - (high - x) / (high - low) * ((high - x) / (high - mode))


def _triangle_moments(low: float, mode: float, high: float, kept: Interval) -> Interval:
    """Mean and standard deviation of a triangle between the ends of `kept`: the density is two trapezoids."""
    pieces = []  # probability, mean and variance of each
    for start, end, foot in ((kept[0], min(mode, kept[1]), low), (max(mode, kept[0]), kept[1], high)):
        if start < end:
            a, b = abs((start - foot) / (mode - foot)), abs((end - foot) / (mode - foot))
            width, centre = end - start, (a + 2 * b) / (3 * (a + b))
            spread = (a * a + 4 * a * b + b * b) / (18 * (a + b) ** 2)
            pieces.append(((a + b) * (width / (high - low)), start + centre * width, spread * width * width))
    total = math.fsum(p for p, _, _ in pieces)
    mean = math.fsum(p * m for p, m, _ in pieces) / total
    return mean, math.sqrt(math.fsum(p * (v + (m - mean) ** 2) for p, m, v in pieces) / total)


# ------------------------------------------------------------------------------------------------------------- tables
def _normal(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    mean, sd = _numbers(arguments, "mean", "sd")
    _positive("sd", sd)
    return tabled("normal", (), mean, sd, cut)


def _truncated_normal(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    """`mean` and `sd` are those of the normal distribution before it is cut."""
    mean, sd, low, high = _numbers(arguments, "mean", "sd", "low", "high")
    _positive("sd", sd)
    _ordered(low, high)
    return tabled("normal", (), mean, sd, _overlap(cut, low, high))


def _lognormal(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    median, gsd = _numbers(arguments, "median", "gsd")
    _positive("median", median)
    if not gsd > 1:
        refuse(f"'gsd' must be above 1, got {gsd:g}")
    return tabled("lognormal", (elementary.log(gsd),), 0.0, median, cut)


def _beta(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    a, b, low, high = _numbers(arguments, "a", "b", "low", "high")
    _positive("a", a)
    _positive("b", b)
    _ordered(low, high)
    return tabled("beta", (a, b), low, high - low, _overlap(cut, low, high))


def _pert(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    """Beta with a = 1 + 4 (mode - low) / (high - low), b = 1 + 4 (high - mode) / (high - low)."""
    low, mode, high = _numbers(arguments, "low", "mode", "high")
    _ordered(low, high, mode)
    a, b = (1 + 4 * (way / (high - low)) for way in (mode - low, high - mode))
    return tabled("beta", (a, b), low, high - low, _overlap(cut, low, high))


# -------------------------------------------------------------------------------------------------------------- steps
def _choice(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    values, weights = _lists(arguments, "values", "weights")
    if (weights < 0).any():
        refuse(f"'weights' must not be negative, got {weights.min():g}")
    if not weights.max() > 0:
        refuse("'weights' are all zero")
    return _atoms(values, weights / weights.max(), cut)


def _bernoulli(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    (p,) = _numbers(arguments, "p")
    if not 0 <= p <= 1:
        refuse(f"'p' must lie between 0 and 1, got {p:g}")
    return _atoms(np.array([0.0, 1.0]), np.array([1.0 - p, p]), cut)


def _empirical(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    """The CDF is straight between the points (value, cumulative probability); a repeated value is an atom."""
    values, cumulative = _lists(arguments, "values", "probabilities")
    if not math.isfinite(float(values.max()) - float(values.min())):
        refuse("'values' reach beyond the largest numbers")
    if (np.diff(values) < 0).any():
        refuse("'values' must not decrease")
    if (np.diff(cumulative) < 0).any():
        refuse("'probabilities' are cumulative and must not decrease")
    if cumulative[0] != 0 or cumulative[-1] != 1:
        refuse(f"'probabilities' are cumulative, from 0 to 1, got {cumulative[0]:g} to {cumulative[-1]:g}")
    return _cells(values[:-1], values[1:], np.diff(cumulative), cut)


def _atoms(values: FloatArray, weights: FloatArray, cut: Interval) -> Quantiles:
    unique, index = np.unique(values, return_inverse=True)
    return _cells(unique, unique, np.bincount(index, weights).astype(np.float64), cut)


def _cells(left: FloatArray, right: FloatArray, weights: FloatArray, cut: Interval) -> Quantiles:
    """Cells of a piecewise linear CDF, each flat between its ends or an atom, cut to an interval."""
    start, end = np.maximum(left, cut[0]), np.minimum(right, cut[1])
    share = np.where(start <= end, 1.0, 0.0)
    np.divide(end - start, right - left, out=share, where=(right > left) & (start <= end))
    kept = weights * share > 0
    if not kept.any():
        nothing_left(cut, float(left[0]), float(right[-1]))
    return steps(start[kept], end[kept], (weights * share)[kept])


# -------------------------------------------------------------------------------------------------------------- scipy
def _scipy(arguments: Mapping[str, Any], cut: Interval) -> Quantiles:
    """Any univariate distribution of scipy.stats by name, with scipy's own arguments."""
    given = {name: argument for name, argument in arguments.items() if name != "name"}
    name = str(arguments.get("name", ""))
    family = scipy_families().get(name)
    if family is None:
        refuse(f"scipy.stats has no distribution '{name}'.{did_you_mean(name, scipy_families())}")
    try:
        return _of_family(name, family, given, cut)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        refuse(f"scipy.stats.{name} fails with these arguments: {error}")


def _of_family(name: str, family: Any, given: Mapping[str, Any], cut: Interval) -> Quantiles:
    discrete = not hasattr(family, "pdf")
    if discrete and name not in RULES:
        refuse(f"scipy.stats.{name} takes a list. Use 'choice' with its values and weights")
    shapes = [shape.strip() for shape in (family.shapes or "").split(",") if shape.strip()]
    placed: dict[str, Any] = {"loc": 0.0} if discrete else {"loc": 0.0, "scale": 1.0}
    values = _numbers(placed | dict(given), *shapes, *placed)
    for shape, value in zip(shapes, values, strict=False):
        if value and not 1 / _LARGEST <= abs(value) <= _LARGEST:
            refuse(f"'{shape}' = {value:g}: beyond {1 / _LARGEST:g} to {_LARGEST:g} scipy computes slowly or roughly")
    if math.isnan(family(*values).support()[0]):
        refuse(f"scipy.stats.{name} rejects " + ", ".join(f"{key} = {value}" for key, value in given.items()))
    if discrete:
        return _counts(name, family(*values[:-1]), tuple(values[:-1]), values[-1], cut)
    return tabled(f"scipy.stats.{name}", tuple(values[:-2]), values[-2], values[-1], cut)


def _counts(name: str, frozen: Any, shapes: tuple[float, ...], loc: float, cut: Interval) -> Quantiles:
    """A discrete distribution of scipy (`frozen`, without `loc`): every whole number that a word can reach."""
    support = tuple(float(end) for end in frozen.support())
    with np.errstate(all="ignore"):
        middle = min(max(float(frozen.ppf(0.5)), support[0]), support[1])
        if frozen.var() == 0:
            support = middle, middle
    low, high = np.ceil(max(support[0], cut[0] - loc)), np.floor(min(support[1], cut[1] - loc))
    if not low <= high:
        nothing_left(cut, support[0] + loc, support[1] + loc)
    start = min(max(middle, low), high)
    if not abs(start) + abs(loc) < 2**53:
        refuse("its values are beyond the whole numbers that can be told apart")
    if low == high:
        return constant(start + loc)
    first, last = (int(end) if math.isfinite(end) else None for end in (low, high))
    return counted(name, shapes, loc, int(start), first, last)


_BUILDERS: Final[dict[str, Callable[[Mapping[str, Any], Interval], Quantiles]]] = {
    "fixed": _fixed,
    "uniform": _uniform,
    "triangular": _triangular,
    "pert": _pert,
    "normal": _normal,
    "truncated_normal": _truncated_normal,
    "lognormal": _lognormal,
    "beta": _beta,
    "choice": _choice,
    "empirical": _empirical,
    "bernoulli": _bernoulli,
    "scipy": _scipy,
}
