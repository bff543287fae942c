"""Notes of the shipped library beside their Japanese: `python -m tests.notes` lists what is missing or stale."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ctsim
from ctsim.library import library_root
from ctsim.notes import FILE, japanese

KEYS = {"reason", "why", "computed", "printed", "note", "exchange_rate_note", "trl_now", "trl_target", "by", "title",
        "publisher", "where"}  # fmt: skip
"""Keys of pages, studies, classes, sources and the ledger that hold somebody's words in one language."""
WORD = re.compile(r"(?<![A-Za-z0-9/_.*-])(?:[a-z]{2,}|[A-Z][a-z]+|[a-z](?= [a-z]))(?![A-Za-z0-9/_-]|\.\w)")
"""A word of an English sentence: no sign, unit, identifier or option."""
NUMBERED = re.compile(r"(?:Annex|chart) \d+")
"""Places that are called alike in every document."""
FORMULAS = Path(ctsim.__file__).parent / "formulas"
UNITS = {"kg", "km", "kl", "kt", "Mt", "ha", "yr"}


def is_english(said: str) -> bool:
    """Whether a note has words that a Japanese reader needs in Japanese."""
    return bool(set(WORD.findall(said)) - UNITS)


def files() -> list[Path]:
    """The files that people write notes in: those of the library, and formulas, whose equations have words."""
    library = [path for path in library_root().rglob("*.toml") if path.name not in (FILE, "coordinates.toml")]
    formulas = FORMULAS.glob("[a-z]*.py")
    return [*sorted(library), *(path for path in sorted(formulas) if notes(path))]


def notes(path: Path) -> list[str]:
    """Every English note of a file, each once."""
    content = path.read_text(encoding="utf-8")
    told = _equations(ast.parse(content)) if path.suffix == ".py" else _told(tomllib.loads(content))
    return list(dict.fromkeys(filter(is_english, told)))


def _equations(module: ast.Module) -> Iterator[str]:
    for one in module.body:
        if isinstance(one, ast.FunctionDef) and not one.name.startswith("_"):
            yield (ast.get_docstring(one) or "").partition("\n")[0]


def _told(said: Any, key: str = "") -> Iterator[str]:
    if isinstance(said, dict):
        for name, one in said.items():
            yield from _told(one, name)
    elif isinstance(said, list):
        for one in said:
            yield from _told(one, key)
    elif isinstance(said, str) and key in KEYS and not (key == "where" and NUMBERED.fullmatch(said)):
        yield said


def group(path: Path) -> str:
    """The table of the file of notes that a file of the library has: its place without the ending."""
    root = library_root() if path.suffix == ".toml" else FORMULAS.parent
    return path.relative_to(root).with_suffix("").as_posix()


def missing() -> dict[str, list[str]]:
    """By file: notes without Japanese."""
    found = {group(path): [one for one in notes(path) if one not in japanese()] for path in files()}
    return {name: some for name, some in found.items() if some}


def stale() -> dict[str, list[str]]:
    """By table: Japanese of notes that their file no longer has."""
    there = {group(path): set(notes(path)) for path in files()}
    tables = tomllib.loads((library_root() / FILE).read_text(encoding="utf-8"))
    found = {name: [one for one in table if one not in there.get(name, ())] for name, table in tables.items()}
    return {name: some for name, some in found.items() if some}


if __name__ == "__main__":
    for title, found in (("without Japanese", missing()), ("stale", stale())):
        for name, some in found.items():
            print(f"{name}, {title}:", *some, sep="\n  ")
