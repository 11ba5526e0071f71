"""What a picture shows: boxes and edges, and labels that are safe to show."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, apply, no_grad
from autograd.errors import GraphError
from autograd.visual.model import LONGEST_LABEL, MOST, Box, Graph, graph_of, printable


def boxes_of(root, **options):
    return {box.label or box.op or box.data: box for box in graph_of(root, **options).boxes}


def test_boxes_and_edges_of_a_small_graph():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    out = x * y + x
    out.label = "out"
    assert graph_of(out) == Graph(
        boxes=(
            Box("v0", "x", "", "2", "—"),
            Box("v1", "y", "", "-3", "—"),
            Box("v2", "", "*", "-6", "—"),
            Box("v3", "out", "+", "-4", "—"),
        ),
        edges=(("v0", "v2"), ("v1", "v2"), ("v2", "v3"), ("v0", "v3")),
    )


def test_gradients_appear_with_backward_and_go_with_zero_grad():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    out = x * y
    assert [box.grad for box in graph_of(out).boxes] == ["—", "—", "—"]
    out.backward()
    assert [box.grad for box in graph_of(out).boxes] == ["-3", "2", "1"]
    x.zero_grad()
    assert [box.grad for box in graph_of(out).boxes] == ["—", "2", "1"]
    y.grad = 0  # as micrograd's zero_grad does
    assert [box.grad for box in graph_of(out).boxes] == ["—", "—", "1"]


def test_a_gradient_that_is_zero_is_shown_as_a_number():
    x = Value(-2.0, "x")
    out = x.relu()
    assert boxes_of(out)["x"].grad == "—"
    out.backward()
    assert boxes_of(out)["x"].grad == "0"


def test_what_backward_did_not_reach_shows_none():
    x = Value(2.0, "x")
    inner = x * x
    inner.label = "inner"
    outer = inner + 1.0
    outer.label = "outer"
    inner.backward()
    shown = boxes_of(outer)
    assert (shown["x"].grad, shown["inner"].grad, shown["outer"].grad) == ("4", "1", "—")


def test_an_assigned_gradient_is_shown():
    x = Value(2.0, "x")
    x.grad = 0.5
    assert boxes_of(x)["x"].grad == "0.5"


def test_constants_have_no_gradient():
    x = Value(2.0, "x")
    out = x * 3.0
    assert [box.grad for box in graph_of(out).boxes] == ["—", "", "—"]
    out.backward()
    assert [box.grad for box in graph_of(out).boxes] == ["3", "", "1"]
    frozen = Value(1.0, "frozen", requires_grad=False)
    assert {box.grad for box in graph_of(frozen * frozen).boxes} == {""}


def test_repeated_parents_have_an_edge_each():
    x = Value(2.0, "x")
    graph = graph_of(x * x)
    assert len(graph.boxes) == 2
    assert graph.edges == (("v0", "v1"), ("v0", "v1"))


def test_a_leaf_alone_and_a_result_without_history():
    assert graph_of(Value(2.0, "x")) == Graph((Box("v0", "x", "", "2", "—"),), ())
    with no_grad():
        out = Value(2.0) * 3.0
    assert graph_of(out) == Graph((Box("v0", "", "", "6", ""),), ())


def test_operations_are_drawn_by_their_symbols():
    x = Value(0.5)

    def cube(x):
        return x * x * x, 3.0 * x * x

    for out, symbol in [
        (x + x, "+"),
        (x - x, "-"),
        (x * x, "*"),
        (x / x, "/"),
        (x**x, "**"),
        (x.tanh(), "tanh"),
        (x.relu(), "ReLU"),
        (apply(cube, x), "cube"),
    ]:
        assert graph_of(out).boxes[-1].op == symbol


@pytest.mark.parametrize(
    ("number_format", "data", "grad"),
    [(".4g", "3.142", "6.283"), (".2f", "3.14", "6.28"), ("+.1e", "+3.1e+00", "+6.3e+00")],
)
def test_numbers_are_shown_in_the_format_asked_for(number_format, data, grad):
    x = Value(math.pi, "x")
    (x * x).backward()
    box = graph_of(x, number_format).boxes[0]
    assert (box.data, box.grad) == (data, grad)


def test_the_default_format_is_four_digits():
    assert boxes_of(Value(math.pi, "x"))["x"].data == "3.142"
    assert boxes_of(Value(123456.0, "x"))["x"].data == "1.235e+05"
    assert boxes_of(Value(math.nan, "x"))["x"].data == "nan"


def test_more_values_than_anyone_could_read_are_refused():
    out = Value(0.0)
    for _ in range(MOST - 1):
        out = -out
    assert len(graph_of(out).boxes) == MOST
    with pytest.raises(GraphError, match=f"{MOST + 1} values cannot be drawn.*at most {MOST}"):
        graph_of(-out)


# --- labels ----------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(codec=None, categories=None))


def is_shown(character):
    """Whether a character shows something, or is a space of some kind."""
    return character.isprintable() or unicodedata.category(character).startswith("Z")


@given(ANY_TEXT)
def test_a_label_keeps_what_is_printable_and_marks_what_is_not(text):
    expected = "".join(c if is_shown(c) else "\ufffd" for c in text)
    if len(text) <= LONGEST_LABEL:
        assert printable(text) == expected
    else:
        assert printable(text) == expected[: LONGEST_LABEL - 1] + "…"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w[0][1]", "w[0][1]"),
        ("größe λ 重み 🎉", "größe λ 重み 🎉"),
        ("a\nb\tc\0d", "a\ufffdb\ufffdc\ufffdd"),
        ("\ud800", "\ufffd"),
        ("abc\u202edef", "abc\ufffddef"),  # text direction: "fed" would be read
        ("\ue000\uffff", "\ufffd\ufffd"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 39 + "…"),
        ("x" * 10**6, "x" * 39 + "…"),
        ("", ""),
    ],
)
def test_labels_by_hand(text, expected):
    assert printable(text) == expected
    assert graph_of(Value(1.0, text)).boxes[0].label == expected


def test_the_name_of_an_operation_is_made_safe_too():
    def rule(x):
        return x, 1.0

    rule.__name__ = "bad\n\ud800" + "x" * 50
    assert graph_of(apply(rule, Value(1.0))).boxes[-1].op == "bad\ufffd\ufffd" + "x" * 34 + "…"
