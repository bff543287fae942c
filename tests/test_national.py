"""The carbon value of each cell against plain arithmetic, cells without one and why, and the frame beside a run."""

import re
from math import isnan
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from ctsim.engine import Run, simulate
from ctsim.errors import InputError
from ctsim.locale import LANGUAGES, text
from ctsim.notes import given_at
from ctsim.policy import between, frame
from ctsim.printing_policy import policy_json
from ctsim.report.frame import FramePage, frame_page
from ctsim.report.page import html
from ctsim.report.words import Page
from ctsim.valued import National, national
from tests.html_pages import parsed
from tests.page_numbers import wrong_numbers
from tests.runs import scenario

MARKET = {"offshore_wind": (2030, 2040, 2050), "hydrogen_steelmaking": (2030, 2040),
          "industrial_furnaces": (2040, 2050)}  # fmt: skip
PLANTS = ("battery_supply_chain",)
UNITS = ("energy_saving_equipment", "regional_microgrids", "clean_energy_vehicles", "electric_commercial_vehicles",
         "insulated_windows")  # fmt: skip
SUM = ("energy_saving_equipment", "clean_energy_vehicles", "electric_commercial_vehicles", "insulated_windows")
PRICES = {"gx_ets_floor": {2030: 1913, 2040: 2571, 2050: 3456}, "gx_ets_ceiling": {2030: 4840, 2040: 6504, 2050: 8741}}


@pytest.fixture(scope="module")
def run() -> Run:
    return simulate(scenario(), draws=2**12, metrics=["co2_reduction"])


@pytest.fixture(scope="module")
def found(run: Run) -> National:
    return national(scenario(), run.tree, frame(), 2**12, 0)


@pytest.fixture(scope="module")
def pages(run: Run) -> dict[str, FramePage]:
    return {lang: frame_page(scenario(), run.tree, run.card, lang) for lang in LANGUAGES}


# ---- which cells


def test_every_annual_reduction_in_japan_has_a_value_and_no_other_cell(found: National) -> None:
    wanted = {(name, year) for name, years in MARKET.items() for year in years}
    wanted |= {(name, year) for name in (*PLANTS, *UNITS) for year in (2030, 2040, 2050)}
    assert {(one.programme, one.year) for one in found.valued} == wanted
    assert len(found.cells) == 63 and all((one.tonnes is None) == (one.reason is not None) for one in found.cells)
    boundary = {one.programme: one.boundary for one in found.valued}
    assert {boundary[name] for name in MARKET} == {"japan_market"}
    assert {boundary[name] for name in PLANTS} == {"plants_supported"}
    assert {boundary[name] for name in UNITS} == {"units_supported"}


@pytest.mark.parametrize("path", PRICES)
def test_a_value_is_tonnes_times_the_price_of_the_year(run: Run, found: National, path: str) -> None:
    """Mt × 10⁶ × 円/t ÷ 10⁸, at each quantile of the result."""
    node = run.tree["co2_reduction"].dataset
    for one in found.valued:
        for place, share in enumerate((0.5, 0.05, 0.95)):
            tonnes = float(node["quantiles"].sel(programme=one.programme, year=one.year, quantile=share)) * 1e6
            made = float(found.value(one.name, path)[place])
            assert made == pytest.approx(tonnes * PRICES[path][one.year] / 1e8, rel=1e-12), one.name


@pytest.mark.parametrize(("cell", "why", "ja"), [
    ("perovskite_solar.co2_reduction.2030", "Japanese firms: not reductions in Japan; the report counts it in the",
     "範囲が「日本企業の供給分」で、国内の削減量ではない。また、報告書は世界の効果としており"),
    ("next_generation_ships.co2_reduction.2030", "the report counts it in the world", "報告書は世界の効果"),
    ("photonics_datacentre.co2_reduction.2040", "World market: not reductions in Japan", "範囲が「世界市場」で"),
    ("power_semiconductors.co2_reduction.2040", "does not say whether in Japan", "国内の効果か世界の効果かが"),
    ("fast_reactor.co2_reduction.2030", "no number (not co2)", "数値がない（CO₂以外）"),
    ("industrial_furnaces.co2_reduction.2030", "no number (before start)", "数値がない（開始前）"),
])  # fmt: skip
def test_what_has_no_value_says_why(found: National, cell: str, why: str, ja: str) -> None:
    with pytest.raises(InputError) as raised:
        found.value(cell, "gx_ets_floor")
    [said] = str(raised.value).splitlines()
    assert said.startswith(f"no carbon value of {cell}: ") and why in said
    [reason] = [one.reason for one in found.cells if one.name == cell]
    assert reason is not None and ja in reason.ja
    assert cell in [one.name for _, cells in found.refused for one in cells]


def test_a_lifetime_amount_has_no_value_of_a_year(run: Run) -> None:
    """Whatever its boundary: a price is of a year."""
    node = run.tree["co2_reduction"].dataset.copy()
    node["period"] = node["period"].where(node["programme"] != "insulated_windows", "lifecycle")
    tree = run.tree.copy()
    tree["co2_reduction"] = tree["co2_reduction"].copy()
    tree["co2_reduction"].dataset = node
    other = national(scenario(), tree, frame(), 2**12, 0)
    said = {str(one.reason and one.reason.en) for one in other.cells if one.programme == "insulated_windows"}
    assert said == {"not the amount of a year"}


@pytest.mark.parametrize(("cell", "path", "why"), [
    ("insulated_window.co2_reduction.2030", "gx_ets_floor", "Did you mean 'insulated_windows.co2_reduction.2030'?"),
    ("insulated_windows.co2_reduction.2030", "gx_ets_flor", "Did you mean 'gx_ets_floor'?"),
])  # fmt: skip
def test_a_misspelt_cell_or_path_is_one_line(found: National, cell: str, path: str, why: str) -> None:
    with pytest.raises(InputError) as raised:
        found.value(cell, path)
    assert why in str(raised.value) and "\n" not in str(raised.value)


def test_a_path_that_begins_after_the_cell_gives_it_no_value(found: National) -> None:
    late = [path.model_copy(update={"price": {year: one for year, one in path.price.items() if year >= "2035"}})
            for path in found.file.price_path]  # fmt: skip
    other = National(found.file.model_copy(update={"price_path": tuple(late)}), found.realised, found.cells)
    with pytest.raises(InputError, match="has no price for 2030; give it one"):
        other.value("insulated_windows.co2_reduction.2030", "gx_ets_floor")
    [windows] = [one for one in policy_json(other)["cells"] if one["cell"] == "insulated_windows.co2_reduction.2030"]
    assert windows["value_oku_yen_per_year"] == {} and windows["mt_co2"]


# ---- every year


def test_along_the_whole_path_what_is_used_up_has_every_year(run: Run, found: National) -> None:
    """A cell that is one formula of the year has all of them; an outlook only the years that the report speaks of."""
    every = national(scenario(), run.tree, frame(), 2**12, 0, every_year=True)
    years = {name: [one.year for one in every.valued if one.programme == name] for name in (*MARKET, *PLANTS, *UNITS)}
    for name in (*PLANTS, *UNITS):
        assert years[name] == list(range(2026, 2051)), name
    assert {name: tuple(years[name]) for name in MARKET} == MARKET
    cells = {one.name: one.tonnes for one in every.valued}
    for one in found.valued:
        assert np.array_equal(cells[one.name], one.tonnes)  # type: ignore[arg-type]
    again = between(scenario(), ["insulated_windows"], [2030, 2031], 2**12, 0)
    assert again[2030] == pytest.approx(cells["insulated_windows.co2_reduction.2030"], rel=5e-3)
    assert again[2031].tolist() == cells["insulated_windows.co2_reduction.2031"].tolist()  # type: ignore[union-attr]
    assert len(every.refused) == len(found.refused)


# ---- a run that has no sum


def test_a_run_without_the_sum_says_so_and_keeps_its_cells() -> None:
    few = simulate(scenario(), draws=1024, programmes=["clean_energy_vehicles", "offshore_wind"])
    found = national(scenario(), few.tree, frame(), 1024, 0)
    assert {one.programme for one in found.valued} == {"clean_energy_vehicles", "offshore_wind"}
    assert set(found.realised.reasons) == {2030, 2040, 2050}
    assert all("energy" in why.en.lower() and why.ja for why in found.realised.reasons.values())
    for target in policy_json(found)["targets"]:
        assert target["closed_percent"] is None and (target["why_not"] is None) == (target["year"] == 2035)
    page = frame_page(scenario(), few.tree, few.card, "ja")
    for place, gap in enumerate(page.gaps):
        said = str(page.closed(place))
        assert "<data" not in said and str(page.closed_alone(place)) == "–"
        assert said in (found.realised.reasons[gap.target.year].ja if gap.target.year != 2035 else "この年の値はない")
    other = national(scenario(), simulate(scenario(), draws=1024, metrics=["economic_effect"]).tree, frame(), 1024, 0)
    assert other.cells == [] and {one.en for one in other.realised.reasons.values()} == {
        "this run has no sum of 17, 19, 20 and 21 (not chosen)"
    }


# ---- the page


def test_the_sum_on_the_page_is_that_of_the_run(run: Run, pages: dict[str, FramePage]) -> None:
    """Its quantiles over the gap, in per cent; the gaps by hand."""
    node = run.tree["totals/co2_reduction"].dataset.sel(group="units_supported")
    missing = {2030: 1017 - 1395.1 * 0.54, 2040: 1017 - 1395.1 * 0.27, 2050: 1017.0}
    found = policy_json(pages["ja"].found)
    for year, gap in missing.items():
        [target] = [one for one in found["targets"] if one["year"] == year]
        for name, key in (("quantiles", "closed_percent"), ("independent_quantiles", "independent_closed_percent")):
            shares = [100 * float(node[name].sel(year=year, quantile=share)) / gap for share in (0.5, 0.05, 0.95)]
            assert target[key] == pytest.approx(shares, rel=1e-12)
    assert not any(isnan(one) for target in found["targets"] for one in target["closed_percent"])


def test_money_is_in_a_unit_that_suits_it(pages: dict[str, FramePage]) -> None:
    """億円 in Japanese, millions of yen in English: 100 to one."""
    for place, path, year in pages["ja"].values:
        ja, en = (str(pages[lang].value(place, path, year)) for lang in LANGUAGES)
        assert 'data-x="1.0"' in ja and 'data-x="100.0"' in en
        assert ja.split('value="')[1].split('"')[0] == en.split('value="')[1].split('"')[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_year_between_cells_is_marked_on_the_page(pages: dict[str, FramePage], lang: str) -> None:
    page = pages[lang]
    marked = [gap.target.year for place, gap in enumerate(page.gaps) if str(page.closed(place)).endswith(" *")]
    assert marked == [2035] and page.between.startswith("* 2035")
    assert {year for place, path, year in page.values if str(page.value(place, path, year)).endswith(" *")} == {2035}


def test_members_of_the_sum_have_values_of_their_own_that_nobody_adds(found: National) -> None:
    """Quantiles of a sum are not sums of quantiles: what stands beside the members is the declared sum."""
    for path in found.file.price_path:
        parts = [found.value(f"{name}.co2_reduction.2030", path.id) for name in SUM]
        whole = found.realised.tonnes[2030] * 1e6 * path.price["2030"] / 1e8
        assert np.sum(parts, axis=0)[0] == pytest.approx(whole[0], rel=0.02)
        assert np.sum(parts, axis=0)[2] - np.sum(parts, axis=0)[1] > whole[2] - whole[1]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_frame_has_every_number_with_its_ground(run: Run, pages: dict[str, FramePage], lang: str) -> None:
    """Totals, targets, credits, prices and values as `ctsim policy --json` has them, each with basis and words."""
    page = SimpleNamespace(lang=lang, card=run.card, frame=pages[lang])
    section = parsed(f"<section>{html(cast(Page, page), 'policy.html')}</section>")
    there = {one.attributes["data-at"] for one in section.all("data")}
    found = policy_json(pages[lang].found)
    assert list(wrong_numbers({}, section, {"policy": found})) == []
    for name, key in (("totals", "mt_co2"), ("targets", "missing_mt_co2"), ("targets", "closed_percent|2"),
                      ("targets", "independent_closed_percent|1"), ("credits", "amount"),
                      ("values", "price_yen_per_t_co2"), ("values", "value_oku_yen_per_year|0")):  # fmt: skip
        assert {f"policy|{name}|{place}|{key}" for place in range(len(found[name]))} <= there
    for one in (*found["totals"], *found["targets"], *found["credits"]):
        assert one["source"]["quote"] in section.text
        assert given_at(one["source"]["where"], lang) in section.text
    assert found["realised"][lang] in section.text and found["realised"]["ja"] in section.text
    assert text("basis.assumed", lang) in section.text and text("basis.derived", lang) in section.text
    for place, one in enumerate(found["cells"]):
        at = f"policy|cells|{place}|value_oku_yen_per_year|gx_ets_ceiling|2"
        assert (at in there) == bool(one["value_oku_yen_per_year"])
        assert one["why_not"] is None or one["why_not"][lang] in section.text
    assert text("policy.cells_note", lang) in section.text
    assert not re.search(r"\b[a-z]+_[a-z_]+\b", section.text)
