"""Quantile tables with breaks: where one table cannot follow a kink, the distribution is cut there, and each piece has
a table of its own. At both ends of a piece segments get ever narrower, so a break need not be at the exact place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ctsim.distributions.density import Panels
from ctsim.distributions.sampling import FloatArray
from ctsim.distributions.steady import steady
from ctsim.distributions.tables import DyadicTable, TableError, dyadic_table

MOST_BREAKS: Final = 12


@dataclass(frozen=True)
class Pieces:
    """Tables of equal `bits` in ascending order, and the ends of their shares of 2^53 (n + 1)."""

    tables: tuple[DyadicTable, ...]
    ends: FloatArray

    @property
    def table(self) -> FloatArray:
        """What `sampling` reads: of one piece its coefficients, of several the ends after them."""
        coefficients = [one.coefficients for one in self.tables]
        return np.concatenate([*coefficients, self.ends]) if len(coefficients) > 1 else coefficients[0]

    @property
    def rows(self) -> int:
        """Rows of coefficients a side."""
        return len(self.tables[0].coefficients) // 12

    @property
    def error(self) -> float:
        """The largest error found, on the scale of `TOLERANCE`."""
        return max(one.error for one in self.tables)


def whole(table: DyadicTable) -> Pieces:
    """One table for all."""
    return Pieces((table,), np.array([0.0, 2.0**53]))


def pieced(panels: Panels) -> Pieces:
    """Tables of the distribution with this density, with breaks where they are needed; raises TableError."""
    lower, upper = panels.tails()
    quarter = np.array([0.25])
    scale = float((upper(quarter) - lower(quarter))[0])
    todo, done = [(0, len(panels.mass))], []
    while todo:
        first, last = todo.pop()
        try:
            done.append((first, last, dyadic_table(*panels.part(first, last).tails(), scale)))
        except TableError as error:
            if error.where is None or len(todo) + len(done) >= MOST_BREAKS:
                raise
            middle = _break(panels.edges[first : last + 1], error)
            todo += [(first + middle, last), (first, first + middle)]
    bits = max(table.bits for _, _, table in done)
    ends = _ends(np.array([panels.part(first, last).total for first, last, _ in done]))
    if (np.diff(ends) < 2.0**11).any():
        raise TableError("it has several sharp bends within 2e-13 of probability")
    tables = (
        table if table.bits == bits else dyadic_table(*panels.part(first, last).tails(), scale, bits)
        for first, last, table in done
    )
    return Pieces(tuple(tables), ends)


def _ends(masses: FloatArray) -> FloatArray:
    """The ends of pieces in units of 2^-53 of their sum, each steady in its distance from the nearer end of all."""
    below, above = np.append(0.0, np.cumsum(masses)), np.append(np.cumsum(masses[::-1])[::-1], 0.0)
    share = steady(np.minimum(below, above) / below[-1])
    return np.asarray(np.rint(np.ldexp(np.where(below <= above, share, 1.0 - share), 53)))


def _break(edges: FloatArray, error: TableError) -> int:
    """The edge between the narrowest panels near the place of the error: they crowd around what is not smooth."""
    assert error.where is not None
    low, high = error.where
    inside = edges[1:-1]
    near = (inside >= low - (high - low)) & (inside <= high + (high - low))
    if not near.any():
        raise error
    width = np.diff(edges)
    return 1 + int(np.where(near, width[:-1] + width[1:], np.inf).argmin())
