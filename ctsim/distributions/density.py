"""A density as polynomials on panels: its integral from either end, and the inverse of that, to about 1e-11.

For distributions whose quantiles a library finds by a slow or rough search, or not at all to the digits that tails
need. Panels are halved until a Chebyshev polynomial of degree 15 fits, so that they crowd where the density has a kink,
a pole or an end. Sums run from each end over positive terms only: a tail keeps all its digits.

The density is rounded where it comes in; after that there are only additions, multiplications, divisions and square
roots in a fixed order, with constants written out: from equal rounded densities follow equal bits, on every CPU.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

import numpy as np

from ctsim.distributions.sampling import FloatArray
from ctsim.distributions.steady import added, steady
from ctsim.distributions.tables import TableError, Tail

Density = Callable[[FloatArray], FloatArray]

# cos(pi m / 32) for m = 0 to 16: Chebyshev's points, and all that leads from values there to coefficients.
_COSINES: Final = (
    1.0, 0.9951847266721969, 0.9807852804032304, 0.9569403357322088, 0.9238795325112867, 0.881921264348355,
    0.8314696123025452, 0.773010453362737, 0.7071067811865476, 0.6343932841636455, 0.5555702330196022,
    0.47139673682599764, 0.3826834323650898, 0.2902846772544624, 0.19509032201612828, 0.0980171403295606, 0.0,
)  # fmt: skip
# Gauss and Legendre's rule of 16 points, the right half.
_NODES: Final = (
    0.09501250983763744, 0.2816035507792589, 0.45801677765722737, 0.6178762444026438,
    0.755404408355003, 0.8656312023878318, 0.9445750230732326, 0.9894009349916499,
)  # fmt: skip
_WEIGHTS: Final = (
    0.1894506104550685, 0.18260341504492358, 0.16915651939500254, 0.14959598881657674,
    0.12462897125553388, 0.09515851168249279, 0.062253523938647894, 0.027152459411754096,
)  # fmt: skip
LEGENDRE: Final = (np.array([-x for x in _NODES[::-1]] + list(_NODES)), np.array(_WEIGHTS[::-1] + _WEIGHTS))
"""Nodes in (-1, 1) and weights of the rule that integrates polynomials up to degree 31."""

_POINTS_A_PANEL: Final = 16
_BITS: Final = 38
"""Those kept of a density: errors of up to 4e-12, up and down by chance; `_FIT` is six times what comes of them."""
_FIT: Final = 3e-12
"""The last coefficients of a panel, relative to its highest density, that count as nothing."""
_STEEP: Final = 64.0
"""How much the density may vary in a panel: its error is relative to the highest."""
_NOTHING: Final = 1e-26
"""A share of probability too small to matter at 2^-42 of the whole."""
_MOST_PANELS: Final = 6000
_MOST_POINTS: Final = 1 << 14


def _cosine(m: int) -> float:
    """cos(pi m / 32)."""
    m %= 64
    m = min(m, 64 - m)
    return _COSINES[m] if m <= 16 else -_COSINES[32 - m]


_CHEBYSHEV: Final = np.array(
    [[_cosine(k * (2 * j + 1)) for k in range(_POINTS_A_PANEL)] for j in range(_POINTS_A_PANEL)]
)
"""Chebyshev's polynomials 0 to 15 (columns) at his 16 points (rows), which are the values of polynomial 1."""


@dataclass(frozen=True)
class Panels:
    """Panels between `edges` (n + 1), ascending; in each the coefficients (n, 16) of the density and (n, 17) of its
    integral from the left edge, both in Chebyshev polynomials of the coordinate in [-1, 1]; `mass` (n) of each.
    """

    edges: FloatArray
    density: FloatArray
    integral: FloatArray
    mass: FloatArray

    @property
    def total(self) -> float:
        """The integral over all panels."""
        return float(added(self.mass))

    def part(self, first: int, last: int) -> Panels:
        """The panels from `first` up to, not including, `last`."""
        kept = slice(first, last)
        return replace(
            self,
            edges=self.edges[first : last + 1],
            density=self.density[kept],
            integral=self.integral[kept],
            mass=self.mass[kept],
        )

    def tails(self) -> tuple[Tail, Tail]:
        """Quantiles by lower and by upper share of the total."""
        below = np.append(0.0, np.cumsum(self.mass))
        above = np.append(0.0, np.cumsum(self.mass[::-1]))

        def lower(v: FloatArray) -> FloatArray:
            wanted = v * below[-1]
            row = np.clip(np.searchsorted(below, wanted, side="right") - 1, 0, len(self.mass) - 1)
            return self._at(row, wanted - below[row])

        def upper(v: FloatArray) -> FloatArray:
            wanted = v * above[-1]
            back = np.clip(np.searchsorted(above, wanted, side="right") - 1, 0, len(self.mass) - 1)
            row = len(self.mass) - 1 - back
            return self._at(row, self.mass[row] - (wanted - above[back]))

        return lower, upper

    def at(self, x: FloatArray) -> FloatArray:
        """The density; zero outside the panels."""
        row = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.mass) - 1)
        left, right = self.edges[row], self.edges[row + 1]
        values = _sum(self.density[row].T, (x - left) / (right - left) * 2 - 1)
        return np.where((x >= self.edges[0]) & (x < self.edges[-1]), np.maximum(values, 0.0), 0.0)

    def _at(self, row: FloatArray, part: FloatArray) -> FloatArray:
        """Where in the panels `row` the integral from their left edge is `part`: Newton's method between bounds."""
        half = np.diff(self.edges)[row] / 2
        wanted = part / half
        density, integral = self.density[row].T, self.integral[row].T
        low, high = np.full(len(row), -1.0), np.full(len(row), 1.0)
        t = np.clip(2 * part / self.mass[row] - 1, -1.0, 1.0)
        for _ in range(60):
            missing = _sum(integral, t) - wanted
            low, high = np.where(missing < 0, t, low), np.where(missing > 0, t, high)
            step = t - missing / _sum(density, t)
            better = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            settled, t = np.abs(better - t).max() <= 1e-13, better
            if settled:
                break
        return np.asarray((self.edges[row] + half) + half * t)

    def moments(self, low: float, high: float) -> tuple[float, float]:
        """Mean and standard deviation of a density on `low` to `high`; infinite where an endless tail is so heavy that
        its last panel counts.
        """
        nodes, weights = LEGENDRE
        half = np.diff(self.edges) / 2
        x = (self.edges[:-1] + half)[:, None] + half[:, None] * nodes
        share = _sum(self.density.T[:, :, None], nodes) * weights * half[:, None] / self.total
        endless = [panel for panel, end in ((0, low), (-1, high)) if not np.isfinite(end)]
        mean = _settled(added(share * x), endless)
        if not math.isfinite(mean):
            return mean, math.inf
        return mean, math.sqrt(_settled(added(share * (x - mean) ** 2), endless))


def _settled(terms: FloatArray, endless: list[int]) -> float:
    """The sum over panels, infinite where one of the `endless` is not small."""
    small = np.abs(terms[endless]) <= 1e-9 * added(np.abs(terms))
    return float(added(terms)) if small.all() else np.inf


def integrate(density: Density, low: float, high: float, middle: float, scale: float, deadline: float) -> Panels:
    """The density between `low` and `high`, which may be infinite; `middle` and `scale` say where most of it is.

    Zero is an edge where the density is zero or infinite there. Raises TableError where the density is rough, not
    finite, or not computed before the deadline.
    """
    density = _patient(density, deadline)
    # Coarse, so that last digits do not matter. And not round: kinks are found as what panels crowd around, which they
    # do not where a kink lies on an edge by chance.
    scale = math.ldexp(1.0, math.frexp(1.37 * scale)[1])
    middle = min(max((round(8 * middle / scale) + 0.3437) / 8 * scale, low), high)
    edges = np.unique(np.concatenate([
        -_outward(lambda x: density(-x), -middle, -low, scale)[::-1], _outward(density, middle, high, scale),
    ]))  # fmt: skip
    if low < 0 < high and float(density(np.zeros(1))[0]) in (0.0, np.inf):
        edges = np.unique(np.append(edges, 0.0))
    return _refined(density, edges)


def _patient(density: Density, deadline: float) -> Density:
    """`density`, rounded, by pieces that begin small: slow ones are given up in time."""

    def by_pieces(x: FloatArray) -> FloatArray:
        pieces, start, length = [np.zeros(0)], 0, 16
        while start < len(x):
            pieces.append(steady(np.ravel(density(x[start : start + length])), _BITS))
            start, length = start + length, min(2 * length, _MOST_POINTS)
            if monotonic() > deadline:
                raise TableError("its density takes too long to compute")
        return np.concatenate(pieces)

    return by_pieces


def _outward(density: Density, middle: float, end: float, scale: float) -> FloatArray:
    """Edges from `middle` up to `end`, each panel twice as wide as the one before; only so far as probability is."""
    ways = scale * np.ldexp(1.234567, np.arange(-2, 1000))
    edges = middle + ways[np.isfinite(ways)]
    if np.isfinite(end):
        return np.concatenate([[middle], edges[edges < end - ways[0] / 2], [end]])
    most = 0.0
    for start in range(0, len(edges), 8):
        block = edges[start : start + 8]
        mass = density(block) * (block - middle)
        most = max(most, float(mass.max()))
        if mass[-1] <= _NOTHING * most:
            return np.append(middle, edges[: start + 8])
    raise TableError("its tails reach beyond the largest numbers")


def _refined(density: Density, edges: FloatArray) -> Panels:
    """Panels between the edges, halved until each is smooth, narrow beyond digits, or holds nothing."""
    left, right = edges[:-1], edges[1:]
    done: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    count, found = 0, 0.0
    while len(left):
        count += len(left)
        if count > _MOST_PANELS:
            raise TableError("its density is computed too roughly")
        half = (right - left) / 2
        values = density(((left + half)[:, None] + half[:, None] * _CHEBYSHEV[:, 1]).ravel()).reshape(len(left), -1)
        if not np.isfinite(values).all() or (values < 0).any():
            raise TableError("its density is not finite")
        coefficients = _fitted(values)
        peak, mass = values.max(axis=1), 2 * half * coefficients[:, 0]
        digits = 2.0**-52 * np.maximum(np.abs(left), np.abs(right)) / half  # of the coordinate: 1 where none is left
        smooth = np.abs(coefficients[:, -2:]).max(axis=1) <= (_FIT + 4 * digits) * peak
        smooth &= peak <= _STEEP * values.min(axis=1)
        narrow = digits > 0.25
        ready = smooth | narrow | (2 * half * peak <= _NOTHING * (found + added(mass)))
        found += float(added(np.where(ready, mass, 0.0)))
        done.append((left[ready], right[ready], coefficients[ready]))
        centre = (left + half)[~ready]
        left, right = np.concatenate([left[~ready], centre]), np.concatenate([centre, right[~ready]])
    return _joined(*(np.concatenate(parts) for parts in zip(*done, strict=True)))


def _joined(left: FloatArray, right: FloatArray, coefficients: FloatArray) -> Panels:
    order = np.argsort(left)
    coefficients = coefficients[order]
    integral: FloatArray = np.asarray(np.polynomial.chebyshev.chebint(coefficients, lbnd=-1, axis=1), dtype=np.float64)
    mass = (right - left)[order] / 2 * added(integral)
    kept = mass > 0
    if not kept.any():
        raise TableError("its density is zero everywhere")
    first, last = int(kept.argmax()), len(kept) - int(kept[::-1].argmax())
    return Panels(np.append(left[order], right.max()), coefficients, integral, np.maximum(mass, 0.0)).part(first, last)


def _fitted(values: FloatArray) -> FloatArray:
    """Coefficients (panels, 16) of Chebyshev's polynomials from values (panels, 16) at his points."""
    coefficients = np.zeros_like(values)
    for j in range(_POINTS_A_PANEL):  # no matmul: its order of additions depends on the CPU
        coefficients += values[:, j, None] * _CHEBYSHEV[j]
    coefficients *= 2 / _POINTS_A_PANEL
    coefficients[:, 0] /= 2
    return coefficients


def _sum(coefficients: FloatArray, t: FloatArray) -> FloatArray:
    """Chebyshev series with coefficients along the first axis, by Clenshaw's recurrence."""
    one, two = np.zeros(1), np.zeros(1)
    for c in coefficients[:0:-1]:
        one, two = c + 2 * t * one - two, one
    return np.asarray(coefficients[0] + t * one - two)
