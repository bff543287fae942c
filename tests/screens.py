"""`python -m tests.screens`: pictures of the page, the brief and the workbook for README and docs, in both languages.

The page and the brief as Chromium shows them, the workbook as LibreOffice prints it; poppler cuts the pages apart.
Look at each before it is committed.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from playwright.sync_api import sync_playwright

from ctsim.locale import LANGUAGES
from tests.docs import PICTURE_COLOURS
from tests.libreoffice import converted
from tests.source import ROOT

IMAGES = ROOT / "docs/images"
SCENARIO, BEFORE = "framework_2023_11", "as_published"
DRAWS = 2**20
WINDOWS = {"report": {"width": 1280, "height": 860}, "brief": {"width": 794, "height": 1123}}
PRINTED_WIDTH = 1900
SHEET = (1300, 650)
FORMULAS = {"ja": "検算式", "en": "Formulas"}


def ctsim(*words: str | Path) -> None:
    """Run a command of this checkout."""
    done = subprocess.run([sys.executable, "-m", "ctsim", *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"ctsim {' '.join(map(str, words))}: {done.stderr}")


def results(folder: Path) -> tuple[Path, Path, Path]:
    """A run, its sensitivity and its comparison with the edition as published."""
    run, drives, moves = folder / "run", folder / "drives", folder / "moves"
    ctsim("run", SCENARIO, "--draws", str(DRAWS), "--out", run)
    ctsim("sensitivity", SCENARIO, "--draws", str(DRAWS // 16), "--out", drives)
    ctsim("compare", BEFORE, SCENARIO, "--draws", str(DRAWS), "--out", moves)
    return run, drives, moves


def shot(browser: Any, page: Path, kind: str) -> Path:
    """The first window of a page."""
    tab = browser.new_page(viewport=WINDOWS[kind])
    tab.goto(page.as_uri())
    into = page.with_suffix(".png")
    tab.screenshot(path=into)
    tab.close()
    return into


def sheet(book: Path, lang: str) -> Path:
    """The top of the sheet of formulas: the first printed page with its name."""
    printed = converted(book, "pdf", book.parent / "printed")
    said = subprocess.run(["pdftotext", "-layout", printed, "-"], capture_output=True, text=True, check=True).stdout
    number = next(n for n, text in enumerate(said.split("\f"), 1) if text.lstrip().startswith(FORMULAS[lang]))
    into = book.with_suffix("")
    pages = [
        "-f",
        str(number),
        "-l",
        str(number),
        "-singlefile",
        "-scale-to-x",
        str(PRINTED_WIDTH),
        "-scale-to-y",
        "-1",
    ]
    subprocess.run(["pdftoppm", "-png", *pages, printed, into], check=True)
    return into.with_suffix(".png")


def kept(picture: Path, name: str, size: tuple[int, int] | None = None) -> None:
    """Put a picture into docs/images in few colours; with a `size`, what so much paper shows from its first mark on."""
    with Image.open(picture) as full:
        part = full.convert("RGB")
    if size is not None:
        left, top, _, _ = ImageOps.invert(part.convert("L")).getbbox() or (0, 0, 0, 0)
        part = part.crop((left - 8, top - 8, left - 8 + size[0], top - 8 + size[1]))
    part.quantize(PICTURE_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        IMAGES / name, optimize=True
    )


def main() -> None:
    """Make all of them anew."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        run, drives, moves = results(Path(name))
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"))
        for lang in LANGUAGES:
            page, brief, book = (Path(name, f"{kind}_{lang}") for kind in ("page", "brief", "book"))
            ctsim("report", run, "--lang", lang, "--out", f"{page}.html")
            beside = ("--sensitivity", drives, "--comparison", moves)
            ctsim("report", run, "--brief", "--lang", lang, *beside, "--out", f"{brief}.html")
            ctsim("export", run, "--to", "xlsx", "--lang", lang, "--out", f"{book}.xlsx")
            kept(shot(browser, Path(f"{page}.html"), "report"), f"report.{lang}.png")
            kept(shot(browser, Path(f"{brief}.html"), "brief"), f"brief.{lang}.png")
            kept(sheet(Path(f"{book}.xlsx"), lang), f"workbook.{lang}.png", SHEET)
        browser.close()


if __name__ == "__main__":
    main()
