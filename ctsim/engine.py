"""Runs as they are asked for: new ones, those that go on or get more draws, and what a directory holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import xarray as xr

from ctsim import checkpoint, job, npz, summaries
from ctsim.catalog import Scenario, load, load_resolved
from ctsim.cluster import stoppable
from ctsim.clusters import cluster_of
from ctsim.coordinates import Coordinate, from_nets
from ctsim.draws import carry
from ctsim.durable import reason_of
from ctsim.errors import ClusterError, InputError, RunDirectoryError, Stopped
from ctsim.figures.notebook import Plots, short_table
from ctsim.job import Job, Progress
from ctsim.kernel import Kernel
from ctsim.memory import parsed as parsed_size
from ctsim.request import (
    DEFAULT_CHUNK,
    DEFAULT_DRAWS,
    DEFAULT_METHOD,
    MOST_DRAWS,
    asked_for,
    check,
    coordinates_of,
    differing,
)
from ctsim.rundir import CARD, SCENARIO, STATE, TABLES, RunDirectory, request_of
from ctsim.streams import STREAM_VERSION, TILE
from ctsim.switches import Names, Values, idle, switched
from ctsim.thresholds import Given
from ctsim.totals import asked as asked_total


@dataclass(frozen=True)
class Run:
    """A finished run: the result tree, the run card, and where it is kept (None: in memory only).

    The tree of a shard is empty: `ctsim.shards.merge` makes the result of all of them.
    """

    tree: xr.DataTree
    card: dict[str, Any]
    directory: Path | None = None
    messages: tuple[str, ...] = field(default=())
    scenario: Scenario | None = field(default=None, repr=False)

    @property
    def result_digest(self) -> str:
        return str(self.card["result_digest"])

    @property
    def precision_reached(self) -> bool | None:
        """Whether every cell was sure when the run ended; None where no precision was asked for."""
        return self.card.get("precision_reached")

    @property
    def plot(self) -> Plots:
        """Figures for notebooks: `run.plot.published()` and `run.plot.fans()`, each with `metric` and `lang`."""
        return Plots(self.tree)

    def _repr_html_(self) -> str:
        """A short table, for notebooks."""
        return short_table(self.tree, self.card) if self.tree.children else f"<p>{self.directory}</p>"

    def total(self, cells: Sequence[str], formulas: str | Path | None = None) -> xr.Dataset:
        """The sum of these cells (`programme.metric.when`) over the draws of this run, as one group of a totals node.

        Raises InputError with the reason where they may not be added. The draws are made again, of these cells only.
        """
        if self.directory is None:
            if self.scenario is None:
                raise InputError("this run has neither a scenario nor a directory to be drawn again from")
            given = {name: self.card[name] for name in ("draws", "seed", "method")}
            return total(self.scenario, cells, **given)
        there = RunDirectory(self.directory)
        there.whole(self.card)
        asked, _ = stored(there, self.card, formulas)
        group, year = asked_total(cells, asked.scenario.programmes, asked.scenario.totals)
        only = {"metrics": [group.metric], "years": [year] if year else [], "thresholds": [], "precision": None}
        request = {**asked.request, **only, "draws": self.card["draws"], "keep_draws": ""}
        asked = replace(asked, scenario=asked.scenario.with_totals([group]), request=request)
        return _total_node(in_memory(asked, None, (), kernel_of(there, asked)), year)


# ---- what is asked for


def simulate(
    scenario: str | Path | Scenario,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = 0,
    method: str = DEFAULT_METHOD,
    years: Sequence[int | str] | None = None,
    programmes: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    keep_draws: str | None = None,
    keep_as: str = "float64",
    chunk: int = DEFAULT_CHUNK,
    workers: int | None = None,
    memory: int | str | None = None,
    out: str | Path | None = None,
    formulas: str | Path | None = None,
    shard: str | None = None,
    extend: str | Path | None = None,
    precision: float | str | None = None,
    thresholds: Given = (),
    progress: Progress | None = None,
    command: str | None = None,
    set: Values = (),
    fix: Names = (),
    reading: Names = (),
    only_basis: Names = (),
    scale_assumed: float | None = None,
    dependence: float | str | None = None,
    with_delivery: bool = False,
    cluster: str | None = None,
) -> Run:
    """Draw `draws` joint samples of `scenario` and return their distributions.

    `draws` is raised to a multiple of 1024 (mc) or to 16 times a power of two (sobol). `chunk` draws make one task;
    `workers` threads compute them; neither, nor the order of anything, changes a bit of the result. `out` keeps the run
    in that directory; the same sealed request is opened instead of computed again. `shard` = "I/N" computes only that
    part, to be merged. `extend` takes the draws of a sealed run over, in `out` or, without it, in its own directory.
    With a `precision`, `draws` is the most: the run stops at the first look at which every cell is sure, and its result
    is that of a run of so many draws (`ctsim.precision`). `thresholds` ("CELL=VALUE", or values by cell) add the share
    of draws at or above each. `programmes` and `metrics` (co2_reduction, economic_effect, other) leave out all others;
    what is left has the same bits. `keep_draws` ("cells", "parameters", "all") keeps the values of every draw in `out`,
    to be read in `Run.tree["draws"]`. A run that would take more than `memory` ("400MB", bytes) is refused.
    `set` (values by parameter, in the page's unit), `fix`, `reading`, `only_basis`, `scale_assumed`, `dependence` (a
    factor from 0 to 1, or "full") and `with_delivery` change the scenario as the command's options do; of what is `set`
    or `fix`ed and reaches no figure `Run.messages` says so.
    `cluster` draws on dask workers in place of threads: "local:N" processes, the address of a scheduler, or a file.
    Raises InputError, RunDirectoryError, ClusterError, and Stopped where a signal or a lost cluster ends a run that is
    kept.
    """
    changed = switched(
        scenario if isinstance(scenario, Scenario) else load(scenario, formulas), set=set, fix=fix, reading=reading,
        only_basis=only_basis, scale_assumed=scale_assumed, dependence=dependence, with_delivery=with_delivery,
    )  # fmt: skip
    asked, said = asked_for(
        changed, draws=draws, seed=seed, method=method, years=years, chunk=chunk, workers=workers, memory=memory,
        formulas=formulas, shard=shard, precision=precision, thresholds=thresholds, progress=progress,
        has_directory=out is not None or extend is not None, is_extended=extend is not None,
        programmes=programmes, metrics=metrics, keep_draws=keep_draws, keep_as=keep_as, cluster=cluster,
    )  # fmt: skip
    if extend is not None:
        made = _extended(asked, RunDirectory(extend), None if out is None else RunDirectory(out), command, said)
    else:
        made = in_memory(asked, command, said) if out is None else _kept(asked, RunDirectory(out), command, said)
    unused = idle(changed, {"set": set, "fix": fix}, dashes="")
    return replace(made, messages=(*unused, *made.messages)) if unused else made


def total(
    scenario: str | Path | Scenario,
    cells: Sequence[str],
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = 0,
    method: str = DEFAULT_METHOD,
    formulas: str | Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """The sum of these cells, draw by draw. Raises InputError with the reason where they may not be added."""
    resolved = scenario if isinstance(scenario, Scenario) else load(scenario, formulas)
    group, year = asked_total(cells, resolved.programmes, resolved.totals)
    names = [name.partition(".")[0] for name in group.members]
    made = simulate(
        resolved.with_totals([group]), draws=draws, seed=seed, method=method, years=[year] if year else None,
        programmes=[one.id for one in resolved.programmes if one.id in names], metrics=[group.metric],
        progress=progress,
    )  # fmt: skip
    return _total_node(made, year)


def _total_node(made: Run, year: str) -> xr.Dataset:
    """The one node of totals of a run that was made for one total."""
    [node] = [one for name, one in made.tree["totals"].children.items() if (name == "other") != bool(year)]
    return node.to_dataset().assign_attrs(draws=made.card["draws"], seed=made.card["seed"])


def resume(
    directory: str | Path,
    *,
    formulas: str | Path | None = None,
    chunk: int | None = None,
    workers: int | None = None,
    memory: int | str | None = None,
    progress: Progress | None = None,
    cluster: str | None = None,
) -> Run:
    """Finish the run in `directory`, from its chunks and with its quantile functions; open it if it is complete.

    The scenario is that of its `scenario.toml`; formulas of programmes outside the package have to be given again.
    Raises InputError, RunDirectoryError, ClusterError, Stopped.
    """
    check(1, 0, DEFAULT_METHOD, DEFAULT_CHUNK if chunk is None else chunk, workers)
    there = RunDirectory(directory)
    if there.card().get("sealed"):
        return opened(there, f"{directory}: is complete already")
    with there.held():
        card = there.card()
        if card.get("sealed"):
            return opened(there, f"{directory}: is complete already")
        there.check(card)
        asked, kernel = stored(there, card, formulas)
        asked = replace(
            asked, chunk=chunk or asked.chunk, workers=workers, progress=progress, memory=parsed_size(memory),
            cluster=cluster_of(cluster, keeps=bool(card["keep_draws"])),
        )  # fmt: skip
        with keeping(there, fresh=False):
            return finished(asked, there, kernel, card, ())


def open_run(directory: str | Path) -> Run:
    """The sealed run in `directory`. Raises RunDirectoryError for an unfinished, damaged or foreign one."""
    card, tree = RunDirectory(directory).open()
    return Run(tree, card, Path(directory))


def parameters_at(
    scenario: Scenario, draw: int, seed: int, method: str = DEFAULT_METHOD
) -> list[tuple[str, float, str]]:
    """(label, value, unit) of everything that is sampled, at one draw. Raises InputError."""
    if draw < 0 or draw >= MOST_DRAWS:
        raise InputError(f"--draw {draw}: must be at least 0 and below {MOST_DRAWS:,}")
    check(1, seed, method, 1, None)
    coordinates = coordinates_of(scenario) if method == "sobol" else None
    rows = Kernel(scenario.binding, (), seed, coordinates, groups=scenario.groups).parameters_at(draw)
    return [(row.label, value, row.unit) for row, value in rows]


# ---- carrying it out


def in_memory(asked: Job, command: str | None, said: tuple[str, ...], kernel: Kernel | None = None) -> Run:
    """A run that is kept nowhere."""
    clock = perf_counter()
    kernel = kernel or asked.kernel()
    card = job.begun_card(asked, command) | job.forecast(asked, kernel, None)
    planned = job.planned(asked, kernel)
    counted = job.count(asked, planned, None, Event())
    return Run(*job.result(asked, planned, counted, card, clock), None, said, asked.scenario)


def _kept(asked: Job, directory: RunDirectory, command: str | None, said: tuple[str, ...]) -> Run:
    """Begin a run in a directory, or open the same one."""
    if found := existing(directory, asked.request):
        return found
    with directory.held():
        if found := existing(directory, asked.request):  # another process was faster
            return found
        with keeping(directory, fresh=True):
            kernel = asked.kernel()
            tables = npz.quantiles_content(asked.labels, kernel.quantiles[: len(asked.labels)])
            card = directory.begin(job.begun_card(asked, command), asked.scenario.to_toml(), tables)
            return finished(asked, directory, kernel, card, said)


def finished(
    asked: Job, directory: RunDirectory, kernel: Kernel, card: Mapping[str, Any], said: tuple[str, ...],
    planned: job.Planned | None = None,
) -> Run:  # fmt: skip
    """Draw what is missing in a held directory that has an unsealed card, and seal it; `planned` where it is known.

    Raises Stopped where a signal or a lost cluster ends it, ClusterError where a lost cluster has left nothing.
    """
    clock = perf_counter()
    card = {**card, **job.forecast(asked, kernel, directory.path)}
    with stoppable() as stop:
        try:
            planned = planned or job.planned(asked, kernel)
            counted = job.count(asked, planned, directory.chunks, stop)
            if counted.state is None:
                raise KeyboardInterrupt
            tree, made = job.result(asked, planned, counted, card, clock)
            summary = None if asked.request["shard"] else tree
            manifest = counted.kept.manifest if counted.kept else b""
            made = directory.seal(made, summary, npz.state_content(planned.plan, counted.state), manifest)
        except (KeyboardInterrupt, ClusterError) as error:
            done, total = checkpoint.tiles_done(directory.chunks) * TILE, asked.span[1] * TILE
            if isinstance(error, ClusterError) and not done:
                raise
            why = f"{error}; " if isinstance(error, ClusterError) else ""
            message = f"{why}stopped at {done:,} of {total:,} draws; continue with `ctsim resume {directory.path}`"
            raise Stopped(message) from None
    return Run(directory.with_draws(tree, made), made, directory.path, (*said, *counted.messages))


@contextmanager
def keeping(directory: RunDirectory, fresh: bool) -> Iterator[None]:
    """What is done outlives every error; a directory that is new, and nothing in it done, goes with the error.

    A failed write is raised as a RunDirectoryError that says how to go on, every other error as it is.
    """
    try:
        yield
    except Stopped:
        raise
    except BaseException as error:
        done = checkpoint.tiles_done(directory.chunks)
        if fresh and not done:
            directory.discard()
        elif isinstance(error, OSError):
            message = f"cannot be written: {reason_of(error)}; {done * TILE:,} draws are kept: make room, then continue"
            raise RunDirectoryError(f"{directory.path}: {message} with `ctsim resume {directory.path}`") from None
        raise


# ---- what directories hold


def existing(directory: RunDirectory, request: Mapping[str, Any]) -> Run | None:
    """The sealed run of the same request, None where there is nothing. Raises RunDirectoryError for anything else."""
    if directory.sealed_card(request) is None:
        return None
    return opened(directory, f"{directory.path}: the same run, already there")


def opened(directory: RunDirectory, *messages: str) -> Run:
    """A sealed run, or shard, as it is."""
    card = directory.card()
    if card.get("shard"):
        directory.whole(card)
        return Run(xr.DataTree(name=str(card["scenario"])), card, directory.path, messages)
    return replace(open_run(directory.path), messages=messages)


def stored(directory: RunDirectory, card: Mapping[str, Any], formulas: str | Path | None) -> tuple[Job, Kernel]:
    """The job of a checked directory and its kernel, from what lies there. Raises InputError, RunDirectoryError."""
    scenario = load_resolved(directory.path / SCENARIO, formulas)
    request = request_of(card)
    if (scenario.digest, STREAM_VERSION) != (request["scenario_digest"], request["stream_version"]):
        message = "its scenario or its streams are of another version of ctsim; use that one"
        raise RunDirectoryError(f"{directory.path}: {message}")
    asked = Job(scenario, request, int(card["chunk"]), coordinates=kept_coordinates(directory, card, scenario))
    return asked, kernel_of(directory, asked)


def kept_coordinates(
    directory: RunDirectory, card: Mapping[str, Any], scenario: Scenario
) -> dict[str, Coordinate] | None:
    """The coordinates that a run was drawn with, None under mc. Raises RunDirectoryError where one is missing."""
    if card["method"] != "sobol":
        return None
    known = from_nets(card["coordinates"])
    drawn = (row.stream for row in scenario.binding.rows if row.spread.dist != "fixed")
    if lost := next((stream for stream in drawn if stream not in known), ""):
        message = f"is damaged (no coordinate of {lost}); move the directory away and run it again"
        raise RunDirectoryError(f"{directory.path}/{CARD}: {message}")
    return known


def kernel_of(directory: RunDirectory, asked: Job) -> Kernel:
    """The kernel of a job with the quantile functions of a checked directory. Raises RunDirectoryError."""
    try:
        return asked.kernel(directory.content(TABLES))
    except npz.DamagedError as error:
        raise RunDirectoryError(f"{directory.path / TABLES}: {error}; run it again elsewhere") from None


# ---- more draws


def _extended(
    asked: Job, source: RunDirectory, target: RunDirectory | None, command: str | None, said: tuple[str, ...]
) -> Run:
    """The run of `source` with more draws, in `target` or in its own place."""
    source.card()
    in_place = target is None or target.path.resolve() == source.path.resolve()
    if target is not None and not in_place and (found := existing(target, asked.request)):
        return found
    with source.held():
        card = source.card()
        source.whole(card)
        _check_extension(source, card, asked)
        kernel = kernel_of(source, asked)
        begun = {**job.begun_card(asked, command), "extended": card["draws"]}
        if card["draws"] < summaries.PILOT:
            said = (*said, f"{source.path}: holds fewer draws than a plan takes; all are drawn anew")
        if target is None or in_place:
            job.forecast(asked, kernel, source.path)  # refused, if at all, before anything of the sealed run is touched
            _carry(source, card, source)
            begun = source.reopen({**begun, "files": card["files"]})
            said = (
                *said,
                f"{source.path}: holds these draws in place of {card['draws']:,}; pictures of those are removed",
            )
            with keeping(source, fresh=False):
                return finished(asked, source, kernel, begun, said)
        with target.held():
            if found := existing(target, asked.request):
                return found
            with keeping(target, fresh=True):
                job.forecast(asked, kernel, target.path)
                begun = target.begin(begun, source.content(SCENARIO).decode(), source.content(TABLES))
                _carry(source, card, target)
                return finished(asked, target, kernel, begun, said)


def _check_extension(source: RunDirectory, card: Mapping[str, Any], asked: Job) -> None:
    said = differing(card, asked.request, "draws", "precision")
    if not said and card.get("coordinates") != job.begun_card(asked, "")["coordinates"]:
        said = "a parameter has another Sobol' coordinate there"
    if said:
        raise RunDirectoryError(f"{source.path}: holds another run ({said}); extend a run of the same request")
    if asked.request["draws"] <= card["draws"]:
        raise InputError(f"--extend {source.path}: holds {card['draws']:,} draws; give more than these with --draws")


def _carry(source: RunDirectory, card: Mapping[str, Any], target: RunDirectory) -> None:
    """Make the state of a sealed run the first chunk of one that goes on from it, with the draws that it kept."""
    target.chunks.mkdir(exist_ok=True)
    if card["draws"] >= summaries.PILOT:
        if card["keep_draws"]:
            carry(source.path, target.path)
        first, tiles = card["span"]
        checkpoint.write_chunk(target.chunks, ((first, tiles),), card["plan_digest"], source.content(STATE))
