"""What the sections of a page show, gathered from a run: plain records for templates, no markup but pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan
from typing import Any, ClassVar, get_args

from markupsafe import Markup

from ctsim import schema
from ctsim.accounts import money_sums
from ctsim.audit import Audit, AuditFigure, audit
from ctsim.binding import Row
from ctsim.catalog import Scenario
from ctsim.locale import text
from ctsim.printing_run import conditional_words
from ctsim.printing_totals import bounds_words, total_name
from ctsim.programme import Programme
from ctsim.report.drivers import DriversPage
from ctsim.report.facts import Fact, Facts, digits
from ctsim.report.frame import FramePage, frame_page
from ctsim.report.lines import Line as Line
from ctsim.report.lines import line_of
from ctsim.report.money import Issue, issues, not_marginal
from ctsim.report.moves import MovesPage
from ctsim.report.pictures import Fan, fan, spark
from ctsim.report.words import Key, Page, anchor, grouped, heading, label_of, scenario_title, tagged
from ctsim.trail import every_trail
from ctsim.unit_words import unit_words


@dataclass(frozen=True)
class ReadingLine:
    """A reading and the literal result that it stands beside; `price`: see `Trail`."""

    fact: Fact
    literal: Fact | None
    label: str
    price: str = ""

    @property
    def own(self) -> bool:
        """Whether it is the literal result itself, which a change has taken out of its cell."""
        return self.fact.word("literal") == self.fact.name

    @property
    def elsewhere(self) -> str:
        """The boundary of the literal result where it is another, so that it stands in another table; else ""."""
        own = self.literal.word("boundary") if self.literal else ""
        return "" if own == self.fact.word("boundary") else own


@dataclass(frozen=True)
class Panel:
    """Facts that may stand in one table, or beside each other: one metric, one kind of money, one boundary."""

    anchor: str
    heading: str
    lines: Sequence[Line] = ()
    fans: Sequence[Fan] = ()
    readings: Sequence[ReadingLine] = ()
    audited: Sequence[AuditFigure] = ()
    totals: Sequence[Fact] = ()


@dataclass(frozen=True)
class ProgrammePart:
    """All that the page says of one programme: what has a number, by boundary, and what has none."""

    programme: Programme
    name: str
    panels: Sequence[Panel]
    empty: Sequence[Line]


@dataclass(frozen=True)
class ParameterLine:
    """A parameter for one year, or a reported figure that is drawn itself, with its words in the report."""

    row: Row
    fact: Fact
    anchor: str
    picture: Markup
    spread: str
    as_printed: str
    quote: str
    where: str
    note: str
    place: str
    symbol: str


class Sections(Page):
    """Everything a template asks for, of one run in one language."""

    contents: ClassVar = (
        "published", "fans", "programmes", "empty", "drives", "changes", "money", "totals", "policy", "outputs",
        "audit", "ledger", "parameters", "scenario", "run", "words",
    )  # fmt: skip
    glossary: ClassVar = (
        "published", "computed", "median_interval", "interval_95", "exceedance", "status", "boundary", "basis",
        "reading",
    )  # fmt: skip
    kind: ClassVar = "run"

    def __init__(
        self, scenario: Scenario, facts: Facts, card: Mapping[str, Any], drives: DriversPage | None = None,
        moves: MovesPage | None = None, whole: Scenario | None = None,
    ) -> None:  # fmt: skip
        """`scenario` holds the programmes that were chosen, `whole` all of them: money went to these too."""
        super().__init__(scenario, card, facts.lang)
        self.facts = facts
        self.whole = whole or scenario
        self.drives = drives
        self.moves = moves
        self.audit: Audit = audit(scenario)
        trails = drives.trails if drives and drives.scenario is scenario else every_trail(scenario)
        self.prices = {name: one.price for name, one in trails.items()}
        assumed = {name: one.assumed for name, one in drives.by_name.items()} if drives else {}
        self.lines = [line_of(one, trails.get(one.name), assumed.get(one.name, nan))
                      for one in (*facts.cells, *facts.items, *facts.others)]  # fmt: skip

    # ---- headlines

    @property
    def shown(self) -> tuple[str, ...]:
        """Its sections; what drives it and what changed only where these results are given."""
        absent = {"drives": self.drives is None, "changes": self.moves is None}
        return tuple(one for one in self.contents if not absent.get(one))

    @property
    def title_of_run(self) -> str:
        """The title of the scenario."""
        return scenario_title(self.scenario, self.lang)

    @property
    def conditional(self) -> str:
        """Which figures stay conditional on delivery where it is drawn; "" where it is not."""
        return conditional_words(self.facts.tree, self.lang)

    @property
    def with_number(self) -> int:
        """How many cells, parts and other figures have a distribution."""
        return sum(one.fact.finite for one in self.lines)

    @property
    def empty(self) -> list[Line]:
        """Cells without a number, each with its reason."""
        return [one for one in self.lines if not one.fact.finite and one.fact.address[0].count("/") == 1
                and one.fact.word("status") == "not_applicable"]  # fmt: skip

    @property
    def bases(self) -> Counter[str]:
        """What everything that varies rests on, by count."""
        return Counter(row.basis for row in self.scenario.binding.rows if row.varies)

    def verdicts(self) -> list[tuple[str, int]]:
        """How many published figures have each verdict, in the order of the schema."""
        found = Counter(one.verdict for one in self.audit.figures)
        return [(name, found[name]) for name in get_args(schema.Verdict) if found[name]]

    # ---- tables by boundary

    def published(self) -> list[Panel]:
        """Every line that has a published figure, by boundary."""
        return self._panels([one for one in self.lines if one.fact.printed], "published")

    def unpublished(self) -> list[str]:
        """Programmes of which the report prints no figure, or none that was chosen."""
        there = {one.fact.programme for one in self.lines if one.fact.printed}
        return [one.id for one in self.scenario.programmes if one.id not in there]

    def fans(self) -> list[Panel]:
        """Cells by year, a picture for each programme of a boundary."""
        found = []
        cells = [one for one in self.facts.cells if one.finite or one.printed]
        for panel in self._panels([self._of(one) for one in cells], "fan"):
            by_programme: dict[str, list[Fact]] = {}
            for line in panel.lines:
                by_programme.setdefault(line.fact.programme, []).append(line.fact)
            pictures = [fan(facts, self.title(name)) for name, facts in by_programme.items()]
            found.append(replace(panel, fans=pictures))
        return found

    def _of(self, fact: Fact) -> Line:
        return next(one for one in self.lines if one.fact is fact)

    def _panels(self, lines: Sequence[Line], prefix: str) -> list[Panel]:
        by_panel = grouped([(one.fact.panel, one) for one in lines])
        return [replace(self._panel(key, prefix), lines=sorted(mine, key=self._order)) for key, mine in by_panel]

    def _panel(self, key: Key, prefix: str) -> Panel:
        return Panel(anchor(prefix, key), heading(key, self.lang))

    def totals(self) -> list[Panel]:
        """Totals of declared groups, by boundary."""
        found = grouped([(one.panel, one) for one in self.facts.totals])
        return [replace(self._panel(key, "total"), totals=mine) for key, mine in found]

    # ---- money

    @cached_property
    def issues(self) -> list[Issue]:
        """What the money of each issue of the bonds bought under this scenario."""
        return issues(self.whole, int(self.card["seed"]), self.lang)

    @cached_property
    def frame(self) -> FramePage:
        """National totals and targets, and what a price of carbon makes of this result."""
        return frame_page(self.whole, self.facts.tree, self.card, self.lang)

    @property
    def not_marginal(self) -> str:
        """What yen a tonne is not."""
        return not_marginal(self.lang)

    @property
    def refused(self) -> list[schema.TotalGroup]:
        """What stands beside each other and is not added, and what overlaps, each with its reason."""
        return [one for one in self.scenario.totals if one.kind in ("list", "overlap")]

    def bounds(self, group: schema.TotalGroup) -> str:
        """Of which boundaries an overlap has bounds, and why not of the others."""
        mine = [one for one in self.facts.totals if one.address[1].partition(".")[0] == group.id]
        chosen, names = {one.id for one in self.scenario.programmes}, self.whole.names
        away = [str(getattr(names[one], self.lang)) for one in group.members
                if one in names and one not in chosen]  # fmt: skip
        if group.metric not in self.facts.tree.children:
            away = [text(f"metric.{group.metric}", self.lang)]
        if away and not mine:
            return text("run.bounds_not_here", self.lang, what=text("run.and", self.lang).join(away))
        return bounds_words((one.address[1].split(".")[1] for one in mine), self.lang)

    def total_name(self, fact: Fact) -> str:
        """A sum or a bound in words."""
        return total_name(fact.said("title"), fact.address[1], self.lang)

    @cached_property
    def money_sums(self) -> list[tuple[schema.TotalGroup, Markup]]:
        """Declared sums of the money of issues."""
        factor = 1.0 if self.lang == "ja" else 0.1  # 億円; billions of yen
        return [(one, tagged(f"{value * factor:,.10g}", value, f"yen|sums|{one.id}", factor))
                for one, value in money_sums(self.scenario.totals)]  # fmt: skip

    def _order(self, line: Line) -> tuple[int, str, str, bool]:
        """By programme and year; a total before its parts."""
        return self.number(line.fact.programme), line.fact.programme, line.fact.when, bool(line.fact.said("item"))

    # ---- programmes

    @cached_property
    def parts(self) -> list[ProgrammePart]:
        """A part for each programme, in the report's order."""
        return [self._part(one) for one in self.programmes]

    def _part(self, programme: Programme) -> ProgrammePart:
        mine = [line for line in self.lines if line.fact.programme == programme.id and _shown(line.fact)]
        lines = [one for one in mine if one.fact.finite or one.fact.printed]
        prefix = f"p-{programme.id}"
        panels = {one.anchor: one for one in self._panels(lines, prefix)}
        read = [self._reading(fact) for fact in self.facts.readings if fact.programme == programme.id]
        apart = {one.literal.name for one in read if one.elsewhere and one.literal}
        read = [one for one in read if not one.own or one.fact.name in apart]
        for key, readings in grouped([(_panel_of(one), one) for one in read]):
            panel = self._panel(key, prefix)
            panels[panel.anchor] = replace(panels.get(panel.anchor, panel), readings=readings)
        empty = [one for one in mine if not (one.fact.finite or one.fact.printed)]
        return ProgrammePart(programme, self.title(programme.id), list(panels.values()), empty)

    def _reading(self, fact: Fact) -> ReadingLine:
        literal = self.facts.by_name.get(fact.word("literal"))
        item = fact.word("figure").split(".", 2)[2].partition(".")[2]
        title = _item_title(self.facts.by_name.get(fact.word("figure")))
        label = label_of(fact.metric, fact.when.partition(".")[0], title or item, self.lang)
        return ReadingLine(fact, literal, label, self.prices.get(fact.name, ""))

    # ---- the report against itself

    def audited(self) -> list[Panel]:
        """Published figures beside what their formulas give, by boundary."""
        boundaries = {one.key: str(one.record.boundary or "") for one in self.scenario.figures()}
        kinds = {one.key: str(one.record.money_kind or "") for one in self.scenario.figures()}
        keyed = [((one.metric, kinds[one.key], boundaries[one.key]), one) for one in self.audit.figures]
        return [replace(self._panel(key, "audit"), audited=mine) for key, mine in grouped(keyed)]

    def audit_line(self, one: AuditFigure) -> tuple[str, str, str, str]:
        """Label, published, computed and difference of a figure, as printed; its unit is the record's."""
        item = _item_title(self.facts.by_name.get(one.key)) or one.item.replace("_", " ")
        published = _range(one.published_low, one.published_high)
        computed = "" if one.computed is None else _range(one.computed_low or 0.0, one.computed_high or 0.0)
        away = "" if one.relative_difference is None else f"{one.relative_difference:+.1%}".replace("-", "−")
        return label_of(one.metric, one.when, item, self.lang), published, computed, away

    # ---- the scenario and the run

    @property
    def changed(self) -> list[schema.Change]:
        """The changes that the scenario makes."""
        return [*self.scenario.applied, *(one.change for one in self.scenario.changes)]

    @property
    def sources(self) -> Mapping[str, schema.Source]:
        """The documents that pages and changes name."""
        return self.scenario.library.sources.record.source

    # ---- parameters

    @property
    def owners(self) -> set[str]:
        """Programmes that have parameters of their own."""
        return {name for name, _ in self.parameters}

    @cached_property
    def parameters(self) -> list[tuple[str, list[ParameterLine]]]:
        """Everything that is drawn, by programme; shared parameters first under "". Years of one stand together."""
        found: dict[str, list[ParameterLine]] = {"": []}
        rows = self.scenario.binding.rows
        first = {row.stream: place for place, row in reversed(list(enumerate(rows)))}
        for row in sorted(rows, key=lambda one: (first[one.stream], str(one.year or ""))):
            if row.label not in self.facts.parameters:
                continue  # of a metric that was not chosen
            owner = row.stream.partition(".")[0] if "." in row.stream else ""
            found.setdefault(owner if owner in self.names else "", []).append(self._parameter(row))
        ordered = sorted(found, key=lambda one: self.number(one) if one else 0)
        return [(name, found[name]) for name in ordered if found[name]]

    def _parameter(self, row: Row) -> ParameterLine:
        fact = self.facts.parameters[row.label]
        record, symbol, printed, quote, where, note = None, "", "", "", "", ""
        if (known := self.scenario.parameters().get(row.stream)) is not None:
            record = known.record
            own = known.symbol if "." in row.stream else None  # of a shared one that of a single programme's formula
            symbol = own or record.symbol or ""
            printed = record.as_printed if isinstance(record.as_printed, str) else " / ".join(record.as_printed or ())
            quote, where = (record.source.quote or "", record.source.where) if record.source else ("", "")
            note = record.note or ""
        elif (figure := self._reported.get(row.stream)) is not None and figure.printed:
            printed, where, note = figure.printed[0].as_printed, figure.printed[0].where, figure.note or ""
        title = f"{self.parameter(row.label)} [{unit_words(row.unit, self.lang)}]"
        return ParameterLine(
            row, fact, f"par-{row.label}", spark(fact, title, _atoms(row)), spread_words(row, self.lang), printed,
            quote, where, note, f"scenario.toml:{row.place.line}" if row.place.line > 1 else "", symbol,
        )  # fmt: skip

    @cached_property
    def _reported(self) -> dict[str, schema.Impact]:
        return {f"{one.programme}.{one.name}": one.record for one in self.scenario.figures() if one.reported}


# ---- words


def spread_words(row: Row, lang: str) -> str:
    """Its distribution in words: family and arguments, in the unit of the page or as multiples of the value."""
    if not row.varies:
        return text("dist.fixed", lang)
    spread = row.spread
    arguments = [f"{name} {value:.6g}" for name, value in spread.arguments.items() if isinstance(value, int | float)]
    said = f"{text(f'dist.{spread.dist}', lang)}({', '.join(arguments)})"
    if spread.relative:
        said = text("report.times_value", lang, spread=said)
    if spread.truncate:
        said += f" [{spread.truncate[0]:g}, {spread.truncate[1]:g}]"
    return f"{said} × {spread.widen:g}" if spread.widen != 1 else said


def _range(low: float, high: float) -> str:
    said = [digits(one).replace("-", "−") for one in (low, high)]
    return said[0] if said[0] == said[1] else "–".join(said)


def _item_title(fact: Fact | None) -> str:
    return "" if fact is None else fact.said("item")


def _panel_of(reading: ReadingLine) -> Key:
    return reading.fact.panel


def _shown(fact: Fact) -> bool:
    """Parts for years that the report prints none for say nothing."""
    return fact.finite or fact.printed or not fact.address[0].startswith("/items")


def _atoms(row: Row) -> list[tuple[float, float]]:
    """(value, probability) of a distribution of few values; nothing for others."""
    arguments = row.spread.arguments
    factor = row.central if row.spread.relative else 1.0
    if row.spread.dist == "bernoulli":
        return [(0.0, 1 - float(arguments["p"])), (1.0, float(arguments["p"]))]
    if row.spread.dist == "choice":
        weights = [float(one) for one in arguments["weights"]]
        return [(float(v) * factor, w / sum(weights)) for v, w in zip(arguments["values"], weights, strict=True)]
    return []
