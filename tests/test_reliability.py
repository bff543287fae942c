"""How files reach the disk, paths that stay inside, code that is not run, inputs that are changed at random."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from ctsim.catalog import load
from ctsim.durable import write_asked, write_whole
from ctsim.engine import simulate
from ctsim.errors import CtsimError, InputError
from ctsim.rundir import RunDirectory
from tests import faults, fuzz, promises, vulnerabilities
from tests.runs import outside, scenario, study
from tests.source import ROOT
from tests.test_engine import ONE_PARAMETER, VOLUME
from tests.unfinished import FEW


def test_a_file_reaches_the_disk_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut may come between any two steps: content, then name, then the folder that holds the name."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def flushed(handle: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "content")  # noqa: PTH112
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        steps.append("name")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    write_whole(tmp_path / "a", b"content")
    assert steps == ["content", "name", "folder"]


@pytest.mark.parametrize("guard", faults.GUARDS, ids=lambda guard: guard.what)
def test_guards_that_make_faults_takes_away_are_there(guard: faults.Guard) -> None:
    assert (ROOT / "ctsim" / guard.file).read_text(encoding="utf-8").count(guard.old) == 1
    for test in guard.tests.split():
        file, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_the_ten_promises_are_shown_by_tests_that_exist() -> None:
    """A name that no test has is a KeyError; that the page has the table is compared with every generated page."""
    rows = promises.promises().splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == [f"| P{number}" for number in range(1, 11)]
    with pytest.raises(KeyError):
        promises.run_in("test_resume", "test_that_nobody_wrote")


@pytest.mark.parametrize(
    ("suite", "name", "places"),
    [
        ("test_streams", "test_known_answers", (0,)), ("test_resume", "test_killed_many_times", (0, 1, 2)),
        ("test_slurm", "test_an_array_of_three", (0, 1)), ("test_slurm", "test_a_driver_that_is_killed_goes_on", (1,)),
        ("test_slurm", "test_a_task_that_runs_into_its_limit", (2,)),
    ],
)  # fmt: skip
def test_where_a_promise_is_kept_is_read_from_its_tests(suite: str, name: str, places: tuple[int, ...]) -> None:
    assert promises.run_in(suite, name) == {promises.PLACES[place] for place in places}


# ---- code and paths


def test_a_name_that_no_file_can_have_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file can have this name"):
        write_asked(tmp_path / "a\0b.html", b"x")
    assert list(tmp_path.iterdir()) == []


def test_formulas_outside_the_package_run_only_when_they_are_named(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    source = ONE_PARAMETER + f"\n\nopen({str(trace)!r}, 'a').close()\n"
    outside(tmp_path, "extra", {"volume": VOLUME}, {"2030": "effect"}, source)
    path = study(tmp_path, ("extra",))
    with pytest.raises(InputError):
        load(path)
    assert not trace.exists()
    card = simulate(path, draws=FEW, formulas=tmp_path / "formulas", out=tmp_path / "run").card
    assert trace.exists()
    assert card["formulas"] == str(tmp_path / "formulas")
    assert json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))["formulas"] == card["formulas"]
    assert simulate(study(tmp_path / "own", ("gtex",)), draws=FEW).card["formulas"] == ""


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "..", "a/b", "a\\\\b", ".hidden", "\\u0000"])
@pytest.mark.parametrize("key", ["id", "extends"])
def test_names_of_scenarios_stay_in_their_folder(tmp_path: Path, key: str, name: str) -> None:
    folder = tmp_path / "s"
    path = study(folder, ("gtex",))
    (tmp_path / "escaped.toml").write_text("[scenario", encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    changed = [f'{key} = "{name}"' if line.startswith(f"{key} =") else line for line in lines]
    path.write_text("\n".join(changed), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(path)
    assert "escaped.toml" not in str(caught.value), "a file outside was read"


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/../../escaped"])
def test_names_of_programmes_and_formulas_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    folder, trace = tmp_path / "s", tmp_path / "trace"
    outside(folder, "extra", {"volume": VOLUME}, {"2030": "effect"}, ONE_PARAMETER)
    (tmp_path / "escaped.py").write_text(f"open({str(trace)!r}, 'a').close()\n", encoding="utf-8")
    (tmp_path / "escaped.toml").write_text("[programme", encoding="utf-8")
    page = folder / "programmes/extra.toml"
    page.write_text(page.read_text(encoding="utf-8").replace('id = "extra"', f'id = "{name}"'), encoding="utf-8")
    for path in (study(folder, (name,)), study(folder, ("extra",))):
        with pytest.raises(InputError):
            load(path, folder / "formulas")
    assert not trace.exists()


def test_a_card_that_names_files_elsewhere_reads_none(tmp_path: Path) -> None:
    simulate(study(tmp_path / "s", ("gtex",)), draws=FEW, out=tmp_path / "run")
    path = tmp_path / "run/run.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["files"] = {f"../{name}": digest for name, digest in card["files"].items()}
    path.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(CtsimError, match="is damaged"):
        RunDirectory(tmp_path / "run").open()


def test_the_state_of_the_whole_report_is_small(tmp_path: Path) -> None:
    """What all 21 programmes keep of draws that were counted, and what a worker sends: below 8 MB."""
    simulate(scenario(), draws=2**17, out=tmp_path / "run", workers=2)
    assert 100_000 < (tmp_path / "run/state.npz").stat().st_size < 8_000_000


# ---- changed at random


def test_inputs_changed_at_random(tmp_path: Path) -> None:
    assert fuzz.main(tmp_path, 200) == []


# ---- known vulnerabilities


def test_the_check_for_vulnerabilities_bears_having_no_network() -> None:
    assert vulnerabilities.outcome(1, "", "ConnectionError: nobody there") == (
        0,
        "not checked: ConnectionError: nobody there",
    )
    found = '{"dependencies": [{"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}]}'
    assert vulnerabilities.outcome(1, found, "") == (1, "x 1: PYSEC-1, mended in 2")
    assert vulnerabilities.outcome(0, '{"dependencies": [{"name": "x", "version": "1", "vulns": []}]}', "")[0] == 0


def test_the_slurm_script_is_shell() -> None:
    assert subprocess.run(["sh", "-n", str(ROOT / "docs/slurm-array.sh")], capture_output=True).returncode == 0
