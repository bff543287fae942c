"""Quantile functions: every distribution a page may name, as one record that a compiled loop can sample.

`build` turns a name and arguments into `Quantiles`; `fill` maps 64-bit words to values. One convention for all:
a word w stands for u = w / 2^64, and its value is the quantile of u. So values from one word are comonotone in every
distribution. u itself is never formed near 1: the top bit of the word picks the side, the other 63 bits (complemented
on the upper side) are the tail probability v in (0, 1/2], which keeps its precision down to 2^-64.

    fixed, uniform, triangular                                             closed forms
    normal, truncated_normal, lognormal, pert, beta, scipy (continuous)    dyadic quantile tables (`tables`, `pieces`)
    choice, bernoulli, empirical, scipy (discrete: `counts`)               cells of a piecewise linear CDF (`record`)

The sampling path has no libm call, no fma and no branch that a compiler could round differently: the same bits on
every CPU. Tables hold scipy's digits, whose last ones differ between CPUs: they are rounded (`steady`)
before a table is made of them, and a run that goes on uses the tables stored with it.
"""

from ctsim.distributions.counts import MOST_ATOMS
from ctsim.distributions.record import Quantiles, quantile
from ctsim.distributions.reuse import build
from ctsim.distributions.sampling import FIXED, PIECES, STEPS, TABLE, TRIANGULAR, UNIFORM, fill
from ctsim.distributions.tables import TOLERANCE

__all__ = [
    "FIXED",
    "MOST_ATOMS",
    "PIECES",
    "STEPS",
    "TABLE",
    "TOLERANCE",
    "TRIANGULAR",
    "UNIFORM",
    "Quantiles",
    "build",
    "fill",
    "quantile",
]
