"""What `import ctsim` offers, and what it leaves on disk until it is needed."""

import subprocess
import sys

import pytest

import ctsim

NAMES = [
    "Audit", "Comparison", "CtsimError", "Parameter", "Programme", "Run", "Scenario", "Sensitivity", "audit", "compare",
    "load", "open_run", "sensitivity", "simulate",
]  # fmt: skip
HEAVY = ["numpy", "numba", "xarray", "scipy", "dask", "matplotlib", "pint", "pydantic"]


def loaded(code: str) -> set[str]:
    """Top-level modules in memory after some code, in a fresh process."""
    report = "; import sys; print('modules:', *{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.rpartition("modules:")[2].split())  # the help of a command may name dask, too


def test_the_public_names() -> None:
    assert sorted(ctsim.__all__) == NAMES
    assert set(dir(ctsim)) >= {*NAMES, "__version__"}


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_documented_and_knows_where_it_lives(name: str) -> None:
    found = getattr(ctsim, name)
    assert found.__doc__ and found.__module__.startswith("ctsim.")
    assert found.__name__ == name


def test_modules_and_names_of_one_word_do_not_hide_each_other() -> None:
    """`ctsim.audit` is the function, also after the module of that name was imported."""
    code = "import ctsim.audit; import ctsim; assert callable(ctsim.audit), ctsim.audit"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'forecast'"):
        _ = ctsim.forecast  # type: ignore[attr-defined]


def test_import_is_light() -> None:
    assert loaded("import ctsim") & {*HEAVY, "click"} == set()


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]], ids=" ".join)
def test_help_is_light(arguments: list[str]) -> None:
    code = (
        f"import ctsim.cli\ntry:\n    ctsim.cli.main({arguments})\nexcept SystemExit as end:\n    assert not end.code\n"
    )
    found = loaded(code + "import os, sys; sys.stdout.flush()")
    assert "click" in found
    assert found & set(HEAVY) == set()
