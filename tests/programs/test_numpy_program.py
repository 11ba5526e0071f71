"""The NumPy of a tape computes a batch as the exact replay computes its rows."""

import random

import pytest
from random_tapes import numbers_for, random_tape, tape_of_rule

import autograd
import nn
from autograd import ops
from autograd.programs import stepwise
from autograd.programs.numpy_program import array_source
from autograd.programs.passes import optimised

np = pytest.importorskip("numpy")


def run(tape, leaves, rows, count):
    space = {"rules": tape.rules}
    exec(array_source(tape), space)  # noqa: S102 - our own text
    X = np.array(rows, dtype=float).reshape(count, tape.inputs)
    with np.errstate(all="ignore"):
        return np.asarray(space["program"](X, np.array(leaves, dtype=float)))


def exact(tape, leaves, rows, count):
    n = tape.inputs
    numbers = [stepwise.forward(tape, leaves, rows[r * n : (r + 1) * n]) for r in range(count)]
    return np.array([[own[slot] for slot in tape.outputs] for own in numbers])


def assert_same(tape, leaves, rows, count):
    found = run(tape, leaves, rows, count).reshape(count, len(tape.outputs))
    np.testing.assert_allclose(found, exact(tape, leaves, rows, count), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation(rule):
    rng = random.Random(rule.__name__)
    for _ in range(4):
        tape, numbers = tape_of_rule(rule, rng)
        leaves, rows = numbers(3)
        assert_same(tape, leaves, rows, 3)
        assert_same(optimised(tape), leaves, rows, 3)


@pytest.mark.parametrize("seed", range(100))
def test_random_tapes(seed):
    tape = random_tape(seed, python=seed % 2 == 0)
    leaves, rows = numbers_for(tape, 4, seed)
    assert_same(tape, leaves, rows, 4)


def test_a_network_reads_as_matrices():
    model = nn.MLP(2, [16, 16, 1], activation="tanh", generator=0)

    def loss(x, y):
        return nn.squared_error(model(x), y)

    program = autograd.compile(loss)
    X, y = np.random.default_rng(0).normal(size=(7, 2)), np.ones(7)
    wanted = program.batch(X, y)
    text = program.to_numpy()
    assert "layer2 = leaves[48:320].reshape(16, 17)" in text
    assert "np.tanh" in text
    assert "@ layer1[:, :2].T" in text
    assert "autograd" not in text
    space = {}
    exec(text, space)  # noqa: S102 - our own text
    found = space["loss"](np.column_stack([X, y]), np.array([p.data for p in model.parameters()]))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_a_softmax_is_a_function_and_several_outputs_are_columns():
    model = nn.MLP(4, [3], output="softmax", generator=0)
    program = autograd.compile(model)
    X = np.random.default_rng(0).normal(size=(5, 4))
    wanted = program.batch(X)
    text = program.to_numpy("probabilities")
    space = {}
    exec(text, space)  # noqa: S102 - our own text
    leaves = np.array([p.data for p in program.parameters])
    np.testing.assert_allclose(space["probabilities"](X, leaves), wanted, rtol=1e-12)
    with pytest.raises(ValueError, match="no name in Python"):
        program.to_numpy("a b")
