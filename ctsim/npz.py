"""Arrays as npz files, and what is kept that way: states of statistics and quantile functions.

Any npz reader can open them. Integers are stored as narrow as their values allow. What is read is bounded before
anything is allocated, and nothing in a file is ever run.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from hashlib import sha256
from io import BytesIO
from math import isnan, prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from ctsim import summaries
from ctsim.distributions import Quantiles

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Arrays = Mapping[str, npt.NDArray[Any]]

MOST_BYTES: Final = 1 << 30
_HEADER: Final = 4096
_TRANSIENT: Final = ("pending", "pending_replicate", "pending_tiles")
_NAMES: Final = ("labels", "kinds", "parameters", "ends", "moments", "table", "tables", "atom", "atoms")


class DamagedError(ValueError):
    """Content that is not what `pack` made, or not of what it is read for."""


def pack(arrays: Arrays, compressed: bool = True) -> bytes:
    """The arrays as the content of an npz file."""
    content = BytesIO()
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(content, "w", kind, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, _narrow(array), allow_pickle=False)
    return content.getvalue()


def unpack(content: bytes, most: int = MOST_BYTES) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an npz file, together at most `most` bytes. Raises DamagedError."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > most:
                raise DamagedError(f"holds more than {most:,} bytes")
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except (ValueError, LookupError, EOFError, OSError, NotImplementedError, RuntimeError, SyntaxError, TypeError,
            zipfile.BadZipFile, zlib.error) as error:  # fmt: skip
        raise DamagedError(str(error)) from None


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(member) as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise DamagedError("is not an array of format 1.0")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=_HEADER)
        if dtype.hasobject or prod(shape) * dtype.itemsize > member.file_size:
            raise DamagedError("says it is larger than it is")
        file.seek(0)
        array: npt.NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array


def _narrow(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Integers in the smallest type of their kind that holds them all."""
    if array.dtype.kind not in "iu" or not array.size:
        return array
    low, high = int(array.min()), int(array.max())
    sizes = (f"{array.dtype.kind}{size}" for size in (1, 2, 4, 8))
    return array.astype(next(s for s in sizes if np.iinfo(s).min <= low and high <= np.iinfo(s).max))


def _digest(arrays: Arrays) -> Hash:
    digest = sha256()
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{name}{little.shape}{little.dtype.str}".encode() + little.tobytes())
    return digest


# ---- states


def state_content(plan: summaries.Plan, state: summaries.State) -> bytes:
    """A state as the content of an npz file."""
    summaries.fold(plan, state)
    return pack({one.name: getattr(state, one.name) for one in fields(state) if one.name not in _TRANSIENT})


def state_of(plan: summaries.Plan, content: bytes) -> summaries.State:
    """The state that `state_content` wrote for the same plan. Raises DamagedError."""
    state = summaries.empty(plan)
    arrays = unpack(content, state.nbytes + len(fields(state)) * _HEADER)
    for one in fields(state):
        if one.name in _TRANSIENT:
            continue
        into, found = getattr(state, one.name), arrays.get(one.name)
        if found is None or found.shape != into.shape or found.dtype.kind != into.dtype.kind:
            raise DamagedError(f"has no '{one.name}' of this plan")
        into[...] = found
    return state


def plan_digest(plan: summaries.Plan, *said: object) -> str:
    """SHA-256 of what is counted: states of equal digests may be combined. `said`: what else makes them alike."""
    digest = _digest({one.name: getattr(plan, one.name) for one in fields(plan)})
    digest.update(repr(said).encode())
    return digest.hexdigest()


# ---- quantile functions


def quantiles_content(labels: Sequence[str], quantiles: Sequence[Quantiles]) -> bytes:
    """Quantile functions by row label as the content of an npz file."""
    return pack(_quantile_arrays(labels, quantiles), compressed=False)  # coefficients do not get smaller


def quantiles_digest(labels: Sequence[str], quantiles: Sequence[Quantiles]) -> str:
    """SHA-256 of quantile functions: equal where draws have the same bits."""
    return _digest(_quantile_arrays(labels, quantiles)).hexdigest()


def _quantile_arrays(labels: Sequence[str], quantiles: Sequence[Quantiles]) -> Arrays:
    """Equal tables stand once."""
    tables, table = _once([one.table for one in quantiles])
    atoms, atom = _once([one.atoms.ravel() for one in quantiles])
    moments = [[np.nan if m is None else m for m in (one.mean, one.sd)] for one in quantiles]
    return {
        "labels": np.array(labels, dtype=np.str_), "kinds": np.array([one.kind for one in quantiles], dtype=np.int64),
        "parameters": np.array([one.parameters for one in quantiles], dtype=np.float64).reshape(-1, 8),
        "ends": np.array([(one.low, one.high) for one in quantiles], dtype=np.float64).reshape(-1, 2),
        "moments": np.array(moments, dtype=np.float64).reshape(-1, 2),
        "table": table, "tables": tables, "atom": atom, "atoms": atoms,
    }  # fmt: skip


def quantiles_of(labels: Sequence[str], content: bytes) -> list[Quantiles]:
    """The quantile functions of rows with these labels, in this order. Raises DamagedError."""
    arrays = unpack(content)
    if set(arrays) != set(_NAMES) or arrays["labels"].tolist() != list(labels):
        raise DamagedError("holds the quantile functions of other parameters")
    tables, atoms = _spans(arrays["table"], arrays["tables"]), _spans(arrays["atom"], arrays["atoms"])
    rows = (arrays["kinds"], arrays["parameters"], tables, arrays["ends"], arrays["moments"], atoms)
    if {len(row) for row in rows} != {len(labels)}:
        raise DamagedError("holds the quantile functions of other parameters")
    return [
        Quantiles(int(kind), parameters.copy(), table, float(low), float(high), _known(mean), _known(sd),
                  atom.reshape(-1, 2))
        for kind, parameters, table, (low, high), (mean, sd), atom in zip(*rows, strict=True)
    ]  # fmt: skip


def _once(arrays: Sequence[npt.NDArray[np.float64]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """(start, length) of each array in one flat array, where equal ones stand once."""
    starts: dict[bytes, int] = {}
    flat: list[npt.NDArray[np.float64]] = []
    spans = []
    length = 0
    for array in arrays:
        start = starts.setdefault(key := array.tobytes(), length)
        if start == length and key:
            flat.append(array)
            length += len(array)
        spans.append((start, len(array)))
    return np.array(spans, np.int64).reshape(-1, 2), np.concatenate(flat) if flat else np.zeros(0)


def _spans(flat: npt.NDArray[np.float64], spans: npt.NDArray[np.int64]) -> list[npt.NDArray[np.float64]]:
    """The arrays of `_once`; equal spans are the same object, as they were."""
    made: dict[tuple[int, int], npt.NDArray[np.float64]] = {}
    for start, length in (keys := [(int(start), int(length)) for start, length in spans]):
        if start < 0 or length < 0 or start + length > len(flat):
            raise DamagedError("has a table that ends beyond its file")
        made.setdefault((start, length), flat[start : start + length])
    return [made[key] for key in keys]


def _known(moment: float) -> float | None:
    return None if isnan(moment) else float(moment)
