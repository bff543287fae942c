"""Annex 1: next-generation solar cells."""

from ctsim.constants import HOURS_PER_YEAR
from ctsim.stocks import linear_path
from ctsim.units import (
    TW,
    JPY_per_yr,
    Mt_CO2_per_TWh,
    Mt_CO2_per_yr,
    Ratio,
)


def co2_reduction_2030(
    single_junction_capacity: TW,  # ① world volume
    tandem_capacity: TW,  # ② the makers' own volume: no share applies
    japan_share: Ratio,  # ③
    capacity_factor: Ratio,  # ④
    emission_factor: Mt_CO2_per_TWh,  # ⑤
) -> Mt_CO2_per_yr:
    """(① × ③ + ②) × ④ × ⑤ × 8760"""
    return (
        (single_junction_capacity * japan_share + tandem_capacity) * capacity_factor * emission_factor * HOURS_PER_YEAR
    )


def co2_reduction_2050(
    cumulative_capacity_2050: TW,  # ⑥ already the volume of Japanese firms
    capacity_factor: Ratio,  # ④
    emission_factor: Mt_CO2_per_TWh,  # ⑤
) -> Mt_CO2_per_yr:
    """⑥ × ④ × ⑤ × 8760"""
    return cumulative_capacity_2050 * capacity_factor * emission_factor * HOURS_PER_YEAR


def economic_effect_2030_single_junction(
    solar_market_2030: JPY_per_yr, single_junction_market_share: Ratio, japan_share: Ratio
) -> JPY_per_yr:
    """市場規模 5 兆円 × 1 % × 25 %"""
    return solar_market_2030 * single_junction_market_share * japan_share


def economic_effect_2030(
    economic_effect_2030_single_junction: JPY_per_yr,  # 125 億円
    economic_effect_2030_tandem: JPY_per_yr,  # 186 億円, printed without its arithmetic
) -> JPY_per_yr:
    """125 億円 + 186 億円"""
    return economic_effect_2030_single_junction + economic_effect_2030_tandem


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


def co2_reduction_world_factor(
    literal: Mt_CO2_per_yr,
    world_grid_factor: Mt_CO2_per_TWh,  # of the year, in place of ⑤
    emission_factor: Mt_CO2_per_TWh,  # ⑤
) -> Mt_CO2_per_yr:
    """Reading: the figure at the world's grid factor of its year"""
    return literal * (world_grid_factor / emission_factor)


def economic_effect_at_todays_rate(literal: JPY_per_yr, exchange_rate_ratio: Ratio) -> JPY_per_yr:
    """Reading: the amount at the rate of recent years"""
    return literal * exchange_rate_ratio
