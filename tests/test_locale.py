"""Texts: in both languages, with the same fields, and strict about what is not there."""

import re
from pathlib import Path

import pytest

import ctsim
from ctsim import catalog, locale, schema

FIELDS = re.compile(r"\{(\w+)\}")


def test_every_text_is_there_in_every_language() -> None:
    missing = [(key, lang) for key, said in locale.texts().items() for lang in locale.LANGUAGES if not said.get(lang)]
    assert missing == []
    assert {lang for said in locale.texts().values() for lang in said} == set(locale.LANGUAGES)


def test_languages_agree_in_fields_and_lines() -> None:
    for key, said in locale.texts().items():
        assert len({frozenset(FIELDS.findall(one)) for one in said.values()}) == 1, key
        assert len({one.count("\n") for one in said.values()}) == 1, key


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
