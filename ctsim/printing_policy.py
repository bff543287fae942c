"""What `ctsim policy` prints: targets, the share of each gap that was closed, the tonnes at carbon prices."""

from __future__ import annotations

from typing import Any

import click

from ctsim.console import number, table
from ctsim.locale import text
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
)


def policy_tables(file: FrameFile, realised: Realised, lang: str) -> None:
    """Tables from the frame and the sum of annual, domestic tonnes of units that were paid for."""
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


def _total(one: NationalTotal, lang: str) -> str:
    """The emissions of a year with their basis, and of what they are the sum."""
    basis = text(f"basis.{one.basis}", lang)
    if one.sum_of:
        basis += text("run.colon", lang) + " + ".join(f"{part:,g}" for part in one.sum_of)
    return text("policy.total", lang, year=one.year, amount=f"{one.emissions:,g}", basis=basis)


def policy_json(file: FrameFile, realised: Realised) -> dict[str, Any]:
    """The same for machines: median, 5 % and 95 % of each share (%) and value (億円 a year)."""
    free = {gap.target.year: gap.closed for gap in gaps(file, realised.independent)}
    targets = [
        {"year": gap.target.year, "reduction_percent": gap.target.reduction, "basis": gap.target.basis,
         "allowed_mt_co2": gap.allowed, "missing_mt_co2": gap.missing,
         "closed_percent": _percent(gap.closed), "independent_closed_percent": _percent(free[gap.target.year]),
         "closed_by": _closed_by(gap, realised)}
        for gap in gaps(file, realised.tonnes)
    ]  # fmt: skip
    values = [
        {"price_path": path.id, "basis": path.basis, "reason": path.reason.model_dump(), "year": year,
         "price_yen_per_t_co2": path.price[str(year)],
         "value_oku_yen_per_year": value.tolist(),
         "independent_value_oku_yen_per_year": along(path, realised.independent)[year].tolist()}
        for path in file.price_path for year, value in along(path, realised.tonnes).items()
    ]  # fmt: skip
    credits_ = [{"by": one.by, "cumulative": True, "amount": one.amount, "unit": one.unit, "quote": one.source.quote}
                for one in file.credits]  # fmt: skip
    totals = [
        {"year": one.year, "mt_co2": one.emissions, "basis": one.basis, "sum_of": list(one.sum_of),
         "quote": one.source.quote, "note": one.note and one.note.model_dump()}
        for one in file.total
    ]  # fmt: skip
    label, between = REALISED.model_dump(), BETWEEN.model_dump()
    return {"realised": label, "between_cells": between, "quantiles": list(SHARES), "totals": totals,
            "targets": targets, "credits": credits_, "values": values}  # fmt: skip


def _percent(share: FloatArray | None) -> list[float] | None:
    return None if share is None else [float(one) for one in 100 * share]


def _closed_by(gap: Gap, realised: Realised) -> str | None:
    """What the tonnes of a target's year are: cells, or what lies between them."""
    if gap.closed is None:
        return None
    return "between_cells" if gap.target.year in realised.between else "cells"


def _interval(values: FloatArray) -> str:
    median, low, high = (number(float(one)) for one in values)
    return f"{median} [{low}–{high}]"


def _said(year: int, values: FloatArray, realised: Realised, lang: str) -> str:
    """An interval, marked where its year lies between cells, or that a member has no number."""
    if not all(one == one for one in values):
        return text("policy.no_number", lang)
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
