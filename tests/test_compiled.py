"""Machine code is kept between processes by content: never the wrong one, and never in the way of a run."""

import importlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from numba.core.dispatcher import Dispatcher

from ctsim import caches, compiled

SCRIPT = """
import numpy as np
from ctsim.streams import stream_key, words, word_of
out = np.empty(1024, np.uint64)
words(np.uint64(stream_key(1, "a")), np.uint64(0), np.uint64(0), out)
assert int(out[3]) == word_of(1, "a", 3)
print(sum(words.stats.cache_hits.values()))
"""
READ_ONLY = """
import errno, os, tempfile
def refuse(*_, **__):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))
os.mkdir = os.utime = os.replace = os.unlink = tempfile.mkstemp = refuse
"""
"""A file system of which everything can be read and nothing changed; for root, too."""
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
"""
"""Files can be made, and no byte written to them."""
ONE_OF_TWO = """
import sys
from ctsim.compiled import compiled
from tests.test_compiled import inverse
made = compiled(inverse)
arguments = (4.0, 4)[:: int(sys.argv[1])]
assert [made(one) for one in arguments] == [0.25, 0.25]
"""


def run(script: str = SCRIPT, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh process; that of `SCRIPT` compiles a stream and prints how often it found machine code on disk."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip


def hits(result: subprocess.CompletedProcess[str]) -> str:
    assert result.stderr == ""
    return result.stdout.strip()


# ---- between processes


def test_machine_code_is_kept_between_processes(tmp_path: Path) -> None:
    assert [hits(run(CTSIM_CACHE_DIR=str(tmp_path))) for _ in range(2)] == ["0", "1"]
    [folder] = (tmp_path / "ctsim").iterdir()
    assert list((folder / "code").iterdir())


def test_a_cache_that_is_read_only_is_read(tmp_path: Path) -> None:
    assert hits(run(READ_ONLY + SCRIPT, CTSIM_CACHE_DIR=str(tmp_path))) == "0"
    assert not list(tmp_path.iterdir()), "nothing could be changed"
    run(CTSIM_CACHE_DIR=str(tmp_path))
    assert hits(run(READ_ONLY + SCRIPT, CTSIM_CACHE_DIR=str(tmp_path))) == "1"


def test_a_full_disk_costs_the_cache_and_not_the_run(tmp_path: Path) -> None:
    assert hits(run(FULL + SCRIPT, CTSIM_CACHE_DIR=str(tmp_path))) == "0"
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "used"], "nothing half-written"
    assert hits(run(CTSIM_CACHE_DIR=str(tmp_path))) == "0"


def test_without_a_folder_it_compiles_every_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert hits(run(CTSIM_CACHE_DIR=str(blocked / "below"))) == "0"


def test_damaged_machine_code_is_made_again(tmp_path: Path) -> None:
    run(CTSIM_CACHE_DIR=str(tmp_path))
    for path in tmp_path.rglob("code/*"):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert [hits(run(CTSIM_CACHE_DIR=str(tmp_path))) for _ in range(2)] == ["0", "1"]


def test_two_that_begin_at_once_do_not_take_each_others_names(tmp_path: Path) -> None:
    """One needs a float and then an integer, the other the reverse: numba's cache would number both codes 1."""
    environment = os.environ | {"CTSIM_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    made = [subprocess.Popen([sys.executable, "-c", ONE_OF_TWO, step], env=environment) for step in ("1", "-1")]
    assert [one.wait() for one in made] == [0, 0]
    assert len([path for path in tmp_path.rglob("code/*") if not path.name.startswith(".")]) == 2
    assert run(ONE_OF_TWO, "1", **environment).stderr == ""


def test_worker_processes_use_the_same_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of dask: new interpreters that inherit the environment."""
    monkeypatch.setenv("CTSIM_CACHE_DIR", str(tmp_path))
    run()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(found_in_worker).result() == 1


def found_in_worker() -> int:
    """How often this process finds machine code of a stream."""
    import numpy as np

    from ctsim.streams import words

    words(np.uint64(1), np.uint64(0), np.uint64(0), np.empty(1024, np.uint64))
    return sum(words.stats.cache_hits.values())  # type: ignore[attr-defined]


# ---- which folder


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CTSIM_CACHE_DIR": "/caches/own", "XDG_CACHE_HOME": "/caches/xdg"}, Path("/caches/own")),
        ({"CTSIM_CACHE_DIR": "", "XDG_CACHE_HOME": "/caches/xdg"}, Path("/caches/xdg")),
        ({"CTSIM_CACHE_DIR": "", "XDG_CACHE_HOME": "relative"}, Path("/home/someone/.cache")),
        ({"CTSIM_CACHE_DIR": "", "XDG_CACHE_HOME": ""}, Path("/home/someone/.cache")),
        ({"CTSIM_CACHE_DIR": "~/mine"}, Path("/home/someone/mine")),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have their own folders")
def test_which_folder(variables: dict[str, str], expected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ({"HOME": "/home/someone"} | variables).items():
        monkeypatch.setenv(name, value)
    assert caches.cache_folder().parent == expected / "ctsim"


@pytest.fixture
def digest_anew() -> Iterator[None]:
    """The digest is remembered for a process."""
    caches._digest.cache_clear()
    yield
    caches._digest.cache_clear()


@pytest.mark.usefixtures("digest_anew")
def test_a_changed_helper_or_library_gives_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest() -> str:
        caches._digest.cache_clear()
        return caches._digest()

    names = ("a.py", "b.py", "folder/a.py", "other.py", "formulas/wind.py")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    monkeypatch.setattr(caches, "__file__", str(tmp_path / "caches.py"))
    monkeypatch.setattr(caches, "SOURCES", ("a.py", "b.py", "folder"))
    seen = [digest()]
    for name in names:
        (tmp_path / name).write_text("x = 2\n")
        seen.append(digest())
    assert seen[-1] == seen[-2] == seen[-3], "neither formulas nor modules without machine code matter"
    del seen[-2:]
    monkeypatch.setattr(caches, "version", lambda library: "0.0")
    seen.append(digest())
    assert len(set(seen)) == len(seen)


def test_every_compiled_function_is_in_the_digest() -> None:
    """Machine code of a module outside `SOURCES` would survive a change of what it was compiled from."""
    package = Path(compiled.__file__).parent
    found = set()
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if re.search(
            r"from ctsim\.(compiled import .*(compiled|inlined|machine_code|callback)|kept import)",
            path.read_text(encoding="utf-8"),
        ):
            found.add(name)
            importlib.import_module("ctsim." + name.removesuffix(".py").replace("/", "."))
    for module in [one for name, one in sys.modules.items() if name.startswith("ctsim.")]:
        for value in vars(module).values():
            if isinstance(value, Dispatcher):
                found.add(Path(value.py_func.__code__.co_filename).relative_to(package).as_posix())
    assert "kernel.py" in found
    found -= {"report/page.py"}  # keeps templates under a name that has its own text in it
    assert not {name for name in found if not {name, name.split("/")[0]} & set(caches.SOURCES)}


# ---- folders that nobody uses


def folder_of(root: Path, name: str, age: float, stamp: float | None = None) -> Path:
    """A folder of `root`, made so many days ago, and noted as used so many days ago."""
    folder = root / name
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "a").write_text("x")
    if stamp is not None:
        (folder / "used").touch()
        os.utime(folder / "used", (time.time() - 86_400 * stamp,) * 2)
    os.utime(folder, (time.time() - 86_400 * age,) * 2)
    return folder


def test_folders_of_other_versions_go_when_nobody_used_them_for_long(tmp_path: Path) -> None:
    mine = folder_of(tmp_path, "0" * 32, 100, 2)
    kept = [
        folder_of(tmp_path, "1" * 32, 100, 59),
        folder_of(tmp_path, "2" * 32, 59, 100),
        folder_of(tmp_path, "no cache of ctsim", 100),
    ]
    gone = [folder_of(tmp_path, "3" * 32, 61), folder_of(tmp_path, "4" * 32, 100, 61)]
    (tmp_path / "5".zfill(32)).symlink_to(kept[2])
    os.utime(kept[2], (time.time() - 86_400 * 100,) * 2)
    caches.use(mine)
    assert all((folder / "code" / "a").exists() for folder in [mine, *kept])
    assert not any(folder.exists() for folder in gone)
    assert time.time() - (mine / "used").stat().st_mtime < 100


def test_it_is_looked_at_once_a_day(tmp_path: Path) -> None:
    old = folder_of(tmp_path, "3" * 32, 61)
    caches.use(folder_of(tmp_path, "1" * 32, 1, 0.9))
    assert old.exists()
    caches.use(folder_of(tmp_path, "2" * 32, 1, 1.1))
    assert not old.exists()


def test_a_folder_that_goes_while_it_is_used_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ctsim import kept

    monkeypatch.setenv("CTSIM_CACHE_DIR", str(tmp_path))
    kept.keep("numbers", "a", b"1")
    folder = caches.cache_folder()
    assert folder.stat().st_mode & 0o077 == 0, "the user's alone"
    folder.rename(tmp_path / "gone")
    assert kept.recall("numbers", "a") is None
    kept.keep("numbers", "a", b"2")
    assert kept.recall("numbers", "a") == b"2"


# ---- what is compiled


def inverse(x: float) -> float:
    return 1.0 / x


@pytest.mark.parametrize("decorator", [compiled.compiled, compiled.inlined])
def test_division_by_zero_is_ieee_and_options_are_ours(decorator: object) -> None:
    function = decorator(inverse)  # type: ignore[operator]
    assert function(4.0) == 0.25
    assert function(0.0) == float("inf")
    options = function.targetoptions
    assert (options["nogil"], options["fastmath"], options["error_model"]) == (True, False, "numpy")


# ---- a whole run


def test_runs_that_begin_at_once_on_an_empty_cache_agree(tmp_path: Path) -> None:
    """Each compiles what the other has not kept yet; a third finds all of it."""
    (tmp_path / "empty").mkdir()
    environment = {**os.environ, "CTSIM_CACHE_DIR": str(tmp_path / "empty"), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [
        sys.executable,
        "-c",
        "from ctsim.cli import main; main()",
        "run",
        "as_published",
        "--programmes",
        "gtex",
    ]
    command += ["--draws", "1024", "--method", "mc", "--quiet", "--out"]

    def begin(number: int) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*command, str(tmp_path / str(number))], env=environment, **pipes)  # type: ignore[call-overload, no-any-return]

    said = [one.communicate() for one in (begin(1), begin(2))]
    said.append(begin(3).communicate())
    digests = {line for out, _ in said for line in out.splitlines() if line.startswith("result_digest")}
    assert len(digests) == 1 and [error for _, error in said] == ["", "", ""]
