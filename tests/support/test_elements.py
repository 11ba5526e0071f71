"""Functions of numbers, element by element over arrays and nested lists."""

import math
from typing import NamedTuple

import numpy as np
import pytest

import autograd
from autograd import Value, ops
from autograd.errors import DomainError, NumberError, ShapeError


class Pair(NamedTuple):
    first: object
    second: object


ONE = [r.__name__ for r in ops.TABLE if r.__code__.co_argcount == 1]


def objects(*elements):
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array


def domain(name):
    """Four different operands of a rule of one operand."""
    low, high = ops.TABLE[getattr(ops, name)].domain[0]
    return [low + share * (high - low) for share in (0.3, 0.4, 0.55, 0.7)]


# --- one operand -------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE)
def test_a_list_of_numbers_gives_a_list_of_numbers(name):
    function, x = getattr(autograd, name), domain(name)
    expected = [function(number) for number in x]
    assert function(x) == expected
    assert function([[x[0], x[1]], [x[2], [x[3]]]]) == [expected[:2], [expected[2], [expected[3]]]]
    assert function(tuple(x)) == tuple(expected)
    assert all(type(number) is float for number in function(x))


@pytest.mark.parametrize("name", ONE)
def test_an_array_gives_an_array(name):
    function, x = getattr(autograd, name), domain(name)
    expected = [function(number) for number in x]
    out = function(np.array(x).reshape(2, 2))
    assert (out.dtype, out.shape) == (np.float64, (2, 2))
    assert out.ravel().tolist() == expected
    leaves = objects(*map(Value, x)).reshape(2, 2)
    out = function(leaves)
    assert (out.dtype, out.shape) == (object, (2, 2))
    assert [value.data for value in out.ravel()] == expected
    assert [value.op for value in out.ravel()] == [name] * 4
    assert [value.parents for value in out.ravel()] == [(leaf,) for leaf in leaves.ravel()]


def test_the_structure_is_mirrored():
    x = Value(0.5)
    out = autograd.tanh([x, (1, [0.25]), Pair(x, 2.0), {"w": x}])
    assert [type(branch) for branch in out] == [Value, tuple, Pair, dict]
    assert out[1] == (math.tanh(1.0), [math.tanh(0.25)])
    assert out[2].first.parents == out[3]["w"].parents == (x,)
    assert autograd.tanh([]) == []
    assert autograd.tanh(()) == ()
    assert autograd.tanh([[], [1.0]]) == [[], [math.tanh(1.0)]]


def test_values_among_numbers_stay_so():
    x = Value(0.5)
    out = autograd.relu([x, -1, 2])
    assert (type(out[0]), out[1:]) == (Value, [0.0, 2.0])
    out = autograd.relu(np.where(np.array([True, False]), objects(x, x), -1.0))
    assert [type(element) for element in out] == [Value, float]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, np.uint64, bool])
def test_arrays_of_every_kind_of_number(dtype):
    out = autograd.exp(np.array([[0, 1]], dtype=dtype))
    assert out.dtype == np.float64
    assert out.tolist() == [[1.0, math.e]]


def test_empty_arrays_and_arrays_of_no_dimensions():
    assert autograd.exp(np.empty((0, 3))).shape == (0, 3)
    assert autograd.exp(np.array(0.0)) == 1.0
    box = np.empty((), dtype=object)
    box[()] = Value(0.0)
    assert autograd.exp(box).parents == (box[()],)
    assert [out.data for out in autograd.add(box, [1.0, 2.0])] == [1.0, 2.0]


def test_strides_and_matrices_keep_the_order():
    x = np.arange(6.0).reshape(2, 3)
    assert autograd.neg(x.T[::-1]).tolist() == (-x.T[::-1]).tolist()
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(x)
    assert autograd.neg(matrix).tolist() == (-x).tolist()


# --- several operands ----------------------------------------------------------------


def test_a_single_number_goes_to_every_element():
    x = Value(2.0)
    assert autograd.maximum([1.0, [-1.0]], 0.0) == [1.0, [0.0]]
    assert autograd.sub(1.0, [1.0, 3.0]) == [0.0, -2.0]
    out = autograd.mul(x, np.array([[1.0], [3.0]]))
    assert [[value.data for value in row] for row in out] == [[2.0], [6.0]]
    assert autograd.clip([-5.0, 0.5, 5.0], -1.0, high=1.0) == [-1.0, 0.5, 1.0]
    assert autograd.clip([-5.0, 5.0], None, 1.0) == [-5.0, 1.0]
    assert autograd.clip([-5.0, 5.0], low=-1.0, high=None) == [-1.0, 5.0]
    assert autograd.leaky_relu([-1.0, 1.0], slope=0.5) == [-0.5, 1.0]
    assert autograd.leaky_relu([-1.0, 1.0]) == [-0.01, 1.0]


def test_lists_of_the_same_structure_go_together():
    assert autograd.add([1.0, [2.0, 3.0]], [10.0, (20.0, 30.0)]) == [11.0, [22.0, 33.0]]
    assert autograd.where([True, False], [1.0, 2.0], [3.0, 4.0]) == [1.0, 4.0]


def test_where_takes_an_array_of_truth_values():
    x = objects(Value(-1.0), Value(4.0))
    out = autograd.where(x > 0, autograd.sqrt(autograd.maximum(x, 0.0)), 0.5)
    assert [value.data for value in out] == [0.5, 2.0]


def test_shapes_broadcast_as_numpys_do():
    a, b = np.arange(6.0).reshape(2, 3), np.array([10.0, 20.0, 30.0])
    columns = np.array([[100.0], [200.0]])
    for x, y in [(a, b), (b, a), (a, columns), (columns, b), (a, 1.0), (a, [1.0, 2.0, 3.0])]:
        assert autograd.add(x, y).tolist() == (np.asarray(x) + np.asarray(y)).tolist()
    assert autograd.add(a, [Value(1.0), 2.0, 3.0]).shape == (2, 3)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0, 2.0], [1.0, 2.0, 3.0], r"^add of shape \(2,\) and shape \(3,\): lists must"),
        ([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0], r"shape \(2, 2\) and shape \(2,\): lists must"),
        ([[1.0], [3.0, 4.0]], [1.0, 2.0, 3.0], "a ragged list and shape"),
        ([1.0], [[]], r"shape \(1,\) and shape \(1, 0\)"),
        ({"a": 1.0}, {"b": 1.0}, "dict with the keys .'a'"),
        (np.ones((2, 3)), np.ones(2), r"^add of shapes \(2, 3\) and \(2,\): they must agree"),
        (np.ones((2, 3)), [1.0, 2.0], r"shapes \(2, 3\) and \(2,\)"),
        (np.ones(2), [[1.0], [2.0, 3.0]], "a ragged list beside an array"),
        (np.ones(2), {"a": 1.0}, "a dict with the keys .'a'. beside an array"),
    ],
)
def test_shapes_that_do_not_agree_are_named(x, y, words):
    with pytest.raises(ShapeError, match=words):
        autograd.add(x, y)


def test_refusals_come_from_the_element():
    with pytest.raises(DomainError, match=r"^log\(w=-1\.0\)"):
        autograd.log([1.0, [Value(-1.0, "w")]])
    with pytest.raises(NumberError, match="str 'a'"):
        autograd.tanh([1.0, "a"])
    with pytest.raises(NumberError, match="complex"):
        autograd.tanh(np.array([1j]))
    with pytest.raises(NumberError, match="set"):
        autograd.tanh({1.0})
    with pytest.raises(NumberError, match="NoneType"):
        autograd.maximum([1.0], None)
    with pytest.raises(NumberError, match="str"):
        autograd.tanh(np.array(["a"]))


def test_masked_arrays_are_refused():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(NumberError, match="MaskedArray"):
        autograd.tanh(masked)
    with pytest.raises(NumberError, match=r"masked array: give it numbers with \.filled"):
        autograd.add([1.0, 2.0], masked)


def test_a_list_that_holds_itself_is_refused():
    endless = [1.0]
    endless.append(endless)
    with pytest.raises(ShapeError, match="over 100 levels of lists in lists: if one holds itself"):
        autograd.tanh(endless)


# --- in use --------------------------------------------------------------------------


def test_gradients_go_through_arrays():
    """The derivative of sum(tanh(W x)) by W is the outer product of 1 - tanh**2 and x."""
    w, x = np.array([[0.5, -1.0], [0.25, 2.0]]), np.array([1.5, -0.5])
    gradient = autograd.grad(lambda a: np.sum(autograd.tanh(a @ x)))(w)
    assert gradient == pytest.approx(np.outer(1.0 - np.tanh(w @ x) ** 2, x), rel=1e-14)
    nested = autograd.grad(lambda a: autograd.sum(autograd.square(a)))([1.0, 2.0])
    assert nested == [2.0, 4.0]


def test_own_operations_go_by_element_too():
    @autograd.op
    def cube(x):
        return x * x * x, 3.0 * x * x

    assert cube([1.0, [2.0]]) == [1.0, [8.0]]
    assert cube(np.array([1.0, 2.0])).tolist() == [1.0, 8.0]
    x = Value(2.0)
    [out] = cube((x,))
    out.backward()
    assert x.grad == 12.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("isnan", [False, True, False, False]),
        ("isinf", [False, False, True, True]),
        ("isfinite", [True, False, False, False]),
    ],
)
def test_predicates(name, expected):
    function, numbers = getattr(autograd, name), [1.0, math.nan, math.inf, -math.inf]
    assert [function(x) for x in numbers] == expected
    assert [function(Value(x)) for x in numbers] == expected
    assert function(numbers) == expected
    assert function((numbers, [Value(1.0)])) == (expected, [function(1.0)])
    out = function(objects(*map(Value, numbers)).reshape(2, 2))
    assert (out.dtype, out.ravel().tolist()) == (bool, expected)
    assert type(function(1)) is bool
    with pytest.raises(NumberError, match="str"):
        function("1")


# --- reductions ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["sum", "mean", "prod", "norm", "max", "min", "logsumexp", "softmax", "log_softmax"]
)
def test_reductions_take_one_axis_and_say_so(name):
    function, rows = getattr(autograd, name), [[1.0, 2.0], [3.0, 4.0]]
    words = rf"{name.removeprefix('log_')} takes one sequence.*for row in rows.*ravel\(\)"
    for matrix in (rows, tuple(map(tuple, rows)), np.array(rows), np.array(rows, dtype=object)):
        with pytest.raises(NumberError, match=words):
            function(matrix)
    assert function(np.array(rows).ravel()) == function([1.0, 2.0, 3.0, 4.0])
