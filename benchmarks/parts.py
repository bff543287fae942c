"""The parts of a draw by themselves, on one thread: random words, and the quantile function of a family.

Compiled loops call the functions that the kernel calls, a tile of 1024 draws at a time, on buffers that stay in cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.registry import Case
from benchmarks.scenarios import sampled
from ctsim.compiled import compiled
from ctsim.distributions import Quantiles, build, fill
from ctsim.streams import TILE, stream_key, words

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

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


def words_alone(tiles: int) -> Case:
    """Random words of one stream, and nothing else."""
    key, out = np.uint64(stream_key(0, "benchmark")), np.empty(TILE, np.uint64)

    def run() -> None:
        _words(key, tiles, out)

    return Case(run, tiles * TILE)


def quantiles_alone(family: str, tiles: int) -> Case:
    """The quantile function of a family, on words that are there already."""
    one = build(family, dict(FAMILIES[family]))
    given, out = np.empty(TILE, np.uint64), np.empty(TILE)
    words(np.uint64(stream_key(0, "benchmark")), 0, 0, given)

    def run() -> None:
        _fill(one.kind, one.parameters, one.table, tiles, given, out)

    return Case(run, tiles * TILE)


def floor(name: str, tiles: int) -> Case:
    """Words and quantiles of everything that a scenario draws, and nothing else: no formulas, no statistics."""
    rows = sampled(name)
    found = [_quantiles(row) for row in rows]
    keys = np.array([stream_key(0, row.stream) for row in rows], dtype=np.uint64)
    kinds = np.array([one.kind for one in found], dtype=np.int64)
    parameters = np.array([one.parameters for one in found])
    ends = np.cumsum([0, *(len(one.table) for one in found)])
    tables = np.concatenate([one.table for one in found])
    given, out = np.empty(TILE, np.uint64), np.empty((len(rows), TILE))

    def run() -> None:
        _sample(keys, kinds, parameters, tables, ends, tiles, given, out)

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
def _fill(kind: int, parameters: FloatArray, table: FloatArray, tiles: int, given: WordArray, out: FloatArray) -> None:
    for _ in range(tiles):
        fill(kind, parameters, table, given, out)


@compiled
def _sample(
    keys: WordArray, kinds: IntArray, parameters: FloatArray, tables: FloatArray, ends: IntArray, tiles: int,
    given: WordArray, out: FloatArray,
) -> None:  # fmt: skip
    for tile in range(tiles):
        for i in range(len(keys)):
            words(keys[i], tile, 0, given)
            fill(kinds[i], parameters[i], tables[ends[i] : ends[i + 1]], given, out[i])
