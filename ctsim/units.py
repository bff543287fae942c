"""Units: what a unit string means, and the annotations that formula signatures carry.

A unit is written as on the page, `万t-CO2/yr` or `kg-CO2/kWh`: atoms joined by `*` and `/` (everything after a `/`
up to the next one divides). Years, tonnes of each substance, yen, vehicles and other counted things are dimensions of
their own, so that power times factor balances only through 8760 h/yr and carbon only through 44/12.

pint does the algebra with exact fractions. What a unit that can be read comes to is kept between processes, so pint is
loaded only for units that are new and for running formulas on quantities.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from types import FunctionType
from typing import Annotated, Any, Final, get_type_hints

from ctsim import elementary, kept, stocks
from ctsim.constants import UNITS as CONSTANT_UNITS
from ctsim.unit_words import ATOM, JAPANESE_UNITS

_DEFINITIONS: Final = """
k- = 1000
M- = 1000000
G- = 1000000000
T- = 1000000000000
yr = [year]
s = [time]
h = 3600 * s
day = 24 * h
J = [energy]
W = J / s
Wh = W * h
g = [mass]
t = 1000000 * g
g_CO2 = [mass_co2]
t_CO2 = 1000000 * g_CO2
g_C = [mass_carbon]
t_C = 1000000 * g_C
g_H2 = [mass_hydrogen]
t_H2 = 1000000 * g_H2
m = [length]
l = [volume]
Nm3 = [normal_volume]
JPY = [yen]
vehicle = [vehicle]
ship = [ship]
aircraft = [aircraft]
furnace = [furnace]
plant = [plant]
wafer = [wafer]
chip = [chip]
home = [home]
person = [person]
municipality = [municipality]
theme = [theme]
project = [project]
company = [company]
organisation = [organisation]
"""

_JAPANESE_PREFIXES: Final = {"百万": 10**6, "万": 10**4, "億": 10**8, "兆": 10**12, "千": 10**3}


class UnitError(ValueError):
    """A unit that is not known, or two units that cannot be converted into each other."""


@cache
def _registry() -> Any:
    from pint import UnitRegistry

    registry: Any = UnitRegistry(None, non_int_type=Fraction)
    for line in _DEFINITIONS.strip().splitlines():
        registry.define(line)
    return registry


@cache
def _parsed(unit: str) -> Any:
    """`unit` as an exact pint quantity; raises UnitError for anything unknown."""
    registry = _registry()
    result = registry.Quantity(Fraction(1), "")
    if not unit.strip():
        raise UnitError('a unit is missing; write "1" for a plain number')
    for position, product in enumerate(unit.split("/")):
        for atom in product.split("*"):
            quantity = _atom(atom.strip(), unit)
            result = result / quantity if position else result * quantity
    return result


def _atom(atom: str, unit: str) -> Any:
    registry = _registry()
    if atom in ("1", "%"):
        return registry.Quantity(Fraction(1) if atom == "1" else Fraction(1, 100), "")
    match = ATOM.match(atom)
    assert match is not None
    factor = _JAPANESE_PREFIXES.get(match[1] or "", 1)
    name = JAPANESE_UNITS.get(match[2], match[2]).replace("-", "_")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name not in registry:
        raise UnitError(f"unit '{atom}' in '{unit}' is not known; known units are listed in docs/units.md")
    return registry.Quantity(Fraction(factor), name)


@cache
def _measure(unit: str) -> tuple[Fraction, str]:
    """What one `unit` is in base units, exactly, and its dimensions; raises UnitError for anything unknown."""
    key = f"pint {version('pint')}: {unit}"
    if said := kept.recall("units", key):
        factor, _, dimensions = said.decode().partition(" ")
        return Fraction(factor), dimensions
    base = _parsed(unit).to_base_units()
    powers = sorted((name, str(Fraction(power))) for name, power in base.dimensionality.items())
    dimensions = " ".join(f"{name}^{power}" for name, power in powers)
    kept.keep("units", key, f"{Fraction(base.magnitude)} {dimensions}".encode())
    return Fraction(base.magnitude), dimensions


def check(unit: str) -> None:
    """Raise UnitError where `unit` cannot be read."""
    _measure(unit)


@cache
def conversion(source: str, target: str) -> float:
    """The factor that turns a value in `source` into a value in `target`, correctly rounded."""
    (factor, dimensions), (into, wanted) = _measure(source), _measure(target)
    if dimensions != wanted:
        raise UnitError(f"'{source}' cannot be converted to '{target}'")
    return float(factor / into)


def convertible(source: str, target: str) -> bool:
    """Whether values in `source` can be given in `target`."""
    return _measure(source)[1] == _measure(target)[1]


def is_amount(unit: str) -> bool:
    """Whether what is given in `unit` is counted, weighed or metered, and so never below 0.

    Not so a plain number, years, money, and CO2, of which less than nothing may be emitted.
    """
    measured = {one.partition("^")[0] for one in _measure(unit)[1].split()}
    return bool(measured - {"[year]", "[time]"}) and not measured & {"[mass_co2]", "[yen]"}


def quantity(value: float, unit: str) -> Any:
    """`value` in `unit` as a pint quantity, for running a formula on quantities."""
    parsed = _parsed(unit)
    return _registry().Quantity(value * float(parsed.magnitude), parsed.units)


def magnitude(quantity: Any, unit: str) -> float:
    """The number of `quantity` in `unit`; raises UnitError where the dimensions differ."""
    parsed = _parsed(unit)
    if not hasattr(quantity, "to"):
        quantity = _registry().Quantity(quantity, "")
    if quantity.dimensionality != parsed.dimensionality:
        raise UnitError(f"the result is {_words(quantity.dimensionality)}, which is not '{unit}'")
    return float(quantity.to_base_units().magnitude) / float(parsed.to_base_units().magnitude)


@cache
def signature(function: Callable[..., float]) -> tuple[dict[str, str], str]:
    """The unit of every argument and of the result, read from the annotations of a formula."""
    hints = get_type_hints(function, include_extras=True)
    units = {}
    for name, hint in hints.items():
        metadata = getattr(hint, "__metadata__", ())
        if not metadata or not isinstance(metadata[0], str):
            raise UnitError(f"argument '{name}' of formula '{function.__name__}' has no unit annotation")
        units[name] = metadata[0]
    if "return" not in units:
        raise UnitError(f"formula '{function.__name__}' has no unit annotation for its result")
    result = units.pop("return")
    code_names = function.__code__.co_varnames[: function.__code__.co_argcount]
    missing = [name for name in code_names if name not in units]
    if missing:
        raise UnitError(f"argument '{missing[0]}' of formula '{function.__name__}' has no unit annotation")
    return {name: units[name] for name in code_names}, result


def on_quantities(function: Callable[..., float], arguments: dict[str, float]) -> float:
    """Run `function` with quantities for its arguments and constants; the magnitude in the unit it declares.

    Raises UnitError where an operation mixes dimensions or the result has others than declared.
    """
    from pint import DimensionalityError

    units, result_unit = signature(function)
    assert isinstance(function, FunctionType)
    scope = dict(function.__globals__)
    scope.update({name: quantity(scope[name], unit) for name, unit in CONSTANT_UNITS.items() if name in scope})
    known = elementary.FUNCTIONS | stocks.FUNCTIONS
    scope.update({name: _with_units(one) for name, one in known.items() if scope.get(name) is one})
    on_units = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    try:
        result = on_units(**{name: quantity(arguments[name], unit) for name, unit in units.items()})
    except DimensionalityError as error:
        left, right = _words(error.dim1), _words(error.dim2)
        raise UnitError(f"formula '{function.__name__}' adds or compares {left} and {right}") from None
    return magnitude(result, result_unit)


def _with_units(function: Callable[..., float]) -> Callable[..., Any]:
    """A function that formulas may call, for quantities: unless it says otherwise it takes plain numbers."""
    if function is elementary.sqrt:
        return _root
    if function is stocks.linear_path:
        return function
    if function is stocks.survival:
        return lambda age, life, shape: function(
            _plain_number(age / life, "survival"), 1.0, _plain_number(shape, "survival")
        )
    if function is stocks.stock_years:
        return lambda span, life, shape: (
            life * function(_plain_number(span / life, "stock_years"), 1.0, _plain_number(shape, "stock_years"))
        )
    if function is stocks.ramped_stock_years:
        return lambda span, ramp, life, shape: (
            life
            * function(*(_plain_number(one, "ramped_stock_years") for one in (span / life, ramp / life, 1.0, shape)))
        )
    return lambda *given: function(*(_plain_number(one, function.__name__) for one in given))


def _root(given: Any) -> Any:
    base = given.to_base_units() if hasattr(given, "to") else _registry().Quantity(given, "")
    return _registry().Quantity(elementary.sqrt(float(base.magnitude)), base.units ** Fraction(1, 2))


def _plain_number(given: Any, name: str) -> float:
    """An argument as a number; raises UnitError where it has dimensions."""
    if not hasattr(given, "to"):
        return float(given)
    if not given.dimensionless:
        said = f"{name} takes plain numbers, not {_words(given.dimensionality)}"
        raise UnitError(f"{said}; divide by a reference in the same unit")
    return float(given.to_base_units().magnitude)


def _words(dimensions: Any) -> str:
    """Dimensions as text; pint itself cannot print exponents that are fractions."""
    if not hasattr(dimensions, "items"):
        return str(dimensions).strip(" ()") or "a plain number"
    parts = [f"{name.strip('[]')}^{float(power):g}" for name, power in dimensions.items()]
    return " ".join(parts) or "a plain number"


# Aliases for formula signatures. The string is the unit that the argument's number is in.
Ratio = Annotated[float, "1"]
Years = Annotated[float, "yr"]
MW = Annotated[float, "MW"]
GW = Annotated[float, "GW"]
TW = Annotated[float, "TW"]
GW_per_yr = Annotated[float, "GW/yr"]
kW = Annotated[float, "kW"]
GWh_per_yr = Annotated[float, "GWh/yr"]
kWh_per_vehicle = Annotated[float, "kWh/vehicle"]
TWh = Annotated[float, "TWh"]
t_per_yr = Annotated[float, "t/yr"]
Mt_per_yr = Annotated[float, "Mt/yr"]
t_H2_per_yr = Annotated[float, "t-H2/yr"]
t_H2 = Annotated[float, "t-H2"]
kg_H2_per_yr = Annotated[float, "kg-H2/yr"]
GJ_per_t_H2 = Annotated[float, "GJ/t-H2"]
MWh_per_t_H2 = Annotated[float, "MWh/t-H2"]
t_C_per_GJ = Annotated[float, "t-C/GJ"]
t_CO2 = Annotated[float, "t-CO2"]
Mt_CO2 = Annotated[float, "Mt-CO2"]
t_CO2_per_yr = Annotated[float, "t-CO2/yr"]
Mt_CO2_per_yr = Annotated[float, "Mt-CO2/yr"]
t_CO2_per_t = Annotated[float, "t-CO2/t"]
t_CO2_per_t_H2 = Annotated[float, "t-CO2/t-H2"]
t_CO2_per_ship_yr = Annotated[float, "t-CO2/ship/yr"]
t_CO2_per_furnace_yr = Annotated[float, "t-CO2/furnace/yr"]
t_CO2_per_vehicle = Annotated[float, "t-CO2/vehicle"]
t_CO2_per_kl = Annotated[float, "t-CO2/kl"]
t_CO2_per_MWh = Annotated[float, "t-CO2/MWh"]
Mt_CO2_per_TWh = Annotated[float, "Mt-CO2/TWh"]
t_CO2_per_GJ = Annotated[float, "t-CO2/GJ"]
t_CO2_per_Nm3 = Annotated[float, "t-CO2/Nm3"]
Nm3_per_t = Annotated[float, "Nm3/t"]
kl_per_yr = Annotated[float, "kl/yr"]
km_per_kWh = Annotated[float, "km/kWh"]
km_per_MWh = Annotated[float, "km/MWh"]
km_per_kl = Annotated[float, "km/kl"]
km_per_vehicle_yr = Annotated[float, "km/vehicle/yr"]
Persons = Annotated[float, "person"]
Vehicles = Annotated[float, "vehicle"]
Vehicles_per_person = Annotated[float, "vehicle/person"]
Ships = Annotated[float, "ship"]
Furnaces = Annotated[float, "furnace"]
Furnaces_per_yr = Annotated[float, "furnace/yr"]
Wafers_per_yr = Annotated[float, "wafer/yr"]
Chips_per_wafer = Annotated[float, "chip/wafer"]
Chips_per_vehicle = Annotated[float, "chip/vehicle"]
t_per_furnace_yr = Annotated[float, "t/furnace/yr"]
JPY = Annotated[float, "JPY"]
JPY_per_yr = Annotated[float, "JPY/yr"]
JPY_per_t_CO2 = Annotated[float, "JPY/t-CO2"]
JPY_per_GW = Annotated[float, "JPY/GW"]
JPY_per_kW = Annotated[float, "JPY/kW"]
JPY_per_Nm3 = Annotated[float, "JPY/Nm3"]
kWh_per_yr = Annotated[float, "kWh/yr"]
GJ_per_kl = Annotated[float, "GJ/kl"]
