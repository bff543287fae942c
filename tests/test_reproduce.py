"""`ctsim reproduce`: the same bits, or the part that is not the same."""

import json
import subprocess
from pathlib import Path

import pytest

from ctsim import job, kernel, reproduce, streams
from ctsim.binding import Row
from ctsim.catalog import Scenario, load
from ctsim.distributions import Quantiles
from ctsim.durable import card_digest
from ctsim.engine import simulate
from ctsim.errors import InputError, RunDirectoryError
from ctsim.rundir import CARD, _card_content
from tests.runs import outside, study
from tests.test_engine import ONE_PARAMETER, VOLUME
from tests.unfinished import COMMAND, DRAWS, FEW, one

__all__ = ["one"]


def changed(directory: Path, **said: object) -> None:
    """Seal a card that says something else."""
    card = {**json.loads((directory / CARD).read_text(encoding="utf-8")), **said}
    card["card_digest"] = card_digest(card)
    (directory / CARD).write_bytes(_card_content(card))


def parts(directory: Path, **options: object) -> tuple[bool, list[str]]:
    """Whether it is identical, and the parts that differ."""
    found = reproduce.reproduce(directory, **options)  # type: ignore[arg-type]
    return found.identical, [one.part for one in found.differences]


@pytest.mark.parametrize(
    "options",
    [{}, {"draws": 20 * 1024, "method": "mc"}, {"draws": 2**20, "precision": 0.05}, {"keep_draws": "cells"},
     {"thresholds": {"hydrogen_supply_chain.co2_reduction.2030": 1.0}, "years": [2030]}],
)  # fmt: skip
def test_a_run_comes_out_again(one: Scenario, tmp_path: Path, options: dict[str, object]) -> None:
    simulate(one, **{"draws": DRAWS, "out": tmp_path / "run", **options})  # type: ignore[arg-type]
    assert parts(tmp_path / "run") == (True, [])


def test_totals_without_dependence_are_no_other_tables(tmp_path: Path) -> None:
    """Their rows are drawn with twins of the tables that are kept: of what a run keeps nothing differs."""
    some = ["hydrogen_supply_chain", "water_electrolysis", "plastic_feedstock", "clean_energy_vehicles",
            "battery_supply_chain", "power_semiconductors"]  # fmt: skip
    run = simulate("framework_2023_11", draws=DRAWS, out=tmp_path / "run", programmes=some)
    assert run.tree["totals"]
    assert parts(tmp_path / "run") == (True, [])


def test_another_version_or_machine_is_said_and_is_no_difference(one: Scenario, tmp_path: Path) -> None:
    card = simulate(one, draws=FEW, out=tmp_path / "run").card
    changed(tmp_path / "run", versions={**card["versions"], "numpy": "1.9"}, platform="Plan9 mips, no libc")
    assert parts(tmp_path / "run") == (True, ["versions", "platform"])


def test_a_result_that_nothing_explains(one: Scenario, tmp_path: Path) -> None:
    simulate(one, draws=FEW, out=tmp_path / "run")
    changed(tmp_path / "run", result_digest="0" * 64)
    found = reproduce.reproduce(tmp_path / "run")
    assert not found.identical and "nothing that the card names" in found.words()


def test_tables_of_another_machine(one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = kernel._quantiles

    def elsewhere(row: Row) -> Quantiles:
        return build(row).scaled(1 + 2**-40)

    with monkeypatch.context() as patch:
        patch.setattr(kernel, "_quantiles", elsewhere)
        simulate(one, draws=DRAWS, out=tmp_path / "run")
    assert parts(tmp_path / "run") == (False, ["tables"])


def test_other_streams(one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(one, draws=FEW, out=tmp_path / "run")
    monkeypatch.setattr(reproduce, "STREAM_VERSION", streams.STREAM_VERSION + 1)
    found = reproduce.reproduce(tmp_path / "run")
    assert found.words() == "differs, not drawn: streams is not that of the run"


def test_other_formulas_and_other_values(tmp_path: Path) -> None:
    outside(tmp_path, "extra", {"volume": VOLUME}, {"2030": "effect"}, ONE_PARAMETER)
    run = tmp_path / "run"
    card = simulate(load(study(tmp_path, ("extra",)), tmp_path / "formulas"), draws=FEW, out=run).card
    assert card["formulas"] == str(tmp_path / "formulas")
    with pytest.raises(InputError, match="give its folder with --formulas"):
        reproduce.reproduce(run)
    assert parts(run, formulas=tmp_path / "formulas") == (True, [])
    path = tmp_path / "formulas/extra.py"
    path.write_text(path.read_text(encoding="utf-8").replace("return volume", "return 2 * volume"), encoding="utf-8")
    assert parts(run, formulas=tmp_path / "formulas") == (False, ["formulas"])


def test_what_cannot_be_reproduced(one: Scenario, tmp_path: Path) -> None:
    simulate(one, draws=FEW, out=tmp_path / "part", shard="1/2")
    with pytest.raises(RunDirectoryError, match="is a shard; merge all"):
        reproduce.reproduce(tmp_path / "part")
    with pytest.raises(RunDirectoryError, match="is not a run directory"):
        reproduce.reproduce(tmp_path)


def test_the_command(one: Scenario, tmp_path: Path) -> None:
    digest = simulate(one, draws=FEW, out=tmp_path / "run").result_digest
    command = [*COMMAND, "reproduce", str(tmp_path / "run"), "--quiet"]
    good = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (good.returncode, good.stdout, good.stderr) == (0, f"identical: result {digest[:16]}\n", "")
    changed(tmp_path / "run", result_digest="0" * 64, platform="elsewhere")
    bad = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert bad.returncode == 1
    assert "platform" in bad.stdout and job.machine() in bad.stdout
    assert bad.stdout.endswith(f"in the card, {digest[:16]} here; what differs: platform\n")
