"""Every cell of money against a table typed from the model notes: what it is, its yen, and why there is none.

`low` and `high` are what the formula gives at the printed values, or the span in which a path between two printed years
has to lie; they are held against plain Python over the page's own parameters. Of 6 the one furnace of 2030 still runs
in 2040 with a chance of 89 %; of 8 the report prints 4.4, its printed unit costs give 5.15 (a finding of the ledger).
"""

import csv
from functools import cache
from pathlib import Path

import pytest

from ctsim import units
from ctsim.programme import Figure, Programme
from tests.runs import scenario
from tests.test_money import kinds

YEARS = ("2030", "2040", "2050")


def typed() -> list[dict[str, str]]:
    with (Path(__file__).parent / "data" / "money_cells.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def name_of(row: dict[str, str]) -> str:
    return f"{row['programme']}.{row['year']}"


WITH = [row for row in typed() if row["low"]]
WITHOUT = [row for row in typed() if not row["low"]]

OFF_AXIS = {  # 億円; what is printed once, for several years, or as a reference only
    "hydrogen_supply_chain.economic_effect.2050 cumulative": (230_000, "cumulative"),
    "industrial_furnaces.economic_effect.2040 cumulative": (42_000, "cumulative"),
    "industrial_furnaces.economic_effect.2050 cumulative": (100_000, "cumulative"),
    "water_electrolysis.economic_effect.2030 cumulative": (4_000, "cumulative"),
    "gtex.economic_effect.2050.innovative_battery": (530_000, "unstated"),
    "gtex.economic_effect.2050.stationary_battery": (470_000, "unstated"),
    "gtex.economic_effect.2050.hydrogen": (55_000, "unstated"),
    "gtex.economic_effect.2050.bio": (1_994_000, "unstated"),
    "battery_supply_chain.economic_effect.plan total": (8_523, "one_off"),
    "power_semiconductors.economic_effect.plan total": (4_192, "one_off"),
    "energy_saving_equipment.economic_effect.project total": (27, "one_off"),
    "regional_microgrids.economic_effect.plan total": (35, "one_off"),
    "clean_energy_vehicles.economic_effect.one-off": (5_894, "one_off"),
    "electric_commercial_vehicles.economic_effect.one-off": (245, "one_off"),
    "insulated_windows.economic_effect.one-off": (1_676, "one_off"),
}


@cache
def programmes() -> dict[str, Programme]:
    return {one.id: one for one in scenario().programmes}


@cache
def central() -> tuple[float, ...]:
    """Every step at the printed values."""
    return tuple(scenario().binding.evaluate(scenario().binding.central()))


def value_of(figure: Figure, unit: str) -> float:
    return central()[scenario().binding.step_of(figure)] * units.conversion(figure.record.unit, unit)


def money_off_axis() -> list[Figure]:
    return [one for programme in programmes().values() for one in programme.figures
            if one.record.metric == "economic_effect" and not one.on_year_axis]  # fmt: skip


def test_the_table_has_every_cell_once_and_no_other() -> None:
    assert [(row["programme"], row["year"]) for row in typed()] == [(name, y) for name in programmes() for y in YEARS]
    assert len(typed()) == 63 and len(WITH) == 21


@pytest.mark.parametrize("row", WITH, ids=name_of)
def test_a_cell_with_money(row: dict[str, str]) -> None:
    cell = programmes()[row["programme"]].cell("economic_effect", row["year"])
    assert (cell.status, cell.reason_code) == (row["status"], "")
    for one in cell.figures:
        assert one.record.money_kind == kinds()[row["programme"]]
        assert one.record.price_year == "unstated"
        assert one.record.period == ("annual" if row["unit"].endswith("/yr") else "unstated")
    value = sum(value_of(one, row["unit"]) for one in cell.figures)
    low, high = float(row["low"]), float(row["high"])
    assert low * 0.995 <= value <= high * 1.005, f"{value:g} {row['unit']}"


@pytest.mark.parametrize("row", WITHOUT, ids=name_of)
def test_a_cell_without_money_says_why_in_both_languages(row: dict[str, str]) -> None:
    cell = programmes()[row["programme"]].cell("economic_effect", row["year"])
    assert (cell.status, cell.reason_code, cell.figures) == (row["status"], row["reason_code"], ())
    assert cell.reason is not None and cell.reason.ja and cell.reason.en


@pytest.mark.parametrize("key", OFF_AXIS)
def test_money_off_the_axis_of_years(key: str) -> None:
    figure = next(one for one in money_off_axis() if one.key == key)
    amount, period = OFF_AXIS[key]
    assert figure.record.period == period
    assert figure.published()[0] * units.conversion(figure.record.unit, "億円") == pytest.approx(amount)
    assert figure.record.reference == (figure.programme == "gtex")
    if period == "one_off":
        assert (figure.record.scope, figure.record.boundary in ("units_supported", "plants_supported")) == (
            "japan", True,
        )  # fmt: skip


def test_no_other_money_is_off_the_axis() -> None:
    extra = {one.key for one in money_off_axis()} - set(OFF_AXIS)
    assert all(key.count(".") == 3 for key in extra), extra  # parts of a figure, by item


@pytest.mark.parametrize("row", [row for row in WITH if row["status"] == "pathway"], ids=name_of)
def test_a_path_lies_between_the_years_that_are_printed(row: dict[str, str]) -> None:
    ends = []
    for year in ("2030", "2050"):
        figures = programmes()[row["programme"]].cell("economic_effect", year).figures
        ends.append(sum(value_of(one, row["unit"]) for one in figures))
    assert ends[0] <= float(row["low"]) < float(row["high"]) <= ends[1]


def test_kinds_of_money_are_four_and_no_sum_has_money() -> None:
    """Market, investment, project cost and demand are four different things; the report prints no sum of them.

    Bounds of an overlap are no sum.
    """
    assert set(kinds().values()) == {"market", "investment", "project_cost", "demand"}
    for group in scenario().totals:
        assert group.metric != "economic_effect" or group.kind in ("list", "overlap")


def test_the_exchange_rate_is_off_by_default() -> None:
    """No conversion is applied unless a study asks for it: every reported yen is the printed one."""
    for row in WITH:
        if row["status"] == "reported":
            [figure] = programmes()[row["programme"]].cell("economic_effect", row["year"]).figures
            assert value_of(figure, figure.record.unit) == figure.published()[0], figure.key
