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


def floors(text):
    """The rooms of the map, from the lowest floor up: names of packages and modules."""
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", text, re.MULTILINE)
    found = {}
    for floor, rooms in rows:
        for room in re.findall(r"`([\w/]+)(?:\.py|/)`", rooms):
            found[room.removesuffix("/__init__").replace("/", ".")] = int(floor)
    return found


def room_of(module, rooms):
    """The innermost room that a module lies in."""
    return max((room for room in rooms if f"{module}.".startswith(f"{room}.")), key=len)


def wrong_ways(graph, rooms):
    """Imports that run up, or across to another room of the same floor."""
    found = []
    for module, imported in graph.items():
        for other in sorted(imported):
            here, there = room_of(module, rooms), room_of(other, rooms)
            if here != there and rooms[there] >= rooms[here]:
                found.append(
                    f"{module} (floor {rooms[here]}) imports {other} (floor {rooms[there]})"
                )
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
ROOMS = floors((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


def test_imports_go_downwards():
    assert wrong_ways(GRAPH, ROOMS) == []


def test_there_is_no_circle_of_imports():
    assert circles(GRAPH) == []


def test_every_module_is_on_the_map():
    assert {room for room in ROOMS if room not in MODULES and room != "autograd.programs"} == set()
    assert all(room_of(module, ROOMS) != "autograd" or module == "autograd" for module in MODULES)


def test_the_checks_find_what_they_must():
    rooms = {"a": 1, "b": 2, "b.c": 3}
    up = {"a": {"b.d"}, "b.d": {"a"}, "b.c.e": {"b.d"}}
    assert wrong_ways(up, rooms) == ["a (floor 1) imports b.d (floor 2)"]
    assert circles(up) == ["a -> b.d -> a"]
    assert circles({"a": {"b"}, "b": set()}) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_called_like_a_public_name(package):
    """It would take the name's place once it is imported."""
    public = sys.modules.get(package) or __import__(package)
    names = set(public.__all__)
    own = {name.rpartition(".")[2] for name in MODULES if name.startswith(f"{package}.")}
    meant = {name for name in names if f"{package}.{name}" in MODULES}
    assert own & (names - meant) == set()
