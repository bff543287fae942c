"""The next edition: what is begun is the old one in numbers, every value is there to look up, what is done is known."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ctsim.catalog import Scenario, load, load_resolved
from ctsim.cli import main
from ctsim.edition import begin, edition
from ctsim.errors import InputError
from tests.runs import BASE, scenario, study

CHANGE = """
[[change]]
parameter = "offshore_wind.capacity_factor"
uncertainty = { dist = "pert", low = 28, mode = 33.2, high = 40, basis = "assumed", reason = "low and high: as before" }
reason = "looked up"
source = { key = "KEY", where = "Annex 2" }
"""


def new_edition(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["scenario", "new-edition", *map(str, arguments)])


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An edition of the whole report, as it is begun."""
    path = tmp_path_factory.mktemp("edition") / "report_2027" / "report_2027.toml"
    begin(BASE, path)
    return path


@pytest.fixture(scope="module")
def looked_up(begun: Path) -> Scenario:
    """The same with every value looked up again and found as it was: every '# ' is taken away."""
    text = begun.read_text(encoding="utf-8")
    head, group, rest = text.partition("# ---- ")
    lines = [
        line.removeprefix("# ") if not line.startswith("# ---- ") else line for line in (group + rest).splitlines()
    ]
    path = begun.with_name("looked_up.toml")
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    return load(path)


# ---- what is begun


def test_an_edition_begins_with_the_numbers_of_the_last(begun: Path) -> None:
    new = load(begun)
    assert (new.id, new.digest) == ("report_2027", scenario().digest)
    assert edition(new).old and len(edition(new).old) == len(edition(new).values)


def test_every_value_stands_there_as_it_is(looked_up: Scenario) -> None:
    assert looked_up.digest == scenario().digest
    found = edition(looked_up)
    assert all(one.change.value is not None or one.change.low is not None for one in looked_up.changes)
    assert found.old == [] and len(found.values) == len(looked_up.changes) > 150
    assert {key: number for key, (_, number) in found.documents().items()} == {"report_2027_report": len(found.values)}


def test_the_words_of_the_old_report_stand_beside_each_value(begun: Path) -> None:
    text = begun.read_text(encoding="utf-8")
    block = text.split('# parameter   = "offshore_wind.capacity_factor"')
    assert block[0].endswith("## Annex 2: ② 設備利用率:33.2%\n# [[change]]\n")
    assert block[1].startswith("\n# value       = 33.2  # %\n# uncertainty = {")
    assert "# ---- 2 洋上風力発電の低コスト化 Lower cost of offshore wind power\n" in text


def test_every_parameter_is_a_value_or_a_judgement() -> None:
    found = edition(scenario())
    names = {one.name for one in found.values}
    assert len(names) == len(found.values)
    used = {name for name, one in scenario().parameters().items() if one.record.source}
    assert used == {one.parameter.stream for one in found.values}
    assert len(used) + found.judgements == len(scenario().parameters())
    assert {"grid_factor", "offshore_wind.capacity_factor"} <= names and "offshore_wind.progress_2040" not in names


def test_the_document_of_the_new_edition_may_be_cited_and_is_kept_with_the_scenario(
    begun: Path, looked_up: Scenario, tmp_path: Path
) -> None:
    said = tomllib.loads((begun.parent / "sources.toml").read_text(encoding="utf-8"))
    assert list(said["source"]) == ["report_2027_report"]
    (tmp_path / "scenario.toml").write_text(looked_up.to_toml(), encoding="utf-8")
    kept = load_resolved(tmp_path / "scenario.toml")
    assert "report_2027_report" in kept.library.sources.record.source and kept.digest == looked_up.digest


def test_an_entry_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    old = study(tmp_path, ["offshore_wind"])
    (tmp_path / "sources.toml").write_text(
        'format = 1\n[source.second_report]\ntitle = "t"\npublisher = "p"\ndate = "2027"\n', encoding="utf-8"
    )
    begin(str(old), tmp_path / "second.toml")
    begin(str(old), tmp_path / "third.toml")
    said = tomllib.loads((tmp_path / "sources.toml").read_text(encoding="utf-8"))["source"]
    assert {key: one["title"] for key, one in said.items()} == {
        "second_report": "t", "third_report": "write the title of the new report here"
    }  # fmt: skip


# ---- what is left


def test_what_is_looked_up_leaves_the_list(tmp_path: Path) -> None:
    old, new = study(tmp_path, ["offshore_wind"]), tmp_path / "wind_2027.toml"
    first = new_edition(old, new)
    assert first.exit_code == 0 and "0 of 3 values looked up again; 4 printed figures" in first.stdout
    assert "offshore_wind.capacity_factor" in first.stdout and first.stdout.count("begun in") == 1
    new.write_text(new.read_text(encoding="utf-8") + CHANGE.replace("KEY", "wind_2027_report"), encoding="utf-8")
    second = new_edition(old, new)
    assert "1 of 3 values looked up again" in second.stdout and "begun in" not in second.stdout
    assert "offshore_wind.capacity_factor" not in second.stdout
    assert "wind_2027_report, not reviewed yet: values from it 1\n" in second.stdout
    assert re.search(r"impact_report_2026_01, reviewed 2026-\d\d-\d\d: values from it 2\n", second.stdout)


def test_an_assumption_is_no_document(tmp_path: Path) -> None:
    path = study(tmp_path, ["offshore_wind"], more=CHANGE.replace("KEY", "study"))
    assert [one.name for one in edition(load(path)).old][-1] == "offshore_wind.capacity_factor"


def test_a_folder_holds_the_scenario_of_its_name(tmp_path: Path) -> None:
    done = new_edition("as_published", tmp_path / "in_2027")
    assert done.exit_code == 0 and (tmp_path / "in_2027" / "in_2027.toml").is_file()
    assert load(tmp_path / "in_2027" / "in_2027.toml").uncertainty == "none"


# ---- what cannot be


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("nothing", "new.toml", "no scenario 'nothing'"),
        ("as_published", "2027.toml", "small letters, digits and _"),
        ("as_published", "file/new.toml", "cannot be written: "),
        ("old/study.toml", "elsewhere/new.toml", "put the new scenario beside it"),
    ],
)
def test_what_cannot_be_begun_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    study(tmp_path / "old", ["offshore_wind"])
    Path("file").write_text("", encoding="utf-8")
    done = new_edition(old, new)
    assert done.exit_code == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert not Path(new).exists()


def test_a_source_of_one_key_is_said_once(tmp_path: Path) -> None:
    path = study(tmp_path, ["offshore_wind"])
    (tmp_path / "sources.toml").write_text(
        'format = 1\n[source.study]\ntitle = "t"\npublisher = "p"\ndate = "2027"\n', encoding="utf-8"
    )
    with pytest.raises(
        InputError, match=r"sources\.toml:2: source\.study: 'study' is also a source of scenarios/sources"
    ):
        load(path)
    (tmp_path / "sources.toml").write_text("format = 1\n[source.mine]\ntitle = 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"sources\.toml") as raised:
        load(path)
    assert len(raised.value.findings) == 3  # all of the file at once
