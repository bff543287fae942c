"""The `ctsim` command: options in, tables out. Results on stdout, progress and messages on stderr.

Exit status: 0 done · 1 check or audit found something its page does not mark, or a precision was not reached · 2 bad
input or usage · 3 stopped · 4 a fault of ctsim, with the path of a report file. Heavy modules are imported by the
commands that need them.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click
from click.core import ParameterSource

import ctsim
from ctsim.compare_command import compare_command
from ctsim.console import command_line, interruptible, pictures, table
from ctsim.errors import CtsimError, Finding, InputError, one_line
from ctsim.export_command import export_command
from ctsim.locale import heads, text
from ctsim.money_command import policy_command, total_command, yen_command
from ctsim.options import (
    CELL,
    COUNT,
    FOLDER,
    SCENARIO,
    formulas_option,
    json_option,
    lang_option,
    log_option,
    memory_option,
    metrics_option,
    quiet_option,
    seed_option,
    switch_options,
    workers_option,
)
from ctsim.printing import audit_tables, parameter_table, spread_words, total_tables, trail_tables, values_words
from ctsim.progress import Log, logged
from ctsim.progress import progress as _progress
from ctsim.report_command import report_command
from ctsim.scenario_command import scenario_command
from ctsim.sensitivity_command import sensitivity_command

if TYPE_CHECKING:
    from ctsim.catalog import Scenario
    from ctsim.engine import Run

STOPPED, OUR_FAULT = 3, 4
_ISSUE = "please open an issue in the repository of ctsim with"


class _Commands(click.Group):
    """A group that turns errors into one line each and the exit status of the contract."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        _encodable(sys.stdout)
        _encodable(sys.stderr)
        try:
            try:
                with interruptible():
                    status = super().main(*args, **kwargs) or 0
            except SystemExit:  # click's own answer to a reader that has left
                status = 0
            sys.stdout.flush()
            sys.exit(status)
        except CtsimError as error:
            for finding in error.findings:
                click.echo(str(finding), err=True)
            sys.exit(error.exit_status)
        except click.ClickException as error:
            said = one_line(error.format_message()).rstrip(".")
            hint = "; an option that may be given often takes one value each time: --years 2030 --years 2040"
            click.echo(f"ctsim: {said}{hint if 'unexpected extra argument' in said else ''}", err=True)
            sys.exit(2)
        except (click.Abort, KeyboardInterrupt):
            click.echo("stopped; nothing was kept: run the same command again", err=True)
            sys.exit(STOPPED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                click.echo(f"ctsim: {error.filename or 'output'}: cannot be written: {error.strerror}", err=True)
                sys.exit(2)
            if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
                click.echo(
                    f"ctsim: {str(error.filename)[:80]}...: this name is too long for a file or folder", err=True
                )
                sys.exit(2)
            click.echo(f"a fault of ctsim: {type(error).__name__}; {_ISSUE} {_fault_report()}", err=True)
            sys.exit(OUR_FAULT)


def _encodable(stream: TextIO) -> None:
    """Where a stream cannot hold a character, as in a file of an old code page, it gets its escape instead."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def _fault_report() -> str:
    import tempfile
    import traceback

    said = f"ctsim {ctsim.__version__}, Python {sys.version}\n{shlex.join(sys.argv)}\n\n{traceback.format_exc()}"
    named = {"prefix": "ctsim-fault-", "suffix": ".txt", "delete": False, "encoding": "utf-8"}
    try:
        with tempfile.NamedTemporaryFile("w", errors="backslashreplace", **named) as file:  # type: ignore[call-overload]
            file.write(said)
    except OSError as error:
        return f"these words; no report could be written ({error.strerror})"
    return str(file.name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(ctsim.__version__, prog_name="ctsim")
def main() -> None:
    """Monte Carlo scenarios for Japan's Climate Transition Bonds.

    \b
    ctsim list                                     scenarios and programmes
    ctsim run framework_2023_11 --draws 1e6        distributions of every figure
    ctsim audit                                    the report's figures against its own formulas
    ctsim report RUN                               the page of a run; --brief: one A4 side
    ctsim show framework_2023_11 offshore_wind.capacity_factor
    """


@main.command("list")
@lang_option
def list_(lang: str) -> None:
    """List scenarios and programmes.

    \b
    ctsim list --lang ja
    """
    from ctsim.catalog import load
    from ctsim.library import shipped

    rows = [[head.id, getattr(head, f"title_{lang}") or ""] for _, head in shipped()]
    table(text("list.scenarios", lang), heads("list", ("scenario", "title"), lang), rows)
    programmes = load("as_published").programmes
    listed = [[str(one.number or ""), one.id, getattr(one, f"name_{lang}")] for one in programmes]
    table(text("list.programmes", lang), heads("list", ("number", "programme", "name"), lang), listed, right=(0,))


@main.command()
@click.argument("scenario", type=SCENARIO, default="framework_2023_11")
@click.option("--names", is_flag=True, help="Name every parameter, not only how many there are.")
@click.option("--write-coordinates", is_flag=True, help="Keep draws of your own pages: append to coordinates.toml.")
@lang_option
@formulas_option
def check(scenario: str, names: bool, write_coordinates: bool, lang: str, formulas: str | None) -> int:
    """Check every file of SCENARIO, and each page's figures against its formulas.

    Lists what the spreads rest on, and spreads of one relative shape that should be a class.

    \b
    ctsim check mystudy.toml
    ctsim check mystudy.toml --write-coordinates           and keep the draws of your own pages
    """
    from ctsim.audit import audit
    from ctsim.balance import unit_faults
    from ctsim.catalog import load
    from ctsim.judgement import bound_in_vain, unreasoned
    from ctsim.printing import judgement_tables

    resolved = load(scenario, formulas)
    rows = resolved.binding.rows
    judgement_tables(resolved, names, lang)
    faults = [*unit_faults(resolved.binding), *unreasoned(resolved)]
    for finding in [*faults, *bound_in_vain(resolved)]:
        click.echo(str(finding), err=True)
    surprises = audit(resolved).surprises()
    places = {figure.key: figure.place for programme in resolved.programmes for figure in programme.figures}
    for figure in surprises:
        message = (
            f"verdict is {figure.verdict}, the page says {figure.expected_verdict}; set 'verdict' or mend the page"
        )
        click.echo(str(Finding(places[figure.key], f"impact.{figure.key}", message)), err=True)
    counts = {"programmes": len(resolved.programmes), "parameters": len(rows), "figures": len(resolved.binding.steps)}
    click.echo(text("check.closing", lang, **counts))
    _check_coordinates(resolved, write_coordinates, lang)
    return 1 if surprises or faults else 0


def _check_coordinates(scenario: Scenario, write: bool, lang: str) -> None:
    """Whether everything has a Sobol' coordinate, and keeps it when pages change."""
    from ctsim.coordinates import append, unlisted
    from ctsim.request import coordinates_of

    if write:
        for path, number in append(scenario.programmes).items():
            click.echo(text(f"check.{'appended' if number else 'complete'}", lang, path=path, number=number))
        return
    coordinates_of(scenario)
    if found := ", ".join(one.id for one in unlisted(scenario.programmes, scenario.library.coordinates)):
        message = (
            "Sobol' coordinates follow the order of the page: a parameter put before others would change their draws"
        )
        click.echo(f"{found}: {message}; `ctsim check {scenario.file} --write-coordinates` keeps them", err=True)


@main.command()
@click.argument("scenario", type=SCENARIO, default="as_published")
@lang_option
@json_option
@formulas_option
def audit(scenario: str, lang: str, as_json: bool, formulas: str | None) -> int:
    """Run the report's formulas at its own parameters and compare with what it prints.

    \b
    ctsim audit                                            the report as it stands
    ctsim audit my_study.toml --json                       with the changes of a scenario, for machines
    """
    from ctsim.audit import audit as run_audit

    result = run_audit(scenario, formulas)
    if as_json:
        click.echo(json.dumps(result.to_dict(), ensure_ascii=False, indent=1))
    else:
        audit_tables(result, lang)
    return 1 if result.surprises() else 0


@main.command()
@click.argument("scenario", type=SCENARIO)
@click.argument("name", type=CELL, required=False, metavar="[PARAMETER|CELL]")
@lang_option
@formulas_option
def show(scenario: str, name: str | None, lang: str, formulas: str | None) -> None:
    """Show the parameters of SCENARIO: value, spread, basis, and the line that set each of them.

    A PARAMETER with the report's words and the reason for its spread; a CELL with where it is printed, or why it has no
    number, its equation and what it is made from; a total with its reason and its members.

    \b
    ctsim show framework_2023_11                           every parameter
    ctsim show framework_2023_11 offshore_wind.capacity_factor
    ctsim show framework_2023_11 offshore_wind.co2_reduction.2040
    ctsim show framework_2023_11 units_supported.co2_reduction.2040
    """
    from ctsim.catalog import load
    from ctsim.trail import follow, follow_total

    resolved = load(scenario, formulas)
    known = resolved.parameters()
    if name is None:
        listed = [[n, values_words(p), p.unit, spread_words(p, lang), str(p.place())] for n, p in known.items()]
        table(resolved.id, heads("show", ("parameter", "value", "unit", "spread", "set_in"), lang), listed, right=(1,))
        return
    reported = {f"{one.programme}.{one.name}": one.key for one in resolved.figures() if one.reported}
    bare = name.partition("@")[0]
    if bare in known:
        parameter_table(resolved, bare, lang)
    elif found := follow_total(resolved, name):
        total_tables(resolved, found, lang)
    else:
        trail_tables(resolved, follow(resolved, reported.get(name, name)), lang)


cluster_option = click.option(
    "--cluster", metavar="WHERE", help="Draw on dask workers: local:N processes, tcp:// or tls:// address, FILE.toml."
)


@main.command()
@click.argument("scenario", type=SCENARIO)
@click.option(
    "--draws",
    type=COUNT,
    default=2**20,
    show_default=True,
    help="Joint samples; raised to a multiple of 1024, for sobol to 16 x 2^k.",
)
@seed_option
@click.option(
    "--method", type=click.Choice(["mc", "sobol"]), default="sobol", show_default=True, help="How draws are made."
)
@click.option(
    "--years", multiple=True, type=click.Choice(["2030", "2040", "2050"]), help="Years to keep; all if absent."
)
@click.option(
    "--precision",
    metavar="R",
    help="Stop when mean, 5 % and 95 % quantile of every cell are known to R (0.01, 1%); --draws is the most.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="CELL=VALUE",
    help="Share of draws at or above VALUE; a cell is programme.metric.when[.item], of totals group.metric.when.",
)
@click.option("--programmes", multiple=True, metavar="NAME", help="Programmes to compute; all if absent.")
@metrics_option
@click.option("--keep-draws", metavar="WHAT", help="Keep every draw of: cells, parameters, all (DIR/draws.zarr).")
@click.option("--keep-as", default="float64", show_default=True, metavar="TYPE", help="Kept as float64 or float32.")
@memory_option
@switch_options
@click.option("--out", type=FOLDER, metavar="DIR", help="Run directory; results/<scenario>-<digest> if absent.")
@click.option(
    "--figure",
    is_flag=True,
    help="Draw what is published beside the result, and fans over the years (PNG, SVG; ja, en).",
)
@workers_option
@cluster_option
@log_option
@click.option("--chunk", type=COUNT, default=2**18, show_default=True, help="Draws a task.")
@click.option("--shard", metavar="I/N", help="Draw only part I of N; `ctsim merge` joins them.")
@click.option("--extend", metavar="DIR", help="Go on from the draws of a finished run, in DIR or in --out.")
@click.option("--draw", type=COUNT, help="Print the parameters of one draw instead of running.")
@lang_option
@quiet_option
@formulas_option
def run(
    scenario: str, draws: int, seed: int, method: str, years: tuple[str, ...], out: str | None, figure: bool,
    workers: int | None, chunk: int, shard: str | None, extend: str | None, draw: int | None, lang: str, quiet: bool,
    formulas: str | None, precision: str | None, thresholds: tuple[str, ...], memory: str | None, **chosen: Any,
) -> int:  # fmt: skip
    """Draw joint samples of SCENARIO and print the distribution of every figure.

    SCENARIO is a name from `ctsim list` or the path of a .toml file.

    \b
    ctsim run framework_2023_11 --draws 1e6 --out RUN      then `ctsim report RUN`
    ctsim run framework_2023_11 --lang ja --figure         tables and pictures in Japanese
    ctsim run my_study.toml --precision 1% --draws 1e8     until every cell is known to 1 %
    ctsim run framework_2023_11 --set offshore_wind.capacity_factor=40     in its unit, %
    """
    from ctsim import engine, request
    from ctsim.catalog import load
    from ctsim.switches import SWITCHES, idle, switched

    if draw is not None:
        _check_draw({"scenario", "draw", "seed", "method", "formulas", "lang", "quiet", *SWITCHES})
    switches = {name: chosen.pop(name) for name in SWITCHES}
    resolved = switched(load(scenario, formulas), **switches)
    for line in idle(resolved, switches):
        click.echo(line, err=True)
    if draw is not None:
        listed = [
            [label, f"{value:.17g}", unit] for label, value, unit in engine.parameters_at(resolved, draw, seed, method)
        ]
        head = heads("show", ("parameter", "value", "unit"), lang)
        table(f"{resolved.id}, seed {seed}, draw {draw}", head, listed, right=(1,))
        return 0
    chosen |= {name: chosen[name] or None for name in ("programmes", "metrics")}
    cluster, log_file = chosen.pop("cluster"), chosen.pop("log")
    if out is None and extend is None:
        named = {"precision": precision, "thresholds": thresholds, **chosen}
        out = str(request.default_directory(resolved, draws, seed, method, years or None, shard, **named))
    with logged(log_file, command_line()) as log, _progress(quiet, log) as progress:
        result = engine.simulate(
            resolved, draws=draws, seed=seed, method=method, years=years or None, chunk=chunk, workers=workers, out=out,
            shard=shard, extend=extend, precision=precision, thresholds=thresholds, progress=progress,
            command=command_line(), memory=memory, cluster=cluster, **chosen,
        )  # fmt: skip
        _log_end(log, result)
    status = _print_finished(result, quiet, lang)
    if not shard:
        _say_not_finite(resolved, result)
        if figure:
            _draw(result)
    return status


def _check_draw(honoured: set[str]) -> None:
    """Refuse --draw with options that it would not heed."""
    context = click.get_current_context()
    given = {name for name in context.params if context.get_parameter_source(name) == ParameterSource.COMMANDLINE}
    options = [one.opts[-1] for one in context.command.params if one.name in given - honoured]
    if options:
        raise InputError(f"--draw: prints the parameters of one draw and runs nothing; leave out {', '.join(options)}")


@main.command()
@click.argument("directory", type=FOLDER, metavar="DIR")
@workers_option
@cluster_option
@log_option
@click.option("--chunk", type=COUNT, help="Draws a task; as the run was begun if absent.")
@memory_option
@lang_option
@quiet_option
@formulas_option
def resume(directory: str, lang: str, quiet: bool, log: str | None, **asked: Any) -> int:
    """Finish the run in DIR that was stopped or killed, and print its result.

    \b
    ctsim resume results/framework_2023_11-0123abcd        on any machine, with any number of threads
    ctsim resume RUN --cluster tcp://10.0.0.5:8786
    """
    from ctsim import engine

    with logged(log, command_line()) as log_, _progress(quiet, log_) as progress:
        result = engine.resume(directory, progress=progress, **asked)
        _log_end(log_, result)
    return _print_finished(result, quiet, lang)


@main.command()
@click.argument("directory", type=FOLDER, metavar="DIR")
@click.argument("cells", metavar="[CELL]...", nargs=-1)
@lang_option
@formulas_option
def explain(directory: str, cells: tuple[str, ...], lang: str, formulas: str | None) -> None:
    """Say why the means of the run in DIR are not the published figures, and what a CELL rests on.

    \b
    ctsim explain RUN                                      every figure that is published
    ctsim explain RUN offshore_wind.co2_reduction.2040
    """
    from ctsim.explain import explain as run_explain
    from ctsim.printing import explanation_tables

    explanation_tables(run_explain(directory, cells, formulas), bool(cells), lang)


@main.command()
@click.argument("directories", type=FOLDER, metavar="DIR...", nargs=-1, required=True)
@click.option("--out", type=FOLDER, metavar="DIR", required=True, help="Run directory of the whole.")
@lang_option
@click.option("--quiet", is_flag=True, help="No messages.")
@formulas_option
def merge(directories: tuple[str, ...], out: str, lang: str, quiet: bool, formulas: str | None) -> None:
    """Join the shards in the directories DIR... into the result of the undivided run.

    \b
    ctsim run framework_2023_11 --draws 1e9 --shard 3/7 --out part-3
    ctsim merge part-* --out whole
    """
    from ctsim import shards

    _print_finished(shards.merge(directories, out=out, formulas=formulas, command=command_line()), quiet, lang)


@main.command()
@click.argument("directory", type=FOLDER, metavar="DIR")
@workers_option
@cluster_option
@log_option
@lang_option
@click.option("--quiet", is_flag=True, help="Only the result: no progress.")
@formulas_option
def reproduce(directory: str, lang: str, quiet: bool, log: str | None, **asked: Any) -> int:
    """Draw the run in DIR anew: identical (exit 0), or which part differs (exit 1).

    \b
    ctsim reproduce RUN                                    with the versions that are installed here
    """
    from ctsim.reproduce import reproduce as draw_anew

    with logged(log, command_line()) as log_, _progress(quiet, log_) as progress:
        found = draw_anew(directory, progress=progress, **asked)
        log_.event("end", directory=directory, result_digest=found.result_digest, identical=found.identical)
    if found.differences:
        rows = [[one.part, one.there, one.here] for one in found.differences]
        table(text("reproduce.title", lang), heads("reproduce", ("part", "there", "here"), lang), rows)
    click.echo(found.words(lang))
    return 0 if found.identical else 1


for command in (total_command, yen_command, policy_command, compare_command, sensitivity_command, report_command,
                export_command, scenario_command):  # fmt: skip
    main.add_command(command)


def _log_end(log: Log, result: Run) -> None:
    said = {name: result.card.get(name) for name in ("draws", "seconds", "result_digest", "cells_unsure")}
    log.event("end", directory=str(result.directory), **said)


def _print_finished(result: Run, quiet: bool, lang: str) -> int:
    """Print a run; the exit status is 1 where a precision was not reached."""
    from ctsim.precision import said
    from ctsim.printing_run import run_tables

    if shard := result.card.get("shard"):
        click.echo(f"shard {shard} is done; when all are, join them with `ctsim merge DIR... --out DIR`")
        click.echo(f"directory {result.directory}")
    else:
        run_tables(result, lang)
    for message in () if quiet else result.messages:
        click.echo(message, err=True)
    if short := said(result.card):
        click.echo(short, err=True)
    return 1 if short else 0


def _say_not_finite(scenario: Scenario, result: Run) -> None:
    from ctsim.dataset import not_finite

    how = f"`ctsim run {scenario.id} --draw N` prints a draw's parameters; guard the formula or narrow a spread"
    for figure, reason in not_finite(scenario, result.tree):
        key = f"impact.{figure.key}.formula"
        click.echo(str(Finding(figure.place, key, f"{reason}; its statistics are NaN: {how}")), err=True)


def _draw(result: Run) -> None:
    from ctsim.figures import save_fans, save_published

    assert result.directory is not None
    pictures(result.tree, result.directory, save_published, save_fans)
