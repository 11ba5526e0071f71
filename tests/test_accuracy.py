"""The promise about digits: over the whole domain of every operation, tails and tiny arguments too.

Relative 1e-13 for values and first derivatives, 1e-9 for derivatives of order 2 to 4, against
mpmath in as many digits as it takes.
"""

import functools
import itertools
import math
import sys

import pytest
from reference import REFERENCE, mp

import autograd
from autograd import ops
from autograd.partials import derived_rule

LARGEST, SMALLEST = mp.mpf("1.79e308"), mp.mpf("2.3e-308")
MAGNITUDES = [1e-300, 1e-100, 1e-17, 3e-9, 2.3e-5, 0.0031, 0.043, 0.37, 0.81, 1.7, 4.4, 9.3, 19.5,
              37.0, 120.0, 350.0, 690.0, 1e5, 1e17, 1e100]  # fmt: skip
NEAR_ONE = [1.0 - x for x in (1e-15, 1e-9, 1e-4)]


def both(numbers):
    return [*numbers, *[-x for x in numbers]]


def up_to(end):
    return [x for x in MAGNITUDES if x <= end]


POINTS = {
    "square": both(MAGNITUDES),
    "sqrt": MAGNITUDES,
    "cbrt": both([x for x in MAGNITUDES if x > 1e-80]),
    "exp": both(up_to(700)),
    "exp2": both(up_to(700)),
    "expm1": both(up_to(700)),
    "log": [*MAGNITUDES, *NEAR_ONE, 1.0 + 1e-9],
    "log2": [*MAGNITUDES, *NEAR_ONE],
    "log10": [*MAGNITUDES, *NEAR_ONE],
    "log1p": [*MAGNITUDES, *[-x for x in up_to(0.9)], *[-x for x in NEAR_ONE]],
    "sin": both(up_to(1e5)),
    "cos": both(up_to(1e5)),
    "tan": both([*up_to(1e5), 1.57]),
    "asin": both([*up_to(0.9), *NEAR_ONE]),
    "acos": both([*up_to(0.9), *NEAR_ONE]),
    "atan": both(MAGNITUDES),
    "sinh": both(up_to(700)),
    "cosh": both(up_to(700)),
    "tanh": both([*up_to(340), 354.0]),
    "asinh": both(MAGNITUDES),
    "acosh": [1.0 + 1e-15, 1.0 + 1e-9, 1.0 + 1e-4, *[x for x in MAGNITUDES if x > 1.0]],
    "atanh": both([*up_to(0.9), *NEAR_ONE]),
    "logit": [*up_to(0.9), *NEAR_ONE, *[0.5 + x for x in both((1e-15, 1e-9, 1e-4, 0.249, 0.251))]],
    "sinc": both([*up_to(1e17), 0.249, 0.25, 0.251, 0.5, 1.0, 2.0, 4.5, 1e5 + 0.5, 3.0 + 1e-9]),
    "ndtr": [*up_to(37)[2:], *[-x for x in up_to(37)[2:]], -2.2, -4.49, -4.51, -15.3, -25.0],
    "log_ndtr": [*up_to(37)[2:], *[-x for x in MAGNITUDES[2:]], -2.2, -4.49, -4.51, -6.0, -15.3],
    "erf": both([*up_to(20)[2:], 26.0]),
    "erfc": both([*up_to(20)[2:], 26.0]),
    "sigmoid": both(up_to(700)),
    "softplus": both(up_to(700)),
    "logsigmoid": both(up_to(700)),
    "gelu": [*up_to(20)[2:], 36.0, *[-x for x in up_to(20)[2:]]],
    "silu": both(up_to(700)),
    "mish": both(up_to(700)),
    "softsign": both(MAGNITUDES),
}


def true_derivative(name, x, order, digits, relative):
    with mp.workdps(digits):
        if order == 0:
            return REFERENCE[name](mp.mpf(x))
        return mp.re(mp.diff(REFERENCE[name], mp.mpf(x), order, relative=relative))


def error(got, expected):
    if got == expected:
        return 0.0
    if abs(expected) > LARGEST:
        return 0.0 if got == math.copysign(math.inf, expected) else math.inf
    if abs(expected) < SMALLEST:  # few digits fit into what is that small
        return 0.0 if abs(got) < 3e-308 else math.inf
    return float(abs(got - expected) / abs(expected)) if math.isfinite(got) else math.inf


def is_right(got, name, x, order):
    """Whether mpmath says so; nudging needs the more digits the smaller what it is after."""
    enough = 1e-13 if order < 2 else 1e-9
    return any(
        error(got, true_derivative(name, x, order, *how)) < enough
        for how in ((60, False), (400, True), (400, False), (1600, True), (1600, False))
    )


def test_every_operation_of_one_operand_is_held_to_it():
    straight = {"neg", "abs", "sign", "relu", "floor", "ceil"}  # piecewise straight, exact
    unary = {rule.__name__ for rule in ops.TABLE if rule.__code__.co_argcount == 1}
    assert set(POINTS) == unary - straight


@pytest.mark.parametrize("name", POINTS)
def test_the_digits_of_values_and_derivatives(name):
    rule, wrong = getattr(ops, name), []
    for order in range(5):
        for x in POINTS[name]:
            try:
                got = rule(x)[0]
            except (ArithmeticError, ValueError) as refusal:
                got = refusal
            if isinstance(got, Exception) or not is_right(got, name, x, order):
                wrong.append((order, x, got))
        rule = derived_rule(rule, 0)
    assert wrong == []


# --- the parts of rules, whose derivatives have formulas of their own ---------------------

PARTS = {
    "reciprocal": (lambda x: 1 / x, [(1e-100,), (0.3,), (1e100,)]),
    "one_minus_square": (lambda x: 1 - x**2, [(1e-9,), (0.3,), (1 - 1e-9,), (-0.7,)]),
    "atan_slope": (lambda x: 1 / (1 + x**2), [(1e-9,), (0.7,), (-1e7,), (3e8,), (1e100,)]),
    "sigmoid_slope": (lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, [(1e-9,), (0.7,), (-300.0,)]),
    "tanh_slope": (lambda x: 1 / mp.cosh(x) ** 2, [(1e-9,), (0.7,), (19.5,), (-150.0,)]),
    "times_complement": (lambda x: x * (1 - x), [(1e-9,), (0.3,), (1 - 1e-9,), (0.5,)]),
    "sin_pi": (mp.sinpi, [(1e-9,), (0.3,), (0.7,), (-1.2,), (1.8,), (1e5 + 0.25,)]),
    "sinc_slope": (
        lambda x: (mp.cospi(x) - mp.sincpi(x)) / x,
        [(1e-9,), (0.249,), (-0.251,), (7.0,), (1e5,)],
    ),
    "normal_density": (mp.npdf, [(1e-9,), (-0.7,), (9.3,), (-25.7,), (37.0,)]),
    "inverse_mills": (lambda x: mp.npdf(x) / mp.ncdf(x), [(1e-9,), (-3.7,), (-19.5,), (9.3,)]),
    "mills_excess": (lambda x: x + mp.npdf(x) / mp.ncdf(x), [(1e-9,), (-1.7,), (-19.5,), (9.3,)]),
    "mills_tail": (
        lambda x: 1 / (x + mp.npdf(x) / mp.ncdf(x)) + x,
        [(-5.5,), (-19.5,), (-350.0,), (-1e5,)],
    ),
    "mish_share": (
        lambda x: mp.tanh(mp.log1p(mp.exp(x))),
        [(1e-9,), (0.7,), (-37.0,), (37.0,), (-300.0,)],
    ),
    "mish_slope": (
        lambda x: mp.sech(mp.log1p(mp.exp(x))) ** 2 / (1 + mp.exp(-x)),
        [(1e-9,), (0.7,), (-37.0,), (37.0,), (-300.0,)],
    ),
    "direction": (
        lambda x, y: x / mp.sqrt(x**2 + y**2),
        [(3.0, -4.0), (1.0, 1e-7), (1e-7, 1.0), (1e200, 3e200), (1e-200, -3e-200)],
    ),
}


# Of parts that are small differences, and matter where they are added to what is not small.
FEWER_DIGITS = {"mills_excess": 1e3, "mills_tail": 1e3}


def test_every_part_is_held_to_its_meaning():
    assert set(PARTS) == {rule.__name__ for rule in ops.PARTS}


@pytest.mark.parametrize("name", PARTS)
def test_parts(name):
    meaning, points = PARTS[name]
    rule, slack = getattr(ops, name), FEWER_DIGITS.get(name, 1.0)
    for operands in points:
        value, *partials = rule(*operands)
        with mp.workdps(500):
            exact = list(map(mp.mpf, operands))
            assert error(value, meaning(*exact)) < 1e-15 * slack
            for position, partial in enumerate(partials):
                counts = tuple(int(i == position) for i in range(len(exact)))
                expected = mp.diff(meaning, tuple(exact), counts, relative=True)
                assert error(partial, expected) < 1e-14 * slack


# --- several operands ---------------------------------------------------------------------

PAIRS = {
    "xlogy": [(3.0, 4.0), (1e-7, 1e-100), (-2.0, 1 + 1e-9), (1e100, 1e-100)],
    "logaddexp": [(3.0, 4.0), (2.0, 2.0), (40.0, 1.0), (-1.0, 300.0), (-350.0, -360.0)],
    "hypot": [(3.0, 4.0), (1.0, 1e-7), (1e-7, -1.0), (3e150, 4e150), (3e-150, 1e-155)],
    "atan2": [(3.0, 4.0), (1.0, 1e-7), (1e-7, -1.0), (3e100, 4e100), (3e-100, 1e-103)],
    "pow": [(3.0, 4.5), (1e-7, 0.5), (1 + 1e-9, 3.5), (1e-100, 1.5), (1e100, 0.25), (7.0, -3.3)],
    "div": [(3.0, 4.0), (1e-100, 1e100), (-1e50, 1e-50)],
    "elu": [(-1e-9, 0.7), (-30.0, 1.5), (-700.0, 1.5)],
}


@functools.cache
def true_partial(name, operands, counts):
    with mp.workdps(500):
        return mp.diff(REFERENCE[name], tuple(map(mp.mpf, operands)), counts, relative=True)


@pytest.mark.parametrize(("name", "operands"), [(n, p) for n, ps in PAIRS.items() for p in ps])
def test_the_digits_of_operations_of_two_operands(name, operands):
    rule = getattr(ops, name)
    found = {(0, 0): rule}
    for path in itertools.product(range(2), repeat=2):
        one, two = (tuple(int(i == position) for i in range(2)) for position in path)
        first = derived_rule(rule, path[0])
        found[one] = first
        found[tuple(map(sum, zip(one, two, strict=True)))] = derived_rule(first, path[1])
    for counts, derivative in found.items():
        got, expected = derivative(*operands)[0], true_partial(name, operands, counts)
        if abs(expected) > mp.mpf("1e-290") or not any(counts):  # below is the noise of nudging
            assert error(got, expected) < (1e-13 if sum(counts) < 2 else 1e-9), counts


def test_logsumexp_far_apart():
    tail = mp.log1p(mp.exp(-40))
    assert autograd.logsumexp([0.0, -40.0]) == pytest.approx(float(tail), rel=1e-15)
    weights = [1 / (1 + mp.exp(-40)), mp.exp(-40) / (1 + mp.exp(-40))]
    curve = float(weights[0] * weights[1])
    expected = [[curve, -curve], [-curve, curve]]
    for hessian in (
        autograd.hessian(autograd.logsumexp),
        autograd.jacobian(autograd.grad(autograd.logsumexp)),
    ):
        for order in ([0.0, -40.0], [-40.0, 0.0]):
            for row, wanted in zip(hessian(order), expected, strict=True):
                assert row == pytest.approx(wanted, rel=1e-14)


def test_logsumexp_of_the_same_value_twice_and_of_ties():
    x = autograd.Value(1.0)
    slope = autograd.gradient(autograd.logsumexp([x, x, 0.0]), x, create_graph=True)
    weight = 2 * math.e / (2 * math.e + 1)
    assert slope.data == pytest.approx(weight, rel=1e-15)
    assert autograd.gradient(slope, x) == pytest.approx(weight * (1 - weight), rel=1e-14)
    assert autograd.hessian(autograd.logsumexp)([2.0, 2.0]) == [[0.25, -0.25], [-0.25, 0.25]]
    assert autograd.jacobian(autograd.grad(autograd.logsumexp))([2.0, 2.0]) == [
        [0.25, -0.25],
        [-0.25, 0.25],
    ]


def test_softmax_and_its_logarithm_keep_the_digits_of_complements():
    tail = float(mp.exp(-40) / (1 + mp.exp(-40)))
    logits = [40.0, 0.0]
    assert autograd.log_softmax(logits)[0] == pytest.approx(
        -float(mp.log1p(mp.exp(-40))), rel=1e-15
    )
    by_logits = autograd.jacobian(autograd.log_softmax)(logits)
    assert by_logits[0] == pytest.approx([tail, -tail], rel=1e-14)
    assert by_logits[1] == pytest.approx([-1.0, 1.0], rel=1e-14)
    assert autograd.jacobian(autograd.softmax)(logits)[0] == pytest.approx([tail, -tail], rel=1e-14)


# --- at the ends of domains: what the derivatives tend to -------------------------------------

ENDS = [
    (autograd.sqrt, 0.0, [math.inf, -math.inf, math.inf]),
    (lambda x: x**0.5, 0.0, [math.inf, -math.inf, math.inf]),
    (lambda x: x**0.25, 0.0, [math.inf, -math.inf, math.inf]),
    (lambda x: x**1.5, 0.0, [0.0, math.inf, -math.inf]),
    (lambda x: x**2.5, 0.0, [0.0, 0.0, math.inf]),
    (autograd.asin, 1.0, [math.inf, math.inf, math.inf]),
    (autograd.asin, -1.0, [math.inf, -math.inf, math.inf]),
    (autograd.acos, 1.0, [-math.inf, -math.inf, -math.inf]),
    (autograd.acos, -1.0, [-math.inf, math.inf, -math.inf]),
    (autograd.acosh, 1.0, [math.inf, -math.inf]),
    (lambda x: 3.0 - autograd.sqrt(x), 0.0, [-math.inf, math.inf]),
    (autograd.cbrt, 0.0, [math.inf, math.nan]),  # -inf on the right, inf on the left
]


@pytest.mark.parametrize(("function", "x", "expected"), ENDS)
def test_at_the_end_of_a_domain_derivatives_are_one_sided_limits(function, x, expected):
    orders = range(1, len(expected) + 1)
    found = [autograd.derivative(function, n)(x) for n in orders]
    assert found == pytest.approx(expected, nan_ok=True)
    second = [autograd.hessian(function)(x), autograd.hvp(function, (x,), (1.0,))[0]]
    second.append(autograd.grad(autograd.grad(function))(x))
    assert second == pytest.approx([expected[1]] * 3, nan_ok=True)


def test_the_slope_of_atan_where_the_square_overflows():
    """1 / (1 + x²), as small as numbers are; all further derivatives are 0 there."""
    for x in (1e154, -1e155, 1e155, 3e157):
        assert error(ops.atan(x)[1], 1 / (1 + mp.mpf(x) ** 2)) < 1e-10  # of few digits below 1e-308
    rule = derived_rule(ops.atan, 0)
    for _ in range(3):
        rule = derived_rule(rule, 0)
        assert rule(1.7e308)[0] == 0.0


@pytest.mark.parametrize("x", [5e-324, 1e-310, 1e-300, 1e-20, 3.0, 1e300])
@pytest.mark.parametrize("y", [0.0, -0.0, 1e-10, -1e-10, 1e-5, 0.3, 0.9])
def test_the_slope_of_a_power_close_to_zero(x, y):
    """y * x**(y - 1), where 1 / x alone overflows."""
    with mp.workdps(400):
        truth = mp.mpf(y) * mp.mpf(x) ** (mp.mpf(y) - 1)
    assert error(ops.pow(x, y)[1], truth) < 1e-13 or abs(truth) > sys.float_info.max
