"""The policy frame for a page: national totals and targets, what was closed of each gap, tonnes at carbon prices.

Numbers have the addresses of `ctsim policy --json`, with "policy" before them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import xarray as xr
from markupsafe import Markup

from ctsim.catalog import Scenario
from ctsim.console import number
from ctsim.locale import text
from ctsim.naming import titles
from ctsim.policy import BETWEEN, REALISED, FloatArray, FrameFile, Gap, PricePath, along, documents, gaps, percent
from ctsim.policy import frame as read_frame
from ctsim.printing_policy import cells_words
from ctsim.report.words import Group, Key, groups, tagged
from ctsim.valued import CellTonnes, National, national

if TYPE_CHECKING:
    from ctsim.schema import Citation, Source

DRAWS: Final = 2**14
"""Draws of years between cells."""
_ENDS: Final = (0, 1, 2)


class FramePage:
    """The frame beside one run; `names` are those of programmes on the page."""

    def __init__(self, found: National, sources: Mapping[str, Source], names: Mapping[str, str], lang: str) -> None:
        self.found = found
        self.lang = lang
        self._sources = sources
        self._names = names

    @property
    def file(self) -> FrameFile:
        return self.found.file

    @property
    def realised(self) -> str:
        """What of the bonds closes a gap: the label goes with every share."""
        return REALISED.ja if self.lang == "ja" else f"{REALISED.ja} / {REALISED.en}"

    @property
    def between(self) -> str:
        """How years between cells are made, "" where there are none."""
        years = ", ".join(str(year) for year in sorted(self.found.realised.between))
        return f"* {years}{text('run.colon', self.lang)}{getattr(BETWEEN, self.lang)}" if years else ""

    def name(self, one: CellTonnes) -> str:
        """Number and name of the programme of a cell."""
        return self._names[one.programme]

    def source(self, citation: Citation) -> Source:
        """The document that a citation names."""
        return self._sources[citation.key]

    # ---- totals and targets

    def emissions(self, place: int) -> Markup:
        """A national total, Mt-CO2 a year."""
        value = self.file.total[place].mt_co2
        return tagged(f"{value:,g}", value, f"policy|totals|{place}|mt_co2")

    def basis(self, place: int) -> str:
        """The basis of a total; of a derived one the sum."""
        one = self.file.total[place]
        said = text(f"basis.{one.basis}", self.lang)
        parts = " + ".join(f"{part:,g}" for part in one.sum_of)
        return f"{said}{text('run.colon', self.lang)}{parts}" if parts else said

    @property
    def gaps(self) -> list[Gap]:
        """Targets with what is missing from FY2023."""
        return gaps(self.file, self.found.realised.tonnes)

    def gap(self, place: int, name: str) -> Markup:
        """What a target allows ("allowed") or lacks ("missing"), Mt-CO2 a year."""
        value = getattr(self.gaps[place], name)
        return tagged(f"{value:,.0f}", value, f"policy|targets|{place}|{name}_mt_co2")

    def closed(self, place: int) -> Markup:
        """The share of a gap that was closed, in per cent, or why there is none."""
        year = self.gaps[place].target.year
        share = percent(self.gaps[place].closed)
        if share is None:
            why = self.found.realised.reasons.get(year)
            return Markup("{}").format(getattr(why, self.lang) if why else text("policy.no_cell", self.lang))
        return Markup("{}{}").format(self._three(share, f"policy|targets|{place}|closed_percent"), self._mark(year))

    def closed_alone(self, place: int) -> Markup:
        """Its 90 % interval without dependence."""
        share = percent(gaps(self.file, self.found.realised.independent)[place].closed)
        return self._ends(share, f"policy|targets|{place}|independent_closed_percent")

    def credit(self, place: int) -> Markup:
        """Reductions abroad, cumulative."""
        value = self.file.credits[place].amount
        return tagged(f"{value:g}", value, f"policy|credits|{place}|amount")

    # ---- carbon value

    @property
    def values(self) -> list[tuple[int, PricePath, int]]:
        """Every year of each path in which the sum of what was paid for has tonnes: its place, the path, the year."""
        found = [(path, year) for path in self.file.price_path for year in along(path, self.found.realised.tonnes)]
        return [(place, path, year) for place, (path, year) in enumerate(found)]

    def price(self, place: int, path: PricePath, year: int) -> Markup:
        """The price of a year, 円/t-CO2."""
        value = path.price[str(year)]
        return tagged(f"{value:,g}", value, f"policy|values|{place}|price_yen_per_t_co2")

    def value(self, place: int, path: PricePath, year: int) -> Markup:
        """Money a year for the tonnes of what was paid for, or why there is none."""
        if why := self.found.realised.reasons.get(year):
            return Markup("{}").format(getattr(why, self.lang))
        said = along(path, self.found.realised.tonnes)[year].tolist()
        return Markup("{}{}").format(
            self._three(said, f"policy|values|{place}|value_oku_yen_per_year", self._factor), self._mark(year)
        )

    def value_alone(self, place: int, path: PricePath, year: int) -> Markup:
        """Its 90 % interval without dependence."""
        if year in self.found.realised.reasons:
            return Markup("–")
        said = along(path, self.found.realised.independent)[year].tolist()
        return self._ends(said, f"policy|values|{place}|independent_value_oku_yen_per_year", self._factor)

    def cells(self) -> list[Group[tuple[int, CellTonnes]]]:
        """Cells with a carbon value, with their places among all cells, by boundary."""
        keyed: list[tuple[Key, tuple[int, CellTonnes]]] = [
            (("co2_reduction", "", one.boundary), (place, one))
            for place, one in enumerate(self.found.cells) if one.tonnes is not None
        ]  # fmt: skip
        return groups(keyed, "carbon", self.lang)

    def cell(self, place: int, one: CellTonnes, path: PricePath) -> Markup:
        """Money a year for the tonnes of a cell."""
        value = one.value(path)
        at = f"policy|cells|{place}|value_oku_yen_per_year|{path.id}"
        return Markup("–") if value is None else self._three(value.tolist(), at, self._factor)

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Cells without a carbon value, in words, and why."""
        return [(cells_words(cells, self._names), getattr(why, self.lang)) for why, cells in self.found.refused]

    # ---- numbers

    @property
    def _factor(self) -> float:
        """Money is in 億円 in Japanese, in millions of yen in English: billions of issues are far too large a unit."""
        return 1.0 if self.lang == "ja" else 100.0

    def _mark(self, year: int) -> str:
        return " *" if year in self.found.realised.between else ""

    def _three(self, values: list[float] | FloatArray, at: str, factor: float = 1.0) -> Markup:
        said = [tagged(number(values[one] * factor), values[one], f"{at}|{one}", factor) for one in _ENDS]
        return Markup("{} [{}–{}]").format(*said)

    def _ends(self, values: list[float] | None, at: str, factor: float = 1.0) -> Markup:
        if values is None:
            return Markup("–")
        said = [tagged(number(values[one] * factor), values[one], f"{at}|{one}", factor) for one in _ENDS[1:]]
        return Markup("{}–{}").format(*said)


def frame_page(scenario: Scenario, tree: xr.DataTree, card: Mapping[str, Any], lang: str) -> FramePage:
    """The shipped frame beside the result of a run of `scenario`, or of some programmes of it."""
    draws = min(int(card["draws"]), DRAWS)
    found = national(scenario, tree, read_frame(), draws, int(card["seed"]))
    return FramePage(found, documents(), titles(scenario, lang), lang)
