"""Numbers as people read them: 万t and 億円 in Japanese, Mt and bn JPY in English, no more digits than they support."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ctsim import units
from ctsim.locale import text

_SCALES: Final = {
    ("t-CO2", "ja"): ((1e8, "億t"), (1e4, "万t"), (1.0, "t")),
    ("t-CO2", "en"): ((1e6, "Mt"), (1e3, "kt"), (1.0, "t")),
    ("円", "ja"): ((1e12, "兆円"), (1e8, "億円")),
    ("円", "en"): ((1e12, "trn JPY"), (1e9, "bn JPY")),
    ("yr", "ja"): ((1e4, "万年"), (1.0, "年")),
    ("yr", "en"): ((1e3, "kyr"), (1.0, "yr")),
}
_OTHERS: Final = {"t-CO2/t-H2": "unit.t_CO2_per_t_H2", "1": "unit.ratio"}


@dataclass(frozen=True)
class Scale:
    """What a number in the tree's unit is multiplied by, and the word that then stands behind it."""

    factor: float
    word: str


def scale(size: float, unit: str, lang: str) -> Scale:
    """The scale for numbers of about `size` in `unit`; a unit that no scale knows stays as it is."""
    unit = unit.replace("trillion JPY", "兆円")  # how the tree names the unit of its money cells
    for base, yearly in (("t-CO2", True), ("t-CO2", False), ("円", True), ("円", False), ("yr", False)):
        whole = f"{base}/yr" if yearly else base
        if units.convertible(unit, whole):
            return _in_base(size, units.conversion(unit, whole), base, yearly, lang)
    for plain, key in _OTHERS.items():
        if units.convertible(unit, plain):
            return Scale(units.conversion(unit, plain), text(key, lang))
    return Scale(1.0, unit)


def _in_base(size: float, factor: float, base: str, yearly: bool, lang: str) -> Scale:
    scales = _SCALES[base, lang]
    # A hair of slack: 1e8 t that arrives as 99,999,999.99 is 1 億t.
    step, word = next((one for one in scales if abs(size * factor) >= one[0] * (1 - 1e-9)), scales[-1])
    return Scale(factor / step, text("unit.per_year", lang, unit=word) if yearly else word)


def rounded(value: float, digits: int = 2) -> str:
    """`value` with that many significant digits, thousands separated; "–" where there is none."""
    return _fixed_point(value, _decimals(value, digits))


def interval(low: float, median: float, high: float, error: float = 0.0) -> str:
    """Median and interval with two significant digits each; an end near zero has no finer digits than it deserves.

    Nor has any number, but for its first digit, one that is finer than its Monte Carlo standard error.
    """
    supported = -math.ceil(math.log10(error)) if math.isfinite(error) and error > 0 else math.inf
    places = [max(min(_decimals(value, 2), supported), _decimals(value, 1)) for value in (median, low, high)]
    most = places[0] + 1
    said = [_fixed_point(value, int(min(at, most))) for value, at in zip((median, low, high), places, strict=True)]
    return f"{said[0]} [{said[1]}, {said[2]}]"


def as_printed(value: float) -> str:
    """A published number with all its digits, up to four: it is a quotation, not an estimate."""
    return f"{float(f'{value:.4g}'):,.15g}".replace("-", "−")


def _decimals(value: float, digits: int) -> int:
    """Decimal places (negative: left of the point) of `digits` significant digits, after rounding up to 10 if so."""
    if value == 0 or not math.isfinite(value):
        return 0
    return digits - 1 - int(f"{value:.{digits - 1}e}".partition("e")[2])


def _fixed_point(value: float, decimals: int) -> str:
    if not math.isfinite(value):
        return "–"
    whole = round(value, decimals) + 0.0  # -0 becomes 0
    return f"{whole:,.{max(decimals, 0)}f}".replace("-", "−")
