"""One numba loop over the draws, in parallel, with np.random inside; outputs are kept and numpy takes the quantiles."""

import math
from collections.abc import Callable
from functools import cache

import numba
import numpy as np

from benchmarks import workload
from benchmarks.workload import FloatArray, Parameter

PARTS = 64
HEAD = """
def loop(out, seed):
    n = out.shape[1]
    size = -(-n // PARTS)
    for part in prange(PARTS):
        np.random.seed(seed + part)
        for i in range(part * size, min(n, (part + 1) * size)):
"""


def lines(parameter: Parameter) -> list[str]:
    """What draws one value, as a user would write it."""
    name, family, given = parameter.name, parameter.family, parameter.arguments
    if family == "truncated_normal":
        mean, sd, low, high = given
        again = f"{name} = np.random.normal({mean!r}, {sd!r})"
        return [again, f"while {name} < {low!r} or {name} > {high!r}:", f"    {again}"]
    if family == "pert":
        a, b = parameter.shape
        return [f"{name} = {given[0]!r} + {given[2] - given[0]!r} * np.random.beta({a!r}, {b!r})"]
    if family == "lognormal":
        given = (math.log(given[0]), given[1])
    return [f"{name} = np.random.{family}({', '.join(map(repr, given))})"]


@cache
def compiled() -> Callable[[FloatArray, int], None]:
    """The loop, compiled."""
    body = [line for parameter in workload.PARAMETERS for line in lines(parameter)]
    scope = {"np": np, "prange": numba.prange, "PARTS": PARTS}
    for j, (name, formula) in enumerate(workload.formulas().items()):
        scope[f"{name}_formula"] = numba.njit(formula)
        body += [f"{name} = {name}_formula({', '.join(workload.arguments(name))})", f"out[{j}, i] = {name}"]
    exec(HEAD + "".join(f"            {line}\n" for line in body), scope)
    loop: Callable[[FloatArray, int], None] = numba.njit(scope["loop"], parallel=True)
    return loop


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    outputs = np.empty((len(workload.OUTPUTS), n))
    compiled()(outputs, PARTS * seed)
    return workload.statistics(list(outputs))
