"""What the changes between two scenarios add up to: one waterfall a quantity, from the mean of A to that of B."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ctsim.figures.amounts import rounded, scale
from ctsim.figures.rows import METRICS
from ctsim.figures.style import BLUE, GREY, RULE, SKY, SMALL, VERMILION, on_two_lines, save_each, shortened
from ctsim.locale import LANGUAGES, text, when

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS: Final = 6
MOST_BARS: Final = 6
_WIDTH, _BAR, _HEAD, _TOP, _FOOT = 8.6, 0.27, 0.62, 0.62, 0.5
_LEFT, _RIGHT = 3.3, 0.9
_NEAR: Final = 0.15
"""A published figure so near to the end of a bar, as a share of the longer bar, has the bar's number behind it."""


Ends = tuple[float, float]
"""Low and high of a published figure; NaN where none is printed."""


@dataclass(frozen=True)
class Said:
    """What the scenarios say and the tree does not: titles of changes by language, and of cells two things by name.

    `kinds`: boundary and kind of money, by language; `published`: of A and of B.
    """

    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    published: Mapping[str, tuple[Ends, Ends]] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """One quantity: its names by language, unit, mean in A and B, and the parts of the changes, largest first."""

    name: dict[str, str]
    year: str
    unit: str
    before: float
    after: float
    parts: tuple[tuple[str, float], ...]
    kinds: Mapping[str, str] = field(default_factory=dict)
    published: tuple[Ends, ...] = ()

    @property
    def bars(self) -> list[tuple[str, float]]:
        """As many parts as are shown; what is left as one, named ""."""
        if len(self.parts) <= MOST_BARS:
            return list(self.parts)
        kept = list(self.parts[: MOST_BARS - 1])
        return [*kept, ("", sum(part for _, part in self.parts[MOST_BARS - 1 :]))]


def save_waterfalls(tree: xr.DataTree, folder: Path, said: Said | None = None) -> list[Path]:
    """Draw the cells of each metric whose mean moves most, in both languages, as PNG and SVG; the files written.

    `tree` is that of a comparison. A metric of which nothing moves is left out.
    """
    said = said or Said()
    found = {metric: panels(tree, metric, said) for metric in METRICS if metric in tree.children}
    there = [metric for metric in found if found[metric]]
    return save_each(there, folder, "changes", lambda metric, lang: draw(tree, metric, found[metric], lang, said))


def panels(tree: xr.DataTree, metric: str, said: Said | None = None) -> list[Panel]:
    """The cells whose mean moves, those that move furthest beside their own size first."""
    said = said or Said()
    data, parts = tree[metric].dataset, tree[f"attribution/{metric}"].dataset
    changes = parts["change"].values.tolist()
    found = []
    for i, programme in enumerate(data["programme"].values.tolist()):
        for j, year in enumerate(data["year"].values.tolist()):
            each = parts["mean"].values[:, i, j]
            moved = [(str(change), float(part)) for change, part in zip(changes, each, strict=True)
                     if np.isfinite(part) and part]  # fmt: skip
            if moved:
                names = {lang: str(data[f"programme_{lang}"].values[i]) or str(programme) for lang in LANGUAGES}
                before, after = (float(np.nan_to_num(data[f"{side}_mean"].values[i, j])) for side in "ab")
                moved.sort(key=lambda one: -abs(one[1]))
                cell, unit = f"{programme}.{metric}.{year}", str(data["mean"].attrs["units"])
                found.append(Panel(names, str(year), unit, before, after, tuple(moved),
                                   said.kinds.get(cell, {}), said.published.get(cell, ())))  # fmt: skip
    found.sort(key=lambda one: -abs(one.after - one.before) / max(abs(one.before), abs(one.after)))
    return found[:MOST_PANELS]


def draw(tree: xr.DataTree, metric: str, found: Sequence[Panel], lang: str, said: Said | None = None) -> Figure:
    """The figure of one metric in one language. Call it inside `style.drawing(lang)`.

    Axes have the gid `waterfall:<year>:<number>`; each panel has its own, so that boundaries never share one.
    """
    from matplotlib.figure import Figure

    heights = [_HEAD + _BAR * (len(one.bars) + 2) for one in found]
    height = _TOP + sum(heights) + _FOOT
    figure = Figure(figsize=(_WIDTH, height))
    title = str(tree.attrs.get("title_ja" if lang == "ja" else "title", ""))
    figure.text(0.15 / _WIDTH, 1 - 0.12 / height, text(f"waterfall.title_{metric}", lang), size=13, va="top")
    figure.text(0.15 / _WIDTH, 1 - 0.38 / height, shortened(title, _WIDTH - 0.3, 9), size=9, color=GREY, va="top")
    top = _TOP
    for number, (one, tall) in enumerate(zip(found, heights, strict=True)):
        box = (_LEFT / _WIDTH, 1 - (top + tall) / height, (_WIDTH - _LEFT - _RIGHT) / _WIDTH, (tall - _HEAD) / height)
        axes = figure.add_axes(box, gid=f"waterfall:{one.year}:{number}")
        _panel(axes, one, lang, (said or Said()).titles)
        heading = "  ".join(filter(None, (one.name[lang], when(one.year, lang), one.kinds.get(lang, ""))))
        figure.text(0.15 / _WIDTH, 1 - (top + _HEAD - 0.1) / height, heading, size=9.5, color=BLUE, va="bottom")
        top += tall
    if any(np.isfinite(end) for one in found for ends in one.published for end in ends):
        figure.text(0.15 / _WIDTH, 0.30 / height, text("waterfall.published", lang), size=SMALL, color=VERMILION,
                    va="bottom")  # fmt: skip
    note = text("waterfall.note", lang, draws=f"{int(tree.attrs['draws']):,}", seed=tree.attrs["seed"])
    figure.text(0.15 / _WIDTH, 0.14 / height, note, size=SMALL, color=GREY, va="bottom")
    return figure


def _panel(axes: Axes, one: Panel, lang: str, titles: Mapping[str, Mapping[str, str]]) -> None:
    """Bars from top to bottom: A, each change from where the one before ended, B."""
    amount = scale(max(abs(one.before), abs(one.after)), one.unit, lang)
    bars = [(titles.get(name, {}).get(lang, name) or text("waterfall.rest", lang), part * amount.factor)
            for name, part in one.bars]  # fmt: skip
    ends = (one.before * amount.factor, one.after * amount.factor)
    labels = [text("waterfall.a", lang), *(on_two_lines(name, _LEFT - 0.35, SMALL) for name, _ in bars),
              text("waterfall.b", lang)]  # fmt: skip
    axes.barh([0, len(bars) + 1], ends, height=0.62, color=SKY)
    at = ends[0]
    places: list[tuple[float, str]] = [(ends[0], rounded(ends[0], 3))]
    for row, (_, part) in enumerate(bars, 1):
        axes.barh(row, part, left=at, height=0.62, color=BLUE if part > 0 else VERMILION)
        axes.plot((at, at), (row - 1, row), color=GREY, linewidth=0.6)
        places.append((max(at, at + part), f"{'+' if part > 0 else ''}{rounded(part)}"))
        at += part
    axes.plot((at, at), (len(bars), len(bars) + 1), color=GREY, linewidth=0.6)
    places.append((ends[1], rounded(ends[1], 3)))
    for row, published in zip((0, len(bars) + 1), one.published, strict=False):
        marks = {end * amount.factor for end in published if np.isfinite(end)}
        for end in marks:
            axes.plot((end, end), (row - 0.42, row + 0.42), color=VERMILION, linewidth=1.8, gid="published")
        at, words = places[row]
        places[row] = max([at, *(end for end in marks if at <= end < at + _NEAR * max(map(abs, ends)))]), words
    low, high = axes.get_xlim()
    axes.set_xlim(low, high + 0.06 * (high - low))
    for row, (x, words) in enumerate(places):
        axes.annotate(words, (max(x, 0.0), row), (3, 0), textcoords="offset points", va="center", fontsize=SMALL)
    _frame(axes, labels, amount.word)


def _frame(axes: Axes, labels: Sequence[str], unit: str) -> None:
    style: dict[str, Any] = {"fontsize": SMALL}
    axes.set_yticks(range(len(labels)), labels, **style)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=SMALL, colors=GREY, length=2.5, width=0.6, labelbottom=False, bottom=False)
    axes.axvline(0, color=RULE, linewidth=0.8, zorder=0)
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)
    axes.annotate(unit, (1, -0.5), (4, 6), xycoords=("axes fraction", "data"), textcoords="offset points",
                  fontsize=SMALL, color=GREY, ha="left")  # fmt: skip
