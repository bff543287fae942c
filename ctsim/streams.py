"""Named random streams: 64 random bits for every (seed, full parameter name, draw, purpose), in any order.

The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11). The
key is a digest of the seed and the name, the counter holds the draw. Nothing depends on how draws are cut into chunks.

Draws come in tiles of `TILE`. One call of the generator gives 128 bits: the words of draws i and i + 512 of a tile.
    counter = (tile low, tile high, i, purpose)    key = (key low, key high)    each 32 bits
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.errors import InputError

STREAM_VERSION: Final = 1
"""Part of every key. Whatever changes the bits of a stream must raise it."""

TILE: Final = 1024
"""Draws a tile."""

_Word = int | np.uint64
_HALF: Final = TILE // 2
_QUARTER: Final = TILE // 4
_ROUNDS: Final = 10
_MULTIPLIERS: Final = (0xD2511F53, 0xCD9E8D57)
_WEYL: Final = (0x9E3779B9, 0xBB67AE85)
_MASK: Final = 0xFFFFFFFF

# The same numbers for compiled code, where a plain integer beside an unsigned one would turn both into floats.
_M0: Final = np.uint64(_MULTIPLIERS[0])
_M1: Final = np.uint64(_MULTIPLIERS[1])
_W0: Final = np.uint64(_WEYL[0])
_W1: Final = np.uint64(_WEYL[1])
_LOW: Final = np.uint64(_MASK)
_32: Final = np.uint64(32)


def stream_key(seed: int, name: str) -> int:
    """The 64-bit key of the stream `name` under `seed`: a digest of the length-prefixed seed, name and version."""
    if not 0 <= seed < 2**64:
        raise InputError(f"seed must be at least 0 and below 2^64, got {seed}")
    fields = (seed.to_bytes(8, "little"), name.encode(), STREAM_VERSION.to_bytes(8, "little"))
    message = b"".join(len(field).to_bytes(8, "little") + field for field in fields)
    return int.from_bytes(blake2b(message, digest_size=8).digest(), "little")


def word_of(seed: int, name: str, draw: int, purpose: int = 0) -> int:
    """The 64 bits of one draw, in plain Python: slow, the reference for `words`."""
    key = stream_key(seed, name)
    tile, offset = divmod(draw, TILE)
    half, i = divmod(offset, _HALF)
    lanes = philox((tile & _MASK, tile >> 32, i, purpose), (key & _MASK, key >> 32))
    return lanes[2 * half] | lanes[2 * half + 1] << 32


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 in plain Python: four 32-bit words."""
    (a, b, c, d), (k, m) = counter, key
    for _ in range(_ROUNDS):
        left, right = _MULTIPLIERS[0] * a, _MULTIPLIERS[1] * c
        a, b, c, d = right >> 32 ^ b ^ k, right & _MASK, left >> 32 ^ d ^ m, left & _MASK
        k, m = (k + _WEYL[0]) & _MASK, (m + _WEYL[1]) & _MASK
    return a, b, c, d


@compiled
def words(key: _Word, tile: _Word, purpose: _Word, out: npt.NDArray[np.uint64]) -> None:
    """Write the words of the `TILE` draws of one tile into `out` (uint64[1024]).

    `key` (from `stream_key`, as np.uint64), `tile` and `purpose` are below 2^64, 2^63 and 2^32.
    """
    key_low, key_high = np.uint64(key) & _LOW, np.uint64(key) >> _32
    low, high, last = np.uint64(tile) & _LOW, np.uint64(tile) >> _32, np.uint64(purpose)
    for i in range(_QUARTER):
        j = i + _QUARTER
        four = _two(low, high, np.uint64(i), np.uint64(j), last, key_low, key_high)
        out[i], out[i + _HALF], out[j], out[j + _HALF] = four


@inlined
def _two(
    a: np.uint64, b: np.uint64, near: np.uint64, far: np.uint64, d: np.uint64, k: np.uint64, m: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Philox4x32-10 of the counters (a, b, near, d) and (a, b, far, d), two words of 64 bits each.

    Two at a time, since the rounds of one wait for each other. Lanes have 64 bits; only the low half of each counts,
    what the high halves collect is dropped where a lane is multiplied.
    """
    e, f, g, h = a, b, far, d
    c = near
    for _ in range(_ROUNDS - 1):
        a, b, c, d = _round(a, b, c, d, k, m)
        e, f, g, h = _round(e, f, g, h, k, m)
        k += _W0
        m += _W1
    return *_last_round(a, b, c, d, k, m), *_last_round(e, f, g, h, k, m)


@inlined
def _round(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, k: np.uint64, m: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    left = _M0 * (a & _LOW)
    right = _M1 * (c & _LOW)
    return (right >> _32) ^ b ^ k, right, (left >> _32) ^ d ^ m, left


@inlined
def _last_round(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, k: np.uint64, m: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """`_round`, its four words of 32 bits as two of 64: a product with its halves exchanged holds two of them."""
    left = _M0 * (a & _LOW)
    right = _M1 * (c & _LOW)
    return ((right >> _32) | (right << _32)) ^ ((b ^ k) & _LOW), ((left >> _32) | (left << _32)) ^ ((d ^ m) & _LOW)
