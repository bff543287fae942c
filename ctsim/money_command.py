"""`ctsim total`, `ctsim yen`, `ctsim policy`: what may be added, what the money bought, targets and prices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctsim.errors import InputError
from ctsim.options import COUNT, SCENARIO, formulas_option, json_option, lang_option, quiet_option, seed_option
from ctsim.printing_totals import (
    asked_total_json,
    asked_total_table,
    independent_table,
    money_json,
    money_table,
)
from ctsim.progress import progress

if TYPE_CHECKING:
    import xarray as xr

    from ctsim.schema import TotalGroup


@click.command("total")
@click.argument("what", type=SCENARIO, metavar="SCENARIO|DIR")
@click.argument("cells", metavar="CELL...", nargs=-1, required=True)
@click.option("--draws", type=COUNT, default=2**20, show_default=True, help="Joint samples of a scenario.")
@seed_option
@lang_option
@json_option
@quiet_option
@formulas_option
def total_command(
    what: str, cells: tuple[str, ...], draws: int, seed: int, lang: str, as_json: bool, quiet: bool,
    formulas: str | None,
) -> None:  # fmt: skip
    """Add cells draw by draw where totals.toml says that they may be added; otherwise say why not.

    A cell is programme.metric.when, as clean_energy_vehicles.co2_reduction.2030. A run's own draws are taken with DIR.
    Money of issues (fy2023.allocated) is added as printed.

    \b
    ctsim total framework_2023_11 clean_energy_vehicles.co2_reduction.2030 insulated_windows.co2_reduction.2030
    ctsim total framework_2023_11 fy2023.allocated fy2024.allocated
    """
    from ctsim import engine
    from ctsim.accounts import asks_money, money_total
    from ctsim.catalog import load, load_resolved
    from ctsim.library import holds
    from ctsim.rundir import SCENARIO

    run = engine.open_run(what) if holds(Path(what).is_dir) else None
    if run and not asks_money(cells):
        _asked(run.total(cells, formulas), lang, as_json)
        return
    resolved = load_resolved(Path(what) / SCENARIO, formulas) if run else load(what, formulas)
    if money := money_total(cells, resolved.totals):
        _money([money], lang, as_json)
    else:
        with progress(quiet) as report:
            made = engine.total(resolved, cells, draws=draws, seed=seed, progress=report)
        _asked(made, lang, as_json)


def _asked(made: xr.Dataset, lang: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asked_total_json(made), ensure_ascii=False, indent=1))
    else:
        asked_total_table(made, lang)


def _money(sums: list[tuple[TotalGroup, float]], lang: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(money_json(sums), ensure_ascii=False, indent=1))
    else:
        money_table(sums, lang)


@click.command("yen")
@click.argument("scenario", type=SCENARIO, default="framework_2023_11")
@click.option("--issue", default="2023", show_default=True, metavar="YEAR|FILE", help="Fiscal year of the bonds.")
@click.option("--discount-rate", type=float, default=0.0, show_default=True, help="Of tonnes of later years, as 0.04.")
@click.option("--draws", type=COUNT, default=2**14, show_default=True, help="Joint samples.")
@seed_option
@lang_option
@json_option
@click.option("--quiet", is_flag=True, expose_value=False, help="For scripts: nothing but the result is said anyway.")
@formulas_option
def yen_command(
    scenario: str, issue: str, discount_rate: float, draws: int, seed: int, lang: str, as_json: bool,
    formulas: str | None,
) -> None:  # fmt: skip
    """What the money of one issue bought: tonnes per 億円 allocated, and why not where nothing can be said.

    \b
    ctsim yen --lang ja                                    the bonds of FY2023
    ctsim yen --issue 2024 --json                          another issue, for machines
    """
    from ctsim.accounts import accounts, money_sums
    from ctsim.bought import SECTIONS, account, costs
    from ctsim.catalog import load
    from ctsim.printing_bought import account_json, account_table

    resolved = load(scenario, formulas)
    file = accounts(issue, costs(resolved))
    made, free = (account(one, file, rate=discount_rate, draws=draws, seed=seed)
                  for one in (resolved, resolved.with_dependence(0)))  # fmt: skip
    sums = list(money_sums(resolved.totals, file))
    if as_json:
        independent = {name: lines for name, lines in account_json(free).items() if name in SECTIONS}
        whole = account_json(made) | {"independent": independent, "sums": money_json(sums)}
        click.echo(json.dumps(whole, ensure_ascii=False, indent=1))
    else:
        account_table(made, lang)
        independent_table([line for name in SECTIONS for line in getattr(free, name)], lang)
        money_table(sums, lang)


@click.command("policy")
@click.argument("scenario", type=SCENARIO, default="framework_2023_11")
@click.option("--frame", "path", metavar="FILE", help="Another file of totals, targets and prices.")
@click.option("--every-year", is_flag=True, help="Values for every year of the price paths from FY2026 on.")
@click.option("--draws", type=COUNT, default=2**14, show_default=True, help="Joint samples.")
@seed_option
@lang_option
@json_option
@quiet_option
@formulas_option
def policy_command(
    scenario: str, path: str | None, every_year: bool, draws: int, seed: int, lang: str, as_json: bool, quiet: bool,
    formulas: str | None,
) -> None:  # fmt: skip
    """National targets, the share of each gap that was closed, and the value of tonnes in Japan at carbon prices.

    \b
    ctsim policy --lang ja                                 the shipped frame
    ctsim policy --every-year                              values along the whole of each price path
    ctsim policy --frame mine.toml --json                  other targets and prices, for machines
    """
    from ctsim.catalog import load
    from ctsim.engine import simulate
    from ctsim.policy import REALISED_GROUP, frame
    from ctsim.printing_policy import policy_json, policy_tables
    from ctsim.valued import national

    file, resolved = frame(path), load(scenario, formulas)
    members = [name.partition(".")[0] for one in resolved.totals if one.id == REALISED_GROUP for name in one.members]
    if not any(one.id in members for one in resolved.programmes):
        raise InputError(f"{scenario}: has no programme of units that were paid for: {', '.join(members)}")
    with progress(quiet) as report:
        made = simulate(resolved, draws=draws, seed=seed, metrics=["co2_reduction"], progress=report)
    found = national(resolved, made.tree, file, made.card["draws"], seed, every_year)
    if as_json:
        click.echo(json.dumps(policy_json(found), ensure_ascii=False, indent=1))
    else:
        policy_tables(found, resolved, lang)
