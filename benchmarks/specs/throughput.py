"""Draws a second of whole runs: by draws, threads, parameters, formulas and method."""

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import METHODS, REPORT, W, simulation

TINY = 2048


def _run(point: Point) -> Case:
    name = point.get("scenario", REPORT)
    if "parameters" in point:
        name = f"made {point['parameters']} {point['formulas']}"
    return simulation(name, point["draws"], point.get("workers", 2), point.get("method", "mc"))


def _draws(name: str, *draws: int) -> tuple[Point, ...]:
    return tuple({"scenario": name, "draws": n} for n in draws)


register(
    Spec(
        name="draws",
        title="Throughput by draws, 2 threads",
        build=_run,
        sweep=_draws(REPORT, 10**5, 10**6, 10**7) + _draws(W, 10**5, 10**6, 10**7, 10**8),
        quick=_draws(REPORT, 10**6) + _draws(W, 10**6),
        tiny={"scenario": W, "draws": TINY},
        seconds=120,
    )
)

register(
    Spec(
        name="threads",
        title="Throughput by threads",
        build=_run,
        sweep=tuple(
            {"scenario": s, "draws": d, "workers": n} for s, d in ((REPORT, 2**21), (W, 10**7)) for n in (1, 2)
        ),
        quick=tuple({"scenario": REPORT, "draws": 10**6, "workers": n} for n in (1, 2)),
        tiny={"scenario": W, "draws": TINY, "workers": 1},
    )
)

register(
    Spec(
        name="parameters",
        title="Throughput by parameters: 60 formulas of six arguments, 2 threads",
        build=_run,
        sweep=tuple({"parameters": n, "formulas": 60, "draws": 10**6} for n in (12, 36, 120, 360)),
        quick=tuple({"parameters": n, "formulas": 60, "draws": 10**5} for n in (12, 120)),
        tiny={"parameters": 12, "formulas": 2, "draws": TINY},
    )
)

register(
    Spec(
        name="formulas",
        title="Throughput by formulas of six arguments: 60 parameters, 2 threads",
        build=_run,
        sweep=tuple({"parameters": 60, "formulas": n, "draws": 10**6} for n in (10, 30, 100, 300)),
        quick=tuple({"parameters": 60, "formulas": n, "draws": 10**5} for n in (10, 100)),
        tiny={"parameters": 12, "formulas": 2, "draws": TINY},
    )
)

register(
    Spec(
        name="method",
        title="Throughput by method, 2 threads",
        build=_run,
        sweep=tuple(
            {"scenario": s, "method": m, "draws": n} for s, n in ((REPORT, 2**21), (W, 2**23)) for m in METHODS
        ),
        quick=tuple({"scenario": REPORT, "method": m, "draws": 2**20} for m in METHODS),
        tiny={"scenario": W, "method": "sobol", "draws": TINY},
    )
)
