"""LibreOffice as tests use it: a workbook recalculated from its formulas alone, in a profile of its own."""

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

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
    folder.mkdir(parents=True, exist_ok=True)
    profile = f"-env:UserInstallation=file://{folder.resolve()}/profile"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", form, "--outdir", str(folder), str(book)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / f"{book.stem}.{form}"
