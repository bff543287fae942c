"""The opponents on workload W, as data. Their modules are imported only in processes that have their packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent

ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
}
"""Keeps freed memory in the process: arrays of a chunk are not handed back to the system and cleared again."""


@dataclass(frozen=True)
class Peer:
    """An opponent: module `benchmarks.peers.<name>` with `run(n, seed)` -> 18 rows of `workload.STATISTICS`.

    `requirements` names its `requirements-*.txt`, "" for ctsim's own environment; `packages` are shown with their
    versions. Above `most` draws it is not run, for the reason `why`. `rough` are statistics that it only estimates: by
    how many standard deviations they may be off beside the Monte Carlo error. One that `compiles` anew for every number
    of draws is warmed up with that number.
    """

    name: str
    title: str
    requirements: str
    packages: tuple[str, ...]
    most: int = 10**7
    why: str = ""
    rough: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    compiles: bool = False
    quick: bool = False

    @property
    def own(self) -> bool:
        """Whether this is ctsim itself."""
        return self.name.startswith("ctsim")

    def pins(self) -> dict[str, str]:
        """Package -> version."""
        if not self.requirements:
            return {}
        text = (FOLDER / f"requirements-{self.requirements}.txt").read_text(encoding="utf-8")
        lines = [line.strip() for line in text.splitlines()]
        pairs = [line.partition("==")[::2] for line in lines if line and not line.startswith("#")]
        return dict(pairs)


_SLOW = "a Python call a draw: minutes"
_QUARTILES = {"q05": 0.02, "q50": 0.02, "q95": 0.02}

PEERS = (
    Peer("ctsim_mc", "ctsim, mc", "", ("ctsim", "numba"), quick=True),
    Peer("ctsim_sobol", "ctsim, sobol", "", ("ctsim", "numba"), quick=True),
    Peer(
        "numpy_expert", "expert numpy (32k chunks, SFC64, 2 threads, tuned allocator)", "base", ("numpy",),
        settings=ALLOCATOR, quick=True,
    ),
    Peer("dask_delayed", "dask.delayed over numpy chunks", "base", ("dask", "numpy"), quick=True),
    Peer("numba_prange", "numba prange, np.random inside", "base", ("numba", "numpy"), quick=True),
    Peer(
        "dask_array", "dask.array (approximate quantiles)", "base", ("dask", "numpy", "scipy"), rough=_QUARTILES,
        quick=True,
    ),
    Peer("numpy_plain", "numpy as its docs show, truncated normal by scipy", "base", ("numpy", "scipy"), quick=True),
    Peer("squigglepy", "squigglepy", "squigglepy", ("squigglepy", "numpy")),
    Peer("openturns", "OpenTURNS", "openturns", ("openturns",)),
    Peer(
        "scipy_qmc", "scipy qmc.Sobol and quantile functions", "base", ("scipy", "numpy"), 10**6,
        "about 16 GB, and minutes for scipy's beta quantiles",
    ),
    Peer(
        "scipy_qmc_table", "scipy qmc.Sobol, beta quantiles from a table", "base", ("scipy", "numpy"), 10**6,
        "about 16 GB",
    ),
    Peer("jax_jit", "JAX, jitted, on the CPU", "jax", ("jax", "numpy"), 10**6, "about 28 GB", compiles=True),
    Peer("chaospy", "chaospy", "chaospy", ("chaospy", "numpy"), 10**6, "about 22 GB, and minutes"),
    Peer(
        "salib", "SALib Latin hypercube, numpy formulas", "salib", ("SALib", "numpy", "scipy"), 10**6,
        "about 20 GB, and minutes",
    ),
    Peer("mcerp", "mcerp (Latin hypercube)", "mcerp", ("mcerp", "numpy", "scipy"), 10**6, "a quarter of an hour"),
    Peer("ema", "ema-workbench", "ema", ("ema_workbench", "numpy"), 10**5, _SLOW),
    Peer("monaco", "monaco", "monaco", ("monaco", "numpy"), 10**5, _SLOW),
)  # fmt: skip


def peer(name: str) -> Peer:
    """The opponent of that name."""
    return next(one for one in PEERS if one.name == name)
