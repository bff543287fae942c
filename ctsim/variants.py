"""What is exchanged between two independent samples for sensitivity indices, and what has to be computed again for it.

Parameters of a dependent group are exchanged by conditional sampling. In an order of its members each normal score is a
sum of independent innovations, that of the member itself and those of members before it; so what is known of some
members, and what is new of the others, are linear in the scores of both samples (Mara and Tarantola, "Variance-based
sensitivity indices for models with dependent inputs", Reliability Engineering & System Safety 107, 2012). Members that
stand first keep all they share with others, members that stand last only what is their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.dependence import Group, cholesky
from ctsim.distributions import FIXED
from ctsim.errors import Finding, InputError
from ctsim.kernel import Kernel

IntArray = npt.NDArray[np.int64]
Matrix = list[list[float]]

OTHER: Final = -1
"""Where an exchanged row comes from: the same row of the other sample; else a place in the bank of mixed rows."""


@dataclass(frozen=True)
class Mixed:
    """A row whose normal score is `weights` (2 x member) of the scores of its own sample, then those of the other."""

    row: int
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Variant:
    """Rows that are exchanged, each by the row of the other sample or by a mixed one; what for: `kind` and `name`."""

    kind: str
    name: str
    swaps: tuple[tuple[int, Mixed | None], ...]

    @property
    def rows(self) -> list[int]:
        """Numbers of the rows."""
        return [row for row, _ in self.swaps]


class Reach:
    """Which steps, sums and targets of a kernel follow from rows."""

    def __init__(self, kernel: Kernel) -> None:
        self._steps: list[int] = []
        for step in kernel.binding.steps:
            inputs = (1 << one.index if one.kind == "row" else self._steps[one.index] for one in step.inputs)
            self._steps.append(_joined(inputs))
        self._targets = [
            _joined(1 << index if kind == "row" else self._steps[index] for kind, index, _ in target.parts)
            for target in kernel.targets
        ]
        self._at = kernel.sums.at.tolist()
        self._first = kernel.sums.steps

    def steps(self, rows: Iterable[int]) -> list[int]:
        """Steps that have to be computed again, in order."""
        mask = _joined(1 << row for row in rows)
        return [number for number, one in enumerate(self._steps) if one & mask]

    def targets(self, rows: Iterable[int]) -> list[int]:
        """Targets that may have changed."""
        mask = _joined(1 << row for row in rows)
        return [number for number, one in enumerate(self._targets) if one & mask]

    def sums(self, rows: Iterable[int]) -> list[int]:
        """Places of targets that are more than a step and have to be added up again."""
        return [self._at[target] for target in self.targets(rows) if self._at[target] >= self._first]


def _joined(masks: Iterable[int]) -> int:
    result = 0
    for one in masks:
        result |= one
    return result


def streams(kernel: Kernel) -> dict[str, list[int]]:
    """Rows of every stream that reaches a target; rows of one stream move as one, and so do shares of one whole."""
    reach, found = Reach(kernel), dict[str, list[int]]()
    for number, mover in enumerate(kernel.binding.movers):
        if kernel.quantiles[number].kind != FIXED:
            found.setdefault(mover, []).append(number)
    return {stream: rows for stream, rows in found.items() if reach.targets(rows)}


# ---- dependent groups


@dataclass(frozen=True)
class Place:
    """A dependent group: its rows by member, and where its scores begin among so many."""

    group: Group
    rows: tuple[tuple[int, ...], ...]
    start: int
    members: int

    def mixed(self, order: Sequence[int], cut: int, own_first: bool) -> dict[int, list[Mixed]]:
        """By member: its rows when the first `cut` members of `order` are known and the others are drawn anew.

        Known is what the own sample has, new what the other one has; without `own_first` it is the other way round.
        Raises InputError where rounding leaves the correlations no factor in this order.
        """
        correlation = _product(factor := self.group.factor.tolist(), _transposed(factor))
        lower = cholesky(np.array([[correlation[i][j] for j in order] for i in order]))
        if lower is None:
            names = ", ".join(self.group.streams)
            raise InputError(f"the correlations of {names} are nearly a contradiction; lower them a little")
        triangle = lower.tolist()
        innovations = _solved(triangle, [factor[i] for i in order])  # of the sample's own independent scores
        known = _product([row[:cut] for row in triangle], innovations[:cut])
        new = _product([row[cut:] for row in triangle], innovations[cut:])
        own, other = (known, new) if own_first else (new, known)
        return {
            member: [Mixed(row, self._wide(own[place], other[place])) for row in self.rows[member]]
            for place, member in enumerate(order)
        }

    def _wide(self, own: Sequence[float], other: Sequence[float]) -> tuple[float, ...]:
        weights = [0.0] * (2 * self.members)
        weights[self.start : self.start + len(own)] = own
        weights[self.members + self.start : self.members + self.start + len(own)] = other
        return tuple(weights)


def places(groups: Sequence[Group], known: Mapping[str, Sequence[int]]) -> list[Place]:
    """The groups that have members among the streams that reach a target."""
    members = sum(len(group.streams) for group in groups)
    starts = accumulate((len(group.streams) for group in groups), initial=0)
    return [
        Place(group, tuple(tuple(known.get(name, ())) for name in group.streams), start, members)
        for group, start in zip(groups, starts, strict=False)
        if any(name in known for name in group.streams)
    ]


def check_wholes(kernel: Kernel, groups: Sequence[Group]) -> None:
    """Raises InputError for shares of one whole of which one is in a dependent group: scaled, they have no scores."""
    grouped = {name for one in groups for name in one.streams}
    faults = [Finding(row.place, row.stream, f"a share of '{row.composition}' and in a [[dependence]]: sensitivity "
                      "takes one of the two; remove sum_to_one or the dependence")
              for row in kernel.binding.rows if row.composition and row.stream in grouped]  # fmt: skip
    if faults:
        raise InputError(faults)


def _product(a: Matrix, b: Matrix) -> Matrix:
    """Own code: the last bits of BLAS differ between machines."""
    width = len(b[0]) if b else 0
    if not b:
        return [[0.0] * len(a) for _ in a]
    return [[sum(row[k] * b[k][j] for k in range(len(b))) for j in range(width)] for row in a]


def _transposed(a: Matrix) -> Matrix:
    return [list(column) for column in zip(*a, strict=True)]


def _solved(triangle: Matrix, right: Matrix) -> Matrix:
    """X of triangle X = right, for a lower triangle."""
    found: Matrix = []
    for i, row in enumerate(triangle):
        rest = [right[i][j] - sum(row[k] * found[k][j] for k in range(i)) for j in range(len(right[i]))]
        found.append([one / row[i] if row[i] else 0.0 for one in rest])  # who follows others entirely has none
    return found


# ---- variants


def exchanged(
    kind: str, name: str, chosen: Iterable[str], known: Mapping[str, Sequence[int]], groups: Sequence[Place], *,
    first: bool,
) -> Variant:  # fmt: skip
    """The variant that takes the chosen streams from the other sample.

    Of a group that is only partly chosen, the chosen members stand `first`, so that the others follow them, or last, so
    that only what is their own is exchanged.
    """
    chosen = set(chosen)
    swaps: list[tuple[int, Mixed | None]] = []
    grouped = {name for place in groups for name in place.group.streams}
    for stream in known:
        if stream in chosen and stream not in grouped:
            swaps += [(row, None) for row in known[stream]]
    for place in groups:
        inside = [i for i, stream in enumerate(place.group.streams) if stream in chosen]
        outside = [i for i, stream in enumerate(place.group.streams) if stream not in chosen]
        if inside and (first or not outside):
            swaps += [(row, None) for i in inside for row in place.rows[i]]
            mixed = place.mixed([*inside, *outside], len(inside), own_first=False) if outside else {}
            swaps += [(one.row, one) for i in outside for one in mixed[i]]
        elif inside:
            mixed = place.mixed([*outside, *inside], len(outside), own_first=True)
            swaps += [(one.row, one) for i in inside for one in mixed[i]]
    return Variant(kind, name, tuple(swaps))


def variants(known: Mapping[str, Sequence[int]], groups: Sequence[Place], evidence: Iterable[str]) -> list[Variant]:
    """All that first-order and total indices need: every stream, every group, and what rests on some evidence.

    Kinds: "alone" for a stream that no other follows, "first" and "last" for a member of a group, "group", and
    "evidence first" and "evidence last" for all streams whose spreads are not assumed.
    """
    grouped = {name for place in groups for name in place.group.streams}
    found = [exchanged("alone", name, [name], known, groups, first=True) for name in known if name not in grouped]
    for place in groups:
        members = place.group.streams
        found.append(exchanged("group", group_name(place.group), members, known, groups, first=True))
        for member in members:
            found += [exchanged("first", member, [member], known, groups, first=True)]
            found += [exchanged("last", member, [member], known, groups, first=False)]
    evidence = list(evidence)
    found.append(exchanged("evidence first", "", evidence, known, groups, first=True))
    found.append(exchanged("evidence last", "", evidence, known, groups, first=False))
    return [one for one in found if one.swaps]


def group_name(group: Group) -> str:
    """A dependent group by its members."""
    return " + ".join(group.streams)
