"""What a page says of overlaps whose programmes or quantity the run did not choose."""

import pytest

from ctsim.engine import simulate
from ctsim.report.page import run_page
from tests.runs import scenario


def bounds(lang: str, **chosen: list[str]) -> dict[str, str]:
    """By overlap, what the page of a run of few draws says of its bounds."""
    page = run_page(simulate(scenario(), draws=1024, method="mc", **chosen), lang)  # type: ignore[arg-type]
    return {one.id: page.bounds(one) for one in page.refused if one.kind == "overlap"}


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_overlaps_of_a_quantity_that_was_not_chosen_say_so(lang: str) -> None:
    found = bounds(lang, metrics=["economic_effect"])
    words = {"ja": "目安はない。「CO₂排出削減効果」がこの実行にない（選ばれていない）",
             "en": "no bounds, as this run does not have CO₂ reduction effect (not chosen)"}  # fmt: skip
    assert {found[name] for name in ("hydrogen", "cars", "plastics", "power")} == {words[lang]}
    assert words[lang] != found["hydrogen_markets"]


def test_overlaps_of_programmes_that_were_not_chosen_name_them() -> None:
    found = bounds("en", programmes=["waste_carbon_cycle", "offshore_wind"], metrics=["co2_reduction"])
    name = scenario().names["plastic_feedstock"].en
    assert found["plastics"] == f"no bounds, as this run does not have {name} (not chosen)"
    assert "not chosen" in found["hydrogen"]
    both = bounds("en", programmes=["waste_carbon_cycle", "plastic_feedstock"], metrics=["co2_reduction"])
    assert "not chosen" not in both["plastics"]
