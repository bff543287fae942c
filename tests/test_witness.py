"""ctsim against an independent calculation: numbers typed from the pages, formulas typed again, numpy and scipy only.

Nothing here uses ctsim's streams, distributions, formulas or summaries. Both sides are samples, so each difference is
compared with the standard error of the difference, from the witness's own moments: |difference| <= 6.2 errors, a false
alarm of 6e-10 a check if anything were redrawn (the seeds are fixed). Power at 2^18 draws against 2^20: a mean that is
off by 2.5 % of a standard deviation, or a standard deviation off by 2 %, is caught with probability above 0.9999.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from ctsim import catalog
from ctsim.engine import Run, simulate
from ctsim.summaries import QUANTILES
from tests.runs import outside, scenario, study

FloatArray = npt.NDArray[np.float64]
Results = dict[str, FloatArray]
"""Draws by result: "co2 2030", "money 2030" in Mt-CO2 and trillion yen a year, or the key of another figure."""

DRAWS, CHUNK = 2**20, 2**18
LIMIT = 6.2
ONE_PRODUCTION_YEAR = "co2_reduction.one production year"


class Draw:
    """Independent draws from scipy's distributions, a chunk at a time."""

    def __init__(self, chunk: int) -> None:
        self.rng = np.random.default_rng([20260131, chunk])

    def pert(self, low: float, mode: float, high: float) -> FloatArray:
        a, b = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
        beta = stats.beta(a, b, loc=low, scale=high - low)
        return np.asarray(beta.rvs(CHUNK, random_state=self.rng))

    def uniform(self, low: float, high: float) -> FloatArray:
        return np.asarray(stats.uniform(low, high - low).rvs(CHUNK, random_state=self.rng))

    def normal(self, value: float, relative_sd: float) -> FloatArray:
        return np.asarray(stats.norm(value, value * relative_sd).rvs(CHUNK, random_state=self.rng))

    def plan(self, value: float) -> FloatArray:
        return value * self.pert(0.40, 0.85, 1.05)

    def scenario(self, value: float) -> FloatArray:
        return value * self.pert(0.20, 0.70, 1.20)

    def engineering(self, value: float) -> FloatArray:
        return value * self.pert(0.80, 1.00, 1.20)

    def statistic(self, value: float) -> FloatArray:
        return self.normal(value, 0.02551067)

    def gas(self) -> FloatArray:
        """Carbon content of natural gas in t-C/GJ."""
        return self.normal(0.01387, 0.0178575)

    def oil(self, value: float) -> FloatArray:
        return self.normal(value, 0.0153064)


def solar(draw: Draw) -> Results:
    single, tandem, share = draw.plan(3.5), draw.plan(1.3), draw.pert(3, 12, 25) / 100
    hours, factor = 8.760 * draw.pert(13, 15, 17) / 100, draw.statistic(0.51)
    money = 5 * draw.plan(1) * draw.pert(0.4, 0.85, 1.5) / 100 * share + 0.0186 * draw.plan(1)
    return {
        "co2 2030": (single * share + tandem) * hours * factor,
        "co2 2050": draw.scenario(150) * hours * factor,
        "money 2030": money,
        "money 2050": draw.scenario(1.25),
    }


def wind(draw: Draw) -> Results:
    energy = 8.760 * draw.pert(28, 33.2, 40) / 100 * draw.statistic(0.66)
    return {"co2 2030": draw.uniform(1.68, 3.68) * energy, "co2 2050": draw.scenario(45) * energy}


def hydrogen(draw: Draw) -> Results:
    supply, later = draw.pert(0.20, 0.80, 1.10), draw.scenario(55)  # Mt
    per_tonne = 142 * draw.gas() * 44 / 12
    return {
        "co2 2030": supply * per_tonne,
        "co2 2050": later * per_tonne,
        "money 2030": supply * 1e9 / 0.08994 * draw.pert(25, 32, 50) / 1e12,
        "money 2050": later * 1e9 / 0.08994 * draw.pert(9, 15, 20) / 1e12,
        "economic_effect.2050 cumulative": draw.pert(0.6, 2.0, 2.9) * draw.engineering(8),
    }


def aircraft(draw: Draw) -> Results:
    fuel, domestic = draw.pert(1200, 1800, 2400), draw.pert(0.25, 0.37, 0.45)
    hydrogen_share = domestic * (draw.scenario(1 / 3) + draw.scenario(1 / 3))
    saved = draw.engineering(0.02) + draw.engineering(0.05)
    return {"co2 2050": fuel * (hydrogen_share + (1 - hydrogen_share) * saved)}


def furnaces(draw: Draw) -> Results:
    a_year = draw.pert(0.3, 0.4, 0.45) * draw.pert(260, 780, 1300) / 100  # Mt for every year of renewals
    return {"co2 2040": a_year * 0.5 * 9, "co2 2050": a_year * (0.5 * 9 + 10)}


def electrolysis(draw: Draw) -> Results:
    now, later, load = draw.pert(3.5, 17.5, 70), draw.pert(130, 800, 2640), draw.pert(20, 30, 36) / 100
    per_gigawatt = 8.760 / 33 * load * 142 * draw.gas() * 44 / 12  # TWh a GW, over kWh/kg: Mt of hydrogen
    cost = draw.uniform(5.2, 6.5)  # 万円/kW
    return {
        "co2 2030": now * per_gigawatt,
        "co2 2050": later * per_gigawatt,
        "economic_effect.2030 cumulative": now * cost / 100,
        "money 2050": draw.pert(4.4, 26.7, 88) * cost / 100,
    }


def reactor(draw: Draw) -> Results:
    return {"co2_reduction.per t-H2": draw.gas() * 142 * 44 / 12}


def batteries(draw: Draw) -> Results:
    cars = draw.pert(18, 38, 45) * 1e6 / draw.engineering(60)
    return {ONE_PRODUCTION_YEAR: cars * (draw.engineering(38) - draw.engineering(20)) / 1e4}


def semiconductors(draw: Draw) -> Results:
    a_car = draw.pert(7500, 9360, 11000) / draw.engineering(6) * draw.engineering(0.20) * draw.statistic(0.423) / 1000
    cars = draw.engineering(513) / draw.engineering(36)  # for every wafer
    sic, silicon = draw.engineering(0.50) * cars * a_car, draw.engineering(0.25) * cars * a_car
    a, b, c = draw.plan(28.8) * sic, draw.plan(72.0) * sic, draw.plan(168.0) * silicon
    parts = {"company_a": a, "company_b": b, "company_c": c}
    return {f"{ONE_PRODUCTION_YEAR}.{name}": part for name, part in parts.items()} | {ONE_PRODUCTION_YEAR: a + b + c}


def equipment(draw: Draw) -> Results:
    saved = draw.engineering(327.3) + draw.engineering(915.7) + draw.engineering(26.5)
    return {"co2_reduction.FY2025": saved * draw.oil(2.67) / 1e4}


def cars(draw: Draw) -> Results:
    petrol = draw.statistic(64152071) / (124885175 * draw.uniform(0.36815, 0.36825))
    ev = draw.normal(143344, 0.051) / (124885175 * draw.uniform(0.00215, 0.00225))
    phev = draw.normal(266924, 0.051) / (124885175 * draw.uniform(0.0015, 0.0025))
    electric, hybrid = (petrol - ev) * 90346 / 1e4, (petrol - phev) * 50725 / 1e4
    return {
        "co2_reduction.FY2023.ev": electric,
        "co2_reduction.FY2023.phev": hybrid,
        "co2_reduction.FY2023": electric + hybrid,
    }


def trucks(draw: Draw) -> Results:
    petrol, diesel, grid = draw.oil(2.32), draw.oil(2.58), draw.statistic(0.423)
    model = draw.engineering(1.92)
    rows = {  # fuel, km/l, km/kWh, km a year with its spread, vehicles
        "kei_truck": (petrol, 13.2, draw.engineering(8.06), 7571 * draw.pert(0.75, 1, 1.15), 1645),
        "small_truck": (diesel, 8.8, model, 10832 * draw.pert(0.75, 1, 1.15), 635),
        "large_truck": (diesel, 4.0, model, 25826 * draw.pert(0.75, 1, 1.15), 988),
        "taxi": (petrol, 10.5, draw.engineering(5.88), 14412 * draw.pert(0.85, 1, 1.20), 430),
    }
    parts = {
        name: (fuel / draw.statistic(economy) - grid / electric) * distance * vehicles / 1e7
        for name, (fuel, economy, electric, distance, vehicles) in rows.items()
    }
    total = sum(parts.values(), np.zeros(CHUNK))
    return {f"co2_reduction.FY2024.{name}": part for name, part in parts.items()} | {"co2_reduction.FY2024": total}


WITNESSES: dict[str, Callable[[Draw], Results]] = {
    "perovskite_solar": solar,
    "offshore_wind": wind,
    "hydrogen_supply_chain": hydrogen,
    "next_generation_aircraft": aircraft,
    "industrial_furnaces": furnaces,
    "water_electrolysis": electrolysis,
    "high_temperature_reactor": reactor,
    "battery_supply_chain": batteries,
    "power_semiconductors": semiconductors,
    "energy_saving_equipment": equipment,
    "clean_energy_vehicles": cars,
    "electric_commercial_vehicles": trucks,
}


@cache
def independent() -> Run:
    """The whole report by independent draws: the errors stated here, ctsim's and the witness's, are those of mc."""
    return simulate(scenario(), draws=2**18, method="mc", dependence=0)


def ctsims(programme: str, result: str) -> dict[str, float]:
    """Every statistic of ctsim's run for one result."""
    kind, _, year = result.partition(" ")
    if kind in ("co2", "money"):
        node = {"co2": "co2_reduction", "money": "economic_effect"}[kind]
        data = independent().tree[node].dataset.sel(programme=programme, year=int(year))
    else:
        data = independent().tree["other"].dataset.sel(figure=f"{programme}.{result}")
    found = {name: float(data[name]) for name in ("mean", "sd", "mcse", "minimum", "maximum")}
    return found | {f"q{q}": float(data["quantiles"].sel(quantile=q)) for q in QUANTILES}


def statistics(draws: FloatArray, own: int) -> dict[str, tuple[float, float]]:
    """Mean, sd and quantiles of the witness, each with the standard error of its difference to a run of `own` draws."""
    share = math.sqrt(1 / len(draws) + 1 / own)
    mean, sd = float(draws.mean()), float(draws.std(ddof=1))
    fourth = float(((draws - mean) ** 4).mean())
    found = {"mean": (mean, sd * share), "sd": (sd, math.sqrt(fourth - sd**4) / (2 * sd) * share)}
    steps = np.array([0.5 * math.sqrt(q * (1 - q)) * 2**-8 for q in QUANTILES])  # for the density at each quantile
    shares = np.array(QUANTILES)
    ordered = np.sort(draws)
    below, at, above = (ordered[(part * len(draws)).astype(int)] for part in (shares - steps, shares, shares + steps))
    for q, value, width, step in zip(QUANTILES, at, above - below, steps, strict=True):
        found[f"q{q}"] = (float(value), math.sqrt(q * (1 - q)) * float(width) / (2 * step) * share)
    return found


def differences() -> Iterator[tuple[str, float]]:
    """(programme result statistic, difference in standard errors)."""
    for programme, formula in WITNESSES.items():
        chunks = [formula(Draw(number)) for number in range(DRAWS // CHUNK)]
        for result in chunks[0]:
            draws = np.concatenate([chunk[result] for chunk in chunks])
            found = ctsims(programme, result)
            for name, (value, error) in statistics(draws, independent().card["draws"]).items():
                yield f"{programme} {result} {name}", (found[name] - value) / error


@cache
def found_differences() -> dict[str, float]:
    return dict(differences())


def test_the_witness_covers_the_report() -> None:
    figures = {name.rpartition(" ")[0] for name in found_differences()}
    assert len(WITNESSES) >= 8 and len(figures) >= 30
    assert len(found_differences()) == len(figures) * (2 + len(QUANTILES))


@pytest.mark.parametrize("programme", WITNESSES)
def test_ctsim_agrees_with_the_witness(programme: str) -> None:
    mine = {name: size for name, size in found_differences().items() if name.startswith(programme)}
    assert {name: size for name, size in mine.items() if not abs(size) <= LIMIT} == {}


def test_the_differences_are_those_of_chance() -> None:
    """Not only below the limit: about two thirds lie within one error. They are correlated, so the bounds are wide.

    With the 13 statistics of a normal sample and all results of a programme wholly dependent (simulated, 200,000 times)
    false alarm 2e-4; differences 2, 2.5 times too large or half as large are caught with probability 0.88, 0.995, 0.95.
    """
    sizes = np.abs(list(found_differences().values()))
    assert 0.45 < (sizes < 1).mean() < 0.9
    assert (sizes > 0).all()


def test_ctsims_own_error_is_the_witnesss() -> None:
    """mcse from 16 replicates is the sd over the root of n, times the root of chi-squared over 15; alarm 1e-9 each.

    Bounds 0.168 and 2.24. If every error is stated 2 or 2.5 times too large, one of 12 independent programmes shows it
    with probability 0.95 or 1 - 1e-6; 5 times too small, with 0.95; 3.3 times too small is missed with 0.94.
    """
    low, high = np.sqrt(stats.chi2(15).ppf([5e-10, 1 - 5e-10]) / 15)
    for name in found_differences():
        programme, result = name.rpartition(" ")[0].split(" ", 1)
        found = ctsims(programme, result)
        assert low < found["mcse"] / (found["sd"] / math.sqrt(independent().card["draws"])) < high, name


# ---- closed forms


def test_hydrogen_of_the_reactor_is_normal() -> None:
    """Annex 13: a normal carbon content times 142 GJ/t and 44/12; mean, sd and every quantile are known exactly."""
    found = ctsims("high_temperature_reactor", "co2_reduction.per t-H2")
    mean, n = 0.01387 * 142 * 44 / 12, independent().card["draws"]
    sd = mean * 0.0178575
    exact = stats.norm(mean, sd)
    assert abs(found["mean"] - mean) <= LIMIT * sd / math.sqrt(n)
    assert abs(found["sd"] - sd) <= LIMIT * sd / math.sqrt(2 * n)
    for q in QUANTILES:
        value = exact.ppf(q)
        assert abs(found[f"q{q}"] - value) <= LIMIT * math.sqrt(q * (1 - q) / n) / exact.pdf(value)


def test_moments_of_a_product_of_independent_factors() -> None:
    """Offshore wind 2030 is uniform × PERT × normal: the moments of a product are products of moments."""
    a = 1 + 4 * (33.2 - 28) / 12
    factors = [stats.uniform(1.68, 2.0), stats.beta(a, 6 - a, 28, 12), stats.norm(0.66, 0.66 * 0.02551067)]
    first, second = (math.prod(float(one.moment(k)) for one in factors) for k in (1, 2))
    mean, sd = 0.0876 * first, 0.0876 * math.sqrt(second - first**2)
    found, n = ctsims("offshore_wind", "co2 2030"), independent().card["draws"]
    assert abs(found["mean"] - mean) <= LIMIT * sd / math.sqrt(n)
    assert abs(found["sd"] - sd) <= LIMIT * sd / math.sqrt(n)  # its fourth moment is below that of a normal


JCGM = {  # JCGM 101:2008, 9.2.2 and 9.2.3: four inputs of mean 0 and sd 1; u(y) and the ends of the 95 % interval
    "normal": ('dist = "normal", mean = 0, sd = 1', 2 * stats.norm.ppf(0.975)),
    "rectangular": (f'dist = "uniform", low = {-math.sqrt(3)!r}, high = {math.sqrt(3)!r}',
                    2 * math.sqrt(3) * (2 - 0.6**0.25)),
}  # fmt: skip
ADDITIVE = """from ctsim.units import Mt_CO2_per_yr


def effect(a: Mt_CO2_per_yr, b: Mt_CO2_per_yr, c: Mt_CO2_per_yr, d: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    \"\"\"a + b + c + d\"\"\"
    return a + b + c + d
"""


@pytest.mark.parametrize("name", JCGM)
def test_the_additive_model_of_jcgm_101(name: str, tmp_path: Path) -> None:
    """RELIABILITY.md P7: u within 0.005, interval ends within 0.01."""
    spread, end = JCGM[name]
    lines = f'value = 0\nunit = "Mt-CO2/yr"\nuncertainty = {{ {spread}, basis = "assumed", reason = "JCGM 101" }}'
    outside(tmp_path, "additive", dict.fromkeys("abcd", lines), {"2030": "effect"}, ADDITIVE)
    loaded = catalog.load(study(tmp_path, ["additive"]), tmp_path / "formulas")
    cell = simulate(loaded, draws=2**22).tree["co2_reduction"].dataset.sel(programme="additive", year=2030)
    assert float(cell["sd"]) == pytest.approx(2.0, abs=0.005)
    assert float(cell["quantiles"].sel(quantile=0.975)) == pytest.approx(end, abs=0.01)
    assert float(cell["quantiles"].sel(quantile=0.025)) == pytest.approx(-end, abs=0.01)
