"""Faults of options, run directories, disks and draws; and the exit statuses of real processes."""

import contextlib
import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ctsim import open_run, simulate
from ctsim.catalog import load
from ctsim.durable import card_content, card_digest
from ctsim.errors import CtsimError, RunDirectoryError
from tests.studies import CHECK, COMMAND, DRAW, RUN, Outcome, Study, like, refused, small_library, study

__all__ = ["study"]

USAGE = "ctsim: Invalid value for "

OPTIONS = {
    "no draws": (("--draws", "0"), "--draws 0: must be between 1 and 1,099,511,627,776"),
    "negative draws": (("--draws", "-5"), "--draws -5: must be between 1 and …"),
    "too many draws": (("--draws", "1e13"), "--draws 10000000000000: must be between 1 and …"),
    "too many for sobol": (
        ("--draws", str(2**36 + 1)),
        "--draws 68719476737: sobol ends at 68,719,476,736; take --method mc",
    ),
    "draws in words": (("--draws", "abc"), f"{USAGE}'--draws': 'abc' is not a whole number; write 1000000 or 1e6"),
    "half a draw": (("--draws", "1.5"), f"{USAGE}'--draws': '1.5' is not a whole number; write 1000000 or 1e6"),
    "draws without end": (("--draws", "inf"), f"{USAGE}'--draws': 'inf' is not a whole number; …"),
    "draws that are not": (("--draws", "nan"), f"{USAGE}'--draws': 'nan' is not a whole number; …"),
    "escape in draws": (("--draws", "\x1b[31m1\n"), f"{USAGE}'--draws': '\\x1b[31m1 ' is not a whole number; …"),
    "negative seed": (("--seed", "-1"), "--seed -1: must be at least 0 and below 2^64"),
    "seed of 65 bits": (("--seed", str(2**64)), f"--seed {2**64}: must be at least 0 and below 2^64"),
    "no chunk": (("--chunk", "0"), "--chunk 0: must be at least 1 draw"),
    "no workers": (("--workers", "0"), "--workers 0: must be between 1 and 1,024"),
    "an army of workers": (("--workers", "1e9"), "--workers 1000000000: must be between 1 and 1,024"),
    "unknown method": (("--method", "qmc"), f"{USAGE}'--method': 'qmc' is not …"),
    "unknown year": (("--years", "2035"), f"{USAGE}'--years': '2035' is not one of '2030', '2040', '2050'"),
    "negative draw": (("--draw", "-1"), "--draw -1: must be at least 0 and below …"),
    "draw and negative seed": (("--draw", "1", "--seed", "-1"), "--seed -1: must be at least 0 and below 2^64"),
    "unknown option": (("--wrokers", "2"), "ctsim: No such option '--wrokers'. …'--workers'…"),
    "option without value": (("--seed",), "ctsim: Option '--seed' requires an argument"),
    "unknown parameter set": (("--set", "mine.shaer=3"), "…: no parameter 'mine.shaer'. Did you mean 'mine.share'?"),
    "nothing set": (("--set", "mine.share"), "--set mine.share=: write PARAMETER=NUMBER, in the unit of the page"),
    "set to NaN": (
        ("--set", "mine.share=nan"),
        "--set mine.share=nan: write PARAMETER=NUMBER, in the unit of the page",
    ),
    "set to infinity": (("--set", "mine.share=-inf"), "--set mine.share=-inf: write PARAMETER=NUMBER, …"),
    "set twice": (("--set", "mine.share=3", "--set", "mine.share=4"), "--set mine.share: given twice; keep one"),
    "unknown parameter fixed": (("--fix", "mine.volum"), "…: no parameter 'mine.volum'. Did you mean 'mine.volume'?"),
}


@pytest.mark.parametrize("fault", OPTIONS)
def test_fault_of_an_option(study: Study, fault: str) -> None:
    options, line = OPTIONS[fault]
    refused(study, (*(DRAW if "--draw" in options else RUN), *options), [line])


def test_all_faults_of_options_at_once(study: Study) -> None:
    lines = study.ctsim(*RUN, "--draws", "0", "--seed", "-1", "--chunk", "0", "--workers", "0").lines
    assert [line.split()[0] for line in lines] == ["--draws", "--seed", "--chunk", "--workers"]


@pytest.mark.parametrize("command", [("rnu",), ("run",), ("\x1b[3m\n",), ("",)])
def test_command_that_is_none(study: Study, command: tuple[str, ...]) -> None:
    refused(study, command, ["ctsim: …"])


@pytest.mark.parametrize("options", [{"draws": 1.5}, {"draws": "9"}, {"seed": None}, {"years": [2035]}, {"years": []}])
def test_options_of_python_are_checked_too(study: Study, options: dict[str, object]) -> None:
    with pytest.raises(CtsimError, match=f"--{next(iter(options))}"):
        simulate(study.folder / "s.toml", formulas=study.folder / "formulas", **options)  # type: ignore[arg-type]


# ---- run directories

DIRECTORIES = {
    "a file": ("s.toml", "s.toml: is a file; give --out a new directory"),
    "under a file": ("s.toml/o", "s.toml/o: cannot be written: Not a directory; give --out another place…"),
    "something else": ("formulas", "formulas: is not a run directory (no run.json); …"),
    "name without end": ("x" * 5000, "xxx…: cannot be written: File name too long; give --out another place…"),
}


@pytest.mark.parametrize("fault", DIRECTORIES)
def test_directory_that_cannot_be_used(study: Study, fault: str) -> None:
    name, line = DIRECTORIES[fault]
    refused(study, (*RUN, "--out", name), [line])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes without permission")
def test_directory_without_permission(study: Study) -> None:
    (study.folder / "o").mkdir(0o500)
    refused(study, RUN, ["o: cannot be written: Permission denied; give --out another place"])


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed run of the study."""
    folder = tmp_path_factory.mktemp("sealed")
    with pytest.MonkeyPatch.context() as patch:
        small_library(folder / "library", patch)
        study = Study(folder / "study")
        assert study.ctsim(*RUN).status == 0
    return study.folder / "o"


@pytest.fixture
def done(study: Study, sealed: Path) -> Study:
    """A study with a sealed run in `o`."""
    shutil.copytree(sealed, study.folder / "o")
    return study


def test_the_same_run_is_opened_again(done: Study) -> None:
    before = (done.folder / "o/run.json").read_bytes()
    assert done.ctsim(*RUN).status == 0
    assert (done.folder / "o/run.json").read_bytes() == before


def test_directory_of_another_run(done: Study) -> None:
    line = "o: holds another run (seed is 0 there, 3 here); give --out a new directory"
    refused(done, (*RUN, "--seed", "3"), [line])


CARDS = {
    "empty": (b"", "o/run.json: cannot be read: …"),
    "not JSON": (b"nul", "o/run.json: cannot be read: …"),
    "endless": (b"[" * 100_000, "o/run.json: cannot be read: …"),
    "not UTF-8": (b'{"format": "\xff"}', "o/run.json: …"),
    "a list": (b"[]", "o/run.json: is not of format 1: written by another ctsim; …"),
    "of another format": (b'{"format": 99}', "o/run.json: is not of format 1: written by another ctsim; …"),
    "of nothing": (b'{"format": 1, "sealed": true, "files": 7}', "o…: …"),
}


@pytest.mark.parametrize("fault", CARDS)
def test_run_card_that_is_none(done: Study, fault: str) -> None:
    content, line = CARDS[fault]
    done.write("o/run.json", content)
    refused(done, RUN, [line])
    with pytest.raises(RunDirectoryError), contextlib.chdir(done.folder):
        open_run("o")


ENTRIES = {
    "seed": ("three", "'seed' is 'three': input should be a valid integer"),
    "draws": (-1, "'draws' is -1: input should be greater than or equal to 0"),
    "span": ([0, "__import__('os')"], "'span.1' is \"__import__('os')\": input should be a valid integer"),
    "years": ("2030", "'years' is '2030': input should be a valid list"),
    "coordinates": ({"base": {"x": 0.5}}, "'coordinates.base.x' is 0.5: …"),
    "chunk": (None, "no 'chunk'"),
    "revision": (None, "no 'revision'"),
    "shard": ("second", "'shard' is 'second': string should match pattern …"),
    "versions": ({"numpy": "2"}, "'versions' is {'numpy': '2'}: value error, no 'ctsim' in it"),
    "keep_draws": ("cells", "'keep_as' is '': value error, keep_draws and keep_as belong together"),
    "method": ("qmc", "'method' is 'qmc': input should be 'mc' or 'sobol'"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_run_card_with_an_entry_of_another_kind(done: Study, name: str) -> None:
    """Its digest agrees: somebody wrote it so."""
    value, wrong = ENTRIES[name]
    card = json.loads((done.folder / "o/run.json").read_text(encoding="utf-8")) | {name: value}
    if value is None:
        del card[name]
    card["card_digest"] = card_digest(card)
    done.write("o/run.json", card_content(card))
    refused(done, RUN, [f"o/run.json: is damaged ({wrong}); move the directory away and run it again"])


def test_run_card_whose_draws_are_not_its_tiles(done: Study) -> None:
    """`explain` would make as many draws as the card says: for years."""
    card = json.loads((done.folder / "o/run.json").read_text(encoding="utf-8"))
    there = [0, card["draws"] // 1024]
    card["draws"] = 2**45
    card["card_digest"] = card_digest(card)
    done.write("o/run.json", card_content(card))
    wrong = f"'span' is {there}: value error, tiles of the draws are [0, {2**35}]"
    line = f"o/run.json: is damaged ({wrong}); move the directory away and run it again"
    refused(done, ("explain", "o", "--formulas", "formulas"), [line])


def test_run_card_without_a_coordinate(done: Study) -> None:
    card = json.loads((done.folder / "o/run.json").read_text(encoding="utf-8"))
    nets = card["coordinates"] = {net: {} for net in card["coordinates"]}
    card["card_digest"] = card_digest(card)
    done.write("o/run.json", card_content(card))
    assert nets and card["method"] == "sobol"
    for command in ("explain", "reproduce"):
        line = "o/run.json: is damaged (no coordinate of mine.…); move the directory away and run it again"
        refused(done, (command, "o", "--formulas", "formulas"), [line])


def test_a_name_that_no_file_can_have(study: Study) -> None:
    refused(study, ("report", "x" * 5000), [f"ctsim: {'x' * 80}...: this name is too long for a file or folder"])


@pytest.mark.parametrize("name", ["summary.nc", "scenario.toml"])
def test_file_of_a_result_that_is_damaged(done: Study, name: str) -> None:
    content = bytearray((done.folder / "o" / name).read_bytes())
    content[len(content) // 2] ^= 1
    done.write(f"o/{name}", bytes(content))
    refused(done, RUN, [f"o/{name}: is damaged …"])
    (done.folder / "o" / name).unlink()
    refused(done, RUN, [f"o/{name}: is missing…"])
    with pytest.raises(RunDirectoryError, match="is missing"):
        open_run(done.folder / "o")


def test_directory_that_is_not_sealed(done: Study) -> None:
    card = json.loads((done.folder / "o/run.json").read_text(encoding="utf-8"))
    done.write("o/run.json", json.dumps({**card, "sealed": False}))
    with pytest.raises(RunDirectoryError, match=r"not finished|ctsim resume"):
        open_run(done.folder / "o")


@pytest.mark.skipif(os.name == "nt", reason="no flock")
def test_directory_in_which_another_process_writes(study: Study) -> None:
    import fcntl

    (study.folder / "o").mkdir()
    handle = os.open(study.folder / "o", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        refused(study, RUN, ["o: another process …"])
    finally:
        os.close(handle)


# ---- what happens on the way


def unsealed(study: Study) -> bool:
    """Whether nothing in `o` could be taken for a result."""
    card = study.folder / "o/run.json"
    return not card.exists() or json.loads(card.read_text(encoding="utf-8"))["sealed"] is False


def test_disk_that_is_full(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    refused(study, RUN, ["o: cannot be written: No space left on device; give --out another place…"])


@pytest.fixture
def small_disk(study: Study) -> Iterator[Path]:
    """A file system of 24 kB: the cards fit, the summary does not."""
    folder = study.folder / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24k", "none", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, timeout=20)


def test_file_system_that_fills_up(study: Study, small_disk: Path) -> None:
    outcome = study.process(*RUN, "--out", "disk/o")
    assert outcome.status == 2
    assert [like(line, "disk/o: cannot be written: No space left on device; …") for line in outcome.lines] == [True]
    assert not list(small_disk.rglob("summary.nc"))


def test_file_system_that_can_only_be_read(study: Study, small_disk: Path) -> None:
    """Root writes without permission, but not there."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, capture_output=True, timeout=20)
    outcome = study.process(*RUN, "--out", "disk/o")
    assert outcome.status == 2
    assert [like(line, "disk/o: cannot be written: Read-only file system; …") for line in outcome.lines] == [True]
    assert list(small_disk.iterdir()) == []


def test_interrupt(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ctsim.dataset.tree", interrupted)
    outcome = study.ctsim(*RUN)
    assert (outcome.status, len([line for line in outcome.lines if line])) == (3, 1), outcome.lines
    assert unsealed(study)


def test_fault_of_ours(study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("\x1b[31m")

    monkeypatch.setattr("ctsim.dataset.tree", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outcome = study.ctsim(*RUN)
    [line] = outcome.lines
    assert outcome.status == 4
    said = re.fullmatch(
        r"a fault of ctsim: ZeroDivisionError; please open an issue in the repository of ctsim with (\S+)", line
    )
    assert said
    assert "Traceback" in Path(said[1]).read_text(encoding="utf-8")
    assert unsealed(study)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    assert study.ctsim("run", *RUN[1:-2], "p").status in (2, 4)


# ---- draws that are not finite

INDEPENDENT = ("--method", "mc")  # 1024 draws, and so many of them bad as chance has it


@pytest.fixture
def infinite(study: Study) -> Study:
    """A study that divides by 0 in about a tenth of the draws, beside a figure that is always finite."""
    study.edit("s.toml", (study_change(study), ""))
    study.edit("programmes/mine.toml", ("value = 12", "value = 0.9"), ('"%"', '"1"'))
    study.edit("programmes/mine.toml", ('dist = "pert", low = 3, mode = 12, high = 25', 'dist = "bernoulli", p = 0.9'))
    study.edit("programmes/mine.toml", ('when = "2050"\nformula = "co2"', 'when = "2050"\nformula = "half"'))
    study.edit("formulas/mine.py", ("return share * volume", "return volume / share"))
    half = "\n\ndef half(volume: Mt_CO2_per_yr) -> Mt_CO2_per_yr:\n    return volume / 2\n"
    study.edit("formulas/mine.py", ("return volume / share\n", f"return volume / share\n{half}"))
    return study


def study_change(study: Study) -> str:
    text = (study.folder / "s.toml").read_text(encoding="utf-8")
    return text[text.index("[[change]]") :]


def test_draws_that_are_not_finite(infinite: Study) -> None:
    outcome = infinite.ctsim(*RUN, *INDEPENDENT)
    assert outcome.status == 0 and len(outcome.lines) == 1
    assert outcome.lines[0].startswith("programmes/mine.toml:13: impact.mine.co2_reduction.2030.formula: ")
    node = open_run(infinite.folder / "o").tree["co2_reduction"].sel(programme="mine")
    reason = str(node["reason"].sel(year=2030).item())
    said = re.fullmatch(r"(\d+) of 1024 draws not finite, first at draw (\d+)", reason)
    assert said
    assert reason in outcome.out
    assert 60 < int(said[1]) == int(node["not_finite"].sel(year=2030)) < 150
    bad, good = node.sel(year=2030), node.sel(year=2050)
    assert all(math.isnan(float(bad[name])) for name in ("mean", "sd", "mcse", "minimum", "maximum"))
    assert bool(bad["quantiles"].isnull().all())
    assert str(good["reason"].item()) == ""
    assert float(good["mean"]) > 0
    first = int(said[2])
    assert [value_at(infinite, draw)["mine.share"] for draw in (first - 1, first)] == [1, 0]


def test_what_has_no_index_is_not_said_to_matter_nor_not_to(infinite: Study) -> None:
    """`share` reaches only the cell that is not finite; `volume` matters to the other one."""
    asked = ("sensitivity", *RUN[1:4], "--draws", "16384", "--out", "o", "--quiet")
    found = json.loads(infinite.ctsim(*asked, "--json").out)
    cells = {one["cell"]: {driver["parameter"]: driver["matters"] for driver in one["parameters"]}
             for one in found["cells"]}  # fmt: skip
    assert cells["mine.co2_reduction.2030"] == {"mine.share": None, "mine.volume": None}
    assert cells["mine.co2_reduction.2050"] == {"mine.volume": True}
    assert (found["unimportant"], found["not_known"]) == ([], ["mine.share"])
    said = infinite.ctsim(*asked, "--cell", "mine.co2_reduction.2030").out
    assert "not known whether it matters (no index): " in said
    assert "they reach cells without indices and matter to no other), 1: mine.share." in said
    assert "影響するかどうか分からないパラメータ 1個" in infinite.ctsim(*asked, "--lang", "ja").out


def value_at(study: Study, draw: int) -> dict[str, float]:
    """The parameters that `ctsim run --draw` prints; the formula at them must be as finite as they make it."""
    outcome = study.ctsim(*DRAW, *INDEPENDENT, "--draw", str(draw))
    assert (outcome.status, outcome.lines) == (0, [])
    rows = [line.split() for line in outcome.out.splitlines() if line.strip().startswith("mine.")]
    values = {name: float(value) for name, value, *_ in rows}
    binding = load(study.folder / "s.toml", study.folder / "formulas").binding
    figures = dict(zip((step.figure.key for step in binding.steps), binding.evaluate([
        values[row.label] for row in binding.rows
    ]), strict=True))  # fmt: skip
    assert math.isfinite(figures["mine.co2_reduction.2030"]) == (values["mine.share"] != 0)
    assert math.isfinite(figures["mine.co2_reduction.2050"])
    return values


# ---- real processes

BAD = "formulas/bad"
PROCESSES: dict[str, tuple[tuple[str, ...], int, list[str]]] = {
    "list": (("list",), 0, []),
    "check with a surprise": (
        CHECK,
        1,
        ["programmes/mine.toml:13: impact.mine.co2_reduction.2030: verdict is …", "…Sobol' coordinates follow …"],
    ),
    "scenario that is not there": (("run", "framework_2023_1"), 2, ["no scenario …'framework_2023_11'? …"]),
    "no draws": ((*RUN, "--draws", "0"), 2, ["--draws 0: must be between 1 and …"]),
    "draws in words": ((*RUN, "--draws", "abc"), 2, ["ctsim: …'abc' is not a whole number…"]),
    "unknown option": ((*RUN, "--colour"), 2, ["ctsim: No such option '--colour'.…"]),
    "unwritable directory": ((*RUN, "--out", "s.toml/o"), 2, ["s.toml/o: cannot be written: Not a directory; …"]),
    "unknown parameter": ((*RUN, "--set", "mine.shaer=1"), 2, ["…: no parameter 'mine.shaer'. Did you mean …"]),
    "file that cannot be imported": (
        ("check", "s.toml", "--formulas", BAD), 2, ["…mine.py:1: cannot be imported: SystemExit: 0; …"],
    ),
    "page with a fault": (("check", "bad/s.toml"), 2, ["bad/programmes/bad.toml:4: programme.colour: unknown field…"]),
    "escape": (("check", "\x1b[31m\n"), 2, ["no scenario '\\x1b[31m '. …"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Every command of the table in a process of its own, a few at a time."""
    study = Study(tmp_path_factory.mktemp("processes"))
    study.write(f"{BAD}/mine.py", "raise SystemExit(0)\n")
    study.write("bad/s.toml", '[scenario]\nid = "bad"\nprogrammes = ["bad"]\n')
    study.write("bad/programmes/bad.toml", 'format = 1\n[programme]\nid = "bad"\ncolour = 3\n')
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(PROCESSES, pool.map(lambda one: study.process(*one[0]), PROCESSES.values()), strict=True))


@pytest.mark.parametrize("name", PROCESSES)
def test_exit_status_of_a_process(processes: dict[str, Outcome], name: str) -> None:
    _, status, lines = PROCESSES[name]
    outcome = processes[name]
    assert (outcome.status, len(outcome.lines)) == (status, len(lines)), outcome.lines
    assert all(like(*pair) for pair in zip(outcome.lines, lines, strict=True)), outcome.lines
    assert bool(outcome.out) == (status < 2)


def test_output_to_a_full_disk(study: Study) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "list"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=300)
    line = "ctsim: output: cannot be written: No space left on device"
    assert (done.returncode, done.stderr.splitlines()) == (2, [line])


def test_output_to_a_file_of_an_old_code_page(study: Study) -> None:
    outcome = study.process("list", "--lang", "ja", PYTHONIOENCODING="ascii")
    assert (outcome.status, outcome.lines) == (0, [])
    assert "\\u" in outcome.out


def test_output_that_nobody_reads(study: Study) -> None:
    process = subprocess.Popen([*COMMAND, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout and process.stderr
    process.stdout.close()
    assert (process.wait(timeout=300), process.stderr.read()) == (0, b"")
    process.stderr.close()
