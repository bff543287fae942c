"""Thresholds: shares of draws counted as they are, by cells named as figures are; refused with the reason."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import triang, uniform

from ctsim import catalog, shards, summed
from ctsim.catalog import Scenario
from ctsim.dataset import targets
from ctsim.engine import Run, open_run, resume, simulate
from ctsim.errors import InputError, RunDirectoryError
from ctsim.job import Job
from ctsim.programme import METRICS, YEARS
from ctsim.request import default_directory
from ctsim.thresholds import checked
from ctsim.totals import totals_of
from tests.runs import FEW, outside, scenario, study
from tests.studies import Study, refused
from tests.studies import study as small
from tests.unfinished import DRAWS, at_once, broken_off, one

__all__ = ["at_once", "one", "small"]

CELL = "hydrogen_supply_chain.co2_reduction.2030"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Four programmes with cells, items and figures off the year axis."""
    return catalog.load(study(tmp_path_factory.mktemp("few"), FEW))


def rows_of(run: Run) -> list[tuple[str, float, str, float, float]]:
    """Cell, value, unit, share and error of every threshold."""
    node = run.tree["thresholds"].dataset
    names = ("cell", "value", "unit", "p_at_least", "p_mcse")
    return list(zip(*(node[name].values.tolist() for name in names), strict=True))


# ---- what is counted


def test_shares_are_counted_draw_by_draw(few: Scenario) -> None:
    """Of a sample of exactly the run's draws, for a cell, a part, a figure off the axis, in and beyond the draws."""
    found = targets(few)
    chosen = [next(t for t in found if t.node.startswith(node)) for node in ("/co2", "/items", "/other", "/econ")]
    request = simulate(few, draws=2048, method="mc").card
    values = Job(few, request, 2048).kernel().evaluate(0, 2)
    samples = [values[found.index(target)] for target in chosen]
    marks = {target.name: float(np.quantile(sample, 0.3)) for target, sample in zip(chosen, samples, strict=True)}
    marks[chosen[0].name] = float(samples[0].max())
    run = simulate(few, draws=2048, method="mc", thresholds=marks)
    got = {cell: (value, unit, p) for cell, value, unit, p, _ in rows_of(run)}
    assert len(got) == 4
    for target, sample in zip(chosen, samples, strict=True):
        mark = marks[target.name]
        assert got[target.name] == (mark, target.unit.replace("兆円/yr", "trillion JPY/yr"), (sample >= mark).mean())
    assert got[chosen[0].name][2] == 1 / 2048


def test_the_error_of_a_share_is_that_of_its_replicates(one: Scenario) -> None:
    kernel = Job(one, simulate(one, draws=16 * 1024, method="mc").card, 4096).kernel()
    place = [target.name for target in kernel.targets].index(CELL)
    values = kernel.evaluate(0, 16)[place]
    mark = float(np.median(values))
    [(_, _, _, share, error)] = rows_of(simulate(one, draws=16 * 1024, method="mc", thresholds=[f"{CELL}={mark!r}"]))
    by_replicate = (values.reshape(16, 1024) >= mark).mean(axis=1)
    assert share == pytest.approx(by_replicate.mean(), abs=1e-15)
    assert error == pytest.approx(by_replicate.std(ddof=1) / 4, rel=1e-12)


LAW = {"uniform": ("low = 1, high = 3", uniform(1, 2)), "triangular": ("low = 1, mode = 2, high = 4",
                                                                      triang(1 / 3, 1, 3))}  # fmt: skip


@pytest.mark.parametrize("method", ["mc", "sobol"])
@pytest.mark.parametrize("dist", LAW)
def test_shares_are_those_of_the_law(tmp_path: Path, dist: str, method: str) -> None:
    """Within 6.5 standard errors, and one draw of each replicate, in 5 places: false alarm below 1e-4 (t15).

    A share of half the draws that is wrong by 0.02 (8 standard errors of 2^16 independent draws more) is always seen.
    """
    arguments, law = LAW[dist]
    spread = f'uncertainty = {{ dist = "{dist}", {arguments}, basis = "assumed", reason = "test" }}'
    module = "from ctsim.units import Mt_CO2_per_yr\n\n\ndef effect(volume: Mt_CO2_per_yr) -> Mt_CO2_per_yr:\n"
    module += '    """volume"""\n    return volume\n'
    volume = f'value = 2\nunit = "Mt-CO2/yr"\n{spread}'
    outside(tmp_path, "mine", {"volume": volume}, {"2030": "effect"}, module)
    mine = catalog.load(study(tmp_path, ("mine",)), tmp_path / "formulas")
    marks = [f"mine.co2_reduction.2030={value}" for value in law.ppf([0.05, 0.3, 0.5, 0.8, 0.99])]
    for _, value, _, share, error in rows_of(simulate(mine, draws=2**16, method=method, thresholds=marks)):
        assert abs(share - law.sf(value)) <= 6.5 * error + 16 / 2**16


def test_nothing_else_moves(one: Scenario) -> None:
    """Without thresholds there is no node; with them every other number keeps its bits."""
    plain, marked = simulate(one, draws=DRAWS), simulate(one, draws=DRAWS, thresholds=[f"{CELL}=5"])
    assert "thresholds" not in plain.tree
    assert plain.result_digest != marked.result_digest
    for node in plain.tree.subtree:
        other = marked.tree[node.path].dataset
        assert node.dataset.drop_attrs().identical(other.drop_attrs()), node.path


# ---- totals

TOTAL = "units_supported.co2_reduction.2030"


def kept(run: Run) -> np.ndarray:
    """Every draw of the one metric and year of a run, by programme."""
    return np.asarray(run.tree["draws"].dataset["co2_reduction"].values)[:, 0, :]


def chosen(members: Iterable[str], year: int) -> dict[str, Any]:
    """The least that has the total of these programmes."""
    return {"programmes": list(members), "years": [year], "metrics": ["co2_reduction"], "draws": 16 * 1024}


def test_of_a_total_the_draws_of_its_sum_are_counted(tmp_path: Path) -> None:
    members = next(one.members for one in scenario().totals if one.id == "units_supported")
    least, mark = chosen(members, 2030), [f"{TOTAL}=0.18"]
    run = simulate(scenario(), thresholds=mark, keep_draws="cells", out=tmp_path / "run", **least)
    rows = {cell: share for cell, value, unit, share, _ in rows_of(run) if (value, unit) == (0.18, "Mt-CO2/yr")}
    assert rows[TOTAL] == (kept(run).sum(axis=0) >= 0.18).mean() and 0.2 < rows[TOTAL] < 0.8
    free = simulate(scenario().with_dependence(0.0), thresholds=mark, **least)
    assert rows["units_supported:independent.co2_reduction.2030"] == rows_of(free)[0][3]


def test_of_a_bound_the_largest_member_is_counted(tmp_path: Path) -> None:
    least = chosen(("hydrogen_supply_chain", "water_electrolysis"), 2050)
    mark = "hydrogen.co2_reduction.2050.world_market.largest=500"
    run = simulate(scenario(), thresholds=[mark], keep_draws="cells", out=tmp_path / "run", **least)
    assert rows_of(run)[0][3] == (kept(run).max(axis=0) >= 500).mean()
    with pytest.raises(InputError, match="it is one cell; name hydrogen_steelmaking"):
        simulate(scenario(), draws=1024, thresholds=["hydrogen.co2_reduction.2030.japan_market.largest=1"])


def test_names_of_totals_are_those_of_their_targets() -> None:
    every = scenario()
    named = {one.name for one in summed.targets(every, YEARS, METRICS)}
    assert named == {one.cell for one in totals_of(every.totals, every.programmes, YEARS, METRICS, every.names)
                     if len(one.figures) > 1}  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("units_support.co2_reduction.2030", "Did you mean 'units_supported.co2_reduction.2030'?"),
        ("induced_spending", r"no total of draws \(list\): project cost, investment and demand are different kinds"),
        ("proceeds", r"no total of draws \(money\)"),
        (TOTAL, "the total has no number: .* is not among what is computed|not among those that were chosen"),
    ],
)
def test_a_total_that_cannot_be_counted_says_why(cell: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        simulate(scenario(), draws=1024, programmes=["offshore_wind"], thresholds=[f"{cell}=1"])


# ---- the request


def test_order_and_repeats_do_not_make_another_request(one: Scenario, tmp_path: Path) -> None:
    first = [f"{CELL}=5", f" {CELL} = 5.0", f"{CELL}=3", "hydrogen_supply_chain.co2_reduction.2050=100"]
    run = simulate(one, draws=2048, thresholds=first, out=tmp_path / "run")
    assert [(cell, value) for cell, value, *_ in rows_of(run)] == [
        (CELL, 3.0), (CELL, 5.0), ("hydrogen_supply_chain.co2_reduction.2050", 100.0),
    ]  # fmt: skip
    assert default_directory(one, 2048, 0, "mc", thresholds=first) == default_directory(
        one, 2048, 0, "mc", thresholds=first[::-1]
    )
    again = simulate(one, draws=2048, thresholds=first[::-1], out=tmp_path / "run")
    assert (again.result_digest, len(again.messages)) == (run.result_digest, 1)
    with pytest.raises(RunDirectoryError, match="thresholds is"):
        simulate(one, draws=2048, thresholds=first[:1], out=tmp_path / "run")


def test_values_by_cell_are_thresholds_too(one: Scenario) -> None:
    found = targets(one)
    assert checked({CELL: np.float64(5.1)}, one, found) == checked([f"{CELL}=5.1"], one, found) == [f"{CELL}=5.1"]
    assert checked(f"{CELL}=-0", one, found) == [f"{CELL}=0.0"]


def test_resumed_merged_and_extended_runs_have_them(one: Scenario, tmp_path: Path) -> None:
    marks = [f"{CELL}=5"]
    digest = simulate(one, draws=DRAWS, thresholds=marks).result_digest
    broken_off(one, tmp_path / "run", thresholds=marks)
    assert resume(tmp_path / "run").result_digest == digest
    assert rows_of(open_run(tmp_path / "run"))[0][:3] == (CELL, 5.0, "Mt-CO2/yr")
    parts = [tmp_path / f"part{number}" for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        simulate(one, draws=DRAWS, thresholds=marks, shard=f"{number}/2", out=part)
    assert shards.merge(parts, out=tmp_path / "whole").result_digest == digest
    simulate(one, draws=DRAWS // 2, thresholds=marks, out=tmp_path / "short")
    assert simulate(one, draws=DRAWS, thresholds=marks, extend=tmp_path / "short").result_digest == digest
    with pytest.raises(RunDirectoryError, match="thresholds is"):
        simulate(one, draws=2 * DRAWS, extend=tmp_path / "short")


# ---- what is refused


def test_every_fault_is_said_at_once_with_its_remedy() -> None:
    given = {
        "gtex.co2_reduction.2030=3": "the cell has no number (reference_only): …",
        "offshore_win.co2_reduction.2030=5": "no such cell. Did you mean 'offshore_wind.co2_reduction.2030'?",
        "zzz=1": "no such cell. Cells are named programme.metric.when.",
        "offshore_wind.co2_reduction.2030=nan": "the value must be a finite number, in Mt-CO2/yr",
        "offshore_wind.co2_reduction.2030=-inf": "the value must be a finite number, in Mt-CO2/yr",
        "offshore_wind.economic_effect.2030=x": "the value must be a finite number, in trillion JPY/yr",
        "offshore_wind.co2_reduction.2050=1": "the cell is not among those that were chosen; choose it, too",
        "offshore_wind.co2_reduction.2030": "write CELL=VALUE, as offshore_wind.co2_reduction.2030=5",
        "=": "write CELL=VALUE, as offshore_wind.co2_reduction.2030=5",
    }
    with pytest.raises(InputError) as caught:
        simulate(scenario(), draws=1024, years=[2030], thresholds=list(given))
    said = str(caught.value).splitlines()
    assert len(said) == len(given)
    for line, (text, why) in zip(said, given.items(), strict=True):
        begin, _, end = f"--threshold {text}: {why}".partition("…")
        assert line.startswith(begin) and line.endswith(end), line


def test_every_cell_of_the_report_can_be_asked_for() -> None:
    """Names are those of figures, all different, and none of them is read as another."""
    found = targets(scenario())
    names = [target.name for target in found]
    assert len(set(names)) == len(names) > 80
    assert {figure.key for p in scenario().programmes for figure in p.other_figures()} <= set(names)
    assert checked([f"{name}=1" for name in names], scenario(), found) == [f"{name}=1.0" for name in names]


# ---- the command


def test_the_command_prints_a_table(small: Study) -> None:
    run = ("run", "s.toml", "--formulas", "formulas", "--draws", "65536", "--quiet")
    marks = ("--threshold", "mine.co2_reduction.2030=150", "--threshold", "mine.co2_reduction.2030=1.5",
             "--threshold", "mine.co2_reduction.2030=0")  # fmt: skip
    done = small.ctsim(*run, *marks)
    assert (done.status, done.lines) == (0, [])
    table = done.out.partition("Share of draws at or above a threshold")[2].splitlines()
    rows = [line.split() for line in table if "mine." in line]
    assert [row[:3] for row in rows] == [
        ["mine.co2_reduction.2030", value, "Mt-CO2/yr"] for value in ("0", "1.5", "150")
    ]
    assert (rows[0][3:], rows[2][3:]) == (["every", "draw"], ["no", "draw"])
    assert 10 < float(rows[1][3]) < 30 and 0 < float(rows[1][4]) < 1
    again = small.ctsim(*run, *marks)
    assert (again.status, again.out.split("directory")[0]) == (0, done.out.split("directory")[0])


def test_a_threshold_of_a_cell_that_is_not_finite_says_so(small: Study) -> None:
    small.edit("formulas/mine.py", ("return share * volume", "return volume / (share - share)"))
    done = small.ctsim("run", "s.toml", "--formulas", "formulas", "--draws", "1024", "--threshold",
                       "mine.co2_reduction.2030=1", "--quiet")  # fmt: skip
    assert done.status == 0 and "not finite" in done.out.partition("Share of draws")[2]


def test_a_wrong_threshold_leaves_nothing_behind(small: Study) -> None:
    command = ("run", "s.toml", "--formulas", "formulas", "--draws", "1024", "--out", "o", "--threshold", "mine=1")
    refused(small, command, ["--threshold mine=1: no such cell. Cells are named programme.metric.when."])
