"""What of a run is done already, kept so that no end of the process loses it.

States of finished chunks are joined as they come and written to a folder now and then, never so often that writing
costs more than a few per cent: `<first tile>-<tiles>.state`, then `<first tile>-<tiles>.json`, its marker, with the
tiles it covers and a SHA-256 over both. Each is written beside its place, flushed and renamed, so a chunk counts if
and only if its marker is there and agrees. When many lie there they are written anew as one: state, marker, and only
then the old ones go; until then the largest that agrees is the one that counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final

from ctsim import npz, summaries
from ctsim.durable import sweep, write_whole

FORMAT: Final = 1
MOST_FILES: Final = 64
MOST_MARKER: Final = 1 << 20
MOST_STATE: Final = 1 << 28
SECONDS_BETWEEN: float = 0.5
COSTS_BETWEEN: Final = 20.0
"""The next write comes no sooner than this, and than this many times what the last one took: 5 % at most."""

Range = tuple[int, int]
"""First tile and number of tiles."""
Ranges = tuple[Range, ...]


# ---- ranges of tiles


def joined(ranges: Iterable[Range]) -> Ranges:
    """The same tiles in order, neighbours as one. The ranges must not overlap."""
    result: list[Range] = []
    for first, tiles in sorted(ranges):
        if result and sum(result[-1]) == first:
            result[-1] = (result[-1][0], result[-1][1] + tiles)
        else:
            result.append((first, tiles))
    return tuple(result)


def overlapping(ranges: Iterable[Range]) -> list[tuple[Range, Range]]:
    """Neighbours that share a tile."""
    ordered = sorted(ranges)
    return [(a, b) for a, b in pairwise(ordered) if sum(a) > b[0]]


def missing(ranges: Iterable[Range], span: Range) -> Ranges:
    """The tiles of `span` that are in no range."""
    result = []
    at, end = span[0], sum(span)
    for first, tiles in sorted(ranges):
        if first > at:
            result.append((at, min(first, end) - at))
        at = max(at, first + tiles)
    if at < end:
        result.append((at, end - at))
    return tuple(one for one in result if one[1] > 0)


def tiles_of(ranges: Iterable[Range]) -> int:
    """How many tiles there are in all."""
    return sum(tiles for _, tiles in ranges)


# ---- files


@dataclass(frozen=True)
class Chunk:
    """One state file with a marker that agrees: its name, its tiles, the digest of its plan."""

    name: str
    ranges: Ranges
    plan: str
    content: bytes


def write_chunk(folder: Path, ranges: Ranges, plan: str, content: bytes) -> str:
    """Write a state (`npz.state_content`), then its marker. Returns the name of both."""
    name = f"{ranges[0][0]}-{tiles_of(ranges)}"
    write_whole(folder / f"{name}.state", content)
    write_whole(folder / f"{name}.json", _marker(ranges, plan, content))
    return name


def read_chunk(folder: Path, name: str) -> Chunk | None:
    """The chunk of that name, None if its marker and state do not agree."""
    try:
        marker_path, state_path = folder / f"{name}.json", folder / f"{name}.state"
        if marker_path.stat().st_size > MOST_MARKER or state_path.stat().st_size > MOST_STATE:
            return None
        said, content = marker_path.read_bytes(), state_path.read_bytes()
        marker = json.loads(said)
        ranges, plan = tuple((int(first), int(tiles)) for first, tiles in marker["ranges"]), str(marker["plan"])
        whole = said == _marker(ranges, plan, content) and name == f"{ranges[0][0]}-{tiles_of(ranges)}"
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None
    return Chunk(name, ranges, plan, content) if whole and ranges == joined(ranges) else None


def remove_chunk(folder: Path, name: str) -> None:
    """The marker goes first, so that a state without one is all that a kill can leave."""
    for suffix in (".json", ".state"):
        (folder / f"{name}{suffix}").unlink(missing_ok=True)


def chunks_in(folder: Path) -> Iterator[Chunk | str]:
    """Every chunk that has a marker, the largest first and no tile twice; the name of one that is damaged."""
    names = sorted((path.stem for path in folder.glob("*.json")), key=lambda name: (-_tiles_in(name), name))
    taken: list[Range] = []
    for name in names:
        chunk = read_chunk(folder, name)
        if chunk is None:
            yield name
        elif not overlapping([*taken, *chunk.ranges]):
            taken += chunk.ranges
            yield chunk


def tiles_done(folder: Path) -> int:
    """How many tiles the chunks in a folder cover."""
    return sum(tiles_of(chunk.ranges) for chunk in chunks_in(folder) if isinstance(chunk, Chunk))


def _tiles_in(name: str) -> int:
    tiles = name.rpartition("-")[2]
    return int(tiles) if tiles.isdecimal() and len(tiles) < 20 else 0


def _marker(ranges: Sequence[Range], plan: str, content: bytes) -> bytes:
    """The bytes of the marker of a state; what it says goes into its digest, too."""
    said = {"format": FORMAT, "ranges": [list(one) for one in ranges], "plan": plan}
    digest = sha256(json.dumps(said).encode())
    digest.update(content)
    return (json.dumps({**said, "sha256": digest.hexdigest()}) + "\n").encode()


# ---- a run


@dataclass
class _Part:
    state: summaries.State
    ranges: Ranges


class Checkpoints:
    """The finished tiles of one run, taken from any thread; written to `folder` if there is one.

    `plan` says what is counted, `digest` (`npz.plan_digest`) which states belong to it, `span` which tiles are wanted.
    """

    def __init__(self, plan: summaries.Plan, digest: str, span: Range, folder: Path | None) -> None:
        self.plan = plan
        self.digest = digest
        self.span = span
        self.folder = folder
        self._kept: _Part | None = None
        self._parts: list[_Part] = []
        self._names: list[str] = []
        self._lock, self._writing = Lock(), Lock()
        self._closed = False
        self._next_write = monotonic() + SECONDS_BETWEEN

    # -- what lies there

    def restore(self) -> list[str]:
        """Take up what the folder holds; returns a line for each chunk that has to be computed again."""
        if self.folder is None:
            return []
        self.folder.mkdir(exist_ok=True)
        sweep(self.folder)
        said = [f"{self.folder}/{one}: {why}; computed again" for one, why in self._restored(self.folder)]
        counted = {f"{name}{suffix}" for name in self._names for suffix in (".json", ".state")}
        for path in self.folder.iterdir():
            if path.name not in counted and path.is_file():
                path.unlink(missing_ok=True)
        self._compact()
        return said

    def _restored(self, folder: Path) -> Iterator[tuple[str, str]]:
        """Name and fault of every chunk that does not count."""
        for chunk in chunks_in(folder):
            if isinstance(chunk, str):
                yield chunk, "is damaged"
            elif chunk.plan != self.digest:
                yield chunk.name, "was counted by another plan"
            elif missing([self.span], chunk.ranges[0]) or missing([self.span], chunk.ranges[-1]):
                yield chunk.name, "is of other draws"
            else:
                try:
                    state = npz.state_of(self.plan, chunk.content)
                except npz.DamagedError as error:
                    yield chunk.name, f"cannot be read ({error})"
                    continue
                self._kept = self._with(self._kept, _Part(state, chunk.ranges))
                self._names.append(chunk.name)

    def missing(self) -> Ranges:
        """The tiles that are still to be computed."""
        return missing(self.ranges(), self.span)

    def ranges(self) -> Ranges:
        """The tiles that are done, written or not."""
        with self._lock:
            return joined(one for part in self._every() for one in part.ranges)

    # -- what comes

    def add(self, first: int, tiles: int, state: summaries.State) -> None:
        """Take the state of a finished chunk; it is used up. Every now and then the calling thread writes."""
        part = _Part(state, ((first, tiles),))
        while other := self._swapped(part):
            part = self._with(other, part)
        if self.folder is not None and monotonic() >= self._next_write and self._writing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._writing.release()

    def _swapped(self, part: _Part) -> _Part | None:
        """Another part to be joined with, or None: then `part` waits for the next. Nothing is joined under the lock."""
        with self._lock:
            if self._parts:
                return self._parts.pop()
            if not self._closed:
                self._parts.append(part)
            return None

    def _with(self, left: _Part | None, right: _Part) -> _Part:
        if left is None:
            return right
        ranges = joined((*left.ranges, *right.ranges))
        return _Part(summaries.combine(self.plan, left.state, right.state), ranges)

    def _as_one(self, parts: Iterable[_Part]) -> _Part | None:
        """All of these, which are used up; None where there are none."""
        result: _Part | None = None
        for part in parts:
            result = self._with(result, part)
        return result

    def _every(self) -> list[_Part]:
        """What is kept as one already, then what waits to be joined; asked for under the lock."""
        return [*([self._kept] if self._kept else []), *self._parts]

    def _taken(self) -> _Part | None:
        """All that is not written yet, as one."""
        with self._lock:
            parts, self._parts = self._parts, []
        return self._as_one(parts)

    def _write(self) -> None:
        part = self._taken()
        if part is None or self.folder is None:
            return
        started = monotonic()
        self._names.append(write_chunk(self.folder, part.ranges, self.digest, self._content(part)))
        kept = self._with(self._kept, part)
        with self._lock:
            self._kept = kept
        self._compact()
        cost = monotonic() - started
        self._next_write = monotonic() + max(SECONDS_BETWEEN, COSTS_BETWEEN * cost)

    def _content(self, part: _Part) -> bytes:
        return npz.state_content(self.plan, part.state)

    def _compact(self) -> None:
        """Many chunks on disk become one."""
        if self.folder is None or self._kept is None or len(self._names) <= MOST_FILES:
            return
        name = write_chunk(self.folder, self._kept.ranges, self.digest, self._content(self._kept))
        old, self._names = self._names, [name]
        for name in old:
            remove_chunk(self.folder, name)

    # -- the end

    def close(self) -> int:
        """Write what is done; what is added later is dropped. Returns the number of tiles that are on disk."""
        with self._writing:
            with suppress(OSError):  # the reason for closing is told, not this one
                self._write()
            with self._lock:
                self._closed = True
        return tiles_of(self._kept.ranges) if self._kept else 0

    def so_far(self) -> summaries.State:
        """The state of everything that was restored and added; nothing may be added meanwhile."""
        with self._writing, self._lock:
            state = summaries.empty(self.plan)
            for part in self._every():
                state = summaries.combine(self.plan, state, part.state)
            return state

    def total(self) -> summaries.State:
        """The state of everything that was restored and added. Nothing may be added any more."""
        with self._writing:
            with self._lock:
                self._closed = True
                parts = self._every()
                self._parts = []
            self._kept = self._as_one(parts)
        return summaries.empty(self.plan) if self._kept is None else self._kept.state
