"""Scrambled Sobol' points: 64 random bits for every (stream, net, dimension, replicate, place), in any order.

Points are those of the direction numbers of Joe and Kuo (`joe_kuo.txt`). Each replicate is one independent nested
uniform ("Owen") scrambling: every binary digit is flipped or not by a hash of the digits before it (Laine and Karras
2011; Burley, "Practical hash-based Owen scrambling", JCGT 9(4), 2020). The lower 32 bits of a word are a hash of the
upper ones. Published hashes have fixed multipliers, which leaves few patterns of flips: of the 128 that the first three
digits can have, 32 for any key, however many rounds. Here all eight numbers of the two rounds come from the key, in an
order of steps found by trying: all 128 are equally likely, and it is faster.

A net is a set of points that streams share, one dimension each. Points of the base net keep their order. Those of any
other net are shuffled by a nested uniform scrambling of the index, keyed by the net's name, that leaves the first 2^k
points the first 2^k for every k. So two streams on one dimension of different nets are paired at random.

Points come in blocks of `BLOCK`; offset p of a block stands for the index block * BLOCK + (p with its ten bits
reversed). That way every step below is a loop over neighbours. Digits are held with the first one (1/2) in bit 0: the
digits before a digit are the bits below it, which is where carries of a product come from.

All arithmetic is on integers: the same bits on every CPU.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.errors import InputError

STREAM_VERSION: Final = 1
"""Part of every key; the same number as that of `ctsim.streams`, for all random bits of ctsim."""

BLOCK: Final = 1024
"""Points a block: those of a tile of draws."""

DIMENSIONS: Final = 1024
"""Dimensions of a net that have direction numbers."""

MOST_POINTS: Final = 2**32
"""Where the sequence ends: points a replicate."""

BASE_NET: Final = "base"

_BITS: Final = 32
_LEVELS: Final = 10  # of the tree of a block: 2^10 points
_MASK: Final = 0xFFFFFFFF
_WEYL: Final = 0x9E3779B9
_MIX: Final = (0x7FEB352D, 0x846CA68B)  # "lowbias32" of C. Wellons' hash-prospector

# The same numbers for compiled code, where a plain integer would turn 32 bits into 64.
_W = np.uint32(_WEYL)
_L0, _L1 = (np.uint32(c) for c in _MIX)
_0, _1, _2, _4, _8, _15, _16, _31 = (np.uint32(n) for n in (0, 1, 2, 4, 8, 15, 16, 31))
_ONES, _PAIRS = np.uint32(0x55555555), np.uint32(0x33333333)
_NIBBLES, _BYTES = np.uint32(0x0F0F0F0F), np.uint32(0x00FF00FF)
_LOW, _HALF = np.uint64(_MASK), np.uint64(32)

Words = npt.NDArray[np.uint64]
Digits = npt.NDArray[np.uint32]


# ---- keys


def scramble_key(seed: int, name: str, replicate: int) -> int:
    """The 64-bit key of one replicate of the stream `name` under `seed`."""
    if not 0 <= seed < 2**64:
        raise InputError(f"seed must be at least 0 and below 2^64, got {seed}")
    return _digest(b"sobol scramble", seed.to_bytes(8, "little"), name.encode(), replicate.to_bytes(8, "little"))


def shuffle_key(net: str) -> int:
    """The 64-bit key of a net's order; 0, which keeps the order, for the base net and for no other."""
    return 0 if net == BASE_NET else _digest(b"sobol shuffle", net.encode()) or 1


def _digest(*fields: bytes) -> int:
    """64 bits of blake2b over the length-prefixed fields and the version."""
    everything = (*fields, STREAM_VERSION.to_bytes(8, "little"))
    message = b"".join(len(field).to_bytes(8, "little") + field for field in everything)
    return int.from_bytes(blake2b(message, digest_size=8).digest(), "little")


# ---- direction numbers


@cache
def directions(dimension: int) -> Digits:
    """The direction numbers of a dimension (from 0): uint32[32], entry k for bit k of the index, first digit in bit 0.

    Read-only. Raises InputError outside 0 ... DIMENSIONS - 1.
    """
    if not 0 <= dimension < DIMENSIONS:
        raise InputError(f"dimension must be at least 0 and below {DIMENSIONS}, got {dimension}")
    degree, inner, numbers = _polynomials()[dimension]
    columns = [m << (_BITS - 1 - k) for k, m in enumerate(numbers[:_BITS])]
    for k in range(len(columns), _BITS):
        # Bratley and Fox, ACM TOMS 14, 88-100 (1988), equation 2: each number from the `degree` before it.
        column = columns[k - degree] ^ columns[k - degree] >> degree
        for i in range(1, degree):
            column ^= columns[k - i] * (inner >> (degree - 1 - i) & 1)
        columns.append(column)
    found = np.array([_reversed(column, _BITS) for column in columns], dtype=np.uint32)
    found.flags.writeable = False
    return found


@cache
def _polynomials() -> tuple[tuple[int, int, tuple[int, ...]], ...]:
    """(degree, inner coefficients, first direction numbers m) of every dimension; the first is van der Corput's."""
    rows: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, (1,) * _BITS)]
    for line in (Path(__file__).parent / "joe_kuo.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            _, degree, inner, *numbers = (int(word) for word in line.split())
            rows.append((degree, inner, tuple(numbers)))
    return tuple(rows)


def _reversed(value: int, bits: int) -> int:
    return int(f"{value:0{bits}b}"[::-1], 2)


# ---- one word, in plain Python


def word_of(seed: int, name: str, net: str, dimension: int, replicate: int, place: int) -> int:
    """The 64 bits of the point at `place` = block * BLOCK + offset: slow, the reference for `sobol_words`."""
    block, offset = divmod(place, BLOCK)
    index = _shuffled(block * BLOCK + _reversed(offset, _LEVELS), shuffle_key(net))
    digits = 0
    for k, direction in enumerate(directions(dimension).tolist()):
        digits ^= direction * (index >> k & 1)
    keys = _keys(scramble_key(seed, name, replicate))
    for shift, even, flips, odd in (keys[:4], keys[4:8]):
        digits = digits + shift & _MASK
        digits ^= digits * (even << 1) & _MASK
        digits = (digits ^ flips) * (odd | 1) & _MASK
    return _reversed(digits, _BITS) << 32 | _mixed(digits + keys[8] & _MASK)


def _keys(key: int) -> list[int]:
    """Nine 32-bit numbers from a key of 64 bits."""
    return [_mixed(_mixed((key & _MASK) + i * _WEYL & _MASK) ^ key >> 32) for i in range(9)]


def _shuffled(index: int, key: int) -> int:
    """The index of the unshuffled net that stands at `index`: a bit is flipped by a hash of the bits above it.

    Bits above which there is none set stay, so that the first 2^k indices are permuted among themselves.
    """
    if key == 0:
        return index
    block = index // BLOCK
    result = index
    for k in range(_BITS):
        if above := index >> (k + 1):
            if k >= _LEVELS:
                node = (2 * above + 1) << k
            else:
                level = _LEVELS - 1 - k
                node = block * BLOCK + (1 << level) + (_reversed(above % (1 << level), level) if level else 0)
            result ^= (_mixed(_mixed(node ^ key & _MASK) ^ key >> 32) >> 31) << k
    return result


def _mixed(value: int) -> int:
    """A permutation of 32 bits in which every bit depends on every other."""
    value = (value ^ value >> 16) * _MIX[0] & _MASK
    value = (value ^ value >> 15) * _MIX[1] & _MASK
    return value ^ value >> 16


# ---- blocks of words, compiled


@compiled
def net_order(key: int, block: int, order: Digits) -> None:
    """Write the order of one block of a net into `order` (uint32[1024]), for `sobol_words` of all its dimensions.

    `key` (from `shuffle_key`, as np.uint64); `block` is below 2^22. Entry 0 is the block of the unshuffled net; entry
    2^l + m says whether the m-th node of level l of the block's tree changes its halves: 0 or 0xFFFFFFFF.
    """
    order[0] = np.uint32(block)
    if np.uint64(key) == np.uint64(0):
        order[1:] = _0
        return
    low, high = np.uint32(np.uint64(key) & _LOW), np.uint32(np.uint64(key) >> _HALF)
    first = np.uint32(block * 1024)
    for node in range(1, 1024):
        order[node] = np.uint32(_0 - _flip(np.uint32(first + np.uint32(node)), low, high))
    if block == 0:
        for level in range(10):
            order[1 << level] = _0
    for k in range(22):
        above = block >> (k + 1)
        if above != 0:
            node_ = np.uint32(((2 * above + 1) << k) * 1024)
            order[0] = np.uint32(order[0] ^ np.uint32(_flip(node_, low, high) << np.uint32(k)))


@compiled
def sobol_words(key: int, order: Digits, directions: Digits, out: Words) -> None:
    """Write the words of the points of one block into `out` (uint64[1024], contiguous).

    `key` (from `scramble_key`, as np.uint64), `order` (from `net_order`), `directions` (of the stream's dimension).
    """
    low, high = np.uint32(np.uint64(key) & _LOW), np.uint32(np.uint64(key) >> _HALF)
    a, b, c, d = _key(0, low, high), _key(1, low, high), _key(2, low, high), _key(3, low, high)
    e, f, g, h = _key(4, low, high), _key(5, low, high), _key(6, low, high), _key(7, low, high)
    last = _key(8, low, high)
    digits = np.empty(1024, np.uint32)
    _points(order, directions, digits)
    for i in range(1024):
        digits[i] = _round(_round(digits[i], a, b, c, d), e, f, g, h)
    # Lower half first: ctsim runs on little-endian machines. Pairs of 32 bits vectorise, shifted 64 bits do not.
    halves = out.view(np.uint32)
    for i in range(1024):
        halves[2 * i] = _mix(np.uint32(digits[i] + last))
        halves[2 * i + 1] = _reverse(digits[i])


@inlined
def _points(order: Digits, directions: Digits, digits: Digits) -> None:
    """The unscrambled points of a block: a tree whose levels are the ten lower bits of the index, highest first.

    A node's left half takes the direction number of its bit where `order` says so, its right half where not.
    """
    first = _0
    for k in range(10, 32):
        first = np.uint32(first ^ np.uint32(directions[k] * np.uint32((order[0] >> np.uint32(k - 10)) & _1)))
    digits[0] = first
    nodes = 1
    for k in range(10):
        direction = directions[9 - k]
        for m in range(nodes):
            left = np.uint32(digits[m] ^ np.uint32(direction & order[nodes + m]))
            digits[m] = left
            digits[nodes + m] = np.uint32(left ^ direction)
        nodes *= 2


@inlined
def _round(digits: np.uint32, shift: np.uint32, even: np.uint32, flips: np.uint32, odd: np.uint32) -> np.uint32:
    """One round of a keyed permutation in which a bit depends only on itself and the bits below it."""
    digits = np.uint32(digits + shift)
    digits = np.uint32(digits ^ np.uint32(digits * np.uint32(even << _1)))
    return np.uint32(np.uint32(digits ^ flips) * np.uint32(odd | _1))


@inlined
def _key(i: int, low: np.uint32, high: np.uint32) -> np.uint32:
    """The i-th number of `_keys`, compiled."""
    return _mix(np.uint32(_mix(np.uint32(low + np.uint32(np.uint32(i) * _W))) ^ high))


@inlined
def _flip(node: np.uint32, low: np.uint32, high: np.uint32) -> np.uint32:
    """0 or 1: whether the halves of a node change places."""
    return np.uint32(_mix(np.uint32(_mix(np.uint32(node ^ low)) ^ high)) >> _31)


@inlined
def _mix(value: np.uint32) -> np.uint32:
    """`_mixed`, compiled."""
    value = np.uint32(np.uint32(value ^ np.uint32(value >> _16)) * _L0)
    value = np.uint32(np.uint32(value ^ np.uint32(value >> _15)) * _L1)
    return np.uint32(value ^ np.uint32(value >> _16))


@inlined
def _reverse(value: np.uint32) -> np.uint32:
    """The bits in reverse order."""
    value = np.uint32(((value >> _1) & _ONES) | ((value & _ONES) << _1))
    value = np.uint32(((value >> _2) & _PAIRS) | ((value & _PAIRS) << _2))
    value = np.uint32(((value >> _4) & _NIBBLES) | ((value & _NIBBLES) << _4))
    value = np.uint32(((value >> _8) & _BYTES) | ((value & _BYTES) << _8))
    return np.uint32((value >> _16) | (value << _16))
