"""From what a page says about uncertainty to the spread that is sampled, with the checks that belong to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

from ctsim import schema, units
from ctsim.composition import total_of
from ctsim.distributions import Quantiles, build, quantile
from ctsim.errors import Finding, InputError
from ctsim.programme import DELIVERY, FIXED, Parameter, Spread


def spreads_of(
    parameter: Parameter, classes: Mapping[str, schema.SpreadClass], key: str, fixed: bool
) -> tuple[list[Finding], dict[str, Spread]]:
    """Findings, and the spread by year label ("" for all years) of a parameter; all fixed when `fixed`."""
    record = parameter.record
    given = record.uncertainty
    if impossible := [one for year in parameter.years for one in _outside_domain(parameter, year)]:
        return [Finding(parameter.place("value"), f"{key}.value", one) for one in dict.fromkeys(impossible)], {}
    if given is None:
        return [], {year: FIXED if fixed else _default(parameter, year) for year in parameter.years}
    by_year = given if isinstance(given, dict) else {"": given}
    findings: list[Finding] = []
    result: dict[str, Spread] = {}
    for year, uncertainty in by_year.items():
        place_key = f"{key}.uncertainty" + (f".{year}" if year else "")
        spread, found = _resolved(uncertainty, classes)
        covered = [year] if year else [one for one in parameter.years if one == "" or one not in by_year]
        if year and year not in parameter.years:
            found.append(f"a spread for {year}, but no value for {year}")
        elif spread is not None:
            found += _delivery_fault(parameter, spread)
            found += [message for one in covered for message in _misfit(parameter, spread, one)]
        findings += [Finding(parameter.place("uncertainty"), place_key, message) for message in dict.fromkeys(found)]
        if spread is not None:
            result[year] = FIXED if fixed else spread
    missing = [year for year in parameter.years if year not in result and "" not in result]
    if missing and not findings:
        findings.append(Finding(parameter.place("uncertainty"), f"{key}.uncertainty", f"no spread for {missing[0]}"))
    return findings, result


def _delivery_fault(parameter: Parameter, spread: Spread) -> list[str]:
    if parameter.name != DELIVERY or spread.dist == "fixed" or spread.basis == "assumed":
        return []
    message = "a probability of delivery is always assumed: no public table gives one; "
    return [message + 'write basis = "assumed" with a reason for low and for high']


def _default(parameter: Parameter, year: str) -> Spread:
    """A printed range without a word on its spread is uniform between its ends; a number is fixed."""
    low, high = parameter.ends(year)
    if low == high:
        return FIXED
    return Spread("uniform", {"low": low, "high": high}, None, False, "published", "the printed range")


def _resolved(
    uncertainty: schema.Uncertainty, classes: Mapping[str, schema.SpreadClass]
) -> tuple[Spread | None, list[str]]:
    found: list[str] = []
    name, record, reason = uncertainty.spread_class, uncertainty, uncertainty.reason or ""
    if name is not None:
        if name not in classes:
            return None, [f"no class '{name}' in spread_classes.toml; known: {', '.join(classes)}"]
        record = classes[name].uncertainty
        reason = f"{reason} [{record.reason}]"
    assert record.dist is not None
    if record.dist != "fixed" and record.basis is None:
        found.append("say what the spread rests on: basis = published | literature | elicited | assumed")
    if record.dist != "fixed" and not reason:
        found.append("give a 'reason' for low and for high")
    if record.basis == "literature" and record.source is None:
        found.append("basis = \"literature\" needs a 'source' that was read")
    truncate = uncertainty.truncate or record.truncate
    spread = Spread(
        record.dist, record.arguments(), truncate, record.relative, record.basis or "published", reason, name,
        1.0 if uncertainty.widen is None else uncertainty.widen,
    )  # fmt: skip
    return spread, found


def composition_faults(programme: str, parameters: Mapping[str, Parameter]) -> list[Finding]:
    """What is wrong with the compositions of a page: shares of one whole, in one unit, of the same years."""
    wholes: dict[str, list[Parameter]] = {}
    for parameter in parameters.values():
        if parameter.record.sum_to_one and not parameter.record.shared:
            wholes.setdefault(parameter.record.sum_to_one, []).append(parameter)
    findings = []
    for name, members in wholes.items():
        if said := _composition_fault(members):
            key = f"parameter.{members[-1].name}.sum_to_one"
            findings.append(
                Finding(members[-1].place("sum_to_one"), key, f"composition '{name}' of {programme} {said}")
            )
    return findings


_SUM_ROUNDING: Final = 0.005
"""How far printed shares may miss 1: half a per cent, what rounding leaves of some ten shares of one decimal."""


def _composition_fault(members: Sequence[Parameter]) -> str:
    """The first fault of one composition, or ""."""
    if len(members) == 1:
        return "has one member; name the same group at the others"
    if len({one.unit for one in members}) > 1 or not units.convertible(members[0].unit, "1"):
        return f"has members in {', '.join(dict.fromkeys(one.unit for one in members))}; give all in % or all in 1"
    if len({one.years for one in members}) > 1:
        return "has members with values for different years; give all the same years"
    for year in members[0].years:
        total = total_of(one.central(year) for one in members)
        whole = units.conversion("1", members[0].unit)
        if abs(total - whole) > _SUM_ROUNDING * whole:
            return f"adds up to {total:g} {members[0].unit}{' in ' * bool(year)}{year}; mend the values, or change all"
        below = [one.name for one in members if _lowest(one, year) < 0]
        if below:
            return f"has a spread below 0, that of {below[0]}; give it an end or truncate = [0, ...]"
    return ""


def _lowest(parameter: Parameter, year: str) -> float:
    """The low end of a spread, 0 where it cannot be built (a finding of its own)."""
    if year not in parameter.spreads and "" not in parameter.spreads:
        return 0.0
    try:
        return _quantiles(parameter, parameter.spread(year), year).low
    except InputError:
        return 0.0


_RARE: Final = 1e-9
_WORDS: Final = {
    "positive": "must be above 0", "share": "must be a share, from none to all", "at_least_one": "must be at least 1",
    "amount": "must not be below 0",
}  # fmt: skip


def _domain(parameter: Parameter) -> str:
    """What the quantity can be at all: as its page says it, or by its unit; "" for anything."""
    try:
        return parameter.record.domain or ("amount" if units.is_amount(parameter.unit) else "")
    except units.UnitError:
        return ""  # its unit is a finding of its own


def _outside_domain(parameter: Parameter, year: str) -> list[str]:
    """What is printed or set for a year that the quantity cannot be."""
    shown = [f"{end:g} {parameter.unit}" for end in parameter.ends(year) if not _possible(parameter, end)]
    return [f"{one}: it {_WORDS[_domain(parameter)]}" for one in shown[:1]]


def _possible(parameter: Parameter, value: float) -> bool:
    domain = _domain(parameter)
    if domain not in ("share", "at_least_one"):
        return not domain or value > 0.0 or (domain == "amount" and value == 0.0)
    try:
        one = units.conversion("1", parameter.unit)
    except units.UnitError:
        return True  # its unit is a finding of its own
    return 0.0 <= value <= one * (1.0 + _RARE) if domain == "share" else value >= one * (1.0 - _RARE)


def _leaves_domain(parameter: Parameter, spread: Spread, quantiles: Quantiles) -> list[str]:
    """A spread that reaches what the quantity cannot be; one that an option widens may, where a formula can bear it."""
    domain = _domain(parameter)
    if not domain or (domain in ("share", "amount") and spread.widen != 1.0):
        return []
    if domain == "amount" and not isfinite(quantiles.low):
        return []  # a normal of some width about an amount is a habit of its trade
    ends = quantile(quantiles, (_RARE, 1.0 - _RARE)).tolist()
    ends = [end if isfinite(end) else rare for end, rare in zip((quantiles.low, quantiles.high), ends, strict=True)]
    if all(_possible(parameter, end) or (domain == "positive" and end == 0.0) for end in ends):
        return []
    said = "spread" if spread.widen == 1.0 else f"spread, {spread.widen:g} times as wide,"
    return [f"the {said} reaches {ends[0]:g} to {ends[1]:g} {parameter.unit}: it {_WORDS[domain]}"]


_STAND_IN: Final = {"pert": "triangular"}
"""Same arguments, same support, and no table to be made for a look at the ends."""


def _misfit(parameter: Parameter, spread: Spread, year: str) -> list[str]:
    """What is wrong between a spread and the value it is for."""
    low, high = parameter.ends(year)
    try:
        quantiles = _quantiles(parameter, spread, year)
    except InputError as error:
        return [finding.message for finding in error.findings]
    if found := _leaves_domain(parameter, spread, quantiles):
        return found
    bottom, top = quantiles.low, quantiles.high
    if parameter.record.value_outside_range or spread.widen < 1.0:  # an option narrows a printed range too
        return []
    slack = 1e-12 * max((abs(end) for end in (bottom, top) if isfinite(end)), default=0.0)
    if bottom - slack <= low and high <= top + slack:
        return []
    shown = f"{low:g}" if low == high else f"{low:g}–{high:g}"
    return [
        f"{bottom:g}–{top:g} does not contain the published value {shown}. "
        "Widen the range, or set value_outside_range = true and say why in note."
    ]


def _quantiles(parameter: Parameter, spread: Spread, year: str) -> Quantiles:
    """The ends of a spread, in the page's unit; the shape between them is a stand-in. Raises InputError."""
    quantiles = build(_STAND_IN.get(spread.dist, spread.dist), dict(spread.arguments), spread.truncate)
    if spread.relative:
        quantiles = quantiles.scaled(parameter.central(year))
    return quantiles.widened(parameter.central(year), spread.widen)
