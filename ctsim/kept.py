"""Small results kept between processes: bytes that follow from their key alone and take long to make.

They stand in the cache folder, which is named by ctsim's own source, one file a key. Every file holds a digest over its
key and content: what is damaged, half-written or of another key is as if it were not there. Nothing here fails a
caller: a folder that cannot be written to is read, and what is not in it is made anew in every process.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from ctsim.caches import cache_folder, use

MOST_BYTES: Final = 1 << 24
"""Larger results are not kept."""

MOST_A_PROCESS: Final = 1 << 26
"""Bytes that one process adds at most, so that a long loop over scenarios does not fill a disk."""

_DIGEST: Final = 16
_added = [0]


def recall(kind: str, key: str) -> bytes | None:
    """What was kept under `key`, or None. `kind` names a folder: lower-case letters."""
    path = _path(kind, key)
    try:
        with path.open("rb") as file:
            found = file.read(_DIGEST + MOST_BYTES + 1)
    except OSError:
        return None
    use(path.parents[1])
    content = found[_DIGEST:]
    return content if found[:_DIGEST] == _digest(key, content) else None


def keep(kind: str, key: str, content: bytes) -> None:
    """Keep `content` under `key` for other processes, if that is possible; whole or not at all."""
    if len(content) > MOST_BYTES or _added[0] + len(content) > MOST_A_PROCESS:
        return
    _added[0] += len(content)
    path = _path(kind, key)
    with suppress(OSError):  # a full disk, a folder that cannot be written to
        path.parents[1].mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        use(path.parents[1])
        handle, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_digest(key, content) + content)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)


def _path(kind: str, key: str) -> Path:
    return cache_folder() / kind / blake2b(_bytes(key), digest_size=_DIGEST).hexdigest()


def _digest(key: str, content: bytes) -> bytes:
    return blake2b(b"%d:%s" % (len(key), _bytes(key)) + content, digest_size=_DIGEST).digest()


def _bytes(key: str) -> bytes:
    """A key may hold what is no text, as a path or a broken unit does."""
    return key.encode("utf-8", "backslashreplace")
