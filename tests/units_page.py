"""docs/units.md and docs/units.ja.md: every unit, prefix and alias that ctsim knows."""

from collections.abc import Iterator
from typing import get_args

from ctsim import unit_words, units
from tests.markdown import start, table
from tests.page_texts import heads, said


def units_page(lang: str) -> str:
    """The whole page."""
    defined = [line.partition(" = ") for line in units._DEFINITIONS.strip().splitlines()]
    prefixes = [[f"`{name.rstrip('-')}`", f"{int(meaning):,}"] for name, _, meaning in defined if name.endswith("-")]
    prefixes += [[f"`{name}`", f"{factor:,}"] for name, factor in units._JAPANESE_PREFIXES.items()]
    japanese = {target: name for name, target in unit_words.JAPANESE_UNITS.items()}
    rows = [
        [f"`{name.replace('_', '-')}`", f"`{japanese[name]}`" if name in japanese else "", _definition(meaning, lang)]
        for name, _, meaning in defined
        if not name.endswith("-")
    ]
    aliases = [[f"`{name}`", f"`{unit}`"] for name, unit in _aliases()]
    parts = [
        start("units", lang), table(heads("units.units", lang), rows), said("units.about_prefixes", lang),
        table(heads("units.prefixes", lang), prefixes, right=(1,)), said("units.about_names", lang),
        table(heads("units.names", lang), aliases),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _definition(meaning: str, lang: str) -> str:
    if meaning.startswith("["):
        return said("units.own", lang)
    return f"`{meaning.replace('1000000 * ', '10⁶ ').replace(' * ', ' ').replace('_', '-')}`"


def _aliases() -> Iterator[tuple[str, str]]:
    for name, value in vars(units).items():
        unit = getattr(value, "__metadata__", ("",))[0]
        if unit and get_args(value)[0] is float:
            yield name, unit
