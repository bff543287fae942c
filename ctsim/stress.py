"""Dependence stress: what quantities are when parameters are independent, as declared, or move as one.

The same draws by name in all three. "As one" has every member of a declared group a function of its first, upwards or
downwards as its correlation says. The comonotone sum is for sums: quantiles of their parts added, which are those of
the sum when its parts themselves move as one. No sum of the same parts has a larger standard deviation or expected
excess over a level; a single quantile of one that depends otherwise may still lie outside (Dhaene and others, "The
concept of comonotonicity in actuarial science and finance: theory", Insurance: Mathematics and Economics 31, 2002).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path
from threading import Event
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

import ctsim
from ctsim import dataset, results, summed
from ctsim.binding import Binding
from ctsim.catalog import Scenario
from ctsim.choices import view
from ctsim.cluster import stoppable
from ctsim.compare import Given, Source, drawn, request_of, source_of
from ctsim.contrast import marks
from ctsim.dependence import Group, Tie, ties_of
from ctsim.errors import InputError, Stopped
from ctsim.job import cores
from ctsim.kernel import Kernel, Target
from ctsim.request import DEFAULT_CHUNK
from ctsim.streams import STREAM_VERSION, TILE

FloatArray = npt.NDArray[np.float64]

LEVELS: Final = ("independent", "declared", "as one")
STATISTICS: Final = ("mean", "q05", "q95")
CARD_NAME: Final = "stress.json"


@dataclass(frozen=True)
class Stress:
    """Quantities (quantity) that two members of one group reach, and every sum that may be added.

    values (quantity, level, statistic); comonotone (quantity, 2): q05 and q95 of a sum whose parts move as one, NaN
    where a quantity is no sum of two parts. `unaffected` is how many quantities no group reaches twice: they have the
    same distribution whatever moves; `still` which of them are here, as sums. `groups`: what was moved. `directory`:
    where the result is kept (None: in memory only).
    """

    scenario: str
    draws: int
    quantities: tuple[str, ...]
    units: tuple[str, ...]
    values: FloatArray
    comonotone: FloatArray
    unaffected: int
    still: tuple[str, ...]
    groups: tuple[str, ...]
    result_digest: str = ""
    directory: Path | None = None
    messages: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON; null where there is no number."""
        rows = []
        for name, unit, values, both in zip(self.quantities, self.units, self.values, self.comonotone, strict=True):
            levels = {level: dict(zip(STATISTICS, map(_known, row), strict=True))
                      for level, row in zip(LEVELS, values, strict=True)}  # fmt: skip
            ends = dict(zip(STATISTICS[1:], map(_known, both), strict=True))
            rows.append({"quantity": name, "unit": unit, **levels, "comonotone_sum": ends})
        return {"scenario": self.scenario, "draws": self.draws, "groups": list(self.groups), "quantities": rows,
                "unaffected": self.unaffected, "still": list(self.still), "result_digest": self.result_digest,
                "directory": str(self.directory or "")}  # fmt: skip


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


@dataclass(frozen=True)
class _Drawing:
    """How draws are made, and the folder in which those of a stress that is stopped stay."""

    chunk: int
    workers: int | None
    progress: Callable[..., None] | None
    folder: Path | None

    def marks(self, kernel: Kernel, tiles: int, level: int, stop: Event) -> FloatArray:
        """Statistics of the targets at one level. Raises Stopped."""
        folder = None if self.folder is None else self.folder / str(level)
        try:
            chunk = max(1, self.chunk // TILE)
            found = drawn(kernel, tiles, chunk, self.workers or cores(), stop, self.progress, folder)
            return np.array([marks(found, i)[:, 0] for i in range(len(found.mean))])
        except KeyboardInterrupt:
            goes_on = "the same command goes on" if folder else "nothing was kept: run the same command again"
            raise Stopped(f"stopped; {goes_on}") from None


def stress(
    scenario: Given, *, draws: int | None = None, seed: int | None = None, method: str | None = None,
    years: Sequence[int | str] | None = None, programmes: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None, workers: int | None = None, chunk: int = DEFAULT_CHUNK,
    formulas: Any = None, progress: Callable[..., None] | None = None, out: str | Path | None = None,
    command: str | None = None,
) -> Stress:  # fmt: skip
    """Mean, q05 and q95 of every quantity that dependence can move.

    `out` keeps the result in that directory, sealed; the same request is opened again, and one that was stopped goes on
    there. Raises InputError, RunDirectoryError, Stopped.
    """
    source = source_of(scenario, formulas)
    request = request_of([source], draws, seed, method, years, programmes, metrics)
    request |= {"scenario": source.scenario.digest, "stream_version": STREAM_VERSION}
    if out is not None and (there := results.opened(Path(out), CARD_NAME, request)):
        return _opened(*there, Path(out), f"{out}: the same stress, already there")
    with results.under_way(None if out is None else Path(out), request) as folder:
        return _made(
            source, request, _Drawing(chunk, workers, progress, folder), None if out is None else Path(out), command
        )


def _made(
    source: Source, request: Mapping[str, Any], drawing: _Drawing, out: Path | None, command: str | None
) -> Stress:
    tree = _tree(source, request, drawing)
    digest = tree.attrs["result_digest"] = dataset.result_digest(tree)
    card = {
        "kind": "stress", "request": request, "names": [source.name], "scenarios": [source.scenario.id],
        "draws": request["draws"], "seed": request["seed"], "method": request["method"],
        "versions": {"ctsim": ctsim.__version__}, "command": command or "", "result_digest": digest,
    }  # fmt: skip
    if out is not None:
        card = results.seal(out, CARD_NAME, card, tree, {"scenario.toml": source.scenario.to_toml()})
    return _opened(card, tree, out)


def open_stress(directory: str | Path) -> Stress:
    """The sealed result in `directory`. Raises RunDirectoryError."""
    return _opened(*results.sealed(Path(directory), CARD_NAME), Path(directory))


def default_directory(scenario: Given, formulas: Any = None, **asked: Any) -> Path:
    """`results/stress-<scenario>-<digest>`: the same request finds its result again."""
    source = source_of(scenario, formulas)
    said = sha256(repr([source.scenario.digest, source.name, *sorted(asked.items())]).encode()).hexdigest()
    return Path("results") / f"stress-{source.scenario.id}-{said[:12]}"


def _opened(card: Mapping[str, Any], tree: xr.DataTree, directory: Path | None, *messages: str) -> Stress:
    data = tree["stress"].dataset
    places = (("stress", "quantity"), ("stress", "unit"), ("still", "total"), ("groups", "group"))
    names, units, still, groups = (tuple(map(str, tree[node].dataset[name].values.tolist())) for node, name in places)
    return Stress(
        card["scenarios"][0], card["draws"], names, units, data["values"].values, data["comonotone"].values,
        int(tree.attrs["unaffected"]), still, groups, card["result_digest"], directory, messages,
    )  # fmt: skip


def _tree(source: Source, request: Mapping[str, Any], drawing: _Drawing) -> xr.DataTree:
    """`/stress` (quantity, level, statistic), `/still` and `/groups`."""
    chosen = view(source.scenario, request)
    wanted = chosen, request["years"], request["metrics"]
    targets = [*dataset.targets(*wanted), *summed.targets(*wanted)]
    targets = [one for one in targets if one.node != "/readings"]
    reached = [one for one in targets if _is_reached(chosen, one)]
    sums = [one for one in targets if _is_sum(one)]
    shown = [*sums, *(one for one in reached if one not in sums)]
    coordinates = source.coordinates if request["method"] == "sobol" else None
    every = [*shown, *(part for one in shown for part in _parts(one))]
    rows = []
    with stoppable() as stop:
        for level, ties in enumerate(_levels(chosen) if shown else ()):
            kernel = Kernel(chosen.binding, every, request["seed"], coordinates, sample_all=False, ties=ties)
            rows.append(drawing.marks(kernel, request["draws"] // TILE, level, stop))
    values = np.array(rows).reshape(len(LEVELS), len(every), len(STATISTICS)) if rows else np.zeros((3, 0, 3))
    still = [one.name for one in sums if one not in reached]
    return _nodes(chosen, shown, values, still, len(targets) - len(reached))


def _is_sum(target: Target) -> bool:
    """Whether it is a total that may be added; bounds of what overlaps are not."""
    return target.node.startswith("/totals") and target.how == "sum"


def _nodes(
    chosen: Scenario, shown: Sequence[Target], table: FloatArray, still: Sequence[str], unaffected: int
) -> xr.DataTree:
    long = {"values": "mean, 5 % and 95 % quantile by how parameters move together",
            "comonotone": "5 % and 95 % quantile of a sum whose parts move as one: theirs added"}  # fmt: skip
    numbers = {
        "values": (("quantity", "level", "statistic"), table[:, : len(shown)].swapaxes(0, 1)),
        "comonotone": (("quantity", "end"), _comonotone(shown, table[1, len(shown) :])),
    }
    variables = {name: (*one, {"units": "see coordinate unit", "long_name": long[name]})
                 for name, one in numbers.items()}  # fmt: skip
    coordinates = {
        "quantity": _words([one.name for one in shown], "quantity"),
        "unit": _words([one.unit for one in shown], "quantity"),
        "is_total": (("quantity",), np.array([_is_sum(one) for one in shown], dtype=np.int8)),
        "level": _words(LEVELS, "level"), "statistic": _words(STATISTICS, "statistic"),
        "end": _words(STATISTICS[1:], "end"),
    }  # fmt: skip
    groups = [" ~ ".join(group.streams) for group in chosen.groups]
    attributes = {
        "title": chosen.title_en, "title_ja": chosen.title_ja, "Conventions": "CF-1.11", "unaffected": unaffected,
        "comment": "Quantities with parameters independent, as declared, and moving as one, on the same draws.",
    }  # fmt: skip
    return xr.DataTree.from_dict({
        "/": xr.Dataset(attrs=attributes), "/stress": xr.Dataset(variables, coordinates),
        "/still": xr.Dataset(coords={"total": _words(still, "total")}),
        "/groups": xr.Dataset(coords={"group": _words(groups, "group")}),
    }, name=chosen.id)  # fmt: skip


def _words(said: Sequence[str], dim: str) -> tuple[tuple[str, ...], npt.NDArray[Any]]:
    return (dim,), np.array(list(said), dtype=object if len(said) else "<U1")


def _is_reached(scenario: Scenario, target: Target) -> bool:
    """Whether two streams of one group reach a quantity: only then dependence can change its distribution."""
    binding = scenario.binding
    reached = {binding.rows[number].stream for number in binding.reached(target.parts)
               if binding.rows[number].spread.dist != "fixed"}  # fmt: skip
    return any(len(reached.intersection(group.streams)) > 1 for group in scenario.groups)


# ---- levels


def _levels(scenario: Scenario) -> list[dict[int, Tie]]:
    """By level: how rows follow others."""
    binding = scenario.binding
    as_one = {name: tie for group in scenario.groups for name, tie in _as_one(scenario, group).items()}
    every: tuple[Mapping[str, Tie], ...] = ({}, ties_of(scenario.groups), as_one)
    return [_by_row(binding, ties) for ties in every]


def _by_row(binding: Binding, ties: Mapping[str, Tie]) -> dict[int, Tie]:
    return {number: ties[row.stream] for number, row in enumerate(binding.rows) if row.stream in ties}


def _as_one(scenario: Scenario, group: Group) -> dict[str, Tie]:
    """Every member as a function of the first. Raises InputError where the signs contradict each other."""
    first, signs = group.streams[0], {group.streams[0]: 1.0}
    pairs = {names: rho for names, rho in scenario.declared.items() if rho and set(names) <= set(group.streams)}
    for _ in group.streams:
        for (x, y), rho in pairs.items():
            for one, other in ((x, y), (y, x)):
                if one in signs:
                    signs.setdefault(other, signs[one] * np.sign(rho))
    if odd := [f"{x} ~ {y}" for (x, y), rho in pairs.items() if signs.get(x, 1) * signs.get(y, 1) * rho < 0]:
        raise InputError(f"--stress: cannot move as one, the signs of {', '.join(odd)} contradict the others")
    return {name: ((first,), (float(signs.get(name, 1.0)),)) for name in group.streams[1:]}


# ---- the comonotone sum


def _parts(target: Target) -> list[Target]:
    """The parts of a sum, each by itself."""
    if len(target.parts) < 2 or target.how != "sum":
        return []
    return [
        Target("part", (f"{target.name}/{number}",), target.unit, (one,)) for number, one in enumerate(target.parts)
    ]


def _comonotone(shown: Sequence[Target], parts: FloatArray) -> FloatArray:
    """q05 and q95 (quantity, 2) of sums whose parts move as one."""
    found, at = np.full((len(shown), 2), np.nan), 0
    for number, one in enumerate(shown):
        if count := len(_parts(one)):
            found[number] = parts[at : at + count, 1:].sum(axis=0)
            at += count
    return found
