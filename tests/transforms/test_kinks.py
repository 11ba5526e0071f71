"""Nodes at a kink: which they are, and which of them have straight sides."""

import pytest

import autograd
from autograd import Value, apply
from autograd.calculus.derived_rules import derived_rule
from autograd.transforms.kinks import is_bend, sits_at_kink

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
        node = apply(getattr(autograd.ops, name), *map(Value, operands))
        assert sits_at_kink(node, chosen=False) is there
        assert is_bend(node) is (there and straight)


def test_a_derivative_is_a_chosen_slope_where_it_is_nan():
    x = Value(0.0)
    slope = apply(derived_rule(autograd.ops.abs, 0), x)
    assert sits_at_kink(slope, chosen=True)
    assert not sits_at_kink(apply(autograd.ops.abs, x), chosen=True)


@pytest.mark.parametrize(
    "value",
    [Value(0.0), Value(0.0).tanh(), Value(0.0, (Value(1.0),))],
    ids=["leaf", "tanh", "by hand"],
)
def test_leaves_smooth_operations_and_nodes_by_hand_have_none(value):
    assert not sits_at_kink(value, chosen=False)
    assert not sits_at_kink(value, chosen=True)
    assert not is_bend(value)
