"""Every notebook runs from top to bottom."""

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

FOLDER = Path(__file__).parent.parent / "notebooks"
LESSONS = {path.stem for path in (FOLDER / "lessons").glob("*.md")}  # see test_lessons
OTHERS = [path for path in sorted(FOLDER.glob("*.ipynb")) if path.stem not in LESSONS]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what Jupyter's own packages warn of is not ours
@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_the_notebook_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=1200, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    shown = [
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    ]
    assert "image/svg+xml" in shown or "text/plain" in shown


def test_there_are_notebooks_without_saved_output():
    notebooks = [nbformat.read(path, as_version=4) for path in OTHERS]
    assert notebooks
    assert not [c for n in notebooks for c in n.cells if c.cell_type == "code" and c.outputs]
