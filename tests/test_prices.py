"""Money as volume times price: which figures are, with whose price, and what printed amounts imply."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctsim.cli import main
from ctsim.locale import text
from ctsim.trail import Trail, every_trail
from tests.runs import scenario

MONEY = (Path(__file__).parents[1] / "docs" / "money.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def trails() -> dict[str, Trail]:
    return every_trail(scenario())


def test_prices_are_printed_in_two_programmes_and_implied_in_one_reading(trails: dict[str, Trail]) -> None:
    by_price: dict[str, set[str]] = {}
    for name, one in trails.items():
        by_price.setdefault(one.price, set()).add(name)
    assert by_price["implied"] == {"water_electrolysis.economic_effect.2050:unit_cost_of_2050"}
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
