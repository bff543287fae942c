"""Members of dependent groups that are not drawn keep their places, so nothing that is drawn moves by a bit.

A group's factor is triangular in the order in which its members were declared. Whoever is fixed, belongs to a programme
that is left out, or is declared later must leave all others' draws as they were, by random numbers and Sobol' points.
"""

from collections.abc import Mapping
from functools import cache
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsim.binding import Binding
from ctsim.catalog import Scenario, load
from ctsim.coordinates import assign
from ctsim.dependence import Group, cholesky, declared, groups, nearest, normal_correlation, ties_of
from ctsim.kernel import Kernel, Target
from ctsim.switches import switched
from tests import runs

FloatArray = npt.NDArray[np.float64]
METHODS = ("mc", "sobol")
CLIMATE = (
    "hydrogen_supply_chain.progress_2040", "water_electrolysis.progress_2040", "plastic_feedstock.progress_2040",
    "next_generation_aircraft.parts_progress_2040",
)  # fmt: skip
"""The largest group that draws of the framework have, in the order in which it is declared."""


def draws(scenario: Scenario, method: str) -> dict[str, FloatArray]:
    """A tile of everything that varies, by label. No steps: nothing has to be compiled."""
    rows = scenario.binding.rows
    targets = [Target("row", (str(i),), "", (("row", i, 1.0),)) for i in range(len(rows))]
    nets = assign(scenario.streams, scenario.programmes) if method == "sobol" else None
    values = Kernel(Binding(rows, ()), targets, 11, nets, groups=scenario.groups).evaluate(0, 1)
    return {row.label: one for row, one in zip(rows, values, strict=True) if row.varies}


@cache
def whole(method: str) -> dict[str, FloatArray]:
    return draws(runs.scenario(), method)


def same(one: Mapping[str, FloatArray], other: Mapping[str, FloatArray]) -> set[str]:
    """The labels of both; every draw has the same bits."""
    common = set(one) & set(other)
    assert [name for name in sorted(common) if one[name].tobytes() != other[name].tobytes()] == []
    return common


# ---- what is fixed, left out or untied


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("member", CLIMATE)
def test_a_fixed_member_keeps_its_place(member: str, method: str) -> None:
    fixed = switched(runs.scenario(), fix=member)
    assert same(draws(fixed, method), whole(method)) == set(whole(method)) - {member}
    [group] = [one for one in fixed.groups if CLIMATE[0] in one.streams]
    last = max(place for place, name in enumerate(CLIMATE) if name != member)
    assert group.streams == CLIMATE[: last + 1]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("left_out", [one.partition(".")[0] for one in CLIMATE])
def test_a_member_of_a_programme_that_is_left_out_keeps_its_place(left_out: str, method: str, tmp_path: Path) -> None:
    """The three others of the group are drawn alone, each as in a run of all programmes."""
    others = [name for name in dict.fromkeys(one.partition(".")[0] for one in CLIMATE) if name != left_out]
    part = load(runs.study(tmp_path, others))
    found = same(draws(part, method), whole(method))
    assert set(CLIMATE) - found == {one for one in CLIMATE if one.startswith(left_out)}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("member", CLIMATE)
def test_one_programme_alone_is_drawn_as_in_the_whole(member: str, method: str, tmp_path: Path) -> None:
    alone = load(runs.study(tmp_path, [member.partition(".")[0]]))
    assert member in same(draws(alone, method), whole(method))


@pytest.mark.parametrize("method", METHODS)
def test_without_dependence_only_those_that_follow_move(method: str) -> None:
    """First members and everything outside groups stay; every later member that varies becomes its own."""
    free = draws(switched(runs.scenario(), dependence=0), method)
    followers = {name for group in runs.scenario().groups for name in group.streams[1:]}
    moved = {name.partition("@")[0] for name, values in free.items() if (values != whole(method)[name]).any()}
    assert moved == followers & {name.partition("@")[0] for name in free}
    assert len(moved) >= len(runs.scenario().groups)


def test_streams_are_drawn_for_ghosts_too(tmp_path: Path) -> None:
    """Sobol' points need a coordinate for whoever is mixed into others, row or not."""
    alone = load(runs.study(tmp_path, ["water_electrolysis"]))
    rows = {row.stream for row in alone.binding.rows}
    ghosts = [one.stream for one in alone.streams if one.stream not in rows]
    assert CLIMATE[0] in ghosts and CLIMATE[2] not in ghosts, "only those before a member that is drawn"
    assert len({one.stream for one in alone.streams}) == len(alone.streams)
    assert set(assign(alone.streams, alone.programmes)) == {one.stream for one in alone.streams}


# ---- groups by themselves

UNIT = st.floats(-0.95, 0.95)


def pairs_of(names: str, values: list[float]) -> dict[tuple[str, str], float]:
    return dict(zip(combinations(names, 2), values, strict=True))


@given(st.lists(st.floats(-0.3, 0.3), min_size=10, max_size=10))
def test_a_later_member_changes_no_earlier_row(values: list[float]) -> None:
    """Rows of the factor of five members are, up to the fourth, those of four: the bits, not nearly."""
    [five] = groups(pairs_of("abcde", values))
    before = {names: rho for names, rho in pairs_of("abcde", values).items() if "e" not in names}
    [four] = groups(before)
    assert five.streams[:4] == four.streams
    assert five.factor[:4, :4].tobytes() == four.factor.tobytes()


@given(st.lists(st.floats(-0.3, 0.3), min_size=10, max_size=10), st.sets(st.sampled_from("abcde")))
def test_a_group_ends_with_the_last_that_is_wanted(values: list[float], wanted: set[str]) -> None:
    [group] = groups(pairs_of("abcde", values))
    cut = group.up_to(wanted)
    if not wanted - {"a"}:
        assert cut is None, "the first member's draws are its own"
    else:
        assert cut is not None and cut.streams == tuple("abcde"[: "abcde".index(max(wanted)) + 1])
        assert cut.factor.tobytes() == group.factor[: len(cut.streams), : len(cut.streams)].tobytes()


@given(st.lists(UNIT, min_size=6, max_size=6))
def test_the_factor_is_cholesky_s_or_there_is_none(values: list[float]) -> None:
    """numpy's least eigenvalue is the witness, where it is not within rounding of 0."""
    matrix = np.eye(4)
    for (i, j), rho in zip(combinations(range(4), 2), values, strict=True):
        matrix[i, j] = matrix[j, i] = rho
    least = float(np.linalg.eigvalsh(matrix)[0])
    factor = cholesky(matrix)
    if least > 1e-6:
        assert factor is not None and np.abs(factor @ factor.T - matrix).max() < 1e-14
        assert (np.triu(factor, 1) == 0).all() and (np.diag(factor) > 0).all()
    elif least < -1e-6:
        assert factor is None
        near = nearest(matrix)
        assert cholesky(near) is not None and np.abs(np.diag(near) - 1).max() < 1e-15


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_a_chain_at_the_bounds_has_one_will(order: tuple[str, ...]) -> None:
    """Rank correlations of 1 and -1 leave later members no part of their own."""
    signs = {"a": 1.0, "b": -1.0, "c": 1.0}
    [group] = groups({(x, y): signs[x] * signs[y] for x, y in combinations(order, 2)})
    assert group.streams == order
    expected = [[signs[name] * signs[order[0]], 0.0, 0.0] for name in order]
    assert np.abs(group.factor - expected).max() < 1e-15 and (group.factor[:, 1:] == 0).all()


def test_ties_name_all_but_the_first() -> None:
    factor = np.array([[1.0, 0.0], [0.6, 0.8]])
    assert ties_of([Group(("a", "b"), factor), Group(("c", "d"), factor)]) == {
        "b": (("a", "b"), (0.6, 0.8)), "d": (("c", "d"), (0.6, 0.8)),
    }  # fmt: skip


def test_a_pair_said_again_stays_in_its_place() -> None:
    """The later word holds, the order is that of the first: else a correction would reorder the group."""
    pairs = declared([("abc", 0.4), ("ca", 0.1), ("ab", 0.6)])
    assert list(pairs) == [("a", "b"), ("a", "c"), ("b", "c"), ("c", "a")]
    [group] = groups(pairs)
    assert group.streams == ("a", "b", "c")
    product = group.factor @ group.factor.T
    expected = [normal_correlation(rho) for rho in (0.6, 0.1, 0.4)]
    assert [product[0, 1], product[0, 2], product[1, 2]] == pytest.approx(expected, abs=1e-15)
