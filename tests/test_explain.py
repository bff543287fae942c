"""From a published figure to the mean: steps that add up for every cell, each zero where it should be."""

from collections.abc import Iterable
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ctsim.engine import open_run, simulate
from ctsim.errors import InputError
from ctsim.explain import Explanation, explain
from ctsim.printing import explained

DRAWS = 2**14


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explain") / "run"
    simulate("framework_2023_11", draws=DRAWS, out=folder)
    return folder


@pytest.fixture(scope="module")
def found(directory: Path) -> dict[str, Explanation]:
    return {one.cell: one for one in explain(directory)}


def adds_up(found: Iterable[Explanation]) -> int:
    """How many cells there are; every one adds up to 1e-9 of its largest step."""
    number = 0
    for one in found:
        scale = max(abs(part) for part in (*one.parts, one.start, one.mean))
        assert abs(sum(one.parts) - (one.mean - one.start)) <= 1e-9 * scale, one.cell
        number += 1
    return number


def test_the_steps_add_up_for_every_cell(directory: Path, found: dict[str, Explanation]) -> None:
    """Cells, parts, other figures and readings: all that the result has a mean of."""
    metrics = ("co2_reduction", "economic_effect")
    nodes = (*metrics, *(f"items/{metric}" for metric in metrics), "other", "readings")
    tree = open_run(directory).tree
    means = sum(int(np.isfinite(tree[node]["mean"].values).sum()) for node in nodes)
    assert adds_up(found.values()) == means > 200


def test_it_is_said_in_words_in_both_languages(found: dict[str, Explanation]) -> None:
    gap = found["waste_carbon_cycle.co2_reduction.2050"]
    english, japanese = explained(gap, "en"), explained(gap, "ja")
    assert english.startswith(gap.name_en) and japanese.startswith(gap.name_ja)
    assert "from the published 1244: +114 because the formula does not give the printed figure" in english
    assert "公表値 1244" in japanese and "公表式が公表値を再現しない分 +114" in japanese
    derived = found["offshore_wind.co2_reduction.2040"]
    assert "nothing is printed" in explained(derived, "en") and "公表値なし" in explained(derived, "ja")


@pytest.mark.parametrize(
    "options", [{"reading": "new_car_baseline"}, {"set": {"clean_energy_vehicles.phev_vehicles": 30000.0}}], ids=str
)
def test_what_the_scenario_changes_is_not_laid_to_the_report(options: dict[str, Any], tmp_path: Path) -> None:
    few: dict[str, Any] = {"programmes": ["clean_energy_vehicles", "insulated_windows"], "metrics": ["co2_reduction"]}
    simulate("framework_2023_11", draws=1024, method="mc", out=tmp_path / "run", **few, **options)
    said = {one.cell: one for one in explain(tmp_path / "run")}
    cars = said["clean_energy_vehicles.co2_reduction.FY2023"]
    assert cars.changed and "because the scenario sets another formula or other values" in explained(cars, "en")
    assert "シナリオが式や値を変えた分" in explained(cars, "ja") and "再現しない分" not in explained(cars, "ja")
    assert not any(one.changed for name, one in said.items() if name.startswith("insulated_windows"))


OPTIONS: dict[str, dict[str, Any]] = {
    "a value and a width": {"set": {"offshore_wind.capacity_factor": 30}, "scale_assumed": 0.5},
    "a reading": {"reading": ["new_car_baseline", "falling_thermal_factor"]},
    "one basis": {"only_basis": "published"},
    "delivery and dependence": {"with_delivery": True, "dependence": "full"},
}
FEW = ["offshore_wind", "hydrogen_supply_chain", "clean_energy_vehicles"]


@pytest.mark.parametrize("name", OPTIONS)
def test_runs_with_options_are_explained_too(name: str, tmp_path: Path) -> None:
    scenario = "hydrogen_price_gap_delay" if name == "one basis" else "framework_2023_11"
    made = simulate(scenario, draws=DRAWS, programmes=FEW, out=tmp_path / "run", **OPTIONS[name])
    found = {one.cell: one for one in explain(tmp_path / "run")}
    assert adds_up(found.values()) > 20
    wind, hydrogen = found["offshore_wind.co2_reduction.2050"], found["hydrogen_supply_chain.co2_reduction.2030"]
    assert wind.mean == float(made.tree["co2_reduction"]["mean"].sel(programme="offshore_wind", year=2050))
    if name == "a reading":
        assert wind.parts[0] < -50.0  # the reading is what the formula now gives, far from what is printed
    if name == "delivery and dependence":
        assert hydrogen.mean < 0.5 * hydrogen.computed and hydrogen.parts[1] < 0.0


def test_the_mean_is_that_of_the_result(directory: Path, found: dict[str, Explanation]) -> None:
    node = open_run(directory).tree["co2_reduction"].dataset
    for programme, year in (("offshore_wind", 2030), ("clean_energy_vehicles", 2040), ("plastic_feedstock", 2050)):
        mean = float(node["mean"].sel(programme=programme, year=year))
        assert found[f"{programme}.co2_reduction.{year}"].mean == mean


def test_a_cell_without_members_of_a_group_owes_nothing_to_dependence(found: dict[str, Explanation]) -> None:
    assert found["offshore_wind.co2_reduction.2030"].parts[3] == 0.0
    assert (
        found["hydrogen_supply_chain.economic_effect.2050"].parts[3] < 0.0
    )  # volume and price move against each other


def test_a_reported_figure_is_reproduced_by_itself(found: dict[str, Explanation]) -> None:
    one = found["next_generation_ships.co2_reduction.2050"]
    assert one.parts[0] == 0.0
    assert one.parts[2] == pytest.approx(0.0, abs=1e-4 * one.published)


def test_a_gap_of_reproduction_is_that_of_the_audit(found: dict[str, Explanation]) -> None:
    one = found["waste_carbon_cycle.co2_reduction.2050"]
    assert (one.published, one.computed) == (pytest.approx(1244.0), pytest.approx(1358.0, abs=1.0))


def test_derived_cells_have_no_published_figure(found: dict[str, Explanation]) -> None:
    one = found["offshore_wind.co2_reduction.2040"]
    assert np.isnan(one.published) and one.start == one.computed and one.parts[0] == 0.0 and isfinite(one.parts[1])
    assert {row.stream for row in one.rows} >= {"offshore_wind.progress_2040", "offshore_wind.capacity_factor"}


def test_a_cell_that_is_not_there_is_one_line(directory: Path) -> None:
    with pytest.raises(InputError, match=r"no cell 'offshore_wind.co2_reduction.2031' in this run. Did you mean"):
        explain(directory, ["offshore_wind.co2_reduction.2031"])


def test_a_total_names_the_members_to_explain(directory: Path) -> None:
    with pytest.raises(InputError, match=r"^'units_supported.co2_reduction.2030' is a total: its members") as said:
        explain(directory, ["units_supported.co2_reduction.2030"])
    cells = str(said.value).rpartition(": ")[2].split()
    assert len(cells) == 4 and [one.cell for one in explain(directory, cells[:1])] == cells[:1]
    with pytest.raises(InputError, match=r"Did you mean 'units_supported.co2_reduction.2030'"):
        explain(directory, ["units_suported.co2_reduction.2030"])


def test_every_parameter_has_the_line_that_sets_it(directory: Path, found: dict[str, Explanation]) -> None:
    """In the scenario of the run: under its name, or in a table that ends with it; shared parameters too."""
    lines = (directory / "scenario.toml").read_text(encoding="utf-8").splitlines()
    shared = 0
    for row in {row.label: row for one in found.values() for row in one.rows}.values():
        said = next(line for line in reversed(lines[: row.place.line]) if line.startswith("["))
        name = row.stream.partition("@")[0].rpartition(".")[2]
        own = row.stream.partition(".")[2].partition("@")[0] or row.stream
        assert row.place.line > 1 and row.place.file == str(directory / "scenario.toml"), row.label
        assert name in said or own in said or "[[programmes.impact" in said, (row.label, said)
        assert lines[row.place.line - 1].startswith(("value", "low", "[")), (row.label, lines[row.place.line - 1])
        shared += said.startswith("[shared.")
    assert shared > 10


def test_parts_are_differences_of_neighbours() -> None:
    one = Explanation("c", "u", "名", "name", 1.0, 3.0, 2.0, 5.0, 4.0, ())
    assert one.parts == (2.0, -1.0, 3.0, -1.0)
    assert Explanation("c", "u", "名", "name", nan, 3.0, 2.0, 5.0, 4.0, ()).parts == (0.0, -1.0, 3.0, -1.0)
