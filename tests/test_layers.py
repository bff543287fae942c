"""The layers of ctsim: a module imports only modules of lower layers, never one of its own.

Imports inside functions and under TYPE_CHECKING count. `ctsim/__init__` is outside: it exports lazily for users, and a
module of the package may take nothing from it but its version and its place.
"""

import ast
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest

from tests.source import Module, modules

LAYERS: list[set[str]] = [
    {"constants", "errors", "locale", "caches", "elementary", "vectors", "unit_words"},
    {"kept", "netcdf", "stocks"},
    {"compiled"},
    {"units", "distributions", "streams", "sobol", "summaries", "quotes", "tomlfile", "durable", "console", "screen"}
    | {"progress"},
    {"schema", "formulas", "npz", "dependence", "composition"},
    {"programme", "library", "checkpoint", "draws", "equations", "resolved", "cluster_file", "run_card"},
    {"binding", "spreads", "coordinates", "totals", "notes"},
    {"assembly", "balance", "generated", "accounts"},
    {"catalog", "steps", "divided"},
    {"audit", "kernel", "differences", "attribution"},
    {"rundir", "dataset", "figures", "choices", "memory", "switches", "judgement", "independent", "edition"}
    | {"exchange", "variants", "approach1", "information"},
    {"cluster", "keeping", "precision", "thresholds", "hybrids", "results", "summed", "yearly", "indices"} | {"trail"},
    {"job", "drivers", "walked", "bought", "policy", "naming"},
    {"dask_worker", "valued"},
    {"dask_cluster"},
    {"clusters"},
    {"request"},
    {"engine"},
    {
        "shards",
        "explain",
        "reproduce",
        "contrast",
        "kept_ranks",
        "sensitivity",
        "printing_totals",
        "printing_bought",
        "printing_policy",
    },
    {"compare"},
    {"stress"},
    {"printing", "printing_run", "compare_tables", "ranking", "options"},
    {"report"},
    {"export"},
    {"compare_command", "export_command", "money_command", "report_command", "scenario_command", "sensitivity_command"},
    {"cli"},
    {"__main__"},
]
INDEPENDENT = {"formulas"}
"""Folders whose modules stand alone; the modules of any other folder may use each other (cycles: test_style)."""

LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}
FROM_THE_PACKAGE = {"ctsim", "ctsim.__version__", "ctsim.__file__"}


def top(name: str) -> str:
    """The module or folder that the table names: "formulas" of "ctsim.formulas.gtex"."""
    return name.split(".")[1]


def may_import(importer: str, imported: str) -> bool:
    """Whether the table lets one dotted name import another."""
    mine, theirs = top(importer), top(imported)
    if mine == theirs:
        return mine not in INDEPENDENT
    return LAYER[mine] > LAYER[theirs]


def faults(source: Iterable[Module]) -> list[str]:
    """One line for each module without a layer and each import that the table does not allow."""
    found = []
    for module in source:
        if module.name == "ctsim":
            continue
        if top(module.name) not in LAYER:
            found.append(f"{module.name}: not in the table of layers")
            continue
        found += [f"{module.name}:{line}: {why}" for line, why in _import_faults(module)]
    return found


def _import_faults(module: Module) -> Iterable[tuple[int, str]]:
    for line, name in module.imports():
        if name in FROM_THE_PACKAGE:
            continue
        if top(name) not in LAYER:
            yield line, f"imports {name}, which is no module of the table"
        elif not may_import(module.name, name):
            yield line, f"layer {LAYER[top(module.name)]} imports {name} of layer {LAYER[top(name)]}"


def test_every_import_goes_down() -> None:
    assert faults(modules()) == []


def test_every_layered_module_is_named_once() -> None:
    assert len(LAYER) == len(list(chain.from_iterable(LAYERS)))
    assert set(LAYER) == {top(module.name) for module in modules() if module.name != "ctsim"}


def test_init_imports_nothing_while_it_is_imported() -> None:
    """`import ctsim` stays light: its exports are loaded on first use, inside `__getattr__`."""
    [package] = [module for module in modules() if module.name == "ctsim"]
    imported = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in package.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {"__future__", "importlib", "sys", "types", "typing"}


def write_tree(folder: Path, files: dict[str, str]) -> list[Module]:
    """A package of that name made of the files (path inside it -> text)."""
    for name, text in files.items():
        path = folder / "ctsim" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return modules(folder / "ctsim")


def wrong(importer: str, imported: str) -> str:
    """What is said of an import that the table does not allow."""
    return f"layer {LAYER[importer]} imports {imported} of layer {LAYER[top(imported)]}"


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("units.py", "from ctsim.catalog import load", wrong("units", "ctsim.catalog.load")),
        ("units.py", "def f():\n    from ctsim import engine", wrong("units", "ctsim.engine")),
        ("units.py", "import ctsim.engine as e", wrong("units", "ctsim.engine")),
        ("units.py", "from .engine import simulate", wrong("units", "ctsim.engine.simulate")),
        ("units.py", "from . import streams", wrong("units", "ctsim.streams")),
        ("kernel.py", "from ctsim import audit", wrong("kernel", "ctsim.audit")),
        ("formulas/a.py", "from ctsim.formulas import b", wrong("formulas", "ctsim.formulas.b")),
        ("formulas/a.py", "from .b import f", wrong("formulas", "ctsim.formulas.b.f")),
        ("units.py", "if TYPE_CHECKING:\n    from ctsim.cli import main", wrong("units", "ctsim.cli.main")),
        ("units.py", "import_module('ctsim.cli')", wrong("units", "ctsim.cli")),
        ("units.py", "importlib.import_module(f'ctsim.formulas.{x}')", wrong("units", "ctsim.formulas.")),
        ("cli.py", "from ctsim import simulate", "imports ctsim.simulate, which is no module of the table"),
        ("cli.py", "import ctsim\nctsim.simulate()", "imports ctsim.simulate, which is no module of the table"),
        ("helpers.py", "", "not in the table of layers"),
    ],
)
def test_a_wrong_tree_is_refused(tmp_path: Path, path: str, text: str, why: str) -> None:
    found = faults(write_tree(tmp_path, {"__init__.py": "", path: text}))
    assert len(found) == 1 and found[0].endswith(why), found


def test_a_right_tree_is_accepted(tmp_path: Path) -> None:
    files = {
        "__init__.py": "def __getattr__(name):\n    from ctsim.engine import simulate",
        "catalog.py": "import ctsim\nfrom ctsim import units\nVERSION = ctsim.__version__",
        "figures/__init__.py": "from ctsim.figures.axes import style",
        "figures/axes.py": "from ctsim.locale import text\nimport matplotlib",
        "formulas/gtex.py": "from ctsim.units import GW",
        "cli.py": "def run():\n    from ctsim.engine import simulate",
    }
    assert faults(write_tree(tmp_path, files)) == []
