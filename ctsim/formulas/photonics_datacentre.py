"""Annex 12: photonics-electronics convergence in data centres."""

from ctsim.units import Mt_CO2_per_TWh, Mt_CO2_per_yr, Ratio, TWh, Years


def co2_reduction_2032_2041_item(
    infrastructure_electricity: TWh,  # ① world, ten years together
    element_share: Ratio,  # ② of the technology
    electricity_saving: Ratio,  # ③ of the technology
    grid_factor: Mt_CO2_per_TWh,  # ④ listed among the parameters, left out of the printed formula
    averaging_period: Years,  # the printed 1/10
) -> Mt_CO2_per_yr:
    """① × ② × ③ × 1/10, printed without ④: × ④ is restored here"""
    return infrastructure_electricity * element_share * electricity_saving * grid_factor / averaging_period


def co2_reduction_2032_2041(
    co2_reduction_2032_2041_optical_chiplet: Mt_CO2_per_yr,  # 約 194 万 t
    co2_reduction_2032_2041_memory_module: Mt_CO2_per_yr,  # 約 86 万 t
    co2_reduction_2032_2041_deterministic_computing: Mt_CO2_per_yr,  # 約 74 万 t
) -> Mt_CO2_per_yr:
    """約 194 + 約 86 + 約 74"""
    return (
        co2_reduction_2032_2041_optical_chiplet
        + co2_reduction_2032_2041_memory_module
        + co2_reduction_2032_2041_deterministic_computing
    )


def co2_reduction_2040(
    co2_reduction_2032_2041: Mt_CO2_per_yr,
    diffusion_shape_2040: Ratio,
    future_grid_factor: Mt_CO2_per_TWh,
    grid_factor: Mt_CO2_per_TWh,  # ④
) -> Mt_CO2_per_yr:
    """Mean of ten years × diffusion by 2040 × grid factor of 2040 ÷ ④"""
    return co2_reduction_2032_2041 * diffusion_shape_2040 * (future_grid_factor / grid_factor)


def co2_reduction_2040_constant_factor(
    co2_reduction_2032_2041: Mt_CO2_per_yr,
    diffusion_shape_2040: Ratio,
) -> Mt_CO2_per_yr:
    """Reading: ④ stays at its value of FY2023, as in the report's mean"""
    return co2_reduction_2032_2041 * diffusion_shape_2040


def co2_reduction_2032_2041_world_factor(
    literal: Mt_CO2_per_yr,
    world_factor_2032_2041: Mt_CO2_per_TWh,  # in place of ④
    grid_factor: Mt_CO2_per_TWh,  # ④
) -> Mt_CO2_per_yr:
    """Reading: the figure at the world's grid factor of those years"""
    return literal * (world_factor_2032_2041 / grid_factor)


def co2_reduction_2040_world_factor(
    literal: Mt_CO2_per_yr,
    world_grid_factor: Mt_CO2_per_TWh,  # in place of Japan's
    future_grid_factor: Mt_CO2_per_TWh,
) -> Mt_CO2_per_yr:
    """Reading: the figure at the world's grid factor of 2040"""
    return literal * (world_grid_factor / future_grid_factor)
