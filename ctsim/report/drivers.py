"""The page of a sensitivity analysis: what the spread of each cell comes from, and how much of it is assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any, ClassVar, Final

import numpy as np
import xarray as xr
from markupsafe import Markup

from ctsim.console import number
from ctsim.dataset import cell_name, places
from ctsim.locale import when
from ctsim.ranking import SMALL
from ctsim.report.facts import Fact, rounded, worst_error
from ctsim.report.lines import HALF, Beside, Line, Printed, line_of, printed
from ctsim.report.results import Result
from ctsim.report.words import Group, Page, groups, label_of, scenario_title
from ctsim.schema import ProgrammePage
from ctsim.totals import Total
from ctsim.trail import Trail, totals

TOP: Final = 3
_NODES: Final = (
    "co2_reduction", "economic_effect", "items/co2_reduction", "items/economic_effect", "other", "readings",
)  # fmt: skip
_SUMS: Final = ("totals/co2_reduction", "totals/economic_effect", "totals/other")


@dataclass(frozen=True)
class Driver(Fact):
    """What one parameter does to one cell; `factor` makes the unit that the cell is shown in."""

    factor: float = 1.0

    @property
    def basis(self) -> str:
        return str(self.values["basis"])

    @property
    def matters(self) -> bool | None:
        """Whether its total index may be one per cent or more; None where that is not known."""
        most = self.value("ST") + 2.0 * self.value("ST_mcse")
        return most >= SMALL if most == most else None

    def share(self, name: str) -> Markup:
        """An index in per cent, no finer than its error."""
        return _percent(self, name)

    def end(self, name: str) -> Markup:
        """The cell at an end of the parameter."""
        return self.tagged(rounded(self.value(name) * self.factor), name, None, self.factor)


@dataclass(frozen=True)
class Cell(Beside):
    """One cell with its parameters, the one with the largest Shapley effect first."""

    drivers: tuple[Driver, ...] = ()

    @property
    def assumed(self) -> float:
        """The share of the variance that rests on assumed spreads, alone and with others."""
        return self.value("assumed_total")

    @property
    def mostly_assumed(self) -> bool:
        return self.assumed > HALF

    def share(self, name: str) -> Markup:
        """A share of the variance in per cent."""
        return _percent(self, name)

    def wide(self, name: str) -> Markup:
        """±% as the IPCC's tables have it."""
        value = self.value(name)
        return self.tagged(f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}", name, None, 1.0)


def _percent(fact: Fact, name: str) -> Markup:
    """A share in per cent: whole numbers from ten on, none finer than its error; a hair below 0 is 0."""
    value, error = 100 * fact.value(name), 100 * fact.value(f"{name}_mcse")
    if not isfinite(value):
        return Markup("–")
    said = f"{value:.0f}" if abs(value) >= 10 or abs(value) < 0.05 else number(value, max(error, 0.1))
    return fact.tagged(said, name, None, 100.0)


class DriversPage(Page):
    """Everything the page of a sensitivity analysis asks for."""

    contents: ClassVar = ("rests", "sums", "cells", "fixed", "quiet", "run", "words")
    glossary: ClassVar = ("published", "computed", "median_interval", "interval_95", "exceedance", "status",
                          "assumed_share", "shapley", "first_order", "total_order", "narrowing", "swing", "approach1",
                          "basis", "boundary")  # fmt: skip
    kind: ClassVar = "sensitivity"

    def __init__(self, result: Result, lang: str, prefix: str = "") -> None:
        super().__init__(result.scenario, result.card, lang)
        self.tree = result.tree
        self._prefix = prefix

    @property
    def title_of_run(self) -> str:
        return scenario_title(self.scenario, self.lang)

    @property
    def shown(self) -> tuple[str, ...]:
        """Its sections; sums and what has no spread only where there are any."""
        absent = {"sums": not self.sums, "fixed": not self.fixed}
        return tuple(one for one in self.contents if not absent.get(one))

    @cached_property
    def cells(self) -> list[Cell]:
        """Every cell that is random."""
        return self._cells(_NODES, "random")

    @cached_property
    def fixed(self) -> list[Cell]:
        """Every cell that is the same in all draws."""
        return self._cells(_NODES, "fixed")

    @cached_property
    def sums(self) -> list[Cell]:
        """Every sum that is random."""
        return self._cells(_SUMS, "random")

    def _cells(self, nodes: Sequence[str], status: str) -> list[Cell]:
        return [Cell(**one) for node in nodes if f"/{node}" in self.tree.groups for one in self._read(node, status)]

    @cached_property
    def by_name(self) -> Mapping[str, Cell]:
        """The same by name."""
        return {one.name: one for one in self.cells}

    @property
    def main(self) -> list[Cell]:
        """Without readings: these stand with what they read."""
        return [one for one in self.cells if "/readings" not in one.address[0]]

    def worst_error(self) -> float:
        """The largest Monte Carlo error of a mean as a share of its 90 % interval, where that is not printed as 0."""
        return worst_error(self.main)

    @property
    def mostly_assumed(self) -> int:
        """How many of them rest by more than half of their variance on assumed spreads."""
        return sum(one.mostly_assumed for one in self.main)

    def groups(self) -> list[Group[Cell]]:
        """Cells by boundary, in the report's order."""
        return self.grouped(self.main, "rests")

    def fixed_groups(self) -> list[Group[Cell]]:
        """The same of cells without a spread."""
        return self.grouped(self.fixed, "fixed")

    def grouped(self, cells: Sequence[Cell], prefix: str) -> list[Group[Cell]]:
        """Cells by boundary, each anchor with the prefix."""
        ordered = sorted(cells, key=lambda one: (self.number(one.programme), one.name))
        return groups([(one.panel, one) for one in ordered], prefix, self.lang)

    def line(self, cell: Cell) -> Line:
        """A cell with what lies behind it."""
        return line_of(cell, self.trails.get(cell.name), cell.assumed)

    def with_lines(self, cells: Sequence[Cell]) -> list[tuple[Cell, Line]]:
        """Cells, each with its line."""
        return [(one, self.line(one)) for one in cells]

    def by_programme(self) -> list[tuple[str, list[Cell]]]:
        """Cells of each programme, readings included."""
        found: dict[str, list[Cell]] = {}
        for one in self.cells:
            found.setdefault(one.programme, []).append(one)
        return sorted(found.items(), key=lambda one: self.number(one[0]))

    def page_of(self, programme: str) -> ProgrammePage:
        """The page of a programme: what its interval leaves out is said there."""
        return next(one.page for one in self.programmes if one.id == programme)

    def sum_groups(self) -> list[Group[Cell]]:
        """Sums by boundary."""
        return groups([(one.panel, one) for one in self.sums], "sums", self.lang)

    def owner(self, cell: Cell) -> str:
        """Programme, or sum, that a number is of."""
        return cell.said("title") or self.title(cell.programme)

    def label(self, cell: Cell) -> str:
        """Metric, year and part; of a reading also its name; of a sum of figures of several years all of them."""
        if ", " in cell.when:
            years = ", ".join(when(one, self.lang) for one in sorted(cell.when.split(", ")))
            return f"{self.text(f'metric.{cell.metric}')} {years}"
        said = label_of(cell.metric, cell.when, cell.said("item"), self.lang)
        return f"{said} · {cell.said('reading')}" if cell.said("reading") else said

    def short(self, driver: Fact, cell: Fact) -> str:
        """The name of a parameter; with its programme, where that is not the cell's."""
        return self.parameter_of(driver.name, cell.programme)

    def parameters(self) -> tuple[list[str], list[str]]:
        """Names of the parameters that matter to some cell, and of those that matter to none."""
        every = dict.fromkeys(driver.name for one in self.cells for driver in one.drivers)
        matter = {driver.name for one in self.cells for driver in one.drivers if driver.matters is not False}
        return [one for one in every if one in matter], [one for one in every if one not in matter]

    # ---- reading the tree

    def _read(self, node: str, status: str) -> Iterator[dict[str, Any]]:
        data: xr.Dataset = self.tree[node].dataset
        dims = [str(dim) for dim in data["status"].dims]
        by_cell = data.drop_dims("parameter")
        drivers = self._drivers(data, dims, node)
        for values in places(by_cell, *dims):
            if values["status"] == status:
                labels = tuple(str(values[dim]) for dim in dims)
                yield self._one(node, labels, values, drivers.get(labels, []))

    def _one(
        self, node: str, labels: tuple[str, ...], values: dict[str, Any], drivers: list[dict[str, Any]]
    ) -> dict[str, Any]:
        name = cell_name(node, labels)
        words = self._of_sum(name) if node in _SUMS else self._words(name)
        metric = words.pop("metric", node.rpartition("/")[2])
        made: dict[str, Any] = {
            "address": (f"{self._prefix}/{node}", *labels), "name": name, "metric": metric,
            "when": labels[1] if len(labels) > 1 else words.pop("when", ""), "values": values | words,
            "unit": str(values["unit"]), "lang": self.lang,
            "in_run": () if node in _SUMS else (f"{'' if self._prefix else 'run:'}/{node}", *labels),
        }  # fmt: skip
        factor = Cell(**made).scale.factor
        found = [Driver(factor=factor, **one) for one in drivers]
        return made | {"drivers": tuple(sorted(found, key=lambda one: (-one.value("Sh"), one.name)))}

    def _drivers(self, data: xr.Dataset, dims: list[str], node: str) -> dict[tuple[str, ...], list[dict[str, Any]]]:
        """By cell: the parameters that reach it."""
        only = data[[name for name in data.data_vars if "parameter" in data[name].dims]]
        found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        effects = only["Sh"].transpose("parameter", *dims).values
        for one in places(only, "parameter", *dims, where=np.isfinite(effects) & (effects != 0.0)):
            labels, name = tuple(str(one[dim]) for dim in dims), str(one["parameter"])
            made = {"address": (f"{self._prefix}/{node}", name, *labels), "name": name, "metric": "", "when": "",
                    "values": one, "unit": "1", "lang": self.lang}  # fmt: skip
            found.setdefault(labels, []).append(made)
        return found

    def _of_sum(self, name: str) -> dict[str, Any]:
        """What a sum is of."""
        total = self._totals[name]
        group = total.group
        return {"title_ja": group.title.ja, "title_en": group.title.en, "metric": group.metric, "when": total.when,
                "boundary": total.boundary, "money_kind": total.money_kind, "status": ""}  # fmt: skip

    @cached_property
    def _totals(self) -> Mapping[str, Total]:
        return {one.cell: one for one in totals(self.scenario)}

    @cached_property
    def behind(self) -> Mapping[str, Printed]:
        """What is printed of each cell, and what lies behind it."""
        return printed(self.scenario)

    @cached_property
    def trails(self) -> Mapping[str, Trail]:
        """What lies behind each cell."""
        return {name: one.trail for name, one in self.behind.items()}

    def _words(self, name: str) -> dict[str, Any]:
        return dict(self.behind[name].values) if name in self.behind else {}
