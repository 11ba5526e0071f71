"""Folders are wings: imports go downwards only, as the map in CONTRIBUTING.md says."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("autograd", "nn")


def modules_of(root):
    """The files of every module by its dotted name: stubs and the rooms of Cython too."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.p*")):
            if path.suffix in (".py", ".pyi", ".pyx", ".pxi"):
                parts = path.relative_to(root).with_suffix("").parts
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                found.setdefault(name, []).append(path)
    return found


def imports_of(text, name, modules, *, package=False):
    """The modules that the text of module `name` imports, anywhere: lazily, for annotations too."""
    here = name.split(".")[: None if package else -1]
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            module = absolute("." * node.level + (node.module or ""), here)
            names = {f"{module}.{alias.name}" for alias in node.names}
            found |= names if names <= modules.keys() else {module, *names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):  # import autograd; autograd.value.Value
            found.add(ast.unparse(node))
        elif isinstance(node, ast.Call):  # import_module("autograd.value"), however it is called
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            texts = [x.value for x in given if isinstance(x, ast.Constant)]
            dotted = [text for text in texts if isinstance(text, str) and text.strip(".")]
            names = {absolute(text, here) for text in dotted}
            found |= {name for name in names if "." in name}
    return found & modules.keys() - {name}


def absolute(module, here):
    """The dotted name of a module that may be written relative to the package `here`."""
    dots = len(module) - len(module.lstrip("."))
    if not dots or dots > len(here):
        return module
    return ".".join([*here[: len(here) + 1 - dots], *filter(None, [module[dots:]])])


def imports_in_cython(text, folder):
    """What a text of Cython imports and includes, in Python's words."""
    statements = re.findall(
        r"^(?:[^#\n]*;)?[ \t]*(from [\w.]+ c?import (?:\([^)]*\)|[^;\n]*)|c?import [\w., ]+)",
        text,
        re.MULTILINE,
    )
    rooms = re.findall(r'^include "([\w/]+)\.pxi"', text, re.MULTILINE)
    statements += [f"import {folder}.{room.replace('/', '.')}" for room in rooms]
    return "\n".join(statement.replace("cimport ", "import ") for statement in statements)


def graph_of(modules):
    """Which modules each one imports."""
    graph = {}
    for name, paths in modules.items():
        graph[name] = set()
        for path in paths:
            text = path.read_text(encoding="utf-8")
            if path.suffix in (".pyx", ".pxi"):
                text = imports_in_cython(text, name.rpartition(".")[0])
            graph[name] |= imports_of(text, name, modules, package=path.stem == "__init__")
    return graph


def places(text):
    """Every package and module that the map names, with its floor and its room.

    Places that the map joins by + are one room.
    """
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", text, re.MULTILINE)
    found = {}
    for floor, rooms in rows:
        for room in rooms.split(", "):
            for place in re.findall(r"`([\w/]+)(?:\.pyx?|/)`", room):
                name = place.removesuffix("/__init__").replace("/", ".")
                found[name] = (int(floor), room)
    return found


def place_of(module, map_):
    """The innermost place of the map that a module lies in."""
    return max((place for place in map_ if f"{module}.".startswith(f"{place}.")), key=len)


def wrong_ways(graph, map_):
    """Imports that run up, or across to another room of the same floor."""
    found = []
    for module, imported in graph.items():
        floor, room = map_[place_of(module, map_)]
        for other in sorted(imported):
            there, other_room = map_[place_of(other, map_)]
            if room != other_room and there >= floor:
                found.append(f"{module} (floor {floor}) imports {other} (floor {there})")
    return found


def told(found):
    """What was found, whole: pytest would shorten the names."""
    return "\n".join(["", *found])


def circles(graph):
    """One circle of imports for every pair of modules that import each other in the end."""
    found, done = [], set()
    for start in graph:
        paths = {start: (start,)}
        waiting = [start]
        while waiting:
            module = waiting.pop()
            for other in sorted(graph[module]):
                if other == start and start not in done:
                    done.update(paths[module])
                    found.append(" -> ".join((*paths[module], start)))
                elif other not in paths:
                    paths[other] = (*paths[module], other)
                    waiting.append(other)
    return found


MODULES = modules_of(ROOT)
GRAPH = graph_of(MODULES)
MAP = places((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


def test_imports_go_downwards():
    assert (found := wrong_ways(GRAPH, MAP)) == [], told(found)


def test_there_is_no_circle_of_imports():
    assert (found := circles(GRAPH)) == [], told(found)


def test_every_module_is_on_the_map():
    assert [place for place in MAP if place not in MODULES] == []
    unknown = [module for module in MODULES if place_of(module, MAP) in PACKAGES]
    assert unknown == list(PACKAGES)


@pytest.mark.parametrize(
    "text",
    [
        "import a.b",
        "import a.b as c",
        "import a\na.b.c",
        "from a import b",
        "from a.b import c, d",
        "from a.b import *",
        "from .. import b",
        "from ..b import c",
        "def f():\n    from a.b import c",
        "if TYPE_CHECKING:\n    from a.b import c",
        "importlib.import_module('a.b')",
        "load('..b', package=__package__)",
        "import_module(name='a.b')",
    ],
)
def test_every_way_to_import_is_seen(text):
    modules = dict.fromkeys(("a", "a.b", "a.c", "a.c.d"))
    assert imports_of(text, "a.c.d", modules) - {"a"} == {"a.b"}


@pytest.mark.parametrize(
    "text",
    [
        "import a.b",
        "cimport a.b",
        "from a.b import (  # c\n    c,\n    d)\nx = 1",
        "cdef int x\ndef f(double y):\n    from a.b cimport c  # d",
        "x = 1; from a import b",
        'cdef int x\ninclude "b.pxi"',
    ],
)
def test_every_way_to_import_in_cython_is_seen(text):
    modules = dict.fromkeys(("a", "a.b", "a.c"))
    assert imports_of(imports_in_cython(text, "a"), "a.c", modules) - {"a"} == {"a.b"}


def test_the_checks_find_what_they_must():
    places_ = {"a": (1, "a"), "b": (2, "b"), "b.c": (3, "b.c + d"), "d": (3, "b.c + d")}
    up = {"a": {"b.d"}, "b.d": {"a"}, "b.c.e": {"b.d", "d"}, "d": {"b.c.e"}}
    assert wrong_ways(up, places_) == ["a (floor 1) imports b.d (floor 2)"]
    assert circles(up) == ["a -> b.d -> a", "b.c.e -> d -> b.c.e"]
    assert circles({"a": {"b"}, "b": set()}) == []
    text = "| 2 | `b/` + `c.py`, `b/__init__.py` | x |\n| 1 | `b/d.pyx` | y |"
    assert places(text) == {
        "b": (2, "`b/__init__.py`"), "c": (2, "`b/` + `c.py`"), "b.d": (1, "`b/d.pyx`"),
    }  # fmt: skip


# What `nn` may import of `autograd`: all else is private to it.
OPEN_TO_NN = {
    "autograd",
    "autograd.errors",
    "autograd.calculus.formula",  # whether a rule takes a sequence
    "autograd.export.javascript_printer",  # rules and updates for pages that train
    "autograd.functions",
    "autograd.ops",
    "autograd.checking.gradient_check",  # gradients by `backward` that are put back
    "autograd.engines.numbers",  # a Value or a number as a float, or as a Value
    "autograd.expressions.parser",  # which operations a text may name
    "autograd.programs.dialects",  # the words of JAX and PyTorch
    "autograd.programs.formula_arrays",  # an activation as a function of arrays
    "autograd.programs.onnx_graph",  # an ONNX graph in the making
    "autograd.programs.onnx_program",  # operations as nodes of it
    "autograd.programs.tracing_calls",  # what a function computes, as a tape to compare
    "autograd.support.arguments",  # numbers, lists and names as users give them
    "autograd.support.modes",  # whether operations are recorded
    "autograd.support.public_names",  # names that are loaded when they are asked for
    "autograd.support.structures",  # the leaves of nested lists, tuples and dicts
    "autograd.support.tables",  # tables of pandas and polars
    "autograd.support.tracing",  # whether a trace is on, and checks before its replay
    "autograd.visual.graph.raster",  # an SVG as PNG
    "autograd.visual.graph.still_picture",  # a picture that is one SVG
    "autograd.visual.page",  # whole pages, frames in notebooks, and what is safe to stand in them
    "autograd.visual.themes",  # the colours of what a page or a picture of a network shows
    "autograd.visual.texts",  # texts of users made safe to show
}
# The compiled formulas read and write the numbers of all parameters at once.
COMPILED = {
    "nn._updates": {"autograd.engines.compiled"},
    "nn.command.cli": {"autograd.engines.compiled"},  # whether it is built, for `--version`
}


def test_nn_uses_no_private_module_of_autograd():
    found = [
        f"{module} imports {other}, which is private to autograd"
        for module, imported in GRAPH.items()
        for other in sorted(imported - OPEN_TO_NN - COMPILED.get(module, set()))
        if module.startswith("nn") and other.startswith("autograd")
    ]
    assert found == [], told(found)
    used = {other for module in GRAPH if module.startswith("nn") for other in GRAPH[module]}
    assert OPEN_TO_NN - used == set()  # the list is as short as it can be


def private_names(path):
    """The attributes with an underscore that a file reads or sets, and those that it makes."""
    used, made = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and re.match("_[a-z]", node.attr):
            used.add(node.attr)
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                made.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.add(node.id)
    return used, made


def test_nn_uses_no_private_attribute_of_autograd():
    files = [path for paths in MODULES.values() for path in paths if path.suffix == ".py"]
    of = {package: [p for p in files if p.is_relative_to(ROOT / package)] for package in PACKAGES}
    theirs = set().union(*(set().union(*private_names(path)) for path in of["autograd"]))
    own = set().union(*(private_names(path)[1] for path in of["nn"]))
    for path in of["nn"]:
        assert private_names(path)[0] & theirs - own - {"_getframe", "_replace"} == set(), path


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_called_like_a_public_name(package):
    """It would take the name's place once it is imported."""
    public = sys.modules.get(package) or __import__(package)
    names = set(public.__all__)
    own = {name.rpartition(".")[2] for name in MODULES if name.startswith(f"{package}.")}
    meant = {name for name in names if f"{package}.{name}" in MODULES}
    assert own & (names - meant) == set()
