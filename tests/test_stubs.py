"""What type checkers, editors and `help` see of the names that come from the table."""

import importlib.util
import inspect
import os
import pydoc
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import autograd
from autograd import ops

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "docs" / "make_stubs.py"

TYPED = """
import autograd
from autograd import Value, clip, hypot, leaky_relu, tanh

reveal_type(tanh(1.0))
reveal_type(tanh(Value(1.0)))
reveal_type(tanh([1.0, 2.0]))
reveal_type(hypot(1.0, Value(2.0)))
reveal_type(leaky_relu(Value(1.0), slope=0.5))
reveal_type(autograd.sum([1.0, 2.0]))
reveal_type(autograd.isnan(1.0))
reveal_type(Value(1.0).tanh())
reveal_type(Value(1.0).clip(0.0, high=Value(2.0)))
reveal_type(autograd.grad)
reveal_type(autograd.engine)
"""
REVEALED = [
    "float", "Value", "list[Any]", "Value", "Value", "float", "bool", "Value", "Value",
    "def (function: def (*Any, **Any) -> Any", "str",
]  # fmt: skip
WRONG = """
from autograd import Value, clip, no_such_name, tanh

tanh("1")
clip(1.0, 2.0)
clip(1.0, lowest=0.0, high=2.0)
Value(1.0).clip(0.0)
Value(1.0).no_such_method()
"""


def test_stubs_and_the_page_of_operations_are_what_the_script_prints():
    if not SCRIPT.exists():
        pytest.skip("the source tree is not beside the tests")
    spec = importlib.util.spec_from_file_location("make_stubs", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for path, text in script.written().items():
        assert path.read_text(encoding="utf-8") == text, "run docs/make_stubs.py"


def test_the_stubs_are_shipped():
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("the source tree is not beside the tests")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["autograd"]
    folder = ROOT / "autograd"
    shipped = {path for pattern in patterns for path in folder.glob(pattern)}
    assert set(folder.rglob("*.pyi")) <= shipped
    assert "*.pyi" in (ROOT / "MANIFEST.in").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (autograd.tanh, "(x)"),
        (autograd.clip, "(x, low, high)"),
        (autograd.leaky_relu, "(x, slope=0.01)"),
        (autograd.atan2, "(y, x)"),
        (autograd.dot, "(x, y)"),
        (autograd.sum, "(values, /)"),
    ],
)
def test_functions_have_the_operands_of_their_rules(function, signature):
    names = [str(x).partition(":")[0] for x in inspect.signature(function).parameters.values()]
    assert f"({', '.join(names)})" == signature.replace(", /", "")


def test_methods_have_the_other_operands(engine):
    assert str(inspect.signature(engine.Value(1.0).clip)) == "(low, high)"
    assert str(inspect.signature(engine.Value(1.0).arctanh)) == "()"
    assert engine.Value.clip.__qualname__ == "Value.clip"


def test_help_lists_every_method(engine):
    said = pydoc.plain(pydoc.render_doc(engine.Value))
    for name, rule in ops.methods().items():
        operands = ", ".join(inspect.signature(rule).parameters)
        assert re.search(rf"{name}({re.escape(f'({operands}')}| = {rule.__name__})", said) or (
            rule.__defaults__ and f"{name}(x, " in said
        )


def test_there_is_a_method_for_what_numpy_asks_elements_for():
    names = {name for name, rule in ops.methods().items() if name != rule.__name__}
    assert {"arcsin", "arccos", "arctan", "arctan2", "arcsinh", "arccosh", "arctanh"} <= names
    assert not names & {"absolute", "fabs", "power", "remainder"}  # these are operators


def checked(folder, code):
    """What mypy says of `code`."""
    (folder / "typed.py").write_text(code, encoding="utf-8")
    root = Path(autograd.__file__).parents[1]
    # Where it is installed mypy finds it, and refuses to be told.
    environment = {} if root.name == "site-packages" else {"MYPYPATH": str(root)}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--follow-imports=silent",
            f"--cache-dir={folder}",
            "typed.py",
        ],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.slow
def test_type_checkers_know_every_name(tmp_path):
    pytest.importorskip("mypy")
    status, said = checked(tmp_path, TYPED)
    revealed = re.findall('Revealed type is "(?:autograd.value.)?(.*?)(?:, argnums.*)?"', said)
    assert (status, revealed) == (0, REVEALED)


@pytest.mark.slow
def test_type_checkers_refuse_what_is_wrong(tmp_path):
    pytest.importorskip("mypy")
    status, said = checked(tmp_path, WRONG)
    lines = {int(line) for line in re.findall(r"^typed\.py:(\d+): error", said, re.MULTILINE)}
    assert (status, lines) == (1, {2, 4, 5, 6, 7, 8})
