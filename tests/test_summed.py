"""Every shipped total, draw by draw and to the last bit: sums, bounds, and both at zero dependence."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from ctsim.binding import Binding, Input, Row, Step
from ctsim.composition import total_of
from ctsim.dependence import Group, groups
from ctsim.errors import Place
from ctsim.independent import twinned
from ctsim.kernel import Kernel, Target
from ctsim.programme import METRICS, YEARS, Spread
from ctsim.summed import targets
from ctsim.totals import BOUNDS, INDEPENDENT, overlap
from tests.report import SCENARIOS
from tests.runs import scenario

FloatArray = npt.NDArray[np.float64]
GROUPS = tomllib.loads((SCENARIOS / "totals.toml").read_text(encoding="utf-8"))["group"]
SUMS = [one["id"] for one in GROUPS if one["kind"] == "sum" and "figure" not in one]
OVERLAPS = [one["id"] for one in GROUPS if one["kind"] == "overlap"]
SEED = 11
TILES = 2


@dataclass(frozen=True)
class Drawn:
    """One total: what it is, its own draws, and those of its parts (part, draw)."""

    target: Target
    values: FloatArray
    parts: FloatArray


@cache
def every() -> dict[tuple[str, ...], Drawn]:
    """All totals of more than one member by key, totals without dependence among them, in one pass."""
    binding, found = twinned(scenario().binding, targets(scenario(), YEARS, METRICS), scenario().groups)
    alone = [Target("/part", (str(i),), "1", (part,)) for i, part in enumerate(p for one in found for p in one.parts)]
    values = Kernel(binding, [*found, *alone], SEED, groups=scenario().groups).evaluate(0, TILES)
    ends = np.cumsum([len(found), *(len(one.parts) for one in found)])
    spans = [values[a:b] for a, b in pairwise(ends)]
    return {one.key: Drawn(one, values[i], spans[i]) for i, one in enumerate(found)}


@cache
def without_dependence() -> Mapping[tuple[str, ...], FloatArray]:
    """Draws of all totals where nothing is declared to move together."""
    free = scenario().with_dependence(0)
    assert not free.groups
    found = targets(free, YEARS, METRICS)
    values = Kernel(free.binding, found, SEED).evaluate(0, TILES)
    return {one.key: values[i] for i, one in enumerate(found)}


def of(group: str) -> list[Drawn]:
    """The totals of one group with dependence: all years, of overlaps all boundaries and both bounds."""
    return [one for key, one in every().items()
            if key[0].partition(".")[0] == group and not key[0].endswith(INDEPENDENT)]  # fmt: skip


@pytest.mark.parametrize("group", SUMS)
def test_a_sum_is_the_sum_of_its_parts_to_the_last_bit(group: str) -> None:
    assert of(group)
    for one in of(group):
        added = np.zeros_like(one.values)
        for part in one.parts:
            added = added + part
        assert one.target.how == "sum"
        assert np.array_equal(one.values, added), one.target.key


@pytest.mark.parametrize("group", OVERLAPS)
def test_bounds_are_the_largest_parts_to_the_last_bit(group: str) -> None:
    """`power` has none: of its members with one boundary no two overlap, or there is one only."""
    assert {one.target.how for one in of(group)} == (set() if group == "power" else set(BOUNDS))
    for one in of(group):
        ordered = np.sort(one.parts, axis=0)[::-1]
        expected = ordered[0] if one.target.how == "largest" else ordered[0] + ordered[1]
        assert np.array_equal(one.values, expected), one.target.key


@pytest.mark.parametrize("group", OVERLAPS)
def test_bounds_are_ordered_in_every_draw(group: str) -> None:
    """Largest ≤ largest plus next ≤ the sum that is not made, as no part is below nothing; next ≤ largest."""
    found = {one.target.key: one for one in of(group)}
    for key, one in found.items():
        if one.target.how == "largest":
            both = found[key[0].replace(".largest", ".two_largest"), *key[1:]]
            assert (both.values <= one.parts.clip(0).sum(axis=0) * (1 + 1e-15)).all()
            assert (both.values - one.values <= one.values * (1 + 1e-15)).all()
            assert (one.values >= one.parts).all()


def test_every_total_without_dependence_is_that_of_a_run_without_to_the_last_bit() -> None:
    twins = {key: one for key, one in every().items() if key[0].endswith(INDEPENDENT)}
    assert twins
    alike = []
    for key, one in twins.items():
        same = (key[0].removesuffix(INDEPENDENT), *key[1:])
        assert np.array_equal(one.values, without_dependence()[same]), key
        if np.array_equal(one.values, every()[same].values):
            alike.append(same)
    assert alike == [
        ("hydrogen_markets.world_market.largest", "2050")
    ]  # it is steel in every draw, which no group ties


def test_a_total_without_a_twin_is_the_same_with_and_without_dependence() -> None:
    """So that one number may stand for both."""
    plain = [key for key in every() if (key[0] + INDEPENDENT, *key[1:]) not in every()]
    plain = [key for key in plain if not key[0].endswith(INDEPENDENT)]
    assert ("windows_parts",) in plain and ("units_supported", "2030") not in plain
    for key in plain:
        ends = [np.quantile(one, (0.05, 0.5, 0.95)) for one in (every()[key].values, without_dependence()[key])]
        assert ends[0] == pytest.approx(ends[1], rel=0.1), key


def test_totals_have_each_member_once_and_at_least_two() -> None:
    for key, one in every().items():
        assert len(one.target.parts) == len({part[1] for part in one.target.parts}) >= 2, key


def test_the_order_of_totals_does_not_depend_on_twins() -> None:
    """Numbers of targets, rows and steps that were there stay: states of runs that stopped are read by them."""
    before = targets(scenario(), YEARS, METRICS)
    binding, after = twinned(scenario().binding, before, scenario().groups)
    assert after[: len(before)] == before
    assert binding.rows[: len(scenario().binding.rows)] == scenario().binding.rows
    assert binding.steps[: len(scenario().binding.steps)] == scenario().binding.steps
    assert all(row.twin_of is not None for row in binding.rows[len(scenario().binding.rows) :])


@pytest.mark.parametrize("group", [one for one in GROUPS if one["kind"] == "overlap"], ids=lambda one: one["id"])
def test_who_overlaps_with_whom(group: dict[str, list[str]]) -> None:
    apart = {frozenset(pair) for names in group.get("disjoint", []) for pair in pairs(names)}  # type: ignore[arg-type]
    declared = [one for one in scenario().totals if one.id == group["id"]]
    for a, b in pairs(group["members"]):
        found = overlap(a, b, declared, declared[0].metric)
        assert (found is None) == (frozenset((a, b)) in apart)
        assert found is overlap(b, a, declared, declared[0].metric)
    assert overlap(group["members"][0], "fast_reactor", declared, declared[0].metric) is None


def pairs(names: list[str]) -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


# ---- twins of shares of one whole


def rows(*names: str, whole: tuple[str, ...] = ()) -> tuple[Row, ...]:
    spread = Spread("uniform", {"low": 1.0, "high": 3.0}, None, False, "assumed", "")
    return tuple(
        Row(f"p.{name}", "", "1", 2.0, 2.0, spread, "assumed", Place(), "p.whole" if name in whole else "")
        for name in names
    )


def total(*parts: int) -> Target:
    return Target("/totals/x", ("both", "2030"), "1", tuple(("row", part, 1.0) for part in parts))


def values_of(binding: Binding, found: list[Target], tied: list[Group]) -> FloatArray:
    each = [Target("/row", (str(i),), "1", (("row", i, 1.0),)) for i in range(len(binding.rows))]
    return Kernel(binding, [*found, *each], SEED, groups=tied).evaluate(0, TILES)


def test_shares_of_one_whole_are_twinned_together_and_add_up() -> None:
    """`b` follows `a`; `c` follows nobody, but is scaled by what `b` is."""
    tied = groups({("p.a", "p.b"): 0.8})
    plain = Binding(rows("a", "b", "c", whole=("b", "c")), ())
    binding, found = twinned(plain, [total(0, 1)], tied)
    assert [row.twin_of for row in binding.rows] == [None, None, None, 1, 2]
    assert {row.composition for row in binding.rows[3:]} == {"p.whole alone"}
    values = values_of(binding, found, tied)
    bare = values_of(plain, [total(0, 1)], [])
    both, alone, *each = values
    assert np.array_equal(alone, bare[0]) and not np.array_equal(both, bare[0])
    assert np.allclose(each[1] + each[2], 4.0, rtol=1e-15) and np.allclose(each[3] + each[4], 4.0, rtol=1e-15)
    assert np.array_equal(each[3], bare[2]) and np.array_equal(each[4], bare[3])


def test_a_share_is_reached_by_what_scales_it() -> None:
    """The total has `a` and `c`; `c` is scaled with `b`, which follows `a`: dependence reaches the total."""
    tied = groups({("p.a", "p.b"): 0.8})
    plain = Binding(rows("a", "b", "c", whole=("b", "c")), ())
    binding, found = twinned(plain, [total(0, 2)], tied)
    assert [one.key[0] for one in found] == ["both", "both" + INDEPENDENT]
    both, alone, *_ = values_of(binding, found, tied)
    bare = values_of(plain, [total(0, 2)], [])[0]
    assert np.array_equal(alone, bare) and not np.array_equal(both, bare)


def test_each_whole_has_twins_once_however_many_totals_ask() -> None:
    tied = groups({("p.a", "p.b"): 0.8})
    binding, found = twinned(
        Binding(rows("a", "b", "c", whole=("b", "c")), ()),
        [total(0, 1), replace(total(0, 1, 2), key=("three", "2030"))], tied,
    )  # fmt: skip
    assert len(found) == 4 and len(binding.rows) == 5
    assert {part[1] for part in found[3].parts} == {0, 3, 4}


def double(x: float) -> float:
    return 2 * x


def test_steps_are_twinned_only_above_what_follows() -> None:
    figure = scenario().programmes[0].figures[0]
    steps = tuple(Step(figure, double, (Input("row", i, 1.0),), 1.0) for i in range(3))
    target = Target("/totals/x", ("both", "2030"), "1", tuple(("step", i, 1.0) for i in range(3)))
    binding, found = twinned(Binding(rows("a", "b", "c"), steps), [target], groups({("p.a", "p.b"): 0.8}))
    assert [part[1] for part in found[1].parts] == [0, 3, 2]
    assert binding.steps[3].inputs == (Input("row", 3, 1.0),)


@pytest.mark.parametrize("how", ["sum", *BOUNDS])
def test_a_total_at_one_set_of_values_is_plain_python(how: str) -> None:
    one = Target("/totals/x", ("a", "2030"), "1", (("row", 0, 2.0), ("step", 0, 1.0), ("row", 1, -1.0)), how=how)
    expected = {"sum": 2 * 3 + 7 - 5, "largest": 7, "two_largest": 7 + 6}[how]
    assert one.of([3.0, 5.0], [7.0]) == expected


def test_compositions_of_the_report_keep_their_sum_beside_twins() -> None:
    """Twins change no whole of the binding that was there, and any whole of twins has the printed sum."""
    before = scenario().binding
    after, _ = twinned(before, targets(scenario(), YEARS, METRICS), scenario().groups)
    mine = {one.name: one for one in after.compositions}
    for one in before.compositions:
        assert mine[one.name] == one
        assert one.total == total_of(before.rows[i].central for i in one.rows)
        twin = mine.get(f"{one.name} alone")
        assert twin is None or (twin.total == one.total and len(twin.rows) == len(one.rows))
