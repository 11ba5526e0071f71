"""A tape as an ONNX model: its printed text, run on tensors that write down what is done."""

from typing import Any

from autograd import ops
from autograd.programs.dialects import Dialect
from autograd.programs.numpy_program import array_source
from autograd.programs.onnx_graph import Graph, Operations
from autograd.programs.onnx_operations import LAYOUT, OPERATIONS, REDUCED
from autograd.programs.tape import Tape


def _known(rule: ops.Rule) -> str:
    if rule.__name__ not in OPERATIONS:
        return ""
    return f"op.{rule.__name__}({', '.join(['{}'] * rule.__code__.co_argcount)})"


ONNX = Dialect(
    title="ONNX",
    imports=(),
    elementwise={},
    with_numbers={},
    known=_known,
    reduced={op: f"op.{op}({{}})" for op in (*REDUCED, "entropy")},
    number="{}",
    numbers="op.numbers([{}])",
    picked="leaves[{}]",
    table="leaves[{}]",
    wide="op.wide({})",
    repeated="op.repeated({}, {})",
    joined="op.joined([{}])",
    stacked="op.stacked([{}])",
    rows="op.rows([{}])",
    spread="op.spread({}, {})",
    full="op.full({})",
    log_softmax="op.log_softmax({})",
    choice="op.choice({}, {}, {})",
    truth="op.truth({})",
)


def operations_of(graph: Graph) -> Operations:
    """What texts in this dialect call ``op``: all of it adds to `graph`."""
    return Operations(graph, {**OPERATIONS, **LAYOUT})


def onnx_model(tape: Tape, leaves: Any, dtype: str, name: str) -> Any:
    """The ``onnx.ModelProto`` of an optimised tape, with the numbers of its leaves in it.

    Its input ``X`` has a row for each sample; its output ``Y`` one number for each, or a column
    for each output. GraphError for an operation that ONNX has not in that dtype.
    """
    graph = Graph(tape.inputs, dtype, "to_onnx")
    space: dict[str, Any] = {"op": operations_of(graph)}
    exec(array_source(tape, ONNX, "program"), space)  # noqa: S102 - our own text
    output = space["program"](graph.X, graph.np.array(leaves, dtype=float))
    return graph.model(output, name)
