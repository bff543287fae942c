"""Every programme's distribution against its published figure: a table with a plot in it, one panel a boundary.

The horizontal axis of every panel is the multiple of the published figure, so that rows of one boundary compare
whatever their size. Boundaries, and kinds of money, never share an axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ctsim.figures.amounts import rounded
from ctsim.figures.rows import METRICS, Row, panels, rows, without
from ctsim.figures.style import BLACK, BLUE, GREY, LINE, RULE, SKY, SMALL, VERMILION, save_each, wrapped
from ctsim.figures.table import MARGIN, ROW, Layout, Sheet, lines
from ctsim.locale import text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXIS: Final = (0.0, 2.0)
TICKS: Final = (0, 0.5, 1, 1.5, 2)
NEGLIGIBLE_ERROR: Final = 0.02
"""Monte Carlo error, as a share of the width of a 90 % interval, that nobody can see in the figure."""

_HEAD: Final = 0.96
_HEADING: Final = 0.48
_BELOW: Final = 0.46
_DOT: Final[dict[str, Any]] = {
    "markersize": 4.8, "markerfacecolor": "white", "markeredgecolor": BLACK, "markeredgewidth": 1.0, "zorder": 6,
}  # fmt: skip
_BARS: Final = {"98": (0, 6, 1.0, BLUE), "90": (1, 5, 4.4, SKY), "50": (2, 4, 7.6, BLUE)}
"""By share of the draws: which two quantiles of the row, line width in points, colour."""


def save_published(tree: xr.DataTree, folder: Path) -> list[Path]:
    """Draw both metrics in both languages as PNG and SVG into `folder`; the files written.

    `tree` is the result tree of a run (`ctsim.dataset`). A metric without any published figure is left out.
    """
    found = {metric: rows(tree, metric) for metric in METRICS if metric in tree.children}
    there = [metric for metric in found if found[metric]]
    return save_each(there, folder, "published", lambda metric, lang: draw(tree, metric, lang, found[metric]))


def draw(tree: xr.DataTree, metric: str, lang: str, found: Sequence[Row] | None = None) -> Figure:
    """The figure of one metric in one language. Call it inside `style.drawing(lang)`.

    Axes have the gid `panel:<metric>:<kind of money>:<boundary>`, distributions `row:<key>`, published figures
    `published:<key>`. `found` saves reading the rows again.
    """
    from matplotlib.figure import Figure

    found = rows(tree, metric) if found is None else found
    by_panel = [(panel, lines(panel, lang)) for panel in panels(found).values()]
    layout = Layout.measured([line for _, said in by_panel for line in said], lang)
    notes = [wrapped(note, layout.width - 2 * MARGIN, SMALL) for note in _notes(tree, metric, found, lang)]
    height = _HEAD + sum(_HEADING + sum(line.height for line in said) + _BELOW for _, said in by_panel)
    foot = LINE * sum(note.count("\n") + 1 for note in notes) + MARGIN
    sheet = Sheet(Figure(figsize=(layout.width, height + foot)), layout, lang)
    _title(sheet, tree, metric, found)
    top = _HEAD
    for panel, said in by_panel:
        bottom = top + _HEADING + sum(line.height for line in said)
        _heading(sheet, panel[0], top + _HEADING)
        axes = sheet.axes(top + _HEADING, bottom, f"panel:{':'.join(panel[0].panel)}")
        _axis(axes, lang)
        y = 0.0
        for row, line in zip(panel, said, strict=True):
            if line.first and y:
                sheet.rule(top + _HEADING + y)
            sheet.row(line, top + _HEADING + y + line.height / 2)
            _marks(axes, row, y + line.height / 2, lang)
            y += line.height
        top = bottom + _BELOW
    _footer(sheet, notes, top)
    return sheet.figure


# ---- a panel


def _heading(sheet: Sheet, row: Row, y: float) -> None:
    sheet.write(MARGIN, y - 0.09, heading(row.panel, sheet.lang), size=10, color=BLUE)
    sheet.headings(y - 0.08, SMALL)
    sheet.rule(y - 0.03, BLUE, 0.8)


def heading(panel: tuple[str, str, str], lang: str) -> str:
    """What the rows of a panel have in common, in words: metric, kind of money, boundary."""
    metric, kind, boundary = panel
    boundary = text(f"boundary.{boundary or 'unstated'}", lang)
    if metric == "other":
        return text("published.heading_other", lang, boundary=boundary[:1].lower() + boundary[1:])
    if metric == "economic_effect":
        kind = text(f"money_kind.{kind or 'unstated'}", lang)
        return text("published.heading_money", lang, kind=kind[:1].upper() + kind[1:], boundary=boundary)
    return boundary


def _axis(axes: Axes, lang: str) -> None:
    axes.set_xlim(*AXIS)
    axes.set_xticks(TICKS, [text("published.tick", lang, value=f"{tick:g}") for tick in TICKS])
    axes.tick_params(axis="x", length=2.5, width=0.6, labelsize=SMALL, colors=GREY, pad=2)
    axes.set_xlabel(text("published.axis", lang), fontsize=SMALL, color=GREY, labelpad=1.5)
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    for tick in TICKS:
        axes.axvline(tick, color=RULE, linewidth=0.5, zorder=0)
    axes.axvline(1, color=VERMILION, linewidth=0.7, alpha=0.55, zorder=0.5)


# ---- a row


def _marks(axes: Axes, row: Row, y: float, lang: str) -> None:
    """The published figure and the distribution of one row."""
    reach = ROW * 0.40
    if row.low != row.high:
        low, high = sorted((row.low / row.middle, row.high / row.middle))
        axes.fill_betweenx((y - reach, y + reach), low, high, color=VERMILION, alpha=0.22, linewidth=0, zorder=1)
    axes.plot((1, 1), (y - reach, y + reach), color=VERMILION, linewidth=2.2, solid_capstyle="butt", zorder=2,
              gid=f"published:{row.key}")  # fmt: skip
    if not row.finite:
        axes.annotate(text("published.not_finite", lang), (0, y), (4, 0), textcoords="offset points", va="center",
                      fontsize=SMALL, color=GREY, gid=f"row:{row.key}")  # fmt: skip
        return
    if not row.fixed:
        _bars(axes, row, y)
    _median(axes, row, y, lang)


def _bars(axes: Axes, row: Row, y: float) -> None:
    low, high = AXIS
    marks = row.multiples
    for order, (first, last, width, colour) in enumerate(_BARS.values(), 3):
        ends = (max(marks[first], low), min(marks[last], high))
        if ends[0] < ends[1]:
            axes.plot(ends, (y, y), color=colour, linewidth=width, solid_capstyle="butt", zorder=order)
    for outside, edge, marker in ((marks[0] < low, low, "<"), (marks[-1] > high, high, ">")):
        if outside:
            axes.plot(edge, y, marker, color=BLACK, markersize=5, markeredgewidth=0, clip_on=False, zorder=7)


def _median(axes: Axes, row: Row, y: float, lang: str) -> None:
    """A dot, or words at the edge where the median itself is off the axis."""
    low, high = AXIS
    median = row.multiples[3]
    if low <= median <= high:
        axes.plot(median, y, "o", gid=f"row:{row.key}", clip_on=False, **_DOT)
        return
    edge, shift, side = (high, -9, "right") if median > high else (low, 9, "left")
    axes.annotate(
        text("published.off_axis", lang, value=rounded(median)), (edge, y), (shift, 0), textcoords="offset points",
        va="center", ha=side, fontsize=SMALL, zorder=8, gid=f"row:{row.key}",
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
    )  # fmt: skip


# ---- above and below the panels


def _title(sheet: Sheet, tree: xr.DataTree, metric: str, found: Sequence[Row]) -> None:
    said = str(tree.attrs.get("title_ja" if sheet.lang == "ja" else "title") or tree.attrs.get("scenario", ""))
    sheet.write(MARGIN, 0.14, text(f"published.title_{metric}", sheet.lang), size=13, va="top")
    sheet.write(MARGIN, 0.42, said, size=9, color=GREY, va="top")
    handles = _legend(sheet.lang, found)
    sheet.figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(MARGIN / sheet.layout.width, 1 - 0.68 / sheet.height),
        ncols=len(handles), frameon=False, fontsize=SMALL, handlelength=1.6, columnspacing=1.2, handletextpad=0.5,
        borderpad=0, borderaxespad=0,
    )  # fmt: skip


def _legend(lang: str, found: Sequence[Row]) -> list[Any]:
    """An entry for every mark that the figure has."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def entry(name: str) -> str:
        return text(f"published.legend_{name}", lang)

    tick: dict[str, Any] = {"marker": "|", "markersize": 9, "markeredgewidth": 2.2, "color": VERMILION}
    arrow: dict[str, Any] = {"marker": ">", "markersize": 5, "markeredgewidth": 0, "color": BLACK}
    handles: list[Any] = [Line2D([], [], linestyle="none", label=entry("published"), **tick)]
    if any(row.low != row.high for row in found):
        handles.append(Patch(facecolor=VERMILION, alpha=0.22, label=entry("range")))
    handles.append(Line2D([], [], linestyle="none", marker="o", label=entry("median"), **_DOT))
    for name, (_, _, width, colour) in reversed(_BARS.items()):
        handles.append(Line2D([], [], color=colour, linewidth=width, solid_capstyle="butt", label=entry(name)))
    if any(row.finite and (row.multiples[0] < AXIS[0] or row.multiples[-1] > AXIS[1]) for row in found):
        handles.append(Line2D([], [], linestyle="none", label=entry("clipped"), **arrow))
    return handles


def _notes(tree: xr.DataTree, metric: str, found: Sequence[Row], lang: str) -> list[str]:
    """What has to be said with the figure, and what it takes to make it again."""
    said = [_caveat(found, lang)]
    said.append(text("published.boundaries_money" if metric == "economic_effect" else "published.boundaries", lang))
    if any(row.fixed for row in found):
        said.append(text("published.fixed", lang))
    if any(row.our_year for row in found):
        said.append(text("run.our_year", lang))
    missing = [f"{number or ''} {name[lang]}".strip() for number, name in without(tree, metric, found)]
    if missing:
        said.append(text("published.without", lang, programmes=text("published.separator", lang).join(missing)))
    card = tree.attrs
    said.append(text("published.card", lang, scenario=card.get("scenario", "–"), draws=f"{int(card.get('draws', 0)):,}",
                     seed=card.get("seed", "–"), digest=str(card.get("scenario_digest", "–"))[:12]))  # fmt: skip
    return said


def _caveat(found: Sequence[Row], lang: str) -> str:
    """That the width is assumed; that the computing error is negligible only where it is."""
    worst = max((row.error / row.width for row in found if row.finite and not row.fixed and row.width), default=0.0)
    if worst <= NEGLIGIBLE_ERROR:
        return text("published.caveat", lang)
    return text("published.caveat_error", lang, share=rounded(worst * 100))


def _footer(sheet: Sheet, notes: Sequence[str], y: float) -> None:
    for i, note in enumerate(notes):
        sheet.write(MARGIN, y, note, size=SMALL, color=GREY if i else BLACK, va="top", linespacing=1.35)
        y += LINE * (note.count("\n") + 1)
