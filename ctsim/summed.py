"""Totals in the result: sums of what may be added and bounds of what overlaps, with and without dependence.

Each is taken draw by draw in the pass that draws the cells, so a total is the sum of its members' own draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr

from ctsim import units
from ctsim.binding import Binding
from ctsim.catalog import Scenario
from ctsim.dataset import NODE_UNITS, Table, quantile_coordinate, statistics, words, years_coordinate
from ctsim.kernel import Kernel, Target
from ctsim.programme import METRICS
from ctsim.summaries import Summary
from ctsim.totals import INDEPENDENT, Total, totals_of

_COMPARED: Final = (
    "published", "published_low", "published_high", "published_percentile", "p_at_least_published", "p_mcse",
)  # fmt: skip


def targets(scenario: Scenario, years: Sequence[str], metrics: Sequence[str], fewest: int = 2) -> list[Target]:
    """What a run summarises beside the cells: totals of so many members and more."""
    found = totals_of(scenario.totals, scenario.programmes, years, metrics, scenario.names)
    return [_target(scenario.binding, one) for one in found if len(one.figures) >= fewest]


def _target(binding: Binding, total: Total) -> Target:
    """Nothing is printed of a total of several figures: it is compared with nothing. Members not begun are left out."""
    node, key, unit = _place(total)
    figures = [figure for member in total.figures for figure in member]
    parts = tuple((("step", binding.step_of(f), units.conversion(f.record.unit, unit))) for f in figures)
    return Target(node, key, unit, parts, how=total.how)


def _place(total: Total) -> tuple[str, tuple[str, ...], str]:
    """Node, key and unit of a total: by year, or among the others where its figures are off the axis of years."""
    first = total.figures[0][0] if total.figures else None
    if total.year:
        return f"/totals/{total.group.metric}", (total.name, total.year), str(first.node_unit) if first else ""
    return "/totals/other", (total.name,), first.record.unit if first else ""


def nodes(
    scenario: Scenario, kernel: Kernel, summary: Summary, years: Sequence[str], metrics: Sequence[str]
) -> dict[str, xr.Dataset]:
    """`/totals/<metric>` by group and year, and `/totals/other` by group for figures off the axis of years."""
    table = Table(kernel, summary)
    found = totals_of(scenario.totals, scenario.programmes, years, metrics, scenario.names)
    for one in found:
        table.share(_place(one)[:2], _same_as(one))
    made = {}
    for metric in METRICS:
        if mine := [one for one in found if one.year and one.group.metric == metric]:
            shape = (len(mine) // len(years), len(years))
            node = _node(mine, ("group", "year"), shape, NODE_UNITS[metric], table)
            made[f"/totals/{metric}"] = node.assign_coords(years_coordinate(years))
    if mine := [one for one in found if not one.year]:
        node = _node(mine, ("group",), (len(mine),), "see coordinate unit", table)
        unit = words("unit", ("group",), [_place(one)[2] for one in mine], (len(mine),))
        made["/totals/other"] = node.assign_coords({"unit": unit})
    return made


def _same_as(total: Total) -> tuple[str, tuple[str, ...]] | None:
    """Where the numbers of a total of one member stand already: it is that cell or figure."""
    if len(total.figures) != 1:
        return None
    first = total.figures[0][0]
    if total.year:
        return f"/{total.group.metric}", (total.members[0], total.year)
    return "/other", (first.key,)


def _node(
    totals: Sequence[Total], dims: tuple[str, ...], shape: tuple[int, ...], unit: str, table: Table
) -> xr.Dataset:
    """Totals in the order of their names, then years. `independent_...`: the same without dependence."""
    places = [_place(one) for one in totals]
    node, keys = places[0][0], [key for _, key, _ in places]
    variables = statistics(table, node, keys, dims, shape, unit)
    printed = np.array([one.group.figure is not None for one in totals]).reshape(shape)
    for name in _COMPARED:  # a report prints the sum where it is a figure of a page, too
        variables[name].values[~printed] = float("nan")
    free = [(key[0] + INDEPENDENT, *key[1:]) for key in keys]
    for key, twin in zip(keys, free, strict=True):
        table.share((node, twin), (node, key))
    bare = statistics(table, node, free, dims, shape, unit)
    for name in ("mean", "mcse", "sd", "quantiles", "quantiles_mcse"):
        bare[name].attrs["long_name"] += ", without dependence"
        variables[f"independent_{name}"] = bare[name]
    columns = {
        "status": ["not_applicable" if one.reason else one.how for one in totals],
        "reason": [table.not_finite(node, key) or (one.reason.en if one.reason else "")
                   for one, key in zip(totals, keys, strict=True)],
        "reason_ja": [one.reason.ja if one.reason else "" for one in totals],
        "boundary": [one.boundary for one in totals], "money_kind": [one.money_kind for one in totals],
        "when": [one.when for one in totals],
        "members": [", ".join(one.members) for one in totals],
    }  # fmt: skip
    variables |= {name: words(name, dims, said, shape) for name, said in columns.items()}
    first = list({one.name: one for one in totals}.values())
    said_of_group: dict[str, list[str]] = {
        "group": [one.name for one in first], "kind": [one.group.kind for one in first],
        "title_ja": [one.group.title.ja for one in first], "title_en": [one.group.title.en for one in first],
        "why_ja": [one.group.reason.ja for one in first], "why_en": [one.group.reason.en for one in first],
        "metric": [one.group.metric for one in first],
    }  # fmt: skip
    named = {name: words(name, ("group",), said, (len(first),)) for name, said in said_of_group.items()}
    return xr.Dataset(variables, named | quantile_coordinate())
