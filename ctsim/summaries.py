"""Statistics of a sample that do not depend on the order or the chunking of its draws.

One state holds exact sums, extremes, counts and histograms for a set of outputs. It is made by `accumulate` over tiles
(1024 draws), joined with `combine`, and turned into numbers by `finalize`; every part is an integer, a minimum or a
maximum, so any order of joining gives the same bits.

Sums: the deviations from a fixed centre are added within a tile in fixed order, then exactly, in an integer that spans
the whole range of doubles. Quantiles: counts between edges that a pilot (the first 65,536 draws) fixes for every chunk
alike, dense around each reported quantile; repeated values (atoms) have a bin of their own and are exact. Runs that are
no longer than the pilot are exact throughout. Errors come from the 16 replicates: tile t belongs to replicate t mod 16.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TILE: Final = 1024
REPLICATES: Final = 16
PILOT: Final = 65_536
QUANTILES: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)

_DIGITS: Final = 68
_COARSE: Final = 1024
_FINE_STEP: Final = 8
_FINE_SPAN: Final = 5.0
_MOST_ATOMS: Final = 256


@dataclass(frozen=True)
class Plan:
    """What is counted for each of n outputs, fixed before the run.

    centre (n): deviations are taken from it. edges, offsets: output i has edges[offsets[i]:offsets[i + 1]] and one bin
    more than edges. marks (n, quantile): where per-replicate counts are taken for the error of each quantile.
    thresholds (n, 2): low end and middle of the published figure, NaN where there is none.
    """

    centre: FloatArray
    edges: FloatArray
    offsets: IntArray
    marks: FloatArray
    thresholds: FloatArray

    @property
    def outputs(self) -> int:
        return len(self.centre)


@dataclass
class State:
    """What is known of a set of tiles. Arrays by output n: see `Plan`; replicate r = 16."""

    draws: IntArray  # (1)
    digits: IntArray  # (n, r, 2, 68) exact sums of deviations and of their squares
    finite: IntArray  # (n, r)
    not_finite: IntArray  # (n)
    first_bad: IntArray  # (n)
    minimum: FloatArray  # (n)
    maximum: FloatArray  # (n)
    bins: IntArray  # flat
    at_most: IntArray  # (n, r, quantile) draws at or below each mark
    at_least: IntArray  # (n, r) draws at or above the published low end
    below: IntArray  # (n, r) draws below the published figure

    @property
    def nbytes(self) -> int:
        return sum(getattr(self, one.name).nbytes for one in fields(self))


@dataclass(frozen=True)
class Summary:
    """Statistics of n outputs; arrays (n) or (n, quantile). mcse: Monte Carlo standard error."""

    draws: int
    mean: FloatArray
    mcse: FloatArray
    sd: FloatArray
    sd_mcse: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    quantiles: FloatArray
    quantiles_mcse: FloatArray
    p_at_least: FloatArray
    p_mcse: FloatArray
    p_below: FloatArray
    not_finite: IntArray
    first_bad: IntArray


# ---- before the run


def plan(pilot: FloatArray, centre: FloatArray, thresholds: FloatArray) -> Plan:
    """A plan from pilot values (n, draws), the outputs' central values and their thresholds."""
    centre = np.where(np.isfinite(centre), centre, 0.0)
    edges = [_edges(np.sort(row[np.isfinite(row)])) for row in pilot]
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in edges]))).astype(np.int64)
    marks = np.array([_order_statistics(row) for row in pilot]).reshape(len(pilot), len(QUANTILES))
    return Plan(centre, np.concatenate(edges) if edges else np.zeros(0), offsets, marks, thresholds)


def _edges(ordered: FloatArray) -> FloatArray:
    """Bin edges: even ranks, dense ranks around every reported quantile, and both sides of repeated values."""
    n = len(ordered)
    if n == 0:
        return np.zeros(1)
    ranks = [np.linspace(0, n - 1, min(n, _COARSE)).astype(np.int64)]
    for q in QUANTILES:
        span = _FINE_SPAN * np.sqrt(q * (1 - q) * n) + _FINE_STEP
        around = np.arange(q * n - span, q * n + span, _FINE_STEP).astype(np.int64)
        ranks.append(np.clip(around, 0, n - 1))
    values, counts = np.unique(ordered, return_counts=True)
    repeated = values[counts > 1]
    if len(repeated) > _MOST_ATOMS:
        repeated = repeated[np.argsort(-counts[counts > 1], kind="stable")[:_MOST_ATOMS]]
    atoms = [repeated, np.nextafter(repeated, np.inf)]
    return np.unique(np.concatenate([ordered[np.concatenate(ranks)], *atoms]))


def _order_statistics(row: FloatArray) -> FloatArray:
    finite = row[np.isfinite(row)]
    return np.quantile(finite, QUANTILES, method="inverted_cdf") if len(finite) else np.full(len(QUANTILES), np.nan)


def empty(plan: Plan) -> State:
    """The state of no draws."""
    n, q = plan.outputs, len(QUANTILES)
    return State(
        draws=np.zeros(1, np.int64),
        digits=np.zeros((n, REPLICATES, 2, _DIGITS), np.int64),
        finite=np.zeros((n, REPLICATES), np.int64),
        not_finite=np.zeros(n, np.int64),
        first_bad=np.full(n, np.iinfo(np.int64).max),
        minimum=np.full(n, np.inf),
        maximum=np.full(n, -np.inf),
        bins=np.zeros(len(plan.edges) + n, np.int64),
        at_most=np.zeros((n, REPLICATES, q), np.int64),
        at_least=np.zeros((n, REPLICATES), np.int64),
        below=np.zeros((n, REPLICATES), np.int64),
    )


# ---- during the run


def accumulate(plan: Plan, state: State, values: FloatArray, first_tile: int) -> None:
    """Add `values` (n, draws), whole tiles from `first_tile` on, to `state`."""
    state.draws[0] += values.shape[1]
    _accumulate(
        values, first_tile, plan.centre, plan.edges, plan.offsets, plan.marks, plan.thresholds, state.digits,
        state.finite, state.not_finite, state.first_bad, state.minimum, state.maximum, state.bins, state.at_most,
        state.at_least, state.below,
    )  # fmt: skip


@compiled
def _accumulate(
    values: FloatArray,
    first_tile: int,
    centre: FloatArray,
    edges: FloatArray,
    offsets: IntArray,
    marks: FloatArray,
    thresholds: FloatArray,
    digits: IntArray,
    finite: IntArray,
    not_finite: IntArray,
    first_bad: IntArray,
    minimum: FloatArray,
    maximum: FloatArray,
    bins: IntArray,
    at_most: IntArray,
    at_least: IntArray,
    below: IntArray,
) -> None:
    sums = np.zeros(2)
    bits = sums.view(np.uint64)
    kept = np.empty(1024)
    for i in range(values.shape[0]):
        for t in range(values.shape[1] // 1024):
            tile = first_tile + t
            r = tile % 16
            row = values[i, t * 1024 : (t + 1) * 1024]
            n = _finite_part(row, kept)
            if n < 1024:
                not_finite[i] += 1024 - n
                first_bad[i] = min(first_bad[i], tile * 1024 + _first_bad(row))
            finite[i, r] += n
            _sums(kept, n, centre[i], sums)
            _add(digits[i, r, 0], bits[0])
            _add(digits[i, r, 1], bits[1])
            minimum[i], maximum[i] = _extremes(kept, n, minimum[i], maximum[i])
            for q in range(marks.shape[1]):
                at_most[i, r, q] += _count_at_most(kept, n, marks[i, q])
            at_least[i, r] += _count_at_least(kept, n, thresholds[i, 0])
            below[i, r] += n - _count_at_least(kept, n, thresholds[i, 1])
            _count_bins(kept, n, edges[offsets[i] : offsets[i + 1]], bins[offsets[i] + i : offsets[i + 1] + i + 1])


@inlined
def _finite_part(row: FloatArray, kept: FloatArray) -> int:
    """Copy the finite values of a tile to the front of `kept`; how many they are."""
    total = 0.0
    for k in range(1024):
        total += row[k] - row[k]  # 0 where finite, NaN elsewhere
    if total == 0.0:
        for k in range(1024):
            kept[k] = row[k]
        return 1024
    n = 0
    for k in range(1024):
        if np.isfinite(row[k]):
            kept[n] = row[k]
            n += 1
    return n


@inlined
def _first_bad(row: FloatArray) -> int:
    for k in range(1024):
        if not np.isfinite(row[k]):
            return k
    return 1024


@inlined
def _sums(kept: FloatArray, n: int, centre: float, sums: FloatArray) -> None:
    """Sums of deviations and of their squares in eight fixed lanes, so that the order never depends on the machine."""
    first, second = np.zeros(8), np.zeros(8)
    for k in range(n):
        deviation = kept[k] - centre
        first[k & 7] += deviation
        second[k & 7] += deviation * deviation
    sums[0] = sums[1] = 0.0
    for lane in range(8):
        sums[0] += first[lane]
        sums[1] += second[lane]


@inlined
def _extremes(kept: FloatArray, n: int, low: float, high: float) -> tuple[float, float]:
    for k in range(n):
        low = kept[k] if kept[k] < low else low
        high = kept[k] if kept[k] > high else high
    return low, high


@inlined
def _count_at_most(kept: FloatArray, n: int, mark: float) -> int:
    count = 0
    for k in range(n):
        count += kept[k] <= mark
    return count


@inlined
def _count_at_least(kept: FloatArray, n: int, mark: float) -> int:
    count = 0
    for k in range(n):
        count += kept[k] >= mark
    return count


@inlined
def _count_bins(kept: FloatArray, n: int, edges: FloatArray, bins: IntArray) -> None:
    """Count each value in the bin between the last edge at or below it and the next; a search without branches."""
    for k in range(n):
        x = kept[k]
        base = 0
        length = len(edges)
        while length > 1:
            half = length >> 1
            base = base + half if edges[base + half] <= x else base
            length -= half
        base += edges[base] <= x
        bins[base] += 1


@compiled
def _add(digits: IntArray, bits: np.uint64) -> None:
    """Add the double with these bits to an integer in base 2^32 whose unit is 2^-1074."""
    exponent = np.int64((bits >> np.uint64(52)) & np.uint64(0x7FF))
    mantissa = bits & np.uint64(0xFFFFFFFFFFFFF)
    if exponent > 0:
        mantissa |= np.uint64(1) << np.uint64(52)
        exponent -= 1
    word = exponent >> 5
    shift = np.uint64(exponent & 31)
    mask = np.uint64(0xFFFFFFFF)
    lower = (mantissa & mask) << shift
    upper = (mantissa >> np.uint64(32)) << shift
    sign = np.int64(-1) if bits >> np.uint64(63) else np.int64(1)
    digits[word] += sign * np.int64(lower & mask)
    digits[word + 1] += sign * np.int64((lower >> np.uint64(32)) + (upper & mask))
    digits[word + 2] += sign * np.int64(upper >> np.uint64(32))


def combine(left: State, right: State) -> State:
    """The state of both sets of tiles. `left` is used up: its arrays become the result's."""
    for name in ("draws", "digits", "finite", "not_finite", "bins", "at_most", "at_least", "below"):
        getattr(left, name).__iadd__(getattr(right, name))
    np.minimum(left.first_bad, right.first_bad, out=left.first_bad)
    np.minimum(left.minimum, right.minimum, out=left.minimum)
    np.maximum(left.maximum, right.maximum, out=left.maximum)
    _carry(left.digits)
    return left


def _carry(digits: IntArray) -> None:
    """Bring every digit but the last back below 2^32, so that no number of additions can overflow."""
    for position in range(_DIGITS - 1):
        over = digits[..., position] >> 32
        digits[..., position] -= over << 32
        digits[..., position + 1] += over


# ---- after the run


def finalize(plan: Plan, state: State, sample: FloatArray | None = None) -> Summary:
    """Statistics from a state; quantiles from `sample` (n, draws) itself where it is given: then they are exact."""
    n = plan.outputs
    good = state.not_finite == 0
    mean, mcse, sd, sd_mcse = (np.full(n, np.nan) for _ in range(4))
    quantiles, quantiles_mcse = (np.full((n, len(QUANTILES)), np.nan) for _ in range(2))
    for i in np.flatnonzero(good).tolist():
        mean[i], mcse[i], sd[i], sd_mcse[i] = _moments(state.digits[i], state.finite[i], plan.centre[i])
        if sample is None:
            quantiles[i] = _quantiles(plan, state, i)
        else:
            quantiles[i] = np.quantile(sample[i], QUANTILES)
        quantiles_mcse[i] = _quantile_errors(plan, state, i, None if sample is None else np.sort(sample[i]))
    p_at_least, p_mcse = _share(state.at_least, state.finite, good, plan.thresholds[:, 0])
    p_below, _ = _share(state.below, state.finite, good, plan.thresholds[:, 1])
    return Summary(
        int(state.draws[0]), mean, mcse, sd, sd_mcse, np.where(good, state.minimum, np.nan),
        np.where(good, state.maximum, np.nan), quantiles, quantiles_mcse, p_at_least, p_mcse, p_below,
        state.not_finite, np.where(good, -1, state.first_bad),
    )  # fmt: skip


def exact_sum(digits: IntArray) -> Fraction:
    """The number that the digits of one sum stand for."""
    total = sum(int(digit) << (32 * position) for position, digit in enumerate(digits))
    return Fraction(total, 1 << 1074)


def _moments(digits: IntArray, counts: IntArray, centre: float) -> tuple[float, float, float, float]:
    """Mean, its error, standard deviation, its error, from the exact sums of one output's replicates."""
    firsts = [exact_sum(digits[r, 0]) for r in range(REPLICATES)]
    squares = [exact_sum(digits[r, 1]) for r in range(REPLICATES)]
    n = int(counts.sum())
    mean = float(Fraction(float(centre)) + sum(firsts) / n)
    sd = _deviation(sum(firsts, Fraction(0)), sum(squares, Fraction(0)), n)
    used = [r for r in range(REPLICATES) if counts[r] > 0]
    if len(used) < REPLICATES:
        return mean, sd / np.sqrt(n), sd, sd / np.sqrt(2 * max(n - 1, 1))
    sizes = np.array([int(counts[r]) for r in used], dtype=float)
    overall = sum(firsts) / n
    means = np.array([float(firsts[r] / int(counts[r]) - overall) for r in used])
    sds = np.array([_deviation(firsts[r], squares[r], int(counts[r])) for r in used])
    return mean, _spread_error(means, sizes), sd, _spread_error(sds - np.average(sds, weights=sizes), sizes)


def _deviation(first: Fraction, square: Fraction, n: int) -> float:
    """Standard deviation from sums of deviations and of their squares."""
    if n < 2:
        return 0.0
    variance = (square - first * first / n) / (n - 1)
    return float(np.sqrt(float(max(variance, Fraction(0)))))


def _spread_error(deviations: FloatArray, sizes: FloatArray) -> float:
    """Standard error of a weighted mean of replicates from their deviations."""
    r = len(deviations)
    return float(np.sqrt(np.sum(sizes * deviations**2) / ((r - 1) * np.sum(sizes))))


def _share(
    hits: IntArray, counts: IntArray, good: npt.NDArray[np.bool_], marks: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Share of draws counted in `hits` (n, r) and its error; NaN where there is no threshold."""
    usable = good & np.isfinite(marks)
    totals = counts.sum(axis=1)
    share = np.where(usable, hits.sum(axis=1) / np.maximum(totals, 1), np.nan)
    error = np.array([_share_error(hits[i], counts[i]) if usable[i] else np.nan for i in range(len(hits))])
    return share, error


def _share_error(hits: IntArray, counts: IntArray) -> float:
    n = counts.sum()
    share = hits.sum() / n
    if (counts == 0).any():
        return float(np.sqrt(share * (1 - share) / n))
    return _spread_error(hits / counts - share, counts.astype(float))


def _quantiles(plan: Plan, state: State, i: int) -> FloatArray:
    edges, counts = _histogram(plan, state, i)
    return _from_histogram(edges, counts, np.array(QUANTILES))


def _histogram(plan: Plan, state: State, i: int) -> tuple[FloatArray, IntArray]:
    """Edges from the minimum to the maximum, and the counts between them."""
    low, high = int(plan.offsets[i]), int(plan.offsets[i + 1])
    inner = plan.edges[low:high]
    counts = state.bins[low + i : high + i + 1]
    top = np.nextafter(state.maximum[i], np.inf)
    return np.concatenate(([state.minimum[i]], inner, [top])), counts


def _from_histogram(edges: FloatArray, counts: IntArray, shares: FloatArray) -> FloatArray:
    """Values below which `shares` of the draws lie; linear inside a bin, exact in a bin that holds one value."""
    cumulative = np.concatenate(([0], np.cumsum(counts)))
    rank = shares * (cumulative[-1] - 1)
    bin_ = np.clip(np.searchsorted(cumulative, rank, side="right") - 1, 0, len(counts) - 1)
    within = (rank - cumulative[bin_]) / np.maximum(counts[bin_], 1)
    low, high = edges[bin_], edges[bin_ + 1]
    single = np.nextafter(low, np.inf) >= high
    values: FloatArray = np.where(single, low, low + np.clip(within, 0.0, 1.0) * (high - low))
    return values


def _quantile_errors(plan: Plan, state: State, i: int, ordered: FloatArray | None) -> FloatArray:
    """Error of each quantile: half the width that the error of its own share of draws makes in value."""
    errors = np.array([_share_error(state.at_most[i, :, q], state.finite[i]) for q in range(len(QUANTILES))])
    shares = np.array(QUANTILES)
    low, high = np.clip(shares - errors, 0, 1), np.clip(shares + errors, 0, 1)
    if ordered is not None:
        return np.asarray(np.quantile(ordered, high) - np.quantile(ordered, low)) / 2
    edges, counts = _histogram(plan, state, i)
    return (_from_histogram(edges, counts, high) - _from_histogram(edges, counts, low)) / 2
