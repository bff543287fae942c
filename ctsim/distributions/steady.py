"""What keeps quantile tables the same where scipy's, numpy's or the system's last digits are others.

Tables are made where a run begins, and every shard of a run makes its own: on CPUs that differ, too.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim import elementary
from ctsim.compiled import compiled, machine_code

FloatArray = npt.NDArray[np.float64]

KEPT_BITS: Final = 36

_exp: Final = machine_code(elementary.ALL)[0]


def steady(values: npt.ArrayLike, bits: int = KEPT_BITS) -> FloatArray:
    """`values` to 36 (or `bits`) significant bits: an error of 7e-12, a hundredth of what a table may have.

    scipy's values on two CPUs differ in the last of 53 bits if at all, so that a rounded one differs in one of 100,000
    such cases.
    """
    fraction, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits))


def steady_moments(mean: float, sd: float) -> tuple[float, float]:
    """A mean and a standard deviation to 36 bits: the mean to those of the larger of both, because 0 may have been
    computed as 1e-17.
    """
    size = max(abs(mean), sd)
    if 0 < size < np.inf:
        unit = math.ldexp(1.0, math.frexp(size)[1] - KEPT_BITS)
        mean = round(mean / unit) * unit
    return mean, float(steady(sd))


def added(terms: FloatArray) -> FloatArray:
    """The sum along the last axis, one term after the other; the order of `np.sum` is numpy's own matter."""
    return np.asarray(np.cumsum(terms, axis=-1)[..., -1])


@compiled
def exponentials(values: FloatArray) -> FloatArray:
    """exp of every value; numpy's has other last digits on CPUs with AVX-512, in one of twenty values."""
    result = np.empty_like(values)
    for i in range(len(values)):
        result[i] = _exp(values[i])
    return result


def exp_less_one(x: float) -> float:
    """exp(x) - 1 for x > 0, accurate also where that is small."""
    power = elementary.exp(x)
    if power == 1.0:
        return x
    # Errors of exp and log at nearby places cancel (W. Kahan).
    return power - 1.0 if power > 2.0 else (power - 1.0) * (x / elementary.log(power))
