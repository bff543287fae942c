"""Stocks with age over the whole range that `stocks` promises, not at a few places of it.

With s = mean life / gamma(1 + 1/shape) a Weibull cohort has exp(-(age/s)^shape) left, and the integral of that from 0
to T is mean life times the regularised lower incomplete gamma function P(1/shape, (T/s)^shape): closed forms, no
quadrature on the other side.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gamma, gammainc

from ctsim import stocks
from tests import runs

SHAPES = np.linspace(2.0, 4.5, 51)
LIVES = np.linspace(0.0, 1.9, 77)
"""Spans in mean lives."""


def exact_share(lives: float, shape: float) -> float:
    return float(np.exp(-((lives * gamma(1 + 1 / shape)) ** shape)))


def exact_years(lives: float, shape: float) -> float:
    """The integral, in mean lives."""
    return float(gammainc(1 / shape, (lives * gamma(1 + 1 / shape)) ** shape))


def test_the_gamma_function_is_within_its_bound() -> None:
    x = np.linspace(0.0, 1.0, 2001)
    found = np.array([stocks._gamma_above_one(one) for one in x.tolist()])
    assert np.abs(found - gamma(1 + x)).max() < 1e-11


@pytest.mark.parametrize("mean_life", [0.5, 13.6, 60.0])
def test_stock_years_are_within_a_thousandth_everywhere(mean_life: float) -> None:
    worst = max(
        abs(stocks.stock_years(lives * mean_life, mean_life, shape) / mean_life / exact_years(lives, shape) - 1)
        for lives in LIVES[1:].tolist() for shape in SHAPES.tolist()
    )  # fmt: skip
    assert worst < 1e-3


def test_the_stated_range_is_not_wider_than_the_rule_can_take() -> None:
    """Beyond it the rule of six points fails, so a bound that is stated there would be wrong: the range is a fact."""
    assert abs(stocks.stock_years(4.0, 1.0, 4.5) / exact_years(4.0, 4.5) - 1) > 1e-3


@pytest.mark.parametrize("shape", [1.0, 1.5, *SHAPES[::10].tolist(), 6.0, 20.0])
def test_survival_is_exact_for_every_shape(shape: float) -> None:
    for lives in np.linspace(0.0, 4.0, 41).tolist():
        assert stocks.survival(lives * 7.0, 7.0, shape) == pytest.approx(exact_share(lives, shape), rel=1e-8, abs=1e-12)


@given(st.floats(0.01, 1.89), st.floats(2.0, 4.5), st.floats(0.1, 100.0))
def test_only_the_age_in_lives_counts(lives: float, shape: float, mean_life: float) -> None:
    assert stocks.survival(lives * mean_life, mean_life, shape) == pytest.approx(stocks.survival(lives, 1.0, shape))
    years = stocks.stock_years(lives * mean_life, mean_life, shape)
    assert years == pytest.approx(mean_life * stocks.stock_years(lives, 1.0, shape))


@pytest.mark.parametrize("shape", SHAPES[::10].tolist())
def test_cohorts_only_grow_old(shape: float) -> None:
    """What is left falls with age; the stock grows, but for its error, and never by more than is put in."""
    left = [stocks.survival(lives, 1.0, shape) for lives in LIVES.tolist()]
    stock = [stocks.stock_years(lives, 1.0, shape) for lives in LIVES.tolist()]
    assert all(one > other for one, other in pairwise(left[1:]))
    added = [other - one for one, other in pairwise(stock)]
    assert all(-2e-4 < part <= LIVES[1] * (1 + 1e-3) for part in added)


def test_the_mean_life_is_the_mean_life() -> None:
    """The integral of survival over all ages, by many small cohorts: what 'mean life' says."""
    step = 0.001
    for shape in (2.0, 3.6, 4.5):
        lived = sum(stocks.survival((i + 0.5) * step, 1.0, shape) for i in range(5000)) * step
        assert lived == pytest.approx(1.0, abs=1e-6)


# ---- what the pages ask of it


def ends(label: str) -> tuple[float, float]:
    """The ends of the spread of one row of the framework, as its page has them."""
    spread = next(row.spread for row in runs.scenario().binding.rows if row.label == label)
    assert spread.dist == "pert" and not spread.relative
    low, high = spread.arguments["low"], spread.arguments["high"]
    assert isinstance(low, float) and isinstance(high, float)
    return low, high


def test_pages_stay_inside_the_range() -> None:
    """The longest span that draws can give `stock_years`: from the earliest start to 2050, with the shortest life.

    That is a corner of three spreads, a little beyond 1.9 mean lives, where the rule is hardly worse.
    """
    steps = [one for one in runs.scenario().binding.steps if one.function and "stock_years" in one.function.__globals__]
    users = {one.figure.programme for one in steps}
    assert users == {"battery_supply_chain", "power_semiconductors"}
    low, high = ends("car_life_shape")
    assert 2.0 <= low < high <= 4.5
    lives = (2050 - min(ends(f"{name}.plant_start")[0] for name in users)) / ends("car_life")[0]
    assert lives < 1.96
    shapes = np.linspace(low, high, 41).tolist()
    assert max(abs(stocks.stock_years(lives, 1.0, one) / exact_years(lives, one) - 1) for one in shapes) < 1.3e-3
