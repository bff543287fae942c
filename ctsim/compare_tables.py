"""What `ctsim compare` prints: what differs, by how much, how sure, and because of which change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np

from ctsim.console import beyond_rounding, number, table
from ctsim.dataset import cell_name
from ctsim.differences import SAID, Difference, entry_words, reason_words
from ctsim.locale import found_again, heads, text
from ctsim.programme import METRICS
from ctsim.screen import Column, Screen, cells, cut, cut_apart, fitted, screen, widths
from ctsim.totals import BOUNDS
from ctsim.unit_words import unit_shown

if TYPE_CHECKING:
    import xarray as xr

    from ctsim.compare import Comparison
    from ctsim.stress import Stress

FEWEST_ROWS: Final = 8
"""Of changes and of quantities, however small the screen."""
MOST_CAUSES: Final = 3
MOST_REASONS: Final = 2
_LONGEST: Final = 44
_LONGEST_NAME: Final = 54
_AROUND: Final = 4
"""Lines of a table that are no rows: title, head, rule and an empty one."""
_PROMPT: Final = 2
"""Lines that are left: what was not shown, and the prompt."""
_CARD: Final = 3
_TAILS: Final = 3.0
"""Times the change of the mean by which an end of the interval has to move to be told."""
_NOTHING: Final = 1e-9
"""Parts of the mean below this share of the largest are rounding: such a change moves the tails only."""
_MOVED: Final = ("changed", "added", "removed")
_LESS_SURE: Final = 3.0
"""Times the error of a change from which a part of it tells its own."""
_SAMPLED: Final = re.compile(r"(?P<n>\d+) by up to (?P<most>\d+) sampled orders")
"""How the card says that parts have an error of their own."""


@dataclass(frozen=True)
class Line:
    """One quantity of a comparison, read from the tree. `causes`: by change, its parts of mean, q05 and q95.

    `errors`: those of these parts.
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


@dataclass(frozen=True)
class _Shown:
    """What is printed of a comparison: the changes that can move a number, what moves, and what is said below."""

    found: Comparison
    lang: str
    room: Screen

    @cached_property
    def changes(self) -> list[Difference]:
        """Changes that can move a number."""
        return [one for one in self.found.differences if one.atoms or one.kind != "provision"]

    @cached_property
    def provisions(self) -> list[Difference]:
        """What the revisions of the Framework say; no number follows from it."""
        return [one for one in self.found.differences if one not in self.changes]

    @cached_property
    def numbered(self) -> Mapping[str, str]:
        """By name of a change: how rows call it."""
        return {one.name: f"#{place}" for place, one in enumerate(self.changes, 1)}

    @cached_property
    def every(self) -> list[Line]:
        return [one for one in lines(self.found.tree) if not one.same_as]

    @cached_property
    def moved(self) -> list[Line]:
        """What differs, the furthest moved first."""
        return sorted((one for one in self.every if one.status in _MOVED), key=lambda one: (-one.size, one.name))

    @cached_property
    def asked(self) -> list[str]:
        """The quantities that --cell names, which alone are attributed; all where there are none."""
        return list(self.found.card["request"]["cells"])

    @cached_property
    def idle(self) -> list[str]:
        """Numbers of the changes that have a part in no difference.

        None where that is not known: only named cells were attributed, or a cell has draws that are not finite.
        """
        if self.asked or any(not isfinite(one.numbers["mean"]) for one in self.moved):
            return []
        moving = {name for one in self.every for name in _moving(one)}
        return [number_ for name, number_ in self.numbered.items() if name not in moving]

    @cached_property
    def below(self) -> list[str]:
        said = [text("compare.idle", self.lang, changes=", ".join(self.idle))] if self.idle and self.moved else []
        if self.asked:
            same = [one.name for one in self.every if one.name in self.asked and one.status == "unchanged"]
            said += [text("compare.asked", self.lang, cells=", ".join(self.asked))]
            said += [text("compare.asked_same", self.lang, cells=", ".join(same))] if same else []
        said = said if self.room.whole else [cut(one, self.room.width) for one in said]
        return [*said, *_closing_words(self.found, self.every, self.provisions, self.lang, self.room)]

    @cached_property
    def most(self) -> tuple[int, int]:
        """How many changes and how many quantities are shown."""
        if self.room.whole:
            return len(self.changes), len(self.moved)
        taken = sum(-(-max(1, cells(one)) // self.room.width) for one in self.below)
        free = self.room.height - _PROMPT - len(self.found.messages) - taken
        fewest = min(FEWEST_ROWS, len(self.moved))
        changes = max(min(FEWEST_ROWS, len(self.changes)), free - _AROUND - fewest - _AROUND)
        if changes < len(self.changes):
            return changes - 1, fewest  # a line says how many more
        used = len(self.changes) + _AROUND if self.changes else 0
        return len(self.changes), max(fewest, free - used - _AROUND)

    @cached_property
    def rows(self) -> list[Line]:
        """What stands in the table: what --cell names, then totals at most half of it, then cells, then bounds."""
        most = self.most[1]
        first = [one for one in self.moved if one.name in self.asked][:most]
        rest = [one for one in self.other_rows(most) if one not in first]
        return [*first, *rest[: most - len(first)]]

    def other_rows(self, most: int) -> list[Line]:
        """The quantities that a screen shows by itself, the furthest moved first."""
        totals = [one for one in self.moved if one.node.startswith("/totals") and not one.name.endswith(BOUNDS)]
        metrics = [one for one in self.moved if one.node.strip("/") in METRICS]
        few = totals[: max(most // 2, most - len(metrics))]
        chosen = [*few, *metrics][:most]
        chosen += [one for one in self.moved if one not in chosen][: most - len(chosen)]
        return sorted(chosen, key=lambda one: (-one.size, one.name))

    @cached_property
    def listed(self) -> list[Difference]:
        """The changes that stand in the table: where not all can, those that rows name."""
        if len(self.changes) <= self.most[0]:
            return self.changes
        named = {name for one in self.rows for name, _ in _causes(one)[:MOST_CAUSES]}
        chosen = sorted(self.changes, key=lambda one: one.name not in named)[: self.most[0]]
        return [one for one in self.changes if one in chosen]


def comparison_tables(found: Comparison, lang: str = "en", whole: bool = False) -> None:
    """One screen: the changes that can move a number, then what moves, the largest first. `whole`: all, uncut."""
    shown = _Shown(found, lang, screen(whole))
    is_cut = _change_table(shown) if shown.changes else False
    if shown.moved:
        is_cut |= _moved_table(shown)
    if shown.provisions and (whole or not shown.changes):
        _provision_table(shown)
    for one in shown.below[:-_CARD]:
        click.echo(one)
    left = len(shown.moved) - len(shown.rows)
    if left or is_cut:
        click.echo(text("compare.unshown" if left else "compare.is_cut", lang, n=left))
    for one in shown.below[-_CARD:]:
        click.echo(one)


def _printed(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], room: Screen) -> bool:
    """A table in the room that there is, and an empty line; whether something of it was cut."""
    if room.whole:
        right = [i for i, one in enumerate(columns) if one.is_right]
        table(title, [one.head for one in columns], rows, right=right)
        return False
    is_cut = fitted(title, columns, rows, room)
    click.echo()
    return is_cut


def _change_table(shown: _Shown) -> bool:
    lang, room = shown.lang, shown.room
    title = str(shown.found.tree.attrs["title_ja" if lang == "ja" else "title"])
    if left := len(shown.changes) - len(shown.listed):
        more = text("compare.more_changes", lang, n=left)
        title = cut(title, room.width - cells(more)) + more
    names = heads("compare", ("what", "a", "b", "set_by", "why"), lang)
    columns = [Column(""), Column(names[0], least=42, gives=2, keeps="both"), Column(names[1], least=16, gives=3),
               Column(names[2], least=16, gives=3), Column(names[3], least=17, gives=4, goes=2, keeps="end"),
               Column(names[4], least=16, gives=1, goes=1)]  # fmt: skip
    rows = [
        [shown.numbered[one.name], _name(one, lang), *one.sides(lang), f"{one.set_by} ({one.side})",
         reason_words(one.reason, lang)]
        for one in shown.listed
    ]  # fmt: skip
    if room.whole:
        return _printed(title, columns, rows, room)
    short = [[row[0], cut(row[1], _LONGEST_NAME, "both"), *(cut(one, _LONGEST) for one in row[2:4]), row[4],
              cut(row[5], _LONGEST)] for row in rows]  # fmt: skip
    size = widths(columns, short, room.width)
    apart = [[*one[:2], *cut_apart(row[2], row[3], (size[2], size[3])), *one[4:]]
             for one, row in zip(short, rows, strict=True)]  # fmt: skip
    return _printed(title, columns, apart, room) or apart != rows


def _name(one: Difference, lang: str) -> str:
    """The name of a change, its kind in the language where the name begins with that."""
    kind = f"{one.kind} "
    if lang == "en" or not one.name.startswith(kind):
        return one.name
    return f"{text(f'workbook.kind_{one.kind}', lang)} {one.name.removeprefix(kind)}"


def _provision_table(shown: _Shown) -> None:
    lang = shown.lang
    rows = [[entry_words(one.what, lang), "".join(one.sides(lang)), one.reason] for one in shown.provisions]
    names = heads("compare", ("what", "provision", "source"), lang)
    columns = [Column(names[0]), Column(names[1], least=30, gives=2), Column(names[2], least=22, gives=1, goes=1)]
    _printed(text("compare.provision_title", lang), columns, rows, shown.room)


def _moved_table(shown: _Shown) -> bool:
    lang, room = shown.lang, shown.room
    title = text("compare.moved", lang)
    names = ("cell", "unit", "a", "b", "difference", "interval", "b_higher", "because")
    head = heads("compare", names, lang)
    rows = [_row(one, shown.numbered, lang) for one in shown.rows]
    columns = [
        Column(head[0], least=38, gives=2, keeps="both"), *(Column(one, goes=1) for one in head[1:2]),
        *(Column(one, is_right=True, goes=1) for one in head[2:4]), Column(head[4], is_right=True),
        Column(head[5], is_right=True, goes=3), Column(head[6], is_right=True, goes=2),
        Column(head[7], least=22, gives=1, keeps="pieces"),
    ]  # fmt: skip
    if room.whole or 1 in widths(columns, rows, room.width):
        return _printed(title, columns, rows, room)
    # There is no room for a column of units: those of metrics are said above, others beside the name.
    units: dict[str, str] = {}
    for one, row in zip(shown.rows, rows, strict=True):
        metric = one.node.rpartition("/")[2]
        if metric in METRICS and units.setdefault(metric, row[1]) == row[1]:
            continue
        row[0] += f" [{row[1]}]"
    said = ", ".join(f"{metric}: {unit}" for metric, unit in units.items())
    title = text("compare.moved_in", lang, title=title, units=said) if said else title
    kept = [column for i, column in enumerate(columns) if i != 1]
    return _printed(title, kept, [[row[0], *row[2:]] for row in rows], room) or True


def _causes(one: Line) -> list[tuple[str, tuple[float, float, float]]]:
    """What the change of the mean is due to, the largest part first."""
    causes = sorted(one.causes.items(), key=lambda cause: -abs(cause[1][0]))
    return [cause for cause in causes if abs(cause[1][0]) > _NOTHING * abs(causes[0][1][0])]


def _moving(one: Line) -> list[str]:
    """The changes that have a part, beyond rounding, in the change of the mean or of an end of the interval."""
    sizes = [one.numbers[f"{side}_{q}"] for side in "ab" for q in ("mean", "q05", "q95")]
    known = [abs(size) for size in sizes if isfinite(size)]
    return [name for name, parts in one.causes.items() if any(beyond_rounding(part, *known) for part in parts)]


def _row(one: Line, numbered: Mapping[str, str], lang: str) -> list[str]:
    values = one.numbers
    error = values["mcse"]
    size = [values[f"{side}_{q}"] for side in "ab" for q in ("mean", "q05", "q95")]
    mean, *ends = (beyond_rounding(values[one], *size) for one in ("mean", "q05", "q95"))
    causes = _causes(one)
    said = [f"{numbered.get(name, name)} {_part(parts[0], error, one.errors[name][0])}"
            for name, parts in causes[:MOST_CAUSES]]  # fmt: skip
    said += [text("compare.more", lang, n=len(causes) - MOST_CAUSES)] if len(causes) > MOST_CAUSES else []
    sides = ["" if one.status == absent else number(values[f"{side}_mean"], error)
             for side, absent in (("a", "added"), ("b", "removed"))]  # fmt: skip
    share = values["p_higher"]
    interval = text("compare.range", lang, low=number(ends[0], error), high=number(ends[1], error))
    if max(map(abs, one.tails)) > _TAILS * abs(values["mean"]):
        ends_of = {f"{side}{q}": number(values[f"{side}_{q}"]) for side in "ab" for q in ("q05", "q95")}
        said = [*said[:1], text("compare.tails", lang, **ends_of), *said[1:]]
    if not isfinite(mean):
        return [one.name, unit_shown(one.unit, lang), *sides, "", "", "", _why(one.reason, lang)]
    return [one.name, unit_shown(one.unit, lang), *sides, f"{_signed(mean, error)} ± {error:.1g}", interval,
            _share(share, lang), ", ".join(said)]  # fmt: skip


def _part(value: float, error: float, own: float) -> str:
    """A part of the change of the mean; with its own error where it is much less sure than the change itself."""
    return f"{_signed(value, own)} ± {own:.1g}" if own > _LESS_SURE * error else _signed(value, max(own, error))


def _share(share: float, lang: str) -> str:
    if not isfinite(share):
        return ""
    if share in (0.0, 1.0):
        return text(f"compare.{'always' if share else 'never'}", lang)
    if 0.005 <= share <= 0.995:
        return f"{share:.0%}"
    return text(f"compare.{'nearly_always' if share > 0.5 else 'nearly_never'}", lang)


def _closing_words(
    found: Comparison, every: Sequence[Line], provisions: Sequence[Difference], lang: str, room: Screen
) -> list[str]:
    """What is said below the tables; the last _CARD of them say how it was drawn and where it is."""
    same = sum(one.status == "unchanged" for one in every)
    apart = [one for one in every if one.status in ("not_comparable", "only_a", "only_b")]
    moved = len(every) - same - len(apart)
    other = [one for one in apart if one.status == "not_comparable" and not one.node.startswith("/totals")]
    said = []
    if not any(one.atoms for one in found.differences):
        said += [text("compare.only_provisions", lang, n=len(provisions))] if provisions else []
        said += [text("compare.nothing_comparable" if other else "compare.nothing", lang)]
    elif provisions:
        said += [text("compare.provisions", lang, n=len(provisions))]
    unsaid = text("compare.apart", lang, n=len(apart)) if apart else ""
    said += [text("compare.closing", lang, moved=moved, same=same, unsaid=unsaid)]
    told = [text("compare.apart_cell", lang, cell=one.name, why=_why(one.reason, lang)) for one in other]
    said += told if room.whole else [cut(one, room.width) for one in told[:MOST_REASONS]]
    said += _apart_totals(every, lang, room)
    card = found.card
    if orders := _SAMPLED.search(card["attribution"]):
        said += [text("compare.sampled", lang, **orders.groupdict())]
    draws = f"{card['draws']:,}"
    said += [text("compare.drawn", lang, draws=draws, method=card["method"], seed=card["seed"])]
    return [*said, f"result_digest {found.result_digest}", f"directory {found.directory}"]


def _apart_totals(every: Sequence[Line], lang: str, room: Screen) -> list[str]:
    """Why totals have no difference, or one that is not of the same members; a line a reason."""
    told = [one for one in every if one.reason and one.node.startswith("/totals") and one.status != "unchanged"]
    said = []
    for reason in dict.fromkeys(one.reason for one in told):
        gone = [one.name for one in told if one.reason == reason]
        said += [text("compare.apart_totals", lang, totals=", ".join(gone), n=len(gone), why=_why(reason, lang))]
    if room.whole:
        return said
    more = [text("compare.more_reasons", lang, n=len(said) - MOST_REASONS)] if len(said) > MOST_REASONS + 1 else []
    return [cut(one, room.width) for one in ([*said[:MOST_REASONS], *more] if more else said)]


def _why(reason: str, lang: str) -> str:
    found = found_again(reason, "apart")
    return text(found[0], lang, **found[1]) if found else reason


def _signed(value: float, error: float) -> str:
    return ("+" if value > 0 else "") + number(value, error)


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
         **{error: value if isfinite(value) else None for error, value in zip(errors, one.errors[name], strict=True)}}
        for name, parts in one.causes.items()
    ]  # fmt: skip
    same = {"same_as": one.same_as} if one.same_as else {}
    return {"quantity": one.name, "unit": one.unit, "status": one.status, "reason": one.reason, **same, **numbers,
            "attribution": causes}  # fmt: skip


# ---- dependence stress


def _interval(low: float, high: float, lang: str) -> str:
    return text("compare.range", lang, low=number(low), high=number(high))


def _stress_columns(lang: str) -> list[Column]:
    """Where there is little room the means go first, which hardly differ, then the widths."""
    names = ("quantity", "unit", "mean_independent", "declared", "as_one", "interval_independent", "declared", "as_one",
             "width_independent", "as_one", "comonotone_sum")  # fmt: skip
    goes = {2: 1, 3: 1, 4: 1, 8: 2, 9: 2, 10: 3}
    head = heads("stress", names, lang)
    return [Column(head[0], least=28, gives=1, keeps="both"), Column(head[1]),
            *(Column(one, is_right=True, goes=goes.get(i, 0)) for i, one in enumerate(head[2:], 2))]  # fmt: skip


def stress_table(found: Stress, lang: str = "en", whole: bool = False) -> None:
    """One row a quantity: its 90 % interval when parameters are independent, as declared, and move as one."""
    room = screen(whole)
    rows = []
    for name, unit, values, both in zip(found.quantities, found.units, found.values, found.comonotone, strict=True):
        cells = [_interval(low, high, lang) for _, low, high in values]
        widths = values[:, 2] - values[:, 1]
        ratios = [f"{one / widths[1] - 1:+.1%}" if widths[1] > 0 else "" for one in (widths[0], widths[2])]
        ends = _interval(float(both[0]), float(both[1]), lang) if isfinite(both[0]) else "—"
        means = [number(float(one)) for one in values[:, 0]]
        rows.append([name, unit_shown(unit, lang), *means, *cells, *ratios, ends])
    if rows and _printed(text("stress.title", lang), _stress_columns(lang), rows, room):
        click.echo(text("compare.is_cut", lang))
    reached = len(rows) - len(found.still)
    counts = {"n": reached, "others": found.unaffected, "groups": len(found.groups), "draws": f"{found.draws:,}"}
    click.echo(text("stress.closing", lang, **counts))
    if found.still:
        click.echo(text("stress.still", lang, totals=", ".join(found.still)))
    if np.isfinite(found.comonotone).any():
        click.echo(text("stress.comonotone", lang))
    if not np.isfinite(found.comonotone).all():
        click.echo(text("stress.no_sum", lang))
    click.echo(f"result_digest {found.result_digest}")
    click.echo(f"directory {found.directory}")
