"""The goals, and what the results say about each. Ratios within one run on one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.measure import column, number

REPORT, W = "framework_2023_11", "workload_w"

OPPONENTS = {"numpy_expert": 15, "numpy_plain": 60, "openturns": 120, "monaco": 5000}
"""How many times as fast as the opponent ctsim is to be, by time a draw on workload W."""

REDRAWING = ("numpy, redraws", "scipy Sobol', redraws")

FLOORS = {"mc": 1.3, "sobol": 1.6}
MEGABYTES = 400


@dataclass(frozen=True)
class Goal:
    """A goal and the figure that was measured; `reached` is None where there is none."""

    what: str
    goal: str
    measured: str = ""
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        """The last column of the table."""
        return {None: "", True: "reached", False: "**not reached**"}[self.reached]


@dataclass(frozen=True)
class FloorRatio:
    """ns a parameter-draw: words and quantile functions alone, and everything."""

    scenario: str
    method: str
    floor: float
    measured: float

    @property
    def ratio(self) -> float:
        """How many times the floor a draw costs."""
        return self.measured / self.floor


def goals(results: Mapping[str, Any]) -> list[Goal]:
    """Every goal, in the order of the table."""
    parts: list[Callable[[Mapping[str, Any]], Iterator[Goal]]] = [
        _opponents, _floors, _threads, _memory, _accuracy, _revision, _analyses, _starts, _directories,
    ]  # fmt: skip
    return [goal for part in parts for goal in part(results)]


def floor_ratios(results: Mapping[str, Any]) -> list[FloorRatio]:
    """By scenario and method, from the spec `parameter_draw`."""
    found = []
    for point in _points(results, "parameter_draw", what="everything"):
        name, method = point["point"]["scenario"], point["point"]["method"]
        for alone in _points(results, "parameter_draw", what="floor", scenario=name, method=method):
            found.append(FloorRatio(name, method, _each(alone), _each(point)))
    return found


def _each(point: Mapping[str, Any]) -> float:
    """ns a parameter-draw."""
    return _seconds(point) * 1e9 / point["work"] / point["facts"]["parameters"]


def _seconds(point: Mapping[str, Any]) -> float:
    return float(median(column(point, "seconds")))


def _points(results: Mapping[str, Any], spec: str, **where: Any) -> list[Mapping[str, Any]]:
    """The measured points of a spec that say what is asked for."""
    points = [point for one in results["specs"] if one["name"] == spec for point in one["points"]]
    return [point for point in points if where.items() <= point["point"].items()]


def _at_least(what: str, ratio: float | None, goal: float, sign: str = "× ") -> Goal:
    return _judged(what, f"≥ {sign}{number(goal)}", ratio, sign, None if ratio is None else ratio >= goal)


def _at_most(what: str, value: float | None, goal: float, sign: str = "", unit: str = "") -> Goal:
    return _judged(what, f"≤ {sign}{number(goal)}{unit}", value, sign, None if value is None else value <= goal, unit)


def _judged(what: str, goal: str, value: float | None, sign: str, reached: bool | None, unit: str = "") -> Goal:
    return Goal(what, goal, "" if value is None else f"{sign}{number(float(f'{value:.3g}'))}{unit}", reached)


def _opponents(results: Mapping[str, Any]) -> Iterator[Goal]:
    """Time a draw beside ctsim's, at the largest number of draws that the opponent ran with."""
    ran = [one for one in results["contest"] if one["runs"] and "skipped" not in one]
    for name, goal in OPPONENTS.items():
        theirs = max((one for one in ran if one["name"] == name), key=lambda one: one["draws"], default=None)
        ours = _nearest(ran, theirs)
        what = f"workload W, time a draw: ctsim (mc) beside {name}"
        if theirs is None or ours is None:
            yield _at_least(what, None, goal)
            continue
        what += f", {theirs['asked']:,} draws" + (
            f" (ctsim {ours['asked']:,})" if ours["asked"] != theirs["asked"] else ""
        )
        yield _at_least(what, _seconds(theirs) / theirs["draws"] / (_seconds(ours) / ours["draws"]), goal)
    own = max((one for one in ran if one["name"] == "ctsim_mc"), key=lambda one: one["draws"], default=None)
    yield _at_most("workload W, peak memory of ctsim (mc)", own and own["MB"], MEGABYTES, unit=" MB")


def _nearest(ran: list[Any], theirs: Any) -> Any:
    """ctsim's record with the same number of draws, else the largest one."""
    own = [one for one in ran if one["name"] == "ctsim_mc"]
    same = [one for one in own if theirs is not None and one["asked"] == theirs["asked"]]
    return (same or sorted(own, key=lambda one: -one["draws"]) or [None])[0]


def _floors(results: Mapping[str, Any]) -> Iterator[Goal]:
    found = {(one.scenario, one.method): one.ratio for one in floor_ratios(results)}
    for method, goal in FLOORS.items():
        for name in (REPORT, W):
            what = f"a parameter's draw beside its words and quantile functions alone, {name}, {method}"
            yield _at_most(what, found.get((name, method)), goal, "× ")


def _ratio(results: Mapping[str, Any], spec: str, slow: dict[str, Any], fast: dict[str, Any]) -> float | None:
    first, second = _points(results, spec, **slow), _points(results, spec, **fast)
    return _seconds(first[0]) / _seconds(second[0]) if first and second else None


def _threads(results: Mapping[str, Any]) -> Iterator[Goal]:
    for name in (REPORT, W):
        one, two = ({"scenario": name, "workers": n} for n in (1, 2))
        yield _at_least(f"2 threads beside 1, {name}", _ratio(results, "threads", one, two), 1.9)
    ratio = _ratio(results, "dask_threads", {"threads": "pool"}, {"threads": "dask"})
    yield _at_least("dask threads beside a plain pool", ratio, 0.97)
    for draws in sorted({point["point"]["draws"] for point in _points(results, "processes")}):
        ratio = _ratio(results, "processes", {"draws": draws, "place": "threads"}, {"draws": draws, "place": "TCP"})
        yield _at_least(f"2 worker processes over TCP beside 2 threads, {draws:,} draws", ratio, 0.93)


def _memory(results: Mapping[str, Any]) -> Iterator[Goal]:
    for name in (REPORT, W):
        points = sorted(_points(results, "memory", scenario=name), key=lambda point: point["work"])
        peak = max(column(points[-1], "MB")) if points else None
        draws = f" at {points[-1]['point']['draws']:,} draws" if points else ""
        yield _at_most(f"peak memory{draws}, {name}", peak, MEGABYTES, unit=" MB")
        growth = peak / max(column(points[0], "MB")) if peak and len(points) > 1 else None
        yield _at_most(f"peak memory{draws} beside {_fewest(points)}, {name}", growth, 1.1, "× ")


def _fewest(points: list[Mapping[str, Any]]) -> str:
    return f"{points[0]['point']['draws']:,} draws" if points else "few draws"


def _accuracy(results: Mapping[str, Any]) -> Iterator[Goal]:
    """Draws that mc needs for the error of sobol: the squared ratio of median errors, at the most draws measured."""
    points = _points(results, "accuracy", scenario=REPORT)
    most = max((point["work"] for point in points), default=0)
    by_method = {point["point"]["method"]: point for point in points if point["work"] == most}
    for name, what, goal in (("mean", "means", 1000), ("tail", "5 % and 95 % quantiles", 8)):
        ratio = None
        if len(by_method) == 2:
            mc, sobol = (float(median(column(by_method[m], f"{name} error"))) for m in ("mc", "sobol"))
            ratio = (mc / sobol) ** 2 if sobol else float("inf")
        yield _at_least(f"draws that mc needs for the error of sobol, {what}, {most:,.0f} draws", ratio, goal)


def _revision(results: Mapping[str, Any]) -> Iterator[Goal]:
    """How many times as large the error of a difference is where inputs are redrawn: the least of the moved cells."""
    ours = _points(results, "revision", engine="ctsim")
    for engine in REDRAWING:
        theirs = _points(results, "revision", engine=engine)
        ratio = None
        if ours and theirs:
            names = [name for name in ours[0]["runs"][0] if name.startswith("error")]
            pairs = [(median(column(theirs[0], name)), median(column(ours[0], name))) for name in names]
            ratio = min((one / own if own else float("inf")) for one, own in pairs)
        yield _at_least(f"error of a revision's effect, ctsim (sobol) beside {engine}", ratio, 50)


def _analyses(results: Mapping[str, Any]) -> Iterator[Goal]:
    for changed in ("ten", "every"):
        points = _points(results, "pair", changed=changed)
        entries = f"{points[0]['facts']['entries']} changed entries" if points else changed
        ratio = _ratio(results, "pair", {"changed": changed}, {"changed": "one run"})
        yield _at_most(f"two scenarios on common draws beside one run, {entries}", ratio, 2.3, "× ")
    for name, what, goal in (
        ("attribution", "what ten changes make of mean, q05 and q95 of twelve totals", 30.0),
        ("indices", "S1 and ST of every cell and parameter, warm", 1.0),
    ):
        points = _points(results, name)
        draws = f", {points[0]['point']['draws']:,} draws" if points else ""
        yield _at_most(what + draws, _seconds(points[0]) if points else None, goal, unit=" s")


def _starts(results: Mapping[str, Any]) -> Iterator[Goal]:
    for command, cache, goal in (("help", "warm", 0.3), ("run", "warm", 2.5), ("run", "cold", 15.0)):
        points = _points(results, "start", command=command, cache=cache)
        what = "`ctsim --help`" if command == "help" else f"`ctsim run {REPORT} --draws 1e6`, {cache} cache"
        yield _at_most(f"{what}, whole process", _seconds(points[0]) if points else None, goal, unit=" s")


def _directories(results: Mapping[str, Any]) -> Iterator[Goal]:
    merged = _points(results, "merge", shards=100)
    yield _at_most("merge of 100 shards of the whole report", _seconds(merged[-1]) if merged else None, 10, unit=" s")
    both = [_points(results, "resume", run=run) for run in ("undisturbed", "stopped, resumed")]
    more = _seconds(both[1][0]) - _seconds(both[0][0]) if all(both) else None
    yield _at_most("a run of the whole report stopped and resumed, beyond one undisturbed", more, 2, unit=" s")
