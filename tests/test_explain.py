"""From a published figure to the mean: steps that add up for every cell, each zero where it should be."""

from math import isfinite, nan
from pathlib import Path

import numpy as np
import pytest

from ctsim.engine import simulate
from ctsim.errors import InputError
from ctsim.explain import Explanation, explain

DRAWS = 2**14


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explain") / "run"
    simulate("framework_2023_11", draws=DRAWS, out=folder)
    return folder


@pytest.fixture(scope="module")
def found(directory: Path) -> dict[str, Explanation]:
    return {one.cell: one for one in explain(directory)}


def test_the_steps_add_up_for_every_cell(found: dict[str, Explanation]) -> None:
    sums = 0
    for one in found.values():
        if isfinite(one.published) and all(map(isfinite, one.parts)):
            scale = max(abs(part) for part in (*one.parts, one.published, one.mean))
            assert abs(sum(one.parts) - (one.mean - one.published)) <= 1e-9 * scale, one.cell
            sums += 1
    assert sums > 60


def test_the_mean_is_that_of_the_result(directory: Path, found: dict[str, Explanation]) -> None:
    from ctsim.engine import open_run

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
    assert np.isnan([one.published, one.parts[0]]).all() and isfinite(one.parts[1])
    assert {row.stream for row in one.rows} >= {"offshore_wind.progress_2040", "offshore_wind.capacity_factor"}


def test_a_cell_that_is_not_there_is_one_line(directory: Path) -> None:
    with pytest.raises(InputError, match=r"no cell 'offshore_wind.co2_reduction.2031' in this run. Did you mean"):
        explain(directory, ["offshore_wind.co2_reduction.2031"])


def test_parts_are_differences_of_neighbours() -> None:
    one = Explanation("c", "u", 1.0, 3.0, 2.0, 5.0, 4.0, ())
    assert one.parts == (2.0, -1.0, 3.0, -1.0)
    assert np.isnan(Explanation("c", "u", nan, 3.0, 2.0, 5.0, 4.0, ()).parts[0])
