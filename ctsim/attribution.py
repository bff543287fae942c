"""How much of a change is due to each of several changes: Shapley values over mixtures of two scenarios.

The value of a change is what it adds, averaged over all orders in which the changes can be made (Shapley, "A value for
n-person games", 1953). So the parts sum to the whole whatever the formulas are, and no order is preferred. With k
changes 2^k mixtures are needed; where that is too many, orders are sampled, each with its reverse, and the parts have
an error. Nothing here knows what is mixed: values come by set of changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from math import comb, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Coalition = frozenset[str]
Values = Callable[[Coalition], FloatArray]
"""Statistics (statistic, ...) of a quantity when these changes are made."""

MOST_EXACT: Final = 5_000
"""Mixtures, over all quantities, up to which nothing is sampled."""

_FEWEST_ORDERS, _MOST_ORDERS = 8, 64
_SMALL: Final = 16
"""Quantities with no more mixtures than this are exact whatever the others need."""


@dataclass(frozen=True)
class Quantity:
    """How one quantity is attributed: the changes that touch it, and the orders that are tried; () tries all."""

    changes: tuple[str, ...]
    orders: tuple[tuple[str, ...], ...] = ()

    @property
    def coalitions(self) -> list[Coalition]:
        """The sets of changes whose statistics are needed, beside none of them and all."""
        names = self.changes
        if not self.orders:
            return [frozenset(chosen) for size in range(1, len(names)) for chosen in combinations(names, size)]
        return list(dict.fromkeys(frozenset(order[:size]) for order in self.orders for size in range(1, len(names))))


@dataclass(frozen=True)
class Parts:
    """(change, statistic, ...): parts of the whole, and the standard errors of sampled orders: 0 where none is."""

    parts: FloatArray
    errors: FloatArray


def planned(touching: Sequence[Sequence[str]], most: int = MOST_EXACT) -> list[Quantity]:
    """How quantities are attributed that these changes touch: exactly, or as many orders as `most` mixtures allow."""
    changes = [tuple(sorted(names)) for names in touching]
    costs = [2 ** len(names) for names in changes]
    if sum(costs) <= most:
        return [Quantity(names) for names in changes]
    sampled = [cost > _SMALL for cost in costs]
    left = most - sum(cost for cost, is_sampled in zip(costs, sampled, strict=True) if not is_sampled)
    each = left / max(1, sum(sampled))
    return [Quantity(names, _orders(names, each) if is_sampled and cost > each else ())
            for names, cost, is_sampled in zip(changes, costs, sampled, strict=True)]  # fmt: skip


def _orders(names: Sequence[str], mixtures: float) -> tuple[tuple[str, ...], ...]:
    """Pairs of an order and its reverse; they depend on the names alone."""
    pairs = int(mixtures / (2 * (len(names) - 1)))
    pairs = max(_FEWEST_ORDERS // 2, min(pairs, _MOST_ORDERS // 2))
    found: list[tuple[str, ...]] = []
    for number in range(pairs):
        order = tuple(sorted(names, key=lambda name: sha256(f"{number}/{name}".encode()).digest()))
        found += [order, order[::-1]]
    return tuple(found)


def forecast(quantities: Sequence[Quantity]) -> str:
    """What it will take, in words."""
    mixtures = sum(len(one.coalitions) for one in quantities)
    if not mixtures:
        return "attribution: no quantity has more than one change; each part is the whole difference"
    sampled = sum(bool(one.orders) for one in quantities)
    said = f"attribution: {mixtures:,} mixtures of the changes for {len(quantities)} quantities"
    if not sampled:
        return f"{said}, exact"
    most = max(len(one.orders) for one in quantities)
    return f"{said}; {sampled} by up to {most} sampled orders, with an error"


def attributed(one: Quantity, values: Values) -> Parts:
    """The parts of values(all changes) - values(no change); they sum to it but for rounding."""
    if not one.changes:
        empty = np.zeros((0, *values(frozenset()).shape))
        return Parts(empty, empty)
    return _sampled(one, values) if one.orders else _exact(one.changes, values)


def _exact(names: Sequence[str], values: Values) -> Parts:
    k = len(names)
    rows = []
    for name in names:
        others = [other for other in names if other != name]
        terms = (
            (values(frozenset({*chosen, name})) - values(frozenset(chosen))) / (k * comb(k - 1, size))
            for size in range(k) for chosen in combinations(others, size)
        )  # fmt: skip
        rows.append(sum(terms))
    parts = np.array(rows, dtype=np.float64)
    return Parts(parts, np.zeros_like(parts))


def _sampled(one: Quantity, values: Values) -> Parts:
    """Mean over orders; the error from the spread of pairs of an order and its reverse."""
    each = np.array([_steps(order, one.changes, values) for order in one.orders])
    pairs = (each[::2] + each[1::2]) / 2
    errors = pairs.std(axis=0, ddof=1) / sqrt(len(pairs))
    return Parts(pairs.mean(axis=0), errors)


def _steps(order: Sequence[str], names: Sequence[str], values: Values) -> FloatArray:
    """What each change (in the order of `names`) adds when the changes are made in one order."""
    added: Mapping[str, FloatArray] = dict(_increments(order, values))
    return np.array([added[name] for name in names])


def _increments(order: Sequence[str], values: Values) -> Iterator[tuple[str, FloatArray]]:
    for size, name in enumerate(order):
        yield name, values(frozenset(order[: size + 1])) - values(frozenset(order[:size]))
