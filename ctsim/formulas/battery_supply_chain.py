"""Annex 15: manufacturing supply chain of batteries."""

from ctsim.units import Ratio, kWh_per_vehicle, kWh_per_yr, t_CO2_per_vehicle, t_CO2_per_yr


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
