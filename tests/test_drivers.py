"""The tree of an analysis: every number against one made another way, for wholes and for free parameters."""

from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from ctsim.catalog import load
from ctsim.composition import scaled
from ctsim.distributions import quantile
from ctsim.drivers import OF_SAMPLE
from ctsim.ranking import ranked, sensitivity_json
from ctsim.sensitivity import Sensitivity, sensitivity
from tests.test_exchange import brute, walk_of_case

FloatArray = npt.NDArray[np.float64]

PROGRAMME = "waste_carbon_cycle"
SHARES = f"{PROGRAMME}.waste_2050 (shares)"
CELL = f"{PROGRAMME}.co2_reduction.2050"


@pytest.fixture(scope="module")
def found() -> Sensitivity:
    """The programme with shares of one whole; the value of knowing for its cell at the mean."""
    return sensitivity(
        "framework_2023_11", draws=2**15, seed=3, programmes=[PROGRAMME], thresholds=[f"{CELL}=0.1"], workers=2
    )


@pytest.fixture(scope="module")
def node(found: Sensitivity) -> xr.Dataset:
    return found.tree["co2_reduction"].dataset.sel(programme=PROGRAMME, year=2050)


def test_indices_of_a_whole_are_those_of_all_its_shares_exchanged_by_hand(node: xr.Dataset) -> None:
    """S1 and ST from whole kernels, all six shares of every draw exchanged at once, over all tiles."""
    walk = walk_of_case("shares")
    target = next(k for k, one in enumerate(walk.kernel.targets) if one.name == CELL)
    [whole] = [one for one in walk.kernel.binding.compositions if one.name.endswith("2050")]
    sums = sum(brute(walk, list(whole.rows), tile)[target] for tile in range(16))
    assert float(node["S1"].sel(parameter=SHARES)) == pytest.approx(2 * sums[0] / sums[2], rel=1e-9)
    assert float(node["ST"].sel(parameter=SHARES)) == pytest.approx(sums[1] / sums[2], rel=1e-9)


def test_a_whole_is_listed_once_and_its_shares_are_not(node: xr.Dataset) -> None:
    names = node["parameter"].values.tolist()
    assert SHARES in names and len(set(names)) == len(names)
    classes = ("food", "paper", "plastics", "rubber", "wood", "residual")
    assert not {f"{PROGRAMME}.{one}_share_2050" for one in classes} & set(names)
    assert f"{PROGRAMME}.waste_2050" in names  # the amount of waste: a parameter of the same name


def test_effects_add_up_with_wholes(node: xr.Dataset) -> None:
    assert float(node["Sh"].sum()) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", OF_SAMPLE)
def test_what_needs_an_order_of_draws_is_empty_for_a_whole_only(node: xr.Dataset, name: str) -> None:
    empty = [one for one in node["parameter"].values if isnan(float(node[name].sel(parameter=one)))]
    assert empty == [SHARES]


def test_value_of_knowing_is_empty_for_a_whole_only(found: Sensitivity) -> None:
    worth = found.tree["evppi"].dataset["evppi"].isel(threshold=0)
    assert [one for one in worth["parameter"].values if isnan(float(worth.sel(parameter=one)))] == [SHARES]


def swing(rows: list[int], share: float) -> float:
    """The cell by plain Python, some rows at a quantile, shares scaled to their sum."""
    kernel = walk_of_case("shares").kernel
    values = kernel.binding.central()
    for row in rows:
        [values[row]] = quantile(kernel.quantiles[row], (share,))
    values = scaled(values, kernel.binding.compositions)
    target = next(one for one in kernel.targets if one.name == CELL)
    return target.of(values, kernel.binding.evaluate(values))


def test_ends_of_the_tornado_are_the_cell_evaluated_there(node: xr.Dataset) -> None:
    rows = walk_of_case("shares")._rows
    for name in node["parameter"].values.tolist():
        at = node.sel(parameter=name)
        ends = [[swing([row] if name == SHARES else rows[name], share) for share in (0.05, 0.95)]
                for row in (rows[name] if name == SHARES else [0])]  # fmt: skip
        flat = [value for pair in ends for value in pair]
        expected = (min(flat), max(flat)) if name == SHARES else ends[0]
        assert (float(at["swing_low"]), float(at["swing_high"])) == pytest.approx(expected, rel=1e-12), name
    assert float(node["swing_high"].sel(parameter=SHARES)) > float(node["swing_low"].sel(parameter=SHARES))


def test_approach_1_adds_the_squares_of_scaled_shares(node: xr.Dataset) -> None:
    """Differences by plain Python over a hundredth of half an interval; slopes are nearly straight there."""
    kernel = walk_of_case("shares").kernel
    binding, target = kernel.binding, next(one for one in kernel.targets if one.name == CELL)
    squares = 0.0
    for row in (row for rows in walk_of_case("shares")._rows.values() for row in rows):
        low, high = quantile(kernel.quantiles[row], (0.025, 0.975))
        ends = []
        for sign in (-1.0, 1.0):
            values = binding.central()
            values[row] += sign * 0.01 * (high - low) / 2
            values = scaled(values, binding.compositions)
            ends.append(target.of(values, binding.evaluate(values)))
        squares += ((ends[1] - ends[0]) / 0.02) ** 2
    assert float(node["approach1_half_width"]) == pytest.approx(np.sqrt(squares), rel=1e-3)


# ---- JSON and tables


def plain(value: float) -> float | None:
    return value if np.isfinite(value) else None


def test_json_is_the_tree(found: Sensitivity) -> None:
    """Every number of every random cell, and every parameter that reaches one, by name."""
    said = sensitivity_json(found)
    assert said["card"]["result_digest"] == found.result_digest and said["cells"]
    for cell in said["cells"]:
        _, metric, year = cell["cell"].split(".")[:3]
        if cell["cell"].count(".") != 2 or not year.isdigit():
            continue
        there = found.tree[metric].dataset.sel(programme=PROGRAMME, year=int(year))
        for name in ("central", "mean", "sd", "q025", "q975", "assumed_first", "assumed_total", "approach1_percent"):
            assert cell[name] == plain(float(there[name])), name
        reached = [one for one in there["parameter"].values if float(there["Sh"].sel(parameter=one)) != 0.0]
        assert sorted(one["parameter"] for one in cell["parameters"]) == sorted(reached)
        for one in cell["parameters"]:
            at = there.sel(parameter=one["parameter"])
            for name in ("S1", "S1_mcse", "ST", "ST_mcse", "Sh", "rank", "spearman", "narrowing", "swing_low"):
                assert one[name] == plain(float(at[name])), (one["parameter"], name)


def test_cells_are_ranked_by_shapley_effect(found: Sensitivity) -> None:
    for one in ranked(found):
        effects = [driver.numbers["Sh"] for driver in one.drivers]
        assert effects == sorted(effects, reverse=True), one.cell


@pytest.mark.parametrize("name", ["S1", "ST", "Sh", "rank", "narrowing", "swing_low", "evppi"])
def test_every_number_says_what_it_is(found: Sensitivity, name: str) -> None:
    data: Any = found.tree["evppi" if name == "evppi" else "co2_reduction"].dataset
    assert data[name].attrs["long_name"] != name and data[name].attrs["units"]


def test_what_is_fixed_has_no_shares_of_variance() -> None:
    made = sensitivity(load("as_published"), draws=2**14, programmes=[PROGRAMME])
    data = made.tree["co2_reduction"].dataset
    assert (data["S1"].sizes["parameter"], ranked(made)) == (0, [])
    assert np.isnan(data["assumed_first"].values).all()
