"""Makes the notebooks of the course from their sources: ``python notebooks/make.py [NAME ...]``.

A source, ``lessons/01_name.md``, holds the code once and the prose in two languages. A line
``<!-- en -->`` or ``<!-- zh -->`` begins prose in that language, up to the next such line or the
next cell; a block fenced by three backticks and ``python`` is a code cell. Code that is to be
read and not run, as in a solution, is fenced by tildes. The English notebook is executed; the
Chinese one has the same code and outputs.
"""

import argparse
import base64
import hashlib
import io
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbclient
import nbformat

FOLDER = Path(__file__).parent
LANGUAGES = {"en": FOLDER, "zh": FOLDER / "zh"}
MOST_BYTES = 1_000_000
_PARTS = re.compile(
    r"^<!-- (?P<language>en|zh) -->\n(?P<prose>.*?)(?=^<!-- (?:en|zh) -->$|^```python$|\Z)"
    r"|^```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# A heading, with its anchor, begins a cell; a folded solution ends one.
_BETWEEN_CELLS = re.compile(r"\n(?=(?:<a id=.*></a>\n)?## )(?<!</a>\n)|(?<=</details>)\n")


def sources() -> list[Path]:
    """The lessons, in order."""
    return sorted((FOLDER / "lessons").glob("*.md"))


def digest(source: Path) -> str:
    """What a notebook remembers of the source it was made from."""
    return hashlib.sha256(source.read_bytes()).hexdigest()[:16]


def path_of(source: Path, language: str) -> Path:
    """Where the notebook of a lesson is."""
    return LANGUAGES[language] / f"{source.stem}.ipynb"


def cells_of(source: Path) -> list[tuple[str, str]]:
    """The cells of a lesson: "en" or "zh" for prose, "code"; and the text of each."""
    text = source.read_text(encoding="utf-8")
    cells, end = [], 0
    for part in _PARTS.finditer(text):
        if text[end : part.start()].strip():
            raise ValueError(
                f"{source.name}: in no cell: {text[end : part.start()].strip()[:60]!r}"
            )
        end = part.end()
        kind = part["language"] or "code"
        body = part["code"] if kind == "code" else part["prose"].replace("~~~", "```")
        cells.append((kind, body.strip()))
    _check_empty(source, text[end:])
    return cells


def _check_empty(source: Path, between: str) -> None:
    if between.strip():
        raise ValueError(f"{source.name}: in no cell: {between.strip()[:60]!r}")


def notebook_of(source: Path, language: str) -> Any:
    """The notebook of a lesson in one language, without outputs."""
    made = nbformat.v4.new_notebook()
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "chainrule": {"source": f"lessons/{source.name}", "digest": digest(source)},
    }
    for kind, text in cells_of(source):
        if kind not in ("code", language):
            continue
        new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        for part in [text] if kind == "code" else _BETWEEN_CELLS.split(text):
            cell = new(part.strip())
            cell.id = f"cell-{len(made.cells)}"
            if kind != "code" and re.match(r"#|<a id", part):  # a new slide at each heading
                cell.metadata = {"slideshow": {"slide_type": "slide"}}
            made.cells.append(cell)
    return made


def execute(notebook: Any, folder: Path) -> None:
    """Run it in `folder`; CellExecutionError where a cell fails, ValueError where one warns."""
    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", record_timing=False, coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute()  # fmt: skip
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise ValueError(f"a cell wrote to stderr: {output.text[:400]}")
            kinds = output.get("data", {})
            if "image/png" in kinds:
                kinds["image/png"] = smaller(kinds["image/png"])
                kinds.pop("image/svg+xml", None)  # the HTML beside it holds the same picture


def smaller(png: str) -> str:
    """The picture in at most 128 colours, as curves and graphs have: a third of the bytes."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    file = io.BytesIO()
    image.quantize(128, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def make(source: Path) -> list[Path]:
    """Write both notebooks of a lesson."""
    english = notebook_of(source, "en")
    execute(english, FOLDER)
    done = iter([cell for cell in english.cells if cell.cell_type == "code"])
    chinese = notebook_of(source, "zh")
    for cell in chinese.cells:
        if cell.cell_type == "code":
            ran = next(done)
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    written = []
    for language, notebook in (("en", english), ("zh", chinese)):
        text = nbformat.writes(notebook) + "\n"
        if len(text.encode()) > MOST_BYTES:
            raise ValueError(f"{source.stem}: {len(text.encode()):,} bytes are more than 1 MB")
        path = path_of(source, language)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def main() -> None:
    """Make all notebooks, or those whose names begin as given, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="beginnings of names, such as 03")
    names = tuple(parser.parse_args().names)
    wanted = [source for source in sources() if not names or source.stem.startswith(names)]
    with ThreadPoolExecutor(2) as pool:
        for source, paths in zip(wanted, pool.map(make, wanted), strict=True):
            sizes = ", ".join(f"{path.stat().st_size:,} bytes" for path in paths)
            sys.stdout.write(f"{source.stem}: {sizes}\n")


if __name__ == "__main__":
    main()
