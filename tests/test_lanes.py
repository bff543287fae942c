"""The vector pass over a tile, against numpy; and what feeds it: any layout, any order of rows, any threads."""

from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsim import summaries
from ctsim.compiled import compiled
from ctsim.kernel import Kernel, Target
from ctsim.summaries import TILE
from ctsim.summaries.lanes import tile_pass
from tests.runs import scenario

FloatArray = npt.NDArray[np.float64]

SCALE, SHIFT, LOW, PER_WIDTH, TOP = 0.25, 0.375, -2.0, 1000.0, 4097.0


@compiled
def _pass(row: FloatArray, found: FloatArray, places: npt.NDArray[np.uint32]) -> None:
    tile_pass(row, SCALE, SHIFT, LOW, PER_WIDTH, TOP, found, places)


def passed(row: FloatArray) -> tuple[FloatArray, npt.NDArray[np.uint32]]:
    """Sums and extremes of a tile, and its bins."""
    found, places = np.full(5, np.nan), np.full(TILE, 9999, np.uint32)
    _pass(row, found, places)
    return found, places


def tile(seed: int) -> FloatArray:
    return np.random.default_rng(seed).normal(0.0, 3.0, TILE)


@pytest.mark.parametrize("seed", range(5))
def test_sums_are_added_lane_by_lane(seed: int) -> None:
    row = tile(seed)
    deviations = row * SCALE - SHIFT
    squares = deviations * deviations
    for power, values in enumerate((deviations, squares, squares * deviations)):
        lanes = np.zeros(16)
        for group in values.reshape(-1, 16):
            lanes += group
        total = 0.0
        for lane in lanes:
            total += lane
        assert passed(row)[0][power] == total


@pytest.mark.parametrize("place", [0, 7, 15, 16, 511, 1008, 1023])
def test_extremes_are_found_in_every_lane(place: int) -> None:
    row = tile(6)
    row[place] = 1e9
    row[place - 1] = -1e9
    assert passed(row)[0][3:].tolist() == [-1e9, 1e9]


def test_bins_are_cut_and_kept_in_their_range() -> None:
    row = tile(7)
    row[:6] = [LOW, np.nextafter(LOW, -np.inf), 1e300, -1e300, LOW + 1e-3, -0.0]
    expected = np.clip((row - LOW) * PER_WIDTH + 1.0, 0.0, TOP).astype(np.uint32)
    assert passed(row)[1].tolist() == expected.tolist()
    assert {0, 4097} < set(expected.tolist())


@given(st.integers(0, TILE - 1), st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, TILE - 1))
def test_one_bad_value_anywhere_shows_in_the_first_sum(place: int, bad: float, other: int) -> None:
    row = tile(8)
    row[other] = -bad
    row[place] = bad
    assert not np.isfinite(passed(row)[0][0])
    assert np.isfinite(passed(tile(8))[0]).all()


# ---- what feeds it

VALUES = np.random.default_rng(9).normal(0.0, 1.0, (4, 96 * TILE))
PLAN = summaries.plan(VALUES, np.zeros((4, 2)))


def counted(values: FloatArray, at: npt.NDArray[np.int64] | None = None) -> list[bytes]:
    """Every number of the summary of values (output, draw), counted by one plan."""
    state = summaries.empty(PLAN)
    summaries.accumulate(PLAN, state, values, 0, at=at)
    summary = summaries.finalize(PLAN, state)
    return [np.asarray(getattr(summary, one.name)).tobytes() for one in fields(summary)]


def test_values_may_lie_in_memory_in_any_way() -> None:
    wide = np.zeros((4, 2 * VALUES.shape[1]))
    wide[:, ::2] = VALUES
    for values in (np.asfortranarray(VALUES), wide[:, ::2], VALUES[::-1].copy()[::-1]):
        assert counted(values) == counted(VALUES)


def test_outputs_may_be_rows_in_any_order() -> None:
    buffer = np.vstack([np.full((1, VALUES.shape[1]), np.nan), VALUES[[2, 0, 3, 1]]])
    assert counted(buffer, at=np.array([2, 4, 1, 3])) == counted(VALUES)


@pytest.mark.parametrize("workers", [2, 3, 100])
def test_threads_change_neither_the_pilot_nor_the_plan(workers: int) -> None:
    binding = scenario().binding
    parts = [(("step", 5, 1.0),), (("row", 1, 1.0),), (("step", 2, 2.0), ("step", 4, 1.0)), (("step", 2, 1.0),)]
    kernel = Kernel(binding, [Target("/x", (str(i),), "1", one) for i, one in enumerate(parts)], 7)
    alone = kernel.evaluate(3, 5)
    assert kernel.evaluate(3, 5, workers).tobytes() == alone.tobytes()
    one, several = kernel.plan(alone), kernel.plan(alone, workers)
    for item in fields(one):
        assert np.array_equal(getattr(one, item.name), getattr(several, item.name), equal_nan=True), item.name


def test_targets_that_are_steps_stand_beside_those_that_are_sums() -> None:
    """A target that is one step is read where the step is; the others have rows of their own."""
    binding = scenario().binding
    parts = [(("step", 5, 1.0),), (("step", 2, 2.0), ("step", 4, 1.0)), (("step", 2, 1.0),), (("step", 5, 0.5),)]
    kernel = Kernel(binding, [Target("/x", (str(i),), "1", one) for i, one in enumerate(parts)], 7)
    single = [Target("/x", (str(i),), "1", (("step", i, 1.0),)) for i in (2, 4, 5)]
    two, four, five = Kernel(binding, single, 7).evaluate(0, 3)
    expected = np.array([five, two * 2.0 + four, two, five * 0.5])
    assert kernel.evaluate(0, 3).tobytes() == expected.tobytes()
    plan, pilot = kernel.plan(expected), summaries.empty(kernel.plan(expected))
    summaries.accumulate(plan, pilot, expected, 0)
    chunk = summaries.finalize(plan, kernel.chunk(plan, 0, 3))
    for item in fields(chunk):
        same = getattr(summaries.finalize(plan, pilot), item.name)
        assert np.array_equal(getattr(chunk, item.name), same, equal_nan=True), item.name
