"""What every page shares: names and titles of programmes, panels that keep boundaries apart, the card in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, TypeVar

from markupsafe import Markup

from ctsim.catalog import Scenario
from ctsim.figures.rows import BOUNDARIES, MONEY_KINDS, tidy
from ctsim.locale import text, when
from ctsim.naming import Names, spelled
from ctsim.programme import Programme

Key = tuple[str, str, str]
"""What may stand in one table shares: metric, kind of money, boundary."""

T = TypeVar("T")

_METRIC_ORDER: Final = ("co2_reduction", "other", "economic_effect")
MINUS: Final = "−"
OUTSIDE: Final = 999
"""The number of programmes that have none in the report: they come last, and it is never shown."""


class Page:
    """A page of a result: its sections in order, the template above them, and the names that all of them use."""

    contents: ClassVar[tuple[str, ...]] = ()
    glossary: ClassVar[tuple[str, ...]] = ()
    kind: ClassVar[str] = ""

    def __init__(
        self, scenario: Scenario, card: Mapping[str, Any], lang: str, programmes: Iterable[Programme] | None = None
    ) -> None:
        """`programmes` where they are not those of the scenario alone."""
        self.lang = lang
        self.scenario = scenario
        self.card = card
        self.programmes = sorted(programmes or scenario.programmes, key=lambda one: one.number or OUTSIDE)
        self.names = {one.id: tidy(getattr(one, f"name_{lang}")) for one in self.programmes}
        self._numbers = {one.id: one.number or OUTSIDE for one in self.programmes}

    @property
    def title_of_run(self) -> str:
        """The title of what was run."""
        raise NotImplementedError

    @property
    def shown(self) -> tuple[str, ...]:
        """The sections that this page has."""
        return self.contents

    @property
    def scenario_words(self) -> str:
        """The scenarios that it rests on, by name."""
        return str(self.card["scenario"])

    @property
    def card_rows(self) -> list[tuple[str, str]]:
        """The card in words; the coordinates of streams are left to the card itself."""
        return [(name, card_words(value)) for name, value in sorted(self.card.items()) if name != "coordinates"]

    def number(self, programme: str) -> int:
        """The report's number of a programme; those from outside come last."""
        return self._numbers.get(programme, OUTSIDE)

    def title(self, programme: str) -> str:
        """Number and name of a programme."""
        number = self.number(programme)
        return f"{number if number < OUTSIDE else ''} {self.names.get(programme) or self._other(programme)}".strip()

    def _other(self, programme: str) -> str:
        """The name of a programme that was not chosen."""
        known = self.scenario.names.get(programme)
        return tidy(getattr(known, self.lang)) if known else programme

    def parameter(self, stream: str) -> str:
        """The name of a parameter."""
        return self._parameters.parameter(stream)

    def parameter_of(self, stream: str, programme: str) -> str:
        """The same with its programme, where that is not the one that is spoken of."""
        own, _, named = stream.rpartition(".")
        said = self.parameter(stream)
        return (
            f"{self.title(own)}{self.text('run.colon')}{said}"
            if named and own in self.names and own != programme
            else said
        )

    @cached_property
    def _parameters(self) -> Names:
        return Names(self.scenario, self.lang)

    def member(self, name: str) -> str:
        """A member of a total: a programme, or a figure of one with what it is."""
        programme, _, figure = name.partition(".")
        known = self._figures.get(name)
        metric, _, label = figure.partition(".")
        when_, _, item = label.partition(".")
        said = known or (label_of(metric, when_, spelled(item), self.lang) if label else "")
        return f"{self.title(programme)}{self.text('run.colon')}{said}" if said else self.title(programme)

    def members(self, names: Iterable[str]) -> str:
        """Members of a total, one after the other."""
        return self.text("published.separator").join(map(self.member, filter(None, names)))

    @cached_property
    def _figures(self) -> Mapping[str, str]:
        """What each figure is of, by its key."""
        found = [one for programme in self.programmes for one in programme.figures]
        items = [str(getattr(one.record, f"item_{self.lang}") or "") for one in found]
        return {one.key: label_of(one.record.metric, one.record.when, item, self.lang)
                for one, item in zip(found, items, strict=True)}  # fmt: skip

    def text(self, key: str, **values: object) -> str:
        """A text in the language of the page."""
        return text(key, self.lang, **values)


@dataclass(frozen=True)
class Group(Generic[T]):
    """What may stand in one table, with its heading."""

    anchor: str
    heading: str
    items: Sequence[T]


def groups(keyed: Sequence[tuple[Key, T]], prefix: str, lang: str) -> list[Group[T]]:
    """What belongs to each panel, in the order of panels."""
    return [Group(anchor(prefix, key), heading(key, lang), mine) for key, mine in grouped(keyed)]


def tagged(said: str, value: float, at: str, factor: float = 1.0) -> Markup:
    """A printed number with its address; `factor` is what it was multiplied by to be printed."""
    return Markup('<data value="{}" data-at="{}" data-x="{}">{}</data>').format(
        repr(value), at, repr(factor), (said or "–").replace("-", MINUS)
    )


def anchor(prefix: str, key: Key) -> str:
    """The name of a panel inside the page."""
    return "-".join(filter(None, (prefix, *key)))


def scenario_title(scenario: Scenario, lang: str) -> str:
    """The title of a scenario."""
    return scenario.title_ja if lang == "ja" else scenario.title_en


def label_of(metric: str, word: str, item: str, lang: str) -> str:
    """Metric, year and part of a figure."""
    said = f"{text(f'metric.{metric}', lang)} {when(word, lang)}"
    return f"{said}({item})" if item and lang == "ja" else f"{said} ({item})" if item else said


def heading(panel: Key, lang: str) -> str:
    """What everything in a panel has in common."""
    metric, kind, boundary = panel
    said = [text(f"metric.{metric}", lang)]
    if metric == "economic_effect":
        said.append(text(f"money_kind.{kind or 'unstated'}", lang))
    return " · ".join([*said, text(f"boundary.{boundary or 'unstated'}", lang)])


def grouped(keyed: Sequence[tuple[Key, T]]) -> list[tuple[Key, list[T]]]:
    """What belongs to each panel, in the order of panels."""
    found: dict[Key, list[T]] = {}
    for key, one in keyed:
        found.setdefault(key, []).append(one)
    return sorted(found.items(), key=lambda one: _panel_order(one[0]))


def card_words(value: Any) -> str:
    """A value of a card."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {card_words(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(card_words, value)) or "–"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value or "–")


def _panel_order(panel: Key) -> tuple[int, int, int, int]:
    metric, kind, boundary = panel
    places = _place(_METRIC_ORDER, metric), _place(MONEY_KINDS, kind), _place(BOUNDARIES, boundary)
    return int(boundary == "reference"), *places


def _place(known: Sequence[str], word: str) -> int:
    return known.index(word) if word in known else len(known)
