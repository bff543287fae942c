"""What stands in an editable workbook: lines, cells of spreads, names of bases; and how cells are compared and read."""

import json
import tomllib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from ctsim import load, schema
from ctsim.catalog import Scenario
from ctsim.errors import InputError
from ctsim.export import edited
from ctsim.export.edited import _alike, _frozen, _shown, _stale, _values, _year
from ctsim.export.editing import (
    COLUMNS,
    FIXED,
    KEYS_ROW,
    PROGRAMME_COLUMNS,
    SPREAD,
    VALUES,
    WHY,
    Entry,
    _inline,
    base_of,
    entries,
    named,
    spread_cells,
    to_workbook,
)
from ctsim.locale import LANGUAGES
from tests.runs import FEW, scenario, study


@pytest.fixture(scope="module")
def listed() -> dict[tuple[str, str, str], Entry]:
    return {one.key: one for one in entries(scenario())}


def uncertainty(**said: Any) -> schema.Uncertainty:
    return schema.Uncertainty.model_validate(said)


# ---- lines


def test_every_name_is_one_that_a_change_may_name(listed: dict[tuple[str, str, str], Entry]) -> None:
    """The scenario takes a change of each of them; none is there twice, none is missing."""
    resolved = scenario()
    names = {name for kind, name, _ in listed if kind == "parameter"}
    streams = {one.stream for _, _, one in named(resolved)}
    drawn = {row.stream.partition("@")[0] for row in resolved.binding.rows if _is_parameter(resolved, row.stream)}
    assert drawn <= streams
    assert {one.partition(".")[2] for one in streams - drawn} == {"delivery"}  # drawn with --with-delivery
    for name in sorted(names)[::40]:
        spread = {"dist": "fixed", "value": 1.0, "relative": True}
        change = {"parameter": name, "uncertainty": spread, "reason": "x", "source": {"key": "study", "where": "x"}}
        assert resolved.with_changes([change]).changes[-1].change.parameter == name
    reported = {name for kind, name, _ in listed if kind == "impact"}
    assert reported == {one.key for one in resolved.figures() if one.reported} and len(reported) == 38


def _is_parameter(resolved: Scenario, stream: str) -> bool:
    return stream.partition("@")[0] in {one.stream for one in resolved.parameters().values()}


def test_shared_parameters_come_once_and_first(listed: dict[tuple[str, str, str], Entry]) -> None:
    names = [name for _, name, _ in listed]
    shared = [name for name in names if "." not in name]
    assert "natural_gas_carbon" in shared or len(shared) > 5
    assert names[: len(shared)] == shared
    assert not [name for name in names if name.partition(".")[2] in shared]


def test_values_ranges_and_years(listed: dict[tuple[str, str, str], Entry]) -> None:
    def values(name: str, year: str = "") -> tuple[Any, ...]:
        return tuple(listed["parameter", name, year].cells[one] for one in VALUES)

    assert values("perovskite_solar.japan_share") == (25.0, None, None)
    assert values("hydrogen_steelmaking.steel_intensity") == (None, 1.5, 2.0)
    assert values("offshore_wind.offshore_wind_capacity", "2030") == (None, 168.0, 368.0)
    assert values("offshore_wind.offshore_wind_capacity", "2050") == (4500.0, None, None)
    assert ("parameter", "offshore_wind.offshore_wind_capacity", "") not in listed


def test_a_line_shows_the_words_of_the_report(listed: dict[tuple[str, str, str], Entry]) -> None:
    cells = listed["parameter", "perovskite_solar.japan_share", ""].cells
    assert (cells["sign"], cells["unit"], cells["programme"]) == ("③", "%", "perovskite_solar")
    assert "25%" in cells["as_printed"] and cells["spread.dist"] == "pert"
    assert set(cells) == set(COLUMNS) - {"kind", "name", "year", *WHY}


def test_columns_are_named_once_and_in_three_parts() -> None:
    assert len(COLUMNS) == len(set(COLUMNS)) == len(FIXED) + len(VALUES) + len(SPREAD) + len(WHY)
    assert COLUMNS[3:-3] == (*FIXED[3:], *VALUES, *(f"spread.{one}" for one in SPREAD))
    assert PROGRAMME_COLUMNS[-3:] == WHY == COLUMNS[-3:]


# ---- cells of a spread


@pytest.mark.parametrize("said", [
    {"dist": "pert", "low": 1.0, "mode": 2.0, "high": 4.0, "basis": "assumed", "reason": "r"},
    {"class": "plan", "reason": "r"},
    {"class": "plan", "reason": "r", "widen": 2.0},
    {"dist": "uniform", "low": 0.8, "high": 1.2, "relative": True, "basis": "published", "reason": "r"},
    {"dist": "normal", "mean": 3.0, "sd": 0.5, "truncate": [0.0, 9.0], "basis": "assumed", "reason": "a, b = c"},
    {"dist": "choice", "values": [1.0, 2.5], "weights": [1.0, 3.0], "basis": "assumed", "reason": 'with "marks"'},
    {"dist": "empirical", "values": [1.0, 2.0], "probabilities": [0.0, 1.0], "basis": "assumed", "reason": "r"},
    {"dist": "scipy", "name": "gamma", "a": 2.0, "scale": 3.0, "basis": "assumed", "reason": "日本語"},
    {"dist": "bernoulli", "p": 0.6, "basis": "assumed", "reason": "r"},
    {"dist": "uniform", "low": 1.0, "high": 2.0, "basis": "literature", "reason": "r",
     "source": {"key": "study", "where": "p. 3", "quote": "a \\ b"}},
    {"dist": "fixed", "value": 3.0},
])  # fmt: skip
def test_every_form_of_a_spread_comes_back(said: dict[str, Any]) -> None:
    """From cells, as the reader puts them together."""
    cells = spread_cells(uncertainty(**_frozen(said)))
    line = edited.Line(7, dict(cells))
    reader = object.__new__(edited._Reader)
    reader.findings = []
    found = reader._spread(line)
    assert found is not None and uncertainty(**_frozen(found)) == uncertainty(**_frozen(said))
    assert reader.findings == [] and json.dumps(found)


def test_what_has_no_spread_has_empty_cells_and_stays_as_it_is() -> None:
    cells = spread_cells(None)
    assert set(cells) == {f"spread.{one}" for one in SPREAD} and set(cells.values()) == {None}
    reader = object.__new__(edited._Reader)
    found = reader._spread(edited.Line(7, cells))
    assert found is not None and uncertainty(**found).relative and found["dist"] == "fixed"


@pytest.mark.parametrize("value", [
    1.5, True, "x", 'a "b" \\ c', "日本語", [1.0, 2.0], {"key": "k", "where": "w"}, [["a"], ["b"]], {"a": {"b": [1]}},
])  # fmt: skip
def test_what_stands_in_one_line_is_read_as_it_was(value: Any) -> None:
    assert tomllib.loads(f"x = {_inline(value)}")["x"] == value


# ---- comparing cells


@pytest.mark.parametrize(("given", "written", "alike"), [
    (25.0, 25.0, True), (25, 25.0, True), (25.0, 25.1, False), (0.1 + 0.2, 0.3, True), (1.0, 1.0 + 1e-13, False),
    (None, None, True), ("", None, True), (None, "", True), (None, 0.0, False), (0.0, None, False), (0.0, 0.0, True),
    ("a", "a", True), ("a", "b", False), ("a", None, False), (None, "a", False), ("25", 25.0, False),
    (True, True, True), (False, None, True), (None, False, True), (True, None, False), (None, True, False),
])  # fmt: skip
def test_whether_a_cell_was_edited(given: Any, written: Any, alike: bool) -> None:
    assert _alike(given, written) is alike


@pytest.mark.parametrize(("given", "year"), [(2030.0, "2030"), (2030, "2030"), ("2030", "2030"), (None, ""), ("", "")])
def test_years_however_a_program_keeps_them(given: Any, year: str) -> None:
    assert _year(given) == year


@pytest.mark.parametrize(("value", "said"), [
    (1.5, "1.5"), (1e6, "1e+06"), (None, "an empty cell"), ("x" * 80, f"'{'x' * 60}'"), (True, "'True'"),
])  # fmt: skip
def test_how_messages_show_a_cell(value: Any, said: str) -> None:
    assert _shown(value) == said


def lines(*cells: dict[str, Any]) -> list[tuple[Entry, edited.Line]]:
    """Lines of one parameter, by year where there are several."""
    years = ["2030", "2040", "2050"][: len(cells)] if len(cells) > 1 else [""]
    blank = dict.fromkeys([*VALUES, *(f"spread.{one}" for one in SPREAD)])
    return [(Entry("parameter", "p", year, {}), edited.Line(row, blank | one))
            for row, (year, one) in enumerate(zip(years, cells, strict=True))]  # fmt: skip


@pytest.mark.parametrize(("cells", "wanted"), [
    ([{"value": 3}], {"value": 3.0}),
    ([{"low": 1, "high": 2}], {"low": 1.0, "high": 2.0}),
    ([{"value": 3}, {"value": 4.5}], {"value": {"2030": 3.0, "2040": 4.5}}),
    ([{"low": 1, "high": 2}, {"value": 4}], {"value": {"2030": {"low": 1.0, "high": 2.0}, "2040": 4.0}}),
    ([{}], {}),
])  # fmt: skip
def test_values_as_a_change_says_them(cells: list[dict[str, Any]], wanted: dict[str, Any]) -> None:
    assert _values(lines(*cells)) == wanted


@pytest.mark.parametrize(("first", "columns", "stale"), [
    ({"spread.dist": "pert"}, ["value"], True), ({"spread.dist": "pert", "spread.relative": True}, ["value"], False),
    ({"spread.class": "plan"}, ["value"], False), ({"spread.dist": "fixed"}, ["value"], False),
    ({"spread.dist": "pert"}, ["spread.low"], False), ({"spread.dist": "pert"}, [], False), ({}, ["low"], False),
])  # fmt: skip
def test_which_spreads_do_not_follow_a_new_value(first: dict[str, Any], columns: list[str], stale: bool) -> None:
    mine = lines(first, {"spread.dist": "pert"})
    assert _stale(mine, {0: columns, 1: []}) is stale


# ---- the file


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sheets_have_the_same_names_in_both_languages(lang: str, tmp_path: Path) -> None:
    resolved = load(study(tmp_path, FEW))
    book = CalamineWorkbook.from_filelike(BytesIO(to_workbook(resolved, tmp_path / "x.xlsx", lang)))
    assert book.sheet_names == ["scenario", "parameters", "programmes"]
    about = book.get_sheet_by_name("scenario").to_python()
    assert about[2][:2] == ["scenario", "study.toml"] and about[3][:2] == ["digest", resolved.digest]
    keys = [book.get_sheet_by_name(name).to_python(skip_empty_area=False)[KEYS_ROW] for name in book.sheet_names[1:]]
    assert keys == [[*COLUMNS, *([""] if lang == "ja" else [])], list(PROGRAMME_COLUMNS)]  # "": reasons in Japanese
    here = {line[0]: line[2] for line in book.get_sheet_by_name("programmes").to_python(skip_empty_area=False)[4:]}
    assert {name for name, included in here.items() if included is True} == set(FEW) and len(here) == 21


def test_bases_by_name_or_from_the_folder_of_the_file(tmp_path: Path) -> None:
    assert base_of(scenario(), tmp_path / "x.xlsx") == "framework_2023_11"
    assert base_of(load("slow_diffusion"), Path("anywhere.toml")) == "slow_diffusion"
    resolved = load(study(tmp_path / "inner"))
    assert base_of(resolved, tmp_path / "inner" / "x.xlsx") == "study.toml"
    assert base_of(resolved, tmp_path / "x.xlsx") == "inner/study.toml"
    with pytest.raises(InputError, match="write it beside that file"):
        base_of(resolved, tmp_path / "other" / "x.xlsx")
