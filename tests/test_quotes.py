"""No typing error survives: every number on a page is held against the words of the report that it was read from.

With the document at hand the words are looked up in it; without it in tests/data/quotes.json, which was made from it.
"""

import copy
import json
import random
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from ctsim.quotes import numbers, squash
from tests.printing import bounds, candidates, matches, parameter_faults, printing_faults
from tests.quotes import STORED, as_json, collect, files, quotations, serialised
from tests.report import NAMES, SCENARIOS, expected_sha256, find

PAGES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in files()}
SHARED = PAGES["shared"]["parameter"]
STORED_TEXT = STORED.read_text(encoding="utf-8") if STORED.exists() else '{"document_sha256":"","quotes":[]}'
needs_report = pytest.mark.skipif(find() is None, reason="the report is not on this machine")

UNIT_AS_LEDGERED: dict[tuple[str, str], tuple[str, str]] = {
    ("hydrogen_steelmaking", "steel_intensity"): ("t-CO2/yr", "it is an emission per tonne of crude steel"),
    ("regional_microgrids", "co2_reduction.five-year plan"): ("万t-CO2/yr", "it is the sum over five years"),
    ("high_temperature_reactor", "co2_reduction.per t-H2"): (
        "t-CO2/yr",
        "it is per tonne of hydrogen; 4.3.2-13 has it",
    ),
}
"""Printed units that the report's own words contradict: the page has the words', the ledger the contradiction."""


def parameters() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(page, name, table) of every parameter."""
    for page, content in PAGES.items():
        for name, node in content.get("parameter", {}).items():
            yield page, name, node


def printings() -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """(page, figure, impact, printing) of every printed figure."""
    for page, content in PAGES.items():
        for impact in content.get("impact", []):
            name = ".".join(filter(None, (impact["metric"], impact["when"], impact.get("item", ""))))
            for printing in impact.get("printed", []):
                yield page, name, impact, printing


def stored() -> dict[tuple[str, str, str], list[Any]]:
    """Numbers by (where, row, text) as quotes.json has them."""
    entries = json.loads(STORED_TEXT)["quotes"]
    return {(e["where"], e.get("row", ""), e["text"]): e["numbers"] for e in entries}


@needs_report
def test_every_quotation_is_in_its_block_of_the_report() -> None:
    _, missing = collect(find())
    assert not missing, "\n".join(missing)


@needs_report
def test_stored_quotations_are_up_to_date() -> None:
    entries, _ = collect(find())
    assert serialised(entries) == STORED_TEXT, "run `make quotes`"


@needs_report
def test_every_block_of_the_report_is_found_and_is_about_its_programme() -> None:
    report = find()
    assert report is not None
    for number, (programme, words) in enumerate(NAMES.items(), 1):
        assert words in squash(report.block(f"4.3.2-{number}").text[:120]), programme
        chart = 9 if number <= 10 else 10
        assert words in squash(report.rows_of(chart, programme).text), programme
        if number not in (11, 14):
            assert words in squash(report.block(f"Annex {number}").text[:120]), programme
    ends = [report.block(f"4.3.2-{number}") for number in range(1, 22)]
    assert all(block.last + 1 == after.first for block, after in pairwise(ends))


@needs_report
def test_a_match_never_cuts_a_number() -> None:
    report = find()
    assert report is not None
    assert report.block("Annex 1").find("3.5GW") is not None
    assert report.block("Annex 1").find("5GW") is None
    assert report.rows_of(8, "gtex").find("496") is not None
    assert report.rows_of(8, "gtex").find("49") is None


def test_every_quotation_is_stored_with_the_numbers_that_it_has_on_the_page() -> None:
    known, seen, faults = stored(), set(), []
    for one in quotations():
        keys = [key for where in one.where if (key := (where, one.rows(where), squash(one.text))) in known]
        seen.update(keys)
        if not keys:
            faults.append(f"{one.file}: {one.key}: not in quotes.json: {one.text}")
        elif as_json(numbers(one.text)) != known[keys[0]]:
            faults.append(f"{one.file}: {one.key}: the report has {known[keys[0]]}: {one.text}")
    assert not faults, "\n".join(faults)
    assert not set(known) - seen, "quotes.json has words that no page quotes any more: run `make quotes`"
    assert json.loads(STORED_TEXT)["document_sha256"] == expected_sha256()


def test_every_parameter_is_the_number_that_is_printed() -> None:
    faults = []
    for page, name, node in parameters():
        found, units = [], allowed_units(page, name, node.get("unit", ""))
        for unit in units:
            found.append(parameter_faults({**node, "unit": unit} if unit else node, SHARED))
        faults += [f"{page} {name}: {fault}" for fault in min(found, key=len)]
        assert len(units) == 1 or found[0], f"{page} {name} is printed in its own unit: not a case for UNIT_AS_LEDGERED"
    assert not faults, "\n".join(faults)


def test_every_figure_is_the_number_that_is_printed() -> None:
    faults = []
    for page, name, impact, printing in printings():
        units = allowed_units(page, name, impact["unit"])
        found = min((printing_faults(printing, unit, impact["when"]) for unit in units), key=len)
        faults += [f"{page} {name} {printing['where']}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


def allowed_units(page: str, name: str, unit: str) -> list[str]:
    """The unit on the page, and the one that the report prints against its own words."""
    return [unit, *(UNIT_AS_LEDGERED[page, name][:1] if (page, name) in UNIT_AS_LEDGERED else ())]


@needs_report
def test_names_and_categories_are_as_printed() -> None:
    report = find()
    assert report is not None
    for page, content in PAGES.items():
        if "programme" in content:
            chart = 9 if list(NAMES).index(page) < 10 else 10
            assert squash(content["programme"]["name_ja"]) in squash(report.rows_of(chart, page).text), page
        for row in content.get("allocation", []):
            printed = squash(report.rows_of(int(row["where"].removeprefix("chart ")), row["name_ja"]).text)
            assert all(squash(category) in printed for category in row["green_categories"]), (page, row)
            assert all(squash(year) in printed for year in row["budget_year"].split("・")), (page, row)


@pytest.mark.parametrize("page", [page for page, content in PAGES.items() if content.get("output")])
def test_every_output_is_the_number_that_is_printed(page: str) -> None:
    for output in PAGES[page]["output"]:
        read = candidates([output["as_printed"]], output["unit"])
        assert any(matches(n, output["value"], output["value"], output["unit"]) for n in read), output


def test_every_amount_of_money_is_the_number_that_is_printed() -> None:
    """The heading of charts 8 and 37 has the unit 億円; amounts in running text and in charts 6 and 35 print it."""
    for page, content in PAGES.items():
        for row in content.get("allocation", []):
            read = numbers(row["as_printed"])
            assert any(n.value == row["amount"] and n.unit in ("", "億円") for n in read), (page, row)
        for issue in content.get("issue", []):
            amounts = {n.low for text in issue["as_printed"] for n in numbers(text) if n.unit == "億円"}
            rates = {n.low for text in issue["as_printed"] for n in numbers(text) if n.unit == "%"}
            assert {issue["planned_amount"], issue["bids"], issue["accepted"]} <= amounts, (page, issue)
            assert {issue["coupon"], issue["highest_yield"]} <= rates, (page, issue)
        if totals := content.get("totals"):
            amounts = {n.low for text in totals["as_printed"] for n in numbers(text) if n.unit in ("", "億円")}
            stated = {totals[key] for key in ("allocated", "proceeds", "unallocated", "refinanced") if key in totals}
            assert stated <= amounts, (page, totals)


# ---- deliberate typing errors


def _digits_changed(value: float) -> Iterator[float]:
    """The value with each digit changed, with each two neighbours swapped, with the decimal point moved."""
    text = f"{value:.9g}"
    for place, digit in enumerate(text):
        if digit.isdigit():
            yield float(text[:place] + str((int(digit) + 1) % 10) + text[place + 1 :])
        after = text[place + 1 : place + 2]
        if digit.isdigit() and after.isdigit() and digit != after:
            yield float(text[:place] + after + digit + text[place + 2 :])
    yield value * 10
    yield value / 10


def _units_changed(unit: str) -> Iterator[str]:
    for old, new in (
        ("万", "億"),
        ("億", "万"),
        ("兆", "億"),
        ("%", "1"),
        ("kg", "g"),
        ("GW", "TW"),
        ("kWh", "MWh"),
    ):
        if old in unit:
            yield unit.replace(old, new, 1)


def altered(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Copies of a parameter or printing, each with one typing error."""
    spots = [key for key in ("value", "low", "high") if isinstance(node.get(key), int | float)]
    for key in spots:
        for wrong in _digits_changed(node[key]):
            yield {**node, key: wrong}
    if isinstance(node.get("value"), dict):
        for year, inner in node["value"].items():
            for wrong in altered(inner) if isinstance(inner, dict) else _digits_changed(inner):
                copied = copy.deepcopy(node)
                copied["value"][year] = wrong
                yield copied
    for unit in _units_changed(node.get("unit", "")):
        yield {**node, "unit": unit}


def test_typing_errors_in_thirty_parameters_are_caught() -> None:
    own = [(p, n, node) for p, n, node in parameters() if "as_printed" in node and "shared" not in node]
    tried, survived = 0, []
    for page, name, node in random.Random(2).sample(own, min(30, len(own))):
        for wrong in altered(node):
            tried += 1
            if bounds(wrong) != bounds(node) or wrong["unit"] != node["unit"]:
                survived += [] if parameter_faults(wrong, SHARED) else [(page, name, bounds(wrong), wrong["unit"])]
    assert tried > 100
    assert not survived


def test_typing_errors_in_thirty_figures_are_caught() -> None:
    survived = []
    for page, name, impact, printing in random.Random(3).sample(list(printings()), 30):
        wrong = [(other, impact["unit"]) for other in altered(printing)]
        wrong += [(printing, unit) for unit in _units_changed(impact["unit"])]
        wrong += [({**printing, "step": printing["step"] * 10}, impact["unit"])]
        survived += [(page, name, w, u) for w, u in wrong if not printing_faults(w, u, impact["when"])]
    assert not survived


def test_typing_errors_in_quoted_words_are_caught() -> None:
    """A wrong digit in `as_printed` leaves words that quotes.json, made from the document, does not have."""
    known, chosen = stored(), random.Random(4)
    for one in chosen.sample([q for q in quotations() if q.file in NAMES and set(q.text) & set(DIGITS)], 30):
        place = chosen.choice([i for i, c in enumerate(one.text) if c in DIGITS])
        wrong = one.text[:place] + str((int(one.text[place]) + 1) % 10) + one.text[place + 1 :]
        assert not any((where, one.rows(where), squash(wrong)) in known for where in one.where), one


# ---- the parser of printed numbers

DIGITS = "0123456789"
PRINTED = {
    "約300~700万t-CO₂/年(2030年)": [([300, 700], "万t-CO2/年", 100), (2030, "年", 10)],
    "③ 日本企業のシェア:25%": [(25, "%", 1)],
    "12億4,400万t-CO₂/年": [(12.44, "億t-CO2/年", 0.01), (124400, "万t-CO2/年", 100)],
    "約 1.5~2 t-CO₂/年": [([1.5, 2], "t-CO2/年", 0.1)],
    "100万t/年[2030年]、5,500万t/年[2050年]": [
        (100, "万t/年", 100), (2030, "年", 10), (5500, "万t/年", 100), (2050, "年", 10),
    ],
    "1兆5,947億円": [(1.5947, "兆円", 0.0001), (15947, "億円", 1)],
    "約1兆3, 920億円": [(1.392, "兆円", 0.001), (13920, "億円", 10)],
    "2.23t-CO₂/1000Nm³": [(2.23, "t-CO2/1000Nm3", 0.01)],
    "1.6-0.8+2.5=3.3kg-CO₂/kg": [(value, "kg-CO2/kg", 0.1) for value in (1.6, 0.8, 2.5, 3.3)],
    "係数:44/12": [(44 / 12, "", 0), (44, "", 1), (12, "", 1)],
    "係数:10⁻⁶": [(1e-6, "", 0)],
    "係数:10^{-6}": [(1e-6, "", 0)],
    "47.1%(食品系)、15.8%(紙類)": [(47.1, "%", 0.1), (15.8, "%", 0.1)],
    "=③((131+339+612)t-CO_2)=": [(131, "t-CO2", 1), (339, "t-CO2", 1), (612, "t-CO2", 1)],
    "168～368万 kW(2030年)/ 4500万 kW(2050年)": [
        ([168, 368], "万kW", 1), (2030, "年", 10), (4500, "万kW", 100), (2050, "年", 10),
    ],
    "(単位:t-CO₂/t):0.27(食品系)、1.07(紙類)": [(0.27, "t-CO2/t", 0.01), (1.07, "t-CO2/t", 0.01)],
    "(約 194(甲による削減量) + 約 86(乙による削減量)) 万 t-CO₂/年": [(194, "万t-CO2/年", 1), (86, "万t-CO2/年", 1)],
    r"\text{約 } 150 \text{ 万 t-CO}_2/\text{年}$": [(150, "万t-CO2/年", 10)],
    "\\textcircled{3} <li>38t/台</li> <li>④20t/台</li>": [(38, "t/台", 1), (20, "t/台", 10)],
    "水素 1kg を製造するために必要な電力:33kwh/kg": [(1, "kg", 1), (33, "kwh/kg", 1)],
    "約 10.0 兆円(2050 年までの累計)": [(10, "兆円", 0.1), (2050, "年", 10)],
    "183 ^{*1}": [(183, "", 1)],
    "3,398 2,000": [(3398, "", 1), (2000, "", 1000)],
    "収入金²は EV3262 台、COURSE50 と Nm³ と CO₂": [(3262, "台", 1)],
    "官民投資額 約 5,894 億円～": [(5894, "億円", 1)],
    "0.0022 台/人": [(0.0022, "台/人", 0.0001)],
    "年間平均走行距離:7,571km": [(7571, "km", 1)],
    "2032～2041年": [([2032, 2041], "年", 1)],
    "体積比 1/7 に減容⁷³": [(1 / 7, "", 0), (1, "", 1), (7, "", 1)],
    "補助率は2/3、大企業は1/2": [(2 / 3, "", 0), (2, "", 1), (3, "", 1), (0.5, "", 0), (1, "", 1), (2, "", 1)],
    "人口:124,885,175 人": [(124885175, "人", 1)],
    "④ と ⑤ には数がない": [],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PRINTED.items(), ids=list(PRINTED))
def test_numbers(text: str, expected: list[tuple[Any, str, float]]) -> None:
    assert [tuple(one) for one in as_json(numbers(text))] == expected


def test_years_in_brackets_belong_to_the_number_before_them() -> None:
    found = numbers("70GW(2030年)/2640GW(2050年)、5 万 t/年【2030 年】")
    assert [(n.low, n.year) for n in found if n.year] == [(70, "2030"), (2640, "2050"), (5, "2030")]


def test_squash_unifies_what_extraction_varies() -> None:
    assert squash("約 300～700 万 t-CO₂ / 年") == squash("約300~700万t-CO2/年") == squash("約300〜700万ｔ−CO₂/年")
    assert squash(r"$= \text{約 } 33 \text{ 万 t-CO}_2/\text{年}$") == squash("= 約33万t-CO₂/年")
    assert squash("</li> <li>③38t/台") == "338t/台"
    assert squash("<支援対象工場稼働後>") != squash("支援対象工場稼働後"), "headings in angle brackets are words"


def test_pages_are_here() -> None:
    assert len(list((SCENARIOS / "programmes").glob("*.toml"))) == len(NAMES) == 21
