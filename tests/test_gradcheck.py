"""Numerical gradients, and the check of backward passes against them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, apply, gradcheck, numerical_gradient
from autograd.errors import DomainError, GradcheckError, GraphError
from autograd.gradcheck import Entry, GradcheckReport


def wrong_square(x):
    return x * x, 3.0 * x  # should be 2 x


def circuit(x, y, z):
    return (x + y) * z


# --- numerical_gradient ----------------------------------------------------------


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


@pytest.mark.parametrize("check", [numerical_gradient, gradcheck])
def test_a_function_of_another_number_of_inputs_is_refused(check):
    with pytest.raises(TypeError, match=r"circuit.*takes neither 2 inputs nor none"):
        check(circuit, [1.0, 2.0])
    with pytest.raises(TypeError, match="one sequence"):
        check(circuit, 1.0)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=2))
def test_numerical_and_analytic_gradients_agree(numbers):
    def f(x, y):
        return (x * y).sin() + autograd.softplus(x - y)

    assert gradcheck(f, numbers)


# --- gradcheck -------------------------------------------------------------------


def test_right_gradients_pass():
    report = gradcheck(circuit, [-2.0, 5.0, -4.0])
    assert report
    assert [entry.analytic for entry in report.entries] == [-4.0, -4.0, 3.0]
    assert [entry.numeric for entry in report.entries] == pytest.approx([-4.0, -4.0, 3.0])
    assert str(report).startswith("all gradients agree")


def test_a_wrong_gradient_is_caught_and_shown():
    def loss(x, y):
        return apply(wrong_square, x) * y

    inputs = [Value(2.0, "x"), Value(5.0, "y")]
    with pytest.raises(
        GradcheckError, match="gradcheck of loss: 1 of 2 gradients are off"
    ) as caught:
        gradcheck(loss, inputs)
    wrong = next(line for line in str(caught.value).splitlines() if "<-- wrong" in line)
    assert wrong.split()[:3] == ["x", "2", "30"]  # 3 x y where 2 x y = 20 is right
    assert float(wrong.split()[3]) == pytest.approx(20.0, rel=1e-6, abs=0)
    report = gradcheck(loss, inputs, raise_exception=False)
    assert not report
    assert report.entries[0].error == pytest.approx(1 / 3, rel=1e-6, abs=0)


def test_a_gradient_that_is_nan_is_wrong():
    def rule(x):
        return x, math.nan

    with pytest.raises(GradcheckError, match="nan"):
        gradcheck(lambda x: apply(rule, x), [1.0])


def test_tolerance_decides():
    def nearly(x):
        return x * x, 2.001 * x

    assert gradcheck(lambda x: apply(nearly, x), [3.0], tolerance=1e-2)
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: apply(nearly, x), [3.0], tolerance=1e-5)


def test_a_detached_input_is_caught():
    """The mistake the check is for: a number taken out of the graph by .data."""
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: x * x.data, [3.0])
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: 2.0 * x.data, [3.0])


def test_a_constant_function_passes():
    assert gradcheck(lambda x: 3.0, [1.0])
    assert gradcheck(lambda x: Value(3.0), [1.0])


def test_the_identity_passes():
    assert gradcheck(lambda x: x, [1.0]).entries[0].analytic == 1.0


def test_gradients_and_data_of_leaves_are_put_back():
    w, b = Value(0.5), Value(-1.0)
    (w * 4.0).backward()
    gradcheck(lambda: (w * 3.0 + b) ** 2, [w, b])
    assert (w.grad, b.grad, w.data, b.data) == (4.0, 0.0, 0.5, -1.0)


def test_gradients_of_leaves_that_are_no_input_stay_as_they_are():
    w, x = Value(0.5), Value(2.0)
    w.grad = 4.0
    assert gradcheck(lambda x: w * x, [x])
    assert w.grad == 4.0


def test_gradients_are_put_back_after_an_error_too():
    w = Value(0.5)
    w.grad = 4.0
    with pytest.raises(GradcheckError):
        gradcheck(lambda: apply(wrong_square, w), [w])
    with pytest.raises(DomainError):
        gradcheck(lambda: autograd.log(w - 0.5 - 1e-9), [w])
    assert (w.grad, w.data) == (4.0, 0.5)


# --- the report ------------------------------------------------------------------


def entry(name, analytic, numeric):
    return Entry(name, 1.0, analytic, numeric)


@pytest.mark.parametrize(
    ("analytic", "numeric", "expected"),
    [
        (100.0, 101.0, 1 / 101),
        (-200.0, 100.0, 1.5),
        (1e-3, 2e-3, 1e-3),  # below 1 the error is absolute
        (5.0, 5.0, 0.0),
    ],
)
def test_error_is_relative_above_one_and_absolute_below(analytic, numeric, expected):
    assert entry("x", analytic, numeric).error == pytest.approx(expected, rel=1e-12, abs=0)


def test_the_table_is_worst_first_and_short():
    entries = [entry(f"x{i}", 1.0, 1.0 + i / 1000) for i in range(25)]
    entries[7] = entry("unknown", math.nan, 1.0)
    text = str(GradcheckReport(tuple(entries), 1e-6))
    lines = text.splitlines()
    assert lines[0].startswith("24 of 25 gradients are off by more than 1e-06")
    assert lines[2].split()[0] == "unknown"
    assert [line.split()[0] for line in lines[3:6]] == ["x24", "x23", "x22"]
    assert lines[-1] == "... and 15 more, no worse than these"
    assert len(lines) == 13
