"""What commands print on stdout: the tables of a run, of an audit, of a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from ctsim.console import number, table
from ctsim.printing_totals import totals_tables

if TYPE_CHECKING:
    from ctsim.audit import Audit
    from ctsim.catalog import Scenario
    from ctsim.engine import Run
    from ctsim.explain import Explanation
    from ctsim.trail import Trail

# ---- a run


def run_tables(result: Run) -> None:
    """The result tables: every total with what is published, what the formula gives, and the interval."""
    head = ["no.", "programme", "when", "unit", "published", "computed", "median", "5 %", "95 %"]
    titles = {"co2_reduction": "CO2 reduction", "economic_effect": "Economic effect", "other": "Other"}
    found = False
    for metric, title in titles.items():
        rows = sorted(_cell_rows(result, metric) + _other_rows(result, metric), key=lambda row: int(row[1] or 99))
        found |= bool(rows)
        for group in sorted({row[0] for row in rows}, key=_place_of):
            mine = [row[1:] for row in rows if row[0] == group]
            table(f"{title}: {group}" if group else title, head, mine, right=(0, 4, 5, 6, 7, 8))
    totals_tables(result.tree)
    _reading_table(result)
    if not found:
        _empty_table(result)
    _threshold_table(result)
    click.echo(f"{result.tree.attrs['title']}, {result.card['draws']:,} draws, seed {result.card['seed']}.")
    nodes = [result.tree[node] for node in ("co2_reduction", "economic_effect") if node in result.tree.children]
    empty = sum(int((node.dataset["status"].values == "not_applicable").sum()) for node in nodes)
    click.echo(_error_words(result))
    click.echo(f"{empty} cells have no number, each with its reason in the result. Items and parameters are there too.")
    click.echo(f"result_digest {result.result_digest}")
    click.echo(f"directory {result.directory}")


def _reading_table(result: Run) -> None:
    """Every reading beside the literal result; parts are left to the result where their total is read too."""
    if "readings" not in result.tree.children:
        return
    read = list(_cells(result.tree["readings"].dataset, "reading"))
    keys = {one["reading"] for one in read}
    literal = dict(_literal(result))
    rows = []
    for one in sorted(read, key=lambda one: int(one["programme_number"] or 99)):
        programme, _, figure = one["figure"].partition(".")
        if f"{programme}.{figure.rpartition('.')[0]}:{one['name']}" not in keys:
            said = [figure.replace(".", " ").replace("_", " "), one["name"].replace("_", " "), one["unit"]]
            rows.append([*_title(one, one)[1:], *said, _interval(literal.get(one["figure"], {})), _interval(one)])
    head = ["no.", "programme", "figure", "reading", "unit", "literal: median [5–95 %]", "so read: median [5–95 %]"]
    table("Readings of the formulas beside the literal results", head, rows, right=(0, 5, 6))


def _literal(result: Run) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every cell, part and other figure by the key of its figure."""
    for metric in ("co2_reduction", "economic_effect"):
        if metric in result.tree.children:
            for cell in _cells(result.tree[metric].dataset, "programme", "year"):
                yield f"{cell['programme']}.{metric}.{cell['year']}", cell
            for cell in _cells(result.tree[f"items/{metric}"].dataset, "item", "year"):
                programme, _, item = cell["item"].partition(".")
                yield f"{programme}.{metric}.{cell['year']}.{item}", cell
    for cell in _cells(result.tree["other"].dataset, "figure"):
        yield cell["figure"], cell


def _interval(cell: Mapping[str, Any]) -> str:
    """Median and interval of a cell, or why it has none."""
    if not cell or not isfinite(cell["quantiles"][0]):
        return str(cell.get("reason_code") or cell.get("reason") or "").replace("_", " ")
    at = [cell["quantile"].index(share) for share in (0.5, 0.05, 0.95)]
    median, low, high = (number(cell["quantiles"][i], cell["quantiles_mcse"][i]) for i in at)
    return f"{median} [{low} – {high}]" if low != high else median


def _empty_table(result: Run) -> None:
    """Why nothing that was chosen has a number: a line for each reason of a programme."""
    from ctsim.programme import METRICS

    nodes = [(metric, result.tree[metric].dataset) for metric in METRICS if metric in result.tree.children]
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for metric, node in nodes:
        for cell in _cells(node, "programme", "year"):
            reasons.setdefault((cell["programme"], metric, cell["reason"]), []).append(str(cell["year"]))
    rows = [[name, metric.replace("_", " "), ", ".join(years), reason]
            for (name, metric, reason), years in reasons.items()]  # fmt: skip
    if not rows:
        click.echo("Nothing that was chosen has a number: the pages have no such figure.")
        return
    table("Nothing that was chosen has a number", ["programme", "metric", "years", "why"], rows)


def _threshold_table(result: Run) -> None:
    """The thresholds that were named, each with the share of draws at or above it."""
    if "thresholds" not in result.tree:
        return
    node = result.tree["thresholds"].dataset
    columns = [node[name].values.tolist() for name in ("cell", "unit", "value", "p_at_least", "p_mcse")]
    rows = [[cell, f"{value:,.6g}", unit, *_share(p, error)]
            for cell, unit, value, p, error in zip(*columns, strict=True)]  # fmt: skip
    head = ["cell", "at least", "unit", "draws, %", "± mcse, %"]
    table("Share of draws at or above a threshold, under the assumptions", head, rows, right=(1, 3, 4))


def _share(p: float, error: float) -> list[str]:
    """A share and its error in per cent; what no draw, or every draw, showed is said so."""
    if p in (0.0, 1.0):
        return ["every draw" if p else "no draw", ""]
    return [number(100 * p, 100 * error), f"{100 * error:.1g}"] if p == p else ["not finite", ""]


def _error_words(result: Run) -> str:
    """What the Monte Carlo error amounts to beside the interval it is printed with."""
    worst = 0.0
    names = ("co2_reduction", "economic_effect", "other")
    for node in (result.tree[name].dataset for name in names if name in result.tree.children):
        at, quantiles = node["quantile"].values.tolist(), node["quantiles"].values
        width = quantiles[..., at.index(0.95)] - quantiles[..., at.index(0.05)]
        shares = node["mcse"].values[width > 0] / width[width > 0]
        worst = max([worst, *shares[shares == shares].tolist()])
    if worst <= 0.01:
        return "計算誤差は無視できる。幅は仮定が決める。 Computing error is negligible; the assumptions set the width."
    return f"計算誤差は最大で90%区間の{worst:.0%}。 Computing error is up to {worst:.0%} of a 90 % interval: draw more."


def _cell_rows(result: Run, metric: str) -> list[list[str]]:
    if metric == "other" or metric not in result.tree.children:
        return []
    rows = []
    node = result.tree[metric].dataset
    for cell in _cells(node, "programme", "year"):
        if cell["status"] != "not_applicable":
            title = _title(cell, cell)
            rows.append([*title, str(cell["year"]), *_numbers(cell, node["mean"].attrs["units"])])
    return rows


def _other_rows(result: Run, metric: str) -> list[list[str]]:
    """Figures off the year axis; parts of a total are left to the result."""
    figures = list(_cells(result.tree["other"].dataset, "figure"))
    keys = {one["figure"] for one in figures}
    rows = []
    for one in figures:
        item, key = one["item"], one["figure"]
        if one["metric"] != metric or (item and key.removesuffix(f".{item}") in keys):
            continue
        title = _title(one, one)
        rows.append([*title, f"{one['when']} {item}".strip(), *_numbers(one, one["unit"])])
    return rows


def _cells(node: Any, *dims: str) -> Iterator[dict[str, Any]]:
    """Every variable at every place along `dims`, as plain values: to choose each by xarray takes milliseconds."""
    columns = {str(name): (one.dims, one.values.tolist()) for name, one in node.variables.items()}
    for places in product(*(range(node.sizes[dim]) for dim in dims)):
        at, cell = dict(zip(dims, places, strict=True)), {}
        for name, (along, value) in columns.items():
            for dim in along:
                value = value[at[dim]] if dim in at else value
            cell[name] = value
        yield cell


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


def _title(cell: Mapping[str, Any], programme: Mapping[str, Any]) -> list[str]:
    """Group, number and name of a row's programme; a group never mixes boundaries or kinds of money."""
    name = str(programme["programme_en"])
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    words = [_words(cell["boundary"])]
    if kind := cell.get("money_kind"):
        words.append(_words(kind))
    return [", ".join(words), str(programme["programme_number"] or ""), short]


def _words(name: str) -> str:
    return name.replace("_", " ").replace("japan", "Japan")


def _numbers(cell: Mapping[str, Any], unit: str) -> list[str]:
    reason = cell["reason"]
    at = [cell["quantile"].index(share) for share in (0.5, 0.05, 0.95)]
    quantiles, errors = ([cell[name][i] for i in at] for name in ("quantiles", "quantiles_mcse"))
    at_all = isfinite(quantiles[0])
    low, high = cell["published_low"], cell["published_high"]
    published = f"{low:,.6g}" if low == high else f"{low:,.6g}–{high:,.6g}"
    computed = "" if cell["status"] == "reported" else number(cell["computed"])
    shown = [number(q, error) for q, error in zip(quantiles, errors, strict=True)] if at_all else [reason, "", ""]
    return [unit, "" if low != low else published, computed, *shown]


# ---- why a mean is not the published figure


def explanation_tables(found: Sequence[Explanation], each: bool) -> None:
    """The steps from the published figure to the mean; with `each` also what every one of the cells is made from."""
    head = ["cell", "unit", "published", "reproduction", "shift of means", "non-linearity", "dependence", "mean"]
    rows = [[one.cell, one.unit, _step(one.published), *(_step(part) for part in one.parts), _step(one.mean)]
            for one in found]  # fmt: skip
    table("From the published figure to the mean", head, rows, right=(2, 3, 4, 5, 6, 7))
    click.echo(
        "reproduction: what the report's own formula gives at its printed values, less what is printed · "
        "shift of means: spreads whose mean is not the printed value · non-linearity: of the formula · "
        "dependence: what moves together"
    )
    for one in found if each else ():
        click.echo(f"\n{explained(one, 'ja')}\n{explained(one, 'en')}")
        used = [
            [row.label, number(row.central), row.unit, row.spread.dist, row.basis, str(row.place)] for row in one.rows
        ]
        if one.words:
            click.echo(f"{one.cell}: {one.words.en}. {one.words.ja}。")
        table(f"{one.cell} is made from", ["parameter", "value", "unit", "spread", "basis", "set in"], used, right=(1,))
    if each:
        click.echo(
            "`ctsim show SCENARIO PARAMETER` prints a parameter's words in the report, or the reason for its spread."
        )


_CAUSES: Final = {
    "en": (
        "the formula does not give the printed figure at the printed values",
        "spreads are not centred on the values",
        "the formula is not linear",
        "parameters move together",
    ),
    "ja": ("公表式が公表値を再現しない分", "幅の平均が公表値からずれる分", "式の非線形性", "パラメータの連動"),
}


def explained(one: Explanation, language: Literal["ja", "en"]) -> str:
    """Why the mean of a cell is not the published figure, in a sentence."""
    name = one.name_ja if language == "ja" else one.name_en
    what = one.cell.partition(".")[2].replace(".", " ").replace("_", " ")
    steps = zip(_CAUSES[language], one.parts, strict=True)
    printed = isfinite(one.published)
    mean, start, away = _step(one.mean), _step(one.start), f"{one.mean - one.start:+.4g}"
    if language == "ja":
        from_ = f"公表値 {start}" if printed else f"頁の値での計算値 {start}(公表値なし)"
        parts = "、".join(f"{cause} {part:+.3g}" for cause, part in steps if part)
        return f"{name} {what}: 平均 {mean} {one.unit} と{from_}の差 {away} の内訳: {parts or 'なし'}。"
    from_ = (
        f"the published {start}" if printed else f"{start}, the formula at the values of the page (nothing is printed)"
    )
    parts = ", ".join(f"{part:+.3g} because {cause}" for cause, part in steps if part)
    return f"{name}, {what}: the mean {mean} {one.unit} lies {away} from {from_}: {parts or 'no difference'}."


def _step(value: float) -> str:
    return f"{value:.4g}" if isfinite(value) else ""


# ---- what spreads rest on


def judgement_tables(scenario: Scenario, names: bool) -> None:
    """How many spreads rest on which basis, and groups of one relative shape without a class."""
    from ctsim.judgement import alike, bases

    head = ["number", "parameters"]
    rows = [[basis, str(len(labels)), *([", ".join(labels)] * names)] for basis, labels in bases(scenario).items()]
    table("What the spreads rest on", ["basis", *head[: 1 + names]], rows, right=(1,))
    if groups := alike(scenario):
        rows = [[shape, str(len(labels)), ", ".join(labels)] for shape, labels in groups]
        table("One relative shape without a class: one judgement?", ["multiples of the value", *head], rows, right=(1,))
    if not names:
        click.echo("`ctsim check --names` names what rests on each basis.")


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
    lines += [("basis", basis, "") for basis in dict.fromkeys(s.basis for s in one.spreads.values())]
    reasons: dict[str, str] = {}
    for year, spread in one.spreads.items():
        reasons.setdefault(spread.reason, f"reason {year}" if len(one.spreads) > 1 else "reason")
    lines += [(name, said, "") for said, name in reasons.items()]
    lines.append(("adds up with", _partners(scenario, name), str(one.place("sum_to_one"))))
    lines.append(("note", record.note or "", ""))
    users = [p.id for p in scenario.programmes if any(q.stream == name for q in p.parameters.values())]
    lines.append(("used by", ", ".join(users), ""))
    table("", ["", "", "set in"], [list(line) for line in lines if line[1]])


def trail_tables(scenario: Scenario, trail: Trail) -> None:
    """One cell: the report's words or the reason, the equation, and what it is made from, with the line of each."""
    programme = trail.programme
    lines = [
        ("cell", trail.cell, ""),
        ("programme", f"{programme.number} {programme.name_ja} / {programme.name_en}", ""),
    ]
    lines.append(("status", " ".join((trail.status, trail.reason_code)).replace("_", " "), ""))
    if trail.reason:
        lines += [("reason", trail.reason.ja, ""), ("", trail.reason.en, "")]
    if trail.reading:
        lines += [("reading", trail.reading.description.ja, ""), ("", trail.reading.description.en, "")]
        lines.append(("why", trail.reading.reason, ""))
    for figure in trail.figures:
        lines += [("printed", f"{one.where}: 「{one.as_printed}」", str(figure.place)) for one in figure.record.printed]
        if figure.record.counterfactual and figure.record.counterfactual.quote:
            lines.append(("measured against", f"「{figure.record.counterfactual.quote}」", ""))
        lines += [("note", figure.record.note, "")] if figure.record.note else []
        lines += [("basis", s.basis, "") for s in (figure.spread,) if s and figure.reported]
        lines += [("reason", s.reason, "") for s in (figure.spread,) if s and figure.reported]
    lines += [("formula", equation, str(place)) for equation, place in trail.formulas]
    table("", ["", "", "set in"], [list(line) for line in lines])
    if trail.rows:
        rows = [[row.label, number(row.central), row.unit, row.spread.dist, row.basis, str(row.place)]
                for row in trail.rows]  # fmt: skip
        table("made from", ["parameter", "value", "unit", "spread", "basis", "set in"], rows, right=(1,))
        click.echo(
            f"`ctsim show {scenario.id} PARAMETER` prints a parameter's words in the report, or the reason for it."
        )


def _partners(scenario: Scenario, name: str) -> str:
    """The composition of a parameter and its other members; "" where it has none."""
    programme, _, own = name.partition(".")
    every = scenario.parameters()
    whole = every[name].record.sum_to_one
    found = [one.name for one in every.values() if whole and one.record.sum_to_one == whole and one.name != own
             and one.stream.startswith(f"{programme}.")]  # fmt: skip
    return f"{whole}: {', '.join(found)}; drawn apart, then scaled to their printed sum" if found else ""


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
