"""Pages whose commands are run as they stand: files are written, commands called, outputs put under them or compared.

A fenced block of `toml` or `python` whose first line is a comment with a file name is that file; other Python is run,
all of a page with the same names. In a block of `sh` every line that begins with `ctsim` is called, in an empty folder
and in the page's order; `cd` changes the folder. A block of `text` right after it is what these lines print.

A block that is not run has a line before it that begins with `NOT_RUN` and says why. One that stands word for word in a
shipped page or formula is a quotation of it.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import click
from click.testing import CliRunner

from ctsim.catalog import Scenario, load
from ctsim.cli import main
from ctsim.rundir import SUMMARY, RunDirectory
from tests.source import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
FILES = ("toml", "python")
FILE_NAME = re.compile(r"# (\S+\.(?:toml|py))$")
NOT_RUN = "*Not run by the tests: "
LEFT_OUT = "…"

Defaults = Mapping[str, Mapping[str, Any]]
"""By command: options that it has where the page names none, so that a test of a page takes few draws."""


@cache
def executed(page: str) -> str:
    """The text of a page of docs/, with the outputs that its commands have now."""
    with _empty_folder():
        return BLOCK.sub(lambda block: renewed(*block.groups()), text_of(page))


def with_blocks_of(page: str, other: str) -> str:
    """The text of a Japanese page of docs/ with the blocks of another: the same files, and commands with `--lang ja`.

    Commands that this does not change are not called again, so that a page is not paid for twice.
    """
    blocks = BLOCK.finditer(executed(other))
    with _empty_folder():
        return BLOCK.sub(lambda _: _japanese(next(blocks)), text_of(page))


def _japanese(block: re.Match[str]) -> str:
    language, content, shown = block.groups()
    asked = in_japanese(content)
    return block[0] if language == "sh" and asked == content else renewed(language, asked, shown)


def in_japanese(content: str) -> str:
    """A block of `sh` whose commands print Japanese where they print English if nobody says otherwise."""
    return re.sub(
        r"^ctsim .*?(?= +#|$)", lambda line: line[0] + _LANG * _takes_lang(line[0]), content, flags=re.MULTILINE
    )


_LANG = " --lang ja"


def _takes_lang(line: str) -> bool:
    words = line.split()
    command: click.Command = main
    for word in words[1:]:
        command = command.commands.get(word, command) if isinstance(command, click.Group) else command
    printed = any(one.name == "lang" and one.default == "en" for one in command.params)
    return printed and not {"--lang", "--json"} & set(words)


def text_of(page: str) -> str:
    """A page of docs/ as it stands."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


@contextmanager
def _empty_folder() -> Iterator[None]:
    """An empty folder to work in, where shipped scenarios and runs are read once: a reading takes a second."""
    opened = cache(lambda path, kind, _: _open(RunDirectory(path, kind)))

    def open_once(one: RunDirectory) -> Any:
        return opened(one.path.resolve(), one.kind, (one.path / SUMMARY).stat().st_mtime_ns)

    patches = patch("ctsim.catalog.load", _loaded), patch.object(RunDirectory, "open", open_once)
    with TemporaryDirectory() as folder, chdir(folder), patches[0], patches[1]:
        yield


_open = RunDirectory.open


def _loaded(name: str | Path, formulas: str | None = None) -> Scenario:
    return load(name, formulas) if str(name).endswith(".toml") or formulas else _shipped(name)


_shipped = cache(load)


# ---- one block


def renewed(language: str, content: str, shown: str | None) -> str:
    """A block, and what it prints where that is shown; its file is written, its commands are called."""
    block = f"```{language}\n{content}```\n"
    if language in FILES:
        written(content)
    if language != "sh":
        return block if shown is None else f"{block}\n```text\n{shown}```\n"
    said = "".join(called(line) for line in content.splitlines() if line.startswith("ctsim "))
    return block if shown is None else f"{block}\n```text\n{said}```\n"


def written(content: str) -> None:
    """The file of a block, where its first line says."""
    path = Path(content.splitlines()[0].removeprefix("# "))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def called(command: str, defaults: Defaults | None = None) -> str:
    """What a command prints on stdout, without blanks at the ends of lines and empty lines at both ends."""
    result = CliRunner().invoke(main, shlex.split(command, comments=True)[1:], default_map=defaults)
    assert result.exit_code == 0, f"{command}: {result.output}"
    return "\n".join(line.rstrip() for line in result.stdout.splitlines()).strip("\n") + "\n"


# ---- a page by hand


def run_pages(texts: Sequence[str], defaults: Defaults, before: Mapping[str, Callable[[], None]]) -> list[str]:
    """Run a page and its translation in a folder: what is not as they say. The second opens results of the first.

    `before` is what a reader does before a command.
    """
    with _empty_folder():
        return [fault for text in texts for fault in _run_page(text, defaults, before)]


def _run_page(text: str, defaults: Defaults, before: Mapping[str, Callable[[], None]]) -> list[str]:
    names: dict[str, Any] = {}
    faults: list[str] = []
    with chdir("."):
        for block in BLOCK.finditer(text):
            language, content, shown = block.groups()
            if text[: block.start()].rstrip("\n").rpartition("\n")[2].startswith(NOT_RUN):
                continue
            if language == "sh":
                faults += _commands(content, shown, defaults, before)
            elif language in FILES and FILE_NAME.match(content.splitlines()[0]):
                written(content)
            elif language == "python" and not quoted(content):
                exec(content, names)
            elif language == "toml" and not quoted(content):
                faults.append(f"no file, and not from a shipped page: {content.splitlines()[0]}")
    return faults


def _commands(
    content: str, shown: str | None, defaults: Defaults, before: Mapping[str, Callable[[], None]]
) -> Iterator[str]:
    said: list[str] = []
    for line in content.splitlines():
        command = line.partition(" #")[0].strip()
        before.get(command, lambda: None)()
        if command.startswith("cd "):
            os.chdir(command[3:])
        elif command.startswith("ctsim "):
            said += called(command, defaults).splitlines()
        elif command != "source .venv/bin/activate" and not is_target(command):
            yield f"neither run nor marked: {line}"
    yield from (f"not printed: {line}" for line in not_printed((shown or "").splitlines(), said))


def is_target(command: str) -> bool:
    """Whether a line of a shell is `make` with a target that there is; its recipe is what `make test` runs itself."""
    words = command.split()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return words[:1] == ["make"] and len(words) > 1 and f"\n{words[1]}:" in makefile


def not_printed(shown: list[str], said: list[str]) -> list[str]:
    """Lines of a page that its commands do not print, in this order; `…` stands for lines left out."""
    rest = iter(said)
    return [line for line in shown if line.strip() not in ("", LEFT_OUT) and line not in rest]


@cache
def _sources() -> str:
    pages = [*(ROOT / "scenarios").rglob("*.toml"), *(ROOT / "ctsim" / "formulas").glob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in pages)


def quoted(content: str) -> bool:
    """Whether a block stands word for word in a shipped page or formula."""
    return content in _sources()
