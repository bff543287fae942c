"""exp, log, sqrt and pow for formulas: the same bits in plain Python, in compiled loops and on every CPU.

The functions of a system's mathematical library and of numpy give other last digits on other CPUs. These consist of
IEEE additions, multiplications, divisions and moves of bits, in one fixed order, without tables, branches that a
compiler must keep or fused operations; so loops over them vectorise, too.

Errors, in units in the last place of the result (`tests/test_elementary.py` measures them): exp and pow below 0.7,
log and sqrt 0.5. Results below 2^-1022 are rounded twice: below 1.1 units of 2^-1074. NaN gives NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

_NAN: Final = math.nan
_INFINITY: Final = math.inf
_SMALLEST_NORMAL: Final = 2.0**-1022

_MAGIC: Final = 1.5 * 2.0**52
"""Added to a small number it leaves the nearest integer in the last bits."""

_LOG2_E: Final = 1.4426950408889634
# ln 2 in parts of 32 bits, whose products with an exponent are exact, and the rest.
_LN2: Final = 0.6931471803691238
_LN2_MIDDLE: Final = 1.9082149288430703e-10
_LN2_LAST: Final = 4.275175589747649e-20
_LN2_REST: Final = 1.9082149292705877e-10  # both together in one number
_LN2_NEAREST: Final = 0.6931471805599453
_THIRDS: Final = 0.6666666666666666  # 2/3 and what it lacks
_THIRDS_REST: Final = 3.700743415417188e-17

_BIAS: Final = np.uint64(1023)
_FRACTION: Final = np.uint64(52)  # bits of it
_FRACTION_MASK: Final = np.uint64(0x000FFFFFFFFFFFFF)
_ROOT_HALF: Final = np.uint64(0x3FE6A09E667F3BCD)  # bits of the square root of 1/2
_TO_ROOT_HALF: Final = np.uint64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
_WHOLE: Final = np.uint64(0x4330000000000000)  # bits of 2^52


def exp(x: float) -> float:
    """e to the power x. Above 709.79 infinite, below -745.14 zero."""
    return _exp(float(x), 0.0)


def log(x: float) -> float:
    """The natural logarithm. Minus infinity at 0, NaN below."""
    number = float(x)
    inside = number if 0.0 < number < _INFINITY else 1.0
    value = _log(inside)[0]
    value = number if number == _INFINITY else value
    value = -_INFINITY if number == 0.0 else value
    return value if number >= 0.0 else _NAN


def sqrt(x: float) -> float:
    """The square root, correctly rounded. NaN below 0."""
    number = float(x)
    return math.sqrt(number if number >= 0.0 else 0.0) if number >= 0.0 else _NAN


def pow(x: float, y: float) -> float:
    """x to the power y; x to the power 0 is 1.

    A negative x has powers at whole numbers y only, else NaN. Zero has no sign here: 0 to a negative power is infinite.
    """
    base, power = float(x), float(y)
    size = abs(base)
    logarithm, rest = _log(size if 0.0 < size < _INFINITY else 1.0)
    bounded = 2.0**70 if power > 2.0**70 else power  # beyond it only the sign matters
    bounded = -(2.0**70) if bounded < -(2.0**70) else bounded
    high, low = _product(bounded, logarithm)
    value = _exp(high, low + bounded * rest)
    end = size if power > 0.0 else 1.0 if power == 0.0 else _INFINITY - size if size < _INFINITY else 0.0
    value = end if (size == 0.0 or size == _INFINITY) and power == power else value
    half = 0.5 * power
    value = -value if base < 0.0 and float(np.floor(half)) != half else value
    whole = float(np.floor(power)) == power
    return value if base >= 0.0 or (base < 0.0 and whole) else _NAN


def quick_log(x: float) -> float:
    """The natural logarithm within 1e-13 of it or 1e-15, by fewer operations. NaN at 0 and below."""
    inside = x if 0.0 < x < _INFINITY else 1.0
    bits = np.float64(inside).view(np.uint64) + _TO_ROOT_HALF
    k = float(np.uint64((bits >> _FRACTION) | _WHOLE).view(np.float64)) - (2.0**52 + 1023.0)
    f = float(np.uint64((bits & _FRACTION_MASK) + _ROOT_HALF).view(np.float64)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    q = 1 / 13 + z * (1 / 15 + z * (1 / 17))
    q = 1 / 9 + z * (1 / 11 + z * q)
    q = 1 / 5 + z * (1 / 7 + z * q)
    value = k * _LN2_NEAREST + 2.0 * (s + s * z * (1 / 3 + z * q))
    value = x if x == _INFINITY else value
    return value if x > 0.0 else _NAN


def quick_exp(x: float) -> float:
    """e to the power x within 1e-12 of it, by fewer operations, for x from -700 to 700; beyond, as at these."""
    a = 700.0 if x > 700.0 else x
    a = -700.0 if a < -700.0 else a
    k = (a * _LOG2_E + _MAGIC) - _MAGIC
    r = (a - k * _LN2) - k * _LN2_REST
    q = 1 / 3628800 + r * (1 / 39916800 + r * (1 / 479001600))
    q = 1 / 40320 + r * (1 / 362880 + r * q)
    q = 1 / 720 + r * (1 / 5040 + r * q)
    q = 1 / 24 + r * (1 / 120 + r * q)
    q = 1.0 + r * (1.0 + r * (0.5 + r * (1 / 6 + r * q)))
    return q * _power_of_two(k)


def raised(x: float, n: int) -> float:
    """x to the power 2, 3 or 4 by multiplication: what `x ** n` of a formula means."""
    square = x * x
    return square if n == 2 else square * x if n == 3 else square * square


def _exp(x: float, rest: float) -> float:
    """e to the power x + rest, where |rest| is at most a few units in the last place of x."""
    a = 710.0 if x > 710.0 else x
    a = -746.0 if a < -746.0 else a
    b = rest if a == x else 0.0
    # x = k ln 2 + r, |r| <= ln 2 / 2, and c is what r lacks.
    k = (a * _LOG2_E + _MAGIC) - _MAGIC
    above = a - k * _LN2
    below = k * _LN2_REST
    near = above - below
    r = near + b
    c = ((near - r) + b) + ((above - near) - below)
    q = 1 / 479001600 + r * (1 / 6227020800)  # Taylor's series to the 13th power: the next term is below 2^-57
    q = 1 / 3628800 + r * (1 / 39916800 + r * q)
    q = 1 / 40320 + r * (1 / 362880 + r * q)
    q = 1 / 720 + r * (1 / 5040 + r * q)
    q = 1 / 24 + r * (1 / 120 + r * q)
    q = r * r * (0.5 + r * (1 / 6 + r * q))
    one = 1.0 + r
    value = one + ((r - (one - 1.0)) + (q + c * one))
    # Two factors, because 2^k itself may lie beyond the normal numbers.
    first = (0.5 * k + _MAGIC) - _MAGIC
    return value * _power_of_two(first) * _power_of_two(k - first)


def _power_of_two(k: float) -> float:
    """2^k of a whole number k between -1022 and 1023, by its bits."""
    bits = np.float64(k + _MAGIC).view(np.uint64)
    return float(np.uint64((bits + _BIAS) << _FRACTION).view(np.float64))


def _log(x: float) -> tuple[float, float]:
    """The logarithm of a finite x above 0 as the sum of two numbers, the first of which is it correctly rounded.

    The sum is good to 2^-64 of it: enough for pow, which multiplies the error by up to 745.
    """
    tiny = x < _SMALLEST_NORMAL
    bits = np.float64(x * 2.0**54 if tiny else x).view(np.uint64) + _TO_ROOT_HALF
    k = float(np.uint64((bits >> _FRACTION) | _WHOLE).view(np.float64)) - (2.0**52 + 1023.0)
    k = k - 54.0 if tiny else k
    f = float(np.uint64((bits & _FRACTION_MASK) + _ROOT_HALF).view(np.float64)) - 1.0
    # x = 2^k (1 + f); log(1 + f) = 2 s + s^3 (2/3 + 2/5 s^2 + ...), s = f / (2 + f) as s + s_rest.
    divisor = 2.0 + f
    s = f / divisor
    product, lost = _product(s, divisor)
    s_rest = (((f - product) - lost) - s * (f - (divisor - 2.0))) / divisor
    z, z_rest = _product(s, s)
    z_rest = z_rest + 2.0 * s * s_rest
    q = 2 / 21 + z * (2 / 23)
    q = 2 / 17 + z * (2 / 19 + z * q)
    q = 2 / 13 + z * (2 / 15 + z * q)
    q = 2 / 9 + z * (2 / 11 + z * q)
    q = z * (2 / 5 + z * (2 / 7 + z * q))
    c = _THIRDS + q
    c_rest = (q - (c - _THIRDS)) + _THIRDS_REST
    cube, cube_rest = _product(s, z)
    cube_rest = cube_rest + (s * z_rest + s_rest * z)
    w, w_rest = _product(cube, c)
    w_rest = w_rest + (cube * c_rest + cube_rest * c)
    # The sum, largest parts first.
    a, a_rest = _sum(k * _LN2, 2.0 * s)
    middle = k * _LN2_MIDDLE
    b = w + middle
    b_rest = (w - (b - (b - w))) + (middle - (b - w))
    value, value_rest = _sum(a, b)
    return _sum(value, value_rest + (a_rest + (b_rest + (2.0 * s_rest + w_rest + k * _LN2_LAST))))


def _sum(a: float, b: float) -> tuple[float, float]:
    """a + b and what it lacks, for |a| >= |b| or a = 0."""
    total = a + b
    return total, b - (total - a)


def _product(a: float, b: float) -> tuple[float, float]:
    """a b and what it lacks, by Dekker's products of halves (Numerische Mathematik 18, 1971)."""
    product = a * b
    a_high = a * 134217729.0 - (a * 134217729.0 - a)
    b_high = b * 134217729.0 - (b * 134217729.0 - b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


FUNCTIONS: Final[dict[str, Callable[..., float]]] = {"exp": exp, "log": log, "sqrt": sqrt, "pow": pow}
"""What a formula may import."""

ALL: Final[tuple[Callable[..., Any], ...]] = (
    *FUNCTIONS.values(), raised, quick_log, quick_exp, _exp, _power_of_two, _log, _sum, _product,
)  # fmt: skip
"""What has to be compiled for them; the first are those of `FUNCTIONS` and `raised`."""
