"""The result tree is what `ctsim.dataset` says: nodes, dimensions, variables, units, a reason for every empty cell."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ctsim import units
from ctsim.dataset import NODE_UNITS, places, result_digest, targets
from ctsim.programme import METRICS
from ctsim.summaries import QUANTILES
from tests.runs import full, scenario

ALWAYS = {
    "mean", "mcse", "sd", "sd_mcse", "minimum", "maximum", "quantiles", "quantiles_mcse", "status", "reason",
    "reason_code", "scope", "boundary", "period", "computed", "published", "published_low", "published_high",
    "published_percentile", "p_at_least_published", "p_mcse", "not_finite",
}  # fmt: skip
DIMS = {
    "/co2_reduction": ("programme", "year"),
    "/economic_effect": ("programme", "year"),
    "/items/co2_reduction": ("item", "year"),
    "/items/economic_effect": ("item", "year"),
    "/other": ("figure",),
}
STATUSES = {"published", "reported", "pathway", "carried", "not_applicable"}
REASON_CODES = {
    "before_start", "scope_change", "structure_change", "cumulative", "one_off", "per_unit", "not_co2", "no_volume",
    "reference_only", "beyond_life", "path_not_declared",
}  # fmt: skip


def node(path: str) -> xr.Dataset:
    """A node of the whole report's result."""
    found: xr.Dataset = full().tree[path].to_dataset(inherit=False)
    return found


def words(data: xr.Dataset, name: str) -> list[str]:
    return [str(one) for one in data[name].values.ravel()]


# ---- shape


def test_the_nodes_are_those_of_the_contract() -> None:
    paths = {one.path for one in full().tree.subtree}
    assert paths == {
        "/",
        "/items",
        "/parameters",
        "/readings",
        "/totals",
        "/totals/co2_reduction",
        "/totals/economic_effect",
        "/totals/other",
        *DIMS,
    }


@pytest.mark.parametrize("path", DIMS)
def test_every_node_has_its_variables_over_its_dimensions(path: str) -> None:
    data = node(path)
    assert set(data.data_vars) >= ALWAYS
    for name in ALWAYS:
        extra = ("quantile",) if name.startswith("quantiles") else ()
        assert data[name].dims == (*DIMS[path], *extra), name


def test_every_variable_and_coordinate_says_what_it_is() -> None:
    silent = []
    for one in full().tree.subtree:
        for name, variable in one.to_dataset(inherit=False).variables.items():
            textual = variable.dtype.kind not in "fiu"
            if not variable.attrs.get("long_name") or not ("units" in variable.attrs and (
                variable.attrs["units"] or textual)):  # fmt: skip
                silent.append((one.path, name))
    assert silent == []


@pytest.mark.parametrize("path", [*DIMS, "/parameters"])
def test_the_quantiles_are_those_that_everybody_asks_for(path: str) -> None:
    found = node(path)["quantile"].values.tolist()
    assert found == sorted(found) == list(QUANTILES)
    assert {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99} <= set(found)


def test_units_of_the_cells() -> None:
    for metric in METRICS:
        for path in (f"/{metric}", f"/items/{metric}"):
            data = node(path)
            for name in ("mean", "mcse", "sd", "quantiles", "computed", "published", "published_low"):
                assert data[name].attrs["units"] == NODE_UNITS[metric], (path, name)
            for name in ("p_at_least_published", "published_percentile", "p_mcse", "not_finite"):
                assert data[name].attrs["units"] == "1", (path, name)


def test_all_programmes_in_the_reports_order_with_names_in_both_languages() -> None:
    for metric in METRICS:
        data = node(f"/{metric}")
        assert data["programme_number"].values.tolist() == list(range(1, 22))
        assert words(data, "programme") == [programme.id for programme in scenario().programmes]
        assert data["year"].values.tolist() == [2030, 2040, 2050]
        japanese, english = words(data, "programme_ja"), words(data, "programme_en")
        assert len(set(japanese)) == len(set(english)) == 21
        assert all(any(ord(letter) > 0x3000 for letter in name) for name in japanese)
        assert all(name.isascii() for name in english)


# ---- cells


@pytest.mark.parametrize("path", ["/co2_reduction", "/economic_effect", "/items/economic_effect"])
def test_a_cell_has_numbers_or_a_reason(path: str) -> None:
    data = node(path)
    assert set(words(data, "status")) <= STATUSES
    empty = data["status"] == "not_applicable"
    assert empty.any() and not empty.all()
    for name in ("mean", "mcse", "sd", "minimum", "maximum", "computed", "published", "quantiles", "quantiles_mcse",
                 "p_at_least_published", "not_finite"):  # fmt: skip
        assert data[name].where(empty).isnull().all(), name
        filled = ~empty
        if name == "computed":  # nothing computes a reported figure
            filled = ~empty & (data["status"] != "reported")
        elif "published" in name:
            filled = data["status"].isin(["published", "reported"])
        assert (data[name].notnull() == filled).all(), name
    texts = [*zip(words(data, "status"), words(data, "reason"), words(data, "reason_code"), words(data, "reason_ja"),
                  words(data, "scope"), words(data, "boundary"), words(data, "period"), strict=True)]  # fmt: skip
    for status, reason, code, japanese, *where in texts:
        if status == "not_applicable":
            assert len(reason) > 10 and len(japanese) > 5 and code in REASON_CODES
            assert where == ["", "", ""]
        else:
            derived = status in ("pathway", "carried")
            assert (code, bool(reason), bool(japanese)) == ("", derived, derived) and all(where)


def test_every_cell_of_the_pages_is_in_the_tree() -> None:
    for metric in METRICS:
        data = node(f"/{metric}")
        for programme in scenario().programmes:
            for year in ("2030", "2040", "2050"):
                cell = programme.cell(metric, year)
                found = data.sel(programme=programme.id, year=int(year))
                assert str(found["status"].values) == cell.status
                assert str(found["reason_code"].values) == cell.reason_code
                if cell.figures:
                    low, high = cell.figures[0].published()
                    factor = units.conversion(cell.figures[0].record.unit, str(cell.figures[0].node_unit))
                    assert float(found["published_low"]) == pytest.approx(low * factor, rel=1e-15, nan_ok=True)
                    assert float(found["published_high"]) == pytest.approx(high * factor, rel=1e-15, nan_ok=True)


def test_published_figures_stand_in_the_cells() -> None:
    """Some of them, by hand from chart 9, in Mt-CO2 and trillion yen a year."""
    co2, money = node("/co2_reduction"), node("/economic_effect")
    expected = {("perovskite_solar", 2030): 1.5, ("perovskite_solar", 2050): 100.0, ("offshore_wind", 2030): 5.0,
                ("hydrogen_supply_chain", 2030): 7.0, ("industrial_furnaces", 2040): 20.0,
                ("next_generation_ships", 2050): 560.0, ("water_electrolysis", 2050): 1520.0}  # fmt: skip
    for (programme, year), value in expected.items():
        assert float(co2["published"].sel(programme=programme, year=year)) == pytest.approx(value, rel=1e-12)
    assert float(money["published"].sel(programme="perovskite_solar", year=2030)) == pytest.approx(0.0311, rel=1e-12)
    wind = co2.sel(programme="offshore_wind", year=2030)
    assert (float(wind["published_low"]), float(wind["published_high"])) == (3.0, 7.0)
    assert str(co2["reason_code"].sel(programme="industrial_furnaces", year=2030).values) == "before_start"


def test_statistics_of_a_cell_belong_together() -> None:
    for path in DIMS:
        data = node(path)
        data = data.where(data["mean"].notnull())
        quantiles = data["quantiles"]
        steps = quantiles.diff("quantile")
        assert bool(((steps >= 0) | steps.isnull()).all()), path
        for low, high in (("minimum", "mean"), ("mean", "maximum")):
            slack = 1e-12 * np.abs(data["mean"])
            assert bool(((data[low] <= data[high] + slack) | data["mean"].isnull()).all()), path
        spread = data["sd"] > 0
        assert bool((((data["mcse"] > 0) == spread) | data["mean"].isnull()).all()), path
        shares = data[["p_at_least_published", "published_percentile"]].to_array()
        assert bool((((shares >= 0) & (shares <= 1)) | shares.isnull()).all()), path
        assert bool(((data["not_finite"] == 0) | data["not_finite"].isnull()).all()), path


def test_a_share_is_at_least_the_low_end_of_a_range() -> None:
    """Offshore wind 2030: uniform 168 to 368 万kW by factors against 300 to 700 万t."""
    cell = node("/co2_reduction").sel(programme="offshore_wind", year=2030)
    assert float(cell["p_at_least_published"]) > 0.95
    assert 0.3 < float(cell["published_percentile"]) < 0.6
    assert float(cell["p_mcse"]) < 0.002


# ---- items, other figures, parameters


def test_items_are_the_printed_parts() -> None:
    data = node("/items/economic_effect")
    assert words(data, "item") == ["perovskite_solar.single_junction", "perovskite_solar.tandem"]
    assert words(data, "item_ja") == ["単接合型", "タンデム型"]
    assert data["status"].sel(year=2030).values.tolist() == ["published", "reported"]
    total = node("/economic_effect")["mean"].sel(programme="perovskite_solar", year=2030)
    assert float(data["mean"].sel(year=2030).sum()) == pytest.approx(float(total), rel=1e-12)


def test_figures_off_the_year_axis_keep_unit_and_label() -> None:
    data = node("/other")
    figures = [figure for programme in scenario().programmes for figure in programme.other_figures()]
    assert words(data, "figure") == [figure.key for figure in figures]
    assert words(data, "unit") == [figure.record.unit for figure in figures]
    assert words(data, "when") == [figure.record.when for figure in figures]
    assert len(set(words(data, "figure"))) == len(figures) >= 40
    reactor = data.sel(figure="high_temperature_reactor.co2_reduction.per t-H2")
    assert (str(reactor["unit"].values), str(reactor["period"].values)) == ("t-CO2/t-H2", "per_unit")
    assert float(reactor["computed"]) == pytest.approx(13.87e-3 * 142 * 44 / 12, rel=1e-14)
    assert data["mean"].notnull().all()


def test_no_figure_is_in_two_nodes_and_none_is_lost() -> None:
    found = targets(scenario())
    assert len({(target.node, target.key) for target in found}) == len(found)
    counted = {step for target in found if target.node != "/parameters" for _, step, _ in target.parts}
    assert counted == set(range(len(scenario().binding.steps)))


def test_parameters_are_those_that_are_sampled() -> None:
    data, rows = node("/parameters"), scenario().binding.rows
    assert words(data, "parameter") == [row.label for row in rows]
    assert words(data, "unit") == [row.unit for row in rows]
    assert data["value"].values.tolist() == [row.central for row in rows]
    assert set(words(data, "basis")) <= {"published", "literature", "elicited", "assumed"}
    for name in ("mean", "sd", "minimum", "maximum", "quantiles"):
        assert data[name].notnull().all(), name
    wind = data.sel(parameter="offshore_wind.offshore_wind_capacity@2030")
    assert float(wind["mean"]) == pytest.approx(268, rel=1e-3)
    assert float(wind["sd"]) == pytest.approx(200 / np.sqrt(12), rel=1e-2)


# ---- the root, the file, the digest


def test_the_root_carries_the_run_card() -> None:
    attributes = full().tree.attrs
    for name in (
        "scenario",
        "revision",
        "scenario_digest",
        "seed",
        "method",
        "draws",
        "stream_version",
        "result_digest",
    ):
        assert attributes[name] == full().card[name], name
    assert attributes["title"] == "Framework of November 2023"
    assert attributes["title_ja"] == "フレームワーク(2023年11月)"


def test_a_file_brings_everything_back(tmp_path: Path) -> None:
    tree = full().tree
    tree.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "result.nc", engine="h5netcdf") as opened:
        back = opened.load()
    assert result_digest(back) == result_digest(tree) == full().result_digest
    for one in tree.subtree:
        first, second = one.to_dataset(inherit=False), back[one.path].to_dataset(inherit=False)
        xr.testing.assert_equal(first, second)
        for name, variable in first.variables.items():
            assert second[name].attrs == variable.attrs
            assert (second[name].dtype.kind in "fiu") == (variable.dtype.kind in "fiu"), name


def copied() -> xr.DataTree:
    tree: xr.DataTree = full().tree.copy(deep=True)
    return tree


def test_the_digest_sees_every_number() -> None:
    before = full().result_digest
    for path, name in (("/co2_reduction", "mean"), ("/other", "quantiles"), ("/parameters", "value"),
                       ("/items/economic_effect", "sd_mcse"), ("/economic_effect", "not_finite")):  # fmt: skip
        tree = copied()
        values = tree[path][name].values
        place = tuple(np.argwhere(np.isfinite(values))[-1])
        values[place] = np.nextafter(values[place], np.inf)
        assert result_digest(tree) != before, (path, name)


def test_the_digest_sees_labels_but_no_words_or_layout() -> None:
    before = full().result_digest
    tree = copied()
    tree.attrs = {"title": "another"}
    for one in tree.subtree:
        for variable in one.variables.values():
            variable.attrs.clear()
    tree["co2_reduction"]["status"].values[:] = "x"
    tree["co2_reduction"]["programme_ja"].values[:] = "x"
    turned = xr.DataTree.from_dict({
        one.path: one.to_dataset(inherit=False)[sorted(one.to_dataset(inherit=False).variables)[::-1]]
        for one in reversed(list(tree.subtree))
    })  # fmt: skip
    assert result_digest(turned) == before
    relabelled = copied()
    data = relabelled["co2_reduction"].to_dataset(inherit=False)
    relabelled["co2_reduction"] = xr.DataTree(data.assign_coords(year=[2030, 2040, 2051]))
    assert result_digest(relabelled) != before


def test_the_digest_knows_one_zero_and_one_nan() -> None:
    def tree(values: list[float]) -> xr.DataTree:
        return xr.DataTree.from_dict({"/a": xr.Dataset({"x": ("i", np.array(values))}, {"i": [1, 2]})})

    other_nan = np.array([0x7FF8000000000123], dtype=np.uint64).view(np.float64)[0]
    assert result_digest(tree([0.0, np.nan])) == result_digest(tree([-0.0, other_nan]))
    assert result_digest(tree([0.0, np.nan])) != result_digest(tree([1.0, np.nan]))


# ---- read again


def test_places_are_what_xarray_gives() -> None:
    """All of them, or those where something holds; what lies along other dimensions is a list."""
    data = node("/co2_reduction")
    every = list(places(data, "programme", "year"))
    assert len(every) == data.sizes["programme"] * data.sizes["year"]
    for one in every[::7]:
        at = data.sel(programme=one["programme"], year=one["year"])
        assert one.keys() == set(map(str, data.variables))
        assert one["quantiles"] == pytest.approx(at["quantiles"].values.tolist(), nan_ok=True)
        assert one["status"] == str(at["status"].values) and one["quantile"] == data["quantile"].values.tolist()
    finite = np.isfinite(data["mean"].values.T)
    some = list(places(data, "year", "programme", where=finite))
    assert 0 < len(some) == int(finite.sum()) < len(every)
    assert [one["year"] for one in some] == sorted(one["year"] for one in some)
    assert {(one["programme"], one["year"]): one["mean"] for one in some} == {
        (one["programme"], one["year"]): one["mean"] for one in every if np.isfinite(one["mean"])}  # fmt: skip
