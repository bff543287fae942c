"""`build` with a memory: a distribution whose table is long to make is made once, not once a process.

What is kept are the bits that `families.build` gives. They depend on scipy, numpy and the processor, which are part of
the key; on ctsim's own source, which names the folder. Arguments that no distribution has are never kept: they are
refused by `families.build` each time.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from ctsim import kept
from ctsim.distributions import families
from ctsim.distributions.record import Interval, Quantiles
from ctsim.distributions.sampling import FloatArray

_LONG: Final = {"normal", "truncated_normal", "lognormal", "pert", "beta", "scipy"}
"""Distributions with tables, or from scipy, which is long to load; the others are made faster than read."""

_FORMAT: Final = 1
_SMALL: Final = 64
"""Arrays up to this size stand in their record; larger ones, which records share, by themselves."""


def build(dist: str, arguments: Mapping[str, object], truncate: Interval | None = None) -> Quantiles:
    """The distribution `dist` with `arguments` by name, conditional on `truncate` = (low, high) where given.

    Equal arguments give the same object. Raises InputError, without place and key, for arguments that no distribution
    has.
    """
    plain = (*arguments.values(), *(truncate or ()))
    if dist not in _LONG or not all(type(one) in (int, float, str) for one in plain):
        return families.build(dist, arguments, truncate)
    key = repr((dist, sorted(arguments.items()), truncate and tuple(truncate)))
    return _built(_Asked(key, dist, arguments, truncate))


@dataclass(frozen=True)
class _Asked:
    """Compared by `key` alone, which unlike numbers tells 1 from 1.0 and True."""

    key: str
    dist: str = field(compare=False)
    arguments: Mapping[str, object] = field(compare=False)
    truncate: Interval | None = field(compare=False)


@lru_cache(maxsize=1024)
def _built(asked: _Asked) -> Quantiles:
    key = f"{_made_with()} {asked.key}"
    content = kept.recall("distributions", key)
    found = None if content is None else _decoded(content)
    if found is not None:
        return found
    made = families.build(asked.dist, dict(asked.arguments), asked.truncate)
    kept.keep("distributions", key, _encoded(made))
    return made


@cache
def _made_with() -> str:
    """What the bits of a table depend on, besides ctsim: libraries, and what they use of the processor."""
    libraries = [f"{name} {version(name)}" for name in ("scipy", "numpy")]
    simd: Any = np.show_config(mode="dicts")
    features = ",".join(simd.get("SIMD Extensions", {}).get("found", ()))
    tuned = os.environ.get("GLIBC_TUNABLES", "")
    return " ".join((str(_FORMAT), *libraries, platform.machine(), features, tuned))


# ---- records as bytes


def _encoded(made: Quantiles) -> bytes:
    said = {}
    for one in fields(made):
        value = getattr(made, one.name)
        said[one.name] = _array_said(value) if isinstance(value, np.ndarray) else value
    return json.dumps(said).encode()


def _array_said(array: FloatArray) -> dict[str, Any]:
    """An array of floats in JSON, which keeps every bit; a large one by its digest."""
    if array.size <= _SMALL:
        return {"shape": array.shape, "values": array.ravel().tolist()}
    content = array.astype("<f8").tobytes()
    digest = blake2b(content, digest_size=16).hexdigest()
    kept.keep("tables", digest, content)
    return {"shape": array.shape, "digest": digest}


def _decoded(content: bytes) -> Quantiles | None:
    """The record, or None where a table of it is no longer there."""
    said = json.loads(content)
    try:
        values: dict[str, Any] = {name: _array(one) if isinstance(one, dict) else one for name, one in said.items()}
    except LookupError:
        return None
    return Quantiles(**values)


def _array(said: Mapping[str, Any]) -> FloatArray:
    shape = tuple(said["shape"])
    if "digest" in said:
        return _table(said["digest"], shape)
    return np.array(said["values"], dtype=np.float64).reshape(shape)


@lru_cache(maxsize=512)
def _table(digest: str, shape: tuple[int, ...]) -> FloatArray:
    """A large array, the same object for every record that has it; LookupError where it is not kept."""
    content = kept.recall("tables", digest)
    if content is None:
        raise LookupError(digest)
    return np.frombuffer(content, dtype="<f8").astype(np.float64).reshape(shape)
