"""Formulas made wrong on purpose, and what notices. `python -m tests.mutants --write docs/mutants.md` writes the table.

Every formula that a shipped page uses is changed at one place of its syntax tree, and every parameter is given a
mistaken unit scale. Killers, in this order: the unit check (the formula run on quantities) and the values of
tests/expected.py. What the published figures at their printed digits would notice is counted apart: that is what a
reader of the report has.
"""

import argparse
import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import FunctionType

from ctsim import units
from tests.formula_runs import TOLERANCE, Results, Run, formulas, programmes, runs
from tests.mutation import mutants_of

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "mutants.md"
IDENTICAL = "no error: the formula treats the exchanged arguments alike, the function is the same"
SURVIVORS: dict[tuple[str, str], str] = {}
"""(formula or programme, mutant) that nothing kills though it is another function: why. None at present."""


@dataclass(frozen=True)
class Outcome:
    """A mutant, what killed it ("units", "value" or ""), whether published figures alone notice, why it survives."""

    where: str
    kind: str
    what: str
    killed: str
    published_alone: bool
    reason: str = ""


# ---- killers


def fails_on_quantities(mutant: FunctionType, given: dict[str, float]) -> bool:
    """Whether the unit check notices: dimensions that do not fit, or another magnitude than without units."""
    try:
        return not math.isclose(units.on_quantities(mutant, given), mutant(**given), rel_tol=TOLERANCE)
    except (units.UnitError, TypeError, ValueError):
        return True
    except ArithmeticError:
        return False


def identical(function: FunctionType, mutant: FunctionType) -> bool:
    """Equal at random points (at least three; ages may be negative, which gives no number): algebraically the same."""
    draw = random.Random(0)
    points = [[draw.uniform(0.1, 0.9) for _ in units.signature(function)[0]] for _ in range(20)]
    try:
        pairs = [(function(*point), mutant(*point)) for point in points]
    except ArithmeticError:
        return False
    numbers = [(a, b) for a, b in pairs if not (math.isnan(a) and math.isnan(b))]
    return len(numbers) >= 3 and all(math.isclose(a, b, rel_tol=1e-9) for a, b in numbers)


def judged(where: str, kind: str, what: str, by_units: bool, given: Sequence[tuple[Run, Results | None]]) -> Outcome:
    """The outcome of a mutant from its results in every run; None where they cannot be computed."""
    by_value = any(results is None or not run.as_expected(results) for run, results in given)
    by_figure = any(results is not None and run.verdicts(results) != run.printed_verdicts for run, results in given)
    killed = "units" if by_units else "value" if by_value or by_figure else ""
    return Outcome(where, kind, what, killed, by_figure, "" if killed else SURVIVORS.get((where, what), ""))


def formula_outcomes(where: str) -> Iterator[Outcome]:
    function, used = formulas()[where]
    given = next(used[0].arguments(function))
    for kind, what, mutant in mutants_of(function):
        results = [(run, _results(run, function, mutant)) for run in used]
        outcome = judged(where, kind, what, fails_on_quantities(mutant, given), results)
        same = not outcome.killed and identical(function, mutant)
        yield replace(outcome, reason=IDENTICAL) if same else outcome


def _results(run: Run, function: FunctionType, mutant: FunctionType) -> Results | None:
    try:
        return run.results(run.with_function(function, mutant))
    except ArithmeticError:
        return None


# ---- a parameter in a mistaken unit


def mistaken_scales(unit: str) -> dict[str, float]:
    """Factors by which a value is wrong where its unit is misread (k for M is 10³)."""
    found = {"10³ too much": 1e3, "10³ too little": 1e-3}
    if re.search("[万億兆]", unit):
        found |= {"万 read as 億": 1e4, "億 read as 万": 1e-4}
    return found | {"%": {"% read as 1": 1e2}, "1": {"1 read as %": 1e-2}}.get(unit, {})


def scale_outcomes(programme: str) -> Iterator[Outcome]:
    """Every parameter of a page. The dimension stays right, so the unit check sees nothing."""
    used = [run for run in runs() if run.programme == programme]
    for stream, unit in _parameters(used).items():
        name = stream.partition(".")[2] or stream
        for what, factor in mistaken_scales(unit).items():
            results = [(run, run.results(points=_scaled(run, stream, factor))) for run in used]
            yield judged(programme, "unit scale", f"{name}: {what}", False, results)


def _parameters(used: Iterable[Run]) -> dict[str, str]:
    """Stream and unit of everything sampled that a formula takes."""
    taken = ((run, one) for run in used for step in run.binding.steps if step.function for one in step.inputs)
    rows = (run.binding.rows[one.index] for run, one in taken if one.kind == "row")
    return {row.stream: row.unit for row in rows}


def _scaled(run: Run, stream: str, factor: float) -> list[list[float]]:
    rows = run.binding.rows
    return [[v * factor if row.stream == stream else v for row, v in zip(rows, p, strict=True)] for p in run.points]


@cache
def outcomes() -> tuple[Outcome, ...]:
    by_formula = (one for where in formulas() for one in formula_outcomes(where))
    by_page = (one for programme in programmes() for one in scale_outcomes(programme.id))
    return (*by_formula, *by_page)


# ---- the document

HEADER = "mutants | killed by units | by value | surviving | the figures alone notice |"
TITLES = {
    "operator": "each operator replaced by the other three",
    "sign": "a minus sign removed",
    "constant": "literals ± 1 and × 10; constants × 1.001, inverted, left out",
    "swap": "two arguments of one unit exchanged",
    "left out": "an argument replaced by 1",
    "unit scale": "a parameter's unit scale mistaken: 万/億, k/M (10³), %/1",
}
INTRODUCTION = """# Mutants of the formulas

*Generated by `python -m tests.mutants --write docs/mutants.md`; a test keeps it current.*

Every formula that a page uses, readings included, was changed at one place at a time, and every parameter was given a
wrong unit scale. Each mutant is run against two checks and counted at the first that fails:

1. **units**: the same function run on quantities; dimensions do not fit, or the magnitude differs from the plain run;
2. **value**: the result at the printed parameters differs by more than 1e-12 from the number in `tests/expected.py`,
   where the report's equations are typed a second time (for a few formulas also at other values, because the report
   prints 3.3 and 3.3, or 24 % and 24 %, for different parameters).

The last column counts the mutants that change the verdict on a published figure: reproduced at its printed digits, or
not. The others are errors that nobody could find by comparing with the report: its figures have one or two digits, some
parts of totals are not printed, and a figure that does not follow from the report's own parameters notices little.
The unit check cannot see a mistaken scale, which leaves the dimension as it is; the check of every value and unit
against the report's text (`tests/test_quotes.py`) guards those a second time.
"""


def row(name: str, found: list[Outcome]) -> str:
    """A line of a table; mutants that are the same function are no errors and do not count in the last column."""
    counts = [sum(one.killed == killer for one in found) for killer in ("units", "value", "")]
    errors = [one for one in found if one.reason != IDENTICAL]
    noticed = sum(one.published_alone for one in errors)
    share = f"{noticed} of {len(errors)} ({noticed / len(errors):.0%})" if errors else "0"
    return f"| {name} | {len(found)} | {' | '.join(map(str, counts))} | {share} |"


def table(first: str, rows: dict[str, list[Outcome]]) -> list[str]:
    return [f"| {first} | {HEADER}", "|---|" + "--:|" * 5, *(row(name, found) for name, found in rows.items()), ""]


def select(found: Iterable[Outcome], **fields: str) -> list[Outcome]:
    return [one for one in found if all(getattr(one, name) == value for name, value in fields.items())]


def survivors() -> list[str]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for one in select(outcomes(), killed=""):
        grouped.setdefault((one.where, one.reason or "**unexplained**"), []).append(one.what)
    return [f"| `{where}` | {'; '.join(found)} | {reason} |" for (where, reason), found in grouped.items()]


def document() -> str:
    readings = {f"{page.id}.{one.formula}" for page in programmes() for one in page.page.reading}
    literal = [one for one in outcomes() if one.where in formulas() and one.where not in readings]
    totals = {"**all**": list(outcomes()), "**changes of literal formulas** (no readings, no scales)": literal}
    totals |= {title: select(outcomes(), kind=kind) for kind, title in TITLES.items()}
    names = {where: f"`{where}`" + (" (reading)" if where in readings else "") for where in formulas()}
    pages = {f"`{page.id}`": select(outcomes(), where=page.id) for page in programmes()}
    parts = [
        *(INTRODUCTION, "## Totals", ""),
        *table("change", {title: found for title, found in totals.items() if found}),
        *("## By formula", ""),
        *table("formula", {name: select(outcomes(), where=where) for where, name in names.items()}),
        *("## Unit scales, by page", ""),
        *table("page", {name: found for name, found in pages.items() if found}),
        *("## Survivors", "", "| formula | mutants | reason |", "|---|---|---|"),
        *survivors(),
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table there instead of printing it")
    target = parser.parse_args().write
    if target is None:
        print(document(), end="")
    else:
        target.write_text(document(), encoding="utf-8")
