"""Formulas as lines of text, against what a person writes."""
# ruff: noqa: RUF001 - mathematics has signs and letters of its own

import ast

import pytest

from autograd import ops
from autograd.calculus.readable import partial_in_cases
from autograd.export.text_printer import TextPrinter, derivative


def written(text, **options):
    return TextPrinter(**options)(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("x + y - z", "x + y − z"),
        ("x - (y - z)", "x − (y − z)"),
        ("x - (y + z)", "x − (y + z)"),
        ("x + (y + z)", "x + y + z"),
        ("x + -y", "x + (−y)"),
        ("-x + y", "−x + y"),
        ("x - -2.0", "x − (−2)"),
        ("-(x + y)", "−(x + y)"),
        ("-(-x)", "−(−x)"),
        ("2.0 * x", "2x"),
        ("x * 2.0", "x·2"),
        ("2 * 3", "2·3"),
        ("2 * loss", "2·loss"),
        ("2 * (x + 1)", "2·(x + 1)"),
        ("x * y * z", "x·y·z"),
        ("x * (y + z)", "x·(y + z)"),
        ("(x + y) * z", "(x + y)·z"),
        ("x * -y", "x·(−y)"),
        ("x / y", "x/y"),
        ("x / (y * z)", "x/(y·z)"),
        ("x / (y / z)", "x/(y/z)"),
        ("(x + 1) / (x - 1)", "(x + 1)/(x − 1)"),
        ("x / y ** 2", "x/y²"),
        ("x ** 2", "x²"),
        ("x ** -1", "x⁻¹"),
        ("x ** 12", "x¹²"),
        ("x ** y", "x^y"),
        ("x ** (y - 1)", "x^(y − 1)"),
        ("(x ** 2) ** 3", "(x²)³"),
        ("(-x) ** 2", "(−x)²"),
        ("(x + y) ** 2", "(x + y)²"),
        ("exp(x)", "e^x"),
        ("exp(-x)", "e^(−x)"),
        ("tanh(x) ** 2", "tanh²(x)"),
        ("sigmoid(z1) * (1 - sigmoid(z1))", "σ(z₁)·(1 − σ(z₁))"),
        ("sqrt(x)", "√x"),
        ("sqrt(x + 1)", "√(x + 1)"),
        ("cbrt(x)", "∛x"),
        ("abs(x - y)", "|x − y|"),
        ("floor(x)", "⌊x⌋"),
        ("math.fabs(x)", "|x|"),
        ("log(x)", "ln(x)"),
        ("log1p(x)", "ln(1 + x)"),
        ("expm1(x) * y", "(e^x − 1)·y"),
        ("hypot(1.0, x)", "√(1 + x²)"),
        ("LN2 * x", "ln(2)·x"),
        ("x / SQRT2PI", "x/√(2π)"),
        ("math.inf", "∞"),
        ("-math.inf", "−∞"),
        ("math.nan", "nan"),
        ("1e-05 * x", "1e−5·x"),
        ("maximum(x, y)", "max(x, y)"),
        ("sum(a, b, c)", "a + b + c"),
        ("sum(-a, -b)", "−a + (−b)"),
        ("c - sum(-a, b)", "c − (−a + b)"),
        ("sum(a, b, c) * d", "(a + b + c)·d"),
        ("sum(a, b, c, d, f, g, h)", "a + b + c + … + h"),
        ("prod(a, b, c, d, f, g, h)", "a·b·c·…·h"),
        ("mean(a, b, c)", "(a + b + c)/3"),
        ("dot(a, b, x, y)", "a·x + b·y"),
        ("dot(a, b, 1.0, y)", "a·1 + b·y"),
        ("norm(a, b)", "√(a² + b²)"),
        ("logsumexp(a, b)", "ln(e^a + e^b)"),
        ("max(a, b, c)", "max(a, b, c)"),
        ("1.0 if x > 0 else 0.0", "1 if x > 0, else 0"),
        ("1.0 if x else 0.0", "1 if x ≠ 0, else 0"),
        ("(1 if x <= b else 0) if x >= a else 0", "1 if x ≥ a and x ≤ b, else 0"),
    ],
)
def test_written(expression, wanted):
    assert written(expression) == wanted


@pytest.mark.parametrize(
    ("label", "wanted"),
    [("w1", "w₁"), ("w_12", "w₁₂"), ("w[0][1]", "w₀,₁"), ("alpha", "α"), ("my loss", "my loss")],
)
def test_labels_are_symbols(label, wanted):
    assert written("v", labels=lambda name: label) == wanted


def test_labels_can_be_spelled_letter_for_letter():
    assert written("v", labels=lambda name: "alpha_1", spelled=True) == "alpha_1"


def test_numbers_follow_the_format():
    assert written("x * 3.14159", number_format=".2f") == "x·3.14"
    assert written("-2.5e-7") == "−2.5e−7"


def test_what_has_no_notation_is_an_error():
    with pytest.raises(TypeError, match="no notation"):
        written("[x]")


def test_derivatives():
    assert derivative("L", "w₁") == "∂L/∂w₁"
    assert derivative("L", "a", "(2)") == "∂L/∂a⁽²⁾"


def test_every_partial_of_every_operation_has_a_text():
    import inspect

    for rule in ops.TABLE:
        parameters = inspect.signature(rule).parameters.values()
        if not any(p.kind is p.VAR_POSITIONAL for p in parameters):
            for position in range(len(parameters)):
                text = TextPrinter()(partial_in_cases(rule, position))
                assert text
                assert "math" not in text
