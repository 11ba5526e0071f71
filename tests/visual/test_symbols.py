"""One symbol for each value, and no two alike."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, scope
from autograd.export.notation import symbol_of
from autograd.visual.symbols import Symbols, definition


def test_names_first_come_first_served():
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    symbols = Symbols({a: "w1", b: "w_1"})
    assert [symbols.name(value) for value in (a, b, c)] == ["w1", "v1", "v2"]
    assert symbols.name(a) == "w1"


def test_a_counted_name_avoids_those_taken():
    a, b = Value(1.0), Value(2.0)
    symbols = Symbols({a: "v1"})
    assert (symbols.name(a), symbols.name(b)) == ("v1", "v2")


def test_another_name_if_there_is_none():
    a, b = Value(1.0), Value(2.0)
    symbols = Symbols({})
    assert (symbols.name(a, "L"), symbols.name(b, "L")) == ("L", "v1")


@given(st.lists(st.sampled_from(["w1", "w_1", "alpha", "\N{GREEK SMALL LETTER ALPHA}", "v1", ""])))
def test_no_two_values_share_a_symbol(labels):
    values = [Value(1.0, label) for label in labels]
    symbols = Symbols({value: value.label for value in values if value.label})
    assert len({symbol_of(symbols.name(value)) for value in values}) == len(values)


def test_plain_numbers_are_shown_as_numbers():
    x = Value(1.0)
    ((_, two), three) = (x * 2.0).parents, Value(3.0, "three", requires_grad=False)
    symbols = Symbols({three: "three"})
    assert symbols.expression(two).value == 2
    assert symbols.label(symbols.expression(three).id) == "three"
    assert symbols.label("LN2") == "LN2"


def test_notes_say_where_a_leaf_was_made():
    with scope("mlp"), scope("neuron0"):
        w, other, unnamed = Value(1.0, "w"), Value(2.0, "w"), Value(3.0)
    outside = Value(4.0, "x")
    symbols = Symbols({w: "w", other: "w", outside: "x"})
    for value in (w, other, unnamed, outside):
        symbols.name(value)
    notes = [
        symbols.note(symbols.key(value))
        for value in (
            w,
            other,
            unnamed,
            outside,
        )
    ]
    assert notes == ["in mlp/neuron0", "w in mlp/neuron0", "in mlp/neuron0", ""]


def test_definitions():
    x, y = Value(2.0), Value(3.0)
    names = [ast.Name("x", ast.Load()), ast.Name("y", ast.Load())]
    assert ast.unparse(definition(x * y, names)) == "x * y"
    assert ast.unparse(definition(x.atan2(y), names)) == "atan2(x, y)"
