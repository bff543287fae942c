"""Shares of one whole add up in every draw, nothing else moves; independent years have draws of their own."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import spearmanr

from ctsim import schema
from ctsim.assembly import assemble
from ctsim.audit import audit
from ctsim.binding import Binding, Row
from ctsim.catalog import Scenario, load
from ctsim.compare import compare
from ctsim.composition import Composition, Scaled, scaled, total_of
from ctsim.coordinates import assign
from ctsim.engine import simulate
from ctsim.errors import InputError, Place
from ctsim.explain import explain
from ctsim.kernel import Kernel, Target
from ctsim.precision import reaching
from tests import runs
from tests.studies import CHECK, Study, refused, study

__all__ = ["study"]

FloatArray = npt.NDArray[np.float64]
TILES = 16
WASTE = "waste_carbon_cycle"
CLASSES = ("food", "paper", "plastics", "rubber", "wood", "residual")
SUMS = {"2030": 99.9, "2050": 99.9}


def rows_of(scenario: Scenario, method: str = "mc", without: bool = False) -> dict[str, FloatArray]:
    """Draws of every row; `without` compositions, as if the page did not name them."""
    binding = scenario.binding
    if without:
        binding = Binding(tuple(_alone(row) for row in binding.rows), binding.steps)
    targets = [Target("row", (str(i),), "", (("row", i, 1.0),)) for i in range(len(binding.rows))]
    nets = assign(binding.rows, scenario.programmes) if method == "sobol" else None
    values = Kernel(binding, targets, 3, nets, groups=scenario.groups).evaluate(0, TILES)
    return {row.label: one for row, one in zip(binding.rows, values, strict=True)}


def _alone(row: Row) -> Row:
    return replace(row, composition="")


@cache
def drawn(method: str, without: bool = False) -> dict[str, FloatArray]:
    return rows_of(runs.scenario(), method, without)


def shares(found: dict[str, FloatArray], year: str) -> FloatArray:
    """(class, draw) shares of waste in per cent."""
    return np.array([found[f"{WASTE}.{one}_share_{year}"] for one in CLASSES])


# ---- the report's waste


@pytest.mark.parametrize("method", ["mc", "sobol"])
@pytest.mark.parametrize("year", ["2030", "2050"])
def test_shares_of_waste_add_up_to_what_is_printed_in_every_draw(method: str, year: str) -> None:
    found = shares(drawn(method), year)
    assert np.abs(found.sum(axis=0) - SUMS[year]).max() < 1e-12
    assert (found > 0).all() and found.std(axis=1).min() > 0.01


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_shares_are_the_draws_apart_times_one_factor(method: str) -> None:
    apart, found = shares(drawn(method, without=True), "2030"), shares(drawn(method), "2030")
    assert np.abs(apart.sum(axis=0) - SUMS["2030"]).max() > 5.0  # drawn apart they miss the whole
    assert np.allclose(found, apart * (SUMS["2030"] / apart.sum(axis=0)), rtol=1e-14, atol=0.0)


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_no_other_draw_changes_by_a_bit(method: str) -> None:
    before, after = drawn(method, without=True), drawn(method)
    moved = [name for name in after if (before[name] != after[name]).any()]
    assert sorted(moved) == sorted(f"{WASTE}.{one}_share_{year}" for one in CLASSES for year in SUMS)


def test_the_largest_share_moves_against_the_others() -> None:
    """Independent draws would give 0; 6 standard errors of 2^14 draws are 0.05."""
    food, paper, *_ = shares(drawn("mc"), "2030")
    assert spearmanr(food, paper)[0] < -0.3


def test_kernel_and_plain_python_scale_to_the_same_bits() -> None:
    binding = runs.scenario().binding
    apart, found = drawn("mc", without=True), drawn("mc")
    labels = [row.label for row in binding.rows]
    for draw in (0, 1, 777, TILES * 1024 - 1):
        plain = scaled([float(apart[name][draw]) for name in labels], binding.compositions)
        assert plain == [float(found[name][draw]) for name in labels]


def test_printed_values_and_the_audit_stay_as_they_are() -> None:
    binding = runs.scenario().binding
    assert scaled(binding.central(), binding.compositions) == binding.central()
    computed = {one.key: one.computed for one in audit(runs.scenario("as_published")).figures}
    assert computed[f"{WASTE}.co2_reduction.2030"] == pytest.approx(812.475, abs=1e-3)
    assert computed[f"{WASTE}.co2_reduction.2050"] == pytest.approx(13.5825, abs=1e-3)


def test_a_cell_rests_on_all_members_of_its_compositions(tmp_path: Path) -> None:
    """The residual share is in no formula of the cell, only in the sum."""
    simulate("framework_2023_11", draws=16384, programmes=[WASTE], out=tmp_path / "run")
    [one] = explain(tmp_path / "run", [f"{WASTE}.co2_reduction.2050"])
    assert f"{WASTE}.residual_share_2050" in {row.stream for row in one.rows}
    assert f"{WASTE}.residual_share_2030" not in {row.stream for row in one.rows}
    assert abs(sum(one.parts) - (one.mean - one.published)) < 1e-9 * one.published


def test_a_precision_looks_at_partners_too() -> None:
    binding = runs.scenario().binding
    place = {row.label: i for i, row in enumerate(binding.rows)}
    target = Target("row", ("food",), "", (("row", place[f"{WASTE}.food_share_2030"], 1.0),))
    [found] = reaching(Kernel(binding, [target], 0), [0])
    assert found == {place[f"{WASTE}.{one}_share_2030"] for one in CLASSES}


def test_rows_that_nothing_needs_are_drawn_where_a_partner_needs_them() -> None:
    binding = runs.scenario().binding
    place = next(i for i, row in enumerate(binding.rows) if row.label == f"{WASTE}.food_share_2030")
    alone = Binding(binding.rows, ())
    target = Target("row", ("food",), "", (("row", place, 1.0),))
    found = Kernel(alone, [target], 3, sample_all=False, groups=runs.scenario().groups).evaluate(0, TILES)[0]
    assert (found == drawn("mc")[f"{WASTE}.food_share_2030"]).all()


def test_a_fixed_member_stays_and_the_others_make_up_the_rest() -> None:
    fixed = runs.scenario().with_changes([{
        "parameter": f"{WASTE}.food_share_2030", "value": 47.1, "reason": "a test",
        "source": {"key": "study", "where": "test"},
        "uncertainty": {"dist": "fixed", "value": 47.1, "basis": "assumed", "reason": "a test"},
    }])  # fmt: skip
    found = shares(rows_of(fixed), "2030")
    assert set(found[0].tolist()) == {47.1}
    assert np.abs(found.sum(axis=0) - 99.9).max() < 1e-12


def test_a_share_changed_without_the_others_is_refused() -> None:
    with pytest.raises(InputError, match=r"composition 'waste_2030' of waste_carbon_cycle adds up to 102.8 %; mend"):
        runs.scenario().with_changes([{
            "parameter": f"{WASTE}.food_share_2030", "value": 50.0, "reason": "a test",
            "source": {"key": "study", "where": "test"},
        }])  # fmt: skip


def test_mixtures_of_two_scenarios_scale_their_own_shares(tmp_path: Path) -> None:
    """Each side of a comparison is the run of its own, and changes of shares add up to the difference."""
    values = (("food", 44.1), ("plastics", 15.1))
    source = {"key": "study", "where": "test"}
    moved = [
        {"parameter": f"{WASTE}.{name}_share_2050", "value": value, "reason": "a test", "source": source}
        for name, value in values
    ]
    first = load(runs.study(tmp_path, [WASTE]))
    second = first.with_changes(moved)
    at = {"programme": WASTE, "year": 2050}
    found = compare(first, second, draws=16384, cells=[f"{WASTE}.co2_reduction.2050"]).tree
    node = found["co2_reduction"].dataset.sel(at)
    for side, one in (("a_mean", first), ("b_mean", second)):
        alone = simulate(one, draws=16384).tree["co2_reduction"].dataset["mean"].sel(at)
        assert float(node[side]) == pytest.approx(float(alone), rel=1e-14)
    parts = found["attribution/co2_reduction"].dataset["mean"].sel(at).values
    assert len(parts) == 2 and parts.sum() == pytest.approx(float(node["mean"]), rel=1e-9)


# ---- the arithmetic


def test_totals_are_scaled_each_with_its_own_members() -> None:
    two = (Composition("a", (0, 2), 10.0), Composition("b", (1, 3, 4), 1.0))
    values = [1.0, 2.0, 4.0, 3.0, 5.0, 9.0]
    assert scaled(values, two) == [2.0, 0.2, 8.0, 3.0 * 0.1, 0.5, 9.0]
    rows = np.array([[v, 2 * v] for v in values])
    Scaled(two).fill(rows)
    assert rows.tolist() == [[2.0, 2.0], [0.2, 0.2], [8.0, 8.0], [3.0 * 0.1, 6.0 * 0.05], [0.5, 0.5], [9.0, 18.0]]
    assert total_of([0.1] * 10) == sum([0.1] * 9) + 0.1  # one after the other, not compensated


# ---- a page


MEMBERS = """\
[parameter.other]
value = 88
unit = "%"
sum_to_one = "all"
uncertainty = { dist = "pert", low = 60, mode = 88, high = 95, basis = "assumed", reason = "low: few; high: many" }
[[impact]]"""


def composed(study: Study, *changes: tuple[str, str]) -> None:
    """The study's share is one of two."""
    study.edit("s.toml", ("value = 15\n", "value = 12\n"), ("low = 10", "low = 5"))
    study.edit("programmes/mine.toml", ('unit = "%"\n', 'unit = "%"\nsum_to_one = "all"\n'), ("[[impact]]", MEMBERS))
    study.edit("formulas/mine.py", ("share: Ratio,", "share: Ratio, other: Ratio,"), ("return share", "return other"))
    study.edit("programmes/mine.toml", *changes)


def test_a_composition_of_a_study_runs_and_is_shown(study: Study) -> None:
    composed(study)
    assert not [line for line in study.ctsim(*CHECK).lines if "verdict" not in line and "coordinates" not in line]
    shown = study.ctsim("show", "s.toml", "mine.other", "--formulas", "formulas").out
    assert "all: share; drawn apart, then scaled to their printed sum" in " ".join(shown.split())


FAULTS = {
    "of one": (('value = 88\nunit = "%"\nsum_to_one = "all"', 'value = 88\nunit = "%"\nsum_to_one = "every"'),
               "composition 'all' of mine has one member", "composition 'every' of mine has one member"),
    "in two units": (('value = 88\nunit = "%"', 'value = 88\nunit = "‰"'), "composition 'all' of mine has members in"),
    "of tonnes": (('value = 88\nunit = "%"', 'value = 88\nunit = "t"'), "composition 'all' of mine has members in"),
    "that misses the whole": (("value = 88", "value = 87"), "composition 'all' of mine adds up to 99 %; mend"),
    "below zero": (("low = 60", "low = -60"), "composition 'all' of mine has a spread below 0, that of other"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_composition_that_is_none_is_told(study: Study, name: str) -> None:
    change, *expected = FAULTS[name]
    composed(study, change)
    lines = [line for line in study.ctsim(*CHECK).lines if "sum_to_one" in line]
    assert len(lines) == len(expected)
    for line, part in zip(lines, expected, strict=True):
        assert part in line and "programmes/mine.toml:" in line


def test_a_shared_parameter_is_in_no_composition() -> None:
    pages = runs.scenario().library
    one = schema.Parameter(value=0.5, unit="1", sum_to_one="all")
    record = pages.shared.record.model_copy(update={"parameter": {**pages.shared.record.parameter, "part": one}})
    head = schema.ScenarioHead(id="s")
    broken = replace(pages, shared=replace(pages.shared, record=record))
    [found] = assemble(head, Place(), broken, ())[2]
    assert str(found).endswith("members of a composition stand on one page, not in shared.toml")


# ---- independent years


YEARS = (
    'unit = "Mt-CO2/yr"\nuncertainty = { class',
    'unit = "Mt-CO2/yr"\nyears = "independent"\nuncertainty = { class',
)


@cache
def years(folder: str, independent: bool) -> Scenario:
    made = Study(Path(folder))
    if independent:
        made.edit("programmes/mine.toml", YEARS)
    return load(made.folder / "s.toml", made.folder / "formulas")


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_independent_years_have_draws_of_their_own(tmp_path: Path, method: str) -> None:
    together = rows_of(years(str(tmp_path / "a"), False), method)
    apart = rows_of(years(str(tmp_path / "b"), True), method)
    assert spearmanr(together["mine.volume@2030"], together["mine.volume@2050"])[0] == pytest.approx(1.0)
    found = spearmanr(apart["mine.volume@2030"], apart["mine.volume@2050"])[0]
    assert abs(found) < 6.0 / np.sqrt(TILES * 1024)  # a false alarm of 2e-9; shared draws give 1
    assert (together["mine.share"] == apart["mine.share"]).all()
    for year, value in (("2030", 10.0), ("2050", 40.0)):  # the class of plans, 0.4 to 1.05 of the value
        draws = apart[f"mine.volume@{year}"]
        assert 0.4 * value <= draws.min() < 0.45 * value and 1.0 * value < draws.max() <= 1.05 * value


def test_a_year_that_is_added_leaves_the_others(tmp_path: Path) -> None:
    before = years(str(tmp_path / "a"), True)
    more = Study(tmp_path / "b")
    more.edit("programmes/mine.toml", YEARS, ("2050 = 40 }", "2050 = 40, 2040 = 20 }"))
    impact = '[[impact]]\nmetric = "co2_reduction"\nwhen = "2040"\nformula = "co2"\nunit = "万t-CO2/yr"\n'
    path = more.folder / "programmes/mine.toml"
    path.write_text(path.read_text(encoding="utf-8") + impact, encoding="utf-8")
    after = load(more.folder / "s.toml", more.folder / "formulas")
    one, other = rows_of(before, "sobol"), rows_of(after, "sobol")
    assert set(other) - set(one) == {"mine.volume@2040"}
    assert all((one[name] == other[name]).all() for name in one)


def test_coordinates_of_independent_years(tmp_path: Path) -> None:
    scenario = years(str(tmp_path), True)
    found = assign(scenario.binding.rows, scenario.programmes)
    assert found["mine.share"] == ("mine", 0)
    assert (found["mine.volume@2030"], found["mine.volume@2050"]) == (("mine.volume", 0), ("mine.volume", 1))


TIE = '\n[[dependence]]\nparameters = ["mine.share", "{}"]\nspearman = 0.6\nbasis = "assumed"\nreason = "a test"\n'


def test_dependence_names_a_year_of_an_independent_parameter(study: Study) -> None:
    study.edit("programmes/mine.toml", YEARS)
    text = (study.folder / "s.toml").read_text(encoding="utf-8")
    study.write("s.toml", text + TIE.format("mine.volume@2030"))
    drawn = rows_of(load(study.folder / "s.toml", study.folder / "formulas"))
    assert spearmanr(drawn["mine.share"], drawn["mine.volume@2030"])[0] == pytest.approx(0.6, abs=0.05)
    assert abs(spearmanr(drawn["mine.share"], drawn["mine.volume@2050"])[0]) < 0.05
    study.write("s.toml", text + TIE.format("mine.volume"))
    refused(study, CHECK, ["s.toml:12: dependence.parameters: no parameter 'mine.volume'. Did you mean …"])


def test_a_run_with_independent_years_is_sealed_and_reads_back(study: Study) -> None:
    from ctsim.catalog import load_resolved

    study.edit("programmes/mine.toml", YEARS)
    made = load(study.folder / "s.toml", study.folder / "formulas")
    path = study.write("resolved.toml", made.to_toml())
    assert load_resolved(path, study.folder / "formulas").digest == made.digest
    assert made.digest != years(str(study.folder / "other"), False).digest
