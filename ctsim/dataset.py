"""Results as an xarray tree: which quantities are summarised, where they stand, and the digest of their numbers.

One variable a statistic, never a dimension of statistics. Cells are by (programme, year) under `/<metric>`, their parts
under `/items/<metric>`, figures off the year axis under `/other`, readings under `/readings`, sampled parameters under
`/parameters`. Absence is a status with a reason, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import repeat
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from ctsim import schema, units
from ctsim.binding import LITERAL, Binding, Row, Step
from ctsim.catalog import Scenario
from ctsim.distributions import Quantiles, quantile
from ctsim.kernel import Kernel, Target
from ctsim.locale import both
from ctsim.programme import METRICS, YEARS, Cell, Figure, Programme, in_place
from ctsim.summaries import QUANTILES, Summary

NODE_UNITS: Final = {"co2_reduction": "Mt-CO2/yr", "economic_effect": "trillion JPY/yr"}
LONG_NAMES: Final = {
    "mean": "mean",
    "mcse": "Monte Carlo standard error of the mean",
    "sd": "standard deviation",
    "sd_mcse": "Monte Carlo standard error of the standard deviation",
    "minimum": "smallest draw; lower end of the support for a parameter",
    "maximum": "largest draw; upper end of the support for a parameter",
    "skewness": "skewness",
    "shortest_low": "lower end of the shortest interval that holds 90 % of the draws",
    "shortest_high": "upper end of the shortest interval that holds 90 % of the draws",
    "quantiles": "quantiles",
    "quantiles_mcse": "Monte Carlo standard errors of the quantiles",
    "computed": "value at the printed parameters, by the report's formula (of a path: ctsim's); NaN without one",
    "published": "published figure; middle of a published range",
    "published_low": "low end of the published figure",
    "published_high": "high end of the published figure",
    "published_percentile": "share of draws below the published figure",
    "p_at_least_published": "share of draws at or above the low end of the published figure, under the assumptions",
    "p_mcse": "Monte Carlo standard error of p_at_least_published",
    "not_finite": "draws whose formula result is not finite",
    "value": "value as printed; middle of a printed range",
}
_WITHOUT_UNIT: Final = ("skewness", "published_percentile", "p_at_least_published", "p_mcse", "not_finite")
_STATISTICS: Final = (
    "mean", "mcse", "sd", "sd_mcse", "skewness", "minimum", "maximum", "shortest_low", "shortest_high", "computed",
    "published", "published_low", "published_high", "published_percentile", "p_at_least_published", "p_mcse",
    "not_finite",
)  # fmt: skip
_ABOUT: Final = ("scope", "boundary", "period")
_UNLIKE: Final = "mixed"
_NO_ITEM: Final = both("why.no_item")


# ---- what is summarised


def targets(
    scenario: Scenario, years: Sequence[str] = YEARS, metrics: Sequence[str] = (*METRICS, "other")
) -> list[Target]:
    """Every quantity that a run summarises: cells, items and other figures of each programme, in this order."""
    binding = scenario.binding
    found: list[Target] = []
    for programme in scenario.programmes:
        for metric in _axes(metrics):
            cells = [programme.cell(metric, year) for year in years]
            found += [_cell_target(binding, cell) for cell in cells if cell.figures]
        items = (figure for figure in programme.items() if figure.record.metric in metrics)
        found += [_item_target(binding, figure) for figure in items if figure.record.when in years]
        others = (figure for figure in programme.other_figures() if figure.record.metric in metrics)
        found += [_other_target(binding, figure) for figure in others]
    found += [_target(binding, "/readings", (one.key,), one.figures, one.unit, one.steps) for one in reads(scenario)
              if one.figures[0].record.metric in metrics and _wanted(one.figures[0], years)]  # fmt: skip
    return found


def _wanted(figure: Figure, years: Sequence[str]) -> bool:
    """Whether a figure is of one of those years, or off the axis of years."""
    return not figure.on_year_axis or figure.record.when in years


@dataclass(frozen=True)
class Read:
    """What one reading gives for a figure, or for a cell that is the sum of its items: the steps to be added up."""

    literal: str
    reading: schema.Reading
    figures: tuple[Figure, ...]
    steps: tuple[int, ...]

    @property
    def key(self) -> str:
        """`programme.metric.when[.item]:name`."""
        return f"{self.literal}:{self.reading.name}"

    @property
    def unit(self) -> str:
        """That of the literal result: of cells for years of the axis, else the figure's."""
        first = self.figures[0]
        return str(first.node_unit) if first.on_year_axis else first.record.unit


def reads(scenario: Scenario) -> list[Read]:
    """Every reading of every figure of `scenario`, and of cells whose items are all read; in page order.

    Where changes have moved a figure, what the page's own formula gives is one of them, under the name `literal`.
    """
    steps = {(step.figure.key, step.reading): (number, step) for number, step in scenario.binding.readings()}
    found: dict[str, Read] = {}
    for programme in scenario.programmes:
        sums = [cell for metric in METRICS for year in YEARS if len((cell := programme.cell(metric, year)).figures) > 1]
        for one in programme.page.reading:
            named = [(f"{programme.id}.{impact}", one.name) for impact in (*one.impact, *one.follows)]
            there = {key: steps[key, name] for key, name in named if (key, name) in steps}
            here = [Read(key, one, (step.figure,), (number,)) for key, (number, step) in there.items()]
            for cell in sums:
                if all(figure.key in there for figure in cell.figures):
                    numbers, parts = zip(*(there[figure.key] for figure in cell.figures), strict=True)
                    key = f"{cell.programme}.{cell.metric}.{cell.year}"
                    here.append(Read(key, one, tuple(step.figure for step in parts), numbers))
            found |= {one.key: one for one in here if one.key not in found}
        for figures in [*((figure,) for figure in programme.figures), *(cell.figures for cell in sums)]:
            beside = _moved(scenario.binding, programme, figures, steps, found)
            found |= {one.key: one for one in beside}
    return list(found.values())


def _moved(
    binding: Binding, programme: Programme, figures: Sequence[Figure],
    steps: Mapping[tuple[str, str], tuple[int, Step]], found: Mapping[str, Read],
) -> list[Read]:  # fmt: skip
    """What the page's own formulas give where changes have moved figures, after the moved where no reading is that."""
    if not any((figure.key, LITERAL) in steps for figure in figures):
        return []
    own = [steps.get((one.key, LITERAL), (binding.step_of(one), None))[0] for one in figures]
    now = [binding.step_of(figure) for figure in figures]
    key = figures[0].key if len(figures) == 1 else figures[0].key.rpartition(".")[0]
    literal = Read(key, _LITERAL, tuple(figure.literal for figure in figures), tuple(own))
    there = [one for figure in programme.figures if (one := in_place(programme.page, figure))]
    if any(f"{key}:{one.name}" in found for one in there):
        return [literal]
    named = in_place(programme.page, figures[0]) or _OTHER.model_copy(update={"name": figures[0].record.formula})
    return [Read(key, named, tuple(figures), tuple(now)), literal]


_LITERAL: Final = schema.Reading(
    name=LITERAL, impact=("every",), formula=LITERAL, reason="the scenario has another formula or reading in its place",
    description=schema.Bilingual(**both("why.literal")),
)  # fmt: skip
_OTHER: Final = schema.Reading(
    name="other", impact=("every",), formula="other", reason="the scenario says so",
    description=schema.Bilingual(**both("why.other_formula")),
)  # fmt: skip


def _axes(metrics: Sequence[str]) -> list[str]:
    """The chosen metrics that have cells by year."""
    return [metric for metric in METRICS if metric in metrics]


def _cell_target(binding: Binding, cell: Cell) -> Target:
    return _target(binding, f"/{cell.metric}", (cell.programme, cell.year), cell.figures, None)


def _item_target(binding: Binding, figure: Figure) -> Target:
    key = (item_name(figure), figure.record.when)
    return _target(binding, f"/items/{figure.record.metric}", key, (figure,), None)


def _other_target(binding: Binding, figure: Figure) -> Target:
    return _target(binding, "/other", (figure.key,), (figure,), figure.record.unit)


def _target(
    binding: Binding, node: str, key: tuple[str, ...], figures: tuple[Figure, ...], unit: str | None,
    steps: tuple[int, ...] | None = None,
) -> Target:  # fmt: skip
    factors = [units.conversion(f.record.unit, unit or f.node_unit or f.record.unit) for f in figures]
    numbers = steps or tuple(binding.step_of(figure) for figure in figures)
    parts = tuple(("step", number, factor) for number, factor in zip(numbers, factors, strict=True))
    ends = [(f.published()[0] * factor, f.published()[1] * factor) for f, factor in zip(figures, factors, strict=True)]
    low, high = sum(end[0] for end in ends), sum(end[1] for end in ends)
    return Target(node, key, unit or str(figures[0].node_unit), parts, low, high, (low + high) / 2)


def item_name(figure: Figure) -> str:
    """How the item of a figure is named across programmes: `programme.item`."""
    return f"{figure.programme}.{figure.record.item}"


# ---- the tree


def tree(
    scenario: Scenario, kernel: Kernel, summary: Summary, card: Mapping[str, Any], years: Sequence[str] = YEARS,
    metrics: Sequence[str] = (*METRICS, "other"),
) -> xr.DataTree:  # fmt: skip
    """The result tree of a run; `summary` is by target of `kernel`."""
    table = Table(kernel, summary)
    nodes: dict[str, xr.Dataset] = {"/": xr.Dataset(attrs=_root_attributes(scenario, card))}
    for metric in _axes(metrics):
        nodes[f"/{metric}"] = _cells(scenario, metric, years, table)
        nodes[f"/items/{metric}"] = _items(scenario, metric, years, table)
    nodes["/other"] = _others(scenario, metrics, table)
    if read := [one for one in reads(scenario) if ("/readings", (one.key,)) in table.index]:
        nodes["/readings"] = _readings(scenario, read, table)
    nodes["/parameters"] = _parameters(scenario.binding.rows, kernel.quantiles[: len(scenario.binding.rows)])
    return xr.DataTree.from_dict(nodes, name=scenario.id)


def _reported(kernel: Kernel, target: Target) -> bool:
    """Whether a part of a target is a printed figure without a formula: what is computed and printed is not mixed."""
    return any(kind == "step" and kernel.binding.steps[index].function is None for kind, index, _ in target.parts)


class Table:
    """Statistics by target, looked up by node and key; NaN where a node has no such target."""

    def __init__(self, kernel: Kernel, summary: Summary) -> None:
        found = kernel.targets
        # Where the report prints no formula nothing is computed: the figure would only be compared with itself.
        central = np.where([_reported(kernel, target) for target in found], np.nan, kernel.central())
        self.index = {(target.node, target.key): i for i, target in enumerate(found)}
        self.summary = summary
        self.columns: dict[str, npt.NDArray[Any]] = {
            "mean": summary.mean, "mcse": summary.mcse, "sd": summary.sd, "sd_mcse": summary.sd_mcse,
            "skewness": summary.skewness, "minimum": summary.minimum, "maximum": summary.maximum,
            "shortest_low": summary.shortest[:, 0], "shortest_high": summary.shortest[:, 1], "computed": central,
            "published": np.array([t.middle for t in found]), "published_low": np.array([t.low for t in found]),
            "published_high": np.array([t.high for t in found]), "published_percentile": 1.0 - summary.p_at_least[:, 1],
            "p_at_least_published": summary.p_at_least[:, 0], "p_mcse": summary.p_at_least_mcse[:, 0],
            "not_finite": summary.not_finite.astype(float), "quantiles": summary.quantiles,
            "quantiles_mcse": summary.quantiles_mcse,
        }  # fmt: skip

    def share(self, key: tuple[str, tuple[str, ...]], other: tuple[str, tuple[str, ...]] | None) -> None:
        """Let a place that has no target of its own show the statistics of another."""
        if other in self.index:
            self.index.setdefault(key, self.index[other])

    def array(self, name: str, node: str, keys: Sequence[tuple[str, ...]]) -> npt.NDArray[np.float64]:
        """Column `name` for `keys`; (key) or (key, quantile)."""
        column = self.columns[name]
        empty = np.full(column.shape[1:], np.nan)
        rows = [column[self.index[node, key]] if (node, key) in self.index else empty for key in keys]
        return np.array(rows, dtype=float).reshape(len(keys), *column.shape[1:])

    def not_finite(self, node: str, key: tuple[str, ...]) -> str:
        """The sentence for a quantity that some draws have no finite value for, or ""."""
        i = self.index.get((node, key))
        bad = 0 if i is None else int(self.summary.not_finite[i])
        if not bad or i is None:
            return ""
        return f"{bad} of {self.summary.draws} draws not finite, first at draw {int(self.summary.first_bad[i])}"


def statistics(
    table: Table, node: str, keys: Sequence[tuple[str, ...]], dims: tuple[str, ...], shape: tuple[int, ...], unit: str
) -> dict[str, xr.Variable]:
    """Every statistic as a variable over `dims`; quantiles over `dims` and quantile."""
    variables = {}
    for name in _STATISTICS:
        values = table.array(name, node, keys).reshape(shape)
        attributes = {"units": "1" if name in _WITHOUT_UNIT else unit, "long_name": LONG_NAMES[name]}
        variables[name] = _variable(dims, values, attributes)
    for name in ("quantiles", "quantiles_mcse"):
        values = table.array(name, node, keys).reshape(*shape, len(QUANTILES))
        variables[name] = _variable((*dims, "quantile"), values, {"units": unit, "long_name": LONG_NAMES[name]})
    return variables


def _variable(
    dims: tuple[str, ...], values: npt.NDArray[Any], attributes: Mapping[str, str], index: bool = False
) -> xr.Variable:
    """A variable, or an index, made so that xarray need not import dask and pint to see that the array is numpy's."""
    variable = xr.Variable(dims, values, attributes, fastpath=True)
    if not index:
        return variable
    labels = pd.Index(values, dtype=object if values.dtype.kind in "OU" else values.dtype)
    return xr.indexes.PandasIndex(labels, dims[0], values.dtype).create_variables({dims[0]: variable})[dims[0]]


def words(name: str, dims: tuple[str, ...], values: Sequence[str], shape: tuple[int, ...]) -> xr.Variable:
    """Words as a variable, or as an index where it is named as its dimension."""
    attributes = {"units": "", "long_name": name.replace("_", " ")}
    kind = object if len(values) else "<U1"  # a netCDF file gives empty objects back as numbers
    return _variable(dims, np.array(values, dtype=kind).reshape(shape), attributes, dims == (name,))


def quantile_coordinate() -> dict[str, xr.Variable]:
    """The shares of draws below, as an index."""
    attributes = {"units": "1", "long_name": "share of draws below"}
    return {"quantile": _variable(("quantile",), np.array(QUANTILES), attributes, True)}


def _programme_coordinates(programmes: Sequence[Programme]) -> dict[str, xr.Variable]:
    def named(name: str, values: list[str]) -> xr.Variable:
        return words(name, ("programme",), values, (len(values),))

    return {
        "programme": named("programme", [p.id for p in programmes]),
        "programme_ja": named("name in Japanese", [p.name_ja for p in programmes]),
        "programme_en": named("name in English", [p.name_en for p in programmes]),
        "programme_number": _variable(
            ("programme",),
            np.array([p.number for p in programmes]),
            {"units": "1", "long_name": "number in the report"},
        ),
    }


def years_coordinate(years: Sequence[str]) -> dict[str, xr.Variable]:
    """The years as an index."""
    attributes = {"units": "yr", "long_name": "year"}
    return {"year": _variable(("year",), np.array([int(y) for y in years]), attributes, True)}


def _cells(scenario: Scenario, metric: str, years: Sequence[str], table: Table) -> xr.Dataset:
    cells = [programme.cell(metric, year) for programme in scenario.programmes for year in years]
    node, dims, shape = f"/{metric}", ("programme", "year"), (len(scenario.programmes), len(years))
    keys = [(cell.programme, cell.year) for cell in cells]
    variables = statistics(table, node, keys, dims, shape, NODE_UNITS[metric])
    columns: dict[str, list[str]] = {
        "status": [cell.status for cell in cells],
        "reason": [_reason(table, node, cell) for cell in cells],
        "reason_code": [cell.reason_code for cell in cells],
        "scope": [_common(cell.figures, "scope") for cell in cells],
        "boundary": [_common(cell.figures, "boundary") for cell in cells],
        "period": [_common(cell.figures, "period") for cell in cells],
    }
    if metric == "economic_effect":
        columns["money_kind"] = [_common(cell.figures, "money_kind") for cell in cells]
    variables |= {name: words(name, dims, values, shape) for name, values in columns.items()}
    reasons_ja = [cell.reason.ja if cell.reason else "" for cell in cells]
    variables["reason_ja"] = words("reason in Japanese", dims, reasons_ja, shape)
    coordinates = _programme_coordinates(scenario.programmes) | years_coordinate(years) | quantile_coordinate()
    return xr.Dataset(variables, coordinates, {"long_name": metric.replace("_", " ")})


def _reason(table: Table, node: str, cell: Cell) -> str:
    return table.not_finite(node, (cell.programme, cell.year)) or (cell.reason.en if cell.reason else "")


def _common(figures: Sequence[Figure], name: str) -> str:
    """What all figures of a cell say, "mixed" where they differ, "" where there is none."""
    said = {str(getattr(figure.record, name) or "") for figure in figures}
    return "" if not said else said.pop() if len(said) == 1 else _UNLIKE


def _items(scenario: Scenario, metric: str, years: Sequence[str], table: Table) -> xr.Dataset:
    figures = [f for p in scenario.programmes for f in p.items() if f.record.metric == metric]
    names = list(dict.fromkeys(item_name(figure) for figure in figures))
    by_key = {(item_name(figure), figure.record.when): figure for figure in figures}
    node, dims, shape = f"/items/{metric}", ("item", "year"), (len(names), len(years))
    keys = [(name, year) for name in names for year in years]
    variables = statistics(table, node, keys, dims, shape, NODE_UNITS[metric])
    here = [by_key.get(key) for key in keys]
    columns: dict[str, list[str]] = {
        "status": [_item_status(figure) for figure in here],
        "reason": [table.not_finite(node, key) if f else _NO_ITEM["en"] for key, f in zip(keys, here, strict=True)],
        "reason_code": ["" if figure else "no_volume" for figure in here],
        "reason_ja": ["" if figure else _NO_ITEM["ja"] for figure in here],
        **{name: [str(getattr(f.record, name) or "") if f else "" for f in here] for name in _ABOUT},
    }
    variables |= {name: words(name, dims, said, shape) for name, said in columns.items()}
    first = {item_name(figure): figure for figure in reversed(figures)}
    coordinates: dict[str, Any] = {"item": words("item", ("item",), names, (len(names),))}
    for suffix in ("ja", "en"):
        titles = [getattr(first[name].record, f"item_{suffix}") or first[name].record.item for name in names]
        coordinates[f"item_{suffix}"] = words(f"item_{suffix}", ("item",), titles, (len(names),))
    return xr.Dataset(variables, coordinates | years_coordinate(years) | quantile_coordinate())


def _item_status(figure: Figure | None) -> str:
    if figure is None:
        return "not_applicable"
    return figure.status


def _others(scenario: Scenario, metrics: Sequence[str], table: Table) -> xr.Dataset:
    all_figures = (figure for programme in scenario.programmes for figure in programme.other_figures())
    figures = [figure for figure in all_figures if figure.record.metric in metrics]
    n, dims = len(figures), ("figure",)
    keys = [(figure.key,) for figure in figures]
    variables = statistics(table, "/other", keys, dims, (n,), "see coordinate unit")
    columns: dict[str, list[str]] = {
        "status": [figure.status for figure in figures],
        "reason": [table.not_finite("/other", key) for key in keys],
        "reason_code": ["reference_only" if figure.record.reference else "" for figure in figures],
        **{name: [str(getattr(f.record, name) or "") for f in figures] for name in _ABOUT},
    }
    variables |= {name: words(name, dims, values, (n,)) for name, values in columns.items()}
    coordinates: dict[str, list[str]] = {
        "figure": [figure.key for figure in figures],
        "programme": [figure.programme for figure in figures],
        "metric": [figure.record.metric for figure in figures],
        "item": [figure.record.item for figure in figures],
        "when": [figure.record.when for figure in figures],
        "unit": [figure.record.unit for figure in figures],
        "money_kind": [figure.record.money_kind or "" for figure in figures],
        "item_ja": [figure.record.item_ja or figure.record.item for figure in figures],
        "item_en": [figure.record.item_en or figure.record.item for figure in figures],
    }
    of = [scenario.programme(figure.programme) for figure in figures]
    coordinates |= {"programme_ja": [one.name_ja for one in of], "programme_en": [one.name_en for one in of]}
    named = {name: words(name, dims, values, (n,)) for name, values in coordinates.items()}
    attributes = {"units": "1", "long_name": "number in the report"}
    named["programme_number"] = _variable(dims, np.array([one.number for one in of], dtype=int), attributes)
    return xr.Dataset(variables, named | quantile_coordinate())


def _readings(scenario: Scenario, read: Sequence[Read], table: Table) -> xr.Dataset:
    """Named alternatives, each in the unit of the literal result, which stands under `literal`: here or elsewhere.

    Where the page has none by its own formula, `literal` is empty and `reason_code` says why.
    """
    dims = ("reading",)
    keys, records = {one.key for one in read}, [one.figures[0].record for one in read]
    empty = [_own_reason(scenario.programme(one.figures[0].programme), one) for one in read]
    own = [f"{one.literal}:{LITERAL}" for one in read]
    variables = statistics(table, "/readings", [(one.key,) for one in read], dims, (len(read),), "see coordinate unit")
    of = [scenario.programme(one.figures[0].programme) for one in read]
    coordinates = {
        "reading": [one.key for one in read], "name": [one.reading.name for one in read],
        "figure": [one.literal for one in read], "unit": [one.unit for one in read],
        "literal": [key if key in keys else "" if why else one.literal
                    for one, key, why in zip(read, own, empty, strict=True)],
        "reason_code": empty,
        **{name: [str(getattr(one, name) or "") for one in records] for name in (*_ABOUT, "money_kind")},
        **{f"counterfactual_{lang}": [str(getattr(one.reading.counterfactual, lang, "")) for one in read]
           for lang in ("ja", "en")},
        "description_ja": [one.reading.description.ja for one in read],
        "description_en": [one.reading.description.en for one in read],
        "why": [one.reading.reason for one in read],
        "programme_ja": [one.name_ja for one in of], "programme_en": [one.name_en for one in of],
    }  # fmt: skip
    named = {name: words(name, dims, values, (len(read),)) for name, values in coordinates.items()}
    attributes = {"units": "1", "long_name": "number in the report"}
    named["programme_number"] = _variable(dims, np.array([one.number for one in of], dtype=int), attributes)
    return xr.Dataset(variables, named | quantile_coordinate())


def _own_reason(programme: Programme, read: Read) -> str:
    """Why the page has no number for what is read, where the scenario has one by the reading alone; else ""."""
    record = read.figures[0].record
    cell = programme.cell(record.metric, record.when)
    codes = [one.reason_code for one in programme.page.not_applicable
             if (one.metric, one.year) == (record.metric, record.when)]  # fmt: skip
    return codes[0] if codes and cell.figures else ""


def _parameters(rows: Sequence[Row], distributions: Sequence[Quantiles]) -> xr.Dataset:
    """What is sampled, in the page's unit: the distributions themselves, so without Monte Carlo error.

    Quantiles go through the code that draws; NaN for a moment that is infinite or has no closed or numerical form.
    """
    n, dims = len(rows), ("parameter",)
    columns = {
        "mean": [_or_nan(one.mean) for one in distributions], "sd": [_or_nan(one.sd) for one in distributions],
        "minimum": [one.low for one in distributions], "maximum": [one.high for one in distributions],
        "quantiles": [quantile(one, QUANTILES).tolist() for one in distributions],
    }  # fmt: skip
    variables: dict[str, xr.Variable] = {}
    for name, column in columns.items():
        shape = (n, len(QUANTILES)) if name == "quantiles" else (n,)
        attributes = {"units": "see coordinate unit", "long_name": LONG_NAMES[name]}
        names = (*dims, "quantile") if name == "quantiles" else dims
        variables[name] = _variable(names, np.array(column, dtype=float).reshape(shape), attributes)
    values = np.array([row.central for row in rows], dtype=float)
    attributes = {"units": "see coordinate unit", "long_name": LONG_NAMES["value"]}
    variables["value"] = _variable(dims, values, attributes)
    columns_of_words = {
        "basis": [row.basis for row in rows], "distribution": [row.spread.dist for row in rows],
        "spread_class": [row.spread.spread_class or "" for row in rows],
    }  # fmt: skip
    variables |= {name: words(name, dims, list(said), (n,)) for name, said in columns_of_words.items()}
    coordinates = {"parameter": [row.label for row in rows], "unit": [row.unit for row in rows]}
    named = {name: words(name, dims, said, (n,)) for name, said in coordinates.items()}
    return xr.Dataset(variables, named | quantile_coordinate())


def _or_nan(number: float | None) -> float:
    return float("nan") if number is None else number


def _root_attributes(scenario: Scenario, card: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in card.items() if isinstance(value, str | int | float) and value is not None}
    return {
        "title": scenario.title_en, "title_ja": scenario.title_ja, "Conventions": "CF-1.11",
        "comment": "Intervals rest on assumed spreads; they are not probabilities that a published figure is met.",
    } | {key: str(value) if isinstance(value, bool) else value for key, value in said.items()}  # fmt: skip


def not_finite(scenario: Scenario, result: xr.DataTree) -> Iterator[tuple[Figure, str]]:
    """Figures whose formula is not finite at some draws, with the sentence that says at how many."""
    for figure in (figure for programme in scenario.programmes for figure in programme.figures):
        if not _holds(result, figure):
            continue
        node = result[figure.record.metric if figure.on_year_axis else "other"].dataset
        at: dict[str, Any] = {"figure": figure.key}
        if figure.on_year_axis:
            at = {"programme": figure.programme, "year": int(figure.record.when)}
        places = tuple(node[dim].values.tolist().index(label) for dim, label in at.items())
        reason = str(node["reason"].values[places])
        if "not finite" in reason:
            yield figure, reason


def _holds(result: xr.DataTree, figure: Figure) -> bool:
    """Whether a figure is among what was chosen."""
    if not figure.on_year_axis:
        return figure.key in result["other"].dataset["figure"].values.tolist()
    if figure.record.metric not in result.children:
        return False
    node = result[figure.record.metric].dataset
    at = (figure.programme, int(figure.record.when))
    return at[0] in node["programme"].values.tolist() and at[1] in node["year"].values.tolist()


# ---- read again


def places(data: xr.Dataset, *dims: str, where: npt.NDArray[np.bool_] | None = None) -> Iterator[dict[str, Any]]:
    """Every variable at every place along `dims`, as plain values: to choose each by xarray takes milliseconds.

    With `where` (dims), only at the places where that is true.
    """
    every = np.ones([data.sizes[dim] for dim in dims], np.bool_) if where is None else where
    at = dict(zip(dims, np.nonzero(every), strict=True))
    columns: dict[str, Iterable[Any]] = {}
    for name, one in data.variables.items():
        along = [dim for dim in dims if dim in one.dims]
        rest = [dim for dim in one.dims if dim not in dims]
        values = one.transpose(*along, *rest).values
        alike = repeat(values.tolist(), int(every.sum()))
        columns[str(name)] = values[tuple(at[dim] for dim in along)].tolist() if along else alike
    for found in zip(*columns.values(), strict=True):
        yield dict(zip(columns, found, strict=True))


def cell_name(node: str, labels: Sequence[str]) -> str:
    """What stands at these labels of a node, as commands name it: `programme.metric.when[.item]`."""
    if len(labels) == 1:
        return labels[0]
    programme, _, item = labels[0].partition(".")
    return ".".join([programme, node.rpartition("/")[2], labels[1], *([item] if item else [])])


# ---- digest


def result_digest(result: xr.DataTree) -> str:
    """SHA-256 over the numeric variables of every node but /draws: path, dimensions, labels, shape, values."""
    digest = sha256()
    for path in sorted(node.path for node in result.subtree if not node.path.startswith("/draws")):
        dataset = result.dataset if path == "/" else result[path].dataset
        for name in sorted(str(one) for one in dataset.data_vars):
            variable = dataset[name]
            if variable.dtype.kind not in "fiu":
                continue
            labels = [[str(label) for label in dataset[dim].values.tolist()] for dim in variable.dims]
            digest.update(repr((path, name, variable.dims, labels, variable.shape)).encode())
            values = variable.values.astype("<f8") + 0.0  # -0 becomes 0
            digest.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
    return digest.hexdigest()
