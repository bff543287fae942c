"""Exchange between two samples, against loops that know nothing of it: bits restored, sums equal, steps by address.

The sums of every variant are made again from whole kernels: rows exchanged by hand, every step computed, nothing left
out. So what `Reach` leaves out is checked too: a step too few would give other sums.
"""

from collections.abc import Sequence
from functools import cache
from threading import Event

import numpy as np
import numpy.typing as npt
import pytest

from ctsim.composition import Scaled
from ctsim.exchange import evaluate, walk
from ctsim.indices import WIDTH, State, Walk
from ctsim.kernel import Kernel, Target
from ctsim.request import asked_for
from ctsim.sensitivity import walk_of
from ctsim.streams import TILE
from ctsim.summaries import REPLICATES
from tests.test_indices import NORMAL, PAIRS, UNIT, additive, first_alone, linear, made, product

FloatArray = npt.NDArray[np.float64]

CASES = {
    "report": ("perovskite_solar", "offshore_wind", "hydrogen_supply_chain"),
    "shares": ("waste_carbon_cycle",),
}
TILES = REPLICATES


@cache
def walk_of_case(name: str, seed: int = 3) -> Walk:
    """Two samples of a few programmes of the report."""
    asked, _ = asked_for(
        "framework_2023_11", draws=2**15, seed=seed, method="sobol", years=None, programmes=CASES[name], metrics=None,
        thresholds=(), workers=None, formulas=None, progress=None,
    )  # fmt: skip
    return walk_of(asked, asked.kernel(bounds=False))


@cache
def state_of_case(name: str) -> State:
    """What exchange finds: one tile for each replicate."""
    state = walk_of_case(name).run(TILES, 2, Event())
    assert state is not None
    return state


def sampled(kernel: Kernel, tile: int) -> FloatArray:
    """Rows (row, draw) of one tile."""
    rows = kernel.rows(TILE)
    kernel.sample(tile, rows)
    return rows


def targets_at(kernel: Kernel, rows: FloatArray) -> FloatArray:
    """Targets (target, draw) by the kernel's own evaluation of every step; shares are scaled already."""
    steps = np.empty((kernel.sums.height, rows.shape[1]))
    kernel.steps.evaluate(rows, steps)
    kernel.sums.fill(rows, steps, rows.shape[1])
    return steps[kernel.sums.at]


# ---- steps by address


@pytest.mark.parametrize("case", CASES)
def test_steps_by_address_have_the_bits_of_the_kernel(case: str) -> None:
    found = walk_of_case(case)
    kernel, sums = found.kernel, found.kernel.sums
    rows = sampled(kernel, 5)
    mine, theirs = (np.full((sums.height, TILE), np.nan) for _ in range(2))
    kernel.steps.evaluate(rows, theirs)
    sums.fill(rows, theirs, TILE)
    parts = (sums.starts, sums.from_rows, sums.indices, sums.factors, sums.steps)
    every = np.arange(sums.steps), np.arange(sums.steps, sums.height)
    evaluate(*every, kernel.steps.arrays, parts, rows, mine)
    differing = [k for k in range(sums.height) if mine[k].tobytes() != theirs[k].tobytes()]
    assert differing == [] and np.isfinite(mine).all() and sums.steps > 5


def test_one_step_by_address_leaves_the_others() -> None:
    kernel = made([additive, product, first_alone], dict.fromkeys("abc", UNIT), {}, "mc").kernel
    rows, steps = sampled(kernel, 0), np.full((3, TILE), -1.0)
    sums = kernel.sums
    parts = (sums.starts, sums.from_rows, sums.indices, sums.factors, sums.steps)
    evaluate(np.array([1]), np.array([], dtype=np.int64), kernel.steps.arrays, parts, rows, steps)
    assert (steps[1] == rows[0] * rows[1]).all()
    assert set(steps[[0, 2]].ravel().tolist()) == {-1.0}


# ---- bits restored


@pytest.mark.parametrize("case", [*CASES, "normal"])
def test_samples_are_left_as_they_were_to_the_bit(case: str) -> None:
    """After all variants rows, mixed rows and steps of both samples are what they were before the first."""
    found = made([linear], dict.fromkeys("abcd", NORMAL), PAIRS, "mc") if case == "normal" else walk_of_case(case)
    kernel, code = found.kernel, found._code
    scratch, height = found._scratch(), len(kernel.binding.rows)
    kernel.sample(7, scratch.a[:height])
    found.other.sample(7, scratch.b[:height])
    mine, theirs = kernel.scores(7), found.other.scores(7)
    found._bank.fill(mine, theirs, scratch.a)
    found._bank.fill(theirs, mine, scratch.b)
    found._computed(scratch, WIDTH)
    before = [one.tobytes() for one in scratch.narrow]
    out = np.zeros((len(found.work.targets.items), 3))
    walk(found._swaps.arrays, found._sources, *found.work.arrays, *code, scratch.narrow, out)
    assert [one.tobytes() for one in scratch.narrow] == before
    assert np.isfinite(out).all() and (out[:, 2] > 0.0).any()


def test_the_two_samples_have_one_distribution_and_other_draws() -> None:
    found = walk_of_case("shares")
    a, b = sampled(found.kernel, 0), sampled(found.other, 0)
    varying = [row for rows in found._rows.values() for row in rows]
    assert all((a[row] != b[row]).mean() > 0.99 for row in varying)
    means = [(a[row].mean() - b[row].mean()) / a[row].std() for row in varying]
    assert max(map(abs, means)) < 0.2  # 6 errors of a difference of independent means are 0.27; nets are better


# ---- sums against whole kernels


def brute(found: Walk, rows: Sequence[int], tile: int) -> FloatArray:
    """(target, 3): the sums of one tile when `rows` are exchanged, all steps computed."""
    a, b = sampled(found.kernel, tile), sampled(found.other, tile)
    x, y = a.copy(), b.copy()
    x[rows], y[rows] = b[rows], a[rows]
    at, bt, xt, yt = (targets_at(found.kernel, one) for one in (a, b, x, y))
    products = (at - xt) * (yt - bt), (at - xt) ** 2 + (bt - yt) ** 2, (at - bt) ** 2 + (xt - yt) ** 2
    return np.stack([one.sum(axis=1) for one in products], axis=1)


@pytest.mark.parametrize("case", CASES)
def test_sums_of_every_parameter_are_those_of_whole_kernels(case: str) -> None:
    """Every parameter that no other follows: pairs that are not listed have 0 exactly, the others the same sums."""
    found, state = walk_of_case(case), state_of_case(case)
    checked = 0
    for number, variant in enumerate(found.variants):
        if variant.kind not in ("alone", "group"):
            continue
        expected = brute(found, variant.rows, 2)
        place = found.work.targets[number]
        reached = found.work.targets.items[place].tolist()
        others = [k for k in range(len(found.kernel.targets)) if k not in reached]
        assert not expected[others, :2].any(), variant.name
        np.testing.assert_allclose(state.exchanged[2, place], expected[reached], rtol=1e-10, atol=1e-300)
        checked += 1
    assert checked >= (7 if case == "shares" else 20)


@pytest.mark.parametrize("case", CASES)
def test_effects_of_a_tile_add_up_to_half_the_squared_difference(case: str) -> None:
    """Goda's sums telescope: whatever the order, the steps from B to A add up to (A - B)² / 2."""
    found, state = walk_of_case(case), state_of_case(case)
    kernel = found.kernel
    a, b = targets_at(kernel, sampled(kernel, 4)), targets_at(kernel, sampled(found.other, 4))
    whole = np.zeros(len(kernel.targets))
    for k in range(len(found.players)):
        place = found.moves.targets[k]
        whole[found.moves.targets.items[place]] += state.moved[4, place]
    np.testing.assert_allclose(whole, ((a - b) ** 2).sum(axis=1) / 2, rtol=1e-9, atol=1e-300)


def test_shares_that_are_exchanged_still_make_a_whole() -> None:
    """All shares of a whole go together: scaling what was exchanged changes nothing but the last bits."""
    found = walk_of_case("shares")
    [one, other] = found.kernel.binding.compositions
    a, b = sampled(found.kernel, 1), sampled(found.other, 1)
    variant = next(v for v in found.variants if v.name == f"{one.name} (shares)")
    assert sorted(variant.rows) == sorted(one.rows) and len(one.rows) == 6
    a[variant.rows] = b[variant.rows]
    again = a.copy()
    Scaled(found.kernel.binding.compositions).fill(again)
    np.testing.assert_allclose(again, a, rtol=1e-14)
    assert not set(variant.rows) & set(other.rows)


def test_a_target_of_a_row_counts_like_one_of_a_step() -> None:
    """Targets may be sums of rows: added up again after an exchange, not taken from a step."""
    row = Target("rows", ("r",), "", (("row", 0, 3.0), ("row", 1, -1.0)))
    found = made([product], dict.fromkeys("ab", UNIT), {}, "mc", sums=[row])
    state = found.run(TILES, 1, Event())
    assert state is not None
    for number, variant in enumerate(found.variants[:2]):
        expected = brute(found, variant.rows, 0)
        np.testing.assert_allclose(state.exchanged[0, found.work.targets[number]], expected, rtol=1e-10)
