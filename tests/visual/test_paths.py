"""Paths against their definition: every one of them walked, on graphs small enough for that."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.errors import GraphError
from autograd.visual import paths
from autograd.visual.paths import find_paths


def walked(output, input):
    """Every path as (edges, product), by walking them all."""
    found = []
    todo = [(output, (), 1.0)]
    while todo:
        node, edges, product = todo.pop()
        if node is input:
            found.append((edges, product))
        elif node.requires_grad:
            for position, (parent, partial) in enumerate(
                zip(node.parents, node.partials, strict=True)
            ):
                todo.append((parent, (*edges, (node, position)), product * partial))
    return found


@st.composite
def graphs(draw):
    """The values of a random graph, leaves first."""
    values = [Value(draw(st.sampled_from([-2.0, 0.0, 0.5, 3.0]))) for _ in range(3)]
    for _ in range(draw(st.integers(1, 8))):
        a, b = (values[draw(st.integers(0, len(values) - 1))] for _ in "ab")
        made = draw(st.sampled_from([lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b]))
        values.append(made(a, b))
    return values


@given(graphs(), st.integers(1, 5))
def test_count_largest_rest_and_gradient(values, most):
    output = values[-1]
    for input in values:
        every = walked(output, input)
        paths = find_paths(output, input, most)
        assert paths.count == len(every)
        wanted = sorted((abs(product) for _, product in every), reverse=True)
        assert [abs(path.product) for path in paths.largest] == pytest.approx(wanted[:most])
        total = math.fsum(product for _, product in every)
        assert paths.gradient == pytest.approx(total, rel=1e-12, abs=1e-9)
        shown = math.fsum(path.product for path in paths.largest)
        assert shown + paths.rest == pytest.approx(total, rel=1e-12, abs=1e-9)
        listed = {path.edges for path in paths.largest}
        assert len(listed) == len(paths.largest)
        assert listed <= {edges for edges, _ in every}


@given(graphs())
def test_the_gradient_is_the_one_of_backward_to_the_last_bit(values):
    output, leaves = values[-1], values[:3]
    found = [find_paths(output, leaf, 1).gradient for leaf in leaves]
    assert [leaf.grad for leaf in leaves] == [0.0, 0.0, 0.0]
    output.backward()
    assert found == [leaf.grad for leaf in leaves]


def test_sixty_doublings_have_two_to_the_sixty_paths():
    v = first = Value(1.0)
    for _ in range(60):
        v = v + v
    paths = find_paths(v, first, 3)
    assert paths.count == 2**60
    assert paths.gradient == 2.0**60
    assert [path.product for path in paths.largest] == [1.0, 1.0, 1.0]
    assert paths.rest == pytest.approx(2.0**60, rel=1e-12)


def test_a_deep_chain_is_one_path():
    v = first = Value(1.0)
    for _ in range(20_000):
        v = v * 1.0
    paths = find_paths(v, first, 2)
    assert (paths.count, len(paths.largest[0].edges), len(paths.order)) == (1, 20_000, 20_001)


def test_the_rest_is_added_up_by_itself_and_loses_nothing_to_large_paths():
    x = Value(1.0)
    output = x * 1e20 + x * 1e-20
    paths = find_paths(output, x, 1)
    assert (paths.largest[0].product, paths.rest) == (1e20, 1e-20)


def test_constants_have_no_paths():
    x = Value(2.0, requires_grad=False)
    w = Value(3.0)
    assert find_paths(w * x, x, 5).count == 0
    assert find_paths((w * x).detach() * w, w, 5).count == 1


def test_not_a_number_comes_first():
    x = Value(1.0)
    huge = x * math.inf
    paths = find_paths(huge * 0.0 + x * 5.0, x, 1)
    assert paths.count == 2
    assert math.isnan(paths.largest[0].product)
    assert paths.rest == 5.0


def test_nothing_passes_over_the_edge_of_a_side_not_taken():
    x = Value(0.0)
    out = autograd.where(0.0, autograd.sqrt(x) * 2.0, x * 3.0)  # the slope of sqrt is inf
    paths = find_paths(out, x, 5)
    assert sorted(path.product for path in paths.largest) == [0.0, 3.0]
    assert find_paths(out, x, 1).rest == 0.0
    assert paths.gradient == 3.0


def test_paths_beyond_counting_cost_no_memory():
    """2^4000 is above 10^1000: the count stops there, the gradient does not."""
    x = v = Value(1.0)
    for _ in range(4000):
        v = (v + v) * 0.5
    found = find_paths(v, x, 2)
    assert (found.count, found.gradient) == (10**1000, 1.0)


def test_too_many_routes_are_refused_with_advice(monkeypatch):
    monkeypatch.setattr(paths, "MOST_ROUTES", 100)
    x = v = Value(1.0)
    for _ in range(50):
        v = v + v
    find_paths(v, x, 1)
    with pytest.raises(GraphError, match=r"51 values .* 10 for each.*at most 100.*ask for fewer"):
        find_paths(v, x, 10)
