"""What `ctsim policy` prints: targets, the share of each gap that was closed, the tonnes at carbon prices."""

from __future__ import annotations

from typing import Any

import click
import numpy as np
import xarray as xr

from ctsim.console import number, table
from ctsim.policy import REALISED, REALISED_GROUP, FloatArray, FrameFile, carbon_value, gaps

_SHARES = (0.5, 0.05, 0.95)


def policy_tables(file: FrameFile, totals: xr.Dataset) -> None:
    """Tables from the frame and the sum of annual, domestic tonnes of units that were paid for (Mt-CO2 a year)."""
    realised = _realised(totals)
    _targets(file, realised)
    _credits(file)
    _values(file, realised)
    click.echo(f"{REALISED.ja} / {REALISED.en}: 17 + 19 + 20 + 21. Prices are real, of FY2026.")
    for path in file.price_path:
        click.echo(f"{path.title.en} ({path.basis}): {path.reason}")


def policy_json(file: FrameFile, totals: xr.Dataset) -> dict[str, Any]:
    """The same for machines: median, 5 % and 95 % of each share (%) and value (億円 a year)."""
    realised = _realised(totals)
    targets = [
        {"year": gap.target.year, "reduction_percent": gap.target.reduction, "basis": gap.target.basis,
         "allowed_mt_co2": gap.allowed, "missing_mt_co2": gap.missing,
         "closed_percent": None if gap.closed is None else (100 * gap.closed).tolist()}
        for gap in gaps(file, realised)
    ]  # fmt: skip
    values = [
        {"price_path": path.id, "basis": path.basis, "year": year, "price_yen_per_t_co2": path.price[str(year)],
         "value_oku_yen_per_year": value.tolist()}
        for path in file.price_path for year, value in carbon_value(path, realised).items()
    ]  # fmt: skip
    credits_ = [{"by": one.by, "amount": one.amount, "unit": one.unit} for one in file.credits]
    label = {"ja": REALISED.ja, "en": REALISED.en}
    return {"realised": label, "quantiles": list(_SHARES), "targets": targets, "credits": credits_, "values": values}


def _realised(totals: xr.Dataset) -> dict[int, FloatArray]:
    one = totals.sel(group=REALISED_GROUP, quantile=list(_SHARES))
    return {int(year): np.asarray(one["quantiles"].sel(year=year).values) for year in one["year"].values}


def _interval(values: FloatArray) -> str:
    median, low, high = (number(float(one)) for one in values)
    return f"{median} [{low}–{high}]"


def _targets(file: FrameFile, realised: dict[int, FloatArray]) -> None:
    rows = []
    for gap in gaps(file, realised):
        closed = "no cell of this year" if gap.closed is None else _interval(100 * gap.closed)
        target = gap.target
        rows.append([str(target.year), f"−{target.reduction:g} %", f"{gap.allowed:,.0f}", f"{gap.missing:,.0f}", closed,
                     target.basis])  # fmt: skip
    head = ["year", "against FY2013", "Mt-CO2/yr", "gap from FY2023, Mt", "closed, %", "basis"]
    table("Targets, and the share of each gap closed by realised demand-side programmes", head, rows,
          right=(1, 2, 3, 4))  # fmt: skip


def _credits(file: FrameFile) -> None:
    rows = [[str(one.by), f"{one.amount:g} {one.unit}", one.source.quote or ""] for one in file.credits]
    table("JCM: cumulative, never part of an annual total", ["by", "amount", "quote"], rows)


def _values(file: FrameFile, realised: dict[int, FloatArray]) -> None:
    rows = []
    for path in file.price_path:
        for year, value in carbon_value(path, realised).items():
            rows.append([path.title.en, str(year), f"{path.price[str(year)]:,g}", _interval(value)])
    head = ["price", "year", "円/t-CO2", "億円/yr, median [90 % interval]"]
    table("Carbon value of the annual reductions of what was paid for", head, rows, right=(2, 3))
