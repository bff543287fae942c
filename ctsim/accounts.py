"""Money of the bonds: what was issued, and what it was allocated to, one file a fiscal year.

Allocations are facts of the report; what they bought is `ctsim.bought`.
"""

from __future__ import annotations

from typing import Literal

from ctsim.schema import Identifier, Record, Text, Unit


class Allocation(Record):
    """Money of one issue year allocated to one programme from one budget."""

    category: Literal["A", "B", "C", "D"]
    budget_year: Text
    name_ja: Text
    programme: tuple[Identifier, ...] = ()
    amount: float
    unit: Unit = "億円"
    as_printed: Text
    green_categories: tuple[Text, ...] = ()
    where: Text
    note: Text | None = None


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

    allocated: float
    proceeds: float
    unallocated: float
    refinanced: float | None = None
    unit: Unit = "億円"
    as_printed: tuple[Text, ...]
    where: Text
    note: Text | None = None


class AllocationFile(Record):
    """One file of `scenarios/allocations/`: one fiscal year of issues."""

    format: Literal[1]
    fiscal_year: int
    as_of: Text
    source: Identifier
    totals: AllocationTotals
    allocation: tuple[Allocation, ...]
    issue: tuple[Issue, ...]
