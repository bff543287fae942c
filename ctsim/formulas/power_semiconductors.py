"""Annex 16: supply chain of power semiconductors."""

from ctsim.constants import ONE_YEAR
from ctsim.stocks import ramped_stock_years
from ctsim.units import (
    Chips_per_vehicle,
    Chips_per_wafer,
    Ratio,
    Wafers_per_yr,
    Years,
    km_per_MWh,
    km_per_vehicle_yr,
    t_CO2_per_MWh,
    t_CO2_per_yr,
)


def co2_reduction_sic(
    wafers: Wafers_per_yr,  # ① of company A or B
    chips_per_wafer: Chips_per_wafer,  # ②
    chips_per_vehicle: Chips_per_vehicle,  # ③
    distance: km_per_vehicle_yr,  # ④
    electricity_consumption: km_per_MWh,  # ⑤
    chip_loss_share: Ratio,  # ⑥
    sic_saving: Ratio,  # ⑦
    grid_factor: t_CO2_per_MWh,  # ⑧
) -> t_CO2_per_yr:
    """(① × ② ÷ ③) × (④ ÷ ⑤ × ⑥ × ⑦ × ⑧), with the wafers of one year"""
    vehicles = wafers * ONE_YEAR * chips_per_wafer / chips_per_vehicle
    return vehicles * (distance / electricity_consumption * chip_loss_share * sic_saving * grid_factor)


def co2_reduction_next_generation_si(
    wafers: Wafers_per_yr,  # ① of company C
    chips_per_wafer: Chips_per_wafer,  # ②
    chips_per_vehicle: Chips_per_vehicle,  # ③
    distance: km_per_vehicle_yr,  # ④
    electricity_consumption: km_per_MWh,  # ⑤
    chip_loss_share: Ratio,  # ⑥
    grid_factor: t_CO2_per_MWh,  # ⑧
    next_generation_si_saving: Ratio,  # ⑨
) -> t_CO2_per_yr:
    """(① × ② ÷ ③) × (④ ÷ ⑤ × ⑥ × ⑧ × ⑨), with the wafers of one year"""
    vehicles = wafers * ONE_YEAR * chips_per_wafer / chips_per_vehicle
    return vehicles * (distance / electricity_consumption * chip_loss_share * grid_factor * next_generation_si_saving)


def co2_reduction(
    co2_reduction_one_production_year_company_a: t_CO2_per_yr,  # 27 万t
    co2_reduction_one_production_year_company_b: t_CO2_per_yr,  # 68 万t
    co2_reduction_one_production_year_company_c: t_CO2_per_yr,  # 79 万t
) -> t_CO2_per_yr:
    """A + B + C"""
    return (
        co2_reduction_one_production_year_company_a
        + co2_reduction_one_production_year_company_b
        + co2_reduction_one_production_year_company_c
    )


def co2_reduction_vehicle_share(
    co2_reduction_one_production_year_company_a: t_CO2_per_yr,
    co2_reduction_one_production_year_company_b: t_CO2_per_yr,
    co2_reduction_one_production_year_company_c: t_CO2_per_yr,
    electric_vehicle_share: Ratio,
) -> t_CO2_per_yr:
    """(A + B + C) × share of the chips that go into electric vehicles"""
    return (
        co2_reduction_one_production_year_company_a
        + co2_reduction_one_production_year_company_b
        + co2_reduction_one_production_year_company_c
    ) * electric_vehicle_share


# ---- cells by year


def co2_reduction_carried(
    co2_reduction_one_production_year_company_a: t_CO2_per_yr,  # of one year's chips, all of them in vehicles
    co2_reduction_one_production_year_company_b: t_CO2_per_yr,
    co2_reduction_one_production_year_company_c: t_CO2_per_yr,
    electric_vehicle_share: Ratio,
    plant_utilisation: Ratio,
    future_grid_factor: t_CO2_per_MWh,
    grid_factor: t_CO2_per_MWh,  # ⑧
    calendar_year: Years,
    plant_start: Years,
    plant_ramp: Years,
    plant_life: Years,
    car_life: Years,
    car_life_shape: Ratio,
) -> t_CO2_per_yr:
    """(A + B + C) × share in vehicles × utilisation × grid factor of the year ÷ ⑧ × cohorts left"""
    age = calendar_year - plant_start
    begun = ramped_stock_years(age, plant_ramp, car_life, car_life_shape)
    ended = ramped_stock_years(age - plant_life, plant_ramp, car_life, car_life_shape)
    in_vehicles = (
        co2_reduction_one_production_year_company_a
        + co2_reduction_one_production_year_company_b
        + co2_reduction_one_production_year_company_c
    ) * electric_vehicle_share
    return in_vehicles * plant_utilisation * (future_grid_factor / grid_factor) * ((begun - ended) / ONE_YEAR)
