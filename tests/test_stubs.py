"""What type checkers, editors and `help` see of the names that come from the table."""

import importlib.util
import inspect
import json
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
reveal_type(Value(1.0).parents)
reveal_type(Value(1.0).partials)
reveal_type(Value(1.0).op)
reveal_type(Value(1.0).label)
"""
REVEALED = [
    "float", "Value", "list[Any]", "Value", "Value", "float", "bool", "Value", "Value",
    "def (function: def (*Any, **Any) -> Any", "str",
    "tuple[autograd.value.Value, ...]", "tuple[float, ...]", "str", "str",
]  # fmt: skip
WRONG = """
from autograd import Value, clip, no_such_name, tanh

tanh("1")
clip(1.0, 2.0)
clip(1.0, lowest=0.0, high=2.0)
Value(1.0).clip(0.0)
Value(1.0).no_such_method()
Value(1.0).op = "mul"
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
    given = inspect.signature(function).parameters.values()
    names = [str(x.replace(annotation=x.empty)) for x in given]
    assert f"({', '.join(names)})" == signature.replace(", /", "")


def test_methods_have_the_other_operands(engine):
    shown = "(low: 'Value | float', high: 'Value | float') -> 'Value'"
    assert str(inspect.signature(engine.Value(1.0).clip)) == shown
    assert str(inspect.signature(engine.Value(1.0).arctanh)) == "() -> 'Value'"
    assert engine.Value.clip.__qualname__ == "Value.clip"


def test_help_lists_every_method(engine):
    said = pydoc.plain(pydoc.render_doc(engine.Value))
    for name, rule in ops.methods().items():
        operands = ", ".join(rf"{x}: '[^']+'( = \S+)?" for x in inspect.signature(rule).parameters)
        assert re.search(rf" {name}(\({operands}\) -> 'Value'| = {rule.__name__})", said)


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
    assert (status, lines) == (1, {2, 4, 5, 6, 7, 8, 9})


# A user's program, in which nothing has to be explained to a type checker.
PROGRAM = '''
"""Train on two moons; look at the graph on the way."""

import autograd
import nn
from autograd import Value, clip, draw, grad, hypot, no_grad, scope, tanh


def curve(x: Value) -> Value:
    return (x * x + 2.0).tanh() / (1 + x) - 3 * x**2


a, b = Value(2.0, "a"), Value(-3.0, label="b", requires_grad=True)
c = a * b + 10 - tanh(a)
c.label = "c"
c.data = 3.0
c.backward()
parents: tuple[Value, ...] = c.parents
partials: tuple[float, ...] = c.partials
words: str = c.op + c.label + c.scope + f"{c:.3f} {round(c, 2)} {abs(c)} {-c}"
number: float = c.data + c.grad if c.requires_grad else 0.0
contributions: list[float] = c.local_gradient(1.0)
c.requires_grad = False
handle = a.register_hook(lambda gradient: 2.0 * gradient)
handle.remove()
with no_grad(), scope("inside"):
    d = curve(a).detach()
total: Value = sum([a * i for i in range(3)], start=Value(0.0))
both = hypot(a, 1.0) + clip(b, -1.0, 1.0) + autograd.dot([a, b], [1.0, 2.0])
slope = grad(curve)(2.0)
draw(c).save("c.svg")

X, y = nn.data.moons(40, seed=0)
model = nn.MLP(2, [8, 1], activation="tanh", generator=0)
optimizer = nn.Adam(model.parameters(), 0.05)
rate: float = optimizer.learning_rate
loss = nn.binary_cross_entropy_with_logits
history = nn.fit(model, X, y, loss, optimizer, epochs=2, progress=False)
accuracy: float = history.accuracy[-1]
for p in model.parameters():
    p.data -= 0.1 * p.grad
model.zero_grad()
nn.save(model, "m.json")
again = nn.load("m.json")


@autograd.compile
def one(x: list[Value], t: Value) -> Value:
    error: Value = nn.squared_error(model(x), t)
    return error


value, slopes = one.value_and_gradient([0.1, 0.2], 1.0)


class Doubled(nn.Module):
    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, x: list[float]) -> Value:
        return self.w * x[0] * 2.0


Doubled().parameters()
'''


@pytest.mark.slow
def test_a_users_program_is_clean_under_mypy(tmp_path):
    pytest.importorskip("mypy")
    assert checked(tmp_path, PROGRAM) == (0, "Success: no issues found in 1 source file\n")
    subprocess.run([sys.executable, "typed.py"], cwd=tmp_path, check=True)


@pytest.mark.slow
def test_a_users_program_is_clean_under_pyright(tmp_path):
    pytest.importorskip("pyright")
    (tmp_path / "typed.py").write_text(PROGRAM, encoding="utf-8")
    settings = {
        "typeCheckingMode": "strict",
        "extraPaths": [str(Path(autograd.__file__).parents[1])],
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stdout.replace(" \n", "\n")) == (
        0,
        "0 errors, 0 warnings, 0 informations\n",
    )
