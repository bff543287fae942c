"""`ctsim compare`: options in, tables, JSON and pictures out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from ctsim.console import command_line, pictures
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
    switch_options,
    workers_option,
)
from ctsim.progress import logged, progress


@click.command("compare")
@click.argument("a", type=SCENARIO)
@click.argument("b", type=SCENARIO, required=False)
@click.option("--draws", type=COUNT, help="Joint samples; 2^20, or as many as the runs have.")
@click.option("--seed", type=COUNT, help="Key of the random numbers; 0, or that of the runs.")
@click.option("--method", type=click.Choice(["mc", "sobol"]), help="How draws are made; sobol, or as in the runs.")
@click.option("--years", multiple=True, type=click.Choice(["2030", "2040", "2050"]), help="Years; all if absent.")
@click.option("--programmes", multiple=True, metavar="NAME", help="Programmes to compare; all if absent.")
@metrics_option
@click.option("--cell", "cells", multiple=True, metavar="CELL", help="Attribute these only; all that differ if absent.")
@click.option("--most", type=COUNT, default=5000, show_default=True, help="Mixtures up to which parts are exact.")
@click.option("--stress", is_flag=True, help="Only A: its parameters independent, as declared, and moving as one.")
@switch_options
@click.option("--out", type=FOLDER, metavar="DIR", help="Directory; results/compare-<a>-<b>-<digest> if absent.")
@click.option("--all", "whole", is_flag=True, help="Print everything, uncut, however long; else what fits a screen.")
@click.option("--figure", is_flag=True, help="Draw what the changes add up to (PNG, SVG; ja, en).")
@lang_option
@json_option
@workers_option
@click.option("--chunk", type=COUNT, default=2**18, show_default=True, help="Draws a task.")
@log_option
@quiet_option
@formulas_option
def compare_command(
    a: str, b: str | None, stress: bool, out: str | None, figure: bool, lang: str, as_json: bool, quiet: bool,
    log: str | None, formulas: str | None, whole: bool, **asked: Any,
) -> None:  # fmt: skip
    """How B differs from A: what changed, by how much, how sure, because of which entries.

    A and B are scenarios (a name or a .toml file) or directories of finished runs. Options that change a scenario
    change both.

    \b
    ctsim compare framework_2023_11 my_study.toml          what differs, and what it does to every cell
    ctsim compare RUN_A RUN_B --figure                     finished runs, with a waterfall of the changes
    ctsim compare framework_2023_11 --stress               what if parameters move together
    """
    switches = _switches(asked)
    for name in ("years", "programmes", "metrics"):
        asked[name] = asked[name] or None
    if stress == (b is not None):
        raise InputError("compare: give A and B, or A alone with --stress")
    given = [_given(one, formulas, switches) for one in (a, b) if one is not None]
    if stress:
        _stress(given[0], formulas, asked, as_json, quiet, log, out, figure, lang, whole)
        return
    from ctsim.compare import compare, default_directory
    from ctsim.compare_tables import as_dict, comparison_tables

    if out is None:
        plain = {name: value for name, value in asked.items() if name not in ("workers", "chunk")}
        out = str(default_directory(given[0], given[1], formulas, **plain))
    with logged(log, command_line()) as log_, progress(quiet, log_) as report:
        found = compare(
            given[0], given[1], out=out, formulas=formulas, progress=report, **asked,
            command=command_line(),
        )  # fmt: skip
        log_.event("end", directory=str(found.directory))
    if as_json:
        _print_json(as_dict(found))
    else:
        comparison_tables(found, lang, whole)
    if figure:
        from ctsim.figures import save_waterfalls
        from ctsim.report.moves import words_of
        from ctsim.report.results import open_result

        assert found.directory is not None
        said = words_of(open_result(found.directory, formulas))
        pictures(found.tree, found.directory, partial(save_waterfalls, said=said), to_stderr=as_json)
    for message in () if quiet else found.messages:
        click.echo(message, err=True)


def _switches(asked: dict[str, Any]) -> dict[str, Any]:
    from ctsim.switches import SWITCHES

    return {name: asked.pop(name) for name in SWITCHES}


def _given(name: str, formulas: str | None, switches: dict[str, Any]) -> Any:
    """The argument itself, or the scenario with what options change of it."""
    if not any(value not in ((), None, False) for value in switches.values()):
        return name
    if Path(name).is_dir():
        raise InputError(f"{name}: a finished run cannot be changed by options; give its scenario")
    from ctsim.catalog import load
    from ctsim.switches import idle, switched

    changed = switched(load(name, formulas), **switches)
    for line in idle(changed, switches):
        click.echo(line, err=True)
    return changed


def _stress(
    given: Any, formulas: str | None, asked: dict[str, Any], as_json: bool, quiet: bool, log: str | None,
    out: str | None, figure: bool, lang: str, whole: bool,
) -> None:  # fmt: skip
    from ctsim.compare_tables import stress_table
    from ctsim.stress import default_directory
    from ctsim.stress import stress as run_stress

    asked.pop("most")
    if figure or asked.pop("cells"):
        raise InputError("--stress: makes a table; not with --figure or --cell")
    if out is None:
        plain = {name: value for name, value in asked.items() if name not in ("workers", "chunk")}
        out = str(default_directory(given, formulas, **plain))
    command = command_line()
    with logged(log, command) as log_, progress(quiet, log_) as report:
        found = run_stress(given, formulas=formulas, progress=report, out=out, command=command, **asked)
        log_.event("end", directory=str(found.directory))
    if as_json:
        _print_json(found.to_dict())
    else:
        stress_table(found, lang, whole)
    for message in () if quiet else found.messages:
        click.echo(message, err=True)


def _print_json(content: Any) -> None:
    import json

    click.echo(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False))
