"""The same bits on every CPU: one digest, whatever instructions the machine code, numpy and the system's library use.

A process of its own for each switch, which first has to show that the switch does something here. The scenario has
tables made from scipy's quantile functions, from densities (one in pieces), a discrete family, and a formula with
`exp`, `log`, `sqrt` and `pow`. Each process also makes some of seven shards, so that a run is merged from parts of all
these "CPUs". It makes all tables itself: what others kept is not recalled. Machine code is, under numba's own key, in
which the CPU stands.
"""

import functools
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from numpy._core import _multiarray_umath

from ctsim import shards
from tests import cpu_bits
from tests.source import ROOT

MACHINE_CODE = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
NUMPY = {"NPY_DISABLE_CPU_FEATURES": " ".join(_multiarray_umath.__cpu_dispatch__)}
LIBRARY = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2"}
SWITCHES: dict[str, Mapping[str, str]] = {
    "nothing": {},
    "machine code": MACHINE_CODE,
    "numpy": NUMPY,
    "library": LIBRARY,
    "all": MACHINE_CODE | NUMPY | LIBRARY,
}
METHODS = ("mc", "sobol")
SHARDS = 7
LAYOUTS = ("1:131072", "2:131072", "2:5120")
"""Threads and draws a chunk."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bits")
    cpu_bits.write(made)
    return made


@pytest.fixture(scope="module")
def told(folder: Path) -> Callable[[str], Any]:
    """What the process of a switch tells; each is started once."""

    @functools.cache
    def run(switch: str) -> Any:
        names = list(SWITCHES)
        mine = [number for number in range(1, SHARDS + 1) if number % len(names) == names.index(switch)]
        tasks = [f"{method}:{number}-{SHARDS}" for method in METHODS for number in mine]
        layouts = LAYOUTS if switch == "nothing" else LAYOUTS[1:2]
        tasks += [f"{method}:{layout}" for method in METHODS for layout in layouts]
        kept = {name: value for name, value in os.environ.items() if name not in SWITCHES["all"]}
        done = subprocess.run(
            [sys.executable, "-m", "tests.cpu_bits", str(folder), *tasks], cwd=ROOT, env=kept | SWITCHES[switch],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def works(switch: str, told: Callable[[str], Any]) -> None:
    """Fail unless the switch does what it says; skip where this machine has nothing to switch off."""
    before, after = told("nothing")["switches"], told(switch)["switches"]
    if switch in ("machine code", "all"):
        if not before["machine code"]:
            pytest.skip("this CPU has no AVX: generic machine code is what it runs anyway")
        assert after["machine code"] == []
    if switch in ("numpy", "all"):
        if not before["numpy"]:
            pytest.skip("numpy uses nothing here that can be switched off")
        assert after["numpy"] == []
    if switch in ("library", "all"):
        if not hasattr(os, "confstr") or "CS_GNU_LIBC_VERSION" not in os.confstr_names:
            pytest.skip("the system's library is not glibc: nothing switches its FMA and AVX2 off")
        if "FMA3" not in [name for name, has in _multiarray_umath.__cpu_features__.items() if has]:
            pytest.skip("this CPU has no FMA: glibc does not use it anyway")
        assert after["libm's exp"] != before["libm's exp"]
        assert after["libm's pow"] != before["libm's pow"]


def test_layouts_give_one_digest(told: Callable[[str], Any]) -> None:
    digests = told("nothing")["digests"]
    assert len(digests) == len(METHODS) * len(LAYOUTS)
    for method in METHODS:
        assert len({digest for task, digest in digests.items() if task.startswith(method)}) == 1
    assert len(set(digests.values())) == len(METHODS)


@pytest.mark.parametrize("switch", list(SWITCHES)[1:])
def test_a_run_on_another_cpu_has_the_same_digest(told: Callable[[str], Any], switch: str) -> None:
    """Tables included: the process builds its own."""
    works(switch, told)
    digests = told("nothing")["digests"]
    assert told(switch)["digests"] == {task: digests[task] for task in told(switch)["digests"]}
    assert len(told(switch)["digests"]) == len(METHODS)


@pytest.mark.parametrize("switch", list(SWITCHES)[1:])
def test_tables_of_families_are_the_same_on_another_cpu(told: Callable[[str], Any], switch: str) -> None:
    works(switch, told)
    assert told(switch)["tables"] == told("nothing")["tables"]
    assert len(set(told(switch)["tables"].values())) == len(cpu_bits.TABLES)


@pytest.mark.parametrize("method", METHODS)
def test_shards_of_different_cpus_are_one_run(told: Callable[[str], Any], folder: Path, method: str) -> None:
    for switch in SWITCHES:
        told(switch)
    parts = random.Random(5).sample([folder / f"{method}-{number}" for number in range(1, SHARDS + 1)], SHARDS)
    merged = shards.merge(parts, out=folder / f"{method}-whole", formulas=folder / "formulas")
    assert merged.result_digest == told("nothing")["digests"][f"{method}:{LAYOUTS[0]}"]
