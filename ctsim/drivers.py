"""The result of a sensitivity analysis as an xarray tree: every number by parameter and cell.

For the parameters of each cell: `S1`, `ST`, `Sh` with errors; `rank` (first-order index from one sample, a second
opinion) and `spearman` (direction); `narrowing`, the share of the 90 % interval that would go if the parameter were
known; `swing_low`, `swing_high`, the cell with the parameter at its 5 % and 95 % quantile and all else central. For
each cell: `assumed_first` and `assumed_total`, the share of variance that rests on assumed spreads alone, and together
with others; Approach 1 of the IPCC beside Monte Carlo; and what a run of as many draws says of it, so that median and
interval stand beside the published figure: `mean`, `quantiles`, `p_at_least_published`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ctsim.approach1 import Comparison, Propagation, propagate
from ctsim.catalog import Scenario
from ctsim.dataset import LONG_NAMES as OF_RUNS
from ctsim.dataset import NODE_UNITS, quantile_coordinate
from ctsim.distributions import FIXED
from ctsim.indices import Index, State, Walk, indices, shapley
from ctsim.information import (
    bins,
    correlation_error,
    correlation_ratio,
    correlation_ratio_error,
    in_parts,
    narrowing,
    partial_information,
    perfect_information,
    ranks,
    ranks_within,
    widths_by_chance,
)  # fmt: skip
from ctsim.summaries import QUANTILES, Summary

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

THRESHOLD_BINS: Final = 256
OF_SAMPLE: Final = ("rank", "rank_mcse", "spearman", "spearman_mcse", "narrowing", "narrowing_mcse")
"""What is made from the sample."""
DIMS: Final = {"/other": ("figure",), "/readings": ("reading",), "/totals/other": ("total",)}
_FIRST: Final = {"/items": "item", "/totals": "total"}
LONG_NAMES: Final = {
    "S1": "first-order index: share of the variance that the parameter explains alone",
    "ST": "total index: share of the variance that stays when all else is known",
    "Sh": "Shapley effect: shares of the variance that add up to 1",
    "S1_mcse": "Monte Carlo standard error of S1",
    "ST_mcse": "Monte Carlo standard error of ST",
    "Sh_mcse": "Monte Carlo standard error of Sh",
    "rank": "first-order index from bins of the parameter's ranks in one sample",
    "rank_mcse": "Monte Carlo standard error of rank",
    "spearman": "rank correlation of parameter and cell",
    "spearman_mcse": "Monte Carlo standard error of spearman",
    "narrowing_mcse": "Monte Carlo standard error of the narrowing",
    "narrowing": "share of the width of the 90 % interval that goes on average when the parameter is known",
    "swing_low": "cell with the parameter at its 5 % quantile and all else central",
    "swing_high": "cell with the parameter at its 95 % quantile and all else central",
    "assumed_first": "share of the variance that parameters with assumed spreads explain alone",
    "assumed_total": "share of the variance that parameters with assumed spreads explain alone and with others",
    "assumed_first_mcse": "Monte Carlo standard error of assumed_first",
    "assumed_total_mcse": "Monte Carlo standard error of assumed_total",
    "central": "cell at the printed values",
    "approach1_half_width": "half the 95 % interval by first-order propagation",
    "approach1_percent": "Approach 1: half the 95 % interval in % of the central value",
    "approach2_percent": "Approach 2: half the 95 % interval in % of the mean",
    "approach2_below": "Approach 2: mean less the 2.5 % quantile in % of the mean",
    "approach2_above": "Approach 2: 97.5 % quantile less the mean in % of the mean",
    "q025": "2.5 % quantile", "q975": "97.5 % quantile",
    "evppi": "value of knowing the parameter for the choice at the threshold",
    "evppi_mcse": "Monte Carlo standard error of evppi",
    "evpi": "value of knowing everything for the choice at the threshold",
    "evpi_mcse": "Monte Carlo standard error of evpi",
    "value": "threshold",
}  # fmt: skip
_IN_UNIT: Final = {
    "swing_low", "swing_high", "central", "approach1_half_width", "mean", "mcse", "sd", "q025", "q975", "quantiles",
    "quantiles_mcse",
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """Draws that were kept: rows and targets (place, draw), and the replicate of each draw."""

    rows: FloatArray
    targets: FloatArray
    replicate: IntArray


@dataclass(frozen=True)
class Found:
    """What was drawn for an analysis; `larger` is the sample for thresholds."""

    walk: Walk
    state: State
    summary: Summary
    sample: Sample
    larger: Sample


def tree(scenario: Scenario, found: Found, card: Mapping[str, Any], years: Sequence[str]) -> xr.DataTree:
    """The result tree: a run's nodes, under `/groups` again, and `/evppi`; the root carries the card."""
    table = _Table(found)
    said = {key: value for key, value in card.items() if isinstance(value, str | int | float)}
    attributes = {"title": scenario.title_en, "title_ja": scenario.title_ja, "comment": COMMENT} | said
    attributes = {key: str(value) if isinstance(value, bool) else value for key, value in attributes.items()}
    nodes = {"/": xr.Dataset(attrs=attributes)}
    targets = found.walk.kernel.targets
    for node in dict.fromkeys(target.node for target in targets):
        here = [number for number, target in enumerate(targets) if target.node == node]
        grid = _Grid(scenario, node, [targets[number].key for number in here], here, years)
        coordinates = table.coordinates | grid.coordinates | quantile_coordinate()
        nodes[node] = xr.Dataset(table.by_parameter(grid) | table.by_cell(grid), coordinates)
        if table.group_names:
            nodes[f"/groups{node}"] = xr.Dataset(table.by_group(grid), table.groups | grid.coordinates)
    if any(target.thresholds for target in targets):
        nodes["/evppi"] = table.thresholds()
    return xr.DataTree.from_dict(nodes, name=scenario.id)


COMMENT: Final = "Shares of the variance under the assumptions. They say what an interval rests on, not what is true."


def variable(dims: tuple[str, ...], values: Any, name: str, unit: str = "1") -> xr.Variable:
    """A variable of numbers or of words, with units and long name."""
    array = np.asarray(values)
    words = array.dtype.kind in "OU"
    if words:
        array = array.astype(object if array.size else "<U1")
    return xr.Variable(
        dims, array, {"units": "" if words else unit, "long_name": LONG_NAMES.get(name, OF_RUNS.get(name, name))}
    )


class _Grid:
    """Where the targets of a node stand along its dimensions."""

    def __init__(
        self, scenario: Scenario, node: str, keys: Sequence[tuple[str, ...]], numbers: Sequence[int],
        years: Sequence[str],
    ) -> None:  # fmt: skip
        self.numbers = np.array(numbers, dtype=np.int64)
        self.unit = NODE_UNITS.get(node.rpartition("/")[2], "see coordinate unit")
        if node in DIMS:
            self.dims: tuple[str, ...] = DIMS[node]
            labels: list[list[str]] = [[key[0] for key in keys]]
        else:
            self.dims = (next((dim for path, dim in _FIRST.items() if node.startswith(path)), "programme"), "year")
            names = dict.fromkeys(key[0] for key in keys)
            listed = [one.id for one in scenario.programmes] if self.dims[0] == "programme" else list(names)
            labels = [listed, list(years)]
        self.shape = tuple(map(len, labels))
        places = [tuple(along.index(label) for along, label in zip(labels, key, strict=True)) for key in keys]
        self.at: tuple[IntArray, ...] = tuple(np.array(axis) for axis in zip(*places, strict=True))
        self.coordinates = {
            dim: variable((dim,), [int(label) for label in along] if dim == "year" else along, dim, "yr")
            for dim, along in zip(self.dims, labels, strict=True)
        }

    def spread(self, values: FloatArray) -> FloatArray:
        """Values (..., target) of all targets on the grid; NaN where no target stands."""
        result = np.full((*values.shape[:-1], *self.shape), np.nan)
        at: tuple[Any, ...] = (..., *self.at)
        result[at] = values[..., self.numbers]
        return result

    def words(self, said: Sequence[str], otherwise: str) -> npt.NDArray[np.object_]:
        """Texts of all targets on the grid, as an array of its shape; `otherwise` where no target stands."""
        result = np.full(self.shape, otherwise, dtype=object)
        result[self.at] = np.array(said, dtype=object)[self.numbers]
        return result


class _Table:
    """Every number by parameter and target, as arrays (parameter, target)."""

    def __init__(self, found: Found) -> None:
        self.found = found
        kernel = self.kernel = found.walk.kernel
        self.rows: dict[str, list[int]] = {}
        for number, mover in enumerate(kernel.binding.movers):
            if kernel.quantiles[number].kind != FIXED:
                self.rows.setdefault(mover, []).append(number)
        # Members of groups whose programmes were not chosen have no rows, but what the others share with them.
        self.rows |= {name: [] for name in found.walk.players if name not in self.rows}
        self.names = list(self.rows)
        self.first, self.total = indices(found.walk, found.state)
        self.shapley = shapley(found.walk, found.state)
        self.group_names = [name for kind, name in self.first if kind == "group"]

    @property
    def coordinates(self) -> dict[str, xr.Variable]:
        """Of what is listed by parameter."""
        members = {name: " + ".join(group.streams) for group in self.kernel.groups for name in group.streams}
        rows = self.kernel.binding.rows
        bases = [[rows[row].basis for row in mine] or [""] for mine in self.rows.values()]
        basis = ["assumed" if "assumed" in one else one[0] for one in bases]
        return {
            "parameter": variable(("parameter",), self.names, "parameter"),
            "basis": variable(("parameter",), basis, "basis"),
            "group": variable(("parameter",), [members.get(name, "") for name in self.names], "dependent group"),
        }

    @property
    def groups(self) -> dict[str, xr.Variable]:
        """Of what is listed by dependent group."""
        return {"group": variable(("group",), self.group_names, "dependent group")}

    # ---- by parameter

    def by_parameter(self, grid: _Grid) -> dict[str, xr.Variable]:
        """Indices, second opinion, narrowing and swings."""
        dims = ("parameter", *grid.dims)
        return {name: variable(dims, grid.spread(values), name, grid.unit if name in _IN_UNIT else "1")
                for name, values in self._columns.items()}  # fmt: skip

    @cached_property
    def _columns(self) -> dict[str, FloatArray]:
        found: dict[str, FloatArray] = {}
        for name, by in (("S1", self._owners(self.first, "first")), ("ST", self._owners(self.total, "last")),
                         ("Sh", self.shapley)):  # fmt: skip
            values, errors = self._filled(by, self.names)
            for one in (values, errors):  # what reaches no cell has exactly 0, also where draws are not finite
                one[~self._reached & np.isnan(self.found.summary.sd)] = 0.0
            found[name], found[f"{name}_mcse"] = values, errors
        found |= self._from_sample()
        swings = np.where(self._reached[..., None], self._propagation.swings, self._propagation.central[:, None])
        found["swing_low"], found["swing_high"] = swings[..., 0], swings[..., 1]
        return found

    def _owners(self, found: Mapping[tuple[str, str], Index], kind: str) -> dict[str, Index]:
        """The index of each parameter: of a member of a group that of the kind."""
        return {name: one for (of, name), one in found.items() if of in ("alone", kind)}

    def _filled(self, found: Mapping[str, Index], names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """Values and errors (name, target): 0 where the parameter does not reach the target; NaN where nothing does."""
        values = np.zeros((2, len(names), len(self.kernel.targets)))
        for number, name in enumerate(names):
            if (one := found.get(name)) is not None:
                values[:, number, one.targets] = one.value, one.mcse
        values[:, :, self._is_fixed] = np.nan
        return values[0], values[1]

    @cached_property
    def _is_fixed(self) -> npt.NDArray[np.bool_]:
        """Targets that have no variance, or none that is finite."""
        sd = self.found.summary.sd
        return ~(np.isfinite(sd) & (sd > 0.0))

    @cached_property
    def _reached(self) -> npt.NDArray[np.bool_]:
        """(parameter, target): whether the one can move the other, through its dependent group too."""
        reached = np.zeros((len(self.names), len(self.kernel.targets)), dtype=bool)
        for number, name in enumerate(self.names):
            if (one := self.shapley.get(name)) is not None:
                reached[number, one.targets] = True
        return reached

    def _in_order(self, rows: Sequence[int]) -> bool:
        """Whether draws of a parameter can be put in order by one row: not those of a whole, nor of none."""
        return len({self.kernel.binding.rows[row].stream for row in rows}) == 1

    def _from_sample(self) -> dict[str, FloatArray]:
        """Second opinion, direction and narrowing."""
        sample = self.found.sample
        zeros = np.where(self._is_fixed, np.nan, np.zeros(self._reached.shape))
        columns = {name: zeros.copy() for name in OF_SAMPLE}
        chance: dict[tuple[int, bytes], FloatArray] = {}
        targets = [ranks(one) for one in sample.targets]
        within = [ranks_within(one, sample.replicate) for one in sample.targets]
        for number, rows in enumerate(self.rows.values()):
            mine = np.flatnonzero(self._reached[number] & ~self._is_fixed)
            if len(mine) and not self._in_order(rows):
                for values in columns.values():
                    values[number, mine] = np.nan
                continue
            if len(mine):
                parted, rank = in_parts(sample.rows[rows[0]]), ranks(sample.rows[rows[0]])
                mine_within = ranks_within(sample.rows[rows[0]], sample.replicate)
                sizes = b"".join(one.starts.tobytes() for one in parted)
            for target in mine:
                y = sample.targets[target]
                columns["rank"][number, target] = correlation_ratio(y, parted[0])
                columns["rank_mcse"][number, target] = correlation_ratio_error(y, parted[0], sample.replicate)
                columns["spearman"][number, target] = float((rank * targets[target]).sum())
                columns["spearman_mcse"][number, target] = correlation_error(
                    mine_within, within[target], sample.replicate
                )
                key = int(target), sizes
                if key not in chance:
                    chance[key] = widths_by_chance(y, parted)
                columns["narrowing"][number, target], columns["narrowing_mcse"][number, target] = narrowing(
                    y, parted, chance[key]
                )
        return columns

    @cached_property
    def _propagation(self) -> Propagation:
        return propagate(self.kernel, self.rows, self.kernel.groups)

    # ---- by group and by cell

    def by_group(self, grid: _Grid) -> dict[str, xr.Variable]:
        """First-order and total indices of dependent groups as a whole."""
        found = {}
        for name, by in (("S1", self.first), ("ST", self.total)):
            whole = {owner: one for (kind, owner), one in by.items() if kind == "group"}
            for suffix, values in zip(("", "_mcse"), self._filled(whole, self.group_names), strict=True):
                found[name + suffix] = variable(("group", *grid.dims), grid.spread(values), name + suffix)
        return found

    def by_cell(self, grid: _Grid) -> dict[str, xr.Variable]:
        """What rests on assumed spreads, and Approach 1 beside Monte Carlo."""
        columns, words = self._cells
        found = {name: variable(grid.dims, grid.spread(values), name, self._unit(name, grid))
                 for name, values in columns.items()}  # fmt: skip
        for name in ("quantiles", "quantiles_mcse"):
            values = np.moveaxis(grid.spread(getattr(self.found.summary, name).T), 0, -1)
            found[name] = variable((*grid.dims, "quantile"), values, name, grid.unit)
        targets = self.kernel.targets
        found["approaches"] = variable(grid.dims, grid.words(words, ""), "how the two approaches differ")
        found["status"] = variable(grid.dims, grid.words(self._status, "not_applicable"), "status")
        units = [NODE_UNITS.get(target.node.rpartition("/")[2], target.unit) for target in targets]
        found["unit"] = variable(grid.dims, grid.words(units, ""), "unit")
        return found

    def _unit(self, name: str, grid: _Grid) -> str:
        return grid.unit if name in _IN_UNIT else "%" if name.startswith("approach") else "1"

    @property
    def _status(self) -> list[str]:
        sd = self.found.summary.sd
        return ["not_finite" if one != one else "random" if one > 0.0 else "fixed" for one in sd.tolist()]

    @cached_property
    def _cells(self) -> tuple[dict[str, FloatArray], list[str]]:
        """Numbers and words by target."""
        summary, made = self.found.summary, self._propagation
        ends = [summary.quantiles[:, QUANTILES.index(share)] for share in (0.025, 0.975)]
        pairs = [Comparison(*map(float, one)) for one in
                 zip(made.central, made.half_width, summary.mean, *ends, summary.sd, strict=True)]  # fmt: skip
        percents = np.array([(one.percent, *one.percents) for one in pairs]).reshape(-1, 4)
        columns = {
            "central": made.central, "approach1_half_width": made.half_width, "mean": summary.mean,
            "mcse": summary.mcse, "sd": summary.sd,
            "p_at_least_published": summary.p_at_least[:, 0], "p_mcse": summary.p_at_least_mcse[:, 0],
            "q025": ends[0], "q975": ends[1], "approach1_percent": percents[:, 0], "approach2_percent": percents[:, 1],
            "approach2_below": percents[:, 2], "approach2_above": percents[:, 3],
        }  # fmt: skip
        return self._assumed() | columns, [one.words() for one in pairs]

    def _assumed(self) -> dict[str, FloatArray]:
        """What assumed spreads explain alone: all but the others' total index; with others: all but their S1."""
        columns = {}
        for name, by, kind in (("assumed_first", self.total, "evidence last"),
                               ("assumed_total", self.first, "evidence first")):  # fmt: skip
            others = {owner: one for (of, owner), one in by.items() if of == kind}
            value, error = self._filled(others, [""])
            columns[name], columns[f"{name}_mcse"] = 1.0 - value[0], error[0]
        return columns

    # ---- thresholds

    def thresholds(self) -> xr.Dataset:
        """`/evppi`: what knowing each parameter, and everything, is worth at each threshold, in the cell's unit."""
        sample, targets = self.found.larger, self.kernel.targets
        wanted = [(number, value) for number, one in enumerate(targets) for value in one.thresholds]
        parted = {name: bins(sample.rows[rows[0]], THRESHOLD_BINS)
                  for number, (name, rows) in enumerate(self.rows.items())
                  if self._in_order(rows) and any(self._reached[number, target] for target, _ in wanted)}  # fmt: skip
        worth = np.zeros((len(self.names), len(wanted), 2))
        for column, (target, value) in enumerate(wanted):
            y = sample.targets[target]
            for number, name in enumerate(self.names):
                if self._reached[number, target]:
                    worth[number, column] = (
                        partial_information(y, parted[name], sample.replicate, value) if name in parted else np.nan
                    )
        whole = [perfect_information(sample.targets[target], sample.replicate, value) for target, value in wanted]
        along, unit = ("threshold",), "see variable unit"
        names = [targets[target].name for target, _ in wanted]
        labels = [f"{targets[target].name}={value!r}" for target, value in wanted]
        return xr.Dataset(
            {
                "evppi": variable(("parameter", *along), worth[..., 0], "evppi", unit),
                "evppi_mcse": variable(("parameter", *along), worth[..., 1], "evppi_mcse", unit),
                "evpi": variable(along, [value for value, _ in whole], "evpi", unit),
                "evpi_mcse": variable(along, [error for _, error in whole], "evpi_mcse", unit),
                "value": variable(along, [value for _, value in wanted], "value", unit),
                "cell": variable(along, names, "cell"),
                "unit": variable(along, [targets[target].unit for target, _ in wanted], "unit"),
            },
            self.coordinates | {"threshold": variable(along, labels, "threshold")},
        )
