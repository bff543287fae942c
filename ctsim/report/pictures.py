"""Pictures inside the page, as SVG: an interval beside its published figure, a fan over the years, a distribution.

Every picture has a title and a description in words with its numbers, so that it can be heard too. Colours are classes
of the style sheet, lengths are in pixels of the picture's own frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from markupsafe import Markup, escape

from ctsim.figures.amounts import interval, scale
from ctsim.locale import text
from ctsim.report.facts import HIGH, LOW, MEDIAN, Fact, digits

if TYPE_CHECKING:
    from ctsim.report.moves import Move

FloatArray = npt.NDArray[np.float64]

BANDS: Final = ((0.01, 0.99, "q98"), (0.05, 0.95, "q90"), (0.25, 0.75, "q50"))
BAR: Final = (150.0, 18.0)
REACH: Final = 2.0
"""The right end of a bar's axis, in multiples of the published figure."""
SHARE: Final = (90.0, 12.0)
FAN: Final = (300.0, 176.0)
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 12.0, 22.0, 22.0
SPARK: Final = (120.0, 26.0)
_SPARK_POINTS: Final = 48


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _framed(size: tuple[float, float], name: str, title: str, words: str, content: Sequence[str]) -> Markup:
    width, height = size
    said = f"{title}: {words}" if words else title
    return Markup(
        f'<svg class="{name}" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}" '
        f'role="img" aria-label="{escape(said)}"><title>{escape(said)}</title>{"".join(content)}</svg>'
    )


def _rect(x: float, y: float, width: float, height: float, name: str) -> str:
    return f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0.6))}" height="{_n(height)}" class="{name}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, name: str) -> str:
    return f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" class="{name}"/>'


def _words(x: float, y: float, said: str, name: str) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" class="{name}">{escape(said)}</text>'


def in_words(fact: Fact) -> str:
    """Published figure, median and interval of a fact, for who does not see the picture."""
    factor, unit = fact.scale.factor, fact.scale.word
    said = []
    if fact.printed:
        low, high = (digits(fact.value(name) * factor) for name in ("published_low", "published_high"))
        said.append(f"{text('report.published', fact.lang)} {low if low == high else f'{low}–{high}'}")
    if fact.finite:
        low_end, median, high_end = (fact.value("quantiles", share) * factor for share in (LOW, MEDIAN, HIGH))
        said.append(f"{text('report.median_interval', fact.lang)} {interval(low_end, median, high_end)}")
    return f"{' / '.join(said)} {unit}"


# ---- a bar in a row of a table


def bar_axis(lang: str) -> Markup:
    """The axis of bars, for the head of their column."""
    width, _ = BAR
    marks = [(0.0, "start"), (1.0, "middle"), (2.0, "end")]
    content = [_words(at / REACH * width, 10, text("published.tick", lang, value=f"{at:g}"), f"tick {anchor}")
               for at, anchor in marks]  # fmt: skip
    return _framed((width, 12), "axis", text("published.axis", lang), "", content)


def bar(fact: Fact) -> Markup:
    """The distribution of a fact in multiples of its published figure; nothing where that is 0 or not printed."""
    published = fact.value("published")
    if not (fact.printed and published and fact.finite):
        return Markup("")
    width, height = BAR

    def x(value: float) -> float:
        return min(max(value / published, 0.0), REACH) / REACH * width

    middle = height / 2
    ends = sorted((x(fact.value("published_low")), x(fact.value("published_high"))))
    content = [_line(0, middle, width, middle, "rule")]
    if ends[0] != ends[1]:
        content.append(_rect(ends[0], 1, ends[1] - ends[0], height - 2, "range"))
    for share, thick in zip(BANDS if not fact.fixed else (), (2.0, 6.0, 10.0), strict=not fact.fixed):
        first, last = sorted((x(fact.value("quantiles", share[0])), x(fact.value("quantiles", share[1]))))
        content.append(_rect(first, middle - thick / 2, last - first, thick, share[2]))
    content.append(_line(x(published), 0, x(published), height, "mark"))
    multiple = fact.value("quantiles", MEDIAN) / published
    if 0 <= multiple <= REACH:
        content.append(f'<circle cx="{_n(multiple / REACH * width)}" cy="{_n(middle)}" r="2.8" class="dot"/>')
    else:
        content.append(_words(width if multiple > REACH else 0, middle + 3,
                              text("published.off_axis", fact.lang, value=f"{multiple:.2g}"),
                              f"off {'end' if multiple > REACH else 'start'}"))  # fmt: skip
    return _framed(BAR, "bar", text("published.axis", fact.lang), in_words(fact), content)


# ---- a share, and two sides of a comparison


def share(value: float, basis: str) -> Markup:
    """A share of the variance as a bar along 0 to 1, by what the spread rests on; the number stands beside it."""
    width, height = SHARE
    name = "assumed-bar" if basis == "assumed" else "evidence-bar"
    filled = width * min(max(value, 0.0), 1.0) if isfinite(value) else 0.0
    content = [_rect(0, 2, width, height - 4, "track"), *([_rect(0, 2, filled, height - 4, name)] if filled else [])]
    return _framed(SHARE, "share", f"{100 * value:.0f} %", "", content)


def pair(move: Move) -> Markup:
    """A and B of one quantity on one axis from 0: the 90 % interval of each and its median."""
    width, height = BAR
    ends = {side: [move.value(f"{side}_quantiles", one) for one in (LOW, MEDIAN, HIGH)] for side in "ab"}
    known = [one for side in ends.values() for one in side if isfinite(one)]
    if not known:
        return Markup("")
    low, high = min(0.0, *known), max(0.0, *known)
    span = (high - low) or 1.0
    places = {side: [3 + (one - low) / span * (width - 6) for one in values] for side, values in ends.items()}
    zero = 3 - low / span * (width - 6)
    content = [_line(zero, 0, zero, height, "rule")]
    for y, side in ((1.0, "a"), (10.0, "b")):
        if isfinite(ends[side][0]):
            left, middle, right = places[side]
            content.append(_rect(left, y, right - left, 7, f"side-{side}"))
            content.append(_line(middle, y - 1, middle, y + 8, "median"))
    factor, word = move.scale.factor, move.scale.word
    said = [f"{text(f'report.side_{side}', move.lang)} {interval(*(one * factor for one in values))} {word}"
            for side, values in ends.items() if isfinite(values[0])]  # fmt: skip
    return _framed(BAR, "pair", text("report.pair_axis", move.lang), " / ".join(said), content)


# ---- a fan over the years


@dataclass(frozen=True)
class Fan:
    """One programme's cells of one boundary over the years: the picture, its title and its unit."""

    programme: str
    title: str
    picture: Markup


def fan(facts: Sequence[Fact], title: str) -> Fan:
    """The picture of cells of one programme and one boundary, by year; years are joined where both have a number."""
    lang = facts[0].lang
    finite = [one for one in facts if one.finite]
    tops = [one.value("quantiles", 0.99) for one in finite]
    tops += [one.value("published_high") for one in facts if one.printed]
    bottoms = [one.value("quantiles", 0.01) for one in finite]
    bottoms += [one.value("published_low") for one in facts if one.printed]
    unit = scale(max(abs(one) for one in (*tops, *bottoms)), facts[0].unit, lang)
    ticks = _ticks(min(0.0, *bottoms) * unit.factor, max(0.0, *tops) * unit.factor)
    frame = _Frame(ticks, unit.factor)
    content = [
        *frame.grid(),
        _words(2, 11, f"[{unit.word}{'*' * any(one.our_year for one in facts)}]", "unit"),
        *frame.bands(finite),
    ]
    for one in facts:
        content += [_words(frame.x(one), FAN[1] - 6, text("when.year", lang, year=one.when), "tick middle")]
        content += frame.marks(one)
    words = text("published.separator", lang).join(
        f"{text('when.year', lang, year=one.when)} {in_words(one)}" for one in facts
    )
    return Fan(facts[0].programme, title, _framed(FAN, "fan", title, words, content))


class _Frame:
    """From years and amounts to places in the picture."""

    def __init__(self, ticks: Sequence[float], factor: float) -> None:
        self.ticks = ticks
        self.factor = factor

    def x(self, fact: Fact) -> float:
        inner = FAN[0] - _LEFT - _RIGHT
        return _LEFT + inner * (0.12 + 0.76 * (int(fact.when) - 2030) / 20)

    def y(self, amount: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return FAN[1] - _BOTTOM - (amount - low) / (high - low) * (FAN[1] - _TOP - _BOTTOM)

    def at(self, fact: Fact, share: float) -> float:
        return self.y(fact.value("quantiles", share) * self.factor)

    def grid(self) -> list[str]:
        found = []
        for tick in self.ticks:
            found.append(_line(_LEFT, self.y(tick), FAN[0] - _RIGHT, self.y(tick), "zero" if tick == 0 else "rule"))
            found.append(_words(_LEFT - 5, self.y(tick) + 3.5, f"{tick:,.6g}".replace("-", "−"), "tick end"))
        return found

    def bands(self, finite: Sequence[Fact]) -> list[str]:
        """Areas between years that follow each other and both have a number."""
        pairs = [(a, b) for a, b in pairwise(finite) if int(b.when) - int(a.when) == 10]
        found = []
        for low, high, name in BANDS:
            for a, b in pairs:
                corners = ((a, low), (b, low), (b, high), (a, high))
                points = " ".join(f"{_n(self.x(one))},{_n(self.at(one, share))}" for one, share in corners)
                found.append(f'<polygon points="{points}" class="{name} between"/>')
        found += [_line(self.x(a), self.at(a, MEDIAN), self.x(b), self.at(b, MEDIAN), "path") for a, b in pairs]
        return found

    def marks(self, fact: Fact) -> list[str]:
        """The interval of a year, its median, and the published figure."""
        x, found = self.x(fact), []
        if fact.finite:
            for (low, high, name), wide in zip(BANDS, (2.0, 6.0, 10.0), strict=True):
                top = self.at(fact, high)
                found.append(_rect(x - wide / 2, top, wide, max(self.at(fact, low) - top, 0.6), name))
        if fact.printed:
            low, high = (self.y(fact.value(f"published_{end}") * self.factor) for end in ("low", "high"))
            if low != high:
                found.append(_rect(x - 11, high, 22, low - high, "range"))
            found += [_line(x - 11, end, x + 11, end, "mark") for end in dict.fromkeys((low, high))]
        if fact.finite:
            found.append(f'<circle cx="{_n(x)}" cy="{_n(self.at(fact, MEDIAN))}" r="2.8" class="dot"/>')
        return found


def _ticks(low: float, high: float) -> list[float]:
    """Four to six round numbers that hold both ends."""
    span = (high - low) or 1.0
    base = 10.0 ** floor(log10(span / 4))
    step = next(base * one for one in (1, 2, 2.5, 5, 10) if span / (base * one) <= 4.5)
    return [step * i for i in range(floor(low / step + 1e-9), ceil(high / step - 1e-9) + 1)]


# ---- the distribution of a parameter


def spark(fact: Fact, title: str, atoms: Sequence[tuple[float, float]] = ()) -> Markup:
    """The shape of what a parameter is drawn from, with its value marked; `atoms` are (value, probability) of a count.

    The density is the slope of a smooth curve through the quantiles that the run keeps: its shape, not its digits.
    """
    value = fact.value("value")
    low, high = (fact.value("quantiles", share) for share in (0.01, 0.99))
    ends = [fact.value("minimum"), fact.value("maximum")]
    low, high = (end if isfinite(end) and abs(end - near) < (high - low) else near
                 for end, near in zip(ends, (low, high), strict=True))  # fmt: skip
    if atoms:
        low, high = min(one for one, _ in atoms), max(one for one, _ in atoms)
    low, high = min(low, value), max(high, value)
    width, height = SPARK
    span = (high - low) or 1.0

    def x(one: float) -> float:
        return 5 + (one - low) / span * (width - 10) if high > low else width / 2

    content = [_line(2, height - 3, width - 2, height - 3, "axis-line")]
    if atoms:
        most = max(share for _, share in atoms)
        content += [_rect(x(one) - 2, height - 3 - 18 * share / most, 4, 18 * share / most, "q90")
                    for one, share in atoms]  # fmt: skip
    elif high > low and not fact.fixed:
        points = [f"{_n(x(a))},{_n(height - 3 - 19 * d)}" for a, d in _density(fact, low, high)]
        content.append(f'<polygon points="{" ".join(points)}" class="q90"/>')
    content.append(_line(x(value), 1, x(value), height - 1, "mark"))
    return _framed(SPARK, "spark", title, "", content)


def _density(fact: Fact, low: float, high: float) -> list[tuple[float, float]]:
    """(value, height up to 1) along the range, closed at both ends."""
    shares = np.array([0.0, *fact.values["quantile"], 1.0])
    places = np.array([fact.value("minimum"), *fact.values["quantiles"], fact.value("maximum")])
    kept = np.isfinite(places) & (places >= low) & (places <= high)
    at = np.linspace(low, high, _SPARK_POINTS)
    heights = _slopes(at, places[kept], shares[kept])
    top = float(heights.max()) or 1.0
    curve = [(float(a), float(h) / top) for a, h in zip(at, heights, strict=True)]
    return [(low, 0.0), *curve, (high, 0.0)]


def _slopes(at: FloatArray, places: FloatArray, shares: FloatArray) -> FloatArray:
    """Slopes at `at` of a smooth rising curve through (place, share): cubics with harmonic mean slopes at the places.

    F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984). Outside the places the slope is 0.
    """
    distinct = np.concatenate(([True], np.diff(places) > 0))
    x, p = places[distinct], shares[distinct]
    if len(x) < 2:
        return np.ones_like(at)
    steps = np.diff(x)
    mean = np.diff(p) / steps
    inner = 2 / (1 / mean[:-1] + 1 / mean[1:])
    ends = np.concatenate((mean[:1], inner, mean[-1:]))
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    t = (at - x[i]) / steps[i]
    curve = 6 * t * (1 - t) * mean[i] + (1 - 4 * t + 3 * t**2) * ends[i] + (3 * t**2 - 2 * t) * ends[i + 1]
    return np.where((at < x[0]) | (at > x[-1]), 0.0, np.maximum(curve, 0.0))
