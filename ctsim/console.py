"""What the command does besides its work: tables for people to read, how far a run is, how a process is ended."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil, isfinite, log10
from threading import current_thread, main_thread

import click

from ctsim.errors import one_line


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
    """Three significant digits, without exponents for the sizes that occur; as many as printed for whole numbers.

    With an `error`, its Monte Carlo standard error, no digit that it does not support: the unit of the last digit is
    no smaller than the error. One digit is always shown.
    """
    if not isfinite(value):
        return "" if value != value else str(value)
    unsure = isfinite(error) and error > 0
    if value == 0 or (not unsure and value == round(value) and abs(value) < 1e6):
        return f"{value:,.0f}"
    first = int(f"{abs(value):.2e}".split("e")[1])
    digits = 2 - first
    if unsure:
        digits = max(min(digits, -ceil(log10(error))), -int(f"{abs(value):.0e}".split("e")[1]))
    return f"{round(value, digits):,.{max(0, digits)}f}"


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[..., None] | None]:
    """A bar on a terminal, a plain line every tenth elsewhere, nothing when quiet; a line for what a look found."""
    if quiet:
        yield None
    elif not sys.stderr.isatty():
        yield _plain_progress()
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("draws"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("draws", total=None)

            def show(done: int, total: int, found: str = "") -> None:
                bar.update(task, completed=done, total=total)
                if found:
                    bar.console.print(found, highlight=False, markup=False)

            yield show


def _plain_progress() -> Callable[..., None]:
    from time import perf_counter

    started, said = perf_counter(), [0]

    def say(done: int, total: int, found: str = "") -> None:
        tenth = 10 * done // total
        if found:
            click.echo(found, err=True)
        if tenth > said[0]:
            said[0] = tenth
            rate = done / max(perf_counter() - started, 1e-9)
            click.echo(f"{done:,} of {total:,} draws, {rate:,.0f} draws/s", err=True)

    return say


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
