"""Benchmarks as data: a frozen `Spec` each, registered by the file of `benchmarks/specs/` that defines it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

Point = Mapping[str, Any]
"""One place of a sweep: what is varied, by name. Goes into the results as it is."""


@dataclass(frozen=True)
class Case:
    """Something ready to be timed: `run` does `work` units of work. What it returns is kept beside the seconds.

    `facts` go into the results as they are.
    """

    run: Callable[[], Mapping[str, float] | None]
    work: float = 1.0
    facts: Mapping[str, Any] = field(default_factory=dict)


def nothing_missing() -> str:
    """For specs that run everywhere."""
    return ""


@dataclass(frozen=True)
class Spec:
    """One benchmark. `build` prepares a point of the sweep, untimed; `unit` is the unit of its case's work.

    `sweep` is what `make bench` measures, `quick` what --quick does, `full` what --full adds, `tiny` what the tests
    run. `missing` says why it cannot run here, or nothing. `repeats` and `seconds` end the repetitions, the earlier
    one; each point runs at least once. With `warm` every case runs once before it counts.
    """

    name: str
    title: str
    build: Callable[[Point], Case]
    sweep: tuple[Point, ...]
    quick: tuple[Point, ...]
    tiny: Point
    full: tuple[Point, ...] = ()
    unit: str = "draws"
    repeats: int = 5
    seconds: float = 60.0
    warm: bool = True
    missing: Callable[[], str] = nothing_missing


_SPECS: dict[str, Spec] = {}


def register(spec: Spec) -> Spec:
    """Add a spec; a name counts once."""
    if spec.name in _SPECS:
        raise ValueError(f"two specs are named {spec.name}")
    _SPECS[spec.name] = spec
    return spec


def specs() -> tuple[Spec, ...]:
    """Every spec of every file in `benchmarks/specs/`, in order of file and place."""
    for path in sorted((Path(__file__).parent / "specs").glob("[!_]*.py")):
        import_module(f"benchmarks.specs.{path.stem}")
    return tuple(_SPECS.values())
