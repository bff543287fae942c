"""A run from request to result: draws rounded to tiles, chunks over threads, statistics, tree, sealed directory."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ctsim import dataset, summaries
from ctsim.catalog import Scenario, load
from ctsim.cluster import reduce_chunks
from ctsim.errors import Finding, InputError, Place
from ctsim.kernel import Kernel
from ctsim.programme import YEARS
from ctsim.rundir import FORMAT, RunDirectory
from ctsim.streams import STREAM_VERSION, TILE

DEFAULT_DRAWS: Final = 2**20
DEFAULT_CHUNK: Final = 2**18
MOST_DRAWS: Final = 2**40
MOST_WORKERS: Final = 1024
PACKAGES: Final = ("ctsim", "numpy", "scipy", "numba", "xarray", "dask")

Progress = Callable[[int, int], None]
"""Called with (draws done, draws in all)."""


@dataclass(frozen=True)
class Run:
    """A finished run: the result tree, the run card, and where it is kept (None: in memory only)."""

    tree: xr.DataTree
    card: dict[str, Any]
    directory: Path | None = None
    messages: tuple[str, ...] = field(default=())

    @property
    def result_digest(self) -> str:
        return str(self.card["result_digest"])


def simulate(
    scenario: str | Path | Scenario,
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int = 0,
    method: str = "mc",
    years: Sequence[int | str] | None = None,
    chunk: int = DEFAULT_CHUNK,
    workers: int | None = None,
    out: str | Path | None = None,
    formulas: str | Path | None = None,
    progress: Progress | None = None,
    command: str | None = None,
) -> Run:
    """Draw `draws` joint samples of `scenario` and return their distributions.

    `draws` is raised to a multiple of 1024. `chunk` draws make one task; `workers` threads compute them; neither, nor
    the order of anything, changes a bit of the result. `out` keeps the run in that directory; the same sealed request
    is opened instead of computed again. Raises InputError and RunDirectoryError.
    """
    wanted = _years(years)
    _check(draws, seed, method, chunk, workers)
    resolved = scenario if isinstance(scenario, Scenario) else load(scenario, formulas)
    tiles = -(-draws // TILE)
    request = _request(resolved, tiles * TILE, seed, method, wanted)
    messages = (f"{draws:,} draws raised to {tiles * TILE:,}, a multiple of {TILE}",) if tiles * TILE != draws else ()
    if out is None:
        tree, card = _compute(resolved, request, tiles, chunk, workers, wanted, progress, command)
        return Run(tree, card, None, messages)
    directory = RunDirectory(out)
    if directory.sealed_card(request) is not None:
        opened = open_run(out)
        return Run(opened.tree, opened.card, opened.directory, (f"{out}: the same run, already there",))
    with directory.opened(request, resolved.to_toml()):
        tree, card = _compute(resolved, request, tiles, chunk, workers, wanted, progress, command)
        card = directory.seal(card, tree)
    return Run(tree, card, Path(out), messages)


def open_run(directory: str | Path) -> Run:
    """The sealed run in `directory`. Raises RunDirectoryError for an unfinished, damaged or foreign one."""
    card, tree = RunDirectory(directory).open()
    return Run(tree, card, Path(directory))


def default_directory(
    scenario: Scenario, draws: int, seed: int, method: str, years: Sequence[int | str] | None = None
) -> Path:
    """`results/<scenario>-<digest of the request>`: the same request finds its result again."""
    request = _request(scenario, -(-draws // TILE) * TILE, seed, method, _years(years))
    digest = sha256(repr(sorted(request.items())).encode()).hexdigest()
    return Path("results") / f"{scenario.id}-{digest[:12]}"


def parameters_at(scenario: Scenario, draw: int, seed: int) -> list[tuple[str, float, str]]:
    """(label, value, unit) of everything that is sampled, at one draw."""
    if draw < 0 or draw >= MOST_DRAWS:
        raise InputError(f"--draw {draw}: must be at least 0 and below {MOST_DRAWS:,}")
    _check(1, seed, "mc", 1, None)
    rows = Kernel(scenario.binding, (), seed).parameters_at(draw)
    return [(row.label, value, row.unit) for row, value in rows]


def _check(draws: int, seed: int, method: str, chunk: int, workers: int | None) -> None:
    numbers = {"draws": draws, "seed": seed, "chunk": chunk, "workers": 1 if workers is None else workers}
    if broken := [name for name, number in numbers.items() if not isinstance(number, int)]:
        raise InputError([Finding(Place(), "", f"--{name} {numbers[name]}: must be a whole number") for name in broken])
    faults = []
    if not 1 <= draws <= MOST_DRAWS:
        faults.append(f"--draws {draws}: must be between 1 and {MOST_DRAWS:,}")
    if not 0 <= seed < 2**64:
        faults.append(f"--seed {seed}: must be at least 0 and below 2^64")
    if method != "mc":
        faults.append(f"--method {method}: only mc for now")
    if chunk < 1:
        faults.append(f"--chunk {chunk}: must be at least 1 draw")
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        faults.append(f"--workers {workers}: must be between 1 and {MOST_WORKERS:,}")
    if faults:
        raise InputError([Finding(Place(), "", fault) for fault in faults])


def _encodable(text: str) -> str:
    """Paths that are not UTF-8 hold lone surrogates, which no result file can."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _years(years: Iterable[int | str] | None) -> tuple[str, ...]:
    if years is None:
        return YEARS
    wanted = tuple(dict.fromkeys(str(year) for year in years))
    unknown = [year for year in wanted if year not in YEARS]
    if unknown or not wanted:
        raise InputError(f"--years {' '.join(unknown)}: choose from {', '.join(YEARS)}")
    return tuple(year for year in YEARS if year in wanted)


def _request(scenario: Scenario, draws: int, seed: int, method: str, years: tuple[str, ...]) -> dict[str, Any]:
    return {
        "format": FORMAT, "scenario": scenario.id, "revision": scenario.revision, "scenario_digest": scenario.digest,
        "seed": seed, "method": method, "draws": draws, "stream_version": STREAM_VERSION, "years": list(years),
    }  # fmt: skip


def _compute(
    scenario: Scenario, request: dict[str, Any], tiles: int, chunk: int, workers: int | None,
    years: tuple[str, ...], progress: Progress | None, command: str | None,
) -> tuple[xr.DataTree, dict[str, Any]]:  # fmt: skip
    started, clock = datetime.now(UTC), perf_counter()
    kernel = Kernel(scenario.binding, dataset.targets(scenario, years), request["seed"])
    summary = _sample(kernel, tiles, chunk, workers, progress)
    card = request | {
        "replicates": summaries.REPLICATES,
        "coordinates": {},
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "formulas": _encodable(str(scenario.formulas or "")),
        "command": _encodable(command or ""),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(perf_counter() - clock, 3),
    }
    tree = dataset.tree(scenario, kernel, summary, card, years)
    card |= {"result_digest": dataset.result_digest(tree), "draws_digest": "", "sealed": False}
    tree.attrs["result_digest"] = card["result_digest"]
    return tree, card


def _sample(
    kernel: Kernel, tiles: int, chunk: int, workers: int | None, progress: Progress | None
) -> summaries.Summary:
    """Pilot, plan, chunks, statistics. A run no longer than the pilot keeps its draws and is exact."""
    pilot = kernel.evaluate(0, min(tiles, summaries.PILOT // TILE))
    plan = kernel.plan(pilot)
    sample: npt.NDArray[np.float64] | None = pilot if pilot.shape[1] == tiles * TILE else None
    del pilot
    size = max(1, -(-chunk // TILE))
    chunks = [(first, min(size, tiles - first)) for first in range(0, tiles, size)]
    state = reduce_chunks(
        chunks, lambda first, count: kernel.chunk(plan, first, count), partial(summaries.combine, plan),
        workers or _cores(), _counter(tiles * TILE, progress),
    )  # fmt: skip
    return summaries.finalize(plan, state, sample)


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def _counter(total: int, progress: Progress | None) -> Callable[[int], None]:
    """Adds up finished tiles from any thread."""
    lock, done = Lock(), [0]

    def count(tiles: int) -> None:
        with lock:
            done[0] += tiles * TILE
            if progress:
                progress(done[0], total)

    return count
