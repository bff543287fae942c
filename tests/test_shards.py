"""Runs that are divided, merged and extended: the result is that of the undivided run of that number, or an error."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctsim import shards
from ctsim.catalog import Scenario
from ctsim.engine import open_run, resume, simulate
from ctsim.errors import CtsimError, InputError, RunDirectoryError
from tests.unfinished import CHUNK, DRAWS, FEW, METHOD, ODD, ODD_FEW, at_once, broken_off, one, tiles, whole

__all__ = ["at_once", "one", "whole"]

# ---- shards


@pytest.fixture(scope="module")
def parts(one: Scenario, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Seven shards, each in chunks of its own size."""
    folder = tmp_path_factory.mktemp("parts")
    for number in range(1, 8):
        simulate(one, draws=DRAWS, chunk=1024 * number, out=folder / str(number), shard=f"{number}/7")
    return [folder / str(number) for number in range(1, 8)]


def test_seven_shards_in_random_order_are_the_undivided_run(
    one: Scenario, whole: dict[int, str], parts: list[Path], tmp_path: Path
) -> None:
    for seed in range(2):
        order = random.Random(seed).sample(parts, 7)
        merged = shards.merge(order, out=tmp_path / str(seed))
        assert merged.result_digest == whole[DRAWS]
        assert merged.card["revision"] == simulate(one, draws=DRAWS).card["revision"]
        assert open_run(tmp_path / str(seed)).result_digest == whole[DRAWS]
    again = shards.merge(order, out=tmp_path / "0")
    assert again.messages == (f"{tmp_path / '0'}: the same run, already there",)
    longer = simulate(one, draws=2 * DRAWS, extend=tmp_path / "1")
    assert longer.result_digest == simulate(one, draws=2 * DRAWS).result_digest


@pytest.mark.parametrize(("draws", "count"), [(FEW, 3), (ODD_FEW, 3), (ODD, 7)])
def test_shards_of_few_draws_and_of_odd_numbers(
    one: Scenario, whole: dict[int, str], tmp_path: Path, draws: int, count: int
) -> None:
    """A run no longer than the pilot is exact."""
    made = [tmp_path / str(number) for number in random.Random(draws).sample(range(1, count + 1), count)]
    for path in made:
        simulate(one, draws=draws, method=METHOD[draws], out=path, shard=f"{path.name}/{count}")
    assert shards.merge(made, out=tmp_path / "whole").result_digest == whole[draws]


def test_a_shard_has_no_result_of_its_own(one: Scenario, parts: list[Path]) -> None:
    assert sorted(path.name for path in parts[0].iterdir()) == ["run.json", "scenario.toml", "state.npz", "tables"]
    with pytest.raises(RunDirectoryError, match="is shard 1/7 of a run; `ctsim merge`"):
        open_run(parts[0])
    card = json.loads((parts[0] / "run.json").read_text(encoding="utf-8"))
    assert (card["shard"], card["sealed"], card["result_digest"]) == ("1/7", True, "")
    assert list(simulate(one, draws=DRAWS, out=parts[0], shard="1/7").tree.children) == []


def test_a_shard_is_stopped_and_resumed_too(one: Scenario, parts: list[Path], tmp_path: Path) -> None:
    broken_off(one, tmp_path / "2", after=2, shard="2/7")
    with pytest.raises(RunDirectoryError, match="of 5 chunks done; continue with"):
        shards.merge([parts[0], tmp_path / "2"], out=tmp_path / "none")
    resume(tmp_path / "2")
    assert (tmp_path / "2/state.npz").read_bytes() == (parts[1] / "state.npz").read_bytes()


Faults = Callable[[list[Path], Path, Scenario], list[Path]]


def damaged(paths: list[Path], folder: Path, one: Scenario) -> list[Path]:
    copy = shutil.copytree(paths[2], folder / "damaged")
    content = bytearray((copy / "state.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "state.npz").write_bytes(content)
    return [*paths[:2], copy, *paths[3:]]


def foreign(paths: list[Path], folder: Path, one: Scenario) -> list[Path]:
    simulate(one, draws=DRAWS, seed=1, out=folder / "foreign", shard="3/7")
    return [*paths[:2], *paths[3:], folder / "foreign"]


def other_count(paths: list[Path], folder: Path, one: Scenario) -> list[Path]:
    simulate(one, draws=DRAWS, out=folder / "eighth", shard="3/8")
    return [*paths, folder / "eighth"]


def whole_run(paths: list[Path], folder: Path, one: Scenario) -> list[Path]:
    simulate(one, draws=DRAWS, out=folder / "run")
    return [*paths, folder / "run"]


FAULTS: dict[str, tuple[Faults, list[str]]] = {
    "missing": (lambda p, f, s: [*p[:1], *p[3:]], ["missing: shard 2, 3 of 7; "]),
    "twice": (lambda p, f, s: [*p, p[4]], ["shard 5/7 is given twice, also as "]),
    "twice for another": (lambda p, f, s: [*p[:6], p[0]], ["shard 1/7 is given twice", "missing: shard 7 of 7"]),
    "damaged": (damaged, ["damaged/state.npz: is damaged"]),
    "foreign": (foreign, ["foreign: is of another run than ", "missing: shard 3 of 7"]),
    "other count": (other_count, ["eighth: is of another run than ", "(7 shards there, 8 here)"]),
    "whole": (whole_run, ["run: is a whole run, no shard; "]),
    "not there": (
        lambda p, f, s: [*p[:6], f / "nowhere"],
        ["nowhere: is not a run directory", "missing: shard 7 of 7"],
    ),
    "missing, and a whole run": (
        lambda p, f, s: [*whole_run(p[:6], f, s)],
        ["run: is a whole run, no shard; ", "missing: shard 7 of 7"],
    ),
    "missing, and damaged": (
        lambda p, f, s: damaged(p, f, s)[:-1],
        ["damaged/state.npz: is damaged", "missing: shard "],
    ),
    "none": (lambda p, f, s: [], ["no shards are given"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_shards_is_said(one: Scenario, parts: list[Path], tmp_path: Path, fault: str) -> None:
    make, said = FAULTS[fault]
    with pytest.raises(RunDirectoryError) as caught:
        shards.merge(make(parts, tmp_path, one), out=tmp_path / "out")
    lines = [str(finding) for finding in caught.value.findings]
    assert all("\n" not in line for line in lines)
    assert all(any(words in line for line in lines) for words in said), lines
    assert len(lines) == len({line for line in lines for words in said if words in line}), lines
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"shard": "0/7"}, "write I/N"), ({"shard": "8/7"}, "write I/N"), ({"shard": "1"}, "write I/N"),
        ({"shard": "1/7/2"}, "write I/N"), ({"shard": "-1/7"}, "write I/N"), ({"shard": "一/七"}, "write I/N"),
        ({"shard": "1/129"}, "at most 128 shards"), ({"shard": "1/7", "out": None}, "give the directory"),
        ({"shard": "1/97", "draws": ODD, "method": "mc"}, "at most 96 shards"),
        ({"shard": "1/7", "extend": "x"}, "not with --extend"),
    ],
)  # fmt: skip
def test_shards_that_cannot_be(one: Scenario, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        simulate(one, **{"draws": DRAWS, "out": tmp_path / "run", **options})
    assert list(tmp_path.iterdir()) == []


# ---- more draws


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize(
    ("method", "start", "draws"),
    [
        ("sobol", DRAWS, 2 * DRAWS), ("sobol", FEW, DRAWS), ("sobol", 65536, DRAWS), ("sobol", FEW, 2 * FEW),
        ("mc", ODD, 150 * 1024), ("mc", ODD_FEW, ODD), ("mc", 65536, ODD), ("mc", ODD_FEW, 2 * ODD_FEW),
    ],
)  # fmt: skip
def test_an_extended_run_is_a_fresh_one_of_that_number(
    one: Scenario, tmp_path: Path, in_place: bool, method: str, start: int, draws: int
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    before = simulate(one, draws=start, method=method, out=first).result_digest
    seen: list[int] = []
    longer = simulate(
        one, draws=draws, method=method, chunk=CHUNK, extend=first, out=None if in_place else second,
        progress=lambda done, total: seen.append(done),
    )  # fmt: skip
    assert longer.result_digest == simulate(one, draws=draws, method=method).result_digest
    assert longer.directory == (first if in_place else second)
    assert open_run(longer.directory).card["extended"] == start
    assert (min(seen) > start) == (start >= 65536)
    assert in_place or open_run(first).result_digest == before


def test_an_extension_that_is_broken_off_is_resumed(one: Scenario, tmp_path: Path) -> None:
    simulate(one, draws=DRAWS, out=tmp_path)
    broken_off(one, out=None, draws=2 * DRAWS, after=4, extend=tmp_path)  # type: ignore[arg-type]
    assert tiles(tmp_path) >= DRAWS // 1024 + 16
    with pytest.raises(RunDirectoryError, match="ctsim resume"):
        open_run(tmp_path)
    assert resume(tmp_path).result_digest == simulate(one, draws=2 * DRAWS).result_digest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"draws": DRAWS}, "give more"), ({"draws": 1024}, "give more"), ({"seed": 1}, "seed is 0 there, 1 here"),
        ({"years": [2030]}, "years is"), ({"method": "mc"}, "method is 'sobol' there, 'mc' here"),
        ({"extend": "nowhere"}, "is not a run directory"),
    ],
)  # fmt: skip
def test_what_cannot_be_extended(one: Scenario, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    run = simulate(one, draws=DRAWS, out=tmp_path / "run")
    wanted = {"draws": 2 * DRAWS, "extend": tmp_path / "run", **options}
    with pytest.raises(CtsimError, match=said):
        simulate(one, **wanted)
    assert open_run(tmp_path / "run").result_digest == run.result_digest
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_shard_is_not_extended(one: Scenario, parts: list[Path]) -> None:
    with pytest.raises(RunDirectoryError, match="shard is '1/7' there"):
        simulate(one, draws=2 * DRAWS, extend=parts[0])


def test_sobol_nets_are_resumed_merged_and_extended(one: Scenario, tmp_path: Path) -> None:
    """Coordinates are those of the run card: the registry may have grown meanwhile."""
    fresh = {draws: simulate(one, draws=draws, method="sobol").result_digest for draws in (2**17, 2**18)}
    broken_off(one, tmp_path / "run", 2**17, method="sobol")
    run = resume(tmp_path / "run")
    assert run.result_digest == fresh[2**17]
    assert len(run.card["coordinates"]) >= 1
    longer = simulate(one, draws=2**18, method="sobol", extend=tmp_path / "run", out=tmp_path / "more")
    assert longer.result_digest == fresh[2**18]
    for number in (2, 1, 3):
        simulate(one, draws=2**17, method="sobol", out=tmp_path / str(number), shard=f"{number}/3")
    merged = shards.merge([tmp_path / str(number) for number in (3, 1, 2)], out=tmp_path / "merged")
    assert merged.result_digest == fresh[2**17]


def test_an_extension_that_is_refused_leaves_the_finished_run_as_it_was(one: Scenario, tmp_path: Path) -> None:
    simulate(one, draws=DRAWS, out=tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    for out in (None, tmp_path / "other"):
        with pytest.raises(InputError, match="--memory"):
            simulate(one, draws=2 * DRAWS, extend=tmp_path / "run", out=out, memory="50MB")
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before
    assert not (tmp_path / "other").exists()
    open_run(tmp_path / "run")
