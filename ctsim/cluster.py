"""Where chunks are computed: dask threads of this process. States are joined in a tree as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

State = TypeVar("State")


def reduce_chunks(
    chunks: Sequence[tuple[int, int]],
    compute: Callable[[int, int], State],
    combine: Callable[[State, State], State],
    workers: int,
    done: Callable[[int], None],
) -> State:
    """Compute every (first tile, tiles) and combine the states; `done` is called with the tiles of a finished chunk.

    Memory holds about one state a worker and one a level of the tree.
    """
    import dask
    from dask.delayed import delayed

    def one(first: int, tiles: int) -> State:
        state = compute(first, tiles)
        done(tiles)
        return state

    task, join = delayed(one, pure=False), delayed(combine, pure=False)
    states = [task(first, tiles) for first, tiles in chunks]
    while len(states) > 1:
        pairs = [join(*pair) if len(pair) == 2 else pair[0] for pair in _pairs(states)]
        states = pairs
    with dask.config.set(scheduler="threads", num_workers=workers):
        result: State = states[0].compute(optimize_graph=False)
    return result


def _pairs(states: list[State]) -> list[list[State]]:
    return [states[i : i + 2] for i in range(0, len(states), 2)]
