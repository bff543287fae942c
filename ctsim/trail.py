"""From a number of a result back to the report: the words it is printed in, its equation, what it is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ctsim import dataset, schema, units
from ctsim.binding import Row, Step
from ctsim.catalog import Scenario
from ctsim.equations import Formula, formula_place
from ctsim.errors import InputError, Place, did_you_mean
from ctsim.kernel import Target
from ctsim.programme import METRICS, YEARS, Figure, Programme, in_place


@dataclass(frozen=True)
class Trail:
    """What lies behind one cell, part, other figure or reading; `reading` also where a change has put it in place.

    `figures` are what it is made of, none where it has no number and `reason` says why; `formulas` are their equations
    in the report's signs with the line that has each; `rows` are what is drawn for it, through other cells too.
    `price` says of money whether it is a volume times a price that the report prints ("printed") or that was worked
    back or taken from elsewhere ("implied"), or an amount without a price ("none"); "" of what is no money.
    """

    cell: str
    programme: Programme
    status: str
    unit: str = ""
    figures: tuple[Figure, ...] = ()
    reading: schema.Reading | None = None
    formulas: tuple[tuple[str, Place], ...] = ()
    rows: tuple[Row, ...] = ()
    reason: schema.Bilingual | None = None
    reason_code: str = ""
    price: str = ""


def cells(scenario: Scenario) -> list[str]:
    """Every name that `follow` knows: what has a number in a result, readings, and cells without a number."""
    named = [target.name for target in dataset.targets(scenario)]
    empty = [f"{programme.id}.{metric}.{year}" for programme in scenario.programmes for metric in METRICS
             for year in YEARS if not programme.cell(metric, year).figures]  # fmt: skip
    return [*named, *empty]


def follow(scenario: Scenario, cell: str) -> Trail:
    """The trail of a cell as results and `ctsim explain` name it. Raises InputError for one that is not there."""
    found = next((one for one in dataset.targets(scenario) if one.name == cell), None)
    if found is not None:
        return _with_number(scenario, found)
    for programme in scenario.programmes:
        for one in (programme.cell(metric, year) for metric in METRICS for year in YEARS):
            if cell == f"{programme.id}.{one.metric}.{one.year}":
                return Trail(cell, programme, one.status, reason=one.reason, reason_code=one.reason_code)
    groups = (one for one in scenario.totals if one.kind in ("sum", "overlap") and one.id == cell.partition(".")[0])
    if group := next(groups, None):
        first = next((name for name in group.members if "." in name), f"{group.members[0]}.{group.metric}.2030")
        raise InputError(
            f"'{cell[:120]}' is a total of {', '.join(group.members)} ({group.reason.en}); follow a member, as in "
            f"`ctsim show {scenario.id} {first}`"
        )
    hint = did_you_mean(cell, [*scenario.parameters(), *cells(scenario)])
    raise InputError(f"no parameter and no cell '{cell[:120]}' in scenario '{scenario.id}'.{hint}")


def every_trail(scenario: Scenario) -> dict[str, Trail]:
    """The trails of all that has a number in a result, by name."""
    return {one.name: _with_number(scenario, one) for one in dataset.targets(scenario)}


def _with_number(scenario: Scenario, target: Target) -> Trail:
    binding = scenario.binding
    steps = [_amount(binding.steps, binding.steps[index]) for _, index, _ in target.parts]
    figures = tuple(step.figure for step in steps)
    name = steps[0].reading
    programme = scenario.programme(figures[0].programme)
    impact = figures[0].key.removeprefix(f"{programme.id}.")
    said = [one for one in programme.page.reading if one.name == name and impact in (*one.impact, *one.follows)]
    formulas = dict.fromkeys((_equation(one.function), formula_place(one.function)) for one in steps if one.function)
    rows = tuple(binding.rows[number] for number in sorted(binding.reached(target.parts)))
    price = _price(scenario, rows) if figures[0].record.metric == "economic_effect" else ""
    if said:
        return Trail(target.name, programme, "reading", target.unit, figures, said[0], tuple(formulas), rows,
                     price=price)  # fmt: skip
    return Trail(
        target.name, programme, name or figures[0].status, target.unit, figures,
        in_place(programme.page, figures[0]), tuple(formulas), rows, figures[0].record.reason, price=price,
    )  # fmt: skip


def _price(scenario: Scenario, rows: Iterable[Row]) -> str:
    """What money is made of: see `Trail`. A price is yen per anything but a year."""
    known = scenario.parameters()
    prices = [row for row in rows if "円/" in row.unit and not units.convertible(row.unit, "円/yr")]
    printed = [row.stream in known and bool(known[row.stream].record.as_printed) for row in prices]
    return "none" if not prices else "printed" if all(printed) else "implied"


def _amount(steps: tuple[Step, ...], step: Step) -> Step:
    """The step itself; for an amount times delivery, the amount's."""
    return steps[step.inputs[0].index] if step.delivered else step


def _equation(formula: Formula) -> str:
    return (formula.__doc__ or "").strip().partition("\n")[0]
