"""Dependence stress: a sum of two uniforms, whose quantiles are known when independent and when they move as one."""

import sys
from contextlib import nullcontext
from math import sqrt
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from ctsim.errors import InputError, RunDirectoryError, Stopped
from ctsim.stress import LEVELS, open_stress, stress
from tests.pairs import scenario, stopping, together, write

DRAWS = 2**16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("stress")
    write(made)
    write(made, "other")
    return made


def of(folder: Path, *more: str, programmes: tuple[str, ...] = ("mine",)) -> dict[str, dict[str, dict[str, float]]]:
    path = scenario(folder, "s", *more, programmes=programmes)
    found = stress(path, draws=DRAWS, formulas=folder / "formulas").to_dict()
    assert found["unaffected"] + len(found["quantities"]) == 3 * len(programmes)
    return {one["quantity"]: one for one in found["quantities"]}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_of_two_uniforms(folder: Path, sign: int) -> None:
    """1 + 2U + 2V: independent it is triangular on 1 to 5, as one 1 + 4U or the constant 3."""
    [(name, one)] = of(folder, together(["mine.x", "mine.y"], sign * 0.5)).items()
    assert name == "mine.co2_reduction.2030"
    assert one["independent"]["q95"] == pytest.approx(5 - sqrt(0.4), abs=0.01)
    assert one["as one"]["q95"] == pytest.approx(4.8 if sign > 0 else 3.0, abs=0.01)
    assert one["as one"]["q05"] == pytest.approx(1.2 if sign > 0 else 3.0, abs=0.01)
    ends = sorted(one[level]["q95"] for level in LEVELS)
    assert one["declared"]["q95"] == ends[1]
    assert all(one[level]["mean"] == pytest.approx(3.0, abs=1e-3) for level in LEVELS)


def test_quantities_that_one_member_reaches_are_left_alone(folder: Path) -> None:
    assert of(folder, together(["mine.u", "mine.y"], 0.5)) == {}
    assert of(folder) == {}


def test_signs_that_contradict_each_other_cannot_move_as_one(folder: Path) -> None:
    ties = (
        together(["mine.x", "mine.y"], 0.3),
        together(["mine.y", "mine.p"], 0.3),
        together(["mine.x", "mine.p"], -0.3),
    )
    with pytest.raises(InputError, match=r"cannot move as one, the signs of mine\.x ~ mine\.p contradict the others"):
        of(folder, *ties)


def test_declared_is_what_a_run_gives(folder: Path) -> None:
    from ctsim.engine import simulate

    path = scenario(folder, "run", together(["mine.x", "mine.y"], 0.5))
    own = simulate(path, draws=DRAWS, formulas=folder / "formulas").tree["co2_reduction"].dataset.sel(year=2030)
    found = stress(path, draws=DRAWS, formulas=folder / "formulas")
    assert found.values[0, 1, 0] == own["mean"].item()
    assert found.values[0, 1, 2] == own["quantiles"].sel(quantile=0.95).item()
    assert np.isnan(found.comonotone).all()


# ---- results that are kept


def test_what_is_kept_is_opened_again(folder: Path, tmp_path: Path) -> None:
    path = scenario(folder, "kept", together(["mine.x", "mine.y"], 0.5))
    asked = {"draws": 2**14, "formulas": folder / "formulas"}
    first = stress(path, out=tmp_path / "o", **asked)  # type: ignore[arg-type]
    again, opened = stress(path, out=tmp_path / "o", **asked), open_stress(tmp_path / "o")  # type: ignore[arg-type]
    assert "already there" in again.messages[0] and not first.messages
    for one in (again, opened, stress(path, **asked)):  # type: ignore[arg-type]
        assert one.result_digest == first.result_digest and one.values.tobytes() == first.values.tobytes()
        assert (one.quantities, one.units, one.groups, one.unaffected) == (
            first.quantities, first.units, first.groups, first.unaffected,
        )  # fmt: skip


def test_one_that_is_stopped_goes_on(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped at its first level and again at its third: no chunk is drawn twice, the numbers are the same."""
    drawn, now = stopping(monkeypatch)
    now |= {"stop at": 0, "event": Event()}
    path = scenario(folder, "s", together(["mine.x", "mine.y"], 0.5))
    expected = stress(path, draws=DRAWS, formulas=folder / "formulas").result_digest
    drawn.clear()
    monkeypatch.setattr(sys.modules["ctsim.compare"], "WORTH_KEEPING", -1.0)
    monkeypatch.setattr(sys.modules["ctsim.stress"], "stoppable", lambda: nullcontext(now["event"]))
    asked: dict[str, Any] = {"draws": DRAWS, "formulas": folder / "formulas", "chunk": DRAWS // 4, "workers": 1}
    for number in (2, 10):
        now |= {"stop at": number, "event": Event()}
        with pytest.raises(Stopped, match="the same command goes on"):
            stress(path, out=tmp_path / "o", **asked)
        assert list((tmp_path / "o").iterdir()) == [tmp_path / "o" / "unfinished"]
    now |= {"stop at": 0, "event": Event()}
    assert stress(path, out=tmp_path / "o", **asked).result_digest == expected
    assert len(drawn) == 12  # three levels of four chunks
    assert not (tmp_path / "o" / "unfinished").exists()


def test_another_request_and_a_damaged_file_are_refused(folder: Path, tmp_path: Path) -> None:
    path = scenario(folder, "bad", together(["mine.x", "mine.y"], 0.5))
    stress(path, draws=2**14, formulas=folder / "formulas", out=tmp_path / "o")
    with pytest.raises(RunDirectoryError, match="seed is 0 there, 1 here"):
        stress(path, draws=2**14, seed=1, formulas=folder / "formulas", out=tmp_path / "o")
    (tmp_path / "o" / "summary.nc").write_bytes(b"")
    with pytest.raises(RunDirectoryError, match="missing or damaged"):
        open_stress(tmp_path / "o")


def test_a_sum_that_nothing_moves_has_its_comonotone_sum() -> None:
    """It has one interval whatever moves, and a wider one if its parts move as one: their quantiles added."""
    from ctsim.engine import simulate

    found = stress("framework_2023_11", draws=2**14, programmes=["insulated_windows"], metrics=["co2_reduction"])
    assert found.still == found.quantities == ("windows_parts",)
    [levels] = found.values
    assert (levels == levels[0]).all()
    parts = simulate("framework_2023_11", draws=2**14, programmes=["insulated_windows"], metrics=["co2_reduction"]).tree
    figures = parts["other"].dataset["quantiles"]
    ends = sum(figures.sel(figure=one, quantile=[0.05, 0.95]).values for one in figures["figure"].values)
    assert found.comonotone[0].tolist() == pytest.approx(ends)
    assert found.comonotone[0, 0] < levels[1, 1] and found.comonotone[0, 1] > levels[1, 2]


def test_what_a_study_or_a_run_has_registered_counts(folder: Path, tmp_path: Path) -> None:
    """Coordinates in another order than that of the page, beside the scenario and then on the card of a run only."""
    from ctsim.engine import simulate

    path = scenario(folder, "registered", together(["mine.x", "mine.y"], 0.5))
    registered = path.parent / "coordinates.toml"
    registered.write_text(
        'format = 1\n\n[net.mine]\nparameters = ["mine.q", "mine.p", "mine.y", "mine.v", "mine.u", "mine.x"]\n',
        encoding="utf-8",
    )
    asked = {"draws": 2**14, "formulas": folder / "formulas"}
    try:
        run = simulate(path, out=tmp_path / "run", **asked)  # type: ignore[arg-type]
        beside = stress(path, **asked)  # type: ignore[arg-type]
    finally:
        registered.unlink()
    declared = run.tree["co2_reduction"]["mean"].values.ravel()
    for found in (beside, stress(tmp_path / "run", formulas=folder / "formulas")):
        means = {one["declared"]["mean"] for one in found.to_dict()["quantities"]}
        assert means <= set(declared[np.isfinite(declared)].tolist())
    other = stress(path, **asked)  # type: ignore[arg-type]
    assert other.result_digest != beside.result_digest
