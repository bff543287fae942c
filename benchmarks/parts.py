"""The parts of a draw by themselves, on one thread: random words, and the quantile function of a family.

Compiled loops call the functions that the kernel calls, a tile of 1024 draws at a time, on buffers that stay in cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.registry import Case
from benchmarks.scenarios import sampled, scenario
from ctsim.compiled import compiled
from ctsim.coordinates import assign
from ctsim.distributions import Quantiles, build, fill
from ctsim.sobol import directions, net_order, shuffle_key, sobol_words
from ctsim.streams import TILE, stream_key, words

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]
DigitArray = npt.NDArray[np.uint32]

FAMILIES: Mapping[str, Mapping[str, Any]] = {
    "uniform": {"low": 1.0, "high": 2.0},
    "triangular": {"low": 1.0, "mode": 1.5, "high": 3.0},
    "normal": {"mean": 1.0, "sd": 0.1},
    "truncated_normal": {"mean": 1.0, "sd": 0.1, "low": 0.8, "high": 1.1},
    "lognormal": {"median": 1.0, "gsd": 1.4},
    "pert": {"low": 1.0, "mode": 1.5, "high": 3.0},
    "beta": {"a": 2.0, "b": 5.0, "low": 0.0, "high": 1.0},
    "bernoulli": {"p": 0.3},
    "choice": {"values": (1.0, 2.0, 3.0, 4.0), "weights": (1.0, 2.0, 3.0, 4.0)},
    "empirical": {"values": (0.0, 1.0, 3.0, 4.0), "probabilities": (0.0, 0.5, 0.9, 1.0)},
}


def words_alone(method: str, tiles: int) -> Case:
    """Random words of one stream, and nothing else; for sobol with an order of the net already found."""
    key, out = np.uint64(stream_key(0, "benchmark")), np.empty(TILE, np.uint64)
    order, dimension = np.zeros(TILE, np.uint32), np.array(directions(7), dtype=np.uint32)
    net_order(np.uint64(shuffle_key("benchmark")), 0, order)

    def run() -> None:
        if method == "mc":
            _words(key, tiles, out)
        else:
            _sobol_words(key, tiles, order, dimension, out)

    return Case(run, tiles * TILE)


def quantiles_alone(family: str, tiles: int) -> Case:
    """The quantile function of a family, on words that are there already."""
    one = build(family, dict(FAMILIES[family]))
    given, out = np.empty(TILE, np.uint64), np.empty(TILE)
    words(np.uint64(stream_key(0, "benchmark")), 0, 0, given)

    def run() -> None:
        _fill(one.kind, one.parameters, one.table, tiles, given, out)

    return Case(run, tiles * TILE)


def floor(name: str, tiles: int, method: str) -> Case:
    """Words and quantiles of everything that a scenario draws, and nothing else: no formulas, no statistics.

    One row after the other, so that its table stays in cache: what the parts cost by themselves.
    """
    rows = sampled(name)
    places = assign(rows, scenario(name).programmes)
    rows.sort(key=lambda row: places[row.stream])
    found = [_quantiles(row) for row in rows]
    kinds = np.array([one.kind for one in found], dtype=np.int64)
    parameters = np.array([one.parameters for one in found])
    ends = np.cumsum([0, *(len(one.table) for one in found)])
    tables = np.concatenate([one.table for one in found])
    keys = np.array([stream_key(0, row.stream) for row in rows], dtype=np.uint64)
    nets = np.array([shuffle_key(places[row.stream][0]) for row in rows], dtype=np.uint64)
    dimensions = np.array([directions(places[row.stream][1]) for row in rows], dtype=np.uint32)

    def run() -> None:
        _sample(method == "sobol", keys, nets, dimensions, kinds, parameters, tables, ends, tiles)

    return Case(run, tiles * TILE, {"parameters": len(rows)})


def _quantiles(row: Any) -> Quantiles:
    spread = row.spread
    one = build(spread.dist, dict(spread.arguments), spread.truncate)
    return one.scaled(row.central) if spread.relative else one


@compiled
def _words(key: np.uint64, tiles: int, out: WordArray) -> None:
    for tile in range(tiles):
        words(key, tile, 0, out)


@compiled
def _sobol_words(key: np.uint64, tiles: int, order: DigitArray, dimension: DigitArray, out: WordArray) -> None:
    for _ in range(tiles):
        sobol_words(key, order, dimension, out)


@compiled
def _fill(kind: int, parameters: FloatArray, table: FloatArray, tiles: int, given: WordArray, out: FloatArray) -> None:
    for _ in range(tiles):
        fill(kind, parameters, table, given, out)


@compiled
def _sample(
    sobol: bool, keys: WordArray, nets: WordArray, dimensions: DigitArray, kinds: IntArray, parameters: FloatArray,
    tables: FloatArray, ends: IntArray, tiles: int,
) -> None:  # fmt: skip
    given, out, order = np.empty(1024, np.uint64), np.empty(1024), np.zeros(1024, np.uint32)
    for i in range(len(keys)):
        table = tables[ends[i] : ends[i + 1]]
        first = i == 0 or nets[i] != nets[i - 1]
        for tile in range(tiles):
            if not sobol:
                words(keys[i], tile, 0, given)
            else:
                if first:  # once a net and tile; the other dimensions of the net use it again
                    net_order(nets[i], tile, order)
                sobol_words(keys[i], order, dimensions[i], given)
            fill(kinds[i], parameters[i], table, given, out)
