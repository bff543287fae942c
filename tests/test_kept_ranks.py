"""Rank-based indices from kept draws: those of the analysis on the same draws, a sum known by hand, bad input."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ctsim.engine import Run, simulate
from ctsim.errors import InputError
from ctsim.kept_ranks import NAMES, kept_ranks
from ctsim.sensitivity import sensitivity
from tests.languages import left_in
from tests.pairs import scenario, write
from tests.studies import Study, study

__all__ = ["study"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ranks")
    write(made)
    scenario(made, "a")
    return made


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    asked = {"draws": 2**15, "keep_draws": "all", "out": folder / "run", "formulas": folder / "formulas"}
    return simulate(folder / "a.toml", **asked)  # type: ignore[arg-type]


def test_a_sum_of_two_alike_is_half_of_each(run: Run) -> None:
    """x and y are uniform of the same width: half of the variance each; the product of 2040 has neither y nor u."""
    node = kept_ranks(run)["co2_reduction"].dataset
    year = node.sel(programme="mine", year=2030)
    assert [float(year["rank"].sel(parameter=f"mine.{name}")) for name in "xy"] == pytest.approx([0.5, 0.5], abs=0.01)
    assert float(year["spearman"].sel(parameter="mine.x")) == pytest.approx(0.7, abs=0.03)
    other = node.sel(programme="mine", year=2040)["rank"]
    assert abs(float(other.sel(parameter="mine.y"))) < 0.01 < float(other.sel(parameter="mine.p"))


def test_the_analysis_finds_the_same_bits_in_the_same_draws(run: Run, folder: Path) -> None:
    """Its first sample is the run's, and it looks at as many draws."""
    own = sensitivity(folder / "a.toml", draws=2**15, formulas=folder / "formulas").tree["co2_reduction"].dataset
    kept = kept_ranks(folder / "run")["co2_reduction"].dataset
    assert run.directory == folder / "run"
    compared = 0
    for name in kept["parameter"].values.tolist():
        for year in (2030, 2040, 2050):
            for index in NAMES:
                theirs, ours = (
                    one[index].sel(parameter=name, programme="mine", year=year).item() for one in (own, kept)
                )
                if theirs:
                    assert ours == theirs, (name, year)
                    compared += 1
    assert compared == 6 * len(NAMES)


def test_a_run_without_all_draws_is_refused(folder: Path) -> None:
    path = folder / "a.toml"
    bare = simulate(path, draws=2**14, formulas=folder / "formulas", out=folder / "bare")
    cells = simulate(path, draws=2**14, formulas=folder / "formulas", out=folder / "cells", keep_draws="cells")
    for one, said in ((bare, "keeps no draws"), (cells, "keeps cells")):
        with pytest.raises(InputError, match=f"{said}; run it with --keep-draws all"):
            kept_ranks(one)


def test_the_command(study: Study) -> None:
    kept = ("run", "s.toml", "--formulas", "formulas", "--draws", "16384", "--keep-draws", "all", "--out", "o")
    assert study.ctsim(*kept, "--quiet").status == 0
    said = study.ctsim("sensitivity", "o", "--kept-draws")
    assert said.status == 0 and "mine.co2_reduction.2030" in said.out and "may be chance" in said.out
    japanese = study.ctsim("sensitivity", "o", "--kept-draws", "--lang", "ja").out
    assert left_in(japanese, "en", "sensitivity") == [] and "偶然の可能性" in japanese
    found = json.loads(study.ctsim("sensitivity", "o", "--kept-draws", "--json").out)
    drivers = [one for cell in found["cells"] for one in cell["parameters"]]
    assert drivers and np.isfinite([[one[name] for name in NAMES] for one in drivers]).all()
    assert all(0 < one["rank_mcse"] < 0.05 and 0 < one["spearman_mcse"] < 0.05 for one in drivers)
    assert re.search(r"\d % ± \d\S*, ρ \d\.\d\d ± \d", said.out)
    refused = study.ctsim("sensitivity", "o", "--kept-draws", "--seed", "3")
    assert (refused.status, refused.lines) == (2, ["--kept-draws: takes only --json and --lang; remove seed"])
