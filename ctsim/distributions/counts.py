"""Discrete families of scipy.stats from their definitions, in integers of any length: no rounding but one at the end.

The weights of neighbouring whole numbers have a simple ratio in nearly every family; from it the weights follow as
integers of some 190 bits, of which the last few are lost. Ends of cells are quotients of such integers, rounded once.
Arguments are the binary fractions that they are. No library's last digits are involved: scipy only says, by `ppf`, with
which value to begin, and that leaves no trace.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache, lru_cache
from itertools import accumulate
from time import monotonic
from typing import Final

import numpy as np

from ctsim.distributions.record import Quantiles, constant, refuse, stepped
from ctsim.distributions.tables import PATIENCE

MOST_ATOMS: Final = 1_000_000
"""Most values of a discrete distribution."""

_BITS: Final = 192
_ONE: Final = 1 << _BITS
"""The weight that a list begins with."""
_UNSEEN: Final = Fraction(1, 2**66)
"""A share that no word reaches."""
_LITTLE: Final = Fraction(1, 10**15)
"""A share that may be given to the last value, where there would be too many."""
_1: Final = Fraction(1)

Step = Callable[[int], tuple[int, int]]
"""The weight of k + 1 in units of that of k, as a quotient of integers."""
Beyond = Callable[[int], tuple[Fraction, Fraction]]
"""What the weights above k are together, in units of that of k, and about how far this is from the truth."""
Rule = tuple[Step, Beyond]
_FAR: Final = 1 << 60
_TOO_MANY: Final = f"it has more than {MOST_ATOMS:,} values; cut it with 'truncate'"


def counted(
    name: str, arguments: tuple[float, ...], shift: float, start: int, low: int | None, high: int | None
) -> Quantiles:
    """The family `name` on the whole numbers from `low` to `high`, None where there is no end, moved by `shift`.

    `start` lies between them and is not too unlikely. Raises InputError where there are too many values.
    """
    step, beyond = RULES[name](*map(Fraction, arguments))

    def back(k: int) -> tuple[int, int]:
        up, down = step(k - 1)
        return down, up

    down = _outward(back, _geometric(back), range(start, -_FAR if low is None else low, -1), low is None)
    up = _outward(step, beyond, range(start, _FAR if high is None else high), high is None)
    weights = [*down[::-1], _ONE, *up]
    if len(weights) > MOST_ATOMS:
        refuse(_TOO_MANY)
    if len(weights) == 1:
        return constant(start + shift)
    ends = [0, *accumulate(weights)]
    total = ends[-1]
    cdf = np.array([end / total for end in ends])  # quotients of integers are rounded correctly
    complement = np.array([(total - end) / total for end in ends])
    values = np.arange(start - len(down), start + len(up) + 1, dtype=np.float64) + shift
    return stepped(cdf, complement, values, values)


def _outward(step: Step, beyond: Beyond, places: range, endless: bool) -> list[int]:
    """Weights of the values after the first of `places` up to its end, as far as words reach.

    The last one has those beyond it too, where there is no end.
    """
    deadline = monotonic() + PATIENCE
    weights: list[int] = []
    weight = total = _ONE
    for k in places:
        up, down = step(k)
        weight = weight * up // down if down else 0
        if weight <= 0:
            return weights
        weights.append(weight)
        total += weight
        count = len(weights)
        if count % (1 << max(0, count.bit_length() - 6)):
            continue
        if count > MOST_ATOMS or monotonic() > deadline:
            refuse(_TOO_MANY)
        if weight * _LITTLE.denominator > total:
            continue
        rest, error = beyond(k + places.step)
        if rest * weight < total * _LITTLE and (error if endless else rest) * weight < total * _UNSEEN:
            break
        if count >= MOST_ATOMS * 31 // 32 and rest * weight < total * _LITTLE:
            break
    else:
        return weights
    if endless:
        weights[-1] += int(rest * weight)
    return weights


# -------------------------------------------------------------------------------------------------------------- rules
def _geometric(step: Step, limit: Fraction = Fraction(0)) -> Beyond:
    """No ratio after k is larger than the one at k, or than `limit`."""

    def beyond(k: int) -> tuple[Fraction, Fraction]:
        up, down = step(k)
        ratio = max(Fraction(up, down), limit) if down else Fraction(0)
        rest = ratio / (1 - ratio) if ratio < 1 else Fraction(_FAR)
        return rest, rest

    return beyond


def _ratio(factor: Fraction, over: tuple[Fraction, ...] = (), under: tuple[Fraction, ...] = ()) -> Step:
    """`factor` times the product of (k + a), a in `over`, through the product of (k + b), b in `under`."""
    above, below = factor.as_integer_ratio()
    for a in over:
        below *= a.denominator
    for b in under:
        above *= b.denominator
    tops, bottoms = ([one.as_integer_ratio() for one in terms] for terms in (over, under))

    def step(k: int) -> tuple[int, int]:
        up, down = above, below
        for a, unit in tops:
            up *= unit * k + a
        for b, unit in bottoms:
            down *= unit * k + b
        return up, down

    return step


def _light(factor: Fraction, over: tuple[Fraction, ...] = (), under: tuple[Fraction, ...] = ()) -> Rule:
    """Ratios as in `_ratio`; a tail like that of a geometric distribution, or shorter."""
    step = _ratio(factor, over, under)
    return step, _geometric(step, factor if len(over) == len(under) else Fraction(0))


def _binomial(n: Fraction, p: Fraction) -> Rule:
    return _light(p / (p - 1), (-n,), (_1,))


def _hypergeometric(total: Fraction, marked: Fraction, drawn: Fraction, odds: Fraction = _1) -> Rule:
    return _light(odds, (-marked, -drawn), (_1, total - marked - drawn + 1))


def _beta_negative_binomial(n: Fraction, a: Fraction, b: Fraction) -> Rule:
    s = a + n + b
    second = ((1 + a) ** 2 + 1 + s * s - n * n - b * b) / 2  # of the ratio in powers of 1/k

    def beyond(k: int) -> tuple[Fraction, Fraction]:
        rest = k / a + second / (a * (1 + a)) - 1 - 1 / a
        return rest, abs(rest) * (s / k) ** 2

    return _ratio(_1, (n, b), (_1, s)), beyond


def _yule_simon(alpha: Fraction) -> Rule:
    return _ratio(_1, (Fraction(0),), (alpha + 1,)), lambda k: (k / alpha, Fraction(0))


def _exponential(x: Fraction) -> Fraction:
    """e to the power x, to 60 digits."""
    with localcontext(prec=60):
        return Fraction((Decimal(x.numerator) / Decimal(x.denominator)).exp())


def _two_sided(rate: Fraction) -> Rule:
    up, down = _exponential(-rate).as_integer_ratio()
    step: Step = lambda k: (up, down) if k >= 0 else (down, up)  # noqa: E731
    return step, _geometric(step)


@cache
def _least_factors() -> list[int]:
    """The least factor above 1 of each whole number."""
    least = np.arange(MOST_ATOMS + 2)
    for k in range(math.isqrt(MOST_ATOMS) + 1, 1, -1):
        least[k * k :: k] = k
    return list(least.tolist())


def _power_law(a: Fraction, _: Fraction = _1) -> Rule:
    exponent = Decimal(a.numerator) / Decimal(a.denominator)
    digits = Context(prec=60, Emax=10**15)

    least = _least_factors()

    @cache
    def of_prime(k: int) -> Decimal:
        return digits.power(k, exponent)

    @lru_cache(maxsize=4)
    def power(k: int) -> int:
        """10^45 k^a, by prime factors, because each power takes 0.1 ms."""
        result = Decimal(10**45)
        while k > 1:
            factor = least[k] if k < len(least) else k
            result, k = digits.multiply(result, of_prime(factor)), k // factor
        return int(result)

    def beyond(k: int) -> tuple[Fraction, Fraction]:
        """The integral from k + 1/2."""
        if a <= 1:
            return Fraction(_FAR), Fraction(_FAR)
        rest = k / (a - 1) - Fraction(1, 2) + a / (12 * k)  # Euler and Maclaurin
        return max(rest, Fraction(0)), k / (a - 1) * (a / k) ** 4

    return lambda k: (power(k), power(k + 1)), beyond


def _poisson_difference(first: Fraction, second: Fraction) -> Rule:
    """Weights at k >= 0 are first^k S(k), at -k second^k S(k), with S(k) = sum of (first second)^m / (m! (m + k)!).

    S(k - 1) = k S(k) + first second S(k + 1), so S(k) / S(k - 1) follows from that of k + 1: backwards from far away.
    """
    up, down = (first * second).as_integer_ratio()
    shares: dict[int, int] = {}
    far = 200 + 24 * int(first + second + 1) ** 0.5

    def share(k: int) -> int:
        if k not in shares:
            value = _ONE // (k + 1000 + int(far))
            for j in range(k + 1000 + int(far), max(k - 1000, 1) - 1, -1):
                value = (_ONE * _ONE * down) // (j * _ONE * down + up * value)
                if j <= k + 1000:
                    shares[j] = value
        return shares[k]

    def step(k: int) -> tuple[int, int]:
        if k >= 0:
            return first.numerator * share(k + 1), first.denominator * _ONE
        return second.denominator * _ONE, second.numerator * share(-k)

    return step, _geometric(step)


def _wallenius(total: Fraction, marked: Fraction, drawn: Fraction, odds: Fraction) -> Rule:
    """Drawn one by one: each time marked ones count `odds` times what the others do."""
    deadline = monotonic() + PATIENCE
    up, down = odds.as_integer_ratio()
    ones, others = int(marked), int(total - marked)
    weights = [_ONE * _ONE]
    for t in range(int(drawn)):
        after = [0] * (t + 2)
        for x, weight in enumerate(weights):
            one, other = up * max(ones - x, 0), down * max(others - (t - x), 0)
            if weight:
                gone = weight * one // (one + other)
                after[x + 1] += gone
                after[x] += weight - gone
        weights = after
        if monotonic() > deadline:
            refuse(f"it takes more than {PATIENCE:g} seconds to compute")
    step: Step = lambda k: (weights[k + 1], weights[k])  # noqa: E731
    return step, _geometric(step)


RULES: Final[dict[str, Callable[..., Rule]]] = {
    "bernoulli": lambda p: _binomial(_1, p),
    "betabinom": lambda n, a, b: _light(_1, (-n, a), (_1, 1 - n - b)),
    "betanbinom": _beta_negative_binomial,
    "binom": _binomial,
    "boltzmann": lambda rate, _: _light(_exponential(-rate)),
    "dlaplace": _two_sided,
    "geom": lambda p: _light(1 - p),
    "hypergeom": _hypergeometric,
    "logser": lambda p: _light(p, (Fraction(0),), (_1,)),
    "nbinom": lambda n, p: _light(1 - p, (n,), (_1,)),
    "nchypergeom_fisher": _hypergeometric,
    "nchypergeom_wallenius": _wallenius,
    "nhypergeom": lambda total, marked, r: _light(_1, (r, -marked), (_1, r - total)),
    "planck": lambda rate: _light(_exponential(-rate)),
    "poisson": lambda mu: _light(mu, (), (_1,)),
    "randint": lambda low, high: _light(_1),
    "skellam": _poisson_difference,
    "yulesimon": _yule_simon,
    "zipf": _power_law,
    "zipfian": _power_law,
}
"""By name, from the arguments of scipy. Not `poisson_binom`, whose argument is a list."""
