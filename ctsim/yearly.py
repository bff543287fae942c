"""Effects of any year, draw by draw, by the page's own formula for a year.

A cell of 2030, 2040 or 2050 of units or plants is a formula of the year. The same formula gives every other year: the
year is put in, the grid factor lies on straight lines between its years, everything else is as it was drawn.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import FunctionType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import gamma, gammainc

from ctsim import choices, units
from ctsim.binding import Binding, Step
from ctsim.catalog import Scenario
from ctsim.coordinates import assign
from ctsim.equations import Formula
from ctsim.kernel import Kernel, Target
from ctsim.programme import Figure

FloatArray = npt.NDArray[np.float64]

_STARTS: Final = ("purchase_year", "installation_year", "plant_start")
_PATH: Final = ("grid_factor", "future_grid_factor")
_GRID_YEAR: Final = 2023
_ALL: Final = 40.0
"""Argument from which on a regularised incomplete gamma function with a parameter of at most 1 is 1 to the last bit."""
_NOTHING: Final = 1e-15
"""A year's tonnes as a share of those before it that no digit shows any more."""


class Drawn:
    """Draws of some figures and of everything that their formulas are made from."""

    def __init__(self, scenario: Scenario, figures: Iterable[Figure], tiles: int, seed: int) -> None:
        self.binding: Binding = scenario.binding
        needed = {("step", self.binding.step_of(one)) for one in figures}
        for _, number in sorted(needed):
            needed |= {(one.kind, one.index) for one in self.binding.steps[number].inputs}
        needed |= {("row", i) for i, row in enumerate(self.binding.rows) if row.stream in _PATH}
        self._places = {one: i for i, one in enumerate(sorted(needed))}
        targets = [Target("/draws", (f"{kind} {i}",), "1", ((kind, i, 1.0),)) for kind, i in self._places]
        binding, targets = choices.pruned(self.binding, targets)
        coordinates = assign(scenario.streams, scenario.programmes, beside=scenario.library.coordinates)
        self._values = Kernel(binding, targets, seed, coordinates, sample_all=False, groups=scenario.groups).evaluate(
            0, tiles
        )
        self._path = self._grid()

    def step(self, number: int) -> FloatArray:
        """The draws (draw) of a step, in its figure's unit."""
        return np.asarray(self._values[self._places["step", number]])

    def year(self, step: Step, year: float) -> FloatArray:
        """t-CO2 (draw) of a year by the step's own formula."""
        assert step.function is not None
        given = [self._at(one.kind, one.index, year) * one.factor for one in step.inputs]
        tonnes = _vectorised(step.function)(*given) * step.factor
        return np.asarray(tonnes * units.conversion(step.figure.record.unit, "t-CO2/yr"))

    def life(self, step: Step, years: int, rate: float) -> FloatArray:
        """t-CO2 (draw) of so many years from the first one on, each at its middle, discounted at `rate` a year."""
        rows = self.binding.rows
        start = next(one for one in step.inputs if one.kind == "row" and rows[one.index].stream.endswith(_STARTS))
        first = float(np.floor(self._given("row", start.index).min()))
        total = np.zeros(self._values.shape[1])
        for year in range(years):
            tonnes = self.year(step, first + year + 0.5)
            total += tonnes * (1 + rate) ** -(year + 0.5)
            if 0 < np.abs(tonnes).max() < _NOTHING * np.abs(total).max():
                break  # what is left falls ever faster
        return total

    def _given(self, kind: str, index: int) -> FloatArray:
        return np.asarray(self._values[self._places[kind, index]])

    def _at(self, kind: str, index: int, year: float) -> Any:
        """An input at a time: the year itself, the grid factor between its years, anything else as it is."""
        stream = self.binding.rows[index].stream if kind == "row" else ""
        if stream == "calendar_year":
            return year
        if stream == "future_grid_factor":
            return self._grid_at(year)
        return self._given(kind, index)

    def _grid(self) -> list[tuple[float, FloatArray]]:
        """(year, draws) of the grid factor: FY2023 as printed, then the years of the path."""
        found = {}
        for number, row in enumerate(self.binding.rows):
            if row.stream in _PATH:
                found[float(row.year or _GRID_YEAR)] = self._given("row", number)
        return sorted(found.items())

    def _grid_at(self, year: float) -> FloatArray:
        years = [one for one, _ in self._path]
        after = int(np.searchsorted(years, year))
        if after in (0, len(years)):
            return self._path[min(after, len(years) - 1)][1]
        (a, low), (b, high) = self._path[after - 1 : after + 1]
        return low + (year - a) / (b - a) * (high - low)


def _survival(age: Any, mean_life: Any, shape: Any) -> Any:
    return np.exp(-((age / mean_life * gamma(1 + 1 / shape)) ** shape))


def _stock_years(span: Any, mean_life: Any, shape: Any) -> Any:
    """The integral of survival: a regularised incomplete gamma function, for spans of any length."""
    return _outlived(span, mean_life, shape, gamma(1 + 1 / shape))


def _outlived(span: Any, mean_life: Any, shape: Any, scale: Any) -> Any:
    """The same, `scale` being Weibull's scale in mean lives; where it is 1 to the last bit it is not computed."""
    reach, part = np.broadcast_arrays((span / mean_life * scale) ** shape, 1 / shape)
    share = np.ones(reach.shape)
    left = ~((reach >= _ALL) & (part <= 1))
    share[left] = gammainc(part[left], reach[left])
    return mean_life * share


def _ramped_stock_years(span: Any, ramp: Any, mean_life: Any, shape: Any) -> Any:
    """The mean of it over lines that start one after another during the ramp."""
    rise = np.maximum(ramp, 0.01)
    last, first = np.maximum(span, 0.0), np.maximum(span - rise, 0.0)
    points, weights = np.polynomial.legendre.leggauss(3)
    spans = (first + (1.0 + one) / 2.0 * (last - first) for one in points)
    scale = gamma(1 + 1 / shape)
    total = sum(w / 2.0 * _outlived(one, mean_life, shape, scale) for w, one in zip(weights, spans, strict=True))
    return (last - first) / rise * total


_OF_ARRAYS: Final[dict[str, Any]] = {
    "survival": _survival, "stock_years": _stock_years,
    "ramped_stock_years": _ramped_stock_years, "max": np.maximum, "min": np.minimum, "exp": np.exp,
    "log": np.log, "sqrt": np.sqrt, "pow": np.power,
}  # fmt: skip


def _vectorised(function: Formula) -> Any:
    """The formula for arrays: the same statements, its functions replaced by numpy's."""
    scope = {**getattr(function, "__globals__", {}), **_OF_ARRAYS}
    return FunctionType(function.__code__, scope, function.__name__)
