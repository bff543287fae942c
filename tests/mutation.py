"""Changed copies of a formula: its syntax tree with one place replaced, and exchanged or left out arguments."""

import ast
import copy
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType
from typing import Any

from ctsim import constants, units
from ctsim.equations import formula_source

OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "−", ast.Mult: "×", ast.Div: "÷"}

Rule = Callable[[Any], ast.AST | None]
"""What a node is replaced by; None keeps it."""


class _Replace(ast.NodeTransformer):
    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def visit(self, node: ast.AST) -> Any:
        new = self.rule(node)
        return self.generic_visit(node) if new is None else new


def mutants_of(function: FunctionType) -> Iterator[tuple[str, str, FunctionType]]:
    """(kind, what was changed, the changed function)."""
    tree = ast.parse(formula_source(function))
    nodes = [node for statement in _body(tree) for node in ast.walk(statement)]
    for number, node in enumerate(nodes):
        node.number = number  # type: ignore[attr-defined]  # copies keep it
    seen: dict[str, int] = {}
    for kind, what, rule in itertools.chain(_at_nodes(nodes), _at_names(function)):
        seen[what] = seen.get(what, 0) + 1
        yield kind, what if seen[what] == 1 else f"{what} ({seen[what]})", _compiled(function, tree, rule)


def _body(tree: ast.Module) -> list[ast.stmt]:
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    return definition.body


def _compiled(function: FunctionType, tree: ast.Module, rule: Rule) -> FunctionType:
    changed = copy.deepcopy(tree)
    body = _body(changed)
    body[:] = [_Replace(rule).visit(statement) for statement in body]
    scope = dict(function.__globals__)
    exec(compile(ast.fix_missing_locations(changed), "<mutant>", "exec", dont_inherit=True), scope)
    mutant = scope[function.__name__]
    assert isinstance(mutant, FunctionType)
    return mutant


def _at_nodes(nodes: list[ast.AST]) -> Iterator[tuple[str, str, Rule]]:
    for number, node in enumerate(nodes):
        for kind, what, new in _replacements(node):
            yield kind, what, partial(_at, number, new)


def _at(number: int, new: ast.AST, node: ast.AST) -> ast.AST | None:
    return new if getattr(node, "number", None) == number else None


def _replacements(node: ast.AST) -> Iterator[tuple[str, str, ast.AST]]:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        for new, symbol in OPERATORS.items():
            if new is not type(node.op):
                what = f"{OPERATORS[type(node.op)]} → {symbol} before {ast.unparse(node.right)}"
                yield "operator", what, ast.BinOp(node.left, new(), node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", f"−{ast.unparse(node.operand)} → {ast.unparse(node.operand)}", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        for value in (node.value + 1, node.value - 1, node.value * 10):
            yield "constant", f"{node.value} → {value}", ast.Constant(value)
    elif isinstance(node, ast.Name) and node.id in constants.UNITS:
        for text in (f"{node.id} * 1.001", f"1 / {node.id}", "1"):
            yield "constant", f"{node.id} → {text}", ast.parse(text, mode="eval").body


def _at_names(function: FunctionType) -> Iterator[tuple[str, str, Rule]]:
    signature = units.signature(function)[0]
    for a, b in itertools.combinations(signature, 2):
        if signature[a] == signature[b]:
            yield "swap", f"{a} ↔ {b}", _renaming({a: ast.Name(b, ast.Load()), b: ast.Name(a, ast.Load())})
    for name in signature:
        yield "left out", f"{name} → 1", _renaming({name: ast.Constant(1)})


def _renaming(new: dict[str, ast.expr]) -> Rule:
    return lambda node: new.get(node.id) if isinstance(node, ast.Name) else None
