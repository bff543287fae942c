"""The next edition of the report: a scenario that starts from the last one, and what in it is still of the old one.

A value of the new edition is a change in the new scenario that cites the new document. Until there is one, the value is
that of the page, from the document that the page cites.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any, Final

from ctsim import schema
from ctsim.catalog import Scenario, load
from ctsim.durable import reason_of, write_whole
from ctsim.errors import InputError
from ctsim.library import holds
from ctsim.programme import Figure, Parameter

SOURCES: Final = "sources.toml"
NOT_A_DOCUMENT: Final = "study"
"""The key under which a change cites nothing but its own reason."""


@dataclass(frozen=True)
class Printed:
    """A parameter that was read in a document, under the name by which a change speaks of it.

    `document` is the one it was last looked up in, `where` the place there; `looked_up` says that it is not the page's.
    """

    name: str
    parameter: Parameter
    document: str
    where: str
    looked_up: bool

    @property
    def words(self) -> str:
        """The words of the page."""
        said = self.parameter.record.as_printed or ""
        return said if isinstance(said, str) else " / ".join(said)


@dataclass(frozen=True)
class Edition:
    """What a scenario takes from which document: parameters by document, figures of pages, judgements without any."""

    scenario: Scenario
    values: tuple[Printed, ...]
    figures: tuple[Figure, ...]
    judgements: int

    @property
    def old(self) -> list[Printed]:
        """Values that no change has looked up again."""
        return [one for one in self.values if not one.looked_up]

    def documents(self) -> dict[str, tuple[schema.Source, int]]:
        """Every document that a value is from, with how many are."""
        known = self.scenario.library.sources.record.source
        keys = [one.document for one in self.values]
        return {key: (known[key], keys.count(key)) for key in dict.fromkeys(keys)}


def edition(scenario: Scenario) -> Edition:
    """What of a scenario was read where."""
    cited = {one.change.parameter: one.change.source for one in scenario.changes if one.change.parameter}
    values, judgements = [], 0
    for name, parameter in _parameters(scenario):
        page = parameter.record.source
        change = cited.get(name)
        found = change if change and change.key != NOT_A_DOCUMENT else page
        if found is None:
            judgements += 1
        else:
            looked_up = page is None or found.key != page.key
            values.append(Printed(name, parameter, found.key, found.where, looked_up))
    figures = tuple(one for one in scenario.figures() if one.record.printed)
    return Edition(scenario, tuple(values), figures, judgements)


def _parameters(scenario: Scenario) -> Iterator[tuple[str, Parameter]]:
    """Every parameter that a formula may use, by the name that changes give it; shared ones first."""
    own = [(programme, name) for programme in scenario.programmes for name in programme.parameters]
    shared = {one.shared for programme in scenario.programmes for one in programme.page.parameter.values()}
    yield from ((name, one) for name, one in scenario.shared.items() if name in shared)
    for programme, name in own:
        if programme.page.parameter[name].shared is None:
            yield f"{programme.id}.{name}", programme.parameters[name]


# ---- a new one


def begin(old: str, new: Path, formulas: str | None = None) -> Edition:
    """Write the scenario file `new` that starts from `old`, and an entry for its document in sources.toml beside it.

    Every value of `old` stands in it as a change that is commented out. Raises InputError, also where a file cannot be
    written.
    """
    name = new.stem
    if not re.fullmatch("[a-z_][a-z0-9_]*", name):
        raise InputError(
            f"{new}: '{name}' becomes the scenario's id: small letters, digits and _, as framework_2027_01"
        )
    base = edition(load(old, formulas))
    sources = new.parent / SOURCES
    texts = {new: _scenario_text(base, name, _extends(old, new.parent))}
    before = sources.read_text(encoding="utf-8") if holds(sources.is_file) else "format = 1\n"
    if f"[source.{name}_report]" not in before:
        texts[sources] = before + _SOURCE.format(name=name)
    try:
        new.parent.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            write_whole(path, text.encode())
    except OSError as error:
        raise InputError(f"{new}: cannot be written: {reason_of(error)}") from None
    return base


def _extends(old: str, folder: Path) -> str:
    """How a file in `folder` names the old scenario: as given, or its path from there if it is a file."""
    if not old.endswith(".toml"):
        return old
    if not Path(old).resolve().is_relative_to(folder.resolve()):
        message = f"put the new scenario beside it: a file may extend only what is in its own folder, not {old}"
        raise InputError(f"{folder}: {message}")
    return Path(relpath(Path(old).resolve(), folder.resolve())).as_posix()


_SOURCE: Final = """
[source.{name}_report]
title     = "write the title of the new report here"
publisher = "who publishes it"
date      = "when"
# reviewed = "the day when somebody last compared the values with it, as 2027-01-31"
"""
_HEAD: Final = """# A new edition, begun from {old}. Below stands every value that was read in a document, as it was.
# For each: look it up in the new report, take away the '# ' before its lines, write the new value and place. Keep the
# change also where the value is the same: it says that somebody looked.
[scenario]
id       = {name}
extends  = {old}
title_ja = {name}
title_en = {name}
"""


def _scenario_text(base: Edition, name: str, old: str) -> str:
    parts = [_HEAD.format(old=_inline(old), name=_inline(name))]
    titles = {one.id: f"{one.number} {one.name_ja} {one.name_en}" for one in base.scenario.programmes}
    group = ""
    for one in base.values:
        owner = one.name.partition(".")[0] if "." in one.name else ""
        if owner != group or len(parts) == 1:
            parts.append(f"\n# ---- {titles.get(owner, 'several programmes')}\n")
        group = owner
        said = f"## {one.where}: {' '.join(one.words.split())}\n" if one.words else ""
        parts.append("\n" + said + "".join(f"# {line}\n" for line in _change_lines(one, f"{name}_report")))
    return "".join(parts)


def _change_lines(one: Printed, document: str) -> Iterator[str]:
    """The change that looks a value up again, with the numbers that it has now."""
    record = one.parameter.record
    yield "[[change]]"
    yield f"parameter   = {_inline(one.name)}"
    for key in ("value", "low", "high"):
        if (given := getattr(record, key)) is not None:
            yield f"{key:<11} = {_inline(_plain(given))}  # {record.unit}"
    if record.uncertainty is not None:
        yield f"uncertainty = {_inline(_plain(record.uncertainty))}"
    elif record.low is not None:
        spread = {"dist": "uniform", "low": record.low, "high": record.high, "basis": "published"}
        yield f"uncertainty = {_inline({**spread, 'reason': 'the printed range'})}"
    yield 'reason      = "as the new report prints it"'
    yield f"source      = {_inline({'key': document, 'where': one.where})}"


def _plain(given: Any) -> Any:
    """A record, or records by year, as tables."""
    if isinstance(given, Mapping):
        return {key: _plain(value) for key, value in given.items()}
    if isinstance(given, schema.Record):
        return given.model_dump(exclude_none=True, exclude_defaults=True, by_alias=True)
    return given


def _inline(given: Any) -> str:
    """A value as TOML in one line."""
    if isinstance(given, Mapping):
        return "{ " + ", ".join(f"{key} = {_inline(value)}" for key, value in given.items()) + " }"
    if isinstance(given, list | tuple):
        return "[" + ", ".join(map(_inline, given)) + "]"
    if isinstance(given, float) and given == int(given) and abs(given) < 1e15:
        return str(int(given))
    return json.dumps(given, ensure_ascii=False)
