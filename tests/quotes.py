"""Every quotation of the pages, looked up in the report: `python -m tests.quotes` writes tests/data/quotes.json.

With the file a machine without the document still knows what the report says at every place that a page quotes.
"""

import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctsim.quotes import PrintedNumber, numbers, squash
from tests.report import REPORT_KEY, ROOT, SCENARIOS, Report, expected_sha256, find

STORED = ROOT / "tests" / "data" / "quotes.json"
TABLES = (8, 9, 10, 37)  # charts with rows by programme


@dataclass(frozen=True)
class Quotation:
    """Words that a file claims to have read: its place there, and the blocks of the report where they may stand."""

    file: str
    key: str
    text: str
    where: tuple[str, ...]
    row: str = ""  # programme id, or name of the row, for charts with rows

    def rows(self, where: str) -> str:
        """The row to look in, "" for the whole block."""
        return self.row if where.removeprefix("chart ") in map(str, TABLES) else ""


def files() -> list[Path]:
    """The files that quote the report."""
    folders = [path for name in ("programmes", "allocations") for path in sorted((SCENARIOS / name).glob("*.toml"))]
    return [*folders, *(path for path in (SCENARIOS / "shared.toml", SCENARIOS / "ledger.toml") if path.exists())]


def quotations() -> list[Quotation]:
    """All `as_printed` and `quote` of all files."""
    return [one for path in files() for one in of_file(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))]


def of_file(name: str, page: dict[str, Any]) -> list[Quotation]:
    """All `as_printed` and `quote` of one file; without a `where` of their own they stand in the programme's blocks."""
    head = page.get("programme", {})
    return list(_walk(name, "", page, _own_blocks(head) if isinstance(head, dict) else (), head.get("id", "")))


def _own_blocks(head: dict[str, Any]) -> tuple[str, ...]:
    """The blocks of a programme: its section, its Annex block, its rows in charts 9 and 10."""
    if "id" not in head:
        return ()
    section = head.get("chapter") or f"4.3.2-{head['annex']}"
    return (section, *([f"Annex {head['annex']}"] if "annex" in head else []), "chart 9", "chart 10")


def _walk(file: str, key: str, node: Any, where: tuple[str, ...], row: str) -> Iterator[Quotation]:
    if isinstance(node, list | tuple):
        for index, part in enumerate(node):
            yield from _walk(file, f"{key}[{index}]", part, where, row)
    if not isinstance(node, dict) or node.get("key", REPORT_KEY) != REPORT_KEY:
        return
    source = node.get("source") if isinstance(node.get("source"), dict) else {}
    place = node.get("where") or (source or {}).get("where")
    here = (place,) if place else where
    programme = node.get("programme")
    row = (
        programme
        if isinstance(programme, str)
        else node.get("name_ja", row)
        if not isinstance(programme, dict)
        else row
    )
    for field, part in node.items():
        if field in ("as_printed", "quote"):
            yield from (Quotation(file, f"{key}.{field}", text, here, row) for text in _texts(part))
        else:
            inherited = here if field not in ("uncertainty", "source") else where
            yield from _walk(file, f"{key}.{field}".removeprefix("."), part, inherited, row)


def _texts(part: Any) -> tuple[str, ...]:
    return (part,) if isinstance(part, str) else tuple(part)


def look_up(report: Report, quotation: Quotation) -> dict[str, Any] | None:
    """The entry of quotes.json for a quotation, None where none of its blocks has the words."""
    for where in quotation.where:
        row = quotation.rows(where)
        try:
            block = report.rows_of(int(where.removeprefix("chart ")), row) if row else report.block(where)
        except KeyError:
            continue
        if found := block.find(quotation.text):
            line, words = found
            place = {"where": where, "row": row} if row else {"where": where}
            return {**place, "text": squash(quotation.text), "line": line, "numbers": as_json(numbers(words))}
    return None


def as_json(found: tuple[PrintedNumber, ...]) -> list[Any]:
    """[value or [low, high], unit, significant step] of every number."""
    return [[n.low if n.value is not None else [n.low, n.high], n.unit, n.significant_step] for n in found]


def collect(report: Report) -> tuple[list[dict[str, Any]], list[str]]:
    """Entries for all quotations that are found, in stable order, and one line for each that is not."""
    entries, missing = {}, []
    for quotation in quotations():
        entry = look_up(report, quotation)
        if entry is None:
            place = " or ".join(quotation.where) or "nowhere"
            missing.append(f"{quotation.file}: {quotation.key}: not in {place} of the report: {quotation.text}")
        else:
            entries[entry["where"], entry.get("row", ""), entry["text"]] = entry
    return [entries[key] for key in sorted(entries)], missing


def serialised(entries: list[dict[str, Any]]) -> str:
    """The content of quotes.json: one quotation a line."""
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries)
    return f'{{"document_sha256":"{expected_sha256()}","quotes":[\n{lines}\n]}}\n'


def main() -> int:
    """Write quotes.json; 1 with one line per quotation that its block does not have."""
    report = find()
    if report is None:
        print("the report is not here: put it into ../shared/seeds or name it in CTSIM_REPORT", file=sys.stderr)
        return 2
    entries, missing = collect(report)
    for line in missing:
        print(line, file=sys.stderr)
    if not missing:
        STORED.write_text(serialised(entries), encoding="utf-8")
        print(f"{len(entries)} quotations written to {STORED.relative_to(ROOT)}")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
