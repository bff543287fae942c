"""A formula as a spreadsheet writes it: the same operands, operators and order, for F2 to show the arithmetic.

What formulas call beside arithmetic is written out where it is one expression itself; a sum in a loop is not live.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from math import nan
from typing import Final

from ctsim import constants, stocks
from ctsim.equations import Formula, formula_source

_OPERATORS: Final[dict[type[ast.AST], tuple[str, int]]] = {
    ast.Add: ("+", 1), ast.Sub: ("-", 1), ast.Mult: ("*", 2), ast.Div: ("/", 2), ast.Pow: ("^", 3),
}  # fmt: skip
_COMPARISONS: Final[dict[type[ast.AST], str]] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=", ast.NotEq: "<>",
}  # fmt: skip
_ATOM: Final = 9
_CALLS: Final = {
    "min": "MIN({})", "max": "MAX({})", "exp": "EXP({})", "log": "LN({})", "sqrt": "SQRT({})", "pow": "POWER({})",
    "_gamma_above_one": "EXP(GAMMALN(1+{}))", "_power": "POWER({})", "quick_exp": "EXP({})",
}  # fmt: skip
"""The spreadsheet's functions for what formulas call. Those of ctsim differ in the last digits, the gamma by 1e-11."""

_HELPERS: Final = {one.__name__: one for one in stocks.FUNCTIONS.values()}


class NotLiveError(Exception):
    """A formula that no cell can hold; the message names what it calls."""


@cache
def statements(function: Formula) -> tuple[tuple[str, ast.expr], ...]:
    """(name, expression) of each line of a formula, "" for what it returns. Raises NotLiveError for any other line."""
    tree = ast.parse(formula_source(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    found: list[tuple[str, ast.expr]] = []
    for one in tree.body:
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name):
            found.append((one.targets[0].id, one.value))
        elif isinstance(one, ast.Return) and one.value is not None:
            found.append(("", one.value))
        elif not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)):
            raise NotLiveError(function.__name__)
    return tuple(found)


def computed(function: Formula, given: Mapping[str, float]) -> list[float]:
    """What each line of `statements` comes to, by Python; NaN from a division by zero on."""
    scope: dict[str, float] = dict(given)
    found: list[float] = []
    for name, expression in statements(function):
        try:
            value = float(eval(compile(ast.Expression(expression), "<formula>", "eval"), function.__globals__, scope))
        except (ArithmeticError, NameError):
            value = nan
        found.append(value)
        scope |= {name: value}
    return found


def constants_of(function: Formula) -> list[str]:
    """Names of the constants of `ctsim.constants` that a formula takes, in their order there."""
    taken = {node.id for _, one in statements(function) for node in ast.walk(one) if isinstance(node, ast.Name)}
    return [name for name in constants.UNITS if name in taken]


def excel(expression: ast.expr, cells: Mapping[str, str]) -> str:
    """The expression with each name as `cells` has it, without the sign "=". Raises NotLiveError."""
    return _written(expression, cells)[0]


def _written(node: ast.expr, cells: Mapping[str, str]) -> tuple[str, int]:
    """Text, and how tightly its last operator binds."""
    if isinstance(node, ast.Constant):
        return repr(node.value).upper(), _ATOM
    if isinstance(node, ast.Name):
        return cells[node.id], _ATOM
    if isinstance(node, ast.UnaryOp):
        sign = "-" if isinstance(node.op, ast.USub) else ""
        return f"({sign}{_within(node.operand, cells, _ATOM)})", _ATOM  # in a cell -2^2 is 4
    if isinstance(node, ast.BinOp):
        sign, level = _OPERATORS[type(node.op)]
        left = level + 1 if isinstance(node.op, ast.Pow) else level  # not every reader goes from left to right there
        return f"{_within(node.left, cells, left)}{sign}{_within(node.right, cells, level + 1)}", level
    if isinstance(node, ast.IfExp):
        said = [_condition(node.test, cells), excel(node.body, cells), excel(node.orelse, cells)]
        return f"IF({','.join(said)})", _ATOM
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return _called(node.func.id, node.args, cells), _ATOM


def _within(node: ast.expr, cells: Mapping[str, str], level: int) -> str:
    said, own = _written(node, cells)
    return said if own >= level else f"({said})"


def _condition(node: ast.expr, cells: Mapping[str, str]) -> str:
    if isinstance(node, ast.BoolOp):
        name = "AND" if isinstance(node.op, ast.And) else "OR"
        return f"{name}({','.join(_condition(one, cells) for one in node.values)})"
    if not isinstance(node, ast.Compare):
        return f"({excel(node, cells)})<>0"
    sides = [_within(one, cells, 1) for one in (node.left, *node.comparators)]
    said = [f"{a}{_COMPARISONS[type(op)]}{b}" for a, op, b in zip(sides, node.ops, sides[1:], strict=False)]
    return said[0] if len(said) == 1 else f"AND({','.join(said)})"


def _called(name: str, arguments: list[ast.expr], cells: Mapping[str, str]) -> str:
    given = [excel(one, cells) for one in arguments]
    if name in _CALLS:
        joined = ",".join(given)
        simple = len(arguments) > 1 or isinstance(arguments[0], ast.Name | ast.Constant)
        return _CALLS[name].format(joined if simple or name != "_gamma_above_one" else f"({joined})")
    helper = _HELPERS[name]
    lines = statements(helper)
    if len(lines) != 1:
        raise NotLiveError(name)
    names = helper.__code__.co_varnames[: helper.__code__.co_argcount]
    inner = {one: said if isinstance(argument, ast.Name) else f"({said})"
             for one, said, argument in zip(names, given, arguments, strict=True)}  # fmt: skip
    return f"({excel(lines[0][1], inner)})"
