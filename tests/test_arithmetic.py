"""Formulas as a spreadsheet writes them: signs, brackets, functions, and any formula at random against Python."""

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsim import constants, stocks
from ctsim.elementary import FUNCTIONS as ELEMENTARY
from ctsim.equations import value_of
from ctsim.export.arithmetic import NotLiveError, computed, constants_of, excel, statements
from ctsim.formulas import perovskite_solar, power_semiconductors, waste_carbon_cycle
from ctsim.stocks import linear_path, survival
from tests.spreadsheet import FUNCTIONS, evaluated

CELLS = {name: f"{name.upper()}1" for name in "abcde"}


def written(expression: str, cells: Mapping[str, str] = CELLS) -> str:
    """An expression of Python as a formula of cells."""
    return excel(ast.parse(expression, mode="eval").body, cells)


@pytest.mark.parametrize(("python", "sheet"), [
    ("a", "A1"),
    ("a + b + c", "A1+B1+C1"),
    ("a + (b + c)", "A1+(B1+C1)"),  # additions keep their order: the last digits depend on it
    ("a - b - c", "A1-B1-C1"),
    ("a - (b - c)", "A1-(B1-C1)"),
    ("a - (b + c)", "A1-(B1+C1)"),
    ("(a - b) + c", "A1-B1+C1"),
    ("a * b * c", "A1*B1*C1"),
    ("a * (b * c)", "A1*(B1*C1)"),
    ("a / b / c", "A1/B1/C1"),
    ("a / (b / c)", "A1/(B1/C1)"),
    ("a / (b * c)", "A1/(B1*C1)"),
    ("a / b * c", "A1/B1*C1"),
    ("(a + b) * c", "(A1+B1)*C1"),
    ("a + b * c", "A1+B1*C1"),
    ("(a + b) / (c - d)", "(A1+B1)/(C1-D1)"),
    ("a ** 2", "A1^2"),
    ("(a + b) ** 2", "(A1+B1)^2"),
    ("(a * b) ** 3", "(A1*B1)^3"),
    ("a * b ** 2", "A1*B1^2"),
    ("(a ** 2) ** 2", "(A1^2)^2"),
    ("-a", "(-A1)"),
    ("+a", "(A1)"),
    ("-a ** 2", "(-(A1^2))"),
    ("(-a) ** 2", "(-A1)^2"),
    ("-(a + b)", "(-(A1+B1))"),
    ("-(a * b)", "(-(A1*B1))"),
    ("--a", "(-(-A1))"),
    ("a - -b", "A1-(-B1)"),
    ("a * -b", "A1*(-B1)"),
    ("2 * a", "2*A1"),
    ("a * 0.5", "A1*0.5"),
    ("a * 1e-06", "A1*1E-06"),
    ("a * (2 / 3)", "A1*(2/3)"),
    ("min(a, b)", "MIN(A1,B1)"),
    ("max(a, b, c)", "MAX(A1,B1,C1)"),
    ("min(a + b, c * d)", "MIN(A1+B1,C1*D1)"),
    ("exp(-a)", "EXP((-A1))"),
    ("log(a / b)", "LN(A1/B1)"),
    ("sqrt(a + b)", "SQRT(A1+B1)"),
    ("pow(a / b, c)", "POWER(A1/B1,C1)"),
    ("a if b < c else d", "IF(B1<C1,A1,D1)"),
    ("a if b <= c else d", "IF(B1<=C1,A1,D1)"),
    ("a if b > c else d", "IF(B1>C1,A1,D1)"),
    ("a if b >= c else d", "IF(B1>=C1,A1,D1)"),
    ("a if b == c else d", "IF(B1=C1,A1,D1)"),
    ("a if b != c else d", "IF(B1<>C1,A1,D1)"),
    ("a if b < c < d else e", "IF(AND(B1<C1,C1<D1),A1,E1)"),
    ("a if b < c and d > e else 0", "IF(AND(B1<C1,D1>E1),A1,0)"),
    ("a if b < c or d > e else 0", "IF(OR(B1<C1,D1>E1),A1,0)"),
    ("a if b else c", "IF((B1)<>0,A1,C1)"),
    ("a if b + c < d * e else a - b", "IF(B1+C1<D1*E1,A1,A1-B1)"),
    ("(a if b < c else d) * e", "IF(B1<C1,A1,D1)*E1"),
    ("linear_path(a, b, c)", "(A1+C1*(B1-A1))"),
    ("linear_path(a, b + c, d)", "(A1+D1*((B1+C1)-A1))"),
    ("2 * linear_path(a, b, c)", "2*(A1+C1*(B1-A1))"),
    ("survival(a, b, c)", "(EXP((-POWER(A1/B1*EXP(GAMMALN(1+(1.0/C1))),C1))))"),
])  # fmt: skip
def test_how_an_expression_is_written(python: str, sheet: str) -> None:
    assert written(python) == sheet


def test_what_is_a_sum_in_a_loop_is_not_live() -> None:
    with pytest.raises(NotLiveError, match=r"^stock_years$"):
        written("a * stock_years(b, c, d)")


def test_cells_may_be_of_other_sheets() -> None:
    cells = {"a": "'Run card'!$B$2", "b": "$E$5"}
    assert written("a * b", cells) == "'Run card'!$B$2*$E$5"


# ---- lines of a formula


def test_lines_constants_and_what_they_come_to() -> None:
    function = perovskite_solar.co2_reduction_2030
    assert [name for name, _ in statements(function)] == [""]
    assert constants_of(function) == ["HOURS_PER_YEAR"]
    names = {"single_junction_capacity": 0.0035, "tandem_capacity": 0.0013, "japan_share": 0.25,
             "capacity_factor": 0.15, "emission_factor": 0.51}  # fmt: skip
    assert computed(function, names) == [value_of(function, list(names.values()))]
    assert computed(function, names)[0] == pytest.approx(1.4575545)
    cells = {name: f"J{row}" for row, name in enumerate(names, 16)} | {"HOURS_PER_YEAR": "$E$5"}
    assert excel(statements(function)[0][1], cells) == "(J16*J18+J17)*J19*J20*$E$5"


def test_intermediate_lines_are_lines_of_their_own() -> None:
    function = waste_carbon_cycle.co2_reduction_2040_parameter_path
    names = [name for name, _ in statements(function)]
    assert names[0] == "waste" and names[-1] == "" and len(names) == len(set(names)) > 8
    given = dict.fromkeys(function.__code__.co_varnames[: function.__code__.co_argcount], 0.5)
    found = computed(function, given)
    assert found[-1] == value_of(function, list(given.values())) and all(map(math.isfinite, found))


def test_a_division_by_zero_is_no_exception() -> None:
    found = computed(_ratio, {"a": 1.0, "b": 0.0})
    assert found[0] == 1.0 and math.isnan(found[1]) and math.isnan(found[2])


def _ratio(a: float, b: float) -> float:
    """Three lines."""
    whole = a + b
    share = a / b
    return whole * share


def test_a_formula_with_a_loop_has_no_lines() -> None:
    with pytest.raises(NotLiveError, match="_series"):
        statements(stocks._series)


def test_every_constant_is_known_by_its_name() -> None:
    taken = {name for one in vars(perovskite_solar).values() if callable(one) and hasattr(one, "__code__")
             for name in constants_of(one)}  # fmt: skip
    assert taken == {"HOURS_PER_YEAR"} and set(constants.UNITS) > taken
    assert constants_of(linear_path) == []


# ---- against Python


LEAVES = st.one_of(
    st.sampled_from(["a", "b", "c", "d", "e"]), st.integers(0, 9).map(str),
    st.floats(0.001, 1000.0, allow_nan=False).map(repr),
)  # fmt: skip


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions of smaller ones: with and without brackets that Python needs."""
    pairs = st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner)
    return st.one_of(
        pairs.map(lambda one: f"({one[0]}) {one[1]} ({one[2]})"),
        pairs.map(lambda one: f"{one[0]} {one[1]} {one[2]}"),
        st.tuples(inner, inner).map(lambda one: f"({one[0]}) / (1 + ({one[1]}) ** 2)"),
        st.tuples(inner, st.sampled_from([2, 3, 4])).map(lambda one: f"({one[0]}) ** {one[1]}"),
        inner.map(lambda one: f"-({one})"),
        st.tuples(inner, inner).map(lambda one: f"min({one[0]}, {one[1]})"),
        st.tuples(inner, inner).map(lambda one: f"max({one[0]}, {one[1]})"),
        st.tuples(inner, inner, inner).map(lambda one: f"linear_path({one[0]}, {one[1]}, {one[2]})"),
        st.tuples(inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner, inner, inner).map(
            lambda one: f"(({one[3]}) if ({one[0]}) {one[1]} ({one[2]}) else ({one[4]}))"
        ),
    )


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(LEAVES, _grown, max_leaves=12),
    st.tuples(*[st.floats(-50.0, 50.0, allow_nan=False).map(lambda x: round(x, 3))] * 5),
)
def test_any_expression_comes_to_the_same(expression: str, values: tuple[float, ...]) -> None:
    names = dict(zip("abcde", values, strict=True))
    wanted = eval(expression, {"linear_path": linear_path, "min": min, "max": max}, dict(names))
    found = evaluated(written(expression, {name: name for name in names}), names)
    scale = max(1.0, abs(wanted))
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9 * scale) or not math.isfinite(wanted)


@pytest.mark.parametrize(("name", "given_"), [
    ("exp", (1.5,)), ("exp", (-30.0,)), ("log", (0.02,)), ("sqrt", (7.3,)), ("pow", (2.5, 1.7)), ("pow", (0.3, -2.0)),
])  # fmt: skip
def test_functions_are_those_of_the_spreadsheet(name: str, given_: tuple[float, ...]) -> None:
    function: Callable[..., float] = ELEMENTARY[name]
    cells = dict(zip("abc", given_, strict=False))
    said = written(f"{name}({', '.join(cells)})", {one: one for one in cells})
    assert evaluated(said, cells) == pytest.approx(function(*given_), rel=1e-15)


@pytest.mark.parametrize("age", [0.0, 1.0, 7.5, 13.0, 25.0])
@pytest.mark.parametrize(("life", "shape"), [(13.0, 2.5), (16.0, 3.6), (20.0, 1.4)])
def test_a_lifetime_by_the_gamma_function_of_the_spreadsheet(age: float, life: float, shape: float) -> None:
    cells = {"a": age, "b": life, "c": shape}
    said = written("survival(a, b, c)", {one: one for one in cells})
    assert evaluated(said, cells) == pytest.approx(survival(age, life, shape), rel=1e-9)


def test_the_stand_in_for_a_spreadsheet_knows_every_function_that_is_written() -> None:
    """What tests compute with has no function that formulas are not written with, and lacks none."""
    said = written("min(a, max(b, exp(log(sqrt(pow(a, b)))))) if a < b and b < c or c < d else survival(a, b, c)")
    names = {name for name in FUNCTIONS if f"{name}(" in said}
    assert names == set(FUNCTIONS) - {"SUM"}


def test_cohorts_of_factories_are_the_only_formulas_that_are_not_live() -> None:
    not_live: set[str] = set()
    for one in vars(power_semiconductors).values():
        code: Any = getattr(one, "__code__", None)
        if code is not None and one.__module__ == power_semiconductors.__name__:
            cells = {name: name for name in (*code.co_varnames, *constants.UNITS)}
            try:
                _ = [excel(expression, cells) for _, expression in statements(one)]
            except NotLiveError:
                not_live.add(one.__name__)
    codes = [vars(power_semiconductors)[name].__code__ for name in not_live]
    assert codes and all("ramped_stock_years" in one.co_names for one in codes)
