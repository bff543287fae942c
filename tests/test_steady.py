"""Tables do not depend on the last digits of what they are made from."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ctsim.distributions import build, tables
from ctsim.distributions.steady import KEPT_BITS, exp_less_one, exponentials, steady
from ctsim.elementary import exp

ANY = st.floats(-1e300, 1e300)


@given(ANY)
def test_rounding_is_small_symmetric_and_done_once(x: float) -> None:
    kept = float(steady(x))
    assert abs(kept - x) <= max(abs(x) * 2.0**-KEPT_BITS, 5e-324)
    assert float(steady(-x)) == -kept
    assert float(steady(kept)) == kept


@given(ANY, ANY)
def test_rounding_keeps_order(x: float, y: float) -> None:
    assert (x <= y) <= (steady(x) <= steady(y))


def test_what_is_not_finite_stays() -> None:
    assert steady([math.inf, -math.inf, 0.0]).tolist() == [math.inf, -math.inf, 0.0]
    assert np.isnan(steady(math.nan))


def nudged(share: float) -> "tuple[tables.Tail, tables.Tail]":
    """Quantiles of a lognormal distribution, some of them by a unit in the last place off."""
    rng = np.random.default_rng(1)

    def other(values: "tables.FloatArray") -> "tables.FloatArray":
        return np.where(rng.random(values.shape) < share, np.nextafter(values, math.inf), values)

    oracle = stats.lognorm(0.5)
    return lambda v: other(oracle.ppf(v)), lambda v: other(oracle.isf(v))


def test_a_table_is_the_same_from_values_with_other_last_digits() -> None:
    """One value in 1,000 off, as between CPUs; of 14,000 values none is expected to be rounded otherwise (0.0002)."""
    plain, off = (tables.dyadic_table(*nudged(share)) for share in (0.0, 0.001))
    assert plain.coefficients.tobytes() == off.coefficients.tobytes()


def test_without_rounding_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "steady", np.asarray)
    plain, off = (tables.dyadic_table(*nudged(share)) for share in (0.0, 0.001))
    assert plain.coefficients.tobytes() != off.coefficients.tobytes()


def test_exponentials_are_ctsims_own() -> None:
    values = np.linspace(-800, 800, 1001)
    assert exponentials(values).tolist() == [exp(one) for one in values.tolist()]


@given(st.floats(5e-324, 709))
def test_exp_less_one(x: float) -> None:
    assert exp_less_one(x) == pytest.approx(math.expm1(x), rel=1e-15)


def test_a_lognormal_has_its_moments() -> None:
    for gsd in (1.0001, 1.5, 4.0):
        ours, oracle = build("lognormal", {"median": 2.0, "gsd": gsd}), stats.lognorm(math.log(gsd), scale=2.0)
        assert (ours.mean, ours.sd) == pytest.approx((oracle.mean(), oracle.std()), rel=1e-12)
