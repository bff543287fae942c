"""The policy frame: national totals and targets, and what a price of carbon makes of what was paid for.

The share of a gap that realised demand-side programmes close is small, and they are a part of what the bonds are for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import Field

from ctsim import tomlfile, units
from ctsim.catalog import Scenario
from ctsim.errors import Finding, InputError
from ctsim.library import citable, library_root, no_source
from ctsim.locale import both
from ctsim.programme import YEARS
from ctsim.schema import Bilingual, Citation, Identifier, Record, Source, Text, Unit, YearLabel
from ctsim.streams import TILE
from ctsim.tomlfile import Document
from ctsim.yearly import Drawn

FloatArray = npt.NDArray[np.float64]

REALISED: Final = Bilingual(**both("policy.realised"))
REALISED_GROUP: Final = "units_supported"
"""The sum of annual, domestic tonnes of units that were paid for, in `totals.toml`."""
BETWEEN: Final = Bilingual(**both("policy.between"))
"""How tonnes of a year between two cells are made."""
SHARES: Final = (0.5, 0.05, 0.95)
"""Quantiles that are shown: median, ends of the 90 % interval."""
_MOST: Final = 2**16
"""Draws of years between cells: they are held in memory."""
_BASE: Final = 2013
_NOW: Final = 2023
_FIRST: Final = 2026
"""The first year in which all that was paid for is in use: the last of it was installed in FY2025."""
_SLACK: Final = 0.05
"""Mt-CO2 of a sum of printed numbers: half of their last digit."""


class NationalTotal(Record):
    """Greenhouse-gas emissions of a fiscal year; a derived one says of which printed numbers it is the sum."""

    year: int
    emissions: float = Field(gt=0)
    unit: Unit
    basis: Literal["published", "derived", "assumed"]
    sum_of: tuple[float, ...] = ()
    source: Citation
    note: Bilingual | None = None

    @property
    def mt_co2(self) -> float:
        """Mt-CO2 a year."""
        return self.emissions * units.conversion(self.unit, "Mt-CO2/yr")


class Target(Record):
    """A reduction against FY2013, in per cent."""

    year: int
    reduction: float = Field(gt=0, le=100)
    basis: Literal["published", "assumed"]
    source: Citation | None = None
    reason: Text | None = None


class Credits(Record):
    """Reductions abroad, cumulative: never part of an annual total."""

    by: int
    amount: float
    unit: Unit
    source: Citation


class PricePath(Record):
    """A price of carbon by year, real; a published one names its source."""

    id: Identifier
    title: Bilingual
    unit: Unit
    basis: Literal["published", "assumed"]
    source: Citation | None = None
    reason: Bilingual
    price: dict[YearLabel, float]


class FrameFile(Record):
    """`policy/frame.toml`."""

    format: Literal[1]
    total: tuple[NationalTotal, ...]
    target: tuple[Target, ...]
    credits: tuple[Credits, ...] = ()
    price_path: tuple[PricePath, ...] = ()


def frame(path: str | Path | None = None) -> FrameFile:
    """The shipped frame, or that of a file. Raises InputError: a path with a gap, a target without ground."""
    found = _file(path)
    if not found.is_file():
        raise InputError(f"{str(found)[-200:]}: no such file of the policy frame")
    document = tomlfile.read(found, FrameFile, str(path) if path else "scenarios/policy/frame.toml")
    if faults := [*_faults(document), *_unknown_sources(document, documents(path))]:
        raise InputError(faults)
    return document.record


def documents(path: str | Path | None = None) -> Mapping[str, Source]:
    """What the frame may cite, by key: shipped sources and `sources.toml` beside it."""
    return citable(_file(path)).source


def _file(path: str | Path | None) -> Path:
    return Path(path) if path else library_root() / "policy" / "frame.toml"


def _faults(document: Document[FrameFile]) -> list[Finding]:
    findings = []
    years = {one.year for one in document.record.total}
    if missing := {_BASE, _NOW} - years:
        message = f"no total of FY{min(missing)}; add it: targets and gaps are measured from it"
        findings.append(Finding(document.place("total"), "total", message))
    emissions = {one.year: one.mt_co2 for one in document.record.total}
    for number, total in enumerate(document.record.total):
        if message := _unfounded(total):
            findings.append(Finding(document.place("total", number, "basis"), f"total.{total.year}.basis", message))
    targets = [one.year for one in document.record.target]
    for number, target in enumerate(document.record.target):
        if (target.source is None) == (target.basis == "published") or not (target.source or target.reason):
            message = "a published target needs its 'source', an assumed one its 'reason'"
            findings.append(Finding(document.place("target", number), f"target.{target.year}", message))
        if message := _unusable(target, targets[:number], emissions):
            findings.append(Finding(document.place("target", number, "year"), f"target.{target.year}", message))
    for number, path in enumerate(document.record.price_path):
        given = sorted(int(year) for year in path.price)
        gaps = [year for year in range(given[0], given[-1]) if year not in given] if given else [0]
        bad = [year for year in given if not path.price[str(year)] >= 0]
        if path.basis == "published" and path.source is None:
            message = "a published price path needs its 'source', as { key, where, quote }; else its basis is 'assumed'"
            findings.append(Finding(document.place("price_path", number, "basis"), f"price_path.{path.id}", message))
        place, key = document.place("price_path", number, "price"), f"price_path.{path.id}.price"
        if gaps:
            said = f"{gaps[0]} is missing between {given[0]} and {given[-1]}" if given else "has no year"
            findings.append(Finding(place, key, f"{said}; a price path has every year"))
        findings += [Finding(place, key, f"{year}: a price is at least 0") for year in bad]
        wanted = _valued(targets)
        if given and not gaps and (outside := [year for year in wanted if not given[0] <= year <= given[-1]]):
            findings.append(
                Finding(
                    place, key, f"no price for {outside[0]}; a path has every year from {wanted[0]} to {wanted[-1]}"
                )
            )
        try:
            units.conversion(path.unit, "円/t-CO2")
        except units.UnitError as error:
            findings.append(Finding(place, f"price_path.{path.id}.unit", f"{error}; write it in 円/t-CO2"))
    return findings


def _unknown_sources(document: Document[FrameFile], known: Collection[str]) -> list[Finding]:
    """Citations of documents that nobody has listed."""
    findings = []
    for table in ("total", "target", "credits", "price_path"):
        for number, one in enumerate(getattr(document.record, table)):
            if one.source is not None and one.source.key not in known:
                name = one.id if isinstance(one, PricePath) else one.by if isinstance(one, Credits) else one.year
                place = document.place(table, number, "source", "key")
                findings.append(Finding(place, f"{table}.{name}.source.key", no_source(one.source.key, known)))
    return findings


def _unfounded(total: NationalTotal) -> str:
    """Why a total is not what its basis says; "" where it is."""
    if (total.basis == "derived") != bool(total.sum_of):
        return "a derived total needs 'sum_of', the printed numbers that it is the sum of; no other has it"
    if total.sum_of and abs(sum(total.sum_of) - total.emissions) > _SLACK:
        return f"'sum_of' comes to {sum(total.sum_of):,.10g}, emissions are {total.emissions:,.10g}; mend one of them"
    return ""


def _valued(targets: Sequence[int]) -> list[int]:
    """Years whose tonnes get a value: those of cells, and targets between them."""
    cells = [int(year) for year in YEARS]
    return sorted({*cells, *(year for year in targets if cells[0] < year < cells[-1])})


def _unusable(target: Target, before: Sequence[int], emissions: dict[int, float]) -> str:
    """Why a target has no gap from today; "" where it has one."""
    if target.year in before:
        return f"two targets of FY{target.year}; take one out"
    if target.year <= _NOW:
        return f"a target is later than FY{_NOW}, from which gaps are measured"
    base, now = emissions.get(_BASE), emissions.get(_NOW)
    if base is not None and now is not None and base * (1 - target.reduction / 100) >= now:
        return f"{target.reduction:g} % below FY{_BASE} is not below FY{_NOW}: there is no gap to close"
    return ""


@dataclass(frozen=True)
class Gap:
    """A target: emissions allowed then and what is missing from FY2023, in Mt-CO2 a year; the share closed."""

    target: Target
    allowed: float
    missing: float
    closed: FloatArray | None


@dataclass(frozen=True)
class Realised:
    """Quantiles (`SHARES`) of what was paid for, Mt-CO2 a year by year; `between`: the years that have no cell.

    `independent`: the same without dependence. `reasons`: by year, why there is no number.
    """

    tonnes: dict[int, FloatArray]
    independent: dict[int, FloatArray]
    between: frozenset[int]
    reasons: Mapping[int, Bilingual] = field(default_factory=dict)


def realised(
    scenario: Scenario, totals: xr.Dataset, file: FrameFile, draws: int, seed: int, every_year: bool = False
) -> Realised:
    """Cells from `/totals/co2_reduction` of a run of so many draws; target years between them from the same draws.

    With `every_year` every year of the price paths, too, from the first in which all of it is in use. A year outside
    the cells, or with a member without a number beside it, has none.
    """
    one = totals.sel(group=REALISED_GROUP, quantile=list(SHARES))
    members = str(totals["members"].sel(group=REALISED_GROUP).values[0]).split(", ")
    reasons = _reasons(one)

    def by_year(name: str, drawn_from: Scenario) -> tuple[dict[int, FloatArray], frozenset[int]]:
        cells = {int(year): np.asarray(one[name].sel(year=year).values) for year in one["year"].values}
        years = valued_years(file, cells, every_year) - set(cells)
        if not years or reasons:
            return cells, frozenset()
        drawn = between(drawn_from, members, sorted(years), draws, seed)
        return dict(sorted((cells | drawn).items())), frozenset(years)

    tonnes, added = by_year("quantiles", scenario)
    free = by_year("independent_quantiles", scenario.with_dependence(0))[0]
    return Realised(tonnes, free, added, reasons)


def _reasons(total: xr.Dataset) -> dict[int, Bilingual]:
    """Why the sum has no number, by year."""
    found = {}
    for year in total["year"].values:
        one = total.sel(year=year)
        if np.isnan(one["quantiles"].values).any():
            en, ja = (str(one[name].values) for name in ("reason", "reason_ja"))
            found[int(year)] = Bilingual(ja=ja or en, en=en)
    return found


def valued_years(file: FrameFile, cells: Collection[int], every_year: bool) -> set[int]:
    """Years of cells, target years between them and, if wanted, every year of the paths from the first full one on."""
    wanted = {target.year for target in file.target}
    first = _FIRST if every_year else min(cells)
    if every_year:
        wanted |= {year for path in file.price_path for year in map(int, path.price)}
    return {*cells, *(year for year in wanted if first <= year < max(cells))}


def between(
    scenario: Scenario, programmes: Collection[str], years: Sequence[int], draws: int, seed: int
) -> dict[int, FloatArray]:
    """Quantiles of the sum of the programmes' formulas of a year, Mt-CO2, at these years."""
    figures = [figure for one in scenario.programmes if one.id in programmes
               for figure in one.cell("co2_reduction", YEARS[0]).figures]  # fmt: skip
    drawn = Drawn(scenario, figures, min(draws, _MOST) // TILE, seed)
    steps = [drawn.binding.steps[drawn.binding.step_of(one)] for one in figures]
    million = units.conversion("t-CO2/yr", "Mt-CO2/yr")
    return {year: np.quantile(sum(drawn.year(step, year) for step in steps), SHARES) * million for year in years}


def gaps(file: FrameFile, realised: dict[int, FloatArray]) -> list[Gap]:
    """Every target with its gap; `realised` are Mt-CO2 a year by year, in any statistics."""
    total = {one.year: one.mt_co2 for one in file.total}
    found = []
    for target in file.target:
        allowed = total[_BASE] * (1 - target.reduction / 100)
        missing = total[_NOW] - allowed
        closed = realised[target.year] / missing if target.year in realised else None
        found.append(Gap(target, allowed, missing, closed))
    return found


def percent(share: FloatArray | None) -> list[float] | None:
    """A share of a gap in per cent; None where there is none or a member has no number."""
    return None if share is None or np.isnan(share).any() else [float(one) for one in 100 * share]


def carbon_value(path: PricePath, realised: dict[int, FloatArray]) -> dict[int, FloatArray]:
    """億円 a year of those tonnes (Mt-CO2 a year) at the price of the year. Raises InputError outside the path."""
    factor = units.conversion(path.unit, "億円/Mt-CO2")
    if outside := [year for year in realised if str(year) not in path.price]:
        raise InputError(f"price path {path.id} has no price for {outside[0]}; give it one")
    return {year: tonnes * path.price[str(year)] * factor for year, tonnes in realised.items()}


def along(path: PricePath, realised: dict[int, FloatArray]) -> dict[int, FloatArray]:
    """The same in the years that the path has: another may begin before it."""
    return carbon_value(path, {year: tonnes for year, tonnes in realised.items() if str(year) in path.price})
