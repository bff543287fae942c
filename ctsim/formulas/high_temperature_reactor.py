"""Annex 13: demonstration of a high-temperature gas-cooled reactor, per tonne of hydrogen."""

from ctsim.constants import CO2_PER_C
from ctsim.units import GJ_per_t_H2, t_C_per_GJ, t_CO2_per_t_H2


def co2_reduction_per_t_h2(
    gas_carbon_content: t_C_per_GJ,  # ①
    hydrogen_heating_value: GJ_per_t_H2,  # ② higher heating value
) -> t_CO2_per_t_H2:
    """① × ② × ③, with ③ = 44/12"""
    return gas_carbon_content * hydrogen_heating_value * CO2_PER_C


def replaced_reforming(
    conventional_hydrogen_factor: t_CO2_per_t_H2,  # Annex 10 ⑮
) -> t_CO2_per_t_H2:
    """Reading: the tonne replaced was made conventionally, with the factor that Annex 10 ⑮ gives a tonne of hydrogen"""
    return conventional_hydrogen_factor
