"""The loops that add tiles to a state, and the joining of states.

A tile is read once from memory, for its sums, extremes and bins (`lanes`); all else walks over it in the cache.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.summaries.lanes import tile_pass
from ctsim.summaries.records import DIGITS, EVEN, REPLICATES, TILE, FloatArray, IntArray, Plan, State

BEYOND: Final = 1 << 40
"""Added to the last digit of a sum for what is not finite; no sum of doubles reaches it."""
MOST_PENDING: Final = 63
"""Tiles whose draws a pending bin can count, all in one: small counts, so that those of all outputs stay in cache."""


def accumulate(
    plan: Plan, state: State, values: FloatArray, first_tile: int, stride: int = 1, at: IntArray | None = None
) -> None:
    """Add `values` (n, draws), whole tiles `first_tile`, `first_tile + stride`, ..., to `state`.

    Output i is row `at[i]` of `values`, row i without `at`.
    With a stride of 16 all tiles belong to one replicate and their bins are folded together, which is faster.
    """
    if values.strides[1] != values.itemsize:
        values = np.ascontiguousarray(values)
    at = np.arange(plan.outputs) if at is None else at
    tiles = values.shape[1] // TILE
    state.draws[0] += tiles * TILE
    together = min(tiles, MOST_PENDING) if stride % REPLICATES == 0 else 1
    for start in range(0, tiles, together):
        first, count = first_tile + start * stride, min(together, tiles - start)
        is_full = state.pending_tiles + count > MOST_PENDING
        if is_full or state.pending_replicate not in (-1, first % REPLICATES):
            fold(plan, state)
        state.pending_replicate = first % REPLICATES
        state.pending_tiles += count
        _count(
            values[:, start * TILE : (start + count) * TILE], at, first, stride, plan.kind, plan.centre, plan.scale,
            plan.low, plan.per_width, plan.edges, plan.offsets, plan.thresholds, state.digits, state.finite,
            state.not_finite, state.first_bad, state.minimum, state.maximum, state.at_least, state.pending,
        )  # fmt: skip


def fold(plan: Plan, state: State) -> None:
    """Move the pending bins of one replicate into the state's own counts."""
    if state.pending_replicate >= 0:
        _fold(state.pending, plan.offsets, plan.cuts, state.bins, state.at_most[:, state.pending_replicate])
        state.pending_replicate, state.pending_tiles = -1, 0


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
    at: IntArray,
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
    pending: npt.NDArray[np.uint16],
) -> None:
    found = np.zeros(5)
    bits = found.view(np.uint64)
    places = np.empty(1024, np.uint32)
    r = first_tile % 16
    for i in range(len(at)):
        last = offsets[i + 1] - offsets[i]
        for t in range(values.shape[1] // 1024):
            row = values[at[i], t * 1024 : (t + 1) * 1024]
            shift = centre[i] * scale[i]
            tile_pass(row, scale[i], shift, low[i], per_width[i], np.float64(last), found, places)
            # A tile with a draw that is not finite counts for nothing else: its output has no statistics anyway.
            bad = 0 if np.isfinite(found[0]) else _bad(row)
            if bad > 0:
                not_finite[i] += bad
                first_bad[i] = min(first_bad[i], (first_tile + t * stride) * 1024 + _first_bad(row))
                continue
            finite[i, r] += 1024
            for power in range(3):
                add(digits[i, r, power], bits[power])
            minimum[i] = found[3] if found[3] < minimum[i] else minimum[i]
            maximum[i] = found[4] if found[4] > maximum[i] else maximum[i]
            for h in range(thresholds.shape[1]):
                if not np.isnan(thresholds[i, h]):
                    at_least[i, r, h] += _count_at_least(row, thresholds[i, h])
            if kind[i] == EVEN:
                _even_bins(places, pending[i])
            else:
                _listed_bins(row, edges[offsets[i] : offsets[i + 1]], places, pending[i])


@inlined
def _bad(row: FloatArray) -> int:
    """How many values of a tile are not finite."""
    bits = row.view(np.uint64)
    count = 0
    for k in range(1024):
        count += ((bits[k] >> np.uint64(52)) & np.uint64(0x7FF)) == np.uint64(0x7FF)
    return count


@inlined
def _first_bad(row: FloatArray) -> int:
    for k in range(1024):
        if not np.isfinite(row[k]):
            return k
    return 1024


@inlined
def _count_at_least(row: FloatArray, mark: float) -> int:
    count = 0
    for k in range(1024):
        count += row[k] >= mark
    return count


@inlined
def _even_bins(places: npt.NDArray[np.uint32], bins: npt.NDArray[np.uint16]) -> None:
    for k in range(0, 1024, 4):  # four loads at once, so that no load waits for a store of before
        first, second, third, fourth = places[k], places[k + 1], places[k + 2], places[k + 3]
        bins[first] += 1
        bins[second] += 1
        bins[third] += 1
        bins[fourth] += 1


@inlined
def _listed_bins(
    row: FloatArray, edges: FloatArray, places: npt.NDArray[np.uint32], bins: npt.NDArray[np.uint16]
) -> None:
    """Count each value in the bin between the last edge at or below it and the next.

    All values take each step of the search together: one after the other, each would wait for its own step before.
    """
    places[:] = 0
    length = len(edges)
    while length > 1:
        half = length >> 1
        for k in range(1024):
            place = np.int64(places[k])
            places[k] = place + half * (edges[place + half] <= row[k])
        length -= half
    for k in range(1024):
        place = np.int64(places[k])
        bins[place + (edges[place] <= row[k])] += 1


@compiled
def _fold(
    pending: npt.NDArray[np.uint16], offsets: IntArray, cuts: IntArray, bins: IntArray, at_most: IntArray
) -> None:
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
