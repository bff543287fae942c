"""What it would be worth to know one parameter, from draws that are there: rank-based indices, narrowing, EVPPI.

Draws of a parameter are cut into bins of equal probability; a value that many draws share is a bin of its own. What a
bin's draws of a target show stands for what would be left if the parameter were known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.streams import TILE
from ctsim.summaries import REPLICATES

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BINS: Final = 32
COVERAGE: Final = (0.05, 0.95)
PARTS: Final = 4
"""Parts of the draws that an error comes from."""
_DEGREES: Final = 8
_SURE: Final = 3.0
"""Errors that a coefficient has to differ from 0 by to count."""
_FEWEST: Final = 8
_ROUNDING: Final = 1e-12
"""The share of the largest |y - t| below which a value of knowing is rounding."""
_FAR: Final = 4.0
"""Means of bins that lie so many times their errors apart are used as they are."""


@dataclass(frozen=True)
class Bins:
    """Draws of one parameter by bin: `order` sorts them by bin, then by value; bin b is order[starts[b]:starts[b + 1]].

    `position` is the middle of each bin in probability.
    """

    order: IntArray
    starts: IntArray
    position: FloatArray

    @cached_property
    def number(self) -> IntArray:
        """The bin of each draw."""
        found = np.empty(len(self.order), dtype=np.int64)
        found[self.order] = np.repeat(np.arange(len(self.position)), np.diff(self.starts))
        return found

    @property
    def weights(self) -> FloatArray:
        """The share of draws in each bin."""
        return np.diff(self.starts) / len(self.order)


def bins(x: FloatArray, count: int = BINS) -> Bins:
    """The bins of the draws `x` (n) of a parameter, at most `count`; equal draws are never parted."""
    order = np.argsort(x, kind="stable")
    ordered = x[order]
    wanted = np.arange(1, count) * len(x) // count
    ends = np.unique(np.concatenate([np.searchsorted(ordered, ordered[wanted], "left"),
                                     _after_atoms(ordered, wanted)]))  # fmt: skip
    starts = np.concatenate([[0], ends[(ends > 0) & (ends < len(x))], [len(x)]]).astype(np.int64)
    return Bins(order, starts, (starts[1:] + starts[:-1]) / (2 * len(x)))


def _after_atoms(ordered: FloatArray, wanted: IntArray) -> IntArray:
    """Where values end that more than one of the wanted ends fall on."""
    values, counts = np.unique(ordered[wanted], return_counts=True)
    return np.searchsorted(ordered, values[counts > 1], "right").astype(np.int64)


def correlation_ratio(y: FloatArray, parted: Bins) -> float:
    """First-order index from one sample: the variance of the bins' means over that of y, less what chance makes of it.

    McKay, "Evaluating prediction uncertainty", NUREG/CR-6311, 1995; with the correction of the adjusted R squared.
    Indices from neighbours in x (Gamboa and others, 2022) are wrong for Sobol' points, whose neighbours in one
    coordinate are far apart in the others. NaN for a constant.
    """
    centred = y - y.mean()
    whole = float((centred * centred).mean())
    if not whole > 0.0 or len(parted.position) >= len(y):
        return float("nan")
    sums = np.add.reduceat(centred[parted.order], parted.starts[:-1])
    between = float((sums * sums / np.diff(parted.starts)).sum()) / len(y)
    chance = (len(parted.position) - 1) / (len(y) - len(parted.position))
    return (between - (whole - between) * chance) / whole


def in_replicates(draws: int) -> IntArray:
    """The replicate of each of so many draws: those of tiles, or as many runs of draws where there are fewer tiles."""
    return np.arange(draws) // min(TILE, max(1, -(-draws // REPLICATES))) % REPLICATES


def jackknife(left: FloatArray) -> FloatArray:
    """Standard errors from estimates (replicate, ...) that leave out one replicate each.

    Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 9, 1981: on average not too small.
    """
    return np.asarray(np.sqrt((len(left) - 1) * left.var(axis=0)))


def correlation_ratio_error(y: FloatArray, parted: Bins, replicate: IntArray) -> float:
    """The Monte Carlo error of `correlation_ratio`, from leaving out one replicate at a time; the bins stay.

    What the bins themselves lose is no part of it.
    """
    centred = y - y.mean()
    sums, counts = _bin_sums(centred, parted, replicate)
    squares = np.bincount(replicate, centred * centred)
    counts, sums, squares = (one.sum(axis=0) - one for one in (counts, sums, squares))
    draws = counts.sum(axis=1)
    mean = sums.sum(axis=1) / draws
    between = (sums * sums / np.maximum(counts, 1)).sum(axis=1) / draws - mean * mean
    whole = squares / draws - mean * mean
    filled = (counts > 0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = (between - (whole - between) * (filled - 1) / (draws - filled)) / whole
    return float(jackknife(left))


def ranks_within(x: FloatArray, replicate: IntArray) -> FloatArray:
    """`ranks` of the draws of each replicate among themselves, where the draws stand."""
    found = np.empty(len(x))
    for number in range(int(replicate.max()) + 1):
        mine = replicate == number
        found[mine] = ranks(x[mine])
    return found


def correlation_error(x: FloatArray, y: FloatArray, replicate: IntArray) -> float:
    """The Monte Carlo error of a rank correlation from those of the replicates; x and y are their `ranks_within`.

    NaN where a replicate has too few draws for a rank correlation.
    """
    each = np.bincount(replicate, x * y)
    if len(x) < _FEWEST * len(each):
        return float("nan")
    return float(each.std(ddof=1) / np.sqrt(len(each)))


def ranks(x: FloatArray) -> FloatArray:
    """Ranks of the draws `x` (draw,), centred, as a vector of length 1; zeros for a constant.

    Equal draws share the middle of their ranks.
    """
    values, where, counts = np.unique(x, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    centred = middle[where] - (len(x) - 1) / 2
    length = float(np.sqrt((centred * centred).sum()))
    return np.asarray(centred / length) if length and len(values) > 1 else np.zeros(len(x))


def in_parts(x: FloatArray) -> list[Bins]:
    """The bins of all draws of a parameter, then those of `PARTS` parts of the draws, one after the other."""
    return [bins(x), *(bins(part) for part in np.array_split(x, PARTS))]


def narrowing(y: FloatArray, parted: Sequence[Bins], chance: FloatArray) -> tuple[float, float]:
    """How much narrower the 90 % interval of `y` is on average when a parameter is known, as a share; and its error.

    `parted`: its bins by `in_parts`; the error is that of the parts. Beside `chance`, the widths where nothing is known
    (`widths_by_chance`): few draws make an interval narrow. NaN for a width of 0.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 1.0 - _each(y, parted) / chance
    return float(found[0]), float(found[1:].std(ddof=1) / np.sqrt(PARTS))


def widths_by_chance(y: FloatArray, parted: Sequence[Bins]) -> FloatArray:
    """Widths left of all draws and of each part in bins of the same sizes that know nothing of the parameter."""
    return _each(y, [replace(one, order=one.order[_mixed(len(one.order))]) for one in parted])


def _mixed(size: int) -> IntArray:
    """The numbers 0 ... size - 1 in an order without any."""
    number = np.arange(size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (number ^ number >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
    return np.argsort(mixed ^ mixed >> np.uint64(32), kind="stable")


def _each(y: FloatArray, parted: Sequence[Bins]) -> FloatArray:
    each = [y, *np.array_split(y, PARTS)]
    return np.array([_width_left(draws, one) for draws, one in zip(each, parted, strict=True)])


def _width_left(y: FloatArray, parted: Bins) -> float:
    """The mean width of the 90 % interval of `y` in a parameter's bins.

    In each bin the line through its draws is taken off, so that bins need not be narrow.
    """
    sizes, ordered = np.diff(parted.starts), y[parted.order]
    if (sizes == sizes[0]).all():  # one array, where no value repeats
        parts = [ordered.reshape(len(sizes), -1)]
    else:
        parts = [one[None] for one in np.split(ordered, parted.starts[1:-1])]
    return sum(part.shape[1] * float(_widths(part).sum()) for part in parts) / len(y)


def _widths(y: FloatArray) -> FloatArray:
    """Widths of the 90 % intervals of rows, each in order of the parameter, less the line through it."""
    if y.shape[1] >= 3:
        place = np.arange(y.shape[1]) - (y.shape[1] - 1) / 2
        y = y - ((y * place).sum(axis=1) / (place * place).sum())[:, None] * place
    low, high = np.quantile(y, COVERAGE, axis=1)
    return np.asarray(high - low, dtype=np.float64)


def expected_values(y: FloatArray, parted: Bins, replicate: IntArray) -> FloatArray:
    """E[y | bin] of a parameter's bins, without what is only noise.

    Means of bins as they are where they differ by much more than their errors; else the polynomials in the parameter's
    probability, orthogonal over the bins, whose coefficients differ from 0 by three errors. Errors come from
    `replicate`, the number of each draw's.
    """
    return _expected(y, parted, replicate).known


@dataclass(frozen=True)
class _Expected:
    """E[y | bin] of all draws (bin), and without each replicate, smoothed in the same way (replicate, bin)."""

    known: FloatArray
    left: FloatArray
    weights_left: FloatArray


def _expected(y: FloatArray, parted: Bins, replicate: IntArray) -> _Expected:
    sums, counts = _bin_sums(y, parted, replicate)
    means, errors = _bin_means(sums, counts)
    weights = parted.weights
    overall: FloatArray = means.mean(axis=0)
    others = counts.sum(axis=0) - counts
    weights_left = others / others.sum(axis=1, keepdims=True)
    centre = float((weights * overall).sum())
    spread, noise = (float((weights * one * one).sum()) for one in (overall - centre, errors))
    if spread > _FAR * _FAR * noise:
        return _Expected(overall, (sums.sum(axis=0) - sums) / np.maximum(others, 1), weights_left)
    smooth = np.full(len(weights), centre)
    left = np.repeat(((sums.sum() - sums.sum(axis=1)) / others.sum(axis=1))[:, None], len(weights), axis=1)
    for one in _polynomials(parted)[1:]:
        each = (weights * one * means).sum(axis=1)
        error = float(each.std(ddof=1) / np.sqrt(len(each)))
        if abs(float(each.mean())) > _SURE * error:
            smooth += float(each.mean()) * one
            left += ((each.sum() - each) / (len(each) - 1))[:, None] * one
    return _Expected(smooth, left, weights_left)


def _bin_sums(y: FloatArray, parted: Bins, replicate: IntArray) -> tuple[FloatArray, IntArray]:
    """Sums of y and counts of draws (replicate, bin)."""
    shape = int(replicate.max()) + 1, len(parted.position)
    at, most = replicate * shape[1] + parted.number, shape[0] * shape[1]
    counts = np.bincount(at, minlength=most).astype(np.int64)
    return np.bincount(at, y, most).astype(np.float64).reshape(shape), counts.reshape(shape)


def _bin_means(sums: FloatArray, counts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Means (replicate, bin), and the error of their mean; a replicate without draws has the mean of all."""
    whole = sums.sum(axis=0) / counts.sum(axis=0)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), whole)
    means += whole - means.mean(axis=0)
    return means, means.std(axis=0, ddof=1) / np.sqrt(len(means))


def _polynomials(parted: Bins) -> list[FloatArray]:
    """Polynomials over the bins' positions, orthonormal for their weights."""
    weights, x = parted.weights, 2.0 * parted.position - 1.0
    found: list[FloatArray] = []
    for degree in range(min(_DEGREES + 1, len(x))):
        one = np.ones(len(x)) if degree == 0 else x * found[-1]
        for _ in range(2):  # once more for what rounding leaves
            for other in found:
                one = one - float((weights * one * other).sum()) * other
        length = float(np.sqrt((weights * one * one).sum()))
        if length < 1e-9:
            break
        found.append(one / length)
    return found


def perfect_information(y: FloatArray, replicate: IntArray, threshold: float) -> tuple[float, float]:
    """What knowing everything is worth: E[max(y - t, 0)] - max(E[y] - t, 0), in the unit of y; and its error.

    For the choice between doing something that gives y and costs t, and leaving it.
    """
    above = np.maximum(y - threshold, 0.0)
    value = float(above.mean()) - max(float(y.mean()) - threshold, 0.0)
    counts, gained, sums = (np.bincount(replicate, one) for one in (np.ones(len(y)), above, y - threshold))
    draws = counts.sum() - counts
    left = (gained.sum() - gained) / draws - np.maximum((sums.sum() - sums) / draws, 0.0)
    return value, float(jackknife(left))


def partial_information(y: FloatArray, parted: Bins, replicate: IntArray, threshold: float) -> tuple[float, float]:
    """EVPPI: what knowing one parameter is worth for that choice, in the unit of y, never below 0; and its error.

    E[max(E[y | x] - t, 0)] - max(E[y] - t, 0), see Strong, Oakley, Brennan, "Estimating multiparameter partial expected
    value of perfect information from a probabilistic sensitivity analysis sample", Medical Decision Making 34, 2014.
    """
    found = _expected(y, parted, replicate)
    value = float(_gain(found.known, parted.weights, threshold))
    error = float(jackknife(_gain(found.left, found.weights_left, threshold)))
    smallest = _ROUNDING * float(np.abs(y - threshold).max())
    return value if value > smallest else 0.0, error if error > smallest else 0.0


def _gain(known: FloatArray, weights: FloatArray, threshold: float) -> FloatArray:
    """What expected values (..., bin) are worth."""
    gain = (weights * np.maximum(known - threshold, 0.0)).sum(axis=-1)
    least = np.maximum((weights * known).sum(axis=-1) - threshold, 0.0)
    return np.asarray(np.maximum(gain - least, 0.0))
