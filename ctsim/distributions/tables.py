"""The dyadic quantile table: any continuous quantile function as polynomials on octaves of the tail probability.

One segment for every octave of v and every value of its first mantissa bits (4, more where the check asks for it); in
each a polynomial of degree 5 in the remaining mantissa bits, read as a coordinate in [0, 1). Quantile functions are
smooth on that scale, far tails and ends of bounded supports included. Every table is compared with what it was made
from between its nodes, and refined or refused.

Rows of 6 coefficients, constant first: the lower side's segments, one constant row for v = 1/2, the upper side's
segments, the same constant row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from time import monotonic
from typing import Final

import numpy as np

from ctsim.distributions.sampling import OCTAVES, FloatArray
from ctsim.distributions.steady import added, steady

TOLERANCE: Final = 1e-9
"""Largest error of a table against what it was made from, relative to max(|quantile|, interquartile range)."""

PATIENCE: Final = 60.0
"""Seconds that quantiles or a density may take to compute; ordinary families take 0.01."""

_EXPONENTS: Final = np.arange(-1 - OCTAVES, -1)
_BITS: Final = (4, 5, 6, 7)
_NODES: Final = (0.0, 3 / 32, 11 / 32, 21 / 32, 29 / 32, 1.0)
"""Where a segment's polynomial meets the quantile function: near the Chebyshev points, in exact binary."""
_BETWEEN: Final = (3 / 64, 7 / 32, 1 / 2, 25 / 32, 61 / 64)
"""Where it is compared with it."""

Tail = Callable[[FloatArray], FloatArray]
"""Quantiles by tail probability in (0, 1/2]."""


class TableError(ValueError):
    """No table of these quantiles is accurate, or they are not finite.

    `where`: two values between which a table is worst, where that is known.
    """

    def __init__(self, message: str, where: tuple[float, float] | None = None) -> None:
        super().__init__(message)
        self.where = where


@dataclass(frozen=True)
class DyadicTable:
    """`error` is the largest one found, on the scale of `TOLERANCE`; `reach` the largest absolute value."""

    coefficients: FloatArray
    bits: int
    error: float
    reach: float
    mean: float
    sd: float

    def octaves(self) -> tuple[FloatArray, FloatArray]:
        """Its values (side, octave) at the tail probabilities 2^-42, 2^-41, ..., 1/2, and these."""
        sides = self.coefficients.reshape(2, -1, 6)
        return sides[:, :: 2**self.bits, 0], np.ldexp(1.0, np.append(_EXPONENTS, -1))


def dyadic_table(lower: Tail, upper: Tail, scale: float | None = None, least: int = _BITS[0]) -> DyadicTable:
    """The coarsest accurate table of a distribution given by the quantiles of both sides; raises TableError.

    Errors are relative to max(|quantile|, `scale`), by default the interquartile range. `least` mantissa bits at least.
    """
    deadline = monotonic() + PATIENCE
    lower, upper = patient(lower, deadline), patient(upper, deadline)
    if scale is None:
        quarter = np.array([0.25])
        scale = float((upper(quarter) - lower(quarter))[0])
    # One narrow segment an octave first: rough quantiles show there, before many slow ones are computed.
    octaves = np.ldexp(1.0, _EXPONENTS)
    error, where = max(_worst(tail, _fit(_at(tail, octaves, _BITS[-1], _NODES)), octaves, _BITS[-1], scale)
                       for tail in (lower, upper))  # fmt: skip
    for bits in range(least, _BITS[-1] + 1) if error <= TOLERANCE else ():
        left = _starts(bits)
        sides = _side(lower, bits), _side(upper, bits)
        error, where = max(
            _worst(tail, side[:-1], left, bits, scale) for tail, side in zip((lower, upper), sides, strict=True)
        )
        if error <= TOLERANCE:
            coefficients = np.concatenate(sides).ravel()
            reach = float(np.abs(coefficients[::6]).max())
            return DyadicTable(coefficients, bits, error, reach, *_moments(sides, bits))
        if error > TOLERANCE * 2.0 ** (6 * (_BITS[-1] - bits)):  # each bit takes a smooth function 2^6 times nearer
            break
    raise TableError(
        f"a table of its quantiles has an error of {error:.1e}, at most {TOLERANCE:.0e} is allowed: they bend "
        "sharply or are computed too roughly. Use 'empirical' with quantiles of a sample",
        where,
    )


def patient(function: Tail, deadline: float) -> Tail:
    """`function` by pieces, given up at the deadline: some arguments keep scipy busy for minutes."""

    def by_pieces(v: FloatArray) -> FloatArray:
        pieces = []
        for start in range(0, len(v), 128):
            pieces.append(np.asarray(function(v[start : start + 128]), dtype=np.float64))
            if monotonic() > deadline:
                raise TableError(f"scipy takes more than {PATIENCE:g} seconds to compute it")
        return np.concatenate(pieces)

    return by_pieces


@cache
def _to_powers() -> FloatArray:
    """Values at `_NODES` to coefficients of powers: exact fractions, rounded once, the same on every machine."""
    nodes = [Fraction(node) for node in _NODES]
    rows = []
    for i, node in enumerate(nodes):
        powers = [Fraction(1)]
        for other in nodes[:i] + nodes[i + 1 :]:
            shifted, kept = [Fraction(0), *powers], [*powers, Fraction(0)]
            powers = [(a - b * other) / (node - other) for a, b in zip(shifted, kept, strict=True)]
        rows.append([float(power) for power in powers])
    return np.array(rows)


def _starts(bits: int) -> FloatArray:
    """Left ends, in tail probability, of the segments of a side."""
    mantissas = 1.0 + np.tile(np.arange(2**bits) / 2**bits, OCTAVES)
    return np.asarray(np.ldexp(mantissas, np.repeat(_EXPONENTS, 2**bits)))


def _widths(left: FloatArray, bits: int) -> FloatArray:
    """Widths of segments by their left ends."""
    return np.asarray(np.ldexp(0.5**bits, np.frexp(left)[1] - 1))


def _at(tail: Tail, left: FloatArray, bits: int, coordinates: tuple[float, ...]) -> FloatArray:
    """Quantiles (segments, coordinates) at local coordinates of segments."""
    v = left[:, None] + _widths(left, bits)[:, None] * np.array(coordinates)
    values = steady(tail(v.ravel())).reshape(v.shape)
    if not np.isfinite(values).all():
        raise TableError("its quantiles are not finite: arguments out of range, or tails beyond the largest numbers")
    return values


def _fit(values: FloatArray) -> FloatArray:
    """Coefficients (segments, 6) from values at `_NODES`."""
    rises = values - values[:, :1]
    coefficients = np.zeros((len(values), 6))
    for i, weights in enumerate(_to_powers()):  # no matmul: its bits depend on the BLAS
        coefficients += rises[:, i, None] * weights
    coefficients[:, 0] = values[:, 0]
    return coefficients


def _side(tail: Tail, bits: int) -> FloatArray:
    """Coefficients (segments + 1, 6) of one side, the last for v = 1/2."""
    values = _at(tail, _starts(bits), bits, _NODES[:-1])
    middle = float(steady(tail(np.array([0.5])))[0])
    ends = np.append(values[1:, 0], middle)
    return np.vstack([_fit(np.column_stack([values, ends])), [[middle, 0.0, 0.0, 0.0, 0.0, 0.0]]])


def _worst(
    tail: Tail, coefficients: FloatArray, left: FloatArray, bits: int, scale: float
) -> tuple[float, tuple[float, float]]:
    """Largest error between the nodes, relative to max(|quantile|, `scale`), and the quantiles on both sides of it."""
    exact = _at(tail, left, bits, _BETWEEN)
    t = np.array(_BETWEEN)
    table = np.zeros_like(exact)
    for k in (5, 4, 3, 2, 1, 0):
        table = table * t + coefficients[:, k, None]
    errors = (np.abs(table - exact) / np.maximum(np.abs(exact), abs(scale))).max(axis=1)
    low, *_, high = np.sort(exact[errors.argmax()])
    return float(errors.max()), (float(low), float(high))


def _moments(sides: tuple[FloatArray, FloatArray], bits: int) -> tuple[float, float]:
    """Mean and standard deviation of what the table gives: exact integrals of its polynomials."""
    width = _widths(_starts(bits), bits)
    rest = math.ldexp(1.0, -1 - OCTAVES)  # below the first segment its first value holds
    power = np.arange(1, 7)
    mean = sum(float(added(width * added(c[:-1] / power))) + rest * float(c[0, 0]) for c in sides)
    square = 0.0
    for side in sides:
        c = side[:-1] - np.array([mean, 0, 0, 0, 0, 0])
        products = c[:, :, None] * c[:, None, :] / (power[:, None] + power - 1)
        square += float(added(width * added(added(products)))) + rest * float(c[0, 0] * c[0, 0])
    return mean, math.sqrt(square)
