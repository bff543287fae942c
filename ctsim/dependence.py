"""Gaussian copulas: parameters that move together, while each keeps its own distribution.

A group's words of one draw become normal scores, are mixed by a triangular matrix, and become words again. The first
member's word stays as it was; a member that is added last leaves those before it as they were.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined
from ctsim.distributions import build, fill
from ctsim.elementary import exp

FloatArray = npt.NDArray[np.float64]
WordArray = npt.NDArray[np.uint64]

_SCALE: Final = 2.0**64
_HALF: Final = 0.5 - 2.0**-54
_63: Final = np.uint64(63)
_TAIL: Final = (
    0.0019279131895349572,
    -0.017679830012603825,
    0.06864648827058144,
    -0.13867751000734466,
    0.1269034455547448,
    0.046424219915830685,
    -0.26878816993024357,
    0.35811413191817976,
    -0.3143710039235513,
    0.19477615626346895,
    -0.05992615976419932,
    0.07083765533524536,
    0.05674574240041212,
    0.08222684315096383,
    0.09335875678418326,
    0.09974610820795048,
    0.09973521264684754,
)
"""The lower tail of the normal distribution at -a is t exp(-a^2/2) P(t), t = 4 / (4 + a): within 1e-14 of it up to 9."""


class DependenceError(ValueError):
    """Rank correlations that no draws can have; `nearest` are some near them that can, for every pair of the group."""

    def __init__(self, nearest: Mapping[tuple[str, str], float]) -> None:
        super().__init__("these correlations contradict each other")
        self.nearest = nearest


@dataclass(frozen=True, eq=False)
class Group:
    """Streams that move together, in the order of the matrix `factor` (k, k), lower triangular with rows of length 1."""

    streams: tuple[str, ...]
    factor: FloatArray


def normal_correlation(spearman: float) -> float:
    """The correlation of normal scores that gives this rank correlation."""
    return 2.0 * math.sin(math.pi * spearman / 6.0)


def groups(pairs: Mapping[tuple[str, str], float]) -> list[Group]:
    """Groups of streams from rank correlations of pairs; streams that are linked, also by others, are one group.

    Members stand in the order in which the pairs name them, pairs that are not given are uncorrelated. Raises
    DependenceError.
    """
    found = []
    for members in _linked(pairs):
        place = {name: i for i, name in enumerate(members)}
        matrix = np.eye(len(members))
        for (a, b), spearman in pairs.items():
            if a in place:
                matrix[place[a], place[b]] = matrix[place[b], place[a]] = normal_correlation(spearman)
        factor = cholesky(matrix)
        if factor is None:
            near = nearest(matrix)
            raise DependenceError({
                (a, b): 6.0 / math.pi * math.asin(near[place[a], place[b]] / 2.0)
                for j, b in enumerate(members) for a in members[:j]
            })  # fmt: skip
        found.append(Group(tuple(members), factor))
    return found


def _linked(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    order = list(dict.fromkeys(name for pair in pairs for name in pair))
    home = {name: {name} for name in order}
    for a, b in pairs:
        if home[a] is not home[b]:
            home[a] |= home[b]
            for name in home[b]:
                home[name] = home[a]
    sets = {id(one): one for one in home.values()}
    return [[name for name in order if name in one] for one in sets.values()]


def cholesky(matrix: FloatArray) -> FloatArray | None:
    """The lower triangular factor, row by row, so that a row added last changes none before; None where there is none.

    Own code: the last bits of LAPACK's differ between machines.
    """
    k = len(matrix)
    factor = np.zeros((k, k))
    for i in range(k):
        for j in range(i + 1):
            rest = float(matrix[i, j])
            for m in range(j):
                rest -= float(factor[i, m]) * float(factor[j, m])
            if i == j:
                if rest <= 1e-12:
                    return None
                factor[i, i] = math.sqrt(rest)
            else:
                factor[i, j] = rest / float(factor[j, j])
    return factor


def nearest(matrix: FloatArray) -> FloatArray:
    """A correlation matrix near `matrix` that draws can have: negative eigenvalues raised, diagonal brought back to 1."""
    values, vectors = np.linalg.eigh(matrix)
    raised = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    scale = 1.0 / np.sqrt(np.diag(raised))
    return np.asarray(raised * scale[:, None] * scale[None, :])


def normal_scores() -> tuple[int, FloatArray, FloatArray]:
    """Kind, parameters and table of the standard normal distribution, for `correlate`."""
    normal = build("normal", {"mean": 0.0, "sd": 1.0}, None)
    return normal.kind, np.array(normal.parameters), normal.table


@compiled
def correlate(factor: FloatArray, kind: int, parameters: FloatArray, table: FloatArray, words: WordArray) -> None:
    """Replace `words` (member, draw) by those of the copula, in place; the first row stays."""
    k, n = words.shape
    scores = np.empty((k, n))
    for j in range(k):
        fill(kind, parameters, table, words[j], scores[j])
    mixed = np.empty(n)
    for j in range(1, k):
        for i in range(n):
            mixed[i] = 0.0
        for m in range(j + 1):
            weight = factor[j, m]
            if weight != 0.0:
                for i in range(n):
                    mixed[i] += weight * scores[m, i]
        for i in range(n):
            words[j, i] = _word(mixed[i])


@inlined
def _word(score: float) -> int:
    """The word whose normal score this is: the tail's probability from the nearer end."""
    a = min(abs(score), 9.0)
    t = 4.0 / (4.0 + a)
    p = _TAIL[0]
    for power in range(1, 17):
        p = p * t + _TAIL[power]
    tail = np.uint64(np.int64(min(t * exp(-0.5 * a * a) * p, _HALF) * _SCALE))
    return ~tail if score > 0.0 else tail


def declared(sequence: Sequence[tuple[Sequence[str], float]]) -> dict[tuple[str, str], float]:
    """Pairs of all members of each declaration (streams, rank correlation), in order."""
    pairs: dict[tuple[str, str], float] = {}
    for streams, spearman in sequence:
        for j, b in enumerate(streams):
            for a in streams[:j]:
                pairs[a, b] = spearman
    return pairs
