"""docs/audit.md and docs/audit.ja.md: every published figure beside its computed one, and the ledger."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import get_args

from ctsim import schema
from ctsim.audit import Audit, AuditFigure, audit
from ctsim.locale import text, when, word
from ctsim.notes import given, given_at
from tests.markdown import Row, escaped, name_of, number, programmes, start, table
from tests.page_texts import heads, said

METRIC_NAMES = {"co2_reduction": "CO₂ reduction", "economic_effect": "economic effect", "other": "other"}
VERDICTS: tuple[str, ...] = get_args(schema.Verdict)


@cache
def audited() -> Audit:
    """The audit of the report as it stands."""
    return audit()


def audit_page(lang: str) -> str:
    """The table of figures and the ledger of inconsistencies, with their totals."""
    result = audited()
    figures = table(heads("audit.figures", lang), figure_rows(result.figures, lang), right=(0, 5, 6))
    parts = [
        start("audit", lang), said("audit.totals", lang), _totals(result, lang), said("audit.published", lang), figures,
        _ledger_start(result.inconsistencies, lang), *_ledger(result.inconsistencies, lang),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _totals(result: Audit, lang: str) -> str:
    counts = Counter(figure.verdict for figure in result.figures)
    computable = sum(figure.computed is not None for figure in result.figures)
    rows = [[word("verdict", one, lang), said(f"audit.{one}", lang), str(counts[one])] for one in VERDICTS]
    apart = [figure for figure in result.figures if figure.verdict not in ("reproduced", "no_formula")]
    names = [f"{programmes()[one.programme].number} {_what(one, lang)} ({word('verdict', one.verdict, lang)})"
             for one in apart]  # fmt: skip
    return said(
        "audit.counts", lang, figures=len(result.figures), computable=computable, entries=len(result.inconsistencies),
        others=len(result.figures) - computable, verdicts=table(heads("audit.verdicts", lang), rows, right=(2,)),
        apart=text("published.separator", lang).join(names),
    )  # fmt: skip


def _what(figure: AuditFigure, lang: str) -> str:
    if lang == "en":
        item = f", {figure.item.replace('_', ' ')}" if figure.item else ""
        return f"{METRIC_NAMES[figure.metric]} {figure.when}{item}"
    parts = (text(f"metric.{figure.metric}", lang), when(figure.when, lang), figure.item_ja)
    return " ".join(part for part in parts if part)


def figure_rows(figures: Iterable[AuditFigure], lang: str) -> Iterator[Row]:
    """A row for each figure; the name of a programme stands at its first."""
    before = ""
    for figure in figures:
        programme = programmes()[figure.programme]
        name = "" if figure.programme == before else name_of(programme, lang)
        before = figure.programme
        difference = "" if figure.relative_difference is None else f"{100 * figure.relative_difference:+.1f} %"
        yield [
            str(programme.number), name, _what(figure, lang), figure.unit, _printed(figure, lang),
            _computed(figure, lang), difference, word("verdict", figure.verdict, lang), _readings(figure, lang),
        ]  # fmt: skip


def _range(low: float, high: float, lang: str) -> str:
    return number(low) if low == high else said("audit.range", lang, low=number(low), high=number(high))


def _printed(figure: AuditFigure, lang: str) -> str:
    value = _range(figure.published_low, figure.published_high, lang)
    places = ", ".join(dict.fromkeys(given_at(one.partition(": ")[0], lang) for one in figure.printings))
    return f"**{value}**<br>「{escaped(figure.as_printed)}」<br>{places}"


def _computed(figure: AuditFigure, lang: str) -> str:
    low, middle, high = figure.computed_low, figure.computed, figure.computed_high
    if low is None or middle is None or high is None:
        return ""
    between = "" if low == high else said("audit.middle", lang, value=number(middle))
    return f"{_range(low, high, lang)}{between}"


def _readings(figure: AuditFigure, lang: str) -> str:
    pages = {one.name: one for one in programmes()[figure.programme].page.reading}
    shown = []
    for one in figure.readings:
        gives = said("audit.gives", lang) if one.gives_published else ""
        shown.append(f"**{number(one.computed)}** {escaped(getattr(pages[one.name].description, lang))} "
                     f"(`{one.name}`){gives}")  # fmt: skip
    return "<br>".join(shown)


def _ledger_start(entries: Sequence[schema.LedgerEntry], lang: str) -> str:
    kinds = ", ".join(f"{word('ledger_kind', kind, lang)} {count}"
                      for kind, count in Counter(one.kind for one in entries).most_common())  # fmt: skip
    return said("audit.ledger", lang, kinds=kinds)


def _ledger(entries: Sequence[schema.LedgerEntry], lang: str) -> Iterator[str]:
    titles = {key: f"{one.number} {name_of(one, lang)}" for key, one in programmes().items()}
    groups: dict[str | None, str] = {**titles, None: text("report.whole_report", lang)}
    for key, title in groups.items():
        if mine := [one for one in entries if one.programme == key]:
            yield from (f"### {title}", ledger_table(mine, lang))


def ledger_table(entries: Iterable[schema.LedgerEntry], lang: str) -> str:
    """Entries with place, words, what follows from them and why that matters."""
    rows = [[escaped(cell) for cell in (
        given_at(one.where, lang), f"「{one.quote}」",
        *(given(said, lang) for said in (one.printed, one.computed, one.why)), word("ledger_kind", one.kind, lang),
    )] for one in entries]  # fmt: skip
    return table(heads("audit.entries", lang), rows)
