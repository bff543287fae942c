"""What commands print on stdout: the tables of an audit, of a parameter, of what a mean rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import click

from ctsim.console import number, table
from ctsim.locale import heads, price_year, reading, shapes, text, when, word
from ctsim.notes import given, given_at
from ctsim.unit_words import unit_shown

if TYPE_CHECKING:
    from ctsim.audit import Audit
    from ctsim.binding import Row
    from ctsim.catalog import Scenario
    from ctsim.explain import Explanation
    from ctsim.schema import Bilingual
    from ctsim.totals import Total
    from ctsim.trail import Member, Trail

Line = tuple[str, str, str]
"""What a line is about (a text of `show`, a year behind it), what is said, the place that sets it."""

# ---- why a mean is not the published figure


def explanation_tables(found: Sequence[Explanation], each: bool, lang: str) -> None:
    """The steps from the published figure to the mean; with `each` also what every one of the cells is made from."""
    rows = [[one.cell, unit_shown(one.unit, lang), *map(_step, (one.published, *one.parts, one.mean))] for one in found]
    names = ("cell", "unit", "published", "reproduction", "shift", "curved", "dependence", "mean")
    table(text("explain.title", lang), heads("explain", names, lang), rows, right=(2, 3, 4, 5, 6, 7))
    click.echo(text("explain.steps", lang))
    for one in found if each else ():
        click.echo(f"\n{explained(one, lang)}")
        if one.words:
            click.echo(f"{one.cell}{text('run.colon', lang)}{getattr(one.words, lang)}{text('explain.stop', lang)}")
        _made_from(text("explain.made_from", lang, cell=one.cell), one.rows, lang)
    if each:
        click.echo(text("show.follow_parameter", lang, scenario="SCENARIO"))


_STATUSES: Final = ("published", "reported", "pathway", "carried", "not_applicable")
_CAUSES: Final = ("not_reproduced", "not_centred", "not_linear", "move_together")


def explained(one: Explanation, lang: str) -> str:
    """Why the mean of a cell is not the published figure, in a sentence."""
    first, *others = (text(f"explain.{cause}", lang) for cause in _CAUSES)
    causes = (text("explain.changed", lang) if one.changed else first, *others)
    parts = [text("explain.part", lang, cause=cause, part=f"{part:+.3g}")
             for cause, part in zip(causes, one.parts, strict=True) if part]  # fmt: skip
    start = text(f"explain.from_{'published' if isfinite(one.published) else 'page'}", lang, start=_step(one.start))
    return text(
        "explain.sentence", lang, name=one.name_ja if lang == "ja" else one.name_en,
        what=_what(one.cell, lang), mean=_step(one.mean), unit=unit_shown(one.unit, lang), start=start,
        away=f"{one.mean - one.start:+.4g}", parts=text("explain.and", lang).join(parts) or text("explain.none", lang),
    )  # fmt: skip


def _what(cell: str, lang: str) -> str:
    """A cell or reading without its programme, in words."""
    figure, colon, name = cell.partition(".")[2].partition(":")
    metric, label, *item = figure.split(".", 2)
    return f"{_figure(metric, label, *item, lang=lang)}{colon}{reading(name, lang)}"


def _figure(metric: str, label: str, *parts: str, lang: str) -> str:
    shown = [
        word("metric", metric, lang),
        label if lang == "en" else when(label, lang),
        *(one.replace("_", " ") for one in parts),
    ]
    return " ".join(part for part in shown if part)


def _step(value: float) -> str:
    return f"{value:.4g}" if isfinite(value) else ""


def _made_from(title: str, rows: Iterable[Row], lang: str) -> None:
    """What is drawn for a cell."""
    used = [[row.label, number(row.central), unit_shown(row.unit, lang), word("dist", row.spread.dist, lang),
             text(f"basis.{row.basis}", lang), str(row.place)] for row in rows]  # fmt: skip
    names = ("parameter", "value", "unit", "spread", "basis", "set_in")
    table(title, heads("show", names, lang), used, right=(1,))


# ---- what spreads rest on


def judgement_tables(scenario: Scenario, names: bool, lang: str) -> None:
    """How many spreads rest on which basis, and groups of one relative shape without a class."""
    from ctsim.judgement import alike, bases

    rows = [[text("dist.fixed" if basis == "fixed" else f"basis.{basis}", lang), str(len(labels)),
             *([", ".join(labels)] * names)] for basis, labels in bases(scenario).items()]  # fmt: skip
    head = heads("check", ("basis", "number", *(["parameters"] * names)), lang)
    table(text("check.title", lang), head, rows, right=(1,))
    if groups := alike(scenario):
        rows = [[shapes(shape, lang), str(len(labels)), ", ".join(labels)] for shape, labels in groups]
        table(text("check.alike", lang), heads("check", ("shape", "number", "parameters"), lang), rows, right=(1,))
    if not names:
        click.echo(text("check.names", lang))


# ---- an audit


def audit_tables(result: Audit, lang: str) -> None:
    """Every published figure beside what its formula gives, and the ledger."""
    rows = []
    for one in result.figures:
        difference = "" if one.relative_difference is None else f"{one.relative_difference:+.1%}"
        printed = _ends(one.published, one.published_low, one.published_high)
        computed = _ends(one.computed, one.computed_low, one.computed_high)
        verdict = text(f"verdict.{one.verdict}", lang)
        rows.append(
            [
                one.programme,
                _figure(one.metric, one.when, one.item_ja if lang == "ja" else one.item, lang=lang),
                printed,
                computed,
                unit_shown(one.unit, lang),
                difference,
                verdict,
            ]
        )
    names: tuple[str, ...] = ("programme", "figure", "printed", "computed", "unit", "difference", "verdict")
    table(text("audit.title", lang), heads("audit", names, lang), rows, right=(2, 3, 5))
    ledger = []
    for e in result.inconsistencies:
        said = (given(one, lang) for one in (e.printed, e.computed, e.why))
        ledger.append([e.programme or "", given_at(e.where, lang), e.quote, *said])
    if ledger:
        names = ("programme", "where", "quote", "as_printed", "follows", "why")
        table(text("audit.ledger", lang), heads("audit", names, lang), ledger)
    computable = sum(one.computed is not None for one in result.figures)
    click.echo(text("audit.closing", lang, figures=len(result.figures), computable=computable,
                    entries=len(result.inconsistencies)))  # fmt: skip


def _ends(middle: float | None, low: float | None, high: float | None) -> str:
    """A figure, or the ends of a range; "" where there is none."""
    if middle is None or low is None or high is None:
        return ""
    return number(middle) if low == high else f"{number(low)}–{number(high)}"


# ---- a parameter


def parameter_table(scenario: Scenario, name: str, lang: str) -> None:
    """One parameter: value, source, spread and basis, with the line that set each."""
    one = scenario.parameters()[name]
    record = one.record
    lines = [
        ("parameter", name, ""),
        ("value", f"{values_words(one)} {unit_shown(one.unit, lang)}", str(one.place("value"))),
    ]
    lines.append(("printed", _joined(record.as_printed), str(one.place("as_printed"))))
    if record.source:
        lines.append(
            ("source", f"{record.source.key}, {given_at(record.source.where, lang)}", str(one.place("source")))
        )
        lines.append(("quote", record.source.quote or "", ""))
    lines.append(("spread", spread_words(one, lang), str(one.place("uncertainty"))))
    bases = dict.fromkeys(spread.basis for spread in one.spreads.values())
    lines += [("basis", text(f"basis.{basis}", lang), "") for basis in bases]
    reasons: dict[str, str] = {}
    for year, spread in one.spreads.items():
        reasons.setdefault(spread.reason, f"reason {year}" if len(one.spreads) > 1 else "reason")
    lines += [(name, given(said, lang), "") for said, name in reasons.items()]
    lines.append(("partners", _partners(scenario, name, lang), str(one.place("sum_to_one"))))
    lines.append(("note", given(record.note or "", lang), ""))
    users = [p.id for p in scenario.programmes if any(q.stream == name for q in p.parameters.values())]
    lines.append(("used_by", ", ".join(users), ""))
    _line_table([line for line in lines if line[1]], lang)


def _line_table(lines: Sequence[Line], lang: str) -> None:
    rows = []
    for about, said, place in lines:
        name, _, year = about.partition(" ")
        rows.append([f"{text(f'show.{name}', lang)} {year}".strip() if name else "", said, place])
    table("", ["", "", text("show.set_in", lang)], rows)


def _both(about: str, said: Bilingual, lang: str, place: str = "") -> list[Line]:
    """Words of a page: in Japanese alone, or in both languages, since the report's are Japanese."""
    return [(about, said.ja, place), *([] if lang == "ja" else [("", said.en, "")])]


def trail_tables(scenario: Scenario, trail: Trail, lang: str) -> None:
    """One cell: the report's words or the reason, the equation, and what it is made from, with the line of each."""
    programme = trail.programme
    names = programme.name_ja if lang == "ja" else f"{programme.name_ja} / {programme.name_en}"
    status = f"{_status(trail.status, lang)} {word('reason_code', trail.reason_code, lang)}".strip()
    lines = [("cell", trail.cell, ""), ("programme", f"{programme.number} {names}", ""), ("status", status, "")]
    about = dict.fromkeys(word("boundary", figure.record.boundary or "", lang) for figure in trail.figures)
    lines += [("boundary", ", ".join(about), "")] if any(about) else []
    lines += _both("reason", trail.reason, lang) if trail.reason else []
    if trail.reading:
        lines += [*_both("reading", trail.reading.description, lang), ("why", given(trail.reading.reason, lang), "")]
    for figure in trail.figures:
        lines += [("printed", f"{given_at(one.where, lang)}: 「{one.as_printed}」", str(figure.place))
                  for one in figure.record.printed]  # fmt: skip
        if against := figure.record.counterfactual:
            lines.append(("against", f"「{against.quote}」" if against.quote else getattr(against, lang), ""))
        for note in (figure.record.outside, figure.record.interval_note):
            lines += _both("interval", note, lang) if note else []
        lines += [("note", given(figure.record.note, lang), "")] if figure.record.note else []
        if figure.spread and figure.reported:
            basis = text(f"basis.{figure.spread.basis}", lang)
            lines += [("basis", basis, ""), ("reason", given(figure.spread.reason, lang), "")]
    lines += [("money", text(f"price.{trail.price}", lang), "")] if trail.price else []
    lines += [("price_year", price_year(trail.price_year, lang), "")] if trail.price else []
    lines += [("formula", given(equation, lang), str(place)) for equation, place in trail.formulas]
    _line_table(lines, lang)
    if trail.rows:
        _made_from(text("show.made_from", lang), trail.rows, lang)
        click.echo(text("show.follow_parameter", lang, scenario=scenario.id))


def total_tables(scenario: Scenario, found: Sequence[tuple[Total, Sequence[Member]]], lang: str) -> None:
    """Totals of one name: what they are and why, then the members of each, which can be followed."""
    for group in {one.group.id: one.group for one, _ in found}.values():
        hows = dict.fromkeys(one.how for one, _ in found if one.group.id == group.id)
        lines = [("total", group.id, str(scenario.total_place(group.id))), *_both("title", group.title, lang)]
        lines += [("is", text(f"show.how_{how}", lang), "") for how in hows]
        lines += _both("reason", group.reason, lang)
        lines += [("figure", text("show.printed_sum", lang, figure=group.figure), "")] if group.figure else []
        _line_table(lines, lang)
    head = heads("show", ("member", "programme", "status", "boundary", "computed", "unit", "left_out"), lang)
    for one, members in found:
        rows = [[m.cell, str(m.programme.number or ""), _status(m.status, lang),
                 word("boundary", m.boundary, lang), number(m.value), unit_shown(m.unit, lang), _left_out(m, lang)]
                for m in members]  # fmt: skip
        said = word("boundary", one.boundary, lang)
        if one.reason:
            said = text("show.no_number_because", lang, reason=getattr(one.reason, lang))
        table(f"{one.cell} ({said})", head, rows, right=(1, 4))
    click.echo(text("show.follow_member", lang, scenario=scenario.id))


def _status(name: str, lang: str) -> str:
    """A status, or the name of the reading that stands in the place of the page's own formula."""
    if name == "reading":
        return text("show.reading", lang)
    return word("status", name, lang) if name in _STATUSES else reading(name, lang)


def _left_out(member: Member, lang: str) -> str:
    kind = "show" if member.left_out in ("another_boundary", "no_number") else "reason_code"
    return word(kind, member.left_out, lang)


def _partners(scenario: Scenario, name: str, lang: str) -> str:
    """The composition of a parameter and its other members; "" where it has none."""
    programme, _, own = name.partition(".")
    every = scenario.parameters()
    whole = every[name].record.sum_to_one
    found = [one.name for one in every.values() if whole and one.record.sum_to_one == whole and one.name != own
             and one.stream.startswith(f"{programme}.")]  # fmt: skip
    return text("show.scaled", lang, whole=whole, others=", ".join(found)) if found else ""


def _joined(text: str | tuple[str, ...] | None) -> str:
    return text if isinstance(text, str) else " / ".join(text or ())


def values_words(parameter: Any) -> str:
    """Its value, range or values by year."""

    def one(year: str) -> str:
        low, high = parameter.ends(year)
        said = f"{low:g}" if low == high else f"{low:g}–{high:g}"
        return f"{year}: {said}" if year else said

    return ", ".join(one(year) for year in parameter.years)


def spread_words(parameter: Any, lang: str = "en") -> str:
    """Its distribution and basis; one for each that differs by year."""

    def words(spread: Any) -> str:
        arguments = ", ".join(f"{name} {value:g}" for name, value in spread.arguments.items()
                              if isinstance(value, float | int))  # fmt: skip
        dist = text(f"dist.{spread.dist}", lang) if lang == "ja" else spread.dist
        if spread.dist == "fixed":
            return dist
        name = f"{spread.spread_class}: " if spread.spread_class else ""
        said = f"{name}{dist}({arguments})"
        said = text("report.times_value", lang, spread=said) if spread.relative else said
        return f"{said}, {text(f'basis.{spread.basis}', lang)}"

    said = dict.fromkeys(words(spread) for spread in parameter.spreads.values())
    return "; ".join(said)
