"""Rules of carbon pricing, as worked examples: allocation of allowances, the fuel levy, the EU's border charge."""

from ctsim.units import JPY_per_t_CO2, JPY_per_yr, Ratio, kl_per_yr, t_CO2_per_kl, t_CO2_per_t, t_CO2_per_yr, t_per_yr


def allocation_benchmark(
    base_production: t_per_yr,
    benchmark_level: t_CO2_per_t,
    activity_ratio: Ratio,
    early_reduction: t_CO2_per_yr,
    leakage_addition: t_CO2_per_yr,
    research_addition: t_CO2_per_yr,
) -> t_CO2_per_yr:
    """基準生産量 × 目指すべき排出原単位の水準 × 活動量の変動 + 早期の削減努力 + 国外移転のリスク + 研究開発投資"""
    added = early_reduction + leakage_addition + research_addition
    return base_production * benchmark_level * activity_ratio + added


def allocation_grandfathering(
    base_emissions: t_CO2_per_yr,
    reduction_rate: Ratio,
    years_since_base: Ratio,
    activity_ratio: Ratio,
    early_reduction: t_CO2_per_yr,
    leakage_addition: t_CO2_per_yr,
    research_addition: t_CO2_per_yr,
) -> t_CO2_per_yr:
    """基準排出量 × (1 - 年当たりの削減率 × 年数) × 活動量の変動 + 加算"""
    added = early_reduction + leakage_addition + research_addition
    return base_emissions * (1 - reduction_rate * years_since_base) * activity_ratio + added


def allowances_to_buy(
    emissions: t_CO2_per_yr,
    other_a_year_allocation_benchmark: t_CO2_per_yr,
    allowance_price: JPY_per_t_CO2,
) -> JPY_per_yr:
    """(排出実績量 - 割当量) × 排出枠の価格"""
    return (emissions - other_a_year_allocation_benchmark) * allowance_price


def levy(
    fuel_imports: kl_per_yr,
    fuel_emission_factor: t_CO2_per_kl,
    levy_rate: JPY_per_t_CO2,
) -> JPY_per_yr:
    """化石燃料の輸入量 × 排出係数 × 単価"""
    return fuel_imports * fuel_emission_factor * levy_rate


def cbam_charge(
    certificate_price: JPY_per_t_CO2,
    carbon_price_paid: JPY_per_t_CO2,
    embedded_emissions: t_CO2_per_t,
    exports: t_per_yr,
    charged_share: Ratio,
) -> JPY_per_yr:
    """(CBAM証書価格 - 域外で支払われた炭素価格) × 製品単位当たり排出量 × 製品輸入量 × 課金される割合(0を下限とする)"""
    price = certificate_price - min(carbon_price_paid, certificate_price)
    return price * embedded_emissions * exports * charged_share
