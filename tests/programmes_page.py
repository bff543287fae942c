"""docs/programmes.md and docs/programmes.ja.md: whose effect the figures are, and which cells have a number."""

from typing import get_args

from ctsim import schema
from ctsim.locale import when, word
from ctsim.programme import METRICS, YEARS, Programme
from tests.markdown import Row, name_of, programmes, start, table
from tests.page_texts import heads, said


def programmes_page(lang: str) -> str:
    """Every programme with boundary, period and the status of its six cells."""
    parts = [start("programmes", lang)]
    for metric in (*METRICS, "other"):
        shown = [one for one in programmes().values() if metric in METRICS or _labels(one, metric, lang)]
        rows = [_cell_row(programme, metric, lang) for programme in shown]
        parts += [f"## {said(f'programmes.{metric}', lang)}", table(heads("programmes.cells", lang), rows, right=(0,))]
    codes = [[f"`{code}`", said(f"programmes.{code}", lang)] for code in get_args(schema.ReasonCode)]
    parts += [f"## {said('programmes.reason_codes', lang)}", table(heads("programmes.codes", lang), codes)]
    return "\n\n".join(parts) + "\n"


def _cell_row(programme: Programme, metric: str, lang: str) -> Row:
    link = f"[{name_of(programme, lang)}](../scenarios/programmes/{programme.id}.toml)"
    figures = [figure.record for figure in programme.figures if figure.record.metric == metric]
    boundaries = dict.fromkeys(word("boundary", one.boundary or "", lang) for one in figures)
    periods = dict.fromkeys(word("period", one.period, lang) for one in figures)
    statuses = [_status(programme, metric, year, lang) for year in YEARS] if metric in METRICS else [""] * len(YEARS)
    return [
        str(programme.number), link, ", ".join(boundaries), ", ".join(periods), *statuses,
        "; ".join(_labels(programme, metric, lang)),
    ]  # fmt: skip


def _status(programme: Programme, metric: str, year: str, lang: str) -> str:
    cell = programme.cell(metric, year)
    return f"`{cell.reason_code}`" if cell.reason_code else f"**{word('status', cell.status, lang)}**"


def _labels(programme: Programme, metric: str, lang: str) -> list[str]:
    """What is printed off the year axis: under a label, cumulative, per unit, for reference."""
    here = [figure.record.when for figure in programme.other_figures() if figure.record.metric == metric]
    return list(dict.fromkeys(here if lang == "en" else (when(one, lang) for one in here)))
