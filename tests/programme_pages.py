"""The page of a programme on the site: what is printed, equations, parameters, computed values, readings, limits."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

from ctsim.equations import formula_place
from ctsim.locale import LANGUAGES, text, when, word
from ctsim.notes import given, given_at
from ctsim.printing import spread_words
from ctsim.programme import METRICS, YEARS, Parameter, Programme
from ctsim.schema import Bilingual
from tests.audit_page import audited, figure_rows, ledger_table
from tests.cells_page import SCENARIO
from tests.markdown import escaped, name_of, number, programmes, table
from tests.mathml import equation, sign
from tests.page_texts import heads, place, said
from tests.runs import scenario


@cache
def programme_pages() -> dict[str, str]:
    """Every page by its file on the site: one in English and one in Japanese for each programme."""
    return {place(name, lang): programme_page(one, lang) for name, one in programmes().items() for lang in LANGUAGES}


def programme_page(programme: Programme, lang: str) -> str:
    """The whole page of one programme."""
    head = programme.page.programme
    where = said("programme.annex", lang, number=head.annex) if head.annex else (
        said("programme.chapter", lang, number=head.chapter))  # fmt: skip
    start = said("programme.start", lang, title=f"{programme.number} {name_of(programme, lang)}", id=programme.id,
                 kind=text(f"kind.{head.kind}", lang).capitalize(), place=where,
                 other=place(programme.id, "en" if lang == "ja" else "ja"))  # fmt: skip
    sections = {
        "published": _figures(programme, lang), "against": _counterfactuals(programme, lang),
        "equations": _equations(programme, lang, readings=False), "parameters": _parameters(programme, lang),
        "cells": _cells(programme, lang),
        "readings": [*_readings(programme, lang), *_equations(programme, lang, readings=True)],
        "limits": _limits(programme, lang), "supported": _outputs(programme, lang), "ledger": _ledger(programme, lang),
    }  # fmt: skip
    parts = [start, ""]
    for name, lines in sections.items():
        parts += [f"## {said(f'programme.{name}', lang)}", "", *lines, ""] if lines else []
    return "\n".join(parts).rstrip() + "\n"


def _figures(programme: Programme, lang: str) -> list[str]:
    mine = [one for one in audited().figures if one.programme == programme.id]
    head = heads("audit.figures", lang)[2:-1]
    return [table(head, (row[2:-1] for row in figure_rows(mine, lang)), right=(3, 4))] if mine else []


def _both(words: Bilingual, lang: str) -> str:
    """Words of a page: on the English page in both languages, since the report's are Japanese."""
    return escaped(words.ja) if lang == "ja" else f"{escaped(words.ja)}<br>{escaped(words.en)}"


def _counterfactuals(programme: Programme, lang: str) -> list[str]:
    found: dict[str, list[str]] = {}
    for figure in programme.figures:
        record = figure.record
        if record.counterfactual is not None:
            words = record.counterfactual
            line = _both(words, lang) + (f"<br>「{escaped(words.quote)}」" if words.quote else "")
            found.setdefault(line, []).append(record.when if lang == "en" else when(record.when, lang))
    return [f"- {', '.join(dict.fromkeys(labels))}: {line}" for line, labels in found.items()]


def _symbols(programme: Programme) -> dict[str, str]:
    """Signs of the parameters that have one; the name goes with it where others have the same."""
    found = {name: _symbol(one) for name, one in programme.parameters.items() if _symbol(one)}
    often = Counter(found.values())
    return {name: sign(symbol, name if often[symbol] > 1 else "") for name, symbol in found.items()}


def _symbol(parameter: Parameter) -> str:
    return parameter.symbol or parameter.record.symbol or ""


def _equations(programme: Programme, lang: str, *, readings: bool) -> list[str]:
    steps = [one for one in scenario(SCENARIO).binding.steps if one.figure.programme == programme.id and one.function]
    found: dict[object, list[str]] = {}
    for step in steps:
        if bool(step.reading) == readings:
            name = step.reading or step.figure.key.partition(".")[2]
            found.setdefault(step.function, []).append(f"`{name}`")
    lines = []
    for function, names in found.items():
        assert callable(function)
        words = escaped(given((function.__doc__ or "").strip().partition("\n")[0], lang))
        lines += [
            f"{', '.join(dict.fromkeys(names))}: {words}",
            "",
            f"<div>{equation(function, _symbols(programme))}</div>",
            "",
        ]
        lines += [f"`{formula_place(function)}`", ""]
    return lines


def _parameters(programme: Programme, lang: str) -> list[str]:
    rows = [_parameter_row(name, one, lang) for name, one in programme.parameters.items()]
    return [table(heads("programme.parameter_head", lang), rows)] if rows else []


def _parameter_row(name: str, parameter: Parameter, lang: str) -> list[str]:
    record = parameter.record
    printed = [record.as_printed] if isinstance(record.as_printed, str) else list(record.as_printed or ())
    reasons = dict.fromkeys(given(one.reason, lang) for one in parameter.spreads.values())
    symbol = _symbol(parameter)
    source = ""
    if record.source:
        source = given_at(record.source.where, lang)
        source += f"<br>「{escaped(record.source.quote)}」" if record.source.quote else ""
    return [
        f"{symbol} `{name}`" if symbol else f"`{name}`", "<br>".join(map(escaped, printed)), _values(parameter),
        escaped(parameter.unit), escaped(spread_words(parameter, lang)), escaped("; ".join(reasons)),
        source or text("report.not_in_report", lang),
    ]  # fmt: skip


def _values(parameter: Parameter) -> str:
    """The value with all its digits, a range with both ends, by year."""
    shown = []
    for year in parameter.years:
        ends = dict.fromkeys(f"{end:,.12g}" for end in parameter.ends(year))
        shown.append(f"{year}: {'–'.join(ends)}" if year else "–".join(ends))
    return "<br>".join(shown)


def _cells(programme: Programme, lang: str) -> list[str]:
    rows = []
    for metric in METRICS:
        for year in YEARS:
            cell = programme.cell(metric, year)
            why = cell.reason or (cell.figures[0].words if cell.figures else None)
            status = f"`{cell.reason_code}`" if cell.reason_code else f"**{word('status', cell.status, lang)}**"
            rows.append([word("metric", metric, lang), year, status, _both(why, lang) if why else ""])
    return [table(heads("programme.cell_head", lang), rows), "", said("programme.intervals", lang)]


def _readings(programme: Programme, lang: str) -> list[str]:
    rows = [
        [f"`{one.name}`", "<br>".join(_given(programme, one.name, lang)) or said("programme.not_printed", lang),
         _both(one.description, lang), escaped(given(one.reason, lang))]
        for one in programme.page.reading
    ]  # fmt: skip
    return [table(heads("programme.reading_head", lang), rows), ""] if rows else []


def _given(programme: Programme, name: str, lang: str) -> Iterator[str]:
    """What a reading gives for each published figure that it is of."""
    for figure in audited().figures:
        for one in figure.readings if figure.programme == programme.id else ():
            if one.name == name:
                same = said("programme.same", lang) if one.gives_published else ""
                yield f"{figure.key.partition('.')[2]}: **{number(one.computed)}** {escaped(figure.unit)}{same}"


def _limits(programme: Programme, lang: str) -> list[str]:
    rows = [
        [_both(Bilingual(ja=one.what_ja, en=one.what_en), lang), text(f"direction.{one.direction}", lang),
         word("size", one.size, lang), escaped(given(one.why, lang))]
        for one in programme.page.unquantified
    ]  # fmt: skip
    return [table(heads("programme.limit_head", lang), rows)] if rows else []


def _outputs(programme: Programme, lang: str) -> list[str]:
    page = programme.page
    lines = [f"- {one.indicator_ja if lang == 'ja' else f'{one.indicator_ja} / {one.indicator_en}'}: {one.value:,g} "
             f"({given_at(one.where, lang)}: 「{escaped(one.as_printed)}」)" for one in page.output]  # fmt: skip
    if (ready := page.readiness) is not None:
        known = {"trl_now": ready.trl_now, "trl_target": ready.trl_target, "trl_by": ready.by, "as_of": ready.as_of}
        shown = "; ".join(f"{text(f'report.{name}', lang)}: {escaped(given(str(value), lang))}"
                          for name, value in known.items() if value)  # fmt: skip
        lines.append(f"- {shown} ({given_at(ready.where, lang)}: 「{escaped(ready.quote)}」)")
    return lines


def _ledger(programme: Programme, lang: str) -> list[str]:
    mine = [one for one in audited().inconsistencies if one.programme == programme.id]
    return [ledger_table(mine, lang)] if mine else []
