"""What `ctsim sensitivity` prints: what each cell's spread comes from, in tables or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import click

from ctsim.approach1 import Comparison
from ctsim.console import number, table
from ctsim.dataset import cell_name
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.kept_ranks import NAMES
from ctsim.locale import heads, text
from ctsim.unit_words import unit_shown

if TYPE_CHECKING:
    import xarray as xr

    from ctsim.sensitivity import Sensitivity

TOP: Final = 3
SMALL: Final = 0.01
"""A parameter whose total index lies below this, two errors included, does not matter."""
TOGETHER: Final = 0.05
"""Where totals exceed first-order indices by this and two errors, parameters work together."""
SURE: Final = 0.03
"""Indices from ranks of kept draws that are smaller may be chance."""
_NODES: Final = (
    "co2_reduction", "economic_effect", "items/co2_reduction", "items/economic_effect", "other", "readings",
    "totals/co2_reduction", "totals/economic_effect", "totals/other",
)  # fmt: skip
_BY_PARAMETER: Final = (
    "S1", "S1_mcse", "ST", "ST_mcse", "Sh", "Sh_mcse", "rank", "rank_mcse", "spearman", "spearman_mcse",
    "narrowing", "narrowing_mcse", "swing_low", "swing_high",
)  # fmt: skip
_BY_CELL: Final = (
    "assumed_first", "assumed_first_mcse", "assumed_total", "assumed_total_mcse", "central", "mean", "sd", "q025",
    "q975", "approach1_half_width", "approach1_percent", "approach2_percent", "approach2_below", "approach2_above",
)  # fmt: skip


@dataclass(frozen=True)
class Driver:
    """One parameter of one cell: its numbers by name."""

    parameter: str
    basis: str
    numbers: dict[str, float]

    @property
    def matters(self) -> bool | None:
        """Whether its total index may be SMALL or more; None where that is not known."""
        most = self.numbers["ST"] + 2.0 * self.numbers["ST_mcse"]
        return most >= SMALL if most == most else None


@dataclass(frozen=True)
class Ranked:
    """One cell with the parameters that reach it, the one with the largest Shapley effect first."""

    cell: str
    unit: str
    status: str
    words: str
    numbers: dict[str, float]
    drivers: tuple[Driver, ...]
    is_total: bool = False

    def together(self, lang: str = "en", named: Callable[[str], str] | None = None) -> str:
        """Which parameters work together, in words; "" where they add up. `named` gives their names."""
        found = []
        for one in self.drivers:
            more = one.numbers["ST"] - one.numbers["S1"]
            if more > TOGETHER + 2.0 * (one.numbers["ST_mcse"] + one.numbers["S1_mcse"]):
                found.append(f"{(named or self.short)(one.parameter)} {more:.0%}")
        return text("sensitivity.together", lang, listed=", ".join(found)) if found else ""

    def short(self, parameter: str) -> str:
        """A parameter without the programme, where that is the cell's."""
        return parameter.removeprefix(self.cell.partition(".")[0] + ".")


def ranked(found: Sensitivity) -> list[Ranked]:
    """Every cell of the tree that is random, in the tree's order."""
    return [one for node in _NODES if f"/{node}" in found.tree.groups for one in _cells(found.tree[node].dataset, node)]


def _cells(node: Any, path: str) -> Iterator[Ranked]:
    dims = [str(dim) for dim in node["status"].dims]
    labels = [node[dim].values.tolist() for dim in dims]
    by_cell = {name: node[name].values for name in (*_BY_CELL, "status", "unit", "approaches")}
    by_parameter = {name: node[name].values for name in _BY_PARAMETER}
    names, basis = node["parameter"].values.tolist(), node["basis"].values.tolist()
    for place in product(*(range(len(one)) for one in labels)):
        if by_cell["status"][place] in ("random", "not_finite"):
            reached = [k for k in range(len(names)) if by_parameter["Sh"][(k, *place)] != 0.0]
            drivers = [Driver(names[k], basis[k], {name: float(values[(k, *place)])
                                                   for name, values in by_parameter.items()})
                       for k in reached]  # fmt: skip
            drivers.sort(key=lambda one: (-one.numbers["Sh"], one.parameter))
            yield Ranked(
                cell_name(path, [str(along[k]) for along, k in zip(labels, place, strict=True)]),
                str(by_cell["unit"][place]), str(by_cell["status"][place]), str(by_cell["approaches"][place]),
                {name: float(by_cell[name][place]) for name in _BY_CELL}, tuple(drivers),
                path.startswith("totals"),
            )  # fmt: skip


def checked(found: Sensitivity, cells: Sequence[str]) -> None:
    """Raises InputError for cells that the analysis does not hold."""
    known = [one.cell for one in ranked(found)]
    faults = [Finding(Place(), "", f"--cell {one[:120]}: no random cell.{did_you_mean(one, known)}")
              for one in cells if one not in known]  # fmt: skip
    if faults:
        raise InputError(faults)


# ---- tables


def sensitivity_tables(found: Sensitivity, cells: tuple[str, ...] = (), lang: str = "en") -> None:
    """Every cell with its three largest parameters; with `cells` all that is known of these."""
    listed = ranked(found)
    chosen = [one for one in listed if one.cell in cells] if cells else listed
    if cells:
        for one in chosen:
            _one_cell(one, lang)
    else:
        _overview(chosen, lang)
    _worth(found, lang)
    unimportant = _unimportant(listed)
    none = text("sensitivity.none", lang)
    click.echo(text("sensitivity.unimportant", lang, n=len(unimportant), small=f"{SMALL:.0%}",
                    listed=", ".join(unimportant) or none))  # fmt: skip
    if unknown := _not_known(listed):
        click.echo(text("sensitivity.not_known", lang, n=len(unknown), listed=", ".join(unknown)))
    draws, seed, title = f"{found.card['draws']:,}", found.card["seed"], _title(found.tree, lang)
    click.echo(text("sensitivity.drawn", lang, title=title, draws=draws, seed=seed))
    click.echo(f"result_digest {found.result_digest}")
    if found.directory is not None:
        click.echo(f"directory {found.directory}")


def _title(tree: xr.DataTree, lang: str) -> str:
    return str(tree.attrs["title_ja" if lang == "ja" else "title"])


def _overview(listed: list[Ranked], lang: str) -> None:
    head = heads("sensitivity", ("cell", "approach1", "approach2", "assumed", "largest", "works"), lang)
    rows = [
        [one.cell, _percent(one.numbers["approach1_percent"]), _sides(one.numbers),
         _share(one.numbers, "assumed_first"),
         "; ".join(f"{one.short(driver.parameter)} {_share(driver.numbers, 'Sh')}" for driver in one.drivers[:TOP]),
         one.together(lang)]
        for one in listed if one.status == "random"
    ]  # fmt: skip
    table(text("sensitivity.overview", lang), head, rows, right=(1, 2, 3))
    click.echo(text("sensitivity.columns", lang))
    for one in (one for one in listed if one.status != "random"):
        click.echo(text("sensitivity.not_finite", lang, cell=one.cell))


def _one_cell(one: Ranked, lang: str) -> None:
    names, ends = ("parameter", "basis"), ("rank", "correlation", "narrowing", "low", "high")
    head = [*heads("sensitivity", names, lang), "S1", "ST", "Sh", *heads("sensitivity", ends, lang)]
    rows = [
        [one.short(driver.parameter), text(f"basis.{driver.basis}", lang),
         *(_share(driver.numbers, name) for name in ("S1", "ST", "Sh")),
         _share_error(driver.numbers, "rank"), _signed_error(driver.numbers, "spearman"),
         _percent(100 * driver.numbers["narrowing"]), number(driver.numbers["swing_low"]),
         number(driver.numbers["swing_high"])]
        for driver in one.drivers if driver.matters is not False
    ]  # fmt: skip
    table(f"{one.cell} ({unit_shown(one.unit, lang)})", head, rows, right=tuple(range(2, 10)))
    quiet = [driver.parameter for driver in one.drivers if driver.matters is False]
    if unknown := [one.short(driver.parameter) for driver in one.drivers if driver.matters is None]:
        click.echo(text("sensitivity.unknown", lang, listed=", ".join(unknown)))
    listed = ", ".join(map(one.short, quiet)) or text("sensitivity.none", lang)
    click.echo(text("sensitivity.quiet", lang, listed=listed))
    if said := one.together(lang):
        click.echo(said)
    numbers = one.numbers
    click.echo(text("sensitivity.assumed_share", lang, first=_share(numbers, "assumed_first"),
                    total=_share(numbers, "assumed_total")))  # fmt: skip
    click.echo(f"Approach 1: {number(numbers['central'])} ± {_percent(numbers['approach1_percent'])} · "
               f"Approach 2: {number(numbers['mean'])} {_sides(numbers)} · {why_apart(numbers, lang)}")  # fmt: skip


def why_apart(numbers: dict[str, float], lang: str) -> str:
    """Why the two approaches differ."""
    names = ("central", "approach1_half_width", "mean", "q025", "q975", "sd")
    return Comparison(*(numbers[name] for name in names)).words(lang)


def _worth(found: Sensitivity, lang: str) -> None:
    """For each threshold, what knowing the parameters is worth."""
    if "evppi" not in found.tree:
        return
    node = found.tree["evppi"].dataset
    names = node["parameter"].values.tolist()
    for column, threshold in enumerate(node["threshold"].values.tolist()):
        worth, errors = (node[name].values[:, column] for name in ("evppi", "evppi_mcse"))
        order = sorted((k for k in range(len(names)) if worth[k] > 0.0), key=lambda k: -worth[k])
        rows = [[names[k], _with_error(float(worth[k]), float(errors[k]))] for k in order[:10]]
        unit = unit_shown(str(node["unit"].values[column]), lang)
        whole = _with_error(*(float(node[name].values[column]) for name in ("evpi", "evpi_mcse")))
        title = text("sensitivity.worth", lang, threshold=threshold, unit=unit, whole=whole)
        table(title, [text("sensitivity.parameter", lang), "EVPPI"], rows, right=(1,))


def _unimportant(listed: list[Ranked]) -> list[str]:
    """Parameters that reach a cell and are known to matter to none."""
    everywhere = dict.fromkeys(driver.parameter for one in listed for driver in one.drivers)
    matter = {driver.parameter for one in listed for driver in one.drivers if driver.matters is not False}
    return [name for name in everywhere if name not in matter]


def _not_known(listed: list[Ranked]) -> list[str]:
    """Parameters of which no cell is known to matter, and of some not whether they do."""
    drivers = [driver for one in listed for driver in one.drivers]
    matter = {driver.parameter for driver in drivers if driver.matters}
    return list(dict.fromkeys(one.parameter for one in drivers if one.matters is None and one.parameter not in matter))


def _share(numbers: dict[str, float], name: str) -> str:
    """A share in per cent, with no more digits than its error supports."""
    return _percent(100.0 * numbers[name], 100.0 * numbers.get(f"{name}_mcse", 0.0))


def _share_error(numbers: dict[str, float], name: str) -> str:
    """A share in per cent, and its error."""
    shown, error = _share(numbers, name), 100.0 * numbers[f"{name}_mcse"]
    return f"{shown} ± {error:.1g}" if shown and isfinite(error) else shown


def _signed_error(numbers: dict[str, float], name: str) -> str:
    """A correlation and its error."""
    shown, error = _signed(numbers[name]), numbers[f"{name}_mcse"]
    return f"{shown} ± {error:.1g}" if shown and isfinite(error) else shown


def _with_error(value: float, error: float) -> str:
    return f"{number(value, error)} ± {error:.1g}" if isfinite(error) else number(value)


def _percent(value: float, error: float = 0.0) -> str:
    if not isfinite(value):
        return ""
    rounded = 0.0 if abs(value) < 0.05 else value
    return f"{number(rounded, error) if abs(rounded) < 10 else f'{rounded:.0f}'} %"


def _signed(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else ""


def _sides(numbers: dict[str, float]) -> str:
    """± one number, or two where the sides differ."""
    below, above = numbers["approach2_below"], numbers["approach2_above"]
    if not (isfinite(below) and isfinite(above)):
        return ""
    if abs(above - below) <= 0.1 * (above + below):
        return f"±{_percent(numbers['approach2_percent'])}"
    return f"−{_percent(below)} +{_percent(above)}"


# ---- a second opinion from kept draws


def ranks_of(tree: xr.DataTree) -> list[dict[str, Any]]:
    """Every cell that varies, with the parameters whose rank index is SURE or more, the largest first."""
    found = []
    for metric, node in tree.children.items():
        data = node.dataset
        labels = data["parameter"].values.tolist()
        for programme, year in product(data["programme"].values.tolist(), data["year"].values.tolist()):
            at = data.sel(programme=programme, year=year)
            rank = at["rank"].values
            if isfinite(float(rank.max(initial=float("-inf")))):
                order = sorted((k for k in range(len(labels)) if rank[k] >= SURE), key=lambda k: -rank[k])
                rows = [
                    {"parameter": labels[k], **_plain({name: float(at[name].values[k]) for name in NAMES})}
                    for k in order
                ]
                found.append({"cell": f"{programme}.{metric}.{year}", "parameters": rows})
    return found


def _numbers(driver: dict[str, Any]) -> dict[str, float]:
    return {name: float("nan") if driver[name] is None else driver[name] for name in NAMES}


def ranks_table(tree: xr.DataTree, lang: str = "en") -> None:
    """Every cell with its three largest parameters by rank-based index."""
    rows = []
    for one in ranks_of(tree):
        own = one["cell"].partition(".")[0] + "."
        largest = [f"{driver['parameter'].removeprefix(own)} {_share_error(numbers, 'rank')}, "
                   f"ρ {_signed_error(numbers, 'spearman')}"
                   for driver in one["parameters"][:TOP] if (numbers := _numbers(driver))]  # fmt: skip
        rows.append([one["cell"], "; ".join(largest)])
    table(text("sensitivity.ranks", lang), heads("sensitivity", ("cell", "largest_by_rank"), lang), rows)
    said = {"title": _title(tree, lang), "draws": f"{tree.attrs['draws']:,}", "run": tree.attrs["run"]}
    click.echo(text("sensitivity.second", lang, **said, sure=f"{SURE:.0%}"))


# ---- JSON


def sensitivity_json(found: Sensitivity) -> dict[str, Any]:
    """Card, and every random cell with the parameters that reach it; numbers that are not finite are None."""
    cells = [
        {"cell": one.cell, "unit": one.unit, "status": one.status, "approaches": one.words,
         "together": one.together(), **_plain(one.numbers),
         "parameters": [{"parameter": driver.parameter, "basis": driver.basis, "matters": driver.matters,
                         **_plain(driver.numbers)} for driver in one.drivers]}
        for one in ranked(found)
    ]  # fmt: skip
    result: dict[str, Any] = {"card": found.card, "cells": cells, "unimportant": _unimportant(ranked(found)),
                              "not_known": _not_known(ranked(found))}  # fmt: skip
    if "evppi" in found.tree:
        node = found.tree["evppi"].dataset
        names = node["parameter"].values.tolist()
        result["thresholds"] = [
            {"threshold": one, "cell": node["cell"].values[k], "value": float(node["value"].values[k]),
             "unit": node["unit"].values[k], **_plain({"evpi": float(node["evpi"].values[k])}),
             **_plain({"evpi_mcse": float(node["evpi_mcse"].values[k])}), "evppi": _positive(node, names, k, "evppi"),
             "evppi_mcse": _positive(node, names, k, "evppi_mcse")}
            for k, one in enumerate(node["threshold"].values.tolist())
        ]  # fmt: skip
    return result


def _positive(node: Any, names: Sequence[str], column: int, name: str) -> dict[str, float | None]:
    """A number of the parameters that are worth knowing at a threshold."""
    worth = node["evppi"].values[:, column]
    return _plain({names[k]: float(node[name].values[k, column]) for k in range(len(names)) if worth[k] > 0.0})


def _plain(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: value if isfinite(value) else None for name, value in numbers.items()}
