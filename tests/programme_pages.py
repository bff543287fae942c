"""The page of a programme on the site: what is printed, equations, parameters, computed values, readings, limits."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

from ctsim.audit import Audit, audit
from ctsim.equations import formula_place
from ctsim.printing import spread_words
from ctsim.programme import METRICS, YEARS, Parameter, Programme
from tests.cells_page import SCENARIO
from tests.docs import LEDGER_HEAD, escaped, figure_rows, ledger_row, name_of, number, programmes, table
from tests.mathml import equation, sign
from tests.runs import scenario

KINDS = {"r_and_d": "research and development", "capital_investment": "capital investment", "demand": "demand"}
DIRECTIONS = {"+": "the published figure is too high", "-": "the published figure is too low", "±": "either way"}


@cache
def audited() -> Audit:
    return audit()


def programme_pages() -> dict[str, str]:
    """The text of every page by the id of its programme."""
    return {name: programme_page(one) for name, one in programmes().items()}


def programme_page(programme: Programme) -> str:
    """The whole page of one programme."""
    head = programme.page.programme
    place = f"Annex {head.annex}" if head.annex else f"chapter {head.chapter}"
    parts = [
        f"# {programme.number} {name_of(programme)}", "",
        f"{KINDS[head.kind].capitalize()}, {place} of the report. Everything here is made from "
        f"`scenarios/programmes/{programme.id}.toml` and `ctsim/formulas/{programme.id}.py`, as they are.", "",
        *_section("Published and computed", _figures(programme)),
        *_section("Measured against", _counterfactuals(programme)),
        *_section("Equations", _equations(programme, readings=False)),
        *_section("Parameters", _parameters(programme)),
        *_section("2030, 2040, 2050", _cells(programme)),
        *_section("Other readings", [*_readings(programme), *_equations(programme, readings=True)]),
        *_section("What the interval leaves out", _limits(programme)),
        *_section("Supported, and how far it is", _outputs(programme)),
        *_section("What does not agree in the report", _ledger(programme)),
    ]  # fmt: skip
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield from (f"## {title}", "", *lines, "")


def _figures(programme: Programme) -> list[str]:
    mine = [one for one in audited().figures if one.programme == programme.id]
    head = ["figure", "unit", "printed", "computed", "difference", "verdict"]
    return [table(head, (row[2:-1] for row in figure_rows(mine)), right=(3, 4))] if mine else []


def _counterfactuals(programme: Programme) -> list[str]:
    said: dict[str, list[str]] = {}
    for figure in programme.figures:
        record = figure.record
        if record.counterfactual is not None:
            words = record.counterfactual
            line = f"{escaped(words.ja)}<br>{escaped(words.en)}"
            said.setdefault(line + (f"<br>「{escaped(words.quote)}」" if words.quote else ""), []).append(record.when)
    return [f"- {', '.join(dict.fromkeys(when))}: {line}" for line, when in said.items()]


def _symbols(programme: Programme) -> dict[str, str]:
    """Signs of the parameters that have one; the name goes with it where others have the same."""
    found = {name: _symbol(one) for name, one in programme.parameters.items() if _symbol(one)}
    often = Counter(found.values())
    return {name: sign(symbol, name if often[symbol] > 1 else "") for name, symbol in found.items()}


def _symbol(parameter: Parameter) -> str:
    return parameter.symbol or parameter.record.symbol or ""


def _equations(programme: Programme, *, readings: bool) -> list[str]:
    steps = [one for one in scenario(SCENARIO).binding.steps if one.figure.programme == programme.id and one.function]
    said: dict[object, list[str]] = {}
    for step in steps:
        if bool(step.reading) == readings:
            name = step.reading or step.figure.key.partition(".")[2]
            said.setdefault(step.function, []).append(f"`{name}`")
    lines = []
    for function, names in said.items():
        assert callable(function)
        words = escaped((function.__doc__ or "").strip().partition("\n")[0])
        lines += [
            f"{', '.join(dict.fromkeys(names))}: {words}",
            "",
            f"<div>{equation(function, _symbols(programme))}</div>",
            "",
        ]
        lines += [f"`{formula_place(function)}`", ""]
    return lines


def _parameters(programme: Programme) -> list[str]:
    head = ["parameter", "the report's words", "value", "unit", "spread", "why this spread", "source"]
    rows = [_parameter_row(name, one) for name, one in programme.parameters.items()]
    return [table(head, rows)] if rows else []


def _parameter_row(name: str, parameter: Parameter) -> list[str]:
    record = parameter.record
    printed = [record.as_printed] if isinstance(record.as_printed, str) else list(record.as_printed or ())
    reasons = dict.fromkeys(one.reason for one in parameter.spreads.values())
    symbol = _symbol(parameter)
    source = ""
    if record.source:
        source = record.source.where + (f"<br>「{escaped(record.source.quote)}」" if record.source.quote else "")
    return [
        f"{symbol} `{name}`" if symbol else f"`{name}`", "<br>".join(map(escaped, printed)), _values(parameter),
        escaped(parameter.unit), escaped(spread_words(parameter)), escaped("; ".join(reasons)),
        source or "not in the report",
    ]  # fmt: skip


def _values(parameter: Parameter) -> str:
    """The value with all its digits, a range with both ends, by year."""
    said = []
    for year in parameter.years:
        ends = dict.fromkeys(f"{end:,.12g}" for end in parameter.ends(year))
        said.append(f"{year}: {'–'.join(ends)}" if year else "–".join(ends))
    return "<br>".join(said)


def _cells(programme: Programme) -> list[str]:
    rows = []
    for metric in METRICS:
        for year in YEARS:
            cell = programme.cell(metric, year)
            words = cell.reason or (cell.figures[0].words if cell.figures else None)
            status = f"`{cell.reason_code}`" if cell.reason_code else f"**{cell.status}**"
            why = f"{escaped(words.ja)}<br>{escaped(words.en)}" if words else ""
            rows.append([metric.replace("_", " "), year, status, why])
    return [table(["metric", "year", "status", "how, or why not"], rows), "", "Intervals: [every cell](../cells.md)."]


def _readings(programme: Programme) -> list[str]:
    head = ["reading", "gives, at printed values", "what it is", "why somebody may read so"]
    rows = [
        [f"`{one.name}`", "<br>".join(_given(programme, one.name)) or "a figure that the report does not print",
         f"{escaped(one.description.ja)}<br>{escaped(one.description.en)}", escaped(one.reason)]
        for one in programme.page.reading
    ]  # fmt: skip
    return [table(head, rows), ""] if rows else []


def _given(programme: Programme, name: str) -> Iterator[str]:
    """What a reading gives for each published figure that it is of."""
    for figure in audited().figures:
        for one in figure.readings if figure.programme == programme.id else ():
            if one.name == name:
                same = ", the printed figure" if one.gives_published else ""
                yield f"{figure.key.partition('.')[2]}: **{number(one.computed)}** {escaped(figure.unit)}{same}"


def _limits(programme: Programme) -> list[str]:
    rows = [
        [f"{escaped(one.what_ja)}<br>{escaped(one.what_en)}", DIRECTIONS[one.direction], one.size, escaped(one.why)]
        for one in programme.page.unquantified
    ]
    return [table(["what", "direction", "size", "why"], rows)] if rows else []


def _outputs(programme: Programme) -> list[str]:
    page = programme.page
    lines = [f"- {one.indicator_ja} / {one.indicator_en}: {one.value:,g} ({one.where}: 「{escaped(one.as_printed)}」)"
             for one in page.output]  # fmt: skip
    if (ready := page.readiness) is not None:
        said = {"TRL now": ready.trl_now, "target": ready.trl_target, "by": ready.by, "as of": ready.as_of}
        words = "; ".join(f"{name}: {escaped(value)}" for name, value in said.items() if value)
        lines.append(f"- {words} ({ready.where}: 「{escaped(ready.quote)}」)")
    return lines


def _ledger(programme: Programme) -> list[str]:
    mine = [one for one in audited().inconsistencies if one.programme == programme.id]
    return [table(LEDGER_HEAD, map(ledger_row, mine))] if mine else []
