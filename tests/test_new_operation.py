"""An operation takes a rule and a row of the table: six are added to a copy of the tree."""

import shutil
import subprocess
import sys

import pytest
from test_build import COMPILER, ROOT, build, copied, environment, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(COMPILER is None, reason="no C compiler was found"),
]
if not (ROOT / "docs").exists():
    pytest.skip("the source tree is not beside the tests", allow_module_level=True)

RULES = """
def gaussian(x):
    out = math.exp(-0.5 * x * x)
    return out, -x * out

def harmonic(x, y):
    share, other = y / (x + y), x / (x + y)
    return x * share, share * share, other * other

def mean_square(*x):
    return _total([a * a for a in x]) / len(x), *[2.0 * a / len(x) for a in x]

def distance(x, y):
    side = 1.0 if x > y else (-1.0 if x < y else KINK)
    return math.fabs(x - y), side, -side

def triple(x):
    return 3.0 * x, 3.0

def smooth_step(x, low=0.0, high=1.0):
    share = (x - low) / (high - low)
    slope = 6.0 * share * (1.0 - share) / (high - low)
    return share * share * (3.0 - 2.0 * share), slope, slope * (share - 1.0), -slope * share

"""
ROWS = """
    gaussian: Facts(activation=True, also="bell", means="exp(-x ** 2 / 2)",
                    torch="exp(-x * x / 2)", reference="exp(-x**2 / 2)"),
    harmonic: Facts(domain=((0.5, 4.0),), commutes=True, said="[x] ∥ [y]",
                    torch="x * y / (x + y)", reference="x * y / (x + y)",
                    points=((3.0, 4.0), (1e-7, 1.0))),
    mean_square: Facts(commutes=True, means="sum(x ** 2) / len(x)",
                       torch="(x * x).mean()", reference="fsum(a**2 for a in x) / len(x)"),
    distance: Facts(kink="0 at a tie", commutes=True, torch="abs(x - y)", reference="abs(x - y)"),
    triple: Facts(means="3 * x", torch="3 * x", reference="3 * x"),
    smooth_step: Facts(domain=((-4.0, 4.0), (-2.0, -1.0), (1.0, 2.0)),
                       torch="((x - low) / (high - low)) ** 2 * (3 - 2 * (x - low) / (high - low))",
                       reference="((x - low) / (high - low)) ** 2"
                                 " * (3 - 2 * (x - low) / (high - low))"),
"""
NAMES = ("gaussian", "harmonic", "mean_square", "distance", "triple", "smooth_step")
USED = """
import math
import numpy as np
import autograd, nn
from autograd import *
from autograd.engines import compiled
from autograd.export.javascript_printer import rules_script

x, y = Value(0.5, "x"), Value(2.0, "y")
bell = math.exp(-0.125)

# numbers, Values, arrays, methods, other names
assert autograd.gaussian(0.5) == gaussian([0.5])[0] == gaussian(np.array([0.5]))[0] == bell
assert gaussian(x).data == x.gaussian().data == bell
assert harmonic(0.5, y).data == x.harmonic(2.0).data == harmonic(x=0.5, y=2.0) == 0.4
assert mean_square([x, y]).data == mean_square([0.5, 2.0]) == 2.125
assert not hasattr(x, "mean_square")
assert [op.op for op in (gaussian(x), harmonic(x, y), mean_square([x]))] == [
    "gaussian", "harmonic", "mean_square"]
assert {"gaussian", "harmonic", "mean_square"} <= {*autograd.__all__, *dir(autograd)}

# derivatives
assert grad(gaussian)(0.5) == -0.5 * bell
assert abs(derivative(gaussian, 3)(0.5) - (3 * 0.5 - 0.5**3) * bell) < 1e-14
assert abs(derivative(lambda t: harmonic(t, 2.0), 3)(0.5) - 6 * 4 / 2.5**4) < 1e-13
assert hessian(mean_square)([1.0, 2.0]) == [[1.0, 0.0], [0.0, 1.0]]
for function, inputs in (
    (gaussian, [0.5]), (harmonic, [0.5, 2.0]), (lambda a, b: mean_square([a, b]), [0.5, 2.0])
):
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)
    assert compare_torch(function, inputs)

# operands with defaults
assert smooth_step(0.5) == x.smooth_step().data == smooth_step(x, 0.0, high=1.0).data == 0.5
assert smooth_step(0.5, -0.5, 1.5) == 0.5
assert grad(smooth_step, (0, 1, 2))(0.5, -0.5, 1.5) == (0.75, -0.375, -0.375)
assert compare_torch(smooth_step, [0.5, -0.5, 1.5])

# a kink with straight sides, and a linear operation: the weight of a penalty has no slope
a, b = Value(1.0), Value(1.0)
for penalty in (distance(a, b), abs(a.triple() - 3.0 * b), distance(a.triple(), 3.0 * b)):
    for slope in gradient(penalty, (a, b), create_graph=True):
        assert slope.data == 0.0
        assert not slope.requires_grad

# text, LaTeX, C and JavaScript
out = harmonic(gaussian(x), mean_square([x, y]))
out.label = "f"
assert r"e^{-\\frac{x^{2}}{2}}" in str(latex(out)), latex(out)
assert "e^(\N{MINUS SIGN}x²/2)" in str(explain(out, x)), explain(out, x)
assert "harmonic" in draw(out).svg
assert {"gaussian", "harmonic", "mean_square"} <= {*compiled.names_of_rules}
assert all(f"rule_{name}(" in rules_script(map(ops.__dict__.get, ("gaussian", "harmonic")))
           for name in ("gaussian", "harmonic"))
assert "harmonic" in play(out).html

# expressions and layers
assert parse("gaussian(x) + harmonic(x, 2) + mean_square(x, 2)", x=0.5).data == bell + 0.4 + 2.125
try:
    parse("bell(x)", x=0.5)
except errors.ExpressionError as error:
    assert "write gaussian(x)" in str(error)
assert nn.MLP(1, [1, 1], activation="gaussian", generator=0)([0.5])
print(autograd.engine)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree with more operations, built."""
    tree = copied(tmp_path_factory.mktemp("tree"))
    for name in ("benchmarks", "docs", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("*.svg", "*.png"))
    shutil.copy(ROOT / "CONTRIBUTING.md", tree)
    file = tree / "autograd" / "ops.py"
    text = file.read_text(encoding="utf-8")
    for before, added in (("# --- parts: ", RULES[1:]), ("\n}\nPARTS", ROWS.rstrip())):
        assert text.count(before) == 1
        text = text.replace(before, added + before)
    file.write_text(text, encoding="utf-8")
    run(tree, str(tree / "docs" / "make_stubs.py"), AUTOGRAD_PURE="1")
    done = build(tree, CHAINRULE_REQUIRE_COMPILED="1")
    assert done.returncode == 0, done.stderr
    return tree


@pytest.mark.parametrize(("pure", "engine"), [("0", "compiled"), ("1", "pure")])
def test_everything_knows_them(tree, pure, engine):
    for name in ("torch", "numpy"):
        pytest.importorskip(name)
    assert run(tree, "-c", USED, AUTOGRAD_PURE=pure) == f"{engine}\n"


def test_their_tests_generate_themselves(tree):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-n0", "-vv", "-k", " or ".join(NAMES)],
        cwd=tree,
        env=environment(PYTHONPATH=str(tree)),
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    passed = [line for line in done.stdout.splitlines() if "PASSED" in line]
    for name in NAMES:
        assert any(f"test_value_agrees_with_mpmath[{name}]" in line for line in passed)
        assert sum(name in line for line in passed) > 20
