"""Compiled loops that exchange rows of two samples, compute again what follows from them, and add up what indices need.

Steps are computed one by one (`steps.fill`), so these loops are compiled once, whatever the formulas are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.kernel import add_up
from ctsim.steps import Arrays, fill
from ctsim.vectors import advanced, exchanged

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Pair = tuple[IntArray, IntArray]
"""Lists of many owners: where each begins, and their items one after the other."""


@inlined
def _exchange(rows: IntArray, sources: IntArray, a: FloatArray, b: FloatArray) -> None:
    """Exchange rows of `a` and `b`, or those of each with mixed rows of its own; done twice, all is as it was."""
    for k in range(len(rows)):
        if sources[k] == -1:
            _swap(a[rows[k]], b[rows[k]])
        else:
            _swap(a[rows[k]], a[sources[k]])
            _swap(b[rows[k]], b[sources[k]])


@inlined
def _swap(one: FloatArray, other: FloatArray) -> None:
    for i in range(len(one)):
        kept = one[i]
        one[i] = other[i]
        other[i] = kept


@inlined
def _take(rows: IntArray, sources: IntArray, a: FloatArray, into: FloatArray) -> None:
    """Replace rows of `into` by those of `a`, or by mixed rows of its own."""
    for k in range(len(rows)):
        source = a[rows[k]] if sources[k] == -1 else into[sources[k]]
        result = into[rows[k]]
        for i in range(len(result)):
            result[i] = source[i]


@inlined
def _restore(places: IntArray, base: FloatArray, work: FloatArray) -> None:
    """Make some rows of `work` those of `base` again."""
    for place in places:
        source, result = base[place], work[place]
        for i in range(len(result)):
            result[i] = source[i]


@inlined
def _account(
    places: IntArray, base_a: FloatArray, base_b: FloatArray, work_a: FloatArray, work_b: FloatArray, out: FloatArray
) -> None:
    """Add to `out` (place, 3) the sums of (A - A')(B' - B), (A - A')² + (B - B')² and (A - B)² + (A' - B')²."""
    for k in range(len(places)):
        exchanged(base_a[places[k]], base_b[places[k]], work_a[places[k]], work_b[places[k]], out[k])


@inlined
def _advance(places: IntArray, base_a: FloatArray, work: FloatArray, last: FloatArray, out: FloatArray) -> None:
    """Add to `out` (place) the sums of (y' - y)(A - (y + y') / 2), where y was before and y' is now; then y is y'."""
    for k in range(len(places)):
        advanced(base_a[places[k]], work[places[k]], last[places[k]], out[k : k + 1])


@inlined
def _some(
    which: IntArray, sums: IntArray, code: Arrays, adding: tuple[Any, ...], rows: FloatArray, steps: FloatArray
) -> None:
    """Compute some steps again, then some sums."""
    inputs = np.empty(len(code[2]), dtype=np.int64)
    for number in which:
        fill(number, code, rows, steps, inputs)
    starts, from_rows, indices, factors, first = adding
    add_up(sums, starts, from_rows, indices, factors, rows, steps, first, steps.shape[1])


@compiled
def evaluate(
    which: IntArray, sums: IntArray, code: Arrays, adding: tuple[Any, ...], rows: FloatArray, steps: FloatArray
) -> None:
    """Compute steps and sums. `adding`: the arrays of `kernel.Sums`."""
    _some(which, sums, code, adding, rows, steps)


@compiled
def walk(
    swaps: Pair, sources: IntArray, again: Pair, sums: Pair, reached: Pair, code: Arrays, adding: tuple[Any, ...],
    buffers: tuple[FloatArray, ...], out: FloatArray,
) -> None:  # fmt: skip
    """Exchange the rows of one variant after the other and add to `out` (pair, 3) what its targets then give.

    Lists are (starts, items), by variant. `buffers`: rows of both samples, their steps as they are, and a copy of each.
    """
    a, b, base_a, base_b, work_a, work_b = buffers
    for v in range(len(swaps[0]) - 1):
        rows = swaps[1][swaps[0][v] : swaps[0][v + 1]]
        given = sources[swaps[0][v] : swaps[0][v + 1]]
        mine = again[1][again[0][v] : again[0][v + 1]]
        added = sums[1][sums[0][v] : sums[0][v + 1]]
        places = reached[1][reached[0][v] : reached[0][v + 1]]
        _exchange(rows, given, a, b)
        _some(mine, added, code, adding, a, work_a)
        _some(mine, added, code, adding, b, work_b)
        _account(places, base_a, base_b, work_a, work_b, out[reached[0][v] : reached[0][v + 1]])
        _exchange(rows, given, a, b)
        _restore(mine, base_a, work_a)
        _restore(added, base_a, work_a)
        _restore(mine, base_b, work_b)
        _restore(added, base_b, work_b)


@compiled
def chain(
    order: IntArray, swaps: Pair, sources: IntArray, again: Pair, sums: Pair, reached: Pair, code: Arrays,
    adding: tuple[Any, ...], buffers: tuple[FloatArray, ...], out: FloatArray,
) -> None:  # fmt: skip
    """Replace rows of the second sample by those of the first, one parameter after the other in `order`.

    Adds to `out` (pair) what each replacement counts for its targets. `buffers` as in `walk`; all of the second sample
    are overwritten.
    """
    a, rows, base_a, last, _, work = buffers
    for v in order:
        _take(swaps[1][swaps[0][v] : swaps[0][v + 1]], sources[swaps[0][v] : swaps[0][v + 1]], a, rows)
        mine = again[1][again[0][v] : again[0][v + 1]]
        _some(mine, sums[1][sums[0][v] : sums[0][v + 1]], code, adding, rows, work)
        places = reached[1][reached[0][v] : reached[0][v + 1]]
        _advance(places, base_a, work, last, out[reached[0][v] : reached[0][v + 1]])
