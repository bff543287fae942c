"""What a scenario's spreads rest on, and where one judgement was written many times without a class."""

from __future__ import annotations

import re
from itertools import combinations
from math import isfinite
from typing import Final

from ctsim.binding import Row
from ctsim.catalog import Scenario
from ctsim.errors import Finding, Place

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


def unreasoned(scenario: Scenario) -> list[Finding]:
    """Assumed spreads with numbers of their own whose reason says nothing of their low and of their high end."""
    found = {}
    for row in scenario.binding.own_rows():
        own = row.varies and row.spread.spread_class is None and row.basis == "assumed"
        if own and not (_LOW.search(row.spread.reason) and _HIGH.search(row.spread.reason)):
            message = f"'{row.spread.reason[:60]}' is no reason for its low and for its high end: \"low: …; high: …\""
            found[row.label] = Finding(row.place, f"{row.label}.uncertainty.reason", message)
    return list(found.values())


def bound_in_vain(scenario: Scenario) -> list[Finding]:
    """Declared dependence that does nothing: of what has no spread, and of pairs that a later declaration holds for."""
    rows, names = scenario.binding.rows, scenario.stream_names
    still = {row.stream for row in rows} - {row.stream for row in rows if row.varies}
    found, said = [], dict[frozenset[str], tuple[Place, float]]()
    for place, one in ((one.place, one.record) for one in scenario.dependence):
        for name in one.parameters:
            if names.get(name) in still:
                found.append((place, f"'{name}' has no spread in this scenario: it moves with nothing"))
        for a, b in combinations(one.parameters, 2):
            pair = frozenset((names.get(a, a), names.get(b, b)))
            if pair in said and said[pair][1] != one.spearman:
                first, other = said[pair]
                found.append((place, f"'{a}' and '{b}': {one.spearman:g} holds here, not the {other:g} of {first}"))
            said[pair] = place, one.spearman
    return [Finding(place, "dependence.parameters", message) for place, message in found]


_LOW: Final = re.compile(r"\b(low|below|fewer|less)|低|下|少|小")
_HIGH: Final = re.compile(r"\b(high|above|more)|高|上|多|大")


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
