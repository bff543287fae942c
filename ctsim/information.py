"""What it would be worth to know one parameter, from draws that are there: rank-based indices, narrowing, EVPPI.

Draws of a parameter are cut into bins of equal probability; a value that many draws share is a bin of its own. What a
bin's draws of a target show stands for what would be left if the parameter were known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BINS: Final = 32
COVERAGE: Final = (0.05, 0.95)
PARTS: Final = 4
"""Parts of the draws that an error comes from."""
_DEGREES: Final = 8
_SURE: Final = 3.0
"""Errors that a coefficient has to differ from 0 by to count."""
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
    means, errors = _bin_means(y, parted, replicate)
    weights = parted.weights
    overall: FloatArray = means.mean(axis=0)
    centre = float((weights * overall).sum())
    spread, noise = (float((weights * one * one).sum()) for one in (overall - centre, errors))
    if spread > _FAR * _FAR * noise:
        return overall
    smooth = np.full(len(weights), centre)
    for one in _polynomials(parted)[1:]:
        each = (weights * one * means).sum(axis=1)
        error = float(each.std(ddof=1) / np.sqrt(len(each)))
        if abs(float(each.mean())) > _SURE * error:
            smooth += float(each.mean()) * one
    return smooth


def _bin_means(y: FloatArray, parted: Bins, replicate: IntArray) -> tuple[FloatArray, FloatArray]:
    """Means (replicate, bin), and the error of their mean; a replicate without draws has the mean of all."""
    number = np.empty(len(y), dtype=np.int64)
    for b, (start, end) in enumerate(zip(parted.starts[:-1], parted.starts[1:], strict=True)):
        number[parted.order[start:end]] = b
    size = len(parted.position)
    replicates = int(replicate.max()) + 1
    at = replicate * size + number
    sums = np.bincount(at, y, replicates * size).reshape(replicates, size)
    counts = np.bincount(at, minlength=replicates * size).reshape(replicates, size)
    whole = sums.sum(axis=0) / counts.sum(axis=0)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), whole)
    means += whole - means.mean(axis=0)
    return means, means.std(axis=0, ddof=1) / np.sqrt(replicates)


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


def perfect_information(y: FloatArray, threshold: float) -> float:
    """What knowing everything is worth: E[max(y - t, 0)] - max(E[y] - t, 0), in the unit of y.

    For the choice between doing something that gives y and costs t, and leaving it.
    """
    return float(np.maximum(y - threshold, 0.0).mean()) - max(float(y.mean()) - threshold, 0.0)


def partial_information(y: FloatArray, parted: Bins, replicate: IntArray, threshold: float) -> float:
    """EVPPI: what knowing one parameter is worth for that choice, in the unit of y; never below 0.

    E[max(E[y | x] - t, 0)] - max(E[y] - t, 0), see Strong, Oakley, Brennan, "Estimating multiparameter partial expected
    value of perfect information from a probabilistic sensitivity analysis sample", Medical Decision Making 34, 2014.
    """
    known = expected_values(y, parted, replicate)
    gain = float((parted.weights * np.maximum(known - threshold, 0.0)).sum())
    return max(gain - max(float((parted.weights * known).sum()) - threshold, 0.0), 0.0)
