"""The parameters of workload W as frozen distributions of scipy.stats."""

from __future__ import annotations

from typing import Any

from scipy import stats

from benchmarks.workload import Parameter


def call(parameter: Parameter) -> tuple[Any, dict[str, float]]:
    """The family of scipy.stats and its arguments."""
    family, given = parameter.family, parameter.arguments
    if family == "uniform":
        return stats.uniform, {"loc": given[0], "scale": given[1] - given[0]}
    if family == "triangular":
        low, mode, high = given
        return stats.triang, {"c": (mode - low) / (high - low), "loc": low, "scale": high - low}
    if family == "normal":
        return stats.norm, {"loc": given[0], "scale": given[1]}
    if family == "lognormal":
        return stats.lognorm, {"s": given[1], "loc": 0.0, "scale": given[0]}
    if family == "pert":
        a, b = parameter.shape
        return stats.beta, {"a": a, "b": b, "loc": given[0], "scale": given[2] - given[0]}
    mean, sd, low, high = given
    return stats.truncnorm, {"a": (low - mean) / sd, "b": (high - mean) / sd, "loc": mean, "scale": sd}


def frozen(parameter: Parameter) -> Any:
    """The distribution with its arguments."""
    family, arguments = call(parameter)
    return family(**arguments)
