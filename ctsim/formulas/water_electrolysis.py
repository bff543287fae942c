"""Annex 8: hydrogen from water electrolysis; the money is computed as chapter 4.3.2-8 describes it."""

from ctsim.constants import CO2_PER_C, HOURS_PER_YEAR
from ctsim.stocks import linear_path
from ctsim.units import (
    GW,
    JPY,
    MW,
    GJ_per_t_H2,
    GW_per_yr,
    JPY_per_GW,
    JPY_per_yr,
    MWh_per_t_H2,
    Ratio,
    t_C_per_GJ,
    t_CO2_per_MWh,
    t_CO2_per_yr,
)


def co2_reduction_2030(
    electrolyser_capacity_2030: MW,  # ③
    load_factor: Ratio,  # ④
    electricity_per_hydrogen: MWh_per_t_H2,  # ⑤ lower heating value
    hydrogen_heating_value: GJ_per_t_H2,  # ② higher heating value
    gas_carbon_content: t_C_per_GJ,  # ①
) -> t_CO2_per_yr:
    """③ × 8760 時間 × ④ ÷ ⑤ × ② × ① × 44/12"""
    hydrogen = electrolyser_capacity_2030 * HOURS_PER_YEAR * load_factor / electricity_per_hydrogen
    return hydrogen * hydrogen_heating_value * gas_carbon_content * CO2_PER_C


def co2_reduction_2050(
    electrolyser_capacity_2050: MW,  # ③
    load_factor: Ratio,  # ④
    electricity_per_hydrogen: MWh_per_t_H2,  # ⑤ lower heating value
    hydrogen_heating_value: GJ_per_t_H2,  # ② higher heating value
    gas_carbon_content: t_C_per_GJ,  # ①
) -> t_CO2_per_yr:
    """③ × 8760 時間 × ④ ÷ ⑤ × ② × ① × 44/12"""
    hydrogen = electrolyser_capacity_2050 * HOURS_PER_YEAR * load_factor / electricity_per_hydrogen
    return hydrogen * hydrogen_heating_value * gas_carbon_content * CO2_PER_C


def economic_effect_2030_cumulative(
    electrolyser_capacity_2030: GW,  # ③ of the CO2 formula: the same electrolysers
    unit_cost: JPY_per_GW,  # printed for two technologies
) -> JPY:
    """水電解装置導入量 × 平均設備単価, 2030年までの累計"""
    return electrolyser_capacity_2030 * unit_cost


def economic_effect_2050(
    annual_additions: GW_per_yr,  # 平均88GW/年, from the note on ③
    unit_cost: JPY_per_GW,
) -> JPY_per_yr:
    """水電解装置導入量 × 平均設備単価, 2050年"""
    return annual_additions * unit_cost


# ---- readings


def economic_effect_one_of_ten_years(
    electrolyser_capacity_2030: GW, unit_cost: JPY_per_GW, installation_years: Ratio
) -> JPY:
    """Reading: ③ × 平均設備単価 ÷ 10, one year's part of the ten years to 2030, printed under the label 累計"""
    return electrolyser_capacity_2030 * unit_cost / installation_years


def economic_effect_2050_unit_cost(annual_additions: GW_per_yr, unit_cost_2050: JPY_per_GW) -> JPY_per_yr:
    """Reading: 88 GW/年 × a unit cost of its own for 2050, which the report does not print"""
    return annual_additions * unit_cost_2050


def co2_reduction_2030_lower_heating_value(
    electrolyser_capacity_2030: MW,
    load_factor: Ratio,
    electricity_per_hydrogen: MWh_per_t_H2,
    lower_heating_value: GJ_per_t_H2,  # in place of ②
    gas_carbon_content: t_C_per_GJ,
) -> t_CO2_per_yr:
    """Reading: ② as lower heating value, as in ⑤"""
    hydrogen = electrolyser_capacity_2030 * HOURS_PER_YEAR * load_factor / electricity_per_hydrogen
    return hydrogen * lower_heating_value * gas_carbon_content * CO2_PER_C


def co2_reduction_2050_lower_heating_value(
    electrolyser_capacity_2050: MW,
    load_factor: Ratio,
    electricity_per_hydrogen: MWh_per_t_H2,
    lower_heating_value: GJ_per_t_H2,  # in place of ②
    gas_carbon_content: t_C_per_GJ,
) -> t_CO2_per_yr:
    """Reading: ② as lower heating value, as in ⑤"""
    hydrogen = electrolyser_capacity_2050 * HOURS_PER_YEAR * load_factor / electricity_per_hydrogen
    return hydrogen * lower_heating_value * gas_carbon_content * CO2_PER_C


def co2_reduction_2030_less_electricity(
    electrolyser_capacity_2030: MW,
    load_factor: Ratio,
    electricity_per_hydrogen: MWh_per_t_H2,
    hydrogen_heating_value: GJ_per_t_H2,
    gas_carbon_content: t_C_per_GJ,
    electricity_use: MWh_per_t_H2,  # what a plant draws, losses included
    electricity_intensity: t_CO2_per_MWh,
) -> t_CO2_per_yr:
    """Reading: the same hydrogen, less the emission of the electricity it takes"""
    hydrogen = electrolyser_capacity_2030 * HOURS_PER_YEAR * load_factor / electricity_per_hydrogen
    displaced = hydrogen_heating_value * gas_carbon_content * CO2_PER_C
    return hydrogen * (displaced - electricity_use * electricity_intensity)


def co2_reduction_2050_less_electricity(
    electrolyser_capacity_2050: MW,
    load_factor: Ratio,
    electricity_per_hydrogen: MWh_per_t_H2,
    hydrogen_heating_value: GJ_per_t_H2,
    gas_carbon_content: t_C_per_GJ,
    electricity_use: MWh_per_t_H2,  # what a plant draws, losses included
    electricity_intensity: t_CO2_per_MWh,
) -> t_CO2_per_yr:
    """Reading: the same hydrogen, less the emission of the electricity it takes"""
    hydrogen = electrolyser_capacity_2050 * HOURS_PER_YEAR * load_factor / electricity_per_hydrogen
    displaced = hydrogen_heating_value * gas_carbon_content * CO2_PER_C
    return hydrogen * (displaced - electricity_use * electricity_intensity)


def co2_reduction_2040(
    co2_reduction_2030: t_CO2_per_yr,
    co2_reduction_2050: t_CO2_per_yr,
    progress_2040: Ratio,
) -> t_CO2_per_yr:
    """Path: the figure of 2030 and a share of the way to that of 2050"""
    return linear_path(co2_reduction_2030, co2_reduction_2050, progress_2040)
