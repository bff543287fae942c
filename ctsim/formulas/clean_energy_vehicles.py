"""Annex 19: purchase subsidies for clean-energy vehicles."""

from ctsim.stocks import survival
from ctsim.units import (
    Persons,
    Ratio,
    Vehicles,
    Vehicles_per_person,
    Years,
    km_per_kl,
    km_per_vehicle_yr,
    t_CO2_per_kl,
    t_CO2_per_MWh,
    t_CO2_per_yr,
)


def co2_reduction_ev(
    population: Persons,  # ①
    petrol_ownership: Vehicles_per_person,  # ②
    ev_ownership: Vehicles_per_person,  # ③
    petrol_annual_emissions: t_CO2_per_yr,  # ⑤ all petrol cars in Japan
    ev_annual_emissions: t_CO2_per_yr,  # ⑥ all EVs in Japan
    ev_vehicles: Vehicles,  # ⑧
) -> t_CO2_per_yr:
    """{(⑤ ÷ (① × ②)) - (⑥ ÷ (① × ③))} × ⑧"""
    petrol_car = petrol_annual_emissions / (population * petrol_ownership)
    ev = ev_annual_emissions / (population * ev_ownership)
    return (petrol_car - ev) * ev_vehicles


def co2_reduction_phev(
    population: Persons,  # ①
    petrol_ownership: Vehicles_per_person,  # ②
    phev_ownership: Vehicles_per_person,  # ④ one printed digit
    petrol_annual_emissions: t_CO2_per_yr,  # ⑤ all petrol cars in Japan
    phev_annual_emissions: t_CO2_per_yr,  # ⑦ all PHEVs in Japan
    phev_vehicles: Vehicles,  # ⑨
) -> t_CO2_per_yr:
    """{(⑤ ÷ (① × ②)) - (⑦ ÷ (① × ④))} × ⑨"""
    petrol_car = petrol_annual_emissions / (population * petrol_ownership)
    phev = phev_annual_emissions / (population * phev_ownership)
    return (petrol_car - phev) * phev_vehicles


def co2_reduction(
    co2_reduction_fy2023_ev: t_CO2_per_yr,
    co2_reduction_fy2023_phev: t_CO2_per_yr,
) -> t_CO2_per_yr:
    """EV 導入による年間排出削減量 + PHEV 導入による年間排出削減量"""
    return co2_reduction_fy2023_ev + co2_reduction_fy2023_phev


# Reading: measured against a new petrol car, as the text says, not against the average petrol car on the road.


def co2_reduction_ev_new_car(
    annual_distance: km_per_vehicle_yr,
    new_car_fuel_economy: km_per_kl,
    petrol_factor: t_CO2_per_kl,
    population: Persons,  # ①
    ev_ownership: Vehicles_per_person,  # ③
    ev_annual_emissions: t_CO2_per_yr,  # ⑥
    ev_vehicles: Vehicles,  # ⑧
) -> t_CO2_per_yr:
    """{(年間走行距離 ÷ 新車の燃費 × ガソリンの排出係数) - (⑥ ÷ (① × ③))} × ⑧"""
    new_car = annual_distance / new_car_fuel_economy * petrol_factor
    return (new_car - ev_annual_emissions / (population * ev_ownership)) * ev_vehicles


def co2_reduction_phev_new_car(
    annual_distance: km_per_vehicle_yr,
    new_car_fuel_economy: km_per_kl,
    petrol_factor: t_CO2_per_kl,
    population: Persons,  # ①
    phev_ownership: Vehicles_per_person,  # ④
    phev_annual_emissions: t_CO2_per_yr,  # ⑦
    phev_vehicles: Vehicles,  # ⑨
) -> t_CO2_per_yr:
    """{(年間走行距離 ÷ 新車の燃費 × ガソリンの排出係数) - (⑦ ÷ (① × ④))} × ⑨"""
    new_car = annual_distance / new_car_fuel_economy * petrol_factor
    return (new_car - phev_annual_emissions / (population * phev_ownership)) * phev_vehicles


def co2_reduction_new_car(
    annual_distance: km_per_vehicle_yr,
    new_car_fuel_economy: km_per_kl,
    petrol_factor: t_CO2_per_kl,
    population: Persons,  # ①
    ev_ownership: Vehicles_per_person,  # ③
    phev_ownership: Vehicles_per_person,  # ④
    ev_annual_emissions: t_CO2_per_yr,  # ⑥
    phev_annual_emissions: t_CO2_per_yr,  # ⑦
    ev_vehicles: Vehicles,  # ⑧
    phev_vehicles: Vehicles,  # ⑨
) -> t_CO2_per_yr:
    """EV と PHEV の合計: the two readings above added up, from parameters so that no cell refers to itself"""
    new_car = annual_distance / new_car_fuel_economy * petrol_factor
    ev_part = (new_car - ev_annual_emissions / (population * ev_ownership)) * ev_vehicles
    phev_part = (new_car - phev_annual_emissions / (population * phev_ownership)) * phev_vehicles
    return ev_part + phev_part


# ---- cells by year


def co2_reduction_carried(
    population: Persons,  # ①
    petrol_ownership: Vehicles_per_person,  # ②
    ev_ownership: Vehicles_per_person,  # ③
    phev_ownership: Vehicles_per_person,  # ④
    petrol_annual_emissions: t_CO2_per_yr,  # ⑤
    ev_annual_emissions: t_CO2_per_yr,  # ⑥
    phev_annual_emissions: t_CO2_per_yr,  # ⑦
    ev_vehicles: Vehicles,  # ⑧
    phev_vehicles: Vehicles,  # ⑨
    phev_electric_share: Ratio,
    future_grid_factor: t_CO2_per_MWh,
    grid_factor: t_CO2_per_MWh,
    calendar_year: Years,
    purchase_year: Years,
    car_life: Years,
    car_life_shape: Ratio,
) -> t_CO2_per_yr:
    """As printed, electricity at the grid factor of the year, × share of the cars still in use"""
    cleaner = 1 - future_grid_factor / grid_factor
    petrol_car = petrol_annual_emissions / (population * petrol_ownership)
    ev = ev_annual_emissions / (population * ev_ownership)
    phev = phev_annual_emissions / (population * phev_ownership)
    ev_part = (petrol_car - ev + ev * cleaner) * ev_vehicles
    phev_part = (petrol_car - phev + phev_electric_share * ev * cleaner) * phev_vehicles
    return (ev_part + phev_part) * survival(calendar_year - purchase_year, car_life, car_life_shape)


def co2_reduction_carried_new_car(
    annual_distance: km_per_vehicle_yr,
    new_car_fuel_economy: km_per_kl,
    petrol_factor: t_CO2_per_kl,
    population: Persons,  # ①
    ev_ownership: Vehicles_per_person,  # ③
    phev_ownership: Vehicles_per_person,  # ④
    ev_annual_emissions: t_CO2_per_yr,  # ⑥
    phev_annual_emissions: t_CO2_per_yr,  # ⑦
    ev_vehicles: Vehicles,  # ⑧
    phev_vehicles: Vehicles,  # ⑨
    phev_electric_share: Ratio,
    future_grid_factor: t_CO2_per_MWh,
    grid_factor: t_CO2_per_MWh,
    calendar_year: Years,
    purchase_year: Years,
    car_life: Years,
    car_life_shape: Ratio,
) -> t_CO2_per_yr:
    """Reading: the same against a new petrol car"""
    cleaner = 1 - future_grid_factor / grid_factor
    new_car = annual_distance / new_car_fuel_economy * petrol_factor
    ev = ev_annual_emissions / (population * ev_ownership)
    phev = phev_annual_emissions / (population * phev_ownership)
    ev_part = (new_car - ev + ev * cleaner) * ev_vehicles
    phev_part = (new_car - phev + phev_electric_share * ev * cleaner) * phev_vehicles
    return (ev_part + phev_part) * survival(calendar_year - purchase_year, car_life, car_life_shape)


def co2_reduction_additional(literal: t_CO2_per_yr, additional_share: Ratio) -> t_CO2_per_yr:
    """Reading: the part that would not be there without the subsidy"""
    return literal * additional_share
