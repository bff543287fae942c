"""A scenario as a workbook that is edited: a line for each parameter and year with its value and its spread.

`entries` says what the lines are and `to_workbook` writes them; `ctsim.export.edited` reads them back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ctsim import schema
from ctsim.catalog import Scenario
from ctsim.errors import InputError
from ctsim.export.book import Book, Cell, Column, Sheet
from ctsim.locale import text
from ctsim.notes import given
from ctsim.programme import Parameter

SHEET, PROGRAMMES, ABOUT = "parameters", "programmes", "scenario"
"""Names of the sheets: the same in both languages, as messages name cells by them."""

SPREAD_NUMBERS: Final = ("low", "mode", "high", "mean", "sd", "median", "gsd", "a", "b", "p", "value")
VALUES: Final = ("value", "low", "high")
SPREAD: Final = (
    "class", "dist", *SPREAD_NUMBERS, "relative", "truncate_low", "truncate_high", "widen", "basis", "reason", "more",
)  # fmt: skip
KEYS: Final = ("kind", "name", "year")
FIXED: Final = (*KEYS, "programme", "sign", "as_printed", "unit")
WHY: Final = ("reason_for_change", "source", "where")
COLUMNS: Final = (*FIXED, *VALUES, *(f"spread.{one}" for one in SPREAD), *WHY)
CONTENT: Final = COLUMNS[len(KEYS) : -len(WHY)]
"""The columns of `Entry.cells`: what was written into them is compared with what is read."""
PROGRAMME_COLUMNS: Final = ("programme", "title", "include", *WHY)
KEYS_ROW: Final = 3
"""The row of names that programs read, below the heads that people read; lines come after it."""


@dataclass(frozen=True)
class Entry:
    """One line: a parameter for one year ("" for all), or a reported figure. `cells`: by column of `COLUMNS`."""

    kind: str
    name: str
    year: str
    cells: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.name, self.year


def entries(scenario: Scenario) -> list[Entry]:
    """Every parameter by the name that changes use, shared ones first; then what is reported without a formula."""
    found = [one for name, of, parameter in named(scenario) for one in _parameter(name, of, parameter)]
    for programme in scenario.programmes:
        for figure in (one for one in programme.figures if one.reported):
            low, high = figure.published()
            said = {"as_printed": figure.record.printed[0].as_printed, "unit": figure.record.unit,
                    "programme": programme.id, "sign": ""}  # fmt: skip
            cells = {**said, **_ends(low, high), **spread_cells(figure.record.uncertainty)}
            found.append(Entry("impact", figure.key, "", cells))
    return found


def named(scenario: Scenario) -> Iterator[tuple[str, str, Parameter]]:
    """(name in files, programme or "", parameter) of everything that a change may name; constants are not drawn."""
    used = {one.stream for programme in scenario.programmes for one in programme.parameters.values()}
    yield from ((name, "", one) for name, one in scenario.shared.items() if one.stream in used)
    for programme in scenario.programmes:
        for name, one in programme.parameters.items():
            if not programme.page.parameter[name].shared and not one.record.constant:
                yield f"{programme.id}.{name}", programme.id, one


def _parameter(name: str, programme: str, parameter: Parameter) -> Iterator[Entry]:
    record = parameter.record
    printed = record.as_printed if isinstance(record.as_printed, str) else " / ".join(record.as_printed or ())
    for year in parameter.years:
        given = record.uncertainty.get(year) if isinstance(record.uncertainty, dict) else record.uncertainty
        said = {"programme": programme, "sign": parameter.symbol or "", "as_printed": printed, "unit": record.unit}
        yield Entry("parameter", name, year, {**said, **_ends(*parameter.ends(year)), **spread_cells(given)})


def _ends(low: float, high: float) -> dict[str, float | None]:
    return {"value": low, "low": None, "high": None} if low == high else {"value": None, "low": low, "high": high}


def spread_cells(given: schema.Uncertainty | None) -> dict[str, Any]:
    """The cells of a spread by column; what has no column of its own stands in `spread.more`, as in a file."""
    if given is None:
        return {f"spread.{name}": None for name in SPREAD}
    said: dict[str, Any] = json.loads(given.model_dump_json(exclude_unset=True, exclude_none=True, by_alias=True))
    low, high = said.pop("truncate", (None, None))
    said |= {"truncate_low": low, "truncate_high": high}
    more = {name: value for name, value in said.items() if name not in SPREAD}
    cells = {f"spread.{name}": said.get(name) for name in SPREAD}
    return cells | {"spread.more": ", ".join(f"{name} = {_inline(one)}" for name, one in more.items()) or None}


def _inline(value: Any) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_inline(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return json.dumps(value, ensure_ascii=False)


# ---- the workbook


def to_workbook(scenario: Scenario, file: str | Path, lang: str = "ja") -> bytes:
    """The workbook of `scenario`, to be kept as `file`. Raises InputError where it would not find its scenario."""
    book = Book(lang, scenario.title_ja if lang == "ja" else scenario.title_en)
    _about(book, scenario, base_of(scenario, Path(file)))
    heads = [
        Column(text(f"workbook.edit_{one.replace('.', '_')}", lang), 30 if one in _WIDE else 11) for one in COLUMNS
    ]
    lines: list[list[Cell]] = [
        [one.kind, one.name, int(one.year) if one.year else None, *(one.cells[name] for name in CONTENT), None,
         None, None]
        for one in entries(scenario)
    ]  # fmt: skip
    sheet = _sheet(book, SHEET, COLUMNS, heads, lines, len(FIXED))
    if lang == "ja":
        _in_japanese(sheet, [str(one.cells["spread.reason"] or "") for one in entries(scenario)])
    here = {one.id for one in scenario.programmes}
    pages = [one.record.programme for one in scenario.library.pages]
    titles = [Column(text(f"workbook.edit_{one}", lang), 30 if one in _WIDE else 11) for one in PROGRAMME_COLUMNS]
    listed: list[list[Cell]] = [
        [one.id, one.name_ja if lang == "ja" else one.name_en, one.id in here, None, None, None] for one in pages
    ]
    _sheet(book, PROGRAMMES, PROGRAMME_COLUMNS, titles, listed, 2)
    return book.content()


_WIDE: Final = ("name", "as_printed", "spread.reason", "reason_for_change", "where", "title", "programme")


def _about(book: Book, scenario: Scenario, base: str) -> None:
    sheet = book.sheet(ABOUT, ABOUT)
    sheet.page.set_column(0, 0, 24)
    sheet.page.set_column(1, 1, 110)
    sheet.put(0, 0, scenario.title_ja if book.lang == "ja" else scenario.title_en, "title")
    for row, (name, value) in enumerate((("scenario", base), ("digest", scenario.digest)), 2):
        sheet.line(row, [name, value])
    for row, said in enumerate(text("workbook.edit_how", book.lang).split("\n"), 5):
        sheet.put(row, 0, said)


def _sheet(
    book: Book, name: str, keys: tuple[str, ...], heads: list[Column], lines: list[list[Cell]], fixed: int
) -> Sheet:
    sheet = book.sheet(name, name)
    sheet.put(0, 0, text("workbook.edit_lead", book.lang))
    sheet.table(KEYS_ROW - 1, heads, [[*keys], *lines])
    sheet.page.freeze_panes(KEYS_ROW + 1, 2)
    sheet.page.autofilter(KEYS_ROW, 0, KEYS_ROW + len(lines), len(keys) - 1)
    sheet.page.set_row(KEYS_ROW, None, book.style("empty"))
    for row, cells in enumerate(lines, KEYS_ROW + 1):
        for column, cell in enumerate(cells[fixed:], fixed):
            sheet.put(row, column, cell, "editable")
    return sheet


def _in_japanese(sheet: Sheet, reasons: Sequence[str]) -> None:
    """Beside the lines what reasons are in Japanese: the cells have them as files do, and nothing reads this column."""
    at = len(COLUMNS)
    sheet.page.set_column(at, at, 60)
    sheet.put(KEYS_ROW - 1, at, text("workbook.edit_reason_in_japanese", "ja"), "head")
    for row, said in enumerate(reasons, KEYS_ROW + 1):
        shown = given(said, "ja")
        sheet.put(row, at, "" if shown == said else shown, "empty")
    sheet.page.autofilter(KEYS_ROW, 0, KEYS_ROW + len(reasons), at)  # sorted with its line


def base_of(scenario: Scenario, file: Path) -> str:
    """How a file names the scenario that it extends: its id in the library, or its path from the file's folder.

    Raises InputError where the scenario is not in the folder of `file` or below: nowhere else would it be looked for.
    """
    given = Path(scenario.file)
    shipped = scenario.library.root.resolve()
    if given.resolve().is_relative_to(shipped):
        return given.stem
    folder = file.parent.resolve()
    if not given.resolve().is_relative_to(folder):
        message = f"is not in the folder of {given.name} or above it, and would not find it; write it beside that file"
        raise InputError(f"{file}: {message}")
    return Path(os.path.relpath(given.resolve(), folder)).as_posix()
