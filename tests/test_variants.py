"""What is exchanged: reach of every parameter, conditional weights of dependent groups, shares as one player."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ctsim.binding import Binding, Row
from ctsim.dependence import groups, normal_correlation
from ctsim.errors import InputError, Place
from ctsim.kernel import Kernel, Target
from ctsim.programme import Spread
from ctsim.variants import OTHER, Mixed, Reach, Variant, check_wholes, exchanged, group_name, places, streams, variants
from tests import runs
from tests.test_exchange import CASES, sampled, targets_at, walk_of_case
from tests.test_indices import NORMAL, PAIRS, UNIT, additive, analysed, covariance, linear, made, product

FloatArray = npt.NDArray[np.float64]
EVERY = runs.scenario().binding


def whole_report() -> Kernel:
    """Every step of the report as a target, and one sum."""
    steps = [Target("step", (str(k),), "", (("step", k, 1.0),)) for k in range(len(EVERY.steps))]
    both = Target("sum", ("s",), "", (("step", 0, 1.0), ("step", len(EVERY.steps) - 1, 2.0)))
    return Kernel(EVERY, [*steps, both], 0, groups=runs.scenario().groups)


# ---- reach


def test_reach_of_every_row_of_the_report_is_what_the_binding_says() -> None:
    """Bit masks forwards against sets of rows by step (`Binding.reach`), for each row of the report."""
    kernel = whole_report()
    by_step, reach, last = kernel.binding.reach, Reach(kernel), len(EVERY.steps)
    places = [target.parts[0][1] for target in kernel.targets[:last]]
    assert [by_step[k] for k in places] == EVERY.reach  # costly parts are steps of their own
    for row in range(len(EVERY.rows)):
        expected = [k for k, rows in enumerate(by_step) if row in rows]
        both = [last] if row in by_step[0] | by_step[-1] else []
        assert reach.steps([row]) == expected
        assert reach.targets([row]) == [k for k in range(last) if row in EVERY.reach[k]] + both
        assert reach.sums([row]) == [kernel.sums.at[last]] * len(both)


def test_reach_of_several_rows_is_their_union() -> None:
    reach = Reach(whole_report())
    rows = [0, 7, 31, len(EVERY.rows) - 1]
    assert reach.steps(rows) == sorted({step for row in rows for step in reach.steps([row])})
    assert reach.steps([]) == reach.targets([]) == reach.sums([]) == []


@pytest.mark.parametrize("case", CASES)
def test_what_a_row_does_not_reach_does_not_move(case: str) -> None:
    """Each varying row replaced by other draws of it: targets that change by a bit are among those it reaches."""
    found = walk_of_case(case)
    kernel, reach = found.kernel, Reach(found.kernel)
    a, b = sampled(kernel, 0)[:, :64].copy(), sampled(found.other, 0)[:, :64]
    before, moved = targets_at(kernel, a), 0
    for row in (row for rows in found._rows.values() for row in rows):
        changed = a.copy()
        changed[row] = b[row]
        after = targets_at(kernel, changed)
        differs = np.flatnonzero((after != before).any(axis=1)).tolist()
        assert set(differs) <= set(reach.targets([row]))
        moved += len(differs)
    assert moved > 10


# ---- players


def test_only_streams_that_vary_and_reach_a_target_play() -> None:
    found = made([product], dict.fromkeys("abc", UNIT), {}, "mc")
    assert streams(found.kernel) == {"a": [0], "b": [1]}
    fixed = made([product], {"a": UNIT, "b": ("fixed", {"value": 2.0})}, {}, "mc")
    assert streams(fixed.kernel) == {"a": [0]}


def test_shares_of_a_whole_play_as_one_and_years_of_a_parameter_too() -> None:
    known = streams(walk_of_case("shares").kernel)
    rows = walk_of_case("shares").kernel.binding.rows
    for year in ("2030", "2050"):
        mine = {rows[k].stream for k in known[f"waste_carbon_cycle.waste_{year} (shares)"]}
        assert len(mine) == 6 and not mine & set(known)
    by_year = streams(walk_of_case("report").kernel)
    several = [name for name, found in by_year.items() if len(found) > 1]
    assert several and all(
        {walk_of_case("report").kernel.binding.rows[k].stream for k in by_year[one]} == {one} for one in several
    )


def row(stream: str, year: str = "", whole: str = "") -> Row:
    spread = Spread("uniform", {"low": 0.1, "high": 0.9}, None, False, "assumed", "")
    return Row(stream, year, "1", 0.5, 0.5, spread, "assumed", Place(Path("a.toml"), 3), whole)


@pytest.mark.parametrize(
    ("rows", "movers"),
    [
        ([row("a"), row("b")], ["a", "b"]),
        ([row("a", "2030"), row("a", "2050")], ["a", "a"]),
        ([row("a", whole="w"), row("b", whole="w"), row("c")], ["w (shares)"] * 2 + ["c"]),
        # one stream for both years: the wholes of the years are not independent
        ([row("a", "2030", "w@2030"), row("b", "2030", "w@2030"),
          row("a", "2050", "w@2050"), row("b", "2050", "w@2050")],
         ["w@2030 (shares) + w@2050 (shares)"] * 4),
        # streams of their own for each year
        ([row("a@2030", "2030", "w@2030"), row("b@2030", "2030", "w@2030"),
          row("a@2050", "2050", "w@2050"), row("b@2050", "2050", "w@2050")],
         ["w@2030 (shares)"] * 2 + ["w@2050 (shares)"] * 2),
        # one member has, one has not: still not independent
        ([row("a", "2030", "w@2030"), row("b@2030", "2030", "w@2030"), row("a", "2050", "w@2050"),
          row("b@2050", "2050", "w@2050"), row("c")], ["w@2030 (shares) + w@2050 (shares)"] * 4 + ["c"]),
    ],
)  # fmt: skip
def test_movers_have_no_stream_in_common(rows: list[Row], movers: list[str]) -> None:
    assert list(Binding(tuple(rows), ()).movers) == movers


def test_a_share_in_a_dependent_group_is_refused_in_one_line() -> None:
    found = made([product], dict.fromkeys("ab", UNIT), {("a", "b"): 0.5}, "mc").kernel
    check_wholes(found, found.groups)
    rows = tuple(replace(one, composition="all", place=Place(Path("p.toml"), 7)) for one in found.binding.rows[:1])
    shares = Kernel(Binding((*rows, *found.binding.rows[1:]), found.binding.steps), found.targets, 0)
    with pytest.raises(InputError) as told:
        check_wholes(shares, found.groups)
    [line] = str(told.value).splitlines()
    assert line.startswith("p.toml:7: a: a share of 'all' and in a [[dependence]]: ")


# ---- dependent groups


def weights(mixed: dict[int, list[Mixed]], members: int) -> FloatArray:
    """(member, 2 members) by member."""
    found = np.zeros((members, 2 * members))
    for member, [one] in mixed.items():
        found[member] = one.weights
    return found


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("cut", [0, 1, 2, 3])
@pytest.mark.parametrize("own_first", [True, False])
def test_mixed_scores_are_conditional_draws(order: tuple[int, ...], cut: int, own_first: bool) -> None:
    """They have the group's correlations; known members are their sample's, the others know of it what those say.

    By matrices: for normal variables the covariance with the sample that is known is that of the regression on them.
    """
    walk = made([linear], dict.fromkeys("abcd", NORMAL), PAIRS, "mc")
    [place] = walk.groups
    true = covariance()[:3, :3]
    found = weights(place.mixed(order, cut, own_first), 3)
    np.testing.assert_allclose(found @ found.T, true, atol=1e-12)
    factor = np.asarray(place.group.factor)
    known, halves = list(order[:cut]), {True: found[:, :3], False: found[:, 3:]}
    with_known = halves[own_first] @ factor.T  # covariance with the sample that is known
    slope = true[:, known] @ np.linalg.inv(true[np.ix_(known, known)]) if known else np.zeros((3, 0))
    np.testing.assert_allclose(with_known[:, known], slope @ true[np.ix_(known, known)], atol=1e-12)
    np.testing.assert_allclose(halves[own_first] @ halves[own_first].T, slope @ true[known], atol=1e-12)
    for member in known:
        np.testing.assert_allclose(halves[own_first][member], factor[member], atol=1e-12)
        np.testing.assert_allclose(halves[not own_first][member], 0.0, atol=1e-12)


def test_kinds_of_variants() -> None:
    walk = made([linear], dict.fromkeys("abcd", NORMAL), PAIRS, "mc", evidence=["b", "d"])
    assert [(one.kind, one.name) for one in walk.variants] == [
        ("alone", "d"), ("group", "a + b + c"), ("first", "a"), ("last", "a"), ("first", "b"), ("last", "b"),
        ("first", "c"), ("last", "c"), ("evidence first", ""), ("evidence last", ""),
    ]  # fmt: skip
    assert group_name(walk.groups[0].group) == "a + b + c"


def test_the_chosen_first_bring_all_others_and_last_only_their_own() -> None:
    walk = made([linear], dict.fromkeys("abcd", NORMAL), PAIRS, "mc")
    known = streams(walk.kernel)

    def swapped(chosen: str, first: bool) -> tuple[list[int], list[int]]:
        """Rows from the other sample as they are, and mixed ones."""
        one: Variant = exchanged("", "", chosen, known, walk.groups, first=first)
        return [r for r, m in one.swaps if m is None], [r for r, m in one.swaps if m is not None]

    assert swapped("a", True) == ([0], [1, 2])
    assert swapped("a", False) == ([], [0])
    assert swapped("ad", False) == ([3], [0])
    assert swapped("abc", False) == swapped("abc", True) == ([0, 1, 2], [])
    assert swapped("", True) == ([], [])
    assert OTHER == -1  # as compiled code has it


def test_no_evidence_makes_no_variant() -> None:
    walk = made([additive], dict.fromkeys("abc", UNIT), {}, "mc")
    assert [one.kind for one in variants(streams(walk.kernel), [], [])] == ["alone"] * 3


def test_groups_without_a_member_that_plays_have_no_place() -> None:
    found = groups({("a", "b"): 0.5, ("x", "y"): 0.5})
    [place] = places(found, {"y": [4]})
    assert place.group.streams == ("x", "y") and place.rows == ((), (4,)) and place.members == 4
    assert place.start == [one.streams for one in found].index(("x", "y")) * 2


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_who_follows_another_entirely_has_nothing_of_its_own(order: tuple[int, ...], cut: int) -> None:
    """Rank correlation 1 (comonotone): the correlations are kept, and a and b are one in whatever order."""
    walk = made([additive], dict.fromkeys("abc", NORMAL), {("a", "b"): 1.0, ("a", "c"): 0.5, ("b", "c"): 0.5}, "mc")
    [place] = walk.groups
    found = weights(place.mixed(order, cut, True), 3)
    rho = normal_correlation(0.5)
    np.testing.assert_allclose(found @ found.T, [[1, 1, rho], [1, 1, rho], [rho, rho, 1]], atol=1e-12)


def test_comonotone_parameters_have_the_indices_of_one() -> None:
    """a + 2b + 4c with a = b: each of a and b explains 9 of 25 by itself, neither has a total of its own."""
    pairs = {("a", "b"): 1.0, ("b", "c"): 0.0}
    found = analysed([additive], dict.fromkeys("abc", NORMAL), 2**15, pairs)
    for name, expected in (("a", (9 / 25, 0.0, 4.5 / 25)), ("b", (9 / 25, 0.0, 4.5 / 25)), ("c", (16 / 25,) * 3)):
        for (value, _), true in zip(found.of(name), expected, strict=True):
            assert value == pytest.approx(true, abs=0.01)
