"""How often a run that stops at a precision is not as near as it says: measured on models with known truth.

`python -m tests.false_stops` makes the measurement (every cell is a run of its own: it stops at the first look at which
its three statistics are sure) and writes its table into docs/precision.md. Seeds are fixed: a test makes it again and
compares every number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, log

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from ctsim import precision, summaries
from ctsim.binding import Binding, Row
from ctsim.distributions import build
from ctsim.errors import Place
from ctsim.kernel import Kernel, Target
from ctsim.programme import Spread
from ctsim.streams import TILE
from tests.docs import DOCS, put_between
from tests.markdown import table

SEED = 20260131
CELLS = 200
MOST = 2**21
PAGE = DOCS / "precision.md"
FloatArray = npt.NDArray[np.float64]
Part = tuple[str, dict[str, float], float]


@dataclass(frozen=True)
class Model:
    """A sum of independent parameters (distribution, arguments, factor), and its mean, 5 % and 95 % quantile."""

    words: str
    parts: tuple[Part, ...]
    truth: tuple[float, float, float]


def lognormal(gsd: float) -> Model:
    low, high = (float(exp(norm.ppf(q) * log(gsd))) for q in (0.05, 0.95))
    parts: tuple[Part, ...] = (("lognormal", {"median": 1.0, "gsd": gsd}, 1.0),)
    return Model(f"skewed: one lognormal parameter, gsd {gsd:g}", parts, (exp(log(gsd) ** 2 / 2), low, high))


def normal(mean: float, sd: float) -> Model:
    part: Part = ("normal", {"mean": mean / 4, "sd": sd / 2}, 1.0)
    low, high = (float(norm.ppf(q, mean, sd)) for q in (0.05, 0.95))
    return Model("normal: a sum of four parameters", (part,) * 4, (mean, low, high))


def rare(p: float, size: float) -> Model:
    """N(10, 1), and with probability p `size` more."""

    def quantile(q: float) -> float:
        return float(brentq(lambda x: (1 - p) * norm.cdf(x, 10) + p * norm.cdf(x, 10 + size) - q, 0, 20, xtol=1e-13))

    parts: tuple[Part, ...] = (("normal", {"mean": 10.0, "sd": 1.0}, 1.0), ("bernoulli", {"p": p}, size))
    return Model(
        f"rare event, p = {p:g}, and a normal parameter", parts, (10 + p * size, quantile(0.05), quantile(0.95))
    )


@dataclass(frozen=True)
class Case:
    """A model, how it is drawn, and the precision asked; `only` makes one look, wherever the rule has its first."""

    model: Model
    method: str
    asked: float
    only: int | None = None


CASES = (
    Case(normal(10, 3), "mc", 0.008),
    Case(normal(10, 3), "sobol", 0.0015),
    Case(lognormal(2.0), "mc", 0.012),
    Case(lognormal(2.0), "sobol", 0.0003),
    Case(rare(1e-3, 1e3), "mc", 0.02),
    Case(rare(1e-3, 1e3), "sobol", 0.004),
    Case(rare(1e-5, 1e5), "mc", 0.02, only=2**16),
)


@dataclass(frozen=True)
class Measured:
    """Of the runs of a case: draws at the stop (median), runs that stopped, false ones by statistic."""

    draws: int
    stopped: int
    false: tuple[int, int, int]


def kernel_of(model: Model, method: str, cells: int, seed: int = SEED) -> Kernel:
    """As many independent copies of a model as there are cells, each on streams and nets of its own."""
    built = [build(dist, arguments) for dist, arguments, _ in model.parts]
    rows, targets, coordinates = [], [], {}
    for cell in range(cells):
        for number, (dist, arguments, _) in enumerate(model.parts):
            name = f"cell_{cell}.x{number}"
            coordinates[name] = (f"cell_{cell}", number)
            spread = Spread(dist, arguments, None, False, "assumed", "")
            rows.append(Row(name, "", "1", 1.0, 1.0, spread, "assumed", Place()))
        first = cell * len(model.parts)
        parts = tuple(("row", first + number, part[2]) for number, part in enumerate(model.parts))
        targets.append(Target("/co2_reduction", (f"cell_{cell}", "2030"), "1", parts))
    quantiles = [one for _ in range(cells) for one in built]
    return Kernel(Binding(tuple(rows), ()), targets, seed, coordinates if method == "sobol" else None, quantiles)


def measure(case: Case) -> Measured:
    """Let every cell stop where the rule says, and count the statistics that are further from the truth than asked."""
    kernel = kernel_of(case.model, case.method, CELLS, SEED + CASES.index(case))
    rule = precision.rule(case.asked, kernel)
    truth = np.array(case.model.truth)
    allowed = case.asked * np.maximum(np.abs(truth), 0.1 * (truth[2] - truth[1]))
    stop, false = np.zeros(CELLS, np.int64), np.zeros((CELLS, 3), np.bool_)
    for draws, summary in looked_at(kernel, case.only or rule.first, case.only or MOST):
        sure = (precision.shares(rule.cells, rule.varies, summary) <= case.asked).all(axis=1) & (stop == 0)
        stop[sure] = draws
        false[sure] = np.abs(statistics_of(summary) - truth)[sure] > allowed
        if stop.all():
            break
    wrong = false.sum(axis=0)
    return Measured(
        int(np.median(stop[stop > 0])), int((stop > 0).sum()), (int(wrong[0]), int(wrong[1]), int(wrong[2]))
    )


def looked_at(kernel: Kernel, first: int, most: int) -> Iterator[tuple[int, summaries.Summary]]:
    """(draws, summary) at each look, as `ctsim.job` makes them: no draw is made twice."""
    pilot = kernel.evaluate(0, summaries.PILOT // TILE)
    plan = kernel.plan(pilot)
    state, done, draws = summaries.empty(plan), 0, first
    while draws <= most:
        state = summaries.combine(plan, state, kernel.chunk(plan, done // TILE, (draws - done) // TILE))
        yield draws, summaries.finalize(plan, state, pilot if draws == summaries.PILOT else None)
        done, draws = draws, 2 * draws


def statistics_of(summary: summaries.Summary) -> FloatArray:
    """(cell, statistic) mean, 5 % and 95 % quantile."""
    ends = [summaries.QUANTILES.index(q) for q in (0.05, 0.95)]
    return np.column_stack([summary.mean, summary.quantiles[:, ends]])


def rows(measured: Callable[[Case], Measured] = measure) -> list[list[str]]:
    """The table of docs/precision.md."""
    found = []
    for case in CASES:
        one = measured(case)
        words = case.model.words + (f", looked at {case.only:,} draws only" if case.only else "")
        shares = [f"{count / max(one.stopped, 1):.1%}" for count in one.false]
        found.append([words, case.method, f"{case.asked:.2%}", str(one.stopped), f"{one.draws:,}", *shares])
    return found


HEAD = ["model", "method", "R", "runs", "draws at the stop (median)", "false: mean", "5 %", "95 %"]


def page(found: list[list[str]]) -> str:
    """docs/precision.md with the table as measured."""
    return put_between(PAGE.read_text(encoding="utf-8"), "false stops", table(HEAD, found, right=range(2, 8)) + "\n")


if __name__ == "__main__":
    PAGE.write_text(page(rows()), encoding="utf-8")
    print(f"wrote {PAGE.name}")
