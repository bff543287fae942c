"""Physical and calendar constants that formulas may use, with their units.

A formula module imports these by name. `UNITS` lets the unit check run the same formula on quantities.
"""

from typing import Final

HOURS_PER_YEAR: Final = 8760.0
"""24 h × 365 days, as the report writes it."""

CO2_PER_C: Final = 44.0 / 12.0
"""Tonnes of CO2 per tonne of carbon, as the report rounds the molar masses."""

HYDROGEN_DENSITY: Final = 0.08994
"""kg of hydrogen per normal cubic metre (0 °C, 1 atm)."""

UNITS: Final[dict[str, str]] = {
    "HOURS_PER_YEAR": "h/yr",
    "CO2_PER_C": "t-CO2/t-C",
    "HYDROGEN_DENSITY": "kg-H2/Nm3",
}
