"""What of a scenario a run computes: programmes, metrics and years that were chosen, and no more than they need.

Draws belong to names, so what is left has the same bits as in the whole run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ctsim.binding import Binding, Step
from ctsim.catalog import Scenario
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.kernel import Target
from ctsim.programme import METRICS

CHOICES: Final = (*METRICS, "other")
"""Metrics that may be chosen."""


def programmes_of(scenario: Scenario, names: Iterable[str] | None) -> list[str]:
    """Ids of the chosen programmes, in the scenario's order; None chooses all. Raises InputError."""
    return chosen("--programmes", [programme.id for programme in scenario.programmes], names)


def metrics_of(names: Iterable[str] | None) -> list[str]:
    """The chosen metrics, in order; None chooses all. Raises InputError."""
    return chosen("--metrics", list(CHOICES), names)


def chosen(option: str, known: Sequence[str], names: Iterable[str] | None) -> list[str]:
    """Those of the known names that an option chooses, in their order; None chooses all. Raises InputError."""
    if names is None:
        return list(known)
    wanted = [names] if isinstance(names, str) else list(names)
    hints = {name: _hint(option, str(name), known) for name in wanted}
    findings = [Finding(Place(), "", f"{option} {str(name)[:80]}: there is none.{hints[name]}")
                for name in wanted if name not in known]  # fmt: skip
    if not wanted:
        findings = [Finding(Place(), "", f"{option}: choose from {', '.join(known)}")]
    if findings:
        raise InputError(findings)
    return [name for name in known if name in wanted]


def _hint(option: str, name: str, known: Sequence[str]) -> str:
    if "," in name:
        each = " ".join(f"{option} {one.strip()}" for one in name.split(",") if one.strip())
        return f" Repeat {option} for each: {each[:200]}"
    return did_you_mean(name, known) or f" Choose from {', '.join(known)}."


def view(scenario: Scenario, request: Mapping[str, Any]) -> Scenario:
    """The scenario with the chosen programmes only; the very same one where all are."""
    chosen = tuple(programme for programme in scenario.programmes if programme.id in request["programmes"])
    return scenario if len(chosen) == len(scenario.programmes) else replace(scenario, programmes=chosen)


def pruned(binding: Binding, targets: Sequence[Target]) -> tuple[Binding, list[Target]]:
    """The binding with the steps that the targets need and no others, and the targets on its steps. All rows stay."""
    needed = {index for target in targets for kind, index, _ in target.parts if kind == "step"}
    for number in range(len(binding.steps) - 1, -1, -1):  # a step needs only earlier ones
        if number in needed:
            needed |= {one.index for one in binding.steps[number].inputs if one.kind == "step"}
    if len(needed) == len(binding.steps):
        return binding, list(targets)
    place = {number: at for at, number in enumerate(sorted(needed))}
    steps = tuple(_moved(binding.steps[number], place) for number in place)
    return Binding(binding.rows, steps), [target.moved(place) for target in targets]


def _moved(step: Step, place: Mapping[int, int]) -> Step:
    inputs = (replace(one, index=place[one.index]) if one.kind == "step" else one for one in step.inputs)
    return replace(step, inputs=tuple(inputs))
