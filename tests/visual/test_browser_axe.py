"""axe finds nothing in our pages that stands in the way of a screen reader or a keyboard."""

import shutil

import pytest

import nn
from autograd import Value, draw, play

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium was not found"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def pages():
    x, w = Value(0.7, "x"), Value(-0.8, "w")
    out = (x * w + x).tanh()
    out.backward()
    model = nn.MLP(2, [3, 1], activation="tanh", generator=1)
    loss = nn.squared_error(model([0.5, -1.0]), 1.0)
    return {
        "chain": play(out),
        "network": play(loss),
        "mistake": play(out, bugs="overwrite"),
        "quiz": play(out, quiz=True),
        "drawing": draw(out),
        "network drawn": nn.network(model),
        "playground": nn.playground(),
        "film drawn": nn.film(trained(model), model, [[0.0, 1.0], [1.0, 1.0]]),
        "descent drawn": nn.descend(
            lambda x, y: x * x + y * y, (1.0, 2.0), {"SGD": lambda p: nn.SGD(p, 0.1)}, steps=5
        ),
    }


def trained(model):
    X, y = [[0.0, 1.0], [1.0, 1.0]], [1.0, 0.0]
    optimizer = nn.SGD(model.parameters(), 0.1)
    return nn.fit(model, X, y, nn.squared_error, optimizer, 2, record=True, progress=False)


def found(page):
    results = axe.Axe().run(page).response["violations"]
    return {each["id"]: [node["html"][:120] for node in each["nodes"][:3]] for each in results}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 390])
@pytest.mark.parametrize("name", pages())
def test_nothing_stands_in_the_way(browser, tmp_path, name, width, scheme):
    shown = pages()[name]
    path = shown.save(tmp_path / "page.html")
    context = browser.new_context(
        viewport={"width": width, "height": 640}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(path.as_uri())
    assert found(page) == {}
    if name == "playground":
        page.click("#epoch")
        page.locator("#circles button.neuron").first.click()
        assert found(page) == {}
        page.locator("#panel tbody button").first.click()
        page.click("#python summary")
        assert found(page) == {}
    elif "draw" not in name:
        page.keyboard.press("End")
        assert found(page) == {}
        page.locator(".box").first.click()
        assert found(page) == {}
    context.close()
