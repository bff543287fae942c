"""Parameters that move together: correlations as declared, distributions and all other draws as they were."""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm, spearmanr

from ctsim.binding import Binding, Row
from ctsim.dependence import DependenceError, declared, groups, normal_correlation
from ctsim.distributions import quantile
from ctsim.errors import Place
from ctsim.kernel import Kernel, Target
from ctsim.programme import Spread
from tests import runs
from tests.docs import DOCS
from tests.studies import FORMULAS, PAGE, Study, refused, study

__all__ = ["study"]

FloatArray = npt.NDArray[np.float64]
NAMES = ("a", "b", "c", "d", "alone")
DISTRIBUTIONS = {
    "a": ("uniform", {"low": 2.0, "high": 3.0}), "b": ("pert", {"low": 0.0, "mode": 1.0, "high": 4.0}),
    "c": ("lognormal", {"median": 5.0, "gsd": 1.4}), "d": ("bernoulli", {"p": 0.3}),
    "alone": ("normal", {"mean": 0.0, "sd": 1.0}),
}  # fmt: skip
NETS = {name: ("base", number) for number, name in enumerate(NAMES)}
TILES = 128
DRAWS = TILES * 1024
Z = 6.0
"""Standard errors that a statistic may be off: a false alarm of 2e-9 a check."""


def stated_error(draws: int) -> float:
    """How far a sampled rank correlation may be from the declared one, as decision 0021 states it."""
    return Z * 1.06 / sqrt(draws)


def draws(
    pairs: Mapping[tuple[str, str], float], method: str = "mc", names: Sequence[str] = NAMES
) -> dict[str, FloatArray]:
    """Values of every parameter."""
    rows = tuple(
        Row(name, "", "1", 1.0, 1.0, Spread(*DISTRIBUTIONS[name], None, False, "assumed", ""), "assumed", Place())
        for name in names
    )
    targets = [Target("row", (name,), "", (("row", i, 1.0),)) for i, name in enumerate(names)]
    kernel = Kernel(Binding(rows, ()), targets, 7, NETS if method == "sobol" else None, groups=groups(pairs))
    return dict(zip(names, kernel.evaluate(0, TILES), strict=True))


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_rank_correlations_are_those_declared(method: str) -> None:
    pairs = {("a", "b"): 0.6, ("a", "c"): -0.4, ("b", "c"): 0.1}
    found = draws(pairs, method)
    for (x, y), rho in pairs.items():
        # sd of a rank correlation is about (1 - rho^2) * 1.06 / sqrt(n): a shift of 0.02 is seen with certainty.
        assert spearmanr(found[x], found[y])[0] == pytest.approx(rho, abs=stated_error(DRAWS))
    assert abs(spearmanr(found["a"], found["alone"])[0]) < stated_error(DRAWS)


def test_the_stated_error_is_the_one_of_the_decision() -> None:
    text = (DOCS / "decisions/0021-dependence.md").read_text(encoding="utf-8")
    assert f"{stated_error(2**14):.2f} at 2^14 draws, {stated_error(2**20):.3f} at 2^20" in text


def test_every_pair_of_the_shipped_scenario_has_the_declared_correlation() -> None:
    """All declared pairs that are drawn, deliveries apart: their correlation is that of latent scores."""
    scenario, tiles = runs.scenario(), 16
    rows = scenario.binding.rows
    places: dict[str, int] = {}
    for number, row in enumerate(rows):
        if row.varies and row.spread.dist != "bernoulli" and not row.composition:
            places.setdefault(row.stream, number)
    pairs = {pair: rho for pair, rho in scenario.pairs.items() if places.keys() >= set(pair)}
    names = sorted({name for pair in pairs for name in pair})
    targets = [Target("row", (name,), "", (("row", places[name], 1.0),)) for name in names]
    kernel = Kernel(Binding(rows, ()), targets, 5, sample_all=False, groups=scenario.groups)
    values = dict(zip(names, kernel.evaluate(0, tiles), strict=True))
    assert len(pairs) >= 24
    for (a, b), rho in pairs.items():
        found = spearmanr(values[a], values[b])[0]
        assert found == pytest.approx(rho, abs=stated_error(tiles * 1024)), (a, b)


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_every_member_keeps_its_distribution(method: str) -> None:
    found = draws({("a", "b"): 0.8, ("a", "c"): 0.5, ("b", "c"): 0.3, ("c", "d"): 0.6}, method)
    kernel_quantiles = {"b": DISTRIBUTIONS["b"], "c": DISTRIBUTIONS["c"]}
    from ctsim.distributions import build

    for name, (dist, arguments) in kernel_quantiles.items():
        for share in (0.001, 0.05, 0.5, 0.95, 0.999):
            at = quantile(build(dist, arguments, None), [share])[0]
            assert np.mean(found[name] <= at) == pytest.approx(share, abs=Z * sqrt(share * (1 - share) / DRAWS))
    assert np.mean(found["d"]) == pytest.approx(0.3, abs=Z * sqrt(0.21 / DRAWS))


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_other_draws_do_not_change_by_a_bit(method: str) -> None:
    free = draws({}, method)
    two = draws({("a", "b"): 0.6}, method)
    assert all((two[name] == free[name]).all() for name in ("a", "c", "d", "alone"))
    assert (two["b"] != free["b"]).mean() > 0.99
    three = draws({("a", "b"): 0.6, ("a", "c"): 0.5, ("b", "c"): 0.2}, method)
    assert all((three[name] == two[name]).all() for name in ("a", "b", "d", "alone"))


def test_blocks_and_threads_do_not_matter() -> None:
    pairs = {("a", "b"): 0.6}
    whole = draws(pairs)
    names = ("b", "a")
    assert (draws(pairs, names=names)["b"] == whole["b"]).all()


def test_a_group_needs_no_member_that_is_not_drawn_here() -> None:
    whole = draws({("a", "b"): 0.6})
    assert (draws({("a", "b"): 0.6}, names=("b",))["b"] == whole["b"]).all()


def test_normal_correlations_are_pearson_of_rank_correlations() -> None:
    assert normal_correlation(0.0) == 0.0
    assert normal_correlation(1.0) == pytest.approx(1.0)
    assert 6 / np.pi * np.arcsin(normal_correlation(0.6) / 2) == pytest.approx(0.6)


def test_linked_pairs_make_one_group_in_the_order_named() -> None:
    found = groups({("x", "y"): 0.5, ("p", "q"): 0.1, ("y", "z"): 0.5})
    assert [group.streams for group in found] == [("x", "y", "z"), ("p", "q")]
    assert all(np.allclose((group.factor**2).sum(axis=1), 1.0) for group in found)


def test_of_two_declarations_the_later_one_holds() -> None:
    assert declared([(("a", "b"), 0.5), (("a", "b", "c"), 0.2)]) == {("a", "b"): 0.2, ("a", "c"): 0.2, ("b", "c"): 0.2}


def test_correlations_that_contradict_each_other_are_refused_with_the_nearest() -> None:
    with pytest.raises(DependenceError) as caught:
        groups({("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9})
    near = caught.value.nearest
    assert set(near) == {("a", "b"), ("b", "c"), ("a", "c")}
    assert near["a", "b"] < 0.9
    groups(near)  # these can be drawn


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_at_the_bounds_one_member_decides_all(method: str) -> None:
    found = draws({("a", "b"): 1.0, ("a", "c"): -1.0, ("b", "c"): -1.0}, method)
    order = np.argsort(found["a"])
    assert (np.diff(found["b"][order]) >= 0).all() and (np.diff(found["c"][order]) <= 0).all()
    free = draws({}, method)
    assert (found["a"] == free["a"]).all()
    for name in ("b", "c"):  # margins: the members' own functions of the first one's words
        assert np.mean(found[name]) == pytest.approx(np.mean(free[name]), abs=Z * np.std(free[name]) / sqrt(DRAWS) * 2)


def test_bounds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(DependenceError):
        groups({("a", "b"): 1.0, ("b", "c"): 1.0, ("a", "c"): 0.5})


def test_the_nearest_correlations_are_offered_and_not_applied(study: Study) -> None:
    spread = '{ dist = "uniform", low = 0, high = 2, basis = "assumed", reason = "low: a; high: b" }'
    rate = f'[parameter.rate]\nvalue = 1\nunit = "1"\nuncertainty = {spread}\n'
    third = PAGE.replace("[parameter.volume]", f"{rate}[parameter.volume]")
    study.write("programmes/mine.toml", third)
    study.write("formulas/mine.py", FORMULAS.replace("share: Ratio,", "share: Ratio, rate: Ratio,")
                .replace("return share *", "return share * rate *"))  # fmt: skip
    text = (study.folder / "s.toml").read_text(encoding="utf-8")
    pairs = {("share", "volume"): 0.9, ("volume", "rate"): 0.9, ("share", "rate"): -0.9}
    ties = "".join(tie(f'"mine.{a}", "mine.{b}"', rho) for (a, b), rho in pairs.items())
    study.write("s.toml", text + ties)
    said = study.ctsim("check", "s.toml", "--formulas", "formulas")
    assert said.status == 2 and len(said.lines) == 1
    assert "contradict each other; the nearest that do not: mine.share ~ mine.volume 0." in said.lines[0]


def test_scores_become_words_by_the_normal_distribution() -> None:
    from ctsim.dependence import _word

    for score in (-8.5, -5.0, -1.0, -1e-3, 0.0, 1e-9, 0.7, 3.0, 8.0):
        word = int(_word(score))
        tail = word / 2**64 if score <= 0 else (2**64 - 1 - word) / 2**64
        assert tail == pytest.approx(norm.sf(abs(score)), rel=1e-12, abs=2**-63)


def tie(names: str, spearman: float) -> str:
    return f'[[dependence]]\nparameters = [{names}]\nspearman = {spearman}\nbasis = "assumed"\nreason = "test"\n'


def test_a_name_that_is_not_there_is_a_finding(study: Study) -> None:
    text = (study.folder / "s.toml").read_text(encoding="utf-8")
    study.write("s.toml", text + tie('"mine.share", "mine.volum"', 0.5))
    refused(study, ("check", "s.toml", "--formulas", "formulas"), [
        "s.toml:11: dependence.parameters: no parameter 'mine.volum'. Did you mean 'mine.volume'?"])  # fmt: skip


def test_a_scenario_s_dependence_is_drawn_and_kept(study: Study) -> None:
    text = (study.folder / "s.toml").read_text(encoding="utf-8")
    plain = study.ctsim("run", "s.toml", "--formulas", "formulas", "--draws", "16384", "--out", "p", "--quiet")
    study.write("s.toml", text + tie('"mine.share", "mine.volume"', 0.5))
    tied = study.ctsim("run", "s.toml", "--formulas", "formulas", "--draws", "16384", "--out", "t", "--quiet")
    assert (plain.status, tied.status) == (0, 0)
    assert plain.out.splitlines()[-2] != tied.out.splitlines()[-2]
    again = study.ctsim("run", "s.toml", "--formulas", "formulas", "--draws", "16384", "--out", "t", "--quiet")
    assert again.out == tied.out
    assert "dependence" in (study.folder / "t" / "scenario.toml").read_text(encoding="utf-8")
