"""Options that change a scenario: each is changes like any other, kept with the run, and does what it says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ctsim.catalog import Scenario, load
from ctsim.cli import main
from ctsim.distributions import build, quantile
from ctsim.engine import open_run, simulate
from ctsim.errors import InputError
from ctsim.kernel import _quantiles
from ctsim.switches import SWITCHES, idle, switched

DRAWS = 2**14


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("framework_2023_11")


def drawn(scenario: Scenario, *bases: str) -> set[str]:
    """Streams that vary and rest on one of those bases, or any."""
    kinds = {row.label: _quantiles(row) for row in scenario.binding.rows if not bases or row.basis in bases}
    return {name for name, one in kinds.items() if one.low < one.high}


def test_nothing_asked_for_changes_nothing(scenario: Scenario) -> None:
    assert switched(scenario) is scenario


def test_only_basis_fixes_all_that_rests_on_another(scenario: Scenario) -> None:
    only = switched(scenario, only_basis=["published"])
    assert drawn(only) == drawn(scenario, "published")
    assert drawn(only) and drawn(only) < drawn(scenario)
    assert only.binding.central() == scenario.binding.central()
    assert "only basis published" in only.title_en
    both = switched(scenario, only_basis="assumed")  # a printed range is fixed at its middle
    assert drawn(both) == drawn(scenario, "assumed") and "offshore_wind.offshore_wind_capacity@2050" in drawn(both)


@pytest.mark.parametrize("factor", [0.0, 0.5, 2.0])
def test_assumed_spreads_are_so_many_times_as_wide_about_the_value(scenario: Scenario, factor: float) -> None:
    wider = switched(scenario, scale_assumed=factor)
    for before, after in zip(scenario.binding.rows, wider.binding.rows, strict=True):
        old, new = (quantile(_quantiles(row), [0.05, 0.95]) for row in (before, after))
        scale = factor if before.basis == "assumed" and before.spread.dist != "bernoulli" else 1.0
        expected = before.central + scale * (old - before.central)
        assert new == pytest.approx(expected, rel=1e-9, abs=1e-9 * abs(before.central))


def test_a_reading_takes_the_place_of_the_literal_formula(scenario: Scenario) -> None:
    read = switched(scenario, reading="falling_thermal_factor")
    chosen = {"draws": DRAWS, "programmes": ["offshore_wind"]}
    literal, other = (simulate(one, **chosen).tree for one in (scenario, read))
    beside = literal["readings"].dataset.sel(reading="offshore_wind.co2_reduction.2050:falling_thermal_factor")
    cell = other["co2_reduction"].dataset.sel(programme="offshore_wind", year=2050)
    assert float(cell["mean"]) == float(beside["mean"]) and beside["unit"].item() == "Mt-CO2/yr"
    assert float(cell["mean"]) < float(literal["co2_reduction"]["mean"].sel(programme="offshore_wind", year=2050))


SAME: dict[str, tuple[list[str], dict[str, Any]]] = {
    "set": (["--set", "offshore_wind.capacity_factor=30"], {"set": {"offshore_wind.capacity_factor": 30}}),
    "fix": (["--fix", "offshore_wind.capacity_factor"], {"fix": ["offshore_wind.capacity_factor"]}),
    "year": (
        ["--set", "offshore_wind.thermal_factor@2050=0.2"],
        {"set": {"offshore_wind.thermal_factor@2050": 0.2}},
    ),
    "path": (["--fix", "offshore_wind.thermal_factor"], {"fix": "offshore_wind.thermal_factor"}),
    "reading": (["--reading", "falling_thermal_factor"], {"reading": "falling_thermal_factor"}),
    "only basis": (["--only-basis", "published"], {"only_basis": "published"}),
    "scale": (["--scale-assumed", "0.5"], {"scale_assumed": 0.5}),
    "dependence": (["--dependence", "full"], {"dependence": "full"}),
    "delivery": (["--with-delivery"], {"with_delivery": True}),
}


@pytest.mark.parametrize("name", SAME)
def test_python_and_the_command_ask_for_the_same_run(name: str, tmp_path: Path) -> None:
    words, options = SAME[name]
    few = [
        "--draws",
        "1024",
        "--method",
        "mc",
        "--programmes",
        "offshore_wind",
        "--quiet",
        "--out",
        str(tmp_path / "a"),
    ]
    done = CliRunner().invoke(main, ["run", "framework_2023_11", *few, *words])
    assert done.exit_code == 0, done.output
    mine = simulate("framework_2023_11", draws=1024, method="mc", programmes=["offshore_wind"], out=tmp_path / "b",
                    **options)  # fmt: skip
    theirs = open_run(tmp_path / "a")
    same = {"scenario_digest", "result_digest", "draws", "seed", "method", "programmes", "draws_digest", "formulas"}
    assert {key: mine.card.get(key) for key in same} == {key: theirs.card.get(key) for key in same}
    texts = [(tmp_path / folder / "scenario.toml").read_text(encoding="utf-8") for folder in ("a", "b")]
    assert texts[0] == texts[1]
    assert "changed: " in texts[0].split("title_en", 1)[1].splitlines()[0]


def test_dependence_can_be_as_strong_as_it_gets(scenario: Scenario) -> None:
    full = switched(scenario, dependence="full")
    assert set(full.pairs.values()) == {1.0, -1.0} and full.pairs.keys() == scenario.pairs.keys()
    assert all((abs(group.factor).sum(axis=1) == pytest.approx(1.0)) for group in full.groups)


def test_dependence_can_be_switched_off(scenario: Scenario) -> None:
    free = switched(scenario, dependence=0)
    assert scenario.groups and not free.groups
    assert free.digest != scenario.digest
    half = switched(scenario, dependence=0.5)
    assert half.pairs == {names: pytest.approx(spearman / 2) for names, spearman in scenario.pairs.items()}


def test_delivery_multiplies_cells_and_nothing_else(scenario: Scenario) -> None:
    few = ["hydrogen_steelmaking", "clean_energy_vehicles", "perovskite_solar"]
    sure, unsure = (simulate(one, draws=DRAWS, programmes=few).tree["co2_reduction"].dataset
                    for one in (scenario, switched(scenario, with_delivery=True)))  # fmt: skip
    at = {"programme": "hydrogen_steelmaking", "year": 2030}
    share = float(unsure["mean"].sel(at) / sure["mean"].sel(at))
    assert share == pytest.approx(0.4, abs=0.01)  # independent of the amount: sd 0.5 / sqrt(2^14) with mc, less here
    assert float(unsure["quantiles"].sel(at).sel(quantile=0.05)) == 0.0
    assert float(sure["quantiles"].sel(at).sel(quantile=0.05)) > 0.0
    same = {"programme": "clean_energy_vehicles", "year": 2030}
    assert float(unsure["mean"].sel(same)) == float(sure["mean"].sel(same))
    early, late = (
        (unsure["mean"] / sure["mean"]).sel(programme="perovskite_solar", year=year) for year in (2030, 2050)
    )
    assert float(early) < float(late)


def test_a_value_holds_against_options_for_many_spreads(scenario: Scenario) -> None:
    both = switched(scenario, set={"offshore_wind.capacity_factor": 30}, scale_assumed=0.5)
    row = next(row for row in both.binding.rows if row.stream == "offshore_wind.capacity_factor")
    assert row.central == 30.0 and not row.varies


def rows_by_label(scenario: Scenario) -> dict[str, tuple[float, bool, float]]:
    """Central value, whether it varies, and its 95 % quantile."""
    return {row.label: (row.central, row.varies, float(quantile(_quantiles(row), [0.95])[0]))
            for row in scenario.binding.rows}  # fmt: skip


def test_one_year_of_a_path_is_set_by_the_name_that_results_give_it(scenario: Scenario) -> None:
    before = rows_by_label(scenario)
    options = {"future_grid_factor@2040": 0.05, "offshore_wind.thermal_factor@2050": 0.2}
    changed = switched(scenario, set=options)
    after = rows_by_label(changed)
    for name, value in options.items():
        assert after.pop(name) == (value, False, value) and before.pop(name)[1]
    assert after == before
    assert "changed: future_grid_factor@2040=0.05" in changed.title_en
    reasons = {one.change.parameter: one.change.reason for one in changed.changes}
    assert reasons["future_grid_factor"] == "--set future_grid_factor@2040=0.05"


def test_a_path_is_fixed_at_its_own_values(scenario: Scenario) -> None:
    before = rows_by_label(scenario)
    whole = rows_by_label(switched(scenario, fix="future_grid_factor"))
    ranged = rows_by_label(switched(scenario, fix="offshore_wind.offshore_wind_capacity@2050"))
    both = rows_by_label(switched(scenario, fix="future_grid_factor", set={"future_grid_factor@2040": 0.05}))
    for year in ("2030", "2040", "2050"):
        central = before[f"future_grid_factor@{year}"][0]
        assert whole[f"future_grid_factor@{year}"] == (central, False, central)
        expected = 0.05 if year == "2040" else central
        assert both[f"future_grid_factor@{year}"] == (expected, False, expected)
    moved = {name for name in before if ranged[name] != before[name]}
    assert moved == {"offshore_wind.offshore_wind_capacity@2050"}
    assert (
        ranged["offshore_wind.offshore_wind_capacity@2050"][0] == before["offshore_wind.offshore_wind_capacity@2050"][0]
    )


def test_years_that_are_not_held_follow_options_for_many_spreads(scenario: Scenario) -> None:
    narrow = rows_by_label(switched(scenario, scale_assumed=0.5))
    both = rows_by_label(switched(scenario, scale_assumed=0.5, set={"future_grid_factor@2040": 0.05}))
    assert both.pop("future_grid_factor@2040") == (0.05, False, 0.05) and narrow.pop("future_grid_factor@2040")[1]
    assert both == narrow


def said_of(scenario: Scenario, **options: Any) -> list[str]:
    """What is said of options that reach no figure."""
    given = {name: options.get(name, ()) for name in SWITCHES} | {"scale_assumed": None, "dependence": None}
    given["with_delivery"] = False
    return idle(switched(scenario, **given), given)


@pytest.mark.parametrize("options", [{"set": ["exchange_rate_ratio=1.5"]}, {"fix": ["exchange_rate_ratio"]}])
def test_a_parameter_that_no_figure_uses_is_said_with_the_reading_that_does(
    scenario: Scenario, options: dict[str, Any]
) -> None:
    [line] = said_of(scenario, **options)
    assert line.startswith(f"--{next(iter(options))} exchange_rate_ratio: has no effect") and "\n" not in line
    assert "--reading todays_exchange_rate" in line
    assert said_of(scenario, reading=["todays_exchange_rate"], **options) == []
    assert said_of(load("todays_exchange_rate"), **options) == []


def test_python_is_told_of_what_has_no_effect_as_the_command_is(scenario: Scenario, tmp_path: Path) -> None:
    """Of a run in memory, of one that is kept, and of the same one that is there already; never of another option."""
    few: dict[str, Any] = {"draws": 1024, "programmes": ["perovskite_solar"], "method": "mc"}
    rate = {"exchange_rate_ratio": 1.5}
    for out in (None, tmp_path / "run", tmp_path / "run"):
        said = simulate(scenario, set=rate, out=out, **few).messages
        assert said[0].startswith("set exchange_rate_ratio: has no effect: no figure of 'framework_2023_11' uses it")
        assert said[0].endswith("switch that on with reading todays_exchange_rate")
        assert sum("no effect" in one for one in said) == 1
    assert "already there" in said[1]
    fixed = simulate(scenario, fix="exchange_rate_ratio", **few).messages
    assert [one.partition(":")[0] for one in fixed] == ["fix exchange_rate_ratio"]
    for options in ({"set": rate, "reading": "todays_exchange_rate"}, {"set": {"offshore_wind.capacity_factor": 40}}):
        assert simulate(scenario, **options, **few).messages == ()  # type: ignore[arg-type]


def test_of_parameters_that_figures_use_nothing_is_said(scenario: Scenario) -> None:
    """Straight, by one year, or by another figure."""
    assert said_of(scenario, set=["offshore_wind.capacity_factor=40", "future_grid_factor@2040=0.2"]) == []
    said = said_of(scenario, fix=[one for one in sorted(scenario.parameters()) if not one.endswith(".delivery")])
    without = {line.split()[1].rstrip(":") for line in said}
    literal = {name for step in scenario.binding.steps if not step.reading for name in _rows_of(scenario, step)}
    assert not without & literal and 0 < len(without) < len(scenario.parameters())


def _rows_of(scenario: Scenario, step: Any) -> set[str]:
    """Parameters that are arguments of a step themselves."""
    rows = {scenario.binding.rows[one.index].stream for one in step.inputs if one.kind == "row"}
    return {name for name, one in scenario.parameters().items() if rows & set(one.streams)}


def test_the_command_says_so_in_one_line() -> None:
    command = ["run", "framework_2023_11", "--draw", "0", "--set", "exchange_rate_ratio=1.5"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0 and done.stderr.count("\n") == 1
    assert "--set exchange_rate_ratio: has no effect" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"set": ["a=b"]}, "--set a=b: write PARAMETER=NUMBER"),
        ({"reading": ["falling_thermal"]}, "--reading falling_thermal: no page has it. Did you mean"),
        (
            {"reading": ["new_car_baseline", "additionality"]},
            "clean_energy_vehicles.co2_reduction.FY2023, as --reading new_car_baseline does; take one of them",
        ),
        ({"set": {"hydrogen_steelmaking.delivery": 0.5}}, "is drawn as delivered or not, with --with-delivery only"),
        (
            {"set": {"insulated_windows.window_life": -5, "insulated_windows.take_back": 300}},
            "--set insulated_windows.window_life=-5: -5 yr: it must be above 0\n"
            "--set insulated_windows.take_back=300: 300 %: it must be a share, from none to all",
        ),
        (
            {"set": {"insulated_windows.window_life": 0}},
            "--set insulated_windows.window_life=0: 0 yr: it must be above 0",
        ),
        (
            {"scale_assumed": 8.0},
            "--scale-assumed 8: insulated_windows.window_life: the spread, 8 times as wide, reaches -36 to 124 yr: it",
        ),
        (
            {"set": {"ofshore_wind.capacity_factor": 30}},
            "--set ofshore_wind.capacity_factor=30: no parameter 'ofshore_wind.capacity_factor'. Did you mean 'offsho",
        ),
        (
            {"fix": "offshore_wind.capacty_factor"},
            "--fix offshore_wind.capacty_factor: no parameter 'offshore_wind.capacty",
        ),
        (
            {"set": {"future_grid_factor": 0.3}},
            "--set future_grid_factor=0.3: has values by year; set each by its name, as --set future_grid_factor@20",
        ),
        (
            {"set": {"future_grid_factor@2035": 0.3, "offshore_wind.capacity_factor@2030": 30}, "fix": "car_life@2030"},
            "--set future_grid_factor@2035=0.3: has no value for 2035; its years are 2030, 2040, 2050\n"
            "--set offshore_wind.capacity_factor@2030=30: has one value for all years; write --set offshore_wind.cap"
            "acity_factor=30\n--fix car_life@2030: has one value for all years; write --fix car_life",
        ),
        (
            {"set": {"future_grid_facor@2040": 0.3}},
            "--set future_grid_facor@2040=0.3: no parameter 'future_grid_facor'. Did you mean 'future_grid_factor'?",
        ),
        (
            {"set": {"future_grid_factor@2040": 0.3}, "fix": "future_grid_factor@2040"},
            "--fix future_grid_factor@2040: --set future_grid_factor@2040=0.3 fixes it at that value; keep one",
        ),
        ({"fix": "hydrogen_steelmaking.delivery"}, "is drawn as delivered or not, with --with-delivery only"),
        (
            {"set": {"offshore_wind.capacity_factor": 30}, "fix": "offshore_wind.capacity_factor"},
            "--fix offshore_wind.capacity_factor: --set offshore_wind.capacity_factor=30 fixes it at that value; keep",
        ),
        ({"only_basis": ["guess"]}, "--only-basis guess: choose from published, literature, elicited, assumed"),
        ({"scale_assumed": -1.0}, "--scale-assumed -1: must be at least 0"),
        ({"dependence": 2.0}, "--dependence 2.0: must be at least 0 and at most 1, declared or full"),
        ({"dependence": "half"}, "--dependence half: must be at least 0 and at most 1, declared or full"),
        ({"set": {"offshore_wind.capacity_factor": "x"}}, "--set offshore_wind.capacity_factor=x: write PARAMETER"),
    ],
)
def test_what_cannot_be_is_one_line(scenario: Scenario, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as caught:
        switched(scenario, **options)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_delivery_where_none_is_drawn_is_refused() -> None:
    with pytest.raises(InputError, match=r"^--with-delivery: in 'as_published' every programme delivers"):
        switched(load("as_published"), with_delivery=True)


def test_shares_may_be_widened_past_what_they_can_be(scenario: Scenario) -> None:
    """What an option makes of all spreads still computes; a life below 0 does not."""
    wide = switched(scenario, scale_assumed=1.5, only_basis="assumed")
    assert any(row.spread.widen == 1.5 for row in wide.binding.rows if row.stream == "insulated_windows.take_back")


@pytest.mark.parametrize("dist", ["uniform", "triangular", "pert", "normal", "lognormal"])
def test_every_kind_of_distribution_widens(dist: str) -> None:
    arguments = {
        "uniform": {"low": 1.0, "high": 3.0}, "triangular": {"low": 1.0, "mode": 2.0, "high": 4.0},
        "pert": {"low": 1.0, "mode": 2.0, "high": 4.0}, "normal": {"mean": 2.0, "sd": 0.5},
        "lognormal": {"median": 2.0, "gsd": 1.3},
    }[dist]  # fmt: skip
    one = build(dist, arguments, None)
    shares = np.array([0.001, 0.2, 0.5, 0.8, 0.999])
    wide = one.widened(2.0, 3.0)
    assert quantile(wide, shares) == pytest.approx(2.0 + 3.0 * (quantile(one, shares) - 2.0), rel=1e-12)
    assert one.mean is not None and one.sd is not None
    assert (wide.mean, wide.sd) == (pytest.approx(2.0 + 3.0 * (one.mean - 2.0)), pytest.approx(3.0 * one.sd))
    assert one.widened(2.0, 1.0) is one
    assert quantile(one.widened(2.0, 0.0), [0.5])[0] == 2.0
