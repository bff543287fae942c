"""A result tree as the content of a NetCDF-4 file and back: what xarray does with h5netcdf, in a fraction of the time.

One group a node, one HDF5 dataset a variable, dimensions as HDF5 dimension scales (NetCDF-4 file format, "Dimensions",
"Coordinate Variables"). Any NetCDF-4 reader opens it; xarray gives back the tree that was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from xarray.indexes import PandasIndex

_NO_VARIABLE: Final = "This is a netCDF dimension but not a netCDF variable."
_TEXT: Final = h5py.string_dtype()
_OF_THE_FORMAT: Final = frozenset(
    ("_NCProperties", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_FillValue", "CLASS", "NAME", "DIMENSION_LIST",
     "REFERENCE_LIST", "coordinates")
)  # fmt: skip

_UNREAD: Final = frozenset(("_FillValue", "DIMENSION_LIST", "REFERENCE_LIST"))
"""Of these what a reader here does not need: lists of references take longest to read."""


def netcdf_content(tree: xr.DataTree) -> bytes:
    """The bytes of the file. Variables are numbers or texts; raises TypeError for any other."""
    # In memory: HDF5 does not survive a disk that fills up while it writes.
    with h5py.File("result", "w", driver="core", backing_store=False, track_order=True) as file:
        file.attrs["_NCProperties"] = np.bytes_(f"version=2,h5py={h5py.__version__},hdf5={h5py.version.hdf5_version}")
        numbers = count()
        for node in tree.subtree:
            group = file if node.path == "/" else file.create_group(node.path, track_order=True)
            _write_node(group, node.to_dataset(inherit=False), numbers)
        file.flush()
        return bytes(file.id.get_file_image())


def _write_node(group: h5py.Group, dataset: xr.Dataset, numbers: count[int]) -> None:
    """Variables, then the scales of their dimensions; `numbers` are those of the file's dimensions."""
    dimensions = {str(name): (next(numbers), size) for name, size in dataset.sizes.items()}
    made = {str(name): _create(group, str(name), one) for name, one in dataset.variables.items()}
    labels = {name: set(dataset.variables[name].dims) for name in dataset.coords if name not in dimensions}
    for dim, (number, size) in dimensions.items():
        scale = made.get(dim)
        if scale is None:
            scale = group.create_dataset(dim, (size,), ">f4", maxshape=(size or None,), track_order=True)
        h5py.h5ds.set_scale(scale.id, (dim if dim in made else f"{_NO_VARIABLE}{size:10}").encode())
        scale.attrs["_Netcdf4Dimid"] = np.int32(number)
    for name, variable in dataset.variables.items():
        of, one = [str(dim) for dim in variable.dims], made[str(name)]
        one.attrs["_Netcdf4Coordinates"] = np.array([dimensions[dim][0] for dim in of], np.int32)
        if of != [name]:
            one.attrs["_Netcdf4Dimid"] = np.int32(dimensions[of[0]][0])
            for axis, dim in enumerate(of):
                h5py.h5ds.attach_scale(one.id, group[dim].id, axis)
        _write_attributes(one, variable.attrs)
        # How a reader knows the coordinates of a variable (CF, section 5).
        if name not in dataset.coords and (along := sorted(str(x) for x, dims in labels.items() if dims <= set(of))):
            one.attrs["coordinates"] = " ".join(along)
    _write_attributes(group, dataset.attrs)


def _create(group: h5py.Group, name: str, variable: xr.Variable) -> h5py.Dataset:
    values: npt.NDArray[Any] = np.asarray(variable.values)
    if values.dtype.kind not in "fiuOU" or not variable.dims:
        raise TypeError(f"{name}: {values.dtype} of {variable.dims} has no place in a result file")
    kind = values.dtype if values.dtype.kind in "fiu" else _TEXT
    # A dimension of length 0 has to be unlimited, and that needs chunks.
    limits = tuple(size or None for size in values.shape) if 0 in values.shape else None
    # Labels of a dimension are all there (CF, section 2.5.1).
    filled = np.nan if values.dtype.kind == "f" and variable.dims != (name,) else None
    made = group.create_dataset(name, values.shape, kind, values.astype(object) if kind is _TEXT else values,
                                maxshape=limits, fillvalue=filled, track_order=True)  # fmt: skip
    if filled is not None:
        made.attrs["_FillValue"] = np.array([filled], values.dtype)
    return made


def _write_attributes(place: h5py.Group | h5py.Dataset, attributes: Mapping[Any, Any]) -> None:
    for name, value in attributes.items():
        place.attrs[name] = value if isinstance(value, str) else np.atleast_1d(value)


# ---- back again

UNREADABLE: Final = (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError)
"""What `netcdf_tree` raises of a file that `netcdf_content` did not make."""


def netcdf_tree(path: str | Path) -> xr.DataTree:
    """The tree of a file that `netcdf_content` made, in memory. Raises one of UNREADABLE otherwise."""
    nodes: dict[str, xr.Dataset] = {}
    with h5py.File(path) as file:
        _read_nodes(file, "/", nodes)
    return xr.DataTree.from_dict(nodes)


def _read_nodes(group: h5py.Group, path: str, nodes: dict[str, xr.Dataset]) -> None:
    """A group and all below it, in the order in which they were written."""
    found = {str(name): one for name, one in group.items()}
    stored = {name: one for name, one in found.items() if isinstance(one, h5py.Dataset)}
    nodes[path] = _dataset(stored, _attributes(group))
    for name, one in found.items():
        if name not in stored:
            _read_nodes(one, f"{path.rstrip('/')}/{name}", nodes)


def _dataset(stored: Mapping[str, h5py.Dataset], attributes: Mapping[str, Any]) -> xr.Dataset:
    """The variables of one group; those that others name as `coordinates` are coordinates, as are labels."""
    said = {name: {key: one.attrs[key] for key in one.attrs if key not in _UNREAD} for name, one in stored.items()}
    of_number = {int(said[name]["_Netcdf4Dimid"]): name for name in stored if "CLASS" in said[name]}
    variables: dict[str, xr.Variable] = {}
    labels = set(of_number.values())
    for name, one in stored.items():
        if str(said[name].get("NAME", b""), "utf-8").startswith(_NO_VARIABLE):
            continue
        dims = [of_number[int(number)] for number in said[name]["_Netcdf4Coordinates"]]
        labels |= set(said[name].get("coordinates", "").split())
        values = one.asstr()[...].astype(str) if h5py.check_string_dtype(one.dtype) else one[...]
        variables[name] = xr.Variable(dims, values, _plain(said[name]), fastpath=True)
    order = list(variables)
    coords = _labels({name: variables.pop(name) for name in of_number.values() if name in variables})
    made = xr.Dataset(variables, coords, attributes)
    return made.set_coords([name for name in labels if name in variables])[order]


def _labels(variables: Mapping[str, xr.Variable]) -> xr.Coordinates:
    """Labels of dimensions with their indexes; xarray imports dask and pint before it makes an index itself."""
    indexes = {name: PandasIndex(pd.Index(one.values, name=name), name, one.dtype) for name, one in variables.items()}
    coords = {name: one for index in indexes.values() for name, one in index.create_variables(variables).items()}
    return xr.Coordinates(coords, indexes)


def _attributes(place: h5py.Group) -> dict[str, Any]:
    return _plain(dict(place.attrs.items()))


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Without those of the format; a single number is a number."""
    kept = {name: value for name, value in attributes.items() if name not in _OF_THE_FORMAT}
    return {name: one[0] if isinstance(one, np.ndarray) and one.shape == (1,) else one for name, one in kept.items()}
