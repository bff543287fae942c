"""All opponents and ctsim on workload W, in turn, each run in a fresh process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Size, environment, load
from benchmarks.peers import PEERS, Peer
from benchmarks.peers.environments import interpreter

ROOT = Path(__file__).parents[2]
DRAWS = (10**6, 10**7)
VISITS = 2
REPEATS = 4
SECONDS = 30.0
PATIENCE = 600.0  # seconds for one process


def contest(size: Size, install: bool, say: Callable[[str], None], draws: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """One record an opponent and number of draws; the opponents take turns, so that drift hits them alike."""
    records = [_record(peer, n) for n in draws or _sizes(size) for peer in PEERS if peer.quick or size.name != "quick"]
    for visit in range(1 if size.name == "quick" else VISITS):
        for peer, record in zip([_peer(one) for one in records], records, strict=True):
            if "skipped" not in record and not (visit and record["runs"][0]["seconds"] > SECONDS / 2):
                _visit(peer, record, visit, install)
                say(f"  {record['name']}, {record['asked']:,} draws: {_words(record)}")
    return records


def _sizes(size: Size) -> tuple[int, ...]:
    return DRAWS[:1] if size.name == "quick" else DRAWS


def _peer(record: dict[str, Any]) -> Peer:
    return next(peer for peer in PEERS if peer.name == record["name"])


def _record(peer: Peer, n: int) -> dict[str, Any]:
    """An empty record, or one that says why there will be no runs. Slow opponents run once, with fewer draws."""
    record: dict[str, Any] = {"name": peer.name, "title": peer.title, "asked": n, "runs": []}
    if n <= peer.most:
        return record
    if n <= DRAWS[0]:
        return record | {"asked": peer.most}
    return record | {"skipped": f"not above {peer.most:,} draws: {peer.why}"}


def _visit(peer: Peer, record: dict[str, Any], visit: int, install: bool) -> None:
    """Add the runs of one process to the record."""
    python, reason = interpreter(peer, install)
    if reason:
        record["skipped"] = reason
        return
    seed = 1 + 1000 * visit
    numbers = [str(record["asked"]), str(seed), str(REPEATS), str(SECONDS)]
    command = [python, "-m", "benchmarks.peers.worker", peer.name, *numbers]
    busy = load()
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment(**peer.settings), capture_output=True, text=True, timeout=PATIENCE,
            check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        record["skipped"] = f"did not end within {PATIENCE:g} s"
        return
    except subprocess.CalledProcessError as error:
        record["skipped"] = f"failed: {(error.stderr.strip().splitlines() or [f'exit status {error.returncode}'])[-1]}"
        return
    found = json.loads(done.stdout.strip().splitlines()[-1])
    record["runs"] += found.pop("runs")
    record["MB"] = max(found.pop("MB"), record.get("MB", 0.0))
    record.update(found, load=busy)


def _words(record: dict[str, Any]) -> str:
    if "skipped" in record:
        return f"skipped, {record['skipped']}"
    return f"{min(run['seconds'] for run in record['runs']):.4g} s, {record['MB']:,.0f} MB"
