"""ema-workbench: a Model with real parameters, its Monte Carlo sampler, sequential evaluation."""

import numpy as np
from ema_workbench import Model, RealParameter, Samplers, ScalarOutcome, SequentialEvaluator

from benchmarks import workload
from benchmarks.peers.scipy_families import frozen
from benchmarks.workload import FloatArray


def _function(**values: float) -> dict[str, float]:
    return dict(zip(workload.OUTPUTS, workload.evaluate(values), strict=True))


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    np.random.seed(seed)  # noqa: NPY002  the sampler draws from numpy's global state
    model = Model("W", function=_function)
    model.uncertainties = [RealParameter.from_dist(one.name, frozen(one)) for one in workload.PARAMETERS]
    model.outcomes = [ScalarOutcome(name) for name in workload.OUTPUTS]
    with SequentialEvaluator(model) as evaluator:
        _, found = evaluator.perform_experiments(scenarios=n, uncertainty_sampling=Samplers.MC)
    return workload.statistics([np.asarray(found[name]) for name in workload.OUTPUTS])
