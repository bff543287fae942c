"""Sheets of numbers of a run: cells, parts and other figures, totals. Each number is that of the result tree."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Final

from ctsim import schema
from ctsim.accounts import money_sums
from ctsim.export.book import Book, Cell, Column, Shown
from ctsim.locale import price_year, text, when
from ctsim.notes import given
from ctsim.printing_totals import money_name
from ctsim.programme import METRICS
from ctsim.report.facts import HIGH, LOW, MEDIAN, Fact, Facts
from ctsim.report.sections import Sections
from ctsim.report.words import Page
from ctsim.totals import totals_of
from ctsim.unit_words import unit_words

OUTER_LOW, OUTER_HIGH = 0.025, 0.975
_WORDS: Final = ("boundary", "scope", "period", "money_kind", "price_year", "price")


def columns(lang: str, *keys: str, wide: Sequence[str] = ()) -> list[Column]:
    """Heads by the keys of their texts; columns of names and reasons are wide, and wrapped."""
    return [Column(text(f"workbook.{key}", lang), 40 if key in wide else 13, key in wide) for key in keys]


def word(table: str, value: str, lang: str) -> str:
    """A word of the schema in the language of the book, "" for none."""
    return text(f"{table}.{value}", lang) if value else ""


def statistics(fact: Fact) -> list[Cell]:
    """Published, computed, median and intervals, mean and what belongs to it: in the unit of the tree."""

    def quantile(share: float) -> Shown:
        return Shown(fact.value("quantiles", share), fact.value("quantiles_mcse", share))

    exceeded = Shown(fact.value("p_at_least_published"), fact.value("p_mcse")) if fact.printed else None
    return [
        fact.value("published_low"), fact.value("published_high"), fact.by_formula,
        *(quantile(share) for share in (MEDIAN, LOW, HIGH, OUTER_LOW, OUTER_HIGH)),
        Shown(fact.value("mean"), fact.value("mcse")), Shown(fact.value("sd"), fact.value("sd_mcse")),
        fact.value("mcse"), exceeded,
    ]  # fmt: skip


STATISTICS: Final = (
    "published_low", "published_high", "computed", "median", "q05", "q95", "q025", "q975", "mean", "sd", "mcse",
    "exceedance",
)  # fmt: skip


def cells_sheet(book: Book, facts: Facts) -> None:
    """Every programme in every year, those without a number with the reason."""
    heads = columns(book.lang, "number", "programme", "name", "metric", "when", "status", *_WORDS, "unit", *STATISTICS,
                    "reason_code", "reason", wide=("programme", "reason"))  # fmt: skip
    rows = [
        [fact.values["programme_number"] or None, fact.said("programme"), fact.name,
         word("metric", fact.metric, book.lang),
         int(fact.when), word("status", fact.word("status"), book.lang), *_words(fact), book.unit(fact.unit),
         *statistics(fact), word("reason_code", fact.word("reason_code"), book.lang), _reason(fact)]
        for fact in facts.cells
    ]  # fmt: skip
    book.sheet("cells").table(0, heads, rows)


def items_sheet(book: Book, facts: Facts) -> None:
    """Parts, figures off the axis of years, and other readings, each beside what it is a part or reading of."""
    heads = columns(book.lang, "name", "what", "item", "metric", "when", "status", *_WORDS, "unit", *STATISTICS,
                    "reason", wide=("name", "item", "reason"))  # fmt: skip
    listed = [("part", one) for one in facts.items if one.finite or one.printed]
    listed += [("off_axis", one) for one in facts.others]
    listed += [("reading", one) for one in facts.readings]
    rows = [
        [fact.name, text(f"workbook.{what}", book.lang), fact.said("item") or fact.said("description"),
         word("metric", fact.metric, book.lang), when(fact.when.partition(".")[0], book.lang),
         word("status", fact.word("status"), book.lang), *_words(fact), book.unit(fact.unit), *statistics(fact),
         _reason(fact) or given(fact.word("why"), fact.lang)]
        for what, fact in listed
    ]  # fmt: skip
    book.sheet("items").table(0, heads, rows)


def left_out_sheet(book: Book, page: Page, there: Container[str]) -> None:
    """What no interval holds, programme by programme of those that are there, as its page says it."""
    heads = columns(book.lang, "number", "programme", "left_out", "direction", "size", "because", "name",
                    wide=("programme", "left_out", "because"))  # fmt: skip
    rows: list[list[Cell]] = [
        [one.number or None, page.names[one.id], getattr(left, f"what_{book.lang}"),
         text(f"direction.{left.direction}", book.lang), text(f"size.{left.size}", book.lang),
         given(left.why, book.lang), one.id]
        for one in page.programmes if one.id in there for left in one.page.unquantified
    ]  # fmt: skip
    book.sheet("left_out").table(0, heads, rows)


def totals_sheet(book: Book, sections: Sections) -> None:
    """Declared totals with their members; below them what has no total, with the reason."""
    heads = columns(book.lang, "group", "name", "metric", "when", "how", "boundary", "money_kind", "unit",
                    "published_low", "published_high", "central", "median", "q05", "q95", "mean", "mcse",
                    "independent_q05", "independent_q95", "members", "reason", "why_added",
                    wide=("group", "members", "reason", "why_added"))  # fmt: skip
    rows = [_total(fact, sections) for fact in sections.facts.totals] + list(_refused(sections))
    rows += [_money(one, value, book.lang) for one, value in money_sums(sections.scenario.totals)]
    book.sheet("totals").table(0, heads, rows)


def _total(fact: Fact, sections: Sections) -> list[Cell]:
    quantiles = [Shown(fact.value("quantiles", one), fact.value("quantiles_mcse", one)) for one in (MEDIAN, LOW, HIGH)]
    free = [Shown(fact.value("independent_quantiles", one), fact.value("independent_quantiles_mcse", one))
            for one in (LOW, HIGH)]  # fmt: skip
    return [
        fact.said("title"), fact.name, word("metric", fact.metric, fact.lang),
        int(fact.when) if fact.when else ", ".join(when(one, fact.lang) for one in fact.word("when").split(", ")),
        text(f"workbook.how_{fact.word('status')}", fact.lang), word("boundary", fact.word("boundary"), fact.lang),
        word("money_kind", fact.word("money_kind"), fact.lang), unit_words(fact.unit, fact.lang),
        fact.value("published_low"), fact.value("published_high"), fact.value("computed"), *quantiles,
        Shown(fact.value("mean"), fact.value("mcse")), fact.value("mcse"), *free,
        sections.members(fact.word("members").split(", ")), _reason(fact), fact.said("why"),
    ]  # fmt: skip


def _money(group: schema.TotalGroup, value: float, lang: str) -> list[Cell]:
    """A sum of the money of issues, in 億円 as printed."""
    members = text("published.separator", lang).join(money_name(name, lang) for name in group.members)
    return [
        getattr(group.title, lang), group.id, "", None, text("workbook.how_sum", lang), "", "",
        unit_words("億円", lang), value, value, *[float("nan")] * 8, members, "", getattr(group.reason, lang),
    ]  # fmt: skip


def _refused(sections: Sections) -> Iterator[list[Cell]]:
    """Sums that lack a member, and groups whose members count the same thing or only stand beside each other."""
    scenario, lang = sections.scenario, sections.lang
    years, no_numbers = list(map(str, sections.card["years"])), [float("nan")] * 10

    def line(group: schema.TotalGroup, name: str, year: str, reason: schema.Bilingual) -> list[Cell]:
        how = text("workbook.how_not_applicable", lang)
        return [getattr(group.title, lang), name, word("metric", group.metric, lang), int(year) if year else None, how,
                word("boundary", group.boundary or "", lang), word("money_kind", group.money_kind or "", lang), "",
                *no_numbers, sections.members(group.members),
                getattr(reason, lang), getattr(group.reason, lang)]  # fmt: skip

    for one in totals_of(scenario.totals, scenario.programmes, years, (*METRICS, "other"), scenario.names):
        if one.reason is not None and one.how == "sum":
            yield line(one.group, one.cell, one.year, one.reason)
    for group in scenario.totals:
        if group.kind in ("overlap", "list"):
            yield line(group, f"{group.id}.{group.metric}", "", group.reason)


def _words(fact: Fact) -> list[Cell]:
    return [price_year(fact.word(name), fact.lang) if name == "price_year" else word(name, fact.word(name), fact.lang)
            for name in _WORDS]  # fmt: skip


def _reason(fact: Fact) -> str:
    """Why there is no number, or how it is derived: in Japanese where the tree has it."""
    return fact.word("reason_ja") if fact.lang == "ja" and fact.word("reason_ja") else fact.word("reason")
