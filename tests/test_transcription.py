"""The pages against a second transcription of the report, made independently: tests/data/transcription.json.

Nothing of one was copied into the other, so an error survives only where two readers made the same one.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ctsim.quotes import numbers, squash
from tests.printing import bounds, scale
from tests.report import NAMES, ROOT
from tests.test_quotes import PAGES, SHARED, allowed_units, parameters, printings

PATH = ROOT / "tests" / "data" / "transcription.json"
SECOND: dict[str, list[dict[str, Any]]] = json.loads(PATH.read_text(encoding="utf-8"))
PROGRAMMES = list(NAMES)
REMARKS = ("method", "formula", "source_note")  # numbers printed in an Annex block outside its list of parameters

NOT_USED = {
    ("perovskite_solar", "", 112): "background: what was installed in 2019",
    ("perovskite_solar", "", 1): "behind ①; the page has it from chapter 4.3.2, for the economic effect",
    ("perovskite_solar", "", 120): "background: behind ⑥",
    ("perovskite_solar", "", 50): "background: behind ⑥",
    ("waste_carbon_cycle", "④", 3.0): "no share of textiles is printed, so their methane has no term",
    ("waste_carbon_cycle", "③", 22.1): "glass, metal and other waste has no factor",
    ("waste_carbon_cycle", "⑨", 22.4): "glass, metal and other waste has no factor",
    ("industrial_furnaces", "③", 3): "share of all furnaces, which no formula uses",
    ("industrial_furnaces", "⑤", 4): "share of all furnaces, which no formula uses",
    ("insulated_windows", "②", 0.549): "the saved electricity it applies to is not printed",
    ("insulated_windows", "②", 0.496): "the saved electricity it applies to is not printed",
    ("insulated_windows", "②", 0.457): "the saved electricity it applies to is not printed",
    ("insulated_windows", "④", 0.0686): "the saved kerosene it applies to is not printed",
}
"""Numbers of the Annex' lists of parameters that the pages have no use for."""


MEMBERS = {
    "A": "company_a", "B": "company_b", "C": "company_c", "standard_truck": "large_truck", "chiplet": "optical_chiplet",
    "biomanufacturing": "bio", "waste_volume": "waste_volume_ratio", "half_life_after": "waste_half_life",
    "half_life_before": "waste_half_life_direct_disposal",
}  # fmt: skip
"""Members and items that the second reader named otherwise."""


def same_member(transcribed: str, ours: str) -> bool:
    """Whether two names of a member or item are the same, where both readers gave one."""
    return not transcribed or not ours or MEMBERS.get(transcribed, transcribed).lower() == ours


def unit_of(entry: dict[str, Any]) -> str:
    """The transcribed unit as the report's phrases are parsed."""
    return squash(entry.get("unit") or "").replace("体積比", "").replace("m3級", "")


def same(entry: dict[str, Any], low: float, high: float, units: list[str]) -> bool:
    """Whether a transcribed number is the page's, which may be in another multiple of one of `units`."""
    readings = [bounds(entry)[0][1:], *((n.low, n.high) for n in numbers(entry.get("printed", "")))]
    for factor in filter(None, (scale(unit_of(entry), unit) for unit in units)):
        for first, last in readings:
            if math.isclose(first * factor, low, rel_tol=1e-9) and math.isclose(last * factor, high, rel_tol=1e-9):
                return True
    return False


def annex_numbers() -> Iterator[tuple[str, str, str, str, float, float, str]]:
    """(page, parameter, symbol, year, low, high, unit) of everything that a page took from its own Annex block."""
    for page, name, node in parameters():
        source, head = node.get("source", {}), PAGES[page].get("programme", {})
        if (
            source.get("where", f"Annex {head.get('annex')}") != f"Annex {head.get('annex')}"
            or "as_printed" not in node
        ):
            continue
        defined = SHARED[node["shared"]] if "shared" in node else node
        unit = "1" if "constant" in node else defined["unit"]
        for year, low, high in bounds(defined):
            yield page, name, node.get("symbol", ""), year, low, high, unit


def fits(
    entry: dict[str, Any], page: str, name: str, symbol: str, year: str, low: float, high: float, unit: str
) -> bool:
    """Whether a transcribed parameter is this number of a page."""
    if PROGRAMMES[entry["annex"] - 1] != page or (year and entry["year"] not in (None, year)):
        return False
    if symbol and entry["symbol"] and not set(entry["symbol"]) & set(symbol):
        return False
    if not same_member(entry["member"], name.partition("[")[2].rstrip("]")):
        return False
    apart = "low" not in entry and low != high  # the ends of a range printed apart
    ends = [(low, low), (high, high)] if apart else [(low, high)]
    return any(same(entry, *end, allowed_units(page, name, unit)) for end in ends)


def is_item(entry: dict[str, Any], page: str, name: str, impact: dict[str, Any], printing: dict[str, Any]) -> bool:
    """Whether what was transcribed as a parameter is a printed figure of the page: 18 prints both in one list."""
    if PROGRAMMES[entry["annex"] - 1] != page or printing["where"] != f"Annex {entry['annex']}":
        return False
    if not same_member(entry["member"], impact.get("item", "")):
        return False
    return same(entry, *bounds(printing)[0][1:], allowed_units(page, name, impact["unit"]))


def test_every_transcribed_parameter_is_on_the_page() -> None:
    ours, faults = list(annex_numbers()), []
    for entry in SECOND["parameters"]:
        page = PROGRAMMES[entry["annex"] - 1]
        if entry["member"] in REMARKS or (page, entry["symbol"], entry.get("value")) in NOT_USED:
            continue
        if not any(fits(entry, *number) for number in ours) and not any(is_item(entry, *one) for one in printings()):
            faults.append(f"{page}: {entry}")
    assert not faults, "\n".join(faults)


def test_every_number_that_a_page_took_from_the_annex_was_transcribed() -> None:
    ours = annex_numbers()
    faults = [f"{n}" for n in ours if not any(fits(entry, *n) for entry in SECOND["parameters"])]
    assert not faults, "\n".join(faults)


def _years(text: str) -> set[str]:
    return set(re.findall(r"\d{4}", text))


def is_figure(entry: dict[str, Any], page: str, name: str, impact: dict[str, Any], printing: dict[str, Any]) -> bool:
    """Whether a transcribed figure is this printing: programme, metric, place, value and, where both say it, year."""
    if (PROGRAMMES[entry["programme"] - 1], entry["metric"], entry["place"]) != (
        page,
        impact["metric"],
        printing["where"],
    ):
        return False
    if not same_member(entry["item"], impact.get("item", "")):
        return False
    mine, theirs = _years(entry["when"] or ""), _years(impact["when"])
    ((_, low, high),) = bounds(printing)
    same_year = not mine or not theirs or bool(mine & theirs)
    return same_year and same(entry, low, high, allowed_units(page, name, impact["unit"]))


def test_every_transcribed_figure_is_on_the_page() -> None:
    ours = list(printings())
    faults = [str(entry) for entry in SECOND["figures"] if not any(is_figure(entry, *one) for one in ours)]
    assert not faults, "\n".join(faults)


def test_every_figure_of_a_page_was_transcribed() -> None:
    faults = [
        f"{page} {name}: {printing}"
        for page, name, impact, printing in printings()
        if not any(is_figure(entry, page, name, impact, printing) for entry in SECOND["figures"])
        and not any(is_item(entry, page, name, impact, printing) for entry in SECOND["parameters"])
    ]
    assert not faults, "\n".join(faults)


# ---- money

MONEY = {8: "fy2023", 37: "fy2024", 6: "fy2023", 35: "fy2024"}
TOTALS = {"合計": "allocated", "CT国債": "proceeds", "未充当の残高": "unallocated"}


def _key(category: str, budget_year: str, name: str, amount: float) -> tuple[str, str, str, float]:
    return category, squash(budget_year), squash(name), float(amount)


@pytest.mark.parametrize("chart", [8, 37])
def test_allocations_are_as_transcribed(chart: int) -> None:
    entries = [entry for entry in SECOND["money"] if entry["chart"] == chart and entry["class"] in ("A", "B", "C", "D")]
    theirs = {_key(e["class"], e["budget_year"], e["name"], e["amount"]) for e in entries}
    rows = PAGES[MONEY[chart]]["allocation"]
    ours = {_key(row["category"], row["budget_year"], row["name_ja"], row["amount"]) for row in rows}
    assert ours == theirs
    assert len(rows) == len(entries)


@pytest.mark.parametrize("chart", [8, 37])
def test_totals_are_as_transcribed(chart: int) -> None:
    totals = PAGES[MONEY[chart]]["totals"]
    entries = [entry for entry in SECOND["money"] if entry["chart"] == chart and entry["class"] == ""]
    found = {field: e["amount"] for e in entries for name, field in TOTALS.items() if e["name"].startswith(name)}
    assert {field: totals[field] for field in TOTALS.values()} == found


@pytest.mark.parametrize("chart", [6, 35])
def test_issues_are_as_transcribed(chart: int) -> None:
    fields = ("coupon_percent", "planned", "bids", "accepted", "yield_percent")
    theirs = [
        (squash(e["name"]), *map(_date, (e["auction_date"], e["issue_date"], e["redemption"])), *(e[f] for f in fields))
        for e in SECOND["money"]
        if e["chart"] == chart
    ]
    fields = (
        "auction_date",
        "issue_date",
        "redemption_date",
        "coupon",
        "planned_amount",
        "bids",
        "accepted",
        "highest_yield",
    )
    ours = [(squash(i["name_ja"]), *(i[field] for field in fields)) for i in PAGES[MONEY[chart]]["issue"]]
    assert sorted(ours) == sorted(theirs)


def _date(printed: str) -> str:
    year, month, day = (int(part) for part in re.findall(r"\d+", printed))
    return f"{year}-{month:02}-{day:02}"
