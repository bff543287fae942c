"""Workload W for programs that are not ctsim: its page and its formulas, read as they are, without ctsim.

60 independent parameters, 18 outputs; mean, standard deviation and three quantiles of each output are asked for.
"""

from __future__ import annotations

import ast
import inspect
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FOLDER = Path(__file__).parent
SCENARIO = FOLDER / "w.toml"
FORMULAS = FOLDER / "formulas"
NAME = "workload_w"
PROBABILITIES = (0.05, 0.5, 0.95)
STATISTICS = ("mean", "sd", "q05", "q50", "q95")


@dataclass(frozen=True)
class Parameter:
    """A parameter: family and arguments in the order of the page (low, mode, high; mean, sd, low, high; ...).

    A lognormal's second argument is the standard deviation of the logarithm.
    """

    name: str
    family: str
    arguments: tuple[float, ...]

    @property
    def shape(self) -> tuple[float, float]:
        """a and b of the beta distribution that a PERT parameter is."""
        low, mode, high = self.arguments
        return 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)


def _page() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "programmes" / f"{NAME}.toml").read_text(encoding="utf-8"))


def _parameter(name: str, record: Mapping[str, Any]) -> Parameter:
    given = dict(record["uncertainty"])
    family = given.pop("dist")
    numbers = [float(number) for key, number in given.items() if key not in ("basis", "reason")]
    if family == "lognormal":
        numbers[1] = math.log(numbers[1])
    return Parameter(name, family, tuple(numbers))


PAGE = _page()
PARAMETERS = tuple(_parameter(name, record) for name, record in PAGE["parameter"].items())
NAMES = tuple(parameter.name for parameter in PARAMETERS)
OUTPUTS = tuple(impact["when"] for impact in PAGE["impact"])


@cache
def formulas() -> dict[str, Callable[..., Any]]:
    """The function of every output, in order; an argument `other_x` is the output x, which comes before."""
    spec = spec_from_file_location(NAME, FORMULAS / f"{NAME}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: getattr(module, name) for name in OUTPUTS}


@cache
def arguments(output: str) -> tuple[str, ...]:
    """What the formula of an output takes: names of parameters and of earlier outputs."""
    code = formulas()[output].__code__
    return tuple(name.removeprefix("other_") for name in code.co_varnames[: code.co_argcount])


def evaluate(values: Mapping[str, Any]) -> list[Any]:
    """Every output at the parameters' values: numbers, arrays, or whatever can be multiplied, added and divided."""
    known = dict(values)
    for name, formula in formulas().items():
        known[name] = formula(*(known[argument] for argument in arguments(name)))
    return [known[name] for name in OUTPUTS]


@cache
def expressions() -> dict[str, str]:
    """Every output as a text in parameters only, for libraries that read formulas."""
    texts: dict[str, str] = {}
    for name, formula in formulas().items():
        [function] = ast.parse(inspect.getsource(formula)).body
        assert isinstance(function, ast.FunctionDef) and isinstance(function.body[-1], ast.Return)
        assert function.body[-1].value is not None
        text = ast.unparse(function.body[-1].value)
        for earlier in arguments(name):
            if earlier in texts:
                text = text.replace(f"other_{earlier}", f"({texts[earlier]})")
        texts[name] = text
    return texts


def statistics(outputs: list[FloatArray]) -> FloatArray:
    """(output, statistic) of `STATISTICS` from every draw of every output."""
    return np.array([[y.mean(), y.std(ddof=1), *np.quantile(y, PROBABILITIES)] for y in outputs])
