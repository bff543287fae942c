"""The registry of Sobol' coordinates: sound, complete, only appended to; and what streams get that it does not list."""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctsim import catalog, engine
from ctsim.cli import main
from ctsim.coordinates import Registry, append, assign, by_net, read_registry, shipped_streams, to_toml, unregistered
from ctsim.errors import InputError
from ctsim.request import coordinates_of
from ctsim.sobol import BASE_NET, DIMENSIONS
from tests import coordinates as tool
from tests import runs

ONE = {"x": 'value = 1\nunit = "Mt-CO2/yr"', "y": 'value = 2\nunit = "Mt-CO2/yr"'}
SOURCE = """from ctsim.units import Mt_CO2_per_yr

def total(x: Mt_CO2_per_yr, y: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    \"\"\"x + y\"\"\"
    return y + x
"""


def registry(folder: Path, nets: dict[str, list[str]]) -> Registry:
    """A registry of a test's own."""
    path = folder / "coordinates.toml"
    path.write_text(to_toml("format = 1\n\n", nets), encoding="utf-8")
    return read_registry(path)


def faults(error: InputError) -> list[str]:
    return [str(finding) for finding in error.findings]


def outside(
    folder: Path, name: str = "heat", parameters: dict[str, str] = ONE, source: str = SOURCE
) -> catalog.Scenario:
    """A study with one programme of its own beside two of the library."""
    runs.outside(folder, name, parameters, {"2030": "total"}, source)
    return catalog.load(
        runs.study(folder, ["offshore_wind", "industrial_furnaces", name], extends="as_published"), folder / "formulas"
    )


# ---- the shipped registry


def test_every_shipped_stream_has_a_coordinate() -> None:
    assert unregistered(tool.library()) == []


def test_every_row_of_every_shipped_scenario_has_its_own_coordinate() -> None:
    for name in ("as_published", runs.BASE):
        scenario = runs.scenario(name)
        found = assign(scenario.binding.rows, scenario.programmes)
        assert set(found) == {row.stream for row in scenario.binding.rows}
        assert len(set(found.values())) == len(found)


def test_shared_parameters_come_first_and_then_the_programmes_that_use_them() -> None:
    nets, pages = read_registry().nets, tool.library()
    shared = tuple(pages.shared.record.parameter)
    assert nets[BASE_NET][:3] == shared[:3], "later ones were appended"
    assert set(shared) <= set(nets[BASE_NET])
    sharing = {page.record.programme.id for page in pages.pages
               if any(one.shared for one in page.record.parameter.values())}  # fmt: skip
    assert {name.partition(".")[0] for name in nets[BASE_NET] if name not in shared} <= sharing
    others = {page.record.programme.id for page in pages.pages} & set(nets)
    assert set(nets) == {BASE_NET, *others}, "a programme that shares something later keeps its net"
    assert {page.record.programme.id for page in pages.pages} - others <= sharing
    assert all(name.startswith(f"{net}.") for net in others for name in nets[net])


def test_dimensions_are_in_page_order() -> None:
    nets = read_registry().nets
    for name in ("gtex", "perovskite_solar"):
        expected = [stream for programme, stream, _ in shipped_streams(tool.library()) if programme == name]
        assert set(nets[name]) == set(expected), "what a page had later was appended"
    assert list(nets["gtex"]) == [stream for one, stream, _ in shipped_streams(tool.library()) if one == "gtex"]
    assert nets["perovskite_solar"][0] == "perovskite_solar.single_junction_capacity"


def test_years_of_a_parameter_share_one_stream() -> None:
    rows = runs.scenario().binding.rows
    assert max(Counter(row.stream for row in rows).values()) > 1
    assert len(assign(rows, runs.scenario().programmes)) == len({row.stream for row in rows})


def test_a_scenario_of_few_programmes_has_the_coordinates_of_all(tmp_path: Path) -> None:
    few = catalog.load(runs.study(tmp_path))
    every = assign(runs.scenario().binding.rows, runs.scenario().programmes)
    assert assign(few.binding.rows, few.programmes).items() <= every.items()


def test_the_run_card_lists_nets_in_order_of_their_dimensions() -> None:
    nets = by_net({"b.y": ("b", 1), "a": (BASE_NET, 7), "b.x": ("b", 0)})
    assert json.dumps(nets) == json.dumps({"b": {"b.x": 0, "b.y": 1}, BASE_NET: {"a": 7}})


# ---- it was only appended to


def test_the_registry_was_only_appended_to_and_its_copy_is_new() -> None:
    nets = {net: list(names) for net, names in read_registry().nets.items()}
    assert tool.moved(tool.frozen(), nets) == []
    assert tool.frozen() == nets, "python -m tests.coordinates --append"


@pytest.mark.parametrize(
    "after",
    [
        {"base": ["b", "a"], "p": ["p.x"]},
        {"base": ["a"], "p": ["p.x"]},
        {"base": ["a", "b"]},
        {"base": ["new", "a", "b"], "p": ["p.x"]},
        {"base": ["a", "B"], "p": ["p.x"]},
    ],
    ids=["swapped", "removed", "net removed", "inserted", "renamed"],
)
def test_anything_but_an_append_is_refused(tmp_path: Path, after: dict[str, list[str]]) -> None:
    copy = tmp_path / "copy.json"
    tool.freeze({"base": ["a", "b"], "p": ["p.x"]}, copy)
    with pytest.raises(SystemExit, match="draws would change"):
        tool.freeze(after, copy)
    assert tool.frozen(copy) == {"base": ["a", "b"], "p": ["p.x"]}


def test_appends_are_taken(tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    tool.freeze({"base": ["a"]}, copy)
    tool.freeze({"base": ["a", "b"], "p": ["p.x"]}, copy)
    assert tool.frozen(copy) == {"base": ["a", "b"], "p": ["p.x"]}


def test_the_tool_appends_what_is_missing_at_the_end(tmp_path: Path) -> None:
    """As if two parameters and a programme were new: they come last in their nets, the rest stays."""
    full = {net: list(names) for net, names in read_registry().nets.items()}
    known = {net: list(names) for net, names in full.items() if net != "gtex"}
    late = [known[BASE_NET].pop(20), known["offshore_wind"].pop(1)]
    before = registry(tmp_path, known)
    file, copy = tmp_path / "coordinates.toml", tmp_path / "copy.json"
    nets = tool.append(before, tool.library(), file, copy)
    assert tool.moved(known, nets) == [] and tool.frozen(copy) == nets
    assert [nets[BASE_NET][-1], nets["offshore_wind"][-1]] == late
    assert nets["gtex"] == full["gtex"]
    assert unregistered(tool.library(), read_registry(file)) == []


def test_the_file_is_written_as_the_tool_writes_it() -> None:
    text = tool.REGISTRY.read_text(encoding="utf-8")
    assert text == to_toml(text.partition("[net.")[0], read_registry().nets)


# ---- faults of a registry


def test_a_name_given_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        registry(tmp_path, {"base": ["a", "b"], "p": ["p.x", "a"]})
    [told] = faults(caught.value)
    assert told.endswith("coordinates.toml:12: net.p: 'a' has a coordinate already, in line 5; keep one")


def test_too_many_dimensions_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        registry(tmp_path, {"base": [f"x{i}" for i in range(DIMENSIONS + 2)]})
    assert len(faults(caught.value)) == 2
    assert f"'x{DIMENSIONS}' would be dimension {DIMENSIONS}" in faults(caught.value)[0]


def test_two_names_on_one_coordinate_are_told(tmp_path: Path) -> None:
    """A list cannot hold two; a registry made otherwise can."""
    scenario = runs.scenario()
    broken = read_registry()
    first, second = list(broken.coordinates)[:2]
    broken.coordinates[second] = broken.coordinates[first]
    with pytest.raises(InputError, match="has the coordinate of"):
        assign(scenario.binding.rows, scenario.programmes, broken)


def test_a_shipped_parameter_without_coordinate_has_to_be_appended(tmp_path: Path) -> None:
    nets = {
        net: [n for n in names if n != "offshore_wind.capacity_factor"] for net, names in read_registry().nets.items()
    }
    short = registry(tmp_path, nets)
    [finding] = unregistered(tool.library(), short)
    assert finding.place.file == "scenarios/programmes/offshore_wind.toml" and finding.place.line > 1
    assert "offshore_wind.capacity_factor: has no coordinate" in str(finding)
    assert "python -m tests.coordinates --append" in str(finding)
    scenario = runs.scenario()
    with pytest.raises(InputError) as caught:
        assign(scenario.binding.rows, scenario.programmes, short)
    assert caught.value.findings == (finding,)


# ---- what the registry does not list


def test_an_outside_programme_has_its_own_net_in_page_order(tmp_path: Path) -> None:
    """Page order, not that of the formula's arguments or of the rows; the library keeps its coordinates."""
    scenario = outside(tmp_path, parameters=dict(reversed(ONE.items())))
    found = assign(scenario.binding.rows, scenario.programmes)
    assert (found["heat.y"], found["heat.x"]) == (("heat", 0), ("heat", 1))
    listed = read_registry().coordinates
    assert {name: one for name, one in found.items() if one[0] != "heat"}.items() <= listed.items()
    assert unregistered(scenario.library) == []


def test_a_parameter_at_the_end_of_an_outside_page_leaves_the_others(tmp_path: Path) -> None:
    before = outside(tmp_path / "a")
    more = SOURCE.replace("y: Mt_CO2_per_yr)", "y: Mt_CO2_per_yr, z: Mt_CO2_per_yr)").replace("y + x", "y + x + z")
    after = outside(tmp_path / "b", parameters=ONE | {"z": ONE["x"]}, source=more)
    one, other = (assign(scenario.binding.rows, scenario.programmes) for scenario in (before, after))
    assert one.items() <= other.items() and other["heat.z"] == ("heat", 2)


def test_a_renamed_parameter_of_the_library_keeps_its_coordinate() -> None:
    """`was` makes the old name the stream, and streams are what the registry lists."""
    found = assign([row for row in runs.scenario().binding.rows if row.stream == "offshore_wind.capacity_factor"], [])
    assert found == {"offshore_wind.capacity_factor": read_registry().coordinates["offshore_wind.capacity_factor"]}


def test_an_outside_programme_may_not_take_a_net_of_the_registry(tmp_path: Path) -> None:
    scenario = outside(tmp_path, name=BASE_NET)
    with pytest.raises(InputError, match=r"'base' is a net of .*; give the programme another id"):
        assign(scenario.binding.rows, scenario.programmes)


def test_a_figure_made_reported_by_a_change_has_a_coordinate() -> None:
    scenario = runs.scenario()
    figure = next(one for one in scenario.programme("offshore_wind").figures if not one.reported)
    change = {"impact": figure.key, "formula": "reported", "reason": "a test",
              "source": {"key": "impact_report_2026_01", "where": "4.1"}}  # fmt: skip
    changed = scenario.with_changes([change])
    found = assign(changed.binding.rows, changed.programmes)
    stream = f"offshore_wind.{figure.name}"
    assert found[stream] == ("offshore_wind.figures", 0) and stream not in read_registry().coordinates


def test_a_stream_of_no_programme_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        assign(runs.scenario().binding.rows, [], registry(tmp_path, {"base": []}))
    assert len(caught.value.findings) == len({row.stream for row in runs.scenario().binding.rows})
    assert "perovskite_solar.japan_share: has no coordinate" in str(caught.value)


# ---- the file beside a user's scenario


def beside(folder: Path, *more: str) -> str:
    """The file of a study, with lines put after it."""
    path = folder / "coordinates.toml"
    if more:
        path.write_text(path.read_text(encoding="utf-8") + "".join(more), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def placed(scenario: catalog.Scenario) -> dict[str, tuple[str, int]]:
    return coordinates_of(scenario)


def thrice(folder: Path, parameters: dict[str, str]) -> catalog.Scenario:
    """`outside` with a third parameter, z."""
    more = SOURCE.replace("y: Mt_CO2_per_yr)", "y: Mt_CO2_per_yr, z: Mt_CO2_per_yr)").replace("y + x", "y + x + z")
    return outside(folder, parameters=parameters, source=more)


def test_writing_coordinates_changes_no_draw_and_later_parameters_come_last(tmp_path: Path) -> None:
    first = outside(tmp_path)
    before = placed(first)
    assert append(first.programmes) == {tmp_path / "coordinates.toml": 2}
    assert placed(outside(tmp_path)) == before and outside(tmp_path).digest == first.digest
    inserted = thrice(tmp_path, {"z": ONE["x"], **ONE})
    with pytest.raises(InputError, match=r"heat.toml.*heat.z: has no coordinate.* append it: .*--write-coordinates"):
        placed(inserted)
    assert append(inserted.programmes) == {tmp_path / "coordinates.toml": 1}
    after = placed(catalog.load(inserted.file, tmp_path / "formulas"))
    assert before.items() <= after.items() and after["heat.z"] == ("heat", 2)
    assert append(inserted.programmes) == {tmp_path / "coordinates.toml": 0}
    assert before["heat.x"] == ("heat", 0) and "scenarios/" not in beside(tmp_path)


def test_without_the_file_an_inserted_parameter_shifts_the_others_and_so_the_digest(tmp_path: Path) -> None:
    before = outside(tmp_path / "a")
    turned = outside(tmp_path / "b", parameters=dict(reversed(ONE.items())))
    assert placed(before) != placed(turned) and before.digest != turned.digest
    for folder in ("a", "b"):
        (tmp_path / folder / "coordinates.toml").write_text(
            to_toml("format = 1\n", {"heat": ["heat.y", "heat.x"]}), encoding="utf-8"
        )
    one, other = outside(tmp_path / "a"), outside(tmp_path / "b", parameters=dict(reversed(ONE.items())))
    assert placed(one) == placed(other) and one.digest == other.digest == turned.digest


def test_reported_figures_are_listed_where_they_were(tmp_path: Path) -> None:
    runs.outside(tmp_path, "heat", ONE, {"2030": "total", "2040": "reported", "2050": "reported"}, SOURCE)
    page = tmp_path / "programmes" / "heat.toml"
    printed = '[[impact.printed]]\nas_printed = "3"\nvalue = 3\nstep = 1\nwhere = "x"\n'
    spread = 'uncertainty = { dist = "uniform", low = 2, high = 4, basis = "assumed", reason = "low: a; high: b" }\n'
    text = page.read_text(encoding="utf-8").replace('"reported"\n', f'"reported"\n{spread}')
    page.write_text(text.replace('\n\n[[impact]]\nmetric = "co2_reduction"\nwhen = "2050"',
                                 f'\n{printed}\n[[impact]]\nmetric = "co2_reduction"\nwhen = "2050"') + printed,
                    encoding="utf-8")  # fmt: skip
    study = runs.study(tmp_path, ["heat"], extends="as_published")
    before = placed(catalog.load(study, tmp_path / "formulas"))
    assert {name: at for name, at in before.items() if at[0] == "heat.figures"}
    append(catalog.load(study, tmp_path / "formulas").programmes)
    assert placed(catalog.load(study, tmp_path / "formulas")) == before
    assert '[net."heat.figures"]' in beside(tmp_path)


def test_faults_of_the_file_beside_a_scenario_are_told_at_once(tmp_path: Path) -> None:
    append(outside(tmp_path).programmes)
    lines = '[net.gtex]\nparameters = ["a"]\n[net.cool]\nparameters = ["grid_factor", "cool.x"]\n'
    beside(tmp_path, lines)
    with pytest.raises(InputError) as caught:
        outside(tmp_path)
    assert [one.partition("coordinates.toml:")[2].partition(";")[0] for one in faults(caught.value)] == [
        "11: net.gtex: is a net of another coordinates.toml",
        "13: net.cool: 'grid_factor' has a coordinate in another coordinates.toml",
    ]


def test_check_says_what_to_do_and_does_it(tmp_path: Path) -> None:
    scenario = outside(tmp_path)
    asked = ["check", scenario.file, "--formulas", str(tmp_path / "formulas")]
    told = CliRunner().invoke(main, asked)
    said = f"`ctsim check {scenario.file} --write-coordinates` keeps them"
    assert told.exit_code == 0 and told.stderr.startswith("heat: Sobol'") and said in told.stderr
    assert len(told.stderr.splitlines()) == 1
    written = CliRunner().invoke(main, [*asked, "--write-coordinates"])
    assert written.exit_code == 0 and "coordinates.toml: coordinates appended: 2" in written.stdout
    assert CliRunner().invoke(main, asked).stderr == ""
    again = CliRunner().invoke(main, [*asked, "--write-coordinates"])
    assert "coordinates.toml: lists everything already" in again.stdout


@pytest.mark.parametrize("listed", [False, True])
def test_a_resolved_scenario_is_drawn_as_it_was(tmp_path: Path, listed: bool) -> None:
    scenario = outside(tmp_path)
    if listed:
        path = tmp_path / "coordinates.toml"
        path.write_text(to_toml("format = 1\n", {"heat": ["heat.y", "heat.x"]}), encoding="utf-8")
        scenario = outside(tmp_path)
    run = engine.simulate(scenario, draws=1024, out=tmp_path / "run")
    again = catalog.load_resolved(tmp_path / "run" / "scenario.toml", tmp_path / "formulas")
    assert again.digest == scenario.digest and placed(again) == placed(scenario)
    assert engine.simulate(again, draws=1024).result_digest == run.result_digest
    assert placed(scenario)["heat.y"] == ("heat", 0 if listed else 1)
