"""Gaussian copulas: parameters that move together, while each keeps its own distribution.

A group's normal scores of one draw are mixed by a triangular matrix and become words again, from which the members'
own quantile functions make values. The first member's draws are its own; one that is added last changes no other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ctsim.compiled import compiled, inlined, machine_code
from ctsim.distributions import fill
from ctsim.elementary import ALL

FloatArray = npt.NDArray[np.float64]

_ROUNDING: Final = 1e-12
_SCALE: Final = 2.0**64
_HALF: Final = 0.5 - 2.0**-54
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
"""The normal distribution's tail at -a is t exp(-a^2/2) P(t), t = 4 / (4 + a): within 1e-14 of it for a up to 9."""


class DependenceError(ValueError):
    """Rank correlations that no draws can have; `nearest` are some near them that can, for every pair of the group."""

    def __init__(self, nearest: Mapping[tuple[str, str], float]) -> None:
        super().__init__("these correlations contradict each other")
        self.nearest = nearest


@dataclass(frozen=True, eq=False)
class Group:
    """Streams that move together, in the order of `factor` (k, k), lower triangular with rows of length 1."""

    streams: tuple[str, ...]
    factor: FloatArray

    def up_to(self, wanted: Collection[str]) -> Group | None:
        """The group without what follows the last wanted member; None where no wanted one follows another."""
        last = max((j for j, name in enumerate(self.streams) if name in wanted), default=0)
        return Group(self.streams[: last + 1], self.factor[: last + 1, : last + 1]) if last else None


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
                if rest < -_ROUNDING:
                    return None
                factor[i, i] = math.sqrt(rest) if rest > _ROUNDING else 0.0
            elif factor[j, j]:
                factor[i, j] = rest / float(factor[j, j])
            elif abs(rest) > _ROUNDING:  # what follows a member entirely has no part of its own
                return None
    return factor


def nearest(matrix: FloatArray) -> FloatArray:
    """A correlation matrix near `matrix` (member, member) that draws can have.

    Negative eigenvalues are raised, and the diagonal is brought back to 1.
    """
    values, vectors = np.linalg.eigh(matrix)
    raised = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    scale = 1.0 / np.sqrt(np.diag(raised))
    return np.asarray(raised * scale[:, None] * scale[None, :])


Tie = tuple[tuple[str, ...], tuple[float, ...]]
"""How a row follows others: the streams whose normal scores are mixed, and the weight of each."""


def ties_of(groups: Sequence[Group]) -> dict[str, Tie]:
    """By stream, for all members but the first of each group, whose draws are its own."""
    return {
        name: (group.streams, tuple(group.factor[j].tolist()))
        for group in groups for j, name in enumerate(group.streams) if j
    }  # fmt: skip


@compiled
def mix(
    rows: npt.NDArray[np.int64],
    weights: FloatArray,
    kinds: npt.NDArray[np.int64],
    parameters: FloatArray,
    spans: npt.NDArray[np.int64],
    table: FloatArray,
    scores: FloatArray,
    out: FloatArray,
) -> None:
    """Write rows of `out` (row, draw) whose normal scores are `weights` (row, member) of `scores` (member, draw)."""
    words = np.empty(1024, np.uint64)
    mixed = np.empty(1024)
    for k in range(len(rows)):
        nodes = table[spans[k, 0] : spans[k, 0] + spans[k, 1]]
        for start in range(0, out.shape[1], 1024):
            for i in range(1024):
                mixed[i] = 0.0
            for member in range(len(scores)):
                weight = weights[k, member]
                if weight != 0.0:
                    for i in range(1024):
                        mixed[i] += weight * scores[member, start + i]
            for i in range(1024):
                words[i] = _word(mixed[i])
            fill(kinds[k], parameters[k], nodes, words, out[rows[k], start : start + 1024])


_exp, *_ = machine_code(ALL)


@inlined
def _word(score: float) -> np.uint64:
    """The word whose normal score this is: the tail's probability from the nearer end."""
    a = min(abs(score), 9.0)
    t = 4.0 / (4.0 + a)
    p = ((_TAIL[0] * t + _TAIL[1]) * t + _TAIL[2]) * t + _TAIL[3]
    p = (((p * t + _TAIL[4]) * t + _TAIL[5]) * t + _TAIL[6]) * t + _TAIL[7]
    p = (((p * t + _TAIL[8]) * t + _TAIL[9]) * t + _TAIL[10]) * t + _TAIL[11]
    p = ((((p * t + _TAIL[12]) * t + _TAIL[13]) * t + _TAIL[14]) * t + _TAIL[15]) * t + _TAIL[16]
    tail = np.uint64(np.int64(min(t * _exp(-0.5 * a * a) * p, _HALF) * _SCALE))
    return ~tail if score > 0.0 else tail


def declared(sequence: Sequence[tuple[Sequence[str], float]]) -> dict[tuple[str, str], float]:
    """Pairs of all members of each declaration (streams, rank correlation), in order."""
    pairs: dict[tuple[str, str], float] = {}
    for streams, spearman in sequence:
        for j, b in enumerate(streams):
            for a in streams[:j]:
                pairs[a, b] = spearman
    return pairs
