"""Building: a rule added to ops.py is compiled without another edit; no compiler is no obstacle.

These tests build copies of the source tree, one in each mode; the whole file takes half a minute.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
TREE = ("autograd", "nn", "chainrule.py", "setup.py", "pyproject.toml", "README.md", "LICENSE")
COMPILER = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)

if not all((ROOT / name).exists() for name in TREE):
    pytest.skip("the source tree is not beside the tests", allow_module_level=True)
for name in ("setuptools", "Cython"):
    if find_spec(name) is None:
        pytest.skip(f"setup.py needs {name}, which is not installed", allow_module_level=True)

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler was found")
BUILDS = "CHAINRULE_REQUIRE_COMPILED", "CHAINRULE_SKIP_COMPILED", "AUTOGRAD_PURE", "PYTHONPATH"

NO_COMPILER = "/bin/false"
SOFTSIGN = """

def soft_ratio(x):
    size = 1.0 + math.fabs(x)
    return x / size, 1.0 / (size * size)


TABLE[soft_ratio] = Facts("soft_ratio")
"""


def copied(folder):
    """A copy of the source tree, with nothing in it that was built before."""
    ignore = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__", "build")
    for name in TREE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def environment(**variables):
    kept = {name: text for name, text in os.environ.items() if name not in BUILDS}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"} | variables


def build(tree, **variables):
    return subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=tree,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


def run(tree, *arguments, **variables):
    """What Python prints with the tree in front of everything installed.

    Without `site`: where chainrule is installed as editable, that lends the tree what it lacks.
    """
    path = os.pathsep.join((str(tree), sysconfig.get_path("purelib")))
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-W", "error", *arguments],
        cwd=tree.parent,
        env=environment(PYTHONPATH=path, **variables),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def engine_of(tree, **variables):
    script = "import autograd; print(autograd.__file__, autograd.engine)"
    file, engine = run(tree, "-c", script, **variables).split()
    assert Path(file).is_relative_to(tree)
    return engine


def built(tree):
    """The extension modules that lie in a tree, ready to be imported."""
    found = [*tree.glob("autograd/**/*"), *tree.glob("nn/**/*")]
    return sorted(path.name.split(".")[0] for path in found if path.suffix in (".so", ".pyd"))


@pytest.fixture(scope="module")
def compiled_tree(tmp_path_factory):
    """A tree that was compiled."""
    tree = copied(tmp_path_factory.mktemp("compiled"))
    done = build(tree, CHAINRULE_REQUIRE_COMPILED="1")
    assert done.returncode == 0, done.stderr
    return tree


@pytest.fixture(scope="module")
def tree_without_compiler(tmp_path_factory):
    """A tree that was built where the C compiler fails, and what the build said."""
    tree = copied(tmp_path_factory.mktemp("failing"))
    return tree, build(tree, CC=NO_COMPILER)


# --- with a compiler -----------------------------------------------------------------


@needs_compiler
def test_a_build_makes_both_extensions(compiled_tree):
    assert built(compiled_tree) == ["_replay", "_updates", "compiled"]
    assert engine_of(compiled_tree) == "compiled"


@needs_compiler
def test_a_rule_added_to_ops_is_compiled_without_another_edit(tmp_path):
    tree = copied(tmp_path / "tree")
    with (tree / "autograd" / "ops.py").open("a", encoding="utf-8") as file:
        file.write(SOFTSIGN)
    done = build(tree, CHAINRULE_REQUIRE_COMPILED="1")
    assert done.returncode == 0, done.stderr
    assert engine_of(tree) == "compiled"
    script = """
import autograd
from autograd.engines import compiled
from autograd import ops
assert "soft_ratio" in compiled.names_of_rules, compiled.names_of_rules
for number in (-3.0, -0.0, 0.5, 1e300):
    x = autograd.Value(number)
    out = autograd.apply(ops.soft_ratio, x)
    out.backward(2.0)
    value, slope = ops.soft_ratio(number)
    assert (out.data, out.op, out._op, x.grad) == (value, "soft_ratio", "soft_ratio", 2.0 * slope)
x = autograd.Value(-3.0)
out = autograd.apply(ops.soft_ratio, x)
out.backward()
print(out.data, x.grad)
"""
    assert run(tree, "-c", script) == "-0.75 0.0625\n"


@needs_compiler
def test_autograd_pure_selects_the_reference_on_a_compiled_tree(compiled_tree):
    assert engine_of(compiled_tree, AUTOGRAD_PURE="1") == "pure"
    assert engine_of(compiled_tree, AUTOGRAD_PURE="0") == "compiled"
    assert engine_of(compiled_tree, AUTOGRAD_PURE="") == "compiled"


@needs_compiler
@pytest.mark.parametrize(
    ("pure", "line"),
    [("0", "engine     compiled"), ("1", "engine     pure (AUTOGRAD_PURE is set)")],
)
def test_info_says_which_engine_runs_and_why(compiled_tree, pure, line):
    said = run(compiled_tree, "-m", "nn", "info", AUTOGRAD_PURE=pure)
    assert line in said.splitlines()


@needs_compiler
def test_a_rule_that_c_cannot_hold_still_works_when_compiled(compiled_tree):
    script = """
import autograd
from autograd.engines import compiled
from autograd import ops
assert "hypot" not in compiled.names_of_rules
x = autograd.Value(3.0)
out = autograd.hypot(x, 4.0)
out.backward()
print(out.data, x.grad, out.op)
"""
    assert run(compiled_tree, "-c", script) == "5.0 0.6 hypot\n"


# --- without -------------------------------------------------------------------------


def test_skipping_builds_nothing_and_is_pure(tmp_path):
    tree = copied(tmp_path / "tree")
    done = build(tree, CHAINRULE_SKIP_COMPILED="1", CC=NO_COMPILER)
    assert (done.returncode, built(tree)) == (0, [])
    assert "pure Python" not in done.stderr  # it was asked for: nothing to warn of
    assert engine_of(tree) == "pure"


def test_a_failing_compiler_warns_once_and_leaves_it_pure(tree_without_compiler):
    tree, done = tree_without_compiler
    assert (done.returncode, built(tree)) == (0, [])
    warned = [line for line in done.stderr.splitlines() if "Warning: " in line]
    assert len(warned) == 1
    assert "pure Python" in warned[0]
    assert engine_of(tree) == "pure"


def test_info_says_why_it_is_pure_where_nothing_was_built(tree_without_compiler):
    tree, _ = tree_without_compiler
    (line,) = [line for line in run(tree, "-m", "nn", "info").splitlines() if "engine" in line[:7]]
    assert "pure" in line
    assert "not built" in line


def test_a_failing_compiler_is_fatal_where_the_compiled_engine_is_required(tmp_path):
    tree = copied(tmp_path / "tree")
    done = build(tree, CC=NO_COMPILER, CHAINRULE_REQUIRE_COMPILED="1")
    assert done.returncode != 0
    assert NO_COMPILER in done.stderr
    assert built(tree) == []


def test_zero_and_empty_switch_nothing_off(tmp_path):
    tree = copied(tmp_path / "tree")
    done = build(tree, CC=NO_COMPILER, CHAINRULE_SKIP_COMPILED="0", CHAINRULE_REQUIRE_COMPILED="")
    assert done.returncode == 0
    assert "pure Python" in done.stderr  # it was tried


# --- what is built ---------------------------------------------------------------------


def test_what_is_handed_out_holds_every_room(tmp_path):
    """The source, to compile from; the wheel, for tracebacks to show lines of."""
    tree = copied(tmp_path / "tree")
    shutil.copy(ROOT / "MANIFEST.in", tree)
    for command in ("sdist", "bdist_wheel"):
        subprocess.run(
            [sys.executable, "setup.py", "-q", command, "--dist-dir", str(tmp_path / command)],
            cwd=tree,
            env=environment(CHAINRULE_SKIP_COMPILED="1"),
            capture_output=True,
            timeout=600,
            check=True,
        )
    [source], [wheel] = (list((tmp_path / made).iterdir()) for made in ("sdist", "bdist_wheel"))
    with tarfile.open(source) as packed:
        in_source = {name.partition("/")[2] for name in packed.getnames()}
    with zipfile.ZipFile(wheel) as packed:
        in_wheel = set(packed.namelist())
    found = (tree / "autograd").rglob("*.p[xy][ix]")
    rooms = {path.relative_to(tree).as_posix() for path in found}
    assert len(rooms) > 10
    assert rooms - in_source == rooms - in_wheel == set()


def test_every_pyx_file_is_an_extension_of_setup(tmp_path):
    tree = copied(tmp_path / "tree")
    script = """
import runpy, setuptools
setuptools.setup = lambda **given: print(*sorted(e.name for e in given["ext_modules"]))
runpy.run_path("setup.py")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tree,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    *_, names = done.stdout.splitlines()
    found = [path.relative_to(tree).with_suffix("") for path in tree.rglob("*.pyx")]
    assert names.split() == sorted(".".join(path.parts) for path in found)
