"""The ledger of inconsistencies: shape, vocabulary, and every number of `computed` worked out again.

That the quotes are in the report is checked with all other quotes (`test_quotes.py`). Here every entry whose `computed`
holds a number is either in RECOMPUTED (the number follows from the pages, the allocations or plain arithmetic on
printed operands) or in READ (the number is itself printed at another place of the report).
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any, get_args

import pytest

from ctsim.quotes import squash
from ctsim.schema import LedgerEntry, LedgerFile
from tests.report import NAMES, SCENARIOS, find

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
# places and names whose digits are no result: "Annex 13", "charts 36 and 37", "4.3.2-7", "令和5年度", "10³"
_REFERENCE = re.compile(
    r"(?:charts?|Annex(?:es)?|notes?|chapter|programme) \d+(?:(?:, | and )\d+(?![.\d]))*"
    r"|4\.3\.\d(?:-\d+)?|令和 ?\d+ ?年度?|COURSE50"
)


def _tuples(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _tuples(part) for key, part in node.items()}
    return tuple(map(_tuples, node)) if isinstance(node, list) else node


@cache
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((SCENARIOS / f"{name}.toml").read_text(encoding="utf-8"))


LEDGER = LedgerFile.model_validate(_tuples(_toml("ledger")))
ENTRIES = {entry.id: entry for entry in LEDGER.inconsistency}


def p(programme: str, parameter: str, year: str | None = None) -> float:
    """Value of a parameter in the unit its page (or shared.toml) prints."""
    found = _toml(f"programmes/{programme}")["parameter"][parameter]
    if "shared" in found:
        found = _toml("shared")["parameter"][found["shared"]]
    return float(found["value"] if year is None else found["value"][year])


def allocated(fiscal_year: int, programme: str = "", budget: str = "") -> float:
    """Sum of the allocations of one year in 億円, of one programme or one budget year where given."""
    rows = _toml(f"allocations/fy{fiscal_year}")["allocation"]
    return sum(
        row["amount"]
        for row in rows
        if (not programme or programme in row["programme"]) and (not budget or row["budget_year"] == budget)
    )


def accepted(fiscal_year: int) -> float:
    """Sum of the amounts accepted at the auctions of one year, 億円."""
    return sum(issue["accepted"] for issue in _toml(f"allocations/fy{fiscal_year}")["issue"])


def proceeds(fiscal_year: int) -> float:
    """発行収入金 of one year, 億円."""
    return float(_toml(f"allocations/fy{fiscal_year}")["totals"]["proceeds"])


def waste_2030() -> float:
    """Annex 9 for 2030, Mt-CO2 a year: the six terms in the printed order."""
    food, paper, plastic, rubber, wood = 0.471, 0.158, 0.113, 0.017, 0.019
    methane = food * 0.9 + paper * 2.7 + wood * 2.1
    carbon = food * 0.27 + paper * 1.07 + plastic * 2.31 + rubber * 2.17 + wood * 0.66
    landfill, burnt = (3.5 + 0.084) * methane, 0.41 * 2.31
    digested = 2586 * 0.08 * 0.016
    captured, pyrolysed = 3.5 * carbon * 0.9, 0.084 * carbon * (0.27 + 0.48) / 2
    return landfill - burnt + digested * 0.9 + captured + pyrolysed + digested * 131.6 * 2.23e-3


def waste_2050() -> float:
    """Annex 9 for 2050, Mt-CO2 a year: the five terms in the printed order."""
    food, paper, plastic, rubber, wood = 0.481, 0.151, 0.111, 0.015, 0.017
    methane = food * 0.9 + paper * 2.7 + wood * 2.1
    carbon = food * 0.27 + paper * 1.07 + plastic * 2.31 + rubber * 2.17 + wood * 0.66
    more_burnt, digested = 0.28 - 0.11, 3399 * 0.24
    gas = digested * 131.6 * (0.578 + 0.061 * (1 - 0.578)) * 2.23e-3
    captured = 3399 * 0.28 * 0.24 * carbon * 0.9
    return 3399 * more_burnt * methane - 378 * more_burnt * 2.31 + digested * 0.9 + captured + gas


PLASTICS_2050 = 200 * 3.3 + 100 * 3.3 + 50 * 1.3 + 50 * 1.3 + 150 * 8.9 + 220 * 1.6 + 100 * 1.6 + 680 * 0.8
"""Annex 10: everything but carbon black, domestic, 万t-CO2 a year."""
CARBON_BLACK_2050 = 30 * 4.8
REGIONAL = {"①": (169274, 9805, 4601, 38185), "②": (14434, 23671, 64391, 17760)}
"""Annex 18, t-CO2 by municipality in the printed order."""


def datacentre(share: float, saving: float, factor: float = 0.423) -> float:
    """Annex 12: ①×②×③×④×1/10 in 万t-CO2 a year (3,414 TWh in ten years)."""
    return 3414 * share * saving * factor / 10 * 100


def per_petrol_car() -> float:
    """Annex 19: ⑤ ÷ (① × ②), t-CO2 a car and year."""
    return 64152071 / (124885175 * 0.3682)


def phev_saving(ownership: float) -> float:
    """Annex 19: saving of the plug-in hybrids, 万t-CO2 a year."""
    return (per_petrol_car() - 266924 / (124885175 * ownership)) * 50725 / 1e4


def semiconductors() -> float:
    """Annex 16 for the three companies, 万t-CO2 a year."""
    saved = 513 / 36 * 9360 / 6 * 0.20 * 0.423e-3
    return (28.8 + 72.0) * saved * 0.50 + 168.0 * saved * 0.25


GENERATION = 8.760  # TWh a year of one GW

RECOMPUTED: dict[str, Callable[[], float]] = {
    "solar_2050_formula_without_share": lambda: (
        p("perovskite_solar", "cumulative_capacity_2050")
        * p("perovskite_solar", "japan_share") / 100
        * p("perovskite_solar", "capacity_factor") / 100
        * p("perovskite_solar", "emission_factor") * GENERATION * 1e3 / 100
    ),
    "solar_2050_volume_and_text": lambda: 4.4 * 0.50 * 0.25,
    "solar_one_percent_and_volume": lambda: 112 * p("perovskite_solar", "single_junction_market_share") / 100,
    "solar_2050_money_base": lambda: 1.25 / (0.50 * 0.25),
    "wind_factor_of_2030_in_2050": lambda: 45 * GENERATION * 0.332 * 0.66 / 100,
    "hydrogen_formula_without_kg_per_t": lambda: (
        1e6 * p("hydrogen_supply_chain", "hydrogen_heating_value")
        * p("hydrogen_supply_chain", "gas_carbon_content") * 44 / 12 * 1e-6
    ),
    "hydrogen_trade_2050": lambda: 5500e4 * 1e3 / 0.08994 * 20 / 1e12,
    "hydrogen_turbines_cumulative": lambda: 2.9e8 * 8e4 / 1e12,
    "aircraft_forty_percent": lambda: 20.0 * 0.40 / 3,
    "ships_unit_per_ship": lambda: 10 * 3.3,
    "steel_unit_of_intensity": lambda: 400 * 1.5 * 0.30,
    "steel_2050_baseline": lambda: 26 * 0.50,
    "furnaces_share_in_2050": lambda: 1300 * 10 / 37000 * 100,
    "furnaces_money_cumulative": lambda: (10.0 - 4.2) / 10,
    "electrolysis_hhv_with_lhv": lambda: 142 / 3.6,
    "electrolysis_without_loss": lambda: 120 / 3.6,
    "electrolysis_money_2030": lambda: 70e6 * (5.2e4 + 6.5e4) / 2 / 1e12,
    "electrolysis_money_2050": lambda: 88e6 * (5.2e4 + 6.5e4) / 2 / 1e12,
    "electrolysis_path_to_2050": lambda: (2640 - 70) / 20,
    "waste_2030": lambda: waste_2030() * 100,
    "waste_2050": lambda: waste_2050() / 100,
    "waste_composition_sum": lambda: 47.1 + 15.8 + 11.3 + 1.7 + 1.9 + 22.1,
    "waste_digestion_term": lambda: 3399 * 0.24 * 0.9,
    "plastics_2050": lambda: (PLASTICS_2050 / 0.028 + CARBON_BLACK_2050 / 0.05) / 1e4,
    "plastics_supported_or_world": lambda: (PLASTICS_2050 + CARBON_BLACK_2050) / 1e4,
    "plastics_volumes_2030": lambda: 10.2 / 100 * 100,
    "plastics_hydrogen_scaled": lambda: 150 / 0.028,
    "photonics_formula_without_factor": lambda: 3414 * (0.03 * 0.4 + 0.02 * 0.3 + 0.01 * 0.4) / 10,
    "photonics_total": lambda: datacentre(0.03, 0.4) + datacentre(0.02, 0.3) + datacentre(0.01, 0.4),
    "photonics_chiplet": lambda: datacentre(0.03, 0.4),
    "photonics_deterministic_computing": lambda: datacentre(0.01, 0.4),
    "reactor_per_tonne_per_year": lambda: 0.01387 * 142 * 44 / 12,
    "batteries_lifecycle_per_year": lambda: 45e6 / 60 * (38 - 20) / 1e4,
    "semiconductors_share_of_cost": lambda: allocated(2023, "power_semiconductors") / 4192 * 100,
    "semiconductors_number_of_cars": lambda: (28.8 + 72.0 + 168.0) * 513 / 36,
    "semiconductors_one_production_year": semiconductors,
    "energy_saving_product": lambda: (327.3 + 915.7 + 26.5) * 2.67 / 1e4,
    "energy_saving_share_financed": lambda: allocated(2023, "energy_saving_equipment") / 27 * 100,
    "regional_cumulative_per_year": lambda: 34.2 / 5,
    "regional_times_four": lambda: sum(map(sum, REGIONAL.values())),
    "regional_municipalities_in_operation": lambda: len((131, 339, 612)),
    "regional_share_financed": lambda: allocated(2023, "regional_microgrids") / 35 * 100,
    "regional_other_grant": lambda: sum(REGIONAL["②"]) / sum(map(sum, REGIONAL.values())) * 100,
    "regional_operating_unit": lambda: 131 + 339 + 612,
    "vehicles_sum": lambda: 7.9 + 1.7,
    "vehicles_new_or_stock": per_petrol_car,
    "vehicles_not_counted": lambda: 153882 - 90346 - 50725,
    "vehicles_ownership_digits": lambda: phev_saving(0.0025),
    "vehicles_supplementary_budget": lambda: 273 / allocated(2023, "clean_energy_vehicles") * 100,
    "trucks_one_electric_economy": lambda: 8.8 / 4.0,
    "trucks_fuel_cells_as_electric": lambda: 6 + 5 + 19,
    "windows_total": lambda: 6.3 + 0.8,
    "whole_programme_effects": lambda: (689 + 178) / 5894 * 100,
    "gi_fund_share": lambda: 7564 / 27564 * 100,
    "proceeds_and_accepted_fy2023": lambda: accepted(2023),
    "proceeds_and_accepted_fy2024": lambda: accepted(2024),
    "refinanced_share": lambda: 9087 / proceeds(2023) * 100,
    "refinanced_by_programme": lambda: allocated(2023, budget="令和4年度補正"),
    "chart37_rows": lambda: allocated(2024),
    "chart37_unallocated": lambda: proceeds(2024) - 12358,
    "chart37_carried_over": lambda: 182 + 275 + 35 + 5 + 67 + 6,
}  # fmt: skip
"""The first number of `computed`, in its unit."""

READ: dict[str, tuple[str, str]] = {
    "solar_sales_and_readiness": (
        "Annex 1", "① 2030 年における単接合型次世代型太陽電池の世界の推計導入量:3.5GW"
    ),
    "wind_capacity_factor_round_one": ("Annex 2", "② 設備利用率:33.2%"),
    "hydrogen_trade_per_year": ("4.3.2-3", "約 0.3 兆円/年(2030 年時点)"),
    "aircraft_market_per_year": ("4.3.2-4", "約 2.1 兆円(2050 年)"),
    "ships_ghg_and_co2": ("Annex 5", "約5.6億t-CO₂/年"),
    "steel_furnace_and_readiness": ("Annex 6", "④ 2030 年までの COURSE50 技術の導入予定基数: 1 基"),
    "steel_annual_until": ("Annex 6", "<2030 年>"),
    "furnaces_start_of_full_firing": (
        "Annex 7", "2041 年度以降はアンモニアや水素の 100%専焼燃焼炉(又はそれに相当する電気炉)が普及すると仮定し"
    ),
    "furnaces_year_or_fiscal_year": ("4.3.2-7", "2032 年度以降に社会実装され"),
    "waste_plants_or_world": ("Annex 9", "① 2050年における世界の一般廃棄物の発生量:3,399 Mt/年"),
    "gtex_same_hydrogen_market": ("4.3.2-3", "約 5.5 兆円/年(2050 年時点)"),
    "gtex_battery_years": ("4.3.2-11", "約47兆円(定置用蓄電池) (2050年)"),
    "photonics_factor_of_fy2023": ("4.3.2-12", "約 354 万 t-CO₂/年 (2032年~2041年)"),
    "reactor_hydrogen_factor": ("Annex 10", "⑮ グリーン水素の CO₂排出削減係数:8.9kg-CO₂/kg"),
    "batteries_two_of_fourteen_plans": ("4.3.2-15", "蓄電池の生産能力を拡大する計画である 2 件によってもたらされる"),
    "semiconductors_plans_and_companies": ("4.3.2-16", "SiCウエハやパワー半導体の生産を行う3社に対しての補助を実施"),
    "energy_saving_first_year": ("4.3.2-17", "(2025 年度~)"),
    "vehicles_money_open_end": ("4.3.2-19", "最低金額を乗じた額として 5,894 億円を算出している"),
    "windows_best_grade": ("Annex 21", "実際は 1 申請につき複数のグレードへの改修が行われる場合があるが"),
    "demand_first_years": ("4.3.2-19", "(2023 年度)"),
    "label_capacity_factor": ("Annex 1", "④ 設備利用率:15%"),
    "label_emission_factor": ("Annex 1", "⑤ CO₂排出係数:0.51MtCO₂/TWh"),
    "gi_fund_projects": ("4.3.1", "現時点で CT 国債からの支出が決定している 10 プロジェクトについて"),
}  # fmt: skip
"""Where the first number of `computed` is itself printed: place and words."""


def plain(text: str) -> str:
    """`text` without subscripts, circled numbers (NFKC would make digits of them) and references."""
    kept = "".join(" " if unicodedata.category(c) == "No" else c for c in text)
    return _REFERENCE.sub(" ", kept)


def first_number(text: str) -> str | None:
    """The first number of `computed` that is no reference, as printed."""
    found = re.search(rf"(?<![\d.]){_NUMBER}", plain(text))
    return found[0] if found else None


def value(number: str) -> float:
    """The number itself."""
    return float(number.replace(",", ""))


def step(number: str) -> float:
    """Place of the last printed digit."""
    return 10.0 ** -len(number.partition(".")[2])


def holds(identifier: str, number: str) -> bool:
    """Whether the number of an entry follows: to its printed digits, or as printed elsewhere."""
    if identifier in RECOMPUTED:
        return abs(RECOMPUTED[identifier]() - value(number)) <= step(number) / 2 + 1e-9
    _, words = READ[identifier]
    return number in re.findall(_NUMBER, plain(words))


NUMBERED = [identifier for identifier, entry in ENTRIES.items() if first_number(entry.computed)]


def test_ids_are_unique() -> None:
    assert len(ENTRIES) == len(LEDGER.inconsistency) >= 45


def test_every_kind_is_used() -> None:
    assert {entry.kind for entry in LEDGER.inconsistency} == set(get_args(LedgerEntry.model_fields["kind"].annotation))


def test_programmes_exist_and_each_has_an_entry() -> None:
    assert {entry.programme for entry in LEDGER.inconsistency if entry.programme} == set(NAMES)


def test_each_programme_entry_stands_in_its_own_place() -> None:
    """An Annex or a section of 4.3.2 is that of the entry's programme."""
    numbers = {programme: index for index, programme in enumerate(NAMES, 1)}
    for entry in LEDGER.inconsistency:
        if entry.programme and (place := re.fullmatch(r"(?:Annex |4\.3\.2-)(\d+)", entry.where)):
            assert int(place[1]) == numbers[entry.programme], entry.id


def test_no_entry_gives_a_verdict() -> None:
    """The ledger is neutral towards the authors."""
    for entry in LEDGER.inconsistency:
        words = f"{entry.printed} {entry.computed} {entry.why}".lower()
        assert not re.search(r"誤|間違|wrong|mistake|incorrect|\berrors?\b|fals[ei]", words), entry.id


@pytest.mark.parametrize("identifier", ENTRIES)
def test_printed_numbers_are_in_the_quote(identifier: str) -> None:
    entry = ENTRIES[identifier]
    quoted = re.findall(_NUMBER, squash(plain(entry.quote)))
    assert set(re.findall(_NUMBER, plain(entry.printed))) <= set(quoted)


def test_every_number_is_worked_out() -> None:
    """Neither a number without a way to check it nor a check without its number."""
    assert set(NUMBERED) == set(RECOMPUTED) | set(READ)
    assert not set(RECOMPUTED) & set(READ)


@pytest.mark.parametrize("identifier", NUMBERED)
def test_the_number_follows(identifier: str) -> None:
    number = first_number(ENTRIES[identifier].computed)
    assert number and holds(identifier, number)


@pytest.mark.parametrize("identifier", NUMBERED)
def test_a_changed_number_is_found(identifier: str) -> None:
    """The last digit moved by two, up or down, does not pass."""
    number = first_number(ENTRIES[identifier].computed)
    assert number
    decimals = len(number.partition(".")[2])
    for change in (-2, 2):
        assert not holds(identifier, f"{value(number) + change * step(number):.{decimals}f}")


@pytest.mark.parametrize("identifier", READ)
def test_words_that_were_read_are_in_the_report(identifier: str) -> None:
    report = find()
    if report is None:
        pytest.skip("the report is not on this machine")
    where, words = READ[identifier]
    assert report.block(where).find(words)
