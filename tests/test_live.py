"""The sheet of formulas of small studies, cell by cell, calculated without the results that are stored in it."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from ctsim import constants
from ctsim.audit import at_ends, audit
from ctsim.catalog import Scenario, load
from ctsim.export.book import Book
from ctsim.export.live import Formulas, Three
from ctsim.locale import LANGUAGES, text
from ctsim.switches import switched
from ctsim.unit_words import unit_words
from tests.runs import FEW, outside, scenario, study
from tests.spreadsheet import Spreadsheet

SOURCE = '''"""Formulas of a study."""
from ctsim.constants import CO2_PER_C, HOURS_PER_YEAR
from ctsim.stocks import stock_years
from ctsim.units import TW, Mt_CO2_per_TWh, Mt_CO2_per_yr, Ratio, Years


def power(capacity: TW, share: Ratio, factor: Mt_CO2_per_TWh) -> Mt_CO2_per_yr:
    """① × ② × ③ × 8760"""
    energy = capacity * HOURS_PER_YEAR
    kept = energy * min(share, 0.5)
    return kept * factor if share > 0.1 else -kept * factor


def later(co2_reduction_2030: Mt_CO2_per_yr, share: Ratio) -> Mt_CO2_per_yr:
    """The figure of 2030 twice"""
    return co2_reduction_2030 * 2 / (1 - share) ** 2


def cohorts(co2_reduction_2030: Mt_CO2_per_yr, span: Years, life: Years, shape: Ratio) -> Mt_CO2_per_yr:
    """What is left"""
    return co2_reduction_2030 * stock_years(span, life, shape) / life
'''
UNITS_OF_THE_STUDY = {"capacity": "GW", "share": "%", "factor": "kg-CO2/kWh", "span": "yr", "life": "yr", "shape": "1"}


def parameters(**values: Any) -> dict[str, str]:
    """Parameters of the study, some with a printed range."""
    said = {"capacity": "low = 2\nhigh = 5", "share": "value = 25", "factor": "value = 0.5", "span": "value = 10",
            "life": "value = 15", "shape": "value = 2.5"} | values  # fmt: skip
    return {name: f'{line}\nunit = "{UNITS_OF_THE_STUDY[name]}"\nsymbol = "{sign}"'
            for sign, (name, line) in zip("①②③④⑤⑥", said.items(), strict=True)}  # fmt: skip


def mine(folder: Path, **values: Any) -> Scenario:
    formulas = {"2030": "power", "2040": "later", "2050": "cohorts"}
    outside(folder, "mine", parameters(**values), formulas, SOURCE)
    return load(study(folder, ["mine"]), folder / "formulas")


def written(scenario: Scenario, path: Path, lang: str = "en") -> tuple[Formulas, Spreadsheet]:
    """The sheet of formulas over a bare sheet of parameters: value, low end and high end in lines."""
    book = Book(lang, "t")
    sheet = book.sheet("parameters", "parameters")
    rows: dict[str, Three] = {}
    for number, row in enumerate(scenario.binding.rows):
        sheet.line(number, [row.central, row.low, row.high])
        first, low, high = (sheet.address(number, column) for column in range(3))
        rows[row.label] = first, low, high
    made = Formulas(book, scenario, audit(scenario).figures, rows)
    path.write_bytes(book.content())
    return made, Spreadsheet(path)


def results(made: Formulas, sheet: Spreadsheet, key: str) -> list[float]:
    """The result of a figure at the middle, the low and the high end."""
    return [sheet.at(*cell.replace("'", "").replace("$", "").split("!")) for cell in made.results[key]]  # type: ignore[arg-type]


def lines(path: Path, lang: str = "en") -> list[list[Any]]:
    return CalamineWorkbook.from_path(path).get_sheet_by_name(text("workbook.sheet_formulas", lang)).to_python()


def column(found: Iterable[list[Any]], number: int) -> list[Any]:
    return [line[number] for line in found]


# ---- a study


def test_results_at_the_middle_and_at_both_ends(tmp_path: Path) -> None:
    resolved = mine(tmp_path)
    made, sheet = written(resolved, tmp_path / "x.xlsx")
    low, middle, high = at_ends(resolved.binding)
    for figure in resolved.figures():
        number = resolved.binding.step_of(figure)
        found = results(made, sheet, figure.key)
        assert found == pytest.approx([middle[number], low[number], high[number]], rel=1e-14)
    assert results(made, sheet, "mine.co2_reduction.2030") == pytest.approx([3.8325, 2.19, 5.475], rel=1e-14)


def test_a_block_has_a_line_for_everything_that_it_is_made_of(tmp_path: Path) -> None:
    resolved = mine(tmp_path)
    written(resolved, tmp_path / "x.xlsx")
    block = [line for line in lines(tmp_path / "x.xlsx") if line[1] == "mine.co2_reduction.2030"]
    head, *body = block
    assert "① × ② × ③ × 8760" in head[3] and head[17].startswith("mine.py:")
    assert str(tmp_path) not in str(lines(tmp_path / "x.xlsx"))  # the folder is the machine's
    assert column(body, 3) == ["capacity", "share", "factor", "HOURS_PER_YEAR", "energy", "kept", "Result"]
    assert column(body, 2)[:3] == ["①", "②", "③"]
    assert column(body, 7)[:4] == ["GW", "%", "kg-CO2/kWh", "h/yr"]  # units of the page
    assert column(body, 12)[:3] == ["TW", "1", "Mt-CO2/TWh"]  # and of the formula
    assert column(body, 8)[:3] == [0.001, 0.01, 1.0]
    assert column(body, 4)[:4] == [3.5, 25.0, 0.5, 8760.0] and column(body, 9)[:3] == [0.0035, 0.25, 0.5]
    assert column(body, 5)[0] == 2.0 and column(body, 6)[0] == 5.0  # the ends of the printed range
    assert column(body, 9)[4:6] == pytest.approx([30.66, 7.665], rel=1e-14)  # intermediate results are stored, too
    assert body[-1][13] == pytest.approx(3.8325) and body[-1][14] == 0.0


def test_what_is_not_live_says_so_and_holds_the_number(tmp_path: Path) -> None:
    resolved = mine(tmp_path)
    made, sheet = written(resolved, tmp_path / "x.xlsx")
    result = [line for line in lines(tmp_path / "x.xlsx") if line[1] == "mine.co2_reduction.2050"][-1]
    assert result[17] == text("workbook.not_live", "en", name="stock_years")
    wanted = resolved.binding.evaluate(resolved.binding.central())[-1]
    assert results(made, sheet, "mine.co2_reduction.2050")[0] == pytest.approx(wanted, rel=1e-14)


def test_every_formula_of_the_sheet_can_be_calculated(tmp_path: Path) -> None:
    _, sheet = written(mine(tmp_path), tmp_path / "x.xlsx")
    assert sheet.errors == [] and len(sheet.formulas) > 40


@pytest.mark.parametrize("share", [5, 10, 11, 50, 70])
def test_conditions_are_live(tmp_path: Path, share: float) -> None:
    """A value that is changed on the sheet of parameters is followed through every block."""
    resolved = mine(tmp_path)
    made, _ = written(resolved, tmp_path / "x.xlsx")
    binding = resolved.binding
    labels = [row.label for row in binding.rows]
    values = [share if one == "mine.share" else row.central for one, row in zip(labels, binding.rows, strict=True)]
    changed = {("parameters", f"A{labels.index('mine.share') + 1}"): float(share)}
    sheet = Spreadsheet(tmp_path / "x.xlsx", changed)
    wanted = binding.evaluate(values)
    for figure in resolved.figures()[:2]:
        number = binding.step_of(figure)
        assert results(made, sheet, figure.key)[0] == pytest.approx(wanted[number], rel=1e-12)


def test_a_result_that_is_not_finite_is_no_fault_of_the_sheet(tmp_path: Path) -> None:
    resolved = mine(tmp_path, share="value = 100")
    written(resolved, tmp_path / "x.xlsx")
    result = [line for line in lines(tmp_path / "x.xlsx") if line[1] == "mine.co2_reduction.2040"][-1]
    assert result[13] == "–" and math.isinf(resolved.binding.evaluate(resolved.binding.central())[1])


def test_without_a_printed_range_there_is_one_column(tmp_path: Path) -> None:
    resolved = mine(tmp_path, capacity="value = 3")
    made, _ = written(resolved, tmp_path / "x.xlsx")
    assert len(set(made.results["mine.co2_reduction.2030"])) == 1
    block = [line for line in lines(tmp_path / "x.xlsx") if line[1] == "mine.co2_reduction.2030"]
    assert set(column(block, 5)) == set(column(block, 6)) == {""}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_constants_stand_in_cells_of_their_own(tmp_path: Path, lang: str) -> None:
    written(mine(tmp_path), tmp_path / "x.xlsx", lang)
    top = lines(tmp_path / "x.xlsx", lang)[:10]
    found = {line[3]: (line[4], line[5]) for line in top if line[3] in constants.UNITS}
    assert found.keys() == constants.UNITS.keys()
    for name, (value, unit) in found.items():
        assert value == pytest.approx(getattr(constants, name), rel=1e-15)
        assert unit == unit_words(constants.UNITS[name], lang)
    assert top[0][0] == text("workbook.formulas_title", lang)


# ---- shipped programmes


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return load(study(tmp_path_factory.mktemp("live"), FEW))


def test_readings_stand_after_what_they_are_readings_of(few: Scenario, tmp_path: Path) -> None:
    made, sheet = written(few, tmp_path / "x.xlsx")
    keys = list(dict.fromkeys(line[1] for line in lines(tmp_path / "x.xlsx") if "." in str(line[1])))
    readings = [one for one in keys if ":" in one]
    assert readings and all(keys.index(one) > keys.index(one.partition(":")[0]) for one in readings
                            if one.partition(":")[0] in keys)  # fmt: skip
    assert not [one for one in made.results if ":" in one] and sheet.errors == []


def test_signs_are_those_of_each_programme(few: Scenario, tmp_path: Path) -> None:
    """A shared parameter has another circled number on each page."""
    written(few, tmp_path / "x.xlsx")
    found = {(line[1], line[3]): line[2] for line in lines(tmp_path / "x.xlsx") if line[2]}
    assert found["perovskite_solar.co2_reduction.2030", "japan_share"] == "③"
    assert found["perovskite_solar.co2_reduction.2050", "cumulative_capacity_2050"] == "⑥"


def test_delivery_is_a_factor_like_any_other(few: Scenario, tmp_path: Path) -> None:
    resolved = switched(few, with_delivery=True)
    made, sheet = written(resolved, tmp_path / "x.xlsx")
    block = [line for line in lines(tmp_path / "x.xlsx") if line[1] == "perovskite_solar.co2_reduction.2030"]
    assert [line[3] for line in block].count("delivery") == 1
    wanted = {one.key: one.computed for one in audit(resolved).figures if one.computed is not None}
    for key, value in wanted.items():
        assert results(made, sheet, key)[0] == pytest.approx(value, rel=1e-13), key


def test_the_whole_report_without_a_spreadsheet_program(tmp_path: Path) -> None:
    """Every computable figure of the audit, from formulas alone: where LibreOffice is not at hand, too."""
    made, sheet = written(scenario("as_published"), tmp_path / "x.xlsx")
    figures = [one for one in audit(scenario("as_published")).figures if one.computed is not None]
    assert len(figures) == 42 and sheet.errors == []
    for one in figures:
        middle, *ends = results(made, sheet, one.key)
        assert middle == pytest.approx(one.computed, rel=1e-12, abs=0), one.key
        assert sorted(ends) == pytest.approx([one.computed_low, one.computed_high], rel=1e-12, abs=0), one.key
