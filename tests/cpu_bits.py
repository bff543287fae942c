"""One process of `test_cpu_bits`: what its switches do to this CPU, and the bits of some runs, as JSON on stdout.

    python -m tests.cpu_bits FOLDER TASK...

`FOLDER` holds a study (`write`). A task is METHOD:WORKERS:CHUNK for a whole run, whose digest is told, or
METHOD:SHARD for a shard "I-N", which is kept in FOLDER/METHOD-I. The digests of `TABLES` are told always.

Nothing that other processes kept is recalled, so every process makes all its tables itself.
"""

import ctypes
import ctypes.util
import json
import math
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy._core import _multiarray_umath  # where numpy says what it uses of this CPU

from ctsim import catalog, elementary, kept
from ctsim.compiled import machine_code
from ctsim.distributions import families
from ctsim.engine import simulate

DRAWS = 2**17  # more than the pilot

PAGE = """\
format = 1
[programme]
id = "mine"
[parameter.share]
value = 0.2
unit = "1"
uncertainty = { dist = "pert", low = 0.05, mode = 0.2, high = 0.6, basis = "assumed", reason = "low: few; high: many" }
[parameter.volume]
value = 10
unit = "Mt-CO2/yr"
uncertainty = { dist = "lognormal", median = 10, gsd = 1.4, basis = "assumed", reason = "low, high: guess" }
[parameter.reference]
value = 8
unit = "Mt-CO2/yr"
uncertainty = { dist = "truncated_normal", mean = 8, sd = 2, low = 3, high = 9, basis = "assumed", reason = "a guess" }
[parameter.slope]
value = 0.6
unit = "1"
uncertainty = { dist = "scipy", name = "gamma", a = 9.0, scale = 0.07, basis = "assumed", reason = "low, high: guess" }
[parameter.delay]
value = 1.5
unit = "1"
uncertainty = { dist = "scipy", name = "exponnorm", K = 1.5, basis = "assumed", reason = "low, high: a guess" }
[parameter.surprise]
value = 0
unit = "1"
uncertainty = { dist = "scipy", name = "laplace_asymmetric", kappa = 2.0, basis = "assumed", reason = "low, high" }
[parameter.count]
value = 4
unit = "1"
uncertainty = { dist = "scipy", name = "poisson", mu = 4.2, basis = "assumed", reason = "low, high: a guess" }
[[impact]]
metric = "co2_reduction"
when = "2030"
formula = "co2"
unit = "Mt-CO2/yr"
period = "annual"
"""

FORMULAS = '''\
"""A formula with every function that a formula may call."""

from ctsim.elementary import exp, log, pow, sqrt
from ctsim.units import Mt_CO2_per_yr, Ratio


def co2(
    share: Ratio, volume: Mt_CO2_per_yr, reference: Mt_CO2_per_yr, slope: Ratio,
    delay: Ratio, surprise: Ratio, count: Ratio,
) -> Mt_CO2_per_yr:
    """volume × (1 − e^(−share)) × (volume / reference)^slope, and the like"""
    grown = volume * (1 - exp(-share)) * pow(volume / reference, slope) * (delay + surprise + count)
    return grown + share**3 * sqrt(volume * reference) * log(1 + share)
'''

SCENARIO = """\
[scenario]
id = "bits"
uncertainty = "pages"
programmes = ["mine"]
"""

TABLES: list[tuple[str, dict[str, float]]] = [
    ("exponnorm", {"K": 1.5}),
    ("genhyperbolic", {"p": 0.5, "a": 1.5, "b": -0.5}),
    ("kappa4", {"h": 0.1, "k": 0.3}),
    ("laplace_asymmetric", {"kappa": 2.0}),
    ("levy_stable", {"alpha": 1.8, "beta": -0.5}),
    ("powernorm", {"c": 0.3}),
    ("skellam", {"mu1": 15.0, "mu2": 8.0}),
    ("studentized_range", {"k": 3.0, "df": 10.0}),
    ("vonmises", {"kappa": 80.0}),
    ("zipf", {"a": 6.6}),
]
"""Families of scipy: one of each way to make a table."""


def write(folder: Path) -> None:
    """The study: every kind of table, and every function that a formula may call."""
    files = {"bits.toml": SCENARIO, "programmes/mine.toml": PAGE, "formulas/mine.py": FORMULAS}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def switched() -> dict[str, Any]:
    """What shows whether a switch works: registers in machine code, numpy's paths, bits of libraries."""
    x = np.random.default_rng(0).uniform(-5, 5, 4000)
    path = ctypes.util.find_library("m")
    library = ctypes.CDLL(path) if path else None
    return {
        "machine code": _wide_registers(),
        "numpy": [name for name in _multiarray_umath.__cpu_dispatch__ if _multiarray_umath.__cpu_features__.get(name)],
        "numpy's exp": _digest(np.exp(x)),
        "libm's exp": _digest([_libm(library.exp, one) for one in x]) if library else "",
        "libm's pow": _digest([_libm(library.pow, abs(one), 1.7 * one) for one in x]) if library else "",
    }


def _table(name: str, arguments: dict[str, float]) -> str:
    """The digest of all that a distribution is, made anew."""
    made = families.build("scipy", {"name": name, **arguments})
    rest = (made.low, made.high, math.nan if made.mean is None else made.mean, math.nan if made.sd is None else made.sd)
    return _digest(np.concatenate([made.parameters, made.table, made.atoms.ravel(), rest]))


def _digest(values: Any) -> str:
    return sha256(np.asarray(values).tobytes()).hexdigest()


def _libm(function: Any, *given: float) -> float:
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * len(given)
    return float(function(*given))


def _wide_registers() -> list[str]:
    """Which of AVX's registers a loop over ctsim's exp uses."""
    exp: Callable[[float], float] = machine_code(elementary.ALL)[0]

    @numba.njit(error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
    def loop(x: Any) -> None:
        for i in range(len(x)):
            x[i] = exp(x[i])

    loop(np.ones(8))
    text = "\n".join(loop.inspect_asm().values())
    return [name for name in ("ymm", "zmm") if name in text]


def main(folder: Path, tasks: list[str]) -> None:
    """Do the tasks and tell."""
    kept.recall = lambda kind, key: None
    told: dict[str, Any] = {"switches": switched(), "digests": {}, "tables": {}}
    for name, arguments in TABLES:
        told["tables"][name] = _table(name, arguments)
    scenario = catalog.load(folder / "bits.toml", folder / "formulas")
    for task in tasks:
        method, *how = task.split(":")
        if len(how) == 1:
            number = how[0].partition("-")[0]
            shard = how[0].replace("-", "/")
            simulate(scenario, draws=DRAWS, method=method, out=folder / f"{method}-{number}", shard=shard)
        else:
            run = simulate(scenario, draws=DRAWS, method=method, workers=int(how[0]), chunk=int(how[1]))
            told["digests"][task] = run.result_digest
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
