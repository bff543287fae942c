"""The run directory: what a sealed result consists of, written so that a half-written one is never taken for whole.

Every file is written beside its place, flushed to disk and renamed; `run.json` with `sealed = true` comes last and
carries the SHA-256 of the others. Two processes in one directory exclude each other by a lock on the directory itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import xarray as xr

from ctsim.errors import RunDirectoryError

FORMAT: Final = 1
CARD: Final = "run.json"
SCENARIO: Final = "scenario.toml"
SUMMARY: Final = "summary.nc"
REQUEST: Final = ("format", "scenario", "scenario_digest", "seed", "method", "draws", "stream_version", "years")
"""What makes two runs the same request; the rest of a card tells how it was carried out."""


class RunDirectory:
    """One directory for one run."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def sealed_card(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The card, if this directory holds the sealed result of `request`; None if it is new or empty.

        Raises RunDirectoryError for anything else that is there.
        """
        if not self.path.exists():
            return None
        if not self.path.is_dir():
            raise RunDirectoryError(f"{self.path}: is a file; give --out a new directory")
        if not any(self.path.iterdir()):
            return None
        card = self.card()
        differing = [key for key in REQUEST if card.get(key) != request.get(key)]
        if differing:
            said = f"{differing[0]} is {card.get(differing[0])!r} there, {request.get(differing[0])!r} here"
            raise RunDirectoryError(f"{self.path}: holds another run ({said}); give --out a new directory")
        if not card.get("sealed"):
            return None
        return card

    def card(self) -> dict[str, Any]:
        """`run.json` as it stands. Raises RunDirectoryError where there is none or it cannot be read."""
        try:
            with (self.path / CARD).open(encoding="utf-8") as file:
                card = json.load(file)
        except FileNotFoundError:
            raise RunDirectoryError(f"{self.path}: is not a run directory (no {CARD})") from None
        except (OSError, ValueError) as error:
            raise RunDirectoryError(f"{self.path}/{CARD}: cannot be read: {error}") from None
        if not isinstance(card, dict) or card.get("format") != FORMAT:
            raise RunDirectoryError(f"{self.path}/{CARD}: is not of format {FORMAT}; it was written by another ctsim")
        return card

    @contextmanager
    def opened(self, request: Mapping[str, Any], scenario: str) -> Iterator[None]:
        """Create the directory with an unsealed card, hold its lock, and turn every failing write into one line."""
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            with _locked(self.path):
                self._write(SCENARIO, lambda path: path.write_text(scenario, encoding="utf-8"))
                self._write_card({**request, "sealed": False})
                yield

    def seal(self, card: Mapping[str, Any], result: xr.DataTree) -> dict[str, Any]:
        """Write the summary, then the sealed card; returns the card."""
        with self._writing():
            self._write(SUMMARY, lambda path: result.to_netcdf(path, engine="h5netcdf"))
            files = {name: _sha256(self.path / name) for name in (SCENARIO, SUMMARY)}
            sealed = {**card, "files": files, "sealed": True}
            self._write_card(sealed)
        return sealed

    def discard(self) -> None:
        """Remove an unsealed card and what goes with it, so that nothing half-written stays behind."""
        for name in (CARD, SCENARIO, SUMMARY):
            (self.path / name).unlink(missing_ok=True)
        if self.path.is_dir() and not any(self.path.iterdir()):
            self.path.rmdir()

    def open(self) -> tuple[dict[str, Any], xr.DataTree]:
        """Card and result tree of a sealed run, checked against the card's digests."""
        card = self.card()
        if not card.get("sealed"):
            raise RunDirectoryError(f"{self.path}: is not finished (not sealed); run the same command again")
        for name, digest in card.get("files", {}).items():
            path = self.path / Path(name).name
            if not path.is_file():
                raise RunDirectoryError(f"{path}: is missing; the result is not whole")
            if _sha256(path) != digest:
                raise RunDirectoryError(f"{path}: is damaged (its SHA-256 is not the card's); run it again")
        with xr.open_datatree(self.path / SUMMARY, engine="h5netcdf") as tree:
            return card, tree.load()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunDirectoryError(f"{self.path}: cannot be written: {reason}; give --out another place") from None

    def _write_card(self, card: Mapping[str, Any]) -> None:
        text = json.dumps(card, ensure_ascii=False, indent=1) + "\n"
        self._write(CARD, lambda path: path.write_text(text, encoding="utf-8"))

    def _write(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file whole or not at all."""
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=self.path)
        os.close(handle)
        path = Path(temporary)
        try:
            write(path)
            _flush(path)
            path.chmod(0o644)
            path.replace(self.path / name)
            _flush(self.path)
        finally:
            path.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the directory for this process; another one that has it is a user's error."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock; renames still keep every file whole
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise RunDirectoryError(f"{path}: another process is writing there") from None
    finally:
        os.close(handle)
