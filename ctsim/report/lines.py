"""A number of a page with what lies behind it, and what a report prints beside results that do not keep that.

Comparisons and sensitivity analyses keep what was drawn. What is printed, and what the report's own formula gives, is
the scenario's: it stands in the tree of every run of it, under the address that is given here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from typing import Any, Final

from ctsim import dataset, schema
from ctsim.catalog import Scenario
from ctsim.figures.amounts import Scale
from ctsim.report.facts import Fact
from ctsim.report.words import label_of
from ctsim.trail import Trail, every_trail

HALF: Final = 0.5
OF_RUNS: Final = ("published", "published_low", "published_high", "computed")
_ABOUT: Final = ("boundary", "scope", "period", "money_kind")


@dataclass(frozen=True)
class Line:
    """A fact with what lies behind it; `bases` counts the parameters with a spread that reach it, by basis.

    `assumed` is the share of its variance that rests on assumed spreads, NaN where no sensitivity result is given.
    """

    fact: Fact
    trail: Trail | None
    label: str
    bases: Mapping[str, int]
    assumed: float = nan

    @property
    def mostly_assumed(self) -> bool:
        """Whether more than half of what spreads it is assumed: of its variance where that is known, else by count."""
        if isfinite(self.assumed):
            return self.assumed > HALF
        return 2 * self.bases.get("assumed", 0) > sum(self.bases.values())

    @property
    def spread_by(self) -> int:
        return sum(self.bases.values())

    @property
    def record(self) -> schema.Impact | None:
        """The impact that the fact is the number of; the first of several."""
        return self.trail.figures[0].record if self.trail and self.trail.figures else None


def line_of(fact: Fact, trail: Trail | None, assumed: float = nan) -> Line:
    """A line of a fact."""
    bases = Counter(row.basis for row in trail.rows if row.varies) if trail else Counter[str]()
    return Line(fact, trail, label_of(fact.metric, fact.when, fact.said("item"), fact.lang), bases, assumed)


def spreads_of(lines: Iterable[Line]) -> tuple[int, int]:
    """How many spreads reach what lines say, and how many of these are assumed, each stream once."""
    rows = {row.stream: row for line in lines if line.trail for row in line.trail.rows if row.varies}
    return len(rows), sum(row.basis == "assumed" for row in rows.values())


@dataclass(frozen=True)
class Beside(Fact):
    """A fact of a result that keeps nothing of what is printed; `in_run` is the address of that in a run's tree."""

    in_run: tuple[str, ...] = ()

    @property
    def fixed(self) -> bool:
        """Whether it is the same in every draw: mean and all quantiles are one number."""
        return self.finite and {self.value("mean")} == set(self.values["quantiles"])

    def place(self, name: str) -> tuple[str, ...]:
        """As that of a fact; what is printed stands in a run."""
        return (*self.in_run, name) if name in OF_RUNS else super().place(name)


@dataclass(frozen=True)
class Side(Beside):
    """One of the two sides of a comparison, in the unit of both; `letter` is what its statistics start with."""

    letter: str = "a"
    shared: Scale | None = None

    @cached_property
    def scale(self) -> Scale:
        """The unit of both sides."""
        assert self.shared is not None
        return self.shared

    def place(self, name: str) -> tuple[str, ...]:
        """Statistics have the name of the side in the tree."""
        return super().place(name if name in OF_RUNS else f"{self.letter}_{name}")


@dataclass(frozen=True)
class Printed:
    """What a scenario says of one quantity before anything is drawn: as runs keep it, with its trail."""

    trail: Trail
    values: Mapping[str, Any]


def printed(scenario: Scenario) -> dict[str, Printed]:
    """By name: of cells, parts, figures off the axis of years and readings."""
    rows = scenario.binding.central()
    steps = scenario.binding.evaluate(rows)
    trails, found = every_trail(scenario), dict[str, Printed]()
    for one in dataset.targets(scenario):
        trail = trails[one.name]
        has_formula = all(scenario.binding.steps[index].function is not None for _, index, _ in one.parts)
        values: dict[str, Any] = {
            "published": one.middle, "published_low": one.low, "published_high": one.high,
            "computed": one.of(rows, steps) if has_formula else nan, "status": _status(trail),
        }  # fmt: skip
        records = [figure.record for figure in trail.figures]
        for name in _ABOUT:
            said = {str(getattr(record, name) or "") for record in records}
            values[name] = said.pop() if len(said) == 1 else "mixed"
        if len(records) == 1:
            item = records[0].item
            values |= {f"item_{lang}": str(getattr(records[0], f"item_{lang}") or item) for lang in ("ja", "en")}
        found[one.name] = Printed(trail, values | trail.read | {"metric": records[0].metric, "when": records[0].when})
    return found


def _status(trail: Trail) -> str:
    """published, reported, pathway or carried, as runs say it of cells and figures; "" of a reading."""
    statuses = {figure.status for figure in trail.figures}
    return "" if trail.status == "reading" else statuses.pop() if len(statuses) == 1 else "published"
