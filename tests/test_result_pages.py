"""Pages of comparisons and sensitivity analyses, what a run's page takes from them, and the brief."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import isfinite, nan
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from click.testing import CliRunner

from ctsim import sensitivity, simulate
from ctsim.accounts import accounts
from ctsim.bought import PRO_RATA
from ctsim.cli import main
from ctsim.compare_tables import lines as table_lines
from ctsim.errors import InputError, RunDirectoryError
from ctsim.export.write import export
from ctsim.locale import text
from ctsim.ranking import ranked
from ctsim.report.brief import Brief
from ctsim.report.drivers import DriversPage
from ctsim.report.facts import Fact, rounded
from ctsim.report.moves import MovesPage
from ctsim.report.page import html, report
from ctsim.report.pictures import pair, share
from ctsim.report.results import open_beside, open_result
from ctsim.report.sections import Sections
from ctsim.sensitivity import Sensitivity, open_sensitivity
from tests.html_pages import Element, parsed
from tests.page_numbers import value_at, wrong_numbers
from tests.report_results import CHOSEN, KINDS, LANGUAGES, bought, directories, gathered, page, results
from tests.runs import outside, scenario, study

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


@pytest.fixture(scope="module")
def trees() -> dict[tuple[str, str], Element]:
    """Every page in both languages, parsed."""
    return {(kind, lang): parsed(page(kind, lang)) for kind in KINDS for lang in LANGUAGES}


def own_tree(kind: str) -> dict[str, object]:
    """The trees that the addresses of a page mean."""
    found = results()
    of = kind.removesuffix("_brief")
    own = found[of if of in found else "run"].tree
    runs = {"run": found["run"].tree, "a": found["before"].tree, "b": found["run"].tree}
    return {"": own, "sensitivity": found["sensitivity"].tree, "comparison": found["comparison"].tree, **runs}


def addresses(element: Element) -> list[str]:
    return [one.attributes["data-at"] for one in element.all("data")]


# ---- pictures beside a page


def test_figures_are_drawn_beside_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a run both kinds, of a comparison its own; what they draw is tested where they are."""

    def saver(stem: str) -> Callable[[object, Path], list[Path]]:
        return lambda tree, folder, **said: [folder / f"{stem}_{len(tree.children)}.svg"]  # type: ignore[attr-defined]

    for stem in ("published", "fans", "waterfalls"):
        monkeypatch.setattr(f"ctsim.figures.save_{stem}", saver(stem))
    for kind, stems in (("run", ["published", "fans"]), ("comparison", ["waterfalls"])):
        done = CliRunner().invoke(
            main, ["report", str(directories()[kind]), "--figures", "--out", str(tmp_path / kind)]
        )
        *drawn, page_line = done.stdout.splitlines()
        inside = directories()[kind] / "figures"
        nodes = len(results()[kind].tree.children)
        assert drawn == [f"picture: {inside / f'{stem}_{nodes}.svg'}" for stem in stems]
        assert page_line == f"page {tmp_path / kind}"


def test_a_sensitivity_result_has_no_figures_and_says_so() -> None:
    done = CliRunner().invoke(main, ["report", str(directories()["sensitivity"]), "--figures"])
    assert done.exit_code == 2 and "a sensitivity result has no figures" in done.stderr
    assert done.stderr.count("\n") == 1 and not list(directories()["sensitivity"].glob("report.*"))


# ---- every number


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("kind", "fewest"), [
    ("full", 500), ("brief", 25), ("sensitivity", 900), ("comparison", 60), ("sensitivity_brief", 25),
    ("comparison_brief", 25),
])  # fmt: skip
def test_every_number_is_the_results(trees: dict[tuple[str, str], Element], kind: str, fewest: int, lang: str) -> None:
    tree = trees[kind, lang]
    assert list(wrong_numbers(own_tree(kind), tree, bought())) == []  # type: ignore[arg-type]
    assert len(addresses(tree)) > fewest


def test_a_wrong_number_is_seen() -> None:
    at = "comparison:/co2_reduction|clean_energy_vehicles|2030|mean|"
    raw = value_at(own_tree("run"), at)  # type: ignore[arg-type]
    right = f'<data value="{raw!r}" data-at="{at}" data-x="1.0">{raw:.3g}</data>'
    assert raw and list(wrong_numbers(own_tree("run"), parsed(right))) == []  # type: ignore[arg-type]
    for wrong in (right.replace(f">{raw:.3g}<", f">{raw * 1.01:.3g}<"), right.replace(repr(raw), "1.0")):
        assert len(list(wrong_numbers(own_tree("run"), parsed(wrong)))) == 1  # type: ignore[arg-type]
    money = '<data value="9087.0" data-at="yen|2023|totals|refinanced" data-x="1.0">{}</data>'
    assert list(wrong_numbers({}, parsed(money.format("9,087")), bought())) == []
    assert len(list(wrong_numbers({}, parsed(money.format("9,088")), bought()))) == 1


def test_near_zero_no_digit_is_finer_than_a_thousandth() -> None:
    assert [rounded(value) for value in (3e-27, -4e-4, 0.0, 0.00051, 12.0)] == ["0.000", "0.000", "0", "0.000510", "12"]
    said = [one.text.strip() for kind in KINDS for one in parsed(page(kind, "en")).all("data")]
    assert max(map(len, said)) < 16


# ---- a comparison


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_comparison_shows_all_that_moves_and_why(trees: dict[tuple[str, str], Element], lang: str) -> None:
    tree = trees["comparison", lang]
    there = set(addresses(tree.by_id("moves")))
    listed = [one for one in table_lines(results()["comparison"].tree) if not one.same_as]  # as the terminal counts
    moved = [one for one in listed if one.status in ("changed", "added", "removed")]
    moves = cast(MovesPage, gathered("comparison", lang))
    assert [one.name for one in moves.moved] and Counter(one.name for one in moved) == Counter(
        one.name for one in moves.moved
    )
    for one in moves.moved:
        address = "|".join(one.address)
        assert {f"{address}|mean|", f"{address}|a_quantiles|0.5", f"{address}|b_quantiles|0.95"} <= there, one.name
        [cause] = one.causes
        assert f"{'|'.join(cause.address)}|mean|" in there
        assert moves.mark(cause.name) == "#1"
    assert moves.counts["unchanged"] == sum(one.status == "unchanged" for one in listed) > 0
    change = tree.by_id("change-1")
    [one] = moves.changes
    assert all(one.values[name] in change.text for name in ("before", "after", "set_by", "reason"))


def test_a_difference_in_few_draws_is_not_printed_as_nothing() -> None:
    """It is listed among what differs: mean 0.000 and "in no draw higher" would contradict that."""
    move = cast(MovesPage, gathered("comparison", "en")).moved[0]
    for mean, said in ((-1.04e-4, "−0.0001"), (-3e-7, "0.000"), (0.0, "0")):
        values = move.values | {"mean": mean / move.scale.factor, "mcse": 2e-5 / move.scale.factor}
        assert replace(move, values=values).signed("mean").striptags() == said


def test_a_comparison_keeps_boundaries_apart(trees: dict[tuple[str, str], Element]) -> None:
    moves = cast(MovesPage, gathered("comparison", "en"))
    known = {"|".join(one.address): one.panel for one in moves.moves}
    tables = list(trees["comparison", "en"].by_id("moves").all("table"))
    found = [{known[at.rpartition("|")[0].rpartition("|")[0].removeprefix("a:").removeprefix("b:")]
              for at in addresses(one) if not at.startswith("/attri")} for one in tables]  # fmt: skip
    assert len(found) > 1 and all(len(one) == 1 for one in found)
    assert {boundary for one in found for *_, boundary in one} == {"units_supported", "plants_supported"}


def test_a_pair_has_its_intervals_where_its_numbers_are() -> None:
    moves = cast(MovesPage, gathered("comparison", "en"))
    move = next(one for one in moves.moved if one.name == "clean_energy_vehicles.co2_reduction.2030")
    picture = parsed(pair(move))
    bars = {one.attributes["class"]: one for one in picture.all("rect")}
    ends = {side: [move.value(f"{side}_quantiles", q) for q in (0.05, 0.95)] for side in "ab"}
    top = max(map(max, ends.values()))
    for side, (low, high) in ends.items():
        bar = bars[f"side-{side}"].attributes
        assert float(bar["x"]) == pytest.approx(3 + low / top * 144, abs=0.06)
        assert float(bar["width"]) == pytest.approx((high - low) / top * 144, abs=0.11)
    assert "before" in next(picture.all("svg")).attributes["aria-label"]


def test_a_comparison_without_a_change_says_so() -> None:
    moves = MovesPage(replace(results()["comparison"]), "en")
    empty = moves.tree.copy()
    empty["changes"] = moves.tree["changes"].dataset.isel(change=slice(0, 0))
    moves.tree = empty
    from ctsim.report.page import html

    assert text("report.nothing_changed", "en") in parsed(html(moves)).by_id("changed").text


# ---- a sensitivity analysis


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sensitivity_page_has_every_cell_and_what_matters(trees: dict[tuple[str, str], Element], lang: str) -> None:
    analysis: Sensitivity = open_sensitivity(directories()["sensitivity"])
    drives = cast(DriversPage, gathered("sensitivity", lang))
    there = set(addresses(trees["sensitivity", lang].by_id("cells")))
    listed = {one.cell: one for one in ranked(analysis) if one.status == "random" and not one.is_total}
    assert listed.keys() == drives.by_name.keys() and len(listed) > 15
    for name, one in listed.items():
        cell = drives.by_name[name]
        assert [driver.name for driver in cell.drivers] == [driver.parameter for driver in one.drivers]
        matter = [driver for driver in cell.drivers if driver.matters]
        assert [driver.name for driver in matter] == [driver.parameter for driver in one.drivers if driver.matters]
        assert all(f"{'|'.join(driver.address)}|Sh|" in there for driver in matter)
        assert f"{'|'.join(cell.address)}|assumed_total|" in there
    quiet = drives.parameters()[1]
    assert quiet and [one.text for one in trees["sensitivity", lang].by_id("quiet").all("code")] == quiet


@pytest.fixture(scope="module")
def summed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one programme whose parts are added."""
    out = tmp_path_factory.mktemp("summed") / "sensitivity"
    sensitivity(scenario(), draws=2**10, programmes=["insulated_windows"], out=out)
    return out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sums_have_their_indices(summed: Path, trees: dict[tuple[str, str], Element], lang: str) -> None:
    page = parsed(html(DriversPage(open_result(summed), lang)))
    [one] = [one for one in ranked(open_sensitivity(summed)) if one.is_total and one.status == "random"]
    section = page.by_id("sums")
    there = set(addresses(section))
    for driver in one.drivers:
        for name in ("Sh", "S1", "ST"):
            assert (f"/totals/other|{driver.parameter}|windows_parts|{name}|" in there) == driver.matters
    assert "/totals/other|windows_parts|assumed_total|" in there and sum(driver.matters for driver in one.drivers) >= 2
    title = {"ja": "断熱窓 戸建と集合の計", "en": "Insulated windows, detached houses and apartments"}[lang]
    run = simulate(scenario(), draws=2**10, programmes=["insulated_windows"]).tree
    assert title in section.text and not list(wrong_numbers({"": open_result(summed).tree, "run": run}, page))
    assert "sums" not in [one.attributes.get("id") for one in trees["sensitivity", lang].all("section")]


def test_shares_are_as_long_as_they_are_large() -> None:
    def filled(value: float, basis: str) -> tuple[str, float]:
        bars = [one.attributes for one in parsed(share(value, basis)).all("rect")]
        return bars[-1]["class"], float(bars[-1]["width"])

    assert filled(0.5, "assumed") == ("assumed-bar", 45.0)
    assert filled(1.2, "published") == ("evidence-bar", 90.0)
    assert filled(nan, "assumed") == ("track", 90.0)


# ---- a run with both beside it


def test_exceedance_follows_the_share_of_variance(trees: dict[tuple[str, str], Element]) -> None:
    drives = cast(DriversPage, gathered("sensitivity", "en"))
    sections = cast(Sections, gathered("full", "en"))
    known = {one.fact.name: one for one in sections.lines if one.fact.name in drives.by_name}
    assert len(known) > 10
    for name, line in known.items():
        assert line.assumed == drives.by_name[name].value("assumed_total")
        assert line.mostly_assumed == (line.assumed > 0.5)
    by_count = {one.fact.name: one.mostly_assumed for one in cast(Sections, gathered("run", "en")).lines}
    differing = [name for name, line in known.items() if line.mostly_assumed != by_count[name]]
    assert differing, "both rules say the same: this shows nothing"
    shown = {at.rpartition("|p_at")[0] for at in addresses(trees["full", "en"].by_id("published")) if "|p_at" in at}
    hidden = {"|".join(line.fact.address) for line in known.values() if line.mostly_assumed}
    assert shown & {"|".join(line.fact.address) for line in known.values()} and not shown & hidden
    said = trees["full", "en"].by_id("published").text
    assert text("report.exceedance_by_variance", "en") in said
    assert text("report.exceedance_by_count", "en") not in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_has_sections_of_what_is_given(trees: dict[tuple[str, str], Element], lang: str) -> None:
    full, bare = (cast(Sections, gathered(kind, lang)).shown for kind in ("full", "run"))
    assert set(full) - set(bare) == {"drives", "changes"}
    section_ids = {one.attributes["id"] for one in trees["full", lang].all("section")}
    assert set(full) <= section_ids
    tree = trees["full", lang]
    assert any(at.startswith("sensitivity:/") for at in addresses(tree.by_id("drives")))
    assert any(at.startswith("comparison:/attribution/") for at in addresses(tree.by_id("changes")))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_money_is_shown_or_refused_with_the_reason(trees: dict[tuple[str, str], Element], lang: str) -> None:
    section = trees["full", lang].by_id("money")
    there = addresses(section)
    for year, issue in ((year, one) for year, one in bought().items() if "rows" in one):
        rows = [one for one in there if one.startswith(f"yen|{year}|rows|") and one.endswith("|allocated")]
        assert len(rows) == len(issue["rows"])
        for place, row in enumerate(issue["rows"]):
            figure = f"yen|{year}|rows|{place}|yen_per_tonne|median"
            assert (figure in there) == ("yen_per_tonne" in row)
            for name in PRO_RATA:
                assert (f"yen|{year}|rows|{place}|{name}|median" in there) == (name in row)
            assert row["why"] is None or row["why"][lang] in section.text
    assert section.text.count("限界削減費用ではない" if lang == "ja" else "Not a marginal abatement cost") >= 2
    refused = trees["full", lang].by_id("totals").text
    for one in cast(Sections, gathered("run", lang)).refused:
        assert getattr(one.title, lang) in refused and getattr(one.reason, lang) in refused


# ---- the brief


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_brief_has_three_boxes_that_are_not_added(trees: dict[tuple[str, str], Element], lang: str) -> None:
    brief = trees["brief", lang]
    of = {"units": "clean_energy_vehicles", "plants": "power_semiconductors", "outlook": "offshore_wind"}
    for box, programme in of.items():
        section = brief.by_id(f"box-{box}")
        found = {at.split("|")[1].partition(".")[0] for at in addresses(section) if not at.startswith("/totals")}
        assert found == {programme}
        for row in section.all("tr"):
            names = [at.split("|")[-2] for at in addresses(row)]
            assert not names or (names[0] == "published_low" and "quantiles" in names)
        assert text(f"brief.assumes_{box}", lang) in section.text
        for table in section.all("table"):
            assert len({one for one in map(_boundary_of, addresses(table)) if one}) == 1
    assert not any("p_at_least" in at for at in addresses(brief))


def _boundary_of(address: str) -> str:
    node, *labels, _, _ = address.split("|")
    if node.startswith("/totals"):
        return ""
    data = results()["run"].tree[node].dataset
    dims = [str(dim) for dim in data["boundary"].dims]
    at = {dim: int(label) if dim == "year" else label for dim, label in zip(dims, labels, strict=True)}
    return str(data["boundary"].sel(at).item())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_brief_says_what_drives_and_what_changed(trees: dict[tuple[str, str], Element], lang: str) -> None:
    brief = cast(Brief, gathered("brief", lang))
    bars = list(brief.drivers())
    assert [one.box for one in bars] == ["units", "plants", "outlook"]
    for one in bars:
        assert one.driver is one.cell.drivers[0] and one.cell.name == one.line.fact.name
        assert bool(JAPANESE.search(one.words)) == (lang == "ja")
    drives, changed = (trees["brief", lang].by_id(f"brief-{name}") for name in ("drives", "changed"))
    assert len(list(drives.all("li"))) == 3 and all("|Sh|" in at for at in addresses(drives))
    assert len(list(changed.all("li"))) == len(brief.changed()) == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_brief_marks_what_is_a_years_by_our_reading(monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """Today's tonnes are all printed by year; a figure that is not has the mark and the footnote of its box."""
    brief = cast(Brief, gathered("brief", lang))
    plain = html(brief, "brief.html")
    assert text("run.our_year", lang) not in plain
    monkeypatch.setattr(Fact, "our_year", property(lambda self: self.programme == "offshore_wind"))
    marked = parsed(html(brief, "brief.html"))
    assert text("run.our_year", lang) in marked.by_id("box-outlook").text
    assert {"ja": "/年*", "en": "/yr*"}[lang] in marked.by_id("box-outlook").text
    assert text("run.our_year", lang) not in marked.by_id("box-units").text


def test_the_brief_counts_what_may_be_said() -> None:
    brief = cast(Brief, gathered("brief", "en"))
    verdicts = Counter(one.verdict for one in brief.page.audit.figures)
    said = brief.verdicts
    assert said["all"] == sum(verdicts.values()) and said["formula"] == said["all"] - verdicts["no_formula"]
    assert said["not_reproduced"] == verdicts["not_reproduced"]
    wide, touching = brief.within
    assert 0 < touching < wide
    cells = results()["run"].tree["co2_reduction"].dataset
    q = cells["quantiles"].sel(quantile=[0.05, 0.95])
    outside_ = (cells["published_low"] > q[..., 1]) | (cells["published_high"] < q[..., 0])
    apart = int(outside_.sum())
    assert wide - touching >= apart and isfinite(apart)
    assert not re.search(r"seed|draws|\bn =", parsed(page("brief", "en")).text)


def test_a_sum_of_the_brief_is_a_declared_one() -> None:
    assert [box.sums for box in cast(Brief, gathered("brief", "en")).boxes()] == [[], [], []]
    totals = cast(Brief, gathered("brief", "en")).page.facts.totals
    assert len(CHOSEN) == 3 and all(one.word("kind") for one in totals)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_brief_has_the_money_as_printed(trees: dict[tuple[str, str], Element], lang: str) -> None:
    money = trees["brief", lang].by_id("brief-money")
    totals = accounts("2023").totals
    said = {one.attributes["data-at"]: one.text for one in money.all("data")}
    assert float(said["yen|2023|totals|allocated"].replace(",", "")) == totals.allocated * (1 if lang == "ja" else 0.1)
    assert said["yen|2023|totals|refinanced"] == ("9,087" if lang == "ja" else "908.7")
    assert "yen|2024|totals|refinanced" not in said and text("report.not_stated", lang) in money.text


# ---- files that stand alone, in one language


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_pages_stand_alone_and_speak_one_language(trees: dict[tuple[str, str], Element], kind: str, lang: str) -> None:
    content, tree = page(kind, lang), trees[kind, lang]
    assert len(content.encode()) <= 5_000_000 and "default-src 'none'" in content
    assert not list(tree.all("link", "img", "iframe", "object", "image", "use"))
    names = [one.attributes["id"] for one in tree.all() if "id" in one.attributes]
    assert len(names) == len(set(names))
    assert [one for link in tree.all("a") if (one := link.attributes["href"])[1:] not in names] == []
    headings = [one.text for one in tree.all("h1", "h2", "h3", "h4", "h5", "thead") if one.text.strip()]
    wrong = [one for one in headings if bool(JAPANESE.search(one)) != (lang == "ja")]
    assert len(headings) > 10 and wrong == []
    for table in tree.all("table"):
        assert all(one.attributes.get("scope") for one in table.all("th"))
    for picture in tree.all("svg"):
        assert picture.attributes["role"] == "img" and picture.attributes["aria-label"].strip(" :")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_words_that_claim_too_much_are_not_there(trees: dict[tuple[str, str], Element], kind: str, lang: str) -> None:
    for word in ("達成確率", "信頼区間", "波及効果", "confidence interval", "P90", "marginal cost"):
        assert word not in trees[kind, lang].text


# ---- the command, and what goes wrong


def test_the_command_writes_each_page(tmp_path: Path) -> None:
    path = directories()["comparison"]
    made = CliRunner().invoke(main, ["report", str(path), "--lang", "en", "--out", str(tmp_path / "page.html")])
    assert made.exit_code == 0 and (tmp_path / "page.html").read_text(encoding="utf-8") == page("comparison", "en")
    run = directories()["run"]
    made = CliRunner().invoke(main, ["report", str(run), "--brief", "--lang", "en"])
    assert made.output.strip().endswith("brief.en.html")
    said = parsed((run / "brief.en.html").read_text(encoding="utf-8")).text
    assert "--sensitivity DIR adds it" in said and "--comparison DIR adds it" in said
    assert text("brief.drives_none", "en") in said and text("brief.changed_none", "en") in said


def test_results_about_something_else_are_refused(tmp_path: Path) -> None:
    found, run = directories(), results()["run"]
    with pytest.raises(RunDirectoryError, match="holds a comparison, not a sensitivity"):
        open_beside(found["comparison"], "sensitivity", run)
    other = replace(run, scenario=results()["comparison"].before)
    with pytest.raises(
        RunDirectoryError, match=r"compares something with another scenario .*compare with this one as B"
    ):
        open_beside(found["comparison"], "comparison", other)
    with pytest.raises(RunDirectoryError, match="is of another scenario"):
        open_beside(found["sensitivity"], "sensitivity", other)
    with pytest.raises(InputError, match="holds a sensitivity; --sensitivity and --comparison go with a run"):
        report(found["sensitivity"], comparison=found["comparison"], out=tmp_path / "x.html")
    (tmp_path / "stress").mkdir()
    (tmp_path / "stress" / "stress.json").write_text("{}", encoding="utf-8")
    refused = CliRunner().invoke(main, ["report", str(tmp_path / "stress")])
    assert (
        refused.exit_code == 2
        and refused.stderr.count("\n") == 1
        and "`ctsim compare SCENARIO --stress`" in refused.stderr
    )
    (tmp_path / "none").mkdir()
    with pytest.raises(RunDirectoryError, match=r"no run\.json"):
        open_result(tmp_path / "none")


def test_a_damaged_comparison_is_refused(tmp_path: Path) -> None:
    for one in directories()["comparison"].iterdir():
        (tmp_path / one.name).write_bytes(one.read_bytes())
    (tmp_path / "b.toml").write_text("[scenario]\n", encoding="utf-8")
    with pytest.raises(RunDirectoryError, match=r"b\.toml: is missing or damaged"):
        report(tmp_path)


def test_names_from_outside_cannot_harm_a_comparison(tmp_path: Path) -> None:
    from ctsim import compare

    hostile = "<script>alert(1)</script> & {{ 7*7 }}"
    code = "from ctsim.units import Mt_CO2_per_yr\n\n\ndef f(x: Mt_CO2_per_yr) -> Mt_CO2_per_yr:\n    '''y'''\n"
    for name, value in (("a", 1), ("b", 2)):
        parameter = {"x": f'value = {value}\nunit = "Mt-CO2/yr"'}
        outside(tmp_path / name, "mine", parameter, {"2030": "f"}, f"{code}    return x\n")
        study(tmp_path / name, ["mine"], titles=hostile)
    files = [str(tmp_path / name / "study.toml") for name in ("a", "b")]
    compare(*files, draws=2**14, out=tmp_path / "out", formulas=tmp_path / "a" / "formulas")
    path = report(tmp_path / "out", "en", formulas=tmp_path / "a" / "formulas")
    content = path.read_text(encoding="utf-8")
    assert hostile not in content and "&lt;script&gt;" in content
    assert hostile in next(parsed(content).all("h1")).text
    said = [float(np.round(float(one.attributes["value"]), 9)) for one in parsed(content).by_id("moves").all("data")]
    assert 1.0 in said and 2.0 in said


@pytest.mark.parametrize("made", [lambda path: report(path, "ja"), lambda path: export(path, "xlsx", "en")])
def test_a_result_with_a_word_of_another_version_is_named(
    made: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = results()["run"]
    tree = run.tree.copy(deep=True)
    status = tree["co2_reduction"].dataset["status"]
    words = np.where(status.values == "published", "foretold", status.values)
    tree["co2_reduction"] = tree["co2_reduction"].to_dataset().assign(status=(status.dims, words))
    for module in ("ctsim.report.page", "ctsim.export.write"):
        monkeypatch.setattr(f"{module}.open_result", lambda *_: replace(run, tree=tree))
    with pytest.raises(RunDirectoryError, match=r"a word that this ctsim does not know \(no text 'status\.foretold'\)"):
        made(run.path)
