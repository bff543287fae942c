"""What people install: the wheel, its content, that it runs in an empty folder, and the versions it is held to."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.source import PACKAGE, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
HAS_BACK_END = importlib.util.find_spec("hatchling") is not None


def call(*command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command without a terminal and without what the surrounding session set for Python."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CTSIM_REPORT"))}
    return subprocess.run(
        command, cwd=cwd, env={**env, **environment}, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-build-isolation"] if HAS_BACK_END else []
    built = call(*PIP, "wheel", "--no-deps", *options, "-w", str(folder), str(ROOT), cwd=folder)
    if built.returncode and not HAS_BACK_END and "hatchling" in built.stderr:
        pytest.skip("hatchling is neither installed nor within reach of pip: no wheel can be built")
    assert built.returncode == 0, built.stderr
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Every file of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked into a folder of its own; what it needs comes from the environment of the tests."""
    target = tmp_path_factory.mktemp("installed")
    done = call(*PIP, "install", "-q", "--no-deps", "--no-index", "--target", str(target), str(wheel), cwd=target)
    assert done.returncode == 0, done.stderr
    return target


def ctsim(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed console script, in a folder."""
    script = installed / "bin" / "ctsim"
    return call(sys.executable, str(script), *arguments, cwd=folder, PYTHONPATH=str(installed))


# ---- what is in the wheel


def test_the_wheel_holds_the_whole_package(names: set[str]) -> None:
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {path.relative_to(ROOT).as_posix() for path in files} - names == set()
    assert "ctsim/py.typed" in names
    assert any(name.startswith("ctsim/locale") for name in names)


def test_the_wheel_holds_all_scenarios(names: set[str]) -> None:
    files = (path for path in (ROOT / "scenarios").rglob("*.toml"))
    assert {f"ctsim/{path.relative_to(ROOT).as_posix()}" for path in files} - names == set()
    assert len([name for name in names if name.startswith("ctsim/scenarios/programmes/")]) == 21


def test_the_wheel_holds_nothing_else(names: set[str]) -> None:
    others = {name for name in names if not name.startswith("ctsim/")}
    assert {name.split("/")[0] for name in others} == {f"ctsim-{PROJECT['version']}.dist-info"}
    assert [name for name in names if "test" in name or "__pycache__" in name] == []


def test_the_wheel_carries_licence_and_notice(wheel: Path, names: set[str]) -> None:
    assert {name.rsplit("/", 1)[1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE.md"}
    with zipfile.ZipFile(wheel) as archive:
        [licence] = [name for name in names if name.endswith("/LICENSE")]
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


# ---- it works where nothing of the checkout is


def test_the_installed_package_is_the_one_that_runs(installed: Path, tmp_path: Path) -> None:
    code = "import ctsim, ctsim.library as l; print(ctsim.__version__, ctsim.__file__, l.library_root(), sep='\\n')"
    done = call(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=str(installed))
    version, module, library = done.stdout.splitlines()
    assert version == PROJECT["version"] == metadata.version("ctsim")
    assert Path(module).is_relative_to(installed)
    assert Path(library) == installed / "ctsim" / "scenarios"


@pytest.mark.parametrize("arguments", [["list"], ["audit"], ["check"], ["--help"]], ids=" ".join)
def test_commands_work_in_an_empty_folder(installed: Path, tmp_path: Path, arguments: list[str]) -> None:
    done = ctsim(installed, tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def run(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the whole report by the wheel, in a folder of its own."""
    folder = tmp_path_factory.mktemp("empty")
    done = ctsim(installed, folder, "run", "framework_2023_11", "--draws", "16384", "--out", "X")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["X"]
    return folder / "X"


def test_a_run_works_in_an_empty_folder(run: Path) -> None:
    card = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert (card["scenario"], card["draws"], card["sealed"]) == ("framework_2023_11", 16384, True)
    assert (run / "summary.nc").stat().st_size > 0


def test_its_page_is_written_there(installed: Path, run: Path) -> None:
    done = ctsim(installed, run.parent, "report", "X")
    assert (done.returncode, done.stdout) == (0, "page X/report.ja.html\n"), done.stderr
    assert "洋上風力発電の低コスト化" in (run / "report.ja.html").read_text(encoding="utf-8")


def test_its_workbook_is_written_there(installed: Path, run: Path) -> None:
    done = ctsim(installed, run.parent, "export", "X", "--to", "xlsx")
    assert done.returncode == 0 and done.stdout.endswith(" X/export.ja.xlsx\n"), done.stderr
    with zipfile.ZipFile(run / "export.ja.xlsx") as book:
        assert len([name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]) > 10


def test_scenarios_are_compared_there(installed: Path, tmp_path: Path) -> None:
    chosen = ["--programmes", "photonics_datacentre", "--draws", "16384", "--out", "Y"]
    done = ctsim(installed, tmp_path, "compare", "framework_2023_11", "grid_7th_plan", *chosen)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["Y"]
    assert "photonics_datacentre.co2_reduction.2040" in done.stdout and "-0.848" in done.stdout


# ---- the versions


def required(requirements: list[str], extras: set[str]) -> Iterator[Requirement]:
    """The requirements that hold on this Python, with some extras."""
    for requirement in map(Requirement, requirements):
        markers = [{"extra": extra} for extra in extras | {""}]
        if requirement.marker is None or any(requirement.marker.evaluate(marker) for marker in markers):
            yield requirement


def everything_needed() -> set[str]:
    """Names of all packages that ctsim, its development and its site need here, with what those need."""
    extras = PROJECT["optional-dependencies"]
    todo = list(required([*PROJECT["dependencies"], *extras["dev"], *extras["docs"], "hatchling"], set()))
    seen: dict[str, set[str]] = {}
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if name in seen and requirement.extras <= seen[name]:
            continue
        seen[name] = seen.get(name, set()) | requirement.extras
        todo += required(metadata.requires(requirement.name) or [], seen[name])
    return set(seen)


def test_constraints_are_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wrong = [line for line in lines if line and not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)]
    assert wrong == []


def test_constraints_meet_what_the_project_asks_for() -> None:
    pins = {canonicalize_name(name): Version(version) for name, version in PINS.items()}
    extras = PROJECT["optional-dependencies"]
    for text in [*PROJECT["dependencies"], *extras["dev"], *extras["docs"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text


@pytest.mark.skipif(not HAS_BACK_END, reason="hatchling is not in this environment, so its needs cannot be asked")
def test_every_package_that_is_needed_has_its_version() -> None:
    assert everything_needed() - {canonicalize_name(name) for name in PINS} == set()
