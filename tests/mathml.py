"""A formula as MathML, which browsers set without a script: made from the code that runs, not typed a second time."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from html import escape

SUM, PRODUCT, SIGN, POWER = range(4)  # how tightly signs bind: what binds less stands in parentheses
SIGNS: dict[type[ast.AST], tuple[str, int]] = {
    ast.Add: ("+", SUM),
    ast.Sub: ("−", SUM),
    ast.Mult: ("×", PRODUCT),
    ast.Lt: ("&lt;", SUM),
    ast.LtE: ("≤", SUM),
    ast.Gt: ("&gt;", SUM),
    ast.GtE: ("≥", SUM),
    ast.Eq: ("=", SUM),
    ast.NotEq: ("≠", SUM),
    ast.And: ("and", SUM),
    ast.Or: ("or", SUM),
}


def equation(function: Callable[..., float], symbols: Mapping[str, str]) -> str:
    """The lines of a formula, one `<math>` each; `symbols` has the signs of arguments that have one (`sign`)."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    lines = []
    for statement in tree.body[1:] if ast.get_docstring(tree) else tree.body:
        assert isinstance(statement, ast.Assign | ast.Return) and statement.value is not None
        left = statement.targets[0] if isinstance(statement, ast.Assign) else ast.Name(function.__name__)
        lines.append(f'<math display="block">{_set(left, symbols)}<mo>=</mo>{_set(statement.value, symbols)}</math>')
    return "\n".join(lines)


def _set(node: ast.AST, symbols: Mapping[str, str]) -> str:
    match node:
        case ast.Name(name):
            return symbols.get(name) or _word(name)
        case ast.Constant(value):
            return f"<mn>{value:g}</mn>"
        case ast.UnaryOp(ast.USub(), value):
            return f"<mrow><mo>−</mo>{_within(value, SIGN, symbols)}</mrow>"
        case ast.BinOp(above, ast.Div(), below):
            return f"<mfrac><mrow>{_set(above, symbols)}</mrow><mrow>{_set(below, symbols)}</mrow></mfrac>"
        case ast.BinOp(base, ast.Pow(), exponent):
            return f"<msup>{_within(base, POWER, symbols)}<mrow>{_set(exponent, symbols)}</mrow></msup>"
        case ast.BinOp(left, operator, right):
            sign, level = SIGNS[type(operator)]
            after = level + isinstance(operator, ast.Sub)  # a − (b − c) keeps its parentheses
            inside = f"{_within(left, level, symbols)}<mo>{sign}</mo>{_within(right, after, symbols)}"
            return f"<mrow>{inside}</mrow>"
        case ast.Compare(left, [operator], [right]):
            return f"{_set(left, symbols)}<mo>{SIGNS[type(operator)][0]}</mo>{_set(right, symbols)}"
        case ast.BoolOp(operator, values):
            return f"<mtext> {SIGNS[type(operator)][0]} </mtext>".join(_set(one, symbols) for one in values)
        case ast.IfExp(test, one, other):
            parts = (_set(one, symbols), _set(test, symbols), _set(other, symbols))
            return "<mrow>{}<mtext> if </mtext>{}<mtext>, else </mtext>{}</mrow>".format(*parts)
        case ast.Call(ast.Name(name), arguments):
            inside = "<mo>,</mo>".join(_set(one, symbols) for one in arguments)
            return f"<mrow>{_word(name)}<mo>(</mo>{inside}<mo>)</mo></mrow>"
    raise AssertionError(f"no sign for {ast.dump(node)}")


def sign(symbol: str, name: str = "") -> str:
    """A sign of the report; with `name` below it where several arguments have the same."""
    said = f'<mi mathvariant="normal">{escape(symbol)}</mi>'
    return f"<msub>{said}{_word(name)}</msub>" if name else said


def _word(name: str) -> str:
    return f'<mi mathvariant="normal">{name.lower().replace("_", " ")}</mi>'


def _within(node: ast.AST, level: int, symbols: Mapping[str, str]) -> str:
    """A part of a product, sum or power, in parentheses where it binds less than what is around it."""
    loose = isinstance(node, ast.IfExp | ast.Compare | ast.BoolOp)
    if isinstance(node, ast.BinOp):
        loose = not isinstance(node.op, ast.Div | ast.Pow) and SIGNS[type(node.op)][1] < level
        loose |= isinstance(node.op, ast.Div | ast.Pow) and level == POWER
    said = _set(node, symbols)
    return f"<mrow><mo>(</mo>{said}<mo>)</mo></mrow>" if loose or _negative(node, level) else said


def _negative(node: ast.AST, level: int) -> bool:
    return isinstance(node, ast.UnaryOp) and level > SUM
