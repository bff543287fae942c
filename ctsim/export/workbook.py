"""A sealed result as one Excel file in one language: what sheets it has, what they are for, and where to begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ctsim.accounts import AllocationFile
from ctsim.export.book import Book, Cell, Column, Shown
from ctsim.export.charts import charts_sheet
from ctsim.export.evidence import (
    allocations_sheet,
    audit_sheet,
    card_sheet,
    files,
    ledger_sheet,
    parameters_sheet,
    sources_sheet,
)
from ctsim.export.live import Formulas
from ctsim.export.money import yen_sheet
from ctsim.export.numbers import cells_sheet, columns, items_sheet, left_out_sheet, totals_sheet, word
from ctsim.export.policy import policy_sheet
from ctsim.locale import text
from ctsim.notes import given_at
from ctsim.report.facts import HIGH, LOW, MEDIAN
from ctsim.report.sections import Line, Sections
from ctsim.unit_words import unit_words

_RUN: Final = ("impact", "charts", "cells", "items", "totals", "left_out", "parameters", "formulas", "sources", "audit",
               "ledger", "yen", "allocations", "issues", "policy", "card")  # fmt: skip


def run_workbook(sections: Sections) -> bytes:
    """The workbook of a run."""
    book = Book(sections.lang, sections.title_of_run)
    facts = sections.facts
    summary_sheet(book, sections.title_of_run, sections.card, _RUN, [
        text("report.lead", book.lang), text("workbook.intervals", book.lang), text("report.three", book.lang),
        text("workbook.live_lead", book.lang),
    ])  # fmt: skip
    impact_sheet(book, sections)
    charts_sheet(book, sections)
    cells_sheet(book, facts)
    items_sheet(book, facts)
    totals_sheet(book, sections)
    left_out_sheet(book, sections, sections.names)
    rows = parameters_sheet(book, sections)
    live = Formulas(book, sections.scenario, sections.audit.figures, rows)
    sources_sheet(book, sections)
    audit_sheet(book, sections, live.results)
    ledger_sheet(book, sections)
    yen_sheet(book, sections.issues)
    allocations_sheet(book, sections.names, sections.issues)
    policy_sheet(book, sections.frame)
    card_sheet(book, sections.card, str(sections.card["result_digest"]))
    return book.content()


def summary_sheet(book: Book, title: str, card: Mapping[str, Any], sheets: tuple[str, ...], lead: list[str]) -> None:
    """The first sheet: what the file is, what must be known to read it, and a link to each sheet."""
    lang, sheet = book.lang, book.sheet("summary")
    sheet.page.set_column(0, 0, 24)
    sheet.page.set_column(1, 1, 110)
    sheet.put(0, 0, title, "title")
    row = 1
    for said in lead:
        row += 1
        sheet.put(row, 0, said)
    row += 2
    for key in ("scenario", "revision", "draws", "seed", "method", "result_digest"):
        if key in card:
            sheet.line(row, [text(f"workbook.card_{key}", lang), card[key]])
            row += 1
    row += 1
    sheet.line(row, [text("workbook.sheet", lang), text("workbook.what_for", lang)], "head")
    for key in sheets:
        row += 1
        name = text(f"workbook.sheet_{key}", lang)
        sheet.page.write_url(row, 0, f"internal:'{name}'!A1", book.style("link"), name)
        sheet.put(row, 1, text(f"workbook.about_{key}", lang))
    sheet.page.activate()


def impact_sheet(book: Book, sections: Sections) -> None:
    """Published figures in the order of ICMA's table: project, financing, lifetime, impact, other indicators.

    Money stands beside impacts as allocations of whole budget lines, a column an issue: it is not divided where the
    report does not. The impacts are of the issues that have an impact report; the heads of the others say so.
    """
    lang = book.lang
    heads = columns(
        lang, "programme", "category", "signed", "share_of_financing", "green_categories", "together_with", "lifetime",
        "indicator", "page_unit", "published_low", "published_high", "computed", "median", "q05", "q95",
        "boundary", "period", "timing", "counterfactual", wide=("programme", "green_categories", "indicator",
        "together_with", "counterfactual"),
    )  # fmt: skip
    heads[5:5] = [Column(_issue(file, lang), 18) for file in files()]
    rows: list[list[Cell]] = []
    for part in sections.parts:
        money = _money(part.programme.id, sections, lang)
        mine = [one for panel in part.panels for one in panel.lines if one.fact.printed]
        for one in sorted(mine, key=lambda line: line.fact.metric != "co2_reduction"):
            rows.append([part.name, *money, *_impact(one, lang)])
        for output in part.programme.page.output:
            said = output.indicator_ja if lang == "ja" else output.indicator_en
            blank: list[Cell] = [None] * 5
            rows.append([part.name, *money, said, book.unit(output.unit), output.value, output.value, *blank[:4],
                         "", "", text("workbook.output", lang), given_at(output.where, lang)])  # fmt: skip
    book.sheet("impact").table(0, heads, rows)


def _money(programme: str, sections: Sections, lang: str) -> list[Cell]:
    """Category, financing and eligibility of a programme: what the report prints, and that it prints nothing else."""
    issues = {file.fiscal_year: [one for one in file.allocation if programme in one.programme] for file in files()}
    known = [(file, one) for file in files() if not file.unreported for one in issues[file.fiscal_year]]
    mine = [one for _, one in known]
    others = {name for one in mine for name in one.programme} - {programme}
    unsaid = text("report.not_in_report", lang)
    names = ", ".join(sections.names.get(name, name) for name in sorted(others))
    green = dict.fromkeys(name for file, one in known for name in file.green(one.green_categories, lang))
    kind = ", ".join(dict.fromkeys(one.category for one in mine))
    amounts = [sum(one.amount for one in rows) if rows else None for rows in issues.values()]
    return [kind, unsaid, unsaid, "; ".join(green), *amounts, names, unsaid]


def _issue(file: AllocationFile, lang: str) -> str:
    """The head of an issue's money; where its impact is not reported, that the impacts beside are not of it."""
    said = text("workbook.allocated_of", lang, year=file.fiscal_year, reiwa=file.fiscal_year - 2018,
                unit=unit_words(file.allocation[0].unit, lang))  # fmt: skip
    return f"{said}: {getattr(file.unreported, lang)}" if file.unreported else said


def _impact(one: Line, lang: str) -> list[Cell]:
    fact, record = one.fact, one.record
    quantiles = [Shown(fact.value("quantiles", q), fact.value("quantiles_mcse", q)) for q in (MEDIAN, LOW, HIGH)]
    against = record.counterfactual if record else None
    return [
        one.label, unit_words(fact.unit, lang), fact.value("published_low"), fact.value("published_high"),
        fact.by_formula, *quantiles,
        *(word(one, fact.word(one), lang) for one in ("boundary", "period")),
        word("timing", str(record.timing or "") if record else "", lang), getattr(against, lang) if against else "",
    ]  # fmt: skip
