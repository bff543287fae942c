"""TOML files to frozen records, with the line of every key for messages.

`tomllib` gives the values (no coercion, duplicate keys are errors), tree-sitter the lines, pydantic the shape.
All findings of a file are raised at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import tree_sitter
import tree_sitter_toml
from pydantic import BaseModel, ValidationError

from ctsim.errors import Finding, InputError, Place, did_you_mean

MAX_BYTES: Final = 4_000_000
MAX_NESTING: Final = 64
MAX_FINDINGS: Final = 100
"""Most findings of one file that are told one by one."""

# What a terminal or a viewer would act on instead of showing: control characters and changes of writing direction.
_HIDDEN: Final = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")
_TOO_LONG_INTEGER: Final = re.compile("[0-9_]{4300,}")

Path_ = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
Part = TypeVar("Part", bound=BaseModel)


@dataclass(frozen=True)
class Document(Generic[Model]):
    """A file's record and where each of its keys stands."""

    file: str
    record: Model
    lines: Mapping[Path_, int]

    def place(self, *path: str | int) -> Place:
        """The line of `path`, or of the nearest table above it."""
        return Place(self.file, nearest_line(self.lines, path))

    def part(self, record: Part, *path: str | int, under: tuple[str, ...] = ()) -> Document[Part]:
        """A record made from what stands at `path` of this file, with the lines it has; `under` keys of its own."""
        lines = {(*under, *at[len(path) :]): line for at, line in self._below.get(path, ())}
        return Document(self.file, record, lines)

    @cached_property
    def _below(self) -> Mapping[Path_, Sequence[tuple[Path_, int]]]:
        """Lines by the table that they are in, for all tables: so that many parts are taken from a file in one pass."""
        found: dict[Path_, list[tuple[Path_, int]]] = {}
        for at, line in self.lines.items():
            for depth in range(len(at) + 1):
                found.setdefault(at[:depth], []).append((at, line))
        return found


def read(path: Path, model: type[Model], name: str | None = None, most: int = MAX_BYTES) -> Document[Model]:
    """Read `path`, of at most `most` bytes, as `model`. Raises InputError with every finding of the file."""
    document, findings = read_on(path, model, name, most)
    if document is None or findings:
        raise InputError(findings)
    return document


def read_on(
    path: Path, model: type[Model], name: str | None = None, most: int = MAX_BYTES
) -> tuple[Document[Model] | None, list[Finding]]:
    """Findings of `path`, and its record where only unknown fields are wrong, so that later checks can go on."""
    file = name or str(path)
    try:
        text = _text(path, file, most)
        data = _values(text, file)
    except InputError as error:
        return None, list(error.findings)
    lines = dict(_lines(text))
    findings = [
        Finding(Place(file, nearest_line(lines, at)), dotted(at), said) for at, said in _hidden_characters(data)
    ]
    record, found = _validated(data, model, file, lines)
    findings = sorted({*findings, *found}, key=lambda finding: (finding.place, finding.key, finding.message))
    if len(findings) > MAX_FINDINGS:
        more = Finding(findings[MAX_FINDINGS].place, "", "and more findings from here on; mend the first ones")
        findings = [*findings[:MAX_FINDINGS], more]
    return None if record is None else Document(file, record, lines), findings


def _validated(
    data: dict[str, Any], model: type[Model], file: str, lines: Mapping[Path_, int]
) -> tuple[Model | None, list[Finding]]:
    try:
        return model.model_validate(_frozen(data)), []
    except ValidationError as error:
        findings = findings_of(error, data, model, lambda path: Place(file, nearest_line(lines, path)))
        wrong = [tuple(_path_in(data, one["loc"], missing=False)) for one in error.errors(include_url=False)
                 if one["type"] == "extra_forbidden"]  # fmt: skip
        if len(wrong) < error.error_count():
            return None, findings
    try:
        return model.model_validate(_frozen(_without(data, wrong))), findings
    except ValidationError:
        return None, findings


def _without(data: dict[str, Any], paths: Iterable[tuple[str | int, ...]]) -> dict[str, Any]:
    """A copy of `data` without the keys at `paths`."""
    copy = deepcopy(data)
    for *above, key in paths:
        table: Any = copy
        for part in above:
            table = table[part]
        del table[key]
    return copy


def _text(path: Path, file: str, most: int) -> str:
    try:
        if path.exists() and not path.is_file():
            kind = "a directory" if path.is_dir() else "a device or pipe"
            raise InputError(Finding(Place(file), "", f"is {kind}, not a file; give the path of a .toml file"))
        if path.stat().st_size > most:
            message = f"larger than {most // 10**6} MB, which no page or scenario is; divide it or give another"
            raise InputError(Finding(Place(file), "", message))
        return _decoded(path.read_bytes(), file)
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}; check the path and its permissions"
        raise InputError(Finding(Place(file), "", message)) from None


def _decoded(content: bytes, file: str) -> str:
    """UTF-8, with or without the mark that some editors put first."""
    line = 1 + content[: content.find(b"\0")].count(b"\n")
    if b"\0" in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(Finding(Place(file, line), "", "is binary, not text; give a TOML file"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start}); save the file as UTF-8"
        line = 1 + content[: error.start].count(b"\n")
        raise InputError(Finding(Place(file, line), "", message)) from None


def _values(text: str, file: str) -> dict[str, Any]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(_syntax_error(str(error), text, file)) from None
    except RecursionError:
        raise InputError(_too_deep(text, file)) from None
    except ValueError:  # Python's own limit on the digits of a whole number
        long = _TOO_LONG_INTEGER.search(text)
        line = 1 + text.count("\n", 0, long.start()) if long else 0
        raise InputError(Finding(Place(file, line), "", "a number with thousands of digits; write it as 1e6")) from None
    if _depth(data) > MAX_NESTING:
        raise InputError(_too_deep(text, file))
    return data


def _too_deep(text: str, file: str) -> Finding:
    """Placed at the line with the most brackets and dots: where the nesting is, or near it."""
    lines = text.splitlines()
    line = max(range(len(lines)), key=lambda n: sum(lines[n].count(c) for c in "[{."))
    return Finding(Place(file, line + 1), "", f"nested more than {MAX_NESTING} deep; no page or scenario is")


def _syntax_error(message: str, text: str, file: str) -> Finding:
    """tomllib says "... (at line 3, column 5)"; take the line out, and say in words what to do."""
    head, _, tail = message.rpartition(" (at line ")
    line = int(tail.split(",")[0]) if head else text.count("\n") + 1
    head = head or message.removesuffix(" (at end of document)")
    if head in ("Cannot overwrite a value", "Cannot mutate immutable namespace") or "twice" in head:
        return Finding(Place(file, line), _key_in(text, line), "is given twice; keep one")
    if head == "Invalid statement":
        head = "neither key = value, nor [table], nor a # comment"
    return Finding(Place(file, line), "", f"not valid TOML: {head}")


def _key_in(text: str, line: int) -> str:
    """The key or table of a line of a file that tomllib refuses."""
    try:
        return dotted(next((path for path, at in reversed(list(_lines(text))) if at == line), ()))
    except RecursionError:
        return ""


def _hidden_characters(data: Any, path: Path_ = ()) -> Iterator[tuple[Path_, str]]:
    """Texts and keys with characters that cannot be seen."""
    if isinstance(data, dict):
        for key, value in data.items():
            if hidden := _HIDDEN.search(key.replace("\n", "\0").replace("\t", "\0")):
                yield (*path, key), f"a key with the hidden character U+{ord(hidden[0]):04X}; take it out"
            yield from _hidden_characters(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _hidden_characters(value, (*path, index))
    elif isinstance(data, str) and (hidden := _HIDDEN.search(data)):
        yield path, f"holds the hidden character U+{ord(hidden[0]):04X}; take it out"


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
        if arrays[path] == 0:
            yield path, _line(node)  # the array as a whole
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
    return [next(iter(tomllib.loads(f"{text} = 0"))) if text[:1] in "\"'" else text]


def _line(node: Any) -> int:
    return int(node.start_point[0]) + 1


def nearest_line(lines: Mapping[Path_, int], path: Sequence[str | int]) -> int:
    """The line of `path` or of the nearest thing above it that stands in the file; the first if nothing does."""
    for end in range(len(path), 0, -1):
        if tuple(path[:end]) in lines:
            return lines[tuple(path[:end])]
    return 1


def dotted(path: Iterable[str | int]) -> str:
    """A path in a file as messages name it."""
    return ".".join(str(part) for part in path)


# ---- findings


def findings_of(
    error: ValidationError,
    data: Mapping[str, Any],
    model: type[BaseModel],
    place: Callable[[Sequence[str | int]], Place],
) -> list[Finding]:
    """What pydantic found in `data`, in words; `place` says where a path stands. No more than will be told."""
    found = []
    for one in error.errors(include_url=False)[: MAX_FINDINGS + 1]:
        path = _path_in(data, one["loc"], missing=one["type"] == "missing")
        found.append(Finding(place(path), dotted(path), _message(one, model)))
    return found


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
    shown = _shown(given)
    if kind == "extra_forbidden":
        word = str(one["loc"][-1])
        return f"unknown field.{did_you_mean(word, _field_names(model) - {word}) or ' Take it out.'}"
    if kind == "missing":
        return "missing; add it"
    if kind == "finite_number":
        return f"must be a finite number, not {shown}"
    if kind in ("float_type", "int_type"):
        return f"must be a number, not {_KINDS.get(type(given), '')} {shown}"
    if kind == "literal_error":
        expected = str(context.get("expected", "")).replace(" or ", ", ")
        choices = [choice.strip().strip("'") for choice in expected.split(",")]
        return f"{shown} is not one of {', '.join(choices)}.{did_you_mean(str(given), choices)}"
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern"))
        return f"{shown} is not {next((words for start, words in _FORMS if pattern.startswith(start)), pattern)}"
    if kind == "value_error":
        return str(context.get("error", one["msg"])).strip()
    return f"{one['msg'].lower()} (given {shown})"


_FORMS: Final = (
    ("^[a-z", "a name of lower-case letters, digits and '_'"),
    ("^[12][0-9]{3}", "a year of four digits"),
    ("^[^", "one line of text"),
)
_KINDS: Final = {str: "text", bool: "the truth value", list: "a list", tuple: "a list", dict: "a table"}


def _shown(given: Any) -> str:
    """A value from a file as messages show it: short."""
    if isinstance(given, int) and given.bit_length() > 1024:
        return "a whole number beyond the largest numbers"
    said = f"'{given}'" if isinstance(given, str) else str(given)
    return said if len(said) <= 60 else said[:57] + "..."


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
