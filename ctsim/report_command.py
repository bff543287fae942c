"""`ctsim report`: the page of a run."""

from __future__ import annotations

import click

from ctsim.options import formulas_option


@click.command("report")
@click.argument("directory", metavar="DIR")
@click.option("--lang", type=click.Choice(["ja", "en"]), default="ja", show_default=True, help="Language of the page.")
@click.option("--out", metavar="FILE", help="Where the page is written; DIR/report.<lang>.html if absent.")
@formulas_option
def report_command(directory: str, lang: str, out: str | None, formulas: str | None) -> None:
    """Write the run in DIR as one HTML file that opens from disk: every number with its place and its reasons."""
    from ctsim.report.page import report

    click.echo(f"page {report(directory, lang, out, formulas)}")
