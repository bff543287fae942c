"""A small study that works, to be broken in one place at a time, and the command that is run on it.

The library beside it has the shipped sources, shared parameters and classes but no pages, so that a load takes
milliseconds. `refused` holds for every fault alike: the lines expected and no others, the exit status of the contract,
no traceback, nothing a terminal acts on, nothing half-written.
"""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import ctsim
from ctsim.cli import main
from ctsim.library import library_root
from tests.source import ROOT

SHIPPED = library_root()
COMMAND = [sys.executable, "-c", "from ctsim.cli import main; main()"]
CHECK = ("check", "s.toml", "--formulas", "formulas")
RUN = ("run", "s.toml", "--formulas", "formulas", "--draws", "1024", "--out", "o", "--quiet")
DRAW = (*RUN[:4], "--quiet")
"""Takes `--draw`, which goes without draws and a directory."""

PAGE = """\
format = 1
[programme]
id = "mine"
[parameter.share]
value = 12
unit = "%"
source = { key = "impact_report_2026_01", where = "Annex 1" }
uncertainty = { dist = "pert", low = 3, mode = 12, high = 25, basis = "assumed", reason = "low: few; high: many" }
[parameter.volume]
value = { 2030 = 10, 2050 = 40 }
unit = "Mt-CO2/yr"
uncertainty = { class = "plan", reason = "not sold yet" }
[[impact]]
metric = "co2_reduction"
when = "2030"
formula = "co2"
unit = "万t-CO2/yr"
  [[impact.printed]]
  as_printed = "120"
  value = 120
  step = 10
  where = "Annex 1"
[[impact]]
metric = "co2_reduction"
when = "2050"
formula = "co2"
unit = "万t-CO2/yr"
"""

FORMULAS = '''\
"""Formulas of a study."""

from ctsim.units import Mt_CO2_per_yr, Ratio


def co2(share: Ratio, volume: Mt_CO2_per_yr) -> Mt_CO2_per_yr:
    """share × volume"""
    return share * volume
'''

SCENARIO = """\
[scenario]
id = "s"
uncertainty = "pages"
programmes = ["mine"]
[[change]]
parameter = "mine.share"
value = 15
uncertainty = { dist = "uniform", low = 10, high = 20, basis = "assumed", reason = "low and high are guesses" }
reason = "a better survey"
source = { key = "impact_report_2026_01", where = "Annex 1" }
"""


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit status, lines on stderr, text on stdout."""

    status: int
    lines: list[str]
    out: str


class Study:
    """A folder with the study; `ctsim` runs the command there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("s.toml", SCENARIO)
        self.write("programmes/mine.toml", PAGE)
        self.write("formulas/mine.py", FORMULAS)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the study."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Replace texts of a file of the study, each at its first place."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, f"{old!r} is not in {name}"
            text = text.replace(old, new, 1)
        path.write_bytes(text.encode())

    def ctsim(self, *arguments: str) -> Outcome:
        """Run the command in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main(args=list(arguments))
            except SystemExit as stopped:
                status = int(stopped.code or 0)
        return Outcome(status, err.getvalue().splitlines(), out.getvalue())

    def process(self, *arguments: str, **environment: str) -> Outcome:
        """Run the command in a process of its own, with the shipped library."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        done = subprocess.run([*COMMAND, *arguments], cwd=self.folder, env=env, capture_output=True, timeout=300)
        return Outcome(done.returncode, done.stderr.decode().splitlines(), done.stdout.decode())

    def names(self) -> set[str]:
        """Everything in the folder."""
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*")}


def refused(
    study: Study, arguments: tuple[str, ...], expected: list[str], status: int = 2, process: bool = False
) -> None:
    """Run a command that must fail with exactly these lines (`…` stands for anything) and leave nothing behind."""
    before = study.names()
    outcome = study.process(*arguments) if process else study.ctsim(*arguments)
    said = "\n".join(["", *outcome.lines, "is not", *expected])
    assert len(outcome.lines) == len(expected), said
    assert all(like(*pair) for pair in zip(outcome.lines, expected, strict=True)), said
    assert (outcome.status, outcome.out) == (status, "")
    assert all(line.isprintable() for line in outcome.lines)
    assert study.names() == before


def like(line: str, pattern: str) -> bool:
    """Whether `line` has the form of `pattern`, where `…` stands for anything."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("…")), line) is not None


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study that works, and a library without pages for commands of this process."""
    small_library(tmp_path / "library", monkeypatch)
    return Study(tmp_path / "study")


def small_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `folder` the place of the package for who looks for its scenarios."""
    (folder / "scenarios").mkdir(parents=True)
    for name in ("sources", "shared", "spread_classes", "coordinates", "as_published", "notes_ja"):
        shutil.copy(SHIPPED / f"{name}.toml", folder / "scenarios")
    (folder / "scenarios" / "totals.toml").write_text("format = 1\n", encoding="utf-8")
    monkeypatch.setattr(ctsim, "__file__", str(folder / "__init__.py"))
