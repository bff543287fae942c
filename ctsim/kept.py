"""Small results kept between processes: bytes that follow from their key alone and take long to make.

They stand in the cache folder, which is named by ctsim's own source, one file a key. Every file holds a digest over its
key and content: what is damaged, half-written or of another key is as if it were not there. Nothing here fails a
caller: where nothing can be written, everything is made anew in every process.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from ctsim.compiled import cache_folder

MOST_BYTES: Final = 1 << 22
"""Larger results are not kept."""

MOST_A_PROCESS: Final = 1 << 26
"""Bytes that one process adds at most, so that a long loop over scenarios does not fill a disk."""

_DIGEST: Final = 16
_added = [0]


def recall(kind: str, key: str) -> bytes | None:
    """What was kept under `key`, or None. `kind` names a folder: lower-case letters."""
    path = _path(kind, key)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            found = file.read(_DIGEST + MOST_BYTES + 1)
    except OSError:
        return None
    content = found[_DIGEST:]
    return content if found[:_DIGEST] == _digest(key, content) else None


def keep(kind: str, key: str, content: bytes) -> None:
    """Keep `content` under `key` for other processes, if that is possible; whole or not at all."""
    path = _path(kind, key)
    if path is None or len(content) > MOST_BYTES or _added[0] + len(content) > MOST_A_PROCESS:
        return
    _added[0] += len(content)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(key, content) + content)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)


def _path(kind: str, key: str) -> Path | None:
    folder = cache_folder()
    return folder / kind / blake2b(_bytes(key), digest_size=_DIGEST).hexdigest() if folder else None


def _digest(key: str, content: bytes) -> bytes:
    return blake2b(b"%d:%s" % (len(key), _bytes(key)) + content, digest_size=_DIGEST).digest()


def _bytes(key: str) -> bytes:
    """A key may hold what is no text, as a path or a broken unit does."""
    return key.encode("utf-8", "backslashreplace")
