"""First-order and total indices and Shapley effects of every parameter on every target, from draws that are not kept.

Two independent samples A and B are drawn, a tile at a time. For each variant (`ctsim.variants`) some rows of the two
are exchanged, only what follows from them is computed again, and sums are taken of the four results, from which come

    S1 = 2 E[(A - A')(B' - B)] / D      ST = E[(A - A')^2 + (B - B')^2] / D      D = E[(A - B)^2 + (A' - B')^2]

where A' is A with the rows of B (Azzini, Mara, Rosati, "Comparison of two sets of Monte Carlo estimators of Sobol'
indices", Environmental Modelling & Software 144, 2021: the estimator called IA; the numerator of ST is Jansen's). The
error of a small index is small, and an index that is 0 or 1 by construction comes out so exactly.

Shapley effects: rows of B are replaced by those of A one parameter after the other, in an order drawn anew for each
tile; each replacement counts (y' - y)(A - (y + y')/2) for its parameter (Goda, "A simple algorithm for global
sensitivity analysis with Shapley effects", Reliability Engineering & System Safety 213, 2021). What is not yet replaced
of a dependent group is drawn on condition of what is. Every other tile takes the order of the one before backwards.

Each replicate is one task, its tiles one after the other: any number of threads gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Event
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ctsim.binding import Binding
from ctsim.coordinates import Coordinate
from ctsim.dependence import mix
from ctsim.errors import InputError
from ctsim.exchange import Pair, chain, evaluate, walk
from ctsim.kernel import Kernel, flat
from ctsim.sobol import DIMENSIONS
from ctsim.steps import Arrays
from ctsim.streams import TILE, stream_key
from ctsim.summaries import REPLICATES
from ctsim.variants import OTHER, Mixed, Place, Reach, Variant

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SECOND: Final = "#second"
"""Ends the names of the streams of the second sample; no parameter's name can hold it."""

WIDTH: Final = TILE // 4
"""Draws that are exchanged at a time: two samples and their steps, each twice, have to stay near the processor."""

FURTHER: Final = 512
"""Dimensions between a stream of the first sample and that of the second."""


# ---- lists


@dataclass(frozen=True)
class Lists:
    """Lists of numbers of many owners in one array: those of owner v are items[starts[v] : starts[v + 1]]."""

    starts: IntArray
    items: IntArray

    @staticmethod
    def of(lists: Sequence[Sequence[int]]) -> Lists:
        """The lists one after the other."""
        items = [item for one in lists for item in one]
        return Lists(np.cumsum([0, *map(len, lists)], dtype=np.int64), np.array(items, dtype=np.int64))

    @property
    def arrays(self) -> Pair:
        """As compiled code takes them."""
        return self.starts, self.items

    def __getitem__(self, owner: int) -> slice:
        """Where the items of an owner are."""
        return slice(int(self.starts[owner]), int(self.starts[owner + 1]))


class _Work:
    """What follows from the rows of each owner: steps and sums that are computed again, and targets."""

    def __init__(self, reach: Reach, rows: Sequence[Sequence[int]], at: IntArray) -> None:
        self.targets = Lists.of([reach.targets(one) for one in rows])
        self.again = Lists.of([reach.steps(one) for one in rows])
        self.sums = Lists.of([reach.sums(one) for one in rows])
        self.reached = Lists(self.targets.starts, at[self.targets.items])

    @property
    def arrays(self) -> tuple[Pair, Pair, Pair]:
        """As compiled code takes them."""
        return self.again.arrays, self.sums.arrays, self.reached.arrays


class _Bank:
    """Rows that are mixed from the scores of both samples, behind the rows of a buffer."""

    def __init__(self, kernel: Kernel, mixed: Sequence[Mixed]) -> None:
        self.rows = np.arange(len(mixed), dtype=np.int64) + len(kernel.binding.rows)
        members = sum(len(group.streams) for group in kernel.groups)
        self.weights = np.array([one.weights for one in mixed]).reshape(len(mixed), 2 * members)
        self.quantiles = flat([kernel.quantiles[one.row] for one in mixed])

    def fill(self, own: FloatArray, other: FloatArray, rows: FloatArray) -> None:
        """Mix the scores (member, draw) of a buffer's own sample and of the other one."""
        if len(self.rows):
            mix(self.rows, self.weights, *self.quantiles, np.concatenate([own, other]), rows)


# ---- the second sample


def second(kernel: Kernel, coordinates: Mapping[str, Coordinate] | None, seed: int) -> Kernel:
    """A kernel whose draws have the same distributions and know nothing of those of `kernel`.

    With the `coordinates` of `kernel` each of its streams stands in the same net, a fixed number of dimensions further:
    so the two samples fill space together. Raises InputError where a net has no such dimension.
    """
    rows = tuple(replace(row, stream=row.stream + SECOND) for row in kernel.binding.rows)
    moved = coordinates and {name + SECOND: (net, _further(name, at)) for name, (net, at) in coordinates.items()}
    groups = [replace(one, streams=tuple(name + SECOND for name in one.streams)) for one in kernel.groups]
    renamed = Binding(rows, kernel.binding.steps)
    return Kernel(renamed, kernel.targets, seed, moved, kernel.quantiles, sample_all=False, groups=groups)


def _further(name: str, dimension: int) -> int:
    if dimension >= DIMENSIONS - FURTHER:
        message = f"'{name}' is dimension {dimension} of its net, of which the second sample takes {FURTHER}"
        raise InputError(f"{message}; divide the programme, or take --method mc")
    return dimension + FURTHER


# ---- draws


@dataclass
class State:
    """Sums by replicate: of targets of variants (replicate, pair, 3), and of those of parameters (replicate, pair)."""

    exchanged: FloatArray
    moved: FloatArray

    def combine(self, other: State) -> State:
        """The sums of both."""
        return State(self.exchanged + other.exchanged, self.moved + other.moved)


@dataclass(frozen=True)
class _Scratch:
    """Rows of both samples of a tile with their banks behind them; in `narrow` the same of a part of its draws, then
    base and working copies of steps of both."""

    a: FloatArray
    b: FloatArray
    narrow: tuple[FloatArray, ...]


Done = Callable[[int, State], None]
"""Takes the replicate that is a tile further, and the sums."""


class Walk:
    """Two samples of a kernel, what is exchanged between them, and the sums that indices are made from.

    `known` are the rows of each stream that reaches a target; `groups` those streams that depend on each other.
    Without `orders` no parameter is replaced after another, and there is nothing for Shapley effects.
    """

    def __init__(
        self, kernel: Kernel, other: Kernel, variants: Sequence[Variant], known: Mapping[str, Sequence[int]],
        groups: Sequence[Place], orders: bool = True,
    ) -> None:  # fmt: skip
        self.orders = orders
        self.kernel, self.other, self.variants, self.groups = kernel, other, tuple(variants), tuple(groups)
        self.players = [*known, *(name for one in groups for name in one.group.streams if name not in known)]
        self.seed = kernel.seed
        reach, at = Reach(kernel), kernel.sums.at
        self.work = _Work(reach, [one.rows for one in variants], at)
        self._rows = {name: list(known.get(name, ())) for name in self.players}
        moved = {name: [row for rows in one.rows for row in rows] for one in groups for name in one.group.streams}
        self.moves = _Work(reach, [moved.get(name, self._rows[name]) for name in self.players], at)
        mixed = [one for variant in variants for _, one in variant.swaps if one is not None]
        self._bank = _Bank(kernel, mixed)
        places = iter(self._bank.rows.tolist())
        self._swaps = Lists.of([variant.rows for variant in variants])
        sources = [OTHER if one is None else next(places) for variant in variants for _, one in variant.swaps]
        self._sources = np.array(sources, dtype=np.int64)
        self._mixed: dict[tuple[int, tuple[int, ...]], dict[int, list[Mixed]]] = {}

    @cached_property
    def _code(self) -> tuple[Arrays, tuple[Any, ...]]:
        """What steps are computed by, and what sums are added up from."""
        sums = self.kernel.sums
        parts = (sums.starts, sums.from_rows, sums.indices, sums.factors, sums.steps)
        return self.kernel.steps.arrays, parts

    def nothing(self) -> State:
        """The sums of no tile."""
        return State(
            np.zeros((REPLICATES, len(self.work.targets.items), 3)),
            np.zeros((REPLICATES, len(self.moves.targets.items))),
        )

    def run(
        self, tiles: int, workers: int, stop: Event, done: Done | None = None, begun: State | None = None,
        counts: Sequence[int] = (),
    ) -> State | None:  # fmt: skip
        """The sums of so many tiles, by so many threads; None if `stop` was set before the end.

        `begun` are sums of the first `counts` (replicate) tiles of each replicate, to go on from; `done` hears of each
        further tile, from any thread.
        """
        state = self.nothing() if begun is None else State(begun.exchanged.copy(), begun.moved.copy())

        def one(replicate: int) -> None:
            scratch, first = self._scratch(), counts[replicate] if counts else 0
            for number, tile in list(enumerate(range(replicate, tiles, REPLICATES)))[first:]:
                if stop.is_set():
                    return
                self._tile(tile, replicate, number, scratch, state.exchanged[replicate], state.moved[replicate])
                if done:
                    done(replicate, state)

        _ = self._code  # made once, before there are threads
        with ThreadPoolExecutor(max(1, min(workers, REPLICATES))) as threads:
            list(threads.map(one, range(min(REPLICATES, tiles))))
        return None if stop.is_set() else state

    def _scratch(self) -> _Scratch:
        """Room for one thread."""
        most = sum(len(one.group.streams) * sum(map(len, one.rows)) for one in self.groups)
        height = len(self.kernel.binding.rows) + max(len(self._bank.rows), most)
        a, b = np.empty((2, height, TILE))
        a[: len(self.kernel.binding.rows)] = b[: len(self.kernel.binding.rows)] = self.kernel.rows(TILE)
        heights = (height, height, *4 * (self.kernel.sums.height,))
        return _Scratch(a, b, tuple(np.empty((one, WIDTH)) for one in heights))

    def _tile(
        self, tile: int, replicate: int, number: int, scratch: _Scratch, exchanged: FloatArray, moved: FloatArray
    ) -> None:
        """Add the sums of one tile, the `number`-th of its replicate."""
        height = len(self.kernel.binding.rows)
        self.kernel.sample(tile, scratch.a[:height])
        self.other.sample(tile, scratch.b[:height])
        mine, theirs = self.kernel.scores(tile), self.other.scores(tile)
        self._bank.fill(mine, theirs, scratch.a)
        self._bank.fill(theirs, mine, scratch.b)
        for first in range(0, TILE, WIDTH):
            self._computed(scratch, first)
            walk(self._swaps.arrays, self._sources, *self.work.arrays, *self._code, scratch.narrow, exchanged)
        if not self.orders:
            return
        order = self.order(replicate, number)
        taken, sources, bank = self._taken(order)
        bank.fill(theirs, mine, scratch.b)
        of = {name: k for k, name in enumerate(self.players)}
        numbers = np.array([of[name] for name in order], dtype=np.int64)
        for first in range(0, TILE, WIDTH):
            self._computed(scratch, first)
            chain(numbers, taken.arrays, sources, *self.moves.arrays, *self._code, scratch.narrow, moved)

    def _computed(self, scratch: _Scratch, first: int) -> None:
        """Take the draws from `first` on, and compute all steps and sums of both samples."""
        a, b, base_a, base_b, work_a, work_b = scratch.narrow
        sums = self.kernel.sums
        steps, added = np.arange(sums.steps), np.arange(sums.steps, sums.height)
        for wide, rows, base, work in ((scratch.a, a, base_a, work_a), (scratch.b, b, base_b, work_b)):
            rows[:] = wide[:, first : first + WIDTH]
            evaluate(steps, added, *self._code, rows, base)
            work[:] = base

    # ---- orders

    def order(self, replicate: int, number: int) -> list[str]:
        """The order in which parameters are replaced in the `number`-th tile of a replicate.

        Two tiles have one order, forwards and backwards: then what two parameters do together is halved exactly. The
        members of a group keep their places in it but go round among themselves, so that each is first equally often.
        """
        half = number // 2
        order = sorted(self.players, key=lambda name: stream_key(self.seed, f"#order {replicate} {half} {name}"))
        for place in self.groups:
            members, size = place.group.streams, len(place.group.streams)
            turn = half // size
            base = sorted(members, key=lambda name: stream_key(self.seed, f"#turn {replicate} {turn} {name}"))
            shift = _spread_out(size)[half % size]
            turned = iter([*base[shift:], *base[:shift]])
            inside = set(members)
            order = [next(turned) if name in inside else name for name in order]
        return order[::-1] if number % 2 else order

    def _taken(self, order: Sequence[str]) -> tuple[Lists, IntArray, _Bank]:
        """For each player the rows that are replaced when its turn comes, their sources, and the bank of the order."""
        swaps = {name: [(row, OTHER) for row in self._rows[name]] for name in self.players}
        mixed: list[Mixed] = []
        first = len(self.kernel.binding.rows)
        place_of = {name: k for k, name in enumerate(order)}
        for number, place in enumerate(self.groups):
            members = place.group.streams
            inside = tuple(sorted(range(len(members)), key=lambda i: place_of[members[i]]))
            for cut, member in enumerate(inside):
                following = self._conditional(number, inside[: cut + 1], inside[cut + 1 :])
                swaps[members[member]] += [(one.row, first + len(mixed) + k) for k, one in enumerate(following)]
                mixed += following
        rows = Lists.of([[row for row, _ in swaps[name]] for name in self.players])
        sources = [source for name in self.players for _, source in swaps[name]]
        return rows, np.array(sources, dtype=np.int64), _Bank(self.kernel, mixed)

    def _conditional(self, number: int, known: tuple[int, ...], new: tuple[int, ...]) -> list[Mixed]:
        """The rows of the new members of a group, on condition of those that are known from the first sample."""
        if not new:
            return []
        key = (number, (*known, -1, *new))
        if key not in self._mixed:
            self._mixed[key] = self.groups[number].mixed((*known, *new), len(known), own_first=False)
        return [one for member in new for one in self._mixed[key][member]]


def _spread_out(size: int) -> list[int]:
    """0 ... size - 1 in an order whose beginnings lie as evenly as they can: 0, 2, 1, 3 for 4."""

    def mirrored(value: int) -> int:
        return int(f"{value:010b}"[::-1], 2)

    return sorted(range(size), key=mirrored)


# ---- indices


def ratios(parts: FloatArray, wholes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ratios of sums (replicate, n) over replicates, and their errors; NaN where the whole is 0.

    The error is that of a ratio of means from its replicates.
    """
    whole = wholes.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = parts.sum(axis=0) / whole
        residual = (parts - ratio * wholes) * (len(parts) / whole)
        error = np.sqrt((residual**2).sum(axis=0) / (len(parts) * (len(parts) - 1)))
    return ratio, error


@dataclass(frozen=True)
class Index:
    """An index and its error of one owner on some targets."""

    targets: IntArray
    value: FloatArray
    mcse: FloatArray


def indices(walk: Walk, state: State) -> tuple[dict[tuple[str, str], Index], dict[tuple[str, str], Index]]:
    """First-order and total indices of every variant, by its kind and name."""
    cross, square, whole = (state.exchanged[:, :, k] for k in range(3))
    first, total = ratios(2.0 * cross, whole), ratios(square, whole)
    owners = [(one.kind, one.name) for one in walk.variants]
    targets = walk.work.targets

    def of(values: tuple[FloatArray, FloatArray]) -> dict[tuple[str, str], Index]:
        parts = [targets[k] for k in range(len(owners))]
        return {owner: Index(targets.items[at], values[0][at], values[1][at])
                for owner, at in zip(owners, parts, strict=True)}  # fmt: skip

    return of(first), of(total)


def shapley(walk: Walk, state: State) -> dict[str, Index]:
    """Shapley effects of every parameter; those of a target sum to 1."""
    targets = walk.moves.targets
    whole = np.zeros((len(state.moved), len(walk.kernel.targets)))
    for k in range(len(walk.players)):
        whole[:, targets.items[targets[k]]] += state.moved[:, targets[k]]
    value, error = ratios(state.moved, whole[:, targets.items])
    return {name: Index(targets.items[targets[k]], value[targets[k]], error[targets[k]])
            for k, name in enumerate(walk.players)}  # fmt: skip
