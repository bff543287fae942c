"""Shipped scenarios and studies: each loads, says why, changes something, and runs at a tiny number of draws."""

import numpy as np
import pytest

from ctsim.catalog import Scenario, load
from ctsim.engine import simulate
from ctsim.library import library_root
from tests.report import Block, find

STUDIES = sorted(path.stem for path in (library_root() / "studies").glob("*.toml"))
ASKED = {
    "grid_7th_plan", "grid_frozen", "hydrogen_price_gap_delay", "low_utilisation", "japan_share_10",
    "no_research_delivery", "todays_exchange_rate", "new_car_baseline", "assumed_2025_06", "gx_ets_collar",
}  # fmt: skip
FEW = ["clean_energy_vehicles", "insulated_windows"]


def changed(study: Scenario) -> list[str]:
    """Programmes that a study changes, a few where it changes shared parameters or leaves programmes out."""
    here = {programme.id for programme in study.programmes}
    named = {str(one.change.parameter or one.change.impact or "").partition(".")[0] for one in study.changes}
    return sorted(named & here) or FEW


def test_the_studies_that_a_policy_team_asks_for_are_there() -> None:
    assert set(STUDIES) >= ASKED
    assert len(STUDIES) >= 10


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_is_short_gives_reasons_and_runs(name: str) -> None:
    study = load(name)
    base = load("carbon_pricing" if name == "gx_ets_collar" else "framework_2023_11")
    assert study.changes and all(len(one.change.reason) > 10 for one in study.changes)
    assert study.title_ja and study.title_en != base.title_en
    text = (library_root() / "studies" / f"{name}.toml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    few = {"draws": 1024, "method": "mc", "programmes": changed(study)}
    tree = simulate(study, **few).tree
    mean = np.concatenate([tree[node]["mean"].values.ravel() for node in ("co2_reduction", "economic_effect", "other")])
    assert np.isfinite(mean).any()
    if name != "no_research_delivery":
        assert study.digest != base.digest
        other = simulate(base, **few).tree
        nodes = ("co2_reduction", "economic_effect", "other")
        pairs = [(tree[node]["mean"].values, other[node]["mean"].values) for node in nodes]
        assert any((mine != theirs)[np.isfinite(theirs)].any() for mine, theirs in pairs)


def test_without_research_only_what_is_built_or_bought_is_left() -> None:
    study = load("no_research_delivery")
    assert [programme.number for programme in study.programmes] == list(range(15, 22))
    assert load("framework_2023_11").groups and study.groups  # what ties absent programmes is left out, not refused


def test_the_revision_of_2025_changes_no_impact() -> None:
    """Only sourced changes, and the report prints no second set of parameters: zero is the answer."""
    revised, base = load("framework_2025_06"), load("framework_2023_11")
    assert revised.changes == () and revised.digest == base.digest
    assert len(revised.provisions) >= 10


@pytest.mark.skipif(find() is None, reason="the report is not on this machine")
def test_every_provision_is_in_the_report() -> None:
    report = find()
    assert report is not None
    whole = Block(1, len(report.lines), "\n".join(report.lines))
    for one in load("framework_2025_06").provisions:
        assert one.source.quote and whole.find(one.source.quote), one.source.quote
