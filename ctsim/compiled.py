"""The one way ctsim compiles functions with numba. Machine code is kept between processes (`kept`)."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

from ctsim.kept import keep, recall

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile on first call: no GIL, no fastmath, IEEE division, machine code kept on disk where that is possible."""
    return cast(Callable[P, R], _decorate(function, forceinline=False))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Like `compiled`, for small helpers: they are merged into their callers, so that loops over them vectorise."""
    return cast(Callable[P, R], _decorate(function, forceinline=True))


def callback(function: Callable[..., None]) -> Any:
    """Compile `function(inputs, factors, factor, out, n)` for calls by its `address`; arrays are pointers there.

    A caller of many such functions does not contain them: it is compiled once, whatever they are.
    """
    from numba import types
    from numba.core import sigutils
    from numba.core.ccallback import CFunc

    numbers = types.CPointer(types.float64)  # type: ignore[no-untyped-call]
    pointers = types.CPointer(numbers)  # type: ignore[no-untyped-call]
    signature = types.void(pointers, numbers, types.float64, numbers, types.int64)
    made: Any = CFunc
    normalized: Any = sigutils.normalize_signature
    found = made(function, normalized(signature), {}, {"error_model": "numpy", "fastmath": False})
    if isinstance(function, FunctionType):
        found._cache = _Kept(function, "callback")
    found.compile()
    return found


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


def processor() -> str:
    """What machine code is made for: the kind of processor, and which of its features are used."""
    from numba.core.registry import cpu_target

    return repr(cpu_target.target_context.codegen().magic_tuple())


def _decorate(function: Callable[..., Any], forceinline: bool) -> Any:
    import numba

    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": False, "forceinline": forceinline}
    dispatcher: Any = numba.njit(**options)(function)
    if isinstance(function, FunctionType) and not function.__closure__:
        dispatcher._cache = _Kept(function, "inlined" if forceinline else "compiled")
    return dispatcher


class _Kept:
    """Where numba looks for the machine code of one function before it compiles, and leaves it afterwards.

    In place of numba's own cache, which keeps an index of files that it numbers: processes that begin at once may take
    each other's numbers, a folder that cannot be written to is not read, and a full disk ends the run. Here a file is
    named by everything that its content follows from.
    """

    cache_path = None

    def __init__(self, function: FunctionType, how: str) -> None:
        self._function = function
        self._how = how

    def load_overload(self, signature: Any, target: Any) -> Any:
        """What numba compiled for a signature in this or another process, or None."""
        from numba.core import compiler

        target.refresh()  # what machine code may call has to be there before it is
        content = recall("code", self._key(signature, target.codegen()))
        made: Any = compiler.CompileResult
        return None if content is None else made._rebuild(target, *pickle.loads(content))

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep what was compiled, if it may be used elsewhere."""
        from numba.core import serialize

        dumps: Any = serialize.dumps
        if not result.library.has_dynamic_globals:
            keep("code", self._key(signature, result.codegen), dumps(result._reduce()))

    def _key(self, signature: Any, codegen: Any) -> str:
        code = self._function.__code__
        bytecode = blake2b(code.co_code, digest_size=16).hexdigest()
        named = (self._function.__module__, code.co_qualname, code.co_firstlineno, _source(code.co_filename), bytecode)
        return repr((named, self._how, signature, codegen.magic_tuple(), sys.implementation.cache_tag))


@cache
def _source(file: str) -> str:
    """What stands in a file, as a digest; a generated module is no file, but its name is the digest."""
    path = Path(file)
    return blake2b(path.read_bytes(), digest_size=16).hexdigest() if path.is_file() else file
