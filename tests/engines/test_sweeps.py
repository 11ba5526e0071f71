"""The sweeps over a recorded graph, of both engines: right numbers, and nothing left behind."""

import importlib
import math
import random

import pytest
from reference import mp, random_graph, run

import autograd
import autograd.transforms.partial_values  # second-order sweeps of some rules need it, as it says
from autograd import ops
from autograd.engines.sweeps import forward_sweep, reverse_sweep, second_sweep, uses_others
from autograd.errors import FormulaError

NAMES = ["add", "sub", "mul", "div", "exp", "log", "sin", "tanh", "pow", "prod", "logsumexp",
         "hypot", "sqrt", "relu", "abs", "maximum", "dot", "norm", "mean", "softplus"]  # fmt: skip


@pytest.fixture
def sweeps(engine):
    """The module with the sweeps of an engine."""
    return (
        importlib.import_module("autograd.engines.sweeps")
        if engine.__name__.endswith("value")
        else engine
    )


def built(engine, seed, nodes=15):
    """A random graph: (root, leaves, the same as a function of mpmath numbers)."""
    from reference import REFERENCE

    rng = random.Random(seed)
    point = [rng.uniform(0.3, 1.5) for _ in range(3)]
    steps = random_graph(rng, NAMES, point, nodes)
    leaves = [engine.Value(x) for x in point]
    root = run(steps, leaves, lambda name, x: engine.apply(getattr(ops, name), *x))
    return root, leaves, lambda *x: run(steps, x, lambda name, y: REFERENCE[name](*y))


def everything(root, engine):
    return [(node, node.grad, node._reached) for node in engine.topological_order(root)]


@pytest.mark.parametrize("seed", range(12))
def test_all_three_give_the_derivatives_of_random_graphs(engine, sweeps, seed):
    root, leaves, function = built(engine, seed)
    point = tuple(mp.mpf(leaf.data) for leaf in leaves)
    unit = [tuple(int(i == j) for j in range(3)) for i in range(3)]
    slopes = [float(mp.diff(function, point, n)) for n in unit]
    tangents = [1.0, -0.5, 2.0]
    before = everything(root, engine)

    assert sweeps.reverse_sweep(root, 1.0, leaves) == pytest.approx(slopes, rel=1e-9, abs=1e-12)
    terms = [slope * tangent for slope, tangent in zip(slopes, tangents, strict=True)]
    [change] = sweeps.forward_sweep(root, leaves, tangents, [root])
    assert change == pytest.approx(math.fsum(terms), abs=1e-11 * max(map(abs, terms)))
    found, products = sweeps.second_sweep(root, leaves, tangents)
    assert found == pytest.approx(slopes, rel=1e-9, abs=1e-12)
    second = [
        [float(mp.diff(function, point, tuple(map(sum, zip(a, b, strict=True))))) for b in unit]
        for a in unit
    ]
    for row, product in zip(second, products, strict=True):
        terms = [entry * tangent for entry, tangent in zip(row, tangents, strict=True)]
        size = max(1e-3, *(abs(x) for line in second for x in line))
        assert product == pytest.approx(math.fsum(terms), abs=1e-10 * size)
    assert everything(root, engine) == before


def test_the_reverse_sweep_gives_what_backward_gives_to_the_last_bit(engine, sweeps):
    for seed in range(10):
        root, leaves, _ = built(engine, seed)
        found = sweeps.reverse_sweep(root, 0.75, leaves)
        root.backward(0.75)
        assert found == [leaf.grad for leaf in leaves]


def test_inputs_may_be_nodes_between_repeat_and_be_the_root(engine, sweeps):
    x, y = engine.Value(3.0), engine.Value(4.0)
    z = x * y
    root = z * z
    assert sweeps.reverse_sweep(root, 1.0, [z, x, z, root, x]) == [24.0, 96.0, 24.0, 1.0, 96.0]
    other = engine.Value(1.0)
    assert sweeps.reverse_sweep(root, 1.0, [other]) == [0.0]
    assert sweeps.reverse_sweep(root, 1.0, []) == []


def test_outputs_may_be_nodes_between_numbers_and_inputs(engine, sweeps):
    x, y = engine.Value(3.0), engine.Value(4.0)
    z = x * y
    root = z * z + 1.0
    found = sweeps.forward_sweep(root, [x, y], [1.0, 0.5], [root, z, x, 7.0, z])
    assert found == [2.0 * 12.0 * 5.5, 5.5, 1.0, 0.0, 5.5]


def test_the_tangent_of_an_input_is_given_even_between(engine, sweeps):
    x = engine.Value(3.0)
    z = x * x
    assert sweeps.forward_sweep(z * z, [z], [1.0], [z]) == [1.0]
    assert sweeps.forward_sweep(z * z, [x, z], [1.0, 0.0], [z]) == [0.0]


def test_an_input_at_rest_has_the_tangent_zero_whatever_its_sign(engine, sweeps):
    x = engine.Value(3.0)
    [tangent] = sweeps.forward_sweep(x * x, [x], [-0.0], [x])
    assert math.copysign(1.0, tangent) == 1.0


@pytest.mark.parametrize("name", ["sqrt", "cbrt"])
def test_where_nothing_moves_an_infinite_partial_does_not_matter(engine, sweeps, name):
    x, y = engine.Value(0.0), engine.Value(2.0)
    root = engine.apply(getattr(ops, name), x) + y * y
    assert sweeps.forward_sweep(root, [x, y], [0.0, 1.0], [root]) == [4.0]


def test_values_that_require_no_gradient_are_left_out(engine, sweeps):
    x, frozen = engine.Value(3.0), engine.Value(4.0, requires_grad=False)
    root = x * x * frozen
    assert sweeps.reverse_sweep(root, 1.0, [x]) == [24.0]
    assert sweeps.second_sweep(root, [x], [1.0]) == ([24.0], [8.0])
    assert frozen.grad == 0.0


def test_uses_others(engine, sweeps):
    x, w = engine.Value(3.0), engine.Value(4.0)
    frozen = engine.Value(5.0, requires_grad=False)
    assert not sweeps.uses_others(x * x * frozen * 2.0, [x])
    assert sweeps.uses_others(x * w, [x])
    assert not sweeps.uses_others(x * w, [x, w])
    assert sweeps.uses_others(x * w, [])
    assert not sweeps.uses_others(x, [x])
    assert sweeps.uses_others(w, [x])
    assert (x.requires_grad, w.requires_grad) == (True, True)
    assert sweeps.uses_others(engine.apply(ops.sum, x, x, w), [x])


@pytest.mark.parametrize("sweep", ["forward", "second"])
def test_an_error_midway_leaves_every_gradient(engine, sweeps, sweep):
    # A rule that cannot be read: its second derivative is not known.
    unreadable = lambda x: (x * x, 2.0 * x)  # noqa: E731

    x, w = engine.Value(3.0), engine.Value(2.0)
    root = engine.apply(unreadable, x * w) * w
    for i, node in enumerate(engine.topological_order(root)):
        node.grad = 10.0 + i
    before = everything(root, engine)
    if sweep == "second":
        with pytest.raises(FormulaError, match="def"):
            sweeps.second_sweep(root, [x], [1.0])
    else:
        with pytest.raises((TypeError, ValueError)):
            sweeps.forward_sweep(root, [x, w], [1.0], [root])
    assert everything(root, engine) == before
    w.zero_grad()
    x.zero_grad()
    root.backward()  # nothing stays marked
    assert x.grad == 2.0 * 6.0 * 2.0 * 2.0


def test_many_operands(engine, sweeps):
    x = [engine.Value(float(i)) for i in range(1, 201)]
    root = engine.apply(ops.norm, *x, 5.0)
    size = math.sqrt(sum(leaf.data**2 for leaf in x) + 25.0)
    slopes, products = sweeps.second_sweep(root, x, [1.0] + [0.0] * 199)
    assert slopes == pytest.approx([leaf.data / size for leaf in x], rel=1e-12)
    expected = [float(i == 0) / size - leaf.data / size**3 for i, leaf in enumerate(x)]
    assert products == pytest.approx(expected, rel=1e-10)


def test_rules_of_three_operands(engine, sweeps):
    x, low, high = engine.Value(0.5), engine.Value(0.0), engine.Value(1.0)
    root = engine.apply(ops.clip, x, low, high) * x
    assert sweeps.second_sweep(root, [x, low, high], [1.0, 1.0, 1.0]) == (
        [1.0, 0.0, 0.0], [2.0, 0.0, 0.0])  # fmt: skip
    condition = engine.Value(1.0)
    root = engine.apply(ops.where, condition, x * x, x)
    assert sweeps.second_sweep(root, [x], [1.0]) == ([1.0], [2.0])


def test_deep_graphs_need_no_recursion(engine, sweeps):
    x = engine.Value(1.0)
    root = x
    for _ in range(100_000):
        root = root + 1e-6
    assert sweeps.reverse_sweep(root, 1.0, [x]) == [1.0]
    assert sweeps.forward_sweep(root, [x], [2.0], [root]) == [2.0]
    assert sweeps.second_sweep(root * root, [x], [1.0])[1] == [2.0]
    assert not sweeps.uses_others(root, [x])


def test_the_reference_is_what_the_selected_engine_uses_when_it_is_pure():
    from autograd.engines import select

    if autograd.engine == "pure":
        module = select.sweeps()
        assert module.reverse_sweep is reverse_sweep
        assert module.forward_sweep is forward_sweep
        assert module.second_sweep is second_sweep
        assert module.uses_others is uses_others
    else:
        assert select.sweeps().__name__ == "autograd.engines.compiled"
