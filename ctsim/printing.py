"""What commands print on stdout: the tables of a run, of an audit, of a parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctsim.console import number, table

if TYPE_CHECKING:
    from ctsim.audit import Audit
    from ctsim.catalog import Scenario
    from ctsim.engine import Run

# ---- a run


def run_tables(result: Run) -> None:
    """The result tables: every total with what is published, what the formula gives, and the interval."""
    head = ["no.", "programme", "when", "unit", "published", "computed", "median", "5 %", "95 %"]
    titles = {"co2_reduction": "CO2 reduction", "economic_effect": "Economic effect", "other": "Other"}
    for metric, title in titles.items():
        rows = sorted(_cell_rows(result, metric) + _other_rows(result, metric), key=lambda row: int(row[1] or 99))
        for group in sorted({row[0] for row in rows}, key=_place_of):
            mine = [row[1:] for row in rows if row[0] == group]
            table(f"{title}: {group}", head, mine, right=(0, 4, 5, 6, 7, 8))
    click.echo(f"{result.tree.attrs['title']}, {result.card['draws']:,} draws, seed {result.card['seed']}.")
    nodes = [result.tree[node] for node in ("co2_reduction", "economic_effect")]
    empty = sum(int((node["status"] == "not_applicable").sum()) for node in nodes)
    click.echo(_error_words(result))
    click.echo(f"{empty} cells have no number, each with its reason in the result. Items and parameters are there too.")
    click.echo(f"result_digest {result.result_digest}")
    click.echo(f"directory {result.directory}")


def _error_words(result: Run) -> str:
    """What the Monte Carlo error amounts to beside the interval it is printed with."""
    worst = 0.0
    for node in (result.tree["co2_reduction"], result.tree["economic_effect"], result.tree["other"]):
        width = node["quantiles"].sel(quantile=0.95) - node["quantiles"].sel(quantile=0.05)
        share = node["mcse"] / width.where(width > 0)
        worst = max(worst, float(share.fillna(0.0).max()) if share.size else 0.0)
    if worst <= 0.01:
        return "計算誤差は無視できる。幅は仮定が決める。 Computing error is negligible; the assumptions set the width."
    return f"計算誤差は最大で90%区間の{worst:.0%}。 Computing error is up to {worst:.0%} of a 90 % interval: draw more."


def _cell_rows(result: Run, metric: str) -> list[list[str]]:
    if metric == "other":
        return []
    rows = []
    node = result.tree[metric].dataset
    for programme in node["programme"].values.tolist():
        for year in node["year"].values.tolist():
            cell = node.sel(programme=programme, year=year)
            if str(cell["status"].item()) != "not_applicable":
                title = _title(cell, cell)
                rows.append([*title, str(year), *_numbers(cell, node["mean"].attrs["units"])])
    return rows


def _other_rows(result: Run, metric: str) -> list[list[str]]:
    """Figures off the year axis; parts of a total are left to the result."""
    node = result.tree["other"].dataset
    names = result.tree["co2_reduction"].dataset
    keys = set(node["figure"].values.tolist())
    rows = []
    for i in range(node.sizes["figure"]):
        one = node.isel(figure=i)
        item, key = str(one["item"].item()), str(one["figure"].item())
        if str(one["metric"].item()) != metric or (item and key.removesuffix(f".{item}") in keys):
            continue
        name = names.sel(programme=str(one["programme"].item()))
        title = _title(one, name)
        rows.append([*title, f"{one['when'].item()} {item}".strip(), *_numbers(one, str(one["unit"].item()))])
    return rows


_BOUNDARIES = (
    "units_supported", "plants_supported", "japanese_firms", "japan_market", "world_market", "per_unit", "reference",
    "mixed", "",
)  # fmt: skip
_GROUPS = tuple(_word.replace("_", " ").replace("japan", "Japan") for _word in _BOUNDARIES)
_LONGEST_NAME = 46


def _place_of(group: str) -> tuple[str, int]:
    """Where a group of rows stands: by kind of money, then from what was paid for to the whole world."""
    boundary, _, kind = group.partition(", ")
    return kind, _GROUPS.index(boundary)


def _title(cell: Any, programme: Any) -> list[str]:
    """Group, number and name of a row's programme; a group never mixes boundaries or kinds of money."""
    name = str(programme["programme_en"].item())
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    words = [_words(str(cell["boundary"].item()))]
    if "money_kind" in cell and str(cell["money_kind"].item()):
        words.append(_words(str(cell["money_kind"].item())))
    return [", ".join(words), str(int(programme["programme_number"]) or ""), short]


def _words(name: str) -> str:
    return name.replace("_", " ").replace("japan", "Japan")


def _numbers(cell: Any, unit: str) -> list[str]:
    reason = str(cell["reason"].item())
    quantiles = [float(cell["quantiles"].sel(quantile=q)) for q in (0.5, 0.05, 0.95)]
    low, high = float(cell["published_low"]), float(cell["published_high"])
    published = f"{low:,.6g}" if low == high else f"{low:,.6g}–{high:,.6g}"
    computed = "" if str(cell["status"].item()) == "reported" else number(float(cell["computed"]))
    shown = [number(q) for q in quantiles] if not reason else [reason, "", ""]
    return [unit, "" if low != low else published, computed, *shown]


# ---- an audit


def audit_tables(result: Audit) -> None:
    """Every published figure beside what its formula gives, and the ledger."""
    rows = []
    for one in result.figures:
        difference = "" if one.relative_difference is None else f"{one.relative_difference:+.1%}"
        printed = number(one.published) if one.published_low == one.published_high else (
            f"{number(one.published_low)}–{number(one.published_high)}")  # fmt: skip
        computed = "" if one.computed is None or one.computed_low is None or one.computed_high is None else (
            number(one.computed) if one.computed_low == one.computed_high
            else f"{number(one.computed_low)}–{number(one.computed_high)}")  # fmt: skip
        what = " ".join(part for part in (one.metric.replace("_", " "), one.when, one.item) if part)
        rows.append([one.programme, what, printed, computed, one.unit, difference, one.verdict.replace("_", " ")])
    head = ["programme", "figure", "printed", "computed", "unit", "diff.", "verdict"]
    table("Published figures against the report's own formulas", head, rows, right=(2, 3, 5))
    ledger = [[e.programme or "", e.where, e.quote, e.printed, e.computed, e.why] for e in result.inconsistencies]
    if ledger:
        head = ["programme", "where", "quote", "printed", "follows", "why"]
        table("Ledger of inconsistencies", head, ledger)
    computable = sum(one.computed is not None for one in result.figures)
    click.echo(f"{len(result.figures)} figures, {computable} computable; {len(result.inconsistencies)} ledger entries")


# ---- a parameter


def parameter_table(scenario: Scenario, name: str) -> None:
    """One parameter: value, source, spread and basis, with the line that set each."""
    one = scenario.parameters()[name]
    record = one.record
    lines = [("parameter", name, ""), ("value", f"{values_words(one)} {one.unit}", str(one.place("value")))]
    lines.append(("printed", _joined(record.as_printed), str(one.place("as_printed"))))
    if record.source:
        lines.append(("source", f"{record.source.key}, {record.source.where}", str(one.place("source"))))
        lines.append(("quote", record.source.quote or "", ""))
    lines.append(("spread", spread_words(one), str(one.place("uncertainty"))))
    lines += [("basis", s.basis, "") for s in list(one.spreads.values())[:1]]
    lines += [("reason", s.reason, "") for s in list(one.spreads.values())[:1] if s.reason]
    lines.append(("note", record.note or "", ""))
    users = [p.id for p in scenario.programmes if any(q.stream == name for q in p.parameters.values())]
    lines.append(("used by", ", ".join(users), ""))
    table("", ["", "", "set in"], [list(line) for line in lines if line[1]])


def _joined(text: str | tuple[str, ...] | None) -> str:
    return text if isinstance(text, str) else " / ".join(text or ())


def values_words(parameter: Any) -> str:
    """Its value, range or values by year."""

    def one(year: str) -> str:
        low, high = parameter.ends(year)
        said = f"{low:g}" if low == high else f"{low:g}–{high:g}"
        return f"{year}: {said}" if year else said

    return ", ".join(one(year) for year in parameter.years)


def spread_words(parameter: Any) -> str:
    """Its distribution and basis; one for each that differs by year."""

    def words(spread: Any) -> str:
        arguments = ", ".join(f"{name} {value:g}" for name, value in spread.arguments.items()
                              if isinstance(value, float | int))  # fmt: skip
        if spread.dist == "fixed":
            return "fixed"
        name = f"{spread.spread_class}: " if spread.spread_class else ""
        return f"{name}{spread.dist}({arguments}){' × value' if spread.relative else ''}, {spread.basis}"

    said = dict.fromkeys(words(spread) for spread in parameter.spreads.values())
    return "; ".join(said)
