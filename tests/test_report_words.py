"""Words and pieces that pages share: panels in order, numbers with addresses, labels of parameters, money in words."""

from __future__ import annotations

import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from click.testing import CliRunner

from ctsim.accounts import accounts
from ctsim.bought import Account, Line
from ctsim.cli import main
from ctsim.naming import Names
from ctsim.report.money import Issue, YenLine, issue_total
from ctsim.report.page import _templates
from ctsim.report.words import anchor, card_words, grouped, groups, heading, label_of, tagged, tidy
from ctsim.schema import Bilingual
from tests.html_pages import parsed


def test_panels_stand_from_what_was_paid_for_to_the_world_and_references_last() -> None:
    keys = [
        ("co2_reduction", "", "reference"), ("economic_effect", "market", "world_market"),
        ("co2_reduction", "", "world_market"), ("economic_effect", "demand", "units_supported"),
        ("co2_reduction", "", "units_supported"), ("other", "", "per_unit"),
    ]  # fmt: skip
    ordered = [key for key, _ in grouped([(key, 0) for key in keys])]
    assert ordered == [keys[4], keys[2], keys[5], keys[3], keys[1], keys[0]]


def test_a_group_holds_what_shares_a_key_in_the_order_it_came() -> None:
    key, other = ("co2_reduction", "", "japan_market"), ("co2_reduction", "", "world_market")
    first, second = groups([(other, "c"), (key, "a"), (other, "b")], "moves", "en")
    assert (first.anchor, first.items) == ("moves-co2_reduction-japan_market", ["a"])
    assert (second.items, second.heading) == (["c", "b"], heading(other, "en"))
    assert anchor("p", ("economic_effect", "market", "")) == "p-economic_effect-market"


def test_a_number_carries_its_value_and_its_address() -> None:
    [one] = parsed(str(tagged("-1.2", -1.2345, '/a|"b"|mean|', 10.0))).all("data")
    assert one.text == "−1.2"
    assert one.attributes == {"value": "-1.2345", "data-at": '/a|"b"|mean|', "data-x": "10.0"}
    assert parsed(str(tagged("", float("nan"), "x"))).text == "–"


@pytest.mark.parametrize(
    ("lang", "item", "said"),
    [("ja", "", "2030年"), ("ja", "戸建", "2030年(戸建)"), ("en", "detached", "2030 (detached)")],
)
def test_labels(lang: str, item: str, said: str) -> None:
    assert label_of("co2_reduction", "2030", item, lang).endswith(said)


def test_a_card_in_words() -> None:
    assert card_words({"draws": 65536, "sealed": True, "years": ["2030", "2040"]}) == (
        "draws 65,536, sealed True, years 2030, 2040"
    )
    assert card_words([]) == card_words("") == card_words(None) == "–"
    assert tidy("CO ₂ 等、CO2") == "CO₂等、CO₂"


# ---- money


@pytest.mark.parametrize(("lang", "said", "factor"), [("ja", "15,947", "1.0"), ("en", "1,594.7", "0.1")])
def test_money_is_in_the_unit_of_the_language(lang: str, said: str, factor: str) -> None:
    [one] = parsed(str(issue_total(accounts("2023").totals, 2023, "allocated", lang))).all("data")
    assert (one.text, one.attributes["value"], one.attributes["data-x"]) == (said, "15947.0", factor)
    assert "<data" not in str(issue_total(accounts("2024").totals, 2024, "refinanced", lang))


def test_what_is_known_for_a_part_only_says_so() -> None:
    line: Any = SimpleNamespace(name="B", allocated=100.0, rows=(), bought=SimpleNamespace(allocated=40.0))
    one = YenLine(line, "yen|2023|classes|1", "ja")
    assert parsed(str(one.covered)).text == "40" and one.name == "B 設備投資" and one.category == ""
    line.bought.allocated = 100.0
    assert str(one.covered) == ""


def test_footnotes_are_numbered_once() -> None:
    why, note = Bilingual(ja="理由", en="why"), Bilingual(ja="注", en="note")
    lines = tuple(Line(name, (), (1386.0, 3000.0), None, (why,), (note,)) for name in "AB")
    file = accounts("2023").model_copy(update={"allocation": ()})
    issue = Issue(Account(file, 0.0, 1, lines, (), (), ()), "ja")
    head = len(issue.made.notes)
    assert head == 2 == len(issue.marks) and issue.footnotes[head:] == ["理由", "注"]
    assert [one.marks for one in issue.lines("rows")] == [[head + 1, head + 2]] * 2
    assert parsed(str(issue.new)).text == "6,860"
    assert parsed(str(issue.lines("rows")[0].bounds("refinanced"))).text == "1,386–3,000"


# ---- parameters as the report labels them


@pytest.mark.parametrize(
    ("lang", "name", "said"),
    [
        ("ja", "mine.output", "年間発電量"), ("ja", "mine.output_2050", "年間発電量"),
        ("en", "mine.output_2050", "output 2050"),
        ("ja", "mine.share", "share"), ("ja", "mine.waste_2030 (shares)", "2030年の一般廃棄物の組成（構成比）"),
    ],
)  # fmt: skip
def test_a_parameter_has_the_reports_label(lang: str, name: str, said: str) -> None:
    """Its own, else that of a parameter with the same sign in the report, else its name."""

    def parameter(symbol: str | None, printed: str | tuple[str, ...]) -> SimpleNamespace:
        return SimpleNamespace(stream="mine.x", record=SimpleNamespace(symbol=symbol, as_printed=printed))

    known = {
        "mine.output": parameter("③", "③ 年間発電量:70GW(2030年)"), "mine.output_2050": parameter("③", ("2640GW",)),
        "mine.share": parameter(None, "25%"),
    }  # fmt: skip
    scenario: Any = SimpleNamespace(parameters=lambda: known, figures=list)
    assert Names(scenario, lang).parameter(name) == said


# ---- what makes pages quick


def test_templates_are_compiled_once_and_again_where_what_is_kept_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTSIM_CACHE_DIR", str(tmp_path))
    compiled = []
    whole = jinja2.Environment.compile
    monkeypatch.setattr(jinja2.Environment, "compile", lambda *given: compiled.append(given[2]) or whole(*given))
    for damaged, times in ((False, 1), (False, 1), (True, 2)):
        for path in (tmp_path / "ctsim").rglob("templates/*") if damaged else ():
            path.write_bytes(path.read_bytes()[:-1])
        _templates.cache_clear()
        _templates().get_template("words.html")
        assert compiled == ["words.html"] * times
    _templates.cache_clear()


def test_the_command_leaves_the_collector_as_it_was() -> None:
    for enable in (gc.disable, gc.enable):
        enable()
        CliRunner().invoke(main, ["report", "nowhere"])
        assert gc.isenabled() == (enable is gc.enable)
