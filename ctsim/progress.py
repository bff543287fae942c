"""How far a run is: a bar on a terminal, plain lines where there is none, lines of JSON in a file for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil
from threading import Lock
from time import monotonic
from typing import Any, Final, TextIO

import click

from ctsim.errors import CtsimError, InputError

Report = Callable[..., None]
"""report(draws done, draws in all, words): called from any thread."""

BETWEEN: Final = 60.0
"""Seconds after which a plain line is written though no tenth is done: whoever reads a log sees that it goes on."""
LOGGED_BETWEEN: Final = 1.0


class Meter:
    """Draws a second and the time that is left, from what is done since the first report."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._before: int | None = None

    def measure(self, done: int, total: int) -> tuple[float, float | None]:
        """Draws a second, and seconds that are left: None before anything is known."""
        if self._before is None:  # the first report is of draws that were there before, or of the first chunk
            self._before = 0 if done <= total // 10 else done
        rate = (done - self._before) / max(self._clock() - self._started, 1e-9)
        return rate, (total - done) / rate if rate > 0 else None

    def words(self, done: int, total: int) -> str:
        """`1,024 of 4,096 draws, 512 draws/s, 0:06 left`."""
        rate, left = self.measure(done, total)
        ahead = "" if left is None else f", {rate:,.0f} draws/s, {clock_words(left)} left"
        return f"{done:,} of {total:,} draws{ahead}"


def clock_words(seconds: float) -> str:
    """`1:05`, `2:00:00`."""
    whole = ceil(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class Log:
    """Events as lines of JSON: time (UTC), event, and what belongs to it. Without a file nothing is written."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file
        self._lock = Lock()
        self._meter, self._next = Meter(), 0.0

    def __bool__(self) -> bool:
        return self._file is not None

    def event(self, event: str, **said: Any) -> None:
        """Write one line and bring it to the file."""
        if self._file is None:
            return
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **said}
        with self._lock:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()

    def report(self, done: int, total: int, words: str = "") -> None:
        """A line of progress at most every second and at the end; every word, as which cells are still unsure."""
        if words:
            self.event("message", draws=done, total=total, message=words)
        if not words and (monotonic() >= self._next or done == total):
            self._next = monotonic() + LOGGED_BETWEEN
            rate, left = self._meter.measure(done, total)
            seconds = None if left is None else round(left, 1)
            self.event("progress", draws=done, total=total, draws_per_second=round(rate), seconds_left=seconds)


@contextmanager
def logged(path: str | None, command: str) -> Iterator[Log]:
    """The log at the end of a file: begun and, however the command ends, ended. Raises InputError."""
    if path is None:
        yield Log()
        return
    try:
        file = open(path, "a", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115, PTH123 (closed below; a path of the user)
    except OSError as error:
        raise InputError(f"--log {path}: cannot be written: {error.strerror or error}") from None
    with file:
        log = Log(file)
        log.event("begin", command=command)
        try:
            yield log
        except BaseException as error:
            status = error.exit_status if isinstance(error, CtsimError) else None
            log.event("end", error=str(error) or type(error).__name__, exit_status=status)
            raise


@contextmanager
def progress(quiet: bool, log: Log | None = None) -> Iterator[Report | None]:
    """What reports to people, unless quiet, and to the log. None where nobody listens."""
    log = log or Log()
    with _shown(quiet) as show:

        def report(done: int, total: int, words: str = "") -> None:
            log.report(done, total, words)
            if show:
                show(done, total, words)

        yield report if show or log else None


@contextmanager
def _shown(quiet: bool) -> Iterator[Report | None]:
    if quiet:
        yield None
    elif not sys.stderr.isatty():
        yield plain()
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("draws"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
        meter = Meter()
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("draws", total=None, pace="")

            def show(done: int, total: int, words: str = "") -> None:
                pace = meter.words(done, total).partition(" draws, ")[2]
                bar.update(task, completed=done, total=total, pace=pace)
                if words:
                    bar.console.print(words, highlight=False, markup=False)

            yield show


def plain(clock: Callable[[], float] = monotonic) -> Report:
    """A line every tenth, and every minute where a tenth takes longer; words at once."""
    meter, lock, said = Meter(clock), Lock(), [0.0, clock()]

    def say(done: int, total: int, words: str = "") -> None:
        with lock:
            if words:
                click.echo(words, err=True)
            tenth, now = 10 * done // total, clock()
            if tenth > said[0] or (done and now - said[1] >= BETWEEN):
                said[:] = [tenth, now]
                click.echo(meter.words(done, total), err=True)

    return say
