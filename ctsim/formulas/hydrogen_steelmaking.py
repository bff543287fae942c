"""Annex 6: hydrogen in steelmaking."""

from ctsim.stocks import survival
from ctsim.units import (
    Furnaces,
    JPY_per_yr,
    Mt_CO2_per_yr,
    Ratio,
    Years,
    t_CO2_per_t,
    t_CO2_per_yr,
    t_per_furnace_yr,
)


def co2_reduction_2030(
    furnace_output: t_per_furnace_yr,  # ①
    steel_intensity: t_CO2_per_t,  # ② printed as a range, with "/年" where "/t" is meant
    course50_reduction: Ratio,  # ③
    course50_furnaces: Furnaces,  # ④
) -> t_CO2_per_yr:
    """① × ② × ③ × ④"""
    return furnace_output * steel_intensity * course50_reduction * course50_furnaces


def co2_reduction_2050(
    world_steel_emission: Mt_CO2_per_yr,  # ① of the 2050 block
    innovative_reduction: Ratio,  # ② of the 2050 block
) -> Mt_CO2_per_yr:
    """① × ②"""
    return world_steel_emission * innovative_reduction


def co2_reduction_2040(
    co2_reduction_2030: t_CO2_per_yr,
    years_since_2030: Years,
    furnace_campaign: Years,
    furnace_campaign_shape: Ratio,
) -> t_CO2_per_yr:
    """What is left of the furnace of 2030: its campaign may end before"""
    return co2_reduction_2030 * survival(years_since_2030, furnace_campaign, furnace_campaign_shape)


def economic_effect_2040(
    economic_effect_2030: JPY_per_yr,
    years_since_2030: Years,
    furnace_campaign: Years,
    furnace_campaign_shape: Ratio,
) -> JPY_per_yr:
    """The same for its output"""
    return economic_effect_2030 * survival(years_since_2030, furnace_campaign, furnace_campaign_shape)


def economic_effect_at_todays_rate(literal: JPY_per_yr, exchange_rate_ratio: Ratio) -> JPY_per_yr:
    """Reading: the amount at the rate of recent years"""
    return literal * exchange_rate_ratio
