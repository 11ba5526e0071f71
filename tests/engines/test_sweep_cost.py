"""What a transform costs: as many nodes as its function has, however long the history outside.

Counted in nodes that sorts visit, not in seconds.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd import (
    Value,
    derivative,
    detect_anomaly,
    grad,
    gradient,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value,
    value_and_grad,
    vjp,
)
from autograd.engines import select
from autograd.transforms import value_sweeps

LONG = 20_000
# The compiled engine gives one serial number to at most 256 nodes that were made in a row.
BATCH = 256 if autograd.engine == "compiled" else 0


class Counter:
    """How many nodes the sorts of the reference engine have visited."""

    def __init__(self):
        self.count = 0

    def topological_order(self, root, since=0, sort=value.topological_order):
        order = sort(root, since)
        self.count += len(order)
        return order


@pytest.fixture
def visited(monkeypatch):
    """The function that says how many nodes all sorts have visited so far."""
    if autograd.engine == "compiled":
        return select.engine.nodes_sorted
    counter = Counter()
    monkeypatch.setattr(value, "topological_order", counter.topological_order)
    monkeypatch.setattr(value_sweeps, "topological_order", counter.topological_order)
    return lambda: counter.count


def chain(x, length):
    """x, which many operations have not changed."""
    for _ in range(length):
        x = x * 1.0
    return x


def test_the_count_counts(visited):
    before = visited()
    gradient(chain(Value(2.0), 10) ** 2.0, [], allow_unused=True)
    x = Value(2.0)
    assert gradient(chain(x, 1000) ** 2.0, x) == 4.0
    assert visited() - before >= 1000


def cube(t):
    return t * t * t


def kept_pull_back(x):
    """Pulled back later, after the whole graph was walked."""
    _, pull_back = vjp(cube, x)
    return lambda: pull_back(x)[0]


# What each does with x = 2, whose history is long, and what it gives.
INSIDE = {
    "grad": (lambda x: grad(cube)(x), 12.0),
    "grad of what is captured": (lambda x: grad(lambda t: t * x)(3.0), 2.0),
    "grad of an outer Value itself": (lambda x: grad(lambda t: x)(3.0), 0.0),
    "value of an outer Value itself": (lambda x: value_and_grad(lambda t: x)(3.0)[0], 2.0),
    "grad by several": (lambda x: grad(lambda a, b: a * b, (0, 1))(x, 3.0)[1], 2.0),
    "grad in grad": (lambda x: grad(grad(cube))(x), 12.0),
    "captured in grad in grad": (lambda x: grad(lambda a: grad(lambda t: t * a * x)(a))(3.0), 2.0),
    "derivative": (lambda x: derivative(cube, 3)(x), 6.0),
    "jvp": (lambda x: jvp(cube, (x,), (1.0,))[1], 12.0),
    "jvp tangent": (lambda x: jvp(cube, (3.0,), (x,))[1], 54.0),
    "jvp of what is captured": (lambda x: jvp(lambda t: [t * x, x], (3.0,), (1.0,))[1][0], 2.0),
    "jvp in grad": (lambda x: grad(lambda t: jvp(cube, (t,), (x,))[1])(x), 24.0),
    "grad in jvp": (lambda x: jvp(grad(cube), (x,), (x,))[1], 24.0),
    "vjp": (lambda x: vjp(cube, x)[1](1.0)[0], 12.0),
    "vjp upstream": (lambda x: vjp(cube, 3.0)[1](x)[0], 54.0),
    "vjp of what is captured": (lambda x: vjp(lambda t: [t * x, x], 3.0)[1]([1.0, 1.0])[0], 2.0),
    "hvp": (lambda x: hvp(cube, (x,), (1.0,))[0], 12.0),
    "hvp tangent": (lambda x: hvp(cube, (3.0,), (x,))[0], 36.0),
    "hessian": (lambda x: hessian(cube)(x), 12.0),
    "hessian of what is captured": (lambda x: hessian(lambda t: t * t * x)(3.0), 4.0),
    "jacobian": (lambda x: jacobian(lambda t: [t * t, t, x])(x)[0], 4.0),
    "jacobian of many": (lambda x: jacobian(lambda v: [v[0] * x, v[1]])([3.0, 4.0])[0][0], 2.0),
    "of two with histories": (lambda x: grad(lambda a: a * x)(chain(x, 5)), 2.0),
}


def number(found):
    return found.data if isinstance(found, Value) else found


def slope(found, x):
    return gradient(found, x, allow_unused=True) if found.requires_grad else 0.0


def cost(visited, work, *, history):
    w = Value(2.0)
    x = chain(w, history)
    work(x)  # what is made once for ever is made now
    before = visited()
    found = work(x)
    return visited() - before, found, w


@pytest.mark.parametrize("what", INSIDE)
def test_a_transform_costs_what_its_function_does(visited, what):
    work, expected = INSIDE[what]
    short, found, _ = cost(visited, work, history=10)
    assert number(found) == expected
    long, found, w = cost(visited, work, history=LONG)
    assert number(found) == expected
    assert long == short < 200
    # And the graph is whole: the derivative by what the history began with is that by x.
    x = Value(2.0)
    assert slope(found, w) == slope(work(x), x)


@pytest.mark.parametrize("mode", [no_grad, detect_anomaly])
@pytest.mark.parametrize("what", INSIDE)
def test_so_it_does_under_the_modes(visited, mode, what):
    work, expected = INSIDE[what]

    def inside(x):
        with mode():
            return work(x)

    short, _, _ = cost(visited, inside, history=10)
    long, found, _ = cost(visited, inside, history=LONG)
    assert number(found) == expected
    assert long == short < 200


@pytest.mark.parametrize("outer", ["grad", "jvp", "vjp", "hessian", "hvp", "jacobian"])
@pytest.mark.parametrize("what", ["grad", "grad of what is captured", "jvp", "vjp", "hvp",
                                  "grad of an outer Value itself", "hessian"])  # fmt: skip
def test_so_it_does_inside_an_open_transform(visited, outer, what):
    """The history is made inside of the outer run, from its own leaf."""
    work, _ = INSIDE[what]
    costs = []

    def function(x, history):
        x = chain(x, history)
        work(x)
        before = visited()
        found = work(x)
        costs.append(visited() - before)
        return found * x

    outers = {
        "grad": lambda f: grad(f)(2.0),
        "jvp": lambda f: jvp(f, (2.0,), (1.0,))[1],
        "vjp": lambda f: vjp(f, 2.0)[1](1.0)[0],
        "hessian": lambda f: hessian(f)(2.0),
        "hvp": lambda f: hvp(f, (2.0,), (1.0,))[0],
        "jacobian": lambda f: jacobian(lambda x: [f(x), x, 1.0])(2.0)[0],
    }
    short = outers[outer](lambda x: function(x, 10))
    long = outers[outer](lambda x: function(x, 2000))
    assert type(long) is float
    assert long == short
    assert costs[1] == costs[0] < 200


def test_a_pull_back_that_is_kept_costs_what_its_function_does(visited):
    x = chain(Value(2.0), LONG)
    _, pull_back = vjp(cube, x)
    (x * x).backward()  # walks all that was made before
    gradient(x * x, [], allow_unused=True)
    pull_back(1.0)
    for upstream in (1.0, x, Value(1.0)):
        before = visited()
        [found] = pull_back(upstream)
        assert found.data == 12.0 * number(upstream)
        assert visited() - before < 100


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_by_nodes_of_a_long_graph_cost_what_lies_between(visited, create_graph):
    x = chain(Value(2.0), LONG)
    out = x * x * x
    before = visited()
    assert number(gradient(out, x, create_graph)) == 12.0
    assert visited() - before <= 3 * (10 + BATCH)
    # What is made after a sort is told apart to the node.
    y = chain(out, 3)
    before = visited()
    assert number(gradient(y * y, y, create_graph)) == 16.0
    assert visited() - before <= 30


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_force_from_a_potential_costs_the_same_at_every_step(visited, create_graph):
    def costs(steps, force):
        x, v, counts = Value(1.0), Value(0.0), []
        for _ in range(steps):
            before = visited()
            v = v - 0.01 * force(x)
            x = x + 0.01 * v
            counts.append(visited() - before)
        return counts

    def by_gradient(x):
        return gradient(x * x * 0.5, x, create_graph)

    for force in (grad(lambda x: x * x * 0.5), by_gradient):
        counts = costs(300, force)
        assert set(counts[50:]) == {counts[10]}
        assert counts[10] < 60


def test_a_backward_inside_costs_time_but_changes_nothing(visited):
    w = Value(2.0)
    x = chain(w, 100)

    def function(t):
        y = t * x
        y.backward()  # walks what was made outside of the run
        return y * y

    slope = grad(function)(3.0)
    assert slope.data == 24.0
    assert gradient(slope, w) == 24.0


def test_many_outputs_are_sorted_once(visited):
    def costs(count):
        before = visited()
        jvp(lambda x: [chain(x, 100) + float(i) for i in range(count)], (2.0,), (1.0,))
        return visited() - before

    assert costs(40) <= 5 * costs(10)


# --- serial numbers ---------------------------------------------------------------------------


def test_serials_grow_with_what_is_made(engine):
    x = engine.Value(1.0)
    later = engine.next_serial()
    y = x * 2.0
    assert x._serial < later <= y._serial
    nodes = [engine.Value(0.0) for _ in range(1000)]
    serials = [node._serial for node in nodes]
    assert serials == sorted(serials)
    assert serials[0] < serials[-1]


def test_a_number_that_becomes_a_constant_is_older_than_its_node(engine):
    y = engine.Value(3.0) * 2.0
    engine.next_serial()
    constant = y.parents[1]
    constant.requires_grad = True
    assert constant._serial <= y._serial
    sweeps = autograd.engines.sweeps if engine is value else engine
    assert sweeps.reverse_sweep(y, 1.0, [constant]) == [3.0]
    assert sweeps.depends_on(y, [constant]) == [True]


def test_a_value_that_is_made_anew_keeps_its_serial(engine):
    x = engine.Value(3.0)
    y = x * x
    engine.next_serial()
    x.__init__(3.0)
    sweeps = autograd.engines.sweeps if engine is value else engine
    assert sweeps.reverse_sweep(y, 1.0, [x]) == [6.0]


def test_a_sort_leaves_out_what_was_made_before(engine):
    x = engine.Value(1.0)
    y = x * 2.0
    since = engine.next_serial()
    z = y * y
    out = z + y
    assert engine.topological_order(out, since) == [z, out]
    assert engine.topological_order(y, since) == []
    assert len(engine.topological_order(out)) == 5


def test_outside_of_a_run_only_what_requires_a_gradient_counts(engine):
    sweeps = autograd.engines.sweeps if engine is value else engine
    w, frozen = engine.Value(1.0), engine.Value(1.0, requires_grad=False)
    outer, constant = w * w, frozen * frozen
    since = engine.next_serial()
    x = engine.Value(3.0)
    assert sweeps.uses_others(x * outer, [x], since)
    assert sweeps.uses_others(outer, [x], since)
    assert not sweeps.uses_others(x * constant, [x], since)
    assert not sweeps.uses_others(constant, [x], since)
    assert not sweeps.uses_others(x, [x], since)
    assert sweeps.uses_others(engine.apply(autograd.ops.sum, x, x, outer), [x], since)


def test_when_the_serials_are_used_up_everything_still_works():
    """After four billion batches all new nodes have the last serial: sweeps go further down."""
    if autograd.engine != "compiled":
        pytest.skip("the reference engine counts without end")
    script = """
from autograd import Value, grad, gradient, hessian
from autograd.engines import compiled
first = Value(2.0)
for _ in range(3):
    compiled.next_serial(2**32 - 3)
    x = first
    for _ in range(1000):
        x = x * 1.0
    slope = grad(lambda t: t * t * x)(x)
    print(slope.data, gradient(slope, first), gradient(x * x, x), hessian(lambda t: t**3)(2.0))
print(x._serial == 2**32 - 1)
"""
    where = str(Path(autograd.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={**os.environ, "PYTHONPATH": where},
        capture_output=True,
        text=True,
        check=True,
    )
    # d/dt t t x at t = x = 2 is 8, its slope by what x comes from: d 2 w**2 = 8.
    assert done.stdout == "8.0 8.0 4.0 12.0\n" * 3 + "True\n"
