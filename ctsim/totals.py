"""Which cells may be added, which overlap and are shown by bounds, and why nothing else is added.

Groups are declared in `totals.toml`, each with its reason. A sum needs every member: one without a number leaves the
sum without one, unless it has not begun (0). Members of an overlap are never added: what they come to together is at
least the largest of them, and is shown for one boundary at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from ctsim import schema, units
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.locale import LANGUAGES, both, when, words_of
from ctsim.programme import METRICS, YEARS, Cell, Figure, Programme
from ctsim.tomlfile import Document

Groups = Sequence[Document[schema.TotalsFile]]
Names = Mapping[str, schema.Bilingual]
"""What programmes are called, by id."""
BOUNDS: Final = ("largest", "two_largest")
"""How an overlap is shown: its largest member, and that with the next one."""

INDEPENDENT: Final = ":independent"
"""What the key of a total without dependence ends with."""

MONEY_NAME: Final = re.compile(r"fy\d{4}\.[a-z_]+")
"""Money of an issue of the bonds: fiscal year and which of its sums."""

_ALIKE: Final = ("metric", "boundary", "scope", "period", "money_kind")
"""What members of a sum share; years and units come with these."""


@dataclass(frozen=True)
class Total:
    """One number of a group, or why there is none: `how` its members (figures by member) make it, in which year.

    `year` is "" where the members are figures off the axis of years.
    """

    group: schema.TotalGroup
    name: str
    how: str
    year: str
    members: tuple[str, ...] = ()
    figures: tuple[tuple[Figure, ...], ...] = ()
    reason: schema.Bilingual | None = None

    @property
    def cell(self) -> str:
        """How a result names it: as a figure, with the group in place of the programme."""
        group, _, bound = self.name.partition(".")
        named = (group, self.group.metric, self.year, bound) if self.year else (self.name,)
        return ".".join(one for one in named if one)

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells or figures of its members, as results name them."""
        return tuple(f"{one}.{self.group.metric}.{self.year}" if self.year else one for one in self.members)

    @property
    def boundary(self) -> str:
        """The one boundary of all members; "" where there is no number."""
        return _common(self._every, "boundary")

    @property
    def money_kind(self) -> str:
        """The one kind of money of all members; "" where there is none."""
        return _common(self._every, "money_kind")

    @property
    def when(self) -> str:
        """Its year, or the words for when its figures are, each once."""
        return self.year or ", ".join(dict.fromkeys(one.record.when for one in self._every))

    @property
    def _every(self) -> list[Figure]:
        return [figure for figures in self.figures for figure in figures]


def declared(groups: Groups) -> list[schema.TotalGroup]:
    """Every group, shipped ones first."""
    return [group for document in groups for group in document.record.group]


def declared_place(groups: Groups, name: str) -> Place:
    """The file and line of the group of that name."""
    found = (
        document.place("group", number, "id")
        for document in groups for number, one in enumerate(document.record.group) if one.id == name
    )  # fmt: skip
    return next(found, Place())


def totals_of(
    groups: Iterable[schema.TotalGroup], programmes: Sequence[Programme], years: Sequence[str], metrics: Sequence[str],
    names: Names,
) -> list[Total]:  # fmt: skip
    """The totals of groups that have at least one member among these programmes; `names` are those of all pages."""
    by_id = {programme.id: programme for programme in programmes}
    found: list[Total] = []
    for group in groups:
        if group.metric in metrics and any(name.partition(".")[0] in by_id for name in group.members):
            if group.kind == "overlap":
                found += _bounds(group, by_id, years)
            elif group.kind == "sum" and "." in group.members[0]:
                found.append(_sum_of_figures(group, by_id, names))
            elif group.kind == "sum":
                found += [_sum_of_cells(group, by_id, year, names) for year in years]
    return found


def _sum_of_cells(group: schema.TotalGroup, by_id: Mapping[str, Programme], year: str, names: Names) -> Total:
    cells = [by_id[name].cell(group.metric, year) if name in by_id else None for name in group.members]
    for name, cell in zip(group.members, cells, strict=True):
        if cell is None:
            return Total(group, group.id, "sum", year, reason=_why("not_here", name=_called(name, names)))
        if not cell.figures and cell.reason_code != "before_start":
            return Total(group, group.id, "sum", year, reason=_without(_called(name, names), cell))
    there = [cell for cell in cells if cell is not None and cell.figures]
    if not there:
        return Total(group, group.id, "sum", year, reason=_why("not_begun"))
    return Total(group, group.id, "sum", year, tuple(c.programme for c in there), tuple(c.figures for c in there))


def _sum_of_figures(group: schema.TotalGroup, by_id: Mapping[str, Programme], names: Names) -> Total:
    figures = {figure.key: figure for programme in by_id.values() for figure in programme.figures}
    if missing := [name for name in group.members if name not in figures]:
        return Total(group, group.id, "sum", "", reason=_why("not_here", name=_called(missing[0], names)))
    named = [group.figure] if group.figure in figures else list(group.members)
    return Total(group, group.id, "sum", "", group.members, tuple((figures[name],) for name in named if name))


def _bounds(group: schema.TotalGroup, by_id: Mapping[str, Programme], years: Sequence[str]) -> Iterator[Total]:
    """Both bounds for each boundary that members have; of members that do not overlap the sum is declared instead."""
    cells = [by_id[name].cell(group.metric, year) for year in years for name in group.members if name in by_id]
    there = [cell for cell in cells if cell.figures]
    for boundary in dict.fromkeys(_common(cell.figures, "boundary") for cell in there):
        mine = [cell for cell in there if _common(cell.figures, "boundary") == boundary]
        names = {cell.programme for cell in mine}
        if len(names) > 1 and any(names <= set(apart) for apart in group.disjoint):
            continue
        for how in BOUNDS:
            for year in years:
                now = [cell for cell in mine if cell.year == year]
                yield Total(
                    group, f"{group.id}.{boundary}.{how}", how, year, tuple(cell.programme for cell in now),
                    tuple(cell.figures for cell in now), None if now else _why("no_member"),
                )  # fmt: skip


def _why(key: str, **values: object) -> schema.Bilingual:
    """Why there is no number, in both languages."""
    return schema.Bilingual(**both(f"why.{key}", **values))


def _without(name: Mapping[str, str], cell: Cell) -> schema.Bilingual:
    reason = cell.reason.model_dump() if cell.reason else ""
    return _why("without", name=name, code=words_of("reason_code", [cell.reason_code]), reason=reason)


def _called(member: str, names: Names) -> dict[str, str]:
    """A member as people call it: its programme, and which figure of it."""
    programme, _, figure = member.partition(".")
    named = names.get(programme, schema.Bilingual(ja=programme, en=programme))
    label, _, item = figure.partition(".")[2].partition(".")
    part = item.replace("_", " ")
    return {lang: " ".join(filter(None, [getattr(named, lang), when(label, lang), part])) for lang in LANGUAGES}


def _common(figures: Sequence[Figure], name: str) -> str:
    """What all figures say; "" where they differ or there is none."""
    said = {str(getattr(figure.record, name) or "") for figure in figures}
    return said.pop() if len(said) == 1 else ""


# ---- what a file may declare


def faults(groups: Groups, programmes: Sequence[Programme], known: Iterable[str]) -> list[Finding]:
    """Groups whose members are not alike, overlap or do not exist; `known` are the ids of all pages."""
    by_id = {programme.id: programme for programme in programmes}
    pages = set(known)
    every = declared(groups)
    findings: list[Finding] = []
    seen: set[str] = set()
    for document in groups:
        for number, group in enumerate(document.record.group):
            said = [*_names(group, by_id, pages, seen), *_unfit(group, by_id, every), *_kinds(group, by_id)]
            said += [*_years(group, by_id), *_refused_elsewhere(group, every)]
            said += _left_out(group, by_id, every, groups[0].record.group) if document is not groups[0] else ()
            place = document.place("group", number, "members")
            findings += [Finding(place, f"group.{group.id}.members", words) for words in said]
            seen.add(group.id)
    return findings


def _names(group: schema.TotalGroup, by_id: Mapping[str, Programme], pages: set[str], seen: set[str]) -> Iterator[str]:
    if group.id in seen or group.id in pages:
        yield f"'{group.id}' is the name of another group or programme; give it another"
    if group.kind == "money":
        return  # held against the allocations
    if len({"." in name for name in group.members}) > 1:
        yield "programmes and figures in one group; name either programmes or figures"
    for name in (*group.members, *([group.figure] if group.figure else [])):
        programme = name.partition(".")[0]
        if programme not in pages:
            yield f"no programme '{programme}'.{did_you_mean(programme, pages)} Take it out or write its page."
        elif "." in name and programme in by_id:
            figures = [one.key for one in (*by_id[programme].figures, *by_id[programme].left_out)]
            if name not in figures:
                yield f"no figure '{name}'.{did_you_mean(name, figures)}"


def _unfit(
    group: schema.TotalGroup, by_id: Mapping[str, Programme], every: Sequence[schema.TotalGroup]
) -> Iterator[str]:
    """Members of a sum that are unlike, overlap or are parts of others: one line a member that has to go."""
    if group.kind != "sum":
        return
    unlike = _unlike(group, by_id)
    if len(set(unlike.values())) == 1 and len(unlike) == len(group.members):
        yield f"every member {next(iter(unlike.values()))}: mend the total"
        unlike = {}
    names = dict.fromkeys(name.partition(".")[0] for name in group.members)
    going = {name.partition(".")[0]: name for name in unlike}
    families: dict[str, dict[str, None]] = {}
    for a, b in combinations(names, 2):
        if family := overlap(a, b, every, group.metric):
            said = f"{_family(family, group.metric, family.id)}: {family.reason.en}"
            if gone := going.get(b) or going.get(a):
                unlike[gone] += f"; '{a}' and '{b}' overlap ({said})"
            else:
                families.setdefault(said, {}).update({a: None, b: None})
    yield from (f"'{name}' {words}: unlike, take it out" for name, words in unlike.items())
    for whole in group.members:
        yield from (f"'{part}' is a part of '{whole}'; take one of them out"
                    for part in group.members if part.startswith(f"{whole}."))  # fmt: skip
    for said, members in families.items():
        quoted = " and ".join(f"'{name}'" for name in members)
        yield f"{quoted} overlap ({said}); take {'one of them out' if len(members) == 2 else 'out all but one'}"


def _unlike(group: schema.TotalGroup, by_id: Mapping[str, Programme]) -> dict[str, str]:
    """By member of a sum: what of it is not what the group says, or is another scope or unit than the first's."""
    figures = {name: list(_figures_of(name, group, by_id)) for name in group.members}
    first = next((one for mine in figures.values() for one in mine), None)
    if first is None:
        return {}
    wanted = {key: str(getattr(group, key, first.record.scope) or "") for key in _ALIKE}  # a group has no scope
    found = {}
    for name, mine in figures.items():
        words: dict[str, list[str]] = {}
        for one in mine:
            said = [f"has {key} '{here}', the total '{word}'" for key, word in wanted.items()
                    if (here := str(getattr(one.record, key) or "")) != word]  # fmt: skip
            if not units.convertible(one.record.unit, first.record.unit):
                said.append(f"has unit '{one.record.unit}', '{first.key}' has '{first.record.unit}'")
            for word in said:
                words.setdefault(word, []).append(one.record.when)
        if words:
            some = (word if len(when) == len(mine) else f"in {', '.join(when)} {word}" for word, when in words.items())
            found[name] = "; ".join(some)
    return found


def _years(group: schema.TotalGroup, by_id: Mapping[str, Programme]) -> Iterator[str]:
    """Figures of a sum that are of unlike years; the first figures of units, as printed, may differ in theirs."""
    figures = [one for name in group.members if "." in name for one in _figures_of(name, group, by_id)]
    labels: dict[str, dict[str, None]] = {}
    for one in figures if group.kind == "sum" else ():
        labels.setdefault(one.programme, {})[one.record.when] = None
    for name, mine in labels.items():
        if len(mine) > 1:
            yield f"'{name}' is there for {' and '.join(mine)}: the same units more than once; keep one"
    together = dict.fromkeys(label for mine in labels.values() for label in mine)
    carried = any(one.on_year_axis or one.derived for one in figures)
    if carried and labels and not set.intersection(*map(set, labels.values())):
        yield f"unlike years ({', '.join(together)}): keep the members of one of them"


def _refused_elsewhere(group: schema.TotalGroup, every: Sequence[schema.TotalGroup]) -> Iterator[str]:
    """Two or more members of a list, which are not added, in a sum: the reason of the list."""
    for one in every if group.kind == "sum" else ():
        names = [name for name in one.members if any(f"{mine}.".startswith(f"{name}.") for mine in group.members)]
        if one.kind == "list" and len(names) > 1:
            quoted = " and ".join(f"'{name}'" for name in names)
            yield f"{quoted} are listed, not added ({one.id}): {one.reason.en}; take out all but one"


def _left_out(
    group: schema.TotalGroup, by_id: Mapping[str, Programme], every: Sequence[schema.TotalGroup],
    shipped: Iterable[schema.TotalGroup],
) -> Iterator[str]:  # fmt: skip
    """Programmes of the report that a shipped sum leaves out beside those that it has: its reason says why."""
    unlike = {name.partition(".")[0] for name in _unlike(group, by_id)}  # these have to go in any case
    names = dict.fromkeys(name.partition(".")[0] for name in group.members)
    for one in shipped if group.kind == "sum" else ():
        like = all(getattr(one, key) == getattr(group, key) for key in ("metric", "boundary", "period"))
        inside = [name for name in names if name in one.members]
        if one.kind == "sum" and "." not in one.members[0] and like and inside:
            for name in names:
                said = any(overlap(name, other, every, group.metric) for other in inside)
                if name not in {*inside, *unlike} and not said and name in by_id and by_id[name].number:
                    yield f"'{name}' is left out of the sum '{one.id}': {one.reason.en}; take it out"


def _kinds(group: schema.TotalGroup, by_id: Mapping[str, Programme]) -> Iterator[str]:
    """Members of an overlap of one boundary whose yen are of another kind than those of the first."""
    if group.kind != "overlap":
        return
    firsts: dict[str, Figure] = {}
    for name in group.members:
        unlike: dict[str, None] = {}
        for figure in _figures_of(name, group, by_id):
            first = firsts.setdefault(figure.record.boundary or "", figure)
            here, there = figure.record.money_kind, first.record.money_kind
            if here != there:
                unlike[f"'{name}' is {here}, '{first.programme}' {there}: another kind of money, take it out"] = None
        yield from unlike


def _figures_of(name: str, group: schema.TotalGroup, by_id: Mapping[str, Programme]) -> Iterator[Figure]:
    programme = by_id.get(name.partition(".")[0])
    for figure in programme.figures if programme else ():
        if figure.key == name or ("." not in name and figure.on_year_axis and figure.record.metric == group.metric):
            yield figure


def overlap(a: str, b: str, every: Iterable[schema.TotalGroup], metric: str) -> schema.TotalGroup | None:
    """The overlap that two programmes are in, of this metric first, unless it says that these two are disjoint."""
    for family in sorted(every, key=lambda one: one.metric != metric):
        apart = any({a, b} <= set(names) for names in family.disjoint)
        if family.kind == "overlap" and {a, b} <= set(family.members) and not apart:
            return family
    return None


def _family(one: schema.TotalGroup, metric: str, name: str) -> str:
    """Its name; what overlaps in another metric is said to do so there."""
    return name if one.metric == metric else f"{name}, by its {_words(one.metric)}"


# ---- what may be asked for


@dataclass(frozen=True)
class Addend:
    """A cell or figure that somebody wants to add."""

    name: str
    programme: str
    when: str
    figures: tuple[Figure, ...]
    names: Mapping[str, str]

    def said(self, key: str) -> str:
        return _common(self.figures, key)


def asked(
    names: Sequence[str], programmes: Sequence[Programme], groups: Iterable[schema.TotalGroup]
) -> tuple[schema.TotalGroup, str]:
    """The group of just these cells, and their year or "". Raises InputError with every reason why there is none."""
    every = list(groups)
    several(names)
    if money := [name for name in names if MONEY_NAME.fullmatch(name)]:
        why = "fixed figures as printed; ctsim.accounts.money_total adds what may be added"
        raise InputError(f"no draws of {', '.join(money)}: {why}")
    addends = _addends(names, programmes)
    for group in sorted(every, key=lambda one: len(one.members)):
        if _covers(group, addends):
            by_figure = "." in group.members[0]
            members = tuple(one.name if by_figure else one.programme for one in addends)
            title = schema.Bilingual(**{lang: " + ".join(map(_addend_in(lang), addends)) for lang in LANGUAGES})
            made = group.model_copy(update={"id": "total", "members": members, "figure": None, "title": title})
            return made, "" if by_figure else addends[0].when
    raise InputError(f"no total of {', '.join(names)}: {'; '.join(_refusals(addends, every))}")


def _addend_in(lang: str) -> Callable[[Addend], str]:
    """How an addend is called: its programme, and of a figure when it is of and which part."""

    def called(one: Addend) -> str:
        first = one.figures[0]
        label = when(one.when, lang) if len(one.figures) == 1 and first.key == one.name else ""
        item = str(getattr(first.record, f"item_{lang}") or "") if label else ""
        return " ".join(filter(None, [one.names[lang], label, item]))

    return called


def several(names: Sequence[str]) -> None:
    """Raises InputError unless these are two or more names, each once."""
    is_list = isinstance(names, Sequence) and not isinstance(names, str)
    if not is_list or not all(isinstance(one, str) for one in names) or not 1 < len(set(names)) == len(names):
        raise InputError("a total has at least two cells, each once: name them programme.metric.when")


def _addends(names: Sequence[str], programmes: Sequence[Programme]) -> list[Addend]:
    """What is to be added. Raises InputError that names every unknown cell and every one without a number."""
    known: dict[str, Cell | Figure] = {}
    for programme in programmes:
        known |= {figure.key: figure for figure in programme.figures}
        for metric in METRICS:
            for year in YEARS:
                known[f"{programme.id}.{metric}.{year}"] = programme.cell(metric, year)
    wrong = [words for name in names if (words := _unusable(name, known))]
    if wrong:
        raise InputError("; ".join(wrong))
    called = {one.id: {"ja": one.name_ja, "en": one.name_en} for one in programmes}
    return [_addend(name, known[name], called) for name in names]


def _unusable(name: str, known: Mapping[str, Cell | Figure]) -> str:
    """Why a cell cannot be added to anything, "" where it can."""
    if name not in known:
        return f"no cell '{name[:120]}'.{did_you_mean(name, known)} Cells are named programme.metric.when."
    found = known[name]
    if isinstance(found, Figure) or found.figures:
        return ""
    reason = found.reason.en if found.reason else ""
    return f"no total with {name}: it has no number ({found.reason_code}): {reason}"


def _addend(name: str, found: Cell | Figure, called: Mapping[str, Mapping[str, str]]) -> Addend:
    named = called[found.programme]
    if isinstance(found, Figure):
        return Addend(name, found.programme, found.record.when, (found,), named)
    return Addend(name, found.programme, found.year, found.figures, named)


def _covers(group: schema.TotalGroup, addends: Sequence[Addend]) -> bool:
    """Whether all are members of one sum: of the same year where its members are programmes."""
    if group.kind != "sum":
        return False
    if "." in group.members[0]:
        return all(one.name in group.members for one in addends)
    alike = len({one.when for one in addends}) == 1 and all(one.figures[0].on_year_axis for one in addends)
    whole = all(not one.figures[0].record.item or one.name.count(".") == 2 for one in addends)
    return (
        alike
        and whole
        and all(one.programme in group.members and one.said("metric") == group.metric for one in addends)
    )


_WHY_UNLIKE: Final = {
    "metric": "CO2 and money are not one quantity",
    "boundary": "what was paid for, what plants can make and what a market may adopt are not parts of one whole",
    "scope": "world and Japan contain each other",
    "period": "tonnes or yen of a year, of a life and of several years are not one quantity",
    "money_kind": "market, investment, project cost and demand are four different things",
}


def _refusals(addends: Sequence[Addend], every: Sequence[schema.TotalGroup]) -> Iterator[str]:
    """Every reason why these may not be added, at least one."""
    unlike = [key for key in _ALIKE if len({one.said(key) for one in addends}) > 1]
    for key in unlike:
        said = ", ".join(dict.fromkeys(_words(one.said(key) or "none") for one in addends))
        yield f"unlike {_words(key)} ({said}): {_WHY_UNLIKE[key]}"
    if len({one.when for one in addends}) > 1:
        yield f"unlike years ({', '.join(dict.fromkeys(one.when for one in addends))})"
    within = [(a, b) for a in addends for b in addends if b.name.startswith(f"{a.name}.")]
    yield from (f"'{part.name}' is a part of '{whole.name}'; take one of them out" for whole, part in within)
    metric = addends[0].said("metric")
    families = [overlap(a.programme, b.programme, every, metric) for a, b in combinations(addends, 2)]
    for family in {one.id: one for one in families if one}.values():
        yield f"they overlap ({_family(family, metric, family.title.en)}): {family.reason.en}"
    listed = [one for one in every if one.kind == "list" and {a.name for a in addends} <= set(one.members)]
    yield from (f"listed, not added ({one.title.en}): {one.reason.en}" for one in listed)
    outside = list(_outside(addends, every))
    yield from outside
    if not (unlike or within or any(families) or listed or outside):
        yield "no group of totals.toml says that they may be added; declare one with its reason"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _outside(addends: Sequence[Addend], every: Sequence[schema.TotalGroup]) -> Iterator[str]:
    """Sums that have some of these programmes and not the others: their reason says why."""
    names = dict.fromkeys(one.programme for one in addends)
    for group in every:
        alike = all(one.said("metric") == group.metric for one in addends)
        without = [name for name in names if name not in group.members]
        if group.kind == "sum" and "." not in group.members[0] and alike and 0 < len(without) < len(names):
            yield f"{', '.join(without)} is not in the sum '{group.title.en}': {group.reason.en}"
