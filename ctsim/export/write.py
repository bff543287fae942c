"""From a sealed directory to a file: what the directory holds, and which form it gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ctsim.choices import view
from ctsim.durable import write_asked
from ctsim.errors import InputError
from ctsim.export.cf import cf_content
from ctsim.export.contrasts import comparison_workbook, sensitivity_workbook
from ctsim.export.tables import iamc, tidy
from ctsim.export.workbook import run_workbook
from ctsim.locale import LANGUAGES
from ctsim.report.facts import Facts
from ctsim.report.results import COMPARISON, RUN, SENSITIVITY, Result, in_words, open_result
from ctsim.report.sections import Sections


def _xlsx(result: Result, lang: str) -> bytes:
    if result.kind == COMPARISON:
        return comparison_workbook(result, lang)
    if result.kind == SENSITIVITY:
        return sensitivity_workbook(result, lang)
    return run_workbook(Sections(view(result.scenario, result.card), Facts(result.tree, lang), result.card))


def _netcdf(result: Result, lang: str) -> bytes:
    return cf_content(result.tree, result.card)


def _csv(result: Result, lang: str) -> bytes:
    return tidy(result.tree)


def _iamc(result: Result, lang: str) -> bytes:
    if result.kind != RUN:
        raise InputError(f"{result.path}: holds a {result.kind}; --to iamc takes a run, --to csv any result")
    return iamc(result.tree, result.card)


_FORMS: Final[dict[str, tuple[str, Callable[[Result, str], bytes]]]] = {
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
    result = open_result(directory, formulas)
    with in_words(result):
        content = made(result, lang)
    path = Path(out) if out is not None else result.path / name.format(lang=lang)
    write_asked(path, content)
    return path
