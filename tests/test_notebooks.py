"""The notebooks of docs/notebooks run as they stand, and are kept without outputs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import DOCS

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: pip install -e '.[dev]'")
NotebookClient = pytest.importorskip(
    "nbclient", reason="nbclient is not installed: pip install -e '.[dev]'"
).NotebookClient

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
SAID = {
    "1-first-study": ["② 設備利用率:33.2%", "-0.258 Mt-CO2/yr", "<Figure"],
    "2-two-revisions": ["0.0", "hydrogen_supply_chain.progress_2040", "<Figure"],
    "3-one-figure": ["reproduced", "average petrol car on Japan's roads", "new_car_baseline"],
    "4-a-large-run-by-shards": ["131072 draws", "262,144 draws"],
}
"""What the outputs of each notebook must hold."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """One kernel for all: what takes the time is importing and compiling."""
    first = NotebookClient(nbformat.v4.new_notebook(), timeout=300)
    with first.setup_kernel(cwd=str(tmp_path_factory.mktemp("notebooks"))):
        yield first


def outputs(notebook: object) -> str:
    """All that a notebook shows, as text."""
    shown = [one for cell in notebook.cells for one in cell.get("outputs", [])]  # type: ignore[attr-defined]
    return "\n".join(one.get("text") or one.get("data", {}).get("text/plain", "") for one in shown)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_it_stands(path: Path, client: NotebookClient) -> None:  # type: ignore[valid-type]
    notebook = nbformat.read(path, as_version=4)
    client.nb = notebook  # type: ignore[attr-defined]
    client.reset_execution_trackers()  # type: ignore[attr-defined]
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f\n%matplotlib inline"))
    for number, cell in enumerate(notebook.cells):
        client.execute_cell(cell, number)  # type: ignore[attr-defined]
    assert [words for words in SAID[path.stem] if words not in outputs(notebook)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_words_of_a_notebook_are_in_both_languages(path: Path) -> None:
    said = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert [
        words for words in said if not (re.search("[\u3041-\u3096]", words) and re.search("[a-z]{4} [a-z]", words))
    ] == []


def test_every_notebook_says_what_it_must() -> None:
    assert set(SAID) == {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in codes if cell.outputs or cell.execution_count is not None] == []
    assert set(notebook.metadata) == {"kernelspec"}
