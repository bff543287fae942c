"""A result as one table of lines: tidy CSV with a number a line, and the long format of the IAMC."""

from __future__ import annotations

import csv
import functools
import operator
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from itertools import product
from math import isfinite
from typing import Any, Final

import xarray as xr

import ctsim
from ctsim.report.facts import Fact, Facts

LABELS: Final = (
    "node", "programme", "metric", "item", "figure", "reading", "group", "parameter", "change", "threshold", "when",
    "year", "quantile",
)  # fmt: skip
WORDS: Final = (
    "unit", "status", "reason_code", "boundary", "scope", "period", "money_kind", "price_year", "price", "basis",
)  # fmt: skip
COLUMNS: Final = (*LABELS, "variable", "value", *WORDS)
IAMC_COLUMNS: Final = ("model", "scenario", "region", "variable", "unit", "year", "value")

_ELSEWHERE: Final = "see coordinate unit"
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def tidy(tree: xr.DataTree) -> bytes:
    """Every number of a tree on a line of its own, with what it is of; a blank value is one that is not there.

    A parameter that does not reach a cell has indices of exactly 0 there, and a change that does nothing to a quantity
    a part of 0: these are most of such a tree, and are left out.
    """
    return _csv(COLUMNS, (line for node in tree.subtree for line in _lines(node)))


def _lines(node: xr.DataTree) -> Iterator[list[Any]]:
    data = node.to_dataset(inherit=False)
    if node.path.startswith("/draws"):
        return
    variables = {str(name): (one.dims, one.values) for name, one in data.variables.items()}
    known = {name: one for name, one in variables.items() if name in (*LABELS, *WORDS)}
    acts = _acts(node.path, data)
    for name in map(str, data.data_vars):
        dims, values = variables[name]
        if values.dtype.kind not in "fiu":
            continue
        unit = str(data.variables[name].attrs.get("units", ""))
        fixed = {"node": node.path} | ({} if unit == _ELSEWHERE else {"unit": unit})
        said = {one: ([dims.index(dim) for dim in along], labels) for one, (along, labels) in known.items()
                if set(along) <= set(dims) and one not in fixed}  # fmt: skip
        places: Iterable[tuple[int, ...]] = product(*map(range, values.shape))
        if acts is not None and set(acts.dims) <= set(dims):
            places = zip(*acts.broadcast_like(data[name]).transpose(*dims).values.nonzero(), strict=True)
        for at in places:
            value = values[at]
            here = fixed | {one: labels[tuple(at[k] for k in places)] for one, (places, labels) in said.items()}
            yield [*(_text(here.get(one, "")) for one in LABELS), name, repr(float(value)) if isfinite(value) else "",
                   *(_text(here.get(one, "")) for one in WORDS)]  # fmt: skip


def _acts(path: str, data: xr.Dataset) -> xr.DataArray | None:
    """Where the causes of a node (parameters, groups of them, changes) do anything; None for nodes without causes."""
    if "Sh" in data:
        return abs(data["Sh"]) > 0.0
    causes = path.startswith(("/attribution", "/groups"))
    mine = [abs(one) > 0.0 for one in data.data_vars.values() if causes and one.dtype.kind == "f"]
    return functools.reduce(operator.or_, mine) if mine else None


# ---- IAMC


_REGIONS: Final = {"world": "World", "japan": "Japan", "mixed": "World and Japan"}
_METRICS: Final = {"co2_reduction": "CO2 Reduction Effect", "economic_effect": "Economic Effect"}
_UNITS: Final = {"Mt-CO2/yr": "Mt CO2/yr", "trillion JPY/yr": "trillion JPY/yr"}


def iamc(tree: xr.DataTree, card: Mapping[str, Any]) -> bytes:
    """Cells, parts and totals of the years of a run by the columns that integrated assessment tools load.

    A variable is metric | kind of money | boundary | programme | part | statistic: figures of different boundaries
    never share one. Figures off the axis of years have no place in this format.
    """
    facts = Facts(tree, "en")
    model, scenario = f"ctsim {ctsim.__version__}", str(card["scenario"])
    lines = (
        [model, scenario, _REGIONS.get(fact.word("scope"), "Unstated"), f"{name}|{statistic}", _UNITS[fact.unit],
         fact.when, repr(value)]
        for fact, name in _named(facts) for statistic, value in _statistics(fact) if isfinite(value)
    )  # fmt: skip
    return _csv(IAMC_COLUMNS, lines)


def _named(facts: Facts) -> Iterator[tuple[Fact, str]]:
    """What has a year, and the first parts of its variable."""
    titles = {one.programme: one.said("programme") for one in facts.cells}
    for fact in (*facts.cells, *facts.items):
        yield fact, _variable(fact, titles[fact.programme], fact.said("item"))
    for fact in facts.totals:
        if fact.when:
            yield fact, _variable(fact, "Total", fact.said("title"), fact.address[1])


def _variable(fact: Fact, *names: str) -> str:
    parts = [_METRICS[fact.metric], *(fact.word(one) for one in ("money_kind", "boundary")), *names]
    return "|".join(part.replace("|", "/").replace("_", " ") for part in parts if part)


def _statistics(fact: Fact) -> Iterator[tuple[str, float]]:
    yield from (("Published|Low", fact.value("published_low")), ("Published|High", fact.value("published_high")))
    yield from (("Computed", fact.by_formula), ("Mean", fact.value("mean")))
    for share in fact.values["quantile"]:
        yield "Median" if share == 0.5 else f"{100 * share:g}th Percentile", fact.value("quantiles", round(share, 6))


# ---- CSV


def _csv(columns: Iterable[str], lines: Iterable[Iterable[Any]]) -> bytes:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return file.getvalue().encode()


def _text(value: Any) -> str:
    """A label or word; a spreadsheet that opens the file never takes it for a formula."""
    said = str(value)
    return f"'{said}" if said.startswith(_FORMULAS) else said
