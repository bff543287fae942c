"""The source of ctsim as tests see it: files, syntax trees, lines of code and imports, without importing anything.

Imports count wherever they stand: in functions, under TYPE_CHECKING, and as `import_module("ctsim...")`.
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "ctsim"

_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_IMPORTERS = {"import_module", "__import__"}


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name ("ctsim.formulas.gtex"; a package is named without `__init__`)."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method, nested ones too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def code_lines(self) -> set[int]:
        """Numbers of the lines that hold code: no blank lines, comments or docstrings."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        lines = {n for t in tokens if t.type not in _LAYOUT for n in range(t.start[0], t.end[0] + 1)}
        return lines - {n for node in ast.walk(self.tree) for n in _docstring_lines(node)}

    @cached_property
    def table_lines(self) -> set[int]:
        """Numbers of the lines inside literal tables and texts assigned at the top of the module."""
        tables = (node.value for node in self.tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value)
        return {n for table in tables if _is_literal(table) for n in range(table.lineno, _end(table) + 1)}

    def length(self, function: ast.AST) -> int:
        """Lines of a function from `def` to its end, without its docstring."""
        first, last = getattr(function, "lineno", 0), _end(function)
        return last - first + 1 - len(_docstring_lines(function))

    def imports(self) -> Iterator[tuple[int, str]]:
        """(line, dotted name) of everything of ctsim that is imported; `from ctsim import units` is ctsim.units."""
        for node in ast.walk(self.tree):
            for name in self._imported(node):
                if name == "ctsim" or name.startswith("ctsim."):
                    yield getattr(node, "lineno", 0), name

    def _imported(self, node: ast.AST) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            base = self._absolute(node)
            return [f"{base}.{alias.name}" for alias in node.names]
        if isinstance(node, ast.Call) and _called(node.func) in _IMPORTERS and node.args:
            return [name] if (name := _leading_text(node.args[0])) else []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ctsim":
            return [f"ctsim.{node.attr}"]
        return []

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        base = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*base, *([node.module] if node.module else [])])


def modules(folder: Path = PACKAGE) -> list[Module]:
    """Every module below a package folder, in order of their names."""
    return sorted((_module(path, folder.parent) for path in folder.rglob("*.py")), key=lambda module: module.name)


def _module(path: Path, parent: Path) -> Module:
    parts = path.relative_to(parent).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    return Module(name, path.read_text(encoding="utf-8"), is_package)


def _docstring_lines(node: ast.AST) -> set[int]:
    if not isinstance(node, _DOCUMENTED) or ast.get_docstring(node, clean=False) is None:
        return set()
    first = node.body[0]
    return set(range(first.lineno, _end(first) + 1))


def _is_literal(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text or isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set)


def _end(node: ast.AST) -> int:
    return getattr(node, "end_lineno", None) or getattr(node, "lineno", 0)


def _called(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _leading_text(node: ast.expr) -> str:
    """The constant a name begins with: "ctsim.formulas." of f"ctsim.formulas.{programme}"."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
