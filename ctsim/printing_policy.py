"""What `ctsim policy` prints: targets, the share of each gap that was closed, the tonnes at carbon prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from ctsim.catalog import Scenario
from ctsim.console import number, table
from ctsim.figures.rows import BOUNDARIES
from ctsim.locale import text
from ctsim.naming import titles
from ctsim.policy import (
    BETWEEN,
    REALISED,
    SHARES,
    FloatArray,
    FrameFile,
    Gap,
    NationalTotal,
    Realised,
    along,
    gaps,
    percent,
)
from ctsim.schema import Bilingual, Citation
from ctsim.valued import CellTonnes, National


def policy_tables(found: National, scenario: Scenario, lang: str) -> None:
    """Tables from the frame, the sum of annual, domestic tonnes of units that were paid for, and cells in Japan."""
    file, realised = found.file, found.realised
    colon = text("run.colon", lang)
    said = ", ".join(_total(one, lang) for one in file.total)
    click.echo(f"{text('policy.totals', lang)}{colon}{said}")
    _targets(file, realised, lang)
    _credits(file, lang)
    _values(file, realised, lang)
    label = REALISED.ja if lang == "ja" else f"{REALISED.ja} / {REALISED.en}"
    click.echo(text("policy.of", lang, realised=label))
    if realised.between:
        years = ", ".join(str(year) for year in sorted(realised.between))
        click.echo(f"* {years}: {getattr(BETWEEN, lang)}")
    for path in file.price_path:
        click.echo(
            f"{getattr(path.title, lang)} ({text(f'basis.{path.basis}', lang)}){colon}{getattr(path.reason, lang)}"
        )
    _cells(found, titles(scenario, lang), lang)


def _cells(found: National, names: Mapping[str, str], lang: str) -> None:
    """Cells in Japan at each price, a table for each boundary; then the others by their reason."""
    paths = found.file.price_path
    head = [*_head(("programme", "year"), lang), *(getattr(path.title, lang) for path in paths)]
    for boundary in sorted({one.boundary for one in found.valued}, key=BOUNDARIES.index):
        rows = [[names[one.programme], str(one.year), *(_value(one.value(path)) for path in paths)]
                for one in found.valued if one.boundary == boundary]  # fmt: skip
        title = text(
            "policy.cells", lang, unit=text("policy.oku_a_year", lang), boundary=text(f"boundary.{boundary}", lang)
        )
        table(title, head, rows, right=(1, *range(2, 2 + len(paths))))
    click.echo(text("policy.cells_note", lang))
    if found.refused:
        click.echo(text("policy.refused", lang))
    for why, cells in found.refused:
        click.echo(f"· {cells_words(cells, names)}{text('run.colon', lang)}{getattr(why, lang)}")


def cells_words(cells: Sequence[CellTonnes], names: Mapping[str, str]) -> str:
    """Programmes with their years."""
    years: dict[str, list[str]] = {}
    for one in cells:
        years.setdefault(names.get(one.programme, one.programme), []).append(str(one.year))
    return " · ".join(f"{name} {'/'.join(mine)}" for name, mine in years.items())


def _value(values: FloatArray | None) -> str:
    return "–" if values is None else _interval(values)


def _total(one: NationalTotal, lang: str) -> str:
    """The emissions of a year with their basis, and of what they are the sum."""
    basis = text(f"basis.{one.basis}", lang)
    if one.sum_of:
        basis += text("run.colon", lang) + " + ".join(f"{part:,g}" for part in one.sum_of)
    return text("policy.total", lang, year=one.year, amount=f"{one.mt_co2:,g}", basis=basis)


def policy_json(found: National) -> dict[str, Any]:
    """The same for machines: median, 5 % and 95 % of each share (%) and value (億円 a year)."""
    file, realised = found.file, found.realised
    free = {gap.target.year: gap.closed for gap in gaps(file, realised.independent)}
    targets = [
        {"year": gap.target.year, "reduction_percent": gap.target.reduction, "basis": gap.target.basis,
         "allowed_mt_co2": gap.allowed, "missing_mt_co2": gap.missing,
         "closed_percent": percent(gap.closed), "independent_closed_percent": percent(free[gap.target.year]),
         "closed_by": _closed_by(gap, realised), "source": _cited(gap.target.source), "reason": gap.target.reason,
         "why_not": _both(realised.reasons.get(gap.target.year))}
        for gap in gaps(file, realised.tonnes)
    ]  # fmt: skip
    values = [
        {"price_path": path.id, "basis": path.basis, "source": _cited(path.source),
         "reason": path.reason.model_dump(), "year": year,
         "price_yen_per_t_co2": path.price[str(year)],
         "value_oku_yen_per_year": value.tolist(),
         "independent_value_oku_yen_per_year": along(path, realised.independent)[year].tolist()}
        for path in file.price_path for year, value in along(path, realised.tonnes).items()
    ]  # fmt: skip
    credits_ = [{"by": one.by, "cumulative": True, "amount": one.amount, "unit": one.unit, "quote": one.source.quote,
                 "source": _cited(one.source)}
                for one in file.credits]  # fmt: skip
    totals = [
        {"year": one.year, "mt_co2": one.mt_co2, "basis": one.basis, "sum_of": list(one.sum_of),
         "quote": one.source.quote, "source": _cited(one.source), "note": one.note and one.note.model_dump()}
        for one in file.total
    ]  # fmt: skip
    label, between = REALISED.model_dump(), BETWEEN.model_dump()
    return {"realised": label, "between_cells": between, "quantiles": list(SHARES), "totals": totals,
            "targets": targets, "credits": credits_, "values": values,
            "cells": [_cell_json(one, file) for one in found.cells]}  # fmt: skip


def _cell_json(one: CellTonnes, file: FrameFile) -> dict[str, Any]:
    """A cell with its value along each path, or the reason why it has none."""
    values = {path.id: value.tolist() for path in file.price_path if (value := one.value(path)) is not None}
    tonnes = None if one.tonnes is None else one.tonnes.tolist()
    return {"cell": one.name, "year": one.year, "boundary": one.boundary, "status": one.status, "mt_co2": tonnes,
            "value_oku_yen_per_year": values, "why_not": _both(one.reason)}  # fmt: skip


def _cited(citation: Citation | None) -> dict[str, str | None] | None:
    """Document, place and words."""
    return None if citation is None else {"key": citation.key, "where": citation.where, "quote": citation.quote}


def _both(said: Bilingual | None) -> dict[str, str] | None:
    return None if said is None else said.model_dump()


def _closed_by(gap: Gap, realised: Realised) -> str | None:
    """What the tonnes of a target's year are: cells, or what lies between them."""
    if gap.closed is None:
        return None
    return "between_cells" if gap.target.year in realised.between else "cells"


def _interval(values: FloatArray) -> str:
    median, low, high = (number(float(one)) for one in values)
    return f"{median} [{low}–{high}]"


def _said(year: int, values: FloatArray, realised: Realised, lang: str) -> str:
    """An interval, marked where its year lies between cells, or why the sum has no number."""
    if year in realised.reasons:
        return str(getattr(realised.reasons[year], lang))
    return f"{_interval(values)}{' *' if year in realised.between else ''}"


def _free(values: FloatArray | None) -> str:
    """The 90 % interval without dependence, "" where there is none."""
    if values is None or not all(one == one for one in values):
        return ""
    return f"{number(float(values[1]))}–{number(float(values[2]))}"


def _head(names: tuple[str, ...], lang: str) -> list[str]:
    return [text(f"policy.{name}", lang) for name in names]


def _targets(file: FrameFile, realised: Realised, lang: str) -> None:
    rows = []
    free = {year: 100 * one.closed for one in gaps(file, realised.independent)
            if one.closed is not None and (year := one.target.year)}  # fmt: skip
    for gap in gaps(file, realised.tonnes):
        target = gap.target
        closed = text("policy.no_cell", lang) if gap.closed is None else _said(target.year, 100 * gap.closed, realised,
                                                                               lang)  # fmt: skip
        rows.append([str(target.year), f"−{target.reduction:g} %", f"{gap.allowed:,.0f}", f"{gap.missing:,.0f}", closed,
                     _free(free.get(target.year)), text(f"basis.{target.basis}", lang)])  # fmt: skip
    head = _head(("year", "reduction", "allowed", "gap", "closed", "independent", "basis"), lang)
    table(text("policy.targets", lang), head, rows, right=(1, 2, 3, 4, 5))


def _credits(file: FrameFile, lang: str) -> None:
    rows = [[str(one.by), f"{one.amount:g} {one.unit}", one.source.quote or ""] for one in file.credits]
    table(text("policy.credits", lang), _head(("by", "amount", "quote"), lang), rows)


def _values(file: FrameFile, realised: Realised, lang: str) -> None:
    rows = []
    for path in file.price_path:
        free = along(path, realised.independent)
        for year, value in along(path, realised.tonnes).items():
            shown = _said(year, value, realised, lang)
            rows.append([getattr(path.title, lang), str(year), f"{path.price[str(year)]:,g}", shown, _free(free[year])])
    table(text("policy.values", lang), _head(("price", "year", "yen", "value", "independent"), lang), rows,
          right=(2, 3, 4))  # fmt: skip
