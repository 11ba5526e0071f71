"""The promise about digits: over the whole domain of every operation, tails and tiny arguments too.

Relative 1e-13 for values and first derivatives, 1e-9 for derivatives of order 2 to 4, against
mpmath in as many digits as it takes.
"""

import functools
import itertools
import math
import sys

import pytest
import reference
from reference import REFERENCE, mp

import autograd
from autograd import ops
from autograd.calculus.derived_rules import derived_rule

LARGEST, SMALLEST = mp.mpf("1.79e308"), mp.mpf("2.3e-308")
MAGNITUDES = [1e-300, 1e-100, 1e-17, 3e-9, 2.3e-5, 0.0031, 0.043, 0.37, 0.81, 1.7, 4.4, 9.3, 19.5,
              37.0, 120.0, 350.0, 690.0, 1e5, 1e17, 1e100]  # fmt: skip
NEAR = (1e-15, 1e-9, 1e-4)  # an end at 1 or -1


def reached(facts):
    """The numbers at which an operation of one operand is held to its digits."""
    found = [*facts.points]
    for low, high in facts.reach or facts.domain[:1]:
        found += [x for x in (*MAGNITUDES, *(-x for x in MAGNITUDES)) if low < x < high]
        found += [low + x for x in NEAR if abs(low) == 1.0]
        found += [high - x for x in NEAR if abs(high) == 1.0]
    return found


POINTS = {
    rule.__name__: reached(facts)
    for rule, facts in ops.TABLE.items()
    if rule.__code__.co_argcount == 1
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

PARTS = {rule.__name__: (rule, facts) for rule, facts in ops.PARTS.items()}


def test_every_part_is_held_to_its_meaning():
    assert all(facts.reference and facts.points for facts in ops.PARTS.values())


@pytest.mark.parametrize("name", PARTS)
def test_parts(name):
    rule, facts = PARTS[name]
    slack = 1e3 if facts.digits else 1.0
    meaning = reference.meaning(rule, facts)
    for point in facts.points:
        operands = as_operands(point)
        value, *partials = rule(*operands)
        with mp.workdps(500):
            exact = list(map(mp.mpf, operands))
            assert error(value, meaning(*exact)) < 1e-15 * slack
            for position, partial in enumerate(partials):
                counts = tuple(int(i == position) for i in range(len(exact)))
                expected = mp.diff(meaning, tuple(exact), counts, relative=True)
                assert error(partial, expected) < 1e-14 * slack


def as_operands(point):
    return point if isinstance(point, tuple) else (point,)


# --- several operands ---------------------------------------------------------------------

SEVERAL = [
    (rule.__name__, operands)
    for rule, facts in ops.TABLE.items()
    if rule.__code__.co_argcount != 1
    for operands in facts.points
]


@functools.cache
def true_partial(name, operands, counts):
    with mp.workdps(500):
        return mp.diff(REFERENCE[name], tuple(map(mp.mpf, operands)), counts, relative=True)


@pytest.mark.parametrize(("name", "operands"), SEVERAL)
def test_the_digits_of_operations_of_several_operands(name, operands):
    rule, places = getattr(ops, name), range(len(operands))
    found = {(0,) * len(operands): rule}
    for path in itertools.product(places, repeat=2):
        one, two = (tuple(int(i == position) for i in places) for position in path)
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
