"""Partials as Values and their tangents, for every operation, against mpmath."""

import math
import pickle
import random

import pytest
from reference import REFERENCE, error, is_sequence_rule, mp

from autograd import Value, apply, gradient, ops
from autograd.calculus.derived_rules import called_rule, sources
from autograd.calculus.tangents import tangents_of_partials
from autograd.errors import FormulaError, GraphError
from autograd.support.provenance import check_up_to_date, is_up_to_date, rule_of
from autograd.transforms.partial_values import partial_values, sequence_partials

RULES = {rule.__name__: rule for rule in ops.TABLE}
SEQUENCES = [name for name, rule in RULES.items() if is_sequence_rule(rule)]


def point_of(rule):
    rng, count = random.Random(rule.__name__), rule.__code__.co_argcount or 4
    domain = ((-4.0, 4.0),) if rule is ops.logsumexp else ops.TABLE[rule].domain
    domain = [*domain, *domain[-1:] * count][:count]
    return [rng.uniform(low + (high - low) / 9, high - (high - low) / 9) for low, high in domain]


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


@pytest.mark.parametrize("name", RULES)
def test_the_tangents_of_partials_are_rows_of_the_hessian(name):
    rule = RULES[name]
    operands = point_of(rule)
    point = tuple(map(mp.mpf, operands))
    for column in range(len(operands)):
        tangents = [0.0] * len(operands)
        tangents[column] = 1.0
        found = tangents_of_partials(rule, operands, tangents)
        assert len(found) == len(operands)
        for row, change in enumerate(found):
            counts = [0] * len(operands)
            counts[row] += 1
            counts[column] += 1
            with mp.workdps(350):
                function = REFERENCE[name]
                truth = (
                    mp.diff(function, point, tuple(counts))
                    if len(point) > 1
                    else mp.diff(function, point[0], 2)
                )
            if abs(truth) < 1e-300:  # 0, up to what rounds in fmod's partial, of size 1
                assert abs(change) < 1e-15
            else:
                assert error(change, truth) < 1e-9


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
    assert tangents_of_partials(ops.prod, [0.0, 0.0, 3.0], [1.0, 0.0, 0.0]) == [0.0, 3.0, 0.0]
    partials = partial_values(apply(ops.prod, *leaves), [True] * 3)
    assert gradient(partials[0], leaves[1], allow_unused=True) == 3.0


def test_the_norm_at_the_origin():
    """Its slope there is chosen between those around: that has no derivative, and says so."""
    changes = tangents_of_partials(ops.norm, [0.0, 0.0], [1.0, 1.0])
    assert all(map(math.isnan, changes))


def test_changed_data_is_noticed_where_it_matters():
    x, y = Value(2.0), Value(3.0)
    node = x * y
    x.data = 5.0
    with pytest.raises(GraphError, match="mul was computed from other data"):
        partial_values(node, [True, True])


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


def test_a_nan_is_no_changed_data():
    node = apply(ops.tanh, Value(math.nan))
    [partial] = partial_values(node, [True])
    assert math.isnan(partial.data)


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


def test_sources():
    assert [source.operand for source in sources(ops.mul)] == [1, 0]
    assert [source.number for source in sources(ops.sub)] == [1.0, -1.0]
    assert [source.is_derived for source in sources(ops.pow)] == [True, True]


@pytest.mark.parametrize("name", ["nothing", "tanh_z", "tanh_", "_x", "Value", "math"])
def test_names_that_are_no_rules(name):
    with pytest.raises(FormulaError, match=name):
        called_rule(name)
