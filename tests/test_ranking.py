"""What a reader is told: words of screening and of interactions, tables; and errors that are as large as they say."""

from math import nan
from threading import Event

import numpy as np
import numpy.typing as npt
import pytest

from ctsim.dependence import groups
from ctsim.indices import Walk, indices, second, shapley
from ctsim.kernel import Kernel
from ctsim.ranking import Driver, Ranked, _percent, _share, _sides, _signed
from ctsim.variants import places, streams, variants
from tests.test_indices import NORMAL, PAIRS, UNIT, explained, linear, made, product


def driver(name: str = "p.a", **numbers: float) -> Driver:
    """A parameter with an index of 50 % and no error, but for what is given."""
    every = dict.fromkeys(("S1", "ST", "Sh"), 0.5) | dict.fromkeys(("S1_mcse", "ST_mcse", "Sh_mcse"), 0.0)
    return Driver(name, "assumed", every | numbers)


def cell(*drivers: Driver, name: str = "p.co2_reduction.2030") -> Ranked:
    return Ranked(name, "t", "random", "both agree", {}, drivers)


# ---- screening


@pytest.mark.parametrize(
    ("total", "error", "matters"),
    [
        (0.5, 0.0, True),
        (0.01, 0.0, True),  # the bound itself
        (0.0099, 0.0, False),
        (0.0, 0.0049, False),
        (0.005, 0.003, True),  # two errors included: not sure that it is small
        (nan, 0.0, None),  # not known is neither
        (0.005, nan, None),
    ],
)
def test_a_parameter_matters_unless_its_total_is_surely_small(total: float, error: float, matters: bool | None) -> None:
    assert driver(ST=total, ST_mcse=error).matters is matters


# ---- interactions


@pytest.mark.parametrize(
    ("first", "total", "error", "words"),
    [
        (0.3, 0.3, 0.0, ""),
        (0.3, 0.35, 0.0, ""),
        (0.3, 0.42, 0.0, "together with others: a 12%"),
        (0.3, 0.42, 0.02, ""),  # two errors of each are 8 %, and 5 %: 13 %
        (0.3, 0.42, 0.01, "together with others: a 12%"),
        (0.6, 0.2, 0.0, ""),  # a member of a group shares more than is its own
        (nan, 0.5, 0.0, ""),
    ],
)
def test_words_for_what_parameters_do_together(first: float, total: float, error: float, words: str) -> None:
    assert cell(driver(S1=first, ST=total, S1_mcse=error, ST_mcse=error)).together() == words


def test_all_that_work_together_are_named_without_the_cells_programme() -> None:
    one, other = driver("p.a", S1=0.1, ST=0.4), driver("q.b", S1=0.2, ST=0.5)
    assert cell(one, driver("p.c"), other).together() == "together with others: a 30%, q.b 30%"


# ---- numbers


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(12.3, 0.0, "12 %"), (0.049, 0.0, "0 %"), (-0.01, 0.0, "0 %"), (99.6, 0.0, "100 %"), (nan, 0.0, "")],
)
def test_per_cent(value: float, error: float, text: str) -> None:
    assert _percent(value, error) == text


def test_a_share_is_per_cent_and_not_known_is_empty() -> None:
    assert _share({"Sh": 0.25, "Sh_mcse": 0.001}, "Sh") == "25 %"
    assert _share({"rank": nan}, "rank") == "" == _signed(nan)
    assert _signed(-0.456) == "-0.46"


@pytest.mark.parametrize(
    ("below", "above", "text"),
    [(20.0, 20.0, "±20 %"), (20.0, 24.0, "±22 %"), (10.0, 30.0, "−10 % +30 %"), (nan, 30.0, "")],
)
def test_both_sides_are_told_where_they_differ(below: float, above: float, text: str) -> None:
    half = (below + above) / 2
    assert _sides({"approach2_below": below, "approach2_above": above, "approach2_percent": half}) == text


# ---- errors are as large as they say


SEEDS = 64


def scores(function: object, spreads: dict[str, tuple[str, dict[str, float]]], truth: dict[str, tuple[float, ...]],
           pairs: dict[tuple[str, str], float]) -> npt.NDArray[np.float64]:  # fmt: skip
    """(seed, number): (estimate - truth) / error of S1, ST, Sh of every parameter, independent draws for each seed."""
    found = []
    first = made([function], spreads, pairs, "mc").kernel  # type: ignore[list-item]
    for seed in range(SEEDS):
        kernel = Kernel(first.binding, first.targets, seed, None, first.quantiles, groups=groups(pairs))
        known = streams(kernel)
        dependent = places(kernel.groups, known)
        walk = Walk(kernel, second(kernel, None, seed), variants(known, dependent, []), known, dependent)
        state = walk.run(32, 2, Event())
        assert state is not None
        one, total = indices(walk, state)
        effects, line = shapley(walk, state), []
        for name, true in truth.items():
            kinds = ("first", "last") if ("first", name) in one else ("alone", "alone")
            three = (one[kinds[0], name], total[kinds[1], name], effects[name])
            line += [float((index.value[0] - value) / index.mcse[0]) for index, value in zip(three, true, strict=True)]
        found.append(line)
    return np.array(found)


V = 1 / 12
WHOLE = 0.5 * V + V * V
ENDS = (0.4, 2.3)
"""Of the mean of 64 squares, each of a t variable with 15 degrees of freedom: mean 1.15, deviation 0.23.

Below: 3.3 deviations, and squares of t are skewed to the other side: a false alarm in less than 1 of 2,000 numbers.
Above: 5 deviations, less than 1 of 2,000 with that skew. Errors half as large as they say (a mean of 4.6) or twice
(0.29) are seen in more than 99 of 100.
"""


def test_errors_are_honest_for_a_product() -> None:
    """a b of uniforms: first-order m²v, both together v²."""
    each = ((0.25 * V) / WHOLE, (0.25 * V + V * V) / WHOLE, 0.5)
    found = scores(product, dict.fromkeys("ab", UNIT), {"a": each, "b": each}, {})
    squares = (found**2).mean(axis=0)
    assert (squares > ENDS[0]).all() and (squares < ENDS[1]).all(), squares


def test_errors_are_honest_under_dependence() -> None:
    """First-order and total indices of correlated normal variables; Shapley effects have few orders: not judged."""
    whole = explained([0, 1, 2, 3])
    truth = {name: (explained([i]) / whole, 1 - explained([k for k in range(4) if k != i]) / whole, 0.0)
             for i, name in enumerate("abcd")}  # fmt: skip
    found = scores(linear, dict.fromkeys("abcd", NORMAL), truth, PAIRS)
    squares = (found**2).mean(axis=0).reshape(4, 3)[:, :2]
    assert (squares > ENDS[0]).all() and (squares < ENDS[1]).all(), squares
