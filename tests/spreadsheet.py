"""A small spreadsheet for tests: it calculates the cells of a workbook from their formulas, never from stored results.

It knows what ctsim writes: references to cells and ranges of any sheet, arithmetic, comparisons and a few functions.
"""

import math
import re
import zipfile
from collections.abc import Mapping
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REFERENCE = re.compile(r"(?:'([^']+)'!|\b([A-Za-z_]+)!)?\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?(?![\w(])")

FUNCTIONS: dict[str, Any] = {
    "EXP": math.exp, "LN": math.log, "SQRT": math.sqrt, "POWER": math.pow, "GAMMALN": math.lgamma, "MIN": min,
    "MAX": max, "IF": lambda test, a, b: a if test else b, "AND": lambda *x: all(x), "OR": lambda *x: any(x),
    "SUM": sum,
}  # fmt: skip


def evaluated(formula: str, cells: Mapping[str, float]) -> float:
    """A formula without references, but for names in `cells`, by Python; "=" and "<>" compare."""
    python = re.sub(r"(?<![<>])=", "==", formula).replace("<>", "!=").replace("^", "**")
    return float(eval(python, {**FUNCTIONS, **cells}))


class Spreadsheet:
    """The sheets of a file by name; `changed` holds other values for cells, by sheet and cell."""

    def __init__(self, path: Path, changed: Mapping[tuple[str, str], float] | None = None) -> None:
        self.formulas: dict[tuple[str, str], str] = {}
        self.values: dict[tuple[str, str], float] = {}
        with zipfile.ZipFile(path) as file:
            book = ElementTree.fromstring(file.read("xl/workbook.xml"))
            self.names = [str(one.get("name")) for one in book.iter(f"{_MAIN}sheet")]
            for number, name in enumerate(self.names, 1):
                self._read(name, ElementTree.fromstring(file.read(f"xl/worksheets/sheet{number}.xml")))
        self.values |= changed or {}
        self._known: dict[tuple[str, str], float] = {}

    def _read(self, sheet: str, page: ElementTree.Element) -> None:
        for cell in page.iter(f"{_MAIN}c"):
            at = sheet, str(cell.get("r"))
            formula, value = cell.find(f"{_MAIN}f"), cell.find(f"{_MAIN}v")
            if formula is not None:
                self.formulas[at] = str(formula.text)
            elif value is not None and cell.get("t") is None:
                self.values[at] = float(str(value.text))

    def at(self, sheet: str, cell: str) -> float:
        """What a cell comes to; KeyError for one that holds no number."""
        place = sheet, cell
        if place in self.values:
            return self.values[place]
        if place not in self._known:
            self._known[place] = self._calculated(sheet, self.formulas[place])
        return self._known[place]

    def _calculated(self, sheet: str, formula: str) -> float:
        cells: dict[str, Any] = {}

        def named(found: re.Match[str]) -> str:
            other = found[1] or found[2] or sheet
            name = f"cell_{len(cells)}"
            first = f"{found[3]}{found[4]}"
            cells[name] = self._range(other, first, f"{found[5]}{found[6]}") if found[5] else self.at(other, first)
            return name

        return evaluated(_REFERENCE.sub(named, formula), cells)

    def _range(self, sheet: str, first: str, last: str) -> list[float]:
        (top, left), (bottom, right) = xl_cell_to_rowcol(first), xl_cell_to_rowcol(last)
        places = product(range(top, bottom + 1), range(left, right + 1))
        return [self.at(sheet, xl_rowcol_to_cell(*place)) for place in places]

    @cached_property
    def errors(self) -> list[tuple[str, str]]:
        """Cells whose formula cannot be calculated."""
        found = []
        for place in self.formulas:
            try:
                self.at(*place)
            except (ArithmeticError, KeyError, NameError, SyntaxError, TypeError, ValueError):
                found.append(place)
        return found
