"""The documents say what is so: generated pages are current, links lead somewhere, examples run as they stand."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

import ctsim
from ctsim import schema
from ctsim.catalog import load
from ctsim.locale import LANGUAGES
from tests import docs
from tests.audit_page import audited
from tests.docs import DOCS
from tests.markdown import escaped, number
from tests.page_texts import place, texts
from tests.source import PACKAGE, ROOT
from tests.test_layers import LAYERS

DOCUMENTS = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
RECORDS = (
    schema.ProgrammeHead, schema.Parameter, schema.Uncertainty, schema.Citation, schema.Impact, schema.Printed,
    schema.Reading, schema.Output, schema.Readiness, schema.Unquantified, schema.CellReason,
)  # fmt: skip

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
NUMBER = re.compile(r"[\d,.–]+")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a document in one language."""
    return [content for name, content in _FENCE.findall(text_of(path)) if name == language]


def prose(path: Path) -> str:
    """A document without code."""
    return _CODE.sub("", _FENCE.sub("", text_of(path)))


def anchors(path: Path) -> set[str]:
    """What links may name in a document: its headings in small letters, hyphens for blanks, other signs left out."""
    titles = _HEADING.findall(_FENCE.sub("", text_of(path)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_links(path: Path) -> Iterator[str]:
    """Relative links of a document that lead to no file, or to no heading of it."""
    for link in _LINK.findall(prose(path)):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


# ---- generated pages and links


@pytest.mark.parametrize("name", docs.PAGES)
def test_generated_pages_are_current(name: str) -> None:
    assert text_of(DOCS / name) == docs.PAGES[name](), "write them again: make docs"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    assert list(dead_links(path)) == []


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A b, c\n[x](#a-b-c) [y](#b) [z](no.md) [here](page.md) `[w](none.md)`", encoding="utf-8")
    assert list(dead_links(page)) == ["#b", "no.md"]


def test_the_index_lists_every_document_the_tutorial_and_the_audit_first() -> None:
    links = _LINK.findall(text_of(DOCS / "README.md"))
    assert links[:3] == ["tutorial.md", "tutorial.ja.md", "audit.md"]
    there = [*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]
    assert set(links) == {path.relative_to(DOCS).as_posix() for path in there} - {"README.md"}


# ---- the audit page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_figure_and_entry_of_the_audit_is_on_its_page(lang: str) -> None:
    result = audited()
    rows = [line for line in text_of(DOCS / place("audit", lang)).splitlines() if line.startswith("| ")]
    figures = [row for row in rows if row.count(" | ") == 8 and row[2].isdigit()]
    entries = [row for row in rows if row.count(" | ") == 5 and "「" in row]
    assert (len(figures), len(entries)) == (len(result.figures), len(result.inconsistencies))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (150, "150"), (1050.0944, "1,050.1"), (812.4752, "812.48"), (1 / 7, "0.14286"), (1e7, "10,000,000"),
        (-0.25, "-0.25"), (9.99999999, "10"), (123456, "123,460"),
    ],
)  # fmt: skip
def test_numbers_have_five_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_text_of_the_report_cannot_break_a_table() -> None:
    assert escaped("a|b\n4.6~5.8  *x* <(D)EMS>") == "a\\|b 4.6\\~5.8 \\*x\\* &lt;(D)EMS>"
    assert escaped("7.9 \\text{ 万 t-CO}_2/\\text{年}") == "7.9 万 t-CO 2/ 年"


def test_every_verdict_and_reason_code_is_explained() -> None:
    assert set(schema.Verdict.__args__) <= {key.removeprefix("audit.") for key in texts()}
    assert set(schema.ReasonCode.__args__) <= {key.removeprefix("programmes.") for key in texts()}


# ---- texts of generated pages


def test_texts_of_pages_are_in_both_languages_with_the_same_fields_and_columns() -> None:
    for key, both in texts().items():
        assert set(both) == set(LANGUAGES) and all(one.strip() for one in both.values()), key
        assert len({frozenset(re.findall(r"\{(\w+)\}", one)) for one in both.values()}) == 1, key
        assert len({one.count(" | ") for one in both.values()}) == 1, key


def test_no_text_of_a_page_is_left_over() -> None:
    code = "".join(text_of(path) for path in [*(ROOT / "tests").glob("*_page*.py"), ROOT / "tests/markdown.py"])
    named = {*schema.Verdict.__args__, *schema.ReasonCode.__args__, *schema.Metric.__args__}
    for key in texts():
        page, _, name = key.partition(".")
        assert re.search(rf"""["']({key}|{name})["']""", code) or name == "start" or name in named, key
        assert name == "start" or f'"{page}.' in code or f"f'{page}." in code, key


def cells_of(text: str) -> list[list[str]]:
    """The rows of every table of a page."""
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("page", docs.BOTH)
def test_a_page_has_the_same_headings_rows_and_numbers_in_both_languages(page: str) -> None:
    english, japanese = (text_of(DOCS / place(page, lang)) for lang in ("en", "ja"))
    assert re.findall("^#+ ", japanese, re.MULTILINE) == re.findall("^#+ ", english, re.MULTILINE)
    assert list(map(len, cells_of(japanese))) == list(map(len, cells_of(english)))
    for mine, other in zip(chain(*cells_of(japanese)), chain(*cells_of(english)), strict=True):
        assert mine.removesuffix("年") == other or not NUMBER.fullmatch(other)


# ---- pages by hand


def test_every_key_of_a_page_is_explained() -> None:
    said = set(re.findall(r"\w+", " ".join(_CODE.findall(text_of(DOCS / "reading-a-page.md")))))
    keys = {field.alias or name for record in RECORDS for name, field in record.model_fields.items()}
    assert keys - said == set()


def test_every_module_has_its_paragraph() -> None:
    said = re.findall(r"^\*\*`(\w+)`\*\*: ", text_of(DOCS / "architecture.md"), re.MULTILINE)
    assert sorted(said) == sorted(set().union(*LAYERS))
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert set(said) == there - {"__init__"}


def test_decisions_are_numbered_and_whole() -> None:
    paths = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in paths] == list(range(1, len(paths) + 1))
    for path in paths:
        assert text_of(path).startswith(f"# {path.name[:4]} ")
        parts = re.findall(r"^\*\*(\w+)\.\*\*", text_of(path), re.MULTILINE)
        assert parts == ["Context", "Choice", "Rejected", "Consequence"], path.name


# ---- the example of a programme outside the package


def test_the_example_has_the_files_that_it_draws() -> None:
    page = DOCS / "add-a-programme.md"
    drawn = set(re.findall(r"[\w/]+\.(?:toml|py)", blocks(page, "text")[0]))
    files = [block.splitlines()[0] for block in [*blocks(page, "toml"), *blocks(page, "python")]]
    assert {one.removeprefix("# study/") for one in files} == drawn


# ---- README.md


@pytest.mark.parametrize("path", docs.READMES.values(), ids=lambda path: path.name)
def test_readme_opens_with_the_two_commands(path: Path) -> None:
    commands = [line.split("#")[0].strip() for line in blocks(path, "sh")[0].splitlines()]
    assert commands == ["make run", "make test"]
    targets = re.findall(r"^(\w+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert {command.split()[1] for command in commands} <= set(targets)


@pytest.mark.parametrize("lang", docs.READMES)
def test_readme_shows_a_run_of_the_scenario_as_it_is(lang: str) -> None:
    said = docs.CARD[lang].format(digest=load("framework_2023_11").digest, version=ctsim.__version__)
    assert f"{said}\n<!-- end run -->" in text_of(docs.READMES[lang]), "run it again: python -m tests.docs --readme run"


def test_both_readmes_say_the_same_and_link_to_the_same_three_pages() -> None:
    english, japanese = (text_of(path) for path in docs.READMES.values())
    assert re.findall("^result_digest .*", english, re.MULTILINE) == re.findall(
        "^result_digest .*", japanese, re.MULTILINE
    )
    assert len(re.findall("^## ", english, re.MULTILINE)) == len(re.findall("^## ", japanese, re.MULTILINE))
    named = [re.findall(r"^- \*\*\[.*?\]\((.*?)\)", text, re.MULTILINE) for text in (english, japanese)]
    assert [one.replace(".ja.md", ".md") for one in named[1]] == named[0] and len(named[0]) == 3


def test_pictures_are_small() -> None:
    assert {path.name for path in (DOCS / "images").iterdir()} == {
        *docs.PICTURES,
        "convergence.png",
        *(f"{name}.{lang}.png" for name in ("report", "brief", "workbook") for lang in ("ja", "en")),
    }
    assert all(path.stat().st_size < 300_000 for path in (DOCS / "images").iterdir())


OUTPUT = """\
CO2 reduction: units supported

  no.   programme   when     unit
 ────────────────────────────────
    5   Ships       2030     Mt
   19   Cars        FY2023   Mt
   20   Trucks      FY2024   Mt

CO2 reduction: plants supported

  no.   programme   when     unit
 ────────────────────────────────
   16   Chips       one      Mt

· the report's own sum
A, 1,024 draws, seed 0.
result_digest 00
"""


def test_left_out_rows_are_marked() -> None:
    kept = docs.abbreviated(OUTPUT).splitlines()
    assert kept == [
        "CO2 reduction: units supported", "  no.   programme   when     unit", " ────────────────────────────────",
        "   …", "   19   Cars        FY2023   Mt", "   20   Trucks      FY2024   Mt", "   …",
        "A, 1,024 draws, seed 0.", "result_digest 00",
    ]  # fmt: skip


def test_content_goes_between_its_markers() -> None:
    text = "a\n<!-- x -->\nold\n<!-- end x -->\nb\n"
    assert docs.put_between(text, "x", "new\n") == "a\n<!-- x -->\nnew\n<!-- end x -->\nb\n"
