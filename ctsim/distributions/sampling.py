"""The compiled loops that turn 64-bit words into values. What the words and parameters mean: see the package."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.distributions.lookup import polynomials

FloatArray = npt.NDArray[np.float64]
WordArray = npt.NDArray[np.uint64]

FIXED: Final = 0
UNIFORM: Final = 1
TRIANGULAR: Final = 2
TABLE: Final = 3
STEPS: Final = 4
PIECES: Final = 5

OCTAVES: Final = 41
"""Octaves of tail probability in a table, a side: 2^-42 (2.3e-13) to 1/2; what is smaller is taken as 2^-42."""

# Constants are unsigned: a plain integer beside an unsigned one would turn both into floats.
_NONE: Final = np.uint64(0)
_1, _2, _3, _4, _5, _6 = (np.uint64(k) for k in range(1, 7))
_11: Final = np.uint64(11)
_12: Final = np.uint64(12)
_52: Final = np.uint64(52)
_63: Final = np.uint64(63)
_64: Final = np.uint64(64)
_ONE: Final = np.uint64(0x3FF0000000000000)  # the bits of 1.0
_SMALLEST: Final = 2.0 ** (63 - OCTAVES)  # tail probability of the first segment, times 2^64
_EXPONENT: Final = np.uint64(1023 + 63 - OCTAVES)  # its exponent bits
_SCALE: Final = 2.0**-64
_BLOCK: Final = 256


@compiled
def fill(kind: int, parameters: FloatArray, table: FloatArray, words: WordArray, out: FloatArray) -> None:
    """Write the quantile of every word into `out`; `kind`, `parameters` and `table` are those of a `Quantiles`."""
    if kind == FIXED:
        out[:] = parameters[0]
    elif kind == UNIFORM:
        _uniform(parameters, words, out)
    elif kind == TRIANGULAR:
        _triangular(parameters, words, out)
    elif kind == TABLE:
        _from_table(parameters, table, words, out)
    elif kind == PIECES:
        _from_pieces(parameters, table, words, out)
    elif parameters[0] == 2.0 and parameters[2] == 0.0:
        _two_atoms(table, words, out)
    else:
        _steps(parameters, table, words, out)


@inlined
def _uniform(parameters: FloatArray, words: WordArray, out: FloatArray) -> None:
    low, width = parameters[0], parameters[1]
    for i in range(len(words)):
        out[i] = low + width * _unit(words[i])


@inlined
def _triangular(parameters: FloatArray, words: WordArray, out: FloatArray) -> None:
    """`parameters`: low, mode, high, probability cut off below and above, low and high end of what is kept."""
    low, mode, high, first, last = parameters[0], parameters[1], parameters[2], parameters[5], parameters[6]
    cut_below, cut_above = parameters[3], parameters[4]
    kept = 1.0 - cut_below - cut_above
    width = high - low
    below, above = (mode - low) / width, (high - mode) / width
    for i in range(len(words)):
        u = cut_below + kept * _unit(words[i])
        rest = cut_above + kept * _unit(~words[i])
        square = u * below if u < below else -(rest * above)  # signed, so that both sides share one root
        way = width * math.sqrt(abs(square))
        value = min(low + way, mode) if square > 0.0 else max(high - way, mode)
        out[i] = min(max(value, first), last)


@inlined
def _from_table(parameters: FloatArray, table: FloatArray, words: WordArray, out: FloatArray) -> None:
    """`parameters`: shift, scale, low, high, mantissa bits a segment, rows a side. `table`: see `tables`.

    Three short loops, each on vectors: the values between them stay in the nearest cache.
    """
    shift, scale, low, high = parameters[0], parameters[1], parameters[2], parameters[3]
    rows, local = np.zeros(_BLOCK, np.uint64), np.zeros(_BLOCK)
    for start in range(0, len(words), _BLOCK):
        block = out[start : start + _BLOCK]
        _split(parameters, words[start : start + _BLOCK], rows, local)
        polynomials(table, rows, local, len(block))
        for i in range(len(block)):
            block[i] = min(max(shift + scale * local[i], low), high)


@inlined
def _split(parameters: FloatArray, words: WordArray, rows: WordArray, local: FloatArray) -> None:
    """For every word where in the table the row of its segment begins, and the local coordinate in [0, 1).

    The tail probability becomes a float; its exponent and first mantissa bits number the segment, the other bits are
    the coordinate.
    """
    bits, side = np.uint64(parameters[4]), np.uint64(parameters[5])
    first = _EXPONENT << bits
    for i in range(len(words)):
        upper = words[i] >> _63
        tail = np.float64(max(np.float64(np.int64(words[i] ^ (_NONE - upper))), _SMALLEST)).view(np.uint64)
        rows[i] = _6 * ((tail >> (_52 - bits)) - first + upper * side)
        local[i] = np.uint64(((tail << (_12 + bits)) >> _12) | _ONE).view(np.float64) - 1.0


@inlined
def _from_pieces(parameters: FloatArray, table: FloatArray, words: WordArray, out: FloatArray) -> None:
    """`parameters` as in `_from_table`, then the number n of pieces.

    `table`: the tables of the pieces one after the other, then the n + 1 ends of their ranges of words, 0 to 2^53 in
    units of 2^11 words. In its range a word is read like one of all words: the nearer end gives the side, the distance
    from it, as a share of the range, the tail probability.
    """
    shift, scale, low, high = parameters[0], parameters[1], parameters[2], parameters[3]
    bits, rows, n = np.uint64(parameters[4]), np.uint64(parameters[5]), np.int64(parameters[6])
    ends = table[len(table) - n - 1 :]
    first = (_EXPONENT - _64) << bits
    smallest = _SMALLEST * _SCALE
    for i in range(len(words)):
        place = np.float64(np.int64(words[i] >> _11))
        k = 0
        while place >= ends[k + 1]:
            k += 1
        above = words[i] - (np.uint64(np.int64(ends[k])) << _11)
        below = (np.uint64(np.int64(ends[k + 1])) << _11) - _1 - words[i]  # 2^64 is 0, and 0 - 1 the last word
        upper = np.uint64(below < above)
        share = np.float64(np.int64(min(above, below))) / ((ends[k + 1] - ends[k]) * 2048.0)
        tail = np.float64(max(share, smallest)).view(np.uint64)
        row = (tail >> (_52 - bits)) - first + (upper + _2 * np.uint64(k)) * rows
        c = _6 * row
        t = np.uint64(((tail << (_12 + bits)) >> _12) | _ONE).view(np.float64) - 1.0
        z = table[c + _4] + t * table[c + _5]
        z = table[c + _2] + t * (table[c + _3] + t * z)
        z = table[c] + t * (table[c + _1] + t * z)
        out[i] = min(max(shift + scale * z, low), high)


@inlined
def _two_atoms(table: FloatArray, words: WordArray, out: FloatArray) -> None:
    """The commonest steps, without a search. `table` as in `_steps`, n = 2."""
    below, above, first, second = table[1], table[4], table[6], table[7]
    for i in range(len(words)):
        v = _tail(words[i])
        in_first = v >= above if words[i] >> _63 else v < below
        out[i] = first if in_first else second


@inlined
def _steps(parameters: FloatArray, table: FloatArray, words: WordArray, out: FloatArray) -> None:
    """`parameters`: number n of cells, bits of the guide.

    `table`: the CDF and its complement at the n + 1 edges, left and right value of the n cells, the guide: for each
    of 2^bits equal parts of (0, 1) the first cell that a word in it can have.
    """
    n = np.int64(parameters[0])
    shift = _64 - np.uint64(parameters[1])
    cdf, complement = table[: n + 1], table[n + 1 : 2 * n + 2]
    left, right = table[2 * n + 2 : 3 * n + 2], table[3 * n + 2 : 4 * n + 2]
    guide = table[4 * n + 2 :]
    for i in range(len(words)):
        v = _tail(words[i])
        k = np.int64(guide[np.int64(words[i] >> shift)])
        if words[i] >> _63:
            while v < complement[k + 1]:
                k += 1
            part = (v - complement[k + 1]) / (complement[k] - complement[k + 1])
            out[i] = right[k] - (right[k] - left[k]) * part
        else:
            while v >= cdf[k + 1]:
                k += 1
            part = (v - cdf[k]) / (cdf[k + 1] - cdf[k])
            out[i] = left[k] + (right[k] - left[k]) * part


@inlined
def _unit(word: np.uint64) -> float:
    """The middle of the word's cell among 2^52 equal ones: strictly inside (0, 1), exact, and so is its complement."""
    return np.uint64((word >> _12) | _ONE).view(np.float64) - (1.0 - 2.0**-53)


@inlined
def _tail(word: np.uint64) -> float:
    """The tail probability v: word / 2^64 on the lower side, the complement's on the upper."""
    return np.float64(np.int64(word ^ (_NONE - (word >> _63)))) * _SCALE
