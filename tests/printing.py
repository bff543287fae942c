"""Compares a number on a page with the numbers parsed from the words it was read from: value, unit, step and year."""

import math
import re
from typing import Any, NamedTuple

from ctsim.quotes import PrintedNumber, numbers
from tests.report import REPORT_KEY

MULTIPLIERS = {"百万": 1e6, "千": 1e3, "万": 1e4, "億": 1e8, "兆": 1e12}
PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
NAMES = {
    "円": "JPY", "台": "vehicle", "隻": "ship", "基": "furnace", "枚": "wafer", "個": "chip", "戸": "home",
    "人": "person", "自治体": "municipality", "団体": "organisation", "件": "project", "社": "company", "年": "yr",
    "年度": "yr", "カ年": "yr", "力年": "yr", "か年": "yr", "時間": "h", "日": "day", "L": "l", "m3": "Nm3",
}  # fmt: skip
COUNTED = {
    "vehicle", "ship", "aircraft", "furnace", "plant", "wafer", "chip", "home", "person", "municipality", "theme",
    "organisation", "project", "company",
}  # fmt: skip
"""Things that a page names for the sake of dimensions and that the report often leaves out or counts as 件."""

_ATOM = re.compile(
    r"(?P<jp>百万|千|万|億|兆)?(?P<thousand>1,?000)?(?P<si>[kMGTP](?=t|W|J|l|g|Nm3))?(?P<base>[^-]*?)-?(?P<species>CO2|H2|C)?"
)


class Atom(NamedTuple):
    """One factor of a unit: its multiplier, base and, for masses, the substance ("" where none is said)."""

    scale: float
    base: str
    species: str


def atoms(unit: str) -> tuple[list[Atom], list[Atom]]:
    """Factors above and below the line of a unit, as the page or as the report writes it."""
    above, *below = unit.replace("wh", "Wh").split("/")
    return [_atom(a) for a in above.split("*") if a not in ("", "1")], [_atom(a) for p in below for a in p.split("*")]


def _atom(text: str) -> Atom:
    match = _ATOM.fullmatch(text)
    assert match is not None, text
    base = NAMES.get(match["base"], match["base"])
    scale = MULTIPLIERS.get(match["jp"], 1.0) * PREFIXES[match["si"] or ""] * (1000.0 if match["thousand"] else 1.0)
    return Atom(scale * 1e6, "g", match["species"] or "") if base == "t" else Atom(scale, base, match["species"] or "")


def scale(printed: str, page: str) -> float | None:
    """The factor from the printed unit to the page's; None where they differ by more than what a page may add.

    A page may add the substance to a mass, and below the line `yr` or counted things.
    """
    above, below = atoms(printed)
    page_above, page_below = atoms(page)
    factor = 1.0
    if not above and page_above and page_above[0].base in COUNTED | {"yr"}:
        above = page_above
    if len(above) != len(page_above):
        return None
    for mine, theirs in zip(above, page_above, strict=True):
        if not _same(mine, theirs):
            return None
        factor *= mine.scale / theirs.scale
    for mine in below:
        theirs = next((other for other in page_below if _same(mine, other)), None)
        if theirs is None:
            return None
        page_below.remove(theirs)
        factor *= theirs.scale / mine.scale
    return factor if all(atom.base in COUNTED | {"yr"} for atom in page_below) else None


def _same(printed: Atom, page: Atom) -> bool:
    same_base = printed.base == page.base or (printed.base == "project" and page.base in COUNTED)
    return same_base and printed.species in ("", page.species)


def candidates(texts: list[str], unit: str) -> list[PrintedNumber]:
    """The numbers of printed phrases that may be in `unit`: those with such a unit, else those without any."""
    read = numbers("\t".join(texts))
    return [n for n in read if n.unit and scale(n.unit, unit) is not None] or [n for n in read if not n.unit]


def matches(printed: PrintedNumber, low: float, high: float, unit: str, convert: bool = False) -> bool:
    """Whether a page's number or range is this printed number; with `convert` in any multiple of the unit."""
    factor = scale(printed.unit, unit)
    if factor is None or not (convert or math.isclose(factor, 1.0, rel_tol=1e-12)):
        return False
    places = 1e-12 if printed.step else 1e-11  # pages write fractions as decimals
    return math.isclose(printed.low * factor, low, rel_tol=places) and math.isclose(
        printed.high * factor, high, rel_tol=places
    )


def bounds(node: dict[str, Any]) -> list[tuple[str, float, float]]:
    """(year or "", low, high) of every number in a parameter or a printing."""
    value = node.get("value")
    if value is None:
        return [("", node["low"], node["high"])]
    if not isinstance(value, dict):
        return [("", value, value)]
    pairs = ((year, v if isinstance(v, dict) else {"low": v, "high": v}) for year, v in value.items())
    return [(year, v["low"], v["high"]) for year, v in pairs]


def parameter_faults(node: dict[str, Any], shared: dict[str, Any]) -> list[str]:
    """What differs between a parameter of a page and its own `as_printed`; a shared one may print another unit."""
    defined = shared[node["shared"]] if "shared" in node else node
    words = node.get("as_printed")
    if words is None:
        return ["the report is its source, but as_printed is missing"] if _from_report(node) else []
    texts = [words] if isinstance(words, str) else list(words)
    # the report prints conversion factors such as 44/12 without a unit
    unit = "1" if "constant" in node else defined["unit"]
    read, faults, used = candidates(texts, unit), [], -1
    for year, low, high in bounds(defined):
        # the two ends of a range may be quoted apart; years are printed in order, mostly in brackets after their number
        ends = [(low, high)] if len(texts) == 1 or low == high else [(low, low), (high, high)]
        for end in ends:
            fits = [i for i, n in enumerate(read) if matches(n, *end, unit, convert="shared" in node)]
            fits = [i for i in fits if not year or (i > used and read[i].year in ("", year))]
            if not fits:
                faults.append(f"{_text(*end)} {unit} {year} is not in {words!r}, which has {_list(texts)}")
        used = min(fits, default=used)
    symbol = node.get("symbol", "")
    if symbol and set(re.findall("[①-⑳]", "".join(texts))) - set(symbol) and symbol not in "".join(texts):
        faults.append(f"symbol {symbol} is not in {words!r}")
    return faults


def _from_report(node: dict[str, Any]) -> bool:
    return bool(node.get("source", {}).get("key", "") == REPORT_KEY)


def printing_faults(printing: dict[str, Any], unit: str, when: str) -> list[str]:
    """What differs between one printing of a figure and its `as_printed`: value, unit, year or step."""
    texts, ((_, low, high),) = [printing["as_printed"]], bounds(printing)
    fits = [n for n in candidates(texts, unit) if matches(n, low, high, unit, convert=True)]
    years = re.findall(r"\d{4}", when)
    if years:
        fits = [n for n in fits if n.year in ("", *years)]
    if not fits:
        return [f"{_text(low, high)} {unit} ({when}) is not in {printing['as_printed']!r}, which has {_list(texts)}"]
    step = printing.get("step")
    steps = [n.significant_step * (scale(n.unit, unit) or 1.0) for n in fits]
    if not any(s == 0 or (step and math.isclose(s, step, rel_tol=1e-9)) for s in steps):
        return [f"step {step} of {printing['as_printed']!r} should be {steps[0]:g}"]
    return []


def _text(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _list(texts: list[str]) -> str:
    read = (number for text in texts for number in numbers(text))
    return ", ".join(f"{_text(n.low, n.high)} {n.unit}".strip() for n in read) or "no number"
