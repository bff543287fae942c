"""The formulas of programmes: where their modules are, and that each is arithmetic on its arguments and nothing else.

Only an outside folder that the user names is ever imported; a scenario or run directory alone never runs code.
"""

from __future__ import annotations

import ast
import dis
import importlib
import importlib.util
import inspect
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from math import isfinite, nan
from operator import add, mul, sub, truediv
from operator import pow as power
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import numpy as np

from ctsim import constants, elementary, stocks
from ctsim.errors import Finding, InputError, Place, did_you_mean

Formula = Callable[..., float]

_ALLOWED: Final = (
    ast.Return, ast.Assign, ast.Name, ast.Load, ast.Store, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow,
    ast.UnaryOp, ast.USub, ast.UAdd, ast.IfExp, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
    ast.Call, ast.BoolOp, ast.And, ast.Or,
)  # fmt: skip
FUNCTIONS: Final = {**elementary.FUNCTIONS, **stocks.FUNCTIONS}
"""What a formula may import and call."""

_CALLS: Final = ("min", "max")
_MAY_CALL: Final = ", ".join([*_CALLS, *FUNCTIONS])
_ELSEWHERE: Final = {name: name for name in elementary.FUNCTIONS} | {"power": "pow", "float_power": "pow"}
"""What other modules call a function that ctsim has, too."""
_MOST_ARGUMENTS: Final = 60

RAISED: Final = "_ctsim_raised"
"""The name of `elementary.raised` in what is made of a formula."""


# ---- the value


def value_of(function: Formula, given: Sequence[float]) -> float:
    """The formula at `given` with the arithmetic of a draw: a division by zero is infinite, not an exception."""
    plain = _plain(function)
    try:
        return float(plain(*given))
    except ArithmeticError:
        scope = plain.__globals__
        ieee = {name: _ieee(one) for name, one in FUNCTIONS.items() if scope.get(name) is one}
        try:
            with np.errstate(all="ignore"):
                again = FunctionType(plain.__code__, {**scope, **ieee})
                return float(again(*(np.float64(one) for one in given)))
        except ArithmeticError:  # of the formula's own constants
            return nan


def _ieee(function: Formula) -> Formula:
    """`function` with a result that may be divided by, whatever it is."""
    return lambda *given: np.float64(function(*given))


@cache
def _plain(function: Formula) -> FunctionType:
    """The formula with its powers as multiplications: Python's own `**` asks the system's library, as `exp` does."""
    assert isinstance(function, FunctionType)
    if not any(one.argrepr == "**" for one in dis.get_instructions(function)):
        return function
    tree = formula_tree(function)
    tree.decorator_list, tree.returns = [], None
    for argument in tree.args.args:
        argument.annotation = None
    scope: dict[str, Any] = {**function.__globals__, RAISED: elementary.raised}
    exec(compile(ast.Module([tree], []), function.__code__.co_filename, "exec", dont_inherit=True), scope)
    made = scope[tree.name]
    assert isinstance(made, FunctionType)
    return made


def formula_tree(function: Formula) -> ast.FunctionDef:
    """The syntax tree of a checked formula, with a call of `RAISED` in place of each `**`."""
    tree = ast.parse(formula_source(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return ast.fix_missing_locations(_Powers().visit(tree))  # type: ignore[no-any-return]


class _Powers(ast.NodeTransformer):
    """x ** n becomes RAISED(x, n)."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        return ast.copy_location(ast.Call(ast.Name(RAISED, ast.Load()), [node.left, node.right], []), node)


# ---- where formulas are


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


@cache
def formula_source(function: Formula) -> str:
    """The text of a formula, for its syntax tree and for digests."""
    return _written.get(function) or textwrap.dedent(inspect.getsource(function))


_written: Final[dict[Formula, str]] = {}


def written(text: str, other: Formula) -> Formula:
    """The formula of a text that is made from that of a checked one, with the imports of its module."""
    scope = dict(getattr(other, "__globals__", {}))
    exec(compile(text, "<part of a formula>", "exec", dont_inherit=True), scope)
    made: Formula = scope[other.__name__]
    _written[made] = text
    return made


# ---- what a formula may contain


def check_formula(function: Formula) -> list[Finding]:
    """A formula is arithmetic on its arguments and constants: anything else in its syntax tree is a finding."""
    assert isinstance(function, FunctionType)
    return list(_checked(function))


@cache
def _checked(function: FunctionType) -> tuple[Finding, ...]:
    """The same, read once: scenarios of one process share formulas."""
    place, key = formula_place(function), f"formula {function.__name__}"
    try:
        tree: ast.stmt | None = ast.parse(formula_source(function)).body[0]
    except (SyntaxError, OSError, IndexError):  # a lambda, or a function without a file
        tree = None
    if not isinstance(tree, ast.FunctionDef) or tree.name != function.__name__:
        return (Finding(place, key, "must be a plain function, written with def in this file"),)
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    found = [(tree.lineno, fault) for fault in _signature_faults(tree)]
    if not body or not isinstance(body[-1], ast.Return) or body[-1].value is None:
        found.append((tree.lineno, "must end with return and an expression"))
    found += [fault for one in body for fault in _syntax_faults(one)]
    found += [] if found else _name_faults(tree, body, function)
    top = place.line - 1
    return tuple(Finding(Place(place.file, top + line), key, said) for line, said in dict.fromkeys(found))


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
            if id(node) in called and (said := _foreign(node.id, known, scope)):
                found.append((node.lineno, said))
            if id(node) in called or node.id in known:
                continue
            said = f"'{node.id}' is no argument and no constant of ctsim.constants; make it a parameter of the page"
            found.append((node.lineno, said + did_you_mean(node.id, known)))
        known |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and id(node) not in called}
    return found


def _foreign(name: str, known: set[str], scope: Mapping[str, object]) -> str:
    """What is wrong with a name that is called; "" where it is Python's or ctsim's own function."""
    if name in known:
        return f"'{name}' is a number here and cannot be called; rename it"
    if name in FUNCTIONS and scope.get(name) is not FUNCTIONS[name]:
        return f"'{name}' is not that of ctsim; write 'from {FUNCTIONS[name].__module__} import {name}' above"
    return f"'{name}' is another function here; rename it" if name in _CALLS and name in scope else ""


def _syntax_faults(node: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what is wrong) of the outermost parts that no formula may have."""
    if said := _fault(node):
        yield getattr(node, "lineno", 1), said
    else:
        for child in ast.iter_child_nodes(node):
            yield from _syntax_faults(child)


def _fault(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        return _call_fault(node)
    if isinstance(node, ast.Constant):
        value = node.value
        whole = isinstance(value, int) and not isinstance(value, bool) and value < 2**53
        return "" if whole or (isinstance(value, float) and isfinite(value)) else "takes only finite numbers below 2^53"
    if isinstance(node, _ALLOWED):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            small = isinstance(node.right, ast.Constant) and node.right.value in (2, 3, 4)
            return "" if small else "'**' takes the literals 2, 3 and 4 only; ctsim.elementary has pow and sqrt"
        return _number_fault(node)
    return f"may not contain {type(node).__name__}; use arithmetic, min, max or a conditional expression"


def _call_fault(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute) and (own := _ELSEWHERE.get(node.func.attr)):
        what = ast.unparse(node.func)
        return (
            f"'{what}' gives other digits on other CPUs; write 'from ctsim.elementary import {own}' above, and '{own}'"
        )
    name = node.func.id if isinstance(node.func, ast.Name) and not node.keywords else ""
    if name in _CALLS:
        return "" if len(node.args) > 1 else "min and max take two arguments or more"
    if name in FUNCTIONS:
        takes = len(inspect.signature(FUNCTIONS[name]).parameters)
        return "" if len(node.args) == takes else f"{name} takes {takes} argument{'s' if takes > 1 else ''}"
    return f"may call only {_MAY_CALL}"


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
