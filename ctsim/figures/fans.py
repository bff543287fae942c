"""Cells over the years: a fan for each programme and boundary, every one on axes of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from ctsim.figures.amounts import as_printed, scale
from ctsim.figures.published import heading
from ctsim.figures.rows import BOUNDARIES, METRICS, MONEY_KINDS, QUANTILES, tidy
from ctsim.figures.style import BLACK, BLUE, GREY, LINE, RULE, SKY, SMALL, VERMILION, on_two_lines, save_each, wrapped
from ctsim.locale import LANGUAGES, text, when

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

COLUMNS: Final = 3
_WIDTH, _CELL, _HEADING, _TOP, _FOOT = 9.6, 2.0, 0.42, 0.75, 0.45
_BANDS: Final = (("98", 0, 6, "#DDEBF5"), ("90", 1, 5, SKY), ("50", 2, 4, BLUE))
"""Share of the draws, places of its ends among QUANTILES, colour."""


@dataclass(frozen=True)
class Fan:
    """One programme's cells of one boundary: quantiles (year, QUANTILES) and published ends (year, 2) in `unit`.

    `our_year`: some of it is a year's amount only as it is read.
    """

    programme: str
    number: int
    name: Mapping[str, str]
    panel: tuple[str, str, str]
    unit: str
    years: tuple[int, ...]
    quantiles: FloatArray
    published: FloatArray
    our_year: bool = False

    @property
    def order(self) -> tuple[int, int, int]:
        """Where it stands: by kind of money, boundary and the report's number."""
        _, kind, boundary = self.panel
        return MONEY_KINDS.index(kind), BOUNDARIES.index(boundary), self.number


def fans(tree: xr.DataTree, metric: str) -> list[Fan]:
    """Every fan of a metric, by kind of money, boundary and number."""
    data = tree[metric].dataset
    shares = data["quantile"].values.round(6).tolist()
    at = [shares.index(share) for share in QUANTILES]
    found = []
    for i, programme in enumerate(data["programme"].values.tolist()):
        by_panel: dict[tuple[str, str], list[int]] = {}
        for j in range(data.sizes["year"]):
            if np.isfinite(data["quantiles"].values[i, j, at]).all():
                key = _word(data, "money_kind", i, j), _word(data, "boundary", i, j)
                by_panel.setdefault(key, []).append(j)
        for panel, places in by_panel.items():
            ends = [data[name].values[i, places] for name in ("published_low", "published_high")]
            found.append(Fan(
                str(programme), int(data["programme_number"].values[i] or 999),
                {lang: tidy(str(data[f"programme_{lang}"].values[i])) for lang in LANGUAGES}, (metric, *panel),
                str(data["mean"].attrs["units"]), tuple(data["year"].values[places].tolist()),
                data["quantiles"].values[i][places][:, at], np.stack(ends, axis=1),
                any(_word(data, "period", i, j) == "unstated" for j in places),
            ))  # fmt: skip
    return sorted(found, key=lambda one: one.order)


def _word(data: xr.Dataset, name: str, i: int, j: int) -> str:
    return str(data[name].values[i, j] or "") if name in data else ""


def save_fans(tree: xr.DataTree, folder: Path) -> list[Path]:
    """Draw both metrics in both languages as PNG and SVG into `folder`; the files written.

    A metric without a cell that has numbers is left out.
    """
    there = [metric for metric in METRICS if metric in tree.children and fans(tree, metric)]
    return save_each(there, folder, "fans", lambda metric, lang: draw(tree, metric, lang))


def draw(tree: xr.DataTree, metric: str, lang: str) -> Figure:
    """The figure of one metric in one language. Call it inside `style.drawing(lang)`.

    Axes have the gid `fan:<programme>:<kind of money>:<boundary>`, published figures `published:<programme>:<year>`.
    """
    from matplotlib.figure import Figure

    panels = [(panel, list(mine)) for panel, mine in groupby(fans(tree, metric), lambda one: one.panel)]
    heights = [_HEADING + _CELL * -(-len(mine) // COLUMNS) for _, mine in panels]
    said = [text("published.fans_note", lang)]
    said += [text("run.our_year", lang)] if any(one.our_year for _, mine in panels for one in mine) else []
    note = "\n".join(wrapped(one, _WIDTH - 0.3, SMALL) for one in said)
    height = _TOP + sum(heights) + _FOOT + LINE * note.count("\n")
    figure = Figure(figsize=(_WIDTH, height))
    title = str(tree.attrs.get("title_ja" if lang == "ja" else "title", ""))
    figure.text(0.15 / _WIDTH, 1 - 0.14 / height, text(f"published.title_{metric}", lang), size=13, va="top")
    figure.text(0.15 / _WIDTH, 1 - 0.42 / height, title, size=9, color=GREY, va="top")
    top = _TOP
    for (panel, mine), tall in zip(panels, heights, strict=True):
        figure.text(0.15 / _WIDTH, 1 - (top + 0.2) / height, heading(panel, lang), size=10, color=BLUE, va="center")
        for place, one in enumerate(mine):
            row, column = divmod(place, COLUMNS)
            box = (0.55 + column * _WIDTH / COLUMNS, top + _HEADING + row * _CELL)
            wide, high = _WIDTH / COLUMNS - 0.75, _CELL - 0.8
            axes = figure.add_axes(
                (box[0] / _WIDTH, 1 - (box[1] + 0.32 + high) / height, wide / _WIDTH, high / height),
                gid=f"fan:{one.programme}:{one.panel[1]}:{one.panel[2]}",
            )  # fmt: skip
            _fan(axes, one, lang, wide)
        top += tall
    figure.text(0.15 / _WIDTH, 0.12 / height, note, size=SMALL, color=GREY, va="bottom")
    return figure


def _fan(axes: Axes, one: Fan, lang: str, wide: float) -> None:
    sizes = np.abs(np.concatenate([one.quantiles.ravel(), one.published.ravel()]))
    amount = scale(float(np.nanmax(sizes)), one.unit, lang)
    quantiles, published = one.quantiles * amount.factor, one.published * amount.factor
    for name, low, high, colour in _BANDS:
        for (a, x), (b, y) in pairwise(enumerate(one.years)):
            if y - x == 10:
                axes.fill_between((x, y), quantiles[[a, b], low], quantiles[[a, b], high], color=colour, alpha=0.5,
                                  linewidth=0)  # fmt: skip
        for place, year in enumerate(one.years):
            width = {"98": 1.4, "90": 5.0, "50": 8.0}[name]
            axes.plot((year, year), quantiles[place, [low, high]], color=BLUE if name == "98" else colour,
                      linewidth=width, solid_capstyle="butt")  # fmt: skip
    for place, year in enumerate(one.years):
        for end in dict.fromkeys(published[place].tolist()):
            if np.isfinite(end):
                axes.plot((year - 2.2, year + 2.2), (end, end), color=VERMILION, linewidth=2.0, zorder=5,
                          gid=f"published:{one.programme}:{year}")  # fmt: skip
    axes.plot(one.years, quantiles[:, 3], linestyle="none", marker="o", markersize=4.4, markerfacecolor="white",
              markeredgecolor=BLACK, zorder=6)  # fmt: skip
    number = f"{one.number} " if one.number < 999 else ""
    axes.set_title(on_two_lines(f"{number}{one.name[lang]}", wide + 0.3), fontsize=SMALL + 0.5, loc="left", pad=13)
    unit = f"[{amount.word}{'*' * one.our_year}]"
    axes.annotate(unit, (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points",
                  fontsize=SMALL - 0.5, color=GREY, ha="right")  # fmt: skip
    _frame(axes, lang)


def _frame(axes: Axes, lang: str) -> None:
    style: dict[str, Any] = {"fontsize": SMALL}
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), max(0.0, high))
    axes.set_xlim(2025, 2055)
    axes.set_xticks((2030, 2040, 2050), [when(str(year), lang) for year in (2030, 2040, 2050)], **style)
    ticks = [tick for tick in axes.get_yticks() if axes.get_ylim()[0] <= tick <= axes.get_ylim()[1]]
    axes.set_yticks(ticks, [as_printed(tick) for tick in ticks], **style)
    axes.tick_params(length=2.5, width=0.6, colors=GREY)
    axes.grid(axis="y", color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    for side in ("right", "top", "left"):
        axes.spines[side].set_visible(False)
