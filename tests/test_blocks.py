"""Every command, file and output in the documents is run, quoted, or says why not; translations have the same."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctsim import cluster_file
from ctsim.cli import main
from tests import docs
from tests.commands_page import commands
from tests.docs import DOCS
from tests.executed import BLOCK, LEFT_OUT, NOT_RUN, Defaults, called, in_japanese, run_pages
from tests.source import ROOT
from tests.test_edited import cell, edited

DOCUMENTS = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
FENCE = re.compile(r"^\s*(?:```|~~~)(.*)$", re.MULTILINE)
LANGUAGES = {"sh", "toml", "python", "text"}

FEW: Defaults = {
    name: {"draws": "16384", "programmes": ["electric_commercial_vehicles"]}
    for name in ("run", "sensitivity", "compare")
}
"""What a command of a page takes where the page names no draws and no programmes: the least, for the tests' time."""

OWN: Defaults = {"run": {"draws": "1048576"}}
DEFAULTS = {"add-a-programme.md": OWN, "compare.md": OWN}
"""Pages whose printed numbers are those of the commands as they stand."""

WHY = "reason_for_change"


def edit_the_workbook() -> None:
    """What the reader of docs/export.md does in a spreadsheet program."""
    share = "perovskite_solar.japan_share"
    edits = {cell(Path("mine.xlsx"), share, column): said for column, said in
             {"spread.high": 45, WHY: "two sellers less"}.items()}  # fmt: skip
    edited(Path("mine.xlsx"), edits, Path("mine.xlsx"))


BEFORE = {"ctsim scenario from-xlsx mine.xlsx mine.toml": edit_the_workbook}
"""What a reader does before a command of a page."""

ELSEWHERE = {
    "README.md": "test_blocks.py::test_the_run_of_the_readmes_prints_what_is_shown",
    "README.ja.md": "test_blocks.py::test_the_run_of_the_readmes_prints_what_is_shown",
    "architecture.md": "test_docs.py::test_generated_pages_are_current",
    "add-a-programme.md": "test_docs.py::test_the_example_has_the_files_that_it_draws",
    "runs.md": "test_printing_run.py::test_a_shell_can_complete",
    "export.md": "test_blocks.py::test_faults_of_a_workbook_and_a_line_of_iamc_are_as_shown",
}
"""Which test holds the text blocks of a page that no command of it prints."""


def documents() -> dict[str, str]:
    """Every document by its name, with its text."""
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}


def page_name(name: str) -> str:
    return name.removeprefix("docs/")


def translated(name: str) -> bool:
    return name.endswith(".ja.md")


def english_of(name: str) -> str:
    return name.replace(".ja.md", ".md")


def shows_japanese(text: str) -> bool:
    """Whether a page shows what commands print in Japanese: then it must be run like the English one."""
    return any(one[3] and " --lang ja" in one[2] for one in BLOCK.finditer(text))


BY_HAND = [
    name
    for name, text in documents().items()
    if page_name(name) not in docs.PAGES and not translated(name) and BLOCK.search(text)
]


# ---- every block is known


def test_every_fence_is_a_block_in_a_known_language() -> None:
    for name, text in documents().items():
        opened = FENCE.findall(text)
        assert set(opened[::2]) <= LANGUAGES and set(opened[1::2]) <= {""}, name
        shown = sum(block[3] is not None for block in BLOCK.finditer(text))
        assert 2 * (len(BLOCK.findall(text)) + shown) == len(opened), name


def test_no_document_has_characters_that_nobody_sees() -> None:
    assert [name for name, text in documents().items() if re.search("[\0-\b\v-\x1f\x7f\ufeff]", text)] == []


def test_text_that_no_command_prints_is_held_by_a_test_that_there_is() -> None:
    bare = {page_name(name) for name, text in documents().items() if not (translated(name) and name != "README.ja.md")
            for block in BLOCK.finditer(text) if block[1] == "text"}  # fmt: skip
    assert bare == set(ELSEWHERE)
    for place in ELSEWHERE.values():
        path, _, test = place.partition("::")
        assert f"\ndef {test}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), place


@pytest.mark.parametrize("name", BY_HAND)
def test_a_page_runs_as_it_stands(name: str) -> None:
    japanese = documents().get(name.replace(".md", ".ja.md"), "")
    shown = [documents()[name], *([japanese] if shows_japanese(japanese) else [])]
    assert run_pages(shown, DEFAULTS.get(page_name(name), FEW), BEFORE) == []


def test_what_is_neither_run_nor_marked_is_seen() -> None:
    assert run_pages(["```sh\nsbatch x\nmake nothing\nmake test\n```\n"], FEW, {}) == [
        "neither run nor marked: sbatch x", "neither run nor marked: make nothing",
    ]  # fmt: skip
    assert run_pages([f"{NOT_RUN}it needs a Slurm.*\n\n```sh\nsbatch x\n```\n"], FEW, {}) == []
    shown = "```sh\nctsim --version\n```\n\n```text\n…\nctsim, version 0\n```\n"
    assert run_pages([shown], FEW, {}) == ["not printed: ctsim, version 0"]
    assert run_pages(["```toml\na = 1\n```\n"], FEW, {}) == ["no file, and not from a shipped page: a = 1"]
    with pytest.raises(ZeroDivisionError):
        run_pages(["```python\na = 0\n```\n\n```python\n1 / a\n```\n"], FEW, {})


# ---- translations


RUN_OF_README = re.compile("<!-- run -->.*?<!-- end run -->", re.DOTALL)
"""It is shown in the language of the page."""


def blocks_of(text: str) -> list[tuple[str, str, str]]:
    """Language, content and output of every block, without the remarks of a shell, which are translated."""
    return [
        (one[1], re.sub(r" +# .*", "", one[2]) if one[1] == "sh" else one[2], one[3] or "")
        for one in BLOCK.finditer(text)
    ]


@pytest.mark.parametrize("name", [name for name in documents() if translated(name)])
def test_translations_have_the_same_blocks(name: str) -> None:
    english = documents()[english_of(name)]
    mine, other = (blocks_of(RUN_OF_README.sub("", text)) for text in (documents()[name], english))
    assert [(kind, in_japanese(said)) for kind, said, _ in mine] == [
        (kind, in_japanese(said)) for kind, said, _ in other
    ]
    assert [one for one, there in zip(mine, other, strict=True) if one[1] == there[1] and one != there] == []
    assert documents()[name].count("\n## ") == english.count("\n## ")
    assert documents()[name].count("\n|") == english.count("\n|")
    for measured in re.findall(r"<!-- (?:false stops) -->\n(.*?)<!-- end", english, re.DOTALL):
        assert measured in documents()[name]
    assert f"]({Path(name).name})" in english and f"]({Path(english_of(name)).name})" in documents()[name]


# ---- commands in the text


@pytest.mark.parametrize("name", documents())
def test_commands_in_the_text_have_the_options_that_they_name(name: str) -> None:
    known = {line: {one for option in command.params for one in option.opts} for line, command in commands()}
    prose = re.sub(r"^```.*?^```$", "", documents()[name], flags=re.MULTILINE | re.DOTALL)
    for said in re.findall(r"`(ctsim [^`]+)`", prose):
        words = said.split()
        found = next((known[one] for one in (" ".join(words[:3]), " ".join(words[:2])) if one in known), None)
        if found is not None:
            named = {word.partition("=")[0] for word in words if re.match("--[a-z]", word)}
            assert named - found - {"--help"} == set(), said
        else:
            assert words[1].startswith("--") or not words[1].islower() or words[1] == "scenario", said


# ---- README.md


def test_the_run_of_the_readmes_prints_what_is_shown() -> None:
    page = ""
    for lang, path in docs.READMES.items():
        [shown] = re.findall(r"<!-- run -->\n```text\n(.*?)^```", documents()[path.name], re.MULTILINE | re.DOTALL)
        assert "\ndirectory " in shown
        lines = [line for line in shown.splitlines() if not line.startswith("picture")]
        page += readme_call("\n".join(lines), lang)
    assert run_pages([page], OWN, {}) == []


# ---- docs/export.md and docs/cluster.md


def test_faults_of_a_workbook_and_a_line_of_iamc_are_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    faults, iamc = (one[2] for one in BLOCK.finditer(documents()["docs/export.md"]) if one[1] == "text")
    called("ctsim scenario to-xlsx framework_2023_11 mine.xlsx --lang en")
    factor, share = "perovskite_solar.capacity_factor", "perovskite_solar.japan_share"
    wrong = [(factor, "value", "0,16"), (share, "spread.high", 20), (share, WHY, "measured"),
             ("offshore_wind.capacity_factor", "spread.high", 45)]  # fmt: skip
    edited(Path("mine.xlsx"), {cell(Path("mine.xlsx"), *one): said for *one, said in wrong}, Path("mine.xlsx"))
    result = CliRunner().invoke(main, ["scenario", "from-xlsx", "mine.xlsx", "mine.toml"])
    assert result.exit_code == 2 and result.stderr.splitlines() == faults.splitlines()
    called("ctsim run framework_2023_11 --programmes perovskite_solar --draws 16384 --out RUN")
    called("ctsim export RUN --to iamc --out iamc.csv")
    first, _, _ = iamc.strip().partition(LEFT_OUT)
    assert [line for line in Path("iamc.csv").read_text(encoding="utf-8").splitlines() if line.startswith(first)]


def test_the_slurm_file_of_the_page_is_read(tmp_path: Path) -> None:
    [file] = [one[2] for one in BLOCK.finditer(documents()["docs/cluster.md"]) if one[1] == "toml"]
    (tmp_path / "slurm.toml").write_text(file, encoding="utf-8")
    found = cluster_file.slurm_of(str(tmp_path / "slurm.toml"))
    assert (found.interface, found.maximum, found.wait_minutes) == ("ib0", 64, 60)


def readme_call(shown: str, lang: str) -> str:
    """What `make run` calls, without the pictures, and what it prints; the second call opens the run of the first."""
    return f"```sh\nctsim run framework_2023_11 --draws 1000000 --lang {lang}\n```\n\n```text\n{shown}\n```\n\n"
