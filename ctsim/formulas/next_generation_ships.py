"""Annex 5: next-generation ships."""

from ctsim.units import Ships, t_CO2_per_ship_yr, t_CO2_per_yr


def co2_reduction_2030(
    zero_emission_ships_2030: Ships,  # ①
    emission_per_ship: t_CO2_per_ship_yr,  # ②
) -> t_CO2_per_yr:
    """① × ②"""
    return zero_emission_ships_2030 * emission_per_ship
