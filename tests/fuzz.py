"""`python -m tests.fuzz COUNT [SEED]`: changed scenarios, pages, workbooks, cluster files, results, command lines.

Each gives what it gives in one line or works; none may end in a traceback, take five seconds of processor time, run
code, or write anywhere but into its folder. Half of the changed files of run directories get digests that agree with
them: SHA-256 finds accidents, not somebody who writes a directory on purpose.

Changes come from `random`, seeded by kind and number: what is found is found again by its seed, and a case costs a copy
of some files and no search. Pages and scenarios are also searched by hypothesis, which shrinks what it finds:
`test_bad_input`.
"""

import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO, StringIO
from itertools import count
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from ctsim import (
    catalog,
    cli,
    cluster_file,
    engine,
    explain,
    job,
    reproduce,
    rundir,
    shards,
    stress,
)
from ctsim.audit import audit
from ctsim.caches import cache_folder
from ctsim.compare import CARD_NAME as COMPARED
from ctsim.compare import compare
from ctsim.durable import card_content, card_digest
from ctsim.errors import CtsimError
from ctsim.export.edited import from_workbook
from ctsim.export.editing import to_workbook
from ctsim.report.page import report
from ctsim.rundir import RunDirectory
from ctsim.sensitivity import sensitivity
from tests.studies import PAGE, SCENARIO, Study, small_library
from tests.unfinished import broken_off

MOST_SECONDS = 5.0
TOKEN = re.compile(r'"[^"\n]*"|[\w.+-]+|\s+|.')
STRANGE = [
    "nan", "-inf", "1e400", "[", "]", "{", "}", '"', "=", "0", "-1", "1e308", "true", "null", "\n", "\x00", '"\\u001b"',
    "0x" + "f" * 999, '"../../escaped"', '"/tmp/escaped"', "18446744073709551616", "[" * 2000,
    '"__import__(\'os\').system(1)"',
    '"os.system"', '"{0.__class__}"', '"../formulas/mine"', "1e15", '"\\ud800"', '""', "[]", "{}",
]  # fmt: skip
CLUSTER = (
    '[slurm]\ninterface = "lo"\nmaximum = 2\nminimum = 1\nmemory = "1GB"\nwalltime = "01:00:00"\nprologue = ["x"]\n'
)
RUNS_CODE = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
    "ctypes.dlopen",
)
OWN_PICKLES = ("copyreg", "dask", "numba", "llvmlite", "numpy", "builtins", "_operator")
"""Of dask's graphs and of machine code in ctsim's own cache; an input is never a pickle."""


def changed_text(text: str, chance: random.Random) -> str:
    """`text` with one to four tokens deleted, doubled, exchanged, or replaced by strange ones."""
    tokens = TOKEN.findall(text) or [" "]
    for _ in range(chance.randint(1, 4)):
        tokens = tokens or [" "]
        at, other = chance.randrange(len(tokens)), chance.choice(tokens)
        tokens[at : at + 1] = chance.choice(
            [[], [tokens[at]] * 2, [other], [chance.choice(STRANGE)], [tokens[at], other]]
        )
    return "".join(tokens)


VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 2**64, 1e308, "", "x", "../../escaped", "\x00", [], {}, [[]], {"x": "y"}, ["x"],
)  # fmt: skip


def changed_json(content: bytes, chance: random.Random) -> bytes:
    """JSON that stays JSON, with an entry at any depth taken out or of another kind."""
    whole = json.loads(content)
    place = whole
    while True:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if isinstance(place[key], dict | list) and place[key] and chance.random() < 0.7:
            place = place[key]
            continue
        if chance.random() < 0.3:
            del place[key]
        else:
            place[key] = chance.choice(VALUES)
        return json.dumps(whole).encode()


def changed_bytes(content: bytes, chance: random.Random) -> bytes:
    """`content` with bytes exchanged, or cut off, or with something behind it."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    cut = chance.choice([len(changed), len(changed), chance.randrange(len(changed))])
    return bytes(changed[:cut]) + chance.choice([b"", b"", b"PK\x05\x06" + bytes(18)])


# ---- what is tried


@dataclass
class Bench:
    """A small study and directories of its runs, to be copied and broken."""

    study: Study
    sealed: Path
    unsealed: Path
    parts: list[Path]
    book: bytes
    others: dict[str, Path]
    """Results that are no runs, by the name of their cards."""

    @property
    def formulas(self) -> Path:
        """Formulas of the study, as a user would give them."""
        return self.study.folder / "formulas"


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Everything that is broken later, made once; pages are looked for in a library of their own."""
    with pytest.MonkeyPatch.context() as patch:
        small_library(folder / "library", patch)
        patch.setattr("ctsim.checkpoint.SECONDS_BETWEEN", 0.0)
        patch.setattr("ctsim.checkpoint.COSTS_BETWEEN", 0.0)
        study = Study(folder / "study")
        scenario = catalog.load(study.folder / "s.toml", study.folder / "formulas")
        engine.simulate(scenario, draws=2**14, out=folder / "sealed")
        broken_off(scenario, folder / "unsealed")
        parts = [folder / "part1", folder / "part2"]
        for number, part in enumerate(parts, 1):
            engine.simulate(scenario, draws=2**14, out=part, shard=f"{number}/2")
        book = to_workbook(scenario, study.folder / "book.xlsx", "en")
        yield Bench(study, folder / "sealed", folder / "unsealed", parts, book, others(study, scenario, folder))


def others(study: Study, scenario: catalog.Scenario, folder: Path) -> dict[str, Path]:
    """A comparison, a stress and a sensitivity analysis of the study."""
    made = {name: folder / name for name in ("compared", "stressed", "driven")}
    before = study.write("before.toml", SCENARIO[: SCENARIO.index("[[change]]")])
    compare(catalog.load(before, study.folder / "formulas"), scenario, draws=1024, out=made["compared"])
    stress.stress(scenario, draws=1024, out=made["stressed"])
    sensitivity(scenario, draws=1024, out=made["driven"])
    return dict(zip((COMPARED, stress.CARD_NAME, rundir.CARD), made.values(), strict=True))


def scenario_or_page(it: Bench, chance: random.Random, work: Path) -> None:
    study = Study(work)
    name, text = chance.choice([("s.toml", SCENARIO), ("programmes/mine.toml", PAGE)])
    study.write(name, changed_text(text, chance).encode("utf-8", "replace"))
    scenario = catalog.load(work / "s.toml", work / "formulas")
    audit(scenario)
    scenario.to_toml()
    engine.parameters_at(scenario, 0, 0)


def workbook(it: Bench, chance: random.Random, work: Path) -> None:
    """A cell, a part or the file itself is changed; what is made of it is a scenario that can be read."""
    Study(work)
    (work / "book.xlsx").write_bytes(
        changed_bytes(it.book, chance) if chance.random() < 0.1 else changed_part(it.book, chance)
    )
    from_workbook(work / "book.xlsx", work / "edited.toml", work / "formulas")
    catalog.load(work / "edited.toml", work / "formulas")


CELL = re.compile(r"(?<=>)[^<>]+(?=<)")


def changed_cells(text: str, chance: random.Random) -> str:
    """XML with up to four of the numbers or texts between its marks exchanged, changed, or replaced by strange ones."""
    found = CELL.findall(text) or [" "]
    chosen = {chance.randrange(len(found)) for _ in range(chance.randint(1, 4))}
    number = count()

    def other(match: re.Match[str]) -> str:
        if next(number) not in chosen:
            return match[0]
        return escape(chance.choice([chance.choice(found), changed_text(match[0], chance), chance.choice(STRANGE)]))

    return CELL.sub(other, text)


def changed_part(book: bytes, chance: random.Random) -> bytes:
    """A workbook with one part changed: sheets and texts more often than what holds them together."""
    into = BytesIO()
    with zipfile.ZipFile(BytesIO(book)) as old, zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        telling = [name for name in names if "sheet" in name.lower() or "sharedStrings" in name]
        wanted = chance.choice(telling if chance.random() < 0.8 else names)
        for name in names:
            content = old.read(name)
            if name == wanted:
                change = changed_text if chance.random() < 0.2 else changed_cells
                content = change(content.decode(), chance).encode("utf-8", "replace")
            new.writestr(name, content)
    return into.getvalue()


def other_result(it: Bench, chance: random.Random, work: Path) -> None:
    card = chance.choice(list(it.others))
    place = Path(shutil.copytree(it.others[card], work / "result"))
    names = sorted(str(path.relative_to(place)) for path in place.rglob("*.*") if path.is_file())
    break_one(place, chance, [card] * 4 + names, card)
    if card == stress.CARD_NAME:
        stress.open_stress(place).to_dict()
    else:
        report(place, "en", work / "page.html", it.formulas)


def cluster(it: Bench, chance: random.Random, work: Path) -> None:
    (work / "slurm.toml").write_text(changed_text(CLUSTER, chance), encoding="utf-8", errors="replace")
    cluster_file.slurm_of(str(work / "slurm.toml"))


def sealed_run(it: Bench, chance: random.Random, work: Path) -> None:
    place = Path(shutil.copytree(it.sealed, work / "run"))
    break_one(place, chance, ["run.json"] * 4 + ["scenario.toml", "state.npz", "summary.nc", "tables/quantiles.npz"])
    use = chance.choice([
        lambda: engine.open_run(place),
        lambda: explain.explain(place, (), it.formulas),
        lambda: reproduced(place, it.formulas),
    ])  # fmt: skip
    use()


def reproduced(place: Path, formulas: Path) -> None:
    """All of `reproduce` but the draws, of which a changed card may ask for many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduce, "in_memory", lambda *_: type("Run", (), {"result_digest": ""}))
        reproduce.reproduce(place, formulas=formulas)


def unsealed_run(it: Bench, chance: random.Random, work: Path) -> None:
    place = Path(shutil.copytree(it.unsealed, work / "run"))
    chunk = next((place / "chunks").glob("*.json")).stem
    names = ["run.json"] * 3 + [
        "scenario.toml",
        "tables/quantiles.npz",
        f"chunks/{chunk}.json",
        f"chunks/{chunk}.state",
    ]
    break_one(place, chance, names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "finished", checked_only)  # what follows is draws, as many as are asked for
        engine.resume(place, formulas=it.formulas)


def checked_only(asked: Any, directory: RunDirectory, *_: Any) -> None:
    """What `finished` reads of a directory before it draws."""
    job.forecast(asked, asked.kernel(), directory.path)
    engine.checkpoint.tiles_done(directory.chunks)


def shard(it: Bench, chance: random.Random, work: Path) -> None:
    parts = [Path(shutil.copytree(part, work / part.name)) for part in it.parts]
    break_one(parts[0], chance, ["run.json", "run.json", "state.npz", "scenario.toml", "tables/quantiles.npz"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "finished", checked_only)
        shards.merge(parts, out=work / "whole", formulas=it.formulas)


LINES = """
run s.toml --formulas formulas --draws 4096 --seed 3 --chunk 1024 --out run --threshold mine.co2_reduction.2050=1
run s.toml --formulas formulas --draws 2048 --method mc --set mine.share=0.2 --scale-assumed 1.5 --figure
run s.toml --formulas formulas --draws 4096 --shard 1/2 --out part --keep-draws cells --memory 2GB --lang ja
run s.toml --formulas formulas --draws 4096 --precision 0.05 --dependence 0 --only-basis assumed --out run
resume sealed --formulas formulas --workers 2
merge part1 part2 --out whole --formulas formulas
audit s.toml --formulas formulas
check s.toml --formulas formulas
show s.toml mine.share --formulas formulas
explain sealed mine.co2_reduction.2050 --formulas formulas
compare s.toml sealed --draws 1024 --formulas formulas
sensitivity s.toml --draws 1024 --formulas formulas
total s.toml mine.co2_reduction.2050 --draws 1024 --formulas formulas
report sealed --lang en --out page.html --formulas formulas
export sealed --to csv --out written --formulas formulas
scenario schema
"""
MOST_DRAWS = 10_000


def command_line(it: Bench, chance: random.Random, work: Path) -> None:
    """A command with words deleted, doubled, exchanged or replaced, in a folder where its files are."""
    Study(work)
    for place in (it.sealed, *it.parts):
        shutil.copytree(place, work / place.name)
    words = [word if chance.random() > 0.15 else strange(word, chance)
             for word in chance.choice(LINES.strip().splitlines()).split()]  # fmt: skip
    words = [word for word in words if chance.random() > 0.03]
    with chdir(work), redirect_stdout(StringIO()) as said, redirect_stderr(said):
        try:
            cli.main([*map(affordable, words)], "ctsim")
        except SystemExit as done:
            assert done.code in (None, 0, 1, 2, 3), f"exit status {done.code}"
    assert "Traceback" not in said.getvalue()


def strange(word: str, chance: random.Random) -> str:
    """Another word, or the same with characters exchanged; none that names a place outside the folder on purpose."""
    others = [one.strip('"') for one in STRANGE if "/" not in one and "\0" not in one]
    return chance.choice([chance.choice(others), changed_text(word, chance), chance.choice(LINES.split())]).lstrip("/.")


def affordable(word: str) -> str:
    """Numbers of draws, threads or shards that would be granted and take long are made small."""
    try:
        return "4096" if MOST_DRAWS < float(word) < 1e14 else word
    except ValueError:
        return word


KINDS: dict[str, Callable[[Bench, random.Random, Path], None]] = {
    "scenario or page": scenario_or_page, "workbook": workbook, "cluster file": cluster, "sealed run": sealed_run,
    "unsealed run": unsealed_run, "shard": shard, "other result": other_result, "command line": command_line,
}  # fmt: skip


def break_one(place: Path, chance: random.Random, names: list[str], card_name: str = rundir.CARD) -> None:
    """Change one file of a run directory; in half of all cases its digests are made to agree."""
    path = place / chance.choice(names)
    text = path.suffix in (".json", ".toml")
    content = path.read_bytes()
    if path.suffix == ".json" and chance.random() < 0.5:
        path.write_bytes(changed_json(content, chance))
    else:
        path.write_bytes(
            changed_text(content.decode(), chance).encode("utf-8", "replace")
            if text
            else changed_bytes(content, chance)
        )
    try:
        card = json.loads((place / card_name).read_bytes())
        if chance.random() < 0.5 or not isinstance(card, dict):
            return
        if isinstance(card.get("files"), dict) and path.name != card_name:
            card["files"][str(path.relative_to(place))] = sha256(path.read_bytes()).hexdigest()
        sealed = card.get("sealed")
        card["card_digest" if sealed else "request_digest"] = (card_digest if sealed else rundir._request_digest)(card)
        (place / card_name).write_bytes(card_content(card) if sealed else rundir._card_content(card))
    except (ValueError, UnicodeEncodeError, RecursionError, TypeError, AttributeError):
        return


# ---- what is watched


class Watch:
    """Files opened for writing outside the folders that are allowed, and code that is run, while it is on."""

    def __init__(self, *allowed: Path) -> None:
        self.allowed = [str(path.resolve()) for path in allowed]
        self.found: list[str] = []
        self.is_on = False
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "pickle.find_class" and str(arguments[0]).partition(".")[0] in OWN_PICKLES:
            return
        if event.startswith(RUNS_CODE):
            self.found.append(f"{event} {str(arguments)[:100]}")
        elif event == "open" and isinstance(arguments[0], str | bytes) and self._writes(arguments):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if not path.startswith((*self.allowed, "/dev/", "/proc/")):
                self.found.append(f"writes {path}")

    @staticmethod
    def _writes(arguments: tuple[Any, ...]) -> bool:
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def tried(kind: str, it: Bench, seed: int, work: Path, watch: Watch) -> str:
    """What is wrong with how one changed input ends; "" where nothing is."""
    work.mkdir()
    started, watch.is_on = time.thread_time(), True
    fault = ""
    try:
        KINDS[kind](it, random.Random(f"{kind}{seed}"), work)
    except CtsimError as error:
        if not str(error) or error.exit_status not in (2, 3):
            fault = f"says nothing: {error!r}"
    except Exception as error:
        fault = _last(error)
    finally:
        watch.is_on = False
    seconds = time.thread_time() - started
    if seconds > MOST_SECONDS:
        fault = f"{fault} takes {seconds:.1f} s"
    if watch.found:
        fault, watch.found = f"{fault} {'; '.join(watch.found)}", []
    shutil.rmtree(work)
    return fault


def _last(error: Exception) -> str:
    frames = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).parent.name == "ctsim"]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "outside ctsim"
    return f"{type(error).__name__}: {str(error)[:150]} ({where})"


def main(folder: Path, count: int, seed: int = 0) -> list[str]:
    """The faults that so many changed inputs, of each kind in turn, bring to light."""
    watch, faults = Watch(folder, cache_folder().parent), []
    with bench(folder) as it:
        for number in range(count):
            kind = list(KINDS)[number % len(KINDS)]
            if fault := tried(kind, it, seed + number, folder / "work", watch):
                faults.append(f"{kind}, seed {seed + number}: {fault}")
    return faults


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        found = main(Path(name), int(sys.argv[1]), *map(int, sys.argv[2:]))
    print("\n".join(found) or f"{sys.argv[1]} changed inputs: no traceback, no hang, no code run, no file outside")
    sys.exit(bool(found))
