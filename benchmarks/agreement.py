"""Do all opponents give the same statistics? Every pair, every output, every statistic, within Monte Carlo error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from benchmarks import workload
from benchmarks.peers import peer
from benchmarks.peers.sampling import draw
from benchmarks.workload import FloatArray

FALSE_ALARMS = 1e-3
"""Probability that opponents who all sample rightly are said to disagree, over all comparisons together."""

REFERENCE = 2**20
_STEP = 0.01  # half the probability over which a density is taken


@dataclass(frozen=True)
class Disagreement:
    """Two opponents that differ: `z` standard errors in one statistic of one output."""

    first: str
    second: str
    output: str
    statistic: str
    z: float


@dataclass(frozen=True)
class Agreement:
    """`limit` is the largest |z| that chance explains; `worst` the largest one of each opponent."""

    comparisons: int
    limit: float
    worst: dict[str, float]
    disagreements: tuple[Disagreement, ...]


def errors(outputs: Sequence[FloatArray]) -> FloatArray:
    """(output, statistic) standard errors times the root of the number of draws, from a sample of every output.

    Standard deviation: sqrt((m4 - s^4) / 4 s^2). Quantiles: sqrt(p (1 - p)) over the density.
    """
    p = np.array(workload.PROBABILITIES)
    rows = []
    for y in outputs:
        deviations = y - y.mean()
        variance = np.mean(deviations**2)
        spread = sqrt((np.mean(deviations**4) - variance**2) / (4 * variance))
        density = 2 * _STEP / (np.quantile(y, p + _STEP) - np.quantile(y, p - _STEP))
        rows.append([sqrt(variance), spread, *(np.sqrt(p * (1 - p)) / density)])
    return np.array(rows)


def reference() -> FloatArray:
    """`errors` of workload W."""
    rng = np.random.default_rng(0)
    return errors(workload.evaluate({one.name: draw(rng, one, REFERENCE) for one in workload.PARAMETERS}))


def compare(records: Sequence[dict[str, Any]], scale: FloatArray | None = None) -> Agreement:
    """Every pair of records that have statistics; `scale` as `errors` gives it."""
    usable = [record for record in records if "statistics" in record]
    scale = reference() if scale is None else scale
    pairs = list(combinations(usable, 2))
    number = len(pairs) * scale.size
    limit = -NormalDist().inv_cdf(FALSE_ALARMS / 2 / max(number, 1))
    worst = {_name(record): 0.0 for record in usable}
    found: list[Disagreement] = []
    for first, second in pairs:
        z = _distance(first, second, scale)
        names = _name(first), _name(second)
        worst |= {name: max(worst[name], float(z.max())) for name in names}
        found += [
            Disagreement(*names, workload.OUTPUTS[i], workload.STATISTICS[j], float(z[i, j]))
            for i, j in np.argwhere(~(z <= limit)).tolist()
        ]
    return Agreement(number, limit, worst, tuple(sorted(found, key=lambda one: -one.z)))


def _distance(first: dict[str, Any], second: dict[str, Any], scale: FloatArray) -> FloatArray:
    """|difference| in standard errors, less what one of them is allowed for statistics that it only estimates."""
    difference = np.abs(np.array(first["statistics"]) - np.array(second["statistics"]))
    rough = np.array([_rough(first, name) + _rough(second, name) for name in workload.STATISTICS])
    beyond = np.maximum(difference - rough * scale[:, :1], 0.0)
    beyond[np.isnan(difference)] = np.inf
    result: FloatArray = beyond / (scale * sqrt(1 / first["draws"] + 1 / second["draws"]))
    return result


def _rough(record: dict[str, Any], statistic: str) -> float:
    return peer(record["name"]).rough.get(statistic, 0.0)


def _name(record: dict[str, Any]) -> str:
    return f"{record['name']} {record['asked']:,}"
