"""Every formula of a scenario as live formulas of a sheet: a block each, from printed values in units of the page.

A block has a line for each argument (the printed value, the factor into the formula's unit, their product), one for
each constant and each intermediate result, and the result in the formula's and in the page's unit, beside what ctsim
computes.
Where an argument is printed as a range all three are there: middle, low end, high end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from xlsxwriter.utility import xl_col_to_name

from ctsim import constants, units
from ctsim.audit import AuditFigure, at_ends
from ctsim.binding import Step
from ctsim.catalog import Scenario
from ctsim.equations import Formula, formula_place
from ctsim.export.arithmetic import NotLiveError, computed, constants_of, excel, statements
from ctsim.export.book import Book, Cell, Column, Live
from ctsim.locale import text, when
from ctsim.notes import given

Three = tuple[str, str, str]
"""Addresses of one quantity: at the middle, the low end and the high end of what is printed."""

_NO, _FIGURE, _SIGN, _NAME, _PAGE, _UNIT, _FACTOR, _OWN, _OWN_UNIT, _CTSIM, _AWAY, _PRINTED, _VERDICT, _NOTE = (
    0, 1, 2, 3, 4, 7, 8, 9, 12, 13, 14, 15, 16, 17,
)  # fmt: skip
"""Columns; those of the page's and of the formula's unit are three each."""


@dataclass(frozen=True)
class Given:
    """One quantity that a formula takes: where it stands in the page's unit, its factor, and what it comes to."""

    sign: str
    name: str
    cells: Three
    unit: str
    factor: float
    own_unit: str
    values: tuple[float, float, float]


class Formulas:
    """The sheet of formulas; `results` are the cells of every figure that is computed, by key."""

    def __init__(
        self, book: Book, scenario: Scenario, audited: Sequence[AuditFigure], rows: Mapping[str, Three],
    ) -> None:  # fmt: skip
        self.lang = book.lang
        self.scenario = scenario
        self.binding = scenario.binding
        self.audited = {one.key: one for one in audited}
        self.rows = rows
        low, middle, high = at_ends(self.binding)
        self.values = list(zip(middle, low, high, strict=True))
        self.ranged = [any(self.binding.rows[row].low != self.binding.rows[row].high for row in reached)
                       for reached in self.binding.reach]  # fmt: skip
        self.signs = {(programme.id, one.stream): one.symbol or one.record.symbol or ""
                      for programme in scenario.programmes for one in programme.parameters.values()}  # fmt: skip
        self.results: dict[str, Three] = {}
        self._steps: dict[int, Three] = {}
        self.sheet = book.sheet("formulas")
        self.sheet.line(0, [text("workbook.formulas_title", self.lang)], "title")
        self.sheet.line(1, [text("workbook.formulas_lead", self.lang)])
        self._next = self._constants(3)
        self._blocks()

    # ---- layout

    def _constants(self, row: int) -> int:
        """The constants that formulas name, each in a cell of its own; the row of the head."""
        self.sheet.line(row, [text("workbook.constants", self.lang)], "strong")
        self.constants: dict[str, str] = {}
        for number, (name, unit) in enumerate(constants.UNITS.items(), row + 1):
            self.sheet.line(number, [name, float(getattr(constants, name)), self.sheet.book.unit(unit)], column=_NAME)
            self.constants[name] = f"${xl_col_to_name(_PAGE)}${number + 1}"
        return row + len(constants.UNITS) + 2

    def _blocks(self) -> None:
        first = self._next
        self.sheet.head(first, self._columns())
        self._next += 1
        for number, step in enumerate(self.binding.steps):
            if step.function is None:
                self._steps[number] = self.rows[self.binding.rows[step.inputs[0].index].label]
            else:
                self._block(number, step, step.function)
        self.sheet.page.autofilter(first, 0, self._next - 1, _NOTE)

    def _columns(self) -> list[Column]:
        def column(key: str, width: float) -> Column:
            return Column(text(f"workbook.{key}", self.lang), width)

        ends = ("low_end", "high_end")
        return [
            column("number", 5), column("figure", 34), column("sign", 5), column("argument", 36),
            column("page_value", 13), *(column(one, 13) for one in ends), column("page_unit", 14),
            column("factor", 13), column("formula_value", 15), *(column(one, 11) for one in ends),
            column("formula_unit", 14), column("ctsim_value", 14), column("away", 10), column("printed_value", 30),
            column("verdict", 16), column("note", 60),
        ]  # fmt: skip

    def _block(self, number: int, step: Step, function: Formula) -> None:
        key = f"{step.figure.key}{f':{step.reading}' if step.reading else ''}"
        programme = self.scenario.programme(step.figure.programme)
        self._mark(programme.number, key, "block")
        label = f"{text(f'metric.{step.figure.record.metric}', self.lang)} {when(step.figure.record.when, self.lang)}"
        equation = given((function.__doc__ or "").strip().partition("\n")[0], self.lang)
        self.sheet.line(self._next, ["", f"{label}  {equation}", *[""] * (_NOTE - _NAME - 1)], "block", _SIGN)
        self.sheet.put(self._next, _NOTE, "" if step.delivered else _place(function), "block")
        self._next += 1
        names: list[dict[str, str]] = [{}, {}, {}]
        for argument, source in zip(_signature(step, function)[0], self._given(step, function), strict=True):
            self._mark(programme.number, key)
            self._take(names, argument, self._argument(source, self.ranged[number]))
        for name in constants_of(function):
            self._mark(programme.number, key)
            self.sheet.line(self._next, [name, Live(self.constants[name], float(getattr(constants, name))), None, None,
                                         self.sheet.book.unit(constants.UNITS[name])], "input", _NAME)  # fmt: skip
            self._take(names, name, (self.constants[name],) * 3)
        self._result(number, step, function, key, names)

    def _mark(self, number: int, key: str, style: str = "") -> None:
        self.sheet.line(self._next, [number or "", key], style)

    def _take(self, names: list[dict[str, str]], name: str, cells: Three) -> None:
        for one, cell in zip(names, cells, strict=True):
            one[name] = cell
        self._next += 1

    def _at(self, column: int, row: int | None = None) -> Three:
        """Three cells of a row, from a column on, as formulas of this sheet name them."""
        line = (self._next if row is None else row) + 1
        first, low, high = (f"{xl_col_to_name(column + place)}{line}" for place in range(3))
        return first, low, high

    # ---- what a formula takes

    def _given(self, step: Step, function: Formula) -> Iterator[Given]:
        for one, (argument, own_unit) in zip(step.inputs, _signature(step, function)[0].items(), strict=True):
            if one.kind == "row":
                row = self.binding.rows[one.index]
                sign = self.signs.get((step.figure.programme, row.stream), "")
                ends = (row.central, row.low, row.high)
                cells, unit = self.rows[row.label], row.unit
            else:
                sign, ends, cells = "", self.values[one.index], self._steps[one.index]
                unit = self.binding.steps[one.index].figure.record.unit
            yield Given(sign, argument, cells, unit, one.factor, own_unit, ends)

    def _argument(self, given: Given, ranged: bool) -> Three:
        """One line; the cells of its product."""
        page, own = self._at(_PAGE), self._at(_OWN)
        factor = f"{xl_col_to_name(_FACTOR)}{self._next + 1}"
        shown = 3 if ranged else 1
        self.sheet.line(self._next, [given.sign, given.name], column=_SIGN)
        for place in range(shown):
            value = given.values[place]
            self.sheet.put(self._next, _PAGE + place, Live(given.cells[place], value), "input")
            self.sheet.put(self._next, _OWN + place, Live(f"{page[place]}*{factor}", value * given.factor))
        self.sheet.put(self._next, _UNIT, self.sheet.book.unit(given.unit))
        self.sheet.put(self._next, _FACTOR, given.factor)
        self.sheet.put(self._next, _OWN_UNIT, self.sheet.book.unit(given.own_unit))
        return own

    # ---- what it gives

    def _result(
        self, number: int, step: Step, function: Formula, key: str, names: list[dict[str, str]]
    ) -> None:  # fmt: skip
        """The lines of the formula itself, and the result in the page's unit."""
        programme = self.scenario.programme(step.figure.programme)
        shown = 3 if self.ranged[number] else 1
        values = self.values[number]
        note = ""
        try:
            each = zip(*(computed(function, one) for one in self._arguments(step, function)), strict=True)
            for (name, expression), own in zip(statements(function), each, strict=True):
                said = [excel(expression, one) for one in names]
                self._mark(programme.number, key, "" if name else "result")
                self._write(_OWN, said, own, shown, "" if name else "result")
                if name:
                    self.sheet.put(self._next, _NAME, name)
                    self._take(names, name, self._at(_OWN))
        except NotLiveError as error:
            note = text("workbook.not_live", self.lang, name=str(error))
            self._mark(programme.number, key, "result")
            for place in range(shown):
                self.sheet.put(self._next, _OWN + place, values[place] / step.factor, "result")
        self._last_line(number, step, function, shown)
        self._compared(step, values[0], note)
        self._next += 2

    def _arguments(self, step: Step, function: Formula) -> list[dict[str, float]]:
        """Arguments at the middle, the low and the high ends, in the formula's units."""
        given = list(self._given(step, function))
        return [{one.name: one.values[place] * one.factor for one in given} for place in range(3)]

    def _write(self, column: int, said: Sequence[str], values: Sequence[float], shown: int, style: str) -> None:
        for place in range(shown):
            self.sheet.put(self._next, column + place, Live(said[place], values[place]), style)

    def _last_line(self, number: int, step: Step, function: Formula, shown: int) -> None:
        """The result in the page's unit, from that in the formula's."""
        factor = f"{xl_col_to_name(_FACTOR)}{self._next + 1}"
        own, row = self._at(_OWN), self._next
        self.sheet.line(row, ["", text("workbook.result", self.lang)], "result", _SIGN)
        said = [f"{one}*{factor}" for one in own]
        self._write(_PAGE, said, self.values[number], shown, "result")
        self.sheet.put(row, _UNIT, self.sheet.book.unit(step.figure.record.unit), "result")
        self.sheet.put(row, _FACTOR, step.factor, "result")
        self.sheet.put(row, _OWN_UNIT, self.sheet.book.unit(_signature(step, function)[1]), "result")
        columns = (_PAGE, _PAGE + 1, _PAGE + 2) if shown == 3 else (_PAGE,) * 3
        first, low, high = (self.sheet.address(row, column) for column in columns)
        self._steps[number] = first, low, high
        if not step.reading:
            self.results[step.figure.key] = first, low, high

    def _compared(self, step: Step, value: float, note: str) -> None:
        """Beside the result: what ctsim computes, how far it is away, what is printed."""
        row, own = self._next, f"{xl_col_to_name(_CTSIM)}{self._next + 1}"
        result = self._at(_PAGE)[0]
        cells: list[Cell] = [value]
        cells.append(Live(f"IF({own}=0,{result},{result}/{own}-1)", 0.0) if isfinite(value) else None)
        known = None if step.reading else self.audited.get(step.figure.key)
        printed = known.as_printed if known else ""
        verdict = text(f"verdict.{known.verdict}", self.lang) if known else ""
        self.sheet.line(row, [*cells, printed, verdict, note], "result", _CTSIM)


def _signature(step: Step, function: Formula) -> tuple[dict[str, str], str]:
    """Arguments with their units, and the unit of the result."""
    if step.delivered:  # an amount times whether its programme delivers
        return {"amount": step.figure.record.unit, "delivery": "1"}, step.figure.record.unit
    return units.signature(function)


def _place(function: Formula) -> str:
    """File, line and name of a formula; not the folder, which is the machine's."""
    place = formula_place(function)
    return f"{Path(place.file).name}:{place.line} {function.__name__}"
