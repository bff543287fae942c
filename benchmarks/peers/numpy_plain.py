"""numpy's Generator, one array a parameter, formulas on arrays; numpy has no truncated normal, so scipy draws it."""

import numpy as np

from benchmarks import workload
from benchmarks.peers.sampling import draw
from benchmarks.peers.scipy_families import frozen
from benchmarks.workload import FloatArray


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    rng = np.random.default_rng(seed)
    values = {
        one.name: frozen(one).rvs(n, random_state=rng) if one.family == "truncated_normal" else draw(rng, one, n)
        for one in workload.PARAMETERS
    }
    outputs = workload.evaluate(values)
    del values
    return workload.statistics(outputs)
