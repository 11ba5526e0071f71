"""Drawings: DOT that `dot` accepts and SVG that shows what it should, whatever the labels."""

import shutil
import subprocess
from xml.etree import ElementTree as ET

import graphviz
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograd import Drawing, Value, apply, draw
from autograd.errors import DotMissingError, GraphError
from autograd.visual.drawing import GREEN, RED, find_dot
from autograd.visual.model import MOST, printable

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


@needs_dot
def test_the_svg_shows_labels_operations_data_and_gradients():
    f = circuit()
    assert sorted(texts(draw(f).svg)) == sorted(
        ["x", "-2", "—", "y", "5", "—", "z", "-4", "—", "+", "3", "—", "f", "*", "-12", "—"]
    )
    f.backward()
    assert sorted(texts(draw(f).svg)) == sorted(
        ["x", "-2", "-4", "y", "5", "-4", "z", "-4", "3", "+", "3", "-4", "f", "*", "-12", "1"]
    )


@needs_dot
def test_data_is_green_and_gradients_are_red():
    f = circuit()
    f.backward()
    colours = {}
    for text in parsed(draw(f).svg).iter(f"{SVG}text"):
        colours.setdefault(text.get("fill"), []).append(text.text)
    assert sorted(colours[GREEN]) == ["-12", "-2", "-4", "3", "5"]
    assert sorted(colours[RED]) == ["-4", "-4", "-4", "1", "3"]


@needs_dot
def test_the_svg_has_a_group_for_each_box_and_each_edge():
    x = Value(3.0, "x")
    groups = [g.get("class") for g in parsed(draw(x * x + x).svg).iter(f"{SVG}g")]
    assert (groups.count("node"), groups.count("edge")) == (3, 4)


def test_the_digraph_has_a_node_for_each_box_and_each_edge():
    x = Value(3.0, "x")
    digraph = draw(x * x).graphviz
    assert isinstance(digraph, graphviz.Digraph)
    lines = [line.strip() for line in digraph.body]
    assert [line.split()[0] for line in lines] == ["v0", "v1", "v0", "v0"]
    assert lines[2:] == ["v0 -> v1", "v0 -> v1"]


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_rankdir_is_the_direction_of_the_edges(rankdir):
    assert f"rankdir={rankdir}" in draw(circuit(), rankdir=rankdir).dot


@needs_dot
@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_edges_run_that_way(rankdir):
    x = Value(3.0)
    svg = parsed(draw(-x, rankdir=rankdir).svg)
    tips = [
        [float(number) for number in polygon.get("points").split()[1].split(",")]
        for group in svg.iter(f"{SVG}g")
        if group.get("class") == "edge"
        for polygon in group.iter(f"{SVG}polygon")
    ]
    ((right, down),) = tips
    boxes = [g for g in svg.iter(f"{SVG}g") if g.get("class") == "node"]
    start = boxes[0].find(f".//{SVG}text")
    assert (right > float(start.get("x")) + 20) is (rankdir == "LR")
    assert (down > float(start.get("y")) + 20) is (rankdir == "TB")


def test_an_unknown_rankdir_is_refused():
    with pytest.raises(ValueError, match="'UP'"):
        draw(circuit(), rankdir="UP")


@pytest.mark.parametrize("other", [3.0, None, [Value(1.0)]])
def test_only_values_are_drawn(other):
    with pytest.raises(TypeError, match=type(other).__name__):
        draw(other)


@needs_dot
def test_the_number_format_is_used():
    assert "3.14" in texts(draw(Value(3.14159), number_format=".2f").svg)


def test_an_unknown_number_format_is_refused():
    with pytest.raises(ValueError, match="format"):
        draw(Value(1.0), number_format=".3q")


def test_more_values_than_anyone_could_read_are_refused():
    with pytest.raises(GraphError, match=f"at most {MOST}"):
        draw(sum(Value(1.0) for _ in range(MOST)))


def test_repr_counts():
    assert repr(draw(circuit())) == "<Drawing of 5 values, 4 edges>"


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
    ".svg": b"<?xml",
    ".png": b"\x89PNG\r\n",
    ".pdf": b"%PDF-",
    ".SVG": b"<?xml",
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


@pytest.mark.parametrize("name", ["circuit", "circuit.jpeg", "circuit.", ".svg", "circuit.svg.txt"])
def test_another_suffix_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"use \.svg, \.png, \.pdf, \.dot or \.gv"):
        draw(circuit()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


# --- without the program dot -----------------------------------------------------


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_without_dot_saving_says_how_to_get_it_and_leaves_no_file(tmp_path, no_dot, suffix):
    with pytest.raises(DotMissingError, match="apt install graphviz"):
        draw(circuit()).save(tmp_path / f"circuit{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_without_dot_there_is_no_svg(no_dot):
    with pytest.raises(DotMissingError, match="brew install graphviz"):
        draw(circuit()).svg


def test_without_dot_a_notebook_shows_text(no_dot):
    drawing = draw(circuit())
    bundle = drawing._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain"}
    assert drawing.dot in bundle["text/plain"]
    assert "install Graphviz" in bundle["text/plain"]


@needs_dot
def test_with_dot_a_notebook_shows_the_picture():
    drawing = draw(circuit())
    bundle = drawing._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"text/plain": repr(drawing), "image/svg+xml": drawing.svg}


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
