"""The registry of Sobol' coordinates is only ever appended to: `python -m tests.coordinates --append`.

Appends to `scenarios/coordinates.toml` what the shipped pages draw and the registry does not list, and then copies it
to `tests/data/coordinates.json`. Refuses where a coordinate of the copy would change. Without `--append` it only looks.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from ctsim.coordinates import Registry, read_registry, shipped_streams, to_toml
from ctsim.library import Library, read_library
from ctsim.sobol import BASE_NET
from tests.source import ROOT

REGISTRY = ROOT / "scenarios" / "coordinates.toml"
FROZEN = ROOT / "tests" / "data" / "coordinates.json"

Nets = dict[str, list[str]]


def library() -> Library:
    """The shipped pages."""
    return read_library((), [])


def grown(nets: Mapping[str, Iterable[str]], pages: Library) -> Nets:
    """The nets with what the pages draw appended.

    A programme stays in its net. A new one goes into the base net if it uses a shared parameter, else into its own.
    """
    new = {net: list(names) for net, names in nets.items()}
    known = {name for names in new.values() for name in names}
    home = {stream.partition(".")[0]: net for net, names in new.items() for stream in names if "." in stream}
    sharing = {page.record.programme.id for page in pages.pages
               if any(one.shared for one in page.record.parameter.values())}  # fmt: skip
    for programme, stream, _ in shipped_streams(pages):
        if stream not in known:
            at_home = BASE_NET if programme == "" or programme in sharing else programme
            new.setdefault(home.get(programme, at_home), []).append(stream)
    return new


def moved(before: Mapping[str, Iterable[str]], after: Mapping[str, Iterable[str]]) -> list[str]:
    """What is no longer where it was: nothing, if `after` was only appended to."""
    found = []
    for net, names in before.items():
        now = list(after.get(net, ()))
        for dimension, name in enumerate(names):
            if now[dimension : dimension + 1] != [name]:
                found.append(f"{net}[{dimension}] was '{name}', is {now[dimension : dimension + 1] or 'gone'}")
    return found


def frozen(path: Path = FROZEN) -> Nets:
    """The copy."""
    nets: Nets = json.loads(path.read_text(encoding="utf-8"))
    return nets


def freeze(nets: Mapping[str, Iterable[str]], path: Path = FROZEN) -> None:
    """Write the copy; SystemExit where anything but an append would be lost."""
    if path.is_file() and (found := moved(frozen(path), nets)):
        raise SystemExit("not appended to, so draws would change: " + "; ".join(found))
    text = json.dumps({net: list(names) for net, names in nets.items()}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def append(registry: Registry, pages: Library, file: Path = REGISTRY, copy: Path = FROZEN) -> Nets:
    """Append what is missing, write the registry and its copy, and return the nets."""
    nets = grown(registry.nets, pages)
    if found := moved(frozen(copy) if copy.is_file() else {}, nets):
        raise SystemExit("not appended to, so draws would change: " + "; ".join(found))
    header = file.read_text(encoding="utf-8").partition("[net.")[0]
    file.write_text(to_toml(header, nets), encoding="utf-8")
    freeze(nets, copy)
    return nets


def main(arguments: list[str]) -> int:
    """Look, or append."""
    registry, pages = read_registry(REGISTRY), library()
    before = {name for names in registry.nets.values() for name in names}
    missing = [stream for _, stream, _ in shipped_streams(pages) if stream not in before]
    print(f"{len(before)} coordinates, {len(missing)} to append: {', '.join(missing)}")
    if "--append" not in arguments:
        return 1 if missing else 0
    append(registry, pages)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
