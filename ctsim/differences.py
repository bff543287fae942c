"""What differs between two scenarios: a list, each entry with what was, what is, who set it and why.

The list does not depend on the order of programmes, files or changes. Each entry stands for some atoms: the smallest
things that can be taken from the one scenario or the other (`ctsim.hybrids`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from ctsim import schema
from ctsim.binding import Row, Step
from ctsim.catalog import Scenario
from ctsim.dependence import Tie, ties_of
from ctsim.equations import formula_source
from ctsim.library import library_root
from ctsim.locale import found_again, shapes, text
from ctsim.notes import given
from ctsim.unit_words import unit_words

Atom = tuple[str, str]
"""("row", stream), ("figure", step), ("cell", step that only one has), ("programme", id), ("together", members),
("delivery", "")."""

Digests = Mapping[str, str]
"""By row label: a digest of the quantile function that its draws come from."""

KINDS: Final = ("programme", "switch", "dependence", "parameter", "formula", "figure", "provision")
COMMAND_LINE: Final = "command line"
_AMOUNT: Final = re.compile(r"((?:\d{4}: )?-?[\d.][\d.e+–-]*) (\S+)")
"""A value with its unit, with the year before it where it has one of each year."""


@dataclass(frozen=True)
class Difference:
    """One entry. `what` says what of it differs, `set_by` is file:line in scenario `side` ("A" or "B")."""

    name: str
    kind: str
    what: str
    before: str
    after: str
    side: str
    set_by: str
    reason: str
    atoms: frozenset[Atom] = frozenset()
    said_ja: str = field(default="", repr=False, compare=False)
    """In Japanese, what only one side has; repr leaves it out, so that kept results are asked for as ever."""

    def sides(self, lang: str) -> tuple[str, str]:
        """What it was and what it is, in a language."""
        before, after = (entry_words(one, lang) for one in (self.before, self.after))
        if lang == "en" or not self.said_ja:
            return before, after
        return (self.said_ja, after) if self.what == _say("removed") else (before, self.said_ja)


SAID: Final = ("kind", "what", "before", "after", "side", "set_by", "reason")
"""What of a difference, beside its name, every form of a comparison tells."""


@dataclass(frozen=True)
class _Told:
    """What a change said: who, where and why; and its target, to be found by."""

    target: str
    side: str
    place: str
    reason: str


# ---- words


def _say(name: str, **values: object) -> str:
    """What entries say is English wherever it is kept; `entry_words` and `reason_words` say it in a language."""
    return text(f"difference.{name}", "en", **values)


def reason_words(said: str, lang: str) -> str:
    """The reason of an entry in a language where it is ctsim's own or the library's; any other stays as given."""
    found = found_again(said, "difference")
    return text(found[0], lang) if found and not found[1] else given(said, lang)


def entry_words(said: str, lang: str) -> str:
    """What an entry says of a side, or of what differs, in a language; names, numbers and digests stay."""
    return said if lang == "en" else ", ".join(_piece_words(one, lang) for one in said.split(", "))


def _piece_words(said: str, lang: str) -> str:
    for table in ("difference", "status"):
        if found := found_again(said, table):
            key, fields = found
            units = {name: unit_words(word, lang) for name, word in fields.items() if name == "unit"}
            return shapes(text(key, lang, **(fields | units)), lang)
    if amount := _AMOUNT.fullmatch(said):
        return f"{amount[1]} {unit_words(amount[2], lang)}"
    return shapes(said, lang)


# ---- everything that differs


def differences(a: Scenario, b: Scenario, drawn_a: Digests, drawn_b: Digests) -> tuple[Difference, ...]:
    """Everything that differs from `a` to `b`, sorted by kind and name."""
    told = [*_told(b, "B"), *_told(a, "A")]
    found = [
        *_programmes(a, b, told), *_switches(a, b), *_dependence(a, b),
        *_parameters(a, b, drawn_a, drawn_b, told), *_figures(a, b, told), *_provisions(a, b),
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (KINDS.index(one.kind), one.name)))


def file_of(scenario: Scenario) -> str:
    """The file of a scenario as messages name it: shipped ones by their place in the library."""
    path, root = Path(scenario.file), library_root()  # a run's library is its own folder
    return f"scenarios/{path.relative_to(root)}" if path.is_relative_to(root) else scenario.file


def _told(scenario: Scenario, side: str) -> list[_Told]:
    """What changes said, the last one of a target first."""
    applied = [(one, one.place) for one in scenario.applied]
    made = [(one.change, str(one.place)) for one in scenario.changes]
    said: list[tuple[schema.Change, str]] = [*applied, *made]
    return [_Told(str(one.parameter or one.impact or one.programme), side, place, one.reason)
            for one, place in reversed(said)]  # fmt: skip


def _who(told: Sequence[_Told], target: str, but: Iterable[str] = ()) -> _Told | None:
    return next((one for one in told if one.target == target and one.reason not in but), None)


def _common(told: Sequence[_Told]) -> list[_Told]:
    """Without what both scenarios say alike: it makes no difference."""
    both = {(one.target, one.place, one.reason) for one in told if one.side == "A"}
    both &= {(one.target, one.place, one.reason) for one in told if one.side == "B"}
    return [one for one in told if (one.target, one.place, one.reason) not in both]


# ---- programmes and switches


def _programmes(a: Scenario, b: Scenario, told: Sequence[_Told]) -> Iterator[Difference]:
    here = {one.id: one for one in a.programmes}, {one.id: one for one in b.programmes}
    for name in sorted(here[0].keys() ^ here[1].keys()):
        is_added = name in here[1]
        who = _who(_common(told), name)
        page = here[is_added][name]
        who = who or _chosen(a, b, name, is_added, page.file)
        words = (_lacks("A"), page.name_en) if is_added else (page.name_en, _lacks("B"))
        what = _say("added" if is_added else "removed")
        yield Difference(f"programme {name}", "programme", what, *words, who.side, who.place, who.reason,
                         frozenset({("programme", name)}), page.name_ja)  # fmt: skip


def _chosen(a: Scenario, b: Scenario, name: str, is_added: bool, page: str) -> _Told:
    """Who set a programme without a change of its own: a page that lies beside a study, or a list of programmes."""
    (lacks, without), (has, its) = (("A", a), ("B", b)) if is_added else (("B", b), ("A", a))
    reason = _say("other_programmes")
    if name not in without.names and not page.startswith("scenarios/"):
        return _Told(name, has, page, reason)
    if its.chosen and not without.chosen:
        return _Told(name, has, its.chosen, reason)
    return _Told(name, lacks, without.chosen or file_of(without), reason)


def _lacks(side: str) -> str:
    return _say("not_there", side=side)


def _switches(a: Scenario, b: Scenario) -> Iterator[Difference]:
    reasons = {
        "delivery": _say("delivery"),
        "cells": _say("cells"),
    }
    for name, reason in reasons.items():
        before, after = getattr(a, name), getattr(b, name)
        if before != after:
            atoms = frozenset({("delivery", "")} if name == "delivery" else ())
            yield Difference(f"switch {name}", "switch", _say("switch"), before, after, "B", file_of(b), reason, atoms)


def _provisions(a: Scenario, b: Scenario) -> Iterator[Difference]:
    """What the revisions of the Framework say; no number follows from it."""
    said = [{one.text.en: one for one in scenario.provisions} for scenario in (a, b)]
    for provision in sorted(said[0].keys() ^ said[1].keys()):
        is_added = provision in said[1]
        one = said[is_added][provision]
        words = ("", provision) if is_added else (provision, "")
        scenario = b if is_added else a
        reason = f"{one.source.key}, {one.source.where}"
        what = _say("added" if is_added else "removed")
        yield Difference(f"provision {one.kind}: {provision}", "provision", what, *words, "B" if is_added else "A",
                         file_of(scenario), reason, said_ja=one.text.ja)  # fmt: skip


# ---- dependence


def ties(scenario: Scenario) -> dict[str, Tie]:
    """How streams follow others as the scenario declares it, whatever of them is drawn."""
    return ties_of(scenario.declared_groups)


def components(a: Scenario, b: Scenario) -> dict[str, str]:
    """By stream of any group of either scenario: the name of all that groups of both link it with."""
    home: dict[str, set[str]] = {}
    for group in (*a.declared_groups, *b.declared_groups):
        joined = set(group.streams).union(*(home.get(name, set()) for name in group.streams))
        home |= dict.fromkeys(joined, joined)
    return {name: " ~ ".join(sorted(linked)) for name, linked in home.items()}


def _drawn(scenario: Scenario) -> set[str]:
    return {row.stream for row in scenario.binding.rows if row.spread.dist != "fixed"}


def _plain(tie: Tie | None) -> tuple[tuple[str, float], ...]:
    return () if tie is None else tuple((name, weight) for name, weight in zip(*tie, strict=True) if weight)


def _dependence(a: Scenario, b: Scenario) -> Iterator[Difference]:
    linked, own = components(a, b), (ties(a), ties(b))
    drawn = _drawn(a) & _drawn(b)
    moved = {linked[name] for name in drawn & linked.keys() if _plain(own[0].get(name)) != _plain(own[1].get(name))}
    for name in sorted(moved):
        members = {stream for stream, one in linked.items() if one == name}
        pairs = [{names: rho for names, rho in one.declared.items() if members.issuperset(names)} for one in (a, b)]
        before, after = ("; ".join(f"{x} ~ {y} {rho:g}" for (x, y), rho in sorted(one.items())
                                   if pairs[not k].get((x, y)) != rho) for k, one in enumerate(pairs))  # fmt: skip
        who = _dependence_told(b, "B", members, pairs[0]) or _dependence_told(a, "A", members, pairs[1])
        who = who or _Told(name, "B", file_of(b), _say("another_order"))
        yield Difference(f"dependence {name}", "dependence", _say("rank_correlation"), before or _say("independent"),
                         after or _say("independent"), who.side, who.place, who.reason,
                         frozenset({("together", name)}))  # fmt: skip


def _dependence_told(
    scenario: Scenario, side: str, members: set[str], other: Mapping[tuple[str, str], float]
) -> _Told | None:
    """The last declaration of a pair of these members that is not so in the other scenario."""
    stream_of = scenario.stream_names
    for one in reversed(scenario.dependence):
        streams = [stream_of.get(name, "") for name in one.record.parameters]
        pairs = [(x, y) for j, y in enumerate(streams) for x in streams[:j]]
        if members.issuperset(streams) and any(other.get(pair) != one.record.spearman for pair in pairs):
            return _Told("", side, str(one.place), one.record.reason)
    return None


# ---- parameters


def _parameters(
    a: Scenario, b: Scenario, drawn_a: Digests, drawn_b: Digests, told: Sequence[_Told]
) -> Iterator[Difference]:
    """Rows of one stream that are not the same in both; those that an option changed alike are one entry."""
    rows = _by_stream(a), _by_stream(b)
    names = _targets(b) | _targets(a)
    told, together = _common(told), dict[tuple[str, str], list[Difference]]()
    for stream in sorted(rows[0].keys() & rows[1].keys()):
        pairs = _paired(rows[0][stream], rows[1][stream])
        what = [said for said, differs in _aspects(pairs, drawn_a, drawn_b).items() if differs]
        if not what:
            continue
        target = names.get(stream, stream)
        last = pairs[-1][1]
        who = _who(told, target) or _Told(target, "B", str(last.place), last.spread.reason)
        before, after = (_said([pair[k] for pair in pairs]) for k in (0, 1))
        one = Difference(target, "parameter", ", ".join(what), before, after, who.side, who.place, who.reason,
                         frozenset({("row", stream)}))  # fmt: skip
        option = who.reason if who.place.startswith(COMMAND_LINE) and who.reason.startswith(_WHOLESALE) else ""
        if what == [_say("spread")] and a.uncertainty != b.uncertainty:
            option = f"uncertainty = {b.uncertainty}, was {a.uncertainty}"
            one = replace(one, side="B", set_by=file_of(b), reason=option)
        together.setdefault((option, "" if option else target), []).append(one)
    for (option, _), members in together.items():
        yield _joined(option, members) if option else members[0]


_WHOLESALE: Final = ("--only-basis", "--scale-assumed")


def _joined(option: str, members: Sequence[Difference]) -> Difference:
    """One entry for all that one option changed."""
    first, count = members[0], _say("spreads", n=len(members))
    atoms = frozenset().union(*(one.atoms for one in members))
    return replace(
        first, name=f"switch {option}", kind="switch", what=_say("spread"), before=count, after=option, atoms=atoms
    )


def _by_stream(scenario: Scenario) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in scenario.binding.rows:
        found.setdefault(row.stream, {})[row.year] = row
    return found


def _paired(before: Mapping[str, Row], after: Mapping[str, Row]) -> list[tuple[Row, Row]]:
    """Rows of the years that both have; a row for all years goes with each."""
    years = sorted((before.keys() | after.keys()) - {""}) or [""]
    found = [(before.get(year, before.get("")), after.get(year, after.get(""))) for year in years]
    return [(x, y) for x, y in found if x is not None and y is not None]


def _targets(scenario: Scenario) -> dict[str, str]:
    """By stream: how changes name it; what programmes share has the name that they share, not that of one of them."""
    names = scenario.stream_names
    return {stream: stream if names.get(stream) == stream else name for name, stream in names.items()}


def _aspects(pairs: Sequence[tuple[Row, Row]], drawn_a: Digests, drawn_b: Digests) -> dict[str, bool]:
    def differs(*names: str) -> bool:
        return any(getattr(x, name) != getattr(y, name) for x, y in pairs for name in names)

    shape = [(one.dist, dict(one.arguments), one.truncate, one.relative, one.widen) for pair in pairs
             for one in (pair[0].spread, pair[1].spread)]  # fmt: skip
    tables = [drawn_a.get(x.label, "A") != drawn_b.get(y.label, "B") for x, y in pairs]
    found = {
        _say("value"): differs("low", "high"),
        _say("unit"): differs("unit"),
        _say("spread"): any(tables) and shape[::2] != shape[1::2],
    }
    return found | {_say("quantiles"): any(tables) and not any(found.values())}


def _said(rows: Sequence[Row]) -> str:
    """Value, unit and spread of the years of a parameter; what is the same in all years once."""
    words = {row.year: _row_words(row) for row in rows}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{year}: {said}" for year, said in words.items())


def _row_words(row: Row) -> str:
    value = f"{row.low:g}" if row.low == row.high else f"{row.low:g}–{row.high:g}"
    unit = "" if row.unit == "1" else f" {row.unit}"
    spread = row.spread
    if spread.dist == "fixed" or spread.widen == 0:
        return f"{value}{unit}, {_say('fixed')}"
    shown = [_argument(one) for one in spread.arguments.values()]
    wide = "" if spread.widen == 1 else f", {_say('wide', times=f'{spread.widen:g}')}"
    shape = f"{spread.dist}({', '.join(shown)})"
    return f"{value}{unit}, {_say('times_value', shape=shape) if spread.relative else shape}{wide}"


def _argument(given: object) -> str:
    """A number, a name, or a list of them, as of the values of a choice."""
    if isinstance(given, list | tuple):
        return f"[{' '.join(map(_argument, given))}]"
    if isinstance(given, Mapping):
        return " ".join(f"{name}={_argument(one)}" for name, one in given.items())
    return f"{given:g}" if isinstance(given, float | int) else str(given)


# ---- figures


def step_id(step: Step) -> str:
    """How a step is named in both scenarios: its figure, and what of it the step is."""
    return step.figure.key + (f":{step.reading}" if step.reading else "") + (":delivered" if step.delivered else "")


def named_steps(scenario: Scenario) -> dict[str, Step]:
    """Steps by name. A reading may bring the page's formula of a figure that has another one; it comes after that."""
    found: dict[str, Step] = {}
    for step in scenario.binding.steps:
        found.setdefault(step_id(step), step)
    return found


def _figures(a: Scenario, b: Scenario, told: Sequence[_Told]) -> Iterator[Difference]:
    """Formulas, units and arguments of figures that both have; figures that only one of them has."""
    steps = _steps(a), _steps(b)
    told = _common(told)
    for name in sorted(steps[0].keys() & steps[1].keys()):
        said = [_step_words(one, step) for one, step in ((a, steps[0][name]), (b, steps[1][name]))]
        what = [aspect for aspect in said[0] if said[0][aspect] != said[1][aspect]]
        if what:
            figure = steps[1][name].figure
            who = _who(told, figure.key) or _Told("", "B", str(figure.place), _say("pages_differ"))
            before, after = (_function_words(one[name]) for one in steps)
            yield Difference(name, "formula", ", ".join(what), before, after, who.side, who.place, who.reason,
                             frozenset({("figure", name)}))  # fmt: skip
    shared = {one.id for one in a.programmes} & {one.id for one in b.programmes}
    for name in sorted(steps[0].keys() ^ steps[1].keys()):
        is_added = name in steps[1]
        figure = steps[is_added][name].figure
        if figure.programme in shared and not (figure.derived and a.cells != b.cells):
            words = (_lacks("A"), figure.status) if is_added else (figure.status, _lacks("B"))
            side = "B" if is_added else "A"  # the side whose page has it
            yield Difference(f"figure {name}", "figure", _say("added" if is_added else "removed"), *words, side,
                             str(figure.place), _say("pages_differ"), frozenset({("cell", name)}))  # fmt: skip


def _steps(scenario: Scenario) -> dict[str, Step]:
    return {name: one for name, one in named_steps(scenario).items() if not one.reading and not one.delivered}


def _step_words(scenario: Scenario, step: Step) -> dict[str, object]:
    """What of a step makes it another one; units of parameters are theirs, not its."""
    binding = scenario.binding
    named = [binding.rows[one.index].stream if one.kind == "row" else step_id(binding.steps[one.index])
             for one in step.inputs]  # fmt: skip
    source = "" if step.function is None else formula_source(step.function)
    return {_say("formula"): source, "unit": step.figure.record.unit, "arguments": named}


def _function_words(step: Step) -> str:
    if step.function is None:
        return "reported"
    digest = sha256(formula_source(step.function).encode()).hexdigest()[:8]
    return _say("in", function=step.function.__name__, digest=digest, unit=step.figure.record.unit)
