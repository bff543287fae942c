"""Annex 18: microgrids with own lines in leading regions."""

from ctsim.stocks import survival
from ctsim.units import Ratio, Years, t_CO2, t_CO2_per_MWh, t_CO2_per_yr


def plan_of_municipality(
    microgrid_plan: t_CO2,  # ①
    leading_region_plan: t_CO2,  # ②
) -> t_CO2:
    """① + ② of one municipality, over five years"""
    return microgrid_plan + leading_region_plan


def plan_of_all_municipalities(
    co2_reduction_five_year_plan_tsukuba: t_CO2,
    co2_reduction_five_year_plan_hidaka: t_CO2,
    co2_reduction_five_year_plan_ikusaka: t_CO2,
    co2_reduction_five_year_plan_nagoya: t_CO2,
) -> t_CO2:
    """(① + ②) × 4 自治体: the sum over the four, over five years"""
    return (
        co2_reduction_five_year_plan_tsukuba
        + co2_reduction_five_year_plan_hidaka
        + co2_reduction_five_year_plan_ikusaka
        + co2_reduction_five_year_plan_nagoya
    )


def operating_of_all_municipalities(
    co2_reduction_fy2024_operating_tsukuba: t_CO2_per_yr,
    co2_reduction_fy2024_operating_hidaka: t_CO2_per_yr,
    co2_reduction_fy2024_operating_ikusaka: t_CO2_per_yr,
) -> t_CO2_per_yr:
    """③: 131 + 339 + 612; nothing operates in Nagoya yet"""
    return (
        co2_reduction_fy2024_operating_tsukuba
        + co2_reduction_fy2024_operating_hidaka
        + co2_reduction_fy2024_operating_ikusaka
    )


def co2_reduction_carried(
    co2_reduction_fy2024_operating: t_CO2_per_yr,
    future_grid_factor: t_CO2_per_MWh,
    grid_factor: t_CO2_per_MWh,
    calendar_year: Years,
    installation_year: Years,
    equipment_life: Years,
    equipment_life_shape: Ratio,
) -> t_CO2_per_yr:
    """③ × share of the equipment still in use × grid factor of the year ÷ that of FY2023"""
    left = survival(calendar_year - installation_year, equipment_life, equipment_life_shape)
    return co2_reduction_fy2024_operating * left * (future_grid_factor / grid_factor)
