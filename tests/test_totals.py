"""Totals against sums of kept draws, bounds against sorted ones, zero dependence against the run without any; and
every reason for which a total is refused."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner

from ctsim import catalog
from ctsim.binding import Binding, Row
from ctsim.dependence import groups
from ctsim.engine import Run, open_run, simulate, total
from ctsim.errors import InputError, Place
from ctsim.independent import twinned
from ctsim.kernel import Kernel, Target
from ctsim.printing_totals import totals_tables
from ctsim.programme import Spread
from ctsim.totals import INDEPENDENT, totals_of
from tests.runs import BASE, scenario, study

DRAWS = 16384
UNITS = ("energy_saving_equipment", "clean_energy_vehicles", "electric_commercial_vehicles", "insulated_windows")
YEARS = [2030, 2040, 2050]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run of everything that kept the draws of its cells."""
    out = tmp_path_factory.mktemp("totals") / "run"
    return simulate(scenario(), draws=DRAWS, keep_draws="cells", out=out)


@cache
def without_dependence() -> Run:
    return simulate(scenario().with_dependence(0), draws=DRAWS, metrics=["co2_reduction"])


def draws_of(run: Run, programme: str, year: int) -> npt.NDArray[np.float64]:
    cell = run.tree["draws"].dataset["co2_reduction"].sel(programme=programme, year=year)
    return np.asarray(cell.values, dtype=float)


def total_of(run: Run, group: str, year: int, name: str = "mean") -> npt.NDArray[np.float64]:
    node = run.tree["totals/co2_reduction"].dataset
    return np.asarray(node[name].sel(group=group, year=year).values)


@pytest.mark.parametrize("year", YEARS)
def test_a_total_is_the_sum_of_the_kept_draws(kept: Run, year: int) -> None:
    added = np.sum([draws_of(kept, name, year) for name in UNITS], axis=0)
    assert total_of(kept, "units_supported", year) == pytest.approx(added.mean(), rel=1e-13)
    assert total_of(kept, "units_supported", year, "sd") == pytest.approx(added.std(ddof=1), rel=1e-9)
    at = kept.tree["totals/co2_reduction"].dataset["quantile"].values
    assert total_of(kept, "units_supported", year, "quantiles") == pytest.approx(np.quantile(added, at), rel=2e-3)
    assert total_of(kept, "units_supported", year, "minimum") == pytest.approx(added.min(), rel=1e-13)


@pytest.mark.parametrize("group", ["hydrogen.world_market", "cars.plants_supported", "plastics.world_market"])
@pytest.mark.parametrize("year", YEARS)
def test_bounds_are_the_largest_of_the_kept_draws(kept: Run, group: str, year: int) -> None:
    members = str(total_of(kept, f"{group}.largest", year, "members")).split(", ")
    ordered = np.sort([draws_of(kept, name, year) for name in members], axis=0)[::-1]
    assert total_of(kept, f"{group}.largest", year) == pytest.approx(ordered[0].mean(), rel=1e-13)
    assert total_of(kept, f"{group}.two_largest", year) == pytest.approx(ordered[:2].sum(axis=0).mean(), rel=1e-13)


@pytest.mark.parametrize("group", ["hydrogen.world_market.two_largest", "cars.plants_supported.largest"])
def test_a_total_at_zero_dependence_is_that_of_the_run_without(kept: Run, group: str) -> None:
    """To the last bit, and not that of the run with dependence."""
    for name in ("mean", "sd", "quantiles"):
        free = total_of(without_dependence(), group, 2040, name)
        assert np.array_equal(total_of(kept, group, 2040, f"independent_{name}"), free)
    assert total_of(kept, group, 2040, "sd") != total_of(kept, group, 2040, "independent_sd")


def test_a_total_that_dependence_does_not_reach_is_one_number(kept: Run) -> None:
    node = kept.tree["totals/other"].dataset.sel(group="windows_parts")
    assert np.array_equal(node["mean"].values, node["independent_mean"].values)


def test_a_sum_the_page_makes_itself_is_that_figure(kept: Run) -> None:
    other, totals = kept.tree["other"].dataset, kept.tree["totals/other"].dataset
    figure = other["mean"].sel(figure="clean_energy_vehicles.co2_reduction.FY2023").item()
    parts = [other["mean"].sel(figure=f"clean_energy_vehicles.co2_reduction.FY2023.{one}").item()
             for one in ("ev", "phev")]  # fmt: skip
    assert totals["mean"].sel(group="cars_parts").item() == figure == pytest.approx(sum(parts), rel=1e-13)


def test_what_is_paid_for_adds_up_as_published() -> None:
    """18.3 万t: 0.33 (printed; the formula gives 0.34) + 9.5 + 1.4 + 6.3 + 0.8."""
    run = simulate(scenario("as_published"), draws=1024, method="mc", metrics=["co2_reduction"])
    one = run.tree["totals/other"].dataset.sel(group="units_supported_first_year")
    assert one["mean"].item() == pytest.approx(0.33896 + 9.54681 + 1.37963 + 7.1, abs=1e-4)
    cells = run.tree["totals/co2_reduction"].dataset.sel(group="units_supported", year=2030)
    assert np.isnan(cells["mean"].item())
    assert (
        "Energy-saving equipment in factories and business premises has no number (path not declared)"
        in cells["reason"].item()
    )


def test_only_what_has_not_begun_counts_as_nothing() -> None:
    group = next(one for one in scenario().totals if one.id == "units_supported")
    both = group.model_copy(update={"members": ("industrial_furnaces", "hydrogen_steelmaking")})
    [found] = totals_of([both], scenario().programmes, ["2030"], ["co2_reduction"], scenario().names)
    assert (found.members, found.reason) == (("hydrogen_steelmaking",), None)
    gone = group.model_copy(update={"members": ("fast_reactor", "hydrogen_steelmaking")})
    [found] = totals_of([gone], scenario().programmes, ["2030"], ["co2_reduction"], scenario().names)
    assert found.reason is not None and "Demonstration of a fast reactor has no number (not co2)" in found.reason.en
    absent = group.model_copy(update={"members": ("industrial_furnaces", "next_generation_aircraft")})
    [found] = totals_of([absent], scenario().programmes, ["2030"], ["co2_reduction"], scenario().names)
    assert found.reason is not None and "begun" in found.reason.en


def test_a_total_without_one_of_its_members_has_no_number() -> None:
    run = simulate(scenario(), draws=1024, method="mc", programmes=UNITS[1:], metrics=["co2_reduction"])
    node = run.tree["totals/co2_reduction"].dataset.sel(group="units_supported", year=2030)
    assert node["status"].item() == "not_applicable" and "Energy-saving equipment" in node["reason"].item()


def test_no_total_mixes_boundaries(kept: Run) -> None:
    cells = kept.tree["co2_reduction"].dataset
    node = kept.tree["totals/co2_reduction"].dataset
    for group in node["group"].values.tolist():
        for year in YEARS:
            one = node.sel(group=group, year=year)
            names = [name for name in one["members"].item().split(", ") if name]
            said = {cells["boundary"].sel(programme=name, year=year).item() for name in names}
            assert said == ({one["boundary"].item()} if names else set())


@pytest.mark.parametrize(("lang", "words"), [
    ("ja", ("水素(製造・輸送・利用)：世界市場、最大の事業",
            "水素(製造・輸送・利用)：世界市場、最大の事業と次の事業の和")),
    ("en", ("Hydrogen, made, traded and used: world market, largest member", "largest and next member")),
])  # fmt: skip
def test_bounds_are_named_in_words(kept: Run, lang: str, words: tuple[str, ...]) -> None:
    """A family, a boundary and which bound; no name of ours, in either language."""
    with CliRunner().isolation() as (out, *_):
        totals_tables(kept.tree, lang)
        shown = out.getvalue().decode()
    assert all(one in shown for one in words)
    assert not re.search(r"two_largest|\.largest|world_market|japan_market|plants_supported", shown)


def test_no_sum_of_money_and_none_that_was_not_declared(kept: Run) -> None:
    """Of money there are bounds of one overlap, of one boundary and one kind each."""
    assert list(kept.tree["totals"].children) == ["co2_reduction", "economic_effect", "other"]
    money = kept.tree["totals/economic_effect"].dataset
    assert set(money["kind"].values.tolist()) == {"overlap"}
    for name in money["group"].values.tolist():
        kinds = kept.tree["economic_effect"].dataset["money_kind"]
        members = {one for said in money["members"].sel(group=name).values.tolist() for one in said.split(", ") if one}
        assert len({str(kinds.sel(programme=one, year=2050).item()) for one in members}) == 1, name
    ids = {one.id for one in scenario().totals if one.kind in ("sum", "overlap")}
    for node in kept.tree["totals"].children.values():
        assert {name.partition(".")[0] for name in node.dataset["group"].values.tolist()} <= ids


def rows(count: int) -> tuple[Row, ...]:
    spread = Spread("uniform", {"low": 0.0, "high": 1.0}, None, False, "assumed", "")
    return tuple(Row(f"p.x{i}", "", "1", 0.0, 1.0, spread, "assumed", Place()) for i in range(count))


@pytest.mark.parametrize(("how", "count"), [("sum", 4), ("largest", 1), ("two_largest", 2)])
def test_how_parts_make_a_target(how: str, count: int) -> None:
    parts = tuple(("row", i, factor) for i, factor in enumerate((1.0, -2.0, 0.5, 3.0)))
    found = [Target("/x", ("a",), "1", parts, how=how), *(Target("/x", (str(i),), "1", (one,))
             for i, one in enumerate(parts))]  # fmt: skip
    kernel = Kernel(Binding(rows(4), ()), found, 7)
    values = kernel.evaluate(0, 2)
    assert values[0] == pytest.approx(np.sort(values[1:], axis=0)[::-1][:count].sum(axis=0), rel=1e-15)
    assert kernel.central()[0] == pytest.approx(sum(sorted([0.5, -1.0, 0.25, 1.5])[-count:]))


def test_twins_come_after_everything_and_only_where_two_of_a_group_meet() -> None:
    both = Target("/totals/x", ("both", "2030"), "1", (("row", 0, 1.0), ("row", 1, 1.0)))
    alone = Target("/totals/x", ("alone", "2030"), "1", (("row", 1, 1.0), ("row", 2, 1.0)))
    cell = Target("/x", ("cell",), "1", (("row", 0, 1.0), ("row", 1, 1.0)))
    binding, found = twinned(Binding(rows(3), ()), [both, alone, cell], groups({("p.x0", "p.x1"): 0.9}))
    assert [one.key[0] for one in found] == ["both", "alone", "cell", "both" + INDEPENDENT]
    assert [row.twin_of for row in binding.rows] == [None, None, None, 1]
    assert found[-1].parts == (("row", 0, 1.0), ("row", 3, 1.0))


# ---- what is asked for


def refused(cells: Sequence[str]) -> str:
    with pytest.raises(InputError) as raised:
        total(scenario(), cells, draws=1024, method="mc")
    assert len(raised.value.findings) == 1 and "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["clean_energy_vehicles.co2_reduction.2030", "battery_supply_chain.co2_reduction.2030"], "unlike boundary"),
        (["water_electrolysis.co2_reduction.2050", "hydrogen_supply_chain.co2_reduction.2050"], "overlap (Hydrogen"),
        (["battery_supply_chain.co2_reduction.2040", "power_semiconductors.co2_reduction.2040"], "overlap (Electric v"),
        (["waste_carbon_cycle.co2_reduction.2050", "plastic_feedstock.co2_reduction.2050"], "overlap (Plastics)"),
        (["offshore_wind.co2_reduction.2050", "perovskite_solar.co2_reduction.2050"], "overlap (Electricity)"),
        (["clean_energy_vehicles.co2_reduction.2030", "insulated_windows.co2_reduction.2040"], "unlike years"),
        (["offshore_wind.economic_effect.2030", "hydrogen_supply_chain.economic_effect.2030"], "unlike money kind"),
        (["offshore_wind.economic_effect.2030", "offshore_wind.co2_reduction.2030"], "unlike metric"),
        (["waste_carbon_cycle.co2_reduction.2030", "industrial_furnaces.co2_reduction.2050"], "unlike scope"),
        (["battery_supply_chain.co2_reduction.one production year", "battery_supply_chain.co2_reduction.2030"],
         "unlike period"),
        (["clean_energy_vehicles.economic_effect.one-off", "insulated_windows.economic_effect.one-off"],
         "listed, not added"),
        (["regional_microgrids.co2_reduction.2030", "insulated_windows.co2_reduction.2030"], "is not in the sum"),
        (["clean_energy_vehicles.co2_reduction.2030", "gtex.co2_reduction.2030"], "no number (reference_only)"),
        (["clean_energy_vehicles.co2_reduction.2030"], "at least two cells"),
        (["clean_energy_vehicles.co2_reduction.2030"] * 2, "each once"),
        (["clean_energy_vehicles.co2_reduction.2031", "insulated_windows.co2_reduction.2030"], "Did you mean"),
    ],
)  # fmt: skip
def test_every_refusal_names_its_reason(cells: list[str], why: str) -> None:
    assert why in refused(cells)


def test_a_total_of_a_run_is_the_same_from_memory_and_from_its_directory(kept: Run) -> None:
    cells = [f"{name}.co2_reduction.2040" for name in UNITS[1:]]
    assert kept.directory is not None
    added = np.sum([draws_of(kept, name, 2040) for name in UNITS[1:]], axis=0)
    from_directory = open_run(kept.directory).total(cells)
    from_memory = simulate(scenario(), draws=DRAWS, metrics=["other"], programmes=["gtex"]).total(cells)
    for one in (from_directory, from_memory):
        assert one["mean"].item() == pytest.approx(added.mean(), rel=1e-13)
        assert one["members"].item() == ", ".join(UNITS[1:])
    assert np.array_equal(from_directory["quantiles"], from_memory["quantiles"])


# ---- what a file declares


GROUP = """format = 1
[[group]]
id       = "{id}"
kind     = "sum"
metric   = "co2_reduction"
members  = {members}
boundary = "units_supported"
period   = "annual"
title    = {{ ja = "計", en = "sum" }}
reason   = {{ ja = "理由", en = "because" }}
"""


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (["clean_energy_vehicles", "offshore_wind"], "has boundary 'japan_market', the total 'units_supported'"),
        (["clean_energy_vehicles.co2_reduction.FY2023", "regional_microgrids.co2_reduction.five-year plan"],
         "has period 'cumulative', the total 'annual'"),
        (["clean_energy_vehicles", "next_generation_ships"], "has scope 'world', the total 'japan'"),
        (["clean_energy_vehicles.co2_reduction.FY2023", "insulated_windows.economic_effect.one-off"],
         "has metric 'economic_effect'"),
        (["clean_energy_vehicles.co2_reduction.FY2023", "clean_energy_vehicles.co2_reduction.FY2023.ev"],
         "'clean_energy_vehicles.co2_reduction.FY2023.ev' is a part of 'clean_energy_vehicles.co2_reduction.FY2023'"),
        (["clean_energy_vehicles", "gtex"], "overlap (cars"),
        (["clean_energy_vehicles", "insulated_window"], "no programme 'insulated_window'. Did you mean"),
        (["insulated_windows.co2_reduction.FY2025.detached", "insulated_windows.co2_reduction.FY2024"], "no figure"),
        (["clean_energy_vehicles", "insulated_windows.co2_reduction.FY2025.detached"], "either programmes or figures"),
    ],
)  # fmt: skip
def test_a_total_of_unlike_members_does_not_load(tmp_path: Path, members: list[str], why: str) -> None:
    (tmp_path / "totals.toml").write_text(GROUP.format(id="mine", members=members), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        catalog.load(study(tmp_path, None))
    [line] = lines = str(raised.value).splitlines()
    assert why in line
    assert all(line.startswith(f"{tmp_path}/totals.toml:6: group.mine.members: ") for line in lines)


def test_a_study_may_declare_its_own_total(tmp_path: Path) -> None:
    members = ["clean_energy_vehicles", "insulated_windows"]
    (tmp_path / "totals.toml").write_text(GROUP.format(id="mine", members=members), encoding="utf-8")
    own = catalog.load(study(tmp_path, None))
    assert own.digest != catalog.load(study(tmp_path / "other", None)).digest
    chosen = {"programmes": members, "metrics": ["co2_reduction"], "years": [2030]}
    run = simulate(own, draws=1024, method="mc", out=tmp_path / "run", **chosen)  # type: ignore[arg-type]
    added = sum(run.tree["co2_reduction"].dataset["mean"].sel(programme=name, year=2030).item() for name in members)
    assert total_of(run, "mine", 2030) == pytest.approx(added, rel=1e-12)
    assert run.directory is not None
    again = catalog.load_resolved(run.directory / "scenario.toml")
    assert [one.id for one in again.totals] == [one.id for one in own.totals]


def test_a_name_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "totals.toml").write_text(GROUP.format(id="hydrogen", members=list(UNITS)), encoding="utf-8")
    with pytest.raises(InputError, match="'hydrogen' is the name of another group"):
        catalog.load(study(tmp_path, None))


def test_shipped_groups_say_why_in_both_languages() -> None:
    groups_ = scenario(BASE).totals
    assert len({one.id for one in groups_}) == len(groups_) >= 13
    assert all(one.reason.ja and one.reason.en and one.title.ja and one.title.en for one in groups_)
