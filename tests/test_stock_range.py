"""Stocks with age for spans and shapes of any size, not at a few places.

With s = mean life / gamma(1 + 1/shape) a Weibull cohort has exp(-(age/s)^shape) left, and the integral of that from 0
to T is mean life times the regularised lower incomplete gamma function P(1/shape, (T/s)^shape): closed forms, no
quadrature on the other side; `scipy.integrate.quad` beside them for those who trust no closed form.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gamma, gammainc

from ctsim import stocks
from ctsim.errors import InputError
from ctsim.switches import switched
from tests import runs
from tests.test_stocks import central

SHAPES = np.linspace(1.5, 6.0, 19)
LIVES = np.linspace(0.0, 6.0, 121)
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


BOUND = 1e-7
"""What `stock_years` states, of its own value."""


@pytest.mark.parametrize("mean_life", [0.5, 13.6, 60.0])
def test_stock_years_are_within_their_bound_everywhere(mean_life: float) -> None:
    worst = max(
        abs(stocks.stock_years(lives * mean_life, mean_life, shape) / mean_life / exact_years(lives, shape) - 1)
        for lives in (*LIVES[1:].tolist(), 60.0, 1e6) for shape in (1.0, 1.2, *SHAPES.tolist(), 20.0)
    )  # fmt: skip
    assert worst < BOUND


def test_what_is_no_number_stays_none() -> None:
    """A negative span or life, or NaN, has no stock; none is made up for it."""
    nan = float("nan")
    for given_ in ((-1.0, 5.0, 3.0), (1.0, -5.0, 3.0), (nan, 5.0, 3.0), (1.0, nan, 3.0), (1.0, 5.0, nan)):
        assert np.isnan(stocks.stock_years(*given_))


@pytest.mark.parametrize("shape", [1.5, 2.5, 3.6, 4.5, 6.0])
@pytest.mark.parametrize("lives", [0.1, 0.9, 1.5, 2.1, 2.6, 4.0, 6.0])
def test_stock_years_are_what_quadrature_finds(lives: float, shape: float) -> None:
    exact, error = quad(exact_share, 0.0, lives, args=(shape,), epsabs=1e-14, epsrel=1e-12)
    assert error < 0.1 * BOUND * exact
    assert stocks.stock_years(lives, 1.0, shape) == pytest.approx(exact, rel=BOUND)


def test_a_span_of_many_lives_adds_the_little_that_is_left() -> None:
    """Three years of life: between 4 and 22 years 0.065 of them are lived, and nothing after."""
    later = stocks.stock_years(22.0, 3.0, 3.6) - stocks.stock_years(4.0, 3.0, 3.6)
    assert later == pytest.approx(3.0 * (1.0 - exact_years(4.0 / 3.0, 3.6)), abs=1e-6)
    assert later == pytest.approx(0.065, abs=5e-4)
    assert stocks.stock_years(40.0, 3.0, 3.6) == 3.0


@pytest.mark.parametrize("shape", [1.0, 1.2, *SHAPES[::3].tolist(), 20.0])
def test_survival_is_exact_for_every_shape(shape: float) -> None:
    for lives in np.linspace(0.0, 4.0, 41).tolist():
        assert stocks.survival(lives * 7.0, 7.0, shape) == pytest.approx(exact_share(lives, shape), rel=1e-8, abs=1e-12)


@given(st.floats(0.01, 6.0), st.floats(1.0, 6.0), st.floats(0.1, 100.0))
def test_only_the_age_in_lives_counts(lives: float, shape: float, mean_life: float) -> None:
    assert stocks.survival(lives * mean_life, mean_life, shape) == pytest.approx(stocks.survival(lives, 1.0, shape))
    years = stocks.stock_years(lives * mean_life, mean_life, shape)
    assert years == pytest.approx(mean_life * stocks.stock_years(lives, 1.0, shape))


@pytest.mark.parametrize("shape", [1.0, *SHAPES.tolist()])
def test_cohorts_only_grow_old(shape: float) -> None:
    """What is left falls with age; the stock never does, is never above a mean life, nor grows by more than is put in.

    Close steps around the age at which `stock_years` counts a cohort as gone, too.
    """
    left = [stocks.survival(lives, 1.0, shape) for lives in LIVES.tolist()]
    assert all(one > other for one, other in pairwise(left) if other > 1e-300 and one < 1.0)
    gone = 16.0 ** (1 / shape) / gamma(1 + 1 / shape)
    spans = sorted((*LIVES.tolist(), *np.linspace(0.97 * gone, 1.03 * gone, 61).tolist()))
    stock = [stocks.stock_years(lives, 1.0, shape) for lives in spans]
    assert stock[0] == 0.0 and max(stock) <= 1.0
    for (one, other), (before, after) in zip(pairwise(stock), pairwise(spans), strict=True):
        assert 0.0 <= other - one <= (after - before) * (1 + 1e-3) + 3e-8


def test_the_mean_life_is_the_mean_life() -> None:
    """The integral of survival over all ages, by many small cohorts: what 'mean life' says."""
    step = 0.001
    for shape in (2.0, 3.6, 4.5):
        lived = sum(stocks.survival((i + 0.5) * step, 1.0, shape) for i in range(5000)) * step
        assert lived == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("shape", [1.5, 2.5, 3.6, 4.5, 6.0])
@pytest.mark.parametrize("ramp", [0.05, 0.2, 0.5])
def test_a_ramp_is_the_mean_of_lines_that_open_one_after_another(ramp: float, shape: float) -> None:
    made = [stocks.ramped_stock_years(lives, ramp, 1.0, shape) for lives in LIVES.tolist()]
    assert made[0] == stocks.ramped_stock_years(-1.0, ramp, 1.0, shape) == 0.0
    assert all(other - one >= -1e-12 for one, other in pairwise(made)) and max(made) <= 1.0 + 1e-12
    at_once = stocks.stock_years(3.0, 1.0, shape)
    assert stocks.ramped_stock_years(3.0, -1.0, 1.0, shape) == pytest.approx(at_once, rel=1e-2)
    for lives, one in list(zip(LIVES.tolist(), made, strict=True))[1::7]:
        area = quad(exact_years, max(lives - ramp, 0.0), lives, args=(shape,), epsabs=1e-12)[0]
        assert one == pytest.approx(area / ramp, rel=1e-4)


# ---- what the pages ask of it


def test_shapes_below_one_are_refused_in_one_line() -> None:
    with pytest.raises(InputError, match=r"--set car_life_shape=0\.5: 0\.5 1: it must be at least 1$"):
        switched(runs.scenario(), set={"car_life_shape": 0.5})


def test_cars_of_three_years_never_make_negative_tonnes() -> None:
    """Lives far shorter than the plants': in 2050 the last cars of both plants are gone, or nearly."""
    scenario = switched(runs.scenario(), set={"car_life": 3.0})
    for programme in ("battery_supply_chain", "power_semiconductors"):
        amounts = [central(scenario, programme, year) for year in ("2030", "2040", "2050")]
        assert min(amounts) >= 0.0 and amounts[1] > 0.0
