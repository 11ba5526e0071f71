"""A PNG is the SVG: as a browser shows it, pixel by pixel but for the smoothing of edges."""

import base64
import io
import shutil
import sys

import pytest

from autograd import Value, draw, errors, play
from autograd.visual.graph import raster

resvg = pytest.importorskip("resvg_py")
numpy = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def picture(**options):
    x, w = Value(0.7, "x"), Value(-0.8, "w")
    out = (x * w + x).tanh()
    out.backward()
    return draw(out, layout="layered", **options)


def pixels(png, size=None):
    opened = Image.open(io.BytesIO(png)).convert("RGB")
    return numpy.asarray(opened if size is None else opened.resize(size), dtype=float)


@pytest.mark.parametrize("theme", ["auto", "light", "dark", "colour-blind"])
def test_it_has_the_size_and_the_background_of_the_picture(theme, tmp_path):
    drawing = picture(theme=theme)
    content = drawing.save(tmp_path / "x.png").read_bytes()
    assert content == drawing.png
    width, height = (int(drawing.svg.split(f'{side}="')[1].split('"')[0]) for side in
                     ("width", "height"))  # fmt: skip
    shown = pixels(content)
    assert shown.shape == (2 * height, 2 * width, 3)
    wanted = bytes.fromhex(drawing.theme.background[1:])
    assert shown[0, 0].tolist() == list(wanted)
    assert len(numpy.unique(shown.reshape(-1, 3), axis=0)) > 20  # letters, lines


def test_a_notebook_gets_it_for_exports_that_know_no_svg():
    assert "image/png" in play(Value(2.0, "x") * 3.0)._repr_mimebundle_()
    bundle = picture()._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_a_picture_that_follows_the_theme_is_light():
    apart = numpy.abs(pixels(picture().png) - pixels(picture(theme="light").png))
    assert apart.max() <= 3  # colours that are two in the dark are a shade apart


def test_without_the_package_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(errors.PackageMissingError, match=r"chainrule\[plot\]"):
        picture().save(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_without_any_font_no_picture_without_names_is_made(monkeypatch):
    monkeypatch.setattr(raster, "_writes_letters", lambda: False)
    with pytest.raises(errors.PackageMissingError, match="no font"):
        picture().png
    assert "image/png" not in picture()._repr_mimebundle_()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium was not found")
def test_it_looks_as_in_a_browser(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    drawing = picture(theme="light")
    page_path = tmp_path / "page.html"
    page_path.write_text(f"<body style='margin:0'>{drawing.svg}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(device_scale_factor=2)
        page.goto(page_path.as_uri())
        shot = page.locator("svg").screenshot()
        browser.close()
    ours = pixels(drawing.png)
    theirs = pixels(shot, size=(ours.shape[1], ours.shape[0]))
    assert numpy.abs(ours - theirs).mean() < 4.0
