"""Runs that are stopped, killed or damaged: the result is that of an undisturbed run, or an error."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ctsim import catalog, checkpoint, durable, kernel, rundir, shards
from ctsim.binding import Row
from ctsim.catalog import Scenario, load_resolved
from ctsim.distributions import Quantiles
from ctsim.engine import open_run, resume, simulate
from ctsim.errors import CtsimError, InputError, RunDirectoryError, Stopped
from ctsim.rundir import RunDirectory
from tests.runs import outside, scenario, study
from tests.source import ROOT
from tests.test_engine import ONE_PARAMETER, SOURCE, VOLUME
from tests.unfinished import (
    CHUNK,
    COMMAND,
    DRAWS,
    FEW,
    METHOD,
    ODD,
    ODD_FEW,
    at_once,
    broken_off,
    interrupting,
    one,
    tiles,
    whole,
)

__all__ = ["at_once", "one", "whole"]

# ---- going on


@pytest.mark.parametrize(
    ("draws", "chunk", "workers"),
    [
        (DRAWS, None, None), (DRAWS, 5000, 1), (DRAWS, 10**6, 3), (FEW, 1024, 2), (FEW, None, 1),
        (ODD, None, None), (ODD, 5000, 1), (ODD, 10**6, 3), (ODD_FEW, 1024, 2), (ODD_FEW, None, 1),
    ],
)  # fmt: skip
def test_a_run_goes_on_in_other_chunks(
    one: Scenario, whole: dict[int, str], tmp_path: Path, draws: int, chunk: int | None, workers: int | None
) -> None:
    out = tmp_path / "run"
    broken_off(one, out, draws, after=3, method=METHOD[draws])
    before = tiles(out)
    assert 12 <= before < draws // 1024
    seen: list[int] = []
    run = resume(out, chunk=chunk, workers=workers, progress=lambda done, total: seen.append(done))
    assert min(seen) > before * 1024 and max(seen) == draws
    assert (run.result_digest, run.messages) == (whole[draws], ())
    assert open_run(out).result_digest == whole[draws]
    assert sorted(path.name for path in out.iterdir()) == [
        "run.json", "scenario.toml", "state.npz", "summary.nc", "tables",
    ]  # fmt: skip


def test_a_fault_is_raised_when_the_chunks_that_were_begun_are_done(
    one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread is joining what it and others have drawn; all of that would be lost."""
    joining, failed, combine = Event(), Event(), checkpoint.summaries.combine

    def slow(plan: Any, left: Any, right: Any) -> Any:
        if not joining.is_set():
            joining.set()
            assert failed.wait(60)
            time.sleep(0.5)
        return combine(plan, left, right)

    def fail(done: int, total: int, said: str = "") -> None:
        if joining.is_set() and not failed.is_set():
            failed.set()
            raise ZeroDivisionError

    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 3600.0)
    monkeypatch.setattr(checkpoint.summaries, "combine", slow)
    with pytest.raises(ZeroDivisionError):
        simulate(one, draws=DRAWS, chunk=CHUNK, out=tmp_path / "run", workers=2, progress=fail)
    assert tiles(tmp_path / "run") >= 3 * CHUNK // 1024


def test_what_is_unfinished_says_how_to_go_on(one: Scenario, tmp_path: Path) -> None:
    out = tmp_path / "run"
    broken_off(one, out)
    done = tiles(out) * 1024 // CHUNK
    said = f"{out}: {done} of 32 chunks done; continue with `ctsim resume {out}`"
    for use in (lambda: open_run(out), lambda: simulate(one, draws=DRAWS, chunk=CHUNK, out=out)):
        with pytest.raises(RunDirectoryError) as caught:
            use()
        assert str(caught.value) == said
    with pytest.raises(RunDirectoryError, match="holds another run"):
        simulate(one, draws=DRAWS, seed=1, out=out)
    assert tiles(out) * 1024 // CHUNK == done


def test_what_is_complete_is_opened(one: Scenario, whole: dict[int, str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    simulate(one, draws=FEW, out=out)
    run = resume(out)
    assert (run.result_digest, run.messages) == (whole[FEW], (f"{out}: is complete already",))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed as forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("writes", range(4))
def test_a_kill_at_the_very_beginning_is_mended_by_the_same_command(
    one: Scenario, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    out, left, write = tmp_path / "run", [writes], durable.write_whole

    def killed(path: Path, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            (path.parent / ".tmp-abc").write_bytes(content[:10])
            os._exit(9)
        write(path, content)

    if (process := os.fork()) == 0:
        rundir.write_whole = killed  # type: ignore[attr-defined]
        kernel.Kernel.plan = lambda *_: os._exit(9)  # type: ignore[method-assign]
        try:
            simulate(one, draws=FEW, out=out)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9
    with pytest.raises(
        RunDirectoryError, match="run the same command again|no run.json" if writes < 3 else "ctsim resume"
    ):
        RunDirectory(out).check(RunDirectory(out).card()) if writes < 3 else open_run(out)
    again = simulate(one, draws=FEW, out=out) if writes < 3 else resume(out)
    assert again.result_digest == whole[FEW]
    assert not list(out.rglob(".tmp*"))


def test_files_that_are_not_of_a_run_are_not_touched(one: Scenario, tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_bytes(b"mine")
    with pytest.raises(RunDirectoryError, match="is not a run directory"):
        simulate(one, draws=FEW, out=tmp_path)
    assert (tmp_path / "scenario.toml").read_bytes() == b"mine"


@pytest.mark.parametrize("path", ["nothing", "file"])
def test_what_is_no_run_directory_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunDirectoryError):
        resume(tmp_path / path)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_options_of_resume_are_checked(one: Scenario, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--chunk 0"):
        resume(tmp_path, chunk=0)
    with pytest.raises(InputError, match="--workers 0"):
        resume(tmp_path, workers=0)


@pytest.mark.skipif(os.name == "nt", reason="no flock")
def test_a_second_process_is_refused_and_harms_nothing(one: Scenario, whole: dict[int, str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    broken_off(one, out)
    before = tiles(out)
    with RunDirectory(out).held():
        for use in (lambda: resume(out), lambda: simulate(one, draws=DRAWS, out=out), lambda: open_run(out)):
            with pytest.raises(RunDirectoryError, match="another process is writing there"):
                use()
    assert tiles(out) == before
    assert resume(out).result_digest == whole[DRAWS]


def test_stored_quantile_functions_are_the_ones_that_are_used(
    one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the run had begun on a machine whose library gives other bits."""
    build = kernel._quantiles

    def elsewhere(row: Row) -> Quantiles:
        return build(row).scaled(1 + 2**-40)

    with monkeypatch.context() as patch:
        patch.setattr(kernel, "_quantiles", elsewhere)
        there = simulate(one, draws=DRAWS).result_digest
        broken_off(one, tmp_path / "run")
        simulate(one, draws=DRAWS, out=tmp_path / "sealed")
        more = simulate(one, draws=2 * DRAWS).result_digest
        simulate(one, draws=DRAWS, out=tmp_path / "part1", shard="1/2")
        simulate(one, draws=DRAWS, out=tmp_path / "part2", shard="2/2")
    assert there != simulate(one, draws=DRAWS).result_digest
    assert resume(tmp_path / "run").result_digest == there
    assert simulate(one, draws=2 * DRAWS, extend=tmp_path / "sealed").result_digest == more
    parts = [tmp_path / "part1", tmp_path / "part2"]
    assert shards.merge(parts, out=tmp_path / "whole").result_digest == there
    simulate(one, draws=DRAWS, out=tmp_path / "here", shard="2/2")
    with pytest.raises(RunDirectoryError, match="quantile tables were built with other bits"):
        shards.merge([parts[0], tmp_path / "here"], out=tmp_path / "none")


# ---- the scenario of a directory


PAIR = ["offshore_wind", "clean_energy_vehicles"]


@pytest.mark.parametrize("name", ["as_published", "framework_2023_11"])
def test_a_resolved_scenario_is_loaded_from_its_file_alone(tmp_path: Path, name: str) -> None:
    changed = scenario(name).with_changes([
        {"parameter": "offshore_wind.capacity_factor", "value": 30.0, "reason": "test", "source": SOURCE,
         "uncertainty": {"dist": "uniform", "low": 29.0, "high": 35.0, "basis": "assumed", "reason": "test"}},
        {"programme": "gtex", "include": False, "reason": "test", "source": SOURCE},
    ])  # fmt: skip
    for number, given in enumerate((scenario(name), changed)):
        path = tmp_path / f"{number}.toml"
        path.write_text(given.to_toml(), encoding="utf-8")
        back = load_resolved(path)
        assert (back.digest, back.id, back.title_ja) == (given.digest, given.id, given.title_ja)
        digests = {simulate(each, draws=1024, method="mc", programmes=PAIR).result_digest for each in (back, given)}
        assert len(digests) == 1  # Sobol' coordinates are not in that file but on the run card: test_shards
    assert back.digest != scenario(name).digest and len(back.programmes) == len(scenario(name).programmes) - 1


def with_outside(folder: Path) -> Scenario:
    """A scenario of one programme from outside the package, whose module leaves a trace when it is run."""
    source = ONE_PARAMETER + f"\n\nopen({str(folder / 'trace')!r}, 'a').close()\n"
    outside(folder, "extra", {"volume": VOLUME}, {"2030": "effect"}, source)
    return catalog.load(study(folder, ("extra",)), folder / "formulas")


def test_a_directory_alone_never_runs_code(tmp_path: Path) -> None:
    extra = with_outside(tmp_path / "s")
    broken_off(extra, tmp_path / "run")
    (tmp_path / "s/trace").unlink()
    with pytest.raises(InputError, match="give its folder with --formulas"):
        resume(tmp_path / "run")
    assert not (tmp_path / "s/trace").exists()
    run = resume(tmp_path / "run", formulas=tmp_path / "s/formulas")
    assert run.result_digest == simulate(extra, draws=DRAWS).result_digest


@pytest.mark.parametrize("new", ["return volume * 1.5", "return volume + 0 * volume"])
def test_other_formulas_are_named(tmp_path: Path, new: str) -> None:
    extra = with_outside(tmp_path / "s")
    broken_off(extra, tmp_path / "run")
    path = tmp_path / "s/formulas/extra.py"
    path.write_text(path.read_text(encoding="utf-8").replace("return volume", new), encoding="utf-8")
    with pytest.raises(InputError, match="the formulas of extra are not those of the run") as caught:
        resume(tmp_path / "run", formulas=tmp_path / "s/formulas")
    assert len(caught.value.findings) == 1
    assert tiles(tmp_path / "run") >= 20


def test_another_version_of_the_streams_is_refused(
    one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_off(one, tmp_path / "run")
    monkeypatch.setattr(catalog, "STREAM_VERSION", 99)
    with pytest.raises(CtsimError, match="use that version of ctsim") as caught:
        resume(tmp_path / "run")
    assert len(caught.value.findings) == 1


# ---- stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_run_and_keeps_what_is_done(
    one: Scenario, whole: dict[int, str], tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, progress = tmp_path / "run", interrupting(monkeypatch, 4 * CHUNK, number)
    handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Stopped) as caught:
        simulate(one, draws=DRAWS, chunk=CHUNK, workers=1, out=out, progress=progress)
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == handlers
    done = tiles(out) * 1024
    assert 4 * CHUNK <= done < DRAWS
    assert str(caught.value) == f"stopped at {done:,} of {DRAWS:,} draws; continue with `ctsim resume {out}`"
    assert caught.value.exit_status == 3
    assert resume(out).result_digest == whole[DRAWS]


def test_a_second_signal_does_not_wait(one: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    monkeypatch.setattr(kernel.Kernel, "plan", plan)
    started = time.monotonic()
    with pytest.raises(Stopped, match="stopped at 0 of"):
        simulate(one, draws=DRAWS, out=tmp_path / "run")
    assert time.monotonic() - started < 30


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM")
def test_the_command_ends_with_3_and_is_resumed(one: Scenario, tmp_path: Path) -> None:
    run = [*COMMAND, "run", str(one.file), "--draws", str(2**36), "--chunk", "1e5", "--out", "run", "--quiet"]
    process = subprocess.Popen(run, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(1200):
        if list((tmp_path / "run" / "chunks").glob("*.json")) or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 3, said
    done = tiles(tmp_path / "run") * 1024
    assert done > 0
    assert said == f"stopped at {done:,} of {2**36:,} draws; continue with `ctsim resume run`\n"
    assert out == ""
    again = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.startswith("run: ")
    assert again.stderr.endswith(" chunks done; continue with `ctsim resume run`\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed as forks")
def test_killed_many_times(tmp_path: Path) -> None:
    """kill -9 at random moments: no acknowledged chunk is lost, no marker lies, the digest is that of a quiet run."""
    times = 100 if os.environ.get("CTSIM_FAULTS") == "long" else 20
    command = [sys.executable, "-m", "tests.killed", str(tmp_path), str(times)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60 * times)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    kills = [line for line in lines if "after" in line]
    assert len(kills) == times
    assert [line for line in kills if line["lies"] or line["after"] < line["before"]] == []
    assert any(line["before"] < line["after"] < 1024 for line in kills)
    assert {line["status"] for line in lines if "status" in line} <= {0}
    digests = {open_run(path).result_digest for path in tmp_path.iterdir() if (path / "run.json").exists()}
    assert len(digests) == 1


# ---- damage


def test_a_damaged_chunk_is_computed_again_and_said(one: Scenario, whole: dict[int, str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    broken_off(one, out)
    path = sorted((out / "chunks").glob("*.state"))[0]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)
    run = resume(out)
    assert run.messages == (f"{out}/chunks/{path.stem}: is damaged; computed again",)
    assert run.result_digest == whole[DRAWS]


@pytest.mark.parametrize("name", ["scenario.toml", "tables/quantiles.npz", "run.json"])
def test_what_a_run_is_made_from_is_not_taken_damaged(one: Scenario, tmp_path: Path, name: str) -> None:
    out = tmp_path / "run"
    broken_off(one, out)
    path = out / name
    content = path.read_bytes().replace(b'"seed": 0', b'"seed": 2') if name == "run.json" else path.read_bytes()[:-1]
    path.write_bytes(content)
    with pytest.raises(RunDirectoryError, match="is damaged"):
        resume(out)
    path.unlink()
    with pytest.raises(RunDirectoryError, match=r"is missing|no run\.json"):
        resume(out)


def test_every_flipped_bit_of_a_sealed_run_is_found(one: Scenario, tmp_path: Path) -> None:
    """Two hundred, in all of its files."""
    out = tmp_path / "run"
    simulate(one, draws=FEW, out=out)
    there = RunDirectory(out)
    names = [rundir.CARD, rundir.SCENARIO, rundir.TABLES, rundir.STATE, rundir.SUMMARY]
    chance = random.Random(1)
    found = 0
    for number in range(200):
        path = out / names[number % len(names)]
        before = path.read_bytes()
        content = bytearray(before)
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        try:
            there.whole(there.card())
        except RunDirectoryError:
            found += 1
        path.write_bytes(before)
    assert found == 200
    there.whole(there.card())


@pytest.mark.parametrize(("writes", "kept"), [(3, False), (9, True), (20, True)])
def test_a_full_disk_keeps_what_is_done(
    one: Scenario, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int, kept: bool
) -> None:
    """Room for so many files: of a run of which nothing is done nothing is left, else its chunks."""
    out, left, write = tmp_path / "run", [writes], durable.write_whole

    def full(path: Path, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        write(path, content)

    with monkeypatch.context() as patch:
        for module in (checkpoint, rundir):
            patch.setattr(module, "write_whole", full)
        with pytest.raises(RunDirectoryError, match="cannot be written: No space left on device") as caught:
            simulate(one, draws=DRAWS, chunk=CHUNK, workers=1, out=out)
    assert len(caught.value.findings) == 1
    assert out.exists() == kept == ("continue with `ctsim resume" in str(caught.value))
    if kept:
        assert tiles(out) >= 4 * ((writes - 3) // 2)
        assert resume(out).result_digest == whole[DRAWS]


def test_a_seal_that_finds_no_room_is_made_later(
    one: Scenario, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "seal", full)
        with pytest.raises(RunDirectoryError, match="131,072 draws are kept: make room, then continue"):
            simulate(one, draws=DRAWS, chunk=CHUNK, workers=1, out=tmp_path / "run")
    assert resume(tmp_path / "run").result_digest == whole[DRAWS]


# ---- the commands


def test_resume_and_merge_as_commands(one: Scenario, whole: dict[int, str], tmp_path: Path) -> None:
    broken_off(one, tmp_path / "run")
    run = ["run", str(one.file), "--draws", str(FEW), "--quiet"]
    for number in (1, 2):
        done = _call(tmp_path, *run, "--shard", f"{number}/2", "--out", str(number))
        assert (
            done.stdout == f"shard {number}/2 is done; when all are, join them with "
            f"`ctsim merge DIR... --out DIR`\ndirectory {number}\n"
        )
    for command, draws in ((["resume", "run"], DRAWS), (["merge", "2", "1", "--out", "both"], FEW)):
        done = _call(tmp_path, *command, "--quiet")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"result_digest {whole[draws]}\n" in done.stdout
    done = _call(tmp_path, "merge", "1", "1", "--out", "both2")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 2)


def _call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
