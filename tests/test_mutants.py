"""Formulas: units, syntax, independent values, and that no wrong formula passes all of them (tests/mutants.py)."""

import importlib
import inspect
import math
import pkgutil
from types import FunctionType

import pytest

import ctsim.formulas
from ctsim import units
from ctsim.equations import check_formula
from tests import mutants
from tests.formula_runs import ELSEWHERE, EXPECTED, TOLERANCE, Run, formulas, keys, programmes, runs
from tests.mutation import mutants_of

WRITE = "python -m tests.mutants --write docs/mutants.md"


def shipped_functions() -> dict[str, FunctionType]:
    """Every function defined in a formula module, by `programme.function`."""
    found = {}
    for module in pkgutil.iter_modules(ctsim.formulas.__path__):
        content = vars(importlib.import_module(f"ctsim.formulas.{module.name}"))
        here = (one for one in content.values() if inspect.isfunction(one) and one.__module__.endswith(module.name))
        found.update({f"{module.name}.{function.__name__}": function for function in here})
    return found


FUNCTIONS = shipped_functions()


def test_every_figure_with_a_formula_has_an_independent_value() -> None:
    assert set(keys()) == set(EXPECTED)
    assert set(ELSEWHERE) <= set(EXPECTED)


@pytest.mark.parametrize("run", runs(), ids=lambda run: f"{run.programme}-{run.binding.steps[-1].figure.name}")
def test_results_are_the_independent_values(run: Run) -> None:
    results = run.results()
    assert run.as_expected(results), {step: (given, run.checked[step]) for step, given in results.items()}


@pytest.mark.parametrize("name", formulas())
def test_units_balance_and_hide_no_factor(name: str) -> None:
    function, used = formulas()[name]
    for run in used:
        for given in run.arguments(function):
            assert math.isclose(units.on_quantities(function, given), function(**given), rel_tol=TOLERANCE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_formula_is_plain_arithmetic_with_a_docstring(name: str) -> None:
    assert check_formula(FUNCTIONS[name]) == []
    assert inspect.getdoc(FUNCTIONS[name]), "the docstring is the report's equation"


def test_every_shipped_function_is_used_by_a_page() -> None:
    assert set(FUNCTIONS) == set(formulas())


def test_every_programme_has_a_module() -> None:
    modules = {module.name for module in pkgutil.iter_modules(ctsim.formulas.__path__)}
    assert modules == {programme.id for programme in programmes()}


def test_every_mutant_is_killed_or_explained() -> None:
    unexplained = [f"{one.where}: {one.what}" for one in mutants.outcomes() if not one.killed and not one.reason]
    assert unexplained == []


def test_every_explanation_is_of_a_survivor() -> None:
    surviving = {(one.where, one.what) for one in mutants.outcomes() if not one.killed}
    assert set(mutants.SURVIVORS) <= surviving


def test_mutants_of_every_kind_are_made() -> None:
    kinds = {one.kind for one in mutants.outcomes()}
    assert {"operator", "constant", "swap", "left out", "unit scale"} <= kinds <= set(mutants.TITLES)
    assert set(formulas()) == {one.where for one in mutants.outcomes() if one.kind == "left out"}


def known(a: units.Years, b: units.Years) -> units.Years:
    """− a + b × 2"""
    return -a + b * 2


def test_mutants_of_a_known_formula() -> None:
    assert isinstance(known, FunctionType)
    made = {what: mutant(3.0, 5.0) for _, what, mutant in mutants_of(known)}
    assert made == {
        "+ → − before b * 2": -13, "+ → × before b * 2": -30, "+ → ÷ before b * 2": -0.3,
        "× → + before 2": 4, "× → − before 2": 0, "× → ÷ before 2": -0.5,
        "−a → a": 13, "2 → 3": 12, "2 → 1": 2, "2 → 20": 97,
        "a ↔ b": 1, "a → 1": 9, "b → 1": -1,
    }  # fmt: skip


def test_document_is_current() -> None:
    written = mutants.DOCUMENT.read_text(encoding="utf-8") if mutants.DOCUMENT.is_file() else ""
    assert written == mutants.document(), f"run: {WRITE}"
