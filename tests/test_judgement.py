"""What spreads rest on: a class or own reasons for every parameter; printed bounds are ends, rounding is kept.

And what `ctsim check` lists of it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

import pytest

from ctsim import schema
from ctsim.audit import _input_step
from ctsim.binding import Row
from ctsim.catalog import load
from ctsim.distributions import build
from ctsim.judgement import alike, bases, bound_in_vain, unreasoned
from ctsim.programme import Parameter, Spread
from ctsim.spreads import _quantiles
from ctsim.units import is_amount
from tests import runs
from tests.studies import CHECK, Study, refused, study

__all__ = ["study"]

ORDINARY = 2
"""Digits up to which the rounding of a printed number is worth a look."""


def parameters() -> Iterator[tuple[str, Parameter, str, Spread]]:
    """(full name, parameter, year label, its spread) of everything the shipped pages and shared.toml define."""
    for name, parameter in runs.scenario().parameters().items():
        for year in parameter.years:
            yield name, parameter, year, parameter.spread(year)


def given(parameter: Parameter, year: str) -> schema.Uncertainty | None:
    """What the page writes for a year."""
    written = parameter.record.uncertainty
    return written.get(year) if isinstance(written, dict) else written


def words(parameter: Parameter) -> str:
    """All that is quoted for a parameter."""
    record = parameter.record
    printed = (record.as_printed,) if isinstance(record.as_printed, str) else record.as_printed or ()
    return " ".join([*printed, (record.source.quote or "") if record.source else ""])


# ---- a class, or reasons of its own


def test_every_parameter_has_a_class_or_says_why_not() -> None:
    """Numbers of its own need a reason for low and one for high; a class needs a reason why it fits; both are words."""
    outside, number = 0, 0
    for name, parameter, year, spread in parameters():
        written = given(parameter, year)
        if parameter.record.constant:
            continue
        number += 1
        assert written is not None and written.reason and len(written.reason) >= 15, name
        if spread.spread_class is None:
            outside += 1
            if spread.basis == "assumed" and spread.dist != "fixed":
                assert re.search(r"\blow\b", written.reason) and re.search(r"\bhigh\b", written.reason), name
    assert 50 < outside < number / 2, number  # the classes carry more than half


def test_no_spread_is_said_to_be_more_than_judgement() -> None:
    """`published` is a printed range, a printed rounding or no spread; what is from literature has its quote."""
    for name, parameter, year, spread in parameters():
        assert spread.basis in ("published", "assumed", "literature"), name
        written = given(parameter, year)
        if spread.basis == "literature":
            assert written and written.source and written.source.quote, name
        if spread.basis == "published" and spread.dist != "fixed":
            low, high = parameter.ends(year)
            half = _input_step(parameter, low) / 2 if low == high else 0.0
            ends = _quantiles(parameter, spread, year)
            assert (ends.low, ends.high) == (pytest.approx(low - half), pytest.approx(high + half)), name


def test_delivery_is_always_assumed_with_a_reason_for_low_and_high() -> None:
    """No public table turns a readiness level into a probability."""
    found = [(name, spread) for name, one, _, spread in parameters() if one.name == "delivery"]
    assert len({name for name, _ in found}) == 9
    for name, spread in found:
        assert (spread.dist, spread.basis) == ("bernoulli", "assumed"), name
        assert "low:" in spread.reason and "high:" in spread.reason, name


# ---- printed bounds and printed rounding


UPPER = {
    "perovskite_solar.japan_share": "ピーク", "hydrogen_supply_chain.turbine_capacity": "最大",
    "battery_supply_chain.battery_capacity": "全量",
}  # fmt: skip
LOWER = {"waste_carbon_cycle.capture_rate": "目標値"}  # the text has 90 % or more
OTHER = {
    "offshore_wind.capacity_factor": "上限",  # of the price, not of the factor
    "hydrogen_supply_chain.hydrogen_supply_cost": "以下",  # for 2050, below
    "hydrogen_supply_chain.turbine_price": "最大",  # of the capacity it is multiplied by
    "next_generation_ships.emission_per_ship": "以上",  # of the size of ships
}
BOUND = re.compile("最大|最低|最小|以下|以上|ピーク|上限|下限|少なくとも|全量")


def test_printed_bounds_are_ends_of_the_spread() -> None:
    """Every quotation with a word of a bound is judged here: an upper end, a lower end, or another thing's bound."""
    every = {name: parameter for name, parameter, *_ in parameters()}
    found = {name for name, parameter in every.items() if BOUND.search(words(parameter))}
    assert found == {*UPPER, *OTHER}
    for name, word in {**UPPER, **LOWER, **OTHER}.items():
        assert word in words(every[name]), name
    for name in UPPER:
        assert _quantiles(every[name], every[name].spread(""), "").high == every[name].central(""), name
    for name in LOWER:
        assert _quantiles(every[name], every[name].spread(""), "").low == every[name].central(""), name
    cost = every["hydrogen_supply_chain.hydrogen_supply_cost"]
    assert _quantiles(cost, cost.spread("2050"), "2050").high == 20.0


def test_a_spread_is_not_narrower_than_printed_rounding() -> None:
    """Of numbers with one or two printed digits; what has no spread is a count or a definition, by its class."""
    seen = 0
    for name, parameter, year, spread in parameters():
        low, high = parameter.ends(year)
        step = _input_step(parameter, low)
        if low != high or step == 0 or round(low / step) >= 10**ORDINARY:
            continue
        seen += 1
        ends = _quantiles(parameter, spread, year)
        if spread.dist == "fixed":
            assert spread.spread_class == "exact", name
        elif isfinite(ends.low) and isfinite(ends.high):
            assert ends.high - ends.low >= 0.999 * step, name
        else:
            assert 3.92 * float(ends.sd or 0.0) >= 0.999 * step, name
    assert seen > 40


# ---- what is listed


def row(label: str, dist: str, value: float, relative: bool, basis: str = "assumed", **arguments: float) -> Row:
    from ctsim.errors import Place

    spread = Spread(dist, arguments, None, relative, basis, "low and high")
    return Row(label, "", "1", value, value, spread, basis, Place())


def listed(*rows: Row) -> list[tuple[str, list[str]]]:
    from dataclasses import replace

    scenario = runs.scenario()
    changed = replace(scenario)
    changed.__dict__["binding"] = replace(scenario.binding, rows=rows, steps=())
    return alike(changed)


def test_one_relative_shape_is_found_however_it_is_written() -> None:
    relative = row("a", "pert", 50.0, True, low=0.8, mode=1.0, high=1.2)
    absolute = row("b", "pert", 50.0, False, low=40.0, mode=50.0, high=60.0)
    other = row("c", "pert", 50.0, False, low=39.0, mode=50.0, high=60.0)
    assert listed(relative, absolute, other) == [("pert(low 0.8, mode 1, high 1.2)", ["a", "b"])]


def test_scale_of_lognormals_and_events_and_other_bases_are_no_shape() -> None:
    two = [row(name, "lognormal", value, False, median=value, gsd=1.6) for name, value in (("a", 3.0), ("b", 7.0))]
    events = [row(name, "bernoulli", 1.0, False, p=0.5) for name in ("c", "d")]
    printed = [row(name, "uniform", 1.0, False, "published", low=0.5, high=1.5) for name in ("e", "f")]
    assert listed(*two, *events, *printed) == [("lognormal(median 1, gsd 1.6)", ["a", "b"])]


def test_no_shape_is_written_four_times_without_a_class() -> None:
    assert [one for one in alike(runs.scenario()) if len(one[1]) > 3] == []


def test_bases_count_every_row_once() -> None:
    scenario = runs.scenario()
    found = bases(scenario)
    assert sum(map(len, found.values())) == len(scenario.binding.rows)
    assert set(found) == {"assumed", "fixed", "published"}
    assert "clean_energy_vehicles.phev_ownership" in found["published"]
    assert "offshore_wind.offshore_wind_capacity@2030" in found["published"]
    assert "offshore_wind.offshore_wind_capacity@2050" in found["assumed"]
    assert set(bases(runs.scenario("as_published"))) == {"fixed"}


TWIN = """\
[parameter.twin]
value = 6
unit = "1"
uncertainty = { dist = "uniform", low = 4, high = 8, basis = "assumed", reason = "low: few; high: many" }
[[impact]]"""


def test_check_counts_and_names_on_request(study: Study) -> None:
    study.edit("programmes/mine.toml", ("[[impact]]", TWIN))
    study.edit("formulas/mine.py", ("share: Ratio,", "share: Ratio, twin: Ratio,"))
    short, long = (study.ctsim(*CHECK, *more).out for more in ((), ("--names",)))
    assert re.search(r"assumed\s+4\s*\n", short) and "`ctsim check --names`" in short
    # 15, from 10 to 20, and 6, from 4 to 8: one shape
    assert re.search(r"uniform\(low 0\.6667, high 1\.333\)\s+2\s+mine\.share, mine\.twin", short)
    assert re.search(r"assumed\s+4\s+mine\.share", long) and "`ctsim check --names`" not in long


# ---- what a quantity can be at all


def test_lives_divisors_and_shares_say_what_they_can_be() -> None:
    """By unit and by name; and what is said holds of every spread, or the page would not load."""
    seen: dict[str | None, int] = {}
    for name, parameter, year, _ in parameters():
        domain, own = parameter.record.domain, name.rpartition(".")[2]
        if not parameter.record.constant and (parameter.unit == "%" or own == "delivery"):
            assert domain == "share", name
        if re.search(r"(life|campaign)(_shape)?(\[|$)", own):
            asked = "at_least_one" if own.partition("[")[0].endswith("_shape") else "positive"
            assert domain == asked and parameter.ends(year)[0] > 0.0, name
        seen[domain] = seen.get(domain, 0) + 1
    assert seen["share"] > 50 and seen["positive"] > 30


@pytest.mark.parametrize(("unit", "amount"), [
    ("g-C/MJ", True), ("GW", True), ("万枚/yr", True), ("km/kWh", True), ("vehicle", True), ("yr", False), ("1", False),
    ("%", False), ("t-CO2/yr", False), ("kg-CO2/kWh", False), ("円/kW", False), ("兆円/yr", False),
])  # fmt: skip
def test_what_is_counted_weighed_or_metered_is_an_amount(unit: str, amount: bool) -> None:
    assert is_amount(unit) is amount


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            "low = 10, high = 20",
            "low = 10, high = 120",
            "uncertainty: the spread reaches 10 to 120 %: it must be a share",
        ),
        (
            '"uniform", low = 10, high = 20',
            '"normal", mean = 15, sd = 4',
            "the spread reaches -8.99123 to 38.9912 %: it",
        ),
        ("value = 15", "value = 150", "s.toml:5: parameter.share.value: 150 %: it must be a share"),
        ("value = 15", 'value = 15\nunit = "GW"', "s.toml:5: parameter.share.unit: 'GW' cannot be converted to '1'"),
        ("value = 15", 'value = 15\nunit = "gww"', "s.toml:5: parameter.share.unit: unit 'gww' in 'gww' is not known"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(was: str, now: str, said: str, study: Study) -> None:
    study.edit("programmes/mine.toml", ('unit = "%"', 'unit = "%"\ndomain = "share"'))
    study.edit("s.toml", (was, now))
    out = study.ctsim(*CHECK)
    assert out.status == 2 and said in " ".join(out.lines)


# ---- what check says of reasons and of dependence


def test_a_reason_says_something_of_low_and_of_high(study: Study) -> None:
    study.edit("s.toml", ("low and high are guesses", "wide"))
    out = study.ctsim(*CHECK)
    said = "mine.share.uncertainty.reason: 'wide' is no reason for its low and for its high end: \"low: …; high: …\""
    assert out.status == 1 and said in " ".join(out.lines)
    study.edit("s.toml", ('"wide"', '"下限は現状、上限は計画"'))
    assert "no reason for its low" not in " ".join(study.ctsim(*CHECK).lines)


def test_no_shipped_spread_lacks_a_reason() -> None:
    for name in ("framework_2023_11", "framework_2025_06"):
        assert unreasoned(runs.scenario(name)) == []


def test_dependence_that_does_nothing_is_told() -> None:
    scenario = runs.scenario()
    assert bound_in_vain(scenario) == []
    first = scenario.dependence[0]
    again = replace(first, record=first.record.model_copy(update={"spearman": 0.2}))
    (pair,) = [one.message for one in bound_in_vain(replace(scenario, dependence=(*scenario.dependence, again)))]
    assert pair.startswith("'future_grid_factor' and 'offshore_wind.thermal_factor': 0.2 holds here, not the 0.7 of ")
    frozen = [one.message for one in bound_in_vain(load("grid_frozen"))]
    assert "'future_grid_factor' has no spread in this scenario: it moves with nothing" in frozen


# ---- delivery: the second view


def test_a_quantile_of_what_is_rarely_delivered_is_zero() -> None:
    from tests.test_sanity import delivered

    conditional, second = delivered()
    node = "co2_reduction"
    for name, year in (("hydrogen_supply_chain", 2030), ("plastic_feedstock", 2050), ("perovskite_solar", 2030)):
        spread = runs.scenario().programme(name).parameters["delivery"].spread(str(year))
        p = float(spread.arguments["p"])
        first = conditional[node].dataset.sel(programme=name, year=year)
        then = second[node].dataset.sel(programme=name, year=year)
        assert float(then["quantiles"].sel(quantile=0.05)) == 0.0 < float(first["quantiles"].sel(quantile=0.05))
        # 2^16 draws: six standard errors of a share of 0.5 are 0.012; of the mean, with the amounts' spread, 0.03
        assert float(then["mean"]) == pytest.approx(p * float(first["mean"]), rel=0.04)
        assert float(then["p_at_least_published"]) <= p
    for name, year in (("offshore_wind", 2030), ("water_electrolysis", 2050), ("insulated_windows", 2040)):
        one, other = (tree[node].dataset.sel(programme=name, year=year) for tree in (conditional, second))
        assert float(one["mean"]) == float(other["mean"]) and float(other["quantiles"].sel(quantile=0.05)) > 0.0


def test_a_share_below_five_per_cent_of_failures_leaves_the_quantile_above_zero() -> None:
    """The rule behind it: a quantile is 0 exactly where failures are more frequent than its share."""
    quantiles = build("bernoulli", {"p": 0.97}, None)
    assert quantiles.atoms[0].tolist() == pytest.approx([0.0, 0.03])


def test_a_probability_of_delivery_that_claims_more_is_refused_by_check(study: Study) -> None:
    delivery = (
        '[parameter.delivery]\nvalue = { 2030 = 1, 2050 = 1 }\nunit = "1"\n'
        'uncertainty = { dist = "bernoulli", p = 0.5, basis = "published", reason = "low and high" }\n[[impact]]'
    )
    study.edit("programmes/mine.toml", ("[[impact]]", delivery))
    refused(study, CHECK, [
        "programmes/mine.toml:16: parameter.delivery.uncertainty: a probability of delivery is always assumed: no "
        'public table gives one; write basis = "assumed" with a reason for low and for high',
    ])  # fmt: skip


def test_members_of_the_hydrogen_family_are_delivered_together() -> None:
    from tests.test_sanity import deliveries

    together, apart = deliveries(1.0), deliveries(0.0)
    names = ["hydrogen_supply_chain", "hydrogen_steelmaking", "industrial_furnaces", "plastic_feedstock"]
    for other in names[1:]:
        both = (together[names[0]] * together[other]).mean() - together[names[0]].mean() * together[other].mean()
        free = (apart[names[0]] * apart[other]).mean() - apart[names[0]].mean() * apart[other].mean()
        # Latent rank correlation 0.6 gives a covariance of about 0.09; six standard errors of 2^16 draws are 0.006.
        assert both > 0.06 and abs(free) < 0.012
    assert load("framework_2023_11").dependence[-1].record.spearman == 0.6
