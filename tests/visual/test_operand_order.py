import itertools
import random

import pytest

import autograd
from autograd import Value, apply, ops
from autograd.visual.graph.operand_order import are_ordered

COMMUTATIVE = {rule for rule, facts in ops.TABLE.items() if facts.commutes}


def same_in_every_order(rule, operands):
    """Whether the rule gives one value for all orders of these operands."""
    found = [rule(*order)[0] for order in itertools.permutations(operands)]
    return found == pytest.approx([found[0]] * len(found), rel=1e-12)


def works_with(rule, operands):
    try:
        rule(*operands)
    except (TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_commutative_rules_and_no_others_give_the_same_in_every_order(rule):
    numbers = random.Random(0)
    # Not dot of two: a product of two numbers is a product in any order.
    counts = [count for count in (2, 3, 4) if works_with(rule, [1.0, 0.5, 2.0, 1.5][:count])]
    if rule is ops.dot:
        counts = [4]
    draws = [[numbers.uniform(0.5, 4.0) for _ in range(count)] for count in counts * 10]
    if draws:
        assert (rule in COMMUTATIVE) == all(same_in_every_order(rule, draw) for draw in draws)
    else:
        assert rule not in COMMUTATIVE


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda x, y: x - y, True),
        (lambda x, y: x**y, True),
        (lambda x, y: autograd.where(x > y, x, y), True),
        (lambda x, y: autograd.dot([x, y], [y, x]), True),
        (lambda x, y: x + y, False),
        (lambda x, y: autograd.max([x, y]), False),
        (lambda x, y: -x, False),
        (lambda x, y: x, False),
    ],
)
def test_values(build, expected):
    assert are_ordered(build(Value(2.0), Value(3.0))) is expected


def test_a_rule_of_a_user_may_depend_on_the_order_whatever_it_is_called():
    def scale(x, y):
        return x + 2.0 * y, 1.0, 2.0

    @autograd.op
    def mean(x, y):
        return x + 2.0 * y, 1.0, 2.0

    assert are_ordered(apply(scale, Value(2.0), Value(3.0)))
    assert are_ordered(mean(Value(2.0), Value(3.0)))
