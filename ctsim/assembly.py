"""A library with changes applied: resolved programmes, and every check that one record alone cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from ctsim import constants, schema, units
from ctsim.errors import Finding, Place, did_you_mean
from ctsim.library import Library, PlacedChange, no_source
from ctsim.programme import Figure, Parameter, Programme, as_read, unprinted
from ctsim.spreads import composition_faults, spreads_of
from ctsim.tomlfile import Document


def assemble(
    head: schema.ScenarioHead, chosen: Place, library: Library, changes: tuple[PlacedChange, ...]
) -> tuple[tuple[Programme, ...], dict[str, Parameter], list[Finding]]:
    """The programmes of a scenario, the shared parameters by name, and every finding.

    `chosen` is where the scenario chooses its programmes.
    """
    assembly = _Assembly(head, chosen, library, changes)
    programmes = assembly.programmes()
    return programmes, assembly.shared, assembly.findings


class _Assembly:
    """Applies changes to the pages of a library, and checks what one record alone cannot show."""

    def __init__(
        self, head: schema.ScenarioHead, chosen: Place, library: Library, changes: tuple[PlacedChange, ...]
    ) -> None:
        self.library = library
        self.chosen = chosen
        self.fixed = head.uncertainty == "none"
        self.derives = head.cells != "published"
        self.findings: list[Finding] = []
        self._changed_by: dict[tuple[str, str | None], int] = {}
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
                self.findings.append(Finding(self.chosen, "scenario.programmes", f"no programme '{name}'.{hint}"))
        self.included = {name: name in programmes for name in self.included}

    def _sort_in(self, one: PlacedChange) -> None:
        change = one.change
        self._source(change.source, one.place, "change.source")
        target = (one.place.file, change.parameter or change.impact or change.programme)
        if target in self._changed_by:
            message = f"'{target[1]}' is changed twice, also in line {self._changed_by[target]}; keep one"
            self.findings.append(Finding(one.place, "change", message))
        self._changed_by[target] = one.place.line
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
        self._unknown_targets()
        self._shared_names(built)
        left = tuple(programme for programme in built if self.included[programme.id])
        if not left and not self.findings:
            self.findings.append(Finding(self.chosen, "scenario.programmes", "no programme is left; include one"))
        return left

    def _programme(self, document: Document[schema.ProgrammePage]) -> Programme:
        page = document.record
        parameters = {
            name: self._own_or_shared(document, page.programme.id, name, record)
            for name, record in page.parameter.items()
        }
        said = [(("impact", n), one) for n, one in enumerate(page.impact)]
        every = tuple(self._figure(document, path, one) for path, one in [*said, *self._read(page)])
        self._duplicate_figures(every)
        self.findings += composition_faults(page.programme.id, parameters)
        figures = tuple(figure for figure in every if self.derives or not figure.derived)
        left_out = tuple(figure for figure in every if figure not in figures)
        resolved = page.model_copy(update={
            "parameter": {name: page.parameter[name] if page.parameter[name].shared else p.record
                          for name, p in parameters.items()},
            "impact": tuple(figure.record for figure in every),
        })  # fmt: skip
        readings = tuple(document.place("reading", n) for n in range(len(page.reading)))
        return Programme(page.programme.id, resolved, parameters, figures, document.file, readings, left_out)

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
        self._not_there(record, places, key, programme is None)
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
            now = _number_words(change)
            message = f"value is now {now}, the spread is still {stale}; restate 'uncertainty'"
            self.findings.append(Finding(one.place, f"change.{full}.value", message))
            return record
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
        if record.uncertainty is None:
            return "" if record.low is None else f"uniform({record.low:g}, {record.high:g}), the printed range"
        spreads = record.uncertainty if isinstance(record.uncertainty, dict) else {"": record.uncertainty}
        for spread in spreads.values():
            if spread.spread_class is None and not spread.relative and spread.dist != "fixed":
                name = "PERT" if spread.dist == "pert" else spread.dist
                return f"{name}({', '.join(_argument_words(one) for one in spread.arguments().values())})"
        return ""

    def _not_there(self, record: schema.Parameter, places: dict[str, Place], key: str, shared: bool) -> None:
        """What a page may say but ctsim would pass over in silence."""
        if record.constant is not None and record.constant not in constants.UNITS:
            known = ", ".join(constants.UNITS)
            message = f"no constant '{record.constant}' in ctsim.constants; known: {known}"
            self.findings.append(Finding(places["constant"], f"{key}.constant", message))
        if record.years == "independent" and not isinstance(record.value, dict):
            message = "years can be independent only where 'value' is a table by year"
            self.findings.append(Finding(places["years"], f"{key}.years", message))
        if record.sum_to_one is not None and shared:
            message = "members of a composition stand on one page, not in shared.toml"
            self.findings.append(Finding(places["sum_to_one"], f"{key}.sum_to_one", message))

    def _read(self, page: schema.ProgrammePage) -> Iterator[tuple[tuple[str, int], schema.Impact]]:
        """Figures of cells that have no number but by a reading, where a change asks for it; with their paths."""
        there = {f"{one.metric}.{one.when}" for one in page.impact}
        for number, reading in enumerate(page.reading):
            for impact in (one for one in reading.impact if one not in there):
                change = self.formula_changes.get(f"{page.programme.id}.{impact}")
                record = unprinted(page, reading, impact)
                if change and record and change.change.formula == reading.formula:
                    yield ("reading", number), record

    def _figure(self, document: Document[schema.ProgrammePage], path: tuple[str, int], record: schema.Impact) -> Figure:
        bare = Figure(document.record.programme.id, record, document.place(*path))
        self._targets.add(bare.key)
        if one := self.formula_changes.get(bare.key):
            set_ = {name: getattr(one.change, name) for name in ("formula", "uncertainty")}
            set_ = {name: given for name, given in set_.items() if given is not None}
            if set_.get("formula", record.formula) != record.formula:
                set_["instead_of"] = record.instead_of or record.formula
            bare = replace(bare, record=record.model_copy(update=set_), place=one.place)
        for reading in self._in_place(document.record, bare):
            bare = replace(bare, record=as_read(bare.record, reading))
        try:
            units.check(record.unit)
        except units.UnitError as error:
            self.findings.append(Finding(document.place(*path, "unit"), f"impact.{bare.key}.unit", str(error)))
            return bare
        if not bare.literal.reported:
            return bare
        return replace(bare, spread=self._reported_spread(bare, document.place(*path, "uncertainty")))

    def _in_place(self, page: schema.ProgrammePage, figure: Figure) -> Iterator[schema.Reading]:
        """The readings of a figure, or of what it follows from, that changes have put in place."""
        impact = figure.key.removeprefix(f"{page.programme.id}.")
        for one in page.reading:
            read = one.impact if impact in one.follows else (impact,) if impact in one.impact else ()
            changes = [self.formula_changes.get(f"{page.programme.id}.{name}") for name in read]
            if changes and all(change and change.change.formula == one.formula for change in changes):
                yield one

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

    def _shared_names(self, programmes: tuple[Programme, ...]) -> None:
        """Draws belong to names: two quantities of one name would silently be one."""
        owners = {name: f"shared parameter '{name}'" for name in self.shared}
        for programme in programmes:
            for name, parameter in programme.parameters.items():
                if programme.page.parameter[name].shared is None:
                    self._own_name(owners, parameter.stream, f"parameter '{programme.id}.{name}'",
                                   Finding(parameter.place("was"), f"parameter.{name}", ""))  # fmt: skip
            for figure in (*programme.figures, *programme.left_out):
                self._own_name(owners, f"{programme.id}.{figure.name}", f"figure '{figure.key}'",
                               Finding(figure.place, f"impact.{figure.key}", ""))  # fmt: skip

    def _own_name(self, owners: dict[str, str], name: str, who: str, finding: Finding) -> None:
        other = owners.setdefault(name, who)
        if other != who:
            message = f"its draws would be those of {other}, both named '{name}'; rename one"
            self.findings.append(replace(finding, message=message))

    def _source(self, citation: schema.Citation, place: Place, key: str) -> None:
        known = self.library.sources.record.source
        if citation.key not in known:
            self.findings.append(Finding(place, key, no_source(citation.key, known)))

    def _unknown_targets(self) -> None:
        for full, placed in self.parameter_changes.items():
            if full not in self._targets:
                hint = did_you_mean(full, self._targets) or " `ctsim show` with the scenario lists them."
                message = f"no parameter '{full}'.{hint}"
                self.findings.append(Finding(placed[0].place, "change.parameter", message))
        for key, one in self.formula_changes.items():
            if key not in self._targets:
                message = f"no figure '{key}'.{did_you_mean(key, self._targets)}"
                self.findings.append(Finding(one.place, "change.impact", message))


def _number_words(change: schema.Change) -> str:
    """What a change sets, as messages show it."""
    if isinstance(change.value, float):
        return f"{change.value:g}"
    if change.value is None:
        return f"{change.low:g}–{change.high:g}" if change.low is not None and change.high is not None else "changed"
    return ", ".join(f"{year}: {_argument_words(value)}" for year, value in change.value.items())


def _argument_words(value: Any) -> str:
    if isinstance(value, schema.Range):
        return f"{value.low:g}–{value.high:g}"
    return f"{value:g}" if isinstance(value, float) else str(value)[:60]
