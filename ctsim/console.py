"""What the command does besides its work: tables for people to read, how a process is ended."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil, isfinite, log10
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any, Final

from ctsim.errors import InputError, one_line

ROUNDING: Final = 1e-12
"""The share of two sides below which a difference of them is rounding: thousands of times that of one operation."""


def command_line() -> str:
    """The command as it was typed, for the card of a result: paste it and it runs again."""
    return shlex.join(["ctsim", *sys.argv[1:]])


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print a table; columns `right` are aligned to that side."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    grid = Table(title=Text(title) if title else None, box=box.SIMPLE_HEAD, title_justify="left", show_header=any(head))
    for number, name in enumerate(head):
        grid.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(one_line(cell)) for cell in row))
    console.print(grid)


def number(value: float, error: float = 0.0) -> str:
    """Three significant digits, two with an exponent below 1e-6; as many as printed for whole numbers.

    With an `error`, its Monte Carlo standard error, no digit that it does not support: the unit of the last digit is
    no smaller than the error. One digit is always shown.
    """
    if not isfinite(value):
        return "" if value != value else str(value)
    unsure = isfinite(error) and error > 0
    if value == 0 or (not unsure and value == round(value) and abs(value) < 1e6):
        return f"{value:,.0f}"
    first = int(f"{abs(value):.2e}".split("e")[1])
    if first < -6:  # a column of zeros says less
        return f"{value:.2g}"
    digits = 2 - first
    if unsure:
        digits = max(min(digits, -ceil(log10(error))), -int(f"{abs(value):.0e}".split("e")[1]))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def beyond_rounding(difference: float, *sides: float) -> float:
    """A difference of sides as it is printed: 0 where it is zero but for rounding. Results keep what was computed."""
    size = max((abs(one) for one in sides if isfinite(one)), default=0.0)
    return 0.0 if abs(difference) <= ROUNDING * size else difference


def pictures(tree: Any, directory: Path, *savers: Callable[[Any, Path], list[Path]], to_stderr: bool = False) -> None:
    """Save figures of a result into DIRECTORY/figures and print where they are. Raises InputError where it cannot."""
    folder = directory / "figures"
    try:
        paths = [path for save in savers for path in save(tree, folder)]
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    for path in paths:
        print(f"picture: {path}", file=sys.stderr if to_stderr else sys.stdout)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt, as SIGINT does."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
