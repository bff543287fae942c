"""Runs that are broken off, for tests of what becomes of them: a small scenario, digests, chunks that are written."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ctsim import catalog, checkpoint, cluster
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


def interrupting(monkeypatch: pytest.MonkeyPatch, draws: int, number: int) -> Callable[..., None]:
    """A progress that sends this process a signal at so many draws or more, and goes on when it was handled.

    Chunks come in any order, so that the draws add up to one or another sum on the way. They are counted in another
    thread than the one that handles signals, which may be given its turn too late.
    """
    heard = Event()

    class Told(Event):
        def set(self) -> None:
            super().set()
            heard.set()

    monkeypatch.setattr(cluster, "Event", Told)

    def progress(done: int, total: int, said: str = "") -> None:
        if done >= draws and not heard.is_set():
            os.kill(os.getpid(), number)
            assert heard.wait(60)

    return progress


def tiles(folder: Path) -> int:
    """Tiles that are done in a run directory."""
    return checkpoint.tiles_done(folder / "chunks")
