"""Compositions: shares of one whole. Drawn apart, then scaled together, so that they add up to what is printed.

Members that vary are multiplied by (their printed sum) / (their drawn sum); a member that is fixed stays as it is. No
random numbers are used, so all other draws are as they were; at printed values the factor is 1 exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled

FloatArray = npt.NDArray[np.float64]

SHARES: Final = " (shares)"
"""Ends the name of a whole where all of its shares are meant: it may have the name of a parameter."""


@dataclass(frozen=True)
class Composition:
    """The varying members of one composition, as places in a list of rows, and what they add up to as printed."""

    name: str
    rows: tuple[int, ...]
    total: float


def total_of(values: Iterable[float]) -> float:
    """Their sum, from the first to the last: the same bits in any version of Python and in `scale`."""
    total = 0.0
    for value in values:
        total += value
    return total


def scaled(values: Sequence[float], compositions: Sequence[Composition]) -> list[float]:
    """Row values with the members of each composition scaled to its total; plain Python, the bits of `scale`."""
    found = list(values)
    for one in compositions:
        factor = one.total / total_of(values[row] for row in one.rows)
        for row in one.rows:
            found[row] = values[row] * factor
    return found


class Scaled:
    """Compositions as arrays that one compiled loop can walk."""

    def __init__(self, compositions: Sequence[Composition]) -> None:
        self._rows = np.array([row for one in compositions for row in one.rows], dtype=np.int64)
        self._starts = np.cumsum([0, *(len(one.rows) for one in compositions)]).astype(np.int64)
        self._totals = np.array([one.total for one in compositions], dtype=np.float64)

    def fill(self, values: FloatArray) -> None:
        """Scale members in place; `values` (row, draw)."""
        if len(self._totals):
            scale(self._rows, self._starts, self._totals, values)


@compiled
def scale(rows: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], totals: FloatArray, values: FloatArray) -> None:
    """Members of composition k are `rows[starts[k] : starts[k + 1]]`; they sum to `totals[k]` in every draw after."""
    for k in range(len(totals)):
        members = rows[starts[k] : starts[k + 1]]
        for i in range(values.shape[1]):
            drawn = 0.0
            for row in members:
                drawn += values[row, i]
            factor = totals[k] / drawn
            for row in members:
                values[row, i] *= factor
