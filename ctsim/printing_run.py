"""What `ctsim run` prints: the tables of a run in Japanese or English, wide characters aligned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, Final

import click

from ctsim.console import number, table
from ctsim.dataset import places
from ctsim.figures.amounts import Scale, scale
from ctsim.figures.rows import BOUNDARIES, MONEY_KINDS
from ctsim.locale import reading, text, when
from ctsim.printing_totals import totals_tables
from ctsim.programme import DELIVERY
from ctsim.totals import INDEPENDENT
from ctsim.unit_words import unit_shown

if TYPE_CHECKING:
    import xarray as xr

    from ctsim.engine import Run

_HEAD: Final = ("number", "programme", "when", "unit", "published", "computed", "median", "low", "high")
_METRICS: Final = ("co2_reduction", "economic_effect", "other")


def _head(names: Sequence[str], lang: str) -> list[str]:
    return [text(f"run.{name}", lang) for name in names]


def run_tables(result: Run, lang: str = "en") -> None:
    """The result tables: every total with what is published, what the formula gives, and the interval.

    English has the units of the result, Japanese those that suit each figure (万t/年, 億円).
    """
    found = False
    for metric in _METRICS:
        rows = _cell_rows(result, metric, lang) + _other_rows(result, metric, lang)
        rows = sorted(rows, key=lambda row: int(row[1] or 99))
        found |= bool(rows)
        for group in sorted({row[0] for row in rows}, key=_place_of):
            mine = [row[1:] for row in rows if row[0] == group]
            of = f"{text('run.colon', lang)}{_group_words(group, lang)}" if group else ""
            title = f"{text(f'run.{metric}', lang)}{of}"
            table(title, _head(_HEAD, lang), mine, right=(0, 4, 5, 6, 7, 8))
    if any(_our_year(cell) for metric, node in _yearly(result.tree) for cell in places(node, "programme", "year")):
        click.echo(text("run.our_year", lang))
    if said := conditional_words(result.tree, lang):
        click.echo(said)
    totals_tables(result.tree, lang)
    _reading_table(result, lang)
    if not found:
        _empty_table(result, lang)
    _threshold_table(result, lang)
    _closing_words(result, lang)


def _yearly(tree: xr.DataTree) -> Iterator[tuple[str, xr.Dataset]]:
    """The nodes of cells by year, with their metric."""
    return ((metric, tree[metric].dataset) for metric in _METRICS[:2] if metric in tree.children)


def _our_year(cell: Mapping[str, Any]) -> bool:
    """Whether a cell by year has an amount that the report prints without "per year"."""
    return bool(cell["period"] == "unstated" and cell["status"] != "not_applicable")


def conditional_words(tree: xr.DataTree, lang: str) -> str:
    """Which figures off the axis of years stay conditional on delivery in a run that draws it, if any (0022)."""
    if not {"parameters", "other"} <= set(tree.children):
        return ""
    parameters = (str(name).partition("@")[0] for name in tree["parameters"].dataset["parameter"].values.tolist())
    unsure = {name.removesuffix(f".{DELIVERY}") for name in parameters if name.endswith(f".{DELIVERY}")}
    found: dict[str, dict[str, None]] = {}
    for one in places(tree["other"].dataset, "figure"):
        if one["figure"].partition(".")[0] in unsure:
            number = str(one["programme_number"] or one[f"programme_{lang}"])
            found.setdefault(number, {})[when(one["when"], lang)] = None
    within, between = ("、", "、") if lang == "ja" else (", ", "; ")
    listed = between.join(f"{number} ({within.join(said)})" for number, said in found.items())
    return text("run.conditional", lang, listed=listed) if listed else ""


def _closing_words(result: Run, lang: str) -> None:
    title = result.tree.attrs["title_ja" if lang == "ja" else "title"]
    click.echo(text("run.drawn", lang, title=title, draws=f"{result.card['draws']:,}", seed=result.card["seed"]))
    nodes = [result.tree[node] for node in ("co2_reduction", "economic_effect") if node in result.tree.children]
    empty = sum(int((node.dataset["status"].values == "not_applicable").sum()) for node in nodes)
    click.echo(_error_words(result, lang))
    click.echo(text("run.empty_cells", lang, n=empty))
    click.echo(f"result_digest {result.result_digest}")
    click.echo(f"directory {result.directory}")


def _reading_table(result: Run, lang: str) -> None:
    """Every reading beside the literal result; parts are left to the result where their total is read too."""
    if "readings" not in result.tree.children:
        return
    read = list(places(result.tree["readings"].dataset, "reading"))
    keys = {one["reading"] for one in read}
    every = dict(_literal(result)) | {one["reading"]: one for one in read}
    rows = []
    for one in sorted(read, key=lambda one: int(one["programme_number"] or 99)):
        programme, _, figure = one["figure"].partition(".")
        shown = one["reading"] != one["literal"]  # what is literal stands beside what is not
        if shown and f"{programme}.{figure.rpartition('.')[0]}:{one['name']}" not in keys:
            literal = every.get(one["literal"], {"reason_code": one["reason_code"]})
            shown_in = _reading_scale(one, lang)
            said = [_figure_words(figure, literal, lang), _reading_words(one, literal, lang), shown_in.word]
            intervals = [_interval(cell, lang, shown_in.factor) for cell in (literal, one)]
            rows.append([*_title(one, one, lang)[1:], *said, *intervals])
    head = _head(("number", "programme", "figure", "reading", "unit", "literal", "so_read"), lang)
    table(text("run.readings", lang), head, rows, right=(0, 5, 6))


def _reading_scale(one: Mapping[str, Any], lang: str) -> Scale:
    """The unit that a reading is shown in, beside the literal result."""
    if lang == "en":
        return Scale(1.0, _money(one["unit"], lang))
    return _scale(one["quantiles"][one["quantile"].index(0.5)], one["unit"], lang)


def _reading_words(one: Mapping[str, Any], literal: Mapping[str, Any], lang: str) -> str:
    """The name of a reading, with whose effect it is where that is another's than by the page's own formula."""
    name = reading(str(one["name"]), lang)
    if one["boundary"] == literal.get("boundary", one["boundary"]):
        return name
    return f"{name} ({_group_words(_words(one['boundary']), lang)})"


def _figure_words(figure: str, literal: Mapping[str, Any], lang: str) -> str:
    """Metric, year and part of a figure's key without the programme; the part as the page of the programme has it."""
    if lang == "en":
        return figure.replace(".", " ").replace("_", " ")
    metric, label, *item = figure.split(".", 2)
    item = [str(literal.get("item_ja") or item[0])] if item else []
    return " ".join([text(f"metric.{metric}", lang), when(label, lang), *item]).replace("_", " ")


def _literal(result: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every cell, part and other figure by the key of its figure."""
    for metric in ("co2_reduction", "economic_effect"):
        if metric in result.tree.children:
            for cell in places(result.tree[metric].dataset, "programme", "year"):
                yield f"{cell['programme']}.{metric}.{cell['year']}", cell
            for cell in places(result.tree[f"items/{metric}"].dataset, "item", "year"):
                programme, _, item = cell["item"].partition(".")
                yield f"{programme}.{metric}.{cell['year']}.{item}", cell
    for cell in places(result.tree["other"].dataset, "figure"):
        yield cell["figure"], cell


def _interval(cell: Mapping[str, Any], lang: str, factor: float) -> str:
    """Median and interval of a cell, or why it has none."""
    if not isfinite(cell.get("quantiles", [nan])[0]):
        code = cell.get("reason_code")
        return text(f"reason_code.{code}", lang) if code else str(cell.get("reason") or "")
    at = [cell["quantile"].index(share) for share in (0.5, 0.05, 0.95)]
    median, low, high = (number(cell["quantiles"][i] * factor, cell["quantiles_mcse"][i] * factor) for i in at)
    return f"{median} [{low} – {high}]" if low != high else median


def _empty_table(result: Run, lang: str) -> None:
    """Why nothing that was chosen has a number: a line for each reason of a programme."""
    from ctsim.programme import METRICS

    nodes = [(metric, result.tree[metric].dataset) for metric in METRICS if metric in result.tree.children]
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for metric, node in nodes:
        for cell in places(node, "programme", "year"):
            reason = cell.get(f"reason_{lang}") or cell["reason"]
            reasons.setdefault((cell["programme"], metric, reason), []).append(str(cell["year"]))
    rows = [[name, text(f"run.{metric}", lang), ", ".join(years), reason]
            for (name, metric, reason), years in reasons.items()]  # fmt: skip
    if not rows:
        click.echo(text("run.nothing_at_all", lang))
        return
    table(text("run.nothing", lang), _head(("programme", "metric", "years", "why"), lang), rows)


def _threshold_table(result: Run, lang: str) -> None:
    """The thresholds that were named, each with the share of draws at or above it."""
    if "thresholds" not in result.tree:
        return
    node = result.tree["thresholds"].dataset
    columns = [node[name].values.tolist() for name in ("cell", "unit", "value", "p_at_least", "p_mcse")]
    free = text("run.independent", lang)
    said = [cell.replace(INDEPENDENT, "") + (free if INDEPENDENT in cell else "") for cell in columns[0]]
    rows = [[cell, f"{value:,.6g}", _money(unit, lang), *_share(p, error, lang)]
            for cell, unit, value, p, error in zip(said, *columns[1:], strict=True)]  # fmt: skip
    head = _head(("cell", "at_least", "unit", "share", "share_error"), lang)
    table(text("run.thresholds", lang), head, rows, right=(1, 3, 4))


def _share(p: float, error: float, lang: str = "en") -> list[str]:
    """A share and its error in per cent; what no draw, or every draw, showed is said so."""
    if p in (0.0, 1.0):
        return [text("report.every_draw" if p else "report.no_draw", lang), ""]
    return [number(100 * p, 100 * error), f"{100 * error:.1g}"] if p == p else [text("run.not_finite", lang), ""]


def _error_words(result: Run, lang: str) -> str:
    """What the Monte Carlo error amounts to beside the interval it is printed with."""
    worst = 0.0
    names = ("co2_reduction", "economic_effect", "other")
    for node in (result.tree[name].dataset for name in names if name in result.tree.children):
        at, quantiles = node["quantile"].values.tolist(), node["quantiles"].values
        width = quantiles[..., at.index(0.95)] - quantiles[..., at.index(0.05)]
        shares = node["mcse"].values[width > 0] / width[width > 0]
        worst = max([worst, *shares[shares == shares].tolist()])
    if worst <= 0.01:
        return text("report.lead", lang)
    return text("report.lead_error", lang, share=f"{100 * worst:.0f}")


def _cell_rows(result: Run, metric: str, lang: str) -> list[list[str]]:
    if metric == "other" or metric not in result.tree.children:
        return []
    rows = []
    node = result.tree[metric].dataset
    for cell in places(node, "programme", "year"):
        if cell["status"] != "not_applicable":
            year = str(cell["year"]) if lang == "en" else when(str(cell["year"]), lang)
            unit, *said = _numbers(cell, node["mean"].attrs["units"], lang)
            rows.append([*_title(cell, cell, lang), year, unit + "*" * _our_year(cell), *said])
    return rows


def _other_rows(result: Run, metric: str, lang: str) -> list[list[str]]:
    """Figures off the year axis; parts of a total are left to the result."""
    figures = list(places(result.tree["other"].dataset, "figure"))
    keys = {one["figure"] for one in figures}
    rows = []
    for one in figures:
        item, key = one["item"], one["figure"]
        if one["metric"] != metric or (item and key.removesuffix(f".{item}") in keys):
            continue
        label = f"{one['when']} {item}" if lang == "en" else f"{when(one['when'], lang)} {one['item_ja']}"
        rows.append([*_title(one, one, lang), label.strip(), *_numbers(one, one["unit"], lang)])
    return rows


_WORDS: Final = {name.replace("_", " ").replace("japan", "Japan"): name for name in BOUNDARIES}
_ORDER: Final = (
    "units_supported", "plants_supported", "japanese_firms", "japan_market", "world_market", "per_unit", "reference",
    "mixed", "",
)  # fmt: skip
_LONGEST_NAME: Final = {"en": 46, "ja": 23}


def _place_of(group: str) -> tuple[str, int]:
    """Where a group of rows stands: by kind of money, then from what was paid for to the whole world."""
    boundary, _, kind = group.partition(", ")
    return kind, _ORDER.index(_WORDS[boundary])


def _group_words(group: str, lang: str) -> str:
    """A group in words: boundary and kind of money."""
    if lang == "en":
        return group
    boundary, _, kind = group.partition(", ")
    kinds = {one.replace("_", " "): one for one in MONEY_KINDS}
    said = [text(f"boundary.{_WORDS[boundary] or 'unstated'}", lang)]
    return "・".join([*said, *([text(f"money_kind.{kinds[kind] or 'unstated'}", lang)] if kind else [])])


def _title(cell: Mapping[str, Any], programme: Mapping[str, Any], lang: str) -> list[str]:
    """Group, number and name of a row's programme; a group never mixes boundaries or kinds of money."""
    name, most = str(programme[f"programme_{lang}"]).replace(" ₂ ", "₂"), _LONGEST_NAME[lang]
    short = name if len(name) <= most else name[: most - 1] + "…"
    words = [_words(cell["boundary"])]
    if kind := cell.get("money_kind"):
        words.append(_words(kind))
    return [", ".join(words), str(programme["programme_number"] or ""), short]


def _words(name: str) -> str:
    return name.replace("_", " ").replace("japan", "Japan")


def _numbers(cell: Mapping[str, Any], unit: str, lang: str) -> list[str]:
    reason = cell.get(f"reason_{lang}") or cell["reason"]
    at = [cell["quantile"].index(share) for share in (0.5, 0.05, 0.95)]
    quantiles, errors = ([cell[name][i] for i in at] for name in ("quantiles", "quantiles_mcse"))
    at_all = isfinite(quantiles[0])
    low, high = cell["published_low"], cell["published_high"]
    shown_in = _scale(high if isfinite(high) else quantiles[0], unit, lang)
    factor = shown_in.factor
    ends = [f"{float(f'{end * factor:.6g}'):,.6g}" for end in (low, high)]
    published = ends[0] if low == high else "–".join(ends)
    # of a path the formula is ctsim's, not the report's
    own = cell["status"] in ("published", "")
    computed = number(cell["computed"] * factor) if own else "–"
    shown = [number(q * factor, error * factor) for q, error in zip(quantiles, errors, strict=True)]
    return [shown_in.word, "" if low != low else published, computed, *(shown if at_all else [reason, "", ""])]


def _scale(size: float, unit: str, lang: str) -> Scale:
    """The unit that a figure is shown in."""
    if lang == "en":
        factor, word = (0.1, unit.replace("億円", "billion JPY")) if "億円" in unit else (1.0, unit)
        return Scale(factor, _money(word, lang))
    return scale(abs(size) if isfinite(size) and size else 1.0, unit, lang)


def _money(unit: str, lang: str) -> str:
    return unit.replace("兆円", "trillion JPY") if lang == "en" else unit_shown(unit, lang)
