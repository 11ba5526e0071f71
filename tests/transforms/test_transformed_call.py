"""One call of a function under a transform: in what form its results come, decided once."""

import dataclasses

import pytest

import autograd
from autograd import Value, no_grad
from autograd.support import modes
from autograd.transforms.transformed_call import Results, results_from, run_along, run_of

NUMBERS, CONSTANTS, GRAPH = Results(False, False), Results(False, True), Results(True, True)
FROM_OUTSIDE = Results(True, False)


def constant():
    return Value(3.0, requires_grad=False)


@pytest.mark.parametrize(
    ("given", "others", "recorded", "unrecorded"),
    [
        ([2.0], False, NUMBERS, NUMBERS),
        ([2.0], True, FROM_OUTSIDE, NUMBERS),
        ([2.0, constant()], False, CONSTANTS, CONSTANTS),
        ([2.0, constant()], True, GRAPH, CONSTANTS),
        ([Value(2.0), constant()], False, GRAPH, CONSTANTS),
        ([], False, NUMBERS, NUMBERS),
    ],
)
def test_the_form_of_results(given, others, recorded, unrecorded):
    assert results_from(given, lambda: others) == recorded
    with no_grad():
        assert results_from(given, lambda: others) == unrecorded


@pytest.mark.parametrize(
    ("x", "results", "kinds"),
    [
        (2.0, NUMBERS, (float, False)),
        (constant(), CONSTANTS, (Value, False)),
        (Value(2.0), GRAPH, (Value, True)),
    ],
    ids=["number", "constant", "leaf"],
)
def test_a_run_knows_the_form_from_the_start(x, results, kinds):
    run = run_of(lambda x: x * x, 0, (x,), {})
    assert run.results == results
    slope = run.gradient(run.output)[0]
    assert (type(slope), isinstance(slope, Value) and slope.requires_grad) == kinds
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.results = NUMBERS


def test_a_value_from_outside_makes_a_graph():
    w = Value(3.0)
    assert run_of(lambda x: x * w, 0, (2.0,), {}).results == FROM_OUTSIDE
    assert run_of(lambda x: x * 3.0, 0, (2.0,), {}).results == NUMBERS
    with no_grad():
        assert run_of(lambda x: x * w, 0, (2.0,), {}).results == NUMBERS


@pytest.mark.parametrize(
    ("direction", "results"),
    [(1.0, NUMBERS), (constant(), CONSTANTS), (Value(1.0), GRAPH)],
    ids=str,
)
def test_directions_count_as_arguments_do(direction, results):
    run, directions = run_along(lambda x: x * x, (2.0,), (direction,))
    assert run.results == results
    assert directions == [direction]


class Mine(Value):
    """A user's Value is a Value."""


def test_a_value_of_a_subclass_counts_as_one():
    x = Mine(2.0, requires_grad=False)
    assert run_of(lambda x: x * x, 0, (x,), {}).results == CONSTANTS
    assert run_along(lambda x: x * x, (x,), (1.0,))[0].results == CONSTANTS


def test_leaves_are_mere_numbers_when_the_run_is_closed():
    outer = Value(3.0)
    run = run_of(lambda x, y: x * y, (0, 1), (2.0, outer), {})
    number, stand_in = run.leaves
    with run.open() as opened:
        assert opened is run
        assert number.requires_grad
        assert stand_in.requires_grad
    assert not number.requires_grad
    assert stand_in.requires_grad  # it passes on to `outer`
    assert stand_in.parents[0] is outer


def test_an_open_run_records_under_no_grad_and_an_error_closes_it():
    def fails(run):
        with run.open():
            assert modes.current.get().recording
            raise KeyError

    with no_grad():
        run = run_of(lambda x: x * x, 0, (2.0,), {})
        with pytest.raises(KeyError):
            fails(run)
        assert not modes.current.get().recording
        assert not run.leaves[0].requires_grad
        assert autograd.grad(lambda x: x * x)(2.0) == 4.0


def test_an_error_of_the_function_stays_what_it_is():
    """StopIteration among them, which a generator would turn into another one."""

    def ends(x):
        return x * next(iter([]))

    for transform in (autograd.grad, autograd.hessian, autograd.derivative, autograd.jacobian):
        with pytest.raises(StopIteration):
            transform(ends)(2.0)
    assert modes.current.get().recording


def test_pulling_back_leaves_the_run_as_it_is():
    value, pull_back = autograd.vjp(lambda x: x * x, 3.0)
    upstream = Value(2.0)
    assert (value, pull_back(1.0)) == (9.0, (6.0,))
    [slope] = pull_back(upstream)
    assert autograd.gradient(slope, upstream) == 6.0
    assert pull_back(constant())[0].requires_grad is False
    assert pull_back(1.0) == (6.0,)
