"""From a state to statistics and their Monte Carlo errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.summaries.counting import BEYOND, carry, fold
from ctsim.summaries.reading import FEW, read
from ctsim.summaries.records import EVEN, QUANTILES, FloatArray, IntArray, Plan, State, Summary

_COVERED, _IN_ALL = 9, 10
_LOWER_ENDS: Final = np.linspace(0.0, 1.0 - _COVERED / _IN_ALL, 401)
_UNIT: Final = 1 << 1074
"""Sums are whole multiples of 1 / _UNIT, the smallest double."""


def finalize(plan: Plan, state: State, sample: FloatArray | None = None) -> Summary:
    """Statistics from a state; quantiles from `sample` (n, draws) itself where it is given: then they are exact."""
    fold(plan, state)
    n, q = plan.outputs, len(QUANTILES)
    good = state.not_finite == 0
    moments = np.full((n, 5), np.nan)
    quantiles, errors, shortest = np.full((n, q), np.nan), np.full((n, q), np.nan), np.full((n, 2), np.nan)
    sums = _whole_sums(state.digits)
    one_draw = 1.0 / np.maximum(state.finite.sum(axis=1), 1)[:, None]  # no share is surer than that
    share_errors = np.maximum(_share_errors(state.at_most, state.finite), one_draw)
    deviations = np.full((n, 1 + q, state.finite.shape[1]), np.nan)
    for i in np.flatnonzero(good).tolist():
        if (np.abs(state.digits[i, ..., -1]) < BEYOND // 2).all():  # else a power of a draw has no double
            means = _mean_deviations(sums[i][0], state.finite[i])
            moments[i] = _moments(sums[i], state.finite[i], plan.centre[i], plan.scale[i], means)
            deviations[i, 0] = means / plan.scale[i]
        inverse = _Sorted(sample[i]) if sample is not None else _Histogram(plan, state, i)
        quantiles[i], errors[i] = _read(inverse, share_errors[i])
        shortest[i] = inverse.shortest()
    with np.errstate(invalid="ignore", over="ignore"):  # draws that are not finite, or have no square
        deviations[:, 1:] = -_share_deviations(state.at_most, state.finite) * (errors / share_errors)[..., None]
    share, share_error = _shares(state.at_least, state.finite, good, plan.thresholds)
    mean, mcse, sd, sd_mcse, skewness = moments.T.copy()
    return Summary(
        draws=int(state.draws[0]), mean=mean, mcse=mcse, sd=sd, sd_mcse=sd_mcse, skewness=skewness,
        minimum=np.where(good, state.minimum + 0.0, np.nan), maximum=np.where(good, state.maximum + 0.0, np.nan),
        quantiles=quantiles, quantiles_mcse=errors, shortest=shortest, p_at_least=share, p_at_least_mcse=share_error,
        not_finite=state.not_finite, first_bad=np.where(good, -1, state.first_bad),
        deviations=deviations,
    )  # fmt: skip


# ---- moments


def exact_sum(digits: IntArray) -> Fraction:
    """The number that the digits of one sum stand for."""
    return Fraction(_whole_sums(digits[None, None, None])[0][0][0], _UNIT)


def _whole_sums(digits: IntArray) -> list[list[list[int]]]:
    """The sums (n, power, replicate) that digits (n, replicate, power, digit) stand for, in 1 / _UNIT."""
    digits = digits.copy()
    carry(digits)
    words, last = digits[..., :-1].astype("<u4"), digits[..., -1].tolist()
    above = 32 * words.shape[-1]
    return [
        [[int.from_bytes(words[i, r, power].tobytes(), "little") + (last[i][r][power] << above)
          for r in range(digits.shape[1])] for power in range(digits.shape[2])]
        for i in range(len(digits))
    ]  # fmt: skip


def _mean_deviations(sums: Sequence[int], counts: IntArray) -> FloatArray:
    """Mean of each replicate less that of all, in units of the scale; NaN where a replicate has no draws."""
    first, n = sum(sums), int(counts.sum())
    return np.array([(one * n - first * size) / (size * n * _UNIT) if size else math.nan
                     for one, size in zip(sums, counts.tolist(), strict=True)])  # fmt: skip


def _moments(
    sums: Sequence[Sequence[int]], counts: IntArray, centre: float, scale: float, means: FloatArray
) -> tuple[float, float, float, float, float]:
    """Mean, its error, standard deviation, its error, skewness, from the exact sums of one output's replicates.

    Fractions of whole numbers, each rounded once.
    """
    first, square, cube = (sum(one) for one in sums)
    n = int(counts.sum())
    mean = float(Fraction(float(centre)) + Fraction(first, n * _UNIT) / Fraction(float(scale)))
    sd = _deviation(first, square, n)
    if (counts == 0).any():
        mcse, sd_mcse = float(sd / np.sqrt(n)), float(sd / np.sqrt(2 * max(n - 1, 1)))
    else:
        sizes = counts.astype(float)
        parts = zip(sums[0], sums[1], counts.tolist(), strict=True)
        sds = np.array([_deviation(one, two, size) for one, two, size in parts])
        mcse, sd_mcse = (float(_spread_error(x, sizes)) for x in (means, sds - np.average(sds, weights=sizes)))
    return mean, mcse / scale, sd / scale, sd_mcse / scale, _skewness(first, square, cube, n)


def _deviation(first: int, square: int, n: int) -> float:
    """Standard deviation, in units of the scale, from sums of deviations and of their squares."""
    if n < 2:
        return 0.0
    spread = max(square * n * _UNIT - first * first, 0)
    return float(np.sqrt(spread / (_UNIT * _UNIT * n * (n - 1))))


def _skewness(first: int, square: int, cube: int, n: int) -> float:
    """Third central moment over the cube of the standard deviation, both with divisor n; NaN for a constant."""
    whole = n * _UNIT
    second = (square * whole - first * first) / whole**2
    third = (cube * whole**2 - 3 * first * square * whole + 2 * first**3) / whole**3
    return third / (second * math.sqrt(second)) if second > 0.0 else float("nan")  # not **: its bits differ by CPU


def _spread_error(deviations: FloatArray, sizes: FloatArray) -> FloatArray:
    """Standard error of a weighted mean of replicates from their deviations (..., replicate)."""
    summed = np.sum(sizes * deviations**2, axis=-1)
    error: FloatArray = np.sqrt(summed / ((deviations.shape[-1] - 1) * np.sum(sizes, axis=-1)))
    return error


# ---- shares


def _shares(
    hits: IntArray, counts: IntArray, good: npt.NDArray[np.bool_], thresholds: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share of draws at or above each threshold and its error; NaN where there is no threshold."""
    known = good[:, None] & np.isfinite(thresholds)
    share = hits.sum(axis=1) / np.maximum(counts.sum(axis=1), 1)[:, None]
    return np.where(known, share, np.nan), np.where(known, _share_errors(hits, counts), np.nan)


def _share_deviations(hits: IntArray, counts: IntArray) -> FloatArray:
    """Shares (n, mark, replicate) less those of all draws, from hits (n, replicate, mark) and counts (n, replicate)."""
    with np.errstate(invalid="ignore", divide="ignore"):  # outputs without draws
        share = hits.sum(axis=1) / counts.sum(axis=1)[:, None]
        each = np.ascontiguousarray(hits.swapaxes(1, 2)) / counts[:, None, :].astype(float)
        return np.asarray(each - share[..., None])


def _share_errors(hits: IntArray, counts: IntArray) -> FloatArray:
    """Errors (n, mark) of the shares of draws, from hits (n, replicate, mark) and counts (n, replicate)."""
    with np.errstate(invalid="ignore", divide="ignore"):  # outputs without draws
        n = counts.sum(axis=1)[:, None]
        share = hits.sum(axis=1) / n
        errors = _spread_error(_share_deviations(hits, counts), counts[:, None, :].astype(float))
        few = (counts == 0).any(axis=1)[:, None]
        return np.where(few, np.sqrt(share * (1 - share) / n), errors)


# ---- quantiles


class _Sorted:
    """Quantiles of a whole sample: of n sorted draws the one numbered ceil(q n)."""

    def __init__(self, sample: FloatArray) -> None:
        self.ordered = np.sort(sample) + 0.0  # no -0.0: where sorting puts it depends on the machine
        self.draws = len(sample)

    def __call__(self, ranks: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values at ranks, numbers of draws at or below them; by how many draws they may be wrong: none."""
        places = np.clip(np.ceil(ranks) - 1.0, 0, self.draws - 1).astype(np.int64)
        return self.ordered[places], np.zeros(len(ranks))

    def shortest(self) -> tuple[float, float]:
        """The first of the shortest intervals that hold 90 % of the draws, both ends among them."""
        inside = -(-self.draws * _COVERED // _IN_ALL)
        lows = self.ordered[: self.draws - inside + 1]
        highs = self.ordered[inside - 1 :]
        best = int(np.argmin(highs / 2 - lows / 2))  # halves: a width may be no double
        return float(lows[best]), float(highs[best])


class _Histogram:
    """Quantiles from bins (`reading`)."""

    def __init__(self, plan: Plan, state: State, i: int) -> None:
        low, high = int(plan.offsets[i]), int(plan.offsets[i + 1])
        counts = state.bins[low + i : high + i + 1]
        inner = np.clip(plan.edges[low:high], state.minimum[i], state.maximum[i])
        top = np.nextafter(state.maximum[i], np.inf)
        self.edges = np.concatenate(([state.minimum[i]], inner, [top])) + 0.0  # no -0.0, which depends on the order
        self.single = np.nextafter(self.edges[:-1], np.inf) >= self.edges[1:]
        self.cumulative = np.concatenate(([0.0], np.cumsum(counts)))
        self.draws = int(self.cumulative[-1])
        self.even = bool(plan.kind[i] == EVEN)

    def __call__(self, ranks: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values at ranks, numbers of draws at or below them; by how many draws they may be wrong inside a bin."""
        values, errors = np.empty(len(ranks)), np.empty(len(ranks))
        read(self.edges, self.single, self.cumulative, self.even, ranks, values, errors)
        return values, errors

    def shortest(self) -> tuple[float, float]:
        """The shortest of 401 intervals that hold 90 % of the draws; which one is seen well enough without `read`."""
        ranks = np.concatenate([_LOWER_ENDS, _LOWER_ENDS + _COVERED / _IN_ALL]) * self.draws
        bins = np.clip(np.searchsorted(self.cumulative, ranks) - 1, 0, len(self.single) - 1)
        low, high = self.edges[bins] / 2, self.edges[bins + 1] / 2  # halves: a width may be no double
        held = np.maximum(self.cumulative[bins + 1] - self.cumulative[bins], 1.0)
        part = np.clip((ranks - self.cumulative[bins]) / held, 0.0, 1.0)
        lows, highs = np.split(np.where(self.single[bins], low, low + part * (high - low)), 2)
        best = int(np.argmin(highs - lows))
        ends, _ = self(ranks[[best, best + len(lows)]])
        return float(ends[0]), float(ends[1])


def _read(inverse: _Sorted | _Histogram, share_errors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Quantiles and their errors.

    A quantile of share q is the smallest value that at least q of the draws do not exceed: at the end of an atom's
    ranks the atom. The errors of its share, by chance and inside its bin, make an error in value upwards and one
    downwards, which differ where the density has a kink; the quantile's error is their root mean square. What lies
    between two draws that are neighbours is chance, so an error of a few draws is seen over more of them, too.
    """
    ranks = np.rint(1000.0 * np.array(QUANTILES)) * inverse.draws / 1000.0  # exact where the rank is whole
    values, inside = inverse(ranks)
    apart = np.sqrt((share_errors * inverse.draws) ** 2 + inside**2)
    wide = np.maximum(apart, FEW)
    up, down = (
        np.maximum(*(np.abs(inverse(np.clip(ranks + sign * by, 0, inverse.draws))[0] - values) * (apart / by)
                     for by in (apart, wide)))
        for sign in (1, -1)
    )  # fmt: skip
    return values, _root_mean_square(up, down)


def _root_mean_square(one: FloatArray, other: FloatArray) -> FloatArray:
    """Of two arrays, without a square that leaves the range of doubles."""
    large, small = np.maximum(one, other), np.minimum(one, other)
    ratio = np.divide(small, large, out=np.zeros_like(large), where=large > 0)
    mean: FloatArray = large * np.sqrt((1.0 + ratio * ratio) / 2)
    return mean
