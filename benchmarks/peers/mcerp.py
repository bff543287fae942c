"""mcerp: operators on UncertainFunction, Latin hypercube."""

import mcerp
import numpy as np

from benchmarks import workload
from benchmarks.peers.scipy_families import frozen


def run(n: int, seed: int) -> list[list[float]]:
    """18 rows of statistics from n draws."""
    np.random.seed(seed)  # noqa: NPY002  mcerp draws from numpy's global state
    mcerp.npts = n
    outputs = workload.evaluate({one.name: mcerp.uv(frozen(one)) for one in workload.PARAMETERS})
    return [[y.mean, y.std, *y.percentile(workload.PROBABILITIES)] for y in outputs]
