"""The sheet of the policy frame: national totals, targets, shares of gaps, prices, carbon values, and their grounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ctsim.export.book import Book, Cell, Shown
from ctsim.export.numbers import columns
from ctsim.locale import text
from ctsim.notes import given, given_at
from ctsim.policy import FloatArray, along, gaps, percent
from ctsim.report.frame import FramePage
from ctsim.schema import Citation

_OKU: Final = "億円/yr"
_NONE: Final = (None,) * 5
"""No value, interval or interval without dependence."""


def policy_sheet(book: Book, page: FramePage) -> None:
    """One line a number, each with its unit, basis and source; cells without a carbon value with the reason."""
    heads = columns(book.lang, "what", "name", "fiscal_or_year", "boundary", "unit", "value", "q05", "q95",
                    "independent_q05", "independent_q95", "basis", "source", "cited_words", "reason",
                    wide=("what", "name", "boundary", "basis", "source", "cited_words", "reason"))  # fmt: skip
    rows = [*_totals(page), *_targets(page), *_credits(page), *_prices(page), *_sums(page), *_cells(page)]
    sheet = book.sheet("policy")
    row = sheet.table(0, heads, rows) + 1
    notes = (text("policy.of", book.lang, realised=page.realised), page.between, text("policy.cells_note", book.lang))
    for place, said in enumerate(filter(None, notes), row):
        sheet.put(place, 0, said)


def _totals(page: FramePage) -> Iterator[list[Cell]]:
    for place, one in enumerate(page.file.total):
        note = getattr(one.note, page.lang) if one.note else ""
        yield [text("policy.emissions", page.lang), "", one.year, "", "Mt-CO2/yr", one.mt_co2, *_NONE[1:],
               page.basis(place), *_cited(page, one.source), note]  # fmt: skip


def _targets(page: FramePage) -> Iterator[list[Cell]]:
    realised = page.found.realised
    alone = gaps(page.file, realised.independent)
    for gap, free in zip(page.gaps, alone, strict=True):
        one = gap.target
        reason = given(one.reason or "", page.lang)
        ground: list[Cell] = [text(f"basis.{one.basis}", page.lang), *_cited(page, one.source), reason]
        yield [text("policy.reduction", page.lang), "", one.year, "", "%", -one.reduction, *_NONE[1:], *ground]
        ground[0] = text("policy.from_target", page.lang)
        for name, value in (("allowed_then", gap.allowed), ("gap", gap.missing)):
            yield [text(f"policy.{name}", page.lang), "", one.year, "", "Mt-CO2/yr", value, *_NONE[1:], *ground]
        why = realised.reasons.get(one.year)
        said = getattr(why, page.lang) if why else text("policy.no_cell", page.lang) if gap.closed is None else ""
        yield [text("policy.closed", page.lang), page.realised, one.year, text("boundary.units_supported", page.lang),
               "%", *_shown(percent(gap.closed), percent(free.closed)), _drawn(page), "", "",
               said or _between(page, one.year)]  # fmt: skip


def _credits(page: FramePage) -> Iterator[list[Cell]]:
    for one in page.file.credits:
        yield [text("policy.credits", page.lang), "", one.by, "", one.unit, one.amount, *_NONE[1:],
               text("basis.published", page.lang), *_cited(page, one.source), ""]  # fmt: skip


def _prices(page: FramePage) -> Iterator[list[Cell]]:
    for path in page.file.price_path:
        ground = [text(f"basis.{path.basis}", page.lang), *_cited(page, path.source), getattr(path.reason, page.lang)]
        for year, price in sorted(path.price.items()):
            yield [text("policy.price", page.lang), getattr(path.title, page.lang), int(year), "", path.unit, price,
                   *_NONE[1:], *ground]  # fmt: skip


def _sums(page: FramePage) -> Iterator[list[Cell]]:
    realised = page.found.realised
    for _, path, year in page.values:
        values, free = (along(path, one)[year] for one in (realised.tonnes, realised.independent))
        why = realised.reasons.get(year)
        name = f"{page.realised}{text('run.colon', page.lang)}{getattr(path.title, page.lang)}"
        yield [text("policy.values", page.lang), name, year, text("boundary.units_supported", page.lang), _OKU,
               *_shown(values, free), _drawn(page), "", "",
               getattr(why, page.lang) if why else _between(page, year)]  # fmt: skip


def _cells(page: FramePage) -> Iterator[list[Cell]]:
    what = text("policy.value_of_cell", page.lang)
    for one in page.found.cells:
        start: list[Cell] = [what, page.name(one), one.year, text(f"boundary.{one.boundary or 'unstated'}", page.lang)]
        if one.reason is not None:
            yield [*start, "", *_NONE, "", "", "", getattr(one.reason, page.lang)]
            continue
        for path in page.file.price_path:
            value = one.value(path)
            start[1] = f"{page.name(one)}{text('run.colon', page.lang)}{getattr(path.title, page.lang)}"
            if value is not None:
                yield [*start, _OKU, *_shown(value, None), _drawn(page), "", "", ""]


def _shown(values: FloatArray | list[float] | None, free: FloatArray | list[float] | None) -> list[Cell]:
    """Median and interval, and the interval without dependence."""
    found = [None] * 3 if values is None else [Shown(float(one)) for one in values]
    alone = [None] * 2 if free is None else [Shown(float(one)) for one in free[1:]]
    return [*found, *alone]


def _drawn(page: FramePage) -> str:
    return text("policy.drawn", page.lang)


def _between(page: FramePage, year: int) -> str:
    return page.between if year in page.found.realised.between else ""


def _cited(page: FramePage, citation: Citation | None) -> list[Cell]:
    """Document with the place in it, and the words."""
    if citation is None:
        return ["", ""]
    title, where = given(page.source(citation).title, page.lang), given_at(citation.where, page.lang)
    return [f"{title} · {where}", citation.quote or ""]
