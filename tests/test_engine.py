"""Runs from request to result: bits that depend on nothing but the request, revisions on common random numbers,
directories that are whole or not there, and options that say what is wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsim import catalog, units
from ctsim.audit import audit
from ctsim.catalog import Scenario
from ctsim.dataset import result_digest
from ctsim.engine import Run, open_run, parameters_at, simulate
from ctsim.errors import InputError, RunDirectoryError
from ctsim.programme import METRICS
from ctsim.request import DEFAULT_METHOD, default_directory
from tests.runs import FEW, differing, full, outside, scenario, study

SOURCE = {"key": "impact_report_2026_01", "where": "Annex 2"}
PAIR = ("offshore_wind", "high_temperature_reactor")
DRAWS = {"sobol": 2**17, "mc": 70 * 1024}  # more than the pilot; of mc no multiple of 16 tiles
NODES = ("/co2_reduction", "/economic_effect", "/items/co2_reduction", "/items/economic_effect", "/other",
         "/parameters")  # fmt: skip


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Four programmes of the shipped scenario."""
    return catalog.load(study(tmp_path_factory.mktemp("few")))


@pytest.fixture(scope="module", params=DRAWS)
def method(request: pytest.FixtureRequest) -> str:
    """What holds of the bits of a run holds of both."""
    return str(request.param)


@pytest.fixture(scope="module")
def run(few: Scenario, method: str) -> Run:
    """Those four, in one chunk of one thread."""
    return drawn(few, method, chunk=DRAWS[method], workers=1)


def drawn(given: Scenario, method: str, **options: object) -> Run:
    """A run of as many draws as the tests of that method take."""
    return simulate(given, draws=DRAWS[method], method=method, **options)  # type: ignore[arg-type]


def labels(programmes: tuple[str, ...], tree: xr.DataTree, node: str) -> dict[str, list[str]]:
    """What belongs to some programmes in a node."""
    dim = {"/other": "figure", "/parameters": "parameter"}.get(
        node, "item" if node.startswith("/items") else "programme"
    )
    names = [str(name) for name in tree[node].dataset[dim].values]
    return {dim: [name for name in names if name.split(".")[0] in programmes]}


def changed(a: xr.DataTree, b: xr.DataTree, programmes: tuple[str, ...]) -> dict[str, list[str]]:
    """Nodes and variables in which two results differ in a bit, of what belongs to some programmes."""
    found = {}
    for node in NODES:
        chosen = labels(programmes, a, node)
        if any(chosen.values()):
            found[node] = differing(a, b, node, **chosen)
    assert len(found) >= 3
    return {node: names for node, names in found.items() if names}


# ---- one request, one result


@pytest.mark.parametrize(
    ("chunk", "workers"),
    [(1, 2), (1024, 3), (1500, 1), (5000, 2), (16384, 2), (65536, 3), (65537, 1), (70 * 1024 - 1, 2),
     (2**17 - 1, 2), (10**9, 2)],
)  # fmt: skip
def test_chunks_and_workers_change_nothing(run: Run, few: Scenario, method: str, chunk: int, workers: int) -> None:
    assert drawn(few, method, chunk=chunk, workers=workers).result_digest == run.result_digest


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """One small programme, without items and other figures."""
    return catalog.load(study(tmp_path_factory.mktemp("one"), ("offshore_wind",)))


@pytest.mark.parametrize("way", DRAWS)
@settings(max_examples=15, deadline=None)
@given(st.integers(1, 20_000), st.integers(1, 30_000), st.integers(1, 3), st.integers(0, 2**64 - 1))
def test_any_chunk_gives_the_same_bits(
    one: Scenario, way: str, draws: int, chunk: int, workers: int, seed: int
) -> None:
    whole = simulate(one, draws=draws, method=way, seed=seed, chunk=draws, workers=1)
    again = simulate(one, draws=draws, method=way, seed=seed, chunk=chunk, workers=workers)
    assert again.result_digest == whole.result_digest


def test_the_whole_report_in_two_layouts() -> None:
    again = simulate(scenario(), draws=2**18, chunk=50_000, workers=3)
    assert again.result_digest == full().result_digest


def test_seed_draws_and_method_change_the_result(run: Run, few: Scenario, method: str) -> None:
    fewer, more = {"sobol": (2**14, 2**15), "mc": (4096, 5120)}[method]
    digests = {simulate(few, draws=fewer, method=method, seed=seed).result_digest for seed in (0, 1, 2**64 - 1)}
    digests |= {simulate(few, draws=more, method=method).result_digest, run.result_digest}
    other = "mc" if method == "sobol" else "sobol"
    assert len(digests | {simulate(few, draws=2**14, method=other).result_digest}) == 6


@pytest.mark.parametrize(
    ("options", "draws", "total", "kind"),
    [
        ({}, 1, 2**14, "16 times a power of two"),
        ({}, 2**14 + 1, 2**15, "16 times a power of two"),
        ({"method": "mc"}, 1025, 2048, "a multiple of 1024"),
    ],
)
def test_draws_are_raised_to_whole_tiles_and_it_is_said(
    one: Scenario, options: dict[str, str], draws: int, total: int, kind: str
) -> None:
    raised = simulate(one, draws=draws, **options)  # type: ignore[arg-type]
    assert raised.card["draws"] == total
    assert raised.messages == (f"{draws:,} draws raised to {total:,}, {kind}",)
    exact = simulate(one, draws=total, **options)  # type: ignore[arg-type]
    assert exact.messages == ()
    assert exact.result_digest == raised.result_digest


def test_the_default_method_is_sobol(one: Scenario) -> None:
    plain, named = simulate(one, draws=2**14), simulate(one, draws=2**14, method="sobol")
    assert plain.card["method"] == DEFAULT_METHOD == "sobol"
    assert plain.result_digest == named.result_digest
    assert parameters_at(one, 3, 1) == parameters_at(one, 3, 1, "sobol") != parameters_at(one, 3, 1, "mc")


# ---- common random numbers: what was not revised does not move


def test_dropping_programmes_moves_no_other() -> None:
    """Four programmes alone and within the report, at the same draws; shared parameters are theirs too."""
    alone = simulate(without_others(), draws=2**18)
    assert changed(alone.tree, full().tree, FEW) == {}
    shared = {"parameter": ["gas_carbon_content", "hydrogen_heating_value"]}
    assert differing(alone.tree, full().tree, "/parameters", **shared) == []


def without_others() -> Scenario:
    """The report with all but four programmes left out by changes."""
    return scenario().with_changes(
        {"programme": p.id, "include": False, "reason": "test", "source": SOURCE}
        for p in scenario().programmes
        if p.id not in FEW
    )


VOLUME = """value = 2
unit = "Mt-CO2/yr"
uncertainty = { dist = "uniform", low = 1, high = 3, basis = "assumed", reason = "test" }"""
SHARE = """value = 50
unit = "%"
uncertainty = { dist = "pert", low = 20, mode = 50, high = 90, basis = "assumed", reason = "test" }"""
ONE_PARAMETER = """from ctsim.units import Mt_CO2_per_yr


def effect(volume: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    \"\"\"volume\"\"\"
    return volume
"""
TWO_PARAMETERS = """from ctsim.units import Mt_CO2_per_yr, Ratio


def effect(share: Ratio, volume: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    \"\"\"share × volume\"\"\"
    return share * volume
"""


def test_adding_a_programme_moves_no_other(run: Run, method: str, tmp_path: Path) -> None:
    outside(tmp_path, "extra", {"volume": VOLUME}, {"2030": "effect"}, ONE_PARAMETER)
    more = catalog.load(study(tmp_path, ("extra", *PAIR)), tmp_path / "formulas")
    added = drawn(more, method)
    assert "extra" in added.tree["co2_reduction"].programme
    assert changed(added.tree, run.tree, PAIR) == {}


def values(given: Scenario, method: str) -> dict[str, list[float]]:
    """Some draws of every parameter: /parameters of a result holds distributions, which no draw can move."""
    draws = [{label: value for label, value, _ in parameters_at(given, draw, 0, method)}
             for draw in (0, 1, 5000, DRAWS[method] - 1)]  # fmt: skip
    return {label: [one[label] for one in draws] for label in draws[0]}


def test_adding_and_removing_a_parameter_moves_no_other(run: Run, method: str, tmp_path: Path) -> None:
    """A page gets a parameter: no draw of it or of any other programme moves.

    It comes before the others with mc, behind them with sobol, where an outside page's order is its dimensions.
    """
    trees, found = [], []
    both = ["share", "volume"] if method == "mc" else ["volume", "share"]
    for parameters, source in ((["volume"], ONE_PARAMETER), (both, TWO_PARAMETERS)):
        page = {name: {"volume": VOLUME, "share": SHARE}[name] for name in parameters}
        outside(tmp_path, "extra", page, {"2030": "effect"}, source)
        more = catalog.load(study(tmp_path, ("extra", *PAIR)), tmp_path / "formulas")
        trees.append(drawn(more, method).tree)
        found.append(values(more, method))
    before, after = trees
    for other in (before, run.tree):
        assert changed(after, other, PAIR) == {}
    assert set(found[1]) - set(found[0]) == {"extra.share"}
    assert {name: found[1][name] for name in found[0]} == found[0]
    assert "mean" in differing(before, after, "/co2_reduction", programme="extra", year=2030)


def test_a_change_moves_only_what_it_reaches(run: Run, few: Scenario, method: str) -> None:
    spread = {"dist": "pert", "low": 25.0, "mode": 30.0, "high": 35.0, "basis": "assumed", "reason": "test"}
    change = {"parameter": "offshore_wind.capacity_factor", "value": 30.0, "uncertainty": spread,
              "reason": "test", "source": SOURCE}  # fmt: skip
    revised = few.with_changes([change])
    tree = drawn(revised, method).tree
    others = tuple(name for name in FEW if name != "offshore_wind")
    assert changed(run.tree, tree, others) == {}
    wind = changed(run.tree, tree, ("offshore_wind",))
    assert "mean" in wind["/co2_reduction"] and "mean" in wind["/parameters"]
    old, new = values(few, method), values(revised, method)
    assert {name for name in old if old[name] != new[name]} == {"offshore_wind.capacity_factor"}
    assert few.changes == () and few.digest != revised.digest
    assert drawn(few, method).result_digest == run.result_digest


def test_changes_keep_the_chosen_programmes(few: Scenario) -> None:
    assert [p.id for p in few.with_changes([]).programmes] == [p.id for p in few.programmes]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parameter": "offshore_wind.capacity_factor", "value": 30.0, "source": SOURCE}, "reason"),
        ({"parameter": "offshore_wind.capacity_factor", "value": 30.0, "reason": "x"}, "source"),
        ({"parameter": "offshore_wind.capacity_factor", "value": 30.0, "reason": "x", "source": SOURCE}, "restate"),
        ({"parameter": "offshore_wind.capacity", "value": 30.0, "reason": "x", "source": SOURCE}, "Did you mean"),
    ],
)
def test_a_change_without_its_grounds_is_refused(few: Scenario, change: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        few.with_changes([change])


def test_years_left_out_change_nothing_in_the_others(run: Run, few: Scenario, method: str) -> None:
    subset = drawn(few, method, years=[2050])
    for node in ("/co2_reduction", "/economic_effect", "/items/economic_effect"):
        assert subset.tree[node].year.values.tolist() == [2050]
        assert differing(subset.tree, run.tree, node, year=[2050]) == []
    for node in ("/other", "/parameters"):
        assert differing(subset.tree, run.tree, node) == []
    assert simulate(few, draws=1024, years=["2050", 2030]).tree["co2_reduction"].year.values.tolist() == [2030, 2050]


# ---- without uncertainty the result is the audit


def test_without_uncertainty_every_mean_is_the_audits(tmp_path: Path) -> None:
    fixed = catalog.load(study(tmp_path, None, uncertainty="none"))
    tree = simulate(fixed, draws=2048).tree
    checked = 0
    for figure in audit(fixed).figures:
        expected = figure.published if figure.computed is None else figure.computed
        for node, at, unit in places(figure, tree):
            found = tree[node].dataset.sel(at)
            factor = units.conversion(figure.unit, unit)
            assert figure.computed is not None or bool(found["computed"].isnull()), figure.key
            names = (
                ("mean", "minimum", "maximum")
                if figure.computed is None
                else ("mean", "computed", "minimum", "maximum")
            )
            for name in names:
                assert float(found[name]) == pytest.approx(expected * factor, rel=1e-12, abs=0), (figure.key, name)
            assert float(found["sd"]) == 0.0 and float(found["mcse"]) == 0.0, figure.key
            checked += 1
    assert checked >= 77
    assert (tree["parameters"].dataset["sd"] == 0).all()


def places(figure: object, tree: xr.DataTree) -> list[tuple[str, dict[str, object], str]]:
    """Node, labels and unit of an audited figure in a result tree."""
    others = tree["other"].dataset
    if figure.key in others.figure.values:  # type: ignore[attr-defined]
        at: dict[str, object] = {"figure": figure.key}  # type: ignore[attr-defined]
        return [("/other", at, str(others.unit.sel(at).values))]
    node, year = figure.metric, int(figure.when)  # type: ignore[attr-defined]
    assert node in METRICS
    unit = {"co2_reduction": "Mt-CO2", "economic_effect": "兆円"}[node]
    unit += "/yr" if units.convertible(figure.unit, unit + "/yr") else ""  # type: ignore[attr-defined]
    if figure.item:  # type: ignore[attr-defined]
        return [(f"/items/{node}", {"item": f"{figure.programme}.{figure.item}", "year": year}, unit)]  # type: ignore[attr-defined]
    return [(f"/{node}", {"programme": figure.programme, "year": year}, unit)]  # type: ignore[attr-defined]


# ---- draws that are not finite


def test_a_cell_with_bad_draws_has_a_reason_and_the_others_go_on(run: Run, method: str, tmp_path: Path) -> None:
    """An event of p = 0.001; mc: between 22 and 136 of 71,680 draws, false alarm 6e-12 (sobol's counts vary less).

    A p of 0.0025 or 0.0001 is caught with probability above 0.9995, one of 0.002 with 0.71.
    """
    zero = 'value = 1\nunit = "1"\nuncertainty = { dist = "choice", values = [0, 1], weights = [1, 999],'
    outside(
        tmp_path, "extra", {"volume": VOLUME, "divisor": zero + ' basis = "assumed", reason = "test" }'},
        {"2030": "effect"}, TWO_PARAMETERS.replace("share * volume", "volume / divisor").replace("share:", "divisor:"),
    )  # fmt: skip
    more = catalog.load(study(tmp_path, ("extra", *PAIR)), tmp_path / "formulas")
    tree = drawn(more, method).tree
    cell = tree["co2_reduction"].dataset.sel(programme="extra", year=2030)
    bad, first = int(cell["not_finite"]), int(str(cell["reason"].values).rpartition(" ")[2])
    expected = DRAWS[method] / 1000
    assert 0.3 * expected < bad < 1.9 * expected
    assert str(cell["reason"].values) == f"{bad} of {DRAWS[method]} draws not finite, first at draw {first}"
    assert cell["mean"].isnull() and cell["quantiles"].isnull().all()
    assert changed(tree, run.tree, PAIR) == {}

    def divisor_at(draw: int) -> float:
        return next(value for label, value, _ in parameters_at(more, draw, 0, method) if label == "extra.divisor")

    assert divisor_at(first) == 0.0 and divisor_at(first - 1) == divisor_at(0) == 1.0


# ---- the run directory


@pytest.fixture(scope="module")
def original(one: Scenario, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """A run of the small programme, and the directory where it is kept."""
    out = tmp_path_factory.mktemp("kept") / "run"
    return simulate(one, draws=3000, seed=5, out=out, command="ctsim run"), out


@pytest.fixture
def kept(original: tuple[Run, Path], tmp_path: Path) -> Path:
    """A copy of that directory."""
    return Path(shutil.copytree(original[1], tmp_path / "run"))


def test_a_kept_run_is_opened_again(one: Scenario, original: tuple[Run, Path], kept: Path) -> None:
    first = original[0]
    again = simulate(one, draws=3001, seed=5, out=kept, progress=lambda *_: pytest.fail("computed again"))
    assert again.messages == (f"{kept}: the same run, already there",)
    for other in (again, open_run(kept)):
        assert other.card == first.card == json.loads((kept / "run.json").read_text(encoding="utf-8"))
        assert result_digest(other.tree) == other.result_digest == first.result_digest
        assert other.directory == kept
        assert other.tree["other"].sizes["figure"] == other.tree["items/co2_reduction"].sizes["item"] == 0
        assert other.tree["other"]["status"].dtype.kind not in "fiu"
    assert {"run.json", "scenario.toml", "summary.nc"} <= {path.name for path in kept.iterdir()}


def test_keeping_a_run_does_not_change_it(one: Scenario, original: tuple[Run, Path]) -> None:
    assert simulate(one, draws=3000, seed=5).result_digest == original[0].result_digest


def test_the_run_card_says_how_the_run_was_made(one: Scenario, original: tuple[Run, Path]) -> None:
    card = original[0].card
    wanted = "format scenario revision scenario_digest seed method draws replicates stream_version coordinates versions"
    wanted += " formulas command started seconds result_digest draws_digest sealed"
    assert set(wanted.split()) <= card.keys()
    assert (card["seed"], card["draws"], card["replicates"], card["command"]) == (5, 16384, 16, "ctsim run")
    assert card["method"] == "sobol" and set(card["coordinates"]) >= {"offshore_wind"}
    assert card["scenario_digest"] == one.digest and card["sealed"] is True


def test_progress_is_told_after_every_chunk(one: Scenario) -> None:
    seen: list[tuple[int, int]] = []
    simulate(one, draws=3000, chunk=4096, progress=lambda done, total: seen.append((done, total)))
    assert sorted(seen) == [(4096, 16384), (8192, 16384), (12288, 16384), (16384, 16384)]


@pytest.mark.parametrize("other", [{"seed": 1}, {"draws": 16385}, {"years": [2030]}, {"method": "mc", "draws": 16384}])
def test_another_request_does_not_touch_a_run(one: Scenario, kept: Path, other: dict[str, object]) -> None:
    before = {path.name: path.read_bytes() for path in kept.iterdir() if path.is_file()}
    with pytest.raises(RunDirectoryError, match="holds another run"):
        simulate(one, **{"draws": 3000, "seed": 5, "out": kept, **other})  # type: ignore[arg-type]
    assert {path.name: path.read_bytes() for path in kept.iterdir() if path.is_file()} == before


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda out: flip_a_byte(out / "summary.nc"), "damaged"),
        (lambda out: (out / "summary.nc").unlink(), "missing"),
        (lambda out: (out / "run.json").write_text("{"), "cannot be read"),
        (lambda out: (out / "run.json").unlink(), "not a run directory"),
        (lambda out: (out / "run.json").write_text('{"format": 1, "sealed": false}'), "is damaged .no 'scenario'."),
    ],
)
def test_a_damaged_run_is_refused(kept: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(kept)
    with pytest.raises(RunDirectoryError, match=said):
        open_run(kept)


def test_a_run_of_which_nothing_is_done_leaves_nothing(
    one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done is kept: test_resume."""
    monkeypatch.setattr("ctsim.kernel.Kernel.plan", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        simulate(one, draws=4096, chunk=1024, out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_the_default_directory_belongs_to_the_request(few: Scenario, one: Scenario) -> None:
    here = default_directory(few, 1000, 0, "mc")
    assert here == default_directory(few, 1024, 0, "mc", ["2030", "2040", "2050"])
    assert here.parent == Path("results") and here.name.startswith("study-")
    requests = [(few, 1025, 0, None), (few, 1024, 1, None), (few, 1024, 0, [2030]), (one, 1024, 0, None)]
    others = {default_directory(which, draws, seed, "mc", years) for which, draws, seed, years in requests}
    assert len(others | {here}) == 5


# ---- titles are not results; options


def test_the_digest_ignores_titles(few: Scenario, run: Run, method: str, tmp_path: Path) -> None:
    renamed = catalog.load(study(tmp_path, titles="もう一つの題"))
    again = drawn(renamed, method, command="other")
    assert again.result_digest == run.result_digest
    assert again.tree.attrs["title"] != run.tree.attrs["title"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"draws": 0}, ["--draws 0"]),
        ({"draws": 2**40 + 1}, ["--draws 1099511627777: must be between"]),
        ({"draws": 2**40 + 1, "method": "mc"}, ["--draws 1099511627777: must be between"]),
        ({"draws": 2**36 + 1}, ["--draws 68719476737: sobol ends at 68,719,476,736; take --method mc"]),
        ({"seed": -1}, ["--seed -1"]),
        ({"seed": 2**64}, ["--seed"]),
        ({"chunk": 0, "workers": 0, "draws": -5}, ["--draws -5", "--chunk 0", "--workers 0"]),
        ({"method": "latin"}, ["--method latin"]),
        ({"years": [2035]}, ["--years 2035"]),
        ({"years": []}, ["--years"]),
    ],
)
def test_wrong_options_are_one_line_each(one: Scenario, options: dict[str, object], said: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        simulate(one, **options)  # type: ignore[arg-type]
    findings = [str(finding) for finding in caught.value.findings]
    assert len(findings) == len(said)
    assert all(finding.startswith(start) for finding, start in zip(findings, said, strict=True))


def test_a_draw_beyond_all_runs_is_refused(one: Scenario) -> None:
    for draw in (-1, 2**40):
        with pytest.raises(InputError, match="--draw"):
            parameters_at(one, draw, 0)
