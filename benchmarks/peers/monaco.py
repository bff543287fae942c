"""monaco: a Sim with its default sampling, one Python call a case, single-threaded."""

from typing import Any

import monaco
import numpy as np

from benchmarks import workload
from benchmarks.peers.scipy_families import call
from benchmarks.workload import FloatArray


def _before(case: Any) -> tuple[float, ...]:
    return tuple(case.invals[name].val for name in workload.NAMES)


def _run(*values: float) -> tuple[float, ...]:
    return tuple(workload.evaluate(dict(zip(workload.NAMES, values, strict=True))))


def _after(case: Any, *outputs: float) -> None:
    for name, value in zip(workload.OUTPUTS, outputs, strict=True):
        case.addOutVal(name, value)


def run(n: int, seed: int) -> FloatArray:
    """18 rows of statistics from n draws."""
    steps = {"preprocess": _before, "run": _run, "postprocess": _after}
    quiet = {"verbose": False, "savesimdata": False, "savecasedata": False}
    sim = monaco.Sim(name="W", ndraws=n, fcns=steps, seed=seed, singlethreaded=True, **quiet)
    for one in workload.PARAMETERS:
        family, arguments = call(one)
        sim.addInVar(name=one.name, dist=family, distkwargs=arguments)
    sim.runSim()
    return workload.statistics([np.array(sim.outvars[name].nums) for name in workload.OUTPUTS])
