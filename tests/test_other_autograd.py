"""Another package on PyPI is called autograd too: what is said where its files are in the way."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import autograd
import nn

REMEDY = "run `pip uninstall autograd chainrule`, then `pip install chainrule`"
# What the other package brings: its `__init__.py` takes the place of ours.
THEIRS = {
    "autograd/__init__.py": "from .tracer import primitive\n\ngrad = primitive\n",
    "autograd/tracer.py": "def primitive(function):\n    return function\n",
    "autograd/numpy/__init__.py": "",
}


@pytest.fixture
def folder(tmp_path):
    """A folder in which chainrule is, and nothing else."""
    built = shutil.ignore_patterns("__pycache__")
    for package in (autograd, nn):
        shutil.copytree(Path(package.__file__).parent, tmp_path / package.__name__, ignore=built)
    shutil.copy(Path(sys.modules["chainrule"].__file__), tmp_path)
    return tmp_path


def lay_over(folder):
    for name, text in THEIRS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def python(folder, *arguments):
    """What Python says where packages are in `folder` and nowhere else."""
    done = subprocess.run(
        [sys.executable, "-S", "-P", *arguments],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_alone_nothing_is_said(folder):
    assert python(folder, "-c", "import nn, autograd") == (0, "", "")
    status, said, _ = python(folder, "-m", "chainrule", "info")
    assert (status, "HIPS" in said) == (0, False)


def test_theirs_laid_over_ours(folder):
    lay_over(folder)
    status, _, said = python(folder, "-c", "import nn")
    assert status == 1
    assert said.splitlines()[-1].startswith("chainrule.OtherAutogradError: the folder of chainrule")
    assert REMEDY in said
    assert str(folder / "autograd") in said
    status, _, said = python(folder, "-m", "chainrule", "demo", "xor")
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith("chainrule: the folder of chainrule's `autograd` also holds files of")
    assert REMEDY in said
    status, said, _ = python(folder, "-m", "chainrule", "info")
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith("autograd   not chainrule's: the folder of")


def test_ours_laid_over_theirs(folder):
    (folder / "autograd" / "tracer.py").touch()
    for code in ("import autograd", "import nn", "from autograd import Value"):
        status, _, said = python(folder, "-c", code)
        assert (status, REMEDY in said) == (1, True)


def test_theirs_in_front_of_ours(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    lay_over(other)
    status, _, said = python(f"{other}:{folder}", "-c", "import nn")
    assert (status, REMEDY in said, str(other) in said) == (1, True, True)


def test_theirs_uninstalled_again(folder):
    lay_over(folder)
    for name in THEIRS:
        (folder / name).unlink()
    status, _, said = python(folder, "-c", "import nn")
    assert (status, REMEDY in said) == (1, True)
    assert "is not whole" in said


@pytest.mark.slow
def test_pip_lays_theirs_over_an_installation(tmp_path):
    """pip says nothing, and the command that it installed says what happened."""
    root = Path(__file__).parents[1]
    if not (root / "setup.py").exists():
        pytest.skip("the source tree is not beside the tests")
    names = ("autograd", "nn", "chainrule.py", "setup.py", "pyproject.toml", "README.md", "LICENSE")
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in names:
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy
        copy(root / name, tree / name)
    wheel = tmp_path / "autograd-1.8.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in THEIRS.items():
            archive.writestr(name, text)
        archive.writestr(
            "autograd-1.8.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: autograd\nVersion: 1.8.0\n",
        )
        archive.writestr(
            "autograd-1.8.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        record = "autograd-1.8.0.dist-info/RECORD"
        archive.writestr(record, "".join(f"{name},,\n" for name in [*archive.namelist(), record]))
    venv.create(tmp_path / "venv", with_pip=True)
    there = tmp_path / "venv" / "bin"
    plain = {"PATH": os.environ["PATH"], "CHAINRULE_SKIP_COMPILED": "1"}
    pip = [there / "python", "-m", "pip", "install", "-q", "--no-deps"]
    subprocess.run([*pip, tree], env=plain, check=True)
    info = [there / "chainrule", "info"]
    before = subprocess.run(info, env=plain, capture_output=True, text=True, check=True)
    assert before.stdout.startswith("chainrule  ")
    subprocess.run([*pip, wheel], check=True)
    after = subprocess.run(info, env=plain, capture_output=True, text=True, check=False)
    assert (after.returncode, after.stderr) == (1, "")
    assert after.stdout.startswith("autograd   not chainrule's: ")
    assert REMEDY in after.stdout
    # The remedy is one.
    subprocess.run([*pip[:3], "uninstall", "-q", "-y", "autograd", "chainrule"], check=True)
    subprocess.run([*pip, tree], env=plain, check=True)
    again = subprocess.run(info, env=plain, capture_output=True, text=True, check=True)
    assert again.stdout == before.stdout
