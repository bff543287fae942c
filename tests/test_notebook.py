"""Figures and the table of a run in notebooks: what they show is the tree's, in both languages, without boxes."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ctsim import simulate
from ctsim.engine import Run
from ctsim.errors import InputError
from ctsim.figures.amounts import Scale, scale
from ctsim.figures.fans import Fan, fans
from ctsim.figures.notebook import Plots, short_table
from ctsim.figures.rows import QUANTILES, rows
from ctsim.figures.style import DOTS_PER_INCH, drawing
from ctsim.locale import when
from tests.html_pages import parsed
from tests.runs import FEW, outside, scenario, study

LANGUAGES = ("ja", "en")
METRICS = ("co2_reduction", "economic_effect")


@pytest.fixture(scope="module")
def run() -> Run:
    """A few programmes: a range, several boundaries, a year without a number, figures off the axis of years."""
    return simulate(scenario(), draws=2**14, programmes=[*FEW, "next_generation_ships"])


def cell(run: Run, metric: str, programme: str, year: int, name: str) -> np.ndarray:
    """One variable of a cell, read through xarray."""
    return np.asarray(run.tree[metric][name].sel(programme=programme, year=year).values)


# ---- fans


@pytest.mark.parametrize("metric", METRICS)
def test_every_cell_with_a_number_is_in_one_fan(run: Run, metric: str) -> None:
    data = run.tree[metric].dataset
    there = {(one.programme, year) for one in fans(run.tree, metric) for year in one.years}
    finite = np.isfinite(data["quantiles"].values).all(axis=-1)
    expected = {(str(data["programme"].values[i]), int(data["year"].values[j])) for i, j in np.argwhere(finite)}
    assert there == expected and expected
    assert sum(len(one.years) for one in fans(run.tree, metric)) == len(expected)


def test_a_fan_is_of_one_boundary(run: Run) -> None:
    """The ships of 2030 are those that are supported, those of 2050 the world's: never one picture."""
    ships = [one for one in fans(run.tree, "co2_reduction") if one.programme == "next_generation_ships"]
    assert {one.panel[2]: one.years for one in ships} == {"units_supported": (2030, 2040), "world_market": (2050,)}
    for one in fans(run.tree, "co2_reduction"):
        for year in one.years:
            assert cell(run, "co2_reduction", one.programme, year, "boundary") == one.panel[2]


def test_a_fan_has_the_trees_numbers(run: Run) -> None:
    [one] = [one for one in fans(run.tree, "co2_reduction") if one.programme == "offshore_wind"]
    assert one.years == (2030, 2040, 2050) and one.quantiles.shape == (3, len(QUANTILES))
    for place, year in enumerate(one.years):
        all_ = run.tree["co2_reduction"]["quantiles"].sel(programme="offshore_wind", year=year)
        right = [float(all_.sel(quantile=share, method="nearest")) for share in QUANTILES]
        assert one.quantiles[place].tolist() == right
        ends = [float(cell(run, "co2_reduction", "offshore_wind", year, f"published_{end}")) for end in ("low", "high")]
        assert one.published[place].tolist() == pytest.approx(ends, nan_ok=True)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("metric", METRICS)
def test_the_picture_has_the_fans_where_they_are(run: Run, metric: str, lang: str) -> None:
    figure = run.plot.fans(metric, lang)
    found = {f"fan:{one.programme}:{one.panel[1]}:{one.panel[2]}": one for one in fans(run.tree, metric)}
    axes = {str(one.get_gid()): one for one in figure.axes}
    assert axes.keys() == found.keys()
    for gid, one in found.items():
        amount = unit_of(one, lang)
        lines = axes[gid].get_lines()
        [dots] = [line for line in lines if line.get_marker() == "o"]
        assert np.asarray(dots.get_ydata()) == pytest.approx(one.quantiles[:, 3] * amount.factor)
        marks = [line for line in lines if str(line.get_gid()).startswith("published:")]
        printed = [set(ends.tolist()) for ends in one.published if np.isfinite(ends).all()]
        assert len(marks) == sum(map(len, printed))
        low, high = axes[gid].get_ylim()
        drawn = [float(y) for line in marks for y in np.asarray(line.get_ydata())]
        assert low <= 0 <= high and all(low <= y <= high for y in drawn)
        said = [label.get_text() for label in axes[gid].get_xticklabels()]
        assert said == [when(str(year), lang) for year in (2030, 2040, 2050)]
        assert any(text.get_text() == f"[{amount.word}{'*' * one.our_year}]" for text in axes[gid].texts)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("metric", METRICS)
def test_words_of_a_fan_are_in_the_picture_and_not_on_numbers(run: Run, metric: str, lang: str) -> None:
    figure = run.plot.fans(metric, lang)
    figure.set_dpi(DOTS_PER_INCH)  # letters are wider or narrower at another
    with drawing(lang):
        figure.draw_without_rendering()
        for one in figure.texts:
            box = one.get_window_extent()
            assert box.x0 >= 0 <= box.y0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height, (
                one.get_text()
            )
        for axes in figure.axes:
            ticks = [one.get_window_extent() for one in axes.get_yticklabels()]
            [unit] = [one for one in axes.texts if one.get_text().startswith("[")]
            assert not any(unit.get_window_extent().overlaps(tick) for tick in ticks), axes.get_gid()


def unit_of(one: Fan, lang: str) -> Scale:
    """The unit that a fan is drawn in."""
    sizes = np.abs(np.concatenate([one.quantiles.ravel(), one.published.ravel()]))
    return scale(float(np.nanmax(sizes)), one.unit, lang)


# ---- pictures for notebooks


@pytest.mark.parametrize("kind", ["published", "fans"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_figure_can_be_shown_later_without_boxes(run: Run, kind: str, lang: str) -> None:
    """A notebook draws it when the settings of the language are long gone: no glyph may be missing then."""
    before = dict(matplotlib.rcParams)
    figure = getattr(run.plot, kind)(lang=lang)
    assert isinstance(figure, Figure) and dict(matplotlib.rcParams) == before
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of every glyph that it does not find
        figure.savefig(content, format="png", dpi=50)
    picture = np.asarray(Image.open(content).convert("L"))
    assert picture.shape[0] > 100 and picture.min() < 60


def test_panels_do_not_share_axes(run: Run) -> None:
    figure = run.plot.published("co2_reduction")
    gids = [str(axes.get_gid()) for axes in figure.axes]
    assert len(gids) == len(set(gids)) and all(one.startswith("panel:") for one in gids)


@pytest.mark.parametrize(
    ("metric", "lang", "words"),
    [("other", "en", "it has co2_reduction, economic_effect"), ("co2_reduction", "fr", "no language 'fr'")],
)
def test_what_is_not_there_is_said(run: Run, metric: str, lang: str, words: str) -> None:
    for draw in (run.plot.published, run.plot.fans):
        with pytest.raises(InputError, match=words):
            draw(metric, lang)


def test_a_run_of_one_metric_has_its_pictures_only() -> None:
    made = simulate(scenario(), draws=2**14, programmes=["offshore_wind"], metrics=["co2_reduction"])
    assert isinstance(Plots(made.tree).fans(), Figure)
    with pytest.raises(InputError, match=r"no cells of 'economic_effect' in this result; it has co2_reduction$"):
        made.plot.published("economic_effect")


# ---- the table


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_has_every_published_figure_that_is_no_part(run: Run, lang: str) -> None:
    table = parsed(short_table(run.tree, run.card, lang))
    lines = [[one.text for one in row.children] for row in table.all("tr")]
    numbers = [line for line in lines if len(line) == 6][1:]
    whole = [one for metric in METRICS for one in rows(run.tree, metric) if not one.item[lang]]
    assert len(numbers) == len(whole) > 10
    for line, one in zip(numbers, whole, strict=True):
        assert one.name[lang] in line[0] and line[1] == when(one.label, lang)
        amount = scale(one.middle, one.unit, lang)
        low = float(line[2].split("–")[0].replace(",", "").replace("−", "-"))
        assert low == pytest.approx(one.low * amount.factor, rel=1e-3) and line[5] == amount.word
        assert (line[3] == "–") == one.reported
        if not one.fixed:
            median = float(re.split(r" \[", line[4])[0].replace(",", ""))
            assert median == pytest.approx(one.quantiles[3] * amount.factor, rel=0.051)
    assert run.result_digest[:12] in table.text


def test_a_notebook_shows_the_run(run: Run) -> None:
    assert run._repr_html_() == short_table(run.tree, run.card)
    heads = [row.text for row in parsed(run._repr_html_()).all("tr") if len(row.children) == 1]
    assert len(heads) == len(set(heads)) > 3  # a head for each boundary, and kind of money


def test_names_cannot_harm_a_notebook(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    head = "def f(x: Mt_CO2_per_yr) -> Mt_CO2_per_yr:"
    code = f"from ctsim.units import Mt_CO2_per_yr\n\n\n{head}\n    '''y'''\n    return x\n"
    outside(tmp_path, "mine", {"x": 'value = 1\nunit = "Mt-CO2/yr"'}, {"2030": "f"}, code)
    made = simulate(str(study(tmp_path, ["mine"], titles=hostile)), draws=2**14, formulas=tmp_path / "formulas")
    said = made._repr_html_()
    assert hostile not in said and "&lt;img" in said
