"""`ctsim export`: a result for other programs."""

from __future__ import annotations

import click

from ctsim.options import FILE, FOLDER, formulas_option


@click.command("export")
@click.argument("directory", type=FOLDER, metavar="DIR")
@click.option(
    "--to", "form", type=click.Choice(["xlsx", "csv", "netcdf", "iamc"]), required=True,
    help="Excel with live formulas, tidy CSV, NetCDF by CF, IAMC's long format.",
)  # fmt: skip
@click.option("--lang", type=click.Choice(["ja", "en"]), default="ja", show_default=True, help="Language of xlsx.")
@click.option("--out", type=FILE, metavar="FILE", help="Where it is written; DIR/export.<...> if absent.")
@formulas_option
def export_command(directory: str, form: str, lang: str, out: str | None, formulas: str | None) -> None:
    """Write the run, comparison or sensitivity analysis in DIR in a form that other programs read.

    \b
    ctsim export RUN --to xlsx                  RUN/export.ja.xlsx
    ctsim export RUN --to xlsx --lang en --out figures.xlsx
    ctsim export RUN --to iamc --out iamc.csv
    """
    from ctsim.export.write import export

    click.echo(f"{form} {export(directory, form, lang, out, formulas)}")
