"""The benchmarks work: every spec at a tiny size, workload W as it is specified, and what is made of the results.

Nothing here is timed, and no opponent runs: that is `make bench`.
"""

import ast
import json
import math
import re
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import agreement, plots, report, scenarios, workload
from benchmarks.__main__ import write
from benchmarks.agreement import compare
from benchmarks.goals import REPORT, W, goals
from benchmarks.measure import PACKAGES, Size, machine, measure, once, versions
from benchmarks.peers import FOLDER, PEERS, Peer, contest, environments
from benchmarks.registry import Case, Spec, register, specs
from benchmarks.specs import revision
from benchmarks.specs.accuracy import errors
from benchmarks.specs.convergence import distances
from benchmarks.specs.dask_threads import scheduler
from ctsim.audit import audit
from ctsim.engine import simulate
from tests.source import ROOT

RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "performance.md"


def tiny(spec: Spec) -> dict[str, Any]:
    """The record of a spec measured at its tiny point only."""
    small = replace(spec, quick=(spec.tiny,), repeats=1, warm=False, missing=lambda: "")
    return measure(small, Size("quick"), lambda _: None)


def record(name: str, seconds: float = 1.0, draws: int = 10**7, **more: Any) -> dict[str, Any]:
    """A contestant's record as a contest makes it."""
    return {
        "name": name, "title": name, "asked": draws, "draws": draws, "runs": [{"seconds": seconds, "cpu": seconds}],
        "MB": 100.0, "ready": 1.0, "versions": {}, **more,
    }  # fmt: skip


def point(seconds: float, work: float = 1.0, more: dict[str, float] | None = None, **where: Any) -> dict[str, Any]:
    """A measured point as `measure` makes it."""
    runs = [{"seconds": seconds} | (more or {})]
    return {"point": where, "work": work, "facts": {"parameters": 10}, "runs": runs}


def spec_record(name: str, *points: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A spec's record as `measure` makes it."""
    return {"name": name, "title": name, "unit": "draws", "points": list(points), **more}


def results(*found: dict[str, Any], contestants: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Everything that goes to the page."""
    return {
        "started": "2026-01-01T00:00+00:00", "size": "normal", "machine": machine(), "load": [0.0, 0.0], "minutes": 1.0,
        "contest": contestants or [], "agreement": None, "specs": list(found),
    }  # fmt: skip


# ---- every spec, tiny


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: spec.name)
def test_every_spec_runs(spec: Spec) -> None:
    found = tiny(spec)
    [measured] = found["points"]
    [run] = measured["runs"]
    assert run["seconds"] > 0 and all(math.isfinite(number) for number in run.values())
    assert measured["work"] >= 1
    assert json.loads(json.dumps(found)) == found
    assert spec.title in report.page(results(found))


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: spec.name)
def test_every_point_has_the_names_of_the_tiny_one(spec: Spec) -> None:
    points = [*spec.sweep, *spec.quick, *spec.full]
    assert points or spec.missing()
    known = {name for one in points for name in one}
    assert set(spec.tiny) <= known
    assert all(one in spec.sweep for one in spec.quick) or spec.quick
    json.dumps(points)


def test_a_name_counts_once() -> None:
    with pytest.raises(ValueError, match="two specs are named"):
        register(specs()[0])


def test_subjects_of_the_page_are_covered() -> None:
    wanted = {"draws", "threads", "parameters", "formulas", "method", "parts", "parameter_draw", "dask_threads"}
    assert wanted | {"memory", "start", "accuracy", "revision", "merge", "resume"} <= {spec.name for spec in specs()}


# ---- how things are timed


def counting(calls: list[int], **more: Any) -> Spec:
    """A spec whose cases note that they ran."""

    def build(where: Any) -> Case:
        return Case(lambda: calls.append(where["n"]))

    points = ({"n": 1}, {"n": 2})
    return Spec("counting", "Counting", build, points, points[:1], points[0], full=({"n": 3},), **more)


def test_rounds_go_over_all_points() -> None:
    calls: list[int] = []
    found = measure(counting(calls, repeats=3), Size("normal"), lambda _: None)
    assert calls == [1, 2] + [1, 2] * 3
    assert [len(one["runs"]) for one in found["points"]] == [3, 3]


def test_no_round_starts_that_would_take_too_long() -> None:
    calls: list[int] = []
    measure(counting(calls, repeats=9, seconds=0.0, warm=False), Size("normal"), lambda _: None)
    assert calls == [1, 2]


@pytest.mark.parametrize(("size", "points"), [("quick", [1]), ("normal", [1, 2]), ("full", [1, 2, 3])])
def test_sizes_choose_points(size: str, points: list[int]) -> None:
    assert [one["n"] for one in Size(size).points(counting([]))] == points


def test_what_is_missing_is_said_and_nothing_runs() -> None:
    calls: list[int] = []
    found = measure(counting(calls, missing=lambda: "no such thing"), Size("normal"), lambda _: None)
    assert (found["skipped"], calls) == ("no such thing", [])
    assert "Skipped: no such thing." in report.page(results(found))


def test_a_run_keeps_what_it_returns() -> None:
    found = once(Case(lambda: {"MB": 7.0}))
    assert found["MB"] == 7.0 and found["seconds"] >= 0


def test_versions_are_those_installed() -> None:
    assert set(versions([*PACKAGES, "no-such-package"])) == set(PACKAGES)


# ---- workload W


def test_w_is_sixty_parameters_of_six_families_and_eighteen_outputs() -> None:
    families = Counter(one.family for one in workload.PARAMETERS)
    assert len(families) == 6 and set(families.values()) == {10}
    assert (len(workload.NAMES), len(workload.OUTPUTS)) == (60, 18)


def test_w_gives_its_values_at_the_central_parameters() -> None:
    assert {one.verdict for one in audit(scenarios.scenario(W)).figures} == {"reproduced"}


def test_opponents_read_the_parameters_that_ctsim_draws() -> None:
    rows = {row.stream.removeprefix("workload_w."): row.spread for row in scenarios.sampled(W)}
    assert rows.keys() == set(workload.NAMES)
    for one in workload.PARAMETERS:
        assert rows[one.name].dist == one.family
        numbers = list(rows[one.name].arguments.values())
        if one.family == "lognormal":
            numbers[1] = math.log(numbers[1])
        assert tuple(numbers) == one.arguments


def test_opponents_compute_what_ctsim_computes() -> None:
    binding = scenarios.scenario(W).binding
    rows = binding.central()
    values = {row.stream.removeprefix("workload_w."): value for row, value in zip(binding.rows, rows, strict=True)}
    expected = dict(zip((step.figure.record.when for step in binding.steps), binding.evaluate(rows), strict=True))
    assert dict(zip(workload.OUTPUTS, workload.evaluate(values), strict=True)) == expected
    texts = workload.expressions()
    assert {name: eval(text, {}, values) for name, text in texts.items()} == pytest.approx(expected, rel=1e-14)


def test_sigmas_are_those_of_the_specification() -> None:
    sigmas = sorted(one.arguments[1] for one in workload.PARAMETERS if one.family == "lognormal")
    assert sigmas == pytest.approx([0.05, 0.05, 0.08, 0.1, 0.1, 0.15, 0.15, 0.3, 0.3, 0.35], rel=1e-14)


def test_means_of_products_are_products_of_means() -> None:
    """`steel30` and `wind30` multiply independent parameters: their means are known without simulation."""
    node = simulate(scenarios.scenario(W), draws=2**16).tree["/other"].dataset
    means = {"wind30": 2.68 * 8.76 * 0.3320 * 0.66, "steel30": 4.0 * 1.75 * 0.30}
    for name, mean in means.items():
        one = node.sel(figure=f"workload_w.other.{name}")
        # The ends of the truncated normals lie almost evenly: their means move by less than 1e-3 of themselves.
        assert abs(float(one["mean"]) - mean) <= 5 * float(one["mcse"]) + 1e-3 * mean


# ---- other things that are simulated


def test_made_studies_have_the_size_that_is_asked_for() -> None:
    made = scenarios.scenario("made 12 2")
    assert (len(made.binding.rows), len(made.binding.steps)) == (12, 2)
    assert sum(scenarios.families("made 12 2").values()) == 12
    with pytest.raises(ValueError, match="at most 6 parameters"):
        scenarios.scenario("made 7 1")


@pytest.mark.parametrize(("method", "draws"), [("mc", 2048), ("sobol", 16384)])
def test_draws_are_raised_as_the_method_does(method: str, draws: int) -> None:
    assert scenarios.rounded(1025, method) == draws
    assert simulate(scenarios.scenario(W), draws=1025, method=method).card["draws"] == draws


def test_a_plain_pool_gives_the_same_bits_as_dask() -> None:
    digests = set()
    for name in ("dask", "pool"):
        with scheduler(name):
            digests.add(simulate(scenarios.scenario(W), draws=2**13, chunk=2**11, workers=2).result_digest)
    assert len(digests) == 1


def test_errors_are_relative_and_of_random_cells_only() -> None:
    means, tails = errors(simulate(scenarios.scenario(W), draws=2**14))
    assert len(means) == 18 and len(tails) == 36
    assert all(0 < one < 0.1 for one in means + tails)


# ---- the opponents, without running them


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_an_opponent_is_whole(peer: Peer) -> None:
    tree = ast.parse((FOLDER / f"{peer.name}.py").read_text(encoding="utf-8"))
    [run] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run"]
    assert [one.arg for one in run.args.args] == ["n", "seed"]
    assert peer.own or {package.lower() for package in peer.packages} <= {name.lower() for name in peer.pins()}
    assert peer.most >= 10**7 or peer.why


def test_requirements_name_exact_versions_and_nothing_else() -> None:
    files = sorted(FOLDER.glob("requirements-*.txt"))
    assert {file.stem.removeprefix("requirements-") for file in files} == {one.requirements for one in PEERS} - {""}
    for file in files:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert lines and all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line) for line in lines)


def test_the_base_opponents_have_the_versions_that_ctsim_is_tested_with() -> None:
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    base = next(one for one in PEERS if one.requirements == "base").pins()
    assert {f"{name}=={version}" for name, version in base.items()} <= set(constraints)


def test_an_opponent_without_packages_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Peer, "pins", lambda self: {"no-such-package": "1"})
    monkeypatch.setattr(environments, "HOME", Path("no such folder"))
    absent = Peer("numpy_plain", "absent", "absent", ("no-such-package",))
    python, reason = environments.interpreter(absent, install=False)
    assert python == "" and "requirements-absent.txt" in reason


def test_ctsim_runs_in_its_own_environment() -> None:
    assert environments.interpreter(PEERS[0], install=False) == (sys.executable, "")


def test_slow_opponents_run_once_with_fewer_draws() -> None:
    slow, big = Peer("a", "a", "", (), 10**5, "slow"), Peer("b", "b", "", (), 10**6, "big")
    assert contest._record(slow, 10**6)["asked"] == 10**5
    assert contest._record(slow, 10**7)["skipped"] == "not above 100,000 draws: slow"
    assert contest._record(big, 10**7)["skipped"] == "not above 1,000,000 draws: big"
    assert "skipped" not in contest._record(big, 10**6)


def test_an_opponent_that_fails_says_why() -> None:
    broken = replace(PEERS[0], name="no_such_module")
    found = contest._record(replace(broken, name="numpy_plain"), 1000)
    contest._visit(broken, found, 0, install=False)
    assert "failed: " in found["skipped"]


# ---- the same statistics

SCALE = np.ones((18, 5))


def statistics(shift: float = 0.0, seed: int = 0, draws: int = 10**6) -> list[list[float]]:
    """What an opponent might report: standard normal errors, one of them shifted by `shift` standard errors."""
    found = np.random.default_rng(seed).normal(size=(18, 5)) / math.sqrt(draws)
    found[3, 2] += shift / math.sqrt(draws)
    return [[float(number) for number in row] for row in found]


def contestants(*shifts: float) -> list[dict[str, Any]]:
    names = ("ctsim_mc", "numpy_plain", "openturns", "dask_array")
    made = zip(names, shifts, range(len(shifts)), strict=False)
    return [record(name, draws=10**6, statistics=statistics(shift, seed)) for name, shift, seed in made]


def test_the_same_statistics_agree() -> None:
    found = compare(contestants(0, 0, 0, 0), SCALE)
    assert (found.comparisons, found.disagreements) == (6 * 90, ())
    assert all(0 < z <= found.limit for z in found.worst.values())


def test_false_alarms_are_as_rare_as_stated() -> None:
    """540 comparisons a try; at 1e-3 a try, more than 2 alarms in 100 tries have probability 2e-4."""
    alarms = 0
    for k in range(100):
        made = [record(name, draws=10**6, statistics=statistics(seed=100 + 4 * k + i))
                for i, name in enumerate(("ctsim_mc", "numpy_plain", "openturns", "chaospy"))]  # fmt: skip
        alarms += bool(compare(made, SCALE).disagreements)
    assert alarms <= 2


def test_one_wrong_statistic_of_one_output_is_found() -> None:
    """Twelve standard errors: a difference of two is then 8.5 ± 1 beside a limit near 4.8, found but for 2e-4."""
    found = compare(contestants(12, 0, 0), SCALE).disagreements
    assert {(one.first.split()[0], one.output, one.statistic) for one in found} == {("ctsim_mc", "wind50", "q05")}


def test_a_rough_statistic_is_allowed_what_is_declared() -> None:
    assert compare(contestants(0, 0, 0, 12), SCALE).disagreements == ()


def test_a_missing_number_is_a_disagreement() -> None:
    made = contestants(0, 0)
    made[0]["statistics"][0][0] = math.nan
    assert [one.z for one in compare(made, SCALE).disagreements] == [math.inf]


def test_standard_errors_are_those_of_theory() -> None:
    """A standard normal: 1, 1/sqrt(2), and sqrt(p (1 - p)) over the density."""
    [found] = agreement.errors([np.random.default_rng(1).normal(size=10**6)])
    assert found == pytest.approx([1.0, math.sqrt(0.5), 2.113, 1.2533, 2.113], rel=0.05)


# ---- goals and the page


def verdicts(made: dict[str, Any]) -> dict[str, bool]:
    return {one.what: one.reached for one in goals(made) if one.reached is not None}


def test_without_results_no_goal_is_judged() -> None:
    found = goals(results())
    assert len(found) > 15 and all(one.reached is None and one.measured == "" for one in found)


@pytest.mark.parametrize(("seconds", "reached"), [(0.5, True), (0.6, False)])
def test_the_expert_is_to_be_beaten_fifteen_times(seconds: float, reached: bool) -> None:
    made = [record("ctsim_mc", seconds), record("numpy_expert", 8.0), record("ctsim_mc", 9.0, 10**6)]
    found = verdicts(results(contestants=made))
    assert found["workload W, time a draw: ctsim (mc) beside numpy_expert, 10,000,000 draws"] is reached


def test_slow_opponents_are_compared_by_the_draw() -> None:
    made = [record("ctsim_mc", 0.5), record("monaco", 26.0, 10**5)]
    [found] = [one for one in goals(results(contestants=made)) if "monaco" in one.what]
    assert (found.measured, found.reached) == ("× 5,200", True)
    assert "100,000 draws (ctsim 10,000,000)" in found.what


def test_goals_of_specs_are_judged() -> None:
    made = results(
        spec_record(
            "parameter_draw", *(point(s, 1e6, scenario=REPORT, what=what, method=method) for s, what, method in (
                (1.0, "floor", "mc"), (1.29, "everything", "mc"), (1.0, "floor", "sobol"), (1.7, "everything", "sobol"),
            )),
        ),
        spec_record("threads", *(point(s, scenario=REPORT, workers=n) for s, n in ((1.9, 1), (1.0, 2)))),
        spec_record("dask_threads", point(1.0, threads="dask"), point(0.96, threads="pool")),
        spec_record("memory", *(point(1.0, n, {"MB": mb}, scenario=W, draws=n) for n, mb in ((1, 300.0), (9, 399.0)))),
        spec_record("start", point(0.3, command="help", cache="warm"), point(16.0, command="run", cache="cold")),
        spec_record("accuracy", *(point(1.0, 8, {"mean error": e, "tail error": e}, scenario=REPORT, method=m, draws=8)
                                  for m, e in (("mc", 1.0), ("sobol", 0.1)))),
        spec_record("merge", point(6.0, 100.0, shards=100), point(11.0, 100.0, shards=100)),
        spec_record("resume", point(9.0, run="undisturbed"), point(10.9, run="stopped, resumed")),
    )  # fmt: skip
    found = list(verdicts(made).values())
    assert found == [True, False, True, False, True, False, False, True, True, False, False, True]


def test_the_error_of_a_revision_is_judged_by_its_worst_cell() -> None:
    def measured(engine: str, first: float, second: float) -> dict[str, Any]:
        return point(1.0, 1, {"error 2030, %": first, "error 2050, %": second, "cells": 9.0}, engine=engine)

    points = [measured("ctsim", 0.01, 0.1), measured("numpy, redraws", 1.0, 5.1)]
    points += [measured("scipy Sobol', redraws", 1.0, 4.9)]
    found = [one for one in goals(results(spec_record("revision", *points))) if "revision" in one.what]
    assert [(one.measured, one.reached) for one in found] == [("× 51", True), ("× 49", False)]


def test_engines_that_redraw_find_differences_in_cells_that_did_not_change() -> None:
    """Both engines estimate the same: the moved programme a tenth more; only ctsim leaves the others exactly alone."""
    pair = revision.editions(fewest=True)
    keys = revision.quantities(pair)
    found = {engine: revision.difference(engine, 2**14, 1, pair) for engine in revision.ENGINES}
    moved = [i for i, (programme, _) in enumerate(keys) if programme == revision.MOVED]
    others = [i for i in range(len(keys)) if i not in moved]
    assert (found["ctsim"][others] == 0).all() and len(moved) == 3 and others
    for engine in revision.ENGINES[1:]:
        assert (found[engine][others] != 0).any(), engine
        assert found[engine][moved[:2]] == pytest.approx(found["ctsim"][moved[:2]], rel=0.2)


def test_the_page_says_what_was_measured() -> None:
    made = contestants(12, 0)
    rows = [*made, record("monaco", draws=10**5, skipped="no environment")]
    found = asdict(compare(made, SCALE)) | {"false_alarms": agreement.FALSE_ALARMS}
    text = report.page(results(spec_record("broken", failed="E: x"), contestants=rows) | {"agreement": found})
    for words in ("**They do not agree:**", "monaco, 100,000 draws: no environment", "Failed: E: x.", "wind50"):
        assert words in text


def test_results_and_page_are_written_together(tmp_path: Path) -> None:
    made = results(spec_record("one", point(1.0, 10**6, draws=10**6)))
    data, page = write(made, tmp_path, tracked=False)
    assert json.loads(data.read_text(encoding="utf-8")) == made
    assert page.read_text(encoding="utf-8") == report.page(made)
    assert {path.relative_to(tmp_path / "x").as_posix() for path in write(made, tmp_path / "x", tracked=True)} == {
        "benchmarks/results.json",
        "docs/performance.md",
    }


def test_distances_are_those_of_the_means_and_tails() -> None:
    loaded = scenarios.scenario(W)
    first, second = (scenarios.simulated(loaded, 2**14, 1, "mc", seed) for seed in (1, 2))
    assert distances(first, first) == (0.0, 0.0)
    mean, tail = distances(first, second)
    # Of the difference of two independent means the median is 0.67 * sqrt(2 / n) standard deviations.
    assert 0.2 < mean / (0.6745 * math.sqrt(2 / 2**14)) < 3.0
    assert mean < tail < 10 * mean


def test_the_picture_of_convergence_is_drawn_from_the_results(tmp_path: Path) -> None:
    assert plots.convergence(results(spec_record("one")), tmp_path / "none.png") is None
    measured = {"mean off": 1e-3, "tail off": 1e-3, "mean error": 1e-3, "tail error": 1e-3}
    points = [point(1.0, n, measured, method=m, draws=n) for n in (2**14, 2**16) for m in ("mc", "sobol")]
    made = results(spec_record("convergence", *points))
    paths = write(made, tmp_path, tracked=True)
    assert paths[2] == tmp_path / "docs" / "images" / "convergence.png"
    assert paths[2].read_bytes().startswith(b"\x89PNG")
    assert "images/convergence.png" in report.page(made)


@pytest.mark.skipif(not RESULTS.is_file(), reason="make bench has not run yet")
def test_the_page_in_the_repository_is_that_of_the_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == report.page(json.loads(RESULTS.read_text(encoding="utf-8")))
