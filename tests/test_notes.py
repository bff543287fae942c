"""Notes in Japanese: every note of the library has its line, the numbers agree, and Japanese output shows no other."""

import json
import re
import tomllib
from collections.abc import Iterable
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from ctsim import cli, compare_tables, dataset, printing, printing_run
from ctsim.catalog import load
from ctsim.errors import InputError
from ctsim.export.edited import from_workbook
from ctsim.export.editing import COLUMNS, KEYS_ROW, SHEET, to_workbook
from ctsim.export.write import export
from ctsim.library import library_root, shipped
from ctsim.locale import found_again, texts
from ctsim.notes import FILE, given, given_at, japanese
from ctsim.programme import FIXED
from tests.html_pages import parsed
from tests.notes import UNITS, WORD, files, group, is_english, missing, notes, stale
from tests.programme_pages import programme_pages
from tests.report_results import KINDS, directories, page, results
from tests.runs import scenario
from tests.source import ROOT, modules

TABLES = tomllib.loads((library_root() / FILE).read_text(encoding="utf-8"))
SENTENCES = [note for note in japanese() if len(WORD.findall(note)) > 3]
"""Notes that occur nowhere by chance, as "low" does in names."""
STUDY = """
[scenario]
id = "mine"
extends = "grid_7th_plan"
title_ja = "自分の検討"
title_en = "Mine"

[[change]]
parameter = "perovskite_solar.japan_share"
value = 12
uncertainty = { class = "plan", reason = "low: my own guess; high: the boss's" }
reason = "nobody else has looked at it yet"
source = { key = "study", where = "study" }
"""


def english(said: Iterable[object]) -> list[str]:
    """Notes of the library that stand in some texts as they were written."""
    whole = "\n".join(map(str, said))
    return [note for note in SENTENCES if note in whole]


# ---- the file


def test_there_is_one_table_a_file() -> None:
    assert list(TABLES) == [name for name in map(group, files()) if name in TABLES]
    assert {name for name in TABLES if name.startswith("programmes/")} == {
        f"programmes/{path.stem}" for path in (library_root() / "programmes").glob("*.toml")
    }


@pytest.mark.parametrize("path", files(), ids=group)
def test_every_note_of_a_file_has_its_japanese(path: Path) -> None:
    assert missing().get(group(path), []) == []  # mend: a line in scenarios/notes_ja.toml (python -m tests.notes)


def test_nothing_is_stale_or_there_twice() -> None:
    assert stale() == {}
    assert sum(map(len, TABLES.values())) == len(japanese())


def test_lines_stand_in_the_order_of_their_file() -> None:
    for path in files():
        mine = list(TABLES.get(group(path), {}))
        assert mine == [note for note in notes(path) if note in mine], group(path)


def test_japanese_is_japanese() -> None:
    assert [said for said in japanese().values() if not re.search("[ぁ-んァ-ヶ一-龠]", said)] == []
    words = {note: set(WORD.findall(said)) for note, said in japanese().items() if is_english(said)}
    assert {note: some for note, some in words.items() if some - NAMES - UNITS} == {}


NAMES = {"Annex", "Si", "engineering", "plan", "scenario"}
"""Words of Japanese notes that are Latin on purpose: the report's own, an element, names of classes."""


def test_readings_have_their_names_in_japanese() -> None:
    """Not the ids that commands take: 読み方「新車のガソリン車」."""
    ids = [name for name in texts() if name.startswith("reading.")]
    found = [(one, said) for one in (name.partition(".")[2] for name in ids) for said in japanese().values()
             if re.search(rf"\b{one}\b", said, re.ASCII)]  # fmt: skip
    assert len(ids) > 20 and found == []
    assert [said for said in japanese().values() if re.search(r"[a-z]_[a-z]", said)] == []


def test_what_is_english() -> None:
    assert is_english("low: a share like today's") and is_english("class (D)") and is_english("6 or more")
    assert not any(map(is_english, ("②×③", "0.339 万t-CO₂/年 = 1,269.5 kl × 2.67 t-CO₂/kl", "TRL5, TRL6 ~ 7", "GHG")))


# ---- numbers

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
FORMULA = re.compile(r"(?<=[CHNO])[2-4](?!\d)")
SPELLED = {
    "1": "a an one once per each half third thirds", "2": "two twice half both", "3": "three third thirds", "4": "four",
    "5": "five fifth fifths", "6": "sixth", "7": "seven seventh", "8": "eight", "9": "nine",
    "10": "ten tenth decade decades", "11": "november", "12": "twelve", "14": "fourteen", "16": "sixteen",
    "19": "nineteen", "20": "twenty twentieth decades", "30": "thirty",
}  # fmt: skip
"""Words of numbers that Japanese writes in digits."""
MILLIONS = (
    "One furnace. The printed range", "55 Mt at 20 yen/Nm3", "Printed in 兆円 without a period; read as the amount",
    "low: industry, trains and appliances", "Annual saving of the 38.3 million", "All chips of one year would fill",
    "Literally 8.1 million t", "Literally 1,358 million t", "④ lists a factor for textiles",
    "The same step as for 2030",
)  # fmt: skip
"""Beginnings of notes with millions or billions, which Japanese counts in 万 and 億."""


def numbers(said: str) -> set[str]:
    """Numbers of a note as they are written; the 2 of CO2 is none, nor what is in the id of a reading."""
    return set(NUMBER.findall(FORMULA.sub("", re.sub(r"[a-z]+(_[a-z0-9]+)+", "", said))))


def test_both_languages_have_the_same_numbers() -> None:
    apart = {}
    for note, said in japanese().items():
        words = set(re.findall("[a-z]+", note.lower()))
        added = {one for one in numbers(said) - numbers(note) if not words & set(SPELLED.get(one, "").split())}
        if (numbers(note) - numbers(said) or added) and not note.startswith(MILLIONS):
            apart[note] = said
    assert apart == {}
    assert all(any(note.startswith(one) for note in japanese()) for one in MILLIONS)


# ---- what is looked up


def test_a_note_in_each_language() -> None:
    note, said = next(iter(TABLES["shared"].items()))
    assert (given(note, "ja"), given(note, "en"), given("", "ja")) == (said, note, "")


def test_the_reason_of_a_class_stands_behind_the_own_one() -> None:
    [own, of_class] = ["announced volume", "low: delays and cancelled projects; high: plans are rarely exceeded"]
    assert given(f"{own} [{of_class}]", "ja") == f"{own} [{japanese()[of_class]}]"
    assert given(f" [{of_class}]", "ja") == f" [{japanese()[of_class]}]"
    assert given("mine [as in the class]", "ja") == "mine [as in the class]"


def test_reasons_of_ctsim_itself_are_found_again() -> None:
    ranged = {spread.reason for one in scenario().parameters().values() for spread in one.spreads.values()
              if one.record.uncertainty is None and spread.dist != "fixed"}  # fmt: skip
    for reason in (FIXED.reason, *ranged):
        assert found_again(reason, "given") and given(reason, "ja") != reason


def test_places_are_called_as_the_report_calls_them() -> None:
    assert given_at("Annex 8, chart 9, 4.3.2-8", "ja") == "Annex 8, 図表9, 4.3.2-8"
    assert (given_at("chart 9", "en"), given_at("study", "ja"), given_at("a chart of mine", "ja")) == (
        "chart 9", "検討", "a chart of mine",
    )  # fmt: skip


def test_every_reason_of_a_shipped_scenario_is_shown_in_japanese() -> None:
    for _, head in shipped():
        found = {one.spread.reason for one in load(head.id).binding.rows}
        assert [one for one in found if set(WORD.findall(given(one, "ja"))) - NAMES - UNITS] == [], head.id


def test_only_what_shows_notes_looks_them_up() -> None:
    """Results, cards and digests keep the sentence of the file, whatever it is translated to."""
    users = {module.name for module in modules() if "ctsim.notes" in {name for _, name in module.imports()}
             or any(name.startswith("ctsim.notes.") for _, name in module.imports())}  # fmt: skip
    assert users == {
        "ctsim.differences", "ctsim.printing", "ctsim.report.page", "ctsim.export.editing", "ctsim.export.evidence",
        "ctsim.export.live", "ctsim.export.numbers", "ctsim.export.policy", "ctsim.export.workbook",
        "ctsim.scenario_command",
    }  # fmt: skip


def test_the_file_is_no_scenario() -> None:
    assert "notes_ja" not in {head.id for _, head in shipped()}
    done = CliRunner().invoke(cli.main, ["check", "notes_ja"])
    assert done.exit_code == 2 and "no scenario 'notes_ja'" in done.stderr


# ---- what a reader sees


@pytest.mark.parametrize("kind", KINDS)
def test_a_japanese_page_has_no_english_note(kind: str) -> None:
    shown = parsed(page(kind, "ja")).text
    assert english([shown, unescape(page(kind, "ja"))]) == []
    assert kind != "full" or len([said for said in japanese().values() if said in shown]) > 150
    assert kind != "full" or len(english([parsed(page(kind, "en")).text])) > 150


@pytest.mark.parametrize("kind", ["run", "comparison", "sensitivity"])
def test_a_japanese_workbook_has_no_english_note(kind: str, tmp_path: Path) -> None:
    made = {lang: export(directories()[kind], "xlsx", lang, tmp_path / f"{lang}.xlsx") for lang in ("ja", "en")}
    shown = {lang: [cell for sheet in CalamineWorkbook.from_path(path).sheet_names
                    for row in CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python() for cell in row]
             for lang, path in made.items()}  # fmt: skip
    assert english(shown["ja"]) == [] and english(shown["en"])


def test_a_workbook_to_edit_has_reasons_as_files_do_and_their_japanese_beside_them(tmp_path: Path) -> None:
    """What is edited goes back into a file; the Japanese may change without a line that looks edited."""
    book = tmp_path / "book.xlsx"
    book.write_bytes(to_workbook(load("framework_2023_11"), book, "ja"))
    lines = CalamineWorkbook.from_path(book).get_sheet_by_name(SHEET).to_python()[KEYS_ROW + 1 :]
    reasons = [(line[COLUMNS.index("spread.reason")], line[len(COLUMNS)]) for line in lines]
    assert len(reasons) > 200 and all(shown == (given(said, "ja") if said else "") for said, shown in reasons)
    with pytest.raises(InputError, match="nothing was edited"):
        from_workbook(book, tmp_path / "mine.toml")


COMMANDS = (
    ["audit"], ["check", "framework_2023_11"], ["show", "framework_2023_11", "perovskite_solar.japan_share"],
    ["show", "framework_2023_11", "clean_energy_vehicles.co2_reduction.2030:additionality"],
    ["show", "framework_2023_11", "fast_reactor.co2_reduction.2030"], ["show", "grid_7th_plan", "future_grid_factor"],
    ["show", "as_published", "perovskite_solar.delivery"],
    ["compare", "framework_2023_11", "grid_7th_plan", "--all", "--draws", "8192", "--programmes",
     "clean_energy_vehicles"],
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:3]))
def test_a_japanese_table_has_no_english_note(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the cells of tables as they are before lines are broken."""
    shown: list[str] = []
    for module in (printing, compare_tables, printing_run, cli):
        monkeypatch.setattr(module, "table", lambda title, head, rows, **_: shown.extend(
            cell for row in (head, *rows) for cell in row))  # fmt: skip
    done = CliRunner().invoke(cli.main, [*command, "--lang", "ja"])
    assert done.exit_code == 0, done.output
    assert shown and english([*shown, done.stdout]) == []


def test_japanese_documents_have_no_english_note() -> None:
    """Those of docs/, most of them generated, and the pages of programmes on the site."""
    documents = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.ja.md")}
    documents |= {name: said for name, said in programme_pages().items() if name.endswith(".ja.md")}
    told = {name: BLOCKS.sub("", said).replace("\\", "") for name, said in documents.items()}
    assert {name: some for name, said in told.items() if (some := english([said]))} == {}
    assert len(documents) > 40


BLOCKS = re.compile(r"^```\w+$.*?^```$", re.MULTILINE | re.DOTALL)
"""Parts of files as they are, and tables, which have tests of their own."""


def test_a_note_of_a_user_stays_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text(STUDY, encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "400")
    name = "perovskite_solar.japan_share"
    done = CliRunner().invoke(cli.main, ["show", str(tmp_path / "mine.toml"), name, "--lang", "ja"])
    assert done.exit_code == 0, done.output
    said = re.sub(r"\s+", " ", done.stdout)
    of_class = "low: delays and cancelled projects; high: plans are rarely exceeded"
    assert "low: my own guess; high: the boss's [" in said
    assert of_class not in said and japanese()[of_class] in said.replace(" ", "")


def test_machines_read_the_notes_as_they_were_written() -> None:
    done = CliRunner().invoke(cli.main, ["audit", "--json", "--lang", "ja"])
    entries = json.loads(done.stdout)["inconsistencies"]
    assert all(one["why"] in japanese() for one in entries)
    tree = results()["run"].tree
    assert set(map(str, tree["readings"]["why"].values)) <= set(japanese())
    assert dataset.result_digest(tree) == results()["run"].card["result_digest"]
