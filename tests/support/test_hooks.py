"""Hooks: called in order with the complete gradient, replacing it, removed; on both engines."""

import gc
import weakref

import pytest

import autograd
from autograd import Value, apply, gradient, ops
from autograd.errors import GraphError, NumberError


def test_a_hook_sees_the_complete_gradient(engine):
    x, seen = engine.Value(3.0), []
    y = x * 2.0
    y.register_hook(seen.append)
    (y * y + y).backward()  # dy: 2 * 6 + 1
    assert seen == [13.0]
    assert x.grad == 26.0


def test_a_result_replaces_the_gradient_here_and_below(engine):
    x, z = engine.Value(3.0), engine.Value(5.0)
    y = x * z
    y.register_hook(lambda gradient: 10.0 * gradient)
    (y + z).backward()
    assert (y.grad, x.grad, z.grad) == (10.0, 50.0, 31.0)


def test_zero_replaces_and_none_does_not(engine):
    x = engine.Value(3.0)
    with x.register_hook(lambda gradient: 0.0):
        (x * x).backward()
        assert x.grad == 0.0
    x.register_hook(lambda gradient: None)
    (x * x).backward()
    assert x.grad == 6.0


def test_hooks_run_in_the_order_they_were_registered(engine):
    x, seen = engine.Value(3.0), []
    x.register_hook(lambda gradient: gradient + 1.0)
    x.register_hook(seen.append)
    x.register_hook(lambda gradient: gradient * 2.0)
    (x * x).backward()
    assert seen == [7.0]
    assert x.grad == 14.0


def test_a_leaf_adds_what_hooks_left_to_what_it_held(engine):
    x, seen = engine.Value(3.0), []
    (x * x).backward()
    x.register_hook(seen.append)
    x.register_hook(lambda gradient: 100.0 * gradient)
    (x * x).backward()
    assert seen == [6.0]  # of this call alone
    assert x.grad == 606.0


def test_the_hook_of_the_root_sees_where_backward_starts(engine):
    x, seen = engine.Value(3.0), []
    y = x * x
    y.register_hook(seen.append)
    y.backward(0.5)
    assert seen == [0.5]


def test_a_hook_of_a_leaf_that_is_the_root(engine):
    x = engine.Value(3.0)
    x.register_hook(lambda gradient: gradient * 4.0)
    x.backward()
    assert x.grad == 4.0


def test_a_removed_hook_is_not_called(engine):
    x, seen = engine.Value(3.0), []
    first, second = x.register_hook(seen.append), x.register_hook(lambda g: seen.append(-g))
    first.remove()
    first.remove()
    (x * x).backward()
    assert seen == [-6.0]
    with x.register_hook(seen.append):
        (x * x).backward()
    second.remove()
    (x * x).backward()
    assert seen == [-6.0, -6.0, 6.0]


def test_a_hook_may_remove_itself(engine):
    x, seen = engine.Value(3.0), []

    def once(gradient):
        seen.append(gradient)
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(seen.append)
    (x * x).backward()
    (x * x).backward()
    assert seen == [6.0, 6.0, 6.0]


def test_the_same_function_twice_is_called_twice(engine):
    x = engine.Value(3.0)
    for _ in range(2):
        x.register_hook(lambda gradient: gradient * 2.0)
    (x * x).backward()
    assert x.grad == 24.0


def test_a_node_off_the_path_is_not_visited(engine):
    x, seen = engine.Value(3.0), []
    (x * 2.0).register_hook(seen.append)
    (x * x).backward()
    assert seen == []


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_hooks_work_on_every_kind_of_node(engine, count):
    x = [engine.Value(1.0 + i) for i in range(count)]
    out = (
        engine.apply(ops.sum, *x) if count > 2 else engine.apply([ops.exp, ops.mul][count - 1], *x)
    )
    out.register_hook(lambda gradient: -gradient)
    out.backward()
    assert all(leaf.grad < 0.0 for leaf in x)


def test_an_error_in_a_hook_comes_through_and_keeps_earlier_gradients(engine):
    def broken(gradient):
        raise KeyError("mine")

    x, z = engine.Value(3.0), engine.Value(2.0)
    (x * z).backward()
    y = x * x
    handle = y.register_hook(broken)
    out = y * z
    with pytest.raises(KeyError, match="mine"):
        out.backward()
    assert x.grad == 2.0  # nothing had reached it
    handle.remove()
    x.zero_grad()
    out.backward()
    assert x.grad == 12.0


def test_a_result_that_is_no_number_is_refused(engine):
    x = engine.Value(3.0)
    x.register_hook(lambda gradient: "big")
    with pytest.raises(NumberError, match="'big'"):
        (x * x).backward()


def test_a_hook_may_run_a_backward_pass_of_another_graph(engine):
    x, other = engine.Value(3.0), engine.Value(5.0)
    y = x * x
    y.register_hook(lambda gradient: (other * other).backward())
    (y * 2.0).backward()
    assert (x.grad, other.grad) == (12.0, 10.0)


def test_what_cannot_have_a_hook(engine):
    with pytest.raises(TypeError, match="function of the gradient, got float"):
        engine.Value(1.0).register_hook(1.0)
    for value in (engine.Value(1.0).detach(), engine.Value(1.0, requires_grad=False)):
        with pytest.raises(GraphError, match="does not require"):
            value.register_hook(print)


def test_a_dropped_value_lets_its_hook_go(engine, quick_collections):
    class Seen:
        def __call__(self, gradient):
            return None

    hook, x = Seen(), engine.Value(3.0)
    gone = weakref.ref(hook)
    x.register_hook(hook)
    del hook, x
    gc.collect()
    assert gone() is None


def test_hooks_see_the_gradient_before_anomalies_are_looked_for(engine):
    x = engine.Value(0.0)
    y = engine.apply(ops.sqrt, x)
    x.register_hook(lambda gradient: 1.0)
    y.register_hook(lambda gradient: 0.5)
    y.backward()
    assert x.grad == 1.0
    with autograd.detect_anomaly(), pytest.raises(autograd.errors.AnomalyError, match=r"is 0\.5"):
        y.backward()


# --- under the transforms: with the engine that is selected ---------------------------------


@pytest.mark.parametrize("create_graph", [True, False])
def test_gradient_calls_no_hooks(create_graph):
    x, other, seen = Value(3.0), Value(2.0), []
    y = x * x
    y.register_hook(lambda g: seen.append(g) or 10.0 * g)
    other.register_hook(seen.append)
    found = gradient(y * x * other, x, create_graph=create_graph)
    assert (found.data if create_graph else found) == 54.0
    assert seen == []
    assert x.grad == 0.0


def hooked(x):
    y = x * x
    y.register_hook(lambda g: 10.0 * g)
    return y * x


def test_no_transform_calls_hooks():
    assert autograd.grad(hooked)(2.0) == 12.0
    assert autograd.grad(autograd.grad(hooked))(2.0) == 12.0
    assert autograd.jacobian(autograd.grad(hooked))(2.0) == 12.0
    assert autograd.hessian(hooked)(2.0) == 12.0
    assert autograd.hvp(hooked, (2.0,), (1.0,)) == (12.0,)
    assert autograd.derivative(hooked, 2)(2.0) == 12.0


def test_a_hook_may_ask_for_a_gradient_of_the_same_graph():
    x, inner = Value(3.0), []
    below = x * x
    y = below * x
    y.register_hook(lambda g: inner.append(gradient(below * x, [x, below])))
    assert gradient(y * 2.0, x) == 54.0
    (y * 2.0).backward()
    assert (x.grad, below.grad) == (54.0, 6.0)
    assert inner == [[27.0, 3.0]]


def test_apply_of_a_node_with_a_hook_makes_a_node_without():
    x = Value(3.0)
    x.register_hook(lambda g: 10.0 * g)
    y = apply(ops.neg, x)
    y.backward()
    assert (y.grad, x.grad) == (1.0, -10.0)
