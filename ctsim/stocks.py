"""What formulas may call beside arithmetic: a path between two years, and what is left of a stock with age.

Plain functions of numbers, with the same bits everywhere as those of `ctsim.elementary`.
"""

from __future__ import annotations

from typing import Final

from ctsim.elementary import exp, pow

# Gauss and Legendre's eight points and weights on (0, 1).
_NODES: Final = (
    0.019855071751231912,
    0.10166676129318664,
    0.2372337950418355,
    0.4082826787521751,
    0.5917173212478248,
    0.7627662049581645,
    0.8983332387068134,
    0.9801449282487681,
)
_WEIGHTS: Final = (
    0.05061426814518853,
    0.11119051722668721,
    0.15685332293894344,
    0.18134189168918083,
    0.18134189168918083,
    0.15685332293894344,
    0.11119051722668721,
    0.05061426814518853,
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
    return exp(-pow(age / mean_life * _gamma_above_one(1 / shape), shape))


def stock_years(span: float, mean_life: float, shape: float) -> float:
    """Yearly cohorts still in use after `span` years of one cohort a year: the integral of `survival`, in years.

    Within 0.1 % where `span` is at most two and a half mean lives and the shape at most 4.5.
    """
    stretch = _gamma_above_one(1 / shape) / mean_life
    share = 0.0
    for node in range(8):
        share += _WEIGHTS[node] * exp(-pow(span * _NODES[node] * stretch, shape))
    return span * share


def _gamma_above_one(x: float) -> float:
    result = _GAMMA[0]
    for power in range(1, 15):
        result = result * x + _GAMMA[power]
    return result
