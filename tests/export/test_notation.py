"""Labels as mathematics reads them."""

# ruff: noqa: RUF001 - mathematics has letters of its own

import pytest

from autograd.export.notation import GREEK, Symbol, operation, symbol_of


@pytest.mark.parametrize(
    ("label", "symbol"),
    [
        ("x", Symbol("x")),
        ("w1", Symbol("w", ("1",))),
        ("w_1", Symbol("w", ("1",))),
        ("w[1]", Symbol("w", ("1",))),
        ("w11", Symbol("w", ("11",))),
        ("w1_2", Symbol("w", ("1", "2"))),
        ("w₁", Symbol("w", ("1",))),
        ("α₁,₂₀,₃", Symbol("α", ("1", "20", "3"))),
        ("x²", Symbol("x²")),
        ("w[0][12]", Symbol("w", ("0", "12"))),
        ("alpha", Symbol("\N{GREEK SMALL LETTER ALPHA}")),
        ("sigma_2", Symbol("\N{GREEK SMALL LETTER SIGMA}", ("2",))),
        ("loss", Symbol("loss")),
        ("learning rate", Symbol("learning rate", (), plain=False)),
        ("x'", Symbol("x'", (), plain=False)),
        ("1st", Symbol("1st", (), plain=False)),
        ("", Symbol("", (), plain=False)),
    ],
)
def test_symbol_of(label, symbol):
    assert symbol_of(label) == symbol


def test_greek_letters_are_the_ones_of_their_names():
    import unicodedata

    for name, letter in GREEK.items():
        size = "CAPITAL" if name[0].isupper() else "SMALL"
        spelled = {"lambda": "LAMDA"}.get(name.lower(), name.upper())  # as Unicode spells it
        assert unicodedata.name(letter) == f"GREEK {size} LETTER {spelled}"


def test_an_operation_of_the_same_two_factors_is_a_square():
    import ast

    x, y = ast.Name("x", ast.Load()), ast.Name("y", ast.Load())
    assert ast.unparse(operation("mul", [x, x])) == "x ** 2"
    assert ast.unparse(operation("mul", [x, y])) == "x * y"
    assert ast.unparse(operation("div", [x, x])) == "x / x"
    assert ast.unparse(operation("softsign", [x])) == "softsign(x)"
