"""First-order propagation against closed forms, and the words that say why Monte Carlo differs."""

from collections.abc import Mapping

import numpy as np
import pytest

from ctsim.approach1 import Comparison, propagate
from ctsim.dependence import normal_correlation
from tests.languages import left_in
from tests.test_indices import UNIT, additive, first_alone, made, product

WIDE = 0.95 / 2
"""Half the 95 % interval of a uniform parameter on 0 to 1."""


def half_widths(functions: list[object], pairs: Mapping[tuple[str, str], float] | None = None) -> list[float]:
    walk = made(functions, dict.fromkeys("abc", UNIT), pairs or {}, "mc")  # type: ignore[arg-type]
    known = {name: [number] for number, name in enumerate("abc")}
    return propagate(walk.kernel, known, walk.kernel.groups).half_width.tolist()


def test_additive_and_product() -> None:
    """Central values are 1/2: squares of (1, 2, 4) add; a product has slopes 1/2; a square has slope 1."""
    found = half_widths([additive, product, first_alone])
    assert found == pytest.approx([WIDE * np.sqrt(21), WIDE * np.sqrt(0.5), WIDE], rel=1e-6)


def test_correlated_terms_add_their_covariance() -> None:
    r = normal_correlation(0.5)
    [found] = half_widths([additive], {("a", "b"): 0.5})
    assert found == pytest.approx(WIDE * np.sqrt(21 + 2 * r * 1 * 2), rel=1e-6)


def test_swings_are_one_at_a_time() -> None:
    walk = made([additive], dict.fromkeys("abc", UNIT), {}, "mc")
    known = {name: [number] for number, name in enumerate("abc")}
    found = propagate(walk.kernel, known, ())
    assert found.central.tolist() == [3.5]
    assert found.swings[:, 0].ravel().tolist() == pytest.approx([3.05, 3.95, 2.6, 4.4, 1.7, 5.3])


def test_percents_and_sides() -> None:
    one = Comparison(100.0, 20.0, 110.0, 88.0, 143.0, 14.0)
    assert one.percent == pytest.approx(20.0)
    assert one.percents == pytest.approx((25.0, 20.0, 30.0))
    assert np.isnan(Comparison(0.0, 1.0, 0.0, -1.0, 1.0, 0.5).percent)


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (Comparison(100, 20, 100, 80, 120, 10), ["both agree"]),
        (Comparison(100, 20, 100, 90, 140, 10), ["skewed upwards", "Approach 1 is narrower, 0.80 times"]),
        (Comparison(100, 20, 100, 60, 110, 10), ["skewed downwards", "narrower"]),
        (Comparison(90, 20, 100, 80, 120, 10), ["the mean lies above the central value, by 50% of the half width"]),
        (Comparison(100, 40, 100, 80, 120, 10), ["Approach 1 is wider, 2.00 times"]),
        (Comparison(100, 80, 100, 20, 180, 40), ["standard deviation above 30 % of the mean: use Approach 2"]),
        (Comparison(100, 0, 100, 100, 100, 0), ["nothing is uncertain"]),
        (Comparison(100, 1, float("nan"), 1, 1, 1), ["no finite value"]),
    ],
)
def test_words(comparison: Comparison, words: list[str]) -> None:
    said = comparison.words()
    assert left_in(comparison.words("ja"), "en", "approach") == []
    assert len(said.split("; ")) == len(words)
    assert all(one in said for one in words), said
