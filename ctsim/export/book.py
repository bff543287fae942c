"""A workbook as it is written: texts stay texts, numbers have formats, tables have frozen heads and filters.

Nothing that a page, a scenario or a reason says is ever taken for a formula or an address:
only `Live` cells are formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from math import isfinite
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from ctsim.console import number
from ctsim.errors import one_line
from ctsim.locale import text
from ctsim.report.facts import digits
from ctsim.unit_words import unit_words

FONTS: Final = {"ja": "Yu Gothic", "en": "Calibri"}
LONGEST: Final = 32_767
"""Characters that a cell can hold."""
_NONE: Final = "–"
HEAD_HEIGHT: Final = 42
"""Points: three lines."""
SMALLEST, LARGEST = 1e-4, 1e9
"""Sizes that are written out; others have exponents."""


@dataclass(frozen=True)
class Live:
    """A formula, and what it comes to: shown by programs that do not calculate."""

    formula: str
    value: float


@dataclass(frozen=True)
class Shown:
    """An estimate, shown with the digits that its Monte Carlo error supports; the cell holds all of it."""

    value: float
    error: float = 0.0


Cell = str | float | int | bool | None | Live | Shown


@dataclass(frozen=True)
class Column:
    """The head of a column and its width in characters. `words`: long texts, which are wrapped."""

    title: str
    width: float = 12
    words: bool = False


class Sheet:
    """One sheet: cells by row and column from 0."""

    def __init__(self, book: Book, name: str) -> None:
        self.book = book
        self.name = name
        self.page = book.file.add_worksheet(self.name)
        self.page.set_landscape()
        self.page.set_paper(9)
        self.page.fit_to_pages(1, 0)
        self.page.hide_gridlines(2)

    def address(self, row: int, column: int) -> str:
        """A cell as formulas on other sheets name it."""
        return f"'{self.name}'!{xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)}"

    def put(self, row: int, column: int, value: Cell, style: str = "") -> None:
        """Write one cell. What is no number shows a dash: a cell is never blank by accident."""
        if value is None:
            self.page.write_blank(row, column, None, self.book.style(style))
        elif isinstance(value, bool):
            self.page.write_boolean(row, column, value, self.book.style(style))
        elif isinstance(value, str):
            self.page.write_string(row, column, value[:LONGEST], self.book.style(style))
        elif isinstance(value, Live):
            known = value.value if isfinite(value.value) else 0.0
            self.page.write_formula(row, column, f"={value.formula}", self.book.figures(value.value, style), known)
        else:
            self._number(row, column, value, style)

    def _number(self, row: int, column: int, given: float | Shown, style: str) -> None:
        estimate = given if isinstance(given, Shown) else None
        value = given.value if isinstance(given, Shown) else float(given)
        if isfinite(value):
            self.page.write_number(row, column, value, self.book.figures(value, style, estimate))
        else:
            self.page.write_string(row, column, _NONE, self.book.style(style or "empty"))

    def line(self, row: int, cells: Iterable[Cell], style: str = "", column: int = 0) -> None:
        """Write cells beside each other."""
        for number_, cell in enumerate(cells, column):
            self.put(row, number_, cell, style)

    def head(self, row: int, columns: Sequence[Column], left: int = 0) -> None:
        """The head of a table, with the widths of its columns; rows above it stay in view."""
        for number_, one in enumerate(columns, left):
            self.page.set_column(number_, number_, one.width)
            self.put(row, number_, one.title, "head")
        self.page.set_row(row, HEAD_HEIGHT)
        self.page.freeze_panes(row + 1, min(2, left + 1))
        self.page.repeat_rows(row)

    def table(self, row: int, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> int:
        """A table with a frozen head and a filter; the row below it."""
        self.head(row, columns)
        for number_, cells in enumerate(rows, row + 1):
            for place, (cell, column) in enumerate(zip(cells, columns, strict=True)):
                self.put(number_, place, cell, "words" if column.words and isinstance(cell, str) else "")
        self.page.autofilter(row, 0, row + max(1, len(rows)), len(columns) - 1)
        return row + len(rows) + 1


class Book:
    """The file, its sheets in order and its formats."""

    def __init__(self, lang: str, title: str) -> None:
        self.lang = lang
        self._stream = BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                   "strings_to_numbers": False}  # fmt: skip
        self.file = xlsxwriter.Workbook(self._stream, options)
        # No time of writing: the same result gives the same bytes.
        self.file.set_properties({"title": one_line(title), "created": datetime(2026, 1, 1)})
        self.file.formats[0].set_font_name(FONTS[lang])
        self.file.formats[0].set_font_size(10)
        self._styles: dict[tuple[str, str], Any] = {}

    def sheet(self, key: str, name: str = "") -> Sheet:
        """A new sheet; without a name of its own that is the text `workbook.sheet_<key>`."""
        return Sheet(self, name or text(f"workbook.sheet_{key}", self.lang))

    def style(self, name: str, form: str = "") -> Any:
        """The format of that name; of numbers with their own form."""
        if (name, form) not in self._styles:
            base = {"font_name": FONTS[self.lang], "font_size": 10, "valign": "top"}
            made = base | _STYLES[name] | ({"num_format": form} if form else {})
            self._styles[name, form] = self.file.add_format(made)
        return self._styles[name, form]

    def unit(self, unit: str) -> str:
        """A unit in the language of the book."""
        return unit_words(unit, self.lang)

    def figures(self, value: float, style: str = "", estimate: Shown | None = None) -> Any:
        """The format of a number: an estimate with the digits that its error supports, any other with six."""
        said = digits(value) if estimate is None else number(value, estimate.error)
        if value and not SMALLEST <= abs(value) < LARGEST:
            return self.style(style, "0.00E+00" if estimate else "0.#####E+00")
        decimals = len(said.partition(".")[2])
        grouped = "#,##0" if abs(value) >= 10_000 else "0"
        return self.style(style, grouped + ("." + "0" * decimals if decimals else ""))

    def content(self) -> bytes:
        """The whole file."""
        self.file.close()
        return self._stream.getvalue()


_STYLES: Final[dict[str, dict[str, Any]]] = {
    "": {},
    "words": {"text_wrap": True},
    "head": {"bold": True, "text_wrap": True, "bg_color": "#DCE6F1", "bottom": 1, "valign": "vcenter"},
    "title": {"bold": True, "font_size": 14},
    "strong": {"bold": True},
    "block": {"bold": True, "bg_color": "#F2F2F2", "top": 1},
    "result": {"bold": True, "bg_color": "#FFF7DC"},
    "input": {"font_color": "#1F4E99"},
    "empty": {"font_color": "#767676"},
    "editable": {"bg_color": "#FFF7DC", "border": 1, "border_color": "#BFBFBF"},
    "link": {"font_color": "#0563C1", "underline": 1},
}
