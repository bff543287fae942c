"""A sealed run as one HTML file: everything in it, nothing fetched, readable without JavaScript and on paper."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import jinja2

from ctsim.catalog import load_resolved
from ctsim.choices import view
from ctsim.durable import write_whole
from ctsim.errors import InputError
from ctsim.locale import LANGUAGES, text, when
from ctsim.report import pictures
from ctsim.report.facts import Facts
from ctsim.report.sections import Sections
from ctsim.rundir import SCENARIO, RunDirectory

NEGLIGIBLE: Final = 0.01
"""Monte Carlo error of a mean, as a share of the 90 % interval, below which a page calls it negligible."""


def report(
    directory: str | Path, lang: str = "ja", out: str | Path | None = None, formulas: str | Path | None = None,
) -> Path:  # fmt: skip
    """Write the page of the sealed run in `directory`, to `out` or to DIR/report.<lang>.html; the path is returned.

    `formulas` is the folder of formulas from outside that the run was made with. Raises RunDirectoryError for a run
    that is not whole, InputError where its formulas are not those of today or the file cannot be written.
    """
    if lang not in LANGUAGES:
        raise InputError(f"--lang {lang}: no such language; one of {', '.join(LANGUAGES)}")
    there = RunDirectory(directory)
    card, tree = there.open()
    scenario = view(load_resolved(there.path / SCENARIO, formulas), card)
    path = Path(out) if out is not None else there.path / f"report.{lang}.html"
    content = html(Sections(scenario, Facts(tree, lang), card))
    try:
        write_whole(path, content.encode())
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


def html(sections: Sections, name: str = "page.html") -> str:
    """The page of a run as text."""
    lang = sections.lang
    words = {
        "t": partial(_text, lang), "when": partial(when, lang=lang), "lang": lang, "s": sections,
        "pictures": pictures, "card": sections.card, "facts": sections.facts, "negligible": NEGLIGIBLE,
        "boundary_word": lambda word: text(f"boundary.{word or 'unstated'}", lang),
    }  # fmt: skip
    return _templates().get_template(name).render(words)


def _text(lang: str, key: str, **values: object) -> str:
    return text(key, lang, **values)


@cache
def _templates() -> jinja2.Environment:
    """The templates of the package: everything is escaped, and a name that is not there is an error."""
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["said"] = _said
    return environment


def _said(record: Any, lang: str, name: str = "") -> str:
    """The text of a bilingual record, or of a record with `name_ja` and `name_en`."""
    if isinstance(record, Mapping):
        return str(record[f"{name}_{lang}" if name else lang])
    return str(getattr(record, f"{name}_{lang}" if name else lang))
