"""Costly parts of formulas as steps of their own: what is left of a stock, which few of a formula's arguments move.

Such a part costs more than all other arithmetic of its formula. As a step it is computed once for all cells that take
it from the same rows, as twins without dependence do, and not again where an analysis exchanges other rows. Every
operation stays what and where it was: the bits are those of the whole formula.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from ctsim import stocks
from ctsim.binding import Binding, Input, Step
from ctsim.equations import Formula, formula_source, written
from ctsim.generated import source

COSTLY: Final = (stocks.survival, stocks.stock_years, stocks.ramped_stock_years)
"""What is worth a step of its own."""

PART: Final = "ctsim_part"
"""The argument of the rest of a formula that stands for its part."""


def divided(binding: Binding) -> tuple[Binding, tuple[int, ...]]:
    """The binding with costly parts as steps before those that take them, and by old number of a step the new one."""
    steps: list[Step] = []
    places: list[int] = []
    parts: dict[tuple[str, tuple[Input, ...]], int] = {}
    for step in binding.steps:
        inputs = tuple(replace(one, index=places[one.index]) if one.kind == "step" else one for one in step.inputs)
        moved = replace(step, inputs=inputs)
        if step.function is not None and (halves := _halves(step.function)):
            part = replace(moved, function=halves.part, inputs=tuple(inputs[i] for i in halves.of_part), factor=1.0)
            key = source(halves.part), part.inputs
            if key not in parts:
                parts[key] = len(steps)
                steps.append(part)
            taken = (*(inputs[i] for i in halves.of_rest), Input("step", parts[key], 1.0))
            moved = replace(moved, function=halves.rest, inputs=taken)
        places.append(len(steps))
        steps.append(moved)
    return Binding(binding.rows, tuple(steps)), tuple(places)


# ---- one formula


@dataclass(frozen=True)
class _Halves:
    """A part of a formula, and the rest, which takes it as its last argument; the arguments that each has by number."""

    part: Formula
    of_part: tuple[int, ...]
    rest: Formula
    of_rest: tuple[int, ...]


@cache
def _halves(function: Formula) -> _Halves | None:
    """Both halves of a formula; None where nothing is costly, or the costly part is all of it."""
    scope = getattr(function, "__globals__", {})
    costly = {name for name, one in scope.items() if any(one is known for known in COSTLY)}
    tree = ast.parse(formula_source(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    result, assigned = tree.body[-1], _assigned(tree)
    if not costly or assigned is None or not isinstance(result, ast.Return) or result.value is None:
        return None
    costly |= {name for name in assigned if costly & _behind(assigned[name], assigned)}
    part = _smallest(result.value, costly)
    if part is None or part is result.value:
        return None
    rest = _Without(part).visit(result.value)
    assert isinstance(rest, ast.expr)
    arguments = [argument.arg for argument in tree.args.args]

    def half(value: ast.expr, *more: str) -> tuple[Formula, tuple[int, ...]]:
        needed = _behind(value, assigned)
        taken = [i for i, name in enumerate(arguments) if name in needed]
        kept = [f"    {name} = {ast.unparse(one)}" for name, one in assigned.items() if name in needed]
        head = f"def {tree.name}({', '.join([*(arguments[i] for i in taken), *more])}):"
        return written("\n".join([head, *kept, f"    return {ast.unparse(value)}", ""]), function), tuple(taken)

    (inner, of_part), (outer, of_rest) = half(part), half(rest, PART)
    return _Halves(inner, of_part, outer, of_rest) if of_part else None


def _assigned(tree: ast.FunctionDef) -> dict[str, ast.expr] | None:
    """What each local name is, in order; None where one is assigned twice."""
    found: dict[str, ast.expr] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
            if len(statement.targets) > 1 or not isinstance(target, ast.Name) or target.id in found:
                return None
            found[target.id] = statement.value
    return None if found.keys() & {argument.arg for argument in tree.args.args} else found


def _behind(value: ast.expr, assigned: Mapping[str, ast.expr]) -> set[str]:
    """The names of an expression, and those that they are made from."""
    found = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return found.union(*(_behind(assigned[name], assigned) for name in found if name in assigned))


def _smallest(value: ast.expr, costly: set[str]) -> ast.expr | None:
    """The smallest number in an expression that all costly names and calls are in."""

    def costs(node: ast.AST) -> bool:
        return any(isinstance(one, ast.Name) and one.id in costly for one in ast.walk(node))

    while True:
        inside: Sequence[ast.AST] = [node for node in ast.iter_child_nodes(value) if costs(node)]
        is_costly_itself = isinstance(value, ast.Call) and costs(value.func)
        if len(inside) == 1 and not is_costly_itself and isinstance(inside[0], ast.expr):
            value = inside[0]
            continue
        return value if costs(value) and isinstance(value, ast.Name | ast.Call | ast.BinOp) else None


class _Without(ast.NodeTransformer):
    """An expression with the argument for the part in its place."""

    def __init__(self, part: ast.expr) -> None:
        self.part = part

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.Name(PART, ast.Load()) if node is self.part else super().visit(node)
