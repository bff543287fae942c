"""`ctsim report`: the page of a run, of a comparison or of a sensitivity analysis; and the brief of each."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from ctsim.console import pictures
from ctsim.errors import InputError
from ctsim.options import FILE, FOLDER, formulas_option


@click.command("report")
@click.argument("directory", type=FOLDER, metavar="DIR")
@click.option("--lang", type=click.Choice(["ja", "en"]), default="ja", show_default=True, help="Language of the page.")
@click.option("--brief", is_flag=True, help="One A4 side instead: DIR/brief.<lang>.html.")
@click.option(
    "--sensitivity", type=FOLDER, metavar="DIR", help="Add what drives it, from this result of `ctsim sensitivity`."
)
@click.option(
    "--comparison", type=FOLDER, metavar="DIR", help="Add what changed, from this result of `ctsim compare A B`."
)
@click.option("--figures", is_flag=True, help="Also draw what the page draws, into DIR/figures (PNG, SVG; ja, en).")
@click.option("--out", type=FILE, metavar="FILE", help="Where the page is written; DIR/report.<lang>.html if absent.")
@formulas_option
def report_command(
    directory: str, lang: str, brief: bool, sensitivity: str | None, comparison: str | None, figures: bool,
    out: str | None, formulas: str | None,
) -> None:  # fmt: skip
    """Write the result in DIR as one HTML file that opens from disk: every number with its place and its reasons.

    DIR is that of a run, a comparison or a sensitivity analysis.

    \b
    ctsim report RUN                                   RUN/report.ja.html
    ctsim report RUN --lang en --out page.html
    ctsim report RUN --sensitivity SENS --comparison COMPARED
    ctsim report RUN --brief --sensitivity SENS        RUN/brief.ja.html, one A4 side
    ctsim report COMPARED --brief                      one A4 side of a comparison, or of a sensitivity analysis
    ctsim report RUN --figures                         and RUN/figures: what is published, fans over the years
    """
    from ctsim.report.page import report

    beside = {"sensitivity": sensitivity, "comparison": comparison}
    if figures:
        _draw(directory, formulas)
    with _without_collecting():
        path = report(directory, lang, out, formulas, **beside, brief=brief)
    click.echo(f"page {path}")


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Python does not look for cycles: a page is a million small records that all stay, looked through again and again.

    That took an eighth of the time of a page.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _draw(directory: str, formulas: str | None) -> None:
    """Figures of a run or of a comparison. Raises InputError for a sensitivity result: its bars are in the page."""
    from ctsim.figures import save_fans, save_published, save_waterfalls
    from ctsim.report.moves import words_of
    from ctsim.report.results import COMPARISON, RUN, open_result

    found = open_result(directory, formulas)
    savers: tuple[Callable[[Any, Path], list[Path]], ...] = ()
    if found.kind == RUN:
        savers = save_published, save_fans
    if found.kind == COMPARISON:
        savers = (partial(save_waterfalls, said=words_of(found)),)
    if not savers:
        raise InputError(f"{found.path}: a {found.kind} result has no figures; its page draws its bars")
    pictures(found.tree, found.path, *savers)
