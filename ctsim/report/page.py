"""A sealed result as one HTML file: everything in it, nothing fetched, readable without JavaScript and on paper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2.bccache import Bucket, bc_magic

from ctsim.choices import view
from ctsim.durable import write_asked
from ctsim.errors import InputError
from ctsim.kept import keep, recall
from ctsim.locale import LANGUAGES, reading, text, when
from ctsim.notes import given, given_at
from ctsim.report import pictures
from ctsim.report.brief import Brief
from ctsim.report.briefs import DriversBrief, MovesBrief, brief_of
from ctsim.report.drivers import DriversPage
from ctsim.report.facts import Facts
from ctsim.report.moves import MovesPage
from ctsim.report.results import COMPARISON, RUN, SENSITIVITY, Result, in_words, open_beside, open_result
from ctsim.report.sections import Sections
from ctsim.report.words import Page
from ctsim.unit_words import unit_words

NEGLIGIBLE: Final = 0.01
"""Monte Carlo error of a mean, as a share of the 90 % interval, below which a page calls it negligible."""


_JAPANESE: Final = re.compile("[ぁ-んァ-ヶ一-龠]")
_ENGLISH: Final = re.compile("[A-Za-z]{2,} [a-z]{2,}")


def report(
    directory: str | Path, lang: str = "ja", out: str | Path | None = None, formulas: str | Path | None = None,
    *, sensitivity: str | Path | None = None, comparison: str | Path | None = None, brief: bool = False,
) -> Path:  # fmt: skip
    """Write the page of the sealed result in `directory`, to `out` or to DIR/report.<lang>.html; the path is returned.

    The result is a run, a comparison or a sensitivity analysis. With a run, `sensitivity` and `comparison` are
    directories of results about the same scenario. `brief` writes one A4 side (DIR/brief.<lang>.html). `formulas`
    is the folder of formulas from outside that it was made with. Raises RunDirectoryError for a result that is not
    whole or that is about something else, InputError where formulas are not those of today or the file cannot be
    written.
    """
    if lang not in LANGUAGES:
        raise InputError(f"--lang {lang}: no such language; one of {', '.join(LANGUAGES)}")
    found = open_result(directory, formulas)
    with in_words(found):
        content = html(*_made(found, lang, sensitivity, comparison, formulas, brief))
    path = Path(out) if out is not None else found.path / f"{'brief' if brief else 'report'}.{lang}.html"
    write_asked(path, content.encode())
    return path


def _made(
    found: Result, lang: str, sensitivity: str | Path | None, comparison: str | Path | None,
    formulas: str | Path | None, brief: bool,
) -> tuple[Page, str]:  # fmt: skip
    """The page of a result, and the template it is made with."""
    page: Page
    if found.kind == RUN:
        page = run_page(found, lang, sensitivity, comparison, formulas)
        page = Brief(page) if brief else page
    else:
        if sensitivity or comparison:
            raise InputError(f"{found.path}: holds a {found.kind}; --sensitivity and --comparison go with a run")
        of_result = MovesPage(found, lang) if found.kind == COMPARISON else DriversPage(found, lang)
        page = brief_of(of_result) if brief else of_result
    return page, template_of(page)


def template_of(page: Page) -> str:
    """The template that a page is made with."""
    if isinstance(page, MovesBrief | DriversBrief):
        return "brief_result.html"
    return "brief.html" if isinstance(page, Brief) else "page.html"


def run_page(
    run: Result, lang: str, sensitivity: str | Path | None = None, comparison: str | Path | None = None,
    formulas: str | Path | None = None,
) -> Sections:  # fmt: skip
    """What the page of a run is made of, with the results that are given beside it."""
    drives = moves = None
    if sensitivity is not None:
        drives = DriversPage(open_beside(sensitivity, SENSITIVITY, run, formulas), lang, f"{SENSITIVITY}:")
    if comparison is not None:
        moves = MovesPage(open_beside(comparison, COMPARISON, run, formulas), lang, f"{COMPARISON}:")
    chosen = view(run.scenario, run.card)
    return Sections(chosen, Facts(run.tree, lang), run.card, drives, moves, whole=run.scenario)


def html(page: Page, name: str = "page.html") -> str:
    """A page as text."""
    lang = page.lang
    words = {
        "t": partial(_text, lang), "when": partial(when, lang=lang), "lang": lang, "s": page, "pictures": pictures,
        "card": page.card, "negligible": NEGLIGIBLE,
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
        lstrip_blocks=True, bytecode_cache=_Kept(),
    )  # fmt: skip
    environment.filters["said"] = _said
    environment.filters["language"] = _language
    environment.filters["short"] = short
    environment.filters["given"] = given
    environment.filters["unit"] = unit_words
    environment.filters["reading"] = reading
    environment.filters["given_at"] = given_at
    return environment


def _language(words: str) -> str:
    """The language that somebody's own words are in: English, with quotations in it or not, or Japanese."""
    return "ja" if _JAPANESE.search(words) and not _ENGLISH.search(words) else "en"


LONGEST: Final = 90
"""Letters of somebody's words that a brief shows: the page has them whole."""


def short(words: str) -> str:
    """Words cut at a blank or anywhere, with a sign that they were."""
    if len(words) <= LONGEST:
        return words
    cut = words[:LONGEST]
    return f"{cut.rpartition(' ')[0] or cut} …"


class _Kept(jinja2.BytecodeCache):
    """Templates as Python's code between processes: to compile them takes as long as to fill them in."""

    def load_bytecode(self, bucket: Bucket) -> None:
        found = recall("templates", self._key(bucket))
        if found is not None:
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        keep("templates", self._key(bucket), bucket.bytecode_to_string())

    def _key(self, bucket: Bucket) -> str:
        """Of one text of a template, one of this module, one Python and one jinja: bucket.key is of its path only."""
        own = sha256(Path(__file__).read_bytes()).hexdigest()
        return f"{bucket.key} {bucket.checksum} {bc_magic.hex()} {own}"


def _said(record: Any, lang: str, name: str = "") -> str:
    """The text of a bilingual record, or of a record with `name_ja` and `name_en`."""
    if isinstance(record, Mapping):
        return str(record[f"{name}_{lang}" if name else lang])
    return str(getattr(record, f"{name}_{lang}" if name else lang))
