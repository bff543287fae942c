"""Any number leads to the report's words or to a reason in two steps, and each step names a line that is there."""

import re
from pathlib import Path

import pytest

from ctsim.catalog import load
from ctsim.errors import InputError, Place
from ctsim.trail import cells, follow, follow_total
from tests import trail_page
from tests.source import ROOT
from tests.trail_page import in_the_report, sample, scenario, shown


def line_at(place: str) -> str:
    """The line that a place of the repository names."""
    name, _, number = place.rpartition(":")
    return (ROOT / name).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def places(text: str) -> list[str]:
    return re.findall(r"(?:scenarios|ctsim)/[\w/]+\.(?:toml|py):\d+", text)


@pytest.mark.parametrize("cell", sample())
def test_twenty_cells_lead_to_the_report_or_a_reason(cell: str) -> None:
    first = shown(cell)
    trail = follow(scenario(), cell)
    printed = [one for figure in trail.figures for one in figure.record.printed]
    part = trail.formulas and trail.rows  # of a total that alone is printed
    assert printed or trail.reason or trail.reading or part, "neither words nor reason"
    flat = re.sub(r"\s+", "", first)
    for one in printed:
        assert re.sub(r"\s+", "", f"{one.where}:「{one.as_printed}」")[:30] in flat  # a long one goes on below
    assert trail.formulas or trail.reason_code or "basis" in first
    for place in places(first):
        assert line_at(place).strip(), place
    for row in trail.rows:
        second = shown(row.label)
        assert places(second), row.label
        assert ("「" in second or "quote" in second) == in_the_report(row), row.label
        assert in_the_report(row) or "Not in the report" in re.sub(r"\s+", " ", second), row.label
        if row.spread.dist != "fixed":
            assert "reason" in second, row.label


def test_every_cell_of_every_result_has_a_trail() -> None:
    names = cells(scenario())
    assert len(names) == len(set(names)) > 250
    for cell in names:
        trail = follow(scenario(), cell)
        printed = any(figure.record.printed for figure in trail.figures)
        assert printed or trail.reason or trail.reading or trail.formulas, cell
        assert trail.rows or trail.reason_code, cell
        assert all(equation and place.line for equation, place in trail.formulas), cell


def test_a_parameter_s_line_is_the_table_that_sets_it() -> None:
    for row in scenario().binding.rows:
        assert isinstance(row.place, Place)
        text = line_at(str(row.place))
        bare = row.stream.rpartition(".")[2]
        assert bare in text or text.startswith(("[[impact]]", "value", "low")), (row.label, text)


def test_a_change_is_named_where_it_was_set() -> None:
    changed = load("japan_share_10")
    row = next(row for row in follow(changed, "perovskite_solar.co2_reduction.2030").rows
               if row.stream == "perovskite_solar.japan_share")  # fmt: skip
    assert Path(row.place.file).name == "japan_share_10.toml"


def test_a_cell_with_delivery_leads_to_the_amount_s_equation() -> None:
    trail = follow(scenario().with_delivery(), "hydrogen_steelmaking.co2_reduction.2030")
    assert [place.file for _, place in trail.formulas] == ["ctsim/formulas/hydrogen_steelmaking.py"]
    assert any(row.stream == "hydrogen_steelmaking.delivery" for row in trail.rows)


@pytest.mark.parametrize(
    "name",
    ["units_supported.co2_reduction.2030", "hydrogen.co2_reduction.2050.world_market.largest",
     "units_supported_first_year", "hydrogen.world_market.largest", "power.co2_reduction.2030.world_market.largest"],
)  # fmt: skip
def test_a_total_leads_to_its_members(name: str) -> None:
    page = re.sub(r"\s+", "", shown(name))
    found = follow_total(scenario(), name)
    group = found[0][0].group
    assert re.sub(r"\s+", "", group.reason.en) in page and group.reason.ja[:20] in page
    assert re.fullmatch(rf'id +="{group.id}"', re.sub(" +=  *", " =", line_at(places(shown(name))[0])))
    for total, members in found:
        assert [one.cell for one in members if not one.left_out] == list(total.cells)
        assert len(members) == len(group.members)
        assert (total.reason.en.replace(" ", "") if total.reason else total.boundary.replace("_", "")) in page
        for one in members:
            assert one.cell in page and follow(scenario(), one.cell).cell == one.cell


def test_members_of_a_sum_add_up_to_what_the_formulas_give() -> None:
    [(total, members)] = follow_total(scenario(), "units_supported.co2_reduction.2030")
    binding = scenario().binding
    steps = binding.evaluate(binding.central())
    man_t = sum(steps[binding.step_of(one)] for figures in total.figures for one in figures)
    assert sum(one.value for one in members) == pytest.approx(man_t / 100)  # 万t in the pages, Mt in cells
    assert {one.unit for one in members} == {"Mt-CO2/yr"}


def test_a_total_that_is_not_there_is_one_line() -> None:
    said = r"no cell 'units_supported.co2_reduction.2031' .*Did you mean 'units_supported.co2_reduction.2030'\?$"
    with pytest.raises(InputError, match=said):
        follow(scenario(), "units_supported.co2_reduction.2031")


def test_what_is_not_there_is_one_line() -> None:
    with pytest.raises(InputError, match=r"no parameter and no cell 'offshore_wind.co2_reduction.2031' in scenario"):
        follow(scenario(), "offshore_wind.co2_reduction.2031")


def test_the_page_has_an_example_of_both_steps() -> None:
    page = trail_page.trail_page()
    assert all(f"ctsim show {trail_page.SCENARIO} {name}" in page for name in trail_page.EXAMPLE)
    assert page.count("\n| `") == trail_page.SAMPLE + trail_page.TOTALS
