"""An edited workbook of a scenario as a scenario file: what differs from the scenario becomes changes, nothing else.

Every fault is named with the address of its cell, all of them at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose, isfinite
from pathlib import Path
from typing import Any, Final

import tomli_w
from pydantic import ValidationError
from xlsxwriter.utility import xl_rowcol_to_cell

from ctsim import schema
from ctsim.catalog import Scenario, load
from ctsim.durable import write_asked
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.export.editing import (
    ABOUT,
    COLUMNS,
    CONTENT,
    KEYS_ROW,
    PROGRAMME_COLUMNS,
    PROGRAMMES,
    SHEET,
    SPREAD,
    SPREAD_NUMBERS,
    VALUES,
    Entry,
    base_of,
    entries,
)
from ctsim.export.reading import Fault, pages
from ctsim.library import holds
from ctsim.locale import LANGUAGES
from ctsim.tomlfile import findings_of

_NUMBERS: Final = {*VALUES, *(f"spread.{one}" for one in (*SPREAD_NUMBERS, "truncate_low", "truncate_high", "widen"))}
_NEAR: Final = 1e-14
"""Spreadsheets keep 15 to 17 digits: what is nearer than this was not edited."""

_AS_IT_IS: Final = {
    "dist": "fixed",
    "value": 1.0,
    "relative": True,
    "basis": "published",
    "reason": "taken at its value",
}


@dataclass
class Line:
    """One line of a sheet as it was read: cells by column."""

    row: int
    cells: dict[str, Any]


@dataclass
class Made:
    """A change in the making: what a file says, and the cells that each part of it stands in."""

    change: dict[str, Any]
    cells: dict[str, str] = field(default_factory=dict)

    def address(self, key: str) -> str:
        """The cell of a part of the change; that of its name where none is known."""
        return self.cells.get(key) or self.cells[""]


def from_workbook(book: str | Path, out: str | Path, formulas: str | Path | None = None) -> int:
    """Write the scenario file that an edited workbook stands for to `out`; how many changes it makes.

    Raises InputError with every fault of the workbook by cell.
    """
    reader = _Reader(Path(book), formulas)
    changes = reader.changes()
    path = Path(out)
    if path.suffix != ".toml":
        raise InputError(f"{path}: a scenario file ends in .toml; name it so")
    extends = base_of(reader.scenario, path)
    name = re.sub(r"[^a-z0-9_]+", "_", path.stem.lower()).strip("_") or "edited"
    titles = {f"title_{lang}": f"{getattr(reader.scenario, f'title_{lang}')} ({path.stem})" for lang in LANGUAGES}
    head = {"id": f"_{name}" if name[0].isdigit() else name, "extends": extends, **titles}
    content = tomli_w.dumps({"scenario": head, "change": [one.change for one in changes]})
    write_asked(path, content.encode())
    return len(changes)


class _Reader:
    """A workbook, the scenario that it was made from, and what is wrong with the cells."""

    def __init__(self, path: Path, formulas: str | Path | None) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.pages = pages(path, (ABOUT, SHEET, PROGRAMMES))
        about = {str(line[0]): line[1] for line in self.pages[ABOUT] if len(line) > 1}
        self.scenario = self._scenario(str(about.get("scenario", "")), formulas)
        if about.get("digest") != self.scenario.digest:
            message = "the scenario is another one than when the workbook was written; write it anew with to-xlsx"
            raise InputError(self._at(f"{ABOUT}!B4", message))

    def _scenario(self, base: str, formulas: str | Path | None) -> Scenario:
        folder = self.path.parent
        if not base.endswith(".toml"):
            return load(base, formulas)
        if not holds(lambda: (folder / base).resolve().is_relative_to(folder.resolve())):
            raise InputError(self._at(f"{ABOUT}!B3", f"'{base[:200]}' is outside the folder of the workbook"))
        return load(folder / base, formulas)

    def _at(self, cell: str, message: str) -> Finding:
        return Finding(Place(str(self.path)), cell, message)

    def _fault(self, cell: str, message: str) -> None:
        self.findings.append(self._at(cell, message))

    # ---- what was edited

    def changes(self) -> list[Made]:
        """Every change, in the order of the sheets; raises InputError with all findings."""
        made = [*self._parameters(), *self._programmes()]
        good = [one for one in made if self._shaped(one)]
        self._loaded(good)
        if self.findings:
            raise InputError(list(dict.fromkeys(self.findings)))
        if not made:
            message = f"nothing was edited; edit values or spreads on the sheet '{SHEET}'"
            raise InputError(Finding(Place(str(self.path)), "", message))
        return made

    def _parameters(self) -> Iterator[Made]:
        known = {one.key: one for one in entries(self.scenario)}
        lines = self._lines(SHEET, COLUMNS, known)
        by_name: dict[tuple[str, str], list[tuple[Entry, Line]]] = {}
        for key, line in lines.items():
            by_name.setdefault(key[:2], []).append((known[key], line))
        for mine in by_name.values():
            yield from self._parameter(mine)

    def _lines(
        self, sheet: str, columns: Sequence[str], known: Mapping[tuple[str, str, str], Entry]
    ) -> dict[tuple[str, str, str], Line]:
        """Lines by what they are of: each that was written is there once, wherever it was sorted to."""
        found: dict[tuple[str, str, str], Line] = {}
        for line in self._table(sheet, columns):
            year = line.cells["year"]
            key = (str(line.cells["kind"]), str(line.cells["name"]), _year(year))
            cell = self._cell(sheet, columns, line.row, "name")
            if key not in known:
                hint = did_you_mean(key[1], [one[1] for one in known])
                self._fault(cell, f"no {key[0]} '{key[1]}'{f' for {key[2]}' * bool(key[2])} in the scenario.{hint}")
            elif key in found:
                self._fault(cell, f"'{key[1]}' is there twice, also in row {found[key].row + 1}; take one out")
            else:
                found[key] = line
        for key in known.keys() - found.keys() if not self.findings else ():
            self._fault(sheet, f"the line of {' '.join(filter(None, key))} is missing; put it back")
        return found

    def _table(self, sheet: str, columns: Sequence[str]) -> Iterator[Line]:
        page = self.pages[sheet]
        there = [str(one) for one in page[KEYS_ROW]] if len(page) > KEYS_ROW else []
        if missing := [name for name in columns if name not in there]:
            message = f"the column '{missing[0]}' is missing; leave row {KEYS_ROW + 1} as it was written"
            raise InputError(self._at(f"{sheet}!A{KEYS_ROW + 1}", message))
        if there[: len(columns)] != list(columns):
            message = "columns were moved; leave them in the order they were written in"
            raise InputError(self._at(f"{sheet}!A{KEYS_ROW + 1}", message))
        for row, cells in enumerate(page[KEYS_ROW + 1 :], KEYS_ROW + 1):
            if any(cell != "" for cell in cells):
                yield Line(
                    row, {name: None if cell == "" else cell for name, cell in zip(columns, cells, strict=False)}
                )

    @staticmethod
    def _cell(sheet: str, columns: Sequence[str], row: int, column: str) -> str:
        return f"{sheet}!{xl_rowcol_to_cell(row, columns.index(column))}"

    def _parameter(self, mine: Sequence[tuple[Entry, Line]]) -> Iterator[Made]:
        """The change of one parameter, over all its years; nothing where none was edited."""
        before = len(self.findings)
        edited = {line.row: self._edited(entry, line) for entry, line in mine}
        rows = [(entry, line) for entry, line in mine if edited[line.row]]
        for _, line in mine:
            if not edited[line.row] and (line.cells["reason_for_change"] or line.cells["source"]):
                cell = self._cell(SHEET, COLUMNS, line.row, "reason_for_change")
                self._fault(cell, "a reason, but nothing in this line was edited; edit a cell or clear the reason")
        if not rows or len(self.findings) > before:
            return
        first = rows[0][0]
        made = Made({first.kind: first.name}, self._addresses(rows[0][1], edited))
        touched = [name for _, line in rows for name in edited[line.row]]
        if set(touched) & set(VALUES):
            made.change |= _values(mine)
        if any(name.startswith("spread.") for name in touched) or (len(mine) > 1 and not _stale(mine, edited)):
            self._spreads(mine, made)
        if len(self.findings) == before:
            self._why(made, SHEET, COLUMNS, [line for _, line in rows])
            yield made

    def _edited(self, entry: Entry, line: Line) -> list[str]:
        """Columns whose cells differ from what was written; faults for what may not be in them."""
        found = self._errors(SHEET, COLUMNS, line)
        for name in CONTENT:
            given, cell = line.cells[name], self._cell(SHEET, COLUMNS, line.row, name)
            if isinstance(given, Fault) or _alike(given, entry.cells[name]):
                continue
            if name == "unit" or (entry.kind == "impact" and name in VALUES):
                said = "the unit" if name == "unit" else "what the report prints"
                self._fault(cell, f"{said} cannot be edited here; put {_shown(entry.cells[name])} back")
            elif name in _NUMBERS and given is not None and not _is_number(given):
                self._fault(cell, f"must be a number, not {_shown(given)}; write digits with a point")
            elif name in VALUES or name.startswith("spread."):
                found.append(name)
        return found

    def _errors(self, sheet: str, columns: Sequence[str], line: Line) -> list[str]:
        """Columns of a line that show an error of the spreadsheet; each is a fault."""
        shown = {name: given for name, given in line.cells.items() if isinstance(given, Fault)}
        for name, given in shown.items():
            self._fault(self._cell(sheet, columns, line.row, name), given.message)
        return list(shown)

    def _addresses(self, line: Line, edited: Mapping[int, Sequence[str]]) -> dict[str, str]:
        """The cells of a line by the keys of a change; an edited one stands for its value and its spread."""
        cells = {name: self._cell(SHEET, COLUMNS, line.row, name) for name in COLUMNS}
        mine = edited[line.row]
        values, spreads = [one for one in mine if one in VALUES], [one for one in mine if one not in VALUES]
        found = {"": cells[mine[0]], "reason": cells["reason_for_change"], "source": cells["source"],
                 "value": cells[(values or ["value"])[0]],
                 "uncertainty": cells[(spreads or ["spread.dist"])[0]]}  # fmt: skip
        return found | {f"uncertainty.{one}": cells[f"spread.{one}"] for one in SPREAD}

    def _spreads(self, mine: Sequence[tuple[Entry, Line]], made: Made) -> None:
        by_year = {entry.year: self._spread(line) for entry, line in mine}
        if None in by_year.values():
            return
        alike = all(one == next(iter(by_year.values())) for one in by_year.values())
        made.change["uncertainty"] = next(iter(by_year.values())) if "" in by_year or alike else by_year

    def _spread(self, line: Line) -> dict[str, Any] | None:
        """A spread as a file says it; None with a fault where `more` cannot be read."""
        given = {name: line.cells[f"spread.{name}"] for name in SPREAD}
        more, low, high = given.pop("more"), given.pop("truncate_low"), given.pop("truncate_high")
        said = {name: float(one) if name in SPREAD_NUMBERS else one for name, one in given.items() if one is not None}
        if isinstance(relative := said.get("relative"), str):
            said["relative"] = {"TRUE": True, "FALSE": False}.get(relative.upper(), relative)
        if (low is None) != (high is None):
            cell = self._cell(
                SHEET, COLUMNS, line.row, "spread.truncate_high" if high is None else "spread.truncate_low"
            )
            self._fault(cell, "a cut has two ends; write both or clear both")
            return None
        said |= {} if low is None else {"truncate": [float(low), float(high)]}
        try:
            return (said | (tomllib.loads(f"more = {{ {more} }}")["more"] if more else {})) or dict(_AS_IT_IS)
        except (tomllib.TOMLDecodeError, RecursionError):
            cell = self._cell(SHEET, COLUMNS, line.row, "spread.more")
            self._fault(cell, "cannot be read; write it as in a file: values = [1, 2], weights = [0.5, 0.5]")
            return None

    def _why(self, made: Made, sheet: str, columns: Sequence[str], lines: Sequence[Line]) -> None:
        """Reason and source of a change, from every line that was edited."""
        for line in lines:
            if not str(line.cells["reason_for_change"] or "").strip():
                cell = self._cell(sheet, columns, line.row, "reason_for_change")
                self._fault(cell, "an edited line needs a reason: say why, for low and for high where it is a spread")
        said = dict.fromkeys(str(line.cells["reason_for_change"] or "").strip() for line in lines)
        made.change["reason"] = "; ".join(filter(None, said)) or "-"
        first = lines[0].cells
        where = first["where"] or f"{self.path.name}, {made.cells['']}"
        made.change["source"] = {"key": str(first["source"] or "study"), "where": str(where)}

    def _programmes(self) -> Iterator[Made]:
        here = {one.id for one in self.scenario.programmes}
        known = [one.record.programme.id for one in self.scenario.library.pages]
        for line in self._table(PROGRAMMES, PROGRAMME_COLUMNS):
            name, wanted = str(line.cells["programme"]), line.cells["include"]
            cell = self._cell(PROGRAMMES, PROGRAMME_COLUMNS, line.row, "include")
            if isinstance(wanted, str) and wanted.upper() in ("TRUE", "FALSE"):
                wanted = wanted.upper() == "TRUE"
            if self._errors(PROGRAMMES, PROGRAMME_COLUMNS, line):
                continue
            if name not in known:
                self._fault(cell.replace("!C", "!A"), f"no programme '{name}'.{did_you_mean(name, known)}")
            elif not isinstance(wanted, bool):
                self._fault(cell, f"must be TRUE or FALSE, not {_shown(wanted)}")
            elif wanted != (name in here):
                why = self._cell(PROGRAMMES, PROGRAMME_COLUMNS, line.row, "reason_for_change")
                made = Made({"programme": name, "include": wanted}, {"": cell, "reason": why})
                self._why(made, PROGRAMMES, PROGRAMME_COLUMNS, [line])
                yield made

    # ---- whether it makes a scenario

    def _shaped(self, made: Made) -> bool:
        """Whether a change has the shape that files must have; faults by cell where not."""
        try:
            schema.Change.model_validate(_frozen(made.change))
        except ValidationError as error:
            for one in findings_of(error, made.change, schema.Change, lambda _: Place(str(self.path))):
                parts = [part for part in one.key.split(".") if not part.isdigit()]
                self._fault(made.address(".".join(parts)) if parts else made.cells[""], one.message)
            return False
        return True

    def _loaded(self, made: Sequence[Made]) -> None:
        """Whether the scenario can be made with these changes: what it says of a change is said of its cell."""
        try:
            self.scenario.with_changes([_frozen(one.change) for one in made], place=str(self.path))
        except InputError as error:
            for one in error.findings:
                mine = made[one.place.line - 1] if one.place.file == str(self.path) and one.place.line else None
                mine = mine or self._owner(made, one.key)
                key = next((part for part in ("uncertainty", "value", "source") if part in one.key.split(".")), "")
                self.findings.append(one if mine is None else self._at(mine.address(key), one.message))

    def _owner(self, made: Sequence[Made], key: str) -> Made | None:
        """The change that a finding of a page is due to: of the parameter that its key names."""
        names = [one for one in made if str(one.change.get("parameter")).rpartition(".")[2] in key.split(".")]
        return names[0] if names else None


def _year(given: Any) -> str:
    return str(int(given)) if isinstance(given, float) and given.is_integer() else str(given or "")


def _alike(given: Any, written: Any) -> bool:
    """Whether a cell still holds what was written into it."""
    if isinstance(given, bool) or isinstance(written, bool):
        return (given in (None, False)) == (written in (None, False))
    if isinstance(given, int | float) and isinstance(written, int | float):
        return isclose(given, written, rel_tol=_NEAR)
    return (given in (None, "")) == (written in (None, "")) and (not given or str(given) == str(written))


def _values(mine: Sequence[tuple[Entry, Line]]) -> dict[str, Any]:
    """The value of a change: a number, low and high, or a table by year."""
    by_year = {entry.year: {name: float(line.cells[name]) for name in VALUES if line.cells[name] is not None}
               for entry, line in mine}  # fmt: skip
    if "" in by_year:
        return by_year[""]
    return {"value": {year: one["value"] if set(one) == {"value"} else one for year, one in by_year.items()}}


def _stale(mine: Sequence[tuple[Entry, Line]], edited: Mapping[int, Sequence[str]]) -> bool:
    """Whether a year has a new value and a spread that does not follow it; of other years the spreads are restated."""
    moved = [line.cells for _, line in mine if set(edited[line.row]) & set(VALUES)]
    return any(one["spread.dist"] not in (None, "fixed") and not one["spread.relative"] for one in moved)


def _is_number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _frozen(given: Any) -> Any:
    if isinstance(given, dict):
        return {name: _frozen(one) for name, one in given.items()}
    return tuple(map(_frozen, given)) if isinstance(given, list) else given


def _shown(value: Any) -> str:
    if isinstance(value, float) and isfinite(value):
        return f"{value:g}"
    return "an empty cell" if value is None else f"'{str(value)[:60]}'"
