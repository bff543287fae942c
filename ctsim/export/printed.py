"""What the report prints of a quantity, and what its own formula gives: of results that are no run and keep neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import nan
from typing import Any

from ctsim.catalog import Scenario
from ctsim.report.lines import printed


@dataclass(frozen=True)
class Printed:
    """In the unit of the result tree; NaN where there is none."""

    low: float = nan
    high: float = nan
    computed: float = nan

    @property
    def numbers(self) -> list[float]:
        """Both ends of the published figure, and what its formula gives."""
        return [self.low, self.high, self.computed]


class PrintedOf:
    """Published figures of a scenario, and its formulas at its values, by name of the quantity."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def __getitem__(self, name: str) -> Printed:
        return self._found.get(name, Printed())

    @cached_property
    def _found(self) -> Mapping[str, Printed]:
        found = {name: _of(one.values) for name, one in printed(self._scenario).items()}
        sums = {one.id: found.get(one.figure) for one in self._scenario.totals if one.figure}
        return found | {name: replace(of, computed=nan) for name, of in sums.items() if of}  # a sum has no formula


def _of(values: Mapping[str, Any]) -> Printed:
    """The formula is the report's, or a reading of it: a path is ctsim's, and an amount has none."""
    computed = values["computed"] if values["status"] in ("published", "") else nan
    return Printed(values["published_low"], values["published_high"], computed)
