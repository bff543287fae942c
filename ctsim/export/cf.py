"""A result as NetCDF with the attributes of the CF conventions: units of UDUNITS, errors tied to what they are of.

The names, dimensions and numbers are those of `summary.nc`, whose units are spelt as pages spell them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import xarray as xr

import ctsim
from ctsim.netcdf import netcdf_content

UDUNITS: Final = {"Mt-CO2/yr": "Mt yr-1", "trillion JPY/yr": "1e12 yr-1", "1": "1", "yr": "yr"}
"""Units of nodes as UDUNITS reads them: substances and yen are no dimensions there."""

_ERRORS: Final = {"mean": "mcse", "p_at_least_published": "p_mcse", "p_higher": "p_mcse"}
_METHODS: Final = {"mean": "mean", "sd": "standard_deviation", "minimum": "minimum", "maximum": "maximum"}


def cf_content(tree: xr.DataTree, card: Mapping[str, Any]) -> bytes:
    """The bytes of the file; kept draws stay in their store."""
    nodes = {node.path: _node(node.to_dataset(inherit=False)) for node in tree.subtree
             if not node.path.startswith("/draws")}  # fmt: skip
    said = {
        "Conventions": "CF-1.11", "source": f"ctsim {ctsim.__version__}",
        "history": f"{card.get('started', '')} {card.get('command', '')}".strip() or "made from Python",
        "references": "docs/export.md of ctsim",
        "sealed": str(card.get("sealed", False)),  # the tree was made before the directory was sealed
    }  # fmt: skip
    nodes["/"] = nodes["/"].assign_attrs({**tree.attrs, **said})
    return netcdf_content(xr.DataTree.from_dict(nodes, name=tree.name))


def _node(data: xr.Dataset) -> xr.Dataset:
    made = data.copy()
    names = set(map(str, data.variables))
    for name, variable in made.variables.items():
        variable.attrs = _attributes(str(name), variable, names)
    return made


def _attributes(name: str, variable: xr.Variable, names: set[str]) -> dict[str, Any]:
    said = {str(key): value for key, value in variable.attrs.items() if key != "units"}
    said.setdefault("long_name", name.replace("_", " "))
    if variable.dtype.kind not in "fiu":
        return said
    unit = str(variable.attrs.get("units", "1"))
    if unit in UDUNITS:
        said["units"] = UDUNITS[unit]
        said["units_of_page"] = unit
    else:  # each label has a unit of its own
        said["comment"] = "in the unit that the variable 'unit' gives for each label"
    if name in _METHODS:
        said["cell_methods"] = f"realization: {_METHODS[name]}"
    errors = [one for one in (_ERRORS.get(name, ""), f"{name}_mcse", f"{name}_error") if one in names]
    return said | ({"ancillary_variables": " ".join(errors)} if errors else {})
