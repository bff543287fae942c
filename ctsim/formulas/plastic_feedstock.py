"""Annex 10: feedstock of plastics made from CO2 and waste.

⑨ × ⑱ is underlined in the report (「下線部は 2050 年試算でのみ追加」), hence one function a year.
"""

from ctsim.stocks import linear_path
from ctsim.units import (
    JPY,
    Ratio,
    t_CO2_per_t,
    t_CO2_per_t_H2,
    t_CO2_per_yr,
    t_H2_per_yr,
    t_per_yr,
)


def co2_reduction_2030(
    waste_plastic_chemicals: t_per_yr,  # ①
    waste_rubber_chemicals: t_per_yr,  # ②
    carbon_black: t_per_yr,  # ③
    drc: t_per_yr,  # ④
    mdi: t_per_yr,  # ⑤
    green_hydrogen: t_H2_per_yr,  # ⑥
    methanol_chemicals: t_per_yr,  # ⑦
    ethanol_chemicals: t_per_yr,  # ⑧
    waste_plastic_factor: t_CO2_per_t,  # ⑩
    waste_rubber_factor: t_CO2_per_t,  # ⑪
    carbon_black_factor: t_CO2_per_t,  # ⑫
    drc_factor: t_CO2_per_t,  # ⑬
    mdi_factor: t_CO2_per_t,  # ⑭
    green_hydrogen_factor: t_CO2_per_t_H2,  # ⑮
    methanol_factor: t_CO2_per_t,  # ⑯
    ethanol_factor: t_CO2_per_t,  # ⑰
    japan_share_ethylene: Ratio,  # ⑲ scales Japan's volume up to the world
    japan_share_carbon_black: Ratio,  # ⑳ the same for carbon black
) -> t_CO2_per_yr:
    """{(① × ⑩) + (② × ⑪) + (④ × ⑬) + (⑤ × ⑭) + (⑥ × ⑮) + (⑦ × ⑯) + (⑧ × ⑰)} ÷ ⑲ + (③ × ⑫) ÷ ⑳"""
    return (
        waste_plastic_chemicals * waste_plastic_factor
        + waste_rubber_chemicals * waste_rubber_factor
        + drc * drc_factor
        + mdi * mdi_factor
        + green_hydrogen * green_hydrogen_factor
        + methanol_chemicals * methanol_factor
        + ethanol_chemicals * ethanol_factor
    ) / japan_share_ethylene + carbon_black * carbon_black_factor / japan_share_carbon_black


def co2_reduction_2050(
    waste_plastic_chemicals: t_per_yr,  # ①
    waste_rubber_chemicals: t_per_yr,  # ②
    carbon_black: t_per_yr,  # ③
    drc: t_per_yr,  # ④
    mdi: t_per_yr,  # ⑤
    green_hydrogen: t_H2_per_yr,  # ⑥
    methanol_chemicals: t_per_yr,  # ⑦
    ethanol_chemicals: t_per_yr,  # ⑧
    naphtha_cracker_chemicals: t_per_yr,  # ⑨ 2050 only
    waste_plastic_factor: t_CO2_per_t,  # ⑩
    waste_rubber_factor: t_CO2_per_t,  # ⑪
    carbon_black_factor: t_CO2_per_t,  # ⑫
    drc_factor: t_CO2_per_t,  # ⑬
    mdi_factor: t_CO2_per_t,  # ⑭
    green_hydrogen_factor: t_CO2_per_t_H2,  # ⑮
    methanol_factor: t_CO2_per_t,  # ⑯
    ethanol_factor: t_CO2_per_t,  # ⑰
    naphtha_cracker_factor: t_CO2_per_t,  # ⑱ 2050 only
    japan_share_ethylene: Ratio,  # ⑲
    japan_share_carbon_black: Ratio,  # ⑳
) -> t_CO2_per_yr:
    """{(① × ⑩) + (② × ⑪) + (④ × ⑬) + (⑤ × ⑭) + (⑥ × ⑮) + (⑦ × ⑯) + (⑧ × ⑰) + (⑨ × ⑱)} ÷ ⑲ + (③ × ⑫) ÷ ⑳"""
    return (
        waste_plastic_chemicals * waste_plastic_factor
        + waste_rubber_chemicals * waste_rubber_factor
        + drc * drc_factor
        + mdi * mdi_factor
        + green_hydrogen * green_hydrogen_factor
        + methanol_chemicals * methanol_factor
        + ethanol_chemicals * ethanol_factor
        + naphtha_cracker_chemicals * naphtha_cracker_factor
    ) / japan_share_ethylene + carbon_black * carbon_black_factor / japan_share_carbon_black


def supported_output_2030(
    waste_plastic_chemicals: t_per_yr,  # ①
    waste_rubber_chemicals: t_per_yr,  # ②
    carbon_black: t_per_yr,  # ③
    drc: t_per_yr,  # ④
    mdi: t_per_yr,  # ⑤
    green_hydrogen: t_H2_per_yr,  # ⑥
    methanol_chemicals: t_per_yr,  # ⑦
    ethanol_chemicals: t_per_yr,  # ⑧
    waste_plastic_factor: t_CO2_per_t,  # ⑩
    waste_rubber_factor: t_CO2_per_t,  # ⑪
    carbon_black_factor: t_CO2_per_t,  # ⑫
    drc_factor: t_CO2_per_t,  # ⑬
    mdi_factor: t_CO2_per_t,  # ⑭
    green_hydrogen_factor: t_CO2_per_t_H2,  # ⑮
    methanol_factor: t_CO2_per_t,  # ⑯
    ethanol_factor: t_CO2_per_t,  # ⑰
) -> t_CO2_per_yr:
    """Reading: the formula of 2030 without ÷ ⑲ and ÷ ⑳, the output itself instead of the world's"""
    return (
        waste_plastic_chemicals * waste_plastic_factor
        + waste_rubber_chemicals * waste_rubber_factor
        + carbon_black * carbon_black_factor
        + drc * drc_factor
        + mdi * mdi_factor
        + green_hydrogen * green_hydrogen_factor
        + methanol_chemicals * methanol_factor
        + ethanol_chemicals * ethanol_factor
    )


def supported_output_2050(
    waste_plastic_chemicals: t_per_yr,  # ①
    waste_rubber_chemicals: t_per_yr,  # ②
    carbon_black: t_per_yr,  # ③
    drc: t_per_yr,  # ④
    mdi: t_per_yr,  # ⑤
    green_hydrogen: t_H2_per_yr,  # ⑥
    methanol_chemicals: t_per_yr,  # ⑦
    ethanol_chemicals: t_per_yr,  # ⑧
    naphtha_cracker_chemicals: t_per_yr,  # ⑨ 2050 only
    waste_plastic_factor: t_CO2_per_t,  # ⑩
    waste_rubber_factor: t_CO2_per_t,  # ⑪
    carbon_black_factor: t_CO2_per_t,  # ⑫
    drc_factor: t_CO2_per_t,  # ⑬
    mdi_factor: t_CO2_per_t,  # ⑭
    green_hydrogen_factor: t_CO2_per_t_H2,  # ⑮
    methanol_factor: t_CO2_per_t,  # ⑯
    ethanol_factor: t_CO2_per_t,  # ⑰
    naphtha_cracker_factor: t_CO2_per_t,  # ⑱ 2050 only
) -> t_CO2_per_yr:
    """Reading: the formula of 2050 without ÷ ⑲ and ÷ ⑳, the output itself instead of the world's"""
    return (
        waste_plastic_chemicals * waste_plastic_factor
        + waste_rubber_chemicals * waste_rubber_factor
        + carbon_black * carbon_black_factor
        + drc * drc_factor
        + mdi * mdi_factor
        + green_hydrogen * green_hydrogen_factor
        + methanol_chemicals * methanol_factor
        + ethanol_chemicals * ethanol_factor
        + naphtha_cracker_chemicals * naphtha_cracker_factor
    )


def co2_reduction_2040(
    co2_reduction_2030: t_CO2_per_yr,
    co2_reduction_2050: t_CO2_per_yr,
    progress_2040: Ratio,
) -> t_CO2_per_yr:
    """Path: the figure of 2030 and a share of the way to that of 2050"""
    return linear_path(co2_reduction_2030, co2_reduction_2050, progress_2040)


def economic_effect_2040(
    economic_effect_2030: JPY,
    economic_effect_2050: JPY,
    progress_2040: Ratio,
) -> JPY:
    """Path: the figure of 2030 and a share of the way to that of 2050"""
    return linear_path(economic_effect_2030, economic_effect_2050, progress_2040)


def economic_effect_at_todays_rate(literal: JPY, exchange_rate_ratio: Ratio) -> JPY:
    """Reading: the amount at the rate of recent years"""
    return literal * exchange_rate_ratio
