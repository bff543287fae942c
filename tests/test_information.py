"""Value of information, narrowing and rank-based indices against closed forms for normal variables and steps.

EVPPI is judged at 2^16 Sobol' points: within 1 % of its largest value, that of knowing everything.
"""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm, qmc, spearmanr

from ctsim.information import (
    bins,
    correlation_error,
    correlation_ratio,
    correlation_ratio_error,
    expected_values,
    in_parts,
    in_replicates,
    narrowing,
    ranks,
    ranks_within,
    widths_by_chance,
)
from ctsim.information import partial_information as partial
from ctsim.information import perfect_information as perfect

FloatArray = npt.NDArray[np.float64]

DRAWS = 2**16
WEIGHTS = np.array([2.0, 1.0, 0.3, 0.0])
WHOLE = float(np.sqrt((WEIGHTS**2).sum()))
REPLICATE = np.arange(DRAWS) // 1024 % 16


@pytest.fixture(scope="module", params=["sobol", "mc"])
def normal(request: pytest.FixtureRequest) -> tuple[FloatArray, FloatArray]:
    """Four standard normal parameters (row, draw), and the sum of them with WEIGHTS."""
    if request.param == "sobol":
        x = norm.ppf(qmc.Sobol(4, rng=3).random(DRAWS).T)
    else:
        x = np.random.default_rng(3).standard_normal((4, DRAWS))
    x = np.ascontiguousarray(x)
    return x, WEIGHTS @ x


def worth(sd: float, threshold: float) -> float:
    """E[max(y - t, 0)] - max(-t, 0) for a normal y with mean 0: the unit normal loss."""
    return sd * norm.pdf(threshold / sd) - abs(threshold) * norm.cdf(-abs(threshold) / sd) if sd else 0.0


@pytest.mark.parametrize("threshold", [0.0, 1.0, -2.0])
def test_information_is_within_one_percent_of_its_largest_value(
    normal: tuple[FloatArray, FloatArray], threshold: float
) -> None:
    """The errors of independent draws are larger: sd / sqrt(n) is 1 % of what everything is worth."""
    x, y = normal
    largest = worth(WHOLE, 0.0)
    allowed = 0.01 if abs(float(y.mean())) < 1e-3 else 0.03
    assert abs(perfect(y, REPLICATE, threshold)[0] - worth(WHOLE, threshold)) <= allowed * largest
    for one, weight in zip(x, WEIGHTS, strict=True):
        found, _ = partial(y, bins(one, 256), REPLICATE, threshold)
        assert abs(found - worth(float(weight), threshold)) <= allowed * largest


def test_what_has_no_effect_is_worth_nothing_exactly() -> None:
    """At the mean, where noise would show most; what only chance makes differ counts as equal (500 seeds: 96 %)."""
    random = np.random.default_rng(1)
    found = [partial(random.standard_normal(4096), bins(random.random(4096), 16),
                                 np.arange(4096) // 256, 0.0)[0] for _ in range(40)]  # fmt: skip
    assert sum(one == 0.0 for one in found) >= 20 and max(found) < 0.02


def test_a_step_is_found() -> None:
    """y is 5 where x > 0.9 and 0 elsewhere: knowing x is worth 0.1 (5 - t) above a mean of 0.5."""
    x = qmc.Sobol(1, rng=1).random(DRAWS)[:, 0]
    y = np.where(x > 0.9, 5.0, 0.0)
    assert partial(y, bins(x, 256), REPLICATE, 1.0)[0] == pytest.approx(0.4, abs=0.01 * 0.45)


def test_expected_values_follow_a_curve(normal: tuple[FloatArray, FloatArray]) -> None:
    x, _ = normal
    parted = bins(x[0], 64)
    found = expected_values(x[0] ** 2 + x[1], parted, REPLICATE)
    middle = norm.ppf(parted.position) ** 2
    assert np.abs(found - middle)[2:-2].max() < 0.2


# ---- narrowing


def known(y: FloatArray, x: FloatArray) -> tuple[float, float]:
    return narrowing(y, parted := in_parts(x), widths_by_chance(y, parted))


def test_narrowing_of_a_normal_sum(normal: tuple[FloatArray, FloatArray]) -> None:
    """Within five errors (one in a hundred thousand of a normal error; four parts make it one in sixty)."""
    x, y = (one[..., : 2**14] for one in normal)
    for one, weight in zip(x, WEIGHTS, strict=True):
        value, error = known(y, one)
        assert abs(value - (1 - np.sqrt(1 - weight**2 / WHOLE**2))) < 5 * error + 1e-3
        assert 0 < error < 0.01


def test_what_does_not_matter_narrows_nothing() -> None:
    """In bins of few draws intervals are narrow by chance alone: without what chance makes, 0.006 would be told."""
    random = np.random.default_rng(11)
    found = [known(random.standard_normal(2**14), random.random(2**14)) for _ in range(60)]
    values, errors = np.array(found).T
    spread = values.std(ddof=1)
    assert abs(values.mean()) < 3 * spread / np.sqrt(60) and 0.8 < errors.mean() / spread < 1.6
    y, parted = random.standard_normal(2**12), in_parts(random.random(2**12))
    low, high = np.quantile(y, (0.05, 0.95))
    assert widths_by_chance(y, parted)[0] < 0.99 * (high - low)


def test_an_only_parameter_leaves_nothing() -> None:
    x = qmc.Sobol(1, rng=1).random(2**14)[:, 0]
    assert known(3 * x + 1, x)[0] > 1 - 1e-3
    assert np.isnan(known(np.ones(2**14), x)[0])


def test_a_rare_event_is_a_bin_of_its_own() -> None:
    """Bernoulli: two bins however many are asked for; each with the other parameter's interval."""
    random = np.random.default_rng(5)
    event, noise = (random.random(2**14) < 0.3).astype(float), random.standard_normal(2**14)
    parted = bins(event)
    assert len(parted.position) == 2 and parted.weights[1] == event.mean()
    low, high = np.quantile(y := 10 * event + noise, (0.05, 0.95))
    assert known(y, event)[0] == pytest.approx(1 - 2 * 1.645 / (high - low), abs=0.01)


def test_bins_are_equal_and_in_order() -> None:
    x = np.random.default_rng(2).random(1000)
    parted = bins(x, 10)
    assert parted.weights.tolist() == [0.1] * 10
    assert (np.diff(x[parted.order]) >= 0).all()
    assert len(bins(np.ones(100)).position) == 1
    several = bins(np.repeat([1.0, 2.0, 3.0], [700, 20, 280]), 10)  # ties are never parted
    assert set(several.starts) <= {0, 700, 720, 1000}


# ---- rank-based


def test_correlation_ratio_is_the_first_order_index(normal: tuple[FloatArray, FloatArray]) -> None:
    x, y = normal
    for one, weight in zip(x, WEIGHTS, strict=True):
        # bins lose what a normal variable does inside the outermost of them
        assert correlation_ratio(y, bins(one)) == pytest.approx(weight**2 / WHOLE**2, abs=0.01)
    assert np.isnan(correlation_ratio(np.ones(DRAWS), bins(x[0])))


def test_ranks_give_spearman_also_for_ties() -> None:
    random = np.random.default_rng(4)
    x, y = random.integers(0, 5, 500).astype(float), random.random(500)
    y += 0.2 * x
    assert float((ranks(x) * ranks(y)).sum()) == pytest.approx(spearmanr(x, y)[0], abs=1e-12)
    assert not ranks(np.ones(5)).any()


# ---- errors

SEEDS = 40
FEWER = 2**14


def seeded(method: str, seed: int) -> FloatArray:
    """Standard normal parameters (row, draw), one Sobol' net scrambled on its own for each replicate."""
    if method == "mc":
        return np.random.default_rng(seed).standard_normal((4, FEWER))
    nets = [qmc.Sobol(4, rng=100 * seed + one).random(FEWER // 16) for one in range(16)]
    return np.ascontiguousarray(norm.ppf(np.concatenate(nets)).T)


def estimates(x: FloatArray) -> dict[str, tuple[float, float]]:
    """Values and errors of one seed."""
    y, replicate = WEIGHTS @ x, in_replicates(FEWER)
    found = {f"everything at {threshold}": perfect(y, replicate, threshold) for threshold in (1.0, -2.0)}
    of_y = ranks(y), ranks_within(y, replicate)
    for name, one in zip("abc", x, strict=False):
        parted = bins(one)
        found[f"rank {name}"] = correlation_ratio(y, parted), correlation_ratio_error(y, parted, replicate)
        error = correlation_error(ranks_within(one, replicate), of_y[1], replicate)
        found[f"spearman {name}"] = float((ranks(one) * of_y[0]).sum()), error
    for name, one in zip("ab", x, strict=False):
        found[f"knowing {name}"] = partial(y, bins(one, 256), replicate, 1.0)
    return found


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_errors_are_those_of_repeated_seeds(method: str) -> None:
    """Root mean square of the errors of 40 seeds, in standard deviations of the values: of 160 seeds 0.94 to 1.35.

    Between 0.7 and 2 at 40 seeds: other seeds would fail in one of a hundred cases (resampled from the 160).
    """
    every = [estimates(seeded(method, seed)) for seed in range(SEEDS)]
    for name in every[0]:
        values, errors = np.array([one[name] for one in every]).T
        assert 0.7 < np.sqrt((errors**2).mean()) / values.std(ddof=1) < 2.0, name


def test_the_error_of_nothing_is_not_too_small() -> None:
    """Of a parameter that does nothing the jackknife is up to twice too large; worth nothing, it has no error."""
    random = np.random.default_rng(8)
    replicate, found = in_replicates(FEWER), list[tuple[float, ...]]()
    for _ in range(SEEDS):
        x, y = random.random((2, FEWER))
        parted = bins(x)
        error = correlation_ratio_error(y, parted, replicate)
        found.append((correlation_ratio(y, parted), error, *partial(y, bins(x, 256), replicate, 0.7)))
    values, errors, worths, of_worths = np.array(found).T
    assert 0.9 < np.sqrt((errors**2).mean()) / values.std(ddof=1) < 2.4
    assert not worths.any() and not of_worths.any()


def test_replicates_are_those_of_tiles_or_parts_of_equal_size() -> None:
    assert in_replicates(2**15).tolist() == (np.arange(32).repeat(1024) % 16).tolist()
    assert np.bincount(in_replicates(2000)).tolist() == [125] * 16
    few = np.arange(64.0)
    assert np.isnan(correlation_error(ranks_within(few, in_replicates(64)), few, in_replicates(64)))
