"""How a value was computed, as an expression of its operands."""

import ast

import autograd
from autograd import Value
from autograd.visual.explanation.definitions import definition

X, Y = (ast.Name(name, ast.Load()) for name in "xy")


def test_operations():
    x, y = Value(2.0), Value(3.0)
    assert ast.unparse(definition(x * y, [X, Y])) == "x * y"
    assert ast.unparse(definition(x.atan2(y), [X, Y])) == "atan2(x, y)"


def test_a_derivative_is_spelled_out():
    x = Value(2.0)
    (slope,) = autograd.gradient(x.sin(), [x], create_graph=True)
    assert ast.unparse(definition(slope, [X])) == "cos(x)"
