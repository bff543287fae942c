"""Discrete families of scipy.stats: ends of cells as exact as 64-bit words and doubles can be.

The truth is worked out in fractions by the textbook's definition, with no ratios. Scipy is the other witness, within
its own errors, at every value of every family.
"""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ctsim.distributions import Quantiles, build, counts, fill
from ctsim.errors import InputError

EVERY: list[tuple[str, dict[str, float], float]] = [
    ("bernoulli", {"p": 0.3}, 1e-15),
    ("betabinom", {"n": 50, "a": 0.3, "b": 0.2}, 2e-14),
    ("betanbinom", {"n": 5, "a": 9.3, "b": 1.0}, 2e-14),
    ("binom", {"n": 2000, "p": 0.3}, 1e-11),
    ("boltzmann", {"lambda_": 1.4, "N": 19}, 1e-14),
    ("dlaplace", {"a": 0.8}, 1e-14),
    ("geom", {"p": 0.01}, 1e-14),
    ("hypergeom", {"M": 50, "n": 40, "N": 15}, 1e-14),
    ("logser", {"p": 0.6}, 1e-14),
    ("nbinom", {"n": 0.4, "p": 0.1}, 1e-14),
    ("nchypergeom_fisher", {"M": 140, "n": 80, "N": 60, "odds": 0.5}, 1e-10),
    ("nchypergeom_wallenius", {"M": 140, "n": 80, "N": 60, "odds": 0.5}, 1e-7),
    ("nhypergeom", {"M": 60, "n": 27, "r": 9}, 1e-13),
    ("planck", {"lambda_": 0.51}, 1e-14),
    ("poisson", {"mu": 30.0}, 1e-14),
    ("randint", {"low": 7, "high": 31}, 1e-14),
    ("skellam", {"mu1": 15.0, "mu2": 8.0}, 1e-11),
    ("yulesimon", {"alpha": 11.0}, 1e-14),
    ("zipf", {"a": 6.6}, 1e-14),
    ("zipfian", {"a": 0.75, "n": 15}, 1e-14),
]
"""Name, arguments, and what scipy's own distribution function may be wrong by."""


def built(name: str, arguments: dict[str, float], truncate: tuple[float, float] | None = None) -> Quantiles:
    return build("scipy", {"name": name, **arguments}, truncate)


def cells(ours: Quantiles) -> tuple[Any, Any, Any]:
    """CDF and its complement at every value, and the values."""
    n = int(ours.parameters[0])
    return ours.table[1 : n + 1], ours.table[n + 2 : 2 * n + 2], ours.table[2 * n + 2 : 3 * n + 2]


def drawn(ours: Quantiles, words: Any) -> Any:
    out = np.empty(len(words))
    fill(ours.kind, ours.parameters, ours.table, np.array(words, dtype=np.uint64), out)
    return out


def test_every_family_has_a_rule() -> None:
    theirs = {name for name, family in vars(stats).items() if isinstance(family, stats.rv_discrete)}
    assert set(counts.RULES) == theirs - {"poisson_binom"} == {name for name, _, _ in EVERY}


# --------------------------------------------------------------------------------------------------- against the truth
def _binomial(n: int, p: float) -> Callable[[int], Fraction]:
    q = Fraction(p)
    return lambda k: math.comb(n, k) * q**k * (1 - q) ** (n - k)


def _failures(n: int, p: float) -> Callable[[int], Fraction]:
    q = Fraction(p)
    return lambda k: math.comb(n + k - 1, k) * q**n * (1 - q) ** k


def _marked(total: int, marked: int, drawn: int) -> Callable[[int], Fraction]:
    return lambda k: Fraction(math.comb(marked, k) * math.comb(total - marked, drawn - k), math.comb(total, drawn))


def _draws_before(total: int, marked: int, r: int) -> Callable[[int], Fraction]:
    return lambda k: Fraction(math.comb(k + r - 1, k) * math.comb(total - r - k, marked - k), math.comb(total, marked))


def _rising(a: Fraction, k: int) -> Fraction:
    return math.prod((a + j for j in range(k)), start=Fraction(1))


def _beta_binomial(n: int, a: float, b: float) -> Callable[[int], Fraction]:
    x, y = Fraction(a), Fraction(b)
    return lambda k: math.comb(n, k) * _rising(x, k) * _rising(y, n - k) / _rising(x + y, n)


def _by_exp(log: Callable[[Decimal], Decimal], factor: Callable[[int], Fraction]) -> Callable[[int], Fraction]:
    with localcontext(prec=60):
        constant = Fraction(log(Decimal(1)).exp())
    return lambda k: constant * factor(k)


def _fisher(total: int, marked: int, drawn: int, odds: float) -> Callable[[int], Fraction]:
    plain, w = _marked(total, marked, drawn), Fraction(odds)
    whole = sum(plain(k) * w**k for k in range(drawn + 1))
    return lambda k: plain(k) * w**k / whole


def _yule(alpha: int) -> Callable[[int], Fraction]:
    return lambda k: Fraction(alpha * math.factorial(k - 1) * math.factorial(alpha), math.factorial(k + alpha))


def _zipf_even(a: int) -> Callable[[int], Fraction]:
    """zeta(4) and zeta(6) by pi."""
    with localcontext(prec=60):
        pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
        zeta = Fraction(pi**4) / 90 if a == 4 else Fraction(pi**6) / 945
    return lambda k: 1 / (zeta * k**a)


def _skellam(first: int, second: int) -> Callable[[int], Fraction]:
    """Differences of two Poisson numbers, one by one."""
    both = _by_exp(lambda one: -(first + second) * one, lambda k: Fraction(1))(0)

    def chance(k: int) -> Fraction:
        pairs = ((k + m, m) for m in range(max(0, -k), 90))
        return both * sum(Fraction(first**i * second**j, math.factorial(i) * math.factorial(j)) for i, j in pairs)

    return chance


TRUTH: list[tuple[str, dict[str, float], Callable[[int], Fraction]]] = [
    ("binom", {"n": 300, "p": 0.3}, _binomial(300, 0.3)),
    ("bernoulli", {"p": 0.1}, _binomial(1, 0.1)),
    ("nbinom", {"n": 5, "p": 0.4}, _failures(5, 0.4)),
    ("geom", {"p": 0.2, "loc": -1}, _failures(1, 0.2)),
    ("hypergeom", {"M": 140, "n": 80, "N": 60}, _marked(140, 80, 60)),
    ("nchypergeom_fisher", {"M": 50, "n": 20, "N": 15, "odds": 1.7}, _fisher(50, 20, 15, 1.7)),
    ("nhypergeom", {"M": 60, "n": 27, "r": 9}, _draws_before(60, 27, 9)),
    ("betabinom", {"n": 40, "a": 0.3, "b": 2.3}, _beta_binomial(40, 0.3, 2.3)),
    ("poisson", {"mu": 9}, _by_exp(lambda one: -9 * one, lambda k: Fraction(9**k, math.factorial(k)))),
    ("yulesimon", {"alpha": 6}, _yule(6)),
    ("zipf", {"a": 4}, _zipf_even(4)),
    ("zipf", {"a": 6}, _zipf_even(6)),
    ("skellam", {"mu1": 3, "mu2": 2}, _skellam(3, 2)),
]


@pytest.mark.parametrize(("name", "arguments", "chance"), TRUTH)
def test_ends_of_cells_are_the_truth_rounded_once(
    name: str, arguments: dict[str, float], chance: Callable[[int], Fraction]
) -> None:
    """To a double nearest to it, but for what no 64-bit word can tell (2^-65), at the first 40 values."""
    below, above, values = cells(built(name, arguments))
    first = int(values[0])
    least = {"skellam": first - 60, "yulesimon": 1, "zipf": 1}.get(name, 0)
    exact = sum((chance(k) for k in range(least, first)), Fraction(0))
    for k, got, rest in list(zip(values.astype(int).tolist(), below.tolist(), above.tolist(), strict=True))[:40]:
        exact += chance(k)
        for number, true in ((got, exact), (rest, 1 - exact)):
            assert abs(Fraction(number) - true) <= abs(true) * Fraction(1, 2**53) + Fraction(1, 2**65), (k, number)


def test_wallenius_by_hand() -> None:
    """Two of two marked and two others, odds 3: 6/8 * 3/5, and so on."""
    below, _, values = cells(built("nchypergeom_wallenius", {"M": 4, "n": 2, "N": 2, "odds": 3.0}))
    none = Fraction(2, 8) * Fraction(1, 7)
    both = Fraction(6, 8) * Fraction(3, 5)
    assert values.tolist() == [0, 1, 2]
    assert below.tolist() == [float(none), float(1 - both), 1.0]


# ------------------------------------------------------------------------------------------------------ against scipy
@pytest.mark.parametrize(("name", "arguments", "slack"), EVERY, ids=[name for name, _, _ in EVERY])
def test_values_jump_where_scipys_do(name: str, arguments: dict[str, float], slack: float) -> None:
    """Words a unit in the last place before and after a jump have the values on both sides of it, as scipy says."""
    ours, oracle = built(name, arguments), getattr(stats, name)(**arguments)
    below, above, values = cells(ours)
    lower = below < 0.5
    for side, mine, upper in ((below, lower & (below > 1e-12), False), (above, ~lower & (above > 1e-3), True)):
        words = np.ldexp(side[mine], 64).astype(np.uint64)
        step = (words >> np.uint64(52)) + np.uint64(1)  # a unit in the last place of the tail probability
        before, after = (~(words + step), ~(words - step)) if upper else (words - step, words + step)
        assert (drawn(ours, before) == values[mine]).all()
        assert (drawn(ours, after) > values[mine]).all()
    seen = (below > 1e-3) & (above > 1e-3)
    assert (oracle.ppf(below[seen] * (1 - slack)) <= values[seen]).all()
    assert (oracle.ppf(np.minimum(below[seen] * (1 + slack), 1.0)) > values[seen]).all()


def test_the_last_words_have_values_and_nothing_lies_beyond_them() -> None:
    """What is listed holds all but 2^-64 of the whole, or, where the tail is endless and heavy, ends at 1e-15."""
    for name, arguments, _ in EVERY:
        ours = built(name, arguments)
        below, above, values = cells(ours)
        assert drawn(ours, [0]) == values[0]
        assert drawn(ours, [2**64 - 1]) >= values[above >= 2.0**-64].max(initial=values[0])
        assert above[-1] == 0.0
        assert below[0] < 1e-18 or getattr(stats, name)(**arguments).cdf(values[0] - 1) == 0


# --------------------------------------------------------------------------------------------------------- what is cut
def test_parts_are_exact_where_scipy_has_no_digits() -> None:
    """The part of a Poisson distribution above 200 has chances that follow from ratios alone."""
    ours = built("poisson", {"mu": 3.0}, (200, 230))
    expected = np.cumsum([float(3**k * Fraction(math.factorial(200), math.factorial(200 + k))) for k in range(40)])
    below, _, values = cells(ours)
    assert values[0] == 200
    assert below[:9] == pytest.approx(expected[:9] / expected[-1], rel=1e-14)


def test_moved_and_degenerate_ones() -> None:
    assert cells(built("poisson", {"mu": 3.0, "loc": 0.5}))[2][:2].tolist() == [0.5, 1.5]
    for name, arguments, value in [
        ("binom", {"n": 5, "p": 1.0}, 5.0),
        ("poisson", {"mu": 0.0}, 0.0),
        ("geom", {"p": 1.0}, 1.0),
        ("hypergeom", {"M": 5, "n": 5, "N": 3}, 3.0),
    ]:
        assert drawn(built(name, arguments), [0, 2**63, 2**64 - 1]).tolist() == [value] * 3
    with pytest.raises(InputError, match="leaves nothing"):
        built("binom", {"n": 5, "p": 1.0}, (0, 3))


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("poisson_binom", {"p": 0.5}, "takes a list. Use 'choice'"),
        ("yulesimon", {"alpha": 2.0}, "more than 1,000,000 values; cut it with 'truncate'"),
        ("geom", {"p": 1e-5}, "more than 1,000,000 values"),
        ("randint", {"low": 0, "high": 3_000_000}, "more than 1,000,000 values"),
    ],
)
def test_what_is_refused(name: str, arguments: dict[str, float], why: str) -> None:
    with pytest.raises(InputError, match=why):
        built(name, arguments)
