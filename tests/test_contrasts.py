"""Workbooks of comparisons and sensitivity analyses: numbers are the tree's, names are names, in both languages."""

import math
import re
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from python_calamine import CalamineWorkbook

from ctsim import units
from ctsim.audit import audit
from ctsim.compare import Comparison
from ctsim.compare_tables import comparison_tables
from ctsim.dataset import cell_name
from ctsim.export import write
from ctsim.export.printed import PrintedOf
from ctsim.export.write import export
from ctsim.locale import LANGUAGES, text
from ctsim.ranking import ranked, sensitivity_tables, why_apart
from ctsim.sensitivity import Sensitivity
from tests import libreoffice
from tests.report_results import CHOSEN, directories, results, study
from tests.runs import scenario
from tests.test_unit_words import check

Rows = list[dict[str, Any]]
KINDS = ("comparison", "sensitivity")
QUANTILES = {"q05": 0.05, "median": 0.5, "q95": 0.95}
CODE_UNIT = re.compile(r"\b(?:Mt|trillion|JPY|yr|vehicle|theme|ship|furnace)\b")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    folder, found = tmp_path_factory.mktemp("contrasts"), results()
    with pytest.MonkeyPatch.context() as patch:
        for kind in KINDS:
            patch.setattr(write, "open_result", lambda directory, formulas, kind=kind: found[kind])
            for lang in LANGUAGES:
                export(directories()[kind], "xlsx", lang, folder / f"{kind}.{lang}.xlsx")
    return {(kind, lang): folder / f"{kind}.{lang}.xlsx" for kind in KINDS for lang in LANGUAGES}


def rows_of(book: Path, key: str, lang: str) -> Rows:
    [head, *lines] = CalamineWorkbook.from_path(book).get_sheet_by_name(text(f"workbook.sheet_{key}", lang)).to_python()
    assert len(set(head)) == len(head)
    return [dict(zip(head, line, strict=True)) for line in lines]


def same(line: dict[str, Any], key: str, lang: str, number: float) -> bool:
    """Whether a cell holds the whole number, or a dash where there is none."""
    cell = line[text(f"workbook.{key}", lang)]
    return cell == (pytest.approx(number, rel=1e-15, abs=0) if math.isfinite(number) else "–")


def wrong(line: dict[str, Any], lang: str, wanted: dict[str, float]) -> list[str]:
    name = line[text("workbook.name", lang)]
    return [f"{name} {key}" for key, number in wanted.items() if not same(line, key, lang, float(number))]


def quantities(tree: xr.DataTree, mark: str) -> Iterator[tuple[str, xr.Dataset]]:
    """Every place of the nodes that have the variable `mark`, by name."""
    for node in tree.subtree:
        data = node.to_dataset(inherit=False)
        if mark in data and not node.path.startswith(("/attribution", "/groups")):
            dims = [str(dim) for dim in data[mark].dims]
            for place in data[mark].stack(place=dims)["place"].values:
                labels = place if len(dims) > 1 else (place[0] if isinstance(place, tuple) else place,)
                at = data.sel(dict(zip(dims, labels, strict=True)))
                if str(at["status"].values if "status" in at else "") != "not_applicable":
                    yield cell_name(node.path, list(map(str, labels))), at


@cache
def printed_in_a_run() -> dict[str, dict[str, float]]:
    """Published ends and formula's results of the run of the same scenario, as its tree keeps them."""
    found = {}
    for name, at in quantities(results()["run"].tree, "p_at_least_published"):
        found[name] = {key: float(at[key]) for key in ("published_low", "published_high", "computed")}
        if str(at["status"].values if "status" in at else "published") != "published":
            found[name]["computed"] = math.nan
    return found


# ---- a comparison


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_number_of_a_comparison_is_the_trees(books: dict[tuple[str, str], Path], lang: str) -> None:
    tree = results()["comparison"].tree
    lines = {line[text("workbook.name", lang)]: line for line in rows_of(books["comparison", lang], "comparison", lang)}
    every = quantities(tree, "p_higher")
    wanted = {name: at for name, at in every if "same_as" not in at or not str(at["same_as"].values)}  # else a cell's
    assert lines.keys() == wanted.keys() and len(lines) > 20
    faults = []
    for name, at in wanted.items():
        of = {"difference_mean": at["mean"], "mcse": at["mcse"], "p_higher": at["p_higher"],
              "a_mean": at["a_mean"], "b_mean": at["b_mean"]}  # fmt: skip
        of |= {f"difference_{key}": at["quantiles"].sel(quantile=q) for key, q in QUANTILES.items()}
        of |= {
            f"{side}_{key}": at[f"{side}_quantiles"].sel(quantile=q) for side in "ab" for key, q in QUANTILES.items()
        }
        if not name.startswith("total") and name in printed_in_a_run():
            of |= {f"b_{key}": number for key, number in printed_in_a_run()[name].items()}
        faults += wrong(lines[name], lang, of)
    assert faults == []
    parts = rows_of(books["comparison", lang], "attribution", lang)
    assert len(parts) == 6
    for part in parts:
        whole = lines[part[text("workbook.name", lang)]][text("workbook.difference_mean", lang)]
        assert part[text("workbook.part_mean", lang)] == pytest.approx(
            whole, rel=1e-9, abs=1e-12
        )  # there is one change


def test_what_a_formula_gives_in_a_is_what_the_audit_of_a_says(books: dict[tuple[str, str], Path]) -> None:
    lines = {line["Name"]: line for line in rows_of(books["comparison", "en"], "comparison", "en")}
    checked = 0
    for one in audit(study()).figures:
        line = lines.get(one.key)
        if line and one.computed is not None:
            yearly = {"Mt-CO2/yr": "Mt-CO2/yr", "trillion JPY/yr": "兆円/yr"}
            factor = units.conversion(one.unit, yearly.get(line["Unit"], one.unit))
            assert line["A, computed by its formula"] == pytest.approx(one.computed * factor, rel=1e-12), one.key
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize("lang", LANGUAGES)
def test_changes_have_names_and_words(books: dict[tuple[str, str], Path], lang: str) -> None:
    [line] = rows_of(books["comparison", lang], "changes", lang)
    change = line[text("workbook.change", lang)]
    assert line[text("workbook.number", lang)] == "#1" and line[text("workbook.name", lang)] == "future_grid_factor"
    assert line[text("workbook.kind", lang)] == text("workbook.kind_parameter", lang) and "_" not in change
    causes = {part[text("workbook.change", lang)] for part in rows_of(books["comparison", lang], "attribution", lang)}
    assert causes == {f"#1 {change}"}


# ---- a sensitivity analysis


def analysis() -> Sensitivity:
    found = results()["sensitivity"]
    return Sensitivity(found.tree, dict(found.card), found.path)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_number_of_an_analysis_is_the_trees(books: dict[tuple[str, str], Path], lang: str) -> None:
    cells = {
        name: at
        for name, at in quantities(results()["sensitivity"].tree, "q025")
        if str(at["status"].values) == "random"
    }
    lines = {
        line[text("workbook.name", lang)]: line for line in rows_of(books["sensitivity", lang], "sensitivity", lang)
    }
    assert lines.keys() == cells.keys() and len(lines) > 30
    faults = []
    for name, at in cells.items():
        of = {key: at[key] for key in ("central", "mean", "sd", "q025", "q975", "approach2_below",
                                       "approach2_above", "assumed_first", "assumed_total")}  # fmt: skip
        of |= {key: at["quantiles"].sel(quantile=share) for key, share in QUANTILES.items()}
        of |= {"approach1": at["approach1_percent"], "approach2": at["approach2_percent"]}
        faults += wrong(lines[name], lang, of | printed_in_a_run().get(name, {}))
    assert faults == []
    drivers = rows_of(books["sensitivity", lang], "drivers", lang)
    for line in drivers:
        at = cells[line[text("workbook.name", lang)]].sel(parameter=line[text("workbook.parameter_id", lang)])
        names = ("S1", "S1_mcse", "ST", "ST_mcse", "Sh", "Sh_mcse", "spearman", "narrowing", "swing_low", "swing_high")
        faults += wrong(line, lang, {name: at[name] for name in names})
    assert faults == [] and len(drivers) > 5 * len(cells)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_why_the_two_approaches_differ_is_said_in_the_language(books: dict[tuple[str, str], Path], lang: str) -> None:
    lines = rows_of(books["sensitivity", lang], "sensitivity", lang)
    wanted = [why_apart(one.numbers, lang) for one in ranked(analysis())]
    assert [line[text("workbook.words", lang)] for line in lines] == wanted
    if lang == "ja":
        assert not [one for one in wanted if re.search(r"\b(?:mean|skewed|wider|agree)\b", one)]


# ---- both


@pytest.mark.parametrize(("kind", "sheet"), [("comparison", "comparison"), ("sensitivity", "sensitivity"),
                                             ("sensitivity", "drivers"), ("comparison", "attribution")])  # fmt: skip
def test_lines_have_the_names_of_programmes_and_no_identifiers(
    books: dict[tuple[str, str], Path], kind: str, sheet: str
) -> None:
    for lang in LANGUAGES:
        lines = rows_of(books[kind, lang], sheet, lang)
        names = {getattr(one, f"name_{lang}") for one in scenario().programmes if one.id in CHOSEN}
        said = {line[text("workbook.programme", lang)].split(" ", 1)[-1] for line in lines}
        assert len(names & said) >= len(names) - (sheet == "attribution")  # wind is not changed
        for line in lines:
            about = [line[text(f"workbook.{key}", lang)] for key in ("programme", "quantity")]
            assert all(about) and not any(re.search(r"[a-z]_[a-z]", one) for one in about), about
            if "parameter" in sheet or sheet == "drivers":
                assert "_" not in line[text("workbook.parameter", lang)]


@pytest.mark.parametrize("kind", KINDS)
def test_units_are_in_the_language_of_the_book(books: dict[tuple[str, str], Path], kind: str) -> None:
    japanese = re.compile(r"[ぁ-んァ-ヶ一-龠]")
    for lang in LANGUAGES:
        sheets = (kind, {"sensitivity": "drivers", "comparison": "attribution"}[kind])
        unit = text("workbook.unit", lang)
        found = {line[unit] for sheet in sheets for line in rows_of(books[kind, lang], sheet, lang)}
        assert len(found) >= 3
        pattern = CODE_UNIT if lang == "ja" else japanese
        assert not [one for one in found if pattern.search(one)], found


@pytest.mark.parametrize("kind", KINDS)
def test_what_intervals_leave_out_is_there_of_the_programmes_that_are_there(
    books: dict[tuple[str, str], Path], kind: str
) -> None:
    for lang in LANGUAGES:
        listed = {line[text("workbook.name", lang)] for line in rows_of(books[kind, lang], "left_out", lang)}
        assert listed and listed <= set(CHOSEN)


@pytest.mark.parametrize(("kind", "sheet"), [("comparison", "attribution"), ("sensitivity", "drivers")])
def test_each_chart_draws_the_lines_of_its_quantity(books: dict[tuple[str, str], Path], kind: str, sheet: str) -> None:
    for lang in LANGUAGES:
        lines = rows_of(books[kind, lang], sheet, lang)
        heads = list(lines[0])
        shown = {"attribution": ("change", "part_mean"), "drivers": ("parameter", "S1")}[sheet]
        columns = [heads.index(text(f"workbook.{one}", lang)) for one in shown]
        charts = charts_of(books[kind, lang])
        assert 3 <= len(charts) <= 24
        for title, places in charts:
            assert {place[0] for place in places} == {text(f"workbook.sheet_{sheet}", lang)}
            assert [ord(place[1]) - ord("A") for place in places[:2]] == columns
            [(first, last)] = {place[2:] for place in places}
            here = lines[int(first) - 2 : int(last or first) - 1]
            about = {
                " ".join(line[text(f"workbook.{key}", lang)] for key in ("programme", "quantity")) for line in here
            }
            assert about == {title}


def charts_of(book: Path) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Title of each chart, and what it draws: sheet, column, first and last line."""
    found = []
    with zipfile.ZipFile(book) as file:
        for name in (one for one in file.namelist() if one.startswith("xl/charts/chart")):
            chart = file.read(name).decode()
            places = re.findall(r"<c:cat>.*?<c:f>([^!<]+)!\$([A-Z])\$(\d+)(?::\$[A-Z]\$(\d+))?</c:f>", chart)
            places += re.findall(r"<c:val>.*?<c:f>([^!<]+)!\$([A-Z])\$(\d+)(?::\$[A-Z]\$(\d+))?</c:f>", chart)
            cut = [(sheet.strip("'"), *rest) for sheet, *rest in places]
            pairs = [cut[0], cut[len(cut) // 2]]  # names, then the first values
            found.append((re.findall(r"<a:t>([^<]*)</a:t>", chart)[0], pairs))
    return found


@libreoffice.needed
def test_libreoffice_opens_them_without_a_fault(books: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    for again, kind in zip(
        libreoffice.all_converted([books[kind, "ja"] for kind in KINDS], "xlsx", tmp_path), KINDS, strict=True
    ):
        before, after = CalamineWorkbook.from_path(books[kind, "ja"]), CalamineWorkbook.from_path(again)
        assert after.sheet_names == before.sheet_names and libreoffice.faults(again) == []
        for name in (text(f"workbook.sheet_{one}", "ja") for one in (kind, "left_out")):
            lines = zip(*(one.get_sheet_by_name(name).to_python() for one in (before, after)), strict=True)
            for one, other in lines:
                assert [
                    cell if isinstance(cell, str) else pytest.approx(cell, rel=1e-12, abs=0) for cell in one
                ] == other


@pytest.mark.parametrize("kind", KINDS)
def test_terminal_tables_have_japanese_units_and_are_aligned(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    if kind == "comparison":
        found = results()[kind]
        comparison_tables(Comparison(found.tree, dict(found.card), (), found.path), "ja")
    else:
        sensitivity_tables(analysis(), ("power_semiconductors.co2_reduction.2030",), "ja")
    out = capsys.readouterr().out
    check(out)
    assert "百万t-CO₂/年" in out


# ---- what is printed, of a whole scenario


def test_nothing_is_printed_of_what_is_not_there() -> None:
    known = PrintedOf(scenario())
    assert all(math.isnan(one) for one in known["no.such.2030"].numbers)
    wind = known["offshore_wind.co2_reduction.2040"]  # a path: the formula is ctsim's
    assert math.isnan(wind.computed) and known["offshore_wind.co2_reduction.2050"].computed > 0
