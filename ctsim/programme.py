"""What a page says, resolved: parameters with the spread they have, figures with the cell they belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ctsim import schema, units
from ctsim.errors import Place
from ctsim.locale import both

YEARS: Final = ("2030", "2040", "2050")
METRICS: Final = ("co2_reduction", "economic_effect")
_CELL_UNITS: Final = {"co2_reduction": ("Mt-CO2/yr", "Mt-CO2"), "economic_effect": ("兆円/yr", "兆円")}
"""The unit of a metric's cells; the second where a report leaves out "per year"."""


@dataclass(frozen=True)
class Spread:
    """A distribution as it is sampled: arguments in the parameter's unit, or multiples of the value."""

    dist: str
    arguments: Mapping[str, Any]
    truncate: tuple[float, float] | None
    relative: bool
    basis: str
    reason: str
    spread_class: str | None = None
    widen: float = 1.0


DELIVERY: Final = "delivery"
"""The parameter that says whether a programme delivers: 1 or 0, by year."""
FIXED: Final = Spread("fixed", {"value": 1.0}, None, True, "published", "taken at its value")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a programme, or a shared one.

    `stream` is the full name its random numbers belong to; `spreads` has one entry by year label, or one under "".
    """

    name: str
    stream: str
    record: schema.Parameter
    spreads: Mapping[str, Spread]
    places: Mapping[str, Place] = field(default_factory=dict)
    symbol: str | None = None

    @property
    def unit(self) -> str:
        """The page's unit."""
        assert self.record.unit is not None
        return self.record.unit

    @property
    def years(self) -> tuple[str, ...]:
        """The year labels the value is given for, or ("",)."""
        value = self.record.value
        return tuple(value) if isinstance(value, dict) else ("",)

    def stream_of(self, year: str) -> str:
        """The full name that the random numbers for `year` belong to: one for all years unless they are independent."""
        return f"{self.stream}@{year}" if year and self.record.years == "independent" else self.stream

    @property
    def streams(self) -> tuple[str, ...]:
        """Every name that its random numbers belong to, in the order of the years."""
        return tuple(dict.fromkeys(self.stream_of(year) for year in self.years))

    def streams_as(self, name: str) -> dict[str, str]:
        """Streams by the names under which files speak of them: `name`, or `name@year` where years are independent."""
        years = self.years if self.record.years == "independent" else ("",)
        return {f"{name}@{year}" if year else name: self.stream_of(year) for year in years}

    def ends(self, year: str) -> tuple[float, float]:
        """Low and high end of what is printed for `year`, in the page's unit; equal where one number is printed."""
        value: Any = self.record.value
        if isinstance(value, dict):
            value = value[year]
        if isinstance(value, schema.Range):
            return value.low, value.high
        if value is None:
            assert self.record.low is not None and self.record.high is not None
            return self.record.low, self.record.high
        return value, value

    def central(self, year: str) -> float:
        """The printed value, or the midpoint of a printed range."""
        low, high = self.ends(year)
        return low if low == high else (low + high) / 2

    def spread(self, year: str) -> Spread:
        """The spread for `year`: its own, or the one for all years."""
        return self.spreads[year] if year in self.spreads else self.spreads[""]

    def place(self, key: str = "value") -> Place:
        """Where `key` was set: the page, or the change that came last."""
        return self.places.get(key) or self.places.get("") or Place()


@dataclass(frozen=True)
class Figure:
    """One figure of the report: an impact record with its programme and its place in the file."""

    programme: str
    record: schema.Impact
    place: Place
    spread: Spread | None = None

    @property
    def name(self) -> str:
        """The name under which other formulas of the programme take it: `co2_reduction_2030_tandem`."""
        parts = [self.record.metric, self.record.when, *([self.record.item] if self.record.item else [])]
        return re.sub(r"[^a-z0-9]+", "_", "_".join(parts).lower()).strip("_")

    @property
    def key(self) -> str:
        """`programme.metric.when` or `programme.metric.when.item`, as changes and messages name it."""
        tail = f".{self.record.item}" if self.record.item else ""
        return f"{self.programme}.{self.record.metric}.{self.record.when}{tail}"

    @property
    def reported(self) -> bool:
        """Printed without a formula."""
        return self.record.formula == "reported"

    @property
    def literal(self) -> Figure:
        """The figure as its page has it, where a change has put another formula in its place; always another object."""
        own = {"formula": self.record.instead_of or self.record.formula, "instead_of": None, "own_words": None}
        said = _said(self.record.own_words) if self.record.own_words else {}
        return replace(self, record=self.record.model_copy(update={**own, **said}))

    @property
    def derived(self) -> bool:
        """None of the report's: a path between its figures, or what is left of a stock it counts."""
        return self.record.status is not None

    @property
    def words(self) -> schema.Bilingual | None:
        """Why its interval lies where it does: how it is derived, why what is printed lies outside, what makes it."""
        said = [one for one in (self.record.reason or self.record.outside, self.record.interval_note) if one]
        return schema.Bilingual(ja="。".join(o.ja for o in said), en="; ".join(o.en for o in said)) if said else None

    @property
    def status(self) -> str:
        """published (the report's own formula), reported (printed without one), pathway or carried."""
        return self.record.status or ("reported" if self.reported else "published")

    @property
    def on_year_axis(self) -> bool:
        """Whether the figure is an annual amount of one of the years of the result."""
        record = self.record
        annual = record.period in ("annual", "unstated") and not record.reference
        return record.when in YEARS and record.metric in METRICS and annual and self.node_unit is not None

    @property
    def node_unit(self) -> str | None:
        """The unit of the metric's cells that this figure converts to."""
        targets = _CELL_UNITS.get(self.record.metric, ())
        return next((unit for unit in targets if units.convertible(self.record.unit, unit)), None)

    def published(self) -> tuple[float, float]:
        """Low and high end of the first printing, in the impact's unit; NaN where nothing is printed."""
        if not self.record.printed:
            return float("nan"), float("nan")
        first = self.record.printed[0]
        if first.value is not None:
            return first.value, first.value
        assert first.low is not None and first.high is not None
        return first.low, first.high


@dataclass(frozen=True)
class Cell:
    """(programme, metric, year): figures that make it up, or why there are none."""

    programme: str
    metric: str
    year: str
    status: str
    figures: tuple[Figure, ...] = ()
    reason_code: str = ""
    reason: schema.Bilingual | None = None


@dataclass(frozen=True)
class Programme:
    """One programme with its parameters by name and its figures in page order.

    `left_out`: figures that the page derives and the scenario does not want.
    """

    id: str
    page: schema.ProgrammePage
    parameters: Mapping[str, Parameter]
    figures: tuple[Figure, ...]
    file: str = ""
    reading_places: tuple[Place, ...] = ()
    left_out: tuple[Figure, ...] = ()

    @property
    def name_ja(self) -> str:
        return self.page.programme.name_ja or self.id

    @property
    def name_en(self) -> str:
        return self.page.programme.name_en or self.id

    @property
    def number(self) -> int:
        """The report's number of the programme, 0 for an outside one."""
        return self.page.programme.number or 0

    def cell(self, metric: str, year: str) -> Cell:
        """The cell of `metric` and `year` with its status."""
        here = [f for f in self.figures if f.record.metric == metric and f.record.when == year and f.on_year_axis]
        total = [figure for figure in here if not figure.record.item]
        parts = total or _addable(here)
        if parts:
            statuses = {figure.status for figure in parts}
            status = statuses.pop() if len(statuses) == 1 else "published"
            return Cell(self.id, metric, year, status, tuple(parts), reason=parts[0].record.reason)
        for reason in self.page.not_applicable:
            if (reason.metric, reason.year) == (metric, year):
                return Cell(self.id, metric, year, "not_applicable", (), reason.reason_code, reason.reason)
        if any((one.record.metric, one.record.when) == (metric, year) for one in self.left_out):
            not_printed = schema.Bilingual(**both("why.not_printed"))
            return Cell(self.id, metric, year, "not_applicable", (), "path_not_declared", not_printed)
        return Cell(self.id, metric, year, "not_applicable", (), "no_volume", schema.Bilingual(**both("why.undefined")))

    def other_figures(self) -> tuple[Figure, ...]:
        """Figures off the year axis: labels, cumulative, per-unit, reference."""
        return tuple(figure for figure in self.figures if not figure.on_year_axis)

    def items(self) -> tuple[Figure, ...]:
        """Parts that are printed for a year of the axis."""
        return tuple(figure for figure in self.figures if figure.on_year_axis and figure.record.item)


def unprinted(page: schema.ProgrammePage, reading: schema.Reading, impact: str) -> schema.Impact | None:
    """The figure that a reading is of where the page has none: as the one that it is `like`, for the cell it names."""
    alike = [one for one in page.impact if reading.like == f"{one.metric}.{one.when}"]
    metric, _, when = impact.partition(".")
    if not alike or metric not in METRICS or when not in YEARS:
        return None
    own = {"metric": metric, "when": when, "formula": reading.formula, "status": "pathway"}
    taken = ("unit", "scope", "boundary", "period", "timing", "money_kind", "price_year")
    said = {name: getattr(alike[0], name) for name in taken}
    return as_read(schema.Impact(**own, **said, reason=reading.description), reading)  # type: ignore[arg-type]


def as_read(record: schema.Impact, reading: schema.Words) -> schema.Impact:
    """A figure with what a reading of it says that it is about; its own words are kept beside."""
    said = _said(reading)
    if not said:
        return record
    own = record.own_words or schema.Words(**{name: getattr(record, name) for name in said})
    return record.model_copy(update={**said, "own_words": own})


def in_place(page: schema.ProgrammePage, figure: Figure) -> schema.Reading | None:
    """The reading that a change has put in the place of a figure's own formula, if it is one."""
    impact = figure.key.removeprefix(f"{figure.programme}.")
    changed = figure.record.instead_of is not None
    return next((one for one in page.reading if changed and one.formula == figure.record.formula
                 and impact in one.impact), None)  # fmt: skip


def _said(words: schema.Words) -> dict[str, Any]:
    every = {name: getattr(words, name) for name in schema.Words.model_fields}
    return {name: given for name, given in every.items() if given is not None}


def _addable(items: list[Figure]) -> list[Figure]:
    """Items make up a cell if they share scope, period and unit; a part of something else does not."""
    kinds = {(f.record.scope, f.record.period, f.record.unit) for f in items}
    return items if len(kinds) == 1 else []
