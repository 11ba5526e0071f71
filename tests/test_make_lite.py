"""The notebooks as a static site: built, opened in a browser, run there with no other server."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "docs" / "make_lite.py"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NEEDED = ("build", "jupyter_server", "jupyterlite_core", "jupyterlite_pyodide_kernel")
MISSING = [name for name in NEEDED if find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SCRIPT.exists(), reason="the source tree is not beside the tests"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium was not found"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm was not found"),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
]
WAIT = 600_000  # milliseconds: only a hang takes longer


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where the site is served, as any server of files would."""
    site = tmp_path_factory.mktemp("lite") / "site"
    subprocess.run([sys.executable, SCRIPT, site], check=True, timeout=1200)
    handler = functools.partial(Silent, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(browser, address):
    """A visitor; whatever is asked of another server, from workers too, fails the test."""
    context, elsewhere = browser.new_context(viewport={"width": 1200, "height": 9000}), []
    context.set_default_timeout(WAIT)
    near = (f"{address}/", "data:", "blob:", "about:")
    context.on("request", lambda r: r.url.startswith(near) or elsewhere.append(r.url))
    yield context
    context.close()
    assert elsewhere == []


def ran(context, address, name):
    """The page of a notebook all of whose cells have run, and the outputs of each cell."""
    page = context.new_page()
    page.goto(f"{address}/lab/index.html?path={name}.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    # Each cell waits as [*], then has its number; cells below a mistake would stay [ ].
    page.wait_for_function(
        """() => {
            const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")];
            const idle = document.querySelector("[data-status=idle]");
            return idle && prompts.length && prompts.every(x => !x.textContent.includes("*"));
        }"""
    )
    folder = os.environ.get("CHAINRULE_ARTEFACTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"lite-{name}.png")
    return page


def prompts(page):
    return page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()


def errors(page):
    found = page.locator("[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText")
    return [text for text in found.all_inner_texts() if "Error" in text or "Warning" in text]


def test_the_tour_runs(context, address):
    page = ran(context, address, "tour")
    assert prompts(page) == [f"[{i}]:" for i in range(1, 7)]
    assert errors(page) == []
    shown = page.locator(".jp-OutputArea-output").all_inner_texts()
    assert "[-4.0, -4.0, 3.0] [-4.0, -4.0, 3.0]\n" in shown
    assert shown[-1].startswith("pictures of training need matplotlib")
    assert "nn.playground do without" in shown[-1]
    assert any("accuracy" in text and "100%" in text for text in shown)
    assert page.locator(".jp-OutputArea-output svg, .jp-OutputArea-output iframe").count() >= 3


def test_seeing_gradients_runs(context, address):
    page = ran(context, address, "seeing_gradients")
    numbers = prompts(page)
    assert numbers == [f"[{i}]:" for i in range(1, len(numbers) + 1)]
    assert errors(page) == []
    shown = page.locator(".jp-OutputArea-output").all_inner_texts()
    [needs_matplotlib] = [text for text in shown if "matplotlib" in text]
    assert needs_matplotlib.startswith("pictures of training need matplotlib")
    frames = page.locator(".jp-OutputArea-output svg, .jp-OutputArea-output iframe")
    assert frames.count() >= 10


def test_python_there_is_what_the_readme_says(context, address):
    page = context.new_page()
    code = "import%20sys,%20autograd;%20print(autograd.engine,%20sys.version_info[:2])"
    page.goto(f"{address}/repl/index.html?kernel=python&execute=1&code={code}")
    page.get_by_text("pure (3, 14)").wait_for()
