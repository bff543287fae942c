"""Statistics of a sample that do not depend on the order or the chunking of its draws.

One state holds exact sums, extremes, counts and histograms for a set of outputs. It is made by `accumulate` over tiles
(1024 draws), joined with `combine`, and turned into numbers by `finalize`; every part is an integer, a minimum or a
maximum, so any order of joining gives the same bits.

A pilot (the first 65,536 draws) fixes for every chunk alike what is counted. Sums: deviations from the pilot's median,
in units of a power of two near the pilot's reach, are added within a tile in fixed order, then exactly, in an integer
that spans the whole range of doubles. Quantiles: counts in 4096 even bins over the pilot's middle 99.8 %, read back
with the help of neighbouring counts, with the error that this leaves (`reading`); where a reported quantile's bin
would hold too much, or values repeat, counts between the pilot's own order statistics instead, dense around each
reported quantile, with a bin for each repeated value, which is then exact. Runs no longer than the pilot are exact
throughout. The quantile of share q is everywhere the smallest value that at least q of the draws do not exceed. Errors
come from the 16 replicates: tile t belongs to replicate t mod 16.
"""

from ctsim.summaries.counting import accumulate, combine, fold
from ctsim.summaries.planning import empty, plan
from ctsim.summaries.records import PILOT, QUANTILES, REPLICATES, TILE, Plan, State, Summary
from ctsim.summaries.results import exact_sum, finalize

__all__ = [
    "PILOT", "QUANTILES", "REPLICATES", "TILE", "Plan", "State", "Summary", "accumulate", "combine", "empty",
    "exact_sum", "finalize", "fold", "plan",
]  # fmt: skip
