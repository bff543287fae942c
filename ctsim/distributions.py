"""Quantile functions: every distribution a page may name, as one record that a compiled loop can sample.

`build` turns a name and arguments into `Quantiles`; `fill` maps 64-bit words to values. One convention for all:
a word w stands for u = w / 2^64, and its value is the quantile of u. So values from one word are comonotone in every
distribution. u itself is never formed near 1: the top bit of the word picks the side, the other 63 bits (complemented
on the upper side) are the tail probability v in (0, 1/2], which keeps its precision down to 2^-64.

    FIXED, UNIFORM, TRIANGULAR    closed forms
    TABLE                         dyadic quantile table, see `_table`
    STEPS                         cells of a piecewise linear CDF: atoms (discrete distributions) and straight pieces

The sampling path has no libm call, no fma and no branch that a compiler could round differently: the same bits on
every CPU. Tables hold scipy's bits, which differ between CPUs: they are built once and then stored with the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any, Final, NoReturn

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.errors import InputError, did_you_mean

FloatArray = npt.NDArray[np.float64]
WordArray = npt.NDArray[np.uint64]
Interval = tuple[float, float]

FIXED: Final = 0
UNIFORM: Final = 1
TRIANGULAR: Final = 2
TABLE: Final = 3
STEPS: Final = 4

MOST_ATOMS: Final = 1_000_000
TOLERANCE: Final = 1e-9
"""Largest error of a table against scipy, relative to max(|quantile|, interquartile range)."""

EVERYTHING: Final[Interval] = (-math.inf, math.inf)
_NO_TABLE: Final = np.zeros(1)
_NO_ATOMS: Final = np.zeros((0, 2))


@dataclass(frozen=True, eq=False)
class Quantiles:
    """A distribution ready for `fill`.

    `low`, `high` are the ends of the support; `mean`, `sd` are None where they are infinite or not known; `atoms` is
    one row (value, probability) for each value that has a probability of its own. Arrays are not to be written to.
    """

    kind: int
    parameters: FloatArray
    table: FloatArray
    low: float
    high: float
    mean: float | None
    sd: float | None
    atoms: FloatArray

    def scaled(self, factor: float) -> Quantiles:
        """The distribution of `factor` times the value; still low for low words where `factor` is negative."""
        return _scaled(self, float(factor))


def build(dist: str, arguments: Mapping[str, object], truncate: Interval | None = None) -> Quantiles:
    """The distribution `dist` with `arguments` by name, conditional on `truncate` = (low, high) where given.

    Raises InputError, without place and key, for whatever no distribution has.
    """
    builder = _BUILDERS.get(dist)
    if builder is None:
        _refuse(f"distribution '{dist}' is not known.{did_you_mean(dist, _BUILDERS)}")
    return builder(dict(arguments), _interval(truncate))


def quantile(distribution: Quantiles, p: npt.ArrayLike, upper: bool = False) -> FloatArray:
    """The quantiles of the probabilities `p` in (0, 1), or of 1 - p with `upper`, through the same code as draws."""
    probabilities = np.atleast_1d(np.asarray(p, dtype=np.float64)).ravel()
    if not ((probabilities > 0) & (probabilities < 1)).all():
        raise ValueError("probabilities must lie strictly between 0 and 1")
    below = probabilities < 0.5
    tails = np.where(below, probabilities, 1.0 - probabilities)
    words = np.minimum(np.ldexp(tails, 64), np.nextafter(2.0**63, 0)).astype(np.uint64)
    words = np.where(below ^ upper, words, ~words)
    out = np.empty(len(words))
    fill(distribution.kind, distribution.parameters, distribution.table, words, out)
    return out.reshape(np.shape(p))


# ---------------------------------------------------------------------------------------------------------- sampling
_11: Final = np.uint64(11)
_12: Final = np.uint64(12)
_52: Final = np.uint64(52)
_63: Final = np.uint64(63)
_64: Final = np.uint64(64)
_NONE: Final = np.uint64(0)
_ONE: Final = np.uint64(0x3FF0000000000000)
_BIT: Final = np.uint64(1)

_OCTAVES: Final = 41
"""Octaves a side: tail probabilities from 2^-42 (2.3e-13) to 1/2; smaller ones are taken as 2^-42."""
_SMALLEST: Final = 2.0 ** (63 - _OCTAVES)
_EXPONENT: Final = np.uint64(1023 + 63 - _OCTAVES)
_SCALE: Final = 2.0**-64


@compiled
def fill(kind: int, parameters: FloatArray, table: FloatArray, words: WordArray, out: FloatArray) -> None:
    """Write the quantile of every word into `out`; `kind`, `parameters` and `table` are those of a `Quantiles`."""
    if kind == FIXED:
        out[:] = parameters[0]
    elif kind == UNIFORM:
        _fill_uniform(parameters, words, out)
    elif kind == TRIANGULAR:
        _fill_triangular(parameters, words, out)
    elif kind == TABLE:
        _fill_table(parameters, table, words, out)
    elif parameters[0] == 2.0 and parameters[2] == 0.0:
        _fill_two_atoms(table, words, out)
    else:
        _fill_steps(parameters, table, words, out)


@inlined
def _fill_uniform(parameters: FloatArray, words: WordArray, out: FloatArray) -> None:
    low, width = parameters[0], parameters[1]
    for i in range(len(words)):
        out[i] = low + width * _unit(words[i])


@inlined
def _fill_triangular(parameters: FloatArray, words: WordArray, out: FloatArray) -> None:
    """`parameters`: low, mode, high, probability cut off below and above, low and high end of what is kept."""
    low, mode, high, first, last = parameters[0], parameters[1], parameters[2], parameters[5], parameters[6]
    cut_below, cut_above = parameters[3], parameters[4]
    kept = 1.0 - cut_below - cut_above
    width = high - low
    below, above = (mode - low) / width, (high - mode) / width
    for i in range(len(words)):
        u = cut_below + kept * _unit(words[i])
        rest = cut_above + kept * _unit(~words[i])
        left = min(low + width * math.sqrt(u * below), mode)
        right = max(high - width * math.sqrt(rest * above), mode)
        out[i] = min(max(left if u < below else right, first), last)


@inlined
def _fill_table(parameters: FloatArray, table: FloatArray, words: WordArray, out: FloatArray) -> None:
    """`parameters`: shift, scale, low, high, mantissa bits a segment, segments a side."""
    shift, scale, low, high = parameters[0], parameters[1], parameters[2], parameters[3]
    bits = np.uint64(parameters[4])
    side = np.uint64(parameters[5])
    first = _EXPONENT << bits
    for i in range(len(words)):
        word = words[i]
        upper = word >> _63
        tail = np.float64(max(np.float64(np.int64(word ^ (_NONE - upper))), _SMALLEST)).view(np.uint64)
        segment = np.int64(np.uint64(6) * ((tail >> (_52 - bits)) - first + upper * side))
        t = np.uint64(((tail << (_12 + bits)) >> _12) | _ONE).view(np.float64) - 1.0
        z = table[segment + 4] + t * table[segment + 5]
        z = table[segment + 3] + t * z
        z = table[segment + 2] + t * z
        z = table[segment + 1] + t * z
        z = table[segment] + t * z
        out[i] = min(max(shift + scale * z, low), high)


@inlined
def _fill_two_atoms(table: FloatArray, words: WordArray, out: FloatArray) -> None:
    below, above, first, second = table[1], table[4], table[6], table[7]
    for i in range(len(words)):
        v = _tail(words[i])
        in_first = v >= above if words[i] >> _63 else v < below
        out[i] = first if in_first else second


@inlined
def _fill_steps(parameters: FloatArray, table: FloatArray, words: WordArray, out: FloatArray) -> None:
    """`table`: CDF and its complement at the n + 1 edges of the cells, their left and right values, the guide."""
    n = np.int64(parameters[0])
    guide_shift = _64 - np.uint64(parameters[1])
    cdf, complement = table[: n + 1], table[n + 1 : 2 * n + 2]
    left, right = table[2 * n + 2 : 3 * n + 2], table[3 * n + 2 : 4 * n + 2]
    guide = table[4 * n + 2 :]
    for i in range(len(words)):
        v = _tail(words[i])
        k = np.int64(guide[np.int64(words[i] >> guide_shift)])
        if words[i] >> _63:
            while v < complement[k + 1]:
                k += 1
            part = (v - complement[k + 1]) / (complement[k] - complement[k + 1])
            out[i] = right[k] - (right[k] - left[k]) * part
        else:
            while v >= cdf[k + 1]:
                k += 1
            out[i] = left[k] + (right[k] - left[k]) * ((v - cdf[k]) / (cdf[k + 1] - cdf[k]))


@inlined
def _unit(word: np.uint64) -> float:
    """The middle of the word's cell among 2^52 equal ones: strictly inside (0, 1), exact, and so is its complement."""
    return np.uint64((word >> _12) | _ONE).view(np.float64) - (1.0 - 2.0**-53)


@inlined
def _tail(word: np.uint64) -> float:
    """The tail probability v: word / 2^64 on the lower side, the complement's on the upper."""
    return np.float64(np.int64(word ^ (_NONE - (word >> _63)))) * _SCALE


# ------------------------------------------------------------------------------------------------------ closed forms
def _refuse(message: str) -> NoReturn:
    raise InputError(message)


def _interval(truncate: Interval | None) -> Interval:
    if truncate is None:
        return EVERYTHING
    low, high = (float(end) for end in truncate)
    if not low < high:
        _refuse(f"truncate needs a low end below its high end, got {low:g} and {high:g}")
    return low, high


def _numbers(arguments: Mapping[str, Any], *names: str) -> list[float]:
    """The arguments as finite floats, in the order of `names`; refuses missing, unknown and non-finite ones."""
    _only(arguments, names)
    numbers = [float(arguments[name]) for name in names]
    for name, number in zip(names, numbers, strict=True):
        if not math.isfinite(number):
            _refuse(f"'{name}' must be a finite number, got {number}")
    return numbers


def _only(arguments: Mapping[str, Any], names: Sequence[str]) -> None:
    if missing := [name for name in names if arguments.get(name) is None]:
        _refuse(f"'{missing[0]}' is missing")
    if unknown := [name for name in arguments if name not in names]:
        _refuse(f"'{unknown[0]}' is not an argument of this distribution.{did_you_mean(unknown[0], names)}")


def _parameters(*numbers: float) -> FloatArray:
    return np.array(numbers + (0.0,) * (8 - len(numbers)))


def _positive(name: str, number: float) -> None:
    if not number > 0:
        _refuse(f"'{name}' must be above 0, got {number:g}")


def _ordered(low: float, high: float, mode: float | None = None) -> None:
    if not low < high:
        _refuse(f"'low' must be below 'high', got {low:g} and {high:g}")
    if mode is not None and not low <= mode <= high:
        _refuse(f"'mode' must lie between 'low' and 'high', got {mode:g} outside {low:g} to {high:g}")
    if not math.isfinite(high - low):
        _refuse(f"{low:g} to {high:g} is too wide")


def _nothing_left(cut: Interval, low: float, high: float) -> NoReturn:
    _refuse(f"truncate = [{cut[0]:g}, {cut[1]:g}] leaves nothing of a distribution on {low:g} to {high:g}")


def _overlap(cut: Interval, low: float, high: float) -> Interval:
    kept = max(low, cut[0]), min(high, cut[1])
    if not kept[0] < kept[1]:
        _nothing_left(cut, low, high)
    return kept


def _fixed(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    (value,) = _numbers(arguments, "value")
    if not cut[0] <= value <= cut[1]:
        _nothing_left(cut, value, value)
    return _constant(value)


def _constant(value: float) -> Quantiles:
    atoms = np.array([[value, 1.0]])
    return Quantiles(FIXED, _parameters(value), _NO_TABLE, value, value, value, 0.0, atoms)


def _uniform(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    low, high = _numbers(arguments, "low", "high")
    _ordered(low, high)
    low, high = _overlap(cut, low, high)
    return _flat(low, high)


def _flat(low: float, high: float) -> Quantiles:
    width = high - low
    while low + width > high:  # by rounding
        width = math.nextafter(width, 0.0)
    mean, sd = low + width / 2, width / math.sqrt(12)
    return Quantiles(UNIFORM, _parameters(low, width), _NO_TABLE, low, high, mean, sd, _NO_ATOMS)


def _triangular(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    low, mode, high = _numbers(arguments, "low", "mode", "high")
    _ordered(low, high, mode)
    left, right = _overlap(cut, low, high)
    below = _triangle(low, mode, high, left)
    above = _triangle(-high, -mode, -low, -right)
    return _peak(low, mode, high, (left, right), (below, above))


def _triangle(low: float, mode: float, high: float, x: float) -> float:
    """CDF of a triangle at x; for its complement give everything negated."""
    if x <= low:
        return 0.0
    if x <= mode:
        return (x - low) / (high - low) * ((x - low) / (mode - low))
    return 1.0 - (high - x) / (high - low) * ((high - x) / (high - mode))


def _peak(low: float, mode: float, high: float, kept: Interval, cut_off: Interval) -> Quantiles:
    if not 1.0 - cut_off[0] - cut_off[1] > 0:
        _nothing_left(kept, low, high)
    mean, sd = _triangle_moments(low, mode, high, kept)
    return Quantiles(TRIANGULAR, _parameters(low, mode, high, *cut_off, *kept), _NO_TABLE, *kept, mean, sd, _NO_ATOMS)


def _triangle_moments(low: float, mode: float, high: float, kept: Interval) -> Interval:
    """Mean and standard deviation of a triangle between the ends of `kept`: exact for the linear density."""
    pieces = []  # probability, mean and variance of trapezoids
    for start, end, foot in ((kept[0], min(mode, kept[1]), low), (max(mode, kept[0]), kept[1], high)):
        if start < end:
            a, b = abs((start - foot) / (mode - foot)), abs((end - foot) / (mode - foot))
            width, s = end - start, (a + 2 * b) / (3 * (a + b))
            spread = (a * a + 4 * a * b + b * b) / (18 * (a + b) ** 2)
            pieces.append(((a + b) * width / (high - low), start + s * width, spread * width * width))
    total = math.fsum(p for p, _, _ in pieces)
    mean = math.fsum(p * m for p, m, _ in pieces) / total
    return mean, math.sqrt(math.fsum(p * (v + (m - mean) ** 2) for p, m, v in pieces) / total)


# ------------------------------------------------------------------------------------------------------------- steps
def _choice(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    _only(arguments, ("values", "weights"))
    values, weights = _pair(arguments, "weights")
    if (weights < 0).any():
        _refuse(f"'weights' must not be negative, got {weights.min():g}")
    if not weights.sum() > 0:
        _refuse("'weights' are all zero")
    return _atoms(values, weights, cut)


def _bernoulli(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    (p,) = _numbers(arguments, "p")
    if not 0 <= p <= 1:
        _refuse(f"'p' must lie between 0 and 1, got {p:g}")
    return _atoms(np.array([0.0, 1.0]), np.array([1.0 - p, p]), cut)


def _empirical(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    """Straight lines between the points (value, cumulative probability); a repeated value is an atom."""
    _only(arguments, ("values", "probabilities"))
    values, cumulative = _pair(arguments, "probabilities")
    if (np.diff(values) < 0).any():
        _refuse("'values' must not decrease")
    if (np.diff(cumulative) < 0).any():
        _refuse("'probabilities' are cumulative and must not decrease")
    if len(values) < 2 or cumulative[0] != 0 or cumulative[-1] != 1:
        _refuse("'probabilities' are cumulative and must go from 0 to 1")
    return _cells(values[:-1], values[1:], np.diff(cumulative), cut)


def _pair(arguments: Mapping[str, Any], second: str) -> tuple[FloatArray, FloatArray]:
    values, others = (np.asarray(arguments[name], dtype=np.float64) for name in ("values", second))
    if values.ndim != 1 or values.shape != others.shape or not len(values):
        _refuse(f"'values' and '{second}' must be lists of one length, got {values.size} and {others.size}")
    if len(values) > MOST_ATOMS:
        _refuse(f"more than {MOST_ATOMS:,} values")
    if not (np.isfinite(values).all() and np.isfinite(others).all()):
        _refuse(f"'values' and '{second}' must be finite numbers")
    return values, others


def _atoms(values: FloatArray, weights: FloatArray, cut: Interval) -> Quantiles:
    unique, index = np.unique(values, return_inverse=True)
    return _cells(unique, unique, np.bincount(index, weights), cut)


def _cells(left: FloatArray, right: FloatArray, weights: FloatArray, cut: Interval) -> Quantiles:
    """Cells of a piecewise linear CDF, cut to an interval and normalised."""
    inside = (left <= cut[1]) & (right >= cut[0]) & (weights > 0)
    start, end = np.maximum(left, cut[0]), np.minimum(right, cut[1])
    flat = right > left
    share = np.divide(end - start, right - left, out=inside.astype(float), where=flat)
    weights = np.where(inside, weights * share, 0.0)
    kept = weights > 0
    if not kept.any():
        _nothing_left(cut, float(left[0]), float(right[-1]))
    return _steps(start[kept], end[kept], weights[kept])


def _steps(left: FloatArray, right: FloatArray, weights: FloatArray) -> Quantiles:
    if len(left) == 1:
        return _constant(float(left[0])) if left[0] == right[0] else _flat(float(left[0]), float(right[0]))
    total = weights.sum()
    cdf = np.append(0.0, np.cumsum(weights) / total)
    complement = np.append(np.cumsum(weights[::-1])[::-1] / total, 0.0)
    cdf[-1] = complement[0] = 1.0
    return _stepped(cdf, complement, left, right)


def _stepped(cdf: FloatArray, complement: FloatArray, left: FloatArray, right: FloatArray) -> Quantiles:
    bits, guide = _guide(cdf, complement)
    probabilities = np.where(cdf[1:] <= 0.5, np.diff(cdf), -np.diff(complement))
    jump = left == right
    middle = left + (right - left) / 2
    mean = float((probabilities * middle).sum())
    variance = float((probabilities * ((middle - mean) ** 2 + (right - left) ** 2 / 12)).sum())
    return Quantiles(
        STEPS,
        _parameters(len(left), bits, float(not jump.all())),
        np.concatenate([cdf, complement, left, right, guide]),
        float(left[0]),
        float(right[-1]),
        mean,
        math.sqrt(variance),
        np.column_stack([left[jump], probabilities[jump]]),
    )


def _guide(cdf: FloatArray, complement: FloatArray) -> tuple[int, FloatArray]:
    """For each of 2^bits equal parts of (0, 1) the first cell that a word in it can have."""
    bits = max(1, math.ceil(math.log2(len(cdf))))
    edges = np.arange(2 ** (bits - 1)) / 2.0**bits
    lower = np.searchsorted(cdf[1:], edges, side="right")
    upper = np.searchsorted(-complement[1:], edges - 0.5, side="left")  # these parts begin at u = edge + 1/2
    return bits, np.concatenate([lower, upper]).astype(np.float64)


# ------------------------------------------------------------------------------------------------------------- tables
@dataclass(frozen=True)
class _Shape:
    """A standardised continuous distribution: quantiles by lower and by upper tail probability, CDF and complement."""

    ppf: Callable[[FloatArray], FloatArray]
    isf: Callable[[FloatArray], FloatArray]
    cdf: Callable[[float], float]
    sf: Callable[[float], float]
    low: float
    high: float
    mean: float | None
    sd: float | None


def _normal(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    mean, sd = _numbers(arguments, "mean", "sd")
    _positive("sd", sd)
    return _tabled("normal", (), mean, sd, cut)


def _truncated_normal(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    mean, sd, low, high = _numbers(arguments, "mean", "sd", "low", "high")
    _positive("sd", sd)
    _ordered(low, high)
    return _tabled("normal", (), mean, sd, _overlap(cut, low, high))


def _lognormal(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    median, gsd = _numbers(arguments, "median", "gsd")
    _positive("median", median)
    if not gsd > 1:
        _refuse(f"'gsd' must be above 1, got {gsd:g}")
    return _tabled("lognormal", (math.log(gsd),), 0.0, median, cut)


def _beta(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    a, b, low, high = _numbers(arguments, "a", "b", "low", "high")
    _positive("a", a)
    _positive("b", b)
    _ordered(low, high)
    return _tabled("beta", (a, b), low, high - low, _overlap(cut, low, high))


def _pert(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    """The beta distribution with shape 1 + 4 (mode - low) / (high - low) and its mirror image."""
    low, mode, high = _numbers(arguments, "low", "mode", "high")
    _ordered(low, high, mode)
    a, b = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    return _tabled("beta", (a, b), low, high - low, _overlap(cut, low, high))


def _tabled(name: str, shape: tuple[Any, ...], shift: float, scale: float, cut: Interval) -> Quantiles:
    """`shift` + `scale` times a standardised shape, cut to an interval."""
    standard = ((cut[0] - shift) / scale, (cut[1] - shift) / scale)
    base = _shape(name, shape)
    if standard[0] <= base.low and standard[1] >= base.high:
        standard = EVERYTHING
    table, bits, mean, sd = _standard_table(name, shape, standard)
    low, high = max(cut[0], shift + scale * base.low), min(cut[1], shift + scale * base.high)
    if not math.isfinite(shift + scale * float(np.abs(table[::6]).max())):
        _refuse("the distribution reaches beyond the largest numbers")
    numbers = _parameters(shift, scale, low, high, bits, len(table) // 12)
    return Quantiles(TABLE, numbers, table, low, high, _moved(mean, shift, scale), _moved(sd, 0, scale), _NO_ATOMS)


def _moved(moment: float | None, shift: float, scale: float) -> float | None:
    moved = None if moment is None else shift + scale * moment
    return moved if moved is not None and math.isfinite(moved) else None


@cache
def _shape(name: str, shape: tuple[Any, ...]) -> _Shape:
    return {"normal": _normal_shape, "lognormal": _lognormal_shape, "beta": _beta_shape}.get(
        name, lambda *_: _scipy_shape(name, shape)
    )(*shape)


def _normal_shape() -> _Shape:
    from scipy.special import ndtr, ndtri

    return _Shape(ndtri, lambda v: -ndtri(v), ndtr, lambda x: ndtr(-x), *EVERYTHING, 0.0, 1.0)


def _lognormal_shape(sigma: float) -> _Shape:
    """With median 1; `sigma` is the standard deviation of the logarithm."""
    from scipy.special import ndtr, ndtri

    def z(x: float) -> float:
        return math.log(x) / sigma if x > 0 else -math.inf

    with np.errstate(over="ignore"):
        mean = float(np.exp(sigma**2 / 2))
        sd = mean * float(np.sqrt(np.expm1(sigma**2)))
    return _Shape(
        lambda v: np.exp(sigma * ndtri(v)),
        lambda v: np.exp(-sigma * ndtri(v)),
        lambda x: ndtr(z(x)),
        lambda x: ndtr(-z(x)),
        0.0,
        math.inf,
        mean,
        sd,
    )


def _beta_shape(a: float, b: float) -> _Shape:
    from scipy.special import betainc, betaincc, betainccinv, betaincinv

    return _Shape(
        lambda v: betaincinv(a, b, v),
        lambda v: betainccinv(a, b, v),
        lambda x: betainc(a, b, min(max(x, 0.0), 1.0)),
        lambda x: betaincc(a, b, min(max(x, 0.0), 1.0)),
        0.0,
        1.0,
        a / (a + b),
        math.sqrt(a * b / (a + b + 1)) / (a + b),
    )


_Tails = tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]


def _tails(shape: _Shape, cut: Interval) -> _Tails:
    """Quantiles of the shape cut to an interval, by lower and by upper tail probability in (0, 1/2].

    The probability between the ends is taken on the side where it has most digits.
    """
    if cut == EVERYTHING:
        return shape.ppf, shape.isf
    below, above = (float(shape.cdf(end)) for end in cut)
    over, beyond = (float(shape.sf(end)) for end in cut)
    kept = above - below if above <= 0.5 else over - beyond if over <= 0.5 else 1.0 - below - beyond
    if not kept > 0:
        _nothing_left(cut, shape.low, shape.high)

    def lower(v: FloatArray) -> FloatArray:
        return shape.ppf(below + kept * v) if below <= 0.5 else shape.isf(over - kept * v)

    def upper(v: FloatArray) -> FloatArray:
        return shape.isf(beyond + kept * v) if beyond <= 0.5 else shape.ppf(above - kept * v)

    return lower, upper


@lru_cache(maxsize=1024)
def _standard_table(
    name: str, shape: tuple[Any, ...], cut: Interval
) -> tuple[FloatArray, int, float | None, float | None]:
    """The dyadic quantile table, its mantissa bits, mean and standard deviation.

    One segment for every octave of the tail probability and every value of its first mantissa bits (4, more where the
    check asks for it); in each a polynomial of degree 5 in the rest of the mantissa. The lower side comes first; after
    its last segment, and after that of the upper side, one constant for v = 1/2.
    """
    base = _shape(name, shape)
    tails = _tails(base, cut)
    with np.errstate(all="ignore"):
        for bits in (4, 5, 6, 7):
            lower, upper = (_side(tail, bits) for tail in tails)
            scale = float(_at(upper, 0.25, bits) - _at(lower, 0.25, bits))
            worst = max(_worst(tail, side, bits, scale) for tail, side in zip(tails, (lower, upper), strict=True))
            if worst <= TOLERANCE:
                break
        else:
            label = name.removeprefix("scipy:")
            _refuse(f"{label}: no table of its quantiles is accurate (error {worst:.1e}, {TOLERANCE:.0e} is allowed)")
    mean, sd = (base.mean, base.sd) if cut == EVERYTHING else _table_moments(lower, upper, bits)
    return np.concatenate([lower, upper]).ravel(), bits, mean, sd


_NODES: Final = (0.0, 3 / 32, 11 / 32, 21 / 32, 29 / 32, 1.0)
"""Where a segment's polynomial meets the quantile function: near the Chebyshev points, in exact binary."""
_BETWEEN: Final = (3 / 64, 7 / 32, 1 / 2, 25 / 32, 61 / 64)
"""Where it is compared with it."""


@cache
def _to_powers() -> FloatArray:
    """Values at `_NODES` to coefficients of powers: exact fractions, rounded once, the same on every machine."""
    nodes = [Fraction(node) for node in _NODES]
    rows = []
    for i, node in enumerate(nodes):
        powers = [Fraction(1)]
        for other in nodes[:i] + nodes[i + 1 :]:
            powers = [
                (a - b * other) / (node - other) for a, b in zip([Fraction(0), *powers], [*powers, 0], strict=True)
            ]
        rows.append([float(power) for power in powers])
    return np.array(rows)


@cache
def _starts(bits: int) -> tuple[FloatArray, FloatArray]:
    """Left end and width, in tail probability, of every segment of a side."""
    octave = np.repeat(np.ldexp(1.0, np.arange(-1 - _OCTAVES, -1)), 2**bits)
    width = octave / 2**bits
    return octave + width * np.tile(np.arange(2**bits), _OCTAVES), width


def _side(tail: Callable[[FloatArray], FloatArray], bits: int) -> FloatArray:
    """Coefficients (segments + 1, 6) of one side."""
    left, width = _starts(bits)
    values = np.asarray(tail(left[:, None] + width[:, None] * np.array(_NODES[:-1])), dtype=np.float64)
    ends = np.append(values[1:, 0], np.asarray(tail(np.array([0.5])), dtype=np.float64))
    if not (np.isfinite(values).all() and np.isfinite(ends).all()):
        _refuse("quantiles are not finite: arguments out of range, or tails beyond the largest numbers")
    steps = np.column_stack([values, ends]) - values[:, :1]
    coefficients = sum(steps[:, i, None] * weights for i, weights in enumerate(_to_powers()))
    last = np.array([[ends[-1], 0.0, 0.0, 0.0, 0.0, 0.0]])
    coefficients[:, 0] = values[:, 0]
    return np.vstack([coefficients, last])


def _at(side: FloatArray, v: float, bits: int) -> float:
    """The table's value at the left end of the segment that starts with `v`."""
    return float(side[int(np.searchsorted(_starts(bits)[0], v)), 0])


def _worst(tail: Callable[[FloatArray], FloatArray], side: FloatArray, bits: int, scale: float) -> float:
    """Largest error between the nodes, relative to max(|quantile|, interquartile range)."""
    left, width = _starts(bits)
    t = np.array(_BETWEEN)
    exact = np.asarray(tail(left[:, None] + width[:, None] * t), dtype=np.float64)
    segments = side[:-1, :, None]
    table = segments[:, 5] * t
    for k in (4, 3, 2, 1):
        table = (table + segments[:, k]) * t
    error = np.abs(table + segments[:, 0] - exact) / np.maximum(np.abs(exact), abs(scale))
    return float(np.nan_to_num(error, nan=math.inf).max())


def _table_moments(lower: FloatArray, upper: FloatArray, bits: int) -> tuple[float | None, float | None]:
    """Mean and standard deviation of what the table gives; exact integrals of its polynomials."""
    _, width = _starts(bits)
    sides = lower[:-1], upper[:-1]
    rest = math.ldexp(1.0, -1 - _OCTAVES)  # below the first segment the first value holds
    power = np.arange(1, 7)
    mean = sum(float((width * (c / power).sum(axis=1)).sum()) + rest * float(c[0, 0]) for c in sides)
    square = 0.0
    for c in sides:
        centred = c - np.array([mean, 0, 0, 0, 0, 0])
        products = centred[:, :, None] * centred[:, None, :] / (power[:, None] + power - 1)
        square += float((width * products.sum(axis=(1, 2))).sum()) + rest * float(centred[0, 0]) ** 2
    return mean, math.sqrt(square)


# -------------------------------------------------------------------------------------------------------------- scipy
def _scipy(arguments: dict[str, Any], cut: Interval) -> Quantiles:
    """Any univariate distribution of scipy.stats by name, with scipy's own arguments."""
    name = str(arguments.pop("name", ""))
    family = _scipy_families().get(name)
    if family is None:
        _refuse(f"scipy.stats has no distribution '{name}'.{did_you_mean(name, _scipy_families())}")
    shapes = [shape.strip() for shape in (family.shapes or "").split(",") if shape.strip()]
    discrete = not hasattr(family, "pdf")
    numbers = _numbers(
        {"loc": 0.0} | ({} if discrete else {"scale": 1.0}) | arguments, *shapes, "loc", *_scale(discrete)
    )
    if math.isnan(float(family(*numbers).ppf(0.5))):
        _refuse(f"scipy.stats.{name} rejects {', '.join(f'{k} = {v:g}' for k, v in arguments.items())}")
    if discrete:
        return _scipy_atoms(family(*numbers), cut)
    return _tabled(f"scipy:{name}", tuple(numbers[:-2]), numbers[-2], numbers[-1], cut)


def _scale(discrete: bool) -> tuple[str, ...]:
    return () if discrete else ("scale",)


@cache
def _scipy_families() -> dict[str, Any]:
    from scipy import stats

    kinds = stats.rv_continuous, stats.rv_discrete
    return {name: family for name, family in vars(stats).items() if isinstance(family, kinds)}


def _scipy_shape(name: str, shape: tuple[float, ...]) -> _Shape:
    frozen = _scipy_families()[name.removeprefix("scipy:")](*shape)
    mean, sd = float(frozen.mean()), float(frozen.std())
    return _Shape(
        frozen.ppf,
        frozen.isf,
        frozen.cdf,
        frozen.sf,
        *(float(end) for end in frozen.support()),
        mean if math.isfinite(mean) else None,
        sd if math.isfinite(sd) else None,
    )


def _scipy_atoms(frozen: Any, cut: Interval) -> Quantiles:
    """A discrete distribution of scipy: every integer but those in tails of about 1e-16."""
    low, high = (float(end) for end in frozen.support())
    low, high = max(low, cut[0], float(frozen.ppf(1e-17))), min(high, cut[1], float(frozen.ppf(1 - 2e-16)))
    if high - low >= MOST_ATOMS:
        _refuse(f"more than {MOST_ATOMS:,} values; truncate it")
    if not low <= high:
        _nothing_left(cut, *(float(end) for end in frozen.support()))
    values = np.arange(math.ceil(low), math.floor(high) + 1, dtype=np.float64)
    if not len(values) or not frozen.pmf(values).sum() > 0:
        _nothing_left(cut, *(float(end) for end in frozen.support()))
    return _atoms(values, frozen.pmf(values), EVERYTHING)


# ------------------------------------------------------------------------------------------------------------- scaled
def _scaled(q: Quantiles, factor: float) -> Quantiles:
    if not math.isfinite(factor):
        _refuse(f"the factor must be a finite number, got {factor}")
    if factor == 0 or q.kind == FIXED:
        return _constant(factor * q.parameters[0] if factor else 0.0)
    if factor < 0:
        q = _mirrored(q)
    return _stretched(q, abs(factor))


def _stretched(q: Quantiles, factor: float) -> Quantiles:
    """`factor` is above 0."""
    if q.kind == UNIFORM:
        return _flat(q.low * factor, q.high * factor)
    parameters, table = q.parameters.copy(), q.table
    if q.kind == TRIANGULAR:
        parameters[[0, 1, 2, 5, 6]] *= factor
    elif q.kind == TABLE:
        parameters[:4] *= factor
    else:
        n = int(parameters[0])
        table = table.copy()
        table[2 * n + 2 : 4 * n + 2] *= factor
    return replace(
        q,
        parameters=parameters,
        table=table,
        low=q.low * factor,
        high=q.high * factor,
        mean=_moved(q.mean, 0.0, factor),
        sd=_moved(q.sd, 0.0, factor),
        atoms=q.atoms * (factor, 1.0),
    )


def _mirrored(q: Quantiles) -> Quantiles:
    """The distribution of minus the value."""
    p, table = q.parameters, q.table
    if q.kind == UNIFORM:
        return _flat(-q.high, -q.low)
    if q.kind == TRIANGULAR:
        p = _parameters(-p[2], -p[1], -p[0], p[4], p[3], -p[6], -p[5])
    elif q.kind == TABLE:
        half = len(table) // 2
        p = _parameters(-p[0], -p[1], -p[3], -p[2], p[4], p[5])
        table = np.concatenate([table[half:], table[:half]])
    else:
        n = int(p[0])
        cdf, complement, ends = table[: n + 1], table[n + 1 : 2 * n + 2], table[2 * n + 2 : 4 * n + 2]
        return _stepped(complement[::-1], cdf[::-1], -ends[n:][::-1], -ends[:n][::-1])
    return replace(
        q,
        parameters=p,
        table=table,
        low=-q.high,
        high=-q.low,
        mean=None if q.mean is None else -q.mean,
        atoms=q.atoms[::-1] * (-1.0, 1.0),
    )


_BUILDERS: Final[dict[str, Callable[[dict[str, Any], Interval], Quantiles]]] = {
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
