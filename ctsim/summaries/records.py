"""What is counted (plan), what is known so far (state), and what is reported (summary)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TILE: Final = 1024
REPLICATES: Final = 16
PILOT: Final = 65_536
QUANTILES: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)

POWERS: Final = 3
DIGITS: Final = 68
EVEN: Final = 1
LISTED: Final = 2


@dataclass(frozen=True)
class Plan:
    """What is counted for each of n outputs, fixed before the run.

    centre, scale (n): deviations are taken from the one and multiplied by the other, a power of two. kind (n): EVEN or
    LISTED bins; both have edges[offsets[i]:offsets[i + 1]] and one bin more than edges. low, per_width (n): first edge
    and bins a unit of EVEN bins. cuts (n, quantile): how many bins lie below the pilot's quantile; the replicates'
    counts there give the quantile's error. thresholds (n, threshold), NaN where there is none: low end and middle of
    the published figure come first.
    """

    centre: FloatArray
    scale: FloatArray
    kind: IntArray
    low: FloatArray
    per_width: FloatArray
    edges: FloatArray
    offsets: IntArray
    cuts: IntArray
    thresholds: FloatArray

    @property
    def outputs(self) -> int:
        """How many outputs are counted."""
        return len(self.centre)

    @property
    def most_bins(self) -> int:
        """Bins of the output that has most."""
        return int(np.diff(self.offsets).max(initial=0)) + 1


@dataclass
class State:
    """What is known of a set of tiles. Arrays by output n, replicate r, quantile q, threshold h: see `Plan`.

    `pending` holds the bins of the tiles of one replicate that are not yet in `bins` and `at_most`; `pending_tiles`
    says of how many.
    """

    draws: IntArray  # (1)
    digits: IntArray  # (n, r, power, digit) exact sums of scaled deviations, their squares and cubes
    finite: IntArray  # (n, r)
    not_finite: IntArray  # (n)
    first_bad: IntArray  # (n)
    minimum: FloatArray  # (n)
    maximum: FloatArray  # (n)
    bins: IntArray  # flat
    at_most: IntArray  # (n, r, q) draws in the bins below each cut
    at_least: IntArray  # (n, r, h) draws at or above each threshold
    pending: npt.NDArray[np.uint16]  # (n, bin)
    pending_replicate: int = -1
    pending_tiles: int = 0

    @property
    def nbytes(self) -> int:
        """Memory of all arrays."""
        return sum(getattr(self, one.name).nbytes for one in fields(self) if one.type != "int")


@dataclass(frozen=True)
class Summary:
    """Statistics of n outputs; arrays (n), (n, quantile) or (n, threshold). mcse: Monte Carlo standard error."""

    draws: int
    mean: FloatArray
    mcse: FloatArray
    sd: FloatArray
    sd_mcse: FloatArray
    skewness: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    quantiles: FloatArray
    quantiles_mcse: FloatArray
    shortest: FloatArray  # (n, 2) ends of the shortest interval that holds 90 % of the draws
    p_at_least: FloatArray
    p_at_least_mcse: FloatArray
    not_finite: IntArray
    first_bad: IntArray
    deviations: FloatArray
    """(n, 1 + quantile, replicate) how far mean and quantiles of a replicate lie from those of all, to first order."""
