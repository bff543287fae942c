"""Readings: each exists, gives what it says, and is the same beside the literal result and in its place."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from ctsim import schema
from ctsim.binding import bind
from ctsim.catalog import Scenario, load, load_resolved
from ctsim.dataset import reads, targets
from ctsim.engine import simulate
from ctsim.errors import InputError
from ctsim.printing_run import run_tables
from ctsim.programme import unprinted
from ctsim.switches import switched
from tests.expected import (
    CARBON,
    EV,
    EV_BOUGHT,
    GAS_PER_FOOD_WASTE,
    METHANE,
    PETROL_CAR,
    PHEV,
    PHEV_BOUGHT,
    SHARES_2050,
    WASTE_CO2,
    products,
)
from tests.studies import Study, refused, study

__all__ = ["study"]

HOURS = 24 * 365


@cache
def scenario() -> Scenario:
    return load("framework_2023_11")


@cache
def names() -> tuple[str, ...]:
    return tuple(sorted({one.name for programme in scenario().programmes for one in programme.page.reading}))


@cache
def values(*chosen: str) -> dict[str, float]:
    """Every target at the values of the pages, in the unit of the result, with those readings in place."""
    one = switched(scenario(), reading=list(chosen))
    results = one.binding.evaluate(one.binding.central())
    return {target.name: sum(results[index] * factor for _, index, factor in target.parts) for target in targets(one)}


def batches() -> Iterator[tuple[str, ...]]:
    """All readings in few groups; in each of them no figure is read twice."""
    left = {name: {(programme.id, impact) for programme in scenario().programmes for one in programme.page.reading
                   if one.name == name for impact in (*one.impact, *one.follows)} for name in names()}  # fmt: skip
    while left:
        taken: set[tuple[str, str]] = set()
        group = []
        for name in list(left):
            if not left[name] & taken:
                taken |= left.pop(name)
                group.append(name)
        yield tuple(group)


def test_the_readings_that_matter_are_there() -> None:
    wanted = {
        "perovskite_solar": {"world_factor"}, "offshore_wind": {"falling_thermal_factor"},
        "hydrogen_supply_chain": {"upstream_emission"}, "water_electrolysis": {"less_electricity"},
        "waste_carbon_cycle": {"parameter_path"}, "plastic_feedstock": {"supported_output"},
        "photonics_datacentre": {"world_factor"}, "energy_saving_equipment": {"energy_mix"},
        "clean_energy_vehicles": {"new_car_baseline", "additionality"},
        "electric_commercial_vehicles": {"additionality"},
        "insulated_windows": {"additionality", "take_back", "mixed_windows"},
    }  # fmt: skip
    there = {programme.id: {one.name for one in programme.page.reading} for programme in scenario().programmes}
    assert {name: wanted[name] - there[name] for name in wanted if wanted[name] - there[name]} == {}


@pytest.mark.parametrize("group", list(batches()), ids=lambda group: group[0])
def test_a_reading_gives_the_same_beside_the_literal_result_and_in_its_place(group: tuple[str, ...]) -> None:
    beside, instead = values(), values(*group)
    checked = 0
    for one in reads(scenario()):
        if one.reading.name in group:
            assert instead[one.literal] == beside[one.key] == instead[one.key], one.key
            assert one.literal not in beside or beside[one.literal] != beside[one.key], one.key
            assert instead.get(f"{one.literal}:literal") == beside.get(one.literal), one.key
            checked += 1
    assert checked
    assert not [name for name in beside if name.endswith(":literal")]


def test_literal_is_the_page_s_own_whatever_else_is_read() -> None:
    """The carried windows take both printed figures; each of them is read too, and none is counted twice."""
    both = values("additionality")
    assert both["insulated_windows.co2_reduction.2030"] == pytest.approx(
        0.7 * values()["insulated_windows.co2_reduction.2030"], rel=1e-12
    )


def expected() -> dict[str, float]:
    """Some readings by hand, Mt or 万t, at the values of the pages."""
    digested = 2992.5 * 0.16
    more = 0.17 * 2 / 3
    waste = (
        2992.5 * more * products(SHARES_2050, METHANE) - 378 * 2992.5 / 3399 * more * 2.31 + digested * 0.9
        + 2992.5 * (0.11 + more) * 0.06 * products(SHARES_2050, WASTE_CO2) * 0.9
        + digested * (0.578 + (0.016 + 0.061) / 2 * 0.422) * GAS_PER_FOOD_WASTE
    )  # fmt: skip
    cars = (PETROL_CAR - EV) * EV_BOUGHT + (PETROL_CAR - PHEV) * PHEV_BOUGHT
    return {
        "perovskite_solar.co2_reduction.2050:world_factor": 0.15 * 0.15 * 200 * HOURS / 1e3,
        "offshore_wind.co2_reduction.2050:falling_thermal_factor": 45 * HOURS * 0.15 * 0.332 / 1e3,
        "offshore_wind.co2_reduction.2030:falling_thermal_factor": 2.68 * HOURS * 0.60 * 0.332 / 1e3,
        "hydrogen_supply_chain.co2_reduction.2050:upstream_emission": 55 * (142 * 13.87 / 1000 * CARBON - 3.4),
        "waste_carbon_cycle.co2_reduction.2040:parameter_path": waste,
        "photonics_datacentre.co2_reduction.2032-2041:world_factor": 3414 * 0.38 / 10 * 100 * 0.022,
        "clean_energy_vehicles.co2_reduction.FY2023:additionality": 0.4 * cars,
        "insulated_windows.co2_reduction.FY2025.detached:take_back": 6.3 * 0.85,
        "insulated_windows.co2_reduction.FY2025.apartment:mixed_windows": 0.8 * 0.9,
    }


@pytest.mark.parametrize("key", expected())
def test_a_reading_is_what_it_says(key: str) -> None:
    assert values()[key] == pytest.approx(expected()[key], rel=1e-12)


def test_the_parameter_path_lies_where_the_rules_of_the_report_lead() -> None:
    """About 754 by an independent reckoning that takes the shares of 2040 a little differently."""
    assert values()["waste_carbon_cycle.co2_reduction.2040:parameter_path"] == pytest.approx(754, rel=0.05)


def test_items_that_make_up_a_cell_are_read_as_their_sum() -> None:
    beside = values()
    parts = [beside[f"electric_commercial_vehicles.co2_reduction.2030.{one}:additionality"]
             for one in ("kei_truck", "small_truck", "large_truck", "taxi")]  # fmt: skip
    total = beside["electric_commercial_vehicles.co2_reduction.2030:additionality"]
    assert total == pytest.approx(sum(parts), rel=1e-12)
    assert total == pytest.approx(0.4 * beside["electric_commercial_vehicles.co2_reduction.2030"], rel=1e-12)


def test_a_cell_without_a_number_has_one_by_its_reading_only() -> None:
    cell = scenario().programme("waste_carbon_cycle").cell("co2_reduction", "2040")
    assert (cell.status, cell.reason_code) == ("not_applicable", "structure_change")
    read = switched(scenario(), reading="parameter_path").programme("waste_carbon_cycle")
    assert read.cell("co2_reduction", "2040").status == "pathway"
    page = scenario().programme("waste_carbon_cycle").page
    reading = next(one for one in page.reading if one.name == "parameter_path")
    record = unprinted(page, reading, "co2_reduction.2040")
    assert record is not None and (record.unit, record.boundary) == ("億t-CO2/yr", "world_market")
    assert unprinted(page, reading, "other.2040") is None


def test_with_delivery_a_reading_is_delivered_too() -> None:
    with_it = scenario().with_delivery().binding
    steps = {(step.figure.key, step.reading): step for _, step in with_it.readings()}
    assert steps["perovskite_solar.co2_reduction.2050", "world_factor"].delivered
    assert not steps["offshore_wind.co2_reduction.2050", "falling_thermal_factor"].delivered


def test_a_reading_survives_its_run_directory(tmp_path: Path) -> None:
    """What `literal` is stays known in the resolved scenario."""
    read = switched(scenario(), reading=["additionality", "parameter_path", "supported_output"])
    path = tmp_path / "scenario.toml"
    path.write_text(read.to_toml(), encoding="utf-8")
    again = load_resolved(path)
    assert again.digest == read.digest
    assert again.binding.evaluate(again.binding.central()) == read.binding.evaluate(read.binding.central())


# ---- side by side


def test_every_figure_that_follows_from_a_reading_is_shown_with_it() -> None:
    """What takes a figure that is read, by the formulas of the page, is read too or named in `follows`."""
    binding = scenario().binding
    for programme in scenario().programmes:
        own = {binding.step_of(figure): figure for figure in programme.figures}
        for name in {one.name for one in programme.page.reading}:
            mine = [one for one in programme.page.reading if one.name == name]
            said = {f"{programme.id}.{impact}" for one in mine for impact in (*one.impact, *one.follows)}
            read = {number for number, figure in own.items() if figure.key in said}
            takes = {figure.key for number, figure in own.items()
                     for one in binding.steps[number].inputs if one.kind == "step" and one.index in read}  # fmt: skip
            assert takes <= said, name


def test_a_share_is_not_taken_twice_where_its_reading_is_in_place() -> None:
    """The carried cells of 16 have the share of chips in vehicles already; the reading of one year's chips adds it."""
    read = values("chips_partly_in_vehicles")
    for year in ("2030", "2040", "2050"):
        key = f"power_semiconductors.co2_reduction.{year}"
        assert read[key] == values()[key] > 0


def test_a_path_follows_its_ends() -> None:
    read = values()
    ends = [read[f"hydrogen_supply_chain.co2_reduction.{year}:upstream_emission"] for year in ("2030", "2050")]
    path = read["hydrogen_supply_chain.co2_reduction.2040:upstream_emission"]
    assert path == pytest.approx(ends[0] + 0.25 * (ends[1] - ends[0]), rel=1e-12)


def test_a_formula_of_one_s_own_stands_beside_the_literal_one_too() -> None:
    """A change that is no reading of the page: by the name of its formula; what follows from it as well."""
    key = "hydrogen_supply_chain.co2_reduction.2050"
    change = {"impact": key, "formula": "co2_reduction_2040", "reason": "r", "source": {"key": "study", "where": "t"}}
    with pytest.raises(InputError, match="circle"):
        scenario().with_changes([change])
    changed = scenario().with_changes([{**change, "formula": "co2_reduction_less_upstream"},
                                       {**change, "impact": "water_electrolysis.co2_reduction.2030",
                                        "formula": "co2_reduction_2030_less_electricity"}])  # fmt: skip
    keys = {one.key for one in reads(changed) if one.reading.name == "literal"}
    assert keys == {f"{one}:literal" for one in (key, "hydrogen_supply_chain.co2_reduction.2040",
                    "water_electrolysis.co2_reduction.2030", "water_electrolysis.co2_reduction.2040")}  # fmt: skip


def test_a_reading_says_whose_effect_it_is_and_its_figure_keeps_its_own_words() -> None:
    read = switched(scenario(), reading="supported_output")
    for one in (read, load_resolved_again(read)):
        for year in ("2030", "2040", "2050"):
            figure = one.programme("plastic_feedstock").cell("co2_reduction", year).figures[0]
            assert (figure.record.scope, figure.record.boundary) == ("japan", "japan_market")
            assert (figure.literal.record.scope, figure.literal.record.boundary) == ("world", "world_market")
    beside = {one.key: one.figures[0].record for one in reads(scenario())}
    assert beside["plastic_feedstock.co2_reduction.2040:supported_output"].boundary == "japan_market"
    assert beside["water_electrolysis.economic_effect.2030 cumulative:one_of_ten_years"].period == "annual"
    cell = scenario().programme("plastic_feedstock").cell("co2_reduction", "2040")
    assert cell.figures[0].record.boundary == "world_market"


def load_resolved_again(one: Scenario) -> Scenario:
    """Written and read once more."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.toml"
        path.write_text(one.to_toml(), encoding="utf-8")
        return load_resolved(path)


SHOWN = ["waste_carbon_cycle", "plastic_feedstock", "hydrogen_supply_chain"]


@pytest.mark.parametrize("name", ["framework_2023_11", "as_published"])
def test_literal_and_reading_stand_side_by_side_in_a_result(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the tree and in the table; the literal numbers are those of the same draws without the reading."""
    chosen = ["supported_output", "parameter_path"] if name == "framework_2023_11" else ["upstream_emission"]
    few: dict[str, Any] = {"draws": 1024, "programmes": SHOWN, "metrics": ["co2_reduction"]}
    base = scenario() if len(chosen) > 1 else load(name)
    plain, read = simulate(base, **few), simulate(switched(base, reading=chosen), **few)
    node, cells = (one["readings" if one is read.tree else "co2_reduction"].dataset for one in (read.tree, plain.tree))
    key = f"{'plastic_feedstock' if len(chosen) > 1 else 'hydrogen_supply_chain'}.co2_reduction.2050"
    own = cells.sel(programme=key.partition(".")[0], year=2050)
    shown = read.tree["co2_reduction"].dataset.sel(programme=key.partition(".")[0], year=2050)
    for one in ("mean", "quantiles"):
        assert np.array_equal(node[one].sel(reading=f"{key}:literal"), own[one])
        assert np.array_equal(node[one].sel(reading=f"{key}:{chosen[0]}"), shown[one])
    by_reading = dict(zip(node["reading"].values.tolist(), node["literal"].values.tolist(), strict=True))
    assert by_reading[f"{key}:{chosen[0]}"] == f"{key}:literal"
    assert name == "as_published" or by_reading["waste_carbon_cycle.co2_reduction.2040:parameter_path"] == ""
    run_tables(read)
    lines = [line for line in capsys.readouterr().out.splitlines() if "so read" not in line]
    text = "\n".join(lines)
    assert "structure change" in text or name == "as_published"
    assert ("supported output (Japan market)" in text) == (name == "framework_2023_11")


def test_one_impact_or_several_may_be_named() -> None:
    said = {"name": "r", "formula": "f", "description": schema.Bilingual(ja="あ", en="a"), "reason": "b"}
    assert schema.Reading.model_validate({**said, "impact": "co2_reduction.2030"}).impact == ("co2_reduction.2030",)
    assert len(schema.Reading.model_validate({**said, "impact": ("a", "b")}).impact) == 2


LITERAL = '\n\ndef half(literal: Mt_CO2_per_yr) -> Mt_CO2_per_yr:\n    """half of it"""\n    return literal / 2\n'
READING = '\n[[reading]]\nname = "half"\nformula = "half"\nreason = "r"\ndescription = { ja = "半分", en = "half" }\n'


def test_literal_outside_of_a_reading_is_a_circle(study: Study) -> None:
    study.write("formulas/mine.py", (study.folder / "formulas/mine.py").read_text(encoding="utf-8") + LITERAL)
    study.edit("programmes/mine.toml", ('formula = "co2"', 'formula = "half"'))
    said = study.ctsim("check", "s.toml", "--formulas", "formulas")
    assert said.status == 2 and "circle" in " ".join(said.lines)


def test_what_a_reading_is_like_must_be_there(study: Study) -> None:
    page = (study.folder / "programmes/mine.toml").read_text(encoding="utf-8")
    study.write("formulas/mine.py", (study.folder / "formulas/mine.py").read_text(encoding="utf-8") + LITERAL)
    study.write("programmes/mine.toml", page + READING + 'impact = "co2_reduction.2040"\nlike = "co2_reduction.2060"\n')
    refused(study, ("check", "s.toml", "--formulas", "formulas"), [
        "programmes/mine.toml:29: reading.half.impact: no figure 'co2_reduction.2060' to be like, or "
        "'co2_reduction.2040' is not metric.year of a cell"])  # fmt: skip


def test_what_does_not_follow_is_refused(study: Study) -> None:
    page = (study.folder / "programmes/mine.toml").read_text(encoding="utf-8")
    study.write("formulas/mine.py", (study.folder / "formulas/mine.py").read_text(encoding="utf-8") + LITERAL)
    for name, follows, said in (
        (
            "half",
            "co2_reduction.2050",
            "'co2_reduction.2050' takes nothing that 'half' reads; take it out of 'follows'",
        ),
        (
            "half",
            "co2_reduction.2060",
            "no figure 'co2_reduction.2060' on the page. Did you mean 'co2_reduction.2050'?",
        ),
        ("literal", "", "is the name of what the page's own formula gives; choose another"),
    ):
        line = f'impact = "co2_reduction.2030"\n{f"follows = {chr(34)}{follows}{chr(34)}" * bool(follows)}\n'
        study.write("programmes/mine.toml", page + READING.replace('name = "half"', f'name = "{name}"') + line)
        out = study.ctsim("check", "s.toml", "--formulas", "formulas")
        assert out.status == 2 and said in " ".join(out.lines)


def test_outside_programmes_have_readings_too(study: Study) -> None:
    page = (study.folder / "programmes/mine.toml").read_text(encoding="utf-8")
    study.write("formulas/mine.py", (study.folder / "formulas/mine.py").read_text(encoding="utf-8") + LITERAL)
    study.write("programmes/mine.toml", page + READING + 'impact = ["co2_reduction.2030", "co2_reduction.2050"]\n')
    mine = load(study.folder / "s.toml", study.folder / "formulas")
    binding = bind(mine.programmes, mine.formulas, readings=True)
    results = binding.evaluate(binding.central())
    for number, step in binding.readings():
        assert results[number] == results[binding.step_of(step.figure)] / 2
