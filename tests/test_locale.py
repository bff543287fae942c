"""Texts: in both languages, with the same fields, and strict about what is not there."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

import ctsim
from ctsim import catalog, locale, schema
from ctsim.accounts import Allocation
from ctsim.bought import SECTIONS
from ctsim.report.drivers import DriversPage
from ctsim.report.moves import APART, MOVED, MovesPage
from ctsim.report.sections import Sections
from tests.source import modules

FIELDS = re.compile(r"\{(\w+)\}")


def test_every_text_is_there_in_every_language() -> None:
    missing = [(key, lang) for key, said in locale.texts().items() for lang in locale.LANGUAGES if not said.get(lang)]
    assert missing == []
    assert {lang for said in locale.texts().values() for lang in said} == set(locale.LANGUAGES)


def test_languages_agree_in_fields_and_lines() -> None:
    for key, said in locale.texts().items():
        assert len({frozenset(FIELDS.findall(one)) for one in said.values()}) == 1, key
        assert len({one.count("\n") for one in said.values()}) == 1, key


SPELLINGS = {"ctsim.quotes", "ctsim.figures.style", "ctsim.report.page", "ctsim.naming"}
"""Modules that read Japanese or set its lines: signs and words to look for, no texts."""


def test_no_sentence_is_written_into_code() -> None:
    """What a user reads in Japanese stands in `locale.toml` beside its English, or in a file of the library."""
    found = []
    for module in modules():
        said = {id(node.body[0].value) for node in ast.walk(module.tree) if _has_docstring(node)}
        found += [
            f"{module.name}:{node.lineno}"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
            and re.search("[ぁ-ん]", node.value)
        ]  # fmt: skip
    assert [one for one in found if one.partition(":")[0] not in SPELLINGS] == []


def _has_docstring(node: ast.AST) -> bool:
    body = getattr(node, "body", None)
    return isinstance(body, list) and bool(body) and isinstance(body[0], ast.Expr)


def test_what_is_not_there_raises() -> None:
    with pytest.raises(KeyError, match=r"no text 'published\.titel'"):
        locale.text("published.titel", "ja")
    with pytest.raises(KeyError, match=r"no text 'published\.axis' in language 'fr'"):
        locale.text("published.axis", "fr")
    with pytest.raises(KeyError):
        locale.text("published.tick", "ja")


def test_no_text_is_left_over() -> None:
    """Keys that code names in full are there; keys of [published] and [unit] are all named."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in Path(ctsim.__file__).parent.rglob("*.py"))
    for key in locale.texts():
        table, _, name = key.partition(".")
        if table in ("published", "unit"):
            stem = name.split("_")[0]
            assert f'"{key}"' in source or f'"published.{stem}_{{' in source, key


@pytest.mark.parametrize(
    ("table", "words"), [("boundary", schema.Boundary.__args__), ("money_kind", schema.MoneyKind.__args__)]
)
def test_every_word_of_the_schema_has_a_text(table: str, words: tuple[str, ...]) -> None:
    for word in (*words, "mixed", "unstated"):
        assert f"{table}.{word}" in locale.texts()


TEMPLATES = "\n".join(
    path.read_text(encoding="utf-8") for path in (Path(ctsim.__file__).parent / "report" / "templates").glob("*.html")
)
CODE = "\n".join(path.read_text(encoding="utf-8") for path in Path(ctsim.__file__).parent.rglob("*.py"))
PAGES = (Sections, MovesPage, DriversPage)
GLOSSARY = sorted({word for page in PAGES for word in page.glossary})
MADE_OF_NAMES = ("section_", "title_", "side_", "yen_", "refinanced_", *GLOSSARY)
"""Keys of pages that templates make of the name of a section, a page, a column or a word."""


def test_every_text_that_a_template_names_is_there() -> None:
    named = set(re.findall(r"""\bt\("([a-z_0-9]+\.[a-z_0-9]+)"[,)]""", TEMPLATES))
    assert len(named) > 80
    assert named - locale.texts().keys() == set()


def test_no_text_of_the_page_is_left_over() -> None:
    for key in locale.texts():
        table, _, name = key.partition(".")
        if table in ("report", "brief") and not name.startswith((*MADE_OF_NAMES, "box_", "assumes_")):
            assert f'"{key}"' in TEMPLATES or f'"{key}"' in CODE, key


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("metric", get_args(schema.Metric)), ("reason_code", get_args(schema.ReasonCode)),
        ("period", (*get_args(schema.Period), "mixed")), ("scope", (*get_args(schema.Scope), "mixed")),
        ("timing", get_args(schema.Timing)), ("kind", get_args(schema.Kind)), ("basis", get_args(schema.Basis)),
        ("verdict", get_args(schema.Verdict)), ("dist", get_args(schema.Distribution)),
        ("status", ("published", "reported", "pathway", "carried", "not_applicable")),
        ("direction", get_args(schema.Unquantified.model_fields["direction"].annotation)),
        ("size", get_args(schema.Unquantified.model_fields["size"].annotation)),
        ("ledger_kind", get_args(schema.LedgerEntry.model_fields["kind"].annotation)),
        ("report", [f"section_{name}" for page in PAGES for name in page.contents]),
        ("report", [f"title_{page.kind}" for page in PAGES]), ("report", GLOSSARY), ("glossary", GLOSSARY),
        ("report", [f"yen_{name}" for name in SECTIONS]),
        ("workbook", [f"refinanced_{name}" for name in get_args(Allocation.model_fields["refinanced"].annotation)]),
        ("class", get_args(Allocation.model_fields["category"].annotation)),
        ("move", (*MOVED, *APART)),
        ("brief", [f"{stem}_{box}" for box in ("units", "plants", "outlook") for stem in ("box", "assumes")]),
    ],
)  # fmt: skip
def test_every_word_of_a_page_has_a_text(table: str, words: tuple[str, ...]) -> None:
    """The words that pages of programmes choose from: a template makes their keys."""
    assert words and {f"{table}.{word}" for word in words} <= locale.texts().keys()


def test_labels() -> None:
    labels = ("2030", "FY2023", "2032-2041")
    assert [locale.when(label, "ja") for label in labels] == ["2030年", "2023年度", "2032～2041年平均"]
    assert [locale.when(label, "en") for label in labels] == ["2030", "FY2023", "2032–2041 mean"]
    assert locale.when("per t-H2", "ja") == "水素1t当たり"
    assert locale.when("some label of an outside page", "ja") == "some label of an outside page"


def test_every_label_of_the_shipped_pages_is_said_in_japanese() -> None:
    labels = {
        figure.record.when for programme in catalog.load("framework_2023_11").programmes for figure in programme.figures
    }
    assert [label for label in sorted(labels) if locale.when(label, "ja") == label] == []


def test_a_sentence_that_begins_like_another_is_found_as_itself() -> None:
    """What is without a member, and what is without it and counts it as nothing."""
    for key, fields in {"apart.without": {"side": "B", "members": "x, y"},
                        "apart.counts_as_nothing": {"side": "A", "members": "x"}}.items():  # fmt: skip
        assert locale.found_again(locale.text(key, "en", **fields), "apart") == (key, fields)
