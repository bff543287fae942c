"""What `ctsim compare` prints and draws: one screen, JSON, pictures; bad usage in one line."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ctsim import compare_tables
from ctsim.catalog import load
from ctsim.cli import main
from ctsim.compare import compare
from ctsim.compare_tables import Line, _part, _row, _share, as_dict, comparison_tables
from ctsim.errors import InputError, Stopped
from ctsim.figures.waterfall import MOST_BARS, Panel, panels
from ctsim.locale import text
from ctsim.screen import Screen
from tests.languages import left_in
from tests.pairs import CHANGES, moved, scenario, together, write

pytestmark = pytest.mark.filterwarnings("error:.*[Gg]lyph.*")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("command")
    write(made)
    scenario(made, "a")
    scenario(made, "b", *CHANGES)
    scenario(made, "tied", together(["mine.x", "mine.y"], 0.5))
    return made


def called(folder: Path, *arguments: str, monkeypatch: pytest.MonkeyPatch, status: int = 0) -> Result:
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(main, ["compare", *arguments, "--draws", "16384", "--formulas", "formulas"])
    assert done.exit_code == status, done.output
    return done


def test_a_reader_sees_what_changed_by_how_much_and_because_of_what(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = called(folder, "a.toml", "b.toml", "--out", "o", "--figure", monkeypatch=monkeypatch).stdout
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert any(
        line.startswith("#4 mine.x 2 Mt-CO2/yr, uniform(1, 3) 4 Mt-CO2/yr, uniform(2, 6) b.toml:") for line in lines
    )
    [row] = [line for line in lines if line.startswith("mine.co2_reduction.2030")]
    assert re.fullmatch(
        r"mine.co2_reduction.2030 Mt-CO2/yr 3.00 4.50 [+]1.50 ± \S+ 0.\d+ to 2.\d+ always #4 [+]2.00, #5 -0.500", row
    )
    assert "Quantities that differ: 3; exactly the same: 0." in lines
    assert len(out.splitlines()) < 50
    japanese = called(folder, "a.toml", "b.toml", "--out", "o", "--lang", "ja", monkeypatch=monkeypatch).stdout
    assert left_in(japanese, "en", "compare") == [] and "違うもの 3件、全く同じもの 0件。" in japanese
    assert "2 百万t-CO₂/年, 一様(1, 3)" in japanese and "uniform" not in japanese
    drawn = sorted(path.name for path in (folder / "o" / "figures").iterdir())
    assert drawn == [f"changes_co2_reduction.{lang}.{kind}" for lang in ("en", "ja") for kind in ("png", "svg")]


def test_changes_without_a_part_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """q in another unit moves nothing but rounding; x moves a cell."""
    unit = moved("mine.q", 50.0, "fixed", "value = 50").replace("value = 50.0", 'value = 50.0\nunit = "%"')
    scenario(folder, "idle", unit, moved("mine.x", 3.0, "uniform", "low = 2, high = 4"))
    out = called(folder, "a.toml", "idle.toml", "--out", "idle", monkeypatch=monkeypatch).stdout
    assert re.search(r"(?m)^#1 +mine\.q +0\.5, fixed +50 %, fixed", out), out
    assert "\nWithout a part in any difference: #1.\n" in out
    all_move = called(folder, "a.toml", "b.toml", "--out", "o", monkeypatch=monkeypatch).stdout
    assert "Without a part" not in all_move


def test_a_cell_that_is_named_stands_first_and_what_is_the_same_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mine.2030 moves least; of the others no parts are shown, and why is said."""
    asked = ("a.toml", "one.toml", "--out", "named", "--cell", "mine.co2_reduction.2030",
             "--cell", "mine.co2_reduction.2050")  # fmt: skip
    scenario(folder, "one", moved("mine.x", 2.001, "uniform", "low = 1.001, high = 3.001"), *CHANGES[2:3])
    plain = called(folder, "a.toml", "one.toml", "--out", "plain", monkeypatch=monkeypatch).stdout
    named = called(folder, *asked, monkeypatch=monkeypatch).stdout
    first = [re.findall(r"(?m)^mine\.co2_reduction\.\d+", out)[0] for out in (plain, named)]
    assert first == ["mine.co2_reduction.2040", "mine.co2_reduction.2030"]
    assert "Parts are shown only of what --cell names: mine.co2_reduction.2030, mine.co2_reduction.2050.\n" in named
    assert "Of these, exactly the same in A and B: mine.co2_reduction.2050.\n" in named
    assert "Without a part" not in named


def test_scenarios_of_one_title_are_told_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = called(folder, "a.toml", "b.toml", "--out", "o", monkeypatch=monkeypatch).stdout
    assert out.startswith("As published (b), compared with As published (a)\n")


def test_one_that_is_stopped_before_its_seal_says_that_it_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal between the draws and the seal: the draws are kept, so it must not be said that nothing was."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["ctsim.compare"], "WORTH_KEEPING", -1.0)
    monkeypatch.setattr(sys.modules["ctsim.results"], "seal", stopped)
    with pytest.raises(Stopped, match="the same command goes on"):
        compare(folder / "a.toml", folder / "b.toml", draws=2**14, out=tmp_path / "o", formulas=folder / "formulas")
    assert any(path.is_file() for path in (tmp_path / "o" / "unfinished").rglob("*"))


def test_a_figure_of_no_year_that_one_page_lacks_has_no_difference(tmp_path: Path) -> None:
    """Pages of two editions: it was a KeyError, for the unit was looked for on the page of A alone."""
    for name, when in (("a", "2040"), ("b", "2040 cumulative")):
        write(tmp_path / name)
        page = tmp_path / name / "programmes" / "mine.toml"
        page.write_text(page.read_text(encoding="utf-8").replace('when = "2040"', f'when = "{when}"'), encoding="utf-8")
        scenario(tmp_path / name, name)
    sides = [load(tmp_path / name / f"{name}.toml", tmp_path / name / "formulas") for name in "ab"]
    for one, other, status in ((*sides, "only_b"), (*sides[::-1], "only_a")):
        node = compare(one, other, draws=2**14).tree["other"].dataset
        assert node["figure"].values.tolist() == ["mine.co2_reduction.2040 cumulative"]
        assert node["status"].values.tolist() == [status] and node["unit"].values.tolist() == ["Mt-CO2/yr"]


def line(name: str, **numbers: float) -> Line:
    """A cell that moved, with the numbers that are given."""
    names = (
        "mean",
        "mcse",
        "sd",
        "p_higher",
        "p_mcse",
        *(f"{s}{q}" for s in ("", "a_", "b_") for q in ("q05", "q50", "q95")),
    )
    values = dict.fromkeys((*names, "a_mean", "b_mean"), 0.0) | numbers
    return Line("/co2_reduction", name, "Mt-CO2/yr", "changed", "", values, {}, {})


def test_where_only_the_tails_move_the_row_says_so() -> None:
    """Dependence moves no mean: such a row would be the last and say nothing."""
    still = {"mean": 1e-5, "mcse": 1e-4, "a_q05": 5.7, "a_q95": 22.3, "p_higher": 0.5}
    wider = line("wider", **still, b_q05=4.4, b_q95=23.6)
    assert wider.size == pytest.approx(1.3 / 19.2) and wider.tails == pytest.approx((-1.3, 1.3))
    assert _row(wider, {}, "en")[-1] == "5 % 5.70 → 4.40, 95 % 22.3 → 23.6"
    assert _row(line("same", **still, b_q05=5.7, b_q95=22.3), {}, "en")[-1] == ""


def test_what_has_no_number_has_its_reason() -> None:
    nan = float("nan")
    one = replace(line("odd", mean=nan, mcse=nan, p_higher=nan), reason="3 of 8 draws not finite, first at draw 2")
    assert _row(one, {}, "en")[4:] == ["", "", "", "3 of 8 draws not finite, first at draw 2"]
    assert _row(one, {}, "ja")[7] == "8回の抽出のうち3回が有限の値でない（最初は2番目）"
    assert _share(nan, "en") == ""


def test_what_finds_no_place_is_counted_and_all_shows_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen of one row a table; what it leaves out stands where everything is asked for."""
    monkeypatch.setattr(compare_tables, "FEWEST_ROWS", 1)
    monkeypatch.setattr(compare_tables, "screen", lambda whole: Screen(200, 5, whole))
    found = compare(folder / "a.toml", folder / "b.toml", draws=2048, formulas=folder / "formulas")
    comparison_tables(found)
    out = capsys.readouterr().out
    assert "Not in the table, but different: 2. Everything, uncut: --all; for machines: --json." in out
    assert "(5 more changes: --all)" in out and len(re.findall(r"(?m)^mine\.co2_reduction", out)) == 1
    comparison_tables(found, whole=True)
    out = capsys.readouterr().out
    assert all(f"mine.co2_reduction.{year}" in out for year in (2030, 2040, 2050)) and "#5" in out
    assert "Not in the table" not in out


def test_a_removed_programme_counts_as_nothing_in_totals(capsys: pytest.CaptureFixture[str]) -> None:
    """A run without it has no such sum; the difference of the sum is what the programme was in it, and says so."""
    report = load("framework_2023_11")
    names = ["energy_saving_equipment", "clean_energy_vehicles", "insulated_windows", "electric_commercial_vehicles"]
    without = report.with_changes([{"programme": names[-1], "include": False, "reason": "a test",
                                    "source": {"key": "study", "where": "test"}}])  # fmt: skip
    found = compare(report, without, draws=2048, programmes=names, metrics=["co2_reduction"])
    comparison_tables(found)
    out = " ".join(capsys.readouterr().out.split())
    said = "B is without electric_commercial_vehicles, which counts as 0 there; of totals and bounds, 4: "
    assert said in out
    by_name = {one["quantity"]: one for one in as_dict(found)["quantities"]}
    for year in (2030, 2040, 2050):
        total, gone = (by_name[f"{name}.co2_reduction.{year}"] for name in ("units_supported", names[-1]))
        assert total["status"] == "changed" and total["mean"] == pytest.approx(gone["mean"], rel=1e-9) != 0
        assert total["b_mean"] == pytest.approx(
            sum(by_name[f"{name}.co2_reduction.{year}"]["b_mean"] for name in names[:3])
        )
        assert [one["mean"] for one in total["attribution"]] == [total["mean"]]
    back = compare(without, report, draws=2048, programmes=names, metrics=["co2_reduction"])
    by_name = {one["quantity"]: one for one in as_dict(back)["quantities"]}
    first, gone = "units_supported_first_year", "electric_commercial_vehicles.co2_reduction.FY2024"
    assert by_name[first]["mean"] == pytest.approx(by_name[gone]["b_mean"], rel=1e-9)
    assert (by_name[gone]["status"], by_name[gone]["mean"]) == ("added", by_name[gone]["b_mean"])


def test_every_amount_of_a_removed_programme_counts_as_nothing_and_nothing_else_of_it() -> None:
    """Tonnes and yen of a fiscal year, of parts and of a whole plan too, as their sums; not a ratio, nor per tonne."""
    report = load("framework_2023_11")
    gone = ["electric_commercial_vehicles", "battery_supply_chain", "fast_reactor", "high_temperature_reactor"]
    without = report.with_changes([{"programme": one, "include": False, "reason": "a test",
                                    "source": {"key": "study", "where": "test"}} for one in gone])  # fmt: skip
    found = compare(report, without, draws=2048, programmes=[*gone, "insulated_windows"])
    by_name = {one["quantity"]: one for one in as_dict(found)["quantities"]}
    for name in ("FY2024", "FY2024.taxi", "2030.taxi"):
        one = by_name[f"{gone[0]}.co2_reduction.{name}"]
        assert (one["status"], one["mean"]) == ("removed", -one["a_mean"]) and one["mean"] < 0
    assert by_name[f"{gone[0]}.economic_effect.one-off"]["status"] == "removed"
    assert by_name[f"{gone[1]}.co2_reduction.one production year"]["status"] == "removed"
    whole, parts = by_name[f"{gone[0]}.co2_reduction.FY2024"], by_name["trucks_parts"]
    assert (parts["status"], parts["mean"]) == ("removed", pytest.approx(whole["mean"], rel=1e-9))
    apart = {name.partition(".")[0] for name, one in by_name.items() if one["status"] == "only_a"}
    assert set(gone[2:]) == apart


def test_a_scenario_beside_itself_says_that_nothing_differs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = called(folder, "b.toml", "b.toml", "--out", "same", monkeypatch=monkeypatch).stdout
    assert "No value, spread, formula, programme or dependence differs: every difference is exactly 0." in out
    assert "Quantities that differ: 0; exactly the same: 3." in out


def test_json_has_everything(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(called(folder, "a.toml", "b.toml", "--out", "j", "--json", monkeypatch=monkeypatch).stdout)
    assert [one["name"] for one in found["changes"]] == ["mine.p", "mine.u", "mine.v", "mine.x", "mine.y"]
    by_name = {one["quantity"]: one for one in found["quantities"]}
    one = by_name["mine.co2_reduction.2040"]
    assert {part["change"] for part in one["attribution"]} == {"mine.p", "mine.x"}
    assert all(0 < part[f"{name}_error"] < 0.1 for part in one["attribution"] for name in ("mean", "q05", "q95"))
    assert sum(part["mean"] for part in one["attribution"]) == pytest.approx(one["mean"], rel=1e-12)


def test_a_bound_of_a_single_member_is_not_shown_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    report = load("framework_2023_11")
    change = {"parameter": "offshore_wind.thermal_emission_factor", "value": 0.7, "reason": "a test",
              "source": {"key": "study", "where": "test"}}  # fmt: skip
    asked = {"draws": 2**14, "programmes": ["offshore_wind"], "metrics": ["co2_reduction"]}
    found = compare(report, report.with_changes([change]), **asked)  # type: ignore[arg-type]
    same = found.tree["totals/co2_reduction"].dataset["same_as"].sel(year=2030).values.tolist()
    assert set(same) == {"offshore_wind.co2_reduction.2030"}
    comparison_tables(found)
    shown = capsys.readouterr().out
    assert "offshore_wind.co2_reduction.2030" in shown and "power.co2_reduction" not in shown
    assert "Quantities that differ: 3" in shown
    quantities = {one["quantity"]: one for one in as_dict(found)["quantities"]}
    one = quantities["power.co2_reduction.2030.japan_market.largest"]
    assert one["same_as"] == "offshore_wind.co2_reduction.2030" and one["status"] == "changed"


def test_parts_that_are_less_sure_than_the_whole_are_shown_with_their_error() -> None:
    assert _part(1.2345, 0.0001, 0.03) == "+1.2 ± 0.03"
    assert _part(1.2345, 0.0001, 0.0) == "+1.23" and _part(1.2345, 0.02, 0.03) == "+1.2"


def test_options_that_change_a_scenario_change_both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ("a.toml", "b.toml", "--fix", "mine.y", "--out", "f", "--json")
    found = json.loads(called(folder, *given, monkeypatch=monkeypatch).stdout)
    one = next(one for one in found["changes"] if one["name"] == "mine.y")
    assert one["before"].endswith("1 Mt-CO2/yr, fixed") and one["after"].endswith("0.5 Mt-CO2/yr, fixed")


def test_stress_is_a_table(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = called(folder, "tied.toml", "--stress", monkeypatch=monkeypatch).stdout
    assert "mine.co2_reduction.2030" in out and "Quantities that two members of a group reach: 1;" in out
    japanese = called(folder, "tied.toml", "--stress", "--lang", "ja", monkeypatch=monkeypatch).stdout
    assert left_in(japanese, "en", "stress", "compare") == [] and "共単調な和" in japanese
    found = json.loads(called(folder, "tied.toml", "--stress", "--json", monkeypatch=monkeypatch).stdout)
    assert found["groups"] == ["mine.x ~ mine.y"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.toml",), "give A and B, or A alone with --stress"),
        (("a.toml", "b.toml", "--stress"), "give A and B, or A alone with --stress"),
        (("a.toml", "--stress", "--figure"), "--stress: makes a table"),
        (("a.toml", "no.toml"), "no.toml: no such scenario file"), (("a.toml", "b.toml", "--cell", "x"), "--cell x:"),
    ],
)  # fmt: skip
def test_bad_usage_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    done = called(folder, *arguments, monkeypatch=monkeypatch, status=2)
    assert said in done.stderr and len(done.stderr.strip().splitlines()) == 1


# ---- the picture


def test_bars_lead_from_one_mean_to_the_other(folder: Path) -> None:
    found = compare(folder / "a.toml", folder / "b.toml", draws=2**14, formulas=folder / "formulas")
    shown = panels(found.tree, "co2_reduction")
    assert {one.year for one in shown} == {"2030", "2040", "2050"}
    for one in shown:
        assert one.before + sum(part for _, part in one.bars) == pytest.approx(one.after, rel=1e-12)
    for lang, before in {"ja": "A（変更前）", "en": "A (before)"}.items():
        figure = found.plot.changes(lang=lang)
        assert len(figure.axes) == 3
        assert all(axes.get_yticklabels()[0].get_text() == before for axes in figure.axes)


def test_a_picture_that_cannot_be_is_refused(folder: Path) -> None:
    found = compare(folder / "a.toml", folder / "a.toml", draws=2**14, formulas=folder / "formulas")
    for asked, said in {
        ("co2_reduction", "en"): "no mean of 'co2_reduction' moves in this comparison",
        ("other", "en"): "no cells of 'other' in this result; it has co2_reduction",
        ("co2_reduction", "fr"): "no language 'fr'",
    }.items():
        with pytest.raises(InputError, match=said):
            found.plot.changes(*asked)


def test_small_parts_are_shown_together() -> None:
    parts = tuple((f"change {i}", 1.0 / (i + 1)) for i in range(10))
    one = Panel({"ja": "x", "en": "x"}, "2030", "Mt-CO2/yr", 0.0, sum(part for _, part in parts), parts)
    assert len(one.bars) == MOST_BARS and one.bars[-1][0] == ""
    assert sum(part for _, part in one.bars) == pytest.approx(one.after)


def test_a_directory_of_another_result_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison and a stress are no runs, nor are they scenarios that are not there."""
    called(folder, "a.toml", "b.toml", "--out", "one", monkeypatch=monkeypatch)
    called(folder, "tied.toml", "--stress", "--out", "two", monkeypatch=monkeypatch)
    told = {
        "one": "one: is a comparison of a.toml and b.toml, not a scenario or a run; give a name or a .toml file",
        "two": "two: is a dependence stress of tied.toml, not a scenario; give a name or a .toml file",
    }
    for name, said in told.items():
        assert called(folder, "a.toml", name, monkeypatch=monkeypatch, status=2).stderr.splitlines() == [said]


def test_a_programme_that_one_side_lacks_says_which_and_who_set_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a list of programmes of either side, and by a page that lies beside a study."""
    write(folder, "other")
    scenario(folder, "both", programmes=("mine", "other"))
    scenario(folder, "few", programmes=("mine",))
    line = 1 + (folder / "few.toml").read_text(encoding="utf-8").splitlines().index("programmes = ['mine']")
    for names, lacks in ((("both.toml", "few.toml"), "B"), (("few.toml", "both.toml"), "A")):
        found = json.loads(called(folder, *names, "--out", lacks, "--json", monkeypatch=monkeypatch).stdout)
        [one] = [one for one in found["changes"] if one["name"] == "programme other"]
        assert one["after" if lacks == "B" else "before"] == f"{lacks} lacks it"
        assert (one["side"], one["set_by"]) == (lacks, f"few.toml:{line}")
    shown = called(folder, "both.toml", "few.toml", "--out", "B", "--lang", "ja", monkeypatch=monkeypatch).stdout
    assert "Bにはない" in shown and "事業 other" in shown and f"few.toml:{line} (B)" in shown


def test_a_page_beside_a_study_that_the_other_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, programmes in (("here", ("mine",)), ("there", ("mine", "other"))):
        (tmp_path / name).mkdir()
        for one in programmes:
            write(tmp_path / name, one)
        scenario(tmp_path / name, "s", programmes=programmes)
    (tmp_path / "formulas").symlink_to("there/formulas")
    for names, has in ((("here/s.toml", "there/s.toml"), "B"), (("there/s.toml", "here/s.toml"), "A")):
        found = json.loads(called(tmp_path, *names, "--out", has, "--json", monkeypatch=monkeypatch).stdout)
        [one] = [one for one in found["changes"] if one["name"] == "programme other"]
        assert (one["side"], one["set_by"]) == (has, "there/programmes/other.toml")


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_page_says_that_editions_have_no_sourced_change_and_names_what_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    monkeypatch.chdir(tmp_path)
    gone = {"programme": "gtex", "include": False, "reason": "a test", "source": {"key": "study", "where": "test"}}
    report, asked = load("framework_2023_11"), {"draws": 2**14, "metrics": ["co2_reduction"]}
    compare(report, load("framework_2025_06"), out="o", **asked)  # type: ignore[arg-type]
    compare(report, report.with_changes([gone]), out="p", **asked)  # type: ignore[arg-type]
    pages = []
    for name in "op":
        done = CliRunner().invoke(main, ["report", name, "--lang", lang])
        assert done.exit_code == 0, done.output
        pages.append(Path(name, f"report.{lang}.html").read_text(encoding="utf-8"))
    assert text("compare.only_provisions", lang, n=10) in pages[0]
    lacks = text("difference.not_there", lang, side="B")
    [row] = [one for one in pages[1].split("<tr") if lacks in one]
    assert ("Green Technologies" in row) == (lang == "en") and row.count("GteX" if lang == "ja" else "Green Tech") == 2
