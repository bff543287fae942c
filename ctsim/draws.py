"""Kept draws: a Zarr store that is written block by block, and the proof that it is whole.

`draws.zarr` holds arrays (..., draw) in the order of the draws. A block of 65,536 draws of an array is one file (a Zarr
shard), in it a chunk for each cell or parameter; cells without a number are not there and read as NaN. Values are
stored as they are, each chunk with its CRC-32C: they hardly get smaller. A block is written whole or not at all, then
noted with its SHA-256 beside the chunks of the run; only then may a state count it. A block never depends on how
draws are cut into tasks, so whoever writes it writes the same bytes. `draws.json` of a finished run holds the SHA-256
of every file, because a file that is missing would read as NaN in silence.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from math import prod
from pathlib import Path
from re import fullmatch
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from ctsim.durable import digest_of, flush_folder, sweep, write_whole
from ctsim.streams import TILE

if TYPE_CHECKING:
    import xarray as xr

STORE: Final = "draws.zarr"
MANIFEST: Final = "draws.json"
NOTES: Final = "draws"
KINDS: Final = ("cells", "parameters", "all")
TYPES: Final = ("float64", "float32")
BLOCK_TILES: Final = 64
BLOCK: Final = BLOCK_TILES * TILE
"""Draws a block: part of what `draws_digest` is, so never another number."""

_MOST_NOTE: Final = 1 << 30
_CHECKSUM: Final = 4
_ABSENT: Final = 2**64 - 1
_FILE: Final = "[a-z0-9_]+/c/(0/)+[0-9]+"


@dataclass(frozen=True)
class Variable:
    """One array: its dimensions before `draw`, and for each place (in C order) that has values the row they come from.

    `rows` are rows of what the kernel samples (`sampled`) or of its targets.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    places: tuple[int, ...]
    rows: tuple[int, ...]
    sampled: bool
    units: str
    long_name: str


@dataclass(frozen=True)
class Layout:
    """What is kept of how many draws. `coordinates`: name -> (dimension, values), strings or whole numbers."""

    draws: int
    dtype: str
    variables: tuple[Variable, ...]
    coordinates: Mapping[str, tuple[str, tuple[str, ...] | tuple[int, ...]]]

    @property
    def values(self) -> int:
        """Numbers that are kept of a draw."""
        return sum(len(one.places) for one in self.variables)

    @property
    def block_bytes(self) -> int:
        """Memory of the values of a block."""
        return self.values * BLOCK * np.dtype(self.dtype).itemsize

    def file_bytes(self, first: int, tiles: int) -> int:
        """What the blocks of so many tiles take on disk."""
        index = sum(16 * prod(one.shape) + _CHECKSUM * (len(one.places) + 1) for one in self.variables)
        return len(blocks_of(first, tiles)) * (self.block_bytes + index)

    def file_of(self, variable: Variable, number: int) -> str:
        """The file of a block of a variable, inside the store."""
        return "/".join([variable.name, "c", *("0" for _ in variable.shape), str(number)])


def blocks_of(first: int, tiles: int) -> range:
    """Numbers of the blocks that a range of tiles touches."""
    return range(first // BLOCK_TILES, -(-(first + tiles) // BLOCK_TILES))


class Block:
    """The values of one block while they are drawn: one array (place, draw) a variable, NaN beyond the last draw."""

    def __init__(self, layout: Layout, number: int) -> None:
        self.layout = layout
        self.number = number
        self.arrays = [np.full((len(one.places), BLOCK), np.nan, layout.dtype) for one in layout.variables]
        self._taken = [np.array(one.rows, np.int64) for one in layout.variables]

    def __call__(
        self, rows: npt.NDArray[np.float64], targets: npt.NDArray[np.float64], first_tile: int, stride: int
    ) -> None:
        """Take the values (row, draw), (target, draw) of every `stride`-th tile from `first_tile` on."""
        for t in range(targets.shape[1] // TILE):
            at = (first_tile + t * stride - self.number * BLOCK_TILES) * TILE
            for variable, array, taken in zip(self.layout.variables, self.arrays, self._taken, strict=True):
                source = rows if variable.sampled else targets
                array[:, at : at + TILE] = source[taken, t * TILE : (t + 1) * TILE]

    def normalise(self) -> None:
        """One zero and one NaN, so that equal draws are equal bits."""
        for array in self.arrays:
            array += 0.0
            array[np.isnan(array)] = np.nan

    def digest(self) -> str:
        """SHA-256 of the values of its draws, variable by variable, place by place."""
        digest, draws = sha256(), min(BLOCK, self.layout.draws - self.number * BLOCK)
        for array in self.arrays:
            digest.update(np.ascontiguousarray(array[:, :draws], array.dtype.newbyteorder("<")).data)
        return digest.hexdigest()


def encoded(variable: Variable, array: npt.NDArray[Any]) -> bytes:
    """The file of a block of one variable: a Zarr shard of uncompressed chunks with CRC-32C, its index at the end."""
    from google_crc32c import value as crc32c

    size = array.shape[1] * array.itemsize + _CHECKSUM
    index = np.full((prod(variable.shape), 2), _ABSENT, "<u8")
    places = list(variable.places)
    index[places, 0], index[places, 1] = np.arange(len(places)) * size, size
    content = bytearray()
    for part in [*array.astype(array.dtype.newbyteorder("<"), copy=False), index]:
        data = part.tobytes()
        content += data
        content += crc32c(data).to_bytes(_CHECKSUM, "little")
    return bytes(content)


# ---- a run


@dataclass(frozen=True)
class _Note:
    """What is known of a written block: the digest of its values, and the SHA-256 of its files."""

    digest: str
    files: Mapping[str, str]


class Kept:
    """The kept draws of a run directory while it is unfinished."""

    def __init__(self, layout: Layout, directory: Path) -> None:
        self.layout = layout
        self.store = directory / STORE
        self.notes = directory / "chunks" / NOTES
        self.manifest = b""
        self._known: dict[int, _Note] = {}
        self._lock = Lock()

    def begin(self) -> None:
        """Make the store, empty but for what it is; its blocks that are noted and whole count."""
        self._describe(self.layout)
        _make(self.notes, self.store.parent)
        for folder in (self.notes, *(self._folder(one) for one in self.layout.variables)):
            sweep(folder)
        for path in self.notes.glob("*.json"):
            self._known |= _read_notes(path)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            whole = list(pool.map(self._is_whole, self._known.values()))
        self._known = {n: note for (n, note), good in zip(self._known.items(), whole, strict=True) if good}

    def missing(self, first: int, tiles: int) -> list[int]:
        """Blocks of a range of tiles that are not there."""
        return [number for number in blocks_of(first, tiles) if number not in self._known]

    def write(self, block: Block) -> None:
        """Bring a block to disk; when this returns it counts."""
        block.normalise()
        files = {}
        for variable, array in zip(self.layout.variables, block.arrays, strict=True):
            name, content = self.layout.file_of(variable, block.number), encoded(variable, array)
            write_whole(self.store / name, content)
            files[name] = sha256(content).hexdigest()
        note = _Note(block.digest(), files)
        write_whole(self.notes / f"{block.number}.json", _notes_content({block.number: note}))
        with self._lock:
            self._known[block.number] = note

    def finish(self, first: int, tiles: int, draws: int) -> str:
        """End with these tiles of a run of so many draws: makes the `manifest`, returns the digest of the draws."""
        described = self._describe(layout := replace(self.layout, draws=draws))
        notes = {number: self._known[number] for number in blocks_of(first, tiles)}
        for variable in layout.variables:  # of a run that was extended, or stopped at a precision
            for path in self._folder(variable).iterdir():
                if not path.name.isdecimal() or int(path.name) not in notes:
                    path.unlink()
        digest = sha256(_header(layout).encode())
        for note in notes.values():
            digest.update(bytes.fromhex(note.digest))
        said = {"described": described, "blocks": _notes_said(notes)}
        self.manifest = (json.dumps(said) + "\n").encode()
        return digest.hexdigest()

    def _folder(self, variable: Variable) -> Path:
        return (self.store / self.layout.file_of(variable, 0)).parent

    def _is_whole(self, note: _Note) -> bool:
        return not any(_fault(self.store / name, digest) for name, digest in note.files.items())

    def _describe(self, layout: Layout) -> dict[str, str]:
        """Write all of the store but its blocks; returns the SHA-256 of each file."""
        for variable in layout.variables:
            _make(self._folder(variable), self.store.parent)
        contents = _described(layout)
        for name, content in contents.items():
            _make((self.store / name).parent, self.store.parent)
            sweep((self.store / name).parent)
            write_whole(self.store / name, content)
        return {name: sha256(content).hexdigest() for name, content in contents.items()}


def _make(folder: Path, top: Path) -> None:
    """A folder below `top`, so that a power cut does not undo it."""
    folder.mkdir(parents=True, exist_ok=True)
    while folder != top:
        folder = folder.parent
        flush_folder(folder)


def _header(layout: Layout) -> str:
    """What the values are, for their digest."""
    said = [(one.name, one.dims, one.shape, one.places) for one in layout.variables]
    labels = [(name, values) for name, (dim, values) in sorted(layout.coordinates.items()) if name == dim]
    return repr((layout.draws, BLOCK, layout.dtype, said, labels))


def _attributes(layout: Layout) -> dict[str, str]:
    """What the store says of itself; `coordinates` is where xarray looks for those that are no dimension."""
    beside = [name for name, (dim, _) in layout.coordinates.items() if name != dim]
    return {"long_name": "kept draws", "coordinates": " ".join(beside)}


def _described(layout: Layout) -> dict[str, bytes]:
    """The files of an empty store: metadata of group and arrays, and coordinates."""
    import zarr
    from zarr.codecs import Crc32cCodec
    from zarr.storage import MemoryStore

    files: dict[str, Any] = {}
    store = MemoryStore(files)
    sums: dict[str, Any] = {"compressors": [Crc32cCodec()], "filters": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that other libraries may not know consolidated metadata
        zarr.create_group(store, zarr_format=3, attributes=_attributes(layout))
        for one in layout.variables:
            zarr.create_array(
                store, name=one.name, shape=(*one.shape, layout.draws), shards=(*one.shape, BLOCK),
                chunks=(*(1 for _ in one.shape), BLOCK), dtype=layout.dtype, fill_value=np.nan,
                dimension_names=(*one.dims, "draw"),
                attributes={"units": one.units, "long_name": one.long_name}, **sums,
            )  # fmt: skip
        for name, (dim, values) in layout.coordinates.items():
            kind: Any = np.int64 if values and isinstance(values[0], int) else str
            array = zarr.create_array(
                store, name=name, shape=(len(values),), chunks=(max(1, len(values)),), dtype=kind,
                dimension_names=(dim,), attributes={"long_name": name.replace("_", " ")}, **sums,
            )  # fmt: skip
            array[:] = np.array(values, dtype=object if kind is str else kind)
        zarr.consolidate_metadata(store)
    return {name: content.to_bytes() for name, content in files.items()}


# ---- notes: which blocks are there


def _notes_said(notes: Mapping[int, _Note]) -> dict[str, Any]:
    return {str(number): {"digest": note.digest, "files": dict(note.files)} for number, note in notes.items()}


def _notes_of(said: Mapping[str, Any]) -> dict[int, _Note]:
    notes = {int(number): _Note(str(one["digest"]), dict(one["files"])) for number, one in said.items()}
    if not all(fullmatch(_FILE, name) for note in notes.values() for name in note.files):
        raise ValueError("names files outside the store")
    return notes


def _notes_content(notes: Mapping[int, _Note]) -> bytes:
    said = json.dumps(_notes_said(notes))
    return (json.dumps({"blocks": said, "sha256": sha256(said.encode()).hexdigest()}) + "\n").encode()


def _read_notes(path: Path) -> dict[int, _Note]:
    """The blocks that a note speaks of; none if it is damaged."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        if path.stat().st_size <= _MOST_NOTE:
            said = json.loads(content := path.read_bytes())["blocks"]
            notes = _notes_of(json.loads(said))
            return notes if _notes_content(notes) == content else {}
    return {}


def carry(source: Path, target: Path) -> None:
    """Note in the unfinished run `target` the whole blocks of the finished run or shard `source`, with their files.

    The last block of a run is whole only if its draws end with it. Files are shared where the disk allows it.
    """
    said = json.loads((source / MANIFEST).read_bytes())
    notes = _notes_of(said["blocks"])
    draws = json.loads((source / "run.json").read_bytes())["draws"]
    mine = json.loads((target / "run.json").read_bytes())["draws"] if target != source else -1
    whole = {number: note for number, note in notes.items() if (number + 1) * BLOCK <= draws or draws == mine}
    if source != target:
        for name in (name for note in whole.values() for name in note.files):
            _link(source / STORE / name, target / STORE / name)
    folder = target / "chunks" / NOTES
    _make(folder, target)
    if whole:
        write_whole(folder / f"from-{min(whole)}.json", _notes_content(whole))


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        write_whole(target, source.read_bytes())


# ---- a finished run


def fault(directory: Path) -> str:
    """Which file of the kept draws, whose `draws.json` is whole, is not as it was, and why; "" where all are."""
    said = json.loads((directory / MANIFEST).read_bytes())
    files = said["described"] | {n: d for note in _notes_of(said["blocks"]).values() for n, d in note.files.items()}
    paths = [directory / STORE / name for name in files]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = zip(paths, pool.map(_fault, paths, files.values()), strict=True)
        return next((f"{path}: {why}" for path, why in found if why), "")


def _fault(path: Path, digest: str) -> str:
    """Why a file is not the one with that SHA-256; "" if it is."""
    try:
        return "" if digest_of(path) == digest else "is damaged (its SHA-256 is not the one noted)"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"


def opened(directory: Path) -> xr.Dataset:
    """The kept draws as a dataset that reads what is looked at, no more."""
    import xarray as xr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: xr.Dataset = xr.open_zarr(directory / STORE, chunks=None, consolidated=True)
    words = {name: one.astype(object) for name, one in found.coords.items() if one.dtype.kind not in "iuf"}
    return found.assign_coords(words)


def discard(directory: Path) -> None:
    """Remove the store and its notes."""
    for path in (directory / STORE, directory / "chunks" / NOTES):
        shutil.rmtree(path, ignore_errors=True)
