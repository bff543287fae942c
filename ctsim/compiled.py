"""The one way ctsim compiles functions with numba, and where the machine code is kept between processes.

numba checks only the file of a cached function, not the helpers it was compiled from. So the cache folder is named by
a digest of the modules that machine code comes from and of the versions of numba, llvmlite and numpy: a change of any
gives a new folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from types import FunctionType
from typing import Any, Final, ParamSpec, TypeVar, cast

SOURCES: Final = (
    *("compiled.py", "constants.py", "dependence.py", "distributions", "elementary.py", "errors.py"),
    *("exchange.py", "generated.py", "kept.py", "kernel.py", "sobol.py", "stocks.py", "streams.py"),
    *("summaries", "units.py"),
)
"""What machine code and kept results (`kept`) may come from; a test looks for compiled functions elsewhere."""

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile on first call: no GIL, no fastmath, IEEE division, machine code kept on disk where that is possible."""
    return cast(Callable[P, R], _decorate(function, forceinline=False))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Like `compiled`, for small helpers: they are merged into their callers, so that loops over them vectorise."""
    return cast(Callable[P, R], _decorate(function, forceinline=True))


def callback(function: Callable[..., None]) -> Any:
    """Compile `function(which, rows, steps, width)` for calls by its `address`, where rows and steps are pointers.

    A caller of many such functions does not contain them: it is compiled once, whatever they are.
    """
    import numba
    from numba import types

    numbers = types.CPointer(types.float64)  # type: ignore[no-untyped-call]
    signature = types.void(types.int64, numbers, numbers, types.int64)
    with cache_in_folder() as cached:
        return numba.cfunc(signature, cache=cached, error_model="numpy", fastmath=False)(function)


def machine_code(functions: Sequence[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """Small plain functions that call each other, as `inlined` ones; the plain ones stay as they are."""
    scopes = {plain.__module__: dict(plain.__globals__) for plain in functions}
    made = {
        id(plain): _decorate(FunctionType(plain.__code__, scopes[plain.__module__], plain.__name__), forceinline=True)
        for plain in functions
    }
    for scope in scopes.values():
        scope.update({name: made[id(value)] for name, value in scope.items() if id(value) in made})
    return [made[id(plain)] for plain in functions]


def cache_folder() -> Path | None:
    """The folder for what ctsim compiles, private to the user and to this exact code; None where none can be written.

    `CTSIM_CACHE_DIR` replaces the system's folder for caches.
    """
    folder = _caches() / "ctsim" / _digest()
    return folder if _writable(folder) else None


@contextmanager
def cache_in_folder() -> Iterator[bool]:
    """While open, numba keeps what it decorates in `cache_folder`; yields whether there is one.

    numba reads its CACHE_DIR while decorating, and only then.
    """
    import numba

    config: Any = numba.config
    folder, before = cache_folder(), config.CACHE_DIR
    config.CACHE_DIR = str(folder or before)
    try:
        yield folder is not None
    finally:
        config.CACHE_DIR = before


def _decorate(function: Callable[..., Any], forceinline: bool) -> Any:
    import numba

    with cache_in_folder() as cached:
        return numba.njit(
            nogil=True,
            cache=cached,
            error_model="numpy",
            fastmath=False,
            forceinline=forceinline,
        )(function)


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
def _writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, which is created; asked once a process."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def _digest() -> str:
    """Names the code: `SOURCES` and versions of what turns them into machine code.

    Formulas are left out: they reach machine code only through modules that name the formulas' own sources.
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
