"""What drives each cell: indices of every parameter, what rests on assumed spreads, what is worth knowing.

A request like that of a run; its result is a tree like that of a run, kept in a directory of the same shape. One that
was stopped there goes on from the tiles that are done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

import ctsim
from ctsim import dataset, drivers, job, npz, summaries
from ctsim.catalog import Scenario
from ctsim.cluster import stoppable
from ctsim.drivers import Found, Sample
from ctsim.errors import InputError, RunDirectoryError, Stopped
from ctsim.indices import State, Walk, second
from ctsim.information import in_replicates
from ctsim.job import Job, Progress
from ctsim.kernel import Kernel
from ctsim.request import asked_for
from ctsim.rundir import RunDirectory, request_of
from ctsim.streams import TILE
from ctsim.thresholds import Given
from ctsim.variants import check_wholes, places, streams, variants
from ctsim.walked import FILE, Walked

FloatArray = npt.NDArray[np.float64]

KIND: Final = "sensitivity analysis"
DEFAULT_DRAWS: Final = 2**16
DEFAULT_METHOD: Final = "sobol"
SAMPLE: Final = 2**14
"""Draws that are kept while rank-based indices and narrowing are made."""
THRESHOLD_SAMPLE: Final = 2**16
"""Draws that are kept for the value of information on a threshold."""


@dataclass(frozen=True)
class Sensitivity:
    """A finished analysis: its tree, its card, and where it is kept (None: in memory only)."""

    tree: xr.DataTree
    card: dict[str, Any]
    directory: Path | None = None
    messages: tuple[str, ...] = field(default=())

    @property
    def result_digest(self) -> str:
        """SHA-256 over the numbers of the tree."""
        return str(self.card["result_digest"])


def sensitivity(
    scenario: str | Path | Scenario,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = 0,
    method: str = DEFAULT_METHOD,
    years: Sequence[int | str] | None = None,
    programmes: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    thresholds: Given = (),
    workers: int | None = None,
    out: str | Path | None = None,
    formulas: str | Path | None = None,
    progress: Progress | None = None,
    command: str | None = None,
) -> Sensitivity:
    """Which parameters each cell's spread comes from, and how much of it rests on assumptions.

    Half of the `draws` are those of a run of the same seed and method, half are a second sample beside them. The tree
    holds for every metric (parameter, programme, year), for items and figures off the axis of years likewise: `S1`,
    `ST`, `Sh` and their `_mcse`, and what `ctsim.drivers` lists. Options are those of `simulate`; with `thresholds`
    also the value of information for each. `workers` change no bit of it. `out` keeps it in that directory; the same
    sealed request is opened instead of computed again.
    Raises InputError, RunDirectoryError, and Stopped where a signal ends it.
    """
    asked, said = asked_for(
        scenario, draws=draws, seed=seed, method=method, years=years, programmes=programmes, metrics=metrics,
        thresholds=thresholds, workers=workers, formulas=formulas, progress=progress,
    )  # fmt: skip
    asked = replace(asked, request={**asked.request, "kind": KIND})
    if not asked.kernel(bounds=False).targets:
        chosen = f"--metrics {' '.join(asked.request['metrics'])}"
        raise InputError(f"{chosen}: no quantity of the chosen programmes and years; nothing to analyse")
    if out is None:
        return _computed(asked, job.begun_card(asked, command), None, said)
    return _kept(asked, RunDirectory(out, KIND), command, said)


def open_sensitivity(directory: str | Path) -> Sensitivity:
    """The sealed analysis in `directory`. Raises RunDirectoryError for an unfinished, damaged or foreign one."""
    card, tree = RunDirectory(directory, KIND).open()
    return Sensitivity(tree, card, Path(directory))


def default_directory(scenario: Scenario, **options: Any) -> Path:
    """`results/<scenario>-sensitivity-<digest of the request>`; `options` are those of `sensitivity`."""
    asked, _ = asked_for(scenario, workers=None, formulas=None, progress=None, **options)
    digest = sha256(repr(sorted(asked.request.items())).encode()).hexdigest()
    return Path("results") / f"{scenario.id}-sensitivity-{digest[:12]}"


def _kept(asked: Job, directory: RunDirectory, command: str | None, said: tuple[str, ...]) -> Sensitivity:
    """Make the analysis in a directory, or open the same one."""
    if _is_there(directory, asked.request):
        return replace(open_sensitivity(directory.path), messages=(f"{directory.path}: the same, already there",))
    with directory.held(), _keeping(directory):
        kernel = asked.kernel(bounds=False)
        tables = npz.quantiles_content(asked.labels, kernel.quantiles)
        card = directory.begin(job.begun_card(asked, command), asked.scenario.to_toml(), tables)
        return _computed(asked, card, directory, said)


@contextmanager
def _keeping(directory: RunDirectory) -> Iterator[None]:
    """Tiles that are in the file outlive every error; a directory without any goes with the error."""
    try:
        yield
    except BaseException:
        if not (directory.chunks / FILE).is_file():
            directory.discard()
        raise


def _is_there(directory: RunDirectory, request: Mapping[str, Any]) -> bool:
    """Whether the sealed result of the request is there; one that was stopped counts as nothing."""
    try:
        card = directory.card()
    except RunDirectoryError:
        return directory.sealed_card(request) is not None
    if not card.get("sealed") and request_of(card) == request_of(request):
        return False
    return directory.sealed_card(request) is not None


def _computed(
    asked: Job, card: Mapping[str, Any], directory: RunDirectory | None, said: tuple[str, ...]
) -> Sensitivity:
    clock = perf_counter()
    with stoppable() as stop:
        found = _found(asked, stop, directory)
        if isinstance(found, str):
            raise Stopped(found)
        tree = drivers.tree(asked.chosen, found, card, asked.request["years"])
        made = {**card, "seconds": round(perf_counter() - clock, 3), "sealed": False}
        made["result_digest"] = tree.attrs["result_digest"] = dataset.result_digest(tree)
        if directory is None:
            return Sensitivity(tree, made, None, said)
        state = npz.pack({"exchanged": found.state.exchanged, "moved": found.state.moved})
        return Sensitivity(tree, directory.seal(made, tree, state), directory.path, said)


def _found(asked: Job, stop: Event, directory: RunDirectory | None) -> Found | str:
    """Everything that draws are needed for; what to say if `stop` was set."""
    kernel = asked.kernel(bounds=False)
    walk = walk_of(asked, kernel)
    tiles = tiles_of(asked.tiles)
    walked = Walked(walk, None if directory is None else directory.chunks, _digest(asked, kernel))
    state = _walk(asked, walk, walked, tiles, stop)
    if state is None:
        kept = walked.write() * TILE
        told = f"{kept:,} of {tiles * TILE:,} draws are done: the same command goes on" if kept else "nothing was kept"
        return f"stopped; {told}"
    planned = job.planned(replace(asked, progress=None), kernel)
    counted = job.count(replace(asked, progress=None), planned, None, stop)
    if counted.state is None:
        return "stopped; the same command goes on" if walked.write() else "stopped; nothing was kept"
    sample = _sample(kernel, min(asked.tiles, SAMPLE // TILE))
    wanted = any(target.thresholds for target in kernel.targets)
    larger = _sample(kernel, min(asked.tiles, THRESHOLD_SAMPLE // TILE)) if wanted else sample
    return Found(walk, state, planned.summary(counted.state), sample, larger)


def _walk(asked: Job, walk: Walk, walked: Walked, tiles: int, stop: Event) -> State | None:
    """The sums of all tiles, from those that are done; None if `stop` was set."""
    count = job.counter(2 * walked.restore(), 2 * tiles, asked.progress)

    def done(replicate: int, state: State) -> None:
        walked.take(replicate, state)
        count(2)  # a tile of each of the two samples

    return walk.run(tiles, asked.workers or job.cores(), stop, done, walked.state, walked.counts.tolist())


def _digest(asked: Job, kernel: Kernel) -> str:
    """Names what is walked: the request, what is drawn with, and the version of the code."""
    tables = npz.quantiles_content(asked.labels, kernel.quantiles)
    return sha256(repr((sorted(asked.request.items()), ctsim.__version__)).encode() + tables).hexdigest()


def tiles_of(tiles: int) -> int:
    """Tiles of each of the two samples: half of all, and at least one a replicate."""
    return max(summaries.REPLICATES, tiles // 2)


def walk_of(asked: Job, kernel: Kernel, orders: bool = True) -> Walk:
    """The two samples of a request and what is exchanged between them; without `orders` for S1 and ST alone."""
    known = streams(kernel)
    check_wholes(kernel, kernel.groups)
    groups = places(kernel.groups, known)
    rows = kernel.binding.rows
    evidence = [name for name, mine in known.items() if all(rows[row].basis != "assumed" for row in mine)]
    other = second(kernel, asked.coordinates, int(asked.request["seed"]))
    return Walk(kernel, other, variants(known, groups, evidence), known, groups, orders)


def _sample(kernel: Kernel, tiles: int) -> Sample:
    """The first draws of rows and targets."""
    rows, targets = np.empty((len(kernel.binding.rows), tiles * TILE)), np.empty((len(kernel.targets), tiles * TILE))

    def take(drawn: FloatArray, values: FloatArray, first: int, _: int) -> None:
        at = slice(first * TILE, first * TILE + values.shape[1])
        rows[:, at], targets[:, at] = drawn[:, : values.shape[1]], values

    kernel.visit(0, tiles, take)
    return Sample(rows, targets, in_replicates(tiles * TILE))
