"""A workbook as it is read: its sheets as rows of cells, and the cells that show an error of the spreadsheet."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook
from xlsxwriter.utility import xl_cell_to_rowcol

from ctsim.errors import InputError

MOST_BYTES: Final = 1 << 28
"""Bytes that the parts of a workbook may have unpacked."""

_SHEET: Final = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATION: Final = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_CELL: Final = re.compile(r"<(?:\w+:)?c\b([^>]*[^>/])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_VALUE: Final = re.compile(r"<(?:\w+:)?v>([^<]*)<")
_FORMULA: Final = re.compile(r"<(?:\w+:)?f[\s/>]")
_ADDRESS: Final = re.compile(r"[A-Z]{1,3}[0-9]{1,7}")
_ATTRIBUTE: Final = re.compile(r"""([\w:]+)\s*=\s*["']([^"']*)["']""")

_UNREADABLE: Final = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What `zipfile` raises; RuntimeError for a file with a password or of a version that it does not know."""


class Fault(str):
    """What a cell shows instead of a value: "#DIV/0!". A reader of cells gives nothing there."""

    __slots__ = ()

    @property
    def message(self) -> str:
        """What is wrong, and how to mend it."""
        if self == NO_RESULT:
            return "has a formula without its result; open and save the file in Excel, or write the value"
        return f"shows the error {self}; mend the formula, or write the value"


NO_RESULT: Final = Fault("no result")
"""A formula that a program wrote which computes none."""


def pages(path: Path, names: Sequence[str]) -> dict[str, list[list[Any]]]:
    """Sheets as rows of cells, "" for empty ones. Raises InputError for what is no workbook of `to-xlsx`."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(one.file_size for one in file.infolist()) > MOST_BYTES:
                raise InputError(
                    f"{path}: unpacked it is larger than {MOST_BYTES >> 20} MB; save only its three sheets"
                )
        book = CalamineWorkbook.from_path(path)
        if missing := [name for name in names if name not in book.sheet_names]:
            message = f"has no sheet '{missing[0]}'; edit a workbook of `ctsim scenario to-xlsx`"
            raise InputError(f"{path}: {message}")
        found = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
        with zipfile.ZipFile(path) as file:
            for name, row, column, fault in _faults(file, names):
                if row < len(found[name]) and column < len(found[name][row]):
                    found[name][row][column] = fault
        return found
    except (*_UNREADABLE, CalamineError) as error:
        reason = getattr(error, "strerror", None) or "is no workbook of Excel (.xlsx)"
        raise InputError(f"{path}: cannot be read: {reason}") from None


def _faults(file: zipfile.ZipFile, names: Sequence[str]) -> Iterator[tuple[str, int, int, Fault]]:
    """Sheet, row and column of each cell whose type is an error, or that has a formula and no result of it."""
    for name, part in _parts(file).items():
        if name in names:
            for attributes, content in _CELL.findall(_text(file, part)):
                of = dict(_ATTRIBUTE.findall(attributes))
                if not _ADDRESS.fullmatch(of.get("r", "")):
                    continue
                value = _VALUE.search(content)
                if of.get("t") == "e":
                    yield name, *xl_cell_to_rowcol(of["r"]), Fault(unescape(value[1]) if value else "#N/A")
                elif of.get("t") != "str" and _FORMULA.search(content) and not (value and value[1].strip()):
                    yield name, *xl_cell_to_rowcol(of["r"]), NO_RESULT


def _parts(file: zipfile.ZipFile) -> dict[str, str]:
    """The part of the file that each sheet is, by its name."""
    related = [dict(_ATTRIBUTE.findall(one)) for one in _RELATION.findall(_text(file, "xl/_rels/workbook.xml.rels"))]
    targets = {one.get("Id", ""): one.get("Target", "") for one in related}
    sheets = [dict(_ATTRIBUTE.findall(one)) for one in _SHEET.findall(_text(file, "xl/workbook.xml"))]
    places = {unescape(one.get("name", "")): targets.get(one.get("r:id", ""), "") for one in sheets}
    return {name: place[1:] if place.startswith("/") else f"xl/{place}" for name, place in places.items() if place}


def _text(file: zipfile.ZipFile, part: str) -> str:
    """A part as text, "" where it is not there: then no cell of it is known to be an error."""
    return file.read(part).decode("utf-8", "replace") if part in file.namelist() else ""
