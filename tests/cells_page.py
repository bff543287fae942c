"""docs/cells.md and docs/cells.ja.md: every cell: interval, what it rests on, and why; from a real run."""

from collections import Counter
from functools import cache
from math import isfinite

from ctsim.binding import Row
from ctsim.catalog import Scenario, load
from ctsim.console import number
from ctsim.engine import Run, simulate
from ctsim.locale import word
from ctsim.programme import METRICS, YEARS, Cell, Programme
from ctsim.sensitivity import Sensitivity, sensitivity
from tests.markdown import start, table
from tests.page_texts import heads, said

SCENARIO = "framework_2023_11"
DRAWS = 2**16
ANALYSED = 2**12


@cache
def run() -> tuple[Scenario, Run]:
    """The scenario and the run behind the page."""
    scenario = load(SCENARIO)
    return scenario, simulate(scenario, draws=DRAWS)


def cells_page(lang: str) -> str:
    """The whole page."""
    scenario, _ = run()
    parts = [start("cells", lang, scenario=SCENARIO, draws=f"{DRAWS:,}", analysed=f"{ANALYSED:,}")]
    for metric in METRICS:
        rows = [_row(programme, metric, year, lang) for programme in scenario.programmes for year in YEARS]
        parts += [f"## {said(f'cells.{metric}', lang)}", table(heads("cells.cells", lang), rows)]
    return "\n\n".join(parts) + "\n"


def _row(programme: Programme, metric: str, year: str, lang: str) -> list[str]:
    scenario, made = run()
    cell = programme.cell(metric, year)
    node = made.tree[metric].dataset.sel(programme=programme.id, year=int(year))
    low, high = float(node["published_low"]), float(node["published_high"])
    printed = "" if not isfinite(low) else f"{low:,.6g}" if low == high else f"{low:,.6g}–{high:,.6g}"
    shown = [""] * 3
    if cell.figures:
        shown = [number(float(node["quantiles"].sel(quantile=q)), float(node["quantiles_mcse"].sel(quantile=q)))
                 for q in (0.05, 0.5, 0.95)]  # fmt: skip
    name = programme.id if lang == "en" else f"{programme.name_ja}<br>`{programme.id}`"
    status = f"`{cell.reason_code}`" if cell.reason_code else word("status", cell.status, lang)
    boundary = word("boundary", str(node["boundary"].item()), lang)
    about = cell.figures[0].words if cell.figures else cell.reason
    why = getattr(about, lang) if about else ""
    basis = _basis(scenario, cell, lang)
    return [str(programme.number), name, year, status, boundary, printed, *shown, basis, why]


def _basis(scenario: Scenario, cell: Cell, lang: str) -> str:
    """Shares of the variance by basis, each with the number of parameters."""
    counts = Counter(row.basis for row in _rows(scenario, cell) if row.varies)
    if len(counts) < 2:
        return "".join(said("cells.share", lang, basis=word("basis", basis, lang), share=100, number=count)
                       for basis, count in counts.items())  # fmt: skip
    node = _analysis().tree[cell.metric].dataset.sel(programme=cell.programme, year=int(cell.year))
    assumed = round(100 * float(node["assumed_total"]))
    others = ", ".join(word("basis", basis, lang) for basis in sorted(counts) if basis != "assumed")
    parts = [(word("basis", "assumed", lang), assumed, counts["assumed"]),
             (others, 100 - assumed, counts.total() - counts["assumed"])]  # fmt: skip
    return ", ".join(said("cells.share", lang, basis=basis, share=share, number=count) for basis, share, count in parts)


def _rows(scenario: Scenario, cell: Cell) -> list[Row]:
    binding = scenario.binding
    parts = tuple(("step", binding.step_of(figure), 1.0) for figure in cell.figures)
    return [binding.rows[i] for i in sorted(binding.reached(parts))]


@cache
def _analysis() -> Sensitivity:
    """What rests on assumed spreads, of the programmes where not everything does."""
    scenario, _ = run()
    mixed = [programme.id for programme in scenario.programmes
             if any(len({row.basis for row in _rows(scenario, programme.cell(metric, year)) if row.varies}) > 1
                    for metric in METRICS for year in YEARS)]  # fmt: skip
    return sensitivity(scenario, draws=ANALYSED, programmes=mixed, metrics=METRICS)
