"""One pass over blocks of draws: random words, quantile functions, formulas, statistics.

A draw of a row depends only on (seed, stream name, draw index), for Sobol' also on the stream's coordinate; formulas
are the plain Python functions of `ctsim.formulas`, compiled as they are. Three compiled calls a block, none of which
holds the GIL; blocks are small, so that what one call writes is still in cache when the next one reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim import summaries
from ctsim.binding import Binding, Row
from ctsim.compiled import compiled
from ctsim.composition import Scaled
from ctsim.coordinates import Coordinate
from ctsim.dependence import Group, Tie, mix, ties_of
from ctsim.distributions import FIXED, Quantiles, build, fill
from ctsim.divided import divided
from ctsim.sobol import directions, net_order, scramble_key, shuffle_key, sobol_words
from ctsim.steps import Steps
from ctsim.streams import TILE, stream_key, words

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Keep = Callable[[FloatArray, FloatArray, int, int], None]
"""keep(rows, targets, first tile, stride): take the values of a block of draws before they are overwritten."""

BLOCK_TILES: Final = 4
HOW: Final = {"sum": 0, "largest": 1, "two_largest": 2}
"""How parts make a target: all of them, or so many of the largest."""


@dataclass(frozen=True)
class Target:
    """One quantity to be summarised: a sum of rows or steps, each times a factor into the target's unit.

    `how`: "sum", or "largest" and "two_largest" for the largest part and for that with the next one.

    `low`, `high`, `middle`: published figure in the same unit, NaN where there is none; `thresholds` are more values
    that draws are compared with.
    """

    node: str
    key: tuple[str, ...]
    unit: str
    parts: tuple[tuple[str, int, float], ...]
    low: float = float("nan")
    high: float = float("nan")
    middle: float = float("nan")
    thresholds: tuple[float, ...] = ()
    how: str = "sum"

    def of(self, rows: Sequence[float], steps: Sequence[float]) -> float:
        """The target at one set of values of rows and steps."""
        parts = [(rows if kind == "row" else steps)[i] * factor for kind, i, factor in self.parts]
        return sum(parts if self.how == "sum" else sorted(parts)[-HOW[self.how] :])

    def moved(self, places: Sequence[int] | Mapping[int, int]) -> Target:
        """The same target of a binding whose steps have other numbers: `places`, by old number."""
        parts = tuple((kind, places[i] if kind == "step" else i, factor) for kind, i, factor in self.parts)
        return replace(self, parts=parts)

    @property
    def name(self) -> str:
        """`programme.metric.when[.item]`, as figures are named."""
        if len(self.key) == 1:
            return self.key[0]
        programme, _, item = self.key[0].partition(".")
        return ".".join([programme, self.node.rpartition("/")[2], self.key[1], *([item] if item else [])])


class Kernel:
    """A binding ready to be drawn from, for one seed and a list of targets.

    `coordinates` (stream: net, dimension) makes draws points of scrambled Sobol' nets; without them they are
    independent. `quantiles`, one a row, takes the place of what the rows' spreads would build: those of a stored run.
    Without `sample_all` only rows that reach a step or a target are drawn. `groups`: streams that move together;
    `ties` says instead row by row which follow others.
    """

    def __init__(
        self,
        binding: Binding,
        targets: Sequence[Target],
        seed: int,
        coordinates: Mapping[str, Coordinate] | None = None,
        quantiles: Sequence[Quantiles] | None = None,
        *,
        sample_all: bool = True,
        groups: Sequence[Group] = (),
        ties: Mapping[int, Tie] | None = None,
    ) -> None:
        binding, places = divided(binding)
        self.binding = binding
        self.targets = tuple(target.moved(places) for target in targets)
        self.seed = seed
        self.groups = tuple(groups)
        own = [row for row in binding.rows if row.twin_of is None]
        self.quantiles = list(quantiles) if quantiles is not None else [_quantiles(row) for row in own]
        self.quantiles += [self.quantiles[row.twin_of] for row in binding.rows if row.twin_of is not None]
        rows = range(len(binding.rows)) if sample_all else sorted(binding.with_partners(_needed(binding, self.targets)))
        if ties is None:
            by_stream = ties_of(groups)
            ties = {i: by_stream[row.stream] for i, row in enumerate(binding.rows)
                    if row.stream in by_stream and row.twin_of is None}  # fmt: skip
        blocks = dict.fromkeys([*(group.streams for group in groups), *(streams for streams, _ in ties.values())])
        self._together = _Together(list(blocks), ties, self.quantiles, seed, coordinates)
        alone = [i for i in rows if i not in self._together.rows]
        self._sampled = _Sampled([row.stream for row in binding.rows], self.quantiles, seed, coordinates, alone)
        self._scaled = Scaled(binding.compositions)
        self.sums = Sums(self.targets, len(binding.steps))
        self.steps = Steps(binding)

    @property
    def code(self) -> str:
        """Names the machine code that draws are made with."""
        return f"{self.steps.digest} {self._sampled.sobol} {self._together.rows != set()}"

    def central(self) -> FloatArray:
        """The targets at what is printed, by plain Python, in their units."""
        rows = self.binding.central()
        steps = self.binding.evaluate(rows)
        return np.array([target.of(rows, steps) for target in self.targets])

    def evaluate(self, first_tile: int, tiles: int, workers: int = 1) -> FloatArray:
        """Target values (target, draw) of a range of tiles, by so many threads."""
        values = np.empty((len(self.targets), tiles * TILE))

        workers = max(1, min(workers, tiles))

        def take(_: FloatArray, block: FloatArray, first: int, stride: int) -> None:
            start = (first - first_tile) * TILE
            values[:, start : start + block.shape[1]] = block

        def part(worker: int) -> None:
            first, last = (tiles * one // workers for one in (worker, worker + 1))
            self.visit(first_tile + first, last - first, take)

        with ThreadPoolExecutor(workers) as threads:
            list(threads.map(part, range(workers)))
        return values

    def plan(self, pilot: FloatArray, workers: int = 1) -> summaries.Plan:
        """What the statistics count, from the values of the pilot's draws."""
        most = max((len(target.thresholds) for target in self.targets), default=0)
        thresholds = np.full((len(self.targets), 2 + most), np.nan)
        for row, target in zip(thresholds, self.targets, strict=True):
            row[: 2 + len(target.thresholds)] = target.low, target.middle, *target.thresholds
        return summaries.plan(pilot, thresholds, workers)

    def visit(self, first_tile: int, tiles: int, keep: Keep) -> None:
        """Draw a range of tiles for `keep` alone."""
        rows, steps = self._buffers()
        for start in range(first_tile, first_tile + tiles, BLOCK_TILES):
            count = min(BLOCK_TILES, first_tile + tiles - start) * TILE
            keep(rows, self._block(start, count, rows, steps)[self.sums.at], start, 1)

    def chunk(self, plan: summaries.Plan, first_tile: int, tiles: int, keep: Keep | None = None) -> summaries.State:
        """The statistics of a range of tiles, taken replicate by replicate; `keep` takes their values."""
        state = summaries.empty(plan)
        buffers = self._buffers()
        stride = summaries.REPLICATES
        for replicate in range(min(stride, tiles)):
            for first in range(first_tile + replicate, first_tile + tiles, stride * BLOCK_TILES):
                count = min(BLOCK_TILES, -(-(first_tile + tiles - first) // stride)) * TILE
                values = self._block(first, count, *buffers, stride)
                if keep is not None:
                    keep(buffers[0], values[self.sums.at], first, stride)
                summaries.accumulate(plan, state, values, first, stride, self.sums.at)
        summaries.fold(plan, state)
        return state

    def parameters_at(self, draw: int) -> list[tuple[Row, float]]:
        """Every row's value at one draw, for looking at a draw that went wrong."""
        rows = self.rows(TILE)
        self.sample(draw // TILE, rows)
        return [(row, float(rows[i, draw % TILE])) for i, row in enumerate(self.binding.rows)]

    def rows(self, draws: int) -> FloatArray:
        """A buffer (row, draw) with the fixed rows filled in."""
        rows = np.empty((len(self.binding.rows), draws))
        for row, quantiles in zip(rows, self.quantiles, strict=True):
            if quantiles.kind == FIXED:
                row[:] = quantiles.parameters[0]
        return rows

    def sample(self, first_tile: int, rows: FloatArray, stride: int = 1) -> None:
        """Draw whole tiles, every `stride`-th from `first_tile` on, into `rows` (row, draw); fixed ones stay."""
        self._sampled.fill(first_tile, rows, stride)
        self._together.fill(first_tile, rows, stride)
        self._scaled.fill(rows)

    def scores(self, first_tile: int, tiles: int = 1) -> FloatArray:
        """Independent normal scores (member, draw) of the members of all groups, in the groups' order."""
        return self._together.scores(first_tile, tiles * TILE)

    def at(self, rows: FloatArray) -> FloatArray:
        """Target values (target, n) at given values of the rows (row, n), in the targets' units."""
        rows = rows.copy()
        self._scaled.fill(rows)
        steps = np.empty((self.sums.height, rows.shape[1]))
        self.steps.evaluate(rows, steps)
        self.sums.fill(rows, steps, rows.shape[1])
        return steps[self.sums.at]

    def _buffers(self) -> tuple[FloatArray, FloatArray]:
        """Rows with the fixed ones filled in; steps, and after them the targets that are more than a step."""
        return self.rows(BLOCK_TILES * TILE), np.empty((self.sums.height, BLOCK_TILES * TILE))

    def _block(self, first_tile: int, draws: int, rows: FloatArray, steps: FloatArray, stride: int = 1) -> FloatArray:
        """`draws` draws, every `stride`-th tile, with target i in row `sums.at[i]`; the buffers are overwritten."""
        # A short block in arrays of its own: for slices of rows numba would compile everything once more.
        drawn, computed = (np.ascontiguousarray(one[:, :draws]) for one in (rows, steps))
        self.sample(first_tile, drawn, stride)
        self.steps.evaluate(drawn, computed)
        self.sums.fill(drawn, computed, draws)
        if draws < rows.shape[1]:
            rows[:, :draws] = drawn
        return computed


class _Sampled:
    """The rows that are drawn, as arrays that one compiled loop can walk; equal tables are held once."""

    def __init__(
        self,
        streams: Sequence[str],
        quantiles: Sequence[Quantiles],
        seed: int,
        coordinates: Mapping[str, Coordinate] | None,
        needed: Iterable[int],
    ) -> None:
        drawn = [i for i in needed if quantiles[i].kind != FIXED]
        if coordinates is not None:  # rows of one net together: its order is found once a tile
            drawn.sort(key=lambda i: coordinates[streams[i]])
        self.rows = np.array(drawn, dtype=np.int64)
        self.kinds, self.parameters, self.spans, self.table = flat([quantiles[i] for i in drawn])
        streams = [streams[i] for i in drawn]
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


def flat(quantiles: Sequence[Quantiles]) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """Kinds, parameters, where each one's table begins and how long it is, and the tables, equal ones once."""
    starts: dict[int, int] = {}
    tables: list[FloatArray] = []
    for one in quantiles:
        if id(one.table) not in starts:
            starts[id(one.table)] = sum(len(table) for table in tables)
            tables.append(one.table)
    spans = [(starts[id(one.table)], len(one.table)) for one in quantiles]
    return (
        np.array([one.kind for one in quantiles], dtype=np.int64),
        np.array([one.parameters for one in quantiles]).reshape(-1, 8),
        np.array(spans, dtype=np.int64).reshape(-1, 2),
        np.concatenate(tables) if tables else np.zeros(1),
    )


class _Together:
    """The rows that follow others: all members of groups but the first ones, whose draws are their own.

    Members' normal scores are drawn as anything else is; a row's own are a weighted sum of those of its block, added in
    the block's order.
    """

    def __init__(
        self,
        blocks: Sequence[tuple[str, ...]],
        ties: Mapping[int, Tie],
        quantiles: Sequence[Quantiles],
        seed: int,
        coordinates: Mapping[str, Coordinate] | None,
    ) -> None:
        found = [i for i in sorted(ties) if quantiles[i].kind != FIXED]
        members = [name for streams in blocks for name in streams]
        scores = [build("normal", {"mean": 0.0, "sd": 1.0}, None)] * len(members)
        self._scores = _Sampled(members, scores, seed, coordinates, range(len(members)))
        self._members = len(members)
        self.rows = set(found)
        self._rows = np.array(found, dtype=np.int64)
        self._weights = np.zeros((len(found), len(members)))
        for row, i in enumerate(found):
            streams, weights = ties[i]
            start = sum(len(one) for one in blocks[: blocks.index(streams)])
            self._weights[row, start : start + len(streams)] = weights
        self._quantiles = flat([quantiles[i] for i in found])

    def fill(self, first_tile: int, out: FloatArray, stride: int = 1) -> None:
        """Draw the rows that follow others, in every `stride`-th tile from `first_tile` on."""
        if self.rows:
            mix(self._rows, self._weights, *self._quantiles, self.scores(first_tile, out.shape[1], stride), out)

    def scores(self, first_tile: int, draws: int, stride: int = 1) -> FloatArray:
        """Normal scores (member, draw) that know nothing of each other."""
        scores = np.empty((self._members, draws))
        self._scores.fill(first_tile, scores, stride)
        return scores


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


class Sums:
    """Targets as sums of rows and steps, as arrays that one compiled loop can walk.

    `at` (target) is where each lies in a buffer of `height` rows: a target that is a step and nothing else is not
    copied; the others come after the steps.
    """

    def __init__(self, targets: Sequence[Target], steps: int) -> None:
        plain = [[(kind, factor) for kind, _, factor in target.parts] == [("step", 1.0)] for target in targets]
        added = [target for target, one in zip(targets, plain, strict=True) if not one]
        after = iter(range(steps, steps + len(added)))
        places = [one.parts[0][1] if is_step else next(after) for one, is_step in zip(targets, plain, strict=True)]
        self.at = np.array(places, dtype=np.int64)
        self.steps, self.height = steps, steps + len(added)
        parts = [part for target in added for part in target.parts]
        self.starts = np.cumsum([0, *(len(target.parts) for target in added)]).astype(np.int64)
        self.from_rows = np.array([kind == "row" for kind, _, _ in parts], dtype=np.bool_)
        self.indices = np.array([index for _, index, _ in parts], dtype=np.int64)
        self.factors = np.array([factor for _, _, factor in parts], dtype=np.float64)
        self.how = np.array([HOW[target.how] for target in added], dtype=np.int64)

    def fill(self, rows: FloatArray, steps: FloatArray, draws: int) -> None:
        """Write the targets that are more than a step."""
        every = np.arange(self.steps, self.height)
        add_up(every, self.starts, self.from_rows, self.indices, self.factors, rows, steps, self.steps, draws)
        _largest(self.how, self.starts, self.from_rows, self.indices, self.factors, rows, steps, self.steps, draws)


@compiled
def add_up(
    which: IntArray,
    starts: IntArray,
    from_rows: npt.NDArray[np.bool_],
    indices: IntArray,
    factors: FloatArray,
    rows: FloatArray,
    steps: FloatArray,
    first: int,
    n: int,
) -> None:
    """Write the first n draws of some targets that are sums, by their places in `steps`; `first` is that of the first.

    The other arguments are those of `Sums`.
    """
    for place in which:
        target = place - first
        result = steps[place]
        for part in range(starts[target], starts[target + 1]):
            values = rows[indices[part]] if from_rows[part] else steps[indices[part]]
            factor = factors[part]
            if part == starts[target]:
                for i in range(n):
                    result[i] = values[i] * factor
            else:
                for i in range(n):
                    result[i] += values[i] * factor


@compiled
def _largest(
    how: IntArray,
    starts: IntArray,
    from_rows: npt.NDArray[np.bool_],
    indices: IntArray,
    factors: FloatArray,
    rows: FloatArray,
    steps: FloatArray,
    first: int,
    n: int,
) -> None:
    """Write the targets that are their largest parts over their sums; what is not finite in a sum stays so."""
    for target in range(len(starts) - 1):
        if how[target] == 0:
            continue
        result = steps[first + target]
        for i in range(n):
            top, second = -np.inf, -np.inf
            for part in range(starts[target], starts[target + 1]):
                value = (rows[indices[part], i] if from_rows[part] else steps[indices[part], i]) * factors[part]
                second = max(second, min(top, value))
                top = max(top, value)
            if how[target] == 2 and starts[target + 1] - starts[target] > 1:
                top += second
            result[i] = top if np.isfinite(result[i]) else result[i]


def _needed(binding: Binding, targets: Sequence[Target]) -> list[int]:
    """Rows that a step or a target is made from."""
    inputs = ((one.kind, one.index) for step in binding.steps for one in step.inputs)
    parts = ((kind, index) for target in targets for kind, index, _ in target.parts)
    return sorted({index for kind, index in (*inputs, *parts) if kind == "row"})


def _quantiles(row: Row) -> Quantiles:
    """The quantile function of a row, in the page's unit."""
    spread = row.spread
    quantiles = build(spread.dist, dict(spread.arguments), spread.truncate)
    quantiles = quantiles.scaled(row.central) if spread.relative else quantiles
    return quantiles.widened(row.central, spread.widen)
