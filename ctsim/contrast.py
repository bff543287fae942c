"""The result of a comparison as an xarray tree: paired differences by quantity, what changed, and what it is due to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ctsim.attribution import Parts
from ctsim.catalog import Scenario
from ctsim.dataset import NODE_UNITS
from ctsim.differences import SAID, Difference
from ctsim.hybrids import Hybrids, Key, Side
from ctsim.locale import text
from ctsim.programme import METRICS, Programme
from ctsim.summaries import QUANTILES, REPLICATES, Summary

FloatArray = npt.NDArray[np.float64]

DIMENSIONS: Final = {"items": "item", "other": "figure", "totals": "group"}
NUMBERS: Final = {
    "mean": "mean of the paired difference B - A", "mcse": "Monte Carlo standard error of the mean difference",
    "sd": "standard deviation of the paired difference",
    "p_higher": "share of draws in which B is above A by more than rounding",
    "p_mcse": "Monte Carlo standard error of p_higher", "a_mean": "mean in A", "b_mean": "mean in B",
    **{f"{side}_p_{name}": f"{words} in {side.upper()}" for side in "ab" for name, words in (
        ("at_least_published", "share of draws at or above the published figure, under the assumptions,"),
        ("at_least_published_mcse", "Monte Carlo standard error of that share"),
    )},
}  # fmt: skip
BY_QUANTILE: Final = {
    "quantiles": "quantiles of the paired difference",
    "quantiles_mcse": "Monte Carlo standard errors of the quantiles", "a_quantiles": "quantiles in A",
    "b_quantiles": "quantiles in B",
}  # fmt: skip
_WITHOUT_UNIT: Final = tuple(name for name in NUMBERS if "p_" in name)
_LOW, _HIGH = QUANTILES.index(0.05), QUANTILES.index(0.95)
_PER_UNIT: Final = ("per_unit", "ratio")
_BOUNDARY: Final = ("boundary", "scope", "period", "money_kind")


@dataclass(frozen=True)
class Contrast:
    """What was compared: the scenarios, the years and metrics that were chosen, what differs."""

    a: Scenario
    b: Scenario
    years: Sequence[str]
    metrics: Sequence[str]
    differences: tuple[Difference, ...]

    @property
    def programmes(self) -> list[Programme]:
        """Those of either scenario, in the report's order."""
        both = {one.id: one for one in (*self.b.programmes, *self.a.programmes)}
        return sorted(both.values(), key=lambda one: (one.number or 10**6, one.id))


@dataclass(frozen=True)
class Statistics:
    """One quantity in A and B, and the paired difference; NaN where there is none.

    `status`: changed, unchanged, added or removed (its programme is: it counts as 0 where it is not), only_a or only_b
    (the other has no number), not_comparable; `reason` says why there is no difference. `same_as`: of a total that is
    one cell or figure in both, the name of that. `marked`: `marks` of a, of b and of the difference.
    """

    status: str
    reason: str
    numbers: Mapping[str, float]
    quantiles: Mapping[str, FloatArray]
    marked: Mapping[str, FloatArray]
    same_as: str = ""

    @property
    def is_difference(self) -> bool:
        """Whether there is a difference to explain."""
        return self.status in ("changed", "added", "removed") and bool(np.isfinite(self.numbers["mean"]))

    @property
    def marks(self) -> tuple[FloatArray, FloatArray]:
        """`marks` of A (0 where its programme is not there), and by how much they differ in B."""
        before, after = (self._marks(side) for side in "ab")
        whole = after - before
        whole[0] = self.marked["difference"][0]
        return before, whole

    def _marks(self, side: str) -> FloatArray:
        absent = {"added": "a", "removed": "b"}.get(self.status) == side
        return np.zeros_like(self.marked[side]) if absent else self.marked[side]


def marks(summary: Summary, i: int) -> FloatArray:
    """Mean, q05 and q95 of an output, each with how far those of the replicates lie from it: (3, 1 + replicate)."""
    values = [summary.mean[i], summary.quantiles[i, _LOW], summary.quantiles[i, _HIGH]]
    return np.column_stack([values, summary.deviations[i, [0, 1 + _LOW, 1 + _HIGH]]])


def with_errors(parts: Parts) -> Parts:
    """Parts (change, 3) of `marks`; their errors are those of the draws, and of the orders where these are sampled."""
    apart = parts.parts[..., 1:]
    drawn = np.sqrt((apart**2).sum(axis=-1) / (apart.shape[-1] * (apart.shape[-1] - 1)))
    return Parts(parts.parts[..., 0], np.hypot(drawn, parts.errors[..., 0]))


def statistics(
    summary: Summary, status: str, reason: str, a: int | None, b: int | None, paired: int | None
) -> Statistics:
    """A quantity's statistics from the places of A, B and their difference among what was summarised."""
    none = np.full(len(QUANTILES), np.nan)
    sides: dict[str, float] = {}
    for side, i in (("a", a), ("b", b)):
        columns = {"mean": summary.mean, "p_at_least_published": summary.p_at_least[:, 0],
                   "p_at_least_published_mcse": summary.p_at_least_mcse[:, 0]}  # fmt: skip
        sides |= {f"{side}_{name}": np.nan if i is None else float(one[i]) for name, one in columns.items()}
    shown = [none if i is None else summary.quantiles[i] for i in (a, b)]
    if paired is not None:
        numbers = {"mean": summary.mean[paired], "mcse": summary.mcse[paired], "sd": summary.sd[paired],
                   "p_higher": summary.p_at_least[paired, 0], "p_mcse": summary.p_at_least_mcse[paired, 0]}  # fmt: skip
        quantiles = {"quantiles": summary.quantiles[paired], "quantiles_mcse": summary.quantiles_mcse[paired]}
        if bad := int(summary.not_finite[paired]):
            reason = text("apart.not_finite", "en", n=bad, draws=summary.draws, first=int(summary.first_bad[paired]))
    else:
        # Of what is the same in both, each draw is; where that is not finite, there is no difference to speak of.
        zero = 0.0 if status == "unchanged" and np.isfinite(shown[0]).all() else np.nan
        numbers = dict.fromkeys(("mean", "mcse", "sd", "p_higher", "p_mcse"), zero)
        quantiles = {name: np.full(len(QUANTILES), zero) for name in ("quantiles", "quantiles_mcse")}
    plain = {name: float(value) for name, value in numbers.items()}
    quantiles |= {"a_quantiles": shown[0], "b_quantiles": shown[1]}
    unknown = np.full((3, 1 + REPLICATES), np.nan)
    marked = {name: unknown if i is None else marks(summary, i)
              for name, i in (("a", a), ("b", b), ("difference", paired))}  # fmt: skip
    return Statistics(status, reason, plain | sides, quantiles, marked)


def status(hybrids: Hybrids, key: Key) -> tuple[str, str]:
    """Whether the two scenarios' quantities can be compared, and the reason where they cannot."""
    sides = [side if key in side.targets else None for side in (hybrids.a, hybrids.b)]
    if None not in sides:
        kinds = [_kinds(side, key) for side in (hybrids.a, hybrids.b)]
        differing = [name for name in _BOUNDARY if kinds[0][name] != kinds[1][name]]
        if not differing and (members := _other_members(hybrids, key)):
            return "not_comparable", members
        if not differing:
            return "comparable", ""
        words = "; ".join(
            text("of.kind", "en", name=name, a=" and ".join(kinds[0][name]), b=" and ".join(kinds[1][name]))
            for name in differing
        )
        return "not_comparable", text("apart.kinds", "en", kinds=words)
    there = hybrids.b if sides[0] is None else hybrids.a
    other, letter = (hybrids.a, "b") if there is hybrids.b else (hybrids.b, "a")
    programmes = {name.partition(".")[0] for name in there.parts(key)}
    if not programmes & other.programmes and _is_amount(there, key):
        return ("added" if letter == "b" else "removed"), ""
    side, gone = "A" if letter == "b" else "B", sorted(programmes - other.programmes)
    if key[0].startswith("/totals") and gone:
        is_sum = there.targets[key].how == "sum"
        left = [name for name in there.parts(key) if name.partition(".")[0] in other.programmes]
        if is_sum and left and other.steps.keys() >= set(left) and hybrids.listed >= {("programme", x) for x in gone}:
            return "comparable", text("apart.counts_as_nothing", "en", side=side, members=", ".join(gone))
        return f"only_{letter}", text("apart.without", "en", side=side, members=", ".join(gone))
    return f"only_{letter}", text("apart.only", "en", side=side)


def _is_amount(side: Side, key: Key) -> bool:
    """Whether it is tonnes or yen, of which a programme that is left out has none; not so what is per unit, a ratio."""
    records = [side.steps[name].figure.record for name in side.parts(key)]
    return not any(one.period in _PER_UNIT or one.reference or one.metric not in METRICS for one in records)


def _other_members(hybrids: Hybrids, key: Key) -> str:
    """Why a total is not the same one in both: members that no listed change adds or takes out; "" otherwise."""
    if not key[0].startswith("/totals/"):
        return ""
    names = [set(side.parts(key)) for side in (hybrids.a, hybrids.b)]
    listed = {name for kind, name in hybrids.listed if kind in ("programme", "cell")}
    odd = sorted(one for one in names[0] ^ names[1] if not {one, one.partition(".")[0]} & listed)
    return text("apart.members", "en", members=", ".join(odd)) if odd else ""


def _kinds(side: Side, key: Key) -> dict[str, list[str]]:
    records = [side.steps[name].figure.record for name in side.parts(key)]
    return {name: sorted({str(getattr(one, name) or "unstated") for one in records}) for name in _BOUNDARY}


# ---- the tree


def tree(
    found: Contrast, by_key: Mapping[Key, Statistics], parts: Mapping[Key, tuple[tuple[str, ...], Parts]],
    card: Mapping[str, Any],
) -> xr.DataTree:  # fmt: skip
    """The result tree: a node for each of a run's, `/changes`, and `/attribution` with the same nodes again."""
    nodes: dict[str, xr.Dataset] = {"/": xr.Dataset(attrs=_attributes(found, card)), "/changes": _changes(found)}
    cells = [f"/{metric}" for metric in METRICS if metric in found.metrics]
    for node in dict.fromkeys([*cells, "/other", *(key[0] for key in by_key)]):
        grid = _Grid(found, node, [key for key in by_key if key[0] == node])
        nodes[node] = _differences(grid, by_key)
        nodes[f"/attribution{node}"] = _attribution(grid, by_key, parts, [one.name for one in found.differences])
    return xr.DataTree.from_dict(nodes, name=f"{found.a.id} to {found.b.id}")


class _Grid:
    """The dimensions of a node and the quantities on it."""

    def __init__(self, found: Contrast, node: str, keys: Sequence[Key]) -> None:
        self.node = node
        top = node.split("/")[1]
        dim = DIMENSIONS.get(top, "programme")
        has_years = not node.endswith("/other")
        names = list(dict.fromkeys(key[1][0] for key in keys))
        if dim == "programme":
            names = [one.id for one in found.programmes]
        else:
            place = {one.id: number for number, one in enumerate(found.programmes)}
            names.sort(key=lambda name: (place.get(name.partition(".")[0], 10**6), name))
        self.dims = (dim, "year") if has_years else (dim,)
        self.shape = (len(names), len(found.years)) if has_years else (len(names),)
        self.keys: list[Key] = [(node, (name, year) if has_years else (name,)) for name in names
                                for year in (found.years if has_years else [""])]  # fmt: skip
        self.unit = NODE_UNITS.get(node.rpartition("/")[2], "see coordinate unit")
        self.coordinates: dict[str, Any] = {dim: ((dim,), np.array(names, dtype=object))}
        if has_years:
            self.coordinates["year"] = (("year",), np.array([int(year) for year in found.years]))
        if dim == "programme":
            for lang in ("ja", "en"):
                titles = [getattr(one, f"name_{lang}") for one in found.programmes]
                self.coordinates[f"programme_{lang}"] = ((dim,), np.array(titles, dtype=object))
        if not has_years:
            every = (*found.a.programmes, *found.b.programmes, *found.programmes)  # a figure may be of one page only
            units = {f.key: f.record.unit for one in every for f in one.figures}
            groups = (*found.b.totals, *found.a.totals) if dim == "group" else ()
            units |= {one.id: units[one.members[0]] for one in groups if one.members[0] in units}
            self.coordinates["unit"] = ((dim,), np.array([units[name] for name in names], dtype=object))
        self.found = found

    def why(self, key: Key) -> str:
        """Why there is no number in either scenario."""
        said = []
        for scenario in (self.found.a, self.found.b) if self.dims[0] == "programme" else ():
            for programme in scenario.programmes:
                if programme.id == key[1][0] and (reason := programme.cell(key[0][1:], key[1][1]).reason):
                    said.append(reason.en)
        return said[0] if said else ""


def _differences(grid: _Grid, by_key: Mapping[Key, Statistics]) -> xr.Dataset:
    variables: dict[str, Any] = {}
    here = [by_key.get(key) for key in grid.keys]
    for name, words in NUMBERS.items():
        values = np.array([np.nan if one is None else one.numbers[name] for one in here]).reshape(grid.shape)
        variables[name] = (
            grid.dims,
            values,
            {"units": "1" if name in _WITHOUT_UNIT else grid.unit, "long_name": words},
        )
    none = np.full(len(QUANTILES), np.nan)
    for name, words in BY_QUANTILE.items():
        values = np.array([none if one is None else one.quantiles[name] for one in here])
        variables[name] = ((*grid.dims, "quantile"), values.reshape(*grid.shape, len(QUANTILES)),
                           {"units": grid.unit, "long_name": words})  # fmt: skip
    said = {
        "status": ["not_applicable" if one is None else one.status for one in here],
        "reason": [grid.why(key) if one is None else one.reason for key, one in zip(grid.keys, here, strict=True)],
    }
    if grid.node.startswith("/totals"):
        said["same_as"] = ["" if one is None else one.same_as for one in here]
    variables |= {name: _words(grid.dims, values, grid.shape) for name, values in said.items()}
    quantile = (("quantile",), np.array(QUANTILES), {"units": "1", "long_name": "share of draws below"})
    return xr.Dataset(variables, grid.coordinates | {"quantile": quantile})


def _attribution(
    grid: _Grid, by_key: Mapping[Key, Statistics], parts: Mapping[Key, tuple[tuple[str, ...], Parts]],
    changes: Sequence[str],
) -> xr.Dataset:  # fmt: skip
    """What of the change of mean, q05 and q95 each change is due to; 0 where it does not reach."""
    place = {name: number for number, name in enumerate(changes)}
    values = np.full((2, 3, len(changes), len(grid.keys)), np.nan)
    for column, key in enumerate(grid.keys):
        if key in by_key and by_key[key].status == "unchanged":
            values[..., column] = 0.0
        if key in parts:
            values[..., column] = 0.0
            names, found = parts[key]
            for name, part, error in zip(names, found.parts, found.errors, strict=True):
                values[:, :, place[name], column] = part, error
    dims, shape = ("change", *grid.dims), (len(changes), *grid.shape)
    variables = {}
    for number, name in enumerate(("mean", "q05", "q95")):
        words = f"part of the change of {name} that is due to the change"
        variables[name] = (dims, values[0, number].reshape(shape), {"units": grid.unit, "long_name": words})
        words = f"standard error of {name}: of the draws, and of the orders of the changes where these are sampled"
        variables[f"{name}_error"] = (dims, values[1, number].reshape(shape), {"units": grid.unit, "long_name": words})
    return xr.Dataset(variables, grid.coordinates | {"change": (("change",), _objects(changes))})


def _changes(found: Contrast) -> xr.Dataset:
    variables = {name: _words(("change",), [getattr(one, name) for one in found.differences], (len(found.differences),))
                 for name in SAID}  # fmt: skip
    return xr.Dataset(variables, {"change": (("change",), _objects([one.name for one in found.differences]))})


def _words(dims: tuple[str, ...], values: Iterable[str], shape: tuple[int, ...]) -> Any:
    return dims, _objects(list(values)).reshape(shape)


def _objects(values: Sequence[str]) -> npt.NDArray[Any]:
    return np.array(values, dtype=object if len(values) else "<U1")  # a netCDF file gives empty objects as numbers


def _told(one: Scenario, other: Scenario, title: str) -> str:
    """The title of a scenario; with its id where the other has the same, as a study without one of its own has."""
    said: str = getattr(one, title)
    return f"{said} ({one.id})" if said == getattr(other, title) and one.id != other.id else said


def _attributes(found: Contrast, card: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in card.items() if isinstance(value, str | int | float)}
    a, b = found.a, found.b
    return {
        "title": text("made.contrast", "en", a=_told(a, b, "title_en"), b=_told(b, a, "title_en")),
        "title_ja": text("made.contrast", "ja", a=_told(a, b, "title_ja"), b=_told(b, a, "title_ja")),
        "Conventions": "CF-1.11",
        "comment": "Differences rest on assumed spreads, drawn with common random numbers.",
    } | said  # fmt: skip
