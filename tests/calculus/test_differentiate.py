"""Derivatives of every operation up to order 4, against mpmath, and the formulas they come from."""

import ast
import math
import random

import pytest
from reference import REFERENCE, is_sequence_rule, mp

import autograd
from autograd import Value, apply, gradient, ops
from autograd.calculus.derived_rules import called_rule, derived_rule
from autograd.calculus.differentiate import derived_formula, source_of, tangent_formula
from autograd.calculus.formula import formula_for
from autograd.errors import FormulaError

RULES = {rule.__name__: rule for rule in ops.TABLE}
UNARY = [name for name, rule in RULES.items() if rule.__code__.co_argcount == 1]
HIGHEST = 4
# mpmath nudges: in 50 digits what is 1e-304, as a derivative of softplus at 700, is lost in noise,
# so that where the two disagree it has to say it again, in many more.
DIGITS, MORE_DIGITS = 50, 700
TINY = mp.mpf("1e-320")  # no float, or the noise of nudging what is 0
# Where the truth is 0 there is nothing to be relative to. Of all that is sampled only fmod adds
# up to it what is not 0 itself: its partial by y, -trunc(x / y), is written (out - x) / y.
ZERO = 1e-14
# Further apart its derivatives are differences of weights near 1: what is left of w - w * w has
# fewer digits than 1e-9 asks for.
SAMPLED = {ops.logsumexp: ((-4.0, 4.0),)}


def domain_of(rule):
    count = 4 if rule is ops.dot else 3 if is_sequence_rule(rule) else rule.__code__.co_argcount
    domain = SAMPLED.get(rule, ops.TABLE[rule].domain)
    return [*domain, *domain[-1:] * count][:count]


def points(rule, count):
    """Interior points of the domain: random ones, and ones a hundredth away from its ends.

    At a kink (0 for relu, a whole number for floor) there is nothing to compare with: none is hit.
    """
    rng, domain = random.Random(rule.__name__), domain_of(rule)
    near_ends = [(0.01, 0.017), (0.983, 0.99)]
    for i in range(count):
        start, stop = near_ends[i] if i < 2 else (0.01, 0.99)
        yield [low + rng.uniform(start, stop) * (high - low) for low, high in domain]


def all_derivatives(out, leaves):
    """Every derivative of `out` by `leaves` up to the fourth: {operands, sorted: number}."""
    found, known = {}, {(): out}
    for _ in range(HIGHEST):
        known = {
            (*path, position): slope
            for path, output in known.items()
            for position, slope in enumerate(slopes(output, leaves))
            if not path or position >= path[-1]
        }
        found |= {path: slope.data for path, slope in known.items()}
    return found


def slopes(output, leaves):
    if not output.requires_grad:  # a constant
        return [Value(0.0, requires_grad=False)] * len(leaves)
    return gradient(output, leaves, create_graph=True, allow_unused=True)


def true_derivative(name, operands, path, digits=DIGITS):
    """The derivative by the operands of `path`, by nudging in many digits."""
    counts = tuple(path.count(position) for position in range(len(operands)))
    with mp.workdps(digits):
        point = tuple(map(mp.mpf, operands))
        function = REFERENCE[name]
        if len(point) == 1:
            return mp.diff(function, point[0], counts[0])
        return mp.diff(function, point, counts)


def error_of(got, name, operands, path):
    """The relative error of a derivative."""
    off = relative_error(got, true_derivative(name, operands, path))
    return off if off < 1e-9 else relative_error(
        got, true_derivative(name, operands, path, MORE_DIGITS)
    )  # fmt: skip


def relative_error(got, expected):
    if abs(expected) < TINY:
        return 0.0 if abs(got) < ZERO else math.inf
    return float(abs(got - expected) / abs(expected))


@pytest.mark.parametrize("name", RULES)
def test_every_derivative_up_to_order_four_is_right(name):
    """Relative 1e-9, with no allowance: no sampled derivative is a difference of equals."""
    rule = RULES[name]
    wrong = []
    for operands in points(rule, 10 if name in UNARY else 3):
        leaves = [Value(x) for x in operands]
        for path, got in all_derivatives(apply(rule, *leaves), leaves).items():
            if not error_of(got, name, operands, path) < 1e-9:
                wrong.append((operands, path, got))
    assert wrong == []


@pytest.mark.parametrize("name", UNARY)
def test_forward_mode_four_times_gives_the_same(name):
    rule = RULES[name]

    def along(function):
        return lambda x: autograd.jvp(function, (x,), (1.0,))[1]

    for [x] in points(rule, 3):
        function = getattr(autograd, name)
        for order in range(1, HIGHEST + 1):
            function = along(function)
            assert error_of(function(x), name, [x], (0,) * order) < 1e-9


@pytest.mark.parametrize("name", RULES)
def test_hessian_vector_products_of_every_operation_are_right(name):
    """The second sweep, native where there is one: column by column, so that nothing cancels."""
    rule = RULES[name]

    def function(*operands):
        return apply(rule, *operands)

    for operands in points(rule, 10 if name in UNARY else 3):
        for column in range(len(operands)):
            tangents = [0.0] * len(operands)
            tangents[column] = -2.5
            products = autograd.hvp(function, tuple(operands), tuple(tangents))
            for row, product in enumerate(products):
                path = tuple(sorted((row, column)))
                assert error_of(product / -2.5, name, operands, path) < 1e-9


def test_far_out_the_derivatives_keep_their_digits():
    # There both are exp(-40), up to the sign and one part in 1e17.
    assert autograd.derivative(autograd.sigmoid, 3)(40.0) == pytest.approx(
        math.exp(-40.0), rel=1e-9, abs=0
    )
    assert autograd.derivative(autograd.softplus, 4)(-40.0) == pytest.approx(
        math.exp(-40.0), rel=1e-9, abs=0
    )


# --- where a function has a kink, or an edge ------------------------------------------------


@pytest.mark.parametrize("name", ["relu", "abs", "sign", "floor", "ceil"])
def test_at_a_kink_higher_derivatives_are_zero(name):
    function = getattr(autograd, name)
    assert [autograd.derivative(function, n)(0.0) for n in (2, 3, 4)] == [0.0, 0.0, 0.0]


def test_a_power_of_zero():
    # x**3 at 0: 0, 0, 0, 6, 0.
    assert [autograd.derivative(lambda x: x**3, n)(0.0) for n in range(5)] == [0, 0, 0, 6, 0]
    assert autograd.derivative(lambda x: x**2.5, 3)(0.0) == math.inf


def test_a_power_with_a_negative_base():
    # x**3 at -2: -8, 12, -12, 6, 0.
    assert [autograd.derivative(lambda x: x**3, n)(-2.0) for n in range(5)] == [-8, 12, -12, 6, 0]


# --- the formulas themselves --------------------------------------------------------------------


def find(name):
    return formula_for(called_rule(name))


@pytest.mark.parametrize(
    ("name", "operand", "expected"),
    [("add", 0, 1.0), ("sub", 1, -1.0), ("neg", 0, -1.0), ("sign", 0, 0.0), ("floor", 0, 0.0)],
)
def test_a_constant_partial_is_a_number(name, operand, expected):
    source = source_of(find(name), operand)
    assert (source.number, source.is_derived) == (expected, False)


@pytest.mark.parametrize(("operand", "other"), [(0, 1), (1, 0)])
def test_a_partial_may_be_the_other_operand(operand, other):
    source = source_of(find("mul"), operand)
    assert (source.operand, source.is_derived) == (other, False)


def test_a_partial_may_be_the_value_itself():
    assert source_of(find("exp"), 0).is_value
    assert not source_of(find("exp"), 0).is_derived
    assert source_of(find("tanh"), 0).is_derived


@pytest.mark.parametrize("name", [name for name in RULES if not is_sequence_rule(RULES[name])])
def test_the_value_of_a_derived_rule_is_the_partial(name):
    rule = RULES[name]
    for operands in points(rule, 3):
        _, *partials = rule(*operands)
        for position, partial in enumerate(partials):
            if not source_of(find(name), position).is_derived:
                continue
            value, *slopes_of_it = derived_rule(rule, position)(*operands)
            assert value == partial  # the same expression: to the last bit
            assert len(slopes_of_it) == len(operands)


def test_a_rule_of_a_sequence_has_no_single_partial():
    with pytest.raises(FormulaError, match="mean takes a sequence"):
        derived_formula(find("mean"), 0, find)


@pytest.mark.parametrize("name", ["sum", "mean"])
def test_the_partials_of_these_never_change(name):
    assert tangent_formula(find(name), find) is None


@pytest.mark.parametrize("name", ["hypot", "atan2", "gelu", "elu"])
def test_the_formulas_of_higher_derivatives_do_not_explode(name):
    """Four or five times the size at each order is what guarded divisions cost."""
    rule = RULES[name]
    sizes = []
    for _ in range(3):
        rule = derived_rule(rule, 0)
        formula = formula_for(rule)
        trees = [*(step for _, step in formula.steps), *formula.results]
        sizes.append(sum(1 for tree in trees for _ in ast.walk(tree)))
    assert sizes[-1] < 2500, sizes
