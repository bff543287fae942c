"""Options that several commands take."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem


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


class _Place(click.ParamType[str]):
    """A file or folder as it was written; shells complete the names on disk."""

    name = "text"

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(incomplete, type=self._kind)]


class _Scenario(_Place):
    """A scenario by its name or file; shells complete names of the library first."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from ctsim.library import shipped

        found = [head.id for _, head in shipped() if head.id.startswith(incomplete)]
        return [CompletionItem(one) for one in found] or super().shell_complete(ctx, param, incomplete)


class _Cell(click.ParamType[str]):
    """A parameter, cell or total of the scenario that stands before it; shells complete its name."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from ctsim.catalog import load
        from ctsim.errors import CtsimError
        from ctsim.trail import cells, totals

        try:
            scenario = load(ctx.params["scenario"], ctx.params.get("formulas"))
        except (CtsimError, KeyError, TypeError):
            return []
        names = [*scenario.parameters(), *cells(scenario), *(one.cell for one in totals(scenario))]
        return [CompletionItem(one) for one in sorted(set(names)) if one.startswith(incomplete)]


COUNT = _Count()
FOLDER = _Place("dir")
FILE = _Place("file")
SCENARIO = _Scenario("file")
CELL = _Cell()
workers_option = click.option("--workers", type=COUNT, help="Threads; all cores if absent.")
quiet_option = click.option("--quiet", is_flag=True, help="Only the result: no progress, no messages.")
log_option = click.option("--log", type=FILE, metavar="FILE", help="Append what happens to FILE, a line of JSON each.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
lang_option = click.option(
    "--lang", type=click.Choice(["ja", "en"]), default="en", show_default=True, help="Language of the tables."
)
seed_option = click.option("--seed", type=COUNT, default=0, show_default=True, help="Key of the random numbers.")
metrics_option = click.option(
    "--metrics", multiple=True, metavar="NAME", help="co2_reduction, economic_effect, other; all if absent."
)
memory_option = click.option(
    "--memory", metavar="SIZE", help="Refuse to run where it would take more, as 400MB or 2GiB."
)
formulas_option = click.option(
    "--formulas", type=FOLDER, metavar="DIR", help="Folder with formula modules of outside programmes."
)


_SWITCHES = (
    click.option(
        "--set",
        multiple=True,
        metavar="PARAMETER=VALUE",
        help="Fix a parameter, or one year of it (PARAMETER@YEAR=VALUE), at another value.",
    ),
    click.option(
        "--fix", multiple=True, metavar="PARAMETER", help="Fix a parameter, or one year of it, at its own value."
    ),
    click.option("--reading", multiple=True, metavar="NAME", help="A named reading of formulas, not the literal one."),
    click.option(
        "--only-basis",
        multiple=True,
        metavar="BASIS",
        help="Only spreads that rest on it: published, literature, elicited, assumed.",
    ),
    click.option(
        "--scale-assumed", type=float, metavar="F", help="Assumed spreads F times as wide about their values."
    ),
    click.option("--with-delivery", is_flag=True, help="Research programmes deliver or not, as their pages assume."),
    click.option(
        "--dependence",
        metavar="R",
        help="Declared rank correlations times R, from 0 to 1 (declared), or full: each 1 or -1.",
    ),
)


def switch_options(command: Any) -> Any:
    """The options that change the scenario, in this order in the help."""
    for option in reversed(_SWITCHES):
        command = option(command)
    return command
