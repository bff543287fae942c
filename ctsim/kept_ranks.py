"""A second opinion on what drives each cell, from the kept draws of a run alone: no formula is called again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ctsim.drivers import variable
from ctsim.engine import Run, open_run
from ctsim.errors import InputError
from ctsim.information import (
    Bins,
    bins,
    correlation_error,
    correlation_ratio,
    correlation_ratio_error,
    in_replicates,
    ranks,
    ranks_within,
)
from ctsim.programme import METRICS

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST: Final = 2**14
"""Draws that are looked at where more are kept."""
NAMES: Final = ("rank", "rank_mcse", "spearman", "spearman_mcse")


def kept_ranks(run: str | Path | Run, *, most: int = MOST) -> xr.DataTree:
    """Rank-based indices of every parameter on every cell, from the first `most` kept draws of a run.

    For every metric (parameter, programme, year): `rank`, the first-order index from bins of the parameter's ranks;
    `spearman`, the rank correlation; and their Monte Carlo errors (`_mcse`). Both are near 0 where the parameter does
    nothing, and NaN where nothing varies.
    Values by year of one parameter count once. The run must have kept cells and parameters (`keep_draws="all"`).
    Raises InputError where it has not, RunDirectoryError.
    """
    found = run if isinstance(run, Run) else open_run(run)
    name = found.directory or found.tree.name
    data = found.tree["draws"].dataset if "draws" in found.tree.children else xr.Dataset()
    metrics = [metric for metric in METRICS if metric in data]
    if "parameters" not in data or not metrics:
        kept = f"keeps {found.card['keep_draws']}" if found.card.get("keep_draws") else "keeps no draws"
        raise InputError(f"{name}: {kept}; run it with --keep-draws all")
    if most < 1:
        raise InputError(f"most {most}: must be at least 1")
    first = data.isel(draw=slice(0, most))
    drawn = first["parameters"].values.astype(np.float64)
    rows: dict[str, int] = {}
    for number, label in enumerate(data["parameter"].values.tolist()):
        if drawn[number].min() < drawn[number].max():
            rows.setdefault(label.partition("@")[0], number)
    replicate = in_replicates(drawn.shape[1])
    parted = [_Parted(bins(drawn[i]), ranks(drawn[i]), ranks_within(drawn[i], replicate)) for i in rows.values()]
    attributes = {"title": found.tree.attrs["title"], "title_ja": found.tree.attrs["title_ja"],
                  "draws": drawn.shape[1], "run": str(name),
                  "result_digest": found.result_digest}  # fmt: skip
    nodes = {"/": xr.Dataset(attrs=attributes)}
    for metric in metrics:
        nodes[f"/{metric}"] = _node(first[metric], list(rows), parted, replicate)
    return xr.DataTree.from_dict(nodes, name=found.tree.name)


@dataclass(frozen=True)
class _Parted:
    """The draws of a parameter: their bins, their ranks among all and among those of their replicate."""

    bins: Bins
    ranks: FloatArray
    within: FloatArray


def _node(cells: xr.DataArray, labels: list[str], parted: list[_Parted], replicate: IntArray) -> xr.Dataset:
    """One metric; a cell that is the same in all draws, or not finite in some, has no indices."""
    values = cells.values.astype(np.float64)
    shape = values.shape[:-1]
    made = np.full((len(NAMES), len(labels), *shape), np.nan)
    for place in np.ndindex(*shape):
        y = values[place]
        if np.isfinite(y).all() and y.min() < y.max():
            order, within = ranks(y), ranks_within(y, replicate)
            for number, one in enumerate(parted):
                at: tuple[Any, ...] = (slice(None), number, *place)
                made[at] = (
                    correlation_ratio(y, one.bins), correlation_ratio_error(y, one.bins, replicate),
                    float((one.ranks * order).sum()), correlation_error(one.within, within, replicate),
                )  # fmt: skip
    dims = ("parameter", *(str(dim) for dim in cells.dims[:-1]))
    variables = {name: variable(dims, array, name) for name, array in zip(NAMES, made, strict=True)}
    coordinates = {str(dim): cells[dim] for dim in cells.dims[:-1]}
    return xr.Dataset(variables, coordinates | {"parameter": variable(("parameter",), labels, "parameter")})
