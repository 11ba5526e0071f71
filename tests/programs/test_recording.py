"""A tape keeps apart what a graph keeps apart."""

from array import array

import pytest

import autograd
from autograd import Value, apply
from autograd.programs.generated import GeneratedReplay


def scaled(factor):
    def twice(x):
        return factor * x, factor

    return twice


TWICE, FIVE_TIMES = scaled(2.0), scaled(5.0)


def tanh(x):
    return 3.0 * x, 3.0


def add(x, y):
    return x - y, 1.0, -1.0


def dot(x, y):
    return x - y, 1.0, -1.0


def matrix(x, y):
    return x + 10.0 * y, 1.0, 10.0


def log_softmax(x):
    return 7.0 * x, 7.0


def twice_2(x):
    return 11.0 * x, 11.0


FUNCTIONS = {
    "two of one name": lambda x: apply(TWICE, x) + apply(FIVE_TIMES, x) + apply(TWICE, x + 1.0),
    "a numbered name": lambda x: apply(TWICE, x) + apply(FIVE_TIMES, x) + apply(twice_2, x),
    "of an operation": lambda x: apply(tanh, x) + x.tanh(),
    "of a sum": lambda x: apply(add, x, 2.0 * x) + x + 3.0 + apply(add, x, 5.0),
    "of a dot": lambda x: apply(dot, x, 2.0 * x) + autograd.dot([x, 3.0], [2.0, x]),
    "of a matrix": lambda x: apply(matrix, x, x * x),
    "of a softmax": lambda x: apply(log_softmax, x) + autograd.log_softmax([x, 2.0])[0],
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_an_operation_of_ones_own_may_be_called_as_any_other(function):
    x = Value(0.5)
    wanted = function(x)
    wanted.backward()
    program = autograd.compile(function)
    assert program(0.5) == wanted.data
    value, slope = program.value_and_gradient(0.5)
    assert (value, slope) == (wanted.data, pytest.approx(x.grad, rel=1e-14))
    replay = GeneratedReplay(program.tape.after)
    assert list(replay.forward(array("d"), array("d", [0.5]), 1)) == [wanted.data]


def test_rules_of_one_name_are_both_in_the_c_of_a_tape():
    program = autograd.compile(FUNCTIONS["a numbered name"])
    program(0.5)
    text = program.to_c()
    for factor in ("2.0", "5.0", "11.0"):
        assert f"({factor} * x)" in text or f"{factor} * x" in text
