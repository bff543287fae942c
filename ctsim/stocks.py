"""What formulas may call beside arithmetic: a path between two years, and what is left of a stock with age.

Plain functions of numbers, with the same bits everywhere as those of `ctsim.elementary`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ctsim.elementary import exp, pow

# Gauss and Legendre's six points on (0, 1), as logarithms, and weights.
_LOG_NODES: Final = (
    -3.3883233221881066,
    -1.7755202021841745,
    -0.9657688143393257,
    -0.4791499810214893,
    -0.1856012973883337,
    -0.03434845452025293,
)
_WEIGHTS: Final = (
    0.08566224618958514,
    0.18038078652406936,
    0.23395696728634552,
    0.23395696728634552,
    0.18038078652406936,
    0.08566224618958514,
)
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
    """Share of a cohort still in use at `age`: Weibull with that mean life, in the unit of age, and a shape above 1."""
    return exp(-pow(age / mean_life * _gamma_above_one(1.0 / shape), shape))


def stock_years(span: float, mean_life: float, shape: float) -> float:
    """Yearly cohorts still in use after `span` years of one cohort a year: the integral of `survival`, in years.

    Within 0.1 % where `span` is at most 1.9 mean lives and the shape from 2 to 4.5.
    """
    reach = pow(span / mean_life * _gamma_above_one(1.0 / shape), shape)
    share = 0.0
    for node in range(6):
        share += _WEIGHTS[node] * exp(-reach * exp(shape * _LOG_NODES[node]))
    return span * share


def _gamma_above_one(x: float) -> float:
    result = _GAMMA[0]
    for power in range(1, 15):
        result = result * x + _GAMMA[power]
    return result


FUNCTIONS: Final[dict[str, Callable[..., float]]] = {
    "linear_path": linear_path, "survival": survival, "stock_years": stock_years,
}  # fmt: skip
"""What a formula may import."""

ALL: Final[tuple[Callable[..., Any], ...]] = (*FUNCTIONS.values(), _gamma_above_one)
"""What has to be compiled for them, beside the functions of `ctsim.elementary`."""
