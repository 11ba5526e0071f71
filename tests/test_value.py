"""The engine: nodes, what they remember, and how `backward` walks that memory."""

import copy
import gc
import math
import pickle
import random
import threading
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import REFERENCE, error, largest_contributions, mp, random_graph, run, slope

from autograd import errors, ops, scope
from autograd import value as reference_engine

RULES = {rule.__name__: rule for rule in ops.TABLE}
SMOOTH = [rule.__name__ for rule, facts in ops.TABLE.items() if not facts.kink]

# --- gradients accumulate --------------------------------------------------------


def test_a_value_used_twice_gets_both_contributions(engine):
    a = engine.Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0


def test_a_value_times_itself(engine):
    a = engine.Value(3.0)
    (a * a).backward()
    assert a.grad == 6.0


def test_contributions_wait_for_each_other(engine):
    """The smallest graph that goes wrong without a topological sort."""
    a = engine.Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    assert (c.grad, b.grad, a.grad) == (1.0, 2.0, 4.0)


def test_paths_of_different_lengths_meet(engine):
    x = engine.Value(2.0)
    square = x * x
    cube = square * x
    out = cube * square + x  # x**5 + x
    out.backward()
    assert out.data == 34.0
    assert x.grad == 5 * 2.0**4 + 1
    assert square.grad == cube.data + square.data * x.data


def test_diamond_upon_diamond_visits_each_node_once(engine):
    x = engine.Value(1.0)
    out = x
    for _ in range(60):  # 2**60 paths: nobody walks them one by one
        out = out + out
    out.backward()
    assert x.grad == 2.0**60
    assert len(engine.topological_order(out)) == 61


def test_backward_twice_gives_exactly_twice_the_gradients_of_leaves(engine):
    x, y = engine.Value(0.3), engine.Value(-1.7)
    middle = x * y
    out = (middle + x).tanh() * middle
    out.backward()
    once, between = (x.grad, y.grad), (out.grad, middle.grad)
    out.backward()
    assert (x.grad, y.grad) == (2 * once[0], 2 * once[1])
    assert (out.grad, middle.grad) == between


def test_two_roots_that_share_a_node_add_up_in_the_leaves_only(engine):
    x, y = engine.Value(2.0), engine.Value(5.0)
    shared = x * y
    (shared * 3.0).backward()
    assert (shared.grad, x.grad, y.grad) == (3.0, 15.0, 6.0)
    (shared + 1.0).backward()
    assert (shared.grad, x.grad, y.grad) == (1.0, 20.0, 8.0)


def test_a_root_inside_another_graph_starts_from_zero(engine):
    x = engine.Value(2.0)
    inner = x * 3.0
    (inner * 10.0).backward()
    inner.backward()
    assert inner.grad == 1.0
    assert x.grad == 33.0


def test_backward_of_a_leaf_is_one(engine):
    x = engine.Value(2.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


@pytest.mark.parametrize("gradient", [2.5, -1, 0.0, True])
def test_backward_takes_the_gradient_to_start_from(engine, gradient):
    x = engine.Value(3.0)
    (x * 4.0).backward(gradient)
    x_again = engine.Value(3.0)
    (x_again * 4.0).backward(gradient=gradient)
    assert x.grad == x_again.grad == 4.0 * gradient


@pytest.mark.parametrize("gradient", ["1", None, 1j, [1.0]])
def test_a_gradient_that_is_no_number_is_refused_and_changes_nothing(engine, gradient):
    x = engine.Value(3.0)
    out = x * 4.0
    out.backward()
    with pytest.raises(errors.NumberError):
        out.backward(gradient)
    assert (x.grad, out.grad) == (4.0, 1.0)


def test_gradient_is_zero_before_backward_and_after_zero_grad(engine):
    x, y = engine.Value(3.0), engine.Value(4.0)
    out = x * y
    assert (x.grad, y.grad, out.grad) == (0.0, 0.0, 0.0)
    out.backward()
    x.zero_grad()
    assert (x.grad, y.grad) == (0.0, 3.0)
    engine.zero_grad([x, y, out])
    assert (x.grad, y.grad, out.grad) == (0.0, 0.0, 0.0)
    out.backward()
    assert (x.grad, y.grad) == (4.0, 3.0)


def test_gradient_is_assignable_and_backward_adds_to_it(engine):
    x = engine.Value(3.0)
    x.grad = 10
    (x * 2.0).backward()
    assert x.grad == 12.0
    with pytest.raises(errors.NumberError):
        x.grad = "0"


# --- what a node remembers -------------------------------------------------------


def test_parents_are_ordered_and_repeats_kept(engine):
    a, b = engine.Value(1.0), engine.Value(2.0)
    assert (a * a).parents == (a, a)
    assert (a - b).parents == (a, b)
    assert (b - a).parents == (b, a)
    assert engine.apply(ops.sum, a, b, a).parents == (a, b, a)
    assert a.parents == ()


def test_a_node_knows_its_operation_and_its_partials(engine):
    a, b = engine.Value(3.0), engine.Value(4.0)
    out = a * b
    assert (out.op, out.partials, out.data) == ("mul", (4.0, 3.0), 12.0)
    assert (a.op, a.partials) == ("", ())
    assert (a / b).op == "div"


def test_local_gradient_gives_one_contribution_per_parent(engine):
    a, b = engine.Value(3.0), engine.Value(4.0)
    assert list((a * b).local_gradient(10.0)) == [40.0, 30.0]
    assert list((a * a).local_gradient(2.0)) == [6.0, 6.0]
    assert list(a.local_gradient(2.0)) == []


def test_a_local_gradient_is_recorded_once_and_reads_as_its_partials(engine):
    a, b = engine.Value(3.0), engine.Value(4.0)
    out = a * b
    if engine is reference_engine:
        assert out.local_gradient is out.local_gradient
    assert out.local_gradient == out.local_gradient == out.partials
    assert type(out.partials) is tuple
    assert repr(out.local_gradient) == "LocalGradient(4.0, 3.0)"
    assert repr(a.local_gradient) == "LocalGradient()"
    assert pickle.loads(pickle.dumps(out.local_gradient))(10.0) == [40.0, 30.0]


def test_backward_calls_the_local_gradient(monkeypatch):
    upstream = []

    def doubled(partials, gradient):
        upstream.extend([gradient] if partials else [])
        return [2.0 * gradient * partial for partial in partials]

    x, y = reference_engine.Value(3.0), reference_engine.Value(4.0)
    out = (x * y) * 5.0
    monkeypatch.setattr(reference_engine.LocalGradient, "__call__", doubled)
    out.backward(7.0)
    assert upstream == [7.0, 70.0]
    assert (x.grad, y.grad) == (2.0 * 70.0 * 4.0, 2.0 * 70.0 * 3.0)


def test_partials_of_a_choice_are_plain_floats_with_their_signs(engine):
    out = engine.apply(ops.leaky_relu, engine.Value(-0.0), engine.Value(0.25))
    assert [type(partial) for partial in out.partials] == [float, float]
    assert repr(out.partials) == "(0.25, -0.0)"
    assert repr(out.local_gradient) == "LocalGradient(0.25, -0.0)"
    assert repr(out.local_gradient(-math.inf)) == "[-inf, 0.0]"


class Tag(str):
    """A label that can be watched: Values themselves take no weak references."""

    __slots__ = ("__weakref__",)


def watch(value):
    """A weak reference to something that lives exactly as long as `value`."""
    value.label = Tag("watched")
    return weakref.ref(value.label)


def test_the_local_gradient_holds_numbers_only(engine):
    a = engine.Value(3.0)
    out = a * a
    local_gradient, leaf, node = out.local_gradient, watch(a), watch(out)
    assert (leaf(), node()) == ("watched", "watched")
    del a, out
    assert (leaf(), node()) == (None, None)
    assert list(local_gradient(1.0)) == [3.0, 3.0]


def test_new_data_in_a_leaf_leaves_graphs_already_built_as_they_are(engine):
    x, y = engine.Value(3.0), engine.Value(4.0)
    out = x * y
    x.data = 100.0
    out.backward()
    assert (out.data, x.grad, y.grad) == (12.0, 4.0, 3.0)
    assert (x * y).data == 400.0


def test_data_of_a_leaf_is_assignable(engine):
    x = engine.Value(3.0)
    x.data = 7
    assert x.data == 7.0
    assert isinstance(x.data, float)
    x.data += 0.5
    assert x.data == 7.5
    with pytest.raises(errors.NumberError):
        x.data = "8"
    assert x.data == 7.5


def test_data_of_a_result_is_too_and_leaves_its_partials(engine):
    x = engine.Value(3.0)
    middle = x * x
    before = middle * 10.0
    middle.data = 100.0
    after = middle * 10.0
    assert (middle.data, middle.partials, before.data, after.data) == (100.0, (3.0, 3.0), 90.0, 1e3)
    before.backward()
    assert x.grad == 60.0
    with pytest.raises(errors.NumberError):
        middle.data = "8"
    assert middle.data == 100.0


def test_labels(engine):
    assert engine.Value(1.0).label == ""
    assert engine.Value(1.0, "x").label == engine.Value(1.0, label="x").label == "x"
    out = engine.Value(1.0, "x") * 2.0
    assert out.label == ""
    out.label = "out"
    assert out.label == "out"


def test_scope_is_that_of_the_place_which_made_the_value(engine):
    with scope("mlp"):
        w = engine.Value(1.0)
        with scope("layer0"):
            out = w * 2.0
    assert (w.scope, out.scope, (w * 2.0).scope) == ("mlp", "mlp/layer0", "")


# --- who requires a gradient -----------------------------------------------------


def test_a_number_in_an_expression_is_a_constant(engine):
    x = engine.Value(3.0)
    out = x * 2.0
    constant = out.parents[1]
    assert (constant.data, constant.requires_grad, constant.parents) == (2.0, False, ())
    out.backward()
    assert (constant.grad, x.grad) == (0.0, 2.0)


def test_a_result_requires_a_gradient_if_an_operand_does(engine):
    x, c = engine.Value(3.0), engine.Value(2.0, requires_grad=False)
    assert (x.requires_grad, c.requires_grad) == (True, False)
    assert (x * c).requires_grad
    assert (c * x).requires_grad
    assert not (c * c).requires_grad
    assert not (c + 1.0).tanh().requires_grad
    assert ((c + 1.0) * x).requires_grad


def test_nothing_below_a_constant_expression_gets_a_gradient(engine):
    x, c = engine.Value(3.0), engine.Value(2.0, requires_grad=False)
    folded = c * c
    (folded * x).backward()
    assert (x.grad, folded.grad, c.grad) == (4.0, 0.0, 0.0)


def test_backward_of_constants_says_what_is_wrong(engine):
    c = engine.Value(2.0, requires_grad=False)
    for root in (c, c * c, engine.Value(2.0).detach()):
        with pytest.raises(errors.GraphError, match="requires a gradient"):
            root.backward()


def test_detach_gives_the_number_without_its_history(engine):
    x = engine.Value(3.0)
    out = x * x
    loose = out.detach()
    assert (loose.data, loose.parents, loose.op, loose.requires_grad) == (9.0, (), "", False)
    (loose * x).backward()
    assert (x.grad, loose.grad, out.grad) == (9.0, 0.0, 0.0)


# --- apply -----------------------------------------------------------------------


def cube(x):
    return x * x * x, 3.0 * x * x


def test_apply_takes_any_rule_and_numbers_beside_values(engine):
    x = engine.Value(2.0)
    out = engine.apply(cube, x)
    out.backward()
    assert (out.data, out.op, out.parents, x.grad) == (8.0, "cube", (x,), 12.0)
    assert engine.apply(ops.sub, 5, x).data == 3.0


def test_a_rule_with_a_partial_too_few_is_named(engine):
    def product(x, y):
        return x * y, y

    with pytest.raises(TypeError, match=r"product.*1 partials for 2 operands"):
        engine.apply(product, engine.Value(1.0), engine.Value(2.0))


def test_wrong_numbers_of_operands_are_refused(engine):
    with pytest.raises(TypeError, match="mul"):
        engine.apply(ops.mul, engine.Value(1.0))
    with pytest.raises(TypeError, match="tanh"):
        engine.Value(1.0).tanh(2.0)


def test_refusals_name_operation_operands_and_labels(engine):
    x, y = engine.Value(-1.5, "x"), engine.Value(0.0, "y")
    with pytest.raises(errors.DomainError, match=r"^log\(x=-1\.5\)"):
        x.log()
    with pytest.raises(errors.DivisionError, match=r"^div\(x=-1\.5, y=0\.0\)"):
        x / y
    with pytest.raises(errors.DivisionError, match=r"^div\(2\.0, y=0\.0\)"):
        2 / y
    with pytest.raises(errors.RangeError, match=r"^exp\(1000\.0\)"):
        engine.Value(1000.0).exp()
    with pytest.raises(errors.DomainError, match=r"^pow\(x=-1\.5, 0\.5\)"):
        x**0.5


def test_after_a_refusal_the_operands_still_work(engine):
    x = engine.Value(-1.0)
    with pytest.raises(errors.DomainError):
        (x * 2.0).sqrt()
    (x * 2.0).backward()
    assert x.grad == 2.0


# --- memory ----------------------------------------------------------------------


def test_a_dropped_graph_dies_at_once_and_leaves_the_garbage_collector_nothing(
    engine, quick_collections
):
    gc.collect()
    gc.disable()
    try:
        x = engine.Value(2.0)
        out = ((x * x + 3.0).tanh() / x + x**2.0).sigmoid()
        out = engine.apply(ops.sum, out, x, out)
        out.backward()
        inside = [watch(node) for node in engine.topological_order(out) if node is not x]
        del out
        alive = [node() for node in inside if node() is not None]
        found = gc.collect()
    finally:
        gc.enable()
    assert (alive, found) == ([], 0)
    assert len(inside) > 8


def test_a_graph_keeps_its_leaves_alive_but_leaves_keep_no_graph(engine):
    x = engine.Value(2.0)
    out = x * 3.0
    leaf, node = watch(x), watch(out)
    del x
    assert leaf() == "watched"
    x = out.parents[0]
    del out
    assert node() is None
    assert (x.data, leaf()) == (2.0, "watched")


def test_a_million_chained_operations(engine):
    # The pure engine is slow; a hundred times the depth at which Python stops recursing will do.
    count = 1_000_000 if engine.__name__ == "autograd.engines.compiled" else 100_000
    x = engine.Value(1.0)
    out = x
    for _ in range(count):
        out = out + x
    out.backward()
    assert (out.data, x.grad) == (count + 1.0, count + 1.0)
    top, bottom = watch(out), watch(x)
    del out
    assert (top(), bottom()) == (None, "watched")
    del x
    assert bottom() is None


def test_a_hundred_thousand_operands(engine):
    values = [engine.Value(float(i)) for i in range(100_000)]
    engine.apply(ops.sum, *values).backward()
    chained = sum(values)
    chained.backward(2.0)
    assert chained.data == sum(range(100_000))
    assert {value.grad for value in values} == {3.0}


# --- copies and threads ----------------------------------------------------------


@pytest.mark.parametrize(
    "clone", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
def test_a_leaf_can_be_copied(engine, clone):
    x = engine.Value(3.0, "x")
    (x * 2.0).backward()
    twin = clone(x)
    assert type(twin) is engine.Value
    assert (twin.data, twin.grad, twin.label, twin.requires_grad) == (3.0, 2.0, "x", True)
    twin.data = 5.0
    (twin * 4.0).backward()
    assert (x.data, x.grad) == (3.0, 2.0)
    assert twin.grad == 6.0
    assert not clone(engine.Value(1.0, requires_grad=False)).requires_grad


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_a_small_graph_can_be_copied_whole(engine, clone):
    x = engine.Value(3.0, "x")
    out = x * x + 1.0
    twin = clone(out)
    twin.backward()
    (leaf,) = [node for node in engine.topological_order(twin) if node.label == "x"]
    assert (twin.data, leaf.grad) == (10.0, 6.0)
    assert (out.grad, x.grad) == (0.0, 0.0)


def test_threads_each_differentiate_their_own_graph(engine):
    gradients = {}

    def work(number):
        x = engine.Value(float(number))
        out = x
        for _ in range(2000):
            out = out + x * x
        out.backward()
        gradients[number] = x.grad

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gradients == {number: 1.0 + 4000.0 * number for number in range(8)}


# --- any graph -------------------------------------------------------------------

SEEDS = st.integers(0, 2**32)


def random_root(engine, seed, names=tuple(RULES), nodes=15):
    """A random graph as (steps, its leaves, its root)."""
    rng = random.Random(seed)
    leaves = [engine.Value(rng.uniform(-2.0, 2.0)) for _ in range(3)]
    steps = random_graph(rng, names, [leaf.data for leaf in leaves], nodes)
    root = run(steps, leaves, lambda name, operands: engine.apply(RULES[name], *operands))
    return steps, leaves, root


@given(SEEDS)
@settings(max_examples=300)
def test_gradients_of_random_graphs_agree_with_mpmath(engine, seed):
    steps, leaves, root = random_root(engine, seed, SMOOTH)
    root.backward()
    sizes = largest_contributions(engine.topological_order(root))

    def truth(*numbers):
        return run(steps, numbers, lambda name, operands: REFERENCE[name](*operands))

    numbers = [mp.mpf(leaf.data) for leaf in leaves]
    for position, leaf in enumerate(leaves):
        # Rounding is relative to the largest contribution, whatever is left of it.
        slack = 1e-12 * sizes[leaf]
        assert error(leaf.grad, slope(truth, numbers, position), slack) < 1e-12


@given(SEEDS)
def test_the_order_has_every_node_once_after_its_parents(engine, seed):
    _, _, root = random_root(engine, seed)
    order = engine.topological_order(root)
    place = {node: position for position, node in enumerate(order)}
    reachable, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        if node not in reachable:
            reachable.add(node)
            waiting += node.parents
    assert len(order) == len(place)
    assert set(order) == reachable
    assert order[-1] is root
    assert all(place[parent] < place[node] for node in order for parent in node.parents)


@given(SEEDS, st.integers(-20, 20))
def test_a_power_of_two_as_gradient_scales_exactly(engine, seed, exponent):
    _, leaves, root = random_root(engine, seed)
    root.backward()
    once = [leaf.grad for leaf in leaves]
    engine.zero_grad(leaves)
    root.backward(2.0**exponent)
    assert [leaf.grad for leaf in leaves] == [2.0**exponent * grad for grad in once]


# Rounding is relative to the result only where that is not subnormal.
UPSTREAM = st.floats(-10, 10).filter(lambda x: x == 0.0 or abs(x) > 1e-200)


@given(SEEDS, UPSTREAM, UPSTREAM)
def test_backward_is_linear_in_the_gradient(engine, seed, first, second):
    _, leaves, root = random_root(engine, seed)
    root.backward(first)
    root.backward(second)
    added = [leaf.grad for leaf in leaves]
    engine.zero_grad(leaves)
    root.backward(first + second)
    sizes = largest_contributions(engine.topological_order(root))
    for leaf, grad in zip(leaves, added, strict=True):
        assert abs(grad - leaf.grad) <= 1e-13 * sizes[leaf] * (abs(first) + abs(second))


@given(SEEDS)
def test_backward_twice_is_exactly_twice_on_any_graph(engine, seed):
    _, leaves, root = random_root(engine, seed)
    root.backward()
    once = [leaf.grad for leaf in leaves]
    root.backward()
    assert [leaf.grad for leaf in leaves] == [2 * grad for grad in once]


@given(SEEDS)
@settings(max_examples=30)
def test_going_back_by_hand_in_reverse_order_is_backward(engine, seed):
    """`_backward` passes a node's gradient on one step, as micrograd's lectures do by hand."""
    _, leaves, root = random_root(engine, seed)
    root.backward()
    once = [leaf.grad for leaf in leaves]
    order = engine.topological_order(root)
    engine.zero_grad(order)
    root.grad = 1.0
    for node in reversed(order):
        node._backward()
    assert [leaf.grad for leaf in leaves] == once
