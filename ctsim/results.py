"""Directories of results that are no runs: a card and a tree, sealed, and opened again for the same request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import xarray as xr

import ctsim
from ctsim import run_card
from ctsim.durable import card_content, card_digest, digest_of, locked, read_card, reason_of, sweep, write_whole
from ctsim.errors import RunDirectoryError
from ctsim.netcdf import UNREADABLE, netcdf_content, netcdf_tree

FORMAT: Final = 1
SUMMARY: Final = "summary.nc"
UNFINISHED: Final = "unfinished"
"""Folder of what is done of a result that is not sealed yet."""


def opened(directory: Path, card_name: str, request: Mapping[str, Any]) -> tuple[dict[str, Any], xr.DataTree] | None:
    """Card and tree of the sealed result of `request`; None where the directory is new or empty.

    Raises RunDirectoryError for anything else that is there.
    """
    if not directory.exists() or (directory.is_dir() and all(one.name == UNFINISHED for one in directory.iterdir())):
        return None
    card = _card(directory, card_name)
    differing = [key for key, value in request.items() if card["request"].get(key) != json.loads(json.dumps(value))]
    if differing:
        name = differing[0]
        said = f"{name} is {_short(card['request'].get(name))} there, {_short(request[name])} here"
        raise RunDirectoryError(f"{directory}: holds another result ({said}); give --out a new directory")
    return sealed(directory, card_name)


def sealed(directory: Path, card_name: str) -> tuple[dict[str, Any], xr.DataTree]:
    """Card and tree of the result in a directory, whatever it was made for. Raises RunDirectoryError."""
    card = _card(directory, card_name)
    for name, digest in card["files"].items():
        if not (directory / name).is_file() or digest_of(directory / name) != digest:
            message = "is missing or damaged; move the directory away and run it again"
            raise RunDirectoryError(f"{directory / name}: {message}")
    try:
        return card, netcdf_tree(directory / SUMMARY)
    except UNREADABLE as error:
        raise RunDirectoryError(f"{directory / SUMMARY}: cannot be read as NetCDF: {error}") from None


@contextmanager
def under_way(directory: Path | None, request: Mapping[str, Any]) -> Iterator[Path | None]:
    """A folder for what is done of a result of this request; what is in it stays until the result is whole.

    None without a directory. Another process that works there is refused. Raises RunDirectoryError.
    """
    if directory is None:
        yield None
        return
    said = json.dumps([request, ctsim.__version__], sort_keys=True, default=str)
    folder = directory / UNFINISHED
    own = folder / sha256(said.encode()).hexdigest()[:16]
    try:
        own.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            try:
                yield own
            except BaseException:  # stopped, or a full disk while the result was written: the draws are not lost
                if not any(one.is_file() for one in own.rglob("*")):
                    _remove(own, folder, directory)
                raise
            _remove(own, folder)
    except OSError as error:
        message = f"cannot be written: {reason_of(error)}; give --out another place, or make room"
        raise RunDirectoryError(f"{directory}: {message}") from None


def _remove(own: Path, *above: Path) -> None:
    """Remove a folder, and those above it that are empty then."""
    rmtree(own, ignore_errors=True)
    with suppress(OSError):
        for one in above:
            one.rmdir()


def seal(
    directory: Path, card_name: str, card: Mapping[str, Any], tree: xr.DataTree, texts: Mapping[str, str]
) -> dict[str, Any]:
    """Write texts and the tree, then the card, which comes last and holds their SHA-256; it is returned.

    Raises RunDirectoryError where something cannot be written.
    """
    contents = {name: text.encode() for name, text in texts.items()} | {SUMMARY: netcdf_content(tree)}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with locked(directory):
            sweep(directory)
            for name, content in contents.items():
                write_whole(directory / name, content)
            files = {name: sha256(content).hexdigest() for name, content in contents.items()}
            sealed = {**card, "format": FORMAT, "files": files, "sealed": True}
            sealed["card_digest"] = card_digest(sealed)
            write_whole(directory / card_name, card_content(sealed))
    except OSError as error:
        message = f"cannot be written: {reason_of(error)}"
        raise RunDirectoryError(f"{directory}: {message}; give --out another place, or make room") from None
    return sealed


def _card(directory: Path, name: str) -> dict[str, Any]:
    instead = "give --out a new directory"
    content, card = read_card(directory, name, f"holds something else (no {name}); {instead}", instead)
    whole = isinstance(card, dict) and card.get("format") == FORMAT and card.get("sealed") is True
    if not whole or card.get("card_digest") != card_digest(card) or content != card_content(card):
        raise RunDirectoryError(f"{directory / name}: is damaged (it is not as it was sealed); give a new directory")
    if wrong := run_card.fault(card, run_card.ResultCard):
        raise RunDirectoryError(f"{directory / name}: is damaged ({wrong}); give a new directory")
    return dict(card)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
