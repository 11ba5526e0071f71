"""Nodes at a kink: which they are, and which of them have straight sides."""

import math

import pytest

from autograd import Value, apply, ops
from autograd.calculus.derived_rules import derived_rule
from autograd.transforms.kinks import is_bend, is_linear, sits_at_kink

# Operation, operands at a kink, operands beside it, whether the sides are straight.
KINKS = {
    "abs": ((0.0,), (0.5,), True),
    "maximum": ((2.0, 2.0), (2.0, 3.0), True),
    "minimum": ((2.0, 2.0), (2.0, 3.0), True),
    "max": ((2.0, 1.0, 2.0), (2.0, 1.0, 3.0), True),
    "min": ((1.0, 1.0, 2.0), (0.0, 1.0, 2.0), True),
    "hypot": ((0.0, 0.0), (0.0, 1.0), False),
    "norm": ((0.0, 0.0), (0.0, 1.0), False),
}


@pytest.mark.parametrize("name", KINKS)
def test_nodes_at_a_kink(name):
    at, beside, straight = KINKS[name]
    for operands, there in ((at, True), (beside, False)):
        node = apply(getattr(ops, name), *map(Value, operands))
        assert sits_at_kink(node, chosen=False) is there
        assert is_bend(node) is (there and straight)


def test_a_derivative_is_a_chosen_slope_where_it_is_nan():
    x = Value(0.0)
    slope = apply(derived_rule(ops.abs, 0), x)
    assert sits_at_kink(slope, chosen=True)
    assert not sits_at_kink(apply(ops.abs, x), chosen=True)


@pytest.mark.parametrize(
    "value",
    [Value(0.0), Value(0.0).tanh(), Value(0.0, (Value(1.0),))],
    ids=["leaf", "tanh", "by hand"],
)
def test_leaves_smooth_operations_and_nodes_by_hand_have_none(value):
    assert not sits_at_kink(value, chosen=False)
    assert not sits_at_kink(value, chosen=True)
    assert not is_bend(value)


def test_no_other_operation_has_straight_sides():
    """All others are smooth or curved where two numbers are equal or 0: none is taken for one."""
    for rule in ops.TABLE:
        if rule.__name__ in ("abs", "maximum", "minimum", "max", "min"):
            continue
        count = 2 if ops.takes_sequence(rule) else rule.__code__.co_argcount
        for number in (0.0, 0.5, 1.0):
            try:
                node = apply(rule, *[Value(number)] * count)
            except (ValueError, ArithmeticError):
                continue
            assert not is_bend(node), (rule.__name__, number)


@pytest.mark.parametrize("name", ["maximum", "minimum", "max", "min"])
def test_a_tie_of_infinities_has_straight_sides(name):
    assert is_bend(apply(getattr(ops, name), Value(math.inf), Value(math.inf)))


def test_linear_operations():
    linear = {
        (rule.__name__, moving)
        for rule in ops.TABLE
        for moving in ((0,), (1,), (0, 1))
        if max(moving) < (2 if ops.takes_sequence(rule) else rule.__code__.co_argcount)
        and is_linear(rule, moving)
    }
    assert linear == {
        *(
            (name, moving)
            for name in ("add", "sub", "sum", "mean")
            for moving in ((0,), (1,), (0, 1))
        ),
        *{("neg", (0,)), ("mul", (0,)), ("mul", (1,)), ("div", (0,))},
    }
    assert not is_linear(None, (0,))
