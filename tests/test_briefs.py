"""The one A4 side of a comparison and of a sensitivity analysis: what stands on it, and what does not."""

from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner

from ctsim.cli import main
from ctsim.locale import text
from ctsim.report.briefs import MOST_CELLS, MOST_CHANGES, MOST_MOVES, DriversBrief, MovesBrief, spread_over
from ctsim.report.moves import Change, MovesPage
from ctsim.report.page import html, short, template_of
from ctsim.report.words import Group
from tests.html_pages import Element, parsed
from tests.report_results import LANGUAGES, OF_RESULTS, directories, gathered, page, results


@pytest.fixture(scope="module")
def trees() -> dict[tuple[str, str], Element]:
    return {(kind, lang): parsed(page(kind, lang)) for kind in OF_RESULTS for lang in LANGUAGES}


def moves(lang: str) -> MovesBrief:
    return cast(MovesBrief, gathered("comparison_brief", lang))


def drivers(lang: str) -> DriversBrief:
    return cast(DriversBrief, gathered("sensitivity_brief", lang))


def addresses(element: Element) -> list[str]:
    return [one.attributes["data-at"] for one in element.all("data")]


def test_the_first_of_every_group_comes_before_the_second_of_one() -> None:
    found = [Group("a", "A", [5.0, 9.0, 1.0]), Group("b", "B", [2.0]), Group("c", "C", [3.0, 4.0])]
    assert [one.items for one in spread_over(found, 2, lambda one: -one)] == [[9.0], [2.0]]
    assert [one.items for one in spread_over(found, 5, lambda one: -one)] == [[5.0, 9.0], [2.0], [3.0, 4.0]]
    assert [one.anchor for one in spread_over(found, 99, lambda one: -one)] == ["a", "b", "c"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_comparison_says_what_changed_by_how_much_and_why(trees: dict[tuple[str, str], Element], lang: str) -> None:
    tree, brief = trees["comparison_brief", lang], moves(lang)
    [change] = brief.changes
    assert all(
        short(str(change.values[name])) in tree.by_id("brief-what").text for name in ("title", "before", "after")
    )
    shown = [one for group in brief.groups() for one in group.items]
    assert 0 < len(shown) <= MOST_MOVES and {one.name for one in shown} <= {one.name for one in brief.page.moved}
    there = addresses(tree.by_id("brief-moves"))
    for one in shown:
        address = "|".join(one.address)
        for name in ("mean|", "quantiles|0.05", "quantiles|0.95", "a_quantiles|0.5", "b_quantiles|0.95"):
            assert f"{address}|{name}" in there
        assert f"{'|'.join(one.causes[0].address)}|mean|" in there and brief.page.mark(one.causes[0].name) == "#1"


def test_another_formula_is_said_in_words() -> None:
    """Not by the name of its code and a digest, which say nothing to who decides; the page has them."""
    brief = moves("en")
    values = {"kind": "formula", "what": "formula", "before": "carried (1b23d727) in 万t-CO2/yr", "after": "new (0d)"}
    for side, said in (("B", ("as before", "changed: formula")), ("A", ("changed: formula", "as before"))):
        one = Change("#1", "mine", values | {"side": side})
        assert tuple(brief.side_words(one, name) for name in ("before", "after")) == said
    printed = Change("#1", "mine", values | {"side": "B", "before": text("difference.reported", "en")})
    assert brief.side_words(printed, "before") == "reported"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_table_of_a_brief_is_of_one_boundary(trees: dict[tuple[str, str], Element], lang: str) -> None:
    for kind, groups in (("comparison_brief", moves(lang).groups()), ("sensitivity_brief", drivers(lang).groups())):
        panels = [{one.panel for one in group.items} for group in groups]
        assert len(panels) > 1 and all(len(one) == 1 for one in panels) and len(set.union(*panels)) == len(panels)
        of_groups = [one for one in trees[kind, lang].all("table") if "group" in one.attributes.get("class", "")]
        for group, table in zip(groups, of_groups, strict=True):
            names = {at.split("|")[1].partition(".")[0] for at in addresses(table) if not at.startswith("/attribution")}
            assert names == {one.name.partition(".")[0] for one in group.items}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sensitivity_analysis_says_what_the_largest_figures_rest_on(
    trees: dict[tuple[str, str], Element], lang: str
) -> None:
    tree, brief = trees["sensitivity_brief", lang], drivers(lang)
    shown = [one for group in brief.groups() for one in group.items]
    assert 0 < len(shown) <= MOST_CELLS and all(one.printed and one.metric == "co2_reduction" for one in shown)
    there = addresses(tree.by_id("brief-cells"))
    for one in shown:
        needed = [f"{'|'.join(one.drivers[0].address)}|Sh|", f"{'|'.join(one.address)}|quantiles|0.5"]
        assert {*needed, f"{'|'.join(one.address)}|assumed_total|", f"{'|'.join(one.in_run)}|published_low|"} <= {
            *there
        }
        assert brief.page.short(one.drivers[0], one) in tree.by_id("brief-cells").text
    counted = dict(brief.first())
    assert sum(counted.values()) <= len(brief.page.main) and list(counted.values()) == sorted(counted.values())[::-1]
    assert str(brief.quiet) in tree.by_id("brief-quiet").text and brief.quiet > 0


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", OF_RESULTS)
def test_what_can_be_said_and_what_cannot(trees: dict[tuple[str, str], Element], kind: str, lang: str) -> None:
    tree, brief = trees[kind, lang], gathered(kind, lang)
    for name in ("can", "cannot"):
        section = tree.by_id(f"brief-{name}")
        assert text(f"brief.{name}", lang) in section.text and len(list(section.all("li"))) == 2
    footer = next(tree.all("footer")).text
    assert brief.card["result_digest"][:12] in footer and brief.scenario.id in footer
    assert "|p_at" not in " ".join(addresses(tree)) and "達成" not in tree.text
    if kind == "comparison_brief":
        assert all(one.digest[:12] in footer and one.id in footer for one in moves(lang).page.sides)


def test_a_count_of_differences_one_way_is_theirs() -> None:
    brief = moves("en")
    ends = [(one.value("quantiles", 0.05), one.value("quantiles", 0.95)) for one in brief.page.moved]
    assert brief.one_way == sum(low * high > 0 for low, high in ends)
    n, assumed = brief.bases
    assert 0 < assumed <= n


def test_many_changes_are_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctsim.report.briefs.MOST_CHANGES", 0)
    brief = MovesBrief(MovesPage(results()["comparison"], "en"))
    assert MOST_CHANGES > 1 and brief.changes == [] and len(brief.numbered) == 1
    monkeypatch.setattr(MovesBrief, "numbered", [])
    said = parsed(html(brief, template_of(brief))).by_id("brief-what").text
    assert text("brief.nothing_changed", "en", n=0) in said


@pytest.mark.parametrize("kind", ["comparison", "sensitivity"])
def test_the_command_writes_a_brief_of_each(tmp_path: Path, kind: str) -> None:
    out = str(tmp_path / "brief.html")
    made = CliRunner().invoke(main, ["report", str(directories()[kind]), "--brief", "--lang", "en", "--out", out])
    assert made.exit_code == 0 and Path(out).read_text(encoding="utf-8") == page(f"{kind}_brief", "en")
