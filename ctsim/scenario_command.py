"""`ctsim scenario`: what is done with scenario files beside running them: new editions, workbooks, their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctsim.console import table
from ctsim.locale import heads, text
from ctsim.notes import given_at
from ctsim.options import FILE, SCENARIO, formulas_option, lang_option

if TYPE_CHECKING:
    from ctsim.edition import Edition


@click.group("scenario")
def scenario_command() -> None:
    """Start a new edition, edit a scenario in Excel, print the JSON Schema of scenario files.

    \b
    ctsim scenario to-xlsx framework_2023_11 mine.xlsx     edit values, spreads and reasons
    ctsim scenario from-xlsx mine.xlsx mine.toml           what was edited, as changes
    ctsim compare framework_2023_11 mine.toml              what that does
    """


@scenario_command.command("new-edition")
@click.argument("old", type=SCENARIO)
@click.argument("new", type=FILE, metavar="NEW.toml|DIR")
@lang_option
@formulas_option
def new_edition(old: str, new: str, lang: str, formulas: str | None) -> None:
    """Start the scenario NEW from OLD for the next edition of the report; or say what of NEW is still from the old one.

    Every value that was read in a document stands in the new file, to be looked up again. DIR becomes DIR/DIR.toml.

    \b
    ctsim scenario new-edition framework_2023_11 framework_2027_01
    """
    from ctsim.catalog import load
    from ctsim.edition import SOURCES, begin, edition

    path = Path(new) if new.endswith(".toml") else Path(new) / f"{Path(new).name}.toml"
    if begun := not path.exists():
        begin(old, path, formulas)
    _edition_tables(edition(load(path, formulas)), lang)
    if begun:
        click.echo(text("edition.begun", lang, path=path, sources=path.parent / SOURCES))


def _edition_tables(found: Edition, lang: str) -> None:
    from ctsim.printing import values_words

    left = [[one.name, values_words(one.parameter), one.parameter.unit, one.words, given_at(one.where, lang)]
            for one in found.old]  # fmt: skip
    names: tuple[str, ...] = ("parameter", "value", "unit", "printed", "where")
    table(text("edition.left", lang), heads("edition", names, lang), left, right=(1,))
    figures = [[one.key, one.record.printed[0].as_printed, given_at(one.record.printed[0].where, lang)]
               for one in found.figures]  # fmt: skip
    table(text("edition.figures", lang), heads("edition", ("figure", "printed", "where"), lang), figures)
    for key, (source, number) in found.documents().items():
        reviewed = "reviewed" if source.reviewed else "not_reviewed"
        click.echo(text(f"edition.{reviewed}", lang, document=key, date=source.reviewed, number=number))
    values, done = len(found.values), len(found.values) - len(found.old)
    click.echo(text("edition.done", lang, done=done, values=values, figures=len(found.figures)))
    click.echo(text("edition.judged", lang, number=found.judgements))


@scenario_command.command("to-xlsx")
@click.argument("scenario", type=SCENARIO)
@click.argument("file", type=FILE, metavar="FILE")
@click.option("--lang", type=click.Choice(["ja", "en"]), default="ja", show_default=True, help="Language of heads.")
@formulas_option
def to_xlsx(scenario: str, file: str, lang: str, formulas: str | None) -> None:
    """Write SCENARIO as a workbook whose yellow cells may be edited.

    \b
    ctsim scenario to-xlsx framework_2023_11 mine.xlsx
    """
    from ctsim.catalog import load
    from ctsim.durable import write_asked
    from ctsim.export.editing import to_workbook

    write_asked(Path(file), to_workbook(load(scenario, formulas), file, lang))
    click.echo(f"workbook {file}")


@scenario_command.command("from-xlsx")
@click.argument("file", type=FILE, metavar="FILE")
@click.argument("out", type=FILE, metavar="OUT.toml")
@formulas_option
def from_xlsx(file: str, out: str, formulas: str | None) -> None:
    """Write what was edited in FILE as a scenario file of changes; faults name their cells.

    \b
    ctsim scenario from-xlsx mine.xlsx mine.toml
    """
    from ctsim.export.edited import from_workbook

    number = from_workbook(file, out, formulas)
    click.echo(f"scenario {out}: {number} change{'s' if number > 1 else ''}")


@scenario_command.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of scenario files, for editors that check TOML.

    \b
    ctsim scenario schema > scenario.schema.json     first line of a file: #:schema ./scenario.schema.json
    """
    click.echo(json.dumps(editor_schema(), ensure_ascii=False, indent=1))


def editor_schema() -> dict[str, Any]:
    """The JSON Schema of scenario files as they are read: a spread, a number or a table by year is one of them only."""
    from pydantic.json_schema import GenerateJsonSchema

    from ctsim.schema import ScenarioFile

    made: dict[str, Any] = _closed(ScenarioFile.model_json_schema(by_alias=True))
    spread = made["$defs"]["Uncertainty"]  # takes any further name, for the arguments of distributions of scipy alone
    spread["if"] = {"properties": {"dist": {"const": "scipy"}}, "required": ["dist"]}
    spread["then"] = {
        "additionalProperties": {"type": "number"},
        "properties": dict.fromkeys(spread["properties"], True),
    }
    spread["else"] = {"propertyNames": {"enum": list(spread["properties"])}}
    spread["oneOf"] = [{"required": ["dist"]}, {"required": ["class"]}]
    return {"$schema": GenerateJsonSchema.schema_dialect, **made}


def _closed(part: Any) -> Any:
    """`part` where tables by year have years and nothing else; pydantic leaves every other key open."""
    if isinstance(part, list):
        return [_closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    closed = {"additionalProperties": False, "minProperties": 1} if "patternProperties" in part else {}
    return {**{key: _closed(value) for key, value in part.items()}, **closed}
