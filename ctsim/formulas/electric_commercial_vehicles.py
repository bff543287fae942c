"""Annex 20: electric trucks and taxis."""

from ctsim.stocks import survival
from ctsim.units import (
    Ratio,
    Vehicles,
    Years,
    km_per_kl,
    km_per_MWh,
    km_per_vehicle_yr,
    t_CO2_per_kl,
    t_CO2_per_MWh,
    t_CO2_per_yr,
)


def co2_reduction_by_class(
    fuel_economy: km_per_kl,  # ① of the vehicle that is replaced
    fuel_factor: t_CO2_per_kl,  # ② petrol or diesel
    electric_economy: km_per_MWh,  # ③
    grid_factor: t_CO2_per_MWh,  # ④
    annual_distance: km_per_vehicle_yr,  # ⑤
    vehicles: Vehicles,  # ⑥
) -> t_CO2_per_yr:
    """(② ÷ ① - ④ ÷ ③) × ⑤ × ⑥"""
    return (fuel_factor / fuel_economy - grid_factor / electric_economy) * annual_distance * vehicles


def co2_reduction(
    co2_reduction_fy2024_kei_truck: t_CO2_per_yr,
    co2_reduction_fy2024_small_truck: t_CO2_per_yr,
    co2_reduction_fy2024_large_truck: t_CO2_per_yr,
    co2_reduction_fy2024_taxi: t_CO2_per_yr,
) -> t_CO2_per_yr:
    """軽トラック + 小型トラック + 普通トラック + タクシー"""
    return (
        co2_reduction_fy2024_kei_truck
        + co2_reduction_fy2024_small_truck
        + co2_reduction_fy2024_large_truck
        + co2_reduction_fy2024_taxi
    )


def co2_reduction_carried_by_class(
    fuel_economy: km_per_kl,  # ①
    fuel_factor: t_CO2_per_kl,  # ②
    electric_economy: km_per_MWh,  # ③
    future_grid_factor: t_CO2_per_MWh,  # in place of ④
    annual_distance: km_per_vehicle_yr,  # ⑤
    vehicles: Vehicles,  # ⑥
    calendar_year: Years,
    purchase_year: Years,
    vehicle_life: Years,
    life_shape: Ratio,
) -> t_CO2_per_yr:
    """(② ÷ ① - grid factor of the year ÷ ③) × ⑤ × ⑥ × share of the vehicles still in use"""
    saving = (fuel_factor / fuel_economy - future_grid_factor / electric_economy) * annual_distance
    return saving * vehicles * survival(calendar_year - purchase_year, vehicle_life, life_shape)


def co2_reduction_additional(literal: t_CO2_per_yr, additional_share: Ratio) -> t_CO2_per_yr:
    """Reading: the part that would not be there without the subsidy"""
    return literal * additional_share
