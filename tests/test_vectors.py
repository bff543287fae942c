"""Sums in lanes against numpy, and against the same additions written out."""

import numpy as np
import numpy.typing as npt
import pytest

from ctsim import vectors
from ctsim.compiled import compiled

FloatArray = npt.NDArray[np.float64]


@compiled
def exchanged(a: FloatArray, b: FloatArray, x: FloatArray, y: FloatArray, out: FloatArray) -> None:
    vectors.exchanged(a, b, x, y, out)


@compiled
def advanced(a: FloatArray, now: FloatArray, before: FloatArray, out: FloatArray) -> None:
    vectors.advanced(a, now, before, out)


def rows(count: int, size: int = 1024) -> list[FloatArray]:
    return list(np.random.default_rng(size).normal(3.0, 2.0, (count, size)))


def in_lanes(parts: FloatArray, total: float) -> float:
    """The additions as they are promised: lane by lane, then the lanes in order."""
    lanes = [0.0] * vectors.LANES
    for number, part in enumerate(parts.tolist()):
        lanes[number % vectors.LANES] += part
    for lane in lanes:
        total += lane
    return total


@pytest.mark.parametrize("size", [vectors.LANES, 64, 1024])
def test_sums_of_exchanges_are_these_additions(size: int) -> None:
    a, b, x, y = rows(4, size)
    out = np.array([1.5, -2.0, 7.0])
    exchanged(a, b, x, y, out)
    parts = ((a - x) * (y - b), (a - x) ** 2 + (y - b) ** 2, (a - b) ** 2 + (x - y) ** 2)
    assert out.tolist() == [in_lanes(part, start) for part, start in zip(parts, (1.5, -2.0, 7.0), strict=True)]
    assert out - [1.5, -2.0, 7.0] == pytest.approx([part.sum() for part in parts], rel=1e-12)


def test_sums_of_a_replacement_are_these_additions_and_the_row_moves_on() -> None:
    a, now, before = rows(3)
    part = (now - before) * (a - 0.5 * (now + before))
    kept, out = now.copy(), np.array([0.25])
    advanced(a, now, before, out)
    assert out[0] == in_lanes(part, 0.25)
    assert np.array_equal(before, kept) and np.array_equal(now, kept)


def test_what_is_not_finite_shows() -> None:
    a, b, x, y = rows(4)
    x[77] = np.nan
    out = np.zeros(3)
    exchanged(a, b, x, y, out)
    assert np.isnan(out).all()
