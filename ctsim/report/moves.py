"""The page of a comparison: what differs, how far every quantity moves on the same draws, and because of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from typing import Any, ClassVar, Final

import numpy as np
import xarray as xr
from markupsafe import Markup

from ctsim.catalog import Scenario
from ctsim.console import beyond_rounding, number
from ctsim.dataset import cell_name, places
from ctsim.figures.amounts import Scale, scale
from ctsim.figures.waterfall import Said
from ctsim.locale import LANGUAGES, text
from ctsim.report.changes import apart_words, change_words
from ctsim.report.facts import HIGH, LOW, Fact, rounded
from ctsim.report.lines import Line, Printed, Side, line_of, printed
from ctsim.report.results import Result
from ctsim.report.words import Group, Page, groups, heading, label_of, scenario_title
from ctsim.schema import ProgrammePage

MOVED: Final = ("changed", "added", "removed")
APART: Final = ("only_a", "only_b", "not_comparable")
_SMALLEST: Final = 1e-6
"""A difference in few draws has a small mean: down to this, in its unit, its digits are shown, not 0.000."""


@dataclass(frozen=True)
class Move(Fact):
    """A quantity in A and in B with the paired difference; `causes` are the parts of the changes in it.

    `behind`: what is printed of it in A and in B, None where it is not there.
    """

    causes: tuple[Fact, ...] = ()
    behind: tuple[Printed | None, Printed | None] = (None, None)

    @cached_property
    def scale(self) -> Scale:
        """The unit that suits the larger of A and B."""
        sizes = [abs(self.value(name)) for name in ("a_mean", "b_mean", "mean")]
        return scale(max((one for one in sizes if isfinite(one) and one), default=1.0), self.unit, self.lang)

    @property
    def status(self) -> str:
        return self.word("status")

    @property
    def size(self) -> float:
        """How far the mean moves, in widths of the wider 90 % interval of A and B."""
        widths = [self.value(f"{side}_quantiles", HIGH) - self.value(f"{side}_quantiles", LOW) for side in "ab"]
        width = max([one for one in widths if isfinite(one)], default=0.0)
        return abs(self.value("mean")) / width if width > 0 else abs(self.value("mean")) * 1e9

    @property
    def reach(self) -> float:
        """The largest of what A and B are: what is less than rounding of it is none."""
        ends = (self.value(f"{side}_{name}", share) for side in "ab"
                for name, share in (("mean", None), ("quantiles", LOW), ("quantiles", HIGH)))  # fmt: skip
        return max((abs(one) for one in ends if isfinite(one)), default=0.0)

    def signed(self, name: str, share: float | None = None) -> Markup:
        """A difference with its sign, no finer than its Monte Carlo error."""
        return self._signed(self, name, share)

    def part(self, cause: Fact) -> Markup:
        """What of the change of the mean one change is due to, in the unit of the quantity."""
        return self._signed(cause, "mean", None)

    def _signed(self, fact: Fact, name: str, share: float | None) -> Markup:
        factor = self.scale.factor
        value = beyond_rounding(fact.value(name, share), self.reach) * factor
        error = abs(self.value("mcse") * factor)
        said = ("+" if value > 0 else "") + (number if abs(value) >= _SMALLEST else rounded)(value, error)
        return fact.tagged(said, name, share, factor)

    @cached_property
    def sides(self) -> tuple[Line | None, Line | None]:
        """A and B with what is printed of each; None for the side that it is not in."""
        a, b = (self._side(letter, one) for letter, one in zip("ab", self.behind, strict=True))
        return a, b

    def _side(self, letter: str, behind: Printed | None) -> Line | None:
        own = {
            name.removeprefix(f"{letter}_"): one for name, one in self.values.items() if name.startswith(f"{letter}_")
        }
        fact = Side(
            self.address, self.name, self.metric, self.when,
            {**self.values, **_NOT_OF_SIDES, **own, "p_mcse": own.get("p_at_least_published_mcse"),
             **(behind.values if behind else {"status": ""})},
            self.unit, self.lang, (f"{letter}:{self.node}", *self.address[1:]) if behind else (), letter, self.scale,
        )  # fmt: skip
        return line_of(fact, behind.trail if behind else None) if fact.finite or behind else None

    @property
    def node(self) -> str:
        """Its node without what stands before it on the page of a run."""
        return self.address[0].rpartition(":")[2]


_NOT_OF_SIDES: Final = {"quantiles_mcse": None, "mcse": None, "sd": None}
"""Errors of the difference: those of the sides are in their own runs."""


@dataclass(frozen=True)
class Change:
    """One entry of what differs; `mark` is its number on the page, "" for what sets no number."""

    mark: str
    name: str
    values: Mapping[str, Any]


class MovesPage(Page):
    """Everything the page of a comparison asks for."""

    contents: ClassVar = ("changed", "moves", "apart", "same", "left", "sides", "run", "words")
    glossary: ClassVar = (
        "published",
        "computed",
        "median_interval",
        "exceedance",
        "status",
        "paired",
        "b_higher",
        "contribution",
        "boundary",
    )
    kind: ClassVar = "comparison"

    def __init__(self, result: Result, lang: str, prefix: str = "") -> None:
        assert result.before is not None
        self.sides = (result.before, result.scenario)
        programmes = {one.id: one for scenario in self.sides for one in scenario.programmes}
        super().__init__(result.scenario, result.card, lang, programmes.values())
        self.tree = result.tree
        self._prefix = prefix

    @property
    def title_of_run(self) -> str:
        """A and B by their titles."""
        a, b = (scenario_title(one, self.lang) for one in self.sides)
        return self.text("report.compared", a=a, b=b)

    @property
    def scenario_words(self) -> str:
        return " → ".join(self.card["scenarios"])

    # ---- what differs

    @cached_property
    def changes(self) -> list[Change]:
        """What can move a number, numbered as the terminal numbers it; then what sets none."""
        listed = list(places(self.tree["changes"].dataset, "change"))
        counted = [one for one in listed if one["kind"] != "provision"]
        marked = [Change(f"#{i}", str(one["change"]), change_words(one, self)) for i, one in enumerate(counted, 1)]
        return marked + [Change("", str(one["change"]), one) for one in listed if one["kind"] == "provision"]

    def provisions(self) -> list[str]:
        """What only one of the two editions says, in the language of the page."""
        said = {one.text.en: getattr(one.text, self.lang) for side in self.sides for one in side.provisions}
        words = [str(one.values["after"] or one.values["before"]) for one in self.changes if not one.mark]
        return [said.get(one, one) for one in words]

    def mark(self, name: str) -> str:
        """The number of a change."""
        return next((one.mark for one in self.changes if one.name == name), name)

    # ---- what moves

    @cached_property
    def moves(self) -> list[Move]:
        """Every quantity that either scenario has; a total that is one of them is not counted beside it."""
        found = [Move(**one) for one in self._read()]
        return [one for one in found if one.status != "not_applicable" and not one.word("same_as")]

    @property
    def counts(self) -> Counter[str]:
        """How many quantities have each status."""
        return Counter(one.status for one in self.moves)

    @property
    def moved(self) -> list[Move]:
        """Those that differ, the ones that move furthest beside their own interval first."""
        found = [one for one in self.moves if one.status in MOVED]
        return sorted(found, key=lambda one: (-one.size, one.name))

    @property
    def main(self) -> list[Move]:
        """Cells by year that differ, the furthest first; parts, totals and other figures are left out."""
        return [one for one in self.moved if one.address[0].count("/") == 1 and len(one.address) == 3]

    @property
    def apart(self) -> list[Move]:
        """Those without a difference, with the reason."""
        return [one for one in self.moves if one.status in APART]

    @property
    def unchanged(self) -> list[Move]:
        """Those that are the same in every draw."""
        return [one for one in self.moves if one.status == "unchanged"]

    def as_in_b(self, moves: list[Move]) -> list[tuple[Move, Line | None]]:
        """Quantities, each as it is in B, or in A where B has none."""
        return [(one, one.sides[1] or one.sides[0]) for one in moves]

    @property
    def left_out(self) -> list[ProgrammePage]:
        """Pages of programmes, by number, of which a number stands here and something is left out of intervals."""
        here = {one.programme for one in self.moves}
        return [one.page for one in self.programmes if one.id in here and one.page.unquantified]

    def groups(self, moves: list[Move], prefix: str) -> list[Group[Move]]:
        """Moves by boundary, in the report's order."""
        ordered = sorted(moves, key=lambda one: (self.number(one.programme), one.name))
        return groups([(one.panel, one) for one in ordered], prefix, self.lang)

    def same(self) -> list[tuple[str, int]]:
        """How many quantities of each programme, or totals, are exactly the same."""
        found = Counter(one.programme if one.programme in self.names else "" for one in self.moves
                        if one.status == "unchanged")  # fmt: skip
        return sorted(found.items(), key=lambda one: self.number(one[0]) if one[0] else 10**4)

    def worst_error(self) -> float:
        """The largest Monte Carlo error of a cell's mean difference as a share of its 90 % interval."""
        wide = [(one.value("mcse"), one.value("quantiles", HIGH) - one.value("quantiles", LOW)) for one in self.main]
        return max((error / width for error, width in wide if width > 0 and error == error), default=0.0)

    def owner(self, move: Move) -> str:
        """Programme, or total, that a quantity is of."""
        return move.said("title") or self.title(move.programme)

    def label(self, move: Move) -> str:
        """Metric, year and part; of a reading also what it is."""
        said = label_of(move.metric, move.when, move.said("item"), self.lang)
        return f"{said} · {move.said('reading')}" if move.said("reading") else said

    def reason(self, move: Move) -> str:
        """Why there is no difference."""
        return apart_words(move.word("reason"), self)

    # ---- reading the tree

    def _read(self) -> Iterator[dict[str, Any]]:
        about = _About(self.sides)
        for node in self.tree.subtree:
            data = node.to_dataset(inherit=False)
            if "p_higher" not in data or node.path.startswith("/attribution"):
                continue
            dims = [str(dim) for dim in data["mean"].dims]
            causes = self._causes(node.path, dims, str(data["mean"].attrs["units"]))
            for values in places(data, *dims):
                labels = tuple(str(values[dim]) for dim in dims)
                yield self._one(node.path, labels, values, data, about, causes.get(labels, ()))

    def _one(
        self, node: str, labels: tuple[str, ...], values: dict[str, Any], data: xr.Dataset, about: _About,
        causes: tuple[Fact, ...],
    ) -> dict[str, Any]:  # fmt: skip
        name = cell_name(node, labels)
        words = about.total(labels[0]) if node.startswith("/totals") else about.figure(name)
        metric = words.pop("metric", node.rpartition("/")[2])
        when_ = labels[1] if len(labels) > 1 else words.pop("when", "")
        unit = str(values.get("unit") or data["mean"].attrs["units"])
        return {"address": (f"{self._prefix}{node}", *labels), "name": name, "metric": metric, "when": when_,
                "values": values | words, "unit": unit, "lang": self.lang, "causes": causes,
                "behind": (None, None) if node.startswith("/totals") else about.behind(name)}  # fmt: skip

    def _causes(self, node: str, dims: list[str], unit: str) -> dict[tuple[str, ...], tuple[Fact, ...]]:
        """By quantity: the parts of the changes that have one, the largest first."""
        found: dict[tuple[str, ...], list[Fact]] = {}
        path = f"/attribution{node}"
        data = self.tree[path].dataset
        mean, *ends = (data[name].transpose("change", *dims).values for name in ("mean", "q05", "q95"))
        there = np.isfinite(mean) & np.any([one != 0.0 for one in (mean, *ends)], axis=0)
        for one in places(data, "change", *dims, where=there):
            labels, change = tuple(str(one[dim]) for dim in dims), str(one["change"])
            fact = Fact((f"{self._prefix}{path}", change, *labels), change, "", "", one, unit, self.lang)
            found.setdefault(labels, []).append(fact)
        return {labels: tuple(sorted(mine, key=lambda one: -abs(one.value("mean")))) for labels, mine in found.items()}


class _About:
    """What quantities of two scenarios are about: their boundary and words, B's where both have them."""

    def __init__(self, sides: tuple[Scenario, Scenario]) -> None:
        self._printed = [printed(one) for one in sides]
        self.groups = {one.id: one for side in sides for one in side.totals}

    def behind(self, name: str) -> tuple[Printed | None, Printed | None]:
        """What is printed of a cell, a part or another figure in A and in B."""
        a, b = (one.get(name) for one in self._printed)
        return a, b

    def figure(self, name: str) -> dict[str, str]:
        """Of a cell, a part or another figure."""
        a, b = self.behind(name)
        found = b or a
        values = found.values if found else {}
        return {key: one for key, one in values.items() if isinstance(one, str) and key != "status"}

    def total(self, name: str) -> dict[str, str]:
        """Of a sum, or of a bound: `group.boundary.which`."""
        parts = name.split(".")
        group = self.groups[parts[0]]
        which = {lang: text("run.colon", lang) + text(f"run.{parts[2]}", lang) if len(parts) > 2 else ""
                 for lang in LANGUAGES}  # fmt: skip
        boundary = parts[1] if len(parts) > 1 else str(group.boundary or "")
        return {"boundary": boundary, "money_kind": str(group.money_kind or ""), "metric": group.metric,
                "title_ja": group.title.ja + which["ja"], "title_en": group.title.en + which["en"]}  # fmt: skip


def words_of(result: Result) -> Said:
    """What figures of a comparison say that its tree does not."""
    pages = {lang: MovesPage(result, lang) for lang in LANGUAGES}
    first, *_ = pages.values()
    changes = {one.name: number for number, one in enumerate(first.changes)}
    titles = {name: {lang: str(page.changes[at].values.get("title", name)) for lang, page in pages.items()}
              for name, at in changes.items()}  # fmt: skip
    cells = [one for one in first.moves if any(one.behind)]
    kinds = {one.name: {lang: " · ".join(heading(one.panel, lang).split(" · ")[1:]) for lang in LANGUAGES}
             for one in cells}  # fmt: skip
    return Said(titles, kinds,
                {one.name: (_ends(one.behind[0]), _ends(one.behind[1])) for one in cells})  # fmt: skip


def _ends(behind: Printed | None) -> tuple[float, float]:
    values = behind.values if behind else {}
    return float(values.get("published_low", nan)), float(values.get("published_high", nan))
