"""Polynomials by vectors against the same steps in numpy, to the bit, on this CPU and on the plainest of its kind."""

import os
import re
import subprocess
import sys
from hashlib import blake2b
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llvmlite.binding import get_host_cpu_features
from numba.core.errors import TypingError

from ctsim.distributions import build, fill
from ctsim.distributions.lookup import COEFFICIENTS, LANES, polynomials
from ctsim.streams import TILE, stream_key, words

FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.uint64]


def case(seed: int, n: int) -> tuple[FloatArray, RowArray, FloatArray]:
    """A table of 100 rows with coefficients of all sizes, and for n values rows and coordinates."""
    rng = np.random.default_rng(seed)
    table = rng.standard_normal(100 * COEFFICIENTS) * 10.0 ** rng.integers(-12, 12, 100 * COEFFICIENTS)
    return table, COEFFICIENTS * rng.integers(0, 100, n).astype(np.uint64), rng.random(n)


def by_numpy(table: FloatArray, rows: RowArray, values: FloatArray) -> FloatArray:
    coefficients: FloatArray = table[rows[:, None] + np.arange(COEFFICIENTS, dtype=np.uint64)]
    result: FloatArray = coefficients[:, -1]
    for k in range(COEFFICIENTS - 2, -1, -1):
        result = coefficients[:, k] + values * result
    return result


def bits(values: FloatArray) -> list[int]:
    found: list[int] = values.view(np.uint64).tolist()
    return found


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 100))
def test_polynomials_equal_numpys_to_the_bit(seed: int, n: int) -> None:
    groups = -(-n // LANES) * LANES
    table, rows, values = case(seed, groups + 5)
    expected = by_numpy(table, rows, values)
    untouched = values[groups:].copy()
    polynomials(table, rows, values, n)
    assert bits(values[:groups]) == bits(expected[:groups])
    assert bits(values[groups:]) == bits(untouched)


def test_signs_infinities_and_small_numbers_survive() -> None:
    constants = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -1e308, 1.0])
    table = np.zeros((len(constants), COEFFICIENTS))
    table[:, 0] = constants
    table[:, 1:] = -0.0
    rows = COEFFICIENTS * np.arange(len(constants), dtype=np.uint64)
    values = np.full(len(constants), 0.5)
    polynomials(table.ravel(), rows, values, len(values))
    assert bits(values) == bits(constants)


def test_arrays_with_gaps_are_refused() -> None:
    table, rows, values = case(0, 2 * LANES)
    with pytest.raises(TypingError, match="contiguous"):
        polynomials(table, rows[::2], values, LANES)


@pytest.mark.parametrize("family", ["normal", "truncated_normal"])
def test_a_value_does_not_see_how_many_are_asked_for(family: str) -> None:
    """Blocks and groups of lanes end anywhere."""
    cut = {"low": -1.0, "high": 2.0} if family == "truncated_normal" else {}
    one = build(family, {"mean": 1.0, "sd": 2.0, **cut})
    given_words, whole = np.empty(TILE, np.uint64), np.empty(TILE)
    words(np.uint64(stream_key(0, family)), np.uint64(0), np.uint64(0), given_words)
    fill(one.kind, one.parameters, one.table, given_words, whole)
    for start, stop in [(0, n) for n in range(20)] + [(3, 3 + n) for n in (255, 256, 257, 263, 511, 513, 1000)]:
        part = np.full(stop - start + 1, 7.0)
        fill(one.kind, one.parameters, one.table, given_words[start:stop], part[:-1])
        assert bits(part[:-1]) == bits(whole[start:stop])
        assert part[-1] == 7.0


# -------------------------------------------------------------------------------------------------------- machine code
def compiled_afresh() -> Any:
    """`polynomials` by itself, compiled in this process: numba shows only such code."""

    def alone(table, rows, values, n):  # type: ignore[no-untyped-def]
        polynomials(table, rows, values, n)

    fresh = numba.njit(error_model="numpy")(alone)
    fresh(*case(0, LANES), LANES)
    return fresh


def test_nothing_may_be_contracted_and_no_library_is_asked() -> None:
    fresh = compiled_afresh()
    [code], [machine] = fresh.inspect_llvm().values(), fresh.inspect_asm().values()
    assert re.search(r"fmul <8 x double>", code)
    assert not re.findall(r"f(?:mul|add) (?:fast|contract|reassoc)|llvm\.fma|llvm\.fmuladd", code)
    assert not re.findall(r"vfn?m(?:add|sub)|fmadd|fmla", machine)


SCRIPT = f"""
import sys
from tests import test_lookup
table, rows, values = test_lookup.case(1, {TILE})
test_lookup.polynomials(table, rows, values, {TILE})
[machine] = test_lookup.compiled_afresh().inspect_asm().values()
print(test_lookup.digest(values), "ymm" in machine or "zmm" in machine)
"""


def digest(values: FloatArray) -> str:
    return blake2b(values.tobytes(), digest_size=16).hexdigest()


def in_a_process(**environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_plainest_cpu_gives_the_same_bits() -> None:
    """Without AVX the vectors are split into pairs; that the switch works is seen in the registers that are used."""
    expected = digest(by_numpy(*case(1, TILE)))
    has_wide = bool(get_host_cpu_features().get("avx"))
    assert in_a_process() == [expected, str(has_wide)]
    assert in_a_process(NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="") == [expected, "False"]
