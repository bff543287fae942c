"""Scrambled Sobol' points: scipy's points, known answers, equidistribution, and statistics with their power.

What scrambling and shuffling promise is checked point by point, without false alarms. Statistical checks have a
false-alarm rate of 1e-9 over seeds; seeds are fixed, so a pass repeats. Beside each stands a deliberately broken stream
that it must catch. Correlations across nets have a variance of up to 1.6/n (measured over 20,335 pairs at 2^10 to
2^16 points), not 1/n: neighbours of one net meet neighbours of the other. The checks allow 2/n.
"""

import json
from collections.abc import Callable, Iterable
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, norm, qmc

from ctsim import sobol, streams
from ctsim.coordinates import read_registry
from ctsim.errors import InputError
from ctsim.sobol import (
    BASE_NET,
    BLOCK,
    DIMENSIONS,
    directions,
    net_order,
    scramble_key,
    shuffle_key,
    sobol_words,
    word_of,
)

FALSE_ALARM = 1e-9
FROZEN = Path(__file__).parent / "data" / "sobol.json"
REVERSED = np.array([int(f"{p:010b}"[::-1], 2) for p in range(BLOCK)])  # offset of an index in its block, and back

Words = npt.NDArray[np.uint64]
Digits = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]
seeds = st.integers(0, 2**64 - 1)
names = st.text(max_size=40)
nets = st.sampled_from([BASE_NET, "perovskite_solar", "heat_pumps", "heat_pumps.figures"])
dimensions = st.integers(0, DIMENSIONS - 1)
replicates = st.integers(0, 15)


def block_of(key: int, net: str, columns: Digits, block: int) -> Words:
    """The words of one block."""
    order, out = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint64)
    net_order(np.uint64(shuffle_key(net)), block, order)
    sobol_words(np.uint64(key), order, columns, out)
    return out


def stream(name: str, net: str, dimension: int, points: int, *, seed: int = 1, replicate: int = 0) -> Words:
    """The first points of one replicate of one stream."""
    key, columns = scramble_key(seed, name, replicate), directions(dimension)
    return np.concatenate([block_of(key, net, columns, block) for block in range(points // BLOCK)])


def by_index(words: Words) -> Words:
    """Points in order of their index instead of their place."""
    return words.reshape(-1, BLOCK)[:, REVERSED].ravel()


def unit(words: Words) -> Floats:
    return (words >> np.uint64(12)).astype(float) * 2.0**-52


def top(words: Words, bits: int) -> npt.NDArray[np.int64]:
    """The stratum of each word among 2^bits."""
    return (words >> np.uint64(64 - bits)).astype(np.int64) if bits else np.zeros(len(words), np.int64)


def unscrambled(net: str, dimension: int, points: int) -> Digits:
    """The points before scrambling, in order of their place, as 32-bit fractions."""
    order, digits = np.empty(BLOCK, np.uint32), np.empty((points // BLOCK, BLOCK), np.uint32)
    for block, row in enumerate(digits):
        net_order(np.uint64(shuffle_key(net)), block, order)
        sobol._points(order, directions(dimension), row)
    return np.array([sobol._reverse(value) for value in digits.ravel()], dtype=np.uint32)


# ---------------------------------------------------------------------------------------------------- the same points
def test_direction_numbers_are_those_of_scipy() -> None:
    with np.load(Path(scipy.stats.__file__).parent / "_sobol_direction_numbers.npz") as bundled:
        polynomials, starts = bundled["poly"].tolist(), bundled["vinit"][:DIMENSIONS].tolist()
    for dimension, (degree, inner, numbers) in enumerate(sobol._polynomials()):
        if dimension > 0:
            assert polynomials[dimension] == 1 << degree | inner << 1 | 1
            assert [n for n in starts[dimension] if n] == list(numbers)
    assert len(sobol._polynomials()) == DIMENSIONS >= 512


def test_the_table_is_small_and_carries_its_licence() -> None:
    path = Path(sobol.__file__).parent / "joe_kuo.txt"
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 100_000
    assert "Copyright (c) 2008, Frances Y. Kuo and Stephen Joe" in text and "new-joe-kuo-6.21201" in text


def test_unscrambled_points_are_those_of_scipy_in_gray_code_order() -> None:
    """scipy goes through the same points in Gray-code order; so the first 2^k are the same set for every k."""
    points = 4096
    expected = (qmc.Sobol(200, scramble=False, bits=32).random(points) * 2.0**32).astype(np.uint32)
    gray = np.arange(points) ^ np.arange(points) >> 1
    place = gray // BLOCK * BLOCK + REVERSED[gray % BLOCK]
    for dimension in (0, 1, 2, 3, 30, 72, 199):
        assert unscrambled(BASE_NET, dimension, points)[place].tolist() == expected[:, dimension].tolist()


@cache
def scipy_columns() -> Digits:
    """scipy's direction numbers, first digit in bit 31."""
    columns = np.zeros((DIMENSIONS, 32), dtype=np.uint32)
    scipy.stats._sobol._initialize_v(columns, DIMENSIONS, 32)
    return columns


@given(dimensions, st.integers(0, 2**22 - 1))
def test_late_blocks_are_those_of_scipy(dimension: int, block: int) -> None:
    """The point of an index is the exclusive or of the direction numbers of its bits."""
    index = block * BLOCK + 77
    expected = np.bitwise_xor.reduce([scipy_columns()[dimension, k] for k in range(32) if index >> k & 1])
    order, digits = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32)
    net_order(np.uint64(0), block, order)
    sobol._points(order, directions(dimension), digits)
    assert sobol._reverse(digits[REVERSED[77]]) == expected


@pytest.mark.parametrize("dimension", [-1, DIMENSIONS])
def test_dimensions_without_numbers_are_refused(dimension: int) -> None:
    with pytest.raises(InputError, match=f"below {DIMENSIONS}, got {dimension}"):
        directions(dimension)


def test_direction_numbers_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        directions(3)[0] = 1


# ------------------------------------------------------------------------------------------------------- known answers
def test_frozen_vectors_did_not_change() -> None:
    """They may change only together with STREAM_VERSION."""
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    assert frozen["stream_version"] == sobol.STREAM_VERSION
    assert len(frozen["vectors"]) >= 64
    for one in frozen["vectors"]:
        seed, name, net, dimension = int(one["seed"]), one["name"], one["net"], one["dimension"]
        assert f"{word_of(seed, name, net, dimension, one['replicate'], one['place']):016x}" == one["bits"]
        words = block_of(scramble_key(seed, name, one["replicate"]), net, directions(dimension), one["place"] // BLOCK)
        assert f"{words[one['place'] % BLOCK]:016x}" == one["bits"]


def test_version_and_block_are_those_of_the_other_method() -> None:
    assert (sobol.STREAM_VERSION, BLOCK) == (streams.STREAM_VERSION, streams.TILE)


# ---------------------------------------------------------------------------------------------- what a point depends on
@given(seeds, names, nets, dimensions, replicates, st.integers(0, 2**32 - 1))
def test_compiled_equals_reference(seed: int, name: str, net: str, dimension: int, replicate: int, place: int) -> None:
    words = block_of(scramble_key(seed, name, replicate), net, directions(dimension), place // BLOCK)
    assert int(words[place % BLOCK]) == word_of(seed, name, net, dimension, replicate, place)


@given(seeds, nets, dimensions, st.lists(st.integers(0, 60), min_size=1, max_size=12))
def test_any_order_and_cutting_gives_the_same_bits(seed: int, net: str, dimension: int, order: list[int]) -> None:
    key, columns = scramble_key(seed, "x", 3), directions(dimension)
    alone = {block: block_of(key, net, columns, block).tolist() for block in sorted(set(order))}
    assert [block_of(key, net, columns, block).tolist() for block in order] == [alone[block] for block in order]


def test_words_write_into_a_part_of_a_longer_array() -> None:
    order, out = np.empty(BLOCK, np.uint32), np.zeros(3 * BLOCK, np.uint64)
    net_order(np.uint64(0), 5, order)
    sobol_words(np.uint64(9), order, directions(4), out[BLOCK : 2 * BLOCK])
    assert out[BLOCK : 2 * BLOCK].tolist() == block_of(9, BASE_NET, directions(4), 5).tolist()
    assert not out[:BLOCK].any() and not out[2 * BLOCK :].any()


def test_seed_name_net_dimension_replicate_and_place_all_count() -> None:
    base = (1, "a.b", "n", 7, 2, 3000)
    others = [(2, "a.b", "n", 7, 2, 3000), (1, "a.c", "n", 7, 2, 3000), (1, "a.b", "m", 7, 2, 3000),
              (1, "a.b", "n", 8, 2, 3000), (1, "a.b", "n", 7, 3, 3000), (1, "a.b", "n", 7, 2, 3001)]  # fmt: skip
    assert len({word_of(*one) for one in (base, *others)}) == 1 + len(others)


def test_keys_cannot_run_together() -> None:
    tricky = list(product((0, 1, 2**8, 2**63), ("", "\0", "\0" * 8, "1", "é", "sobol"), (0, 1, 2**8)))
    keys = {scramble_key(*one) for one in tricky} | {shuffle_key(name) for _, name, _ in tricky}
    keys |= {streams.stream_key(seed, name) for seed, name, _ in tricky}
    assert len(keys) == len(tricky) + 6 + 24


def test_only_the_base_net_keeps_its_order() -> None:
    assert shuffle_key(BASE_NET) == 0
    assert 0 not in {shuffle_key(net) for net in ("", "Base", "base ", "perovskite_solar")}


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_outside_64_bits_are_refused(seed: int) -> None:
    with pytest.raises(InputError, match="seed must be at least 0 and below"):
        scramble_key(seed, "a", 0)


# --------------------------------------------------------------------------------------------------- equidistribution
def crowded(words: Words) -> int:
    """Over the first 2^m points and 2^m equal strata, m = 0 ... 12: strata that do not hold exactly one point."""
    ordered = by_index(words)
    counts = [np.bincount(top(ordered[: 1 << m], m), minlength=1 << m) for m in range(13)]
    return sum(int((one != 1).sum()) for one in counts)


def boxes(a: Words, b: Words, m: int) -> list[list[int]]:
    """How often each elementary interval of two streams is hit by the first 2^m points, sorted, by shape."""
    a, b = by_index(a)[: 1 << m], by_index(b)[: 1 << m]
    cells = [top(a, k) << (m - k) | top(b, m - k) for k in range(m + 1)]
    return [sorted(np.bincount(cell, minlength=1 << m).tolist()) for cell in cells]


@pytest.mark.parametrize("net", [BASE_NET, "perovskite_solar"])
def test_every_dimension_has_one_point_in_each_stratum(net: str) -> None:
    spread = range(0, DIMENSIONS, 31)
    assert [d for d in spread if crowded(stream("p.x", net, d, 4096, replicate=d % 16))] == []


def test_all_dimensions_are_stratified_at_1024_points() -> None:
    for dimension in range(DIMENSIONS):
        assert len(np.unique(top(stream("p.x", BASE_NET, dimension, BLOCK), 10))) == BLOCK


@pytest.mark.parametrize("net", [BASE_NET, "perovskite_solar"])
def test_first_two_dimensions_fill_every_elementary_interval(net: str) -> None:
    """The first two dimensions are a (0, 2)-sequence, scrambled or not."""
    a, b = stream("p.x", net, 0, 4096), stream("p.y", net, 1, 4096)
    assert all(hits == [1] * (1 << m) for m in range(13) for hits in boxes(a, b, m))


@pytest.mark.parametrize("pair", [(0, 2), (1, 2), (2, 3), (3, 4), (4, 7), (20, 21), (103, 104), (500, 900)], ids=str)
def test_scrambling_keeps_the_counts_of_elementary_intervals(pair: tuple[int, int]) -> None:
    plain = [unscrambled(BASE_NET, d, 4096).astype(np.uint64) << np.uint64(32) for d in pair]
    scrambled = [stream(f"p.{d}", BASE_NET, d, 4096, replicate=5) for d in pair]
    assert all(boxes(*plain, m) == boxes(*scrambled, m) for m in range(13))


def test_a_shifted_table_is_caught() -> None:
    """Direction numbers of the next index bit: the first two points share a half."""
    columns = np.roll(directions(5), -1)
    broken = np.concatenate([block_of(scramble_key(1, "p.x", 0), BASE_NET, columns, block) for block in range(4)])
    assert crowded(broken) > 1000


def test_words_shifted_by_a_ten_thousandth_are_caught() -> None:
    assert crowded(stream("p.x", BASE_NET, 5, 4096) + np.uint64(2**64 // 10_000)) > 100


# ------------------------------------------------------------------------------------------------------ shuffled nets
def shuffled(net: str, indices: Iterable[int]) -> list[int]:
    return [sobol._shuffled(index, shuffle_key(net)) for index in indices]


@pytest.mark.parametrize("net", ["perovskite_solar", "a"])
def test_the_first_points_of_a_net_stay_the_first(net: str) -> None:
    order = shuffled(net, range(4096))
    assert all(sorted(order[: 1 << k]) == list(range(1 << k)) for k in range(13))


@given(st.text(min_size=1, max_size=9), st.integers(0, 9), st.integers(0, 2**22 - 1))
def test_aligned_blocks_stay_aligned_blocks(net: str, k: int, block: int) -> None:
    first = block << k
    order = sorted(shuffled(net, range(first, first + (1 << k))))
    assert order[0] % (1 << k) == 0 and order == list(range(order[0], order[0] + (1 << k)))


def test_the_base_net_is_not_shuffled() -> None:
    assert shuffled(BASE_NET, range(5000)) == list(range(5000))


def test_half_of_the_nodes_of_a_net_are_turned() -> None:
    """Of 4,083 nodes that may turn, 2041.5 ± 195 (6.1 standard errors), false alarm 1e-9.

    A net that turns 40 % or 60 % of its nodes is missed with probability 6e-12; none turned or all is caught.
    """
    turned = sum(((index ^ result) >> k) & 1 for k in range(12)
                 for index, result in enumerate(shuffled("n", range(4096)))
                 if index >> (k + 1) and index % (1 << (k + 1)) == 0)  # fmt: skip
    assert abs(turned - 4083 / 2) < -norm.ppf(FALSE_ALARM / 2) * np.sqrt(4083) / 2


# ------------------------------------------------------------------------------------------- statistics of scrambling
def chi_square(cells: npt.NDArray[np.int64], number: int) -> float:
    """p-value of all cells being equally likely."""
    expected = len(cells) / number
    return float(chi2.sf(((np.bincount(cells, minlength=number) - expected) ** 2 / expected).sum(), number - 1))


KEYS = 2**15


def first_flips(scramble: Callable[[int], Words]) -> npt.NDArray[np.int64]:
    """For many keys, which of the 7 nodes of the first three digits of the van der Corput dimension are flipped."""
    found = np.zeros(KEYS, np.int64)
    for number in range(KEYS):
        words = scramble(number)
        third = [int(words[REVERSED[i]]) >> 61 & 1 for i in range(4)]
        found[number] = int(words[0]) >> 63 | (int(words[0]) >> 62 & 1) << 1 | (int(words[REVERSED[1]]) >> 62 & 1) << 2
        found[number] |= sum(bit << (3 + i) for i, bit in enumerate(third))
    return found


def vegdahl(number: int) -> Words:
    """The published hash, in two rounds, on the first points."""
    words = np.zeros(BLOCK, np.uint64)
    key = scramble_key(5, "flips", number)
    for i in range(4):
        digits = i
        for half in (key & 0xFFFFFFFF, key >> 32):
            digits ^= digits * 0x3D20ADEA & 0xFFFFFFFF
            digits = (digits + half) * (half >> 16 | 1) & 0xFFFFFFFF
            digits ^= digits * 0x05526C56 & 0xFFFFFFFF
            digits ^= digits * 0x53A22864 & 0xFFFFFFFF
        words[REVERSED[i]] = int(f"{digits:032b}"[::-1], 2) << 32
    return words


def test_all_patterns_of_the_first_flips_are_equally_likely() -> None:
    """128 patterns of 256 each: a quarter of them missing is missed with probability below 1e-100."""
    found = first_flips(lambda number: block_of(scramble_key(5, "flips", number), BASE_NET, directions(0), 0))
    assert chi_square(found, 128) > FALSE_ALARM
    assert chi_square(first_flips(vegdahl), 128) < FALSE_ALARM  # 32 patterns


def test_each_point_is_uniform_over_keys() -> None:
    """Unbiasedness. Alarm above chi-square 155 at 63 degrees; cells wrong by 20 % are missed with probability 6e-15."""
    words = np.array([block_of(scramble_key(6, "u", number), "n", directions(9), 3)[777] for number in range(2**13)])
    assert chi_square(top(words, 6), 64) > FALSE_ALARM
    assert chi_square(top(words, 6) // 2 * 2, 64) < FALSE_ALARM


def test_lower_bits_are_uniform_and_independent_of_the_upper() -> None:
    """Ten lowest bits; five upper with bits 31 to 27: 1,024 cells wrong by 2.5 % are missed with probability 8e-9."""
    words = stream("low", "n", 2, 2**20)
    low = (words & np.uint64(0xFFFFFFFF)).astype(np.int64)
    cells = low >> 27 | top(words, 5) << 5
    assert chi_square(low & 1023, 1024) > FALSE_ALARM and chi_square(cells, 1024) > FALSE_ALARM
    for bit in range(32):
        assert 2 * norm.sf(abs(2 * int((low >> bit & 1).sum()) - 2**20) / 2**10) > FALSE_ALARM
    copied = top(words, 32)
    assert chi_square(copied >> 27 | top(words, 5) << 5, 1024) < FALSE_ALARM


def correlated(pairs: Iterable[tuple[Words, Words]]) -> float:
    """p-value of all pairs being uncorrelated: the sum of r² n / 2 is at most chi-square of one degree a pair."""
    r2 = [(float(np.mean((unit(a) - 0.5) * (unit(b) - 0.5)) * 12) ** 2 * len(a) / 2) for a, b in pairs]
    return float(chi2.sf(sum(r2), len(r2)))


def test_one_dimension_of_two_nets_is_uncorrelated() -> None:
    """64 pairs at 4096 points: alarm above a mean r² of 4.9/n, r = 0.035; r = 0.05 is missed with probability 8e-15."""
    pairs = [(stream("p.x", f"p{i}", 7, 4096), stream("q.y", f"q{i}", 7, 4096)) for i in range(64)]
    assert correlated(pairs) > FALSE_ALARM
    assert correlated([(stream("p.x", BASE_NET, 7, 4096), q) for _, q in pairs]) > FALSE_ALARM


def test_two_names_on_one_coordinate_are_caught() -> None:
    """Also what nets without shuffle would be: two scramblings of one dimension correlate at 0.77."""
    pairs = [(stream(f"p.{i}", "n", 7, 4096), stream(f"q.{i}", "n", 7, 4096)) for i in range(64)]
    assert correlated(pairs) < FALSE_ALARM
    assert correlated(pairs[:1]) < FALSE_ALARM


def test_one_key_for_two_names_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        globals(), "scramble_key", lambda seed, name, replicate: sobol.scramble_key(seed, "", replicate)
    )
    assert correlated([(stream("p.x", "n", 7, 4096), stream("q.y", "n", 7, 4096))]) < FALSE_ALARM
    across_nets = np.corrcoef(errors("p.x", "n"), errors("q.y", "m"))  # the points are the same, in another order
    assert across_nets[0, 1] > 0.999


def all_streams(points: int) -> Floats:
    """(stream, point): every registered stream, around 0."""
    known = read_registry().coordinates.items()
    return np.array([unit(stream(name, net, dimension, points)) for name, (net, dimension) in known]) - 0.5


def worst_pair(values: Floats) -> float:
    """Bound on the p-value of the most correlated pair being that by chance: of all pairs, of variance 2/n."""
    r = values @ values.T * 12 / values.shape[1]
    number = len(values)
    largest = float(np.abs(r[np.triu_indices(number, 1)]).max())
    return float(norm.sf(largest * np.sqrt(values.shape[1] / 2)) * number * (number - 1))


def test_no_pair_of_shipped_streams_is_correlated_and_one_correlated_pair_is_caught() -> None:
    """24,310 pairs at 2^14 points: alarm above |r| = 0.084; |r| = 0.15 is missed with probability 9e-10."""
    values = all_streams(2**14)
    assert worst_pair(values) > FALSE_ALARM
    values[17, ::6] = values[101, ::6]
    assert worst_pair(values) < FALSE_ALARM


# ---------------------------------------------------------------------------------------------------------- replicates
def errors(name: str, net: str, number: int = 128) -> Floats:
    """Errors of the mean of u² from 1024 points, over replicates (their seeds, so that there are many)."""
    return np.array([np.mean(unit(stream(name, net, 3, BLOCK, seed=seed)) ** 2) - 1 / 3 for seed in range(number)])


def test_replicates_differ_and_their_means_are_uncorrelated() -> None:
    """Alarm above |r| = 0.56 over 128 pairs of replicates; a reused key gives 1."""
    each = [[float(np.mean(unit(stream("p.x", "n", 3, BLOCK, seed=seed, replicate=r)) ** 2)) for seed in range(128)]
            for r in (0, 1, 15)]  # fmt: skip
    r = np.corrcoef([*each, errors("p.y", "n")])
    assert np.abs(r[np.triu_indices(4, 1)]).max() * np.sqrt(128) < -norm.ppf(FALSE_ALARM / 12)
    assert len({word_of(1, "p.x", "n", 3, replicate, 0) for replicate in range(16)}) == 16
    assert np.corrcoef(each[0], errors("p.x", "n"))[0, 1] > 0.999  # replicate 0 twice


def test_the_mean_of_replicates_is_unbiased() -> None:
    """Alarm above 6.6 standard errors (t of 127 degrees), 5e-6; a bias of 2^-16, 19 errors, is never missed."""
    found = errors("p.x", "n")
    allowed = 6.6 * float(found.std(ddof=1) / np.sqrt(len(found)))
    assert abs(found.mean()) < allowed
    assert abs(found.mean() + 2**-16) > 2 * allowed


# --------------------------------------------------------------------------------------------------------- integration
def points_of(net: str, points: int, replicate: int) -> Floats:
    return np.array([unit(stream(f"p.{d}", net, d, points, replicate=replicate, seed=8)) for d in range(3)])


def monte_carlo(net: str, points: int, replicate: int) -> Floats:
    out = np.empty((3, points // BLOCK, BLOCK), np.uint64)
    for d, row in enumerate(out):
        for tile, one in enumerate(row):
            streams.words(np.uint64(streams.stream_key(replicate, f"{net}.{d}")), tile, 0, one)
    return unit(out.ravel()).reshape(3, -1)


INTEGRANDS: list[tuple[str, Callable[[Floats], Floats], float]] = [
    ("product", lambda u: np.prod(0.5 + u, axis=0), 1.0),
    ("exp", lambda u: np.exp(u.sum(axis=0)), (np.e - 1) ** 3),
    ("kink", lambda u: np.abs(u.sum(axis=0) - 1.5), 13 / 32),
]


def rms(
    source: Callable[[str, int, int], Floats], net: str, points: int, of: Callable[[Floats], Floats], exact: float
) -> float:
    """Root mean square error over 32 replicates."""
    return float(np.sqrt(np.mean([(of(source(net, points, r)).mean() - exact) ** 2 for r in range(32)])))


@pytest.mark.parametrize("net", [BASE_NET, "n"])
@pytest.mark.parametrize(("name", "of", "exact"), INTEGRANDS, ids=[one[0] for one in INTEGRANDS])
def test_errors_fall_like_1_over_n(net: str, name: str, of: Callable[[Floats], Floats], exact: float) -> None:
    """From 2^10 to 2^14 points errors fall by 20 to 56 (alarm below 8), those of Monte Carlo by 4, to 90 times as much.

    Ratios of mean squares are about F(32, 32). False alarms: 7e-7 where errors fall by 20, 1e-12 and less where by 50.
    Power: something that falls like Monte Carlo passes with probability 9e-5.
    """
    first, last = rms(points_of, net, 2**10, of, exact), rms(points_of, net, 2**14, of, exact)
    assert first / last > 8
    slow, last_slow = rms(monte_carlo, net, 2**10, of, exact), rms(monte_carlo, net, 2**14, of, exact)
    assert slow / last_slow < 8
    assert last_slow / last > 20
