"""Scenarios: what a name or a file stands for, with every change applied and the formulas bound.

`load` raises one InputError with all findings of all files; nothing half-read leaves this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from math import copysign
from pathlib import Path
from typing import Any, Final

import tomli_w
from pydantic import ValidationError

import ctsim
from ctsim import schema
from ctsim.accounts import money_faults
from ctsim.assembly import assemble
from ctsim.balance import unit_faults
from ctsim.binding import Binding, bind, sources
from ctsim.coordinates import own, read_beside
from ctsim.dependence import DependenceError, Group, groups
from ctsim.dependence import declared as pairs_of
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.library import Library, PlacedChange, PlacedDependence, Wanted, chain, holds, merged, read_library
from ctsim.programme import Figure, Parameter, Programme
from ctsim.resolved import AppliedChange, ResolvedFile
from ctsim.streams import STREAM_VERSION
from ctsim.tomlfile import Document, findings_of, read
from ctsim.totals import declared as declared_totals
from ctsim.totals import declared_place
from ctsim.totals import faults as totals_faults

MAX_RESOLVED: Final = 256_000_000


@dataclass(frozen=True)
class Stream:
    """The name of one parameter's random numbers."""

    stream: str


@dataclass(frozen=True)
class Scenario:
    """A frozen scenario: programmes with every change applied, and the formulas bound.

    `with_changes` makes a new one; nothing is changed in place. `changes` were made here, `applied` ones are in the
    pages of a resolved scenario already; `elsewhere` has the streams that its dependence names and its pages do not;
    `chosen` says where its list of programmes stands, if it has one.
    """

    id: str
    title_ja: str
    title_en: str
    revision: str
    uncertainty: str
    cells: str
    delivery: str
    programmes: tuple[Programme, ...]
    shared: Mapping[str, Parameter]
    changes: tuple[PlacedChange, ...]
    dependence: tuple[PlacedDependence, ...]
    provisions: tuple[schema.Provision, ...]
    library: Library = field(repr=False)
    formulas: Path | None = None
    file: str = ""
    applied: tuple[AppliedChange, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    chosen: str = ""

    @cached_property
    def names(self) -> Mapping[str, schema.Bilingual]:
        """The name of every programme that it has a page of, chosen or not."""
        heads = [page.record.programme for page in self.library.pages]
        return {one.id: schema.Bilingual(ja=one.name_ja or one.id, en=one.name_en or one.id) for one in heads}

    @cached_property
    def binding(self) -> Binding:
        """The formulas bound. Raises InputError with every finding."""
        binding = bind(self.programmes, self.formulas, self.cells == "all", self.delivery == "included")
        if self.formulas and (found := unit_faults(binding, lambda one: one.__module__.startswith("ctsim_outside_"))):
            raise InputError(found)
        return binding

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that numbers of a result depend on: values, spreads, published figures, formulas."""
        rows = [
            [
                r.label,
                r.unit,
                r.low,
                r.high,
                r.spread.dist,
                dict(r.spread.arguments),
                r.spread.truncate,
                r.spread.relative,
                r.spread.widen,
            ]
            for r in self.binding.rows
        ]
        steps = [
            [s.figure.key, s.reading, *s.figure.published(), s.figure.record.unit, s.figure.record.period,
             s.figure.record.reference, [[i.kind, i.index, i.factor] for i in s.inputs], s.factor]
            for s in self.binding.steps
        ]  # fmt: skip
        pairs = [[*names, spearman] for names, spearman in self.pairs.items()]
        wholes = {one.name: one.rows for one in self.binding.compositions}
        apart = [r.stream for r in self.binding.rows if r.year and r.stream == r.label]
        content = {
            **({"compositions": wholes} if wholes else {}), **({"years drawn apart": apart} if apart else {}),
            "streams": STREAM_VERSION, "rows": rows, "steps": steps, "formulas": list(sources(self.binding)),
            "dependence": pairs, "totals": [_dump(one) for one in self.totals],
        }  # fmt: skip
        if coordinates := own(self.binding.rows, self.programmes, self.library.coordinates):
            content["coordinates"] = coordinates  # those of the library never change
        return sha256(json.dumps(content, sort_keys=True, default=list).encode()).hexdigest()

    @property
    def totals(self) -> list[schema.TotalGroup]:
        """Groups that may be added, that overlap or that are listed."""
        return declared_totals(self.library.totals)

    def total_place(self, group: str) -> Place:
        """Where a group of totals is declared."""
        return declared_place(self.library.totals, group)

    @cached_property
    def pairs(self) -> dict[tuple[str, str], float]:
        """Rank correlations of pairs of streams in `groups`; of two declarations of a pair the later one holds."""
        here = {name for group in self.groups for name in group.streams}
        return {names: spearman for names, spearman in self.declared.items() if here.issuperset(names)}

    @cached_property
    def groups(self) -> list[Group]:
        """Parameters that move together. Raises DependenceError.

        What is fixed, or of a programme that is left out, keeps its place before members that are drawn: else their
        draws would be others.
        """
        drawn = {row.stream for row in self.binding.rows if row.spread.dist != "fixed"}
        return [group for one in self.declared_groups if (group := one.up_to(drawn)) is not None]

    @cached_property
    def declared_groups(self) -> list[Group]:
        """All groups that are declared, whatever of them is drawn. Raises DependenceError."""
        return groups(self.declared)

    @property
    def streams(self) -> list[Stream]:
        """All that random numbers are drawn for: rows, and members of groups that are no rows here."""
        rows = list(dict.fromkeys(row.stream for row in self.binding.rows))
        members = (name for group in self.groups for name in group.streams)
        return [Stream(name) for name in dict.fromkeys([*rows, *members])]

    @cached_property
    def declared(self) -> dict[tuple[str, str], float]:
        """Rank correlations of all pairs that are declared, whatever of them is drawn."""
        stream_of = self.stream_names
        known = [one.record for one in self.dependence if all(name in stream_of for name in one.record.parameters)]
        return pairs_of([([stream_of[name] for name in one.parameters], one.spearman) for one in known])

    @cached_property
    def stream_names(self) -> dict[str, str]:
        """Stream by the name under which a scenario file speaks of it: parameters and reported figures."""
        named = dict(self.elsewhere) | {name: name for name in self.shared} | self._left_out_streams()
        for name, parameter in {**self.shared, **self.parameters()}.items():
            named |= parameter.streams_as(name)
        for programme in self.programmes:
            for parameter in programme.parameters.values():
                named |= parameter.streams_as(f"{programme.id}.{parameter.name}")
            named |= {f.key: f"{programme.id}.{f.name}" for f in programme.figures if f.reported}
        return named

    def _left_out_streams(self) -> dict[str, str]:
        """The same of programmes that the library has and the scenario does not."""
        here: set[str] = {programme.id for programme in self.programmes}
        named: dict[str, str] = {}
        for page in (document.record for document in self.library.pages):
            name = page.programme.id
            if name not in here:
                for key, one in page.parameter.items():
                    stream = one.shared or one.was or f"{name}.{key}"
                    named |= Parameter(key, stream, one, {}).streams_as(f"{name}.{key}")
                figures = (Figure(name, impact, Place()) for impact in page.impact)
                named |= {figure.key: f"{name}.{figure.name}" for figure in figures if figure.reported}
        return named

    def programme(self, name: str) -> Programme:
        """The programme of that id; InputError with a suggestion otherwise."""
        for programme in self.programmes:
            if programme.id == name:
                return programme
        known = [programme.id for programme in self.programmes]
        raise InputError(f"no programme '{name}' in scenario '{self.id}'.{did_you_mean(name, known)}")

    def figures(self) -> list[Figure]:
        """Every figure, in page order."""
        return [figure for programme in self.programmes for figure in programme.figures]

    def parameters(self) -> dict[str, Parameter]:
        """Every parameter by full name, shared ones first."""
        own = {p.stream: p for programme in self.programmes for p in programme.parameters.values()}
        return {name: p for name, p in self.shared.items() if name in own} | own

    def with_changes(self, changes: Iterable[schema.Change | Mapping[str, Any]], place: str = "changes") -> Scenario:
        """A new scenario with more changes, each as in a file: a target, what is set, `reason` and `source`."""
        placed = [PlacedChange(_change(one, Place(place, number)), Place(place, number))
                  for number, one in enumerate(changes, 1)]  # fmt: skip
        head = schema.ScenarioHead(
            id=self.id, revision=self.revision or None, title_ja=self.title_ja, title_en=self.title_en,
            uncertainty="none" if self.uncertainty == "none" else "pages",
            cells="published" if self.cells == "published" else "all",
            delivery="included" if self.delivery == "included" else "conditional",
            programmes=tuple(programme.id for programme in self.programmes),
        )  # fmt: skip
        wanted = Wanted(
            head, Place(self.file), (*self.changes, *placed), self.dependence, self.provisions, self.elsewhere
        )
        return _build(wanted, self.library, self.formulas, self.file, [])

    def with_delivery(self) -> Scenario:
        """A new scenario in which research programmes deliver or not, as their pages assume."""
        return replace(self, delivery="included")

    def with_totals(self, groups: Sequence[schema.TotalGroup]) -> Scenario:
        """A new scenario with these groups of what may be added instead of those it has."""
        file = Document("totals", schema.TotalsFile(format=1, group=tuple(groups)), {})
        return replace(self, library=replace(self.library, totals=(file,)))

    def with_dependence(self, factor: float | None) -> Scenario:
        """A new scenario with every declared rank correlation times `factor`, from 0 to 1; None: each 1 or -1.

        Raises InputError where the correlations then contradict each other.
        """
        ties = []
        for one in self.dependence:
            rho = copysign(1.0, one.record.spearman) if factor is None else factor * one.record.spearman
            ties.append(replace(one, record=one.record.model_copy(update={"spearman": rho})))
        changed = replace(self, dependence=() if factor == 0 else tuple(ties))
        if found := _dependence_faults(changed):
            raise InputError(found)
        return changed

    def formula_digests(self) -> dict[str, str]:
        """SHA-256 of the formula sources that each programme uses."""
        said: dict[str, list[str]] = {programme.id: [] for programme in self.programmes}
        for key, source in sources(self.binding):
            said[key.partition(".")[0]].append(source)
        return {name: sha256("\0".join(texts).encode()).hexdigest() for name, texts in said.items()}

    def to_toml(self) -> str:
        """The scenario resolved and self-contained: every page with its changes applied."""
        programmes = [_dump(programme.page) for programme in self.programmes]
        shared = {name: _dump(p.record) for name, p in self.shared.items()}
        changes = [_dump(one) for one in self.applied]
        changes += [_dump(one.change) | {"place": str(one.place) or "changes"} for one in self.changes]
        classes = {name: _dump(one) for name, one in self.library.classes.record.spread_class.items()}
        ties = [_dump(one.record) for one in self.dependence]
        named = {name for one in self.dependence for name in one.record.parameters}
        elsewhere = {
            name: stream for name, stream in (dict(self.elsewhere) | self._left_out_streams()).items() if name in named
        }
        provisions = [_dump(one) for one in self.provisions]
        cited = _cited([programmes, shared, changes, classes, ties, provisions])
        known = self.library.sources.record.source
        document = {
            "format": schema.FORMAT,
            "scenario": {
                "id": self.id, **({"revision": self.revision} if self.revision else {}), "title_ja": self.title_ja,
                "title_en": self.title_en, "uncertainty": self.uncertainty, "cells": self.cells,
                "delivery": self.delivery, "digest": self.digest,
                "ctsim": ctsim.__version__,
            },
            "change": changes, "dependence": ties, "provision": provisions,
            "group": [_dump(one) for one in self.totals], "shared": shared, "spread_class": classes,
            "source": {name: _dump(one) for name, one in known.items() if name in cited},
            **({"elsewhere": elsewhere} if elsewhere else {}),
            "formulas": self.formula_digests(), "programmes": programmes,
        }  # fmt: skip
        if self.library.coordinates:
            document["coordinates"] = {stream: list(one) for stream, one in self.library.coordinates.items()}
        return tomli_w.dumps(document, multiline_strings=False)


def load(scenario: str | Path, formulas: str | Path | None = None) -> Scenario:
    """The scenario of that id in the shipped library, or in the file of that path.

    `formulas` is a folder with formula modules of programmes outside the package. Raises InputError with every finding.
    """
    outside = _formulas_folder(formulas)
    findings: list[Finding] = []
    files = chain(scenario, findings)
    folders = [path.parent for path, _ in files]
    library = replace(read_library(folders, findings), coordinates=read_beside(folders))
    return _build(merged(files), library, outside, str(files[-1][0]), findings)


def load_resolved(path: Path, formulas: str | Path | None = None) -> Scenario:
    """The scenario that `Scenario.to_toml` wrote, from that file alone and the formulas of the package or `formulas`.

    Raises InputError where it cannot be read, or where what it gives is not the scenario it was written from.
    """
    outside = _formulas_folder(formulas)
    document = read(path, ResolvedFile, most=MAX_RESOLVED)
    record = document.record
    head = schema.ScenarioHead(
        **record.scenario.model_dump(
            include={"id", "revision", "title_ja", "title_en", "uncertainty", "cells", "delivery"}
        )
    )
    library = Library(
        path.parent,
        tuple(document.part(page, "programmes", number) for number, page in enumerate(record.programmes)),
        document.part(schema.SharedFile(format=1, parameter=record.shared), "shared", under=("parameter",)),
        document.part(schema.SpreadClassesFile.model_validate({"format": 1, "class": record.spread_class})),
        document.part(schema.SourcesFile(format=1, source=record.source)),
        (document.part(schema.TotalsFile(format=1, group=record.group)),),
        record.coordinates,
        frozenset(name.partition(".")[0] for group in record.group if group.kind != "money" for name in group.members),
    )
    ties = tuple(PlacedDependence(one, document.place("dependence", number))
                 for number, one in enumerate(record.dependence))  # fmt: skip
    wanted = Wanted(head, Place(str(path)), (), ties, record.provision, record.elsewhere)
    scenario = _build(wanted, library, outside, str(path), [])
    if scenario.digest != record.scenario.digest:
        raise InputError(Finding(Place(str(path)), "scenario.digest", _difference(scenario, record)))
    return replace(scenario, applied=record.change)


def _difference(scenario: Scenario, record: ResolvedFile) -> str:
    """Why a resolved scenario is not the one it was written from: one line."""
    digests = scenario.formula_digests()
    changed = [name for name, digest in record.formulas.items() if digests.get(name) != digest]
    if changed:
        hint = "give the folder of those it was run with by --formulas, or use that version of ctsim"
        said = f"the formulas of {', '.join(changed)} are not those of the run"
    else:
        said, hint = "values, spreads or streams are not those of the run", "use that version of ctsim"
    return f"{said} (written by ctsim {record.scenario.ctsim}, this is {ctsim.__version__}); {hint}"


def _formulas_folder(given: str | Path | None) -> Path | None:
    if given is None:
        return None
    folder = Path(given)
    if not holds(folder.is_dir):
        raise InputError(f"--formulas {str(folder)[-200:]}: no such folder; give the one that holds <programme>.py")
    return folder.resolve()


def _build(wanted: Wanted, library: Library, outside: Path | None, file: str, findings: Iterable[Finding]) -> Scenario:
    """The scenario, bound; or InputError with `findings`, those of the changes and pages, and those of the formulas."""
    head = wanted.head
    programmes, shared, found = assemble(head, wanted.chosen, library, wanted.changes)
    scenario = Scenario(
        head.id, head.title_ja or head.id, head.title_en or head.id, head.revision or "", head.uncertainty or "pages",
        head.cells or "all", head.delivery or "conditional", programmes, shared, wanted.changes, wanted.dependence,
        wanted.provisions, library, outside, file, elsewhere=wanted.elsewhere,
        chosen=str(wanted.chosen) if head.programmes is not None else "",
    )  # fmt: skip
    pages = [*(page.record.programme.id for page in library.pages), *library.left_out]
    found = [*findings, *found, *totals_faults(library.totals, programmes, pages), *money_faults(library.totals)]
    try:
        _ = scenario.binding
        found += _dependence_faults(scenario)
    except InputError as error:
        found += error.findings
    if found:
        raise InputError(sorted(set(found), key=lambda one: (one.place, one.key, one.message)))
    return scenario


def _dependence_faults(scenario: Scenario) -> list[Finding]:
    """Names that are not drawn here, and correlations that contradict each other."""
    known = scenario.stream_names
    found = [
        Finding(one.place, "dependence.parameters", f"no parameter '{name}'.{did_you_mean(name, known)}")
        for one in scenario.dependence for name in one.record.parameters if name not in known
    ]  # fmt: skip
    try:
        _ = [] if found else scenario.groups
    except DependenceError as error:
        pairs = ", ".join(f"{a} ~ {b} {spearman:.2f}" for (a, b), spearman in error.nearest.items())
        message = f"the rank correlations contradict each other; the nearest that do not: {pairs}"
        found.append(Finding(scenario.dependence[-1].place, "dependence", message))
    return found


def _change(given: schema.Change | Mapping[str, Any], place: Place) -> schema.Change:
    if isinstance(given, schema.Change):
        return given
    try:
        return schema.Change.model_validate({k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})
    except ValidationError as error:
        raise InputError(findings_of(error, given, schema.Change, lambda _: place)) from None


def _dump(record: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = json.loads(record.model_dump_json(exclude_none=True, exclude_defaults=True, by_alias=True))
    return dumped


def _cited(data: Any) -> set[str]:
    """Keys of every source that is cited anywhere in `data`."""
    if isinstance(data, list):
        return set().union(*(_cited(one) for one in data))
    if not isinstance(data, dict):
        return set()
    own = {str(data["key"])} if {"key", "where"} <= data.keys() else set()
    return own.union(*(_cited(one) for one in data.values()))
