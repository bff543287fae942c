"""Two scenarios in one binding: each quantity as it is when some of what differs is taken from the second scenario.

Rows, steps and targets that are the same in several mixtures stand once: what two scenarios share is drawn and computed
once, whatever number of mixtures is asked for. A mixture is a set of atoms (`ctsim.differences`): those taken from the
second scenario.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from math import isfinite
from typing import Final

import numpy as np

from ctsim import units
from ctsim.binding import Binding, Input, Row, Step
from ctsim.catalog import Scenario, Stream
from ctsim.console import ROUNDING
from ctsim.coordinates import Coordinate
from ctsim.dependence import Group, Tie, ties_of
from ctsim.differences import Atom, components, named_steps, step_id
from ctsim.distributions import FIXED, Quantiles
from ctsim.equations import Formula, formula_source
from ctsim.kernel import Kernel, Target

Key = tuple[str, tuple[str, ...]]
"""Node and key of a quantity, as targets have them."""

Mixture = frozenset[Atom]
Part = tuple[str, int, float]

_ABOVE_ZERO: Final = float(np.nextafter(0.0, 1.0))


@dataclass(frozen=True)
class Side:
    """One of the scenarios: what it samples and computes, quantile functions by row, and what is summarised."""

    scenario: Scenario
    quantiles: tuple[Quantiles, ...]
    targets: Mapping[Key, Target]

    @cached_property
    def rows(self) -> dict[str, dict[str, int]]:
        """Row numbers by stream and year."""
        found: dict[str, dict[str, int]] = {}
        for number, row in enumerate(self.scenario.binding.rows):
            found.setdefault(row.stream, {})[row.year] = number
        return found

    @cached_property
    def steps(self) -> dict[str, Step]:
        """Steps by their names."""
        return named_steps(self.scenario)

    @cached_property
    def programmes(self) -> frozenset[str]:
        """Ids of the programmes."""
        return frozenset(programme.id for programme in self.scenario.programmes)

    @cached_property
    def drawn(self) -> set[str]:
        """Streams of rows that are not fixed."""
        rows = zip(self.scenario.binding.rows, self.quantiles, strict=True)
        return {row.stream for row, one in rows if one.kind != FIXED}

    @cached_property
    def digests(self) -> dict[str, str]:
        """By row label: a digest of its quantile function."""
        rows = self.scenario.binding.rows
        return {row.label: content(one) for row, one in zip(rows, self.quantiles, strict=True)}

    @cached_property
    def _central(self) -> tuple[list[float], list[float]]:
        rows = self.scenario.binding.central()
        return rows, self.scenario.binding.evaluate(rows)

    def size(self, key: Key) -> float:
        """How large a quantity is at what is printed; 0 where it is not there or has no number there."""
        found = abs(self.targets[key].of(*self._central)) if key in self.targets else 0.0
        return found if isfinite(found) else 0.0

    def row(self, stream: str, year: str) -> int | None:
        """The row of a stream for a year, or its one row for all years."""
        by_year = self.rows.get(stream, {})
        return by_year.get(year, by_year.get(""))

    def parts(self, key: Key) -> dict[str, Part]:
        """Parts of a quantity by the name of the step; whether it is delivered is an atom of its own."""
        steps = self.scenario.binding.steps
        found = ((step_id(replace(steps[part[1]], delivered=False)), part) for part in self.targets[key].parts)
        return dict(found)


def larger(a: float, b: float) -> float:
    """The larger one; not finite where one of them is not."""
    return max(a, b) + 0 * (a + b)


def smaller(a: float, b: float) -> float:
    """The smaller one; not finite where one of them is not."""
    return min(a, b) + 0 * (a + b)


def content(one: Quantiles) -> str:
    """A digest of a quantile function."""
    return sha256(repr((one.kind, one.parameters.tolist())).encode() + one.table.tobytes()).hexdigest()


class Hybrids:
    """All mixtures of two scenarios. `listed`: the atoms of what differs."""

    def __init__(self, a: Side, b: Side, listed: Iterable[Atom]) -> None:
        self.a, self.b = a, b
        self.listed = frozenset(listed)
        self._linked = components(a.scenario, b.scenario)
        drawn = {stream for side in (a, b) for stream in side.drawn}
        self._groups = [[group for one in side.scenario.declared_groups if (group := one.up_to(drawn)) is not None]
                        for side in (a, b)]  # fmt: skip
        self._ties = [ties_of(groups) for groups in self._groups]
        self._rows: dict[tuple[str, str, Tie | None, str], int] = {}
        self._steps: dict[tuple[str, tuple[Input, ...], float], int] = {}
        self.rows: list[tuple[Row, Quantiles, Tie | None]] = []
        self.steps: list[Step] = []

    @property
    def groups(self) -> list[Group]:
        """Groups of either scenario."""
        return [group for groups in self._groups for group in groups]

    @property
    def streams(self) -> list[Stream]:
        """All that a mixture may draw."""
        rows = (row.stream for side in (self.a, self.b) for row in side.scenario.binding.rows)
        members = (name for group in self.groups for name in group.streams)
        return [Stream(name) for name in dict.fromkeys([*rows, *members])]

    @cached_property
    def keys(self) -> list[Key]:
        """Every quantity of either scenario, readings left out: those of the first one first."""
        return [key for key in dict.fromkeys([*self.a.targets, *self.b.targets]) if key[0] != "/readings"]

    def above_zero(self, key: Key) -> float:
        """The threshold that differences are counted at: draws where the second scenario is higher.

        By more than rounding: a difference of sums whose terms are equal in a draw is a few times 1e-16 of them.
        """
        return max(_ABOVE_ZERO, ROUNDING * max(side.size(key) for side in (self.a, self.b)))

    # ---- mixtures

    def parts(self, key: Key, mixture: Mixture) -> tuple[Part, ...]:
        """What a quantity is the sum of in a mixture; nothing where it is of a programme that is not there."""
        found = [side.parts(key) if key in side.targets else {} for side in (self.a, self.b)]
        delivered = (self.b if ("delivery", "") in mixture else self.a).scenario.delivery == "included"
        names = (name for name in dict.fromkeys([*found[0], *found[1]]) if self._is_there(name, mixture))
        parts = tuple(self._part(name, found, key, mixture, delivered) for name in names)
        how = (self.a.targets.get(key) or self.b.targets[key]).how
        return parts if how == "sum" else self._largest(parts, is_two=how == "two_largest")

    def _largest(self, parts: tuple[Part, ...], is_two: bool) -> tuple[Part, ...]:
        """The largest of some parts by steps of their own, or the largest and the next one: again a sum."""
        top, *rest = parts or [None]
        second: Part | None = None
        for one in rest:
            assert top is not None and one is not None
            low, top = self._of(smaller, top, one), self._of(larger, top, one)
            if is_two:
                second = low if second is None else self._of(larger, second, low)
        return tuple(one for one in (top, second) if one is not None)

    def _of(self, formula: Formula, a: Part, b: Part) -> Part:
        inputs = tuple(Input(*one) for one in (a, b))
        key = (formula_source(formula), inputs, 1.0)
        if key not in self._steps:
            self._steps[key] = len(self.steps)
            self.steps.append(replace(self.steps[a[1]], function=formula, inputs=inputs, factor=1.0))
        return "step", self._steps[key], 1.0

    def _part(
        self, name: str, found: Sequence[Mapping[str, Part]], key: Key, mixture: Mixture, delivered: bool
    ) -> Part:
        with_delivery = f"{name}:delivered"
        is_drawn = delivered and any(with_delivery in side.steps for side in (self.a, self.b))
        number, unit = self._step(with_delivery if is_drawn else name, mixture)
        target = (self.a if key in self.a.targets else self.b).targets[key]
        factor = (found[0].get(name) or found[1][name])[2]
        own = (self.a if name in found[0] else self.b).steps[name].figure.record.unit
        return "step", number, factor if unit == own else units.conversion(unit, target.unit)

    def _is_there(self, name: str, mixture: Mixture) -> bool:
        """Whether a figure is in a mixture: its programme is, and the page has it."""
        programme = name.partition(".")[0]
        for atom, here in ((("programme", programme), [programme in side.programmes for side in (self.a, self.b)]),
                           (("cell", name), [name in side.steps for side in (self.a, self.b)])):  # fmt: skip
            if here[0] != here[1] and atom in self.listed:
                return here[atom in mixture]
        return True

    def _step(self, name: str, mixture: Mixture) -> tuple[int, str]:
        """The number of a step in a mixture, and the unit of its figure."""
        side = self._side(("figure", name), mixture, name in self.a.steps, name in self.b.steps)
        step = side.steps[name]
        inputs = tuple(self._input(side, step, one, mixture) for one in step.inputs)
        source = "" if step.function is None else formula_source(step.function)
        key = (source, inputs, step.factor)
        if key not in self._steps:
            self._steps[key] = len(self.steps)
            self.steps.append(replace(step, inputs=inputs))
        return self._steps[key], step.figure.record.unit

    def _input(self, side: Side, step: Step, one: Input, mixture: Mixture) -> Input:
        binding = side.scenario.binding
        if one.kind == "row":
            row = binding.rows[one.index]
            number, unit, own = *self._row(row.stream, step.figure.record.when, mixture), row.unit
        else:
            other = binding.steps[one.index]
            number, unit, own = *self._step(step_id(other), mixture), other.figure.record.unit
        factor = one.factor if unit == own else one.factor * units.conversion(unit, own)
        return Input(one.kind, number, factor)

    def _row(self, stream: str, year: str, mixture: Mixture) -> tuple[int, str]:
        row, quantiles, tie = self._chosen(stream, year, mixture)
        whole = self._whole(row, mixture)
        for member, other, its_tie in whole:
            self._listed(member, other, its_tie)
        name = whole[0][0].composition if whole else ""
        return self._listed(replace(row, composition=name), quantiles, tie), row.unit

    def _chosen(self, stream: str, year: str, mixture: Mixture) -> tuple[Row, Quantiles, Tie | None]:
        numbers = self.a.row(stream, year), self.b.row(stream, year)
        side = self._side(("row", stream), mixture, numbers[0] is not None, numbers[1] is not None)
        number = numbers[side is self.b]
        assert number is not None
        row, quantiles = side.scenario.binding.rows[number], side.quantiles[number]
        return row, quantiles, None if quantiles.kind == FIXED else self._tie(stream, side, mixture)

    def _whole(self, row: Row, mixture: Mixture) -> list[tuple[Row, Quantiles, Tie | None]]:
        """All shares of the whole that a row is a share of, as they are in a mixture, under a name of their own."""
        if not row.composition:
            return []
        sides = (self.a.scenario.binding.rows, self.b.scenario.binding.rows)
        streams = dict.fromkeys(one.stream for rows in sides for one in rows if one.composition == row.composition)
        found = [self._chosen(stream, row.year, mixture) for stream in streams]
        made_of = repr([(member.stream, content(quantiles), tie) for member, quantiles, tie in found])
        name = f"{row.composition} {sha256(made_of.encode()).hexdigest()[:16]}"
        return [(replace(member, composition=name), quantiles, tie) for member, quantiles, tie in found]

    def _listed(self, row: Row, quantiles: Quantiles, tie: Tie | None) -> int:
        key = ("" if quantiles.kind == FIXED else row.stream, content(quantiles), tie, row.composition)
        if key not in self._rows:
            self._rows[key] = len(self.rows)
            self.rows.append((row, quantiles, tie))
        return self._rows[key]

    def _tie(self, stream: str, side: Side, mixture: Mixture) -> Tie | None:
        """How a row follows others: as its own scenario says, or as the mixture does where that is what differs."""
        atom = ("together", self._linked.get(stream, ""))
        is_b = atom in mixture if atom in self.listed else side is self.b
        return self._ties[is_b].get(stream)

    def _side(self, atom: Atom, mixture: Mixture, in_a: bool, in_b: bool) -> Side:
        if in_a and in_b:
            return self.b if atom in mixture else self.a
        return self.a if in_a else self.b

    # ---- what differs where

    @cached_property
    def none(self) -> Mixture:
        """The first scenario."""
        return frozenset()

    @cached_property
    def all(self) -> Mixture:
        """The second scenario."""
        return self.listed

    def touching(self, key: Key) -> Mixture:
        """The atoms that reach a quantity in any mixture."""
        found: set[Atom] = set()
        for name in self._reached([key]):
            found |= {("figure", name), ("cell", name), ("programme", name.partition(".")[0])}
            if name.endswith(":delivered"):
                found.add(("delivery", ""))
            for stream in self._streams_of(name):
                found.add(("row", stream))
                if self._ties[0].get(stream) != self._ties[1].get(stream):
                    found.add(("together", self._linked[stream]))
        return frozenset(found & self.listed)

    def _reached(self, keys: Iterable[Key]) -> list[str]:
        """Names of all steps that quantities are made from in any mixture."""
        sides = (self.a, self.b)
        waiting = [name for key in keys for side in sides if key in side.targets for name in side.parts(key)]
        if any(side.scenario.delivery == "included" for side in sides):
            delivered = [f"{name}:delivered" for name in waiting]
            waiting += [name for name in delivered if any(name in side.steps for side in sides)]
        seen: dict[str, None] = {}
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen[name] = None
                for side in sides:
                    inputs = side.steps[name].inputs if name in side.steps else ()
                    waiting += [step_id(side.scenario.binding.steps[one.index]) for one in inputs if one.kind == "step"]
        return list(seen)

    def _streams_of(self, name: str) -> list[str]:
        """Streams that a step takes in either scenario, and those they are scaled with."""
        found = []
        for side in (one for one in (self.a, self.b) if name in one.steps):
            binding = side.scenario.binding
            taken = binding.with_partners(one.index for one in side.steps[name].inputs if one.kind == "row")
            found += [binding.rows[number].stream for number in sorted(taken)]
        return found


def side_of(scenario: Scenario, kernel_targets: Sequence[Target], quantiles: Sequence[Quantiles]) -> Side:
    """A scenario with what is summarised of it."""
    return Side(scenario, tuple(quantiles), {(one.node, one.key): one for one in kernel_targets})


def kernel(
    hybrids: Hybrids, targets: Sequence[Target], seed: int, coordinates: Mapping[str, Coordinate] | None
) -> Kernel:
    """What draws these targets, and only what they need."""
    steps, rows = _needed(hybrids, targets)
    binding = Binding(
        tuple(hybrids.rows[number][0] for number in rows),
        tuple(_renumbered(hybrids.steps[number], steps, rows) for number in steps),
    )
    ties = {at: tie for number, at in rows.items() if (tie := hybrids.rows[number][2]) is not None}
    moved = [replace(one, parts=tuple((kind, steps[number], factor) for kind, number, factor in one.parts))
             for one in targets]  # fmt: skip
    quantiles = [hybrids.rows[number][1] for number in rows]
    return Kernel(binding, moved, seed, coordinates, quantiles, sample_all=False, ties=ties)


def _needed(hybrids: Hybrids, targets: Sequence[Target]) -> tuple[dict[int, int], dict[int, int]]:
    """Steps and rows that targets are made from, each with its place among them."""
    steps = {number for one in targets for _, number, _ in one.parts}
    for number in range(len(hybrids.steps) - 1, -1, -1):  # a step needs only earlier ones
        if number in steps:
            steps |= {one.index for one in hybrids.steps[number].inputs if one.kind == "step"}
    rows = {one.index for number in steps for one in hybrids.steps[number].inputs if one.kind == "row"}
    wholes = {name for number in rows if (name := hybrids.rows[number][0].composition)}
    rows |= {number for number, (row, *_) in enumerate(hybrids.rows) if row.composition in wholes}
    return (
        {number: at for at, number in enumerate(sorted(steps))},
        {number: at for at, number in enumerate(sorted(rows))},
    )


def _renumbered(step: Step, steps: Mapping[int, int], rows: Mapping[int, int]) -> Step:
    inputs = (replace(one, index=(rows if one.kind == "row" else steps)[one.index]) for one in step.inputs)
    return replace(step, inputs=tuple(inputs))
