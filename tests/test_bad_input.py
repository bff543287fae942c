"""Faults of pages, scenarios and the files they are in: each gives its lines, status 2, and nothing is left behind.

Formulas: test_bad_formulas. Options, run directories, disks and draws that are not finite: test_bad_runs.
"""

import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctsim import catalog
from ctsim.audit import audit
from ctsim.engine import parameters_at
from ctsim.errors import CtsimError
from tests.studies import CHECK, PAGE, RUN, SCENARIO, Study, refused, small_library, study

__all__ = ["study"]

MINE = "programmes/mine.toml"
EXTRA = '[parameter.extra]\nvalue = 1\nunit = "1"\n'
SECOND = SCENARIO[SCENARIO.index("[[change]]") :]
SPREAD = (
    'uncertainty = { dist = "uniform", low = 10, high = 20, basis = "assumed", reason = "low and high are guesses" }\n'
)
PERT = '{ dist = "pert", low = 3, mode = 12, high = 25, basis = "assumed", reason = "low: few; high: many" }'
CITED = 'source = { key = "impact_report_2026_01", where = "Annex 1" }\n'


def test_the_study_works_before_it_is_broken(study: Study) -> None:
    assert (study.ctsim(*CHECK).status, len(study.ctsim(*CHECK).lines)) == (1, 2)  # its change moves a printed figure
    study.edit("s.toml", ("value = 15", "value = 12"))
    assert [line for line in study.ctsim(*CHECK).lines if "coordinates" not in line] == []
    assert study.ctsim(*RUN).status == 0


PAGES = {
    "unknown key": ('id = "mine"', 'id = "mine"\ncolour = 3', "4: programme.colour: unknown field. Take it out."),
    "misspelt key": ("value = 12", "valeu = 12", "5: parameter.share.valeu: unknown field. Did you mean 'value'?"),
    "misspelt optional key": (
        'unit = "%"',
        'unit = "%"\nsymbl = "①"',
        "7: parameter.share.symbl: unknown field. Did you mean 'symbol'?",
    ),
    "misspelt argument of a spread": (
        "mode = 12",
        "mdoe = 12",
        "8: parameter.share.uncertainty: unknown field 'mdoe'. Did you mean 'mode'?",
    ),
    "missing argument of a spread": ("mode = 12, ", "", "8: parameter.share.uncertainty: pert needs 'mode'"),
    "argument of another spread": (
        "mode = 12",
        "mode = 12, sd = 3",
        "8: parameter.share.uncertainty: 'sd' is not an argument of pert",
    ),
    "arguments out of order": (
        "high = 25",
        "high = 11",
        "8: parameter.share.uncertainty: 'mode' must lie between 'low' and 'high', got 12 outside 3 to 11",
    ),
    "unknown distribution": (
        '"pert"',
        '"prt"',
        "8: parameter.share.uncertainty.dist: 'prt' is not one of …. Did you mean 'pert'?",
    ),
    "unknown class": (
        '"plan"',
        '"plna"',
        "12: parameter.volume.uncertainty: no class 'plna' in spread_classes.toml; known: exact, …",
    ),
    "spread without basis": (
        'basis = "assumed", ',
        "",
        "8: parameter.share.uncertainty: say what the spread rests on: basis = published | …",
    ),
    "spread without reason": (
        ', reason = "low: few; high: many"',
        "",
        "8: parameter.share.uncertainty: give a 'reason' for low and for high",
    ),
    "unit that does not exist": (
        '"%"',
        '"kgg"',
        "6: parameter.share.unit: unit 'kgg' in 'kgg' is not known; known units are listed in docs/units.md",
    ),
    "missing unit": (
        'unit = "%"\n',
        "",
        '4: parameter.share: a unit is missing; write unit = "1" for a plain number',
    ),
    "unit against the annotation": (
        '"%"',
        '"t"',
        "6: parameter.share.unit: 't' cannot be converted to '1', which formula 'co2' declares; mend one of them",
    ),
    "unit of an impact against its formula": (
        '"万t-CO2/yr"',
        '"億円/yr"',
        "13: impact.mine.co2_reduction.2030.unit: 'Mt-CO2/yr' cannot be converted to '億円/yr'; "
        "formula 'co2' returns Mt-CO2/yr. Mend one of them.",
    ),
    "unit of an impact that does not exist": (
        '"万t-CO2/yr"',
        '"万tt/yr"',
        "17: impact.mine.co2_reduction.2030.unit: unit '万tt' in '万tt/yr' is not known; …",
    ),
    "value outside its distribution": (
        "value = 12",
        "value = 30",
        "8: parameter.share.uncertainty: 3–25 does not contain the published value 30. "
        "Widen the range, or set value_outside_range = true and say why in note.",
    ),
    "value below every choice": (
        PERT,
        '{ dist = "choice", values = [20, 30], weights = [1, 2], basis = "assumed", reason = "two plans" }',
        "8: parameter.share.uncertainty: 20–30 does not contain the published value 12. …",
    ),
    "value of one year outside its distribution": (
        '{ class = "plan", reason = "not sold yet" }',
        '{ 2030 = { dist = "uniform", low = 11, high = 12, basis = "assumed", reason = "r" }, '
        '2050 = { class = "exact" } }',
        "12: parameter.volume.uncertainty.2030: 11–12 does not contain the published value 10. …",
    ),
    "spread for a year without value": (
        '{ class = "plan", reason = "not sold yet" }',
        '{ 2030 = { class = "exact" }, 2040 = { class = "exact" }, 2050 = { class = "exact" } }',
        "12: parameter.volume.uncertainty.2040: a spread for 2040, but no value for 2040",
    ),
    "year without spread": (
        '{ class = "plan", reason = "not sold yet" }',
        '{ 2030 = { class = "exact" } }',
        "12: parameter.volume.uncertainty: no spread for 2050",
    ),
    "year without value": (
        ", 2050 = 40",
        "",
        "10: parameter.volume.value: has values for 2030 but figure 'mine.co2_reduction.2050' needs …; add it",
    ),
    "year that is none": ("2050 = 40", "205 = 40", "10: parameter.volume.value: must be a number, not a table …"),
    "NaN as value": ("value = 12", "value = nan", "5: parameter.share.value: must be a finite number, not nan"),
    "infinity as value of a year": (
        "2050 = 40",
        "2050 = inf",
        "10: parameter.volume.value.2050: must be a finite number, not inf",
    ),
    "infinity in a spread": (
        "high = 25",
        "high = inf",
        "8: parameter.share.uncertainty.high: must be a finite number, not inf",
    ),
    "minus infinity as printed figure": (
        "value = 120",
        "value = -inf",
        "20: impact.0.printed.0.value: must be a finite number, not -inf",
    ),
    "number beyond all others": (
        "value = 12",
        f"value = 1{'0' * 400}",
        "5: parameter.share.value: must be a number, not a whole number beyond the largest numbers",
    ),
    "number of thousands of digits": (
        "value = 12",
        f"value = 1{'0' * 5000}",
        "5: a number with thousands of digits; write it as 1e6",
    ),
    "text for a number": ("value = 12", 'value = "12"', "5: parameter.share.value: must be a number, not text '12'"),
    "truth for a number": (
        "value = 12",
        "value = true",
        "5: parameter.share.value: must be a number, not the truth value True",
    ),
    "date for a number": (
        "value = 12",
        "value = 2030-01-01",
        "5: parameter.share.value: must be a number, not 2030-01-01",
    ),
    "value and range": (
        "value = 12",
        "value = 12\nlow = 1\nhigh = 2",
        "4: parameter.share: give 'value', or 'low' and 'high' …",
    ),
    "range with one end": ("value = 12", "low = 1", "4: parameter.share: a range needs both 'low' and 'high'"),
    "range upside down": ("value = 12", "low = 2\nhigh = 1", "4: parameter.share: 'low' must be below 'high'"),
    "range of a year upside down": (
        "2030 = 10",
        "2030 = { low = 10, high = 9 }",
        "10: parameter.volume.value.2030: 'low' must be below 'high'",
    ),
    "printed range upside down": (
        "value = 120",
        "low = 9\nhigh = 1",
        "18: impact.0.printed.0: 'low' must be below 'high'",
    ),
    "missing key of a source": (
        'key = "impact_report_2026_01", ',
        "",
        "7: parameter.share.source.key: missing; add it",
    ),
    "source that nobody has": (
        "impact_report_2026_01",
        "impact_report_2026",
        "7: parameter.share.source: no source 'impact_report_2026' in sources.toml. Did you mean …_01'?",
    ),
    "literature without source": (
        'basis = "assumed"',
        'basis = "literature"',
        "8: parameter.share.uncertainty: basis = \"literature\" needs a 'source' that was read",
    ),
    "missing format": ("format = 1\n", "", "1: format: missing; add it"),
    "another format": ("format = 1", "format = 2", "1: format: 2 is not one of 1."),
    "parameter nobody uses": (
        "[[impact]]",
        f"{EXTRA}[[impact]]",
        "13: parameter.extra: no formula uses it; remove it or give a formula an argument of this name",
    ),
    "figure given twice": (
        'when = "2050"',
        'when = "2030"',
        "23: impact: figure 'mine.co2_reduction.2030' is given twice; give them different 'when' or 'item'",
    ),
    "figures that make one cell": (
        'when = "2050"\nformula = "co2"',
        'when = "2030 "\nformula = "reported"',
        "23: impact.mine.co2_reduction.2030 : a reported figure needs [[impact.printed]] with a value",
        "23: impact.mine.co2_reduction.2030 : its draws would be those of figure 'mine.co2_reduction.2030', both named "
        "'mine.co2_reduction_2030'; rename one",
    ),
    "parameter that takes another's draws": (
        'unit = "%"',
        'unit = "%"\nwas = "mine.volume"',
        "10: parameter.volume: its draws would be those of parameter 'mine.share', both named …; rename one",
    ),
    "reported figure without a number": (
        'when = "2050"\nformula = "co2"',
        'when = "2050"\nformula = "reported"',
        "23: impact.mine.co2_reduction.2050: a reported figure needs [[impact.printed]] with a value",
    ),
    "formula that is not there": (
        'formula = "co2"',
        'formula = "co"',
        "13: impact.mine.co2_reduction.2030.formula: no formula 'co' in formulas/mine.py. Did you mean 'co2'?",
    ),
    "reading of no figure": (
        "[[impact]]",
        '[[reading]]\nname = "low"\nimpact = "co2_reduction.2040"\nformula = "co2"\nreason = "r"\n'
        'description = { ja = "低", en = "low" }\n[[impact]]',
        "13: reading.low.impact: no figure 'co2_reduction.2040' on the page. Did you mean 'co2_reduction.2050'?",
    ),
    "shared parameter that is not there": (
        f'value = 12\nunit = "%"\n{CITED}uncertainty = {PERT}',
        'shared = "grid_facto"',
        "5: parameter.share.shared: no parameter 'grid_facto' in shared.toml. Did you mean 'grid_factor'?",
    ),
    "value beside shared": (
        'value = 12\nunit = "%"',
        'shared = "grid_factor"\nvalue = 12',
        "4: parameter.share: 'uncertainty' comes from shared.toml with 'shared'; take one of the two out",
    ),
    "constant that is not there": (
        'unit = "%"',
        'unit = "%"\nconstant = "CO2_PER_D"',
        "7: parameter.share.constant: no constant 'CO2_PER_D' in ctsim.constants; known: HOURS_PER_YEAR, …",
    ),
    "independent years": (
        'unit = "%"',
        'unit = "%"\nyears = "independent"',
        "7: parameter.share.years: years can be independent only where 'value' is a table by year",
    ),
    "annex that no report has": (
        'id = "mine"',
        f'id = "mine"\nannex = 1{"0" * 30}',
        "4: programme.annex: input should be less than or equal to 998 …",
    ),
    "id that is no name": (
        'id = "mine"',
        'id = "My programme"',
        "3: programme.id: 'My programme' is not a name of lower-case letters, digits and '_'",
    ),
    "escape in a figure": (
        'when = "2030"',
        r'when = "20\u001b[31m30"',
        "10: parameter.volume.value: has values for 2030, 2050 but figure 'mine.co2_reduction.20\\x1b[31m30' needs …",
        "15: impact.0.when: holds the hidden character U+001B; take it out",
    ),
    "escape in a key": (
        'id = "mine"',
        'id = "mine"\n"a\\u001b[2Jb\\nc" = 1',
        "4: programme.a\\x1b[2Jb\\nc: a key with the hidden character U+001B; take it out",
        "4: programme.a\\x1b[2Jb\\nc: unknown field. Take it out.",
    ),
    "reversed writing in a name": (
        'id = "mine"',
        'id = "mine"\nname_en = "\\u202Exslx.exe"',
        "4: programme.name_en: holds the hidden character U+202E; take it out",
    ),
    "line break in a name": (
        'id = "mine"',
        'id = "mine"\nname_en = "a\\nb"',
        "4: programme.name_en: 'a b' is not one line of text",
    ),
    "key given twice": ("value = 12", "value = 12\nvalue = 13", "6: parameter.share.value: is given twice; keep one"),
    "table given twice": ("[parameter.volume]", "[parameter.share]", "9: parameter.share: is given twice; keep one"),
    "no TOML": ("value = 12", "value 12", "5: not valid TOML: Expected '=' after a key in a key/value pair"),
    "text without end": ('unit = "%"', 'unit = "%', "6: not valid TOML: Illegal character '\\n'"),
    "brackets without end": (
        "value = 12",
        f"value = {'[' * 20000}",
        "5: nested more than 64 deep; no page or scenario is",
    ),
    "deep brackets": (
        "value = 12",
        f"value = {'[' * 90}{']' * 90}",
        "5: nested more than 64 deep; no page or scenario is",
    ),
    "deep dots": ("value = 12", ".".join("a" * 3000) + " = 1", "5: nested more than 64 deep; no page or scenario is"),
}


@pytest.mark.parametrize("fault", PAGES)
def test_fault_of_a_page(study: Study, fault: str) -> None:
    old, new, *lines = PAGES[fault]
    study.edit("s.toml", (SECOND, ""))
    study.edit(MINE, (old, new))
    refused(study, CHECK, [f"{MINE}:{line}" for line in lines])


SCENARIOS = {
    "unknown key": ('id = "s"', 'id = "s"\ncolour = 3', "3: scenario.colour: unknown field. Take it out."),
    "misspelt key": ("programmes", "programms", "4: scenario.programms: unknown field. Did you mean 'programmes'?"),
    "misspelt key of a change": (
        'reason = "a',
        'raeson = "a',
        "5: change.0.reason: missing; add it",
        "9: change.0.raeson: unknown field. Did you mean 'reason'?",
    ),
    "missing head": ("[scenario]\n", "[scene]\n", "1: scenario: missing; add it", "1: scene: unknown field. …"),
    "misspelt parameter": (
        "mine.share",
        "mine.shaer",
        "5: change.parameter: no parameter 'mine.shaer'. Did you mean 'mine.share'?",
    ),
    "parameter of nothing": (
        "mine.share",
        "zzz",
        "5: change.parameter: no parameter 'zzz'. `ctsim show` with the scenario lists them.",
    ),
    "value without its spread": (
        SPREAD,
        "",
        "5: change.mine.share.value: value is now 15, the spread is still PERT(3, 12, 25); restate 'uncertainty'",
    ),
    "value outside its new spread": (
        "value = 15",
        "value = 25",
        "5: parameter.share.uncertainty: 10–20 does not contain the published value 25. …",
    ),
    "NaN as value": ("value = 15", "value = nan", "7: change.0.value: must be a finite number, not nan"),
    "infinity in a spread": (
        "high = 20",
        "high = inf",
        "8: change.0.uncertainty.high: must be a finite number, not inf",
    ),
    "change without reason": ('reason = "a better survey"\n', "", "5: change.0.reason: missing; add it"),
    "change without source": ("source =", "# source =", "5: change.0.source: missing; add it"),
    "source that nobody has": (
        "report_2026_01",
        "report_2026_02",
        "5: change.source: no source 'impact_report_2026_02' in sources.toml. Did you mean 'impact_report_2026_01'?",
    ),
    "unit that cannot be converted": (
        "value = 15",
        'value = 15\nunit = "GW"',
        "5: parameter.share.unit: 'GW' cannot be converted to '1', …",
    ),
    "change of nothing": (
        'parameter = "mine.share"\n',
        "",
        "5: change.0: a change names exactly one of 'parameter', 'programme' or 'impact'",
    ),
    "change of two things": (
        'parameter = "mine.share"',
        'parameter = "mine.share"\nprogramme = "mine"',
        "5: change.0: a change names exactly one of 'parameter', 'programme' or 'impact'",
    ),
    "change that sets nothing": (
        f"value = 15\n{SPREAD}",
        "",
        "5: change.0: a change of a parameter needs 'value', 'low' and 'high', or 'uncertainty'",
    ),
    "key that does nothing in a change": (
        "value = 15",
        "value = 15\ninclude = false",
        "5: change.0: 'include' does nothing in a change of a parameter; take it out",
    ),
    "the same change twice": (
        "[[change]]",
        f"{SECOND}[[change]]",
        "11: change: 'mine.share' is changed twice, also in line 5; keep one",
    ),
    "unknown programme": (
        '["mine"]',
        '["mime"]',
        "4: scenario.programmes: no programme 'mime'. Did you mean 'mine'?",
    ),
    "change of an unknown programme": (
        f'parameter = "mine.share"\nvalue = 15\n{SPREAD}',
        'programme = "mime"\ninclude = false\n',
        "5: change.programme: no programme 'mime'. Did you mean 'mine'?",
    ),
    "change of an unknown figure": (
        f'parameter = "mine.share"\nvalue = 15\n{SPREAD}',
        'impact = "mine.co2_reduction.2031"\nformula = "co2"\n',
        "5: change.impact: no figure 'mine.co2_reduction.2031'. Did you mean 'mine.co2_reduction.2030'?",
    ),
    "no programme left": ('["mine"]', "[]", "4: scenario.programmes: no programme is left; include one"),
    "extends an unknown scenario": (
        'id = "s"',
        'id = "s"\nextends = "as_publishd"',
        "3: scenario.extends: no scenario 'as_publishd'. Did you mean 'as_published'? Give a name …",
    ),
    "extends a file that is not there": (
        'id = "s"',
        'id = "s"\nextends = "nope.toml"',
        "3: scenario.extends: nope.toml: no such scenario file; give …",
    ),
    "extends itself": (
        'id = "s"',
        'id = "s"\nextends = "s.toml"',
        "3: scenario.extends: extends itself in a circle: s -> s; take one 'extends' out",
    ),
    "escape in a name": (
        "mine.share",
        r"mine\u001b[31m.share",
        "5: change.parameter: no parameter 'mine\\x1b[31m.share'. …",
        "6: change.0.parameter: holds the hidden character U+001B; take it out",
    ),
}


@pytest.mark.parametrize("fault", SCENARIOS)
def test_fault_of_a_scenario(study: Study, fault: str) -> None:
    old, new, *lines = SCENARIOS[fault]
    study.edit("s.toml", (old, new))
    refused(study, CHECK, [f"s.toml:{line}" for line in lines])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("value = { 2030 = 10, 2050 = 11 }", "value is now 2030: 10, 2050: 11, the spread is still PERT(3, 12, 25)"),
        ("low = 10\nhigh = 11", "value is now 10–11, the spread is still PERT(3, 12, 25)"),
    ],
)
def test_every_form_of_a_value_restates_its_spread(study: Study, change: str, words: str) -> None:
    study.edit("s.toml", ("value = 15", change), (SPREAD, ""))
    outcome = study.ctsim(*CHECK)
    assert f"s.toml:5: change.mine.share.value: {words}; restate 'uncertainty'" in outcome.lines


def test_a_printed_range_that_becomes_a_number_restates_its_spread(study: Study) -> None:
    study.edit(MINE, ("value = 12", "low = 10\nhigh = 14"), (f"uncertainty = {PERT}\n", ""))
    study.edit("s.toml", (SPREAD, ""))
    still = "the spread is still uniform(10, 14), the printed range; restate 'uncertainty'"
    refused(study, CHECK, [f"s.toml:5: change.mine.share.value: value is now 15, {still}"])


def test_a_relative_spread_follows_a_new_value(study: Study) -> None:
    study.edit("s.toml", ("mine.share", "mine.volume"), (SPREAD, ""))
    assert study.ctsim(*CHECK).status == 1  # only the printed figure is missed


def test_every_range_of_a_year_is_its_own_spread(study: Study) -> None:
    study.edit(
        MINE,
        ("2030 = 10", "2030 = { low = 9, high = 11 }"),
        ('uncertainty = { class = "plan", reason = "not sold yet" }\n', ""),
    )
    scenario = catalog.load(study.folder / "s.toml", study.folder / "formulas")
    spreads = {row.label: (row.spread.dist, row.low, row.high) for row in scenario.binding.rows}
    assert spreads["mine.volume@2030"] == ("uniform", 9, 11)
    assert spreads["mine.volume@2050"] == ("fixed", 40, 40)


def test_all_findings_of_all_files_at_once(study: Study) -> None:
    study.edit("s.toml", ('id = "s"', 'id = "s"\ncolour = 3'), ("mine.share", "mine.shaer"), ("_01", "_02"))
    study.edit(
        MINE,
        ("value = 12", 'value = 12\nsymbl = "①"'),
        ('"impact_report_2026_01"', '"nobody"'),
        ("high = 25", "high = 11"),
    )
    study.edit(MINE, ('"万t-CO2/yr"', '"億円/yr"'), ("[[impact]]", f"{EXTRA}[[impact]]"))
    study.edit("formulas/mine.py", ("return share * volume", "return share * volume * 10**5"))
    lines = study.ctsim(*CHECK).lines
    assert [line.rpartition("/")[2].split(": ")[:2] for line in lines] == [
        ["mine.py:8", "formula co2"],
        ["mine.toml:6", "parameter.share.symbl"],
        ["mine.toml:8", "parameter.share.source"],
        ["mine.toml:9", "parameter.share.uncertainty"],
        ["s.toml:3", "scenario.colour"],
        ["s.toml:6", "change.parameter"],
        ["s.toml:6", "change.source"],
    ]


def test_a_file_of_nothing_but_faults_is_told_in_a_hundred_lines(study: Study) -> None:
    study.write(MINE, PAGE.replace('id = "mine"', 'id = "mine"\n' + "\n".join(f"a{n} = 1" for n in range(20_000))))
    lines = study.ctsim(*CHECK).lines
    assert len(lines) == 101
    assert lines[-1] == f"{MINE}:104: and more findings from here on; mend the first ones"


def test_an_endless_key_is_cut(study: Study) -> None:
    study.edit(MINE, ("value = 12", f"{'x' * 100_000} = 12"))
    assert all(len(line) < 400 for line in study.ctsim(*CHECK).lines)


# ---- files

FILES = {
    "empty page": (MINE, b"", f"{MINE}:1: format: missing; add it", f"{MINE}:1: programme: missing; add it"),
    "empty scenario": ("s.toml", b"", "s.toml:1: scenario: missing; add it"),
    "binary": (MINE, b"a = 1\n\x7fELF\x00\xff\xfe", f"{MINE}:2: is binary, not text; give a TOML file"),
    "UTF-16": (MINE, PAGE.encode("utf-16"), f"{MINE}:1: not UTF-8 text (byte 0); save the file as UTF-8"),
    "Shift_JIS": (MINE, PAGE.encode("shift_jis"), f"{MINE}:17: not UTF-8 text (byte …); save the file as UTF-8"),
    "enormous": (MINE, b"#" * 4_000_001, f"{MINE}: larger than 4 MB, which no page or scenario is; divide it …"),
    "enormous scenario": ("s.toml", b"#" * 4_000_001, "s.toml: larger than 4 MB, which no page or scenario is; …"),
}


@pytest.mark.parametrize("fault", FILES)
def test_fault_of_a_file(study: Study, fault: str) -> None:
    name, content, *lines = FILES[fault]
    study.write(name, content)
    refused(study, CHECK, lines)


@pytest.mark.parametrize("mended", [b"\xef\xbb\xbf" + SCENARIO.encode(), SCENARIO.replace("\n", "\r\n").encode()])
def test_files_of_other_editors_are_read(study: Study, mended: bytes) -> None:
    study.write("s.toml", mended)
    assert study.ctsim(*CHECK).status == 1  # only the printed figure is missed


def test_programme_id_of_two_pages(study: Study) -> None:
    study.write("programmes/other.toml", PAGE)
    message = "'mine' is also the id of programmes/mine.toml; give one of them another"
    refused(study, CHECK, [f"programmes/other.toml:3: programme.id: {message}"])


def test_scenarios_that_extend_each_other(study: Study) -> None:
    study.edit("s.toml", ('id = "s"', 'id = "s"\nextends = "t.toml"'))
    study.write("t.toml", '[scenario]\nid = "t"\nextends = "s.toml"\n')
    circle = "extends itself in a circle: s -> t -> s; take one 'extends' out"
    refused(study, CHECK, [f"t.toml:3: scenario.extends: {circle}"])


def test_too_many_scenarios_that_extend_each_other(study: Study) -> None:
    for n in range(20):
        study.write(f"t{n}.toml", f'[scenario]\nid = "t"\nextends = "t{n + 1}.toml"\n')
    line = "t15.toml:3: scenario.extends: more than 16 scenarios deep; extend an earlier one"
    refused(study, ("check", "t0.toml"), [line])


def test_directory_in_place_of_a_page(study: Study) -> None:
    study.write("programmes/folder.toml/x", "")
    line = "programmes/folder.toml: is a directory, not a file; give the path of a .toml file"
    refused(study, CHECK, [line])


def test_directory_in_place_of_a_scenario(study: Study) -> None:
    study.write("folder.toml/x", "")
    refused(study, ("check", "folder.toml"), ["folder.toml: is a directory, not a scenario file; give a name …"])


def test_pipe_in_place_of_a_page(study: Study) -> None:
    os.mkfifo(study.folder / "programmes/pipe.toml")
    line = "programmes/pipe.toml: is a device or pipe, not a file; give the path of a .toml file"
    refused(study, CHECK, [line])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads files without permission")
def test_page_without_permission(study: Study) -> None:
    (study.folder / MINE).chmod(0)
    refused(study, CHECK, [f"{MINE}: cannot be read: Permission denied; check the path and its permissions"])


def test_page_that_the_system_does_not_give(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_bytes(path: Path) -> bytes:
        if path.name == "mine.toml":
            raise PermissionError(13, "Permission denied")
        with path.open("rb") as file:
            return file.read()

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    refused(study, CHECK, [f"{MINE}: cannot be read: Permission denied; check the path and its permissions"])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("as_publishd", "no scenario 'as_publishd'. Did you mean 'as_published'? Give a name from `ctsim list` or …"),
        ("zzz", "no scenario 'zzz'. Known: as_published. Give a name from `ctsim list` or the path of a .toml file."),
        ("nope.toml", "nope.toml: no such scenario file; give a name from `ctsim list` or the path of a .toml file"),
        ("x" * 5000, f"no scenario '{'x' * 200}'. …"),
        (f"{'x' * 5000}.toml", "…xxx.toml: no such scenario file; …"),
        ("sources", "no scenario 'sources'. …"),
        ("\x1b[31mred\n", "no scenario '\\x1b[31mred '. …"),
        ("\udcff", "no scenario '\\udcff'. …"),
    ],
)
def test_scenario_that_is_not_there(study: Study, name: str, line: str) -> None:
    refused(study, ("check", name), [line])


def test_parameter_to_show_that_is_not_there(study: Study) -> None:
    line = "no parameter and no cell 'mine.shaer' in scenario 's'. Did you mean 'mine.share'?"
    refused(study, ("show", "s.toml", "mine.shaer", "--formulas", "formulas"), [line])


def test_texts_of_a_page_are_not_markup(study: Study) -> None:
    study.edit(MINE, ('id = "mine"', 'id = "mine"\nname_en = "[/] [bold]"'))
    study.edit("s.toml", ('id = "s"', 'id = "s"\ntitle_en = "[/x] [red]"'))
    outcome = study.ctsim(*RUN)
    assert outcome.status == 0
    assert "[/] [bold]" in outcome.out
    assert "[/x] [red]" in outcome.out


# ---- anything at all

TOKEN = re.compile(r'"[^"\n]*"|[\w.+-]+|\s+|.')
STRANGE = [
    "nan",
    "-inf",
    "1e400",
    "[",
    "]",
    "{",
    "}",
    '"',
    "=",
    "0",
    "-1",
    "1e308",
    "true",
    "\n",
    "\x00",
    '"\\u001b"',
    "0x" + "f" * 999,
]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("fuzzed")
    with pytest.MonkeyPatch.context() as patch:
        small_library(folder / "library", patch)
        yield Study(folder)


def mutated(text: str, seed: int, edits: int, noise: str) -> str:
    """`text` with tokens deleted, doubled, moved, or replaced by others, by strange ones or by `noise`."""
    chance, tokens = random.Random(seed), TOKEN.findall(text)
    for _ in range(edits):
        at, other = chance.randrange(len(tokens)), chance.choice(tokens)
        choice = chance.choice([[], [tokens[at]] * 2, [other], [chance.choice(STRANGE)], [noise], [tokens[at], other]])
        tokens[at : at + 1] = choice
    return "".join(tokens)


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(which=st.booleans(), seed=st.integers(0, 2**32), edits=st.integers(1, 4), noise=st.text(max_size=8))
def test_a_changed_text_loads_or_says_where_it_is_wrong(
    fuzzed: Study, which: bool, seed: int, edits: int, noise: str
) -> None:
    page = PAGE if which else mutated(PAGE, seed, edits, noise)
    fuzzed.write(MINE, page.encode("utf-8", "replace"))
    fuzzed.write("s.toml", (mutated(SCENARIO, seed, edits, noise) if which else SCENARIO).encode("utf-8", "replace"))
    try:
        scenario = catalog.load(fuzzed.folder / "s.toml", fuzzed.folder / "formulas")
        audit(scenario)
        scenario.to_toml()
        parameters_at(scenario, 0, 0)
    except CtsimError as error:
        assert error.exit_status == 2
        assert all(finding.place.file and str(finding).isprintable() for finding in error.findings)
