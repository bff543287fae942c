"""Formulas meet parameters: every argument is bound to a parameter or a cell, units are converted, order is found.

The result is a flat table of rows (what is sampled) and steps (what is computed from rows and earlier steps).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite, nan
from operator import add, mul, sub, truediv
from operator import pow as power
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

from ctsim import constants, units
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.programme import FIXED, Figure, Parameter, Programme, Spread

Formula = Callable[..., float]

_ALLOWED: Final = (
    ast.Return, ast.Assign, ast.Name, ast.Load, ast.Store, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow,
    ast.UnaryOp, ast.USub, ast.UAdd, ast.IfExp, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
    ast.Call, ast.BoolOp, ast.And, ast.Or,
)  # fmt: skip
_CALLS: Final = ("min", "max")
_MOST_ARGUMENTS: Final = 60


@dataclass(frozen=True)
class Row:
    """One sampled quantity: a parameter for one year, or a reported figure. `unit` is the page's unit."""

    stream: str
    year: str
    unit: str
    low: float
    high: float
    spread: Spread
    basis: str
    place: Place

    @property
    def central(self) -> float:
        return self.low if self.low == self.high else (self.low + self.high) / 2

    @property
    def label(self) -> str:
        return f"{self.stream}@{self.year}" if self.year else self.stream


@dataclass(frozen=True)
class Input:
    """One argument of a formula: a row or an earlier step, times `factor` into the unit the formula declares."""

    kind: str
    index: int
    factor: float


@dataclass(frozen=True)
class Step:
    """One figure, computed by `function` from `inputs`; `factor` turns the result into the figure's unit.

    A reported figure has no function: it is its row.
    """

    figure: Figure
    function: Formula | None
    inputs: tuple[Input, ...]
    factor: float


@dataclass(frozen=True)
class Binding:
    """Everything that is sampled and computed for a set of programmes; steps are in dependency order."""

    rows: tuple[Row, ...]
    steps: tuple[Step, ...]

    def step_of(self, figure: Figure) -> int:
        return next(i for i, step in enumerate(self.steps) if step.figure is figure)

    def evaluate(self, values: Sequence[float]) -> list[float]:
        """Every step at one set of row values (page units), by plain Python; results in the figures' units."""
        results: list[float] = []
        for step in self.steps:
            given = [(values if one.kind == "row" else results)[one.index] * one.factor for one in step.inputs]
            results.append((given[0] if step.function is None else _value(step.function, given)) * step.factor)
        return results

    def central(self) -> list[float]:
        """Row values at what is printed (midpoints of printed ranges)."""
        return [row.central for row in self.rows]


def _value(function: Formula, given: Sequence[float]) -> float:
    """The formula at `given` with the arithmetic of a draw: a division by zero is infinite, not an exception."""
    try:
        return float(function(*given))
    except ArithmeticError:
        import numpy as np

        try:
            with np.errstate(all="ignore"):
                return float(function(*(np.float64(one) for one in given)))
        except ArithmeticError:  # of the formula's own constants
            return nan


# ---- formula modules


def formulas_of(programme: str, outside: Path | None) -> ModuleType | None:
    """The formula module of a programme: from `outside` if it has one, else ctsim's own; None if there is none."""
    if outside is not None and (outside / f"{programme}.py").is_file():
        return _outside_module(outside / f"{programme}.py")
    try:
        return importlib.import_module(f"ctsim.formulas.{programme}")
    except ModuleNotFoundError as error:
        if error.name == f"ctsim.formulas.{programme}":
            return None
        raise


def _outside_module(path: Path) -> ModuleType:
    """Import a user's formula file under a name that carries its content, so that an edit is never missed."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise InputError(Finding(Place(str(path)), "", f"cannot be read: {error.strerror or error}")) from None
    name = f"ctsim_outside_{sha256(source).hexdigest()[:16]}_{path.stem}"
    if name in sys.modules and sys.modules[name].__file__ == str(path):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Not by the loader: its cached byte code can be of an edit within the same second.
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        said = error.msg if isinstance(error, SyntaxError) else error
        message = f"cannot be imported: {type(error).__name__}: {said}; mend the formula file"
        raise InputError(Finding(Place(str(path), _line_of(error, path)), "", message)) from None
    return module


def _line_of(error: BaseException, path: Path) -> int:
    """The line of `path` that raised `error`; 0 where none did."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] or 0 if lines else 0


def formula_place(function: Formula) -> Place:
    """The file and line of a formula, as messages name them."""
    code = getattr(function, "__code__", None)
    if code is None:
        return Place()
    path = Path(code.co_filename)
    shipped = path.parent == Path(constants.__file__).parent / "formulas"
    return Place(f"ctsim/formulas/{path.name}" if shipped else str(path), code.co_firstlineno)


def formula_source(function: Formula) -> str:
    """The text of a formula, for its syntax tree and for digests."""
    return textwrap.dedent(inspect.getsource(function))


def check_formula(function: Formula) -> list[Finding]:
    """A formula is arithmetic on its arguments and constants: anything else in its syntax tree is a finding."""
    assert isinstance(function, FunctionType)
    place, key = formula_place(function), f"formula {function.__name__}"
    try:
        tree: ast.stmt | None = ast.parse(formula_source(function)).body[0]
    except (SyntaxError, OSError, IndexError):  # a lambda, or a function without a file
        tree = None
    if not isinstance(tree, ast.FunctionDef) or tree.name != function.__name__:
        return [Finding(place, key, "must be a plain function, written with def in this file")]
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    found = [(tree.lineno, fault) for fault in _signature_faults(tree)]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        found.append((tree.lineno, "must end with return and an expression"))
    found += [fault for one in body for fault in _syntax_faults(one)]
    found += [] if found else _name_faults(tree, body, function)
    top = place.line - 1
    return [Finding(Place(place.file, top + line), key, said) for line, said in dict.fromkeys(found)]


def _signature_faults(tree: ast.FunctionDef) -> list[str]:
    found = ["takes no decorators"] if tree.decorator_list else []
    given = tree.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or given.defaults:
        found.append("takes plain arguments only, without defaults")
    elif not 1 <= len(given.args) <= _MOST_ARGUMENTS:
        found.append(f"takes 1 to {_MOST_ARGUMENTS} arguments, each a parameter or a cell; this one {len(given.args)}")
    return found


def _name_faults(tree: ast.FunctionDef, body: Sequence[ast.stmt], function: FunctionType) -> list[tuple[int, str]]:
    """Names that are neither an argument, nor assigned in an earlier line, nor a constant of ctsim.constants.

    A number of the module itself would be hidden from the digest and from every reader of the page.
    """
    scope, found = function.__globals__, []
    known = {one.arg for one in tree.args.args}
    twice = sorted(name for name in known if isinstance(scope.get(name), int | float))
    found += [(tree.lineno, f"argument '{name}' is also a number of the module; rename one") for name in twice]
    known |= {name for name in constants.UNITS if scope.get(name) == getattr(constants, name)}
    for statement in body:
        nodes = list(ast.walk(statement)) if isinstance(statement, _ALLOWED) else []
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        names = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        for node in names:
            if node.id in known or (id(node) in called and (node.id not in _CALLS or node.id not in scope)):
                continue
            said = f"'{node.id}' is no argument and no constant of ctsim.constants; make it a parameter of the page"
            found.append((node.lineno, said + did_you_mean(node.id, known)))
        known |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return found


def _syntax_faults(node: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what is wrong) of the outermost parts that no formula may have."""
    if said := _fault(node):
        yield getattr(node, "lineno", 1), said
    else:
        for child in ast.iter_child_nodes(node):
            yield from _syntax_faults(child)


def _fault(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        plain = isinstance(node.func, ast.Name) and node.func.id in _CALLS and not node.keywords
        if plain and len(node.args) < 2:
            return "min and max take two arguments or more"
        return "" if plain else f"may call only {', '.join(_CALLS)}"
    if isinstance(node, ast.Constant):
        value = node.value
        whole = isinstance(value, int) and not isinstance(value, bool) and value < 2**53
        return "" if whole or (isinstance(value, float) and isfinite(value)) else "takes only finite numbers below 2^53"
    if isinstance(node, _ALLOWED):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            small = isinstance(node.right, ast.Constant) and node.right.value in (2, 3, 4)
            return "" if small else "'**' takes the literals 2, 3 and 4 only"
        return _number_fault(node)
    return f"may not contain {type(node).__name__}; use arithmetic, min, max or a conditional expression"


_OPERATORS: Final[dict[type[ast.AST], Callable[[float, float], float]]] = {
    ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv, ast.Pow: power,
}  # fmt: skip


def _number_fault(node: ast.AST) -> str:
    """Arithmetic on literals alone has to be possible and must not leave what machine integers hold."""
    try:
        value = _literal(node)
    except ArithmeticError as error:
        return f"its numbers cannot be computed: {error}"
    return "" if value is None or abs(value) < 2**53 else "takes only finite numbers below 2^53"


def _literal(node: ast.AST) -> float | None:
    """The value of an expression of literals; None for any other."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    if isinstance(node, ast.UnaryOp):
        return None if (value := _literal(node.operand)) is None else abs(value)
    if not isinstance(node, ast.BinOp) or type(node.op) not in _OPERATORS:
        return None
    left, right = _literal(node.left), _literal(node.right)
    if left is None or right is None:
        return None
    return float(_OPERATORS[type(node.op)](left, right))


# ---- binding


def bind(programmes: Iterable[Programme], outside: Path | None = None) -> Binding:
    """Bind every figure of `programmes`. Raises InputError with every finding."""
    builder = _Builder(outside)
    for programme in programmes:
        builder.add(programme)
    if builder.findings:
        raise InputError(sorted(set(builder.findings), key=lambda finding: (finding.place, finding.key)))
    binding = Binding(tuple(builder.rows), tuple(builder.steps))
    if outside is not None and (
        faults := unit_faults(binding, lambda one: one.__module__.startswith("ctsim_outside_"))
    ):
        raise InputError(faults)
    return binding


class _Builder:
    """Collects rows and steps; a figure that another one needs comes first."""

    def __init__(self, outside: Path | None) -> None:
        self.outside = outside
        self.rows: list[Row] = []
        self.steps: list[Step] = []
        self.findings: list[Finding] = []
        self._row_index: dict[tuple[str, str], int] = {}
        self._step_index: dict[str, int] = {}
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
        for number, reading in enumerate(programme.page.reading):
            self._note_reading(programme, module, reading.formula, number)
        if programme.id not in self._refused:  # else what is unused follows from formulas that could not be read
            self._unused(programme)

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
                message = f'no {where}: write it, give its folder with --formulas, or use formula = "reported"'
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
        member = f"{argument}[{figure.record.item}]"
        name = member if figure.record.item and member in programme.parameters else argument
        if name in programme.parameters:
            return self._parameter_input(programme.parameters[name], figure, unit)
        other = next((one for one in programme.figures if one.name == argument), None)
        if other is not None:
            index = self._figure(programme, module, other, other.record.formula)
            return None if index is None else self._converted("step", index, other.record.unit, unit, figure, argument)
        known = [*programme.parameters, *(one.name for one in programme.figures)]
        hint = did_you_mean(argument, known)
        message = (
            f"formula '{figure.record.formula}' needs '{argument}', which is no parameter and no cell of the page."
        )
        self._fault(figure, "formula", message + hint)
        return None

    def _parameter_input(self, parameter: Parameter, figure: Figure, unit: str) -> Input | None:
        self._used.add(f"{figure.programme}/{parameter.name}")
        year = figure.record.when if parameter.years != ("",) else ""
        if year not in parameter.years:
            years = ", ".join(parameter.years)
            message = f"has values for {years} but figure '{figure.key}' needs one for {year}; add it"
            self.findings.append(Finding(parameter.place(), f"parameter.{parameter.name}.value", message))
            return None
        if year not in parameter.spreads and "" not in parameter.spreads:
            return None  # its spread is a finding already
        low, high = parameter.ends(year)
        spread = parameter.spread(year)
        row = Row(parameter.stream, year, parameter.unit, low, high, spread, spread.basis, parameter.place())
        return self._converted(
            "row", self._row(row), parameter.unit, unit, figure, parameter.name, parameter.place("unit")
        )

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

    def _note_reading(self, programme: Programme, module: ModuleType | None, formula: str, number: int) -> None:
        """Readings are run by the audit; here only: the formula exists and its parameters count as used."""
        reading = programme.page.reading[number]
        place = programme.reading_places[number]
        known = {figure.key.partition(".")[2] for figure in programme.figures}
        if reading.impact not in known:
            message = f"no figure '{reading.impact}' on the page.{did_you_mean(reading.impact, sorted(known))}"
            self.findings.append(Finding(place, f"reading.{reading.name}.impact", message))
        function = self._function(programme, module, formula, place, f"reading.{reading.name}")
        item = reading.impact.split(".")[2] if reading.impact.count(".") == 2 else ""
        for name in units.signature(function)[0] if function else ():
            self._used.update({f"{programme.id}/{name}", f"{programme.id}/{name}[{item}]"})

    def _unused(self, programme: Programme) -> None:
        for name, parameter in programme.parameters.items():
            if f"{programme.id}/{name}" not in self._used and not parameter.record.constant:
                message = "no formula uses it; remove it or give a formula an argument of this name"
                self.findings.append(Finding(parameter.place(""), f"parameter.{name}", message))

    def _fault(self, figure: Figure, key: str, message: str) -> None:
        self.findings.append(Finding(figure.place, f"impact.{figure.key}.{key}", message))


def _readable(unit: str) -> bool:
    try:
        units.check(unit)
    except units.UnitError:
        return False
    return True


def unit_faults(binding: Binding, only: Callable[[Formula], bool] = lambda _: True) -> list[Finding]:
    """Formulas whose units do not balance: each is run on quantities at the printed values.

    The magnitude must be that of the plain run; where it is not, a factor of a unit hides in the formula.
    """
    results = binding.evaluate(binding.central())
    rows = binding.central()
    findings = []
    for step in binding.steps:
        if step.function is None or not only(step.function):
            continue
        names = list(units.signature(step.function)[0])
        given = [(rows if one.kind == "row" else results)[one.index] * one.factor for one in step.inputs]
        message = _unit_fault(step.function, dict(zip(names, given, strict=True)))
        if message:
            findings.append(Finding(formula_place(step.function), f"formula {step.function.__name__}", message))
    return findings


def _unit_fault(function: Formula, arguments: dict[str, float]) -> str:
    plain = _value(function, list(arguments.values()))
    if not isfinite(plain):
        return ""  # a draw tells what is not finite
    try:
        on_units = units.on_quantities(function, arguments)
    except units.UnitError as error:
        return str(error)
    except (ArithmeticError, ValueError, TypeError) as error:
        return f"cannot be run on quantities: {error}; compare and divide what has units"
    if abs(on_units - plain) <= 1e-12 * abs(plain):
        return ""
    return f"gives {plain:g} on numbers but {on_units:g} on quantities; choose argument units that balance"


def reading_step(programme: Programme, name: str, impact: str, outside: Path | None = None) -> Binding:
    """A binding whose last step is the reading `name` of `impact` in place of its literal formula."""
    reading = next(one for one in programme.page.reading if (one.name, one.impact) == (name, impact))
    figure = next(one for one in programme.figures if one.key == f"{programme.id}.{impact}")
    builder = _Builder(outside)
    builder._figure(programme, formulas_of(programme.id, outside), figure, reading.formula)
    if builder.findings:
        raise InputError(builder.findings)
    return Binding(tuple(builder.rows), tuple(builder.steps))


def sources(binding: Binding) -> Iterator[tuple[str, str]]:
    """(figure key, source text) of every formula, for the scenario's digest."""
    for step in binding.steps:
        if step.function is not None:
            yield step.figure.key, formula_source(step.function)


def by_label(rows: Sequence[Row], values: Mapping[str, float]) -> list[float]:
    """Row values at what is printed, with some replaced by label."""
    return [values.get(row.label, row.central) for row in rows]
