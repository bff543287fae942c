"""Files on disk: the shipped library, a user's own pages, and the chain of scenario files that extend each other.

Nothing is resolved here. Messages name shipped files by their place in the library, others as given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import ctsim
from ctsim import schema, tomlfile
from ctsim.errors import Finding, InputError, Place, did_you_mean
from ctsim.tomlfile import Document

MAX_EXTENDS: Final = 16
_NOT_SCENARIOS: Final = ("sources", "shared", "spread_classes", "coordinates", "totals", "ledger", "frame", "notes_ja")


@dataclass(frozen=True)
class PlacedChange:
    """A change and where it was said."""

    change: schema.Change
    place: Place


@dataclass(frozen=True)
class PlacedDependence:
    """Parameters that move together, and where it was said."""

    record: schema.Dependence
    place: Place


@dataclass(frozen=True)
class Wanted:
    """What a chain of scenario files asks for; `chosen` is where it chooses its programmes.

    `elsewhere`: streams by name that dependence may speak of beside those of the pages.
    """

    head: schema.ScenarioHead
    chosen: Place
    changes: tuple[PlacedChange, ...] = ()
    dependence: tuple[PlacedDependence, ...] = ()
    provisions: tuple[schema.Provision, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """Everything the scenarios are made from, as read; `coordinates` are those that the user's own files list.

    `left_out`: programmes that totals speak of and a resolved scenario has no pages of.
    """

    root: Path
    pages: tuple[Document[schema.ProgrammePage], ...]
    shared: Document[schema.SharedFile]
    classes: Document[schema.SpreadClassesFile]
    sources: Document[schema.SourcesFile]
    totals: tuple[Document[schema.TotalsFile], ...]
    coordinates: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


def library_root() -> Path:
    """Where the shipped scenarios are: inside the wheel, or beside the package in a checkout."""
    package = Path(ctsim.__file__).parent
    inside = package / "scenarios"
    return inside if inside.is_dir() else package.parent / "scenarios"


def holds(asked: Callable[[], bool]) -> bool:
    """Whether something holds of a path; not of one that the system cannot look up, as a name that is too long."""
    try:
        return asked()
    except (OSError, ValueError):
        return False


def shipped() -> list[tuple[str, schema.ScenarioHead]]:
    """(folder, head) of every shipped scenario and study."""
    root = library_root()
    paths = [path for path in sorted(root.glob("*.toml")) if path.stem not in _NOT_SCENARIOS]
    paths += sorted(root.glob("studies/*.toml"))
    paths += [path for path in sorted(root.glob("policy/*.toml")) if path.stem not in _NOT_SCENARIOS]
    return [(path.parent.name, tomlfile.read(path, schema.ScenarioFile).record.scenario) for path in paths]


def _scenario_path(name: str | Path, near: Path | None) -> Path:
    text = str(name)
    root = library_root()
    if near and not holds(lambda: (near / text).resolve().is_relative_to(near.resolve())):
        message = "is outside the folder of this file, where files that are sent around may not look"
        raise InputError(f"'{text[:200]}': {message}; put it beside this file, or give a name from `ctsim list`")
    if text.endswith(".toml"):
        path = (near / text) if near and not Path(text).is_absolute() else Path(text)
        if not holds(path.is_file):
            kind = "is a directory, not a scenario file" if holds(path.is_dir) else "no such scenario file"
            raise InputError(f"{str(path)[-200:]}: {kind}; give a name from `ctsim list` or the path of a .toml file")
        return path
    for path in (root / f"{text}.toml", root / "studies" / f"{text}.toml", root / "policy" / f"{text}.toml"):
        if "/" not in text and holds(path.is_file) and path.stem not in _NOT_SCENARIOS:
            return path
    if near and holds((near / f"{text}.toml").is_file):
        return near / f"{text}.toml"
    if said := _result_words(Path(text)):
        raise InputError(f"{text[-200:]}: {said}")
    known = [head.id for _, head in shipped()]
    hint = did_you_mean(text, known) or f" Known: {', '.join(known)}."
    raise InputError(f"no scenario '{text[:200]}'.{hint} Give a name from `ctsim list` or the path of a .toml file.")


_CARDS: Final = {
    "compare.json": ("is a comparison", "scenario or a run"), "stress.json": ("is a dependence stress", "scenario"),
    "run.json": ("is the directory of a", "scenario"),
}  # fmt: skip
"""By card of a directory of results: what it is, and what it is not."""


def _result_words(path: Path) -> str:
    """What a directory of results is, where it is given for a scenario; "" for any other path."""
    for card, (kind, wanted) in _CARDS.items():
        if holds((path / card).is_file):
            try:
                said = json.loads((path / card).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                said = {}
            said = said if isinstance(said, dict) else {}
            made = [str(one) for one in said.get("names", ())] or [str(said.get("scenario", ""))]
            kind += f" {said.get('kind') or 'run'}" if card == "run.json" else ""
            return f"{kind} of {' and '.join(made)}, not a {wanted}; give a name or a .toml file"
    return ""


def chain(scenario: str | Path, findings: list[Finding]) -> list[tuple[Path, Document[schema.ScenarioFile]]]:
    """The scenario file and all it extends, base first.

    Adds to `findings` what later checks can live with; raises InputError with all of them for anything else.
    """
    chain: list[tuple[Path, Document[schema.ScenarioFile]]] = []
    wanted: str | Path | None = scenario
    near: Path | None = None
    place = Place()
    while wanted is not None:
        try:
            path = _scenario_path(wanted, near)
        except InputError as error:
            raise InputError([*findings, *(replace(one, place=place, key="scenario.extends" if chain else "")
                                           for one in error.findings)]) from None  # fmt: skip
        if any(path.resolve() == earlier.resolve() for earlier, _ in chain):
            circle = " -> ".join([*(p.stem for p, _ in chain), path.stem])
            message = f"extends itself in a circle: {circle}; take one 'extends' out"
            raise InputError([*findings, Finding(place, "scenario.extends", message)])
        if len(chain) >= MAX_EXTENDS:
            message = f"more than {MAX_EXTENDS} scenarios deep; extend an earlier one"
            raise InputError([*findings, Finding(place, "scenario.extends", message)])
        document, found = tomlfile.read_on(path, schema.ScenarioFile, _shown(path))
        findings += found
        if document is None:
            raise InputError(findings)
        chain.append((path, document))
        wanted, near = document.record.scenario.extends, path.parent
        place = document.place("scenario", "extends")
    return chain[::-1]


def merged(chain: list[tuple[Path, Document[schema.ScenarioFile]]]) -> Wanted:
    """One head with what derived scenarios leave out taken from their base, and all that they say, base first."""
    fields: dict[str, Any] = {}
    changes: list[PlacedChange] = []
    dependence: list[PlacedDependence] = []
    provisions: list[schema.Provision] = []
    chosen = Place()
    for _, document in chain:
        if document.record.scenario.programmes is not None or not chosen.file:
            chosen = document.place("scenario", "programmes")
        fields |= document.record.scenario.model_dump(exclude_none=True)
        changes += [PlacedChange(change, document.place("change", number))
                    for number, change in enumerate(document.record.change)]  # fmt: skip
        dependence += [PlacedDependence(one, document.place("dependence", number))
                       for number, one in enumerate(document.record.dependence)]  # fmt: skip
        provisions += document.record.provision
    head = schema.ScenarioHead.model_validate(fields)
    return Wanted(head, chosen, tuple(changes), tuple(dependence), tuple(provisions))


def read_library(folders: Iterable[Path], findings: list[Finding]) -> Library:
    """The shipped library, and the pages, `totals.toml` and `sources.toml` beside the user's scenario files.

    Adds to `findings` what later checks can live with; raises InputError with all of them for anything else.
    """
    root = library_root()
    own = [folder / "programmes" for folder in (root, *folders) if folder.resolve() != (root / "studies").resolve()]
    page_folders = {folder.resolve(): folder for folder in reversed(own)}
    paths = [path for folder in reversed(page_folders.values()) for path in sorted(folder.glob("*.toml"))]
    pages = [_collect(findings, path, schema.ProgrammePage) for path in paths]
    shared = _collect(findings, root / "shared.toml", schema.SharedFile)
    classes = _collect(findings, root / "spread_classes.toml", schema.SpreadClassesFile)
    totals = [_collect(findings, path, schema.TotalsFile) for path in _own_paths(root, page_folders.values(), "totals")]
    cited = _sources(page_folders.values(), findings)
    good = tuple(page for page in pages if page is not None)
    findings += (twice := _duplicate_ids(good))
    if twice or len(good) < len(pages) or cited is None or None in [*totals, shared, classes]:
        raise InputError(findings)
    number = {page.file: page.record.programme.number or 10**6 for page in good}
    ordered = tuple(sorted(good, key=lambda page: (number[page.file], page.file)))
    return Library(root, ordered, shared, classes, cited, tuple(totals))


def citable(file: Path) -> schema.SourcesFile:
    """What a file outside the chain of scenarios may cite: shipped sources and `sources.toml` beside it.

    Raises InputError with every finding of these.
    """
    findings: list[Finding] = []
    found = _sources([file.parent / "programmes"], findings)
    if found is None:
        raise InputError(findings)
    return found.record


def no_source(key: str, known: Collection[str]) -> str:
    """What is said of a citation whose document nobody has listed."""
    hint = did_you_mean(key, known) or f" Known: {', '.join(known)}."
    return f"no source '{key}' in sources.toml.{hint}"


def _sources(page_folders: Iterable[Path], findings: list[Finding]) -> Document[schema.SourcesFile] | None:
    """Shipped sources with those beside folders of pages; None, and findings, where a file is not whole."""
    paths = _own_paths(library_root(), page_folders, "sources")
    cited = [_collect(findings, path, schema.SourcesFile) for path in paths]
    findings += (again := _cited_twice([one for one in cited if one is not None]))
    return None if again or None in cited else _joined(cited)


def _own_paths(root: Path, page_folders: Iterable[Path], name: str) -> list[Path]:
    """`<name>.toml` of the library, and those that lie beside the user's scenario files."""
    own = [folder.parent / f"{name}.toml" for folder in page_folders if folder.parent.resolve() != root.resolve()]
    return [root / f"{name}.toml", *(path for path in own if holds(path.is_file))]


def _cited_twice(files: Iterable[Document[schema.SourcesFile]]) -> list[Finding]:
    seen: dict[str, str] = {}
    findings = []
    for document in files:
        for key in document.record.source:
            if key in seen:
                message = f"'{key}' is also a source of {seen[key]}; give one of them another key"
                findings.append(Finding(document.place("source", key), f"source.{key}", message))
            seen.setdefault(key, document.file)
    return findings


def _joined(files: Sequence[Document[schema.SourcesFile]]) -> Document[schema.SourcesFile]:
    """All sources that may be cited; the lines are those of the library's file."""
    every = {key: one for document in files for key, one in document.record.source.items()}
    return replace(files[0], record=schema.SourcesFile(format=1, source=every))


def _collect(findings: list[Finding], path: Path, model: type[Any]) -> Any:
    document, found = tomlfile.read_on(path, model, _shown(path))
    findings += found
    return document


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
