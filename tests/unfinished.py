"""Runs that are broken off, for tests of what becomes of them: a small scenario, digests, chunks that are written."""

import sys
from pathlib import Path
from typing import Any

import pytest

from ctsim import catalog, checkpoint
from ctsim.catalog import Scenario
from ctsim.engine import simulate
from tests.runs import study

COMMAND = [sys.executable, "-c", "from ctsim.cli import main; main()"]
DRAWS = 128 * 1024  # more than the pilot
FEW = 32 * 1024  # less: such a run is exact
ODD = 96 * 1024  # the same, of numbers that only independent draws can have
ODD_FEW = 20 * 1024
METHOD = {DRAWS: "sobol", FEW: "sobol", ODD: "mc", ODD_FEW: "mc"}
CHUNK = 4096


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """One small programme."""
    return catalog.load(study(tmp_path_factory.mktemp("one"), ("hydrogen_supply_chain",)))


@pytest.fixture(scope="module")
def whole(one: Scenario) -> dict[int, str]:
    """Digests of undisturbed runs by draws."""
    return {draws: simulate(one, draws=draws, method=method).result_digest for draws, method in METHOD.items()}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every chunk is written when it is finished."""
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpoint, "COSTS_BETWEEN", 0.0)


def broken_off(one: Scenario, out: Path, draws: int = DRAWS, after: int = 5, **options: Any) -> None:
    """A run in `out` that ends with a fault of its own after some chunks."""
    done = [0]

    def fail(*_: int) -> None:
        done[0] += 1
        if done[0] == after:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        simulate(one, draws=draws, chunk=CHUNK, out=out, progress=fail, **options)


def tiles(folder: Path) -> int:
    """Tiles that are done in a run directory."""
    return checkpoint.tiles_done(folder / "chunks")
