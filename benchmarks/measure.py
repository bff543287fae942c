"""Timing of specs, and what is known of the machine."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.registry import Case, Point, Spec

PACKAGES = ("ctsim", "numpy", "scipy", "numba", "llvmlite", "dask", "xarray")
FORCED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Settings that would make numpy slower than it is."""


@dataclass(frozen=True)
class Size:
    """How much is measured: "quick", "normal" or "full"."""

    name: str

    def points(self, spec: Spec) -> tuple[Point, ...]:
        """The part of a sweep that belongs to this size."""
        if self.name == "quick":
            return spec.quick
        return spec.sweep + (spec.full if self.name == "full" else ())

    def repeats(self, spec: Spec) -> tuple[int, float]:
        """How often each point runs at most, and the seconds after which no further round starts."""
        return (min(spec.repeats, 2), 10.0) if self.name == "quick" else (spec.repeats, spec.seconds)


def measure(spec: Spec, size: Size, say: Callable[[str], None]) -> dict[str, Any]:
    """The record of one spec: every point with its runs. Rounds go over all points, so that drift hits them alike."""
    record: dict[str, Any] = {"name": spec.name, "title": spec.title, "unit": spec.unit, "points": []}
    if reason := spec.missing():
        return record | {"skipped": reason}
    cases = [(point, spec.build(point)) for point in size.points(spec)]
    if spec.warm:
        for _, case in cases:
            case.run()
    runs = _rounds([case for _, case in cases], *size.repeats(spec))
    for (point, case), done in zip(cases, runs, strict=True):
        record["points"].append({"point": dict(point), "work": case.work, "facts": dict(case.facts), "runs": done})
        say(f"  {words(point)}: {min(run['seconds'] for run in done):.4g} s")
    return record


def _rounds(cases: Sequence[Case], repeats: int, seconds: float) -> list[list[dict[str, float]]]:
    started = perf_counter()
    runs: list[list[dict[str, float]]] = [[] for _ in cases]
    for number in range(repeats):
        if number and (perf_counter() - started) * (number + 1) / number > seconds:
            break
        for case, done in zip(cases, runs, strict=True):
            done.append(once(case))
    return runs


def once(case: Case) -> dict[str, float]:
    """Seconds of one run, and what it returned."""
    started = perf_counter()
    returned = case.run()
    return {"seconds": perf_counter() - started} | dict(returned or {})


def words(point: Point) -> str:
    """A point as a short text."""
    return ", ".join(f"{name} {number(value)}" for name, value in point.items())


def number(value: Any) -> str:
    """A number as tables show it: thousands apart, four digits of what is not whole."""
    if isinstance(value, bool | str):
        return str(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def peak_megabytes() -> float:
    """Peak resident memory of this process, in MB of 10^6 bytes.

    On Linux from /proc: the peak that getrusage gives is at least what the parent held when it started this process.
    """
    if peak := _first("/proc/self/status", "VmHWM"):
        return int(peak.split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def environment(**settings: str) -> dict[str, str]:
    """The variables of this process for another one, without what would slow numpy down, with `settings`."""
    return {name: value for name, value in os.environ.items() if name not in FORCED} | settings


def machine() -> dict[str, Any]:
    """What was measured on: processor, cores, memory, system, versions."""
    return {
        "processor": _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
    }


def versions(packages: Sequence[str]) -> dict[str, str]:
    """The installed versions of those packages that are installed."""
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _first(file: str, key: str) -> str:
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def load() -> float:
    """How busy the machine is: processes that want to run, averaged over a minute; above 0.5 timings are in doubt."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def column(point: Mapping[str, Any], name: str) -> list[float]:
    """What every run of a point says of `name`."""
    return [run[name] for run in point["runs"] if name in run]
