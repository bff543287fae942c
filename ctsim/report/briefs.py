"""One A4 side of a comparison and of a sensitivity analysis: what, by how much, because of what, how sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import ClassVar, Final, TypeVar

from ctsim.report.brief import tonnes
from ctsim.report.drivers import Cell, DriversPage
from ctsim.report.facts import HIGH, LOW
from ctsim.report.lines import spreads_of
from ctsim.report.moves import Change, Move, MovesPage
from ctsim.report.words import Group, Page

MOST_CHANGES: Final = 6
MOST_MOVES: Final = 9
MOST_CELLS: Final = 12
MOST_PARAMETERS: Final = 5

T = TypeVar("T")


def spread_over(found: Sequence[Group[T]], most: int, rank: Callable[[T], float]) -> list[Group[T]]:
    """So many of all: the first of every group by `rank`, then the second of each, as far as they go; in order."""
    turns = zip_longest(*(sorted(group.items, key=rank) for group in found))
    kept = {id(one) for one in [one for turn in turns for one in turn if one is not None][:most]}
    chosen = [Group(one.anchor, one.heading, [item for item in one.items if id(item) in kept]) for one in found]
    return [one for one in chosen if one.items]


class OneSide(Page):
    """One A4 side of a page; its numbers are those of the page."""

    page: MovesPage | DriversPage

    def __init__(self, page: MovesPage | DriversPage) -> None:
        super().__init__(page.scenario, page.card, page.lang, page.programmes)
        self.page = page

    @property
    def title_of_run(self) -> str:
        return self.page.title_of_run

    @property
    def worst_error(self) -> float:
        return self.page.worst_error()


class MovesBrief(OneSide):
    """One side of a comparison."""

    kind: ClassVar = "comparison"
    page: MovesPage

    @property
    def footer(self) -> str:
        """Both scenarios, and the comparison, by what names their content."""
        a, b = (f"{one.id} {one.digest[:12]}" for one in self.page.sides)
        return self.text("brief.footer_compared", a=a, b=b, run=self.card["result_digest"][:12],
                         version=self.card["versions"]["ctsim"])  # fmt: skip

    # ---- what changed, and by how much

    @property
    def numbered(self) -> list[Change]:
        """The changes that can move a number."""
        return [one for one in self.page.changes if one.mark]

    @property
    def changes(self) -> list[Change]:
        """Those of them that are shown: the ones with the largest part in what is shown, then the first."""
        parts = Counter[str]()
        for move in (one for group in self.groups() for one in group.items):
            for place, cause in enumerate(move.causes):
                parts[cause.name] += 1 if place else 100
        ordered = sorted(self.numbered, key=lambda one: -parts[one.name])[:MOST_CHANGES]
        return [one for one in self.numbered if one in ordered]

    def side_words(self, one: Change, name: str) -> str:
        """What `before` (A) or `after` (B) an entry says; of a formula in words, not by its code."""
        said = str(one.values[name])
        if one.values["kind"] != "formula" or said == self.text("difference.reported"):
            return said
        if one.values["side"] != ("A" if name == "before" else "B"):
            return self.text("brief.formula_kept")
        return self.text("brief.formula_changed", what=one.values["what"])

    @property
    def candidates(self) -> list[Move]:
        """What a reader looks for first: cells by year that move, or else all that does."""
        return self.page.main or self.page.moved

    def groups(self) -> list[Group[Move]]:
        """What moves furthest beside its own interval, by boundary."""
        return spread_over(self.page.groups(self.candidates, "moves"), MOST_MOVES, lambda one: -one.size)

    # ---- how sure

    @property
    def one_way(self) -> int:
        """How many of all that moves has a 90 % interval of the difference without 0."""
        ends = [(one.value("quantiles", LOW), one.value("quantiles", HIGH)) for one in self.page.moved]
        return sum(low > 0 or high < 0 for low, high in ends)

    @property
    def bases(self) -> tuple[int, int]:
        """How many spreads reach what moves in A or B, and how many of these are assumed."""
        return spreads_of(line for one in self.page.moved for line in one.sides if line)


class DriversBrief(OneSide):
    """One side of a sensitivity analysis."""

    kind: ClassVar = "sensitivity"
    page: DriversPage

    @property
    def footer(self) -> str:
        """As that of a run, with its scenario."""
        card = self.card
        return self.text("brief.footer", revision=card["revision"] or "–", date=str(card["started"])[:10],
                         run=f"{self.scenario.id} {card['result_digest'][:12]}",
                         version=card["versions"]["ctsim"])  # fmt: skip

    def groups(self) -> list[Group[Cell]]:
        """The largest published CO₂ reductions of every boundary; where none is printed, of all with an interval."""
        found = [one for one in self.page.main if one.printed and one.metric == "co2_reduction"] or self.page.main
        return spread_over(self.page.grouped(found, "rests"), MOST_CELLS, lambda one: -tonnes(one))

    def first(self) -> list[tuple[str, int]]:
        """The parameters that have the largest share in most values, with the number of these."""
        found = Counter(one.drivers[0].name for one in self.page.main if one.drivers)
        return sorted(found.items(), key=lambda one: (-one[1], one[0]))[:MOST_PARAMETERS]

    @property
    def quiet(self) -> int:
        """How many parameters matter to no value."""
        return len(self.page.parameters()[1])


def brief_of(page: MovesPage | DriversPage) -> Page:
    """The one side of a page."""
    return MovesBrief(page) if isinstance(page, MovesPage) else DriversBrief(page)
