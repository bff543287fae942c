"""Annex 4: next-generation aircraft."""

from ctsim.units import Mt_CO2_per_yr, Ratio


def co2_reduction_2050(
    hydrogen_saving: Ratio,  # ①
    jet_fuel_emission_2050: Mt_CO2_per_yr,  # ②
    domestic_share: Ratio,  # 40 % inside ③ and ④
    combustion_share_of_domestic: Ratio,  # 1/3 inside ③
    fuel_cell_share_of_domestic: Ratio,  # 1/3 inside ④
    light_weight_saving: Ratio,  # ⑤
    electrification_saving: Ratio,  # ⑥
) -> Mt_CO2_per_yr:
    """① × ② × ③ + ① × ② × ④ + ② × (1 − ③ − ④) × ⑤ + ② × (1 − ③ − ④) × ⑥, with ③ = ④ = 40 % × 1/3"""
    combustion = domestic_share * combustion_share_of_domestic
    fuel_cell = domestic_share * fuel_cell_share_of_domestic
    remaining = 1 - combustion - fuel_cell
    return (
        hydrogen_saving * jet_fuel_emission_2050 * combustion
        + hydrogen_saving * jet_fuel_emission_2050 * fuel_cell
        + jet_fuel_emission_2050 * remaining * light_weight_saving
        + jet_fuel_emission_2050 * remaining * electrification_saving
    )


def co2_reduction_2040(
    hydrogen_saving: Ratio,  # ①
    jet_fuel_emission_2050: Mt_CO2_per_yr,  # ② of 2050, for want of one for 2040
    domestic_share: Ratio,
    combustion_share_of_domestic: Ratio,
    fuel_cell_share_of_domestic: Ratio,
    light_weight_saving: Ratio,  # ⑤
    electrification_saving: Ratio,  # ⑥
    hydrogen_progress_2040: Ratio,
    parts_progress_2040: Ratio,
) -> Mt_CO2_per_yr:
    """Path from nothing: shares of the hydrogen part and of the part of lighter and electrified aircraft of 2050"""
    hydrogen = domestic_share * (combustion_share_of_domestic + fuel_cell_share_of_domestic)
    hydrogen_part = hydrogen_saving * hydrogen * hydrogen_progress_2040
    parts = (1 - hydrogen) * (light_weight_saving + electrification_saving) * parts_progress_2040
    return jet_fuel_emission_2050 * (hydrogen_part + parts)
