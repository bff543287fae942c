"""From a sealed directory to a file: what the directory holds, and which form it gets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import xarray as xr

from ctsim.catalog import load_resolved
from ctsim.choices import view
from ctsim.compare import CARD_NAME
from ctsim.durable import write_whole
from ctsim.errors import InputError
from ctsim.export.cf import cf_content
from ctsim.export.contrasts import comparison_workbook, sensitivity_workbook
from ctsim.export.tables import iamc, tidy
from ctsim.export.workbook import run_workbook
from ctsim.locale import LANGUAGES
from ctsim.report.facts import Facts
from ctsim.report.sections import Sections
from ctsim.results import sealed
from ctsim.rundir import CARD, SCENARIO, RunDirectory
from ctsim.sensitivity import KIND, Sensitivity


@dataclass(frozen=True)
class Result:
    """What a sealed directory holds: a run, a comparison or a sensitivity analysis."""

    path: Path
    kind: str
    card: Mapping[str, Any]
    tree: xr.DataTree


def opened(directory: str | Path) -> Result:
    """The result in a directory. Raises RunDirectoryError for one that is not whole, or no result."""
    path = Path(directory)
    if (path / CARD_NAME).is_file():
        return Result(path, "compare", *sealed(path, CARD_NAME))
    kind = KIND if _kind_said(path) == KIND else ""
    return Result(path, kind, *RunDirectory(path, kind).open())


def _kind_said(path: Path) -> str:
    """What the card says; RunDirectory tells of cards that cannot be read."""
    try:
        return str(json.loads((path / CARD).read_bytes())["kind"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""


def _xlsx(result: Result, lang: str, formulas: str | Path | None) -> bytes:
    if result.kind == "compare":
        return comparison_workbook(result.tree, result.card, lang)
    if result.kind == KIND:
        return sensitivity_workbook(Sensitivity(result.tree, dict(result.card), result.path), lang)
    scenario = view(load_resolved(result.path / SCENARIO, formulas), result.card)
    return run_workbook(Sections(scenario, Facts(result.tree, lang), result.card))


def _netcdf(result: Result, lang: str, formulas: str | Path | None) -> bytes:
    return cf_content(result.tree, result.card)


def _csv(result: Result, lang: str, formulas: str | Path | None) -> bytes:
    return tidy(result.tree)


def _iamc(result: Result, lang: str, formulas: str | Path | None) -> bytes:
    if result.kind:
        raise InputError(f"{result.path}: holds a {result.kind}; --to iamc takes a run, --to csv any result")
    return iamc(result.tree, result.card)


_FORMS: Final[dict[str, tuple[str, Callable[[Result, str, str | Path | None], bytes]]]] = {
    "xlsx": ("export.{lang}.xlsx", _xlsx), "csv": ("export.csv", _csv), "netcdf": ("export.nc", _netcdf),
    "iamc": ("export.iamc.csv", _iamc),
}  # fmt: skip
"""The name of the file, and what makes its content."""


def export(
    directory: str | Path, form: str, lang: str = "ja", out: str | Path | None = None,
    formulas: str | Path | None = None,
) -> Path:  # fmt: skip
    """Write what is in `directory` as `form`, to `out` or into the directory; the path is returned.

    Raises RunDirectoryError for what is not whole, InputError where the file cannot be written.
    """
    if form not in _FORMS or lang not in LANGUAGES:
        raise InputError(f"--to {form} --lang {lang}: one of {', '.join(_FORMS)} and of {', '.join(LANGUAGES)}")
    name, made = _FORMS[form]
    result = opened(directory)
    content = made(result, lang, formulas)
    path = Path(out) if out is not None else result.path / name.format(lang=lang)
    try:
        write_whole(path, content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path
