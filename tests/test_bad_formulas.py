"""Faults of formula files: what is not arithmetic on parameters, cells and constants is refused with file and line."""

import json

import pytest

from ctsim.catalog import load
from tests.studies import CHECK, FORMULAS, RUN, Study, refused, study

__all__ = ["study"]

FILE = "formulas/mine.py"
BODY = "    return share * volume\n"
HEAD = "def co2(share: Ratio, volume: Mt_CO2_per_yr) -> Mt_CO2_per_yr:"
PLAIN = "use arithmetic, min, max or a conditional expression"
NOT_OURS = "is not that of ctsim; write 'from ctsim.elementary import {0}' above"
OTHER_DIGITS = "gives other digits on other CPUs; write 'from ctsim.elementary import {0}' above, and '{0}'"
NAME = "is no argument and no constant of ctsim.constants; make it a parameter of the page"

# What replaces the body of the formula, and the lines that it gives.
BODIES = {
    "loop": ("    for i in share:\n        volume += i\n    return volume\n", f"8: may not contain For; {PLAIN}"),
    "call": (
        "    return eval(share) * volume\n",
        "8: may call only min, max, exp, log, sqrt, pow, linear_path, survival, stock_years, ramped_stock_years",
    ),
    "attribute": ("    return share.real * volume\n", f"8: may not contain Attribute; {PLAIN}"),
    "import": ("    import os\n    return share * volume\n", f"8: may not contain Import; {PLAIN}"),
    "assignment inside": ("    return (x := share) * volume\n", f"8: may not contain NamedExpr; {PLAIN}"),
    "function inside": (
        "    def min(*a):\n        return 7\n    return share * volume\n",
        f"8: may not contain FunctionDef; {PLAIN}",
    ),
    "no return": ("    x = share * volume\n", "6: must end with return and an expression"),
    "return of nothing": ("    return\n", "6: must end with return and an expression"),
    "text": ("    return 'x'\n", "8: takes only finite numbers below 2^53"),
    "infinite number": ("    return share * volume * 1e999\n", "8: takes only finite numbers below 2^53"),
    "enormous number": (f"    return share * volume * 1{'0' * 30}\n", "8: takes only finite numbers below 2^53"),
    "enormous product": (
        "    return share * volume * (3000000000 * 4000000000)\n",
        "8: takes only finite numbers below 2^53",
    ),
    "division of numbers by zero": (
        "    return share * volume * (1 / 0)\n",
        "8: its numbers cannot be computed: division by zero",
    ),
    "root": (
        "    return share ** 0.5 * volume\n",
        "8: '**' takes the literals 2, 3 and 4 only; ctsim.elementary has pow and sqrt",
    ),
    "function that is not imported": ("    return exp(share) * volume\n", f"8: 'exp' {NOT_OURS.format('exp')}"),
    "Python's own function": ("    return pow(share, 2) * volume\n", f"8: 'pow' {NOT_OURS.format('pow')}"),
    "function of the mathematical library": (
        "    return math.exp(share) * volume\n",
        f"8: 'math.exp' {OTHER_DIGITS.format('exp')}",
    ),
    "function of numpy": ("    return np.power(share, 2) * volume\n", f"8: 'np.power' {OTHER_DIGITS.format('pow')}"),
    "keyword": (
        "    return exp(x=share) * volume\n",
        "8: may call only min, max, exp, log, sqrt, pow, linear_path, survival, stock_years, ramped_stock_years",
    ),
    "exp of two": ("    return exp(share, volume)\n", "8: exp takes 1 argument"),
    "pow of one": ("    return pow(share) * volume\n", "8: pow takes 2 arguments"),
    "call of an argument": (
        "    exp = share\n    return exp(share) * volume\n",
        "9: 'exp' is a number here and cannot be called; rename it",
    ),
    "unknown name": ("    return shrae * volume\n", f"8: 'shrae' {NAME} Did you mean 'share'?"),
    "name before its line": ("    y = x\n    x = share\n    return y * volume\n", f"8: 'x' {NAME}"),
    "least of one": ("    return min(share) * volume\n", "8: min and max take two arguments or more"),
}


@pytest.mark.parametrize("fault", BODIES)
def test_fault_of_a_formula(study: Study, fault: str) -> None:
    body, *lines = BODIES[fault]
    study.edit(FILE, (BODY, body))
    path = study.folder / FILE
    refused(study, CHECK, [f"{path}:{line.replace(': ', ': formula co2: ', 1)}" for line in lines])


# What replaces the line of the signature.
SIGNATURES = {
    "argument without annotation": (
        HEAD.replace("share: Ratio", "share"),
        "6: formula co2: argument 'share' of formula 'co2' has no unit annotation",
    ),
    "result without annotation": (
        HEAD.replace(" -> Mt_CO2_per_yr", ""),
        "6: formula co2: formula 'co2' has no unit annotation for its result",
    ),
    "annotation without unit": (
        HEAD.replace("Ratio", "float"),
        "6: formula co2: argument 'share' of formula 'co2' has no unit annotation",
    ),
    "annotation that is no name": (
        HEAD.replace("Ratio", "Ratoi"),
        "6: cannot be imported: NameError: name 'Ratoi' is not defined…; mend the formula file",
    ),
    "annotation with an unknown unit": (
        "from typing import Annotated\n" + HEAD.replace("Ratio", "Annotated[float, 'kgg']"),
        "7: formula co2: unit 'kgg' in 'kgg' is not known; …",
    ),
    "default": (
        HEAD.replace("volume: Mt_CO2_per_yr", "volume: Mt_CO2_per_yr = 1"),
        "6: formula co2: takes plain arguments only, without defaults",
    ),
    "any number of arguments": (
        HEAD.replace("share: Ratio", "*share: Ratio"),
        "6: formula co2: takes plain arguments only, without defaults",
    ),
    "decorator": ("def twice(f):\n    return f\n\n\n@twice\n" + HEAD, "11: formula co2: takes no decorators"),
    "argument that is a number of the module": (
        "share = 3\n\n\n" + HEAD,
        "9: formula co2: argument 'share' is also a number of the module; rename one",
    ),
    "coroutine": ("async " + HEAD, "6: formula co2: must be a plain function, written with def in this file"),
}


@pytest.mark.parametrize("fault", SIGNATURES)
def test_fault_of_a_signature(study: Study, fault: str) -> None:
    head, line = SIGNATURES[fault]
    study.edit(FILE, (HEAD, head))
    refused(study, CHECK, [f"{study.folder / FILE}:{line}"])


def test_number_of_the_module(study: Study) -> None:
    study.edit(FILE, (HEAD, f"K = 3.0\n\n\n{HEAD}"), (BODY, "    return share * volume * K\n"))
    refused(study, CHECK, [f"{study.folder / FILE}:11: formula co2: 'K' {NAME}"])


def test_least_that_is_another_function(study: Study) -> None:
    study.edit(FILE, (HEAD, f"def min(a, b):\n    return 7\n\n\n{HEAD}"), (BODY, "    return min(share, 1) * volume\n"))
    refused(study, CHECK, [f"{study.folder / FILE}:12: formula co2: 'min' is another function here; rename it"])


@pytest.mark.parametrize("line", ["from math import exp", "from numpy import exp", "def exp(x):\n    return 7"])
def test_function_of_another_module_under_our_name(study: Study, line: str) -> None:
    study.edit(FILE, (HEAD, f"{line}\n\n\n{HEAD}"), (BODY, "    return exp(share) * volume\n"))
    at = 11 + line.count("\n")
    refused(study, CHECK, [f"{study.folder / FILE}:{at}: formula co2: 'exp' {NOT_OURS.format('exp')}"])


def test_formula_that_is_a_lambda(study: Study) -> None:
    study.write(FILE, "co2 = lambda share, volume: share * volume\n")
    place = f"{study.folder / FILE}:1: formula"
    refused(study, CHECK, [
        f"{place} <lambda>: must be a plain function, written with def in this file",
        f"{place} co2: formula '<lambda>' has no unit annotation for its result",
    ])  # fmt: skip


def test_formula_without_arguments(study: Study) -> None:
    study.edit(FILE, (HEAD, "def co2() -> Mt_CO2_per_yr:"), (BODY, "    return 5.0\n"))
    line = "6: formula co2: takes 1 to 60 arguments, each a parameter or a cell; this one 0"
    refused(study, CHECK, [f"{study.folder / FILE}:{line}"])


IMPORTS = {
    "syntax": ("def co2(:\n", ":1: cannot be imported: SyntaxError: invalid syntax; mend the formula file"),
    "exception": ("x = 1\nraise ValueError('a\\nb\\x1b[31m')\n", ":2: cannot be imported: ValueError: a b\\x1b[31m; …"),
    "exit": ("import sys\nsys.exit(0)\n", ":2: cannot be imported: SystemExit: 0; mend the formula file"),
    "module that is not there": ("import nothing_of_this_name\n", ":1: cannot be imported: ModuleNotFoundError: …"),
    "zero byte": ("x = 1\0\n", ": cannot be imported: …null bytes; mend the formula file"),
    "endless expression": (f"x = {'-' * 5000}1\n", "…: cannot be imported: …; mend the formula file"),
}


@pytest.mark.parametrize("fault", IMPORTS)
def test_file_that_cannot_be_imported(study: Study, fault: str) -> None:
    content, line = IMPORTS[fault]
    study.write(FILE, content)
    refused(study, CHECK, [f"{study.folder / FILE}{line}"])


def test_file_without_the_formula(study: Study) -> None:
    study.write(FILE, "")
    refused(study, CHECK, [
        f"programmes/mine.toml:{line}: impact.mine.co2_reduction.{year}.formula: no formula 'co2' in {FILE}. Write it."
        for line, year in ((13, 2030), (23, 2050))
    ])  # fmt: skip


def test_programme_without_formulas(study: Study) -> None:
    how = 'give its folder with --formulas, write it, or use formula = "reported"'
    refused(study, ("check", "s.toml"), [
        f"programmes/mine.toml:{line}: impact.mine.co2_reduction.{year}.formula: no {FILE}: {how}"
        for line, year in ((13, 2030), (23, 2050))
    ])  # fmt: skip


@pytest.mark.parametrize("folder", ["nope", "s.toml", "x" * 5000])
def test_folder_of_formulas_that_is_not_there(study: Study, folder: str) -> None:
    line = f"--formulas {folder[-200:]}: no such folder; give the one that holds <programme>.py"
    refused(study, ("check", "s.toml", "--formulas", folder), [line])


def test_argument_without_parameter(study: Study) -> None:
    study.edit(FILE, ("share: Ratio", "shrae: Ratio"), ("return share", "return shrae"))
    needs = "formula 'co2' needs 'shrae', which is no parameter and no cell of the page. Did you mean 'share'?"
    unused = "no formula uses it; remove it or give a formula an argument of this name"
    refused(study, CHECK, [
        f"programmes/mine.toml:4: parameter.share: {unused}",
        f"programmes/mine.toml:13: impact.mine.co2_reduction.2030.formula: {needs}",
        f"programmes/mine.toml:23: impact.mine.co2_reduction.2050.formula: {needs}",
    ])  # fmt: skip


def test_cells_that_need_each_other(study: Study) -> None:
    study.edit(FILE, (HEAD, "def co2(share: Ratio, co2_reduction_2050: Mt_CO2_per_yr) -> Mt_CO2_per_yr:"))
    study.edit(FILE, (BODY, "    return share * co2_reduction_2050\n"))
    lines = study.ctsim(*CHECK).lines
    circle = "mine.co2_reduction.2050 -> mine.co2_reduction.2050"
    message = f"impact.mine.co2_reduction.2050.formula: formulas need each other in a circle: {circle}"
    assert f"programmes/mine.toml:23: {message}" in lines


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("share + volume", "formula 'co2' adds or compares …"),
        ("share", "…, which is not 'Mt-CO2/yr'…"),
        ("volume if volume > 5 else share * volume", "cannot be run on quantities: …"),
        ("share * min(volume, 100)", "cannot be run on quantities: …"),
        ("volume * exp(volume)", "exp takes plain numbers, not mass_co2^1 year^-1; divide by a reference in the …"),
        ("volume * log(volume)", "log takes plain numbers, …"),
        ("share * pow(volume, 2)", "pow takes plain numbers, …"),
        ("volume * pow(share, volume)", "pow takes plain numbers, …"),
        ("share * sqrt(volume)", "the result is mass_co2^0.5 year^-0.5, which is not 'Mt-CO2/yr'"),
    ],
)
def test_units_that_do_not_balance(study: Study, body: str, message: str) -> None:
    study.edit(FILE, ("share * volume\n", f"{body}\n"))
    study.edit(FILE, ("from ctsim.units", "from ctsim.elementary import exp, log, pow, sqrt\nfrom ctsim.units"))
    if "volume" not in body:
        study.edit(FILE, ("return share", "return share * (volume / volume)"))
    refused(study, CHECK, [f"{study.folder / FILE}:7: formula co2: {message}"])


def test_functions_of_plain_numbers_and_roots_balance(study: Study) -> None:
    plain = "exp(log(volume / volume)) * pow(share, 0.5) * pow(sqrt(share), 2)"
    body = f"{plain} * sqrt(volume * volume) + volume ** 2 / volume"
    study.edit(FILE, ("from ctsim.units", "from ctsim.elementary import exp, log, pow, sqrt\nfrom ctsim.units"))
    study.edit(FILE, ("share * volume\n", f"{body}\n"))
    load(study.folder / "s.toml", study.folder / "formulas")


def test_functions_may_be_called_in_every_statement(study: Study) -> None:
    """A name that is called is no number that an earlier line assigned."""
    lines = "    x = exp(min(share, 1))\n    y = exp(min(x, 2)) + sqrt(x)\n    return sqrt(exp(min(x, y))) * volume\n"
    study.edit(FILE, ("from ctsim.units", "from ctsim.elementary import exp, sqrt\nfrom ctsim.units"), (BODY, lines))
    load(study.folder / "s.toml", study.folder / "formulas")


def test_function_that_becomes_a_number(study: Study) -> None:
    """Called in one line, assigned in the next, called again."""
    lines = "    x = exp(share)\n    exp = x\n    return exp(x) * volume\n"
    study.edit(FILE, ("from ctsim.units", "from ctsim.elementary import exp\nfrom ctsim.units"), (BODY, lines))
    said = "'exp' is a number here and cannot be called; rename it"
    refused(study, CHECK, [f"{study.folder / FILE}:11: formula co2: {said}"])


def test_an_edit_within_the_same_second_is_not_missed(study: Study) -> None:
    def computed() -> float:
        binding = load(study.folder / "s.toml", study.folder / "formulas").binding
        return binding.evaluate(binding.central())[0]

    before = computed()
    study.write(FILE, FORMULAS.replace("share * volume\n", "volume * 0.25 \n").replace("volume: Mt", "volume: Mt"))
    study.edit(FILE, ("volume * 0.25 ", "share * volume * 0.5"))
    assert computed() == pytest.approx(before / 2)


@pytest.mark.parametrize(
    "body", ["volume / (share - share)", "share * volume / (1 - 1)", "(share / 1e-200) ** 4 * volume"]
)
def test_formula_that_is_not_finite_at_what_is_printed(study: Study, body: str) -> None:
    study.edit(FILE, ("share * volume\n", f"{body}\n"))
    checked = study.ctsim("check", "s.toml", "--formulas", "formulas")
    assert checked.status == 1
    assert "verdict is not_reproduced" in checked.lines[0]
    audited = study.ctsim("audit", "s.toml", "--json", "--formulas", "formulas")
    assert audited.status == 1
    assert [figure["computed"] for figure in json.loads(audited.out, parse_constant=pytest.fail)["figures"]] == [None]


def test_formula_that_is_finite_in_no_draw(study: Study) -> None:
    study.edit(FILE, ("share * volume\n", "volume / (share - share)\n"))
    outcome = study.ctsim(*RUN)
    assert outcome.status == 0
    assert outcome.lines
    assert all(".formula: 16384 of 16384 draws not finite, first at draw 0;" in line for line in outcome.lines)
    assert "16384 of 16384 draws not finite, first at draw 0" in outcome.out
