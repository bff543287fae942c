"""What a scenario's spreads rest on, and where one judgement was written many times without a class."""

from __future__ import annotations

from math import isfinite
from typing import Final

from ctsim.binding import Row
from ctsim.catalog import Scenario

_SAME_DIGITS: Final = 4
_NOT_SCALED: Final = ("gsd", "a", "b", "p")
"""Arguments that are no amounts: they stay as they are when the value is scaled."""


def bases(scenario: Scenario) -> dict[str, list[str]]:
    """Labels of everything that is sampled, by what its spread rests on; "fixed" for what has none."""
    found: dict[str, list[str]] = {}
    for row in scenario.binding.rows:
        found.setdefault(row.basis if row.varies else "fixed", []).append(row.label)
    return dict(sorted(found.items()))


def alike(scenario: Scenario) -> list[tuple[str, list[str]]]:
    """Groups of two and more assumed spreads of one relative shape that name no class: (shape, labels), largest first.

    A shape is a distribution with its arguments as multiples of the value, to four digits.
    """
    found: dict[str, list[str]] = {}
    for row in scenario.binding.rows:
        if row.varies and row.spread.spread_class is None and row.basis == "assumed" and (shape := _shape(row)):
            found.setdefault(shape, []).append(row.label)
    groups = [(shape, labels) for shape, labels in found.items() if len(labels) > 1]
    return sorted(groups, key=lambda one: (-len(one[1]), one[0]))


def _shape(row: Row) -> str:
    """Distribution and relative arguments in words; "" where they are not numbers or the value is 0."""
    said = []
    for name, value in row.spread.arguments.items():
        if not isinstance(value, float | int):
            return ""
        scaled = row.spread.relative or name in _NOT_SCALED
        ratio = float(value) if scaled else (value / row.central if row.central else float("nan"))
        if not isfinite(ratio):
            return ""
        said.append(f"{name} {ratio:.{_SAME_DIGITS}g}")
    return f"{row.spread.dist}({', '.join(said)})" if row.spread.dist != "bernoulli" else ""
