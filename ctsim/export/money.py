"""The sheet of what a yen bought: every line of every issue as `ctsim yen` prints it, numbers or the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ctsim.bought import NOT_MARGINAL, SECTIONS, Line
from ctsim.export.book import Book, Cell, Sheet
from ctsim.export.numbers import columns
from ctsim.locale import budget, text, when
from ctsim.report.money import Issue
from ctsim.unit_words import unit_words

_AMOUNTS: Final = (
    "annual_per_oku", "lifetime_per_oku", "yen_per_tonne", "all_yen_per_tonne", "pro_rata_annual", "pro_rata_lifetime",
)  # fmt: skip
_ENDS: Final = ("median", "low", "high")
_MONEY: Final = ("allocated", "refinanced_low", "refinanced_high", "new_low", "new_high", "quantified")


def yen_sheet(book: Book, issues: Sequence[Issue]) -> None:
    """Both issues by programme, class, green category and budget year; below, what holds for all of an issue."""
    lang = book.lang
    amounts = [f"yen_{one}_{end}" for one in _AMOUNTS for end in _ENDS]
    heads = columns(
        lang, "fiscal_year", "by", "name", "category", "budget_year", "green_categories", "page_unit", *_MONEY,
        *amounts, "when", "share_of_financing", "leverage", "cost_bound", "why_not_per_yen", "note",
        wide=("name", "green_categories", "why_not_per_yen", "note"),
    )  # fmt: skip
    rows = [[issue.year, text(f"report.yen_{section}", lang), *_line(line, issue, section == "rows", lang)]
            for issue in issues for section in SECTIONS for line in getattr(issue.made, section)]  # fmt: skip
    sheet = book.sheet("yen")
    row = sheet.table(0, heads, rows) + 1
    sheet.put(row, 0, getattr(NOT_MARGINAL, lang))
    row += 1
    sheet.put(row, 0, text("yen.pro_rata_note", lang))
    for issue in issues:
        for note in issue.made.notes:
            row += 1
            sheet.line(row, [issue.year, getattr(note, lang)])
    _alone(sheet, row + 2, issues)


def _alone(sheet: Sheet, row: int, issues: Sequence[Issue]) -> None:
    """Below: the lines that add several programmes, once more without dependence."""
    lang = sheet.book.lang
    amounts = [(one, end) for one in _AMOUNTS for end in _ENDS]
    heads = columns(lang, "fiscal_year", "by", "name", *(f"yen_{one}_{end}" for one, end in amounts))
    sheet.put(row, 0, text("run.bought_independent", lang), "strong")
    sheet.line(row + 1, [one.title for one in heads], "head")
    lines = [(issue.year, section, line) for issue in issues for (section, _), line in issue.free.items()]
    for number, (year, section, line) in enumerate(lines, row + 2):
        assert line.bought is not None
        found = [getattr(line.bought.amounts[one], end) for one, end in amounts]
        sheet.line(number, [year, text(f"report.yen_{section}", lang), line.named(lang), *found])


def _line(line: Line, issue: Issue, is_row: bool, lang: str) -> list[Cell]:
    """From the name on. Class, budget year and categories are those of one row; of several the line is itself one."""
    first, bought = line.rows[0], line.bought
    own: list[Cell] = ["", "", ""]
    if is_row:
        own = [
            first.category,
            budget(first.budget_year, lang),
            "; ".join(issue.file.green(first.green_categories, lang)),
        ]
    bounds = [end for ends in (line.refinanced, line.new) for end in (ends or (None, None))]
    figures: list[Cell] = [*[None] * (len(_AMOUNTS) * len(_ENDS)), "", None, None, ""]
    if bought:
        at_most = text("workbook.cost_at_least", lang) if bought.cost_at_least else ""
        years = ", ".join(when(word, lang) for word in bought.when.split(", "))
        figures = [getattr(bought.amounts[one], end) for one in _AMOUNTS for end in _ENDS]
        figures += [years, bought.share, bought.leverage, at_most]
    said = [" / ".join(str(getattr(one, lang)) for one in some) for some in (line.reasons, line.notes)]
    return [
        line.named(lang),
        *own,
        unit_words(first.unit, lang),
        line.allocated,
        *bounds,
        bought.allocated if bought else None,
        *figures,
        *said,
    ]
