"""Annex 9: carbon-neutral waste treatment.

The report writes ④, ③ (⑨ in 2050) and ⑥ without saying over which classes of waste they are summed. Literally:
CH4 factors over food, paper and wood (the composition has no textile share), CO2 factors over food, paper, plastics,
rubber and wood (glass, metal and other have none), the plastics factor for the plastics term, the food factor for
digestion.
"""

from ctsim.units import (
    JPY_per_yr,
    Mt_CO2_per_yr,
    Mt_per_yr,
    Nm3_per_t,
    Ratio,
    t_CO2_per_Nm3,
    t_CO2_per_t,
)


def co2_reduction_2030(
    cc_incineration_2030: Mt_per_yr,  # ①
    pyrolysis_2030: Mt_per_yr,  # ②
    food_share_2030: Ratio,  # ③
    paper_share_2030: Ratio,  # ③
    plastics_share_2030: Ratio,  # ③
    rubber_share_2030: Ratio,  # ③
    wood_share_2030: Ratio,  # ③
    food_methane: t_CO2_per_t,  # ④ dry weight, applied to wet weight
    paper_methane: t_CO2_per_t,  # ④
    wood_methane: t_CO2_per_t,  # ④
    plastics_treated_2030: Mt_per_yr,  # ⑤
    food_carbon: t_CO2_per_t,  # ⑥
    paper_carbon: t_CO2_per_t,  # ⑥
    plastics_carbon: t_CO2_per_t,  # ⑥
    rubber_carbon: t_CO2_per_t,  # ⑥
    wood_carbon: t_CO2_per_t,  # ⑥
    waste_2030: Mt_per_yr,  # ⑦
    digestion_share_2030: Ratio,  # ⑧
    biomethanation_share_2030: Ratio,  # ⑨
    capture_rate: Ratio,  # ⑩
    pyrolysis_carbon_use: Ratio,  # ⑪ mean of gasification and oil
    biogas_yield: Nm3_per_t,  # ⑫
    city_gas_factor: t_CO2_per_Nm3,  # ⑬
) -> Mt_CO2_per_yr:
    """(①+②)×③×④ − ⑤×⑥ + ⑦×⑧×⑨×④ + ①×③×⑥×⑩ + ②×③×⑥×⑪ + ⑦×⑧×⑨×⑫×⑬

    1 landfill methane: Σ③④ over food, paper, wood; 2 incineration: ⑥ of plastics; 3 digestion: ④ of food;
    4 CCUS and 5 pyrolysis: Σ③⑥ over five classes; 6 city gas: all biogas counts, ⑬ per Nm³.
    """
    methane = food_share_2030 * food_methane + paper_share_2030 * paper_methane + wood_share_2030 * wood_methane
    biogenic = food_share_2030 * food_carbon + paper_share_2030 * paper_carbon + wood_share_2030 * wood_carbon
    carbon = biogenic + plastics_share_2030 * plastics_carbon + rubber_share_2030 * rubber_carbon
    upgraded = waste_2030 * digestion_share_2030 * biomethanation_share_2030
    landfill = (cc_incineration_2030 + pyrolysis_2030) * methane
    incineration = plastics_treated_2030 * plastics_carbon
    digestion = upgraded * food_methane
    captured = cc_incineration_2030 * carbon * capture_rate
    reused = pyrolysis_2030 * carbon * pyrolysis_carbon_use
    gas = upgraded * biogas_yield * city_gas_factor
    return landfill - incineration + digestion + captured + reused + gas


def co2_reduction_2050(
    waste_2050: Mt_per_yr,  # ①
    incineration_share_2050: Ratio,  # ②
    incineration_share_now: Ratio,  # ③
    food_methane: t_CO2_per_t,  # ④
    paper_methane: t_CO2_per_t,  # ④
    wood_methane: t_CO2_per_t,  # ④
    plastics_waste_2050: Mt_per_yr,  # ⑤
    food_carbon: t_CO2_per_t,  # ⑥
    paper_carbon: t_CO2_per_t,  # ⑥
    plastics_carbon: t_CO2_per_t,  # ⑥
    rubber_carbon: t_CO2_per_t,  # ⑥
    wood_carbon: t_CO2_per_t,  # ⑥
    digestion_share_2050: Ratio,  # ⑦
    cc_share_2050: Ratio,  # ⑧
    food_share_2050: Ratio,  # ⑨
    paper_share_2050: Ratio,  # ⑨
    plastics_share_2050: Ratio,  # ⑨
    rubber_share_2050: Ratio,  # ⑨
    wood_share_2050: Ratio,  # ⑨
    capture_rate: Ratio,  # ⑩
    biogas_yield: Nm3_per_t,  # ⑪
    biogas_methane_share: Ratio,  # ⑫
    biomethanation_share_2050: Ratio,  # ⑬
    city_gas_factor: t_CO2_per_Nm3,  # ⑭
) -> Mt_CO2_per_yr:
    """①×(②−③)×④ − ⑤×(②−③)×⑥ + ①×⑦×④ + ①×②×⑧×⑨×⑥×⑩ + ①×⑦×⑪×{⑫+⑬×(1−⑫)}×⑭

    1 landfill methane: Σ⑨④ over food, paper, wood (⑨ is not printed in this term; ④ has no meaning without it);
    2 incineration: ⑥ of plastics; 3 digestion: ④ of food; 4 CCUS: Σ⑨⑥ over five classes;
    5 city gas: the biogas that is methane and the part of the rest that is methanated.
    """
    more_incineration = incineration_share_2050 - incineration_share_now
    methane = food_share_2050 * food_methane + paper_share_2050 * paper_methane + wood_share_2050 * wood_methane
    biogenic = food_share_2050 * food_carbon + paper_share_2050 * paper_carbon + wood_share_2050 * wood_carbon
    carbon = biogenic + plastics_share_2050 * plastics_carbon + rubber_share_2050 * rubber_carbon
    digested = waste_2050 * digestion_share_2050
    landfill = waste_2050 * more_incineration * methane
    incineration = plastics_waste_2050 * more_incineration * plastics_carbon
    digestion = digested * food_methane
    captured = waste_2050 * incineration_share_2050 * cc_share_2050 * carbon * capture_rate
    biomethane = biogas_methane_share + biomethanation_share_2050 * (1 - biogas_methane_share)
    gas = digested * biogas_yield * biomethane * city_gas_factor
    return landfill - incineration + digestion + captured + gas


# ---- readings: the first term with the textile factor on the residual class


def co2_reduction_2030_residual_as_textiles(
    cc_incineration_2030: Mt_per_yr,
    pyrolysis_2030: Mt_per_yr,
    food_share_2030: Ratio,
    paper_share_2030: Ratio,
    plastics_share_2030: Ratio,
    rubber_share_2030: Ratio,
    wood_share_2030: Ratio,
    residual_share_2030: Ratio,  # ③ glass, metal, other
    food_methane: t_CO2_per_t,
    paper_methane: t_CO2_per_t,
    textile_methane: t_CO2_per_t,  # ④ printed, without a share of its own
    wood_methane: t_CO2_per_t,
    plastics_treated_2030: Mt_per_yr,
    food_carbon: t_CO2_per_t,
    paper_carbon: t_CO2_per_t,
    plastics_carbon: t_CO2_per_t,
    rubber_carbon: t_CO2_per_t,
    wood_carbon: t_CO2_per_t,
    waste_2030: Mt_per_yr,
    digestion_share_2030: Ratio,
    biomethanation_share_2030: Ratio,
    capture_rate: Ratio,
    pyrolysis_carbon_use: Ratio,
    biogas_yield: Nm3_per_t,
    city_gas_factor: t_CO2_per_Nm3,
) -> Mt_CO2_per_yr:
    """Reading: as the literal formula, with (①+②) × residual share × textile factor added to term 1"""
    methane = food_share_2030 * food_methane + paper_share_2030 * paper_methane + wood_share_2030 * wood_methane
    biogenic = food_share_2030 * food_carbon + paper_share_2030 * paper_carbon + wood_share_2030 * wood_carbon
    carbon = biogenic + plastics_share_2030 * plastics_carbon + rubber_share_2030 * rubber_carbon
    upgraded = waste_2030 * digestion_share_2030 * biomethanation_share_2030
    landfill = (cc_incineration_2030 + pyrolysis_2030) * (methane + residual_share_2030 * textile_methane)
    incineration = plastics_treated_2030 * plastics_carbon
    digestion = upgraded * food_methane
    captured = cc_incineration_2030 * carbon * capture_rate
    reused = pyrolysis_2030 * carbon * pyrolysis_carbon_use
    gas = upgraded * biogas_yield * city_gas_factor
    return landfill - incineration + digestion + captured + reused + gas


def co2_reduction_2050_residual_as_textiles(
    waste_2050: Mt_per_yr,
    incineration_share_2050: Ratio,
    incineration_share_now: Ratio,
    food_methane: t_CO2_per_t,
    paper_methane: t_CO2_per_t,
    textile_methane: t_CO2_per_t,  # ④ printed, without a share of its own
    wood_methane: t_CO2_per_t,
    plastics_waste_2050: Mt_per_yr,
    food_carbon: t_CO2_per_t,
    paper_carbon: t_CO2_per_t,
    plastics_carbon: t_CO2_per_t,
    rubber_carbon: t_CO2_per_t,
    wood_carbon: t_CO2_per_t,
    digestion_share_2050: Ratio,
    cc_share_2050: Ratio,
    food_share_2050: Ratio,
    paper_share_2050: Ratio,
    plastics_share_2050: Ratio,
    rubber_share_2050: Ratio,
    wood_share_2050: Ratio,
    residual_share_2050: Ratio,  # ⑨ glass, metal, other
    capture_rate: Ratio,
    biogas_yield: Nm3_per_t,
    biogas_methane_share: Ratio,
    biomethanation_share_2050: Ratio,
    city_gas_factor: t_CO2_per_Nm3,
) -> Mt_CO2_per_yr:
    """Reading: as the literal formula, with ① × (②−③) × residual share × textile factor added to term 1"""
    more_incineration = incineration_share_2050 - incineration_share_now
    methane = food_share_2050 * food_methane + paper_share_2050 * paper_methane + wood_share_2050 * wood_methane
    biogenic = food_share_2050 * food_carbon + paper_share_2050 * paper_carbon + wood_share_2050 * wood_carbon
    carbon = biogenic + plastics_share_2050 * plastics_carbon + rubber_share_2050 * rubber_carbon
    digested = waste_2050 * digestion_share_2050
    landfill = waste_2050 * more_incineration * (methane + residual_share_2050 * textile_methane)
    incineration = plastics_waste_2050 * more_incineration * plastics_carbon
    digestion = digested * food_methane
    captured = waste_2050 * incineration_share_2050 * cc_share_2050 * carbon * capture_rate
    biomethane = biogas_methane_share + biomethanation_share_2050 * (1 - biogas_methane_share)
    gas = digested * biogas_yield * biomethane * city_gas_factor
    return landfill - incineration + digestion + captured + gas


# ---- reading: the formula of 2050 with the parameters of 2040, for a cell that has no number else


def co2_reduction_2040_parameter_path(
    waste_2030: Mt_per_yr,
    waste_2050: Mt_per_yr,  # ①
    incineration_share_2050: Ratio,  # ②
    incineration_share_now: Ratio,  # ③ of about 2020
    food_methane: t_CO2_per_t,  # ④
    paper_methane: t_CO2_per_t,  # ④
    wood_methane: t_CO2_per_t,  # ④
    plastics_waste_2050: Mt_per_yr,  # ⑤
    food_carbon: t_CO2_per_t,  # ⑥
    paper_carbon: t_CO2_per_t,  # ⑥
    plastics_carbon: t_CO2_per_t,  # ⑥
    rubber_carbon: t_CO2_per_t,  # ⑥
    wood_carbon: t_CO2_per_t,  # ⑥
    digestion_share_2050: Ratio,  # ⑦ linear from 0 in 2020
    cc_share_2050: Ratio,  # ⑧ the part of new plants grows linearly from 2030 to 2050, the stock with its square
    food_share_2050: Ratio,  # ⑨
    paper_share_2050: Ratio,  # ⑨
    plastics_share_2050: Ratio,  # ⑨
    rubber_share_2050: Ratio,  # ⑨
    wood_share_2050: Ratio,  # ⑨
    capture_rate: Ratio,  # ⑩
    biogas_yield: Nm3_per_t,  # ⑪
    biogas_methane_share: Ratio,  # ⑫
    biomethanation_share_2030: Ratio,
    biomethanation_share_2050: Ratio,  # ⑬
    city_gas_factor: t_CO2_per_Nm3,  # ⑭
) -> Mt_CO2_per_yr:
    """Reading: ①×(②−③)×④ − ⑤×(②−③)×⑥ + ①×⑦×④ + ①×②×⑧×⑨×⑥×⑩ + ①×⑦×⑪×{⑫+⑬×(1−⑫)}×⑭ with values of 2040

    ① and ⑬ half way from 2030 to 2050, ② and ⑦ two thirds of the way from 2020, ⑧ a quarter of 2050; composition ⑨ of
    2050, which differs from that of 2030 by less than its spread; plastics ⑤ in proportion to ①.
    """
    waste = (waste_2030 + waste_2050) / 2
    more_incineration = (incineration_share_2050 - incineration_share_now) * (2 / 3)
    methane = food_share_2050 * food_methane + paper_share_2050 * paper_methane + wood_share_2050 * wood_methane
    biogenic = food_share_2050 * food_carbon + paper_share_2050 * paper_carbon + wood_share_2050 * wood_carbon
    carbon = biogenic + plastics_share_2050 * plastics_carbon + rubber_share_2050 * rubber_carbon
    digested = waste * digestion_share_2050 * (2 / 3)
    landfill = waste * more_incineration * methane
    incineration = plastics_waste_2050 * (waste / waste_2050) * more_incineration * plastics_carbon
    digestion = digested * food_methane
    captured = waste * (incineration_share_now + more_incineration) * (cc_share_2050 / 4) * carbon * capture_rate
    methanated = (biomethanation_share_2030 + biomethanation_share_2050) / 2
    gas = digested * biogas_yield * (biogas_methane_share + methanated * (1 - biogas_methane_share)) * city_gas_factor
    return landfill - incineration + digestion + captured + gas


def economic_effect_at_todays_rate(literal: JPY_per_yr, exchange_rate_ratio: Ratio) -> JPY_per_yr:
    """Reading: the amount at the rate of recent years"""
    return literal * exchange_rate_ratio
