"""dask.delayed over numpy chunks of 100,000 draws, a stream a chunk, threaded scheduler; exact quantiles."""

import dask
import numpy as np

from benchmarks import workload
from benchmarks.peers.sampling import draw
from benchmarks.workload import FloatArray

CHUNK = 100_000


@dask.delayed(pure=False)
def outputs(key: np.random.SeedSequence, n: int) -> FloatArray:
    """(output, draw) of a chunk."""
    rng = np.random.default_rng(key)
    return np.stack(workload.evaluate({one.name: draw(rng, one, n) for one in workload.PARAMETERS}))


@dask.delayed(pure=False)
def summary(row: FloatArray) -> list[float]:
    """The statistics of one output."""
    return [row.mean(), row.std(ddof=1), *np.quantile(row, workload.PROBABILITIES)]


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    number = max(2, -(-n // CHUNK))
    keys = np.random.SeedSequence(seed).spawn(number)
    sizes = [n // number + (i < n % number) for i in range(number)]
    parts = dask.compute(*map(outputs, keys, sizes), scheduler="threads")
    rows = np.concatenate(parts, axis=1)
    del parts
    return np.array(dask.compute(*map(summary, rows), scheduler="threads"))
