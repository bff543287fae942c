"""Which Sobol' coordinate, (net, dimension), a stream has: the append-only registry `scenarios/coordinates.toml`.

Names are never hashed to dimensions, and a dimension is never given away again: so a new programme or parameter leaves
the draws of all others as they were. What the registry does not list:

- parameters of programmes outside the library have the net of that name, dimensions in page order: a new parameter at
  the end of the page leaves the others as they were;
- years of such a parameter that are drawn apart have the net of its name, in the order of the page;
- figures that become reported outside the registry have the net `<programme>.figures`, by their place on the page;
- a parameter of the library without a coordinate is an error: it has to be appended first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, Protocol

from ctsim import schema, tomlfile
from ctsim.errors import Finding, InputError, Place
from ctsim.library import Library, library_root
from ctsim.programme import Figure, Parameter, Programme
from ctsim.sobol import BASE_NET, DIMENSIONS
from ctsim.tomlfile import Document

Coordinate = tuple[str, int]
"""Net and dimension, from 0."""

_FILE: Final = "scenarios/coordinates.toml"
_MISSING: Final = f"has no coordinate in {_FILE}; append it: python -m tests.coordinates --append"
_LIBRARY: Final = "scenarios/"  # how the files of shipped pages begin


class Net(schema.Record):
    """Stream names in order of their dimensions."""

    parameters: tuple[schema.Label, ...]


class CoordinatesFile(schema.Record):
    """`coordinates.toml`."""

    format: Literal[1]
    net: dict[schema.Identifier, Net]


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
    rows: Iterable[Drawn], programmes: Iterable[Programme], registry: Registry | None = None
) -> dict[str, Coordinate]:
    """The coordinate of every stream of `rows`, which belong to `programmes`. Raises InputError with every finding."""
    registry = registry or read_registry()
    known: dict[str, Coordinate | None] = dict(registry.coordinates)
    places: dict[str, Place] = {}
    findings: list[Finding] = []
    for programme in programmes:
        findings += _taken_net(programme, registry)
        for stream, coordinate, place in _unregistered(programme, registry.coordinates):
            known[stream], places[stream] = coordinate, place
    owners: dict[Coordinate, str] = {}
    for stream in dict.fromkeys(row.stream for row in rows):
        coordinate = known.get(stream)
        if said := _fault(stream, coordinate, owners):
            findings.append(Finding(places.get(stream, Place(_FILE)), stream, said))
        elif coordinate is not None:
            owners[coordinate] = stream
    if findings:
        raise InputError(findings)
    return {stream: coordinate for coordinate, stream in owners.items()}


def _fault(stream: str, coordinate: Coordinate | None, owners: Mapping[Coordinate, str]) -> str:
    if coordinate is None:
        return _MISSING
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


def _taken_net(programme: Programme, registry: Registry) -> list[Finding]:
    """An outside programme whose net would be one of the registry: two names would be on one coordinate."""
    if programme.file.startswith(_LIBRARY) or programme.id not in (BASE_NET, *registry.nets):
        return []
    message = f"'{programme.id}' is a net of {registry.document.file}; give the programme another id"
    return [Finding(Place(programme.file), "programme.id", message)]


# ---- what the library needs


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
    """Findings for `ctsim check`: what shipped pages draw and the registry does not list."""
    known = (registry or read_registry()).coordinates
    return [Finding(place, stream, _MISSING) for _, stream, place in shipped_streams(library) if stream not in known]
