"""The work on one request: pilot and plan, the chunks that are not done yet, statistics, result tree and card."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from threading import Event, Lock
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

import ctsim
from ctsim import dataset, npz, summaries
from ctsim.catalog import Scenario
from ctsim.checkpoint import Checkpoints, Range, Ranges
from ctsim.cluster import run_chunks
from ctsim.coordinates import Coordinate, by_net
from ctsim.kernel import Kernel
from ctsim.streams import TILE

MOST_CHUNK: Final = 2**22
"""No task is longer, so that a run that is asked to stop soon does."""

PACKAGES: Final = ("ctsim", "numpy", "scipy", "numba", "xarray", "dask")

Progress = Callable[[int, int], None]
"""Called with (draws done, draws in all)."""


@dataclass(frozen=True)
class Job:
    """A request and how it is carried out: draws a task, threads, who is told of progress.

    `coordinates` are those of the streams where the request's method is sobol.
    """

    scenario: Scenario
    request: Mapping[str, Any]
    chunk: int
    workers: int | None = None
    progress: Progress | None = None
    coordinates: Mapping[str, Coordinate] | None = None

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
        return [row.label for row in self.scenario.binding.rows]

    def kernel(self, tables: bytes | None = None) -> Kernel:
        """What draws; with the quantile functions of `tables` where a run has stored some. Raises DamagedError."""
        quantiles = None if tables is None else npz.quantiles_of(self.labels, tables)
        found = dataset.targets(self.scenario, self.request["years"])
        return Kernel(self.scenario.binding, found, self.request["seed"], self.coordinates, quantiles)


def span_of(shard: str, tiles: int) -> Range:
    """The tiles of shard "I/N" of so many, or all for "": as even as they can be, and together all of them."""
    if not shard:
        return 0, tiles
    number, shards = (int(part) for part in shard.split("/"))
    first = tiles * (number - 1) // shards
    return first, tiles * number // shards - first


# ---- the plan


@dataclass(frozen=True)
class Planned:
    """A kernel, what its draws are counted into, and the sample itself where a run is no longer than the pilot."""

    kernel: Kernel
    plan: summaries.Plan
    digest: str
    sample: npt.NDArray[np.float64] | None


def planned(job: Job, kernel: Kernel) -> Planned:
    """The pilot, drawn, and the plan that follows from it: the same for every chunk and shard of a request."""
    pilot = kernel.evaluate(0, min(job.tiles, summaries.PILOT // TILE))
    plan = kernel.plan(pilot)
    said = {name: job.request[name] for name in ("scenario_digest", "seed", "method", "stream_version", "years")}
    tables = npz.quantiles_digest(job.labels, kernel.quantiles)
    coordinates = sorted((job.coordinates or {}).items())
    digest = npz.plan_digest(plan, ctsim.__version__, sorted(said.items()), coordinates, tables)
    return Planned(kernel, plan, digest, pilot if pilot.shape[1] == job.tiles * TILE else None)


# ---- the draws


@dataclass(frozen=True)
class Counted:
    """How far the draws of a job are: `state` is None if they stopped, `tiles` are kept; what there is to say."""

    state: summaries.State | None
    tiles: int
    messages: tuple[str, ...]


def count(job: Job, planned: Planned, folder: Path | None, stop: Event) -> Counted:
    """Draw what is not in `folder` yet, keeping what is done there, until all is done or `stop` is set."""
    done = Checkpoints(planned.plan, planned.digest, job.span, folder)
    said = tuple(done.restore())
    left = done.missing()
    report = _counter(job.span[1] - sum(tiles for _, tiles in left), job.span[1], job.progress)

    def compute(first: int, tiles: int) -> None:
        done.add(first, tiles, planned.kernel.chunk(planned.plan, first, tiles))
        report(tiles)

    try:
        run_chunks(_chunks(left, job.chunk), compute, job.workers or cores(), stop)
    except BaseException:
        done.close()
        raise
    if done.missing():
        return Counted(None, done.close(), said)
    return Counted(done.total(), job.span[1], said)


def _chunks(ranges: Ranges, draws: int) -> Iterator[Range]:
    """The ranges in tasks of at most so many draws."""
    size = max(1, -(-min(draws, MOST_CHUNK) // TILE))
    for first, tiles in ranges:
        for at in range(first, first + tiles, size):
            yield at, min(size, first + tiles - at)


def cores() -> int:
    """How many this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _counter(before: int, total: int, progress: Progress | None) -> Callable[[int], None]:
    """Adds up finished tiles from any thread."""
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
        "chunk": min(job.chunk, MOST_CHUNK),
        "span": list(job.span),
        "replicates": summaries.REPLICATES,
        "coordinates": by_net(job.coordinates or {}),
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "formulas": _encodable(str(job.scenario.formulas or "")),
        "command": _encodable(command or ""),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def result(
    job: Job, planned: Planned, state: summaries.State, card: Mapping[str, Any], clock: float
) -> tuple[xr.DataTree, dict[str, Any]]:
    """The tree and the card of finished draws; `clock` is `perf_counter` at the start. A shard has no tree yet."""
    made = {**card, "plan_digest": planned.digest, "result_digest": "", "draws_digest": "", "sealed": False}
    if job.request["shard"]:
        return xr.DataTree(name=job.scenario.id), made | {"seconds": round(perf_counter() - clock, 3)}
    summary = summaries.finalize(planned.plan, state, planned.sample)
    made["seconds"] = round(perf_counter() - clock, 3)
    tree = dataset.tree(job.scenario, planned.kernel, summary, made, job.request["years"])
    made["result_digest"] = tree.attrs["result_digest"] = dataset.result_digest(tree)
    return tree, made


def _encodable(text: str) -> str:
    """Paths that are not UTF-8 hold lone surrogates, which no result file can."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
