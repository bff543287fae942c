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

TONNES_PER_GRAM: Final = 1e-6
"""Tonnes per gram, printed by Annex 3 as a factor of its own."""

ONE_YEAR: Final = 1.0
"""Turns an output a year into the output of one production year."""

UNITS: Final[dict[str, str]] = {
    "HOURS_PER_YEAR": "h/yr",
    "CO2_PER_C": "t-CO2/t-C",
    "HYDROGEN_DENSITY": "kg-H2/Nm3",
    "TONNES_PER_GRAM": "t/g",
    "ONE_YEAR": "yr",
}
