"""The record of a distribution, and those made directly: constant, flat, and cells of a piecewise linear CDF."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt

from ctsim.distributions.sampling import FIXED, PIECES, STEPS, TABLE, TRIANGULAR, UNIFORM, FloatArray, fill
from ctsim.errors import InputError

Interval = tuple[float, float]
NO_TABLE: Final = np.zeros(1)
NO_ATOMS: Final = np.zeros((0, 2))


@dataclass(frozen=True, eq=False)
class Quantiles:
    """A distribution ready for `fill`.

    `low`, `high` are the ends of the support; `mean`, `sd` are None where they are infinite or not known; `atoms` is
    one row (value, probability) for each value that has a probability of its own. Arrays are not to be written to.
    """

    kind: int
    parameters: FloatArray
    table: FloatArray
    low: float
    high: float
    mean: float | None
    sd: float | None
    atoms: FloatArray

    def scaled(self, factor: float) -> Quantiles:
        """The distribution of `factor` times the value; low words still give low values where it is negative."""
        if not math.isfinite(factor):
            refuse(f"the factor must be a finite number, got {factor}")
        if factor == 0 or self.kind == FIXED:
            return constant(factor * float(self.parameters[0]) if factor else 0.0)
        return _stretched(self if factor > 0 else _mirrored(self), abs(float(factor)))

    def widened(self, about: float, factor: float) -> Quantiles:
        """Every value `factor` times as far from `about`, at least 0 times. Discrete distributions stay as they are."""
        if factor == 0.0:
            return constant(about)
        if factor == 1.0 or self.kind in (FIXED, STEPS):
            return self
        return _stretched(self, float(factor), about - factor * about)


def quantile(distribution: Quantiles, p: npt.ArrayLike, upper: bool = False) -> FloatArray:
    """The quantiles of the probabilities `p` in (0, 1), or of 1 - p with `upper`, through the same code as draws."""
    probabilities = np.asarray(p, dtype=np.float64)
    if not ((probabilities > 0) & (probabilities < 1)).all():
        raise ValueError("probabilities must lie strictly between 0 and 1")
    below = probabilities < 0.5
    tails = np.ldexp(np.where(below, probabilities, 1.0 - probabilities), 64).ravel()
    tail_words = np.minimum(np.rint(tails), np.nextafter(2.0**63, 0)).astype(np.uint64)
    words = np.where(below.ravel() ^ upper, tail_words, ~tail_words)
    out = np.empty(len(words))
    fill(distribution.kind, distribution.parameters, distribution.table, words, out)
    return out.reshape(probabilities.shape)


def refuse(message: str) -> NoReturn:
    """An error without place and key: the caller knows them."""
    raise InputError(message)


def nothing_left(cut: Interval, low: float, high: float) -> NoReturn:
    """The error for a truncation outside the support."""
    refuse(f"truncate = [{cut[0]:g}, {cut[1]:g}] leaves nothing of a distribution on {low:g} to {high:g}")


def numbers(*values: float) -> FloatArray:
    """The eight parameters of a `Quantiles`."""
    return np.array(values + (0.0,) * (8 - len(values)))


def constant(value: float) -> Quantiles:
    """One value, always."""
    return Quantiles(FIXED, numbers(value), NO_TABLE, value, value, value, 0.0, np.array([[value, 1.0]]))


def flat(low: float, high: float) -> Quantiles:
    """Every value between `low` and `high` alike."""
    width = high - low
    while low + width > high:  # by rounding
        width = math.nextafter(width, 0.0)
    mean, sd = low + width / 2, width / math.sqrt(12)
    return Quantiles(UNIFORM, numbers(low, width), NO_TABLE, low, high, mean, sd, NO_ATOMS)


def steps(left: FloatArray, right: FloatArray, weights: FloatArray) -> Quantiles:
    """Cells in ascending order, each with its weight above 0: an atom where left = right, else flat between them."""
    if len(left) == 1:
        return constant(float(left[0])) if left[0] == right[0] else flat(float(left[0]), float(right[0]))
    total = weights.sum()
    cdf = np.append(0.0, np.cumsum(weights) / total)
    complement = np.append(np.cumsum(weights[::-1])[::-1] / total, 0.0)
    cdf[-1] = complement[0] = 1.0
    return stepped(cdf, complement, left, right)


def stepped(cdf: FloatArray, complement: FloatArray, left: FloatArray, right: FloatArray) -> Quantiles:
    """Cells in ascending order between the n + 1 values of a CDF and of its complement."""
    bits, guide = _guide(cdf, complement)
    # each where it has most digits
    probabilities = np.where(cdf[1:] <= 0.5, np.diff(cdf), -np.diff(complement))
    jump = left == right
    middle = left + (right - left) / 2
    mean = float((probabilities * middle).sum())
    variance = float((probabilities * ((middle - mean) ** 2 + (right - left) ** 2 / 12)).sum())
    parameters = numbers(len(left), bits, float(not jump.all()))
    table = np.concatenate([cdf, complement, left, right, guide])
    atoms = np.column_stack([left[jump], probabilities[jump]])
    return Quantiles(STEPS, parameters, table, float(left[0]), float(right[-1]), mean, math.sqrt(variance), atoms)


def _guide(cdf: FloatArray, complement: FloatArray) -> tuple[int, FloatArray]:
    """For each of 2^bits equal parts of (0, 1) the first cell that a word in it can have."""
    bits = max(1, math.ceil(math.log2(len(cdf))))
    edges = np.arange(2 ** (bits - 1)) / 2.0**bits
    lower = np.searchsorted(cdf[1:], edges, side="right")
    upper = np.searchsorted(-complement[1:], edges - 0.5, side="left")  # these parts begin at u = edge + 1/2
    return bits, np.concatenate([lower, upper]).astype(np.float64)


def _stretched(q: Quantiles, factor: float, shift: float = 0.0) -> Quantiles:
    """`shift` + `factor` times the value; `factor` is above 0."""
    reach = _reach(q) if q.kind in (TABLE, PIECES) else max(map(abs, (q.low, q.high)))
    if not math.isfinite(reach * factor + abs(shift)):
        refuse(f"{factor:g} times the distribution reaches beyond the largest numbers")
    if q.kind == UNIFORM:
        return flat(q.low * factor + shift, q.high * factor + shift)
    parameters, table = q.parameters.copy(), q.table
    if q.kind == TRIANGULAR:
        parameters[[0, 1, 2, 5, 6]] = parameters[[0, 1, 2, 5, 6]] * factor + shift
    elif q.kind in (TABLE, PIECES):
        parameters[:4] *= factor
        parameters[[0, 2, 3]] += shift
    else:
        n = int(parameters[0])
        table = table.copy()
        table[2 * n + 2 : 4 * n + 2] = table[2 * n + 2 : 4 * n + 2] * factor + shift
    return replace(
        q,
        parameters=parameters,
        table=table,
        low=q.low * factor + shift,
        high=q.high * factor + shift,
        mean=moved(q.mean, shift, factor),
        sd=moved(q.sd, 0.0, factor),
        atoms=q.atoms * (factor, 1.0) + (shift, 0.0),
    )


def _mirrored(q: Quantiles) -> Quantiles:
    """The distribution of minus the value."""
    p, table = q.parameters, q.table
    if q.kind == UNIFORM:
        return flat(-q.high, -q.low)
    if q.kind == TRIANGULAR:
        p = numbers(-p[2], -p[1], -p[0], p[4], p[3], -p[6], -p[5])
    elif q.kind in (TABLE, PIECES):
        rows, ends = _rows(q)
        sides = np.split(rows, max(2, 2 * (len(ends) - 1)))
        p = numbers(-p[0], -p[1], -p[3], -p[2], *p[4:])
        table = np.concatenate([*sides[::-1], 2.0**53 - ends[::-1]])
    else:
        n = int(p[0])
        cdf, complement, ends = table[: n + 1], table[n + 1 : 2 * n + 2], table[2 * n + 2 : 4 * n + 2]
        return stepped(complement[::-1], cdf[::-1], -ends[n:][::-1], -ends[:n][::-1])
    mean = moved(q.mean, 0.0, -1.0)
    return replace(q, parameters=p, table=table, low=-q.high, high=-q.low, mean=mean, atoms=q.atoms[::-1] * (-1.0, 1.0))


def _reach(q: Quantiles) -> float:
    """Largest absolute value that a table gives."""
    shift, scale = q.parameters[:2]
    return float(np.abs(shift + scale * _rows(q)[0][::6]).max())


def _rows(q: Quantiles) -> tuple[FloatArray, FloatArray]:
    """The coefficients of a table or of pieces, and the ends of the pieces, none where it is one table."""
    cut = len(q.table) - (int(q.parameters[6]) + 1 if q.kind == PIECES else 0)
    return q.table[:cut], q.table[cut:]


def moved(moment: float | None, shift: float, scale: float) -> float | None:
    """`shift` + `scale` times a moment that may be unknown; None where that is not a finite number."""
    result = None if moment is None else shift + scale * moment
    return result if result is not None and math.isfinite(result) else None
