"""Whether the run of a card comes out again: its directory drawn anew, from the same request and nothing else of it."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from ctsim import npz
from ctsim.catalog import Scenario, load_resolved
from ctsim.clusters import cluster_of
from ctsim.engine import in_memory, kept_coordinates
from ctsim.errors import InputError, RunDirectoryError
from ctsim.job import Job, Progress, machine
from ctsim.kernel import Kernel
from ctsim.locale import text
from ctsim.rundir import SCENARIO, TABLES, RunDirectory, request_of
from ctsim.streams import STREAM_VERSION

PARTS: Final = ("scenario", "formulas", "tables", "streams", "versions", "platform")


@dataclass(frozen=True)
class Difference:
    """A part of a run that is not the same here: what the card says, and what is here."""

    part: str
    there: str
    here: str


@dataclass(frozen=True)
class Reproduction:
    """What came of it. `result_digest` is "" where a part that differs made drawing pointless."""

    card: Mapping[str, Any]
    differences: tuple[Difference, ...]
    result_digest: str

    @property
    def identical(self) -> bool:
        """Whether every number has the same bits; versions and machines may differ all the same."""
        return bool(self.result_digest) and self.result_digest == self.card["result_digest"]

    def words(self, lang: str = "en") -> str:
        """The outcome in one line."""
        there, here = str(self.card["result_digest"])[:16], self.result_digest[:16]
        if self.identical:
            return text("reproduce.identical", lang, there=there)
        if not here:
            return text("reproduce.not_drawn", lang, parts=self.differences[0].part)
        parts = ", ".join(one.part for one in self.differences) or text("reproduce.nothing_named", lang)
        return text("reproduce.differs", lang, there=there, here=here, parts=parts)


def reproduce(
    directory: str | Path,
    *,
    formulas: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Draw the sealed run in `directory` anew, in memory, with quantile tables made here, and compare.

    Kept draws are not drawn again. Raises RunDirectoryError for what is no sealed whole run, InputError where formulas
    from outside the package are needed and not given.
    """
    there = RunDirectory(directory)
    card = there.card()
    there.whole(card)
    if card.get("shard"):
        raise RunDirectoryError(f"{there.path}: is a shard; merge all, then reproduce the whole")
    found = list(_circumstances(card))
    scenario, differing = _scenario(there, card, formulas)
    if scenario is None:
        return Reproduction(card, (differing, *found), "")
    coordinates = kept_coordinates(there, card, scenario)
    request = {**request_of(card), "keep_draws": "", "keep_as": ""}
    asked = Job(scenario, request, int(card["chunk"]), workers, progress, coordinates, None,
                cluster_of(cluster, keeps=False))  # fmt: skip
    found = [*_tables(there, asked, asked.kernel()), *found]
    run = in_memory(asked, None, ())
    return Reproduction(card, tuple(found), run.result_digest)


def _scenario(there: RunDirectory, card: Mapping[str, Any], formulas: str | Path | None) -> Any:
    """The scenario of a run, or None and the difference that keeps it from being drawn."""
    if card["stream_version"] != STREAM_VERSION:
        return None, Difference("streams", f"version {card['stream_version']}", f"version {STREAM_VERSION}")
    try:
        scenario: Scenario = load_resolved(there.path / SCENARIO, formulas)
    except InputError as error:
        said = next((one.message for one in error.findings if one.key == "scenario.digest"), None)
        if said is None:
            raise
        part = "formulas" if said.startswith("the formulas of") else "scenario"
        return None, Difference(part, str(card["scenario_digest"])[:16], said)
    return scenario, None


def _tables(there: RunDirectory, asked: Job, kernel: Kernel) -> Iterator[Difference]:
    """Whether the quantile functions that are made here have the bits of those that the run kept."""
    try:
        kept = npz.quantiles_digest(asked.labels, npz.quantiles_of(asked.labels, there.content(TABLES)))
    except npz.DamagedError as error:
        raise RunDirectoryError(f"{there.path / TABLES}: {error}; it was not written by ctsim") from None
    made = npz.quantiles_digest(asked.labels, kernel.quantiles[: len(asked.labels)])
    if kept != made:
        yield Difference("tables", kept[:16], made[:16])


def _circumstances(card: Mapping[str, Any]) -> Iterator[Difference]:
    """Versions and the machine, which should not matter."""
    for name, there in card["versions"].items():
        if there != (here := _version(name)):
            yield Difference("versions", f"{name} {there}", f"{name} {here}")
    if (there := card.get("platform", "not noted")) != machine():
        yield Difference("platform", there, machine())


def _version(name: str) -> str:
    try:
        return platform.python_version() if name == "python" else version(name)
    except PackageNotFoundError:
        return "none"
