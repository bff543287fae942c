"""A result file holds the tree, for xarray and for any NetCDF-4 reader."""

import io
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from ctsim.engine import simulate
from ctsim.netcdf import netcdf_content, netcdf_tree
from tests.runs import study


def opened(content: bytes) -> xr.DataTree:
    with xr.open_datatree(io.BytesIO(content), engine="h5netcdf") as tree:
        return tree.load()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> xr.DataTree:
    return simulate(study(tmp_path_factory.mktemp("study")), draws=2048).tree


def test_it_is_what_xarray_writes(result: xr.DataTree) -> None:
    ours, theirs = opened(netcdf_content(result)), opened(bytes(result.to_netcdf(engine="h5netcdf")))
    xr.testing.assert_identical(ours, theirs)
    for node in theirs.subtree:
        mine, other = ours[node.path].dataset, node.dataset
        assert list(mine.variables) == list(other.variables) and list(mine.coords) == list(other.coords)
        assert {n: v.dtype for n, v in mine.variables.items()} == {n: v.dtype for n, v in other.variables.items()}


def test_every_variable_has_its_dimensions_as_scales(result: xr.DataTree) -> None:
    """What a reader needs that knows HDF5 and the NetCDF-4 conventions, but not xarray."""
    with h5py.File(io.BytesIO(netcdf_content(result))) as file:
        numbers = []
        for node in result.subtree:
            dataset = node.to_dataset(inherit=False)
            for name, variable in dataset.variables.items():
                stored = file[node.path][str(name)]
                if variable.dims == (name,):
                    assert h5py.h5ds.is_scale(stored.id)
                    numbers.append(int(stored.attrs["_Netcdf4Dimid"]))
                else:
                    assert [scales[0].name.split("/")[-1] for scales in stored.dims] == list(variable.dims)
        assert len(numbers) == len(set(numbers)) > 0
        assert file.attrs["_NCProperties"].startswith(b"version=2")


def test_dimensions_without_labels_and_of_length_zero(tmp_path: Path) -> None:
    dataset = xr.Dataset(
        {"a": (("x", "y"), np.array([[1.0, np.nan]])), "none": (("z", "x"), np.zeros((0, 1)))},
        {"words": ("y", np.array(["é", "日本"], dtype=object)), "far": (("z",), np.zeros(0, dtype=int))},
        {"title": "題", "count": 3},
    )
    tree = xr.DataTree.from_dict({"/": xr.Dataset(), "/inner/node": dataset})
    path = tmp_path / "tree.nc"
    path.write_bytes(netcdf_content(tree))
    with xr.open_datatree(path, engine="h5netcdf") as back:
        assert back.load()["inner/node"].dataset.drop_attrs().identical(dataset.drop_attrs())
        assert back["inner/node"].attrs["title"] == "題" and back["inner/node"].attrs["count"] == 3
        same(netcdf_tree(path), back.load())


def same(ours: xr.DataTree, theirs: xr.DataTree) -> None:
    """Values, attributes, the order of variables and coordinates, and what each is stored as."""
    xr.testing.assert_identical(ours, theirs)
    assert [node.path for node in ours.subtree] == [node.path for node in theirs.subtree]
    for node in theirs.subtree:
        mine, other = ours[node.path].dataset, node.dataset
        assert list(mine.variables) == list(other.variables) and list(mine.coords) == list(other.coords)
        for name, variable in other.variables.items():
            assert mine.variables[name].dtype == variable.dtype, name
            kinds = {key: type(value) for key, value in variable.attrs.items()}
            assert {key: type(value) for key, value in mine.variables[name].attrs.items()} == kinds


def test_it_is_read_as_xarray_reads_it(result: xr.DataTree, tmp_path: Path) -> None:
    path = tmp_path / "result.nc"
    path.write_bytes(content := netcdf_content(result))
    same(netcdf_tree(path), opened(content))
    assert netcdf_content(netcdf_tree(path)) == content


def test_reading_needs_neither_dask_nor_pint(result: xr.DataTree, tmp_path: Path) -> None:
    """xarray would import both, for a quarter of a second, before it makes the index of a dimension."""
    path = tmp_path / "result.nc"
    path.write_bytes(netcdf_content(result))
    script = "import sys, ctsim.netcdf as n\nn.netcdf_tree(sys.argv[1])\nprint({'dask', 'pint'} & {*sys.modules})"
    made = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert made.stdout == "set()\n"


@pytest.mark.parametrize("content", [b"", b"no file of HDF5", b"\x89HDF\r\n\x1a\n" + bytes(64)])
def test_what_is_no_such_file_is_an_error_that_callers_know(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "result.nc"
    path.write_bytes(content)
    with pytest.raises(OSError, match="open"):
        netcdf_tree(path)


def test_a_file_of_another_make_is_an_error_that_callers_know(tmp_path: Path) -> None:
    path = tmp_path / "other.nc"
    with h5py.File(path, "w") as file:
        file["a"] = [1.0, 2.0]
    with pytest.raises(LookupError):
        netcdf_tree(path)


@pytest.mark.parametrize("values", [np.array([True]), np.array([1], "M8[s]"), np.array(1.0)])
def test_what_a_file_has_no_place_for_is_refused(values: np.ndarray) -> None:  # type: ignore[type-arg]
    dims = ("x",) if values.ndim else ()
    with pytest.raises(TypeError, match="has no place"):
        netcdf_content(xr.DataTree(xr.Dataset({"a": (dims, values)})))
