"""Sheets of what a result rests on: parameters with their sources, the audit, the ledger, the money, the run card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

from ctsim.accounts import AllocationFile, accounts, shipped
from ctsim.export.book import Book, Cell, Column, Live
from ctsim.export.live import Three
from ctsim.export.numbers import columns, word
from ctsim.locale import budget, reading, text, when
from ctsim.notes import given, given_at
from ctsim.report.facts import HIGH, LOW, MEDIAN
from ctsim.report.money import Issue
from ctsim.report.sections import ParameterLine, Sections
from ctsim.report.words import OUTSIDE, card_words
from ctsim.unit_words import unit_words

_LOW_END, _VALUE, _HIGH_END = 5, 6, 7
"""Columns of the sheet of parameters."""
_DIFFERENCE: Final = 16
"""Column of the sheet of the audit."""
_SIGNED: Final = "+0.0%;-0.0%;0.0%"


def parameters_sheet(book: Book, sections: Sections) -> dict[str, Three]:
    """Everything that is drawn, in the page's unit. The cells of value, low end and high end by label."""
    heads = columns(
        book.lang, "programme", "sign", "name", "as_printed", "page_unit", "low_end", "value", "high_end",
        "distribution", "basis", "q05", "median", "q95", "spread_reason", "quote", "where", "source", "note", "set_in",
        wide=("name", "as_printed", "distribution", "spread_reason", "quote", "note"),
    )  # fmt: skip
    lines = [(owner, one) for owner, mine in sections.parameters for one in mine]
    sheet = book.sheet("parameters")
    found: dict[str, Three] = {}
    rows = []
    for number, (owner, one) in enumerate(lines, 1):
        low, value, high = (sheet.address(number, at) for at in (_LOW_END, _VALUE, _HIGH_END))
        ranged = one.row.low != one.row.high
        found[one.row.label] = (value, low, high) if ranged else (value,) * 3
        rows.append(_parameter(sections, owner, one, number))
    sheet.table(0, heads, rows)
    return found


def _parameter(sections: Sections, owner: str, one: ParameterLine, number: int) -> list[Cell]:
    row, lang = one.row, sections.lang
    value: list[Cell] = [None, row.central, None]
    if row.low != row.high:
        value = [row.low, Live(f"(F{number + 1}+H{number + 1})/2", row.central), row.high]
    known = sections.scenario.parameters().get(row.stream)
    source = known.record.source.key if known and known.record.source else ""
    quantiles = [one.fact.value("quantiles", share) for share in (LOW, MEDIAN, HIGH)]
    return [
        sections.title(owner) if owner else text("report.shared", lang), one.symbol, row.label, one.as_printed,
        unit_words(row.unit, lang), *value, one.spread, word("basis", row.basis, lang), *quantiles,
        given(row.spread.reason, lang), one.quote, given_at(one.where, lang), source, given(one.note, lang), one.place,
    ]  # fmt: skip


def sources_sheet(book: Book, sections: Sections) -> None:
    """Documents that pages and changes name, and the changes that the scenario makes."""
    heads = columns(book.lang, "source", "title", "publisher", "date", "note", wide=("title", "publisher", "note"))
    rows = [[key, *(given(said, book.lang) for said in (one.title, one.publisher, one.date, one.note or ""))]
            for key, one in sections.sources.items()]  # fmt: skip
    sheet = book.sheet("sources")
    last = sheet.table(0, heads, rows)
    for number, change in enumerate(sections.changed, last + 1):
        target = change.parameter or change.impact or change.programme or ""
        where = given_at(change.source.where, book.lang)
        sheet.line(number, [change.source.key, target, where, "", given(change.reason, book.lang)])


def audit_sheet(book: Book, sections: Sections, live: Mapping[str, Three]) -> None:
    """Each published figure beside what its formula gives: ctsim's number, and that of the sheet of formulas."""
    heads = columns(
        book.lang, "number", "figure", "metric", "when", "scope", "period", "page_unit", "as_printed", "published_low",
        "published_high", "computed", "computed_low", "computed_high", "live", "live_low", "live_high", "difference",
        "verdict", "readings", "where", wide=("figure", "as_printed", "readings", "where"),
    )  # fmt: skip
    lang, rows = book.lang, list[list[Cell]]()
    for one in sections.audit.figures:
        readings = "; ".join(
            f"{reading(r.name, book.lang)}: {r.computed:.6g}{' ✓' if r.gives_published else ''}" for r in one.readings
        )
        number = sections.number(one.programme)
        rows.append([
            number if number < OUTSIDE else None, one.key, word("metric", one.metric, lang),
            when(one.when, lang), word("scope", one.scope, lang), word("period", one.period, lang), book.unit(one.unit),
            one.as_printed, one.published_low, one.published_high, one.computed, one.computed_low, one.computed_high,
            *_live(one.computed, one.computed_low, one.computed_high, live.get(one.key)),
            one.relative_difference, word("verdict", one.verdict, lang), readings,
            given_at(" / ".join(one.printings), lang),
        ])  # fmt: skip
    sheet = book.sheet("audit")
    sheet.table(0, heads, rows)
    signed = book.style("", _SIGNED)
    sheet.page.set_column(_DIFFERENCE, _DIFFERENCE, 11, signed)
    for number, one in enumerate(sections.audit.figures, 1):
        if one.relative_difference is not None:
            sheet.page.write_number(number, _DIFFERENCE, one.relative_difference, signed)


def _live(middle: float | None, low: float | None, high: float | None, cells: Three | None) -> list[Cell]:
    """The live result and its ends, the lower one first."""
    if middle is None or low is None or high is None or cells is None:
        return [None, None, None]
    ends = f"{cells[1]},{cells[2]}"
    return [Live(cells[0], middle), Live(f"MIN({ends})", low), Live(f"MAX({ends})", high)]


def ledger_sheet(book: Book, sections: Sections) -> None:
    """Where the report does not agree with itself."""
    heads = columns(book.lang, "id", "kind", "programme", "where", "quote", "printed", "follows", "why",
                    wide=("programme", "quote", "printed", "follows", "why"))  # fmt: skip
    rows: list[list[Cell]] = [
        [one.id, word("ledger_kind", one.kind, book.lang), sections.title(one.programme) if one.programme else "",
         given_at(one.where, book.lang), one.quote,
         *(given(said, book.lang) for said in (one.printed, one.computed, one.why))]
        for one in sections.audit.inconsistencies if one.programme is None or one.programme in sections.names
    ]  # fmt: skip
    book.sheet("ledger").table(0, heads, rows)


def files() -> list[AllocationFile]:
    """The money of each fiscal year that the package has."""
    return [accounts(year) for year in shipped()]


def allocations_sheet(book: Book, names: Mapping[str, str], issues: Sequence[Issue]) -> None:
    """What the money was allocated to, by fiscal year, with live sums beside the printed ones; the auctions.

    Why nothing is said per yen of a row is what `ctsim yen` says.
    """
    heads = columns(
        book.lang, "fiscal_year", "category", "budget_year", "name_printed", "allocated", "page_unit", "refinanced",
        "programmes", "green_categories", "where", "why_not_per_yen", "note",
        wide=("name_printed", "programmes", "green_categories", "why_not_per_yen", "note"),
    )  # fmt: skip
    rows: list[list[Cell]] = []
    spans: list[tuple[AllocationFile, int, int]] = []
    for file, issue in zip(files(), issues, strict=True):
        first = len(rows) + 2
        for one, line in zip(file.allocation, issue.made.rows, strict=True):
            rows.append([
                file.fiscal_year, one.category, budget(one.budget_year, book.lang), one.name_ja, one.amount,
                book.unit(one.unit),
                text(f"workbook.refinanced_{one.refinanced}", book.lang),
                ", ".join(names.get(name, name) for name in one.programme),
                "; ".join(file.green(one.green_categories, book.lang)),
                given_at(one.where, book.lang),
                getattr(line.why, book.lang) if line.why else "", getattr(one.note, book.lang) if one.note else "",
            ])  # fmt: skip
        spans.append((file, first, len(rows) + 1))
    sheet = book.sheet("allocations")
    row = sheet.table(0, heads, rows) + 1
    titles = ("fiscal_year", "rows_sum", "allocated", "proceeds", "unallocated", "refinanced_amount", "where")
    sheet.line(row, [text(f"workbook.{one}", book.lang) for one in titles], "head")
    for file, first, last in spans:
        row += 1
        total = file.totals
        added = Live(f"SUM(E{first}:E{last})", sum(one.amount for one in file.allocation))
        sheet.line(row, [file.fiscal_year, added, total.allocated, total.proceeds, total.unallocated, total.refinanced,
                         given_at(total.where, book.lang)])  # fmt: skip
    _auctions(book, [file for file, _, _ in spans])


def _auctions(book: Book, listed: Sequence[AllocationFile]) -> None:
    heads = columns(book.lang, "name_printed", "auction_date", "issue_date", "redemption_date", "coupon",
                    "planned_amount", "bids", "accepted", "highest_yield", "page_unit", "where",
                    wide=("name_printed",))  # fmt: skip
    rows: list[list[Cell]] = [
        [one.name_ja, one.auction_date, one.issue_date, one.redemption_date, one.coupon, one.planned_amount, one.bids,
         one.accepted, one.highest_yield, book.unit(one.unit), given_at(one.where, book.lang)]
        for file in listed for one in file.issue
    ]  # fmt: skip
    book.sheet("issues").table(0, heads, rows)


def card_sheet(book: Book, card: Mapping[str, Any], digest: str) -> None:
    """What is needed to make the result again."""
    sheet = book.sheet("card")
    heads = [Column(text("workbook.entry", book.lang), 28), Column(text("workbook.value", book.lang), 100, True)]
    rows: list[list[Cell]] = []
    for name, value in sorted(card.items()):
        if name != "coordinates":  # a line for each stream: `run.json` has them
            plain = isinstance(value, int | float) and isfinite(value)
            rows.append([name, value if plain else card_words(value)])
    last = sheet.table(0, heads, rows)
    sheet.put(last + 1, 0, text("workbook.again", book.lang, digest=digest))
