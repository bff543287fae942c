"""Why a mean is not the published figure: the steps from one to the other, which add up, and what a cell rests on."""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite, nan
from pathlib import Path
from threading import Event

import numpy as np
import numpy.typing as npt

from ctsim import job, schema
from ctsim.binding import Binding, Row
from ctsim.composition import scaled
from ctsim.engine import stored
from ctsim.errors import InputError, did_you_mean
from ctsim.job import Job
from ctsim.kernel import Kernel, Target
from ctsim.programme import METRICS, YEARS
from ctsim.rundir import TABLES, RunDirectory
from ctsim.totals import Total, totals_of

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """One cell: what is printed, what the formula gives at printed values and at the means of what is drawn, means.

    `independent` is the mean of the same draws without dependence. NaN where there is none: nothing printed, a mean
    that is infinite, or draws that are not finite. `rows` are the parameters the cell is made from; the names are those
    of its programme, `words` what the page says of its interval; `changed`: the scenario sets another formula or value.
    """

    cell: str
    unit: str
    name_ja: str
    name_en: str
    published: float
    computed: float
    at_means: float
    independent: float
    mean: float
    rows: tuple[Row, ...]
    words: schema.Bilingual | None = None
    changed: bool = False

    @property
    def start(self) -> float:
        """The published figure; where nothing is printed, what the formula gives at the values of the page."""
        return self.published if isfinite(self.published) else self.computed

    @property
    def parts(self) -> tuple[float, float, float, float]:
        """Gap of reproduction, shift of means, non-linearity, dependence: their sum is mean - start."""
        steps = (self.start, self.computed, self.at_means, self.independent, self.mean)
        first, second, third, fourth = (after - before for before, after in pairwise(steps))
        return first, second, third, fourth


def explain(
    directory: str | Path, cells: Iterable[str] = (), formulas: str | Path | None = None
) -> tuple[Explanation, ...]:
    """The cells of the sealed run in `directory`, or those named; the draws are made once more without dependence.

    Raises InputError for a cell that is not there, RunDirectoryError for a run that is not whole.
    """
    there = RunDirectory(directory)
    card = there.card()
    there.whole(card)
    asked, kernel = stored(there, {**card, "shard": ""}, formulas)
    asked = replace(asked, request={**asked.request, "draws": card["draws"], "precision": None, "keep_draws": ""})
    means = _means(asked, kernel)
    if asked.scenario.groups:
        free = replace(asked, scenario=asked.scenario.with_dependence(0))
        independent = _means(free, free.kernel(there.content(TABLES)))
    else:
        independent = means
    cells_only = tuple(one for one in kernel.targets if not one.node.startswith("/totals"))  # they stand at the end
    totals = totals_of(asked.scenario.totals, asked.scenario.programmes, YEARS, METRICS, asked.scenario.names)
    wanted = _wanted(cells_only, list(cells), totals)
    names = {one.id: (one.name_ja, one.name_en) for one in asked.scenario.programmes}
    said = {figure.key: figure.words for programme in asked.scenario.programmes for figure in programme.figures}
    found = (_computed(kernel, i, means[i], independent[i], names) for i in wanted)
    changes = [*asked.scenario.applied, *(one.change for one in asked.scenario.changes)]
    changed = {one.impact for one in changes if one.formula} | {
        one.parameter for one in changes if one.value is not None
    }
    return tuple(replace(one, words=said.get(one.cell), changed=_is_changed(one, changed)) for one in found)


def _is_changed(one: Explanation, changed: Container[str | None]) -> bool:
    return any(name in changed for name in (one.cell, *(row.stream.partition("@")[0] for row in one.rows)))


def _means(asked: Job, kernel: Kernel) -> FloatArray:
    planned = job.planned(asked, kernel)
    counted = job.count(asked, planned, None, Event())
    assert counted.state is not None
    return planned.summary(counted.state).mean


def _wanted(targets: tuple[Target, ...], cells: list[str], totals: Iterable[Total]) -> list[int]:
    place = {target.name: i for i, target in enumerate(targets)}
    members = {name: one.cells for one in totals for name in (one.cell, one.name)}
    for cell in cells:
        if cell in members:
            said = " ".join(shlex.quote(one) for one in members[cell] if one in place) or "none of them is in this run"
            raise InputError(f"'{cell}' is a total: its members have means to explain: {said}")
        if cell not in place:
            hint = did_you_mean(cell, [*place, *members]) or " Cells are named programme.metric.when[.item]."
            raise InputError(f"no cell '{cell[:120]}' in this run.{hint}")
    return [place[cell] for cell in cells] or list(range(len(targets)))


def _computed(
    kernel: Kernel, i: int, mean: float, independent: float, names: Mapping[str, tuple[str, str]]
) -> Explanation:
    target, binding = kernel.targets[i], kernel.binding
    rows = sorted(binding.reached(target.parts))
    drawn = [row.central for row in binding.rows]
    for number in rows:
        known = kernel.quantiles[number].mean
        drawn[number] = nan if known is None else known
    at_means = _value(binding, target, scaled(drawn, binding.compositions))
    computed = _value(binding, target, binding.central())
    used = tuple(binding.rows[number] for number in rows)
    ja, en = names[target.name.partition(".")[0]]
    return Explanation(
        target.name, target.unit, ja, en, target.middle, computed, at_means, float(independent), float(mean), used
    )


def _value(binding: Binding, target: Target, rows: list[float]) -> float:
    return target.of(rows, binding.evaluate(rows))
