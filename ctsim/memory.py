"""How much memory a run will take, before it is drawn, and whether that is there.

What the process holds already is read from the system; the rest follows from the sizes of what will be made. A
forecast is an upper estimate of the most that will be resident at once: at the plan, while draws are made, at the end.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from re import fullmatch
from typing import Final

from ctsim import kept, summaries
from ctsim.compiled import processor
from ctsim.draws import Layout
from ctsim.errors import InputError
from ctsim.kernel import BLOCK_TILES, Kernel
from ctsim.streams import TILE

MOST_SIZE: Final = 2**60
_UNITS: Final = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
                 "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}  # fmt: skip
_BINS: Final = 4098
_LIBRARIES: Final = 110_000_000
"""What comes later whatever is drawn, as measured: dask, HDF5 and machine code that is there already."""
_COMPILING: Final = 70_000_000
_COMPILING_A_STEP: Final = 1_500_000
"""What making machine code takes on top of that, as measured: 60 MB, and 1.2 MB a formula."""
_ZARR: Final = 40_000_000
_STATES_A_WORKER: Final = 2
_ROWS_A_WORKER: Final = 4
"""Copies of one output's pilot, while it is sorted."""
_STATES: Final = 6
"""Those being joined, written and finished, beside the ones that threads hold."""


def parsed(size: int | str | None) -> int | None:
    """A size in bytes: a number, or a number with B, kB, MB, GB, TB, KiB, MiB, GiB, TiB. Raises InputError."""
    if size is None:
        return None
    found = fullmatch(r"([0-9]{1,18}(?:[.][0-9]{1,9})?)\s*([A-Za-z]{0,3})", str(size).strip())
    if not found or found[2].upper() not in _UNITS:
        raise InputError(f"--memory {str(size)[:40]}: write a size, as 400MB or 2GiB")
    number = int(float(found[1]) * _UNITS[found[2].upper()])
    if not 1 <= number <= MOST_SIZE:
        raise InputError(f"--memory {str(size)[:40]}: must be between 1 byte and 1,000,000 TB")
    return number


@dataclass(frozen=True)
class Forecast:
    """Bytes: what is resident already, what a run adds to it whatever is asked, and what each thread adds."""

    base: int
    fixed: int
    worker: int

    def total(self, workers: int) -> int:
        """The most that a run in so many threads will have resident."""
        return self.base + self.fixed + workers * self.worker


def forecast(kernel: Kernel, layout: Layout | None, draws: int, is_sample_kept: bool) -> Forecast:
    """The forecast for a kernel that is made already. `is_sample_kept`: the pilot stays until the end."""
    outputs = len(kernel.targets)
    sample = outputs * min(draws, summaries.PILOT) * 8
    state = outputs * _state_bytes(max((len(one.thresholds) for one in kernel.targets), default=0))
    buffers = (len(kernel.binding.rows) + len(kernel.binding.steps) + outputs) * BLOCK_TILES * TILE * 8
    blocks = 0 if layout is None else _kept_bytes(layout)
    after = (sample if is_sample_kept else 0) + _STATES * state
    fixed = max(sample, after) + _LIBRARIES + (_ZARR if layout else 0)
    if kept.recall("made", _made(kernel)) is None:
        fixed += _COMPILING + len(kernel.binding.steps) * _COMPILING_A_STEP
    planning = _ROWS_A_WORKER * min(draws, summaries.PILOT) * 8
    return Forecast(resident(), fixed, max(planning, _STATES_A_WORKER * state + buffers + blocks))


def made(kernel: Kernel) -> None:
    """Note that the machine code of a kernel, and of all that a run does with it, is made and kept."""
    kept.keep("made", _made(kernel), b"")


def _made(kernel: Kernel) -> str:
    return f"{kernel.code} {processor()}"


def _state_bytes(thresholds: int) -> int:
    """Of one output: exact sums, cuts and thresholds by replicate, bins, and bins that are pending."""
    by_replicate = summaries.REPLICATES * (3 * 68 + len(summaries.QUANTILES) + 2 + thresholds)
    return 8 * (by_replicate + _BINS) + 2 * _BINS


def _kept_bytes(layout: Layout) -> int:
    """A block of draws, and its largest variable as the content of a file, twice."""
    largest = max((len(one.places) for one in layout.variables), default=0)
    return layout.block_bytes + 2 * largest * layout.block_bytes // max(1, layout.values)


def check(found: Forecast, workers: int, limit: int | None) -> int:
    """The forecast in bytes. Raises InputError where it is more than `limit`, or than the machine has."""
    needed = found.total(workers)
    free = available()
    if limit is not None and needed > limit:
        raise InputError(
            f"--memory {_said(limit)}: the run would take {_said(needed)}; {_advice(found, workers, limit)}"
        )
    if limit is None and free is not None and needed - found.base > free:
        most = found.base + free
        raise InputError(f"the run would take {_said(needed)} of memory, {_said(most)} are there; "
                         f"{_advice(found, workers, most)}")  # fmt: skip
    return needed


def _advice(found: Forecast, workers: int, limit: int) -> str:
    """How the run would fit, or why it cannot."""
    fitting = (limit - found.base - found.fixed) // found.worker
    least = _said(found.total(1))
    if fitting < 1:
        return f"no --workers and no --chunk would fit: one thread takes {least}; choose fewer programmes or metrics"
    return f"--workers {min(fitting, workers)} would fit (--chunk changes nothing)"


def _said(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


# ---- the machine


def resident() -> int:
    """Bytes of memory that this process has now; at its most so far where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return most_resident()


def most_resident(status: Path = Path("/proc/self/status")) -> int:
    """Bytes of memory that this process had at its most; where the system does not say, with the process it came from.

    The kernel's `ru_maxrss` starts at the peak of whoever started the process: it is no measure of a small one.
    """
    most = _kilobytes(status, "VmHWM")
    if most is not None:
        return most
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def available(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes that the machine, or the control group of this process, can still give; None where nobody says."""
    found = [_kilobytes(proc / "meminfo", "MemAvailable")]
    own = _own_groups(proc / "self/cgroup")
    for limit, used, folder in (("memory.max", "memory.current", groups),
                                ("memory.limit_in_bytes", "memory.usage_in_bytes", groups / "memory")):  # fmt: skip
        for group in {"", *own}:
            most, now = _number(folder / group / limit), _number(folder / group / used)
            if most is not None and now is not None:
                found.append(max(0, most - now))
    known = [one for one in found if one is not None]
    return min(known) if known else None


def _own_groups(path: Path) -> list[str]:
    """The control groups of this process, and those that they are in."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    paths = [Path(line.split(":", 2)[2].lstrip("/")) for line in lines if line.count(":") >= 2]
    return [str(one) for path in paths for one in (path, *path.parents) if str(one) != "."]


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such group, or "max"
        return None


def _kilobytes(path: Path, name: str) -> int | None:
    """The bytes of a line `name: 12 kB`."""
    try:
        lines = dict(line.split(":", 1) for line in path.read_text(encoding="utf-8").splitlines() if ":" in line)
        return int(lines[name].split()[0]) * 1024
    except (OSError, ValueError, LookupError):
        return None
