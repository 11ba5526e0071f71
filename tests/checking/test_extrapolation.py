"""Slopes from values nearby: right to their uncertainty, and clear about what is not smooth."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import mp

from autograd.checking.extrapolation import slope_at


def defined(function):
    """nan where `function` raises what ``math`` raises outside a domain."""

    def or_nan(x):
        try:
            return function(x)
        except (ValueError, ArithmeticError):
            return math.nan

    return or_nan


def relu(x):
    return max(x, 0.0)


SMOOTH = {
    "sin": (math.sin, mp.sin),
    "exp": (math.exp, mp.exp),
    "atan": (math.atan, mp.atan),
    "fast": (lambda x: math.sin(50.0 * x), lambda x: mp.sin(50 * x)),
    "bell": (lambda x: math.exp(-x * x), lambda x: mp.exp(-x * x)),
    "far from zero": (lambda x: 1e6 + x * x, lambda x: 10**6 + x * x),
}


@pytest.mark.parametrize("name", SMOOTH)
@given(x=st.floats(-20.0, 20.0))
def test_smooth_slopes_are_as_good_as_they_claim(name, x):
    function, exact = SMOOTH[name]
    slope = slope_at(function, x)
    expected = mp.diff(exact, mp.mpf(x))
    assert slope.kind == "smooth"
    # What the function itself rounds (its argument too) is beyond what its values show.
    unseen = 1e-9 * abs(expected) + 1e-13
    assert abs(slope.mean - expected) <= slope.uncertainty + unseen
    assert slope.uncertainty <= 1e-7 * (1.0 + abs(expected)) + 1e-11 * abs(function(x))


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (math.log, 1e-9, 1e9),
        (math.log, 1e-30, 1e30),
        (math.sqrt, 1e-9, 0.5e5 / math.sqrt(10.0)),
        (lambda x: 1.0 / x, 1e-5, -1e10),
        (math.sin, 1e6, math.cos(1e6)),
        (math.exp, 700.0, math.exp(700.0)),
        (lambda x: x * 1e-310, 1.0, 1e-310),
        (relu, 1e-9, 1.0),
        (relu, -1e-9, 0.0),
        (relu, 1e-30, 1.0),
        (math.floor, 2.9999, 0.0),
    ],
)
def test_steps_shrink_until_they_keep_clear_of_edges_and_kinks(function, x, expected):
    slope = slope_at(defined(function), x)
    assert slope.kind == "smooth"
    assert slope.mean == pytest.approx(expected, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize(
    ("function", "x", "low", "high"),
    [
        (relu, 0.0, 0.0, 1.0),
        (abs, 0.0, -1.0, 1.0),
        (lambda x: 1e3 + abs(x), 0.0, -1.0, 1.0),  # rounding hides the smallest steps
        (lambda x: math.sin(x) + 1e-4 * abs(x - 1.0), 1.0, math.cos(1) - 1e-4, math.cos(1) + 1e-4),
        (lambda x: abs(x - 1.0) + abs(x - 1.0001), 1.0, -2.0, 0.0),
    ],
)
def test_at_a_kink_the_slopes_of_both_sides_are_found(function, x, low, high):
    slope = slope_at(function, x)
    assert slope.kind == "kink"
    assert (slope.low, slope.high) == pytest.approx((low, high), abs=1e-7)
    assert slope.mean == pytest.approx((low + high) / 2, abs=1e-7)


@pytest.mark.parametrize(
    "function", [lambda x: x * abs(x), lambda x: abs(x) ** 1.5, lambda x: x**4, math.cos]
)
def test_a_curve_that_is_flat_at_the_point_is_no_kink(function):
    slope = slope_at(function, 0.0)
    assert slope.kind == "smooth"
    assert abs(slope.mean) <= slope.uncertainty < 1e-10


@pytest.mark.parametrize(
    ("function", "x", "low", "high"),
    [
        (math.floor, 2.0, 0.0, 0.0),
        (lambda x: math.copysign(1.0, x) if x else 0.0, 0.0, 0.0, 0.0),
        (lambda x: math.fmod(x, 3.0), 6.0, 1.0, 1.0),
        (lambda y: math.fmod(6.0, y), 3.0, -2.0, -1.0),
        (lambda x: 3.0 * x if x < 1.0 else x * x + 7.0, 1.0, 2.0, 3.0),
    ],
)
def test_at_a_jump_each_side_has_its_own_slope(function, x, low, high):
    slope = slope_at(function, x)
    assert slope.kind == "jump"
    assert (slope.low, slope.high) == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (math.sqrt, 0.0, math.inf),
        (math.asin, 1.0, math.inf),
        (math.acos, -1.0, -math.inf),
        (math.acosh, 1.0, math.inf),
        (lambda x: math.pow(x, 1.5), 0.0, 0.0),
        (lambda x: x * math.sqrt(1.0 - x) / math.sqrt(1.0 - x) if x < 1.0 else
            1.0 + 0.0 * math.sqrt(1.0 - x), 1.0, 1.0),
    ],
)  # fmt: skip
def test_at_the_edge_of_a_domain_one_side_counts(function, x, expected):
    slope = slope_at(defined(function), x)
    assert slope.kind == "edge"
    if math.isinf(expected):
        assert (slope.low, slope.high) == (expected, expected)
    else:
        assert abs(slope.mean - expected) <= slope.uncertainty < 1e-5


def test_an_upright_slope_is_infinite():
    assert slope_at(math.cbrt, 0.0)[:3] == ("smooth", math.inf, math.inf)


def test_a_point_alone_has_no_slope():
    slope = slope_at(defined(lambda x: math.sqrt(-x * x)), 0.0)
    assert slope.kind == "isolated"
    assert math.isnan(slope.mean)


def test_a_slope_lost_in_rounding_says_so():
    slope = slope_at(lambda x: 1e16 + x, 1.0)
    assert abs(slope.mean - 1.0) <= slope.uncertainty


def noisy(x):
    """It no longer moves with steps below 1e-8."""
    return (1e8 + math.sin(x)) - 1e8


def test_rounding_does_not_pass_for_a_flat_place():
    assert slope_at(noisy, 0.7).mean == pytest.approx(math.cos(0.7), abs=1e-2)


def test_a_larger_tolerance_keeps_to_larger_steps():
    slope = slope_at(noisy, 0.7, tolerance=1e-4)
    assert slope.mean == pytest.approx(math.cos(0.7), abs=1e-4)


def test_rounding_does_not_pass_for_a_jump():
    slope = slope_at(lambda x: x * abs(x) + (1.0 if x == 0.0 else 1.0 + 2.0**-52), 0.0)
    assert slope.kind == "smooth"
    assert abs(slope.mean) <= slope.uncertainty < 1e-6


def test_rounding_up_does_not_pass_for_a_jump():
    """Any step lifts the result over half an ulp of 1e6."""
    slope = slope_at(lambda x: 1e6 + (abs(x) + 0.4999 * math.ulp(1e6)), 0.0)
    assert slope.kind == "kink"
    assert (slope.low, slope.high) == pytest.approx((-1.0, 1.0), abs=1e-5)


def test_extrapolation_removes_two_orders_of_error():
    """Central differences at these steps are off by 1e-4 and more."""
    slope = slope_at(lambda x: math.sin(8.0 * x), 1.0, tolerance=1e-6)
    assert slope.mean == pytest.approx(8.0 * math.cos(8.0), abs=1e-10)


def test_a_kink_elsewhere_does_not_count():
    slope = slope_at(lambda x: x * abs(x) + max(x - 1e-4, 0.0), 0.0)
    assert slope.kind == "smooth"
    assert abs(slope.mean) <= slope.uncertainty < 1e-6


def test_three_steps_do_for_a_smooth_function():
    seen = []

    def function(x):
        seen.append(x)
        return math.sin(x)

    slope_at(function, 1.0)
    assert len(seen) == 7


def test_the_first_step_can_be_chosen():
    seen = []

    def function(x):
        seen.append(x)
        return x * x

    assert slope_at(function, 3.0, step=0.25).mean == pytest.approx(6.0, rel=1e-12)
    assert seen[:3] == [3.0, 2.75, 3.25]


@pytest.mark.parametrize(("x", "step"), [(1.0, 1e-30), (math.inf, None), (math.nan, None)])
def test_steps_that_do_not_move_the_input_are_refused(x, step):
    with pytest.raises(ValueError, match="lost beside the input"):
        slope_at(lambda x: x, x, step=step)
