"""The pages on the doors compute what they show."""

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[3] / "docs" / "doors"
if not PAGES.exists():
    pytest.skip("the source tree is not beside the tests", allow_module_level=True)
NEEDED = {
    "pytorch": ["torch"],
    "onnx": ["onnx", "onnxruntime"],
    "jax": ["jax"],
    "scikit-learn": ["sklearn"],
    "safetensors": ["safetensors", "torch"],
    "programs": ["torch", "onnx", "onnxruntime"],
    "scipy": ["scipy", "pandas"],
    "executors": [],
}


@pytest.fixture(autouse=True)
def _jax_as_it_was():
    yield
    if importlib.util.find_spec("jax"):
        import jax

        jax.config.update("jax_enable_x64", False)


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_computes_what_it_shows(page, tmp_path, monkeypatch):
    for package in NEEDED[page.stem]:
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    test = doctest.DocTestParser().get_doctest(blocks, {}, page.name, str(page), 0)
    assert len(test.examples) > 5
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(test).failed == 0


def test_every_door_has_a_page():
    assert {page.stem for page in PAGES.glob("*.md")} == NEEDED.keys()


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    prose = "".join(page.read_text(encoding="utf-8").split("```")[::2])
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", prose)
    assert [target for target in targets if not (PAGES / target).exists()] == []
