"""Where machine code is kept: by content, in the user's own folder, or nowhere; never in the way of a run."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numba.core.config as numba_config
import pytest
from numba.core.dispatcher import Dispatcher

from ctsim import compiled

SCRIPT = """
import numpy as np
from ctsim.streams import stream_key, words, word_of
out = np.empty(1024, np.uint64)
words(np.uint64(stream_key(1, "a")), np.uint64(0), np.uint64(0), out)
assert int(out[3]) == word_of(1, "a", 3)
print(sum(words.stats.cache_hits.values()))
"""


@pytest.fixture(autouse=True)
def asked_anew() -> None:
    """The answers about folders are remembered for a process."""
    compiled._writable.cache_clear()
    compiled._digest.cache_clear()


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh process that compiles a stream and prints how often it found machine code on disk."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | environment, capture_output=True, text=True, check=True
    )


def test_machine_code_is_kept_between_processes(tmp_path: Path) -> None:
    assert [run(CTSIM_CACHE_DIR=str(tmp_path)).stdout.strip() for _ in range(2)] == ["0", "1"]
    [folder] = (tmp_path / "ctsim").iterdir()
    assert list(folder.rglob("*.nbi"))


def test_without_a_folder_it_compiles_every_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = run(CTSIM_CACHE_DIR=str(blocked / "below"))
    assert (result.stdout.strip(), result.stderr) == ("0", "")


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
    assert compiled._caches() == expected


def test_the_folder_is_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTSIM_CACHE_DIR", str(tmp_path))
    folder = compiled.cache_folder()
    assert folder is not None
    assert folder.parent == tmp_path / "ctsim"
    assert folder.stat().st_mode & 0o077 == 0


def test_a_changed_helper_or_library_gives_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest() -> str:
        compiled._digest.cache_clear()
        return compiled._digest()

    names = ("a.py", "b.py", "folder/a.py", "other.py", "formulas/wind.py")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    monkeypatch.setattr(compiled, "SOURCES", ("a.py", "b.py", "folder"))
    seen = [digest()]
    for name in names:
        (tmp_path / name).write_text("x = 2\n")
        seen.append(digest())
    assert seen[-1] == seen[-2] == seen[-3], "neither formulas nor modules without machine code matter"
    del seen[-2:]
    monkeypatch.setattr(compiled, "version", lambda library: "0.0")
    seen.append(digest())
    assert len(set(seen)) == len(seen)


def test_every_compiled_function_is_in_the_digest() -> None:
    """Machine code of a module outside `SOURCES` would survive a change of what it was compiled from."""
    package = Path(compiled.__file__).parent
    found = set()
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        if re.search(r"from ctsim\.(compiled|kept) import", path.read_text(encoding="utf-8")):
            found.add(name)
            importlib.import_module("ctsim." + name.removesuffix(".py").replace("/", "."))
    for module in [one for name, one in sys.modules.items() if name.startswith("ctsim.")]:
        for value in vars(module).values():
            if isinstance(value, Dispatcher):
                found.add(Path(value.py_func.__code__.co_filename).relative_to(package).as_posix())
    assert "kernel.py" in found
    assert not {name for name in found if not {name, name.split("/")[0]} & set(compiled.SOURCES)}


def test_numbas_own_setting_is_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTSIM_CACHE_DIR", str(tmp_path))
    before = numba_config.CACHE_DIR
    with compiled.cache_in_folder() as cached:
        assert cached
        assert str(tmp_path / "ctsim") in numba_config.CACHE_DIR
    assert before == numba_config.CACHE_DIR
    with pytest.raises(RuntimeError), compiled.cache_in_folder():
        raise RuntimeError
    assert before == numba_config.CACHE_DIR


def inverse(x: float) -> float:
    return 1.0 / x


@pytest.mark.parametrize("decorator", [compiled.compiled, compiled.inlined])
def test_division_by_zero_is_ieee_and_options_are_ours(decorator: object) -> None:
    function = decorator(inverse)  # type: ignore[operator]
    assert function(4.0) == 0.25
    assert function(0.0) == float("inf")
    options = function.targetoptions
    assert (options["nogil"], options["fastmath"], options["error_model"]) == (True, False, "numpy")
