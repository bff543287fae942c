"""Annex 3: large-scale hydrogen supply chain."""

from ctsim.constants import CO2_PER_C, HYDROGEN_DENSITY
from ctsim.stocks import linear_path
from ctsim.units import (
    JPY,
    GJ_per_t_H2,
    JPY_per_kW,
    JPY_per_Nm3,
    JPY_per_yr,
    Ratio,
    kg_H2_per_yr,
    kW,
    t_C_per_GJ,
    t_CO2_per_t_H2,
    t_CO2_per_yr,
    t_H2_per_yr,
)


def co2_reduction(
    hydrogen_supply: t_H2_per_yr,  # ①
    hydrogen_heating_value: GJ_per_t_H2,  # ②
    gas_carbon_content: t_C_per_GJ,  # ③
) -> t_CO2_per_yr:
    """① × ② × ③ × ④ × ⑤, for 2030 and for 2050

    The report prints MJ/kg and g-C/MJ with ⑤ = 10⁻⁶ t/g and leaves out 10³ kg/t; GJ/t and t-C/GJ need neither.
    """
    return hydrogen_supply * hydrogen_heating_value * gas_carbon_content * CO2_PER_C


def co2_reduction_less_upstream(
    hydrogen_supply: t_H2_per_yr,
    hydrogen_heating_value: GJ_per_t_H2,
    gas_carbon_content: t_C_per_GJ,
    upstream_emission: t_CO2_per_t_H2,  # making, liquefying and shipping the hydrogen
) -> t_CO2_per_yr:
    """Reading: ① × (② × ③ × ④ × ⑤ − emission of making and shipping one tonne of hydrogen)"""
    return hydrogen_supply * (hydrogen_heating_value * gas_carbon_content * CO2_PER_C - upstream_emission)


def economic_effect(
    hydrogen_supply: kg_H2_per_yr,  # ① of the CO2 formula: the same hydrogen
    hydrogen_supply_cost: JPY_per_Nm3,
) -> JPY_per_yr:
    """水素供給量 ÷ 水素の密度 × 水素供給コスト, for 2030 and for 2050"""
    return hydrogen_supply / HYDROGEN_DENSITY * hydrogen_supply_cost


def economic_effect_turbines(
    turbine_capacity: kW,  # 最大導入容量
    turbine_price: JPY_per_kW,
) -> JPY:
    """最大導入容量 × タービン価格, cumulative to 2050"""
    return turbine_capacity * turbine_price


def co2_reduction_2040(
    co2_reduction_2030: t_CO2_per_yr,
    co2_reduction_2050: t_CO2_per_yr,
    progress_2040: Ratio,
) -> t_CO2_per_yr:
    """Path: the figure of 2030 and a share of the way to that of 2050"""
    return linear_path(co2_reduction_2030, co2_reduction_2050, progress_2040)


def economic_effect_2040(
    economic_effect_2030: JPY_per_yr,
    printed_market_2050: JPY_per_yr,  # the printed figure, which the formula does not give
    progress_2040: Ratio,
) -> JPY_per_yr:
    """Path: the figure of 2030 and a share of the way to the printed one of 2050"""
    return linear_path(economic_effect_2030, printed_market_2050, progress_2040)
