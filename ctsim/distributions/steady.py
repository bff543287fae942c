"""What keeps quantile tables the same where scipy's, numpy's or the system's last digits are others.

Tables are made where a run begins, and every shard of a run makes its own: on CPUs that differ, too.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim import elementary
from ctsim.compiled import compiled, machine_code

FloatArray = npt.NDArray[np.float64]

KEPT_BITS: Final = 36

_exp: Final = machine_code(elementary.ALL)[0]


def steady(values: npt.ArrayLike) -> FloatArray:
    """`values` to 36 significant bits: an error of 7e-12, a hundredth of what a table may have.

    scipy's values on two CPUs differ in the last of 53 bits if at all, so that a rounded one differs in one of 100,000
    such cases.
    """
    fraction, exponent = np.frexp(values)
    return np.asarray(np.ldexp(np.rint(np.ldexp(fraction, KEPT_BITS)), exponent - KEPT_BITS))


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
