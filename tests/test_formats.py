"""Tidy CSV, NetCDF by CF, IAMC's long format: the tree's numbers."""

import csv
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

import ctsim
from ctsim import compare, load, sensitivity, simulate
from ctsim.cli import main
from ctsim.compare import CARD_NAME
from ctsim.dataset import result_digest
from ctsim.errors import InputError, RunDirectoryError
from ctsim.export import write
from ctsim.export.cf import UDUNITS
from ctsim.export.tables import COLUMNS, IAMC_COLUMNS, tidy
from ctsim.export.write import export
from tests.runs import study

opened = cache(write.open_result)
"""What a directory holds, read once: reading takes seconds."""


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "open_result", lambda directory, formulas=None: opened(Path(directory)))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, a comparison and a sensitivity analysis of some programmes."""
    path = tmp_path_factory.mktemp("formats")
    base = study(path, ["perovskite_solar", "industrial_furnaces"])
    change = {"parameter": "perovskite_solar.japan_share", "value": 20.0, "reason": "=1+1",
              "uncertainty": {"dist": "fixed", "value": 20.0}, "source": {"key": "study", "where": "x"}}  # fmt: skip
    simulate(str(base), draws=1024, method="mc", out=path / "run")
    other = load(base).with_changes([change])
    compare(base, other, draws=1024, method="mc", out=path / "compare")
    sensitivity(str(base), draws=2**15, programmes=["perovskite_solar"], metrics=["co2_reduction"], out=path / "sens")
    return path


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def numbers(tree: xr.DataTree, all_causes: bool = True) -> Iterator[tuple[str, str, Any]]:
    """Every number of a tree by node and variable, in order; without `all_causes` not of those that do nothing."""
    for node in tree.subtree:
        data = node.to_dataset(inherit=False)
        for name, one in data.data_vars.items():
            if one.dtype.kind in "fiu":
                there = np.ones(one.shape, bool)
                mean = "mean" if node.path.startswith("/attribution") else ""
                causes = "Sh" if "Sh" in data else "ST" if node.path.startswith("/groups") else mean
                if not all_causes and causes in data and set(data[causes].dims) <= set(one.dims):
                    there = np.abs(data[causes].transpose(*one.dims).values) > 0.0
                yield from ((node.path, str(name), value) for value in one.values[there].tolist())


# ---- CSV


@pytest.mark.parametrize("kind", ["run", "compare", "sens"])
def test_tidy_csv_has_every_number_once(folder: Path, kind: str) -> None:
    result = opened(folder / kind)
    lines = table(export(folder / kind, "csv", out=folder / "x.csv").read_bytes())
    wanted = list(numbers(result.tree, all_causes=False))
    assert list(lines[0]) == list(COLUMNS) and len(lines) == len(wanted) > 500
    for line, (node, name, value) in zip(lines, wanted, strict=True):
        assert (line["node"], line["variable"]) == (node, name)
        assert (line["value"] == "") if not math.isfinite(value) else float(line["value"]) == value
    assert all(line["unit"] and line["unit"] != "see coordinate unit" for line in lines)
    keys = [tuple(line[name] for name in COLUMNS if name not in ("value", "unit")) for line in lines]
    assert len(set(keys)) == len(keys)


def test_what_is_left_out_of_a_table_of_causes_is_exactly_0(folder: Path) -> None:
    """Of an analysis the parameters that do not reach a cell: most of its numbers."""
    tree = opened(folder / "sens").tree
    lines = table(export(folder / "sens", "csv", out=folder / "y.csv").read_bytes())
    found = {(one["parameter"], one["programme"], one["year"]) for one in lines
             if one["node"] == "/co2_reduction" and one["variable"] == "ST"}  # fmt: skip
    data = tree["co2_reduction"].dataset
    for place in data["ST"].stack(place=("parameter", "programme", "year"))["place"].values:
        at = data.sel(dict(zip(("parameter", "programme", "year"), place, strict=True)))
        named = (str(place[0]), str(place[1]), str(place[2]))
        assert (named in found) == (abs(float(at["Sh"])) > 0.0)
        if named not in found and str(at["status"].values) == "random":
            assert [float(at[name]) for name in ("S1", "ST", "Sh", "ST_mcse")] == [0.0] * 4
    assert 0 < len(found) < 0.9 * data["ST"].size


def test_a_line_says_what_it_is_of(folder: Path) -> None:
    lines = table((folder / "run" / export(folder / "run", "csv").name).read_bytes())
    [one] = [line for line in lines if line["node"] == "/co2_reduction" and line["programme"] == "perovskite_solar"
             and line["year"] == "2030" and line["quantile"] == "0.95" and line["variable"] == "quantiles"]  # fmt: skip
    assert {name: one[name] for name in ("unit", "status", "boundary", "scope", "period")} == {
        "unit": "Mt-CO2/yr", "status": "published", "boundary": "japanese_firms", "scope": "world", "period": "annual",
    }  # fmt: skip
    empty = [line for line in lines if line["status"] == "not_applicable" and line["node"] == "/co2_reduction"]
    assert empty and all(line["value"] in ("", "0.0") and line["reason_code"] for line in empty)


def test_no_label_is_a_formula_for_a_spreadsheet() -> None:
    names = np.array(["=1+1", "@x", "+2", "-3", "plain"], dtype=object)
    data = xr.Dataset({"mean": ("figure", np.arange(5.0) - 2, {"units": "1"})}, {"figure": names})
    lines = table(tidy(xr.DataTree.from_dict({"/other": data})))
    assert [line["figure"] for line in lines] == ["'=1+1", "'@x", "'+2", "'-3", "plain"]
    assert [line["value"] for line in lines] == ["-2.0", "-1.0", "0.0", "1.0", "2.0"]


# ---- IAMC


def test_the_long_format_of_the_iamc(folder: Path) -> None:
    result = opened(folder / "run")
    lines = table(export(folder / "run", "iamc").read_bytes())
    assert list(lines[0]) == list(IAMC_COLUMNS)
    assert {line["model"] for line in lines} == {f"ctsim {ctsim.__version__}"}
    assert {line["scenario"] for line in lines} == {"study"}
    assert {line["unit"] for line in lines} == {"Mt CO2/yr", "trillion JPY/yr"}
    assert {line["region"] for line in lines} <= {"World", "Japan", "Unstated", "World and Japan"}
    keys = [tuple(line[name] for name in IAMC_COLUMNS[:-1]) for line in lines]
    assert len(set(keys)) == len(keys)
    assert all(line["year"] in ("2030", "2040", "2050") and math.isfinite(float(line["value"])) for line in lines)
    solar = result.tree["co2_reduction"].dataset.sel(programme="perovskite_solar", year=2050)
    name = "CO2 Reduction Effect|japanese firms|Next-generation solar cells"
    found = {line["variable"].removeprefix(f"{name}|"): float(line["value"]) for line in lines
             if line["variable"].startswith(name) and line["year"] == "2050"}  # fmt: skip
    assert found["95th Percentile"] == float(solar["quantiles"].sel(quantile=0.95))
    assert found["Median"] == float(solar["quantiles"].sel(quantile=0.5))
    assert found["Published|Low"] == found["Published|High"] == 100.0 and found["Mean"] == float(solar["mean"])
    assert [one for one in found if re.fullmatch("P[0-9]+", one)] == []


@pytest.mark.parametrize("kind", ["compare", "sens"])
def test_what_is_no_run_has_no_long_format(folder: Path, kind: str) -> None:
    with pytest.raises(InputError, match="--to iamc takes a run"):
        export(folder / kind, "iamc")


# ---- NetCDF


@pytest.fixture(scope="module")
def written(folder: Path) -> dict[str, xr.DataTree]:
    """The files as xarray reads them."""
    found = {}
    for kind in ("run", "compare", "sens"):
        with xr.open_datatree(export(folder / kind, "netcdf"), engine="h5netcdf") as tree:
            found[kind] = tree.load()
    return found


@pytest.mark.parametrize("kind", ["run", "compare", "sens"])
def test_netcdf_by_cf(folder: Path, written: dict[str, xr.DataTree], kind: str) -> None:
    """The same numbers, names and dimensions, with units that UDUNITS reads and no others."""
    result = opened(folder / kind)
    tree = written[kind]
    assert result_digest(tree) == result_digest(result.tree)
    assert tree.attrs["Conventions"] == "CF-1.11" and tree.attrs["source"].startswith("ctsim ")
    assert tree.attrs["title"] == result.tree.attrs["title"] and tree.attrs["history"]
    assert tree.attrs["sealed"] == "True"
    for node in tree.subtree:
        data = node.to_dataset(inherit=False)
        for name, one in data.variables.items():
            assert one.attrs["long_name"], name
            assert ("units" in one.attrs or "comment" in one.attrs) == (one.dtype.kind in "fiu"), name
            assert one.attrs.get("units", "1") in UDUNITS.values()
            assert all(other in data for other in one.attrs.get("ancillary_variables", "").split())
    assert result.tree["co2_reduction"].dataset["mean" if kind != "sens" else "swing_low"].attrs["units"] == "Mt-CO2/yr"


def test_errors_and_methods_are_tied_to_what_they_are_of(written: dict[str, xr.DataTree]) -> None:
    tree = written["run"]
    cells, others = tree["co2_reduction"].dataset, tree["other"].dataset
    assert cells["mean"].attrs["ancillary_variables"] == "mcse"
    assert cells["quantiles"].attrs["ancillary_variables"] == "quantiles_mcse"
    assert cells["sd"].attrs["cell_methods"] == "realization: standard_deviation"
    assert (cells["mean"].attrs["units"], cells["mean"].attrs["units_of_page"]) == ("Mt yr-1", "Mt-CO2/yr")
    assert tree["economic_effect"].dataset["mean"].attrs["units"] == "1e12 yr-1"
    assert "units" not in others["mean"].attrs and others["unit"].values[0]


# ---- what is refused


def test_what_cannot_be_exported(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="is not a run directory"):
        export(tmp_path, "csv")
    with pytest.raises(InputError, match="one of xlsx, csv, netcdf, iamc and of ja, en"):
        export(folder / "run", "pdf")
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in (CARD_NAME, "a.toml", "b.toml"):
        (broken / name).write_bytes((folder / "compare" / name).read_bytes())
    with pytest.raises(RunDirectoryError, match="is missing or damaged"):
        export(broken, "csv")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "run.json").write_text("[1]")
    with pytest.raises(RunDirectoryError, match="is not of format"):
        export(tmp_path / "odd", "csv")
    done = CliRunner().invoke(main, ["export", str(folder / "run"), "--to", "csv", "--out", str(tmp_path / "t.csv")])
    assert done.exit_code == 0 and done.stdout == f"csv {tmp_path / 't.csv'}\n"
