"""Files that are whole or not there: written beside their place, flushed, renamed; cards; and the lock of a folder."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ctsim.errors import InputError, RunDirectoryError

TEMPORARY: Final = ".tmp-"
"""How the names of files begin that are not yet in their place; a killed process leaves some behind."""

_MOST_CARD: Final = 1 << 24


def write_whole(path: Path, content: bytes) -> None:
    """Make `path` hold `content`, or leave it as it was; when this returns, a power cut no longer undoes it."""
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        flush_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    if os.name == "nt":
        return  # Windows opens no folders
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written."""
    for path in folder.glob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_card(folder: Path, name: str, absent: str, instead: str) -> tuple[bytes, Any]:
    """A card of a folder, as bytes and as what they say. Raises RunDirectoryError: `absent`, or why and `instead`."""
    try:
        with (folder / name).open("rb") as file:
            content = file.read(_MOST_CARD)
        return content, json.loads(content)
    except FileNotFoundError:
        raise RunDirectoryError(f"{folder}: {absent}") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunDirectoryError(f"{folder / name}: cannot be read: {reason}; {instead}") from None


def card_digest(card: Mapping[str, Any]) -> str:
    """SHA-256 of all that a sealed card says, so that no changed bit of it goes unseen."""
    said = {key: value for key, value in card.items() if key != "card_digest"}
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def card_content(card: Mapping[str, Any]) -> bytes:
    """The bytes of the file of a card: JSON, an entry a line."""
    return (json.dumps(card, ensure_ascii=False, indent=1) + "\n").encode()


def reason_of(error: OSError) -> str:
    """What the system says of a failed write; libraries wrap a full disk in words of their own."""
    reason = error.strerror or str(error)
    return "No space left on device" if error.errno == ENOSPC or "No space left" in reason else reason


def write_asked(path: Path, content: bytes) -> None:
    """`write_whole` where a user has named the place. Raises InputError with the reason."""
    if "\0" in str(path):  # from Python only: no shell can say it
        raise InputError(f"{str(path)!r}: no file can have this name")
    try:
        write_whole(path, content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {reason_of(error)}") from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the system frees it at any end. Raises RunDirectoryError where another has it."""
    try:
        import fcntl
    except ImportError:  # Windows has no flock; renames still keep every file whole
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunDirectoryError(f"{folder}: another process is writing there; wait for it") from None
        yield
    finally:
        os.close(handle)
