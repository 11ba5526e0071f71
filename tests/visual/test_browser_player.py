"""The player in a real browser: what it shows at each step, and what a reader can do with it.

Screenshots are kept in the directory that CHAINRULE_ARTEFACTS names.
"""

# ruff: noqa: RUF001 - mathematics has signs of its own

import math
import os
import re
import shutil
from pathlib import Path

import pytest

import nn
from autograd import Value, apply, topological_order
from autograd.visual.player.player import play

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
    """Open a player as a saved page; complaints and requests of the page fail the test."""
    contexts, complaints = [], []

    def opened(player, *, clock_stands=False, **options):
        path = player.save(tmp_path / "player.html")
        options = {"viewport": {"width": 1200, "height": 720}, "reduced_motion": "reduce"} | options
        context = browser.new_context(**options)
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
        if clock_stands:  # time passes in page.clock.run_for alone, however busy the machine
            page.clock.install(time=0)
            page.clock.pause_at(1000)
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


def textbook(x=-2.0, y=5.0, z=-4.0):
    x, y, z = Value(x, "x"), Value(y, "y"), Value(z, "z")
    q = x + y
    q.label = "q"
    f = q * z
    f.label = "f"
    return f


def network():
    model = nn.MLP(2, [3, 1], activation="sigmoid", output="sigmoid", generator=0)
    loss = nn.squared_error(model([1.0, 1.0]), 0.0)
    loss.label = "L"
    return loss


def counter_example():
    a = Value(3.0, "a")
    b = a + a
    b.label = "b"
    c = b + b
    c.label = "c"
    return c


def number_in(text):
    """A number as the player writes it."""
    return float(text.replace("−", "-"))


def boxes(page):
    """What every open box shows, by its name: (data, gradient)."""
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".box")].map((box) => {
            const text = (row) => box.querySelector(row)?.textContent ?? "";
            return [text(".name"), [text(".data"), text(".gradient")]];
        }))"""
    )


def said(page):
    return page.locator("#said").inner_text()


def box(page, name):
    return page.locator(".box", has=page.locator(f'text.name:text-is("{name}")'))


def edit(page, name, number):
    box(page, name).click()
    field = page.locator("#inspector input")
    field.fill(number)
    field.press("Enter")


# --- the steps ------------------------------------------------------------------------


def test_the_textbook_example_step_by_step(show):
    page = show(play(textbook()))
    unknown = {"q": ["—", "—"], "f": ["—", "—"]}
    inputs = {"x": ["−2", "—"], "y": ["5", "—"], "z": ["−4", "—"]}
    assert boxes(page) == inputs | unknown
    page.click("#next")
    assert boxes(page) == inputs | unknown | {"q": ["3", "—"]}
    assert "q = x + y = −2 + 5 = 3" in said(page)
    page.click("#next")
    assert boxes(page)["f"] == ["−12", "—"]
    assert "f = q × z = 3 × (−4) = −12" in said(page)
    page.click("#next")
    assert boxes(page)["f"] == ["−12", "1"]
    assert boxes(page)["q"] == ["3", "—"]
    page.click("#next")
    assert boxes(page) == {
        "x": ["−2", "—"], "y": ["5", "—"], "z": ["−4", "3"], "q": ["3", "−4"], "f": ["−12", "1"],
    }  # fmt: skip
    for line in ("∂f/∂q = z = −4", "1 × (−4) = −4", "q.grad = −4", "∂f/∂z = q = 3", "z.grad = 3"):
        assert line in said(page)
    page.click("#next")
    assert boxes(page)["x"] == ["−2", "−4"]
    assert boxes(page)["y"] == ["5", "−4"]
    assert page.is_disabled("#next")
    page.click("#back")
    assert boxes(page)["x"] == ["−2", "—"]


def test_a_gradient_that_arrives_twice_is_added_up_term_by_term(show):
    a = Value(3.0, "a")
    page = show(play(a * a))
    page.keyboard.press("End")
    assert "a.grad = 3\n" in said(page)
    assert "a.grad = 3 + 3 = 6" in said(page)
    assert boxes(page)["a"] == ["3", "6"]


def test_a_network_ends_with_the_numbers_of_the_engine(show):
    loss = network()
    loss.backward()
    page = show(play(loss, collapse=None))
    page.keyboard.press("End")
    results = [value for value in topological_order(loss) if value.parents]
    shown = [text for text in boxes(page).values() if text[1]]
    for value in results:
        close = [
            data
            for data, gradient in shown
            if number_in(data) == pytest.approx(value.data, rel=1e-3)
            and number_in(gradient) == pytest.approx(value.grad, rel=1e-3)
        ]
        assert close, value
    steps = len(results) + 1 + len(results)  # forward, the start of the way back, backward
    assert page.inner_text("#count") == f"{steps} / {steps}"


def test_playing_runs_to_the_end_and_can_be_paused(show):
    page = show(play(textbook()), clock_stands=True)
    page.select_option("#speed", "4")
    page.click("#play")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.clock.run_for(10_000)
    assert page.inner_text("#count") == "5 / 5"
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.select_option("#speed", "0.5")
    page.click("#play")  # again from the start
    page.clock.run_for(700)  # the first step comes after 600 ms, the second after 3600 more
    assert page.inner_text("#count") == "1 / 5"
    page.click("#play")
    page.clock.run_for(60_000)
    assert page.inner_text("#count") == "1 / 5"


def test_the_scrubber_goes_anywhere(show):
    page = show(play(textbook()))
    page.locator("#scrub").fill("4")
    assert boxes(page)["z"] == ["−4", "3"]


# --- one value ------------------------------------------------------------------------


def test_a_chosen_value_shows_its_chain_rule(show):
    page = show(play(textbook()))
    box(page, "x").click()
    chain = page.inner_text("#inspector").split("\n")
    assert "∂f/∂x = ∂f/∂q · ∂q/∂x" in chain
    assert "= (−4) × 1 = −4" in chain
    box(page, "z").hover()
    assert page.locator(".box.off-path").count() == 3
    page.keyboard.press("End")
    assert "∂f/∂z = 3" in page.inner_text("#inspector")
    page.keyboard.press("Escape")
    assert page.locator(".box.off-path").count() == 0


def test_several_paths_are_listed_and_added_up(show):
    page = show(play(counter_example()))
    box(page, "a").click()
    text = page.inner_text("#inspector")
    assert "∂c/∂a = 4 summed over 4 paths" in re.sub(r" +", " ", text)
    assert text.count("∂c/∂b · ∂b/∂a = 1 × 1 = 1") == 4


def test_an_edit_recomputes_everything(show):
    page = show(play(textbook()))
    page.keyboard.press("End")
    edit(page, "x", "1.5")
    other = textbook(x=1.5)
    other.backward()
    numbers = {
        v.label: [f"{v.data:g}".replace("-", "−"), f"{v.grad:g}".replace("-", "−")]
        for v in topological_order(other)
    }
    assert boxes(page) == numbers
    edit(page, "y", "−1/2")
    assert boxes(page)["f"] == ["−4", "1"]


def test_an_edit_that_has_no_value_says_so_and_changes_nothing(show):
    x = Value(2.0, "x")
    page = show(play(x.log()))
    page.keyboard.press("End")
    before = boxes(page)
    edit(page, "x", "−1")
    banner = page.locator("#banner")
    assert banner.inner_text() == "log(x = −1): no real value there. x stays 2."
    assert boxes(page) == before
    edit(page, "x", "two")
    assert banner.inner_text() == "two is not a number. x stays 2."
    edit(page, "x", "1")
    assert banner.is_hidden()
    assert boxes(page)["x"] == ["1", "1"]


def test_numbers_that_the_page_cannot_recompute_are_not_edited(show):
    def lookup(x):
        table = {2.0: (10.0, 4.0)}
        return table[x]

    page = show(play(apply(lookup, Value(2.0, "x")) * 3.0))
    page.keyboard.press("End")
    assert boxes(page)["x"] == ["2", "12"]
    box(page, "x").click()
    assert "Numbers cannot be edited here" in page.inner_text("#inspector")
    assert page.locator("#inspector input").count() == 0


# --- closed boxes -------------------------------------------------------------------------


def test_a_closed_layer_takes_one_step_and_opens_at_a_click(show):
    page = show(play(network(), collapse="layer"))
    assert {"layer0", "layer1"} <= boxes(page).keys()
    page.keyboard.press("ArrowRight")
    assert "layer0 computes 9 values" in said(page)
    assert boxes(page)["layer0"][0] == "3 results"
    box(page, "layer0").click()
    assert {f"layer0/neuron{i}" for i in range(3)} <= boxes(page).keys()
    box(page, "layer0/neuron1").click()
    assert {"w₀,₁,₀", "w₀,₁,₁", "b₀,₁"} <= boxes(page).keys()
    assert "layer0" not in boxes(page)
    page.click('#scopes button:text-is("all closed")')
    assert "mlp" in boxes(page)
    page.click('#scopes button:text-is("all open")')
    page.keyboard.press("End")
    assert page.locator(".box.closed").count() == 0


def test_every_view_ends_with_the_same_gradient(show):
    loss = network()
    loss.backward()
    page = show(play(loss, collapse="neuron"))
    page.keyboard.press("End")
    sizes = {number_in(text[1]) for name, text in boxes(page).items() if name == "L"}
    page.click('#scopes button:text-is("all closed")')
    page.keyboard.press("End")
    parameters = [v.grad for v in topological_order(loss) if not v.parents]
    norm = sum(grad * grad for grad in parameters) ** 0.5
    assert number_in(boxes(page)["mlp"][1]) == pytest.approx(norm, rel=1e-3)
    assert sizes == {1.0}


# --- mistakes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bug", "wrong", "message"),
    [
        ("overwrite", {"a": "1✓ 4", "b": "1✓ 2"}, "Mistake: = instead of +="),
        ("no_topological_order", {"a": "2✓ 4", "b": "2"}, "not every contribution had arrived"),
        ("no_zero_grad", {"a": "8✓ 4", "b": "2"}, "the 4 left in a.grad was added to"),
    ],
)
def test_a_mistake_plays_beside_the_right_numbers(show, bug, wrong, message):
    page = show(play(counter_example(), bugs=bug))
    assert page.inner_text("#banner").startswith("Mistake on show")
    spoken = []
    while page.is_enabled("#next"):
        page.click("#next")
        spoken.append(said(page))
    assert any(message in each for each in spoken)
    assert {name: boxes(page)[name][1] for name in wrong} == wrong
    assert boxes(page)["c"][1] == "1"


def test_a_mistake_that_does_no_harm_says_so(show):
    page = show(play(textbook(), bugs="no_topological_order"))
    banner = page.locator("#banner")
    assert banner.inner_text().startswith("Mistake without harm: no topological order.")
    assert "every gradient comes out right" in banner.inner_text()
    page = show(play(counter_example(), bugs="no_topological_order"))
    assert page.inner_text("#banner").startswith("Mistake on show: no topological order.")


# --- predicting ----------------------------------------------------------------------------


def test_predict_then_reveal(show):
    page = show(play(textbook(), quiz=True))
    assert boxes(page)["q"] == ["?", "?"]
    assert "What will q be?" in said(page)
    assert "−2 + 5 = ?" in said(page)
    page.fill("#question input", "3")
    page.keyboard.press("Enter")
    assert page.inner_text("#verdict") == "✓ q = 3"
    page.fill("#question input", "12")
    page.keyboard.press("Enter")
    assert "✗ f = −12" in page.inner_text("#verdict")
    assert "1 of 2 right" in page.inner_text("#phase")
    page.click("#next")
    assert "∂f/∂q" in said(page)
    assert "q.grad = ?" in said(page)
    fields = page.locator("#question input")
    fields.nth(0).fill("−4")
    fields.nth(1).fill("3")
    page.click("#question button")
    assert page.locator("#verdict .good").count() == 2


# --- keyboard and accessibility ---------------------------------------------------------------


def test_everything_works_by_keyboard(show):
    page = show(play(network(), collapse="layer"))
    for key, count in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("Home", 0)]:
        page.keyboard.press(key)
        assert page.inner_text("#count").startswith(f"{count} /")
    page.keyboard.press("?")
    assert page.is_visible("#manual")
    page.keyboard.press("Escape")
    assert page.is_hidden("#manual")
    page.keyboard.press("p")
    assert page.is_checked("#predict")
    page.keyboard.press("p")
    focused = "document.activeElement.getAttribute('aria-label') ?? ''"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(focused).startswith("layer0"):
            break
    page.keyboard.press("Enter")
    assert "layer0/neuron0" in boxes(page)
    page.keyboard.press("Space")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.keyboard.press("Space")
    assert page.get_attribute("#play", "aria-label") == "Play"


def test_controls_and_boxes_have_names_for_screen_readers(show):
    page = show(play(textbook()))
    for button in page.locator("button:visible").all():
        assert (button.get_attribute("aria-label") or button.inner_text()).strip()
    page.keyboard.press("End")
    spoken = [each.get_attribute("aria-label") for each in page.locator(".box").all()]
    assert "q, add: data 3, gradient −4" in spoken
    assert page.get_attribute("#said", "aria-live") == "polite"


@pytest.mark.parametrize("width", [400, 700, 1200, 1400])
def test_nothing_is_cut_off_at_any_width(show, width):
    page = show(play(textbook()), viewport={"width": width, "height": 720})
    page.keyboard.press("End")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert smallest_text(page) >= 10.9  # on a phone the view follows the action instead
    shown = [box(page, name) for name in ("x", "y", "z", "q", "f")]
    if width == 400:
        shown = page.locator(".box.active").all()
        assert shown
    for place in (each.bounding_box() for each in shown):
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= width
    assert page.locator("#speed").bounding_box()["y"] < 720


@pytest.mark.parametrize("bugs", [None, "no_zero_grad"])
def test_numbers_stay_in_their_boxes_after_an_edit(show, bugs):
    x = Value(2.0, "x")
    page = show(play(x * 3.0 + 1.0, bugs=bugs))
    page.keyboard.press("End")
    edit(page, "x", "−1.23456e−12")
    page.locator(".box.constant").first.click()
    field = page.locator("#inspector input")
    field.fill("−9.87654e−17")
    field.press("Enter")
    out = page.evaluate(
        """() => [...document.querySelectorAll(".box")].flatMap((box) => {
            const room = box.querySelector(".outline").getBoundingClientRect();
            const texts = [...box.querySelectorAll("text")].map((text) => (
                [text.textContent, text.getBoundingClientRect()]));
            const outside = texts.filter(([, at]) => at.left < room.left || at.right > room.right);
            const over = texts.filter(([, one]) => texts.some(([, other]) => one !== other
                && one.left < other.right - 1 && other.left < one.right - 1
                && one.top < other.bottom - 6 && other.top < one.bottom - 6));
            return [...outside, ...over].map(([text]) => text);
        })"""
    )
    assert out == []
    assert boxes(page)["x"][0] == "−1.235e−12"


@pytest.mark.parametrize("size", [(400, 720), (560, 500), (760, 560), (1200, 720)])
def test_the_hint_that_numbers_can_be_edited_is_seen(show, size):
    page = show(play(textbook()), viewport={"width": size[0], "height": size[1]})
    hint = page.locator(".hint")
    place, words = hint.bounding_box(), page.locator("#words").bounding_box()
    assert "click an input to change its number" in hint.inner_text()
    assert words["y"] <= place["y"]
    assert place["y"] + place["height"] <= words["y"] + words["height"]
    footer = page.locator("footer").bounding_box()
    assert footer["y"] + footer["height"] <= size[1]


def smallest_text(page):
    return page.evaluate(
        """() => 12 * Math.min(...[...document.querySelectorAll(".box")].map((box) =>
            box.getBoundingClientRect().width / box.getBBox().width))"""
    )


def test_a_small_window_begins_with_what_can_be_read(show):
    large = show(play(network()), viewport={"width": 1900, "height": 1100})
    assert large.locator(".box.closed").count() == 0
    page = show(play(network()), viewport={"width": 760, "height": 560})
    assert page.locator(".box.closed").count() > 0
    assert smallest_text(page) >= 8.9
    page.set_viewport_size({"width": 1900, "height": 1100})
    sync_api.expect(page.locator(".box.closed")).to_have_count(0)
    asked = show(play(network(), collapse=None), viewport={"width": 760, "height": 560})
    assert asked.locator(".box.closed").count() == 0


def branching(power=0):
    """Where r and x are used twice; numbers of the order 10**power."""
    scale = 10.0**power
    x, w1, w2 = Value(0.7 * scale, "x"), Value(1.2, "w1"), Value(-0.8 / scale, "w2")
    h = (x * w1).tanh()
    r = x + h
    out = r + (r * w2).tanh()
    h.label, r.label, out.label = "h", "r", "out"
    return out


@pytest.mark.parametrize("size", [(1000, 640), (600, 700), (400, 720), (1920, 1080), (740, 360)])
@pytest.mark.parametrize("power", [0, 6])
def test_the_sum_of_contributions_is_never_cut_off(show, size, power, artefacts):
    out = branching(power)
    page = show(play(out), viewport={"width": size[0], "height": size[1]})
    page.keyboard.press("End")
    last = int(page.locator("#scrub").input_value())
    for _ in range(last):
        now = page.locator("#now")
        wide = now.evaluate("(e) => e.scrollWidth - e.clientWidth")
        assert wide <= 0, page.locator("#said").inner_text()
        page.keyboard.press("ArrowLeft")
    page.screenshot(path=artefacts / f"sum-{size[0]}x{size[1]}-{power}.png")


def test_the_sum_stands_in_the_box(show):
    out = branching()
    page = show(play(out), viewport={"width": 1000, "height": 640})
    page.keyboard.press("End")
    out.backward()
    r = next(v for v in topological_order(out) if v.label == "r")
    assert box(page, "r").locator(".sum").text_content() == "= 1 − 0.2834"
    assert r.grad == pytest.approx(1.0 - 0.2834, abs=1e-4)
    assert box(page, "w2").locator(".sum").count() == 0  # one contribution is no sum
    x = box(page, "x").locator(".sum").text_content()
    first, second = (float(term) for term in x.removeprefix("= ").split(" + "))
    x_leaf = next(v for v in topological_order(out) if v.label == "x")
    assert first + second == pytest.approx(x_leaf.grad, abs=1e-3)


def test_a_lecture_has_texts_twice_as_large(show):
    page = show(play(branching()), viewport={"width": 1920, "height": 1200})
    heading = "document.querySelector('#said h2').getBoundingClientRect().height"
    before, small = page.evaluate(heading), smallest_text(page)
    page.keyboard.press("l")
    assert page.evaluate(heading) == pytest.approx(2 * before, rel=0.1)
    assert smallest_text(page) >= 1.5 * small
    page.keyboard.press("End")
    active = page.locator(".box.active").first.bounding_box()
    assert 0 <= active["x"] < 1920
    page.keyboard.press("l")
    assert smallest_text(page) == pytest.approx(small)


def test_a_gate_says_how_it_passes_its_gradient_on(show):
    page = show(play(branching()))
    said = {}
    for _ in range(int(page.locator("#scrub").get_attribute("max"))):
        page.keyboard.press("ArrowRight")
        heading = page.locator("#said h2").inner_text()
        if "passes its gradient on" in heading:
            said[heading.split()[0]] = page.locator("#said .remark").all_inner_texts()
    assert said["out"] == ["+ passes its gradient on as it is, to every operand."]
    assert said["v₂"] == ["× swaps: each operand gets the gradient times the other operand."]


def test_a_contribution_sets_out_as_the_upstream_gradient_and_arrives_as_a_product(show):
    page = show(play(branching()), clock_stands=True, reduced_motion="no-preference")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert page.locator("#said h2").inner_text() == "v₂ passes its gradient on to r and w₂"
    seen = []
    for _ in range(40):
        tokens = page.locator("#picture .dot.contribution text").all_text_contents()
        if tokens and tokens not in seen:
            seen.append(tokens)
        page.clock.run_for(25)
    assert seen == [
        ["0.3543", "0.3543"],
        ["0.3543 × −0.8", "0.3543 × 1.386"],
        ["−0.2834", "0.4909"],
    ]
    assert page.locator("#picture .overlay .contribution text").all_text_contents() == seen[-1]


def test_a_closed_box_says_what_leaves_it_and_where_it_goes(show):
    model = nn.MLP(2, [2, 1], activation="tanh", generator=3)
    loss = nn.squared_error(model([0.5, -1.0]), 1.0)
    page = show(play(loss, collapse="neuron"))
    lines = []
    for _ in range(int(page.locator("#scrub").get_attribute("max"))):
        page.keyboard.press("ArrowRight")
        if "back through" in page.locator("#said h2").inner_text():
            lines += page.locator("#said .line").all_inner_texts()
    products = [re.fullmatch(r"(\S+) × \(?([^)\s]+)\)? = (\S+) → (.+)", line) for line in lines]
    found = [match for match in products if match]
    assert found
    for match in found:
        assert number_in(match[1]) * number_in(match[2]) == pytest.approx(
            number_in(match[3]), rel=2e-3
        )
    assert any("neuron0" in match[4] for match in found)
    assert any(line.startswith("its 3 parameters: ‖grad‖ = ") for line in lines)


def drag(page, name, by):
    place = box(page, name).bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y, steps=4)
    page.mouse.up()


def numbers_in(text):
    """The numbers of a line, with a sign that stands before them."""
    found = re.findall(r"([+−-]?) ?(\d[\d.]*(?:e[+-]?\d+)?)", text)
    return [float(number) * (-1 if sign in ("−", "-") else 1) for sign, number in found]


def test_an_input_is_dragged_and_its_gradient_foretells_what_comes_of_it(show):
    page = show(play(branching()), viewport={"width": 1500, "height": 700})
    drag(page, "x", 30)  # 10 steps of 0.01

    def out(x):
        r = x + math.tanh(1.2 * x)
        return r + math.tanh(-0.8 * r)

    by, changed, slope, foretold = numbers_in(page.locator("#moved").inner_text())
    assert by == pytest.approx(0.1)
    assert changed == pytest.approx(out(0.8) - out(0.7), rel=1e-3)
    assert slope == pytest.approx((out(0.7 + 1e-6) - out(0.7 - 1e-6)) / 2e-6, rel=1e-3)
    assert foretold == pytest.approx(0.1 * slope, rel=1e-3)
    assert box(page, "x").locator(".data").text_content() == "0.8"
    before = page.locator("#picture > g").get_attribute("transform")
    drag(page, "r", 40)  # a result has no number of its own: the picture moves
    assert page.locator("#picture > g").get_attribute("transform") != before


def test_arrow_keys_in_its_field_nudge_an_input(show):
    page = show(play(textbook()))
    box(page, "x").click()
    field = page.locator("#inspector input")
    field.focus()
    page.keyboard.press("ArrowUp")
    assert field.input_value() == "-1.9"
    assert numbers_in(page.locator("#moved").inner_text()) == [0.1, -0.4, -4.0, -0.4]


def test_a_step_downhill_moves_every_input_against_its_gradient(show):
    page = show(play(textbook()))
    page.locator("#rate").select_option("0.01")
    page.locator("#downhill").click()
    # x, y, z = -2, 5, -4: the gradient of (x + y) z is (-4, -4, 3).
    page.keyboard.press("End")
    data = [box(page, name).locator(".data").text_content() for name in "xyz"]
    assert data == ["−1.96", "5.04", "−4.03"]
    assert numbers_in(page.locator("#moved").inner_text()) == [
        -0.01, -12.0, pytest.approx((5.04 - 1.96) * -4.03, rel=1e-3),
    ]  # fmt: skip
    page.locator("#rate").select_option("1")
    steep = show(play(branching(power=2)))
    steep.locator("#rate").select_option("1")
    for _ in range(3):
        steep.keyboard.press("d")
    assert "nan" not in steep.locator("#player").inner_text()


def test_a_mistake_on_show_is_not_descended(show):
    page = show(play(textbook(), bugs="overwrite"))
    assert page.locator("#downhill").is_hidden()
    page.keyboard.press("d")
    assert page.locator("#moved").is_hidden()


def test_a_gradient_is_not_told_before_it_has_arrived(show):
    page = show(play(textbook()))
    box(page, "q").hover()
    inspector = page.locator("#inspector")
    assert "has not reached it" in inspector.inner_text()
    assert "−4" not in inspector.inner_text()
    page.keyboard.press("End")
    assert "∂f/∂q = " in inspector.inner_text()


def test_after_an_edit_by_keyboard_the_box_has_the_focus(show):
    page = show(play(textbook()))
    box(page, "x").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("x:")
    assert box(page, "x").locator(".data").text_content() == "3"


def test_what_is_not_finite_is_marked(show):
    x = Value(0.0, "x")
    root = x.sqrt()
    root.label = "root"
    page = show(play(root))
    assert page.locator(".box.not-finite").count() == 0
    page.keyboard.press("End")
    assert box(page, "x").locator(".gradient").text_content() == "inf"
    marked = page.locator(".box.not-finite")
    assert marked.count() == 1
    assert "not a finite number" in marked.get_attribute("aria-label")


def test_the_end_without_an_order_says_why_the_right_number_came_too_late(show):
    a = Value(3.0, "a")
    b = a + a
    b.label = "b"
    c = b * b
    c.label = "c"
    d = c + b
    d.label = "d"
    page = show(play(d, bugs="no_topological_order"))
    page.keyboard.press("End")
    said = page.locator(".remark.mistake").inner_text()
    assert "too late" in said
    assert "a.grad" in said
    d.backward()
    assert f"should be {a.grad:g}" in said


def test_a_step_is_printed_in_light_and_without_what_is_pressed(show, artefacts):
    page = show(play(branching()), color_scheme="dark")
    page.keyboard.press("End")
    page.emulate_media(media="print")
    assert page.locator("footer").is_hidden()
    assert page.locator("#zoom").is_hidden()
    shown = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shown == "rgb(255, 255, 255)"
    assert page.pdf(path=artefacts / "step.pdf").startswith(b"%PDF")


# --- safety ------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    "<svg onload=alert(4)>",
    "\"><iframe src='javascript:alert(5)'>",
    "'; alert(6); //",
    "${alert(7)}",
    "<!--<script>alert(8)",
    "]]><script>alert(9)</script>",
    "\u2028alert(10)\u2028<style>@import 'http://example.com'</style>",
]


def test_hostile_labels_stay_text(show):
    leaves = [Value(1.0 + i, label) for i, label in enumerate(HOSTILE)]
    root = sum(leaves[1:], leaves[0] * 1.0)
    root.label = HOSTILE[0]
    page = show(play(root))
    page.keyboard.press("End")
    for place in range(page.locator(".box").count()):
        page.locator(".box").nth(place).dispatch_event("click")
    page.wait_for_timeout(100)
    assert page.locator("script:not([type])").count() == 1
    assert page.locator("img, iframe, style:nth-of-type(2)").count() == 0
    assert page.inner_text("h1") == f"Chain rule: {HOSTILE[0]}"


def test_the_frame_in_a_notebook_plays(browser, tmp_path):
    html = play(textbook())._repr_mimebundle_()["text/html"]
    path = tmp_path / "output.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{html}", encoding="utf-8")
    page = browser.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("#next").click()
    assert "q = x + y = −2 + 5 = 3" in frame.locator("#said").inner_text()
    assert page.locator("img").is_hidden()  # the still picture, for where frames are cut
    page.close()
    assert complaints == []


# --- pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 700])
def test_screenshots(show, artefacts, scheme, width):
    viewport = {"width": width, "height": 720}
    for name, root in [("textbook", textbook()), ("network", network())]:
        page = show(play(root), viewport=viewport, color_scheme=scheme)
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        kept = artefacts / f"player-{name}-{scheme}-{width}.png"
        page.screenshot(path=kept)
        assert kept.stat().st_size > 10_000
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(map(int, re.findall(r"\d+", background)[:3])) > 3 * 128
    assert light == (scheme == "light")
