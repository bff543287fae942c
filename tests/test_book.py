"""Workbooks as they are written: cells, formats, heads, links, what fits into a cell."""

import math
import re
import zipfile
from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from ctsim.export.book import LARGEST, LONGEST, SMALLEST, Book, Cell, Column, Live, Shown
from ctsim.export.charts import _logarithmic
from ctsim.export.evidence import _live
from ctsim.export.numbers import columns, word
from ctsim.export.workbook import summary_sheet
from ctsim.locale import LANGUAGES, text


def page_of(content: bytes, number: int = 1) -> str:
    with zipfile.ZipFile(BytesIO(content)) as file:
        return file.read(f"xl/worksheets/sheet{number}.xml").decode()


def cells_of(content: bytes, number: int = 0) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(number).to_python()


def line_of(cells: list[Cell]) -> list[Any]:
    """Cells as another program reads them."""
    book = Book("en", "t")
    book.sheet("cells").line(0, cells)
    return cells_of(book.content())[0]


# ---- cells


@pytest.mark.parametrize(("cell", "read"), [
    (1.5, 1.5), (3, 3.0), (0.1 + 0.2, 0.3), (-2e-9, -2e-9), (123456789.125, 123456789.125), (1e300, 1e300),
    (math.nan, "–"), (math.inf, "–"), (-math.inf, "–"),
    (Shown(2.0, 0.1), 2.0), (Shown(math.nan), "–"), (Shown(math.nan, math.nan), "–"),
    ("word", "word"), ("日本語", "日本語"), ("a\nb", "a\nb"), (True, True), (False, False),
    (Live("1+1", 2.0), 2.0), (Live("1+1", -7.25), -7.25), (Live("0/0", math.nan), 0.0),
])  # fmt: skip
def test_what_a_cell_holds(cell: Cell, read: object) -> None:
    [found] = line_of([cell])
    assert found == pytest.approx(read, rel=1e-15) if isinstance(read, float) else found == read


def test_an_empty_cell_between_others_stays_empty() -> None:
    assert line_of([1.0, None, "x", None, 2.0]) == [1.0, "", "x", "", 2.0]


def test_a_text_that_does_not_fit_is_cut() -> None:
    [found] = line_of(["x" * (LONGEST + 10)])
    assert found == "x" * LONGEST == "x" * 32767


def test_only_live_cells_are_formulas() -> None:
    book = Book("en", "t")
    book.sheet("cells").line(0, ["=1+1", Live("1+1", 2.0), "+1", "@a", "-1", "=A1", 1.0])
    page = page_of(book.content())
    assert re.findall(r'<c r="([A-Z]+1)"[^>]*><f>([^<]*)</f><v>([^<]*)</v>', page) == [("B1", "1+1", "2.0")]


# ---- formats


@pytest.mark.parametrize(("value", "form"), [
    (0.0, "0"), (1.0, "0"), (25.0, "0"), (1082.0, "0"), (9999.0, "0"), (10000.0, "#,##0"), (1234567.0, "#,##0"),
    (0.5, "0.0"), (0.25, "0.00"), (0.08994, "0.00000"), (0.423, "0.000"), (3.6666666666, "0.00000"),
    (145.75545, "0.000"), (12345.678, "#,##0.0"), (-0.5, "0.0"), (-12345.0, "#,##0"), (0.0001, "0.0000"),
    (0.00005, "0.#####E+00"), (1e-8, "0.#####E+00"), (1e9, "0.#####E+00"), (1.5e12, "0.#####E+00"),
])  # fmt: skip
def test_what_is_printed_or_computed_is_shown_with_six_digits(value: float, form: str) -> None:
    assert Book("en", "t").figures(value).num_format == form


@pytest.mark.parametrize(("value", "error", "form"), [
    (0.943645, 0.0, "0.000"), (0.943645, 0.0004, "0.000"), (0.943645, 0.004, "0.00"), (0.943645, 0.04, "0.0"),
    (19.4566, 0.0, "0.0"), (19.4566, 0.5, "0"), (1234.5, 3.0, "0"), (70123.4, 0.0, "#,##0"), (1e-6, 0.0, "0.00E+00"),
    (5e10, 0.0, "0.00E+00"), (0.0, 0.0, "0"), (0.5, math.nan, "0.000"),
])  # fmt: skip
def test_an_estimate_is_shown_with_the_digits_that_its_error_supports(value: float, error: float, form: str) -> None:
    assert Book("en", "t").figures(value, "", Shown(value, error)).num_format == form


def test_exponents_begin_where_digits_would_be_lost() -> None:
    book = Book("en", "t")
    assert "E" not in book.figures(SMALLEST).num_format and "E" in book.figures(SMALLEST / 2).num_format
    assert "E" not in book.figures(LARGEST - 1).num_format and "E" in book.figures(LARGEST).num_format


def test_formats_are_made_once_and_each_language_has_its_font() -> None:
    book = Book("ja", "t")
    assert book.figures(1.25) is book.figures(7.75) and book.style("head") is book.style("head")
    assert book.style("head").font_name == "Yu Gothic" and Book("en", "t").style("head").font_name == "Calibri"
    with pytest.raises(KeyError):
        book.style("no such style")


# ---- tables


def table(rows: list[list[Cell]], lang: str = "en") -> bytes:
    book = Book(lang, "t")
    book.sheet("cells").table(0, [Column("first", 30), Column("second", 9), Column("third", 50, True)], rows)
    return book.content()


def test_a_table_has_a_frozen_head_a_filter_and_widths() -> None:
    page = page_of(table([["a", 1.0, "long words"], ["b", 2.0, "more"]]))
    assert '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/>' in page
    assert '<autoFilter ref="A1:C3"/>' in page
    assert [float(one) for one in re.findall(r'<col [^>]*width="([\d.]+)"', page)] == [
        30.7109375,
        9.7109375,
        50.7109375,
    ]
    assert '<pageSetup paperSize="9" fitToHeight="0" orientation="landscape"/>' in page


def test_a_table_without_lines_is_a_head() -> None:
    content = table([])
    assert cells_of(content) == [["first", "second", "third"]] and '<autoFilter ref="A1:C2"/>' in page_of(content)


def test_a_line_that_does_not_fit_its_head_is_a_fault() -> None:
    with pytest.raises(ValueError, match="zip"):
        table([["a", 1.0]])


def test_a_table_may_stand_below_others() -> None:
    book = Book("en", "t")
    sheet = book.sheet("cells")
    assert sheet.table(4, [Column("x")], [[1.0], [2.0]]) == 7
    assert cells_of(book.content()) == [["x"], [1.0], [2.0]]


def test_cells_are_named_as_other_sheets_name_them() -> None:
    book = Book("ja", "t")
    sheet = book.sheet("card")
    assert sheet.address(0, 0) == f"'{text('workbook.sheet_card', 'ja')}'!$A$1"
    assert sheet.address(99, 27) == f"'{sheet.name}'!$AB$100"
    assert book.sheet("x", "parameters").address(1, 1) == "'parameters'!$B$2"


def test_the_same_cells_give_the_same_bytes() -> None:
    assert table([["a", 1.0, "b"]]) == table([["a", 1.0, "b"]]) != table([["a", 2.0, "b"]])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_of_sheets_fit_and_differ(lang: str) -> None:
    """Excel takes 31 characters and none of []:*?/\\ ."""
    from ctsim.locale import texts

    names = [said[lang] for key, said in texts().items() if key.startswith("workbook.sheet_")]
    assert len(names) == len(set(names)) > 18
    assert all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)


# ---- the first sheet, heads and words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_first_sheet_leads_to_the_others(lang: str) -> None:
    book = Book(lang, "t")
    card = {"scenario": "s", "draws": 1024, "seed": 0, "result_digest": "abc", "command": "not shown here"}
    summary_sheet(book, "A title", card, ("cells", "card"), ["one", "two"])
    book.sheet("cells")
    book.sheet("card")
    content = book.content()
    cells = cells_of(content)
    assert cells[0][0] == "A title" and [line[0] for line in cells[2:4]] == ["one", "two"]
    assert [text("workbook.card_draws", lang), 1024.0] in cells and "not shown here" not in str(cells)
    links = re.findall(r'<hyperlink ref="A\d+" location="([^"]*)"', page_of(content))
    assert links == [f"'{text(f'workbook.sheet_{one}', lang)}'!A1" for one in ("cells", "card")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_heads_are_texts_and_wide_ones_are_wrapped(lang: str) -> None:
    first, second = columns(lang, "programme", "mean", wide=("programme",))
    assert (first.title, first.words, second.words) == (text("workbook.programme", lang), True, False)
    assert first.width > second.width
    with pytest.raises(KeyError):
        columns(lang, "no_such_head")


def test_words_of_the_schema_in_either_language() -> None:
    assert word("boundary", "japanese_firms", "ja") == "日本企業の供給分" and word("boundary", "", "ja") == ""
    assert word("basis", "assumed", "en") == "assumed" and word("basis", "assumed", "ja") == "仮定"


def test_both_languages_have_every_text_that_code_names() -> None:
    """Keys that code makes of a word are there, and no text is left over."""
    from pathlib import Path

    import ctsim
    from ctsim.differences import SAID
    from ctsim.export.editing import COLUMNS, PROGRAMME_COLUMNS
    from ctsim.locale import texts

    folder = Path(ctsim.__file__).parent / "export"
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    made = {"random", "not_finite", *SAID} | {f"edit_{one.replace('.', '_')}" for one in (*COLUMNS, *PROGRAMME_COLUMNS)}
    prefixes = ("sheet_", "about_", "card_", "how_", "status_", "refinanced_", "yen_", "kind_", "a_", "b_")
    for key in (one for one in texts() if one.startswith("workbook.")):
        name = key.partition(".")[2]
        assert name in made or name.startswith(prefixes) or f'"{name}"' in code or f'"{key}"' in code, key


# ---- small things


def test_a_low_end_of_a_live_result_is_the_lower_one() -> None:
    cells = _live(2.0, 1.0, 3.0, ("A1", "B1", "C1"))
    assert [one.formula for one in cells if isinstance(one, Live)] == ["A1", "MIN(B1,C1)", "MAX(B1,C1)"]
    assert [one.value for one in cells if isinstance(one, Live)] == [2.0, 1.0, 3.0]
    assert _live(None, None, None, None) == [None] * 3 == _live(1.0, 1.0, 1.0, None)


class _Fact:
    """A figure with a published value and a low end."""

    def __init__(self, published: float, low: float) -> None:
        self.numbers = {"published": published, "quantiles": low}

    def value(self, name: str, share: float | None = None) -> float:
        return self.numbers[name]


@pytest.mark.parametrize(("figures", "logarithmic"), [
    ([(1.0, 0.5), (2.0, 1.0)], False), ([(1.0, 0.5), (100.0, 80.0)], True), ([(1.0, -0.1), (100.0, 80.0)], False),
    ([(0.0, 0.0), (100.0, 80.0)], False), ([(5.0, 4.0)], False),
])  # fmt: skip
def test_axes_are_logarithmic_only_where_values_are_far_apart_and_positive(
    figures: list[tuple[float, float]], logarithmic: bool
) -> None:
    facts: list[Any] = [_Fact(*one) for one in figures]
    assert _logarithmic(facts) is logarithmic
