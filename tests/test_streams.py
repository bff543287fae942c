"""Named streams: known answers, frozen bits, independence of cutting, and statistics with their power.

Every statistical check has a false-alarm rate of 1e-9 over seeds; the seeds are fixed, so a pass repeats. Beside each
stands a deliberately broken stream that it must catch.
"""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, kstwobign, norm

from ctsim import streams
from ctsim.errors import InputError
from ctsim.streams import TILE, philox, stream_key, word_of, words

FALSE_ALARM = 1e-9
FROZEN = Path(__file__).parent / "data" / "streams.json"

Words = npt.NDArray[np.uint64]
seeds = st.integers(0, 2**64 - 1)
names = st.text(max_size=40)


def tile_of(key: int, tile: int, purpose: int = 0) -> Words:
    out = np.empty(TILE, np.uint64)
    words(np.uint64(key), np.uint64(tile), np.uint64(purpose), out)
    return out


def stream(seed: int, name: str, draws: int, purpose: int = 0) -> Words:
    key = stream_key(seed, name)
    return np.concatenate([tile_of(key, tile, purpose) for tile in range(draws // TILE)])


def unit(bits: Words) -> npt.NDArray[np.float64]:
    return (bits >> np.uint64(12)).astype(float) * 2.0**-52


# ------------------------------------------------------------------------------------------------------- known answers
KNOWN_ANSWERS = [  # kat_vectors of Random123, philox4x32 with 10 rounds: counter, key, result
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_known_answers(counter: str, key: str, result: str) -> None:
    a, b, c, d = (int(word, 16) for word in counter.split())
    k, m = (int(word, 16) for word in key.split())
    expected = tuple(int(word, 16) for word in result.split())
    assert philox((a, b, c, d), (k, m)) == expected
    other = c ^ 1
    four = streams._two(*(np.uint64(lane) for lane in (a, b, c, other, d, k, m)))
    lanes = *expected, *philox((a, b, other, d), (k, m))
    assert [int(word) for word in four] == [low | high << 32 for low, high in zip(lanes[::2], lanes[1::2], strict=True)]


def test_first_known_answer_is_draw_0_and_512_of_key_0() -> None:
    tile = tile_of(0, 0)
    assert [hex(tile[0]), hex(tile[512])] == ["0xe169c58d6627e8d5", "0x9b00dbd8bc57ac4c"]


def test_frozen_vectors_did_not_change() -> None:
    """They may change only together with STREAM_VERSION."""
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    assert frozen["stream_version"] == streams.STREAM_VERSION
    assert len(frozen["vectors"]) >= 64
    for vector in frozen["vectors"]:
        seed, name, draw, purpose = int(vector["seed"]), vector["name"], vector["draw"], vector["purpose"]
        assert f"{word_of(seed, name, draw, purpose):016x}" == vector["bits"]
        assert f"{tile_of(stream_key(seed, name), draw // TILE, purpose)[draw % TILE]:016x}" == vector["bits"]


def test_a_draw_does_not_see_the_end_of_the_run() -> None:
    assert stream(1, "a.b", 4 * TILE)[: 2 * TILE].tolist() == stream(1, "a.b", 2 * TILE).tolist()


# ---------------------------------------------------------------------------------------------- what a draw depends on
@given(seeds, names, st.integers(0, 2**52), st.integers(0, 2**32 - 1))
def test_compiled_equals_reference(seed: int, name: str, draw: int, purpose: int) -> None:
    tile = tile_of(stream_key(seed, name), draw // TILE, purpose)
    assert int(tile[draw % TILE]) == word_of(seed, name, draw, purpose)


@given(seeds, names, st.lists(st.integers(0, 60), min_size=1, max_size=12), st.integers(0, 3))
def test_any_order_and_cutting_gives_the_same_bits(seed: int, name: str, order: list[int], purpose: int) -> None:
    key = stream_key(seed, name)
    alone = {tile: tile_of(key, tile, purpose).tolist() for tile in sorted(set(order))}
    assert [tile_of(key, tile, purpose).tolist() for tile in order] == [alone[tile] for tile in order]


def test_words_writes_into_a_part_of_a_longer_array() -> None:
    key = np.uint64(stream_key(9, "x"))
    out = np.zeros(3 * TILE, np.uint64)
    words(key, np.uint64(5), np.uint64(0), out[TILE : 2 * TILE])
    assert out[TILE : 2 * TILE].tolist() == tile_of(int(key), 5).tolist()
    assert not out[:TILE].any()
    assert not out[2 * TILE :].any()


def test_seed_name_draw_and_purpose_all_count() -> None:
    base = word_of(1, "a.b", 5, 0)
    others = [word_of(2, "a.b", 5), word_of(1, "a.c", 5), word_of(1, "a.b", 6), word_of(1, "a.b", 5, 1)]
    assert base not in others
    assert len(set(others)) == len(others)


@given(st.tuples(seeds, names), st.tuples(seeds, names))
def test_keys_differ_where_seed_or_name_differ(one: tuple[int, str], other: tuple[int, str]) -> None:
    assert (stream_key(*one) == stream_key(*other)) == (one == other)


def test_encoding_of_seed_and_name_cannot_run_together() -> None:
    texts = ("", "\0", "\0" * 8, "1", "2", "12", "a", "ab", "a.b", "a\0", "\x08" + "\0" * 7, "é", "e\u0301")
    tricky = [(seed, name) for seed in (0, 1, 12, 2**8, 2**56, 2**63, 2**64 - 1) for name in texts]
    assert len({stream_key(*pair) for pair in tricky}) == len(tricky)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_outside_64_bits_are_refused(seed: int) -> None:
    with pytest.raises(InputError, match="seed must be at least 0 and below"):
        stream_key(seed, "a")


# --------------------------------------------------------------------------------------------------------- statistics
DRAWS = 2**20


def chi_square(bits: Words, cells: int = 1024) -> float:
    """p-value of the top bits being uniform."""
    counts = np.bincount((bits >> np.uint64(54)).astype(np.int64), minlength=cells)
    expected = len(bits) / cells
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), cells - 1))


def kolmogorov(u: npt.NDArray[np.float64]) -> float:
    """p-value of u being uniform on (0, 1)."""
    n = len(u)
    ordered, grid = np.sort(u), np.arange(n + 1) / n
    distance = max((grid[1:] - ordered).max(), (ordered - grid[:-1]).max())
    return float(kstwobign.sf(distance * np.sqrt(n)))


def correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """p-value of two uniform samples being uncorrelated: r √n is standard normal to O(1/n)."""
    r = float(np.mean((a - 0.5) * (b - 0.5)) * 12)
    return float(2 * norm.sf(abs(r) * np.sqrt(len(a))))


def test_top_bits_are_uniform() -> None:
    """Cells that are 2.5 % too full or too empty are missed with probability 8e-9."""
    assert chi_square(stream(11, "uniformity.top_bits", DRAWS)) > FALSE_ALARM


@pytest.mark.parametrize("bit", range(0, 64, 7))
def test_every_seventh_bit_is_balanced(bit: int) -> None:
    """Alarm above a share of ones 0.0030 off one half; 0.0059 off is missed with probability 1e-9."""
    ones = int((stream(12, "uniformity.bits", DRAWS) >> np.uint64(bit) & np.uint64(1)).sum())
    assert 2 * norm.sf(abs(2 * ones - DRAWS) / np.sqrt(DRAWS)) > FALSE_ALARM


def test_uniforms_pass_kolmogorov() -> None:
    """Alarm above D = 0.0032; a shift of 0.006 is missed with probability 6e-9 (5.7 standard errors of D)."""
    assert kolmogorov(unit(stream(13, "uniformity.ks", DRAWS))) > FALSE_ALARM


def test_two_names_are_uncorrelated() -> None:
    """Alarm above |r| = 0.0060; r = 0.012 is missed with probability 1e-9."""
    a, b = (unit(stream(14, name, DRAWS)) for name in ("programme.one", "programme.two"))
    assert correlation(a, b) > FALSE_ALARM


def test_no_pair_of_many_similar_names_is_correlated() -> None:
    """2,016 pairs, 1e-9 together: alarm above |r| = 0.057 at 2^14 draws; r = 0.11 is missed with probability 1e-11."""
    samples = [unit(stream(15, f"p.x{number}", 2**14)) for number in range(64)]
    pairs = list(combinations(samples, 2))
    assert min(correlation(a, b) for a, b in pairs) > FALSE_ALARM / len(pairs)


def test_neighbouring_seeds_and_purposes_are_uncorrelated() -> None:
    """Two pairs, 1e-9 together: alarm above |r| = 0.0121; r = 0.024 is missed with probability 1e-9."""
    base = unit(stream(16, "p.x", 2**18))
    others = [unit(stream(17, "p.x", 2**18)), unit(stream(16, "p.x", 2**18, purpose=1))]
    assert min(correlation(base, other) for other in others) > FALSE_ALARM / len(others)


@pytest.mark.parametrize("lag", [1, 2, 511, 512, 513, 1024])
def test_draws_of_one_stream_are_uncorrelated(lag: int) -> None:
    """1e-9 a lag: alarm above |r| = 0.0060; r = 0.012 is missed with probability 3e-10."""
    u = unit(stream(18, "p.serial", DRAWS))
    assert correlation(u[:-lag], u[lag:]) > FALSE_ALARM


# -------------------------------------------------------------------------------- the same checks catch broken streams
def shifted(bits: Words) -> Words:
    """A CDF that is 0.6 points too low at 1/2: what lies just below 1/2 is moved just above."""
    half, step = np.uint64(2**63), np.uint64(int(0.006 * 2**64))
    return np.where((bits < half) & (bits >= half - step), bits + step, bits)


def test_a_shift_of_0_6_points_is_caught() -> None:
    broken = shifted(stream(13, "uniformity.ks", DRAWS))
    assert kolmogorov(unit(broken)) < FALSE_ALARM
    assert chi_square(broken) < FALSE_ALARM


def test_one_key_for_two_names_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "stream_key", lambda seed, name: 42)
    a, b = (unit(stream(14, name, DRAWS)) for name in ("programme.one", "programme.two"))
    assert correlation(a, b) < FALSE_ALARM


def test_one_percent_of_common_draws_is_caught() -> None:
    """Where 1 % of one stream's draws are copied from the other, the correlation is 0.01: 10 standard errors."""
    a, b = (unit(stream(14, name, DRAWS)) for name in ("programme.one", "programme.two"))
    b[::100] = a[::100]
    assert correlation(a, b) < FALSE_ALARM


def test_halves_of_a_tile_that_repeat_are_caught() -> None:
    u = unit(stream(18, "p.serial", DRAWS)).reshape(-1, TILE)
    u[:, 512:] = u[:, :512]
    assert correlation(u.ravel()[:-512], u.ravel()[512:]) < FALSE_ALARM
