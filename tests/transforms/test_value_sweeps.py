"""Sweeps with a graph: the reverse network of the textbooks, and the same numbers as without."""

import math
import random

import pytest
from reference import random_graph, run

import autograd
from autograd import Value, apply, gradient, ops, reverse_network, topological_order
from autograd.engines.select import sweeps
from autograd.errors import FormulaError
from autograd.transforms.value_sweeps import depending_on, forward_graph, product, reverse_graph

NAMES = ["add", "sub", "mul", "div", "exp", "sin", "tanh", "sigmoid", "pow", "prod", "dot", "norm",
         "logsumexp", "mean", "sqrt", "relu", "maximum", "hypot", "clip"]  # fmt: skip


def number(x):
    return x.data if isinstance(x, Value) else x


def built(seed):
    rng = random.Random(seed)
    point = [rng.uniform(0.3, 1.5) for _ in range(3)]
    steps = random_graph(rng, NAMES, point, 15)
    leaves = [Value(x) for x in point]
    return run(steps, leaves, lambda name, x: apply(getattr(ops, name), *x)), leaves


@pytest.mark.parametrize("seed", range(20))
def test_the_numbers_are_those_of_the_sweeps(seed):
    root, leaves = built(seed)
    tangents = [1.0, -0.5, 2.0]
    slopes = sweeps().reverse_sweep(root, 1.0, leaves)
    assert list(map(number, reverse_graph(root, 1.0, leaves))) == pytest.approx(slopes, rel=1e-12)
    changes = sweeps().forward_sweep(root, leaves, tangents, [root])
    found = forward_graph(root, leaves, tangents, [root])
    assert list(map(number, found)) == pytest.approx(changes, rel=1e-12, abs=1e-12)


def test_the_reverse_network_of_the_textbook():
    """L = (tanh(w * x) - y)**2: upstream 1, amplified by each local derivative on the way."""
    w, x, y = Value(0.5, "w"), Value(2.0, "x"), Value(0.25, "y")
    out = (w * x).tanh()
    loss = apply(ops.square, out - y)
    slope = gradient(loss, w, create_graph=True)
    loss.backward()
    assert slope.data == w.grad
    ops_used = [node.op for node in topological_order(slope) if node.parents]
    assert sorted(ops_used) == sorted(["mul", "tanh", "sub", "square_x", "tanh_x", "mul", "mul"])
    assert "tanh\N{PRIME}" in autograd.draw(slope).svg


def test_it_starts_from_any_upstream():
    x, upstream = Value(3.0), Value(2.0)
    [slope] = reverse_graph(x * x, upstream, [x])
    assert slope.data == 12.0
    assert upstream in topological_order(slope)


def test_no_node_multiplies_by_one():
    x, y = Value(3.0), Value(4.0)
    [by_x, by_y] = reverse_graph(x - y, 1.0, [x, y])
    assert (by_x, by_y) == (1.0, -1.0)
    assert product(1.0, x) is x
    assert product(x, 1.0) is x
    assert product(-1.0, x).op == "neg"
    assert product(x, y).op == "mul"
    assert product(2.0, 3.0) == 6.0


def test_the_multiplication_can_be_another():
    x, seen = Value(3.0), []

    def multiply(upstream, partial):
        seen.append((number(upstream), number(partial)))
        return product(upstream, partial)

    reverse_graph(x.tanh() * 2.0, 1.0, [x], multiply=multiply)
    assert seen == [(1.0, 2.0), (2.0, pytest.approx(1.0 / math.cosh(3.0) ** 2, rel=1e-15))]


def test_only_what_leads_to_the_inputs_is_visited():
    x, other = Value(3.0), Value(4.0)

    unreadable = lambda x: (x * x, 2.0 * x)  # noqa: E731
    root = x * x + apply(unreadable, other)
    assert number(reverse_graph(root, 1.0, [x])[0]) == 6.0
    assert number(forward_graph(root, [x], [1.0], [root])[0]) == 6.0
    with pytest.raises(FormulaError, match="def"):
        reverse_graph(root, 1.0, [other])


def test_inputs_between_that_repeat_or_do_not_matter():
    x, y, other = Value(3.0), Value(4.0), Value(5.0)
    z = x * y
    root = z * z
    found = reverse_graph(root, 1.0, [z, x, z, root, other])
    assert list(map(number, found)) == [24.0, 96.0, 24.0, 1.0, 0.0]
    between = forward_graph(root, [z], [1.0], [root, z, x, 3.0])
    assert list(map(number, between)) == [24.0, 1.0, 0.0, 0.0]


def test_what_does_not_move_adds_nothing_even_where_partials_are_infinite():
    x, y = Value(0.0), Value(2.0)
    root = x.sqrt() + y * y
    [tangent] = forward_graph(root, [x, y], [0.0, 1.0], [root])
    assert number(tangent) == 4.0


def test_values_that_require_no_gradient_are_no_part_of_it():
    x, frozen = Value(3.0), Value(4.0, requires_grad=False)
    [slope] = reverse_graph(x * x * frozen, 1.0, [x])
    assert slope.data == 24.0
    assert gradient(slope, x) == 8.0


def test_gradients_stay_and_errors_leave_nothing():
    x = Value(3.0)
    y = x * x
    x.grad, y.grad = 5.0, 6.0
    reverse_graph(y * y, 1.0, [x])
    forward_graph(y * y, [x], [1.0], [y])
    assert (x.grad, y.grad) == (5.0, 6.0)


def test_depending_on():
    x, y = Value(1.0), Value(2.0)
    z = x * 2.0
    root = z + y
    order = topological_order(root)
    assert depending_on([x], order) == {x, z, root}
    assert depending_on([z], order) == {z, root}
    assert depending_on([], order) == set()


def test_deep_graphs_need_no_recursion():
    x = Value(1.0)
    root = x
    for _ in range(20_000):
        root = root * 1.00001
    [slope] = reverse_graph(root * root, 1.0, [x])
    assert gradient(slope, x) == pytest.approx(2.0 * 1.00001**40_000, rel=1e-9)


def test_the_reverse_network_of_a_long_chain_has_a_name_for_each_gradient():
    v = Value(1.0, "x")
    for _ in range(5000):
        v = v.sin()
    network = reverse_network(v)
    assert repr(network).splitlines()[0].startswith("∂L/∂x = ")
    labels = [node.label for node in topological_order(network.norm) if "∂" in node.label]
    assert len(set(labels)) == len(labels) == 5001


def test_a_reverse_network_of_many_leaves_says_how_many():
    leaves = [Value(1.0, f"w{i}") for i in range(1500)]
    lines = repr(reverse_network(autograd.sum(leaves))).splitlines()
    assert len(lines) == 102
    assert lines[-2:] == ["… 1,400 more …", "‖∇L‖ = 38.7298"]
