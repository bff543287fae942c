"""What the figure of published figures shows: one row a published figure, grouped so that boundaries stay apart."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import xarray as xr

from ctsim.locale import LANGUAGES

METRICS: Final = ("co2_reduction", "economic_effect")
QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BOUNDARIES: Final = (
    "units_supported", "plants_supported", "japanese_firms", "japan_market", "world_market", "per_unit", "mixed", "",
    "reference",
)  # fmt: skip
MONEY_KINDS: Final = ("demand", "investment", "project_cost", "market", "mixed", "")
_FIXED: Final = 1e-9
_OTHER_METRICS: Final = {"co2_reduction": ("co2_reduction", "other"), "economic_effect": ("economic_effect",)}
"""Effects that are not CO2 (programme 14) stand in the environmental figure, in a panel of their own."""


@dataclass(frozen=True)
class Row:
    """One published figure and the distribution under the assumptions; numbers in `unit`.

    `quantiles` are those of QUANTILES, `error` the largest Monte Carlo standard error of 0.05, 0.5 and 0.95;
    `our_year`: a year's amount only as it is read.
    """

    programme: str
    number: int
    name: Mapping[str, str]
    label: str
    item: Mapping[str, str]
    metric: str
    boundary: str
    money_kind: str
    reported: bool
    unit: str
    low: float
    high: float
    middle: float
    computed: float
    quantiles: tuple[float, ...]
    error: float
    our_year: bool = False

    @property
    def key(self) -> str:
        return ".".join(filter(None, (self.programme, self.metric, self.label, self.item["en"])))

    @property
    def panel(self) -> tuple[str, str, str]:
        """Rows share an axis only if they agree in this: metric, kind of money, boundary."""
        return self.metric, self.money_kind, self.boundary

    @property
    def multiples(self) -> tuple[float, ...]:
        """The quantiles as multiples of the published figure, ascending for a negative one too."""
        return tuple(sorted(q / self.middle for q in self.quantiles))

    @property
    def finite(self) -> bool:
        return all(math.isfinite(q) for q in self.quantiles)

    @property
    def fixed(self) -> bool:
        """Nothing random reaches the figure."""
        return self.finite and self.quantiles[-1] - self.quantiles[0] <= _FIXED * abs(self.middle)

    @property
    def width(self) -> float:
        """From quantile 0.05 to 0.95."""
        return self.quantiles[-2] - self.quantiles[1]


def rows(tree: xr.DataTree, metric: str) -> list[Row]:
    """Every published or reported figure of `metric`, by panel, then by the report's number."""
    cells = tree[metric].to_dataset()
    found = [*_cell_rows(cells, metric), *_other_rows(tree["other"].to_dataset(), cells, metric)]
    order = {row.key: i for i, row in enumerate(found)}
    return sorted(found, key=lambda row: (_panel_order(row.panel), row.number, order[row.key]))


def panels(found: Iterable[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """Rows by panel, in the order they come."""
    by_panel: dict[tuple[str, str, str], list[Row]] = {}
    for row in found:
        by_panel.setdefault(row.panel, []).append(row)
    return by_panel


def without(tree: xr.DataTree, metric: str, found: Iterable[Row]) -> list[tuple[int, Mapping[str, str]]]:
    """(number, names) of the programmes that have no row."""
    present = {row.programme for row in found}
    cells = tree[metric].to_dataset()
    numbers, ids = cells["programme_number"].values.tolist(), cells["programme"].values.tolist()
    missing = [(int(n), str(one)) for n, one in zip(numbers, ids, strict=True) if str(one) not in present]
    return [(number, _names(cells, one)) for number, one in sorted(missing)]


def _panel_order(panel: tuple[str, str, str]) -> tuple[int, int, int]:
    metric, kind, boundary = panel
    # Reference figures come last whatever their kind of money: nobody claims them as effects.
    return int(metric == "other") + 2 * int(boundary == "reference"), *_places(kind, boundary)


def _places(kind: str, boundary: str) -> tuple[int, int]:
    return _place(MONEY_KINDS, kind), _place(BOUNDARIES, boundary)


def _place(known: tuple[str, ...], word: str) -> int:
    return known.index(word) if word in known else len(known)


def _cell_rows(cells: xr.Dataset, metric: str) -> list[Row]:
    unit = str(cells["published"].attrs["units"])
    found = []
    for programme in cells["programme"].values.tolist():
        for year in cells["year"].values.tolist():
            cell = cells.sel(programme=programme, year=year)
            if _printed(cell):
                row = _row(cell, cells, str(programme), metric, str(year), dict.fromkeys(LANGUAGES, ""), unit)
                found.append(replace(row, our_year=str(cell["period"].values) == "unstated"))
    return found


def _other_rows(others: xr.Dataset, cells: xr.Dataset, metric: str) -> list[Row]:
    """Figures off the year axis: a programme's total first, then the parts that the report prints of it."""
    found = []
    for i in range(others.sizes["figure"]):
        one = others.isel(figure=i)
        if _word(one, "metric") in _OTHER_METRICS[metric] and _printed(one):
            item = {lang: _word(one, f"item_{lang}") for lang in LANGUAGES}
            found.append(
                _row(one, cells, _word(one, "programme"), _word(one, "metric"), _word(one, "when"), item,
                     _word(one, "unit"))
            )  # fmt: skip
    return sorted(found, key=lambda row: (row.number, row.label, bool(row.item["en"])))


def _printed(one: xr.Dataset) -> bool:
    """A figure that the report prints; multiples of 0 are not defined."""
    published = _number(one, "published")
    return _word(one, "status") in ("published", "reported") and math.isfinite(published) and published != 0


def _row(
    one: xr.Dataset, cells: xr.Dataset, programme: str, metric: str, label: str, item: Mapping[str, str], unit: str
) -> Row:
    reported = _word(one, "status") == "reported"
    return Row(
        programme=programme,
        number=int(cells["programme_number"].sel(programme=programme)),
        name=_names(cells, programme),
        label=label,
        item=item,
        metric=metric,
        boundary=_word(one, "boundary"),
        money_kind=_word(one, "money_kind"),
        reported=reported,
        unit=unit,
        low=_number(one, "published_low"),
        high=_number(one, "published_high"),
        middle=_number(one, "published"),
        computed=math.nan if reported else _number(one, "computed"),
        quantiles=tuple(_quantiles(one, "quantiles", QUANTILES)),
        error=max(_quantiles(one, "quantiles_mcse", (0.05, 0.5, 0.95))),
    )


def _names(cells: xr.Dataset, programme: str) -> dict[str, str]:
    names = {lang: str(cells[f"programme_{lang}"].sel(programme=programme).item()) for lang in LANGUAGES}
    return {lang: tidy(name) for lang, name in names.items()}


def tidy(name: str) -> str:
    """The report's text sets "CO ₂ 等": the blanks are the typesetting, not the name."""
    joined = re.sub(r"\s*₂\s*", "₂", name)
    return re.sub(r"\bCO2\b", "CO₂", joined)


def _quantiles(one: xr.Dataset, name: str, shares: tuple[float, ...]) -> list[float]:
    chosen: Any = one[name].sel(quantile=np.array(shares), method="nearest", tolerance=1e-9)
    return [float(value) for value in chosen.values]


def _number(one: xr.Dataset, name: str) -> float:
    return float(one[name].item())


def _word(one: xr.Dataset, name: str) -> str:
    return str(one[name].item()) if name in one.variables else ""
