"""Where an opponent runs: this environment if it has the pinned versions, else one of its own beside it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from benchmarks.measure import versions
from benchmarks.peers import FOLDER, Peer

HOME = Path(sys.prefix) / "peers"
PATIENCE = 600  # seconds for one installation

_ASK = (
    "import sys; from importlib.metadata import version; "
    "sys.exit(any(version(p) != v for p, v in (one.split('==') for one in sys.argv[1:])))"
)


def interpreter(peer: Peer, install: bool) -> tuple[str, str]:
    """(Python, "") or ("", why there is none). With `install` a missing environment is made."""
    pins = tuple(sorted(peer.pins().items()))
    if versions([name for name, _ in pins]) == dict(pins):
        return sys.executable, ""
    return _own(peer.requirements, pins, install)


@cache
def _own(requirements: str, pins: tuple[tuple[str, str], ...], install: bool) -> tuple[str, str]:
    """The Python of the environment made from these requirements."""
    python = HOME / requirements / "bin" / "python"
    if python.is_file() and _holds(python, pins):
        return str(python), ""
    if not install:
        return "", f"no environment with requirements-{requirements}.txt; leave --no-install out to make one"
    file = FOLDER / f"requirements-{requirements}.txt"
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(HOME / requirements)],
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(file)],
    ]
    for step in steps:
        if reason := _failure(step):
            return "", f"requirements-{requirements}.txt cannot be installed: {reason}"
    return str(python), ""


def _holds(python: Path, pins: tuple[tuple[str, str], ...]) -> bool:
    asked = [str(python), "-c", _ASK, *(f"{name}=={version}" for name, version in pins)]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _failure(command: list[str]) -> str:
    """The last line of what a failing command said, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (done.stderr or done.stdout).strip().splitlines()
    return (said or ["no reason given"])[-1] if done.returncode else ""
