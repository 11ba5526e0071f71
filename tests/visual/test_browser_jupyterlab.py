"""Pictures, players and explanations in JupyterLab, Notebook 7 and exported pages.

A server is started for real and read in a real browser. Screenshots are kept in
the directory that CHAINRULE_ARTEFACTS names.
"""

# ruff: noqa: RUF001 - mathematics has signs of its own

import base64
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from autograd import Value, play

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
nbformat = pytest.importorskip("nbformat", reason="needs nbformat")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = [name for name in ("jupyterlab", "nbclient", "nbconvert") if find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium was not found"),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
    pytest.mark.filterwarnings("default"),  # what Jupyter's own packages warn of is not ours
]

CELLS = [
    """\
import nn
from autograd import Value, draw, explain, play

x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
f = (x + y) * z
f.label = "f"
f.backward()
draw(f)""",
    "play(f)",
    "explain(f, x)",
    """\
model = nn.MLP(2, [3, 1], activation="sigmoid", generator=0)
loss = nn.squared_error(model([1.0, 1.0]), 0.0)
loss.label = "L"
loss.backward()
draw(loss, collapse=None)""",
]
WHOLE = "html => html.scrollWidth <= innerWidth && html.scrollHeight <= innerHeight"
PICTURES = 3  # of the four outputs: the explanation is a text
TIMES, MINUS = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"
LEAVES = ["x", "−2", "−4", "y", "5", "−4", "z", "−4", "3"]
SHOWN = [*LEAVES, "+", "v₁", "3", "−4", TIMES, "f", "−12", "1"]
WAIT = 300_000  # milliseconds, for the slowest of machines

# Errors in scripts of Jupyter itself, and what exported pages fetch from elsewhere.
THEIRS = re.compile(r"https?://\S+/static/|https://cdnjs\.cloudflare\.com/")
NEAR = re.compile(r"(about|blob|data|file):|http://(localhost|127\.0\.0\.1):")


# --- a notebook, a server and a browser -------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("jupyter")


@pytest.fixture(scope="module")
def executed(folder):
    """The notebook after its cells have run; also saved as trusted, untrusted and fresh."""
    from nbclient import NotebookClient
    from nbformat.sign import NotebookNotary

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    nbformat.write(notebook, notebooks / "fresh.ipynb")
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": notebooks}}).execute()
    nbformat.write(notebook, notebooks / "untrusted.ipynb")
    # A signature is of the content: one comment makes this another notebook.
    trusted = nbformat.from_dict(notebook)
    trusted.cells[0].source += "  # trusted"
    nbformat.write(trusted, notebooks / "trusted.ipynb")
    (folder / "data").mkdir()
    NotebookNotary(data_dir=str(folder / "data")).sign(trusted)
    return notebook


@pytest.fixture(scope="module")
def server(folder, executed):
    """The address and the token of a JupyterLab of our own."""
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    for name, content in {
        "themes": {"adaptive-theme": True},
        "notification": {"fetchNews": "false", "checkForUpdates": False},
    }.items():
        (settings / f"{name}.jupyterlab-settings").write_text(json.dumps(content))
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    token = secrets.token_hex(16)
    options = [f"--IdentityProvider.token={token}", f"--ServerApp.port={free_port()}"]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *options]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder / "notebooks",
            env=os.environ | {variable: str(folder / name) for variable, name in places.items()},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield address_of(process, folder), token
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def address_of(process, folder):
    """What the server itself says, once it listens."""
    said = folder / "runtime" / f"jpserver-{process.pid}.json"
    until = time.monotonic() + 600
    while time.monotonic() < until and process.poll() is None:
        try:
            return json.loads(said.read_text())["url"]
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.05)
    pytest.fail("JupyterLab did not start:\n" + (folder / "server.log").read_text()[-3000:])


@pytest.fixture(scope="module")
def context(folder):
    """One browser for all tests: it keeps what it has loaded of JupyterLab."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": 1200, "height": 2100}, reduced_motion="reduce"
        )
        context.set_default_timeout(WAIT)
        yield context
        browser.close()


@pytest.fixture
def page(context):
    """A page; errors in it and requests of it, other than Jupyter's own, fail the test."""
    page, complaints = context.new_page(), []

    def complain(text):
        if not THEIRS.search(text):
            complaints.append(text)

    page.on(
        "console",
        lambda message: message.type == "error" and complain(f"{message.text} {message.location}"),
    )
    page.on("pageerror", lambda error: complain(f"{error} {error.stack}"))
    page.on("request", lambda request: NEAR.match(request.url) or complain(request.url))
    page.on("dialog", lambda dialog: (complain(dialog.message), dialog.dismiss()))
    page.route("https://**", lambda route: route.abort())
    yield page
    page.close(run_before_unload=False)
    assert complaints == []


@pytest.fixture
def keep(page, tmp_path):
    """Keep a screenshot of the page under a name."""
    folder = Path(os.environ.get("CHAINRULE_ARTEFACTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return lambda name: page.screenshot(path=folder / f"{name}.png")


# --- what a reader sees -----------------------------------------------------------------


def outputs(page):
    """The four outputs, once they are there."""
    areas = page.locator(".jp-OutputArea-output")
    sync_api.expect(areas).to_have_count(len(CELLS), timeout=WAIT)
    return areas


def kinds_visible(page):
    """The kinds of picture that can be seen in each output."""
    return outputs(page).evaluate_all(
        """areas => areas.map(area => [...area.querySelectorAll("iframe, img, svg")]
            .filter(one => one.checkVisibility() && one.getBoundingClientRect().height > 0)
            .map(one => one.localName))"""
    )


def check_seen_once(page, kind):
    """Each picture can be seen as `kind`, and in no other way."""
    wanted = [[kind], [kind], [], [kind]]
    assert eventually(lambda: kinds_visible(page), wanted), kinds_visible(page)


def frame(page, number):
    return outputs(page).nth(number).locator("iframe").content_frame


def check_frames(page):
    """Live pictures: seen once, with the right numbers, whole and not blurred; a player works."""
    check_seen_once(page, "iframe")
    drawn = frame(page, 0).locator("main > svg")
    assert sorted(drawn.locator("text").all_text_contents()) == sorted(SHOWN)
    assert eventually(
        lambda: drawn.evaluate("svg => svg.clientWidth / svg.viewBox.baseVal.width"),
        pytest.approx(1),  # as large as it was drawn
    )
    for number in (0, 3):
        assert inside(frame(page, number).locator("main > svg > rect"), page, number)
    assert frame(page, 1).locator("html").evaluate(WHOLE)
    check_explanation(page)
    check_player(frame(page, 1))


def eventually(look, wanted):
    """Whether `look` gives what is `wanted`, now or soon."""
    until = time.monotonic() + WAIT / 1000
    while (seen := look()) != wanted and time.monotonic() < until:
        time.sleep(0.02)
    return seen == wanted


def inside(picture, page, number):
    """Whether all of `picture` is within its frame."""
    inner = picture.bounding_box()
    outer = outputs(page).nth(number).locator("iframe").bounding_box()
    return (
        outer["x"] - 1 <= inner["x"]
        and outer["y"] - 1 <= inner["y"]
        and inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1
        and inner["y"] + inner["height"] <= outer["y"] + outer["height"] + 1
    )


def check_player(player):
    """Forward q and f, backward f, then f's operands, then those of the sum: by hand."""

    def numbers(name):
        box = player.locator(".box", has=player.locator(f'text.name:text-is("{name}")'))
        return [box.locator(row).text_content() for row in (".data", ".gradient")]

    assert numbers("f") == ["—", "—"]
    steps = [("f", ["—", "—"]), ("f", ["−12", "—"]), ("f", ["−12", "1"]), ("z", ["−4", "3"])]
    for name, shown in [*steps, ("x", ["−2", "−4"])]:
        player.locator("#next").click()
        assert numbers(name) == shown
    assert player.locator("#next").is_disabled()
    player.locator("#first").click()
    assert numbers("x") == ["−2", "—"]


def check_stills(page):
    """Still pictures: each seen once, sharp, with the right numbers."""
    check_seen_once(page, "img")
    for number in range(2):
        assert sorted(still_texts(page, number)) == sorted(SHOWN)
    assert "run the cell, or trust the notebook" in outputs(page).nth(1).inner_text()
    loaded = "images => images.filter(image => image.complete && image.naturalWidth > 100).length"
    assert eventually(lambda: outputs(page).locator("img").evaluate_all(loaded), PICTURES)
    check_explanation(page)


def still_texts(page, number):
    source = outputs(page).nth(number).locator("img").get_attribute("src")
    svg = base64.b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode()
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def check_explanation(page):
    words = outputs(page).nth(2)
    assert words.is_visible()
    assert f"∂f/∂x = {MINUS}4" in words.inner_text()


@pytest.mark.parametrize("width", [420, 640, 760])
def test_a_player_shows_all_its_buttons_in_a_narrow_output(page, keep, width):
    a = Value(3.0, "a")
    b = a + a
    page.set_viewport_size({"width": width, "height": 680})
    page.set_content(play(b + b, bugs="no_topological_order")._repr_mimebundle_()["text/html"])
    html = page.locator("iframe").content_frame.locator("html")
    html.locator("#last").click()
    assert html.evaluate(WHOLE)
    keep(f"player_{width}")


# --- JupyterLab and Notebook 7 ------------------------------------------------------------


def test_run_all_in_jupyterlab(page, server, keep):
    """Executed through the menu: what has just run is trusted."""
    address, token = server
    page.goto(f"{address}lab/workspaces/run/tree/fresh.ipynb?token={token}")
    assert eventually(lambda: connections(page, server), 1)  # else it asks which kernel to start
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    check_frames(page)
    keep("jupyterlab_light")
    page.emulate_media(color_scheme="dark")
    page.locator('body[data-jp-theme-light="false"]').wait_for(state="attached")
    check_frames(page)
    background = "body => getComputedStyle(body).backgroundColor"
    for number in (0, 1, 3):
        assert brightness(frame(page, number).locator("body").evaluate(background)) < 0.3
    keep("jupyterlab_dark")


def connections(page, server):
    address, token = server
    sessions = page.request.get(f"{address}api/sessions?token={token}").json()
    return sum(session["kernel"]["connections"] for session in sessions)


def brightness(colour):
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3 / 255


def test_an_untrusted_notebook_in_jupyterlab(page, server, keep):
    address, token = server
    page.goto(f"{address}lab/workspaces/untrusted/tree/untrusted.ipynb?token={token}")
    check_stills(page)
    keep("jupyterlab_untrusted")


@pytest.mark.skipif(find_spec("notebook") is None, reason="needs notebook")
@pytest.mark.parametrize("trust", ["trusted", "untrusted"])
def test_notebook_7(page, server, keep, trust):
    address, token = server
    page.goto(f"{address}notebooks/{trust}.ipynb?token={token}")
    if trust == "trusted":
        check_frames(page)
    else:
        check_stills(page)
    keep(f"notebook_7_{trust}")


# --- exported pages -------------------------------------------------------------------------


def exported(notebook, folder):
    """The address of the page that ``nbconvert --to html`` makes."""
    from nbconvert import HTMLExporter

    path = folder / "exported.html"
    path.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
    return path.as_uri()


def test_an_exported_page(page, executed, tmp_path, keep):
    page.goto(exported(executed, tmp_path))
    check_frames(page)
    keep("nbconvert")


def test_a_viewer_that_cuts_scripts_frames_and_styles(page, executed, tmp_path, keep):
    """As code hosts do, which cut attributes too."""
    from bs4 import BeautifulSoup

    notebook = nbformat.from_dict(executed)
    for cell in notebook.cells:
        soup = BeautifulSoup(cell.outputs[0].data["text/html"], "html.parser")
        for element in soup.find_all(["script", "iframe", "style"]):
            element.decompose()
        for element in soup.find_all():
            element.attrs = {k: v for k, v in element.attrs.items() if k in ("src", "alt")}
        cell.outputs[0].data["text/html"] = str(soup)
    page.goto(exported(notebook, tmp_path))
    check_stills(page)
    keep("sanitised")


def test_a_viewer_that_shows_no_html(page, executed, tmp_path, keep):
    notebook = nbformat.from_dict(executed)
    for cell in notebook.cells:
        del cell.outputs[0].data["text/html"]
    page.goto(exported(notebook, tmp_path))
    check_seen_once(page, "img")
    assert sorted(still_texts(page, 0)) == sorted(SHOWN)
    keep("svg_only")
