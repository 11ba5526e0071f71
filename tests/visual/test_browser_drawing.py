"""Pictures in a real browser: zooming, moving, staying inert, and what notebooks show."""

import re
from pathlib import Path

import pytest

from autograd import Value, draw

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium"),
]

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "</svg><script>alert(1)</script>",
    '" onload="alert(1)',
    "' autofocus onfocus='alert(1)",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "${alert(1)}",
    "</script><script>alert(1)",
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page that fails the test for anything it says, asks of the network or pops up."""
    page = browser.new_page(viewport={"width": 800, "height": 600})
    trouble = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: trouble.append(request.url) if "http" in request.url else 0)
    yield page
    page.close()
    assert trouble == []


def circuit():
    x, y = Value(-2.0, "x"), Value(5.0, "y")
    out = x * y
    out.backward()
    return out


def view(page):
    return [float(number) for number in page.get_attribute("main > svg", "viewBox").split()]


def test_a_picture_is_fitted_zoomed_and_moved(page):
    page.set_content(draw(circuit()).html)
    left, top, width, _ = home = view(page)
    assert width == 800  # one to one, for it is smaller than the window
    page.mouse.move(400, 200)
    page.mouse.wheel(0, -200)
    page.wait_for_function("home => svg.viewBox.baseVal.width < home", arg=width)
    zoomed = view(page)
    # What was under the pointer is still there.
    assert zoomed[0] + zoomed[2] * 400 / 800 == pytest.approx(left + 400)
    assert zoomed[1] + zoomed[3] * 200 / page.evaluate("main.clientHeight") == pytest.approx(
        top + 200
    )
    page.mouse.down()
    page.mouse.move(450, 170)
    page.mouse.up()
    moved = view(page)
    scale = zoomed[2] / 800
    assert moved[0] == pytest.approx(zoomed[0] - 50 * scale)
    assert moved[1] == pytest.approx(zoomed[1] + 30 * scale)
    page.keyboard.press("0")
    assert view(page) == pytest.approx(home)


def test_a_picture_works_by_keyboard_alone(page):
    page.set_content(draw(circuit()).html)
    home = view(page)
    page.keyboard.press("ArrowRight")
    assert view(page)[0] == pytest.approx(home[0] + 40)
    page.keyboard.press("f")
    page.keyboard.press("+")
    assert view(page)[2] == pytest.approx(home[2] / 1.25)
    page.keyboard.press("-")
    assert view(page) == pytest.approx(home)
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "in"
    assert view(page)[2] == pytest.approx(home[2] / 1.25)


def test_a_wide_picture_is_fitted_whole(page):
    out = Value(1.0)
    for _ in range(40):
        out = out.tanh()
    drawing = draw(out)
    page.set_content(drawing.html)
    width = float(re.search(r'width="(\d+)"', drawing.svg)[1])
    assert width > 800
    assert view(page)[2] == pytest.approx(width)


@pytest.mark.parametrize("show", ["page", "notebook"])
def test_hostile_labels_stay_inert(page, show):
    out = sum((Value(1.0, label) for label in HOSTILE), Value(0.0))
    drawing = draw(out, title=HOSTILE[0])
    html = drawing.html if show == "page" else drawing._repr_mimebundle_()["text/html"]
    page.set_content(html)
    frame = page if show == "page" else page.frame_locator("iframe")
    shown = frame.locator("main > svg text").all_text_contents()
    assert [label for label in HOSTILE if label not in shown] == []


def test_a_notebook_shows_the_frame_and_hides_the_still_picture(page):
    # The rule that JupyterLab has for pictures in outputs.
    rule = "<style>.jp-RenderedHTMLCommon img { display: block; }</style>"
    html = draw(circuit())._repr_mimebundle_()["text/html"]
    page.set_content(f'{rule}<div class="jp-RenderedHTMLCommon">{html}</div>')
    assert page.frame_locator("iframe").locator("main > svg").is_visible()
    assert not page.locator("img").is_visible()
    frame = page.locator("iframe").bounding_box()
    drawn = page.frame_locator("iframe").locator("main > svg > rect").bounding_box()
    assert drawn["x"] >= frame["x"]
    assert drawn["y"] >= frame["y"]
    assert drawn["x"] + drawn["width"] <= frame["x"] + frame["width"] + 1
    assert drawn["y"] + drawn["height"] <= frame["y"] + frame["height"]


def test_a_viewer_that_cuts_frames_and_styles_shows_the_still_picture(page):
    """Even beside an output that was not cut."""
    html = draw(circuit())._repr_mimebundle_()["text/html"]
    cut = re.sub(r"<iframe.*?</iframe>|<style>.*?</style>", "", html, flags=re.DOTALL)
    page.set_content(f"<div>{html}</div><div>{cut}</div>")
    whole, still = page.locator("img").all()
    assert not whole.is_visible()
    assert still.is_visible()
    assert still.evaluate("image => image.naturalWidth") > 100
