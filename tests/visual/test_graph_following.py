"""A picture that follows the theme has the colours of both, each where it is wanted."""

import re
import shutil

import pytest

import nn
from autograd import Value, draw
from autograd.visual.graph.following import following
from autograd.visual.page import FOLLOW, document, framed, themed

PAINT = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')
RULE = re.compile(r'\[data-theme=dark\] \.chainrule-auto \[(\w+)="(#\w+)"\]\{(\w+):(#\w+)\}')


def pictures():
    x = Value(0.5, "x")
    yield (x * x).tanh(), {}
    model = nn.MLP(3, [4, 2], activation="relu", generator=0)
    loss = nn.cross_entropy(model([0.1, 0.2, -0.3]), 1)
    loss.backward()
    yield loss, {"collapse": "layer"}
    yield loss, {"highlight": model.parameters()[0], "collapse": "neuron"}


@pytest.mark.parametrize("number", range(3))
def test_its_rules_turn_light_into_dark(number):
    root, options = list(pictures())[number]
    auto = draw(root, layout="layered", **options).svg
    dark = draw(root, layout="layered", theme="dark", **options).svg
    light = draw(root, layout="layered", theme="light", **options).svg
    rules = {}
    for kind, colour, turned, wanted in RULE.findall(auto):
        assert kind == turned
        assert rules.setdefault((kind, colour), wanted) == wanted
    sheet = auto[auto.index("<style>") : auto.index("</style>")]
    painted = PAINT.findall(auto.replace(sheet, ""))
    assert [rules.get(each, each[1]) for each in painted] == [c for _, c in PAINT.findall(dark)]
    for (_, shown), (_, wanted) in zip(painted, PAINT.findall(light), strict=True):
        near = zip(bytes.fromhex(shown[1:]), bytes.fromhex(wanted[1:]), strict=True)
        assert max(abs(a - b) for a, b in near) <= 3


def test_one_colour_that_is_two_in_the_dark_is_told_apart():
    light = '<svg ><desc></desc>\n<a fill="#ffffff"/><b fill="#ffffff"/><c stroke="#ffffff"/></svg>'
    dark = light.replace("#ffffff", "#000000", 1).replace("#ffffff", "#222222")
    text = following(light, dark)
    assert '<a fill="#ffffff"/><b fill="#fffffe"/><c stroke="#ffffff"/>' in text


sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium was not found")
@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("around", ["light", "dark"])
def test_a_frame_is_told_the_theme_of_what_is_around_it(system, around, tmp_path):
    style = themed("--background: rgb(1, 1, 1);", "--background: rgb(2, 2, 2);")
    inner = document("<p>in</p>", title="in", style=style, script=FOLLOW,
                     background="var(--background)")  # fmt: skip
    frame = framed(inner, "<b>cut</b>", title="in", height=100, follows=True)
    colours = {"light": "#fff", "dark": "#111"}
    page_text = f'<body style="background: {colours[around]}"><div>{frame}</div></body>'
    (tmp_path / "page.html").write_text(page_text)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=system)
        page.goto((tmp_path / "page.html").as_uri())
        shown = "getComputedStyle(document.body).backgroundColor"
        for each in (around, "dark" if around == "light" else "light"):
            page.evaluate(f"document.body.style.background = '{colours[each]}'")
            wanted = {"light": "rgb(1, 1, 1)", "dark": "rgb(2, 2, 2)"}[each]
            for _ in range(3000):  # a limit that only a hang reaches
                if page.frames[1].evaluate(shown) == wanted:
                    break
                page.wait_for_timeout(50)
            assert page.frames[1].evaluate(shown) == wanted
        browser.close()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium was not found")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_saved_picture_follows_the_reader(scheme, tmp_path):
    path = draw(Value(2.0, "x") * 3.0).save(tmp_path / "x.svg")
    page_path = tmp_path / "page.html"
    page_path.write_text(f'<img src="{path.name}">')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=scheme)
        page.goto(page_path.as_uri())
        shot = tmp_path / "shot.png"
        page.locator("img").screenshot(path=shot)
        browser.close()
    from PIL import Image

    red = Image.open(shot).convert("RGB").getpixel((1, 1))[0]
    assert (red > 200) == (scheme == "light")
