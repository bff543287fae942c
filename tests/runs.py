"""Scenarios and runs that several tests look at, made once, and studies outside the package for tests to write."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from ctsim import catalog
from ctsim.catalog import Scenario
from ctsim.engine import Run, simulate

BASE = "framework_2023_11"
FEW = ("perovskite_solar", "offshore_wind", "industrial_furnaces", "high_temperature_reactor")
"""Programmes with ranges, values by year, items, shared parameters and figures off the year axis."""


@cache
def scenario(name: str = BASE) -> Scenario:
    """A shipped scenario."""
    return catalog.load(name)


@cache
def full() -> Run:
    """The whole report with its spreads: 2^18 draws."""
    return simulate(scenario(), draws=2**18)


def study(
    folder: Path, programmes: Iterable[str] | None = FEW, *, uncertainty: str = "pages", extends: str = BASE,
    titles: str = "Study", more: str = "",
) -> Path:  # fmt: skip
    """Write a scenario file of some programmes (None: all) into `folder`; pages lie beside it in `programmes/`."""
    only = "" if programmes is None else f"programmes = {list(programmes)}\n"
    head = f'id = "study"\nextends = "{extends}"\ntitle_ja = "{titles}"\ntitle_en = "{titles}"\n'
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.toml"
    path.write_text(f'[scenario]\n{head}uncertainty = "{uncertainty}"\n{only}{more}', encoding="utf-8")
    return path


def outside(folder: Path, name: str, parameters: dict[str, str], formulas: dict[str, str], source: str) -> None:
    """Write a programme outside the package: parameters (TOML after the name), formulas by year, and their module."""
    page = [f'format = 1\n[programme]\nid = "{name}"\n']
    page += [f"[parameter.{key}]\n{lines}\n" for key, lines in parameters.items()]
    page += [
        f'[[impact]]\nmetric = "co2_reduction"\nwhen = "{year}"\nformula = "{formula}"\nunit = "Mt-CO2/yr"\n'
        f'period = "annual"\n'
        for year, formula in formulas.items()
    ]
    for part, text in (("programmes", "\n".join(page)), ("formulas", source)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / part / f"{name}{'.toml' if part == 'programmes' else '.py'}").write_text(text, encoding="utf-8")


def numbers(tree: xr.DataTree, node: str, **labels: object) -> dict[str, npt.NDArray[np.float64]]:
    """The numeric variables of a node, at some labels."""
    data = tree[node].dataset.sel(labels)
    return {str(name): data[name].values for name in data.data_vars if data[name].dtype.kind in "fiu"}


def differing(a: xr.DataTree, b: xr.DataTree, node: str, **labels: object) -> list[str]:
    """Names of the numeric variables that are not the same bits in two trees, at some labels."""
    first, second = numbers(a, node, **labels), numbers(b, node, **labels)
    assert first.keys() == second.keys() and first
    return [name for name in first if first[name].tobytes() != second[name].tobytes()]
