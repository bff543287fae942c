"""The table of rows and steps, on a programme small enough to know every entry of it by heart.

    a ── 2030 ──┐                     a, b, c   parameters; b has values by year that are drawn apart
b@2030 ─┘       ├── sum               part, rest: shares of one whole
    c ── 2050 ──┘                     p         the probability of delivery
b@2050 ─┘
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from ctsim.balance import unit_faults
from ctsim.binding import LITERAL, Binding, Row, bind, reading_step, sources
from ctsim.catalog import Scenario, load
from ctsim.errors import InputError
from ctsim.programme import Programme
from tests.runs import outside
from tests.studies import small_library

UNIFORM = (
    'uncertainty = {{ dist = "uniform", low = {}, high = {}, basis = "assumed", reason = "low and high: a test" }}'
)
PARAMETERS = {
    "a": 'value = 3\nunit = "Mt-CO2/yr"\n' + UNIFORM.format(2, 4),
    "b": 'value = { 2030 = 10, 2050 = 30 }\nunit = "%"\nyears = "independent"\nuncertainty = { 2030 = { dist = '
    '"fixed", value = 10, basis = "assumed", reason = "low and high: known" }, 2050 = { dist = "uniform", '
    'low = 20, high = 50, basis = "assumed", reason = "low and high: a test" } }',
    "c": 'value = 2000\nunit = "kt-CO2/yr"\n' + UNIFORM.format(1000, 4000),
    "part": 'value = 60\nunit = "%"\nsum_to_one = "all"\n' + UNIFORM.format(40, 70),
    "rest": 'value = 40\nunit = "%"\nsum_to_one = "all"\n' + UNIFORM.format(20, 50),
    "delivery": 'value = 0.5\nunit = "1"\nuncertainty = { dist = "bernoulli", p = 0.5, basis = "assumed", '
    'reason = "low: never; high: always" }',
}
FORMULAS = '''\
"""Formulas of a test."""

from ctsim.units import Mt_CO2_per_yr, Ratio


def first(a: Mt_CO2_per_yr, b: Ratio) -> Mt_CO2_per_yr:
    """a b"""
    return a * b


def second(c: Mt_CO2_per_yr, b: Ratio, part: Ratio) -> Mt_CO2_per_yr:
    """c b s"""
    return c * b * part


def both(co2_reduction_2030: Mt_CO2_per_yr, co2_reduction_2050: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    """the sum of 2030 and 2050"""
    return co2_reduction_2030 + co2_reduction_2050


def doubled(literal: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    """twice what the page's own formula gives"""
    return 2.0 * literal


def without(a: Mt_CO2_per_yr, rest: Ratio) -> Mt_CO2_per_yr:
    """a r"""
    return a * rest


def steeper(literal: Mt_CO2_per_yr, a: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    """literal + a"""
    return literal + a
'''
READING = """
[[reading]]
name = "{}"
impact = "{}"
formula = "{}"
description = {{ ja = "読み", en = "a reading" }}
reason = "a test"
"""


def write(folder: Path, more: str = "", parameters: Sequence[str] = tuple(PARAMETERS), source: str = FORMULAS) -> Path:
    """The programme, with its readings, and a scenario of it."""
    chosen = {name: PARAMETERS[name] for name in parameters}
    outside(folder, "small", chosen, {"2040": "both", "2030": "first", "2050": "second"}, source)
    page = folder / "programmes" / "small.toml"
    readings = READING.format("twice", "co2_reduction.2030", "doubled") + READING.format(
        "plain", "co2_reduction.2030", "without"
    )
    page.write_text(page.read_text(encoding="utf-8") + readings + more, encoding="utf-8")
    path = folder / "s.toml"
    path.write_text('[scenario]\nid = "s"\nuncertainty = "pages"\nprogrammes = ["small"]\n', encoding="utf-8")
    return path


@cache
def _loaded(folder: Path) -> Scenario:
    return load(write(folder), folder / "formulas")


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    small_library(tmp_path / "library", monkeypatch)
    return _loaded(tmp_path / "study")


@pytest.fixture
def small(scenario: Scenario) -> Programme:
    return scenario.programme("small")


def labels(binding: Binding, numbers: Sequence[int] | set[int] | frozenset[int]) -> set[str]:
    return {binding.rows[number].label.removeprefix("small.") for number in numbers}


def steps(binding: Binding) -> list[str]:
    """Every step in words: the figure's year, its reading, whether delivery is in it."""
    return [
        f"{one.figure.record.when}{' ' * bool(one.reading)}{one.reading}{' delivered' * one.delivered}"
        for one in binding.steps
    ]


# ---- order and reach


def test_a_figure_that_another_needs_comes_first(scenario: Scenario) -> None:
    """2040 stands first on the page and is the sum of the two others."""
    assert [one.record.when for one in scenario.figures()] == ["2040", "2030", "2050"]
    assert steps(scenario.binding) == ["2030", "2050", "2040", "2030 twice", "2030 plain"]


def test_rows_are_in_the_order_in_which_they_are_needed_and_stand_once(scenario: Scenario) -> None:
    found = [row.label.removeprefix("small.") for row in scenario.binding.rows]
    assert found == ["a", "b@2030", "c", "b@2050", "part", "rest"]


def test_reach_goes_through_steps_and_stops_at_rows(scenario: Scenario) -> None:
    binding = scenario.binding
    reached = [labels(binding, numbers) for numbers in binding.reach]
    assert reached == [
        {"a", "b@2030"},
        {"c", "b@2050", "part"},
        {"a", "b@2030", "c", "b@2050", "part"},
        {"a", "b@2030"},
        {"a", "rest"},
    ]


def test_partners_of_a_share_are_those_that_vary_with_it(scenario: Scenario) -> None:
    binding = scenario.binding
    place = {row.label.removeprefix("small."): number for number, row in enumerate(binding.rows)}
    assert labels(binding, binding.with_partners([place["part"]])) == {"part", "rest"}
    assert labels(binding, binding.with_partners([place["rest"], place["a"]])) == {"part", "rest", "a"}
    assert labels(binding, binding.with_partners([place["a"], place["c"]])) == {"a", "c"}
    assert binding.with_partners([]) == set()


def test_a_composition_is_what_varies_and_its_printed_sum(scenario: Scenario) -> None:
    binding = scenario.binding
    [whole] = binding.compositions
    assert (whole.name, labels(binding, set(whole.rows)), whole.total) == ("small.all", {"part", "rest"}, 100.0)
    rows = tuple(_fixed(row) if row.label == "small.part" else row for row in binding.rows)
    [one] = Binding(rows, ()).compositions
    assert (labels(binding, set(one.rows)), one.total) == ({"rest"}, 40.0)
    assert Binding(tuple(_fixed(row) for row in rows), ()).compositions == ()


def _fixed(row: Row) -> Row:
    return replace(row, spread=replace(row.spread, dist="fixed"))


@pytest.mark.parametrize(("change", "varies"), [
    ({}, True), ({"dist": "fixed"}, False), ({"widen": 0.0}, False), ({"widen": 0.1}, True), ({"relative": True}, True),
])  # fmt: skip
def test_what_varies(scenario: Scenario, change: dict[str, object], varies: bool) -> None:
    row = scenario.binding.rows[0]
    changed = replace(row, spread=replace(row.spread, **change))  # type: ignore[arg-type]
    assert changed.varies == varies
    assert not replace(changed, low=0.0, high=0.0).varies or not change.get("relative")


# ---- values


def test_the_table_gives_what_the_formulas_give(scenario: Scenario) -> None:
    """Page units go in, figures' units come out: 3 Mt × 10 %, 2000 kt × 30 % × 60 %."""
    binding = scenario.binding
    found = binding.evaluate(binding.central())
    assert found == pytest.approx([0.3, 0.36, 0.66, 0.6, 1.2], rel=1e-15)
    other = binding.evaluate(
        [{"small.b@2050": 50.0, "small.a": 4.0}.get(row.label, row.central) for row in binding.rows]
    )
    assert other == pytest.approx([0.4, 0.6, 1.0, 0.8, 1.6], rel=1e-15)


def test_independent_years_have_streams_of_their_own(scenario: Scenario) -> None:
    """A label never says a year twice; a fixed year beside one that varies is fixed."""
    rows = {row.label: row for row in scenario.binding.rows}
    for year, varies in (("2030", False), ("2050", True)):
        row = rows[f"small.b@{year}"]
        assert (row.stream, row.year, row.varies) == (f"small.b@{year}", year, varies)
    together = replace(rows["small.b@2050"], stream="small.b")
    assert together.label == "small.b@2050" and together.mover == "small.b"
    assert rows["small.part"].mover == rows["small.rest"].mover == "small.all (shares)"


def test_sources_name_what_each_figure_is_made_by(scenario: Scenario) -> None:
    found = list(sources(scenario.binding))
    assert [key.rpartition(".")[2] for key, _ in found] == ["2030", "2050", "2040", "2030", "2030"]
    assert "return 2.0 * literal" in found[3][1] and "return a * b" in found[0][1]


def test_units_of_all_shipped_formulas_balance_and_of_a_wrong_one_do_not(scenario: Scenario, tmp_path: Path) -> None:
    assert unit_faults(scenario.binding) == []
    wrong = FORMULAS.replace("return c * b * part", "return c * b * part + 0 * c * c")
    path = write(tmp_path / "wrong", source=wrong)
    with pytest.raises(InputError) as told:
        load(path, tmp_path / "wrong" / "formulas")
    [finding] = told.value.findings
    assert finding.key == "formula second" and finding.place.file.endswith("small.py")


# ---- readings


def test_literal_is_the_page_s_own_formula_also_where_a_change_took_its_place(scenario: Scenario) -> None:
    changed = scenario.with_changes([{
        "impact": "small.co2_reduction.2030", "formula": "without", "reason": "a test",
        "source": {"key": "impact_report_2026_01", "where": "a test"},
    }])  # fmt: skip
    by_name = dict(zip(steps(changed.binding), changed.binding.evaluate(changed.binding.central()), strict=True))
    assert by_name["2030 plain"] == pytest.approx(1.2)
    assert by_name["2030 twice"] == pytest.approx(0.6), "twice what the page says, not twice what stands in its place"
    assert by_name["2040"] == pytest.approx(1.56), "the sum has what stands there"


def test_a_reading_alone_is_the_reading_in_the_table(small: Programme, scenario: Scenario) -> None:
    for name, expected in (("twice", 0.6), ("plain", 1.2)):
        alone = reading_step(small, name, "co2_reduction.2030", scenario.formulas)
        assert alone.evaluate(alone.central())[-1] == pytest.approx(expected)
        assert alone.steps[-1].reading == name
    assert labels(alone, set(range(len(alone.rows)))) == {"a", "part", "rest"}, "what it needs, and its partners"


def test_readings_and_delivery_are_asked_for(small: Programme, scenario: Scenario) -> None:
    folder = scenario.formulas
    assert steps(bind([small], folder)) == ["2030", "2050", "2040"]
    assert steps(bind([small], folder, readings=True)) == ["2030", "2050", "2040", "2030 twice", "2030 plain"]
    assert steps(bind([small], folder, delivery=True))[3:] == ["2040 delivered", "2030 delivered", "2050 delivered"]


def test_delivery_multiplies_amounts_once_and_last(scenario: Scenario) -> None:
    """The sum of 2040 is of amounts as they would be delivered, and then itself delivered or not: never squared."""
    binding = scenario.with_delivery().binding
    found = dict(zip(steps(binding), binding.evaluate(binding.central()), strict=True))
    for name in ("2030", "2040", "2050", "2030 twice", "2030 plain"):
        assert found[f"{name} delivered"] == pytest.approx(0.5 * found[name])
    assert found["2040"] == pytest.approx(0.66)
    for figure in scenario.with_delivery().figures():
        step = binding.steps[binding.step_of(figure)]
        assert step.delivered and not step.reading
    assert all(step.delivered for _, step in binding.readings()) and len(binding.readings()) == 2


LIKE = READING.format("late", "co2_reduction.2040", "steeper").replace(
    "formula =", 'like = "co2_reduction.2030"\nformula ='
)


@pytest.mark.parametrize("printed", [True, False])
def test_a_reading_like_another_figure_stands_where_none_is(scenario: Scenario, printed: bool, tmp_path: Path) -> None:
    """Where the page has the cell, `literal` is its own; where not, nothing is literal, and that is said."""
    path = write(tmp_path / "like", LIKE)
    if not printed:
        page = tmp_path / "like" / "programmes" / "small.toml"
        text = page.read_text(encoding="utf-8")
        start = text.index("[[impact]]")
        page.write_text(text[:start] + text[text.index("[[impact]]", start + 1) :], encoding="utf-8")
        with pytest.raises(InputError, match=f"'steeper' takes '{LITERAL}': the page has no figure"):
            _ = load(path, tmp_path / "like" / "formulas").binding
        page.write_text(page.read_text(encoding="utf-8").replace('"steeper"', '"without"'), encoding="utf-8")
    binding = load(path, tmp_path / "like" / "formulas").binding
    found = dict(zip(steps(binding), binding.evaluate(binding.central()), strict=True))
    assert found["2040 late"] == pytest.approx(0.66 + 3.0 if printed else 1.2)
    assert ("2040" in found) == printed


# ---- what is refused

CIRCLE = FORMULAS.replace("def first(a:", "def first(co2_reduction_2040: Mt_CO2_per_yr, a:").replace(
    "return a * b", "return a * b + co2_reduction_2040"
)
REFUSED = {
    "a circle": (CIRCLE, "need each other in a circle: small.co2_reduction.2040 -> small.co2_reduction.2030 -> "
                 "small.co2_reduction.2040"),
    "an unknown argument": (FORMULAS.replace("part: Ratio", "parts: Ratio").replace("b * part", "b * parts"),
                            "needs 'parts', which is no parameter and no cell of the page. Did you mean 'part'?"),
    "a unit that is another": (FORMULAS.replace("second(c: Mt_CO2_per_yr, b", "second(c: Ratio, b"),
                               "which formula 'second' declares; mend one of them"),
    "no such formula": (FORMULAS.replace("def second", "def seconds"),
                        "no formula 'second' in formulas/small.py. Did you mean 'seconds'?"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_bound_is_said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, said = REFUSED[name]
    small_library(tmp_path / "library", monkeypatch)
    with pytest.raises(InputError) as told:
        load(write(tmp_path / "study", source=source), tmp_path / "study" / "formulas")
    assert any(said in str(one) for one in told.value.findings), told.value


def test_a_parameter_that_nothing_uses_is_said_but_delivery_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_library(tmp_path / "library", monkeypatch)
    source = FORMULAS.replace("def without(a: Mt_CO2_per_yr)", "def without(a: Mt_CO2_per_yr, b: Ratio)")
    path = write(
        tmp_path / "study", source=source.replace("c: Mt_CO2_per_yr, ", "").replace("c * b * part", "b * part")
    )
    with pytest.raises(InputError) as told:
        load(path, tmp_path / "study" / "formulas")
    unused = [one.key for one in told.value.findings if "no formula uses it" in one.message]
    assert unused == ["parameter.c"]
