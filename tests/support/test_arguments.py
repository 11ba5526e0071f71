"""What is read as a number, as operands and as a sequence."""

import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import ops
from autograd.errors import NumberError, RangeError
from autograd.support.arguments import as_float, as_list, operands
from autograd.value import Value


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (2, 2.0),
        (True, 1.0),
        (2.5, 2.5),
        (Fraction(1, 4), 0.25),
        (-math.inf, -math.inf),
        (np.float64(2.5), 2.5),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float16(0.5), 0.5),
        (np.longdouble(1.5), 1.5),
        (np.int64(-3), -3.0),
        (np.uint8(200), 200.0),
        (np.bool_(True), 1.0),
        (np.array(2.5), 2.5),
        (np.array(3), 3.0),
    ],
)
def test_one_real_number_becomes_a_float(number, expected):
    got = as_float(number)
    assert type(got) is float
    assert got == expected


@pytest.mark.parametrize(
    "other",
    [
        "1",
        b"1",
        None,
        1j,
        [1.0],
        (),
        {},
        object(),
        Decimal(1),
        float,
        np.array([1.0]),
        np.array([[1.0]]),
        np.array([]),
        np.array("1"),
        np.str_("1"),
        np.complex64(1),
        np.array(1j),
        np.clongdouble(1),
        np.datetime64("2020-01-01"),
        np.array(None),
    ],
    ids=lambda other: re.sub("0x[0-9a-f]+", "", f"{type(other).__name__} {other!r}")[:40],
)
def test_anything_else_is_refused_by_name(other):
    with pytest.raises(NumberError, match="expected one real number"):
        as_float(other)


def test_the_way_out_is_told_for_arrays_and_values():
    with pytest.raises(NumberError, match=r"ndarray.*one Value per element"):
        as_float(np.array([1, 2]))
    with pytest.raises(NumberError, match=r"use \.data"):
        as_float(Value(1.0))
    with pytest.raises(NumberError, match=r"use \.data"):
        as_float(np.array(Value(1.0)))


@pytest.mark.parametrize("number", [10**400, -(10**400), Fraction(10**400)])
def test_what_does_not_fit_a_float_is_out_of_range(number):
    with pytest.raises(RangeError, match="does not fit a float"):
        as_float(number)


def test_operands_fill_in_defaults_and_put_names_in_their_places():
    assert operands(ops.elu, 3.0) == (3.0, 1.0)
    assert operands(ops.elu, 3.0, 0.5) == (3.0, 0.5)
    assert operands(ops.elu, 3.0, alpha=0.5) == (3.0, 0.5)
    assert operands(ops.clip, 3.0, high=2.0, low=1.0) == (3.0, 1.0, 2.0)
    assert operands(ops.sum, 1.0, 2.0, 3.0) == (1.0, 2.0, 3.0)


def test_operands_refuse_unknown_and_missing_names():
    with pytest.raises(TypeError, match="beta"):
        operands(ops.elu, 3.0, beta=0.5)
    with pytest.raises(TypeError, match="alpha"):
        operands(ops.elu, 3.0, 0.5, alpha=0.5)
    with pytest.raises(TypeError, match="high"):
        operands(ops.clip, 3.0, low=1.0)


@pytest.mark.parametrize("values", [[1, 2], (1, 2), iter([1, 2]), {1: "a", 2: "b"}, range(1, 3)])
def test_any_iterable_is_a_sequence(values):
    assert as_list("sum", values) == [1, 2]


@pytest.mark.parametrize("single", [1.0, None, Value(2.0)])
def test_a_single_thing_is_none_and_the_caller_is_named(single):
    with pytest.raises(TypeError, match=f"^mean takes one sequence.*{type(single).__name__}"):
        as_list("mean", single)


def test_an_error_inside_the_users_generator_comes_through():
    """A sum over math.tanh(v) must say that math.tanh detaches, not that sum wants a sequence."""

    def elements():
        yield 1.0
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        as_list("sum", elements())
