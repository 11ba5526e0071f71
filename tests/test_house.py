"""Folders are wings: imports go downwards only, as the map in CONTRIBUTING.md says."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("autograd", "nn")


def modules_of(root):
    """Every module of the packages by its dotted name, those to be compiled too."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py*")):
            if path.suffix in (".py", ".pyx"):
                parts = path.relative_to(root).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(path, modules):
    """The modules that a file imports, anywhere in it: in functions and for annotations too."""
    if path.suffix == ".pyx":
        rooms = [path, *sorted(path.parent.rglob("*.pxi"))]
        lines = "\n".join(room.read_text(encoding="utf-8") for room in rooms)
        statements = re.findall(
            r"^[ \t]*(from [\w.]+ import (?:\([^)]*\)|.*))$", lines, re.MULTILINE
        )
        tree = ast.parse("\n".join(statements))
    else:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules.keys()
            if {name for name in names if name not in modules}:
                found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {x.value for x in node.args if isinstance(x, ast.Constant)}
    return found & modules.keys()


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
GRAPH = {name: imports_of(path, MODULES) for name, path in MODULES.items()}
MAP = places((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


def test_imports_go_downwards():
    assert wrong_ways(GRAPH, MAP) == []


def test_there_is_no_circle_of_imports():
    assert circles(GRAPH) == []


def test_every_module_is_on_the_map():
    assert [place for place in MAP if place not in MODULES] == []
    unknown = [module for module in MODULES if place_of(module, MAP) in PACKAGES]
    assert unknown == list(PACKAGES)


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
    "autograd.functions",
    "autograd.checking.gradient_check",  # gradients by `backward` that are put back
    "autograd.engines.numbers",  # a Value or a number as a float, or as a Value
    "autograd.expressions.parser",  # which operations a text may name
    "autograd.support.arguments",  # numbers, lists and names as users give them
    "autograd.support.modes",  # whether operations are recorded
    "autograd.support.structures",  # the leaves of nested lists, tuples and dicts
    "autograd.visual.page",  # whole pages, frames in notebooks, and what is safe to stand in them
    "autograd.visual.texts",  # texts of users made safe to show
}
# The compiled formulas read and write the numbers of all parameters at once.
COMPILED = {"nn._updates": {"autograd.engines.compiled"}}


def test_nn_uses_no_private_module_of_autograd():
    for module, imported in GRAPH.items():
        if module.startswith("nn"):
            used = {other for other in imported if other.startswith("autograd")}
            assert used - OPEN_TO_NN - COMPILED.get(module, set()) == set(), module
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
    files = [path for module, path in MODULES.items() if path.suffix == ".py"]
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
