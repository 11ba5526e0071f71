"""What people write who mean an expression: it is read, or the message says what to write."""

# ruff: noqa: RUF001 - formulas have signs of their own

import math
import re

import pytest

from autograd import ops, parse
from autograd.errors import ExpressionError
from autograd.expressions.parser import LONGEST, OPERATIONS
from autograd.expressions.spelling import spelt_out

NUMBERS = {"x": 2.0, "w": 0.5, "b": 1.0, "y": 3.0}


def read(text):
    """The value of a text, with the numbers of the letters that occur in it."""
    return parse(text, **{name: x for name, x in NUMBERS.items() if name in text}).data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x − 1", 1.0),
        ("x – 1", 1.0),
        ("2×x", 4.0),
        ("2·x", 4.0),
        ("w·x", 1.0),
        ("2⋅x", 4.0),
        ("x÷4", 0.5),
        ("x^2", 4.0),
        ("e^x", math.e**2),
        ("π*x", math.pi * 2.0),
        ("2**−1", 0.5),
    ],
)
def test_signs_of_printed_formulas_are_read(text, expected):
    assert read(text) == expected


def test_pi_can_be_given_by_its_letter():
    assert parse("π", π=3.0).data == 3.0


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("3x", "3*x"),
        ("2(x+1)", "2*(x + 1)"),
        ("(x+1)(x-1)", "(x + 1)*(x - 1)"),
        ("x(x+1)", "x*(x + 1)"),
        ("x y", "x*y"),
        ("2 x", "2*x"),
        ("x 2", "x*2"),
        ("2e x", "2*e*x"),
        ("2π x", "2*π*x"),
        ("3e2x", "3e2*x"),
        ("wx", "w*x"),
        ("wx+b", "w*x + b"),
        ("L=(wx+b-y)^2", "(w*x + b - y)**2"),
        ("5 sin(x)", "5*sin(x)"),
        ("xsin(x)", "x*sin(x)"),
        ("2[x+1]", "2*(x + 1)"),
        ("sin x", "sin(x)"),
        ("sinx", "sin(x)"),
        ("sin 2x", "sin(2*x)"),
        ("sin² x", "sin(x)**2"),
        ("sin^2(x)", "sin(x)**2"),
        ("sin^-1(w)", "asin(w)"),
        ("sin⁻¹ w", "asin(w)"),
        ("tanh^(-1)(w)", "atanh(w)"),
        ("\\tan^{-1} x", "atan(x)"),
        ("½x", "(1/2)*x"),
        ("x^½", "x**(1/2)"),
        ("2sin x + 3x² - 1", "2*sin(x) + 3*x**2 - 1"),
        ("log 10", "log(10)"),
        ("tanh", "tanh(x)"),
        ("ln(x)", "log(x)"),
        ("lnx", "log(x)"),
        ("ln x", "log(x)"),
        ("lg(x)", "log10(x)"),
        ("arcsin(w)", "asin(w)"),
        ("arctan(x)", "atan(x)"),
        ("tg(x)", "tan(x)"),
        ("sgn(x)", "sign(x)"),
        ("ReLU(x)", "relu(x)"),
        ("σ(x)", "sigmoid(x)"),
        ("Φ(x)", "ndtr(x)"),
        ("math.sin(x)", "sin(x)"),
        ("np.exp(x)", "exp(x)"),
        ("x.tanh()", "tanh(x)"),
        ("y = x*2", "x*2"),
        ("f(x) = x^2", "x**2"),
        ("y=3x+1", "3*x + 1"),
        ("x²", "x**2"),
        ("x¹⁰", "x**10"),
        ("x⁻¹", "x**-1"),
        ("exp(-x²/2)", "exp(-x**2/2)"),
        ("|x|", "abs(x)"),
        ("|x|+|w|", "abs(x) + abs(w)"),
        ("√x", "sqrt(x)"),
        ("√(x+1)", "sqrt(x + 1)"),
        ("(x", "(x)"),
        ("tanh(w*x", "tanh(w*x)"),
        ("sin(x))", "sin(x)"),
        ("0,5*x", "0.5*x"),
        ("$x^{2}$", "x**(2)"),
        ("\\sin x", "sin(x)"),
        ("w \\cdot x", "w*x"),
    ],
)
def test_the_message_says_what_to_write_and_that_is_read(text, written):
    with pytest.raises(ExpressionError, match=re.escape(f"write {written}") + "$"):
        read(text)
    names = set(re.findall("[a-z]+", written)) & set(NUMBERS)
    assert math.isfinite(parse(written, **{name: NUMBERS[name] for name in names}).data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the expression is empty: write one such as tanh"),
        ("softmax(x)", "softmax gives several numbers, .*: write exp"),
        ("log_softmax(x)", "several numbers.*: write x - logsumexp"),
        ("dot(x, x)", "dot takes two lists: write the sum of the products"),
        ("tan8(x)", "did you mean tan"),
        ("x%2", "write mod"),
        ("x//2", "write floordiv"),
        ("log(x, 2)", r"log\(x\)/log\(2\)"),
        ("x if x else 2", "write where"),
        ("lambda*x", "'lambda' is a word of Python"),
        ("x!", "write numbers, names"),
        ("x > 1", "write numbers, names"),
        ("q", "no number is given for 'q'; add q=1.5 or the like$"),
    ],
)
def test_other_messages_say_it_in_words(text, message):
    with pytest.raises(ExpressionError, match=message):
        read(text)


@pytest.mark.parametrize("text", ["1/2x", "sin x^2", "x[0]", "x,y", "max x w!", "f(x)", "1/2(x)"])
def test_no_guess_where_two_are_possible_or_none(text):
    assert spelt_out(text, NUMBERS, OPERATIONS) == ""


@pytest.mark.parametrize(
    "text",
    ["xx" * 999 + "1", "(" * 1999, "sin " * 499 + "x", "sin^2" * 399, "|" * 1999, "2" * 1999],
)
def test_guessing_takes_no_time_and_never_fails(text):
    assert len(text) <= LONGEST
    spelt_out(text, {"x", "xx", "xxx"}, OPERATIONS)


def test_the_operations_are_those_of_the_table_whose_operands_are_numbers():
    assert {*OPERATIONS} == {rule.__name__ for rule in ops.TABLE} - {"dot"}
