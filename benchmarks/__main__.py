"""Measure everything in one go: `python -m benchmarks`.

Writes benchmarks/results.json and docs/performance.md; with --quick, --only or --no-peers, whose results are not whole,
into results/benchmarks/ instead. Exit status 1 where a spec failed or the opponents' statistics disagree.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import agreement, plots, report
from benchmarks.measure import Size, load, machine, measure
from benchmarks.peers.contest import contest
from benchmarks.registry import Spec, specs

ROOT = Path(__file__).parents[1]
QUIET = 0.5  # load above which timings are in doubt


def main() -> int:
    """Measure, write, and say where."""
    wanted = _options()
    size = Size("quick" if wanted.quick else "full" if wanted.full else "normal")
    if (busy := load()) > QUIET:
        _say(f"the machine is busy (load {busy:.2f}): these timings will be in doubt")
    results = gather(size, wanted.only, wanted.peers, wanted.install)
    whole = size.name != "quick" and wanted.peers and not wanted.only
    folder = Path(wanted.out) if wanted.out else ROOT if whole else ROOT / "results" / "benchmarks"
    for path in write(results, folder, whole and not wanted.out):
        _say(f"wrote {path}")
    faults = [f"{one['name']}: {one['failed']}" for one in results["specs"] if "failed" in one]
    faults += [f"{one['first']} and {one['second']} disagree in {one['statistic']} of {one['output']}"
               for one in (results["agreement"] or {}).get("disagreements", [])]  # fmt: skip
    for fault in faults:
        _say(fault)
    return 1 if faults else 0


def gather(size: Size, only: list[str], peers: bool, install: bool) -> dict[str, Any]:
    """Everything that is measured. The opponents come first, while the machine is in no state yet."""
    started, clock, before = datetime.now(UTC), perf_counter(), load()
    contestants = contest(size, install, _say) if peers and not only else []
    measured = [_measured(spec, size) for spec in specs() if not only or spec.name in only]
    found = asdict(agreement.compare(contestants)) if len(contestants) > 1 else None
    return {
        "started": started.isoformat(timespec="minutes"), "size": size.name, "machine": machine(),
        "load": [before, load()], "minutes": (perf_counter() - clock) / 60, "contest": contestants,
        "agreement": found and found | {"false_alarms": agreement.FALSE_ALARMS}, "specs": measured,
    }  # fmt: skip


def _measured(spec: Spec, size: Size) -> dict[str, Any]:
    """The record of a spec; one that fails says so and does not stop the others."""
    _say(spec.title)
    try:
        return measure(spec, size, _say)
    except Exception as error:
        said = f"{type(error).__name__}: {str(error).strip().splitlines()[-1] if str(error).strip() else 'no words'}"
        _say(f"  failed: {said}")
        return {"name": spec.name, "title": spec.title, "unit": spec.unit, "points": [], "failed": said}


def write(results: dict[str, Any], folder: Path, tracked: bool) -> tuple[Path, ...]:
    """Results, page and picture: at their places in the repository when `tracked`, else side by side in `folder`."""
    data = folder / "benchmarks" / "results.json" if tracked else folder / "results.json"
    page = folder / "docs" / "performance.md" if tracked else folder / "performance.md"
    for path in (data, page):
        path.parent.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(report.page(results), encoding="utf-8")
    picture = plots.convergence(results, page.parent / "images" / "convergence.png")
    return (data, page) if picture is None else (data, page, picture)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three minutes: few places, two repeats, fast opponents")
    parser.add_argument("--full", action="store_true", help="also 10^9 draws")
    parser.add_argument("--only", nargs="+", metavar="SPEC", choices=[one.name for one in specs()], default=[],
                        help="these specs, without opponents")  # fmt: skip
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="ctsim alone")
    parser.add_argument("--no-install", dest="install", action="store_false", help="make no environments for opponents")
    parser.add_argument("--out", metavar="DIR", help="folder for results.json and performance.md")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
