"""Which rule a name stands for: letters alone never tell one rule from another."""

import copy
import math
import pickle

import pytest

from autograd import Value, apply, ops
from autograd.calculus.rule_names import (
    Forgotten,
    RuleName,
    remember_by_name,
    rule_named,
)
from autograd.errors import GraphError
from autograd.support.provenance import rule_of

RULES = {rule.__name__: rule for rule in ops.TABLE}


def test_a_name_leads_to_its_rule():
    assert all(rule_named(name) is rule for name, rule in RULES.items())
    assert [rule_named(name) for name in ("", "nothing", "_total", "TABLE", "math")] == [None] * 5
    mine = RuleName("tanh")  # another rule of that name
    mine.rule = math.sin
    assert rule_named(mine) is math.sin
    assert mine == "tanh"
    assert copy.deepcopy(mine) is mine


def test_a_rule_is_remembered_by_its_name_once():
    def mine(x):
        return x, 1.0

    remember_by_name(mine)
    name = mine.__name__
    assert (name, name.rule) == ("mine", mine)
    remember_by_name(mine)
    assert mine.__name__ is name


@pytest.mark.parametrize(
    "other",
    [math.sin, [].append, ops.tanh, ops.tanh_slope],
    ids=lambda rule: rule.__name__,
)
def test_what_is_no_function_of_a_user_keeps_its_name(other):
    remember_by_name(other)
    assert type(other.__name__) is str


def tanh(x):
    """Another rule of that name: a straight line."""
    return 3.0 * x, 3.0


def tanh_x(x):
    """A rule by the name of a derivative of ours: it is another function."""
    return x * x, 2.0 * x


@pytest.mark.parametrize("mine", [tanh, tanh_x])
def test_a_rule_from_a_pickle_is_not_taken_for_ours(mine):
    node = apply(mine, Value(2.0))
    assert rule_of(node) is mine
    restored_node = pickle.loads(pickle.dumps(node))
    assert restored_node.op == mine.__name__
    assert type(restored_node.op) is Forgotten
    again = pickle.loads(pickle.dumps(restored_node))
    for one in (restored_node, again):
        assert rule_named(one.op) is None
        assert one.partials == node.partials
        with pytest.raises(GraphError, match=rf"rule of {mine.__name__} is not known any more"):
            rule_of(one)
    assert rule_of(copy.deepcopy(node)) is mine
