"""The documentation as a site: it builds without a warning, its menu has every page, nothing is from outside."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ctsim import schema
from ctsim.locale import LANGUAGES
from ctsim.stocks import linear_path
from ctsim.units import Ratio
from tests.docs import DOCS
from tests.executed import text_of
from tests.html_pages import Element, parsed
from tests.markdown import escaped, programmes
from tests.mathml import equation, sign
from tests.page_texts import place, said
from tests.programme_pages import programme_pages
from tests.reference_pages import files_page, python_page
from tests.site_pages import made_pages, relinked
from tests.source import PACKAGE, ROOT

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def pages(nav: Any) -> Iterator[str]:
    """Every page of a menu, in order."""
    if isinstance(nav, str):
        yield nav
    for one in nav if isinstance(nav, list) else nav.values() if isinstance(nav, dict) else ():
        yield from pages(one)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make site` builds it, without a way out."""
    pytest.importorskip("material", reason="mkdocs-material is not installed: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]  # --quiet drops warnings
    env = {**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("INFO ")]
    assert (done.returncode, said) == (0, [])
    return folder


@pytest.fixture(scope="module")
def built(site: Path) -> dict[str, Element]:
    """Every page of the site by its place."""
    return {
        path.relative_to(site).as_posix(): parsed(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")
    }


# ---- the site


def test_the_menu_has_every_page_once() -> None:
    listed = list(pages(CONFIG["nav"]))
    files = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(files | set(made_pages()))


def test_every_page_is_built(built: dict[str, Element]) -> None:
    wanted = {page.removesuffix(".md") + ".html" for page in pages(CONFIG["nav"])} - {"README.html"}
    assert wanted | {"index.html", "404.html"} == set(built)


def test_nothing_is_loaded_from_outside(built: dict[str, Element], site: Path) -> None:
    loaded = {
        (name, one.attributes.get(key))
        for name, page in built.items() for one in page.all("script", "link", "img", "iframe", "source")
        for key in ("src", "href") if "//" in one.attributes.get(key, "")
    }  # fmt: skip
    assert loaded == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", styles) == []


def test_no_link_inside_the_site_is_broken(built: dict[str, Element], site: Path) -> None:
    known = {
        name: {one.attributes["id"] for one in page.all() if "id" in one.attributes} for name, page in built.items()
    }
    broken = []
    for name, page in built.items():
        for link in (one.attributes.get("href", "") for one in page.all("a")):
            if "//" in link or name == "404.html" or not link or link == "#":
                continue
            path, _, anchor = link.partition("#")
            target = (site / name).parent.joinpath(path).resolve() if path else site / name
            place = target.relative_to(site.resolve()).as_posix() if target.is_relative_to(site.resolve()) else "?"
            if not target.exists() or (anchor and anchor not in known.get(place, {anchor} if "." in place else set())):
                broken.append((name, link))
    assert broken == []


def test_a_page_and_the_words_around_it_are_in_one_language(built: dict[str, Element], site: Path) -> None:
    around = {"ja": {"目次", "検索", "ナビゲーション"}, "en": {"Table of contents", "Search", "Navigation"}}
    for name in built:
        page = (site / name).read_text(encoding="utf-8")
        lang, other = ("ja", "en") if name.endswith(".ja.html") else ("en", "ja")
        assert f'<html lang="{lang}"' in page[:300], name
        labels = set(re.findall(r'(?:aria-label|placeholder)="([^"]*)"', page))
        assert around[lang] <= labels and not around[other] & labels, name


def test_links_out_of_the_documents_lead_to_their_pages_or_nowhere() -> None:
    text = "[a](../../scenarios/shared.toml) [b](../../CONTRIBUTING.md#style) [c](../x.md) [d](../../LICENSE)\n"
    text += "```text\n[e](../../LICENSE)\n```\n[f](https://example.org/) ![g](../images/g.png) [h](#i)\n"
    assert relinked(text, "docs/decisions/0001.md", "decisions/0001.md") == (
        "a [b](../contributing.md#style) [c](../x.md) d\n```text\n[e](../../LICENSE)\n```\n"
        "[f](https://example.org/) ![g](../images/g.png) [h](#i)\n"
    )
    to_a_page = "[a](../scenarios/programmes/gtex.toml)"
    assert relinked(to_a_page, "docs/b.md", "b.md") == "[a](programmes/gtex.md)"
    assert relinked(to_a_page, "docs/b.ja.md", "b.ja.md") == "[a](programmes/gtex.ja.md)"
    assert relinked("![a](docs/images/a.png)", "README.md", "about.md") == "![a](images/a.png)"


def test_lines_of_japanese_are_joined_without_a_blank() -> None:
    text = "計算の\n- 項目、\n  続き\n値は\nMt\n\n```text\n計算\n値\n```\n"
    joined = "計算の\n- 項目、続き値は\nMt\n\n```text\n計算\n値\n```\n"
    assert relinked(text, "docs/b.md", "b.md") == joined


# ---- pages of programmes


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_of_a_programme_has_every_part(lang: str) -> None:
    page = programme_pages()[place("offshore_wind", lang)]
    parts = ("published", "against", "equations", "parameters", "cells", "readings", "limits", "supported", "ledger")
    assert re.findall("^## (.*)$", page, re.MULTILINE) == [said(f"programme.{part}", lang) for part in parts]
    middle = {"en": "322.47 to 706.37, middle 514.42", "ja": "322.47～706.37、中央 514.42"}
    assert middle[lang] in page and "「約0.9億 t-CO₂/年(2050年)」" in page
    assert "28, mode 33.2, high 40" in page and "② 設備利用率:33.2%" in page


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", programmes())
def test_a_page_holds_everything_that_its_programme_has(name: str, lang: str) -> None:
    programme, page = programmes()[name], programme_pages()[place(name, lang)]
    rows = {line.split(" | ")[0] for line in page.splitlines() if line.startswith("| ")}
    assert all(any(row.endswith(f"`{key}`") for row in rows) for key in programme.parameters)
    assert all(escaped(one.what_ja) in page for one in programme.page.unquantified)
    assert all(f"| `{one.name}` |" in page for one in programme.page.reading)
    formulas = {one.record.formula for one in programme.figures if not one.reported}
    assert page.count("<div><math") >= len(formulas)


def test_a_japanese_page_is_in_japanese() -> None:
    page = programme_pages()["offshore_wind.ja.md"]
    assert "Lower cost of offshore wind power" not in page and "報告書の引用は原文のままです" in page
    assert "PERT(low 28, mode 33.2, high 40), 仮定" in page and ", assumed" not in page
    made = made_pages()["programmes/offshore_wind.ja.md"]
    assert made == page and "](../cells.ja.md)" in page and "](offshore_wind.md)" in page


def test_digits_of_a_value_are_all_there() -> None:
    assert "124,885,175" in programme_pages()["clean_energy_vehicles.md"]


# ---- equations


def ratio(a: Ratio, b_c: Ratio, d: Ratio) -> Ratio:
    """A formula with every sign."""
    part = a - (b_c - d) * 2
    return -(part**2) / (a if a > d else min(b_c, linear_path(a, b_c, d)))


def test_an_equation_is_that_of_the_code() -> None:
    first, second = (parsed(line).text for line in equation(ratio, {"a": sign("①"), "d": sign("②", "d")}).splitlines())
    assert first == "part=①−(b c−②d)×2"
    assert second == "ratio=−part2① if ①>②d, else min(b c,linear path(①,b c,②d))"


def test_a_fraction_and_a_power_are_set() -> None:
    said = equation(ratio, {})
    assert said.count("<mfrac>") == 1 and said.count("<msup>") == 1 and said.count("<math") == 2
    with pytest.raises(AssertionError, match="no sign for"):
        equation(a_list, {})


def a_list(a: Ratio) -> Ratio:
    return [a][0]


# ---- references


def test_the_python_reference_has_every_public_name_with_its_words() -> None:
    import ctsim

    page = python_page()
    assert {f"## {name}\n" for name in ctsim.__all__} <= {f"{line}\n" for line in page.splitlines()}
    assert "audit(scenario: str | Path | Scenario = 'as_published'" in page
    assert "### Run.total\n" in page and "\n    draws: int" in page


def test_the_reference_of_files_has_every_key() -> None:
    page = files_page()
    for record in (schema.Parameter, schema.Impact, schema.Change, schema.Source, schema.TotalGroup):
        [section] = re.findall(rf"^### {record.__name__}\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
        keys = {field.alias or name for name, field in record.model_fields.items()}
        assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == keys


# ---- the literature


def cited() -> list[tuple[str, str]]:
    """(work, module) of the table of docs/method.md."""
    return re.findall(r"^\| \d+ \| (.*?) \| `([\w/]+)` \|$", text_of("method.md"), re.MULTILINE)


@pytest.mark.parametrize(("work", "module"), cited())
def test_a_work_is_cited_where_it_is_used(work: str, module: str) -> None:
    path = PACKAGE / f"{module}{'.txt' if module == 'joe_kuo' else '.py'}"
    code = " ".join(path.read_text(encoding="utf-8").replace("#", " ").split())
    author = re.split(r"[,: ]", work)[0]
    title = re.findall('"(.*?)"', work)
    years = re.findall(r"\b(?:19|20)\d\d\b", work)
    assert author in code and all(one in code for one in [*title, *years])


@pytest.mark.parametrize(("page", "table"), [("method.md", "## Literature"), ("method.ja.md", "## 文献")])
def test_every_work_is_named_in_the_text(page: str, table: str) -> None:
    text, _, listed = text_of(page).partition(table)
    assert {int(one) for one in re.findall(r"\[(\d+)\](?!\()", text)} == set(range(1, len(cited()) + 1))
    assert all(f"| {work} | `{module}` |" in listed for work, module in cited())
