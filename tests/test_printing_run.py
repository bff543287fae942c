"""The tables of a run in the terminal: both languages, the tree's numbers, wide characters aligned."""

from __future__ import annotations

import re
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from ctsim import simulate
from ctsim.cli import main
from ctsim.console import number
from ctsim.engine import Run
from ctsim.figures.amounts import scale
from ctsim.printing_run import _group_words, _numbers, run_tables
from ctsim.report.facts import Facts
from ctsim.schema import Boundary
from tests.runs import FEW, scenario

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
COMMANDS = ("run", "audit", "show", "compare", "sensitivity", "report", "yen")


@pytest.fixture(scope="module")
def run() -> Run:
    """A few programmes with readings, figures off the axis of years and totals of several kinds."""
    chosen = [*FEW, "insulated_windows", "clean_energy_vehicles"]
    named = ["offshore_wind.co2_reduction.2030=3", "offshore_wind.co2_reduction.2030=0"]
    return simulate(scenario(), draws=2**14, programmes=chosen, thresholds=named)


def printed(run: Run, lang: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints of a run."""
    run_tables(run, lang)
    return capsys.readouterr().out


def tables(said: str) -> list[list[str]]:
    """The lines of each table: a head, a rule, and rows."""
    lines = said.split("\n")
    rules = [place for place, line in enumerate(lines) if line.strip().startswith("───")]
    found = []
    for place in rules:
        end = next(i for i in range(place, len(lines) + 1) if i == len(lines) or not lines[i].strip())
        found.append([lines[place - 1], *lines[place:end]])
    return found


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_columns_are_aligned_in_cells_of_the_terminal(run: Run, lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A Japanese character is two cells wide: with that counted, every line of a table is as wide as its rule."""
    found = tables(printed(run, lang, capsys))
    assert len(found) > 8
    for table in found:
        widths = {cell_len(line.rstrip("\n")) for line in table[1:]}
        assert len(widths) == 1, table
    if lang == "ja":
        assert any(len(line) != len(found[0][1]) for line in found[0][2:]), "no wide character: this shows nothing"


def test_totals_say_what_they_are_of_and_where_they_have_no_bounds(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sums off the axis of years stand under the metric of their members; an overlap without bounds says why."""
    for lang, reason in (("ja", "目安はない"), ("en", "no bounds, as no boundary has two members that overlap")):
        said = printed(run, lang, capsys)
        assert reason in said
        lines = [one for one in said.split("\n") if one.startswith("· ")]
        assert all(bool(JAPANESE.search(one)) == (lang == "ja") for one in lines) and lines
        facts = {one.address[1]: one for one in Facts(run.tree, lang).totals}
        cars = facts["cars_parts"]
        assert (cars.metric, cars.word("when"), cars.value("published")) == ("co2_reduction", "FY2023", 9.5)
        assert cars.panel == ("co2_reduction", "", "units_supported")
        windows = facts["windows_parts"]
        assert windows.value("computed") != windows.value("computed") and windows.finite and not windows.printed


def test_the_tables_speak_one_language(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    japanese, english = (tables(printed(run, lang, capsys)) for lang in ("ja", "en"))
    assert len(japanese) == len(english)
    for one, other in zip(japanese, english, strict=True):
        assert len(one) == len(other), "the same rows in both"
        assert JAPANESE.search(one[0]) and not JAPANESE.search(other[0])
    kana = re.compile(r"[ぁ-んァ-ヶ]")  # units as the report has them, 兆円/yr, are in both
    assert not any(kana.search(line) for table in english for line in table)


def test_japanese_has_the_reports_units_and_the_same_numbers(run: Run) -> None:
    data = run.tree["co2_reduction"].dataset
    for programme, year in (("offshore_wind", 2030), ("clean_energy_vehicles", 2040), ("perovskite_solar", 2050)):
        at = data.sel(programme=programme, year=year)
        cell = {str(name): one.values.tolist() for name, one in at.variables.items()}
        english, japanese = (_numbers(cell, "Mt-CO2/yr", lang) for lang in ("en", "ja"))
        high = cell["published_high"]
        size = high if np.isfinite(high) else cell["quantiles"][cell["quantile"].index(0.5)]
        amount = scale(size, "Mt-CO2/yr", "ja")
        assert (english[0], japanese[0]) == ("Mt-CO2/yr", amount.word)
        ours = programme == "clean_energy_vehicles"  # a path: no formula of the report's
        assert (english[2] == "–") is (japanese[2] == "–") is ours
        for one, other in zip(english[2 + ours :], japanese[2 + ours :], strict=True):
            first, second = (float(said.replace(",", "")) for said in (one, other))
            assert second == pytest.approx(first * amount.factor, rel=0.06)


def test_a_figure_without_a_number_says_why_in_its_language() -> None:
    none = [float("nan")] * 3
    cell = {"quantile": [0.05, 0.5, 0.95], "quantiles": none, "quantiles_mcse": none, "published_low": 1.0,
            "published_high": 1.0, "computed": float("nan"), "status": "reported", "reason": "not finite",
            "reason_ja": "計算できない"}  # fmt: skip
    assert _numbers(cell, "Mt-CO2/yr", "en")[3] == "not finite"
    assert _numbers(cell, "Mt-CO2/yr", "ja")[:4] == ["万t/年", "100", "–", "計算できない"]


def test_thresholds_and_closing_words_are_in_the_language(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    japanese, english = (printed(run, lang, capsys) for lang in ("ja", "en"))
    assert "しきい値以上となる抽出の割合（仮定の下）" in japanese and "達成確率" not in japanese
    assert "全抽出" in japanese and "every draw" in english
    assert "抽出数 16,384" in japanese and "16,384 draws" in english
    for said in (japanese, english):
        assert said.count(run.result_digest) == 1


def test_a_year_that_the_report_does_not_print_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["next_generation_ships", "next_generation_aircraft", "industrial_furnaces", "power_semiconductors"]
    ships = simulate(scenario(), draws=1024, method="mc", programmes=chosen, metrics=["economic_effect"])
    english, japanese = (printed(ships, lang, capsys) for lang in ("en", "ja"))
    assert re.search(r"Next-generation ships +2050 +trillion JPY/yr\* +6.8", english)
    assert re.search(r"Next-generation aircraft +2050 +trillion JPY/yr +2.1", english)
    assert re.search(r"2050 cumulative +trillion JPY +10 ", english) and "円" not in english.partition("Overlaps")[0]
    assert re.search(r"plan total +billion JPY +419.2 .* 419 ", english)
    assert english.count("* From an amount") == 1 and re.search(r"2030年 +億円/年\* +1,700", japanese)


def test_numbers_near_0_do_not_break_a_column() -> None:
    assert [number(one) for one in (3.2e-40, -4.56e-7, 2e-6, 0.0)] == ["3.2e-40", "-4.6e-07", "0.00000200", "0"]


def test_what_stays_conditional_on_delivery_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["hydrogen_supply_chain", "industrial_furnaces", "photonics_datacentre", "power_semiconductors"]
    with_, without = (
        simulate(scenario(), draws=1024, method="mc", programmes=chosen, with_delivery=one) for one in (True, False)
    )
    english, japanese = (printed(with_, lang, capsys) for lang in ("en", "ja"))
    assert "conditional on delivery (number and label): 3 (to 2050, cumulative); 7 (to 2040, cumulative, " in english
    assert "12 (2032–2041 mean)." in english and "15" not in english.partition("conditional")[2].partition("\n")[0]
    assert "実現を前提としたまま（番号と区分）：3 (2050年まで累計)、7 (" in japanese
    assert "conditional on delivery" not in printed(without, "en", capsys)


@pytest.mark.parametrize("boundary", Boundary.__args__)
def test_every_group_has_its_words(boundary: str) -> None:
    group = boundary.replace("_", " ").replace("japan", "Japan")
    assert _group_words(group, "en") == group
    assert JAPANESE.search(_group_words(group, "ja"))
    both = _group_words(f"{group}, project cost", "ja")
    assert both == f"{_group_words(group, 'ja')}・総事業費"


def test_the_command_takes_a_language(tmp_path: Path) -> None:
    asked = ["run", "framework_2023_11", "--programmes", "offshore_wind", "--draws", "16384", "--quiet"]
    japanese, english = (
        CliRunner().invoke(main, [*asked, "--out", str(tmp_path), "--lang", lang]) for lang in ("ja", "en")
    )
    assert japanese.exit_code == english.exit_code == 0
    assert "洋上風力発電の低コスト化" in japanese.output and "公表値" in japanese.output
    assert "offshore wind" in english.output.lower() and "公表値" not in english.output
    again = CliRunner().invoke(main, ["resume", str(tmp_path), "--lang", "ja", "--quiet"])
    assert again.output == japanese.output
    part = str(tmp_path / "part")
    assert CliRunner().invoke(main, [*asked, "--shard", "1/1", "--out", part]).exit_code == 0
    joined = CliRunner().invoke(main, ["merge", part, "--out", str(tmp_path / "whole"), "--lang", "ja"])
    assert joined.output.replace(str(tmp_path / "whole"), str(tmp_path)) == japanese.output


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_are_commands(name: str) -> None:
    """Every example names a command of ctsim and options that it has."""
    said = CliRunner().invoke(main, [name, "--help"]).output
    examples = re.findall(rf"^\s+ctsim {name}\b.*$", said, re.MULTILINE)
    assert len(examples) >= 2
    for option in re.findall(r"--[a-z-]+", " ".join(examples)):
        assert re.search(rf"^\s+(?:-\w, )?{option}\b", said, re.MULTILINE), option
    assert all(len(line) <= 110 for line in said.split("\n"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(shell: str) -> None:
    """What docs/runs.md says: click makes the completion of the command."""
    found = CliRunner().invoke(main, [], prog_name="ctsim", env={"_CTSIM_COMPLETE": f"{shell}_source"})
    assert "_CTSIM_COMPLETE" in found.output and "ctsim" in found.output


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("ctsim report r8ru", ["dir,r8ru"]),
        ("ctsim run frame", ["plain,framework_2023_11", "plain,framework_2025_06"]),
        ("ctsim run my", ["file,my"]),
        ("ctsim show framework_2023_11 insulated_windows.window_life_", ["plain,insulated_windows.window_life_shape"]),
        ("ctsim show no_such_scenario in", [""]),
        ("ctsim run x.toml --out re", ["dir,re"]),
    ],
)
def test_a_shell_completes_names(line: str, completed: list[str]) -> None:
    words = line.split()
    asked = {"_CTSIM_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    found = CliRunner().invoke(main, [], prog_name="ctsim", env=asked)
    assert found.output.splitlines() == completed


def test_help_ends_with_examples() -> None:
    """Every command says in its help how it is called, as docs/runs.md promises."""
    groups = [main, *(one for one in main.commands.values() if isinstance(one, click.Group))]
    for one in (one for group in groups for one in group.commands.values()):
        assert "\nctsim " in (one.help or "").replace("    ctsim ", "ctsim "), one.name
