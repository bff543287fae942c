"""What generated pages share: Markdown tables, numbers, names of programmes and words of the schema by language."""

from collections.abc import Iterable, Sequence
from functools import cache

from ctsim.catalog import load
from ctsim.programme import Programme
from ctsim.quotes import without_markup
from tests.page_texts import place, said

DIGITS = 5
Row = Sequence[str]


def escaped(words: str) -> str:
    """Text that Markdown shows as it is, in one line of a table."""
    plain = without_markup(words) if "\\" in words else words
    plain = " ".join(plain.split()).replace("\\", "\\\\").replace("<", "&lt;")
    for sign in "|*_~$`[]":
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def table(head: Row, rows: Iterable[Row], right: Sequence[int] = ()) -> str:
    """A Markdown table; the columns in `right` are set to the right."""
    rule = ["--:" if column in right else "---" for column in range(len(head))]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join(rule) + "|", *lines[1:]])


def number(value: float) -> str:
    """Five significant digits at most, no exponent, no trailing zeros."""
    if value == 0:
        return "0"
    places = DIGITS - 1 - int(f"{abs(value):e}".split("e")[1])
    digits = f"{round(value, places):,.{max(places, 0)}f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def start(page: str, lang: str, **values: object) -> str:
    """How a page of docs/ begins, with the link to its other language."""
    other = place(page, "en" if lang == "ja" else "ja")
    return said(f"{page}.start", lang, generated=said("page.generated", lang, other=other), **values)


def name_of(programme: Programme, lang: str) -> str:
    """In Japanese the report's name, in English both."""
    return programme.name_ja if lang == "ja" else f"{programme.name_ja} / {programme.name_en}"


@cache
def programmes() -> dict[str, Programme]:
    """The shipped programmes by id, in the report's order."""
    return {programme.id: programme for programme in load("framework_2023_11").programmes}
