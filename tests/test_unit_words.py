"""Units, readings and distributions as tables say them: in Japanese no spelling of files, in English no Japanese."""

import re

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from ctsim.cli import main
from ctsim.differences import entry_words
from ctsim.explain import Explanation
from ctsim.locale import found_again, reading, shapes, texts
from ctsim.printing import audit_tables, explanation_tables, judgement_tables
from ctsim.unit_words import unit_shown, unit_words
from ctsim.units import signature
from tests.audit_page import audited
from tests.runs import scenario

CODE = re.compile(
    r"\b(?:Mt|trillion|JPY|yr|vehicle|theme|ship|furnace|home|wafer|chip|person|company|project)\b|[CH]2\b"
)
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def library_units() -> set[str]:
    """Units of every parameter, figure, output and formula."""
    here = scenario()
    found = {row.unit for row in here.binding.rows} | {step.figure.record.unit for step in here.binding.steps}
    for step in here.binding.steps:
        if step.function is not None:
            given, result = signature(step.function)
            found |= {*given.values(), result}
    return found | {one.unit for programme in here.programmes for one in programme.page.output} | {"trillion JPY/yr"}


@pytest.mark.parametrize(("unit", "japanese", "english"), [
    ("Mt-CO2/yr", "百万t-CO₂/年", "Mt-CO2/yr"), ("trillion JPY/yr", "兆円/年", "trillion JPY/yr"),
    ("兆円/yr", "兆円/年", "trillion JPY/yr"), ("億円", "億円", "100m JPY"), ("万t-CO2", "万t-CO₂", "10,000 t-CO2"),
    ("theme", "テーマ", "theme"), ("km/台/yr", "km/台/年", "km/vehicle/yr"), ("MJ/kg-H2", "MJ/kg-H₂", "MJ/kg-H2"),
    ("Mt/yr", "百万t/年", "Mt/yr"), ("MW", "MW", "MW"), ("MWh/t-H2", "MWh/t-H₂", "MWh/t-H2"), ("1", "1", "1"),
    ("t-CO2/千Nm3", "t-CO₂/千Nm3", "t-CO2/1,000 Nm3"), ("%", "%", "%"), ("件", "件", "project"), ("l", "l", "l"),
])  # fmt: skip
def test_a_unit_in_either_language(unit: str, japanese: str, english: str) -> None:
    assert (unit_words(unit, "ja"), unit_words(unit, "en")) == (japanese, english)
    assert (unit_shown(unit, "ja"), unit_shown(unit, "en")) == (japanese, unit)


def test_every_unit_of_the_library_is_in_the_language() -> None:
    found = library_units()
    assert len(found) > 70
    assert [one for one in found if CODE.search(unit_words(one, "ja"))] == []
    assert [one for one in found if JAPANESE.search(unit_words(one, "en"))] == []


def test_units_that_differ_are_said_differently() -> None:
    for lang in ("ja", "en"):
        said = [unit_words(one, lang) for one in library_units()]
        twice = {one for one in said if said.count(one) > 1}
        alike = {one: {unit for unit in library_units() if unit_words(unit, lang) == one} for one in twice}
        assert all(len({re.sub("trillion JPY", "兆円", unit_words(unit, "ja")) for unit in units}) == 1
                   for units in alike.values()), alike  # fmt: skip


# ---- readings and distributions


def test_every_reading_of_the_library_has_a_name() -> None:
    names = {one.name for programme in scenario().programmes for one in programme.page.reading}
    assert len(names) > 15
    assert [one for one in names if f"reading.{one}" not in texts() or re.search("[a-z]{3}", reading(one, "ja"))] == []
    assert all(reading(one, "en") == one.replace("_", " ") for one in names)
    assert reading("of_my_own", "ja") == "of my own"  # of a page outside the package


def test_distributions_in_sentences() -> None:
    assert shapes("normal(1, 0.02), pert(low 1)", "ja") == "正規(1, 0.02), PERT(low 1)"
    assert shapes("normal(1, 0.02)", "en") == "normal(1, 0.02)" and shapes("mine(2)", "ja") == "mine(2)"


@pytest.mark.parametrize(("said", "key", "fields"), [
    ("12 spreads", "spreads", {"n": "12"}), ("1.5 times as wide", "wide", {"times": "1.5"}),
    ("f (0123abcd) in t/yr", "in", {"function": "f", "digest": "0123abcd", "unit": "t/yr"}),
    ("normal(1) × value", "times_value", {"shape": "normal(1)"}), ("B lacks it", "not_there", {"side": "B"}),
])  # fmt: skip
def test_what_entries_say_is_found_again(said: str, key: str, fields: dict[str, str]) -> None:
    assert found_again(said, "difference") == (f"difference.{key}", fields)
    assert found_again("Use of hydrogen in steelmaking", "difference") is None


@pytest.mark.parametrize(("said", "japanese"), [
    ("13.6 yr, pert(12, 13.6, 15.5)", "13.6 年, PERT(12, 13.6, 15.5)"),
    ("2030: 0.6 kg-CO2/kWh", "2030: 0.6 kg-CO₂/kWh"), ("1.3, pert(1, 1.3, 1.7)", "1.3, PERT(1, 1.3, 1.7)"),
    ("f (0123abcd) in 万t-CO2/yr", "f (0123abcd) 単位 万t-CO₂/年"), ("B lacks it", "Bにはない"),
])  # fmt: skip
def test_sides_of_an_entry_have_units_of_the_language(said: str, japanese: str) -> None:
    assert entry_words(said, "ja") == japanese and entry_words(said, "en") == said


# ---- tables


def tables(out: str) -> list[list[str]]:
    """Rule and lines of each table."""
    lines = out.splitlines()
    starts = [place for place, line in enumerate(lines) if line.strip().startswith("───")]
    ends = [next((k for k in range(place, len(lines)) if not lines[k].strip()), len(lines)) for place in starts]
    return [lines[place:end] for place, end in zip(starts, ends, strict=True)]


def check(out: str) -> None:
    """Every line of a table is as wide as its rule, and no unit is spelled as in files."""
    found = tables(out)
    assert found and all(len({cell_len(line) for line in one}) == 1 for one in found)
    units = [word for one in found for line in one for word in line.split() if "/" in word and CODE.search(word)]
    assert [one for one in units if "scenarios/" not in one and ".toml" not in one] == []


def test_tables_of_an_audit_and_of_steps(capsys: pytest.CaptureFixture[str]) -> None:
    shorter = type(audited())(audited().figures, ())  # the ledger is in the report's words
    audit_tables(shorter, "ja")
    steps = {"published": 100.0, "computed": 102.0, "at_means": 90.0, "independent": 90.0, "mean": 91.0}
    explanation_tables(
        [Explanation("mine.co2_reduction.2030", "Mt-CO2/yr", "私の", "Mine", rows=(), **steps)], False, "ja"
    )
    out = capsys.readouterr().out
    check(out)
    assert "百万t-CO₂/年" in out and "万t-CO₂/年" in out


def test_tables_of_lists() -> None:
    check(CliRunner().invoke(main, ["list", "--lang", "ja"]).stdout)


def test_shapes_that_are_alike_are_said_in_japanese(capsys: pytest.CaptureFixture[str]) -> None:
    judgement_tables(scenario(), False, "ja")
    out = capsys.readouterr().out
    assert "正規(mean 1" in out and "normal(" not in out and "pert(" not in out
    judgement_tables(scenario(), False, "en")
    assert "normal(mean 1" in capsys.readouterr().out
