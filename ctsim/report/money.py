"""What the money of the bonds bought, for a page: each issue as `ctsim yen` prints it, numbers with their addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from markupsafe import Markup

from ctsim.accounts import AllocationFile, AllocationTotals, accounts, shipped
from ctsim.bought import NOT_MARGINAL, SECTIONS, Account, Line, account, sums_alone
from ctsim.catalog import Scenario
from ctsim.console import number
from ctsim.locale import budget, text
from ctsim.report.words import tagged

DRAWS: Final = 2**14
_JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
TOTALS: Final = ("proceeds", "allocated", "refinanced", "unallocated")


@dataclass(frozen=True)
class YenLine:
    """One row, class, category or budget year of an issue."""

    line: Line
    address: str
    lang: str
    marks: Sequence[int] = ()
    green: Sequence[str] = ()

    @property
    def name(self) -> Markup:
        """Its name; classes in words."""
        return self._said(text(f"class.{self.line.name}", self.lang) if self.line.name in "ABCD"
                          else self.line.named(self.lang))  # fmt: skip

    @property
    def about(self) -> Markup:
        """Of a row: class, budget and green categories; in English, its name as printed."""
        row = self.line.rows[0]
        green = "; ".join(self.green) if self.lang == "en" else "・".join(self.green)
        said = [self.category, self._said(budget(row.budget_year, self.lang)), self._said(green or "—")]
        printed = [self._said(self.line.name)] if self.lang == "en" and self.line.name_en else []
        return Markup(" · ").join([*said, *printed])

    def _said(self, words: str) -> Markup:
        """Words of a page that is not Japanese are marked where they are."""
        foreign = self.lang != "ja" and _JAPANESE.search(words)
        return Markup('<span lang="ja">{}</span>' if foreign else "{}").format(words)

    @property
    def is_row(self) -> bool:
        return "|rows|" in self.address

    @property
    def category(self) -> str:
        """The class in words, of a row."""
        return text(f"class.{self.line.rows[0].category}", self.lang) if self.is_row else ""

    @property
    def allocated(self) -> Markup:
        """Money of all its rows."""
        return _amount(self.line.allocated, f"{self.address}|allocated", self.lang)

    @property
    def covered(self) -> Markup:
        """Money of it that a figure is known for, where that is not all."""
        bought = self.line.bought
        if bought is None or bought.allocated >= self.line.allocated:
            return Markup("")
        return _amount(bought.allocated, f"{self.address}|quantified", self.lang)

    def bounds(self, name: str) -> Markup:
        """The least and the most of its money that is "refinanced" or "new": one amount where both are the same."""
        ends = getattr(self.line, name)
        if ends is None:
            return Markup(text("report.not_stated", self.lang))
        said = [_amount(end, f"{self.address}|{name}_{side}", self.lang)
                for end, side in zip(ends, ("low", "high"), strict=True)]  # fmt: skip
        return said[0] if ends[0] == ends[1] else Markup("{}–{}").format(*said)

    def amount(self, name: str) -> Markup:
        """Median and interval of one amount."""
        assert self.line.bought is not None
        one_of = self.line.bought
        one = one_of.amounts[name]
        said = [tagged(number(getattr(one, end)), getattr(one, end), f"{self.address}|{name}|{end}")
                for end in ("median", "low", "high")]  # fmt: skip
        return Markup("{}{}<br>[{}–{}]").format(one_of.sign(name), *said)

    def ratio(self, name: str) -> Markup:
        """The share financed, in per cent, or the leverage."""
        assert self.line.bought is not None
        value = getattr(self.line.bought, name)
        factor = 100.0 if name == "share" else 1.0
        said = f"{value * factor:.1f}" if name == "share" else f"{value:.2f}"
        return Markup("{}{}").format(self.line.bought.sign(name), tagged(said, value, f"{self.address}|{name}", factor))


class Issue:
    """The bonds of one fiscal year: their money, and what it bought; `free` are the sums without dependence."""

    def __init__(self, made: Account, lang: str, free: Mapping[tuple[str, int], Line] | None = None) -> None:
        self.made = made
        self.free = free or {}
        self.lang = lang
        self.year = made.file.fiscal_year

    @property
    def file(self) -> AllocationFile:
        return self.made.file

    @cached_property
    def footnotes(self) -> list[str]:
        """What holds for all of it, then every reason and note of its lines, once."""
        lines = [line for section in self.sections for line in getattr(self.made, section)]
        found = [*self.made.notes, *(one for line in lines for one in line.footnotes)]
        return list(dict.fromkeys(str(getattr(one, self.lang)) for one in found))

    @property
    def marks(self) -> range:
        """The numbers of what holds for all of it."""
        return range(1, len(self.made.notes) + 1)

    @property
    def sections(self) -> Sequence[str]:
        """The tables that are shown: without an impact report the rows are all that there is to say."""
        return SECTIONS[:1] if self.file.unreported else SECTIONS

    def lines(self, section: str) -> Sequence[YenLine]:
        """The lines of a section, each with the numbers of its footnotes."""
        found = enumerate(getattr(self.made, section))
        return [YenLine(line, f"yen|{self.year}|{section}|{place}", self.lang,
                        [self.footnotes.index(getattr(one, self.lang)) + 1 for one in line.footnotes],
                        self.file.green(line.rows[0].green_categories if line.rows else (), self.lang))
                for place, line in found]  # fmt: skip

    def known(self) -> list[tuple[str, YenLine]]:
        """Lines that have figures, each with the section that it is of."""
        return [(section, one) for section in self.sections for one in self.lines(section) if one.line.bought]

    def alone(self) -> list[YenLine]:
        """Lines that add several programmes, without dependence."""
        return [YenLine(line, f"yen|{self.year}|independent|{section}|{place}", self.lang)
                for (section, place), line in self.free.items()]  # fmt: skip

    def total(self, name: str) -> Markup:
        """One of the sums as the report prints it; words where it does not."""
        return issue_total(self.file.totals, self.year, name, self.lang)

    @property
    def new(self) -> Markup:
        """What was allocated and is not refinanced."""
        totals = self.file.totals
        if totals.refinanced is None:
            return Markup(text("report.not_stated", self.lang))
        value = totals.allocated - totals.refinanced
        return _amount(value, f"yen|{self.year}|totals|new", self.lang)


def issue_total(totals: AllocationTotals, year: int, name: str, lang: str) -> Markup:
    """One of the sums of an issue."""
    value = getattr(totals, name)
    if value is None:
        return Markup(text("report.not_stated", lang))
    return _amount(value, f"yen|{year}|totals|{name}", lang)


def _amount(value: float, at: str, lang: str) -> Markup:
    """Money that is recorded in 億円: so in Japanese, in billions of yen in English."""
    factor = 1.0 if lang == "ja" else 0.1
    return tagged(f"{value * factor:,.10g}", value, at, factor)


def issues(scenario: Scenario, seed: int, lang: str) -> list[Issue]:
    """Every issue that the package has the allocations of, the effects drawn under the scenario."""
    made = [account(scenario, accounts(year), draws=DRAWS, seed=seed) for year in shipped()]
    return [Issue(one, lang, sums_alone(scenario, one, seed=seed)) for one in made]


def not_marginal(lang: str) -> str:
    """What a yen a tonne is not."""
    return str(getattr(NOT_MARGINAL, lang))
