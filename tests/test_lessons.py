"""The course: both languages have the same code and outputs, which are those of their source."""

import runpy
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

FOLDER = Path(__file__).parent.parent / "notebooks"
if not (FOLDER / "make.py").exists():
    pytest.skip("the notebooks are not here", allow_module_level=True)
make = runpy.run_path(str(FOLDER / "make.py"))
SOURCES = make["sources"]()


def saved(source, language):
    return nbformat.read(make["path_of"](source, language), as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_saved_notebooks_are_those_of_their_source(source):
    for language in ("en", "zh"):
        notebook, fresh = saved(source, language), make["notebook_of"](source, language)
        assert notebook.metadata.chainrule.digest == make["digest"](source), (
            f"{source.name} has changed: python notebooks/make.py {source.stem}"
        )
        assert [c.source for c in notebook.cells] == [c.source for c in fresh.cells]
        assert make["path_of"](source, language).stat().st_size < 1_000_000


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_both_languages_have_the_same_code_and_outputs(source):
    english, chinese = saved(source, "en"), saved(source, "zh")
    assert [c.source for c in code(english)] == [c.source for c in code(chinese)]
    assert [c.outputs for c in code(english)] == [c.outputs for c in code(chinese)]
    assert all(cell.execution_count for cell in code(english))
    assert any(cell.outputs for cell in code(english))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_prose_is_there_in_both_languages(source):
    kinds = [kind for kind, _ in make["cells_of"](source)]
    prose = [kind for kind in kinds if kind != "code"]
    assert prose == ["en", "zh"] * (len(prose) // 2)
    chinese = "".join(text for kind, text in make["cells_of"](source) if kind == "zh")
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_lesson_asks_and_has_solutions_that_are_folded(source):
    english = "".join(text for kind, text in make["cells_of"](source) if kind == "en")
    assert "?" in english
    assert "<details>" in english


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what Jupyter's own packages warn of is not ours
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_lesson_runs_without_an_error_or_a_warning(source, tmp_path):
    make["execute"](make["notebook_of"](source, "en"), tmp_path)


def test_what_is_in_no_cell_is_found(tmp_path):
    path = tmp_path / "99_bad.md"
    path.write_text("lost\n<!-- en -->\nprose\n", encoding="utf-8")
    with pytest.raises(ValueError, match="lost"):
        make["cells_of"](path)
