"""What of a walk for sensitivity indices is done: whole tiles by replicate, in a file to go on from.

A replicate's sums are added tile after tile in one order, so a walk that was stopped and continued has the same bits.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ctsim import npz
from ctsim.durable import sweep, write_whole
from ctsim.indices import State, Walk

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FILE: Final = "walk.npz"
SECONDS_BETWEEN: float = 5.0
"""Between two writes; what a kill loses is at most this."""


class Walked:
    """Sums of the tiles that are done, taken from any thread. `digest` names what is walked: other sums never count.

    `folder` None keeps nothing.
    """

    def __init__(self, walk: Walk, folder: Path | None, digest: str) -> None:
        self.state, self.counts = walk.nothing(), np.zeros(len(walk.nothing().moved), dtype=np.int64)
        self._path = None if folder is None else folder / FILE
        self._digest = np.frombuffer(bytes.fromhex(digest), dtype=np.uint8)
        self._lock, self._next = Lock(), monotonic() + SECONDS_BETWEEN

    def restore(self) -> int:
        """Take up what the file holds; how many tiles these are; damaged, or of another walk, it is nothing."""
        if self._path is None:
            return 0
        self._path.parent.mkdir(exist_ok=True)
        sweep(self._path.parent)
        try:
            found = npz.unpack(self._path.read_bytes())
            counts, state = found["counts"].astype(np.int64), State(found["exchanged"], found["moved"])
        except (FileNotFoundError, npz.DamagedError, KeyError):
            return 0
        same = found.get("digest", np.zeros(0)).tobytes() == self._digest.tobytes()
        shapes = [(one.exchanged.shape, one.moved.shape) for one in (state, self.state)]
        if not same or shapes[0] != shapes[1] or counts.shape != self.counts.shape:
            return 0
        self.state, self.counts = state, counts
        return int(counts.sum())

    def take(self, replicate: int, state: State) -> None:
        """A replicate of `state` is one tile further. Every now and then the calling thread writes."""
        with self._lock:
            self.state.exchanged[replicate], self.state.moved[replicate] = (
                state.exchanged[replicate], state.moved[replicate],
            )  # fmt: skip
            self.counts[replicate] += 1
            if self._path is not None and monotonic() >= self._next:
                self.write()
                self._next = monotonic() + SECONDS_BETWEEN

    def write(self) -> int:
        """Bring what is done to the file; how many tiles these are, 0 where there is no file."""
        if self._path is None:
            return 0
        arrays: dict[str, npt.NDArray[Any]] = {
            "digest": self._digest, "counts": self.counts, "exchanged": self.state.exchanged,
            "moved": self.state.moved,
        }  # fmt: skip
        write_whole(self._path, npz.pack(arrays))
        return int(self.counts.sum())
