"""Nothing passes to the side that a choice has not taken, in the sweeps of both engines.

The other side has a slope of inf (sqrt at 0), which times 0 would be nan. What the
transforms make of it is in `test_choices.py`.
"""

import importlib
import math

import pytest

from autograd import errors, ops
from autograd.engines.sweeps import forward_sweep, reverse_sweep, second_sweep

INF = math.inf


@pytest.fixture
def sweeps(engine):
    """The sweeps of an engine: reverse, forward, second order."""
    if engine.__name__.endswith("value"):
        return reverse_sweep, forward_sweep, second_sweep
    found = importlib.import_module(engine.__name__)
    return found.reverse_sweep, found.forward_sweep, found.second_sweep


def graph(engine, rule, *others):
    """(x, rule(sqrt(x) - 1, *others)), at x = 0."""
    x = engine.Value(0.0)
    root = engine.apply(ops.sqrt, x)
    below = engine.apply(ops.sub, root, engine.Value(1.0))
    return x, engine.apply(rule, *[below if other is None else other for other in others])


GRAPHS = [
    (ops.relu, (None,)),
    (ops.maximum, (None, 5.0)),
    (ops.minimum, (-5.0, None)),
    (ops.max, (7.0, None, 8.0)),
    (ops.min, (None, -7.0)),
    (ops.where, (0.0, None, 8.0)),
    (ops.clip, (None, -0.5, 0.5)),
    (ops.floor, (None,)),
    (ops.elu, (1.0, None)),
]


@pytest.mark.parametrize(("rule", "others"), GRAPHS, ids=lambda x: getattr(x, "__name__", ""))
def test_the_sweeps_of_both_engines(engine, sweeps, rule, others):
    reverse, forward, second = sweeps
    x, out = graph(engine, rule, *others)
    assert reverse(out, 1.0, [x]) == [0.0]
    assert forward(out, [x], [1.0], [out]) == [0.0]
    assert second(out, [x], [1.0]) == ([0.0], [0.0])
    out.backward()
    assert x.grad == 0.0
    out.backward()  # and once more
    assert x.grad == 0.0
    assert out.local_gradient(INF)[others.index(None)] == 0.0


def test_step_by_step_as_in_the_lecture(engine):
    x, out = graph(engine, ops.where, 0.0, None, 8.0)
    out.grad = 1.0
    for node in reversed(engine.topological_order(out)):
        node._backward()
    assert x.grad == 0.0


def test_a_step_alone_passes_on_what_was_put_there(engine):
    x = engine.Value(4.0)
    root = engine.apply(ops.sqrt, x)
    root.grad = 2.0
    root._backward()
    assert x.grad == 0.5
    root.zero_grad()
    root._backward()
    assert x.grad == 0.5


def test_a_node_of_both_an_edge_taken_and_one_not_taken(engine):
    x = engine.Value(4.0)
    root = engine.apply(ops.sqrt, x)
    out = engine.apply(ops.add, engine.apply(ops.where, 0.0, root, 1.0), root)
    out.backward()
    assert x.grad == 0.25


def test_a_hook_may_bring_a_gradient_where_none_arrived(engine):
    x = engine.Value(4.0)
    root = engine.apply(ops.sqrt, x)
    root.register_hook(lambda gradient: 8.0)
    engine.apply(ops.where, 0.0, root, 1.0).backward()
    assert x.grad == 2.0


def test_an_infinite_gradient_stops_at_the_side_not_taken(engine):
    x = engine.Value(-1.0)
    dead = engine.apply(ops.relu, x)
    engine.apply(ops.sqrt, dead).backward()  # inf by dead
    assert dead.grad == INF
    assert x.grad == 0.0


def test_a_node_made_by_hand_may_stand_on_the_side_not_taken(engine):
    """It refuses a gradient it cannot pass on; here none has to pass."""
    x = engine.Value(2.0)
    opaque = engine.Value(4.0, (x,))
    engine.apply(ops.where, 0.0, opaque, x * 3.0).backward()
    assert x.grad == 3.0
    with pytest.raises(errors.GraphError, match="made by hand"):
        engine.apply(ops.where, 1.0, opaque, x * 3.0).backward()
