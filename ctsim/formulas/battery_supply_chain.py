"""Annex 15: manufacturing supply chain of batteries."""

from ctsim.stocks import ramped_stock_years
from ctsim.units import Ratio, Years, kWh_per_vehicle, kWh_per_yr, t_CO2_per_vehicle, t_CO2_per_yr


def co2_reduction(
    battery_capacity: kWh_per_yr,  # ① largest yearly output of the two plans
    battery_per_vehicle: kWh_per_vehicle,  # ②
    combustion_car_emission: t_CO2_per_vehicle,  # ③ whole life
    battery_car_emission: t_CO2_per_vehicle,  # ④ whole life
) -> t_CO2_per_yr:
    """(① ÷ ②) × (③ − ④): life-cycle tonnes per year of production."""
    return (battery_capacity / battery_per_vehicle) * (combustion_car_emission - battery_car_emission)


def co2_reduction_utilised(
    battery_capacity: kWh_per_yr,  # ①
    plant_utilisation: Ratio,
    vehicle_share: Ratio,
    battery_per_vehicle: kWh_per_vehicle,  # ②
    combustion_car_emission: t_CO2_per_vehicle,  # ③
    battery_car_emission: t_CO2_per_vehicle,  # ④
) -> t_CO2_per_yr:
    """(① × utilisation × vehicle share ÷ ②) × (③ − ④)"""
    return (battery_capacity * plant_utilisation * vehicle_share / battery_per_vehicle) * (
        combustion_car_emission - battery_car_emission
    )


# ---- cells by year


def co2_reduction_carried(
    battery_capacity: kWh_per_yr,  # ①
    plant_utilisation: Ratio,
    vehicle_share: Ratio,
    battery_per_vehicle: kWh_per_vehicle,  # ②
    combustion_car_emission: t_CO2_per_vehicle,  # ③ whole life
    battery_car_emission: t_CO2_per_vehicle,  # ④ whole life
    japan_distance_ratio: Ratio,
    calendar_year: Years,
    plant_start: Years,
    plant_ramp: Years,
    plant_life: Years,
    car_life: Years,
    car_life_shape: Ratio,
) -> t_CO2_per_yr:
    """Cars on the road by cohort × (③ − ④) ÷ life of a car: the tonnes of a year, not of whole lives"""
    vehicles_a_year = battery_capacity * plant_utilisation * vehicle_share / battery_per_vehicle
    saving_a_year = (combustion_car_emission - battery_car_emission) * japan_distance_ratio / car_life
    age = calendar_year - plant_start
    begun = ramped_stock_years(age, plant_ramp, car_life, car_life_shape)
    ended = ramped_stock_years(age - plant_life, plant_ramp, car_life, car_life_shape)
    return vehicles_a_year * saving_a_year * (begun - ended)
