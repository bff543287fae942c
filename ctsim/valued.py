"""What a price of carbon makes of each cell: those that are tonnes of a year in Japan. Of the others, why not.

Values of cells are never added: the one sum that has a value is that of what was paid for, of `totals.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import xarray as xr

from ctsim import units
from ctsim.catalog import Scenario
from ctsim.dataset import places
from ctsim.errors import InputError, did_you_mean
from ctsim.locale import LANGUAGES, both, text, words_of
from ctsim.policy import (
    REALISED_GROUP,
    SHARES,
    FloatArray,
    FrameFile,
    PricePath,
    Realised,
    along,
    between,
    realised,
    valued_years,
)
from ctsim.schema import Bilingual

DOMESTIC: Final = ("units_supported", "plants_supported", "japan_market")
"""Boundaries whose tonnes are in Japan, where the report says so; the last holds outlooks, not what was paid for."""
_METRIC: Final = "co2_reduction"
_BY_YEAR: Final = ("units_supported", "plants_supported")
"""Boundaries whose carried cells are one formula of the year, which gives any year."""


@dataclass(frozen=True)
class CellTonnes:
    """A cell: quantiles (`SHARES`) of its tonnes, Mt-CO2 a year, or the reason why they have no carbon value."""

    programme: str
    year: int
    boundary: str
    status: str
    tonnes: FloatArray | None = None
    reason: Bilingual | None = None

    @property
    def name(self) -> str:
        """As commands name it."""
        return f"{self.programme}.{_METRIC}.{self.year}"

    def value(self, path: PricePath) -> FloatArray | None:
        """億円 a year at the price of its year; None where it has no value or the path begins later."""
        return None if self.tonnes is None else along(path, {self.year: self.tonnes}).get(self.year)


@dataclass(frozen=True)
class National:
    """The frame, what was paid for beside it, and every cell of CO2."""

    file: FrameFile
    realised: Realised
    cells: Sequence[CellTonnes]

    @property
    def valued(self) -> list[CellTonnes]:
        """Cells with a carbon value."""
        return [one for one in self.cells if one.tonnes is not None]

    @property
    def refused(self) -> list[tuple[Bilingual, list[CellTonnes]]]:
        """Cells without one, by their reason."""
        found: dict[str, tuple[Bilingual, list[CellTonnes]]] = {}
        for one in self.cells:
            if one.reason is not None:
                found.setdefault(one.reason.en, (one.reason, []))[1].append(one)
        return list(found.values())

    def value(self, cell: str, path: str) -> FloatArray:
        """億円 a year (median, 5 %, 95 %) of a cell along a path. Raises InputError with the reason if it has none."""
        cells, paths = {one.name: one for one in self.cells}, {one.id: one for one in self.file.price_path}
        if cell not in cells or path not in paths:
            missing, known = (cell, list(cells)) if cell not in cells else (path, list(paths))
            raise InputError(f"no cell or price path '{missing}'.{did_you_mean(missing, known)}")
        one = cells[cell]
        if one.reason is not None:
            raise InputError(f"no carbon value of {cell}: {one.reason.en}")
        value = one.value(paths[path])
        if value is None:
            raise InputError(f"price path {path} has no price for {one.year}; give it one")
        return value


def national(
    scenario: Scenario, tree: xr.DataTree, file: FrameFile, draws: int, seed: int, every_year: bool = False
) -> National:
    """The frame beside a run of `scenario` (all programmes), of which `tree` is the result (those that were chosen).

    `draws` and `seed` are those of years between cells. With `every_year` what was paid for has every year of the
    paths, too. A run without the sum of what was paid for has no shares, with the reason.
    """
    totals = tree["totals"].children.get(_METRIC) if "totals" in tree.children else None
    if totals is not None and REALISED_GROUP in (sums := totals.to_dataset())["group"].values:
        closed = realised(scenario, sums, file, draws, seed, every_year)
    else:
        why = Bilingual(**both("policy.no_total"))
        closed = Realised({}, {}, frozenset(), {one.year: why for one in file.target})
    cells = list(_cells(tree[_METRIC].to_dataset())) if _METRIC in tree.children else []
    if every_year:
        cells = [more for one in _by_programme(cells) for more in _every_year(scenario, one, file, draws, seed)]
    return National(file, closed, cells)


def _cells(node: xr.Dataset) -> Iterator[CellTonnes]:
    factor = units.conversion(str(node["mean"].attrs["units"]), "Mt-CO2/yr")
    at = [node["quantile"].values.tolist().index(share) for share in SHARES]
    for one in places(node, "programme", "year"):
        cell = CellTonnes(str(one["programme"]), int(one["year"]), str(one["boundary"]), str(one["status"]))
        reason = _no_value(one)
        tonnes = None if reason else np.array([one["quantiles"][place] for place in at]) * factor
        yield replace(cell, tonnes=tonnes, reason=reason)


def _no_value(one: Mapping[str, Any]) -> Bilingual | None:
    """Why a cell has no carbon value, each reason that there is; None where it has one."""
    if one["mean"] != one["mean"]:
        said = {"ja": str(one["reason_ja"] or one["reason"]), "en": str(one["reason"])}
        return Bilingual(**both("policy.why_no_number", code=words_of("reason_code", [str(one["reason_code"])]),
                                reason=said))  # fmt: skip
    boundary, scope, period = (str(one[name]) for name in ("boundary", "scope", "period"))
    found = []
    if boundary not in DOMESTIC:
        found.append(both("policy.why_boundary", boundary=both(f"boundary.{boundary or 'unstated'}")))
    if scope != "japan":
        found.append(both(f"policy.why_scope_{scope}"))
    if period != "annual":
        found.append(both("policy.why_period"))
    joined = {lang: text("policy.also", lang).join(said[lang] for said in found) for lang in LANGUAGES}
    return Bilingual(**joined) if found else None


def _by_programme(cells: Sequence[CellTonnes]) -> list[list[CellTonnes]]:
    return [[one for one in cells if one.programme == name] for name in dict.fromkeys(one.programme for one in cells)]


def _every_year(
    scenario: Scenario, cells: Sequence[CellTonnes], file: FrameFile, draws: int, seed: int
) -> list[CellTonnes]:
    """The cells of a programme with the years between, where one formula of the year gives all of them."""
    if any(one.tonnes is None or one.status != "carried" or one.boundary not in _BY_YEAR for one in cells):
        return list(cells)
    there = {one.year: one for one in cells}
    years = sorted(valued_years(file, there, every_year=True) - set(there))
    drawn = between(scenario, [cells[0].programme], years, draws, seed) if years else {}
    more = {year: replace(cells[0], year=year, tonnes=tonnes) for year, tonnes in drawn.items()}
    return [one for _, one in sorted((there | more).items())]
