"""Draws of a run on their way into its directory: which values, block by block, before they are counted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ctsim import summaries
from ctsim.catalog import Scenario
from ctsim.checkpoint import Range, Ranges
from ctsim.dataset import NODE_UNITS
from ctsim.draws import BLOCK_TILES, KINDS, TYPES, Block, Kept, Layout, Variable, blocks_of
from ctsim.errors import Finding, InputError, Place
from ctsim.kernel import Kernel
from ctsim.programme import METRICS

_SPARE: Final = 1 << 26
"""Room that a disk must have beside the draws: for states, notes and the summary."""


def checked(kind: str | None, dtype: str, has_directory: bool) -> tuple[str, str]:
    """What is kept and as what, "" and "" for nothing. Raises InputError."""
    faults = []
    if kind is not None and kind not in KINDS:
        faults.append(f"--keep-draws {str(kind)[:80]}: choose from {', '.join(KINDS)}")
    if dtype not in TYPES:
        faults.append(f"--keep-as {str(dtype)[:80]}: choose from {', '.join(TYPES)}")
    if kind is not None and not has_directory:
        faults.append(f"--keep-draws {str(kind)[:80]}: give the directory to keep them in (out)")
    if faults:
        raise InputError([Finding(Place(), "", fault) for fault in faults])
    return (kind, dtype) if kind else ("", "")


def layout(scenario: Scenario, kernel: Kernel, request: Mapping[str, Any]) -> Layout | None:
    """What a request keeps of each draw: cells by (programme, year), parameters as sampled. None: nothing."""
    kind = request["keep_draws"]
    if not kind:
        return None
    programmes = [one.id for one in scenario.programmes]
    variables = _cells(kernel, programmes, request) if kind != "parameters" else []
    coordinates: dict[str, Any] = {}
    if variables:
        coordinates = {
            "programme": ("programme", tuple(programmes)),
            "programme_ja": ("programme", tuple(one.name_ja for one in scenario.programmes)),
            "programme_en": ("programme", tuple(one.name_en for one in scenario.programmes)),
            "year": ("year", tuple(int(year) for year in request["years"])),
        }
    if kind != "cells":
        rows = kernel.binding.own_rows()
        n = len(rows)
        names = {"units": "see coordinate unit", "long_name": "parameters as sampled"}
        variables.append(
            Variable("parameters", ("parameter",), (n,), tuple(range(n)), tuple(range(n)), sampled=True, **names)
        )
        coordinates["parameter"] = ("parameter", tuple(row.label for row in rows))
        coordinates["unit"] = ("parameter", tuple(row.unit for row in rows))
    return Layout(int(request["draws"]), request["keep_as"], tuple(variables), coordinates)


def _cells(kernel: Kernel, programmes: list[str], request: Mapping[str, Any]) -> list[Variable]:
    """A variable a chosen metric; targets of items and of figures off the year axis are not kept."""
    shape = (len(programmes), len(request["years"]))
    variables = []
    for metric in (one for one in METRICS if one in request["metrics"]):
        places = {
            programmes.index(target.key[0]) * shape[1] + request["years"].index(target.key[1]): number
            for number, target in enumerate(kernel.targets)
            if target.node == f"/{metric}"
        }
        order = tuple(sorted(places))
        names = {"units": NODE_UNITS[metric], "long_name": metric.replace("_", " ")}
        dims = ("programme", "year")
        variables.append(
            Variable(metric, dims, shape, order, tuple(places[at] for at in order), sampled=False, **names)
        )
    return variables


class Keeper:
    """Draws tiles for the statistics of a run and keeps their values, if any are to be kept."""

    def __init__(self, kernel: Kernel, kept: Kept | None, tiles: int) -> None:
        self.kernel = kernel
        self.kept = kept
        self.tiles = tiles

    @property
    def grain(self) -> int:
        """Tiles that tasks should begin at multiples of, so that no block is drawn twice."""
        return 1 if self.kept is None else BLOCK_TILES

    def drawn(self, plan: summaries.Plan, first: int, tiles: int) -> Iterator[tuple[int, int, summaries.State]]:
        """First tile, number of tiles and statistics of the parts of a range, whose values are on disk by then."""
        if self.kept is None:
            yield first, tiles, self.kernel.chunk(plan, first, tiles)
            return
        for number in blocks_of(first, tiles):
            block = Block(self.kept.layout, number)
            at, end = max(first, number * BLOCK_TILES), min(first + tiles, (number + 1) * BLOCK_TILES)
            state = self.kernel.chunk(plan, at, end - at, block)
            self._fill(block, number * BLOCK_TILES, at)
            self._fill(block, end, (number + 1) * BLOCK_TILES)
            self.kept.write(block)
            yield at, end - at, state

    def again(self, first: int, tiles: int) -> None:
        """Keep the blocks of a range of tiles that were counted before."""
        assert self.kept is not None
        for number in blocks_of(first, tiles):
            block = Block(self.kept.layout, number)
            self._fill(block, number * BLOCK_TILES, (number + 1) * BLOCK_TILES)
            self.kept.write(block)

    def lost(self, done: Ranges) -> list[Range]:
        """Blocks, as ranges of tiles, that are not there although tiles of them are counted."""
        if self.kept is None:
            return []
        missing = {number for one in done for number in self.kept.missing(*one)}
        return [(number * BLOCK_TILES, BLOCK_TILES) for number in sorted(missing)]

    def _fill(self, block: Block, first: int, end: int) -> None:
        """Draw tiles of a block that are counted elsewhere: so each block is whole whoever writes it."""
        if (tiles := min(end, self.tiles) - first) > 0:
            self.kernel.visit(first, tiles, block)


def check_room(layout: Layout, span: Range, directory: Path) -> str:
    """What will be kept, in words. Raises InputError if the disk of the directory has less room than it takes."""
    needed = layout.file_bytes(*span)
    there = sum(path.stat().st_size for path in (directory / "draws.zarr").rglob("*") if path.is_file())
    place = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(place).free
    said = f"{layout.values:,} values of {layout.draws:,} draws take {_size(needed)}"
    if needed + _SPARE > free + there:
        message = f"{said}, {place} has room for {_size(free)}"
        how = "keep fewer (--programmes, --metrics, --years, --keep-as float32), draw fewer or give --out another disk"
        raise InputError(f"--keep-draws: {message}; {how}")
    return f"{said} in {directory / 'draws.zarr'}"


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"
