"""What can go wrong, and how it is said.

CtsimError                 everything a user can cause; exit status 2
├── InputError             findings in files or options, all of a file at once
├── RunDirectoryError      a directory that is not the run that was asked for
├── ClusterError           workers that cannot be reached, do not fit or were lost
└── Stopped                interrupted, resumable; exit status 3

A finding is one line: file, line, key, what is wrong, how to mend it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from unicodedata import category

MAX_KEY: Final = 200


@dataclass(frozen=True, order=True)
class Place:
    """Where something was said: a file (as the user named it) and a line, 0 where no line applies."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Finding:
    """One fault: `key` is the dotted name in the file, `message` says what is wrong and how to mend it."""

    place: Place
    key: str
    message: str

    def __str__(self) -> str:
        parts = (_visible(str(self.place)), _visible(self.key, MAX_KEY), one_line(self.message))
        return ": ".join(part for part in parts if part)


class CtsimError(Exception):
    """Base of every error that a user can cause. Carries one message per fault in `findings`."""

    exit_status = 2

    def __init__(self, findings: str | Finding | Iterable[Finding]) -> None:
        if isinstance(findings, str):
            findings = Finding(Place(), "", findings)
        if isinstance(findings, Finding):
            findings = [findings]
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class InputError(CtsimError):
    """A scenario, page, formula or option that cannot be used."""


class RunDirectoryError(CtsimError):
    """A run directory that is foreign, unsealed, damaged or cannot be written."""


class ClusterError(CtsimError):
    """A cluster that cannot be reached, has other versions than this process, or was lost."""


class Stopped(CtsimError):
    """The run was interrupted; what was done so far is kept."""

    exit_status = 3


def one_line(text: str) -> str:
    """Messages are one line each, whatever a file put into them."""
    return _visible(" ".join(text.split()))


def _visible(text: str, most: int | None = None) -> str:
    """`text` with what a terminal would act on written as an escape, cut to `most` characters."""
    text = text if most is None or len(text) <= most else text[: most - 1] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or category(c) == "Zs" else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " Did you mean 'x'?" for the nearest known word, or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""


def how_many(number: int, noun: str) -> str:
    """How many of something: "1 worker", "2 workers"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
