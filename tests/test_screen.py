"""One screen: tables that are cut to the room that there is, on a terminal of its own and in both languages."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from rich.cells import cell_len

from ctsim.screen import Column, Screen, cells, cut, cut_apart, fitted, screen, widths
from tests.studies import COMMAND

WIDE, HIGH = 120, 40
CHANGES = {
    "car_life": 16.0, "hydrogen_supply_chain.progress_2040": 30.0, "offshore_wind.thermal_emission_factor": 0.6,
    "grid_factor": 0.4, "petrol_factor": 2.29, "perovskite_solar.japan_share": 20.0,
}  # fmt: skip
TEN = """\
[scenario]
id = "ten"
extends = "framework_2023_11"
title_ja = "十の変更を加えた検討"
title_en = "A study with ten changes"

[[change]]
parameter = "hydrogen_supply_chain.hydrogen_supply_cost"
value = { 2030 = 35, 2050 = 20 }
uncertainty = { dist = "pert", low = 0.7, mode = 1.0, high = 1.4, relative = true, basis = "assumed", reason = "both" }
reason = "costs of 2030 have risen and will not fall before the next plan is made, whatever ships cost by then"
source = { key = "study", where = "note" }

[[change]]
impact = "clean_energy_vehicles.co2_reduction.2030"
formula = "co2_reduction_carried_new_car"
reason = "EVが代替するのは平均的な自動車ではなく、買い替えの時点で選ばれなかったガソリンの新車である"
source = { key = "study", where = "note" }

[[change]]
programme = "electric_commercial_vehicles"
include = false
reason = "the question is about cars 乗用車についての検討"
source = { key = "study", where = "note" }

[[dependence]]
parameters = ["offshore_wind.progress_2040", "perovskite_solar.progress_2040"]
spearman = 0.6
basis = "assumed"
reason = "both follow the same support for renewable power"
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("screen") / "ten.toml"
    more = [
        f'\n[[change]]\nparameter = "{name}"\nvalue = {value}\nuncertainty = {{ dist = "uniform", low = {0.8 * value}, '
        f'high = {1.2 * value}, basis = "assumed", reason = "about a fifth" }}\n'
        'reason = "a newer figure, seen in a longer series 新しい値"\nsource = { key = "study", where = "note" }\n'
        for name, value in CHANGES.items()
    ]
    path.write_text(TEN + "".join(more), encoding="utf-8")
    return path


def on_terminal(folder: Path, *arguments: str, size: tuple[int, int] = (WIDE, HIGH)) -> list[str]:
    """The lines of a command on a terminal of that many columns and lines."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen([*COMMAND, *arguments], stdout=theirs, cwd=folder, env=environment) as process:
        os.close(theirs)
        said = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert process.returncode == 0
    return said.decode().replace("\x1b[0m", "").splitlines()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so at the end
        return b""


HEADS = {
    "en": ("B − A", "90 % of draws", "B higher", "because of"),
    "ja": ("B − A", "抽出の90%", "Bが大きい", "寄与度"),
}


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_ten_changes_fit_one_screen(study: Path, lang: str) -> None:
    """What changed, by how much, how sure and because of what, of all ten changes and the rows that moved furthest."""
    asked = ("compare", "framework_2023_11", "ten.toml", "--draws", "16384", "--out", "o", "--quiet", "--lang", lang)
    lines = on_terminal(study.parent, *asked)
    assert max(map(cell_len, lines)) <= WIDE and 30 <= len(lines) < HIGH
    changes = [line for line in lines if line.startswith("#")]
    assert [line.split()[0] for line in changes] == [f"#{number}" for number in range(1, 11)]
    for line in changes:
        assert "ten.toml:" in line and "(B)" in line
    assert any(line.startswith("#5 ") and "hydrogen_supply_chain.hydrogen_supply_cost" in line for line in changes)
    head = next(number for number, line in enumerate(lines) if "B − A" in line)
    assert all(word in lines[head] for word in HEADS[lang])
    rows = lines[head + 2 : lines.index("", head)]
    assert len(rows) >= 8
    for row in rows:
        assert "±" in row and ("～" if lang == "ja" else " to ") in row and " #" in row, row
        assert any(word in row for word in ("2030", "2040", "2050", "units_supported_first_year")), row
    assert any("co2_reduction: " in line and "economic_effect: " in line for line in lines[:head])
    assert any("--all" in line and "--json" in line for line in lines[head:])


def test_more_changes_than_fit_and_a_small_terminal(study: Path) -> None:
    """At least eight rows of each; nothing is wider than the terminal but what is there to be copied."""
    asked = ("compare", "framework_2023_11", "ten.toml", "--draws", "16384", "--out", "o", "--quiet")
    lines = on_terminal(study.parent, *asked, size=(80, 24))
    assert all(cell_len(line) <= 80 for line in lines[: lines.index(next(one for one in lines if "--json" in one))])
    assert lines[0].endswith("… (3 more changes: --all)") and len([one for one in lines if one.startswith("#")]) == 7
    tall = on_terminal(study.parent, *asked, size=(160, 100))
    assert 80 < len(tall) < 100 and max(map(cell_len, tall)) <= 160


def test_all_shows_everything_uncut(study: Path) -> None:
    asked = (*COMMAND, "compare", "framework_2023_11", "ten.toml", "--draws", "16384", "--out", "o", "--quiet")
    cut_, whole = (
        subprocess.run([*asked, *more], cwd=study.parent, capture_output=True, check=True, encoding="utf-8").stdout
        for more in ((), ("--all",))
    )
    assert len(cut_.splitlines()) <= HIGH and max(map(cell_len, cut_.splitlines())) <= 200
    [left] = [line for line in cut_.splitlines() if line.startswith("Not in the table")]
    shown = len([one for one in cut_.splitlines() if "±" in one and "#" in one])
    rows = len([one for one in whole.splitlines() if "±" in one and one.startswith("  ") and " #" in one])
    assert rows >= shown + 40 and "…" not in whole and "whatever ships cost by then" in " ".join(whole.split())
    assert int(left.split(":")[1].split(".")[0]) > 40


def test_an_edition_without_sourced_changes_says_so(tmp_path: Path) -> None:
    asked = ("compare", "framework_2023_11", "framework_2025_06", "--draws", "16384", "--out", "o", "--quiet")
    said = {
        "en": (
            "Only provisions differ (10): no impact has a sourced change.",
            "every difference is exactly 0",
            "tax credits",
        ),
        "ja": (
            "違うのは規定10件だけで、根拠となる資料のある効果の変更は一つもない。",
            "差はすべてちょうど0である",
            "税額控除",
        ),
    }
    for lang, words in said.items():
        out = "\n".join(on_terminal(tmp_path, *asked, "--lang", lang))
        assert all(word in out for word in words), out
        assert len(out.splitlines()) < HIGH and max(map(cell_len, out.splitlines())) <= WIDE


# ---- by hand


def test_what_is_cut_keeps_what_tells() -> None:
    assert cut("short", 5) == "short" and cut("longer", 5) == "long…" and cut("x", 0) == ""
    assert cut("study/file.toml:12", 9, "end") == "….toml:12"
    assert cut("clean_energy_vehicles.co2_reduction.2030", 25, "both") == "clean_en…2_reduction.2030"
    assert cut("#1 +0.5, #2 -0.25, #3 +0.125", 20, "pieces") == "#1 +0.5, #2 -0.25, …"
    assert cut("#1 +0.5, #2 -0.25, #3 +0.125", 19, "pieces") == "#1 +0.5, …"
    assert cut("乗用車", 5) == "乗用…" and cells(cut("乗用車", 4)) == 3
    assert cut_apart("carried (1b)", "carried_new (7e)", (8, 8)) == ("…ed (1b)", "…ed_new…")
    assert cut_apart("one", "two", (9, 9)) == ("one", "two")


def test_columns_give_way_in_their_order() -> None:
    rows = [["name " * 4, "value " * 4, "why " * 10]]
    columns = [Column("a", least=8, gives=2), Column("b"), Column("c", least=6, gives=1, goes=1)]
    natural = {0: 20, 1: 24, 2: 40}
    assert widths(columns, rows, 88) == natural
    assert widths(columns, rows, 60) == natural | {2: 12}
    assert widths(columns, rows, 50) == {0: 16, 1: 24, 2: 6}
    assert widths(columns, rows, 40) == {0: 14, 1: 24}


def test_a_table_says_whether_it_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("name", least=4, gives=1), Column("number", is_right=True)]
    assert not fitted("Title", columns, [["乗用車", "1"]], Screen(20, 9))
    assert capsys.readouterr().out == "Title\nname    number\n──────  ──────\n乗用車       1\n"
    assert fitted("Title", columns, [["乗用車", "1"]], Screen(13, 9))
    assert capsys.readouterr().out.splitlines()[-1] == "乗用…       1"
    assert screen(True).whole and (sys.stdout.isatty() or screen().width == 200)
