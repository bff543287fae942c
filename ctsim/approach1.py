"""First-order propagation beside Monte Carlo, and one parameter at a time.

Approach 1 of the IPCC Guidelines (2006, volume 1, chapter 3) takes partial derivatives at the central values times half
the 95 % interval of each parameter, and adds squares. Approach 2 is Monte Carlo: what a run does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.dependence import Group
from ctsim.distributions import quantile
from ctsim.kernel import Kernel
from ctsim.locale import text

FloatArray = npt.NDArray[np.float64]

ENDS: Final = (0.025, 0.975)
SWING: Final = (0.05, 0.95)
_STEP: Final = 1e-4
"""Of half an interval: how far a parameter is moved to either side for a derivative."""
ALIKE: Final = 0.1
"""Half widths that differ by no more than this share of the larger one count as the same."""
LARGE: Final = 0.3
"""Standard deviation over mean above which Approach 1 is not meant to be used (IPCC 2006, volume 1, section 3.2.3)."""
_NO_MEAN: Final = 1e-3
"""Mean over standard deviation up to which a mean is that of chance, and no percentage of it says anything."""


@dataclass(frozen=True)
class Propagation:
    """By target, in its unit: its value at the central values, half the 95 % interval by Approach 1, and swings.

    `central`, `half_width` (target). `swings` (parameter, target, 2): the target with one at its 5 % and its 95 %
    quantile, all else central. Of a whole: the lowest and the highest with one of its shares moved, and all scaled to
    their sum.
    """

    central: FloatArray
    half_width: FloatArray
    swings: FloatArray


def propagate(kernel: Kernel, known: Mapping[str, Sequence[int]], groups: Sequence[Group]) -> Propagation:
    """First-order propagation to every target of a kernel; `known` are the rows of each parameter by its name."""
    centre = np.array(kernel.binding.central())
    columns = [centre]
    streams: dict[str, list[int]] = {}
    for row in (row for rows in known.values() for row in rows):
        streams.setdefault(kernel.binding.rows[row].stream, []).append(row)
    for mine in streams.values():
        ends = np.array([quantile(kernel.quantiles[row], (*ENDS, *SWING)) for row in mine]).reshape(-1, 4)
        half = 0.5 * (ends[:, 1] - ends[:, 0])
        for values in (centre[mine] - _STEP * half, centre[mine] + _STEP * half, ends[:, 2], ends[:, 3]):
            column = centre.copy()
            column[mine] = values
            columns.append(column)
    values = kernel.at(np.ascontiguousarray(np.array(columns).T))
    each = values[:, 1:].reshape(len(values), len(streams), 4)
    effects = (each[:, :, 1] - each[:, :, 0]) / (2.0 * _STEP)
    squares = (effects * effects).sum(axis=1) + _together(effects, list(streams), groups)
    of_stream = dict(zip(streams, each[:, :, 2:].swapaxes(0, 1), strict=True))
    swings = np.repeat(values[None, :, :1], 2, axis=2).repeat(len(known), axis=0)
    for number, rows in enumerate(known.values()):
        moved = [of_stream[name] for name in dict.fromkeys(kernel.binding.rows[row].stream for row in rows)]
        if len(moved) == 1:
            swings[number] = moved[0]
        elif moved:
            ends = np.concatenate(moved, axis=1)
            swings[number] = np.stack([ends.min(axis=1), ends.max(axis=1)], axis=1)
    return Propagation(values[:, 0], np.sqrt(np.maximum(squares, 0.0)), swings)


def _together(effects: FloatArray, names: Sequence[str], groups: Sequence[Group]) -> FloatArray:
    """What parameters that move together add to the sum of squares (target), by the correlations of their scores."""
    place = {name: k for k, name in enumerate(names)}
    added = np.zeros(len(effects))
    for group in groups:
        for j, one in enumerate(group.streams):
            for i, other in enumerate(group.streams[:j]):
                if one in place and other in place:
                    correlation = float((group.factor[i] * group.factor[j]).sum())
                    added += 2.0 * correlation * effects[:, place[one]] * effects[:, place[other]]
    return added


@dataclass(frozen=True)
class Comparison:
    """One target at 95 %: Approach 1 about the central value; Monte Carlo about the mean. In the target's unit."""

    central: float
    half_width: float
    mean: float
    low: float
    high: float
    sd: float

    @property
    def percent(self) -> float:
        """Approach 1: 不確実性(±%) of the central value."""
        return 100.0 * self.half_width / abs(self.central) if self.central else float("nan")

    @property
    def percents(self) -> tuple[float, float, float]:
        """Approach 2: half the interval, and how far it reaches below and above, in % of the mean."""
        if not abs(self.mean) > _NO_MEAN * self.sd:
            return (float("nan"),) * 3
        parts = ((self.high - self.low) / 2, self.mean - self.low, self.high - self.mean)
        half, below, above = (100.0 * one / abs(self.mean) for one in parts)
        return half, below, above

    def words(self, lang: str = "en") -> str:
        """Why the two differ, or that they do not."""
        if not np.isfinite([self.central, self.half_width, self.mean, self.low, self.high]).all():
            return text("approach.no_value", lang)
        half = (self.high - self.low) / 2
        if half == 0.0:
            return text("approach.certain", lang)
        said = [*self._shape(half, lang), *self._place(half, lang), *self._size(half, lang)]
        return "; ".join(said) or text("approach.agree", lang)

    def _shape(self, half: float, lang: str) -> list[str]:
        below, above = self.mean - self.low, self.high - self.mean
        if abs(above - below) <= 2.0 * ALIKE * half:
            return []
        return [text(f"approach.skewed_{'up' if above > below else 'down'}", lang)]

    def _place(self, half: float, lang: str) -> list[str]:
        shift = self.mean - self.central
        if abs(shift) <= ALIKE * half:
            return []
        return [text(f"approach.mean_{'above' if shift > 0 else 'below'}", lang, share=f"{abs(shift) / half:.0%}")]

    def _size(self, half: float, lang: str) -> list[str]:
        said = []
        if abs(self.half_width - half) > ALIKE * max(half, self.half_width):
            which = "wider" if self.half_width > half else "narrower"
            said.append(text(f"approach.is_{which}", lang, times=f"{self.half_width / half:.2f}"))
        if self.mean and self.sd > LARGE * abs(self.mean):
            said.append(text("approach.large", lang))
        return said
