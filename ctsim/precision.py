"""When a run has drawn enough: it looks at doubling numbers of draws, and stops once every statistic is near enough.

A statistic (mean, 5 % and 95 % quantile of each cell of the year axis) is sure when the half-width of its 95 %
confidence interval, t15(0.975) times its Monte Carlo standard error from 16 replicates, is at most R times its scale:
its own size or a tenth of the 90 % interval, whichever is more. No error at all is trusted only of what no spread
reaches: a rare event that was not drawn yet has none. The confidence is that of each statistic, not of all together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ctsim.distributions import FIXED
from ctsim.errors import InputError, how_many
from ctsim.kernel import Kernel
from ctsim.programme import METRICS
from ctsim.summaries import PILOT, QUANTILES, REPLICATES, Summary

T_QUANTILE: Final = 2.131449545559323
"""0.975 quantile of Student's t with 15 degrees of freedom."""

DISCRETE: Final = ("bernoulli", "choice", "empirical")
STATISTICS: Final = ("mean", "5 % quantile", "95 % quantile")
_HITS: Final = 64
"""Draws of the rarest event that are expected at the first look."""
_WIDTH: Final = 0.1
_ENDS: Final = [QUANTILES.index(0.05), QUANTILES.index(0.95)]
_CELLS: Final = tuple(f"/{metric}" for metric in METRICS)


def parsed(given: float | str | None) -> float | None:
    """The precision that was asked for as a number above 0 and below 1; `1%` is 0.01. Raises InputError."""
    if given is None:
        return None
    text = str(given).strip()
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise InputError(f"--precision {text[:40]}: must be above 0 and below 1, as 0.01 or 1%")
    return share


@dataclass(frozen=True)
class Look:
    """What a look found: `cells` that were judged, how many of them are unsure, and which statistic is worst."""

    draws: int
    cells: int
    unsure: int
    worst: str

    @property
    def words(self) -> str:
        """The look as one line."""
        cells = how_many(self.cells, "cell")
        if not self.unsure:
            return f"{self.draws:,} draws: {cells}, all sure"
        return f"{self.draws:,} draws: {self.unsure:,} of {cells} still unsure, the worst {self.worst}"


@dataclass(frozen=True)
class Rule:
    """A precision asked of some of a kernel's targets: which, which of them vary, and the draws of the first look."""

    asked: float
    cells: tuple[int, ...]
    names: tuple[str, ...]
    varies: npt.NDArray[np.bool_]
    first: int

    def looks(self, most: int) -> Iterator[int]:
        """Numbers of draws at which a run of at most so many is looked at; the last is `most` itself."""
        draws = self.first
        while draws < most:
            yield draws
            draws *= 2
        yield most

    def look(self, summary: Summary) -> Look:
        """Judge every cell that has a number. Before the first look nothing is sure but what does not vary."""
        found = shares(self.cells, self.varies, summary)
        if summary.draws < self.first:
            found[self.varies & ~np.isnan(found).all(axis=1)] = np.inf
        unsure = (found > self.asked).any(axis=1)
        cells = int((~np.isnan(found).all(axis=1)).sum())
        return Look(summary.draws, cells, int(unsure.sum()), self._worst(found) if unsure.any() else "")

    def _worst(self, found: npt.NDArray[np.float64]) -> str:
        row, column = np.unravel_index(int(np.nanargmax(found)), found.shape)
        share = float(found[row, column])
        error = f"± {share:.2%}" if isfinite(share) else "error unknown"
        if not isfinite(share) and self.first > PILOT:
            error += f": a rare event needs {self.first:,} draws"
        return f"{self.names[row]}, {STATISTICS[column]} ({error})"


def rule(asked: float, kernel: Kernel) -> Rule:
    """The rule for the cells of a kernel; for all its targets where none of them is on the year axis."""
    every = range(len(kernel.targets))
    cells = tuple(i for i in every if kernel.targets[i].node in _CELLS) or tuple(every)
    reached = reaching(kernel, cells)
    random = {i for i, one in enumerate(kernel.quantiles) if one.kind != FIXED}
    rarest = min((p for i in random & set().union(*reached) if (p := _rarest(kernel, i))), default=1.0)
    least = max(PILOT, ceil(_HITS / rarest))
    first = REPLICATES << (-(-least // REPLICATES) - 1).bit_length()
    varies = np.array([bool(rows & random) for rows in reached], dtype=np.bool_)
    return Rule(asked, cells, tuple(kernel.targets[i].name for i in cells), varies, first)


def _rarest(kernel: Kernel, row: int) -> float:
    """The smallest probability of a value of a discrete row; 0 for any other row."""
    atoms = kernel.quantiles[row].atoms
    if kernel.binding.rows[row].spread.dist not in DISCRETE or not len(atoms):
        return 0.0
    return float(atoms[:, 1].min())


def reaching(kernel: Kernel, targets: Iterable[int]) -> list[set[int]]:
    """For each target the rows that it is computed from, through any number of formulas."""
    return [kernel.binding.reached(kernel.targets[i].parts) for i in targets]


def shares(cells: Sequence[int], varies: npt.NDArray[np.bool_], summary: Summary) -> npt.NDArray[np.float64]:
    """(cell, statistic) half-width of the 95 % confidence interval over the statistic's scale.

    0 for what does not vary, infinite where the error is unknown, NaN for cells that have no number because some
    draws are not finite: no number of draws would mend these.
    """
    at = np.array(cells, dtype=np.int64)
    quantiles = summary.quantiles[at]
    values = np.column_stack([summary.mean[at], quantiles[:, _ENDS]])
    # Stratified replicates may have the same mean to the last bit: then it is known to one draw, if draws differ.
    one_draw = (summary.maximum[at] - summary.minimum[at]) / summary.draws
    means = np.where(summary.mcse[at] == 0.0, one_draw, summary.mcse[at])
    errors = np.column_stack([means, summary.quantiles_mcse[at][:, _ENDS]])
    scale = np.maximum(np.abs(values), _WIDTH * (values[:, 2:] - values[:, 1:2]))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = T_QUANTILE * errors / scale
    found = np.where(np.isnan(found), np.inf, found)
    found[errors == 0.0] = 0.0
    held = np.column_stack([np.zeros(len(at), np.bool_), *(_held(quantiles, end) for end in _ENDS)])
    found[varies[:, None] & (errors == 0.0) & ~held] = np.inf
    found[summary.not_finite[at] > 0] = np.nan
    return found


def _held(quantiles: npt.NDArray[np.float64], end: int) -> npt.NDArray[np.bool_]:
    """Where a quantile lies on a value that repeats as far as the reported quantiles on both sides of it.

    Its error is 0 there and that is the truth: the share of draws at the value would have to be wrong by 0.02 or more.
    """
    around = quantiles[:, end - 1 : end + 2]
    same: npt.NDArray[np.bool_] = (around == around[:, 1:2]).all(axis=1)
    return same


def said(card: Mapping[str, Any]) -> str:
    """The line about a precision that the run of this card did not reach; "" if it did or none was asked for."""
    if card.get("precision") is None or card.get("precision_reached"):
        return ""
    look = Look(card["draws"], card["cells"], card["cells_unsure"], card["worst"])
    return f"precision {card['precision']:.3g} was not reached at {look.words}; give more with --draws"
