"""The policy frame against plain arithmetic, worked examples by hand, and what a file may get wrong."""

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ctsim import catalog
from ctsim.balance import unit_faults
from ctsim.cli import main
from ctsim.console import number
from ctsim.engine import simulate
from ctsim.errors import InputError
from ctsim.library import library_root
from ctsim.policy import Realised, along, between, carbon_value, frame, gaps
from ctsim.printing_policy import policy_tables
from ctsim.switches import switched
from ctsim.valued import National
from tests.runs import scenario

TEXT = (library_root() / "policy" / "frame.toml").read_text(encoding="utf-8")


@cache
def printed(*options: str) -> str:
    """What the command prints, in few draws."""
    done = CliRunner().invoke(main, ["policy", "--draws", "4096", *options])
    assert done.exit_code == 0
    return done.stdout


def test_gaps_are_measured_from_fy2023_against_shares_of_fy2013() -> None:
    found = {gap.target.year: gap for gap in gaps(frame(), {2030: np.array([0.183])})}
    expected = {2030: 1017 - 1395.1 * 0.54, 2035: 1017 - 1395.1 * 0.40, 2040: 1017 - 1395.1 * 0.27, 2050: 1017.0}
    assert {year: gap.missing for year, gap in found.items()} == pytest.approx(expected)
    assert found[2030].closed == pytest.approx(0.183 / 263.646, rel=1e-6)
    assert found[2035].closed is None


def test_total_of_fy2013_is_what_the_quote_gives() -> None:
    """27.1 % and 378.1 below FY2013 are one statement."""
    totals = {one.year: one.emissions for one in frame().total}
    assert totals[2013] == pytest.approx(totals[2023] + 378.1)
    [base] = [one for one in frame().total if one.year == 2013]
    assert base.basis == "derived" and base.sum_of == (totals[2023], 378.1) and base.note is not None
    assert 1 - totals[2023] / totals[2013] == pytest.approx(0.271, abs=5e-4)


def test_prices_grow_by_three_per_cent_and_are_assumed() -> None:
    paths = {path.id: path for path in frame().price_path}
    for name, first in (("gx_ets_floor", 1700), ("gx_ets_ceiling", 4300)):
        expected = {str(2026 + k): round(first * 1.03**k) for k in range(25)}
        assert paths[name].price == expected
        assert paths[name].basis == "assumed" and "second-hand" in paths[name].reason.en
        assert "伝聞" in paths[name].reason.ja and f"{first:,}円" in paths[name].reason.ja


def test_carbon_value_is_tonnes_times_the_price_of_the_year() -> None:
    [floor, _] = frame().price_path
    assert carbon_value(floor, {2030: np.array([0.183])})[2030] == pytest.approx(0.183e6 * 1913 / 1e8)
    with pytest.raises(InputError, match="no price for 2055"):
        carbon_value(floor, {2055: np.array([1.0])})


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("  2033 = 2091\n", "", "2033 is missing between 2026 and 2050; a price path has every year"),
        ("  2033 = 2091\n", "  2033 = -1\n", "2033: a price is at least 0"),
        ('unit   = "円/t-CO2"', 'unit   = "円/kWh"', "write it in 円/t-CO2"),
        ("  2050 = ", "  2051 = ", "is missing between 2026 and 2051"),
        ("year      = 2013", "year      = 2014", "no total of FY2013"),
        ("emissions = 1017", "emissions = -5", "greater than 0"),
        ("year      = 2035", "year      = 2030", "two targets of FY2030"),
        ("year      = 2030", "year      = 2020", "a target is later than FY2023"),
        ('basis     = "derived"', 'basis     = "published"', "a derived total needs 'sum_of'"),
        ("sum_of    = [1017, 378.1]\n", "", "a derived total needs 'sum_of'"),
        ("sum_of    = [1017, 378.1]", "sum_of = [1017, 387.1]", "comes to 1,404.1, emissions are 1,395.1"),
        ('basis  = "assumed"', 'basis  = "published"', "a published price path needs its 'source'"),
        ("reduction = 60", "reduction = 6", "6 % below FY2013 is not below FY2023"),
        (
            'source    = { key = "gx_deck_2025_06", where = "GX policy of Japan", quote = "2035年に',
            'reason    = "2035年に" # {',
            "'source'",
        ),
    ],
)
def test_a_frame_that_is_not_whole_is_one_line(tmp_path: Path, was: str, now: str, why: str) -> None:
    assert was in TEXT
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(was, now, 1), encoding="utf-8")
    done = CliRunner().invoke(main, ["policy", "--frame", str(path)])
    assert done.exit_code == 2 and why in done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith(f"{path}:")


def test_a_path_that_ends_before_a_year_that_is_valued_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    kept = [line for line in TEXT.splitlines() if not re.match(r"  20(3[5-9]|4|50)", line)]
    path.write_text("\n".join(kept), encoding="utf-8")
    done = CliRunner().invoke(main, ["policy", "--frame", str(path)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert (
        done.stderr.count("no price for 2035; a path has every year from 2030 to 2050") == done.stderr.count("\n") == 2
    )


def test_shares_and_values_stand_beside_those_without_dependence() -> None:
    found = json.loads(printed("--json"))
    assert all(len(one["independent_closed_percent"]) == 3 for one in found["targets"])
    assert any(one["independent_closed_percent"] != one["closed_percent"] for one in found["targets"])
    for one in found["values"]:
        with_, without = one["value_oku_yen_per_year"], one["independent_value_oku_yen_per_year"]
        assert without == pytest.approx(with_, rel=0.03) and len(without) == 3
    [target] = [one for one in found["targets"] if one["year"] == 2035]
    [value] = [one for one in found["values"] if one["year"] == 2035 and one["price_path"] == "gx_ets_floor"]
    tonnes = np.array(target["independent_closed_percent"]) / 100 * target["missing_mt_co2"]
    expected = tonnes * 1e6 * value["price_yen_per_t_co2"] / 1e8
    assert value["independent_value_oku_yen_per_year"] == pytest.approx(expected.tolist())


def test_worked_examples_by_hand() -> None:
    scenario = catalog.load("carbon_pricing")
    assert unit_faults(scenario.binding) == []
    run = simulate(scenario.with_changes([]), draws=1024, method="mc")
    computed = run.tree["other"].dataset["computed"]
    by_hand = {
        "allocation_benchmark": 100 * 1.8 * 1 + 2 + 3 + 1,
        "allocation_grandfathering": 200 * (1 - 3 * 0.017) + 2 + 3 + 1,
        "allowances_to_buy": (205 - 186) * 1e4 * 3000 / 1e8,
        "levy": 100e4 * 2.67 * 1000 / 1e8,
        "cbam_charge": (12000 - 3000) * 1.9 * 10e4 * 0.485 / 1e8,
    }
    for item, expected in by_hand.items():
        assert computed.sel(figure=f"carbon_pricing.other.a year.{item}").item() == pytest.approx(expected, rel=1e-12)


def test_what_no_document_says_is_assumed() -> None:
    for row in catalog.load("carbon_pricing").binding.rows:
        assert row.basis == "assumed", row.stream


def test_a_scenario_without_what_was_paid_for_is_told_in_one_line() -> None:
    done = CliRunner().invoke(main, ["policy", "carbon_pricing", "--draws", "1024"])
    assert isinstance(done.exception, InputError) or done.exit_code == 2
    assert "has no programme of units that were paid for: energy_saving" in f"{done.exception}{done.output}"


def test_json_has_the_numbers_of_the_table() -> None:
    found, shown = json.loads(printed("--json")), printed()
    [first] = [one for one in found["targets"] if one["year"] == 2030]
    assert f"{first['closed_percent'][0]:.3g}" in shown and f"{first['missing_mt_co2']:,.0f}" in shown
    assert [(one["year"], one["mt_co2"]) for one in found["totals"]] == [(2013, 1395.1), (2023, 1017.0)]
    assert "1,395.1 in FY2013" in shown and "1,017 in FY2023" in shown
    assert all(one["cumulative"] and one["quote"] for one in found["credits"])
    assert {one["price_path"] for one in found["values"]} >= {"gx_ets_floor", "gx_ets_ceiling"}
    for one in found["values"]:
        low, high = one["value_oku_yen_per_year"][1:]
        assert low < one["value_oku_yen_per_year"][0] < high
    assert found["realised"]["ja"] in shown


@pytest.mark.parametrize(("lang", "other"), [("ja", "en"), ("en", "ja")])
def test_reasons_of_prices_are_in_the_language_that_is_asked_for(lang: str, other: str) -> None:
    with CliRunner().isolation() as (out, *_):
        policy_tables(National(frame(), Realised({}, {}, frozenset()), []), scenario(), lang)
        shown = out.getvalue().decode()
    assert {"ja": "1,395.1（公表値の和：1,017 + 378.1）", "en": "(sum of published numbers: 1,017 + 378.1)"}[
        lang
    ] in shown
    for path in frame().price_path:
        assert getattr(path.reason, lang) in shown and getattr(path.reason, other) not in shown


def test_every_year_of_a_path_has_its_value() -> None:
    """By the same formulas: at the year of a cell they give that cell; what was paid for is scrapped year by year."""
    found = json.loads(printed("--json", "--every-year"))
    for path in frame().price_path:
        mine = {one["year"]: one["value_oku_yen_per_year"] for one in found["values"] if one["price_path"] == path.id}
        assert list(mine) == list(range(2026, 2051))
        tonnes = {year: values[0] / path.price[str(year)] for year, values in mine.items()}
        for before, after in pairwise(tonnes.values()):
            assert 0.8 * before < after < before
    units = ["energy_saving_equipment", "clean_energy_vehicles", "electric_commercial_vehicles", "insulated_windows"]
    made = between(scenario(), units, [2030, 2040], 2**14, 0)
    [path] = [one for one in frame().price_path if one.id == "gx_ets_floor"]
    for year, value in carbon_value(path, made).items():
        [cell] = [one["value_oku_yen_per_year"] for one in found["values"]
                  if one["year"] == year and one["price_path"] == path.id]  # fmt: skip
        assert value == pytest.approx(cell, rel=2e-3)


def test_a_path_that_begins_later_is_valued_from_there_on() -> None:
    [floor, _] = frame().price_path
    late = floor.model_copy(update={"price": {year: one for year, one in floor.price.items() if year >= "2028"}})
    tonnes = {year: np.array([0.2]) for year in (2026, 2028, 2030)}
    assert list(along(late, tonnes)) == [2028, 2030]
    assert along(late, tonnes)[2028] == carbon_value(floor, tonnes)[2028]


def test_the_command_labels_the_share() -> None:
    assert "令和5年度充当のうち実現済みの需要対策等" in printed() and "cumulative" in printed()


def test_the_command_prints_the_value_of_each_cell_in_japan_and_why_others_have_none() -> None:
    """By boundary, programmes by name, as `--json` has them."""
    cells = json.loads(printed("--json"))["cells"]
    shown = re.sub(r"\s+", " ", printed())
    for boundary in ("Supported units", "Supported plants", "Japanese market"):
        assert f"median [90 % interval]: {boundary}" in shown
    for one in cells:
        for value in one["value_oku_yen_per_year"].values():
            assert f"{number(value[0])} [{number(value[1])}–" in shown
        assert (one["mt_co2"] is None) == bool(one["why_not"]) and (not one["why_not"] or one["why_not"]["en"] in shown)
    assert "21 Insulated windows for existing homes 2030" in shown and "16 Supply chain" in shown
    assert not re.search(r"[a-z]_[a-z]", shown) and "Values of cells are never added" in shown


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"levy_rate": -500}, "-500 円/t-CO2: it must be above 0"),
        ({"charged_share": 150}, "150 %: it must be a share"),
        ({"reduction_rate": 200}, "200 %: it must be a share"),
    ],
)
def test_examples_refuse_what_cannot_be(given: dict[str, float], said: str) -> None:
    values = {f"carbon_pricing.{name}": value for name, value in given.items()}
    with pytest.raises(InputError, match=re.escape(said)):
        switched(catalog.load("carbon_pricing"), set=values)


def test_examples_have_names_in_both_languages() -> None:
    for figure in catalog.load("carbon_pricing").programmes[0].figures:
        record = figure.record
        assert all((record.title_ja, record.title_en, record.item_ja, record.item_en))
