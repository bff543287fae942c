"""Tables that fit a screen: one line a row, too long a text cut with an ellipsis; a wide character counts two cells."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import click

from ctsim.errors import one_line

ELSE: Final = (200, 40)
"""Columns and lines of what is no terminal."""
GAP: Final = 2
"""Cells between columns."""


@dataclass(frozen=True)
class Screen:
    """How much room there is; `whole`: what is printed need not fit, nothing is cut."""

    width: int
    height: int
    whole: bool = False


@dataclass(frozen=True)
class Column:
    """How a column behaves where there is little room.

    It may be cut down to `least` cells (0: never), the lowest `gives` first. Where all are cut and it is still too
    wide, the columns of the lowest `goes` above 0 are left out. `keeps`: what stays of a text that is cut: its "start",
    its "end", "both" ends, or whole "pieces" between commas.
    """

    head: str
    is_right: bool = False
    least: int = 0
    gives: int = 0
    goes: int = 0
    keeps: str = "start"


def screen(whole: bool = False) -> Screen:
    """The room on the terminal that is printed to; without one, that of `ELSE`."""
    width, height = shutil.get_terminal_size(ELSE) if sys.stdout.isatty() else ELSE
    return Screen(width, height, whole)


def cells(words: str) -> int:
    """How many cells of a terminal a text takes."""
    from rich.cells import cell_len

    return cell_len(words)


def cut(words: str, room: int, keeps: str = "start") -> str:
    """A text in so many cells at most, with an ellipsis for what is missing."""
    if cells(words) <= room:
        return words
    if keeps == "pieces":
        whole = words.split(", ")
        while len(whole) > 1 and cells(", ".join([*whole, "…"])) > room:
            whole.pop()
        shown = ", ".join([*whole, "…"])
        return shown if cells(shown) <= room else cut(words, room)
    if keeps == "end":
        return _reversed(cut(_reversed(words), room))
    if keeps == "both":
        behind = (room - 1) * 2 // 3
        last = words[len(words) - len(_start(_reversed(words), behind)) :]
        return f"{_start(words, room - 1 - cells(last))}…{last}"
    return f"{_start(words, room - 1)}…" if room > 0 else ""


def _start(words: str, room: int) -> str:
    """As many characters as fit."""
    shown, used = 0, 0
    for one in words:
        used += cells(one)
        if used > room:
            break
        shown += 1
    return words[:shown]


def _reversed(words: str) -> str:
    return words[::-1]


def cut_apart(one: str, other: str, rooms: tuple[int, int]) -> tuple[str, str]:
    """Two texts that differ, cut so that it shows: where what is left would be alike, their starts go."""
    least = min(rooms)
    if one == other or cut(one, least) != cut(other, least):
        return cut(one, rooms[0]), cut(other, rooms[1])
    alike = next(i for i, (x, y) in enumerate(zip(f"{one}\0", f"{other}\1", strict=False)) if x != y)
    behind = max(0, alike - least // 4)
    return cut(f"…{one[behind:]}", rooms[0]), cut(f"…{other[behind:]}", rooms[1])


def widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> dict[int, int]:
    """By the number of each column that stays: the cells it has."""
    wanted = [max(map(cells, (column.head, *(row[i] for row in rows)))) for i, column in enumerate(columns)]
    least = [min(one, column.least or one) for one, column in zip(wanted, columns, strict=True)]
    there = list(range(len(columns)))
    while sum(least[i] + GAP for i in there) - GAP > width and (goes := {columns[i].goes for i in there} - {0}):
        there = [i for i in there if columns[i].goes != min(goes)]
    found = {i: wanted[i] for i in there}
    over = sum(one + GAP for one in found.values()) - GAP - width
    for i in sorted(there, key=lambda i: columns[i].gives):
        taken = max(0, min(over, found[i] - least[i]))
        found[i], over = found[i] - taken, over - taken
    return found


def fitted(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], room: Screen) -> bool:
    """Print a table with one line a row; whether something of it was cut or left out."""
    rows = [[one_line(cell) for cell in row] for row in rows]
    there = widths(columns, rows, room.width)
    shown = [[cut(row[i], size, columns[i].keeps) for i, size in there.items()] for row in rows]
    click.echo(cut(one_line(title), room.width))
    head = [cut(columns[i].head, size) for i, size in there.items()]
    rule = ["─" * size for size in there.values()]
    for line in (head, rule, *shown):
        padded = [_padded(cell, size, columns[i].is_right) for cell, (i, size) in zip(line, there.items(), strict=True)]
        click.echo(cut((" " * GAP).join(padded), room.width))
    return len(there) < len(columns) or any(
        cell != row[i] for row, cut_ in zip(rows, shown, strict=True) for cell, i in zip(cut_, there, strict=True)
    )


def _padded(words: str, size: int, is_right: bool) -> str:
    spaces = " " * (size - cells(words))
    return spaces + words if is_right else words + spaces
