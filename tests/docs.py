"""The generated pages of docs/, from the data they describe: `python -m tests.docs` writes them, a test compares them.

`python -m tests.docs --readme run` makes the run that README.md and README.ja.md show (a million draws) and puts its
output and its pictures there; a test compares the scenario digest under that output with the scenario as it is.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.audit_page import audit_page
from tests.cells_page import cells_page
from tests.commands_page import commands_page, commands_page_ja
from tests.executed import executed, with_blocks_of
from tests.page_texts import place
from tests.programmes_page import programmes_page
from tests.promises import promises
from tests.source import ROOT
from tests.test_layers import LAYERS
from tests.trail_page import trail_page, trail_page_ja
from tests.units_page import units_page

DOCS = ROOT / "docs"
README = ROOT / "README.md"
READMES = {"en": README, "ja": ROOT / "README.ja.md"}


# ---- docs/architecture.md


def layers() -> str:
    """The picture of the layers, from the table that tests/test_layers.py holds."""
    rows = [f"{number:>5}  {'  '.join(sorted(names))}" for number, names in enumerate(LAYERS)]
    return "\n".join(["```text", "layer  modules", *reversed(rows), "```", ""])


def architecture_page() -> str:
    """docs/architecture.md as it stands, with the picture of the layers as it is now."""
    return put_between((DOCS / "architecture.md").read_text(encoding="utf-8"), "layers", layers())


def reliability_page() -> str:
    """docs/reliability.md as it stands, with the table of promises as it is now; `make faults` writes its outcomes."""
    return put_between((DOCS / "reliability.md").read_text(encoding="utf-8"), "promises", promises())


# ---- README.md

SHOWN = {  # tables of the run that README.md shows, and of their rows the programmes' numbers
    "CO2 reduction: units supported": ["19", "20"],
    "CO2 reduction: Japan market": ["2"],
    "CO2 reduction: world market": ["9"],
    "CO₂排出削減効果：支援対象（設備・船舶・車両・住宅など）": ["19", "20"],
    "CO₂排出削減効果：国内市場": ["2"],
    "CO₂排出削減効果：世界市場": ["9"],
}
TITLE = re.compile(r"\w[\w ]+: [A-Za-z ,]+$|(?:CO₂|経済)\S*：\S+$")
CARD = {
    "en": "Scenario digest of this run: `{digest}`, ctsim {version}.",
    "ja": "この計算のシナリオの識別値:`{digest}`、ctsim {version}。",
}
LEFT_OUT = "   …"
PICTURES = ("published_co2_reduction.en.png", "published_co2_reduction.ja.png")
PICTURE_WIDTH, PICTURE_COLOURS = 1100, 128


def abbreviated(output: str) -> str:
    """What `ctsim run` printed, with the tables and rows of `SHOWN` and a line `…` for each gap."""
    kept: list[str] = [LEFT_OUT]
    title = ""
    for line in (line.rstrip() for line in output.splitlines()):
        if TITLE.match(line):
            title = line
        elif not line.startswith(" ") or line.startswith("picture:"):
            title = title if not line else ""
        number = line.split()[0] if line.split() else ""
        shown = title in SHOWN or not (title or line.startswith(" "))
        if number.isdigit() and line.startswith(" "):
            shown = number in SHOWN.get(title, [])
        shown &= not (line.startswith("picture:") and kept[-1].startswith(("picture:", LEFT_OUT)))
        shown &= not line.startswith("·")  # why groups of cells may be added, or not
        if line and shown:
            kept.append(line)
        elif line and kept[-1] != LEFT_OUT:
            kept.append(LEFT_OUT)
    return "\n".join(kept[1:])


def put_between(text: str, name: str, content: str) -> str:
    """`text` with `content` between its markers `<!-- name -->` and `<!-- end name -->`."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    before, _, rest = text.partition(begin)
    return before + begin + content + end + rest.partition(end)[2]


def readme_run() -> None:
    """Make the run of README.md; what it prints goes there and into README.ja.md, its pictures into docs/images."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(Path(sys.executable).with_name("ctsim")),
            "run",
            "framework_2023_11",
            "--draws",
            "1000000",
            "--figure",
        ]
        printed = {lang: _call([*command, "--lang", lang], Path(folder)) for lang in READMES}
        [run] = Path(folder, "results").iterdir()
        card = json.loads((run / "run.json").read_text(encoding="utf-8"))
        for name in PICTURES:
            save_small(run / "figures" / name, DOCS / "images" / name)
    for lang, path in READMES.items():
        said = CARD[lang].format(digest=card["scenario_digest"], version=card["versions"]["ctsim"])
        content = f"```text\n{abbreviated(printed[lang])}\n```\n{said}\n"
        path.write_text(put_between(path.read_text(encoding="utf-8"), "run", content), encoding="utf-8")


def _call(command: Sequence[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


def save_small(source: Path, target: Path) -> None:
    """A picture in fewer pixels and colours, for a page that is read on a screen."""
    from PIL import Image

    with Image.open(source) as full:
        size = (PICTURE_WIDTH, round(full.height * PICTURE_WIDTH / full.width))
        small = full.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    target.parent.mkdir(parents=True, exist_ok=True)
    small.quantize(PICTURE_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


BOTH: dict[str, Callable[[str], str]] = {
    "audit": audit_page,
    "programmes": programmes_page,
    "cells": cells_page,
    "units": units_page,
}
"""Pages that one function makes in either language."""

PAGES: dict[str, Callable[[], str]] = {
    **{place(page, lang): partial(make, lang) for page, make in BOTH.items() for lang in ("en", "ja")},
    "trail.md": trail_page,
    "trail.ja.md": trail_page_ja,
    "architecture.md": architecture_page,
    "commands.md": commands_page,
    "reliability.md": reliability_page,
    "commands.ja.md": commands_page_ja,
    "new-edition.md": lambda: executed("new-edition.md"),
    "new-edition.ja.md": lambda: with_blocks_of("new-edition.ja.md", "new-edition.md"),
    "make-a-study.md": lambda: executed("make-a-study.md"),
    "make-a-study.ja.md": lambda: with_blocks_of("make-a-study.ja.md", "make-a-study.md"),
    "tutorial.md": lambda: executed("tutorial.md"),
    "tutorial.ja.md": lambda: with_blocks_of("tutorial.ja.md", "tutorial.md"),
}


def main() -> None:
    """Write the generated pages that are named, every one if none is; or a part of README.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readme", choices=["run"], help="make the run that README.md shows")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help=f"of docs/: {', '.join(PAGES)}")
    asked = parser.parse_args()
    if asked.readme:
        readme_run()
        return
    for name in asked.pages or PAGES:
        (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
