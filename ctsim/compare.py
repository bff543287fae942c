"""Two scenarios on common random numbers: the paired difference of every quantity, and which change it is due to.

What both have in common is drawn and computed once (`ctsim.hybrids`). Then the changes are mixed in all ways that reach
a quantity, for the parts that each of them has in the change of mean, q05 and q95 (`ctsim.attribution`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

import ctsim
from ctsim import attribution, choices, contrast, dataset, npz, results, summaries, summed
from ctsim.attribution import Coalition, Quantity
from ctsim.catalog import Scenario, load, load_resolved
from ctsim.checkpoint import Checkpoints, tiles_of
from ctsim.choices import metrics_of, view
from ctsim.cluster import run_chunks, stoppable
from ctsim.contrast import Contrast, Statistics
from ctsim.coordinates import Coordinate, assign, by_net
from ctsim.differences import Atom, Difference, differences
from ctsim.engine import Run, kept_coordinates
from ctsim.errors import Finding, InputError, Place, RunDirectoryError, Stopped, did_you_mean
from ctsim.figures.notebook import ChangePlots
from ctsim.hybrids import Hybrids, Key, Mixture, Part, Side, side_of
from ctsim.hybrids import kernel as kernel_of
from ctsim.job import cores, counter
from ctsim.kernel import Kernel, Target
from ctsim.request import DEFAULT_CHUNK, DEFAULT_DRAWS, DEFAULT_METHOD, checked_draws, checked_years, coordinates_of
from ctsim.rundir import CARD, SCENARIO, TABLES, RunDirectory
from ctsim.streams import STREAM_VERSION, TILE

FloatArray = npt.NDArray[np.float64]
Given = str | Path | Scenario | Run
Progress = Callable[..., None]

CARD_NAME: Final = "compare.json"
_NOTHING: Final = np.zeros((3, 1 + summaries.REPLICATES))
"""`marks` of a quantity that is 0 in every draw."""
WORTH_KEEPING: float = 2.0
"""Seconds of a pass, of several, after which its state is kept until the whole is sealed."""
BATCH: Final = 128
"""Mixtures that are drawn in one pass: what it takes of memory stays bounded."""


@dataclass(frozen=True)
class Comparison:
    """The result tree (`ctsim.contrast.tree`), the card, what differs, and where it is kept (None: in memory only)."""

    tree: xr.DataTree
    card: dict[str, Any]
    differences: tuple[Difference, ...]
    directory: Path | None = None
    messages: tuple[str, ...] = ()

    @property
    def result_digest(self) -> str:
        """SHA-256 over the numbers of the tree."""
        return str(self.card["result_digest"])

    @property
    def plot(self) -> ChangePlots:
        """The figure for notebooks: `comparison.plot.changes()`, with `metric` and `lang`."""
        return ChangePlots(self.tree)


@dataclass(frozen=True)
class Source:
    """What one of the two arguments stands for: a scenario, and the card and tables of a run where it is one."""

    name: str
    scenario: Scenario
    card: Mapping[str, Any] | None = None
    tables: bytes | None = None

    @property
    def programmes(self) -> list[str]:
        """Ids of its programmes; of a run those that it was made with."""
        return [one.id for one in self.scenario.programmes] if self.card is None else list(self.card["programmes"])

    @property
    def coordinates(self) -> dict[str, Coordinate]:
        """The Sobol' coordinate of everything that is sampled: those of the run where it has them."""
        kept = None if self.card is None else kept_coordinates(RunDirectory(self.name), self.card, self.scenario)
        return coordinates_of(self.scenario) if kept is None else kept


# ---- what is asked for


def compare(
    a: Given, b: Given, *, draws: int | None = None, seed: int | None = None, method: str | None = None,
    years: Sequence[int | str] | None = None, programmes: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None, cells: Sequence[str] = (), workers: int | None = None,
    chunk: int = DEFAULT_CHUNK, out: str | Path | None = None, formulas: str | Path | None = None,
    most: int = attribution.MOST_EXACT, progress: Progress | None = None, command: str | None = None,
) -> Comparison:  # fmt: skip
    """How `b` differs from `a`: statistics of the paired difference B - A of every quantity, and its attribution.

    `a` and `b` are scenarios (name, file or Scenario) or sealed runs (directory or Run), whose draws, seed and method
    are taken. `cells` (programme.metric.when[.item]) are attributed, all that differ without them. Up to `most`
    mixtures of the changes the attribution is exact. `out` keeps the result in that directory; the same request is
    opened again, and one that was stopped goes on there. Raises InputError, RunDirectoryError, Stopped.
    """
    sources = [source_of(one, formulas) for one in (a, b)]
    request = request_of(sources, draws, seed, method, years, programmes, metrics)
    least: dict[str, tuple[int | None, int]] = {"chunk": (chunk, 1), "workers": (workers, 1), "most": (most, 2)}
    if low := [f"--{name} {given}: must be at least {end}" for name, (given, end) in least.items()
               if given is not None and given < end]:  # fmt: skip
        raise InputError([Finding(Place(), "", one) for one in low])
    pair = _Pair(sources, request, chunk, workers or cores(), progress)
    request |= {
        "a": sources[0].scenario.digest, "b": sources[1].scenario.digest, "stream_version": STREAM_VERSION,
        "cells": sorted(set(cells)), "most": most,
        "differences": sha256(repr([replace(one, atoms=frozenset()) for one in pair.differences]).encode()).hexdigest(),
    }  # fmt: skip
    wanted = _wanted(pair, cells)
    if out is not None and (found := results.opened(Path(out), CARD_NAME, request)):
        message = f"{out}: the same comparison, already there"
        return Comparison(found[1], found[0], pair.differences, Path(out), (message,))
    with results.under_way(None if out is None else Path(out), request) as pair.folder:
        try:
            return _computed(pair, request, wanted, most, None if out is None else Path(out), command)
        except KeyboardInterrupt:  # also between the draws and the seal
            kept = "the same command goes on" if pair.folder else "nothing was kept: run the same command again"
            raise Stopped(f"stopped; {kept}") from None


def _computed(
    pair: _Pair, request: Mapping[str, Any], wanted: Sequence[Key], most: int, out: Path | None, command: str | None
) -> Comparison:
    clock = perf_counter()
    with stoppable() as stop:
        statistics = pair.statistics(stop)
        parts, forecast = pair.attribution(statistics, wanted, most, stop)
    names = [one.name for one in pair.sources]
    card = {
        "kind": "compare", "request": dict(request), "names": names,
        "scenarios": [one.scenario.id for one in pair.sources], "draws": request["draws"], "seed": request["seed"],
        "method": request["method"], "attribution": forecast, "versions": {"ctsim": ctsim.__version__},
        "coordinates": by_net(pair.coordinates or {}), "command": command or "",
        "seconds": round(perf_counter() - clock, 3),
    }  # fmt: skip
    sides = pair.hybrids.a, pair.hybrids.b
    found = Contrast(sides[0].scenario, sides[1].scenario, request["years"], request["metrics"], pair.differences)
    tree = contrast.tree(found, statistics, parts, {key: value for key, value in card.items() if key != "request"})
    card["result_digest"] = tree.attrs["result_digest"] = dataset.result_digest(tree)
    if out is not None:
        texts = {f"{letter}.toml": one.scenario.to_toml() for letter, one in zip("ab", pair.sources, strict=True)}
        card = results.seal(out, CARD_NAME, card, tree, texts)
    return Comparison(tree, card, pair.differences, out)


def default_directory(a: Given, b: Given, formulas: str | Path | None = None, **asked: Any) -> Path:
    """`results/compare-<a>-<b>-<digest>`: the same request finds its result again."""
    sources = [source_of(one, formulas) for one in (a, b)]
    said = repr([[one.scenario.digest, one.name] for one in sources] + sorted(asked.items()))
    ids = "-".join(one.scenario.id for one in sources)
    return Path("results") / f"compare-{ids}-{sha256(said.encode()).hexdigest()[:12]}"


# ---- arguments


def source_of(given: Given, formulas: str | Path | None) -> Source:
    """The scenario that an argument stands for; of a run also its card and tables. Raises CtsimError."""
    if isinstance(given, Scenario):
        return Source(given.id, given)
    if isinstance(given, Run):
        if given.directory is None:
            raise InputError("a run that is in memory only cannot be compared; give its scenario, or keep it with out=")
        given = given.directory
    if not _is_run(Path(given)):
        scenario = load(given, formulas)
        return Source(str(given), scenario)
    there = RunDirectory(given)
    card = there.card()
    there.whole(card)
    if card.get("shard"):
        raise RunDirectoryError(f"{given}: is shard {card['shard']} of a run; `ctsim merge` makes the whole")
    if card["stream_version"] != STREAM_VERSION:
        said = f"its streams are of version {card['stream_version']}, this ctsim draws version {STREAM_VERSION}"
        raise RunDirectoryError(f"{given}: {said}; run it again")
    return Source(str(given), load_resolved(there.path / SCENARIO, formulas), card, there.content(TABLES))


def _is_run(path: Path) -> bool:
    try:
        return (path / CARD).is_file()
    except OSError:
        return False


def request_of(
    sources: Sequence[Source], draws: int | None, seed: int | None, method: str | None,
    years: Sequence[int | str] | None, programmes: Sequence[str] | None, metrics: Sequence[str] | None,
) -> dict[str, Any]:  # fmt: skip
    """What is drawn: as asked for, else as the runs were. Raises InputError for what these do not agree in."""
    given: dict[str, Any] = {"seed": seed, "method": method}
    default: dict[str, Any] = {"seed": 0, "method": DEFAULT_METHOD}
    findings = []
    for name in given:
        said = {f"--{name}": given[name]} | {one.name: one.card[name] for one in sources if one.card is not None}
        said = {who: value for who, value in said.items() if value is not None}
        if len(set(said.values())) > 1:
            words = ", ".join(f"{value} in {who}" for who, value in said.items())
            findings.append(f"{name}: {words}; draws of one {name} are compared, run one of them again")
        given[name] = next(iter(said.values()), default[name])
    if findings:
        raise InputError([Finding(Place(), "", one) for one in findings])
    there = [int(one.card["draws"]) for one in sources if one.card is not None]
    asked = draws if draws is not None else min(there, default=DEFAULT_DRAWS)
    total = checked_draws(asked, given["seed"], given["method"])
    kept = [_chosen_by(one, years, metrics) for one in sources]
    both = {name: [x for x in kept[0][name] if x in kept[-1][name]] for name in ("years", "metrics")}
    every = list(dict.fromkeys(name for one in sources for name in one.programmes))
    return {"draws": total, **given, **both, "programmes": sorted(choices.chosen("--programmes", every, programmes))}


def _chosen_by(
    source: Source, years: Sequence[int | str] | None, metrics: Sequence[str] | None
) -> dict[str, list[str]]:
    card = source.card or {}
    return {
        "years": list(checked_years(years if years is not None else card.get("years"))),
        "metrics": metrics_of(metrics if metrics is not None else card.get("metrics")),
    }


# ---- the pair


class _Pair:
    """Both scenarios in one binding, and what is drawn of it."""

    def __init__(
        self, sources: Sequence[Source], request: Mapping[str, Any], chunk: int, workers: int,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self.sources, self.request = sources, request
        self.workers, self.progress = workers, progress
        self.folder: Path | None = None
        self._passes = 0
        self.tiles = int(request["draws"]) // TILE
        self.chunk = max(1, min(chunk, 2**22) // TILE)
        self.coordinates = _coordinates(sources) if request["method"] == "sobol" else None
        a, b = (_side(one, request) for one in sources)
        self.differences = differences(a.scenario, b.scenario, a.digests, b.digests)
        self.hybrids = Hybrids(a, b, [atom for one in self.differences for atom in one.atoms])
        if self.coordinates is not None:
            self.coordinates = _with_members(self.coordinates, self.hybrids, sources)

    @cached_property
    def atoms(self) -> dict[Atom, str]:
        """The change that each atom belongs to."""
        return {atom: one.name for one in self.differences for atom in one.atoms}

    def mixture(self, changes: Iterable[str]) -> Mixture:
        """The atoms of some changes."""
        chosen = set(changes)
        return frozenset(atom for atom, name in self.atoms.items() if name in chosen)

    def touching(self, key: Key) -> list[str]:
        """Names of the changes that reach a quantity."""
        return sorted({self.atoms[atom] for atom in self.hybrids.touching(key)})

    def summary(self, targets: Sequence[Target], stop: Event) -> summaries.Summary:
        """Statistics of targets over all draws."""
        kernel = kernel_of(self.hybrids, targets, self.request["seed"], self.coordinates)
        folder = None if self.folder is None else self.folder / str(self._passes)
        self._passes += 1
        return drawn(kernel, self.tiles, self.chunk, self.workers, stop, self.progress, folder)

    # ---- the paired difference

    def statistics(self, stop: Event) -> dict[Key, Statistics]:
        """By quantity: what it is in both, and the paired difference; where there is none, the reason."""
        targets: list[Target] = []
        plans = {key: self._plan(key, targets) for key in self.hybrids.keys}
        summary, same = self.summary(targets, stop), self._same()
        return {key: replace(contrast.statistics(summary, *plan), same_as=same.get(key, ""))
                for key, plan in plans.items()}  # fmt: skip

    def _same(self) -> dict[Key, str]:
        """Totals that are one cell or figure in both scenarios, as bounds of a single member are; and its name."""
        hybrids, names, found = self.hybrids, dict[tuple[tuple[Part, ...], ...], str](), dict[Key, str]()
        for key in sorted(hybrids.keys, key=lambda key: key[0].startswith("/totals")):
            parts = hybrids.parts(key, hybrids.none), hybrids.parts(key, hybrids.all)
            if not key[0].startswith("/totals"):
                names.setdefault(parts, (hybrids.a.targets.get(key) or hybrids.b.targets[key]).name)
            elif any(parts) and parts in names:
                found[key] = names[parts]
        return found

    def _plan(self, key: Key, targets: list[Target]) -> tuple[str, str, int | None, int | None, int | None]:
        """Status, reason, and the places among `targets`, which grow, of A, B and the difference."""
        hybrids = self.hybrids
        status, reason = contrast.status(hybrids, key)
        sides = [side.targets.get(key) for side in (hybrids.a, hybrids.b)]
        bare = next(one for one in sides if one is not None)
        parts = [hybrids.parts(key, mixture) if one is not None or status == "comparable" else ()
                 for one, mixture in zip(sides, (hybrids.none, hybrids.all), strict=True)]  # fmt: skip
        lows = [bare.low if one is None else one.low for one in sides]  # the published figure, of each side its own
        if status == "comparable" and parts[0] == parts[1]:
            place = _added(targets, bare, parts[0], lows[0])
            other = place if repr(lows[0]) == repr(lows[1]) else _added(targets, bare, parts[1], lows[1])
            return "unchanged", "", place, other, None
        places = [_added(targets, bare, *one) for one in zip(parts, lows, strict=True)]
        is_paired = status in ("comparable", "added", "removed")
        paired = _added(targets, bare, _minus(*parts), hybrids.above_zero(key)) if is_paired else None
        return "changed" if status == "comparable" else status, reason, places[0], places[1], paired

    # ---- its attribution

    def attribution(
        self, statistics: Mapping[Key, Statistics], wanted: Sequence[Key], most: int, stop: Event
    ) -> tuple[dict[Key, tuple[tuple[str, ...], attribution.Parts]], str]:
        """By quantity: the changes that touch it and their parts; and what was forecast."""
        keys = [key for key in wanted if statistics[key].is_difference]
        quantities = attribution.planned([self.touching(key) for key in keys], most)
        forecast = attribution.forecast(quantities)
        if self.progress and keys:
            self.progress(0, self.tiles * TILE, forecast)
        mixed = self._mixed(dict(zip(keys, quantities, strict=True)), stop)
        found = {}
        for key, one in zip(keys, quantities, strict=True):
            values = _values(statistics[key], mixed[key], one)
            found[key] = one.changes, contrast.with_errors(attribution.attributed(one, values.__getitem__))
        return found, forecast

    def _mixed(self, quantities: Mapping[Key, Quantity], stop: Event) -> dict[Key, dict[Coalition, FloatArray]]:
        """`marks` of every quantity in every mixture that its attribution needs; equal ones drawn once."""
        targets: list[Target] = []
        places: dict[tuple[Part, ...], int] = {}
        wanted: dict[Key, dict[Coalition, int]] = {}
        for key, one in quantities.items():
            bare = self.hybrids.a.targets.get(key) or self.hybrids.b.targets[key]
            wanted[key] = {}
            for chosen in one.coalitions:
                parts = self.hybrids.parts(key, self.mixture(chosen))
                if parts not in places:
                    places[parts] = len(targets) if parts else -1
                    targets += [_target(bare, parts)] if parts else []
                wanted[key][chosen] = places[parts]
        batches = [self.summary(targets[i : i + BATCH], stop) for i in range(0, len(targets), BATCH)]
        rows = [contrast.marks(one, at) for one in batches for at in range(len(one.mean))]
        table = [*rows, _NOTHING]  # the last for nothing that is left to add
        return {key: {chosen: table[place] for chosen, place in one.items()} for key, one in wanted.items()}


def _values(found: Statistics, mixed: Mapping[Coalition, FloatArray], one: Quantity) -> dict[Coalition, FloatArray]:
    """Statistics less those of A; of all changes the printed difference itself, so that the parts sum to it."""
    before, whole = found.marks
    values = {chosen: row - before for chosen, row in mixed.items()}
    return values | {frozenset(): _NOTHING, frozenset(one.changes): whole}


def _minus(a: tuple[Part, ...], b: tuple[Part, ...]) -> tuple[Part, ...]:
    """B - A without what both have: that differs by exactly 0."""
    gone = [(kind, number, -factor) for kind, number, factor in a if (kind, number, factor) not in b]
    return (*(one for one in b if one not in a), *gone)


def _target(bare: Target, parts: tuple[Part, ...], low: float = float("nan")) -> Target:
    return Target(bare.node, bare.key, bare.unit, parts, low)


def _added(targets: list[Target], bare: Target, parts: tuple[Part, ...], low: float = float("nan")) -> int | None:
    """The place of a new target at the end; None for one without parts."""
    if not parts:
        return None
    targets.append(_target(bare, parts, low))
    return len(targets) - 1


def _side(source: Source, request: Mapping[str, Any]) -> Side:
    """A scenario with those of its programmes that were chosen, and the quantile functions it is drawn with."""
    there = [name for name in request["programmes"] if name in source.programmes]
    scenario = view(source.scenario, {"programmes": there})
    if len(source.programmes) < len(source.scenario.programmes):
        scenario = replace(scenario, chosen=str(Path(source.name) / CARD))
    wanted = scenario, request["years"], request["metrics"]
    targets = [*dataset.targets(*wanted), *summed.targets(*wanted, fewest=1)]
    if source.tables is None or source.card is None:
        return side_of(scenario, targets, Kernel(scenario.binding, (), 0).quantiles)
    labels = [row.label for row in view(source.scenario, source.card).binding.rows]
    try:
        stored = dict(zip(labels, npz.quantiles_of(labels, source.tables), strict=True))
    except npz.DamagedError as error:
        raise RunDirectoryError(f"{source.name}/{TABLES}: {error}; run it again elsewhere") from None
    return side_of(scenario, targets, [stored[row.label] for row in scenario.binding.rows])


def _coordinates(sources: Sequence[Source]) -> dict[str, Coordinate]:
    """Of all streams of both; names that have two coordinates, or coordinates with two names, are refused."""
    found: dict[str, Coordinate] = {}
    owners: dict[Coordinate, str] = {}
    for source in sources:
        for stream, coordinate in source.coordinates.items():
            if found.setdefault(stream, coordinate) != coordinate or owners.setdefault(coordinate, stream) != stream:
                message = "its Sobol' coordinate is another one in the other scenario; compare with --method mc"
                raise InputError(f"{source.name}: '{stream}': {message}")
    return found


def _with_members(known: dict[str, Coordinate], hybrids: Hybrids, sources: Sequence[Source]) -> dict[str, Coordinate]:
    """Coordinates with those of streams that only a mixture of both scenarios draws."""
    missing = {name for group in hybrids.groups for name in group.streams} - known.keys()
    for source in sources if missing else ():
        streams = [one for one in hybrids.streams if one.stream in missing]
        known = assign(streams, source.scenario.programmes, beside=source.scenario.library.coordinates) | known
    return known


def _wanted(pair: _Pair, cells: Iterable[str]) -> list[Key]:
    """The quantities to attribute. Raises InputError for cells that are not there or cannot be compared."""
    hybrids = pair.hybrids
    if not cells:
        return hybrids.keys
    names = {(hybrids.a.targets.get(key) or hybrids.b.targets[key]).name: key for key in hybrids.keys}
    findings = []
    for cell in cells:
        if cell not in names:
            hint = did_you_mean(cell, names) or " Cells are named programme.metric.when[.item]."
            findings.append(f"--cell {cell[:120]}: there is none.{hint}")
        elif (found := contrast.status(hybrids, names[cell]))[0] == "not_comparable":
            findings.append(f"--cell {cell}: {found[1]}")
    if findings:
        raise InputError([Finding(Place(), "", one) for one in findings])
    return [names[cell] for cell in dict.fromkeys(cells)]


# ---- draws


def drawn(
    kernel: Kernel, tiles: int, chunk: int, workers: int, stop: Event, progress: Progress | None,
    folder: Path | None = None,
) -> summaries.Summary:  # fmt: skip
    """Statistics of a kernel's targets over so many tiles; chunks that `folder` holds are not drawn again.

    Raises KeyboardInterrupt where `stop` is set; what is done is in `folder` then.
    """
    pilot = kernel.evaluate(0, min(tiles, summaries.PILOT // TILE), workers)
    plan = kernel.plan(pilot, workers)
    done = Checkpoints(plan, npz.plan_digest(plan), (0, tiles), folder)
    done.restore()
    left = done.missing()
    report, started = counter(tiles - tiles_of(left), tiles, progress), perf_counter()

    def compute(first: int, size: int) -> None:
        done.add(first, size, kernel.chunk(plan, first, size))
        report(size)

    spans = ((first + at, min(chunk, size - at)) for first, size in left for at in range(0, size, chunk))
    run_chunks(spans, compute, workers, stop)
    if folder is not None and (stop.is_set() or perf_counter() - started > WORTH_KEEPING):
        done.close()
    if stop.is_set():
        raise KeyboardInterrupt
    return summaries.finalize(plan, done.total(), pilot if pilot.shape[1] == tiles * TILE else None)
