"""The workbook of a run: its numbers are the dataset's, its formulas live and right, its texts never formulas."""

import math
import re
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from ctsim import simulate
from ctsim.accounts import accounts, shipped
from ctsim.audit import AuditFigure, audit
from ctsim.binding import Step
from ctsim.bought import SECTIONS, account
from ctsim.cli import main
from ctsim.engine import Run, open_run
from ctsim.export.arithmetic import NotLiveError, constants_of, excel, statements
from ctsim.export.book import Book, Column, Live, Shown
from ctsim.export.live import _signature
from ctsim.export.write import export
from ctsim.locale import LANGUAGES, text
from ctsim.notes import given
from ctsim.policy import frame
from ctsim.printing_bought import account_json
from ctsim.printing_policy import policy_json
from ctsim.stocks import FUNCTIONS, linear_path, survival
from ctsim.unit_words import unit_words
from ctsim.valued import national
from tests import libreoffice
from tests.runs import outside, scenario, study
from tests.spreadsheet import evaluated

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
Rows = list[dict[str, Any]]
STATISTICS = {"published_low": "published_low", "published_high": "published_high", "computed": "computed",
              "mean": "mean", "sd": "sd", "mcse": "mcse", "median": 0.5, "q05": 0.05, "q95": 0.95, "q025": 0.025,
              "q975": 0.975}  # fmt: skip
"""Columns of statistics, and the variable, or the quantile, that each shows."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole report, sealed."""
    path = tmp_path_factory.mktemp("export") / "run"
    simulate(scenario(), draws=2**14, method="mc", out=path)
    return path


@pytest.fixture(scope="module")
def run(directory: Path) -> Run:
    return open_run(directory)


@pytest.fixture(scope="module")
def books(directory: Path) -> dict[str, Path]:
    """The workbook in both languages."""
    return {lang: export(directory, "xlsx", lang) for lang in LANGUAGES}


@pytest.fixture(scope="module")
def audited() -> tuple[AuditFigure, ...]:
    return audit(scenario()).figures


def rows_of(book: Path, key: str, lang: str, head: int = 0) -> Rows:
    """The lines of a sheet by the keys of its heads; what shows a dash is NaN."""
    page = CalamineWorkbook.from_path(book).get_sheet_by_name(text(f"workbook.sheet_{key}", lang)).to_python()
    return [dict(zip(page[head], line, strict=True)) for line in page[head + 1 :]]


@cache
def asked() -> tuple[dict[str, Any], ...]:
    """What `ctsim yen --json` says of each issue."""
    return tuple(account_json(account(scenario(), accounts(year))) for year in shipped())


def rows_of_top(book: Path, key: str, lang: str) -> Rows:
    """The same of a sheet with more below its table."""
    page = CalamineWorkbook.from_path(book).get_sheet_by_name(text(f"workbook.sheet_{key}", lang)).to_python()
    return [dict(zip(page[0], line, strict=True)) for line in page[1:]]


def shown(line: Mapping[str, Any], key: str, lang: str) -> float:
    cell = line[text(f"workbook.{key}", lang)]
    return math.nan if cell in ("–", "") else float(cell)


def same(cell: float, number: float, near: float = 1e-15) -> bool:
    return (math.isnan(cell) and not math.isfinite(number)) or cell == pytest.approx(number, rel=near, abs=0)


# ---- numbers


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_cell_is_that_of_the_dataset(books: dict[str, Path], run: Run, lang: str) -> None:
    lines = rows_of(books[lang], "cells", lang)
    assert len(lines) == 21 * 3 * 2
    wrong = []
    for line in lines:
        programme, metric, year = line[text("workbook.name", lang)].split(".")
        at = run.tree[metric].dataset.sel(programme=programme, year=int(year))
        for key, name in STATISTICS.items():
            number = at["quantiles"].sel(quantile=name) if isinstance(name, float) else at[name]
            ours = key == "computed" and str(at["status"].values) != "published"  # a path is not the report's formula
            if not same(shown(line, key, lang), math.nan if ours else float(number)):
                wrong.append((programme, metric, year, key))
        assert math.isfinite(shown(line, "median", lang)) or line[text("workbook.reason", lang)]
    assert wrong == []
    wind = next(one for one in lines if one[text("workbook.name", lang)] == "offshore_wind.co2_reduction.2040")
    assert math.isnan(shown(wind, "computed", lang)) and math.isfinite(shown(wind, "median", lang))


def sums_and_bounds(run: Run) -> list[str]:
    """Totals that have a number; a bound of one member is that member's own cell, and is not shown."""
    found = []
    for node in (one.dataset for one in run.tree["totals"].children.values()):
        members = node["members"].stack(place=node["members"].dims)
        for one, reason in zip(members, node["reason"].stack(place=node["reason"].dims).values, strict=True):
            if not reason and (str(one["kind"].values) == "sum" or ", " in str(one.values)):
                found.append(str(one["group"].values))
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_intervals_leave_out_is_on_the_sheet_that_the_summary_names(books: dict[str, Path], lang: str) -> None:
    listed = rows_of(books[lang], "left_out", lang)
    wanted = [(one.id, getattr(left, f"what_{lang}"), given(left.why, lang))
              for one in scenario().programmes for left in one.page.unquantified]  # fmt: skip
    heads = [text(f"workbook.{name}", lang) for name in ("name", "left_out", "because")]
    assert [tuple(line[head] for head in heads) for line in listed] == wanted and len(wanted) > 40
    assert all(line[text(f"workbook.{name}", lang)] for line in listed for name in ("direction", "size"))
    assert text("workbook.sheet_left_out", lang) in text("workbook.intervals", lang)
    first = CalamineWorkbook.from_path(books[lang]).get_sheet_by_index(0).to_python()
    assert [text("workbook.intervals", lang)] in [[cell for cell in line if cell] for line in first]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_parts_readings_and_totals_are_those_of_the_dataset(books: dict[str, Path], run: Run, lang: str) -> None:
    others = run.tree["other"].dataset
    medians = dict(zip(others["figure"].values.tolist(), others["quantiles"].sel(quantile=0.5).values, strict=True))
    found = {line[text("workbook.name", lang)]: line for line in rows_of(books[lang], "items", lang)}
    assert len(found) > len(medians) > 40
    assert all(same(shown(found[name], "median", lang), value) for name, value in medians.items())
    totals = rows_of(books[lang], "totals", lang)
    refused = [one for one in totals if one[text("workbook.how", lang)] == text("workbook.how_not_applicable", lang)]
    assert refused and all(one[text("workbook.reason", lang)] for one in refused)
    assert not [one for one in totals if re.search(r"[a-z]_[a-z]", one[text("workbook.members", lang)])]
    money = [one for one in totals if one[text("workbook.unit", lang)] == unit_words("億円", lang)]
    assert [float(shown(one, "published_low", lang)) for one in money] == [28305, 29867]
    assert len(totals) - len(refused) - len(money) == len(sums_and_bounds(run)) > 20
    for line in (one for one in totals if one not in refused and one not in money):
        group, metric, year, bound = re.fullmatch(  # as `--threshold` and `ctsim show` take it
            r"(\w+)(?:\.(co2_reduction|economic_effect)\.(\d{4})(?:\.(.+))?)?", line[text("workbook.name", lang)]
        ).groups()  # type: ignore[union-attr]
        name = f"{group}.{bound}" if bound else group
        node = run.tree[f"totals/{metric or 'other'}"].dataset
        at = node.sel({"group": name} | ({"year": int(year)} if year else {}))
        assert same(shown(line, "q95", lang), float(at["quantiles"].sel(quantile=0.95)))
        assert same(shown(line, "independent_q05", lang), float(at["independent_quantiles"].sel(quantile=0.05)))
        assert same(shown(line, "central", lang), float(at["computed"]))


def test_an_estimate_shows_no_digit_that_its_error_does_not_support(books: dict[str, Path]) -> None:
    book = Book("en", "t")
    forms = [book.figures(1.23456, "", Shown(1.23456, error)).num_format for error in (0.0, 0.02, 0.3)]
    assert forms == ["0.00", "0.0", "0"]
    assert book.figures(1234567.0).num_format == "#,##0"
    assert book.figures(0.00001).num_format == "0.#####E+00"
    assert book.figures(0.5225).num_format == "0.0000"


# ---- formulas


def lived(function: Callable[..., float], given: Mapping[str, float]) -> float:
    """A formula as the sheet holds it, computed line by line."""
    from ctsim import constants

    cells = dict(given) | {name: getattr(constants, name) for name in constants_of(function)}
    for name, expression in statements(function):
        cells[name or "result"] = evaluated(excel(expression, {one: one for one in cells}), cells)
    return cells["result"]


def test_every_formula_of_the_report_is_the_same_arithmetic() -> None:
    """But for lifetimes, whose gamma function is the spreadsheet's, and sums in loops, which are not live."""
    binding = scenario().binding
    results, rows = binding.evaluate(binding.central()), binding.central()
    not_live, checked = set[str](), 0
    for number, step in enumerate(binding.steps):
        if step.function is None:
            continue
        names = _signature(step, step.function)[0]
        values = [(rows if one.kind == "row" else results)[one.index] * one.factor for one in step.inputs]
        try:
            found = lived(step.function, dict(zip(names, values, strict=True))) * step.factor
        except NotLiveError as error:
            not_live.add(str(error))
            continue
        near = 1e-9 if calls(step, survival) else 1e-12
        assert found == pytest.approx(results[number], rel=near, abs=0), step.figure.key
        checked += 1
    assert not_live == {"ramped_stock_years"} and checked > 160


def calls(step: Step, function: Callable[..., float]) -> bool:
    return function.__name__ in step.function.__code__.co_names if step.function else False


def hard(a: float, b: float, c: float) -> float:
    """Whatever a formula may hold."""
    d = -(a**2) - (b - c) / (a / b) * 2
    e = min(a, b, max(c, 0.5)) + (b if a < b <= c or a == 3 else -c)
    return linear_path(d, e + 1, a - b) ** 3 + (d if a != b and b > 1e-7 else e)


@pytest.mark.parametrize("given", [(1.0, 2.0, 3.0), (3.0, 2.0, -1.5), (-2.0, 7.0, 0.1), (0.3, 0.3, 0.3)])
def test_signs_brackets_and_conditions(given: tuple[float, float, float]) -> None:
    assert lived(hard, dict(zip("abc", given, strict=True))) == pytest.approx(hard(*given), rel=1e-14)


def test_a_minus_before_a_power_has_brackets() -> None:
    """In a cell -2^2 is 4."""
    [(_, first), *_] = statements(hard)
    assert excel(first, dict(zip("abc", ("A1", "B1", "C1"), strict=True))) == "(-(A1^2))-(B1-C1)/(A1/B1)*2"


def test_helpers_are_live_or_named() -> None:
    assert set(FUNCTIONS) == {"linear_path", "survival", "stock_years", "ramped_stock_years"}
    with pytest.raises(NotLiveError, match="stock_years"):
        excel(statements(_cohorts)[0][1], {"span": "A1", "life": "B1", "shape": "C1"})


def _cohorts(span: float, life: float, shape: float) -> float:
    """Cohorts still in use"""
    return stock_years(span, life, shape)  # type: ignore[name-defined]  # noqa: F821


def computable(lines: Rows, lang: str) -> dict[str, list[tuple[float, float]]]:
    """By figure: ctsim's number and that of the live formula, at the middle and at both ends."""
    pairs = (("computed", "live"), ("computed_low", "live_low"), ("computed_high", "live_high"))
    found = {line[text("workbook.figure", lang)]: [(shown(line, a, lang), shown(line, b, lang)) for a, b in pairs]
             for line in lines}  # fmt: skip
    return {name: each for name, each in found.items() if math.isfinite(each[0][0])}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_audit_sheet_is_the_audit(books: dict[str, Path], audited: tuple[AuditFigure, ...], lang: str) -> None:
    found = computable(rows_of(books[lang], "audit", lang), lang)
    wanted = {one.key: one for one in audited if one.computed is not None}
    assert found.keys() == wanted.keys() and len(found) == 42
    for name, one in wanted.items():
        for cells, number in zip(found[name], (one.computed, one.computed_low, one.computed_high), strict=True):
            assert number is not None and all(same(cell, number) for cell in cells)


@libreoffice.needed
def test_libreoffice_calculates_the_audit(books: dict[str, Path], tmp_path: Path) -> None:
    """From formulas alone, without the results that are stored beside them."""
    bare = tmp_path / "bare.xlsx"
    assert libreoffice.without_results(books["en"], bare) > 3000
    before = computable(rows_of(bare, "audit", "en"), "en")
    assert all(math.isnan(live) for each in before.values() for _, live in each)
    book = libreoffice.converted(bare, "xlsx", tmp_path / "calculated")
    found = computable(rows_of(book, "audit", "en"), "en")
    assert len(found) == 42
    for name, each in found.items():
        assert all(live == pytest.approx(own, rel=1e-12, abs=0) for own, live in each), name
    formulas = rows_of(book, "formulas", "en", head=10)
    away = [shown(line, "away", "en") for line in formulas]
    assert max(one for one in away if one == one) < 1e-8 and sum(one == one for one in away) == 188
    assert libreoffice.faults(book) == []


def test_a_changed_parameter_changes_the_result_by_its_cell(books: dict[str, Path]) -> None:
    """The block of a figure points at the sheet of parameters, and the audit at the block."""
    with zipfile.ZipFile(books["en"]) as file:
        sheets = [file.read(f"xl/worksheets/sheet{n}.xml").decode() for n in range(1, 16)]
    order = [CalamineWorkbook.from_path(books["en"]).sheet_names.index(name) for name in ("Formulas", "Audit")]
    formulas, audit_sheet = (sheets[n] for n in order)
    assert "<f>'Parameters'!$G$" in formulas and "<f>'Formulas'!$E$" in audit_sheet
    assert re.search(r"<f>\(J\d+\*J\d+\+J\d+\)\*J\d+\*J\d+\*\$E\$\d+</f>", formulas)  # (① × ③ + ②) × ④ × ⑤ × 8760


# ---- texts, and how it looks


HOSTILE = ("=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1,2)", "=HYPERLINK(\"http://x.example\",\"y\")", "{=1}",
           "http://x.example/?a=1", "internal:'Audit'!A1", "007", "1e5", "TRUE", "'=1", "\t=1", "<b>&amp;")  # fmt: skip


def test_texts_stay_texts(tmp_path: Path) -> None:
    book = Book("en", "=1+1")
    book.sheet("cells").table(0, [Column("=2+2")], [[one] for one in HOSTILE])
    path = tmp_path / "hostile.xlsx"
    path.write_bytes(book.content())
    with zipfile.ZipFile(path) as file:
        page = file.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in page and "hyperlink" not in page
    [head, *cells] = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert head == ["=2+2"] and [cell for [cell] in cells] == list(HOSTILE)


def test_a_hostile_study_makes_no_formula(tmp_path: Path) -> None:
    """What a user's own pages and titles say is never run."""
    lines = {
        "x": "value = 3\nunit = \"Mt-CO2/yr\"\nas_printed = '=1+1'\nnote = '@SUM(A1)'\n"
        "uncertainty = { dist = 'uniform', low = 1, high = 4, basis = 'assumed', reason = '=cmd|calc' }"
    }
    source = '"""F."""\nfrom ctsim.units import Mt_CO2_per_yr\n\ndef f(x: Mt_CO2_per_yr) -> Mt_CO2_per_yr:\n' \
             '    """=HYPERLINK(1)"""\n    return x * x / x\n'  # fmt: skip
    outside(tmp_path, "mine", lines, {"2030": "f"}, source)
    path = study(tmp_path, ["mine", "fast_reactor"], titles="=1+1")  # only one of them is run
    simulate(
        str(path), draws=1024, method="mc", out=tmp_path / "run", formulas=tmp_path / "formulas", programmes=["mine"]
    )
    book = export(tmp_path / "run", "xlsx", "en", formulas=tmp_path / "formulas")
    with zipfile.ZipFile(book) as file:
        pages = [file.read(one).decode() for one in file.namelist() if "worksheets/sheet" in one]
    found = {formula for page in pages for formula in re.findall(r"<f>([^<]*)</f>", page)}
    assert found and not [one for one in found if re.search(r"HYPERLINK|cmd|1\+1|@", one)]
    summary = CalamineWorkbook.from_path(book).get_sheet_by_index(0).to_python()
    assert summary[0][0] == "=1+1"


def test_both_languages_have_the_same_sheets(books: dict[str, Path]) -> None:
    pages = {lang: CalamineWorkbook.from_path(book) for lang, book in books.items()}
    sizes = {lang: [page.get_sheet_by_index(n).total_height for n in range(17)] for lang, page in pages.items()}
    assert sizes["ja"] == sizes["en"] and len(pages["ja"].sheet_names) == 17
    japanese = re.compile(r"[ぁ-んァ-ヶ一-龠]")
    heads = [cell for n in range(3, 14) for cell in pages["en"].get_sheet_by_index(n).to_python()[0]]
    assert not [one for one in heads if japanese.search(str(one))]
    summary = {lang: str(page.get_sheet_by_index(0).to_python()) for lang, page in pages.items()}
    assert not japanese.search(summary["en"]) and text("report.lead", "ja") in summary["ja"]
    assert "達成確率" not in summary["ja"]


def test_tables_are_frozen_and_filtered_and_charts_share_no_axis(books: dict[str, Path], run: Run) -> None:
    with zipfile.ZipFile(books["ja"]) as file:
        names = file.namelist()
        tables = [file.read(f"xl/worksheets/sheet{n}.xml").decode() for n in range(1, 16)]
        charts = [file.read(one).decode() for one in names if one.startswith("xl/charts/chart")]
    assert sum('state="frozen"' in one for one in tables) == 13 and sum("<autoFilter" in one for one in tables) == 13
    assert len(charts) > 10
    titles = {"".join(re.findall(r"<a:t>([^<]*)</a:t>", one)) for one in charts}
    assert len(titles) == len(charts)  # a chart for each boundary, kind of money and unit
    assert all(one.count("<c:ser>") == 3 and one.count("<c:errBars>") == 1 for one in charts)


def test_what_the_report_does_not_say_is_said_in_the_table_of_impacts(books: dict[str, Path]) -> None:
    lines = rows_of(books["en"], "impact", "en")
    order = ["programme", "category", "signed", "share_of_financing", "green_categories"]
    assert list(lines[0])[:5] == [text(f"workbook.{key}", "en") for key in order]
    assert {line["Signed amount"] for line in lines} == {text("report.not_in_report", "en")}
    solar = next(line for line in lines if line["Programme"].startswith("1 "))
    assert (
        solar["Allocated [100m JPY], bonds of FY2023 (Reiwa 5)"] == 7564
        and "offshore wind" in solar["Allocated together with"].lower()
    )


def test_money_of_an_issue_without_impacts_is_apart_and_says_so(books: dict[str, Path]) -> None:
    lines = rows_of(books["en"], "impact", "en")
    [later] = [head for head in lines[0] if head.startswith("Allocated [100m JPY], bonds of FY2024")]
    assert "not yet quantified" in later
    found = {
        line["Programme"].split()[0]: (line["Allocated [100m JPY], bonds of FY2023 (Reiwa 5)"], line[later])
        for line in lines
    }
    assert (found["15"], found["16"], found["20"]) == ((3316, 2658), (1523, 2806), (108, 174))
    assert found["1"] == (7564, "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_yen_bought_is_that_of_the_command(books: dict[str, Path], lang: str) -> None:
    lines = rows_of_top(books[lang], "yen", lang)
    expected = [row for one in asked() for section in SECTIONS for row in one[section]]
    reason, median = (text(f"workbook.{key}", lang) for key in ("why_not_per_yen", "yen_yen_per_tonne_median"))
    for line, row in zip(lines, expected, strict=False):
        assert line[text("workbook.name", lang)] == row["name" if lang == "ja" else "name_en"]
        assert line[reason] == (row["why"][lang] if row["why"] else "")
        assert same(shown(line, "yen_yen_per_tonne_median", lang), row.get("yen_per_tonne", {}).get("median", math.nan))
        for key in ("pro_rata_annual", "pro_rata_lifetime"):
            assert same(shown(line, f"yen_{key}_median", lang), row.get(key, {}).get("median", math.nan))
        assert same(shown(line, "refinanced_high", lang), row["refinanced_high"] or 0.0) or line[reason]
    assert sum(isinstance(line[median], float) for line in lines) >= 6
    if lang == "en":
        said = [str(line[text(f"workbook.{key}", lang)]) for line in lines for key in
                ("name", "budget_year", "green_categories")]  # fmt: skip
        assert "FY2023 initial" in said and [one for one in said if JAPANESE.search(one)] == []
    assert any("限界削減費用ではない" in str(line) or "Not a marginal" in str(line) for line in lines)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sums_of_what_a_yen_bought_stand_without_dependence_too(books: dict[str, Path], lang: str) -> None:
    name = text("workbook.sheet_yen", lang)
    page = CalamineWorkbook.from_path(books[lang]).get_sheet_by_name(name).to_python()
    [title] = [place for place, line in enumerate(page) if line[0] == text("run.bought_independent", lang)]
    head, *lines = (line[:21] for line in page[title + 1 :])
    free = account_json(account(scenario().with_dependence(0), accounts("2023")))
    expected = [one for section in SECTIONS for one in free[section] if len(one.get("programmes", ())) > 1]
    assert len(lines) == len(expected) == 2 and head[0] == text("workbook.fiscal_year", lang)
    for line, one in zip(lines, expected, strict=True):
        assert line[0] == 2023.0 and line[2] == one["name" if lang == "ja" else "name_en"]
        for column, key in enumerate(("annual_per_oku", "lifetime_per_oku", "yen_per_tonne", "all_yen_per_tonne",
                                      "pro_rata_annual", "pro_rata_lifetime")):  # fmt: skip
            ends = [one[key][end] for end in ("median", "low", "high")]
            assert line[3 + 3 * column : 6 + 3 * column] == pytest.approx(ends, rel=1e-12)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_reasons_of_allocations_are_those_of_the_command(books: dict[str, Path], lang: str) -> None:
    """Also of what no allocation file refuses: GteX, Post-5G and the two reactors."""
    lines = rows_of_top(books[lang], "allocations", lang)
    rows = [row for one in asked() for row in one["rows"]]
    for line, row in zip(lines, rows, strict=False):
        assert line[text("workbook.name_printed", lang)] == row["name"]
        assert line[text("workbook.why_not_per_yen", lang)] == (row["why"][lang] if row["why"] else "")
    assert sum(not line[text("workbook.why_not_per_yen", lang)] for line in lines[:16]) == 6


def test_allocations_are_read_without_japanese_and_have_their_unit(books: dict[str, Path]) -> None:
    """Budgets and green categories in English, names as printed; money beside impacts says what it is counted in."""
    rows = rows_of_top(books["en"], "allocations", "en")
    said = [str(row[text(f"workbook.{key}", "en")]) for row in rows[:16] for key in ("budget_year", "green_categories")]
    assert "FY2023 initial" in said and [one for one in said if JAPANESE.search(one)] == []
    for lang, unit in (("ja", "億円"), ("en", "100m JPY")):
        name = text("workbook.sheet_impact", lang)
        [head, *_] = CalamineWorkbook.from_path(books[lang]).get_sheet_by_name(name).to_python()
        assert len([one for one in head if unit in str(one)]) == 2


def test_sums_of_allocations_are_live(books: dict[str, Path]) -> None:
    page = CalamineWorkbook.from_path(books["en"]).get_sheet_by_name("Allocations").to_python()
    sums = {line[0]: line[1:4] for line in page if isinstance(line[0], float) and isinstance(line[2], float)}
    assert sums[2023.0] == [15947.0, 15947.0, 15947.0]


# ---- the command


def test_the_command(directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    done = CliRunner().invoke(main, ["export", str(directory), "--to", "iamc", "--lang", "en", "--out", str(out)])
    assert done.exit_code == 0 and done.stdout == f"iamc {out}\n" and out.read_bytes().startswith(b"model,scenario")
    done = CliRunner().invoke(main, ["export", str(tmp_path), "--to", "xlsx"])
    assert done.exit_code == 2 and "is not a run directory" in done.stderr
    done = CliRunner().invoke(main, ["export", str(directory), "--to", "iamc", "--out", str(tmp_path / "no" / "x")])
    assert done.exit_code == 2 and "cannot be written" in done.stderr


def test_a_live_cell_stores_what_it_comes_to(tmp_path: Path) -> None:
    book = Book("en", "t")
    book.sheet("cells").line(0, [Live("1+1", 2.0), Live("1/0", math.nan), float("nan"), None, True])
    (tmp_path / "x.xlsx").write_bytes(book.content())
    [line] = CalamineWorkbook.from_path(tmp_path / "x.xlsx").get_sheet_by_index(0).to_python()
    assert line == [2.0, 0.0, "–", "", True]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_members_of_totals_have_names(books: dict[str, Path], lang: str) -> None:
    """Sums, bounds, what is not added, money of issues: the address stands in a column of its own."""
    said = [one[text("workbook.members", lang)] for one in rows_of(books[lang], "totals", lang)]
    assert len(said) > 30 and [one for one in said if re.search(r"[a-z]_[a-z]|fy20", one)] == []
    assert sum("17 " in one and "21 " in one for one in said) >= 3


# ---- the policy frame


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sheet_of_the_policy_frame_has_every_number_of_the_command(
    run: Run, books: dict[str, Path], lang: str
) -> None:
    """Numbers by line, each with its basis, its words or its reason; cells without a carbon value say why."""
    found = policy_json(national(scenario(), run.tree, frame(), 2**14, 0))
    lines = rows_of(books[lang], "policy", lang)
    what, value, high = (text(f"workbook.{key}", lang) for key in ("what", "value", "q95"))
    why, basis, words = (text(f"workbook.{key}", lang) for key in ("reason", "basis", "cited_words"))

    def of(key: str) -> Rows:
        return [one for one in lines if one[what] == text(f"policy.{key}", lang)]

    assert [one[value] for one in of("emissions")] == [one["mt_co2"] for one in found["totals"]]
    assert [one[value] for one in of("gap")] == pytest.approx([one["missing_mt_co2"] for one in found["targets"]])
    assert [one[value] for one in of("reduction")] == [-one["reduction_percent"] for one in found["targets"]]
    for one, target in zip(of("closed"), found["targets"], strict=True):
        assert (one[value], one[high]) == pytest.approx((target["closed_percent"][0], target["closed_percent"][2]))
        assert found["realised"][lang] in one[text("workbook.name", lang)]
        assert ("*" in one[why]) == (target["closed_by"] == "between_cells")
    assert [one[value] for one in of("credits")] == [one["amount"] for one in found["credits"]]
    assert len(of("price")) == 50 and {one[basis] for one in of("price")} == {text("basis.assumed", lang)}
    assert [one[value] for one in of("values")] == pytest.approx(
        [one["value_oku_yen_per_year"][0] for one in found["values"]]
    )
    cells = [[*one["value_oku_yen_per_year"].values()] or [one["why_not"][lang]] for one in found["cells"]]
    for one, expected in zip(of("value_of_cell"), [part for mine in cells for part in mine], strict=True):
        if isinstance(expected, str):
            assert (one[value], one[why]) == ("", expected)
        else:
            assert (one[value], one[high]) == pytest.approx((expected[0], expected[2]))
    quoted = {one["source"]["quote"] for key in ("totals", "targets", "credits") for one in found[key]}
    assert {one[words] for one in lines if one[words]} == quoted
