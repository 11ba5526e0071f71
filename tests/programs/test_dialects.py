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
