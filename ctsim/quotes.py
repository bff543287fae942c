"""Printed Japanese text: made comparable, and read for its numbers.

`squash` gives two printings of the same words the same string; `numbers` reads every number of a phrase with its unit,
its printed digits and the year that follows it in brackets. Both know the markup of the extracted report (HTML tags
and a little LaTeX). Nothing here knows what a unit means.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

_TAG: Final = re.compile(r"</?(?:p|br|ul|ol|li|u|b|i|sub|sup|strong|em)(?: [^<>]*)?/?>|\*\*")
_LATEX: Final = re.compile(r"\\(times|div|textcircled\{(\d{1,2})\}|text\{|begin\{aligned\}|end\{aligned\})|[\\${}_^&]")
_SIGNS: Final = {"\\times": "×", "\\div": "÷"}
_VARIANTS: Final = str.maketrans({"〜": "~", "−": "-", "–": "-", "‐": "-", "―": "-", "—": "-"})

_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_MULTIPLIERS: Final = {"千": 10**3, "万": 10**4, "百万": 10**6, "億": 10**8, "兆": 10**12}
_MULTIPLIER: Final = "百万|千|万|億|兆"
_ATOM: Final = (
    r"(?:(?:(?:k|M)?t|k?g)(?:-?(?:CO2|H2|C))?|[kMGT]?Wh|[kMGT]?wh|[kMGTP]?[WJ]|k?[lL]|km|Nm3|m3)(?![A-Za-z])"
    r"|%|円|台|隻|枚|個|人(?!口)|戸(?!建)|件|団体|自治体|社(?!会)|基(?![準礎金])|年度|[カ力か]年|年|時間|日(?!本)"
)
_UNIT: Final = re.compile(rf"({_MULTIPLIER})?((?:{_ATOM})(?:/(?:1,?000)?(?:{_MULTIPLIER})?(?:{_ATOM}))*)?")
_POWER: Final = re.compile(r"(?<![\d.,])10\^(-?\d+)")
_FRACTION: Final = re.compile(r"(?<![\d.,/])(\d{1,3})/(\d{1,3})(?![\d.,/])")
_COMPOUND: Final = re.compile(rf"({_NUMBER})(兆|億)({_NUMBER})(億|万|千)")
_PLAIN: Final = re.compile(_NUMBER)
# digits of formulas and names (CO2, COURSE50, Nm3) are no numbers
_START: Final = re.compile(r"(?<![\d.])(?<!CO)(?<!CH)(?<!COURSE)(?<!m)(?<!\d,)\d")
_STATED_UNIT: Final = re.compile(r"\((?:単位:)?([^()\d]*[^()]*)\)")
_YEAR: Final = re.compile(r"[(\[【]約?(\d{4})(?:年|~)")
_CLOSING: Final = re.compile(r"(?:\([^()\d]*\))?\)")
_CHAIN: Final = re.compile(r"(?:\([^()\d]*\))?[-+=]約?")


@dataclass(frozen=True)
class PrintedNumber:
    """A number or range as printed: `low` equals `high` for a single number.

    `step` is the place of the last printed digit and `significant_step` that of the last digit that is not a trailing
    zero of an integer, both in `unit`; 0 where there is no such place (fractions). `unit` is "" where none is printed.
    `year` is the one printed in brackets right after the number.
    """

    low: float
    high: float
    unit: str
    step: float
    significant_step: float
    decimals: int
    year: str = ""

    @property
    def value(self) -> float | None:
        """The number, or None for a range."""
        return self.low if self.low == self.high else None


@dataclass(frozen=True)
class _Read:
    """Numbers read between two positions of a phrase: one, or several readings of the same digits."""

    start: int
    end: int
    numbers: tuple[PrintedNumber, ...]


def without_markup(text: str) -> str:
    """`text` with HTML tags and LaTeX commands blanked or replaced by their sign; every position is kept."""

    def tag(match: re.Match[str]) -> str:
        return "\t".ljust(len(match[0])) if match[0] != "**" else "  "

    def command(match: re.Match[str]) -> str:
        sign = _SIGNS.get(match[0], "")
        if match[2]:
            sign = chr(ord("①") + int(match[2]) - 1)
        return ("^" if match[0] == "^" else sign).ljust(len(match[0]))

    return _LATEX.sub(command, _TAG.sub(tag, text))


def squash_character(character: str) -> str:
    """What one character of markup-free text contributes to `squash`: "" for blanks."""
    normal = unicodedata.normalize("NFKC", character).translate(_VARIANTS)
    return "" if normal.isspace() or normal == "^" else normal


def squash(text: str) -> str:
    """`text` for comparison: NFKC, no markup, no blanks, one form of every minus and wave dash."""
    return "".join(map(squash_character, without_markup(text)))


def numbers(text: str) -> tuple[PrintedNumber, ...]:
    """Every number in a printed phrase, in order, with its unit; circled numbers and note marks are labels, not values.

    "12億4,400万t" is read twice, as 12.44 in 億t and as 124400 in 万t; "44/12" as the fraction and as its two parts.
    """
    phrase = _readable(text)
    reads: list[_Read] = []
    position = 0
    while start := _START.search(phrase, position):
        read = _read(phrase, start.start())
        reads.append(read)
        position = read.end
    reads = _units_from_the_right(phrase, _units_from_brackets(phrase, reads))
    return tuple(number for read in reads for number in read.numbers)


def _readable(text: str) -> str:
    """The phrase without blanks, labels and note marks; table cells and paragraphs are kept apart by `|`."""
    text = without_markup(text)
    text = re.sub(r"[①-⑳]", "|", text)
    text = re.sub(r"10\s*⁻(?=[⁰¹²³⁴⁵⁶⁷⁸⁹])", "10^-", text)
    text = re.sub(r"(?<=\^-)[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda power: unicodedata.normalize("NFKC", power[0]), text)
    text = re.sub(r"(?<!m)[⁰¹²³⁴⁵⁶⁷⁸⁹]+", "", text)
    text = unicodedata.normalize("NFKC", re.sub(r"[\t\n]", "|", text)).translate(_VARIANTS)
    text = re.sub(r"\s+", "", re.sub(r"(?<=\d)\s+(?=\d)", "|", text))
    text = re.sub(r"\^?[※*]\d{1,2}(?!\d)", "", text)
    return re.sub(r"\^(?!-?\d)|(?<!10)\^", "", text)


def _read(phrase: str, start: int) -> _Read:
    """The number that begins at `start`, a range where a wave dash and a second number follow."""
    if power := _POWER.match(phrase, start):
        return _Read(start, power.end(), (_exact(float(f"1e{power[1]}")),))
    if fraction := _FRACTION.match(phrase, start):
        return _fraction(phrase, fraction)
    first = _single(phrase, start)
    wave = re.compile(rf"~約?(?={_NUMBER})").match(phrase, first.end)
    return _range(first, _single(phrase, wave.end())) if wave else first


def _fraction(phrase: str, match: re.Match[str]) -> _Read:
    unit, end = _unit_at(phrase, match.end())
    top, bottom = int(match[1]), int(match[2])
    ratio = [_exact(top / bottom, unit)] if bottom else []
    parts = [_number(text, unit) for text in (match[1], match[2])]
    return _Read(match.start(), end, (*ratio, *parts))


def _single(phrase: str, start: int) -> _Read:
    if compound := _COMPOUND.match(phrase, start):
        return _compound(phrase, compound)
    match = _PLAIN.match(phrase, start)
    assert match is not None
    unit, end = _unit_at(phrase, match.end())
    return _Read(start, end, (_number(match[0], unit, _year_at(phrase, end)),))


def _compound(phrase: str, match: re.Match[str]) -> _Read:
    """1兆5,947億円: as 1.5947 in 兆円 and as 15947 in 億円."""
    unit, end = _unit_at(phrase, match.end())
    great, small = (Decimal(_MULTIPLIERS[match[group]]) for group in (2, 4))
    total = (_decimal(match[1]) * great + _decimal(match[3]) * small).normalize()
    readings = ((total / great, match[2]), (total / small, match[4]))
    year = _year_at(phrase, end)
    return _Read(match.start(), end, tuple(_number(f"{value.normalize():f}", m + unit, year) for value, m in readings))


def _range(first: _Read, second: _Read) -> _Read:
    low, high = first.numbers[0], second.numbers[-1]
    if low.unit not in ("", high.unit) or low.low >= high.high:
        return _Read(first.start, second.end, (*first.numbers, *second.numbers))
    joined = PrintedNumber(
        low.low, high.high, high.unit, min(low.step, high.step), min(low.significant_step, high.significant_step),
        max(low.decimals, high.decimals), high.year,
    )  # fmt: skip
    return _Read(first.start, second.end, (joined,))


def _exact(value: float, unit: str = "") -> PrintedNumber:
    """A fraction or a power of ten: no place of a last digit."""
    return PrintedNumber(value, value, unit, 0.0, 0.0, 0)


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _number(text: str, unit: str, year: str = "") -> PrintedNumber:
    value = _decimal(text)
    decimals = len(text.partition(".")[2])
    zeros = len(text.replace(",", "")) - len(text.replace(",", "").rstrip("0")) if not decimals and value else 0
    step, significant = Decimal(1).scaleb(-decimals), Decimal(1).scaleb(zeros - decimals)
    return PrintedNumber(float(value), float(value), unit, float(step), float(significant), decimals, year)


def _unit_at(phrase: str, position: int) -> tuple[str, int]:
    match = _UNIT.match(phrase, position)
    return (match[0], match.end()) if match else ("", position)


def _year_at(phrase: str, position: int) -> str:
    match = _YEAR.match(phrase, position)
    return match[1] if match else ""


def _with_unit(read: _Read, unit: str) -> _Read:
    return replace(read, numbers=tuple(replace(n, unit=n.unit or unit) for n in read.numbers))


def _units_from_brackets(phrase: str, reads: list[_Read]) -> list[_Read]:
    """Numbers without a unit take the one stated in brackets before them: "排出係数(単位:t-CO2/t):0.27"."""
    stated = [(m.end(), m[1]) for m in _STATED_UNIT.finditer(phrase) if m[1] and _UNIT.fullmatch(m[1])]
    return [_with_unit(read, next((u for end, u in reversed(stated) if end <= read.start), "")) for read in reads]


def _units_from_the_right(phrase: str, reads: list[_Read]) -> list[_Read]:
    """Terms of a sum take the unit printed once at its end: "1.6-0.8+2.5=3.3kg", "(131+339+612)t"."""
    done: list[_Read] = []
    for index in reversed(range(len(reads))):
        read, closing = reads[index], _CLOSING.match(phrase, reads[index].end)
        if done and _CHAIN.fullmatch(phrase, read.end, done[-1].start):
            read = _with_unit(read, done[-1].numbers[0].unit)
        elif closing:
            read = _with_unit(read, _unit_at(phrase, closing.end())[0])
        done.append(read)
    return done[::-1]
