"""Numerical gradients: differences, forward, central and extrapolated."""

import math

import pytest

import autograd
from autograd import Value, numerical_gradient
from autograd.errors import DomainError, GraphError, NumberError


def circuit(x, y, z):
    return (x + y) * z


@pytest.mark.parametrize(("method", "digits"), [("central", 1e-9), ("forward", 1e-6)])
def test_both_methods_find_known_gradients(method, digits):
    slopes = numerical_gradient(circuit, [-2.0, 5.0, -4.0], method=method)
    assert slopes == pytest.approx([-4.0, -4.0, 3.0], rel=digits, abs=0)
    (slope,) = numerical_gradient(autograd.tanh, [0.5], method=method)
    assert slope == pytest.approx(1 - math.tanh(0.5) ** 2, rel=digits, abs=0)


def test_the_default_method_is_central():
    function, inputs = (lambda x: x**3), [1.25]
    assert numerical_gradient(function, inputs) == numerical_gradient(
        function, inputs, method="central"
    )
    assert numerical_gradient(function, inputs) != numerical_gradient(
        function, inputs, method="forward"
    )


def test_a_step_is_the_textbooks_nudge():
    h = 1e-4

    def f(x):
        return x**3

    forward = numerical_gradient(f, [2.0], method="forward", step=h)
    central = numerical_gradient(f, [2.0], method="central", step=h)
    assert forward == pytest.approx([((2 + h) ** 3 - 8.0) / h], rel=1e-9, abs=0)
    assert central == pytest.approx([((2 + h) ** 3 - (2 - h) ** 3) / (2 * h)], rel=1e-9, abs=0)
    # Their errors by Taylor's theorem: h f''/2 = 6 h, and h**2 f'''/6 = h**2.
    assert forward[0] - 12.0 == pytest.approx(6 * h, rel=1e-3, abs=0)
    assert central[0] - 12.0 == pytest.approx(h * h, rel=1e-1, abs=0)


def test_the_step_scales_with_large_inputs():
    assert numerical_gradient(lambda x: x * x, [1e12]) == pytest.approx([2e12], rel=1e-6, abs=0)


def test_functions_of_plain_numbers_work_too():
    assert numerical_gradient(lambda x: 3.0, [1.0]) == [0.0]
    assert numerical_gradient(lambda x, y: math.sin(x.data) * y.data, [1.0, 2]) == pytest.approx(
        [2 * math.cos(1.0), math.sin(1.0)], rel=1e-9, abs=0
    )


@pytest.mark.parametrize("method", ["central", "forward"])
def test_leaves_are_nudged_in_place_and_put_back(method):
    w, b = Value(0.5, "w"), Value(-1.0, "b")
    seen = []

    def loss():
        seen.append((w.data, b.data))
        return (w * 3.0 + b) ** 2

    w.grad = 7.0
    assert numerical_gradient(loss, [w, b], method=method) == pytest.approx(
        [3.0, 1.0], rel=1e-6, abs=0
    )
    assert (w.data, b.data, w.grad, b.grad) == (0.5, -1.0, 7.0, 0.0)
    assert all(w_then == 0.5 or b_then == -1.0 for w_then, b_then in seen)


def test_leaves_are_put_back_after_an_error_too():
    x = Value(1e-9)
    with pytest.raises(DomainError):
        numerical_gradient(autograd.sqrt, [x])
    assert x.data == 1e-9


@pytest.mark.parametrize("step", [0.0, -1e-3, math.nan, math.inf])
def test_a_step_that_is_none_is_refused(step):
    with pytest.raises(ValueError, match="step must be a positive number"):
        numerical_gradient(circuit, [1.0, 2.0, 3.0], step=step)


def test_a_step_too_small_to_move_the_input_is_refused():
    with pytest.raises(ValueError, match="step"):
        numerical_gradient(lambda x: x, [1.0], step=1e-30)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="'complex'"):
        numerical_gradient(circuit, [1.0, 2.0, 3.0], method="complex")


def test_a_result_as_input_is_refused():
    with pytest.raises(GraphError, match="leaves only"):
        numerical_gradient(lambda x: x, [Value(1.0) * 2.0])


def test_a_function_of_another_number_of_inputs_is_refused():
    with pytest.raises(TypeError, match=r"circuit.*takes neither 2 inputs nor none"):
        numerical_gradient(circuit, [1.0, 2.0])
    with pytest.raises(TypeError, match="one sequence"):
        numerical_gradient(circuit, 1.0)


def test_a_dict_of_inputs_is_refused():
    with pytest.raises(TypeError, match="put the dict into a list"):
        numerical_gradient(lambda w: w["a"], {"a": 1.0})


def test_a_result_that_is_no_number_is_refused():
    with pytest.raises(NumberError, match="got list"):
        numerical_gradient(lambda x: [x], [1.0])


@pytest.mark.parametrize("method", ["central", "extrapolated"])
def test_nested_inputs_give_a_nested_gradient(method):
    def f(x, w):
        return x * w["a"][0] * w["a"][1] + w["b"][1] ** 2

    slopes = numerical_gradient(f, [2.0, {"a": [3.0, Value(4.0)], "b": (0.0, 5.0)}], method=method)
    assert slopes[0] == pytest.approx(12.0, rel=1e-8)
    assert slopes[1]["a"] == pytest.approx([8.0, 6.0], rel=1e-8)
    assert slopes[1]["b"] == pytest.approx((0.0, 10.0), rel=1e-8, abs=1e-8)
    assert type(slopes[1]["b"]) is tuple


def test_arrays_are_inputs_too():
    np = pytest.importorskip("numpy")
    [slopes] = numerical_gradient(lambda x: (x * x).sum(), [np.array([[1.0, 2.0], [3.0, 4.0]])])
    assert slopes.tolist() == [pytest.approx([2.0, 4.0]), pytest.approx([6.0, 8.0])]


def test_extrapolation_finds_more_digits():
    exact = 50.0 * math.cos(50.0)
    [central] = numerical_gradient(lambda x: (50.0 * x).sin(), [1.0])
    [better] = numerical_gradient(lambda x: (50.0 * x).sin(), [1.0], method="extrapolated")
    assert abs(better - exact) < 1e-10 * abs(exact) < abs(central - exact)


def test_extrapolation_knows_edges_and_kinks():
    assert numerical_gradient(autograd.sqrt, [0.0], method="extrapolated") == [math.inf]
    assert numerical_gradient(autograd.relu, [0.0], method="extrapolated") == pytest.approx([0.5])


def test_builtins_without_a_signature_are_called_with_the_inputs():
    assert numerical_gradient(max, [1.0, 2.0]) == pytest.approx([0.0, 1.0])


def test_extrapolation_steps_around_a_pole():
    [slope] = numerical_gradient(lambda x: 1.0 / x, [1 / 64], method="extrapolated")
    assert slope == pytest.approx(-(64.0**2), rel=1e-9)


@pytest.mark.parametrize(
    ("method", "calls"), [("forward", lambda n: n + 1), ("central", lambda n: 2 * n)]
)
@pytest.mark.parametrize("count", [1, 2, 7])
def test_how_often_the_function_is_called(method, calls, count):
    seen = []

    def f(x):
        seen.append([v.data for v in x])
        return autograd.sum(x)

    numerical_gradient(f, [[1.0] * count], method=method)
    assert len(seen) == calls(count)
    assert seen.count([1.0] * count) == (method == "forward")


def test_a_step_of_numpy_is_the_same_step():
    np = pytest.importorskip("numpy")
    for method in ("forward", "central", "extrapolated"):
        slopes = [
            numerical_gradient(lambda x: x**3, [2.0], method=method, step=step)
            for step in (float(np.float32(1e-3)), np.float32(1e-3))
        ]
        assert slopes[0] == slopes[1]
        assert type(slopes[1][0]) is float


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: numerical_gradient(autograd.tanh, 3.0), r"got float 3\.0: write \[3\.0\]"),
        (lambda: numerical_gradient(autograd.tanh, 3), r"write \[3\]"),
        (lambda: numerical_gradient(autograd.tanh, Value(3.0)), r"got Value.*: write \[x\]"),
        (lambda: numerical_gradient(autograd.tanh, None), "one sequence"),
        (lambda: numerical_gradient(autograd.tanh, "3"), "in their order; got a str"),
        (lambda: numerical_gradient(autograd.tanh, {3.0}), "in their order; got a set"),
        (lambda: numerical_gradient([3.0], autograd.tanh), "the function goes first"),
        (lambda: numerical_gradient(None, [3.0]), "a function takes the inputs, got NoneType"),
        (lambda: autograd.gradcheck(autograd.tanh, 3.0), r"write \[3\.0\]"),
    ],
)
def test_wrong_calls_say_what_to_write(call, match):
    with pytest.raises(TypeError, match=match):
        call()


def test_a_step_that_is_a_bool_is_refused():
    with pytest.raises(ValueError, match="step must be a positive number, got True"):
        numerical_gradient(autograd.tanh, [3.0], step=True)
