"""A tape printed as PyTorch and as JAX, run by them: numbers and slopes are those of the tape."""

import random

import pytest
from random_tapes import numbers_for, random_tape, tape_of_rule
from test_numpy_program import exact

import autograd
import nn
from autograd import ops
from autograd.errors import GraphError
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


def test_operations_of_your_own_are_refused_by_name():
    @autograd.op
    def cubed(x):
        return x * x * x, 3.0 * x * x

    program = autograd.compile(lambda x: cubed(x))
    program(2.0)
    for dialect, printed in (("PyTorch", program.to_torch), ("JAX", program.to_jax)):
        with pytest.raises(GraphError, match=f"cubed has no counterpart in {dialect}"):
            printed()
    assert "cubed" in program.to_numpy()


def test_brackets_stand_where_operators_are():
    assert needs_brackets("{} + {}")
    assert needs_brackets("-{}")
    assert needs_brackets("torch.where({0} > 0, {0}, {1} * {0})")
    assert not needs_brackets("np.clip({}, {}, {})")
    assert not needs_brackets("torch.sum({}, dim=-1)")
