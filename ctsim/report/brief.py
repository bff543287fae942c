"""One A4 side for who decides: three boxes that are never added, the money, what drives and what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Final

from markupsafe import Markup

from ctsim import units
from ctsim.accounts import AllocationFile, accounts, shipped
from ctsim.report.drivers import Cell, Driver
from ctsim.report.facts import HIGH, LOW, MEDIAN, Fact
from ctsim.report.lines import Line, spreads_of
from ctsim.report.money import issue_total
from ctsim.report.moves import Move
from ctsim.report.sections import Sections
from ctsim.report.words import Group, Page, groups

BARS: Final = 3
RESEARCH: Final = "r_and_d"


@dataclass(frozen=True)
class Box:
    """One box: its figures by boundary, and the declared sums of what is in it."""

    name: str
    groups: Sequence[Group[Line]]
    sums: Sequence[Fact]

    @property
    def lines(self) -> list[Line]:
        return [line for group in self.groups for line in group.items]

    @property
    def bases(self) -> tuple[int, int]:
        """How many spreads reach its figures, and how many of these are assumed."""
        return spreads_of(self.lines)


@dataclass(frozen=True)
class Bar:
    """The parameter that the largest figure of a box rests on most."""

    box: str
    line: Line
    cell: Cell
    driver: Driver
    words: str


class Brief(Page):
    """Everything the one side asks for; its facts are those of the page of the run."""

    kind: ClassVar = "brief"

    def __init__(self, page: Sections) -> None:
        super().__init__(page.scenario, page.card, page.lang)
        self.page = page

    @property
    def title_of_run(self) -> str:
        return self.page.title_of_run

    @property
    def date(self) -> str:
        """The day of the run."""
        return str(self.card["started"])[:10]

    # ---- boxes

    def boxes(self) -> list[Box]:
        """What was paid for, what plants can make, what may come of research: figures of unlike kinds."""
        lines = self._lines()
        found = {name: [one for one in lines if _box(one) == name] for name in ("units", "plants", "outlook")}
        return [Box(name, groups([(one.fact.panel, one) for one in mine], name, self.lang), self._sums(mine))
                for name, mine in found.items()]  # fmt: skip

    def by_programme(self, lines: Sequence[Line]) -> list[list[Line]]:
        """Lines of one programme together, in order."""
        return [list(mine) for _, mine in groupby(lines, lambda one: one.fact.programme)]

    def _lines(self) -> list[Line]:
        """Published tonnes of a year, or of a year's output; parts only where no whole is printed."""
        printed = [one for one in self.page.lines if one.fact.printed and one.fact.metric == "co2_reduction"
                   and one.record is not None and one.record.period != "cumulative" and not one.record.reference
                   and one.fact.word("boundary") not in ("per_unit", "reference", "mixed", "")]  # fmt: skip
        whole = {(one.fact.programme, one.fact.when) for one in printed if not one.fact.said("item")}
        kept = [one for one in printed
                if not one.fact.said("item") or (one.fact.programme, one.fact.when) not in whole]  # fmt: skip
        return sorted(kept, key=lambda one: (self.number(one.fact.programme), one.fact.when))

    def _sums(self, lines: Sequence[Line]) -> list[Fact]:
        """Declared sums over several programmes of the box, at the years that are published."""
        mine = {one.fact.name for one in lines} | {one.fact.name.rpartition(".")[0] for one in lines}
        found = []
        for one in self.page.facts.totals:
            members = one.word("members").split(", ")
            several = len({member.partition(".")[0] for member in members}) > 1
            if one.word("kind") == "sum" and not one.when and several and set(members) <= mine:
                found.append(one)
        return found

    def numbers(self, total: Fact) -> str:
        """Numbers of the programmes that a sum is of."""
        names = dict.fromkeys(one.partition(".")[0] for one in total.word("members").split(", "))
        return self.text("brief.and").join(str(self.number(one)) for one in names)

    # ---- money

    @property
    def issues(self) -> list[AllocationFile]:
        """The issues of the bonds that the package has the allocations of."""
        return [accounts(year) for year in shipped()]

    def oku(self, issue: AllocationFile, name: str) -> Markup:
        """One of the sums of an issue."""
        return issue_total(issue.totals, issue.fiscal_year, name, self.lang)

    # ---- what drives it, what changed

    def drivers(self) -> Iterator[Bar]:
        """For each box the largest parameter of its largest figure."""
        known: Mapping[str, Cell] = self.page.drives.by_name if self.page.drives else {}
        for box in self.boxes():
            lines = [one for one in box.lines if one.fact.name in known and known[one.fact.name].drivers]
            if lines:
                line = max(lines, key=lambda one: tonnes(one.fact))
                cell = known[line.fact.name]
                driver = cell.drivers[0]
                yield Bar(box.name, line, cell, driver, self.page.parameter(driver.name))

    def changed(self) -> list[Move]:
        """The cells that move furthest beside their own interval, one of a programme."""
        found: dict[str, Move] = {}
        for one in self.page.moves.main if self.page.moves else ():
            found.setdefault(one.programme, one)
        return list(found.values())[:BARS]

    # ---- what may be said

    @property
    def verdicts(self) -> dict[str, int]:
        """How many published figures have a formula; of these reproduced, explained, and not."""
        count = dict(self.page.verdicts())
        explained = count.get("within_input_rounding", 0) + count.get("reading_found", 0)
        parts = {"reproduced": count.get("reproduced", 0), "explained": explained,
                 "not_reproduced": count.get("not_reproduced", 0)}  # fmt: skip
        return {"all": len(self.page.audit.figures), "formula": sum(parts.values()), **parts}

    @property
    def within(self) -> tuple[int, int]:
        """How many published figures have an interval, and how many of these touch it."""
        wide = [one.fact for one in self.page.lines if one.fact.printed and one.fact.finite and not one.fact.fixed]
        touching = [one for one in wide if one.value("quantiles", LOW) <= one.value("published_high")
                    and one.value("published_low") <= one.value("quantiles", HIGH)]  # fmt: skip
        return len(wide), len(touching)


def _box(line: Line) -> str:
    """Which box a figure is in: units that research will build are an outlook, too."""
    assert line.trail is not None
    boundary, kind = line.fact.word("boundary"), line.trail.programme.page.programme.kind
    if boundary == "plants_supported":
        return "plants"
    return "units" if boundary == "units_supported" and kind != RESEARCH else "outlook"


def tonnes(fact: Fact) -> float:
    """A published figure in tonnes where it is of tonnes, to find the largest; the median where none is printed."""
    whole = next((unit for unit in ("t-CO2/yr", "t-CO2") if units.convertible(fact.unit, unit)), fact.unit)
    size = fact.value("published") if fact.printed else fact.value("quantiles", MEDIAN)
    return size * units.conversion(fact.unit, whole)
