"""One pass over blocks of draws: random words, quantile functions, formulas, statistics.

A draw of a row depends only on (seed, stream name, draw index); formulas are the plain Python functions of
`ctsim.formulas`, compiled as they are. Blocks stay small so that everything they touch fits into cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ctsim import summaries
from ctsim.binding import Binding, Formula, Row
from ctsim.compiled import cache_in_folder, compiled
from ctsim.distributions import Quantiles, build, fill
from ctsim.streams import TILE, stream_key, words

FloatArray = npt.NDArray[np.float64]

BLOCK_TILES: Final = 4
PURPOSE_SAMPLE: Final = 0


@dataclass(frozen=True)
class Target:
    """One quantity to be summarised: a sum of rows or steps, each times a factor into the target's unit.

    `low`, `high`, `middle`: published figure in the same unit, NaN where there is none.
    """

    node: str
    key: tuple[str, ...]
    unit: str
    parts: tuple[tuple[str, int, float], ...]
    low: float = float("nan")
    high: float = float("nan")
    middle: float = float("nan")


class Kernel:
    """A binding ready to be drawn from, for one seed and a list of targets."""

    def __init__(self, binding: Binding, targets: Sequence[Target], seed: int) -> None:
        self.binding = binding
        self.targets = tuple(targets)
        self.seed = seed
        self._samplers = [_sampler(row, seed) for row in binding.rows]
        self._functions = [None if step.function is None else _ufunc(step.function) for step in binding.steps]

    def central(self) -> FloatArray:
        """The targets at what is printed, by plain Python, in their units."""
        rows = self.binding.central()
        steps = self.binding.evaluate(rows)
        return np.array([sum((rows if kind == "row" else steps)[i] * factor for kind, i, factor in target.parts)
                         for target in self.targets])  # fmt: skip

    def evaluate(self, first_tile: int, tiles: int) -> FloatArray:
        """Target values (target, draw) of a range of tiles."""
        values = np.empty((len(self.targets), tiles * TILE))
        for start in range(0, tiles, BLOCK_TILES):
            count = min(BLOCK_TILES, tiles - start)
            self._block(first_tile + start, count, values[:, start * TILE : (start + count) * TILE])
        return values

    def plan(self, pilot: FloatArray) -> summaries.Plan:
        """What the statistics count, from the values of the pilot's draws."""
        thresholds = np.array([(target.low, target.middle) for target in self.targets]).reshape(-1, 2)
        return summaries.plan(pilot, thresholds)

    def chunk(self, plan: summaries.Plan, first_tile: int, tiles: int) -> summaries.State:
        """The statistics of a range of tiles."""
        state = summaries.empty(plan)
        block = np.empty((len(self.targets), BLOCK_TILES * TILE))
        for start in range(0, tiles, BLOCK_TILES):
            count = min(BLOCK_TILES, tiles - start)
            values = block if count == BLOCK_TILES else np.empty((len(self.targets), count * TILE))
            self._block(first_tile + start, count, values)
            summaries.accumulate(plan, state, values, first_tile + start)
        return state

    def parameters_at(self, draw: int) -> list[tuple[Row, float]]:
        """Every row's value at one draw, for looking at a draw that went wrong."""
        rows = self._rows(draw // TILE, 1)
        return [(row, float(rows[i, draw % TILE])) for i, row in enumerate(self.binding.rows)]

    def _rows(self, first_tile: int, tiles: int) -> FloatArray:
        rows = np.empty((len(self.binding.rows), tiles * TILE))
        for row, (key, quantiles) in zip(rows, self._samplers, strict=True):
            _sample(key, first_tile, quantiles.kind, quantiles.parameters, quantiles.table, row)
        return rows

    def _block(self, first_tile: int, tiles: int, out: FloatArray) -> None:
        rows = self._rows(first_tile, tiles)
        steps = np.empty((len(self.binding.steps), tiles * TILE))
        for result, step, function in zip(steps, self.binding.steps, self._functions, strict=True):
            given = [_times((rows if one.kind == "row" else steps)[one.index], one.factor) for one in step.inputs]
            if function is None:
                result[:] = given[0]
            else:
                with np.errstate(all="ignore"):  # what is not finite is counted by the summaries
                    function(*given, out=result)
            if step.factor != 1.0:
                result *= step.factor
        for value, target in zip(out, self.targets, strict=True):
            for number, (kind, index, factor) in enumerate(target.parts):
                part = _times((rows if kind == "row" else steps)[index], factor)
                if number:
                    value += part
                else:
                    value[:] = part


def _times(values: FloatArray, factor: float) -> FloatArray:
    return values if factor == 1.0 else values * factor


def _sampler(row: Row, seed: int) -> tuple[np.uint64, Quantiles]:
    """Key and quantile function of a row, in the page's unit."""
    spread = row.spread
    quantiles = build(spread.dist, dict(spread.arguments), spread.truncate)
    if spread.relative:
        quantiles = quantiles.scaled(row.central)
    return np.uint64(stream_key(seed, row.stream)), quantiles


@compiled
def _sample(
    key: np.uint64, first_tile: int, kind: int, parameters: FloatArray, table: FloatArray, out: FloatArray
) -> None:
    words_ = np.empty(1024, np.uint64)
    for t in range(out.shape[0] // 1024):
        words(key, first_tile + t, 0, words_)  # type: ignore[arg-type]  # a key needs 64 unsigned bits
        fill(kind, parameters, table, words_, out[t * 1024 : (t + 1) * 1024])


@cache
def _ufunc(function: Formula) -> Any:
    """The formula as a numpy ufunc: IEEE arithmetic, no fastmath, machine code kept on disk."""
    import numba

    count = function.__code__.co_argcount
    signature = numba.float64(*[numba.float64] * count)
    with cache_in_folder() as cached:
        decorate: Any = numba.vectorize
        return decorate([signature], nopython=True, cache=cached)(function)
