"""What commands print of totals: what may be added, the bounds of what overlaps, and a total that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from ctsim.console import number, table
from ctsim.locale import text, when, word
from ctsim.unit_words import unit_shown

if TYPE_CHECKING:
    import xarray as xr

    from ctsim.bought import Amount, Line
    from ctsim.schema import TotalGroup

_HEAD = (
    "total",
    "when",
    "unit",
    "published",
    "central",
    "median",
    "low",
    "high",
    "low_independent",
    "high_independent",
)
_RIGHT = (3, 4, 5, 6, 7, 8, 9)
_BOUGHT = (
    "annual_per_oku", "lifetime_per_oku", "yen_per_tonne", "pro_rata_annual", "pro_rata_lifetime", "all_yen_per_tonne",
)  # fmt: skip
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
        notes = [str(one[f"why_{lang}"]) for one in mine]
        notes += _bounded(mine, lang) if kind == "overlap" else [n for one in mine for n in _missing(one, lang)]
        for said in dict.fromkeys(notes):
            click.echo(f"· {said}")


def _bounded(overlaps: Iterable[Group], lang: str) -> Iterator[str]:
    """For each family, which boundaries have bounds, or that none has."""
    families: dict[str, list[str]] = {}
    for one in overlaps:
        boundaries = families.setdefault(str(one[f"title_{lang}"]), [])
        if any(", " in str(members) for members in one["members"]):
            boundaries.append(str(one["group"]).split(".")[1])
    for title, boundaries in families.items():
        yield f"{title}{text('run.colon', lang)}{bounds_words(boundaries, lang)}"


def bounds_words(boundaries: Iterable[str], lang: str) -> str:
    """Of which boundaries an overlap has bounds, and why not of the others."""
    names = text("run.and", lang).join(text(f"boundary.{one}", lang) for one in dict.fromkeys(boundaries))
    return text("run.bounds_only" if names else "run.bounds_none", lang, boundaries=names)


def total_name(title: str, name: str, lang: str) -> str:
    """A sum by its title; a bound by that of its family, its boundary and which bound it is, in words."""
    _, *bound = name.split(".")
    if not bound:
        return title
    boundary, which = bound
    return text(
        "run.bound", lang, title=title, boundary=word("boundary", boundary, lang), which=text(f"run.{which}", lang)
    )


def independent_table(lines: Iterable[Line], lang: str) -> None:
    """What money bought without dependence, of lines that add the effects of several programmes."""
    words = {f"{one}": text(f"class.{one}", lang) for one in "ABCD"}
    rows = [[words.get(one.name, one.name), *(_interval(one.bought.amounts[name]) for name in _BOUGHT)]
            for one in lines if one.bought and len(one.bought.programmes) > 1]  # fmt: skip
    if rows:
        head = [text("run.total", lang), *(text(f"run.{name}", lang) for name in _BOUGHT)]
        table(text("run.bought_independent", lang), head, rows, right=range(1, 7))


def _interval(one: Amount) -> str:
    return f"{number(one.median)} [{number(one.low)}–{number(one.high)}]"


def money_table(sums: Iterable[tuple[TotalGroup, float]], lang: str) -> None:
    """Declared sums of the money of issues."""
    rows = []
    for one, value in sums:
        members = ", ".join(money_name(name, lang) for name in one.members)
        rows.append([getattr(one.title, lang), members, f"{value:,.0f}", getattr(one.reason, lang)])
    if rows:
        head = [text(f"run.{name}", lang) for name in ("total", "members", "oku", "why")]
        table(text("run.money_sums", lang), head, rows, right=(2,))


def money_name(name: str, lang: str) -> str:
    """Money of an issue in words: "fy2023.allocated" is what was allocated of the bonds of FY2023."""
    issue, _, which = name.partition(".")
    what = text(f"report.{'refinanced_sum' if which == 'refinanced' else which}", lang)
    return text("run.money_of", lang, what=what, year=issue.removeprefix("fy"))


def money_json(sums: Iterable[tuple[TotalGroup, float]]) -> list[dict[str, Any]]:
    """The same for machines, in 億円."""
    return [{"id": one.id, "members": list(one.members), "value": value, "unit": "億円",
             "title": one.title.model_dump(), "why": one.reason.model_dump()} for one, value in sums]  # fmt: skip


def _head(lang: str) -> list[str]:
    return [text(f"run.{name}", lang) for name in _HEAD]


def asked_total_table(made: xr.Dataset, lang: str) -> None:
    """One total that was asked for, with the reason why it may be added."""
    [group] = _groups(made)
    title = text("run.asked_total", lang)
    table(title, _head(lang), list(_rows(group, False, lang)), right=_RIGHT)
    for said in (str(group[f"why_{lang}"]), *_missing(group, lang)):
        click.echo(said)
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
    members = list(dict.fromkeys(one for said in group["members"].flat for one in str(said).split(", ")))
    return {**words, "members": members, **head, "shares": group["quantile"].tolist(), "years": years}


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
    for place in range(len(group["year"])) if group["by_year"] else [...]:
        if not is_bound or ", " in str(group["members"][place]):
            yield _row(group, place, is_bound, lang)


def _reason(group: Group, place: Any, lang: str) -> str:
    return str(group["reason" if lang == "en" else "reason_ja"][place] or group["reason"][place])


def _missing(group: Group, lang: str) -> Iterator[str]:
    """Why there is no number where the table has none: for each reason its years."""
    years: dict[str, list[str]] = {}
    for place in range(len(group["year"])) if group["by_year"] else [...]:
        if reason := _reason(group, place, lang):
            years.setdefault(reason, []).append(str(group["when"][place]))
    for reason, found in years.items():
        named = " ".join(filter(None, [str(group[f"title_{lang}"]), ", ".join(filter(None, found))]))
        yield f"{named}{text('run.colon', lang)}{reason}"


def _row(group: Group, place: Any, is_bound: bool, lang: str) -> list[str]:
    unit = unit_shown(str(group.get("unit", group["metric_unit"])), lang)
    name = total_name(str(group[f"title_{lang}"]), str(group["group"]), lang)
    reason = _reason(group, place, lang)
    labels = str(group["when"][place]).split(", ")
    said = ", ".join(label if lang == "en" or not label else when(label, lang) for label in labels)
    if reason:
        return [name, said, unit, "", "", "–", "", "", "", ""]
    low, high, computed = (float(group[one][place]) for one in ("published_low", "published_high", "computed"))
    published = "" if low != low else "–".join(dict.fromkeys(f"{end:,.6g}" for end in (low, high)))
    by_formula = text("run.no_formula", lang) if computed != computed else number(computed)
    shown = [*_quantiles(group, place, "", _SHARES), *_quantiles(group, place, "independent_", _SHARES[1:])]
    return [name, said, unit, published, by_formula, *shown]


def _quantiles(group: Group, place: Any, prefix: str, shares: tuple[float, ...]) -> list[str]:
    values = group[f"{prefix}quantiles"][place].tolist()
    errors = group[f"{prefix}quantiles_mcse"][place].tolist()
    at = [group["quantile"].tolist().index(share) for share in shares]
    return [number(values[i], errors[i]) for i in at]
