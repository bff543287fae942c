"""Shipped pages have everything that is asked of a page of the library; of a user's own page less is asked."""

import re
from collections.abc import Iterator

import pytest

from ctsim import constants, schema, tomlfile
from ctsim.catalog import load
from ctsim.library import library_root
from ctsim.programme import METRICS, YEARS, Figure, Programme
from tests.runs import scenario

IDS = (
    "perovskite_solar", "offshore_wind", "hydrogen_supply_chain", "next_generation_aircraft", "next_generation_ships",
    "hydrogen_steelmaking", "industrial_furnaces", "water_electrolysis", "waste_carbon_cycle", "plastic_feedstock",
    "gtex", "photonics_datacentre", "high_temperature_reactor", "fast_reactor", "battery_supply_chain",
    "power_semiconductors", "energy_saving_equipment", "regional_microgrids", "clean_energy_vehicles",
    "electric_commercial_vehicles", "insulated_windows",
)  # fmt: skip
KINDS = {"r_and_d": range(1, 15), "capital_investment": range(15, 19), "demand": range(19, 22)}
WITHOUT_ANNEX = {11: "4.3.2-11", 14: "4.3.2-14"}
MONEY = ("円", "JPY")
OFF_THE_REPORT = "assumed"
OF_DERIVED_CELLS = ("progress", "exact", "scenario")
"""Classes of what only cells between or after the report's years need: years, shares of a way, printed ends."""
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

Fault = Iterator[str]


def programmes() -> tuple[Programme, ...]:
    return scenario().programmes


def figures() -> Iterator[Figure]:
    for programme in programmes():
        yield from programme.figures


def own_parameters() -> Iterator[tuple[str, schema.Parameter]]:
    """Full name and record of every parameter that a page or shared.toml defines itself."""
    shared = tomlfile.read(library_root() / "shared.toml", schema.SharedFile).record
    yield from shared.parameter.items()
    for programme in programmes():
        for name, record in programme.page.parameter.items():
            if record.shared is None:
                yield f"{programme.id}.{name}", record


def spreads(record: schema.Parameter) -> list[schema.Uncertainty]:
    given = record.uncertainty
    return [] if given is None else list(given.values()) if isinstance(given, dict) else [given]


def both(text: schema.Bilingual | None) -> bool:
    """Whether a sentence is there in Japanese and in English."""
    return (
        text is not None and bool(JAPANESE.search(text.ja)) and text.en.isprintable() and not JAPANESE.search(text.en)
    )


# ---- programmes


def test_ids_and_numbers_are_the_reports() -> None:
    assert tuple(programme.id for programme in programmes()) == IDS
    assert [programme.number for programme in programmes()] == list(range(1, 22))
    for programme in programmes():
        head = programme.page.programme
        if programme.number in WITHOUT_ANNEX:
            assert (head.annex, head.chapter) == (None, WITHOUT_ANNEX[programme.number])
        else:
            assert (head.annex, head.chapter) == (programme.number, None)
        assert programme.number in KINDS[head.kind]


def test_names_are_there_in_both_languages() -> None:
    for programme in programmes():
        head = programme.page.programme
        assert JAPANESE.search(head.name_ja) and head.name_en.isascii() and head.name_en, programme.id
    assert len({programme.name_en for programme in programmes()}) == len(IDS)


def test_all_shipped_scenarios_hold_all_programmes() -> None:
    assert tuple(programme.id for programme in load("as_published").programmes) == IDS


@pytest.mark.parametrize("name", IDS)
def test_a_page_says_what_was_supported_and_what_is_left_out(name: str) -> None:
    page = scenario().programme(name).page
    assert page.output and page.unquantified
    for one in page.output:
        assert JAPANESE.search(one.indicator_ja) and one.indicator_en.isascii() and one.where and one.as_printed
    for left_out in page.unquantified:
        assert JAPANESE.search(left_out.what_ja) and not JAPANESE.search(left_out.what_en) and left_out.why
    if page.programme.kind == "r_and_d":
        assert page.readiness is not None and page.readiness.quote and page.readiness.where
        assert page.readiness.trl_now or page.readiness.trl_target
        assert page.readiness.by


# ---- parameters


def parameter_faults(name: str, record: schema.Parameter) -> Fault:
    """What a shipped parameter lacks. One that is not in the report is `assumed`, or has a class of derived cells."""
    if record.constant:
        if record.value != pytest.approx(getattr(constants, record.constant), rel=1e-12):
            yield f"{name}: not the constant {record.constant}"
        if constants.UNITS[record.constant] != record.unit:
            yield f"{name}: not the unit of {record.constant}"
        return
    found = spreads(record)
    if not found:
        yield f"{name}: no uncertainty"
    for spread in found:
        if not spread.reason:
            yield f"{name}: an uncertainty without a reason"
        if spread.spread_class is None and spread.basis is None:
            yield f"{name}: an uncertainty without a basis"
        if spread.basis == "literature" and (not spread.source or not spread.source.checked_by):
            yield f"{name}: literature that nobody checked"
    if record.source is None:
        grounded = all(one.basis == "assumed" or one.spread_class in OF_DERIVED_CELLS for one in found)
        if record.as_printed or not record.note or not grounded:
            yield f"{name}: no source"
        return
    if not record.as_printed or not record.source.quote or not record.source.where:
        yield f"{name}: a source without words or place"


def test_every_parameter_has_its_source_and_a_grounded_spread() -> None:
    assert [fault for name, record in own_parameters() for fault in parameter_faults(name, record)] == []


def test_every_use_of_a_shared_parameter_has_its_source() -> None:
    for programme in programmes():
        for name, record in programme.page.parameter.items():
            if record.shared is not None:
                assert record.value is record.unit is record.uncertainty is None, f"{programme.id}.{name}"
                used_by_readings_only = record.source is None and record.symbol is None
                assert used_by_readings_only or (record.source and record.source.quote), f"{programme.id}.{name}"


def test_parameters_without_a_source_are_in_no_figure_of_the_report() -> None:
    """Readings and derived cells may need more than the report says; its own figures may not."""
    sourceless = {name for name, record in own_parameters() if record.source is None and not record.constant}
    binding = scenario("as_published").binding
    for step, reached in zip(binding.steps, binding.reach, strict=True):
        if not step.reading and not step.figure.derived:
            assert not sourceless & {binding.rows[row].stream for row in reached}, step.figure.key


def test_only_counts_and_definitions_have_no_spread() -> None:
    """Fixed parameters are `exact` by class, each with its reason, or plainly fixed with a reason of their own."""
    for row in scenario().binding.rows:
        if row.spread.dist == "fixed":
            assert row.spread.reason and (row.spread.spread_class == "exact" or row.basis == OFF_THE_REPORT), row.label


def test_reasons_of_assumed_numbers_speak_of_both_ends() -> None:
    """`assumed` gives a reason for low and for high."""
    given = [(name, spread) for name, record in own_parameters() for spread in spreads(record)]
    given += [(figure.key, figure.record.uncertainty) for figure in figures() if figure.record.uncertainty]
    for name, spread in given:
        if spread.spread_class is None and spread.basis == "assumed" and spread.dist != "fixed":
            assert "low" in str(spread.reason) and "high" in str(spread.reason), (name, spread.reason)


def test_classes_have_words_in_both_languages_and_a_grounded_spread() -> None:
    classes = tomlfile.read(library_root() / "spread_classes.toml", schema.SpreadClassesFile).record.spread_class
    assert {"exact", "statistic", "engineering", "plan", "scenario"} <= classes.keys()
    for name, one in classes.items():
        assert JAPANESE.search(one.what_ja) and one.what_en and one.reason, name
        assert one.uncertainty.basis and one.uncertainty.reason, name
        assert one.uncertainty.relative or name == "progress", name  # per cent of the way


# ---- figures


def figure_faults(figure: Figure) -> Fault:
    """What a shipped figure lacks."""
    record = figure.record
    if figure.derived and not both(record.reason):
        yield "derived without saying how in both languages"
    if record.scope == "unstated" and record.metric in METRICS and not record.note and not figure.derived:
        yield "no scope, and no note that the report states none"
    for name in ("boundary", "timing"):
        if getattr(record, name) is None:
            yield f"no {name}"
    if "scope" not in record.model_fields_set or "period" not in record.model_fields_set:
        yield "scope or period not stated on the page"
    said = record.counterfactual
    if record.metric == "co2_reduction" and not figure.derived and not (said and both(said) and said.quote):
        yield "no counterfactual in both languages with the words it rests on"
    if any(unit in record.unit for unit in MONEY) and not (record.money_kind and record.price_year):
        yield "no money_kind or price_year"
    if record.metric == "economic_effect" and not any(unit in record.unit for unit in MONEY):
        yield f"an economic effect in {record.unit}"
    if record.item and not (record.item_ja and record.item_en):
        yield "an item without names"
    if figure.reported and not (record.uncertainty and record.uncertainty.reason):
        yield "reported without its own uncertainty"
    if not figure.reported and record.uncertainty:
        yield "an uncertainty beside a formula"


def test_every_figure_says_what_it_means() -> None:
    assert [f"{one.key}: {fault}" for one in figures() for fault in figure_faults(one)] == []


def test_every_figure_keeps_every_printing() -> None:
    """Only parts of a printed sum (18, 20) and what is derived may be without one; each has its place and step."""
    printed = {(one.programme, one.record.metric, one.record.when, one.record.item) for one in figures()
               if one.record.printed}  # fmt: skip
    for figure in figures():
        if figure.derived:
            assert not figure.record.printed, figure.key
        elif not figure.record.printed:
            assert figure.record.item and not figure.reported, figure.key
            assert (figure.programme, figure.record.metric, figure.record.when, "") in printed, figure.key
        for one in figure.record.printed:
            assert one.where and one.as_printed and one.step, figure.key


def test_period_and_boundary_fit_each_other() -> None:
    for figure in figures():
        record = figure.record
        if record.period == "per_unit":
            assert record.boundary == "per_unit", figure.key
        if record.timing == "ex_post_units":
            assert record.boundary == "units_supported", figure.key
        if record.when in YEARS:
            assert record.year_kind == "calendar", figure.key
        if re.fullmatch("FY[0-9]{4}", record.when):
            assert record.year_kind == "fiscal", figure.key


def test_expected_verdicts_are_stated_where_a_formula_is() -> None:
    for figure in figures():
        assert figure.record.verdict != "no_formula" or figure.reported, figure.key


# ---- cells


@pytest.mark.parametrize("name", IDS)
def test_every_cell_is_an_impact_or_a_reason(name: str) -> None:
    programme = scenario().programme(name)
    stated = [(one.metric, one.year) for one in programme.page.not_applicable]
    assert len(set(stated)) == len(stated)
    for metric in METRICS:
        for year in YEARS:
            cell = programme.cell(metric, year)
            assert bool(cell.figures) != ((metric, year) in stated), (metric, year)
            if not cell.figures:
                assert cell.status == "not_applicable" and both(cell.reason), (metric, year)


# ---- readings and sources


def test_readings_are_explained_in_both_languages() -> None:
    for programme in programmes():
        for reading in programme.page.reading:
            assert both(reading.description) and reading.reason, f"{programme.id}.{reading.name}"


def test_every_source_key_is_used_and_the_report_is_among_them() -> None:
    known = tomlfile.read(library_root() / "sources.toml", schema.SourcesFile).record.source
    used = {record.source.key for _, record in own_parameters() if record.source}
    assert "impact_report_2026_01" in used
    assert used <= known.keys()
