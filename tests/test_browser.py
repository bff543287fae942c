"""Pages in a real browser: opened from disk, on a desk and on a phone, searched, and printed on A4.

Skipped where there is no Chromium or no playwright. Nothing leaves the machine: every request but the page is a fault.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.report_results import KINDS, LANGUAGES, OF_RESULTS, page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[dev]'")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
A4 = (595.0, 842.0)
"""Points."""


@dataclass
class Opened:
    """A page in the browser with all that it said and asked for."""

    tab: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def shown(self, selector: str) -> int:
        """How many elements are to be seen."""
        return int(self.tab.evaluate(
            "s => [...document.querySelectorAll(s)].filter(e => e.getClientRects().length).length", selector
        ))  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """Every page in both languages, on disk."""
    folder = tmp_path_factory.mktemp("pages")
    found = {(kind, lang): folder / f"{kind}.{lang}.html" for kind in KINDS for lang in LANGUAGES}
    for (kind, lang), path in found.items():
        path.write_text(page(kind, lang), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=CHROMIUM)
        yield made
        made.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    """A function that opens a file in a window of some size."""
    contexts = []

    def open_(path: Path, window: dict[str, int], **options: Any) -> Opened:
        context = browser.new_context(viewport=window, **options)
        contexts.append(context)
        found = Opened(context.new_page())
        found.tab.on("console", lambda message: found.said.append(message.text))
        found.tab.on("pageerror", lambda error: found.said.append(str(error)))
        found.tab.on("request", lambda request: found.asked.append(request.url))
        found.tab.goto(path.as_uri())
        return found

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_from_disk(files: dict[tuple[str, str], Path], opened: Any, kind: str, lang: str) -> None:
    """On a desk and on a phone: no error, no request but the file itself, nothing wider than the window."""
    path = files[kind, lang]
    for window in (DESK, PHONE):
        found = opened(path, window)
        assert found.said == [] and found.asked == [path.as_uri()]
        assert found.overflow() <= 0
        assert found.tab.evaluate("document.fonts.check('16px sans-serif', '億円')")
        assert found.shown("table") == found.tab.evaluate("document.querySelectorAll('table').length") > 0


@pytest.mark.parametrize(
    ("kind", "lang", "words", "hit", "miss"),
    [
        ("full", "ja", "洋上風力　公表値", "洋上風力", "クリーンエネルギー自動車"),
        ("full", "en", "offshore", "offshore", "Purchase subsidies"),
        ("sensitivity", "en", "capacity", "capacity", "petrol"),
        ("comparison", "ja", "自動車 2030年", "2030年", "2050年"),
    ],
)
def test_the_search_leaves_what_holds_the_words(
    files: dict[tuple[str, str], Path], opened: Any, kind: str, lang: str, words: str, hit: str, miss: str
) -> None:
    found = opened(files[kind, lang], DESK)
    before = found.shown("[data-find]")
    found.tab.keyboard.press("/")
    found.tab.keyboard.type(words.split("　")[0])
    found.tab.locator("#find output:not(:empty)").wait_for(state="attached")
    found.tab.wait_for_timeout(400)  # a slow machine types slower than the search waits: that of the last letter counts
    left, gone = (
        found.tab.evaluate(
            f"[...document.querySelectorAll(':is(tr,tbody)[data-find]{rule}')].map(e => e.textContent.toLowerCase())"
        )
        for rule in (":not(.no-hit)", ".no-hit")
    )
    assert left and all(hit.lower() in one for one in left)
    assert any(miss.lower() in one for one in gone)
    assert 0 < found.shown("[data-find]") < before
    found.tab.keyboard.press("Escape")
    assert found.shown("[data-find]") == before and found.said == []


def test_without_javascript_the_page_is_whole(files: dict[tuple[str, str], Path], opened: Any) -> None:
    path = files["full", "en"]
    plain, full = opened(path, DESK, java_script_enabled=False), opened(path, DESK)
    rows = plain.tab.locator("tr[data-find]")
    assert rows.count() == full.tab.locator("tr[data-find]").count() > 100
    assert rows.first.is_visible() and not plain.tab.locator("#find").is_visible()


def test_a_keyboard_reaches_content_and_tables(files: dict[tuple[str, str], Path], opened: Any) -> None:
    found = opened(files["comparison", "en"], PHONE)
    found.tab.keyboard.press("Tab")
    assert found.tab.evaluate("document.activeElement.className") == "skip"
    found.tab.keyboard.press("Enter")
    assert found.tab.evaluate("document.activeElement.id") == "main"
    wide = found.tab.locator("#moves .scroll").first
    wide.focus()
    assert wide.evaluate("e => e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX === 'auto'")
    found.tab.keyboard.press("ArrowRight")
    for _ in range(100):  # it scrolls smoothly, and the page lets no script of others be evaluated
        if wide.evaluate("e => e.scrollLeft") > 0:
            return
        found.tab.wait_for_timeout(50)
    raise AssertionError("the arrow key does not scroll the table")


# ---- paper


def pages_of(content: bytes) -> list[tuple[float, float]]:
    """Width and height of every page of a PDF, in points: Chromium writes them plainly."""
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", content)
    assert len(boxes) == len(re.findall(rb"/Type\s*/Page\b", content))
    return [(float(width), float(height)) for width, height in boxes]


@pytest.mark.parametrize(("kind", "lang"), [("full", "ja"), ("sensitivity", "en"), ("comparison", "ja")])
def test_pages_print_on_a4(files: dict[tuple[str, str], Path], opened: Any, kind: str, lang: str) -> None:
    found = opened(files[kind, lang], DESK)
    sheets = pages_of(found.tab.pdf(prefer_css_page_size=True))
    assert len(sheets) > 1 and all(sheet == pytest.approx(A4, abs=1) for sheet in sheets)
    found.tab.emulate_media(media="print")
    found.tab.set_viewport_size({"width": 703, "height": 1000})  # what the margins leave of A4
    assert found.overflow() <= 0 and not found.tab.locator("#find").is_visible()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["brief", *OF_RESULTS])
def test_the_brief_is_one_side(files: dict[tuple[str, str], Path], opened: Any, kind: str, lang: str) -> None:
    found = opened(files[kind, lang], DESK)
    assert [pytest.approx(A4, abs=1)] == pages_of(found.tab.pdf(prefer_css_page_size=True, print_background=True))


def test_a_second_side_is_seen(opened: Any, tmp_path: Path) -> None:
    path = tmp_path / "long.html"
    path.write_text("<style>@page{size:A4}</style><p style='height:30cm'>x</p><p>y</p>", encoding="utf-8")
    assert len(pages_of(opened(path, DESK).tab.pdf(prefer_css_page_size=True))) == 2
