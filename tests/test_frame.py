"""The policy frame and the worked examples: quotes in their documents, prices and gaps by hand, what is printed."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ctsim import policy, units
from ctsim.errors import InputError
from ctsim.formulas import carbon_pricing as rules
from ctsim.policy import FrameFile, NationalTotal, PricePath, Target, carbon_value, frame, gaps
from ctsim.printing_policy import policy_tables
from ctsim.quotes import squash
from ctsim.valued import National
from tests.report import ROOT, SCENARIOS
from tests.runs import scenario

FILES = ("policy/frame.toml", "policy/programmes/carbon_pricing.toml")
TEXT = (SCENARIOS / "policy" / "frame.toml").read_text(encoding="utf-8")
SOURCES = tomllib.loads((SCENARIOS / "sources.toml").read_text(encoding="utf-8"))["source"]


def citations(node: Any) -> Iterator[dict[str, str]]:
    """Every citation with a quote, however deep."""
    if isinstance(node, dict) and "quote" in node:
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from citations(part)


QUOTED = [
    (name, one) for name in FILES for one in citations(tomllib.loads((SCENARIOS / name).read_text(encoding="utf-8")))
]


@cache
def document(key: str) -> str | None:
    """The squashed text of a source, found by its digest; None where it is not on this machine."""
    for path in sorted((ROOT.parent / "shared" / "seeds").glob("*.txt")):
        if hashlib.sha256(path.read_bytes()).hexdigest() == SOURCES[key]["sha256"]:
            return squash(path.read_text(encoding="utf-8"))
    return None


# ---- quotes


@pytest.mark.parametrize(("name", "one"), QUOTED, ids=lambda x: x.get("quote", "")[:24] if isinstance(x, dict) else "")
def test_every_quote_is_in_its_document(name: str, one: dict[str, str]) -> None:
    found = document(one["key"])
    if found is None:
        pytest.skip(f"{one['key']} is not on this machine")
    assert squash(one["quote"]) in found, f"{name}: {one['where']}"


def test_a_changed_quote_would_be_missed() -> None:
    """The search can fail: one digit changed is not found."""
    found = document("gx_deck_2025_06")
    if found is None:
        pytest.skip("the deck is not on this machine")
    for said in ("2013年度比27.2%減少(▲約3億7,810万トン)", "2035年に温室効果ガスの2013年比61%減を目指すと表明"):
        assert squash(said) not in found


def test_every_source_is_known_and_every_published_statement_has_a_quote() -> None:
    assert len(QUOTED) == 19 and {one["key"] for _, one in QUOTED} <= set(SOURCES)
    for total in frame().total:
        assert total.basis == ("derived" if total.sum_of else "published") and total.source.quote
    assert [total.year for total in frame().total if total.sum_of] == [2013]
    for target in frame().target:
        assert (target.source is not None and bool(target.source.quote)) == (target.basis == "published")


@pytest.mark.parametrize(
    ("year", "words"),
    [(2030, "46%"), (2035, "60%"), (2040, "73%"), (2050, "カーボンニュートラル")],
    ids=["2030", "2035", "2040", "2050"],
)
def test_the_quote_of_a_target_says_its_number(year: int, words: str) -> None:
    [target] = [one for one in frame().target if one.year == year]
    assert target.source is not None and words in squash(target.source.quote or "") and str(year) in (
        target.source.quote or ""
    )  # fmt: skip
    assert words in (f"{target.reduction:g}%", "カーボンニュートラル")


def test_credits_are_cumulative_and_apart() -> None:
    for one, (year, amount) in zip(frame().credits, [(2030, 1e8), (2040, 2e8)], strict=True):
        assert one.by == year and one.amount * units.conversion(one.unit, "t-CO2") == pytest.approx(amount)
        assert not units.convertible(one.unit, "Mt-CO2/yr")
        assert "累積" in (one.source.quote or "") and f"{one.amount:g}億t-CO₂" in (one.source.quote or "")


# ---- gaps


@pytest.mark.parametrize(
    ("year", "percent", "allowed", "missing"),
    [(2030, 46, 753.354, 263.646), (2035, 60, 558.04, 458.96), (2040, 73, 376.677, 640.323), (2050, 100, 0, 1017)],
)
def test_a_gap_by_hand(year: int, percent: float, allowed: float, missing: float) -> None:
    realised = {year: np.array([0.1, 0.2])}
    gap = next(one for one in gaps(frame(), realised) if one.target.year == year)
    assert gap.target.reduction == percent
    assert (gap.allowed, gap.missing) == pytest.approx((allowed, missing), abs=1e-9)
    assert gap.closed == pytest.approx(np.array([0.1, 0.2]) / missing, rel=1e-12)


def test_only_years_that_have_a_cell_are_closed() -> None:
    closed = {one.target.year: one.closed for one in gaps(frame(), {2040: np.array([0.05])})}
    assert [year for year, share in closed.items() if share is not None] == [2040]
    assert all(share is None or (share < 1e-3).all() for share in closed.values())


def test_the_share_of_the_model_notes() -> None:
    """18.3 万t a year of the 264 Mt between FY2023 and the target of FY2030 are 0.07 %."""
    [gap] = [one for one in gaps(frame(), {2030: np.array([0.183])}) if one.target.year == 2030]
    assert gap.closed is not None
    assert f"{gap.missing:.0f} {gap.closed[0]:.2%}" == "264 0.07%"


def test_totals_in_other_units_are_the_same() -> None:
    text = TEXT.replace('emissions = 1017\nunit      = "百万t-CO2/yr"', 'emissions = 10.17\nunit      = "億t-CO2/yr"')
    assert text != TEXT
    other = FrameFile.model_validate_json(_json(text))
    for a, b in zip(gaps(frame(), {}), gaps(other, {}), strict=True):
        assert a.missing == pytest.approx(b.missing, rel=1e-12)


def _json(text: str) -> str:
    return json.dumps(tomllib.loads(text), ensure_ascii=False)


# ---- prices


@pytest.mark.parametrize("path", frame().price_path, ids=lambda one: one.id)
def test_a_price_path_has_every_year_and_never_falls(path: PricePath) -> None:
    years = sorted(int(year) for year in path.price)
    assert years == list(range(2026, 2051))
    prices = [path.price[str(year)] for year in years]
    assert all(b > a for a, b in pairwise(prices))
    assert path.title.ja and path.title.en and path.basis == "assumed"


def test_the_floor_is_below_the_ceiling_in_every_year() -> None:
    floor, ceiling = frame().price_path
    assert (floor.id, ceiling.id) == ("gx_ets_floor", "gx_ets_ceiling")
    assert all(floor.price[year] < ceiling.price[year] for year in floor.price)


@pytest.mark.parametrize(
    ("tonnes", "year", "yen"), [(1e6, 2030, 19.13), (183e3, 2030, 3.50079), (72.4e3, 2040, 1.861404), (0, 2050, 0)]
)
def test_carbon_value_in_oku_yen_by_hand(tonnes: float, year: int, yen: float) -> None:
    """Tonnes × 円/t ÷ 10⁸."""
    [floor, _] = frame().price_path
    assert carbon_value(floor, {year: np.array([tonnes / 1e6])})[year] == pytest.approx([yen], rel=1e-9)


@pytest.mark.parametrize("year", [2013, 2025, 2051])
def test_no_price_outside_the_path(year: int) -> None:
    with pytest.raises(InputError, match=f"no price for {year}; give it one"):
        carbon_value(frame().price_path[0], {year: np.array([1.0])})


@pytest.mark.parametrize("year", [2027, 2030, 2039, 2049])
def test_any_gap_inside_a_path_is_found_with_its_year(tmp_path: Path, year: int) -> None:
    lines = [line for line in TEXT.splitlines() if not line.strip().startswith(f"{year} = ")]
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        frame(path)
    assert [one.key for one in raised.value.findings] == ["price_path.gx_ets_floor.price",
                                                          "price_path.gx_ets_ceiling.price"]  # fmt: skip
    assert all(f"{year} is missing between 2026 and 2050" in one.message for one in raised.value.findings)


@pytest.mark.parametrize("year", [2026])
def test_a_path_may_begin_later(tmp_path: Path, year: int) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "\n".join(line for line in TEXT.splitlines() if not line.strip().startswith(f"{year} = ")), encoding="utf-8"
    )
    assert all(str(year) not in one.price for one in frame(path).price_path)


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("reduction = 46", "reduction = 0", "reduction"),
        ("reduction = 46", "reduction = 101", "reduction"),
        ("reduction = 46", "reduction = nan", "reduction"),
        ("  2026 = 1700", "  2026 = nan", "price"),
        ("  2026 = 1700", "  2026 = inf", "price"),
        ("emissions = 1017", "emission = 1017", "Did you mean"),
        ("format = 1", "format = 2", "format"),
    ],
)
def test_a_number_that_is_none_is_refused(tmp_path: Path, was: str, now: str, why: str) -> None:
    assert was in TEXT
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        frame(path)
    assert why in str(raised.value)
    assert all(line.startswith(f"{path}:") for line in str(raised.value).splitlines())


def test_every_citation_of_a_frame_is_held_against_the_list_of_sources(tmp_path: Path) -> None:
    """Of totals, targets, credits and prices, each with its line; `sources.toml` beside the file adds to the list."""
    path = tmp_path / "mine.toml"
    cited = 'basis  = "published"\nsource = { key = "own_paper", where = "table 1" }'
    text = TEXT.replace('basis  = "assumed"', cited, 1).replace("gx_deck_2025_06", "gx_deck_2025_07")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        frame(path)
    found = {one.key: one for one in raised.value.findings}
    wanted = [*(f"total.{year}" for year in (2013, 2023)), *(f"target.{year}" for year in (2035, 2050)),
              "credits.2030", "credits.2040", "price_path.gx_ets_floor"]  # fmt: skip
    assert list(found) == [f"{one}.source.key" for one in wanted]
    for key, one in found.items():
        named = "own_paper" if "price" in key else "gx_deck_2025_07"
        assert f'key = "{named}"' in text.splitlines()[one.place.line - 1] and f"no source '{named}'" in one.message
        assert ("Known: impact_report" if "price" in key else "Did you mean 'gx_deck_2025_06'?") in one.message
    path.write_text(text.replace("gx_deck_2025_07", "gx_deck_2025_06"), encoding="utf-8")
    beside = tmp_path / "sources.toml"
    beside.write_text('format = 1\n[source.own_paper]\ntitle = "t"\npublisher = "p"\ndate = "2026"\n', encoding="utf-8")
    assert frame(path).price_path[0].source is not None
    beside.write_text("format = 1\n[source.own_paper]\ntitle = 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"sources\.toml:3"):
        frame(path)


def test_a_frame_that_is_not_there_is_one_line() -> None:
    with pytest.raises(InputError, match="no such file of the policy frame"):
        frame("nowhere.toml")


@pytest.mark.parametrize("record", [Target, NationalTotal])
def test_a_record_takes_no_field_that_it_does_not_know(record: type[Target] | type[NationalTotal]) -> None:
    with pytest.raises(ValidationError):
        record.model_validate({"year": 2030, "guess": 1})


# ---- what is printed


def printed(capsys: pytest.CaptureFixture[str], years: list[int], lang: str = "en", between: int = 0) -> str:
    """What the command prints of three quantiles a year: 0.2 Mt, 10 % below and above it."""
    tonnes = {year: np.array([0.2, 0.18, 0.22]) for year in years}
    found = National(frame(), policy.Realised(tonnes, tonnes, frozenset({between} - {0})), [])
    policy_tables(found, scenario(), lang)
    return capsys.readouterr().out


def test_the_share_is_labelled_and_years_without_a_cell_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, [2030, 2040, 2050])
    assert policy.REALISED.ja in out and policy.REALISED.en in out and "17 + 19 + 20 + 21" in out
    [line] = [one for one in out.splitlines() if one.strip().startswith("2035")]
    assert "no cell of this year" in line and "459" in line


def test_a_year_between_cells_is_marked_and_said_how_it_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, [2030, 2035, 2040], between=2035)
    marked = [line for line in out.splitlines() if "] *" in line]
    assert len(marked) == 3 and all("2035" in line for line in marked)
    assert f"* 2035: {policy.BETWEEN.en}" in out
    assert "*" not in printed(capsys, [2030, 2040])


def test_tables_are_in_japanese_too(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, [2030, 2035], "ja", between=2035)
    assert policy.REALISED.ja in out and policy.BETWEEN.ja in out and "仮定" in out
    for word in ("year", "closed", "basis", "price", "assumed", "Targets", "Carbon value", "member"):
        assert word not in out.partition("1,700 in FY2026")[0]


def test_the_median_stands_before_its_interval(capsys: pytest.CaptureFixture[str]) -> None:
    """0.2 Mt of 263.646 are 0.0759 %; at 1,913 yen a tonne 3.83 億円."""
    out = printed(capsys, [2030])
    assert "0.0759 [0.0683–0.0834]" in out
    assert "3.83 [3.44–4.21]" in out


def test_prices_say_that_they_are_second_hand(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, [2030])
    assert out.count("(assumed): 1,700 in FY2026") == out.count("(assumed): 4,300 in FY2026") == 1
    assert out.count("second-hand") == 2 and "cumulative, never part of an annual total" in out


# ---- worked examples, in tonnes and yen


@pytest.mark.parametrize(
    ("ratio", "added", "expected"),
    [(1.0, (0, 0, 0), 1_800_000), (0.5, (0, 0, 0), 900_000), (1.0, (20_000, 30_000, 10_000), 1_860_000)],
)
def test_allocation_by_benchmark(ratio: float, added: tuple[float, float, float], expected: float) -> None:
    assert rules.allocation_benchmark(1_000_000, 1.8, ratio, *added) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("years", "ratio", "expected"), [(0, 1.0, 2_000_000), (1, 1.0, 1_966_000), (3, 1.0, 1_898_000), (3, 0.5, 949_000)]
)
def test_allocation_by_grandfathering(years: float, ratio: float, expected: float) -> None:
    """1.7 % of the base a year, linear, before the addition of 0."""
    assert rules.allocation_grandfathering(2_000_000, 0.017, years, ratio, 0, 0, 0) == pytest.approx(expected)


@pytest.mark.parametrize(("emitted", "yen"), [(2_050_000, 5.7e8), (1_860_000, 0.0), (1_760_000, -3e8)])
def test_allowances_are_bought_or_sold(emitted: float, yen: float) -> None:
    assert rules.allowances_to_buy(emitted, 1_860_000, 3000) == pytest.approx(yen)


def test_the_levy_is_imports_times_factor_times_rate() -> None:
    assert rules.levy(1_000_000, 2.67, 1000) == pytest.approx(26.7e8)


@pytest.mark.parametrize(
    ("certificate", "paid", "yen"),
    [(12_000, 3_000, 9_000 * 1.9 * 100_000 * 0.485), (12_000, 0, 12_000 * 1.9 * 100_000 * 0.485), (9_000, 9_000, 0),
     (9_000, 12_000, 0)],
)  # fmt: skip
def test_the_border_charge_is_what_was_not_paid_and_never_below_nothing(
    certificate: float, paid: float, yen: float
) -> None:
    assert rules.cbam_charge(certificate, paid, 1.9, 100_000, 0.485) == pytest.approx(yen)
    assert not isnan(rules.cbam_charge(certificate, paid, 1.9, 100_000, 0.485))
