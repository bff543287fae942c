"""LibreOffice as tests use it: a workbook recalculated from its formulas alone, in a profile of its own."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

SOFFICE = shutil.which("soffice")
needed = pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice here: apt-get install libreoffice-calc")
_CACHED = re.compile(rb"(<c [^>]*><f>[^<]*</f>)<v>[^<]*</v>")


def without_results(book: Path, out: Path) -> int:
    """Copy a workbook without what its formulas came to, so that nothing but a calculation can show it; how many."""
    count = 0
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content, found = (
                _CACHED.subn(rb"\1", source.read(name)) if "worksheets/" in name else (source.read(name), 0)
            )
            count += found
            target.writestr(name, content)
    return count


def converted(book: Path, form: str, folder: Path) -> Path:
    """A workbook as LibreOffice writes it: calculated anew ("xlsx"), or as pages ("pdf")."""
    return all_converted([book], form, folder)[0]


def all_converted(books: list[Path], form: str, folder: Path) -> list[Path]:
    """Several workbooks likewise: starting takes longer than converting."""
    folder.mkdir(parents=True, exist_ok=True)
    profile = f"-env:UserInstallation=file://{folder.resolve()}/profile"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", form, "--outdir", str(folder), *map(str, books)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return [folder / f"{book.stem}.{form}" for book in books]


def faults(book: Path) -> list[str]:
    """Cells of any sheet that show an error of a spreadsheet."""
    pages = CalamineWorkbook.from_path(book)
    error = re.compile(r"#(?:REF!|NAME\?|VALUE!|DIV/0!|N/A|NUM!|NULL!)|Err:\d")
    return [f"{name}: {cell}" for name in pages.sheet_names for line in pages.get_sheet_by_name(name).to_python()
            for cell in line if error.match(str(cell))]  # fmt: skip
