"""The run directory: what a sealed result consists of, written so that a half-written one is never taken for whole.

Every file is written beside its place, flushed to disk and renamed; `run.json` with `sealed = true` comes last and
carries the SHA-256 of the others. Two processes in one directory exclude each other by a lock on the directory itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import ENOSPC
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
        with self._writing():
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
            message = f"is not a run directory (no {CARD}); give a new or an empty directory"
            raise RunDirectoryError(f"{self.path}: {message}") from None
        except (OSError, ValueError, RecursionError) as error:
            message = f"cannot be read: {getattr(error, 'strerror', None) or error}; give a new or an empty directory"
            raise RunDirectoryError(f"{self.path}/{CARD}: {message}") from None
        if not isinstance(card, dict) or card.get("format") != FORMAT:
            message = f"is not of format {FORMAT}: written by another ctsim; give a new or an empty directory"
            raise RunDirectoryError(f"{self.path}/{CARD}: {message}")
        return card

    @contextmanager
    def opened(self, request: Mapping[str, Any], scenario: str) -> Iterator[None]:
        """Create the directory with an unsealed card, hold its lock, and turn every failing write into one line."""
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            with _locked(self.path):
                try:
                    self._write(SCENARIO, lambda path: path.write_text(scenario, encoding="utf-8"))
                    self._write_card({**request, "sealed": False})
                    yield
                except BaseException:
                    self.discard()
                    raise

    def seal(self, card: Mapping[str, Any], result: xr.DataTree) -> dict[str, Any]:
        """Write the summary, then the sealed card; returns the card."""
        with self._writing():
            # Made in memory: HDF5 does not survive a disk that fills up while it writes.
            content = bytes(result.to_netcdf(engine="h5netcdf"))
            self._write(SUMMARY, lambda path: path.write_bytes(content))
            files = {name: _sha256(self.path / name) for name in (SCENARIO, SUMMARY)}
            sealed = {**card, "files": files, "sealed": True}
            self._write_card(sealed)
        return sealed

    def discard(self) -> None:
        """Remove an unsealed card and what goes with it, so that nothing half-written stays behind."""
        with suppress(OSError):
            for name in (CARD, SCENARIO, SUMMARY):
                (self.path / name).unlink(missing_ok=True)
            if self.path.is_dir() and not any(self.path.iterdir()):
                self.path.rmdir()

    def open(self) -> tuple[dict[str, Any], xr.DataTree]:
        """Card and result tree of a sealed run, checked against the card's digests."""
        card = self.card()
        if not card.get("sealed"):
            raise RunDirectoryError(f"{self.path}: is not finished (not sealed); run the same command again")
        files = card.get("files")
        for name in (SCENARIO, SUMMARY):
            path = self.path / name
            if not path.is_file():
                raise RunDirectoryError(f"{path}: is missing; the result is not whole, run it again elsewhere")
            try:
                whole = isinstance(files, dict) and _sha256(path) == files.get(name)
            except OSError as error:
                raise RunDirectoryError(f"{path}: cannot be read: {error.strerror or error}") from None
            if not whole:
                message = "is damaged (its SHA-256 is not the card's); move it away and run it again"
                raise RunDirectoryError(f"{path}: {message}")
        return card, self._tree()

    def _tree(self) -> xr.DataTree:
        try:
            with xr.open_datatree(self.path / SUMMARY, engine="h5netcdf") as tree:
                return tree.load()
        except (OSError, ValueError, RuntimeError) as error:
            raise RunDirectoryError(f"{self.path / SUMMARY}: cannot be read as NetCDF: {error}") from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno == ENOSPC or "No space left" in reason:
                reason = "No space left on device"  # libraries wrap it in words of their own
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
