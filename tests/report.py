"""The report's text, when it is at hand: its blocks by the names that pages use in `where`.

The document is looked for by digest in ../shared/seeds (or where CTSIM_REPORT says); `find()` is None where it is
absent. Headings are irregular in the extracted text (numbers displaced or lost), so sections of chapter 4.3.2 are found
by the line that every one of them has below its heading.
"""

import hashlib
import os
import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ctsim.quotes import squash, squash_character, without_markup

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "scenarios"
REPORT_KEY = "impact_report_2026_01"

NAMES = {
    "perovskite_solar": "次世代型太陽電池の開発",
    "offshore_wind": "洋上風力発電の低コスト化",
    "hydrogen_supply_chain": "大規模水素サプライチェーンの構築",
    "next_generation_aircraft": "次世代航空機の開発",
    "next_generation_ships": "次世代船舶の開発",
    "hydrogen_steelmaking": "製鉄プロセスにおける水素活用",
    "industrial_furnaces": "製造分野における熱プロセスの脱炭素化",
    "water_electrolysis": "を活用した水電解による水素製造",
    "waste_carbon_cycle": "廃棄物・資源循環分野におけるカーボンニュートラル実現",
    "plastic_feedstock": "CO2等を用いたプラスチック原料製造技術開発",
    "gtex": "技術創出事業(G",
    "photonics_datacentre": "情報通信システム基盤強化研究開発事業",
    "high_temperature_reactor": "高温ガス炉実証炉開発事業",
    "fast_reactor": "高速炉実証炉開発事業",
    "battery_supply_chain": "蓄電池の製造サプライチェーン強靭化支援事業",
    "power_semiconductors": "GXを実現する半導体",
    "energy_saving_equipment": "投資促進・需要構造転換支援事業費",
    "regional_microgrids": "特定地域脱炭素移行加速",
    "clean_energy_vehicles": "クリーンエネルギー自動車導入促進補助金",
    "electric_commercial_vehicles": "商用車の電動化促進事業",
    "insulated_windows": "住宅の断熱性能向上のための先進的設備導入促進事業",
}
"""Words of every programme's name as the report's charts and headings print it (squashed), in the report's order."""

GREEN_INNOVATION_FUND = "グリーンイノベーション基金事業"
_CELL_OF = {"insulated_windows": "断熱窓への改修促進等"}  # chart 8 has two rows for the programme
_PROGRESS = "本事業の進捗と成果"
_NUMBERED = re.compile(r"\**(\d{1,2}) (?:GI|ポスト|高|経済|省|特定|クリーン|商用|住宅)")
_HEADING = re.compile(r"\d{1,2}|(?:\d{1,2} )?(?:GI 基金事業|「|革新|ポスト|高|経済|省|特定|クリーン|商用|住宅).{0,90}")
_CHART = re.compile(r"(?:■ ?)?図表 ?(\d+) ")
_SECTION = re.compile(r"([45]\.\d(?:\.\d)?)\.? (?:\| )?[^\t]+$")
_CHAPTER = re.compile(r"chapter (\d)$|(ANNEX)$")


@dataclass(frozen=True)
class Block:
    """Lines `first` to `last` (from 1) of the document, with their text."""

    first: int
    last: int
    text: str

    @cached_property
    def _squashed(self) -> tuple[str, list[int]]:
        """The squashed text and, for each of its characters, the position in `text`."""
        places = [(part, place) for place, c in enumerate(without_markup(self.text)) for part in squash_character(c)]
        return "".join(part for part, _ in places), [place for _, place in places]

    def find(self, quote: str) -> tuple[int, str] | None:
        """Line and raw words of `quote` in this block; a match never begins or ends inside a number."""
        squashed, places = self._squashed
        wanted, start = squash(quote), -1
        while wanted and (start := squashed.find(wanted, start + 1)) >= 0:
            begin, end = places[start], places[start + len(wanted) - 1] + 1
            if not (_cuts_number(self.text, begin) or _cuts_number(self.text, end)):
                return self.first + self.text.count("\n", 0, begin), self.text[begin:end]
        return None


def _cuts_number(text: str, place: int) -> bool:
    """Whether `place` lies between two digits of one number."""
    before, after = text[max(place - 2, 0) : place], text[place : place + 2]
    return bool(re.search(r"[0-9][.,]?$", before) and re.match(r"[.,]?[0-9]", after))


class Report:
    """The document with its blocks."""

    def __init__(self, path: Path) -> None:
        self.lines = path.read_text(encoding="utf-8").split("\n")
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()

    def block(self, where: str) -> Block:
        """The block that a page's `where` names; KeyError where there is none."""
        return self._blocks[where]

    @cached_property
    def _blocks(self) -> dict[str, Block]:
        starts = {**self._headings(), **self._programme_headings()}
        body = {name: line for name, line in starts.items() if not name.startswith("chart ")}
        return {
            name: self._lines(line, _next(line, starts if name.startswith("chart ") else body, len(self.lines)))
            for name, line in starts.items()
        }

    def _lines(self, first: int, last: int) -> Block:
        return Block(first, last, "\n".join(self.lines[first - 1 : last]))

    def _headings(self) -> dict[str, int]:
        """First line of every chapter, numbered section, chart and annex block; the table of contents comes earlier."""
        found: dict[str, int] = {}
        for number, line in enumerate(self.lines, 1):
            if chapter := _CHAPTER.match(line.strip()):
                found[f"chapter {chapter[1]}" if chapter[1] else "Annex"] = number
            elif chart := _CHART.match(line):
                found[f"chart {chart[1]}"] = number
            elif section := _SECTION.match(line):
                found[section[1]] = number
            elif "Annex" in found and (annex := _NUMBERED.match(line)):
                found[f"Annex {annex[1]}"] = number
        return found

    def _programme_headings(self) -> dict[str, int]:
        """First line of the 21 sections of chapter 4.3.2: up from the line below every heading."""
        progress = [number for number, line in enumerate(self.lines, 1) if line.strip() == _PROGRESS]
        return {f"4.3.2-{index}": self._heading_above(number) for index, number in enumerate(progress, 1)}

    def _heading_above(self, number: int) -> int:
        first = number
        for above in range(number - 1, number - 8, -1):
            line = self.lines[above - 1].strip()
            if line and not _HEADING.fullmatch(line):
                break
            first = above if line else first
        return first

    def rows_of(self, chart: int, name: str) -> Block:
        """The rows of a programme (id, or name as printed) in chart 8, 9, 10 or 37, and those that continue them."""
        block, rows, inside = self.block(f"chart {chart}"), [], False
        wanted = tuple(map(squash, _names(chart, name)))
        for number in range(block.first, block.last + 1):
            cells = self.lines[number - 1].split("\t")
            label = squash(cells[0] if chart in (9, 10) else "".join(cells[2:3]) or cells[0])
            if len(cells) > 1 and label:
                inside = any(one in label for one in wanted)
            if inside and len(cells) > 1:
                rows.append(number)
        if not rows:
            raise KeyError(f"{name} has no row in chart {chart}")
        return Block(
            rows[0], rows[-1], "\n".join(self.lines[n - 1] if n in rows else "" for n in range(rows[0], rows[-1] + 1))
        )


def _names(chart: int, name: str) -> tuple[str, ...]:
    """The words to look for in the cell of the programme's name."""
    if name not in NAMES:
        return (name,)
    if chart in (8, 37) and list(NAMES).index(name) < 10:
        return (GREEN_INNOVATION_FUND,)
    return tuple(filter(None, (NAMES[name], _CELL_OF.get(name))))


def _next(line: int, starts: dict[str, int], end: int) -> int:
    return min((other - 1 for other in starts.values() if other > line), default=end)


def expected_sha256() -> str:
    """The digest of the document that the pages were read from."""
    sources = tomllib.loads((SCENARIOS / "sources.toml").read_text(encoding="utf-8"))
    return str(sources["source"][REPORT_KEY]["sha256"])


@cache
def find() -> Report | None:
    """The report, or None where the document is not on this machine."""
    named = os.environ.get("CTSIM_REPORT")
    candidates = [Path(named)] if named else sorted((ROOT.parent / "shared" / "seeds").glob("*.txt"))
    for path in candidates:
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == expected_sha256():
            return Report(path)
    return None
