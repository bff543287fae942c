"""`ctsim scenario`: what is done with scenario files beside running them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctsim.console import table
from ctsim.options import formulas_option

if TYPE_CHECKING:
    from ctsim.edition import Edition


@click.group("scenario")
def scenario_command() -> None:
    """Start, keep and exchange scenario files."""


@scenario_command.command("new-edition")
@click.argument("old")
@click.argument("new", metavar="NEW.toml|DIR")
@formulas_option
def new_edition(old: str, new: str, formulas: str | None) -> None:
    """Start the scenario NEW from OLD for the next edition of the report; or say what of NEW is still from the old one.

    Every value that was read in a document stands in the new file, to be looked up again. DIR becomes DIR/DIR.toml.
    """
    from ctsim.catalog import load
    from ctsim.edition import begin, edition

    path = Path(new) if new.endswith(".toml") else Path(new) / f"{Path(new).name}.toml"
    if begun := not path.exists():
        begin(old, path, formulas)
    _edition_tables(edition(load(path, formulas)))
    if begun:
        click.echo(f"begun in {path}; name the new document in {path.parent / 'sources.toml'}")


def _edition_tables(found: Edition) -> None:
    from ctsim.printing import values_words

    left = [[one.name, values_words(one.parameter), one.parameter.unit, one.words, one.where] for one in found.old]
    table("Values to look up again", ["parameter", "value", "unit", "printed as", "where"], left, right=(1,))
    figures = [[one.key, one.record.printed[0].as_printed, one.record.printed[0].where] for one in found.figures]
    table("Printed figures of the old edition, on the pages", ["figure", "printed as", "where"], figures)
    for key, (source, number) in found.documents().items():
        reviewed = f"reviewed {source.reviewed}" if source.reviewed else "not reviewed yet"
        click.echo(f"{key}, {reviewed}: values from it {number}")
    done, pages = len(found.values) - len(found.old), len(found.figures)
    click.echo(f"{done} of {len(found.values)} values looked up again; {pages} printed figures are those of the pages")
    click.echo(f"{found.judgements} parameters are in no document; `ctsim check --names` lists what they rest on")
