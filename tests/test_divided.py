"""Costly parts of formulas as steps of their own: the same bits, each part once for all that take it."""

import inspect
from collections.abc import Callable

import numpy as np
import pytest

from ctsim import divided, kernel
from ctsim.binding import Binding, Input, Step
from ctsim.catalog import load
from ctsim.divided import COSTLY, PART
from ctsim.elementary import exp
from ctsim.engine import simulate
from ctsim.equations import formula_source
from ctsim.steps import Steps
from ctsim.stocks import linear_path, ramped_stock_years, survival
from tests.runs import scenario

BINDING = scenario().binding


def halves(function: object) -> tuple[list[str], list[str]]:
    """The lines of part and rest."""
    made = divided._halves(function)  # type: ignore[arg-type]
    assert made is not None
    first, second = (formula_source(one).splitlines() for one in (made.part, made.rest))
    return first, second


def left(amount: float, age: float, life: float, shape: float) -> float:
    """Amount × share in use"""
    return amount * survival(age, life, shape) / 1000


def in_lines(amount: float, start: float, end: float, ramp: float, life: float, shape: float) -> float:
    """Both calls in one part, the amount beside it"""
    age = end - start
    begun = ramped_stock_years(age, ramp, life, shape)
    halved = amount / 2
    ended = ramped_stock_years(age - life, ramp, life, shape)
    return halved * (begun - ended) + halved / life


def where_old(amount: float, age: float, life: float, shape: float) -> float:
    """In one branch only"""
    return amount if age < 0 else amount * min(1, 2 * survival(age, life, shape))


def test_what_each_half_is() -> None:
    assert halves(left) == (
        ["def left(age, life, shape):", "    return survival(age, life, shape)"],
        [f"def left(amount, {PART}):", f"    return amount * {PART} / 1000"],
    )
    assert halves(in_lines) == (
        [
            "def in_lines(start, end, ramp, life, shape):",
            "    age = end - start",
            "    begun = ramped_stock_years(age, ramp, life, shape)",
            "    ended = ramped_stock_years(age - life, ramp, life, shape)",
            "    return begun - ended",
        ],
        [
            f"def in_lines(amount, life, {PART}):",
            "    halved = amount / 2",
            f"    return halved * {PART} + halved / life",
        ],
    )
    assert halves(where_old)[1][1] == f"    return amount if age < 0 else amount * min(1, 2 * {PART})"


def all_costly(age: float, life: float, shape: float) -> float:
    return survival(age, life, shape)


def none_costly(amount: float, first: float) -> float:
    return linear_path(first, amount, 0.5) * exp(-amount)


def in_condition(amount: float, age: float, life: float, shape: float) -> float:
    return amount if survival(age, life, shape) > survival(age, life, amount) else 0.0


def twice(amount: float, age: float, life: float) -> float:
    age_ = age + 1
    age_ = survival(age_, life, 2.0)
    return amount * age_


def without_arguments(amount: float) -> float:
    return amount * survival(1.0, 2.0, 3.0)


@pytest.mark.parametrize("function", [all_costly, none_costly, in_condition, twice, without_arguments])
def test_what_is_left_whole(function: Callable[..., float]) -> None:
    assert divided._halves(function) is None


def of(*functions: object) -> Binding:
    """Steps of formulas that take the first rows as their arguments."""
    figure = BINDING.steps[0].figure
    steps = [
        Step(figure, one, tuple(Input("row", i, 1.0 + i) for i in range(len(inspect.signature(one).parameters))), 0.3)  # type: ignore[arg-type]
        for one in functions
    ]
    return Binding(BINDING.rows[:6], tuple(steps))


def test_the_bits_are_those_of_the_whole_formula() -> None:
    whole = of(left, in_lines, where_old, all_costly, none_costly, in_condition, without_arguments)
    parts, places = divided.divided(whole)
    assert len(parts.steps) == len(whole.steps) + 2  # one part of two formulas
    rows = np.random.default_rng(5).uniform(-1, 9, (6, 500))
    both = []
    for one in (whole, parts):
        steps = np.empty((len(one.steps), 500))
        Steps(one).evaluate(rows, steps)
        both.append(steps)
    assert both[0].tobytes() == both[1][list(places)].tobytes() and np.isfinite(both[0]).mean() > 0.5
    for draw in rows.T[:20]:
        theirs = parts.evaluate(list(draw))
        mine = whole.evaluate(list(draw))
        assert np.array([theirs[i] for i in places]).tobytes() == np.array(mine).tobytes()


def test_a_part_is_there_once_for_all_that_take_it_from_the_same_rows() -> None:
    whole = of(left, left)
    assert len(divided.divided(whole)[0].steps) == 3
    first, second = whole.steps
    other = Step(second.figure, left, (*second.inputs[:3], Input("row", 5, 1.0)), 1.0)
    assert len(divided.divided(Binding(whole.rows, (first, other)))[0].steps) == 4
    elsewhere = Step(second.figure, left, (Input("step", 0, 1.0), *second.inputs[1:]), 1.0)
    parts, places = divided.divided(Binding(whole.rows, (first, elsewhere)))
    assert places == (1, 2) and parts.steps[2].inputs == (Input("step", 1, 1.0), Input("step", 0, 1.0))


def test_dividing_again_changes_nothing() -> None:
    once, _ = divided.divided(BINDING)
    twice_, places = divided.divided(once)
    assert twice_ == once and places == tuple(range(len(once.steps)))


def test_no_formula_of_the_report_keeps_a_costly_part_beside_other_arguments() -> None:
    """What analyses exchange most often, grid factors and amounts, moves no costly step."""
    names = {one.__name__ for one in COSTLY}
    for step in divided.divided(BINDING)[0].steps:
        text = "" if step.function is None else formula_source(step.function)
        if any(f"{name}(" in text for name in names):
            taken = {BINDING.rows[one.index].stream for one in step.inputs if one.kind == "row"}
            assert not taken & {"grid_factor", "future_grid_factor"}, text


def test_results_are_those_of_whole_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ["power_semiconductors", "battery_supply_chain", "electric_commercial_vehicles"]
    parts = simulate(load("framework_2023_11"), draws=2048, programmes=chosen).result_digest
    calls: list[int] = []

    def whole(binding: Binding) -> tuple[Binding, tuple[int, ...]]:
        calls.append(len(binding.steps))
        return binding, tuple(range(len(binding.steps)))

    monkeypatch.setattr(kernel, "divided", whole)
    assert simulate(load("framework_2023_11"), draws=2048, programmes=chosen).result_digest == parts and calls
