"""What a user may do by mistake, and is told in one line; and what is left behind of it, which is nothing."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from click.testing import CliRunner, Result

from ctsim import catalog, results
from ctsim.catalog import Scenario
from ctsim.cli import main
from ctsim.durable import card_content, card_digest, digest_of
from ctsim.engine import simulate
from ctsim.errors import InputError, RunDirectoryError
from ctsim.figures.amounts import interval
from tests.runs import study


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """One small programme."""
    return catalog.load(study(tmp_path_factory.mktemp("one"), ("gtex",), extends="as_published"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs go into an empty folder."""
    monkeypatch.chdir(tmp_path)


def asked(one: Scenario, *options: str) -> Result:
    return CliRunner().invoke(main, ["run", one.file, "--draws", "1024", *options])


def refused(result: Result) -> str:
    """The one line of a refusal."""
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.stderr
    return result.stderr.strip()


def test_a_refused_run_leaves_no_folder(one: Scenario, tmp_path: Path) -> None:
    assert refused(asked(one, "--memory", "50MB")).startswith("--memory 50 MB: ")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "results" / "mine").mkdir(parents=True)
    refused(asked(one, "--memory", "50MB"))
    refused(asked(one, "--memory", "50MB", "--out", "results/a/b/c"))
    assert [path.name for path in (tmp_path / "results").rglob("*")] == ["mine"]


def test_an_empty_shard_is_not_the_whole(one: Scenario, tmp_path: Path) -> None:
    assert refused(asked(one, "--shard", "")) == "--shard '': write I/N, the first of seven as 1/7"
    with pytest.raises(InputError, match="write I/N"):
        simulate(one, draws=1024, shard="", out=tmp_path / "run")


def test_two_years_after_one_option_are_explained(one: Scenario) -> None:
    said = refused(asked(one, "--years", "2030", "2040"))
    assert "unexpected extra argument (2040)" in said and said.endswith("--years 2030 --years 2040")


def test_names_with_a_comma_say_how_to_name_each(one: Scenario) -> None:
    said = refused(asked(one, "--programmes", "offshore_wind,gtex"))
    assert said.endswith("Repeat --programmes for each: --programmes offshore_wind --programmes gtex")


def test_python_runs_the_module() -> None:
    done = subprocess.run([sys.executable, "-m", "ctsim", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ctsim, version ")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--years", "2030"], "--years"),
        (["--out", "x", "--figure"], "--out, --figure"),
        (["--precision", "1%", "--workers", "2"], "--precision, --workers"),
    ],
)
def test_one_draw_is_printed_by_what_it_heeds_only(one: Scenario, options: list[str], named: str) -> None:
    result = CliRunner().invoke(main, ["run", one.file, "--draw", "3", *options])
    assert refused(result).endswith(f"; leave out {named}")
    heeded = ["--seed", "1", "--method", "mc", "--dependence", "0", "--quiet"]
    assert CliRunner().invoke(main, ["run", one.file, "--draw", "3", *heeded]).exit_code == 0


def test_where_nothing_has_a_number_the_reasons_are_printed(one: Scenario) -> None:
    """Neither nothing at all, nor a table where there are numbers."""
    words = "Nothing that was chosen has a number"
    few = ["run", "as_published", "--programmes", "fast_reactor", "--draws", "1024", "--quiet", "--out"]
    said = CliRunner().invoke(main, [*few, "a", "--metrics", "co2_reduction"]).stdout.partition(words)[2]
    assert "fast_reactor" in said and "CO2 reduction" in said and "2030, 2040, 2050" in said
    assert words not in CliRunner().invoke(main, [*few, "b", "--metrics", "other"]).stdout
    assert f"{words}: the pages have no such figure." in asked(one, "--metrics", "other", "--out", "c").stdout


def test_a_run_that_was_extended_in_its_place_says_so(one: Scenario, tmp_path: Path) -> None:
    run = simulate(one, draws=16384, out=tmp_path / "run")
    (tmp_path / "run" / "figures").mkdir()
    for name in ("published_co2_reduction.en.svg", "mine.png"):
        (tmp_path / "run" / "figures" / name).touch()
    more = simulate(one, draws=32768, extend=tmp_path / "run")
    assert any("in place of 16,384; pictures of those are removed" in one for one in more.messages)
    assert [path.name for path in (tmp_path / "run" / "figures").iterdir()] == ["mine.png"]
    with pytest.raises(RunDirectoryError) as caught:
        simulate(one, draws=16384, out=tmp_path / "run")
    said = f"was extended in its place, to 32,768 draws; `ctsim resume {tmp_path / 'run'}` prints them"
    assert said in str(caught.value) and len(caught.value.findings) == 1
    printed = CliRunner().invoke(main, ["resume", str(tmp_path / "run")])
    assert printed.exit_code == 0 and more.result_digest in printed.stdout and run.result_digest not in printed.stdout
    with pytest.raises(RunDirectoryError, match="holds another run"):
        simulate(one, draws=16384, seed=1, out=tmp_path / "run")


@pytest.mark.parametrize(
    ("numbers", "error", "said"),
    [
        ((135, 186.2, 225), 0.0, "190 [140, 220]"),
        ((135, 186.2, 223), 3.0, "190 [140, 220]"),
        ((135, 186.2, 225), 30.0, "200 [100, 200]"),
        ((0.135, 0.1862, 0.225), 0.02, "0.2 [0.1, 0.2]"),
        ((-0.0248, 1.62, 2.79), 0.002, "1.6 [−0.02, 2.8]"),
        ((-0.0248, 1.62, 2.79), 0.2, "2 [0.0, 3]"),
    ],
)
def test_pictures_have_no_digit_that_the_error_does_not_support(
    numbers: tuple[float, float, float], error: float, said: str
) -> None:
    assert interval(*numbers, error) == said


CARD: dict[str, Any] = {
    "kind": "stress", "request": {}, "names": ["a"], "scenarios": ["a"], "draws": 1, "seed": 0, "method": "mc",
    "versions": {"ctsim": "0"}, "command": "", "result_digest": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("command", None, "no 'command'"), ("request", True, "'request' is True"), ("versions", 0, "'versions' is 0"),
        ("scenarios", [], "'scenarios' is []"), ("draws", -1, "'draws' is -1"),
        ("result_digest", None, "no 'result_digest'"),
    ],
)  # fmt: skip
def test_a_result_with_a_changed_card_is_one_line(tmp_path: Path, key: str, value: object, said: str) -> None:
    """Its digests agree: somebody has written it so. Found by the fuzz as a traceback."""
    changed = {name: one for name, one in (CARD | {key: value}).items() if one is not None}
    results.seal(tmp_path, "stress.json", changed, xr.DataTree(), {})
    with pytest.raises(RunDirectoryError, match=re.escape(f"stress.json: is damaged ({said}")) as caught:
        results.sealed(tmp_path, "stress.json")
    assert len(caught.value.findings) == 1


@pytest.mark.parametrize("kept", [0, 100, 4000])
def test_a_result_with_a_summary_that_is_none_is_one_line(tmp_path: Path, kept: int) -> None:
    results.seal(tmp_path, "stress.json", CARD, xr.DataTree(xr.Dataset({"x": ("n", [1.0])})), {})
    path, card = tmp_path / "summary.nc", json.loads((tmp_path / "stress.json").read_bytes())
    path.write_bytes(path.read_bytes()[:kept])
    card["files"]["summary.nc"] = digest_of(path)
    card["card_digest"] = card_digest(card)
    (tmp_path / "stress.json").write_bytes(card_content(card))
    with pytest.raises(RunDirectoryError, match=r"summary.nc: cannot be read as NetCDF: "):
        results.sealed(tmp_path, "stress.json")
