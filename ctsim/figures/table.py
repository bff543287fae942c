"""The words of a figure and where they stand: columns as wide as what is in them, around a plot.

Distances are inches from the top left corner; a figure is as tall as its rows need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ctsim.figures.amounts import as_printed, interval, rounded, scale
from ctsim.figures.rows import Row
from ctsim.figures.style import BLACK, GREY, LINE, PALE, RULE, VERMILION, extent, shortened, wrapped
from ctsim.locale import text, when

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN: Final = 0.15
ROW: Final = 0.25
_WIDTH: Final = 9.6
_GAP: Final = 0.13
_NAME: Final = 2.15
_LABEL: Final = 1.3
_PLOT: Final = 2.3
_COLUMNS: Final = ("published", "computed", "interval", "unit")


@dataclass(frozen=True)
class Line:
    """The words of a row, by column. `first`: the row above is of another programme."""

    number: str
    name: str
    label: str
    first: bool
    published: str
    computed: str
    interval: str
    unit: str

    @classmethod
    def of(cls, row: Row, lang: str, first: bool) -> Line:
        """The words of `row` in one language."""
        amount = scale(row.middle, row.unit, lang)
        low, median, high = (row.quantiles[i] * amount.factor for i in (1, 3, 5))
        ends = dict.fromkeys((row.low, row.high))
        said = as_printed(median) if row.fixed else interval(low, median, high, row.error * amount.factor)
        return cls(
            number=str(row.number or ""),
            name=_name(row, lang, first),
            label=_label(row, lang),
            first=first,
            published="–".join(as_printed(end * amount.factor) for end in ends),
            computed=rounded(row.computed * amount.factor, 3),
            interval=said if row.finite else "–",
            unit=amount.word + "*" * row.our_year,
        )

    @property
    def height(self) -> float:
        """Inches."""
        return max(ROW, 0.08 + LINE * (1 + max(self.name.count("\n"), self.label.count("\n"))))


def lines(found: Sequence[Row], lang: str) -> list[Line]:
    """The words of the rows of one panel."""
    above = [None, *(row.programme for row in found)]
    return [Line.of(row, lang, row.programme != before) for row, before in zip(found, above, strict=False)]


def _name(row: Row, lang: str, first: bool) -> str:
    # The row above has it in full.
    return (wrapped if first else shortened)(row.name[lang], _NAME)


def _label(row: Row, lang: str) -> str:
    """The year or label, the part where it is one, and the kind of money; on one line if they fit."""
    kind = text(f"money_kind.{row.money_kind or 'unstated'}", lang) if row.metric == "economic_effect" else ""
    label = when(row.label, lang)
    for part in filter(None, (row.item[lang], kind)):
        joined = f"{label} · {part}"
        label = joined if extent(joined) <= _LABEL else f"{label}\n{wrapped(part, _LABEL)}"
    return label


@dataclass(frozen=True)
class Layout:
    """Left edges (name, label, unit), right edges (number, published, computed, interval), the plot's, the width."""

    number: float
    name: float
    label: float
    plot: tuple[float, float]
    published: float
    computed: float
    interval: float
    unit: float
    width: float

    @classmethod
    def measured(cls, said: Sequence[Line], lang: str) -> Layout:
        """The plot gets what the words leave of the page, and at least its least width."""

        def column(name: str, heading: str = "") -> float:
            return max(extent(one) for one in [heading, *(getattr(line, name) for line in said)])

        number, name, label = (column(one) for one in ("number", "name", "label"))
        published, computed, interval_, unit = (column(one, text(f"published.column_{one}", lang)) for one in _COLUMNS)
        x_name = MARGIN + number + 0.07
        x_label = x_name + name + _GAP
        left = x_label + label + _GAP
        right = 3 * _GAP + published + computed + interval_ + 0.06 + unit + MARGIN
        plot = max(_PLOT, _WIDTH - left - right)
        x_published = left + plot + _GAP + published
        x_computed = x_published + _GAP + computed
        x_interval = x_computed + _GAP + interval_
        return cls(MARGIN + number, x_name, x_label, (left, left + plot), x_published, x_computed, x_interval,
                   x_interval + 0.06, left + plot + right)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A figure that is written on in inches from its top left corner."""

    figure: Figure
    layout: Layout
    lang: str

    @property
    def height(self) -> float:
        return float(self.figure.get_figheight())

    def write(self, x: float, y: float, words: str, **style: Any) -> None:
        if words:
            self.figure.text(x / self.layout.width, 1 - y / self.height, words, **style)

    def rule(self, y: float, color: str = RULE, linewidth: float = 0.5) -> None:
        """A line across the page."""
        from matplotlib.lines import Line2D

        ends = (MARGIN / self.layout.width, 1 - MARGIN / self.layout.width)
        height = 1 - y / self.height
        self.figure.add_artist(Line2D(ends, (height, height), color=color, linewidth=linewidth, zorder=-1))

    def axes(self, top: float, bottom: float, gid: str) -> Axes:
        """Axes in the column of the plot whose vertical coordinate is inches below `top`."""
        left, right = self.layout.plot
        box = (left / self.layout.width, 1 - bottom / self.height, (right - left) / self.layout.width,
               (bottom - top) / self.height)  # fmt: skip
        axes = self.figure.add_axes(box, gid=gid)
        axes.set_ylim(bottom - top, 0)
        axes.patch.set_visible(False)
        return axes

    def row(self, line: Line, y: float) -> None:
        """The words of a row around its middle `y`."""
        layout, middle = self.layout, {"va": "center", "linespacing": 1.15}
        # The name that the row above has too is there to be found, not to be read again.
        color = BLACK if line.first else PALE
        self.write(layout.number, y, line.number, ha="right", color=color, **middle)
        self.write(layout.name, y, line.name, color=color, **middle)
        self.write(layout.label, y, line.label, **middle)
        self.write(layout.published, y, line.published, ha="right", color=VERMILION, **middle)
        self.write(layout.computed, y, line.computed, ha="right", color=GREY, **middle)
        self.write(layout.interval, y, line.interval, ha="right", **middle)
        self.write(layout.unit, y, line.unit, color=GREY, **middle)

    def headings(self, y: float, size: float) -> None:
        """The headings of the columns, standing on `y`."""
        for name in _COLUMNS:
            words = text(f"published.column_{name}", self.lang)
            side = "left" if name == "unit" else "right"
            self.write(getattr(self.layout, name), y, words, ha=side, va="bottom", size=size, color=GREY,
                       linespacing=1.1)  # fmt: skip
