"""Which Sobol' coordinate, (net, dimension), a stream has: the append-only registry `scenarios/coordinates.toml`.

Names are never hashed to dimensions, and a dimension is never given away again: so a new programme or parameter leaves
the draws of all others as they were. What the registry does not list:

- programmes outside the library have the coordinates of the `coordinates.toml` beside the scenario file, of the same
  form and only appended to as well (`append`);
- where that lists nothing of a programme, its parameters have the net of its name, dimensions in page order: a new
  parameter at the end of the page leaves the others as they were, one before others does not;
- years of such a parameter that are drawn apart have the net of its name, in the order of the page;
- figures that become reported outside the registry have the net `<programme>.figures`, by their place on the page;
- a parameter of the library without a coordinate is an error: it has to be appended first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal, Protocol

from ctsim import schema, tomlfile
from ctsim.durable import write_asked
from ctsim.errors import Finding, InputError, Place
from ctsim.library import Library, library_root
from ctsim.programme import Figure, Parameter, Programme
from ctsim.sobol import BASE_NET, DIMENSIONS
from ctsim.tomlfile import Document

Coordinate = tuple[str, int]
"""Net and dimension, from 0."""

_FILE: Final = "scenarios/coordinates.toml"
_MISSING: Final = f"has no coordinate in {_FILE}; append it: python -m tests.coordinates --append"
_MISSING_OUTSIDE: Final = (
    "has no coordinate, others of its programme have; append it: `ctsim check` with --write-coordinates"
)
_HEADER: Final = """# The Sobol' coordinate of every stream: its net and in it the dimension, its position from 0.
# Append only: a line that is moved, renamed or taken out changes the draws of others.
# `ctsim check SCENARIO --write-coordinates` appends what is not here yet.
format = 1

"""
_LIBRARY: Final = "scenarios/"  # how the files of shipped pages begin


class Net(schema.Record):
    """Stream names in order of their dimensions."""

    parameters: tuple[schema.Label, ...]


class CoordinatesFile(schema.Record):
    """`coordinates.toml`."""

    format: Literal[1]
    net: dict[schema.Label, Net]


class Drawn(Protocol):
    """What has a stream: rows of a binding."""

    @property
    def stream(self) -> str: ...


@dataclass(frozen=True)
class Registry:
    """The registry as read and found to be sound."""

    document: Document[CoordinatesFile]

    @cached_property
    def coordinates(self) -> dict[str, Coordinate]:
        """Every registered stream."""
        nets = self.document.record.net.items()
        return {name: (net, dimension) for net, one in nets for dimension, name in enumerate(one.parameters)}

    @property
    def nets(self) -> Mapping[str, tuple[str, ...]]:
        """Streams of every net in order of their dimensions."""
        return {net: one.parameters for net, one in self.document.record.net.items()}


def read_registry(path: Path | None = None) -> Registry:
    """The shipped registry, or that of `path`. Raises InputError with every finding."""
    document = tomlfile.read(path or library_root() / "coordinates.toml", CoordinatesFile, str(path or _FILE))
    if found := list(_faults(document)):
        raise InputError(found)
    return Registry(document)


@cache
def _shipped() -> Registry:
    """The shipped registry; it does not change while a process runs."""
    return read_registry()


def _faults(document: Document[CoordinatesFile]) -> Iterator[Finding]:
    """Names that are given twice, and dimensions without direction numbers."""
    seen: dict[str, Place] = {}
    for net, one in document.record.net.items():
        for dimension, name in enumerate(one.parameters):
            place, key = document.place("net", net, "parameters", dimension), f"net.{net}"
            if name in seen:
                yield Finding(place, key, f"'{name}' has a coordinate already, in line {seen[name].line}; keep one")
            if dimension >= DIMENSIONS:
                yield Finding(place, key, f"'{name}' would be dimension {dimension}; {_too_many(net)}")
            seen.setdefault(name, place)


def _too_many(net: str) -> str:
    return f"net '{net}' has {DIMENSIONS} dimensions; divide the programme"


# ---- coordinates of a scenario


def assign(
    rows: Iterable[Drawn],
    programmes: Iterable[Programme],
    registry: Registry | None = None,
    beside: Mapping[str, Coordinate] | None = None,
) -> dict[str, Coordinate]:
    """The coordinate of every stream of `rows`, which belong to `programmes`. Raises InputError with every finding.

    `beside` are those that the user's own files list (`read_beside`).
    """
    registry = registry or _shipped()
    listed = {**registry.coordinates, **(beside or {})}
    known: dict[str, Coordinate | None] = dict(listed)
    places: dict[str, Place] = {}
    findings: list[Finding] = []
    for programme in programmes:
        findings += _taken_net(programme, registry)
        for stream, coordinate, place in _unregistered(programme, listed):
            known[stream] = None if _is_listed(programme, beside or {}) else coordinate
            places[stream] = place
    owners: dict[Coordinate, str] = {}
    for stream in dict.fromkeys(row.stream for row in rows):
        coordinate = known.get(stream)
        if said := _fault(coordinate, owners, bool(beside)):
            findings.append(Finding(places.get(stream, Place(_FILE)), stream, said))
        elif coordinate is not None:
            owners[coordinate] = stream
    if findings:
        raise InputError(findings)
    return {stream: coordinate for coordinate, stream in owners.items()}


def _fault(coordinate: Coordinate | None, owners: Mapping[Coordinate, str], is_beside: bool) -> str:
    if coordinate is None:
        return _MISSING_OUTSIDE if is_beside else _MISSING
    net, dimension = coordinate
    if dimension >= DIMENSIONS:
        return f"would be dimension {dimension}; {_too_many(net)}"
    if coordinate in owners:  # they would be drawn together: two scramblings of one dimension correlate at 0.77
        return f"has the coordinate of '{owners[coordinate]}', dimension {dimension} of net '{net}'; give it its own"
    return ""


def by_net(coordinates: Mapping[str, Coordinate]) -> dict[str, dict[str, int]]:
    """Net -> stream -> dimension, as the run card keeps them: sorted by net and dimension."""
    nets: dict[str, dict[str, int]] = {}
    for stream, (net, dimension) in sorted(coordinates.items(), key=lambda one: one[1]):
        nets.setdefault(net, {})[stream] = dimension
    return nets


def from_nets(nets: Mapping[str, Mapping[str, int]]) -> dict[str, Coordinate]:
    """What `by_net` was made from: the coordinate of each stream, as a run card keeps them."""
    return {stream: (net, dimension) for net, one in nets.items() for stream, dimension in one.items()}


def _unregistered(
    programme: Programme, known: Mapping[str, Coordinate]
) -> Iterator[tuple[str, Coordinate | None, Place]]:
    """(stream, its coordinate by page order, place) of what the registry does not list; None where it should."""
    own = [one for name, one in programme.parameters.items() if programme.page.parameter[name].shared is None]
    positions = {one.stream: number for number, one in enumerate(own)}
    outside = not programme.file.startswith(_LIBRARY)
    for one in programme.parameters.values():
        by_page = outside and one.stream in positions
        for number, stream in enumerate(one.streams):
            if stream not in known:
                place = (programme.id, positions[one.stream]) if stream == one.stream else (one.stream, number)
                yield stream, place if by_page else None, one.place("")
    for number, figure in enumerate(programme.figures):
        stream = f"{programme.id}.{figure.name}"
        if stream not in known:
            yield stream, (f"{programme.id}.figures", number), figure.place


def _is_listed(programme: Programme, beside: Mapping[str, Coordinate]) -> bool:
    """Whether the user's own files list streams of a programme: then they have to list all that it draws."""
    return any(net == programme.id or net.startswith(f"{programme.id}.") for net, _ in beside.values())


def _taken_net(programme: Programme, registry: Registry) -> list[Finding]:
    """An outside programme whose net would be one of the registry: two names would be on one coordinate."""
    own = (one.stream for name, one in programme.parameters.items() if programme.page.parameter[name].shared is None)
    if programme.file.startswith(_LIBRARY) or programme.id not in (BASE_NET, *registry.nets):
        return []
    if all(stream in registry.coordinates for stream in own):
        return []  # a page of the library in a resolved scenario
    message = f"'{programme.id}' is a net of {registry.document.file}; give the programme another id"
    return [Finding(Place(programme.file), "programme.id", message)]


# ---- files beside a user's scenarios


def read_beside(folders: Iterable[Path]) -> dict[str, Coordinate]:
    """What the `coordinates.toml` of each folder lists, but the library's own. Raises InputError with every finding."""
    root, shipped = library_root().resolve(), _shipped()
    found: dict[str, Coordinate] = {}
    findings: list[Finding] = []
    for folder in dict.fromkeys(one.resolve() for one in folders):
        path = folder / "coordinates.toml"
        if folder in (root, root / "studies") or not path.is_file():
            continue
        there = read_registry(path)
        findings += _taken(there, {*shipped.nets, BASE_NET} | {net for net, _ in found.values()},
                           shipped.coordinates.keys() | found.keys())  # fmt: skip
        found |= there.coordinates
    if findings:
        raise InputError(findings)
    return found


def _taken(registry: Registry, nets: Iterable[str], streams: Iterable[str]) -> Iterator[Finding]:
    """Nets and streams of a registry that another one has, too."""
    other_nets, other_streams = set(nets), set(streams)
    for net, names in registry.nets.items():
        place = registry.document.place("net", net)
        if net in other_nets:
            yield Finding(place, f"net.{net}", "is a net of another coordinates.toml; give the programme another id")
        for name in (one for one in names if one in other_streams):
            yield Finding(place, f"net.{net}", f"'{name}' has a coordinate in another coordinates.toml; take it out")


def unlisted(programmes: Iterable[Programme], beside: Mapping[str, Coordinate]) -> list[Programme]:
    """The programmes of a user whose coordinates follow the order of their page, as no file lists any."""
    listed = {**_shipped().coordinates, **beside}
    return [one for one in programmes if not one.file.startswith(_LIBRARY) and not _is_listed(one, beside)
            and any(True for _ in _to_append(one, listed))]  # fmt: skip


def own(
    rows: Iterable[Drawn], programmes: Iterable[Programme], beside: Mapping[str, Coordinate]
) -> dict[str, Coordinate]:
    """The coordinates of streams of `rows` that the library does not list, from the user's files or by page order."""
    listed = {**_shipped().coordinates, **beside}
    by_page = {stream: at for one in programmes for stream, at, _ in _unregistered(one, listed) if at is not None}
    found = {**by_page, **beside}
    return {stream: found[stream] for stream in sorted({row.stream for row in rows}) if stream in found}


def append(programmes: Iterable[Programme]) -> dict[Path, int]:
    """Append what a user's programmes draw to the `coordinates.toml` beside their scenario: how many names to each.

    The first time every name gets the coordinate that it has by the order of the page. Raises InputError.
    """
    shipped, added = _shipped().coordinates, dict[Path, int]()
    for programme in (one for one in programmes if not one.file.startswith(_LIBRARY)):
        path = Path(programme.file).parent.parent / "coordinates.toml"
        there = read_registry(path).nets if path.is_file() else {}
        nets = {net: list(names) for net, names in there.items()}
        known = shipped | {name: (net, 0) for net, names in nets.items() for name in names}
        new = list(_to_append(programme, known))
        for net, stream in new:
            nets.setdefault(net, []).append(stream)
        header = path.read_text(encoding="utf-8").partition("[net.")[0] if path.is_file() else _HEADER
        if new:
            write_asked(path, to_toml(header, nets).encode())
        added[path] = added.get(path, 0) + len(new)
    return added


def _to_append(programme: Programme, known: Mapping[str, Coordinate]) -> Iterator[tuple[str, str]]:
    """(net, stream) of what a user's programme draws and `known` does not list; all figures where one is drawn."""
    figures = {f"{programme.id}.{figure.name}" for figure in programme.figures}
    drawn = any(figure.reported for figure in programme.figures)
    for stream, coordinate, _ in _unregistered(programme, known):
        if coordinate is not None and (drawn or stream not in figures):
            yield coordinate[0], stream


def to_toml(header: str, nets: Mapping[str, Iterable[str]]) -> str:
    """The content of a registry: one name a line."""
    tables = []
    for net, names in nets.items():
        lines = "".join(f"    {json.dumps(name, ensure_ascii=False)},\n" for name in names)
        key = json.dumps(net, ensure_ascii=False) if "." in net else net
        tables.append(f"[net.{key}]\nparameters = [\n{lines}]\n")
    return header + "\n".join(tables)


# ---- what the library needs: asked by its tests and by `python -m tests.coordinates`, by no command


def shipped_streams(library: Library) -> Iterator[tuple[str, str, Place]]:
    """(programme id, stream, place) of all that shipped pages draw, in the registry's order.

    Shared parameters first (programme ""); then by page its parameters and its reported figures.
    """
    for name, record in library.shared.record.parameter.items():
        one = Parameter(name, name, record, {})
        for stream in one.streams:
            yield "", stream, library.shared.place("parameter", name)
    for page in library.pages:
        if not page.file.startswith(_LIBRARY):
            continue
        programme = page.record.programme.id
        for name, record in page.record.parameter.items():
            if record.shared is None:
                one = Parameter(name, record.was or f"{programme}.{name}", record, {})
                for stream in one.streams:
                    yield programme, stream, page.place("parameter", name)
        for number, impact in enumerate(page.record.impact):
            figure = Figure(programme, impact, page.place("impact", number))
            if figure.reported:
                yield programme, f"{programme}.{figure.name}", figure.place


def unregistered(library: Library, registry: Registry | None = None) -> list[Finding]:
    """What shipped pages draw and the registry does not list: a fault of the library, which its tests look for."""
    known = (registry or read_registry()).coordinates
    return [Finding(place, stream, _MISSING) for _, stream, place in shipped_streams(library) if stream not in known]
