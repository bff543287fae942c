"""Quantiles from the counts of bins, and how many draws they may be off inside a bin.

How draws lie inside a bin follows from its neighbours, in one of two ways. Smooth: the cubic through four cumulative
counts. Broken: the density of the bins on the left up to a break, that of the bins on the right from there on; the
count of the bin itself says where the break is, so a kink or a jump of the density is found where it lies. Each way is
tried a second time with other counts: six instead of four, and other neighbours. The way that agrees better with its
second try is taken, and what the two differ by, at most over the bin, is its error.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.summaries.records import FloatArray

_LINEAR, _SMOOTH, _BROKEN = 0, 1, 2
_NEAR, _FAR = 0, 1
_BISECTIONS = 40
FEW: Final = 8.0
"""Draws whose places are chance: by so many the two ways may differ where one agrees with itself, and it counts."""


@compiled
def read(
    edges: FloatArray,
    single: npt.NDArray[np.bool_],
    counts: FloatArray,
    even: bool,
    ranks: FloatArray,
    values: FloatArray,
    errors: FloatArray,
) -> None:
    """The value below which `ranks` draws lie, and by how many draws that may be wrong for the width of a bin.

    Bin b begins at edges[b] and counts[b] draws lie below it; both have one entry more than there are bins. `single`
    bins hold one value, which is exact. A rank at the end of a bin belongs to it: an atom has all ranks up to its last
    draw. `even`: all bins but the first and the last have one width.
    """
    lines = np.empty((2, 5))
    known, way, error = -1, _LINEAR, 0.0
    for k in range(len(ranks)):
        b = min(max(np.searchsorted(counts, ranks[k]) - 1, 0), len(single) - 1)
        if single[b]:
            values[k], errors[k] = edges[b], 0.0
            continue
        if b != known:
            known = b
            way, error = _way(edges, single, counts, even, b, lines)
        place = _place(counts, b, way, lines[_NEAR], ranks[k] - counts[b])
        values[k], errors[k] = edges[b] + place * (edges[b + 1] - edges[b]), error


@compiled
def _way(
    edges: FloatArray, single: npt.NDArray[np.bool_], counts: FloatArray, even: bool, b: int, lines: FloatArray
) -> tuple[int, float]:
    """How to read bin b, and the error of that; `lines` become its densities where it is broken."""
    held = counts[b + 1] - counts[b]
    way, error = _LINEAR, held / 2  # nothing is known of what lies inside
    near, unexplained = _lines(edges, single, counts, even, b, _NEAR, lines[_NEAR])
    if near:
        far, _ = _lines(edges, single, counts, even, b, _FAR, lines[_FAR])
        way, error = _BROKEN, unexplained
        for quarter in range(4):
            t = quarter / 4 if quarter else lines[_NEAR, 4]
            other = _under_lines(lines[_FAR], held, t) if far else t * held
            error = max(error, abs(_under_lines(lines[_NEAR], held, t) - other))
    if even and 3 <= b <= len(single) - 4:
        before, apart, ways, rising = 0.0, 0.0, 0.0, True
        for quarter in range(1, 5):
            t = quarter / 4
            found = _cubic(counts, b, t)
            apart = max(apart, abs(found - _quintic(counts, b, t)))
            ways = max(ways, abs(found - _under_lines(lines[_NEAR], held, t)) if near else 0.0)
            rising = rising and found > before
            before = found
        if rising and apart <= error:
            way, error = _SMOOTH, max(apart, min(ways, FEW))
    return way, error


@inlined
def _place(counts: FloatArray, b: int, way: int, lines: FloatArray, rank: float) -> float:
    """Where in bin b, from 0 to 1, `rank` of its draws lie below."""
    held = counts[b + 1] - counts[b]
    low, high = 0.0, 1.0
    if way == _LINEAR:
        low = high = min(max(rank / held, 0.0), 1.0)
    for _ in range(_BISECTIONS):
        t = (low + high) / 2
        below = (_cubic(counts, b, t) if way == _SMOOTH else _under_lines(lines, held, t)) < rank
        low = t if below else low
        high = high if below else t
    return (low + high) / 2


# ---- smooth


@inlined
def _cubic(counts: FloatArray, b: int, t: float) -> float:
    """Draws of bin b below t by the cubic through four cumulative counts, two on each side."""
    start = counts[b]
    below: float = (
        (counts[b - 1] - start) * (-t * (t - 1) * (t - 2) / 6)
        + (counts[b + 1] - start) * (-(t + 1) * t * (t - 2) / 2)
        + (counts[b + 2] - start) * ((t + 1) * t * (t - 1) / 6)
    )
    return below


@inlined
def _quintic(counts: FloatArray, b: int, t: float) -> float:
    """The same by the polynomial through six."""
    start = counts[b]
    outer = (t + 2) * (t - 3)
    below: float = (
        (counts[b - 2] - start) * (-(t + 1) * t * (t - 1) * (t - 2) * (t - 3) / 120)
        + (counts[b - 1] - start) * (outer * t * (t - 1) * (t - 2) / 24)
        + (counts[b + 1] - start) * (outer * (t + 1) * t * (t - 2) / 12)
        + (counts[b + 2] - start) * (-outer * (t + 1) * t * (t - 1) / 24)
        + (counts[b + 3] - start) * ((t + 2) * (t + 1) * t * (t - 1) * (t - 2) / 120)
    )
    return below


# ---- broken


@inlined
def _lines(
    edges: FloatArray,
    single: npt.NDArray[np.bool_],
    counts: FloatArray,
    even: bool,
    b: int,
    which: int,
    out: FloatArray,
) -> tuple[bool, float]:
    """Densities in bin b (draws a width of it), from its neighbours on both sides, and where they break.

    Into `out`: the left density at both ends, the right one at both ends, the break. Returns whether there are any, and
    the draws that one side alone does not explain. Even bins are followed by a line through the nearest four (`which`
    is _NEAR) or two (_FAR) neighbours of a side, others by the density of the nearest or of the one after it.
    """
    held, width = counts[b + 1] - counts[b], edges[b + 1] - edges[b]
    sides = 0
    for side in range(2):
        step = 2 * side - 1
        first = b + step if even or which == _NEAR else b + 2 * step
        bins = 1 if not even else 4 if which == _NEAR else 2
        last = first + step * (bins - 1)
        if min(first, last) < 1 or max(first, last) > len(single) - 2:
            continue
        if single[first] or single[last]:
            continue
        middle = (counts[first + 1] - counts[first]) * (width / (edges[first + 1] - edges[first]))
        rise = 0.0  # towards b, a bin
        if bins > 1:
            second = counts[first + step + 1] - counts[first + step]
            rise = middle - second
            if bins == 4:  # least squares, read off one bin before the first of four
                third, fourth = counts[last - step + 1] - counts[last - step], counts[last + 1] - counts[last]
                rise = 0.3 * (middle - fourth) + 0.1 * (second - third)
                middle += (second - fourth) / 2
            else:
                middle += rise
        half = rise * step / -2
        if min(middle - half, middle + half) > 0:
            out[2 * side], out[2 * side + 1] = middle - half, middle + half
            sides += 1 + side
    if sides == 0 or (even and sides < 3):
        return False, 0.0
    if sides < 3:
        out[2 * (2 - sides)], out[2 * (2 - sides) + 1] = out[2 * (sides - 1)], out[2 * (sides - 1) + 1]
    left, right = (out[0] + out[1]) / 2, (out[2] + out[3]) / 2
    out[4] = _break(out, held)
    if (left - held) * (right - held) >= 0:  # no break explains the count: the density that comes nearer, scaled
        chosen = 0 if abs(left - held) <= abs(right - held) else 2
        out[4] = 1.0 - chosen / 2
        factor = 2 * held / (out[chosen] + out[chosen + 1])
        out[chosen], out[chosen + 1] = out[chosen] * factor, out[chosen + 1] * factor
    return True, 0.0 if sides == 3 else abs(left - held)


@inlined
def _break(lines: FloatArray, held: float) -> float:
    """Where the left density ends and the right one begins, so that they hold so many draws together."""
    low, high = 0.0, 1.0
    rising = lines[0] + lines[1] > lines[2] + lines[3]
    for _ in range(_BISECTIONS):
        t = (low + high) / 2
        before = t * (lines[0] + (lines[1] - lines[0]) * t / 2)
        after = (1 - t) * (lines[2] + (lines[3] - lines[2]) * (1 + t) / 2)
        less = (before + after < held) == rising
        low = t if less else low
        high = high if less else t
    return (low + high) / 2


@inlined
def _under_lines(lines: FloatArray, held: float, t: float) -> float:
    """Draws of a bin below t by its broken density."""
    below: float = t * (lines[0] + (lines[1] - lines[0]) * t / 2)
    above: float = (1 - t) * (lines[2] + (lines[3] - lines[2]) * (1 + t) / 2)
    return below if t < lines[4] else held - above
