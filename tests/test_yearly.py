"""Effects of any year: those of the cells in their years, and #20 by plain arithmetic from the numbers of Annex 20.

The arithmetic here knows nothing of ctsim: Annex 20 as printed, and the mean lives, the shape and the grid factors of
the pages, typed again.
"""

from math import exp, gamma

import numpy as np
import pytest
from scipy.special import gammainc

from ctsim.accounts import accounts
from ctsim.binding import Step
from ctsim.bought import Bought, account
from ctsim.catalog import Scenario, load
from ctsim.programme import YEARS, Figure
from ctsim.units import conversion
from ctsim.yearly import Drawn, _outlived
from tests.runs import scenario, study

MEMBERS = ("energy_saving_equipment", "clean_energy_vehicles", "electric_commercial_vehicles", "insulated_windows")
TRUCKS = (  # km/l, kg-CO2/l, km/kWh, km a year, vehicles, mean life
    (13.2, 2.32, 8.06, 7571, 1645, 16.0),
    (8.8, 2.58, 1.92, 10832, 635, 15.8),
    (4.0, 2.58, 1.92, 25826, 988, 15.8),
    (10.5, 2.32, 5.88, 14412, 430, 7.0),
)
SHAPE, BOUGHT_IN = 3.6, 2024
GRID = {2023: 0.423, 2030: 0.32, 2040: 0.13, 2050: 0.03}
ALLOCATED, COST = 108, 245
"""億円: chart 8, and the demand that Annex 20 prints."""


def grid(year: float) -> float:
    """kg-CO2/kWh on straight lines; after the last year as in the last."""
    if year >= 2050:
        return GRID[2050]
    first = max(one for one in GRID if one <= year)
    last = min(one for one in GRID if one > year)
    return GRID[first] + (GRID[last] - GRID[first]) * (year - first) / (last - first)


def still_in_use(age: float, life: float) -> float:
    return exp(-((age / life * gamma(1 + 1 / SHAPE)) ** SHAPE))


def trucks(year: float, factor: float | None = None) -> float:
    """Tonnes of the year; with a grid factor the vehicles are new."""
    tonnes = 0.0
    for per_litre, fuel, per_kwh, distance, vehicles, life in TRUCKS:
        left = 1.0 if factor else still_in_use(year - BOUGHT_IN, life)
        tonnes += (fuel / per_litre - (factor or grid(year)) / per_kwh) * distance * vehicles * left / 1000
    return tonnes


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Every parameter at its value: all draws are the same."""
    return load(study(tmp_path_factory.mktemp("fixed"), None, uncertainty="none"))


def cells(one: Scenario, year: str) -> list[Figure]:
    """The members' cells of a year, in the order of programmes."""
    found = [p.cell("co2_reduction", year).figures for p in one.programmes if p.id in MEMBERS]
    return [figure for figures in found for figure in figures]


def drawn(one: Scenario) -> Drawn:
    """The members' cells of all years."""
    return Drawn(one, [figure for year in YEARS for figure in cells(one, year)], 16, 0)


def steps(made: Drawn, year: str = "2030") -> list[Step]:
    keys = {figure.key for figure in cells(scenario(), year)}
    return [one for one in made.binding.steps if one.figure.key in keys and not one.reading]


@pytest.fixture(scope="module")
def at_values(fixed: Scenario) -> Drawn:
    return drawn(fixed)


@pytest.fixture(scope="module")
def random() -> Drawn:
    return drawn(scenario())


@pytest.mark.parametrize("year", YEARS)
def test_the_formula_of_a_year_gives_the_cell_of_that_year(year: str, random: Drawn) -> None:
    """Draw by draw: from the step of 2030 and from the year's own."""
    assert len(steps(random, year)) == len(steps(random)) >= len(MEMBERS)
    for first, cell in zip(steps(random), steps(random, year), strict=True):
        figure = cell.figure
        tonnes = random.step(random.binding.step_of(figure)) * conversion(figure.record.unit, "t-CO2/yr")
        assert np.allclose(random.year(first, int(year)), tonnes, rtol=1e-9, atol=1e-9)
        assert tonnes.std() > 0


@pytest.mark.parametrize("year", [2027, 2030, 2035, 2044.5])
def test_trucks_of_any_year_by_hand(year: float, at_values: Drawn) -> None:
    mine = [one for one in steps(at_values) if one.figure.programme == "electric_commercial_vehicles"]
    assert sum(at_values.year(one, year)[0] for one in mine) == pytest.approx(trucks(year), rel=1e-9)


def test_between_two_cells_lies_no_straight_line(at_values: Drawn) -> None:
    """Vehicles are scrapped late: in 2035 more is left than the mean of both cells."""
    at = {year: sum(at_values.year(one, year)[0] for one in steps(at_values)) for year in (2030, 2035, 2040)}
    assert at[2030] > at[2035] > (at[2030] + at[2040]) / 2 > at[2040]


@pytest.mark.parametrize("rate", [0.0, 0.04])
def test_what_a_yen_bought_of_trucks_by_hand(rate: float, fixed: Scenario) -> None:
    made = account(fixed, accounts("2023"), rate=rate, draws=1)
    [one] = [line.bought for line in made.rows if line.rows[0].programme == ("electric_commercial_vehicles",)]
    assert isinstance(one, Bought) and (one.allocated, one.cost) == (ALLOCATED, COST)
    life = sum(trucks(BOUGHT_IN + n + 0.5) * (1 + rate) ** -(n + 0.5) for n in range(60))
    figures = {name: figure.median for name, figure in one.amounts.items()}
    assert figures["annual_per_oku"] == pytest.approx(trucks(BOUGHT_IN, 0.423) / ALLOCATED, rel=1e-9)
    assert figures["lifetime_per_oku"] == pytest.approx(life / ALLOCATED, rel=1e-9)
    assert figures["yen_per_tonne"] == pytest.approx(ALLOCATED * 1e8 / life, rel=1e-9)
    assert figures["all_yen_per_tonne"] == pytest.approx(COST * 1e8 / life, rel=1e-9)
    assert figures["pro_rata_annual"] == pytest.approx(trucks(BOUGHT_IN, 0.423) * ALLOCATED / COST, rel=1e-9)
    if not rate:
        assert figures["yen_per_tonne"] == pytest.approx(42_199, abs=0.5)


def test_a_path_holds_outside_its_years(random: Drawn) -> None:
    assert np.allclose(random._grid_at(2060.0), random._grid_at(2050.0), rtol=1e-12, atol=0)
    assert np.allclose(random._grid_at(2000.0), random._grid_at(2023.0), rtol=1e-12, atol=0)


@pytest.mark.parametrize("shape", [0.4, 1.0, 3.6])
def test_what_is_not_computed_would_have_been_one(shape: float) -> None:
    """Where a cohort has died out to the last bit the function is left out; with a shape below 1 that is far later."""
    span = np.array([0.0, 3.0, 12.0, 30.0, 45.0, 90.0, 900.0, 1e6, np.nan])
    shapes, life = np.full_like(span, shape), np.full_like(span, 12.0)
    plain = life * gammainc(1 / shapes, (span / life * np.array([gamma(1 + 1 / shape)])) ** shapes)
    found = _outlived(span, life, shapes, np.array([gamma(1 + 1 / shape)]))
    assert np.array_equal(found, plain, equal_nan=True)
    assert found[-2] == 12.0 and (found[5] == 12.0) == (shape >= 3)
