"""Draws of workload W by numpy alone, as several opponents take them."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.workload import FloatArray, Parameter


def draw(rng: np.random.Generator, parameter: Parameter, n: int) -> FloatArray:
    """`n` values of a parameter; the truncated normal by redrawing what lies outside."""
    family, given = parameter.family, parameter.arguments
    if family == "uniform":
        return rng.uniform(*given, n)
    if family == "triangular":
        return rng.triangular(*given, n)
    if family == "normal":
        return rng.normal(*given, n)
    if family == "lognormal":
        return rng.lognormal(math.log(given[0]), given[1], n)
    if family == "pert":
        values = rng.beta(*parameter.shape, n)
        values *= given[2] - given[0]
        values += given[0]
        return values
    return _redrawn(rng, *given, n)


def _redrawn(rng: np.random.Generator, mean: float, sd: float, low: float, high: float, n: int) -> FloatArray:
    values = rng.normal(mean, sd, n)
    outside = np.flatnonzero((values < low) | (values > high))
    while outside.size:
        again = rng.normal(mean, sd, outside.size)
        values[outside] = again
        outside = outside[(again < low) | (again > high)]
    return values
