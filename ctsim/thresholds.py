"""Thresholds that a user names: which cell, which value, and the share of draws at or above it.

A threshold is a text `CELL=VALUE`. The cell is written as figures are (`programme.metric.when`, with `.item` for a
part), a total with its group in place of the programme; the value is in the unit the cell has in the result. The share
is one of draws under the assumptions, not a probability that anything will be met.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Final

import numpy as np
import xarray as xr

from ctsim import dataset
from ctsim.catalog import Scenario
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.kernel import Target
from ctsim.programme import METRICS, YEARS
from ctsim.summaries import Summary
from ctsim.totals import totals_of

Given = Iterable[str] | Mapping[str, float]
"""`CELL=VALUE` texts, or values by cell."""

_MOST_SHOWN: Final = 80


def checked(given: Given, scenario: Scenario, chosen: Sequence[Target]) -> list[str]:
    """The thresholds as a request holds them: each once, in the order of the chosen targets and of their values.

    Raises InputError with a finding for each that has no such cell, a cell without a number, or no number.
    """
    texts = [f"{cell}={value}" for cell, value in given.items()] if isinstance(given, Mapping) else given
    places = {target.name: place for place, target in enumerate(chosen)}
    units = {target.name: _unit(target) for target in chosen}
    found: set[tuple[int, float]] = set()
    findings = []
    for text in [texts] if isinstance(texts, str) else texts:
        cell, value = _parts(text)
        if said := _fault(cell, value, units, scenario):
            findings.append(Finding(Place(), "", f"--threshold {str(text)[:_MOST_SHOWN]}: {said}"))
        else:
            found.add((places[cell], value))
    if findings:
        raise InputError(findings)
    return [f"{chosen[place].name}={value!r}" for place, value in sorted(found)]


def _fault(cell: str, value: float, units: Mapping[str, str], scenario: Scenario) -> str:
    """What is wrong with a threshold and how to mend it, or ""."""
    if not cell:
        return "write CELL=VALUE, as offshore_wind.co2_reduction.2030=5"
    if cell not in units:
        return _no_cell(cell, scenario)
    return "" if isfinite(value) else f"the value must be a finite number, in {units[cell]}"


def _parts(text: str) -> tuple[str, float]:
    """Cell and value; "" where there is no cell, NaN where there is no number."""
    cell, equals, number = str(text).rpartition("=")
    try:
        value = float(number) + 0.0  # -0 becomes 0
    except ValueError:
        value = float("nan")
    return (cell.strip() if equals else ""), value


def _no_cell(cell: str, scenario: Scenario) -> str:
    """Why a cell cannot be asked for."""
    for programme in scenario.programmes:
        for metric in METRICS:
            for year in YEARS:
                one = programme.cell(metric, year)
                if cell == f"{programme.id}.{metric}.{year}" and one.reason:
                    return f"the cell has no number ({one.reason_code}): {one.reason.en}"
    totals = {one.cell: one for one in totals_of(scenario.totals, scenario.programmes, YEARS, METRICS, scenario.names)}
    if total := totals.get(cell):
        if total.reason:
            return f"the total has no number: {total.reason.en}"
        if len(total.figures) == 1:
            return f"it is one cell; name {total.members[0]}.{total.group.metric}.{total.year}"
    for group in scenario.totals:
        if group.kind in ("list", "money") and cell.partition(".")[0] == group.id:
            return f"no total of draws ({group.kind}): {group.reason.en}"
    known = [*(target.name for target in dataset.targets(scenario)), *totals]
    if cell in known:
        return "the cell is not among those that were chosen; choose it, too"
    return f"no such cell.{did_you_mean(cell, known) or ' Cells are named programme.metric.when.'}"


def _unit(target: Target) -> str:
    """The unit that a cell has in the result."""
    return dataset.NODE_UNITS.get(target.node.rpartition("/")[2], target.unit)


def placed(targets: Sequence[Target], texts: Iterable[str]) -> list[Target]:
    """The targets with the thresholds of a request, which were `checked`."""
    values: dict[str, list[float]] = {}
    for text in texts:
        cell, value = _parts(text)
        values.setdefault(cell, []).append(value)
    return [replace(one, thresholds=tuple(values[one.name])) if one.name in values else one for one in targets]


def node(targets: Sequence[Target], summary: Summary) -> xr.Dataset:
    """`/thresholds` of the result: the share of draws at or above each threshold, with its Monte Carlo error."""
    at = [(row, column) for row, target in enumerate(targets) for column in range(len(target.thresholds))]
    rows, columns = (np.array(one, dtype=np.int64) for one in zip(*at, strict=True))
    values = [targets[row].thresholds[column] for row, column in at]
    names = [targets[row].name for row, _ in at]
    share, error = summary.p_at_least[rows, 2 + columns], summary.p_at_least_mcse[rows, 2 + columns]

    def words(said: list[str], name: str) -> xr.Variable:
        return xr.Variable(("threshold",), np.array(said, dtype=object), {"units": "", "long_name": name})

    def numbers(column: object, unit: str, name: str) -> xr.Variable:
        return xr.Variable(("threshold",), np.asarray(column, dtype=float), {"units": unit, "long_name": name})

    return xr.Dataset(
        {
            "cell": words(names, "cell"),
            "value": numbers(values, "see variable unit", "value that draws are compared with"),
            "unit": words([_unit(targets[row]) for row, _ in at], "unit of the value"),
            "p_at_least": numbers(share, "1", "share of draws at or above the value, under the assumptions"),
            "p_mcse": numbers(error, "1", "Monte Carlo standard error of p_at_least"),
        },
        {"threshold": words([f"{n}={v!r}" for n, v in zip(names, values, strict=True)], "threshold")},
    )
