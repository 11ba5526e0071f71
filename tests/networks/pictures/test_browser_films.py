"""Films in a real browser: the slider, the keys, and numbers that are those of Python."""

# ruff: noqa: RUF001 - mathematics has signs of its own

import os
import shutil
from pathlib import Path

import pytest

import nn

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium was not found"),
]
LOSS = nn.binary_cross_entropy_with_logits


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path, request):
    """Opens a film; afterwards there was no error and no request, and a picture is kept."""
    opened = []

    def opening(film, width=1000, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 760}, color_scheme=scheme)
        page = context.new_page()
        errors, requests = [], []
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(film.save(tmp_path / "film.html").as_uri())
        opened.append((page, errors, requests, context))
        return page

    yield opening
    kept = os.environ.get("CHAINRULE_ARTEFACTS")
    for number, (page, errors, requests, context) in enumerate(opened):
        if kept:
            folder = Path(kept) / "films"
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{request.node.name}-{number}.png", full_page=True)
        assert errors == []
        assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
        context.close()


def descent(steps=30):
    return nn.descend(
        lambda x, y: x * x + 10.0 * y * y,
        (-2.0, 1.0),
        {"SGD": lambda p: nn.SGD(p, 0.03), "momentum": lambda p: nn.SGD(p, 0.02, momentum=0.8)},
        steps,
    )


def number_in(text):
    return float(text.replace("−", "-"))


def test_the_slider_and_the_keys_go_to_a_moment(show):
    page = show(descent())
    assert page.inner_text("#moment") == "step 0"
    page.keyboard.press("End")
    assert page.inner_text("#moment") == "step 30"
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#moment") == "step 29"
    page.locator("#scrub").fill("12")
    assert page.inner_text("#moment") == "step 12"
    page.click("#onward")
    assert page.inner_text("#moment") == "step 13"
    page.click("#back")
    page.click("#back")
    assert page.inner_text("#moment") == "step 11"


def test_the_numbers_are_those_of_the_optimiser(show):
    page = show(descent())
    x, y = -2.0, 1.0
    for step in range(8):
        said = page.locator(".legend b").all_inner_texts()
        at = [number_in(part) for part in said[0].strip("()").split(", ")]
        assert at == pytest.approx([x, y], rel=6e-3)
        assert number_in(said[2]) == pytest.approx(x * x + 10 * y * y, rel=6e-3)
        assert page.inner_text("#moment") == f"step {step}"
        x, y = x - 0.03 * 2 * x, y - 0.03 * 20 * y
        page.keyboard.press("ArrowRight")


def test_it_plays_to_its_end_and_stops(show):
    page = show(descent(8))
    page.select_option("#speed", "40")
    page.click("#play")
    sync_api.expect(page.locator("#moment")).to_have_text("step 8")
    sync_api.expect(page.locator("#play")).to_have_text("Play")
    page.locator("h1").click()
    page.keyboard.press(" ")
    sync_api.expect(page.locator("#play")).to_have_text("Pause")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [600, 1000, 1920, 390])
def test_films_and_comparisons_fit_the_window(show, width, scheme):
    X, y = nn.data.moons(30, noise=0.1, seed=0)
    histories, models = {}, {}
    for name, activation in (("sigmoid", "sigmoid"), ("tanh", "tanh")):
        model = models[name] = nn.MLP(2, [6, 6, 1], activation, generator=1)
        optimizer = nn.SGD(model.parameters(), 0.3)
        histories[name] = nn.fit(model, X, y, LOSS, optimizer, 5, record=True, progress=False)
    film = show(nn.film(histories, models, X), width, scheme)
    comparison = show(nn.compare(histories, models["tanh"], X, y, LOSS), width, scheme)
    for page in (film, comparison):
        page.keyboard.press("End")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    layer = histories["sigmoid"].layers["layers.0"]
    said = film.locator(".layer p").first.inner_text()
    assert number_in(said.split()[2].rstrip(",")) == pytest.approx(
        layer.mean_gradient[-1], rel=6e-2
    )
    assert film.locator(".units span").count() == 2 * 12
    assert comparison.locator("section").count() == 4
