"""Annex 17: energy-saving equipment in factories and business premises."""

from ctsim.constants import CO2_PER_C
from ctsim.stocks import survival
from ctsim.units import GJ_per_kl, Ratio, Years, kl_per_yr, t_C_per_GJ, t_CO2_per_kl, t_CO2_per_yr


def co2_reduction(
    energy_saving_advanced: kl_per_yr,  # ① (A)
    energy_saving_tailor_made: kl_per_yr,  # ① (B)
    energy_saving_energy_management: kl_per_yr,  # ① (D)
    emission_factor: t_CO2_per_kl,  # ②
) -> t_CO2_per_yr:
    """①【(A)+(B)+(D)の年間エネルギー推計】× ②"""
    return (energy_saving_advanced + energy_saving_tailor_made + energy_saving_energy_management) * emission_factor


def co2_reduction_fuel_factor_before_2023(
    energy_saving_advanced: kl_per_yr,  # ① (A)
    energy_saving_tailor_made: kl_per_yr,  # ① (B)
    energy_saving_energy_management: kl_per_yr,  # ① (D)
    crude_oil_heating_value: GJ_per_kl,
    crude_oil_carbon_content: t_C_per_GJ,
) -> t_CO2_per_yr:
    """①【(A)+(B)+(D)】× heating value × carbon content × 44/12 of the older list"""
    return (
        (energy_saving_advanced + energy_saving_tailor_made + energy_saving_energy_management)
        * crude_oil_heating_value
        * crude_oil_carbon_content
        * CO2_PER_C
    )


def co2_reduction_energy_mix(
    energy_saving_advanced: kl_per_yr,  # ① (A)
    energy_saving_tailor_made: kl_per_yr,  # ① (B)
    energy_saving_energy_management: kl_per_yr,  # ① (D)
    energy_mix_factor: t_CO2_per_kl,
) -> t_CO2_per_yr:
    """①【(A)+(B)+(D)】× factor of the energy that was saved"""
    return (energy_saving_advanced + energy_saving_tailor_made + energy_saving_energy_management) * energy_mix_factor


def co2_reduction_carried(
    co2_reduction_fy2025: t_CO2_per_yr,
    calendar_year: Years,
    installation_year: Years,
    equipment_life: Years,
    equipment_life_shape: Ratio,
) -> t_CO2_per_yr:
    """The annual effect × share of the equipment still in use"""
    return co2_reduction_fy2025 * survival(calendar_year - installation_year, equipment_life, equipment_life_shape)


def co2_reduction_carried_energy_mix(
    literal: t_CO2_per_yr,
    energy_mix_factor: t_CO2_per_kl,  # in place of ②
    emission_factor: t_CO2_per_kl,  # ②
) -> t_CO2_per_yr:
    """Reading: what is left, at the factor of the energy that was saved"""
    return literal * (energy_mix_factor / emission_factor)
