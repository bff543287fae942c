"""`python -m tests.faults [--write] [--long]`: crash suites, and whether a test notices each guard that is taken away.

A guard is a line of ctsim without which a promise does not hold. It is taken out of a copy of the sources, the tests
that guard it are run on the copy, and the first that fails is named. One that nobody misses is a failure of the suite.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests import slurm
from tests.docs import DOCS, put_between
from tests.markdown import table
from tests.promises import SUITES
from tests.source import ROOT

AT_ONCE = 3
ENDS = {"failure": "FAILED", "error": "FAILED", "skipped": "left out"}
MARK = "outcomes"


@dataclass(frozen=True)
class Guard:
    """What is taken away: a text of a file of ctsim, what stands there instead, and the tests that should notice."""

    what: str
    file: str
    old: str
    new: str
    tests: str


GUARDS = (
    Guard("fsync before the rename", "durable.py", "            os.fsync(file.fileno())\n", "",
          "test_reliability.py::test_a_file_reaches_the_disk_before_its_name"),
    Guard("flush of the folder after it", "durable.py", "        flush_folder(path.parent)\n", "",
          "test_reliability.py::test_a_file_reaches_the_disk_before_its_name"),
    Guard("temporary file and rename", "durable.py", "temporary.replace(path)\n", "path.write_bytes(content)\n",
          "test_reliability.py test_checkpoint.py::test_a_file_is_replaced_whole_or_not_at_all"),
    Guard("SHA-256 of a chunk", "checkpoint.py", "whole = said == _marker(ranges, plan, content) and", "whole =",
          "test_checkpoint.py::test_two_hundred_damages_are_found_two_hundred_times"),
    Guard("SHA-256 of a sealed file", "rundir.py", "digest_of(path) == files.get(name)", "bool(files.get(name))",
          "test_resume.py::test_every_flipped_bit_of_a_sealed_run_is_found"),
    Guard("marker after its state", "checkpoint.py", '    write_whole(folder / f"{name}.state", content)\n', "",
          "test_checkpoint.py"),
    Guard("lock of a directory", "durable.py", "fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass",
          "test_resume.py::test_a_second_process_is_refused_and_harms_nothing"),
    Guard("end of waiting for a cluster", "dask_cluster.py", "if silence > patience:", "if False:",
          "test_cluster.py::test_a_cluster_from_which_nothing_comes_is_given_up"),
    Guard("timeouts of dask's scheduler", "dask_cluster.py", '    "distributed.scheduler.worker-ttl": "30s",\n', "",
          "test_cluster.py::test_what_makes_dask_wait_for_ever_is_set"),
    Guard("versions of workers", "dask_cluster.py", "said = differing(identity(), there)", 'said = ""',
          "test_cluster.py::test_workers_of_another_version_are_named"),
    Guard("loopback only", "dask_cluster.py", 'host="127.0.0.1"', 'host="0.0.0.0"',
          "test_cluster.py::test_processes_of_this_machine_listen_on_loopback_only"),
    Guard("size of arrays before they are read", "npz.py", "if sum(member.file_size for member in members) > most",
          "if False",
          "test_checkpoint.py::test_arrays_that_would_run_code_or_fill_the_memory_are_refused"),
)  # fmt: skip


def pytest(where: Path, tests: list[str], *options: str, kind: str = "1") -> tuple[int, str]:
    """Exit status and output of tests of the sources in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(where), "CTSIM_FAULTS": kind}
    command = [sys.executable, "-m", "pytest", "-q", "-rfEs", "-p", "no:cacheprovider", *options, *tests]
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def copied(folder: Path) -> Path:
    """The sources in another place."""
    for name in ("ctsim", "tests", "scenarios", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def without(guard: Guard) -> str:
    """The test that misses a guard in a copy of the sources; "" where none does."""
    with tempfile.TemporaryDirectory() as name:
        folder = copied(Path(name))
        path = folder / "ctsim" / guard.file
        text = path.read_text(encoding="utf-8")
        assert text.count(guard.old) == 1, f"{guard.what}: {guard.file} has it {text.count(guard.old)} times"
        path.write_text(text.replace(guard.old, guard.new), encoding="utf-8")
        status, said = pytest(folder, [f"tests/{one}" for one in guard.tests.split()], "-x")
    found = re.search(r"^(?:FAILED|ERROR) tests/([^ \[\n]+)", said, re.MULTILINE)
    return found[1] if status == 1 and found else ""


def suites(kind: str) -> tuple[bool, list[list[str]], list[str]]:
    """Whether all suites pass, a row for each, and the lines of what was left out."""
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "report.xml"
        options = (f"-n{AT_ONCE}", "--dist=loadfile", "--no-loadscope-reorder", f"--junitxml={report}")
        status, said = pytest(ROOT, [f"tests/{one}.py" for one in SUITES], *options, kind=kind)
        cases = ElementTree.parse(report).findall(".//testcase") if report.is_file() else []
    if status:
        print(said, file=sys.stderr)
    rows = [[f"`{one}`", outcome([case for case in cases if case.get("classname") == f"tests.{one}"])]
            for one in SUITES]  # fmt: skip
    return status == 0, rows, re.findall(r"^SKIPPED .*", said, re.MULTILINE)


def outcome(cases: list[ElementTree.Element]) -> str:
    """How the tests of one suite ended, in words."""
    ends = Counter(next((end.tag for end in case if end.tag in ENDS), "passed") for case in cases)
    return ", ".join(f"{ends[end]} {ENDS.get(end, end)}" for end in ("passed", *ENDS) if ends[end]) or "NOT RUN"


def main() -> int:
    """Run everything; exit status 1 where a suite fails or a guard is not missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the outcomes into docs/reliability.md")
    parser.add_argument("--long", action="store_true", help="also what takes many minutes")
    asked, started = parser.parse_args(), time.monotonic()
    if absent := slurm.install():
        print(f"without Slurm: {absent}")
    passed, rows, left_out = suites("long" if asked.long else "1")
    for name, said in rows:
        print(f"{name}: {said}")
    print("\n".join(left_out))
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    missed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for guard, found in zip(GUARDS, pool.map(without, GUARDS), strict=True):
            missed.append([guard.what, f"`{guard.file}`", f"`{found}`" if found else "nobody"])
            said = f"{time.monotonic() - started:.0f} s  without {guard.what}: noticed by {found or 'NOBODY'}"
            print(said, flush=True)
    if asked.write:
        text = "\n\n".join([table(["suite", "outcome"], rows), table(["taken away", "in", "noticed by"], missed)])
        page = DOCS / "reliability.md"
        page.write_text(put_between(page.read_text(encoding="utf-8"), MARK, text + "\n"), encoding="utf-8")
    return int(not passed or any(who == "nobody" for *_, who in missed))


if __name__ == "__main__":
    sys.exit(main())
