"""What ctsim computes itself of scipy's families, against closed forms, characteristic functions and scipy."""

import math
from time import monotonic

import numpy as np
import pytest
from scipy import stats

from ctsim.distributions import PIECES, build, density, own, quantile
from ctsim.distributions.tables import TableError
from ctsim.errors import InputError

FAR = np.array([1e-3, 0.02, 0.7, 3.0, 11.0, 150.0, 1e4])
TAILS = np.ldexp(np.rint(np.ldexp(np.append(np.geomspace(1e-12, 0.5, 60)[:-1], [0.001, 0.25]), 64)), -64)


# ----------------------------------------------------------------------------------------------------------- constants
def test_constants_written_out_are_numpys() -> None:
    nodes, weights = np.polynomial.legendre.leggauss(16)
    assert density.LEGENDRE[0] == pytest.approx(nodes, abs=1e-15)
    assert density.LEGENDRE[1] == pytest.approx(weights, abs=1e-15)
    angles = np.pi * (np.arange(16) + 0.5) / 16
    assert np.cos(np.outer(angles, np.arange(16))) == pytest.approx(density._CHEBYSHEV, abs=1e-14)  # of numpy's angles
    assert pytest.approx(np.cos(np.pi * np.arange(17) / 32), abs=1e-15) == density._COSINES


def test_legendres_rule_is_exact_to_degree_31() -> None:
    nodes, weights = density.LEGENDRE
    for degree in range(32):
        assert math.fsum(weights * nodes**degree) == pytest.approx(0 if degree % 2 else 2 / (degree + 1), abs=2e-15)


def test_values_at_chebyshevs_points_give_back_a_polynomial() -> None:
    wanted = np.random.default_rng(3).normal(size=(5, 16))
    points = density._CHEBYSHEV[:, 1]
    values = np.polynomial.chebyshev.chebval(points, wanted.T)
    assert density._fitted(values) == pytest.approx(wanted, abs=1e-13)


def test_last_digits_of_a_density_leave_no_trace() -> None:
    """One value in a hundred a unit in the last place off, as between CPUs: the panels have the same bits."""
    rng = np.random.default_rng(5)

    def exact(x: density.FloatArray) -> density.FloatArray:
        return np.exp(-(np.abs(x) ** 1.5))

    def off(x: density.FloatArray) -> density.FloatArray:
        values = exact(x)
        return np.where(rng.random(x.shape) < 0.01, np.nextafter(values, 1.0), values)

    plain, other = (density.integrate(one, -np.inf, np.inf, 0.0, 1.0, monotonic() + 60) for one in (exact, off))
    assert plain.integral.tobytes() == other.integral.tobytes()
    assert plain.edges.tobytes() == other.edges.tobytes()


# ------------------------------------------------------------------------------------------------------------ densities
def test_stable_densities_with_closed_forms() -> None:
    normal, levy, cauchy = own._stable(2.0, 0.0), own._stable(0.5, 1.0), own._stable(1.0, 0.0)
    near = FAR[FAR < 20]
    assert normal(near) == pytest.approx(stats.norm(scale=math.sqrt(2)).pdf(near), rel=1e-12)
    assert normal(-near).tolist() == normal(near).tolist()
    assert levy(FAR) == pytest.approx(stats.levy.pdf(FAR), rel=1e-12)
    assert levy(-FAR).tolist() == [0.0] * len(FAR)
    assert cauchy(FAR) == pytest.approx(stats.cauchy.pdf(FAR), rel=1e-14)


@pytest.mark.parametrize(("alpha", "beta"), [(1.8, -0.5), (0.7, 0.3), (1.2, 1.0), (1.05, 0.5)])
def test_stable_densities_have_their_power_law_and_are_smooth_at_zero(alpha: float, beta: float) -> None:
    f = own._stable(alpha, beta)
    far = np.array([10.0 ** (14 / alpha)])
    share = alpha * math.sin(math.pi * alpha / 2) * math.gamma(alpha) / math.pi
    assert f(far) * far ** (alpha + 1) == pytest.approx(share * (1 + beta), rel=1e-6)
    assert f(-far) * far ** (alpha + 1) == pytest.approx(share * (1 - beta), rel=1e-6)
    below, at, above = f(np.array([-1e-9, 0.0, 1e-9]))
    assert below == pytest.approx(at, rel=1e-7)
    assert above == pytest.approx(at, rel=1e-7)


@pytest.mark.parametrize(("alpha", "beta"), [(1.8, -0.5), (0.7, 0.3), (1.2, 1.0)])
def test_stable_quantiles_have_the_characteristic_function(alpha: float, beta: float) -> None:
    """exp(-t^alpha (1 - i beta tan(pi alpha / 2))), which scipy has no part in; by 2^17 equally likely quantiles.

    Far out their distances exceed a period: a thousand of them count as noise, 1e-3 at most. The other sign of beta
    would be 0.1 off.
    """
    ours = build("scipy", {"name": "levy_stable", "alpha": alpha, "beta": beta})
    x = quantile(ours, (np.arange(2**17) + 0.5) / 2**17)
    for t in (0.3, 1.0, 2.0):
        expected = np.exp(-(t**alpha) * (1 - 1j * beta * math.tan(math.pi * alpha / 2)))
        assert np.exp(1j * t * x).mean() == pytest.approx(expected, abs=1e-3)


def test_stable_densities_near_alpha_one_are_refused() -> None:
    for alpha, beta in ((1.0, 0.5), (1.01, 0.0), (0.99, -1.0)):
        with pytest.raises(TableError, match=r"within 0\.02 of 1"):
            own._stable(alpha, beta)


@pytest.mark.parametrize("df", [1.0, 4.5, 60.0])
def test_the_range_of_two_is_students_t(df: float) -> None:
    q = np.array([1e-3, 0.3, 1.0, 4.0, 15.0])
    expected = math.sqrt(2) * stats.t.pdf(q / math.sqrt(2), df)
    assert own._studentized_range(2.0, df)(q) == pytest.approx(expected, rel=3e-11)


def test_ranges_of_normal_numbers() -> None:
    w = np.array([1e-6, 0.01, 0.5, 1.99, 2.01, 5.0, 12.0])
    assert own._normal_range(2.0)(w) == pytest.approx(math.sqrt(2) * stats.norm.pdf(w / math.sqrt(2)), rel=1e-12)
    # of three: 3 / (sqrt(pi)) exp(-w^2/4) erf(w / sqrt(12)) (A. T. McKay and E. S. Pearson's form by convolution)
    erf = np.array([math.erf(one / math.sqrt(12)) for one in w])
    assert own._normal_range(3.0)(w) == pytest.approx(3 / math.sqrt(math.pi) * np.exp(-w * w / 4) * erf, rel=1e-12)
    for k in (1.5, 20.0, 1000.0):
        span = density.integrate(own._normal_range(k), 0.0, math.inf, 1.0 + math.log(k), 1.0, monotonic() + 60)
        assert span.total == pytest.approx(1.0, abs=1e-11)


def test_studentized_ranges_equal_scipys() -> None:
    ours, oracle = build("scipy", {"name": "studentized_range", "k": 10, "df": 4.5}), stats.studentized_range(10, 4.5)
    p = np.array([0.01, 0.3, 0.9, 0.999])
    assert oracle.cdf(quantile(ours, p)) == pytest.approx(p, abs=1e-9)


# --------------------------------------------------------------------------------------------------------- quantiles
@pytest.mark.parametrize("c", [0.01, 0.3, 4.4])
def test_powers_of_the_normal_distribution(c: float) -> None:
    """Where c < 1 the upper quantile of v is far out: that of v^(1/c) of a normal distribution."""
    ours = build("scipy", {"name": "powernorm", "c": c})
    upper = quantile(ours, TAILS, upper=True)
    logs = stats.norm.logsf(upper) * c
    assert logs == pytest.approx(np.log(TAILS), rel=2e-8, abs=2e-9 * max(1.0, c))
    lower = quantile(ours, TAILS)
    logs = np.log1p(-TAILS) / c
    below = stats.norm.ppf(-np.expm1(logs))
    assert lower == pytest.approx(np.where(logs > -1, below, stats.norm.isf(np.exp(logs))), rel=2e-9, abs=1e-8)


def test_distribution_functions_on_the_circle() -> None:
    for kappa in (0.5, 4.0, 49.0):
        ours = own._von_mises(kappa)
        for x in (-3.0, -0.2, 0.0, 0.1, 1.5):
            assert ours(x) == pytest.approx(stats.vonmises.cdf(x, kappa), abs=1e-12)
    nodes, weights = np.polynomial.legendre.leggauss(80)
    for kappa in (50.0, 1e4, 1e6):
        x = 1.3 / math.sqrt(kappa)
        mass = x / 2 * (weights * stats.vonmises.pdf(x / 2 * (1 + nodes), kappa)).sum()
        assert own._von_mises(kappa)(x) == pytest.approx(0.5 + mass, abs=1e-12)


@pytest.mark.parametrize("kappa", [50.0, 200.0, 1e5])
def test_narrow_distributions_on_the_circle(kappa: float) -> None:
    ours = build("scipy", {"name": "vonmises", "kappa": kappa})
    p = np.array([0.001, 0.2, 0.5, 0.77])
    assert [own._von_mises(kappa)(x) for x in quantile(ours, p)] == pytest.approx(p, abs=1e-9)
    assert ours.mean == 0.0
    assert ours.kind != PIECES


def test_what_cannot_be_checked_is_refused() -> None:
    """From df = 100,000 on scipy takes an approximation, which contradicts the density."""
    with pytest.raises(InputError, match="contradict each other"):
        build("scipy", {"name": "studentized_range", "k": 3, "df": 100_000})
