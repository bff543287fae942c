"""A scenario edited in a workbook: what was edited comes back as changes, faults come back with their cells."""

import json
import math
import re
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from ctsim import compare, load
from ctsim.catalog import Scenario
from ctsim.cli import main
from ctsim.compare_tables import lines
from ctsim.errors import InputError
from ctsim.export import reading
from ctsim.export.edited import _year, from_workbook
from ctsim.export.editing import COLUMNS, KEYS_ROW, PROGRAMME_COLUMNS, entries, spread_cells, to_workbook
from ctsim.schema import ScenarioFile, Uncertainty
from tests import libreoffice
from tests.runs import scenario, study

WHY = "measured again"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study and its workbook."""
    path = tmp_path_factory.mktemp("edited")
    (path / "book.xlsx").write_bytes(to_workbook(load(study(path)), path / "book.xlsx", "en"))
    return path


@pytest.fixture(scope="module")
def base(folder: Path) -> Scenario:
    return load(folder / "study.toml")


def pages_of(book: Path) -> dict[str, list[list[Any]]]:
    file = CalamineWorkbook.from_path(book)
    return {name: file.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in file.sheet_names}


def cell(book: Path, name: str, column: str, year: str = "") -> str:
    """The address of a cell on the sheet of parameters, or of programmes."""
    columns, sheet = (PROGRAMME_COLUMNS, "programmes") if column == "include" else (COLUMNS, "parameters")
    at = columns.index("name" if sheet == "parameters" else "programme")
    for row, line in enumerate(pages_of(book)[sheet]):
        if row > KEYS_ROW and line[at] == name and (sheet == "programmes" or str(line[2]).partition(".")[0] == year):
            return f"{sheet}!{xl_rowcol_to_cell(row, columns.index(column))}"
    raise LookupError(name)


def edited(book: Path, edits: Mapping[str, Any], out: Path) -> Path:
    """The workbook saved again with other cells, as any program might; a pair is a formula and what it shows."""
    pages = pages_of(book)
    places = {address: (address.partition("!")[0], *xl_cell_to_rowcol(address.partition("!")[2])) for address in edits}
    for address, (name, row, column) in places.items():
        pages[name][row][column] = "" if isinstance(edits[address], tuple) else edits[address]
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False}) as file:
        for name, page in pages.items():
            sheet = file.add_worksheet(name)
            for row, line in enumerate(page):
                sheet.write_row(row, 0, ["" if one is None else one for one in line])
        for address, (name, row, column) in places.items():
            if isinstance(edits[address], tuple):
                formula, shown = edits[address]
                file.get_worksheet_by_name(name).write_formula(row, column, formula, None, shown)
    return out


def made(folder: Path, edits: Mapping[str, Any], name: str = "out") -> dict[str, Any]:
    """The scenario file that edits of the workbook give, as data."""
    book = edited(folder / "book.xlsx", edits, folder / f"{name}.xlsx")
    from_workbook(book, folder / f"{name}.toml")
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def faults(folder: Path, edits: Mapping[str, Any]) -> list[str]:
    with pytest.raises(InputError) as caught:
        made(folder, edits, "bad")
    assert not (folder / "bad.toml").exists()
    return [str(one).removeprefix(f"{folder}/bad.xlsx: ") for one in caught.value.findings]


def with_reason(folder: Path, name: str, year: str = "", **edits: Any) -> dict[str, Any]:
    """Edits of one line, by column ("__" for "."), with their reason."""
    book = folder / "book.xlsx"
    said = {cell(book, name, column.replace("__", "."), year): value for column, value in edits.items()}
    return said | {cell(book, name, "reason_for_change", year): WHY}


# ---- what comes back


def test_only_what_was_edited_becomes_a_change(folder: Path, base: Scenario) -> None:
    pert = {"spread__dist": "pert", "spread__low": 5, "spread__mode": 20, "spread__high": 40, "value": 20}
    edits = with_reason(folder, "perovskite_solar.japan_share", **pert)
    data = made(folder, edits)
    [change] = data["change"]
    spread = {name: change["uncertainty"][name] for name in ("dist", "low", "mode", "high")}
    assert change["parameter"] == "perovskite_solar.japan_share" and change["value"] == 20.0
    assert spread == {"dist": "pert", "low": 5.0, "mode": 20.0, "high": 40.0} and change["reason"] == WHY
    where = f"out.xlsx, {cell(folder / 'book.xlsx', 'perovskite_solar.japan_share', 'value')}"
    assert change["source"] == {"key": "study", "where": where} and data["scenario"]["extends"] == "study.toml"
    loaded = load(folder / "out.toml").parameters()
    assert loaded["perovskite_solar.japan_share"].central("") == 20.0
    same = {name for name, one in base.parameters().items() if loaded[name].record == one.record}
    assert base.parameters().keys() - same == {"perovskite_solar.japan_share"}


def test_compare_attributes_what_was_edited(folder: Path) -> None:
    """To the cell that it was edited in."""
    edits = with_reason(folder, "offshore_wind.offshore_wind_capacity", "2050", value=4000)
    edits |= with_reason(folder, "perovskite_solar.capacity_factor", value=14, spread__low=12, spread__high=16)
    made(folder, edits, "two")
    found = compare(folder / "study.toml", folder / "two.toml", draws=1024, method="mc")
    names = {one.name for one in found.differences}
    assert names == {"offshore_wind.offshore_wind_capacity", "perovskite_solar.capacity_factor"}
    assert {one.reason for one in found.differences} == {WHY}
    causes = {one.name: set(one.causes) for one in lines(found.tree) if one.status == "changed" and one.causes}
    assert causes["offshore_wind.co2_reduction.2050"] == {"offshore_wind.offshore_wind_capacity"}
    assert causes["perovskite_solar.co2_reduction.2030"] == {"perovskite_solar.capacity_factor"}


def test_years_ranges_reported_figures_and_programmes(folder: Path, base: Scenario) -> None:
    edits = with_reason(folder, "offshore_wind.offshore_wind_capacity", "2030", low=150, high=300)
    edits |= {cell(folder / "book.xlsx", "offshore_wind.offshore_wind_capacity", f"spread.{name}", "2030"): value
              for name, value in (("class", ""), ("dist", "uniform"), ("low", 150), ("high", 300), ("mode", ""),
                                  ("relative", ""), ("basis", "assumed"))}  # fmt: skip
    reported = next(one.key for one in base.figures() if one.reported and one.record.uncertainty)
    edits |= with_reason(folder, reported, spread__widen=2)
    edits |= {cell(folder / "book.xlsx", "industrial_furnaces", "include"): False}
    address = cell(folder / "book.xlsx", "industrial_furnaces", "include").replace("!C", "!D")
    data = made(folder, edits | {address: "not in this study"}, "many")
    by_target = {next(one[name] for name in ("parameter", "impact", "programme") if name in one): one
                 for one in data["change"]}  # fmt: skip
    capacity = by_target["offshore_wind.offshore_wind_capacity"]
    assert capacity["value"] == {"2030": {"low": 150.0, "high": 300.0}, "2050": 4500.0}
    assert set(capacity["uncertainty"]) == {"2030", "2050"}  # the other year keeps its own
    assert by_target[reported]["uncertainty"]["widen"] == 2.0
    assert by_target["industrial_furnaces"]["include"] is False and len(by_target) == 3
    assert "industrial_furnaces" not in [one.id for one in load(folder / "many.toml").programmes]


def test_lines_may_be_sorted_and_columns_filled_with_a_source(folder: Path) -> None:
    book = folder / "book.xlsx"
    edits = with_reason(folder, "perovskite_solar.japan_share", spread__high=45)
    edits |= {cell(book, "perovskite_solar.japan_share", "source"): "impact_report_2026_01",
              cell(book, "perovskite_solar.japan_share", "where"): "Annex 1"}  # fmt: skip
    changed = edited(book, edits, folder / "sorted.xlsx")
    pages = pages_of(changed)
    body = sorted(pages["parameters"][KEYS_ROW + 1 :], key=lambda line: str(line[1]), reverse=True)
    moved = {f"parameters!{xl_rowcol_to_cell(row, column)}": value for row, line in enumerate(body, KEYS_ROW + 1)
             for column, value in enumerate(line)}  # fmt: skip
    assert from_workbook(edited(changed, moved, folder / "moved.xlsx"), folder / "moved.toml") == 1
    [change] = tomllib.loads((folder / "moved.toml").read_text(encoding="utf-8"))["change"]
    assert change["source"] == {"key": "impact_report_2026_01", "where": "Annex 1"}
    assert "value" not in change and change["uncertainty"]["high"] == 45.0


@libreoffice.needed
def test_what_libreoffice_saves_is_not_edited(folder: Path, tmp_path: Path) -> None:
    saved = libreoffice.converted(folder / "book.xlsx", "xlsx", tmp_path / "saved")
    (tmp_path / "study.toml").write_bytes((folder / "study.toml").read_bytes())
    book = tmp_path / "book.xlsx"
    saved.rename(book)
    with pytest.raises(InputError, match="nothing was edited"):
        from_workbook(book, tmp_path / "out.toml")


def test_every_spread_of_the_library_has_cells() -> None:
    """Everything that a page says of a spread stands in the workbook."""
    for name in ("framework_2023_11", "as_published"):
        listed = entries(load(name))
        assert len({one.key for one in listed}) == len(listed) > 200
    said = Uncertainty.model_validate(
        {"dist": "choice", "values": (1.0, 2.5), "weights": (1.0, 3.0), "basis": "assumed", "reason": 'a "b"',
         "truncate": (0.0, 3.0), "source": {"key": "study", "where": "x"}}
    )  # fmt: skip
    cells = spread_cells(said)
    assert (cells["spread.truncate_low"], cells["spread.truncate_high"]) == (0.0, 3.0)
    more = tomllib.loads(f"x = {{ {cells['spread.more']} }}")["x"]
    assert more == {"values": [1.0, 2.5], "weights": [1.0, 3.0], "source": {"key": "study", "where": "x"}}


# ---- what is refused, by cell


def test_every_fault_is_named_by_its_cell_at_once(folder: Path) -> None:
    book, share, factor = folder / "book.xlsx", "perovskite_solar.japan_share", "perovskite_solar.capacity_factor"
    no_reason = cell(book, share, "reason_for_change")
    text, unit = cell(book, factor, "value"), cell(book, "offshore_wind.thermal_factor", "unit", "2030")
    idle = cell(book, "offshore_wind.thermal_factor", "reason_for_change", "2050")
    include = cell(book, "fast_reactor", "include")
    edits = {cell(book, share, "spread.high"): 45, text: "0,16", unit: "t", idle: "why not", include: "maybe"}
    assert sorted(faults(folder, edits)) == sorted([
        f"{text}: must be a number, not '0,16'; write digits with a point",
        f"{no_reason}: an edited line needs a reason: say why, for low and for high where it is a spread",
        f"{unit}: the unit cannot be edited here; put 'kg-CO2/kWh' back",
        f"{idle}: a reason, but nothing in this line was edited; edit a cell or clear the reason",
        f"{include}: must be TRUE or FALSE, not 'maybe'",
    ])  # fmt: skip


def test_errors_of_the_spreadsheet_are_named_with_their_cells(folder: Path) -> None:
    """A reader of cells shows them as empty ones; nothing else is said of what follows from them."""
    book, share = folder / "book.xlsx", "perovskite_solar.japan_share"
    low, why = cell(book, share, "spread.low"), cell(book, share, "reason_for_change")
    include, value = cell(book, "fast_reactor", "include"), cell(book, "perovskite_solar.capacity_factor", "value")
    edits = {low: ("=1/0", "#DIV/0!"), why: WHY, include: ("=NA()", "#N/A"), value: ("=nobody", "#NAME?")}
    assert sorted(faults(folder, edits)) == sorted(
        f"{address}: shows the error {error}; mend the formula, or write the value"
        for address, error in ((low, "#DIV/0!"), (include, "#N/A"), (value, "#NAME?"))
    )
    assert made(folder, {**with_reason(folder, share, value=14.0), low: ("=1+1", 2)}, "live")["change"]  # no error


@pytest.mark.parametrize("empty", ["<v></v>", "<v />", ""])
def test_a_formula_without_its_result_is_named_with_its_cell(folder: Path, tmp_path: Path, empty: str) -> None:
    """As programs write that compute nothing: it is no empty cell, which would be said otherwise."""
    book, share = folder / "book.xlsx", "perovskite_solar.japan_share"
    value, why = cell(book, share, "value"), cell(book, share, "reason_for_change")
    computed = edited(book, {value: ("=7*2", 987654), why: WHY}, tmp_path / "computed.xlsx")
    with zipfile.ZipFile(computed) as old, zipfile.ZipFile(folder / "bare.xlsx", "w") as new:
        for one in old.namelist():
            new.writestr(one, old.read(one).replace(b"<v>987654</v>", empty.encode()))
    with pytest.raises(InputError) as caught:
        from_workbook(folder / "bare.xlsx", folder / "bare.toml")
    said = "has a formula without its result; open and save the file in Excel, or write the value"
    assert [str(one) for one in caught.value.findings] == [f"{folder}/bare.xlsx: {value}: {said}"]


def test_cells_of_any_program_are_read(tmp_path: Path) -> None:
    """With a prefix, in another order, with other quotes; what is no cell is none, and a missing part is no fault."""
    book = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(book) as file:
        file.add_worksheet("a & b").write_row(0, 0, [1, 2, 3])
    parts = {}
    with zipfile.ZipFile(book) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    name = "xl/worksheets/sheet1.xml"
    odd = b"<c t='e' r=\"B1\" ><f>a&lt;b</f><v>#VALUE!</v></c><c r='??' t='e'><v>#N/A</v></c><c r='D9' t='e'/>"
    parts[name] = re.sub(rb'<c r="B1">.*?</c>', odd, parts[name])
    with zipfile.ZipFile(book, "w") as target:
        for part, content in parts.items():
            target.writestr(part, content)
    with zipfile.ZipFile(book) as file:
        assert list(reading._faults(file, ["a & b"])) == [("a & b", 0, 1, "#VALUE!")]
        assert list(reading._faults(file, ["other"])) == []
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as target:
        target.writestr("x", "y")
    with zipfile.ZipFile(tmp_path / "empty.zip") as file:
        assert list(reading._faults(file, ["a & b"])) == []


IMPOSSIBLE = (
    ("gas_carbon_content", "value", {"value": -5}, "-5 g-C/MJ: it must not be below 0"),
    ("offshore_wind.capacity_factor", "spread.high", {"spread__high": 130}, "reaches 28 to 130 %: it must be a share"),
    ("battery_supply_chain.plant_life", "value", {"value": -1, "spread__relative": True}, "-1 yr: it must be above 0"),
    ("perovskite_solar.tandem_capacity", "value", {"value": -0.1}, "-0.1 GW: it must not be below 0"),
    ("battery_supply_chain.battery_capacity", "spread.low", {"spread__low": -3}, "45 GWh/yr: it must not be below 0"),
)  # fmt: skip


def test_what_a_quantity_cannot_be_is_refused_by_cell(tmp_path: Path) -> None:
    """By what its page declares, or by its unit; all at once."""
    book = tmp_path / "book.xlsx"
    book.write_bytes(to_workbook(scenario(), book, "en"))
    edits = {}
    for name, _, asked, _ in IMPOSSIBLE:
        edits |= with_reason(tmp_path, name, **asked)
    found = faults(tmp_path, edits)
    for name, column, _, message in IMPOSSIBLE:
        address = cell(book, name, column)
        assert [one for one in found if one.startswith(f"{address}: ") and message in one], (name, found)
    assert len(found) == len(IMPOSSIBLE)


@pytest.mark.parametrize(("name", "edits", "column", "message"), [
    ("perovskite_solar.japan_share", {"value": 20}, "value", r"value is now 20, the spread is still PERT\("),
    ("perovskite_solar.japan_share", {"spread__high": 20}, "spread.high", "3–20 does not contain the published"),
    ("perovskite_solar.japan_share", {"spread__low": 30, "spread__mode": 31, "spread__high": 35}, "spread.low",
     "does not contain the published value"),
    ("perovskite_solar.japan_share", {"spread__dist": "prt"}, "spread.dist", "'prt' is not one of .* mean 'pert'"),
    ("perovskite_solar.japan_share", {"spread__basis": ""}, "spread.basis", "say what the spread rests on"),
    ("perovskite_solar.japan_share", {"spread__sd": 3}, "spread.sd", "'sd' is not an argument of pert"),
    ("perovskite_solar.japan_share", {"spread__truncate_low": 3}, "spread.truncate_high", "a cut has two ends"),
    ("perovskite_solar.japan_share", {"spread__more": "values = [1"}, "spread.more", "write it as in a file"),
    ("perovskite_solar.japan_share", {"value": ""}, "value", "needs 'value', or 'low' and 'high'|a change of a"),
    ("perovskite_solar.japan_share", {"low": 3}, "low", "give 'value', or 'low' and 'high'"),
    ("perovskite_solar.japan_share", {"spread__high": 45, "source": "nobody"}, "source", "no source 'nobody'"),
])  # fmt: skip
def test_what_does_not_load_is_said_of_the_cell(
    folder: Path, name: str, edits: dict[str, Any], column: str, message: str
) -> None:
    found = faults(folder, with_reason(folder, name, **edits))
    assert len(found) == 1, found
    assert found[0].startswith(f"{cell(folder / 'book.xlsx', name, column)}: "), found
    assert re.search(message, found[0]), found


def test_lines_that_are_missing_twice_or_unknown(folder: Path) -> None:
    book = folder / "book.xlsx"
    share, factor = (cell(book, f"perovskite_solar.{one}", "name") for one in ("japan_share", "capacity_factor"))
    [unknown] = faults(folder, {share: "perovskite_solar.japan_shar"})
    assert unknown.startswith(f"{share}: no parameter") and "Did you mean 'perovskite_solar.japan_share'?" in unknown
    [twice] = faults(folder, {factor: "perovskite_solar.japan_share"})
    assert "is there twice" in twice
    row = int(re.sub(r"\D", "", share))
    [gone] = faults(folder, {f"parameters!{xl_rowcol_to_cell(row - 1, n)}": "" for n in range(len(COLUMNS))})
    assert gone == "parameters: the line of parameter perovskite_solar.japan_share is missing; put it back"
    [moved] = faults(folder, {f"parameters!H{KEYS_ROW + 1}": "low"})
    assert "the column 'value' is missing" in moved


def test_a_workbook_of_another_scenario_is_refused(folder: Path, tmp_path: Path) -> None:
    assert faults(folder, {"scenario!B3": "../study.toml"}) == [
        "scenario!B3: '../study.toml' is outside the folder of the workbook"
    ]
    [said] = faults(folder, {"scenario!B3": "framework_2023_11"})
    assert said.startswith("scenario!B4: the scenario is another one")
    with pytest.raises(InputError, match="write it beside that file"):
        to_workbook(load(folder / "study.toml"), tmp_path / "elsewhere.xlsx")


def test_files_that_are_no_such_workbook(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.xlsx").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "zip.xlsx", "w") as file:
        file.writestr("a", "b")
    with xlsxwriter.Workbook(tmp_path / "other.xlsx") as book:
        book.add_worksheet("x")
    for name, message in (("text", "cannot be read"), ("zip", "cannot be read"), ("other", "has no sheet 'scenario'"),
                          ("none", "No such file")):  # fmt: skip
        with pytest.raises(InputError, match=message):
            from_workbook(tmp_path / f"{name}.xlsx", tmp_path / "out.toml")
    with pytest.raises(InputError, match=r"ends in \.toml"):
        made(folder, with_reason(folder, "perovskite_solar.japan_share", spread__high=45)) and from_workbook(
            folder / "out.xlsx", folder / "out.txt"
        )


@pytest.mark.parametrize(("cell", "year"), [(2030.0, "2030"), (2030.5, "2030.5"), (math.inf, "inf"), (math.nan, "nan")])
def test_years_as_a_spreadsheet_has_them(cell: float, year: str) -> None:
    assert _year(cell) == year


@pytest.mark.parametrize(("at", "byte"), [(6, 118), (8, 1)], ids=["version", "password"])
def test_a_workbook_that_zipfile_refuses(folder: Path, tmp_path: Path, at: int, byte: int) -> None:
    """Of a version to come, or closed with a password: so its directory says in every entry."""
    content = bytearray(to_workbook(load(folder / "study.toml"), folder / "book.xlsx"))
    for entry in re.finditer(rb"PK\x01\x02", bytes(content)):
        content[entry.start() + at] |= byte
    (tmp_path / "book.xlsx").write_bytes(content)
    with pytest.raises(InputError, match=r"book\.xlsx: cannot be read: is no workbook"):
        from_workbook(tmp_path / "book.xlsx", tmp_path / "out.toml")


# ---- commands


def ran(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["scenario", *map(str, arguments)])


def test_the_commands(folder: Path, tmp_path: Path) -> None:
    book = tmp_path / "mine.xlsx"
    done = ran("to-xlsx", "as_published", book)
    assert done.exit_code == 0 and done.stdout == f"workbook {book}\n"
    done = ran("from-xlsx", book, tmp_path / "mine.toml")
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and "nothing was edited" in done.stderr
    changed = edited(folder / "book.xlsx", with_reason(folder, "perovskite_solar.japan_share", spread__high=45),
                     folder / "cli.xlsx")  # fmt: skip
    done = ran("from-xlsx", changed, folder / "cli.toml")
    assert (done.exit_code, done.stdout) == (0, f"scenario {folder}/cli.toml: 1 change\n")
    assert ran("to-xlsx", "as_published", tmp_path / "no" / "x.xlsx").exit_code == 2


def test_the_schema_of_scenario_files_is_that_of_the_records() -> None:
    done = ran("schema")
    said = json.loads(done.stdout)
    assert done.exit_code == 0 and set(said["properties"]) == set(ScenarioFile.model_fields)
    assert said["additionalProperties"] is False and "reason" in said["$defs"]["Change"]["required"]
    assert "class" in said["$defs"]["Uncertainty"]["properties"]
