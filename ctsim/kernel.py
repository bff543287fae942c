"""One pass over blocks of draws: random words, quantile functions, formulas, statistics.

A draw of a row depends only on (seed, stream name, draw index), for Sobol' also on the stream's coordinate; formulas
are the plain Python functions of `ctsim.formulas`, compiled as they are. Three compiled calls a block, none of which
holds the GIL; blocks are small, so that what one call writes is still in cache when the next one reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim import summaries
from ctsim.binding import Binding, Row
from ctsim.compiled import compiled
from ctsim.coordinates import Coordinate
from ctsim.distributions import FIXED, Quantiles, build, fill
from ctsim.generated import evaluator
from ctsim.sobol import directions, net_order, scramble_key, shuffle_key, sobol_words
from ctsim.streams import TILE, stream_key, words

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BLOCK_TILES: Final = 2


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
    """A binding ready to be drawn from, for one seed and a list of targets.

    `coordinates` (stream: net, dimension) makes draws points of scrambled Sobol' nets; without them they are
    independent. `quantiles`, one a row, takes the place of what the rows' spreads would build: those of a stored run.
    """

    def __init__(
        self,
        binding: Binding,
        targets: Sequence[Target],
        seed: int,
        coordinates: Mapping[str, Coordinate] | None = None,
        quantiles: Sequence[Quantiles] | None = None,
    ) -> None:
        self.binding = binding
        self.targets = tuple(targets)
        self.seed = seed
        self.quantiles = list(quantiles) if quantiles is not None else [_quantiles(row) for row in binding.rows]
        self._sampled = _Sampled(binding.rows, self.quantiles, seed, coordinates)
        self._sums = _Sums(self.targets)
        self._evaluate = evaluator(binding)

    def central(self) -> FloatArray:
        """The targets at what is printed, by plain Python, in their units."""
        rows = self.binding.central()
        steps = self.binding.evaluate(rows)
        return np.array([sum((rows if kind == "row" else steps)[i] * factor for kind, i, factor in target.parts)
                         for target in self.targets])  # fmt: skip

    def evaluate(self, first_tile: int, tiles: int) -> FloatArray:
        """Target values (target, draw) of a range of tiles."""
        values = np.empty((len(self.targets), tiles * TILE))
        buffers = self._buffers()
        for start in range(0, tiles, BLOCK_TILES):
            count = min(BLOCK_TILES, tiles - start) * TILE
            values[:, start * TILE : start * TILE + count] = self._block(first_tile + start, count, *buffers)
        return values

    def plan(self, pilot: FloatArray) -> summaries.Plan:
        """What the statistics count, from the values of the pilot's draws."""
        thresholds = np.array([(target.low, target.middle) for target in self.targets]).reshape(-1, 2)
        return summaries.plan(pilot, thresholds)

    def chunk(self, plan: summaries.Plan, first_tile: int, tiles: int) -> summaries.State:
        """The statistics of a range of tiles, taken replicate by replicate."""
        state = summaries.empty(plan)
        buffers = self._buffers()
        stride = summaries.REPLICATES
        for replicate in range(min(stride, tiles)):
            for first in range(first_tile + replicate, first_tile + tiles, stride * BLOCK_TILES):
                count = min(BLOCK_TILES, -(-(first_tile + tiles - first) // stride)) * TILE
                summaries.accumulate(plan, state, self._block(first, count, *buffers, stride), first, stride)
        summaries.fold(plan, state)
        return state

    def parameters_at(self, draw: int) -> list[tuple[Row, float]]:
        """Every row's value at one draw, for looking at a draw that went wrong."""
        rows = self._buffers()[0]
        self._sampled.fill(draw // TILE, rows)
        return [(row, float(rows[i, draw % TILE])) for i, row in enumerate(self.binding.rows)]

    def _buffers(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Rows with the fixed ones filled in, steps, targets."""
        rows = np.empty((len(self.binding.rows), BLOCK_TILES * TILE))
        for row, quantiles in zip(rows, self.quantiles, strict=True):
            if quantiles.kind == FIXED:
                row[:] = quantiles.parameters[0]
        steps = np.empty((len(self.binding.steps), BLOCK_TILES * TILE))
        return rows, steps, np.empty((len(self.targets), BLOCK_TILES * TILE))

    def _block(
        self, first_tile: int, draws: int, rows: FloatArray, steps: FloatArray, out: FloatArray, stride: int = 1
    ) -> FloatArray:
        """Target values of `draws` draws, every `stride`-th tile, in `out`; the buffers are overwritten."""
        self._sampled.fill(first_tile, rows[:, :draws], stride)
        self._evaluate(rows, steps, draws)
        self._sums.fill(rows, steps, out[:, :draws])
        return out[:, :draws]


class _Sampled:
    """The rows that are drawn, as arrays that one compiled loop can walk; equal tables are held once."""

    def __init__(
        self,
        rows: Sequence[Row],
        quantiles: Sequence[Quantiles],
        seed: int,
        coordinates: Mapping[str, Coordinate] | None,
    ) -> None:
        drawn = [i for i, one in enumerate(quantiles) if one.kind != FIXED]
        if coordinates is not None:  # rows of one net together: its order is found once a tile
            drawn.sort(key=lambda i: coordinates[rows[i].stream])
        tables: dict[int, int] = {}
        flat: list[FloatArray] = []
        for i in drawn:
            table = quantiles[i].table
            if id(table) not in tables:
                tables[id(table)] = sum(len(one) for one in flat)
                flat.append(table)
        spans = [(tables[id(quantiles[i].table)], len(quantiles[i].table)) for i in drawn]
        self.rows = np.array(drawn, dtype=np.int64)
        self.kinds = np.array([quantiles[i].kind for i in drawn], dtype=np.int64)
        self.parameters = np.array([quantiles[i].parameters for i in drawn]).reshape(-1, 8)
        self.spans = np.array(spans, dtype=np.int64).reshape(-1, 2)
        self.table = np.concatenate(flat) if flat else np.zeros(1)
        streams = [rows[i].stream for i in drawn]
        self.sobol = coordinates is not None
        if coordinates is None:
            self.keys = np.array([[stream_key(seed, name)] for name in streams], dtype=np.uint64).reshape(-1, 1)
            self.directions, self.nets = np.zeros((1, 32), np.uint32), np.zeros(1, np.uint64)
        else:
            keys = [[scramble_key(seed, name, r) for r in range(summaries.REPLICATES)] for name in streams]
            self.keys = np.array(keys, dtype=np.uint64).reshape(-1, summaries.REPLICATES)
            dimensions = [directions(coordinates[name][1]) for name in streams]
            self.directions = np.array(dimensions, dtype=np.uint32).reshape(-1, 32)
            self.nets = np.array([shuffle_key(coordinates[name][0]) for name in streams], dtype=np.uint64)

    def fill(self, first_tile: int, out: FloatArray, stride: int = 1) -> None:
        """Draw every row of every `stride`-th tile from `first_tile` on; fixed rows are left alone."""
        if self.sobol:
            _sample_sobol(
                self.rows, self.keys, self.nets, self.directions, self.kinds, self.parameters, self.spans, self.table,
                first_tile, stride, out,
            )  # fmt: skip
        else:
            _sample(self.rows, self.keys, self.kinds, self.parameters, self.spans, self.table, first_tile, stride, out)


@compiled
def _sample(
    rows: IntArray,
    keys: npt.NDArray[np.uint64],
    kinds: IntArray,
    parameters: FloatArray,
    spans: IntArray,
    table: FloatArray,
    first_tile: int,
    stride: int,
    out: FloatArray,
) -> None:
    """Independent draws: Philox words, one row after the other."""
    words_ = np.empty(1024, np.uint64)
    for k in range(len(rows)):
        nodes = table[spans[k, 0] : spans[k, 0] + spans[k, 1]]
        for t in range(out.shape[1] // 1024):
            words(keys[k, 0], first_tile + t * stride, 0, words_)
            fill(kinds[k], parameters[k], nodes, words_, out[rows[k], t * 1024 : (t + 1) * 1024])


@compiled
def _sample_sobol(
    rows: IntArray,
    keys: npt.NDArray[np.uint64],
    nets: npt.NDArray[np.uint64],
    directions_: npt.NDArray[np.uint32],
    kinds: IntArray,
    parameters: FloatArray,
    spans: IntArray,
    table: FloatArray,
    first_tile: int,
    stride: int,
    out: FloatArray,
) -> None:
    """Points of scrambled nets: tile t holds block t div 16 of replicate t mod 16."""
    words_ = np.empty(1024, np.uint64)
    order = np.empty(1024, np.uint32)
    for t in range(out.shape[1] // 1024):
        tile = first_tile + t * stride
        block, replicate = tile // 16, tile % 16
        for k in range(len(rows)):
            if k == 0 or nets[k] != nets[k - 1]:
                net_order(nets[k], block, order)
            sobol_words(keys[k, replicate], order, directions_[k], words_)
            nodes = table[spans[k, 0] : spans[k, 0] + spans[k, 1]]
            fill(kinds[k], parameters[k], nodes, words_, out[rows[k], t * 1024 : (t + 1) * 1024])


class _Sums:
    """Targets as sums of rows and steps, as arrays that one compiled loop can walk."""

    def __init__(self, targets: Sequence[Target]) -> None:
        parts = [part for target in targets for part in target.parts]
        self.starts = np.cumsum([0, *(len(target.parts) for target in targets)]).astype(np.int64)
        self.from_rows = np.array([kind == "row" for kind, _, _ in parts], dtype=np.bool_)
        self.indices = np.array([index for _, index, _ in parts], dtype=np.int64)
        self.factors = np.array([factor for _, _, factor in parts], dtype=np.float64)

    def fill(self, rows: FloatArray, steps: FloatArray, out: FloatArray) -> None:
        """Write every target's values."""
        _sum(self.starts, self.from_rows, self.indices, self.factors, rows, steps, out)


@compiled
def _sum(
    starts: IntArray,
    from_rows: npt.NDArray[np.bool_],
    indices: IntArray,
    factors: FloatArray,
    rows: FloatArray,
    steps: FloatArray,
    out: FloatArray,
) -> None:
    n = out.shape[1]
    for target in range(out.shape[0]):
        result = out[target]
        for part in range(starts[target], starts[target + 1]):
            values = rows[indices[part]] if from_rows[part] else steps[indices[part]]
            factor = factors[part]
            if part == starts[target]:
                for i in range(n):
                    result[i] = values[i] * factor
            else:
                for i in range(n):
                    result[i] += values[i] * factor


def _quantiles(row: Row) -> Quantiles:
    """The quantile function of a row, in the page's unit."""
    spread = row.spread
    quantiles = build(spread.dist, dict(spread.arguments), spread.truncate)
    return quantiles.scaled(row.central) if spread.relative else quantiles
