"""Polynomials of many values at a time, each with coefficients from a row of its own.

The loop that reads the table is the largest part of a draw. Left to itself the compiler takes one value after the
other; AVX-512's gathers are no faster on many CPUs. Here eight rows are read as they lie, two coefficients a load, and
turned into vectors by shuffles (measurements: docs/decisions/0017). LLVM splits the vectors where a CPU has narrower
registers. Products and sums are those of the plain formula, never contracted: the same bits on every CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from ctsim.compiled import inlined

FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.uint64]

COEFFICIENTS: Final = 6
"""Those of a row, constant first."""

LANES: Final = 8
"""Values at a time."""

_PAIR: Final = ir.VectorType(ir.DoubleType(), 2)
_VECTOR: Final = ir.VectorType(ir.DoubleType(), LANES)
_INDEX: Final = ir.IntType(64)


def _eight_of_types(_: Any, table: Any, rows: Any, values: Any, first: Any) -> Any:
    """Signature of `_eight` for arguments of these types, and what writes its code."""
    if any(array.layout != "C" for array in (table, rows, values)):
        raise TypingError("arrays must be contiguous")
    return types.void(table, rows, values, first), _write_eight


def _write_eight(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    table, rows, values = (
        context.make_array(kind)(context, builder, array).data
        for kind, array in zip(signature.args[:3], arguments[:3], strict=True)
    )
    here = builder.bitcast(builder.gep(values, [arguments[3]]), _VECTOR.as_pointer())
    places = [builder.add(arguments[3], _INDEX(lane)) for lane in range(LANES)]
    starts = [builder.gep(table, [builder.load(builder.gep(rows, [place]))]) for place in places]
    t = builder.load(here, align=8)
    result = None
    for k in range(COEFFICIENTS - 2, -1, -2):
        even, odd = _columns(builder, starts, k)
        result = odd if result is None else builder.fadd(odd, builder.fmul(t, result))
        result = builder.fadd(even, builder.fmul(t, result))
    builder.store(result, here, align=8)
    return context.get_dummy_value()


def _columns(builder: Any, starts: Sequence[Any], k: int) -> tuple[Any, Any]:
    """Coefficients k and k + 1 of every row. Rows 0, 2, ... and 1, 3, ... are joined, then interleaved."""
    pairs = [builder.bitcast(builder.gep(start, [_INDEX(k)]), _PAIR.as_pointer()) for start in starts]
    loaded = [builder.load(pair, align=8) for pair in pairs]
    left, right = _joined(builder, loaded[0::2]), _joined(builder, loaded[1::2])
    even = [lane for i in range(0, LANES, 2) for lane in (i, LANES + i)]
    return _shuffled(builder, left, right, even), _shuffled(builder, left, right, [lane + 1 for lane in even])


def _joined(builder: Any, vectors: Sequence[Any]) -> Any:
    """One vector of a power of two of vectors."""
    while len(vectors) > 1:
        everything = range(2 * vectors[0].type.count)
        vectors = [_shuffled(builder, *two, everything) for two in zip(vectors[0::2], vectors[1::2], strict=True)]
    return vectors[0]


def _shuffled(builder: Any, left: Any, right: Any, lanes: Sequence[int]) -> Any:
    """The given lanes of two vectors, those of the second numbered after those of the first."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
    return builder.shuffle_vector(left, right, mask)


_eight: Any = intrinsic(_eight_of_types)  # `polynomials` for the values from `first` on


@inlined
def polynomials(table: FloatArray, rows: RowArray, values: FloatArray, n: int) -> None:
    """Replace each of the first `n` values t by c0 + t (c1 + t (c2 + t (c3 + t (c4 + t c5)))), rounded at every step.

    `rows` says where in `table` its c0 is. Whole groups of `LANES` are done: up to the next multiple of `LANES`, what
    follows in `rows` must be places in the table too, and what follows in `values` is overwritten.
    """
    for i in range(0, n, LANES):
        _eight(table, rows, values, i)
