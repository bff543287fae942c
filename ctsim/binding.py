"""Formulas meet parameters: every argument is bound to a parameter or a cell, units are converted, order is found.

The result is a flat table of rows (what is sampled) and steps (what is computed from rows and earlier steps).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType

from ctsim import schema, units
from ctsim.composition import SHARES, Composition, total_of
from ctsim.equations import Formula, check_formula, formula_place, formula_source, formulas_of, value_of
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.programme import DELIVERY, FIXED, Figure, Parameter, Programme, Spread, as_read, unprinted


@dataclass(frozen=True)
class Row:
    """One sampled quantity: a parameter for one year, or a reported figure. `unit` is the page's unit.

    `composition` names the whole that the row is a share of, "" for most; `twin_of` is the number of the
    row that this one is without dependence. Twins come after all other rows.
    """

    stream: str
    year: str
    unit: str
    low: float
    high: float
    spread: Spread
    basis: str
    place: Place
    composition: str = ""
    twin_of: int | None = None

    @property
    def central(self) -> float:
        return self.low if self.low == self.high else (self.low + self.high) / 2

    @property
    def varies(self) -> bool:
        """Whether draws of it differ."""
        constant = self.spread.dist == "fixed" or self.spread.widen == 0 or (self.spread.relative and not self.central)
        return not constant

    @property
    def mover(self) -> str:
        """What moves it: its stream, or all shares of its whole, whose name may be that of a parameter."""
        return f"{self.composition}{SHARES}" if self.composition else self.stream

    @property
    def label(self) -> str:
        """`programme.parameter`, with `@year` where it has values by year."""
        same = not self.year or self.stream.endswith(f"@{self.year}")
        return self.stream if same else f"{self.stream}@{self.year}"


@dataclass(frozen=True)
class Input:
    """One argument of a formula: a row or an earlier step, times `factor` into the unit the formula declares."""

    kind: str
    index: int
    factor: float


@dataclass(frozen=True)
class Step:
    """One figure, computed by `function` from `inputs`; `factor` turns the result into the figure's unit.

    A reported figure has no function: it is its row. `reading` names the alternative that the step is, if it is one;
    `delivered` marks the figure's amount times whether the programme delivers.
    """

    figure: Figure
    function: Formula | None
    inputs: tuple[Input, ...]
    factor: float
    reading: str = ""
    delivered: bool = False


@dataclass(frozen=True)
class Binding:
    """Everything that is sampled and computed for a set of programmes; steps are in dependency order."""

    rows: tuple[Row, ...]
    steps: tuple[Step, ...]

    @cached_property
    def compositions(self) -> tuple[Composition, ...]:
        """Shares of one whole of which at least one varies. They are added by label, in whatever order the rows are."""
        members: dict[str, list[int]] = {}
        for i, row in enumerate(self.rows):
            if row.composition and row.varies:
                members.setdefault(row.composition, []).append(i)
        for found in members.values():
            found.sort(key=lambda i: self.rows[i].label)
        return tuple(
            Composition(name, tuple(found), total_of(self.rows[i].central for i in found))
            for name, found in members.items()
        )

    @cached_property
    def movers(self) -> tuple[str, ...]:
        """By row what moves it (`Row.mover`); wholes that have a stream in common, as by year, move as one."""
        names, of = [row.mover for row in self.rows], dict[str, str]()
        for i, row in enumerate(self.rows):
            first, own = of.setdefault(row.stream, names[i]), names[i]
            if first != own:
                joined = {first: f"{first} + {own}", own: f"{first} + {own}"}
                names = [joined.get(name, name) for name in names]
                of = {stream: joined.get(name, name) for stream, name in of.items()}
        return tuple(names)

    def with_partners(self, rows: Iterable[int]) -> set[int]:
        """Rows and those that they are scaled with."""
        found = set(rows)
        return found.union(*(one.rows for one in self.compositions if found.intersection(one.rows)))

    def step_of(self, figure: Figure) -> int:
        """The number of a figure's step; with delivery, where that is included."""
        return [i for i, step in enumerate(self.steps) if step.figure is figure and not step.reading][-1]

    def readings(self) -> list[tuple[int, Step]]:
        """Alternatives of figures: number and step; with delivery, where it is included."""
        last = {(step.figure.key, step.reading): (number, step) for number, step in enumerate(self.steps)
                if step.reading}  # fmt: skip
        return list(last.values())

    @cached_property
    def reach(self) -> list[frozenset[int]]:
        """The rows that each step is computed from, through any number of steps."""
        found: list[frozenset[int]] = []
        for step in self.steps:
            inputs = (frozenset((one.index,)) if one.kind == "row" else found[one.index] for one in step.inputs)
            found.append(frozenset().union(*inputs))
        return found

    def reached(self, parts: Iterable[tuple[str, int, float]]) -> set[int]:
        """The rows that a sum of parts (kind, number, factor) is made from, with those that they are scaled with."""
        of_parts = (frozenset((number,)) if kind == "row" else self.reach[number] for kind, number, _ in parts)
        return self.with_partners(frozenset().union(*of_parts))

    def own_rows(self) -> list[Row]:
        """The rows that are no twins."""
        return [row for row in self.rows if row.twin_of is None]

    def evaluate(self, values: Sequence[float]) -> list[float]:
        """Every step at one set of row values (page units), by plain Python; results in the figures' units."""
        results: list[float] = []
        for step in self.steps:
            given = [(values if one.kind == "row" else results)[one.index] * one.factor for one in step.inputs]
            results.append(_result(step, given))
        return results

    def value(self, step: int, values: Sequence[float]) -> float:
        """One step at row values, the same bits as `evaluate` gives, by the steps that it needs alone."""
        inputs = self.steps[step].inputs
        given = [(values[one.index] if one.kind == "row" else self.value(one.index, values)) * one.factor
                 for one in inputs]  # fmt: skip
        return _result(self.steps[step], given)

    def central(self) -> list[float]:
        """Row values at what is printed (midpoints of printed ranges)."""
        return [row.central for row in self.rows]


LITERAL = "literal"
"""What the formula of a reading calls the figure that it is a reading of, as the page's own formula has it."""


def _result(step: Step, given: Sequence[float]) -> float:
    return (given[0] if step.function is None else value_of(step.function, given)) * step.factor


def _delivered(amount: float, delivery: float) -> float:
    return amount * delivery


def bind(
    programmes: Iterable[Programme], outside: Path | None = None, readings: bool = False, delivery: bool = False
) -> Binding:
    """Bind every figure of `programmes`, after them readings, what they replaced, and whether programmes deliver.

    Raises InputError with every finding.
    """
    builder = _Builder(outside)
    programmes = tuple(programmes)
    for programme in programmes:
        builder.add(programme)
    for programme in programmes if readings and not builder.findings else ():
        builder.add_readings(programme)
    for programme in programmes if not builder.findings else ():
        builder.add_literals(programme)
    for programme in programmes if delivery and not builder.findings else ():
        builder.add_delivery(programme)
    if builder.findings:
        raise InputError(sorted(set(builder.findings), key=lambda finding: (finding.place, finding.key)))
    return Binding(tuple(builder.rows), tuple(builder.steps))


class _Builder:
    """Collects rows and steps; a figure that another one needs comes first."""

    def __init__(self, outside: Path | None) -> None:
        self.outside = outside
        self.rows: list[Row] = []
        self.steps: list[Step] = []
        self.findings: list[Finding] = []
        self._row_index: dict[tuple[str, str], int] = {}
        self._step_index: dict[str, int] = {}
        self._literal_index: dict[str, int] = {}
        self._open: list[str] = []
        self._used: set[str] = set()
        self._refused: set[str] = set()

    def add(self, programme: Programme) -> None:
        try:
            module = formulas_of(programme.id, self.outside)
        except InputError as error:
            self.findings.extend(error.findings)
            return
        for figure in programme.figures:
            self._figure(programme, module, figure, figure.record.formula)
        for figure in (*programme.left_out, *(one.literal for one in programme.figures if one.record.instead_of)):
            self._note_formula(programme, module, figure)
        for number, reading in enumerate(programme.page.reading):
            self._note_reading(programme, module, reading.formula, number)
        if programme.id not in self._refused:  # else what is unused follows from formulas that could not be read
            self._unused(programme)

    def add_delivery(self, programme: Programme) -> None:
        """Every amount of a year of the axis, times whether the programme delivers by then."""
        if DELIVERY not in programme.parameters:
            return
        amounts = [(self._step_index[one.key], one, "") for one in programme.figures if one.key in self._step_index]
        amounts += [(number, step.figure, step.reading) for number, step in enumerate(self.steps)
                    if step.reading and step.figure.programme == programme.id]  # fmt: skip
        for number, figure, reading in amounts:
            if figure.on_year_axis and (
                given := self._parameter_input(programme, programme.parameters[DELIVERY], figure, "1")
            ):
                inputs = (Input("step", number, 1.0), given)
                self.steps.append(Step(figure, _delivered, inputs, 1.0, reading, True))

    def add_readings(self, programme: Programme) -> None:
        """A step for every reading of a figure that is there."""
        for number, reading in enumerate(programme.page.reading):
            for impact in reading.impact:
                self.add_reading(programme, reading, impact, programme.reading_places[number])
        for number, reading in enumerate(programme.page.reading):
            for impact in reading.follows:
                self._follow(programme, reading, impact, programme.reading_places[number])

    def add_literals(self, programme: Programme) -> None:
        """A step by the page's own formulas for every figure that changed formulas have moved."""
        moved: set[int] = set()
        figures = {self._step_index[one.key]: one for one in programme.figures if one.key in self._step_index}
        for number, figure in sorted(figures.items()):  # one that takes another stands after it
            if figure.record.instead_of or moved.intersection(_taken(self.steps[number])):
                moved.add(number)
                own = self._literal(programme, formulas_of(programme.id, self.outside), figure)
                if own is not None:
                    self.steps[own] = replace(self.steps[own], reading=LITERAL)

    def _follow(self, programme: Programme, reading: schema.Reading, impact: str, place: Place) -> None:
        """A step for a figure by its own formula, from what is read of its page."""
        figure = next((one for one in programme.figures if one.key == f"{programme.id}.{impact}"), None)
        read = {step.figure.key: number for number, step in enumerate(self.steps)
                if step.reading == reading.name and step.figure.programme == programme.id}  # fmt: skip
        if figure is None or figure.key in read:
            return
        own = self._literal(programme, formulas_of(programme.id, self.outside), figure)
        if own is None:
            return
        step = self.steps[own]
        taken = {one: read[key] for one in _taken(step) if (key := self.steps[one].figure.key) in read}
        if not taken:
            message = f"'{impact}' takes nothing that '{reading.name}' reads; take it out of 'follows'"
            self.findings.append(Finding(place, f"reading.{reading.name}.follows", message))
        inputs = tuple(replace(one, index=taken.get(one.index, one.index)) if one.kind == "step" else one
                       for one in step.inputs)  # fmt: skip
        self.steps.append(replace(step, figure=_worded(figure, reading), inputs=inputs, reading=reading.name))

    def add_reading(self, programme: Programme, reading: schema.Reading, impact: str, place: Place) -> None:
        """A step for a reading of one figure, if that is there, or none is but by a reading."""
        figure = next((one for one in programme.figures if one.key == f"{programme.id}.{impact}"), None)
        if figure is None and (record := unprinted(programme.page, reading, impact)):
            figure = Figure(programme.id, record, place)
        if figure is None:
            return
        figure = _worded(figure, reading)
        step = self._computed(programme, formulas_of(programme.id, self.outside), figure, reading.formula)
        self.steps += [] if step is None else [replace(step, reading=reading.name)]

    def _figure(self, programme: Programme, module: ModuleType | None, figure: Figure, formula: str) -> int | None:
        if figure.key in self._step_index:
            return self._step_index[figure.key]
        if figure.key in self._open:
            circle = " -> ".join([*self._open[self._open.index(figure.key) :], figure.key])
            self._fault(figure, "formula", f"formulas need each other in a circle: {circle}")
            return None
        self._open.append(figure.key)
        step = self._reported(figure) if formula == "reported" else self._computed(programme, module, figure, formula)
        self._open.pop()
        if step is None:
            return None
        self.steps.append(step)
        self._step_index[figure.key] = len(self.steps) - 1
        return len(self.steps) - 1

    def _reported(self, figure: Figure) -> Step:
        low, high = figure.published()
        stream = f"{figure.programme}.{figure.name}"
        spread = figure.spread or FIXED
        row = Row(stream, "", figure.record.unit, low, high, spread, spread.basis, figure.place)
        return Step(figure, None, (Input("row", self._row(row), 1.0),), 1.0)

    def _computed(self, programme: Programme, module: ModuleType | None, figure: Figure, formula: str) -> Step | None:
        function = self._function(programme, module, formula, figure.place, f"impact.{figure.key}")
        if function is None:
            return None
        arguments, result = units.signature(function)
        inputs = [self._input(programme, module, figure, name, unit) for name, unit in arguments.items()]
        try:
            factor = units.conversion(result, figure.record.unit)
        except units.UnitError as error:
            if _readable(figure.record.unit):
                self._fault(figure, "unit", f"{error}; formula '{formula}' returns {result}. Mend one of them.")
            return None
        if any(one is None for one in inputs):
            return None
        return Step(figure, function, tuple(one for one in inputs if one is not None), factor)

    def _function(
        self, programme: Programme, module: ModuleType | None, formula: str, place: Place, key: str
    ) -> Formula | None:
        function = getattr(module, formula, None) if module else None
        if not isinstance(function, FunctionType):
            known = [name for name, one in vars(module or object).items() if isinstance(one, FunctionType)]
            where = f"formulas/{programme.id}.py"
            message = f"no formula '{formula}' in {where}.{did_you_mean(formula, known) or ' Write it.'}"
            if module is None:
                message = f'no {where}: give its folder with --formulas, write it, or use formula = "reported"'
            self.findings.append(Finding(place, f"{key}.formula", message))
            self._refused.add(programme.id)
            return None
        faults = check_formula(function)
        try:
            for unit in (*units.signature(function)[0].values(), units.signature(function)[1]):
                units.check(unit)
        except (units.UnitError, NameError, TypeError, SyntaxError, AttributeError) as error:
            faults.append(Finding(formula_place(function), f"formula {formula}", str(error)))
        if not faults:
            return function
        self.findings.extend(faults)
        self._refused.add(programme.id)
        return None

    def _input(
        self, programme: Programme, module: ModuleType | None, figure: Figure, argument: str, unit: str
    ) -> Input | None:
        if argument == LITERAL:
            index = self._literal(programme, module, figure)
            return None if index is None else self._converted("step", index, figure.record.unit, unit, figure, argument)
        member = f"{argument}[{figure.record.item}]"
        name = member if figure.record.item and member in programme.parameters else argument
        if name in programme.parameters:
            return self._parameter_input(programme, programme.parameters[name], figure, unit)
        other = next((one for one in programme.figures if one.name == argument), None)
        if other is not None:
            index = self._figure(programme, module, other, other.record.formula)
            return None if index is None else self._converted("step", index, other.record.unit, unit, figure, argument)
        hint = did_you_mean(argument, [*programme.parameters, *(one.name for one in programme.figures)])
        message = (
            f"formula '{figure.record.formula}' needs '{argument}', which is no parameter and no cell of the page."
        )
        self._fault(figure, "formula", message + hint)
        return None

    def _literal(self, programme: Programme, module: ModuleType | None, figure: Figure) -> int | None:
        """The step of a figure by its page's own formula, from figures by theirs: what a reading calls `literal`."""
        own = programme
        kept = self._step_index, self._open
        if any(one.record.instead_of for one in programme.figures):
            own = replace(programme, figures=tuple(one.literal for one in programme.figures))
            self._step_index, self._open = self._literal_index, []
        found = next((one for one in own.figures if one.key == figure.key), None)
        if found is None:
            message = f"formula '{figure.record.formula}' takes '{LITERAL}': the page has no figure"
            self._fault(figure, "formula", message)
        index = None if found is None else self._figure(own, module, found, found.record.formula)
        self._step_index, self._open = kept
        return index

    def _parameter_input(self, programme: Programme, parameter: Parameter, figure: Figure, unit: str) -> Input | None:
        self._used.add(f"{figure.programme}/{parameter.name}")
        year = figure.record.when if parameter.years != ("",) else ""
        if year not in parameter.years:
            years = ", ".join(parameter.years)
            message = f"has values for {years} but figure '{figure.key}' needs one for {year}; add it"
            self.findings.append(Finding(parameter.place(), f"parameter.{parameter.name}.value", message))
            return None
        if year not in parameter.spreads and "" not in parameter.spreads:
            return None  # its spread is a finding already
        row = self._row(_row_of(programme, parameter, year))
        for member in programme.parameters.values():  # one share alone cannot be scaled
            same = parameter.record.sum_to_one and member.record.sum_to_one == parameter.record.sum_to_one
            if same and year in member.years and (year in member.spreads or "" in member.spreads):
                self._row(_row_of(programme, member, year))
        return self._converted("row", row, parameter.unit, unit, figure, parameter.name, parameter.place("unit"))

    def _converted(
        self, kind: str, index: int, source: str, target: str, figure: Figure, name: str, place: Place | None = None
    ) -> Input | None:
        try:
            return Input(kind, index, units.conversion(source, target))
        except units.UnitError as error:
            if not _readable(source):
                return None  # its unit is a finding already
            message = f"{error}, which formula '{figure.record.formula}' declares; mend one of them"
            self.findings.append(Finding(place or figure.place, f"parameter.{name}.unit", message))
            return None

    def _row(self, row: Row) -> int:
        key = (row.stream, row.year)
        if key not in self._row_index:
            self._row_index[key] = len(self.rows)
            self.rows.append(row)
        return self._row_index[key]

    def _note_formula(self, programme: Programme, module: ModuleType | None, figure: Figure) -> None:
        """What the formula of a figure that is left out takes counts as used."""
        if figure.reported:
            return
        function = self._function(programme, module, figure.record.formula, figure.place, f"impact.{figure.key}")
        for name in units.signature(function)[0] if function else ():
            self._used.update({f"{programme.id}/{name}", f"{programme.id}/{name}[{figure.record.item}]"})

    def _note_reading(self, programme: Programme, module: ModuleType | None, formula: str, number: int) -> None:
        """Readings are run by the audit; here only: the formula exists and its parameters count as used."""
        reading = programme.page.reading[number]
        place = programme.reading_places[number]
        known = {figure.key.partition(".")[2] for figure in (*programme.figures, *programme.left_out)}
        function = self._function(programme, module, formula, place, f"reading.{reading.name}")
        if reading.name == LITERAL:
            message = "is the name of what the page's own formula gives; choose another"
            self.findings.append(Finding(place, f"reading.{reading.name}", message))
        for impact in reading.impact:
            if impact not in known and unprinted(programme.page, reading, impact) is None:
                message = f"no figure '{impact}' on the page.{did_you_mean(impact, sorted(known))}"
                if reading.like is not None:
                    message = f"no figure '{reading.like}' to be like, or '{impact}' is not metric.year of a cell"
                self.findings.append(Finding(place, f"reading.{reading.name}.impact", message))
            item = impact.split(".")[2] if impact.count(".") == 2 else ""
            for name in units.signature(function)[0] if function else ():
                self._used.update({f"{programme.id}/{name}", f"{programme.id}/{name}[{item}]"})
        for impact in (one for one in reading.follows if one not in known):
            message = f"no figure '{impact}' on the page.{did_you_mean(impact, sorted(known))}"
            self.findings.append(Finding(place, f"reading.{reading.name}.follows", message))

    def _unused(self, programme: Programme) -> None:
        for name, parameter in programme.parameters.items():
            used = f"{programme.id}/{name}" in self._used or name == DELIVERY
            if not used and not parameter.record.constant:
                message = "no formula uses it; remove it or give a formula an argument of this name"
                self.findings.append(Finding(parameter.place(""), f"parameter.{name}", message))

    def _fault(self, figure: Figure, key: str, message: str) -> None:
        self.findings.append(Finding(figure.place, f"impact.{figure.key}.{key}", message))


def _worded(figure: Figure, reading: schema.Reading) -> Figure:
    """A figure with what the reading says that it is about, whatever else is in its place."""
    own = figure.literal if figure.record.own_words else figure
    record = as_read(own.record, reading)
    return own if record is own.record else replace(own, record=record)


def _taken(step: Step) -> set[int]:
    """The steps that a step takes."""
    return {one.index for one in step.inputs if one.kind == "step"}


def _row_of(programme: Programme, parameter: Parameter, year: str) -> Row:
    """The row of a parameter for a year."""
    low, high = parameter.ends(year)
    spread, stream = parameter.spread(year), parameter.stream_of(year)
    whole = parameter.record.sum_to_one
    name = "" if whole is None else f"{programme.id}.{whole}{'@' * bool(year)}{year}"
    return Row(stream, year, parameter.unit, low, high, spread, spread.basis, parameter.place(), name)


def _readable(unit: str) -> bool:
    try:
        units.check(unit)
    except units.UnitError:
        return False
    return True


def reading_step(programme: Programme, name: str, impact: str, outside: Path | None = None) -> Binding:
    """A binding whose last step is the reading `name` of `impact`, not its literal formula. Raises InputError."""
    reading = next(one for one in programme.page.reading if one.name == name and impact in one.impact)
    builder = _Builder(outside)
    builder.add_reading(programme, reading, impact, Place())
    if builder.findings:
        raise InputError(builder.findings)
    return Binding(tuple(builder.rows), tuple(builder.steps))


def sources(binding: Binding) -> Iterator[tuple[str, str]]:
    """(figure key, source text) of every formula, for the scenario's digest."""
    for step in binding.steps:
        if step.function is not None:
            yield step.figure.key, formula_source(step.function)
