"""Whether what a command prints in Japanese holds a text of the other language."""

import re

from ctsim.locale import texts

GAP = re.compile(r"`[^`]*`|\{\w+\}")
LEAST = {"en": re.compile(r"\w+\W+\w+"), "ja": re.compile(r"\w\w")}
"""What a piece must hold to be told from names of cells and files: two words of English."""


def pieces(said: str, lang: str) -> list[str]:
    """What a text says between its fields and the commands that it names, blanks as one."""
    return [part for part in (" ".join(one.split()) for one in GAP.split(said)) if LEAST[lang].search(part)]


def left_in(out: str, lang: str, *subjects: str) -> list[str]:
    """Pieces of the texts of `subjects` in `lang` that `out` holds; texts that are the same in both do not count."""
    shown = " ".join(out.split())
    of = [both for key, both in texts().items() if key.partition(".")[0] in subjects and both["ja"] != both["en"]]
    return [part for both in of for part in pieces(both[lang], lang) if part in shown]
