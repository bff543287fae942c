"""Every programme's distribution against its published figure: a table with a plot in it, one panel a boundary.

Distances are inches from the top left corner; the figure is as tall as its rows need. The horizontal axis of every
panel is the multiple of the published figure, so that rows of one boundary compare whatever their size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ctsim.figures.amounts import as_printed, interval, rounded, scale
from ctsim.figures.rows import Row, panels, rows, without
from ctsim.locale import LANGUAGES, text, when

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRICS: Final = ("co2_reduction", "economic_effect")
FORMATS: Final = ("png", "svg")
AXIS: Final = (0.0, 2.0)
NEGLIGIBLE_ERROR: Final = 0.02
"""Monte Carlo error, as a share of the width of a 90 % interval, that nobody can see in the figure."""

# Okabe and Ito's colours: told apart with any colour vision, and in grey by their lightness.
BLUE, SKY, VERMILION, BLACK, GREY = "#0072B2", "#8CCBF0", "#D55E00", "#1A1A1A", "#6B6B6B"
RULE: Final = "#D9D9D9"

_WIDTH: Final = 9.6
_MARGIN: Final = 0.15
_GAP: Final = 0.14
_LINE: Final = 0.155
_ROW: Final = 0.245
_HEADING: Final = 0.50
_BELOW: Final = 0.50
_NAME: Final = 2.15
_LABEL: Final = 1.35
_PLOT: Final = 2.4
_SIZE: Final = 8.5
_SMALL: Final = 7.5


def save_published(tree: xr.DataTree, folder: Path) -> list[Path]:
    """Draw both metrics in both languages as PNG and SVG into `folder`; the files written.

    `tree` is a result tree (DESIGN.md 6). A metric without any published figure is left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for metric in METRICS:
        for lang in LANGUAGES if rows(tree, metric) else ():
            with fonts(lang):
                figure = draw(tree, metric, lang)
                for suffix in FORMATS:
                    path = folder / f"published_{metric}.{lang}.{suffix}"
                    figure.savefig(path, dpi=180, metadata=_METADATA[suffix])
                    written.append(path)
    return written


_METADATA: Final[dict[str, dict[str, Any]]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "ctsim"},
}
"""Nothing in the files that differs from run to run."""


@contextmanager
def fonts(lang: str) -> Iterator[None]:
    """Settings under which the figures are drawn; what the caller has set comes back."""
    import matplotlib
    from matplotlib import font_manager

    with matplotlib.rc_context():
        import matplotlib_fontja  # sets the caller's font as it is imported: only ever inside this context

        known = {font.fname for font in font_manager.fontManager.ttflist}
        if matplotlib_fontja.get_font_ttf_path() not in known:
            font_manager.fontManager.addfont(matplotlib_fontja.get_font_ttf_path())
        # IPAexGothic has no subscript two: DejaVu Sans fills in for it, and comes first where the text is English.
        family = ["IPAexGothic", "DejaVu Sans"] if lang == "ja" else ["DejaVu Sans", "IPAexGothic"]
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({
            "font.family": family, "font.size": _SIZE, "svg.fonttype": "path", "svg.hashsalt": "ctsim",
            "axes.linewidth": 0.6, "text.color": BLACK,
        })  # fmt: skip
        yield


def draw(tree: xr.DataTree, metric: str, lang: str) -> Figure:
    """The figure of one metric in one language. Call it inside `fonts(lang)`.

    Axes have the gid `panel:<metric>:<kind of money>:<boundary>`, rows the gid `row:<key>`.
    """
    from matplotlib.figure import Figure

    found = rows(tree, metric)
    lines = {row.key: _Line.of(row, lang) for row in found}
    layout = _Layout.measured(list(lines.values()), lang)
    footer = _footer(tree, metric, found, lang, layout)
    head = 1.02
    heights = [sum(lines[row.key].height for row in panel) for panel in panels(found).values()]
    below = 0.2 + _LINE * (sum(one.count("\n") + 1 for one in footer))
    figure = Figure(figsize=(layout.width, head + sum(heights) + (_HEADING + _BELOW) * len(heights) + below))
    sheet = _Sheet(figure, layout, lang)
    _title(sheet, tree, metric)
    top = head
    for panel in panels(found).values():
        top = _panel(sheet, panel, [lines[row.key] for row in panel], top)
    y = top + 0.05
    for one in footer:
        sheet.write(_MARGIN, y, one, size=_SMALL, color=GREY, va="top", linespacing=1.35)
        y += _LINE * (one.count("\n") + 1)
    return figure


# ---- what a row says


@dataclass(frozen=True)
class _Line:
    """The words of a row, by column."""

    number: str
    name: str
    label: str
    first: bool
    published: str
    computed: str
    interval: str
    unit: str

    @classmethod
    def of(cls, row: Row, lang: str, first: bool) -> _Line:
        """`first`: the row above is of another programme."""
        amount = scale(row.middle, row.unit, lang)
        low, median, high = (row.quantiles[i] * amount.factor for i in (1, 3, 5))
        published = as_printed(row.middle * amount.factor)
        if row.low != row.high:
            published = "–".join(as_printed(end * amount.factor) for end in (row.low, row.high))
        kind = text(f"money_kind.{row.money_kind or 'unstated'}", lang) if row.metric == "economic_effect" else ""
        label = "\n".join(filter(None, (when(row.label, lang), _wrapped(row.item[lang], _LABEL, lang), kind)))
        name = _wrapped(row.name[lang], _NAME, lang)
        if not first and "\n" in name:
            name = name.partition("\n")[0] + "…"
        return cls(
            number=str(row.number or ""),
            name=name,
            label=label,
            first=first,
            published=published,
            computed=rounded(row.computed * amount.factor, 3),
            interval="–" if not row.finite else as_printed(median) if row.fixed else interval(low, median, high),
            unit=amount.word,
        )

    @property
    def height(self) -> float:
        """Inches."""
        return _ROW + _LINE * max(self.name.count("\n"), self.label.count("\n"))


def _wrapped(words: str, width: float, lang: str) -> str:
    """`words` in lines of at most `width` inches, broken between characters in Japanese, at blanks in English."""
    pieces = list(words) if lang == "ja" else [f"{word} " for word in words.split()]
    lines = [""]
    for piece in pieces:
        if lines[-1] and _extent(lines[-1] + piece.rstrip(), _SIZE) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.strip() for line in lines)


def _extent(words: str, size: float) -> float:
    """Width in inches of `words` in the fonts that are set."""
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    renderer = RendererAgg(1, 1, 72)
    widths = [renderer.get_text_width_height_descent(line, FontProperties(size=size), False)[0]  # type: ignore[arg-type]
              for line in words.split("\n") if line]  # fmt: skip
    return max(widths, default=0.0) / 72


# ---- where things stand


@dataclass(frozen=True)
class _Layout:
    """Left edges (number, name, label, kind, unit) and right edges (published, computed, interval), in inches."""

    number: float
    name: float
    label: float
    kind: float
    plot: tuple[float, float]
    published: float
    computed: float
    interval: float
    unit: float
    width: float

    @classmethod
    def measured(cls, lines: Sequence[_Line], lang: str) -> _Layout:
        """Columns as wide as their words; the plot gets what is left of the page, and at least its least width."""

        def column(name: str, *more: str) -> float:
            return max(_extent(said, _SIZE) for said in [*(getattr(line, name) for line in lines), *more])

        heads = {name: text(f"published.column_{name}", lang) for name in ("published", "computed", "interval", "unit")}
        number, name, label, kind = (column(one) for one in ("number", "name", "label", "kind"))
        right = [column(one, said) for one, said in heads.items()]
        x_name = _MARGIN + number + 0.07
        x_label = x_name + name + _GAP
        x_kind = x_label + label + _GAP
        left = x_kind + (kind + _GAP if kind else 0.0) + 0.05
        plot = max(_PLOT, _WIDTH - left - sum(right) - 4 * _GAP - _MARGIN)
        published = left + plot + _GAP + right[0]
        computed = published + _GAP + right[1]
        interval = computed + _GAP + right[2]
        unit = interval + 0.07
        return cls(_MARGIN + number, x_name, x_label, x_kind, (left, left + plot), published, computed, interval, unit,
                   unit + right[3] + _MARGIN)  # fmt: skip


@dataclass(frozen=True)
class _Sheet:
    """A figure that is written on in inches from its top left corner."""

    figure: Figure
    layout: _Layout
    lang: str
    size: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        width, height = self.figure.get_size_inches()
        object.__setattr__(self, "size", (float(width), float(height)))

    def write(self, x: float, y: float, words: str, **style: Any) -> None:
        self.figure.text(x / self.size[0], 1 - y / self.size[1], words, **style)

    def axes(self, left: float, right: float, top: float, bottom: float, gid: str) -> Axes:
        """Axes whose vertical coordinate is inches below `top`."""
        width, height = self.size
        box = (left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height)
        axes = self.figure.add_axes(box, gid=gid)
        axes.set_ylim(bottom - top, 0)
        return axes


def _title(sheet: _Sheet, tree: xr.DataTree, metric: str) -> None:
    said = str(tree.attrs.get("title_ja" if sheet.lang == "ja" else "title") or tree.attrs.get("scenario", ""))
    sheet.write(_MARGIN, 0.16, text(f"published.title_{metric}", sheet.lang), size=13, va="top")
    sheet.write(_MARGIN, 0.45, said, size=9, color=GREY, va="top")
    _legend(sheet, 0.72)


# ---- drawing


def _panel(sheet: _Sheet, found: Sequence[Row], lines: Sequence[_Line], top: float) -> float:
    """Draw the rows of one boundary from `top` on; where the next panel starts."""
    layout, lang = sheet.layout, sheet.lang
    _headings(sheet, found[0], top)
    start = top + _HEADING
    end = start + sum(line.height for line in lines)
    axes = sheet.axes(*layout.plot, start, end, f"panel:{':'.join(found[0].panel)}")
    _axis(axes, lang)
    y = 0.0
    for i, (row, line) in enumerate(zip(found, lines, strict=True)):
        first = i == 0 or found[i - 1].programme != row.programme
        middle = y + line.height / 2
        _words(sheet, line, start + middle, first)
        _marks(axes, row, middle, line.height, lang)
        if first and i:
            _rule(sheet, start + y)
        y += line.height
    return end + _BELOW


def _headings(sheet: _Sheet, row: Row, top: float) -> None:
    from matplotlib.lines import Line2D

    layout, lang = sheet.layout, sheet.lang
    base = top + _HEADING - 0.08
    sheet.write(_MARGIN, base, _heading(row, lang), size=10, color=BLUE, va="baseline")
    for name in ("published", "computed", "interval"):
        x, words = getattr(layout, name), text(f"published.column_{name}", lang)
        sheet.write(x, base, words, size=_SMALL, color=GREY, ha="right", va="bottom", linespacing=1.1)
    sheet.write(layout.unit, base, text("published.column_unit", lang), size=_SMALL, color=GREY, va="bottom")
    y = 1 - (top + _HEADING - 0.03) / sheet.size[1]
    ends = (_MARGIN / sheet.size[0], 1 - _MARGIN / sheet.size[0])
    sheet.figure.add_artist(Line2D(ends, (y, y), color=BLUE, linewidth=0.8))


def _heading(row: Row, lang: str) -> str:
    boundary = text(f"boundary.{row.boundary or 'unstated'}", lang)
    if row.metric == "other":
        return text("published.heading_other", lang, boundary=boundary)
    if row.metric == "economic_effect":
        kind = text(f"money_kind.{row.money_kind or 'unstated'}", lang)
        return text("published.heading_money", lang, kind=kind[:1].upper() + kind[1:], boundary=boundary)
    return boundary


def _axis(axes: Axes, lang: str) -> None:
    axes.set_xlim(*AXIS)
    ticks = (0, 0.5, 1, 1.5, 2)
    axes.set_xticks(ticks, [text("published.tick", lang, value=f"{tick:g}") for tick in ticks])
    axes.tick_params(axis="x", length=2.5, width=0.6, labelsize=_SMALL, colors=GREY, pad=2)
    axes.set_xlabel(text("published.axis", lang), fontsize=_SMALL, color=GREY, labelpad=2)
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    for tick in (0, 0.5, 1.5, 2):
        axes.axvline(tick, color=RULE, linewidth=0.5, zorder=0)
    axes.axvline(1, color=VERMILION, linewidth=0.7, alpha=0.55, zorder=0.5)


def _words(sheet: _Sheet, line: _Line, y: float, first: bool) -> None:
    layout = sheet.layout
    style: dict[str, Any] = {"va": "center", "linespacing": 1.15}
    # The name of the row above is there to be found, not to be read again.
    dim = BLACK if first else "#9A9A9A"
    sheet.write(layout.number, y, line.number, ha="right", color=dim, **style)
    sheet.write(layout.name, y, line.name, color=dim, **style)
    sheet.write(layout.label, y, line.label, **style)
    sheet.write(layout.kind, y, line.kind, color=GREY, **style)
    sheet.write(layout.published, y, line.published, ha="right", color=VERMILION, **style)
    sheet.write(layout.computed, y, line.computed, ha="right", color=GREY, **style)
    sheet.write(layout.interval, y, line.interval, ha="right", **style)
    sheet.write(layout.unit, y, line.unit, color=GREY, **style)


def _rule(sheet: _Sheet, y: float) -> None:
    from matplotlib.lines import Line2D

    height = 1 - y / sheet.size[1]
    ends = (_MARGIN / sheet.size[0], 1 - _MARGIN / sheet.size[0])
    sheet.figure.add_artist(Line2D(ends, (height, height), color=RULE, linewidth=0.4, zorder=0))


def _marks(axes: Axes, row: Row, y: float, height: float, lang: str) -> None:
    """Published figure, computed value and distribution of one row."""
    reach = min(height, _ROW) * 0.40
    if row.low != row.high:
        ends = sorted((row.low / row.middle, row.high / row.middle))
        axes.fill_betweenx((y - reach, y + reach), *ends, color=VERMILION, alpha=0.20, linewidth=0, zorder=1)
    axes.plot((1, 1), (y - reach, y + reach), color=VERMILION, linewidth=2.2, solid_capstyle="butt", zorder=2,
              gid=f"published:{row.key}")  # fmt: skip
    if row.finite and row.fixed:
        axes.plot(row.multiples[3], y, "o", gid=f"row:{row.key}", **_DOT)
    elif row.finite:
        _distribution(axes, row, y, lang)


_DOT: Final[dict[str, Any]] = {
    "markersize": 4.6, "markerfacecolor": "white", "markeredgecolor": BLACK, "markeredgewidth": 1.0, "zorder": 6,
}  # fmt: skip
_BARS: Final = ((0, 6, 0.9, BLUE, 3.0), (1, 5, 4.2, SKY, 3.1), (2, 4, 7.4, BLUE, 3.2))
"""Which quantiles, line width in points, colour, order."""


def _distribution(axes: Axes, row: Row, y: float, lang: str) -> None:
    low, high = AXIS
    marks = row.multiples
    for first, last, width, colour, order in _BARS:
        left, right = max(marks[first], low), min(marks[last], high)
        if left < right:
            axes.plot((left, right), (y, y), color=colour, linewidth=width, solid_capstyle="butt", zorder=order,
                      gid=f"row:{row.key}" if first == 1 else None)  # fmt: skip
    for outside, edge, marker in ((marks[0] < low, low, "<"), (marks[-1] > high, high, ">")):
        if outside:
            axes.plot(edge, y, marker, color=BLACK, markersize=4.5, clip_on=False, zorder=7)
    if low <= marks[3] <= high:
        axes.plot(marks[3], y, "o", **_DOT)
    else:
        words = text("published.off_axis", lang, value=rounded(marks[3]))
        side = -1 if marks[3] > high else 1
        axes.annotate(words, (high if side < 0 else low, y), (9 * side, 0), textcoords="offset points", va="center",
                      ha="right" if side < 0 else "left", fontsize=_SMALL, zorder=8,
                      bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"})  # fmt: skip


def _legend(sheet: _Sheet, y: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def entry(name: str) -> str:
        return text(f"published.legend_{name}", sheet.lang)

    bars = {"98": _BARS[0], "90": _BARS[1], "50": _BARS[2]}
    handles: list[Any] = [
        Line2D([], [], linestyle="none", marker="|", markersize=9, markeredgewidth=2.2, color=VERMILION,
               label=entry("published")),
        Patch(facecolor=VERMILION, alpha=0.20, label=entry("range")),
        Line2D([], [], linestyle="none", marker="o", label=entry("median"), **_DOT),
        *(Line2D([], [], color=bar[3], linewidth=bar[2], label=entry(name), solid_capstyle="butt")
          for name, bar in reversed(bars.items())),
        Line2D([], [], linestyle="none", marker=">", markersize=4.5, color=BLACK, label=entry("clipped")),
    ]  # fmt: skip
    sheet.figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 1 - y / sheet.size[1]), ncols=len(handles),
        frameon=False, fontsize=_SMALL, handlelength=1.8, columnspacing=1.3, handletextpad=0.5, borderpad=0,
        borderaxespad=_MARGIN * 72 / _SMALL,
    )  # fmt: skip


def _footer(tree: xr.DataTree, metric: str, found: Sequence[Row], lang: str, layout: _Layout) -> list[str]:
    width = layout.width - 2 * _MARGIN
    worst = max((row.error / row.width for row in found if row.finite and not row.fixed), default=0.0)
    small = worst <= NEGLIGIBLE_ERROR
    caveat = text("published.caveat", lang) if small else text("published.caveat_error", lang, share=_percent(worst))
    said = [caveat, text("published.boundaries_money" if metric == "economic_effect" else "published.boundaries", lang)]
    missing = [f"{number or ''} {name[lang]}".strip() for number, name in without(tree, metric, found)]
    if missing:
        said.append(text("published.without", lang, programmes=text("published.separator", lang).join(missing)))
    said.append(text("published.card", lang, scenario=tree.attrs.get("scenario", "–"), seed=tree.attrs.get("seed", "–"),
                     draws=f"{int(tree.attrs.get('draws', 0)):,}",
                     digest=str(tree.attrs.get("scenario_digest", "–"))[:12]))  # fmt: skip
    return [_wrapped(one, width * _SIZE / _SMALL, lang) for one in said]


def _percent(share: float) -> str:
    return rounded(share * 100)
