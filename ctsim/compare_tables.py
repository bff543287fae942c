"""What `ctsim compare` prints: what differs, by how much, how sure, and because of which change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import click

from ctsim.console import beyond_rounding, number, table
from ctsim.dataset import cell_name
from ctsim.differences import SAID, entry_words, reason_words
from ctsim.locale import found_again, heads, text
from ctsim.programme import METRICS
from ctsim.totals import BOUNDS
from ctsim.unit_words import unit_shown

if TYPE_CHECKING:
    import xarray as xr

    from ctsim.compare import Comparison
    from ctsim.stress import Stress

MOST_ROWS: Final = 16
"""With ten changes above them they fit a screen; what is left is named below."""
MOST_NAMED: Final = 16
MOST_CAUSES: Final = 3
_LONGEST: Final = 48
_TAILS: Final = 3.0
"""Times the change of the mean by which an end of the interval has to move to be told."""
_NOTHING: Final = 1e-9
"""Parts of the mean below this share of the largest are rounding: such a change moves the tails only."""
_MOVED: Final = ("changed", "added", "removed")
_SAMPLED: Final = re.compile(r"(?P<n>\d+) by up to (?P<most>\d+) sampled orders")
"""How the card says that parts have an error of their own."""


@dataclass(frozen=True)
class Line:
    """One quantity of a comparison, read from the tree. `causes`: by change, its parts of mean, q05 and q95.

    `errors`: those of these parts, where orders of the changes were sampled.
    """

    node: str
    name: str
    unit: str
    status: str
    reason: str
    numbers: Mapping[str, float]
    causes: Mapping[str, tuple[float, float, float]]
    errors: Mapping[str, tuple[float, float, float]]
    same_as: str = ""

    @property
    def tails(self) -> tuple[float, float]:
        """How far the 5 % and the 95 % quantile of B lie from those of A; 0 where one of them has none."""
        ends = [self.numbers[f"b_{q}"] - self.numbers[f"a_{q}"] for q in ("q05", "q95")]
        low, high = (one if isfinite(one) else 0.0 for one in ends)
        return low, high

    @property
    def size(self) -> float:
        """How far the mean or an end of the 90 % interval moves, in widths of that interval in A or B."""
        spread = [self.numbers[f"{side}_q95"] - self.numbers[f"{side}_q05"] for side in "ab"]
        width = max([one for one in spread if isfinite(one)], default=0.0)
        moved = max(abs(one) for one in (self.numbers["mean"], *self.tails) if one == one)
        return moved / width if width > 0 else moved * 1e9


def lines(tree: xr.DataTree) -> Iterator[Line]:
    """Every quantity of the tree of a comparison that either scenario has."""
    for node in tree.subtree:
        data = node.to_dataset(inherit=False)
        if "p_higher" not in data or node.path.startswith("/attribution"):
            continue
        parts = tree[f"/attribution{node.path}"].dataset
        dims = [str(dim) for dim in data["mean"].dims]
        labels = [data[dim].values.tolist() for dim in dims]
        for at in product(*(range(len(one)) for one in labels)):
            if data["status"].values[at] != "not_applicable":
                key = [str(label[i]) for label, i in zip(labels, at, strict=True)]
                yield _line(node.path, key, data, parts, at)


def _line(node: str, key: Sequence[str], data: xr.Dataset, parts: xr.Dataset, at: tuple[int, ...]) -> Line:
    shares = data["quantile"].values.tolist()
    numbers = {one: float(data[one].values[at])
               for one in ("mean", "mcse", "sd", "p_higher", "p_mcse", "a_mean", "b_mean")}  # fmt: skip
    for prefix, variable in (("", "quantiles"), ("a_", "a_quantiles"), ("b_", "b_quantiles")):
        values = data[variable].values[at]
        numbers |= {f"{prefix}q{round(100 * q):02d}": float(values[shares.index(q)]) for q in (0.05, 0.5, 0.95)}
    unit = str(data["unit"].values[at[0]]) if "unit" in data.variables else str(data["mean"].attrs["units"])
    causes, errors = {}, {}
    for number_, change in enumerate(parts["change"].values.tolist()):
        values = tuple(float(parts[one].values[(number_, *at)]) for one in ("mean", "q05", "q95"))
        if any(isfinite(value) and value for value in values):
            causes[str(change)] = (values[0], values[1], values[2])
            sampled = [float(parts[f"{one}_error"].values[(number_, *at)]) for one in ("mean", "q05", "q95")]
            errors[str(change)] = (sampled[0], sampled[1], sampled[2])
    same = str(data["same_as"].values[at]) if "same_as" in data else ""
    said = str(data["status"].values[at]), str(data["reason"].values[at])
    return Line(node, cell_name(node, key), unit, *said, numbers, causes, errors, same)


# ---- tables


def comparison_tables(found: Comparison, lang: str = "en") -> None:
    """One screen: the changes that can move a number, then what moves, the largest first."""
    tree = found.tree
    numbered = {one.name: f"#{place}" for place, one in enumerate(
        (one for one in found.differences if one.atoms or one.kind != "provision"), 1)}  # fmt: skip
    _change_table(found, numbered, lang)
    every = [one for one in lines(tree) if not one.same_as]
    moved = sorted((one for one in every if one.status in _MOVED), key=lambda one: (-one.size, one.name))
    cells = [one for one in moved if one.node.strip("/") in METRICS]
    totals = [one for one in moved if one.node.startswith("/totals")]
    bounds = [one for one in totals if one.name.endswith(BOUNDS)]
    shown = [*(one for one in totals if one not in bounds), *cells, *bounds][:MOST_ROWS] or moved[:MOST_ROWS]
    if shown:
        names = ("cell", "unit", "a", "b", "difference", "interval", "b_higher", "because")
        rows = [_row(one, numbered, lang) for one in sorted(shown, key=lambda one: (-one.size, one.name))]
        table(text("compare.moved", lang), heads("compare", names, lang), rows, right=(2, 3, 4, 5, 6))
    unshown = [one for one in moved if one not in shown]
    _closing_words(found, every, sorted(unshown, key=lambda one: one not in cells), lang)


def _change_table(found: Comparison, numbered: Mapping[str, str], lang: str) -> None:
    title = str(found.tree.attrs["title_ja" if lang == "ja" else "title"])
    rows = [
        [numbered[one.name], one.name, *(_cut(entry_words(side, lang)) for side in (one.before, one.after)),
         f"{one.set_by} ({one.side})", _cut(reason_words(one.reason, lang))]
        for one in found.differences if one.name in numbered
    ]  # fmt: skip
    if rows:
        table(title, ["", *heads("compare", ("what", "a", "b", "set_by", "why"), lang)], rows)


def _row(one: Line, numbered: Mapping[str, str], lang: str) -> list[str]:
    values = one.numbers
    error = values["mcse"]
    size = [values[f"{side}_{q}"] for side in "ab" for q in ("mean", "q05", "q95")]
    mean, *ends = (beyond_rounding(values[one], *size) for one in ("mean", "q05", "q95"))
    causes = sorted(one.causes.items(), key=lambda cause: -abs(cause[1][0]))
    causes = [cause for cause in causes if abs(cause[1][0]) > _NOTHING * abs(causes[0][1][0])]
    said = [f"{numbered.get(name, name)} {_part(parts[0], error, one.errors[name][0])}"
            for name, parts in causes[:MOST_CAUSES]]  # fmt: skip
    said += [text("compare.more", lang, n=len(causes) - MOST_CAUSES)] if len(causes) > MOST_CAUSES else []
    sides = ["" if one.status == absent else number(values[f"{side}_mean"], error)
             for side, absent in (("a", "added"), ("b", "removed"))]  # fmt: skip
    share = values["p_higher"]
    interval = text("compare.range", lang, low=number(ends[0], error), high=number(ends[1], error))
    if max(map(abs, one.tails)) > _TAILS * abs(values["mean"]):
        ends_of = {f"{side}{q}": number(values[f"{side}_{q}"]) for side in "ab" for q in ("q05", "q95")}
        said = [text("compare.tails", lang, **ends_of), *said]
    if not isfinite(mean):
        return [one.name, unit_shown(one.unit, lang), *sides, "", "", "", _why(one.reason, lang)]
    return [one.name, unit_shown(one.unit, lang), *sides, f"{_signed(mean, error)} ± {error:.1g}", interval,
            _share(share, lang), ", ".join(said)]  # fmt: skip


def _part(value: float, error: float, sampled: float) -> str:
    """A part of the change of the mean; with its own error where orders of the changes were sampled."""
    return f"{_signed(value, sampled)} ± {sampled:.1g}" if sampled > error else _signed(value, error)


def _share(share: float, lang: str) -> str:
    if not isfinite(share):
        return ""
    if share in (0.0, 1.0):
        return text(f"compare.{'always' if share else 'never'}", lang)
    if 0.005 <= share <= 0.995:
        return f"{share:.0%}"
    return text(f"compare.{'nearly_always' if share > 0.5 else 'nearly_never'}", lang)


def _closing_words(found: Comparison, every: Sequence[Line], unshown: Sequence[Line], lang: str) -> None:
    same = sum(one.status == "unchanged" for one in every)
    apart = [one for one in every if one.status in ("not_comparable", "only_a", "only_b")]
    moved = len(every) - same - len(apart)
    provisions = sum(one.kind == "provision" for one in found.differences)
    if not any(one.atoms for one in found.differences):
        click.echo(text("compare.nothing", lang))
    if provisions:
        click.echo(text("compare.provisions", lang, n=provisions))
    unsaid = text("compare.apart", lang, n=len(apart)) if apart else ""
    click.echo(text("compare.closing", lang, moved=moved, same=same, unsaid=unsaid))
    if unshown:
        named = [f"{one.name} {_signed(one.numbers['mean'], one.numbers['mcse'])}" for one in unshown[:MOST_NAMED]]
        more = text("compare.more", lang, n=len(unshown) - MOST_NAMED) if len(unshown) > MOST_NAMED else ""
        said = ", ".join([*named, *([more] if more else [])])
        click.echo(text("compare.unshown", lang, n=len(unshown), named=said))
    told = [one for one in every if one.reason and one.node.startswith("/totals") and one.status != "unchanged"]
    for reason in dict.fromkeys(one.reason for one in told):
        gone = [one.name for one in told if one.reason == reason]
        click.echo(text("compare.apart_totals", lang, totals=", ".join(gone), why=_why(reason, lang)))
    card = found.card
    if orders := _SAMPLED.search(card["attribution"]):
        click.echo(text("compare.sampled", lang, **orders.groupdict()))
    draws = f"{card['draws']:,}"
    click.echo(text("compare.drawn", lang, draws=draws, method=card["method"], seed=card["seed"]))
    click.echo(f"result_digest {found.result_digest}")
    click.echo(f"directory {found.directory}")


def _why(reason: str, lang: str) -> str:
    found = found_again(reason, "apart")
    return text(found[0], lang, **found[1]) if found else reason


def _signed(value: float, error: float) -> str:
    return ("+" if value > 0 else "") + number(value, error)


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


# ---- for machines


def as_dict(found: Comparison) -> dict[str, Any]:
    """The whole comparison for JSON; null where there is no number."""
    names = ("name", *SAID)
    card = {name: found.card[name] for name in ("names", "scenarios", "draws", "seed", "method", "result_digest")}
    return {
        **card, "directory": str(found.directory or ""),
        "changes": [{name: getattr(one, name) for name in names} for one in found.differences],
        "quantities": [_quantity(one) for one in lines(found.tree)],
    }  # fmt: skip


def _quantity(one: Line) -> dict[str, Any]:
    numbers = {name: value if isfinite(value) else None for name, value in one.numbers.items()}
    errors = ("mean_error", "q05_error", "q95_error")
    causes = [
        {"change": name, "mean": parts[0], "q05": parts[1], "q95": parts[2],
         **dict(zip(errors, one.errors[name], strict=True))}
        for name, parts in one.causes.items()
    ]  # fmt: skip
    same = {"same_as": one.same_as} if one.same_as else {}
    return {"quantity": one.name, "unit": one.unit, "status": one.status, "reason": one.reason, **same, **numbers,
            "attribution": causes}  # fmt: skip


# ---- dependence stress


def _interval(low: float, high: float, lang: str) -> str:
    return text("compare.range", lang, low=number(low), high=number(high))


def stress_table(found: Stress, lang: str = "en") -> None:
    """One row a quantity: its 90 % interval when parameters are independent, as declared, and move as one."""
    rows = []
    for name, unit, values, bound in zip(found.quantities, found.units, found.values, found.bound, strict=True):
        cells = [_interval(low, high, lang) for _, low, high in values]
        widths = values[:, 2] - values[:, 1]
        ratios = [f"{one / widths[1] - 1:+.1%}" if widths[1] > 0 else "" for one in (widths[0], widths[2])]
        ends = _interval(float(bound[0]), float(bound[1]), lang) if isfinite(bound[0]) else ""
        means = [number(float(one)) for one in values[:, 0]]
        rows.append([name, unit_shown(unit, lang), *means, *cells, *ratios, ends])
    names = ("quantity", "unit", "mean_independent", "declared", "as_one", "interval_independent", "declared", "as_one",
             "width_independent", "as_one", "bound")  # fmt: skip
    if rows:
        table(text("stress.title", lang), heads("stress", names, lang), rows, right=tuple(range(2, 11)))
    counts = {"n": len(rows), "others": found.unaffected, "groups": len(found.groups), "draws": f"{found.draws:,}"}
    click.echo(text("stress.closing", lang, **counts))
    if found.still:
        click.echo(text("stress.still", lang, totals=", ".join(found.still)))
    click.echo(f"result_digest {found.result_digest}")
    click.echo(f"directory {found.directory}")
