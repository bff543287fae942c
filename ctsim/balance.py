"""Whether the units of formulas balance: each is run on quantities, as the step of a binding that it is."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from ctsim import units
from ctsim.binding import Binding
from ctsim.equations import Formula, formula_place, value_of
from ctsim.errors import Finding


def unit_faults(binding: Binding, only: Callable[[Formula], bool] = lambda _: True) -> list[Finding]:
    """Formulas whose units do not balance: each is run on quantities at the printed values.

    The magnitude must be that of the plain run; where it is not, a factor of a unit hides in the formula.
    """
    results = binding.evaluate(binding.central())
    rows = binding.central()
    findings = []
    for step in binding.steps:
        if step.function is None or step.delivered or not only(step.function):
            continue
        names = list(units.signature(step.function)[0])
        given = [(rows if one.kind == "row" else results)[one.index] * one.factor for one in step.inputs]
        message = _unit_fault(step.function, dict(zip(names, given, strict=True)))
        if message:
            findings.append(Finding(formula_place(step.function), f"formula {step.function.__name__}", message))
    return findings


def _unit_fault(function: Formula, arguments: dict[str, float]) -> str:
    plain = value_of(function, list(arguments.values()))
    if not isfinite(plain):
        return ""  # a draw tells what is not finite
    try:
        on_units = units.on_quantities(function, arguments)
    except units.UnitError as error:
        return str(error)
    except (ArithmeticError, ValueError, TypeError) as error:
        return f"cannot be run on quantities: {error}; compare and divide what has units"
    if abs(on_units - plain) <= 1e-12 * abs(plain):
        return ""
    return f"gives {plain:g} on numbers but {on_units:g} on quantities; choose argument units that balance"
