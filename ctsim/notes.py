"""Notes of the library in Japanese: pages, studies and the ledger give their reasons in English (`notes_ja.toml`).

Results, resolved scenarios, cards and digests keep the English sentence; only what a reader is shown is looked up here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Final

from ctsim.locale import found_again, text

FILE: Final = "notes_ja.toml"
_CHART: Final = re.compile(r"\bcharts? (?=\d)")


def given(said: str, lang: str) -> str:
    """A note in Japanese where that is asked for and the library has it; any other one stays as somebody wrote it.

    The reason of a spread that takes its shape from a class, "reason [reason of the class]", has two sentences.
    """
    if lang != "ja" or not said:
        return said
    known = japanese()
    if said in known:
        return known[said]
    if own := found_again(said, "given"):
        return text(own[0], lang, **own[1])
    own_words, bracket, of_class = said.removesuffix("]").rpartition(" [")
    if bracket and said.endswith("]") and of_class in known:
        return f"{given(own_words, lang)} [{known[of_class]}]"
    return said


def given_at(where: str, lang: str) -> str:
    """A place of a document as readers of a language call it: "chart 9" is 図表9; of several, one after the other."""
    return where if lang != "ja" else given(_CHART.sub(text("given.chart", lang), where), lang)


@cache
def japanese() -> Mapping[str, str]:
    """Every note of the shipped library that is in English, and its Japanese."""
    from ctsim.library import library_root

    tables = tomllib.loads((library_root() / FILE).read_text(encoding="utf-8"))
    return {note: said for notes in tables.values() for note, said in notes.items()}
