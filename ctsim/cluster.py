"""Where chunks are computed: dask threads of this process. And how they stop when the process is asked to end."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from threading import Condition, Event, current_thread, main_thread
from types import FrameType
from typing import Final

_WINDOW: Final = 4096
"""Chunks that dask is told of at a time: its memory stays bounded however many there are."""


def run_chunks(
    chunks: Iterable[tuple[int, int]], compute: Callable[[int, int], None], workers: int, stop: Event
) -> None:
    """Call `compute(first tile, tiles)` for every chunk, in `workers` threads; none is begun once `stop` is set.

    The first exception of a chunk sets `stop` and is raised here, when the chunks that were begun have come to their
    end. Only KeyboardInterrupt does not wait for them.
    """
    from dask.base import compute as computed
    from dask.delayed import delayed
    from dask.threaded import get as threads  # the name "threads" would import dask.distributed where it is installed

    begun = _Begun(stop)

    def one(first: int, tiles: int) -> None:
        with begun as may:
            if may:
                compute(first, tiles)

    task, waiting = delayed(one, pure=False), iter(chunks)
    try:
        while not stop.is_set() and (window := [task(*chunk) for chunk in islice(waiting, _WINDOW)]):
            computed(*window, scheduler=threads, num_workers=workers, optimize_graph=False)  # type: ignore[no-untyped-call]
    except BaseException as error:
        stop.set()
        if not isinstance(error, KeyboardInterrupt):
            begun.wait()  # dask raises the first exception while other threads are at work
        raise


class _Begun:
    """The chunks that are being computed: entered by each of them, True where it may begin."""

    def __init__(self, stop: Event) -> None:
        self._stop, self._number, self._changed = stop, 0, Condition()

    def __enter__(self) -> bool:
        with self._changed:
            self._number += 1
            return not self._stop.is_set()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._stop.set()
        with self._changed:
            self._number -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Until none is; `stop` has been set, so none begins."""
        with self._changed:
            self._changed.wait_for(lambda: self._number == 0)


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
