"""What a yen of the bonds bought: effects per 億円 allocated, yen per tonne, the share financed and the leverage.

Only where money and effect are of the same projects, and the effect is that of units or plants that were paid for. The
tonnes of a life are sums over years of the page's own formula for a year, so nothing is said twice. Allocations and
costs are fixed numbers; the effects are draws. None of this is a marginal cost of abatement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ctsim import units
from ctsim.accounts import Allocation, AllocationFile
from ctsim.catalog import Scenario
from ctsim.errors import InputError
from ctsim.locale import both, budget, words_of
from ctsim.programme import Figure, Programme
from ctsim.schema import Bilingual
from ctsim.streams import TILE
from ctsim.summaries import REPLICATES
from ctsim.yearly import Drawn

FloatArray = npt.NDArray[np.float64]

NOT_MARGINAL: Final = Bilingual(**both("yen.not_marginal"))
REFINANCED: Final = Bilingual(**both("yen.refinanced_note"))
WHOLE: Final = Bilingual(**both("yen.whole_note"))
SETS: Final = Bilingual(**both("yen.sets"))
POOLED: Final = Bilingual(**both("yen.pooled"))
AT_LEAST: Final = Bilingual(**both("yen.at_least"))
BOUNDARIES: Final = ("units_supported", "plants_supported")
HALF: Final = 0.5
"""Share of a line's money with a known effect below which nothing is said per yen of the line."""
PRO_RATA: Final = ("pro_rata_annual", "pro_rata_lifetime", "all_yen_per_tonne")
"""Amounts that the share financed makes: the bonds' own part of an effect, and the money of all payers by all of it."""
SECTIONS: Final = ("rows", "classes", "categories", "budgets")
"""Parts of an account."""
_YEARS: Final = {"units_supported": 60, "plants_supported": 90}
"""Years from the start over which tonnes are added: by then nothing is left."""
_AT_MOST: Final = ("share", "pro_rata_annual", "pro_rata_lifetime")
_AT_LEAST: Final = ("leverage", "all_yen_per_tonne")
"""Figures that the cost of all payers makes smaller, or larger."""
_PLANT_YEAR: Final = "2040"
_LIFE_YEAR: Final = "2030"
"""The year whose figure has the formula that is taken for every year of a life."""
_OKU: Final = 1e8


@dataclass(frozen=True)
class Amount:
    """Statistics of draws: mean, median and the ends of the 90 % interval."""

    mean: float
    median: float
    low: float
    high: float


def amount(draws: FloatArray) -> Amount:
    """Statistics of the draws (draw) of one quantity, in its unit."""
    low, median, high = np.quantile(draws, (0.05, 0.5, 0.95))
    return Amount(float(draws.mean()), float(median), float(low), float(high))


@dataclass(frozen=True, eq=False)
class Bought:
    """What an allocation (億円) goes with: t-CO2 a year and in all (draw), and what all payers spent (億円)."""

    programmes: tuple[str, ...]
    boundary: str
    when: str
    allocated: float
    cost: float
    annual: FloatArray
    lifetime: FloatArray
    pro_rata_annual: FloatArray
    pro_rata_lifetime: FloatArray
    cost_at_least: bool = False

    @property
    def share(self) -> float:
        """The share financed by the bonds, by which effects are pro-rated."""
        return self.allocated / self.cost

    @property
    def leverage(self) -> float:
        """Yen spent in all for a yen of the bonds."""
        return self.cost / self.allocated

    def sign(self, name: str) -> str:
        """The mark of a figure that is a bound, because the cost of all payers is printed as a lower bound."""
        if not self.cost_at_least:
            return ""
        return {**dict.fromkeys(_AT_MOST, "≤ "), **dict.fromkeys(_AT_LEAST, "≥ ")}.get(name, "")

    @cached_property
    def amounts(self) -> dict[str, Amount]:
        """Per 億円 of allocation, annual and lifetime; pro-rated tonnes; yen a tonne, of the bonds and of all money."""
        return {
            "annual_per_oku": amount(self.annual / self.allocated),
            "lifetime_per_oku": amount(self.lifetime / self.allocated),
            "pro_rata_annual": amount(self.pro_rata_annual),
            "pro_rata_lifetime": amount(self.pro_rata_lifetime),
            "yen_per_tonne": amount(self.allocated * _OKU / self.lifetime),
            "all_yen_per_tonne": amount(self.cost * _OKU / self.lifetime),
        }


@dataclass(frozen=True)
class Line:
    """Some rows of the allocations: what they bought, or why nothing can be said, and what a reader has to know.

    `refinanced`: the least and the most of it that took the place of earlier borrowing, None where that is not printed.
    """

    name: str
    rows: tuple[Allocation, ...]
    refinanced: tuple[float, float] | None
    bought: Bought | None
    reasons: tuple[Bilingual, ...] = ()
    notes: tuple[Bilingual, ...] = ()
    name_en: str = ""

    def named(self, lang: str) -> str:
        """Its name in a language; as printed where there is no English."""
        return self.name_en if lang == "en" and self.name_en else self.name

    @property
    def why(self) -> Bilingual | None:
        """All reasons as one."""
        if not self.reasons:
            return None
        return Bilingual(ja=" / ".join(r.ja for r in self.reasons), en=" / ".join(r.en for r in self.reasons))

    @property
    def new(self) -> tuple[float, float] | None:
        """The least and the most of it that is not refinanced."""
        return self.refinanced and (self.allocated - self.refinanced[1], self.allocated - self.refinanced[0])

    @property
    def footnotes(self) -> tuple[Bilingual, ...]:
        """Reasons, then notes."""
        return (*self.reasons, *self.notes)

    @property
    def allocated(self) -> float:
        """億円 of all rows, also of those whose effect is not known."""
        return sum(row.amount for row in self.rows)


@dataclass(frozen=True)
class Account:
    """One issue: a line a row of its allocations, and lines by class, green category and budget year."""

    file: AllocationFile
    rate: float
    draws: int
    rows: tuple[Line, ...]
    classes: tuple[Line, ...]
    categories: tuple[Line, ...]
    budgets: tuple[Line, ...]

    @property
    def has_figures(self) -> bool:
        """A ratio is shown, so that it has to be said how to read it."""
        return any(one.bought for one in self.rows)

    @property
    def has_plants(self) -> bool:
        """A line sets money against the outlook of plants."""
        return any(one.bought and one.bought.boundary == "plants_supported" for one in self.rows)

    @property
    def notes(self) -> tuple[Bilingual, ...]:
        """What holds for the whole issue: why it has no ratio, what its sums do not say, refinancing, categories."""
        said = [WHOLE] if any(line.why is None for line in self.rows) else []  # else each line says why there is none
        said += [self.file.totals.note] if self.file.totals.note else []
        if self.file.totals.refinanced is not None:
            said.append(REFINANCED)
        sets = {row.green_categories for row in self.file.allocation if len(row.green_categories) > 1}
        if sets:
            count = Counter(
                name for one in dict.fromkeys(row.green_categories for row in self.file.allocation) for name in one
            )
            several = [name for name, times in count.items() if times > 1]
            en = "; ".join(self.file.green(several, "en"))
            said.append(Bilingual(ja=SETS.ja + "・".join(several), en=SETS.en + en))
        return tuple(said)


def account(
    scenario: Scenario, file: AllocationFile, *, rate: float = 0.0, draws: int = 2**14, seed: int = 0
) -> Account:
    """What the money of `file` bought under `scenario`; tonnes of later years are discounted at `rate` a year.

    Raises InputError for a rate outside [0, 1) or fewer than one draw.
    """
    if not 0 <= rate < 1:
        raise InputError(f"--discount-rate {rate:g}: must be at least 0 and below 1, as 0.04 for 4 %")
    if not 1 <= draws <= 2**20:
        raise InputError(f"--draws {draws}: must be between 1 and {2**20:,}; these draws are held in memory")
    made = {row.programme[0]: row for row in file.allocation if _why(row, file, scenario) is None}
    names = [one.id for one in scenario.programmes if one.id in made]
    tiles = -(-draws // (REPLICATES * TILE)) * REPLICATES  # as many in each replicate
    effects = _effects(scenario, names, rate, tiles, seed)
    pages: dict[tuple[str, ...], str] = {(one.id,): one.name_en for one in scenario.programmes}
    lines = tuple(replace(_line(row.name_ja, (row,), file, scenario, effects),
                          name_en=row.name_en or pages.get(row.programme, "")) for row in file.allocation)  # fmt: skip

    def by(key: Any, english: Callable[[Allocation], str]) -> tuple[Line, ...]:
        found: dict[str, list[Allocation]] = {}
        for row in file.allocation:
            found.setdefault(key(row), []).append(row)
        return tuple(replace(_line(name, tuple(rows), file, scenario, effects), name_en=english(rows[0]))
                     for name, rows in sorted(found.items()))  # fmt: skip

    categories = by(lambda row: "・".join(row.green_categories) or "—",
                    lambda row: "; ".join(file.green(row.green_categories, "en")))  # fmt: skip
    budgets = by(lambda row: row.budget_year, lambda row: budget(row.budget_year, "en"))
    return Account(file, rate, tiles * TILE, lines, by(lambda row: row.category, lambda row: ""), categories, budgets)


def sums_alone(scenario: Scenario, made: Account, *, seed: int = 0) -> dict[tuple[str, int], Line]:
    """The lines of `made` that add several programmes, drawn once more without dependence; by section and place.

    Only these programmes are drawn: draws belong to names, so they are those of `account` without dependence.
    """
    places = [(section, place) for section in SECTIONS for place, line in enumerate(getattr(made, section))
              if line.bought and len(line.bought.programmes) > 1]  # fmt: skip
    names = {name for section, place in places for name in getattr(made, section)[place].bought.programmes}
    if not names:
        return {}
    some = replace(scenario, programmes=tuple(one for one in scenario.programmes if one.id in names))
    free = account(some.with_dependence(0), made.file, rate=made.rate, draws=made.draws, seed=seed)
    return {(section, place): getattr(free, section)[place] for section, place in places}


# ---- where something can be said


def _why(row: Allocation, file: AllocationFile, scenario: Scenario) -> Bilingual | None:
    """Why nothing can be said of a row, None where something can."""
    if file.unreported or row.refused:
        return row.refused or file.unreported
    programmes = {one.id: one for one in scenario.programmes}
    if absent := [one for one in row.programme if one in scenario.names and one not in programmes]:
        names = [scenario.names[one] for one in absent]
        said = {"ja": "、".join(one.ja for one in names), "en": ", ".join(one.en for one in names)}
        return Bilingual(**both("yen.not_here", programmes=said))
    if len(row.programme) != 1 or row.programme[0] not in programmes:
        return Bilingual(**both("yen.no_page"))
    boundaries = {str(one.record.boundary) for one in _co2(programmes[row.programme[0]])}
    if not boundaries & set(BOUNDARIES):
        said = words_of("boundary", sorted(boundaries)) if boundaries else both("yen.not_co2")
        return Bilingual(**both("yen.not_bought", boundaries=said))
    if not row.same_projects:
        return Bilingual(**both("yen.other_projects"))
    return _no_life(programmes[row.programme[0]])


def _no_life(programme: Programme) -> Bilingual | None:
    """Why the tonnes of a life cannot be added: the scenario has no number for a cell they are made of."""
    years = (_LIFE_YEAR,) if _printed(programme) else (_LIFE_YEAR, _PLANT_YEAR)
    empty = [cell for year in years if not (cell := programme.cell("co2_reduction", year)).figures]
    if not empty:
        return None
    said = empty[0].reason
    assert said is not None
    years_said = ", ".join(cell.year for cell in empty)
    return Bilingual(**both("yen.no_life", years=years_said, why={"ja": said.ja, "en": said.en}))


def _co2(programme: Programme) -> list[Figure]:
    return [one for one in programme.figures if one.record.metric == "co2_reduction"]


def _line(
    name: str, rows: tuple[Allocation, ...], file: AllocationFile, scenario: Scenario, effects: Mapping[str, _Effect]
) -> Line:
    """Rows together: their effects are added only where a sum of totals.toml has all of their programmes."""
    refused = tuple({why.en: why for row in rows if (why := _why(row, file, scenario))}.values())
    refinanced = file.refinanced_of(rows)
    known = [row for row in rows if _why(row, file, scenario) is None]
    if not known:
        return Line(name, rows, refinanced, None, refused, _notes(rows))
    names = list(dict.fromkeys(row.programme[0] for row in known))
    sums = [set(one.members) for one in scenario.totals if one.kind == "sum"]
    if len(names) > 1 and not any(set(names) <= members for members in sums):
        mixed = [one for one in scenario.programmes if one.id in names]
        said = {"ja": "、".join(one.name_ja for one in mixed), "en": ", ".join(one.name_en for one in mixed)}
        unlike = both("yen.unlike", programmes=said)
        return Line(name, rows, refinanced, None, (Bilingual(**unlike), *refused), _notes(rows))
    if small := _small_part(sum(row.amount for row in known), sum(row.amount for row in rows)):
        return Line(name, rows, refinanced, None, (small, *refused), _notes(rows))
    allocated = {one: sum(row.amount for row in known if row.programme[0] == one) for one in names}
    same = [row for row in file.allocation if row.same_projects and row.programme[0] in names]
    whole = {one: sum(row.amount for row in same if row.programme[0] == one) for one in names}
    parts = [(effects[one], allocated[one] / whole[one], whole[one] / effects[one].cost) for one in names]
    bought = Bought(
        tuple(names), parts[0][0].boundary, ", ".join(dict.fromkeys(effect.when for effect, *_ in parts)),
        sum(allocated.values()), sum(effect.cost * part for effect, part, _ in parts),
        np.sum([effect.annual * part for effect, part, _ in parts], axis=0),
        np.sum([effect.lifetime * part for effect, part, _ in parts], axis=0),
        np.sum([effect.annual * part * share for effect, part, share in parts], axis=0),
        np.sum([effect.lifetime * part * share for effect, part, share in parts], axis=0),
        any(row.cost_at_least for row in known),
    )  # fmt: skip
    pooled = (POOLED,) if len(known) < len(same) else ()
    return Line(name, rows, refinanced, bought, refused,
                (*((AT_LEAST,) if bought.cost_at_least else ()), *pooled, *_notes(rows)))  # fmt: skip


def _small_part(known: float, whole: float) -> Bilingual | None:
    """Why a ratio of so little of a line's money is not the line's; None where it is of half of it or more."""
    if known >= HALF * whole:
        return None
    said = {"whole": f"{whole:,.10g}", "known": f"{known:,.10g}", "share": f"{known / whole:.0%}"}
    return Bilingual(**both("yen.small_part", **said))


def _notes(rows: tuple[Allocation, ...]) -> tuple[Bilingual, ...]:
    """Notes of a single row; of several they stand at each."""
    return (rows[0].note,) if len(rows) == 1 and rows[0].note else ()


# ---- effects, draw by draw


@dataclass(frozen=True, eq=False)
class _Effect:
    """A programme's own: t-CO2 a year (`when`) and of a life (draw), and its cost in 億円."""

    boundary: str
    when: str
    cost: float
    annual: FloatArray
    lifetime: FloatArray


def _effects(scenario: Scenario, names: Sequence[str], rate: float, tiles: int, seed: int) -> dict[str, _Effect]:
    programmes = [one for one in scenario.programmes if one.id in names]
    if not programmes:
        return {}
    figures = [one for p in programmes for one in (*annual_figures(p), *p.cell("co2_reduction", _LIFE_YEAR).figures)]
    drawn = Drawn(scenario, figures, tiles, seed)
    return {one.id: _effect(one, drawn, rate) for one in programmes}


def _effect(programme: Programme, drawn: Drawn, rate: float) -> _Effect:
    annual = annual_figures(programme)
    boundary = str(annual[0].record.boundary)
    tonnes = [drawn.step(drawn.binding.step_of(one)) * units.conversion(one.record.unit, "t-CO2/yr") for one in annual]
    carried = programme.cell("co2_reduction", _LIFE_YEAR).figures
    steps = [drawn.binding.steps[drawn.binding.step_of(one)] for one in carried]
    life = np.sum([drawn.life(step, _YEARS[boundary], rate) for step in steps], axis=0)
    return _Effect(boundary, annual[0].record.when, cost_of(programme), np.sum(tonnes, axis=0), life)


def annual_figures(programme: Programme) -> tuple[Figure, ...]:
    """The tonnes a year that money is set against: the first year's as printed, of plants the cell of 2040."""
    printed = _printed(programme)
    totals = [one for one in printed if not one.record.item]
    return tuple(totals or printed) or programme.cell("co2_reduction", _PLANT_YEAR).figures


def _printed(programme: Programme) -> list[Figure]:
    """Tonnes a year of the units paid for, as the report prints them."""
    return [one for one in _co2(programme) if one.record.boundary == "units_supported" and not one.derived
            and one.record.period == "annual"]  # fmt: skip


def costs(scenario: Scenario) -> dict[str, float | None]:
    """What all payers spent (億円, as printed) by programme that has a page; None where no one figure says so."""
    found: dict[str, float | None] = dict.fromkeys((*scenario.names, *scenario.library.left_out))
    return found | {one.id: cost_of(one) for one in scenario.programmes if len(_costs(one)) == 1}


def cost_of(programme: Programme) -> float:
    """What all payers spent, in 億円 as printed."""
    [cost] = _costs(programme)
    return cost.published()[0] * units.conversion(cost.record.unit, "億円")


def _costs(programme: Programme) -> list[Figure]:
    return [one for one in programme.figures if one.record.period == "one_off" and not one.record.item
            and one.record.metric == "economic_effect"]  # fmt: skip
