"""Shards of one run, made anywhere and in any order, joined into the result of the undivided run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ctsim import checkpoint, draws, job, npz, summaries
from ctsim.engine import Run, existing, finished, keeping, stored
from ctsim.errors import CtsimError, Finding, Place, RunDirectoryError, how_many
from ctsim.request import differing
from ctsim.rundir import SCENARIO, STATE, TABLES, RunDirectory


@dataclass(frozen=True)
class _Shard:
    directory: RunDirectory
    card: Mapping[str, Any]

    @property
    def number(self) -> int:
        return int(self.card["shard"].split("/")[0])

    @property
    def count(self) -> int:
        return int(self.card["shard"].split("/")[1])


def merge(
    directories: Sequence[str | Path],
    *,
    out: str | Path,
    formulas: str | Path | None = None,
    command: str | None = None,
) -> Run:
    """The result of all shards of a run, in the directory `out`, with the `result_digest` of the undivided run.

    Raises one RunDirectoryError with a finding for each directory that is no whole shard, is of another run, or is
    there twice, and for the shards that are missing; InputError where formulas are not those of the run.
    """
    shards = _checked([RunDirectory(path) for path in directories])
    target = RunDirectory(out)
    first = shards[0]
    request = {**first.card, "shard": ""}
    if found := existing(target, request):
        return found
    asked, kernel = stored(first.directory, first.card, formulas)
    asked = replace(asked, request={**asked.request, "shard": ""})
    planned = job.planned(asked, kernel)
    if planned.digest != first.card.get("plan_digest"):
        message = "was counted by another plan than this ctsim makes of it; merge with the version it was run with"
        raise RunDirectoryError(f"{first.directory.path}: {message}")
    content = npz.state_content(planned.plan, _joined(planned.plan, shards))
    with target.held():
        if found := existing(target, request):
            return found
        with keeping(target, fresh=True):
            job.forecast(asked, kernel, target.path)
            card = {**job.begun_card(asked, command), "merged": len(shards)}
            scenario, tables = first.directory.content(SCENARIO).decode(), first.directory.content(TABLES)
            card = target.begin(card, scenario, tables)
            target.chunks.mkdir(exist_ok=True)
            for one in shards if request["keep_draws"] else ():
                draws.carry(one.directory.path, target.path)
            checkpoint.write_chunk(target.chunks, (asked.span,), planned.digest, content)
            return finished(asked, target, kernel, card, (), planned)


def _checked(directories: Sequence[RunDirectory]) -> list[_Shard]:
    """The shards by number, complete, whole and of one run; else RunDirectoryError with all that is wrong."""
    if not directories:
        raise RunDirectoryError("no shards are given; give the directory of each")
    findings: list[Finding] = []
    shards: list[_Shard] = []
    broken: set[int] = set()
    for directory in directories:
        try:
            shards.append(_read(directory))
        except CtsimError as error:
            findings += error.findings
            broken |= _number(directory)
    findings += [Finding(Place(), "", said) for said in _faults(shards)]
    if shards:
        numbers = {one.number for one in shards if not _foreign(shards[0], one)} | broken
        absent = [str(number) for number in range(1, shards[0].count + 1) if number not in numbers]
        if absent:
            said = f"missing: shard {', '.join(absent[:20])}{', …' if len(absent) > 20 else ''} of {shards[0].count}"
            findings.append(Finding(Place(), "", f"{said}; run with --shard, then merge all"))
    if findings:
        raise RunDirectoryError(findings)
    return sorted(shards, key=lambda one: one.number)


def _number(directory: RunDirectory) -> set[int]:
    """The number of a shard of which only the card can be read; nothing where it says none."""
    try:
        return {_Shard(directory, directory.card()).number}
    except (CtsimError, ValueError):
        return set()


def _read(directory: RunDirectory) -> _Shard:
    card = directory.card()
    directory.whole(card)
    if not card.get("shard"):
        raise RunDirectoryError(f"{directory.path}: is a whole run, no shard; leave it out")
    return _Shard(directory, card)


def _faults(shards: Sequence[_Shard]) -> Iterator[str]:
    """What does not belong to the first, and what is there twice."""
    seen: dict[int, Path] = {}
    for one in shards:
        if said := _foreign(shards[0], one):
            yield f"{one.directory.path}: is of another run than {shards[0].directory.path} ({said}); leave it out"
        elif one.number in seen:
            said = f"shard {one.card['shard']} is given twice, also as {seen[one.number]}"
            yield f"{one.directory.path}: {said}; leave one out"
        else:
            seen[one.number] = one.directory.path


def _foreign(first: _Shard, one: _Shard) -> str:
    """Why two shards are not of one run; "" where they are."""
    if said := differing(first.card, one.card, "shard"):
        return said
    if first.count != one.count:
        return f"{how_many(first.count, 'shard')} there, {one.count} here"
    if first.card["files"][TABLES] != one.card["files"][TABLES]:
        return "its quantile tables were built with other bits: run all shards on one kind of machine"
    same = first.card.get("plan_digest") == one.card.get("plan_digest")
    return "" if same else "it was counted by another plan, of another version of ctsim"


def _joined(plan: summaries.Plan, shards: Sequence[_Shard]) -> summaries.State:
    """The state of all draws; no tile is missing and none is there twice."""
    state = summaries.empty(plan)
    spans = []
    for one in shards:
        try:
            state = summaries.combine(plan, state, npz.state_of(plan, one.directory.content(STATE)))
        except npz.DamagedError as error:
            raise RunDirectoryError(f"{one.directory.path / STATE}: {error}; run this shard again") from None
        spans.append((int(one.card["span"][0]), int(one.card["span"][1])))
    tiles = int(shards[0].card["draws"]) // summaries.TILE
    if checkpoint.missing(spans, (0, tiles)) or checkpoint.overlapping(spans):
        raise RunDirectoryError("the shards do not divide the draws of the run among them; run them again")
    return state
