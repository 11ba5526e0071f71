"""Tidied expressions are the same numbers, written as a person would write them."""

import ast
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd.calculus.simplify import LONGEST_CHAIN, call, constant, same, substituted, tidied

FUNCTIONS = {
    "sqrt": math.sqrt,
    "hypot": math.hypot,
    "exp": math.exp,
    "prod": lambda *x: math.prod(x),
}


def parsed(text):
    return ast.parse(text, mode="eval").body


def computed(expression, **numbers):
    tree = ast.fix_missing_locations(ast.Expression(expression))
    return eval(compile(tree, "", "eval"), {**FUNCTIONS, **numbers})  # noqa: S307


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("1.0", "1"),
        ("2.5", "2.5"),
        ("x * x", "x ** 2"),
        ("x * x * x", "x ** 3"),
        ("1.0 / x / y", "1 / (x * y)"),
        ("0.5 / x", "1 / (2 * x)"),
        ("0.5 * x * x", "x ** 2 / 2"),
        ("0.01 * x", "0.01 * x"),
        ("-x * -y", "x * y"),
        ("-x / y", "-(x / y)"),
        ("x * 1.0", "x"),
        ("x * 0.0", "0"),
        ("x + 0.0", "x"),
        ("0.0 - x", "-x"),
        ("x - -y", "x + y"),
        ("-x + y", "y - x"),
        ("x + x", "2 * x"),
        ("x - x", "0"),
        ("-x - x", "-(2 * x)"),
        ("-x + x", "0"),
        ("2.0 - 1.0", "1"),
        ("x ** (2.0 - 1.0)", "x"),
        ("y * x ** (3.0 - 1.0)", "y * x ** 2"),
        ("1.0 / 3", "1 / 3"),
        ("1.0 / 4", "0.25"),
        ("6 * x / 4", "3 * x / 2"),
        ("(1.0 - x) * (1.0 + x)", "1 - x ** 2"),
        ("(1.0 - x) * (x + 1.0)", "1 - x ** 2"),
        ("(x + 1.0) * (x - 1.0)", "x ** 2 - 1"),
        ("1.0 / ((1.0 - x) * (1.0 + x))", "1 / (1 - x ** 2)"),
        ("sqrt(x) * sqrt(y)", "sqrt(x * y)"),
        ("x / hypot(x, y) / hypot(x, y)", "x / (x ** 2 + y ** 2)"),
        ("exp(-x) * exp(-x) / y", "exp(-(2 * x)) / y"),
        ("(x - y) * (x - y)", "(x - y) ** 2"),
    ],
)
def test_tidied(given, wanted):
    assert ast.unparse(tidied(parsed(given))) == wanted


def test_many_factors_become_one_product():
    names = [f"x{i}" for i in range(LONGEST_CHAIN + 1)]
    product = tidied(parsed("*".join(names)))
    assert ast.unparse(product) == f"prod({', '.join(names)})"
    assert ast.unparse(tidied(ast.BinOp(product, ast.Div(), parsed("x0")))) == "*".join(
        names[1:]
    ).replace("*", " * ")


numbers = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, -1.0, -2.0, 0.3])
expressions = st.recursive(
    st.sampled_from(["x", "y"]) | numbers.map(repr),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(
            lambda parts: "({} {} {})".format(*parts)
        )
        | inner.map("(-{})".format)
        | inner.map("({} ** 2)".format)
        | inner.map("exp({})".format)
    ),
    max_leaves=10,
)


@given(expressions)
def test_tidying_keeps_the_number(text):
    values = {"x": 0.7, "y": -1.3}
    try:
        wanted = computed(parsed(text), **values)
    except (ArithmeticError, ValueError):
        return
    if abs(wanted) > 1e100:
        return
    found = computed(tidied(parsed(text)), **values)
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@example("1.0 / 0.0")
@given(expressions)
def test_tidying_twice_is_tidying_once(text):
    once = tidied(parsed(text))
    assert same(tidied(once), once)


def test_substitution_leaves_the_original_alone():
    original = parsed("x + x * y")
    new = substituted(original, {"x": parsed("a - b")})
    assert ast.unparse(new) == "a - b + (a - b) * y"
    assert ast.unparse(original) == "x + x * y"


def test_constants_and_calls():
    assert ast.unparse(call("f", constant(2.0), constant(0.1))) == "f(2, 0.1)"
    assert constant(math.inf).value == math.inf
