"""The pure wheel in Pyodide, from npm, in node: the engine's tests and a training."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent / "in_pyodide"
PYODIDE = "314.0.7"  # Python 3.14
TREE = ("autograd", "nn", "chainrule.py", "setup.py", "pyproject.toml", "README.md", "LICENSE")

if shutil.which("node") is None or shutil.which("npm") is None:
    pytest.skip("Pyodide runs in node, and comes from npm", allow_module_level=True)
if not all((ROOT / name).exists() for name in TREE):
    pytest.skip("the source tree is not beside the tests", allow_module_level=True)


def run(*command, cwd, **variables):
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(
        command,
        cwd=cwd,
        env=kept | variables,
        check=True,
        timeout=1200,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def pyodide(tmp_path_factory):
    """The folder of the npm package."""
    folder = tmp_path_factory.mktemp("npm")
    run("npm", "install", "--silent", "--prefix", folder, f"pyodide@{PYODIDE}", cwd=folder)
    return folder / "node_modules" / "pyodide"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pure wheel and what its tests need, as they are installed there."""
    folder = tmp_path_factory.mktemp("site")
    tree = folder / "tree"
    tree.mkdir()
    ignored = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    for name in TREE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, tree / name)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    skipped = {"CHAINRULE_SKIP_COMPILED": "1", "CHAINRULE_REQUIRE_COMPILED": "0"}
    run(*pip, "wheel", "--no-deps", "-w", folder, tree, cwd=folder, **skipped)
    [wheel] = folder.glob("*-py3-none-any.whl")
    there = ["--platform=any", "--python-version=3.14", "--implementation=py", "--abi=none"]
    needed = [wheel, "pytest", "pytest-xdist", "hypothesis", "mpmath"]
    options = ["--target", folder / "site", "--only-binary=:all:", *there]
    run(*pip, "install", *options, *needed, cwd=folder)
    return folder / "site"


def test_the_engines_tests_and_a_training(pyodide, site):
    script, runner = HERE / "run_tests.py", HERE / "run.mjs"
    run("node", runner, pyodide, script, f"/site={site}", f"/tests={HERE.parent}", cwd=HERE)


def test_classifiers_name_the_versions_that_are_tried():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r'"Programming Language :: Python :: (\d\.\d+)"', text)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [words] = re.findall(r"^Tried by the tests: .*\n.*", readme, re.MULTILINE)
    assert re.findall(r"\d\.\d+", words) == named
    in_pyodide = f"3.{PYODIDE[1:3]}"
    assert named[-1] == in_pyodide
    script = ROOT / ".ci" / "run"
    if script.exists():
        [others] = re.findall(r"for version in (.*); do", script.read_text(encoding="utf-8"))
        assert named == ["3.11", *others.split(), in_pyodide]
