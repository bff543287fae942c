"""SALib's Latin hypercube with its distributions; it has no beta, so scipy turns those columns into PERT."""

import math
from typing import Any

from SALib.sample import latin

from benchmarks import workload
from benchmarks.peers.scipy_families import frozen
from benchmarks.workload import FloatArray, Parameter


def bounds(parameter: Parameter) -> tuple[str, list[float]]:
    """SALib's name of the family and what it calls bounds."""
    family, given = parameter.family, parameter.arguments
    if family == "triangular":
        low, mode, high = given
        return "triang", [low, high, (mode - low) / (high - low)]
    if family == "truncated_normal":
        mean, sd, low, high = given
        return "truncnorm", [low, high, mean, sd]
    if family == "lognormal":
        return "lognorm", [math.log(given[0]), given[1]]
    if family == "pert":
        return "unif", [0.0, 1.0]
    return {"uniform": "unif", "normal": "norm"}[family], list(given)


def problem() -> dict[str, Any]:
    """Workload W in SALib's words."""
    found = [bounds(one) for one in workload.PARAMETERS]
    return {
        "num_vars": len(found), "names": list(workload.NAMES), "bounds": [b for _, b in found],
        "dists": [name for name, _ in found],
    }  # fmt: skip


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    values = latin.sample(problem(), n, seed=seed)
    for i, one in enumerate(workload.PARAMETERS):
        if one.family == "pert":
            values[:, i] = frozen(one).ppf(values[:, i])
    outputs = workload.evaluate(dict(zip(workload.NAMES, values.T, strict=True)))
    del values
    return workload.statistics(outputs)
