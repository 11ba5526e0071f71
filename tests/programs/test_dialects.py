"""A tape printed as PyTorch and as JAX, run by them: numbers and slopes are those of the tape."""

import math
import random

import pytest
from random_tapes import numbers_for, random_tape, tape_of_rule
from test_numpy_program import exact

import autograd
import nn
from autograd import ops
from autograd.errors import GraphError
from autograd.ops import LN2, _total, sigmoid
from autograd.programs import stepwise
from autograd.programs.dialects import JAX, TORCH, needs_brackets
from autograd.programs.numpy_program import array_source
from autograd.programs.passes import optimised

np = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def jax():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        yield jax


def function_of(tape, dialect):
    space = {}
    text = array_source(tape, dialect)
    exec(text, space)  # noqa: S102 - our own text
    assert "numpy as np" not in text
    assert "autograd" not in text
    return space["program"]


def in_torch(torch, tape, leaves, rows, count):
    """The outputs, and the slopes of their sum by the leaves."""
    X = torch.tensor(rows, dtype=torch.float64).reshape(count, tape.inputs)
    given = torch.tensor(leaves, dtype=torch.float64, requires_grad=True)
    out = function_of(tape, TORCH)(X, given)
    assert out.dtype == torch.float64
    slopes = None
    if len(leaves) and out.requires_grad:
        [slopes] = torch.autograd.grad(out.sum(), [given])
    return out.detach().numpy().reshape(count, -1), slopes


def in_jax(jax, tape, leaves, rows, count):
    X = jax.numpy.array(rows, dtype=float).reshape(count, tape.inputs)
    program, given = jax.jit(function_of(tape, JAX)), jax.numpy.array(leaves, dtype=float)
    slopes = jax.grad(lambda given: program(X, given).sum())(given)
    return np.asarray(program(X, given)).reshape(count, -1), slopes


def slopes_of(tape, leaves, rows, count):
    """The slopes of the sum of all outputs by the leaves, by the exact replay."""
    n, total = tape.inputs, np.zeros(len(leaves))
    for r in range(count):
        row = rows[r * n : (r + 1) * n]
        ones = [1.0] * len(tape.outputs)
        total += np.array(stepwise.value_and_gradients(tape, leaves, row, ones)[1])
    return total


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation_in_torch(rule, torch):
    rng = random.Random(rule.__name__)
    for _ in range(3):
        tape, numbers = tape_of_rule(rule, rng)
        leaves, rows = numbers(3)
        wanted = exact(tape, leaves, rows, 3)
        for each in (tape, optimised(tape)):
            found, slopes = in_torch(torch, each, leaves, rows, 3)
            np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)
            if slopes is not None:
                ours = slopes_of(tape, leaves, rows, 3)
                np.testing.assert_allclose(slopes, ours, rtol=1e-8, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation_in_jax(rule, jax):
    rng = random.Random(rule.__name__)
    for _ in range(2):
        tape, numbers = tape_of_rule(rule, rng)
        leaves, rows = numbers(3)
        found, slopes = in_jax(jax, optimised(tape), leaves, rows, 3)
        ours = slopes_of(tape, leaves, rows, 3)
        np.testing.assert_allclose(slopes, ours, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(found, exact(tape, leaves, rows, 3), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("seed", range(60))
def test_random_tapes_in_torch(seed, torch):
    tape = random_tape(seed)
    leaves, rows = numbers_for(tape, 4, seed)
    found, slopes = in_torch(torch, tape, leaves, rows, 4)
    np.testing.assert_allclose(found, exact(tape, leaves, rows, 4), rtol=1e-10, atol=1e-12)
    if slopes is not None:  # at a tie in max and clip PyTorch has slopes of its own
        ours = slopes_of(tape, leaves, rows, 4)
        np.testing.assert_allclose(slopes, ours, rtol=1e-8, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_random_tapes_in_jax(seed, jax):
    tape = random_tape(seed)
    leaves, rows = numbers_for(tape, 4, seed)
    found, slopes = in_jax(jax, tape, leaves, rows, 4)
    ours = slopes_of(tape, leaves, rows, 4)
    np.testing.assert_allclose(slopes, ours, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(found, exact(tape, leaves, rows, 4), rtol=1e-10, atol=1e-12)


def test_numbers_that_are_not_finite(torch):
    program = autograd.compile(lambda x: autograd.minimum(x, float("inf")) + x * 1e-5)
    program(1.0)
    for text in (program.to_numpy("f"), program.to_torch("f")):
        space = {}
        exec(text, space)  # noqa: S102 - our own text
        X = torch.ones((2, 1), dtype=torch.float64)
        found = space["f"](X.numpy() if "numpy" in text else X, ())
        assert found.tolist() == [1.0 + 1e-5] * 2


def test_no_gradient_flows_into_what_is_detached(torch):
    w = autograd.Value(3.0)
    program = autograd.compile(lambda x: (w * x).detach() * w)
    program(2.0)
    space = {}
    exec(program.to_torch("f"), space)  # noqa: S102 - our own text
    leaves = torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
    space["f"](torch.tensor([[2.0]], dtype=torch.float64), leaves).sum().backward()
    assert leaves.grad.tolist() == [6.0]


def test_a_network_reads_as_its_layers():
    model = nn.MLP(2, [16, 1], activation="tanh", generator=0)
    program = autograd.compile(model)
    program([0.1, 0.2])
    assert "torch.tanh(z2)" in program.to_torch()
    assert "jnp.tanh(z2)" in program.to_jax()
    for text in (program.to_torch("f"), program.to_jax("f")):
        assert "z1 = X @ layer1[:, :2].T" in text


def operations_of_your_own():
    @autograd.op
    def bent(x, y):
        e = math.exp(-x if x > 0.0 else x)
        share, _ = sigmoid(x)
        out = share * e**2.0 - y * LN2
        return (
            out if x > y else (0.0 if x else -y / (1.0 + y * y)),
            0.0, 0.0,
        )  # fmt: skip

    return bent


def test_operations_of_your_own_are_printed_from_their_formulas(torch):
    bent = operations_of_your_own()
    w = autograd.Value(0.3)
    program = autograd.compile(lambda x: bent(x, w) + bent(2.0, x))
    X = [-1.5, 0.0, 0.3, 0.7, 40.0]
    wanted = program.batch(X)
    space = {}
    text = program.to_torch("bent")
    exec(text, space)  # noqa: S102 - our own text
    leaves = torch.tensor([0.3], dtype=torch.float64)
    found = space["bent"](torch.tensor(X, dtype=torch.float64)[:, None], leaves)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)
    assert text.count("def rule_bent") == 1


@pytest.mark.slow
def test_operations_of_your_own_in_jax(jax):
    bent = operations_of_your_own()
    w = autograd.Value(0.3)
    program = autograd.compile(lambda x: bent(x, w) + bent(2.0, x))
    X = [-1.5, 0.0, 0.3, 0.7, 40.0]
    wanted = program.batch(X)
    space = {}
    exec(program.to_jax("bent"), space)  # noqa: S102 - our own text
    found = jax.jit(space["bent"])(jax.numpy.array(X)[:, None], jax.numpy.array([0.3]))
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("activation", [*nn.layers.ACTIVATIONS])
def test_derivatives_inside_of_a_program(activation, order, torch):
    """As in the loss of a physics-informed network: rules of derivatives are printed too."""
    model = nn.MLP(1, [3, 1], activation, generator=0)
    program = autograd.compile(autograd.derivative(lambda x: model([x]), order))
    X = np.linspace(-2.9, 3.0, 7)
    wanted = program.batch(X)
    space = {}
    exec(program.to_torch("slope"), space)  # noqa: S102 - our own text
    leaves = torch.tensor([p.data for p in program.parameters], dtype=torch.float64)
    found = space["slope"](torch.tensor(X)[:, None], leaves)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)


def test_operations_of_your_own_over_sequences(torch):
    @autograd.op
    def spread(*x):
        middle = _total(x) / len(x)
        apart = [a - middle for a in x]
        squares = [a * a if a > 0.0 else 2.0 * a * a for a in apart]
        out = math.hypot(*apart) + _total(squares) / len(x)
        return out, *[0.0 for a in x]

    w = autograd.Value(0.3)
    program = autograd.compile(lambda x, y: spread([x, w, y, 2.0]) + spread([w, 1.0]))
    X, y = [-1.5, 0.0, 0.7], [2.0, 0.1, -40.0]
    wanted = program.batch(X, y)
    space = {}
    exec(program.to_torch("f"), space)  # noqa: S102 - our own text
    leaves = torch.tensor([0.3], dtype=torch.float64)
    found = space["f"](torch.tensor([X, y], dtype=torch.float64).T, leaves)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_what_arrays_cannot_follow_is_refused_by_name():
    @autograd.op
    def alternating(*x):
        return _total(x[::2]), *[0.0 for a in x]

    program = autograd.compile(lambda x: alternating([x, 2.0]))
    program(2.0)
    for dialect, printed in (("PyTorch", program.to_torch), ("JAX", program.to_jax)):
        with pytest.raises(GraphError, match=f"alternating has no counterpart in {dialect}"):
            printed()
    assert "alternating" in program.to_numpy()


def test_brackets_stand_where_operators_are():
    assert needs_brackets("{} + {}")
    assert needs_brackets("-{}")
    assert needs_brackets("torch.where({0} > 0, {0}, {1} * {0})")
    assert not needs_brackets("np.clip({}, {}, {})")
    assert not needs_brackets("torch.sum({}, dim=-1)")
