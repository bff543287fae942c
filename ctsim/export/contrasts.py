"""Workbooks of a comparison and of a sensitivity analysis: names, what is printed, and the numbers of the result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from math import nan
from typing import Final

from ctsim.export.book import Book, Cell, Shown
from ctsim.export.charts import Bars, bars_sheet
from ctsim.export.evidence import card_sheet
from ctsim.export.numbers import columns, left_out_sheet, word
from ctsim.export.printed import PrintedOf
from ctsim.export.workbook import summary_sheet
from ctsim.locale import text
from ctsim.ranking import Ranked, ranked, why_apart
from ctsim.report.drivers import DriversPage
from ctsim.report.facts import HIGH, LOW, MEDIAN
from ctsim.report.moves import Move, MovesPage
from ctsim.report.results import Result
from ctsim.sensitivity import Sensitivity
from ctsim.unit_words import unit_words

_PRINTED: Final = ("published_low", "published_high", "computed")
_QUANTILES: Final = (MEDIAN, LOW, HIGH)
_OF: Final = ("programme", "quantity", "name", "unit", "boundary", "money_kind")
"""What a line is of: the heads that both workbooks begin with."""
_CHARTS, _DRIVERS = 24, 8
"""Most charts of a workbook, most parameters of a chart."""
_INDICES: Final = (
    "S1",
    "S1_mcse",
    "ST",
    "ST_mcse",
    "Sh",
    "Sh_mcse",
    "spearman",
    "narrowing",
    "swing_low",
    "swing_high",
)


def comparison_workbook(result: Result, lang: str) -> bytes:
    """Changes, differences, and what each difference is due to."""
    page = MovesPage(result, lang)
    book = Book(lang, page.title_of_run)
    summary_sheet(book, page.title_of_run, result.card,
                  ("changes", "comparison", "attribution", "bars", "left_out", "card"),
                  [text("workbook.compare_lead", lang), text("workbook.intervals", lang)])  # fmt: skip
    _changes(book, page)
    _differences(book, page)
    _attribution(book, page)
    bars_sheet(book, "workbook.bars_of_parts", _largest(page))
    left_out_sheet(book, page, _there(page.moves))
    card_sheet(book, result.card, str(result.card["result_digest"]))
    return book.content()


def _there(named: Iterable[Move | Ranked]) -> set[str]:
    """The programmes that any quantity is of."""
    return {(one.name if isinstance(one, Move) else one.cell).partition(".")[0] for one in named}


def _changes(book: Book, page: MovesPage) -> None:
    keys = ("kind", "what", "before", "after", "side", "set_by", "reason")
    heads = columns(book.lang, "number", "change", "name", *keys, wide=("change", "name", "before", "after", "reason"))
    said, rows = iter(page.provisions()), list[list[Cell]]()
    for one in page.changes:
        values = dict(one.values)
        title = str(values["title"]) if one.mark else next(said)
        kind = text(f"workbook.kind_{values['kind']}", book.lang)
        rows.append([one.mark, title, one.name, kind, *(str(values[key]) for key in keys[1:])])
    book.sheet("changes").table(0, heads, rows)


def _quantity(page: MovesPage, one: Move) -> list[Cell]:
    """Names and unit of a quantity, and what may be compared with it."""
    return [
        page.owner(one), page.label(one), one.name, unit_words(one.unit, page.lang),
        word("boundary", one.word("boundary"), page.lang), word("money_kind", one.word("money_kind"), page.lang),
    ]  # fmt: skip


def _differences(book: Book, page: MovesPage) -> None:
    """Every quantity of either scenario; what cannot be compared has the reason."""
    sides = [f"{side}_{name}" for side in "ab" for name in (*_PRINTED, "median", "q05", "q95", "mean")]
    heads = columns(
        book.lang, *_OF, "compare_status", *sides, "difference_mean", "difference_median", "difference_q05",
        "difference_q95", "mcse", "p_higher", "reason", wide=("programme", "quantity", "reason"),
    )  # fmt: skip
    printed = [PrintedOf(one) for one in page.sides]
    rows: list[list[Cell]] = []
    for one in page.moves:
        of_sides: list[Cell] = []
        for side, known in zip("ab", printed, strict=True):
            shown = [*(one.value(f"{side}_quantiles", share) for share in _QUANTILES), one.value(f"{side}_mean")]
            of_sides += [*known[one.name].numbers, *map(Shown, shown)]
        differences = [Shown(one.value("quantiles", q), one.value("quantiles_mcse", q)) for q in _QUANTILES]
        rows.append([
            *_quantity(page, one), text(f"workbook.status_{one.status}", book.lang), *of_sides,
            Shown(one.value("mean"), one.value("mcse")), *differences, one.value("mcse"), one.value("p_higher"),
            page.reason(one),
        ])  # fmt: skip
    book.sheet("comparison").table(0, heads, rows)


def _attribution(book: Book, page: MovesPage) -> None:
    heads = columns(book.lang, "programme", "quantity", "name", "unit", "change", "part_mean", "part_q05", "part_q95",
                    wide=("programme", "quantity", "change"))  # fmt: skip
    titles = _titles(page)
    rows: list[list[Cell]] = [
        [*_quantity(page, one)[:4], titles[cause.name], *(Shown(cause.value(name)) for name in ("mean", "q05", "q95"))]
        for one in page.moves for cause in one.causes
    ]  # fmt: skip
    book.sheet("attribution").table(0, heads, rows)


def _titles(page: MovesPage) -> dict[str, str]:
    """By change: its number and what it is of."""
    return {one.name: f"{one.mark} {one.values.get('title', one.name)}".strip() for one in page.changes}


def _largest(page: MovesPage) -> list[Bars]:
    """What each change does to the quantities that move furthest for the width of their intervals."""
    first, found = 1, []
    for one in page.moves:
        last = first + len(one.causes) - 1
        if one.causes:
            series = ((5, page.text("workbook.part_mean")),)
            title, sheet = f"{page.owner(one)} {page.label(one)}", page.text("workbook.sheet_attribution")
            found.append((one.size, Bars(title, sheet, first, last, 4, series, unit_words(one.unit, page.lang))))
        first = last + 1
    return [chart for _, chart in sorted(found, key=lambda one: -one[0])[:_CHARTS]]


# ---- sensitivity


class _Named:
    """Cells of an analysis with the names that its page gives them; those without a number have their own."""

    def __init__(self, page: DriversPage, listed: Sequence[Ranked]) -> None:
        self.page = page
        self.listed = listed
        self._known = {one.name: one for one in (*page.cells, *page.sums)}

    def words(self, cell: str) -> tuple[str, str]:
        """Programme or sum, and what of it."""
        known = self._known.get(cell)
        if known is None:
            return self.page.title(cell.partition(".")[0]), cell
        return self.page.owner(known), self.page.label(known)

    def about(self, one: Ranked) -> list[Cell]:
        """The first cells of its line."""
        lang, known = self.page.lang, self._known.get(one.cell)
        kinds = [word(name, known.word(name) if known else "", lang) for name in ("boundary", "money_kind")]
        return [*self.words(one.cell), one.cell, unit_words(one.unit, lang), *kinds]

    def quantiles(self, cell: str) -> list[Cell]:
        """Median and 90 % interval; results of earlier versions have none."""
        known = self._known.get(cell)
        there = known is not None and "quantiles" in known.values
        return [Shown(known.value("quantiles", share)) if known and there else nan for share in _QUANTILES]

    def parameter(self, one: Ranked, parameter: str) -> str:
        """The name of a parameter; with its programme, where that is not the cell's."""
        return self.page.parameter_of(parameter, one.cell.partition(".")[0])


def sensitivity_workbook(result: Result, lang: str) -> bytes:
    """What each cell's spread comes from: a line a cell, and a line for each parameter that reaches it."""
    page = DriversPage(result, lang)
    book = Book(lang, page.title_of_run)
    named = _Named(page, ranked(Sensitivity(result.tree, dict(result.card), result.path)))
    summary_sheet(book, page.title_of_run, result.card, ("sensitivity", "drivers", "bars", "left_out", "card"),
                  [text("workbook.sensitivity_lead", lang), text("workbook.intervals", lang)])  # fmt: skip
    _cells(book, named)
    _drivers(book, named)
    bars_sheet(book, "workbook.bars_of_shares", _shares(named))
    left_out_sheet(book, page, _there(named.listed))
    card_sheet(book, result.card, str(result.card["result_digest"]))
    return book.content()


def _cells(book: Book, named: _Named) -> None:
    heads = columns(
        book.lang, *_OF, "status", *_PRINTED, "median", "q05", "q95", "central", "mean", "sd", "q025", "q975",
        "approach1", "approach2", "approach2_below", "approach2_above", "assumed_first", "assumed_total",
        "words", "together", wide=("programme", "quantity", "words", "together"),
    )  # fmt: skip
    names = ("central", "mean", "sd", "q025", "q975", "approach1_percent", "approach2_percent",
             "approach2_below", "approach2_above", "assumed_first", "assumed_total")  # fmt: skip
    printed = PrintedOf(named.page.scenario)
    rows: list[list[Cell]] = [
        [*named.about(one), text(f"workbook.{one.status}", book.lang), *printed[one.cell].numbers,
         *named.quantiles(one.cell),
         *(Shown(one.numbers[name], one.numbers.get(f"{name}_mcse", 0.0)) for name in names),
         why_apart(one.numbers, book.lang), one.together(book.lang, partial(named.parameter, one))]
        for one in named.listed
    ]  # fmt: skip
    book.sheet("sensitivity").table(0, heads, rows)


def _drivers(book: Book, named: _Named) -> None:
    heads = columns(book.lang, "programme", "quantity", "parameter", "basis", *_INDICES, "unit", "name", "parameter_id",
                    wide=("programme", "quantity", "parameter"))  # fmt: skip
    rows: list[list[Cell]] = [
        [*named.words(one.cell), named.parameter(one, driver.parameter), word("basis", driver.basis, book.lang),
         *(Shown(driver.numbers[name], driver.numbers.get(f"{name}_mcse", 0.0)) for name in _INDICES),
         book.unit(one.unit), one.cell, driver.parameter]
        for one in named.listed for driver in one.drivers
    ]  # fmt: skip
    book.sheet("drivers").table(0, heads, rows)


def _shares(named: _Named) -> list[Bars]:
    """First-order and total index of the parameters that come first, a chart a cell with two and more of them."""
    first, found, lang = 1, [], named.page.lang
    for one in named.listed:
        last = first + min(len(one.drivers), _DRIVERS) - 1
        if len(one.drivers) > 1:
            series = tuple((4 + _INDICES.index(name), text(f"workbook.{name}", lang)) for name in ("S1", "ST"))
            title = " ".join(named.words(one.cell))
            found.append(Bars(title, text("workbook.sheet_drivers", lang), first, last, 2, series, ""))
        first += len(one.drivers)
    return found[:_CHARTS]
