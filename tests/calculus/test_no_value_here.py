"""The calculus knows formulas and numbers: of Values, nodes and graphs it knows nothing."""

import ast
from pathlib import Path

import pytest

import autograd

ROOM = sorted((Path(autograd.__file__).parent / "calculus").glob("*.py"))
OF_VALUES = {"Value", "Node", "apply", "parents", "grad", "_data", "requires_grad"}


@pytest.mark.parametrize("path", ROOM, ids=lambda path: path.stem)
def test_a_file_knows_no_value(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported, words = set(), set()
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=module, names=names):
                imported |= {f"{module}.{alias.name}" for alias in names}
            case ast.Import(names=names):
                imported |= {alias.name for alias in names}
            case ast.Name(id=word) | ast.Attribute(attr=word):
                words.add(word)
    ours = {name for name in imported if name.startswith(("autograd", "nn"))}
    below = ("autograd.ops", "autograd.errors", "autograd.calculus.")
    assert {name for name in ours if not name.startswith(below)} == set()
    assert words & OF_VALUES == set()
