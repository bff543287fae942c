"""A run of the shipped scenario against what was expected of it: bands worked out beforehand, printed figures, stocks.

The intervals are those of 2^16 draws; their Monte Carlo error is below a hundredth of an interval, no bound is nearer.
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from ctsim.binding import Binding
from ctsim.distributions import build, quantile
from ctsim.engine import simulate
from ctsim.kernel import Kernel, Target
from ctsim.programme import Figure
from ctsim.units import conversion
from tests import runs
from tests.cells_page import DRAWS, run
from tests.source import ROOT
from tests.test_stocks import central

FloatArray = npt.NDArray[np.float64]
BANDS: dict[str, Any] = tomllib.loads((ROOT / "tests/data/bands.toml").read_text("utf-8"), parse_float=Decimal)
MONEY = BANDS.pop("economic_effect")
CELLS = [(metric, programme, year) for metric, bands in (("co2_reduction", BANDS), ("economic_effect", MONEY))
         for programme, years in bands.items() for year in years]  # fmt: skip

SAID = {
    ("perovskite_solar", "2030"): "the printed share is a historic peak, taken as the maximum",
    **{(programme, "2040"): "lies below a path between the printed figures because the volumes of both are rarely"
       for programme in ("perovskite_solar", "offshore_wind", "hydrogen_supply_chain", "water_electrolysis",
                         "plastic_feedstock")},
    ("energy_saving_equipment", "2030"): "counted as planned savings of crude oil",
    ("energy_saving_equipment", "2040"): "counted as planned savings of crude oil",
    ("regional_microgrids", "2050"): "saved electricity counts at the grid factor of 2050",
}  # fmt: skip
"""Cells that do not lie inside their bands, and words of the page that say why where it has no `interval_note`."""


def interval(programme: str, year: str, metric: str = "co2_reduction") -> tuple[float, float]:
    """5 % and 95 % quantile of a cell, Mt-CO2/yr or trillion yen a year."""
    quantiles = run()[1].tree[metric].dataset["quantiles"].sel(programme=programme, year=int(year))
    return float(quantiles.sel(quantile=0.05)), float(quantiles.sel(quantile=0.95))


def inside(one: tuple[float, float], band: Mapping[str, Decimal | int]) -> bool:
    """Whether an interval lies in a band, to the digits that the band is written with."""
    low, high = (Decimal(band[name]) for name in ("low", "high"))
    ends = [
        Decimal(value).quantize(end) if end else Decimal(value) for value, end in zip(one, (low, high), strict=True)
    ]
    return low <= ends[0] and ends[1] <= high


def words_of(programme: str, year: str, metric: str = "co2_reduction") -> tuple[str, bool]:
    """What the page says beside a cell, and whether it says what makes the interval what it is."""
    cell = runs.scenario().programme(programme).cell(metric, year)
    words = " ".join(figure.words.en for figure in cell.figures if figure.words)
    return words, any(figure.record.interval_note for figure in cell.figures)


@pytest.mark.parametrize(("metric", "programme", "year"), CELLS)
def test_intervals_lie_in_their_bands_or_the_page_says_why(metric: str, programme: str, year: str) -> None:
    """From the 5 % to the 95 % quantile, all of it; and no page explains what is not so."""
    band = (MONEY if metric == "economic_effect" else BANDS)[programme][year]
    words, noted = words_of(programme, year, metric)
    said = SAID.get((programme, year), "") if metric == "co2_reduction" else ""
    out = not inside(interval(programme, year, metric), band)
    assert out == (noted or bool(said)), (interval(programme, year, metric), band, words)
    assert said in words


def test_only_cells_with_a_band_explain_their_interval() -> None:
    noted = {
        (figure.record.metric, programme.id, figure.record.when)
        for programme in runs.scenario().programmes
        for figure in programme.figures
        if figure.record.interval_note
    }
    assert noted <= set(CELLS) and len(noted) > 20


def test_what_is_inside_a_band() -> None:
    band = {"low": Decimal("1.8"), "high": Decimal("24")}
    assert inside((1.76, 24.4), band) and not inside((1.74, 24.0), band) and not inside((2.0, 24.6), band)
    assert inside((1e-9, 155.0), {"low": Decimal("0.0"), "high": Decimal("1.6e2")})


PATHS = ["perovskite_solar", "offshore_wind", "hydrogen_supply_chain", "water_electrolysis", "plastic_feedstock"]


@pytest.mark.parametrize("programme", PATHS)
def test_bands_of_paths_are_progress_alone_between_printed_values(programme: str) -> None:
    """Where a path lies lower than its band it is the volumes, which are rarely reached, and not the path."""
    ends = quantile(build("pert", {"low": 0.10, "mode": 0.25, "high": 0.50}, None), [0.05, 0.95])
    first, last = (central(runs.scenario(), programme, year) for year in ("2030", "2050"))
    band = BANDS[programme]["2040"]
    assert first + ends[0] * (last - first) == pytest.approx(float(band["low"]), rel=0.06)
    assert first + ends[1] * (last - first) == pytest.approx(float(band["high"]), rel=0.06)


# ---- a published figure outside its own range


@cache
def ranges() -> dict[str, tuple[float, float, float, float]]:
    """Low and high end of what is printed, 1 % and 99 % quantile, by figure, wherever a figure of its own is shown."""
    found: dict[str, tuple[float, float, float, float]] = {}
    tree = run()[1].tree
    for programme in run()[0].programmes:
        for figure in programme.figures:
            node = _node(tree, figure)
            ends = [float(node[name]) for name in ("published_low", "published_high")]
            if isfinite(ends[0]):
                tails = [float(node["quantiles"].sel(quantile=q)) for q in (0.01, 0.99)]
                found[figure.key] = (ends[0], ends[1], tails[0], tails[1])
    return found


def _node(tree: xr.DataTree, figure: Figure) -> xr.Dataset:
    record = figure.record
    if not figure.on_year_axis:
        return tree["other"].dataset.sel(figure=figure.key)
    if record.item:
        node = tree[f"items/{record.metric}"].dataset
        return node.sel(item=f"{figure.programme}.{record.item}", year=int(record.when))
    return tree[record.metric].dataset.sel(programme=figure.programme, year=int(record.when))


def test_a_published_figure_outside_its_own_range_says_why() -> None:
    """1 % to 99 % of the draws; and no page explains what is not so."""
    out = {key for key, (low, high, q01, q99) in ranges().items() if high < q01 or low > q99}
    said = {one.key for programme in run()[0].programmes for one in programme.figures if one.record.outside}
    assert sorted(out) == sorted(said)
    assert 9 <= len(out) < len(ranges()) / 4


def test_reasons_for_figures_outside_are_in_both_languages_and_on_the_page_of_cells() -> None:
    from tests.cells_page import cells_page

    page = cells_page("en")
    for programme in run()[0].programmes:
        for figure in programme.figures:
            outside = figure.record.outside
            assert outside is None or (len(outside.ja) > 10 and len(outside.en) > 20), figure.key
            if outside and figure.on_year_axis and not figure.record.item:
                assert outside.en in page, figure.key


# ---- above what is printed


def test_a_carried_cell_above_its_printed_figure_says_why() -> None:
    """The printed figure of an earlier year, in the same unit, below the 95 % quantile of what is left of it."""
    found = []
    for programme in run()[0].programmes:
        figures = [one for one in programme.figures if one.record.metric == "co2_reduction"]
        for figure in figures:
            printed = [max(one.published()) * conversion(one.record.unit, "Mt-CO2/yr") for one in figures
                       if one.record.boundary == figure.record.boundary and one.record.period == "annual"
                       and one.record.printed and not one.record.item]  # fmt: skip
            if figure.status != "carried" or len(printed) != 1:
                continue
            if interval(programme.id, figure.record.when)[1] > 1.02 * printed[0]:
                found.append(programme.id)
                assert figure.record.reason and "above the printed" in figure.record.reason.en, figure.key
    assert {"clean_energy_vehicles", "hydrogen_steelmaking", "power_semiconductors"} <= set(found)


# ---- delivery, for the tests of what it rests on


@cache
def delivered() -> tuple[xr.DataTree, xr.DataTree]:
    """The run behind the page of cells, and the second view: the same draws with delivery."""
    return run()[1].tree, simulate(runs.scenario().with_delivery(), draws=DRAWS).tree


def deliveries(factor: float) -> dict[str, FloatArray]:
    """Whether programmes deliver by 2040, draw by draw, with dependence times `factor`."""
    scenario = runs.scenario().with_delivery().with_dependence(factor)
    rows = [(i, row) for i, row in enumerate(scenario.binding.rows) if row.label.endswith(".delivery@2040")]
    targets = [Target("row", (row.label,), "", (("row", i, 1.0),)) for i, row in rows]
    kernel = Kernel(Binding(scenario.binding.rows, ()), targets, 0, sample_all=False, groups=scenario.groups)
    values = kernel.evaluate(0, DRAWS // 1024)
    return {row.stream.partition(".")[0]: one for (_, row), one in zip(rows, values, strict=True)}


def test_published_cells_are_never_moved() -> None:
    """At printed values every figure of the report is the same to the bit in both scenarios."""
    one, other = (runs.scenario(name) for name in ("framework_2023_11", "as_published"))
    values = []
    for binding in (one.binding, other.binding):
        keys = (step.figure.key + step.reading for step in binding.steps)
        values.append(dict(zip(keys, binding.evaluate(binding.central()), strict=True)))
    assert len(values[1]) > 80
    assert {key: values[0][key] for key in values[1]} == values[1]
