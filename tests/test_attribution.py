"""Shapley values: closed forms, parts that sum to the whole, sampled orders within their error."""

from collections.abc import Callable
from itertools import permutations
from math import exp, prod, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from ctsim.attribution import MOST_EXACT, Coalition, FloatArray, Quantity, attributed, forecast, planned

NAMES = tuple("abcdefghijklmn")


def values(function: Callable[[Coalition], float]) -> Callable[[Coalition], FloatArray]:
    return lambda chosen: np.array([function(chosen)])


def exact(names: tuple[str, ...], function: Callable[[Coalition], float]) -> list[float]:
    found: list[float] = attributed(Quantity(names), values(function)).parts[:, 0].tolist()
    return found


def test_parts_of_a_sum_are_its_terms() -> None:
    terms = {"a": 2.0, "b": -0.5, "c": 7.0}
    assert exact(("a", "b", "c"), lambda s: sum(terms[one] for one in s)) == pytest.approx([2.0, -0.5, 7.0], rel=1e-14)


def test_parts_of_a_product_of_two_share_what_they_make_together() -> None:
    before, after = (3.0, 5.0), (4.0, 9.0)
    found = exact(("a", "b"), lambda s: prod(after[i] if one in s else before[i] for i, one in enumerate("ab")))
    assert found == pytest.approx([(4 - 3) * (5 + 9) / 2, (9 - 5) * (3 + 4) / 2], rel=1e-14)


def test_parts_of_a_lognormal_quantile() -> None:
    """q95 of a product of two lognormals: one change of the median, one of the spread."""

    def q95(s: Coalition) -> float:
        median, spread = (12.0 if "a" in s else 10.0), (0.5 if "b" in s else 0.2)
        return median * exp(norm.ppf(0.95) * sqrt(0.4**2 + spread**2))

    first, second = exact(("a", "b"), q95)
    none, a, b, ab = (q95(frozenset(one)) for one in ("", "a", "b", "ab"))
    assert first == pytest.approx(((a - none) + (ab - b)) / 2, rel=1e-14)
    assert first + second == pytest.approx(ab - none, rel=1e-14)


@given(st.integers(1, 6), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_parts_are_the_mean_over_all_orders_and_sum_to_the_whole(k: int, seed: int) -> None:
    names = NAMES[:k]
    rng = np.random.default_rng(seed)
    table: dict[Coalition, float] = {}

    def value(s: Coalition) -> float:
        return table.setdefault(s, float(rng.normal() * 10.0 ** rng.integers(-3, 4)))

    found = exact(names, value)
    every = list(permutations(names))
    for i, name in enumerate(names):
        added = [value(frozenset(order[: order.index(name) + 1])) - value(frozenset(order[: order.index(name)]))
                 for order in every]  # fmt: skip
        assert found[i] == pytest.approx(np.mean(added), rel=1e-9, abs=1e-9)
    whole = value(frozenset(names)) - value(frozenset())
    assert abs(sum(found) - whole) <= 1e-9 * max(map(abs, found))


@given(st.permutations(NAMES[:5]))
def test_the_order_in_which_changes_are_named_does_not_matter(order: list[str]) -> None:
    def value(s: Coalition) -> float:
        return prod(1.0 + 0.1 * NAMES.index(one) for one in sorted(s))

    [one], [other] = planned([order]), planned([NAMES[:5]])
    assert one == other
    assert (attributed(one, values(value)).parts == attributed(other, values(value)).parts).all()


def test_a_change_that_does_nothing_has_no_part() -> None:
    assert exact(("a", "b"), lambda s: 3.0 if "a" in s else 1.0) == [2.0, 0.0]
    assert attributed(Quantity(()), values(lambda s: 1.0)).parts.shape == (0, 1)


def test_mixtures_that_are_needed() -> None:
    assert Quantity(("a",)).coalitions == []
    assert set(Quantity(("a", "b")).coalitions) == {frozenset("a"), frozenset("b")}
    assert len(Quantity(NAMES[:10]).coalitions) == 2**10 - 2


def test_nothing_is_sampled_up_to_the_most_that_is_exact() -> None:
    few = [NAMES[:10]] * 4 + [NAMES[:9]]  # 4 x 1024 + 512
    assert sum(2 ** len(one) for one in few) <= MOST_EXACT
    assert not any(one.orders for one in planned(few))
    assert "exact" in forecast(planned(few))
    many = planned([*few, NAMES[:10]])
    assert any(one.orders for one in many) and "sampled orders" in forecast(many)
    assert not many[4].orders or len(many[4].changes) == 9


def test_small_quantities_are_exact_beside_large_ones() -> None:
    found = planned([NAMES[:3], NAMES], most=1000)
    assert not found[0].orders and len(found[1].orders) % 2 == 0
    assert found[1].orders[0] == found[1].orders[1][::-1]
    assert len(found[1].coalitions) <= 1000


def test_sampled_orders_are_right_within_their_error_and_sum_exactly() -> None:
    """12 changes with pairwise interactions, closed form known; 6 standard errors: a false alarm of 2e-9 a part."""
    names = NAMES[:12]
    rng = np.random.default_rng(1)
    own, pairs = rng.normal(size=12), np.triu(rng.normal(size=(12, 12)), 1)
    cubes = rng.normal(size=12)

    def value(s: Coalition) -> float:
        at = [names.index(one) for one in sorted(s)]
        return float(own[at].sum() + pairs[np.ix_(at, at)].sum() + cubes[at].sum() * len(at) ** 2 / 50)

    truth = np.array(exact(names, value))
    [one] = planned([names], most=800)
    found = attributed(one, values(value))
    assert (found.errors > 0).all()
    assert (np.abs(found.parts[:, 0] - truth) <= 6 * found.errors[:, 0]).all()
    assert np.abs(found.parts[:, 0] - truth).max() > 1e-6  # it is sampled indeed
    whole = value(frozenset(names)) - value(frozenset())
    assert abs(found.parts.sum() - whole) <= 1e-9 * np.abs(found.parts).max()
