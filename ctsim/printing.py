"""What commands print on stdout: the tables of an audit, of a parameter, of what a mean rests on."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from ctsim.console import number, table
from ctsim.locale import text

if TYPE_CHECKING:
    from ctsim.audit import Audit
    from ctsim.catalog import Scenario
    from ctsim.explain import Explanation
    from ctsim.totals import Total
    from ctsim.trail import Member, Trail

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


_CHANGED: Final = {"en": "the scenario sets another formula or other values", "ja": "シナリオが式や値を変えた分"}


def explained(one: Explanation, language: Literal["ja", "en"]) -> str:
    """Why the mean of a cell is not the published figure, in a sentence."""
    name = one.name_ja if language == "ja" else one.name_en
    what = one.cell.partition(".")[2].replace(".", " ").replace("_", " ")
    first, *others = _CAUSES[language]
    steps = zip((_CHANGED[language] if one.changed else first, *others), one.parts, strict=True)
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
    about = dict.fromkeys((figure.record.boundary or "").replace("_", " ") for figure in trail.figures)
    lines += [("boundary", ", ".join(about), "")] if any(about) else []
    if trail.reason:
        lines += [("reason", trail.reason.ja, ""), ("", trail.reason.en, "")]
    if trail.reading:
        lines += [("reading", trail.reading.description.ja, ""), ("", trail.reading.description.en, "")]
        lines.append(("why", trail.reading.reason, ""))
    for figure in trail.figures:
        lines += [("printed", f"{one.where}: 「{one.as_printed}」", str(figure.place)) for one in figure.record.printed]
        if against := figure.record.counterfactual:
            lines.append(("measured against", f"「{against.quote}」" if against.quote else against.en, ""))
        notes = [one for one in (figure.record.outside, figure.record.interval_note) if one]
        lines += [line for one in notes for line in (("interval", one.ja, ""), ("", one.en, ""))]
        lines += [("note", figure.record.note, "")] if figure.record.note else []
        lines += [("basis", s.basis, "") for s in (figure.spread,) if s and figure.reported]
        lines += [("reason", s.reason, "") for s in (figure.spread,) if s and figure.reported]
    lines += [("money", text(f"price.{trail.price}", "en"), "")] if trail.price else []
    lines += [("formula", equation, str(place)) for equation, place in trail.formulas]
    table("", ["", "", "set in"], [list(line) for line in lines])
    if trail.rows:
        rows = [[row.label, number(row.central), row.unit, row.spread.dist, row.basis, str(row.place)]
                for row in trail.rows]  # fmt: skip
        table("made from", ["parameter", "value", "unit", "spread", "basis", "set in"], rows, right=(1,))
        click.echo(
            f"`ctsim show {scenario.id} PARAMETER` prints a parameter's words in the report, or the reason for it."
        )


_HOW: Final = {
    "sum": "the sum of its members, draw by draw",
    "largest": "the largest of its members in each draw: what they come to together is at least that",
    "two_largest": "the two largest of its members in each draw, added: what they come to if these two do not overlap",
}


def total_tables(scenario: Scenario, found: Sequence[tuple[Total, Sequence[Member]]]) -> None:
    """Totals of one name: what they are and why, then the members of each, which can be followed."""
    for group in {one.group.id: one.group for one, _ in found}.values():
        hows = dict.fromkeys(_HOW[one.how] for one, _ in found if one.group.id == group.id)
        place = str(scenario.total_place(group.id))
        lines = [("total", group.id, place), ("title", group.title.ja, ""), ("", group.title.en, "")]
        lines += [("is", how, "") for how in hows]
        lines += [("reason", group.reason.ja, ""), ("", group.reason.en, "")]
        lines += [("figure", f"{group.figure}, printed as their sum", "")] if group.figure else []
        table("", ["", "", "set in"], [list(line) for line in lines])
    head = ["member", "programme", "status", "boundary", "computed", "unit", "left out because"]
    for one, members in found:
        rows = [[m.cell, str(m.programme.number or ""), _spaced(m.status), _spaced(m.boundary), number(m.value), m.unit,
                 _spaced(m.left_out)] for m in members]  # fmt: skip
        said = f"no number: {one.reason.en}" if one.reason else _spaced(one.boundary)
        table(f"{one.cell} ({said})", head, rows, right=(1, 4))
    click.echo(
        f"`ctsim show {scenario.id} MEMBER` follows one to the report, or to the reason why it has no number; "
        "`ctsim explain DIR MEMBER` says why its mean is not the published figure. computed: at the values of the page."
    )


def _spaced(name: str) -> str:
    return name.replace("_", " ")


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
