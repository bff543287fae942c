"""One pass over a tile in lanes of 16, written as vector instructions.

Loops over lanes in plain Python compile to sums that go through memory, at three times the cost. Vectors of 16 doubles
are cut by the compiler to whatever registers a machine has: lane by lane the same additions in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ctsim.summaries.records import TILE
from ctsim.vectors import variable

_LANES: Final = 16
_DOUBLES: Final = ir.VectorType(ir.DoubleType(), _LANES)
_PLACES: Final = ir.VectorType(ir.IntType(32), _LANES)


def _tile_pass(
    _: Any, row: Any, scale: Any, shift: Any, low: Any, per_width: Any, top: Any, found: Any, places: Any
) -> Any:
    """The types of `tile_pass`, and what writes its code."""
    del scale, shift, low, per_width, top

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data, out, into = (
            context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 6, 7)
        )
        given = [_spread(builder, arguments[k]) for k in (1, 2, 3, 4, 5)]
        start = [0.0, 0.0, 0.0, float("inf"), float("-inf")]
        kept = [variable(builder, ir.Constant(_DOUBLES, [one] * _LANES)) for one in start]
        count = ir.Constant(ir.IntType(64), TILE // _LANES)
        with cgutils.for_range(builder, count) as loop:
            x = builder.load(_at(builder, data, loop.index, _DOUBLES), align=8)
            after, bins = _step(builder, x, [builder.load(one) for one in kept], given)
            for one, value in zip(kept, after, strict=True):
                builder.store(value, one)
            builder.store(bins, _at(builder, into, loop.index, _PLACES), align=4)
        for k, one in enumerate(kept):
            folded = _folded(builder, builder.load(one), None if k < 3 else "<" if k == 3 else ">")
            builder.store(folded, builder.gep(out, [ir.Constant(ir.IntType(64), k)]))
        return context.get_dummy_value()

    return types.void(row, *[types.float64] * 5, found, places), code


tile_pass: Final[Callable[..., None]] = intrinsic(_tile_pass)
"""tile_pass(row, scale, shift, low, per_width, top, found, places): one pass over the 1024 values of a tile.

Into `found` (5) go the sums of x·scale - shift, of its squares and of its cubes, the smallest and the largest x; into
`places` the bins (x - low)·per_width + 1, brought into 0 ... top and cut to integers. The values of `row` must lie one
after the other. Anything that is not finite makes the first sum so.
"""


def _spread(builder: Any, value: Any) -> Any:
    """A vector with the same number in every lane."""
    single = builder.insert_element(ir.Constant(_DOUBLES, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    order = ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [0] * _LANES)
    return builder.shuffle_vector(single, ir.Constant(_DOUBLES, ir.Undefined), order)


def _at(builder: Any, data: Any, index: Any, vector: Any) -> Any:
    """Where the vector of that number lies in an array."""
    return builder.gep(builder.bitcast(data, vector.as_pointer()), [index])


def _step(builder: Any, x: Any, kept: Any, given: Any) -> tuple[list[Any], Any]:
    """What is kept after 16 more values, and their bins."""
    scale, shift, low, per_width, top = given
    deviation = builder.fsub(builder.fmul(x, scale), shift)
    square = builder.fmul(deviation, deviation)
    powers = (deviation, square, builder.fmul(square, deviation))
    after = [builder.fadd(one, power) for one, power in zip(kept, powers, strict=False)]
    after += [_chosen(builder, "<", x, kept[3]), _chosen(builder, ">", x, kept[4])]
    place = builder.fadd(builder.fmul(builder.fsub(x, low), per_width), ir.Constant(_DOUBLES, [1.0] * _LANES))
    place = _chosen(builder, ">", place, ir.Constant(_DOUBLES, [0.0] * _LANES))
    return after, builder.fptosi(_chosen(builder, "<", place, top), _PLACES)


def _chosen(builder: Any, comparison: str, one: Any, other: Any) -> Any:
    """`one` where it compares so with `other`, else `other`; NaN never does."""
    return builder.select(builder.fcmp_ordered(comparison, one, other), one, other)


def _folded(builder: Any, vector: Any, comparison: str | None) -> Any:
    """The sum of all lanes in order, or their smallest or largest."""
    lanes = [builder.extract_element(vector, ir.Constant(ir.IntType(32), k)) for k in range(_LANES)]
    total = lanes[0] if comparison else builder.fadd(ir.Constant(ir.DoubleType(), 0.0), lanes[0])
    for one in lanes[1:]:
        total = _chosen(builder, comparison, one, total) if comparison else builder.fadd(total, one)
    return total
