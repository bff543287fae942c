"""The folder where ctsim keeps what follows from its own source, for other processes: machine code and small results.

It is named by a digest of the modules that what is kept comes from, and of the versions of numba, llvmlite and numpy: a
change of any gives a new folder. Folders of other versions that nobody has used for long are removed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Final

SOURCES: Final = (
    "caches.py", "compiled.py", "composition.py", "constants.py", "dependence.py", "distributions", "elementary.py",
    "errors.py", "exchange.py", "generated.py", "kept.py", "kernel.py", "sobol.py", "steps.py", "stocks.py",
    "streams.py", "summaries", "unit_words.py", "units.py", "vectors.py",
)  # fmt: skip
"""What machine code and kept results (`kept`) may come from; a test looks for compiled functions elsewhere."""

UNUSED: Final = 60 * 86_400
"""Seconds after which a folder of another version is removed."""

_STAMPED: Final = 86_400
_STAMP: Final = "used"
_NAME: Final = re.compile("[0-9a-f]{32}")


def cache_folder() -> Path:
    """The folder of this exact code, which may not be there, and may be one that cannot be written to.

    `CTSIM_CACHE_DIR` replaces the system's folder for caches.
    """
    return _caches() / "ctsim" / _digest()


@cache
def use(folder: Path) -> None:
    """Note that a folder, which is there, is used; once a day this also removes those that nobody uses.

    Asked once a process. A process that reads a folder while it is removed makes anew what it does not find.
    """
    now, stamp = time.time(), folder / _STAMP
    with suppress(OSError):
        if stamp.is_file() and abs(now - stamp.stat().st_mtime) < _STAMPED:
            return
        stamp.touch(mode=0o600)
        for other in folder.parent.iterdir():
            if other != folder and _NAME.fullmatch(other.name) and now - _last_used(other) > UNUSED:
                shutil.rmtree(other, ignore_errors=True)


def _last_used(folder: Path) -> float:
    """When something in a folder was last made, or noted as used."""
    stamp = folder / _STAMP
    return max(folder.stat().st_mtime, stamp.stat().st_mtime if stamp.is_file() else 0.0)


def _caches() -> Path:
    """The user's folder for caches on this system."""
    if override := os.environ.get("CTSIM_CACHE_DIR"):
        return Path(override).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    configured = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification has relative paths ignored.
    return Path(configured) if Path(configured).is_absolute() else Path.home() / ".cache"


@cache
def _digest() -> str:
    """Names the code: `SOURCES` and versions of what turns them into machine code.

    Formulas are left out: they reach machine code only through modules that hold the formulas' own sources.
    """
    digest = blake2b(digest_size=16)
    package = Path(__file__).parent
    for path in (package / name for name in SOURCES):
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            name, source = file.relative_to(package).as_posix(), file.read_bytes()
            digest.update(f"{name}:{len(source)}:".encode() + source)
    for library in ("numba", "llvmlite", "numpy"):
        digest.update(f"{library}={version(library)};".encode())
    return digest.hexdigest()
