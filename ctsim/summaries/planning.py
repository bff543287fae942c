"""From a pilot sample to a plan of what is counted, and the state of no draws."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from ctsim.summaries.records import (
    DIGITS,
    EVEN,
    LISTED,
    POWERS,
    QUANTILES,
    REPLICATES,
    FloatArray,
    IntArray,
    Plan,
    State,
)

_EVEN_BINS: Final = 4096
_EVEN_REACH: Final = 0.001
_EVEN_MOST: Final = 0.002
_EVEN_MARGIN: Final = 4
_COARSE: Final = 1024
_FINE_STEP: Final = 8
_FINE_SPAN: Final = 5.0
_MOST_ATOMS: Final = 256


def plan(pilot: FloatArray, thresholds: FloatArray, workers: int = 1) -> Plan:
    """A plan from pilot values (n, draws) and the thresholds (n, at least 2) of the outputs; `workers` threads sort."""
    with ThreadPoolExecutor(workers) as threads:
        outputs = list(threads.map(_output, pilot))
    edges, cuts = [one.edges for one in outputs], [one.cuts for one in outputs]
    return Plan(
        centre=np.array([one.centre for one in outputs], dtype=np.float64),
        scale=np.array([one.scale for one in outputs], dtype=np.float64),
        kind=np.array([EVEN if one.even else LISTED for one in outputs], dtype=np.int64),
        low=np.array([one.edges[0] if one.even else 0.0 for one in outputs], dtype=np.float64),
        per_width=np.array(
            [_EVEN_BINS / (one.edges[-1] - one.edges[0]) if one.even else 0.0 for one in outputs], dtype=np.float64
        ),
        edges=np.concatenate(edges) if edges else np.zeros(0),
        offsets=np.concatenate(([0], np.cumsum([len(one) for one in edges]))).astype(np.int64),
        cuts=np.array(cuts, dtype=np.int64).reshape(len(pilot), len(QUANTILES)),
        thresholds=thresholds,
    )


@dataclass(frozen=True)
class _Output:
    """What is counted for one output."""

    centre: float
    scale: float
    even: bool
    edges: FloatArray
    cuts: IntArray


def _output(values: FloatArray) -> _Output:
    ordered = np.sort(values[np.isfinite(values)])
    even = _even_edges(ordered)
    edges = _listed_edges(ordered) if even is None else even
    return _Output(*_place(ordered), even is not None, edges, _cuts(ordered, edges))


def _place(ordered: FloatArray) -> tuple[float, float]:
    """Median of the pilot, and the power of two that brings the largest deviation from it (or itself) to about 1.

    So constants have no deviation at all, and no square leaves the range of doubles, however large or small values are.
    """
    if len(ordered) == 0:
        return 0.0, 1.0
    centre = float(ordered[len(ordered) // 2])
    half_reach = max(ordered[-1] / 2 - centre / 2, centre / 2 - ordered[0] / 2) or abs(centre)
    _, exponent = np.frexp(half_reach)
    return centre, float(np.ldexp(1.0, int(np.clip(-exponent, -1000, 1000))))


def _even_edges(ordered: FloatArray) -> FloatArray | None:
    """Even edges over the pilot's middle, or None where they would not do: repeated values, or too much in one bin."""
    n = len(ordered)
    if n < _EVEN_BINS or np.any(ordered[1:] == ordered[:-1]):
        return None
    low, high = ordered[int(_EVEN_REACH * n)], ordered[int((1 - _EVEN_REACH) * n)]
    if not np.isfinite(per_width := _EVEN_BINS / (high - low)) or high - low < 1e-9 * max(abs(low), abs(high)):
        return None
    marks = _order_statistics(ordered)
    bins = ((marks - low) * per_width).astype(np.int64)
    if bins.min() < _EVEN_MARGIN or bins.max() >= _EVEN_BINS - _EVEN_MARGIN:
        return None
    edges = low + np.arange(_EVEN_BINS + 1) * ((high - low) / _EVEN_BINS)
    held = np.searchsorted(ordered, edges[bins + 1]) - np.searchsorted(ordered, edges[bins])
    return edges if held.max() <= _EVEN_MOST * n else None


def _listed_edges(ordered: FloatArray) -> FloatArray:
    """Order statistics as edges: even ranks, dense ranks around reported quantiles, both sides of repeated values."""
    n = len(ordered)
    if n == 0:
        return np.zeros(1)
    even = ordered[np.linspace(0, n - 1, min(n, _COARSE)).astype(np.int64)]
    ranks = []
    for q in QUANTILES:
        span = _FINE_SPAN * np.sqrt(q * (1 - q) * n) + _FINE_STEP
        around = np.arange(q * n - span, q * n + span, _FINE_STEP).astype(np.int64)
        ranks.append(np.clip(around, 0, n - 1))
    fine = ordered[np.concatenate(ranks)]
    atoms = _atoms(ordered, fine)
    return np.unique(np.concatenate([even, fine, atoms, np.nextafter(atoms, np.inf)]))


def _atoms(ordered: FloatArray, fine: FloatArray) -> FloatArray:
    """Values that repeat: all of them if they are few, else the most frequent and those among `fine`."""
    values, counts = np.unique(ordered, return_counts=True)
    repeated = values[counts > 1]
    if len(repeated) <= _MOST_ATOMS:
        return repeated
    frequent = repeated[np.argsort(-counts[counts > 1], kind="stable")[:_MOST_ATOMS]]
    return np.union1d(frequent, np.intersect1d(repeated, fine))


def _cuts(ordered: FloatArray, edges: FloatArray) -> IntArray:
    """For each reported quantile the number of bins at or below the pilot's; an atom's own bin is among them."""
    if len(ordered) == 0:
        return np.zeros(len(QUANTILES), np.int64)
    return np.minimum(np.searchsorted(edges, _order_statistics(ordered), side="right") + 1, len(edges) + 1)


def _order_statistics(ordered: FloatArray) -> FloatArray:
    """The reported quantiles of a sorted row, as values that occur in it."""
    ranks = np.ceil(len(ordered) * np.array(QUANTILES) - 1.0)
    return ordered[np.maximum(ranks, 0.0).astype(np.int64)]


def empty(plan: Plan) -> State:
    """The state of no draws."""
    n, q, h = plan.outputs, len(QUANTILES), plan.thresholds.shape[1]
    return State(
        draws=np.zeros(1, np.int64),
        digits=np.zeros((n, REPLICATES, POWERS, DIGITS), np.int64),
        finite=np.zeros((n, REPLICATES), np.int64),
        not_finite=np.zeros(n, np.int64),
        first_bad=np.full(n, np.iinfo(np.int64).max),
        minimum=np.full(n, np.inf),
        maximum=np.full(n, -np.inf),
        bins=np.zeros(len(plan.edges) + n, np.int64),
        at_most=np.zeros((n, REPLICATES, q), np.int64),
        at_least=np.zeros((n, REPLICATES, h), np.int64),
        pending=np.zeros((n, plan.most_bins), np.uint16),
    )
