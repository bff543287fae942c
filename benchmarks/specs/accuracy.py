"""Accuracy a second: Monte Carlo standard errors of the report's cells, by method."""

from collections.abc import Mapping

import numpy as np

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import METHODS, REPORT, W, rounded, scenario, simulated
from ctsim.engine import Run

TAILS = (0.05, 0.95)
NODES = ("/co2_reduction", "/economic_effect", "/other")


def errors(run: Run) -> tuple[list[float], list[float]]:
    """Monte Carlo standard errors of the means and of the 5 % and 95 % quantiles, in standard deviations, by cell."""
    means, tails = [], []
    for name in NODES:
        node = run.tree[name].dataset
        sd = node["sd"].values.ravel()
        random = np.isfinite(sd) & (sd > 0)
        means += (node["mcse"].values.ravel()[random] / sd[random]).tolist()
        for q in TAILS:
            tails += (node["quantiles_mcse"].sel(quantile=q).values.ravel()[random] / sd[random]).tolist()
    return means, tails


def _root_mean_square(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values else 0.0


def _accuracy(point: Point) -> Case:
    """Beside the seconds, the median and the root mean square of the relative errors over all cells."""
    loaded, draws, method = scenario(point["scenario"]), point["draws"], point["method"]
    seeds = iter(range(10**6))

    def run() -> Mapping[str, float]:
        means, tails = errors(simulated(loaded, draws, 2, method, next(seeds)))
        return {
            "mean error": float(np.median(means)), "tail error": float(np.median(tails)),
            "mean error rms": _root_mean_square(means), "tail error rms": _root_mean_square(tails),
        }  # fmt: skip

    return Case(run, rounded(draws, method))


def _points(name: str, *powers: int) -> tuple[Point, ...]:
    return tuple({"scenario": name, "method": m, "draws": 2**k} for k in powers for m in METHODS)


register(
    Spec(
        name="accuracy",
        title="Accuracy a second: median relative Monte Carlo errors over all cells, 2 threads",
        build=_accuracy,
        sweep=_points(REPORT, 16, 20),
        quick=_points(REPORT, 16),
        tiny={"scenario": W, "method": "sobol", "draws": 2**14},
    )
)
