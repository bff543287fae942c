"""Kinds of money: what each programme's yen are, kept apart from the pages, and never mixed."""

import csv
from pathlib import Path

from tests.runs import scenario


def kinds() -> dict[str, str]:
    with (Path(__file__).parent / "data" / "money_kinds.csv").open(encoding="utf-8") as file:
        return {row["programme"]: row["money_kind"] for row in csv.DictReader(file)}


def test_every_figure_of_money_has_the_kind_of_its_programme_and_no_price_year() -> None:
    found: dict[str, set[str]] = {}
    for programme in scenario().programmes:
        for figure in programme.figures:
            if figure.record.metric == "economic_effect":
                found.setdefault(programme.id, set()).add(str(figure.record.money_kind))
                assert figure.record.price_year == "unstated"
    assert found == {name: {kind} for name, kind in kinds().items()}


def test_what_is_spent_once_or_cumulative_is_in_no_annual_cell() -> None:
    for programme in scenario().programmes:
        for year in ("2030", "2040", "2050"):
            cell = programme.cell("economic_effect", year)
            assert all(one.record.period in ("annual", "unstated") for one in cell.figures)
            if kinds().get(programme.id) in ("project_cost", "demand"):
                assert cell.reason_code == "one_off"
