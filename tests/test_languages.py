"""Commands in Japanese: every head and every sentence of theirs, and none of the English ones."""

import re
from dataclasses import replace
from pathlib import Path

import click
import pytest

import ctsim
from ctsim.cli import main
from ctsim.differences import entry_words, reason_words
from ctsim.explain import Explanation
from ctsim.locale import texts
from ctsim.printing import (
    audit_tables,
    explained,
    explanation_tables,
    judgement_tables,
    parameter_table,
    spread_words,
    total_tables,
    trail_tables,
)
from ctsim.reproduce import Difference as Part
from ctsim.reproduce import Reproduction
from ctsim.trail import follow, follow_total
from tests.audit_page import audited
from tests.executed import called
from tests.languages import left_in
from tests.runs import scenario

CODE = "\n".join(path.read_text(encoding="utf-8") for path in Path(ctsim.__file__).parent.rglob("*.py"))
PRINTED = (
    "audit", "check", "show", "explain", "compare", "difference", "stress", "sensitivity", "yen", "approach", "list",
    "reproduce", "edition",
)  # fmt: skip
"""Subjects of texts that only commands print."""
IN_LANGUAGES = (
    "audit", "check", "compare", "explain", "list", "merge", "policy", "reproduce", "resume", "run", "sensitivity",
    "show", "total", "yen",
)  # fmt: skip


@pytest.mark.parametrize("name", IN_LANGUAGES)
def test_a_command_has_both_languages(name: str) -> None:
    [lang] = [one for one in main.commands[name].params if one.name == "lang"]
    assert isinstance(lang.type, click.Choice) and lang.default == "en" and list(lang.type.choices) == ["ja", "en"]


def test_every_text_that_code_names_is_there_and_none_is_left_over() -> None:
    named = set(re.findall(r'\btext\("([a-z_]+\.[A-Za-z_0-9]+)"', CODE))
    assert named - texts().keys() == set()
    begun = set(re.findall(r"""["']([a-z]+\.[a-z_]+)\{""", CODE))
    for key in texts():
        subject, _, name = key.partition(".")
        if subject in PRINTED:
            whole = re.search(rf"""["']({re.escape(key)}|{name})["']""", CODE)
            assert whole or any(key.startswith(one) for one in begun), key


def check_japanese(out: str, *subjects: str) -> None:
    """It has Japanese texts of each subject and no English one."""
    assert left_in(out, "en", *subjects) == []
    assert all(left_in(out, "ja", subject) for subject in subjects)


def test_an_audit(capsys: pytest.CaptureFixture[str]) -> None:
    audit_tables(audited(), "ja")
    out = capsys.readouterr().out
    check_japanese(out, "audit")
    assert "入力の丸めの範囲内" in out and "not reproduced" not in out and "CO₂排出削減効果 2030年" in out
    assert f"公表値 {len(audited().figures)}件" in out
    assert "2050年 定置用蓄電池" in out and "stationary battery " not in out


def test_what_spreads_rest_on(capsys: pytest.CaptureFixture[str]) -> None:
    judgement_tables(scenario(), False, "ja")
    out = capsys.readouterr().out
    check_japanese(out, "check")
    assert "仮定" in out and "固定" in out and "assumed" not in out


def test_a_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    parameter_table(scenario(), "offshore_wind.capacity_factor", "ja")
    out = capsys.readouterr().out
    check_japanese(out, "show")
    assert "PERT(low 28, mode 33.2, high 40), 仮定" in out and "幅" in out
    relative = scenario().parameters()["offshore_wind.thermal_emission_factor"]
    assert spread_words(relative, "ja") == "statistic: 正規(mean 1, sd 0.0255107) × 値, 仮定"
    assert spread_words(relative) == "statistic: normal(mean 1, sd 0.0255107) × value, assumed"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("offshore_wind.co2_reduction.2040", "経路"),
        ("next_generation_aircraft.co2_reduction.2030", "該当なし 開始前"),
        ("water_electrolysis.co2_reduction.2030:less_electricity", "別の読み方"),
        ("perovskite_solar.economic_effect.2030", "額（単価なし）"),
    ],
)  # fmt: skip
def test_a_cell(cell: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    trail = follow(scenario(), cell)
    trail_tables(scenario(), trail, "ja")
    out = capsys.readouterr().out
    check_japanese(out, "show")
    assert said in out and trail.programme.name_ja in out and trail.programme.name_en not in out


@pytest.mark.parametrize("name", ["units_supported.co2_reduction.2040", "power"])
def test_a_total(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = follow_total(scenario(), name)
    total_tables(scenario(), found, "ja")
    out = capsys.readouterr().out
    check_japanese(out, "show")
    group = found[0][0].group
    assert group.title.ja in out and group.title.en not in out and group.reason.en not in " ".join(out.split())


def test_why_a_mean_is_not_the_published_figure(capsys: pytest.CaptureFixture[str]) -> None:
    steps = {"published": 100.0, "computed": 102.0, "at_means": 90.0, "independent": 90.0, "mean": 91.0}
    one = Explanation("mine.co2_reduction.2030", "Mt", "私の", "Mine", rows=(), **steps)
    explanation_tables([one], True, "ja")
    japanese = capsys.readouterr().out
    check_japanese(japanese, "explain")
    assert "私の CO₂排出削減効果 2030年：平均 91 百万t と公表値 100の差 -9" in japanese and "Mine" not in japanese
    read = replace(one, cell="mine.co2_reduction.2050.a_part:less_power")
    assert "CO₂排出削減効果 2050年 a part:less power" in explained(read, "ja")
    assert "Mine, co2 reduction 2050 a part:less power: the mean" in explained(read, "en")
    explanation_tables([one], True, "en")
    assert left_in(capsys.readouterr().out, "ja", "explain") == []


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("2030: 268 万kW, uniform(168, 368), 2050: 4500 万kW, fixed",
         "2030: 268 万kW, 一様(168, 368), 2050: 4500 万kW, 固定"),
        ("0.66 kg-CO2/kWh, normal(1, 0.02) × value, 1.5 times as wide",
         "0.66 kg-CO₂/kWh, 正規(1, 0.02) × 値, 幅1.5倍"),
        ("12 spreads", "幅12件"), ("independent", "独立"), ("a.x ~ a.y 0.5", "a.x ~ a.y 0.5"), ("carried", "残存"),
        ("co2_reduction (0123abcd) in Mt-CO2/yr", "co2_reduction (0123abcd) 単位 百万t-CO₂/年"),
        ("value, spread", "値, 幅"), ("B lacks it", "Bにはない"), ("--scale-assumed 2", "--scale-assumed 2"),
    ],
)  # fmt: skip
def test_what_an_entry_of_a_comparison_says(english: str, japanese: str) -> None:
    assert entry_words(english, "ja") == japanese and entry_words(english, "en") == english


def test_only_ctsims_own_reasons_are_translated() -> None:
    assert reason_words("the pages differ", "ja") == "頁が異なる"
    assert reason_words("fixed, as the pages differ", "ja") == "fixed, as the pages differ"


def test_scenarios_and_programmes() -> None:
    out = called("ctsim list --lang ja")
    check_japanese(out, "list")
    assert "次世代型太陽電池の開発" in out and "Next-generation" not in out
    assert "Next-generation solar cells" in called("ctsim list")


def test_what_came_of_drawing_anew() -> None:
    card = {"result_digest": "0123456789abcdef" * 4}
    for one in (
        Reproduction(card, (), card["result_digest"]), Reproduction(card, (), "f" * 64),
        Reproduction(card, (Part("streams", "1", "2"),), ""), Reproduction(card, (Part("numpy", "1", "2"),), "f" * 64),
    ):  # fmt: skip
        assert left_in(one.words("ja"), "en", "reproduce") == [] and left_in(one.words(), "ja", "reproduce") == []
        assert left_in(one.words("ja"), "ja", "reproduce")


def test_a_new_edition(tmp_path: Path) -> None:
    out = called(f"ctsim scenario new-edition framework_2023_11 {tmp_path / 'next_one'} --lang ja")
    check_japanese(out, "edition")
    assert "件中0件" in out and "（未照合）" not in out
    assert "を作った" in out and "を作った" not in called(
        f"ctsim scenario new-edition x {tmp_path / 'next_one'} --lang ja"
    )


def test_an_english_text_in_japanese_is_seen() -> None:
    assert left_in("x  is\nmade from", "en", "explain") == ["is made from"]
