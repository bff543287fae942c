"""Money as volume times price: which figures are, with whose price, and what printed amounts imply."""

import csv
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from ctsim.cli import main
from ctsim.dataset import cell_name, places
from ctsim.engine import open_run, simulate
from ctsim.export.write import export
from ctsim.locale import price_year, text
from ctsim.netcdf import netcdf_tree
from ctsim.trail import Trail, every_trail
from tests.runs import scenario

HERE = ["hydrogen_supply_chain", "perovskite_solar", "water_electrolysis"]
IMPLIED = "water_electrolysis.economic_effect.2050:unit_cost_of_2050"
MONEY = (Path(__file__).parents[1] / "docs" / "money.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def trails() -> dict[str, Trail]:
    return every_trail(scenario())


def test_prices_are_printed_in_two_programmes_and_implied_in_one_reading(trails: dict[str, Trail]) -> None:
    by_price: dict[str, set[str]] = {}
    for name, one in trails.items():
        by_price.setdefault(one.price, set()).add(name)
    assert by_price["implied"] == {IMPLIED}
    printed = {name.partition(".")[0] for name in by_price["printed"]}
    assert printed == {"hydrogen_supply_chain", "water_electrolysis"} and len(by_price["printed"]) == 7
    assert set(by_price) == {"", "none", "printed", "implied"}


def test_only_money_has_a_price(trails: dict[str, Trail]) -> None:
    for name, one in trails.items():
        assert bool(one.price) == (".economic_effect." in name), name


def test_a_price_in_yen_a_year_is_none(trails: dict[str, Trail]) -> None:
    """Amounts a year are drawn as rows in 円/yr: no price."""
    one = trails["hydrogen_steelmaking.economic_effect.2030"]
    assert [row.unit for row in one.rows] == ["億円/yr"] and one.price == "none"


@pytest.mark.parametrize("price", ["printed", "implied", "none"])
def test_the_command_says_it(price: str, trails: dict[str, Trail]) -> None:
    name = next(name for name, one in trails.items() if one.price == price)
    done = CliRunner().invoke(main, ["show", "framework_2023_11", name])
    assert done.exit_code == 0 and text(f"price.{price}", "en") in done.stdout
    assert re.search(r"price year +unstated", done.stdout)


# ---- in files of a run


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that has a price, and money that has none."""
    path = tmp_path_factory.mktemp("prices") / "run"
    simulate(scenario(), draws=64, programmes=HERE, out=path)
    return path


def test_the_result_has_the_marks_of_every_trail(directory: Path, trails: dict[str, Trail]) -> None:
    tree, found = open_run(directory).tree, dict[str, tuple[str, str]]()
    for path in ("economic_effect", "items/economic_effect", "other", "readings"):
        data = tree[path].dataset
        assert {"price", "price_year"} <= set(data.coords)
        for at in places(data, *map(str, data["mean"].dims)):
            name = cell_name(path, [str(at[dim]) for dim in data["mean"].dims])
            found[name] = str(at["price"]), str(at["price_year"])
    mine = [name for name in trails if name.partition(".")[0] in HERE and ".co2_reduction." not in name]
    assert {name: found[name][0] for name in mine} == {name: trails[name].price for name in mine}
    assert {year for price, year in found.values() if price} == {"unstated"}
    assert {year for price, year in found.values() if not price} == {""}


def test_a_price_year_is_printed_as_the_report_has_it() -> None:
    assert [price_year(said, "ja") for said in ("2023", "unstated", "")] == ["2023", "記載なし", ""]


def test_csv_and_netcdf_have_the_marks(directory: Path, tmp_path: Path) -> None:
    with export(directory, "csv", out=tmp_path / "run.csv").open(encoding="utf-8") as file:
        lines = [one for one in csv.DictReader(file) if one["variable"] == "mean"]
    reading = next(one for one in lines if one["reading"] == IMPLIED)
    assert (reading["price"], reading["price_year"]) == ("implied", "unstated")
    assert {one["price"] for one in lines if one["node"] == "/economic_effect"} == {"", "none", "printed"}
    assert {one["price"] for one in lines if one["node"] == "/co2_reduction"} == {""}
    tree = netcdf_tree(export(directory, "netcdf", out=tmp_path / "run.nc"))
    assert str(tree["readings"].dataset["price"].sel(reading=IMPLIED).values) == "implied"


@pytest.mark.parametrize(("lang", "unstated"), [("ja", "記載なし"), ("en", "unstated")])
def test_the_workbook_has_the_marks(directory: Path, tmp_path: Path, lang: str, unstated: str) -> None:
    book = CalamineWorkbook.from_path(export(directory, "xlsx", lang, tmp_path / "run.xlsx"))
    price, year = text("workbook.price", lang), text("workbook.price_year", lang)
    lines = {}
    for sheet in ("cells", "items"):
        head, *rest = book.get_sheet_by_name(text(f"workbook.sheet_{sheet}", lang)).to_python()
        for one in (dict(zip(head, line, strict=True)) for line in rest):
            lines[str(one[text("workbook.name", lang)])] = one[price], one[year]
    assert lines[IMPLIED] == (text("price.implied", lang), unstated)
    assert lines["water_electrolysis.economic_effect.2050"] == (text("price.printed", lang), unstated)
    assert lines["perovskite_solar.economic_effect.2030"] == (text("price.none", lang), unstated)
    assert lines["perovskite_solar.co2_reduction.2030"] == ("", "")


@pytest.mark.parametrize(
    ("row", "yen", "volume", "unit", "digits"),
    [
        ("| 1, tandem", 186e8, 1.3e9, 1, 3), ("| 3, 2050", 5.5e12, 55e9 / 0.08994, 1, 3),
        ("| 8, 2050", 4.4e12, 88e6, 1e4, 1), ("| 19", 5894e8, 153_882, 1e4, 3), ("| 20", 245e8, 3698, 1e4, 3),
        ("| 21", 1676e8, 243_666, 1e4, 3),
    ],
)  # fmt: skip
def test_implied_prices_of_the_document_by_hand(row: str, yen: float, volume: float, unit: float, digits: int) -> None:
    [line] = [one for one in MONEY.splitlines() if one.startswith(row)]
    shown = float(re.findall(r"[\d.]+", line.split("|")[3])[0])
    assert f"{yen / volume / unit:.{digits}g}" == f"{shown:.{digits}g}"
