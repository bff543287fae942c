"""`ctsim sensitivity`: options in, tables or JSON out."""

from __future__ import annotations

import json
from typing import Any

import click
from click.core import ParameterSource

from ctsim.console import command_line
from ctsim.errors import InputError
from ctsim.options import (
    COUNT,
    FOLDER,
    SCENARIO,
    formulas_option,
    json_option,
    lang_option,
    log_option,
    metrics_option,
    quiet_option,
    seed_option,
    switch_options,
    workers_option,
)
from ctsim.progress import logged, progress


@click.command("sensitivity")
@click.argument("scenario", type=SCENARIO)
@click.option("--draws", type=COUNT, default=2**16, show_default=True, help="Base draws; raised as for a run.")
@seed_option
@click.option(
    "--method", type=click.Choice(["mc", "sobol"]), default="sobol", show_default=True, help="How draws are made."
)
@click.option("--years", multiple=True, type=click.Choice(["2030", "2040", "2050"]), help="Years; all if absent.")
@click.option("--programmes", multiple=True, metavar="NAME", help="Programmes; all if absent.")
@metrics_option
@click.option("--threshold", "thresholds", multiple=True, metavar="CELL=VALUE", help="What knowing is worth for this.")
@click.option("--cell", "cells", multiple=True, metavar="CELL", help="Print all that is known of a cell.")
@switch_options
@click.option("--out", type=FOLDER, metavar="DIR", help="Directory; results/<scenario>-sensitivity-<digest> if absent.")
@workers_option
@click.option("--kept-draws", is_flag=True, help="SCENARIO is a run that kept all draws: indices from their ranks.")
@lang_option
@json_option
@log_option
@quiet_option
@formulas_option
def sensitivity_command(
    scenario: str, workers: int | None, out: str | None, lang: str, as_json: bool, quiet: bool, formulas: str | None,
    log: str | None, cells: tuple[str, ...], kept_draws: bool, **chosen: Any,
) -> None:  # fmt: skip
    """Say which parameters the spread of every cell of SCENARIO comes from, and how much of it is assumed.

    \b
    ctsim sensitivity framework_2023_11 --out SENS         then `ctsim report SENS`
    ctsim sensitivity framework_2023_11 --cell clean_energy_vehicles.co2_reduction.2030
    ctsim sensitivity my_study.toml --threshold offshore_wind.co2_reduction.2030=3
    ctsim sensitivity RUN --kept-draws                     a second opinion, from a run that kept all draws
    """
    if kept_draws:
        _second_opinion(scenario, as_json, lang)
        return
    from ctsim import sensitivity as analysis
    from ctsim.catalog import load
    from ctsim.ranking import checked, sensitivity_json, sensitivity_tables
    from ctsim.sensitivity import default_directory
    from ctsim.switches import SWITCHES, idle, switched

    switches = {name: chosen.pop(name) for name in SWITCHES}
    resolved = switched(load(scenario, formulas), **switches)
    for line in idle(resolved, switches):
        click.echo(line, err=True)
    chosen |= {name: chosen[name] or None for name in ("programmes", "metrics", "years")}
    with logged(log, command_line()) as log_, progress(quiet or as_json, log_) as report:
        found = analysis(resolved, workers=workers, out=out or default_directory(resolved, **chosen),
                         progress=report, command=command_line(), **chosen)  # fmt: skip
        log_.event("end", directory=str(found.directory))
    checked(found, cells)
    if as_json:
        click.echo(json.dumps(sensitivity_json(found), ensure_ascii=False, indent=1))
    else:
        sensitivity_tables(found, cells, lang)
    for message in () if quiet else found.messages:
        click.echo(message, err=True)


def _second_opinion(run: str, as_json: bool, lang: str) -> None:
    """Rank-based indices of a run, which decides all that other options would. Raises InputError."""
    from ctsim.kept_ranks import kept_ranks
    from ctsim.ranking import ranks_of, ranks_table

    context = click.get_current_context()
    free = ("scenario", "kept_draws", "lang", "as_json", "quiet")
    given = [name for name in context.params if name not in free
             and context.get_parameter_source(name) is not ParameterSource.DEFAULT]  # fmt: skip
    if given:
        raise InputError(f"--kept-draws: takes only --json and --lang; remove {', '.join(given)}")
    tree = kept_ranks(run)
    if as_json:
        click.echo(json.dumps({**tree.attrs, "cells": ranks_of(tree)}, ensure_ascii=False, indent=1, allow_nan=False))
    else:
        ranks_table(tree, lang)
