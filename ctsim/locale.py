"""Texts in Japanese and English: what figures and reports say, in the words of the report.

The texts are data (`locale.toml`, one table a subject); nothing falls back from one language to the other.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("ja", "en")

_LABELS: Final = (
    (re.compile(r"(?P<year>\d{4})"), "when.year"),
    (re.compile(r"FY(?P<year>\d{4})"), "when.fiscal_year"),
    (re.compile(r"(?P<year>\d{4}) cumulative"), "when.cumulative"),
    (re.compile(r"FY(?P<year>\d{4}) operating"), "when.fiscal_year_operating"),
    (re.compile(r"(?P<first>\d{4})-(?P<last>\d{4})"), "when.span"),
)
"""Labels of figures that hold a year, and the text each kind is said with."""


class UnknownTextError(KeyError):
    """There is no text of a name, or none of it in a language."""

    def __str__(self) -> str:
        return str(self.args[0])


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Every text by dotted key, then by language."""
    data: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {f"{table}.{name}": said for table, entries in data.items() for name, said in entries.items()}


def text(key: str, lang: str, **values: object) -> str:
    """The text `key` in `lang`, with `{name}` fields filled from `values`. UnknownTextError for what is not there."""
    if key not in texts():
        raise UnknownTextError(f"no text '{key}'")
    if lang not in texts()[key]:
        raise UnknownTextError(f"no text '{key}' in language '{lang}'")
    return texts()[key][lang].format(**values)


def both(key: str, **values: object) -> dict[str, str]:
    """The text `key` by language, for what is kept beside a number in both; so may be what is put into it."""
    return {lang: text(key, lang, **{name: one[lang] if isinstance(one, Mapping) else one
                                     for name, one in values.items()}) for lang in LANGUAGES}  # fmt: skip


def found_again(said: str, table: str) -> tuple[str, dict[str, str]] | None:
    """Which text of a table an English sentence is, with its fields: what a result keeps is said so in a language."""
    for key, pattern in _patterns(table).items():
        if found := pattern.fullmatch(said):
            return key, found.groupdict()
    return None


@cache
def _patterns(table: str) -> Mapping[str, re.Pattern[str]]:
    own = ((key, one["en"]) for key, one in texts().items() if key.startswith(f"{table}."))
    # The longest first: "B is without x" is also how "B is without x, which counts as 0 there" begins.
    said = dict(sorted(own, key=lambda one: -len(re.sub(r"{\w+}", "", one[1]))))
    return {key: re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(one))) for key, one in said.items()}


def words_of(kind: str, names: Iterable[str]) -> dict[str, str]:
    """Words that pages choose from, by language, one after the other."""
    listed = list(names)
    return {lang: text("published.separator", lang).join(word(kind, one, lang) for one in listed) for lang in LANGUAGES}


def heads(subject: str, names: Iterable[str], lang: str) -> list[str]:
    """The columns of a table: texts of one subject."""
    return [text(f"{subject}.{name}", lang) for name in names]


def word(kind: str, name: str, lang: str) -> str:
    """A word that pages choose from ("japan_market"): in English as they spell it, in Japanese as the report does."""
    return text(f"{kind}.{name}", lang) if lang == "ja" and name else name.replace("_", " ")


def reading(name: str, lang: str) -> str:
    """The name of a reading; one from outside the package has no words but its own."""
    key = f"reading.{name}"
    return text(key, lang) if key in texts() else name.replace("_", " ")


def budget(said: str, lang: str) -> str:
    """Budgets as a table prints them (令和5年度当初), in English "FY2023 initial"; other words stay as they are."""
    if lang == "ja":
        return said
    kinds = {text(f"budget.{kind}", "ja"): text(f"budget.{kind}", lang) for kind in ("initial", "supplementary")}
    found = re.sub(rf"令和(\d+)年度({'|'.join(kinds)})", lambda one: f"FY{2018 + int(one[1])} {kinds[one[2]]}", said)
    return found.replace("・", ", ")


def price_year(said: str, lang: str) -> str:
    """The year of prices as a page has it: often that the report states none."""
    return said.replace("unstated", text("period.unstated", lang))


def shapes(said: str, lang: str) -> str:
    """Words that hold distributions, as "normal(1, 0.05)", with their names in a language where that is not English."""
    return said if lang == "en" else re.sub(r"\b([a-z_]+)(?=\()", lambda one: _shape(one[1], lang), said)


def _shape(name: str, lang: str) -> str:
    return text(f"dist.{name}", lang) if f"dist.{name}" in texts() else name


def when(label: str, lang: str) -> str:
    """The label of a figure ("2030", "FY2024 operating", "plan total"); one that no text knows stands as it is.

    Labels are the pages' own, and a page outside the package may have any: that is why this one is not strict.
    """
    for pattern, key in _LABELS:
        if found := pattern.fullmatch(label):
            return text(key, lang, **found.groupdict())
    key = f"when.{re.sub(r'[^A-Za-z0-9]+', '_', label)}"
    return text(key, lang) if key in texts() else label
