"""The film and the report in a real browser: they work, ask nothing of anyone, and fall back."""

import re
from pathlib import Path

import pytest

import nn

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium"),
]
HOSTILE = "</script></title><img src=x onerror=alert(1)>\"'&"


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
    page = browser.new_page(viewport={"width": 1000, "height": 640}, reduced_motion="reduce")
    trouble = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: trouble.append(request.url) if "http" in request.url else 0)
    yield page
    page.close()
    assert trouble == []


@pytest.fixture(scope="module")
def trained():
    X, y = nn.data.moons(20, seed=0)
    model = nn.MLP(2, [4, 1], "tanh", generator=0)
    loss = nn.binary_cross_entropy_with_logits
    optimizer = nn.Adam(model.parameters(), 0.1)
    history = nn.fit(model, X, y, loss, optimizer, 4, 8, record=True, progress=False)
    return history, model, X, y, loss


@pytest.fixture(scope="module")
def film(trained):
    history, model, X, y, _ = trained
    film = nn.animate_boundary(model, X, y, history, frames=3, resolution=8)
    return nn.Animation(film.frames, (HOSTILE, *film.captions[1:]), film.size)


@pytest.fixture(scope="module")
def report(trained):
    return nn.report(*trained, title=HOSTILE, settings={HOSTILE: HOSTILE})


def check_film(frame):
    """It comes to rest at its last frame, and goes to any other, by mouse or by keys."""
    picture, slider = frame.locator("img"), frame.locator("#slider")
    sync_api.expect(frame.locator("#play")).to_have_text("Play")
    assert slider.input_value() == "2"
    assert picture.evaluate("image => image.naturalWidth") > 100
    last = picture.get_attribute("src")
    slider.focus()
    slider.press("Home")
    assert picture.get_attribute("alt") == HOSTILE
    assert picture.get_attribute("src") != last
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    frame.locator("#play").click()
    sync_api.expect(frame.locator("#play")).to_have_text("Play")  # after the last frame
    assert (slider.input_value(), picture.get_attribute("src")) == ("2", last)


def test_a_film_is_played_as_a_page_and_in_a_notebook(page, film):
    page.set_content(film.html)
    check_film(page)
    page.set_content(film._repr_mimebundle_()["text/html"])
    check_film(page.frame_locator("iframe"))
    assert page.locator("body > img").is_hidden()


def test_a_report_shows_its_texts_and_pictures_in_the_colours_of_the_reader(page, report):
    page.set_content(report.html)
    assert page.inner_text("h1") == page.title() == HOSTILE
    for picture in page.locator("img").all():
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    colours = (
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert page.evaluate(colours) == ["rgb(255, 255, 255)", "rgb(32, 33, 36)"]
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(colours) == ["rgb(22, 24, 27)", "rgb(232, 234, 237)"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1000


def test_a_notebook_shows_the_report_in_a_frame_without_scripts(page, report):
    page.set_content(f"<div>{report._repr_html_()}</div>")
    assert page.frame_locator("iframe").locator("h1").inner_text() == HOSTILE
    assert page.locator("iframe").bounding_box()["height"] == 700
    assert page.locator("text=writes it").is_hidden()


def test_viewers_that_cut_frames_and_styles_show_what_stands_beside(page, film, report):
    """Even beside outputs that were not cut."""
    whole = [film._repr_mimebundle_()["text/html"], report._repr_html_()]
    cut = [
        re.sub(r"<iframe.*?</iframe>|<style>.*?</style>", "", html, flags=re.DOTALL)
        for html in whole
    ]
    page.set_content("".join(f"<div>{html}</div>" for html in [*whole, *cut]))
    pictures, texts = page.locator("div > img").all(), page.locator("div > p").all()
    assert [picture.is_visible() for picture in pictures] == [False, True]
    assert [text.is_visible() for text in texts] == [False, True]
    assert pictures[1].evaluate("image => image.naturalWidth") > 100
    assert "Report of" in texts[1].inner_text()
