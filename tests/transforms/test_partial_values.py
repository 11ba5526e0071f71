"""Partials as Values: to the last bit those of the node, and they depend on its parents."""

import math
import random

import pytest
from reference import is_sequence_rule, point_of

from autograd import Value, apply, gradient, ops
from autograd.errors import GraphError
from autograd.transforms.partial_values import partial_values, sequence_partials

RULES = {rule.__name__: rule for rule in ops.TABLE}
SEQUENCES = [name for name, rule in RULES.items() if is_sequence_rule(rule)]


@pytest.mark.parametrize("name", RULES)
def test_the_partials_as_values_are_the_partials(name):
    leaves = [Value(x) for x in point_of(RULES[name])]
    node = apply(RULES[name], *leaves)
    found = partial_values(node, [True] * len(leaves))
    numbers = [x.data if isinstance(x, Value) else x for x in found]
    assert numbers == list(node.partials)  # the same source: to the last bit


@pytest.mark.parametrize("name", RULES)
def test_what_is_not_wanted_is_none(name):
    leaves = [Value(x) for x in point_of(RULES[name])]
    node = apply(RULES[name], *leaves)
    wanted = [False] * len(leaves)
    assert partial_values(node, wanted) == [None] * len(leaves)
    wanted[-1] = True
    *others, last = partial_values(node, wanted)
    assert others == [None] * (len(leaves) - 1)
    assert last is not None


def test_the_partials_of_equal_operands():
    x = Value(2.0)
    node = apply(ops.prod, x, x, x)
    partials = partial_values(node, [True] * 3)
    assert [partial.data for partial in partials] == [4.0, 4.0, 4.0]
    assert gradient(partials[1], x) == 4.0


@pytest.mark.parametrize("name", SEQUENCES)
@pytest.mark.parametrize("count", [2, 6])
def test_sequences_of_any_length(name, count):
    rng = random.Random(count)
    leaves = [Value(rng.uniform(0.5, 3.0)) for _ in range(count)]
    node = apply(RULES[name], *leaves)
    partials = sequence_partials(RULES[name])(node, leaves)
    assert [x.data if isinstance(x, Value) else x for x in partials] == list(node.partials)


def test_zeros_in_a_product():
    leaves = [Value(0.0), Value(0.0), Value(3.0)]
    partials = partial_values(apply(ops.prod, *leaves), [True] * 3)
    assert gradient(partials[0], leaves[1], allow_unused=True) == 3.0


def test_changed_data_is_noticed_where_it_matters():
    x, y = Value(2.0), Value(3.0)
    node = x * y
    x.data = 5.0
    with pytest.raises(GraphError, match="mul was computed from other data"):
        partial_values(node, [True, True])


def test_a_nan_is_no_changed_data():
    node = apply(ops.tanh, Value(math.nan))
    [partial] = partial_values(node, [True])
    assert math.isnan(partial.data)
