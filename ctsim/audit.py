"""The report against itself: every published figure beside what its own formula gives at its own parameters.

A figure is `reproduced` when |computed - printed| <= step / 2 (for a range at both ends); else `within_input_rounding`
when some inputs inside their own printed rounding give it; else `reading_found` when a named reading of the page gives
it; else `not_reproduced`. `no_formula`: the report prints no arithmetic. Nothing is tuned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any, Final

from ctsim import schema, tomlfile, units
from ctsim.binding import Binding, reading_step
from ctsim.catalog import Scenario, load
from ctsim.library import library_root
from ctsim.programme import Figure, Parameter, Programme
from ctsim.quotes import numbers

_BASES: Final = ("t-CO2/yr", "t-CO2", "JPY/yr", "JPY")
_BASE_NAMES: Final = {"t-CO2/yr": "t-CO2", "JPY/yr": "JPY"}
_COUNTED: Final = ("vehicle", "home", "person", "ship", "furnace", "project", "theme", "company")
_SLACK: Final = 1 + 1e-9
_ROUNDS: Final = 20


@dataclass(frozen=True)
class ReadingResult:
    """A named reading beside the literal result, in the figure's unit."""

    name: str
    computed: float
    gives_published: bool


@dataclass(frozen=True)
class AuditFigure:
    """One published figure, in the page's unit and in the base unit (t-CO2, JPY, or what it is)."""

    programme: str
    annex: int | None
    metric: str
    item: str
    item_ja: str
    when: str
    scope: str
    period: str
    unit: str
    as_printed: str
    published: float
    published_low: float
    published_high: float
    computed: float | None
    computed_low: float | None
    computed_high: float | None
    base_unit: str
    published_base: float
    published_low_base: float
    published_high_base: float
    computed_base: float | None
    relative_difference: float | None
    verdict: str
    expected_verdict: str
    printings: tuple[str, ...]
    readings: tuple[ReadingResult, ...]

    @property
    def key(self) -> str:
        return ".".join(part for part in (self.programme, self.metric, self.when, self.item) if part)


@dataclass(frozen=True)
class Audit:
    """Every published figure, and the ledger of inconsistencies of the report."""

    figures: tuple[AuditFigure, ...]
    inconsistencies: tuple[schema.LedgerEntry, ...]

    def surprises(self) -> list[AuditFigure]:
        """Figures whose verdict is not the one their page states."""
        return [figure for figure in self.figures if figure.verdict != figure.expected_verdict]

    def to_dict(self) -> dict[str, Any]:
        """As `ctsim audit --json` prints it."""
        entries = [entry.model_dump() for entry in self.inconsistencies]
        return {"figures": [asdict(figure) for figure in self.figures], "inconsistencies": entries}


def audit(scenario: str | Path | Scenario = "as_published", formulas: str | Path | None = None) -> Audit:
    """Compare every printed figure of `scenario` with its formula. Raises InputError where files are wrong."""
    resolved = scenario if isinstance(scenario, Scenario) else load(scenario, formulas)
    results = _Results(resolved)
    figures = tuple(
        results.figure(programme, figure)
        for programme in resolved.programmes
        for figure in programme.figures
        if figure.record.printed
    )
    return Audit(figures, _ledger(resolved))


def _ledger(scenario: Scenario) -> tuple[schema.LedgerEntry, ...]:
    path = library_root() / "ledger.toml"
    if not path.is_file():
        return ()
    here = {programme.id for programme in scenario.programmes}
    entries = tomlfile.read(path, schema.LedgerFile, "scenarios/ledger.toml").record.inconsistency
    whole = {entry.programme for entry in entries} - {None} <= here  # what is about no programme is about the report
    return tuple(entry for entry in entries if entry.programme in here or (entry.programme is None and whole))


class _Results:
    """The binding of a scenario run at the low, middle and high ends of what is printed."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.binding = scenario.binding
        self.parameters = {name: one for one in scenario.parameters().values() for name in one.streams}
        self.low, self.middle, self.high = at_ends(self.binding)

    def figure(self, programme: Programme, figure: Figure) -> AuditFigure:
        step = self.binding.step_of(figure)
        low, high = sorted((self.low[step], self.high[step]))
        middle = self.middle[step]
        record, printed = figure.record, figure.published()
        published = (printed[0] + printed[1]) / 2
        readings = self._readings(programme, figure)
        verdict = self._verdict(figure, step, (low, middle, high), readings)
        base, factor = _base(record.unit)
        computed = None if figure.reported or not isfinite(middle) else middle
        return AuditFigure(
            programme.id, programme.page.programme.annex, record.metric, record.item, record.item_ja or record.item,
            record.when, record.scope, record.period, record.unit, record.printed[0].as_printed, published, *printed,
            computed, None if computed is None else low, None if computed is None else high, base, published * factor,
            printed[0] * factor, printed[1] * factor, None if computed is None else computed * factor,
            None if computed is None or not published else (computed - published) / published, verdict,
            record.verdict or ("no_formula" if figure.reported else "reproduced"),
            tuple(f"{one.where}: {one.as_printed}" for one in record.printed), readings,
        )  # fmt: skip

    def _readings(self, programme: Programme, figure: Figure) -> tuple[ReadingResult, ...]:
        impact = figure.key.removeprefix(f"{programme.id}.")
        mine = [one for one in programme.page.reading if impact in one.impact]
        found = []
        for reading in mine:
            binding = reading_step(programme, reading.name, impact, self.scenario.formulas)
            ends = [results[-1] for results in at_ends(binding)]
            found.append(ReadingResult(reading.name, ends[1], _reproduces(figure, (min(ends), ends[1], max(ends)))))
        return tuple(found)

    def _verdict(
        self, figure: Figure, step: int, computed: tuple[float, float, float], readings: Sequence[ReadingResult]
    ) -> str:
        if figure.reported:
            return "no_formula"
        if _reproduces(figure, computed):
            return "reproduced"
        if self._within_input_rounding(figure, step):
            return "within_input_rounding"
        return "reading_found" if any(reading.gives_published for reading in readings) else "not_reproduced"

    def _within_input_rounding(self, figure: Figure, step: int) -> bool:
        """Whether inputs inside their printed rounding (and inside printed ranges) reach the printed figure."""
        used = _rows_of(self.binding, step)
        low = _extreme(self.binding, step, self._box, used, sign=-1)
        high = _extreme(self.binding, step, self._box, used, sign=1)
        published_low, published_high = figure.published()
        half = (figure.record.printed[0].step or 0.0) / 2 * _SLACK
        return low <= published_high + half and high >= published_low - half

    @cached_property
    def _box(self) -> list[tuple[float, float]]:
        """What every row may be inside its printed rounding."""
        return [self._rounding(row.stream, row.low, row.high) for row in self.binding.rows]

    def _rounding(self, stream: str, low: float, high: float) -> tuple[float, float]:
        parameter = self.parameters.get(stream)
        half = 0.0 if parameter is None else _input_step(parameter, low) / 2
        return low - half, high + half


def at_ends(binding: Binding) -> tuple[list[float], list[float], list[float]]:
    """Every step with all printed ranges at their low end, middle and high end."""
    low = binding.evaluate([row.low for row in binding.rows])
    high = binding.evaluate([row.high for row in binding.rows])
    return low, binding.evaluate(binding.central()), high


def _reproduces(figure: Figure, computed: tuple[float, float, float]) -> bool:
    low, high = figure.published()
    half = (figure.record.printed[0].step or 0.0) / 2 * _SLACK
    if low == high:
        return abs(computed[1] - low) <= half
    return abs(computed[0] - low) <= half and abs(computed[2] - high) <= half


def _input_step(parameter: Parameter, value: float) -> float:
    """Place of the last printed digit of `value` in the parameter's printing; 0 for counts and what is not found."""
    record = parameter.record
    if record.unit in _COUNTED or record.constant or record.as_printed is None:
        return 0.0
    phrases = (record.as_printed,) if isinstance(record.as_printed, str) else record.as_printed
    steps = [n.step for phrase in phrases for n in numbers(phrase) if value in (n.low, n.high)]
    return min((step for step in steps if step > 0), default=0.0)


def _rows_of(binding: Binding, step: int) -> list[int]:
    """The rows that a step depends on, through other steps too."""
    rows: list[int] = []
    waiting = [step]
    while waiting:
        for one in binding.steps[waiting.pop()].inputs:
            (rows if one.kind == "row" else waiting).append(one.index)
    return list(dict.fromkeys(rows))


def _extreme(binding: Binding, step: int, box: Sequence[tuple[float, float]], used: Sequence[int], sign: int) -> float:
    """The least (sign -1) or greatest (1) value of a step over a box, by moving one row at a time to its better end.

    Formulas are monotone in each row, so this ends in a corner; from there no single row can improve.
    """
    values = binding.central()
    best = binding.value(step, values)
    for _ in range(_ROUNDS):
        before = best
        for row in used:
            for end in box[row]:
                trial = [*values[:row], end, *values[row + 1 :]]
                result = binding.value(step, trial)
                if sign * (result - best) > 0:
                    best, values = result, trial
        if best == before:
            break
    return best


def _base(unit: str) -> tuple[str, float]:
    """Base unit of a figure and the factor into it."""
    for base in _BASES:
        if units.convertible(unit, base):
            return _BASE_NAMES.get(base, base), units.conversion(unit, base)
    for base in ("t-CO2/t-H2", "yr", "1"):
        if units.convertible(unit, base):
            return base, units.conversion(unit, base)
    return unit, 1.0
