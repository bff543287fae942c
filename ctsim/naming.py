"""Names of parameters as people read them: the report's own label, or that of `locale.toml`; never an identifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from ctsim.catalog import Scenario
from ctsim.composition import SHARES
from ctsim.figures.rows import tidy
from ctsim.locale import text, texts, when
from ctsim.programme import Figure, Parameter

_LABEL: Final = re.compile(r"^[①-⑳\s]*([^:：]{2,28})[:：]")
"""What the report prints before the number: "④ 人口あたりの保有台数(PHEV): 0.002 台/人"."""
_SPELLED: Final = {
    "ev": "EV", "phev": "PHEV", "co2": "CO₂", "cc": "CC", "drc": "DRC", "mdi": "MDI", "sic": "SiC", "si": "Si",
    "course50": "COURSE50", "kei": "kei", "japan": "Japan",
}  # fmt: skip


class Names:
    """Names of the parameters of a scenario in one language."""

    def __init__(self, scenario: Scenario, lang: str) -> None:
        self.lang = lang
        self._scenario = scenario
        self._found: dict[str, str] = {}

    def parameter(self, stream: str) -> str:
        """A parameter, or a reported figure that is drawn itself; in English where nothing else names it."""
        if stream not in self._found:
            name, _, year = stream.partition("@")
            self._found[stream] = " ".join(filter(None, [self._name(name), when(year, self.lang) if year else ""]))
        return self._found[stream]

    def _name(self, stream: str) -> str:
        if (figure := self._reported.get(stream)) is not None:
            return self._figure(figure)
        owner, _, name = stream.removesuffix(SHARES).rpartition(".")
        name, _, item = name.rstrip("]").partition("[")
        said = text(f"parameter.{name}", self.lang) if f"parameter.{name}" in texts() else ""
        said = said or (self._label(stream) if self.lang == "ja" else "") or spelled(name)
        if stream.endswith(SHARES):
            return text("made.shares", self.lang, whole=said)
        if not item:
            return said
        part = self._items.get((owner, item), spelled(item))
        return f"{said}（{part}）" if self.lang == "ja" else f"{said} ({part})"

    def _label(self, stream: str) -> str:
        """As the report labels it, or another parameter under the same number of the same page; "" if neither."""
        every = self._scenario.parameters()
        own = every.get(stream)
        if own is None:
            return ""
        page = stream.partition(".")[0]
        alike = [one for one in every.values() if own.record.symbol and one.stream.partition(".")[0] == page
                 and one.record.symbol == own.record.symbol]  # fmt: skip
        found = (_LABEL.match(_printed(one)) for one in (own, *alike))
        return next((one.group(1).strip() for one in found if one), "")

    def _figure(self, figure: Figure) -> str:
        record = figure.record
        said = f"{text(f'metric.{record.metric}', self.lang)} {when(record.when, self.lang)}"
        item = str(getattr(record, f"item_{self.lang}") or record.item)
        said = said if not item else f"{said}（{item}）" if self.lang == "ja" else f"{said} ({item})"
        return text("run.printed_itself", self.lang, figure=said)

    @cached_property
    def _reported(self) -> Mapping[str, Figure]:
        return {f"{one.programme}.{one.name}": one for one in self._scenario.figures() if one.reported}

    @cached_property
    def _items(self) -> Mapping[tuple[str, str], str]:
        """Parts of figures, as they are called there."""
        said = {(one.programme, one.record.item): str(getattr(one.record, f"item_{self.lang}") or "")
                for one in self._scenario.figures() if one.record.item}  # fmt: skip
        return {part: words for part, words in said.items() if words}


def titles(scenario: Scenario, lang: str) -> dict[str, str]:
    """Number and name of each programme, by id."""
    return {one.id: f"{one.number or ''} {tidy(getattr(one, f'name_{lang}'))}".strip() for one in scenario.programmes}


def spelled(name: str) -> str:
    """The words of an identifier, abbreviations as they are written."""
    return " ".join(_SPELLED.get(one, one) for one in name.split("_"))


def _printed(parameter: Parameter) -> str:
    """The words that a parameter is printed in, the first of several."""
    printed = parameter.record.as_printed
    return printed if isinstance(printed, str) else (printed or ("",))[0]
