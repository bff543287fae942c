"""A revision, on common draws and on draws by the order of inputs: how sure the difference of two editions is.

The revision adds a programme and moves another by 10 %. Standard errors are taken from repeated seeds. The engines that
redraw share everything with ctsim (formulas, quantile functions, exact sums) but draw a table of
(draw, input), as today's engines do: one more input and the same seed gives other draws of all the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import REPORT
from ctsim import dataset
from ctsim.catalog import Scenario, load
from ctsim.compare import compare
from ctsim.distributions import FIXED, fill
from ctsim.kernel import Kernel
from ctsim.switches import switched

FloatArray = npt.NDArray[np.float64]

ADDED, MOVED = "energy_saving_equipment", "clean_energy_vehicles"
VEHICLES = ("ev_vehicles", "phev_vehicles")
YEARS = ("2030", "2040", "2050")
METRIC = "co2_reduction"
ENGINES = ("ctsim", "numpy, redraws", "scipy Sobol', redraws")


@cache
def editions(fewest: bool = False) -> tuple[Scenario, Scenario]:
    """The report without a programme, and with it, another moved by 10 %; of all programmes, or of four."""
    report = load(REPORT)
    names = [one.id for one in report.programmes]
    if fewest:
        names = [one for one in names if one in (ADDED, MOVED, "offshore_wind", "insulated_windows")]
    moved = next(one for one in report.programmes if one.id == MOVED)
    changes = [
        f'[[change]]\nparameter = "{MOVED}.{name}"\nvalue = {1.1 * float(moved.parameters[name].record.value)!r}\n'
        'reason = "a tenth more cars"\nsource = { key = "study", where = "benchmark" }\n'
        for name in VEHICLES
    ]
    return _written([one for one in names if one != ADDED], []), _written(names, changes)


def _written(programmes: Sequence[str], changes: Sequence[str]) -> Scenario:
    """Inputs are independent: the engines that redraw know no dependence."""
    head = f'[scenario]\nid = "edition"\nextends = "{REPORT}"\ntitle_en = "edition"\ntitle_ja = "edition"\n'
    with TemporaryDirectory(prefix="ctsim-bench-") as folder:
        path = Path(folder) / "edition.toml"
        path.write_text(f"{head}programmes = {list(programmes)}\n" + "".join(changes), encoding="utf-8")
        return switched(load(path), dependence=0)


class Redrawing:
    """An edition as an engine draws it that knows inputs by their place."""

    def __init__(self, edition: Scenario, keys: Sequence[tuple[str, str]]) -> None:
        found = {one.key: one for one in dataset.targets(edition, YEARS, [METRIC]) if one.node == f"/{METRIC}"}
        self.kernel = Kernel(edition.binding, [found[key] for key in keys], 0)
        self.inputs: dict[str, list[int]] = {}
        for number, row in enumerate(edition.binding.rows):
            if self.kernel.quantiles[number].kind != FIXED:
                self.inputs.setdefault(row.stream, []).append(number)

    def means(self, points: Callable[[int, int], FloatArray], draws: int) -> FloatArray:
        """The mean of every quantity over points (draw, input)."""
        words = (points(draws, len(self.inputs)).T * 2.0**53).astype(np.uint64) << np.uint64(11)
        rows = self.kernel.rows(draws)
        for at, numbers in enumerate(self.inputs.values()):
            for number in numbers:
                one = self.kernel.quantiles[number]
                fill(one.kind, one.parameters, one.table, np.ascontiguousarray(words[at]), rows[number])
        return np.asarray(self.kernel.at(rows).mean(axis=1))


def _points(engine: str, seed: int) -> Callable[[int, int], FloatArray]:
    """Points (draw, input) in [0, 1)."""

    def numpy_points(draws: int, inputs: int) -> FloatArray:
        return np.random.default_rng(seed).random((draws, inputs))

    def sobol_points(draws: int, inputs: int) -> FloatArray:
        return qmc.Sobol(inputs, scramble=True, rng=np.random.default_rng(seed)).random(draws)

    return numpy_points if engine.startswith("numpy") else sobol_points


def quantities(pair: tuple[Scenario, Scenario]) -> list[tuple[str, str]]:
    """Programme and year of every cell that both editions have, those of the moved programme first."""
    keys = [{one.key for one in dataset.targets(edition, YEARS, [METRIC]) if one.node == f"/{METRIC}"}
            for edition in pair]  # fmt: skip
    both = sorted(keys[0] & keys[1], key=lambda key: (key[0] != MOVED, *key))
    return [(programme, year) for programme, year in both]


def difference(engine: str, draws: int, seed: int, pair: tuple[Scenario, Scenario]) -> FloatArray:
    """The mean of every quantity in the second edition less that in the first."""
    keys = quantities(pair)
    if engine == "ctsim":
        found = compare(*pair, draws=draws, seed=seed, metrics=[METRIC], cells=[f"{MOVED}.{METRIC}.2030"])
        mean = found.tree[METRIC].dataset["mean"]
        return np.array([float(mean.sel(programme=programme, year=int(year))) for programme, year in keys])
    sides = [Redrawing(edition, keys).means(_points(engine, seed), draws) for edition in pair]
    return np.asarray(sides[1] - sides[0])


def _case(point: Point) -> Case:
    engine, draws, seeds = point["engine"], point["draws"], point["seeds"]
    pair = editions(point["programmes"] == "four")
    keys = quantities(pair)

    def run() -> Mapping[str, float]:
        """Standard errors in % of the difference, by year, and how many cells differ that did not change."""
        found = np.array([difference(engine, draws, seed, pair) for seed in range(seeds)])
        size = np.abs(found.mean(axis=0))
        errors = {year: 100 * float(found[:, i].std(ddof=1) / size[i])
                  for i, (programme, year) in enumerate(keys) if programme == MOVED}  # fmt: skip
        same = [i for i, (programme, _) in enumerate(keys) if programme != MOVED]
        said = {f"error {year}, %": error for year, error in errors.items()}
        return said | {"cells that seem to differ": float((found[:, same] != 0).any(axis=0).sum())}

    return Case(run)


def _sweep(draws: int, seeds: int) -> tuple[Point, ...]:
    return tuple({"engine": one, "draws": draws, "seeds": seeds, "programmes": "all"} for one in ENGINES)


register(
    Spec(
        name="revision",
        title="A revision that adds a programme and moves another by 10 %: errors over seeds of the moved cells",
        build=_case,
        sweep=_sweep(2**16, 8),
        quick=_sweep(2**14, 4),
        tiny={"engine": ENGINES[1], "draws": 2**12, "seeds": 2, "programmes": "four"},
        unit="comparisons",
        repeats=1,
        warm=False,
    )
)
