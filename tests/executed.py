"""Pages whose commands are run as they stand: files are written, commands called, outputs put under them.

A fenced block of `toml` or `python` whose first line is a comment with a file name is that file. In a block of `sh`
every line that begins with `ctsim` is called, in an empty folder of the page and in the page's order. A block of `text`
right after it is what these lines print, all of it.
"""

import re
import shlex
from contextlib import chdir
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from click.testing import CliRunner

from ctsim.catalog import Scenario, load
from ctsim.cli import main
from tests.source import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
FILES = ("toml", "python")


@cache
def executed(page: str) -> str:
    """The text of a page of docs/, with the outputs that its commands have now."""
    with TemporaryDirectory() as folder, chdir(folder), patch("ctsim.catalog.load", _loaded):
        return BLOCK.sub(lambda block: renewed(*block.groups()), text_of(page))


def _loaded(name: str | Path, formulas: str | None = None) -> Scenario:
    """What a command loads; shipped scenarios once, since reading their pages each time takes a second."""
    return load(name, formulas) if str(name).endswith(".toml") or formulas else _shipped(name)


_shipped = cache(load)


def with_blocks_of(page: str, other: str) -> str:
    """The text of a page of docs/ with the blocks of another, so that a translation has the same files and outputs."""
    blocks = (block[0] for block in BLOCK.finditer(executed(other)))
    return BLOCK.sub(lambda _: next(blocks), text_of(page))


def text_of(page: str) -> str:
    """A page of docs/ as it stands."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def renewed(language: str, content: str, shown: str | None) -> str:
    """A block, and what it prints where that is shown; its file is written, its commands are called."""
    block = f"```{language}\n{content}```\n"
    if language in FILES:
        path = Path(content.splitlines()[0].removeprefix("# "))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    if language != "sh":
        return block if shown is None else f"{block}\n```text\n{shown}```\n"
    said = "".join(called(line) for line in content.splitlines() if line.startswith("ctsim "))
    return block if shown is None else f"{block}\n```text\n{said}```\n"


def called(command: str) -> str:
    """What a command prints on stdout, without blanks at the ends of lines and empty lines at both ends."""
    result = CliRunner().invoke(main, shlex.split(command, comments=True)[1:])
    assert result.exit_code == 0, f"{command}: {result.output}"
    return "\n".join(line.rstrip() for line in result.stdout.splitlines()).strip("\n") + "\n"
