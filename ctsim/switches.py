"""Options of a run that change the scenario: each becomes changes like any other, with a reason that names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, Final, get_args

from ctsim import schema
from ctsim.catalog import Scenario
from ctsim.differences import COMMAND_LINE
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.locale import both
from ctsim.programme import DELIVERY, Parameter

SWITCHES: Final = ("set", "fix", "reading", "only_basis", "scale_assumed", "dependence", "with_delivery")
"""The options, in Python's spelling."""

Names = str | Sequence[str]
"""One name or several."""

Values = Mapping[str, float] | Sequence[str]
"""Values by parameter, or as the command takes them: "PARAMETER=VALUE"."""

BASES: Final = get_args(schema.Basis)
_SOURCE: Final = {"key": "study", "where": COMMAND_LINE}


def switched(
    scenario: Scenario,
    *,
    set: Values = (),
    fix: Names = (),
    reading: Names = (),
    only_basis: Names = (),
    scale_assumed: float | None = None,
    dependence: float | str | None = None,
    with_delivery: bool = False,
) -> Scenario:
    """The scenario with these options applied; its title says so. Raises InputError with every finding."""
    result = scenario
    values, fixes, readings, bases = dict(_values(set)), _names(fix), _names(reading), _names(only_basis)
    parts = [_bases(scenario, bases), _scaled(scenario, scale_assumed)]
    spreads = _merged(change for part in parts for change in part)
    changes = _holding(scenario, _held(scenario, values, fixes), spreads)
    changes += [*_readings(scenario, readings), *spreads.values()]
    if changes:
        result = _changed(scenario, list(_merged(changes).values()))
    strength = 1.0 if dependence is None else _strength(dependence)
    if dependence is not None:
        result = result.with_dependence(strength)
    if with_delivery:
        result = _delivering(result)
    said = [f"{name}={_digits(value)}" for name, value in values.items()]
    said += [*(f"{name} fixed" for name in fixes), *(f"reading {name}" for name in readings)]
    said += [f"only basis {', '.join(bases)}"] if bases else []
    said += [] if scale_assumed is None else [f"assumed spreads × {scale_assumed:g}"]
    said += [] if dependence is None else [f"dependence {'full' if strength is None else f'× {_digits(strength)}'}"]
    said += ["delivery included"] if with_delivery else []
    if not said:
        return scenario
    title = {"ja": scenario.title_ja, "en": scenario.title_en}
    titles = both("made.changed", title=title, changes=", ".join(said))
    return replace(result, title_en=titles["en"], title_ja=titles["ja"])


def idle(scenario: Scenario, switches: Mapping[str, Any], dashes: str = "--") -> list[str]:
    """A line for each parameter of --set and --fix that no figure of the changed scenario uses: what would use it.

    In Python options have no `dashes`.
    """
    found = []
    for option, names in (("set", [name for name, _ in _values(switches["set"])]), ("fix", _names(switches["fix"]))):
        for name in names:
            readings = _used_by(scenario, name.partition("@")[0])
            if "" in readings:
                continue
            said = f"{dashes}{option} {name}: has no effect: no figure of '{scenario.id}' uses it"
            if readings:
                each = " or ".join(f"{dashes}reading {one}" for one in sorted(readings))
                said += f", only another reading does; switch that on with {each}"
            found.append(said)
    return found


def _used_by(scenario: Scenario, name: str) -> set[str]:
    """Readings with a figure that a parameter is in, straight or by another figure; "" for the figures themselves."""
    binding = scenario.binding
    streams = set(scenario.parameters()[name].streams)
    reached = {("row", number) for number, row in enumerate(binding.rows) if row.stream in streams}
    for number, step in enumerate(binding.steps):
        if any((one.kind, one.index) in reached for one in step.inputs):
            reached.add(("step", number))
    return {binding.steps[number].reading for kind, number in reached if kind == "step"}


def _changed(scenario: Scenario, changes: list[dict[str, Any]]) -> Scenario:
    """With these changes; what is wrong with one is said of the option as it was typed."""
    try:
        return scenario.with_changes(changes, place=COMMAND_LINE)
    except InputError as error:
        raise InputError([_as_typed(one, changes) for one in error.findings]) from None


def _as_typed(finding: Finding, changes: Sequence[dict[str, Any]]) -> Finding:
    if finding.place.file != COMMAND_LINE or not finding.place.line:
        return finding
    change = changes[finding.place.line - 1]
    option, target = str(change["reason"]), change.get("parameter") or change.get("impact")
    of = "" if str(target) in f"{option} {finding.message}" else f"{target}: "
    return Finding(Place(), option, f"{of}{finding.message}")


def _delivering(scenario: Scenario) -> Scenario:
    result = scenario.with_delivery()
    delivered = [step for step in result.binding.steps if step.delivered]
    if not any(result.binding.rows[step.inputs[1].index].varies for step in delivered):
        raise InputError(
            f"--with-delivery: in '{scenario.id}' every programme delivers, nothing is drawn for it; take it out, or "
            "choose a scenario with spreads, as framework_2023_11"
        )
    return result


def _names(given: Names) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _values(given: Values) -> Iterator[tuple[str, float]]:
    """(parameter, value), each parameter once."""
    seen: set[str] = set()
    pairs = given.items() if isinstance(given, Mapping) else (one.partition("=")[::2] for one in given)
    for name, said in pairs:
        try:
            value = float(said)
        except (TypeError, ValueError):
            value = float("nan")
        if not isfinite(value):
            raise InputError(f"--set {name}={said}: write PARAMETER=NUMBER, in the unit of the page")
        if name.strip() in seen:
            raise InputError(f"--set {name.strip()}: given twice; keep one")
        seen.add(name.strip())
        yield name.strip(), value


def _digits(value: float) -> str:
    return repr(value).removesuffix(".0")


def _strength(given: float | str) -> float | None:
    """A factor of the declared rank correlations; None for "full"."""
    if given == "full":
        return None
    if given == "declared":
        return 1.0
    try:
        factor = float(given)
    except ValueError:
        factor = float("nan")
    if not 0 <= factor <= 1:
        raise InputError(f"--dependence {given}: must be at least 0 and at most 1, declared or full")
    return factor


def _change(target: str, name: str, option: str, **sets: Any) -> dict[str, Any]:
    return {target: name, "reason": option, "source": _SOURCE, **sets}


def _fixed(value: float, option: str) -> dict[str, Any]:
    return {"dist": "fixed", "value": value, "basis": "assumed", "reason": option}


def _merged(changes: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """One change a target: a value or a fix holds against what options do to many spreads."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for change in changes:
        target = next(name for name in ("parameter", "impact") if name in change)
        found.setdefault((target, change[target]), change)
    return found


Given = schema.Uncertainty | dict[str, schema.Uncertainty]
Held = dict[str, dict[str, tuple[float, str]]]
"""What stands fixed: (value, option as typed) by parameter and year; the year is "" where there is one value."""


def _held(scenario: Scenario, values: Mapping[str, float], fixes: Sequence[str]) -> Held:
    """What --set and --fix ask for; one year of a path is named as results name it, PARAMETER@YEAR.

    A year that is set holds against a path that is fixed. Raises InputError with every name that cannot be held.
    """
    findings: list[Finding] = []
    held: Held = {}
    known = scenario.parameters()
    for name, value in values.items():
        option = f"--set {name}={_digits(value)}"
        base, _, year = name.partition("@")
        if (one := known.get(base)) and (wrong := _not_held(one, year, f"{base}@{{}}={_digits(value)}", "--set")):
            findings.append(Finding(Place(), option, wrong))
        held.setdefault(base, {})[year] = (value, option)
    for name in fixes:
        base, _, year = name.partition("@")
        if name in values:
            message = f"--set {name}={_digits(values[name])} fixes it at that value; keep one"
            findings.append(Finding(Place(), f"--fix {name}", message))
        elif (one := known.get(base)) and (wrong := _not_held(one, year, f"{base}@{{}}", "--fix")):
            findings.append(Finding(Place(), f"--fix {name}", wrong))
        elif one is None:
            held.setdefault(base, {})[year] = (0.0, f"--fix {name}")
        else:
            for each in [year] if year else one.years:
                held.setdefault(base, {}).setdefault(each, (one.central(each), f"--fix {name}"))
    if findings:
        raise InputError(findings)
    return held


def _not_held(one: Parameter, year: str, example: str, option: str) -> str:
    """Why a parameter, or one year of it, cannot be held at a value; "" where it can."""
    if one.name == DELIVERY:
        return "is drawn as delivered or not, with --with-delivery only; change its 'p' in a scenario file"
    if one.years == ("",):
        whole = example.replace("@{}", "")
        return f"has one value for all years; write {option} {whole}" if year else ""
    years = ", ".join(one.years)
    if year and year not in one.years:
        return f"has no value for {year}; its years are {years}"
    if not year and option == "--set":
        first = f"{option} {example.format(one.years[0])}"
        return f"has values by year; set each by its name, as {first}; its years are {years}"
    return ""


def _holding(
    scenario: Scenario, held: Held, spreads: Mapping[tuple[str, str], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """A change for each parameter that is held; years of a path that are not held keep their values and spreads.

    `spreads` are changes of many spreads, which the other years follow.
    """
    changes = []
    known = scenario.parameters()
    for name, by_year in held.items():
        options = list(dict.fromkeys(option for _, option in by_year.values()))
        fixed = {year: _fixed(value, option) for year, (value, option) in by_year.items()}
        if name not in known or known[name].years == ("",):
            [(single, _)], [spread] = by_year.values(), fixed.values()
            changes.append(_change("parameter", name, options[0], value=single, uncertainty=spread))
            continue
        one, other = known[name], spreads.get(("parameter", name), {})
        if other and set(one.years) - set(by_year):
            options.append(other["reason"])
        given = other.get("uncertainty", one.record.uncertainty)
        path: Any = one.record.value
        value = {year: by_year[year][0] if year in by_year else path[year] for year in one.years}
        by_spread = {year: fixed.get(year) or _own_spread(one, given, year) for year in one.years}
        changes.append(_change("parameter", name, " ".join(options), value=value, uncertainty=by_spread))
    return changes


def _own_spread(one: Parameter, given: Given | None, year: str) -> schema.Uncertainty | dict[str, Any]:
    """What `given`, or else the printed value, says of one year."""
    if isinstance(given, dict):
        return given[year]
    if given is not None:
        return given
    own = one.spread(year)
    return {"dist": own.dist, **own.arguments, "relative": own.relative, "basis": own.basis, "reason": own.reason}


def _readings(scenario: Scenario, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The reading of that name in place of every formula that it is a reading of."""
    known = {reading.name for programme in scenario.programmes for reading in programme.page.reading}
    read: dict[str, str] = {}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f" Known: {', '.join(sorted(known))}."
            raise InputError(f"--reading {name}: no page has it.{hint}")
        for programme in scenario.programmes:
            here = {figure.key for figure in programme.figures}
            for reading in (one for one in programme.page.reading if one.name == name):
                without = reading.like is not None and scenario.cells == "all"
                for impact in (*reading.impact, *reading.follows):
                    if (key := f"{programme.id}.{impact}") in here or without:
                        if (other := read.setdefault(key, name)) != name:
                            message = f"--reading {name}: reads {key}, as --reading {other} does; take one of them"
                            raise InputError(f"{message}, or write both as one formula and change the scenario to it")
                        if impact in reading.impact:
                            yield _change("impact", key, f"--reading {name}", formula=reading.formula)


def _bases(scenario: Scenario, bases: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Everything fixed that rests on another basis."""
    if unknown := [basis for basis in bases if basis not in BASES]:
        raise InputError([Finding(Place(), "", f"--only-basis {one}: choose from {', '.join(BASES)}")
                          for one in unknown])  # fmt: skip
    option = f"--only-basis {', '.join(bases)}"
    for target, name, record, rests_on in _spread(scenario) if bases else ():
        if factors := {year: 0.0 for year, basis in rests_on.items() if basis not in bases}:
            yield _change(target, name, option, uncertainty=_widened(record, factors))


def _scaled(scenario: Scenario, factor: float | None) -> Iterator[dict[str, Any]]:
    """Every spread that is assumed, wider or narrower about the value."""
    if factor is None:
        return
    if not 0 <= factor <= 1000:
        raise InputError(f"--scale-assumed {factor:g}: must be at least 0 and at most 1000")
    option = f"--scale-assumed {factor:g}"
    for target, name, record, rests_on in _spread(scenario):
        if factors := {year: factor for year, basis in rests_on.items() if basis == "assumed"}:
            yield _change(target, name, option, uncertainty=_widened(record, factors))


def _spread(scenario: Scenario) -> Iterator[tuple[str, str, Given, dict[str, str]]]:
    """(kind of target, name, what the page says, basis by year label) of everything that has a spread of its own."""
    drawn = {row.stream for row in scenario.binding.rows if row.spread.dist != "fixed"}
    for name, parameter in scenario.parameters().items():
        if parameter.record.uncertainty is not None and drawn.intersection(parameter.streams):
            rests_on = {year: spread.basis for year, spread in parameter.spreads.items() if spread.dist != "fixed"}
            yield "parameter", name, parameter.record.uncertainty, rests_on
    for programme in scenario.programmes:
        for figure in programme.figures:
            reached = figure.spread is not None and f"{programme.id}.{figure.name}" in drawn
            if reached and figure.record.uncertainty is not None and figure.spread is not None:
                yield "impact", figure.key, figure.record.uncertainty, {"": figure.spread.basis}


def _widened(given: Given, factors: Mapping[str, float]) -> Given:
    """The same spreads, some so many times as wide; `factors` by year label."""
    if isinstance(given, dict):
        return {year: _wider(one, factors.get(year, 1.0)) for year, one in given.items()}
    return _wider(given, factors.get("", 1.0))


def _wider(given: schema.Uncertainty, factor: float) -> schema.Uncertainty:
    return given.model_copy(update={"widen": factor * (1.0 if given.widen is None else given.widen)})
