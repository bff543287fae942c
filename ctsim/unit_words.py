"""Units in words: how pages, tables and workbooks of a language write what files and options spell in another way."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

JAPANESE_UNITS: Final = {
    "円": "JPY", "台": "vehicle", "隻": "ship", "基": "furnace", "枚": "wafer", "個": "chip", "戸": "home",
    "人": "person", "自治体": "municipality", "年": "yr", "時間": "h", "日": "day", "件": "project", "社": "company",
    "団体": "organisation",
}  # fmt: skip
ATOM: Final = re.compile(r"^(百万|千|万|億|兆)?(.*)$")

_ENGLISH_PREFIXES: Final = {"百万": "million ", "万": "10,000 ", "億": "100m ", "兆": "trillion ", "千": "1,000 "}
_PREFIXES: Final = {said.strip(): prefix for prefix, said in _ENGLISH_PREFIXES.items()} | {"M": "百万"}
_COUNTED: Final = {code: word for word, code in JAPANESE_UNITS.items()} | {"theme": "テーマ", "plant": "基"}
_SPELLED: Final = re.compile(r"^(?:(trillion) |(M)(?=t(?:-|$)))?(.*)$")

DIMENSIONLESS: Final = "1"


@cache
def unit_words(unit: str, lang: str) -> str:
    """A unit as tables of a language have it, however it is written: 百万t-CO₂/年 or Mt-CO2/yr. No number moves."""
    return "/".join(_atom_words(atom, lang) for atom in unit.split("/")) if unit != DIMENSIONLESS else DIMENSIONLESS


def unit_shown(unit: str, lang: str) -> str:
    """The same on a terminal, where English tables have units as files and options spell them."""
    return unit if lang == "en" else unit_words(unit, lang)


def _atom_words(atom: str, lang: str) -> str:
    if lang == "ja":
        prefix, mega, name = _SPELLED.fullmatch(atom).groups()  # type: ignore[union-attr]
        match = ATOM.match(name)
        assert match is not None
        counted = _COUNTED.get(match[2], match[2].replace("CO2", "CO₂").replace("H2", "H₂"))
        return _PREFIXES.get(prefix or mega, "") + (match[1] or "") + counted
    match = ATOM.match(atom)
    assert match is not None
    return _ENGLISH_PREFIXES.get(match[1] or "", "") + JAPANESE_UNITS.get(match[2], match[2])
