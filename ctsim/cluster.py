"""Where chunks are computed: dask threads of this process. And how they stop when the process is asked to end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from threading import Event, current_thread, main_thread
from types import FrameType
from typing import Final

_WINDOW: Final = 4096
"""Chunks that dask is told of at a time: its memory stays bounded however many there are."""


def run_chunks(
    chunks: Iterable[tuple[int, int]], compute: Callable[[int, int], None], workers: int, stop: Event
) -> None:
    """Call `compute(first tile, tiles)` for every chunk, in `workers` threads; none is begun once `stop` is set.

    The first exception of a chunk sets `stop` and is raised here, while chunks that were begun come to their end.
    """
    from dask.base import compute as computed
    from dask.delayed import delayed
    from dask.threaded import get as threads  # the name "threads" would import dask.distributed where it is installed

    def one(first: int, tiles: int) -> None:
        if stop.is_set():
            return
        try:
            compute(first, tiles)
        except BaseException:
            stop.set()
            raise

    task, waiting = delayed(one, pure=False), iter(chunks)
    try:
        while not stop.is_set() and (window := [task(*chunk) for chunk in islice(waiting, _WINDOW)]):
            computed(*window, scheduler=threads, num_workers=workers, optimize_graph=False)  # type: ignore[no-untyped-call]
    except BaseException:
        stop.set()
        raise


@contextmanager
def stoppable() -> Iterator[Event]:
    """An event that SIGINT and SIGTERM set instead of ending the process; a second one raises KeyboardInterrupt.

    Signals belong to the main thread: in any other the event is set by nobody.
    """
    stop = Event()
    if current_thread() is not main_thread():
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
