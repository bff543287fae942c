"""How far the report's statistics are from the truth, by draws and method: what the docs' convergence plot shows."""

from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import METHODS, REPORT, W, rounded, scenario, simulated
from benchmarks.specs.accuracy import NODES, TAILS, errors
from ctsim.engine import Run

REFERENCE_SEED = 10**6
FloatArray = npt.NDArray[np.float64]


def statistics(run: Run) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Means, quantiles (cell, TAILS) and standard deviations of the random cells, by node."""
    for name in NODES:
        node = run.tree[name].dataset
        sd = node["sd"].values.ravel()
        random = np.isfinite(sd) & (sd > 0)
        quantiles = node["quantiles"].sel(quantile=list(TAILS)).values.reshape(-1, len(TAILS))
        yield node["mean"].values.ravel()[random], quantiles[random], sd[random]


def distances(run: Run, truth: Run) -> tuple[float, float]:
    """Median distance of the means and of the 5 % and 95 % quantiles from those of `truth`, in standard deviations."""
    means, tails = [], []
    for (mean, quantiles, _), (true_mean, true_quantiles, sd) in zip(statistics(run), statistics(truth), strict=True):
        means += (np.abs(mean - true_mean) / sd).tolist()
        tails += (np.abs(quantiles - true_quantiles) / sd[:, None]).ravel().tolist()
    return float(np.median(means)), float(np.median(tails))


@cache
def _truth(name: str, draws: int) -> Run:
    """A run of another seed with so many draws that its own error is small beside those that are shown."""
    return simulated(scenario(name), draws, 2, "sobol", REFERENCE_SEED)


def _convergence(point: Point) -> Case:
    loaded, draws, method = scenario(point["scenario"]), point["draws"], point["method"]
    truth = _truth(point["scenario"], point["reference"])
    seeds = iter(range(10**6))

    def run() -> Mapping[str, float]:
        found = simulated(loaded, draws, 2, method, next(seeds))
        mean, tail = distances(found, truth)
        stated_means, stated_tails = errors(found)
        return {
            "mean off": mean, "tail off": tail,
            "mean error": float(np.median(stated_means)), "tail error": float(np.median(stated_tails)),
        }  # fmt: skip

    return Case(run, rounded(draws, method))


def _points(*powers: int) -> tuple[Point, ...]:
    return tuple({"scenario": REPORT, "method": m, "draws": 2**k, "reference": 2**23} for k in powers for m in METHODS)


register(
    Spec(
        name="convergence",
        title="Convergence: how far the report's cells are from a run of 2^23 draws, and what their error says",
        build=_convergence,
        sweep=_points(14, 15, 16, 17, 18, 19, 20, 21),
        quick=_points(14, 16),
        tiny={"scenario": W, "method": "sobol", "draws": 2**14, "reference": 2**15},
        repeats=3,
        warm=False,
    )
)
