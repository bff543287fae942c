"""Draws that are kept: the values of every draw in order, in any layout the same bytes, whole or refused."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from ctsim import catalog, draws, durable, keeping, shards
from ctsim.catalog import Scenario
from ctsim.dataset import targets
from ctsim.draws import BLOCK, BLOCK_TILES, MANIFEST, STORE, Block, Layout, Variable
from ctsim.engine import Run, open_run, parameters_at, resume, simulate
from ctsim.errors import InputError, RunDirectoryError, Stopped
from ctsim.kernel import Kernel
from tests.runs import study
from tests.source import ROOT
from tests.unfinished import COMMAND, at_once, broken_off, interrupting, tiles

__all__ = ["at_once"]

DRAWS = 150 * 1024  # two blocks and a part of a third
PAIR = ("offshore_wind", "hydrogen_supply_chain")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """Two programmes, with cells that have no number."""
    return catalog.load(study(tmp_path_factory.mktemp("two"), PAIR))


@pytest.fixture(scope="module")
def kept(two: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of those that keeps everything, in one thread."""
    return simulate(
        two, draws=DRAWS, method="mc", workers=1, keep_draws="all", out=tmp_path_factory.mktemp("kept") / "run"
    )


def files(directory: Path) -> dict[str, bytes]:
    """Every file of a store of kept draws by its place there."""
    store = directory / STORE
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def blocks(directory: Path) -> list[Path]:
    """The files of blocks."""
    return sorted(path for path in (directory / STORE).rglob("*") if path.is_file() and path.parent.name == "0")


def in_place(run: Run) -> Path:
    assert run.directory is not None
    return run.directory


# ---- what is kept


@pytest.mark.parametrize("method", ["mc", "sobol"])
def test_values_are_those_of_the_draws_in_their_order(two: Scenario, tmp_path: Path, method: str) -> None:
    run = simulate(two, draws=2**17, method=method, keep_draws="all", out=tmp_path / "run")
    n, node = run.card["draws"], run.tree["draws"].dataset
    assert run.result_digest == simulate(two, draws=2**17, method=method).result_digest
    coordinates = {
        stream: (net, number) for net, one in run.card["coordinates"].items() for stream, number in one.items()
    }
    found = targets(two)
    values = Kernel(two.binding, found, 0, coordinates or None, groups=two.groups).evaluate(0, n // 1024)
    filled = 0
    for target, expected in zip(found, values, strict=True):
        if target.node in ("/co2_reduction", "/economic_effect"):
            mine = node[target.node[1:]].sel(programme=target.key[0], year=int(target.key[1])).values
            assert mine.dtype == np.float64 and np.array_equal(mine, expected, equal_nan=True)
            filled += 1
    empty = sum(int(np.isnan(node[name].values).all(axis=-1).sum()) for name in ("co2_reduction", "economic_effect"))
    assert filled > 3 and empty == 2 * 2 * 3 - filled
    for draw in (0, 1023, 1024, BLOCK - 1, BLOCK, n - 1):
        at = {label: value for label, value, _ in parameters_at(two, draw, 0, method)}
        assert dict(zip(node["parameter"].values, node["parameters"][:, draw].values, strict=True)) == at
    assert node["parameter"].values.tolist() == run.tree["parameters"]["parameter"].values.tolist()
    assert node["unit"].values.tolist() == run.tree["parameters"]["unit"].values.tolist()


def test_the_mean_of_kept_draws_is_the_reported_one(kept: Run) -> None:
    for metric in ("co2_reduction", "economic_effect"):
        means = kept.tree["draws"].dataset[metric].mean("draw")
        np.testing.assert_allclose(means, kept.tree[metric].dataset["mean"], rtol=1e-12)


def test_the_store_is_plain_zarr(kept: Run) -> None:
    """Any reader of Zarr and xarray opens it; nothing is read until it is looked at."""
    store = in_place(kept) / STORE
    with xr.open_zarr(store) as node:
        assert dict(node.sizes) == {"programme": 2, "year": 3, "draw": DRAWS, "parameter": len(node["parameter"])}
        assert {"programme_ja", "programme_en", "unit"} <= set(node.coords)
        assert node["co2_reduction"].attrs["units"] == "Mt-CO2/yr"
    array = zarr.open_array(store, path="co2_reduction", mode="r")
    assert (array.chunks, array.shards) == ((1, 1, BLOCK), (2, 3, BLOCK))
    assert "crc32c" in (store / "parameters/zarr.json").read_text(encoding="utf-8")
    assert open_run(in_place(kept)).tree["draws"].dataset["parameters"].variable._in_memory is False


@pytest.mark.parametrize(
    ("kind", "names"),
    [("cells", {"co2_reduction", "economic_effect"}), ("parameters", {"parameters"}),
     ("all", {"co2_reduction", "economic_effect", "parameters"})],
)  # fmt: skip
def test_each_kind_has_its_arrays(two: Scenario, kept: Run, tmp_path: Path, kind: str, names: set[str]) -> None:
    run = simulate(two, draws=DRAWS, method="mc", keep_draws=kind, keep_as="float32", out=tmp_path / "run")
    node = run.tree["draws"].dataset
    assert {str(name) for name in node.data_vars} == names
    assert run.result_digest == kept.result_digest and run.card["draws_digest"] != kept.card["draws_digest"]
    for name in names:
        expected = kept.tree["draws"].dataset[name].values.astype(np.float32)
        assert node[name].dtype == np.float32 and np.array_equal(node[name].values, expected, equal_nan=True)


def test_only_what_was_chosen_is_kept(two: Scenario, kept: Run, tmp_path: Path) -> None:
    chosen = {"programmes": ["offshore_wind"], "metrics": ["co2_reduction"], "years": [2040, 2050]}
    run = simulate(two, draws=DRAWS, method="mc", keep_draws="all", out=tmp_path / "run", **chosen)  # type: ignore[arg-type]
    node, whole = run.tree["draws"].dataset, kept.tree["draws"].dataset
    assert [str(name) for name in node.data_vars] == ["co2_reduction", "parameters"]
    expected = whole["co2_reduction"].sel(programme=["offshore_wind"], year=[2040, 2050]).values
    assert np.array_equal(node["co2_reduction"].values, expected, equal_nan=True)
    labels = node["parameter"].values.tolist()
    assert np.array_equal(node["parameters"].values, whole["parameters"].sel(parameter=labels).values)


# ---- the same bytes in any layout


@pytest.mark.parametrize(("chunk", "workers"), [(1, 2), (5000, 3), (65536, 2), (100_000, 1), (10**9, 3)])
def test_chunks_and_workers_change_no_byte(two: Scenario, kept: Run, tmp_path: Path, chunk: int, workers: int) -> None:
    run = simulate(two, draws=DRAWS, method="mc", chunk=chunk, workers=workers, keep_draws="all", out=tmp_path / "run")
    assert (run.result_digest, run.card["draws_digest"]) == (kept.result_digest, kept.card["draws_digest"])
    assert files(tmp_path / "run") == files(in_place(kept))


def test_a_run_that_is_broken_off_goes_on(two: Scenario, kept: Run, tmp_path: Path) -> None:
    out = tmp_path / "run"
    broken_off(two, out, DRAWS, method="mc", after=2, workers=1, keep_draws="all")
    assert 0 < tiles(out) < DRAWS // 1024
    before = {path: path.stat().st_mtime_ns for path in blocks(out)}
    run = resume(out, chunk=3000)
    assert {path: path.stat().st_mtime_ns for path in before} == before and before  # not written twice
    assert (run.result_digest, run.card["draws_digest"]) == (kept.result_digest, kept.card["draws_digest"])
    assert files(out) == files(in_place(kept))
    assert not list(out.rglob(".tmp*")) and not (out / "chunks").exists()


@pytest.mark.parametrize("how", ["removed", "flipped", "note"])
def test_blocks_that_are_lost_meanwhile_are_drawn_again(two: Scenario, kept: Run, tmp_path: Path, how: str) -> None:
    out = tmp_path / "run"
    broken_off(two, out, DRAWS, method="mc", after=2, workers=1, keep_draws="all")
    path = blocks(out)[0] if how != "note" else next((out / "chunks/draws").iterdir())
    content = bytearray(path.read_bytes())
    content[100] ^= 4
    path.unlink()
    if how != "removed":
        path.write_bytes(content)
    assert resume(out).card["draws_digest"] == kept.card["draws_digest"]
    assert files(out) == files(in_place(kept))


@pytest.mark.parametrize("count", [2, 7])
def test_shards_are_merged(two: Scenario, kept: Run, tmp_path: Path, count: int) -> None:
    """Shards begin and end within blocks; the merged run shares their files, and outlives them."""
    parts = [tmp_path / str(number) for number in range(1, count + 1)]
    for part in parts:
        simulate(two, draws=DRAWS, method="mc", chunk=9000, keep_draws="all", out=part, shard=f"{part.name}/{count}")
    merged = shards.merge(random.Random(0).sample(parts, count), out=tmp_path / "whole")
    assert (merged.result_digest, merged.card["draws_digest"]) == (kept.result_digest, kept.card["draws_digest"])
    for part in parts:
        shutil.rmtree(part)
    assert files(tmp_path / "whole") == files(in_place(kept))
    open_run(tmp_path / "whole")


def test_a_damaged_shard_is_not_merged(two: Scenario, tmp_path: Path) -> None:
    for number in (1, 2):
        simulate(two, draws=DRAWS, method="mc", keep_draws="cells", out=tmp_path / str(number), shard=f"{number}/2")
    (tmp_path / "2" / STORE / "co2_reduction/c/0/0/1").unlink()
    with pytest.raises(RunDirectoryError, match="co2_reduction/c/0/0/1: is missing"):
        shards.merge([tmp_path / "1", tmp_path / "2"], out=tmp_path / "whole")
    assert not (tmp_path / "whole").exists()


@pytest.mark.parametrize("in_own_place", [True, False])
@pytest.mark.parametrize("start", [20 * 1024, 100 * 1024])
def test_an_extended_run_is_a_fresh_one(
    two: Scenario, kept: Run, tmp_path: Path, start: int, in_own_place: bool
) -> None:
    first = simulate(two, draws=start, method="mc", keep_draws="all", out=tmp_path / "a")
    longer = simulate(
        two,
        draws=DRAWS,
        method="mc",
        keep_draws="all",
        extend=tmp_path / "a",
        out=None if in_own_place else tmp_path / "b",
    )
    assert (longer.result_digest, longer.card["draws_digest"]) == (kept.result_digest, kept.card["draws_digest"])
    assert files(in_place(longer)) == files(in_place(kept))
    if not in_own_place:
        assert open_run(tmp_path / "a").card == first.card
    with pytest.raises(RunDirectoryError, match="keep_draws is 'all' there, '' here"):
        simulate(two, draws=2 * DRAWS, method="mc", extend=tmp_path / "b" if not in_own_place else tmp_path / "a")


def test_a_run_that_stops_at_a_precision_keeps_what_it_drew(two: Scenario, tmp_path: Path) -> None:
    run = simulate(two, draws=2**21, precision=0.02, keep_draws="cells", out=tmp_path / "run")
    n = run.card["draws"]
    assert run.precision_reached and n < 2**21
    fresh = simulate(two, draws=n, keep_draws="cells", out=tmp_path / "fresh")
    assert run.card["draws_digest"] == fresh.card["draws_digest"]
    assert files(tmp_path / "run") == files(tmp_path / "fresh")


# ---- the digest, and the format


def block_of(values: list[float], dtype: str = "float64") -> Block:
    variable = Variable("co2_reduction", ("programme", "year"), (1, 2), (1,), (0,), False, "1", "test")
    block = Block(Layout(len(values), dtype, (variable,), {}), 0)
    block.arrays[0][0, : len(values)] = values
    block.normalise()
    return block


def test_the_digest_is_of_values_not_of_their_bits() -> None:
    other_nan = float(np.uint64(0xFFF8000000000001).view(np.float64))
    assert block_of([0.0, np.nan, 1.0]).digest() == block_of([-0.0, other_nan, 1.0]).digest()
    assert block_of([0.0, 1.0]).digest() != block_of([1.0, 0.0]).digest()
    assert block_of([0.1], "float32").digest() == block_of([float(np.float32(0.1))], "float32").digest()
    assert len({block_of(one).digest() for one in ([1.0], [1.0, np.nan], [np.nan, 1.0], [1.0 + 2**-52])}) == 4


def test_an_encoded_block_is_what_zarr_would_write(tmp_path: Path) -> None:
    block = block_of([float(number) for number in range(BLOCK)])
    kept = draws.Kept(block.layout, tmp_path)
    kept.begin()
    kept.write(block)
    mine = (tmp_path / STORE / "co2_reduction/c/0/0/0").read_bytes()
    array = zarr.open_array(tmp_path / STORE, path="co2_reduction", mode="r+")
    values = array[:]
    assert np.isnan(values[0, 0]).all() and values[0, 1].tolist() == list(range(BLOCK))
    (tmp_path / STORE / "co2_reduction/c/0/0/0").unlink()
    array[:] = values
    assert (tmp_path / STORE / "co2_reduction/c/0/0/0").read_bytes() == mine


# ---- damage


def test_every_flipped_bit_of_kept_draws_is_found(two: Scenario, tmp_path: Path) -> None:
    """Two hundred, in all files: by `open_run`; those in values also by whoever reads them with Zarr alone."""
    out = tmp_path / "run"
    simulate(two, draws=20 * 1024, keep_draws="all", out=out)
    places = [*sorted(path for path in (out / STORE).rglob("*") if path.is_file()), out / MANIFEST]
    chance, found, read = random.Random(2), 0, 0
    for number in range(200):
        path = places[number % len(places)] if number % 2 else out / STORE / "parameters/c/0/0"
        before = path.read_bytes()
        content = bytearray(before)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        with pytest.raises(RunDirectoryError, match="is damaged"):
            open_run(out)
        found += 1
        if not number % 2:
            with pytest.raises(ValueError, match="checksum"):
                zarr.open_array(out / STORE, path="parameters", mode="r")[:]
            read += 1
        path.write_bytes(before)
    assert (found, read) == (200, 100)
    open_run(out)


@pytest.mark.parametrize("name", [MANIFEST, f"{STORE}/zarr.json", f"{STORE}/parameters/c/0/1", STORE])
def test_what_is_missing_is_not_read_as_nothing(kept: Run, tmp_path: Path, name: str) -> None:
    out = Path(shutil.copytree(in_place(kept), tmp_path / "run"))
    shutil.rmtree(out / name) if (out / name).is_dir() else (out / name).unlink()
    with pytest.raises(RunDirectoryError, match="is missing"):
        open_run(out)


def test_notes_never_name_files_outside_the_store(two: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "run"
    broken_off(two, out, DRAWS, method="mc", after=2, workers=1, keep_draws="cells")
    note = next((out / "chunks/draws").iterdir())
    said = json.loads(json.loads(note.read_bytes())["blocks"])
    assert draws._read_notes(note)
    next(iter(said.values()))["files"] = {"../../../elsewhere": "0" * 64}
    with pytest.raises(ValueError, match="outside the store"):
        draws._notes_of(said)


# ---- no room, kills, options


@pytest.mark.parametrize(("writes", "goes_on"), [(1, False), (9, True)])
def test_a_full_disk_keeps_what_is_done(
    two: Scenario, kept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int, goes_on: bool
) -> None:
    """Room for so many files of blocks and notes; three arrays and a note are a block."""
    left, write = [writes], durable.write_whole

    def full(path: Path, content: bytes) -> None:
        if path.parent.name in ("0", "draws"):
            left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(draws, "write_whole", full)
        with pytest.raises(RunDirectoryError, match="cannot be written: No space left on device") as caught:
            simulate(two, draws=DRAWS, method="mc", workers=1, chunk=4096, keep_draws="all", out=tmp_path / "run")
    assert len(caught.value.findings) == 1
    assert (tmp_path / "run").exists() == goes_on == ("continue with `ctsim resume" in str(caught.value))
    if goes_on:
        assert tiles(tmp_path / "run") in (BLOCK_TILES, 2 * BLOCK_TILES, BLOCK_TILES + 22)  # any two blocks, or one
        assert resume(tmp_path / "run").card["draws_digest"] == kept.card["draws_digest"]


@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files")
def test_a_file_system_that_takes_no_more_is_one_line(two: Scenario, tmp_path: Path) -> None:
    """No file may grow beyond 1 MB: the cards fit, a block does not."""
    code = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6)); from ctsim.cli import main; main()"
    arguments = ["run", two.file, "--draws", "1e5", "--keep-draws", "cells", "--out", "o", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    warm = subprocess.run(
        [*COMMAND, "run", two.file, "--draws", "1024", "--out", "w"], cwd=tmp_path, capture_output=True
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert warm.returncode == 0
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith("o: cannot be written: File too large; ")
    assert not (tmp_path / "o").exists()


def test_a_run_that_would_not_fit_is_refused_before_it_draws(
    two: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    options: dict[str, Any] = {"draws": 10**9, "keep_draws": "cells", "out": tmp_path / "a/b"}
    monkeypatch.setattr(Kernel, "plan", lambda *_: pytest.fail("drawn"))
    monkeypatch.setattr(keeping.shutil, "disk_usage", lambda _: SimpleNamespace(free=10 * 10**9))
    with pytest.raises(InputError, match=r"GB, .* has room for 10\.0 GB; keep fewer"):
        simulate(two, progress=lambda *words: said.append(str(words)), **options)
    assert list(tmp_path.rglob("*")) in ([], [tmp_path / "a"]) and said == []


def test_the_size_is_said_before_and_is_right(two: Scenario, tmp_path: Path) -> None:
    said: list[tuple[Any, ...]] = []
    simulate(two, draws=DRAWS, method="mc", keep_draws="all", out=tmp_path, progress=lambda *words: said.append(words))
    [(done, total, words)] = [one for one in said if len(one) == 3]
    assert said[0][0] == 0 == done and total == DRAWS
    taken = sum(len(content) for name, content in files(tmp_path).items() if "/c/0/" in name)
    assert f"take {taken / 1e6:,.1f} MB in {tmp_path / STORE}" in words


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keep_draws": "everything"}, "--keep-draws everything: choose from cells, parameters, all"),
        ({"keep_draws": "cells", "keep_as": "int8"}, "--keep-as int8: choose from float64, float32"),
        ({"keep_draws": "cells", "out": None}, "give the directory to keep them in"),
    ],
)
def test_wrong_options_are_said(two: Scenario, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        simulate(two, **{"draws": 1024, "out": tmp_path / "run", **options})
    assert list(tmp_path.iterdir()) == []


def test_a_signal_stops_a_run_that_keeps_draws(
    two: Scenario, kept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = interrupting(monkeypatch, BLOCK, signal.SIGTERM)
    with pytest.raises(Stopped):
        simulate(
            two, draws=DRAWS, method="mc", chunk=4096, workers=1, keep_draws="all", out=tmp_path / "run", progress=stop
        )
    assert resume(tmp_path / "run").card["draws_digest"] == kept.card["draws_digest"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed as forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_kills_lose_nothing_that_is_counted(two: Scenario, kept: Run, tmp_path: Path) -> None:
    """kill -9 while draws are made and written: every block that a state counts is whole each time."""
    out, chance, deaths = tmp_path / "run", random.Random(3), 0
    while deaths < 8:
        if (process := os.fork()) == 0:
            try:
                if (out / "run.json").exists():
                    resume(out, workers=1)
                else:
                    simulate(two, draws=DRAWS, method="mc", chunk=4096, workers=1, keep_draws="all", out=out)
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0.0, 1.0))
        os.kill(process, signal.SIGKILL)
        if os.WIFSIGNALED(os.waitpid(process, 0)[1]):
            deaths += 1
        counted = tiles(out) // BLOCK_TILES if (out / "chunks").exists() else 0
        notes = [draws._read_notes(path) for path in (out / "chunks/draws").glob("*.json")]
        blocks = {number: one for note in notes for number, one in note.items()}
        whole = [all(durable.digest_of(out / STORE / name) == digest for name, digest in one.files.items())
                 for one in blocks.values()]  # fmt: skip
        assert all(whole) and len(whole) >= counted
        if (out / "run.json").exists() and json.loads((out / "run.json").read_bytes())["sealed"]:
            assert open_run(out).card["draws_digest"] == kept.card["draws_digest"]
            shutil.rmtree(out)
    run = (
        resume(out)
        if (out / "run.json").exists()
        else simulate(two, draws=DRAWS, method="mc", keep_draws="all", out=out)
    )
    assert run.card["draws_digest"] == kept.card["draws_digest"]
    assert files(out) == files(in_place(kept))
