"""What commands print of totals: what may be added, the bounds of what overlaps, and a total that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from ctsim.console import number, table
from ctsim.locale import text, when

if TYPE_CHECKING:
    import xarray as xr

_HEAD = ("total", "when", "unit", "computed", "median", "low", "high", "low_independent", "high_independent")
_RIGHT = (3, 4, 5, 6, 7, 8)
_SHARES = (0.5, 0.05, 0.95)
_STATISTICS = (
    "computed", "mean", "mcse", "quantiles", "quantiles_mcse", "independent_mean", "independent_quantiles",
)  # fmt: skip

Group = Mapping[str, Any]
"""Arrays of one group by name: xarray's own selection would load dask.array for a table."""


def totals_tables(tree: xr.DataTree, lang: str = "en") -> None:
    """Sums, then bounds, with why: independent is the same at zero dependence."""
    if "totals" not in tree.children:
        return
    groups = [one for node in tree["totals"].children.values() for one in _groups(node.to_dataset())]
    for kind in ("sum", "overlap"):
        mine = [one for one in groups if str(one["kind"]) == kind]
        rows = [row for one in mine for row in _rows(one, kind == "overlap", lang)]
        if rows:
            table(text(f"run.{kind}", lang), _head(lang), rows, right=_RIGHT)
        for said in dict.fromkeys(_why(one, lang) for one in mine if rows):
            click.echo(f"· {said}")


def _head(lang: str) -> list[str]:
    return [text(f"run.{name}", lang) for name in _HEAD]


def _why(group: Group, lang: str) -> str:
    return str(group["why_ja"]) if lang == "ja" else f"{group['why_ja']} {group['why_en']}"


def asked_total_table(made: xr.Dataset, lang: str) -> None:
    """One total that was asked for, with the reason why it may be added."""
    [group] = _groups(made)
    title = text("run.asked_total", lang)
    table(title, _head(lang), list(_rows(group, False, lang)), right=_RIGHT)
    click.echo(_why(group, lang))
    draws, seed = f"{made.attrs['draws']:,}", made.attrs["seed"]
    click.echo(text("run.drawn", lang, title=title, draws=draws, seed=seed))


def asked_total_json(made: xr.Dataset) -> dict[str, Any]:
    """The same for machines: every year with quantiles by share and their errors, or the reason why there is none."""
    [group] = _groups(made)
    years = []
    for place, year in enumerate(group["year"].tolist()) if group["by_year"] else [(..., None)]:
        statistics = {name: _plain(group[name][place]) for name in _STATISTICS}
        years.append({"year": year, "reason": str(group["reason"][place]), **statistics})
    words = {name: str(group[name]) for name in ("group", "title_ja", "title_en", "why_ja", "why_en")}
    unit = str(group.get("unit", group["metric_unit"]))
    head = {"unit": unit, "draws": int(made.attrs["draws"]), "seed": int(made.attrs["seed"])}
    return {**words, **head, "shares": group["quantile"].tolist(), "years": years}


def _plain(value: Any) -> Any:
    """Numbers as JSON has them: what is not a number is null."""
    if getattr(value, "ndim", 0):
        return [_plain(one) for one in value]
    return float(value) if value == value else None


def _groups(node: xr.Dataset) -> Iterator[Group]:
    """The groups of a node of totals, one after the other; `metric_unit` is the unit of them all."""
    arrays = {str(name): array for name, array in node.variables.items()}
    values = {name: (one.dims[:1] == ("group",), one.values) for name, one in arrays.items()}
    for i in range(node.sizes["group"]):
        group = {name: found[i, ...] if is_by_group else found for name, (is_by_group, found) in values.items()}
        yield {**group, "metric_unit": arrays["mean"].attrs["units"], "by_year": "year" in arrays["mean"].dims}


def _rows(group: Group, is_bound: bool, lang: str) -> Iterator[list[str]]:
    """A row a year; of bounds only those of more than one member, the others are the member's own cell."""
    for place, year in enumerate(group["year"].tolist()) if group["by_year"] else [(..., "")]:
        if not is_bound or ", " in str(group["members"][place]):
            yield _row(group, place, str(year), is_bound, lang)


def _row(group: Group, place: Any, year: str, is_bound: bool, lang: str) -> list[str]:
    unit = str(group.get("unit", group["metric_unit"]))
    which = str(group["group"]).replace("_", " ")
    name = str(group[f"title_{lang}"]) if not is_bound else which if lang == "en" else f"{group['title_ja']} {which}"
    reason = str(group["reason" if lang == "en" else "reason_ja"][place])
    year = year if lang == "en" or not year else when(year, lang)
    if reason:
        return [name, year, unit, "", reason, "", "", "", ""]
    shown = [*_quantiles(group, place, "", _SHARES), *_quantiles(group, place, "independent_", _SHARES[1:])]
    return [name, year, unit, number(float(group["computed"][place])), *shown]


def _quantiles(group: Group, place: Any, prefix: str, shares: tuple[float, ...]) -> list[str]:
    values = group[f"{prefix}quantiles"][place].tolist()
    errors = group[f"{prefix}quantiles_mcse"][place].tolist()
    at = [group["quantile"].tolist().index(share) for share in shares]
    return [number(values[i], errors[i]) for i in at]
