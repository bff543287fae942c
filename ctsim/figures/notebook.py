"""Figures and a short table for notebooks: `run.plot.published()`, `run.plot.fans()`, `comparison.plot.changes()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any, Final

from ctsim.errors import InputError
from ctsim.figures import fans, published, waterfall
from ctsim.figures.amounts import as_printed, interval, rounded, scale
from ctsim.figures.rows import METRICS, Row, panels, rows
from ctsim.figures.style import drawing
from ctsim.locale import LANGUAGES, text, when

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_CELL: Final = "padding:.2em .6em;border-bottom:1px solid #d9d9d9;vertical-align:top;"


class Plots:
    """Figures of a result tree for matplotlib: units on every axis, boundaries apart, published figures marked."""

    def __init__(self, tree: xr.DataTree) -> None:
        self._tree = tree

    def published(self, metric: str = "co2_reduction", lang: str = "en") -> Figure:
        """Every published figure beside its interval; raises InputError for a metric or language that is not there."""
        return _drawn(self._tree, published.draw, metric, lang)

    def fans(self, metric: str = "co2_reduction", lang: str = "en") -> Figure:
        """Cells over 2030, 2040 and 2050, a fan for each programme and boundary; raises InputError likewise."""
        return _drawn(self._tree, fans.draw, metric, lang)


class ChangePlots:
    """The figure of a tree of differences for matplotlib: from the mean of A to that of B, change by change."""

    def __init__(self, tree: xr.DataTree) -> None:
        self._tree = tree

    def changes(self, metric: str = "co2_reduction", lang: str = "en") -> Figure:
        """Cells whose mean moves most, a waterfall each; raises InputError likewise, and where no mean moves."""
        return _drawn(self._tree, _changes, metric, lang)


def _changes(tree: Any, metric: str, lang: str) -> Figure:
    found = waterfall.panels(tree, metric)
    if not found:
        raise InputError(f"plot: no mean of '{metric}' moves in this comparison")
    return waterfall.draw(tree, metric, found, lang)


def _drawn(tree: xr.DataTree, draw: Callable[[Any, str, str], Figure], metric: str, lang: str) -> Figure:
    there = [one for one in METRICS if one in tree.children]
    if metric not in there:
        raise InputError(f"plot: no cells of '{str(metric)[:40]}' in this result; it has {', '.join(there) or 'none'}")
    if lang not in LANGUAGES:
        raise InputError(f"plot: no language '{str(lang)[:40]}'; one of {', '.join(LANGUAGES)}")
    with drawing(lang):
        figure = draw(tree, metric, lang)
        figure.draw_without_rendering()  # makes what is made late, while the fonts of the language are set
    return figure


def short_table(tree: xr.DataTree, card: Mapping[str, Any], lang: str = "en") -> str:
    """Published figures that are no parts, with what their formulas give and the interval: HTML, a head a boundary."""
    names = ("programme", "when", "published", "computed", "interval", "unit")
    heads = [text(f"notebook.{name}", lang) for name in names]
    lines = [_row("th", heads)]
    for metric in (one for one in METRICS if one in tree.children):
        for panel, mine in panels(rows(tree, metric)).items():
            whole = [one for one in mine if not one.item[lang]]
            if whole:
                said = published.heading(panel, lang)
                lines.append(f'<tr><th colspan="6" style="{_CELL}text-align:left">{escape(said)}</th></tr>')
                lines += [_row("td", _words(one, lang)) for one in whole]
    title = str(tree.attrs.get("title_ja" if lang == "ja" else "title", ""))
    said = text("notebook.caption", lang, title=title, draws=f"{int(card['draws']):,}", seed=card["seed"],
                digest=str(card["result_digest"])[:12])  # fmt: skip
    return f'<table style="border-collapse:collapse"><caption>{escape(said)}</caption>{"".join(lines)}</table>'


def _words(row: Row, lang: str) -> list[str]:
    amount = scale(row.middle, row.unit, lang)
    low, median, high = (row.quantiles[i] * amount.factor for i in (1, 3, 5))
    ends = "–".join(as_printed(end * amount.factor) for end in dict.fromkeys((row.low, row.high)))
    said = as_printed(median) if row.fixed else interval(low, median, high, row.error * amount.factor)
    computed = "–" if row.reported else rounded(row.computed * amount.factor, 3)
    return [f"{row.number or ''} {row.name[lang]}".strip(), when(row.label, lang), ends, computed,
            said if row.finite else "–", amount.word]  # fmt: skip


def _row(tag: str, words: list[str]) -> str:
    cells = (f'<{tag} style="{_CELL}text-align:{"right" if 2 <= place <= 4 else "left"}">{escape(one)}</{tag}>'
             for place, one in enumerate(words))  # fmt: skip
    return f"<tr>{''.join(cells)}</tr>"
