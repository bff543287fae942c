"""TOML files to frozen records, with the line of every key for messages.

`tomllib` gives the values (no coercion, duplicate keys are errors), tree-sitter the lines, pydantic the shape.
All findings of a file are raised at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import tree_sitter
import tree_sitter_toml
from pydantic import BaseModel, ValidationError

from ctsim.errors import Finding, InputError, Place, did_you_mean

MAX_BYTES: Final = 4_000_000
MAX_NESTING: Final = 64

Path_ = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Document(Generic[Model]):
    """A file's record and where each of its keys stands."""

    file: str
    record: Model
    lines: Mapping[Path_, int]

    def place(self, *path: str | int) -> Place:
        """The line of `path`, or of the nearest table above it."""
        return Place(self.file, nearest_line(self.lines, path))


def read(path: Path, model: type[Model], name: str | None = None) -> Document[Model]:
    """Read `path` as `model`. Raises InputError with every finding of the file."""
    file = name or str(path)
    text = _text(path, file)
    data = _values(text, file)
    lines = dict(_lines(text))
    try:
        record = model.model_validate(_frozen(data))
    except ValidationError as error:
        raise InputError(_findings(error, data, model, file, lines)) from None
    return Document(file, record, lines)


def _text(path: Path, file: str) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                Finding(Place(file), "", f"larger than {MAX_BYTES // 10**6} MB; a page or scenario is not")
            )
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start}); save the file as UTF-8"
        raise InputError(Finding(Place(file), "", message)) from None
    except OSError as error:
        raise InputError(Finding(Place(file), "", f"cannot be read: {error.strerror or error}")) from None


def _values(text: str, file: str) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, line = _syntax_error(str(error))
        raise InputError(Finding(Place(file, line or text.count("\n") + 1), "", f"not valid TOML: {message}")) from None
    except RecursionError:
        raise InputError(Finding(Place(file), "", "nested too deeply")) from None
    if _depth(data) > MAX_NESTING:
        raise InputError(Finding(Place(file), "", f"nested more than {MAX_NESTING} deep"))
    return data


def _syntax_error(message: str) -> tuple[str, int]:
    """tomllib says "... (at line 3, column 5)"; take the line out."""
    head, _, tail = message.rpartition(" (at line ")
    if not head:
        return message.removesuffix(" (at end of document)"), 0
    return head, int(tail.split(",")[0])


def _depth(data: Any, limit: int = MAX_NESTING + 1) -> int:
    if limit == 0 or not isinstance(data, dict | list):
        return 0
    inner = data.values() if isinstance(data, dict) else data
    return 1 + max((_depth(value, limit - 1) for value in inner), default=0)


def _frozen(data: Any) -> Any:
    """Arrays as tuples: records are frozen."""
    if isinstance(data, list):
        return tuple(_frozen(value) for value in data)
    if isinstance(data, dict):
        return {key: _frozen(value) for key, value in data.items()}
    return data


# ---- lines


def _lines(text: str) -> Iterator[tuple[Path_, int]]:
    """(path, line) of every key, table and array element."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    arrays: dict[Path_, int] = {}
    for node in parser.parse(text.encode()).root_node.named_children:
        if node.type == "pair":
            yield from _pair(node, ())
        elif node.type in ("table", "table_array_element"):
            yield from _table(node, arrays)


def _table(node: Any, arrays: dict[Path_, int]) -> Iterator[tuple[Path_, int]]:
    head, *rest = node.named_children
    path: Path_ = ()
    for part in _key(head):
        path = (*path, part)
        if path in arrays:
            path = (*path, arrays[path])
    if node.type == "table_array_element":
        if path and isinstance(path[-1], int):
            path = path[:-1]
        arrays[path] = arrays.get(path, -1) + 1
        path = (*path, arrays[path])
    yield path, _line(node)
    for child in rest:
        if child.type == "pair":
            yield from _pair(child, path)


def _pair(node: Any, above: Path_) -> Iterator[tuple[Path_, int]]:
    head, *rest = node.named_children
    path = above
    for part in _key(head):
        path = (*path, part)
        yield path, _line(node)
    if rest:
        yield from _value(rest[0], path)


def _value(node: Any, path: Path_) -> Iterator[tuple[Path_, int]]:
    if node.type == "inline_table":
        for child in node.named_children:
            if child.type == "pair":
                yield from _pair(child, path)
    elif node.type == "array":
        elements = [child for child in node.named_children if child.type != "comment"]
        for index, child in enumerate(elements):
            yield (*path, index), _line(child)
            yield from _value(child, (*path, index))


def _key(node: Any) -> list[str]:
    if node.type == "dotted_key":
        return [part for child in node.named_children for part in _key(child)]
    text = node.text.decode()
    return [text[1:-1] if text[:1] in "\"'" else text]


def _line(node: Any) -> int:
    return int(node.start_point[0]) + 1


def nearest_line(lines: Mapping[Path_, int], path: Sequence[str | int]) -> int:
    """The line of `path` or of the nearest thing above it that stands in the file; 0 if nothing does."""
    for end in range(len(path), 0, -1):
        if tuple(path[:end]) in lines:
            return lines[tuple(path[:end])]
    return 0


# ---- findings


def _findings(
    error: ValidationError, data: dict[str, Any], model: type[BaseModel], file: str, lines: Mapping[Path_, int]
) -> list[Finding]:
    found = []
    for one in error.errors(include_url=False):
        path = _path_in(data, one["loc"], missing=one["type"] == "missing")
        key = ".".join(str(part) for part in path)
        found.append(Finding(Place(file, nearest_line(lines, path)), key, _message(one, model)))
    return sorted(set(found), key=lambda finding: (finding.place, finding.key, finding.message))


def _path_in(data: Any, location: tuple[int | str, ...], missing: bool) -> list[str | int]:
    """pydantic's location without the names of union members, which are not in the file."""
    path: list[str | int] = []
    for position, part in enumerate(location):
        last = position == len(location) - 1
        listed = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if listed or (isinstance(data, dict) and part in data):
            data = data[part]
        elif not (last and missing):
            continue
        path.append(part)
    return path


def _message(one: Any, model: type[BaseModel]) -> str:
    kind, context, given = one["type"], one.get("ctx", {}), one.get("input")
    shown = f"'{given}'" if isinstance(given, str) else str(given)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if kind == "extra_forbidden":
        return f"unknown field.{did_you_mean(str(one['loc'][-1]), _field_names(model))}"
    if kind == "missing":
        return "missing; add it"
    if kind == "finite_number":
        return f"must be a finite number, not {shown}"
    if kind in ("float_type", "int_type"):
        return f"must be a number, not {_kind(given)} {shown}"
    if kind == "literal_error":
        expected = str(context.get("expected", "")).replace(" or ", ", ")
        choices = [choice.strip().strip("'") for choice in expected.split(",")]
        return f"{shown} is not one of {', '.join(choices)}.{did_you_mean(str(given), choices)}"
    if kind == "string_pattern_mismatch":
        return f"{shown} does not have the form {context.get('pattern')}"
    if kind == "value_error":
        return str(context.get("error", one["msg"])).strip()
    return f"{one['msg'].lower()} (given {shown})"


def _kind(given: Any) -> str:
    return {str: "text", bool: "the truth value", list: "a list", tuple: "a list", dict: "a table"}.get(type(given), "")


def _field_names(model: type[BaseModel]) -> set[str]:
    """Names of the fields of `model` and of every record inside it."""
    names: set[str] = set()
    waiting: list[Any] = [model]
    seen: set[Any] = set()
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            for name, field in kind.model_fields.items():
                names.add(field.alias or name)
                waiting.append(field.annotation)
        else:
            waiting.extend(argument for argument in getattr(kind, "__args__", ()) if argument is not None)
    return names
