"""What reviews ask for, on the whole report: a pair of scenarios, what their difference comes from, S1 and ST."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from threading import Event
from typing import Final

from benchmarks.registry import Case, Point, Spec, register
from benchmarks.scenarios import REPORT, scenario, simulated
from ctsim.catalog import Scenario
from ctsim.compare import Comparison, compare
from ctsim.request import asked_for
from ctsim.sensitivity import tiles_of, walk_of
from ctsim.switches import switched

TEN: Final = {
    "perovskite_solar.progress_2040": 20, "offshore_wind.progress_2040": 20, "hydrogen_supply_chain.progress_2040": 20,
    "clean_energy_vehicles.ev_vehicles": 99_381, "clean_energy_vehicles.additional_share": 44,
    "electric_commercial_vehicles.additional_share": 36, "insulated_windows.window_life": 25,
    "insulated_windows.additional_share": 63, "car_life": 12.5, "grid_factor": 0.4,
}  # fmt: skip
"""A revision: three paths that are slower, cars, trucks and windows, and two parameters that programmes share."""

TOTALS: Final = (
    "units_supported.co2_reduction.2030", "units_supported.co2_reduction.2040", "units_supported.co2_reduction.2050",
    "units_supported_first_year", "windows_parts", "cars_parts", "trucks_parts", "photonics_parts", "chips_parts",
    "power.co2_reduction.2040.world_market.largest", "power.co2_reduction.2040.japanese_firms.largest",
    "hydrogen.co2_reduction.2040.world_market.largest",
)  # fmt: skip
UNTOUCHED: Final = ("industrial_furnaces.co2_reduction.2050",)
"""Nothing to attribute: the pair alone."""


@cache
def revision(entries: str) -> Scenario:
    """The report with `ten` parameters moved, or `every` one that has a spread and one value, by a twentieth."""
    report = scenario(REPORT)
    if entries == "ten":
        return switched(report, set=TEN)
    drawn = {row.stream for row in report.binding.rows if row.spread.dist != "fixed"}
    values = {name: one.record.value for name, one in report.parameters().items()
              if name in drawn and not one.record.sum_to_one}  # fmt: skip
    return switched(report, set={name: 0.95 * value for name, value in values.items() if isinstance(value, float)})


def _compared(entries: str, draws: int, cells: Sequence[str]) -> Comparison:
    """The report and its revision on common draws by two threads, some quantities attributed."""
    return compare(scenario(REPORT), revision(entries), draws=draws, method="mc", cells=cells, workers=2)


def _pair(point: Point) -> Case:
    draws, changed = point["draws"], point["changed"]
    if changed == "one run":
        return Case(lambda: _nothing(simulated(scenario(REPORT), draws, 2, "mc")), draws)
    facts = {"entries": len(_compared(changed, 2**14, UNTOUCHED).differences)}
    return Case(lambda: _nothing(_compared(changed, draws, UNTOUCHED)), draws, facts)


def _attribution(point: Point) -> Case:
    cells = TOTALS[: point["totals"]]
    return Case(lambda: _nothing(_compared("ten", point["draws"], cells)), point["draws"])


def _nothing(_: object) -> None:
    """Results are not kept."""


def _indices(point: Point) -> Case:
    asked, _ = asked_for(
        scenario(REPORT), draws=2 * point["draws"], seed=0, method="sobol", years=None, programmes=None, metrics=None,
        thresholds=(), workers=2, formulas=None, progress=None,
    )  # fmt: skip
    walk, tiles = walk_of(asked, asked.kernel(bounds=False), orders=False), tiles_of(asked.tiles)
    return Case(lambda: _nothing(walk.run(tiles, 2, Event())), point["draws"], {"parameters": len(walk.players)})


register(
    Spec(
        name="pair",
        title="Two scenarios on common draws beside one run, 2 threads, without attribution",
        build=_pair,
        sweep=tuple({"draws": 2**21, "changed": one} for one in ("one run", "ten", "every")),
        quick=tuple({"draws": 2**18, "changed": one} for one in ("one run", "ten")),
        tiny={"draws": 2**14, "changed": "one run"},
        repeats=3,
    )
)

register(
    Spec(
        name="attribution",
        title="What ten changes make of the mean, q05 and q95 of totals, the pair included, 2 threads",
        build=_attribution,
        sweep=({"draws": 2**20, "totals": len(TOTALS)},),
        quick=({"draws": 2**16, "totals": len(TOTALS)},),
        tiny={"draws": 2**14, "totals": 1},
        repeats=3,
    )
)

register(
    Spec(
        name="indices",
        title="First-order and total indices of every cell and parameter of the report, 2 threads",
        build=_indices,
        sweep=({"draws": 2**16},),
        quick=({"draws": 2**15},),
        tiny={"draws": 2**14},
        unit="base draws",
    )
)
