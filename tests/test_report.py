"""The page of a run: its numbers are the dataset's, both languages are whole, it stands alone, names cannot harm it."""

import re
import time
from functools import cache
from math import floor, log10
from pathlib import Path
from statistics import NormalDist
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from click.testing import CliRunner

from ctsim import simulate
from ctsim.audit import audit
from ctsim.bought import PRO_RATA, SECTIONS
from ctsim.catalog import Scenario, load_resolved
from ctsim.cli import main
from ctsim.engine import Run, open_run
from ctsim.locale import text
from ctsim.notes import given, given_at
from ctsim.report.facts import Facts
from ctsim.report.lines import printed
from ctsim.report.page import html, report
from ctsim.report.pictures import _slopes, _ticks
from ctsim.report.sections import Sections
from tests.html_pages import Element, parsed
from tests.page_numbers import money, wrong_numbers
from tests.runs import outside, scenario, study

LANGUAGES = ("ja", "en")
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
BY_BOUNDARY = ("published", "fans", "programmes", "audit")
HOSTILE = "<script>alert(1)</script> & ' <img src=x onerror=alert(2)> {{ 7*7 }}"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole report, 2^14 draws, sealed."""
    path = tmp_path_factory.mktemp("report") / "run"
    simulate(scenario(), draws=2**14, out=path)
    return path


@pytest.fixture(scope="module")
def run(directory: Path) -> Run:
    return open_run(directory)


@pytest.fixture(scope="module")
def resolved(directory: Path) -> Scenario:
    return load_resolved(directory / "scenario.toml")


@pytest.fixture(scope="module")
def gathered(resolved: Scenario, run: Run) -> dict[str, Sections]:
    """What pages are made of, by language."""
    return {lang: Sections(resolved, Facts(run.tree, lang), run.card) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def pages(gathered: dict[str, Sections]) -> dict[str, str]:
    """The page in both languages."""
    return {lang: html(gathered[lang]) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def trees(pages: dict[str, str]) -> dict[str, Element]:
    return {lang: parsed(page) for lang, page in pages.items()}


@pytest.fixture(scope="module")
def bought(resolved: Scenario, run: Run) -> dict[str, Any]:
    """What the money of each issue bought and the policy frame, as the commands print them."""
    return money(resolved, 0, run.tree)


# ---- numbers


def test_what_is_printed_is_what_runs_keep(run: Run, resolved: Scenario) -> None:
    """Of every quantity: comparisons and sensitivity analyses show it and do not keep it."""
    there, found = Facts(run.tree, "en").by_name, printed(resolved)
    assert found.keys() == {name for name, one in there.items() if one.finite or one.printed}
    for name, one in found.items():
        fact = there[name]
        for number in ("published", "published_low", "published_high", "computed"):
            assert repr(one.values[number]) == repr(fact.value(number)), (name, number)
        for word in ("status", "boundary", "period", "scope", "money_kind"):
            assert one.values[word] == fact.word(word) or (word == "money_kind" and fact.word(word) == ""), (name, word)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_number_is_the_datasets(run: Run, bought: dict[str, Any], trees: dict[str, Element], lang: str) -> None:
    assert list(wrong_numbers({"": run.tree}, trees[lang], bought)) == []
    assert sum(1 for _ in trees[lang].all("data")) > 2000


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_of_the_dataset_is_left_out(run: Run, trees: dict[str, Element], lang: str) -> None:
    there = {one.attributes["data-at"] for one in trees[lang].all("data")}
    facts = Facts(run.tree, lang)
    for fact in (*facts.cells, *facts.items, *facts.others, *facts.readings):
        address = "|".join(fact.address)
        if fact.finite:
            assert f"{address}|quantiles|0.5" in there
        if fact.printed and fact.address[0] != "/readings":
            assert f"{address}|published_low|" in there
    assert all(f"/parameters|{label}|value|" in there or fact.value("value") != fact.values["quantiles"][0]
               for label, fact in facts.parameters.items())  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_parts_of_a_year_are_there(run: Run, trees: dict[str, Element], lang: str) -> None:
    """They were looked for under a name that no tree knows, and left out in silence."""
    data = run.tree["items/co2_reduction"].dataset
    parts = {(str(item), int(year)) for item in data["item"].values for year in data["year"].values
             if np.isfinite(data["mean"].sel(item=item, year=year))}  # fmt: skip
    there = [one.attributes["data-at"].split("|") for one in trees[lang].by_id("programmes").all("data")]
    assert {(at[1], int(at[2])) for at in there if at[0] == "/items/co2_reduction"} == parts
    assert ("electric_commercial_vehicles.taxi", 2040) in parts


def test_what_is_printed_as_nothing_has_no_error_to_speak_of(run: Run) -> None:
    """Of taxis grams are left in 2050: a mean from a few draws, far outside the interval of all others."""
    facts = Facts(run.tree, "en")
    taxi = facts.by_name["electric_commercial_vehicles.co2_reduction.2050.taxi"]
    width = taxi.value("quantiles", 0.95) - taxi.value("quantiles", 0.05)
    assert taxi.vanishes and taxi.value("mcse") > width
    said = {taxi.show("mean").partition(">")[2], taxi.show("quantiles", 0.95).partition(">")[2]}
    assert said == {"0.000</data>"}
    assert [one.name for one in facts.numbered if one.finite and not one.fixed and one.vanishes] == [taxi.name]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_yen_bought_stands_without_dependence_too(
    bought: dict[str, Any], trees: dict[str, Element], lang: str
) -> None:
    """Of the lines that add programmes; of the bonds without an impact report there is nothing."""
    free = bought["2023"]["independent"]
    several = {f"{section}|{place}": one for section in SECTIONS for place, one in enumerate(free[section])
               if len(one.get("programmes", ())) > 1}  # fmt: skip
    there = [one.attributes["data-at"] for one in trees[lang].by_id("issue-2023").all("data")]
    assert {one.rsplit("|", 2)[0].partition("|independent|")[2] for one in there if "independent" in one} == {*several}
    assert [one["name"] for one in several.values()] == ["C", "クリーンな運輸"]
    for place in several:
        for name in ("annual_per_oku", "lifetime_per_oku", "yen_per_tonne", *PRO_RATA):
            assert f"yen|2023|independent|{place}|{name}|median" in there
    assert text("run.bought_independent", lang) in trees[lang].by_id("issue-2023").text
    assert text("run.bought_independent", lang) not in trees[lang].by_id("issue-2024").text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_ratio_stands_for_a_line_of_which_little_is_known(
    bought: dict[str, Any], trees: dict[str, Element], lang: str
) -> None:
    there = [one.attributes["data-at"] for one in trees[lang].by_id("issue-2023").all("data")]
    for section, name in (("classes", "B"), ("categories", "エネルギー効率"), ("budgets", "令和5年度当初")):
        [(place, one)] = [(i, one) for i, one in enumerate(bought["2023"][section]) if one["name"] == name]
        mine = {at.split("|")[4] for at in there if at.startswith(f"yen|2023|{section}|{place}|")}
        assert "allocated" in mine
        assert mine <= {"allocated", *(f"{kind}_{end}" for kind in ("refinanced", "new") for end in ("low", "high"))}
        assert one["why"][lang].partition(" / ")[0] in trees[lang].by_id("issue-2023").text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_published_computed_and_interval_stand_side_by_side(trees: dict[str, Element], lang: str) -> None:
    rows = [row for row in trees[lang].by_id("published").all("tr") if "data-find" in row.attributes]
    assert len(rows) > 60
    for row in rows:
        names = [one.attributes["data-at"].split("|")[-2] for one in row.all("data")]
        assert names[0] == "published_low" and "quantiles" in names
        status = row.children[4].text.strip()
        assert ("computed" in names) != (status in ("算定式なし", "no formula")), row.text


def test_the_audit_is_the_audits(resolved: Scenario, trees: dict[str, Element]) -> None:
    result = audit(resolved)
    rows = {one.attributes["data-audit"]: one for one in trees["en"].all("tr") if "data-audit" in one.attributes}
    assert rows.keys() == {one.key for one in result.figures}
    for one in result.figures:
        cells = [cell.text.strip() for cell in rows[one.key].children]
        said = cells[3].replace(",", "").replace("−", "-").split("–")
        ends = (float(said[0]), float(said[-1]))
        assert ends == pytest.approx((one.published_low, one.published_high), rel=1e-5)
        if one.computed is None:
            assert cells[4] == "–" and cells[5] == "–"
        else:
            assert float(cells[4].replace(",", "").split("–")[0]) == pytest.approx(one.computed_low, rel=1e-5)
            away = one.relative_difference
            assert away is None or float(cells[5][:-1].replace("−", "-")) == pytest.approx(100 * away, abs=0.051)
        assert one.verdict.replace("_", " ") in cells[6]
    ledger = [one for one in trees["en"].by_id("ledger").all("tr") if "id" in one.attributes]
    assert [one.attributes["id"] for one in ledger] == [f"l-{one.id}" for one in result.inconsistencies]


# ---- what must be said, and what never


@pytest.mark.parametrize(
    ("lang", "lead"),
    [
        ("ja", "計算誤差は無視できる。幅は仮定が決める。"),
        ("en", "The computing error is negligible. The assumptions decide the width."),
    ],
)
def test_the_first_screen_says_what_decides_the_width(gathered: dict[str, Sections], lang: str, lead: str) -> None:
    sections = gathered[lang]
    assert 0 < sections.facts.worst_error() < 0.02
    for worst, negligible in ((0.004, True), (0.2, False)):
        with patch.object(Facts, "worst_error", lambda _, worst=worst: worst):
            top = parsed(html(sections, "top.html")).text
        other = text("report.lead_error", lang, share="20")
        assert (lead in top, other in top) == (negligible, not negligible)
        assert not negligible or top.index(lead) < 200


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_that_claim_too_much_are_not_there(trees: dict[str, Element], lang: str) -> None:
    said = trees[lang].text
    for word in ("達成確率", "信頼区間", "波及効果", "confidence interval", "P90", "probability of success"):
        around = [said[max(0, at.start() - 40) : at.end() + 10] for at in re.finditer(word, said)]
        assert [one for one in around if "no probability of success" not in one] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_boundaries_never_share_a_table_or_a_picture(run: Run, trees: dict[str, Element], lang: str) -> None:
    facts = Facts(run.tree, lang)
    boundary = {"|".join(one.address): one.word("boundary")
                for one in (*facts.cells, *facts.items, *facts.others, *facts.readings)}  # fmt: skip
    named = {one.name: one.word("boundary") for one in facts.others}
    tables = 0
    for section in BY_BOUNDARY:
        for table in trees[lang].by_id(section).all("table"):
            found = {boundary["|".join(one.attributes["data-at"].split("|")[:-2])] for one in table.all("data")}
            found |= {named[key] for row in table.all("tr") if (key := row.attributes.get("data-audit")) in named}
            assert len(found) <= 1, found
            tables += 1
    assert tables > 60


def test_exceedance_stays_out_of_headlines_where_assumptions_decide(
    gathered: dict[str, Sections], trees: dict[str, Element]
) -> None:
    sections, page = gathered["en"], trees["en"]
    assumed = {"|".join(one.fact.address): one.mostly_assumed for one in sections.lines}
    shown = [one.attributes["data-at"] for one in page.by_id("published").all("data")
             if "p_at_least_published" in one.attributes["data-at"]]  # fmt: skip
    assert shown and not any(assumed[one.rpartition("|p_at")[0]] for one in shown)
    everywhere = [one for one in page.all("data") if "p_at_least_published" in one.attributes["data-at"]]
    assert len(everywhere) > 2 * len(shown)
    top = next(page.all("header"))
    assert not any("p_at_least" in one.attributes["data-at"] for one in top.all("data"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_interval_leaves_out_stands_beside_it(
    resolved: Scenario, trees: dict[str, Element], lang: str
) -> None:
    for programme in resolved.programmes:
        section = trees[lang].by_id(f"p-{programme.id}")
        for one in programme.page.unquantified:
            assert getattr(one, f"what_{lang}") in section.text
        for one in programme.page.reading:
            assert getattr(one.description, lang) in section.text
        for impact in programme.page.impact:
            if impact.counterfactual and impact.printed:
                assert getattr(impact.counterfactual, lang) in section.text
    outputs = trees[lang].by_id("outputs").text
    for programme in resolved.programmes:
        assert all(getattr(one, f"indicator_{lang}") in outputs for one in programme.page.output)
        assert programme.page.readiness is None or programme.page.readiness.quote in outputs


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_parameter_has_its_picture_basis_and_words(
    resolved: Scenario, trees: dict[str, Element], lang: str
) -> None:
    known = resolved.parameters()
    for row in resolved.binding.rows:
        line = trees[lang].by_id(f"par-{row.label}")
        assert any(one.attributes.get("class") == "spark" for one in line.all("svg"))
        if row.varies:
            assert given(row.spread.reason, lang) in line.text
        if row.stream in known and (source := known[row.stream].record.source):
            assert given_at(source.where, lang) in line.text and (source.quote or "") in line.text
        assert row.label != "gas_carbon_content" or "①" not in line.text  # of one programme; it is quoted from another


def test_years_of_a_total_stand_in_order(trees: dict[str, Element]) -> None:
    assert not any(re.match(r"\s*FY2025\s*FY2023", one.text) for one in trees["en"].by_id("totals").all("td"))


# ---- both languages


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_speaks_one_language(trees: dict[str, Element], lang: str) -> None:
    headings = [one.text for one in trees[lang].all("h1", "h2", "h3", "h4", "h5", "thead")]
    assert len(headings) > 100
    wrong = [one for one in headings if bool(JAPANESE.search(one)) != (lang == "ja")]
    assert [one for one in wrong if one.strip() and "GteX" not in one] == []
    assert next(trees[lang].all("html")).attributes["lang"] == lang


def test_templates_hold_no_words() -> None:
    """Whatever a reader reads comes from the locale file or from the run."""
    folder = Path(report.__code__.co_filename).parent / "templates"
    for path in sorted(folder.glob("*.html")):
        bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert re.search(r"[A-Za-z]{2}|[ぁ-んァ-ヶ一-龠]", bare) is None, path.name


# ---- a file that stands alone


@pytest.mark.parametrize("lang", LANGUAGES)
def test_links_lead_somewhere_and_anchors_are_single(trees: dict[str, Element], lang: str) -> None:
    names = [one.attributes["id"] for one in trees[lang].all() if "id" in one.attributes]
    assert len(names) == len(set(names))
    links = [one.attributes["href"] for one in trees[lang].all("a")]
    assert [one for one in links if not one.startswith("#") or one[1:] not in names] == []
    contents = next(trees[lang].all("nav"))
    sections = [one.attributes["id"] for one in trees[lang].all("section")]
    assert {one.attributes["href"][1:] for one in contents.all("a")} == set(sections)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_loaded_and_nothing_is_large(pages: dict[str, str], trees: dict[str, Element], lang: str) -> None:
    page = pages[lang]
    assert len(page.encode()) <= 5_000_000
    assert not list(trees[lang].all("link", "img", "iframe", "object", "audio", "video", "image", "use"))
    assert not [one for one in trees[lang].all() if {"src", "srcset", "action", "data"} & one.attributes.keys()]
    style = "".join(one for block in trees[lang].all("style") for one in block.content if isinstance(one, str))
    assert "url(" not in style and "@import" not in style and "http" not in style
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:href|src)=["'](?:https?:)?//""", page)


def test_without_javascript_nothing_is_hidden_but_the_search(trees: dict[str, Element]) -> None:
    for page in trees.values():
        assert [one.attributes.get("id") for one in page.all() if "hidden" in one.attributes] == ["find"]
        assert not [
            one for one in page.all() if "none" in one.attributes.get("style", "") or "onclick" in one.attributes
        ]
        assert sum(1 for _ in page.all("script")) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tables_and_pictures_can_be_heard(trees: dict[str, Element], lang: str) -> None:
    for table in trees[lang].all("table"):
        assert all(one.attributes.get("scope") for one in table.all("th"))
        around = table.parent
        assert around is not None and around.attributes["aria-label"] and around.attributes["tabindex"] == "0"
    for picture in trees[lang].all("svg"):
        assert picture.attributes["role"] == "img" and picture.attributes["aria-label"].strip(" :")
    fans = [one for one in trees[lang].all("svg") if one.attributes["class"] == "fan"]
    word = "公表値" if lang == "ja" else "Published"
    for one in fans:
        marks = [mark for mark in one.all("line") if mark.attributes["class"] == "mark"]
        assert bool(marks) == (word in one.attributes["aria-label"])
        assert any(mark.attributes["class"] == "unit" for mark in one.all("text"))
    assert len(fans) > 30


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two colours #rrggbb or #rgb."""

    def light(colour: str) -> float:
        plain = colour.lstrip("#")
        plain = "".join(2 * c for c in plain) if len(plain) == 3 else plain
        parts = [int(plain[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        lines = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * lines[0] + 0.7152 * lines[1] + 0.0722 * lines[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_words_have_contrast(pages: dict[str, str]) -> None:
    named = dict(re.findall(r"--(\w+):(#\w+)", pages["en"]))
    assert contrast("#000", "#fff") == pytest.approx(21)
    for ink in ("ink", "soft", "blue", "mark"):
        for paper in ("paper", "pale"):
            assert contrast(named[ink], named[paper]) >= 4.5, (ink, paper)
    inks = re.findall(r"[{;](?:color|fill):(#\w+)", pages["en"].partition("</style>")[0])
    assert {"#8a3700", "#333"} <= set(inks)
    words = set(re.findall(r"[^-]color:(#\w+)", pages["en"].partition("</style>")[0]))
    assert all(contrast(one, named["pale"]) >= 4.5 for one in words)


# ---- pictures


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (0.0, 9.9e3), (-3.0, 7.0), (0.0, 0.033), (0.0, 63.0), (-1.0, 0.0)]
)
def test_ticks_are_round_and_hold_both_ends(low: float, high: float) -> None:
    ticks = _ticks(low, high)
    assert ticks[0] <= low and ticks[-1] >= high and 3 <= len(ticks) <= 7
    step = (ticks[-1] - ticks[0]) / (len(ticks) - 1)
    assert round(step / 10 ** floor(log10(step)), 6) in (1, 2, 2.5, 5)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_a_years_by_our_reading_has_its_mark(trees: dict[str, Element], lang: str) -> None:
    """5 and 10 of money, in the first table and in the fans, each with the footnote; nothing else has one."""
    marked = {}
    for place in ("published", "fans"):
        for part in trees[lang].by_id(place).all("div"):
            if part.attributes.get("id", "").startswith(("published-", "fan-")):
                drawn = "".join(one for mark in part.all("text") for one in mark.content if isinstance(one, str))
                stars = sum((part.text + drawn).count(word) for word in ("/yr*", "/年*"))
                marked[part.attributes["id"]] = stars
                assert (text("run.our_year", lang) in part.text) == bool(stars)
    assert {name: stars for name, stars in marked.items() if stars} == {
        "published-economic_effect-market-units_supported": 1, "published-economic_effect-market-japanese_firms": 1,
        "published-economic_effect-market-world_market": 2, "fan-economic_effect-market-units_supported": 1,
        "fan-economic_effect-market-japanese_firms": 1, "fan-economic_effect-market-world_market": 1,
    }  # fmt: skip


def test_a_fan_has_its_medians_where_the_axis_says(trees: dict[str, Element], run: Run) -> None:
    [figure] = trees["en"].by_id("fan-co2_reduction-japanese_firms").all("figure")
    [picture] = figure.all("svg")
    ticks = {}
    for one in picture.all("text"):
        if one.attributes["class"] == "tick end":
            said = "".join(part for part in one.content if isinstance(part, str))
            ticks[float(said.replace(",", ""))] = float(one.attributes["y"]) - 3.5
    (a, y_a), *_, (b, y_b) = ticks.items()
    dots = [float(one.attributes["cy"]) for one in picture.all("circle")]
    medians = run.tree["co2_reduction"]["quantiles"].sel(programme="perovskite_solar", quantile=0.5).values
    for y, median in zip(dots, medians, strict=True):
        assert a + (y - y_a) / (y_b - y_a) * (b - a) == pytest.approx(median, abs=(b - a) / 500)


def test_slopes_are_those_of_the_curve() -> None:
    """Of a straight line and of a normal distribution through the quantiles that a run keeps."""
    x = np.array([0.0, 1.0, 3.0])
    assert _slopes(np.array([0.5, 2.0, 3.5]), x, x / 3).tolist() == pytest.approx([1 / 3, 1 / 3, 0.0])
    shares = np.array([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])
    normal = NormalDist()
    places = np.array([normal.inv_cdf(p) for p in shares])
    at = np.linspace(-2, 2, 41)
    right = np.array([normal.pdf(one) for one in at])
    assert np.abs(_slopes(at, places, shares) - right).max() < 0.05
    total = _slopes(np.linspace(-2.3, 2.3, 2001), places, shares).mean() * 4.6
    assert total == pytest.approx(0.98, abs=0.005)


# ---- names from outside, and what goes wrong


@cache
def _toml(words: str) -> str:
    return words.replace("\\", "\\\\").replace('"', '\\"')


def hostile_run(folder: Path) -> Path:
    """A sealed run of a programme from outside whose every text tries to be markup."""
    parameter = f'value = 1\nunit = "Mt-CO2/yr"\nnote = "{_toml(HOSTILE)}"\nas_printed = "{_toml(HOSTILE)}"'
    head = "def f(x: Mt_CO2_per_yr) -> Mt_CO2_per_yr:"
    code = f"from ctsim.units import Mt_CO2_per_yr\n\n\n{head}\n    '''<b>x</b>'''\n    return x\n"
    outside(folder, "mine", {"x": parameter}, {"2030": "f"}, code)
    page = folder / "programmes" / "mine.toml"
    named = f'id = "mine"\nname_ja = "{_toml(HOSTILE)}"\nname_en = "{_toml(HOSTILE)}"'
    page.write_text(page.read_text(encoding="utf-8").replace('id = "mine"', named), encoding="utf-8")
    file = study(folder, ["mine"], titles=_toml(HOSTILE))
    simulate(str(file), draws=2**14, out=folder / "run", formulas=folder / "formulas")
    return folder / "run"


def test_names_cannot_become_markup(tmp_path: Path) -> None:
    directory = hostile_run(tmp_path)
    for lang in LANGUAGES:
        path = report(directory, lang, formulas=tmp_path / "formulas")
        assert path == directory / f"report.{lang}.html"
        page = parsed(path.read_text(encoding="utf-8"))
        assert sum(1 for _ in page.all("script")) == 1 and not list(page.all("img"))
        assert not [one for one in page.all() if any(name.startswith("on") for name in one.attributes)]
        assert next(page.all("h1")).text.strip() == HOSTILE
        assert page.by_id("par-mine.x").text.count(HOSTILE) == 2
        assert "<b>x</b>" in page.by_id("p-mine").text
        assert "49" not in next(page.all("h1")).text
    simulate(str(tmp_path / "study.toml"), draws=2**15, extend=directory, formulas=tmp_path / "formulas")
    assert list(directory.glob("report.*")) == []  # of what the run was before


def test_the_command(directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    result = CliRunner().invoke(main, ["report", str(directory), "--lang", "en", "--out", str(out)])
    assert result.exit_code == 0 and result.stdout == f"page {out}\n"
    assert '<html lang="en">' in out.read_text(encoding="utf-8")
    before = time.process_time()
    report(directory, "ja", tmp_path / "ja.html")
    print(f"{time.process_time() - before:.1f} s of CPU for a page")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "is not a run directory"),
        (["DIR", "--lang", "fr"], "'fr' is not one of"),
        (["DIR", "--out", "no/such/folder/page.html"], "cannot be written"),
    ],
)
def test_what_goes_wrong_is_one_line(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["report", *(str(directory) if one == "DIR" else one for one in arguments)])
    assert result.exit_code == 2 and message in result.stderr and result.stderr.count("\n") == 1


def test_a_run_of_one_programme_has_a_page_of_its_own(tmp_path: Path) -> None:
    simulate(scenario(), programmes=["offshore_wind"], draws=1024, method="mc", out=tmp_path / "run")
    page = parsed(report(tmp_path / "run", "en").read_text(encoding="utf-8"))
    assert page.by_id("p-offshore_wind").text
    assert "p-gtex" not in {one.attributes.get("id") for one in page.all()}
