"""By which names a scenario speaks of what is drawn, and what follows from them: streams, groups, changes, digests."""

from pathlib import Path
from typing import Any

import pytest

from ctsim import schema
from ctsim.catalog import Scenario, load, load_resolved
from ctsim.errors import InputError
from ctsim.judgement import bases
from tests import runs

SOURCE = {"key": "study", "where": "test"}
ALONE = "water_electrolysis"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """One programme of the framework, whose parameters follow some of programmes that are left out."""
    return load(runs.study(tmp_path_factory.mktemp("alone"), [ALONE]))


def test_every_row_has_a_name_that_a_file_may_use() -> None:
    scenario = runs.scenario()
    assert {row.stream for row in scenario.binding.rows} <= set(scenario.stream_names.values())
    for name, parameter in scenario.parameters().items():
        assert scenario.stream_names[name] == parameter.stream == name


def test_a_shared_parameter_has_the_names_of_all_pages_that_use_it() -> None:
    """One stream: `car_life`, and `programme.car_life` of every page that takes it from shared.toml."""
    names = [name for name, stream in runs.scenario().stream_names.items() if stream == "car_life"]
    users = [one.id for one in runs.scenario().programmes
             if any(p.stream == "car_life" for p in one.parameters.values())]  # fmt: skip
    assert len(users) > 1 and "car_life" in names
    assert {name.partition(".")[0] for name in names if "." in name} == set(users)


def test_what_is_left_out_keeps_its_names(alone: Scenario) -> None:
    assert alone.stream_names == runs.scenario().stream_names
    assert {one.id for one in alone.programmes} == {ALONE}


def test_declared_groups_do_not_depend_on_what_is_drawn(alone: Scenario) -> None:
    every = runs.scenario().declared_groups
    assert [one.streams for one in alone.declared_groups] == [one.streams for one in every]
    assert {one.streams for one in alone.groups} < {one.streams for one in every} | {
        one.streams[:end] for one in every for end in range(2, len(one.streams))
    }


def test_groups_end_with_a_member_that_is_drawn(alone: Scenario) -> None:
    drawn = {row.stream for row in alone.binding.rows if row.varies}
    assert alone.groups
    for group in alone.groups:
        assert group.streams[-1] in drawn
    members = {name for group in alone.groups for name in group.streams}
    assert {name for pair in alone.pairs for name in pair} <= members
    assert all(alone.declared[pair] == rho for pair, rho in alone.pairs.items())


def test_a_resolved_scenario_knows_who_is_elsewhere(alone: Scenario, tmp_path: Path) -> None:
    """Its file has no pages of other programmes, but the streams that its dependence speaks of."""
    path = tmp_path / "scenario.toml"
    path.write_text(alone.to_toml(), encoding="utf-8")
    again = load_resolved(path)
    assert again.digest == alone.digest
    assert [one.streams for one in again.groups] == [one.streams for one in alone.groups]
    assert [one.stream for one in again.streams] == [one.stream for one in alone.streams]
    cited = {**CHANGES["a value"], "source": {"key": "impact_report_2026_01", "where": "a test"}}
    assert again.with_changes([cited]).groups, "it can be changed like any other"
    spoken = {name for one in alone.dependence for name in one.record.parameters}
    assert spoken <= set(again.stream_names)
    assert all(again.stream_names[name] == stream for name, stream in again.elsewhere.items())
    assert {name for name in again.elsewhere if name.startswith(f"{ALONE}.")} == set()


def test_resolving_twice_gives_the_same_file(alone: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(alone.to_toml(), encoding="utf-8")
    assert load_resolved(path).to_toml() == alone.to_toml()


def test_a_file_that_was_changed_by_hand_is_refused(alone: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    text = alone.to_toml()
    path.write_text(text.replace("spearman = 0.6", "spearman = 0.5"), encoding="utf-8")
    with pytest.raises(InputError, match="values, spreads or streams are not those of the run"):
        load_resolved(path)
    digest = alone.formula_digests()[ALONE]
    path.write_text(text.replace(digest, "0" * 64).replace(alone.digest, "0" * 64), encoding="utf-8")
    with pytest.raises(InputError, match=f"the formulas of {ALONE} are not those of the run"):
        load_resolved(path)


# ---- changes


def change(**sets: Any) -> dict[str, Any]:
    return {"reason": "a test", "source": SOURCE, **sets}


WIDE = {"dist": "uniform", "low": 0.0, "high": 100.0, "basis": "assumed", "reason": "low: a; high: b"}
CHANGES = {
    "a value": change(parameter=f"{ALONE}.progress_2040", value=30.0,
                      uncertainty=WIDE),
    "a spread": change(parameter=f"{ALONE}.progress_2040",
                       uncertainty=WIDE),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_makes_a_new_scenario_and_leaves_the_old_one(alone: Scenario, name: str) -> None:
    before = (alone.digest, alone.to_toml())
    changed = alone.with_changes([CHANGES[name]])
    assert changed.digest != alone.digest
    assert (alone.digest, alone.to_toml()) == before
    assert len(changed.changes) == len(alone.changes) + 1
    assert changed.stream_names == alone.stream_names, "who is drawn by which stream is no matter of values"
    assert [one.streams for one in changed.groups] == [one.streams for one in alone.groups]


def test_words_and_titles_are_not_in_the_digest(alone: Scenario) -> None:
    """A digest is of what numbers depend on: another reason for the same spread changes none."""
    one, other = (alone.with_changes([{**CHANGES["a spread"], "reason": why}]) for why in ("a test", "another"))
    assert one.digest == other.digest and one.to_toml() != other.to_toml()


def test_strength_of_dependence(alone: Scenario) -> None:
    assert alone.with_dependence(1.0).digest == alone.digest
    half = alone.with_dependence(0.5)
    assert half.pairs == {names: 0.5 * rho for names, rho in alone.pairs.items()}
    assert alone.with_dependence(0).groups == [] and alone.with_dependence(0).digest != alone.digest
    delivery = load("framework_2023_11").with_dependence(None)
    assert {abs(rho) for rho in delivery.declared.values()} == {1.0}


def test_totals_of_a_scenario_may_be_put_in_place_of_the_library_s(alone: Scenario) -> None:
    group = schema.TotalGroup(
        id="mine", kind="list", metric="co2_reduction", members=(ALONE, "plastic_feedstock"),
        title=schema.Bilingual(ja="列", en="a list"), reason=schema.Bilingual(ja="試験", en="a test"),
    )  # fmt: skip
    changed = alone.with_totals([group])
    assert changed.totals == [group] and changed.digest != alone.digest
    assert alone.with_totals(alone.totals).digest == alone.digest


def test_a_programme_that_is_not_there_is_one_line(alone: Scenario) -> None:
    with pytest.raises(InputError, match=r"no programme 'water_electrolysys' .* Did you mean 'water_electrolysis'\?"):
        alone.programme("water_electrolysys")
    with pytest.raises(InputError, match="no such folder; give the one that holds"):
        load("as_published", "nowhere/at/all")


@pytest.mark.parametrize("given", [{"value": 1.0}, {"parameter": f"{ALONE}.nothing", "value": 1.0},
                                   {"parameter": f"{ALONE}.progress_2040", "valu": 1.0}])  # fmt: skip
def test_a_change_that_is_none_names_its_number(alone: Scenario, given: dict[str, Any]) -> None:
    with pytest.raises(InputError) as told:
        alone.with_changes([CHANGES["a value"], change(**given)], place="notebook")
    assert {(one.place.file, one.place.line) for one in told.value.findings} == {("notebook", 2)}


def test_bases_of_a_scenario_without_spreads_are_all_fixed(tmp_path: Path) -> None:
    none = load(runs.study(tmp_path, [ALONE], uncertainty="none"))
    assert set(bases(none)) == {"fixed"}
    assert none.groups == [] and none.pairs == {}
    assert none.declared_groups, "declared they are all the same"
