"""Every example in the documentation computes what it shows."""

import ast
import doctest
import importlib.util
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(__file__).parents[1]
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


@pytest.mark.parametrize("page", ["README.md", "docs/terms.md"])
def test_examples_in_pages(page, tmp_path, monkeypatch):
    text = (ROOT / page).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    blocks = "\n".join(
        block.removeprefix("python").strip()
        for block in text.split("```")[1::2]
        if block.startswith("python") and ">>>" in block
    )
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    test = parser.get_doctest(blocks, {}, page, page, 0)
    assert runner.run(test, clear_globs=False).failed == 0
    assert (">>>" in text) is bool(test.examples)
    for code in codes_of_tables(text):
        check(code, test.globs)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "benchmarks/README.md",
        "docs/gallery.md",
        "docs/terms.md",
        "docs/cheat_sheet.md",
        "docs/teaching.md",
    ],
)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    named = re.findall(r"`((?:autograd|nn|tests|benchmarks|docs)/[\w/.]+)`", text)
    assert [x for x in targets if not (ROOT / page).parent.joinpath(x).exists()] == []
    assert [x for x in named if not (ROOT / x).exists()] == []


def check(code, names):
    """The names of a table are defined above it, and its calls run or could."""
    call = ast.parse(code, mode="eval").body
    if code.startswith("nn."):  # these take their time, and have tests of their own
        function, *arguments = [
            eval(ast.unparse(part), names)  # noqa: S307 - our own README
            for part in (call.func, *call.args)
        ]
        inspect.signature(function).bind(*arguments)
    elif "torch" not in code or importlib.util.find_spec("torch"):
        eval(code, names)  # noqa: S307


def codes_of_tables(text):
    """The Python expressions in the first cells of the tables."""
    for cell in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE):
        for code in re.findall("`(.+?)`", cell):
            try:
                ast.parse(code, mode="eval")
            except SyntaxError:
                continue  # a command or a variable of the shell
            if code.isidentifier() or "(...," in code:
                continue
            yield code
