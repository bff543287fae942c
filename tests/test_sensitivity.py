"""`ctsim sensitivity` on three programmes of the report: shape, exact zeros, shares, directories, command."""

import json
import shutil
import sys
from contextlib import nullcontext
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import xarray as xr

from ctsim import walked
from ctsim.catalog import load
from ctsim.durable import write_whole
from ctsim.engine import open_run, simulate
from ctsim.errors import InputError, RunDirectoryError, Stopped
from ctsim.ranking import Ranked, ranked
from ctsim.request import asked_for
from ctsim.rundir import RunDirectory
from ctsim.sensitivity import Sensitivity, open_sensitivity, sensitivity, walk_of
from ctsim.walked import Walked
from tests.languages import left_in
from tests.studies import Study, study

__all__ = ["study"]

PROGRAMMES = ("perovskite_solar", "offshore_wind", "hydrogen_supply_chain")
OPTIONS = {"draws": 2**15, "programmes": PROGRAMMES, "seed": 5}
CELL = "offshore_wind.co2_reduction.2030"
ASKED = {"draws": 2**14, "seed": 0, "method": "mc", "years": None, "programmes": ["offshore_wind"], "metrics": None,
         "thresholds": (), "workers": 1, "formulas": None, "progress": None}  # fmt: skip


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sensitivity") / "out"
    sensitivity("framework_2023_11", out=folder, thresholds=[f"{CELL}=5"], **OPTIONS)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def found(directory: Path) -> Sensitivity:
    return open_sensitivity(directory)


@pytest.fixture(scope="module")
def cells(found: Sensitivity) -> dict[str, Ranked]:
    return {one.cell: one for one in ranked(found)}


# ---- the tree


def test_the_shape_of_the_contract(found: Sensitivity) -> None:
    for metric in ("co2_reduction", "economic_effect"):
        node = found.tree[metric].dataset
        for name in ("S1", "ST", "Sh"):
            for suffix in ("", "_mcse"):
                assert node[name + suffix].dims == ("parameter", "programme", "year")
                assert node[name + suffix].attrs["units"] == "1" and node[name + suffix].attrs["long_name"]
        assert node["programme"].values.tolist() == list(PROGRAMMES)
    assert found.tree["other"].dataset["S1"].dims == ("parameter", "figure")
    assert found.tree["groups/co2_reduction"].dataset["ST"].dims == ("group", "programme", "year")


def test_a_parameter_that_does_not_reach_a_cell_counts_exactly_nothing(found: Sensitivity) -> None:
    node = found.tree["co2_reduction"].dataset
    at = node.sel(parameter="perovskite_solar.japan_share", programme="offshore_wind", year=2030)
    for name in ("S1", "S1_mcse", "ST", "ST_mcse", "Sh", "Sh_mcse", "rank", "spearman", "narrowing"):
        assert float(at[name]) == 0.0, name
    assert float(at["swing_low"]) == float(at["swing_high"]) == float(at["central"])


def test_effects_of_every_random_cell_add_up(found: Sensitivity, cells: dict[str, Ranked]) -> None:
    assert len(cells) == sum((node["status"] == "random").sum().item() for node in _nodes(found)) > 10
    for one in cells.values():
        assert sum(driver.numbers["Sh"] for driver in one.drivers) == pytest.approx(1.0, abs=1e-9), one.cell


def test_indices_lie_where_they_must(found: Sensitivity, cells: dict[str, Ranked]) -> None:
    """S1 ≤ Sh ≤ ST for parameters that no other follows (Owen 2014), errors aside; never for a member of a group."""
    node = found.tree["co2_reduction"].dataset
    free = {name for name, group in zip(node["parameter"].values, node["group"].values, strict=True) if not group}
    checked = 0
    for one in cells.values():
        for driver in one.drivers:
            if driver.parameter in free:
                numbers = driver.numbers
                room = 6 * (numbers["S1_mcse"] + numbers["ST_mcse"] + numbers["Sh_mcse"]) + 1e-9
                assert numbers["S1"] - room <= numbers["Sh"] <= numbers["ST"] + room, (one.cell, driver)
                checked += 1
    assert checked > 30


def test_the_second_opinion_agrees(cells: dict[str, Ranked]) -> None:
    """Bins of ranks on 2^14 draws against pick-freeze: first-order indices within 0.03."""
    pairs = [(driver.numbers["rank"], driver.numbers["S1"]) for one in cells.values() for driver in one.drivers]
    assert max(abs(one - other) for one, other in pairs) < 0.03


def test_everything_fixed_leaves_nothing_to_explain() -> None:
    scenario = load("as_published")
    result = sensitivity(scenario, draws=2**14, programmes=["offshore_wind"])
    node = result.tree["co2_reduction"].dataset
    assert ranked(result) == [] and set(node["status"].values.ravel()) == {"fixed", "not_applicable"}
    assert (result.tree["co2_reduction"].dataset["approaches"].values == "nothing is uncertain").any()


def test_sums_that_are_allowed_have_indices_like_every_cell() -> None:
    """The two parts of one sum: independent amounts, so a parameter's share is that of its part's variance."""
    found = sensitivity("framework_2023_11", draws=2**14, programmes=["insulated_windows"], metrics=["co2_reduction"])
    by_name = {one.cell: one for one in ranked(found)}
    whole = by_name["windows_parts"]
    parts = [by_name[f"insulated_windows.co2_reduction.FY2025.{name}"] for name in ("detached", "apartment")]
    variance = [one.numbers["sd"] ** 2 for one in parts]
    assert whole.is_total and whole.numbers["sd"] ** 2 == pytest.approx(sum(variance), rel=1e-2)
    shares = [driver.numbers["S1"] for driver in whole.drivers]
    assert shares == pytest.approx(sorted((one / sum(variance) for one in variance), reverse=True), abs=0.01)


def _nodes(found: Sensitivity) -> list[xr.Dataset]:
    """Every node with cells: a path that is not looked for would leave its cells out."""
    nodes = [node for node in found.tree.subtree if not node.path.startswith("/groups")]
    return [node.dataset for node in nodes if "status" in node.dataset]


def test_a_choice_without_quantities_is_one_line() -> None:
    with pytest.raises(InputError, match="--metrics other: no quantity of the chosen programmes"):
        sensitivity("framework_2023_11", draws=2**14, programmes=["offshore_wind"], metrics=["other"])


# ---- what is assumed


def test_what_rests_on_assumed_spreads(found: Sensitivity, cells: dict[str, Ranked]) -> None:
    """Exactly all of it where every parameter is assumed; else what the published ones leave."""
    for one in cells.values():
        published = [driver for driver in one.drivers if driver.basis != "assumed"]
        share = one.numbers["assumed_first"], one.numbers["assumed_total"]
        if not published:
            assert share == (1.0, 1.0), one.cell
        elif len(published) == 1 and not _in_group(found, published[0].parameter):
            numbers = published[0].numbers
            assert share == pytest.approx((1 - numbers["ST"], 1 - numbers["S1"]), abs=1e-12)


def _in_group(found: Sensitivity, name: str) -> bool:
    node = found.tree["co2_reduction"].dataset
    return bool(node["group"].values[node["parameter"].values.tolist().index(name)])


def test_a_basis_that_is_published_takes_its_share() -> None:
    """One assumed and one published factor of a product: 1 - ST of the published one, and 1 - S1."""
    scenario = load("framework_2023_11")
    spread = {"dist": "uniform", "low": 0.2, "high": 0.5, "basis": "published", "reason": "the report's range"}
    name = "offshore_wind.capacity_factor"
    change = {"parameter": name, "uncertainty": spread | {"low": 20, "high": 50}, "reason": "a test",
              "source": {"key": "study", "where": "test"}}  # fmt: skip
    result = sensitivity(scenario.with_changes([change]), draws=2**15, programmes=["offshore_wind"])
    one = next(one for one in ranked(result) if one.cell == CELL)
    published = next(driver for driver in one.drivers if driver.parameter == name).numbers
    assert 0.0 < one.numbers["assumed_first"] < one.numbers["assumed_total"] < 1.0
    assert one.numbers["assumed_first"] == pytest.approx(1 - published["ST"], abs=1e-12)
    assert one.numbers["assumed_first_mcse"] == pytest.approx(published["ST_mcse"], abs=1e-12)


# ---- Approach 1 and thresholds


def test_approach_2_is_what_a_run_finds(found: Sensitivity) -> None:
    run = simulate("framework_2023_11", **OPTIONS)  # type: ignore[arg-type]
    here, there = found.tree["co2_reduction"].dataset, run.tree["co2_reduction"].dataset
    for name in ("mean", "mcse", "quantiles", "quantiles_mcse", "p_at_least_published", "p_mcse"):
        known = np.isfinite(here["mean"].values)  # of parts of what is not chosen a run has nothing either
        assert np.array_equal(here[name].values[known], there[name].values[known], equal_nan=True), name
    assert here["quantiles"].attrs == there["quantiles"].attrs
    assert np.array_equal(here["q975"].values, there["quantiles"].sel(quantile=0.975).values, equal_nan=True)


def test_value_of_knowing(found: Sensitivity) -> None:
    node = found.tree["evppi"].dataset
    assert node["cell"].values.tolist() == [CELL] and node["value"].values.tolist() == [5.0]
    worth, whole = node["evppi"].values[:, 0], float(node["evpi"].values[0])
    assert 0.0 < worth.max() <= whole
    assert (worth[[not name.startswith("offshore_wind") for name in node["parameter"].values]] == 0.0).all()


# ---- directories


def test_the_same_request_is_opened(directory: Path, found: Sensitivity) -> None:
    again = sensitivity("framework_2023_11", out=directory, thresholds=[f"{CELL}=5"], **OPTIONS)  # type: ignore[arg-type]
    assert "already there" in again.messages[0]
    assert again.card == found.card and again.result_digest == found.result_digest


def test_threads_and_memory_give_the_same_digest(found: Sensitivity) -> None:
    again = sensitivity("framework_2023_11", workers=3, thresholds=[f"{CELL}=5"], **OPTIONS)  # type: ignore[arg-type]
    assert again.result_digest == found.result_digest and again.directory is None


def test_another_request_is_refused(directory: Path) -> None:
    with pytest.raises(RunDirectoryError, match="holds another run"):
        sensitivity("framework_2023_11", out=directory, draws=2**16, programmes=PROGRAMMES)


def test_an_analysis_is_no_run_and_a_run_no_analysis(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="holds a sensitivity analysis, not a run"):
        open_run(directory)
    simulate("as_published", draws=2**14, programmes=["offshore_wind"], out=tmp_path / "run")
    with pytest.raises(RunDirectoryError, match="holds a run, not a sensitivity analysis"):
        sensitivity("as_published", draws=2**14, programmes=["offshore_wind"], out=tmp_path / "run")


@pytest.mark.parametrize("name", ["summary.nc", "state.npz", "scenario.toml", "run.json"])
def test_a_damaged_directory_is_refused(directory: Path, tmp_path: Path, name: str) -> None:
    """One byte of one file changed, which is not opened as if it were whole; the other one still is."""
    copy = tmp_path / "copy"
    shutil.copytree(directory, copy)
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(RunDirectoryError) as told:
        open_sensitivity(copy)
    assert len(str(told.value).splitlines()) == 1
    open_sensitivity(directory)


def test_one_that_is_stopped_goes_on(
    directory: Path, tmp_path: Path, found: Sensitivity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after some tiles, then after more, then whole: the bits of one that was never stopped."""
    asked = {**OPTIONS, "thresholds": [f"{CELL}=5"], "out": tmp_path / "o", "workers": 2}
    told: list[int] = []
    for tiles in (5, 11):
        event = Event()

        def hear(done: int, total: int, words: str = "", event: Event = event, tiles: int = tiles) -> None:
            told.append(done // 2048)
            if done >= tiles * 2048:
                event.set()

        monkeypatch.setattr(sys.modules["ctsim.sensitivity"], "stoppable", lambda event=event: nullcontext(event))
        with pytest.raises(Stopped, match="the same command goes on"):
            sensitivity("framework_2023_11", progress=hear, **asked)  # type: ignore[arg-type]
        assert (tmp_path / "o" / "chunks" / "walk.npz").is_file()
    monkeypatch.undo()
    assert sorted(told) == list(range(1, max(told) + 1))  # no tile was walked twice
    before = max(told)
    told.clear()
    again = sensitivity("framework_2023_11", progress=lambda d, t, w="": told.append(d // 2048), **asked)  # type: ignore[arg-type]
    assert min(told) == before + 1
    assert again.result_digest == found.result_digest and not (tmp_path / "o" / "chunks").exists()


def test_a_full_disk_loses_nothing_that_was_written(
    tmp_path: Path, found: Sensitivity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second write of the sums fails, then that of the result; what was written before is gone on from."""
    asked = {**OPTIONS, "thresholds": [f"{CELL}=5"], "out": tmp_path / "o"}
    writes: list[int] = []

    def write(path: Path, content: bytes) -> None:
        if writes:
            raise OSError(28, "No space left on device")
        writes.append(1)
        write_whole(path, content)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(walked, "SECONDS_BETWEEN", 0.0)
    for place, name, what in ((walked, "write_whole", write), (RunDirectory, "seal", full)):
        with monkeypatch.context() as patch, pytest.raises(RunDirectoryError, match="No space left on device; give"):
            patch.setattr(place, name, what)
            sensitivity("framework_2023_11", **asked)  # type: ignore[arg-type]
        assert (tmp_path / "o" / "chunks" / "walk.npz").is_file()
    told: list[int] = []
    again = sensitivity("framework_2023_11", progress=lambda done, *_: told.append(done), **asked)  # type: ignore[arg-type]
    assert again.result_digest == found.result_digest and told == []


@pytest.mark.parametrize("fault", ["cut", "digest"])
def test_sums_that_are_damaged_or_of_another_walk_count_as_nothing(tmp_path: Path, fault: str) -> None:
    job, _ = asked_for("framework_2023_11", **ASKED)  # type: ignore[arg-type]
    walk = walk_of(job, job.kernel(bounds=False))
    first = Walked(walk, tmp_path, "00" * 32)
    assert first.restore() == 0
    first.take(3, walk.nothing())
    assert first.write() == 1
    assert Walked(walk, tmp_path, "00" * 32).restore() == 1
    path = tmp_path / "walk.npz"
    if fault == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    assert Walked(walk, tmp_path, ("00" if fault == "cut" else "01") * 32).restore() == 0


# ---- the command

CELL_OF_STUDY = "mine.co2_reduction.2030"
COMMAND = ("sensitivity", "s.toml", "--formulas", "formulas", "--draws", "16384", "--out", "o", "--quiet")


def test_the_command_prints_both_headlines(study: Study) -> None:
    done = study.ctsim(*COMMAND)
    assert (done.status, done.lines) == (0, [])
    words = " ".join(done.out.split())
    assert "mine.co2_reduction.2030" in words and "volume" in words and "share" in words
    assert "Parameters that matter to no cell (ST + 2 mcse < 1%), 0: none." in words
    assert "result_digest" in words and "assumed" in words
    japanese = (
        study.ctsim(*COMMAND, "--lang", "ja").out + study.ctsim(*COMMAND, "--lang", "ja", "--cell", CELL_OF_STUDY).out
    )
    assert (
        left_in(japanese, "en", "sensitivity", "approach") == [] and "影響しない" in japanese and "寄与率" in japanese
    )


def test_the_command_as_json(study: Study) -> None:
    done = study.ctsim(*COMMAND, "--json", "--threshold", "mine.co2_reduction.2030=1")
    said = json.loads(done.out)
    [first, second] = said["cells"]
    assert (first["cell"], second["cell"]) == ("mine.co2_reduction.2030", "mine.co2_reduction.2050")
    assert first["assumed_first"] == 1.0
    assert sum(one["Sh"] for one in first["parameters"]) == pytest.approx(1.0)
    worth = said["thresholds"][0]
    assert worth["evpi"] >= max(worth["evppi"].values()) and 0 < worth["evpi_mcse"] < 0.05 * worth["evpi"]
    assert worth["evppi"].keys() == worth["evppi_mcse"].keys()
    assert all(0 <= error < 0.1 * worth["evpi"] for error in worth["evppi_mcse"].values())
    assert all(one["rank_mcse"] > 0 and one["spearman_mcse"] >= 0 for one in first["parameters"])


def test_the_command_prints_a_cell(study: Study) -> None:
    done = study.ctsim(*COMMAND, "--cell", "mine.co2_reduction.2050")
    assert "Approach 1:" in done.out and "Approach 2:" in done.out and "2030" not in done.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cell", "mine.co2_reduction.2031"), "--cell mine.co2_reduction.2031: no random cell. Did you mean"),
        (
            ("--threshold", "mine.co2_reduction.2030=high"),
            "--threshold mine.co2_reduction.2030=high: the value must be",
        ),
        (("--programmes", "mime"), "--programmes mime: there is none. Did you mean 'mine'?"),
    ],
)
def test_bad_options_are_one_line(study: Study, options: tuple[str, str], message: str) -> None:
    done = study.ctsim(*COMMAND, *options)
    assert done.status == 2 and len(done.lines) == 1 and done.lines[0].startswith(message), done.lines


def test_an_empty_list_of_metrics_is_refused() -> None:
    with pytest.raises(InputError, match="--metrics"):
        sensitivity("framework_2023_11", metrics=[])
