"""The `ctsim` command: options in, tables out. Results on stdout, progress and messages on stderr.

Exit status: 0 done · 1 check or audit found something its page does not mark · 2 bad input or usage · 3 stopped ·
4 a fault of ctsim, with the path of a report file. Heavy modules are imported by the commands that need them.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any, TextIO

import click

import ctsim
from ctsim.console import interruptible, number
from ctsim.console import progress as _progress
from ctsim.console import table as _table
from ctsim.errors import CtsimError, Finding, InputError, one_line

if TYPE_CHECKING:
    from ctsim.audit import Audit
    from ctsim.catalog import Scenario
    from ctsim.engine import Run

STOPPED, OUR_FAULT = 3, 4


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
            click.echo(f"ctsim: {one_line(error.format_message())}", err=True)
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
            click.echo(f"a fault of ctsim: {type(error).__name__}; please send {_fault_report()}", err=True)
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


class _Count(click.ParamType[int]):
    """A whole number, also written 1e6 or 1_000_000."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            number = int(value.replace("_", "").replace(",", "")) if "e" not in value.lower() else float(value)
            if number != int(number):
                raise ValueError
        except (ValueError, OverflowError):
            self.fail(f"'{value}' is not a whole number; write 1000000 or 1e6", param, ctx)
        return int(number)


COUNT = _Count()
formulas_option = click.option("--formulas", metavar="DIR", help="Folder with formula modules of outside programmes.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(ctsim.__version__, prog_name="ctsim")
def main() -> None:
    """Monte Carlo scenarios for Japan's Climate Transition Bonds.

    \b
    ctsim list                                     scenarios and programmes
    ctsim run framework_2023_11 --draws 1e6        distributions of every figure
    ctsim audit                                    the report's figures against its own formulas
    ctsim show framework_2023_11 offshore_wind.capacity_factor
    """


@main.command("list")
def list_() -> None:
    """List scenarios and programmes."""
    from ctsim.catalog import load
    from ctsim.library import shipped

    rows = [[head.id, head.title_en or "", head.title_ja or ""] for _, head in shipped()]
    _table("Scenarios", ["scenario", "title", "題名"], rows)
    programmes = load("as_published").programmes
    listed = [[str(p.number or ""), p.id, p.name_en, p.name_ja] for p in programmes]
    _table("Programmes", ["no.", "programme", "name", "事業名"], listed, right=(0,))


@main.command()
@click.argument("scenario", default="framework_2023_11")
@formulas_option
def check(scenario: str, formulas: str | None) -> int:
    """Check every file of SCENARIO, and each page's figures against its formulas."""
    from ctsim.audit import audit
    from ctsim.binding import unit_faults
    from ctsim.catalog import load

    resolved = load(scenario, formulas)
    rows = resolved.binding.rows
    basis: dict[str, list[str]] = {}
    for row in rows:
        kind = "fixed" if row.spread.dist == "fixed" else row.basis
        basis.setdefault(kind, []).append(row.label)
    listed = [[kind, str(len(labels)), ", ".join(labels)] for kind, labels in sorted(basis.items())]
    _table(f"{resolved.id}: what the spreads rest on", ["basis", "number", "parameters"], listed, right=(1,))
    for finding in (faults := unit_faults(resolved.binding)):
        click.echo(str(finding), err=True)
    surprises = audit(resolved).surprises()
    places = {figure.key: figure.place for programme in resolved.programmes for figure in programme.figures}
    for figure in surprises:
        message = (
            f"verdict is {figure.verdict}, the page says {figure.expected_verdict}; set 'verdict' or mend the page"
        )
        click.echo(str(Finding(places[figure.key], f"impact.{figure.key}", message)), err=True)
    click.echo(f"{len(resolved.programmes)} programmes, {len(rows)} parameters, {len(resolved.binding.steps)} figures")
    return 1 if surprises or faults else 0


@main.command()
@click.argument("scenario", default="as_published")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@formulas_option
def audit(scenario: str, as_json: bool, formulas: str | None) -> int:
    """Run the report's formulas at its own parameters and compare with what it prints."""
    from ctsim.audit import audit as run_audit

    result = run_audit(scenario, formulas)
    if as_json:
        click.echo(json.dumps(result.to_dict(), ensure_ascii=False, indent=1))
    else:
        _print_audit(result)
    return 1 if result.surprises() else 0


def _print_audit(result: Audit) -> None:
    rows = []
    for one in result.figures:
        difference = "" if one.relative_difference is None else f"{one.relative_difference:+.1%}"
        printed = number(one.published) if one.published_low == one.published_high else (
            f"{number(one.published_low)}–{number(one.published_high)}")  # fmt: skip
        computed = "" if one.computed is None or one.computed_low is None or one.computed_high is None else (
            number(one.computed) if one.computed_low == one.computed_high
            else f"{number(one.computed_low)}–{number(one.computed_high)}")  # fmt: skip
        what = " ".join(part for part in (one.metric.replace("_", " "), one.when, one.item) if part)
        rows.append([one.programme, what, printed, computed, one.unit, difference, one.verdict.replace("_", " ")])
    head = ["programme", "figure", "printed", "computed", "unit", "diff.", "verdict"]
    _table("Published figures against the report's own formulas", head, rows, right=(2, 3, 5))
    ledger = [[e.programme or "", e.where, e.quote, e.printed, e.computed, e.why] for e in result.inconsistencies]
    if ledger:
        head = ["programme", "where", "quote", "printed", "follows", "why"]
        _table("Ledger of inconsistencies", head, ledger)
    computable = sum(one.computed is not None for one in result.figures)
    click.echo(f"{len(result.figures)} figures, {computable} computable; {len(result.inconsistencies)} ledger entries")


@main.command()
@click.argument("scenario")
@click.argument("parameter", required=False)
@formulas_option
def show(scenario: str, parameter: str | None, formulas: str | None) -> None:
    """Show the parameters of SCENARIO: value, spread, basis, and the line that set each of them."""
    from ctsim.catalog import load
    from ctsim.errors import did_you_mean

    resolved = load(scenario, formulas)
    known = resolved.parameters()
    if parameter is None:
        listed = [[n, _values(p), p.unit, _spread_words(p), str(p.place())] for n, p in known.items()]
        _table(resolved.id, ["parameter", "value", "unit", "spread", "set in"], listed, right=(1,))
        return
    if parameter not in known:
        hint = did_you_mean(parameter, known)
        raise InputError(f"no parameter '{parameter}' in scenario '{scenario}'.{hint}")
    _print_parameter(resolved, parameter)


def _print_parameter(scenario: Scenario, name: str) -> None:
    one = scenario.parameters()[name]
    record = one.record
    lines = [("parameter", name, ""), ("value", f"{_values(one)} {one.unit}", str(one.place("value")))]
    lines.append(("printed", _joined(record.as_printed), str(one.place("as_printed"))))
    if record.source:
        lines.append(("source", f"{record.source.key}, {record.source.where}", str(one.place("source"))))
        lines.append(("quote", record.source.quote or "", ""))
    lines.append(("spread", _spread_words(one), str(one.place("uncertainty"))))
    lines += [("basis", s.basis, "") for s in list(one.spreads.values())[:1]]
    lines += [("reason", s.reason, "") for s in list(one.spreads.values())[:1] if s.reason]
    lines.append(("note", record.note or "", ""))
    users = [p.id for p in scenario.programmes if any(q.stream == name for q in p.parameters.values())]
    lines.append(("used by", ", ".join(users), ""))
    _table("", ["", "", "set in"], [list(line) for line in lines if line[1]])


def _joined(text: str | tuple[str, ...] | None) -> str:
    return text if isinstance(text, str) else " / ".join(text or ())


def _values(parameter: Any) -> str:
    def one(year: str) -> str:
        low, high = parameter.ends(year)
        said = f"{low:g}" if low == high else f"{low:g}–{high:g}"
        return f"{year}: {said}" if year else said

    return ", ".join(one(year) for year in parameter.years)


def _spread_words(parameter: Any) -> str:
    def words(spread: Any) -> str:
        arguments = ", ".join(f"{name} {value:g}" for name, value in spread.arguments.items()
                              if isinstance(value, float | int))  # fmt: skip
        if spread.dist == "fixed":
            return "fixed"
        name = f"{spread.spread_class}: " if spread.spread_class else ""
        return f"{name}{spread.dist}({arguments}){' × value' if spread.relative else ''}, {spread.basis}"

    said = dict.fromkeys(words(spread) for spread in parameter.spreads.values())
    return "; ".join(said)


@main.command()
@click.argument("scenario")
@click.option(
    "--draws",
    type=COUNT,
    default=2**20,
    show_default=True,
    help="Joint samples; raised to a multiple of 1024, for sobol to 16 x 2^k.",
)
@click.option("--seed", type=COUNT, default=0, show_default=True, help="Key of the random numbers.")
@click.option(
    "--method", type=click.Choice(["mc", "sobol"]), default="mc", show_default=True, help="How draws are made."
)
@click.option(
    "--years", multiple=True, type=click.Choice(["2030", "2040", "2050"]), help="Years to keep; all if absent."
)
@click.option("--set", "sets", multiple=True, metavar="PARAMETER=VALUE", help="Fix a parameter at another value.")
@click.option("--fix", "fixes", multiple=True, metavar="PARAMETER", help="Fix a parameter at its own value.")
@click.option("--out", metavar="DIR", help="Run directory; results/<scenario>-<digest> if absent.")
@click.option("--figure", is_flag=True, help="Draw every programme against its published figure (PNG, SVG; ja, en).")
@click.option("--workers", type=COUNT, help="Threads; all cores if absent.")
@click.option("--chunk", type=COUNT, default=2**18, show_default=True, help="Draws a task.")
@click.option("--shard", default="", metavar="I/N", help="Draw only part I of N; `ctsim merge` joins them.")
@click.option("--extend", metavar="DIR", help="Go on from the draws of a finished run, in DIR or in --out.")
@click.option("--draw", type=COUNT, help="Print the parameters of one draw instead of running.")
@click.option("--quiet", is_flag=True, help="Only the result: no progress, no messages.")
@formulas_option
def run(
    scenario: str, draws: int, seed: int, method: str, years: tuple[str, ...], sets: tuple[str, ...],
    fixes: tuple[str, ...], out: str | None, figure: bool, workers: int | None, chunk: int, shard: str,
    extend: str | None, draw: int | None, quiet: bool, formulas: str | None,
) -> None:  # fmt: skip
    """Draw joint samples of SCENARIO and print the distribution of every figure.

    SCENARIO is a name from `ctsim list` or the path of a .toml file.
    """
    from ctsim import engine
    from ctsim.catalog import load

    resolved = load(scenario, formulas)
    if sets or fixes:
        resolved = resolved.with_changes(_option_changes(resolved, sets, fixes), place="command line")
        said = ", ".join((*sets, *(f"{name} fixed" for name in fixes)))
        resolved = replace(
            resolved, title_en=f"{resolved.title_en}, changed: {said}", title_ja=f"{resolved.title_ja} 変更: {said}"
        )
    if draw is not None:
        listed = [
            [label, f"{value:.17g}", unit] for label, value, unit in engine.parameters_at(resolved, draw, seed, method)
        ]
        _table(f"{resolved.id}, seed {seed}, draw {draw}", ["parameter", "value", "unit"], listed, right=(1,))
        return
    if out is None and extend is None:
        out = str(engine.default_directory(resolved, draws, seed, method, years or None, shard))
    with _progress(quiet) as progress:
        result = engine.simulate(
            resolved, draws=draws, seed=seed, method=method, years=years or None, chunk=chunk, workers=workers, out=out,
            shard=shard, extend=extend, progress=progress, command=_command(),
        )  # fmt: skip
    _print_finished(result, quiet)
    if shard:
        return
    _say_not_finite(resolved, result)
    if figure:
        _draw(result)


@main.command()
@click.argument("directory", metavar="DIR")
@click.option("--workers", type=COUNT, help="Threads; all cores if absent.")
@click.option("--chunk", type=COUNT, help="Draws a task; as the run was begun if absent.")
@click.option("--quiet", is_flag=True, help="Only the result: no progress, no messages.")
@formulas_option
def resume(directory: str, workers: int | None, chunk: int | None, quiet: bool, formulas: str | None) -> None:
    """Finish the run in DIR that was stopped or killed, and print its result."""
    from ctsim import engine

    with _progress(quiet) as progress:
        result = engine.resume(directory, formulas=formulas, chunk=chunk, workers=workers, progress=progress)
    _print_finished(result, quiet)


@main.command()
@click.argument("directories", metavar="DIR...", nargs=-1, required=True)
@click.option("--out", metavar="DIR", required=True, help="Run directory of the whole.")
@click.option("--quiet", is_flag=True, help="No messages.")
@formulas_option
def merge(directories: tuple[str, ...], out: str, quiet: bool, formulas: str | None) -> None:
    """Join the shards in the directories DIR... into the result of the undivided run."""
    from ctsim import shards

    _print_finished(shards.merge(directories, out=out, formulas=formulas, command=_command()), quiet)


def _command() -> str:
    return shlex.join(["ctsim", *sys.argv[1:]])


def _print_finished(result: Run, quiet: bool) -> None:
    if shard := result.card.get("shard"):
        click.echo(f"shard {shard} is done; when all are, join them with `ctsim merge DIR... --out DIR`")
        click.echo(f"directory {result.directory}")
    else:
        _print_run(result)
    for message in () if quiet else result.messages:
        click.echo(message, err=True)


def _say_not_finite(scenario: Scenario, result: Run) -> None:
    from ctsim.dataset import not_finite

    how = f"`ctsim run {scenario.id} --draw N` prints a draw's parameters; guard the formula or narrow a spread"
    for figure, reason in not_finite(scenario, result.tree):
        key = f"impact.{figure.key}.formula"
        click.echo(str(Finding(figure.place, key, f"{reason}; its statistics are NaN: {how}")), err=True)


def _option_changes(scenario: Scenario, sets: Sequence[str], fixes: Sequence[str]) -> list[dict[str, Any]]:
    """`--set` and `--fix` as changes like any other: with a reason that says where they come from."""
    known = scenario.parameters()
    source = {"key": "impact_report_2026_01", "where": "command line"}
    changes = []
    for given in sets:
        name, _, text = given.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise InputError(f"--set {given}: write PARAMETER=NUMBER, in the unit of the page")
        changes.append((name.strip(), value, f"--set {given}"))
    for name in fixes:
        if name in known and known[name].years != ("",):
            raise InputError(f"--fix {name}: has values by year; change it in a scenario file")
        changes.append((name, known[name].central("") if name in known else 0.0, f"--fix {name}"))
    return [
        {"parameter": name, "value": value, "reason": reason, "source": source,
         "uncertainty": {"dist": "fixed", "value": value, "basis": "assumed", "reason": reason}}
        for name, value, reason in changes
    ]  # fmt: skip


def _draw(result: Run) -> None:
    from ctsim.figures import save_published

    assert result.directory is not None
    try:
        paths = save_published(result.tree, result.directory / "figures")
    except OSError as error:
        raise InputError(f"{result.directory / 'figures'}: cannot be written: {error.strerror or error}") from None
    for path in paths:
        click.echo(f"picture: {path}")


# ---- output


def _print_run(result: Run) -> None:
    """The result tables: every total with what is published, what the formula gives, and the interval."""
    head = ["no.", "programme", "when", "unit", "published", "computed", "median", "5 %", "95 %"]
    titles = {"co2_reduction": "CO2 reduction", "economic_effect": "Economic effect", "other": "Other"}
    for metric, title in titles.items():
        rows = sorted(_cell_rows(result, metric) + _other_rows(result, metric), key=lambda row: int(row[1] or 99))
        for group in sorted({row[0] for row in rows}, key=_place_of):
            mine = [row[1:] for row in rows if row[0] == group]
            _table(f"{title}: {group}", head, mine, right=(0, 4, 5, 6, 7, 8))
    click.echo(f"{result.tree.attrs['title']}, {result.card['draws']:,} draws, seed {result.card['seed']}.")
    nodes = [result.tree[node] for node in ("co2_reduction", "economic_effect")]
    empty = sum(int((node["status"] == "not_applicable").sum()) for node in nodes)
    click.echo(_error_words(result))
    click.echo(f"{empty} cells have no number, each with its reason in the result. Items and parameters are there too.")
    click.echo(f"result_digest {result.result_digest}")
    click.echo(f"directory {result.directory}")


def _error_words(result: Run) -> str:
    """What the Monte Carlo error amounts to beside the interval it is printed with."""
    worst = 0.0
    for node in (result.tree["co2_reduction"], result.tree["economic_effect"], result.tree["other"]):
        width = node["quantiles"].sel(quantile=0.95) - node["quantiles"].sel(quantile=0.05)
        share = node["mcse"] / width.where(width > 0)
        worst = max(worst, float(share.fillna(0.0).max()) if share.size else 0.0)
    if worst <= 0.01:
        return "計算誤差は無視できる。幅は仮定が決める。 Computing error is negligible; the assumptions set the width."
    return f"計算誤差は最大で90%区間の{worst:.0%}。 Computing error is up to {worst:.0%} of a 90 % interval: draw more."


def _cell_rows(result: Run, metric: str) -> list[list[str]]:
    if metric == "other":
        return []
    rows = []
    node = result.tree[metric].dataset
    for programme in node["programme"].values.tolist():
        for year in node["year"].values.tolist():
            cell = node.sel(programme=programme, year=year)
            if str(cell["status"].item()) != "not_applicable":
                title = _title(cell, cell)
                rows.append([*title, str(year), *_numbers(cell, node["mean"].attrs["units"])])
    return rows


def _other_rows(result: Run, metric: str) -> list[list[str]]:
    """Figures off the year axis; parts of a total are left to the result."""
    node = result.tree["other"].dataset
    names = result.tree["co2_reduction"].dataset
    keys = set(node["figure"].values.tolist())
    rows = []
    for i in range(node.sizes["figure"]):
        one = node.isel(figure=i)
        item, key = str(one["item"].item()), str(one["figure"].item())
        if str(one["metric"].item()) != metric or (item and key.removesuffix(f".{item}") in keys):
            continue
        name = names.sel(programme=str(one["programme"].item()))
        title = _title(one, name)
        rows.append([*title, f"{one['when'].item()} {item}".strip(), *_numbers(one, str(one["unit"].item()))])
    return rows


_BOUNDARIES = (
    "units_supported", "plants_supported", "japanese_firms", "japan_market", "world_market", "per_unit", "reference",
    "mixed", "",
)  # fmt: skip
_GROUPS = tuple(_word.replace("_", " ").replace("japan", "Japan") for _word in _BOUNDARIES)
_LONGEST_NAME = 46


def _place_of(group: str) -> tuple[str, int]:
    """Where a group of rows stands: by kind of money, then from what was paid for to the whole world."""
    boundary, _, kind = group.partition(", ")
    return kind, _GROUPS.index(boundary)


def _title(cell: Any, programme: Any) -> list[str]:
    """Group, number and name of a row's programme; a group never mixes boundaries or kinds of money."""
    name = str(programme["programme_en"].item())
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    words = [_words(str(cell["boundary"].item()))]
    if "money_kind" in cell and str(cell["money_kind"].item()):
        words.append(_words(str(cell["money_kind"].item())))
    return [", ".join(words), str(int(programme["programme_number"]) or ""), short]


def _words(name: str) -> str:
    return name.replace("_", " ").replace("japan", "Japan")


def _numbers(cell: Any, unit: str) -> list[str]:
    reason = str(cell["reason"].item())
    quantiles = [float(cell["quantiles"].sel(quantile=q)) for q in (0.5, 0.05, 0.95)]
    low, high = float(cell["published_low"]), float(cell["published_high"])
    published = f"{low:,.6g}" if low == high else f"{low:,.6g}–{high:,.6g}"
    computed = "" if str(cell["status"].item()) == "reported" else number(float(cell["computed"]))
    shown = [number(q) for q in quantiles] if not reason else [reason, "", ""]
    return [unit, "" if low != low else published, computed, *shown]
