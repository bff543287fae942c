"""JAX: draws, formulas and statistics as jitted functions in float64 on the CPU."""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import workload
from benchmarks.workload import FloatArray, Parameter

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def sample(key: Any, parameter: Parameter, n: int) -> Any:
    """n values of a parameter."""
    family, given = parameter.family, parameter.arguments
    if family == "uniform":
        return jax.random.uniform(key, (n,), minval=given[0], maxval=given[1])
    if family == "triangular":
        return jax.random.triangular(key, *given, (n,))
    if family == "normal":
        return given[0] + given[1] * jax.random.normal(key, (n,))
    if family == "lognormal":
        return jnp.exp(math.log(given[0]) + given[1] * jax.random.normal(key, (n,)))
    if family == "pert":
        return given[0] + (given[2] - given[0]) * jax.random.beta(key, *parameter.shape, (n,))
    mean, sd, low, high = given
    return mean + sd * jax.random.truncated_normal(key, (low - mean) / sd, (high - mean) / sd, (n,))


@partial(jax.jit, static_argnums=1)
def outputs(key: Any, n: int) -> Any:
    """(output, draw)."""
    keys = jax.random.split(key, len(workload.PARAMETERS))
    drawn = {one.name: sample(keys[i], one, n) for i, one in enumerate(workload.PARAMETERS)}
    return jnp.stack(workload.evaluate(drawn))


@jax.jit
def summary(rows: Any) -> Any:
    """(output, statistic)."""
    quantiles = jnp.quantile(rows, jnp.array(workload.PROBABILITIES), axis=1).T
    return jnp.column_stack([rows.mean(axis=1), rows.std(axis=1, ddof=1), quantiles])


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    return np.asarray(summary(outputs(jax.random.key(seed), n)))
