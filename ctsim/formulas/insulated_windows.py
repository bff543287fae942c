"""Annex 21: insulated windows.

The report prints its equation, (①×②+③×④)×⑤ summed over the patterns of renovation, but neither the electricity ① and
kerosene ③ saved nor the homes ⑤ of each pattern. Nothing can be computed: both figures are `reported` on the page.
"""

from ctsim.stocks import survival
from ctsim.units import Ratio, Years, t_CO2_per_MWh, t_CO2_per_yr


def co2_reduction_carried(
    co2_reduction_fy2025_detached: t_CO2_per_yr,
    co2_reduction_fy2025_apartment: t_CO2_per_yr,
    electricity_share: Ratio,
    future_grid_factor: t_CO2_per_MWh,
    grid_factor: t_CO2_per_MWh,
    calendar_year: Years,
    installation_year: Years,
    window_life: Years,
    window_life_shape: Ratio,
) -> t_CO2_per_yr:
    """Both figures × share of the windows still in use × (kerosene + electricity × fall of the grid factor)"""
    printed = co2_reduction_fy2025_detached + co2_reduction_fy2025_apartment
    fuel = 1 - electricity_share + electricity_share * (future_grid_factor / grid_factor)
    return printed * fuel * survival(calendar_year - installation_year, window_life, window_life_shape)


def co2_reduction_additional(literal: t_CO2_per_yr, additional_share: Ratio) -> t_CO2_per_yr:
    """Reading: the part that would not be there without the subsidy"""
    return literal * additional_share


def co2_reduction_after_take_back(literal: t_CO2_per_yr, take_back: Ratio) -> t_CO2_per_yr:
    """Reading: less what is taken as comfort"""
    return literal * (1 - take_back)


def co2_reduction_mixed_windows(literal: t_CO2_per_yr, smaller_windows: Ratio) -> t_CO2_per_yr:
    """Reading: less what note 3 adds"""
    return literal * (1 - smaller_windows)
