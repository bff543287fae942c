"""What a yen bought: against a calculation kept in tests/data, and every reason why nothing is said."""

import csv
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ctsim import accounts
from ctsim.bought import (
    AT_LEAST,
    BOUNDARIES,
    NOT_MARGINAL,
    POOLED,
    PRO_RATA,
    REFINANCED,
    SECTIONS,
    SETS,
    WHOLE,
    Account,
    Bought,
    Line,
    _small_part,
    account,
    costs,
    sums_alone,
)  # fmt: skip
from ctsim.catalog import Scenario, load
from ctsim.cli import main
from ctsim.console import number
from ctsim.errors import InputError
from ctsim.locale import LANGUAGES, text
from ctsim.printing_bought import account_table
from tests.runs import scenario, study

FEW = 16 * 1024


@cache
def issue(year: str) -> Account:
    return account(scenario(), accounts.accounts(year), draws=FEW)


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Every parameter at its value: all draws are the same."""
    return load(study(tmp_path_factory.mktemp("fixed"), None, uncertainty="none"))


def line(made: Account, programme: str) -> Line:
    return next(one for one in made.rows if one.rows[0].programme == (programme,) and one.rows[0].same_projects)


def bought(made: Account, programme: str) -> Bought:
    found = line(made, programme).bought
    assert found is not None
    return found


def independent() -> list[dict[str, str]]:
    with (Path(__file__).parent / "data" / "bought.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", independent(), ids=lambda row: row["programme"])
def test_ratios_agree_with_the_calculation_kept_elsewhere(row: dict[str, str], fixed: Scenario) -> None:
    file = accounts.accounts("2023")
    one = bought(account(fixed, file, draws=1), row["programme"])
    part = one.allocated / float(row["allocated_oku"])
    figures = {name: figure.median for name, figure in one.amounts.items()}
    assert one.share == pytest.approx(float(row["share"]), rel=1e-12)
    assert one.leverage == pytest.approx(float(row["leverage"]), rel=1e-12)
    assert figures["annual_per_oku"] == pytest.approx(float(row["t_per_oku"]), rel=1e-9)
    assert figures["lifetime_per_oku"] == pytest.approx(float(row["lifetime_t_per_oku"]), rel=1e-9)
    assert figures["yen_per_tonne"] == pytest.approx(float(row["yen_per_t"]), rel=1e-9)
    pro_rata = float(row["lifetime_t"]) * float(row["share"]) * part
    assert figures["pro_rata_lifetime"] == pytest.approx(pro_rata, rel=1e-9)
    discounted = bought(account(fixed, file, rate=0.04, draws=1), row["programme"]).amounts["lifetime_per_oku"].median
    expected = float(row["lifetime_t_at_4_percent"]) / float(row["allocated_oku"])
    assert discounted == pytest.approx(expected, rel=1e-9)


def test_spreads_are_those_of_the_effect_and_allocations_have_none() -> None:
    """Draw by draw: the annual effect of the windows has the same relative spread as its figure in a run."""
    one = bought(issue("2023"), "insulated_windows")
    assert one.amounts["annual_per_oku"].low < one.amounts["annual_per_oku"].median
    relative = one.annual / one.annual.mean()
    assert relative.std() == pytest.approx(0.418 / 7.04, rel=0.03)  # sd and mean of the total of a run, 万t
    assert np.array_equal(one.annual * one.share, one.pro_rata_annual)


def test_a_class_is_the_sum_of_its_rows_draw_by_draw() -> None:
    made = issue("2023")
    demand = next(one for one in made.classes if one.name == "C")
    parts = [one.bought for one in made.rows if one.rows[0].category == "C" and one.bought]
    assert demand.bought is not None and len(parts) == 5
    for name in ("annual", "lifetime", "pro_rata_annual", "pro_rata_lifetime"):
        added = np.sum([getattr(one, name) for one in parts], axis=0)
        assert getattr(demand.bought, name) == pytest.approx(added, rel=1e-12)
    assert demand.bought.allocated == 689 + 178 + 108 + 806 + 97 == demand.allocated - 273
    assert demand.why is not None and "does not count" in demand.why.en


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("グリーンイノベーション基金事業", "no split of the fund"),
        ("革新的GX技術創出事業(Gtex)", "paid for (reference)"),
        ("ポスト5G情報通信システム基盤強化研究開発事業", "world market"),
        ("高温ガス炉実証炉開発事業", "paid for (per unit)"),
        ("高速炉実証炉開発事業", "(not CO2)"),
        ("省エネエネルギー投資促進・需要構造転換支援事業費", "89 %"),
        ("蓄電池の製造サプライチェーン強靭化支援事業", "fourteen plans"),
        ("特定地域脱炭素移行加速化交付金", "whole plans"),
    ],
)
def test_a_refused_ratio_names_its_reason(name: str, why: str) -> None:
    for one in issue("2023").rows:
        if one.name == name:
            assert one.bought is None and one.why is not None and why in one.why.en and one.why.ja


def test_nothing_is_said_of_a_market_or_of_unlike_effects_together() -> None:
    made = issue("2023")
    for one in (*made.rows, *made.classes, *made.categories, *made.budgets):
        assert (one.bought is not None) or (one.why is not None)
        assert one.bought is None or one.bought.boundary in BOUNDARIES
    unlike = next(one for one in made.budgets if one.name == "令和4年度補正")
    assert unlike.bought is None and unlike.why is not None
    assert (
        "not to be added: Supply chain of power semiconductors, " in unlike.why.en and "住宅の断熱性能" in unlike.why.ja
    )
    for line in (one for name in SECTIONS for one in getattr(made, name) if one.why):
        assert not re.search("[a-z]_[a-z]", f"{line.why}"), line.why


@pytest.mark.parametrize("year", ["2023", "2024"])
def test_a_scenario_without_the_years_of_a_life_says_so_instead_of_a_ratio(year: str) -> None:
    """as_published keeps to the cells that the report prints: of cars there is no 2030, of plants no 2040 either."""
    made = account(scenario("as_published"), accounts.accounts(year), draws=1)
    assert all(one.why is not None for one in made.rows if one.bought is None)
    if year == "2023":
        for programme, years in (("insulated_windows", "2030"), ("power_semiconductors", "2030, 2040")):
            why = line(made, programme).why
            assert why is not None and f"no number for {years}: the report prints no figure" in why.en
            assert f"{years}年の値がない" in why.ja


def test_a_class_names_every_reason_of_its_rows() -> None:
    investment = next(one for one in issue("2023").classes if one.name == "B")
    assert investment.bought is None and len(investment.reasons) == 4
    assert investment.why is not None and all(
        words in investment.why.en for words in ("31% of the money only", "fourteen", "89 %", "microgrids")
    )


def test_a_ratio_of_less_than_half_of_the_money_is_not_that_of_the_line() -> None:
    """Class B would have the tonnes of 16 alone, エネルギー効率 those of windows; the rows keep theirs."""
    made = issue("2023")
    lines = [one for section in SECTIONS for one in getattr(made, section)]
    small = {one.name: one for one in lines if one.why and "its ratio is not that of the line" in one.why.en}
    assert {name: one.allocated for name, one in small.items()} == {
        "B": 4865, "エネルギー効率": 4993, "令和5年度当初": 4973}  # fmt: skip
    said = {name: one.why.ja for name, one in small.items() if one.why}
    assert "4,865億円のうち1,523億円(31%)" in said["B"] and "4,973億円のうち286億円(6%)" in said["令和5年度当初"]
    assert "4,993億円のうち903億円(18%)" in said["エネルギー効率"]
    english = [one.why.en for one in small.values() if one.why]  # tables are in 億円 and in bn JPY
    assert "known for 31% of the money only (in 100m JPY: 1,523 of 4,865): its ratio" in english[0]
    for one in lines:
        known = [row.bought.allocated for row in made.rows if row.bought and row.rows[0] in one.rows]
        assert one.bought is None or one in made.rows or sum(known) == one.bought.allocated >= 0.5 * one.allocated


def test_half_is_enough() -> None:
    assert _small_part(50.0, 100.0) is None and _small_part(49.999, 100.0) is not None


def test_sums_alone_are_those_of_the_whole_account_without_dependence() -> None:
    """Bit by bit, though only their programmes are drawn; and they are not those with dependence."""
    made, free = issue("2023"), account(scenario().with_dependence(0), accounts.accounts("2023"), draws=FEW)
    found = sums_alone(scenario(), made)
    assert [getattr(made, section)[place].name for section, place in found] == ["C", "クリーンな運輸"]
    for (section, place), one in found.items():
        whole, tied = getattr(free, section)[place].bought, getattr(made, section)[place].bought
        assert one.bought is not None and one.bought.amounts == whole.amounts != tied.amounts
    assert sums_alone(scenario(), issue("2024")) == {}


def test_a_cost_that_is_a_lower_bound_gives_bounds_of_share_and_leverage() -> None:
    """5,894億円～ of the clean vehicles, also where other money stands beside it; of nothing else."""
    made = issue("2023")
    for one in (*made.rows, *made.classes, *made.categories, *made.budgets):
        if one.bought:
            assert one.bought.cost_at_least == ("clean_energy_vehicles" in one.bought.programmes)
            assert (AT_LEAST in one.notes) == one.bought.cost_at_least


def test_rows_of_one_programme_say_that_they_are_pooled() -> None:
    pooled = [one.rows[0].programme[0] for one in issue("2023").rows if POOLED in one.notes]
    assert pooled == ["clean_energy_vehicles"] * 2 + ["insulated_windows"] * 2
    assert not any(POOLED in one.notes for one in issue("2023").classes)
    windows = {row.amount: row.note for row in accounts.accounts("2023").allocation
               if row.programme == ("insulated_windows",)}  # fmt: skip
    for tonnes, amount, said in ((63000, 806, "about 78 t"), (8000, 97, "about 82 t")):
        note = windows[amount]
        assert note is not None and said in note.en and f"約{int(said.split()[1])}t" in note.ja
        assert int(said.split()[1]) == int(tonnes / amount)


def test_a_share_above_the_stated_rate_says_so() -> None:
    note = line(issue("2023"), "power_semiconductors").rows[0].note
    assert note is not None and "36.3 %" in note.en and "1/3" in note.ja and 1523 / 4192 > 1 / 3


def test_bonds_without_an_impact_report_are_allocated_and_not_quantified() -> None:
    made = issue("2024")
    assert all(one.bought is None and one.why and "not yet quantified" in one.why.en for one in made.rows)
    assert made.file.totals.unallocated == 1562


def test_refinanced_and_new_are_apart() -> None:
    file = accounts.accounts("2023")
    partly = sum(row.amount for row in file.allocation if row.refinanced == "partly")
    new = sum(row.amount for row in file.allocation if row.refinanced == "none")
    assert file.totals.refinanced == 9087 <= partly == 10701
    assert new == 5246 <= file.totals.allocated - 9087


@pytest.mark.parametrize(
    ("section", "name", "refinanced", "new"),
    [
        ("budgets", "令和4年度補正", (9087, 9087), (1614, 1614)),
        ("budgets", "令和5年度当初", (0, 0), (4973, 4973)),
        ("budgets", "令和5年度補正", (0, 0), (273, 273)),
        ("classes", "A", (2632, 4246), (4685, 6299)),
        ("classes", "B", (3249, 4863), (2, 1616)),
        ("classes", "C", (0, 1592), (559, 2151)),
        ("rows", "蓄電池の製造サプライチェーン強靭化支援事業", (1702, 3316), (0, 1614)),
        ("rows", "商用車の電動化促進事業", (0, 0), (108, 108)),
    ],
)
def test_refinanced_is_known_by_budget_and_bounded_elsewhere(
    section: str, name: str, refinanced: tuple[float, float], new: tuple[float, float]
) -> None:
    found = next(one for one in getattr(issue("2023"), section) if one.name == name)
    assert (found.refinanced, found.new) == (refinanced, new)
    assert {one.refinanced for one in issue("2024").rows} == {one.new for one in issue("2024").rows} == {None}


def test_what_is_refinanced_is_what_the_budget_year_says() -> None:
    for row in accounts.accounts("2023").allocation:
        assert (row.refinanced == "partly") == (row.budget_year == "令和4年度補正")
    assert {row.refinanced for row in accounts.accounts("2024").allocation} == {"unstated"}


def test_the_command_prints_one_table_that_says_it_is_no_marginal_cost() -> None:
    for lang, words in (("ja", NOT_MARGINAL.ja), ("en", NOT_MARGINAL.en)):
        done = CliRunner().invoke(main, ["yen", "--lang", lang, "--draws", str(FEW)])
        assert done.exit_code == 0 and words in done.stdout
        for printed in ("15,947", "9,087", "6,860"):
            assert printed in done.stdout
        assert "≤ 14.7%" in done.stdout and "≥ 6.80" in done.stdout


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_command_prints_the_pro_rata_share_of_every_line_that_has_one(lang: str, fixed: Scenario) -> None:
    """As printed, draws without spread: 19's are bounds, since its cost is; each part is that of the amounts."""
    file = accounts.accounts("2023")
    made = account(fixed, file, draws=1)
    with CliRunner().isolation() as (out, *_):
        account_table(made, lang)
        shown = out.getvalue().decode()
    title, note = text("yen.pro_rata", lang), text("yen.pro_rata_note", lang)
    lines = shown[shown.index(title) : shown.index(note)].splitlines()
    assert {"ja": "限界削減費用ではない", "en": "Not a marginal abatement cost"}[lang] in note
    every = [line for section in SECTIONS for line in getattr(made, section)]
    body = [line for line in lines if "[" in line]
    assert len(body) == sum(line.bought is not None for line in every) >= 8
    for line, printed in zip((one for one in every if one.bought), body, strict=True):
        assert line.bought is not None
        for name in PRO_RATA:
            assert f"{number(line.bought.amounts[name].median)} [" in printed
        assert printed.count("≤ ") == (2 if line.bought.cost_at_least else 0)
        assert printed.count("≥ ") == (1 if line.bought.cost_at_least else 0)
    assert sum("≥ " in line for line in body) >= 2


def test_without_an_effect_there_is_no_pro_rata_table() -> None:
    out = CliRunner().invoke(main, ["yen", "--issue", "2024", "--lang", "en"]).stdout
    assert text("yen.pro_rata", "en") not in out and text("yen.pro_rata_note", "en") not in out


def test_notes_stand_where_they_apply() -> None:
    """FY2024: what its sums leave open and shifted rows; nothing on refinancing, plants or costs."""
    for lang, shifted in (("ja", "セルのずれ"), ("en", "Cells shifted")):
        out = CliRunner().invoke(main, ["yen", "--issue", "2024", "--lang", lang]).stdout
        assert "12,352.6" in out and "1,572" in out and out.count(shifted) == 3
        for words in (WHOLE, REFINANCED, AT_LEAST, POOLED, NOT_MARGINAL):
            assert getattr(words, lang) not in out
        assert "B(工場)" not in out and "Class B plants" not in out
        out = CliRunner().invoke(main, ["yen", "--lang", lang, "--draws", str(FEW)]).stdout
        for words in (WHOLE, REFINANCED, AT_LEAST, POOLED, NOT_MARGINAL):
            assert getattr(words, lang) in out
        [said] = [line for line in out.splitlines() if getattr(SETS, lang) in line]
        middle, mark = {"ja": ("・クリーンな運輸・", "・"), "en": ("; Clean transportation; ", "; ")}[lang]
        assert middle in said and said.count(mark) == 5


def test_json_has_every_row_with_a_figure_or_a_reason() -> None:
    done = CliRunner().invoke(main, ["yen", "--issue", "2024", "--json"])
    said = json.loads(done.stdout)
    assert (said["proceeds"], said["allocated"], said["refinanced"]) == (13920, 12358, None)
    assert len(said["rows"]) == 22 and all(row["why"]["ja"] for row in said["rows"])
    fuel = next(row for row in said["rows"] if row["allocated"] == 2300)
    assert (fuel["class"], fuel["budget_year"], fuel["green_categories"]) == ("B", "令和6年度当初", [])
    assert fuel["refinanced"] == "unstated" and fuel["refinanced_low"] is fuel["new_high"] is None
    assert "セルのずれ" in fuel["notes"][0]["ja"] and "12,352.6" in said["notes"][0]["en"]
    assert "限界削減費用ではない" in said["note"]["ja"]


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("amount           = 4564", "amount           = 45640", "exceed the issue of 15,947"),
        ("amount           = 689\n", "amount           = 6890\n", "and exceed the issue of 15,947"),
        ("unallocated = 0", "unallocated = 300", "are not 15,947"),
        ("refinanced  = 9087", "refinanced  = 19087", 'rows marked "partly" have 10,701'),
        ("refinanced  = 9087", "refinanced  = 11087", 'rows marked "partly" have 10,701'),
        ("amount           = 47\n", "amount           = 0\n", "greater than 0"),
        ("amount           = 47\n", "amount           = -47\n", "greater than 0"),
        ("amount           = 4564", "amount           = 1564", "the rows come to 12,947 億円, allocated are 15,947"),
        ("allocated   = 15947", "allocated   = 15610000", "the rows come to 15,947 億円, allocated are 15,610,000"),
        ("allocated   = 15947", "allocated   = 1594", "the rows come to 15,947 億円, allocated are 1,594"),
        ("proceeds    = 15947", "proceeds    = 15900", "come to 15,947 億円 and exceed the issue of 15,900"),
        ("proceeds    = 15947", "proceeds    = 1594", "come to 15,947 億円 and exceed the issue of 1,594"),
        ("proceeds    = 15947", "proceeds    = 159470", "allocated 15,947 and unallocated 0 are not 159,470"),
        ("amount           = 3000", "amount           = 30", "the rows come to 12,977 億円, allocated are 15,947"),
    ],
)
def test_money_that_does_not_balance_is_one_line(tmp_path: Path, was: str, now: str, why: str) -> None:
    text = accounts.shipped()["2023"].read_text(encoding="utf-8")
    assert was in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(was, now), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        accounts.accounts(str(path))
    assert all(str(one).startswith(f"{path}:") for one in raised.value.findings)
    assert [why in one.message for one in raised.value.findings] == [True]


def test_two_mistakes_in_the_money_are_two_lines(tmp_path: Path) -> None:
    text = accounts.shipped()["2023"].read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(
        text.replace("amount           = 4564", "amount           = 1564").replace(
            "proceeds    = 15947", "proceeds    = 15900"
        ),
        encoding="utf-8",
    )
    with pytest.raises(InputError) as raised:
        accounts.accounts(str(path))
    assert [one.key for one in raised.value.findings] == ["totals.allocated", "totals.proceeds"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--issue", "2025"], "no issue of fiscal year '2025'"),
        (["--issue", "nowhere.toml"], "no such file"),
        (["--discount-rate", "4"], "below 1, as 0.04"),
        (["--draws", "0"], "must be between 1"),
    ],
)
def test_bad_options_are_one_line(options: list[str], why: str) -> None:
    done = CliRunner().invoke(main, ["yen", *options])
    assert done.exit_code == 2 and why in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("was", "now", "lines"),
    [
        ('["insulated_windows"]', '["insulated_window"]',
         ["no programme 'insulated_window'. Did you mean 'insulated_windows'? Take it out or write its page."] * 2),
        ("amount           = 108", "amount           = 250",
         ["250 億円 for 'electric_commercial_vehicles' exceed the 245 that all payers spent on these projects; "
          "mend the amount or say why in 'refused'"]),
    ],
)  # fmt: skip
def test_a_file_is_held_against_the_programmes(tmp_path: Path, was: str, now: str, lines: list[str]) -> None:
    path = _mine(tmp_path, (was, now), ("15947", str(15947 + 142)) if "250" in now else ("", ""))
    with pytest.raises(InputError) as raised:
        accounts.accounts(path, costs(scenario()))
    assert [one.message for one in raised.value.findings] == lines
    assert all(one.place.file == str(path) and one.place.line for one in raised.value.findings)
    assert accounts.accounts(path).fiscal_year == 2023  # without programmes to hold it against


def _mine(folder: Path, *changes: tuple[str, str]) -> Path:
    text = accounts.shipped()["2023"].read_text(encoding="utf-8")
    for was, now in changes:
        text = text.replace(was, now) if was else text
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return folder / "mine.toml"


@pytest.mark.parametrize("year", accounts.shipped())
def test_shipped_money_is_of_pages_and_within_their_cost(year: str) -> None:
    assert str(accounts.accounts(year, costs(scenario())).fiscal_year) == year


def test_sums_of_money_take_the_file_that_is_given(tmp_path: Path) -> None:
    """A file of FY2023 takes the place of the shipped issue of that year; the other years stay."""
    path = _mine(tmp_path, ("amount           = 47\n", "amount           = 57\n"), ("   = 15947", "   = 15957"))
    sums = {one.id: value for one, value in accounts.money_sums(scenario().totals, accounts.accounts(path))}
    assert sums == {"allocated": 15957 + 12358, "proceeds": 15957 + 13920}
    done = CliRunner().invoke(main, ["yen", "--issue", str(path), "--draws", "1"])
    assert done.exit_code == 0 and "28,315" in done.stdout and "28,305" not in done.stdout


def test_a_programme_that_was_not_chosen_is_said_to_be_that() -> None:
    made = account(load("carbon_pricing"), accounts.accounts("2023"), draws=1)
    whys = {row.why.en for row in made.rows if row.why and row.rows[0].programme == ("insulated_windows",)}
    assert len(whys) == 1 and all(one.startswith("not in this scenario (not chosen): ") for one in whys), whys
    assert not any("no page" in row.why.en for row in made.rows if row.why)
