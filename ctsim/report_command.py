"""`ctsim report`: the page of a run, of a comparison or of a sensitivity analysis; the brief of a run."""

from __future__ import annotations

import click

from ctsim.options import formulas_option


@click.command("report")
@click.argument("directory", metavar="DIR")
@click.option("--lang", type=click.Choice(["ja", "en"]), default="ja", show_default=True, help="Language of the page.")
@click.option("--brief", is_flag=True, help="One A4 side instead: DIR/brief.<lang>.html.")
@click.option("--sensitivity", metavar="DIR", help="Add what drives it, from this result of `ctsim sensitivity`.")
@click.option("--comparison", metavar="DIR", help="Add what changed, from this result of `ctsim compare A B`.")
@click.option("--out", metavar="FILE", help="Where the page is written; DIR/report.<lang>.html if absent.")
@formulas_option
def report_command(
    directory: str, lang: str, brief: bool, sensitivity: str | None, comparison: str | None, out: str | None,
    formulas: str | None,
) -> None:  # fmt: skip
    """Write the result in DIR as one HTML file that opens from disk: every number with its place and its reasons.

    DIR is that of a run, a comparison or a sensitivity analysis.

    \b
    ctsim report RUN                                   RUN/report.ja.html
    ctsim report RUN --lang en --out page.html
    ctsim report RUN --sensitivity SENS --comparison COMPARED
    ctsim report RUN --brief --sensitivity SENS        RUN/brief.ja.html, one A4 side
    """
    from ctsim.report.page import report

    beside = {"sensitivity": sensitivity, "comparison": comparison}
    click.echo(f"page {report(directory, lang, out, formulas, **beside, brief=brief)}")
