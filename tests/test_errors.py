"""Errors: each is ours and the builtin one a user would expect, and says what to do."""

import inspect

import pytest

from autograd import errors
from autograd.errors import refusal

BUILTINS = {
    "DomainError": ValueError,
    "RangeError": OverflowError,
    "DivisionError": ZeroDivisionError,
    "NumberError": TypeError,
    "DetachError": TypeError,
    "TracingError": TypeError,
    "LabelError": TypeError,
    "GraphError": RuntimeError,
    "AnomalyError": FloatingPointError,
    "ShapeError": ValueError,
    "ExpressionError": ValueError,
    "DotMissingError": RuntimeError,
    "FormulaError": ValueError,
    "PackageMissingError": ImportError,
    "GradcheckError": AssertionError,
}


@pytest.mark.parametrize("name", BUILTINS)
def test_each_error_is_ours_and_the_builtin_one(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.ChainruleError)
    assert issubclass(kind, BUILTINS[name])
    assert kind.__doc__


def test_every_error_is_in_this_table():
    kinds = inspect.getmembers(errors, inspect.isclass)
    assert {name for name, kind in kinds if issubclass(kind, errors.ChainruleError)} == {
        "ChainruleError",
        *BUILTINS,
    }


@pytest.mark.parametrize(
    ("builtin", "ours"),
    [
        (ZeroDivisionError("float division by zero"), errors.DivisionError),
        (OverflowError("math range error"), errors.RangeError),
        (ValueError("math domain error"), errors.DomainError),
    ],
)
def test_a_refusal_by_math_becomes_the_same_kind_of_ours(builtin, ours):
    assert type(refusal("log", [(1.0, "")], builtin)) is ours


def test_a_refusal_repeats_operation_operands_and_labels():
    error = refusal("pow", [(-8.0, "base"), (1 / 3, "")], ValueError())
    assert str(error).startswith("pow(base=-8.0, 0.3333333333333333): ")
    assert "domain of pow" in str(error)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ZeroDivisionError(), "division by zero; keep the divisor away from 0"),
        (OverflowError(), "too large for a float; scale the operands down"),
        (ValueError(), "no real value there; keep the operands in the domain of f"),
    ],
)
def test_a_refusal_says_what_to_do(error, advice):
    assert str(refusal("f", [(0.0, "")], error)).endswith(advice)


def test_a_refusal_shows_up_to_six_operands_and_the_ends_of_more():
    six = str(refusal("sum", [(float(i), "") for i in range(6)], ValueError()))
    assert six.startswith("sum(0.0, 1.0, 2.0, 3.0, 4.0, 5.0): ")
    many = str(refusal("sum", [(float(i), "") for i in range(1000)], ValueError()))
    assert many.startswith("sum(0.0, 1.0, 2.0, ... 995 more ..., 998.0, 999.0): ")
