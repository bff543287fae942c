"""Every family of scipy.stats as a quantile table: against scipy, against integrals, at kinks, in tails, when cut.

The survey of all families, at several settings of each, is a page of its own (`python -m tests.families`); here are the
families that need their own quantile functions, and one of each other way a table is made.
"""

from dataclasses import replace
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import special, stats

from ctsim.distributions import PIECES, Quantiles, build, continuous, density, fill, pieces, quantile, tables
from ctsim.distributions.shapes import EVERYTHING
from ctsim.errors import InputError
from tests.source import ROOT

FloatArray = npt.NDArray[np.float64]

TAILS = np.rint(np.ldexp(np.append(np.geomspace(1e-12, 0.5, 60)[:-1], [0.001, 0.05, 0.25]), 64)) / 2.0**64
TOLERANCE = 1.2e-9
"""What a table may be wrong by, relative to max(|quantile|, interquartile range), and a little for the oracle."""

SEARCHED: list[tuple[str, dict[str, float]]] = [
    ("argus", {"chi": 1.0}),
    ("dpareto_lognorm", {"u": 3, "s": 1.2, "a": 1.5, "b": 2}),
    ("exponnorm", {"K": 1.5}),
    ("foldcauchy", {"c": 4.7}),
    ("foldnorm", {"c": 1.95}),
    ("gausshyper", {"a": 13.8, "b": 3.12, "c": 2.51, "z": 5.18}),
    ("genhyperbolic", {"p": 0.5, "a": 1.5, "b": -0.5}),
    ("geninvgauss", {"p": 2.3, "b": 1.5}),
    ("irwinhall", {"n": 10}),
    ("norminvgauss", {"a": 1.25, "b": 0.5}),
    ("recipinvgauss", {"mu": 0.63}),
    ("rel_breitwigner", {"rho": 36.5}),
    ("vonmises", {"kappa": 4.0}),
    ("vonmises_line", {"kappa": 4.0}),
]
"""Scipy only searches for the quantiles of these."""
ROUGH: list[tuple[str, dict[str, float]]] = [
    ("alpha", {"a": 3.57}),
    ("genlogistic", {"c": 0.41}),
    ("kappa4", {"h": -0.1, "k": 0.1}),
    ("levy_l", {}),
    ("mielke", {"k": 10.4, "s": 4.6}),
    ("pearson3", {"skew": -2}),
    ("powerlognorm", {"c": 2.14, "s": 0.446}),
    ("powernorm", {"c": 4.4}),
    ("rice", {"b": 0.77}),
    ("skewcauchy", {"a": 0.5}),
    ("skewnorm", {"a": 4.0}),
]
"""Scipy has a formula for these, which loses the digits of one tail."""
BENT: list[tuple[str, dict[str, float]]] = [
    ("triang", {"c": 0.158}),
    ("laplace_asymmetric", {"kappa": 2.0}),
    ("dgamma", {"a": 1.1}),
    ("dweibull", {"c": 2.07}),
    ("gennorm", {"beta": 0.7}),
]
"""These have a kink, a zero or a pole inside."""
SMOOTH: list[tuple[str, dict[str, float]]] = [
    ("arcsine", {}),
    ("tukeylambda", {"lam": -0.5}),
    ("crystalball", {"beta": 0.5, "m": 2.0}),
    ("kstwobign", {}),
    ("semicircular", {}),
    ("trapezoid", {"c": 0.2, "d": 0.8}),
]
REFUSED: list[tuple[str, dict[str, float], str]] = [
    ("kstwo", {"n": 3}, "too slowly and roughly for a table. Use 'empirical'"),
    ("levy_stable", {"alpha": 1.0, "beta": 0.3}, "for alpha within 0.02 of 1"),
    ("studentized_range", {"k": 3, "df": 100_000}, "contradict each other"),
]
ALL = [*SEARCHED, *ROUGH, *BENT, *SMOOTH]


def label(one: object) -> str:
    return "-".join([str(v) for v in one.values()]) if isinstance(one, dict) else str(one)


def built(name: str, arguments: dict[str, float], truncate: tuple[float, float] | None = None) -> Quantiles:
    return build("scipy", {"name": name, **arguments}, truncate)


def drawn(ours: Quantiles, words: npt.NDArray[np.uint64]) -> FloatArray:
    out = np.empty(len(words))
    fill(ours.kind, ours.parameters, ours.table, words, out)
    return out


def scale_of(oracle: Any) -> float:
    return float(oracle.ppf(0.75) - oracle.ppf(0.25))


# ------------------------------------------------------------------------------------- the distribution leads back
@pytest.mark.parametrize(("name", "arguments"), ALL, ids=label)
def test_the_distribution_function_leads_back_from_random_words(name: str, arguments: dict[str, float]) -> None:
    """Scipy's cdf of a value is the word's probability, but for the table's tolerance, at 200 words."""
    oracle, ours = getattr(stats, name)(**arguments), built(name, arguments)
    words = np.random.default_rng(11).integers(0, 2**64, 200, dtype=np.uint64)
    x, p = drawn(ours, words), words * 2.0**-64
    way = TOLERANCE * np.maximum(np.abs(x), scale_of(oracle))
    assert (oracle.cdf(x - way) <= p + 2e-9).all()  # some families integrate their density to 1e-9
    assert (oracle.cdf(x + way) >= p - 2e-9).all()


@pytest.mark.parametrize("upper", [False, True], ids=["lower", "upper"])
@pytest.mark.parametrize(("name", "arguments"), [*SEARCHED, *ROUGH], ids=label)
def test_tails_hold_the_mass_of_the_density(name: str, arguments: dict[str, float], upper: bool) -> None:
    """Between quantiles of 1e-12 and 1/2 lies, by Gauss-Legendre on equal ratios, what the probabilities say."""
    oracle, ours = getattr(stats, name)(**arguments), built(name, arguments)
    v = np.rint(np.ldexp(np.geomspace(1e-12, 0.25, 600), 64)) / 2.0**64
    x = quantile(ours, v, upper)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half, centre = np.diff(x) / 2, (x[1:] + x[:-1]) / 2
    mass = np.abs(half) * (oracle.pdf(centre[:, None] + half[:, None] * nodes) * weights).sum(axis=1)
    wrong = np.abs(np.cumsum(mass) - (v[1:] - v[0])) / oracle.pdf(x[1:])
    assert (wrong <= 3e-9 * np.maximum(np.abs(x[1:]), scale_of(oracle))).all()


@pytest.mark.parametrize(("name", "arguments"), BENT, ids=label)
def test_breaks_lie_at_kinks_and_values_equal_scipys(name: str, arguments: dict[str, float]) -> None:
    oracle, ours = getattr(stats, name)(**arguments), built(name, arguments)
    assert ours.kind == PIECES
    for upper in (False, True):
        expected = oracle.isf(TAILS) if upper else oracle.ppf(TAILS)
        wrong = np.abs(quantile(ours, TAILS, upper) - expected) / np.maximum(np.abs(expected), scale_of(oracle))
        assert wrong.max() < TOLERANCE
    [*_, first, kink, last] = ours.table[-3:]
    assert (first, last) == (0.0, 2.0**53)
    assert kink / 2.0**53 == pytest.approx({"triang": 0.158, "laplace_asymmetric": 0.8}.get(name, 0.5), abs=1e-4)


# ------------------------------------------------------------------------------------------------------- closed forms
def test_quantiles_with_known_inverses_that_scipy_searches_or_loses() -> None:
    """Inverses by hand, with all digits, to tails of 1e-12."""
    one_less = np.log1p(-TAILS)
    forms = [
        ("levy_l", {}, False, -1 / (2 * special.erfinv(TAILS) ** 2)),
        ("foldnorm", {"c": 0.0}, True, -special.ndtri(TAILS / 2)),
        ("powernorm", {"c": 4.4}, False, special.ndtri(-np.expm1(one_less / 4.4))),
        ("mielke", {"k": 10.4, "s": 4.6}, True, np.expm1(-one_less * 4.6 / 10.4) ** (-1 / 4.6)),
        ("laplace_asymmetric", {"kappa": 2.0}, False, np.where(TAILS < 0.8, 2 * np.log(TAILS / 0.8), 0)),
    ]
    for name, arguments, upper, expected in forms:
        assert quantile(built(name, arguments), TAILS, upper) == pytest.approx(expected, rel=1e-9, abs=1e-9), name


def test_a_circle_is_cut_open_at_pi() -> None:
    ours = built("vonmises", {"kappa": 0.5})
    assert (ours.low, ours.high) == (-np.pi, np.pi)
    assert quantile(ours, TAILS) == pytest.approx(quantile(built("vonmises_line", {"kappa": 0.5}), TAILS), abs=1e-9)


def test_moments_of_what_is_made_from_a_density() -> None:
    for name, arguments in [*SEARCHED, *BENT, ("foldcauchy", {"c": 0.5})]:
        oracle, ours = getattr(stats, name)(**arguments), built(name, arguments)
        for got, expected in ((ours.mean, oracle.mean()), (ours.sd, oracle.std())):
            if got is not None:
                assert got == pytest.approx(expected, rel=1e-7, abs=1e-9), name
    assert built("foldcauchy", {"c": 0.5}).mean is None
    assert built("skewcauchy", {"a": 0.5}).sd is None


# --------------------------------------------------------------------------------------------------------- truncation
@pytest.mark.parametrize(
    ("name", "arguments", "interval"),
    [
        ("laplace", {}, (-1.0, 3.0)),
        ("triang", {"c": 0.3}, (0.2, 0.9)),
        ("trapezoid", {"c": 0.2, "d": 0.8}, (0.1, 0.95)),
        ("dgamma", {"a": 0.4}, (-0.5, 2.0)),
        ("exponnorm", {"K": 1.5}, (0.0, 4.0)),
        ("vonmises", {"kappa": 4.0}, (-1.0, 0.5)),
    ],
    ids=label,
)
def test_parts_of_any_family(name: str, arguments: dict[str, float], interval: tuple[float, float]) -> None:
    """The share of a part below a quantile is its probability; a kink inside the part stays sharp."""
    oracle, ours = getattr(stats, name)(**arguments), built(name, arguments, interval)
    low, high = interval
    assert (ours.low, ours.high) == interval
    for upper in (False, True):
        x = quantile(ours, TAILS, upper)
        share = (oracle.cdf(high) - oracle.cdf(x) if upper else oracle.cdf(x) - oracle.cdf(low)) / (
            oracle.cdf(high) - oracle.cdf(low)
        )
        wrong = np.abs(share - TAILS) * (oracle.cdf(high) - oracle.cdf(low)) / oracle.pdf(x)
        assert (wrong <= 2e-9 * (high - low)).all()


def test_a_far_tail_keeps_its_digits() -> None:
    """Beyond 9 standard deviations scipy's exponnorm has no upper probabilities; its density has."""
    ours = built("exponnorm", {"K": 0.5}, (30.0, np.inf))
    v = TAILS[TAILS > 1e-11]
    assert quantile(ours, v, upper=True) == pytest.approx(30.0 - 0.5 * np.log(v), rel=1e-9)
    assert ours.mean == pytest.approx(30.5, rel=1e-9)


@pytest.mark.parametrize(("name", "arguments"), BENT, ids=label)
def test_pieces_mirror_and_stretch(name: str, arguments: dict[str, float]) -> None:
    ours = built(name, arguments)
    mirrored = ours.scaled(-2.0)
    assert quantile(mirrored, TAILS) == pytest.approx(-2 * quantile(ours, TAILS, upper=True), rel=1e-12, abs=1e-12)
    assert (mirrored.low, mirrored.high) == (-2 * ours.high, -2 * ours.low)


@pytest.mark.parametrize(("name", "arguments"), BENT, ids=label)
def test_pieces_at_the_words_where_they_meet(name: str, arguments: dict[str, float]) -> None:
    """Words on both sides of every break, and the first and last of all, ascend and lie in the support."""
    ours = built(name, arguments)
    ends = [int(end) << 11 for end in ours.table[-int(ours.parameters[6]) - 1 :]]
    around = [end + step for end in ends for step in (-(2**40), -2048, -1, 0, 1, 2047, 2**40)]
    words = np.array(sorted({min(max(word, 0), 2**64 - 1) for word in around}), np.uint64)
    x = drawn(ours, words)
    assert np.isfinite(x).all()
    assert (np.diff(x) >= -1e-9 * scale_of(getattr(stats, name)(**arguments))).all()
    assert ((x >= ours.low) & (x <= ours.high)).all()


# ------------------------------------------------------------------------------------------------- who is believed
def test_quantiles_that_contradict_the_density_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smooth table of wrong quantiles is left for the density's own."""
    shape = continuous._from_scipy("scipy.stats.gamma", (2.5,))
    wrong = replace(shape, ppf=lambda v: shape.ppf(v) * (1 + 1e-7))
    table, _, _ = continuous._checked("scipy.stats.gamma", (2.5,), wrong, EVERYTHING)
    values, v = table.tables[0].octaves()
    assert values[0] == pytest.approx(stats.gamma.ppf(v, 2.5), rel=1e-9)


def test_a_density_that_contradicts_the_distribution_function_is_refused() -> None:
    shape = continuous._from_scipy("scipy.stats.exponnorm", (1.5,))
    wrong = replace(shape, cdf=lambda x: shape.cdf(x) * (1 + 1e-6))
    with pytest.raises(tables.TableError, match="contradict each other"):
        continuous._checked("scipy.stats.exponnorm", (1.5,), wrong, EVERYTHING)


def integral(f: density.Density, low: float, high: float) -> density.Panels:
    return density.integrate(f, low, high, 0.3, 1.0, monotonic() + 60)


def test_panels_crowd_around_a_kink_and_carry_all_digits_into_tails() -> None:
    panels = integral(lambda x: np.exp(-np.abs(x - 0.1)) / 2, -np.inf, np.inf)
    assert panels.total == pytest.approx(1.0, abs=1e-13)
    narrowest = np.diff(panels.edges).argmin()
    assert panels.edges[narrowest] == pytest.approx(0.1, abs=1e-6)
    v = np.geomspace(1e-13, 0.4, 50)
    lower, upper = panels.tails()
    assert lower(v) == pytest.approx(0.1 + np.log(2 * v), abs=1e-11)
    assert upper(v) == pytest.approx(0.1 - np.log(2 * v), abs=1e-11)
    assert panels.moments(-np.inf, np.inf) == pytest.approx((0.1, np.sqrt(2)), rel=1e-11)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda x: np.exp(-x * x) * (1 + 1e-6 * np.sin(1e9 * x)), "computed too roughly"),
        (lambda x: np.where(np.abs(x) < 2, np.nan, np.exp(-x * x)), "not finite"),
        (lambda x: 0 * x, "tails reach beyond|zero everywhere"),
        (lambda x: 1 / (2 + np.abs(x)) ** 1.001, "tails reach beyond the largest numbers"),
    ],
)
def test_bad_densities_are_refused(bad: density.Density, message: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(tables.TableError, match=message):
        integral(bad, -np.inf, np.inf)


def test_a_slow_density_is_given_up() -> None:
    with pytest.raises(tables.TableError, match="takes too long"):
        density.integrate(lambda x: np.exp(-x * x), -np.inf, np.inf, 0.0, 1.0, monotonic() - 1)


def test_too_many_kinks_are_refused() -> None:
    """A comb of twenty steps needs more breaks than a table may have."""
    with pytest.raises(tables.TableError, match="has an error of"):
        pieces.pieced(integral(lambda x: 1.0 + (np.floor(40 * x**1.37) % 2), 0.0, 1.0))


def test_several_kinks_get_a_break_each() -> None:
    made = pieces.pieced(integral(lambda x: 1.0 + (np.floor(4 * x**1.37) % 2), 0.0, 1.0))
    masses = np.cumsum(np.diff((np.arange(5) / 4) ** (1 / 1.37)) * [1, 2, 1, 2])
    for mass in masses / masses[-1]:
        assert np.abs(made.ends / 2.0**53 - mass).min() < 1e-9
    assert made.error <= tables.TOLERANCE


def test_whole_numbers_reach_to_1e_15() -> None:
    """Every integer that a word can reach is an atom; what is left out is below 1e-15."""
    counts: list[tuple[str, dict[str, float]]] = [
        ("poisson", {"mu": 30.0}),
        ("geom", {"p": 0.01}),
        ("zipf", {"a": 5.0}),
        ("dlaplace", {"a": 0.8}),
        ("skellam", {"mu1": 4.0, "mu2": 9.0}),
        ("hypergeom", {"M": 50, "n": 20, "N": 15}),
    ]
    for name, arguments in counts:
        values = built(name, arguments).atoms[:, 0]
        oracle = getattr(stats, name)(**arguments)
        assert oracle.cdf(values[0] - 1) + oracle.sf(values[-1]) < 2e-15


def test_the_page_names_every_family_that_is_refused() -> None:
    page = (ROOT / "docs/distributions.md").read_text()
    assert {name for name in continuous.scipy_families() if f"| `{name}` |" in page} == continuous.ROUGH
    assert {name for name, _, why in REFUSED if "too slowly" in why} == continuous.ROUGH


def test_refusals_of_families_say_why_in_one_line() -> None:
    for name, arguments, why in REFUSED:
        with pytest.raises(InputError, match=why) as caught:
            built(name, arguments)
        assert "\n" not in str(caught.value.findings[0])
