"""Mixtures of two scenarios: shares of one whole, programmes that were chosen, totals and bounds beside cells."""

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ctsim import catalog
from ctsim.compare import Comparison, compare
from ctsim.compare_tables import as_dict, comparison_tables
from ctsim.console import beyond_rounding
from ctsim.engine import simulate
from ctsim.stress import stress
from tests.pairs import CHANGES, moved, scenario, together, write

DRAWS = 2**14
BOTH = ("mine", "other")
TOTALS = """format = 1
[[group]]
id = "whole"
kind = "sum"
metric = "co2_reduction"
members = ["mine", "other"]
boundary = "japan_market"
period = "annual"
title = { ja = "計", en = "sum" }
reason = { ja = "理由", en = "both are added" }
[[group]]
id = "family"
kind = "overlap"
metric = "co2_reduction"
members = ["mine", "other", "third"]
title = { ja = "重なり", en = "overlap" }
reason = { ja = "理由", en = "one market" }
"""


def totals_folder(folder: Path) -> Path:
    for name in (*BOTH, "third"):
        write(folder, name)
        page = folder / "programmes" / f"{name}.toml"
        text = page.read_text(encoding="utf-8")
        stated = 'period = "annual"\nboundary = "japan_market"'
        page.write_text(text.replace('period = "annual"', stated), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = totals_folder(tmp_path_factory.mktemp("totals"))
    text = TOTALS.partition('[[group]]\nid = "family"')
    (made / "totals.toml").write_text(text[0], encoding="utf-8")
    scenario(made, "a", programmes=BOTH)
    scenario(made, "b", CHANGES[0], moved("other.x", 3.0, "uniform", "low = 2, high = 4"), programmes=BOTH)
    return made


@pytest.fixture(scope="module")
def overlapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = totals_folder(tmp_path_factory.mktemp("overlap"))
    head, _, rest = TOTALS.partition("[[group]]")
    tail = rest.partition("[[group]]")[2]
    (made / "totals.toml").write_text(f"{head}[[group]]{tail}", encoding="utf-8")
    every = (*BOTH, "third")
    scenario(made, "a", programmes=every)
    scenario(made, "b", CHANGES[0], moved("other.y", 3.0, "uniform", "low = 2, high = 4"), programmes=every)
    scenario(made, "two", programmes=BOTH)
    scenario(made, "third", moved("third.x", 3.0, "uniform", "low = 2, high = 4"), programmes=every)
    return made


def of(folder: Path, a: str, b: str, **asked: object) -> Comparison:
    given: dict[str, object] = {"draws": DRAWS, "workers": 1, "formulas": folder / "formulas", **asked}
    return compare(folder / f"{a}.toml", folder / f"{b}.toml", **given)  # type: ignore[arg-type]


def at(found: Comparison, group: str, year: int = 2030) -> xr.Dataset:
    return found.tree["totals/co2_reduction"].dataset.sel(group=group, year=year)


def parts(found: Comparison, group: str, year: int = 2030, statistic: str = "mean") -> dict[str, float]:
    node = found.tree["attribution/totals/co2_reduction"].dataset[statistic].sel(group=group, year=year)
    return {str(name): float(part) for name, part in zip(node["change"].values, node.values, strict=True) if part}


def printed(node: xr.Dataset, statistic: str) -> float:
    if statistic == "mean":
        return float(node["mean"].item())
    share = {"q05": 0.05, "q95": 0.95}[statistic]
    before, after = (node[f"{side}_quantiles"].sel(quantile=share).item() for side in "ab")
    return float(after - before)


# ---- totals


@pytest.mark.parametrize(("folder_name", "groups"), [
    ("folder", ["whole"]), ("overlapping", ["family.japan_market.largest", "family.japan_market.two_largest"]),
])  # fmt: skip
def test_totals_of_both_sides_are_those_of_their_own_runs(
    folder_name: str, groups: list[str], request: pytest.FixtureRequest
) -> None:
    """To the last bit, bounds too: they are steps here and one loop there."""
    here = request.getfixturevalue(folder_name)
    found = of(here, "a", "b")
    assert found.tree["totals/co2_reduction"].dataset["group"].values.tolist() == groups
    for side in "ab":
        own = simulate(here / f"{side}.toml", draws=DRAWS, formulas=here / "formulas").tree["totals/co2_reduction"]
        for group in groups:
            for name in ("mean", "quantiles"):
                there = own.dataset[name].sel(group=group, year=2030).values
                assert (at(found, group)[f"{side}_{name}"].values == there).all()


def test_the_difference_of_a_total_is_that_of_its_members(folder: Path) -> None:
    """mine: 1 + 2U in place of nothing, mean 2; other: its x is 1 higher in every draw."""
    found = of(folder, "a", "b")
    total = at(found, "whole")
    cells = found.tree["co2_reduction"].dataset["mean"].sel(year=2030)
    assert total["mean"].item() == pytest.approx(float(cells.sum()), rel=1e-12) == pytest.approx(3.0, rel=1e-3)
    assert total["sd"].item() == pytest.approx(2 / np.sqrt(12), rel=1e-3)
    assert (total["p_higher"].item(), total["status"].item()) == (1.0, "changed")
    assert parts(found, "whole") == pytest.approx({"mine.x": 2.0, "other.x": 1.0}, rel=1e-3)


@pytest.mark.parametrize("statistic", ["mean", "q05", "q95"])
@pytest.mark.parametrize("group", ["family.japan_market.largest", "family.japan_market.two_largest"])
def test_parts_of_a_bound_sum_to_its_difference(overlapping: Path, group: str, statistic: str) -> None:
    found = of(overlapping, "a", "b")
    each = parts(found, group, statistic=statistic)
    assert set(each) == {"mine.x", "other.y"}
    whole = printed(at(found, group), statistic)
    assert abs(sum(each.values()) - whole) <= 1e-9 * max(map(abs, each.values()))


def test_a_bound_is_not_the_sum_of_its_members(overlapping: Path) -> None:
    """The largest of three has the difference of no single one, and less than all three together."""
    found = of(overlapping, "a", "b")
    one, two = (at(found, f"family.japan_market.{how}") for how in ("largest", "two_largest"))
    cells = found.tree["co2_reduction"].dataset.sel(year=2030)
    for side in "ab":
        means = np.sort(cells[f"{side}_mean"].values)
        assert means[-1] < one[f"{side}_mean"].item() < two[f"{side}_mean"].item() < means.sum()


def test_a_bound_without_one_of_its_members_is_that_of_the_others(overlapping: Path) -> None:
    found = of(overlapping, "a", "two")
    bound = at(found, "family.japan_market.largest")
    assert bound["status"].item() == "changed" and bound["mean"].item() < 0 and bound["p_higher"].item() == 0.0
    assert parts(found, "family.japan_market.largest") == {"programme third": bound["mean"].item()}


def test_rounding_is_neither_printed_nor_counted_as_higher(
    overlapping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The third, x p q with a higher x, is one of the two largest where it is above the smaller of the others.

    In all other draws both sides are the same sum, in another order: they differ by rounding, up or down.
    """
    found = of(overlapping, "a", "third")
    bound = at(found, "family.japan_market.two_largest", 2040)
    assert ((bound["quantiles"] < 0) & (bound["quantiles"] > -1e-12)).any(), "no rounding: this shows nothing"
    x, p = np.random.default_rng(1).random((2, 3, 10**5))
    each = (1 + 2 * x + np.array([[0], [0], [1]])) * p
    assert bound["p_higher"].item() == pytest.approx((each[2] > each[:2].min(axis=0)).mean(), abs=0.01)
    comparison_tables(found)
    said = capsys.readouterr().out
    line = next(one for one in said.splitlines() if "2040.japan_market.two_largest" in one)
    assert re.search(r"\s0 to 0\.4", line) and "e-1" not in line.replace("e-06", "")


def test_a_difference_of_sides_is_more_than_rounding() -> None:
    said = [beyond_rounding(one, 100.0, -200.0, np.nan) for one in (3e-14, -1e-10, -1e-9, 5.0)]
    assert said == [0.0, 0.0, -1e-9, 5.0]
    assert beyond_rounding(1e-20) == 1e-20 and beyond_rounding(0.0, 1.0) == 0.0


def test_a_programme_that_is_left_out_counts_as_nothing_in_a_sum(folder: Path) -> None:
    scenario(folder, "one", programmes=("mine",))
    found = of(folder, "a", "one")
    total, gone = at(found, "whole"), found.tree["co2_reduction"].dataset.sel(programme="other", year=2030)
    assert (total["status"].item(), gone["status"].item()) == ("changed", "removed")
    assert total["reason"].item() == "B is without other, which counts as 0 there"
    assert total["mean"].item() == pytest.approx(gone["mean"].item(), rel=1e-12) and gone["mean"].item() < 0
    assert list(parts(found, "whole").values()) == [total["mean"].item()]


def test_a_total_that_was_declared_otherwise_is_not_compared(folder: Path, tmp_path: Path) -> None:
    every = (*BOTH, "third")
    own = catalog.load(scenario(folder, "three", programmes=every), folder / "formulas")
    [group] = [one for one in own.totals if one.id == "whole"]
    other = own.with_totals([group.model_copy(update={"members": ("mine", "third")})])
    found = compare(own, other, draws=DRAWS, workers=1)
    total = at(found, "whole")
    assert total["status"].item() == "not_comparable" and np.isnan(total["mean"].item())
    assert "other.co2_reduction.2030, third.co2_reduction.2030" in total["reason"].item()


def test_totals_are_in_the_json_as_in_the_tree(folder: Path) -> None:
    found = of(folder, "a", "b")
    by_name = {one["quantity"]: one for one in as_dict(found)["quantities"]}
    one, node = by_name["whole.co2_reduction.2030"], at(found, "whole")
    assert {name: one[name] for name in ("mean", "mcse", "a_mean", "b_mean")} == {
        name: node[name].item() for name in ("mean", "mcse", "a_mean", "b_mean")
    }
    assert {cause["change"]: cause["mean"] for cause in one["attribution"]} == parts(found, "whole")


def test_a_total_may_be_asked_for_by_its_name(folder: Path) -> None:
    found = of(folder, "a", "b", cells=["whole.co2_reduction.2030"])
    assert parts(found, "whole")
    assert np.isnan(found.tree["attribution/co2_reduction"].dataset["mean"].sel(year=2030).values).all()


def test_stress_moves_totals_and_bounds_their_sums(folder: Path, overlapping: Path) -> None:
    """Two programmes' x as one: 90 % of 2 × (1 + 2U) is wider than of two apart; bounds have no comonotone one."""
    for here, name, is_sum in ((folder, "whole.co2_reduction.2030", True),
                               (overlapping, "family.co2_reduction.2030.japan_market.largest", False)):  # fmt: skip
        path = scenario(here, "tied", together(["mine.x", "other.x"], 0.5), programmes=BOTH)
        found = stress(path, draws=DRAWS, formulas=here / "formulas").to_dict()
        one = {one["quantity"]: one for one in found["quantities"]}[name]
        if is_sum:
            widths = [one[level]["q95"] - one[level]["q05"] for level in ("independent", "declared", "as one")]
            assert widths[0] < widths[1] < widths[2] < one["comonotone_sum"]["q95"] - one["comonotone_sum"]["q05"]
        else:
            assert one["comonotone_sum"] == {"q05": None, "q95": None}
            assert one["independent"]["mean"] > one["declared"]["mean"] > one["as one"]["mean"]


# ---- chosen programmes


@pytest.mark.parametrize("chosen", [["mine"], ["other"], "other", ["other", "mine"]])
def test_chosen_programmes_have_the_numbers_of_their_own_runs(folder: Path, chosen: list[str] | str) -> None:
    found = of(folder, "a", "b", programmes=chosen)
    names = [chosen] if isinstance(chosen, str) else chosen
    assert sorted(found.tree["co2_reduction"].dataset["programme"].values) == sorted(names)
    for side in "ab":
        own = simulate(folder / f"{side}.toml", draws=DRAWS, formulas=folder / "formulas").tree["co2_reduction"]
        for name in names:
            there = own.dataset["mean"].sel(programme=name).values
            assert (found.tree["co2_reduction"].dataset[f"{side}_mean"].sel(programme=name).values == there).all()
