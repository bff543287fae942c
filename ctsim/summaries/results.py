"""From a state to statistics and their Monte Carlo errors."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.summaries.counting import BEYOND, fold
from ctsim.summaries.records import EVEN, QUANTILES, REPLICATES, FloatArray, IntArray, Plan, State, Summary

COVERAGE: Final = 0.9
_BISECTIONS: Final = 60


def finalize(plan: Plan, state: State, sample: FloatArray | None = None) -> Summary:
    """Statistics from a state; quantiles from `sample` (n, draws) itself where it is given: then they are exact."""
    fold(plan, state)
    n, q = plan.outputs, len(QUANTILES)
    good = state.not_finite == 0
    moments = np.full((n, 5), np.nan)
    quantiles, errors, shortest = np.full((n, q), np.nan), np.full((n, q), np.nan), np.full((n, 2), np.nan)
    for i in np.flatnonzero(good).tolist():
        moments[i] = _moments(state.digits[i], state.finite[i], plan.centre[i], plan.scale[i])
        inverse = _Sorted(sample[i]) if sample is not None else _Histogram(plan, state, i)
        quantiles[i] = inverse(np.array(QUANTILES))
        errors[i] = _quantile_errors(inverse, state.at_most[i], state.finite[i])
        shortest[i] = _shortest(inverse)
    share, share_error = _shares(state.at_least, state.finite, good, plan.thresholds)
    mean, mcse, sd, sd_mcse, skewness = moments.T.copy()
    return Summary(
        draws=int(state.draws[0]), mean=mean, mcse=mcse, sd=sd, sd_mcse=sd_mcse, skewness=skewness,
        minimum=np.where(good, state.minimum + 0.0, np.nan), maximum=np.where(good, state.maximum + 0.0, np.nan),
        quantiles=quantiles, quantiles_mcse=errors, shortest=shortest, p_at_least=share, p_at_least_mcse=share_error,
        not_finite=state.not_finite, first_bad=np.where(good, -1, state.first_bad),
    )  # fmt: skip


# ---- moments


def exact_sum(digits: IntArray) -> Fraction:
    """The number that the digits of one sum stand for."""
    total = sum(int(digits[position]) << (32 * position) for position in np.flatnonzero(digits).tolist())
    return Fraction(total, 1 << 1074)


def _moments(
    digits: IntArray, counts: IntArray, centre: float, scale: float
) -> tuple[float, float, float, float, float]:
    """Mean, its error, standard deviation, its error, skewness, from the exact sums of one output's replicates.

    NaN where a draw lies so far beyond the pilot that a power of it has no double.
    """
    if (np.abs(digits[..., -1]) >= BEYOND // 2).any():
        return np.nan, np.nan, np.nan, np.nan, np.nan
    sums = [[exact_sum(digits[r, power]) for r in range(REPLICATES)] for power in range(digits.shape[1])]
    first, square, cube = (sum(one, Fraction(0)) for one in sums)
    n = int(counts.sum())
    overall = first / n
    mean = float(Fraction(float(centre)) + overall / Fraction(float(scale)))
    sd = _deviation(first, square, n)
    if (counts == 0).any():
        mcse, sd_mcse = float(sd / np.sqrt(n)), float(sd / np.sqrt(2 * max(n - 1, 1)))
    else:
        sizes = counts.astype(float)
        means = np.array([float(one / int(size) - overall) for one, size in zip(sums[0], counts, strict=True)])
        parts = zip(sums[0], sums[1], counts, strict=True)
        sds = np.array([_deviation(one, two, int(size)) for one, two, size in parts])
        mcse, sd_mcse = _spread_error(means, sizes), _spread_error(sds - np.average(sds, weights=sizes), sizes)
    return mean, mcse / scale, sd / scale, sd_mcse / scale, _skewness(first, square, cube, n)


def _deviation(first: Fraction, square: Fraction, n: int) -> float:
    """Standard deviation, in units of the scale, from sums of deviations and of their squares."""
    if n < 2:
        return 0.0
    variance = (square - first * first / n) / (n - 1)
    return float(np.sqrt(float(max(variance, Fraction(0)))))


def _skewness(first: Fraction, square: Fraction, cube: Fraction, n: int) -> float:
    """Third central moment over the cube of the standard deviation, both with divisor n; NaN for a constant."""
    mean = first / n
    second = float(square / n - mean * mean)
    third = float(cube / n - 3 * mean * square / n + 2 * mean**3)
    return third / second**1.5 if second > 0.0 else float("nan")


def _spread_error(deviations: FloatArray, sizes: FloatArray) -> float:
    """Standard error of a weighted mean of replicates from their deviations."""
    return float(np.sqrt(np.sum(sizes * deviations**2) / ((len(deviations) - 1) * np.sum(sizes))))


# ---- shares


def _shares(
    hits: IntArray, counts: IntArray, good: npt.NDArray[np.bool_], thresholds: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share of draws at or above each threshold and its error; NaN where there is no threshold."""
    share, error = np.full(thresholds.shape, np.nan), np.full(thresholds.shape, np.nan)
    for i, h in zip(*np.nonzero(good[:, None] & np.isfinite(thresholds)), strict=True):
        share[i, h] = hits[i, :, h].sum() / max(int(counts[i].sum()), 1)
        error[i, h] = _share_error(hits[i, :, h], counts[i])
    return share, error


def _share_error(hits: IntArray, counts: IntArray) -> float:
    n = counts.sum()
    share = hits.sum() / n
    if (counts == 0).any():
        return float(np.sqrt(share * (1 - share) / n))
    return _spread_error(hits / counts - share, counts.astype(float))


# ---- quantiles


class _Sorted:
    """Quantiles of a whole sample."""

    def __init__(self, sample: FloatArray) -> None:
        self.ordered = np.sort(sample)

    def __call__(self, shares: FloatArray) -> FloatArray:
        return np.asarray(np.quantile(self.ordered, shares))


class _Histogram:
    """Quantiles from bins: exact in a bin that holds one value, else by a cubic through four counts, else linear."""

    def __init__(self, plan: Plan, state: State, i: int) -> None:
        low, high = int(plan.offsets[i]), int(plan.offsets[i + 1])
        counts = state.bins[low + i : high + i + 1]
        inner = np.clip(plan.edges[low:high], state.minimum[i], state.maximum[i])
        top = np.nextafter(state.maximum[i], np.inf)
        self.edges = np.concatenate(([state.minimum[i]], inner, [top]))
        self.cumulative = np.concatenate(([0], np.cumsum(counts)))
        self.even = plan.kind[i] == EVEN

    def __call__(self, shares: FloatArray) -> FloatArray:
        ranks = shares * (self.cumulative[-1] - 1)
        bins = np.clip(np.searchsorted(self.cumulative, ranks, side="right") - 1, 0, len(self.edges) - 2)
        low, high = self.edges[bins], self.edges[bins + 1]
        counts = np.maximum(self.cumulative[bins + 1] - self.cumulative[bins], 1)
        part = np.clip((ranks - self.cumulative[bins]) / counts, 0.0, 1.0)
        if self.even:
            inside = (bins >= 2) & (bins <= len(self.edges) - 4)
            around = self.cumulative[np.clip(bins, 1, len(self.edges) - 3)[:, None] + np.arange(-1, 3)].astype(float)
            inside &= (np.diff(around, axis=1) > 0).all(axis=1)
            part = np.where(inside, _cubic_part(around, ranks), part)
        values: FloatArray = np.where(np.nextafter(low, np.inf) >= high, low, low + part * (high - low))
        return values


def _cubic_part(counts: FloatArray, ranks: FloatArray) -> FloatArray:
    """Where in the middle one of three even bins the cubic through four cumulative counts (rank, 4) reaches a rank."""
    before, left, right, after = counts.T
    low, high = np.zeros(len(ranks)), np.ones(len(ranks))
    for _ in range(_BISECTIONS):
        x = (low + high) / 2
        value = (
            before * (-x * (x - 1) * (x - 2) / 6)
            + left * ((x + 1) * (x - 1) * (x - 2) / 2)
            + right * (-(x + 1) * x * (x - 2) / 2)
            + after * ((x + 1) * x * (x - 1) / 6)
        )
        below = value < ranks
        low, high = np.where(below, x, low), np.where(below, high, x)
    return (low + high) / 2


def _quantile_errors(inverse: _Sorted | _Histogram, at_most: IntArray, counts: IntArray) -> FloatArray:
    """Error of each quantile: half the width that the error of its own share of draws makes in value."""
    errors = np.array([_share_error(at_most[:, q], counts) for q in range(len(QUANTILES))])
    shares = np.array(QUANTILES)
    high, low = inverse(np.clip(shares + errors, 0, 1)), inverse(np.clip(shares - errors, 0, 1))
    return (high - low) / 2


def _shortest(inverse: _Sorted | _Histogram) -> tuple[float, float]:
    """The shortest interval that holds 90 % of the draws, found on a grid of 401 lower ends."""
    shares = np.linspace(0.0, 1.0 - COVERAGE, 401)
    low, high = inverse(shares), inverse(shares + COVERAGE)
    best = int(np.argmin(high - low))
    return float(low[best]), float(high[best])
