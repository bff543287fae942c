"""What commands print of totals: what may be added, the bounds of what overlaps, and a total that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ctsim.console import number, table

if TYPE_CHECKING:
    import xarray as xr

_HEAD = ["total", "when", "unit", "computed", "median", "5 %", "95 %", "5 % indep.", "95 % indep."]
_RIGHT = (3, 4, 5, 6, 7, 8)
_SHARES = (0.5, 0.05, 0.95)


def totals_tables(tree: xr.DataTree) -> None:
    """Sums, then bounds, with why: independent is the same at zero dependence."""
    if "totals" not in tree.children:
        return
    nodes = [tree["totals"][name].to_dataset() for name in tree["totals"].children]
    for kind, title in (("sum", "Totals that may be added"), ("overlap", "Overlaps: bounds instead of a sum")):
        groups = [node.isel(group=i) for node in nodes for i in range(node.sizes["group"])]
        mine = [one for one in groups if str(one["kind"].values) == kind]
        rows = [row for one in mine for row in _rows(one, kind == "overlap")]
        if rows:
            table(title, _HEAD, rows, right=_RIGHT)
        for said in dict.fromkeys(f"{one['why_ja'].item()} {one['why_en'].item()}" for one in mine if rows):
            click.echo(f"· {said}")


def asked_total_table(made: xr.Dataset) -> None:
    """One total that was asked for, with the reason why it may be added."""
    group = made.isel(group=0)
    table("Total", _HEAD, list(_rows(group, False)), right=_RIGHT)
    click.echo(f"{group['why_ja'].item()} {group['why_en'].item()}")
    click.echo(f"{made.attrs['draws']:,} draws, seed {made.attrs['seed']}.")


def _rows(group: xr.Dataset, is_bound: bool) -> Iterator[list[str]]:
    """A row a year; of bounds only those of more than one member, the others are the member's own cell."""
    years = group["year"].values.tolist() if "year" in group.dims else [""]
    for place, year in enumerate(years):
        one = group.isel(year=place) if year else group
        if not is_bound or ", " in str(one["members"].item()):
            yield _row(one, str(year), is_bound)


def _row(one: xr.Dataset, year: str, is_bound: bool) -> list[str]:
    unit = str(one["unit"].item()) if "unit" in one.coords else str(one["mean"].attrs["units"])
    name = f"{one['group'].item()}".replace("_", " ") if is_bound else str(one["title_en"].item())
    if reason := str(one["reason"].item()):
        return [name, year, unit, "", reason, "", "", "", ""]
    shown = [*_quantiles(one, "", _SHARES), *_quantiles(one, "independent_", _SHARES[1:])]
    return [name, year, unit, number(one["computed"].item()), *shown]


def _quantiles(one: xr.Dataset, prefix: str, shares: tuple[float, ...]) -> list[str]:
    values: list[Any] = one[f"{prefix}quantiles"].values.tolist()
    errors: list[Any] = one[f"{prefix}quantiles_mcse"].values.tolist()
    at = [one["quantile"].values.tolist().index(share) for share in shares]
    return [number(values[i], errors[i]) for i in at]
