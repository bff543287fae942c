"""Totals once more without dependence, in the same pass: rows that follow others get a twin that follows none.

A twin has its row's stream, so its draws are those that the row has in a run without dependence: the total at zero
dependence is that run's total to the last bit. Only totals that two parameters of one group reach have twins; for the
others both are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ctsim.binding import Binding, Row, Step
from ctsim.dependence import Group
from ctsim.kernel import Target
from ctsim.totals import INDEPENDENT


def twinned(binding: Binding, targets: Sequence[Target], groups: Sequence[Group]) -> tuple[Binding, list[Target]]:
    """The binding with twins of what moves together and reaches a total, and the targets with these totals after them.

    Numbers of rows, steps and targets that were there stay as they are.
    """
    group_of = {stream: number for number, group in enumerate(groups) for stream in group.streams}
    followers = {stream for group in groups for stream in group.streams[1:]}
    twins = _Twins(binding, followers)
    found = list(targets)
    for target in targets:
        if not target.node.startswith("/totals/"):
            continue
        streams = {binding.rows[row].stream for row in binding.reached(target.parts)} & set(group_of)
        if len({group_of[stream] for stream in streams}) < len(streams):
            parts = tuple((kind, twins.of(kind, index), factor) for kind, index, factor in target.parts)
            found.append(replace(target, key=(target.key[0] + INDEPENDENT, *target.key[1:]), parts=parts))
    return Binding(tuple(twins.rows), tuple(twins.steps)), found


class _Twins:
    """Rows and steps of a binding and after them the twins that were asked for, each once."""

    def __init__(self, binding: Binding, followers: set[str]) -> None:
        self._binding = binding
        self.rows: list[Row] = list(binding.rows)
        self.steps: list[Step] = list(binding.steps)
        self._followers = followers
        self._made: dict[tuple[str, int], int] = {}

    def of(self, kind: str, index: int) -> int:
        """The number of the twin of a row or step; its own where no row that follows another reaches it."""
        if (kind, index) not in self._made:
            self._made[kind, index] = self._row(index) if kind == "row" else self._step(index)
        return self._made[kind, index]

    def _row(self, index: int) -> int:
        together = sorted(self._binding.with_partners([index]))
        if self._followers.isdisjoint(self.rows[one].stream for one in together):
            return index
        for one in together:  # shares of one whole are scaled together
            row = self.rows[one]
            self._made["row", one] = len(self.rows)
            self.rows.append(replace(row, twin_of=one, composition=row.composition and f"{row.composition} alone"))
        return self._made["row", index]

    def _step(self, index: int) -> int:
        step = self.steps[index]
        inputs = tuple(replace(one, index=self.of(one.kind, one.index)) for one in step.inputs)
        if inputs == step.inputs:
            return index
        self.steps.append(replace(step, inputs=inputs))
        return len(self.steps) - 1
