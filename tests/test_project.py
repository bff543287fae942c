"""What whoever carries it on finds: targets that say what they do, templates, the digests of releases."""

import json
import re
import subprocess
import tomllib

import pytest
import yaml

import ctsim
from ctsim.library import shipped
from tests.reference import FOLDER, METHODS, digests, moved
from tests.source import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()


# ---- make


def test_make_help_names_every_target() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    said = dict(re.findall(r"^make (\S+) +(.+)$", done.stdout, re.MULTILINE))
    assert list(said) == [*TARGETS] and all(said.values())


def test_every_target_is_one_that_is_no_file() -> None:
    assert set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)) == set(TARGETS)


@pytest.mark.parametrize(
    "name", ["CONTRIBUTING.md", "docs/release.md", "docs/README.md", "README.md", "results/README.md"]
)
def test_targets_that_pages_name_are_there(name: str) -> None:
    named = re.findall(r"`make ([a-z ]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert {target for one in named for target in one.split()} <= set(TARGETS)


def test_the_environment_of_development_has_every_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    [installed] = re.findall(r"-e '\.\[(.*?)\]'", MAKEFILE)
    assert set(installed.split(",")) == set(extras)


# ---- releases


def test_digests_are_those_of_the_scenario_and_of_its_numbers() -> None:
    found = digests(["as_published"], draws=16384)["as_published"]
    assert found["scenario"] == ctsim.load("as_published").digest
    again = ctsim.simulate("as_published", draws=16384, method="mc")
    assert found["mc"] == again.result_digest and set(found) == {"scenario", *METHODS}


def test_what_has_moved_is_said() -> None:
    before = {"a": {"scenario": "1", "mc": "2"}, "b": {"scenario": "1", "mc": "2"}}
    now = {"a": {"scenario": "1", "mc": "3"}, "c": {"scenario": "1", "mc": "2"}}
    assert moved(before, now) == ["b: gone", "c: new", "a: another mc"]
    assert moved(before, before) == []


def test_kept_digests_are_whole() -> None:
    for path in FOLDER.glob("*.json"):
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert kept["ctsim"] == path.stem
        assert all(set(one) == {"scenario", *METHODS} for one in kept["scenarios"].values())
    assert len(shipped()) == len({head.id for _, head in shipped()})


def test_digests_of_this_version_are_of_the_scenarios_as_they_are() -> None:
    """Numbers are held by the run of README.md; where that moves, `make reference` too."""
    kept = json.loads((FOLDER / f"{ctsim.__version__}.json").read_text(encoding="utf-8"))["scenarios"]
    assert set(kept) == {head.id for _, head in shipped()}
    assert kept["framework_2023_11"]["scenario"] == ctsim.load("framework_2023_11").digest, "make reference"


# ---- issues


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md")), ids=lambda path: path.stem)
def test_an_issue_template_has_name_and_purpose(path) -> None:  # type: ignore[no-untyped-def]
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert set(yaml.safe_load(head)) == {"name", "about"}
    assert body.count("**") >= 6
