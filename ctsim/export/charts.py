"""Native charts: published, computed and interval side by side; one axis for each boundary, kind of money and unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ctsim.export.book import FONTS, HEAD_HEIGHT, Book, Live, Sheet, Shown
from ctsim.locale import text, when
from ctsim.report.facts import HIGH, LOW, MEDIAN, Fact
from ctsim.report.sections import Line, Panel, Sections

_DATA: Final = ("figure", "published_value", "computed", "median", "q05", "q95", "below", "above")
_ROWS: Final = 24
"""Rows that a chart takes."""
_BAR_ROWS, _BAR_COLUMNS = 16, 9
_COLOURS: Final = ("#0072B2", "#D55E00")
_SHOWN: Final = (  # column of the values, marker, colour: what comes first is the largest and lies behind
    (2, {"type": "square", "size": 10}, "#D55E00"),
    (1, {"type": "long_dash", "size": 12}, "#000000"),
    (3, {"type": "circle", "size": 5}, "#0072B2"),
)


@dataclass(frozen=True)
class Bars:
    """A chart of bars over lines `first` to `last` of another sheet: `names` and `values` are columns there."""

    title: str
    sheet: str
    first: int
    last: int
    names: int
    values: tuple[tuple[int, str], ...]
    unit: str


def bars_sheet(book: Book, lead: str, wanted: Sequence[Bars]) -> None:
    """Charts that draw other sheets, two beside each other; every one has an axis of its own."""
    sheet = book.sheet("bars")
    sheet.line(0, [text("workbook.bars_title", book.lang)], "title")
    sheet.line(1, [text(lead, book.lang)])
    for place, one in enumerate(wanted):
        row, side = divmod(place, 2)
        chart = _bars(book, one)
        sheet.page.insert_chart(3 + row * _BAR_ROWS, side * _BAR_COLUMNS, chart, {"description": one.title})


def _bars(book: Book, one: Bars) -> Any:
    font = {"name": FONTS[book.lang], "size": 8}
    chart = book.file.add_chart({"type": "bar"})
    for (column, name), colour in zip(one.values, _COLOURS, strict=False):
        chart.add_series({
            "name": name, "categories": [one.sheet, one.first, one.names, one.last, one.names],
            "values": [one.sheet, one.first, column, one.last, column], "fill": {"color": colour}, "gap": 60,
        })  # fmt: skip
    chart.set_title({"name": one.title, "name_font": {**font, "size": 10}, "overlay": False})
    # The first line on top, as on the sheet; names beside the axis also where bars go to the left.
    chart.set_y_axis({"num_font": font, "reverse": True, "label_position": "low", "crossing": "max"})
    chart.set_x_axis({"num_font": font, "name": one.unit, "name_font": {**font, "bold": False},
                      "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})  # fmt: skip
    chart.set_legend({"none": True} if len(one.values) == 1 else {"position": "bottom", "font": font})
    chart.set_size({"width": 64 * _BAR_COLUMNS - 20, "height": 20 * (_BAR_ROWS - 1)})
    return chart


def charts_sheet(book: Book, sections: Sections) -> None:
    """For each boundary a table of what is drawn, and the chart beside it."""
    sheet = book.sheet("charts")
    sheet.line(0, [text("workbook.charts_title", book.lang)], "title")
    sheet.line(1, [text("workbook.charts_lead", book.lang)])
    row = 3
    for panel in sections.published():
        for unit, lines in _by_unit(panel):
            row = _chart(sheet, sections, f"{panel.heading} [{book.unit(unit)}]", lines, row)
    sheet.page.set_column(0, 0, 22)
    sheet.page.set_column(1, len(_DATA) - 1, 11)
    sheet.page.set_column(len(_DATA), len(_DATA), 60)


def _by_unit(panel: Panel) -> list[tuple[str, list[Line]]]:
    found: dict[str, list[Line]] = {}
    for one in panel.lines:
        if one.fact.finite:
            found.setdefault(one.fact.unit, []).append(one)
    return list(found.items())


def _chart(sheet: Sheet, sections: Sections, title: str, lines: Sequence[Line], row: int) -> int:
    lang = sheet.book.lang
    sheet.line(row, [title], "strong")
    sheet.page.set_row(row + 1, HEAD_HEIGHT)
    for place, key in enumerate(_DATA):
        sheet.put(row + 1, place, text(f"workbook.{key}", lang), "head")
    first = row + 2
    for number, one in enumerate(lines, first):
        fact = one.fact
        low, median, high = (fact.value("quantiles", share) for share in (LOW, MEDIAN, HIGH))
        computed = fact.by_formula
        sheet.put(number, len(_DATA), f"{sections.names[fact.programme]} {one.label}")
        sheet.line(number, [_short(fact, lang), fact.value("published"),
                            computed if computed == computed else None, *map(Shown, (median, low, high)),
                            Live(f"D{number + 1}-E{number + 1}", median - low),
                            Live(f"F{number + 1}-D{number + 1}", high - median)])  # fmt: skip
    last = first + len(lines) - 1
    chart = _native(sheet, title, first, last, _logarithmic([one.fact for one in lines]))
    sheet.page.insert_chart(row, len(_DATA) + 2, chart, {"description": title})
    return max(last + 3, row + _ROWS + 1)


def _short(fact: Fact, lang: str) -> str:
    """What fits below an axis: number of the programme, year, part."""
    number = int(fact.values.get("programme_number", 0) or 0)
    return " ".join(filter(None, [str(number or fact.programme), when(fact.when, lang), fact.said("item")]))


def _native(sheet: Sheet, title: str, first: int, last: int, logarithmic: bool) -> Any:
    book = sheet.book
    chart = book.file.add_chart({"type": "line"})
    for column, marker, colour in _SHOWN:
        filled = {"color": colour} if column == 3 else {"none": True}  # what lies behind is seen
        key = "report.median_interval" if column == 3 else f"workbook.{_DATA[column]}"
        series: dict[str, Any] = {
            "name": text(key, book.lang),
            "categories": [sheet.name, first, 0, last, 0], "values": [sheet.name, first, column, last, column],
            "line": {"none": True}, "marker": {**marker, "fill": filled, "border": {"color": colour}},
        }  # fmt: skip
        if column == 3:
            ends = [f"='{sheet.name}'!${letter}${first + 1}:${letter}${last + 1}" for letter in "HG"]
            series["y_error_bars"] = {"type": "custom", "plus_values": ends[0], "minus_values": ends[1],
                                      "line": {"color": colour, "width": 1.5}}  # fmt: skip
        chart.add_series(series)
    font = {"name": FONTS[book.lang], "size": 8}
    chart.set_title({"name": title, "name_font": {**font, "size": 11}, "overlay": False})
    chart.set_x_axis({"num_font": font, "label_position": "low"})
    axis: dict[str, Any] = {"num_font": font, "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}}
    chart.set_y_axis(axis | ({"log_base": 10, "crossing": "min"} if logarithmic else {}))
    chart.set_legend({"position": "bottom", "font": font})
    chart.set_size({"width": 900, "height": 20 * _ROWS})
    chart.show_blanks_as("gap")
    return chart


def _logarithmic(facts: Sequence[Fact]) -> bool:
    """Whether values of one axis are so far apart that a linear one would show the largest only."""
    sizes = [one.value("published") for one in facts] + [one.value("quantiles", LOW) for one in facts]
    return min(sizes) > 0 and max(sizes) > 50 * min(sizes)
