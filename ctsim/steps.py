"""The steps of a binding, one formula after the other, by machine code that is the same for every binding.

Formulas are called by their address (`generated`). What a step takes, rows and earlier steps with their factors, are
numbers in arrays: so nothing here is compiled anew for another scenario, and nothing there for another place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ctsim.binding import Binding
from ctsim.compiled import compiled, inlined
from ctsim.generated import address, source_digest

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Arrays = tuple[IntArray, IntArray, npt.NDArray[np.bool_], IntArray, FloatArray, FloatArray]
"""By step the address of its formula (0: none, it is its only input), and where its inputs begin; by input whether it
is a row, its number among rows or steps, its factor; by step the factor of its result."""


class Steps:
    """Computes the steps of a binding."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding

    @cached_property
    def arrays(self) -> Arrays:
        """What `fill` goes by; formulas are compiled, or their machine code is read, when this is asked for."""
        steps = self._binding.steps
        inputs = [one for step in steps for one in step.inputs]
        formulas = {id(step.function): step.function for step in steps if step.function is not None}
        places = {name: address(formula) for name, formula in formulas.items()}
        return (
            np.array([places.get(id(one.function), 0) for one in steps], dtype=np.int64),
            np.cumsum([0, *(len(one.inputs) for one in steps)]).astype(np.int64),
            np.array([one.kind == "row" for one in inputs], dtype=np.bool_),
            np.array([one.index for one in inputs], dtype=np.int64),
            np.array([one.factor for one in inputs], dtype=np.float64),
            np.array([one.factor for one in steps], dtype=np.float64),
        )

    @property
    def digest(self) -> str:
        """Names the machine code of all its formulas."""
        return source_digest(one.function for one in self._binding.steps if one.function is not None)

    def evaluate(self, rows: FloatArray, steps: FloatArray) -> None:
        """Fill `steps` (step, draw), which may have more rows than that, from `rows` (row, draw)."""
        _evaluate(self.arrays, rows, steps)


def _call(_: Any, place: Any, inputs: Any, factors: Any, factor: Any, out: Any) -> Any:
    """The types of `call`, and what writes its code."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, double = ir.IntType(64), ir.DoubleType()
        pointer = double.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer.as_pointer(), pointer, double, pointer, number])
        inputs_, factors_, out_ = (
            context.make_array(signature.args[k])(context, builder, arguments[k]) for k in (1, 2, 4)
        )
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        given = builder.bitcast(inputs_.data, pointer.as_pointer())
        width = builder.extract_value(out_.shape, 0)
        builder.call(function, [given, factors_.data, arguments[3], out_.data, width])
        return context.get_dummy_value()

    return types.void(types.int64, inputs, factors, types.float64, out), code


_called: Final[Callable[..., None]] = intrinsic(_call)
"""_called(address, addresses of inputs, their factors, factor, out): a formula on contiguous arrays of one length."""


@inlined
def fill(number: int, arrays: Arrays, rows: FloatArray, steps: FloatArray, inputs: IntArray) -> None:
    """Compute step `number` of all draws; `inputs` is room for the addresses of all inputs."""
    places, starts, from_rows, index, factors, scales = arrays
    first, last = starts[number], starts[number + 1]
    out = steps[number]
    if places[number] == 0:
        given = rows[index[first]] if from_rows[first] else steps[index[first]]
        for i in range(len(out)):
            out[i] = given[i] * factors[first] * scales[number]
    else:
        for k in range(first, last):
            source = rows[index[k]] if from_rows[k] else steps[index[k]]
            inputs[k] = source.ctypes.data
        _called(places[number], inputs[first:last], factors[first:last], scales[number], out)


@compiled
def _evaluate(arrays: Arrays, rows: FloatArray, steps: FloatArray) -> None:
    inputs = np.empty(len(arrays[2]), dtype=np.int64)
    for number in range(len(arrays[0])):
        fill(number, arrays, rows, steps, inputs)
