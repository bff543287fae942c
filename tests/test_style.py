"""The budgets that keep the code readable, and what must never get into the repository.

Budgets are those of the clearest codebases of the field: small files, short functions, no import cycles, public things
documented, tests at least as long as the source. A file that outgrows its budget is divided, not excused.
"""

import ast
import statistics
import subprocess
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.source import ROOT, Module, modules

MAX_FILE = 400  # lines of code; literal tables at the top of a module do not count
MAX_FUNCTION = 60  # lines without the docstring
MAX_MEDIAN, MAX_P90 = 10, 30  # lines of a function, over the package
MAX_BYTES = 1_000_000

NEVER = [
    "/wo" + "rk/",  # written in two parts, so that this file passes its own test
    "/ro" + "ot/",
    "pypi.org/" + "simple",
    "index" + "-url",
    "files." + "pythonhosted",
]
NOT_OURS = {".git", ".venv", "build", "dist", "results"}

SOURCE = modules()
TESTS = modules(ROOT / "tests")


@cache
def repository_files() -> list[Path]:
    """What git tracks or would track; without git everything but environments and build output."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [str(path.relative_to(ROOT)) for path in _walk(ROOT)]
    return [path for name in sorted(listed) if name and (path := ROOT / name).is_file()]


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        hidden = path.name.startswith(".") and path.name not in {".ci", ".gitignore"}
        if hidden or path.name in NOT_OURS or path.name == "__pycache__" or path.name.endswith(".egg-info"):
            continue
        yield from _walk(path) if path.is_dir() else [path]


def function_lengths(source: list[Module]) -> dict[str, int]:
    """Lines of every function, by "module:line name"."""
    return {f"{m.name}:{f.lineno} {f.name}": m.length(f) for m in source for f in m.functions}


def undocumented(module: Module) -> list[str]:
    """Public functions and classes without a docstring, and public methods of more than one statement."""
    if any(part.startswith("_") for part in module.name.split(".")):
        return []
    missing = [] if ast.get_docstring(module.tree) or not module.tree.body else [f"{module.name}: the module"]
    return missing + [f"{module.name}:{n.lineno} {n.name}" for n in _public(module.tree) if not ast.get_docstring(n)]


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in parent.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if any(getattr(decorator, "id", "") == "overload" for decorator in node.decorator_list):
            continue
        if isinstance(parent, ast.Module) or len(node.body) > 1:
            yield node
        if isinstance(node, ast.ClassDef):
            yield from _public(node)


def import_graph(source: list[Module]) -> dict[str, set[str]]:
    """Module -> modules of the package that it imports anywhere."""
    names = {module.name for module in source} - {"ctsim"}
    return {
        m.name: {_nearest(name, names) for _, name in m.imports()} - {"", m.name} for m in source if m.name in names
    }


def _nearest(name: str, names: set[str]) -> str:
    """The module that an imported name lives in: the longest known beginning of it, "" for the package itself."""
    parts = name.split(".")
    return next((start for n in range(len(parts), 0, -1) if (start := ".".join(parts[:n])) in names), "")


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """One import cycle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


# ---- budgets


@pytest.mark.parametrize("module", [*SOURCE, *TESTS], ids=lambda module: module.name)
def test_a_file_fits_a_sitting(module: Module) -> None:
    assert len(module.code_lines - module.table_lines) <= MAX_FILE


def test_no_function_is_long() -> None:
    long = {name: lines for name, lines in function_lengths([*SOURCE, *TESTS]).items() if lines > MAX_FUNCTION}
    assert long == {}


def test_functions_are_short() -> None:
    lengths = sorted(function_lengths(SOURCE).values())
    median, p90 = statistics.median(lengths), statistics.quantiles(lengths, n=10)[-1]
    print(f"{len(lengths)} functions: median {median:g} lines, 90 % up to {p90:g}, longest {lengths[-1]}")
    assert median <= MAX_MEDIAN and p90 <= MAX_P90


@pytest.mark.parametrize("module", SOURCE, ids=lambda module: module.name)
def test_public_things_are_documented(module: Module) -> None:
    assert undocumented(module) == []


def test_no_import_cycles() -> None:
    assert cycle(import_graph(SOURCE)) == []


def test_tests_are_as_long_as_the_source() -> None:
    source, tests = (sum(len(module.text.splitlines()) for module in group) for group in (SOURCE, TESTS))
    print(f"{source} lines of source, {tests} lines of tests: {tests / source:.2f}")
    assert tests >= source


# ---- the repository


@pytest.mark.parametrize("words", NEVER)
def test_no_machine_gets_into_the_repository(words: str) -> None:
    """No path of one machine, no address of a package registry: pip is told by the machine it runs on."""
    assert [str(path.relative_to(ROOT)) for path in repository_files() if words.encode() in path.read_bytes()] == []


def test_no_large_files() -> None:
    assert [path.name for path in repository_files() if path.stat().st_size > MAX_BYTES] == []


def test_the_licence_is_here_in_full() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "Version 2.0, January 2004" in text and "END OF TERMS AND CONDITIONS" in text
    assert "not part of what ctsim licenses" in (ROOT / "NOTICE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", ".ci/run"])
def test_a_visitor_finds_the_usual_files(name: str) -> None:
    assert (ROOT / name).stat().st_size > 0


# ---- the measures themselves


SAMPLE = Module(
    "ctsim.sample",
    '''"""About."""

# a comment
TABLE = {
    "a": 1,
    "b": 2,
}
NUMBER = len(
    TABLE
)


def outer(x):
    """Two lines
    of docstring."""

    def inner(y):
        return y

    return inner(x)  # said


class Thing:
    def method(self):
        self.x = 1
        return self.x

    def short(self):
        return 1

    def _private(self): ...
''',
)


def test_lines_of_code_leave_out_docstrings_comments_and_blanks() -> None:
    assert SAMPLE.code_lines == {4, 5, 6, 7, 8, 9, 10, 13, 17, 18, 20, 23, 24, 25, 26, 28, 29, 31}
    assert SAMPLE.table_lines == {4, 5, 6, 7}


def test_function_lengths_leave_out_the_docstring() -> None:
    lengths = function_lengths([SAMPLE])
    assert lengths["ctsim.sample:13 outer"] == 6
    assert lengths["ctsim.sample:17 inner"] == 2


def test_missing_docstrings_are_seen() -> None:
    assert undocumented(SAMPLE) == ["ctsim.sample:23 Thing", "ctsim.sample:24 method"]


def test_cycles_are_seen() -> None:
    a = Module("ctsim.a", "from ctsim.b import f")
    b = Module("ctsim.b", "def f():\n    from ctsim import c")
    c = Module("ctsim.c", "import ctsim.a")
    assert set(cycle(import_graph([a, b, c]))) == {"ctsim.a", "ctsim.b", "ctsim.c"}
    assert cycle(import_graph([a, b, Module("ctsim.c", "import ctsim")])) == []
