"""Build the notebooks as a static site that runs Python in the browser: JupyterLite with our wheel.

    pip install build jupyter-server jupyterlite-core jupyterlite-pyodide-kernel
    python docs/make_lite.py SITE

Python itself is Pyodide, from npm; the packages that its lock file names come from PyPI, and
so do those that it misses. Whoever opens the site needs nothing else: it asks no other server.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("micropip", "ipython", "jedi", "comm", "chainrule")  # by the kernel, and by us
# What the lock of Pyodide misses, with the modules that tell which package is meant.
MISSED = {
    "chainrule": (["autograd", "nn", "chainrule"], ["graphviz", "tqdm"]),
    "comm": (["comm"], ["traitlets"]),
    "graphviz": (["graphviz"], []),
    "prompt-toolkit": (["prompt_toolkit"], ["wcwidth"]),
}
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
NOTE = """\
**This page runs Python in your browser.** The engine is the pure one, and slower than where \
chainrule is installed. Pictures that need matplotlib are not here: their cells say so."""


def run(*command: Any, folder: Path = ROOT, **variables: str) -> None:
    """A command, silent unless it fails; what it says is then said here."""
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*map(str, command)],
        env=kept | variables,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")


def pyodide(folder: Path) -> Path:
    """The npm package of the version that the kernel is made for."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

    run("npm", "install", "--prefix", folder, f"pyodide@{PYODIDE_VERSION}")
    return folder / "node_modules" / "pyodide"


def wheels(folder: Path, lock: dict[str, Any]) -> dict[str, Any]:
    """The entries of the lock for all that is needed, whose wheels are then in `folder`."""
    entries: dict[str, Any] = {}
    waiting = [*NEEDED]
    while waiting:
        name = canonical(waiting.pop())
        if name in entries:
            continue
        entry = lock.get(name) or entry_of(name)
        version = f"{name}=={entry['version']}" if entry["version"] else name
        wheel = our_wheel(folder) if name == "chainrule" else downloaded(folder, version)
        entries[name] = {
            **entry,
            "file_name": wheel.name,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "version": wheel.name.split("-")[1],
            "depends": [canonical(other) for other in entry["depends"]],
        }
        waiting += entry["depends"]
    return entries


def canonical(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def entry_of(name: str) -> dict[str, Any]:
    imports, depends = MISSED[name]
    return {
        "name": name,
        "version": "",
        "imports": imports,
        "depends": depends,
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def our_wheel(folder: Path) -> Path:
    pure = {"CHAINRULE_SKIP_COMPILED": "1", "CHAINRULE_REQUIRE_COMPILED": "0"}
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)  # what was there before
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, **pure)
    return new_in(folder, "chainrule")


def downloaded(folder: Path, requirement: str) -> Path:
    options = ("--no-deps", "--only-binary=:all:", "--platform=any", "--implementation=py")
    options += ("--abi=none", "--python-version=3.14")
    run(sys.executable, "-m", "pip", "download", *options, "-d", folder, requirement)
    return new_in(folder, requirement.partition("=")[0])


def new_in(folder: Path, name: str) -> Path:
    [wheel] = (x for x in folder.glob("*.whl") if canonical(x.name.split("-")[0]) == name)
    return wheel


def notebooks(folder: Path) -> None:
    """Ours, with a note above; where a picture needs matplotlib the cell says so, and goes on."""
    folder.mkdir()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        note = {"cell_type": "markdown", "id": "in-the-browser", "metadata": {}, "source": NOTE}
        notebook["cells"].insert(0, note)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["source"] = without_matplotlib("".join(cell["source"]))
        notebook["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)"}
        (folder / path.name).write_text(json.dumps(notebook), encoding="utf-8")


def without_matplotlib(code: str) -> str:
    code = code.replace("    watch=True,\n", "")  # pictures that follow a training
    if not re.search(r"\bplots\.\w+\(", code):
        return code
    inside = textwrap.indent(code, "    ")
    return f"try:\n{inside}\nexcept ModuleNotFoundError as missing:\n    print(missing)"


def make(site: Path) -> None:
    """Build everything into the folder `site`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there = folder / "lite" / "static" / "pyodide"
        shutil.copytree(pyodide(folder), there)
        lock = json.loads((there / "pyodide-lock.json").read_text(encoding="utf-8"))
        # All others are left out: the site has them not, and one is called autograd.
        lock["packages"] = wheels(there, lock["packages"])
        (there / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
        notebooks(folder / "notebooks")
        settings = {
            "jupyter-lite-schema-version": 0,
            "jupyter-config-data": {
                "appName": "chainrule",
                "litePluginSettings": {KERNEL: {"disablePyPIFallback": True}},
            },
        }
        (folder / "lite" / "jupyter-lite.json").write_text(json.dumps(settings), encoding="utf-8")
        places = ("--lite-dir", folder / "lite", "--contents", folder / "notebooks")
        command = ("-m", "jupyterlite_core", "build", *places, "--output-dir", site)
        run(sys.executable, *command, folder=folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python docs/make_lite.py SITE: the folder to write the site into")
    site = Path(sys.argv[1]).resolve()
    make(site)
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    print(f"{site}: {size / 1e6:.0f} MB; try it with: python -m http.server -d {site}")
