"""The SVG of a picture: well-formed, inert and self-contained, whatever texts it shows."""

# ruff: noqa: RUF001 - mathematics has signs of its own

import re
import shutil
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import nn
from autograd import Value, apply, draw, scope
from autograd.visual.texts import printable
from autograd.visual.themes import THEMES

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "desc", "rect", "g", "path", "polygon", "text", "circle"}
ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=60)
MARKUP_TEXT = st.text(st.sampled_from("<>&\"'/=; \n\0\x0b\x85\ud800\ufffe\uffff\u202e\u2028é"))
HOSTILE = [
    "<script>alert(1)</script>",
    '"><image href="http://example.org/x.png"/>',
    "]]><style>*{display:none}</style>",
    "&lt;&#0;&unknown;",
    "<!-- --><?xml?>",
    "' onload='alert(1)",
]


def parsed(svg):
    return ET.fromstring(svg)  # noqa: S314 - our own


def texts(svg):
    return [text.text or "" for text in parsed(svg).iter(f"{SVG}text")]


def parts(svg, kind):
    """The groups of one kind, ``node`` or ``edge``, as (title, numbers of elements in it)."""
    groups = [g for g in parsed(svg).iter(f"{SVG}g") if g.get("class") == kind]
    return sorted(group.find(f"{SVG}title").text or "" for group in groups)


def network():
    model = nn.MLP(2, [3, 1], "sigmoid", generator=0)
    loss = (model([1.0, -1.0]) - 0.5) ** 2
    loss.label = "loss"
    loss.backward()
    return loss, model


# --- hostile texts ---------------------------------------------------------------------


@given(names=st.lists(ANY_TEXT | MARKUP_TEXT, min_size=1, max_size=6), collapsed=st.booleans())
@example(names=HOSTILE, collapsed=True)
@example(names=HOSTILE, collapsed=False)
@settings(max_examples=60)
def test_any_text_gives_well_formed_svg_that_shows_it(names, collapsed):
    def rule(*x):
        return (1.0, *x)

    rule.__name__ = names[-1] or "rule"
    with scope(names[0]):
        operands = [Value(1.0, name) for name in names]
    root = apply(rule, *operands)
    root.label = names[-1]
    svg = draw(
        root,
        collapse=1 if collapsed and names[0] else None,
        edges="local",
        highlight=operands[0],
        layout="layered",
        title=names[0],
    ).svg
    root = parsed(svg)
    [sheet] = [element for element in root if element.tag == f"{SVG}style"]
    assert not sheet.attrib
    assert not set(re.findall(r"[{;]([\w-]+):", sheet.text)) - {"fill", "stroke"}
    root.remove(sheet)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ELEMENTS
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in attributes if name.startswith("on") or "href" in name}
    assert attributes.isdisjoint({"style", "id"})
    if not collapsed:
        assert {printable(name) for name in names if name} <= {*texts(svg)}


def test_nothing_is_asked_of_the_network():
    svg = draw(network()[0], edges="flow").svg
    assert re.findall(r"\w+://[^\"'< ]+", svg) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in svg


# --- both layouts ------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("dot") is None, reason="`dot` is not installed")
@pytest.mark.parametrize("options", [{}, {"edges": "local"}, {"collapse": "neuron"}])
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_both_layouts_draw_the_same_boxes_and_edges(options, rankdir):
    loss, _ = network()
    ours, dots = (
        draw(loss, layout=layout, rankdir=rankdir, **options).svg for layout in ("layered", "dot")
    )
    assert parts(ours, "node") == parts(dots, "node")
    assert parts(ours, "edge") == parts(dots, "edge")
    assert sorted(texts(ours)) == sorted(texts(dots))
    assert len(parts(ours, "node")) == len(draw(loss, **options).graph.boxes)
    assert len(parts(ours, "edge")) == len(draw(loss, **options).graph.edges)


# --- geometry ------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark", "colour-blind"])
def test_everything_lies_inside_the_picture(theme):
    x = Value(2.0, "x" * 30)
    out = (x * x).relu() + Value(1.0, "a rather long label")
    out.backward()
    root = parsed(draw(out, theme=theme, highlight=x, layout="layered").svg)
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    background = root.find(f"{SVG}rect")
    assert (background.get("width"), background.get("height")) == (
        root.get("width"),
        root.get("height"),
    )
    pictured = root.find(f"{SVG}g")
    dx, dy = map(float, re.findall(r"[\d.]+", pictured.get("transform")))
    for rect in pictured.iter(f"{SVG}rect"):
        x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        assert x + dx >= 0
        assert y + dy >= 0
        assert x + dx + width <= float(root.get("width"))
        assert y + dy + height <= float(root.get("height"))


def test_text_stays_inside_its_box_in_the_widest_of_the_usual_fonts():
    """Measured with the DejaVu fonts that come with Matplotlib."""
    font_manager = pytest.importorskip("matplotlib.font_manager")
    from matplotlib.ft2font import FT2Font

    def measured(text):
        weight = text.get("font-weight", "normal")
        path = font_manager.findfont(
            font_manager.FontProperties(family="DejaVu Sans", weight=weight),
            fallback_to_default=False,
        )
        font = FT2Font(path)
        font.set_size(float(text.get("font-size", "12")), 72)
        font.set_text(text.text)
        return font.get_width_height()[0] / 64

    labels = ["w", "WWWWWWWWWW", "@%&MW@", "illiill", "größe λ Ω Ж", "learning rate", "−1.234e−05"]
    out = sum((Value(-1.2345e-5, label) for label in labels), Value(0.0)).tanh().softplus()
    out.backward()
    checked = 0
    for group in parsed(draw(out, layout="layered").svg).iter(f"{SVG}g"):
        if group.get("class") != "node":
            continue
        box = group.find(f"{SVG}rect")
        left, right = float(box.get("x")), float(box.get("x")) + float(box.get("width"))
        for text in group.iter(f"{SVG}text"):
            half = measured(text) / 2
            assert left < float(text.get("x")) - half
            assert float(text.get("x")) + half < right
            checked += 1
    assert checked > 3 * len(labels)


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_arrows_end_at_the_box_they_point_to(rankdir):
    x = Value(2.0, "x")
    root = parsed(draw(-x, rankdir=rankdir, layout="layered").svg)
    _, end = (g for g in root.iter(f"{SVG}g") if g.get("class") == "node")
    box = end.find(f"{SVG}rect")
    left, top, width, height = (float(box.get(name)) for name in ("x", "y", "width", "height"))
    (arrow,) = root.iter(f"{SVG}polygon")
    tip = [float(number) for number in arrow.get("points").split()[0].split(",")]
    across = min(abs(tip[0] - left), abs(tip[0] - left - width))
    down = min(abs(tip[1] - top), abs(tip[1] - top - height))
    assert min(across, down) <= 1.5
    assert left - 2 <= tip[0] <= left + width + 2
    assert top - 2 <= tip[1] <= top + height + 2


def test_larger_contributions_are_thicker():
    small, large = Value(1.0, "small"), Value(1.0, "large")
    out = small * 0.01 + large * 100.0
    out.backward()
    root = parsed(draw(out, edges="flow", layout="layered").svg)
    thickness = {
        g.find(f"{SVG}title").text: float(g.find(f"{SVG}path").get("stroke-width"))
        for g in root.iter(f"{SVG}g")
        if g.get("class") == "edge"
    }
    assert max(thickness.values()) == 3.0  # in proportion to the arrowheads
    assert thickness["large to v₂: 100"] > thickness["v₂ to L: 1"]
    assert thickness["v₂ to L: 1"] > thickness["small to v₁: 0.01"]


# --- words -----------------------------------------------------------------------------------


def test_screen_readers_get_a_name_and_a_description():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    out = x * y
    out.label = "out"
    out.backward()
    root = parsed(draw(out).svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.find(f"{SVG}title").text == "Computation graph of out"
    assert root.find(f"{SVG}desc").text == (
        "x: data 2, gradient −3; y: data −3, gradient 2; out = *(x, y): data −6, gradient 1."
    )
    assert parsed(draw(out, title="A product").svg).get("aria-label") == "A product"


def test_a_long_description_ends():
    out = Value(1.0)
    for _ in range(99):
        out = -out
    assert (
        parsed(draw(out, collapse=None).svg)
        .find(f"{SVG}desc")
        .text.endswith("; and 40 more boxes.")
    )


def test_what_is_flagged_is_explained_below_the_picture():
    x = Value(-1.0, "x")
    out = x.relu() + Value(1.0, "y")
    out.backward()
    svg = draw(out).svg
    assert "no gradient: it is exactly 0 (1)" in texts(svg)  # x
    assert "off: its local derivatives are 0, so it passes nothing on (1)" in texts(svg)  # ReLU
    assert "no gradient" not in draw(Value(1.0) * 2.0).svg


def test_the_product_of_a_highlighted_path_is_written_above_the_picture():
    x = Value(2.0, "x")
    out = (x * 3.0) * Value(5.0)
    out.label = "out"
    root = parsed(draw(out, highlight=x).svg)
    times = "\N{MULTIPLICATION SIGN}"
    note = next(text for text in root.iter(f"{SVG}text"))
    assert note.text == f"∂out/∂x = 5 {times} 3 = 15"


def test_a_legend_says_what_the_numbers_on_edges_are_in_their_colour():
    x = Value(2.0, "x")
    out = (x * 3.0).tanh()
    out.backward()
    plain = draw(out, theme="light").svg
    assert "on the edges" not in plain
    for edges, role in (("local", "local"), ("flow", "contribution")):
        svg = draw(out, edges=edges, theme="light").svg
        line = next(line for line in svg.splitlines() if "on the edges" in line)
        assert f'fill="{getattr(THEMES["light"], role)}"' in line
        height = float(re.search(r'height="([\d.]+)"', svg)[1])
        y = float(re.search(r' y="([\d.]+)"', line)[1])
        assert y < height
