"""Figures of published figures: complete, bilingual, boundaries apart, no boxes, the same file every time."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ctsim import catalog, engine, locale
from ctsim.figures import amounts, save_fans, save_published
from ctsim.figures.fans import draw as draw_fans
from ctsim.figures.fans import fans
from ctsim.figures.published import AXIS, _notes, draw
from ctsim.figures.rows import METRICS, QUANTILES, Row, panels, rows, without
from ctsim.figures.style import drawing, extent, shortened, wrapped
from ctsim.figures.table import Line, lines

Figures = dict[tuple[str, str], Figure]
SCENARIO = "framework_2023_11"
pytestmark = pytest.mark.filterwarnings("error:.*[Gg]lyph.*")  # a character that no font has is an error, not a box
BOTH = [(metric, lang) for metric in METRICS for lang in locale.LANGUAGES]


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return engine.simulate(SCENARIO, draws=2**14).tree


@pytest.fixture(scope="module")
def saved(tree: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return save_published(tree, tmp_path_factory.mktemp("figures") / "new" / "folder")


@pytest.fixture(scope="module")
def figures(tree: xr.DataTree) -> Figures:
    return {(metric, lang): drawn(tree, metric, lang) for metric, lang in BOTH}


def drawn(tree: xr.DataTree, metric: str, lang: str) -> Figure:
    with drawing(lang):
        figure = draw(tree, metric, lang)
        FigureCanvasAgg(figure).draw()
    return figure


def gids(figure: Figure, start: str) -> list[str]:
    found = [str(artist.get_gid()) for artist in figure.findobj(include_self=False) if artist.get_gid()]
    return sorted({gid.removeprefix(start) for gid in found if gid.startswith(start)})


def words(figure: Figure) -> str:
    return "\n".join(one.get_text() for one in figure.texts)


def changed(tree: xr.DataTree, node: str, **values: Any) -> xr.DataTree:
    """A copy whose variables of `node` hold these values everywhere."""
    copy = tree.copy(deep=True)
    dataset = copy[node].to_dataset()
    for name, value in values.items():
        dataset[name].values[...] = value
    copy[node] = xr.DataTree(dataset)
    return copy


def two_programmes(tree: xr.DataTree) -> xr.DataTree:
    """The cells of two programmes only: quick to draw."""
    small = tree.copy()
    for metric in METRICS:
        small[metric] = xr.DataTree(tree[metric].to_dataset().isel(programme=[0, 1]))
    small["other"] = xr.DataTree(tree["other"].to_dataset().isel(figure=[]))
    return small


# ---- files


def test_both_metrics_are_written_in_both_languages_and_formats(saved: list[Path]) -> None:
    assert sorted(path.name for path in saved) == sorted(
        f"published_{metric}.{lang}.{suffix}" for metric, lang in BOTH for suffix in ("png", "svg")
    )
    assert all(path.stat().st_size > 10_000 for path in saved)


def test_files_do_not_change_from_run_to_run(tree: xr.DataTree, tmp_path: Path) -> None:
    small = two_programmes(tree)
    first, second = (save_published(small, tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_svg_shows_without_fonts_and_holds_no_date(saved: list[Path]) -> None:
    for path in saved:
        if path.suffix == ".svg":
            content = path.read_text(encoding="utf-8")
            assert "<text" not in content
            assert "<dc:date>" not in content


@pytest.mark.parametrize("lang", locale.LANGUAGES)
def test_a_missing_character_would_be_noticed(lang: str) -> None:
    with drawing(lang):
        figure = Figure()
        canvas = FigureCanvasAgg(figure)
        figure.text(0.5, 0.5, "CO₂ 億t ～ − ×")
        canvas.draw()
        figure.text(0.5, 0.5, "\N{TEST TUBE}")
        with pytest.raises(UserWarning, match="Glyph"):
            canvas.draw()


def test_fans_are_written_beside_them(tree: xr.DataTree, tmp_path: Path) -> None:
    """Only of metrics with numbers; no character is without a glyph (the filter above makes that an error)."""
    small = two_programmes(tree)
    small["economic_effect"]["quantiles"].values[...] = math.nan
    paths = save_fans(small, tmp_path / "new")
    assert sorted(path.name for path in paths) == [
        f"fans_co2_reduction.{lang}.{suffix}" for lang in ("en", "ja") for suffix in ("png", "svg")
    ]
    for path in paths:
        assert path.stat().st_size > 10_000
        assert path.suffix == ".png" or "fan:" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", locale.LANGUAGES)
def test_what_is_a_years_by_our_reading_has_its_mark(tree: xr.DataTree, lang: str) -> None:
    """Money of 5 and 10, in fans and in the table; tonnes have none, and no footnote."""
    ours = {(one.programme, one.our_year) for one in fans(tree, "economic_effect") if one.our_year}
    assert {name for name, _ in ours} == {"next_generation_ships", "plastic_feedstock"}
    found = [one for one in rows(tree, "economic_effect") if one.our_year]
    assert {one.programme for one in found} == {"next_generation_ships", "plastic_feedstock"} and len(found) == 4
    for metric, times in (("economic_effect", 3), ("co2_reduction", 0)):
        with drawing(lang):
            figure = draw_fans(tree, metric, lang)
            notes = _notes(tree, metric, rows(tree, metric), lang)
            assert all(Line.of(one, lang, True).unit.endswith(("/yr*", "/年*")) for one in found)
        units = [one.get_text() for axes in figure.axes for one in axes.texts]
        assert sum(one.endswith("*]") for one in units) == times
        noted = any(locale.text("run.our_year", lang)[:20] in one.get_text() for one in figure.texts)
        assert noted == bool(times) == (locale.text("run.our_year", lang) in notes)


def test_settings_of_the_caller_come_back() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    with drawing("ja"):
        assert matplotlib.rcParams["font.family"] == ["IPAexGothic", "DejaVu Sans"]
    assert dict(matplotlib.rcParams) == before


def test_a_metric_without_figures_is_left_out(tree: xr.DataTree, tmp_path: Path) -> None:
    bare = changed(two_programmes(tree), "economic_effect", published=math.nan)
    assert {path.name.partition(".")[0] for path in save_published(bare, tmp_path)} == {"published_co2_reduction"}


# ---- what is shown


def expected(metric: str) -> set[tuple[str, str, str]]:
    """(programme, label, part) of the printed figures off the parts of a year, from the pages themselves."""
    shown = (metric, "other") if metric == "co2_reduction" else (metric,)
    scenario = catalog.load(SCENARIO)
    return {
        (programme.id, figure.record.when, "" if figure.on_year_axis else figure.record.item_en or figure.record.item)
        for programme in scenario.programmes
        for figure in programme.figures
        if figure.record.metric in shown and figure.record.printed
        if not (figure.on_year_axis and figure.record.item)
    }


@pytest.mark.parametrize("metric", METRICS)
def test_every_printed_figure_has_a_row(tree: xr.DataTree, metric: str) -> None:
    found = {(row.programme, row.label, row.item["en"]) for row in rows(tree, metric)}
    assert expected(metric) <= found


def test_all_programmes_of_the_report_are_shown(tree: xr.DataTree) -> None:
    assert {row.number for row in rows(tree, "co2_reduction")} == set(range(1, 22))
    assert without(tree, "co2_reduction", rows(tree, "co2_reduction")) == []


@pytest.mark.parametrize(("metric", "lang"), BOTH)
def test_every_row_is_drawn_with_its_published_figure(
    tree: xr.DataTree, figures: Figures, metric: str, lang: str
) -> None:
    figure = figures[metric, lang]
    keys = sorted(row.key for row in rows(tree, metric))
    assert len(set(keys)) == len(keys)
    assert gids(figure, "published:") == keys
    assert gids(figure, "row:") == keys


@pytest.mark.parametrize("metric", METRICS)
def test_the_published_figure_is_one_on_every_axis(figures: Figures, metric: str) -> None:
    figure = figures[metric, "en"]
    marks = [line for axes in figure.axes for line in axes.lines if str(line.get_gid()).startswith("published:")]
    assert marks
    assert all(np.array_equal(np.asarray(line.get_xdata()), (1, 1)) for line in marks)


@pytest.mark.parametrize(("metric", "lang"), BOTH)
def test_boundaries_and_kinds_of_money_never_share_an_axis(
    tree: xr.DataTree, figures: Figures, metric: str, lang: str
) -> None:
    figure = figures[metric, lang]
    by_key = {row.key: row for row in rows(tree, metric)}
    assert len(figure.axes) == len(panels(by_key.values()))
    for axes in figure.axes:
        keys = [str(line.get_gid()).removeprefix("published:") for line in axes.lines
                if str(line.get_gid()).startswith("published:")]  # fmt: skip
        assert len({(by_key[key].boundary, by_key[key].money_kind, by_key[key].metric) for key in keys}) == 1


def test_money_rows_say_what_the_money_is(tree: xr.DataTree) -> None:
    for lang in locale.LANGUAGES:
        with drawing(lang):
            for panel in panels(rows(tree, "economic_effect")).values():
                for row, line in zip(panel, lines(panel, lang), strict=True):
                    assert row.money_kind
                    assert locale.text(f"money_kind.{row.money_kind}", lang) in line.label


@pytest.mark.parametrize(("metric", "lang"), BOTH)
def test_no_words_stand_on_other_words(figures: Figures, metric: str, lang: str) -> None:
    figure = figures[metric, lang]
    with drawing(lang):
        boxes = np.array([one.get_window_extent().extents for one in figure.texts])
        plots = np.array([axes.get_tightbbox().extents for axes in figure.axes])
    said = [one.get_text() for one in figure.texts]
    outside = (boxes[:, :2] < 0).any(axis=1) | (boxes[:, 2:] > (figure.bbox.width, figure.bbox.height)).any(axis=1)
    assert [said[i] for i in np.flatnonzero(outside)] == []
    assert [(said[i], said[j]) for i, j in overlapping(boxes, boxes) if i < j] == []
    assert [said[i] for i, _ in overlapping(boxes, plots)] == []


def overlapping(one: Any, other: Any) -> list[tuple[int, int]]:
    """Pairs of boxes (x0, y0, x1, y1) that share more than an edge."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    return [(int(i), int(j)) for i, j in np.argwhere((high - low > 0.5).all(axis=2))]


def test_off_the_axis_is_marked(tree: xr.DataTree, figures: Figures) -> None:
    out = [row for row in rows(tree, "economic_effect") if row.finite and row.multiples[-1] > AXIS[1]]
    assert out
    figure = figures["economic_effect", "en"]
    arrows = [line for axes in figure.axes for line in axes.lines if line.get_marker() == ">"]
    assert len(arrows) == len(out)


def test_a_published_range_is_drawn_as_one(tree: xr.DataTree, figures: Figures) -> None:
    ranged = [row for row in rows(tree, "co2_reduction") if row.low != row.high]
    assert {row.programme for row in ranged} >= {"offshore_wind"}
    figure = figures["co2_reduction", "en"]
    assert sum(len(axes.collections) for axes in figure.axes) == len(ranged)
    with drawing("ja"):
        wind = next(row for row in ranged if row.programme == "offshore_wind")
        assert lines([wind], "ja")[0].published == "300–700"


def test_a_figure_without_spread_is_a_dot(tree: xr.DataTree) -> None:
    fixed = [row for row in rows(tree, "economic_effect") if row.fixed]
    assert {"battery_supply_chain", "clean_energy_vehicles"} <= {row.programme for row in fixed}
    with drawing("ja"):
        assert all("[" not in line.interval for line in lines(fixed, "ja"))


def test_draws_that_are_not_finite_are_said(tree: xr.DataTree) -> None:
    broken = changed(tree, "economic_effect", quantiles=math.nan, quantiles_mcse=math.nan)
    figure = drawn(broken, "economic_effect", "en")
    said = [one.get_text() for axes in figure.axes for one in axes.texts]
    assert locale.text("published.not_finite", "en") in said
    assert gids(figure, "row:") == sorted(row.key for row in rows(broken, "economic_effect"))


def test_the_footer_says_what_the_intervals_are(tree: xr.DataTree) -> None:
    exact = changed(changed(tree, "co2_reduction", quantiles_mcse=0.0), "other", quantiles_mcse=0.0)
    said = words(drawn(exact, "co2_reduction", "ja"))
    assert "計算誤差は無視できる。幅は仮定が決める。区間は仮定に基づくもので、達成確率ではない。" in said
    assert SCENARIO in said
    assert "16,384" in said
    assert str(tree.attrs["scenario_digest"])[:12] in said
    assert "信頼区間" not in said
    assert "12 ポスト 5G" in words(drawn(tree, "economic_effect", "ja"))


def test_a_large_computing_error_is_not_called_negligible(tree: xr.DataTree) -> None:
    worst = changed(tree, "co2_reduction", quantiles_mcse=1.0)
    said = words(drawn(worst, "co2_reduction", "en")).replace("\n", " ")
    assert "negligible" not in said
    assert re.search(r"Monte Carlo standard error\) is up to \d", said)


# ---- rows


def row(**values: Any) -> Row:
    given: dict[str, Any] = {
        "programme": "p", "number": 1, "name": {"ja": "名", "en": "name"}, "label": "2030",
        "item": {"ja": "", "en": ""}, "metric": "co2_reduction", "boundary": "japan_market", "money_kind": "",
        "reported": False, "unit": "Mt-CO2/yr", "low": 2.0, "high": 2.0, "middle": 2.0, "computed": 2.1,
        "quantiles": (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5), "error": 0.0,
    }  # fmt: skip
    return Row(**(given | values))


def test_multiples_of_the_published_figure() -> None:
    assert row().multiples == (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75)
    assert row().width == 2.0
    assert not row().fixed
    assert row(quantiles=(2.0,) * len(QUANTILES)).fixed
    assert not row(quantiles=(math.nan,) * len(QUANTILES)).fixed
    assert list(row(middle=-2.0).multiples) == sorted(row(middle=-2.0).multiples)


def test_a_row_in_words() -> None:
    with drawing("ja"):
        ja, again = lines([row(), row(label="FY2024 operating")], "ja")
    with drawing("en"):
        en = lines([row()], "en")[0]
    assert (ja.label, ja.published, ja.computed, ja.interval, ja.unit) == (
        "2030年", "200", "210", "200 [100, 300]", "万t/年",
    )  # fmt: skip
    assert (en.label, en.published, en.computed, en.interval, en.unit) == (
        "2030", "2", "2.10", "2.0 [1.0, 3.0]", "Mt/yr",
    )  # fmt: skip
    assert (ja.first, again.first, again.label) == (True, False, "2024年度稼働分")


# ---- amounts


@pytest.mark.parametrize(
    ("size", "unit", "lang", "factor", "word"),
    [
        (150, "万t-CO2/yr", "ja", 1, "万t/年"),
        (1.5, "Mt-CO2/yr", "ja", 100, "万t/年"),
        (100, "Mt-CO2/yr", "ja", 0.01, "億t/年"),
        (100, "Mt-CO2/yr", "en", 1, "Mt/yr"),
        (34.2, "万t-CO2", "en", 10, "kt"),
        (131, "t-CO2/yr", "ja", 1, "t/年"),
        (0.0311, "trillion JPY/yr", "ja", 1e4, "億円/年"),
        (0.0311, "trillion JPY/yr", "en", 1e3, "bn JPY/yr"),
        (8523, "億円", "ja", 1, "億円"),
        (23, "兆円", "en", 1, "trn JPY"),
        (-150, "万t-CO2/yr", "ja", 1, "万t/年"),
        (10, "万yr", "ja", 1, "万年"),
        (7.22, "t-CO2/t-H2", "en", 1, "t/t-H₂"),
        (0.143, "1", "en", 1, "(ratio)"),
        (3, "vehicle", "en", 1, "vehicle"),
    ],
)
def test_scales(size: float, unit: str, lang: str, factor: float, word: str) -> None:
    found = amounts.scale(size, unit, lang)
    assert found.factor == pytest.approx(factor)
    assert found.word == word


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (1234, 2, "1,200"), (0.0994, 2, "0.099"), (9.96, 2, "10"), (99.6, 2, "100"), (0.996, 2, "1.0"), (0, 2, "0"),
        (-1.26, 2, "−1.3"), (33, 3, "33.0"), (math.nan, 2, "–"), (math.inf, 2, "–"), (94.4, 2, "94"), (0.5, 2, "0.50"),
    ],
)  # fmt: skip
def test_rounding(value: float, digits: int, said: str) -> None:
    assert amounts.rounded(value, digits) == said


def test_an_end_near_zero_has_no_finer_digits_than_the_median_deserves() -> None:
    assert amounts.interval(-0.0248, 1.62, 2.79) == "1.6 [−0.02, 2.8]"
    assert amounts.interval(-0.0001, 1.62, 2.79) == "1.6 [0.00, 2.8]"


def test_published_numbers_keep_their_digits() -> None:
    assert [amounts.as_printed(value) for value in (1350.0, 311.00000000000006, 12.44, 0.33, -2.5)] == [
        "1,350", "311", "12.44", "0.33", "−2.5",
    ]  # fmt: skip


# ---- words


@pytest.mark.parametrize("words", ["廃棄物・資源循環分野におけるカーボンニュートラル実現", "インターフェイス" * 6])
def test_japanese_wraps_within_the_width_and_loses_nothing(words: str) -> None:
    with drawing("ja"):
        for width in (1.0, 1.5, 2.0):
            said = wrapped(words, width)
            assert said.replace("\n", "") == words
            assert extent(said) <= width + 0.25  # a mark may hang on
    assert not any(line[0] in "ー、。）・" for line in said.split("\n"))


def test_words_in_katakana_and_latin_letters_stay_whole() -> None:
    with drawing("ja"):
        assert (
            "カーボンニュートラル"
            in wrapped("廃棄物・資源循環分野におけるカーボンニュートラル実現", 2.0).split("\n")[-1]
        )
    with drawing("en"):
        assert set(wrapped("Carbon-neutral waste treatment and circulation", 1.2).split()) == {
            "Carbon-neutral", "waste", "treatment", "and", "circulation",
        }  # fmt: skip


def test_shortening_says_that_it_did() -> None:
    with drawing("en"):
        assert shortened("short", 2.0) == "short"
        cut = shortened("a name that is far too long for its column", 1.0)
        assert cut.endswith("…")
        assert extent(cut) <= 1.0
