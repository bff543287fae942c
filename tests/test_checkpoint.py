"""Chunks on disk: what counts, what does not, and that no end of a process loses what a marker vouches for."""

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsim import checkpoint, npz, summaries
from ctsim.checkpoint import Checkpoints, Ranges, joined, missing, overlapping, read_chunk, tiles_done
from ctsim.distributions import Quantiles, build, quantile
from ctsim.durable import TEMPORARY, digest_of, locked, write_whole
from ctsim.errors import RunDirectoryError

TILES = 24
DIGEST = "plan"


def values(first: int, tiles: int) -> npt.NDArray[np.float64]:
    """Values of three outputs that belong to tiles: one even, one with atoms, one heavy with values that are not."""
    out = np.empty((3, tiles * 1024))
    for i in range(tiles):
        draw = np.random.Generator(np.random.PCG64(first + i))
        normal = draw.standard_normal(1024)
        heavy = np.exp(9 * normal)
        heavy[heavy > 1e12] = np.inf
        out[:, i * 1024 : (i + 1) * 1024] = normal * 1e-300, np.maximum(normal, 0), heavy
    return out


@pytest.fixture(scope="module")
def plan() -> summaries.Plan:
    """A plan from sixteen tiles."""
    return summaries.plan(values(0, 16), np.full((3, 2), np.nan))


def state(plan: summaries.Plan, first: int, tiles: int) -> summaries.State:
    """The state of a range of tiles, computed at once."""
    result = summaries.empty(plan)
    summaries.accumulate(plan, result, values(first, tiles), first)
    return result


def content(plan: summaries.Plan, one: summaries.State) -> bytes:
    """A state as bytes, its digits carried, so that equal sums are equal bytes."""
    return npz.state_content(plan, summaries.combine(plan, one, summaries.empty(plan)))


@pytest.fixture(scope="module")
def whole(plan: summaries.Plan) -> bytes:
    """The state of all tiles."""
    return content(plan, state(plan, 0, TILES))


def checkpoints(plan: summaries.Plan, folder: Path | None, span: tuple[int, int] = (0, TILES)) -> Checkpoints:
    """Chunks of all tiles, restored without a word."""
    made = Checkpoints(plan, DIGEST, span, folder)
    assert made.restore() == []
    return made


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every chunk is written, and more than four become one."""
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpoint, "COSTS_BETWEEN", 0.0)
    monkeypatch.setattr(checkpoint, "MOST_FILES", 4)


# ---- ranges of tiles

cuts = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def pieces(lengths: list[int]) -> Ranges:
    """Neighbouring ranges of these lengths."""
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    return tuple(zip(starts, lengths, strict=True))


@given(cuts, st.randoms(use_true_random=False), st.integers(0, 50), st.integers(1, 50))
def test_ranges_are_sets_of_tiles(lengths: list[int], chance: random.Random, first: int, tiles: int) -> None:
    ranges = [one for one in pieces(lengths) if chance.random() < 0.6]
    chance.shuffle(ranges)
    held = {tile for start, count in ranges for tile in range(start, start + count)}
    assert {tile for start, count in joined(ranges) for tile in range(start, start + count)} == held
    assert all(sum(a) < b[0] for a, b in zip(joined(ranges), joined(ranges)[1:], strict=False))
    absent = {tile for start, count in missing(ranges, (first, tiles)) for tile in range(start, start + count)}
    assert absent == set(range(first, first + tiles)) - held
    assert overlapping(ranges) == []
    assert checkpoint.tiles_of(ranges) == len(held)


def test_ranges_that_share_a_tile_are_found() -> None:
    assert overlapping([(4, 4), (0, 5)]) == [((0, 5), (4, 4))]
    assert overlapping([(0, 9), (2, 3)]) == [((0, 9), (2, 3))]
    assert missing([(0, 9), (2, 3)], (0, 12)) == ((9, 3),)


# ---- files that are whole or not there


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_whole(path, b"one")
    assert (path.read_bytes(), oct(path.stat().st_mode)[-3:]) == (b"one", "644")

    def fails(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert digest_of(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_folder_is_held_by_one(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(RunDirectoryError, match="another process"), locked(tmp_path):
        pytest.fail("held twice")
    with locked(tmp_path):
        pass


# ---- arrays


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_whole_numbers_come_back_whatever_their_size(given_: list[int]) -> None:
    back = npz.unpack(npz.pack({"a": np.array(given_, dtype=np.int64)}))["a"]
    assert back.dtype.kind == "i" and back.tolist() == given_


def test_other_arrays_come_back_bit_by_bit() -> None:
    arrays = {
        "f": np.array([[0.0, -0.0], [np.nan, np.inf], [5e-324, -1e308]]),
        "w": np.array(["gas", "", "炭素"]), "n": np.zeros((0, 3)), "u": np.array([2**64 - 1], dtype=np.uint64),
    }  # fmt: skip
    for compressed in (True, False):
        back = npz.unpack(npz.pack(arrays, compressed))
        assert back.keys() == arrays.keys()
        assert all(back[name].tobytes() == array.tobytes() and back[name].shape == array.shape
                   for name, array in arrays.items())  # fmt: skip
    assert np.load(BytesIO(npz.pack(arrays)), allow_pickle=False)["w"].tolist() == ["gas", "", "炭素"]


def test_arrays_that_would_run_code_or_fill_the_memory_are_refused() -> None:
    pickled = BytesIO()
    np.savez(pickled, a=np.array([print], dtype=object))
    with pytest.raises(npz.DamagedError):
        npz.unpack(pickled.getvalue())
    with pytest.raises(npz.DamagedError, match="more than 100 bytes"):
        npz.unpack(npz.pack({"a": np.zeros(1000)}), 100)
    boast = BytesIO()
    with ZipFile(boast, "w") as archive:
        header = BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
        archive.writestr("a.npy", header.getvalue())
    with pytest.raises(npz.DamagedError, match="larger than it is"):
        npz.unpack(boast.getvalue())


@pytest.mark.parametrize("length", [0, 1, 100, 300, 1000])
def test_arrays_cut_off_are_refused(whole: bytes, length: int) -> None:
    with pytest.raises(npz.DamagedError):
        npz.unpack(whole[:length])


def test_a_state_comes_back_and_is_small(plan: summaries.Plan, whole: bytes) -> None:
    back = npz.state_of(plan, whole)
    expected = summaries.combine(plan, state(plan, 0, TILES), summaries.empty(plan))
    for one in fields(expected):
        assert np.array_equal(getattr(back, one.name), getattr(expected, one.name)), one.name
    assert len(whole) < 8_000_000


def test_a_state_of_another_plan_is_refused(plan: summaries.Plan, whole: bytes) -> None:
    other = summaries.plan(values(0, 16)[:2], np.full((2, 2), np.nan))
    with pytest.raises(npz.DamagedError):
        npz.state_of(other, whole)
    with pytest.raises(npz.DamagedError, match="no 'draws' of this plan"):
        npz.state_of(plan, npz.pack({"a": np.zeros(1)}))
    assert npz.plan_digest(other) != npz.plan_digest(plan) == npz.plan_digest(plan) != npz.plan_digest(plan, 1)


SPREADS = {
    "a": ("pert", {"low": 1.0, "mode": 2.0, "high": 9.0}), "b": ("fixed", {"value": 3.0}),
    "c": ("choice", {"values": (0.0, 1.0, 5.0), "weights": (1.0, 2.0, 3.0)}),
    "d": ("scipy", {"name": "t", "df": 1.5}), "e": ("normal", {"mean": 0.0, "sd": 1.0}),
    "f": ("normal", {"mean": 5.0, "sd": 2.0}), "g": ("uniform", {"low": 0.0, "high": 1.0}),
}  # fmt: skip


def test_quantile_functions_come_back() -> None:
    built = [build(name, arguments, None) for name, arguments in SPREADS.values()]
    back = npz.quantiles_of(list(SPREADS), npz.quantiles_content(list(SPREADS), built))
    for a, b in zip(built, back, strict=True):
        for name in ("kind", "low", "high", "mean", "sd"):
            assert getattr(a, name) == getattr(b, name), name
        assert a.atoms.tobytes() == b.atoms.tobytes() and a.atoms.shape == b.atoms.shape
        assert _quantiles(a).tobytes() == _quantiles(b).tobytes()
    assert back[4].table is back[5].table  # the kernel holds equal tables once
    assert npz.quantiles_digest(list(SPREADS), back) == npz.quantiles_digest(list(SPREADS), built)
    assert npz.quantiles_digest(list(SPREADS), back[::-1]) != npz.quantiles_digest(list(SPREADS), built)


def _quantiles(one: Quantiles) -> npt.NDArray[np.float64]:
    return quantile(one, np.linspace(0.001, 0.999, 333))


def test_quantile_functions_of_other_parameters_are_refused() -> None:
    built = [build(name, arguments, None) for name, arguments in SPREADS.values()]
    stored = npz.quantiles_content(list(SPREADS), built)
    with pytest.raises(npz.DamagedError, match="other parameters"):
        npz.quantiles_of([*list(SPREADS)[1:], "z"], stored)
    arrays = npz.unpack(stored)
    arrays["tables"] = arrays["tables"].astype(np.int64) + 10**9
    with pytest.raises(npz.DamagedError, match="beyond its file"):
        npz.quantiles_of(list(SPREADS), npz.pack(arrays))


# ---- chunks


@pytest.mark.usefixtures("at_once")
@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=4, max_size=20), st.randoms(use_true_random=False))
def test_any_chunks_in_any_order_over_several_lives_give_the_whole(
    plan: summaries.Plan, whole: bytes, tmp_path_factory: pytest.TempPathFactory, lengths: list[int],
    chance: random.Random,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("chunks")
    left: list[tuple[int, int]] = [(0, TILES)]
    for length in lengths:
        life = checkpoints(plan, folder)
        left = list(life.missing())
        for first, tiles in chance.sample(left, len(left)):
            life.add(first, min(length, tiles), state(plan, first, min(length, tiles)))
        assert tiles_done(folder) == TILES - checkpoint.tiles_of(life.missing())
        assert len(list(folder.glob("*.state"))) <= checkpoint.MOST_FILES
    last = checkpoints(plan, folder)
    for first, tiles in last.missing():
        last.add(first, tiles, state(plan, first, tiles))
    assert content(plan, last.total()) == whole


def test_many_threads_add_and_write(plan: summaries.Plan, whole: bytes, tmp_path: Path, at_once: None) -> None:
    for folder in (tmp_path / "chunks", None):
        done = checkpoints(plan, folder)
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda tile, to=done: to.add(tile, 1, state(plan, tile, 1)), range(TILES)))  # type: ignore[misc]
        assert done.missing() == ()
        assert content(plan, done.total()) == whole


def test_nothing_is_written_by_a_run_that_is_over_at_once(plan: summaries.Plan, tmp_path: Path) -> None:
    done = checkpoints(plan, tmp_path)
    done.add(0, TILES, state(plan, 0, TILES))
    assert list(tmp_path.iterdir()) == []
    assert done.close() == TILES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-24.json", "0-24.state"]
    done.add(3, 1, state(plan, 3, 1))
    assert (done.close(), done.ranges()) == (TILES, ((0, TILES),))


def test_writing_takes_a_small_part_of_the_time(
    plan: summaries.Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that a write moves by a second: the next one comes after twenty more."""
    clock = [0.0]
    monkeypatch.setattr(checkpoint, "monotonic", lambda: clock[0])
    written = []

    def write_chunk(folder: Path, ranges: Ranges, digest: str, content: bytes) -> str:
        clock[0] += 1
        written.append(clock[0])
        return str(len(written))

    monkeypatch.setattr(checkpoint, "write_chunk", write_chunk)
    done = checkpoints(plan, tmp_path)
    one = state(plan, 0, 1)
    for tile in range(100):
        clock[0] += 1
        done.add(tile, 1, npz.state_of(plan, npz.state_content(plan, one)))
    assert written == [2, 23, 44, 65, 86]


class Killed(BaseException):
    """The process ends here."""


def lives(plan: summaries.Plan, folder: Path) -> None:
    """One life: restore, add single tiles, finish."""
    life = checkpoints(plan, folder)
    for first, tiles in life.missing():
        for tile in range(first, first + tiles):
            life.add(tile, 1, state(plan, tile, 1))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("moment", range(1, 60, 2))
def test_killed_at_any_write_or_removal(
    plan: summaries.Plan, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Before or after each step that changes the folder: what had a marker is not lost, nothing counts twice."""
    steps = [0]

    def step() -> None:
        steps[0] += 1
        if steps[0] == moment:
            raise Killed

    def write(path: Path, data: bytes) -> None:
        step()
        write_whole(path, data)
        step()

    unlink = Path.unlink

    def remove(path: Path, missing_ok: bool = False) -> None:
        if path.suffix in (".state", ".json") and TEMPORARY not in path.name:
            step()
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_whole", write)
        patch.setattr(Path, "unlink", remove)
        with pytest.raises(Killed):
            lives(plan, tmp_path)
    acknowledged = {
        tile for path in tmp_path.glob("*.json") for first, tiles in json.loads(path.read_text())["ranges"]
        for tile in range(first, first + tiles)
    }  # fmt: skip
    again = checkpoints(plan, tmp_path)
    held = {tile for first, tiles in again.ranges() for tile in range(first, first + tiles)}
    assert held == acknowledged == set(range(len(held)))
    assert len(held) >= (moment - 4) // 4 - 4  # four steps a chunk, and a compaction now and then
    names = {path.stem for path in tmp_path.iterdir()}
    assert checkpoint.tiles_of(one for name in names if (c := read_chunk(tmp_path, name)) for one in c.ranges) == len(
        held
    )
    lives(plan, tmp_path)
    assert content(plan, checkpoints(plan, tmp_path).total()) == whole


# ---- damage


@pytest.fixture
def chunks(plan: summaries.Plan, tmp_path: Path) -> Path:
    """Four chunks of six tiles."""
    for first in range(0, TILES, 6):
        checkpoint.write_chunk(tmp_path, ((first, 6),), DIGEST, npz.state_content(plan, state(plan, first, 6)))
    return tmp_path


def damages() -> Iterator[tuple[str, int, int]]:
    """Two hundred: file, and what to do to it: a bit (0-7) at a thousandth of its length, or a cut (8)."""
    chance = random.Random(20260122)
    for number in range(200):
        suffix = ".state" if number % 2 else ".json"
        yield f"{6 * chance.randrange(4)}-6{suffix}", chance.randrange(1000), chance.randrange(9)


def test_two_hundred_damages_are_found_two_hundred_times(chunks: Path) -> None:
    found = 0
    for name, where, how in damages():
        path = chunks / name
        before = path.read_bytes()
        at = where * len(before) // 1000
        after = before[:at] if how == 8 else before[:at] + bytes([before[at] ^ (1 << how)]) + before[at + 1 :]
        path.write_bytes(after)
        found += read_chunk(chunks, path.stem) is None
        path.write_bytes(before)
        assert read_chunk(chunks, path.stem) is not None
    assert found == 200


def test_a_damaged_chunk_is_said_and_computed_again(plan: summaries.Plan, whole: bytes, chunks: Path) -> None:
    path = chunks / "6-6.state"
    path.write_bytes(path.read_bytes()[:-1])
    (chunks / "12-6.state").unlink()
    (chunks / "18-6.json").unlink()  # not acknowledged: nothing to say
    (chunks / f"{TEMPORARY}x").write_bytes(b"half")
    assert tiles_done(chunks) == 6
    again = Checkpoints(plan, DIGEST, (0, TILES), chunks)
    assert again.restore() == [f"{chunks}/{name}: is damaged; computed again" for name in ("12-6", "6-6")]
    assert again.missing() == ((6, 18),)
    assert sorted(path.name for path in chunks.iterdir()) == ["0-6.json", "0-6.state"]
    again.add(6, 18, state(plan, 6, 18))
    assert content(plan, again.total()) == whole


def test_chunks_of_something_else_do_not_count(plan: summaries.Plan, chunks: Path) -> None:
    foreign = Checkpoints(plan, "other", (0, TILES), chunks)
    assert all(line.endswith("was counted by another plan; computed again") for line in foreign.restore())
    assert foreign.missing() == ((0, TILES),)
    assert list(chunks.iterdir()) == []
    checkpoint.write_chunk(chunks, ((0, 6),), DIGEST, npz.state_content(plan, state(plan, 0, 6)))
    shard = Checkpoints(plan, DIGEST, (3, 9), chunks)
    assert shard.restore() == [f"{chunks}/0-6: is of other draws; computed again"]
    checkpoint.write_chunk(chunks, ((3, 6),), DIGEST, b"no state")
    shard = Checkpoints(plan, DIGEST, (3, 9), chunks)
    [line] = shard.restore()
    assert line.startswith(f"{chunks}/3-6: cannot be read (") and shard.missing() == ((3, 9),)


@pytest.mark.parametrize(
    "marker",
    [b"", b"[]", b"null", b"{}", b'{"ranges": 3}', b'{"ranges": [[0]]}', b'{"ranges": [["a", "b"]], "plan": 1}',
     b"[" * 100_000, b'{"ranges": [], "plan": "plan"}', b"\xff", b" " * (checkpoint.MOST_MARKER + 1)],
)  # fmt: skip
def test_a_marker_that_is_none_is_no_marker(chunks: Path, marker: bytes) -> None:
    (chunks / "0-6.json").write_bytes(marker)
    assert read_chunk(chunks, "0-6") is None
    (chunks / "no number.json").write_bytes(marker)
    assert tiles_done(chunks) == 18


def test_a_chunk_under_another_name_does_not_count(chunks: Path) -> None:
    for suffix in (".json", ".state"):
        (chunks / f"0-6{suffix}").rename(chunks / f"1-6{suffix}")
    assert read_chunk(chunks, "1-6") is None


def test_a_full_disk_loses_nothing(
    plan: summaries.Plan, whole: bytes, chunks: Path, monkeypatch: pytest.MonkeyPatch, at_once: None
) -> None:
    (chunks / "12-6.json").unlink()
    done = checkpoints(plan, chunks)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            done.add(12, 3, state(plan, 12, 3))
        assert done.close() == 18
    again = checkpoints(plan, chunks)
    assert again.missing() == ((12, 6),)
    again.add(12, 6, state(plan, 12, 6))
    assert content(plan, again.total()) == whole
