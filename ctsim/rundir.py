"""The run directory: what a run consists of, written so that a half-written one is never taken for whole.

`scenario.toml` and `tables/quantiles.npz` are what the run is made from, `chunks/` what of it is done; `run.json` holds
their SHA-256 and has `sealed = true` only when `summary.nc` and `state.npz` are whole, too: it is written last. Two
processes in one directory exclude each other by a lock on the directory itself.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import xarray as xr

from ctsim import checkpoint, draws, run_card
from ctsim.durable import (
    TEMPORARY,
    card_content,
    card_digest,
    digest_of,
    locked,
    read_card,
    reason_of,
    sweep,
    write_whole,
)
from ctsim.errors import RunDirectoryError
from ctsim.netcdf import UNREADABLE, netcdf_content, netcdf_tree
from ctsim.streams import TILE

FORMAT: Final = 1
CARD: Final = "run.json"
SCENARIO: Final = "scenario.toml"
TABLES: Final = "tables/quantiles.npz"
SUMMARY: Final = "summary.nc"
STATE: Final = "state.npz"
CHUNKS: Final = "chunks"
FIGURES: Final = "figures"
REQUEST: Final = (
    "format", "scenario", "scenario_digest", "seed", "method", "draws", "stream_version", "years", "shard", "precision",
    "thresholds", "programmes", "metrics", "keep_draws", "keep_as",
)  # fmt: skip
"""What makes two runs the same request; the rest of a card tells how it was carried out."""


def request_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """What the run of a card was asked for: where it stopped at a precision, `draws` is the most that it might make."""
    return {key: card.get(key) for key in REQUEST} | {"draws": card.get("ceiling", card.get("draws"))}


class RunDirectory:
    """One directory for one run; or, with a `kind`, for what is kept in the same way but is no run."""

    def __init__(self, path: str | Path, kind: str = "") -> None:
        self.path = Path(path)
        self.kind = kind
        self._is_held = False
        self._made: list[Path] = []

    @property
    def chunks(self) -> Path:
        """Where chunks are kept until the directory is sealed."""
        return self.path / CHUNKS

    # ---- what is there

    def sealed_card(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The card, if this directory holds the sealed result of `request`; None if it is new or empty.

        Raises RunDirectoryError for anything else that is there, an unfinished run of the same request included.
        """
        if self._is_new():
            return None
        card = self.card()
        there = request_of(card)
        differing = [key for key in REQUEST if there[key] != request.get(key)]
        if card.get("extended") and set(differing) <= {"draws", "precision"}:
            message = f"was extended in its place, to {card['draws']:,} draws; `ctsim resume {self.path}` prints them"
            raise RunDirectoryError(f"{self.path}: {message}; give --out a new directory for another number")
        if differing:
            said = f"{differing[0]} is {there[differing[0]]!r} there, {request.get(differing[0])!r} here"
            raise RunDirectoryError(f"{self.path}: holds another run ({said}); give --out a new directory")
        if not card.get("sealed") and not all((self.path / name).is_file() for name in (SCENARIO, TABLES)):
            return None  # killed while it began
        self.whole(card)
        return card

    def _is_new(self) -> bool:
        """Nothing there, or nothing but what a killed process left half-written."""
        with self._writing():
            if not self.path.exists():
                return True
            if not self.path.is_dir():
                raise RunDirectoryError(f"{self.path}: is a file; give --out a new directory")
            return all(one.name.startswith(TEMPORARY) for one in self.path.iterdir())

    def card(self) -> dict[str, Any]:
        """`run.json` as it stands. Raises RunDirectoryError where there is none or it cannot be read."""
        absent = f"is not a run directory (no {CARD}); give that of a run, or a new one"
        content, card = read_card(self.path, CARD, absent, "give a new or an empty directory")
        if not isinstance(card, dict) or card.get("format") != FORMAT:
            message = f"is not of format {FORMAT}: written by another ctsim; give a new or an empty directory"
            raise RunDirectoryError(f"{self.path}/{CARD}: {message}")
        if (kind := card.get("kind", "")) != self.kind:
            message = f"holds a {kind or 'run'}, not a {self.kind or 'run'}; give another directory"
            raise RunDirectoryError(f"{self.path}: {message}")
        if card.get("sealed") is not False and content != _card_content(card):
            raise RunDirectoryError(f"{self.path}/{CARD}: is damaged (it is not as it was sealed)")
        if wrong := run_card.fault(card):
            raise RunDirectoryError(
                f"{self.path}/{CARD}: is damaged ({wrong}); move the directory away and run it again"
            )
        return card

    def whole(self, card: Mapping[str, Any]) -> None:
        """Raises RunDirectoryError unless the run is sealed and every file of it is as it was sealed."""
        if not card.get("sealed"):
            if not self._is_held:
                with locked(self.path):  # of a run that is going on, this is what to say
                    pass
            raise RunDirectoryError(f"{self.path}: {self._unfinished(card)}")
        self.check(card)

    def check(self, card: Mapping[str, Any]) -> None:
        """Raises RunDirectoryError if a file that the card names, or should name, is missing or changed."""
        needed = [SCENARIO, TABLES]
        if not card.get("sealed") and card.get("request_digest") != _request_digest(card):
            raise RunDirectoryError(f"{self.path}/{CARD}: is damaged; move the directory away and run it again")
        if card.get("sealed"):
            needed += [STATE] if card.get("shard") else [STATE, SUMMARY]
            needed += [draws.MANIFEST] if card.get("keep_draws") else []
        files = card.get("files")
        for name in needed:
            path = self.path / name
            if not path.is_file():
                how = "run it again elsewhere" if card.get("sealed") else "run the same command again"
                raise RunDirectoryError(f"{path}: is missing; the run is not whole, {how}")
            try:
                whole = isinstance(files, dict) and digest_of(path) == files.get(name)
            except OSError as error:
                raise RunDirectoryError(f"{path}: cannot be read: {error.strerror or error}") from None
            if not whole:
                message = "is damaged (its SHA-256 is not the card's); move it away and run it again"
                raise RunDirectoryError(f"{path}: {message}")
        if draws.MANIFEST in needed and (fault := draws.fault(self.path)):
            raise RunDirectoryError(f"{fault}; move the run away and run it again")

    def content(self, name: str) -> bytes:
        """The bytes of a file of the directory, which was checked before. Raises RunDirectoryError."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise RunDirectoryError(f"{self.path / name}: cannot be read: {error.strerror or error}") from None

    def open(self) -> tuple[dict[str, Any], xr.DataTree]:
        """Card and result tree of a sealed run. Raises RunDirectoryError for a shard, or what has changed since."""
        card = self.card()
        self.whole(card)
        if card.get("shard"):
            message = f"is shard {card['shard']} of a run; `ctsim merge` makes the result of all of them"
            raise RunDirectoryError(f"{self.path}: {message}")
        try:
            return card, self.with_draws(netcdf_tree(self.path / SUMMARY), card)
        except UNREADABLE as error:
            raise RunDirectoryError(f"{self.path / SUMMARY}: cannot be read as NetCDF: {error}") from None

    def with_draws(self, tree: xr.DataTree, card: Mapping[str, Any]) -> xr.DataTree:
        """The tree with kept draws, if there are any, under `/draws`; they are read when they are looked at."""
        if card.get("keep_draws") and not card.get("shard"):
            tree["draws"] = xr.DataTree(draws.opened(self.path))
        return tree

    def _unfinished(self, card: Mapping[str, Any]) -> str:
        """How far an unsealed run is, and how it goes on."""
        done, size = checkpoint.tiles_done(self.chunks), max(1, -(-_count(card.get("chunk")) // TILE))
        span = card.get("span")
        tiles = _count(span[1]) if isinstance(span, list) and len(span) == 2 else 0
        return f"{done // size} of {-(-tiles // size)} chunks done; continue with `ctsim resume {self.path}`"

    # ---- writing

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory, which is made, against other processes; every failing write becomes one line."""
        with self._writing():
            self._made = [one for one in self.path.parents if not one.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            with locked(self.path):
                self._is_held = True
                try:
                    yield
                finally:
                    self._is_held = False

    def begin(self, card: Mapping[str, Any], scenario: str, tables: bytes) -> dict[str, Any]:
        """Write an unsealed card, which is returned, then what the run is made from.

        In this order, so that whatever a kill leaves is known to be ours.
        """
        sweep(self.path)
        contents = {SCENARIO: scenario.encode(), TABLES: tables}
        files = {name: sha256(content).hexdigest() for name, content in contents.items()}
        begun = self._write_unsealed({**card, "files": files, "sealed": False})
        for name, content in contents.items():
            folder = (self.path / name).parent
            folder.mkdir(exist_ok=True)
            sweep(folder)
            write_whole(self.path / name, content)
        return begun

    def _write_unsealed(self, card: Mapping[str, Any]) -> dict[str, Any]:
        begun = {**card, "request_digest": _request_digest(card)}
        write_whole(self.path / CARD, _card_content(begun))
        return begun

    def seal(
        self, card: Mapping[str, Any], result: xr.DataTree | None, state: bytes, manifest: bytes = b""
    ) -> dict[str, Any]:
        """Write the state, the summary (None for a shard), what is kept, then the sealed card, which is returned."""
        contents = {STATE: state} | ({draws.MANIFEST: manifest} if manifest else {})
        if result is not None:
            contents[SUMMARY] = netcdf_content(result)
        for name, content in contents.items():
            write_whole(self.path / name, content)
        made = {name: sha256(content).hexdigest() for name, content in contents.items()}
        sealed = {**card, "files": {**card["files"], **made}, "sealed": True}
        sealed["card_digest"] = card_digest(sealed)
        write_whole(self.path / CARD, _card_content(sealed))
        shutil.rmtree(self.chunks, ignore_errors=True)
        return sealed

    def reopen(self, card: Mapping[str, Any]) -> dict[str, Any]:
        """Make a sealed run an unsealed one of another card; its chunks must be there already."""
        files = {name: card["files"][name] for name in (SCENARIO, TABLES)}
        begun = self._write_unsealed({**card, "files": files, "sealed": False})
        for name in (SUMMARY, STATE, draws.MANIFEST):
            (self.path / name).unlink(missing_ok=True)
        drawn = [path for stem in ("published", "fans") for path in (self.path / FIGURES).glob(f"{stem}_*.*")]
        for path in (*drawn, *self.path.glob("report.*.html")):
            path.unlink(missing_ok=True)  # of what the run was before
        return begun

    def discard(self) -> None:
        """Remove an unsealed run of which nothing is done, so that nothing half-written stays behind."""
        with suppress(OSError):
            (self.path / CARD).unlink(missing_ok=True)
            draws.discard(self.path)
            for name in (SCENARIO, TABLES, SUMMARY, STATE, draws.MANIFEST):
                (self.path / name).unlink(missing_ok=True)
            for folder in (self.chunks, (self.path / TABLES).parent, self.path):
                if folder.is_dir():
                    sweep(folder)
                    folder.rmdir()
            for folder in self._made:
                folder.rmdir()  # nobody else has put anything there

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"cannot be written: {reason_of(error)}"
            raise RunDirectoryError(f"{self.path}: {message}; give --out another place, or make room") from None


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _request_digest(card: Mapping[str, Any]) -> str:
    """SHA-256 of what an unfinished run needs of its card."""
    said = {key: card.get(key) for key in (*REQUEST, "coordinates", "chunk", "span", "files")}
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _card_content(card: Mapping[str, Any]) -> bytes:
    """The bytes of `run.json`; of a card that is not as it was sealed, others than those in the file."""
    if card.get("sealed") is not False and card.get("card_digest") != card_digest(card):
        return b""
    return card_content(card)
