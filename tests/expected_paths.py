"""What every cell between or after published years must give at central values, typed again in plain numbers.

Typed from the pages' parameters and the sentences of the formulas, with nothing of ctsim: survival by `math`, cohorts
summed by scipy's adaptive quadrature. Keys and units as in `tests.expected`. TOLERANCES says how far ctsim's own
polynomials (gamma function) and six points (sum of cohorts) may be off.
"""

from math import exp, gamma

from scipy.integrate import quad

from tests.expected import (
    COMPANY_A,
    COMPANY_B,
    COMPANY_C,
    DATA_CENTRES,
    ENERGY_SAVED,
    EV,
    EV_BOUGHT,
    EXPECTED,
    GAS_PER_FOOD_WASTE,
    GAS_PER_HYDROGEN,
    METHANE,
    NEW_CAR,
    PETROL_CAR,
    PHEV,
    PHEV_BOUGHT,
    SHARES_2050,
    WASTE_CO2,
    products,
)

GRID = {2030: 0.32, 2040: 0.13, 2050: 0.03}
GRID_2023 = 0.423
CAR = (13.6, 3.6)
"""Mean life in years, shape."""


def left(years: float, mean: float, shape: float) -> float:
    """Weibull: share still in use."""
    return exp(-((years * gamma(1 + 1 / shape) / mean) ** shape))


def cohorts(year: int, start: float, life: float) -> float:
    """Cohorts of one plant on the road at the start of `year`: one a year while the plant runs."""
    if year <= start:
        return 0.0
    made_until = min(float(year), start + life)
    return float(quad(lambda made: left(year - made, *CAR), start, made_until, epsabs=0, epsrel=1e-12)[0])


def ramped(year: int, start: float, ramp: float, life: float) -> float:
    """The same where lines of the plant open one after another over `ramp` years, each for its life."""
    return float(quad(lambda opened: cohorts(year, start + opened * ramp, life), 0, 1, epsabs=1e-12, epsrel=1e-8)[0])


def quarter(first: float, last: float) -> float:
    """A quarter of the way."""
    return 0.75 * first + 0.25 * last


def between(programme: str, scale: float = 1.0) -> float | tuple[float, ...]:
    """A quarter of the way between the published cells at every point of `tests.expected`; 2030 in 1/`scale`."""
    ends = []
    for year in (2030, 2050):
        value = EXPECTED[f"{programme}.co2_reduction.{year}"]
        ends.append(value if isinstance(value, tuple) else (value,) * 3)
    points = tuple(quarter(first * scale, last) for first, last in zip(*ends, strict=True))
    return points if len(set(points)) > 1 else points[0]


OPERATING = 131 + 339 + 612  # Annex 18, t
WINDOWS = 6.3 + 0.8  # 21, 万t, detached and apartments
CHIPS = (COMPANY_A + COMPANY_B + COMPANY_C) / 100 * 0.25 * 0.70  # Mt a production year
TRUCKS = {
    # t a vehicle of fuel, kWh and number: (2.32 / 13.2, 1 / 8.06, km × vehicles / 1e7, mean life)
    "kei_truck": (2.32 / 13.2, 1 / 8.06, 7571 * 1645 / 1e7, 16.0),
    "small_truck": (2.58 / 8.8, 1 / 1.92, 10832 * 635 / 1e7, 15.8),
    "large_truck": (2.58 / 4.0, 1 / 1.92, 25826 * 988 / 1e7, 15.8),
    "taxi": (2.32 / 10.5, 1 / 5.88, 14412 * 430 / 1e7, 7.0),
}


def cars(year: int, reference: float) -> float:
    """19, 万t, against a reference car: a PHEV drives 45 % of its way as an EV does."""
    fall = GRID[year] / GRID_2023
    phev = PHEV - 0.45 * EV * (1 - fall)
    return ((reference - EV * fall) * EV_BOUGHT + (reference - phev) * PHEV_BOUGHT) * left(year - 2023, *CAR)


SHIPS = left(10, 25, 3)
FURNACE = left(10, 18, 3)

PATHS: dict[str, float | tuple[float, ...]] = {
    # Paths, a quarter of the way: 万t and 億円 → 億t and 兆円
    "perovskite_solar.co2_reduction.2040": between("perovskite_solar", 1e-4),
    "perovskite_solar.economic_effect.2040": quarter(311 / 1e4, 1.25),
    "offshore_wind.co2_reduction.2040": between("offshore_wind", 1e-4),
    "offshore_wind.economic_effect.2040": quarter(1, 2),
    "hydrogen_supply_chain.co2_reduction.2040": quarter(0.01, 0.55) * GAS_PER_HYDROGEN,
    "hydrogen_supply_chain.economic_effect.2040": quarter(30 / 89.94, 5.5),
    "water_electrolysis.co2_reduction.2040": between("water_electrolysis"),
    "plastic_feedstock.co2_reduction.2040": between("plastic_feedstock"),
    "plastic_feedstock.economic_effect.2040": quarter(10, 363),
    # 4: 1 % of the hydrogen part, 45 % of the rest
    "next_generation_aircraft.co2_reduction.2040": 20 * (0.4 * 2 / 3 * 0.01 + (1 - 0.4 * 2 / 3) * 0.07 * 0.45),
    # Stocks of one year
    "next_generation_ships.co2_reduction.2040": 33 * SHIPS,
    "hydrogen_steelmaking.co2_reduction.2040": tuple(400 * one * 0.3 * FURNACE for one in (1.5, 1.75, 2.0)),
    "hydrogen_steelmaking.economic_effect.2040": 3200 * FURNACE,
    # 12: the shape of diffusion is 1.3 in 2040
    "photonics_datacentre.co2_reduction.2040": DATA_CENTRES * 0.022 * 1.3 * 0.13 / GRID_2023,
    "photonics_datacentre.co2_reduction.2040 [co2_reduction_2040_constant_factor]": DATA_CENTRES * 0.022 * 1.3,
}
for _year in (2030, 2040, 2050):
    _factor = GRID[_year] / GRID_2023
    PATHS |= {
        # 15, 16: Mt; a car saves its life's tonnes evenly over its mean life
        f"battery_supply_chain.co2_reduction.{_year}": 45
        / 60
        * 0.70
        * 0.85
        * 18
        * 0.70
        / 13.6
        * ramped(_year, 2028, 3, 18),
        f"power_semiconductors.co2_reduction.{_year}": CHIPS * _factor * ramped(_year, 2027.5, 3, 15),
        f"energy_saving_equipment.co2_reduction.{_year}": ENERGY_SAVED * 2.67 * left(_year - 2024, 15, 2.5),
        f"regional_microgrids.co2_reduction.{_year}": OPERATING * _factor * left(_year - 2024, 20, 3),
        f"clean_energy_vehicles.co2_reduction.{_year}": cars(_year, PETROL_CAR),
        f"clean_energy_vehicles.co2_reduction.{_year} [co2_reduction_carried_new_car]": cars(_year, NEW_CAR),
        f"insulated_windows.co2_reduction.{_year}": WINDOWS * (0.35 + 0.65 * _factor) * left(_year - 2024, 28, 2.5),
    }
    for _name, (_fuel, _power, _use, _life) in TRUCKS.items():
        _saved = (_fuel - GRID[_year] * _power) * _use
        PATHS[f"electric_commercial_vehicles.co2_reduction.{_year}.{_name}"] = _saved * left(_year - 2024, _life, 3.6)

# ---- readings that scale the literal figure


def scaled(programme: str, formula: str, **factors: float) -> dict[str, float | tuple[float, ...]]:
    """A reading of the cells of some years (`y2040=0.5`), or of their items, so many times the literal one."""
    found: dict[str, float | tuple[float, ...]] = {}
    for year, factor in factors.items():
        start = f"{programme}.co2_reduction.{year[1:]}"
        for key in [one for one in PATHS if one == start or one.startswith(f"{start}.")]:
            literal = PATHS[key]
            found[f"{key} [{formula}]"] = (
                tuple(one * factor for one in literal) if isinstance(literal, tuple) else literal * factor
            )
    return found


def every(factor: float) -> dict[str, float]:
    """The same factor in all three years."""
    return {"y2030": factor, "y2040": factor, "y2050": factor}


READINGS: dict[str, float | tuple[float, ...]] = {
    **scaled("perovskite_solar", "co2_reduction_world_factor", y2040=0.32 / 0.51),
    **scaled("offshore_wind", "co2_reduction_falling_thermal_factor", y2040=0.25 / 0.66),
    **scaled("photonics_datacentre", "co2_reduction_2040_world_factor", y2040=0.32 / 0.13),
    **scaled("energy_saving_equipment", "co2_reduction_carried_energy_mix", **every(2.2 / 2.67)),
    **scaled("clean_energy_vehicles", "co2_reduction_additional", **every(0.4)),
    **scaled("electric_commercial_vehicles", "co2_reduction_additional", **every(0.4)),
    **scaled("insulated_windows", "co2_reduction_additional", **every(0.7)),
    **scaled("insulated_windows", "co2_reduction_after_take_back", **every(0.85)),
    **scaled("insulated_windows", "co2_reduction_mixed_windows", **every(0.9)),
}


def waste_2040(capture_plants: float = 0.24) -> float:
    """Annex 9, <2050年>, in 億t with the parameters of 2040 (Mt before)."""
    waste, digested = (2586 + 3399) / 2, (2586 + 3399) / 2 * 0.24 * 2 / 3
    more = (0.28 - 0.11) * 2 / 3
    return 0.01 * (
        waste * more * products(SHARES_2050, METHANE)
        - 378 * waste / 3399 * more * 2.31
        + digested * 0.9
        + waste * (0.11 + more) * capture_plants / 4 * products(SHARES_2050, WASTE_CO2) * 0.9
        + digested * (0.578 + (0.016 + 0.061) / 2 * (1 - 0.578)) * GAS_PER_FOOD_WASTE
    )


READINGS["waste_carbon_cycle.co2_reduction.2040 [co2_reduction_2040_parameter_path]"] = waste_2040()

# ---- rules of carbon pricing: 万t and 億円

PRICING: dict[str, float | tuple[float, ...]] = {
    "carbon_pricing.other.a year.allocation_benchmark": 100 * 1.8 + 2 + 3 + 1,
    "carbon_pricing.other.a year.allocation_grandfathering": 200 * (1 - 3 * 0.017) + 2 + 3 + 1,
    "carbon_pricing.other.a year.allowances_to_buy": (205 - 186) * 3000 / 1e4,
    "carbon_pricing.other.a year.levy": 100 * 2.67 * 1000 / 1e4,
    "carbon_pricing.other.a year.cbam_charge": (12000 - 3000) * 1.9 * 10 * 0.485 / 1e4,
}

TOLERANCES = {"battery_supply_chain": 3e-4, "power_semiconductors": 3e-4}
"""Six points stand for the sum of cohorts."""
SURVIVAL_TOLERANCE = 1e-8
"""The gamma function is within 1e-11; far beyond a life the exponent is large."""

ELSEWHERE: dict[str, tuple[dict[str, float], float]] = {
    # Where central values coincide (100 %, two equal thirds, parts that are added before they are scaled), as there.
    "next_generation_aircraft.co2_reduction.2040": (
        {"hydrogen_saving": 90, "combustion_share_of_domestic": 0.3},
        20 * (0.9 * 0.4 * (0.3 + 1 / 3) * 0.01 + (1 - 0.4 * (0.3 + 1 / 3)) * 0.07 * 0.45),
    ),
    "carbon_pricing.other.a year.allocation_benchmark": ({"activity_ratio": 0.9}, 100 * 1.8 * 0.9 + 6),
    "carbon_pricing.other.a year.allocation_grandfathering": (
        {"activity_ratio": 0.9},
        200 * (1 - 3 * 0.017) * 0.9 + 6,
    ),
    "carbon_pricing.other.a year.cbam_charge": ({"carbon_price_paid": 15000}, 0.0),
    "waste_carbon_cycle.co2_reduction.2040 [co2_reduction_2040_parameter_path]": (
        {"cc_share_2050": 30},
        waste_2040(0.30),
    ),
}
