"""Money of the bonds: what was issued, and what it was allocated to, one file a fiscal year.

Allocations are facts of the report; what they bought is `ctsim.bought`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from ctsim import tomlfile
from ctsim.errors import Finding, InputError, did_you_mean
from ctsim.library import library_root
from ctsim.schema import Bilingual, Identifier, Record, Text, TotalGroup, TotalsFile, Unit
from ctsim.tomlfile import Document
from ctsim.totals import MONEY_NAME, several

MONEY: Final = ("proceeds", "allocated", "refinanced", "unallocated")
"""The sums of an issue."""


class Allocation(Record):
    """Money of one issue year allocated to one programme from one budget.

    `same_projects`: the figures of the programme's page are of just the projects that this money is in. `refused` says
    why nothing can be said per yen of it, `cost_at_least` that what all payers spent is printed as a lower bound, and
    `note` what a reader of the amount has to know. `name_en` is for a row that no single page names in English.
    """

    category: Literal["A", "B", "C", "D"]
    budget_year: Text
    name_ja: Text
    name_en: Text | None = None
    programme: tuple[Identifier, ...] = ()
    amount: float = Field(gt=0)
    unit: Unit = "億円"
    as_printed: Text
    green_categories: tuple[Text, ...] = ()
    refinanced: Literal["partly", "none", "unstated"] = "unstated"
    same_projects: bool = False
    cost_at_least: bool = False
    refused: Bilingual | None = None
    where: Text
    note: Bilingual | None = None


class Issue(Record):
    """One auction of the bonds."""

    name_ja: Text
    auction_date: Text
    issue_date: Text
    redemption_date: Text
    coupon: float
    planned_amount: float
    bids: float
    accepted: float
    highest_yield: float
    unit: Unit = "億円"
    as_printed: tuple[Text, ...]
    where: Text


class AllocationTotals(Record):
    """The sums as printed, and what they do not say."""

    allocated: float = Field(ge=0)
    proceeds: float = Field(gt=0)
    unallocated: float = Field(ge=0)
    refinanced: float | None = Field(default=None, ge=0)
    unit: Unit = "億円"
    as_printed: tuple[Text, ...]
    where: Text
    note: Bilingual | None = None


class AllocationFile(Record):
    """One file of `scenarios/allocations/`: one fiscal year of issues. `unreported`: why no row has an impact yet.

    `category_en`: English names of green categories by the printed ones.
    """

    format: Literal[1]
    fiscal_year: int
    as_of: Text
    source: Identifier
    unreported: Bilingual | None = None
    category_en: dict[str, Text] = Field(default_factory=dict)
    totals: AllocationTotals
    allocation: tuple[Allocation, ...]
    issue: tuple[Issue, ...]

    def green(self, names: Iterable[str], lang: str) -> list[str]:
        """Green categories in a language; as printed where the file has no English."""
        return [self.category_en.get(name, name) if lang == "en" else name for name in names]

    def refinanced_of(self, rows: Sequence[Allocation]) -> tuple[float, float] | None:
        """Least and most of the money of `rows` (億円) that can be refinanced; None where the report does not say.

        The printed sum lies in the rows marked "partly": at most all of theirs is refinanced, and at least what the
        others of them cannot hold.
        """
        if self.totals.refinanced is None:
            return None
        mine = sum(one.amount for one in rows if one.refinanced == "partly")
        others = sum(one.amount for one in self.allocation if one.refinanced == "partly") - mine
        return max(0.0, self.totals.refinanced - others), min(mine, self.totals.refinanced)


def shipped() -> dict[str, Path]:
    """The files of the library by fiscal year."""
    return {path.stem.removeprefix("fy"): path for path in sorted((library_root() / "allocations").glob("fy*.toml"))}


def accounts(issue: str | Path, costs: Mapping[str, float | None] | None = None) -> AllocationFile:
    """The money of the bonds of a fiscal year ("2023"), or of a file of the same form. Raises InputError.

    `costs`: every known programme with what all payers spent (億円, None where that is not known); the rows are held
    against it where it is given.
    """
    known = shipped()
    text = str(issue)
    if text not in known and not text.endswith(".toml"):
        hint = did_you_mean(text, known) or f" Known: {', '.join(known)}."
        raise InputError(f"no issue of fiscal year '{text[:80]}'.{hint} Or give the path of a .toml file.")
    path = known.get(text) or Path(text)
    if not path.is_file():
        raise InputError(f"{text[-200:]}: no such file of allocations")
    shown = f"scenarios/allocations/{path.name}" if text in known else text
    document = tomlfile.read(path, AllocationFile, shown)
    if found := [*_faults(document), *(_unknown(document, costs) if costs else ())]:
        raise InputError(found)
    return document.record


def _unknown(document: Document[AllocationFile], costs: Mapping[str, float | None]) -> Iterator[Finding]:
    """Rows of programmes that have no page, and money of a programme that exceeds the cost of its same projects."""
    given: dict[str, list[int]] = {}
    rows = document.record.allocation
    for number, row in enumerate(rows):
        for name in row.programme:
            if name not in costs:
                message = f"no programme '{name}'.{did_you_mean(name, costs)} Take it out or write its page."
                yield Finding(document.place("allocation", number, "programme"), _key(number, "programme"), message)
        if len(row.programme) == 1 and row.same_projects:
            given.setdefault(row.programme[0], []).append(number)
    for name, numbers in given.items():
        added, cost = sum(rows[one].amount for one in numbers), costs.get(name)
        at_least = any(rows[one].cost_at_least for one in numbers)  # then all payers may have spent more
        if cost is not None and added > cost and not at_least:
            number = max(numbers, key=lambda one: rows[one].amount)
            said = f"{added:,.10g} 億円 for '{name}' exceed the {cost:,.10g} that all payers spent on these projects"
            place = document.place("allocation", number, "amount")
            yield Finding(place, _key(number, "amount"), f"{said}; mend the amount or say why in 'refused'")


def _key(number: int, name: str) -> str:
    return f"allocation.{number + 1}.{name}"


_SLACK = 0.5
"""億円 a row: printed amounts are rounded."""


def _faults(document: Document[AllocationFile]) -> Iterator[Finding]:
    """An allocation that exceeds the issue, sums that do not balance, more refinanced than allocated.

    Rows, their sum, what is left and the proceeds hold each other: the one that the others speak against is named.
    """
    file, totals = document.record, document.record.totals
    slack = _SLACK * len(file.allocation)
    printed = {name for row in file.allocation for name in row.green_categories}
    for name in (name for name in file.category_en if name not in printed):
        message = f"no allocation has this green category.{did_you_mean(name, printed)} Mend the name or take it out"
        yield Finding(document.place("category_en", name), f"category_en.{name}", message)
    added = sum(row.amount for row in file.allocation)
    as_allocated = abs(added - totals.allocated) <= slack
    balanced = abs(totals.allocated + totals.unallocated - totals.proceeds) <= _SLACK
    larger = [(number, row) for number, row in enumerate(file.allocation) if row.amount > totals.proceeds]
    blamed = larger if balanced or not as_allocated else []  # else the rows agree with the sum: the proceeds are wrong
    for number, row in blamed:
        message = f"{row.amount:,.10g} 億円 for '{row.name_ja}' exceed the issue of {totals.proceeds:,.10g}"
        place = document.place("allocation", number, "amount")
        yield Finding(place, _key(number, "amount"), f"{message}; mend one of them")
    exceeds = added > totals.proceeds + slack
    said_already = exceeds if as_allocated else abs(added + totals.unallocated - totals.proceeds) <= slack
    if not blamed and exceeds:
        message = f"the allocations come to {added:,.10g} 億円 and exceed the issue of {totals.proceeds:,.10g}"
        yield Finding(document.place("totals", "proceeds"), "totals.proceeds", f"{message}; mend one of them")
    elif not blamed and not as_allocated:
        message = f"the rows come to {added:,.10g} 億円, allocated are {totals.allocated:,.10g}; mend one of them"
        yield Finding(document.place("totals", "allocated"), "totals.allocated", message)
    if not balanced and not said_already:
        said = f"allocated {totals.allocated:,.10g} and unallocated {totals.unallocated:,.10g}"
        message = f"{said} are not {totals.proceeds:,.10g}; mend one of them"
        yield Finding(document.place("totals", "proceeds"), "totals.proceeds", message)
    if as_allocated and (low_high := file.refinanced_of(file.allocation)) and low_high[0] > low_high[1]:
        said = f'{totals.refinanced:,.10g} 億円 refinanced, but rows marked "partly" have {low_high[1]:,.10g}'
        place = document.place("totals", "refinanced")
        yield Finding(place, "totals.refinanced", f"{said}; mend one of them")


# ---- sums over issues


def money_sums(groups: Iterable[TotalGroup], given: AllocationFile | None = None) -> Iterator[tuple[TotalGroup, float]]:
    """Groups of money with their sums in 億円, as printed; their members are held to `money_faults`.

    `given` takes the place of the shipped issue of its fiscal year.
    """
    for group in groups:
        if group.kind == "money":
            yield group, sum(_money(name, given) or 0.0 for name in group.members)


def money_faults(groups: Sequence[Document[TotalsFile]]) -> Iterator[Finding]:
    """Members of groups of money that no issue of the library has, or that are unlike money."""
    for document in groups:
        for number, group in enumerate(document.record.group):
            for words in _not_money(group.members) if group.kind == "money" else ():
                yield Finding(document.place("group", number, "members"), f"group.{group.id}.members", words)


def _not_money(names: Sequence[str]) -> Iterator[str]:
    """Why these are not to be added as money: each that does not exist, and unlike sums of those that do."""
    wrong = {name: words for name in names if (words := _money_fault(name))}
    yield from wrong.values()
    if len(which := dict.fromkeys(name.partition(".")[2] for name in names if name not in wrong)) > 1:
        parts = "proceeds are allocated or left, and of what is allocated some is refinanced"
        yield f"unlike money ({', '.join(which)}): {parts}"


def _money_fault(name: str) -> str:
    """Why there is no such money, "" where there is."""
    year, _, which = name.removeprefix("fy").partition(".")
    if not name.startswith("fy") or year not in shipped():
        known = [f"fy{one}" for one in shipped()]
        return f"'{name}': no issue '{name.partition('.')[0]}'; there are {', '.join(known)}"
    if which not in MONEY:
        return f"'{name}': an issue has no '{which}'.{did_you_mean(which, MONEY)} It has {', '.join(MONEY)}"
    return f"'{name}' is not printed; take it out" if _money(name) is None else ""


def asks_money(names: Iterable[str]) -> bool:
    """Whether any of these is money of an issue, as fy2023.allocated."""
    return any(MONEY_NAME.fullmatch(name) for name in names)


def money_total(names: Sequence[str], groups: Iterable[TotalGroup]) -> tuple[TotalGroup, float] | None:
    """The sum of such money in 億円, with the group that allows it; None where no name is of money.

    Raises InputError with every reason why there is no such sum.
    """
    money = [name for name in names if MONEY_NAME.fullmatch(name)]
    if not money:
        return None
    several(names)
    why = list(_not_money(money))
    if others := [name for name in names if name not in money]:
        why.append(f"money of the bonds and {', '.join(others)} are not one quantity")
    group = next((one for one in groups if one.kind == "money" and {*money} <= {*one.members}), None)
    if group is None and not why:
        why.append("no group of totals.toml says that they may be added; declare one with its reason")
    if group is None or why:
        raise InputError(f"no total of {', '.join(names)}: {'; '.join(why)}")
    return group.model_copy(update={"members": tuple(names)}), sum(_money(name) or 0.0 for name in names)


def _money(name: str, given: AllocationFile | None = None) -> float | None:
    issue, _, which = name.partition(".")
    year = issue.removeprefix("fy")
    totals = given.totals if given and str(given.fiscal_year) == year else _shipped_totals(year)
    value: float | None = getattr(totals, which)
    return value


@cache
def _shipped_totals(year: str) -> AllocationTotals:
    """The sums of a shipped issue; read once, as every scenario is held against them."""
    return accounts(year).totals
