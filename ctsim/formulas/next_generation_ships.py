"""Annex 5: next-generation ships."""

from ctsim.stocks import survival
from ctsim.units import Ratio, Ships, Years, t_CO2_per_ship_yr, t_CO2_per_yr


def co2_reduction_2030(
    zero_emission_ships_2030: Ships,  # ①
    emission_per_ship: t_CO2_per_ship_yr,  # ②
) -> t_CO2_per_yr:
    """① × ②"""
    return zero_emission_ships_2030 * emission_per_ship


def co2_reduction_2040(
    co2_reduction_2030: t_CO2_per_yr,
    years_since_2030: Years,
    ship_life: Years,
    ship_life_shape: Ratio,
) -> t_CO2_per_yr:
    """What is left of the ships of 2030"""
    return co2_reduction_2030 * survival(years_since_2030, ship_life, ship_life_shape)
