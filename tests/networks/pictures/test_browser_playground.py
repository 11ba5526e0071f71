"""The playground in a real browser: it trains as Python does, and every control does what it says.

Screenshots are kept in the directory that CHAINRULE_ARTEFACTS names.
"""

# ruff: noqa: RUF001 - mathematics has signs of its own

import json
import math
import os
import re
import shutil
from pathlib import Path

import pytest

import nn

sync_api = pytest.importorskip("playwright.sync_api")
WAIT = 300_000  # milliseconds: a busy machine is no failure
sync_api.expect.set_options(timeout=WAIT)
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


@pytest.fixture
def show(browser, tmp_path):
    """Open a playground as a saved page; complaints and requests of the page fail the test."""
    contexts, complaints = [], []

    def opened(playground, **options):
        path = playground.save(tmp_path / "playground.html")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
        page.on(
            "request",
            lambda request: request.url == path.as_uri() or complaints.append(request.url),
        )
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def artefacts(tmp_path):
    folder = Path(os.environ.get("CHAINRULE_ARTEFACTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def small(**options):
    """Everything a playground needs, of which the tests know the numbers."""
    X, y = nn.data.moons(24, 0.15, seed=0)
    model = nn.MLP(2, [3, 2, 1], "tanh", generator=0)
    optimizer = nn.Adam(model.parameters(), 0.03)
    loss = nn.binary_cross_entropy_with_logits
    page = nn.playground(model, X, y, loss, optimizer, batch_size=len(X), **options)
    return page, model, X, y, loss, optimizer


def train(model, X, y, loss, optimizer):
    optimizer.zero_grad()
    value = loss([model(x) for x in X], y)
    value.backward()
    optimizer.step()
    return value.data


def weights(page):
    """All numbers of the page, as it gives them to Python."""
    if page.get_attribute("#python", "open") is None:
        page.click("#python summary")
    sync_api.expect(page.locator("#numbers")).not_to_have_value("")
    return json.loads(page.input_value("#numbers"))


def check_same(found, model):
    expected = model.state_dict()
    assert found.keys() == expected.keys()
    for name, number in expected.items():
        assert math.isclose(found[name], number, rel_tol=1e-12, abs_tol=1e-12), name


def number(text):
    return float(text.replace("−", "-").replace(" %", ""))


def lines(page):
    return page.locator("#lines path:not(.target)").count()


def test_every_step_of_the_page_is_that_of_python(show):
    playground, model, X, y, loss, optimizer = small()
    page = show(playground)
    check_same(weights(page), model)
    for _ in range(5):
        page.click("#step")
        train(model, X, y, loss, optimizer)
        check_same(weights(page), model)
    assert page.inner_text("#steps") == page.inner_text("#epochs") == "5"
    told, accuracy = nn.evaluate(model, X, y, loss)
    assert number(page.inner_text("#loss")) == pytest.approx(told, rel=1e-3)
    assert number(page.inner_text("#accuracy")) == pytest.approx(100 * accuracy, rel=1e-2)


def test_another_learning_rate_counts_from_the_next_step(show):
    playground, model, X, y, loss, optimizer = small()
    page = show(playground)
    page.click("#step")
    train(model, X, y, loss, optimizer)
    page.select_option("#rate", "0.3")
    optimizer.learning_rate = 0.3
    page.click("#step")
    train(model, X, y, loss, optimizer)
    check_same(weights(page), model)


def test_what_was_learned_goes_back_to_python(show):
    playground, model, X, y, loss, _ = small()
    page = show(playground)
    before, _ = nn.evaluate(model, X, y, loss)
    for _ in range(30):
        page.click("#epoch")
    model.load_state_dict(weights(page))
    after, _ = nn.evaluate(model, X, y, loss)
    assert after < before
    assert number(page.inner_text("#loss")) == pytest.approx(after, rel=1e-3)


def test_a_line_tells_its_weight_gradient_update_and_history(show):
    playground, model, X, y, loss, optimizer = small()
    page = show(playground)
    weight = model.layers[1].neurons[1].w[2]
    for _ in range(2):
        page.click("#step")
        before = weight.data
        train(model, X, y, loss, optimizer)
    page.locator("#circles button.neuron").nth(4).click()  # layer 2, neuron 2
    page.locator("#panel tbody button").nth(2).click()
    panel = page.locator("#panel")
    sync_api.expect(panel.locator("h2")).to_have_text(
        "The weight from layer 1, neuron 3 to layer 2, neuron 2"
    )
    told = [number(text) for text in panel.locator("dd").all_inner_texts()]
    assert told == pytest.approx([weight.data, weight.grad, weight.data - before], rel=1e-3)
    assert len(panel.locator("polyline").get_attribute("points").split()) == 3
    page.keyboard.press("Escape")


def test_pointing_at_a_line_shows_it(show):
    playground, model, *_ = small()
    page = show(playground)
    page.locator("#lines .target").nth(0).dispatch_event("pointerenter")
    sync_api.expect(page.locator("#panel h2")).to_have_text(
        "The weight from x₁ to layer 1, neuron 1"
    )
    told = number(page.locator("#panel dd").first.inner_text())
    assert told == pytest.approx(model.layers[0].neurons[0].w[0].data, rel=1e-3)
    assert page.locator("#panel dd").nth(1).inner_text() == "—"  # there was no backward pass
    page.locator("#lines .target").nth(0).dispatch_event("pointerleave")
    sync_api.expect(page.locator("#panel h2")).to_have_count(0)


def test_a_neuron_tells_what_it_computed_in_the_step(show):
    """With the numbers that the step began with, for one sample of the batch."""
    playground, model, X, y, loss, _ = small()
    page = show(playground)
    page.click("#step")
    neuron, row = model.layers[1].neurons[0], 1
    hidden = model.layers[0](X[row])
    z = sum(w * a for w, a in zip(neuron.w, hidden, strict=True)) + neuron.b
    a = z.tanh()
    other = model.layers[1].neurons[1](hidden)
    cost = loss(model.layers[2]([a, other])[0], y[row])
    cost.backward()
    products = [w.data * x.data for w, x in zip(neuron.w, hidden, strict=True)]
    contributions = [w.grad for w in neuron.w]
    expected = [z.data, a.data, a.grad, 1.0 - a.data**2, z.grad]
    model.zero_grad()
    loss([model(x) for x in X], y).backward()
    page.locator("#circles button.neuron").nth(3).click()  # layer 2, neuron 1
    page.click("[aria-label='Sample after']")
    sync_api.expect(page.locator(".chooser span")).to_contain_text("sample 1 (in the last batch)")
    shown = [number(text) for text in page.locator(".equation b").all_inner_texts()]
    assert shown == pytest.approx(expected, rel=1e-3)
    rows = [[cell.inner_text() for cell in tr.locator("td").all()] for tr in
            page.locator("#panel tbody tr").all()]  # fmt: skip
    assert [number(cells[2]) for cells in rows[:-1]] == pytest.approx(products, rel=1e-3)
    assert [number(cells[3]) for cells in rows[:-1]] == pytest.approx(contributions, rel=1e-3)
    gradients = [value.grad for value in [*neuron.w, neuron.b]]
    assert [number(cells[4]) for cells in rows] == pytest.approx(gradients, rel=1e-3)


def test_lines_show_weights_gradients_or_updates(show):
    playground, model, X, y, loss, optimizer = small()
    page = show(playground)
    all_weights = [w for layer in model.layers for neuron in layer.neurons for w in neuron.w]

    def widest():
        return number(page.inner_text("#scale").removeprefix("widest line: "))

    assert widest() == pytest.approx(max(abs(w.data) for w in all_weights), rel=1e-2)
    page.check("[value=gradients]", force=True)
    assert page.inner_text("#scale") == "after the first step"
    page.click("#step")
    before = [w.data for w in all_weights]
    train(model, X, y, loss, optimizer)
    assert widest() == pytest.approx(max(abs(w.grad) for w in all_weights), rel=1e-2)
    page.check("[value=updates]", force=True)
    moved = [abs(w.data - old) for w, old in zip(all_weights, before, strict=True)]
    assert widest() == pytest.approx(max(moved), rel=1e-2)


def test_neurons_and_layers_come_and_go_and_the_rest_keeps_its_numbers(show):
    page = show(small()[0])
    before = weights(page)
    page.click("[aria-label='Put a neuron into layer 1']")
    after = weights(page)
    assert lines(page) == 2 * 4 + 4 * 2 + 2
    assert {name: after[name] for name in before} == before
    page.click("[aria-label='Take a neuron out of layer 1']")
    assert weights(page) == before
    page.click("#more-layers")
    assert lines(page) == 2 * 3 + 3 * 2 + 2 * 2 + 2
    assert page.inner_text("#layer-count") == "3"
    page.click("#step")  # it trains all the same
    assert page.inner_text("#steps") == "1"
    for _ in range(3):
        page.click("#fewer-layers")
    assert lines(page) == 2
    assert page.is_disabled("#fewer-layers")
    page.click("#step")
    page.click("#reset")
    assert weights(page) == before


def test_another_activation_is_that_of_python(show):
    playground, _, X, y, loss, _ = small()
    page = show(playground)
    page.select_option("#activation", "softplus")
    page.click("#step")
    model = nn.MLP(2, [3, 2, 1], "softplus", generator=0)
    train(model, X, y, loss, nn.Adam(model.parameters(), 0.03))
    check_same(weights(page), model)


def test_new_weights_lie_between_minus_one_and_one(show):
    page = show(small()[0])
    before = weights(page)
    page.click("#anew")
    after = weights(page)
    changed = [name for name in before if before[name] != after[name]]
    assert all(".w." in name for name in changed)
    assert len(changed) == 2 * 3 + 3 * 2 + 2
    assert all(-1.0 <= after[name] <= 1.0 for name in changed)


def test_batches_make_the_steps_of_an_epoch(show):
    page = show(small()[0])
    page.select_option("#batch", "5")
    page.click("#epoch")
    assert (page.inner_text("#steps"), page.inner_text("#epochs")) == ("5", "1")  # of 24 samples


def test_noise_moves_the_samples_and_goes_away_again(show):
    page = show(small()[0])
    before = page.inner_text("#loss")
    page.fill("#noise", "30")
    sync_api.expect(page.locator("#loss")).not_to_have_text(before)
    assert page.inner_text("#noise-shown") == "30 %"
    page.fill("#noise", "0")
    sync_api.expect(page.locator("#loss")).to_have_text(before)


def test_it_plays_and_pauses(show):
    page = show(small()[0])
    page.click("#play")
    sync_api.expect(page.locator("#play")).to_have_text("Pause")
    sync_api.expect(page.locator("#steps")).to_have_text(re.compile(r"\d\d+"))
    page.click("#play")
    sync_api.expect(page.locator("#play")).to_have_text("Play")
    steps = page.inner_text("#steps")
    sync_api.expect(page.locator("#said")).to_contain_text(f"Step {steps}, epoch {steps}, loss ")
    page.click("#step")
    assert int(page.inner_text("#steps")) == int(steps) + 1


def test_keys_do_what_the_buttons_do(show):
    page = show(small()[0])
    page.keyboard.press("s")
    assert page.inner_text("#steps") == "1"
    page.keyboard.press("e")
    assert page.inner_text("#epochs") == "2"
    page.keyboard.press("Space")
    sync_api.expect(page.locator("#play")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Space")
    sync_api.expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
    first = page.locator("#circles button.neuron").first
    first.focus()
    page.keyboard.press("Enter")
    sync_api.expect(first).to_have_attribute("aria-pressed", "true")
    assert re.match("layer 1, neuron 1, tanh, bias ", first.get_attribute("aria-label"))


def test_a_step_that_is_not_finite_is_refused_and_said(show):
    X, y = [[1.0], [2.0]], [1.0, 3.0]
    model = nn.MLP(1, [1], generator=0)
    optimizer = nn.SGD(model.parameters(), 1e200)
    page = show(nn.playground(model, X, y, nn.squared_error, optimizer))
    before = weights(page)
    page.click("#step")
    kept = weights(page)
    page.click("#step")
    sync_api.expect(page.locator("#banner")).to_contain_text("nothing was changed")
    assert weights(page) == kept != before
    page.click("#reset")
    sync_api.expect(page.locator("#banner")).to_be_hidden()


def test_hostile_names_do_nothing(show):
    class Table(list):
        columns = ("</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>")

    def activation(x):
        return x.tanh()

    activation.__name__ = "</script><b onclick=alert(3)>"
    X, y = nn.data.xor(20, seed=0)
    model = nn.MLP(2, [2, 1], activation, generator=0)
    hostile = "</title><script>alert(4)</script>"
    page = show(nn.playground(model, Table(X), y, title=hostile))
    assert page.inner_text("#title") == hostile
    assert page.locator("b[onclick], img, #circles script").count() == 0
    page.locator("#circles button.neuron").first.click()
    assert nn.network(model, title=hostile).svg.count("<script") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 600, 1000, 1920])
def test_it_fits_every_window(show, artefacts, scheme, width):
    height = {390: 844, 600: 800}.get(width, width * 9 // 16)
    page = show(nn.playground(), viewport={"width": width, "height": height}, color_scheme=scheme)
    for _ in range(3):
        page.click("#epoch")
    page.locator("#circles button.neuron").nth(7).click()
    page.screenshot(path=artefacts / f"playground-{scheme}-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colours = page.evaluate(
        "() => ['backgroundColor', 'color'].map((name) => getComputedStyle(document.body)[name])"
    )
    light = [sum(map(int, re.findall(r"\d+", colour)[:3])) > 380 for colour in colours]
    assert light == ([True, False] if scheme == "light" else [False, True])
    for button in page.locator("#circles button.neuron").all():
        assert button.get_attribute("aria-label")


def test_curves_several_classes_and_many_inputs(show, artefacts):
    X = [[0.05 * k - 1.0] for k in range(40)]
    page = show(nn.playground(X=X, y=[x**2 for [x] in X], title="A parabola"))
    assert page.is_hidden("#accuracy-side")
    page.click("#epoch")
    page.screenshot(path=artefacts / "playground-curve.png", full_page=True)
    page = show(nn.playground(*((None, *nn.data.spiral(60, seed=0)))))
    page.click("#epoch")
    assert page.locator("#classes .dot").count() == 3
    page.screenshot(path=artefacts / "playground-classes.png", full_page=True)
    X = [[0.1 * k, 0.2 - 0.01 * k, (k % 3) / 3] for k in range(12)]
    page = show(nn.playground(X=X, y=[k % 2 for k in range(12)]))
    sync_api.expect(page.locator("#held")).to_be_visible()
    page.click("#epoch")
