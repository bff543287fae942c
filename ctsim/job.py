"""The work on one request: pilot and plan, the chunks that are not done yet, statistics, result tree and card."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from threading import Event, Lock
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

import ctsim
from ctsim import choices, dataset, independent, keeping, memory, npz, precision, summaries, summed, thresholds
from ctsim.catalog import Scenario
from ctsim.checkpoint import Checkpoints, Range, Ranges, missing
from ctsim.cluster import run_chunks
from ctsim.coordinates import Coordinate, by_net
from ctsim.draws import Kept
from ctsim.keeping import Keeper
from ctsim.kernel import Kernel
from ctsim.run_card import span_of
from ctsim.streams import TILE
from ctsim.trail import mark_prices

MOST_CHUNK: Final = 2**22
"""No task is longer, so that a run that is asked to stop soon does."""

COUNTED: Final = ("scenario_digest", "seed", "method", "stream_version", "years", "programmes", "metrics")
"""Of a request, what its states depend on."""

PACKAGES: Final = ("ctsim", "numpy", "scipy", "numba", "xarray", "dask")

Progress = Callable[..., None]
"""Called with (draws done, draws in all); with words as a third argument on what will be kept, and after each look."""

Add = Callable[[int, int, summaries.State], None]
Draw = Callable[[Ranges, Add, Event], None]
"""draw(ranges of tiles, add, stop): add the state of every part of them, until all is done or `stop` is set."""

Cluster = Callable[["Job", "Planned"], AbstractContextManager[Draw]]


@dataclass(frozen=True)
class Job:
    """A request and how it is carried out: draws a task, threads, who is told of progress.

    `coordinates` are those of the streams where the request's method is sobol. A `cluster` draws in place of threads.
    """

    scenario: Scenario
    request: Mapping[str, Any]
    chunk: int
    workers: int | None = None
    progress: Progress | None = None
    coordinates: Mapping[str, Coordinate] | None = None
    memory: int | None = None
    cluster: Cluster | None = None

    @cached_property
    def chosen(self) -> Scenario:
        """The scenario with the programmes that the request chose."""
        return choices.view(self.scenario, self.request)

    @property
    def tiles(self) -> int:
        """Tiles of the whole request, shards or not."""
        return int(self.request["draws"]) // TILE

    @property
    def span(self) -> Range:
        """The tiles that are wanted here: all, or those of the shard."""
        return span_of(str(self.request["shard"]), self.tiles)

    @property
    def labels(self) -> list[str]:
        """Names of what is sampled, in the kernel's order."""
        return [row.label for row in self.chosen.binding.rows]

    def kernel(self, tables: bytes | None = None, *, bounds: bool = True) -> Kernel:
        """What draws; with the quantile functions of `tables` where a run has stored some. Raises DamagedError.

        Without `bounds` totals are sums only, and not once more without dependence: what sensitivity indices are of.
        """
        quantiles = None if tables is None else npz.quantiles_of(self.labels, tables)
        wanted = self.chosen, self.request["years"], self.request["metrics"]
        totals = [one for one in summed.targets(*wanted) if bounds or one.how == "sum"]
        found = [*dataset.targets(*wanted), *totals]
        binding, found = choices.pruned(self.chosen.binding, thresholds.placed(found, self.request["thresholds"]))
        if bounds:
            binding, found = independent.twinned(binding, found, self.scenario.groups)
        sample_all = self.request["keep_draws"] in ("parameters", "all")
        return Kernel(
            binding,
            found,
            self.request["seed"],
            self.coordinates,
            quantiles,
            sample_all=sample_all,
            groups=self.scenario.groups,
        )


# ---- the plan


@dataclass(frozen=True)
class Planned:
    """A kernel, what its draws are counted into, and the sample itself where a run may end with the pilot."""

    kernel: Kernel
    plan: summaries.Plan
    digest: str
    sample: npt.NDArray[np.float64] | None

    def summary(self, state: summaries.State) -> summaries.Summary:
        """Statistics of a state: of the sample where it holds just these draws."""
        whole = self.sample is not None and self.sample.shape[1] == state.draws[0]
        return summaries.finalize(self.plan, state, self.sample if whole else None)


def planned(job: Job, kernel: Kernel) -> Planned:
    """The pilot, drawn, and the plan that follows from it: the same for every chunk and shard of a request."""
    workers = job.workers or cores()
    pilot = kernel.evaluate(0, min(job.tiles, summaries.PILOT // TILE), workers)
    plan = kernel.plan(pilot, workers)
    said = {name: job.request[name] for name in COUNTED}
    tables = npz.quantiles_digest(job.labels, kernel.quantiles[: len(job.labels)])
    coordinates = sorted((job.coordinates or {}).items())
    digest = npz.plan_digest(plan, ctsim.__version__, sorted(said.items()), coordinates, tables)
    kept = pilot.shape[1] == job.tiles * TILE or job.request["precision"] is not None
    return Planned(kernel, plan, digest, pilot if kept else None)


def forecast(job: Job, kernel: Kernel, directory: Path | None) -> dict[str, Any]:
    """What the run will take, as its card says it. Raises InputError where memory or disk have less."""
    layout = keeping.layout(job.chosen, kernel, job.request)
    is_sample_kept = job.tiles * TILE <= summaries.PILOT or job.request["precision"] is not None
    needed = memory.forecast(kernel, layout, job.tiles * TILE, is_sample_kept)
    said = {"memory_forecast": memory.check(needed, job.workers or cores(), job.memory)}
    if layout is not None and directory is not None:
        words = keeping.check_room(layout, job.span, directory)
        if job.progress:
            job.progress(0, job.tiles * TILE, words)
    return said


# ---- the draws


@dataclass(frozen=True)
class Counted:
    """How far the draws of a job are: `state` is None if they stopped, `tiles` are kept; what there is to say.

    `look` is the last one where a precision was asked for.
    """

    state: summaries.State | None
    tiles: int
    messages: tuple[str, ...]
    look: precision.Look | None = None
    kept: Kept | None = None


def count(job: Job, planned: Planned, folder: Path | None, stop: Event) -> Counted:
    """Draw what is not in `folder` yet, keeping what is done there, until all is done or `stop` is set.

    With a precision draws are done up to one look after the other. What lies beyond a look is there because a run that
    was stopped found it unsure; so that look is over.
    """
    done = Checkpoints(planned.plan, planned.digest, job.span, folder)
    said = tuple(done.restore())
    before = done.ranges()
    keeper = _keeper(job, planned.kernel, folder)
    report = counter(sum(tiles for _, tiles in before), job.span[1], job.progress)
    asked = job.request["precision"]
    rule = None if asked is None else precision.rule(asked, planned.kernel)
    look: precision.Look | None = None

    def add(first: int, tiles: int, state: summaries.State) -> None:
        done.add(first, tiles, state)
        report(tiles)

    try:
        run_chunks(keeper.lost(before), keeper.again, job.workers or cores(), stop)
        is_whole = not missing(before, job.span)
        with _threads(job, planned, keeper) if is_whole or not job.cluster else job.cluster(job, planned) as draw:
            for end in [sum(job.span)] if rule is None else [draws // TILE for draws in rule.looks(job.tiles * TILE)]:
                to_do = (job.span[0], end - job.span[0])
                draw(missing(done.ranges(), to_do), add, stop)
                if missing(done.ranges(), to_do):
                    return Counted(None, done.close(), said)
                if rule is not None and all(sum(one) <= end for one in before):
                    look = rule.look(planned.summary(done.so_far()))
                    if job.progress:
                        job.progress(look.draws, job.tiles * TILE, look.words)
                    if not look.unsure:
                        break
    except BaseException:
        done.close()
        raise
    return Counted(done.total(), to_do[1], said, look, keeper.kept)


def _threads(job: Job, planned: Planned, keeper: Keeper) -> AbstractContextManager[Draw]:
    """Draws in threads of this process, a chunk a task."""

    def draw(ranges: Ranges, add: Add, stop: Event) -> None:
        def compute(first: int, tiles: int) -> None:
            for part in keeper.drawn(planned.plan, first, tiles):
                add(*part)

        run_chunks(_chunks(ranges, job.chunk, keeper.grain), compute, job.workers or cores(), stop)

    return nullcontext(draw)


def _keeper(job: Job, kernel: Kernel, folder: Path | None) -> Keeper:
    """Draws, and keeps what the request says in the directory that `folder` lies in."""
    layout = keeping.layout(job.chosen, kernel, job.request)
    if layout is None or folder is None:
        return Keeper(kernel, None, job.tiles)
    kept = Kept(layout, folder.parent)
    kept.begin()
    return Keeper(kernel, kept, job.tiles)


def _chunks(ranges: Ranges, draws: int, grain: int = 1) -> Iterator[Range]:
    """The ranges in tasks of about so many draws, which begin at multiples of `grain` tiles where they can."""
    size = max(1, -(-min(draws, MOST_CHUNK) // (TILE * grain))) * grain
    for first, tiles in ranges:
        at, end = first, first + tiles
        while at < end:
            task = min(at - at % grain + size, end) - at
            yield at, task
            at += task


def cores() -> int:
    """How many this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def counter(before: int, total: int, progress: Progress | None) -> Callable[[int], None]:
    """Takes numbers of finished tiles, from any thread, and tells of them as draws; `before` of `total` are done."""
    lock, done = Lock(), [before]

    def add(tiles: int) -> None:
        with lock:
            done[0] += tiles
            if progress:
                progress(done[0] * TILE, total * TILE)

    return add


# ---- the result


def begun_card(job: Job, command: str | None) -> dict[str, Any]:
    """The card of a run that begins."""
    return {
        **job.request,
        "revision": job.scenario.revision,
        "chunk": min(job.chunk, MOST_CHUNK),
        "span": list(job.span),
        "replicates": summaries.REPLICATES,
        "coordinates": by_net(job.coordinates or {}),
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "platform": machine(),
        "formulas": _encodable(str(job.scenario.formulas or "")),
        "command": _encodable(command or ""),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def machine() -> str:
    """The system and processor of this process, in words."""
    return f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver()).strip() or 'no libc'}"


def result(
    job: Job, planned: Planned, counted: Counted, card: Mapping[str, Any], clock: float
) -> tuple[xr.DataTree, dict[str, Any]]:
    """The tree and the card of finished draws; `clock` is `perf_counter` at the start. A shard has no tree yet."""
    made = {**card, "plan_digest": planned.digest, "result_digest": "", "draws_digest": "", "sealed": False}
    made |= _looked(job, counted)
    if counted.kept is not None:
        made["draws_digest"] = counted.kept.finish(job.span[0], counted.tiles, made["draws"])
    if job.request["shard"]:
        return xr.DataTree(name=job.scenario.id), made | {"seconds": round(perf_counter() - clock, 3)}
    assert counted.state is not None
    summary = planned.summary(counted.state)
    memory.made(planned.kernel)
    made["seconds"] = round(perf_counter() - clock, 3)
    tree = dataset.tree(job.chosen, planned.kernel, summary, made, job.request["years"], job.request["metrics"])
    for path, node in summed.nodes(
        job.chosen, planned.kernel, summary, job.request["years"], job.request["metrics"]
    ).items():
        tree[path] = xr.DataTree(node)
    mark_prices(tree, job.chosen)
    if job.request["thresholds"]:
        tree["thresholds"] = xr.DataTree(thresholds.node(planned.kernel.targets, summary))
    made["result_digest"] = tree.attrs["result_digest"] = dataset.result_digest(tree)
    return tree, made


def _looked(job: Job, counted: Counted) -> dict[str, Any]:
    """What a card says of a precision: the draws that were made of those that were allowed, and what was found."""
    if (look := counted.look) is None:
        return {}
    return {
        "draws": look.draws, "ceiling": job.request["draws"], "span": [0, counted.tiles],
        "precision_reached": not look.unsure, "cells": look.cells, "cells_unsure": look.unsure, "worst": look.worst,
    }  # fmt: skip


def _encodable(text: str) -> str:
    """Paths that are not UTF-8 hold lone surrogates, which no result file can."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
