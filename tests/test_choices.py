"""Programmes, metrics and years that are chosen: what is left has the bits of the whole run; nothing else is made."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ctsim import catalog, choices, dataset, shards
from ctsim.catalog import Scenario
from ctsim.engine import Run, open_run, resume, simulate
from ctsim.errors import InputError, RunDirectoryError
from ctsim.job import Job
from ctsim.kernel import Kernel
from ctsim.request import default_directory
from tests.runs import FEW, scenario, study
from tests.unfinished import COMMAND, at_once, broken_off

__all__ = ["at_once"]

DRAWS = 70 * 1024
WIND = "offshore_wind"
PAIR = ("high_temperature_reactor", WIND)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Four programmes of the shipped scenario."""
    return catalog.load(study(tmp_path_factory.mktemp("few")))


@pytest.fixture(scope="module")
def whole(few: Scenario) -> dict[str, Run]:
    """The run of all, by method."""
    return {method: simulate(few, draws=DRAWS, method=method) for method in ("mc", "sobol")}


def shared_labels(tree: xr.DataTree, whole: xr.DataTree, node: str) -> dict[str, list[str]]:
    """Labels by which the two trees can be compared in a node: all that the first one has."""
    dims = [dim for dim in ("programme", "item", "figure", "reading", "parameter", "year") if dim in tree[node].dims]
    return {dim: tree[node][dim].values.tolist() for dim in dims}


@pytest.mark.parametrize("method", ["mc", "sobol"])
@pytest.mark.parametrize(
    ("options", "nodes"),
    [
        ({"programmes": [WIND]}, {"co2_reduction", "economic_effect", "items", "other", "parameters"}),
        ({"programmes": PAIR, "years": [2050]}, {"co2_reduction", "economic_effect", "items", "other", "parameters"}),
        ({"metrics": ["co2_reduction"]}, {"co2_reduction", "items", "other", "parameters"}),
        ({"metrics": ["economic_effect"], "years": [2040, 2050]}, {"economic_effect", "items", "other", "parameters"}),
        ({"metrics": ["other"]}, {"other", "parameters"}),
        ({"metrics": ["economic_effect"], "programmes": [WIND], "years": [2030]},
         {"economic_effect", "items", "other", "parameters"}),
    ],
)  # fmt: skip
def test_what_is_chosen_has_the_bits_of_the_whole(
    few: Scenario, whole: dict[str, Run], method: str, options: dict[str, list[str]], nodes: set[str]
) -> None:
    tree = simulate(few, draws=DRAWS, method=method, **options).tree  # type: ignore[arg-type]
    assert set(tree.children) - {"readings", "totals"} == nodes
    for node in (one.path for one in tree.subtree if one.data_vars):
        if "programmes" in options and node.startswith("/totals"):
            continue  # of those that are chosen: another sum
        labels = shared_labels(tree, whole[method].tree, node)
        chosen = whole[method].tree[node].dataset.sel({**labels})
        mine = tree[node].dataset
        for name in (str(one) for one in mine.data_vars if mine[one].dtype.kind in "fiu"):
            assert mine[name].values.tobytes() == chosen[name].values.tobytes(), (node, name)


def test_what_is_not_chosen_is_not_there(few: Scenario) -> None:
    tree = simulate(few, draws=1024, programmes=PAIR, metrics=["co2_reduction"]).tree
    assert tree["co2_reduction"]["programme"].values.tolist() == [one.id for one in few.programmes if one.id in PAIR]
    owners = {str(name).partition(".")[0] for name in tree["parameters"]["parameter"].values if "." in str(name)}
    assert WIND in owners <= set(PAIR)
    assert set(tree["other"]["programme"].values.tolist()) <= set(PAIR)
    assert set(tree["other"]["metric"].values.tolist()) <= {"co2_reduction"}
    assert "economic_effect" not in tree["items"].children


def job(few: Scenario, **options: object) -> Job:
    request = {"scenario_digest": few.digest, "seed": 0, "method": "mc", "draws": 2048, "years": ["2030"], "shard": "",
               "thresholds": [], "programmes": [one.id for one in few.programmes], "metrics": list(choices.CHOICES),
               "keep_draws": "", **options}  # fmt: skip
    return Job(few, request, 1024)


def test_formulas_that_are_not_needed_are_not_evaluated(few: Scenario) -> None:
    everything, chosen = job(few).kernel(), job(few, metrics=["co2_reduction"], programmes=[WIND]).kernel()
    assert {step.figure.programme for step in chosen.binding.steps} == {WIND}
    assert 0 < len(chosen.binding.steps) < len(everything.binding.steps) <= len(few.binding.steps)
    assert len(job(few, years=["2030", "2040", "2050"]).kernel().binding.steps) == len(few.binding.steps)


def test_rows_that_reach_nothing_are_drawn_only_to_be_kept(few: Scenario) -> None:
    drawn = {kind: set(job(few, metrics=["economic_effect"], keep_draws=kind).kernel()._sampled.rows.tolist())
             for kind in ("", "cells", "parameters", "all")}  # fmt: skip
    assert drawn[""] == drawn["cells"] < drawn["parameters"] == drawn["all"]
    assert drawn["all"] == set(Kernel(few.binding, (), 0, groups=few.groups)._sampled.rows.tolist())


def test_a_step_that_another_one_needs_stays() -> None:
    """Every figure of the report alone: its value at what is printed is that of the whole binding."""
    binding = scenario().binding
    targets = dataset.targets(scenario())
    central = Kernel(binding, targets, 0).central()
    for number, target in enumerate(targets):
        pruned, [moved] = choices.pruned(binding, [target])
        assert len(pruned.steps) < len(binding.steps) and pruned.rows == binding.rows
        steps = pruned.evaluate(pruned.central())
        assert sum(steps[index] * factor for _, index, factor in moved.parts) == central[number]


# ---- a request like any other


def test_choices_belong_to_the_request(few: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run = simulate(few, draws=2048, programmes=[WIND], metrics="co2_reduction", out=out)  # type: ignore[arg-type]
    assert (run.card["programmes"], run.card["metrics"]) == ([WIND], ["co2_reduction"])
    again = simulate(few, draws=2048, programmes=[WIND, WIND], metrics=["co2_reduction"], out=out)
    assert again.messages == (f"{out}: the same run, already there",)
    for other in ({"metrics": ["co2_reduction"]}, {"programmes": [WIND]}, {}):
        with pytest.raises(RunDirectoryError, match="holds another run"):
            simulate(few, draws=2048, out=out, **other)  # type: ignore[arg-type]
    options = [{}, {"programmes": PAIR}, {"programmes": [WIND]}, {"metrics": ["other"]}, {"keep_draws": "cells"},
               {"keep_draws": "all"}, {"keep_draws": "all", "keep_as": "float32"}]  # fmt: skip
    places = [default_directory(few, 1024, 0, "mc", **one) for one in options]  # type: ignore[arg-type]
    assert len(set(places)) == len(options)
    everything = {"programmes": FEW, "metrics": ["other", "economic_effect", "co2_reduction"], "keep_as": "float32"}
    assert default_directory(few, 1024, 0, "mc", **everything) == places[0]  # type: ignore[arg-type]


def test_a_chosen_run_is_resumed_merged_and_extended(few: Scenario, tmp_path: Path) -> None:
    chosen = {"programmes": PAIR, "metrics": ["co2_reduction"], "years": [2050]}
    fresh = simulate(few, draws=96 * 1024, **chosen)  # type: ignore[arg-type]
    broken_off(few, tmp_path / "run", **chosen)
    assert resume(tmp_path / "run").result_digest == fresh.result_digest
    for number in (1, 2):
        simulate(few, draws=96 * 1024, out=tmp_path / str(number), shard=f"{number}/2", **chosen)  # type: ignore[arg-type]
    merged = shards.merge([tmp_path / "2", tmp_path / "1"], out=tmp_path / "both")
    assert merged.result_digest == open_run(tmp_path / "both").result_digest == fresh.result_digest
    longer = simulate(few, draws=2 * DRAWS, extend=tmp_path / "run", **chosen)  # type: ignore[arg-type]
    assert longer.result_digest == simulate(few, draws=2 * DRAWS, **chosen).result_digest  # type: ignore[arg-type]
    with pytest.raises(RunDirectoryError, match="metrics is"):
        simulate(few, draws=4 * DRAWS, extend=tmp_path / "run", programmes=PAIR, years=[2050])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"programmes": ["offshore_wnd"]}, ["--programmes offshore_wnd: there is none. Did you mean 'offshore_wind'?"]),
        ({"programmes": ["x", "y"]}, ["--programmes x: ", "--programmes y: "]),
        ({"programmes": []}, ["--programmes: choose from"]),
        ({"metrics": ["co2"]}, ["--metrics co2: there is none."]),
        ({"metrics": []}, ["--metrics: choose from co2_reduction, economic_effect, other"]),
        ({"metrics": ["co2_reduction"], "thresholds": [f"{WIND}.economic_effect.2030=1"]}, ["--threshold "]),
    ],
)
def test_what_cannot_be_chosen(few: Scenario, options: dict[str, list[str]], said: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        simulate(few, draws=1024, **options)  # type: ignore[arg-type]
    lines = [str(finding) for finding in caught.value.findings]
    assert len(lines) == len(said) and all(line.startswith(start) for line, start in zip(lines, said, strict=True))


@pytest.mark.parametrize("metric", ["co2_reduction", "economic_effect", "other"])
def test_the_command_prints_and_pictures_what_is_chosen(few: Scenario, tmp_path: Path, metric: str) -> None:
    import subprocess

    command = [*COMMAND, "run", few.file, "--draws", "1024", "--metrics", metric, "--programmes", WIND, "--out", "o",
               "--programmes", "industrial_furnaces", "--figure", "--quiet"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    titles = {"co2_reduction": "CO2 reduction: ", "economic_effect": "Economic effect: ", "other": "Other: "}
    assert all((title in done.stdout) <= (name == metric) for name, title in titles.items())
    card = json.loads((tmp_path / "o/run.json").read_text(encoding="utf-8"))
    assert (card["programmes"], card["metrics"]) == ([WIND, "industrial_furnaces"], [metric])
    assert np.isfinite(open_run(tmp_path / "o").tree["parameters"]["mean"]).any()
