"""A run, a sensitivity analysis and a comparison of a few programmes, sealed, and their pages: made once a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from ctsim import compare, sensitivity, simulate
from ctsim.catalog import Scenario
from ctsim.report.brief import Brief
from ctsim.report.briefs import brief_of
from ctsim.report.drivers import DriversPage
from ctsim.report.moves import MovesPage
from ctsim.report.page import html, run_page, template_of
from ctsim.report.results import Result, open_result
from ctsim.report.words import Page
from tests.page_numbers import money
from tests.runs import scenario

CHOSEN = ("offshore_wind", "power_semiconductors", "clean_energy_vehicles")
"""One of each box of the brief; the last two are reached by the grid factor, which the comparison changes."""
LANGUAGES = ("ja", "en")
_FOLDERS: list[TemporaryDirectory[str]] = []


@cache
def directories() -> dict[str, Path]:
    """Sealed directories by kind; the comparison has the run's scenario as B, and that of `before` as A."""
    _FOLDERS.append(TemporaryDirectory(prefix="ctsim-report-"))
    folder = Path(_FOLDERS[0].name)
    found = {kind: folder / kind for kind in ("run", "before", "sensitivity", "comparison")}
    simulate(scenario(), draws=2**14, programmes=CHOSEN, out=found["run"])
    simulate(study(), draws=2**14, programmes=CHOSEN, out=found["before"])
    sensitivity(scenario(), draws=2**10, programmes=CHOSEN, out=found["sensitivity"])
    compare(study(), scenario(), draws=2**14, programmes=CHOSEN, out=found["comparison"])
    return found


@cache
def study() -> Scenario:
    """The scenario that the comparison has as A."""
    return scenario("grid_7th_plan")


@cache
def results() -> dict[str, Result]:
    """The same, opened."""
    return {kind: open_result(path) for kind, path in directories().items()}


@cache
def bought() -> dict[str, Any]:
    """What the money of each issue bought under the scenario of the run."""
    return money(results()["run"].scenario, 0, results()["run"].tree)


@cache
def gathered(kind: str, lang: str) -> Page:
    """What a page is made of: run, full (a run with both results beside it), its brief, sensitivity, comparison.

    And the briefs of these two.
    """
    found = results()
    if kind in OF_RESULTS:
        return brief_of(cast(MovesPage | DriversPage, gathered(kind.partition("_")[0], lang)))
    if kind == "sensitivity":
        return DriversPage(found[kind], lang)
    if kind == "comparison":
        return MovesPage(found[kind], lang)
    if kind == "run":
        return run_page(found["run"], lang)
    beside = directories()
    page = run_page(found["run"], lang, beside["sensitivity"], beside["comparison"])
    return Brief(page) if kind == "brief" else page


@cache
def page(kind: str, lang: str) -> str:
    """A page as text."""
    made = gathered(kind, lang)
    return html(made, template_of(made))


OF_RESULTS = ("sensitivity_brief", "comparison_brief")
KINDS = ("full", "brief", "sensitivity", "comparison", *OF_RESULTS)
