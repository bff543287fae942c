"""What runs on the workers of a dask cluster: who they are, the kernel of a run, draws of a range, states joined.

A worker gets a `Recipe` once, as a plugin, also one that joins later. It makes the kernel anew from it, with the
quantile functions of the process that began the run, so that its draws have the same bits.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import Any, Final
from uuid import uuid4

from distributed import WorkerPlugin, get_worker

from ctsim import npz, summaries
from ctsim.catalog import load_resolved
from ctsim.coordinates import Coordinate
from ctsim.errors import ClusterError
from ctsim.job import Job
from ctsim.kernel import Kernel

ALIKE: Final = ("numpy", "scipy", "numba", "llvmlite", "dask", "distributed")
"""Packages that have the same version wherever parts of one run are drawn."""


@cache
def identity() -> dict[str, str]:
    """What has to be the same in every process of a run: Python, ctsim's own source, packages by version."""
    digest, package = sha256(), Path(__file__).parent
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    said = {"python": ".".join(platform.python_version_tuple()[:2]), "formulas and source": digest.hexdigest()[:12]}
    return said | {name: _version(name) for name in ALIKE}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def differing(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """What another process has otherwise, in words; "" where nothing is."""
    found = [f"{name} {there.get(name)}, here {said}" for name, said in here.items() if there.get(name) != said]
    return "; ".join(found)


@dataclass(frozen=True)
class Recipe:
    """What a kernel and its plan are made from elsewhere. `formulas`: modules of a folder outside ctsim, by name."""

    name: str
    identity: Mapping[str, str]
    scenario: str
    formulas: Mapping[str, str]
    request: Mapping[str, Any]
    coordinates: Mapping[str, Coordinate] | None
    tables: bytes
    plan: summaries.Plan

    def kernel(self) -> Kernel:
        """The kernel of the run. Raises InputError where its formulas are not those of this installation."""
        with tempfile.TemporaryDirectory(prefix="ctsim-") as folder:
            place = Path(folder)
            (place / "scenario.toml").write_text(self.scenario, encoding="utf-8")
            for name, text in self.formulas.items():
                (place / name).write_text(text, encoding="utf-8")
            scenario = load_resolved(place / "scenario.toml", place if self.formulas else None)
            return Job(scenario, self.request, 0, coordinates=self.coordinates).kernel(self.tables)


def recipe_of(job: Job, kernel: Kernel, plan: summaries.Plan) -> Recipe:
    """The recipe of a job, under a name that no other run has."""
    tables = npz.quantiles_content(job.labels, kernel.quantiles[: len(job.labels)])
    folder = job.scenario.formulas
    formulas = {} if folder is None else {f"{one.id}.py": (folder / f"{one.id}.py").read_text(encoding="utf-8")
                                          for one in job.scenario.programmes
                                          if (folder / f"{one.id}.py").is_file()}  # fmt: skip
    name, scenario = f"ctsim-{uuid4().hex}", job.scenario.to_toml()
    return Recipe(name, identity(), scenario, formulas, dict(job.request), job.coordinates, tables, plan)


class Drawing(WorkerPlugin):  # type: ignore[misc]
    """Keeps a recipe on every worker, and the kernel that the first task makes of it."""

    def __init__(self, recipe: Recipe) -> None:
        self.name = recipe.name
        self.recipe = recipe

    def setup(self, worker: Any) -> None:
        """Refuse a worker that joins later and is not alike."""
        if said := differing(self.recipe.identity, identity()):
            raise ClusterError(f"worker {worker.address}: has {said}")
        self._lock = Lock()
        self._kernel: Kernel | None = None

    def kernel(self) -> Kernel:
        """The kernel, made once however many threads ask."""
        with self._lock:
            if self._kernel is None:
                self._kernel = self.recipe.kernel()
            return self._kernel


def _plugin(name: str) -> Drawing:
    plugin: Drawing = get_worker().plugins[name]
    return plugin


def counted(name: str, first: int, tiles: int) -> summaries.State:
    """A task: the statistics of some tiles of the run of that name."""
    plugin = _plugin(name)
    state = plugin.kernel().chunk(plugin.recipe.plan, first, tiles)
    summaries.fold(plugin.recipe.plan, state)
    return state


def joined(name: str, states: Sequence[summaries.State]) -> bytes:
    """A task: states as one, as the content of an npz file. Tasks may run twice, so none of the states is changed."""
    plan = _plugin(name).recipe.plan
    total = summaries.empty(plan)
    for state in states:
        total = summaries.combine(plan, total, state)
    return npz.state_content(plan, total)
