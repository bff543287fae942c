"""A run as a page reads it: every quantity of the tree with its labels, its words and its address.

A number is printed from here only, in the unit that suits its size, together with its address in the tree: so a test,
or a reader with the dataset, finds where each number of a page comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from typing import Any, Final

import xarray as xr
from markupsafe import Markup

from ctsim.console import number
from ctsim.dataset import cell_name, places
from ctsim.figures.amounts import Scale, scale
from ctsim.report.words import tagged

YEARLY: Final = {"co2_reduction": "programme", "economic_effect": "programme"}
LOW, MEDIAN, HIGH = 0.05, 0.5, 0.95
_NEAR_ZERO: Final = 5e-4


@dataclass(frozen=True)
class Fact:
    """One quantity of the tree: a cell, a part, a figure off the year axis, a reading or a total.

    `address` is its node and labels, `name` the cell as commands name it, `values` every variable and coordinate at
    that place as plain values (lists over quantiles).
    """

    address: tuple[str, ...]
    name: str
    metric: str
    when: str
    values: Mapping[str, Any]
    unit: str
    lang: str

    # ---- words

    def word(self, name: str) -> str:
        """A text of the fact, "" where there is none."""
        return str(self.values.get(name, "") or "")

    def said(self, name: str) -> str:
        """The text `name` in the language of the page; programmes' names without the blanks of typesetting."""
        return self.word(f"{name}_{self.lang}")

    @property
    def programme(self) -> str:
        return self.name.partition(".")[0]

    @property
    def panel(self) -> tuple[str, str, str]:
        """What facts must share to stand in one table: metric, kind of money, boundary."""
        return self.metric, self.word("money_kind"), self.word("boundary")

    # ---- numbers

    def value(self, name: str, share: float | None = None) -> float:
        """A statistic; with `share`, that quantile. NaN where there is none, as in results of earlier versions."""
        found = self.values.get(name)
        if found is None:
            return nan
        return float(found if share is None else found[self._at[share]])

    @cached_property
    def _at(self) -> Mapping[float, int]:
        return {round(share, 6): i for i, share in enumerate(self.values["quantile"])}

    @property
    def finite(self) -> bool:
        """Whether there is a number."""
        return isfinite(self.value("quantiles", MEDIAN))

    @property
    def fixed(self) -> bool:
        """Whether it is the same in every draw."""
        return self.finite and self.value("minimum") == self.value("maximum")

    @property
    def vanishes(self) -> bool:
        """Whether mean and 90 % interval are printed as 0.000."""
        sizes = (self.value("mean"), self.value("quantiles", LOW), self.value("quantiles", HIGH))
        return all(abs(one * self.scale.factor) < _NEAR_ZERO for one in sizes)

    @property
    def printed(self) -> bool:
        """Whether the report prints a figure."""
        return isfinite(self.value("published"))

    @property
    def our_year(self) -> bool:
        """Whether it is a year's amount only as it is read: the report prints it without "per year"."""
        return self.word("period") == "unstated" and self.scale.word.endswith(("/yr", "/年"))

    @property
    def computable(self) -> bool:
        """Whether the report's own formula gives a number."""
        return isfinite(self.value("computed")) and self.word("status") in ("published", "")

    @property
    def by_formula(self) -> float:
        """What the report's own formula gives; NaN where the formula is ctsim's (a path) or there is none."""
        return self.value("computed") if self.computable else nan

    @cached_property
    def scale(self) -> Scale:
        """The unit that suits the published figure, or the median where none is printed."""
        sizes = (self.value("published_high"), self.value("quantiles", MEDIAN), self.value("quantiles", HIGH))
        return scale(next((abs(one) for one in sizes if isfinite(one) and one), 1.0), self.unit, self.lang)

    def show(self, name: str, share: float | None = None) -> Markup:
        """A statistic in the unit of the fact, with no digit that its Monte Carlo error does not support."""
        factor = self.scale.factor
        errors = {"quantiles": "quantiles_mcse", "mean": "mcse", "sd": "sd_mcse",
                  "independent_quantiles": "independent_quantiles_mcse"}  # fmt: skip
        error = self.value(errors[name], share) if name in errors else 0.0
        value = self.value(name, share) * factor
        said = digits(value) if name.startswith("published") else rounded(value, abs(error * factor))
        return self.tagged(said, name, share, factor)

    def plain(self, name: str, share: float | None = None) -> Markup:
        """A statistic in the unit of the tree: parameters are not scaled."""
        value = self.value(name, share)
        said = digits(value) if name == "value" else number(value)
        return self.tagged(said.replace(",", "") if self.unit == "yr" else said, name, share, 1.0)

    def percent(self, name: str, error: str) -> Markup:
        """A share of the draws in per cent; its error bounds its digits."""
        value = 100 * self.value(name)
        return self.tagged(number(value, 100 * self.value(error)), name, None, 100.0)

    def place(self, name: str) -> tuple[str, ...]:
        """Where a statistic stands in the tree: node, labels, variable."""
        return *self.address, name

    def tagged(self, said: str, name: str, share: float | None, factor: float) -> Markup:
        """A printed number with its address: node, labels, variable, quantile; `data-x` what it was multiplied by."""
        at = "|".join((*self.place(name), "" if share is None else f"{share:g}"))
        return tagged(said, self.value(name, share), at, factor)


def digits(value: float) -> str:
    """A published number with the digits it is printed with, up to six: it is a quotation, not an estimate."""
    return f"{float(f'{value:.6g}'):,.15g}" if isfinite(value) else ""


def rounded(value: float, error: float = 0.0) -> str:
    """A result with no digit that its error does not support, nor one beyond a thousandth of its unit near 0."""
    return "0.000" if 0 < abs(value) < _NEAR_ZERO else number(value, error)


def worst_error(facts: Iterable[Fact]) -> float:
    """The largest Monte Carlo error of a mean as a share of its 90 % interval, where that is not printed as 0.

    Of taxis grams are left in 2050, in few draws: such a mean lies far outside its interval, and both are 0.000.
    """
    wide = [(one.value("mcse"), one.value("quantiles", HIGH) - one.value("quantiles", LOW))
            for one in facts if one.finite and not one.vanishes]  # fmt: skip
    return max((error / width for error, width in wide if width > 0 and error == error), default=0.0)


class Facts:
    """Everything of a result tree, in one language."""

    def __init__(self, tree: xr.DataTree, lang: str) -> None:
        self.tree = tree
        self.lang = lang

    @cached_property
    def cells(self) -> list[Fact]:
        """Cells by programme and year, those without a number too."""
        return [one for metric in YEARLY if metric in self.tree.children for one in self._cells(metric)]

    @cached_property
    def items(self) -> list[Fact]:
        """Parts that are printed for a year of the axis."""
        return [one for metric in YEARLY if f"/items/{metric}" in self.tree.groups for one in self._items(metric)]

    @cached_property
    def others(self) -> list[Fact]:
        """Figures off the year axis."""
        found = []
        for one in places(self.tree["other"].dataset, "figure") if "other" in self.tree.children else ():
            key, when = str(one["figure"]), str(one["when"])
            found.append(Fact(("/other", key), key, str(one["metric"]), when, one, str(one["unit"]), self.lang))
        return found

    @cached_property
    def readings(self) -> list[Fact]:
        """Named alternatives of figures."""
        found = []
        for one in places(self.tree["readings"].dataset, "reading") if "readings" in self.tree.children else ():
            key, (_, metric, when) = str(one["reading"]), str(one["figure"]).split(".", 2)
            found.append(Fact(("/readings", key), key, metric, when, one, str(one["unit"]), self.lang))
        return found

    @cached_property
    def totals(self) -> list[Fact]:
        """Totals of declared groups, refused ones with their reason."""
        found = []
        for metric in self.tree["totals"].children if "totals" in self.tree.children else ():
            data = self.tree[f"totals/{metric}"].dataset
            for one in places(data, *(("group", "year") if "year" in data.dims else ("group",))):
                labels = tuple(str(one[name]) for name in ("group", "year") if name in one)
                unit = str(one.get("unit") or data["mean"].attrs["units"])
                name, year = cell_name(f"totals/{metric}", labels), "".join(labels[1:])
                of = str(one.get("metric") or metric)  # figures off the axis stand together, whatever they are of
                found.append(Fact((f"/totals/{metric}", *labels), name, of, year, one, unit, self.lang))
        return [one for one in found if one.word("kind") != "overlap" or ", " in one.word("members")]

    @cached_property
    def parameters(self) -> Mapping[str, Fact]:
        """What was drawn, by label, in the unit of its page."""
        found = {}
        for one in places(self.tree["parameters"].dataset, "parameter"):
            key = str(one["parameter"])
            found[key] = Fact(("/parameters", key), key, "", "", one, str(one["unit"]), self.lang)
        return found

    @cached_property
    def by_name(self) -> Mapping[str, Fact]:
        """Cells, parts, other figures and readings by the name that commands give them."""
        return {one.name: one for one in (*self.cells, *self.items, *self.others, *self.readings)}

    @property
    def numbered(self) -> list[Fact]:
        """Every cell, part and other figure that has a number or is printed."""
        return [one for one in (*self.cells, *self.items, *self.others) if one.finite or one.printed]

    def worst_error(self) -> float:
        """The largest Monte Carlo error of a mean of what has a number or is printed."""
        return worst_error(self.numbered)

    def _cells(self, metric: str) -> Iterator[Fact]:
        unit = str(self.tree[metric].dataset["mean"].attrs["units"])
        for one in places(self.tree[metric].dataset, "programme", "year"):
            programme, year = str(one["programme"]), str(one["year"])
            address = (f"/{metric}", programme, year)
            yield Fact(address, f"{programme}.{metric}.{year}", metric, year, one, unit, self.lang)

    def _items(self, metric: str) -> Iterator[Fact]:
        node = f"items/{metric}"
        unit = str(self.tree[node].dataset["mean"].attrs["units"])
        for one in places(self.tree[node].dataset, "item", "year"):
            key, year = str(one["item"]), str(one["year"])
            programme, _, item = key.partition(".")
            address = (f"/{node}", key, year)
            yield Fact(address, f"{programme}.{metric}.{year}.{item}", metric, year, one, unit, self.lang)
