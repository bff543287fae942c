"""Statistics of a sample that do not depend on the order or the chunking of its draws.

One state holds exact sums, extremes, counts and histograms for a set of outputs. It is made by `accumulate` over tiles
(1024 draws), joined with `combine`, and turned into numbers by `finalize`; every part is an integer, a minimum or a
maximum, so any order of joining gives the same bits.

A pilot (the first 65,536 draws) fixes for every chunk alike what is counted. Sums: deviations from the pilot's median,
in units of a power of two near the pilot's reach, are added within a tile in fixed order, then exactly, in an integer
that spans the whole range of doubles. Quantiles: counts between edges, dense around each reported quantile; repeated
values (atoms: the 256 most frequent and those near a reported quantile) have a bin of their own and are exact. Runs no
longer than the pilot are exact throughout. Errors come from the 16 replicates: tile t belongs to replicate t mod 16.
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
_BEYOND: Final = 1 << 40


@dataclass(frozen=True)
class Plan:
    """What is counted for each of n outputs, fixed before the run.

    centre, scale (n): deviations are taken from the one and multiplied by the other, a power of two. edges, offsets:
    output i has edges[offsets[i]:offsets[i + 1]] and one bin more than edges. marks (n, quantile): where per-replicate
    counts are taken for the error of each quantile. thresholds (n, 2): low end and middle of the published figure, NaN
    where there is none.
    """

    centre: FloatArray
    scale: FloatArray
    edges: FloatArray
    offsets: IntArray
    marks: FloatArray
    thresholds: FloatArray

    @property
    def outputs(self) -> int:
        """How many outputs are counted."""
        return len(self.centre)


@dataclass
class State:
    """What is known of a set of tiles. Arrays by output n: see `Plan`; replicate r = 16."""

    draws: IntArray  # (1)
    digits: IntArray  # (n, r, 2, 68) exact sums of scaled deviations and of their squares
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


def plan(pilot: FloatArray, thresholds: FloatArray) -> Plan:
    """A plan from pilot values (n, draws) and the thresholds (n, 2) of the outputs."""
    ordered = [np.sort(row[np.isfinite(row)]) for row in pilot]
    places = np.array([_place(row) for row in ordered]).reshape(len(pilot), 2)
    edges = [_edges(row) for row in ordered]
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in edges]))).astype(np.int64)
    marks = np.array([_order_statistics(row) for row in ordered]).reshape(len(pilot), len(QUANTILES))
    flat = np.concatenate(edges) if edges else np.zeros(0)
    return Plan(places[:, 0].copy(), places[:, 1].copy(), flat, offsets, marks, thresholds)


def _place(ordered: FloatArray) -> tuple[float, float]:
    """Median of the pilot, and the power of two that brings the largest deviation from it (or itself) to about 1.

    So constants have no deviation at all, and no square leaves the range of doubles, however large or small values are.
    """
    if len(ordered) == 0:
        return 0.0, 1.0
    centre = float(ordered[len(ordered) // 2])
    half_reach = max(ordered[-1] / 2 - centre / 2, centre / 2 - ordered[0] / 2) or abs(centre)
    _, exponent = np.frexp(half_reach)
    return centre, float(np.ldexp(1.0, int(np.clip(-exponent, -1000, 1000))))


def _edges(ordered: FloatArray) -> FloatArray:
    """Bin edges: even ranks, dense ranks around every reported quantile, and both sides of repeated values."""
    n = len(ordered)
    if n == 0:
        return np.zeros(1)
    even = ordered[np.linspace(0, n - 1, min(n, _COARSE)).astype(np.int64)]
    ranks = []
    for q in QUANTILES:
        span = _FINE_SPAN * np.sqrt(q * (1 - q) * n) + _FINE_STEP
        around = np.arange(q * n - span, q * n + span, _FINE_STEP).astype(np.int64)
        ranks.append(np.clip(around, 0, n - 1))
    fine = ordered[np.concatenate(ranks)]
    atoms = _atoms(ordered, fine)
    return np.unique(np.concatenate([even, fine, atoms, np.nextafter(atoms, np.inf)]))


def _atoms(ordered: FloatArray, fine: FloatArray) -> FloatArray:
    """Values that repeat: all of them if they are few, else the most frequent and those among `fine`."""
    values, counts = np.unique(ordered, return_counts=True)
    repeated = values[counts > 1]
    if len(repeated) <= _MOST_ATOMS:
        return repeated
    frequent = repeated[np.argsort(-counts[counts > 1], kind="stable")[:_MOST_ATOMS]]
    return np.union1d(frequent, np.intersect1d(repeated, fine))


def _order_statistics(ordered: FloatArray) -> FloatArray:
    """The reported quantiles of a sorted row, as values that occur in it."""
    if len(ordered) == 0:
        return np.full(len(QUANTILES), np.nan)
    return np.asarray(np.quantile(ordered, QUANTILES, method="inverted_cdf"))


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
        values, first_tile, plan.centre, plan.scale, plan.edges, plan.offsets, plan.marks, plan.thresholds,
        state.digits, state.finite, state.not_finite, state.first_bad, state.minimum, state.maximum, state.bins,
        state.at_most, state.at_least, state.below,
    )  # fmt: skip


@compiled
def _accumulate(
    values: FloatArray,
    first_tile: int,
    centre: FloatArray,
    scale: FloatArray,
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
            _sums(kept, n, centre[i], scale[i], sums)
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
def _sums(kept: FloatArray, n: int, centre: float, scale: float, sums: FloatArray) -> None:
    """Sums of deviations and of their squares in eight fixed lanes, so that the order never depends on the machine."""
    first, second = np.zeros(8), np.zeros(8)
    for k in range(n):
        deviation = kept[k] * scale - centre * scale
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
    """Add the double with these bits to an integer in base 2^32 whose unit is 2^-1074.

    What is not finite is marked in the last digit, which no sum of doubles reaches.
    """
    exponent = np.int64((bits >> np.uint64(52)) & np.uint64(0x7FF))
    if exponent == 2047:
        digits[67] += _BEYOND
        return
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
        mean[i], mcse[i], sd[i], sd_mcse[i] = _moments(state.digits[i], state.finite[i], plan.centre[i], plan.scale[i])
        if sample is None:
            quantiles[i] = _quantiles(plan, state, i)
        else:
            quantiles[i] = np.quantile(sample[i], QUANTILES)
        quantiles_mcse[i] = _quantile_errors(plan, state, i, None if sample is None else np.sort(sample[i]))
    p_at_least, p_mcse = _share(state.at_least, state.finite, good, plan.thresholds[:, 0])
    p_below, _ = _share(state.below, state.finite, good, plan.thresholds[:, 1])
    return Summary(
        int(state.draws[0]), mean, mcse, sd, sd_mcse, np.where(good, state.minimum + 0.0, np.nan),
        np.where(good, state.maximum + 0.0, np.nan), quantiles, quantiles_mcse, p_at_least, p_mcse, p_below,
        state.not_finite, np.where(good, -1, state.first_bad),
    )  # fmt: skip


def exact_sum(digits: IntArray) -> Fraction:
    """The number that the digits of one sum stand for."""
    total = sum(int(digits[position]) << (32 * position) for position in np.flatnonzero(digits).tolist())
    return Fraction(total, 1 << 1074)


def _moments(digits: IntArray, counts: IntArray, centre: float, scale: float) -> tuple[float, float, float, float]:
    """Mean, its error, standard deviation, its error, from the exact sums of one output's replicates.

    NaN where a draw lies so far beyond the pilot that a square has no double.
    """
    if (np.abs(digits[..., -1]) >= _BEYOND // 2).any():
        return np.nan, np.nan, np.nan, np.nan
    firsts = [exact_sum(digits[r, 0]) for r in range(REPLICATES)]
    squares = [exact_sum(digits[r, 1]) for r in range(REPLICATES)]
    n = int(counts.sum())
    overall = sum(firsts, Fraction(0)) / n
    mean = float(Fraction(float(centre)) + overall / Fraction(float(scale)))
    sd = _deviation(sum(firsts, Fraction(0)), sum(squares, Fraction(0)), n)
    if (counts == 0).any():
        mcse, sd_mcse = float(sd / np.sqrt(n)), float(sd / np.sqrt(2 * max(n - 1, 1)))
    else:
        sizes = counts.astype(float)
        means = np.array([float(first / int(size) - overall) for first, size in zip(firsts, counts, strict=True)])
        parts = zip(firsts, squares, counts, strict=True)
        sds = np.array([_deviation(first, square, int(size)) for first, square, size in parts])
        mcse, sd_mcse = _spread_error(means, sizes), _spread_error(sds - np.average(sds, weights=sizes), sizes)
    return mean, mcse / scale, sd / scale, sd_mcse / scale


def _deviation(first: Fraction, square: Fraction, n: int) -> float:
    """Standard deviation, in units of the scale, from sums of deviations and of their squares."""
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
