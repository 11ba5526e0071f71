"""Every example in the documentation computes what it shows."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import autograd
import nn

README = Path(__file__).parents[1] / "README.md"
MODULES = [
    module.name
    for package in (autograd, nn)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if module.name != "nn.__main__"  # running it is its whole content
]


@pytest.mark.parametrize("name", ["autograd", "nn", *MODULES])
def test_examples_in_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_docstrings_have_examples():
    finder = doctest.DocTestFinder()
    examples = [
        example
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        for example in test.examples
    ]
    assert len(examples) > 20


def test_examples_in_the_readme(tmp_path, monkeypatch):
    text = README.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    blocks = "\n".join(
        block.removeprefix("python").strip()
        for block in text.split("```")[1::2]
        if block.startswith("python") and ">>>" in block
    )
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    test = parser.get_doctest(blocks, {}, "README.md", str(README), 0)
    assert runner.run(test).failed == 0
    assert (">>>" in text) is bool(test.examples)
