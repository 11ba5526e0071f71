"""The ``graphviz.Digraph``: what `dot` is told, whatever the texts."""

# ruff: noqa: RUF001 - mathematics has signs of its own

import shutil
import subprocess
from xml.etree import ElementTree as ET

import graphviz
import pytest

import nn
from autograd import Value, draw
from autograd.visual.themes import THEMES

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="`dot` is not installed")
SVG = "{http://www.w3.org/2000/svg}"


def circuit():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    out = x * y
    out.label = "out"
    out.backward()
    return out, x


def rendered(drawing):
    """The texts of the picture that `dot` makes, which must have nothing to say."""
    done = subprocess.run(
        ["dot", "-Tsvg"], input=drawing.dot.encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    root = ET.fromstring(done.stdout)  # noqa: S314 - our own
    return {" ".join("".join(text.itertext()).split()) for text in root.iter(f"{SVG}text")}


def test_nodes_then_edges_in_order():
    out, _ = circuit()
    digraph = draw(out).graphviz
    assert isinstance(digraph, graphviz.Digraph)
    lines = [line.strip() for line in digraph.body]
    assert [line.split()[0] for line in lines] == ["box0", "box1", "box2", "box0", "box1"]
    assert lines[3:] == ["box0 -> box2", "box1 -> box2"]


@pytest.mark.parametrize("theme", THEMES)
def test_colours_are_those_of_the_theme(theme):
    dot = draw(circuit()[0], theme=theme).dot
    for role in ("background", "box", "data", "gradient", "strip"):
        assert getattr(THEMES[theme], role) in dot


@needs_dot
def test_edges_show_what_the_picture_shows():
    out, x = circuit()
    assert {"−3", "2"} <= rendered(draw(out, edges="local"))
    flow = draw(out, edges="flow")
    assert "penwidth=3.00" in flow.dot
    note = "∂out/∂x = −3"
    assert note in rendered(draw(out, highlight=x))


@needs_dot
def test_collapsed_boxes_show_their_size():
    out = nn.MLP(2, [3, 1], generator=0)([1.0, 2.0])
    shown = rendered(draw(out, collapse="layer"))
    assert {"layer0", "18 values, 9 parameters", "layer1", "6 values, 4 parameters"} <= shown


@needs_dot
@pytest.mark.parametrize("text", ["<b>&amp;", "a\\N", "\\", "<", "-->", "{|}", '"; x=1; "', "\n"])
def test_hostile_titles_and_labels(text):
    out = Value(1.0, text) * 2.0
    out.label = text
    rendered(draw(out, title=text, highlight=out.parents[0]))
