"""ONNX: a model as a file that other runtimes compute."""

import importlib.util
import os
from typing import Any

from autograd.programs.formula_arrays import array_function
from autograd.programs.onnx_graph import Graph
from autograd.programs.onnx_program import ONNX, operations_of
from nn.doors.steps import ConversionError, Step, steps_of
from nn.model_files.whole_files import file_path, write_whole
from nn.module import Module


def to_onnx(
    model: Module, path: str | os.PathLike[str] | None = None, dtype: str = "float32"
) -> Any:
    """The ``onnx.ModelProto`` of `model`, also written to `path`: one Gemm for each layer.

    Its input ``X`` has shape (rows, inputs), its output ``Y`` (rows, outputs), in `dtype`:
    "float32", or "float64", in which ONNX Runtime computes all activations but ``gelu``. It is
    checked: by ``onnx``, and where ``onnxruntime`` is installed by computing a few rows beside
    `model`. The file is complete or unchanged, as with `nn.save`.

    ConversionError, by name, for a module or an activation of your own and for numbers that
    differ, GraphError for an operation that has no kernel in `dtype`, RangeError for a
    weight that does not fit it, PackageMissingError without ``onnx``.

    >>> import nn
    >>> found = nn.to_onnx(nn.MLP(2, [3, 1], "tanh", generator=0), dtype="float64")
    >>> [node.op_type for node in found.graph.node]
    ['Gemm', 'Tanh', 'Gemm']
    """
    target = None if path is None else file_path(path, "to_onnx")
    steps = steps_of(model, "to_onnx")
    graph = Graph(len(steps[0].weights[0]), dtype, "to_onnx")
    space = {"op": operations_of(graph)}
    x: Any = graph.X
    for position, step in enumerate(steps):
        weight, bias = (
            graph.named_numbers(f"layers.{position}.{name}", numbers)
            for name, numbers in (("weight", step.weights), ("bias", step.biases))
        )
        shape = (*x.shape[:1], len(step.weights))
        x = graph.node("Gemm", [x, weight, bias], shape, transB=1)
        for name in step.activations:
            x = array_function(ONNX, name, space)(x)
    made = graph.model(x, type(model).__name__)
    if importlib.util.find_spec("onnxruntime"):
        _check(made, steps, model, dtype)
    if target is not None:
        write_whole(target, made.SerializeToString())
    return made


def _check(made: Any, steps: list[Step], model: Module, dtype: str) -> None:
    """Rows computed by ONNX Runtime are those of `model`, as far as `dtype` reaches."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it would print what the error says
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    rows = np.random.default_rng(0).normal(size=(4, len(steps[0].weights[0]))).astype(dtype)
    theirs = session.run(None, {"X": rows})[0]
    ours = np.array(model.predict(rows.astype(float))).reshape(theirs.shape)
    tolerance = 1e-3 if dtype == "float32" else 1e-9
    size = max(1.0, float(np.max(np.abs(ours))))
    if not np.allclose(theirs / size, ours / size, rtol=tolerance, atol=tolerance, equal_nan=True):
        raise ConversionError(
            f"to_onnx: ONNX Runtime computes {theirs[0].tolist()} for the row {rows[0].tolist()}, "
            f'the model {ours[0].tolist()}: take dtype="float64", or smaller weights'
        )
