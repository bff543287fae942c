"""Reference pages of the site, from docstrings and records: the public Python names, and what files may say."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

import ctsim
from ctsim import schema
from tests.markdown import escaped, table

PYTHON = """# Python reference

From the docstrings of the public names, `from ctsim import …`. Nothing else is promised to stay. Options are those of
the [commands](../commands.md), in Python spelling; results are [xarray trees](../runs.md).
"""
FILES = """# Reference of the files

From the records that read them: unknown keys, wrong types, NaN and infinity are errors, with file and line. What each
key of a programme's page means, with examples: [how to read a page](../reading-a-page.md).
"""
LINE = 90
ROOTS = {
    schema.ProgrammePage: "programmes/<id>.toml",
    schema.ScenarioFile: "<scenario>.toml",
    schema.SharedFile: "shared.toml",
    schema.SpreadClassesFile: "spread_classes.toml",
    schema.SourcesFile: "sources.toml",
    schema.TotalsFile: "totals.toml",
    schema.LedgerFile: "ledger.toml",
}


def python_page() -> str:
    """Public names with signatures and docstrings, methods and properties too."""
    parts = [PYTHON]
    for name in sorted(ctsim.__all__, key=str.lower):
        thing = getattr(ctsim, name)
        parts += [f"## {name}", "", *_described(name, thing)]
        for part, inner in _public_parts(thing) if inspect.isclass(thing) else ():
            parts += [f"### {name}.{part}", "", *_described(part, inner)]
    return "\n".join(parts).rstrip() + "\n"


def _described(name: str, thing: Any) -> list[str]:
    function = thing.fget if isinstance(thing, property) else getattr(thing, "func", thing)
    written = _signature(function)
    attribute = isinstance(thing, property) or not callable(thing)
    code = f"{name}: {written.rpartition(' -> ')[2]}" if attribute else f"{name}{written}"
    return ["```python", code, "```", "", inspect.cleandoc(function.__doc__ or ""), ""]


class _Bare:
    """An annotation that is shown as it is written, without quotes."""

    def __init__(self, written: object) -> None:
        self.written = written if isinstance(written, str) else inspect.formatannotation(written)

    def __repr__(self) -> str:
        return self.written


def _signature(function: Any) -> str:
    """Arguments as they are written, each in a line of its own where they are long."""
    found = inspect.signature(function)
    given = [one.replace(annotation=_Bare(one.annotation)) if one.annotation is not one.empty else one
             for one in found.parameters.values() if one.name != "self"]  # fmt: skip
    back = "" if isinstance(found.return_annotation, type) else f" -> {found.return_annotation}"
    whole = f"{found.replace(parameters=given, return_annotation=found.empty)}"
    if len(whole) > LINE:
        starred = [f"    {one}," for one in re.split(r", (?=\w+: |\*|\w+=)", whole[1:-1])]
        whole = "\n".join(["(", *starred, ")"])
    return whole + back


def _public_parts(thing: type) -> Iterator[tuple[str, Any]]:
    """Methods and properties of a class that have a docstring."""
    for name, part in vars(thing).items():
        function = part.fget if isinstance(part, property) else getattr(part, "func", part)
        if not name.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield name, part


def files_page() -> str:
    """Every record that a file may hold, each once, with its keys."""
    parts = [FILES]
    for record, name in ROOTS.items():
        parts += [f"## `{name}`", "", *_keys(record)]
    parts += ["## Records", ""]
    for record in _records():
        parts += [f"### {record.__name__}", "", inspect.cleandoc(record.__doc__ or ""), "", *_keys(record)]
    return "\n".join(parts).rstrip() + "\n"


def _records() -> list[type[schema.Record]]:
    """All records of the schema but the files themselves, by name."""
    found = [one for one in vars(schema).values()
             if inspect.isclass(one) and issubclass(one, schema.Record) and one is not schema.Record]  # fmt: skip
    return sorted((one for one in found if one not in ROOTS), key=lambda one: one.__name__)


def _keys(record: type[schema.Record]) -> list[str]:
    rows = [[f"`{field.alias or name}`", _kind(record, name), "required" if field.is_required() else _default(field)]
            for name, field in record.model_fields.items()]  # fmt: skip
    return [table(["key", "what it may be", "if it is left out"], rows), ""]


def _kind(record: type[schema.Record], name: str) -> str:
    owner = next(one for one in record.__mro__ if name in vars(one).get("__annotations__", {}))
    return escaped(str(owner.__annotations__[name])).replace(" \\| None", "")


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    return "" if default in (None, (), {}, "") else f"`{default}`"
