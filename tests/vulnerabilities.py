"""`python -m tests.vulnerabilities`: known vulnerabilities of the pinned packages, by pip-audit.

Exit status 1 where a pinned version has one that is known. Without pip-audit or without a network it says so in a line
and ends with 0: a machine that is offline is no fault of a commit.
"""

import json
import shutil
import subprocess
import sys

from tests.source import ROOT

SECONDS = 120


def outcome(status: int, out: str, err: str) -> tuple[int, str]:
    """Exit status and words for what pip-audit said."""
    try:
        listed = json.loads(out)["dependencies"]
    except (ValueError, LookupError, TypeError):
        lines = err.strip().splitlines() or [f"pip-audit ended with {status}"]
        return 0, f"not checked: {lines[-1][:200]}"
    skipped = [str(one["skip_reason"]) for one in listed if "skip_reason" in one]
    found = [
        f"{one['name']} {one['version']}: {vuln['id']}, mended in {', '.join(vuln['fix_versions']) or 'no version'}"
        for one in listed
        for vuln in one.get("vulns", [])
    ]
    if found:
        return 1, "\n".join(found)
    why = f", {len(skipped)} not checked: {skipped[0][:120]}" if skipped else ""
    return 0, f"{len(listed) - len(skipped)} packages without a known vulnerability{why}"


def main() -> int:
    """Ask for every pinned version."""
    program = shutil.which("pip-audit", path=f"{sys.prefix}/bin") or shutil.which("pip-audit")
    if program is None:
        print("not checked: pip-audit is not installed")
        return 0
    command = [program, "--format=json", "--progress-spinner=off", "--no-deps", "--disable-pip",
               "-r", str(ROOT / "constraints.txt"), "--timeout=15"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        print(f"not checked: no answer within {SECONDS} s")
        return 0
    status, said = outcome(done.returncode, done.stdout, done.stderr)
    print(said)
    return status


if __name__ == "__main__":
    sys.exit(main())
