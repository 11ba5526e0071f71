"""The transforms: known derivatives, PyTorch's Hessians, nesting, structures, and no trace left."""

import math
import random
import threading
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import random_graph, run

import autograd
import nn
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
    value_and_grad,
    vjp,
)
from autograd.errors import AnomalyError, GraphError, NumberError, ShapeError

SMOOTH = ["add", "sub", "mul", "div", "exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus",
          "square", "sqrt", "gelu", "silu", "atan", "hypot", "atan2", "logsumexp", "norm", "prod",
          "dot", "mean", "erf", "pow", "log1p", "cbrt", "asinh"]  # fmt: skip
LEAVES = 3


def graph_function(seed, nodes=14):
    """A random smooth function of a list of numbers, and a point for it."""
    rng = random.Random(seed)
    point = [rng.uniform(0.3, 1.5) for _ in range(LEAVES)]
    steps = random_graph(rng, SMOOTH, point, nodes)

    def function(leaves):
        return run(steps, leaves, lambda name, x: getattr(autograd, name)(*given_to(name, x)))

    return function, point, steps


def given_to(name, x):
    if name == "dot":
        return x[: len(x) // 2], x[len(x) // 2 :]
    return [x] if name in ("sum", "mean", "prod", "norm", "logsumexp") else x


def torch_step(name, x):
    torch = pytest.importorskip("torch")
    if name == "dot":
        return sum(a * b for a, b in zip(x[: len(x) // 2], x[len(x) // 2 :], strict=True))
    if name in ("sum", "mean", "prod", "norm", "logsumexp"):
        stacked = torch.stack(x)
        return torch.logsumexp(stacked, 0) if name == "logsumexp" else getattr(stacked, name)()
    if name == "cbrt":
        return torch.sign(x[0]) * x[0].abs() ** (1 / 3)
    known = {"gelu": torch.nn.functional.gelu, "silu": torch.nn.functional.silu,
             "softplus": torch.nn.functional.softplus}  # fmt: skip
    return (known.get(name) or getattr(torch, name))(*x)


def flat(tree):
    return autograd.support.structures.flatten(tree)[0]


# --- known derivatives ----------------------------------------------------------------------


def test_grad_of_one_argument():
    assert grad(lambda x: x**3)(2.0) == 12.0
    assert grad(lambda x, y: x * y * y)(2.0, 3.0) == 9.0
    assert grad(lambda x, y: x * y * y, argnums=1)(2.0, 3.0) == 12.0
    assert grad(lambda x, y: x * y * y, argnums=-1)(2.0, 3.0) == 12.0


def test_grad_of_several_arguments():
    assert grad(lambda x, y: x * y * y, argnums=(0, 1))(2.0, 3.0) == (9.0, 12.0)
    assert grad(lambda x, y: x * y * y, argnums=(1,))(2.0, 3.0) == (12.0,)
    assert grad(lambda x, y: x * y * y, argnums=(1, 0))(2.0, 3.0) == (12.0, 9.0)


def test_named_arguments_are_passed_on():
    assert grad(lambda x, k=1.0: x * x * k)(2.0, k=3.0) == 12.0


def test_value_and_grad():
    assert value_and_grad(lambda x: x**3)(2.0) == (8.0, 12.0)
    assert value_and_grad(lambda x: 3)(2.0) == (3.0, 0.0)


def test_derivative_counts():
    powers = [derivative(lambda x: x**6, n)(1.5) for n in range(8)]
    expected = [math.perm(6, n) * 1.5 ** (6 - n) for n in range(7)]
    assert powers == pytest.approx([*expected, 0.0], rel=1e-14, abs=0)
    cycle = [math.sin(0.5), math.cos(0.5), -math.sin(0.5), -math.cos(0.5)]
    assert [derivative(autograd.sin, n)(0.5) for n in range(8)] == cycle * 2


def test_jacobian_both_ways():
    def polar(v):
        return [v[0] * autograd.cos(v[1]), v[0] * autograd.sin(v[1])]

    r, angle = 2.0, 0.3
    c, s = math.cos(angle), math.sin(angle)
    truth = [[c, -r * s], [s, r * c]]
    assert np.allclose(jacobian(polar)([r, angle]), truth, rtol=1e-15, atol=0)
    wide = jacobian(lambda v: [*polar(v), v[0], 5.0])([r, angle])  # few inputs: forward mode
    assert np.allclose(wide, [*truth, [1.0, 0.0], [0.0, 0.0]], rtol=1e-15, atol=0)
    assert jacobian(lambda x: x)([1.0, 2.0]) == [[1.0, 0.0], [0.0, 1.0]]
    assert jacobian(lambda x: [x[0], x[0], x[1]])([1.0, 2.0]) == [[1, 0], [1, 0], [0, 1]]
    assert jacobian(lambda x: x**3)(2.0) == 12.0


def test_hessian_of_several_arguments():
    assert hessian(lambda x, y: x * x * y, argnums=(0, 1))(3.0, 4.0) == ((8.0, 6.0), (6.0, 0.0))


def test_jvp_and_vjp():
    assert jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 10.0)) == (12.0, 34.0)
    value, pull_back = vjp(lambda x: {"a": x * x, "b": [x]}, 3.0)
    assert value == {"a": 9.0, "b": [3.0]}
    assert pull_back({"a": 1.0, "b": [10.0]}) == (16.0,)
    assert pull_back({"a": 0.0, "b": [1.0]}) == (1.0,)


def test_functions_that_give_numbers_have_zero_derivatives():
    assert grad(lambda x: 3)(1.0) == 0.0
    assert derivative(lambda x: 3.0, 2)(1.0) == 0.0
    assert hessian(lambda x: 3.0)([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert hvp(lambda x: 3.0, (1.0,), (1.0,)) == (0.0,)
    assert jvp(lambda x: [3.0, x], (1.0,), (2.0,)) == ([3.0, 1.0], [0.0, 2.0])
    assert vjp(lambda x: [3.0], 1.0)[1]([1.0]) == (0.0,)
    assert jacobian(lambda x: [1.0, 2.0, 3.0])([1.0, 2.0]) == [[0.0, 0.0]] * 3


def test_nothing_to_differentiate_by_or_to_differentiate():
    assert grad(lambda x: 1.0)([]) == []
    assert hessian(lambda x: 1.0)([]) == []
    assert jacobian(lambda x: [])([1.0]) == []
    assert jvp(lambda: 2.0, (), ()) == (2.0, 0.0)


# --- against PyTorch -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(50))
def test_hessians_of_random_graphs_are_pytorchs(seed):
    torch = pytest.importorskip("torch")
    function, point, steps = graph_function(seed)

    def in_torch(x):
        return run(steps, list(x), torch_step)

    there = torch.tensor(point, dtype=torch.float64)
    expected = torch.autograd.functional.hessian(in_torch, there).numpy()
    # A second derivative adds up terms that may cancel: 1e-10 of the largest in the matrix.
    scale = np.abs(expected).max()
    for found in (
        hessian(function)(point),
        jacobian(grad(function))(point),  # through a recorded graph
        [hvp(function, (point,), (row,))[0] for row in np.eye(LEAVES).tolist()],
    ):
        assert np.abs(np.array(found) - expected).max() <= 1e-10 * scale


def test_the_hessian_of_a_small_network_is_pytorchs():
    torch = pytest.importorskip("torch")
    model = nn.MLP(2, [3, 1], "tanh", generator=0)
    inputs, targets = [[0.5, -1.0], [2.0, 0.3], [-0.7, 0.9]], [1.0, -1.0, 0.5]
    numbers = [parameter.data for parameter in model.parameters()]

    def loss(parameters):
        outputs = [nn.functional_call(model, parameters, x) for x in inputs]
        return autograd.mean([(out - y) ** 2 for out, y in zip(outputs, targets, strict=True)])

    def torch_loss(p):
        rows = p[:9].reshape(3, 3)  # w, w, b of each neuron
        hidden = torch.tanh(torch.tensor(inputs, dtype=torch.float64) @ rows[:, :2].T + rows[:, 2])
        out = hidden @ p[9:12] + p[12]
        return ((out - torch.tensor(targets, dtype=torch.float64)) ** 2).mean()

    there = torch.tensor(numbers, dtype=torch.float64)
    assert torch_loss(there).item() == pytest.approx(loss(numbers).data, rel=1e-12)
    expected = torch.autograd.functional.hessian(torch_loss, there).numpy()
    found = np.array(hessian(loss)(numbers))
    assert found.shape == (13, 13)
    assert np.abs(found - expected).max() <= 1e-10 * np.abs(expected).max()
    by_name = hessian(loss)(model.state_dict())
    names = list(model.state_dict())
    assert [[by_name[a][b] for b in names] for a in names] == found.tolist()
    assert all(parameter.grad == 0.0 for parameter in model.parameters())


def test_a_training_step_with_a_gradient_penalty_is_pytorchs():
    torch = pytest.importorskip("torch")
    model = nn.MLP(2, [4, 1], "tanh", generator=1)
    inputs, rate = [[0.5, -1.0], [1.5, 0.3]], 0.1
    before = [parameter.data for parameter in model.parameters()]
    losses = []
    for x in inputs:
        out, slopes = value_and_grad(model)(x)
        losses.append(out**2 + (autograd.norm(slopes) - 1.0) ** 2)
    loss = autograd.mean(losses)
    loss.backward()
    nn.SGD(model.parameters(), learning_rate=rate).step()

    p = torch.tensor(before, dtype=torch.float64, requires_grad=True)
    x = torch.tensor(inputs, dtype=torch.float64, requires_grad=True)
    rows = p[:12].reshape(4, 3)
    out = torch.tanh(x @ rows[:, :2].T + rows[:, 2]) @ p[12:16] + p[16]
    (slopes,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    torch_loss = (out**2 + (slopes.norm(dim=1) - 1.0) ** 2).mean()
    torch_loss.backward()
    assert loss.data == pytest.approx(torch_loss.item(), rel=1e-12)
    assert [q.grad for q in model.parameters()] == pytest.approx(p.grad.tolist(), rel=1e-10)
    after = (p - rate * p.grad).tolist()
    assert [q.data for q in model.parameters()] == pytest.approx(after, rel=1e-12)


# --- modes agree ------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.lists(st.floats(-2, 2), min_size=LEAVES, max_size=LEAVES))
def test_the_tangent_times_upstream_is_the_tangents_times_gradient(seed, tangents):
    """The dot-product test: w . (J v) = (J^T w) . v."""
    function, point, _ = graph_function(seed, nodes=8)

    def outputs(v):
        return [function(v), v[0] * function(v), autograd.sin(v[1])]

    upstream = [1.0, -0.5, 2.0]
    _, changes = jvp(outputs, (point,), (tangents,))
    (slopes,) = vjp(outputs, point)[1](upstream)
    left = [w * change for w, change in zip(upstream, changes, strict=True)]
    right = [slope * v for slope, v in zip(slopes, tangents, strict=True)]
    size = max(map(abs, [*left, *right]))
    assert abs(math.fsum(left) - math.fsum(right)) <= 1e-11 * size


@pytest.mark.parametrize("seed", range(10))
def test_forward_over_reverse_is_reverse_over_forward(seed):
    function, point, _ = graph_function(seed)
    tangent = [1.0, -2.0, 0.5]
    (native,) = hvp(function, (point,), (tangent,))
    _, forward_over_reverse = jvp(grad(function), (point,), (tangent,))
    reverse_over_forward = grad(lambda v: jvp(function, (v,), (tangent,))[1])(point)
    reverse_over_reverse = grad(lambda v: autograd.dot(grad(function)(v), tangent))(point)
    for other in (forward_over_reverse, reverse_over_forward, reverse_over_reverse):
        assert other == pytest.approx(native, rel=1e-9, abs=1e-9 * max(map(abs, native)))


def test_transforms_nest():
    assert grad(grad(grad(lambda x: x**3)))(2.0) == 6.0
    assert hessian(grad(lambda x: x**4))(2.0) == 48.0
    assert hessian(hessian(lambda x: x**4))(2.0) == 24.0
    assert jacobian(grad(lambda v: v[0] ** 2 * v[1]))([3.0, 4.0]) == [[8.0, 6.0], [6.0, 0.0]]
    columns = jacobian(lambda v: hvp(lambda u: u[0] ** 3 * u[1], (v,), ([1.0, 0.0],)))([2.0, 3.0])
    assert columns == ([[18.0, 12.0], [12.0, 0.0]],)
    assert jvp(grad(lambda y: y**3), (2.0,), (1.0,)) == (12.0, 12.0)
    assert grad(lambda x: jvp(lambda y: y**3, (x,), (1.0,))[1])(2.0) == 12.0
    assert grad(lambda x: vjp(lambda y: y**3, x)[1](1.0)[0])(2.0) == 12.0
    assert derivative(derivative(lambda x: x**6, 2), 3)(1.0) == 720.0
    assert value_and_grad(grad(lambda x: x**3))(2.0) == (12.0, 12.0)


# --- no perturbation confusion -----------------------------------------------------------------


def test_inner_and_outer_derivatives_are_not_confused():
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(3.0) == 6.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(3.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y)(x))(3.0) == 1.0
    assert grad(lambda x: grad(lambda y: y * y)(x))(3.0) == 2.0
    assert derivative(lambda x: x * jvp(lambda y: x * y, (1.0,), (1.0,))[1])(3.0) == 6.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, (1.0,), (1.0,))[1], (3.0,), (1.0,)) == (9.0, 6.0)
    assert jvp(lambda x: jvp(lambda y: y * y, (x,), (x,))[1], (3.0,), (1.0,)) == (18.0, 12.0)


INNER = {
    "grad": lambda x: grad(lambda y: x * y * y)(1.5),
    "value_and_grad": lambda x: value_and_grad(lambda y: x * y * y)(1.5)[1],
    "derivative": lambda x: derivative(lambda y: x * y**2)(1.5),
    "jacobian": lambda x: jacobian(lambda y: [x * y * y])(1.5)[0],
    "jvp": lambda x: jvp(lambda y: x * y * y, (1.5,), (1.0,))[1],
    "vjp": lambda x: vjp(lambda y: x * y * y, 1.5)[1](1.0)[0],
    "vjp upstream": lambda x: vjp(lambda y: y * y, 1.5)[1](x)[0],
    "jvp tangent": lambda x: jvp(lambda y: y * y, (1.5,), (x,))[1],
    "hvp": lambda x: hvp(lambda y: x * y**3 / 6.0, (3.0,), (1.0,))[0],
    "hvp tangent": lambda x: hvp(lambda y: y**3 / 6.0, (3.0,), (x,))[0],
    "hessian": lambda x: hessian(lambda y: x * y**3 / 6.0)(3.0),
    "derivative 2": lambda x: derivative(lambda y: x * y**3 / 6.0, 2)(3.0),
}


@pytest.mark.parametrize("what", INNER)
def test_numbers_in_give_numbers_out_also_around_an_inner_transform(what):
    """Each is 3 x: the numbers that an inner transform started from are no outer Values."""
    inner = INNER[what]
    for found in (
        grad(inner)(2.0),
        derivative(inner)(2.0),
        jvp(inner, (2.0,), (1.0,))[1],
        vjp(inner, 2.0)[1](1.0)[0],
    ):
        assert type(found) is float
        assert found == 3.0
    assert derivative(inner, 2)(2.0) == 0.0


# --- Values from outside -------------------------------------------------------------------


def test_values_in_give_values_out():
    x = Value(3.0)
    slope = grad(lambda x: x**3)(x)
    assert type(slope) is Value
    assert (slope.data, gradient(slope, x)) == (27.0, 18.0)
    frozen = grad(lambda x: x**3)(Value(3.0, requires_grad=False))
    assert (type(frozen), frozen.data, frozen.requires_grad) == (Value, 27.0, False)


def test_a_closure_over_a_value_that_requires_a_gradient():
    w = Value(5.0, "w")
    slope = grad(lambda x: x * x * w)(3.0)
    assert slope.data == 30.0
    slope.backward()
    assert w.grad == 6.0
    _, tangent = jvp(lambda x: x * x * w, (3.0,), (1.0,))
    assert gradient(tangent, w) == 6.0
    assert gradient(hessian(lambda x: x * x * w)(3.0), w) == 2.0
    assert gradient(derivative(lambda x: x**3 * w, 2)(1.0), w) == 6.0
    assert gradient(hvp(lambda x: x**3 * w, (1.0,), (2.0,))[0], w) == 12.0


def test_a_closure_over_a_frozen_value_gives_numbers():
    w = Value(5.0, requires_grad=False)
    assert grad(lambda x: x * x * w)(3.0) == 30.0


def test_under_no_grad_results_are_plain():
    w, x = Value(5.0), Value(3.0)
    with no_grad():
        assert grad(lambda x: x * x * w)(3.0) == 30.0
        out = grad(lambda x: x * x * w)(x)
        assert (out.data, out.requires_grad, out.parents) == (30.0, False, ())
        assert grad(grad(lambda x: x**3))(3.0) == 18.0
        assert hessian(lambda x: x**3)(3.0) == 18.0
        assert hvp(lambda x: x**3 * w, (1.0,), (1.0,)) == (30.0,)
        assert (w * x).parents == ()  # and it holds on


def test_every_transform_works_under_no_grad():
    def cube(x):
        return x**3

    pull_back_from_outside = vjp(cube, 2.0)[1]
    with no_grad():
        assert jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
        assert vjp(cube, 2.0)[1](1.0) == (12.0,)
        assert pull_back_from_outside(1.0) == (12.0,)
        assert [derivative(cube, n)(2.0) for n in range(5)] == [8.0, 12.0, 12.0, 6.0, 0.0]
        assert jacobian(lambda x: [x, cube(x), x])(2.0) == [1.0, 12.0, 1.0]
        assert jacobian(lambda v: [cube(v[0])])([2.0, 1.0]) == [[12.0, 0.0]]
        assert value_and_grad(grad(cube))(2.0) == (12.0, 12.0)


def test_no_grad_inside_cuts():
    def function(x):
        with no_grad():
            fixed = x * x
        return fixed * x

    assert grad(function)(3.0) == 9.0
    assert grad(lambda x: x.detach() * x)(3.0) == 3.0


# --- structures ------------------------------------------------------------------------------


class Pair(NamedTuple):
    left: object
    right: object


def test_results_have_the_structure_of_the_argument():
    def function(p):
        return p["w"][0] * p["w"][1] + p["b"].left * p["b"].right ** 2

    given = {"w": [2.0, 3.0], "b": Pair(4.0, 5.0)}
    assert grad(function)(given) == {"w": [3.0, 2.0], "b": Pair(25.0, 40.0)}
    assert type(grad(function)(given)["b"]) is Pair
    second = hessian(function)(given)
    assert second["w"][0]["w"] == [0.0, 1.0]
    assert second["b"].right["b"] == Pair(10.0, 8.0)
    assert second["w"][0]["b"] == Pair(0.0, 0.0)
    rows = jacobian(lambda p: (p["w"], {"only": p["b"].left}))(given)
    assert rows[0][1] == {"w": [0.0, 1.0], "b": Pair(0.0, 0.0)}
    assert rows[1]["only"]["b"] == Pair(1.0, 0.0)


def test_arrays():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    slopes = grad(lambda x: (x**3).sum())(x)
    assert slopes.dtype == np.float64
    assert np.array_equal(slopes, 3 * x**2)
    value, tangent = jvp(lambda x: x @ x, (x,), (np.eye(2),))
    assert np.array_equal(value, x @ x)
    assert np.array_equal(tangent, 2 * x)
    assert np.array_equal(hvp(lambda x: (x**3).sum(), (x,), (x,))[0], 6 * x * x)
    assert grad(lambda x: x * x)(np.float64(3.0)) == 6.0
    assert grad(lambda x: x * x)(np.array(3.0)) == 6.0


def test_a_dict_of_tangents_in_another_order_is_matched_by_key():
    def function(d):
        return 10.0 * d["a"] + d["b"]

    primals = ({"a": 1.0, "b": 2.0},)
    assert jvp(function, primals, ({"b": 1.0, "a": 0.0},)) == (12.0, 1.0)
    square = hvp(lambda d: d["a"] ** 2 * d["b"], primals, ({"b": 1.0, "a": 0.0},))
    assert square == ({"a": 2.0, "b": 0.0},)
    _, pull_back = vjp(lambda x: {"a": x, "b": 10.0 * x}, 1.0)
    assert pull_back({"b": 1.0, "a": 0.0}) == (10.0,)


# --- errors ------------------------------------------------------------------------------------


def identity(x):
    return x


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: grad(identity)([1.0]), TypeError, "identity gave a list.*one number"),
        (lambda: grad(lambda x: None)(1.0), TypeError, "gave a NoneType"),
        (lambda: hessian(identity)([1.0]), TypeError, "gave a list"),
        (lambda: grad(identity)("a"), NumberError, "'a'"),
        (lambda: grad(identity)(None), NumberError, "None"),
        (lambda: grad(identity)(), ValueError, "argnums has 0, but identity was called with 0"),
        (lambda: grad(identity, 1)(1.0), ValueError, "argnums has 1"),
        (lambda: grad(identity, -2)(1.0), ValueError, "argnums has -2"),
        (lambda: grad(lambda x, y: x * y, (0, 0))(1.0, 2.0), ValueError, "argnums"),
        (lambda: grad(lambda x, y: x * y, (0, -2))(1.0, 2.0), ValueError, "argnums"),
        (lambda: grad(identity, "x")(1.0), TypeError, "argnums"),
        (lambda: grad(identity, 0.0)(1.0), TypeError, "argnums"),
        (lambda: derivative(identity, -1), ValueError, "n counts derivatives.*-1"),
        (lambda: derivative(identity, 1.5), ValueError, "1.5"),
        (lambda: derivative(identity)([1.0]), TypeError, "one number"),
        (lambda: derivative(identity)(np.array([1.0, 2.0])), TypeError, "one number"),
        (lambda: jvp(identity, 1.0, 1.0), TypeError, "tuple of all arguments"),
        (lambda: jvp(identity, [1.0], (1.0,)), TypeError, "primals is the tuple"),
        (lambda: jvp(identity, (1.0,), [1.0]), TypeError, "tangents is the tuple"),
        (lambda: jvp(identity, (1.0,), (1.0, 2.0)), ShapeError, "2 tangents for 1"),
        (lambda: jvp(identity, ([1.0, 2.0],), ([1.0],)), ShapeError, "1 tangents for 2"),
        (lambda: jvp(identity, ([1.0], 2.0), (1.0, [2.0])), (ShapeError, TypeError), "structure"),
        (lambda: hvp(identity, (1.0,), (1.0, 2.0)), ShapeError, "2 tangents for 1"),
        (lambda: vjp(identity, 1.0)[1]([1.0, 2.0]), ShapeError, "2 upstream gradients for 1"),
        (lambda: vjp(lambda x: [x, [x]], 1.0)[1]([[1.0], 2.0]), (ShapeError, TypeError), "struct"),
        (lambda: vjp(identity, 1.0)[1]("a"), NumberError, "'a'"),
        (lambda: jvp(identity, (1.0,), ("a",)), NumberError, "'a'"),
    ],
)
def test_wrong_calls_say_what_is_wrong(call, error, match):
    with pytest.raises(error, match=match):
        call()


# --- gradient ----------------------------------------------------------------------------------


def test_gradient_by_leaves_and_by_nodes_between():
    x, y = Value(3.0), Value(4.0)
    z = x * y
    out = z * z + x
    assert gradient(out, {"x": x, "z": [z], "out": out}) == {"x": 97.0, "z": [24.0], "out": 1.0}
    assert gradient(out, [x, x]) == [97.0, 97.0]
    assert gradient(out, y, upstream=0.5) == 36.0
    assert gradient(out, []) == []
    found = gradient(out, {"x": x, "z": [z]}, create_graph=True)
    assert (found["x"].data, found["z"][0].data) == (97.0, 24.0)


def test_gradient_times_a_value():
    x, upstream = Value(3.0), Value(2.0)
    slope = gradient(x * x, x, create_graph=True, upstream=upstream)
    assert slope.data == 12.0
    assert gradient(slope, [x, upstream]) == [4.0, 6.0]


def test_gradient_refuses_what_has_none():
    x, other = Value(3.0, "x"), Value(4.0, "other")
    out = x * 2.0
    for create_graph in (True, False):
        with pytest.raises(GraphError, match=r"input 1, .*other.*allow_unused"):
            gradient(out, [x, other], create_graph)
        unused = gradient(out, [x, other], create_graph, allow_unused=True)
        assert [g.data if create_graph else g for g in unused] == [2.0, 0.0]
        with pytest.raises(GraphError, match="requires no gradient"):
            gradient(out, x.detach(), create_graph)
        with pytest.raises(TypeError, match=r"inputs are Values.*3\.0"):
            gradient(out, [x, 3.0], create_graph)
        for output in (3.0, Value(1.0, requires_grad=False), x.detach() * 2.0):
            with pytest.raises(GraphError, match="depends on no Value"):
                gradient(output, x, create_graph)


@pytest.mark.parametrize(
    ("function", "before", "after"),
    [
        (lambda x: x * x, 1.0, 2.0),
        (autograd.tanh, 1.0, 2.0),
        (lambda x: x**3, 1.0, 2.0),
        (lambda x: autograd.norm([x, 2.0]), 1.0, 2.0),
        (autograd.sin, 1.0, -1.0),  # the partial, a cosine, is the same there
        (autograd.atan, 1.0, -1.0),
        (autograd.sigmoid, 1.0, -1.0),
    ],
)
def test_data_changed_since_then_is_noticed(function, before, after):
    x = Value(before)
    y = function(x)
    x.data = after
    with pytest.raises(GraphError, match="other data"):
        gradient(y, x, create_graph=True)


# --- nothing is left behind --------------------------------------------------------------------


def test_every_grad_stays_as_it_was():
    x, w = Value(3.0), Value(2.0)
    z = x * w
    out = z * z
    for i, node in enumerate((x, w, z, out)):
        node.grad = 10.0 + i

    def function(v):
        return v * v * z * w

    gradient(out, [x, z])
    gradient(out, [x, z], create_graph=True)
    for transform in (grad, derivative, jacobian, hessian):
        transform(function)(1.5)
        transform(function)(x)
        with no_grad():
            transform(function)(1.5)
    for values in ((1.5,), (x,)):
        jvp(function, values, (1.0,))
        vjp(function, *values)[1](1.0)
        hvp(function, values, (1.0,))
    assert [node.grad for node in (x, w, z, out)] == [10.0, 11.0, 12.0, 13.0]


def test_an_error_in_the_function_leaves_everything_as_it_was():
    w = Value(2.0)
    w.grad = 5.0

    def broken(x):
        y = x * w
        y.grad = 1.0
        raise KeyError("mine")

    for transform in (grad, hessian, jacobian):
        with pytest.raises(KeyError, match="mine"):
            transform(broken)(1.0)
        with no_grad(), pytest.raises(KeyError, match="mine"):
            transform(broken)(1.0)
    assert w.grad == 5.0
    assert (w * 1.0).requires_grad
    with no_grad():
        assert not (w * 1.0).requires_grad


def test_the_transformed_function_is_named_after_the_function():
    assert grad(identity).__name__ == "grad of identity"
    assert "identity" in hessian(identity).__name__


# --- deep graphs, anomalies, infinities -----------------------------------------------------------

DEPTH = 100_000


def deep(x):
    for _ in range(DEPTH // 2):
        x = x * 0.99999 + 1e-6
    return x


def test_deep_graphs_need_no_recursion():
    slope = 0.99999 ** (DEPTH // 2)
    assert grad(deep)(1.0) == pytest.approx(slope, rel=1e-9)
    assert jvp(deep, (1.0,), (1.0,))[1] == pytest.approx(slope, rel=1e-9)
    found = grad(lambda x: deep(x) ** 2)(Value(1.0))
    assert found.data == pytest.approx(2.0 * deep(1.0) * slope, rel=1e-9)
    second = hvp(lambda x: deep(x) ** 2, (1.0,), (1.0,))[0]
    assert second == pytest.approx(2.0 * slope * slope, rel=1e-9)


def test_detect_anomaly_sees_into_transforms():
    for call in (
        lambda: grad(autograd.sqrt)(0.0),
        lambda: grad(autograd.sqrt)(Value(0.0)),
        lambda: derivative(autograd.sqrt, 2)(0.0),
        lambda: jvp(autograd.sqrt, (0.0,), (1.0,)),
        lambda: hessian(autograd.sqrt)(0.0),
        lambda: hvp(autograd.sqrt, (0.0,), (1.0,)),
    ):
        with detect_anomaly(), pytest.raises(AnomalyError, match="sqrt"):
            call()


def test_detect_anomaly_sees_no_anomaly_where_there_is_none():
    def large(x):
        return [x * 1e308, x * 1e308]  # each is finite, their sum is not

    with detect_anomaly():
        assert jvp(large, (1.0,), (1.0,)) == ([1e308, 1e308], [1e308, 1e308])
        assert vjp(large, 1.0)[1]([1.0, -1.0]) == (0.0,)
        assert vjp(large, 1.0)[1]([0.25, 0.25]) == (0.5e308,)
        assert vjp(large, 1.0)[1]([1.0, 0.5]) == (1.5e308,)
        assert jacobian(large)(1.0) == [1e308, 1e308]


@pytest.mark.parametrize("kind", [float, Value])
def test_what_does_not_move_does_not_matter(kind):
    """The slope of sqrt at 0 is infinite, but nothing moves there."""

    def function(x, y):
        return autograd.sqrt(x) + y

    _, tangent = jvp(function, (kind(0.0), kind(2.0)), (0.0, 1.0))
    assert tangent == 1.0 if kind is float else tangent.data == 1.0


# --- what a review found -------------------------------------------------------------------------


def test_a_node_that_is_frozen_passes_nothing_on_in_any_mode():
    def function(x):
        y = x * x
        y.requires_grad = False
        return y * x

    assert grad(function)(3.0) == 9.0
    assert jvp(function, (3.0,), (1.0,)) == (27.0, 9.0)
    assert jvp(function, (Value(3.0),), (1.0,))[1].data == 9.0
    assert jacobian(lambda x: [function(x), x])(3.0) == [9.0, 1.0]
    assert hessian(function)(3.0) == grad(grad(function))(3.0) == 0.0


def test_an_infinite_slope_of_what_is_not_used_does_not_matter():
    found = hessian(lambda v: autograd.asin(v[1]) * 0.0 + v[0] ** 2)([-1.0, 0.5])
    assert found == [[2.0, 0.0], [0.0, 0.0]]
    assert hessian(lambda v: autograd.asin(v[1]))([-1.0, 1.0])[0] == [0.0, 0.0]


def test_pulling_back_leaves_no_state():
    _, pull_back = vjp(lambda x: x * x, 3.0)
    assert pull_back(1.0) == (6.0,)
    upstream = Value(1.0)
    [slope] = pull_back(upstream)
    assert gradient(slope, upstream) == 6.0
    assert pull_back(1.0) == (6.0,)
    with no_grad():
        [slope] = pull_back(upstream)
    assert (slope.data if isinstance(slope, Value) else slope) == 6.0
    assert not getattr(slope, "requires_grad", False)


def test_a_dict_that_grew_since_is_pulled_back_to_as_it_was():
    arguments = {"a": 2.0}
    _, pull_back = vjp(lambda d: d["a"] ** 2, arguments)
    arguments["b"] = 3.0
    assert pull_back(1.0) == ({"a": 4.0},)


def test_threads_may_differentiate_what_they_share():
    weights = [Value(0.5), Value(-0.25)]

    def function(x):
        return autograd.clip(x * weights[0], -1.0, 1.0) ** 2.0 + weights[1] * x

    with no_grad():
        expected = hessian(function)(1.5)
    found, stop = [], threading.Event()

    def train():
        while not stop.is_set():
            (weights[0] * weights[1]).backward()

    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        with no_grad():
            found = [hessian(function)(1.5) for _ in range(200)]
    finally:
        stop.set()
        trainer.join()
    assert found == [expected] * 200
