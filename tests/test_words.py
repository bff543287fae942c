"""Small things that people type and read: numbers of options, values and spreads in words, quantiles from counts."""

from typing import Any

import click
import numpy as np
import pytest

from ctsim import schema
from ctsim.catalog import Scenario
from ctsim.errors import InputError, how_many
from ctsim.explain import Explanation
from ctsim.options import COUNT
from ctsim.printing import explained, spread_words, values_words
from ctsim.printing_run import _place_of, _share
from ctsim.programme import Parameter, Spread
from ctsim.summaries.reading import read
from ctsim.switches import BASES, switched
from tests import runs

# ---- what is typed


@pytest.mark.parametrize(("typed", "number"), [
    ("1000000", 1_000_000), ("1e6", 1_000_000), ("1_000_000", 1_000_000), ("1,000,000", 1_000_000), ("2.5E3", 2500),
    (16384, 16384), ("0", 0), ("-5", -5), ("9007199254740993", 2**53 + 1),
])  # fmt: skip
def test_whole_numbers_may_be_written_as_people_do(typed: Any, number: int) -> None:
    assert COUNT.convert(typed, None, None) == number


@pytest.mark.parametrize("typed", ["1.5", "1e-3", "many", "", "1e999", "inf", "nan"])
def test_what_is_no_whole_number_says_how_to_write_one(typed: str) -> None:
    with pytest.raises(click.BadParameter, match="write 1000000 or 1e6"):
        COUNT.convert(typed, None, None)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return runs.scenario()


@pytest.mark.parametrize(("options", "title"), [
    ({"set": {"car_life": 14.0}}, "car_life=14"),
    ({"set": ["car_life = 15.5"]}, "car_life=15.5"),
    ({"fix": "car_life", "dependence": "full"}, "car_life fixed, dependence full"),
    ({"scale_assumed": 2, "with_delivery": True}, "assumed spreads × 2, delivery included"),
    ({"only_basis": ["assumed", "published"], "dependence": "0.5"}, "only basis assumed, published, dependence × 0.5"),
])  # fmt: skip
def test_a_title_says_what_was_asked_for(scenario: Scenario, options: dict[str, Any], title: str) -> None:
    changed = switched(scenario, **options)
    assert changed.title_en == f"{scenario.title_en}, changed: {title}"
    assert changed.title_ja == f"{scenario.title_ja} 変更: {title}"


@pytest.mark.parametrize("options", [{"scale_assumed": 1.0}, {"dependence": 1.0}, {"only_basis": list(BASES)}])
def test_switches_at_rest_change_no_number(scenario: Scenario, options: dict[str, Any]) -> None:
    rows = [(row.label, row.varies, row.spread.widen or 1.0) for row in switched(scenario, **options).binding.rows]
    assert rows == [(row.label, row.varies, row.spread.widen or 1.0) for row in scenario.binding.rows]
    assert switched(scenario, **options).pairs == scenario.pairs


@pytest.mark.parametrize("given", ["car_life", "car_life=", "car_life=long", "car_life=nan", "car_life=inf"])
def test_a_value_that_is_none_is_refused(scenario: Scenario, given: str) -> None:
    with pytest.raises(InputError, match="write PARAMETER=NUMBER, in the unit of the page"):
        switched(scenario, set=[given])


# ---- what is read


def test_one_is_no_plural() -> None:
    assert [how_many(number, "worker") for number in (0, 1, 2, 1234)] == [
        "0 workers",
        "1 worker",
        "2 workers",
        "1,234 workers",
    ]


def parameter(spreads: dict[str, Spread], **record: Any) -> Parameter:
    return Parameter("p", "mine.p", schema.Parameter(unit="1", **record), spreads)


def spread(dist: str, relative: bool = False, **arguments: float) -> Spread:
    return Spread(dist, arguments, None, relative, "assumed", "")


def test_values_in_words() -> None:
    assert values_words(parameter({}, value=12.50)) == "12.5"
    assert values_words(parameter({}, low=3.0, high=1e7)) == "3–1e+07"
    years = {"2030": 1.0, "2050": schema.Range(low=2.0, high=3.5)}
    assert values_words(parameter({}, value=years)) == "2030: 1, 2050: 2–3.5"


def test_spreads_in_words_are_said_once() -> None:
    one = spread("pert", low=1.0, mode=2.0, high=4.0)
    assert spread_words(parameter({"": one}, value=2.0)) == "pert(low 1, mode 2, high 4), assumed"
    years = {"2030": one, "2040": one, "2050": spread("uniform", True, low=0.8, high=1.2), "2060": spread("fixed")}
    said = spread_words(parameter(years, value=2.0))
    assert said == "pert(low 1, mode 2, high 4), assumed; uniform(low 0.8, high 1.2) × value, assumed; fixed"


@pytest.mark.parametrize(("share", "said"), [
    ((0.0, 0.0), ["no draw", ""]), ((1.0, 0.0), ["every draw", ""]), ((float("nan"), 0.0), ["not finite", ""]),
    ((0.25, 0.01), ["25", "1"]),
])  # fmt: skip
def test_shares_in_words(share: tuple[float, float], said: list[str]) -> None:
    assert _share(*share) == said


def test_groups_stand_from_what_was_paid_for_to_the_world() -> None:
    """By kind of money first; every boundary that a page may name has a place."""
    groups = ["world market, market", "units supported, investment", "Japan market, market", "units supported, market"]
    assert sorted(groups, key=_place_of) == [groups[1], groups[3], groups[2], groups[0]]
    for boundary in schema.Boundary.__args__:
        _place_of(boundary.replace("_", " ").replace("japan", "Japan"))


def test_the_four_steps_in_a_sentence() -> None:
    numbers = {"published": 100.0, "computed": 102.0, "at_means": 90.0, "independent": 90.0, "mean": 91.0}
    one = Explanation("mine.co2_reduction.2030", "Mt", "私の", "Mine", rows=(), **numbers)
    assert one.parts == (2.0, -12.0, 0.0, 1.0) and sum(one.parts) == one.mean - one.start
    said = explained(one, "en")
    assert "lies -9 from the published 100" in said and "-12 because spreads are not centred" in said
    assert "not linear" not in said, "a step of nothing is not named"
    assert "公表値 100" in explained(one, "ja") and "非線形性" not in explained(one, "ja")


def test_nothing_printed_begins_at_the_formula() -> None:
    numbers = {"published": float("nan"), "computed": 5.0, "at_means": 5.0, "independent": 5.0, "mean": 5.0}
    one = Explanation("mine.co2_reduction.2040", "Mt", "私の", "Mine", rows=(), **numbers)
    assert one.start == 5.0 and one.parts == (0.0, 0.0, 0.0, 0.0)
    assert "no difference" in explained(one, "en") and "公表値なし" in explained(one, "ja")


# ---- quantiles from the counts of bins

BINS = 40


def counted(cdf: Any, ranks: Any, draws: float = 1e6) -> tuple[Any, Any]:
    """Values and errors at `ranks` (shares), read from exact counts of even bins on 0 to 1."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    wanted = np.asarray(ranks, dtype=np.float64) * draws
    values, errors = np.empty(len(wanted)), np.empty(len(wanted))
    read(edges, np.zeros(BINS, np.bool_), draws * cdf(edges), True, wanted, values, errors)
    return values, errors / draws


SHARES = [0.2, 0.35, 0.5, 0.65, 0.8]


@pytest.mark.parametrize(("cdf", "ppf"), [
    (lambda x: x, lambda q: q),
    (lambda x: x**2, np.sqrt),
    (lambda x: 3 * x**2 - 2 * x**3, None),
    (lambda x: np.where(x < 0.5125, x / 0.5125 * 0.25, 0.25 + (x - 0.5125) / 0.4875 * 0.75), None),
], ids=["flat", "rising", "bell", "a jump of the density inside a bin"])  # fmt: skip
def test_quantiles_are_within_the_stated_error(cdf: Any, ppf: Any) -> None:
    values, errors = counted(cdf, SHARES)
    assert (np.abs(cdf(values) - SHARES) <= errors + 1e-9).all()
    assert (errors < 1.0 / BINS).all(), "better than not knowing where in the bin"
    if ppf is not None:
        assert np.abs(values - ppf(np.array(SHARES))).max() < 1e-5


def test_a_bin_of_one_value_is_exact() -> None:
    edges, counts = np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 100.0, 400.0, 500.0])
    values, errors = np.empty(4), np.empty(4)
    read(edges, np.array([False, True, False]), counts, False, np.array([101.0, 250.0, 400.0, 401.0]), values, errors)
    assert values[:3].tolist() == [1.0, 1.0, 1.0] and errors[:3].tolist() == [0.0, 0.0, 0.0]
    assert 1.0 < values[3] <= 2.0 and errors[3] > 0


def test_a_bin_without_neighbours_says_that_nothing_is_known() -> None:
    values, errors = np.empty(1), np.empty(1)
    read(np.array([0.0, 1.0]), np.array([False]), np.array([0.0, 8.0]), False, np.array([2.0]), values, errors)
    assert (values[0], errors[0]) == (0.25, 4.0)
