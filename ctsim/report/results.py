"""What a directory holds: a sealed run, a comparison or a sensitivity analysis, opened and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from ctsim.catalog import Scenario, load_resolved
from ctsim.compare import CARD_NAME
from ctsim.errors import RunDirectoryError
from ctsim.locale import UnknownTextError
from ctsim.results import sealed
from ctsim.rundir import SCENARIO, RunDirectory
from ctsim.sensitivity import KIND
from ctsim.stress import CARD_NAME as STRESS

RUN, COMPARISON, SENSITIVITY = "run", "comparison", "sensitivity"


@dataclass(frozen=True)
class Result:
    """A result with what it was made from; of a comparison `scenario` is B and `before` is A."""

    kind: str
    path: Path
    card: Mapping[str, Any]
    tree: xr.DataTree
    scenario: Scenario
    before: Scenario | None = None


def open_result(directory: str | Path, formulas: str | Path | None = None, run: Result | None = None) -> Result:
    """The result in `directory`. Raises RunDirectoryError for what is not whole, InputError for other formulas.

    Where it is about the scenario of `run`, that is taken: to read and bind one takes longer than a page.
    """
    path = Path(directory)

    def scenario(name: str, digest: str) -> Scenario:
        same = run is not None and run.scenario.digest == digest
        return run.scenario if run is not None and same else load_resolved(path / name, formulas)

    if (path / CARD_NAME).is_file():
        found = sealed(path, CARD_NAME)
        asked = found[0]["request"]
        return Result(
            COMPARISON, path, *found, scenario("b.toml", asked.get("b", "")), scenario("a.toml", asked.get("a", ""))
        )
    if (path / STRESS).is_file():
        how = "its table is what there is: `ctsim compare SCENARIO --stress` prints it, with --json all of it"
        raise RunDirectoryError(f"{path}: holds a dependence stress, which has no page; {how}")
    kind = KIND if _is_sensitivity(path) else ""
    card, tree = RunDirectory(path, kind).open()
    return Result(SENSITIVITY if kind else RUN, path, card, tree, scenario(SCENARIO, card["scenario_digest"]))


@contextmanager
def in_words(result: Result) -> Iterator[None]:
    """A result that holds a word which is none of ctsim's is named, where its words are looked up."""
    try:
        yield
    except UnknownTextError as error:
        message = f"holds a word that this ctsim does not know ({error}); it is of another version, make it again"
        raise RunDirectoryError(f"{result.path}: {message}") from None


def open_beside(directory: str | Path, kind: str, run: Result, formulas: str | Path | None = None) -> Result:
    """A result of that kind about the scenario of `run`; of a comparison its B. Raises RunDirectoryError otherwise."""
    found = open_result(directory, formulas, run)
    if found.kind != kind:
        raise RunDirectoryError(f"{found.path}: holds a {found.kind}, not a {kind}; give another directory")
    if found.scenario.digest != run.scenario.digest:
        which = "compares something with another scenario" if kind == COMPARISON else "is of another scenario"
        how = "compare with this one as B" if kind == COMPARISON else "analyse this one"
        message = f"{which} ({found.scenario.id}, not {run.scenario.id} as it was run); {how}"
        raise RunDirectoryError(f"{found.path}: {message}")
    return found


def _is_sensitivity(path: Path) -> bool:
    try:
        RunDirectory(path, KIND).card()
    except RunDirectoryError:
        return False
    return True
