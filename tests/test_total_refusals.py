"""What is not added, and why: every reason for cells that are asked for and for groups that a file declares."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from ctsim import schema
from ctsim.accounts import money_faults, money_total
from ctsim.cli import main
from ctsim.errors import InputError, Place
from ctsim.programme import Programme
from ctsim.tomlfile import Document
from ctsim.totals import asked, declared, faults, overlap, totals_of
from tests.runs import scenario

CARS = "clean_energy_vehicles.co2_reduction"
WORDS = schema.Bilingual(ja="理由", en="because")
UNITS = ("energy_saving_equipment", "clean_energy_vehicles", "electric_commercial_vehicles", "insulated_windows")


def group(*members: str, kind: str = "sum", name: str = "mine", **more: object) -> schema.TotalGroup:
    given = {"boundary": "units_supported", "period": "annual", "metric": "co2_reduction", **more}
    return schema.TotalGroup.model_validate(
        {"id": name, "kind": kind, "members": members, "title": WORDS, "reason": WORDS, **given}
    )


def said(*groups: schema.TotalGroup, programmes: tuple[Programme, ...] | None = None) -> list[str]:
    """What is wrong with these groups beside the shipped ones."""
    shipped = Document("shipped", schema.TotalsFile(format=1, group=tuple(scenario().totals)), {})
    mine = Document("mine", schema.TotalsFile(format=1, group=groups), {})
    given = programmes or scenario().programmes
    return [one.message for one in faults([shipped, mine], given, [one.id for one in given])]


# ---- groups


def test_shipped_groups_are_whole() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (group("clean_energy_vehicles", "offshore_wind"), "has boundary 'japan_market'"),
        (group(f"{CARS}.FY2023", "regional_microgrids.co2_reduction.five-year plan"), "has period 'cumulative'"),
        (group("clean_energy_vehicles", "next_generation_ships"), "has scope 'world', the total 'japan'"),
        (group(f"{CARS}.FY2023", "insulated_windows.economic_effect.one-off"), "has metric 'economic_effect'"),
        (group("offshore_wind", "waste_carbon_cycle", metric="economic_effect", money_kind="market"),
         "has money_kind 'investment', the total 'market'"),
        (group("clean_energy_vehicles", "gtex"), "overlap (cars"),
        (group("water_electrolysis", "gtex"), "overlap (hydrogen"),
        (group("waste_carbon_cycle", "plastic_feedstock"), "overlap (plastics"),
        (group("offshore_wind", "insulated_windows"), "overlap (power"),
        (group("clean_energy_vehicles", "insulated_window"), "Did you mean 'insulated_windows'"),
        (group(f"{CARS}.FY2023.ev", f"{CARS}.FY2023.pheev"), f"Did you mean '{CARS}.FY2023.phev'"),
        (group(f"{CARS}.FY2023.ev", f"{CARS}.FY2023.phev", figure=f"{CARS}.FY2032"), f"no figure '{CARS}.FY2032'"),
        (group("clean_energy_vehicles", f"{CARS}.FY2023"), "name either programmes or figures"),
        (group(f"{CARS}.FY2023", f"{CARS}.FY2023.ev"), f"'{CARS}.FY2023.ev' is a part of '{CARS}.FY2023'"),
        (group("clean_energy_vehicles", "insulated_windows", name="hydrogen"), "name of another group or programme"),
        (group("clean_energy_vehicles", "insulated_windows", name="gtex"), "name of another group or programme"),
    ],
)  # fmt: skip
def test_a_group_that_may_not_be_is_refused_with_its_reason(one: schema.TotalGroup, words: str) -> None:
    found = said(one)
    assert any(words in message for message in found), found
    assert all("\n" not in message for message in found)


UNLIKE_YEARS = {
    "first year and two others": (
        group(f"{CARS}.FY2023", f"{CARS}.2030", "insulated_windows.co2_reduction.2050"),
        ["'clean_energy_vehicles' is there for FY2023 and 2030: the same units more than once; keep one",
         "unlike years (FY2023, 2030, 2050): keep the members of one of them"]),
    "the same cars": (
        group(f"{CARS}.2030", f"{CARS}.2040"),
        ["'clean_energy_vehicles' is there for 2030 and 2040: the same units more than once; keep one"]),
    "a part of one year": (
        group(f"{CARS}.FY2023.ev", f"{CARS}.2040"),
        ["'clean_energy_vehicles' is there for FY2023 and 2040: the same units more than once; keep one"]),
    "first year and another": (
        group(f"{CARS}.FY2023", "insulated_windows.co2_reduction.2030"),
        ["unlike years (FY2023, 2030): keep the members of one of them"]),
    "two years": (
        group(f"{CARS}.2030", "insulated_windows.co2_reduction.2050"),
        ["unlike years (2030, 2050): keep the members of one of them"]),
    "one year": (group(f"{CARS}.2030", "insulated_windows.co2_reduction.2030"), []),
    "first years": (group(f"{CARS}.FY2023", "energy_saving_equipment.co2_reduction.FY2025"), []),
    "parts of a first year": (group(f"{CARS}.FY2023.ev", f"{CARS}.FY2023.phev"), []),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLIKE_YEARS)
def test_a_sum_is_of_one_year_or_of_first_years_as_printed(name: str) -> None:
    one, lines = UNLIKE_YEARS[name]
    assert said(one) == lines


def test_what_is_listed_and_not_added_is_no_sum_of_another_file() -> None:
    cars, windows = (f"{one}.economic_effect.one-off" for one in ("clean_energy_vehicles", "insulated_windows"))
    more = {"metric": "economic_effect", "period": "one_off", "money_kind": "demand"}
    [line] = said(group(cars, windows, **more))
    assert line.startswith(f"'{cars}' and '{windows}' are listed, not added (induced_spending): project cost,")
    assert "\n" not in line and line.endswith("; take out all but one")


@pytest.mark.parametrize(
    "members",
    [("regional_microgrids", "clean_energy_vehicles"),
     ("regional_microgrids.co2_reduction.2030", f"{CARS}.2030"),
     ("regional_microgrids.co2_reduction.FY2024 operating.hidaka", f"{CARS}.FY2023")],
)  # fmt: skip
def test_what_a_shipped_sum_leaves_out_is_left_out_of_others(members: tuple[str, ...]) -> None:
    [line] = said(group(*members))
    assert line.startswith("'regional_microgrids' is left out of the sum 'units_supported': annual, in Japan,")
    assert "18 is left out: what it supports" in line and line.endswith("; take it out")


def test_a_page_of_ones_own_may_join_what_a_shipped_sum_has() -> None:
    """The report's sums say nothing about programmes that the report does not have; a smaller sum binds no other."""
    given = tuple(_of_ones_own(one) if one.id == "regional_microgrids" else one for one in scenario().programmes)
    one = group("regional_microgrids", "clean_energy_vehicles")
    assert said(one, group("energy_saving_equipment", *one.members, name="other"), programmes=given) == []


def _of_ones_own(programme: Programme) -> Programme:
    head = programme.page.programme.model_copy(update={"annex": None, "chapter": None})
    return replace(programme, page=programme.page.model_copy(update={"programme": head}))


@pytest.mark.parametrize(
    ("members", "lines"),
    [
        (("fy2023.allocated", "fy2023.refinanced"), ["unlike money (allocated, refinanced): proceeds are allocated or"
         " left, and of what is allocated some is refinanced"]),
        (("fy2023.allocated", "fy2031.refinanced"),
         ["'fy2031.refinanced': no issue 'fy2031'; there are fy2023, fy2024"]),
        (("fy2023.unallocated", "fy2024.unallocated"), []),
    ],
)  # fmt: skip
def test_a_group_of_unlike_money_is_one_line(members: tuple[str, ...], lines: list[str]) -> None:
    file = schema.TotalsFile(format=1, group=(group(*members, kind="money", metric="other"),))
    place = {("group",): 2, ("group", 0): 2, ("group", 0, "members"): 5}
    found = list(money_faults([Document("mine.toml", file, place)]))
    assert [one.message for one in found] == lines
    assert all((one.place, one.key) == (Place("mine.toml", 5), "group.mine.members") for one in found)


def test_members_in_unlike_units_are_refused() -> None:
    """Tonnes and tonnes per hour do not become one another, whatever else the pages say."""
    programmes = tuple(map(_in_other_units, scenario().programmes))
    one = group("insulated_windows.co2_reduction.FY2025.detached", f"{CARS}.FY2023.ev")
    assert said(one) == []
    found = said(one, programmes=programmes)
    assert any(words.startswith(f"'{CARS}.FY2023.ev' has unit 'kg-CO2/kWh'") for words in found), found
    assert all(words.endswith("unlike, take it out") and " has unit " in words for words in found), found


def _in_other_units(programme: Programme) -> Programme:
    figures = tuple(
        replace(one, record=one.record.model_copy(update={"unit": "kg-CO2/kWh"}))
        if one.key == f"{CARS}.FY2023.ev" else one
        for one in programme.figures
    )  # fmt: skip
    return replace(programme, figures=figures)


@pytest.mark.parametrize(
    ("members", "more", "words"),
    [
        (("gtex", "gtex"), {}, "named twice"),
        (("gtex",), {}, "at least 2 items"),
        (("gtex", "offshore_wind"), {"boundary": None}, "'boundary' and the 'period'"),
        (("gtex", "offshore_wind"), {"period": None}, "'boundary' and the 'period'"),
        (("gtex", "offshore_wind"), {"kind": "product"}, "'sum', 'overlap', 'list' or 'money'"),
    ],
)
def test_a_group_that_is_no_group(members: tuple[str, ...], more: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        group(*members, **more)  # type: ignore[arg-type]
    assert words in str(raised.value)


def test_bounds_do_not_compare_kinds_of_money() -> None:
    family = group("hydrogen_supply_chain", "offshore_wind", kind="overlap", metric="economic_effect")
    assert [one for one in said(family) if "is investment, " in one and "another kind of money" in one] != []
    assert said(group("hydrogen_supply_chain", "water_electrolysis", kind="overlap", metric="economic_effect")) == []


def test_every_fault_of_a_group_is_said_at_once_and_each_once() -> None:
    """A member that has to go is one line with all that is wrong with it, however many cells and pairs say so."""
    found = said(group("clean_energy_vehicles", "offshore_wind", "insulated_window"))
    assert len(found) == 2, found
    [wind] = [words for words in found if words.startswith("'offshore_wind' has boundary 'japan_market'")]
    assert "'clean_energy_vehicles' and 'offshore_wind' overlap (power" in wind and "take it out" in wind


def test_a_fault_of_one_year_says_which() -> None:
    [line] = said(group("insulated_windows", "next_generation_ships"))
    assert "has scope 'world', the total 'japan'; in 2050 has boundary 'world_market'" in line


def test_a_total_that_no_member_is_like_is_one_line() -> None:
    found = said(group("insulated_windows", "clean_energy_vehicles", "energy_saving_equipment", period="cumulative"))
    assert found == ["every member has period 'annual', the total 'cumulative': mend the total"]


def test_a_family_is_one_line_however_many_are_of_it() -> None:
    [line] = set(said(group(*UNITS[1:]), group(*UNITS[1:], kind="overlap", name="family")))
    assert line.startswith("'clean_energy_vehicles' and 'electric_commercial_vehicles' and 'insulated_windows' overlap")
    assert line.endswith("take out all but one")


def test_a_member_of_another_kind_of_money_is_one_line() -> None:
    family = group("hydrogen_supply_chain", "offshore_wind", kind="overlap", metric="economic_effect")
    assert len([one for one in said(family) if "another kind of money" in one]) == 1


# ---- what is asked for


ASKED = {
    "boundary": (["clean_energy_vehicles.co2_reduction.2030", "battery_supply_chain.co2_reduction.2030"],
                 "unlike boundary (units supported, plants supported): what was paid for"),
    "scope": (["waste_carbon_cycle.co2_reduction.2030", "industrial_furnaces.co2_reduction.2050"],
              "unlike scope (world, japan): world and Japan contain each other"),
    "period": (["battery_supply_chain.co2_reduction.one production year",
                "regional_microgrids.co2_reduction.five-year plan"],
               "unlike period ("),
    "metric": (["offshore_wind.economic_effect.2030", "offshore_wind.co2_reduction.2030"],
               "CO2 and money are not one quantity"),
    "money kind": (["offshore_wind.economic_effect.2030", "hydrogen_supply_chain.economic_effect.2030"],
                   "unlike money kind (investment, market)"),
    "year": (["clean_energy_vehicles.co2_reduction.2030", "insulated_windows.co2_reduction.2040"],
             "unlike years (2030, 2040)"),
    "overlap": (["water_electrolysis.co2_reduction.2050", "hydrogen_supply_chain.co2_reduction.2050"],
                "they overlap (Hydrogen, made, traded and used): the same hydrogen"),
    "list": (["clean_energy_vehicles.economic_effect.one-off", "insulated_windows.economic_effect.one-off"],
             "listed, not added (Spending that was induced: listed, not added)"),
    "no number": (["clean_energy_vehicles.co2_reduction.2030", "gtex.co2_reduction.2030"],
                  "no total with gtex.co2_reduction.2030: it has no number (reference_only)"),
    "not declared": (["offshore_wind.co2_reduction.2050", "industrial_furnaces.co2_reduction.2050"],
                     "no group of totals.toml says that they may be added"),
    "outside": (["regional_microgrids.co2_reduction.2030", "insulated_windows.co2_reduction.2030"],
                "regional_microgrids is not in the sum 'Units that were paid for (annual, Japan)': annual, in Japan"),
    "part": ([f"{CARS}.FY2023.ev", f"{CARS}.FY2023"], f"'{CARS}.FY2023.ev' is a part of '{CARS}.FY2023'"),
    "money": (["fy2023.allocated", "fy2024.allocated"], "fixed figures as printed; ctsim.accounts.money_total adds"),
    "hydrogen money": (["hydrogen_supply_chain.economic_effect.2050", "water_electrolysis.economic_effect.2050"],
                       "they overlap (Hydrogen markets: trade, electrolysers, use): what is paid for traded hydrogen"),
    "hydrogen, money of no market": (
        ["hydrogen_supply_chain.economic_effect.2050", "plastic_feedstock.economic_effect.2050"],
        "they overlap (Hydrogen, made, traded and used, by its co2 reduction): the same hydrogen"),
    "unknown beside empty": (["gtex.co2_reduction.2030", "nope.co2_reduction.2030"], "no cell 'nope.co2_reduction"),
    "twice": (["clean_energy_vehicles.co2_reduction.2030"] * 2, "each once"),
    "one": (["clean_energy_vehicles.co2_reduction.2030"], "at least two cells"),
    "none": ([], "at least two cells"),
    "unknown": (["clean_energy_vehicle.co2_reduction.2030", "insulated_windows.co2_reduction.2030"],
                "Did you mean 'clean_energy_vehicles.co2_reduction.2030'"),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_cells_that_may_not_be_added(name: str) -> None:
    cells, words = ASKED[name]
    with pytest.raises(InputError) as raised:
        asked(cells, scenario().programmes, scenario().totals)
    assert words in str(raised.value) and "\n" not in str(raised.value)
    if len(cells) > 1:  # in whatever order
        with pytest.raises(InputError):
            asked(cells[::-1], scenario().programmes, scenario().totals)


@pytest.mark.parametrize("cells", [[1, 2], None, "gtex.co2_reduction.2030"], ids=repr)
def test_what_is_no_list_of_names_is_one_line(cells: object) -> None:
    with pytest.raises(InputError, match="at least two cells"):
        asked(cells, scenario().programmes, scenario().totals)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["boundary", "overlap", "unknown"])
def test_the_command_says_the_same_in_one_line(name: str) -> None:
    cells, words = ASKED[name]
    done = CliRunner().invoke(main, ["total", "framework_2023_11", *cells])
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr and done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


# ---- money of the bonds: fixed figures


@pytest.mark.parametrize("which", ["allocated", "proceeds"])
def test_money_of_two_issues_is_added_as_printed(which: str) -> None:
    names = [f"fy2023.{which}", f"fy2024.{which}"]
    one, value = money_total(names, scenario().totals) or pytest.fail("no sum")
    assert (one.id, value) == (which, {"allocated": 15947 + 12358, "proceeds": 15947 + 13920}[which])
    done = CliRunner().invoke(main, ["total", "framework_2023_11", *names])
    assert done.exit_code == 0 and f"{value:,.0f}" in done.stdout and one.reason.en in done.stdout
    found = json.loads(CliRunner().invoke(main, ["total", "framework_2023_11", *names, "--json"]).stdout)
    assert [(part["value"], part["unit"], part["members"]) for part in found] == [(value, "億円", names)]


def test_money_that_is_misspelt_is_one_finding() -> None:
    with pytest.raises(InputError) as raised:
        money_total(["fy2023.alocated", "fy2024.allocated"], scenario().totals)
    said = str(raised.value)
    assert said.endswith("It has proceeds, allocated, refinanced, unallocated") and "unlike" not in said


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["fy2023.allocated", "fy2024.proceeds"], "unlike money (allocated, proceeds): proceeds are allocated or left"),
        (["fy2023.unallocated", "fy2024.unallocated"], "no group of totals.toml says that they may be added"),
        (["fy2023.allocated", "fy2031.allocated"], "no issue 'fy2031'; there are fy2023, fy2024"),
        (["fy2023.allocated", "fy2024.alocated"], "Did you mean 'allocated'"),
        (["fy2023.refinanced", "fy2024.refinanced"], "'fy2024.refinanced' is not printed"),
        (["fy2023.allocated", "gtex.co2_reduction.2050"],
         "money of the bonds and gtex.co2_reduction.2050 are not one quantity"),
        (["fy2023.allocated"] * 2, "each once"),
        (["fy2023.allocated"], "at least two cells"),
    ],
)  # fmt: skip
def test_money_that_may_not_be_added_says_why_in_one_line(names: list[str], words: str) -> None:
    with pytest.raises(InputError) as raised:
        money_total(names, scenario().totals)
    assert words in str(raised.value) and "\n" not in str(raised.value)


def test_cells_are_no_money() -> None:
    assert money_total(["gtex.co2_reduction.2030"], scenario().totals) is None


def test_json_has_the_numbers_of_the_table() -> None:
    cells = ["clean_energy_vehicles.co2_reduction.2030", "insulated_windows.co2_reduction.2030"]
    arguments = ["total", "framework_2023_11", *cells, "--draws", "16384"]
    found = json.loads(CliRunner().invoke(main, [*arguments, "--json"]).stdout)
    shown = CliRunner().invoke(main, arguments).stdout
    [year] = [one for one in found["years"] if one["year"] == 2030]
    median = year["quantiles"][found["shares"].index(0.5)]
    assert f"{median:.3g}" in shown and f"{year['computed']:.3g}" in shown
    assert found["unit"] in shown and found["why_en"] in shown and found["why_ja"] not in shown and year["reason"] == ""
    assert found["draws"] == 16384 and year["mcse"] > 0


@pytest.mark.parametrize("year", ["2030", "2040", "2050"])
@pytest.mark.parametrize("names", [UNITS, UNITS[:2], UNITS[1:3], UNITS[::-1]])
def test_any_members_of_a_sum_may_be_added(names: tuple[str, ...], year: str) -> None:
    cells = [f"{name}.co2_reduction.{year}" for name in names]
    made, when = asked(cells, scenario().programmes, scenario().totals)
    assert (made.id, made.members, when) == ("total", names, year)
    [total] = totals_of([made], scenario().programmes, [year], ["co2_reduction"], scenario().names)
    assert total.members == names and total.boundary == "units_supported" and total.reason is None


def test_parts_of_one_figure_may_be_added_off_the_axis() -> None:
    parts = ["electric_commercial_vehicles.co2_reduction.FY2024.taxi",
             "electric_commercial_vehicles.co2_reduction.FY2024.kei_truck"]  # fmt: skip
    made, when = asked(parts, scenario().programmes, scenario().totals)
    assert (list(made.members), when, made.figure) == (parts, "", None)


def test_no_two_members_of_a_sum_overlap() -> None:
    for one in declared([Document("shipped", schema.TotalsFile(format=1, group=tuple(scenario().totals)), {})]):
        names = list(dict.fromkeys(name.partition(".")[0] for name in one.members)) if one.kind == "sum" else []
        assert not any(overlap(a, b, scenario().totals, one.metric) for a in names for b in names if a != b), one.id
