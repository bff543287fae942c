"""ctsim's own exp, log, sqrt and pow: accurate, right at the edges, and one result in Python and machine code.

The oracle is the decimal module with 60 digits, which rounds exp and ln correctly at any precision.
"""

import dis
import math
import random
import re
import warnings
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsim import elementary
from ctsim.compiled import compiled, machine_code
from ctsim.elementary import exp, log, pow, quick_exp, quick_log, raised, sqrt

FloatArray = npt.NDArray[np.float64]
INFINITY, NAN = math.inf, math.nan
TINY, LARGEST = 5e-324, 1.7976931348623157e308
CASES = 4000


# ---- accuracy


def error(computed: float, exact: Decimal) -> float:
    """In units in the last place of the result; below the normal numbers these are 2^-1074."""
    with localcontext() as context:
        context.prec = 60
        return float(abs(Decimal(computed) - exact) / Decimal(math.ulp(float(exact))))


def worst(function: Callable[..., float], exact: Callable[..., Decimal], cases: list[tuple[float, ...]]) -> float:
    with localcontext() as context:
        context.prec = 60
        return max(error(function(*case), exact(*(Decimal(one) for one in case))) for case in cases)


def numbers_above_zero(rng: random.Random) -> float:
    """Of all sizes, around 1, and next to it, where a logarithm is nearly 0."""
    close = 1 + rng.choice((-1, 1)) * rng.uniform(0.5, 1) * 2.0 ** -rng.randrange(1, 52)
    return rng.choice((math.exp(rng.uniform(-744, 709)), rng.uniform(0.5, 2), close))


def pow_cases() -> list[tuple[float, float]]:
    """Results over the whole range of normal numbers, roots and small whole powers."""
    rng, cases = random.Random(3), []
    while len(cases) < CASES:
        x = numbers_above_zero(rng)
        y = rng.choice((rng.uniform(-708, 709) / (math.log(x) or 1.0), rng.uniform(-3, 3), float(rng.randrange(-5, 6))))
        if x != 1 and abs(y * math.log(x)) < 708:
            cases.append((x, y))
    return cases


def exact_pow(x: Decimal, y: Decimal) -> Decimal:
    return (x.ln() * y).exp()


def test_exp_is_accurate() -> None:
    """0.593 was the largest error of 60,000."""
    rng = random.Random(1)
    cases = [(rng.choice((rng.uniform(-708, 709.7), rng.uniform(-1, 1))),) for _ in range(CASES)]
    assert worst(exp, Decimal.exp, cases) < 0.7


def test_log_is_correctly_rounded() -> None:
    rng = random.Random(2)
    assert worst(log, Decimal.ln, [(numbers_above_zero(rng),) for _ in range(CASES)]) < 0.5001


def test_pow_is_accurate() -> None:
    """0.63 was the largest error of 60,000."""
    assert worst(pow, exact_pow, list(pow_cases())) < 0.7


def test_results_below_the_normal_numbers() -> None:
    rng = random.Random(4)
    assert worst(exp, Decimal.exp, [(rng.uniform(-745.1, -708.4),) for _ in range(CASES)]) < 1.1
    cases = [(x, rng.uniform(-745.1, -708.4) / math.log(x)) for x in (rng.uniform(2, 1e6) for _ in range(CASES))]
    assert worst(pow, exact_pow, list(cases)) < 1.1


def test_the_measure_of_accuracy_can_fail() -> None:
    assert worst(lambda x: math.nextafter(exp(x), 9), Decimal.exp, [(0.1 * k,) for k in range(20)]) > 0.7


@given(st.floats(0, LARGEST))
def test_a_root_is_correctly_rounded(x: float) -> None:
    assert sqrt(x) == math.sqrt(x)


@given(st.floats(TINY, LARGEST))
def test_the_power_one_changes_nothing_and_exact_powers_are_exact(x: float) -> None:
    assert pow(x, 1.0) == x
    whole = float(math.floor(min(x, 2.0**26)))
    assert pow(whole, 2) == whole * whole
    assert pow(whole * whole, 0.5) == whole
    assert (pow(x, 0), pow(1, x)) == (1, 1)


@given(st.floats(-745, 709), st.floats(0, 1e-6))
def test_exp_rises(x: float, step: float) -> None:
    """Within the error: never by more than one unit down."""
    assert exp(x + step) >= math.nextafter(exp(x), 0)


# ---- edges


@pytest.mark.parametrize(
    ("computed", "expected"),
    [
        (exp(0), 1), (exp(-0.0), 1), (exp(710), INFINITY), (exp(709.782712893384), 1.7976931348622732e308),
        (exp(709.7827128933841), INFINITY), (exp(1e300), INFINITY), (exp(INFINITY), INFINITY), (exp(-INFINITY), 0),
        (exp(-745.13321910194), TINY), (exp(-745.1332191019412), 0), (exp(-1e300), 0), (exp(TINY), 1), (exp(NAN), NAN),
        (log(1), 0), (log(0), -INFINITY), (log(-0.0), -INFINITY), (log(-TINY), NAN), (log(-INFINITY), NAN),
        (log(INFINITY), INFINITY), (log(NAN), NAN), (log(TINY), -744.4400719213812), (log(LARGEST), 709.782712893384),
        (sqrt(0), 0), (sqrt(-0.0), -0.0), (sqrt(-TINY), NAN), (sqrt(INFINITY), INFINITY), (sqrt(NAN), NAN),
        (pow(0, 2.5), 0), (pow(0, -2.5), INFINITY), (pow(-0.0, -3), INFINITY), (pow(0, 0), 1), (pow(0, NAN), NAN),
        (pow(INFINITY, 2), INFINITY), (pow(INFINITY, -2), 0), (pow(INFINITY, 0), 1), (pow(INFINITY, NAN), NAN),
        (pow(2, INFINITY), INFINITY), (pow(0.5, INFINITY), 0), (pow(2, -INFINITY), 0), (pow(0.5, -INFINITY), INFINITY),
        (pow(1, INFINITY), 1), (pow(1, NAN), NAN), (pow(NAN, 0), NAN), (pow(NAN, 1), NAN), (pow(2, NAN), NAN),
        (pow(-2, 3), -8), (pow(-2, 2), 4), (pow(-2, -3), -0.125), (pow(-2, 0), 1), (pow(-8, 1 / 3), NAN),
        (pow(-2, 1e300), INFINITY), (pow(-INFINITY, 3), -INFINITY), (pow(-INFINITY, 2), INFINITY),
        (pow(-1, 2.0**52 + 1), -1), (pow(-1, 2.0**53 + 2), 1), (pow(-1, -(2.0**52) - 1), -1), (pow(-1, INFINITY), 1),
        (pow(2, 1024), INFINITY), (pow(2, -1074), TINY), (pow(2, -1076), 0), (pow(LARGEST, 1), LARGEST),
        (pow(TINY, 1), TINY), (pow(1 + 2.0**-52, 2.0**60), exp(2.0**8 - 2.0**-45)),
    ],
)  # fmt: skip
def test_edge(computed: float, expected: float) -> None:
    assert bits([computed]) == bits([expected])


# ---- one result


def bits(values: Any) -> list[int]:
    """Bits of floats, every NaN alike."""
    numbers = np.asarray(values, dtype=np.float64)
    found: list[int] = np.where(np.isnan(numbers), np.nan, numbers).view(np.uint64).tolist()
    return found


NAMES = ("exp", "log", "sqrt", "pow", "raised", "quick_log", "quick_exp")
COMPILED = dict(zip(NAMES, machine_code(elementary.ALL), strict=False))
_exp, _log, _sqrt, _pow, _raised, _quick_log, _quick_exp = COMPILED.values()


@compiled
def loop(x: FloatArray, y: FloatArray, out: FloatArray) -> None:
    """Every function (function, case)."""
    for i in range(len(x)):
        out[0, i] = _exp(x[i])
    for i in range(len(x)):
        out[1, i] = _log(x[i])
    for i in range(len(x)):
        out[2, i] = _sqrt(x[i])
    for i in range(len(x)):
        out[3, i] = _pow(x[i], y[i])
    for i in range(len(x)):
        out[4, i] = _raised(x[i], 2) + _raised(y[i], 3) - _raised(x[i], 4)
    for i in range(len(x)):
        out[5, i] = _quick_log(x[i])
    for i in range(len(x)):
        out[6, i] = _quick_exp(x[i])


def by_machine_code(x: list[float], y: list[float]) -> FloatArray:
    out = np.empty((len(NAMES), len(x)))
    loop(np.array(x), np.array(y), out)
    return out


def by_python(x: list[float], y: list[float]) -> FloatArray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy's integers would tell of an overflow
        powers = [pow(a, b) for a, b in zip(x, y, strict=True)]
        products = [raised(a, 2) + raised(b, 3) - raised(a, 4) for a, b in zip(x, y, strict=True)]
        quick = [[quick_log(a) for a in x], [quick_exp(a) for a in x]]
        return np.array([[exp(a) for a in x], [log(a) for a in x], [sqrt(a) for a in x], powers, products, *quick])


ANY = st.floats() | st.sampled_from([709.0, -745.0, 0.5, -3.0, 2.0**52 + 1, 1 + 2.0**-52]) | st.floats(-800, 800)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=40))
def test_machine_code_gives_what_python_gives(cases: list[tuple[float, float]]) -> None:
    """Loops of all lengths, so that both the vectorised part and the rest of a loop are met."""
    x, y = (list(one) for one in zip(*cases, strict=True))
    assert bits(by_machine_code(x, y)) == bits(by_python(x, y))


def test_machine_code_gives_what_python_gives_for_any_bits() -> None:
    rng = np.random.default_rng(5)
    x, y = np.frombuffer(rng.bytes(16 * CASES)).reshape(2, -1).tolist()
    assert bits(by_machine_code(x, y)) == bits(by_python(x, y))


def test_the_quick_ones_are_within_their_bounds() -> None:
    """Relative errors; beside 1 the logarithm is itself as small as the rounding of its argument."""
    rng = np.random.default_rng(6)
    x = np.exp(rng.uniform(-690.0, 700.0, CASES)).tolist() + rng.uniform(0.5, 2.0, CASES).tolist()
    assert max(abs(quick_log(one) - math.log(one)) / (abs(math.log(one)) + 1e-2) for one in x) < 1e-13
    powers = rng.uniform(-700.0, 700.0, CASES).tolist() + rng.uniform(-1.0, 1.0, CASES).tolist()
    assert max(abs(quick_exp(one) / math.exp(one) - 1) for one in powers) < 1e-12
    assert math.isnan(quick_log(0.0)) and math.isnan(quick_log(-1.0)) and math.isnan(quick_exp(math.nan))
    assert quick_exp(1e300) == quick_exp(700.0) and quick_exp(-1e300) == quick_exp(-700.0) > 0.0
    assert quick_log(1.0) == 0.0 and quick_exp(0.0) == 1.0


@pytest.mark.parametrize(
    ("computed", "expected"),
    [
        (exp(-12.5), "0x1.f42ed3f68e690p-19"), (log(0.3), "-0x1.34378fcbda721p+0"),
        (pow(0.7, -3.3), "0x1.9f52cca854582p+1"),
    ],
)  # fmt: skip
def test_frozen_bits(computed: float, expected: str) -> None:
    """What a result was, it stays: a change of these is a change of every digest that has them in."""
    assert computed.hex() == expected


def test_no_library_is_asked() -> None:
    """In machine code and in Python only for floor, which is exact, and the square root, which IEEE 754 defines."""
    fresh = numba.njit(error_model="numpy")(loop.py_func)  # type: ignore[attr-defined]
    fresh(np.ones(1), np.ones(1), np.ones((len(NAMES), 1)))
    declared = re.findall(r"^declare .*@([\w.]+)", "\n".join(fresh.inspect_llvm().values()), re.MULTILINE)
    assert "llvm.floor.f64" in declared
    assert not [name for name in declared if re.search("exp|log|pow|fma", name)]
    asked = {one.argval for function in elementary.ALL for one in dis.get_instructions(function)
             if one.opname in ("LOAD_METHOD", "LOAD_ATTR")}  # fmt: skip
    assert asked == {"float64", "uint64", "view", "floor", "sqrt"}
