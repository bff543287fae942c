"""The loops that add tiles to a state, and the joining of states.

Loops run over fixed lanes of 16, so that the order of additions never depends on the machine, and so that they
vectorise without any freedom for the compiler.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.summaries.records import DIGITS, EVEN, REPLICATES, TILE, FloatArray, IntArray, Plan, State

BEYOND: Final = 1 << 40
"""Added to the last digit of a sum for what is not finite; no sum of doubles reaches it."""

_LANES: Final = 16


def accumulate(plan: Plan, state: State, values: FloatArray, first_tile: int, stride: int = 1) -> None:
    """Add `values` (n, draws), whole tiles `first_tile`, `first_tile + stride`, ..., to `state`.

    With a stride of 16 all tiles belong to one replicate and their bins are folded together, which is faster.
    """
    tiles = values.shape[1] // TILE
    state.draws[0] += tiles * TILE
    together = tiles if stride % REPLICATES == 0 else 1
    for start in range(0, tiles, together):
        first = first_tile + start * stride
        if state.pending_replicate not in (-1, first % REPLICATES):
            fold(plan, state)
        state.pending_replicate = first % REPLICATES
        _count(
            values[:, start * TILE : (start + together) * TILE], first, stride, plan.kind, plan.centre, plan.scale,
            plan.low, plan.per_width, plan.edges, plan.offsets, plan.thresholds, state.digits, state.finite,
            state.not_finite, state.first_bad, state.minimum, state.maximum, state.at_least, state.pending,
        )  # fmt: skip


def fold(plan: Plan, state: State) -> None:
    """Move the pending bins of one replicate into the state's own counts."""
    if state.pending_replicate >= 0:
        _fold(state.pending, plan.offsets, plan.cuts, state.bins, state.at_most[:, state.pending_replicate])
        state.pending_replicate = -1


def combine(plan: Plan, left: State, right: State) -> State:
    """The state of both sets of tiles. `left` is used up: its arrays become the result's."""
    fold(plan, left)
    fold(plan, right)
    for name in ("draws", "digits", "finite", "not_finite", "bins", "at_most", "at_least"):
        getattr(left, name).__iadd__(getattr(right, name))
    np.minimum(left.first_bad, right.first_bad, out=left.first_bad)
    np.minimum(left.minimum, right.minimum, out=left.minimum)
    np.maximum(left.maximum, right.maximum, out=left.maximum)
    carry(left.digits)
    return left


def carry(digits: IntArray) -> None:
    """Bring every digit but the last back below 2^32, so that no number of additions can overflow."""
    for position in range(DIGITS - 1):
        over = digits[..., position] >> 32
        digits[..., position] -= over << 32
        digits[..., position + 1] += over


@compiled
def _count(
    values: FloatArray,
    first_tile: int,
    stride: int,
    kind: IntArray,
    centre: FloatArray,
    scale: FloatArray,
    low: FloatArray,
    per_width: FloatArray,
    edges: FloatArray,
    offsets: IntArray,
    thresholds: FloatArray,
    digits: IntArray,
    finite: IntArray,
    not_finite: IntArray,
    first_bad: IntArray,
    minimum: FloatArray,
    maximum: FloatArray,
    at_least: IntArray,
    pending: npt.NDArray[np.int32],
) -> None:
    sums = np.zeros(3)
    bits = sums.view(np.uint64)
    lanes = np.zeros((5, 16))
    kept, places = np.empty(1024), np.empty(1024, np.int32)
    r = first_tile % 16
    for i in range(values.shape[0]):
        for t in range(values.shape[1] // 1024):
            row = values[i, t * 1024 : (t + 1) * 1024]
            n = 1024 - _bad(row)
            if n < 1024:
                _keep_finite(row, kept)
                row = kept
                not_finite[i] += 1024 - n
                tile = first_tile + t * stride
                first_bad[i] = min(first_bad[i], tile * 1024 + _first_bad(values[i, t * 1024 : (t + 1) * 1024]))
            finite[i, r] += n
            _sums(row, n, centre[i], scale[i], lanes, sums)
            for power in range(3):
                add(digits[i, r, power], bits[power])
            minimum[i], maximum[i] = _extremes(row, n, minimum[i], maximum[i], lanes)
            for h in range(thresholds.shape[1]):
                at_least[i, r, h] += _count_at_least(row, n, thresholds[i, h])
            if kind[i] == EVEN:
                last = offsets[i + 1] - offsets[i]
                _even_bins(row, n, low[i], per_width[i], last, places, pending[i])
            else:
                _listed_bins(row, n, edges[offsets[i] : offsets[i + 1]], pending[i])


@inlined
def _bad(row: FloatArray) -> int:
    """How many values of a tile are not finite."""
    bits = row.view(np.uint64)
    count = 0
    for k in range(1024):
        count += ((bits[k] >> np.uint64(52)) & np.uint64(0x7FF)) == np.uint64(0x7FF)
    return count


@inlined
def _keep_finite(row: FloatArray, kept: FloatArray) -> None:
    n = 0
    for k in range(1024):
        if np.isfinite(row[k]):
            kept[n] = row[k]
            n += 1


@inlined
def _first_bad(row: FloatArray) -> int:
    for k in range(1024):
        if not np.isfinite(row[k]):
            return k
    return 1024


@inlined
def _sums(row: FloatArray, n: int, centre: float, scale: float, lanes: FloatArray, sums: FloatArray) -> None:
    """Sums of scaled deviations, of their squares and of their cubes."""
    first, second, third = lanes[0], lanes[1], lanes[2]
    first[:] = 0.0
    second[:] = 0.0
    third[:] = 0.0
    shift = centre * scale
    full = n - n % 16
    for k in range(0, full, 16):
        for lane in range(16):
            deviation = row[k + lane] * scale - shift
            square = deviation * deviation
            first[lane] += deviation
            second[lane] += square
            third[lane] += square * deviation
    for k in range(full, n):
        deviation = row[k] * scale - shift
        square = deviation * deviation
        first[k - full] += deviation
        second[k - full] += square
        third[k - full] += square * deviation
    sums[:] = 0.0
    for lane in range(16):
        sums[0] += first[lane]
        sums[1] += second[lane]
        sums[2] += third[lane]


@inlined
def _extremes(row: FloatArray, n: int, low: float, high: float, lanes: FloatArray) -> tuple[float, float]:
    lows, highs = lanes[3], lanes[4]
    lows[:] = low
    highs[:] = high
    full = n - n % 16
    for k in range(0, full, 16):
        for lane in range(16):
            x = row[k + lane]
            lows[lane] = x if x < lows[lane] else lows[lane]
            highs[lane] = x if x > highs[lane] else highs[lane]
    for k in range(full, n):
        lows[0] = row[k] if row[k] < lows[0] else lows[0]
        highs[0] = row[k] if row[k] > highs[0] else highs[0]
    for lane in range(16):
        low = lows[lane] if lows[lane] < low else low
        high = highs[lane] if highs[lane] > high else high
    return low, high


@inlined
def _count_at_least(row: FloatArray, n: int, mark: float) -> int:
    count = 0
    for k in range(n):
        count += row[k] >= mark
    return count


@inlined
def _even_bins(
    row: FloatArray,
    n: int,
    low: float,
    per_width: float,
    last: int,
    places: npt.NDArray[np.int32],
    bins: npt.NDArray[np.int32],
) -> None:
    """Count in even bins: 0 below the first edge, `last` above the last one."""
    top = np.float64(last)
    for k in range(n):
        places[k] = np.int32(min(max((row[k] - low) * per_width + 1.0, 0.0), top))
    for k in range(n):
        bins[places[k]] += 1


@inlined
def _listed_bins(row: FloatArray, n: int, edges: FloatArray, bins: npt.NDArray[np.int32]) -> None:
    """Count each value in the bin between the last edge at or below it and the next; a search without branches."""
    for k in range(n):
        x = row[k]
        base = 0
        length = len(edges)
        while length > 1:
            half = length >> 1
            base = base + half if edges[base + half] <= x else base
            length -= half
        base += edges[base] <= x
        bins[base] += 1


@compiled
def _fold(pending: npt.NDArray[np.int32], offsets: IntArray, cuts: IntArray, bins: IntArray, at_most: IntArray) -> None:
    for i in range(pending.shape[0]):
        count = 0
        start = 0
        for q in range(cuts.shape[1]):
            for k in range(start, cuts[i, q]):
                count += pending[i, k]
            start = cuts[i, q]
            at_most[i, q] += count
        base = offsets[i] + i
        for k in range(offsets[i + 1] - offsets[i] + 1):
            bins[base + k] += pending[i, k]
            pending[i, k] = 0


@compiled
def add(digits: IntArray, bits: np.uint64) -> None:
    """Add the double with these bits to an integer in base 2^32 whose unit is 2^-1074."""
    exponent = np.int64((bits >> np.uint64(52)) & np.uint64(0x7FF))
    if exponent == 2047:
        digits[67] += BEYOND
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
