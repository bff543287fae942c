"""Every formula that a shipped page uses, ready to be run again and compared with tests/expected.py."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from types import FunctionType

from ctsim import catalog, units
from ctsim.binding import Binding, bind, reading_step
from ctsim.programme import Programme
from ctsim.schema import Impact
from tests import expected, expected_paths
from tests.expected_paths import PATHS, PRICING, READINGS, SURVIVAL_TOLERANCE, TOLERANCES

TOLERANCE = 1e-12
SCENARIO = "framework_2023_11"
STUDIES = ("new_car_baseline",)
"""Studies that name formulas which no page does."""
EXPECTED = {**expected.EXPECTED, **PATHS, **PRICING, **READINGS}
ELSEWHERE = {**expected.ELSEWHERE, **expected_paths.ELSEWHERE}

Results = dict[int, list[float]]
"""A checked step's result at every point, in its figure's unit."""


def close(given: list[float], expected: float | tuple[float, ...], tolerance: float = TOLERANCE) -> bool:
    wanted = expected if isinstance(expected, tuple) else (expected,) * len(given)
    return all(math.isclose(a, b, rel_tol=tolerance) for a, b in zip(given, wanted, strict=True))


def tolerance_of(key: str) -> float:
    """How far a result may be off: the cells between and after published years use ctsim's own survival."""
    return TOLERANCES.get(key.partition(".")[0], SURVIVAL_TOLERANCE) if key in PATHS or key in READINGS else TOLERANCE


def reproduced(record: Impact, given: list[float]) -> bool:
    """Whether results (one, or low, middle, high) are the first printing within half a step; a range at both ends."""
    first = record.printed[0] if record.printed else None
    if first is None or first.step is None:
        return False
    pairs = [(given[0], first.low), (given[-1], first.high)]
    if first.value is not None:
        pairs = [(given[len(given) // 2], first.value)]
    half = first.step / 2 * (1 + TOLERANCE)
    return all(wanted is not None and abs(one - wanted) <= half for one, wanted in pairs)


@dataclass(frozen=True)
class Run:
    """A binding, and what the checked ones of its steps must give.

    `values` are used instead of the printed ones (page units, by parameter); then no published figure applies.
    """

    programme: str
    binding: Binding
    checked: Mapping[int, float | tuple[float, ...]]
    values: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def points(self) -> list[list[float]]:
        """Row values at the low end, the middle and the high end of printed ranges; one point without ranges."""
        rows = self.binding.rows
        if self.values:
            return [[self.values.get(row.stream.partition(".")[2], row.central) for row in rows]]
        if all(row.low == row.high for row in rows):
            return [self.binding.central()]
        return [[row.low for row in rows], self.binding.central(), [row.high for row in rows]]

    def results(self, binding: Binding | None = None, points: list[list[float]] | None = None) -> Results:
        """The checked results, of a changed binding or at changed points where given."""
        evaluated = [(binding or self.binding).evaluate(point) for point in points or self.points]
        return {step: [one[step] for one in evaluated] for step in self.checked}

    def as_expected(self, results: Results) -> bool:
        figures = {step: self.binding.steps[step].figure.key for step in results}
        return all(close(given, self.checked[step], tolerance_of(figures[step])) for step, given in results.items())

    def verdicts(self, results: Results) -> list[bool]:
        """Whether each figure is reproduced."""
        records = {} if self.values else {step: self.binding.steps[step].figure.record for step in results}
        return [reproduced(record, results[step]) for step, record in records.items()]

    @cached_property
    def printed_verdicts(self) -> list[bool]:
        return self.verdicts(self.results())

    def with_function(self, function: Callable[..., float], other: Callable[..., float]) -> Binding:
        steps = (replace(one, function=other) if one.function is function else one for one in self.binding.steps)
        return replace(self.binding, steps=tuple(steps))

    def arguments(self, function: FunctionType) -> Iterator[dict[str, float]]:
        """The arguments of `function`, in the units it declares, for every step that uses it and every point."""
        names = list(units.signature(function)[0])
        for point in self.points:
            results = self.binding.evaluate(point)
            for step in self.binding.steps:
                if step.function is function:
                    given = [(point if one.kind == "row" else results)[one.index] * one.factor for one in step.inputs]
                    yield dict(zip(names, given, strict=True))


@cache
def programmes() -> tuple[Programme, ...]:
    return (*catalog.load(SCENARIO).programmes, *catalog.load("carbon_pricing").programmes)


@cache
def keys() -> dict[str, tuple[str, Binding, int]]:
    """Programme, binding and step of every figure with a formula, and of every reading, by the key of EXPECTED."""
    found = {}
    for programme in programmes():
        literal = bind([programme])
        for number, step in enumerate(literal.steps):
            if step.function is not None:
                found[step.figure.key] = (programme.id, literal, number)
        for reading in programme.page.reading:
            for impact in reading.impact:
                binding = reading_step(programme, reading.name, impact)
                key = f"{programme.id}.{impact} [{reading.formula}]"
                found[key] = (programme.id, binding, len(binding.steps) - 1)
    return {**found, **_of_studies()}


def _of_studies() -> dict[str, tuple[str, Binding, int]]:
    """The same for formulas that studies put in place of a page's, by the key of a reading."""
    pages = {programme.id: {step.function for step in bind([programme]).steps} for programme in programmes()}
    found = {}
    for programme in (one for study in STUDIES for one in catalog.load(study).programmes):
        binding = bind([programme])
        for number, step in enumerate(binding.steps):
            if step.function is not None and step.function not in pages[programme.id]:
                found[f"{step.figure.key} [{step.function.__name__}]"] = (programme.id, binding, number)
    return found


@cache
def runs() -> tuple[Run, ...]:
    """The literal formulas of a programme together, every reading, and some again at other values."""
    literal: dict[str, Run] = {}
    single = []
    for key, (programme, binding, step) in keys().items():
        expected = {step: EXPECTED[key]}
        if key.endswith("]"):
            single.append(Run(programme, binding, expected))
        else:
            checked = literal[programme].checked if programme in literal else {}
            literal[programme] = Run(programme, binding, {**checked, **expected})
        if key in ELSEWHERE:
            values, result = ELSEWHERE[key]
            single.append(Run(programme, binding, {step: result}, values))
    return (*literal.values(), *single)


@cache
def formulas() -> dict[str, tuple[FunctionType, tuple[Run, ...]]]:
    """Every formula that a page uses, by `programme.function`, with the runs that check it."""
    found: dict[str, tuple[FunctionType, tuple[Run, ...]]] = {}
    for run in runs():
        for function in {run.binding.steps[step].function for step in run.checked}:
            assert isinstance(function, FunctionType)
            name = f"{run.programme}.{function.__name__}"
            found[name] = (function, (*found.get(name, (function, ()))[1], run))
    order = [f"{programme.id}." for programme in programmes()]
    return dict(sorted(found.items(), key=lambda one: (order.index(one[0].partition(".")[0] + "."), one[0])))
