"""Pages of comparisons and sensitivity analyses: published, computed, median [interval] of every cell; exceedance."""

import re
from math import isfinite
from pathlib import Path
from typing import cast

import pytest

from ctsim.locale import text
from ctsim.report.drivers import DriversPage
from ctsim.report.facts import Fact, Facts
from ctsim.report.lines import Line, Side
from ctsim.report.moves import MovesPage
from ctsim.report.page import html
from tests.html_pages import Element, parsed
from tests.report_results import CHOSEN, LANGUAGES, gathered, page, results

TABLES = {"comparison": ("moves", "apart", "same"), "sensitivity": ("rests",)}


@pytest.fixture(scope="module")
def trees() -> dict[tuple[str, str], Element]:
    """Both pages in both languages, parsed."""
    return {(kind, lang): parsed(page(kind, lang)) for kind in TABLES for lang in LANGUAGES}


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, Fact]]:
    """Every fact of a run of A, and of B, by name."""
    found = results()
    return {letter: Facts(found[kind].tree, "en").by_name for letter, kind in (("a", "before"), ("b", "run"))}


def there(element: Element) -> set[str]:
    return {one.attributes["data-at"] for one in element.all("data")}


def at(fact: Fact, name: str, share: str = "") -> str:
    return "|".join((*fact.place(name), share))


def wanted(fact: Fact, run: Fact) -> dict[str, bool]:
    """Addresses that must be on a page, or must not, by what the run says of the same cell."""
    own_formula = isfinite(run.value("computed")) and run.word("status") in ("published", "")
    return {
        at(fact, "published_low"): run.printed,
        at(fact, "computed"): own_formula,
        at(fact, "quantiles", "0.5"): True,
    }


def sides(page_: MovesPage) -> list[tuple[str, str, Side]]:
    """(section, letter, fact) of everything that is compared, totals left out."""
    sections = {"moves": page_.moved, "apart": page_.apart}
    found = [(section, one) for section, moves in sections.items() for move in moves for one in move.sides]
    found += [("same", line) for _, line in page_.as_in_b(page_.unchanged)]
    facts = [(section, cast(Side, line.fact)) for section, line in found if line is not None]
    return [(section, fact.letter, fact) for section, fact in facts if fact.in_run and fact.finite]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_comparison_has_three_figures_of_a_and_of_b(
    trees: dict[tuple[str, str], Element], runs: dict[str, dict[str, Fact]], lang: str
) -> None:
    shown = {section: there(trees["comparison", lang].by_id(section)) for section in TABLES["comparison"]}
    every = sides(cast(MovesPage, gathered("comparison", lang)))
    for section, letter, fact in every:
        for address, must in wanted(fact, runs[letter][fact.name]).items():
            assert (address in shown[section]) == must, (section, address)
    assert len({fact.name for _, _, fact in every}) > 15
    of_status = {runs[letter][fact.name].word("status") for _, letter, fact in every}
    assert of_status >= {"published", "carried", "pathway"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sensitivity_page_has_three_figures_of_every_cell(
    trees: dict[tuple[str, str], Element], runs: dict[str, dict[str, Fact]], lang: str
) -> None:
    drives = cast(DriversPage, gathered("sensitivity", lang))
    shown, details = (there(trees["sensitivity", lang].by_id(name)) for name in ("rests", "cells"))
    for one in drives.cells:
        for address, must in wanted(one, runs["b"][one.name]).items():
            assert (address in details) == must, address
            assert one not in drives.main or (address in shown) == must, address
    assert len(drives.cells) > len(drives.main) > 10


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_cell_without_a_spread_is_shown_apart(
    trees: dict[tuple[str, str], Element], runs: dict[str, dict[str, Fact]], lang: str
) -> None:
    drives = cast(DriversPage, gathered("sensitivity", lang))
    section = trees["sensitivity", lang].by_id("fixed")
    assert drives.fixed and not any(one.fixed for one in drives.cells)
    for one in drives.fixed:
        assert one.fixed and runs["b"][one.name].fixed
        assert at(one, "quantiles", "0.5") in there(section) and at(one, "quantiles", "0.95") not in there(section)
    assert section.text.count(text("report.no_spread", lang)) == len(drives.fixed)


# ---- exceedance


def test_exceedance_is_not_a_headline_where_assumptions_rule(trees: dict[tuple[str, str], Element]) -> None:
    drives = cast(DriversPage, gathered("sensitivity", "en"))
    headline, details = (there(trees["sensitivity", "en"].by_id(name)) for name in ("rests", "cells"))
    mostly = {at(one, "p_at_least_published"): one.mostly_assumed for one in drives.main if one.printed}
    between = {one for one in mostly if one in details}
    assert {mostly[one] for one in between} == {True, False}, "all alike: this shows nothing"
    assert {one for one in between if not mostly[one]} == {one for one in headline if "|p_at" in one}
    moves = cast(MovesPage, gathered("comparison", "en"))
    lines = [line for move in moves.moves for line in move.sides if line and line.fact.printed]
    said = there(trees["comparison", "en"])
    assert {one.mostly_assumed for one in lines} == {True, False} and not any(
        at(one.fact, "p_at_least_published") in said for one in lines if one.mostly_assumed
    )
    for lang in LANGUAGES:
        for kind in TABLES:
            words = trees[kind, lang].text
            assert text("report.exceedance", lang) in words and "達成" not in words


def test_exceedance_of_a_side_is_that_of_its_own_run(runs: dict[str, dict[str, Fact]]) -> None:
    moves = cast(MovesPage, gathered("comparison", "en"))
    facts = [cast(Side, line.fact) for move in moves.moves for line in move.sides if line and line.fact.printed]
    for one in facts:
        assert one.value("p_at_least_published") == runs[one.letter][one.name].value("p_at_least_published")
    assert {one.letter for one in facts} == {"a", "b"}


# ---- words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_cell_has_its_kinds_and_counterfactual(trees: dict[tuple[str, str], Element], lang: str) -> None:
    moves, drives = cast(MovesPage, gathered("comparison", lang)), cast(DriversPage, gathered("sensitivity", lang))
    lines: dict[str, list[Line]] = {
        "comparison": [line for move in moves.moved for line in move.sides if line and line.trail],
        "sensitivity": [drives.line(one) for one in drives.cells],
    }
    for kind, mine in lines.items():
        said = trees[kind, lang].text
        for line in mine:
            fact = line.fact
            words = [f"{name}.{fact.word(name)}" for name in ("status", "boundary", "period") if fact.word(name)]
            assert len(words) >= 2
            assert " · ".join(text(one, lang) for one in words) in re.sub(r"\s+", " ", said), (kind, fact.name)
            if line.record is not None and line.record.counterfactual and not line.trail.reading:  # type: ignore[union-attr]
                assert getattr(line.record.counterfactual, lang) in said


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", list(TABLES))
def test_what_intervals_leave_out_stands_beside_them(
    trees: dict[tuple[str, str], Element], kind: str, lang: str
) -> None:
    drives = cast(DriversPage, gathered(kind, lang))
    section = trees[kind, lang].by_id("left" if kind == "comparison" else "cells")
    left = [one for programme in drives.programmes if programme.id in CHOSEN for one in programme.page.unquantified]
    assert len(left) > 5 and all(getattr(one, f"what_{lang}") in section.text for one in left)


@pytest.mark.parametrize("kind", list(TABLES))
def test_every_table_has_a_caption_and_notes_their_language(trees: dict[tuple[str, str], Element], kind: str) -> None:
    tree = trees[kind, "ja"]
    for table in tree.all("table"):
        assert [one.text.strip() for one in table.all("caption")] != []
    english = re.compile(r"^[^ぁ-んァ-ヶ一-龠]*[a-z]{3,} [a-z]{2,} [a-z]{2,}")
    marked = {one.text.strip() for one in tree.all() if one.attributes.get("lang") == "en"}
    leaves = [one for one in tree.all("td", "th", "li", "p", "dd") if english.search(one.text.strip())]
    bare = [one.text for one in leaves if not any(words and words in one.text for words in marked)
            and one.attributes.get("lang") != "en"]  # fmt: skip
    assert bare == []


def test_a_result_of_an_earlier_version_has_dashes(tmp_path: Path) -> None:
    """Without quantiles and exceedance, which sensitivity results did not keep."""
    drives = DriversPage(results()["sensitivity"], "en")
    kept = ("quantiles", "quantiles_mcse", "p_at_least_published", "p_mcse", "mcse")
    for node in ("co2_reduction", "economic_effect", "other", "readings"):
        if node in drives.tree.children:
            drives.tree = drives.tree.copy()
            drives.tree[node] = drives.tree[node].dataset.drop_vars(kept)
    shown = there(parsed(html(drives)).by_id("rests"))
    assert any("|published_low|" in one for one in shown)
    assert not any("|quantiles|" in one or "|p_at" in one for one in shown)
