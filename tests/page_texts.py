"""What generated pages say around their data, in both languages: `page_texts.toml`, a table a page."""

import tomllib
from functools import cache
from pathlib import Path


@cache
def texts() -> dict[str, dict[str, str]]:
    """Every text by dotted key, then by language."""
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {f"{page}.{name}": both for page, entries in data.items() for name, both in entries.items()}


def said(key: str, lang: str, **values: object) -> str:
    """A text with its fields filled. KeyError for one that is not there; nothing falls back to the other language."""
    return texts()[key][lang].strip("\n").format(**values)


def heads(key: str, lang: str) -> list[str]:
    """The columns of a table, which stand in one text."""
    return said(key, lang).split(" | ")


def place(page: str, lang: str) -> str:
    """The file of a page of docs/ in a language: `audit.md`, `audit.ja.md`."""
    return f"{page}.md" if lang == "en" else f"{page}.{lang}.md"
