"""dask.array from end to end, threaded scheduler, chunks of 500,000; percentiles are merged between chunks."""

import math
from typing import Any

import dask
import dask.array as da
import numpy as np

from benchmarks import workload
from benchmarks.peers.scipy_families import frozen
from benchmarks.workload import FloatArray, Parameter

CHUNK = 500_000


def sample(rng: Any, parameter: Parameter, n: int, chunks: int, key: int) -> Any:
    """A lazy array of n values of a parameter."""
    family, given = parameter.family, parameter.arguments
    if family == "lognormal":
        return rng.lognormal(math.log(given[0]), given[1], n, chunks=chunks)
    if family == "pert":
        return given[0] + (given[2] - given[0]) * rng.beta(*parameter.shape, n, chunks=chunks)
    if family != "truncated_normal":
        return getattr(rng, family)(*given, n, chunks=chunks)
    sizes = da.zeros(n, chunks=chunks).chunks
    distribution = frozen(parameter)

    def block(block_info: Any = None) -> FloatArray:
        info = block_info[None]
        seed = np.random.default_rng([key, info["chunk-location"][0]])
        values: FloatArray = distribution.rvs(info["chunk-shape"][0], random_state=seed)
        return values

    return da.map_blocks(block, chunks=sizes, dtype=float, meta=np.array([]))


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    rng = da.random.default_rng(seed)
    chunks = min(CHUNK, -(-n // 2))
    values = {one.name: sample(rng, one, n, chunks, 1000 * seed + i) for i, one in enumerate(workload.PARAMETERS)}
    percents = [100 * p for p in workload.PROBABILITIES]
    wanted = [(y.mean(), y.std(ddof=1), da.percentile(y, percents, method="linear")) for y in workload.evaluate(values)]
    return np.array([[mean, sd, *q] for mean, sd, q in dask.compute(*wanted, scheduler="threads")])
