"""ctsim: a Monte Carlo scenario engine for Japan's Climate Transition Bonds.

`load` a scenario, `simulate` it, `audit` the report; results are xarray trees. Names are imported on first use, so
that `import ctsim` and `ctsim --help` load neither numba nor xarray.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Audit", "Comparison", "CtsimError", "Parameter", "Programme", "Run", "Scenario", "Sensitivity", "audit", "compare",
    "load", "open_run", "sensitivity", "simulate",
]  # fmt: skip

if TYPE_CHECKING:
    from ctsim.audit import Audit, audit
    from ctsim.catalog import Scenario, load
    from ctsim.compare import Comparison, compare
    from ctsim.engine import Run, open_run, simulate
    from ctsim.errors import CtsimError
    from ctsim.programme import Parameter, Programme
    from ctsim.sensitivity import Sensitivity, sensitivity

_HOMES = {
    "Audit": "audit", "audit": "audit", "Comparison": "compare", "compare": "compare", "CtsimError": "errors",
    "Parameter": "programme", "Programme": "programme", "Run": "engine", "Scenario": "catalog", "load": "catalog",
    "open_run": "engine", "Sensitivity": "sensitivity", "sensitivity": "sensitivity", "simulate": "engine",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'ctsim' has no attribute '{name}'")
    return getattr(import_module(f"ctsim.{_HOMES[name]}"), name)


class _Package(ModuleType):
    """A package whose public names are not replaced by modules of the same name: `ctsim.audit` is the function."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
