"""`python -m tests.reference`: the digests of every shipped scenario, kept with each release in results/reference/.

With the file of an earlier version it says what has moved since: every line of it belongs into the changelog.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ctsim
from ctsim.library import shipped
from tests.source import ROOT

FOLDER = ROOT / "results" / "reference"
DRAWS = 2**16
METHODS = ("mc", "sobol")


def digests(scenarios: Iterable[str], draws: int = DRAWS) -> dict[str, dict[str, str]]:
    """By scenario: the digest of what it is made from, and that of its numbers by each method, seed 0."""
    found = {}
    for name in scenarios:
        scenario = ctsim.load(name)
        made = {method: ctsim.simulate(scenario, draws=draws, method=method).result_digest for method in METHODS}
        found[name] = {"scenario": scenario.digest, **made}
    return found


def moved(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """One line for each digest that is another, and for scenarios that only one of the two has."""
    lines = [f"{name}: {'new' if name in now else 'gone'}" for name in sorted(set(before) ^ set(now))]
    for name in sorted(set(before) & set(now)):
        lines += [f"{name}: another {what}" for what in before[name] if before[name][what] != now[name].get(what)]
    return lines


def main(arguments: list[str]) -> None:
    """Write the digests of this version, and say what has moved since the version of a file."""
    found = digests(head.id for _, head in shipped())
    path = FOLDER / f"{ctsim.__version__}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"ctsim": ctsim.__version__, "draws": DRAWS, "seed": 0, "scenarios": found}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {path.relative_to(ROOT)}: {len(found)} scenarios")
    for name in arguments:
        before = json.loads(Path(name).read_text(encoding="utf-8"))
        print("\n".join(moved(before["scenarios"], found)) or f"nothing has moved since {before['ctsim']}")


if __name__ == "__main__":
    main(sys.argv[1:])
