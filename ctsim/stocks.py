"""What formulas may call beside arithmetic: a path between two years, and what is left of a stock with age.

Plain functions of numbers, with the same bits everywhere as those of `ctsim.elementary`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ctsim.elementary import quick_exp, quick_log

# Gauss and Legendre's three points on (0, 1), and weights.
_NODES: Final = (0.1127016653792583, 0.5, 0.8872983346207417)
_WEIGHTS: Final = (0.2777777777777778, 0.4444444444444444, 0.2777777777777778)
_DIED_OUT: Final = 16.0
"""Power of an age beyond which a cohort counts as gone: e to the power -16 of it is left, a ten millionth."""
_TERMS: Final = 24
"""Half of the terms of the series up to there: the next are below 3e-11 of the sum."""
_GAMMA: Final = (
    0.0035275735720515827,
    -0.02998311683457764,
    0.1192630153348156,
    -0.29834230750419677,
    0.5358686678101532,
    -0.7550661639526426,
    0.8990759816834648,
    -0.965834910206997,
    0.9864579829672605,
    -0.9809554553797756,
    0.9816209686093885,
    -0.9074723457036644,
    0.9890557715522396,
    -0.5772156619376623,
    0.9999999999934283,
)
"""Coefficients of the gamma function of 1 + x for x from 0 to 1, highest power first: within 1e-11."""


def linear_path(first: float, last: float, progress: float) -> float:
    """The value between two years: `first` where `progress` is 0, `last` where it is 1."""
    return first + progress * (last - first)


def survival(age: float, mean_life: float, shape: float) -> float:
    """Share of a cohort still in use at `age`: Weibull, mean life in the unit of age, and a shape of at least 1.

    Within 1e-10 of itself; NaN for an age below 0.
    """
    return quick_exp(-_power(age / mean_life * _gamma_above_one(1.0 / shape), shape))


def stock_years(span: float, mean_life: float, shape: float) -> float:
    """Yearly cohorts still in use after `span` years of one cohort a year: the integral of `survival`, in years.

    Within 1e-7 of it for every span and every shape from 1, never above the mean life; it never falls, but for 1e-10.
    NaN for a span below 0.
    """
    part = 1.0 / shape
    scale = mean_life / _gamma_above_one(part)
    power = _power(span / scale, shape)
    total = _series(power, power, power, part)[0]
    return mean_life if power >= _DIED_OUT else span * total


def ramped_stock_years(span: float, ramp: float, mean_life: float, shape: float) -> float:
    """Cohorts still in use `span` years after the first, where their number a year rises from 0 to 1 over `ramp` years.

    The mean of `stock_years` over lines that start one after another, by Gauss and Legendre's three points: within
    1e-4 of it where the ramp is at most half a mean life and the shape from 1.5 to 6. 0 for a span below 0.
    A ramp of none or less, as a spread that an option widens has, is one of a hundredth.
    """
    last = span if span > 0.0 else 0.0
    rise = ramp if ramp > 0.01 else 0.01
    first = span - rise if span > rise else 0.0
    width = last - first
    part = 1.0 / shape
    scale = mean_life / _gamma_above_one(part)
    a, b, c = first + _NODES[0] * width, first + _NODES[1] * width, first + _NODES[2] * width
    x, y, z = _power(a / scale, shape), _power(b / scale, shape), _power(c / scale, shape)
    totals = _series(x, y, z, part)
    one = mean_life if x >= _DIED_OUT else a * totals[0]
    two = mean_life if y >= _DIED_OUT else b * totals[1]
    three = mean_life if z >= _DIED_OUT else c * totals[2]
    return width / rise * (_WEIGHTS[0] * one + _WEIGHTS[1] * two + _WEIGHTS[2] * three)


def _power(share: float, shape: float) -> float:
    """`share` to the power `shape` within 1e-11: without its sign the power of e that is left of a cohort."""
    return quick_exp(shape * quick_log(1e-300 if 0.0 <= share < 1e-300 else share))


def _series(x: float, y: float, z: float, part: float) -> tuple[float, float, float]:
    """For three powers e^-x (1 + x/(1 + part) (1 + x/(2 + part) (1 + ...))): stock years by span.

    An incomplete gamma function by its series of positive terms (NIST Handbook of Mathematical Functions, 8.7.1), with
    one division at its end. Three at a time and in two loops, because each step waits for the one before and only
    loops this short are unrolled, and then made vectors of.
    """
    a, b, c, below = 1.0, 1.0, 1.0, 1.0
    for before in range(_TERMS):
        below = below * (part + (2 * _TERMS - before))
        a = below + x * a
        b = below + y * b
        c = below + z * c
    for before in range(_TERMS):
        below = below * (part + (_TERMS - before))
        a = below + x * a
        b = below + y * b
        c = below + z * c
    return quick_exp(-x) * a / below, quick_exp(-y) * b / below, quick_exp(-z) * c / below


def _gamma_above_one(x: float) -> float:
    result = _GAMMA[0]
    for power in range(1, 15):
        result = result * x + _GAMMA[power]
    return result


FUNCTIONS: Final[dict[str, Callable[..., float]]] = {
    "linear_path": linear_path, "survival": survival, "stock_years": stock_years,
    "ramped_stock_years": ramped_stock_years,
}  # fmt: skip
"""What a formula may import."""

ALL: Final[tuple[Callable[..., Any], ...]] = (*FUNCTIONS.values(), _power, _series, _gamma_above_one)
"""What has to be compiled for them, beside the functions of `ctsim.elementary`."""
