"""Steps by machine code that belongs to a formula: the bits of plain Python, wherever the formula's arguments lie."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ctsim import generated
from ctsim.binding import Binding
from ctsim.catalog import load
from ctsim.generated import address, source, source_digest
from ctsim.steps import Steps
from ctsim.streams import TILE
from tests.test_indices import UNIT, additive, first_alone, made, product


def binding_of(*functions: object) -> Binding:
    return made(list(functions), dict.fromkeys("abc", UNIT), {}, "mc").kernel.binding  # type: ignore[arg-type]


def by_python(binding: Binding, rows: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([binding.evaluate(list(draw)) for draw in rows.T]).T


def by_machine(binding: Binding, rows: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    steps = np.full((len(binding.steps), rows.shape[1]), np.nan)
    Steps(binding).evaluate(rows, steps)
    return steps


@pytest.mark.parametrize("name", ["framework_2023_11", "carbon_pricing"])
def test_all_formulas_of_a_scenario_have_the_bits_of_python(name: str) -> None:
    """At values that are odd in all digits, so that one operation in another order shows.

    Some leave the range that a formula has: it is NaN there, in both.
    """
    binding = load(name).binding
    around = np.random.default_rng(3).uniform(0.7, 1.3, (len(binding.rows), 40))
    rows = around * np.array(binding.central())[:, None]
    mine, theirs = by_machine(binding, rows), by_python(binding, rows)
    assert [k for k in range(len(mine)) if mine[k].tobytes() != theirs[k].tobytes()] == []
    assert np.isfinite(mine).mean() > 0.8 and len(mine) > 4


@pytest.mark.parametrize("width", [1, 7, TILE])
def test_any_number_of_draws(width: int) -> None:
    binding = binding_of(additive, product, first_alone)
    rows = np.random.default_rng(0).random((3, width))
    assert by_machine(binding, rows).tobytes() == by_python(binding, rows).tobytes()


def test_factors_and_a_step_without_a_formula() -> None:
    """A step of a printed figure is its only input; each input and each result has a factor of its own."""
    binding = binding_of(additive, product)
    first, second = binding.steps
    scaled = tuple(replace(one, factor=0.1 * (k + 3)) for k, one in enumerate(second.inputs))
    copied = replace(first, function=None, inputs=first.inputs[:1], factor=1e-3)
    changed = Binding(binding.rows, (copied, replace(second, inputs=scaled, factor=7.7)))
    rows = np.random.default_rng(1).random((3, 50))
    assert by_machine(changed, rows).tobytes() == by_python(changed, rows).tobytes()


def test_rows_that_lie_elsewhere_take_the_same_machine_code() -> None:
    """Nothing is compiled for a binding that orders its rows and steps otherwise, or holds a formula twice."""
    binding = binding_of(additive, product, first_alone)
    Steps(binding).arrays  # noqa: B018
    before = {name for name in sys.modules if name.startswith("ctsim_generated_")}
    turned = made([first_alone, additive, product, additive], dict.fromkeys("cab", UNIT), {}, "mc").kernel.binding
    rows = np.random.default_rng(2).random((3, TILE))
    assert by_machine(turned, rows).tobytes() == by_python(turned, rows).tobytes()
    assert {name for name in sys.modules if name.startswith("ctsim_generated_")} == before


def test_the_digest_is_of_the_formulas_alone() -> None:
    whole, turned = binding_of(additive, product), binding_of(product, additive)
    assert Steps(whole).digest == Steps(turned).digest == source_digest([product, additive, product])
    assert Steps(whole).digest != Steps(binding_of(additive)).digest
    assert address(additive) == address(additive) != address(product) != 0
    assert "ctsim" in source(additive) and "[i] * f0" in source(additive)


def test_what_is_not_asked_for_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "_module", lambda text: pytest.fail("compiled"))
    assert Steps(binding_of(additive)).digest


TWICE = """
from tests.test_indices import product
from ctsim.generated import address
print(address(product) != 0)
"""


def test_machine_code_is_read_from_disk_by_another_process(tmp_path: Path) -> None:
    """It is told which module it is of: the second process finds the file of the first and calls it."""
    environment = os.environ | {"CTSIM_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    files = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", TWICE], env=environment, capture_output=True, text=True)
        assert (done.stdout.strip(), done.returncode) == ("True", 0), done.stderr[-500:]
        files.append(sorted(path.name for path in tmp_path.rglob("*") if path.is_file()))
    assert files[0] == files[1] and files[0]
