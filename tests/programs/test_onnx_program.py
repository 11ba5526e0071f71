"""A tape as an ONNX model, run by ONNX Runtime: its numbers are those of the tape."""

import math
import random

import pytest
from random_tapes import numbers_for, random_tape, tape_of_rule
from test_numpy_program import exact

import autograd
import nn
from autograd import ops
from autograd.errors import GraphError, RangeError
from autograd.ops import _total, sigmoid
from autograd.programs.onnx_program import onnx_model
from autograd.programs.passes import optimised

np = pytest.importorskip("numpy")
onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

WITHOUT = {"erfc", "ndtr", "log_ndtr"}  # their tails are small differences there
WITHOUT_FLOAT64 = {"asin", "acos", "atan", "atan2", "erf", "gelu"}


def run(model, X):
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    session = runtime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": X})[0]


def computed(tape, leaves, rows, count, dtype):
    X = np.array(rows, dtype=dtype).reshape(count, tape.inputs)
    found = run(onnx_model(tape, leaves, dtype, "tape"), X)
    assert found.dtype == dtype
    assert found.shape == ((count,) if len(tape.outputs) == 1 else (count, len(tape.outputs)))
    return found.reshape(count, -1)


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation_in_float64(rule):
    rng, name = random.Random(rule.__name__), rule.__name__
    for _ in range(3):
        tape, numbers = tape_of_rule(rule, rng)
        leaves, rows = numbers(3)
        if name in WITHOUT | WITHOUT_FLOAT64:
            with pytest.raises(GraphError, match=r"no float64 in ONNX Runtime|no counterpart"):
                onnx_model(tape, leaves, "float64", "tape")
            continue
        wanted = exact(tape, leaves, rows, 3)
        for each in (tape, optimised(tape)):
            found = computed(each, leaves, rows, 3, "float64")
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("rule", ops.TABLE, ids=lambda rule: rule.__name__)
def test_every_operation_in_float32(rule):
    rng, name = random.Random(rule.__name__), rule.__name__
    for _ in range(3):
        tape, numbers = tape_of_rule(rule, rng)
        leaves, rows = (np.float32(np.clip(n, -80.0, 80.0)) for n in numbers(3))
        if name in WITHOUT:
            with pytest.raises(GraphError, match=f"{name} has no counterpart"):
                onnx_model(tape, leaves, "float32", "tape")
            continue
        wanted = exact(tape, leaves.tolist(), rows.tolist(), 3)
        found = computed(tape, leaves, rows, 3, "float32")
        fits = np.abs(wanted) < 1e38
        np.testing.assert_allclose(found[fits], wanted[fits], rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("seed", range(60))
def test_random_tapes(seed):
    tape = random_tape(seed)
    leaves, rows = numbers_for(tape, 4, seed)
    refused = {op for op, _, _ in tape.scalar_steps()} & WITHOUT_FLOAT64
    dtype = "float32" if refused else "float64"
    found = computed(tape, leaves, rows, 4, dtype)
    tolerance = 1e-3 if refused else 1e-10
    np.testing.assert_allclose(found, exact(tape, leaves, rows, 4), rtol=tolerance, atol=tolerance)


def test_a_network_is_matrices_whose_numbers_are_in_the_file(tmp_path):
    model = nn.MLP(2, [16, 16, 1], activation="tanh", generator=0)
    program = autograd.compile(lambda x, y: nn.squared_error(model(x), y))
    X, y = np.random.default_rng(0).normal(size=(7, 2)), np.ones(7)
    wanted = program.batch(X, y)
    path = tmp_path / "loss.onnx"
    made = program.to_onnx(path, dtype="float64", name="loss")
    assert onnx.load(path) == made
    assert made.graph.name == "loss"
    kinds = [node.op_type for node in made.graph.node]
    assert kinds.count("MatMul") == 3
    assert kinds.count("Tanh") == 2
    np.testing.assert_allclose(run(made, np.column_stack([X, y])), wanted, rtol=1e-12)


def test_the_same_for_every_row():
    w = autograd.Value(2.0)
    rows = np.zeros((3, 1))
    for function, wanted in (
        (lambda x: w * w, np.full(3, 4.0)),
        (lambda x: [w * w, w], np.full((3, 2), [4.0, 2.0])),
        (lambda x: [x, w], np.array([[0.0, 2.0]] * 3)),
    ):
        program = autograd.compile(function)
        program(1.0)
        assert np.array_equal(run(program.to_onnx(dtype="float64"), rows), wanted)


def test_what_onnx_has_not_is_refused_by_name():
    program = autograd.compile(lambda x: autograd.erfc(x))
    program(2.0)
    with pytest.raises(GraphError, match=r"erfc has no counterpart in ONNX"):
        program.to_onnx()

    @autograd.op
    def alternating(*x):
        return _total(x[::2]), *[0.0 for a in x]

    program = autograd.compile(lambda x: alternating([x, 2.0]))
    program(2.0)
    with pytest.raises(GraphError, match=r"alternating has no counterpart in ONNX .it holds x"):
        program.to_onnx()
    program = autograd.compile(lambda x: x * 1e200)
    program(2.0)
    with pytest.raises(RangeError, match=r"1e\+200 does not fit float32"):
        program.to_onnx()
    with pytest.raises(ValueError, match='dtype is "float32" or "float64"'):
        program.to_onnx(dtype="int8")
    with pytest.raises(GraphError, match="call it once"):
        autograd.compile(lambda x: x).to_onnx()


def test_operations_of_your_own_and_derivatives_are_made_from_their_formulas():
    @autograd.op
    def bent(x, y):
        share, _ = sigmoid(x)
        return share * x**2.0 if x > y else (0.0 if x else -y), 0.0, 0.0

    @autograd.op
    def spread(*x):
        middle = _total(x) / len(x)
        apart = [a - middle for a in x]
        return math.hypot(*apart) + _total([a * a for a in x]), *[0.0 for a in x]

    model = nn.MLP(1, [3, 1], "mish", generator=0)
    slope = autograd.derivative(lambda x: model([x]), 2)
    X = np.array([-1.5, 0.0, 0.3, 0.7, 4.0])
    w = autograd.Value(0.3)
    for function in (
        lambda x: bent(x, 0.3) * bent(2.0, x),
        lambda x: spread([x, w, 2.0]) * spread([w, 1.0]),
        slope,
    ):
        program = autograd.compile(function)
        wanted = program.batch(X)
        found = run(program.to_onnx(dtype="float64"), X[:, None])
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-13)
