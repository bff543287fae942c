"""Files to scenarios: the shipped library, a user's own files, what extends what, changes, and every check of a load.

`load` raises one InputError with all findings of all files; nothing half-read leaves this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import tomli_w
from pydantic import ValidationError

import ctsim
from ctsim import schema, tomlfile, units
from ctsim.binding import Binding, bind, sources
from ctsim.errors import CtsimError, Finding, InputError, Place, did_you_mean
from ctsim.programme import Figure, Parameter, Programme
from ctsim.spreads import spreads_of
from ctsim.streams import STREAM_VERSION
from ctsim.tomlfile import Document

MAX_EXTENDS: Final = 16


@dataclass(frozen=True)
class PlacedChange:
    """A change and where it was said."""

    change: schema.Change
    place: Place


@dataclass(frozen=True)
class Library:
    """Everything the scenarios are made from, as read."""

    root: Path
    pages: tuple[Document[schema.ProgrammePage], ...]
    shared: Document[schema.SharedFile]
    classes: Document[schema.SpreadClassesFile]
    sources: Document[schema.SourcesFile]


@dataclass(frozen=True)
class Scenario:
    """A frozen scenario: programmes with every change applied, and the formulas bound.

    `with_changes` makes a new one; nothing is changed in place.
    """

    id: str
    title_ja: str
    title_en: str
    revision: str
    uncertainty: str
    programmes: tuple[Programme, ...]
    shared: Mapping[str, Parameter]
    changes: tuple[PlacedChange, ...]
    library: Library = field(repr=False)
    formulas: Path | None = None
    file: str = ""

    @cached_property
    def binding(self) -> Binding:
        return bind(self.programmes, self.formulas)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over resolved values, spreads, formula sources and the stream version."""
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
            ]
            for r in self.binding.rows
        ]
        steps = [[s.figure.key, s.figure.record.unit, [[i.kind, i.index, i.factor] for i in s.inputs], s.factor]
                 for s in self.binding.steps]  # fmt: skip
        content = {"streams": STREAM_VERSION, "rows": rows, "steps": steps, "formulas": list(sources(self.binding))}
        return sha256(json.dumps(content, sort_keys=True, default=list).encode()).hexdigest()

    def programme(self, name: str) -> Programme:
        """The programme of that id; InputError with a suggestion otherwise."""
        for programme in self.programmes:
            if programme.id == name:
                return programme
        known = [programme.id for programme in self.programmes]
        raise InputError(f"no programme '{name}' in scenario '{self.id}'.{did_you_mean(name, known)}")

    def parameters(self) -> dict[str, Parameter]:
        """Every parameter by full name, shared ones first."""
        own = {p.stream: p for programme in self.programmes for p in programme.parameters.values()}
        return {name: p for name, p in self.shared.items() if name in own} | own

    def with_changes(self, changes: Iterable[schema.Change | Mapping[str, Any]], place: str = "changes") -> Scenario:
        """A new scenario with more changes, each as in a file: a target, what is set, `reason` and `source`."""
        placed = [PlacedChange(_change(one, Place(place, number)), Place(place, number))
                  for number, one in enumerate(changes, 1)]  # fmt: skip
        head = schema.ScenarioHead(
            id=self.id, revision=self.revision, title_ja=self.title_ja, title_en=self.title_en,
            uncertainty="none" if self.uncertainty == "none" else "pages",
        )  # fmt: skip
        return _build(head, self.library, (*self.changes, *placed), self.formulas, self.file)

    def to_toml(self) -> str:
        """The scenario resolved and self-contained: every page with its changes applied."""
        programmes = [_dump(programme.page) for programme in self.programmes]
        document = {
            "format": schema.FORMAT,
            "scenario": {
                "id": self.id, "revision": self.revision, "title_ja": self.title_ja, "title_en": self.title_en,
                "uncertainty": self.uncertainty, "digest": self.digest, "ctsim": ctsim.__version__,
            },
            "change": [_dump(one.change) | {"place": str(one.place)} for one in self.changes],
            "shared": {name: _dump(p.record) for name, p in self.shared.items()},
            "spread_class": {name: _dump(one) for name, one in self.library.classes.record.spread_class.items()},
            "programmes": programmes,
        }  # fmt: skip
        return tomli_w.dumps(document, multiline_strings=False)


def load(scenario: str | Path, formulas: str | Path | None = None) -> Scenario:
    """The scenario of that id in the shipped library, or in the file of that path.

    `formulas` is a folder with formula modules of programmes outside the package. Raises InputError with every finding.
    """
    outside = _formulas_folder(formulas)
    chain = _chain(scenario)
    folders = [path.parent for path, _ in chain]
    head, changes = _merged(chain)
    built = _build(head, _library(folders), changes, outside, str(chain[-1][0]))
    _ = built.binding
    return built


def library_root() -> Path:
    """Where the shipped scenarios are: inside the wheel, or beside the package in a checkout."""
    package = Path(ctsim.__file__).parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def shipped() -> list[tuple[str, schema.ScenarioHead]]:
    """(folder, head) of every shipped scenario and study."""
    root = library_root()
    paths = [path for path in sorted(root.glob("*.toml")) if path.stem not in _NOT_SCENARIOS]
    paths += sorted(root.glob("studies/*.toml"))
    return [(path.parent.name, tomlfile.read(path, schema.ScenarioFile).record.scenario) for path in paths]


_NOT_SCENARIOS: Final = ("sources", "shared", "spread_classes", "coordinates", "totals", "ledger")


# ---- finding files


def _formulas_folder(given: str | Path | None) -> Path | None:
    if given is None:
        return None
    folder = Path(given)
    if not folder.is_dir():
        raise InputError(f"--formulas {folder}: no such folder")
    return folder.resolve()


def _scenario_path(name: str | Path, near: Path | None) -> Path:
    text = str(name)
    root = library_root()
    if text.endswith(".toml"):
        path = (near / text) if near and not Path(text).is_absolute() else Path(text)
        if not path.is_file():
            raise InputError(f"{path}: no such scenario file")
        return path
    for path in (root / f"{text}.toml", root / "studies" / f"{text}.toml"):
        if path.is_file() and path.stem not in _NOT_SCENARIOS and "/" not in text:
            return path
    if near and (near / f"{text}.toml").is_file():
        return near / f"{text}.toml"
    known = [head.id for _, head in shipped()]
    hint = did_you_mean(text, known) or f" Known: {', '.join(known)}."
    raise InputError(f"no scenario '{text}'.{hint} Give a name from `ctsim list` or the path of a .toml file.")


def _chain(scenario: str | Path) -> list[tuple[Path, Document[schema.ScenarioFile]]]:
    """The scenario file and all it extends, base first."""
    chain: list[tuple[Path, Document[schema.ScenarioFile]]] = []
    wanted: str | Path | None = scenario
    near: Path | None = None
    place = Place()
    while wanted is not None:
        try:
            path = _scenario_path(wanted, near)
        except InputError as error:
            raise InputError([replace(f, place=place, key="scenario.extends" if chain else "")
                              for f in error.findings]) from None  # fmt: skip
        if any(path.resolve() == earlier.resolve() for earlier, _ in chain):
            circle = " -> ".join([*(p.stem for p, _ in chain), path.stem])
            raise InputError(Finding(place, "scenario.extends", f"extends itself in a circle: {circle}"))
        if len(chain) >= MAX_EXTENDS:
            raise InputError(Finding(place, "scenario.extends", f"more than {MAX_EXTENDS} scenarios deep"))
        document = tomlfile.read(path, schema.ScenarioFile, _shown(path))
        chain.append((path, document))
        wanted, near = document.record.scenario.extends, path.parent
        place = document.place("scenario", "extends")
    return chain[::-1]


def _merged(
    chain: list[tuple[Path, Document[schema.ScenarioFile]]],
) -> tuple[schema.ScenarioHead, tuple[PlacedChange, ...]]:
    """One head with what derived scenarios leave out taken from their base, and all changes in order."""
    fields: dict[str, Any] = {}
    changes: list[PlacedChange] = []
    for _, document in chain:
        fields |= document.record.scenario.model_dump(exclude_none=True)
        changes += [PlacedChange(change, document.place("change", number))
                    for number, change in enumerate(document.record.change)]  # fmt: skip
    return schema.ScenarioHead.model_validate(fields), tuple(changes)


def _library(folders: Iterable[Path]) -> Library:
    """The shipped library and the pages beside the user's scenario files."""
    root = library_root()
    page_folders = dict.fromkeys(
        folder.resolve() / "programmes" for folder in (root, *folders) if folder.name != "studies"
    )
    paths = [path for folder in page_folders for path in sorted(folder.glob("*.toml"))]
    findings: list[Finding] = []
    pages = [_collect(findings, path, schema.ProgrammePage) for path in paths]
    shared = _collect(findings, root / "shared.toml", schema.SharedFile)
    classes = _collect(findings, root / "spread_classes.toml", schema.SpreadClassesFile)
    known = _collect(findings, root / "sources.toml", schema.SourcesFile)
    good = tuple(page for page in pages if page is not None)
    findings += _duplicate_ids(good)
    if findings or shared is None or classes is None or known is None:
        raise InputError(findings)
    number = {page.file: page.record.programme.annex or _chapter_number(page.record.programme) for page in good}
    return Library(root, tuple(sorted(good, key=lambda page: (number[page.file], page.file))), shared, classes, known)


def _chapter_number(head: schema.ProgrammeHead) -> int:
    tail = (head.chapter or "").rpartition("-")[2]
    return int(tail) if tail.isdigit() else 10**6


def _collect(findings: list[Finding], path: Path, model: type[Any]) -> Any:
    try:
        return tomlfile.read(path, model, _shown(path))
    except CtsimError as error:
        findings.extend(error.findings)
        return None


def _shown(path: Path) -> str:
    """Shipped files by their place in the library, others as given."""
    root = library_root().resolve()
    return f"scenarios/{path.resolve().relative_to(root)}" if path.resolve().is_relative_to(root) else str(path)


def _duplicate_ids(pages: Iterable[Document[schema.ProgrammePage]]) -> list[Finding]:
    seen: dict[str, str] = {}
    findings = []
    for page in pages:
        name = page.record.programme.id
        if name in seen:
            message = f"'{name}' is also the id of {seen[name]}; give one of them another"
            findings.append(Finding(page.place("programme", "id"), "programme.id", message))
        seen.setdefault(name, page.file)
    return findings


# ---- building


def _build(
    head: schema.ScenarioHead, library: Library, changes: tuple[PlacedChange, ...], outside: Path | None, file: str
) -> Scenario:
    builder = _Build(head, library, changes)
    programmes = builder.programmes()
    if builder.findings:
        raise InputError(sorted(set(builder.findings), key=lambda one: (one.place, one.key, one.message)))
    return Scenario(
        head.id, head.title_ja or head.id, head.title_en or head.id, head.revision or "", head.uncertainty or "pages",
        programmes, builder.shared, changes, library, outside, file,
    )  # fmt: skip


class _Build:
    """Applies changes to the pages of a library, and checks what one record alone cannot show."""

    def __init__(self, head: schema.ScenarioHead, library: Library, changes: tuple[PlacedChange, ...]) -> None:
        self.library = library
        self.fixed = head.uncertainty == "none"
        self.findings: list[Finding] = []
        self.parameter_changes: dict[str, list[PlacedChange]] = {}
        self.formula_changes: dict[str, PlacedChange] = {}
        self.included = dict.fromkeys((page.record.programme.id for page in library.pages), True)
        if head.programmes is not None:
            self._only(head.programmes)
        for one in changes:
            self._sort_in(one)
        self._targets: set[str] = set()
        self.shared = self._shared()

    def _only(self, programmes: tuple[str, ...]) -> None:
        for name in programmes:
            if name not in self.included:
                hint = did_you_mean(name, self.included)
                self.findings.append(Finding(Place(), "scenario.programmes", f"no programme '{name}'.{hint}"))
        self.included = {name: name in programmes for name in self.included}

    def _sort_in(self, one: PlacedChange) -> None:
        change = one.change
        self._source(change.source, one.place, "change.source")
        if change.parameter is not None:
            self.parameter_changes.setdefault(change.parameter, []).append(one)
        elif change.impact is not None:
            self.formula_changes[change.impact] = one
        elif change.programme in self.included:
            self.included[change.programme] = bool(change.include)
        else:
            hint = did_you_mean(str(change.programme), self.included)
            self.findings.append(Finding(one.place, "change.programme", f"no programme '{change.programme}'.{hint}"))

    def _shared(self) -> dict[str, Parameter]:
        document = self.library.shared
        return {
            name: self._parameter(document, ("parameter", name), name, name, record, None)
            for name, record in document.record.parameter.items()
        }

    def programmes(self) -> tuple[Programme, ...]:
        built = tuple(self._programme(page) for page in self.library.pages)
        self._unknown_targets(built)
        return tuple(programme for programme in built if self.included[programme.id])

    def _programme(self, document: Document[schema.ProgrammePage]) -> Programme:
        page = document.record
        parameters = {
            name: self._own_or_shared(document, page.programme.id, name, record)
            for name, record in page.parameter.items()
        }
        figures = tuple(self._figure(document, page.programme.id, n, one) for n, one in enumerate(page.impact))
        self._duplicate_figures(figures)
        resolved = page.model_copy(update={
            "parameter": {name: page.parameter[name] if page.parameter[name].shared else p.record
                          for name, p in parameters.items()},
            "impact": tuple(figure.record for figure in figures),
        })  # fmt: skip
        return Programme(page.programme.id, resolved, parameters, figures, document.file)

    def _own_or_shared(
        self, document: Document[schema.ProgrammePage], programme: str, name: str, record: schema.Parameter
    ) -> Parameter:
        path = ("parameter", name)
        if record.shared is None:
            return self._parameter(document, path, name, record.was or f"{programme}.{name}", record, programme)
        self._targets.add(f"{programme}.{name}")
        if f"{programme}.{name}" in self.parameter_changes:
            one = self.parameter_changes[f"{programme}.{name}"][0]
            message = f"'{programme}.{name}' is shared by several programmes; change parameter '{record.shared}'"
            self.findings.append(Finding(one.place, "change.parameter", message))
        if record.shared not in self.shared:
            message = f"no parameter '{record.shared}' in shared.toml.{did_you_mean(record.shared, self.shared)}"
            self.findings.append(Finding(document.place(*path, "shared"), f"parameter.{name}.shared", message))
            return Parameter(name, record.shared, schema.Parameter(value=0.0, unit="1"), {})
        if record.source:
            self._source(record.source, document.place(*path, "source"), f"parameter.{name}.source")
        return replace(self.shared[record.shared], name=name, symbol=record.symbol)

    def _parameter(
        self, document: Document[Any], path: tuple[str, str], name: str, stream: str,
        record: schema.Parameter, programme: str | None,
    ) -> Parameter:  # fmt: skip
        full = f"{programme}.{name}" if programme else name
        self._targets.add(full)
        places = {key: document.place(*path, key) for key in schema.Parameter.model_fields} | {
            "": document.place(*path)
        }
        for one in self.parameter_changes.get(full, ()):
            record = self._changed(record, one, full, places)
        key = ".".join(path)
        if record.source:
            self._source(record.source, places["source"], f"{key}.source")
        try:
            units.check(record.unit or "1")
        except units.UnitError as error:
            self.findings.append(Finding(places["unit"], f"{key}.unit", str(error)))
        bare = Parameter(name, stream, record, {}, places, record.symbol)
        found, spreads = spreads_of(bare, self.library.classes.record.spread_class, key, self.fixed)
        self.findings.extend(found)
        return replace(bare, spreads=spreads)

    def _changed(
        self, record: schema.Parameter, one: PlacedChange, full: str, places: dict[str, Place]
    ) -> schema.Parameter:
        change = one.change
        sets = {k: getattr(change, k) for k in ("value", "low", "high", "unit", "uncertainty")}
        sets = {key: value for key, value in sets.items() if value is not None}
        moved = {"value", "low", "unit"} & set(sets)
        if moved and "uncertainty" not in sets and (stale := self._stale_spread(record)):
            now = f"{change.value:g}" if isinstance(change.value, float) else "changed"
            message = f"value is now {now}, the spread is still {stale}; restate 'uncertainty'"
            self.findings.append(Finding(one.place, f"change.{full}.value", message))
        if "value" in sets:
            sets |= {"low": None, "high": None}
        elif "low" in sets:
            sets["value"] = None
        for key in sets:
            places[key] = one.place
        fields = {key: getattr(record, key) for key in schema.Parameter.model_fields} | sets
        try:
            return schema.Parameter.model_validate(fields)
        except ValidationError as error:
            message = "; ".join(str(e.get("ctx", {}).get("error", e["msg"])) for e in error.errors())
            self.findings.append(Finding(one.place, f"change.{full}", message))
            return record

    def _stale_spread(self, record: schema.Parameter) -> str:
        """The spread of `record` in words, if it would not follow a new value."""
        spreads = record.uncertainty if isinstance(record.uncertainty, dict) else {"": record.uncertainty}
        for spread in spreads.values():
            if spread is not None and spread.spread_class is None and not spread.relative and spread.dist != "fixed":
                return (
                    f"{spread.dist}({', '.join(f'{v:g}' for v in spread.arguments().values() if isinstance(v, float))})"
                )
        return ""

    def _figure(
        self, document: Document[schema.ProgrammePage], programme: str, number: int, record: schema.Impact
    ) -> Figure:
        place = document.place("impact", number)
        bare = Figure(programme, record, place)
        self._targets.add(bare.key)
        if one := self.formula_changes.get(bare.key):
            bare = replace(bare, record=record.model_copy(update={"formula": one.change.formula}), place=one.place)
        try:
            units.check(record.unit)
        except units.UnitError as error:
            self.findings.append(
                Finding(document.place("impact", number, "unit"), f"impact.{bare.key}.unit", str(error))
            )
            return bare
        if not bare.reported:
            return bare
        return replace(bare, spread=self._reported_spread(bare, document.place("impact", number, "uncertainty")))

    def _reported_spread(self, figure: Figure, place: Place) -> Any:
        low, high = figure.published()
        key = f"impact.{figure.key}"
        if low != low:
            self.findings.append(Finding(figure.place, key, "a reported figure needs [[impact.printed]] with a value"))
            return None
        ends = {"value": low} if low == high else {"low": low, "high": high}
        record = schema.Parameter(unit=figure.record.unit, uncertainty=figure.record.uncertainty, **ends)  # type: ignore[arg-type]
        stand_in = Parameter(figure.name, "", record, {}, {"uncertainty": place, "": figure.place})
        found, spreads = spreads_of(stand_in, self.library.classes.record.spread_class, key, self.fixed)
        self.findings.extend(found)
        return spreads.get("")

    def _duplicate_figures(self, figures: tuple[Figure, ...]) -> None:
        seen: set[str] = set()
        for figure in figures:
            if figure.key in seen:
                message = f"figure '{figure.key}' is given twice; give them different 'when' or 'item'"
                self.findings.append(Finding(figure.place, "impact", message))
            seen.add(figure.key)

    def _source(self, citation: schema.Citation, place: Place, key: str) -> None:
        known = self.library.sources.record.source
        if citation.key not in known:
            message = f"no source '{citation.key}' in sources.toml.{did_you_mean(citation.key, known)}"
            self.findings.append(Finding(place, key, message))

    def _unknown_targets(self, programmes: tuple[Programme, ...]) -> None:
        for full, placed in self.parameter_changes.items():
            if full not in self._targets:
                message = f"no parameter '{full}'.{did_you_mean(full, self._targets)}"
                self.findings.append(Finding(placed[0].place, "change.parameter", message))
        for key, one in self.formula_changes.items():
            if key not in self._targets:
                message = f"no figure '{key}'.{did_you_mean(key, self._targets)}"
                self.findings.append(Finding(one.place, "change.impact", message))


def _change(given: schema.Change | Mapping[str, Any], place: Place) -> schema.Change:
    if isinstance(given, schema.Change):
        return given
    try:
        return schema.Change.model_validate({k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})
    except ValidationError as error:
        found = [Finding(place, ".".join(str(part) for part in e["loc"]), e["msg"]) for e in error.errors()]
        raise InputError(found) from None


def _dump(record: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = json.loads(record.model_dump_json(exclude_none=True, by_alias=True))
    return dumped
