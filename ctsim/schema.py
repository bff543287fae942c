"""Frozen records of everything a file may say: pages, shared parameters, scenarios, sources, totals, ledger.

Only shape and vocabulary are checked here, with pydantic (unknown keys, wrong types, NaN and infinity are errors);
what needs more than one record is checked where records meet: sources that exist in `ctsim.assembly`, values against
spreads in `ctsim.spreads`, units against formulas in `ctsim.binding` and `ctsim.balance`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from ctsim.errors import did_you_mean

FORMAT: Final = 1

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=64)]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*(\[[a-z0-9_]+\])?$", max_length=96)]
YearLabel = Annotated[str, StringConstraints(pattern=r"^[12][0-9]{3}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\n\t]*$")]
Unit = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\n\t]*$")]
ItemName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]*$", max_length=64)]

Kind = Literal["r_and_d", "capital_investment", "demand"]
Metric = Literal["co2_reduction", "economic_effect", "other"]
Scope = Literal["world", "japan", "unstated"]
Boundary = Literal[
    "units_supported",
    "plants_supported",
    "japanese_firms",
    "japan_market",
    "world_market",
    "per_unit",
    "reference",
]
Period = Literal["annual", "cumulative", "lifecycle", "period_mean", "per_unit", "ratio", "one_off", "unstated"]
Timing = Literal["ex_ante", "ex_post_units"]
MoneyKind = Literal["market", "investment", "project_cost", "demand"]
YearKind = Literal["calendar", "fiscal", "label"]
Basis = Literal["published", "literature", "elicited", "assumed"]
Verdict = Literal["reproduced", "within_input_rounding", "reading_found", "not_reproduced", "no_formula"]
ReasonCode = Literal[
    "before_start", "scope_change", "structure_change", "cumulative", "one_off", "per_unit", "not_co2", "no_volume",
    "reference_only", "beyond_life", "path_not_declared",
]  # fmt: skip
Distribution = Literal[
    "fixed", "uniform", "triangular", "pert", "normal", "truncated_normal", "lognormal", "beta", "choice", "empirical",
    "bernoulli", "scipy",
]  # fmt: skip

ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "fixed": ("value",),
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "pert": ("low", "mode", "high"),
    "normal": ("mean", "sd"),
    "truncated_normal": ("mean", "sd", "low", "high"),
    "lognormal": ("median", "gsd"),
    "beta": ("a", "b", "low", "high"),
    "choice": ("values", "weights"),
    "empirical": ("values", "probabilities"),
    "bernoulli": ("p",),
    "scipy": ("name",),
}
"""Arguments of every distribution, always given by name."""

_EVERY_ARGUMENT: Final = tuple(dict.fromkeys(name for names in ARGUMENTS.values() for name in names))


class Record(BaseModel):
    """Base: frozen, no unknown keys, no coercion, no NaN or infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Bilingual(Record):
    """One sentence in both languages."""

    ja: Text
    en: Text
    quote: Text | None = None


class Citation(Record):
    """Where something was read: a key of `sources.toml`, the block of the document, the words."""

    key: Identifier
    where: Text
    quote: Text | None = None
    checked_by: Text | None = None
    checked_on: Text | None = None


class Range(Record):
    """A printed range, in the printed unit."""

    low: float
    high: float

    @model_validator(mode="after")
    def _low_below_high(self) -> Self:
        if not self.low < self.high:
            raise ValueError("'low' must be below 'high'")
        return self


class Uncertainty(Record):
    """A distribution by name and arguments, with the ground it stands on.

    Either `dist` with its arguments or `class`, a key of `spread_classes.toml`. With `relative` the arguments are
    multiples of the parameter's value. `widen` multiplies the distance of every draw from the value.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False, populate_by_name=True)

    spread_class: Identifier | None = Field(default=None, alias="class")
    dist: Distribution | None = None
    low: float | None = None
    mode: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: float | None = None
    median: float | None = None
    gsd: float | None = None
    a: float | None = None
    b: float | None = None
    p: float | None = None
    value: float | None = None
    values: tuple[float, ...] | None = Field(default=None, max_length=100_000)
    weights: tuple[float, ...] | None = Field(default=None, max_length=100_000)
    probabilities: tuple[float, ...] | None = Field(default=None, max_length=100_000)
    name: Text | None = None
    truncate: tuple[float, float] | None = None
    relative: bool = False
    widen: Annotated[float, Field(ge=0, le=1000)] | None = None
    basis: Basis | None = None
    reason: Text | None = None
    source: Citation | None = None

    def arguments(self) -> dict[str, Any]:
        """The distribution's arguments as written; for `scipy` whatever its distribution takes."""
        names = _EVERY_ARGUMENT if self.dist == "scipy" else ARGUMENTS[self.dist or "fixed"]
        named = {name: getattr(self, name) for name in names}
        return {name: given for name, given in named.items() if given is not None} | dict(self.model_extra or {})

    @model_validator(mode="after")
    def _arguments_belong_to_the_distribution(self) -> Self:
        if (self.dist is None) == (self.spread_class is None):
            raise ValueError("give either 'dist' with its arguments or 'class'")
        extra = dict(self.model_extra or {})
        if self.dist != "scipy" and extra:
            unknown = next(iter(extra))
            raise ValueError(f"unknown field '{unknown}'.{did_you_mean(unknown, type(self).model_fields)}")
        if self.dist == "scipy" and any(isinstance(v, bool) or not isinstance(v, int | float) for v in extra.values()):
            raise ValueError("arguments of a scipy distribution are numbers")
        wanted = set(ARGUMENTS[self.dist]) if self.dist else set()
        given = {name for name in _EVERY_ARGUMENT if getattr(self, name) is not None}
        if missing := sorted(wanted - given):
            raise ValueError(f"{self.dist} needs '{missing[0]}'")
        if self.dist != "scipy" and (unexpected := sorted(given - wanted)):
            raise ValueError(f"'{unexpected[0]}' is not an argument of {self.dist or 'a class'}")
        return self


def _year_form(given: Any) -> str:
    """Which form a value or spread was written in, so that messages speak of that form only."""
    if isinstance(given, dict) and given and all(re.fullmatch("[0-9]{4}", str(key)) for key in given):
        return "by_year"
    return "single"


def _range_form(given: Any) -> str:
    return "range" if isinstance(given, dict | Range) else "number"


YearValue = Annotated[Annotated[float, Tag("number")] | Annotated[Range, Tag("range")], Discriminator(_range_form)]
Value = Annotated[
    Annotated[float, Tag("single")] | Annotated[dict[YearLabel, YearValue], Tag("by_year")],
    Discriminator(_year_form),
]
Spread = Annotated[
    Annotated[Uncertainty, Tag("single")] | Annotated[dict[YearLabel, Uncertainty], Tag("by_year")],
    Discriminator(_year_form),
]


_BESIDE_SHARED: Final = {"shared", "symbol", "as_printed", "source", "note"}


class Parameter(Record):
    """One named quantity of a formula: what was printed, and apart from it the spread.

    `value` is the printed number in the printed unit, or a table by year; `low` and `high` instead where a range is
    printed. `shared` takes the parameter of that name from `shared.toml`; `constant` names one of `ctsim.constants`.
    `domain` is what it can be at all: above 0, from none to all, or 1 and more.
    """

    symbol: Text | None = None
    as_printed: Text | tuple[Text, ...] | None = None
    value: Value | None = None
    low: float | None = None
    high: float | None = None
    unit: Unit | None = None
    source: Citation | None = None
    uncertainty: Spread | None = None
    years: Literal["shared", "independent"] = "shared"
    sum_to_one: Identifier | None = None
    shared: Identifier | None = None
    constant: Text | None = None
    was: Text | None = None
    value_outside_range: bool = False
    domain: Literal["positive", "share", "at_least_one"] | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _value_or_range(self) -> Self:
        if self.shared:
            if said := sorted(self.model_fields_set - _BESIDE_SHARED):
                raise ValueError(f"'{said[0]}' comes from shared.toml with 'shared'; take one of the two out")
            return self
        has_range = self.low is not None and self.high is not None
        if (self.low is None) != (self.high is None):
            raise ValueError("a range needs both 'low' and 'high'")
        if (self.value is None) != has_range:
            raise ValueError("give 'value', or 'low' and 'high' for a printed range")
        if has_range and not self.low < self.high:  # type: ignore[operator]
            raise ValueError("'low' must be below 'high'")
        if self.unit is None:
            raise ValueError('a unit is missing; write unit = "1" for a plain number')
        return self


class Printed(Record):
    """One place where a figure is printed."""

    as_printed: Text
    value: float | None = None
    low: float | None = None
    high: float | None = None
    step: Annotated[float, Field(gt=0)] | None = None
    where: Text

    @model_validator(mode="after")
    def _value_or_range(self) -> Self:
        ends = (self.low, self.high)
        if (self.value is None and None in ends) or (self.value is not None and ends != (None, None)):
            raise ValueError("give 'value', or 'low' and 'high' for a printed range")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError("'low' must be below 'high'")
        return self


class Words(Record):
    """What a figure is about: whose effect, over which time, measured against what. None: as said elsewhere."""

    scope: Scope | None = None
    boundary: Boundary | None = None
    period: Period | None = None
    counterfactual: Bilingual | None = None


class Impact(Record):
    """A figure of the report: CO2 reduction, economic effect or other, for a year or under a label.

    The first of `printed` is the printing that the audit compares with: the one with the most digits.
    `reported` figures (no formula in the report) are themselves a parameter and carry the `uncertainty`. A figure with
    `status` is none of the report's: it is derived for a year the report prints nothing for, `reason` says how. Where a
    change has put another formula in its place, `instead_of` is the page's own, and `own_words` what the page says that
    it is about where a reading says otherwise. `outside`: why what is printed lies outside its own 1-99 % range;
    `interval_note`: why the interval lies elsewhere, or is wider, than an estimate by hand would have it.
    """

    metric: Metric
    when: Label
    item: ItemName = ""
    item_ja: Label | None = None
    item_en: Label | None = None
    formula: Identifier
    unit: Unit
    title_ja: Text | None = None
    title_en: Text | None = None
    scope: Scope = "unstated"
    boundary: Boundary | None = None
    period: Period = "unstated"
    timing: Timing | None = None
    counterfactual: Bilingual | None = None
    money_kind: MoneyKind | None = None
    price_year: Text | None = None
    exchange_rate_note: Text | None = None
    year_kind: YearKind = "calendar"
    reference: bool = False
    verdict: Verdict | None = None
    uncertainty: Uncertainty | None = None
    status: Literal["pathway", "carried"] | None = None
    reason: Bilingual | None = None
    outside: Bilingual | None = None
    interval_note: Bilingual | None = None
    note: Text | None = None
    printed: tuple[Printed, ...] = ()
    instead_of: Identifier | None = None
    own_words: Words | None = None

    @model_validator(mode="after")
    def _derived_or_printed(self) -> Self:
        if self.status is not None and (self.printed or self.formula == "reported"):
            raise ValueError("a figure with 'status' is derived on the page: it has a formula, and nothing is printed")
        return self


def _several(given: object) -> object:
    """One text where several are expected."""
    return (given,) if isinstance(given, str) else given


class Reading(Words):
    """A named alternative reading of figures, shown beside the literal results, never blended into a spread.

    Where it is about something else than the figure (boundary, period, what it is measured against) it says so.
    `follows` are figures whose own formulas take what is read: they are shown as they follow from it. It may be of a
    cell that the page has no figure for: unit and boundary are then those of the impact it is `like`.
    """

    name: Identifier
    impact: Annotated[tuple[Text, ...], BeforeValidator(_several), Field(min_length=1)]
    follows: Annotated[tuple[Text, ...], BeforeValidator(_several)] = ()
    like: Text | None = None
    formula: Identifier
    description: Bilingual
    reason: Text


class Output(Record):
    """支援実績: what was supported, counted."""

    indicator_ja: Text
    indicator_en: Text
    value: float
    unit: Unit
    as_printed: Text
    where: Text


class Readiness(Record):
    """Technology readiness as the report states it."""

    trl_now: Text | None = None
    trl_target: Text | None = None
    by: Text | None = None
    as_of: Text | None = None
    quote: Text
    where: Text


class Unquantified(Record):
    """What the interval leaves out."""

    what_ja: Text
    what_en: Text
    direction: Literal["+", "-", "±"]
    size: Literal["small", "medium", "large", "unknown"]
    why: Text


class CellReason(Record):
    """Why a cell has no number."""

    metric: Metric
    year: YearLabel
    reason_code: ReasonCode
    reason: Bilingual


class ProgrammeHead(Record):
    """Identity of a programme. `annex` is its number there, or `chapter` where the Annex has none."""

    id: Identifier
    annex: Annotated[int, Field(ge=1, le=998)] | None = None
    chapter: Label | None = None
    name_ja: Label = ""
    name_en: Label = ""
    kind: Kind = "r_and_d"

    @property
    def number(self) -> int | None:
        """The report's number of the programme: of its Annex, or of its section 4.3.2-N where the Annex has none."""
        section = re.fullmatch(r"4\.3\.2-([0-9]+)", self.chapter or "")
        return self.annex or (int(section[1]) if section else None)


class ProgrammePage(Record):
    """One file of `scenarios/programmes/`."""

    format: Literal[1]
    programme: ProgrammeHead
    parameter: dict[ParameterName, Parameter] = Field(default_factory=dict)
    impact: tuple[Impact, ...] = ()
    reading: tuple[Reading, ...] = ()
    output: tuple[Output, ...] = ()
    readiness: Readiness | None = None
    unquantified: tuple[Unquantified, ...] = ()
    not_applicable: tuple[CellReason, ...] = ()


class SharedFile(Record):
    """`shared.toml`: parameters that several programmes use: one stream, one draw."""

    format: Literal[1]
    parameter: dict[ParameterName, Parameter]


class Source(Record):
    """A document that was read."""

    title: Text
    publisher: Text
    date: Text
    language: Literal["ja", "en"] = "ja"
    sha256: Text | None = None
    reviewed: Text | None = None
    note: Text | None = None


class SourcesFile(Record):
    """`sources.toml`."""

    format: Literal[1]
    source: dict[Identifier, Source]


class SpreadClass(Record):
    """A rule that gives many parameters their spread, relative to the value."""

    what_ja: Text
    what_en: Text
    uncertainty: Uncertainty
    reason: Text


class SpreadClassesFile(Record):
    """`spread_classes.toml`."""

    format: Literal[1]
    spread_class: dict[Identifier, SpreadClass] = Field(alias="class")


class ScenarioHead(Record):
    """Identity of a scenario.

    `uncertainty = "none"` fixes every parameter at its value; `cells = "published"` leaves out what pages derive;
    `delivery = "included"` multiplies the cells of programmes that have a parameter `delivery` by it.
    """

    id: Identifier
    revision: Label | None = None
    extends: Label | None = None
    title_ja: Label | None = None
    title_en: Label | None = None
    uncertainty: Literal["none", "pages"] | None = None
    cells: Literal["published", "all"] | None = None
    delivery: Literal["conditional", "included"] | None = None
    programmes: tuple[Identifier, ...] | None = None
    note: Text | None = None


_CHANGED_WITH: Final = {
    "parameter": {"value", "low", "high", "unit", "uncertainty"},
    "programme": {"include"},
    "impact": {"formula", "uncertainty"},
}


class Change(Record):
    """One deviation from the scenario that is extended, with reason and source."""

    parameter: Text | None = None
    programme: Identifier | None = None
    impact: Text | None = None
    value: Value | None = None
    low: float | None = None
    high: float | None = None
    unit: Unit | None = None
    uncertainty: Spread | None = None
    include: bool | None = None
    formula: Identifier | None = None
    reason: Text
    source: Citation

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        targets = [name for name in ("parameter", "programme", "impact") if getattr(self, name) is not None]
        if len(targets) != 1:
            raise ValueError("a change names exactly one of 'parameter', 'programme' or 'impact'")
        if self.programme is not None and self.include is None:
            raise ValueError("a change of a programme needs 'include = true' or 'include = false'")
        if self.impact is not None and self.formula is None and self.uncertainty is None:
            raise ValueError("a change of an impact needs 'formula', or 'uncertainty' where the figure is reported")
        allowed = _CHANGED_WITH[targets[0]] | {targets[0], "reason", "source", "place"}
        if said := sorted(self.model_fields_set - allowed):
            raise ValueError(f"'{said[0]}' does nothing in a change of a {targets[0]}; take it out")
        if self.value is not None and (self.low is not None or self.high is not None):
            raise ValueError("give 'value', or 'low' and 'high' for a range")
        sets = (self.value, self.low, self.uncertainty)
        if self.parameter is not None and all(field is None for field in sets):
            raise ValueError("a change of a parameter needs 'value', 'low' and 'high', or 'uncertainty'")
        return self


class Dependence(Record):
    """Parameters that move together: one rank correlation for every two of them, by a Gaussian copula.

    Members that are added later go last, so that the draws of the others stay as they are.
    """

    parameters: Annotated[tuple[Text, ...], Field(min_length=2, max_length=64)]
    spearman: Annotated[float, Field(ge=-1, le=1)]
    copula: Literal["gaussian"] = "gaussian"
    basis: Basis
    reason: Text
    source: Citation | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if twice := sorted({name for name in self.parameters if self.parameters.count(name) > 1}):
            raise ValueError(f"'{twice[0]}' is named twice; keep one")
        if self.basis == "literature" and self.source is None:
            raise ValueError("basis = \"literature\" needs a 'source' that was read")
        return self


class Provision(Record):
    """What a revision of the Framework says that no parameter holds: nothing is computed from it."""

    kind: Literal["eligibility", "instrument", "target", "plan", "redemption", "review"]
    text: Bilingual
    source: Citation


class ScenarioFile(Record):
    """One file of `scenarios/` or a user's own."""

    scenario: ScenarioHead
    change: tuple[Change, ...] = ()
    dependence: tuple[Dependence, ...] = ()
    provision: tuple[Provision, ...] = ()


class TotalGroup(Record):
    """Cells that may be added, cells whose effects overlap, or figures that stand beside each other and nothing more.

    Members are programmes (their cells, year by year) or figures, `programme.metric.when[.item]`; of `money` they are
    `fy2023.allocated` and the like. What all members must share is said, so that a page that changes is found out.
    `figure`: the page's own figure that is this sum. `disjoint`: members of an overlap that do not overlap.
    """

    id: Identifier
    kind: Literal["sum", "overlap", "list", "money"]
    metric: Metric
    members: Annotated[tuple[Text, ...], Field(min_length=2, max_length=64)]
    boundary: Boundary | None = None
    period: Period | None = None
    money_kind: MoneyKind | None = None
    figure: Text | None = None
    disjoint: tuple[tuple[Identifier, ...], ...] = ()
    title: Bilingual
    reason: Bilingual

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if twice := sorted({name for name in self.members if self.members.count(name) > 1}):
            raise ValueError(f"'{twice[0]}' is named twice; keep one")
        if self.kind == "sum" and (self.boundary is None or self.period is None):
            raise ValueError("a sum says the 'boundary' and the 'period' that all its members share")
        return self


class TotalsFile(Record):
    """`totals.toml`."""

    format: Literal[1]
    group: tuple[TotalGroup, ...] = ()


class LedgerEntry(Record):
    """One inconsistency of the report: what is printed and what follows from its own words or numbers."""

    id: Identifier
    kind: Literal[
        "formula_and_figure", "unit", "label", "scope", "period", "sum", "symbol", "edition", "method", "duplicate",
        "wording", "attribution", "premise", "baseline",
    ]  # fmt: skip
    programme: Identifier | None = None
    where: Text
    quote: Text
    printed: Text
    computed: Text
    why: Text


class LedgerFile(Record):
    """`ledger.toml`."""

    format: Literal[1]
    inconsistency: tuple[LedgerEntry, ...]
