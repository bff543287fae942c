"""What differs is listed once, with what was, what is, who set it and why; and shares of one whole stay whole."""

from pathlib import Path

import numpy as np
import pytest

from ctsim.catalog import load
from ctsim.compare import Comparison, compare
from ctsim.differences import KINDS, Difference, differences
from ctsim.engine import simulate
from ctsim.errors import RunDirectoryError
from tests.pairs import CHANGES, moved, other_formula, scenario, spread, together, write
from tests.runs import outside

DRAWS = 2**14
SHARES = {"dry": 20.0, "wet": 20.0, "rest": 60.0}
MIX = '''\
"""Shares of one whole."""

from ctsim.units import Mt_CO2_per_yr, Ratio


def burnt(dry: Ratio, wet: Ratio, rest: Ratio, mass: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    """(dry + 3 wet + rest / 2) mass"""
    return (dry + 3 * wet + rest / 2) * mass
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("differences")
    write(made)
    write(made, "other")
    shares = {
        name: f'value = {value}\nunit = "%"\nsum_to_one = "all"\n'
        f"uncertainty = {spread('uniform', f'low = {value - 10}, high = {value + 10}')}"
        for name, value in SHARES.items()
    }
    mass = f'value = 10.0\nunit = "Mt-CO2/yr"\nuncertainty = {spread("uniform", "low = 8, high = 12")}'
    outside(made, "mix", {**shares, "mass": mass}, {"2030": "burnt"}, MIX)
    scenario(made, "a")
    scenario(made, "mixed", programmes=("mix",))
    return made


def listed(folder: Path, a: str, b: str, **asked: object) -> tuple[Difference, ...]:
    return of(folder, a, b, **asked).differences


def of(folder: Path, a: str, b: str, **asked: object) -> Comparison:
    given: dict[str, object] = {"draws": DRAWS, "workers": 1, "formulas": folder / "formulas", **asked}
    return compare(folder / f"{a}.toml", folder / f"{b}.toml", **given)  # type: ignore[arg-type]


# ---- one entry for each kind


@pytest.mark.parametrize(
    ("change", "name", "kind", "what", "before", "after", "reason"),
    [
        (moved("mine.x", 2.5, "uniform", "low = 1, high = 3"), "mine.x", "parameter", "value",
         "2 Mt-CO2/yr, uniform(1, 3)", "2.5 Mt-CO2/yr, uniform(1, 3)", "because"),
        (moved("mine.x", 2.0, "uniform", "low = 0, high = 4"), "mine.x", "parameter", "spread",
         "2 Mt-CO2/yr, uniform(1, 3)", "2 Mt-CO2/yr, uniform(0, 4)", "because"),
        (moved("mine.x", 2.0, "triangular", "low = 1, mode = 2, high = 3"), "mine.x", "parameter", "spread",
         "2 Mt-CO2/yr, uniform(1, 3)", "2 Mt-CO2/yr, triangular(1, 2, 3)", "because"),
        (moved("mine.q", 0.25, "fixed", "value = 0.25"), "mine.q", "parameter", "value, spread",
         "0.5, fixed", "0.25, fixed", "because"),
        (other_formula("mine.co2_reduction.2030", "doubled"), "mine.co2_reduction.2030", "formula", "formula",
         "added (", "doubled (", "another reading"),
        (together(["mine.x", "mine.y"], 0.5), "dependence mine.x ~ mine.y", "dependence", "rank correlation",
         "independent", "mine.x ~ mine.y 0.5", "one cause"),
    ],
)  # fmt: skip
def test_each_difference_is_listed_once_with_who_and_why(
    folder: Path, change: str, name: str, kind: str, what: str, before: str, after: str, reason: str
) -> None:
    scenario(folder, "b", change)
    [one] = listed(folder, "a", "b")
    assert (one.name, one.kind, one.what, one.side, one.reason) == (name, kind, what, "B", reason)
    assert one.before.startswith(before) and one.after.startswith(after) and one.kind in KINDS
    file, _, line = one.set_by.rpartition(":")
    said = Path(file).read_text(encoding="utf-8").splitlines()
    assert Path(file) == folder / "b.toml" and any("[[" in text for text in said[int(line) - 2 : int(line)])
    [back] = listed(folder, "b", "a")
    assert (back.name, back.before, back.after, back.side) == (one.name, one.after, one.before, "A")
    assert (back.set_by, back.reason) == (one.set_by, one.reason)


@pytest.mark.parametrize(("a", "b", "what"), [("a", "both", "added"), ("both", "a", "removed")])
def test_a_programme_is_one_entry_whatever_it_has(folder: Path, a: str, b: str, what: str) -> None:
    scenario(folder, "both", programmes=("mine", "other"))
    [one] = listed(folder, a, b)
    assert (one.name, one.kind, one.what) == ("programme other", "programme", what)
    assert one.atoms == {("programme", "other")}


def test_a_switch_of_all_spreads_is_one_entry(folder: Path) -> None:
    text = (folder / "a.toml").read_text(encoding="utf-8")
    (folder / "none.toml").write_text(text.replace('"pages"', '"none"'), encoding="utf-8")
    [one] = listed(folder, "a", "none")
    assert (one.name, one.before) == ("switch uncertainty = none, was pages", "5 spreads")
    assert one.atoms == {("row", f"mine.{name}") for name in "xypuv"}


def test_a_change_that_says_what_was_there_already_is_none(folder: Path) -> None:
    scenario(folder, "same", moved("mine.x", 2.0, "uniform", "low = 1, high = 3"))
    assert listed(folder, "a", "same") == ()


def test_the_last_of_two_changes_is_the_one_that_counts(folder: Path) -> None:
    first = moved("mine.x", 9.0, "uniform", "low = 8, high = 10", "withdrawn")
    scenario(folder, "twice", first)
    path = folder / "later.toml"
    head = '[scenario]\nid = "later"\nextends = "twice.toml"\n'
    path.write_text(head + moved("mine.x", 3.0, "uniform", "low = 2, high = 4", "as found"), encoding="utf-8")
    [one] = listed(folder, "a", "later")
    assert (one.after, one.reason) == ("3 Mt-CO2/yr, uniform(2, 4)", "as found")
    assert one.set_by.startswith(str(path))


# ---- shares of one whole


def share(name: str, value: float, low: float, high: float) -> str:
    return moved(f"mix.{name}", value, "uniform", f"low = {low}, high = {high}", f"{name} was measured")


FIXED = "".join(moved(f"mix.{name}", 20.0, "fixed", "value = 20") for name in ("dry", "wet"))
CASES = {
    "two shares": (share("dry", 30, 20, 40), share("rest", 50, 40, 60)),
    "two equal shares that are fixed": (FIXED,),
    "shares and mass": (share("wet", 30, 20, 40), share("rest", 50, 45, 55),
                        moved("mix.mass", 20.0, "uniform", "low = 15, high = 25")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_shares_are_scaled_within_their_own_mixture(folder: Path, case: str) -> None:
    scenario(folder, "shares", *CASES[case], programmes=("mix",))
    found = of(folder, "mixed", "shares")
    node = found.tree["co2_reduction"].dataset.sel(programme="mix", year=2030)
    for side, name in (("a", "mixed"), ("b", "shares")):
        own = simulate(folder / f"{name}.toml", draws=DRAWS, formulas=folder / "formulas").tree["co2_reduction"]
        there = own.dataset.sel(programme="mix", year=2030)
        assert node[f"{side}_mean"].item() == there["mean"].item()
        assert (node[f"{side}_quantiles"].values == there["quantiles"].values).all()
    marks = {"mean": node["mean"].item()}
    for statistic, at in (("q05", 0.05), ("q95", 0.95)):
        after, before = (node[f"{side}_quantiles"].sel(quantile=at).item() for side in "ba")
        marks[statistic] = after - before
    each = found.tree["attribution/co2_reduction"].dataset.sel(programme="mix", year=2030)
    for statistic, whole in marks.items():
        assert abs(each[statistic].sum().item() - whole) <= 1e-9 * abs(each[statistic]).max().item()


# ---- sealed


@pytest.mark.parametrize("name", ["summary.nc", "a.toml", "b.toml", "compare.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_sealed_result_that_is_damaged_is_refused(folder: Path, tmp_path: Path, name: str, damage: str) -> None:
    scenario(folder, "b", CHANGES[0])
    of(folder, "a", "b", out=tmp_path / "o")
    there = tmp_path / "o" / name
    if damage == "gone":
        there.unlink()
    else:
        there.write_bytes(there.read_bytes()[:-3])
    with pytest.raises(RunDirectoryError) as caught:
        of(folder, "a", "b", out=tmp_path / "o")
    assert "\n" not in str(caught.value) and name in str(caught.value)


@pytest.mark.parametrize("asked", [{"seed": 1}, {"draws": 2**15}, {"method": "mc"}, {"years": [2030]},
                                   {"metrics": ["co2_reduction"]}, {"cells": ["mine.co2_reduction.2030"]}])  # fmt: skip
def test_another_request_is_refused_where_a_result_lies(folder: Path, tmp_path: Path, asked: dict[str, object]) -> None:
    scenario(folder, "b", CHANGES[0])
    first = of(folder, "a", "b", out=tmp_path / "o")
    assert of(folder, "a", "b", out=tmp_path / "o").card == first.card
    with pytest.raises(RunDirectoryError, match=rf"holds another result \({next(iter(asked))} is "):
        of(folder, "a", "b", out=tmp_path / "o", **asked)
    assert np.isfinite(first.tree["co2_reduction"].dataset["mean"].values).all()


# ---- shipped studies


def test_a_formula_is_told_where_a_reading_is_made_of_the_one_before() -> None:
    """The reading `additionality` brings the page's formula as a second step of the figure."""
    listed = differences(load("framework_2023_11"), load("new_car_baseline"), {}, {})
    told = {one.name: one.after.partition(" ")[0] for one in listed if one.kind == "formula"}
    assert told["clean_energy_vehicles.co2_reduction.2030"] == "co2_reduction_carried_new_car" and len(told) == 6


def test_what_programmes_share_has_its_shared_name_and_the_reason_of_its_change() -> None:
    listed = differences(load("framework_2023_11"), load("long_lived_cars"), {}, {})
    [one] = [one for one in listed if "value" in one.what]
    assert (one.name, one.reason) == ("car_life", "cars are kept longer every year")
