"""Drawings: DOT that `dot` accepts and SVG that shows what it should, whatever the labels."""

# ruff: noqa: RUF001 - mathematics has signs of its own

import contextlib
import html
import itertools
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree as ET

import graphviz
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import Drawing, Value, apply, atan2, dot, draw, maximum, topological_order
from autograd.errors import DotMissingError, GraphError
from autograd.visual.graph.drawing import find_dot
from autograd.visual.texts import printable
from autograd.visual.themes import THEMES

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="`dot` is not installed")
SVG = "{http://www.w3.org/2000/svg}"


def circuit():
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = (x + y) * z
    f.label = "f"
    return f


def rendered(drawing):
    """The SVG that `dot` itself makes of the DOT text; it must have nothing to say."""
    done = subprocess.run(
        ["dot", "-Tsvg"], input=drawing.dot.encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def parsed(svg):
    return ET.fromstring(svg)  # noqa: S314 - our own


def texts(svg):
    """The texts of an SVG, each with its runs of spaces made one."""
    found = ["".join(text.itertext()) for text in parsed(svg).iter(f"{SVG}text")]
    return [" ".join(text.split()) for text in found]


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


# --- what is drawn ---------------------------------------------------------------


TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture(params=["layered", pytest.param("dot", marks=needs_dot)])
def layout(request):
    return request.param


def test_the_svg_shows_labels_operations_data_and_gradients(layout):
    f = circuit()
    before = ["x", "−2", "—", "y", "5", "—", "z", "−4", "—"]
    before += ["v₁", "+", "3", "—", "f", TIMES, "−12", "—"]
    assert sorted(texts(draw(f, layout=layout).svg)) == sorted(before)
    f.backward()
    after = [
        "x",
        "−2",
        "−4",
        "y",
        "5",
        "−4",
        "z",
        "−4",
        "3",
        "v₁",
        "+",
        "3",
        "−4",
        "f",
        TIMES,
        "−12",
        "1",
    ]
    assert sorted(texts(draw(f, layout=layout).svg)) == sorted(after)


def test_data_is_green_and_gradients_are_red():
    f = circuit()
    f.backward()
    colours = {}
    for text in parsed(draw(f).svg).iter(f"{SVG}text"):
        colours.setdefault(text.get("fill"), []).append(text.text)
    assert sorted(colours[THEMES["light"].data]) == ["3", "5", "−12", "−2", "−4"]
    assert sorted(colours[THEMES["light"].gradient]) == ["1", "3", "−4", "−4", "−4"]


def test_the_svg_has_a_group_for_each_box_and_each_edge(layout):
    x = Value(3.0, "x")
    svg = draw(x * x + x, layout=layout).svg
    groups = [g.get("class") for g in parsed(svg).iter(f"{SVG}g")]
    assert (groups.count("node"), groups.count("edge")) == (3, 4)


def test_the_digraph_has_a_node_for_each_box_and_each_edge():
    x = Value(3.0, "x")
    digraph = draw(x * x).graphviz
    assert isinstance(digraph, graphviz.Digraph)
    lines = [line.strip() for line in digraph.body]
    assert [line.split()[0] for line in lines] == ["box0", "box1", "box0", "box0"]
    assert lines[2:] == ["box0 -> box1", "box0 -> box1"]


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_rankdir_is_the_direction_of_the_edges(rankdir):
    assert f"rankdir={rankdir}" in draw(circuit(), rankdir=rankdir).dot


@pytest.mark.parametrize(
    ("rankdir", "way"), {"LR": (1, 0), "TB": (0, 1), "RL": (-1, 0), "BT": (0, -1)}.items()
)
def test_edges_run_that_way(rankdir, way, layout):
    x = Value(3.0, "x")
    svg = parsed(draw(-x, rankdir=rankdir, layout=layout).svg)
    (start,) = [text for text in svg.iter(f"{SVG}text") if text.text == "x"]
    (end,) = [text for text in svg.iter(f"{SVG}text") if text.text == "neg"]
    across = float(end.get("x")) - float(start.get("x"))
    down = float(end.get("y")) - float(start.get("y"))
    assert across * way[0] + down * way[1] > 30


@st.composite
def expressions(draw):
    """A root over a few leaves, with operations whose operands may not change places."""
    values = [Value(2.0, "x"), Value(3.0, "y"), Value(5.0, "z")]
    operations = [
        Value.__sub__, Value.__truediv__, Value.__add__, atan2, lambda a, b: a - 1.0 * b,
        lambda a, b: dot([a, b], [b, 1.5]), lambda a, b: 2.0 - maximum(a, b),
    ]  # fmt: skip
    for _ in range(draw(st.integers(1, 8))):
        operands = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        with contextlib.suppress(ValueError, ArithmeticError):
            values.append(draw(st.sampled_from(operations))(*operands))
    return values[-1]


@pytest.mark.parametrize("kind", ["layered", pytest.param("dot", marks=needs_dot)])
@given(
    root=expressions(),
    rankdir=st.sampled_from(["LR", "TB", "RL", "BT"]),
    edges=st.sampled_from([None, "local"]),
)
def test_operands_enter_in_the_order_in_which_they_are_written(kind, root, rankdir, edges):
    drawing = draw(root, rankdir=rankdir, layout=kind, edges=edges)
    side = 1 if rankdir in ("LR", "RL") else 0
    ends = {}
    for edge, route in zip(drawing.graph.edges, drawing.layout.routes, strict=True):
        ends.setdefault(edge.head, []).append(route[-1][side])
    for position, value in enumerate(topological_order(root)):
        if value.op not in ("add", "mul", "maximum"):
            found = ends.get(position, [])
            assert len(found) == len(value.parents)
            assert all(after - before > 3 for before, after in itertools.pairwise(found))


X, Y = Value(2.0, "x"), Value(3.0, "y")


@pytest.mark.parametrize(
    ("root", "first", "second"),
    [(Y - X * Y, "3", "6"), (X / (X + 1.0), "2", "3"), (X - 1.0, "2", "1"), (1.0 - X, "1", "2")],
)
def test_operands_stand_in_order_where_that_costs_nothing(layout, root, first, second):
    drawing = draw(root, layout=layout)
    boxes = zip(drawing.graph.boxes, drawing.layout.centres, strict=True)
    level = {box.data: across for box, (_, across) in boxes}
    assert level[first] < level[second]


def test_the_digraph_asks_for_order_where_it_matters():
    assert "ordering=in" in draw(X - Y).dot
    assert "ordering" not in draw(X + Y).dot


def test_an_unknown_rankdir_is_refused():
    with pytest.raises(ValueError, match="'UP'"):
        draw(circuit(), rankdir="UP")


@pytest.mark.parametrize("option", ["theme", "edges", "layout", "collapse"])
@pytest.mark.parametrize("wrong", ["upside down", "", 0, -1, True, 2.5, [1]])
def test_an_unknown_option_says_which_are_allowed(option, wrong):
    with pytest.raises(ValueError, match=r"local|light|layer|depth|no value was made in a scope"):
        draw(circuit(), **{option: wrong})


def test_names_are_a_dict():
    with pytest.raises(TypeError, match=r"locals\(\), got list"):
        draw(circuit(), names=["x"])


@pytest.mark.parametrize("other", [3.0, None, [Value(1.0)]])
def test_only_values_are_drawn(other):
    with pytest.raises(TypeError, match=type(other).__name__):
        draw(other)


def test_the_number_format_is_used():
    assert "3.14" in texts(draw(Value(3.14159), number_format=".2f").svg)


def test_an_unknown_number_format_is_refused():
    with pytest.raises(ValueError, match="format"):
        draw(Value(1.0), number_format=".3q")


def test_a_huge_graph_without_scopes_is_refused_with_advice():
    with pytest.raises(
        GraphError, match=r"2501 values cannot be drawn.*autograd\.scope"
    ) as refused:
        draw(autograd.sum([Value(1.0) for _ in range(2500)]))
    assert "one sample" in str(refused.value)


def drawn_with_calls(samples):
    """A drawing of a loss of that many samples, its SVG, and how many calls it took."""
    model = nn.MLP(2, [16, 16, 1], generator=0)
    outputs = [model([0.1 * i, -0.2 * i]) for i in range(samples)]
    loss = sum((out * out for out in outputs), Value(0.0))
    loss.backward()
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        drawing = draw(loss, layout="layered")
        svg = drawing.svg
    finally:
        sys.setprofile(before)
    return drawing, svg, calls


def test_ten_thousand_values_are_drawn_collapsed_at_a_cost_that_grows_with_their_number():
    # Calls, not seconds: these depend on how busy the machine is.
    drawing, svg, calls = drawn_with_calls(100)
    assert drawing.graph.values > 10_000
    assert {"layer0", "layer1", "layer2"} <= set(texts(svg))
    assert calls < 100 * drawing.graph.values
    assert calls < 2.2 * drawn_with_calls(50)[2]


def test_repr_counts():
    assert repr(draw(circuit())) == "<Drawing of 5 values, 4 edges>"
    collapsed = draw(nn.MLP(2, [3, 1], generator=0)([1.0, 2.0]), collapse=1)
    assert repr(collapsed) == "<Drawing of 26 values in 3 boxes, 2 edges>"


# --- hostile labels --------------------------------------------------------------

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=60)
NASTY_TEXT = st.text(st.sampled_from("<>&\"'\\/NGLTHEnlr{}|[]()#;:%$ \t\n\0\x7f\ud800\u2028é"))
MARKUP = [
    "<>&\"'\\",
    "<b>bold</b>",
    "&amp;",
    "&#65;",
    "]]>",
    "-->",
    "<!--",
    "</TD>",
    "html<",
    "{a|b}",
]
ESCAPES = ["\\", "\\" * 2, "\\" * 3, "a\\", *(f"\\{letter}" for letter in "NGLETHlrn")]
UNSEEN = [" ", "  ", "\xa0", "\u3000", "\n", "\0", "\ud800", "\ufffe", "\u202e", "\u2028"]
HOSTILE = [*MARKUP, *ESCAPES, *UNSEEN, "x" * 500, "&" * 500, "\\" * 500]


@needs_dot
@given(st.lists(ANY_TEXT | NASTY_TEXT, min_size=1, max_size=8))
@example(HOSTILE)
@settings(max_examples=25)
def test_any_label_gives_dot_that_dot_accepts_and_svg_that_shows_it(labels):
    root = apply(lambda *x: (1.0, *x), *[Value(1.0, label) for label in labels])
    shown = texts(rendered(draw(root)))
    expected = [" ".join(printable(label).split()) for label in labels]
    assert [text for text in expected if text not in ["", *shown]] == []


@needs_dot
@pytest.mark.parametrize("name", ["<b>&", "\\N", "a\\\\b", '"', "-->", "\n\ud800"])
def test_any_name_of_an_operation_is_shown(name):
    def rule(x):
        return x, 1.0

    rule.__name__ = name
    assert printable(name) in texts(rendered(draw(apply(rule, Value(2.0)))))


@needs_dot
@pytest.mark.parametrize("fill", ["&", "<", ">", '"', "\\"])
def test_any_fill_character_of_a_number_format_is_shown(fill):
    shown = texts(rendered(draw(Value(1.5), number_format=f"{fill}>7.1f")))
    assert f"{fill * 4}1.5" in shown


# --- saving ----------------------------------------------------------------------

BEGINNINGS = {
    ".svg": b"<svg",
    ".html": b"<!DOCTYPE html>",
    ".png": b"\x89PNG\r\n",
    ".pdf": b"%PDF-",
    ".SVG": b"<svg",
}


@needs_dot
@pytest.mark.parametrize("suffix", BEGINNINGS)
@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_save_writes_the_kind_that_the_suffix_names(tmp_path, suffix, kind):
    path = tmp_path / f"circuit{suffix}"
    assert draw(circuit()).save(kind(path)) == path
    assert path.read_bytes().startswith(BEGINNINGS[suffix])
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".dot", ".gv"])
def test_save_writes_dot_text_without_the_program(tmp_path, suffix, no_dot):
    drawing = draw(Value(1.0, "größe"))
    path = drawing.save(tmp_path / f"circuit{suffix}")
    assert path.read_text(encoding="utf-8") == drawing.dot
    assert drawing.dot.startswith("digraph")
    assert "größe" in drawing.dot


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_save_writes_pictures_without_the_program(tmp_path, suffix, no_dot):
    drawing = draw(Value(1.0, "größe"))
    text = drawing.save(tmp_path / f"circuit{suffix}").read_text(encoding="utf-8")
    assert text == (drawing.svg if suffix == ".svg" else drawing.html)
    assert ">größe</text>" in text


@pytest.mark.parametrize("name", ["circuit", "circuit.jpeg", "circuit.", ".svg", "circuit.svg.txt"])
def test_another_suffix_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"use \.svg, \.html, \.png, \.pdf, \.dot or \.gv"):
        draw(circuit()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_everything_is_as_large_as_it_is_asked_to_be():
    once, twice = draw(circuit()).svg, draw(circuit(), scale=2).svg
    size = r'width="([\d.]+)" height="([\d.]+)" viewBox="([^"]+)"'
    (width, height, box), (wider, higher, same) = (
        re.search(size, svg).groups() for svg in (once, twice)
    )
    assert (float(wider), float(higher)) == (2 * float(width), 2 * float(height))
    assert box == same
    for wrong in (0, -1, "2", True, float("nan"), 21):
        with pytest.raises(ValueError, match="scale is a number above 0"):
            draw(circuit(), scale=wrong)


# --- without the program dot -----------------------------------------------------


def test_without_dot_saving_says_how_to_get_it_and_leaves_no_file(tmp_path, no_dot):
    with pytest.raises(DotMissingError, match="apt install graphviz"):
        draw(circuit()).save(tmp_path / "circuit.pdf")
    assert list(tmp_path.iterdir()) == []


def test_without_dot_the_layout_is_our_own(no_dot):
    assert draw(circuit()).svg == draw(circuit(), layout="layered").svg
    with pytest.raises(DotMissingError, match="brew install graphviz"):
        draw(circuit(), layout="dot").svg


# --- in a notebook -----------------------------------------------------------------


def test_a_notebook_gets_text_a_picture_and_a_page():
    drawing = draw(circuit())
    bundle = drawing._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) - {"image/png"} == {"text/plain", "image/svg+xml", "text/html"}
    assert bundle["text/plain"] == repr(drawing)
    assert bundle["image/svg+xml"] == drawing.svg
    assert html.escape(drawing.html) in bundle["text/html"]


@needs_dot
def test_find_dot_finds_it():
    assert find_dot() == shutil.which("dot")


def test_find_dot_finds_none(no_dot):
    assert find_dot() is None


def test_a_drawing_keeps_what_was_drawn():
    """Later backward passes do not change a picture already made."""
    f = circuit()
    drawing = draw(f)
    before = drawing.dot
    f.backward()
    assert isinstance(drawing, Drawing)
    assert drawing.dot == before != draw(f).dot


@pytest.mark.parametrize("options", [{}, {"edges": "flow"}, {"layout": "layered"}])
def test_an_operand_used_again_and_again_makes_a_small_picture(options):
    x = Value(2.0, "x")
    picture = draw(autograd.sum([x] * 100_000), **options)
    assert f"{chr(0xD7)}100,000" in texts(picture.svg)
    assert len(picture.svg) < 5_000
    assert len(picture.dot) < 5_000


@pytest.mark.parametrize("edges", [None, "flow"])
@pytest.mark.parametrize(("rankdir", "axis"), [("LR", 1), ("TB", 0)])
@pytest.mark.parametrize("shape", [[4, 3], [12, 11]])
def test_neurons_stand_by_index(shape, rankdir, axis, edges):
    loss = nn.cross_entropy(nn.MLP(3, shape)([1.0, -2.0, 0.5]), 1)
    loss.backward()
    drawing = draw(loss, collapse="neuron", rankdir=rankdir, edges=edges)
    at = {
        box.scope: centre[axis]
        for box, centre in zip(drawing.graph.boxes, drawing.layout.centres, strict=True)
    }
    for layer, neurons in enumerate(shape):
        across = [at[f"mlp/layer{layer}/neuron{neuron}"] for neuron in range(neurons)]
        assert across == sorted(across)
