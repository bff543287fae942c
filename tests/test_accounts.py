"""Accounts of both issues against the words of the report, and what a yen bought against plain Python."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from ctsim import bought, yearly
from ctsim.accounts import AllocationFile, accounts, money_faults, shipped
from ctsim.bought import Account, Amount, Bought, account, amount
from ctsim.cli import main
from ctsim.errors import InputError
from ctsim.locale import budget
from ctsim.printing_bought import account_json, account_table
from ctsim.quotes import squash
from ctsim.schema import TotalsFile
from ctsim.tomlfile import Document
from tests.report import find
from tests.runs import scenario

DRAWS = 1
PAID_FOR = ("power_semiconductors", "clean_energy_vehicles", "electric_commercial_vehicles", "insulated_windows")


@cache
def made(rate: float = 0.0) -> Account:
    return account(scenario(), accounts("2023"), rate=rate, draws=DRAWS)


def of(programme: str, rate: float = 0.0) -> Bought:
    rows = [one for one in made(rate).rows if one.bought and one.bought.programmes == (programme,)]
    assert rows and rows[0].bought is not None
    return rows[0].bought


# ---- the report's figures


@pytest.mark.parametrize("year", ["2023", "2024"])
def test_sums_are_words_of_the_report(year: str) -> None:
    report = find()
    if report is None:
        pytest.skip("the report is not on this machine")
    totals = accounts(year).totals
    said = squash("\n".join(report.lines))
    for words in totals.as_printed:
        assert squash(words) in said
    printed = " ".join(totals.as_printed)
    for value in filter(None, (totals.allocated, totals.proceeds, totals.unallocated, totals.refinanced)):
        assert f"{value:,.0f}" in printed


@pytest.mark.parametrize("year", ["2023", "2024"])
def test_every_amount_stands_in_the_row_of_its_programme(year: str) -> None:
    report = find()
    if report is None:
        pytest.skip("the report is not on this machine")
    for row in accounts(year).allocation:
        block = report.rows_of(int(row.where.removeprefix("chart ")), row.name_ja)
        assert block.find(row.as_printed) is not None, row.name_ja


@pytest.mark.parametrize(
    ("year", "by", "sums"),
    [
        ("2023", "category", {"A": 8931, "B": 4865, "C": 2151}),
        ("2023", "budget_year", {"令和4年度補正": 10701, "令和5年度当初": 4973, "令和5年度補正": 273}),
        ("2023", "refinanced", {"partly": 10701, "none": 5246}),
        ("2024", "category", {"A": 1063, "B": 8122.1, "C": 1966.5, "D": 1201}),
        ("2024", "refinanced", {"unstated": 12352.6}),
    ],
)
def test_sums_by_hand(year: str, by: str, sums: dict[str, float]) -> None:
    found: Counter[str] = Counter()
    for row in accounts(year).allocation:
        found[getattr(row, by)] += row.amount  # type: ignore[assignment]
    assert dict(found) == pytest.approx(sums)


@pytest.mark.parametrize(("year", "proceeds", "allocated", "unallocated"), [("2023", 15947, 15947, 0),
                                                                             ("2024", 13920, 12358, 1562)])  # fmt: skip
def test_an_issue_balances(year: str, proceeds: float, allocated: float, unallocated: float) -> None:
    totals = accounts(year).totals
    assert (totals.proceeds, totals.allocated, totals.unallocated) == (proceeds, allocated, unallocated)
    assert proceeds - allocated == unallocated


def test_no_refinanced_amount_is_given_to_a_programme() -> None:
    """9,087 億円 are printed as one sum; 6,860 of the 15,947 are new."""
    totals = accounts("2023").totals
    assert totals.refinanced == 9087 and totals.allocated - totals.refinanced == 6860
    assert "refinanced_amount" not in AllocationFile.model_json_schema()["$defs"]["Allocation"]["properties"]


@pytest.mark.parametrize("section", ["rows", "classes", "categories", "budgets"])
def test_every_view_of_an_issue_has_all_of_its_money(section: str) -> None:
    for year in shipped():
        file = accounts(year)
        one = made() if year == "2023" else account(scenario(), file, draws=DRAWS)
        assert sum(line.allocated for line in getattr(one, section)) == pytest.approx(
            sum(row.amount for row in file.allocation)
        )
        for line in getattr(one, section):
            assert line.bought is not None or (line.why is not None and line.why.ja and line.why.en)


# ---- what a yen bought


@pytest.mark.parametrize(
    ("programme", "allocated", "cost", "share"),
    [
        ("power_semiconductors", 1523, 4192, "36.3%"),
        ("clean_energy_vehicles", 689 + 178, 5894, "14.7%"),
        ("electric_commercial_vehicles", 108, 245, "44.1%"),
        ("insulated_windows", 806 + 97, 1676, "53.9%"),
    ],
)
def test_the_share_financed_by_hand(programme: str, allocated: float, cost: float, share: str) -> None:
    rows = [one for one in made().rows if one.bought and one.bought.programmes == (programme,)]
    assert sum(one.bought.allocated for one in rows if one.bought) == allocated
    assert sum(one.bought.cost for one in rows if one.bought) == pytest.approx(cost)
    for one in rows:
        assert one.bought is not None
        assert f"{allocated / cost:.1%}" == f"{one.bought.share:.1%}" == share
        assert one.bought.leverage == pytest.approx(cost / allocated)


def test_only_what_was_paid_for_has_a_ratio() -> None:
    assert {one.bought.programmes[0] for one in made().rows if one.bought} == set(PAID_FOR)


@pytest.mark.parametrize("programme", PAID_FOR)
def test_yen_per_tonne_is_the_inverse_of_tonnes_per_oku_yen(programme: str) -> None:
    one = of(programme)
    assert one.annual.shape == one.lifetime.shape == (made().draws,)
    yen, tonnes = one.amounts["yen_per_tonne"], one.amounts["lifetime_per_oku"]
    assert yen.median == pytest.approx(1e8 / tonnes.median, rel=1e-3)
    assert yen.low == pytest.approx(1e8 / tonnes.high, rel=1e-3)
    assert yen.high == pytest.approx(1e8 / tonnes.low, rel=1e-3)
    assert one.amounts["all_yen_per_tonne"].median == pytest.approx(yen.median * one.leverage)


@pytest.mark.parametrize("programme", PAID_FOR)
def test_amounts_are_plain_quantiles_of_draws(programme: str) -> None:
    one = of(programme)
    expected = np.sort(one.annual / one.allocated)
    found = one.amounts["annual_per_oku"]
    assert vars(found) == pytest.approx(vars(amount(expected)), rel=1e-12)
    assert (expected <= found.low).mean() == pytest.approx(0.05, abs=1e-3)
    assert (expected <= found.high).mean() == pytest.approx(0.95, abs=1e-3)
    assert found.mean == pytest.approx(expected.sum() / len(expected))


@pytest.mark.parametrize("programme", PAID_FOR)
def test_pro_rata_is_the_effect_times_the_share(programme: str) -> None:
    one = of(programme)
    assert one.pro_rata_annual == pytest.approx(one.annual * one.share, rel=1e-12)
    assert one.pro_rata_lifetime == pytest.approx(one.lifetime * one.share, rel=1e-12)
    assert 0 < one.share < 1 < one.leverage


@pytest.mark.parametrize("programme", PAID_FOR)
def test_discounting_makes_later_tonnes_less_and_leaves_a_year_alone(programme: str) -> None:
    plain, discounted = of(programme), of(programme, 0.04)
    assert np.array_equal(plain.annual, discounted.annual)
    ratio = discounted.lifetime / plain.lifetime
    assert (ratio < 1.04**-0.5).all() and (ratio > 1.04**-60).all()
    assert discounted.amounts["yen_per_tonne"].median > plain.amounts["yen_per_tonne"].median


def test_amount_of_a_few_draws_by_hand() -> None:
    assert amount(np.arange(21.0)) == Amount(mean=10.0, median=10.0, low=1.0, high=19.0)


@pytest.mark.parametrize("years", [1.0, 5.0, 60.0])
@pytest.mark.parametrize("shape", [1.0, 2.2, 3.5])
def test_stock_years_are_the_integral_of_survival(years: float, shape: float) -> None:
    """Midpoints of 20,000 strips; with shape 1 it is mean × (1 - exp(-span / mean))."""
    ages = (np.arange(20_000) + 0.5) * years / 20_000
    strips = yearly._survival(ages, 12.0, shape).mean() * years
    assert yearly._stock_years(years, 12.0, shape) == pytest.approx(strips, rel=1e-6)
    if shape == 1.0:
        assert strips == pytest.approx(12.0 * (1 - np.exp(-years / 12.0)), rel=1e-6)


# ---- refusals, and what is printed


@pytest.mark.parametrize("rate", [-0.01, 1.0, 4.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match="must be at least 0 and below 1"):
        account(scenario(), accounts("2023"), rate=rate, draws=DRAWS)


@pytest.mark.parametrize("draws", [0, -1, 2**20 + 1])
def test_draws_that_do_not_fit_are_refused(draws: int) -> None:
    with pytest.raises(InputError, match="must be between 1 and 1,048,576"):
        account(scenario(), accounts("2023"), draws=draws)


@pytest.mark.parametrize(
    ("was", "now", "key"),
    [
        ("proceeds    = 15947", "proceeds    = 15900", "totals.proceeds"),
        ("allocated   = 15947", "allocated   = 15946", "totals.proceeds"),
        ("amount           = 2\n", "amount           = nan\n", "amount"),
        ('category         = "C"', 'category         = "E"', "category"),
        ("refinanced  = 9087", "refinance  = 9087", "refinance"),
        ('"エネルギー効率" = ', '"エネルギー功率" = ', "Did you mean 'エネルギー効率'"),
        ('name_en          = "Green', 'name_e          = "Green', "name_en"),
    ],
)
def test_an_account_that_is_not_whole_names_file_line_and_key(tmp_path: Path, was: str, now: str, key: str) -> None:
    text = shipped()["2023"].read_text(encoding="utf-8")
    assert was in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        accounts(path)
    for line in str(raised.value).splitlines():
        assert line.startswith(f"{path}:") and line.split(":")[1].isdigit()
    assert key in str(raised.value)


def test_json_has_every_number_and_reason_in_both_languages() -> None:
    said: dict[str, Any] = json.loads(json.dumps(account_json(made(0.04)), allow_nan=False))
    assert (said["issue"], said["discount_rate"], said["refinanced"]) == (2023, 0.04, 9087)
    for section in ("rows", "classes", "categories", "budgets"):
        for one in said[section]:
            assert "share" in one or (one["why"]["ja"] and one["why"]["en"])
    windows = next(one for one in said["rows"] if one.get("programmes") == ["insulated_windows"])
    numbers = of("insulated_windows", 0.04).amounts
    assert windows["yen_per_tonne"] == vars(numbers["yen_per_tonne"])
    assert set(numbers) <= set(windows)


@pytest.mark.parametrize(
    ("printed", "english"),
    [("令和5年度当初", "FY2023 initial"),
     ("令和4年度補正・令和5年度補正", "FY2022 supplementary, FY2023 supplementary"),
     ("予備費", "予備費")],
)  # fmt: skip
def test_a_budget_in_english(printed: str, english: str) -> None:
    assert (budget(printed, "en"), budget(printed, "ja")) == (english, printed)


def test_names_in_english_are_those_of_pages_and_of_the_file() -> None:
    names = {line.name: line.named("en") for line in made().rows}
    assert names["商用車の電動化促進事業"] == "Electrification of commercial vehicles"
    assert names["グリーンイノベーション基金事業"] == "Green Innovation Fund"
    assert [line.named("ja") for line in made().rows] == [line.name for line in made().rows]


@pytest.mark.parametrize("lang", ["ja", "en"])
@pytest.mark.parametrize("year", ["2023", "2024"])
def test_a_table_is_in_its_own_language(lang: str, year: str, capsys: pytest.CaptureFixture[str]) -> None:
    one = made() if year == "2023" else account(scenario(), accounts(year), draws=DRAWS)
    account_table(one, lang)
    out = capsys.readouterr().out
    for line in one.rows:
        if line.why:
            assert (line.why.ja if lang == "ja" else line.why.en) in out
        assert all(getattr(note, lang) in out for note in line.notes)
    assert (getattr(bought.NOT_MARGINAL, lang) in out) == (year == "2023")
    tables = re.sub(r"(?m)^\[\d+\] .*$", "", out).replace("億円", "")
    assert bool(re.search("[\u3040-\u30ff\u4e00-\u9fff]", tables)) == (lang == "ja")
    assert (" initial " in tables) == (lang == "en") and ("当初" in tables) == (lang == "ja")
    assert ("未充当残高" in out) == (lang == "ja") and ("Unallocated" in out) == (lang == "en")


def test_options_of_the_command_reach_the_account() -> None:
    done = CliRunner().invoke(main, ["yen", "--json", "--discount-rate", "0.04", "--draws", "1"])
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    sums, independent = found.pop("sums"), found.pop("independent")
    assert found == account_json(made(0.04))
    assert {one["id"]: one["value"] for one in sums} == {"allocated": 15947 + 12358, "proceeds": 15947 + 13920}
    free = account_json(account(scenario().with_dependence(0), accounts("2023"), rate=0.04, draws=1))
    assert independent == {name: free[name] for name in ("rows", "classes", "categories", "budgets")} != found


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("fy2031.nope", "no issue 'fy2031'; there are fy2023, fy2024"),
        ("fy2024.alocated", "Did you mean 'allocated'"),
        ("fy2024.refinanced", "is not printed"),
        ("gtex", "no issue 'gtex'"),
    ],
)
def test_money_groups_have_members_that_issues_have(member: str, words: str) -> None:
    shipped_groups = [one for one in scenario().totals if one.kind == "money"]
    faulty = [one.model_copy(update={"members": ("fy2023.allocated", member)}) for one in shipped_groups]
    for groups, expected in ((shipped_groups, 0), (faulty, 2)):
        document = Document("mine", TotalsFile(format=1, group=tuple(groups)), {})
        found = [one.message for one in money_faults([document])]
        assert len(found) == expected and all(words in one for one in found)
