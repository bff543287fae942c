"""Names instead of identifiers, and one language, in what pages say of parameters, changes, totals and reasons."""

import re
from typing import cast

import pytest

from ctsim.accounts import money_sums
from ctsim.locale import found_again, text
from ctsim.naming import Names
from ctsim.printing_totals import money_name, money_table
from ctsim.report.changes import apart_words, change_words
from ctsim.report.moves import MovesPage
from ctsim.totals import asked
from tests.html_pages import Element, parsed
from tests.report_results import LANGUAGES, gathered, page, results
from tests.runs import scenario

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
IDENTIFIER = re.compile(r"[a-z]_[a-z]")
ENGLISH = re.compile(r"[a-z]{4,} [a-z]{3,}")
ENTRY = {"kind": "switch", "what": "switch", "side": "B", "set_by": "", "reason": ""}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_parameter_has_a_name(lang: str) -> None:
    names = Names(scenario(), lang)
    said = {row.label: names.parameter(row.label) for row in scenario().binding.rows}
    assert [one for one in said.items() if IDENTIFIER.search(one[1]) or re.search(r"\b(ev|phev|co2)\b", one[1])] == []
    assert [one for one in said.items() if bool(JAPANESE.search(one[1])) != (lang == "ja")] == []
    assert (
        said["clean_energy_vehicles.phev_ownership"]
        == {"ja": "人口当たりのPHEV保有台数", "en": "PHEVs per person"}[lang]
    )
    assert said["electric_commercial_vehicles.vehicle_life[taxi]"].startswith(text("parameter.vehicle_life", lang))


def visible(element: Element, lang: str) -> list[str]:
    """What is said in the language of the page: neither code nor what says that it is in another language."""
    if element.tag in ("code", "style", "script", "pre", "footer") or element.attributes.get("id") in ("run", "sides"):
        return []
    if element.attributes.get("lang", lang) != lang:
        return []
    if element.attributes.get("class") == "aside":  # notes of pages name their own identifiers
        return []
    own = [one.strip() for one in element.content if isinstance(one, str)]
    return own + [said for one in element.children for said in visible(one, lang)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["comparison", "sensitivity"])
def test_a_page_says_no_identifier_and_no_other_language(kind: str, lang: str) -> None:
    body = next(parsed(page(kind, lang)).all("body"))
    said = [one for one in visible(body, lang) if one and "result_digest" not in one]
    assert len(said) > 150
    wrong = [one for one in said if IDENTIFIER.search(one) or (lang == "ja" and ENGLISH.search(one))]
    assert wrong == []


def test_switches_are_said_in_words() -> None:
    moves = cast(MovesPage, gathered("comparison", "ja"))
    cells = change_words({**ENTRY, "change": "switch cells", "before": "published", "after": "all"}, moves)
    assert (cells["title"], cells["before"]) == ("値のある年", "報告書に記載のある年だけ")
    spreads = {
        **ENTRY,
        "change": "switch uncertainty = pages, was none",
        "before": "178 spreads",
        "after": "",
        "what": "spread",
    }
    said = change_words(spreads, moves)
    assert [said[one] for one in ("title", "before", "after")] == ["幅 (幅178件)", "幅なし", "各頁の幅"]
    tie = {
        **ENTRY,
        "kind": "dependence",
        "change": "dependence grid_factor ~ future_grid_factor",
        "before": "",
        "after": "",
    }
    assert change_words(tie, moves)["title"] == "連動：系統電力の排出係数、将来の系統電力の排出係数"


def test_reasons_of_contrasts_are_found_again() -> None:
    moves = cast(MovesPage, gathered("comparison", "ja"))
    assert apart_words(text("apart.only", "en", side="A"), moves) == "Aに数値がない"
    members = text("apart.members", "en", members="offshore_wind.co2_reduction.2030")
    assert apart_words(members, moves).startswith(
        "AとBで含まれるものが同じでない：2 洋上風力"
    ) and "_" not in apart_words(members, moves)
    kind = text("of.kind", "en", name="boundary", a="japan_market", b="world_market")
    assert (
        apart_words(text("apart.kinds", "en", kinds=kind), moves)
        == "対象の範囲はAで国内市場、Bで世界市場：別のものの値である"
    )
    nothing = text("apart.counts_as_nothing", "en", side="B", members="offshore_wind")
    assert found_again(nothing, "apart") == ("apart.counts_as_nothing", {"side": "B", "members": "offshore_wind"})
    assert apart_words("somebody's words", moves) == "somebody's words" and found_again("nothing", "apart") is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_members_and_reason_of_a_total_have_the_whole_width(lang: str) -> None:
    section = parsed(page("full", lang)).by_id("totals")
    heads = [table for table in section.all("table") if table.attributes["class"] == "pairs sums"]
    assert heads
    for table in heads:
        columns = len(list(next(table.all("thead")).all("th")))
        for total in table.all("tbody"):
            figures, words = total.all("tr")
            assert len(figures.children) == columns
            [cell] = words.children
            assert int(cell.attributes["colspan"]) == columns - 1
            assert text("workbook.members", lang) in cell.text and text("report.reason", lang) in cell.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sensitivity_page_says_status_and_what_the_interval_leaves_out(lang: str) -> None:
    cells = parsed(page("sensitivity", lang)).by_id("cells")
    wind = next(one for one in scenario().programmes if one.id == "offshore_wind").page
    assert wind.unquantified
    said = cells.by_id("cells-offshore_wind").text
    assert text("report.left_out", lang) in said and all(
        getattr(one, f"what_{lang}") in said for one in wind.unquantified
    )
    assert text("status.published", lang) in said and text("report.computed", lang) in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_members_that_were_not_chosen_have_names_and_so_has_why_a_sum_lacks_them(lang: str) -> None:
    """A run of three programmes spoke of the others by identifiers, on its page and in its reasons."""
    told = gathered("run", lang)
    members = ["energy_saving_equipment", "insulated_windows.co2_reduction.FY2025.detached", "gtex"]
    said = told.members(members)
    assert not IDENTIFIER.search(said) and "17 " not in said  # its number is that of a page that is not there
    assert {"ja": "省エネルギー投資促進", "en": "Energy-saving equipment"}[lang] in said
    assert {"ja": "CO₂排出削減効果 2025年度", "en": "CO₂ reduction effect FY2025"}[lang] in said
    node = results()["run"].tree["totals/co2_reduction"].to_dataset().sel(group="units_supported")
    reasons = {str(one) for one in node["reason_ja" if lang == "ja" else "reason"].values}
    assert len(reasons) == 1 and not IDENTIFIER.search(*reasons)
    assert {"ja": "が計算に含まれていない", "en": "is not among what is computed"}[lang] in reasons.pop()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_total_that_was_asked_for_is_called_by_its_members(lang: str) -> None:
    names = ["insulated_windows.co2_reduction.FY2025.detached", "insulated_windows.co2_reduction.FY2025.apartment"]
    group, _ = asked(names, scenario().programmes, scenario().totals)
    title = getattr(group.title, lang)
    assert title.count(" + ") == 1 and not IDENTIFIER.search(title) and "detached_" not in title
    assert {"ja": "2025年度 戸建", "en": "FY2025 detached"}[lang] in title
    cells = ["clean_energy_vehicles.co2_reduction.2030", "insulated_windows.co2_reduction.2030"]
    group, year = asked(cells, scenario().programmes, scenario().totals)
    assert {"ja": "クリーンエネルギー自動車", "en": "clean-energy vehicles"}[lang] in getattr(group.title, lang)
    assert year == "2030" and group.members == ("clean_energy_vehicles", "insulated_windows")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_money_of_issues_has_words(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    money_table(money_sums(scenario().totals), lang)
    out = capsys.readouterr().out
    assert "fy2023" not in out and "28,305" in out
    for which in ("proceeds", "allocated", "refinanced", "unallocated"):
        assert "2024" in money_name(f"fy2024.{which}", lang) and which not in money_name(f"fy2024.{which}", "ja")


def test_years_of_a_parameter_stand_together() -> None:
    labels = re.findall(r'id="par-(future_grid_factor@[^"]*|calendar_year@[^"]*)"', page("full", "ja"))
    years = [label.partition("@")[::2] for label in labels]
    assert len(years) > 2 and years == sorted(years, key=lambda one: (one[0] == "calendar_year", one[1]))
    assert [one for one in re.findall(r'<td class="nw">([^<]+)</td>', page("full", "ja")) if "yr" in one] == []


def test_parameters_of_a_programme_have_names_of_their_own_without_an_open_bracket() -> None:
    names = Names(scenario(), "ja")
    waste, saving = ("food", "paper", "plastics", "rubber", "wood"), ("advanced", "tailor_made", "energy_management")
    listed = [f"waste_carbon_cycle.{one}_carbon" for one in waste]
    listed += [f"energy_saving_equipment.energy_saving_{one}" for one in saving]
    said = {one: names.parameter(one) for one in listed}
    assert len(set(said.values())) == len(said)
    assert [one for one in said.values() if one.count("(") != one.count(")")] == []
