"""Workbooks of a comparison and of a sensitivity analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import xarray as xr

from ctsim.compare_tables import Line, lines
from ctsim.differences import SAID
from ctsim.export.book import Book, Cell, Shown
from ctsim.export.charts import Bars, bars_sheet
from ctsim.export.evidence import card_sheet
from ctsim.export.numbers import columns, word
from ctsim.export.workbook import summary_sheet
from ctsim.locale import text
from ctsim.ranking import Ranked, ranked
from ctsim.sensitivity import Sensitivity

_DIFFERENCE: Final = ("mean", "q05", "q50", "q95", "mcse", "p_higher", "a_mean", "a_q05", "a_q50", "a_q95", "b_mean",
                      "b_q05", "b_q50", "b_q95")  # fmt: skip
_CHARTS, _DRIVERS = 24, 8
"""Most charts of a workbook, most parameters of a chart."""
_INDICES: Final = (
    "S1",
    "S1_mcse",
    "ST",
    "ST_mcse",
    "Sh",
    "Sh_mcse",
    "spearman",
    "narrowing",
    "swing_low",
    "swing_high",
)


def comparison_workbook(tree: xr.DataTree, card: Mapping[str, Any], lang: str) -> bytes:
    """Changes, differences, and what each difference is due to."""
    title = str(tree.attrs["title_ja" if lang == "ja" else "title"])
    book = Book(lang, title)
    summary_sheet(book, title, card, ("changes", "comparison", "attribution", "bars", "card"),
                  [text("workbook.compare_lead", lang)])  # fmt: skip
    _changes(book, tree["changes"].dataset)
    quantities = list(lines(tree))
    _differences(book, quantities)
    _attribution(book, quantities)
    bars_sheet(book, "workbook.bars_of_parts", _largest(quantities, book.lang))
    card_sheet(book, card, str(card["result_digest"]))
    return book.content()


def _changes(book: Book, data: xr.Dataset) -> None:
    heads = columns(book.lang, "change", *SAID, wide=("change", "before", "after", "reason"))
    names = data["change"].values.tolist()
    said = [data[name].values.tolist() for name in SAID]
    book.sheet("changes").table(
        0, heads, [[str(name), *map(str, rest)] for name, *rest in zip(names, *said, strict=True)]
    )


def _differences(book: Book, quantities: list[Line]) -> None:
    """Every quantity of either scenario; what cannot be compared has the reason."""
    heads = columns(
        book.lang, "quantity", "unit", "compare_status", "difference_mean", "difference_q05", "difference_median",
        "difference_q95", "mcse", "p_higher", "a_mean", "a_q05", "a_median", "a_q95", "b_mean", "b_q05", "b_median",
        "b_q95", "reason", wide=("quantity", "reason"),
    )  # fmt: skip
    rows: list[list[Cell]] = [
        [one.name, one.unit, text(f"workbook.status_{one.status}", book.lang),
         *(Shown(one.numbers[name], one.numbers["mcse"] if name == "mean" else 0.0) for name in _DIFFERENCE),
         one.reason]
        for one in quantities
    ]  # fmt: skip
    book.sheet("comparison").table(0, heads, rows)


def _attribution(book: Book, quantities: list[Line]) -> None:
    heads = columns(book.lang, "quantity", "unit", "change", "part_mean", "part_q05", "part_q95",
                    wide=("quantity", "change"))  # fmt: skip
    rows: list[list[Cell]] = [[one.name, one.unit, change, *map(Shown, parts)] for one in quantities
                              for change, parts in one.causes.items()]  # fmt: skip
    book.sheet("attribution").table(0, heads, rows)


def _largest(quantities: list[Line], lang: str) -> list[Bars]:
    """What each change does to the quantities that move furthest for the width of their intervals."""
    first, found = 1, []
    for one in quantities:
        last = first + len(one.causes) - 1
        if one.causes:
            series = ((3, text("workbook.part_mean", lang)),)
            chart = Bars(one.name, text("workbook.sheet_attribution", lang), first, last, 2, series, one.unit)
            found.append((one.size, chart))
        first = last + 1
    return [chart for _, chart in sorted(found, key=lambda one: -one[0])[:_CHARTS]]


# ---- sensitivity


def sensitivity_workbook(found: Sensitivity, lang: str) -> bytes:
    """What each cell's spread comes from: a line a cell, and a line for each parameter that reaches it."""
    title = str(found.tree.attrs["title_ja" if lang == "ja" else "title"])
    book = Book(lang, title)
    listed = ranked(found)
    summary_sheet(book, title, found.card, ("sensitivity", "drivers", "bars", "card"),
                  [text("workbook.sensitivity_lead", lang)])  # fmt: skip
    _cells(book, listed)
    _drivers(book, listed)
    bars_sheet(book, "workbook.bars_of_shares", _shares(listed, book.lang))
    card_sheet(book, found.card, found.result_digest)
    return book.content()


def _cells(book: Book, listed: list[Ranked]) -> None:
    heads = columns(
        book.lang, "quantity", "unit", "status", "central", "mean", "sd", "q025", "q975", "approach1", "approach2",
        "approach2_below", "approach2_above", "assumed_first", "assumed_total", "words", "together",
        wide=("quantity", "words", "together"),
    )  # fmt: skip
    names = ("central", "mean", "sd", "q025", "q975", "approach1_percent", "approach2_percent", "approach2_below",
             "approach2_above", "assumed_first", "assumed_total")  # fmt: skip
    rows: list[list[Cell]] = [
        [one.cell, one.unit, text(f"workbook.{one.status}", book.lang),
         *(Shown(one.numbers[name], one.numbers.get(f"{name}_mcse", 0.0)) for name in names), one.words, one.together()]
        for one in listed
    ]  # fmt: skip
    book.sheet("sensitivity").table(0, heads, rows)


def _drivers(book: Book, listed: list[Ranked]) -> None:
    heads = columns(book.lang, "quantity", "parameter", "basis", *_INDICES, "unit", wide=("quantity", "parameter"))
    rows: list[list[Cell]] = [
        [one.cell, driver.parameter, word("basis", driver.basis, book.lang),
         *(Shown(driver.numbers[name], driver.numbers.get(f"{name}_mcse", 0.0)) for name in _INDICES), one.unit]
        for one in listed for driver in one.drivers
    ]  # fmt: skip
    book.sheet("drivers").table(0, heads, rows)


def _shares(listed: list[Ranked], lang: str) -> list[Bars]:
    """First-order and total index of the parameters that come first, a chart a cell with two and more of them."""
    first, found = 1, []
    for one in listed:
        last = first + min(len(one.drivers), _DRIVERS) - 1
        if len(one.drivers) > 1:
            series = tuple((3 + _INDICES.index(name), text(f"workbook.{name}", lang)) for name in ("S1", "ST"))
            found.append(Bars(one.cell, text("workbook.sheet_drivers", lang), first, last, 1, series, ""))
        first += len(one.drivers)
    return found[:_CHARTS]
