"""From a number of a result back to the report: the words it is printed in, its equation, what it is made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import xarray as xr

from ctsim import dataset, schema, units
from ctsim.binding import Row, Step
from ctsim.catalog import Scenario
from ctsim.equations import Formula, formula_place
from ctsim.errors import InputError, Place, did_you_mean
from ctsim.kernel import Target
from ctsim.locale import LANGUAGES
from ctsim.programme import METRICS, YEARS, Figure, Programme, in_place
from ctsim.totals import Total, totals_of


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

    @property
    def price_year(self) -> str:
        """The year whose prices money is in, "unstated" where the report has none; "" of what is no money."""
        return ", ".join(dict.fromkeys(str(one.record.price_year or "") for one in self.figures)) if self.price else ""

    @property
    def read(self) -> dict[str, str]:
        """What a reading is, by language, where it is one."""
        said = self.reading.description if self.reading else None
        return {f"reading_{lang}": getattr(said, lang) for lang in LANGUAGES} if said else {}


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
    hint = did_you_mean(cell, [*scenario.parameters(), *cells(scenario), *(one.cell for one in totals(scenario))])
    raise InputError(f"no parameter and no cell '{cell[:120]}' in scenario '{scenario.id}'.{hint}")


@dataclass(frozen=True)
class Member:
    """A member of a total's group: its cell, `value` at printed values, and why it is `left_out`, if it is."""

    cell: str
    programme: Programme
    status: str
    boundary: str
    unit: str
    value: float
    left_out: str = ""


def totals(scenario: Scenario) -> list[Total]:
    """Every sum and bound of the scenario, for every year."""
    return totals_of(scenario.totals, scenario.programmes, YEARS, METRICS, scenario.names)


def follow_total(scenario: Scenario, name: str) -> list[tuple[Total, list[Member]]]:
    """The totals of that name with their members, none where it is not a total's.

    A total is named as results and thresholds name it (`group.metric.year[.boundary.bound]`), or by its group, with all
    its years.
    """
    found = [one for one in totals(scenario) if name in (one.cell, one.name, one.group.id)]
    return [(one, list(_members(scenario, one))) for one in found]


def _members(scenario: Scenario, total: Total) -> Iterator[Member]:
    """Those in it first, as results name them, then the rest of the group."""
    by_name = {one.name: one for one in dataset.targets(scenario)}
    rows = scenario.binding.central()
    steps = scenario.binding.evaluate(rows)
    there = {programme.id: programme for programme in scenario.programmes}
    others = [name for name in total.group.members if name not in total.members]
    for name in [one for one in (*total.members, *others) if one.partition(".")[0] in there]:
        programme = there[name.partition(".")[0]]
        cell = f"{name}.{total.group.metric}.{total.year}" if total.year else name
        target = by_name.get(cell)
        if target is None:
            code = programme.cell(total.group.metric, total.year).reason_code if total.year else "no_number"
            yield Member(cell, programme, "not_applicable", "", "", float("nan"), code)
            continue
        trail = _with_number(scenario, target)
        boundary = trail.figures[0].record.boundary or ""
        left_out = "" if name in total.members else "another_boundary"
        yield Member(cell, programme, trail.status, boundary, target.unit, target.of(rows, steps), left_out)


def every_trail(scenario: Scenario) -> dict[str, Trail]:
    """The trails of all that has a number in a result, by name."""
    return {one.name: _with_number(scenario, one) for one in dataset.targets(scenario)}


def mark_prices(tree: xr.DataTree, scenario: Scenario) -> None:
    """Words beside the money of a result: `price` and `price_year` of each place of it, as its trail has them."""
    trails = every_trail(scenario)
    for path in (*_MONEY, "/other", "/readings"):
        if path not in tree.groups:
            continue
        data = tree[path].dataset
        dims = tuple(map(str, data["mean"].dims))
        places = product(*([str(label) for label in data[dim].values.tolist()] for dim in dims))
        found = [trails.get(dataset.cell_name(path, labels)) for labels in places]
        said = {name: [getattr(one, name) if one else "" for one in found] for name in ("price", "price_year")}
        named = {name: dataset.words(name, dims, some, data["mean"].shape) for name, some in said.items()}
        tree[path].dataset = data.assign_coords(named)


_MONEY: Final = ("/economic_effect", "/items/economic_effect")


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
