"""Annex 2: lower cost of offshore wind power."""

from ctsim.constants import HOURS_PER_YEAR
from ctsim.stocks import linear_path
from ctsim.units import (
    TW,
    JPY_per_yr,
    Mt_CO2_per_TWh,
    Mt_CO2_per_yr,
    Ratio,
)


def co2_reduction(
    offshore_wind_capacity: TW,  # ① of the formula; the list of parameters prints it without a number
    thermal_emission_factor: Mt_CO2_per_TWh,  # ② of the formula, ① of the list
    capacity_factor: Ratio,  # ③ of the formula, ② of the list
) -> Mt_CO2_per_yr:
    """① × 8760 × ② × ③, for 2030 and for 2050"""
    return offshore_wind_capacity * HOURS_PER_YEAR * thermal_emission_factor * capacity_factor


def co2_reduction_falling_thermal_factor(
    literal: Mt_CO2_per_yr,
    thermal_factor: Mt_CO2_per_TWh,  # what thermal power emits per kWh in the year, instead of FY2030
    thermal_emission_factor: Mt_CO2_per_TWh,  # ② of the formula
) -> Mt_CO2_per_yr:
    """Reading: the power displaced in a year is the thermal power of that year."""
    return literal * (thermal_factor / thermal_emission_factor)


def co2_reduction_2040(
    co2_reduction_2030: Mt_CO2_per_yr,
    co2_reduction_2050: Mt_CO2_per_yr,
    progress_2040: Ratio,
) -> Mt_CO2_per_yr:
    """Path: the figure of 2030 and a share of the way to that of 2050"""
    return linear_path(co2_reduction_2030, co2_reduction_2050, progress_2040)


def economic_effect_2040(
    economic_effect_2030: JPY_per_yr,
    economic_effect_2050: JPY_per_yr,
    progress_2040: Ratio,
) -> JPY_per_yr:
    """Path: the figure of 2030 and a share of the way to that of 2050"""
    return linear_path(economic_effect_2030, economic_effect_2050, progress_2040)


def economic_effect_at_todays_rate(literal: JPY_per_yr, exchange_rate_ratio: Ratio) -> JPY_per_yr:
    """Reading: the amount at the rate of recent years"""
    return literal * exchange_rate_ratio
