"""Every transform inside every other: right values of the right type, in the right structure."""

import itertools
import math
import sys
import threading

import numpy as np
import pytest

import autograd
from autograd import (
    Value,
    derivative,
    detect_anomaly,
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)

# Each takes a function of one number and gives its n-th derivative as such a function, by one of
# the transforms, alone or beside plain numbers. Where n is 0 the function passes through one.
WAYS = {
    0: {
        "jvp value": lambda f: lambda x: jvp(f, (x,), (1.0,))[0],
        "jvp value of two": lambda f: (
            lambda x: jvp(lambda a, b: [f(a) * b, b], (x, 1.0), (1.0, 1.0))[0][0]
        ),
        "jvp tangent": lambda f: lambda x: jvp(lambda a: a * 2.0, (1.0,), (f(x),))[1] / 2.0,
        "jvp captured": lambda f: lambda x: jvp(lambda a: a * f(x), (1.0,), (1.0,))[1],
        "vjp value": lambda f: lambda x: vjp(lambda a, b: f(a) * b / 3.0, x, 3.0)[0],
        "vjp captured": lambda f: lambda x: vjp(lambda a, b: a * f(x) + b, 1.0, 2.0)[1](1.0)[0],
        "vjp upstream": lambda f: (
            lambda x: vjp(lambda a, b: autograd.exp(a) * b, 0.0, 1.0)[1](f(x))[1]
        ),
        "value of grad": lambda f: lambda x: value_and_grad(f)(x)[0],
        "value of grad of two": lambda f: (
            lambda x: value_and_grad(lambda a, b: f(a) * b, (0, 1))(x, 1.0)[0]
        ),
        "value of grad by the other": lambda f: (
            lambda x: value_and_grad(lambda a, b: f(b) * a)(1.0, x)[0]
        ),
        "grad captured": lambda f: lambda x: grad(lambda a: a * f(x))(1.0),
        "derivative 0": lambda f: derivative(f, 0),
        "jacobian captured": lambda f: (
            lambda x: jacobian(lambda v: [v[0] * f(x), v[1]])([1.0, 2.0])[0][0]
        ),
        "hessian captured": lambda f: lambda x: hessian(lambda v: v * v * f(x) * 0.5)(1.0),
        "hvp tangent": lambda f: lambda x: hvp(lambda v: v * v * 0.5, (1.0,), (f(x),))[0],
    },
    1: {
        "grad": grad,
        "grad of two": lambda f: lambda x: grad(lambda a, b: f(a) * b, (0, 1))(x, 1.0)[0],
        "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
        "derivative": derivative,
        "jacobian": lambda f: (
            lambda x: jacobian(lambda v: [f(v[0]), v[0] * v[1], v[1]])([x, 2.0])[0][0]
        ),
        "jacobian of many": lambda f: lambda x: jacobian(lambda v: [f(v), v, 3.0])(x)[0],
        "jacobian of a dict": lambda f: (
            lambda x: jacobian(lambda d: f(d["a"]) + d["b"])({"a": x, "b": 2.0})["a"]
        ),
        "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
        "jvp of two": lambda f: (
            lambda x: jvp(lambda a, b: [f(a), b], (x, 2.0), (1.0, 0.0))[1][0]
        ),
        "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
        "vjp of two": lambda f: (
            lambda x: vjp(lambda a, b: (f(a) * b, b), x, 3.0)[1]((1.0, 5.0))[0] / 3.0
        ),
        "gradient": lambda f: (
            lambda x: gradient(f(x), x, True) if isinstance(x, Value) else grad(f)(x)
        ),
    },
    2: {
        "hessian": hessian,
        "hessian of two": lambda f: (
            lambda x: hessian(lambda a, b: f(a) * b, (0, 1))(x, 1.0)[0][0]
        ),
        "hessian of a dict": lambda f: (
            lambda x: hessian(lambda d: f(d["a"]) * d["b"])({"a": x, "b": 1.0})["a"]["a"]
        ),
        "derivative 2": lambda f: derivative(f, 2),
        "hvp": lambda f: lambda x: hvp(f, (x,), (1.0,))[0],
        "hvp of two": lambda f: (
            lambda x: hvp(lambda a, b: f(a) * b, (x, 1.0), (1.0, 0.0))[0]
        ),
    },
}  # fmt: skip
ALL = [(order, way) for order, ways in WAYS.items() for way in ways]


def nested(ways):
    """The function that `ways`, the outermost first, make of the seventh power; what it gives."""

    def function(x):
        return x**7.0

    for order, way in reversed(ways):
        function = WAYS[order][way](function)
    n = sum(order for order, _ in ways)
    return function, math.perm(7, n) * 1.1 ** (7 - n)


@pytest.mark.parametrize("outer", ALL, ids=lambda way: way[1])
def test_numbers_in_give_numbers_out_in_every_pair(outer):
    for inner in ALL:
        function, expected = nested([outer, inner])
        found = function(1.1)
        assert type(found) is float, inner
        assert found == pytest.approx(expected, rel=1e-11, abs=0), inner


@pytest.mark.parametrize("outer", ALL, ids=lambda way: way[1])
def test_values_in_give_values_out_in_every_pair(outer):
    """And such a Value can be differentiated once more."""
    for inner in ALL:
        function, expected = nested([outer, inner])
        x = Value(1.1)
        found = function(x)
        assert type(found) is Value, inner
        assert found.data == pytest.approx(expected, rel=1e-11, abs=0), inner
        _, expected = nested([(1, "grad"), outer, inner])
        assert gradient(found, x) == pytest.approx(expected, rel=1e-11, abs=0), inner


def test_numbers_in_give_numbers_out_three_deep():
    for ways in itertools.islice(itertools.product(ALL, repeat=3), 0, None, 61):
        function, expected = nested(ways)
        found = function(1.1)
        assert type(found) is float, ways
        assert found == pytest.approx(expected, rel=1e-10, abs=0), ways


@pytest.mark.parametrize("mode", [no_grad, detect_anomaly])
def test_pairs_under_the_modes(mode):
    """Under no_grad each transform still differentiates; detect_anomaly sees none."""
    for ways in itertools.islice(itertools.product(ALL, repeat=2), 0, None, 7):
        function, expected = nested(ways)
        with mode():
            found = function(1.1)
        assert type(found) is float, ways
        assert found == pytest.approx(expected, rel=1e-11, abs=0), ways


# --- structures ------------------------------------------------------------------------------


def numbers_in(tree):
    return autograd.support.structures.flatten(tree)[0]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        # Each of v = {"a": 2, "b": [3, 5]}, and by hand.
        (lambda v: vjp(lambda u, k: u["a"] * u["b"][0] * k, v, 7.0)[0], 42.0),
        (lambda v: vjp(lambda u, k: u["a"] * u["b"][0] * k, v, 7.0)[1](1.0)[0]["a"], 21.0),
        (lambda v: jvp(lambda u: [u, u["a"] ** 2], (v,), (v,))[1][1], 8.0),
        (lambda v: value_and_grad(lambda u: u["a"] ** 2)(v)[1]["a"], 4.0),
        (lambda v: hvp(lambda u: u["a"] ** 2 * u["b"][1], (v,), (v,))[0]["a"], 40.0),
        (lambda v: hessian(lambda u: u["a"] ** 2 * u["b"][1])(v)["a"]["b"][1], 4.0),
        (lambda v: jacobian(lambda u, k: [u["a"] * k], (0, 1))(v, 7.0)[0][0]["a"], 7.0),
        (lambda v: jacobian(lambda u: np.array(u["b"]) ** 2)(v)["b"][1][1], 10.0),
    ],
)
def test_numbers_stay_numbers_in_structures(inner, expected):
    given = {"a": 2.0, "b": [3.0, 5.0]}
    for found in (
        value_and_grad(inner)(given),
        jvp(inner, (given,), (given,)),
        (vjp(inner, given)[0], vjp(inner, given)[1](1.0)),
        jacobian(inner)(given),
        hessian(inner)(given),
        hvp(inner, (given,), (given,)),
    ):
        assert set(map(type, numbers_in(found))) == {float}
    assert value_and_grad(inner)(given)[0] == expected


# --- vjp: kept, called later, shared -------------------------------------------------------


def test_a_value_of_vjp_is_as_plain_as_its_arguments():
    assert grad(lambda x: vjp(lambda a, b: a * b, x, 3.0)[0])(2.0) == 3.0
    assert vjp(lambda a, b: a * b, 2.0, 3.0)[0] == 6.0
    x = Value(2.0)
    value, _ = vjp(lambda a, b: a * b, x, 3.0)
    assert gradient(value, x) == 3.0


def test_a_pull_back_is_linear_in_a_value_that_another_transform_gives():
    """Of f = sin(exp(x)) at 0.5: its slope is cos(exp(0.5)) * exp(0.5), the change is none."""
    _, pull_back = vjp(lambda x: autograd.sin(autograd.exp(x)), 0.5)
    slope = math.cos(math.exp(0.5)) * math.exp(0.5)
    for found in (
        grad(lambda u: pull_back(u)[0])(2.0),
        jvp(lambda u: pull_back(u)[0], (2.0,), (1.0,))[1],
        hessian(lambda u: pull_back(u * u)[0])(2.0) / 2.0,
    ):
        assert type(found) is float
        assert found == pytest.approx(slope, rel=1e-14)
    upstream = Value(2.0)
    [found] = pull_back(upstream)
    assert found.data == pytest.approx(2.0 * slope, rel=1e-14)
    assert gradient(found, upstream) == pytest.approx(slope, rel=1e-14)


def test_arguments_that_are_outputs_are_pulled_back_to():
    value, pull_back = vjp(lambda x, y: [x, y, x, 4.0], 2.0, 3.0)
    assert value == [2.0, 3.0, 2.0, 4.0]
    assert pull_back([1.0, 10.0, 100.0, 1000.0]) == (101.0, 10.0)
    assert grad(lambda u: pull_back([u, u * u, 0.0, 0.0])[1])(3.0) == 6.0


def test_the_output_may_change_before_it_is_pulled_back():
    outputs = []

    def function(x):
        outputs.extend([x, x * x])
        return outputs

    _, pull_back = vjp(function, 3.0)
    outputs.append(1.0)
    assert pull_back([1.0, 10.0]) == (61.0,)


def test_an_upstream_value_gives_a_value():
    _, pull_back = vjp(lambda x: x * x, 3.0)
    [found] = pull_back(Value(2.0, requires_grad=False))
    assert (type(found), found.data, found.requires_grad) == (Value, 12.0, False)


def test_threads_may_share_a_pull_back():
    weight = Value(2.0)
    _, pull_back = vjp(lambda x: autograd.sin(x * weight) * x, 3.0)
    expected = math.sin(6.0) + 6.0 * math.cos(6.0)
    found = []

    def pull():
        found.extend(pull_back(1.0)[0].data for _ in range(300))

    threads = [threading.Thread(target=pull) for _ in range(2)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == pytest.approx([expected] * 600, rel=1e-14)


# --- arrays: as in JAX, checked against PyTorch ------------------------------------------------

MATRIX = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
VECTOR = np.array([0.5, -2.0])


def product(matrix, vector):
    return (matrix * matrix) @ vector


def test_jacobians_of_arrays_by_several_arguments_are_pytorchs():
    torch = pytest.importorskip("torch")
    given = [torch.tensor(MATRIX), torch.tensor(VECTOR)]
    expected = torch.autograd.functional.jacobian(product, tuple(given))
    found = jacobian(product, (0, 1))(MATRIX, VECTOR)
    assert type(found) is tuple
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == np.float64
        assert np.array_equal(ours, theirs.numpy())
    assert np.array_equal(jacobian(product)(MATRIX, VECTOR), found[0])
    assert np.array_equal(jacobian(product, -1)(MATRIX, VECTOR), found[1])
    [alone] = jacobian(product, (1,))(MATRIX, VECTOR)
    assert np.array_equal(alone, found[1])


def test_hessians_of_arrays_by_several_arguments_are_pytorchs():
    torch = pytest.importorskip("torch")

    def total(matrix, vector):
        return (product(matrix, vector) ** 2).sum()

    given = (torch.tensor(MATRIX), torch.tensor(VECTOR))
    expected = torch.autograd.functional.hessian(total, given)
    found = hessian(total, (0, 1))(MATRIX, VECTOR)
    assert (type(found), type(found[0])) == (tuple, tuple)
    for ours, theirs in zip(itertools.chain(*found), itertools.chain(*expected), strict=True):
        assert ours.shape == tuple(theirs.shape)
        assert np.allclose(ours, theirs.numpy(), rtol=1e-13, atol=1e-13)


def test_jacobians_where_arrays_and_other_structures_meet():
    """The structure of the output, in it that of the argument, arrays with the axes of both."""
    x = np.array([2.0, 3.0])
    by_name = jacobian(lambda d: d["s"] * d["x"] ** 2)({"s": 5.0, "x": x})
    assert np.array_equal(by_name["s"], [4.0, 9.0])
    assert np.array_equal(by_name["x"], [[20.0, 0.0], [0.0, 30.0]])
    rows = jacobian(lambda x: {"sum": x.sum(), "all": [x * x, x[0]]})(x)
    assert np.array_equal(rows["sum"], [1.0, 1.0])
    assert np.array_equal(rows["all"][0], [[4.0, 0.0], [0.0, 6.0]])
    assert np.array_equal(rows["all"][1], [1.0, 0.0])
    columns = jacobian(lambda v: np.array([v[0] * v[1], v[1]]))([2.0, 3.0])
    assert type(columns) is list
    assert np.array_equal(columns, [[3.0, 0.0], [2.0, 1.0]])
    assert np.array_equal(jacobian(lambda s: s * x)(4.0), x)
    second = hessian(lambda d: d["s"] * (d["x"] ** 2).sum())({"s": 5.0, "x": x})
    assert second["s"]["s"] == 0.0
    assert np.array_equal(second["s"]["x"], [4.0, 6.0])
    assert np.array_equal(second["x"]["s"], [4.0, 6.0])
    assert np.array_equal(second["x"]["x"], [[10.0, 0.0], [0.0, 10.0]])


def test_jacobians_of_values_and_of_jacobians():
    x = np.array([2.0, 3.0])
    assert np.array_equal(jacobian(lambda x: (x**3).sum())(x), grad(lambda x: (x**3).sum())(x))
    third = jacobian(jacobian(jacobian(lambda x: (x**3).sum())))(x)
    expected = np.zeros((2, 2, 2))
    expected[0, 0, 0] = expected[1, 1, 1] = 6.0
    assert np.array_equal(third, expected)
    w = Value(2.0)
    found = jacobian(lambda x: w * x * x)(x)
    assert (found.shape, found.dtype) == ((2, 2), object)
    assert [gradient(found[i, i], w) for i in range(2)] == [4.0, 6.0]
    assert jacobian(lambda x: x)(np.zeros(0)).shape == (0, 0)
    assert jacobian(lambda x: np.zeros((0, 3)))(x).shape == (0, 3, 2)
    with pytest.raises(TypeError, match="one number"):
        hessian(lambda x: x)(x)
