"""A study whose differences are known by hand, as files that tests change: a sum, a product, and a lognormal product.

2030: x + y, with x uniform on 1 to 3 and y uniform on 0 to 2
2040: x × p × q, with p uniform on 0 to 1 and q fixed at 0.5
2050: u × v, both lognormal
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ctsim.kernel import Kernel
from tests.runs import outside

PARAMETERS = {
    "x": ("Mt-CO2/yr", 2.0, "uniform", "low = 1, high = 3"), "y": ("Mt-CO2/yr", 1.0, "uniform", "low = 0, high = 2"),
    "p": ("1", 0.5, "uniform", "low = 0, high = 1"), "q": ("1", 0.5, "fixed", "value = 0.5"),
    "u": ("Mt-CO2/yr", 10.0, "lognormal", "median = 10, gsd = 1.5"),
    "v": ("1", 1.0, "lognormal", "median = 1, gsd = 1.2"),
}  # fmt: skip
FORMULAS = '''\
"""Formulas whose differences are known."""

from ctsim.units import Mt_CO2_per_yr, Ratio


def added(x: Mt_CO2_per_yr, y: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    """x + y"""
    return x + y


def doubled(x: Mt_CO2_per_yr, y: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    """2 x + y"""
    return 2 * x + y


def product(x: Mt_CO2_per_yr, p: Ratio, q: Ratio) -> Mt_CO2_per_yr:
    """x p q"""
    return x * p * q


def lognormal(u: Mt_CO2_per_yr, v: Ratio) -> Mt_CO2_per_yr:
    """u v"""
    return u * v
'''
YEARS = {"2030": "added", "2040": "product", "2050": "lognormal"}
SOURCE = 'source = { key = "study", where = "study" }'


def spread(dist: str, arguments: str) -> str:
    """An uncertainty as a page writes it."""
    return f'{{ dist = "{dist}", {arguments}, basis = "assumed", reason = "low and high are made up" }}'


def write(folder: Path, name: str = "mine", more: str = "", parameters: Sequence[str] = tuple(PARAMETERS)) -> None:
    """Write a programme of this name into `folder`."""
    lines = {
        one: f'value = {value}\nunit = "{unit}"\nuncertainty = {spread(dist, arguments)}'
        for one, (unit, value, dist, arguments) in PARAMETERS.items() if one in parameters
    }  # fmt: skip
    outside(folder, name, lines, YEARS, FORMULAS)
    if more:
        page = folder / "programmes" / f"{name}.toml"
        page.write_text(page.read_text(encoding="utf-8") + more, encoding="utf-8")


def scenario(folder: Path, name: str, *changes: str, programmes: Sequence[str] = ("mine",), head: str = "") -> Path:
    """Write a scenario file of these programmes with these changes; A is one without."""
    text = f'[scenario]\nid = "{name}"\nextends = "as_published"\nuncertainty = "pages"\ncells = "all"\n'
    text += f"programmes = {list(programmes)}\n{head}" + "\n".join(changes)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def moved(parameter: str, value: float, dist: str, arguments: str, reason: str = "because") -> str:
    """A change of a parameter's value and spread."""
    said = f'[[change]]\nparameter = "{parameter}"\nvalue = {value}\nuncertainty = {spread(dist, arguments)}\n'
    return f'\n{said}reason = "{reason}"\n{SOURCE}\n'


def other_formula(impact: str, formula: str) -> str:
    """A change of a figure's formula."""
    return f'\n[[change]]\nimpact = "{impact}"\nformula = "{formula}"\nreason = "another reading"\n{SOURCE}\n'


def together(names: Sequence[str], spearman: float) -> str:
    """A declaration of dependence."""
    said = f"[[dependence]]\nparameters = {list(names)}\nspearman = {spearman}\n"
    return f'\n{said}basis = "assumed"\nreason = "one cause"\n'


CHANGES = (
    moved("mine.x", 4.0, "uniform", "low = 2, high = 6", "x is twice as large"),
    moved("mine.y", 0.5, "uniform", "low = 0, high = 1", "y is half as large"),
    moved("mine.p", 0.75, "uniform", "low = 0.5, high = 1", "p is higher"),
    moved("mine.u", 12.0, "lognormal", "median = 12, gsd = 1.5", "u is higher"),
    moved("mine.v", 1.0, "lognormal", "median = 1, gsd = 1.6", "v is less sure"),
)


def stopping(monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], dict[str, Any]]:
    """What is drawn, a first tile a chunk, and what to say: at the chunk numbered "stop at" the "event" is set."""
    drawn: list[int] = []
    now: dict[str, Any] = {}
    whole = Kernel.chunk

    def chunk(self: Kernel, plan: object, first: int, tiles: int) -> object:
        drawn.append(first)
        if len(drawn) == now["stop at"]:
            now["event"].set()
        return whole(self, plan, first, tiles)  # type: ignore[arg-type]

    monkeypatch.setattr(Kernel, "chunk", chunk)
    return drawn, now
