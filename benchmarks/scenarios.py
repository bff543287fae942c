"""What is simulated: the report, workload W, and made-up studies of any size."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from benchmarks import workload
from benchmarks.registry import Case
from ctsim.binding import Row
from ctsim.catalog import Scenario, load
from ctsim.engine import Run, simulate

REPORT = "framework_2023_11"
W = "workload_w"
METHODS = ("mc", "sobol")

_FAMILIES = (
    'dist = "uniform", low = 0.5, high = 1.5',
    'dist = "triangular", low = 0.5, mode = 1.0, high = 1.5',
    'dist = "normal", mean = 1.0, sd = 0.1',
    'dist = "truncated_normal", mean = 1.0, sd = 0.1, low = 0.75, high = 1.3',
    'dist = "lognormal", median = 1.0, gsd = 1.1',
    'dist = "pert", low = 0.5, mode = 1.0, high = 1.5',
)
_TERMS = 3  # products of two parameters in a made-up formula


@cache
def scenario(name: str) -> Scenario:
    """The scenario of that name: the report's, workload W, or `made P F` with P parameters and F formulas."""
    if name == W:
        return load(workload.SCENARIO, workload.FORMULAS)
    if name.startswith("made "):
        return _made(*(int(part) for part in name.split()[1:]))
    return load(name)


def sampled(name: str) -> list[Row]:
    """The rows of a scenario that are drawn."""
    return [row for row in scenario(name).binding.rows if row.spread.dist != "fixed"]


def families(name: str) -> dict[str, int]:
    """How many rows are drawn of each family."""
    return dict(sorted(Counter(row.spread.dist for row in sampled(name)).items()))


def rounded(draws: int, method: str = "mc") -> int:
    """The draws that are made when `draws` are asked for."""
    if method == "mc":
        return -(-draws // 1024) * 1024
    size = 16 * 1024
    while size < draws:
        size *= 2
    return size


def simulation(name: str, draws: int, workers: int = 2, method: str = "mc", cluster: str | None = None) -> Case:
    """A whole `simulate` of a loaded scenario, statistics and result tree included."""
    loaded = scenario(name)

    def run() -> None:
        simulated(loaded, draws, workers, method, cluster=cluster)

    facts = {"parameters": len(sampled(name)), "formulas": len(loaded.binding.steps)}
    return Case(run, rounded(draws, method), facts)


def simulated(
    loaded: Scenario, draws: int, workers: int, method: str, seed: int = 0, cluster: str | None = None
) -> Run:
    """One run in memory."""
    return simulate(loaded, draws=draws, workers=workers, method=method, seed=seed, cluster=cluster)


def _made(parameters: int, formulas: int) -> Scenario:
    """A study with `formulas` sums of products over `parameters` parameters of six families, in a folder of its own."""
    if 2 * _TERMS * formulas < parameters:
        raise ValueError(f"{formulas} formulas take at most {2 * _TERMS * formulas} parameters")
    folder = Path(mkdtemp(prefix="ctsim-bench-"))
    page = ['format = 1\n[programme]\nid = "made"\n']
    page += [
        f'[parameter.p{i}]\nvalue = 1.0\nunit = "1"\n'
        f'uncertainty = {{ {_FAMILIES[i % len(_FAMILIES)]}, basis = "assumed", reason = "benchmark" }}\n'
        for i in range(parameters)
    ]
    code = ['from typing import Annotated\n\nNumber = Annotated[float, "1"]\n']
    for k in range(formulas):
        page.append(f'[[impact]]\nmetric = "other"\nwhen = "f{k}"\nformula = "f{k}"\nunit = "1"\n')
        used = [f"p{(2 * _TERMS * k + i) % parameters}" for i in range(min(2 * _TERMS, parameters))]
        terms = " + ".join(" * ".join(used[i : i + 2]) for i in range(0, len(used), 2))
        code.append(f"def f{k}({', '.join(f'{name}: Number' for name in used)}) -> Number:\n    return {terms}\n")
    for file, lines in (("programmes/made.toml", page), ("formulas/made.py", code)):
        (folder / file).parent.mkdir()
        (folder / file).write_text("\n\n".join(lines), encoding="utf-8")
    head = '[scenario]\nid = "made"\nuncertainty = "pages"\nprogrammes = ["made"]\n'
    (folder / "made.toml").write_text(head, encoding="utf-8")
    return load(folder / "made.toml", folder / "formulas")
