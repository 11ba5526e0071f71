"""A tape as an ONNX model, run by ONNX Runtime: its numbers are those of the tape."""

import random

import pytest
from random_tapes import numbers_for, random_tape, tape_of_rule
from test_numpy_program import exact

import autograd
import nn
from autograd import ops
from autograd.errors import GraphError, RangeError
from autograd.programs.onnx_operations import ELEMENTWISE, FLOAT32_ALONE, OPERATIONS
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
    try:
        found = computed(tape, leaves, rows, 4, "float64")
    except GraphError as error:
        assert any(f"{name} has no float64" in str(error) for name in WITHOUT_FLOAT64)
        found = computed(tape, leaves, rows, 4, "float32")
        np.testing.assert_allclose(found, exact(tape, leaves, rows, 4), rtol=1e-3, atol=1e-4)
        return
    np.testing.assert_allclose(found, exact(tape, leaves, rows, 4), rtol=1e-10, atol=1e-12)
