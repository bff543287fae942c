"""Allocations and issues of the two fiscal years: the sums of the report, and what they leave open."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ctsim.accounts import Allocation, AllocationFile, Issue

SCENARIOS = Path(__file__).parent.parent / "scenarios"

HALF_UNIT = 0.5
"""億円. Most a printed whole amount can differ from the exact one."""


def frozen(value: Any) -> Any:
    """Lists as tuples, as the strict records want them."""
    if isinstance(value, list):
        return tuple(frozen(one) for one in value)
    if isinstance(value, dict):
        return {key: frozen(one) for key, one in value.items()}
    return value


def allocations(year: int) -> AllocationFile:
    with (SCENARIOS / "allocations" / f"fy{year}.toml").open("rb") as file:
        return AllocationFile.model_validate(frozen(tomllib.load(file)))


def rounding(row: Allocation) -> float:
    """Most the printed amount of a row can differ from the exact one, in 億円."""
    return 0.05 if "." in row.as_printed else HALF_UNIT


def price(issue: Issue) -> float:
    """Yen per 100 yen of face value at the highest accepted yield, simple interest over the remaining years."""
    remaining = date.fromisoformat(issue.redemption_date) - date.fromisoformat(issue.issue_date)
    years = remaining.days / 365
    return (100 + issue.coupon * years) / (1 + issue.highest_yield / 100 * years)


@pytest.fixture(params=[2023, 2024])
def year(request: pytest.FixtureRequest) -> int:
    return request.param


def test_head(year: int) -> None:
    file = allocations(year)
    assert file.fiscal_year == year
    assert file.source in tomllib.loads((SCENARIOS / "sources.toml").read_text(encoding="utf-8"))["source"]


@pytest.mark.parametrize(("year", "rows", "auctions"), [(2023, 16, 2), (2024, 22, 4)])
def test_every_row_and_auction_is_there(year: int, rows: int, auctions: int) -> None:
    file = allocations(year)
    assert (len(file.allocation), len(file.issue)) == (rows, auctions)
    assert [row.category for row in file.allocation] == sorted(row.category for row in file.allocation)


def test_amounts_are_the_printed_ones(year: int) -> None:
    for row in allocations(year).allocation:
        assert float(row.as_printed.replace(",", "")) == row.amount
        assert row.unit == "億円"
        assert row.where == {2023: "chart 8", 2024: "chart 37"}[year]


def test_a_budget_is_listed_once_for_each_programme_name(year: int) -> None:
    keys = [(row.budget_year, row.name_ja) for row in allocations(year).allocation]
    assert len(keys) == len(set(keys))


def test_rows_of_fy2023_add_up_exactly() -> None:
    assert sum(row.amount for row in allocations(2023).allocation) == 15947


def test_rows_of_fy2024_add_up_within_their_rounding() -> None:
    """12,352.6 against 12,358: more than rounding usually does, less than it can; the totals' note says so."""
    file = allocations(2024)
    total = sum(row.amount for row in file.allocation)
    assert total == pytest.approx(12352.6)
    assert abs(file.totals.allocated - total) <= sum(map(rounding, file.allocation)) + HALF_UNIT
    assert file.totals.note is not None
    assert "12,352.6" in file.totals.note.en and "12,352.6" in file.totals.note.ja


def test_allocated_and_unallocated_are_the_proceeds(year: int) -> None:
    totals = allocations(year).totals
    assert totals.allocated + totals.unallocated == totals.proceeds


def test_the_other_unallocated_balance_of_fy2024_is_kept() -> None:
    """Note 1 of chart 37 has 1,572, the chart 1,562."""
    totals = allocations(2024).totals
    assert any("1,572" in words for words in totals.as_printed)
    assert any("1,562" in words for words in totals.as_printed)


def test_refinanced_money_fits_into_the_budget_it_refinanced() -> None:
    """9,087億円 were spent under the FY2022 supplementary budget before the bonds were issued."""
    file = allocations(2023)
    assert file.totals.refinanced == 9087
    budget = sum(row.amount for row in file.allocation if row.budget_year == "令和4年度補正")
    assert file.totals.refinanced <= budget <= file.totals.allocated
    assert allocations(2024).totals.refinanced is None


def test_the_fund_got_what_the_column_on_it_says() -> None:
    """7,564億円, in the column on the Green Innovation Fund."""
    rows = [row for row in allocations(2023).allocation if row.name_ja.startswith("グリーンイノベーション")]
    assert sum(row.amount for row in rows) == 7564
    assert all(len(row.programme) == 10 for row in rows)


def test_accepted_amounts_exceed_proceeds_only_by_the_price(year: int) -> None:
    """Accepted amounts are face values, proceeds what was paid for them, near but not at 100 yen per 100 yen.

    Face values differ from proceeds by 0.3 % (FY2023) and 0.5 % (FY2024): 1 % is the tolerance without prices. The
    report prints no prices; at the highest accepted yield by simple interest they give the proceeds to 0.02 %, the rest
    being the rounding of the amounts, the yields and the day count.
    """
    file = allocations(year)
    face = sum(issue.accepted for issue in file.issue)
    paid = sum(issue.accepted * price(issue) / 100 for issue in file.issue)
    assert face == pytest.approx(file.totals.proceeds, rel=0.01)
    assert paid == pytest.approx(file.totals.proceeds, rel=2e-4)


def test_auctions(year: int) -> None:
    for issue in allocations(year).issue:
        dates = [issue.auction_date, issue.issue_date, issue.redemption_date]
        assert [date.fromisoformat(day).isoformat() for day in dates] == sorted(dates)
        assert issue.accepted <= issue.planned_amount < issue.bids
        assert 0 < issue.coupon < 2
        assert abs(issue.highest_yield - issue.coupon) < 0.5


def test_auctions_of_one_name_sell_one_bond(year: int) -> None:
    """Chart 35 repeats 第2回: the later auctions have the coupon and redemption date of the earlier ones."""
    bonds: dict[str, tuple[float, str]] = {}
    for issue in allocations(year).issue:
        assert bonds.setdefault(issue.name_ja, (issue.coupon, issue.redemption_date)) == (
            issue.coupon,
            issue.redemption_date,
        )
    assert len(bonds) == 2


def test_every_programme_of_fy2023_has_money_and_no_other() -> None:
    """The 21 programmes of the impact report are those that chart 8 funds."""
    funded = {name for row in allocations(2023).allocation for name in row.programme}
    assert len(funded) == 21
    later = {name for row in allocations(2024).allocation for name in row.programme}
    assert later < funded
    pages = {path.stem for path in (SCENARIOS / "programmes").glob("*.toml")}
    assert funded <= pages


def test_green_categories_are_those_of_the_framework(year: int) -> None:
    known = {
        "エネルギー効率",
        "再生可能エネルギー",
        "低炭素・脱炭素エネルギー",
        "クリーンな運輸",
        "環境適応商品、環境に配慮した生産技術及びプロセス",
        "生物自然資源及び土地利用に係る持続可能な管理、サーキュラーエコノミー",  # charts 5 and 8
        "生物資源及び土地利用に係る持続可能な管理、サーキュラーエコノミー",  # chart 37
        "Cross-sectoral (すべてのグリーンカテゴリーが対象)",
    }
    rows = allocations(year).allocation
    assert {category for row in rows for category in row.green_categories} <= known
    assert all(row.green_categories or row.note for row in rows)
