"""Paths between years and what is left of stocks: against scipy, and against cohorts counted by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gamma
from scipy.stats import weibull_min

from ctsim import elementary, stocks
from ctsim.catalog import Scenario, load
from ctsim.compiled import machine_code
from ctsim.units import conversion

LIVES = [(5.0, 3.0), (13.6, 3.6), (28.0, 2.0), (20.0, 4.5)]


def share_left(age: float, mean_life: float, shape: float) -> float:
    """What scipy's Weibull distribution says."""
    return float(weibull_min.sf(age, shape, scale=mean_life / gamma(1 + 1 / shape)))


@pytest.mark.parametrize(("mean_life", "shape"), LIVES)
def test_survival_is_that_of_a_weibull_distribution(mean_life: float, shape: float) -> None:
    for age in (0.0, 0.1, 1.0, 7.0, mean_life, 2.5 * mean_life):
        assert stocks.survival(age, mean_life, shape) == pytest.approx(share_left(age, mean_life, shape), rel=1e-9)
    assert stocks.survival(0.0, mean_life, shape) == 1.0


@pytest.mark.parametrize(("mean_life", "shape"), LIVES)
@pytest.mark.parametrize("lives", [0.05, 0.5, 1.0, 1.9, 3.0, 6.0])
def test_stock_years_are_the_integral_of_survival(mean_life: float, shape: float, lives: float) -> None:
    span = lives * mean_life
    exact = quad(share_left, 0.0, span, args=(mean_life, shape), epsabs=1e-12)[0]
    assert stocks.stock_years(span, mean_life, shape) == pytest.approx(exact, rel=1e-7)
    assert stocks.stock_years(0.0, mean_life, shape) == 0.0


def test_a_path_ends_where_it_should() -> None:
    assert stocks.linear_path(3.0, 11.0, 0.0) == 3.0
    assert stocks.linear_path(3.0, 11.0, 1.0) == 11.0
    assert stocks.linear_path(3.0, 11.0, 0.25) == 5.0


@settings(deadline=None)  # the first call compiles
@given(st.floats(0.0, 60.0), st.floats(3.0, 45.0), st.floats(1.5, 6.0))
def test_compiled_functions_have_the_bits_of_plain_ones(age: float, mean_life: float, shape: float) -> None:
    made = machine_code((*elementary.ALL, *stocks.ALL))[len(elementary.ALL) :]
    for plain, one in zip(stocks.FUNCTIONS.values(), made, strict=False):
        given = (age, 3.0, mean_life, shape) if plain is stocks.ramped_stock_years else (age, mean_life, shape)
        assert one(*given) == plain(*given)


# ---- the report's cells, by hand


def central(scenario: Scenario, programme: str, year: str) -> float:
    """A cell of CO2 at the central values, in Mt-CO2/yr."""
    results = scenario.binding.evaluate(scenario.binding.central())
    cell = scenario.programme(programme).cell("co2_reduction", year)
    parts = [(scenario.binding.step_of(one), conversion(one.record.unit, "Mt-CO2/yr")) for one in cell.figures]
    return sum(results[step] * factor for step, factor in parts)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("framework_2023_11")


@pytest.mark.parametrize(("year", "grid"), [("2030", 0.32), ("2040", 0.13), ("2050", 0.03)])
def test_cars_of_programme_19(scenario: Scenario, year: str, grid: float) -> None:
    people, petrol, ev, phev = 124885175, 0.3682, 0.0022, 0.002
    car, electric, plug_in = 64152071 / (people * petrol), 143344 / (people * ev), 266924 / (people * phev)
    cleaner = 1 - grid / 0.423
    saved = (car - electric * (1 - cleaner)) * 90346 + (car - plug_in + 0.45 * electric * cleaner) * 50725
    by_hand = saved * share_left(int(year) - 2023, 13.6, 3.6) / 1e6
    assert central(scenario, "clean_energy_vehicles", year) == pytest.approx(by_hand, rel=1e-8)


def open_lines(age: float, life: float, ramp: float = 3.0) -> float:
    """Share of a plant's lines that work: they open one after another over the ramp and close after their life."""
    return min(max(age / ramp, 0.0), 1.0) - min(max((age - life) / ramp, 0.0), 1.0)


@pytest.mark.parametrize("year", ["2030", "2040", "2050"])
def test_cohorts_of_programme_15(scenario: Scenario, year: str) -> None:
    """Every month's batteries apart: a car of each still runs with the share that scipy gives."""
    cars_a_year = 45e6 * 0.70 * 0.85 / 60
    months = np.arange(2028.0, int(year), 1 / 12) + 1 / 24
    lines = [open_lines(month - 2028.0, 18.0) for month in months]
    left_of = [share_left(int(year) - month, 13.6, 3.6) for month in months]
    running = float(np.dot(lines, left_of)) / 12 * cars_a_year
    by_hand = running * (38 - 20) * 0.70 / 13.6 / 1e6
    assert central(scenario, "battery_supply_chain", year) == pytest.approx(by_hand, rel=2e-3)


@pytest.mark.parametrize(("year", "grid"), [("2030", 0.32), ("2040", 0.13), ("2050", 0.03)])
def test_windows_of_programme_21(scenario: Scenario, year: str, grid: float) -> None:
    by_hand = 7.1e-2 * (0.35 + 0.65 * grid / 0.423) * share_left(int(year) - 2024, 28, 2.5)
    assert central(scenario, "insulated_windows", year) == pytest.approx(by_hand, rel=1e-8)


GRID = {"2030": 0.32, "2040": 0.13, "2050": 0.03}  # kg/kWh of the central path


def left(age: float, mean_life: float, shape: float) -> float:
    """Weibull's closed form, written anew: exp(-(age / scale)^shape), the scale from the mean life."""
    return math.exp(-((age / (mean_life / math.gamma(1 + 1 / shape))) ** shape))


def test_ships_of_programme_5_and_the_furnace_of_programme_6(scenario: Scenario) -> None:
    """Ten ships of 33,000 t each, lives of 25 years; 4 million t of steel at 1.75 t/t, 30 % less, a campaign of 18."""
    ships = 10 * 3.3e4 * left(10, 25, 3) / 1e6
    furnace = 4.0 * 1.75 * 0.30 * left(10, 18, 3)
    assert central(scenario, "next_generation_ships", "2040") == pytest.approx(ships, rel=1e-8)
    assert central(scenario, "hydrogen_steelmaking", "2040") == pytest.approx(furnace, rel=1e-8)


@pytest.mark.parametrize("year", ["2030", "2040", "2050"])
def test_cohorts_of_programme_16(scenario: Scenario, year: str) -> None:
    """Each month's chips apart: full after three years from mid-2027, used at 70 %, lines of 15 years, 25 % in cars."""
    chips_of_a_car, kwh = 36, 9360 / 6
    cars = {firm: wafers * 1e4 * 513 / chips_of_a_car for firm, wafers in (("a", 28.8), ("b", 72.0), ("c", 168.0))}
    saved = {"a": kwh * 0.20 * 0.50, "b": kwh * 0.20 * 0.50, "c": kwh * 0.20 * 0.25}  # kWh a car and year
    grams, months = 0.0, 12
    for month in range(18 * months):
        made = 2027.5 + (month + 0.5) / months
        if made < int(year):
            for firm, number in cars.items():
                running = (
                    number / months * open_lines(made - 2027.5, 15) * 0.70 * 0.25 * left(int(year) - made, 13.6, 3.6)
                )
                grams += running * saved[firm] * GRID[year] * 1e3
    assert central(scenario, "power_semiconductors", year) == pytest.approx(grams / 1e12, rel=2e-3)


@pytest.mark.parametrize("year", ["2030", "2040", "2050"])
def test_equipment_of_programmes_17_and_18(scenario: Scenario, year: str) -> None:
    """Kilolitres of crude oil at 2.67 t; three regions' tonnes as the grid becomes cleaner. Both installed in 2024."""
    age = int(year) - 2024
    oil = (327.3 + 915.7 + 26.5) * 2.67 * left(age, 15, 2.5) / 1e6
    regions = (131 + 339 + 612) * GRID[year] / 0.423 * left(age, 20, 3) / 1e6
    assert central(scenario, "energy_saving_equipment", year) == pytest.approx(oil, rel=1e-8)
    assert central(scenario, "regional_microgrids", year) == pytest.approx(regions, rel=1e-8)


@pytest.mark.parametrize("year", ["2030", "2040", "2050"])
def test_vehicles_of_programme_20(scenario: Scenario, year: str) -> None:
    """Class by class: litres saved less kilowatt-hours drawn, of the vehicles of 2024 that still run."""
    classes = [  # km/l, kg/l, km/kWh, km a year, vehicles, mean life
        (13.2, 2.32, 8.06, 7571, 1645, 16.0),
        (8.8, 2.58, 1.92, 10832, 635, 15.8),
        (4.0, 2.58, 1.92, 25826, 988, 15.8),
        (10.5, 2.32, 5.88, 14412, 430, 7.0),
    ]
    tonnes = 0.0
    for per_litre, fuel, per_kwh, distance, number, life in classes:
        a_vehicle = distance / per_litre * fuel - distance / per_kwh * GRID[year]
        tonnes += a_vehicle / 1e3 * number * left(int(year) - 2024, life, 3.6)
    assert central(scenario, "electric_commercial_vehicles", year) == pytest.approx(tonnes / 1e6, rel=1e-8)


def test_every_carried_cell_is_counted_by_hand(scenario: Scenario) -> None:
    """A programme with cells that are left of a stock has a test above."""
    carried = {figure.programme for programme in scenario.programmes for figure in programme.figures
               if figure.status == "carried" and figure.record.metric == "co2_reduction"}  # fmt: skip
    assert carried == {
        "next_generation_ships", "hydrogen_steelmaking", "battery_supply_chain", "power_semiconductors",
        "energy_saving_equipment", "regional_microgrids", "clean_energy_vehicles", "electric_commercial_vehicles",
        "insulated_windows",
    }  # fmt: skip


PATHS = ["perovskite_solar", "offshore_wind", "hydrogen_supply_chain", "water_electrolysis", "plastic_feedstock"]


@pytest.mark.parametrize("programme", PATHS)
@pytest.mark.parametrize(("progress", "year"), [(0.0, "2030"), (100.0, "2050")])
def test_paths_pass_through_the_published_cells(programme: str, progress: float, year: str) -> None:
    moved = load("framework_2023_11").with_changes([{
        "parameter": f"{programme}.progress_2040", "value": progress, "reason": "an end of the path",
        "source": {"key": "study", "where": "test"},
        "uncertainty": {"dist": "fixed", "value": progress, "basis": "assumed", "reason": "an end of the path"},
    }])  # fmt: skip
    assert math.isclose(central(moved, programme, "2040"), central(moved, programme, year), rel_tol=1e-15)
