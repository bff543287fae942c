"""Annex 7: decarbonised heat in manufacturing."""

from ctsim.units import Furnaces_per_yr, Ratio, Years, t_CO2_per_furnace_yr, t_CO2_per_yr


def co2_reduction_2040(
    furnace_emission: t_CO2_per_furnace_yr,  # ①
    cofiring_reduction: Ratio,  # ②
    annual_replacements: Furnaces_per_yr,  # ③
    cofiring_years: Years,  # 2032-2040
) -> t_CO2_per_yr:
    """① × ② × ③ × 9年: the furnaces replaced in nine years all stand in 2040"""
    return furnace_emission * cofiring_reduction * annual_replacements * cofiring_years


def co2_reduction_2050(
    co2_reduction_2040: t_CO2_per_yr,  # the figure of 2040, unrounded
    furnace_emission: t_CO2_per_furnace_yr,  # ①
    single_fuel_reduction: Ratio,  # ④
    annual_replacements: Furnaces_per_yr,  # ⑤, the same yearly replacements as ③
    single_fuel_years: Years,  # 2041-2050
) -> t_CO2_per_yr:
    """【CO₂排出削減効果】(2040年時点) + ① × ④ × ⑤ × 10年"""
    return co2_reduction_2040 + furnace_emission * single_fuel_reduction * annual_replacements * single_fuel_years
