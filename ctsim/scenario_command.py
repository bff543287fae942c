"""`ctsim scenario`: a scenario as a workbook and back, and the JSON Schema of scenario files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ctsim.errors import InputError
from ctsim.options import formulas_option


@click.group("scenario")
def scenario_command() -> None:
    """Edit a scenario in Excel; the JSON Schema of scenario files for editors.

    \b
    ctsim scenario to-xlsx framework_2023_11 mine.xlsx     edit values, spreads and reasons
    ctsim scenario from-xlsx mine.xlsx mine.toml           what was edited, as changes
    ctsim compare framework_2023_11 mine.toml              what that does
    """


@scenario_command.command("to-xlsx")
@click.argument("scenario")
@click.argument("file", metavar="FILE")
@click.option("--lang", type=click.Choice(["ja", "en"]), default="ja", show_default=True, help="Language of heads.")
@formulas_option
def to_xlsx(scenario: str, file: str, lang: str, formulas: str | None) -> None:
    """Write SCENARIO as a workbook whose yellow cells may be edited."""
    from ctsim.catalog import load
    from ctsim.durable import write_whole
    from ctsim.export.editing import to_workbook

    content = to_workbook(load(scenario, formulas), file, lang)
    try:
        write_whole(Path(file), content)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror or error}") from None
    click.echo(f"workbook {file}")


@scenario_command.command("from-xlsx")
@click.argument("file", metavar="FILE")
@click.argument("out", metavar="OUT.toml")
@formulas_option
def from_xlsx(file: str, out: str, formulas: str | None) -> None:
    """Write what was edited in FILE as a scenario file of changes; faults name their cells."""
    from ctsim.export.edited import from_workbook

    number = from_workbook(file, out, formulas)
    click.echo(f"scenario {out}: {number} change{'s' if number > 1 else ''}")


@scenario_command.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of scenario files, for editors that check TOML."""
    from ctsim.schema import ScenarioFile

    click.echo(json.dumps(ScenarioFile.model_json_schema(by_alias=True), ensure_ascii=False, indent=1))
