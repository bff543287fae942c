"""The four pictures of a comparison: every character has a glyph, bars lead from A to B; the same bytes twice."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ctsim.compare import compare
from ctsim.figures.style import SIZE, drawing, extent, on_two_lines
from ctsim.figures.waterfall import MOST_BARS, MOST_PANELS, Panel, Said, draw, panels, save_waterfalls
from ctsim.locale import text
from tests.pairs import CHANGES, scenario, write

pytestmark = pytest.mark.filterwarnings("error:.*[Gg]lyph.*")


def comparison(means: list[list[float]], parts: dict[str, list[list[float]]]) -> xr.DataTree:
    """The tree of a comparison of programmes by two years, with differences and parts as given; A is 10."""
    names = [f"p{i}" for i in range(len(means))]
    at = {"programme": names, "year": [2030, 2040]}
    data = xr.Dataset(
        {"mean": (("programme", "year"), np.array(means), {"units": "Mt-CO2/yr"}),
         "a_mean": (("programme", "year"), np.full((len(names), 2), 10.0)),
         "b_mean": (("programme", "year"), 10.0 + np.array(means))},
        at | {f"programme_{lang}": ("programme", [f"{title} {name}" for name in names])
              for lang, title in (("ja", "事業"), ("en", "programme"))},
    )  # fmt: skip
    each = xr.Dataset({"mean": (("change", "programme", "year"), np.array(list(parts.values())))},
                      at | {"change": list(parts)})  # fmt: skip
    root = xr.Dataset(attrs={"title": "B, compared with A", "title_ja": "AからBへの変化", "draws": 16384, "seed": 0})
    nodes = {"/": root}
    for metric in ("co2_reduction", "economic_effect"):
        unit = "Mt-CO2/yr" if metric == "co2_reduction" else "trillion JPY/yr"
        mine = data.copy(deep=True)
        mine["mean"].attrs["units"] = unit
        nodes |= {f"/{metric}": mine, f"/attribution/{metric}": each}
    return xr.DataTree.from_dict(nodes)


def test_four_pictures_in_two_languages_without_missing_glyphs(tmp_path: Path) -> None:
    found = comparison([[2.0, -3.0]], {"hydrogen.price": [[3.0, -1.0]], "水素の価格": [[-1.0, -2.0]]})
    drawn = [path.name for path in save_waterfalls(found, tmp_path)]
    assert [one for one in drawn if one.endswith(".png")] == [
        f"changes_{metric}.{lang}.png" for metric in ("co2_reduction", "economic_effect") for lang in ("ja", "en")
    ]
    first = {name: (tmp_path / name).read_bytes() for name in drawn}
    save_waterfalls(found, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in drawn} == first


def test_changes_have_titles_and_published_figures_their_marks(tmp_path: Path) -> None:
    found = comparison([[2.0, -3.0]], {"switch x": [[2.0, -3.0]]})
    nan = float("nan")
    said = Said(
        {"switch x": {"ja": "幅の変更", "en": "spreads"}}, {"p0.co2_reduction.2030": {"ja": "国内市場", "en": "Japan"}},
        {"p0.co2_reduction.2030": ((9.0, 11.0), (12.0, 12.0)), "p0.co2_reduction.2040": ((nan, nan), (nan, nan))},
    )  # fmt: skip
    with drawing("ja"):
        figure = draw(found, "co2_reduction", panels(found, "co2_reduction", said), "ja", said)
    by_year = {str(axes.get_gid()).split(":")[1]: axes for axes in figure.axes}
    marks = {year: [one.get_xdata()[0] for one in axes.lines if one.get_gid() == "published"]  # type: ignore[index]
             for year, axes in by_year.items()}  # fmt: skip
    factor = marks["2030"][-1] / 12.0
    assert sorted(one / factor for one in marks["2030"]) == [9.0, 11.0, 12.0] and marks["2040"] == []
    labels = [one.get_text() for one in by_year["2030"].get_yticklabels()]
    assert labels[1] == "幅の変更"
    words = [one.get_text() for one in figure.texts]
    assert any("2030年" in one and one.endswith("国内市場") for one in words)
    assert text("waterfall.published", "ja") in words


def test_long_titles_take_two_lines() -> None:
    with drawing("ja"):
        said = on_two_lines("とても長い名前の事業とその他の長い長い説明がつづく事業の名前", 1.6)
        assert 1 <= said.count("\n") <= 1 and extent(said, SIZE) <= 1.6
        assert on_two_lines("短い", 1.6) == "短い"


def test_nothing_that_moves_is_no_picture(tmp_path: Path) -> None:
    assert save_waterfalls(comparison([[0.0, 0.0]], {"x": [[0.0, np.nan]]}), tmp_path) == []


def test_those_that_move_furthest_beside_their_size_come_first() -> None:
    moves = [[float(i), -float(i) / 2] for i in range(1, 8)]
    found = panels(comparison(moves, {"x": moves}), "co2_reduction")
    assert len(found) == MOST_PANELS
    moved = [abs(one.after - one.before) / max(one.before, one.after) for one in found]
    assert moved == sorted(moved, reverse=True)


@pytest.mark.parametrize("count", [1, MOST_BARS, MOST_BARS + 1, 20])
def test_bars_add_up_to_the_change(count: int) -> None:
    parts = tuple((f"c{i}", (-1.0) ** i / (i + 1)) for i in range(count))
    whole = sum(part for _, part in parts)
    one = Panel({"ja": "", "en": ""}, "2030", "Mt-CO2/yr", 1.0, 1.0 + whole, parts)
    assert len(one.bars) == min(count, MOST_BARS)
    assert sum(part for _, part in one.bars) == pytest.approx(whole, rel=1e-12)


def test_an_added_programme_starts_from_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "other")
    scenario(tmp_path, "a")
    scenario(tmp_path, "b", CHANGES[0], programmes=("mine", "other"))
    found = compare(tmp_path / "a.toml", tmp_path / "b.toml", draws=2**14, formulas=tmp_path / "formulas")
    shown = {(one.name["en"], one.year): one for one in panels(found.tree, "co2_reduction")}
    added = [one for one in shown.values() if one.before == 0.0]
    assert len(added) == 3 and all(one.parts == (("programme other", one.after),) for one in added)
