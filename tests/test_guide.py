"""The way in: the tutorial runs word for word in both languages, and every option of every command is written down."""

import re
from pathlib import Path

import click
import pytest

from ctsim.cli import main
from tests import commands_page
from tests.commands_page import JAPANESE
from tests.docs import DOCS
from tests.executed import BLOCK, called, renewed, text_of

# ---- pages whose commands are run


def test_a_command_that_prints_something_else_changes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = renewed("sh", "make run\nctsim --version\n", "ctsim, version 0\n")
    assert shown.startswith("```sh\nmake run\nctsim --version\n```\n\n```text\nctsim, version ")
    assert "version 0\n" not in shown
    assert renewed("sh", "ctsim --version\n", None) == "```sh\nctsim --version\n```\n"


def test_a_command_that_fails_fails_the_page() -> None:
    with pytest.raises(AssertionError, match="no scenario 'nothing'"):
        called("ctsim check nothing")


def test_files_of_a_page_are_written_where_their_first_line_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    renewed("toml", '# a/b.toml\n[scenario]\nid = "b"\n', None)
    assert (tmp_path / "a" / "b.toml").read_text(encoding="utf-8").startswith("# a/b.toml\n[scenario]")


def test_the_japanese_tutorial_has_every_step_of_the_english() -> None:
    japanese, english = text_of("tutorial.ja.md"), text_of("tutorial.md")
    assert len(BLOCK.findall(japanese)) == len(BLOCK.findall(english))
    assert len(re.findall("^## ", japanese, re.MULTILINE)) == len(re.findall("^## ", english, re.MULTILINE))


def test_the_tutorial_says_the_numbers_that_it_shows() -> None:
    said = text_of("tutorial.md")
    compared = next(line for line in said.splitlines() if line.startswith("offshore_wind.co2_reduction.2030 "))
    assert "-0.258" in compared and "0.26 Mt a year less in 2030" in said
    [after] = [line for line in said.split("## 4.")[1].split("## 5.")[0].splitlines() if " 3.21 " in line]
    assert after.split()[-1] == "6.81" and "3.2 to 6.8 Mt" in said and "3.2〜6.8百万トン" in text_of("tutorial.ja.md")


def test_the_tutorial_runs_compares_explains_and_reports() -> None:
    commands = [line.split()[1] for block in BLOCK.finditer(text_of("tutorial.md")) if block[1] == "sh"
                for line in block[2].splitlines() if line.startswith("ctsim ")]  # fmt: skip
    assert list(dict.fromkeys(commands)) == ["run", "show", "compare", "explain", "report"]


def test_the_page_of_the_next_edition_says_the_numbers_that_it_shows() -> None:
    said, japanese = text_of("new-edition.md"), text_of("new-edition.ja.md")
    assert "0 of 3 values looked up again" in said and "2 of 3 values looked up again" in said
    assert "3件中0件" in japanese and "3件中2件" in japanese


# ---- commands and options

COMMANDS = dict(commands_page.commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    options = [one for one in COMMANDS[name].params if isinstance(one, click.Option)]
    assert COMMANDS[name].help and [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("page", ["commands.md", "commands.ja.md"])
@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_on_the_page_of_commands(name: str, page: str) -> None:
    [section] = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", text_of(page), re.MULTILINE | re.DOTALL)
    options = [one for one in COMMANDS[name].params if isinstance(one, click.Option)]
    rows = re.findall(r"^\| `(--[\w-]+)", section, re.MULTILINE)
    assert rows == [one.opts[0] for one in options]


def test_help_in_japanese_is_whole_and_none_is_left_over() -> None:
    """What lacks Japanese is a KeyError of the page; a sentence that no help has is left over."""
    used: set[tuple[str, str]] = set()

    def noted(table: str, english: str, lang: str) -> str:
        used.add((table, english))
        return JAPANESE[table][english] if english else ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands_page, "_said", noted)
        commands_page.commands_page_ja()
    known = {(table, english): said for table, some in JAPANESE.items() for english, said in some.items()}
    assert {one for one in known if one not in used} == set()
    assert [one for one, said in known.items() if not re.search("[ぁ-ん一-龠]", said) and one[1] != said] == []


def test_commands_of_groups_are_found() -> None:
    group = click.Group(commands={"b": click.Group(commands={"c": click.Command("c")}), "a": click.Command("a")})
    assert [name for name, _ in commands_page.commands(group, "x")] == ["x a", "x b c"]
    assert set(main.commands) == {name.split()[1] for name in COMMANDS}


# ---- the glossary


def test_the_glossary_has_every_code_that_a_result_may_say() -> None:
    from ctsim import schema

    said = set(re.findall(r"`(\w+)`", text_of("glossary.md")))
    codes = set(schema.ReasonCode.__args__) - {"path_not_declared"}
    assert codes | {"published", "reported", "pathway", "carried", "not_applicable"} <= said
    verdicts = {one.replace("_", " ") for one in schema.Verdict.__args__}
    assert all(f"| {one} |" in text_of("glossary.md") for one in verdicts)


WRONG = (
    "プログラム", "波及効果", "実現した", "反実仮想", "不確かさ", "信頼区間", "達成確率", "誤り", "改定", "P90",
    "排出削減量",
)  # fmt: skip
"""Words that the terms are taken for, and with which somebody would say more than is known."""


@pytest.mark.parametrize("word", WRONG)
def test_the_glossary_says_which_words_not_to_use(word: str) -> None:
    rows = [row for row in text_of("glossary.md").splitlines() if row.startswith("| ")]
    assert any(word in row.split(" | ")[-1] or row.startswith(f"| {word} |") for row in rows)


def test_every_line_of_the_glossary_has_both_languages() -> None:
    rows = [line.split(" | ") for line in (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
            if line.startswith("| ") and "日本語" not in line]  # fmt: skip
    assert len(rows) > 40
    assert [row for row in rows if not (re.search("[ぁ-んァ-ヶ一-龠]", row[0]) and re.search("[A-Za-z]", row[1]))] == []
