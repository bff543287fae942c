"""From a sealed directory to a file: what the directory holds, and which form it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ctsim.catalog import load_resolved
from ctsim.durable import write_whole
from ctsim.errors import InputError
from ctsim.export.workbook import run_workbook
from ctsim.report.facts import Facts
from ctsim.report.sections import Sections
from ctsim.rundir import SCENARIO, RunDirectory

_NAMES: Final = {"xlsx": "export.{lang}.xlsx"}


def export(
    directory: str | Path, form: str, lang: str = "ja", out: str | Path | None = None,
    formulas: str | Path | None = None,
) -> Path:  # fmt: skip
    """Write what is in `directory` as `form`, to `out` or into the directory; the path is returned.

    Raises RunDirectoryError for what is not whole, InputError where the file cannot be written.
    """
    there = RunDirectory(directory)
    card, tree = there.open()
    scenario = load_resolved(there.path / SCENARIO, formulas)
    content = run_workbook(Sections(scenario, Facts(tree, lang), card))
    path = Path(out) if out is not None else Path(directory) / _NAMES[form].format(lang=lang)
    try:
        write_whole(path, content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path
