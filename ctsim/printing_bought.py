"""What `ctsim yen` prints: one issue of the bonds in one table, what its money bought or why that cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from ctsim.bought import NOT_MARGINAL, PRO_RATA, Account, Amount, Line
from ctsim.console import number, table
from ctsim.locale import LANGUAGES, both, budget, heads, text, when
from ctsim.schema import Bilingual

_SECTIONS: Final = ("rows", "classes", "categories", "budgets")
_PER_YEN: Final = ("annual_per_oku", "lifetime_per_oku")
_MONEY: Final = ("proceeds", "allocated", "refinanced_sum", "new", "unallocated")


def _head(lang: str) -> list[str]:
    first = heads("yen", ("class", "budget", "allocated", "refinanced", "new"), lang)
    last = heads("yen", ("share", "leverage", "notes"), lang)
    year, per_tonne = text("yen.year", lang), text("run.yen_per_tonne", lang)
    return ["", *first, *heads("run", _PER_YEN, lang), year, per_tonne, *last]


def account_table(account: Account, lang: str) -> None:
    """The table of one issue: its money, then what each row, class, category and budget year bought."""
    lines = [line for section in _SECTIONS for line in getattr(account, section)]
    numbers = {footnote: place for place, footnote in enumerate(_footnotes(account, lines, lang), 1)}
    rows: list[list[str]] = []
    for section in _SECTIONS:
        rows.append([f"― {text(f'report.yen_{section}', lang)}"] + [""] * 12)
        rows += [_row(line, section == "rows", lang, numbers) for line in getattr(account, section)]
    table(_title(account, lang), _head(lang), [*_money(account, lang), *rows], right=(3, 4, 5, 6, 7, 9, 10, 11))
    _pro_rata_table(account, lang)
    for footnote, place in numbers.items():
        click.echo(f"[{place}] {footnote}")
    for said in _notes(account):
        click.echo(_said(said, lang))


def account_json(account: Account) -> dict[str, Any]:
    """The same for a machine: amounts in 億円, t-CO2 and yen."""
    totals = account.file.totals
    head: dict[str, Any] = {"issue": account.file.fiscal_year, "as_of": account.file.as_of}
    head |= {name: getattr(totals, name) for name in ("proceeds", "allocated", "refinanced", "unallocated")}
    head |= {"discount_rate": account.rate, "draws": account.draws, "note": NOT_MARGINAL.model_dump()}
    head |= {"notes": [_both(one) for one in account.notes]}
    return head | {section: [_json(line, section == "rows") for line in getattr(account, section)]
                   for section in _SECTIONS}  # fmt: skip


def _json(line: Line, is_row: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"name": line.name, "name_en": line.named("en"), "allocated": line.allocated}
    if is_row:
        row = line.rows[0]
        said |= {"class": row.category, "budget_year": row.budget_year, "green_categories": list(row.green_categories),
                 "refinanced": row.refinanced}  # fmt: skip
    for name, bounds in (("refinanced", line.refinanced), ("new", line.new)):
        said |= {f"{name}_low": bounds and bounds[0], f"{name}_high": bounds and bounds[1]}
    said |= {"why": _both(line.why) if line.why else None, "notes": [_both(one) for one in line.notes]}
    if line.bought:
        one = line.bought
        said |= {"programmes": list(one.programmes), "boundary": one.boundary, "when": one.when, "cost": one.cost,
                 "quantified": one.allocated, "share": one.share, "leverage": one.leverage,
                 "cost_is_at_least": one.cost_at_least,
                 **{name: vars(figure) for name, figure in one.amounts.items()}}  # fmt: skip
    return said


def _both(words: Bilingual) -> dict[str, str]:
    return {"ja": words.ja, "en": words.en}


def _footnotes(account: Account, lines: Sequence[Line], lang: str) -> list[str]:
    """Every note and reason, once, in the order of the lines that have it."""
    found = [*account.notes, *(one for line in lines for one in line.footnotes)]
    return list(dict.fromkeys(_said(one, lang) for one in found))


def _said(words: Bilingual, lang: str) -> str:
    return words.ja if lang == "ja" else words.en


def _title(account: Account, lang: str) -> str:
    year = account.file.fiscal_year
    return text("yen.title", lang, year=year, reiwa=year - 2018, as_of=account.file.as_of)


def _money(account: Account, lang: str) -> list[list[str]]:
    """Proceeds, allocated, refinanced, new, unallocated."""
    totals = account.file.totals
    refinanced = totals.refinanced
    new = None if refinanced is None else totals.allocated - refinanced
    values = [totals.proceeds, totals.allocated, refinanced, new, totals.unallocated]
    unstated = text("report.not_stated", lang)
    rows = [[name, "", "", unstated if value is None else f"{value:,.0f}", *[""] * 9]
            for name, value in zip(heads("report", _MONEY, lang), values, strict=True)]  # fmt: skip
    rows[1][-1] = "".join(f"[{place}]" for place, _ in enumerate(account.notes, 1))
    return rows


def _row(line: Line, is_row: bool, lang: str, numbers: Mapping[str, int]) -> list[str]:
    first, unstated = line.rows[0], text("report.not_stated", lang)
    category = text(f"class.{first.category}", lang)
    name = category if line.name == first.category else line.named(lang)
    bounds = (_bounds(one, unstated) for one in (line.refinanced, line.new))
    head = [name, category if is_row else "", budget(first.budget_year, lang) if is_row else "",
            f"{line.allocated:,.10g}", *bounds]  # fmt: skip
    marks = "".join(f"[{numbers[_said(one, lang)]}]" for one in line.footnotes)
    if line.bought is None:
        return [*head, *[""] * 6, marks]
    one = line.bought
    if one.allocated < line.allocated:
        marks = f"{one.allocated:,.10g} / {line.allocated:,.10g} 億円 {marks}"
    figures = one.amounts
    years = ", ".join(when(word, lang) for word in one.when.split(", "))
    ratios = [f"{one.sign('share')}{one.share:.1%}", f"{one.sign('leverage')}{one.leverage:.2f}"]
    return [*head, _range(figures["annual_per_oku"]), _range(figures["lifetime_per_oku"]), years,
            _range(figures["yen_per_tonne"]), *ratios, marks]  # fmt: skip


def _pro_rata_table(account: Account, lang: str) -> None:
    """The bonds' own share of each effect, of all lines that have one."""
    rows = []
    for section in _SECTIONS:
        for line in getattr(account, section):
            if one := line.bought:
                name = text(f"class.{line.name}", lang) if section == "classes" else line.named(lang)
                said = [f"{one.sign(key)}{_range(one.amounts[key])}" for key in PRO_RATA]
                rows.append([text(f"report.yen_{section}", lang), name, *said])
    if rows:
        head = ["", text("run.total", lang), *heads("run", PRO_RATA, lang)]
        table(text("yen.pro_rata", lang), head, rows, right=(2, 3, 4))
        click.echo(text("yen.pro_rata_note", lang))


def _bounds(ends: tuple[float, float] | None, unstated: str) -> str:
    """One amount where both ends are the same."""
    return unstated if ends is None else "–".join(dict.fromkeys(f"{end:,.10g}" for end in ends))


def _range(figure: Amount) -> str:
    return f"{number(figure.median)} [{number(figure.low)}–{number(figure.high)}]"


def _notes(account: Account) -> list[Bilingual]:
    """How to read the figures, where there are any."""
    if not account.has_figures:
        return []
    plants = both("yen.plants") if account.has_plants else both("explain.stop")
    said = {lang: text("yen.how", lang, rate=f"{account.rate:.1%}", plants=plants[lang]) for lang in LANGUAGES}
    return [NOT_MARGINAL, Bilingual(**said)]
