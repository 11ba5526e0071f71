"""What is no Value is refused by everything that shows one, with what to write instead."""

import re

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, draw, explain, latex, play, reverse_network
from autograd.visual.arguments import shown

X = Value(2.0, "x")
ENDLESS = [1.0]
ENDLESS.append(ENDLESS)
SHOW = {"draw": draw, "play": play, "latex": latex, "reverse_network": reverse_network}


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


GIVEN = {
    "a model": (nn.MLP(2, [1]), "got MLP(2 -> 1", "call the model: {}(loss), or {}(model(x))"),
    "values": ([X, X * X], "got list [Value(", "{}(values[0]), or all together, {}(autograd.sum("),
    "a dict": ({"a": X}, "got dict {'a': Value(", "{}(values[0])"),
    "an array of Values": (np.array([X, X], dtype=object), "got ndarray array(", "{}(values[0])"),
    "a number": (3.0, "got float 3.0", "plain numbers have no graph: start from Value(1.0)"),
    "numbers": (np.ones(3), "got ndarray array([1., 1., 1.])", "plain numbers have no graph"),
    "many numbers": ([1.0] * 1000, "got list [1.0, 1.0", "plain numbers have no graph"),
    "a list that holds itself": (ENDLESS, "got list [1.0, [...]]", "plain numbers have no graph"),
    "nothing": (None, "got NoneType None", "did the function that made it return its result?"),
    "a text": ("x*y", "got str 'x*y'", "{}(parse(text, x=1.0))"),
    "a function": (abs, "got builtin_function_or_method <built-in", "{}(f(Value(1.0)))"),
    "the class": (Value, "got type <class", "make one: {}(Value(1.0))"),
    "something rude": (Rude(), "got one Rude", "plain numbers"),
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("function", SHOW)
def test_only_values_are_shown(function, given):
    other, got, advice = GIVEN[given]
    with pytest.raises(TypeError) as refused:
        SHOW[function](other)
    message = str(refused.value)
    assert message.startswith(f"{function} takes a Value, {got}")
    assert advice.replace("{}", function) in message
    assert len(message) < 300


@pytest.mark.parametrize("given", GIVEN)
def test_only_values_are_explained(given):
    other, got, advice = GIVEN[given]
    with pytest.raises(TypeError) as refused:
        explain(other, X)
    message = str(refused.value)
    assert message.startswith(f"explain takes Values: output is {got.removeprefix('got ')}")
    assert re.sub(r"\{\}\((.*?)\)(?=$|[,)]| )", "", advice)[:9] in message
    with pytest.raises(TypeError, match=r"input is .*explain\(output, x\)"):
        explain(X * X, other)


def test_a_second_value_is_no_dict_of_names():
    with pytest.raises(TypeError, match=r"one Value, got Value\(.*reverse_network\(loss\)\.grad"):
        reverse_network(X * X, X)


NAMED = {
    "draw": lambda names: draw(X * X, names=names),
    "play": lambda names: play(X * X, names=names),
    "latex": lambda names: latex(X * X, names=names),
    "explain": lambda names: explain(X * X, X, names=names),
    "reverse_network": lambda names: reverse_network(X * X, names),
}


@pytest.mark.parametrize("names", [["x"], [("x", X)], "x", 3, X * 1.0])
@pytest.mark.parametrize("function", NAMED)
def test_names_are_a_dict(function, names):
    if function == "reverse_network" and isinstance(names, Value):
        return  # above
    with pytest.raises(TypeError, match=r"names takes a dict such as locals\(\), got "):
        NAMED[function](names)


@pytest.mark.parametrize("function", NAMED)
def test_names_the_wrong_way_round(function):
    with pytest.raises(TypeError, match=r"from names to Values, but its key is Value\("):
        NAMED[function]({X: "x"})


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "class", "a\nb", "\ud800", "x" * 10_000, "\x1b[31m", "3", "µ", "</b>"]
)
@pytest.mark.parametrize("function", NAMED)
def test_any_text_may_be_a_name(function, name):
    y = X * 1.0
    NAMED[function]({name: y, "x": [X]})
    assert str(explain(y * y, y, names={name: y}))


@pytest.mark.parametrize("wrong", [3, None, ["f"], b".4g"])
def test_a_number_format_is_a_text(wrong):
    for function in (draw, latex, lambda x, **options: explain(x, X, **options)):
        with pytest.raises(TypeError, match=r"such as '\.4g' or '\.2f', got"):
            function(X * X, number_format=wrong)


@pytest.mark.parametrize("wrong", ["zzz", "q", "d", "{}"])
def test_a_number_format_formats_numbers(wrong):
    for function in (draw, latex, lambda x, **options: explain(x, X, **options)):
        with pytest.raises(ValueError, match=rf"such as '\.4g' or '\.2f', got {wrong!r}: "):
            function(X * X, number_format=wrong)


def test_a_leaf_of_another_graph_is_no_error_to_explain():
    assert "does not depend on other" in str(explain(X * X, Value(1.0, "other")))
    assert str(explain(X, X)) == "∂x/∂x = 1: a value by itself"


def test_what_was_given_is_cut():
    assert shown("x" * 1000) == f"str 'x{'x' * 77}…"
    assert shown(autograd.sum([X])) == "Value(data=2.0, grad=0.0)"
