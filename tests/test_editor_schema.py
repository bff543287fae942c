"""The JSON Schema that editors check scenario files with: it takes every right file and finds what is wrong."""

import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ctsim import load
from ctsim.export.edited import from_workbook
from ctsim.export.editing import to_workbook
from ctsim.scenario_command import editor_schema
from tests.report import SCENARIOS
from tests.runs import study
from tests.test_docs import DOCUMENTS, blocks
from tests.test_edited import edited, with_reason


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """What an editor checks with."""
    said = editor_schema()
    Draft202012Validator.check_schema(said)
    assert said["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    return Draft202012Validator(said)


def faults(validator: Draft202012Validator, text: str) -> list[str]:
    """What an editor underlines in a scenario file."""
    return [f"{one.json_path}: {one.message}" for one in validator.iter_errors(tomllib.loads(text))]


HEAD = re.compile(r"^(\[scenario\]|\[\[change\]\])$", re.MULTILINE)
"""How a scenario file begins, or an excerpt of one."""
FILES = [path for path in sorted([*SCENARIOS.glob("*.toml"), *(SCENARIOS / "studies").glob("*.toml")])
         if HEAD.search(path.read_text(encoding="utf-8"))]  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_schema_takes_every_shipped_scenario(path: Path, validator: Draft202012Validator) -> None:
    assert faults(validator, path.read_text(encoding="utf-8")) == []


def test_the_schema_takes_the_examples_of_the_documents(validator: Draft202012Validator) -> None:
    found = [(path.name, block) for path in DOCUMENTS for block in blocks(path, "toml") if HEAD.search(block)]
    assert {"compare.md", "make-a-study.md", "tutorial.md", "new-edition.md"} <= {name for name, _ in found}
    head = '[scenario]\nid = "x"\n'
    for name, block in found:
        assert faults(validator, block if HEAD.findall(block)[0] == "[scenario]" else head + block) == [], name


def test_the_schema_takes_what_an_edited_workbook_gives(tmp_path: Path, validator: Draft202012Validator) -> None:
    book = tmp_path / "book.xlsx"
    book.write_bytes(to_workbook(load(study(tmp_path, ["perovskite_solar"])), book, "en"))
    edits = with_reason(tmp_path, "perovskite_solar.japan_share", spread__high=45)
    from_workbook(edited(book, edits, tmp_path / "edited.xlsx"), tmp_path / "mine.toml")
    text = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    assert "uncertainty" in text and faults(validator, text) == []


CHANGE = (
    '[scenario]\nid = "x"\n[[change]]\nparameter = "a.b"\nreason = "so"\nsource = { key = "study", where = "here" }\n'
)


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ('uncertainty = { dist = "uniform", low = 1, high = 2 }', True),
        ('uncertainty = { 2030 = { dist = "uniform", low = 1, high = 2 } }', True),
        ('uncertainty = { dist = "scipy", name = "gamma", shape = 2 }', True),
        ("value = { 2030 = { low = 1, high = 2 }, 2040 = 3 }", True),
        ('uncertainty = { dist = "uniform", lo = 1, high = 2 }', False),
        ('uncertainty = { dist = "scipy", name = "gamma", shape = "2" }', False),
        ('uncertainty = { dist = "uniform", class = "plan" }', False),
        ('uncertainty = { "203o" = { dist = "uniform", low = 1, high = 2 } }', False),
        ("value = { 203 = 1 }", False),
        ("valu = 1", False),
    ],
)
def test_the_schema_finds_what_is_wrong(line: str, right: bool, validator: Draft202012Validator) -> None:
    assert (faults(validator, CHANGE + line) == []) is right
