"""Which rule made a node, and whether it would still give what the node holds."""

import pickle

import pytest

from autograd import Value, apply, ops
from autograd.calculus.derived_rules import called_rule
from autograd.errors import GraphError
from autograd.support.provenance import check_up_to_date, is_up_to_date, rule_of


def test_what_is_up_to_date():
    x, y = Value(0.0), Value(3.0)
    node = x * y
    above = node + 1.0
    assert all(map(is_up_to_date, (x, y, node, above)))
    check_up_to_date([x, y, node, above])
    y.data = 4.0  # the product stays 0, but its partial was 3
    assert [is_up_to_date(value) for value in (x, y, node, above)] == [True, True, False, True]
    with pytest.raises(GraphError, match=r"mul has computed 0\.0.*\(0\.0, 4\.0\).*again"):
        check_up_to_date([above, node])
    several = apply(ops.sum, *[Value(1.0) for _ in range(9)])
    several.parents[0].data = 2.0
    with pytest.raises(GraphError, match=r"\(2\.0, 1\.0, 1\.0, 1\.0, \.\.\.\)"):
        check_up_to_date([several])


def test_of_an_unknown_rule_nothing_is_said():
    def mine(x):
        return x, 1.0

    unpickled = pickle.loads(pickle.dumps(apply(mine, Value(2.0))))
    unpickled.parents[0].data = 5.0
    assert is_up_to_date(unpickled)


def test_the_rule_of_a_node():
    x = Value(2.0)
    assert rule_of(x.tanh()) is ops.tanh
    assert rule_of(apply(called_rule("tanh_x"), x)) is called_rule("tanh_x")

    def mine(x):
        return x, 1.0

    assert rule_of(apply(mine, x)) is mine
    unpickled = pickle.loads(pickle.dumps(apply(mine, x)))
    with pytest.raises(GraphError, match=r"rule of mine.*@autograd\.op"):
        rule_of(unpickled)
